/* Fan. An enrichment by key finds one row; one by a condition scans the table, which is why `cep explain` says so.
 * Rows are in the order of the table (the order in which their keys first came), or of `ordered by`: a merge sort of the
 * row numbers by a key that is computed once. */
#include "agents/fan.h"

#include "agents/accumulator.h"
#include "agents/write.h"
#include "cep/composite.h"
#include "cep/table.h"

typedef struct Fan {
    Agent *agent;
    DerivePort port;
    Handle leaf;
    int64_t time;
    const EventId *causes;
    uint32_t ncauses;
    uint64_t cause_count;
    bool dropped;
} Fan;

typedef struct Found {
    uint32_t *rows;
    uint32_t n;
} Found;

static void show_row(Fan *fan, const EnrichPlan *enrich, uint32_t row)
{
    Agent *agent = fan->agent;
    const Rows *rows = row == ROW_NONE ? NULL : table_rows(agent->engine->tables[enrich->table]);
    if (rows)
        views_table(agent, enrich->participant, rows, row);
    else
        views_none(agent, enrich->participant);
}

/* ── Which rows ── */

static Found by_key(Fan *fan, const EnrichPlan *enrich)
{
    Agent *agent = fan->agent;
    Surroundings around = views_surroundings(agent, fan->leaf);
    Found found = {0};
    Cell key[2];
    for (uint32_t k = 0; k < agent->engine->plan->tables[enrich->table].nkeys; k++)
        if (program_value(enrich->keys[k], agent->views, &around, &key[k]) != STATE_OK)
            return found;
    uint32_t row = table_find(agent->engine->tables[enrich->table], key);
    if (row == ROW_NONE)
        return found;
    found.rows = arena_raw(&agent->engine->scratch, sizeof *found.rows);
    found.rows[found.n++] = row;
    return found;
}

static Found by_condition(Fan *fan, const EnrichPlan *enrich)
{
    Agent *agent = fan->agent;
    const Table *table = agent->engine->tables[enrich->table];
    uint32_t n = table_rows(table)->n;
    Found found = {.rows = arena_raw(&agent->engine->scratch, (n + 1) * sizeof *found.rows)};
    for (uint32_t row = 0; row < n; row++) {
        if (!table_has(table, row))
            continue;
        show_row(fan, enrich, row);
        if (views_test(agent, enrich->where, fan->leaf, NULL))
            found.rows[found.n++] = row;
    }
    return found;
}

typedef struct Sorted {
    uint32_t row;
    State state;
    Cell key;
} Sorted;

/* What is missing comes last, whatever the direction. */
static bool goes_before(const EnrichPlan *enrich, const Sorted *a, const Sorted *b)
{
    if (a->state != STATE_OK || b->state != STATE_OK)
        return a->state == STATE_OK && b->state != STATE_OK;
    int order = cell_compare(enrich->order->type, a->key, b->key);
    return enrich->descending ? order > 0 : order < 0;
}

static void merge(const EnrichPlan *enrich, Sorted *items, Sorted *room, uint32_t n)
{
    if (n < 2)
        return;
    uint32_t half = n / 2, a = 0, b = half;
    merge(enrich, items, room, half);
    merge(enrich, items + half, room, n - half);
    for (uint32_t i = 0; i < n; i++)
        room[i] = b == n || (a < half && !goes_before(enrich, &items[b], &items[a])) ? items[a++] : items[b++];
    memcpy(items, room, n * sizeof *items);
}

static void put_in_order(Fan *fan, const EnrichPlan *enrich, Found *found)
{
    Arena *scratch = &fan->agent->engine->scratch;
    Sorted *items = arena_raw(scratch, (found->n + 1) * sizeof *items), *room = arena_raw(scratch, (found->n + 1) * sizeof *room);
    for (uint32_t i = 0; i < found->n; i++) {
        show_row(fan, enrich, found->rows[i]);
        Surroundings around = views_surroundings(fan->agent, fan->leaf);
        items[i].row = found->rows[i];
        items[i].state = program_value(enrich->order, fan->agent->views, &around, &items[i].key);
    }
    merge(enrich, items, room, found->n);
    for (uint32_t i = 0; i < found->n; i++)
        found->rows[i] = items[i].row;
}

/* ── Aggregates over the rows of `combine` ── */

static void combine_one(Fan *fan, const EnrichPlan *enrich, const Found *found, uint32_t k)
{
    Agent *agent = fan->agent;
    const AggregatePlan *aggregate = &agent->plan->aggregates[k];
    Pool *pool = &agent->engine->pool;
    Accumulator acc = {0};
    Surroundings around = views_surroundings(agent, fan->leaf);
    const Shape *shape = &agent->plan->participants[enrich->participant].shape;
    for (uint32_t i = 0; i < found->n; i++) {
        View view = {.rows = table_rows(agent->engine->tables[enrich->table]), .column = shape->sources[0].column, .row = found->rows[i]};
        Cell value = {0};
        Kept kept;
        State state = aggregate->where ? program_value(aggregate->where, &view, &around, &value) : STATE_OK;
        if (aggregate->where && (state != STATE_OK || !value.b))
            continue;
        if (aggregate->value)
            state = program_value(aggregate->value, &view, &around, &value);
        if (state == STATE_OK && !accumulator_add(pool, aggregate, &acc, false, i, value, &kept))
            state = STATE_ERROR;
        if (state == STATE_ERROR)
            agent_reject(agent, "evaluation failed", TEXT("the value of an aggregate gave an error"), NULL, 0);
    }
    Cell value = {0};
    agent->aggregate_states[k] = (uint8_t)accumulator_value(pool, aggregate, &acc, false, &value);
    if (agent->aggregate_states[k] == STATE_OK && type_has_bytes(aggregate->type))
        value.s = arena_text(&agent->engine->scratch, value.s);
    agent->aggregates[k] = value;
    accumulator_clear(pool, aggregate, &acc, false);
}

/* ── Outputs ── */

static uint32_t outputs(Fan *fan)
{
    uint32_t n = derive_port(fan->agent, fan->port, fan->leaf, fan->time, fan->causes, fan->ncauses, fan->cause_count);
    if (fan->port == PORT_MAIN && fan->agent->plan->nwrites)
        n += write_match(fan->agent, fan->leaf);
    return n;
}

static uint32_t derive_items(Fan *fan)
{
    Agent *agent = fan->agent;
    const Program *list = agent->plan->split;
    if (!list || fan->port != PORT_MAIN)
        return outputs(fan);
    Surroundings around = views_surroundings(agent, fan->leaf);
    Cell value;
    State state = program_value(list, agent->views, &around, &value);
    if (state != STATE_OK) {
        if (state == STATE_ERROR)
            agent_reject(agent, "evaluation failed", TEXT("the list of `for each` gave an error"), NULL, 0);
        return 0;
    }
    Text name, item, items = arena_text(&agent->engine->batch.arena, value.s);
    uint32_t n = 0;
    for (CompositeCursor cursor = composite_begin(items); composite_next(&cursor, &name, &item);) {
        agent->occasion.item = item;
        n += outputs(fan);
    }
    return n;
}

static uint32_t fan_from(Fan *fan, uint32_t e)
{
    Agent *agent = fan->agent;
    if (e == agent->plan->nenriches)
        return derive_items(fan);
    const EnrichPlan *enrich = &agent->plan->enriches[e];
    Found found = enrich->where ? by_condition(fan, enrich) : by_key(fan, enrich);
    if (enrich->order && found.n > 1)
        put_in_order(fan, enrich, &found);
    if (!found.n && enrich->drop) {
        fan->dropped = true;
        return 0;
    }
    for (uint32_t k = 0; k < agent->plan->naggregates && enrich->many == ENRICH_COMBINE; k++)
        if (agent->plan->aggregates[k].participant == enrich->participant)
            combine_one(fan, enrich, &found, k);
    bool first = enrich->many == ENRICH_FIRST;
    if (!found.n || enrich->many != ENRICH_EVERY) {
        show_row(fan, enrich, !found.n ? ROW_NONE : found.rows[first ? 0 : found.n - 1]);
        return fan_from(fan, e + 1);
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < found.n; i++) {
        show_row(fan, enrich, found.rows[i]);
        n += fan_from(fan, e + 1);
    }
    return n;
}

uint32_t fan_derive(Agent *agent, DerivePort port, Handle leaf, int64_t time, const EventId *causes, uint32_t ncauses,
                    uint64_t cause_count, bool *dropped)
{
    Fan fan = {agent, port, leaf, time, causes, ncauses, cause_count, false};
    uint32_t n = fan_from(&fan, 0);
    if (port == PORT_MAIN && !n && !fan.dropped)
        derive_port(agent, PORT_ELSE, leaf, time, causes, ncauses, cause_count);
    if (dropped)
        *dropped = fan.dropped;
    return n;
}
