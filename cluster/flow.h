/* Flow: a network on one of its nodes. It knows no socket and no wire: rows come in from sources and go out through a
 * sink, both as Rows.
 *
 *                 inputs of every node ──┬──────────────────────┬────────
 *                 (one source each)      ▼                      ▼
 *                                     Reorder                Reorder
 *                                        │ below the            │
 *                                        ▼ frontier             ▼
 *                                      Engine ──── derived ─►  Engine  ──►   sink.event    alerts, in order per type
 *                                      stage 0        │        stage 1       sink.derived  to the other nodes
 *   derived rows of other nodes' stages ──────────────┼─────────┘            sink.finished frontiers of the stages
 *   (one source per node and stage)                   └──► sink.derived
 *
 * Sources. A source hands on its rows in rising order of their keys, and promises with a frontier, a key without a
 * path, that nothing below it will follow. An ingress source (a node's input stream) is IDLE until it joins, and may
 * become IDLE again or END; a derived source, (node, stage), has only frontiers.
 *
 * Frontier arithmetic. Keys are compared by order_compare; F is exclusive.
 *
 *   input F  =  least frontier of the ingress sources that are open
 *               none open, all ended:          the instant behind the greatest time that any of them handed on
 *               none open, some of them idle:  just behind the greatest row
 *               never less than it was
 *   stage F  =  least of: input F; the frontiers of the derived sources that feed the stage; until
 *
 *     rows          ─●──●───●─│─○──○──         ● released and run, in order
 *     timers        ─▲────▲───│──△────         ▲ fired: every one whose order key lies below F
 *                             F
 *
 *   what stands behind F, timers at F's own instant included, waits: a timer of the instant T comes before the events
 *   of T, so it fires as soon as F is an event's key at T; an inclusive one when F has left T. A batch never ends
 *   between events that stem from the same input or from timers of the same instant: they go through the agents
 *   together. When a stage has done all below F, F is what it has `finished`, and the frontier of what it derives.
 *
 * Time begins, for the agents of every stage on every node, at the first input of the network in order-key order.
 *
 * Nothing in here waits, and nothing runs but in flow_run. */
#ifndef CLUSTER_FLOW_H
#define CLUSTER_FLOW_H

#include "agents/engine.h"
#include "cluster/placement.h"

typedef struct Flow Flow;

/* Where derived rows and alerts go. Everything passed is borrowed for the call. */
typedef struct FlowSink {
    void *owner;
    /* A derived row that later stages of other nodes want: in rising order per stage. May be NULL on one node. */
    void (*derived)(void *owner, uint32_t stage, const Rows *rows, uint32_t row);
    /* An alert, or with FlowOptions.all any derived event: in rising order per type. */
    void (*event)(void *owner, const EventType *type, const Rows *rows, uint32_t row);
    /* The stage has done everything below the key: no derived row of it, and no event of a type whose
     * placement_last_stage it is, follows below. May be NULL. */
    void (*finished)(void *owner, uint32_t stage, const OrderKey *below);
    /* Before a batch is run, and (batch NULL) before timers are fired: tables may change now. May be NULL. */
    void (*turn)(void *owner, const Batch *batch);
    /* An evaluation failed, or a limit was met; on one node of all. */
    void (*rejected)(void *owner, const Rejection *rejection);
} FlowSink;

typedef struct FlowOptions {
    bool all;        /* derived events that are no alerts go to sink.event too */
    bool row_by_row; /* see EngineOptions */
    uint32_t batch_rows; /* inputs of a batch; 0 = BATCH_ROWS */
} FlowOptions;

/* Everything passed is borrowed and must outlive the flow. self is a node of the placement. */
Flow *flow_new(const Placement *placement, uint32_t self, Memory *memory, Table *const *tables, FlowOptions options,
               FlowSink sink);
void flow_free(Flow *flow);

/* ── Sources ── */

/* The index of a node's ingress source, and of what a node's stage derives (any stage but the last; not of self). */
uint32_t flow_ingress(const Flow *flow, uint32_t node);
uint32_t flow_derived(const Flow *flow, uint32_t node, uint32_t stage);

/* An ingress source joins: it is open from here on, and holds the input frontier where it is, which is returned,
 * until it moves its own. Rows that it hands on below that key would come too late; they are dropped and counted. */
OrderKey flow_join(Flow *flow, uint32_t source);

/* The source sends nothing below the key any more. A key that is not above the last one says nothing new. */
void flow_frontier(Flow *flow, uint32_t source, const OrderKey *below);

/* An open ingress source is silent, and is left out of the minimum until it joins again. */
void flow_idle(Flow *flow, uint32_t source);

/* An ingress source sends no more; time: the greatest order-key time that it handed on, TIME_NONE if there was no
 * row. It may join again. */
void flow_end(Flow *flow, uint32_t source, int64_t time);

/* ── Rows in ── */

/* Whether any stage here hears a type of a source. If not, a row of it need not be decoded: flow_pass. */
bool flow_wants(const Flow *flow, uint32_t source, uint32_t type);

/* A batch in which rows of a source are made: rows_add, strings, paths and timers in its arena, header and key set,
 * and then flow_add, row by row. Good until the next flow_batch or flow_run; the next may be another one. */
Batch *flow_batch(Flow *flow, uint32_t source);
void flow_add(Flow *flow, uint32_t source, uint32_t type, uint32_t row);

/* A row went by that was not added: nobody here wants it. Time may begin with it. */
void flow_pass(Flow *flow, uint32_t source, const OrderKey *key);

/* The rows of somebody else's batch, in its order; they are copied. */
void flow_take(Flow *flow, uint32_t source, const Batch *batch);

/* On one node: the engine's own batch, to be filled in order-key order below the frontier, as Ingest does; it is run by
 * flow_run_direct, and is empty then. NULL where rows must go the way above: several nodes, or `until` is set. */
Batch *flow_direct(Flow *flow);
void flow_run_direct(Flow *flow);

/* ── Running ── */

/* Runs what lies below the frontiers, at most so many batches; true if more can be run at once. The batch of flow_direct
 * is empty. */
bool flow_run(Flow *flow, uint32_t batches);

/* The input frontier. */
OrderKey flow_passed(const Flow *flow);

/* What a stage has finished; the least key before it began. */
OrderKey flow_finished(const Flow *flow, uint32_t stage);

/* So many rows or bytes wait that only sources that hold the frontier back should be read (limits.def). */
bool flow_crowded(const Flow *flow);
uint64_t flow_waiting(const Flow *flow); /* rows, over all stages */
uint64_t flow_late(const Flow *flow);    /* rows that came behind what their source or this node had passed */

/* The ingress sources that hold the input frontier: the open one with the least; INDEX_NONE if none is open. */
uint32_t flow_slowest(const Flow *flow);

EngineStats flow_stats(const Flow *flow);                       /* sums over the stages */
EngineStats flow_agent_stats(const Flow *flow, uint32_t agent); /* on this node */

/* ── The switch of plans ── */

/* From now on nothing at or behind the instant is run: every stage's frontier ends there. No key that was passed lies
 * behind it. */
void flow_until(Flow *flow, int64_t time);

/* Whether everything before that instant was run, in all stages. */
bool flow_done(const Flow *flow);

/* Hands out what waits at or behind that instant: the inputs, each once, in order-key order. For the flow of the
 * next version. */
void flow_rest(Flow *flow, void (*each)(void *owner, const Rows *rows, uint32_t row), void *owner);

#endif
