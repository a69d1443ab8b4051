/* Redis tracking: two connections, of which one is told what changes under some prefixes of key names.
 *
 *   data   commands and their answers; CLIENT TRACKING ON REDIRECT <news> BCAST PREFIX …
 *   news   SUBSCRIBE __redis__:invalidate: names of keys that changed, were deleted or expired
 *
 * The server sends a name after every change that follows the reading of its key. So who reads with `data`, keeps what
 * came, and only then reads `news`, misses nothing. But a news connection that broke is silent: redis_tracking_check
 * asks both sides. Whatever fails closes both; what was kept then is worth nothing. */
#ifndef CLUSTER_REDIS_TRACKING_H
#define CLUSTER_REDIS_TRACKING_H

#include "cluster/redis_link.h"

typedef struct RedisTracking {
    RedisLink data, news;
    const Text *prefixes; /* none begins with another */
    uint32_t nprefixes;
    int64_t checked;      /* when both sides last answered */
    RedisTrouble trouble; /* of the last failure … */
    const char *error;    /* … and its sentence, of one of the links */
} RedisTracking;

typedef struct RedisNews {
    void *owner;
    void (*changed)(void *owner, Text name);
    void (*all)(void *owner); /* everything: FLUSHALL, FLUSHDB */
} RedisNews;

void redis_tracking_init(RedisTracking *tracking, const RedisAddress *address, const Text *prefixes, uint32_t n);
void redis_tracking_close(RedisTracking *tracking);

/* Opens both; what was kept before is to be dropped. */
bool redis_tracking_open(RedisTracking *tracking, int64_t deadline);
bool redis_tracking_is_open(const RedisTracking *tracking);

/* Tells the news that are there, without waiting. */
bool redis_tracking_read(RedisTracking *tracking, const RedisNews *news);

/* Makes sure that news would come; tells those that do. */
bool redis_tracking_check(RedisTracking *tracking, const RedisNews *news, int64_t deadline);

/* Drops the prefixes that begin with another, which Redis refuses; returns how many stay. */
uint32_t redis_prefixes_reduce(Text *prefixes, uint32_t n);

#endif
