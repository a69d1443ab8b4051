#include "cluster/tables.h"

#include <string.h>

#include "cluster/redis_cache.h"
#include "cluster/table_file.h"

struct Tables {
    const Plan *plan;
    Memory *memory;
    TablesOptions options;
    Table **all;
    RedisCache *cache; /* NULL = no table is in Redis */
};

/* ── Rows of files and of stores that are read whole ── */

typedef struct Filling {
    const TablePlan *plan;
    Table *table;
    Rejections *rejections;
    Text source;
} Filling;

static bool put_row(void *owner, const Cell *cells, const uint8_t *states)
{
    table_put(((Filling *)owner)->table, cells, states);
    return true;
}

static void reject_row(void *owner, uint64_t line, Text detail, Text original)
{
    Filling *filling = owner;
    rejections_add(filling->rejections, &(Rejected){
                                            .reason = "table row",
                                            .detail = detail,
                                            .source = filling->source,
                                            .line = line,
                                            .original = original,
                                        });
}

static void reject_stored(void *owner, Text detail)
{
    reject_row(owner, 0, detail, (Text){0});
}

static bool load_file(Tables *tables, Filling *filling)
{
    Arena arena;
    arena_init(&arena, tables->memory);
    filling->source = filling->plan->source_path;
    const char *path = arena_copy(&arena, filling->plan->source_path.p, filling->plan->source_path.len);
    TableSink sink = {.owner = filling, .row = put_row, .rejected = reject_row};
    TableFileStats stats;
    char error[512];
    bool good = table_file_load(filling->plan, path, filling->plan->source_format, tables->memory, sink, &stats, error,
                                sizeof error);
    if (!good)
        fprintf(tables->options.messages, "cep: table `%.*s`: %s\n", TEXT_ARGS(filling->plan->name), error);
    arena_fini(&arena);
    return good;
}

static bool load_stored(Tables *tables, Store *store, Filling *filling)
{
    filling->source = filling->plan->name;
    StoreSink sink = {.owner = filling, .row = put_row, .rejected = reject_stored};
    if (store->ops->rows(store, filling->plan, sink))
        return true;
    fprintf(tables->options.messages, "cep: table `%.*s`: %s\n", TEXT_ARGS(filling->plan->name), store->error);
    if (tables->options.no_store)
        *tables->options.no_store = true;
    return false;
}

static bool is_from_redis(const TablePlan *table)
{
    return text_is_c(table->source_format, "redis");
}

static bool load_all(Tables *tables, Store *store)
{
    for (uint32_t t = 0; t < tables->plan->ntables; t++) {
        const TablePlan *table = &tables->plan->tables[t];
        Filling filling = {.plan = table, .table = tables->all[t], .rejections = tables->options.rejections};
        if (tables->cache && redis_cache_has(tables->cache, t))
            continue;
        if (table->source_format.len && !is_from_redis(table) && !load_file(tables, &filling))
            return false;
        if (store && !load_stored(tables, store, &filling))
            return false;
    }
    return true;
}

/* ── Opening ── */

static bool fail_store(Tables *tables, const char *error)
{
    fprintf(tables->options.messages, "cep: %s\n", error);
    if (tables->options.no_store)
        *tables->options.no_store = true;
    return false;
}

/* A table of the rules that is in Redis needs one. */
static bool check_redis(Tables *tables, bool redis)
{
    for (uint32_t t = 0; t < tables->plan->ntables; t++)
        if (is_from_redis(&tables->plan->tables[t]) && !redis) {
            fprintf(tables->options.messages, "cep: table `%.*s` is in Redis: say where with --state redis://HOST or "
                                              "redis+unix:SOCKET\n",
                    TEXT_ARGS(tables->plan->tables[t].name));
            return false;
        }
    return true;
}

/* A cache knows some rows only, and what rules write does not reach the store yet. */
static bool check_use(Tables *tables, bool redis)
{
    for (uint32_t t = 0; t < tables->plan->ntables && redis; t++) {
        const TablePlan *plan = &tables->plan->tables[t];
        if ((!plan->written && !plan->scanned) || (plan->source_format.len && !is_from_redis(plan)))
            continue;
        fprintf(tables->options.messages, "cep: table `%.*s` is in Redis, and %s, which does not run there yet\n",
                TEXT_ARGS(plan->name), plan->written ? "rules write it" : "an enrichment looks at all its rows");
        return false;
    }
    for (uint32_t t = 0; t < tables->plan->ntables && tables->options.state; t++)
        if (tables->plan->tables[t].written)
            fprintf(tables->options.messages, "cep: what rules write to table `%.*s` is not kept in the store yet\n",
                    TEXT_ARGS(tables->plan->tables[t].name));
    return true;
}

/* The store is needed no longer than it takes to read it; the cache has connections of its own. */
static bool fill(Tables *tables)
{
    const char *state = tables->options.state;
    char error[512];
    const StoreOps *kind = state ? store_kind(state, error, sizeof error) : NULL;
    bool redis = kind == &redis_store;
    if (state && !kind)
        return fail_store(tables, error);
    if (!check_redis(tables, redis) || !check_use(tables, redis))
        return false;
    Store *store = state ? kind->open(tables->memory, state, false, error, sizeof error) : NULL;
    if (state && !store)
        return fail_store(tables, error);
    if (redis)
        tables->cache = redis_cache_new(tables->plan, tables->memory, tables->all, state, &tables->options);
    bool good = load_all(tables, store);
    store_close(store);
    return good;
}

Tables *tables_open(const Plan *plan, Memory *memory, TablesOptions options)
{
    Tables *tables = memory_new(memory, sizeof *tables);
    *tables = (Tables){.plan = plan, .memory = memory, .options = options};
    tables->all = memory_new(memory, plan->ntables * sizeof(Table *));
    for (uint32_t t = 0; t < plan->ntables; t++)
        tables->all[t] = table_new(memory, &plan->tables[t]);
    if (fill(tables))
        return tables;
    tables_close(tables);
    return NULL;
}

void tables_close(Tables *tables)
{
    if (!tables)
        return;
    redis_cache_free(tables->cache);
    for (uint32_t t = 0; t < tables->plan->ntables; t++)
        table_free(tables->all[t]);
    memory_free(tables->memory, tables->all, tables->plan->ntables * sizeof(Table *));
    memory_free(tables->memory, tables, sizeof *tables);
}

/* ── Running ── */

Table *const *tables_all(const Tables *tables)
{
    return tables->all;
}

void tables_turn(Tables *tables, const Batch *batch)
{
    if (tables->cache)
        redis_cache_turn(tables->cache, batch);
}

int tables_descriptor(const Tables *tables)
{
    return tables->cache ? redis_cache_descriptor(tables->cache) : -1;
}

int tables_due(const Tables *tables)
{
    return tables->cache ? redis_cache_due(tables->cache) : -1;
}

TablesStats tables_stats(const Tables *tables)
{
    return tables->cache ? redis_cache_stats(tables->cache) : (TablesStats){0};
}

void tables_print(const Tables *tables, FILE *out)
{
    if (tables->cache)
        redis_cache_print(tables->cache, out);
}
