/* Tables: reference rows by key, in memory, in the columns of a Rows, with a hash index over the key.
 * Filled before or between batches; programs and enrichment read them. The durable store behind a table is
 * cluster/'s business. */
#ifndef CEP_TABLE_H
#define CEP_TABLE_H

#include "cep/batch.h"

typedef struct TablePlan TablePlan;
typedef struct Table Table;

Table *table_new(Memory *memory, const TablePlan *plan);
void table_free(Table *table);

/* Finds the row with a key (plan->nkeys cells); ROW_NONE if there is none. */
uint32_t table_find(const Table *table, const Cell *key);

/* Inserts or replaces a row; cells and states are indexed by column; strings are copied.
 * Key columns must be present. Returns the row's index. */
uint32_t table_put(Table *table, const Cell *cells, const uint8_t *states);

/* The rows; indexes are stable. */
const Rows *table_rows(const Table *table);

#endif
