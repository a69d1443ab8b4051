/* Compiling a case and running it. Inputs are numbered from 0, which is also their sequence; their producer is 0. */
#include "tests/oracle/trial.h"

#include <math.h>
#include <stdlib.h>

#include "agents/engine.h"
#include "cep/zone.h"
#include "rules/parser.h"
#include "tests/oracle/placed.h"

const char *const trial_way_words[TRIAL_WAYS] = {"engine, batches of 1", "engine, batches of 7", "engine, batches of 1024",
                                                 "engine, row by row", "engine, without closing", "one node",
                                                 "two nodes", "four nodes", "naive matcher"};

/* ── The tables of every case ── */

static void row_put(Table *table, Arena *arena, const char *text, const int64_t *numbers, uint32_t n, uint32_t text_at)
{
    Cell *cells = ARENA_ARRAY(arena, Cell, n);
    uint8_t *states = ARENA_ARRAY(arena, uint8_t, n);
    for (uint32_t i = 0; i < n; i++) {
        cells[i] = i == text_at ? (Cell){.s = text_of(text)} : (Cell){.i = numbers[i]};
        states[i] = i != text_at && numbers[i] < 0 ? STATE_NULL : STATE_OK;
    }
    table_put(table, cells, states);
}

static void tables_fill(Trial *trial)
{
    const Plan *plan = trial->plan;
    trial->tables = ARENA_ARRAY(&trial->arena, Table *, plan->ntables + 1);
    for (uint32_t i = 0; i < plan->ntables; i++) {
        Table *table = trial->tables[i] = table_new(&trial->memory, &plan->tables[i]);
        if (text_is_c(plan->tables[i].name, "Ref")) {
            row_put(table, &trial->arena, "zero", (int64_t[]){0, 0, 2}, 3, 1);
            row_put(table, &trial->arena, "one", (int64_t[]){1, 0, -1}, 3, 1);
        } else {
            row_put(table, &trial->arena, "x", (int64_t[]){0, 0, 10}, 3, 1);
            row_put(table, &trial->arena, "y", (int64_t[]){1, 0, 11}, 3, 1);
            row_put(table, &trial->arena, "x", (int64_t[]){1, 0, 12}, 3, 1);
        }
    }
}

void trial_open(Trial *trial, const char *rules)
{
    memset(trial, 0, sizeof *trial);
    arena_init(&trial->arena, &trial->memory);
    sources_init(&trial->sources, &trial->arena);
    diagnostics_init(&trial->diagnostics, &trial->sources, &trial->arena);
    trial->module = ARENA_NEW(&trial->arena, AstModule);
    AstFile *file = ARENA_NEW(&trial->arena, AstFile);
    uint32_t index = sources_add(&trial->sources, TEXT("oracle.cep"), text_of(rules));
    if (!parse_source(&trial->sources, index, &trial->diagnostics, &trial->arena, file))
        return;
    module_add(trial->module, &trial->arena, file);
    CompileOptions options = {0};
    trial->plan = compile(&trial->sources, trial->module, &options, &trial->diagnostics, &trial->memory);
    if (trial->plan)
        tables_fill(trial);
}

void trial_close(Trial *trial)
{
    for (uint32_t i = 0; trial->plan && i < trial->plan->ntables; i++)
        table_free(trial->tables[i]);
    if (trial->plan)
        plan_free(trial->plan);
    arena_fini(&trial->arena);
}

/* ── Inputs ── */

/* Attribute i of every input type, in the order of the declarations: k, s, v, w, at. */
static NaiveValue input_value(const CaseEvent *event, uint32_t attribute)
{
    switch (attribute) {
    case 0: return (NaiveValue){event->k < 0 ? STATE_NULL : STATE_OK, {.i = event->k}};
    case 1: return (NaiveValue){STATE_OK, {.s = text_of(event->s)}};
    case 2: return (NaiveValue){STATE_OK, {.i = event->v}};
    case 3: return (NaiveValue){event->w < 0 ? STATE_NULL : STATE_OK, {.f = event->w}};
    default: return (NaiveValue){STATE_OK, {.i = event->time}};
    }
}

/* ── The engine ── */

typedef struct Collector {
    Trial *trial;
    Outputs outputs;
} Collector;

static Text text_kept(Arena *arena, Text text)
{
    return arena_text(arena, text);
}

static void collect(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    if (type->name.len > 4 && memcmp(type->name.p, "cep.", 4) == 0)
        return; /* announcements: the naive matcher makes none */
    Collector *c = owner;
    Arena *arena = &c->trial->arena;
    const Lineage *lineage = rows->lineage[row];
    Outputs *all = &c->outputs;
    all->items = arena_grow(arena, all->items, all->n, sizeof *all->items);
    Output *out = &all->items[all->n++];
    *out = (Output){.type = rows->type, .time = rows->time[row], .agent = lineage->agent->name, .id = rows->id[row],
                    .cause_count = lineage->cause_count, .suppressed = lineage->suppressed, .ncauses = lineage->ncauses,
                    .window_start = lineage->window_start, .window_end = lineage->window_end};
    out->values = ARENA_ARRAY(arena, NaiveValue, type->nattributes + 1);
    for (uint32_t i = 0; i < type->nattributes; i++) {
        const Column *column = &rows->columns[i];
        out->values[i].state = (State)column->states[row];
        if (out->values[i].state == STATE_OK)
            out->values[i].cell = cell_get(column->type, column->cells, row);
        if (out->values[i].state == STATE_OK && column->type == TYPE_STRING)
            out->values[i].cell.s = text_kept(arena, out->values[i].cell.s);
    }
    /* ids for now; they become numbers when all outputs are there */
    out->causes = (int64_t *)arena_copy(arena, lineage->causes, lineage->ncauses * sizeof *lineage->causes);
}

static void rejected(void *owner, const Rejection *rejection)
{
    Collector *c = owner;
    uint64_t hash = (uint64_t)(rejection->agent - c->trial->plan->agents) + 1;
    for (const char *p = rejection->reason; *p; p++)
        hash = hash * 31 + (unsigned char)*p;
    c->outputs.rejected += hash * UINT64_C(0x9E3779B97F4A7C15);
}

static void number_causes(Arena *arena, Outputs *outputs)
{
    for (uint32_t i = 0; i < outputs->n; i++)
        for (uint32_t k = 0; k < i; k++)
            outputs->same_ids |= memcmp(&outputs->items[i].id, &outputs->items[k].id, sizeof(EventId)) == 0;
    for (uint32_t i = 0; i < outputs->n; i++) {
        Output *out = &outputs->items[i];
        const EventId *ids = (const EventId *)out->causes;
        int64_t *numbers = ARENA_ARRAY(arena, int64_t, out->ncauses + 1);
        for (uint32_t c = 0; c < out->ncauses; c++) {
            numbers[c] = INT64_MIN;
            if (ids[c].high & EVENT_ID_INPUT)
                numbers[c] = (int64_t)ids[c].low;
            for (uint32_t k = 0; k < outputs->n && numbers[c] == INT64_MIN; k++)
                if (outputs->items[k].id.high == ids[c].high && outputs->items[k].id.low == ids[c].low)
                    numbers[c] = -1 - (int64_t)k;
        }
        out->causes = numbers;
    }
}

static void feed(Batch *batch, const Plan *plan, const CaseEvent *event, uint64_t sequence)
{
    uint32_t type = plan_type(plan, text_of(case_types[event->type]));
    Rows *rows = &batch->rows[type];
    uint32_t row = rows_add(rows, batch->memory);
    for (uint32_t i = 0; i < plan->types[type].nattributes; i++) {
        NaiveValue value = input_value(event, i);
        if (value.state == STATE_OK)
            rows_set(rows, row, i, value.cell);
    }
    rows->time[row] = rows->detected[row] = event->time;
    rows->key[row] = (OrderKey){.time = event->time, .kind = ORDER_EVENT, .origin = 0, .sequence = sequence};
    rows->id[row] = (EventId){EVENT_ID_INPUT, sequence};
    batch_append(batch, type, row);
}

static Outputs run_engine(Trial *trial, const Case *c, uint32_t batch_rows, bool row_by_row)
{
    Collector collector = {.trial = trial};
    Sink sink = {.owner = &collector, .event = collect, .rejected = rejected};
    Engine *engine = engine_new(trial->plan, &trial->memory, trial->tables, (EngineOptions){.row_by_row = row_by_row}, sink);
    uint64_t sequence = 0;
    for (uint32_t i = 0; i < c->nevents; i++) {
        if (c->events[i].advance) {
            engine_run(engine);
            engine_advance(engine, c->events[i].time);
            continue;
        }
        feed(engine_batch(engine), trial->plan, &c->events[i], sequence++);
        if (engine_batch(engine)->n >= batch_rows)
            engine_run(engine);
    }
    engine_run(engine);
    engine_advance(engine, c->end);
    if (c->close)
        engine_close(engine);
    engine_free(engine);
    number_causes(&trial->arena, &collector.outputs);
    return collector.outputs;
}

/* ── Nodes ── */

static Outputs run_placed(Trial *trial, const Case *c, uint32_t nodes)
{
    Collector collector = {.trial = trial};
    Sink sink = {.owner = &collector, .event = collect, .rejected = rejected};
    uint64_t seed = share_hash((Text){(const char *)trial->plan->version, sizeof trial->plan->version}) + nodes, sequence = 0;
    Placed *placed = placed_new(trial->plan, trial->tables, nodes, seed, &trial->memory, sink);
    for (uint32_t i = 0; i < c->nevents; i++) {
        if (c->events[i].advance) {
            placed_run(placed);
            placed_advance(placed, c->events[i].time);
            continue;
        }
        feed(placed_batch(placed), trial->plan, &c->events[i], sequence++);
    }
    placed_run(placed);
    placed_advance(placed, c->end);
    collector.outputs.broken = placed_end(placed);
    number_causes(&trial->arena, &collector.outputs);
    return collector.outputs;
}

/* ── The naive matcher ── */

static Output output_of(Arena *arena, const NaiveEvent *event)
{
    Output out = {.type = event->type, .time = event->time, .agent = event->agent->name, .values = event->values,
                  .cause_count = event->cause_count, .suppressed = event->suppressed, .ncauses = event->ncauses,
                  .window_start = event->window_start, .window_end = event->window_end};
    out.causes = ARENA_ARRAY(arena, int64_t, event->ncauses + 1);
    for (uint32_t i = 0; i < event->ncauses; i++) {
        int64_t serial = (int64_t)event->causes[i]->serial;
        out.causes[i] = event->causes[i]->agent ? -1 - serial : serial;
    }
    return out;
}

static Outputs run_naive(Trial *trial, const Case *c)
{
    const Plan *plan = trial->plan;
    Arena *arena = &trial->arena;
    Naive *naive = naive_new(plan, trial->tables, arena);
    uint64_t sequence = 0;
    for (uint32_t i = 0; i < c->nevents && !naive->gave_up; i++) {
        const CaseEvent *event = &c->events[i];
        if (event->advance) {
            naive_advance(naive, event->time);
            continue;
        }
        NaiveEvent input = {.type = plan_type(plan, text_of(case_types[event->type])), .time = event->time};
        input.key = (NaiveKey){.time = event->time, .kind = ORDER_EVENT, .sequence = sequence++};
        input.values = ARENA_ARRAY(arena, NaiveValue, plan->types[input.type].nattributes);
        for (uint32_t k = 0; k < plan->types[input.type].nattributes; k++)
            input.values[k] = input_value(event, k);
        naive_event(naive, &input);
    }
    naive_advance(naive, c->end);
    if (c->close)
        naive_close(naive);
    Outputs outputs = {.items = ARENA_ARRAY(arena, Output, naive->noutputs + 1), .gave_up = naive->gave_up};
    for (uint32_t i = 0; i < naive->noutputs; i++)
        outputs.items[outputs.n++] = output_of(arena, naive->outputs[i]);
    return outputs;
}

Outputs trial_run(Trial *trial, const Case *c, TrialWay way)
{
    Case open = *c;
    open.close = false;
    switch (way) {
    case TRIAL_BATCHES_1: return run_engine(trial, c, 1, false);
    case TRIAL_BATCHES_7: return run_engine(trial, c, 7, false);
    case TRIAL_BATCHES_1024: return run_engine(trial, c, BATCH_ROWS, false);
    case TRIAL_ROW_BY_ROW: return run_engine(trial, c, BATCH_ROWS, true);
    case TRIAL_OPEN: return run_engine(trial, &open, BATCH_ROWS, false);
    case TRIAL_NODES_1: return run_placed(trial, c, 1);
    case TRIAL_NODES_2: return run_placed(trial, c, 2);
    case TRIAL_NODES_4: return run_placed(trial, c, 4);
    default: return run_naive(trial, c);
    }
}

/* ── Comparing ── */

static bool value_differs(TypeKind type, NaiveValue a, NaiveValue b)
{
    if (a.state != b.state || a.state != STATE_OK)
        return a.state != b.state;
    if (type == TYPE_FLOAT) {
        double size = fabs(a.cell.f) > fabs(b.cell.f) ? fabs(a.cell.f) : fabs(b.cell.f);
        return fabs(a.cell.f - b.cell.f) > 1e-9 * size;
    }
    return !cell_equal(type, a.cell, b.cell);
}

static bool output_differs(const Plan *plan, const Output *a, const Output *b)
{
    static const EventId none;
    if (a->type != b->type || a->time != b->time || a->cause_count != b->cause_count || a->suppressed != b->suppressed ||
        a->ncauses != b->ncauses || !text_is(a->agent, b->agent))
        return true;
    if (memcmp(a->causes, b->causes, a->ncauses * sizeof *a->causes) != 0)
        return true;
    if (memcmp(&a->id, &none, sizeof none) != 0 && memcmp(&b->id, &none, sizeof none) != 0 &&
        memcmp(&a->id, &b->id, sizeof a->id) != 0)
        return true;
    for (uint32_t i = 0; i < plan->types[a->type].nattributes; i++)
        if (value_differs(plan->types[a->type].attributes[i].type, a->values[i], b->values[i]))
            return true;
    return false;
}

uint32_t outputs_differ(const Plan *plan, const Outputs *a, const Outputs *b)
{
    for (uint32_t i = 0; i < a->n && i < b->n; i++)
        if (output_differs(plan, &a->items[i], &b->items[i]))
            return i;
    return a->n == b->n ? UINT32_MAX : a->n < b->n ? a->n : b->n;
}

static void time_print(int64_t time, FILE *out)
{
    char text[TIME_TEXT_MAX];
    size_t len = time_text(time, text);
    fprintf(out, "%.*s", (int)len, text);
}

static void value_print(TypeKind type, NaiveValue value, FILE *out)
{
    if (value.state != STATE_OK)
        fprintf(out, "%s", value.state == STATE_NULL ? "null" : "error");
    else if (type == TYPE_STRING)
        fprintf(out, "\"%.*s\"", TEXT_ARGS(value.cell.s));
    else if (type == TYPE_FLOAT)
        fprintf(out, "%.12g", value.cell.f);
    else if (type == TYPE_BOOL)
        fprintf(out, "%s", value.cell.b ? "true" : "false");
    else if (type == TYPE_TIME)
        time_print(value.cell.i, out);
    else
        fprintf(out, "%lld", (long long)value.cell.i);
}

void output_print(const Plan *plan, const Output *output, FILE *out)
{
    const EventType *type = &plan->types[output->type];
    time_print(output->time, out);
    fprintf(out, " %.*s {", TEXT_ARGS(type->name));
    for (uint32_t i = 0; i < type->nattributes; i++) {
        fprintf(out, "%s%.*s: ", i ? ", " : " ", TEXT_ARGS(type->attributes[i].name));
        value_print(type->attributes[i].type, output->values[i], out);
    }
    fprintf(out, " } by %.*s, causes", TEXT_ARGS(output->agent));
    for (uint32_t i = 0; i < output->ncauses; i++) {
        int64_t cause = output->causes[i];
        if (cause == INT64_MIN)
            fprintf(out, " ?");
        else
            fprintf(out, cause < 0 ? " output %lld" : " %lld", (long long)(cause < 0 ? -1 - cause : cause));
    }
    fprintf(out, " of %llu", (unsigned long long)output->cause_count);
    if (output->suppressed)
        fprintf(out, ", %llu suppressed", (unsigned long long)output->suppressed);
    fprintf(out, "\n");
}
