/* The store in Redis: StoreOps over rows as redis_row.h lays them out. A table is replaced in one MULTI … EXEC, which
 * Redis runs whole or, if we are gone before the EXEC, not at all. */
#ifndef CLUSTER_REDIS_STORE_H
#define CLUSTER_REDIS_STORE_H

#include "cluster/redis_row.h"

extern const StoreOps redis_store;

typedef struct RedisStore {
    Store base;
    RedisAddress address;
    RedisLink link;
    Arena arena, row;      /* of the call at hand; of the row that is being put */
    const TablePlan *plan; /* of a replacement … */
    RedisKeys keys;
    uint64_t asked;        /* … commands whose answers were not read yet */
    char failure[200];     /* … the first that was an error */
} RedisStore;

bool redis_watch(Store *store, const TablePlan *plan, int stop, const StoreNews *news);

/* When a command must have been answered. */
int64_t redis_store_deadline(void);

#endif
