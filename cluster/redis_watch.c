/* Watching a table in Redis: its keys are followed, and what a changed key holds is read anew. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "cluster/redis_store.h"
#include "cluster/redis_tracking.h"

enum { LOOK_MS = 1000, RETRY_MS = 100 };

typedef struct Watch {
    const StoreNews *news;
    RedisTracking tracking;
    RedisKeys keys;
    Arena arena, names; /* of the table; of what changed lately */
    Text *changed;
    uint64_t n;
    bool all;
} Watch;

static void note(void *owner, Text name)
{
    Watch *w = owner;
    w->changed = arena_grow(&w->names, w->changed, w->n, sizeof *w->changed);
    w->changed[w->n++] = arena_text(&w->names, name);
}

static void note_all(void *owner)
{
    ((Watch *)owner)->all = true;
}

static void tell_row(Watch *w, const Cell *key, Text name, const redisReply *reply)
{
    Cell cells[STORE_COLUMNS_MAX];
    uint8_t states[STORE_COLUMNS_MAX];
    char detail[256];
    switch (redis_row_read(&w->keys, key, reply, cells, states, detail, sizeof detail)) {
    case REDIS_ROW_FOUND:
        w->news->set(w->news->owner, cells, states);
        break;
    case REDIS_ROW_NONE:
        w->news->deleted(w->news->owner, key);
        break;
    default:
        w->news->gap(w->news->owner, arena_printf(&w->names, "key %.*s: %s", TEXT_ARGS(name), detail));
    }
}

/* Tells what was noted. False: the connection broke. */
static bool tell(Watch *w)
{
    if (w->all)
        w->news->gap(w->news->owner, TEXT("the database was emptied"));
    bool good = true;
    for (uint64_t i = 0; i < w->n && good; i++) {
        Cell key[TABLE_KEYS_MAX];
        if (!redis_key_read(&w->keys, w->changed[i], &w->names, key))
            continue;
        redis_row_ask(&w->tracking.data, &w->keys, w->changed[i]);
        redisReply *reply = redis_link_reply(&w->tracking.data, redis_store_deadline());
        good = reply != NULL;
        if (good)
            tell_row(w, key, w->changed[i], reply);
        freeReplyObject(reply);
    }
    if (!good)
        w->tracking.error = w->tracking.data.error;
    w->all = false;
    w->changed = NULL;
    w->n = 0;
    arena_reset(&w->names);
    return good;
}

/* Waits for a descriptor or for so long; true = stop. */
static bool wait_for(int descriptor, int stop, int ms)
{
    struct pollfd polled[] = {{.fd = stop, .events = POLLIN}, {.fd = descriptor, .events = POLLIN}};
    return (poll(polled, 2, ms) < 0 && errno != EINTR) || polled[0].revents;
}

/* Follows until the connection breaks (false), or it is to stop. */
static bool follow(Watch *w, int stop)
{
    const RedisNews news = {.owner = w, .changed = note, .all = note_all};
    while (!wait_for(w->tracking.news.context->fd, stop, LOOK_MS)) {
        bool due = redis_now() - w->tracking.checked > (int64_t)LOOK_MS * 1000000;
        if (!redis_tracking_read(&w->tracking, &news) ||
            (due && !redis_tracking_check(&w->tracking, &news, redis_store_deadline())) || !tell(w))
            return false;
    }
    return true;
}

bool redis_watch(Store *base, const TablePlan *plan, int stop, const StoreNews *news)
{
    RedisStore *store = (RedisStore *)base;
    Watch w = {.news = news};
    arena_init(&w.arena, base->memory);
    arena_init(&w.names, base->memory);
    w.keys = redis_keys_of(plan, &w.arena);
    redis_tracking_init(&w.tracking, &store->address, &w.keys.text[0], 1);
    bool good = redis_tracking_open(&w.tracking, redis_store_deadline());
    if (!good)
        store_fail(base, "%s", w.tracking.error);
    for (bool stopped = false, first = true; good && !stopped; first = false) {
        if (first)
            news->ready(news->owner);
        stopped = follow(&w, stop);
        if (!stopped)
            news->gap(news->owner, text_of(w.tracking.error));
        while (!stopped && !redis_tracking_open(&w.tracking, redis_store_deadline()))
            stopped = wait_for(-1, stop, RETRY_MS);
    }
    redis_tracking_close(&w.tracking);
    arena_fini(&w.names);
    arena_fini(&w.arena);
    return good;
}
