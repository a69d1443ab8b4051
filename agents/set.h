/* Set: the participants of one partition of an aggregate or a threshold, as accumulators.
 *
 *   Set ─┬─ accumulators, one per aggregate of the plan
 *        ├─ members   where they leave one by one: a ring of {time, id, which aggregates, what they brought}
 *        ├─ evidence  elsewhere: the ids of the first and the last so many
 *        └─ latest    the newest event of each participant, where something reads it later
 *
 * Lives in a leaf; all zero is the empty set. */
#ifndef AGENTS_SET_H
#define AGENTS_SET_H

#include "agents/accumulator.h"
#include "agents/node.h"
#include "agents/compare.h"
#include "agents/evidence.h"

enum { AGGREGATES_MAX = 64 };

typedef struct Set {
    uint64_t count;          /* members in it */
    Handle members;          /* ring */
    uint32_t members_room, members_head;
    Handle evidence;
    uint32_t evidence_room;
    uint32_t matches;        /* reported so far */
    Handle emit_timer;
    bool done;               /* `match once`, `at most n`: nothing more happens here */
    /* uint64_t emitted, with `emit on change` · accumulators · Handle latest, of participants that are kept */
} Set;

/* What all sets of an agent have in common; Agent.own. */
typedef struct SetPlan {
    bool leaving;            /* members leave one by one */
    bool knows_took;         /* some aggregate does not take every member in: members say which did */
    bool knows_serial;       /* some aggregate needs the member's place among the arrivals */
    bool knows_number;       /* it has one in a `last N events` around */
    uint32_t member_size;    /* bytes */
    uint32_t kept;           /* offset of what members keep */
    uint32_t *slot;          /* per aggregate: where a member keeps what it brought; UINT32_MAX = nowhere */
    uint32_t *accumulator;   /* per aggregate: byte offset in the set */
    uint32_t *latest;        /* per participant: byte offset of its record's handle; 0 = not kept */
    uint32_t emitted;        /* byte offset; 0 = none */
    uint32_t size;           /* bytes of a set */
    Evidence evidence;
    Compare condition;       /* of a threshold, if it is that simple */
} SetPlan;

void set_plan(Agent *agent); /* sets Agent.own */
uint32_t set_size(const Agent *agent);
void set_prefetch(const Agent *agent, Handle leaf);

/* The hash of what was last emitted, with `emit on change`. */
uint64_t *set_emitted(const Agent *agent, Handle leaf);

/* Takes in the events of the arrival's participant roles. Returns the participants, a bit each. */
uint64_t set_add(Agent *agent, Handle leaf, const Arrival *arrival);

/* A program over one participant's event alone. */
State set_program(Agent *agent, Handle leaf, const Program *program, uint32_t participant, const Arrival *arrival, Cell *value);

/* Lets go of what is out of a trailing window at an instant. */
void set_expire(Agent *agent, Handle leaf, int64_t time);

/* Empties the set and gives back what it holds. */
void set_clear(Agent *agent, Handle leaf);

/* Puts the aggregates' values and the latest events where programs read them. arrival NULL = from what was kept. */
void set_show(Agent *agent, Handle leaf, const Arrival *arrival);

/* The value of one aggregate. */
State set_value(const Agent *agent, Handle leaf, uint32_t aggregate, Cell *value);

/* The ids of the members that `evidence` keeps, in the engine's scratch; *count is of all members. */
uint32_t set_causes(Agent *agent, Handle leaf, const EventId **causes, uint64_t *count);

#endif
