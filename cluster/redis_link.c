/* hiredis makes and reads the protocol; its blocking calls wait without a common deadline, so the descriptor does not
 * block and is polled here. */
#include "cluster/redis_link.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/sds.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "cep/zone.h"
#include "cluster/limits.h"
#include "cluster/store.h"

enum { WORDS_MAX = 2 * STORE_COLUMNS_MAX + 8, SAID_MAX = 16, PUSH_BYTES = 64 << 10 };

int64_t redis_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

void redis_link_init(RedisLink *link, const RedisAddress *address)
{
    *link = (RedisLink){.address = address};
}

void redis_link_close(RedisLink *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
}

/* Redis may quote what it was told; nobody tells it a password but AUTH, whose answers do not. */
bool redis_link_break(RedisLink *link, RedisTrouble trouble, const char *what)
{
    snprintf(link->error, sizeof link->error, "%s: %s", link->address->shown, what);
    link->trouble = trouble;
    redis_link_close(link);
    return false;
}

/* Waits for events; false when the deadline passes. */
static bool wait_for(RedisLink *link, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - redis_now();
        struct pollfd polled = {.fd = link->context->fd, .events = events};
        int n = poll(&polled, 1, left <= 0 ? 0 : (int)(left / 1000000) + 1);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return redis_link_break(link, REDIS_AWAY, strerror(errno));
        if (left <= 0)
            return redis_link_break(link, REDIS_AWAY, "no answer in time");
    }
}

/* Writes what the other side takes now. Not by hiredis, whose write to a closed connection raises SIGPIPE. */
static bool write_some(RedisLink *link, bool *done)
{
    redisContext *context = link->context;
    size_t n = sdslen(context->obuf);
    ssize_t sent = n ? send(context->fd, context->obuf, n, MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return redis_link_break(link, REDIS_AWAY, strerror(errno));
    if (sent == (ssize_t)n)
        sdsclear(context->obuf);
    else if (sent > 0)
        sdsrange(context->obuf, (int)sent, -1);
    *done = sdslen(context->obuf) == 0;
    return true;
}

static bool read_some(RedisLink *link)
{
    if (redisBufferRead(link->context) != REDIS_OK)
        return redis_link_break(link, REDIS_AWAY, link->context->errstr);
    if (link->context->reader->len > (size_t)limit_default(LIMIT_STATE_ANSWER_BYTES))
        return redis_link_break(link, REDIS_AWAY, limit_message(LIMIT_STATE_ANSWER_BYTES));
    return true;
}

static bool parse_one(RedisLink *link, redisReply **reply)
{
    void *got = NULL;
    if (redisGetReplyFromReader(link->context, &got) != REDIS_OK)
        return redis_link_break(link, REDIS_AWAY, link->context->errstr);
    *reply = got;
    return true;
}

redisReply *redis_link_next(RedisLink *link)
{
    redisReply *reply = NULL;
    if (!link->context || !parse_one(link, &reply) || reply)
        return reply;
    struct pollfd polled = {.fd = link->context->fd, .events = POLLIN};
    if (poll(&polled, 1, 0) > 0 && read_some(link))
        parse_one(link, &reply);
    return reply;
}

redisReply *redis_link_reply(RedisLink *link, int64_t deadline)
{
    redisReply *reply = NULL;
    bool sent = false;
    while (link->context && parse_one(link, &reply) && !reply) {
        if (!sent && !write_some(link, &sent))
            return NULL;
        if (!wait_for(link, sent ? POLLIN : POLLIN | POLLOUT, deadline))
            return NULL;
        struct pollfd polled = {.fd = link->context->fd, .events = POLLIN};
        if (poll(&polled, 1, 0) > 0 && !read_some(link))
            return NULL;
    }
    return reply;
}

void redis_link_send(RedisLink *link, const Text *words, uint32_t n)
{
    const char *items[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    assert(n <= WORDS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        items[i] = words[i].len ? words[i].p : "";
        lengths[i] = words[i].len;
    }
    if (link->context)
        redisAppendCommandArgv(link->context, (int)n, items, lengths);
}

static void say(RedisLink *link, const char *word, va_list rest)
{
    Text words[SAID_MAX];
    uint32_t n = 0;
    for (; word; word = va_arg(rest, const char *)) {
        assert(n < SAID_MAX);
        words[n++] = text_of(word);
    }
    redis_link_send(link, words, n);
}

void redis_link_say(RedisLink *link, const char *word, ...)
{
    va_list rest;
    va_start(rest, word);
    say(link, word, rest);
    va_end(rest);
}

redisReply *redis_link_ask(RedisLink *link, int64_t deadline, const char *word, ...)
{
    va_list rest;
    va_start(rest, word);
    say(link, word, rest);
    va_end(rest);
    return redis_link_reply(link, deadline);
}

bool redis_link_push(RedisLink *link, int64_t deadline)
{
    bool sent = !link->context || sdslen(link->context->obuf) < PUSH_BYTES;
    while (!sent) {
        if (!write_some(link, &sent))
            return false;
        if (!sent && !wait_for(link, POLLOUT, deadline))
            return false;
    }
    return link->context != NULL;
}

/* ── Opening ── */

RedisTrouble redis_trouble(const redisReply *reply)
{
    static const char *const away[] = {"LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "MISCONF", "ERR max number of clients"};
    if (reply->type != REDIS_REPLY_ERROR)
        return REDIS_FINE;
    for (size_t i = 0; i < sizeof away / sizeof *away; i++)
        if (redis_is_error(reply, away[i]))
            return REDIS_AWAY;
    return REDIS_REFUSED;
}

/* Takes the answer to a command of the greeting. */
static bool greeted(RedisLink *link, redisReply *reply)
{
    if (!reply)
        return false;
    RedisTrouble trouble = redis_trouble(reply);
    if (trouble == REDIS_REFUSED && redis_is_error(reply, "NOAUTH"))
        redis_link_break(link, trouble, "it wants a password; the address of the store gives none");
    else if (trouble != REDIS_FINE)
        redis_link_break(link, trouble, reply->str);
    freeReplyObject(reply);
    return trouble == REDIS_FINE;
}

static bool connected(RedisLink *link, int64_t deadline)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (!wait_for(link, POLLOUT, deadline))
        return false;
    if (getsockopt(link->context->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return error == 0 || redis_link_break(link, REDIS_AWAY, strerror(error));
}

static bool greet(RedisLink *link, int64_t deadline)
{
    const RedisAddress *address = link->address;
    char db[16];
    snprintf(db, sizeof db, "%d", address->db);
    const char *password = address->password ? address->password : "";
    if (address->user && !greeted(link, redis_link_ask(link, deadline, "AUTH", address->user, password, NULL)))
        return false;
    if (!address->user && address->password && !greeted(link, redis_link_ask(link, deadline, "AUTH", password, NULL)))
        return false;
    if (!greeted(link, redis_link_ask(link, deadline, "SELECT", db, NULL)))
        return false;
    return greeted(link, redis_link_ask(link, deadline, "PING", NULL));
}

bool redis_link_open(RedisLink *link, int64_t deadline)
{
    const RedisAddress *address = link->address;
    redis_link_close(link);
    link->trouble = REDIS_FINE;
    link->error[0] = 0;
    link->context = address->socket ? redisConnectUnixNonBlock(address->socket)
                                    : redisConnectNonBlock(address->host, address->port);
    if (!link->context)
        abort();
    if (link->context->err)
        return redis_link_break(link, REDIS_AWAY, link->context->errstr);
    return connected(link, deadline) && greet(link, deadline);
}
