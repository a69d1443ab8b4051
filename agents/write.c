/* Writes. The log lives in the batch's arena, so do the cells that it holds. */
#include "agents/write.h"

#include "agents/views.h"
#include "cep/table.h"

/* One write: columns that are not named keep what they have, or get their defaults in a new row. */
struct Write {
    const WritePlan *plan;
    uint32_t agent;
    Cell key[2];
    Cell *cells;      /* per column */
    uint8_t *states;
    bool shown;       /* it is in the table, and `before` was there */
    bool existed;
    Cell *before;
    uint8_t *before_states;
    struct Write *next;
};

static Cell kept(Engine *engine, TypeKind type, Cell value)
{
    if (type_has_bytes(type))
        value.s = arena_text(&engine->batch.arena, value.s);
    return value;
}

static bool row_read(Engine *engine, uint32_t table, uint32_t row, Cell *cells, uint8_t *states)
{
    const TablePlan *plan = &engine->plan->tables[table];
    const Rows *rows = table_rows(engine->tables[table]);
    for (uint32_t i = 0; i < plan->ncolumns; i++) {
        states[i] = row == ROW_NONE ? STATE_NULL : rows->columns[i].states[row];
        if (states[i] == STATE_OK)
            cells[i] = kept(engine, plan->columns[i].type, cell_get(plan->columns[i].type, rows->columns[i].cells, row));
    }
    return row != ROW_NONE;
}

/* ── Into the table ── */

static void fill_default(const Attribute *column, Cell *cell, uint8_t *state)
{
    State found;
    if (column->fill && program_is_constant(column->fill, cell, &found))
        *state = (uint8_t)found;
}

static void put(Engine *engine, const Write *write)
{
    Table *table = engine->tables[write->plan->table];
    const TablePlan *plan = &engine->plan->tables[write->plan->table];
    if (write->plan->remove) {
        table_delete(table, write->key);
        return;
    }
    Cell *cells = ARENA_ARRAY(&engine->batch.arena, Cell, plan->ncolumns);
    uint8_t *states = ARENA_ARRAY(&engine->batch.arena, uint8_t, plan->ncolumns);
    bool exists = row_read(engine, write->plan->table, table_find(table, write->key), cells, states);
    for (uint32_t i = 0; i < plan->ncolumns; i++) {
        if (write->plan->values[i]) {
            cells[i] = write->cells[i];
            states[i] = write->states[i];
        } else if (!exists) {
            fill_default(&plan->columns[i], &cells[i], &states[i]);
        }
    }
    table_put(table, cells, states);
}

static void show(Engine *engine, Write *write)
{
    const TablePlan *plan = &engine->plan->tables[write->plan->table];
    if (!write->before) {
        write->before = ARENA_ARRAY(&engine->batch.arena, Cell, plan->ncolumns);
        write->before_states = ARENA_ARRAY(&engine->batch.arena, uint8_t, plan->ncolumns);
    }
    uint32_t row = table_find(engine->tables[write->plan->table], write->key);
    write->existed = row_read(engine, write->plan->table, row, write->before, write->before_states);
    write->shown = true;
    put(engine, write);
}

/* The last one first. */
static void hide_from(Engine *engine, Write *write, uint32_t agent)
{
    if (!write)
        return;
    hide_from(engine, write->next, agent);
    if (write->agent != agent || !write->shown)
        return;
    write->shown = false;
    if (write->existed)
        table_put(engine->tables[write->plan->table], write->before, write->before_states);
    else
        table_delete(engine->tables[write->plan->table], write->key);
}

void write_show(Agent *agent)
{
    for (Write *write = agent->engine->writes; write; write = write->next)
        if (write->agent == agent->index && write->plan->at_once)
            show(agent->engine, write);
}

void write_hide(Agent *agent)
{
    hide_from(agent->engine, agent->engine->writes, agent->index);
}

void write_settle(Engine *engine)
{
    for (const Write *write = engine->writes; write; write = write->next)
        put(engine, write);
    engine->writes = NULL;
    engine->writes_end = &engine->writes;
}

/* ── From a match ── */

static bool refuse(Agent *agent, const TablePlan *table, const Attribute *column, const char *why)
{
    Text detail = arena_printf(&agent->engine->scratch, "column `%.*s` of table `%.*s` %s", TEXT_ARGS(column->name),
                               TEXT_ARGS(table->name), why);
    agent_reject(agent, "evaluation failed", detail, NULL, 0);
    return false;
}

static bool evaluate(Agent *agent, const WritePlan *plan, Handle leaf, Write *write)
{
    Engine *engine = agent->engine;
    const TablePlan *table = &engine->plan->tables[plan->table];
    Surroundings around = views_surroundings(agent, leaf);
    for (uint32_t k = 0; k < table->nkeys; k++) {
        const Attribute *column = &table->columns[table->keys[k]];
        if (program_value(plan->keys[k], agent->views, &around, &write->key[k]) != STATE_OK)
            return refuse(agent, table, column, "is the key, and has no value");
        write->key[k] = kept(engine, column->type, write->key[k]);
    }
    bool exists = table_find(engine->tables[plan->table], write->key) != ROW_NONE;
    for (uint32_t i = 0; i < table->ncolumns && !plan->remove; i++) {
        const Attribute *column = &table->columns[i];
        State state = STATE_NULL;
        if (plan->values[i])
            state = program_value(plan->values[i], agent->views, &around, &write->cells[i]);
        else if (exists || column->fill)
            continue;
        if (state == STATE_ERROR)
            return refuse(agent, table, column, "gave an error");
        if (state == STATE_NULL && !column->optional)
            return refuse(agent, table, column, plan->values[i] ? "cannot be missing" : "cannot be missing in a new row");
        write->states[i] = (uint8_t)state;
        if (state == STATE_OK)
            write->cells[i] = kept(engine, column->type, write->cells[i]);
    }
    return true;
}

uint32_t write_match(Agent *agent, Handle leaf)
{
    Engine *engine = agent->engine;
    for (uint32_t i = 0; i < agent->plan->nwrites; i++) {
        const WritePlan *plan = &agent->plan->writes[i];
        uint32_t ncolumns = engine->plan->tables[plan->table].ncolumns;
        Write *write = ARENA_NEW(&engine->batch.arena, Write);
        write->plan = plan;
        write->agent = agent->index;
        write->cells = ARENA_ARRAY(&engine->batch.arena, Cell, ncolumns);
        write->states = ARENA_ARRAY(&engine->batch.arena, uint8_t, ncolumns);
        if (!evaluate(agent, plan, leaf, write))
            continue;
        *engine->writes_end = write;
        engine->writes_end = &write->next;
        if (plan->at_once)
            show(engine, write);
    }
    return agent->plan->nwrites;
}
