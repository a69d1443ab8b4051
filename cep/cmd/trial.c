#include "cep/cmd/trial.h"

#include <string.h>

#include "agents/engine.h"
#include "cep/cmd/formula.h"
#include "cep/cmd/outcome.h"
#include "cep/cmd/sent.h"
#include "cep/cmd/verb.h"
#include "cluster/ingest.h"

typedef struct Trial {
    Network *network;
    const Plan *plan;
    const AstTest *test;
    Coverage *coverage; /* or NULL */
    FILE *report;
    bool good;
    Memory memory;
    Arena arena;
    Table **tables;
    Engine *engine;
    Ingest *ingest;       /* NULL when all that was sent has been run */
    Out line;             /* the event under way, as JSON */
    uint64_t lines;
    int64_t clock;        /* TIME_NONE before the first `at` */
    Outcome outcome;
    /* the block under way */
    const AstStatement *block;
    uint32_t nblock;
} Trial;

/* ── Findings ── */

static void place(Trial *trial, Span span)
{
    const Source *source = &trial->network->sources.items[span.file];
    Place at = source_place(source, span.start);
    trial->good = false;
    fprintf(trial->report, "# %.*s:%u:%u: ", TEXT_ARGS(source->path), at.line, at.column);
}

static void print_time(Trial *trial, int64_t time)
{
    char text[TIME_TEXT_MAX];
    size_t len = time_text(time, text);
    fprintf(trial->report, "%.*s", (int)len, text);
}

static Text wanted_name(const Wish *wish, const Wanted *wanted)
{
    return wanted->attribute == INDEX_NONE ? TEXT("$time") : wish->type->attributes[wanted->attribute].name;
}

static Text wanted_text(Trial *trial, const Wish *wish, const Wanted *wanted)
{
    if (wanted->state != STATE_OK)
        return TEXT("null");
    TypeKind type = wanted->attribute == INDEX_NONE ? TYPE_TIME : wish->type->attributes[wanted->attribute].type;
    return formula_value(type, wanted->value, &trial->arena);
}

static Text actual_text(Trial *trial, const Derived *derived, uint32_t attribute)
{
    if (attribute == INDEX_NONE)
        return formula_value(TYPE_TIME, (Cell){.i = derived->time}, &trial->arena);
    if (derived->states[attribute] != STATE_OK)
        return TEXT("null");
    return formula_value(derived->type->attributes[attribute].type, derived->cells[attribute], &trial->arena);
}

/* What was wanted and what came, a value a line; those that differ are marked. */
static void print_beside(Trial *trial, const Wish *wish, const Derived *derived)
{
    enum { WIDTH = 38 };
    fprintf(trial->report, "#     %-*s  %s\n", WIDTH, "expected", "actual");
    if (wish->time != TIME_NONE) {
        char text[TIME_TEXT_MAX];
        int len = (int)time_text(wish->time, text);
        fprintf(trial->report, "#   %c at %-*.*s  ", wish->time == derived->time ? ' ' : '!', WIDTH - 3, len, text);
        print_time(trial, derived->time);
        fprintf(trial->report, "\n");
    }
    for (uint32_t i = 0; i < wish->nwanted; i++) {
        const Wanted *wanted = &wish->wanted[i];
        Text line = arena_printf(&trial->arena, "%.*s: %.*s", TEXT_ARGS(wanted_name(wish, wanted)),
                                 TEXT_ARGS(wanted_text(trial, wish, wanted)));
        fprintf(trial->report, "#   %c %-*.*s  %.*s\n", wanted_fits(wanted, derived) ? ' ' : '!', WIDTH, TEXT_ARGS(line),
                TEXT_ARGS(actual_text(trial, derived, wanted->attribute)));
    }
}

/* What the engine says about itself, `cep.Suppressed`, need not be expected. */
static bool is_builtin(const EventType *type)
{
    return type->name.len > 4 && memcmp(type->name.p, "cep.", 4) == 0;
}

static bool is_unclaimed(const Derived *derived)
{
    return !derived->claimed && !is_builtin(derived->type);
}

static uint32_t unclaimed(const Outcome *outcome)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < outcome->nderived; i++)
        n += is_unclaimed(&outcome->derived[i]);
    return n;
}

/* What was wanted, on one line: `Large { card: "c1" } at 2026-03-01T09:00:00Z`. */
static void print_wish(Trial *trial, const Wish *wish)
{
    fprintf(trial->report, "#     expected  %.*s {", TEXT_ARGS(wish->type->name));
    for (uint32_t i = 0; i < wish->nwanted; i++) {
        const Wanted *wanted = &wish->wanted[i];
        fprintf(trial->report, "%s %.*s: %.*s", i ? "," : "", TEXT_ARGS(wanted_name(wish, wanted)),
                TEXT_ARGS(wanted_text(trial, wish, wanted)));
    }
    fputs(" }", trial->report);
    if (wish->time != TIME_NONE) {
        fputs(" at ", trial->report);
        print_time(trial, wish->time);
    }
    fputc('\n', trial->report);
}

/* What came out and nobody claimed. */
static void print_unclaimed(Trial *trial)
{
    enum { SHOWN_MAX = 5 };
    uint32_t n = 0;
    for (uint32_t i = 0; i < trial->outcome.nderived; i++) {
        const Derived *derived = &trial->outcome.derived[i];
        if (is_unclaimed(derived) && n++ < SHOWN_MAX)
            fprintf(trial->report, "#     came      %.*s\n", TEXT_ARGS(derived_text(derived, &trial->arena)));
    }
    if (n > SHOWN_MAX)
        fprintf(trial->report, "#     and %u more\n", n - SHOWN_MAX);
}

/* ── Values of the test ── */

static Text path_text(Trial *trial, const Path *path)
{
    Text text = path->parts[0].text;
    for (uint32_t i = 1; i < path->n; i++)
        text = arena_printf(&trial->arena, "%.*s.%.*s", TEXT_ARGS(text), TEXT_ARGS(path->parts[i].text));
    return text;
}

static bool constant(Trial *trial, const Expr *expr, TypeKind type, Cell *value, State *state)
{
    Diagnostics diagnostics;
    diagnostics_init(&diagnostics, &trial->network->sources, &trial->arena);
    if (compile_constant(trial->plan, expr, type, &diagnostics, &trial->arena, value, state))
        return true;
    place(trial, expr->span);
    if (diagnostics.n)
        fprintf(trial->report, "%.*s\n", TEXT_ARGS(diagnostics.items[0]->message));
    else
        fprintf(trial->report, "a %s is expected\n", type_word(type));
    return false;
}

static int64_t duration_of(Trial *trial, const Expr *expr)
{
    Cell value = {0};
    State state;
    return expr && constant(trial, expr, TYPE_DURATION, &value, &state) ? value.i : 0;
}

static uint32_t attribute_find(const Attribute *attributes, uint32_t n, Text name)
{
    for (uint32_t i = 0; i < n; i++)
        if (text_is(attributes[i].name, name))
            return i;
    return INDEX_NONE;
}

static const EventType *type_find(Trial *trial, const Path *path)
{
    uint32_t type = plan_type(trial->plan, path_text(trial, path));
    if (type != INDEX_NONE)
        return &trial->plan->types[type];
    place(trial, path->span);
    fprintf(trial->report, "there is no event `%.*s`\n", TEXT_ARGS(path_text(trial, path)));
    return NULL;
}

static void no_attribute(Trial *trial, const Name *name, const char *what, Text of)
{
    place(trial, name->span);
    fprintf(trial->report, "%s `%.*s` has no `%.*s`\n", what, TEXT_ARGS(of), TEXT_ARGS(name->text));
}

/* ── Statements that feed ── */

static void run_table(Trial *trial, const AstStatement *statement)
{
    uint32_t index = plan_table(trial->plan, statement->table.text);
    if (index == INDEX_NONE) {
        place(trial, statement->span);
        fprintf(trial->report, "there is no table `%.*s`\n", TEXT_ARGS(statement->table.text));
        return;
    }
    const TablePlan *table = &trial->plan->tables[index];
    Cell *cells = ARENA_ARRAY(&trial->arena, Cell, table->ncolumns);
    uint8_t *states = ARENA_ARRAY(&trial->arena, uint8_t, table->ncolumns);
    for (uint32_t i = 0; i < table->ncolumns; i++) {
        State state = STATE_NULL;
        if (!table->columns[i].fill || !program_is_constant(table->columns[i].fill, &cells[i], &state))
            state = STATE_NULL;
        states[i] = (uint8_t)state;
    }
    for (uint32_t i = 0; i < statement->fields.n; i++) {
        const AstField *field = &statement->fields.items[i];
        uint32_t column = attribute_find(table->columns, table->ncolumns, field->name.text);
        State state;
        if (column == INDEX_NONE)
            no_attribute(trial, &field->name, "table", table->name);
        else if (constant(trial, field->value, table->columns[column].type, &cells[column], &state))
            states[column] = (uint8_t)state;
    }
    table_put(trial->tables[index], cells, states);
}

/* What ingest takes for the wall clock, under `time detection`. It has no owner to ask. */
static int64_t wall_clock;

static int64_t read_wall_clock(void)
{
    return wall_clock;
}

static Batch *trial_batch(void *owner)
{
    return engine_batch(((Trial *)owner)->engine);
}

static void trial_engine(void *owner)
{
    engine_run(((Trial *)owner)->engine);
}

static void trial_rejected(void *owner, const IngestRejection *rejection)
{
    outcome_refuse(&((Trial *)owner)->outcome, rejection->reason, rejection->detail, rejection->dropped);
}

static void ingest_open(Trial *trial)
{
    IngestSink sink = {.owner = trial, .batch = trial_batch, .run = trial_engine, .rejected = trial_rejected};
    IngestOptions options = {.tables = trial->tables, .clock = read_wall_clock};
    trial->ingest = ingest_new(trial->plan, &trial->memory, options, sink);
    ingest_producer(trial->ingest, NULL);
}

/* Brings everything that was sent through the engine. With a lateness, events wait for what may come before
 * them; an expectation ends the waiting, and what comes before them later is late. */
static void settle(Trial *trial)
{
    if (!trial->ingest)
        return;
    if (trial->plan->lateness)
        ingest_end(trial->ingest, 0);
    ingest_run(trial->ingest);
    if (trial->plan->lateness) {
        ingest_free(trial->ingest);
        trial->ingest = NULL;
    }
}

static void send(Trial *trial, const Sent *sent)
{
    int64_t now = engine_now(trial->engine);
    int64_t time = sent->time;
    if (sent->type->time_attribute != INDEX_NONE && sent->states[sent->type->time_attribute] == STATE_OK)
        time = sent->cells[sent->type->time_attribute].i;
    if (!trial->ingest && !trial->plan->by_detection && time != TIME_NONE && now != TIME_NONE && time < now) {
        outcome_refuse(&trial->outcome, "late", TEXT("it comes before what was expected already"),
                       trial->plan->late == LATE_DROP);
        return;
    }
    if (!trial->ingest)
        ingest_open(trial);
    wall_clock = trial->clock;
    out_clear(&trial->line);
    sent_json(&trial->line, sent, &trial->arena);
    Text line = {trial->line.bytes, (uint32_t)trial->line.n};
    for (int i = 0; i < 64; i++) /* ingest reads ahead */
        out_char(&trial->line, 0);
    line.p = trial->line.bytes;
    ingest_line(trial->ingest, 0, line, ++trial->lines);
    ingest_settle(trial->ingest);
}

/* The event of an `at`: its fields, and the clock where its time attribute is not written. */
static bool sent_from(Trial *trial, const AstStatement *statement, Sent *sent)
{
    const EventType *type = type_find(trial, &statement->type);
    if (!type)
        return false;
    bool before = trial->good;
    trial->good = true;
    *sent = (Sent){
        .type = type,
        .cells = ARENA_ARRAY(&trial->arena, Cell, type->nattributes),
        .states = ARENA_ARRAY(&trial->arena, uint8_t, type->nattributes),
        .time = TIME_NONE,
        .id = statement->id.set ? statement->id.value : (Text){0},
    };
    memset(sent->states, STATE_NULL, type->nattributes);
    for (uint32_t i = 0; i < statement->fields.n; i++) {
        const AstField *field = &statement->fields.items[i];
        Cell value;
        State state;
        if (field->name.header && text_is_c(field->name.text, "$time")) {
            if (constant(trial, field->value, TYPE_TIME, &value, &state) && state == STATE_OK)
                sent->time = value.i;
            continue;
        }
        uint32_t attribute = attribute_find(type->attributes, type->nattributes, field->name.text);
        if (attribute == INDEX_NONE)
            no_attribute(trial, &field->name, "event", type->name);
        else if (constant(trial, field->value, type->attributes[attribute].type, &sent->cells[attribute], &state))
            sent->states[attribute] = (uint8_t)state;
    }
    bool good = trial->good;
    trial->good &= before;
    return good;
}

static void run_at(Trial *trial, const AstStatement *statement)
{
    int64_t reached = trial->clock;
    if (statement->time) {
        trial->clock = statement->time->time->time_ns;
    } else if (trial->clock == TIME_NONE) {
        place(trial, statement->span);
        fprintf(trial->report, "the first `at` needs a time, for `+` to count from\n");
        return;
    } else {
        trial->clock += duration_of(trial, statement->after);
    }
    Sent sent;
    if (!sent_from(trial, statement, &sent))
        return;
    uint32_t column = sent.type->time_attribute;
    bool fill_column = column != INDEX_NONE && sent.states[column] != STATE_OK && !sent.type->attributes[column].compute;
    bool fill_header = column == INDEX_NONE && sent.time == TIME_NONE;
    int64_t every = duration_of(trial, statement->every);
    int64_t times = statement->repeat.set ? statement->repeat.value : 1;
    for (int64_t i = 0; i < times; i++) {
        if (i)
            trial->clock += every;
        if (fill_column) {
            sent.cells[column].i = trial->clock;
            sent.states[column] = STATE_OK;
        }
        if (fill_header)
            sent.time = trial->clock;
        send(trial, &sent);
    }
    if (reached > trial->clock) /* an `at` of an earlier time does not turn the clock back for what follows */
        trial->clock = reached;
}

static void run_advance(Trial *trial, const AstStatement *statement)
{
    if (trial->clock == TIME_NONE) {
        place(trial, statement->span);
        fprintf(trial->report, "time cannot pass before an `at` has said what time it is\n");
        return;
    }
    settle(trial);
    trial->clock += duration_of(trial, statement->after);
    engine_advance(trial->engine, trial->clock);
}

/* ── Expectations ── */

static void wish_from(Trial *trial, const AstExpected *expected, Wish *wish)
{
    *wish = (Wish){
        .type = type_find(trial, &expected->type),
        .time = expected->at ? expected->at->time->time_ns : TIME_NONE,
        .times = expected->times.set ? (uint32_t)expected->times.value : 1,
        .span = expected->span,
        .wanted = ARENA_ARRAY(&trial->arena, Wanted, expected->fields.n),
    };
    for (uint32_t i = 0; wish->type && i < expected->fields.n; i++) {
        const AstField *field = &expected->fields.items[i];
        Wanted *wanted = &wish->wanted[wish->nwanted];
        bool is_time = field->name.header && text_is_c(field->name.text, "$time");
        wanted->attribute = is_time ? INDEX_NONE
                                    : attribute_find(wish->type->attributes, wish->type->nattributes, field->name.text);
        if (!is_time && wanted->attribute == INDEX_NONE) {
            no_attribute(trial, &field->name, "event", wish->type->name);
            continue;
        }
        TypeKind type = is_time ? TYPE_TIME : wish->type->attributes[wanted->attribute].type;
        if (constant(trial, field->value, type, &wanted->value, &wanted->state))
            wish->nwanted++;
    }
}

static void judge_wish(Trial *trial, const Wish *wish)
{
    Outcome *outcome = &trial->outcome;
    if (wish->found < wish->times) {
        place(trial, wish->span);
        fprintf(trial->report, "%u of %u `%.*s` came\n", wish->found, wish->times, TEXT_ARGS(wish->type->name));
        const Derived *nearest = outcome_nearest(outcome, wish);
        if (nearest) {
            print_beside(trial, wish, nearest);
            return;
        }
        print_wish(trial, wish);
        if (unclaimed(outcome))
            print_unclaimed(trial);
        else
            fprintf(trial->report, "#     nothing %scame out\n", outcome->nderived ? "else " : "");
        return;
    }
    for (uint32_t i = 0; i < outcome->nderived; i++)
        if (!outcome->derived[i].claimed && wish_fits(wish, &outcome->derived[i])) {
            place(trial, wish->span);
            fprintf(trial->report, "more than %u `%.*s` came\n", wish->times, TEXT_ARGS(wish->type->name));
            print_unclaimed(trial);
            return;
        }
}

static bool holds(Text text, Text part)
{
    return part.len == 0 || (text.len >= part.len && memmem(text.p, text.len, part.p, part.len));
}

static void judge_error(Trial *trial, const AstStatement *statement)
{
    for (uint32_t i = 0; i < trial->outcome.nrefused; i++) {
        Refused *refused = &trial->outcome.refused[i];
        if (!refused->claimed &&
            (holds(text_of(refused->reason), statement->error.value) || holds(refused->detail, statement->error.value))) {
            refused->claimed = true;
            return;
        }
    }
    place(trial, statement->span);
    fprintf(trial->report, "no event was rejected for \"%.*s\"\n", TEXT_ARGS(statement->error.value));
}

static void judge_refused(Trial *trial, Span span)
{
    for (uint32_t i = 0; i < trial->outcome.nrefused; i++) {
        const Refused *refused = &trial->outcome.refused[i];
        if (refused->claimed || refused->dropped)
            continue;
        place(trial, span);
        fprintf(trial->report, "an event was rejected: %s: %.*s\n", refused->reason, TEXT_ARGS(refused->detail));
    }
}

/* Statements of the block → wishes; true when nothing besides them may come. */
static bool gather(Trial *trial, Wish **wishes, uint32_t *n)
{
    bool exactly = false;
    *wishes = NULL;
    *n = 0;
    for (uint32_t i = 0; i < trial->nblock; i++) {
        const AstStatement *statement = &trial->block[i];
        exactly |= statement->kind == AST_STATEMENT_EXPECT_EXACTLY || statement->kind == AST_STATEMENT_EXPECT_NOTHING;
        for (uint32_t e = 0; e < statement->expected_count; e++) {
            Wish wish;
            wish_from(trial, &statement->expected[e], &wish);
            if (!wish.type)
                continue;
            *wishes = arena_grow(&trial->arena, *wishes, *n, sizeof **wishes);
            (*wishes)[(*n)++] = wish;
        }
    }
    return exactly;
}

static void end_block(Trial *trial)
{
    if (!trial->nblock)
        return;
    settle(trial);
    Wish *wishes;
    uint32_t n;
    bool exactly = gather(trial, &wishes, &n);
    Span last = trial->block[trial->nblock - 1].span;
    outcome_claim(&trial->outcome, wishes, n);
    bool before = trial->good;
    trial->good = true;
    for (uint32_t i = 0; i < n; i++)
        judge_wish(trial, &wishes[i]);
    if (exactly && trial->good && unclaimed(&trial->outcome)) {
        place(trial, last);
        fprintf(trial->report, n ? "more came than these\n" : "something came\n");
        print_unclaimed(trial);
    }
    trial->good &= before;
    for (uint32_t i = 0; i < trial->nblock; i++)
        if (trial->block[i].kind == AST_STATEMENT_EXPECT_ERROR)
            judge_error(trial, &trial->block[i]);
    judge_refused(trial, last);
    outcome_clear(&trial->outcome);
    trial->nblock = 0;
}

static bool is_expectation(const AstStatement *statement)
{
    return statement->kind >= AST_STATEMENT_EXPECT;
}

static void run_statement(Trial *trial, const AstStatement *statement)
{
    if (is_expectation(statement)) {
        if (!trial->nblock)
            trial->block = statement;
        trial->nblock++;
        return;
    }
    end_block(trial);
    if (statement->kind == AST_STATEMENT_TABLE)
        run_table(trial, statement);
    else if (statement->kind == AST_STATEMENT_AT)
        run_at(trial, statement);
    else
        run_advance(trial, statement);
}

/* ── The whole ── */

static bool is_watched(const Trial *trial, const AgentPlan *agent)
{
    const AstTest *test = trial->test;
    for (uint32_t i = 0; agent && i < test->agent_count; i++)
        if (text_is(test->agents[i].text, agent->name))
            return true;
    return test->agent_count == 0;
}

static void trial_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Trial *trial = owner;
    if (trial->coverage)
        coverage_derived(trial->coverage, rows->lineage[row]);
    if (is_watched(trial, rows->lineage[row] ? rows->lineage[row]->agent : NULL))
        outcome_add(&trial->outcome, type, rows, row);
}

/* What an agent that the test is not about could not evaluate is none of its business. */
static void trial_engine_rejected(void *owner, const Rejection *rejection)
{
    if (rejection->agent && !is_watched(owner, rejection->agent))
        return;
    outcome_refuse(&((Trial *)owner)->outcome, rejection->reason, rejection->detail, false);
}

static void trial_open(Trial *trial)
{
    const Plan *plan = trial->plan;
    arena_init(&trial->arena, &trial->memory);
    trial->outcome.arena = &trial->arena;
    trial->tables = ARENA_ARRAY(&trial->arena, Table *, plan->ntables);
    for (uint32_t i = 0; i < plan->ntables; i++)
        trial->tables[i] = table_new(&trial->memory, &plan->tables[i]);
    out_init(&trial->line, &trial->memory, -1);
    Sink sink = {.owner = trial, .event = trial_event, .rejected = trial_engine_rejected};
    trial->engine = engine_new(plan, &trial->memory, trial->tables, (EngineOptions){0}, sink);
}

static void trial_close(Trial *trial)
{
    ingest_free(trial->ingest);
    engine_free(trial->engine);
    out_fini(&trial->line);
    for (uint32_t i = 0; i < trial->plan->ntables; i++)
        table_free(trial->tables[i]);
    arena_fini(&trial->arena);
}

static bool trial_run(Network *network, const AstTest *test, Coverage *coverage, FILE *report)
{
    Trial trial = {
        .network = network,
        .plan = network->plan,
        .test = test,
        .coverage = coverage,
        .report = report,
        .good = true,
        .clock = TIME_NONE,
    };
    trial_open(&trial);
    for (uint32_t i = 0; i < test->statement_count; i++)
        run_statement(&trial, &test->statements[i]);
    end_block(&trial);
    settle(&trial);
    judge_refused(&trial, test->body);
    if (coverage)
        coverage_engine(coverage, trial.engine);
    trial_close(&trial);
    return trial.good;
}

static bool trial_with(const Network *network, uint32_t nfiles, const Params *given, uint32_t index, Coverage *coverage,
                       FILE *report)
{
    const AstTest *test = network->module.declarations[index]->test;
    Params params = {0};
    for (uint32_t i = 0; i < given->n; i++)
        params_set(&params, given->items[i].name, given->items[i].text);
    for (uint32_t i = 0; i < test->with.n; i++)
        params_set(&params, test->with.items[i].name.text, sources_text(&network->sources, test->with.items[i].value->span));

    Network again;
    int code = network_read_texts(&again, network->sources.items, nfiles);
    if (code == EXIT_DONE)
        code = network_compile(&again, params.items, params.n);
    bool good = false;
    if (code == EXIT_DONE)
        good = trial_run(&again, again.module.declarations[index]->test, coverage, report);
    else if (again.diagnostics.n)
        fprintf(report, "# with these params the rules are wrong: %.*s\n", TEXT_ARGS(again.diagnostics.items[0]->message));
    network_free(&again);
    params_free(&params);
    return good;
}

bool trial_test(Network *network, uint32_t nfiles, const Params *params, uint32_t index, Coverage *coverage, FILE *report)
{
    const AstTest *test = network->module.declarations[index]->test;
    return test->with.n ? trial_with(network, nfiles, params, index, coverage, report)
                        : trial_run(network, test, coverage, report);
}
