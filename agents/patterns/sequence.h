/* Sequence: what its two ways of matching share.
 *
 *   search.c  keeps, per step, a queue of live candidate events and searches them when an event can complete a
 *             match: every `pick`, `consume` and loop
 *   runs.c    keeps partial matches that each wait for their next step: where every step binds for good
 *             (`a -> first b`) and nothing is consumed, an event costs what it completes
 *
 * Both report through sequence_report. Inside agents/ only. */
#ifndef AGENTS_PATTERNS_SEQUENCE_H
#define AGENTS_PATTERNS_SEQUENCE_H

#include "agents/evidence.h"
#include "agents/views.h"

enum { STEPS_MAX = 32 };

/* A live event of one step. */
typedef struct Entry {
    uint64_t serial;   /* of the agent's arrivals: the order of events */
    int64_t time;      /* occurrence, ns */
    Handle record;     /* one reference */
    uint32_t used;     /* consumed, and kept only so that nobody binds a later one in its place */
    uint64_t number;   /* among the participants of the leaf … */
    uint64_t outer;    /* … and of a `last N events` around it */
} Entry;

/* A ring of entries in serial order. */
typedef struct Queue {
    Handle ring;
    uint32_t room, head, n;
} Queue;

/* In a leaf; then one Queue per step (search) or per open stage (runs). */
typedef struct Sequence {
    uint32_t matches;
    bool done;
    uint64_t events;   /* participants so far */
    uint64_t evaluated; /* serial at the last evaluation, `evaluate on` */
} Sequence;

/* What all leaves of an agent have in common; Agent.own. */
typedef struct SequencePlan {
    bool runs;                 /* which way */
    bool in_order;             /* pick compares the steps as the pattern writes them */
    bool newest_last;          /* a match can only be completed by the newest event as its last */
    bool keeps_used;           /* some step binds for good: consumed events stay to block later ones */
    uint8_t *reads_aggregates; /* per conjunct */
    Evidence evidence;
} SequencePlan;

/* The members that a step has in the match at hand: one, or those of a loop. */
typedef struct Members {
    const Entry **items;
    uint32_t n;
} Members;

static inline const SequencePlan *sequence_plan_of(const Agent *agent)
{
    return agent->own;
}

static inline Sequence *sequence_at(const Agent *agent, Handle leaf)
{
    return node_state(agent, leaf);
}

static inline Queue *sequence_queue(const Agent *agent, Handle leaf, uint32_t step)
{
    return (Queue *)(sequence_at(agent, leaf) + 1) + step;
}

/* ── queue.c ── */
Entry *queue_at(const Agent *agent, const Queue *queue, uint32_t i);
void queue_push(Agent *agent, Queue *queue, Entry entry);      /* takes the entry's reference */
void queue_pop(Agent *agent, Queue *queue);                    /* the first */
void queue_remove(Agent *agent, Queue *queue, uint32_t i);
void queue_clear(Agent *agent, Queue *queue);

/* ── sequence.c ── */
/* Whether an event of this time is still within reach of one at `now`. */
bool sequence_is_live(const Agent *agent, int64_t time, int64_t now);
/* Whether first and last of a match are near enough. */
bool sequence_is_within(const Agent *agent, int64_t first, int64_t last);
/* Points the views of a step at its members; current is the member that plain b and b[prev] are about. */
void sequence_show(Agent *agent, uint32_t step, const Members *members, uint32_t current);
/* Computes the aggregates over the members of steps 0..n-1; of the others they are those of no events. */
void sequence_aggregate(Agent *agent, Handle leaf, const Members *members, uint32_t nsteps);
/* Reports a match: enriches, derives, counts. The views and members are those of all steps. */
void sequence_report(Agent *agent, Handle leaf, const Members *members, int64_t time);
/* Which steps the arrival's participant roles fit, a bit each. */
uint32_t sequence_steps(const Agent *agent, const Arrival *arrival);

/* ── search.c and runs.c ── */
/* `evaluate on`: matches that were completed since the last time. */
void search_evaluate(Agent *agent, Handle leaf);
void search_event(Agent *agent, Handle leaf, const Arrival *arrival, uint32_t steps);
void search_close(Agent *agent, Handle leaf);
bool runs_fit(const Agent *agent); /* whether the pattern can be matched so */
void runs_release(Agent *agent, Handle leaf);
void runs_event(Agent *agent, Handle leaf, const Arrival *arrival, uint32_t steps);

#endif
