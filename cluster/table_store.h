/* Table store: rows of tables kept in a data directory, in one LMDB environment.
 *
 *   environment ─┬─ "cep"            "format" → 1
 *                ├─ "keys"           table → the types of its key columns
 *                └─ "table:Account"  key (cep/key.h) → row
 *   row: version 1 │ { type │ length of name │ name │ value }…     a null column is left out
 *
 * A row names its columns, so that it outlives changes of the rules: columns that are new are null, columns
 * that are gone are passed over. A table is replaced in one transaction: whoever looks sees the old rows or the
 * new ones, also after kill -9. Commits are synced. The map grows as it fills, up to LIMIT_STORE_BYTES. */
#ifndef CLUSTER_TABLE_STORE_H
#define CLUSTER_TABLE_STORE_H

#include "cep/plan.h"

typedef struct TableStore TableStore;

/* Opens the directory; create makes it if there is none. Returns NULL and says why. */
TableStore *table_store_open(Memory *memory, const char *directory, bool create, char *error, size_t error_size);
void table_store_close(TableStore *store);

/* The failure of the last call that returned false. */
const char *table_store_error(const TableStore *store);

/* Replaces a table: it is emptied, then fill puts rows with table_store_put; false from fill, or a failure,
 * leaves everything as it was. fill is called again, with attempt 1, 2, …, when the map had to grow. */
typedef bool (*TableStoreFill)(void *owner, TableStore *store, uint32_t attempt);
bool table_store_replace(TableStore *store, const TablePlan *plan, TableStoreFill fill, void *owner);

/* Within fill. Cells and states by column. */
bool table_store_put(TableStore *store, const TablePlan *plan, const Cell *cells, const uint8_t *states);

/* One value of a row as it is stored. */
typedef struct StoredCell {
    Text name;
    TypeKind type;
    Cell value;
} StoredCell;

/* What is done with each row; borrowed for the call. Returns false to stop. */
typedef bool (*TableStoreVisit)(void *owner, const StoredCell *cells, uint32_t n);

/* Visits the rows of a table in the order of their keys; none if there is no such table. */
bool table_store_rows(TableStore *store, Text table, TableStoreVisit visit, void *owner);

/* Visits the row whose key columns have these texts, *found says whether there is one; or deletes it. */
bool table_store_get(TableStore *store, Text table, const Text *key, uint32_t nkey, TableStoreVisit visit,
                     void *owner, bool *found);
bool table_store_delete(TableStore *store, Text table, const Text *key, uint32_t nkey, bool *found);

/* Visits the tables with the number of their rows. */
bool table_store_tables(TableStore *store, void (*visit)(void *owner, Text table, uint64_t rows), void *owner);

#endif
