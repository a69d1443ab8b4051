/* Compiling a case and running it. */
#include "tests/oracle/trial.h"

#include "agents/engine.h"
#include "agents/share.h"
#include "cluster/ingest.h"
#include "rules/parser.h"
#include "tests/oracle/placed.h"
#include "tests/oracle/random.h"

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

/* ── The engine ── */

typedef struct Run {
    Trial *trial;
    const Case *c;
    Engine *engine;
    Ingest *ingest;
    Outputs outputs;
} Run;

/* The place in the case of a producer's line. */
static uint32_t event_of(const Case *c, uint32_t producer, uint64_t number)
{
    for (uint32_t i = 0; i < c->nevents; i++)
        if (c->events[i].step == STEP_LINE && c->events[i].producer == producer && case_number(c, i) == number)
            return i;
    return UINT32_MAX;
}

static void collect(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Run *run = owner;
    Arena *arena = &run->trial->arena;
    const Lineage *lineage = rows->lineage[row];
    Outputs *all = &run->outputs;
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
            out->values[i].cell.s = arena_text(arena, out->values[i].cell.s);
    }
    /* ids for now; they become numbers when all outputs are there */
    out->causes = (int64_t *)arena_copy(arena, lineage->causes, lineage->ncauses * sizeof *lineage->causes);
}

static void number_causes(Run *run)
{
    Outputs *outputs = &run->outputs;
    for (uint32_t i = 0; i < outputs->n; i++) {
        Output *out = &outputs->items[i];
        const EventId *ids = (const EventId *)out->causes;
        int64_t *numbers = ARENA_ARRAY(&run->trial->arena, int64_t, out->ncauses + 1);
        for (uint32_t c = 0; c < out->ncauses; c++) {
            numbers[c] = INT64_MIN;
            if (ids[c].high & EVENT_ID_INPUT)
                numbers[c] = event_of(run->c, (uint32_t)ids[c].high, ids[c].low);
            for (uint32_t k = 0; k < outputs->n && numbers[c] == INT64_MIN; k++)
                if (outputs->items[k].id.high == ids[c].high && outputs->items[k].id.low == ids[c].low)
                    numbers[c] = -1 - (int64_t)k;
        }
        out->causes = numbers;
    }
}

static void evaluation_failed(void *owner, const Rejection *rejection)
{
    Run *run = owner;
    uint64_t hash = (uint64_t)(rejection->agent - run->trial->plan->agents) + 1;
    for (const char *p = rejection->reason; *p; p++)
        hash = hash * 31 + (unsigned char)*p;
    run->outputs.failed += hash * UINT64_C(0x9E3779B97F4A7C15);
}

static void line_rejected(void *owner, const IngestRejection *rejection)
{
    Run *run = owner;
    Fate fate = FATE_NONE;
    for (int i = FATE_MALFORMED; i <= FATE_LATE; i++)
        if (strcmp(rejection->reason, fate_word((Fate)i)) == 0)
            fate = (Fate)i;
    run->outputs.fates.fate[event_of(run->c, rejection->producer, rejection->line)] = rejection->dropped ? FATE_DROPPED : fate;
}

static Batch *batch_of_engine(void *owner)
{
    return engine_batch(((Run *)owner)->engine);
}

static void run_batch(void *owner)
{
    Run *run = owner;
    const Batch *batch = engine_batch(run->engine);
    for (uint32_t i = 0; i < batch->n; i++) {
        const OrderKey *key = &batch->rows[batch->order[i].type].key[batch->order[i].row];
        run->outputs.order[run->outputs.norder++ % CASE_EVENTS_MAX] = event_of(run->c, key->origin, key->sequence);
    }
    engine_run(run->engine);
}

/* Where an event of the case stands among the arrivals: producers are drawn at random, each one's lines stay in
 * order. Way 0 keeps the order of the case, and so does a case in which a producer is idle or time passes. */
static void arrivals(const Case *c, TrialWay way, uint32_t order[CASE_EVENTS_MAX])
{
    Random random = {(uint64_t)way * 1000003 + c->nevents};
    bool taken[CASE_EVENTS_MAX] = {false}, mixes = way != TRIAL_BATCHES_1;
    for (uint32_t i = 0; i < c->nevents; i++)
        mixes &= c->events[i].step == STEP_LINE;
    for (uint32_t n = 0; n < c->nevents;) {
        uint32_t producer = random_below(&random, case_producers(c));
        uint32_t burst = 1 + random_below(&random, 3);
        for (uint32_t i = 0; i < c->nevents && burst; i++)
            if (!taken[i] && (!mixes || c->events[i].producer == producer)) {
                taken[i] = true;
                order[n++] = i;
                burst--;
            }
    }
}

static bool is_last(const Case *c, const uint32_t *order, uint32_t at)
{
    for (uint32_t i = at + 1; i < c->nevents; i++)
        if (c->events[order[i]].producer == c->events[order[at]].producer)
            return false;
    return true;
}

/* Hands one event of the case to the ingest. `idle` is a decision that is recorded at its place: what came before it
 * is settled, and what came before the producer's return. */
static void take(Run *run, uint32_t i, bool idle[CASE_PRODUCERS_MAX])
{
    const CaseEvent *event = &run->c->events[i];
    if (event->step == STEP_ADVANCE) {
        ingest_run(run->ingest);
        engine_advance(run->engine, event->time);
        return;
    }
    if (event->step == STEP_IDLE || idle[event->producer])
        ingest_settle(run->ingest);
    idle[event->producer] = event->step == STEP_IDLE;
    if (event->step == STEP_IDLE) {
        ingest_idle(run->ingest, event->producer);
        return;
    }
    enum { READ_AHEAD = 64 };
    char *line = arena_raw(&run->trial->arena, CASE_LINE_MAX + READ_AHEAD);
    case_line(event, line);
    run->outputs.fates.fate[i] = FATE_TAKEN;
    ingest_line(run->ingest, event->producer, text_of(line), case_number(run->c, i));
}

static void run_all(Run *run, TrialWay way)
{
    const Case *c = run->c;
    uint32_t order[CASE_EVENTS_MAX];
    bool idle[CASE_PRODUCERS_MAX] = {false}, ended[CASE_PRODUCERS_MAX] = {false}, any = false;
    arrivals(c, way, order);
    for (uint32_t i = 0; i < c->nevents; i++)
        any |= c->events[i].step != STEP_LINE;
    for (uint32_t i = 0; i < c->nevents; i++) {
        uint32_t producer = c->events[order[i]].producer;
        take(run, order[i], idle);
        if (way == TRIAL_BATCHES_7 && !any && is_last(c, order, i)) {
            ingest_settle(run->ingest);
            ingest_end(run->ingest, producer);
            ended[producer] = true;
        }
    }
    ingest_settle(run->ingest);
    for (uint32_t p = 0; p < case_producers(c); p++)
        if (!ended[p])
            ingest_end(run->ingest, p);
    ingest_run(run->ingest);
    if (ingest_time(run->ingest) != TIME_NONE)
        engine_advance(run->engine, c->end);
    if (c->close)
        engine_close(run->engine);
}

static Outputs run_engine(Trial *trial, const Case *c, TrialWay way, uint32_t batch_rows)
{
    Run run = {.trial = trial, .c = c};
    run.engine = engine_new(trial->plan, &trial->memory, trial->tables, (EngineOptions){.row_by_row = way == TRIAL_ROW_BY_ROW},
                            (Sink){.owner = &run, .event = collect, .rejected = evaluation_failed});
    run.ingest = ingest_new(trial->plan, &trial->memory, (IngestOptions){.batch_rows = batch_rows, .tables = trial->tables},
                            (IngestSink){.owner = &run, .batch = batch_of_engine, .run = run_batch, .rejected = line_rejected});
    for (uint32_t p = 0; p < case_producers(c); p++)
        ingest_producer(run.ingest, NULL);
    run_all(&run, way);
    ingest_free(run.ingest);
    engine_free(run.engine);
    number_causes(&run);
    return run.outputs;
}

/* ── Rows ── */

/* The value of an attribute of an input type, by its name. */
static NaiveValue input_value(const CaseEvent *event, Text name)
{
    if (text_is_c(name, "k"))
        return (NaiveValue){event->k < 0 ? STATE_NULL : STATE_OK, {.i = event->k}};
    if (text_is_c(name, "s"))
        return (NaiveValue){STATE_OK, {.s = text_of(event->s)}};
    if (text_is_c(name, "v"))
        return (NaiveValue){STATE_OK, {.i = event->v}};
    if (text_is_c(name, "w"))
        return (NaiveValue){event->w < 0 ? STATE_NULL : STATE_OK, {.f = event->w}};
    return (NaiveValue){event->clock == CLOCK_AT ? STATE_OK : STATE_NULL, {.i = event->time}}; /* at */
}

static NaiveEvent input_of(Trial *trial, const Case *c, const Fates *fates, uint32_t i)
{
    const CaseEvent *event = &c->events[i];
    NaiveEvent input = {.type = plan_type(trial->plan, text_of(case_types[event->type])), .time = fates->time[i], .serial = i};
    const EventType *type = &trial->plan->types[input.type];
    input.key = naive_input_key(c, fates, i);
    input.values = ARENA_ARRAY(&trial->arena, NaiveValue, type->nattributes);
    for (uint32_t k = 0; k < type->nattributes; k++)
        input.values[k] = input_value(event, type->attributes[k].name);
    return input;
}

/* ── Nodes ── */

static void feed(Batch *batch, const NaiveEvent *input)
{
    Rows *rows = &batch->rows[input->type];
    uint32_t row = rows_add(rows, batch->memory);
    for (uint32_t i = 0; i < rows->ncolumns; i++)
        if (input->values[i].state == STATE_OK)
            rows_set(rows, row, i, input->values[i].cell);
        else
            rows_set_state(rows, row, i, input->values[i].state);
    rows->time[row] = rows->detected[row] = input->time;
    rows->key[row] = (OrderKey){.time = input->time, .kind = ORDER_EVENT, .origin = input->key.origin, .sequence = input->key.sequence};
    rows->id[row] = (EventId){EVENT_ID_INPUT | input->key.origin, input->key.sequence};
    batch_append(batch, input->type, row);
}

static Outputs run_placed(Trial *trial, const Case *c, uint32_t nodes)
{
    Run run = {.trial = trial, .c = c};
    Sink sink = {.owner = &run, .event = collect, .rejected = evaluation_failed};
    Fates fates = naive_fates(trial->plan, c);
    uint32_t order[CASE_EVENTS_MAX], n = naive_order(c, &fates, order);
    uint64_t seed = share_hash((Text){(const char *)trial->plan->version, sizeof trial->plan->version}) + nodes;
    Placed *placed = placed_new(trial->plan, trial->tables, nodes, seed, &trial->memory, sink);
    for (uint32_t i = 0; i < n; i++) {
        if (c->events[order[i]].step == STEP_ADVANCE) {
            placed_run(placed);
            placed_advance(placed, c->events[order[i]].time);
            continue;
        }
        NaiveEvent input = input_of(trial, c, &fates, order[i]);
        feed(placed_batch(placed), &input);
        run.outputs.order[run.outputs.norder++] = order[i];
    }
    placed_run(placed);
    if (run.outputs.norder)
        placed_advance(placed, c->end);
    run.outputs.broken = placed_end(placed);
    number_causes(&run);
    return run.outputs;
}

/* ── The naive matcher ── */

static Output output_of(Naive *naive, const NaiveEvent *event)
{
    Output out = {.type = event->type, .time = event->time, .agent = event->agent->name, .values = event->values,
                  .cause_count = event->cause_count, .suppressed = event->suppressed, .ncauses = event->ncauses,
                  .window_start = event->window_start, .window_end = event->window_end};
    out.identity = naive_identity(naive, event);
    out.causes = ARENA_ARRAY(naive->arena, int64_t, event->ncauses + 1);
    for (uint32_t i = 0; i < event->ncauses; i++) {
        int64_t serial = (int64_t)event->causes[i]->serial;
        out.causes[i] = event->causes[i]->agent ? -1 - serial : serial;
    }
    return out;
}

static Outputs run_naive(Trial *trial, const Case *c)
{
    Naive *naive = naive_new(trial->plan, trial->tables, &trial->arena);
    Outputs outputs = {.fates = naive_fates(trial->plan, c)};
    uint32_t order[CASE_EVENTS_MAX], n = naive_order(c, &outputs.fates, order);
    for (uint32_t i = 0; i < n && !naive->gave_up; i++) {
        if (c->events[order[i]].step == STEP_ADVANCE) {
            naive_advance(naive, c->events[order[i]].time);
            continue;
        }
        NaiveEvent input = input_of(trial, c, &outputs.fates, order[i]);
        naive_event(naive, &input);
        outputs.order[outputs.norder++] = order[i];
    }
    if (naive->now != TIME_NONE)
        naive_advance(naive, c->end);
    if (c->close)
        naive_close(naive);
    outputs.gave_up = naive->gave_up;
    outputs.items = ARENA_ARRAY(&trial->arena, Output, naive->noutputs + 1);
    for (uint32_t i = 0; i < naive->noutputs; i++)
        outputs.items[outputs.n++] = output_of(naive, naive->outputs[i]);
    return outputs;
}

Outputs trial_run(Trial *trial, const Case *c, TrialWay way)
{
    Case open = *c;
    open.close = false;
    switch (way) {
    case TRIAL_BATCHES_1: return run_engine(trial, c, way, 1);
    case TRIAL_BATCHES_7: return run_engine(trial, c, way, 7);
    case TRIAL_BATCHES_1024: case TRIAL_ROW_BY_ROW: return run_engine(trial, c, way, BATCH_ROWS);
    case TRIAL_OPEN: return run_engine(trial, &open, way, BATCH_ROWS);
    case TRIAL_NODES_1: return run_placed(trial, c, 1);
    case TRIAL_NODES_2: return run_placed(trial, c, 2);
    case TRIAL_NODES_4: return run_placed(trial, c, 4);
    default: return run_naive(trial, c);
    }
}
