#include "cluster/redis_tracking.h"

#include <stdio.h>

enum { PREFIXES_MAX = 256 }; /* with more, all keys are followed */

void redis_tracking_init(RedisTracking *t, const RedisAddress *address, const Text *prefixes, uint32_t n)
{
    *t = (RedisTracking){.prefixes = prefixes, .nprefixes = n};
    redis_link_init(&t->data, address);
    redis_link_init(&t->news, address);
}

void redis_tracking_close(RedisTracking *t)
{
    redis_link_close(&t->data);
    redis_link_close(&t->news);
}

bool redis_tracking_is_open(const RedisTracking *t)
{
    return redis_link_is_open(&t->data) && redis_link_is_open(&t->news);
}

/* One link failed, which closed it; the other is of no use alone. */
static bool fail(RedisTracking *t, const RedisLink *failed)
{
    t->trouble = failed->trouble;
    t->error = failed->error;
    redis_tracking_close(t);
    return false;
}

/* ── News ── */

static void tell(const redisReply *names, const RedisNews *news)
{
    if (names->type != REDIS_REPLY_ARRAY) {
        news->all(news->owner);
        return;
    }
    for (size_t i = 0; i < names->elements; i++)
        if (names->element[i]->type == REDIS_REPLY_STRING)
            news->changed(news->owner, redis_text(names->element[i]));
}

/* Takes a message of the news connection: news, or the answer to a ping. */
static void take(const redisReply *message, const RedisNews *news, bool *pong)
{
    if (message->type != REDIS_REPLY_ARRAY || message->elements == 0 || message->element[0]->type != REDIS_REPLY_STRING)
        return;
    Text kind = redis_text(message->element[0]);
    if (text_is_c(kind, "message") && message->elements == 3)
        tell(message->element[2], news);
    *pong |= text_is_c(kind, "pong");
}

bool redis_tracking_read(RedisTracking *t, const RedisNews *news)
{
    redisReply *message;
    bool pong = false;
    while ((message = redis_link_next(&t->news))) {
        take(message, news, &pong);
        freeReplyObject(message);
    }
    return redis_link_is_open(&t->news) || fail(t, &t->news);
}

/* ── Are they still there? ── */

static const redisReply *field_named(const redisReply *map, const char *name)
{
    for (size_t i = 0; map->type == REDIS_REPLY_ARRAY && i + 1 < map->elements; i += 2)
        if (map->element[i]->type == REDIS_REPLY_STRING && text_is_c(redis_text(map->element[i]), name))
            return map->element[i + 1];
    return NULL;
}

static bool has_word(const redisReply *list, const char *word)
{
    for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i < list->elements; i++)
        if (list->element[i]->type == REDIS_REPLY_STRING && text_is_c(redis_text(list->element[i]), word))
            return true;
    return false;
}

/* Whether the server would still send what changes to the news connection. */
static bool is_tracking(RedisTracking *t, int64_t deadline)
{
    redisReply *info = redis_link_ask(&t->data, deadline, "CLIENT", "TRACKINGINFO", NULL);
    if (!info)
        return false;
    const redisReply *flags = field_named(info, "flags");
    bool good = has_word(flags, "on") && !has_word(flags, "broken_redirect");
    freeReplyObject(info);
    return good || redis_link_break(&t->data, REDIS_AWAY, "it does not tell of changes any more");
}

bool redis_tracking_check(RedisTracking *t, const RedisNews *news, int64_t deadline)
{
    bool pong = false;
    redis_link_say(&t->news, "PING", NULL);
    while (!pong) {
        redisReply *message = redis_link_reply(&t->news, deadline);
        if (!message)
            return fail(t, &t->news);
        take(message, news, &pong);
        freeReplyObject(message);
    }
    if (!is_tracking(t, deadline))
        return fail(t, &t->data);
    t->checked = redis_now();
    return true;
}

/* ── Opening ── */

/* Takes an answer; what it must be is said if it is an error. */
static bool agreed(RedisLink *link, redisReply *reply, const char *what)
{
    if (!reply)
        return false;
    char text[200];
    RedisTrouble trouble = redis_trouble(reply);
    snprintf(text, sizeof text, "%s: %.150s", what, trouble == REDIS_FINE ? "" : reply->str);
    freeReplyObject(reply);
    return trouble == REDIS_FINE || redis_link_break(link, trouble, text);
}

static bool subscribe(RedisLink *news, int64_t deadline, char id[24])
{
    redisReply *reply = redis_link_ask(news, deadline, "CLIENT", "ID", NULL);
    if (!reply)
        return false;
    snprintf(id, 24, "%lld", reply->integer);
    if (!agreed(news, reply, "CLIENT ID"))
        return false;
    return agreed(news, redis_link_ask(news, deadline, "SUBSCRIBE", "__redis__:invalidate", NULL),
                  "it does not let changes be heard");
}

static bool track(RedisTracking *t, const char *id, int64_t deadline)
{
    Text words[6 + 2 * PREFIXES_MAX] = {TEXT("CLIENT"), TEXT("TRACKING"), TEXT("ON"), TEXT("REDIRECT"), text_of(id),
                                        TEXT("BCAST")};
    uint32_t n = 6;
    for (uint32_t i = 0; i < t->nprefixes && t->nprefixes <= PREFIXES_MAX; i++) {
        words[n++] = TEXT("PREFIX");
        words[n++] = t->prefixes[i];
    }
    redis_link_send(&t->data, words, n);
    return agreed(&t->data, redis_link_reply(&t->data, deadline), "it does not let changes be followed");
}

bool redis_tracking_open(RedisTracking *t, int64_t deadline)
{
    char id[24];
    redis_tracking_close(t);
    if (!redis_link_open(&t->news, deadline) || !subscribe(&t->news, deadline, id))
        return fail(t, &t->news);
    if (!redis_link_open(&t->data, deadline) || !track(t, id, deadline))
        return fail(t, &t->data);
    t->checked = redis_now();
    return true;
}

uint32_t redis_prefixes_reduce(Text *prefixes, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool covered = false;
        for (uint32_t j = 0; j < n && !covered; j++) {
            bool begins = prefixes[i].len >= prefixes[j].len && text_is((Text){prefixes[i].p, prefixes[j].len}, prefixes[j]);
            covered = j != i && begins && (prefixes[i].len != prefixes[j].len || j < i);
        }
        if (!covered)
            prefixes[kept++] = prefixes[i];
    }
    return kept;
}
