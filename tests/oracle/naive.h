/* The naive matcher: a second evaluator of plans, slow and obvious, to hold the engine against.
 *
 * It keeps every event, looks at every partition, window and clock before every event, enumerates every
 * candidate set, and applies the policies literally. It shares with the engine the plan, the values and the
 * rows of tables; it has no batches, no columns, no indexes, no wheel, no shared matches, no pool.
 *
 *   Naive *naive = naive_new(plan, tables, &arena);
 *   naive_event(naive, &event);      in order-key order; time passes up to it first
 *   naive_advance(naive, t);         time passes without events
 *   naive_close(naive);              --close-at-end
 *   naive->outputs[0 … noutputs)     derived events, in order-key order
 *
 * Everything lives in the arena. Sections in the comments are those of SEMANTICS.md. */
#ifndef TESTS_ORACLE_NAIVE_H
#define TESTS_ORACLE_NAIVE_H

#include "cep/plan.h"
#include "cep/table.h"

/* A value, or why there is none. */
typedef struct NaiveValue {
    State state;
    Cell cell;
} NaiveValue;

/* ARCHITECTURE 2: (time, timer < event < inclusive timer, origin, sequence, derivation path). The path holds
 * two numbers a step: the agent, and what it derived before from the same cause. */
struct Scope;

typedef struct NaiveKey {
    int64_t time;
    uint32_t kind; /* OrderKind */
    uint32_t origin;
    uint64_t sequence;
    uint32_t depth; /* steps of the path */
    const uint32_t *path;
    const struct Scope *timer; /* of a timer: the partition that it is for */
    const struct Scope *own;   /* … and the one that it is ordered by, which may stand for several */
    uint32_t nth;              /* its number among those of that one and its instant */
} NaiveKey;

typedef struct NaiveEvent NaiveEvent;
struct NaiveEvent {
    uint32_t type;
    int64_t time; /* occurrence */
    NaiveKey key;
    NaiveValue *values; /* by attribute */
    uint64_t serial;    /* inputs: given with them; outputs: the place among the outputs */
    /* of what is derived */
    const AgentPlan *agent; /* NULL = an input */
    uint32_t ncauses;
    const NaiveEvent **causes; /* what `evidence` keeps */
    uint64_t cause_count;
    uint64_t suppressed;
    int64_t window_start, window_end; /* equal = none */
    const struct Scope *scope;        /* its partition; NULL = none */
    uint32_t derive;                  /* which `derive` of the agent */
    const NaiveEvent *trigger;        /* the event that it is derived from; NULL = a timer */
};

typedef struct NaiveAgent NaiveAgent;

typedef struct Naive {
    const Plan *plan;
    Table *const *tables;
    Arena *arena;
    NaiveAgent *agents;
    int64_t now; /* TIME_NONE before the first event */
    uint64_t serials, sequences;
    NaiveEvent **outputs;
    uint32_t noutputs;
    /* what one event or timer brought, while it goes through the agents; in order-key order */
    NaiveEvent **wave;
    uint32_t nwave;
    uint64_t candidates; /* enumerated so far; stops at NAIVE_CANDIDATES_MAX */
    bool gave_up;        /* … and then the outputs are worth nothing */
} Naive;

enum { NAIVE_CANDIDATES_MAX = 3000000 };

Naive *naive_new(const Plan *plan, Table *const *tables, Arena *arena);

/* Takes an input; key.depth = 0. The values are borrowed. */
void naive_event(Naive *naive, const NaiveEvent *input);
void naive_advance(Naive *naive, int64_t time);
void naive_close(Naive *naive);

/* What the id of an output is a hash of, as text: the agent, the `derive`, the partition, the start of its window,
 * what it is derived from, with the number of the output there (ARCHITECTURE 4, K.12): a line by its place in its
 * producer's sequence, a derived event by its own identity, a timer by its instant and its partition. */
Text naive_identity(Naive *naive, const NaiveEvent *output);

#endif
