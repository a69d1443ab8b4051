/* The embedded store: what its files share.
 *
 *   lmdb_store.c   the environment, transactions, the operations
 *   lmdb_row.c     rows and keys as bytes
 *   lmdb_watch.c   telling of changes
 *
 *   environment ─┬─ "cep"            "format" → 2
 *                ├─ "tables"         table → its columns, see store.h
 *                └─ "table:Account"  key (cep/key.h) → row
 *   row: version 1 │ { type │ length of name │ name │ value }…     a null column is left out
 *
 * A row names its columns, so that it outlives changes of the rules: columns that are new are null, columns that are
 * gone are passed over, an int becomes a float. */
#ifndef CLUSTER_LMDB_H
#define CLUSTER_LMDB_H

#include <lmdb.h>

#include "cluster/store.h"

enum { KEY_BYTES_MAX = 511 /* LMDB's */, NAME_BYTES_MAX = 255 };

extern const StoreOps lmdb_store;

typedef struct LmdbStore {
    Store base;
    char *directory;
    MDB_env *env;
    size_t map_bytes;
    MDB_txn *txn;            /* of a replacement … */
    MDB_dbi table;
    const TablePlan *plan;
    int failure;             /* … of a put, to be judged by it */
    char *row;               /* being encoded */
    size_t room;
} LmdbStore;

static inline LmdbStore *lmdb_of(Store *base)
{
    return (LmdbStore *)base;
}

/* Leaves "what: cause" for one of LMDB's codes; returns false. */
bool lmdb_fail(LmdbStore *store, const char *what, int code);

/* Begins a transaction; another program may have made the map larger. 0 or a code. */
int lmdb_begin(LmdbStore *store, unsigned flags, MDB_txn **txn);

/* Opens the table in the transaction: MDB_NOTFOUND if there is none. */
int lmdb_table(MDB_txn *txn, Text name, unsigned flags, MDB_dbi *dbi);

/* One value of a row as it is stored. */
typedef struct StoredCell {
    Text name;
    TypeKind type;
    Cell value;
} StoredCell;

typedef enum LmdbFit { ROW_FITS, ROW_LACKS_COLUMN, ROW_OTHER_TYPE, ROW_DAMAGED } LmdbFit;

/* A row that is read. Strings point into the transaction. */
typedef struct LmdbRow {
    Cell cells[STORE_COLUMNS_MAX];
    uint8_t states[STORE_COLUMNS_MAX];
    LmdbFit fit;
    const Attribute *column; /* that does not fit */
    StoredCell stored[STORE_COLUMNS_MAX];
} LmdbRow;

/* Encodes a row into store->row; returns its bytes. */
size_t lmdb_row_write(LmdbStore *store, const TablePlan *plan, const Cell *cells, const uint8_t *states);
/* Encodes a key, given by part; returns its bytes, 0 if they are more than LMDB takes. */
size_t lmdb_key_write(const TablePlan *plan, const Cell *key, uint8_t bytes[KEY_BYTES_MAX]);
/* Decodes a row for a plan; row->fit says why not. */
bool lmdb_row_read(LmdbRow *row, const TablePlan *plan, Text bytes);

bool lmdb_watch(Store *store, const TablePlan *plan, int stop, const StoreNews *news);

#endif
