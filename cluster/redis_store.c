#include "cluster/redis_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "cep/cell_text.h"
#include "cluster/limits.h"

enum { ATTEMPTS_MAX = 20, SCAN_COUNT = 1000, PIPELINE = 256 };

int64_t redis_store_deadline(void)
{
    return redis_now() + limit_default(LIMIT_STATE_ANSWER_MS) * 1000000;
}

static RedisStore *redis_of(Store *base)
{
    return (RedisStore *)base;
}

static bool fail_link(RedisStore *store)
{
    return store_fail(&store->base, "%s", store->link.error);
}

/* Begins a call: what the last one left is gone. A link that broke is opened again. */
static bool begin(RedisStore *store, const TablePlan *plan)
{
    arena_reset(&store->arena);
    store->base.error[0] = 0;
    store->failure[0] = 0;
    store->asked = 0;
    store->plan = plan;
    if (plan)
        store->keys = redis_keys_of(plan, &store->arena);
    return redis_link_is_open(&store->link) || redis_link_open(&store->link, redis_store_deadline()) || fail_link(store);
}

/* Takes an answer: not NULL and no error. */
static bool fine(RedisStore *store, const redisReply *reply)
{
    if (!reply)
        return fail_link(store);
    return reply->type != REDIS_REPLY_ERROR || store_fail(&store->base, "%s: %s", store->address.shown, reply->str);
}

static bool done(RedisStore *store, redisReply *reply)
{
    bool good = fine(store, reply);
    freeReplyObject(reply);
    return good;
}

/* ── Opening ── */

static bool check(const char *text, char *error, size_t error_size)
{
    Memory memory = {0};
    RedisAddress address;
    bool good = redis_address_read(&address, &memory, text, error, error_size);
    redis_address_free(&address);
    return good;
}

static void redis_close(Store *base)
{
    RedisStore *store = redis_of(base);
    redis_link_close(&store->link);
    redis_address_free(&store->address);
    arena_fini(&store->row);
    arena_fini(&store->arena);
    memory_free(base->memory, store, sizeof *store);
}

static Store *redis_open(Memory *memory, const char *text, bool create, char *error, size_t error_size)
{
    (void)create;
    RedisStore *store = memory_new(memory, sizeof *store);
    store->base.ops = &redis_store;
    store->base.memory = memory;
    arena_init(&store->arena, memory);
    arena_init(&store->row, memory);
    bool good = redis_address_read(&store->address, memory, text, error, error_size);
    redis_link_init(&store->link, &store->address);
    if (good && !redis_link_open(&store->link, redis_store_deadline())) {
        snprintf(error, error_size, "cannot use the store %s", store->link.error);
        good = false;
    }
    if (good)
        return &store->base;
    redis_close(&store->base);
    return NULL;
}

/* ── Names of the keys that there are ── */

typedef struct Names {
    Text *items;
    uint64_t n;
} Names;

static int by_bytes(const void *a, const void *b)
{
    return text_compare(*(const Text *)a, *(const Text *)b);
}

/* Sorted, each once: SCAN may tell a name twice. */
static void names_sort(Names *names)
{
    uint64_t kept = 0;
    if (names->n)
        qsort(names->items, names->n, sizeof *names->items, by_bytes);
    for (uint64_t i = 0; i < names->n; i++)
        if (kept == 0 || !text_is(names->items[kept - 1], names->items[i]))
            names->items[kept++] = names->items[i];
    names->n = kept;
}

static bool scan(RedisStore *store, const RedisKeys *keys, Names *names)
{
    char cursor[32] = "0", count[16];
    snprintf(count, sizeof count, "%d", SCAN_COUNT);
    Text pattern = redis_keys_pattern(keys, &store->arena);
    *names = (Names){0};
    do {
        const Text words[] = {TEXT("SCAN"), text_of(cursor), TEXT("MATCH"), pattern, TEXT("COUNT"), text_of(count)};
        redis_link_send(&store->link, words, 6);
        redisReply *reply = redis_link_reply(&store->link, redis_store_deadline());
        if (!fine(store, reply) || reply->elements != 2) {
            freeReplyObject(reply);
            return false;
        }
        snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        for (size_t i = 0; i < reply->element[1]->elements; i++) {
            names->items = arena_grow(&store->arena, names->items, names->n, sizeof *names->items);
            names->items[names->n++] = arena_text(&store->arena, redis_text(reply->element[1]->element[i]));
        }
        freeReplyObject(reply);
    } while (strcmp(cursor, "0") != 0);
    names_sort(names);
    return true;
}

/* ── Replacing a table ── */

/* Reads the answers to what was queued, all of them or those that are there. */
static bool take_queued(RedisStore *store, bool all)
{
    while (store->asked) {
        redisReply *reply = all ? redis_link_reply(&store->link, redis_store_deadline()) : redis_link_next(&store->link);
        if (!reply)
            return redis_link_is_open(&store->link) || fail_link(store);
        if (reply->type == REDIS_REPLY_ERROR && !store->failure[0])
            snprintf(store->failure, sizeof store->failure, "%s", reply->str);
        freeReplyObject(reply);
        store->asked--;
    }
    return true;
}

static bool queue(RedisStore *store, const Text *words, uint32_t n)
{
    redis_link_send(&store->link, words, n);
    store->asked++;
    if (!redis_link_push(&store->link, redis_store_deadline()))
        return fail_link(store);
    return store->asked < PIPELINE || take_queued(store, false);
}

/* HSET of the columns that have a value. Returns whether there is any. */
static bool queue_row(RedisStore *store, Text name, const Cell *cells, const uint8_t *states)
{
    Text words[2 + 2 * STORE_COLUMNS_MAX] = {TEXT("HSET"), name};
    uint32_t n = 2;
    for (uint32_t i = 0; i < store->plan->ncolumns; i++) {
        const Attribute *column = &store->plan->columns[i];
        if (states[i] != STATE_OK || (store->keys.mapped && store_is_key(store->plan, i)))
            continue;
        words[n++] = store->keys.mapped ? redis_field(column) : column->name;
        words[n++] = redis_text_of(column->type, cells[i], arena_raw(&store->row, CELL_TEXT_MAX));
    }
    return n == 2 || queue(store, words, n);
}

static Text name_of_row(RedisStore *store, const Cell *cells)
{
    Cell key[TABLE_KEYS_MAX];
    for (uint32_t k = 0; k < store->plan->nkeys; k++)
        key[k] = cells[store->plan->keys[k]];
    Text name = redis_key_write(&store->keys, key, &store->row);
    if (name.len == 0)
        store_fail(&store->base, "a key cannot be the name of a key in Redis: it is longer than 64 KiB, or its parts cannot be told");
    return name;
}

static bool put(Store *base, const Cell *cells, const uint8_t *states)
{
    RedisStore *store = redis_of(base);
    arena_reset(&store->row);
    Text name = name_of_row(store, cells);
    return name.len && queue_row(store, name, cells, states);
}

/* The columns, for whoever has no rules. A table of somebody else's hashes is not noted. */
static bool queue_schema(RedisStore *store)
{
    const Text words[] = {TEXT("HSET"), TEXT(REDIS_TABLES), store->plan->name,
                          store_schema_write(store->plan, &store->arena)};
    return store->keys.mapped || queue(store, words, 4);
}

static bool can_keep(RedisStore *store, const TablePlan *plan)
{
    for (uint32_t i = 0; i < plan->ncolumns; i++)
        if (!redis_keeps(plan->columns[i].type))
            return store_fail(&store->base, "column `%.*s`: a %s is not kept in Redis", TEXT_ARGS(plan->columns[i].name),
                              type_word(plan->columns[i].type));
    return true;
}

typedef enum Executed { EXECUTED, OVERTAKEN, NOT_EXECUTED } Executed;

/* Ends a transaction. OVERTAKEN: what was watched has changed, and nothing was done. */
static Executed execute(RedisStore *store)
{
    if (!take_queued(store, true))
        return NOT_EXECUTED;
    redisReply *reply = redis_link_ask(&store->link, redis_store_deadline(), "EXEC", NULL);
    if (reply && reply->type == REDIS_REPLY_ERROR && store->failure[0]) {
        store_fail(&store->base, "%s: %s", store->address.shown, store->failure);
        freeReplyObject(reply);
        return NOT_EXECUTED;
    }
    if (!fine(store, reply)) {
        freeReplyObject(reply);
        return NOT_EXECUTED;
    }
    Executed end = reply->type == REDIS_REPLY_NIL ? OVERTAKEN : EXECUTED;
    for (size_t i = 0; i < reply->elements && end == EXECUTED; i++)
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            store_fail(&store->base, "%s: %s", store->address.shown, reply->element[i]->str);
            end = NOT_EXECUTED;
        }
    freeReplyObject(reply);
    return end;
}

static bool discard(RedisStore *store)
{
    if (take_queued(store, true))
        freeReplyObject(redis_link_ask(&store->link, redis_store_deadline(), "DISCARD", NULL));
    return false;
}

static bool queue_unlinks(RedisStore *store, const Names *names)
{
    for (uint64_t i = 0; i < names->n; i++)
        if (!queue(store, (const Text[]){TEXT("UNLINK"), names->items[i]}, 2))
            return false;
    return true;
}

static Executed replace_once(RedisStore *store, StoreFill *fill, void *owner, uint32_t attempt)
{
    Names names;
    if (!done(store, redis_link_ask(&store->link, redis_store_deadline(), "WATCH", REDIS_TABLES, NULL)) ||
        !scan(store, &store->keys, &names) || !queue(store, &TEXT("MULTI"), 1) || !queue_unlinks(store, &names))
        return NOT_EXECUTED;
    if (!fill(owner, &store->base, attempt)) {
        discard(store);
        return NOT_EXECUTED;
    }
    return queue_schema(store) ? execute(store) : NOT_EXECUTED;
}

static bool replace(Store *base, const TablePlan *plan, StoreFill *fill, void *owner)
{
    RedisStore *store = redis_of(base);
    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        if (!begin(store, plan) || !can_keep(store, plan))
            return false;
        if (store->keys.mapped)
            return store_fail(base, "the hashes of `%.*s` are somebody else's: rows are set one by one, not replaced",
                              TEXT_ARGS(plan->name));
        Executed end = replace_once(store, fill, owner, attempt);
        if (end != OVERTAKEN)
            return end == EXECUTED;
    }
    return store_fail(base, "others wrote tables again and again");
}

/* ── One row ── */

typedef struct Row {
    Cell cells[STORE_COLUMNS_MAX];
    uint8_t states[STORE_COLUMNS_MAX];
    redisReply *reply; /* holds the strings */
} Row;

/* Reads a row; false on failure, also if what is there is no row. */
static bool read_row(RedisStore *store, const Cell *key, Text name, Row *row, bool *found)
{
    char detail[256];
    redis_row_ask(&store->link, &store->keys, name);
    row->reply = redis_link_reply(&store->link, redis_store_deadline());
    if (!row->reply)
        return fail_link(store);
    RedisRow kind = redis_row_read(&store->keys, key, row->reply, row->cells, row->states, detail, sizeof detail);
    *found = kind == REDIS_ROW_FOUND;
    if (kind == REDIS_ROW_FOUND || kind == REDIS_ROW_NONE)
        return true;
    return store_fail(&store->base, "key %.*s: %s", TEXT_ARGS(name), detail);
}

static bool queue_change(RedisStore *store, Text name, const Row *row, const uint8_t *before)
{
    if (!queue(store, &TEXT("MULTI"), 1) || !queue_row(store, name, row->cells, row->states))
        return false;
    for (uint32_t i = 0; i < store->plan->ncolumns; i++) {
        const Attribute *column = &store->plan->columns[i];
        Text field = store->keys.mapped ? redis_field(column) : column->name;
        if (before[i] == STATE_OK && row->states[i] != STATE_OK && !queue(store, (const Text[]){TEXT("HDEL"), name, field}, 3))
            return false;
    }
    return queue_schema(store);
}

static Executed change_once(RedisStore *store, const Cell *key, StoreEdit *edit, void *owner)
{
    Row row = {.reply = NULL};
    uint8_t before[STORE_COLUMNS_MAX];
    bool found = false;
    Text name = redis_key_write(&store->keys, key, &store->arena);
    if (name.len == 0)
        return store_fail(&store->base, "no key in Redis can be called so"), NOT_EXECUTED;
    redis_link_send(&store->link, (const Text[]){TEXT("WATCH"), name}, 2);
    bool good = done(store, redis_link_reply(&store->link, redis_store_deadline())) &&
                read_row(store, key, name, &row, &found);
    if (good && !found)
        memset(row.states, STATE_NULL, sizeof row.states);
    memcpy(before, row.states, sizeof before);
    good = good && edit(owner, found, row.cells, row.states);
    Executed end = good && queue_change(store, name, &row, before) ? execute(store) : NOT_EXECUTED;
    freeReplyObject(row.reply);
    return end;
}

static bool change(Store *base, const TablePlan *plan, const Cell *key, StoreEdit *edit, void *owner)
{
    RedisStore *store = redis_of(base);
    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        if (!begin(store, plan) || !can_keep(store, plan))
            return false;
        Executed end = change_once(store, key, edit, owner);
        if (end != OVERTAKEN)
            return end == EXECUTED;
    }
    return store_fail(base, "others wrote the row again and again");
}

static bool del(Store *base, const TablePlan *plan, const Cell *key, bool *found)
{
    RedisStore *store = redis_of(base);
    *found = false;
    if (!begin(store, plan))
        return false;
    Text name = redis_key_write(&store->keys, key, &store->arena);
    if (name.len == 0)
        return true;
    redis_link_send(&store->link, (const Text[]){TEXT("DEL"), name}, 2);
    redisReply *reply = redis_link_reply(&store->link, redis_store_deadline());
    bool good = fine(store, reply);
    *found = good && reply->integer > 0;
    freeReplyObject(reply);
    return good;
}

/* ── Reading ── */

static bool get(Store *base, const TablePlan *plan, const Cell *key, StoreSink sink, bool *found)
{
    RedisStore *store = redis_of(base);
    Row row = {.reply = NULL};
    *found = false;
    if (!begin(store, plan))
        return false;
    Text name = redis_key_write(&store->keys, key, &store->arena);
    bool good = name.len == 0 || read_row(store, key, name, &row, found);
    if (good && *found)
        sink.row(sink.owner, row.cells, row.states);
    freeReplyObject(row.reply);
    return good;
}

/* Hands on what came for a name. *stop: the sink has enough. */
static bool pass_row(RedisStore *store, Text name, const redisReply *reply, Row *row, StoreSink sink, bool *stop)
{
    Cell key[TABLE_KEYS_MAX];
    char detail[256];
    if (!redis_key_read(&store->keys, name, &store->arena, key))
        return true; /* another's key that looks alike */
    switch (redis_row_read(&store->keys, key, reply, row->cells, row->states, detail, sizeof detail)) {
    case REDIS_ROW_FOUND:
        *stop = !sink.row(sink.owner, row->cells, row->states);
        return true;
    case REDIS_ROW_NONE:
        return true;
    case REDIS_ROW_BAD:
        if (sink.rejected)
            sink.rejected(sink.owner, arena_printf(&store->arena, "key %.*s: %s", TEXT_ARGS(name), detail));
        return true;
    default:
        return store_fail(&store->base, "%s: %s", store->address.shown, detail);
    }
}

static bool rows(Store *base, const TablePlan *plan, StoreSink sink)
{
    RedisStore *store = redis_of(base);
    Names names;
    Row row;
    if (!begin(store, plan) || !scan(store, &store->keys, &names))
        return false;
    bool good = true, stop = false;
    for (uint64_t from = 0; from < names.n && good && !stop; from += PIPELINE) {
        uint64_t to = from + PIPELINE < names.n ? from + PIPELINE : names.n;
        for (uint64_t i = from; i < to; i++)
            redis_row_ask(&store->link, &store->keys, names.items[i]);
        for (uint64_t i = from; i < to; i++) {
            redisReply *reply = redis_link_reply(&store->link, redis_store_deadline());
            if (!reply)
                return fail_link(store);
            good = good && (stop || pass_row(store, names.items[i], reply, &row, sink, &stop));
            freeReplyObject(reply);
        }
    }
    return good;
}

/* ── The tables ── */

static bool tables(Store *base, void (*visit)(void *owner, Text table, uint64_t rows), void *owner)
{
    RedisStore *store = redis_of(base);
    if (!begin(store, NULL))
        return false;
    redisReply *reply = redis_link_ask(&store->link, redis_store_deadline(), "HKEYS", REDIS_TABLES, NULL);
    Names list = {0}, names;
    bool good = fine(store, reply);
    for (size_t i = 0; good && i < reply->elements; i++) {
        list.items = arena_grow(&store->arena, list.items, list.n, sizeof *list.items);
        list.items[list.n++] = arena_text(&store->arena, redis_text(reply->element[i]));
    }
    freeReplyObject(reply);
    names_sort(&list);
    for (uint64_t i = 0; good && i < list.n; i++) {
        RedisKeys keys = redis_keys_of(&(TablePlan){.name = list.items[i], .nkeys = 1}, &store->arena);
        good = scan(store, &keys, &names);
        if (good)
            visit(owner, list.items[i], names.n);
    }
    return good;
}

static bool table(Store *base, Text name, Arena *arena, TablePlan *plan, bool *found)
{
    RedisStore *store = redis_of(base);
    *found = false;
    if (!begin(store, NULL))
        return false;
    redis_link_send(&store->link, (const Text[]){TEXT("HGET"), TEXT(REDIS_TABLES), name}, 3);
    redisReply *reply = redis_link_reply(&store->link, redis_store_deadline());
    bool good = fine(store, reply);
    *found = good && reply->type == REDIS_REPLY_STRING;
    if (*found && !store_schema_read(redis_text(reply), name, arena, plan))
        good = store_fail(base, "%s: what " REDIS_TABLES " says of `%.*s` is damaged", store->address.shown, TEXT_ARGS(name));
    freeReplyObject(reply);
    return good;
}

const StoreOps redis_store = {
    .open = redis_open, .close = redis_close, .check = check, .replace = replace, .put = put, .change = change,
    .del = del, .get = get, .rows = rows, .tables = tables, .table = table, .watch = redis_watch,
};
