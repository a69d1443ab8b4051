/* The embedded store: a data directory with one LMDB environment; see lmdb.h. A table is replaced in one transaction:
 * whoever looks sees the old rows or the new ones. Commits are synced. The map grows as it fills, up to
 * LIMIT_STORE_BYTES. No read transaction outlives a call. */
#include "cluster/lmdb.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cluster/limits.h"

enum { MAP_BYTES_MIN = 16 << 20, TABLES_MAX = 256, DATABASE_NAME_MAX = NAME_BYTES_MAX + 16 };

/* What LMDB's codes mean to whoever runs the program. */
static const char *cause(int code)
{
    switch (code) {
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return "it is not a store of this program";
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return "the store is damaged";
    case MDB_MAP_FULL:
        return limit_message(LIMIT_STORE_BYTES);
    case MDB_READERS_FULL:
        return "too many programs read the store";
    case EAGAIN:
    case EBUSY:
        return "another program has locked the store";
    case ENOSPC:
        return "the disk is full";
    default:
        return mdb_strerror(code);
    }
}

bool lmdb_fail(LmdbStore *store, const char *what, int code)
{
    return store_fail(&store->base, "%s: %s", what, cause(code));
}

/* ── Opening ── */

/* A directory that holds other things is not taken over. */
static bool is_foreign(const char *directory)
{
    DIR *dir = opendir(directory);
    bool any = false, ours = false;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        any = true;
        ours |= strcmp(entry->d_name, "data.mdb") == 0;
    }
    if (dir)
        closedir(dir);
    return any && !ours;
}

static const char *open_env(LmdbStore *store, const char *directory, bool create)
{
    struct stat about;
    if (stat(directory, &about) != 0) {
        if (errno != ENOENT || !create)
            return errno == ENOENT ? "there is no such directory" : strerror(errno);
        if (mkdir(directory, 0777) != 0)
            return strerror(errno);
    } else if (!S_ISDIR(about.st_mode)) {
        return "it is not a directory";
    }
    if (is_foreign(directory))
        return "the directory holds other files; a store has one of its own";
    int code = mdb_env_create(&store->env);
    if (code == 0)
        code = mdb_env_set_maxdbs(store->env, TABLES_MAX);
    if (code == 0)
        code = mdb_env_set_mapsize(store->env, MAP_BYTES_MIN);
    if (code == 0)
        code = mdb_env_open(store->env, directory, 0, 0666);
    MDB_envinfo info;
    if (code == 0)
        code = mdb_env_info(store->env, &info);
    if (code == 0)
        store->map_bytes = info.me_mapsize;
    return code ? cause(code) : NULL;
}

static const char *judge_format(MDB_val value)
{
    bool ours = value.mv_size == 1 && *(const char *)value.mv_data == '2';
    return ours ? NULL : "the store was written by another version of this program";
}

/* 0 with *wrong judged, MDB_NOTFOUND in a new store, or another code. Needs no lock of writers. */
static int read_format(LmdbStore *store, const char **wrong)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {6, "format"}, value;
    int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (code)
        return code;
    code = mdb_dbi_open(txn, "cep", 0, &dbi);
    if (code == 0)
        code = mdb_get(txn, dbi, &key, &value);
    if (code == 0)
        *wrong = judge_format(value);
    mdb_txn_abort(txn);
    return code;
}

static int write_format(LmdbStore *store)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {6, "format"}, value = {1, "2"};
    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code)
        return code;
    code = mdb_dbi_open(txn, "cep", MDB_CREATE, &dbi);
    if (code == 0)
        code = mdb_put(txn, dbi, &key, &value, 0);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* A new store gets its format; another format than ours is refused. */
static const char *check_format(LmdbStore *store)
{
    const char *wrong = NULL;
    int code = read_format(store, &wrong);
    if (code == MDB_MAP_RESIZED && (code = mdb_env_set_mapsize(store->env, 0)) == 0)
        code = read_format(store, &wrong);
    if (code == MDB_NOTFOUND)
        code = write_format(store);
    return code ? cause(code) : wrong;
}

static void lmdb_close(Store *base)
{
    LmdbStore *store = lmdb_of(base);
    Memory *memory = base->memory;
    if (store->env)
        mdb_env_close(store->env);
    memory_free(memory, store->row, store->room);
    memory_free(memory, store->directory, strlen(store->directory) + 1);
    memory_free(memory, store, sizeof *store);
}

static bool lmdb_check(const char *address, char *error, size_t error_size)
{
    if (strncmp(address, "lmdb:", 5) == 0)
        address += 5;
    if (*address)
        return true;
    snprintf(error, error_size, "the address of the store names no directory");
    return false;
}

static Store *lmdb_open(Memory *memory, const char *address, bool create, char *error, size_t error_size)
{
    if (strncmp(address, "lmdb:", 5) == 0)
        address += 5;
    LmdbStore *store = memory_new(memory, sizeof *store);
    store->base.ops = &lmdb_store;
    store->base.memory = memory;
    store->directory = memory_new(memory, strlen(address) + 1);
    memcpy(store->directory, address, strlen(address) + 1);
    const char *wrong = open_env(store, address, create);
    if (!wrong)
        wrong = check_format(store);
    if (!wrong)
        return &store->base;
    snprintf(error, error_size, "cannot open the store %s: %s", address, wrong);
    lmdb_close(&store->base);
    return NULL;
}

/* ── Transactions ── */

int lmdb_begin(LmdbStore *store, unsigned flags, MDB_txn **txn)
{
    int code = mdb_txn_begin(store->env, NULL, flags, txn);
    if (code != MDB_MAP_RESIZED)
        return code;
    mdb_env_set_mapsize(store->env, 0);
    return mdb_txn_begin(store->env, NULL, flags, txn);
}

int lmdb_table(MDB_txn *txn, Text name, unsigned flags, MDB_dbi *dbi)
{
    char database[DATABASE_NAME_MAX];
    snprintf(database, sizeof database, "table:%.*s", name.len > NAME_BYTES_MAX ? NAME_BYTES_MAX : (int)name.len, name.p);
    return mdb_dbi_open(txn, database, flags, dbi);
}

/* So that a row can be found, and changed, by whoever has no rules. */
static int remember_table(LmdbStore *store, MDB_txn *txn, const TablePlan *plan)
{
    MDB_dbi tables;
    int code = mdb_dbi_open(txn, "tables", MDB_CREATE, &tables);
    if (code)
        return code;
    Arena arena;
    arena_init(&arena, store->base.memory);
    Text schema = store_schema_write(plan, &arena);
    MDB_val key = {plan->name.len, (void *)plan->name.p}, value = {schema.len, (void *)schema.p}, known;
    bool same = mdb_get(txn, tables, &key, &known) == 0 && known.mv_size == value.mv_size &&
                memcmp(known.mv_data, value.mv_data, value.mv_size) == 0;
    code = same ? 0 : mdb_put(txn, tables, &key, &value, 0);
    arena_fini(&arena);
    return code;
}

static bool grow_map(LmdbStore *store)
{
    if (store->map_bytes >= (size_t)limit_default(LIMIT_STORE_BYTES))
        return false;
    store->map_bytes *= 2;
    return mdb_env_set_mapsize(store->env, store->map_bytes) == 0;
}

static bool check_names(LmdbStore *store, const TablePlan *plan)
{
    assert(plan->ncolumns <= STORE_COLUMNS_MAX);
    for (uint32_t i = 0; i < plan->ncolumns; i++)
        if (plan->columns[i].name.len > NAME_BYTES_MAX)
            return store_fail(&store->base, "a column's name is longer than %d bytes", NAME_BYTES_MAX);
    return plan->name.len <= NAME_BYTES_MAX ||
           store_fail(&store->base, "a table's name is longer than %d bytes", NAME_BYTES_MAX);
}

/* Writes: work does it in store->txn and returns 0, a code, or -1 when it left a sentence and gives up. It is done
 * again when the map had to grow. */
static bool write_through(LmdbStore *store, int (*work)(LmdbStore *store, void *owner, uint32_t attempt), void *owner)
{
    for (uint32_t attempt = 0;; attempt++) {
        int code = lmdb_begin(store, 0, &store->txn);
        if (code == 0) {
            code = work(store, owner, attempt);
            if (code)
                mdb_txn_abort(store->txn);
            else
                code = mdb_txn_commit(store->txn);
        }
        store->txn = NULL;
        if (code == 0 || code == -1)
            return code == 0;
        if (code != MDB_MAP_FULL || !grow_map(store))
            return lmdb_fail(store, "cannot write the store", code);
    }
}

/* ── Replacing a table ── */

static bool put(Store *base, const Cell *cells, const uint8_t *states)
{
    LmdbStore *store = lmdb_of(base);
    uint8_t bytes[KEY_BYTES_MAX];
    Cell parts[TABLE_KEYS_MAX];
    for (uint32_t k = 0; k < store->plan->nkeys; k++)
        parts[k] = cells[store->plan->keys[k]];
    size_t size = lmdb_key_write(store->plan, parts, bytes);
    if (size == 0)
        return store_fail(base, "a key is longer than %d bytes", KEY_BYTES_MAX);
    MDB_val key = {size, bytes}, value = {lmdb_row_write(store, store->plan, cells, states), store->row};
    store->failure = mdb_put(store->txn, store->table, &key, &value, 0);
    return store->failure == 0;
}

typedef struct Replacing {
    StoreFill *fill;
    void *owner;
} Replacing;

static int replace_once(LmdbStore *store, void *owner, uint32_t attempt)
{
    const Replacing *replacing = owner;
    store->failure = 0;
    int code = lmdb_table(store->txn, store->plan->name, MDB_CREATE, &store->table);
    if (code == 0)
        code = mdb_drop(store->txn, store->table, 0);
    if (code == 0)
        code = remember_table(store, store->txn, store->plan);
    if (code == 0 && !replacing->fill(replacing->owner, &store->base, attempt))
        code = -1;
    return store->failure ? store->failure : code;
}

static bool replace(Store *base, const TablePlan *plan, StoreFill *fill, void *owner)
{
    LmdbStore *store = lmdb_of(base);
    base->error[0] = 0;
    store->plan = plan;
    return check_names(store, plan) && write_through(store, replace_once, &(Replacing){fill, owner});
}

/* ── One row ── */

typedef struct OneRow {
    const TablePlan *plan;
    const Cell *key;
    StoreEdit *edit;
    void *owner;
    bool found;
    LmdbRow row;
} OneRow;

static bool damaged(LmdbStore *store)
{
    return store_fail(&store->base, "a row of the store is damaged");
}

static bool key_bytes(LmdbStore *store, const OneRow *one, uint8_t bytes[KEY_BYTES_MAX], MDB_val *key)
{
    *key = (MDB_val){lmdb_key_write(one->plan, one->key, bytes), bytes};
    return key->mv_size || store_fail(&store->base, "a key is longer than %d bytes", KEY_BYTES_MAX);
}

static int change_once(LmdbStore *store, void *owner, uint32_t attempt)
{
    (void)attempt;
    OneRow *one = owner;
    uint8_t bytes[KEY_BYTES_MAX];
    MDB_val key, value;
    MDB_dbi table;
    if (!key_bytes(store, one, bytes, &key))
        return -1;
    int code = lmdb_table(store->txn, one->plan->name, MDB_CREATE, &table);
    if (code == 0)
        code = remember_table(store, store->txn, one->plan);
    if (code == 0)
        code = mdb_get(store->txn, table, &key, &value);
    one->found = code == 0;
    if (code && code != MDB_NOTFOUND)
        return code;
    memset(one->row.states, STATE_NULL, sizeof one->row.states);
    if (one->found && !lmdb_row_read(&one->row, one->plan, (Text){value.mv_data, (uint32_t)value.mv_size})) {
        store_fail(&store->base, "the row that is there is not as the rules say; delete it, or load the table anew");
        return -1;
    }
    if (!one->edit(one->owner, one->found, one->row.cells, one->row.states))
        return -1;
    value = (MDB_val){lmdb_row_write(store, one->plan, one->row.cells, one->row.states), store->row};
    return mdb_put(store->txn, table, &key, &value, 0);
}

static bool change(Store *base, const TablePlan *plan, const Cell *key, StoreEdit *edit, void *owner)
{
    OneRow one = {.plan = plan, .key = key, .edit = edit, .owner = owner};
    base->error[0] = 0;
    return check_names(lmdb_of(base), plan) && write_through(lmdb_of(base), change_once, &one);
}

static int delete_once(LmdbStore *store, void *owner, uint32_t attempt)
{
    (void)attempt;
    OneRow *one = owner;
    uint8_t bytes[KEY_BYTES_MAX];
    MDB_val key;
    MDB_dbi table;
    if (!key_bytes(store, one, bytes, &key))
        return -1;
    int code = lmdb_table(store->txn, one->plan->name, 0, &table);
    if (code == 0)
        code = mdb_del(store->txn, table, &key, NULL);
    one->found = code == 0;
    return code == MDB_NOTFOUND ? 0 : code;
}

static bool del(Store *base, const TablePlan *plan, const Cell *key, bool *found)
{
    OneRow one = {.plan = plan, .key = key};
    bool good = write_through(lmdb_of(base), delete_once, &one);
    *found = good && one.found;
    return good;
}

/* ── Reading ── */

/* Hands a row on. False if it is damaged. */
static bool pass_row(LmdbStore *store, LmdbRow *row, const TablePlan *plan, MDB_val value, StoreSink sink, bool *stop)
{
    if (lmdb_row_read(row, plan, (Text){value.mv_data, (uint32_t)value.mv_size})) {
        *stop = !sink.row(sink.owner, row->cells, row->states);
        return true;
    }
    if (row->fit == ROW_DAMAGED)
        return damaged(store);
    char detail[NAME_BYTES_MAX + 64];
    int n = snprintf(detail, sizeof detail, row->fit == ROW_LACKS_COLUMN ? "a stored row has no column `%.*s`"
                                                                       : "column `%.*s` is stored with another type",
                     TEXT_ARGS(row->column->name));
    if (sink.rejected)
        sink.rejected(sink.owner, (Text){detail, (uint32_t)n});
    return true;
}

static bool read_failed(LmdbStore *store, int code)
{
    return code == 0 || code == MDB_NOTFOUND || lmdb_fail(store, "cannot read the store", code);
}

static bool rows(Store *base, const TablePlan *plan, StoreSink sink)
{
    LmdbStore *store = lmdb_of(base);
    LmdbRow row;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor = NULL;
    int code = lmdb_begin(store, MDB_RDONLY, &txn);
    if (code)
        return read_failed(store, code);
    bool good = true, stop = false;
    MDB_val key, value;
    if ((code = lmdb_table(txn, plan->name, 0, &dbi)) == 0 && (code = mdb_cursor_open(txn, dbi, &cursor)) == 0)
        while (good && !stop && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
            good = pass_row(store, &row, plan, value, sink, &stop);
    if (cursor)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return good && read_failed(store, code);
}

static bool get(Store *base, const TablePlan *plan, const Cell *key, StoreSink sink, bool *found)
{
    LmdbStore *store = lmdb_of(base);
    OneRow one = {.plan = plan, .key = key};
    uint8_t bytes[KEY_BYTES_MAX];
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val at, value;
    *found = false;
    if (!key_bytes(store, &one, bytes, &at))
        return false;
    int code = lmdb_begin(store, MDB_RDONLY, &txn);
    if (code)
        return read_failed(store, code);
    bool good = true, stop;
    if ((code = lmdb_table(txn, plan->name, 0, &dbi)) == 0 && (code = mdb_get(txn, dbi, &at, &value)) == 0) {
        *found = true;
        good = pass_row(store, &one.row, plan, value, sink, &stop);
    }
    mdb_txn_abort(txn);
    return good && read_failed(store, code);
}

/* ── The tables ── */

static bool tables(Store *base, void (*visit)(void *owner, Text table, uint64_t rows), void *owner)
{
    LmdbStore *store = lmdb_of(base);
    MDB_txn *txn;
    MDB_dbi names, dbi;
    MDB_cursor *cursor = NULL;
    int code = lmdb_begin(store, MDB_RDONLY, &txn);
    if (code)
        return read_failed(store, code);
    MDB_val key, value;
    if ((code = mdb_dbi_open(txn, "tables", 0, &names)) == 0 && (code = mdb_cursor_open(txn, names, &cursor)) == 0)
        while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            MDB_stat stat = {0};
            Text table = {key.mv_data, (uint32_t)key.mv_size};
            if (lmdb_table(txn, table, 0, &dbi) == 0)
                mdb_stat(txn, dbi, &stat);
            visit(owner, table, stat.ms_entries);
        }
    if (cursor)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return read_failed(store, code);
}

static bool table(Store *base, Text name, Arena *arena, TablePlan *plan, bool *found)
{
    LmdbStore *store = lmdb_of(base);
    MDB_txn *txn;
    MDB_dbi names;
    *found = false;
    int code = lmdb_begin(store, MDB_RDONLY, &txn);
    if (code)
        return read_failed(store, code);
    bool good = true;
    MDB_val key = {name.len, (void *)name.p}, value;
    if ((code = mdb_dbi_open(txn, "tables", 0, &names)) == 0 && (code = mdb_get(txn, names, &key, &value)) == 0) {
        *found = true;
        good = store_schema_read((Text){value.mv_data, (uint32_t)value.mv_size}, name, arena, plan) || damaged(store);
    }
    mdb_txn_abort(txn);
    return good && read_failed(store, code);
}

const StoreOps lmdb_store = {
    .open = lmdb_open, .close = lmdb_close, .check = lmdb_check, .replace = replace, .put = put, .change = change,
    .del = del, .get = get, .rows = rows, .tables = tables, .table = table, .watch = lmdb_watch,
};
