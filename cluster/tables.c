#include "cluster/tables.h"

#include "cluster/table_file.h"

typedef struct Filling {
    const TablePlan *plan;
    Table *table;
    Rejections *rejections;
    Text source;
    Cell *cells;
    uint8_t *states;
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

static bool load_file(Filling *filling, Memory *memory, FILE *messages)
{
    Arena arena;
    arena_init(&arena, memory);
    filling->source = filling->plan->source_path;
    const char *path = arena_copy(&arena, filling->plan->source_path.p, filling->plan->source_path.len);
    TableSink sink = {.owner = filling, .row = put_row, .rejected = reject_row};
    TableFileStats stats;
    char error[512];
    bool good = table_file_load(filling->plan, path, filling->plan->source_format, memory, sink, &stats, error,
                                sizeof error);
    if (!good)
        fprintf(messages, "cep: table `%.*s`: %s\n", TEXT_ARGS(filling->plan->name), error);
    arena_fini(&arena);
    return good;
}

static void reject_stored(Filling *filling, const char *format, const Attribute *column)
{
    char detail[256];
    int n = snprintf(detail, sizeof detail, format, TEXT_ARGS(column->name));
    uint32_t kept = (size_t)n < sizeof detail ? (uint32_t)n : sizeof detail - 1;
    reject_row(filling, 0, (Text){detail, kept}, (Text){0});
}

static const StoredCell *stored_named(const StoredCell *cells, uint32_t n, Text name)
{
    for (uint32_t i = 0; i < n; i++)
        if (text_is(cells[i].name, name))
            return &cells[i];
    return NULL;
}

/* A stored row names its columns; an int becomes a float where the rules have changed so. */
static bool put_stored(void *owner, const StoredCell *stored, uint32_t n)
{
    Filling *filling = owner;
    for (uint32_t i = 0; i < filling->plan->ncolumns; i++) {
        const Attribute *column = &filling->plan->columns[i];
        const StoredCell *cell = stored_named(stored, n, column->name);
        filling->states[i] = cell ? STATE_OK : STATE_NULL;
        if (!cell && !column->optional) {
            reject_stored(filling, "a stored row has no column `%.*s`", column);
            return true;
        }
        if (!cell)
            continue;
        if (cell->type == TYPE_INT && column->type == TYPE_FLOAT) {
            filling->cells[i].f = (double)cell->value.i;
        } else if (cell->type == column->type) {
            filling->cells[i] = cell->value;
        } else {
            reject_stored(filling, "column `%.*s` is stored with another type", column);
            return true;
        }
    }
    return put_row(filling, filling->cells, filling->states);
}

static bool load_all(const Plan *plan, Table **tables, Memory *memory, TableStore *store, Rejections *rejections,
                     FILE *messages)
{
    Arena arena;
    arena_init(&arena, memory);
    bool good = true;
    for (uint32_t t = 0; t < plan->ntables && good; t++) {
        const TablePlan *table = &plan->tables[t];
        Filling filling = {
            .plan = table,
            .table = tables[t],
            .rejections = rejections,
            .cells = ARENA_ARRAY(&arena, Cell, table->ncolumns),
            .states = ARENA_ARRAY(&arena, uint8_t, table->ncolumns),
        };
        if (table->source_format.len)
            good = load_file(&filling, memory, messages);
        filling.source = table->name;
        if (good && store && !table_store_rows(store, table->name, put_stored, &filling)) {
            fprintf(messages, "cep: table `%.*s`: %s\n", TEXT_ARGS(table->name), table_store_error(store));
            good = false;
        }
    }
    arena_fini(&arena);
    return good;
}

Table **tables_load(const Plan *plan, Memory *memory, TableStore *store, Rejections *rejections, FILE *messages)
{
    Table **tables = memory_new(memory, plan->ntables * sizeof(Table *));
    for (uint32_t t = 0; t < plan->ntables; t++)
        tables[t] = table_new(memory, &plan->tables[t]);
    bool good = load_all(plan, tables, memory, store, rejections, messages);
    if (good)
        return tables;
    tables_free(tables, plan, memory);
    return NULL;
}

void tables_free(Table **tables, const Plan *plan, Memory *memory)
{
    if (!tables)
        return;
    for (uint32_t t = 0; t < plan->ntables; t++)
        table_free(tables[t]);
    memory_free(memory, tables, plan->ntables * sizeof(Table *));
}
