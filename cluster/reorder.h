/* Reorder: events that wait until nothing before them can come.
 *
 *   wave ─► [ batch: rows, strings ]  order, sorted by order key:  ▓▓▓▓▓░░░░░░░   ▓ released
 *   heap of waves by their next key ─► release below a frontier, a run of rows of one wave at a time
 *
 * Rows are decoded straight into the current wave and copied once, when they are released. A wave takes up to
 * BATCH_ROWS rows; streams are nearly in order, so that its sorting is appending and the heap's top seldom
 * changes. A wave is used again when all of it was released and run. */
#ifndef CLUSTER_REORDER_H
#define CLUSTER_REORDER_H

#include "cep/plan.h"

typedef struct Reorder Reorder;

Reorder *reorder_new(Memory *memory, const Plan *plan);
void reorder_free(Reorder *reorder);

/* The batch in which rows are made before they are added; one with room for at least a row. *fresh says
 * whether it is another one than the last time, or was cleared since. */
Batch *reorder_batch(Reorder *reorder, bool *fresh);

/* Lets a row of that batch, key set, wait for its turn. */
void reorder_add(Reorder *reorder, uint32_t type, uint32_t row);

/* Says that no further rows go into the current batch. */
void reorder_seal(Reorder *reorder);

/* Copies what waits below the key to the end of a batch, in order, until that has max inputs, and more where an
 * engine's batch must not end (agents/engine.h); returns how many. What they refer to stays where it is until
 * reorder_reclaim. */
uint32_t reorder_release(Reorder *reorder, const OrderKey *below, Batch *to, uint32_t max);

/* What was released has been run: its memory is used again. */
void reorder_reclaim(Reorder *reorder);

/* The key of the event next in order; NULL if none waits. */
const OrderKey *reorder_next(const Reorder *reorder);

uint64_t reorder_rows(const Reorder *reorder);  /* waiting */
uint64_t reorder_bytes(const Reorder *reorder); /* held */

#endif
