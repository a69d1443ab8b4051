/* Tables: the tables of a plan while it runs.
 *
 *   Tables *tables = tables_open(plan, &memory, options);      files and a data directory are read whole
 *   engine_new(plan, &memory, tables_all(tables), …);
 *   before every engine_run and engine_advance:  tables_turn(tables, batch);
 *   poll(tables_descriptor(tables), tables_due(tables));       a node without events: then tables_turn(tables, NULL)
 *   tables_close(tables);
 *
 * A table is filled from the file that the rules name, and over those rows from the store. In Redis, a table without
 * a file is not read whole: its rows are fetched as they are asked for and kept in a cache, see redis_cache.h. That
 * changes between batches only: rows go in tables_turn, and in a batch only such keys are added as nothing has read
 * before. So all agents see one state of a row in one batch. */
#ifndef CLUSTER_TABLES_H
#define CLUSTER_TABLES_H

#include <stdio.h>

#include "cep/plan.h"
#include "cep/table.h"
#include "cluster/rejections.h"

typedef struct Tables Tables;

typedef struct TablesOptions {
    const char *state;      /* address of a store; NULL = none */
    int64_t wait;           /* ns that look-ups wait for a store that went away; < 0 = LIMIT_STATE_WAIT_MS */
    Rejections *rejections; /* borrowed: rows that cannot be used, keys that were read in vain */
    FILE *messages;
    bool *no_store;         /* set when it was the store that failed; may be NULL */
} TablesOptions;

typedef struct TablesStats {
    uint64_t fetched;       /* keys asked of the store, with those that have no row */
    uint64_t fetches;       /* round trips for them */
    uint64_t invalidated;   /* cached rows that the store said have changed */
    uint64_t evicted;       /* cached rows that made room */
    uint64_t dropped;       /* times that the whole cache was given up */
    uint64_t unavailable;   /* keys read as no row because the store did not answer */
    uint64_t cached;        /* rows in the cache now, with those known to be missing */
    bool away;              /* the store does not answer */
} TablesStats;

/* Makes and fills the tables of the plan. NULL when a file or the store cannot be read, which is said. */
Tables *tables_open(const Plan *plan, Memory *memory, TablesOptions options);
void tables_close(Tables *tables);

/* By the plan's index; the same as long as the tables are open. */
Table *const *tables_all(const Tables *tables);

/* Between batches: takes over what changed in the store, makes sure that it would say so, comes back to a store that
 * was away, makes room; then fetches what the batch is known to ask for. batch may be NULL. */
void tables_turn(Tables *tables, const Batch *batch);

/* What to wait for while there are no events: a descriptor to be read (-1 = none; ask again each time), and the ms
 * after which a turn is due anyway (-1 = none). */
int tables_descriptor(const Tables *tables);
int tables_due(const Tables *tables);

TablesStats tables_stats(const Tables *tables);

/* "Redis went away once for 4.8 s …", a line for a summary; nothing if there is nothing to say. */
void tables_print(const Tables *tables, FILE *out);

#endif
