#include "cluster/table_store.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cep/cell_text.h"
#include "cep/key.h"
#include "cluster/limits.h"

enum {
    MAP_BYTES_MIN = 16 << 20,
    TABLES_MAX = 256,
    KEY_BYTES_MAX = 511, /* LMDB's */
    KEYS_MAX = 2,
    COLUMNS_MAX = 512,
    ROW_VERSION = 1,
    NAME_BYTES_MAX = 255,
};

struct TableStore {
    Memory *memory;
    MDB_env *env;
    size_t map_bytes;
    MDB_txn *txn;      /* of a replacement */
    MDB_dbi table;     /* being replaced */
    int failure;       /* of a put, to be judged by the replacement */
    char *row;         /* being encoded */
    size_t room;
    char error[512];
};

static bool fail(TableStore *store, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(TableStore *store, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(store->error, sizeof store->error, format, args);
    va_end(args);
    return false;
}

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

static bool fail_code(TableStore *store, const char *what, int code)
{
    return fail(store, "%s: %s", what, cause(code));
}

const char *table_store_error(const TableStore *store)
{
    return store->error;
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

static const char *open_env(TableStore *store, const char *directory, bool create)
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
    bool ours = value.mv_size == 1 && *(const char *)value.mv_data == '1';
    return ours ? NULL : "the store was written by a later version of this program";
}

/* 0 with *wrong judged, MDB_NOTFOUND in a new store, or another code. Needs no lock of writers. */
static int read_format(TableStore *store, const char **wrong)
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

static int write_format(TableStore *store)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {6, "format"}, value = {1, "1"};
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
static const char *check_format(TableStore *store)
{
    const char *wrong = NULL;
    int code = read_format(store, &wrong);
    if (code == MDB_MAP_RESIZED && (code = mdb_env_set_mapsize(store->env, 0)) == 0)
        code = read_format(store, &wrong);
    if (code == MDB_NOTFOUND)
        code = write_format(store);
    return code ? cause(code) : wrong;
}

TableStore *table_store_open(Memory *memory, const char *directory, bool create, char *error, size_t error_size)
{
    TableStore *store = memory_new(memory, sizeof *store);
    store->memory = memory;
    const char *wrong = open_env(store, directory, create);
    if (!wrong)
        wrong = check_format(store);
    if (!wrong)
        return store;
    snprintf(error, error_size, "cannot open the store %s: %s", directory, wrong);
    table_store_close(store);
    return NULL;
}

void table_store_close(TableStore *store)
{
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    memory_free(store->memory, store->row, store->room);
    memory_free(store->memory, store, sizeof *store);
}

/* ── Rows as bytes ── */

static void put_bytes(TableStore *store, size_t *n, const void *bytes, size_t size)
{
    if (*n + size > store->room) {
        size_t room = store->room ? store->room : 256;
        while (room < *n + size)
            room *= 2;
        store->row = memory_resize(store->memory, store->row, store->room, room);
        store->room = room;
    }
    memcpy(store->row + *n, bytes, size);
    *n += size;
}

static void put_column(TableStore *store, size_t *n, const Attribute *column, Cell value)
{
    uint8_t head[2] = {(uint8_t)column->type, (uint8_t)column->name.len};
    assert(column->name.len <= NAME_BYTES_MAX);
    put_bytes(store, n, head, sizeof head);
    put_bytes(store, n, column->name.p, column->name.len);
    if (type_has_bytes(column->type)) {
        put_bytes(store, n, &value.s.len, sizeof value.s.len);
        put_bytes(store, n, value.s.p, value.s.len);
    } else {
        put_bytes(store, n, &value, type_size(column->type));
    }
}

/* Reads a part; false beyond the end. */
static bool take_bytes(Text *rest, void *to, size_t size)
{
    if (rest->len < size)
        return false;
    memcpy(to, rest->p, size);
    *rest = (Text){rest->p + size, rest->len - (uint32_t)size};
    return true;
}

static bool take_text(Text *rest, uint32_t len, Text *text)
{
    if (rest->len < len)
        return false;
    *text = (Text){rest->p, len};
    *rest = (Text){rest->p + len, rest->len - len};
    return true;
}

/* Returns the number of cells, or COLUMNS_MAX + 1 if the bytes are no row. */
static uint32_t decode_row(Text rest, StoredCell *cells)
{
    uint8_t version, head[2];
    uint32_t n = 0, len;
    if (!take_bytes(&rest, &version, 1) || version != ROW_VERSION)
        return COLUMNS_MAX + 1;
    for (; rest.len; n++) {
        StoredCell *cell = &cells[n];
        if (n == COLUMNS_MAX || !take_bytes(&rest, head, 2) || head[0] >= TYPE_KINDS || !type_runs(head[0]) ||
            !take_text(&rest, head[1], &cell->name))
            return COLUMNS_MAX + 1;
        cell->type = head[0];
        bool good = type_has_bytes(cell->type)
                        ? take_bytes(&rest, &len, sizeof len) && take_text(&rest, len, &cell->value.s)
                        : take_bytes(&rest, &cell->value, type_size(cell->type));
        if (!good)
            return COLUMNS_MAX + 1;
    }
    return n;
}

static void database_name(Text table, char name[NAME_BYTES_MAX + 16])
{
    snprintf(name, NAME_BYTES_MAX + 16, "table:%.*s", table.len > NAME_BYTES_MAX ? NAME_BYTES_MAX : (int)table.len,
             table.p);
}

/* ── Replacing a table ── */

bool table_store_put(TableStore *store, const TablePlan *plan, const Cell *cells, const uint8_t *states)
{
    uint8_t key[KEY_BYTES_MAX];
    size_t key_bytes = 0, n = 0;
    for (uint32_t k = 0; k < plan->nkeys; k++)
        key_bytes += key_size(plan->columns[plan->keys[k]].type, cells[plan->keys[k]]);
    if (key_bytes > sizeof key)
        return fail(store, "a key is longer than %d bytes", KEY_BYTES_MAX);
    uint8_t *end = key;
    for (uint32_t k = 0; k < plan->nkeys; k++)
        end = key_put(end, plan->columns[plan->keys[k]].type, cells[plan->keys[k]]);

    put_bytes(store, &n, &(uint8_t){ROW_VERSION}, 1);
    for (uint32_t i = 0; i < plan->ncolumns; i++)
        if (states[i] == STATE_OK)
            put_column(store, &n, &plan->columns[i], cells[i]);
    MDB_val at = {key_bytes, key}, value = {n, store->row};
    store->failure = mdb_put(store->txn, store->table, &at, &value, 0);
    return store->failure == 0;
}

static int remember_keys(TableStore *store, const TablePlan *plan)
{
    MDB_dbi keys;
    int code = mdb_dbi_open(store->txn, "keys", MDB_CREATE, &keys);
    if (code)
        return code;
    uint8_t types[KEYS_MAX];
    for (uint32_t k = 0; k < plan->nkeys; k++)
        types[k] = (uint8_t)plan->columns[plan->keys[k]].type;
    MDB_val key = {plan->name.len, (void *)plan->name.p}, value = {plan->nkeys, types};
    return mdb_put(store->txn, keys, &key, &value, 0);
}

/* 0, an LMDB code, or -1 when fill gave up. */
static int replace_once(TableStore *store, const TablePlan *plan, TableStoreFill fill, void *owner, uint32_t attempt)
{
    char name[NAME_BYTES_MAX + 16];
    database_name(plan->name, name);
    int code = mdb_txn_begin(store->env, NULL, 0, &store->txn);
    if (code)
        return code;
    store->failure = 0;
    code = mdb_dbi_open(store->txn, name, MDB_CREATE, &store->table);
    if (code == 0)
        code = mdb_drop(store->txn, store->table, 0);
    if (code == 0)
        code = remember_keys(store, plan);
    if (code == 0 && !fill(owner, store, attempt))
        code = -1;
    if (store->failure)
        code = store->failure;
    if (code) {
        mdb_txn_abort(store->txn);
        return code;
    }
    return mdb_txn_commit(store->txn);
}

static bool grow_map(TableStore *store)
{
    if (store->map_bytes >= (size_t)limit_default(LIMIT_STORE_BYTES))
        return false;
    store->map_bytes *= 2;
    return mdb_env_set_mapsize(store->env, store->map_bytes) == 0;
}

bool table_store_replace(TableStore *store, const TablePlan *plan, TableStoreFill fill, void *owner)
{
    assert(plan->nkeys <= KEYS_MAX && plan->ncolumns <= COLUMNS_MAX);
    store->error[0] = 0;
    for (uint32_t i = 0; i < plan->ncolumns; i++)
        if (plan->columns[i].name.len > NAME_BYTES_MAX)
            return fail(store, "a column's name is longer than %d bytes", NAME_BYTES_MAX);
    if (plan->name.len > NAME_BYTES_MAX)
        return fail(store, "a table's name is longer than %d bytes", NAME_BYTES_MAX);
    for (uint32_t attempt = 0;; attempt++) {
        int code = replace_once(store, plan, fill, owner, attempt);
        store->txn = NULL;
        if (code == 0)
            return true;
        if (code == MDB_MAP_FULL && grow_map(store))
            continue;
        if (code == MDB_MAP_RESIZED && mdb_env_set_mapsize(store->env, 0) == 0)
            continue;
        return code == -1 ? false : fail_code(store, "cannot write the table", code);
    }
}

/* ── Reading ── */

/* Another program may have made the map larger. */
static int begin(TableStore *store, unsigned flags, MDB_txn **txn)
{
    int code = mdb_txn_begin(store->env, NULL, flags, txn);
    if (code != MDB_MAP_RESIZED)
        return code;
    mdb_env_set_mapsize(store->env, 0);
    return mdb_txn_begin(store->env, NULL, flags, txn);
}

static bool visit_row(TableStore *store, MDB_val value, TableStoreVisit visit, void *owner, bool *stop)
{
    StoredCell cells[COLUMNS_MAX];
    uint32_t n = decode_row((Text){value.mv_data, (uint32_t)value.mv_size}, cells);
    if (n > COLUMNS_MAX)
        return fail(store, "a row of the store is damaged");
    *stop = !visit(owner, cells, n);
    return true;
}

bool table_store_rows(TableStore *store, Text table, TableStoreVisit visit, void *owner)
{
    char name[NAME_BYTES_MAX + 16];
    database_name(table, name);
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor = NULL;
    int code = begin(store, MDB_RDONLY, &txn);
    if (code)
        return fail_code(store, "cannot read the store", code);
    bool good = true, stop = false;
    MDB_val key, value;
    if ((code = mdb_dbi_open(txn, name, 0, &dbi)) == 0 && (code = mdb_cursor_open(txn, dbi, &cursor)) == 0)
        while (good && !stop && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
            good = visit_row(store, value, visit, owner, &stop);
    if (cursor)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return good && (code == 0 || code == MDB_NOTFOUND || fail_code(store, "cannot read the store", code));
}

/* The bytes of a key given as texts, by the types that the table was stored with. */
static bool key_of(TableStore *store, MDB_txn *txn, Text table, const Text *texts, uint32_t n, uint8_t *bytes,
                   size_t *size, bool *known)
{
    MDB_dbi keys;
    MDB_val name = {table.len, (void *)table.p}, types;
    int code = mdb_dbi_open(txn, "keys", 0, &keys);
    if (code == 0)
        code = mdb_get(txn, keys, &name, &types);
    *known = code == 0;
    if (code)
        return fail(store, "the store has no table `%.*s`", TEXT_ARGS(table));
    if (types.mv_size != n)
        return fail(store, "a key of `%.*s` has %zu value%s", TEXT_ARGS(table), types.mv_size,
                    types.mv_size == 1 ? "" : "s");
    uint8_t *end = bytes;
    for (uint32_t k = 0; k < n; k++) {
        TypeKind type = ((const uint8_t *)types.mv_data)[k];
        Cell cell;
        if (!cell_parse(type, 0, texts[k], &cell))
            return fail(store, "key `%.*s`: expected %s", TEXT_ARGS(texts[k]), cell_expected(type, 0));
        if ((size_t)(end - bytes) + key_size(type, cell) > KEY_BYTES_MAX)
            return fail(store, "a key is longer than %d bytes", KEY_BYTES_MAX);
        end = key_put(end, type, cell);
    }
    *size = (size_t)(end - bytes);
    return true;
}

bool table_store_get(TableStore *store, Text table, const Text *key, uint32_t nkey, TableStoreVisit visit,
                     void *owner, bool *found)
{
    char name[NAME_BYTES_MAX + 16];
    uint8_t bytes[KEY_BYTES_MAX];
    database_name(table, name);
    MDB_txn *txn;
    MDB_dbi dbi;
    *found = false;
    int code = begin(store, MDB_RDONLY, &txn);
    if (code)
        return fail_code(store, "cannot read the store", code);
    MDB_val at = {0, bytes}, value;
    bool known, stop;
    bool good = key_of(store, txn, table, key, nkey, bytes, &at.mv_size, &known);
    if (good && (code = mdb_dbi_open(txn, name, 0, &dbi)) == 0 && (code = mdb_get(txn, dbi, &at, &value)) == 0) {
        *found = true;
        good = visit_row(store, value, visit, owner, &stop);
    }
    mdb_txn_abort(txn);
    return good && (code == 0 || code == MDB_NOTFOUND || fail_code(store, "cannot read the store", code));
}

bool table_store_delete(TableStore *store, Text table, const Text *key, uint32_t nkey, bool *found)
{
    char name[NAME_BYTES_MAX + 16];
    uint8_t bytes[KEY_BYTES_MAX];
    database_name(table, name);
    MDB_txn *txn;
    MDB_dbi dbi;
    *found = false;
    int code = begin(store, 0, &txn);
    if (code)
        return fail_code(store, "cannot write the store", code);
    MDB_val at = {0, bytes};
    bool known;
    bool good = key_of(store, txn, table, key, nkey, bytes, &at.mv_size, &known);
    if (good && (code = mdb_dbi_open(txn, name, 0, &dbi)) == 0)
        code = mdb_del(txn, dbi, &at, NULL);
    *found = good && code == 0;
    if (!*found) {
        mdb_txn_abort(txn);
        return good && (code == MDB_NOTFOUND || fail_code(store, "cannot write the store", code));
    }
    code = mdb_txn_commit(txn);
    return code == 0 || fail_code(store, "cannot write the store", code);
}

bool table_store_tables(TableStore *store, void (*visit)(void *owner, Text table, uint64_t rows), void *owner)
{
    MDB_txn *txn;
    MDB_dbi keys, dbi;
    MDB_cursor *cursor = NULL;
    int code = begin(store, MDB_RDONLY, &txn);
    if (code)
        return fail_code(store, "cannot read the store", code);
    MDB_val key, value;
    if ((code = mdb_dbi_open(txn, "keys", 0, &keys)) == 0 && (code = mdb_cursor_open(txn, keys, &cursor)) == 0)
        while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            char name[NAME_BYTES_MAX + 16];
            MDB_stat stat = {0};
            Text table = {key.mv_data, (uint32_t)key.mv_size};
            database_name(table, name);
            if (mdb_dbi_open(txn, name, 0, &dbi) == 0)
                mdb_stat(txn, dbi, &stat);
            visit(owner, table, stat.ms_entries);
        }
    if (cursor)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return code == 0 || code == MDB_NOTFOUND || fail_code(store, "cannot read the store", code);
}
