/* Redis cache: the tables of a plan that are in Redis, and not read whole: those without a file.
 *
 *   a look-up that finds nothing ─► fetch: one pipeline for all the keys of the column, or of the batch
 *   redis_cache_turn, between batches: rows that changed go, and so does what is too much
 *
 * **How stale.** Redis tells of a change after it (redis_tracking.h); a batch that begins once that has come reads the
 * new row. Every second both connections are asked whether they still live; if not, or if one had to be opened again,
 * everything that was kept is dropped. So a row that was read is at most a second and one batch old, and the time that
 * Redis takes to answer.
 *
 * **In the middle of a batch** nothing that was read changes. A key that nothing has asked for before is fetched then,
 * while the batch waits; its row is what Redis holds at that moment. That is the same as if it had been there when the
 * batch began, since nothing has read it.
 *
 * **Away.** When Redis does not answer, the first look-up that needs it waits, trying again, until `wait` has passed
 * since it went away. From then on look-ups find no row, at once, and each such key is a rejection, `table
 * unavailable`, once a batch; nothing of that is kept. Every batch tries to come back, at most ten times a second. */
#ifndef CLUSTER_REDIS_CACHE_H
#define CLUSTER_REDIS_CACHE_H

#include "cluster/redis_store.h"
#include "cluster/tables.h"

typedef struct RedisCache RedisCache;

/* Takes charge of the tables of the plan that lie in Redis; the address was checked. Nothing is asked yet. NULL =
 * none does. */
RedisCache *redis_cache_new(const Plan *plan, Memory *memory, Table *const *tables, const char *address,
                            const TablesOptions *options);
void redis_cache_free(RedisCache *cache); /* NULL is fine */

/* Whether a table of the plan is in its charge. */
bool redis_cache_has(const RedisCache *cache, uint32_t table);

/* See tables.h. */
void redis_cache_turn(RedisCache *cache, const Batch *batch);
int redis_cache_descriptor(const RedisCache *cache);
int redis_cache_due(const RedisCache *cache);
TablesStats redis_cache_stats(const RedisCache *cache);
void redis_cache_print(const RedisCache *cache, FILE *out);

#endif
