/* The engine: runs a plan over batches of events, on one thread.
 *
 *   Engine *engine = engine_new(plan, &memory, tables, options, sink);
 *   for each batch:  fill engine_batch(engine) in order-key order;  engine_run(engine);
 *   engine_advance(engine, t);     time passes without events, timers fire
 *   engine_close(engine);          --close-at-end: open windows close with their deferred output
 *   engine_free(engine);
 *
 * Time is logical: it is the greatest order-key time of what was run or advanced to. Output comes out of
 * engine_run, engine_advance and engine_close through the sink, in order-key order. */
#ifndef AGENTS_ENGINE_H
#define AGENTS_ENGINE_H

#include "agents/share.h"
#include "cep/table.h"

typedef struct Engine Engine;

/* Why an event, or an agent's evaluation of it, was rejected. */
typedef struct Rejection {
    const char *reason;       /* a fixed word for counters: "evaluation failed", "limit reached" */
    Text detail;              /* one sentence; borrowed */
    const AgentPlan *agent;   /* NULL = before any agent */
    const Rows *rows;         /* the event; NULL if there is none */
    uint32_t row;
} Rejection;

/* Where output goes. Everything passed is borrowed for the call. */
typedef struct Sink {
    void *owner;
    /* A derived event, alert or not: row of rows, whose lineage is set. */
    void (*event)(void *owner, const EventType *type, const Rows *rows, uint32_t row);
    void (*rejected)(void *owner, const Rejection *rejection);
} Sink;

typedef struct EngineOptions {
    bool row_by_row;          /* evaluate every predicate for every row alone: to compare against columns */
    bool alerts_only;         /* derived events that are not alerts need not reach the sink */
    const EngineShare *share; /* what this engine does of the plan; borrowed; NULL = everything */
} EngineOptions;

/* plan and tables (by plan index) are borrowed and must outlive the engine; tables may gain rows between runs. */
Engine *engine_new(const Plan *plan, Memory *memory, Table *const *tables, EngineOptions options, Sink sink);
void engine_free(Engine *engine);

/* The batch to fill: empty after every engine_run. At most BATCH_ROWS inputs, one where the plan
 * writes tables; but it must not end between inputs
 * with one root (order_same_root) nor between those that stem from timers of one instant. Rows' time, key, id, detected
 * are the caller's to set, and the lineage of what another engine has derived. */
Batch *engine_batch(Engine *engine);

/* Time begins at an instant, unless it has begun: that of the network's first input, which need not be one of this
 * engine's. Without a call it begins with the first batch. */
void engine_begin(Engine *engine, int64_t time);

/* Processes the batch and clears it. Before each event the timers fire that come before it. */
void engine_run(Engine *engine);

/* Time passes to an instant, all of which has been seen: fires every timer that is due at or before it, `inclusive`
 * ones too. Never goes back. */
void engine_advance(Engine *engine, int64_t time);

/* Time passes up to a key without a path, below which everything was seen: fires every timer whose order key lies below
 * it; of a timer's instant all or none. Nothing before time has begun, or back. */
void engine_advance_below(Engine *engine, const OrderKey *key);

/* Closes every open window now, with deferred output. */
void engine_close(Engine *engine);

/* The time reached; TIME_NONE before the first event. */
int64_t engine_now(const Engine *engine);

typedef struct EngineStats {
    uint64_t events;          /* inputs processed */
    uint64_t derived;         /* events derived */
    uint64_t matches;
    uint64_t suppressed;      /* by quiet */
    uint64_t errors;          /* evaluations that failed */
    uint64_t partitions;      /* live */
    uint64_t state_bytes;     /* in pools */
} EngineStats;

EngineStats engine_stats(const Engine *engine);

/* The same for one agent, by plan index: events it was handed, matches, live partitions. */
EngineStats engine_agent_stats(const Engine *engine, uint32_t agent);

#endif
