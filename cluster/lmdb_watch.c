/* Watching a table of the embedded store. The system says when the data file was written, the number of the last
 * transaction whether something was committed; then the table is read and compared with what it was: keys and hashes
 * of rows, both in the order of keys, so that one walk along the two finds what differs.
 *
 * Two commits that come close are seen as one. */
#include "cluster/lmdb.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cep/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { LOOK_MS = 1000 /* without being told: on file systems that tell nothing */ };

/* A row as it was. */
typedef struct Seen {
    Text key;
    uint64_t hash;
} Seen;

typedef struct Snapshot {
    Arena arena;
    Seen *items;
    uint64_t n;
    size_t txn;
} Snapshot;

typedef struct Watch {
    LmdbStore *store;
    const TablePlan *plan;
    const StoreNews *news;
    LmdbRow row;
} Watch;

static void tell_set(Watch *w, MDB_val value)
{
    static const char *const whys[] = {[ROW_LACKS_COLUMN] = "a row lacks a column", [ROW_DAMAGED] = "a row is damaged",
                                       [ROW_OTHER_TYPE] = "a row has a column of another type"};
    if (lmdb_row_read(&w->row, w->plan, (Text){value.mv_data, (uint32_t)value.mv_size}))
        w->news->set(w->news->owner, w->row.cells, w->row.states);
    else
        w->news->gap(w->news->owner, text_of(whys[w->row.fit]));
}

static void tell_deleted(Watch *w, Text bytes)
{
    Cell key[TABLE_KEYS_MAX];
    TypeKind type;
    uint32_t at = 0, n = 0;
    while (n < w->plan->nkeys && key_next(bytes, &at, &type, &key[n]) &&
           type == w->plan->columns[w->plan->keys[n]].type)
        n++;
    if (n == w->plan->nkeys)
        w->news->deleted(w->news->owner, key);
    else
        w->news->gap(w->news->owner, TEXT("a row with a key of other columns is gone"));
}

/* Reads the table into now, and tells what differs from before; before NULL = nothing is told. */
static int compare(Watch *w, MDB_txn *txn, const Snapshot *before, Snapshot *now)
{
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t i = 0;
    int code = lmdb_table(txn, w->plan->name, 0, &dbi);
    if (code == 0)
        code = mdb_cursor_open(txn, dbi, &cursor);
    if (code == 0) {
        while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            Seen seen = {arena_text(&now->arena, (Text){key.mv_data, (uint32_t)key.mv_size}),
                         XXH3_64bits(value.mv_data, value.mv_size)};
            now->items = arena_grow(&now->arena, now->items, now->n, sizeof seen);
            now->items[now->n++] = seen;
            if (!before)
                continue;
            for (; i < before->n && text_compare(before->items[i].key, seen.key) < 0; i++)
                tell_deleted(w, before->items[i].key);
            bool known = i < before->n && text_is(before->items[i].key, seen.key);
            if (!known || before->items[i].hash != seen.hash)
                tell_set(w, value);
            i += known;
        }
        mdb_cursor_close(cursor);
    }
    for (; before && code == MDB_NOTFOUND && i < before->n; i++)
        tell_deleted(w, before->items[i].key);
    return code == MDB_NOTFOUND ? 0 : code;
}

static bool look(Watch *w, const Snapshot *before, Snapshot *now)
{
    MDB_txn *txn;
    int code = lmdb_begin(w->store, MDB_RDONLY, &txn);
    if (code == 0) {
        now->n = 0;
        now->items = NULL;
        arena_reset(&now->arena);
        now->txn = mdb_txn_id(txn);
        code = compare(w, txn, before, now);
        mdb_txn_abort(txn);
    }
    return code == 0 || lmdb_fail(w->store, "cannot read the store", code);
}

static bool committed(const LmdbStore *store, size_t since)
{
    MDB_envinfo info;
    return mdb_env_info(store->env, &info) != 0 || info.me_last_txnid != since;
}

/* Waits until the file was written; false = stop. */
static bool wait_write(int told, int stop)
{
    struct pollfd polled[] = {{.fd = stop, .events = POLLIN}, {.fd = told, .events = POLLIN}};
    char events[4096];
    if (poll(polled, 2, LOOK_MS) < 0 && errno != EINTR)
        return false;
    if (polled[1].revents & POLLIN) {
        ssize_t ignored = read(told, events, sizeof events);
        (void)ignored;
    }
    return !polled[0].revents;
}

bool lmdb_watch(Store *base, const TablePlan *plan, int stop, const StoreNews *news)
{
    Watch w = {.store = lmdb_of(base), .plan = plan, .news = news};
    Snapshot snapshots[2] = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/data.mdb", w.store->directory);
    int told = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (told >= 0)
        inotify_add_watch(told, path, IN_MODIFY);
    for (int i = 0; i < 2; i++)
        arena_init(&snapshots[i].arena, base->memory);
    int at = 0;
    bool good = look(&w, NULL, &snapshots[0]);
    if (good)
        news->ready(news->owner);
    while (good && wait_write(told, stop))
        if (committed(w.store, snapshots[at].txn)) {
            good = look(&w, &snapshots[at], &snapshots[!at]);
            at = !at;
        }
    for (int i = 0; i < 2; i++)
        arena_fini(&snapshots[i].arena);
    if (told >= 0)
        close(told);
    return good;
}
