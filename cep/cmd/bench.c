/* cep bench: CPU time per event of the engine on its standard workloads, and whether the results are right.
 *
 * Events are made before the clock starts, as filled batches; the clock is the thread's CPU time. The first
 * pass warms up; the median of the following ones is what is printed. The same rules with every predicate
 * evaluated for every row, over at least a second, show what the indexes and kernels are worth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/engine.h"
#include "cep/cmd/bench_check.h"
#include "cep/cmd/bench_codec.h"
#include "cep/cmd/bench_enrich.h"
#include "cep/cmd/bench_net.h"
#include "cep/cmd/bench_node.h"
#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/verb.h"
#include "cep/cmd/workload.h"

enum { PASSES = 5, PASSES_MAX = 100, SLICES = 64, STEADY_EVENTS = 1000000 };

typedef struct Bench {
    bool json, row_by_row;
    unsigned passes;
    bool chosen[16]; /* by index in workloads */
    bool streams;    /* one of them is chosen */
    bool check;      /* the compiler, too */
    bool enrich;     /* and a table in Redis */
    bool codec;      /* and frames */
    bool net;        /* and the network */
} Bench;

enum { OPTION_PASSES = 0x2000, OPTION_ROWS, OPTION_FROM };

static const struct argp_option options[] = {
    {"passes", OPTION_PASSES, "N", 0, "measured passes after the one that warms up (5)", 0},
    {"row-by-row", OPTION_ROWS, 0, 0, "run all passes with every predicate evaluated row by row", 0},
    {"from", OPTION_FROM, "memory", 0, "where events come from", 0},
    VERB_JSON_OPTION,
    {0},
};

static void choose(Bench *bench, const char *id, struct argp_state *state)
{
    if (strcmp(id, "all") == 0) {
        for (size_t i = 0; workloads[i].id; i++)
            bench->chosen[i] = true;
        bench->check = bench->enrich = bench->codec = bench->net = bench->streams = true;
    } else if (strcmp(id, "check") == 0) {
        bench->check = true;
    } else if (strcmp(id, "enrich") == 0) {
        bench->enrich = true;
    } else if (strcmp(id, "codec") == 0) {
        bench->codec = true;
    } else if (strcmp(id, "net") == 0) {
        bench->net = true;
    } else {
        const Workload *workload = workload_find(id);
        if (!workload)
            argp_error(state, "there is no workload `%s`; there are W1, W2-1k, W2-10k, W4, W7, check, enrich, codec, net, "
                       "all", id);
        bench->chosen[workload - workloads] = true;
        bench->streams = true;
    }
}

static error_t option(int key, char *value, struct argp_state *state)
{
    Bench *bench = state->input;
    char *end;
    switch (key) {
    case OPTION_PASSES:
        bench->passes = (unsigned)strtoul(value, &end, 10);
        if (*end || bench->passes < 1 || bench->passes > PASSES_MAX)
            argp_error(state, "--passes is a number from 1 to %d, not `%s`", PASSES_MAX, value);
        return 0;
    case OPTION_ROWS:
        bench->row_by_row = true;
        return 0;
    case OPTION_FROM:
        if (strcmp(value, "memory") != 0)
            argp_error(state, "events come from memory, not from `%s`", value);
        return 0;
    case VERB_JSON:
        bench->json = true;
        return 0;
    case ARGP_KEY_ARG:
        choose(bench, value, state);
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num == 0)
            choose(bench, "all", state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "[WORKLOAD…]\nnode",
    "Measure the engine's CPU time per event and check its results.\v"
    "Workloads: W1, W2-1k, W2-10k, W4, W7, check, enrich, codec, net, or all, which is the default. `check` measures "
    "how long rules and garbage take to be read, `enrich` what a table in Redis costs, `codec` frames written and read, "
    "`net` frames over a socket, `node` a node. Exit code 1 when a result differs.",
    NULL, NULL, NULL,
};

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ── An engine with a stream in front of it ── */

typedef struct Slice {
    Rows rows;
    RowRef order[BATCH_ROWS];
    uint32_t n;
} Slice;

typedef struct Bed {
    const Workload *workload;
    Memory memory;      /* the engine's */
    Memory own;         /* the slices' */
    Arena arena;
    Network network;
    Table **tables;
    Engine *engine;
    Stream stream;
    uint32_t type;      /* of the stream's events */
    Slice *slices;      /* SLICES, filled outside the clock */
    uint64_t derived, rejected;
    double compile_seconds;
} Bed;

static void count_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    (void)type, (void)rows, (void)row;
    ((Bed *)owner)->derived++;
}

static void count_rejection(void *owner, const Rejection *rejection)
{
    (void)rejection;
    ((Bed *)owner)->rejected++;
}

static void bed_close(Bed *bed)
{
    if (bed->engine)
        engine_free(bed->engine);
    if (bed->slices)
        for (int i = 0; i < SLICES; i++)
            rows_fini(&bed->slices[i].rows, &bed->own);
    free(bed->slices);
    network_free(&bed->network);
    arena_fini(&bed->arena);
}

static bool bed_open(Bed *bed, const Workload *workload, bool row_by_row)
{
    memset(bed, 0, sizeof *bed);
    bed->workload = workload;
    arena_init(&bed->arena, &bed->own);

    Text rules = workload_rules(workload, &bed->arena);
    double start = cpu_seconds();
    int code = network_read_texts(&bed->network, &(Source){.path = text_of(workload->id), .text = rules}, 1);
    if (code == EXIT_DONE)
        code = network_compile(&bed->network, NULL, 0);
    bed->compile_seconds = cpu_seconds() - start;
    if (code != EXIT_DONE) {
        network_report(&bed->network, stderr);
        return false;
    }

    const Plan *plan = bed->network.plan;
    Sink sink = {.owner = bed, .event = count_event, .rejected = count_rejection};
    bed->engine = engine_new(plan, &bed->memory, NULL, (EngineOptions){.row_by_row = row_by_row}, sink);
    for (bed->type = 0; plan->types[bed->type].alert;)
        bed->type++;

    const EventType *type = &plan->types[bed->type];
    TypeKind *kinds = ARENA_ARRAY(&bed->arena, TypeKind, type->nattributes);
    for (uint32_t i = 0; i < type->nattributes; i++)
        kinds[i] = type->attributes[i].type;
    bed->slices = calloc(SLICES, sizeof *bed->slices);
    if (!bed->slices)
        abort();
    for (int i = 0; i < SLICES; i++) {
        rows_init(&bed->slices[i].rows, &bed->own, bed->type, kinds, type->nattributes);
        while (rows_add(&bed->slices[i].rows, &bed->own) < BATCH_ROWS - 1)
            ;
    }
    bed->stream = stream_begin(workload, &bed->arena);
    return true;
}

/* The engine's own rows of the type step aside for the slice's, so that nothing is copied. */
static void run_slice(Bed *bed, Slice *slice)
{
    Batch *batch = engine_batch(bed->engine);
    Rows *place = &batch->rows[bed->type], own = *place;
    RowRef *own_order = batch->order;
    uint32_t own_room = batch->room;
    *place = slice->rows;
    place->used = own.used;
    place->used_next = batch->used;
    batch->used = place;
    batch->order = slice->order;
    batch->n = slice->n;
    batch->room = BATCH_ROWS;

    engine_run(bed->engine);

    slice->rows = *place;
    *place = own;
    batch->order = own_order;
    batch->room = own_room;
}

/* Runs the next events of the stream; returns the CPU seconds that the engine took. */
static double run_events(Bed *bed, uint64_t events)
{
    double seconds = 0;
    while (events) {
        int filled = 0;
        for (; filled < SLICES && events; filled++) {
            Slice *slice = &bed->slices[filled];
            slice->n = events < BATCH_ROWS ? (uint32_t)events : BATCH_ROWS;
            stream_fill(&bed->stream, &slice->rows, slice->order, slice->n);
            events -= slice->n;
        }
        double start = cpu_seconds();
        for (int i = 0; i < filled; i++)
            run_slice(bed, &bed->slices[i]);
        seconds += cpu_seconds() - start;
    }
    return seconds;
}

/* ── Measuring ── */

typedef struct Figures {
    bool right;
    uint64_t result, expected;  /* of the last pass */
    double ns, rows_ns;         /* per event; rows_ns row by row, 0 = not measured */
    double compile_seconds;
    uint64_t steady_calls;      /* requests for memory in STEADY_EVENTS events after the last pass */
} Figures;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_passes(Bed *bed, unsigned passes, Figures *figures)
{
    const Workload *workload = bed->workload;
    double seconds[PASSES_MAX + 1] = {0};
    figures->right = true;
    for (unsigned pass = 0; pass <= passes; pass++) {
        uint64_t before = bed->derived;
        seconds[pass] = run_events(bed, workload->events);
        figures->result = bed->derived - before;
        figures->expected = pass ? workload->result_later : workload->result_first;
        if (figures->result != figures->expected || bed->rejected) {
            figures->right = false;
            break; /* so that the wrong figure is the one printed */
        }
    }
    qsort(seconds + 1, passes, sizeof *seconds, by_value);
    figures->ns = seconds[1 + passes / 2] / workload->events * 1e9;
}

/* Time per event with every predicate evaluated row by row, over about a second. */
static double row_by_row_ns(const Workload *workload)
{
    enum { STEP = SLICES * BATCH_ROWS / 4 };
    Bed bed;
    double seconds = 0;
    uint64_t events = 0;
    if (bed_open(&bed, workload, true)) {
        run_events(&bed, STEP);
        while (seconds < 1 && events < workload->events) {
            seconds += run_events(&bed, STEP);
            events += STEP;
        }
    }
    bed_close(&bed);
    return events ? seconds / (double)events * 1e9 : 0;
}

static bool measure(const Workload *workload, const Bench *bench, Figures *figures)
{
    Bed bed;
    memset(figures, 0, sizeof *figures);
    bool opened = bed_open(&bed, workload, bench->row_by_row);
    if (opened) {
        figures->compile_seconds = bed.compile_seconds;
        run_passes(&bed, bench->passes, figures);
        uint64_t calls = bed.memory.calls;
        run_events(&bed, STEADY_EVENTS);
        figures->steady_calls = bed.memory.calls - calls;
    }
    bed_close(&bed);
    if (opened && !bench->row_by_row)
        figures->rows_ns = row_by_row_ns(workload);
    return opened && figures->right;
}

/* ── Printing ── */

static void print_head(void)
{
    printf("%-7s %9s %9s %9s %-6s %9s %6s %11s %7s  %s\n", "id", "events", "result", "expected", "", "ns/event",
           "goal", "row by row", "ratio", "");
}

static void print_figures(const Workload *workload, const Figures *figures)
{
    printf("%-7s %9u %9llu %9llu %-6s %9.1f %6.0f", workload->id, workload->events,
           (unsigned long long)figures->result, (unsigned long long)figures->expected,
           figures->right ? "ok" : "WRONG", figures->ns, workload->goal_ns);
    if (figures->rows_ns > 0)
        printf(" %11.1f %7.1f", figures->rows_ns, figures->rows_ns / figures->ns);
    else
        printf(" %11s %7s", "", "");
    if (workload->rule_count)
        printf("  %u rules compiled in %.2f s", workload->rule_count, figures->compile_seconds);
    printf("  %llu memory calls in a further %u events\n", (unsigned long long)figures->steady_calls, STEADY_EVENTS);
    fflush(stdout);
}

static void print_figures_json(Json *json, const Workload *workload, const Figures *figures)
{
    json_open(json, NULL, '{');
    json_cstring(json, "id", workload->id);
    json_int(json, "events", workload->events);
    json_int(json, "result", (int64_t)figures->result);
    json_int(json, "expected", (int64_t)figures->expected);
    json_bool(json, "ok", figures->right);
    json_float(json, "ns_per_event", figures->ns);
    json_float(json, "goal_ns", workload->goal_ns);
    json_float(json, "row_by_row_ns", figures->rows_ns);
    json_float(json, "compile_seconds", figures->compile_seconds);
    json_int(json, "steady_memory_calls", (int64_t)figures->steady_calls);
    json_close(json, '}');
}

int cmd_bench(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "node") == 0)
        return bench_node(argc - 1, argv + 1);
    Bench bench = {.passes = PASSES};
    argp_parse(&argp, argc, argv, 0, NULL, &bench);

    Json json = json_to(stdout);
    if (bench.json)
        json_open(&json, NULL, '[');
    else if (bench.streams)
        print_head();
    bool right = true;
    for (size_t i = 0; workloads[i].id; i++) {
        if (!bench.chosen[i])
            continue;
        Figures figures;
        right &= measure(&workloads[i], &bench, &figures);
        if (bench.json)
            print_figures_json(&json, &workloads[i], &figures);
        else
            print_figures(&workloads[i], &figures);
    }
    if (bench.check)
        right &= bench_check(bench.passes, bench.json ? &json : NULL);
    if (bench.enrich)
        right &= bench_enrich(bench.passes, bench.json ? &json : NULL);
    if (bench.codec)
        right &= bench_codec(bench.passes, bench.json ? &json : NULL);
    if (bench.net)
        right &= bench_net(bench.passes, bench.json ? &json : NULL);
    if (bench.json)
        json_close(&json, ']');
    return right ? EXIT_DONE : EXIT_WRONG;
}
