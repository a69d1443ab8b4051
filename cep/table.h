/* Tables: reference rows by key, in memory, in the columns of a Rows, with a hash index over the key.
 * Filled before or between batches; programs and enrichment read them. The durable store behind a table is
 * cluster/'s business.
 *
 * A table with a source is a cache: what it knows nothing about is asked of the source when it is first looked for,
 * and that a key has no row is remembered like a row. Rows that are there are changed and removed between batches
 * only; what is added in the middle of one, nothing in that batch has read before. */
#ifndef CEP_TABLE_H
#define CEP_TABLE_H

#include "cep/batch.h"

typedef struct TablePlan TablePlan;
typedef struct Table Table;

Table *table_new(Memory *memory, const TablePlan *plan);
void table_free(Table *table);

enum { TABLE_KEYS_MAX = 2 };

/* Finds the row with a key (plan->nkeys cells); ROW_NONE if there is none. May ask the source. */
uint32_t table_find(Table *table, const Cell *key);

/* The same for n keys at once, n ≤ BATCH_ROWS; those that are missing have no row. Asks the source once, for all. */
typedef struct TableKey {
    Cell cells[TABLE_KEYS_MAX];
} TableKey;
void table_find_all(Table *table, const TableKey *keys, const uint8_t *missing, uint32_t n, uint32_t *rows);

/* Inserts or replaces a row; cells and states are indexed by column; strings are copied.
 * Key columns must be present. Returns the row's index. */
uint32_t table_put(Table *table, const Cell *cells, const uint8_t *states);

/* Removes the row with a key; false if there is none. Not of a table with a source. */
bool table_delete(Table *table, const Cell *key);

/* The rows; the index of a row is stable. Those that were removed are among them until they are used again. */
const Rows *table_rows(const Table *table);
bool table_has(const Table *table, uint32_t row);

/* ── Tables that are a cache ── */

typedef struct TableSource {
    void *owner;
    /* Puts n rows, whose key columns are set, with table_put; those that it does not put have no row. */
    void (*fetch)(void *owner, const uint32_t *rows, uint32_t n);
} TableSource;

/* Gives an empty table a source. */
void table_follow(Table *table, TableSource source);

/* The rows that are known, with the keys that are known to have none. */
uint32_t table_count(const Table *table);

/* The key of a row; strings are the table's. */
void table_row_key(const Table *table, uint32_t row, Cell *key);

/* Forgets a key, so that it is asked for anew; false if nothing was known. Not while a batch runs; nor the others. */
bool table_forget(Table *table, const Cell *key);

/* Forgets rows that were not looked for lately until there are at most so many; returns how many. */
uint32_t table_evict(Table *table, uint32_t most);

/* Forgets everything. */
void table_empty(Table *table);

#endif
