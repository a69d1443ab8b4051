/* Store: where the rows of tables are kept outside of a run. The one interface to LMDB, Redis, and what may follow:
 * a kind is a row of stores.def and a file that fills a StoreOps.
 *
 *   Store *store = store_open(&memory, "redis+unix:/run/redis.sock", false, error, sizeof error);
 *   store->ops->get(store, plan, key, sink, &found) …
 *   store_close(store);
 *
 * A table is described by a TablePlan, from the rules or from store_table: a store remembers the columns that a table
 * was written with. Rows pass as cells and states by column of that plan. A function that returns false has left its
 * sentence in store->error. */
#ifndef CLUSTER_STORE_H
#define CLUSTER_STORE_H

#include "cep/plan.h"
#include "cep/table.h"

typedef struct Store Store;

enum { STORE_COLUMNS_MAX = 512 /* of a table */ };

/* What is done with rows that are read. Everything is borrowed for the call. */
typedef struct StoreSink {
    void *owner;
    bool (*row)(void *owner, const Cell *cells, const uint8_t *states); /* false = no more */
    void (*rejected)(void *owner, Text detail); /* a row that is not as the plan says; NULL = passed over */
} StoreSink;

/* Puts rows with ops->put; called again, with attempt 1, 2, …, when all had to begin anew. False gives up. */
typedef bool StoreFill(void *owner, Store *store, uint32_t attempt);

/* Changes a row in place; found says whether it is there. False leaves it as it is. */
typedef bool StoreEdit(void *owner, bool found, Cell *cells, uint8_t *states);

/* What is done with changes that others make. */
typedef struct StoreNews {
    void *owner;
    void (*ready)(void *owner); /* every change from now on is told */
    void (*set)(void *owner, const Cell *cells, const uint8_t *states);
    void (*deleted)(void *owner, const Cell *key);
    void (*gap)(void *owner, Text why); /* what changed before this may have been missed */
} StoreNews;

typedef struct StoreOps {
    /* The address is one of this kind's. create makes a store where there is none, if the kind can. NULL and a
     * sentence on failure. */
    Store *(*open)(Memory *memory, const char *address, bool create, char *error, size_t error_size);
    void (*close)(Store *store);
    /* Whether an address is well formed; says what is wrong with it. */
    bool (*check)(const char *address, char *error, size_t error_size);

    /* Replaces all rows of a table by those that fill puts: all of them, or nothing is changed, also after kill -9. */
    bool (*replace)(Store *store, const TablePlan *plan, StoreFill *fill, void *owner);
    bool (*put)(Store *store, const Cell *cells, const uint8_t *states); /* within fill */

    /* Inserts or changes one row, or deletes it, as one step. */
    bool (*change)(Store *store, const TablePlan *plan, const Cell *key, StoreEdit *edit, void *owner);
    bool (*del)(Store *store, const TablePlan *plan, const Cell *key, bool *found);

    /* Reads one row, or all, in the order of their keys as bytes. */
    bool (*get)(Store *store, const TablePlan *plan, const Cell *key, StoreSink sink, bool *found);
    bool (*rows)(Store *store, const TablePlan *plan, StoreSink sink);

    /* The tables that were written, with the number of their rows; and what is known of one. */
    bool (*tables)(Store *store, void (*visit)(void *owner, Text table, uint64_t rows), void *owner);
    bool (*table)(Store *store, Text name, Arena *arena, TablePlan *plan, bool *found);

    /* Tells of changes until the descriptor stop can be read. */
    bool (*watch)(Store *store, const TablePlan *plan, int stop, const StoreNews *news);
} StoreOps;

struct Store {
    const StoreOps *ops;
    Memory *memory;
    char error[512];
};

/* The kind whose address this is; NULL and a sentence if there is none, or it is not well formed. */
const StoreOps *store_kind(const char *address, char *error, size_t error_size);

Store *store_open(Memory *memory, const char *address, bool create, char *error, size_t error_size);
void store_close(Store *store); /* NULL is fine */

/* Leaves a sentence; returns false. */
bool store_fail(Store *store, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads the cells of a key from their texts; says what is wrong with them. */
bool store_key(const TablePlan *plan, const Text *texts, uint32_t n, Cell *key, char *error, size_t error_size);

/* Whether a column is part of the key. */
bool store_is_key(const TablePlan *plan, uint32_t column);

/* ── The columns of a table as a text that stores keep, a line a column: "[key1 ]TYPE[?] NAME" ── */
Text store_schema_write(const TablePlan *plan, Arena *arena);
bool store_schema_read(Text schema, Text name, Arena *arena, TablePlan *plan);

#endif
