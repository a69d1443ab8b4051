/* Redis link: one connection, RESP2, where nothing waits longer than until a deadline.
 *
 *   redis_link_open(link, deadline)        connects, says who asks, chooses the database
 *   redis_link_send … redis_link_send      gathers commands: a pipeline
 *   redis_link_reply … redis_link_reply    the answers, in the order of the commands
 *
 * A call that fails closes the link; link->error says why, link->trouble what kind of failure it was. Deadlines are
 * times of redis_now. */
#ifndef CLUSTER_REDIS_LINK_H
#define CLUSTER_REDIS_LINK_H

#include <hiredis/hiredis.h>

#include "cep/text.h"
#include "cluster/redis_address.h"

typedef enum RedisTrouble {
    REDIS_FINE,
    REDIS_AWAY,    /* nobody answers, or not yet: it may come back by itself */
    REDIS_REFUSED, /* it answers and does not want us: credentials, rights, database */
} RedisTrouble;

typedef struct RedisLink {
    const RedisAddress *address;
    redisContext *context; /* NULL = closed */
    RedisTrouble trouble;
    char error[256];
} RedisLink;

/* Monotonic ns. */
int64_t redis_now(void);

void redis_link_init(RedisLink *link, const RedisAddress *address);
bool redis_link_open(RedisLink *link, int64_t deadline);
void redis_link_close(RedisLink *link);
static inline bool redis_link_is_open(const RedisLink *link)
{
    return link->context != NULL;
}

/* Closes the link because of what an answer says; returns false. */
bool redis_link_break(RedisLink *link, RedisTrouble trouble, const char *what);

/* Adds a command of n words. */
void redis_link_send(RedisLink *link, const Text *words, uint32_t n);
/* The same with words as C strings, the last NULL. */
void redis_link_say(RedisLink *link, const char *word, ...) __attribute__((sentinel));
/* Sends what was gathered if it is much, so that it need not all be kept. */
bool redis_link_push(RedisLink *link, int64_t deadline);

/* The next answer, to be freed with freeReplyObject; NULL = none came, and the link is closed. Errors are answers. */
redisReply *redis_link_reply(RedisLink *link, int64_t deadline);
/* One command and its answer. */
redisReply *redis_link_ask(RedisLink *link, int64_t deadline, const char *word, ...) __attribute__((sentinel));

/* An answer that is there already; NULL with the link open = none is. */
redisReply *redis_link_next(RedisLink *link);

static inline Text redis_text(const redisReply *reply)
{
    return (Text){reply->str, (uint32_t)reply->len};
}

static inline bool redis_is_error(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

/* What kind of failure an error answer is: of "LOADING" and the like that Redis is away. */
RedisTrouble redis_trouble(const redisReply *reply);

#endif
