#include "cluster/redis_cache.h"

#include <poll.h>

#include "cluster/limits.h"
#include "cluster/redis_tracking.h"

enum {
    CHECK_NS = 1000000000, /* between two questions whether news would come */
    RETRY_NS = 100000000,  /* between two attempts to come back, at least */
    EFFORT_NS = 20000000,  /* how long the first attempt behind the waiting may take */
    EFFORT_MAX_NS = 1000000000,
    PIPELINE = 512,
    TOLD_MAX = 5,          /* times that its going and coming is said */
};

/* One table, with what its source needs. */
typedef struct Cached {
    RedisCache *cache;
    Table *table; /* NULL = not in charge */
    RedisKeys keys;
} Cached;

/* A key that was read in vain, to be asked for again after the batch. */
typedef struct Vain {
    uint32_t table, row;
} Vain;

struct RedisCache {
    const Plan *plan;
    Memory *memory;
    TablesOptions options;
    RedisAddress address;
    RedisTracking tracking;
    Arena arena, scratch; /* for good; for a fetch */
    Cached *tables;       /* by the plan's index */
    Text *prefixes;
    Vain *vain;
    uint32_t nvain, vain_room;
    bool stale;           /* what is kept is to be dropped when the batch is over */
    bool away;
    int64_t since, retry; /* away since; the next attempt, not before */
    int64_t effort;       /* how long it may take */
    uint64_t outages;
    int64_t away_ns;      /* in all outages that ended */
    TablesStats stats;
    Cell cells[STORE_COLUMNS_MAX];
    uint8_t states[STORE_COLUMNS_MAX];
};

/* ── Dropping ── */

static void drop_all(RedisCache *c)
{
    uint64_t known = 0;
    for (uint32_t t = 0; t < c->plan->ntables; t++)
        if (c->tables[t].table) {
            known += table_count(c->tables[t].table);
            table_empty(c->tables[t].table);
        }
    c->nvain = 0;
    c->stats.dropped += known > 0;
}

/* What was read in vain is not kept. */
static void forget_vain(RedisCache *c)
{
    for (uint32_t i = 0; i < c->nvain; i++) {
        Cell key[TABLE_KEYS_MAX];
        Table *table = c->tables[c->vain[i].table].table;
        table_row_key(table, c->vain[i].row, key);
        table_forget(table, key);
    }
    c->nvain = 0;
}

static void changed(void *owner, Text name)
{
    RedisCache *c = owner;
    for (uint32_t t = 0; t < c->plan->ntables; t++) {
        Cell key[TABLE_KEYS_MAX];
        const Cached *cached = &c->tables[t];
        if (cached->table && redis_key_read(&cached->keys, name, &c->scratch, key))
            c->stats.invalidated += table_forget(cached->table, key);
    }
    arena_reset(&c->scratch);
}

static void all_changed(void *owner)
{
    drop_all(owner);
}

static void evict(RedisCache *c)
{
    uint64_t total = 0, most = (uint64_t)limit_default(LIMIT_STATE_CACHE_ROWS);
    for (uint32_t t = 0; t < c->plan->ntables; t++)
        total += c->tables[t].table ? table_count(c->tables[t].table) : 0;
    for (uint32_t t = 0; t < c->plan->ntables && total > most; t++) {
        if (!c->tables[t].table)
            continue;
        uint32_t count = table_count(c->tables[t].table);
        c->stats.evicted += table_evict(c->tables[t].table, (uint32_t)(count * most / total));
    }
}

/* ── Going away and coming back ── */

static void seconds_print(int64_t ns, FILE *out)
{
    fprintf(out, "%.1f s", (double)ns / 1e9);
}

static void go_away(RedisCache *c, int64_t since)
{
    c->stale = true;
    if (c->away)
        return;
    c->away = true;
    c->since = since;
    c->retry = 0;
    c->effort = EFFORT_NS;
    c->outages++;
    if (c->outages > TOLD_MAX)
        return;
    fprintf(c->options.messages, "cep: %s; look-ups wait ", c->tracking.error);
    seconds_print(c->options.wait, c->options.messages);
    fprintf(c->options.messages, ", then find no row\n");
}

static void come_back(RedisCache *c)
{
    int64_t away = redis_now() - c->since;
    if (!c->away)
        return;
    c->away = false;
    c->away_ns += away;
    if (c->outages > TOLD_MAX)
        return;
    fprintf(c->options.messages, "cep: %s is back after ", c->address.shown);
    seconds_print(away, c->options.messages);
    fputc('\n', c->options.messages);
}

/* Opens the connections. What was kept before is stale: nobody told what changed meanwhile. A server that does not
 * answer takes a tenth of the time at most. */
static void reopen(RedisCache *c)
{
    int64_t start = redis_now(), awaited = c->away ? c->since + c->options.wait : start + c->options.wait;
    int64_t deadline = awaited > start + c->effort ? awaited : start + c->effort;
    c->stale = true;
    bool good = redis_tracking_open(&c->tracking, deadline);
    int64_t now = redis_now(), took = now - start;
    if (good) {
        c->effort = EFFORT_NS;
        come_back(c);
        return;
    }
    go_away(c, start);
    if (took >= c->effort && c->effort < EFFORT_MAX_NS)
        c->effort *= 2;
    c->retry = now + (took * 10 > RETRY_NS ? took * 10 : RETRY_NS);
}

/* In a batch: whether Redis can be asked. Waits for one that is away as long as it is to be waited for. */
static bool reach(RedisCache *c)
{
    while (!redis_tracking_is_open(&c->tracking)) {
        int64_t now = redis_now(), end = c->since + c->options.wait;
        if (c->away && now >= end)
            return false;
        if (c->away && now < c->retry) {
            int64_t until = c->retry < end ? c->retry : end;
            poll(NULL, 0, (int)((until - now) / 1000000) + 1);
            continue;
        }
        reopen(c);
    }
    return true;
}

/* ── Fetching ── */

static void reject(RedisCache *c, const char *reason, const Cached *cached, Text name, const char *detail)
{
    Text text = arena_printf(&c->scratch, "table `%.*s`: key %.*s: %s", TEXT_ARGS(cached->keys.plan->name),
                             name.len > 200 ? 200 : (int)name.len, name.p, detail);
    rejections_add(c->options.rejections, &(Rejected){.reason = reason, .detail = text});
}

/* The row stays as if there were none, until the batch is over. */
static void in_vain(RedisCache *c, const Cached *cached, uint32_t row, Text name, const char *why)
{
    if (c->nvain == c->vain_room) {
        uint32_t room = c->vain_room ? c->vain_room * 2 : 64;
        c->vain = memory_resize(c->memory, c->vain, c->vain_room * sizeof *c->vain, room * sizeof *c->vain);
        c->vain_room = room;
    }
    c->vain[c->nvain++] = (Vain){(uint32_t)(cached - c->tables), row};
    c->stats.unavailable++;
    reject(c, "table unavailable", cached, name, why);
}

/* Puts what came. False: Redis cannot give rows now. */
static bool take_row(RedisCache *c, Cached *cached, uint32_t row, Text name, const redisReply *reply)
{
    Cell key[TABLE_KEYS_MAX];
    char detail[256];
    table_row_key(cached->table, row, key);
    switch (redis_row_read(&cached->keys, key, reply, c->cells, c->states, detail, sizeof detail)) {
    case REDIS_ROW_FOUND:
        table_put(cached->table, c->cells, c->states);
        return true;
    case REDIS_ROW_NONE:
        return true;
    case REDIS_ROW_BAD:
        reject(c, "table row", cached, name, detail);
        return true;
    case REDIS_ROW_TROUBLE:
        break;
    }
    if (redis_trouble(reply) == REDIS_AWAY)
        return redis_link_break(&c->tracking.data, REDIS_AWAY, detail);
    in_vain(c, cached, row, name, detail);
    return true;
}

/* Asks for rows in one pipeline and puts them; returns how many are settled, fewer than n when Redis went away. */
static uint32_t ask(RedisCache *c, Cached *cached, const uint32_t *rows, const Text *names, uint32_t n)
{
    int64_t start = redis_now(), deadline = start + (c->options.wait > EFFORT_NS ? c->options.wait : EFFORT_NS);
    uint32_t done = 0;
    for (uint32_t i = 0; i < n; i++)
        if (names[i].len)
            redis_row_ask(&c->tracking.data, &cached->keys, names[i]);
    c->stats.fetches++;
    for (; done < n; done++) {
        if (names[done].len == 0)
            continue; /* no key of Redis can be called so: it has no row */
        redisReply *reply = redis_link_reply(&c->tracking.data, deadline);
        bool good = reply && take_row(c, cached, rows[done], names[done], reply);
        freeReplyObject(reply);
        if (!good)
            break;
    }
    c->stats.fetched += done;
    if (done < n) {
        c->tracking.error = c->tracking.data.error;
        redis_tracking_close(&c->tracking);
        go_away(c, start);
    }
    return done;
}

/* The source of a table: see TableSource. While a batch runs, what is there stays, also when a connection breaks. */
static void fetch(void *owner, const uint32_t *rows, uint32_t n)
{
    Cached *cached = owner;
    RedisCache *c = cached->cache;
    Text *names = arena_raw(&c->scratch, n * sizeof *names);
    for (uint32_t i = 0; i < n; i++) {
        Cell key[TABLE_KEYS_MAX];
        table_row_key(cached->table, rows[i], key);
        names[i] = redis_key_write(&cached->keys, key, &c->scratch);
    }
    uint32_t done = 0;
    while (done < n && reach(c))
        done += ask(c, cached, rows + done, names + done, n - done < PIPELINE ? n - done : PIPELINE);
    for (; done < n; done++)
        in_vain(c, cached, rows[done], names[done], c->tracking.error);
    arena_reset(&c->scratch);
}

/* ── Turns ── */

void redis_cache_turn(RedisCache *c, const Batch *batch)
{
    const RedisNews news = {.owner = c, .changed = changed, .all = all_changed};
    (void)batch;
    forget_vain(c);
    int64_t now = redis_now();
    if (redis_tracking_is_open(&c->tracking)) {
        int64_t deadline = now + (c->options.wait > EFFORT_NS ? c->options.wait : EFFORT_NS);
        if (!redis_tracking_read(&c->tracking, &news) ||
            (now >= c->tracking.checked + CHECK_NS && !redis_tracking_check(&c->tracking, &news, deadline)))
            go_away(c, now);
    }
    if (!redis_tracking_is_open(&c->tracking) && now >= c->retry)
        reopen(c);
    if (c->stale)
        drop_all(c);
    c->stale = false;
    evict(c);
}

int redis_cache_descriptor(const RedisCache *c)
{
    return redis_tracking_is_open(&c->tracking) ? c->tracking.news.context->fd : -1;
}

int redis_cache_due(const RedisCache *c)
{
    int64_t due = redis_tracking_is_open(&c->tracking) ? c->tracking.checked + CHECK_NS : c->retry;
    int64_t left = due - redis_now();
    return left <= 0 ? 0 : (int)(left / 1000000) + 1;
}

TablesStats redis_cache_stats(const RedisCache *c)
{
    TablesStats stats = c->stats;
    stats.away = c->away;
    for (uint32_t t = 0; t < c->plan->ntables; t++)
        stats.cached += c->tables[t].table ? table_count(c->tables[t].table) : 0;
    return stats;
}

void redis_cache_print(const RedisCache *c, FILE *out)
{
    if (!c->outages)
        return;
    fprintf(out, "%s was away ", c->address.shown);
    count_print(c->outages, out);
    fprintf(out, c->outages == 1 ? " time, " : " times, ");
    seconds_print(c->away_ns + (c->away ? redis_now() - c->since : 0), out);
    fprintf(out, " in all%s; ", c->away ? ", and still is" : "");
    count_print(c->stats.unavailable, out);
    fprintf(out, " keys were read in vain\n");
}

/* ── Making ── */

bool redis_cache_has(const RedisCache *c, uint32_t table)
{
    return c->tables[table].table != NULL;
}

static bool is_followed(const TablePlan *plan)
{
    return plan->source_format.len == 0 || text_is_c(plan->source_format, "redis");
}

RedisCache *redis_cache_new(const Plan *plan, Memory *memory, Table *const *tables, const char *address,
                            const TablesOptions *options)
{
    bool any = false;
    for (uint32_t t = 0; t < plan->ntables; t++)
        any |= is_followed(&plan->tables[t]);
    if (!any)
        return NULL;
    RedisCache *c = memory_new(memory, sizeof *c);
    char error[512];
    c->plan = plan;
    c->memory = memory;
    c->options = *options;
    c->effort = EFFORT_NS;
    if (options->wait < 0)
        c->options.wait = limit_default(LIMIT_STATE_WAIT_MS) * 1000000;
    arena_init(&c->arena, memory);
    arena_init(&c->scratch, memory);
    redis_address_read(&c->address, memory, address, error, sizeof error);
    c->tables = ARENA_ARRAY(&c->arena, Cached, plan->ntables);
    c->prefixes = ARENA_ARRAY(&c->arena, Text, plan->ntables);
    uint32_t n = 0;
    for (uint32_t t = 0; t < plan->ntables; t++) {
        if (!is_followed(&plan->tables[t]))
            continue;
        c->tables[t] = (Cached){.cache = c, .table = tables[t], .keys = redis_keys_of(&plan->tables[t], &c->arena)};
        c->prefixes[n++] = c->tables[t].keys.text[0];
        table_follow(tables[t], (TableSource){.owner = &c->tables[t], .fetch = fetch});
    }
    redis_tracking_init(&c->tracking, &c->address, c->prefixes, redis_prefixes_reduce(c->prefixes, n));
    return c;
}

void redis_cache_free(RedisCache *c)
{
    if (!c)
        return;
    redis_tracking_close(&c->tracking);
    redis_address_free(&c->address);
    memory_free(c->memory, c->vain, c->vain_room * sizeof *c->vain);
    arena_fini(&c->scratch);
    arena_fini(&c->arena);
    memory_free(c->memory, c, sizeof *c);
}
