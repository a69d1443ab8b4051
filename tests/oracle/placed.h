/* Placed: a network on several nodes within one process. Each node is a Flow; what nodes send one another are copies of
 * rows in queues, and a seed decides which node takes in an input, who delivers next, and who runs.
 *
 *   inputs ─► a node's ingress ─► queues ─► Flow of every node ─┬─ derived ─► queues
 *                                                               └─ events  ─► merged by order key ─► the sink
 *
 * Used like an engine: fill placed_batch in order-key order, placed_run, placed_advance; at last placed_end. */
#ifndef TESTS_ORACLE_PLACED_H
#define TESTS_ORACLE_PLACED_H

#include "agents/engine.h"

typedef struct Placed Placed;

/* events go to the sink at placed_end, rejections as they come. Everything passed is borrowed. */
Placed *placed_new(const Plan *plan, Table *const *tables, uint32_t nodes, uint64_t seed, Memory *memory, Sink sink);

Batch *placed_batch(Placed *placed);
void placed_run(Placed *placed);

/* Everything at or before an instant was seen. */
void placed_advance(Placed *placed, int64_t time);

/* Delivers and runs what is left, hands all events to the sink in order, and frees. Returns what a flow has broken of
 * its promises, in words; NULL = nothing. */
const char *placed_end(Placed *placed);

#endif
