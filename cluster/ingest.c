/* A settlement is what ingest_line took since the last one: arrivals, in the order of their lines, of at most a
 * batch. Per event type their rows stand at the end of the target's Rows, from `from` on, in the same order.
 * So the k-th arrival of a type is row from + k, and programs run over the run of rows without an index.
 * Rejected rows are closed up before anything goes on: the engine never sees them.
 *
 * The target is the engine's batch (direct) or the current wave of the reorder buffer. */
#include "cluster/ingest.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "cep/json_reader.h"
#include "cluster/frame_reader.h"
#include "cluster/identities.h"
#include "cluster/limits.h"
#include "cluster/reorder.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* How long ids are kept where the wall clock orders, so that no lateness says it. */
#define DUPLICATE_WAIT_MIN (3600 * NS_PER_SECOND)

typedef struct Producer {
    Text name;
    uint32_t origin;
    const ProducerPlan *plan;
    JsonReader *json;    /* NULL = no line has come yet */
    FrameReader *frames; /* NULL = no frame of rows has come yet */
    uint64_t epoch;    /* of its frames */
    uint64_t target;   /* generation of the target that json writes to */
    bool begun, ended, idle;
    int64_t greatest;  /* time of what was accepted */
    int64_t last;      /* of the last event that was */
    uint64_t sequence; /* of the last line or row of this epoch */
} Producer;

typedef struct Arrival {
    uint32_t producer, type, row;
    bool rejected, has_time, has_id;
    int64_t time; /* `$time` */
    EventId id;
    uint64_t line;
    Text original;
    const FrameRow *sent; /* of a frame's row, in place of `original` */
} Arrival;

struct Ingest {
    const Plan *plan;
    Memory *memory;
    IngestOptions options;
    IngestSink sink;
    Machine *machine;
    Producer *producers;
    uint32_t nproducers;
    bool direct, decided;
    bool timed;        /* some input type has a time attribute */
    bool clocked;      /* some needs the wall clock */
    Identities *identities; /* NULL = no input type has an `id` */
    Reorder *reorder;  /* NULL = direct */
    Batch *target;     /* where lines are decoded to; NULL = to be asked for */
    uint64_t generation;
    uint64_t text_bytes; /* of the target */
    Arrival arrivals[BATCH_ROWS];
    uint32_t n;
    uint32_t nrejected; /* of the arrivals */
    uint32_t *from;    /* per type: first row of this settlement */
    uint32_t *counts;  /* per type: rows of this settlement */
    uint32_t *touched; /* types that have any */
    uint32_t ntouched;
    OrderKey passed;   /* nothing below this goes to the engine any more */
    bool has_passed, forced;
    int64_t time;
    int64_t detected;  /* the last reading of the wall clock */
    IngestStats stats;
    char detail[512];
    FrameRow *sent;    /* of the frame being taken; BATCH_ROWS of them, or NULL */
    Out original;      /* a rejected row of a frame as JSON */
    char *lines;       /* of the frame being taken */
    size_t lines_room;
    Arena names;
};

static int64_t system_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

Ingest *ingest_new(const Plan *plan, Memory *memory, IngestOptions options, IngestSink sink)
{
    assert(plan->late != LATE_CORRECT);
    Ingest *in = memory_new(memory, sizeof *in);
    in->plan = plan;
    in->memory = memory;
    in->options = options;
    in->sink = sink;
    in->time = TIME_NONE;
    in->generation = 1;
    if (options.batch_rows == 0 || options.batch_rows > BATCH_ROWS)
        in->options.batch_rows = BATCH_ROWS;
    if (plan->writes)
        in->options.batch_rows = 1;
    if (!options.clock)
        in->options.clock = system_clock;
    if (!options.reorder_rows)
        in->options.reorder_rows = (uint64_t)limit_default(LIMIT_REORDER_ROWS);
    if (!options.reorder_bytes)
        in->options.reorder_bytes = (uint64_t)limit_default(LIMIT_REORDER_BYTES);
    in->machine = machine_new(memory);
    arena_init(&in->names, memory);
    in->from = memory_new(memory, plan->ntypes * sizeof *in->from);
    in->counts = memory_new(memory, plan->ntypes * sizeof *in->counts);
    in->touched = memory_new(memory, plan->ntypes * sizeof *in->touched);
    bool identified = false;
    for (uint32_t t = 0; t < plan->ntypes; t++) {
        const EventType *type = &plan->types[t];
        in->timed |= type->input && type->time_attribute != INDEX_NONE;
        in->clocked |= type->input && type->sent_attribute != INDEX_NONE;
        identified |= type->input && type->identity;
    }
    in->clocked |= plan->by_detection || !in->timed;
    if (identified)
        in->identities = identities_new(memory, (uint32_t)limit_default(LIMIT_IDENTITIES));
    return in;
}

void ingest_free(Ingest *in)
{
    if (!in)
        return;
    for (uint32_t p = 0; p < in->nproducers; p++) {
        json_reader_free(in->producers[p].json);
        frame_reader_free(in->producers[p].frames);
    }
    if (in->sent) {
        memory_free(in->memory, in->sent, BATCH_ROWS * sizeof *in->sent);
        out_fini(&in->original);
    }
    memory_free(in->memory, in->lines, in->lines_room);
    arena_fini(&in->names);
    memory_free(in->memory, in->producers, in->nproducers * sizeof *in->producers);
    identities_free(in->identities);
    reorder_free(in->reorder);
    memory_free(in->memory, in->touched, in->plan->ntypes * sizeof *in->touched);
    memory_free(in->memory, in->counts, in->plan->ntypes * sizeof *in->counts);
    memory_free(in->memory, in->from, in->plan->ntypes * sizeof *in->from);
    machine_free(in->machine);
    memory_free(in->memory, in, sizeof *in);
}

/* ── Producers ── */

static uint32_t add_producer(Ingest *in, Text name, uint32_t origin, const ProducerPlan *plan)
{
    uint32_t n = in->nproducers++;
    in->producers = memory_resize(in->memory, in->producers, n * sizeof *in->producers,
                                  (n + 1) * sizeof *in->producers);
    in->producers[n] = (Producer){.name = arena_text(&in->names, name), .origin = origin, .plan = plan};
    return n;
}

uint32_t ingest_producer(Ingest *in, const ProducerPlan *producer)
{
    assert(!in->decided);
    return add_producer(in, producer ? producer->name : (Text){"", 0}, in->nproducers, producer);
}

/* Events that the wall clock orders come in order; so do those of one producer once the late ones are gone. */
static void decide(Ingest *in)
{
    in->decided = true;
    in->direct = in->plan->by_detection || (in->nproducers == 1 && in->plan->lateness == 0);
    if (!in->direct)
        in->reorder = reorder_new(in->memory, in->plan);
}

static void run_engine(Ingest *in);
static void pass(Ingest *in, const OrderKey *key, bool forced);

/* Another producer joins the only one: what that one has sent so far has gone to the engine. */
static void stop_being_direct(Ingest *in)
{
    OrderKey least;
    ingest_settle(in);
    if (ingest_frontier(in, &least))
        pass(in, &least, false);
    if (in->sink.batch(in->sink.owner)->n)
        run_engine(in);
    in->target = NULL;
    in->generation++;
    in->direct = false;
    in->reorder = reorder_new(in->memory, in->plan);
}

static uint32_t producer_named(const Ingest *in, Text name)
{
    for (uint32_t p = 0; p < in->nproducers; p++)
        if (text_is(in->producers[p].name, name))
            return p;
    return INDEX_NONE;
}

/* The origin that keeps the producer's events apart from others', wherever and whenever it sends them. */
static uint32_t origin_of(const Plan *plan, Text name, const ProducerPlan **producer)
{
    *producer = NULL;
    for (uint32_t i = 0; i < plan->nproducers; i++)
        if (text_is(plan->producers[i].name, name)) {
            *producer = &plan->producers[i];
            return i;
        }
    if (name.len == 0 && plan->nproducers <= 1) {
        *producer = plan->nproducers ? &plan->producers[0] : NULL;
        return 0;
    }
    return (uint32_t)XXH3_64bits(name.p, name.len) | UINT32_C(1) << 31;
}

uint32_t ingest_producer_named(Ingest *in, Text name)
{
    uint32_t known = producer_named(in, name);
    if (known != INDEX_NONE) {
        in->producers[known].ended = false;
        return known;
    }
    if (in->nproducers == (uint32_t)limit_default(LIMIT_PRODUCERS))
        return INDEX_NONE;
    const ProducerPlan *plan;
    uint32_t origin = origin_of(in->plan, name, &plan);
    if (in->decided && in->direct && !in->plan->by_detection)
        stop_being_direct(in);
    return add_producer(in, name, origin, plan);
}

uint32_t ingest_origin(const Ingest *in, uint32_t producer)
{
    return in->producers[producer].origin;
}

/* ── Rejecting ── */

static void report(Ingest *in, const Arrival *arrival, const char *reason, Text detail, bool dropped)
{
    in->stats.rejected++;
    IngestRejection rejection = {
        .producer = arrival->producer,
        .line = arrival->line,
        .reason = reason,
        .detail = detail,
        .original = arrival->original,
        .dropped = dropped,
    };
    if (arrival->sent && !dropped) {
        out_clear(&in->original);
        frame_row_json(in->producers[arrival->producer].frames, arrival->sent, &in->original);
        rejection.original = (Text){in->original.bytes, (uint32_t)in->original.n};
    }
    in->sink.rejected(in->sink.owner, &rejection);
}

static void reject(Ingest *in, Arrival *arrival, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void reject(Ingest *in, Arrival *arrival, const char *reason, const char *format, ...)
{
    if (arrival->rejected)
        return;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(in->detail, sizeof in->detail, format, args);
    va_end(args);
    size_t kept = len < 0 ? 0 : (size_t)len < sizeof in->detail ? (size_t)len : sizeof in->detail - 1;
    arrival->rejected = true;
    in->nrejected++;
    report(in, arrival, reason, (Text){in->detail, (uint32_t)kept}, false);
}

/* The arrival of the k-th row of a type in this settlement. Only what goes wrong asks. */
static Arrival *arrival_of(Ingest *in, uint32_t type, uint32_t k)
{
    for (uint32_t i = 0;; i++) {
        assert(i < in->n);
        if (in->arrivals[i].type == type && k-- == 0)
            return &in->arrivals[i];
    }
}

/* ── Defaults, computed attributes, constraints ── */

typedef struct Run {
    Ingest *in;
    const EventType *type;
    Rows *rows;
    uint32_t first, n;
    VectorView view;
    Surroundings around;
} Run;

/* Gives a row its value. A string that was looked up in a table may go before the event does, and is copied. */
static void run_set(Run *run, uint32_t row, uint32_t column, const Vector *values, uint32_t k, bool looked_up)
{
    Cell value;
    State state = vector_get(values, k, &value);
    if (state != STATE_OK) {
        rows_set_state(run->rows, row, column, state);
        return;
    }
    if (looked_up && type_has_bytes(values->type))
        value.s = arena_text(run->around.scratch, value.s);
    rows_set(run->rows, row, column, value);
}

/* Where a default goes in: the rows without a value. */
static void run_fill(Run *run, uint32_t column)
{
    Column *c = &run->rows->columns[column];
    uint32_t missing = 0;
    for (uint32_t k = 0; k < run->n; k++)
        missing += c->states[run->first + k] != STATE_OK;
    if (missing == 0)
        return;
    const Program *fill = run->type->attributes[column].fill;
    bool looked_up = program_has(fill, OP_FIND);
    Vector values = program_rows(fill, NULL, run->n, &run->around);
    for (uint32_t k = 0; k < run->n; k++)
        if (c->states[run->first + k] != STATE_OK)
            run_set(run, run->first + k, column, &values, k, looked_up);
}

static void run_compute(Run *run, uint32_t column)
{
    const Attribute *attribute = &run->type->attributes[column];
    bool looked_up = program_has(attribute->compute, OP_FIND);
    Vector values = program_rows(attribute->compute, &run->view, run->n, &run->around);
    for (uint32_t k = 0; k < run->n; k++)
        run_set(run, run->first + k, column, &values, k, looked_up);
}

/* After the values are what they will be: no error, and null only where it may be. */
static void check_presence(Run *run, uint32_t column)
{
    const Attribute *attribute = &run->type->attributes[column];
    const uint8_t *states = run->rows->columns[column].states + run->first;
    for (uint32_t k = 0; k < run->n; k++) {
        if (states[k] == STATE_OK || (states[k] == STATE_NULL && attribute->optional))
            continue;
        reject(run->in, arrival_of(run->in, run->rows->type, k), "invalid",
               states[k] == STATE_ERROR ? "attribute `%.*s` of `%.*s` cannot be computed"
                                        : "attribute `%.*s` of `%.*s` is missing",
               TEXT_ARGS(attribute->name), TEXT_ARGS(run->type->name));
    }
}

/* Unknown is no violation: the constraint of a missing optional attribute says nothing. */
static void check_constraint(Run *run, uint32_t column)
{
    const Attribute *attribute = &run->type->attributes[column];
    Vector holds = program_rows(attribute->constraint, &run->view, run->n, &run->around);
    for (uint32_t k = 0; k < run->n; k++) {
        Cell value;
        State state = vector_get(&holds, k, &value);
        if (state == STATE_NULL || (state == STATE_OK && value.b))
            continue;
        reject(run->in, arrival_of(run->in, run->rows->type, k), "invalid",
               "attribute `%.*s` of `%.*s` violates `%.*s`", TEXT_ARGS(attribute->name), TEXT_ARGS(run->type->name),
               TEXT_ARGS(attribute->constraint_text));
    }
}

/* What makes an event one of a special type must be true: unknown is not enough. */
static void check_membership(Run *run)
{
    Vector holds = program_rows(run->type->where, &run->view, run->n, &run->around);
    for (uint32_t k = 0; k < run->n; k++) {
        Cell value;
        if (vector_get(&holds, k, &value) != STATE_OK || !value.b)
            reject(run->in, arrival_of(run->in, run->rows->type, k), "invalid", "this is no `%.*s`: it violates `%.*s`",
                   TEXT_ARGS(run->type->name), TEXT_ARGS(run->type->where_text));
    }
}

static void run_programs(Ingest *in, uint32_t type_index)
{
    const EventType *type = &in->plan->types[type_index];
    Run run = {
        .in = in,
        .type = type,
        .rows = &in->target->rows[type_index],
        .first = in->from[type_index],
        .n = in->counts[type_index],
        .around =
            {
                .plan = in->plan,
                .tables = in->options.tables,
                .now = in->time == TIME_NONE ? 0 : in->time,
                .scratch = &in->target->arena,
                .machine = in->machine,
            },
    };
    run.view = (VectorView){
        .rows = run.rows,
        .column = type->shape.nsources ? type->shape.sources[0].column : NULL,
        .first = run.first,
    };
    for (uint32_t i = 0; i < type->nattributes; i++)
        if (type->attributes[i].fill)
            run_fill(&run, i);
    for (uint32_t i = 0; i < type->nattributes; i++)
        if (type->attributes[i].compute)
            run_compute(&run, i);
    for (uint32_t i = 0; i < type->nattributes; i++)
        if (type->attributes[i].fill || type->attributes[i].compute)
            check_presence(&run, i);
    for (uint32_t i = 0; i < type->nattributes; i++)
        if (type->attributes[i].constraint)
            check_constraint(&run, i);
    if (type->where)
        check_membership(&run);
}

/* ── Time ── */

static bool time_of_row(const Rows *rows, uint32_t row, uint32_t column, int64_t *time)
{
    if (column == INDEX_NONE || rows->columns[column].states[row] != STATE_OK)
        return false;
    *time = ((const int64_t *)rows->columns[column].cells)[row];
    return true;
}

/* What `invalid time` makes of an event whose time cannot be used. */
static bool invalid_time(Ingest *in, Arrival *a, int64_t *time)
{
    const EventType *type = &in->plan->types[a->type];
    const Producer *producer = &in->producers[a->producer];
    if (type->invalid_time == INVALID_TIME_SKIP) {
        a->rejected = true;
        in->nrejected++;
        report(in, a, "invalid time", TEXT("skipped"), true);
        return false;
    }
    if (!producer->begun) {
        reject(in, a, "invalid", "`%.*s` has no time, and nothing before it has one", TEXT_ARGS(type->name));
        return false;
    }
    *time = producer->last;
    rows_set(&in->target->rows[a->type], a->row, type->time_attribute, (Cell){.i = *time});
    return true;
}

/* The device's clock set right: what it says of now is `sent`. */
static int64_t corrected_time(const Ingest *in, const Rows *rows, uint32_t row, const EventType *type, int64_t time)
{
    int64_t sent, skew, right;
    if (!time_of_row(rows, row, type->sent_attribute, &sent) || __builtin_sub_overflow(in->detected, sent, &skew) ||
        __builtin_add_overflow(time, skew, &right))
        return time;
    return right;
}

static bool stated_time(Ingest *in, Arrival *a, int64_t *time)
{
    const EventType *type = &in->plan->types[a->type];
    const Producer *producer = &in->producers[a->producer];
    uint32_t column = type->time_attribute;
    const Rows *rows = &in->target->rows[a->type];
    if (time_of_row(rows, a->row, column, time)) {
        *time = corrected_time(in, rows, a->row, type, *time);
    } else if (a->has_time) {
        *time = a->time;
    } else if (column != INDEX_NONE && type->invalid_time != INVALID_TIME_FAIL) {
        return invalid_time(in, a, time);
    } else if (in->plan->by_detection || (column == INDEX_NONE && !in->timed && !producer->begun)) {
        *time = in->detected;
    } else if (column == INDEX_NONE && !in->timed) {
        *time = in->detected > producer->greatest ? in->detected : producer->greatest;
    } else if (column == INDEX_NONE && producer->begun) {
        *time = producer->greatest;
    } else {
        reject(in, a, "invalid", "`%.*s` has no time, and nothing before it has one", TEXT_ARGS(type->name));
        return false;
    }
    return true;
}

static bool occurrence_time(Ingest *in, Arrival *a, int64_t *time)
{
    int64_t chronon = in->plan->types[a->type].chronon;
    if (!stated_time(in, a, time))
        return false;
    if (chronon)
        *time -= (*time % chronon + chronon) % chronon;
    return true;
}

static int64_t earlier(int64_t time, int64_t by)
{
    int64_t result;
    return __builtin_sub_overflow(time, by, &result) ? INT64_MIN : result;
}

static void reject_late(Ingest *in, Arrival *a, int64_t time, int64_t bound)
{
    if (in->plan->late == LATE_DROP) {
        a->rejected = true;
        in->nrejected++;
        report(in, a, "late", TEXT("late"), true);
        return;
    }
    char lag[TIME_TEXT_MAX];
    size_t n = duration_text(earlier(bound, time), lag);
    reject(in, a, "late", "`%.*s` is late by %.*s", TEXT_ARGS(in->plan->types[a->type].name), (int)n, lag);
}

/* Whether an event comes too late, for its producer or for what has already been run. */
static bool check_lateness(Ingest *in, Arrival *a, const OrderKey *key)
{
    Producer *producer = &in->producers[a->producer];
    int64_t bound = producer->begun ? earlier(producer->greatest, in->plan->lateness) : INT64_MIN;
    if (key->time < bound) {
        reject_late(in, a, key->time, bound);
        return false;
    }
    if (in->has_passed && order_compare(key, &in->passed) < 0) {
        if (in->forced)
            reject(in, a, "limit reached", "%s", limit_message(LIMIT_REORDER_ROWS));
        else
            reject_late(in, a, key->time, in->passed.time);
        return false;
    }
    return true;
}

/* Before this nothing is a duplicate: it would be late. */
static int64_t identities_horizon(const Ingest *in)
{
    int64_t least = INT64_MAX, wait = in->plan->lateness + in->plan->idle_after;
    for (uint32_t p = 0; p < in->nproducers; p++)
        if (in->producers[p].begun && in->producers[p].greatest < least)
            least = in->producers[p].greatest;
    if (in->plan->by_detection && wait < DUPLICATE_WAIT_MIN)
        wait = DUPLICATE_WAIT_MIN;
    return least == INT64_MAX ? INT64_MIN : earlier(least, wait);
}

/* The id that `id EXPR` gives; false, and counted, if it was there before. */
static bool identify(Ingest *in, Arrival *a, int64_t time)
{
    const EventType *type = &in->plan->types[a->type];
    Surroundings around = {.plan = in->plan, .tables = in->options.tables, .now = time, .scratch = &in->target->arena, .machine = in->machine};
    View view = {.rows = &in->target->rows[a->type], .column = type->shape.sources[0].column, .row = a->row};
    Cell list;
    if (program_value(type->identity, &view, &around, &list) != STATE_OK) {
        reject(in, a, "invalid", "the `id` of `%.*s` cannot be computed", TEXT_ARGS(type->name));
        return false;
    }
    XXH128_hash_t hash = XXH3_128bits_withSeed(list.s.p, list.s.len, XXH3_64bits(type->name.p, type->name.len));
    a->has_id = true;
    a->id = (EventId){hash.high64 & ~EVENT_ID_INPUT, hash.low64};
    identities_forget(in->identities, identities_horizon(in));
    if (identities_add(in->identities, a->id, time))
        return true;
    a->rejected = true;
    in->nrejected++;
    report(in, a, "duplicate", TEXT("an event of the same id came before"), true);
    return false;
}

/* It is no part of what is looked at: neither used nor rejected. */
static bool pass_over(Ingest *in, Arrival *a, int64_t time)
{
    if (in->options.from == in->options.to || (time >= in->options.from && time < in->options.to))
        return false;
    a->rejected = true;
    in->nrejected++;
    in->stats.passed_over++;
    return true;
}

static void stamp(Ingest *in, Arrival *a)
{
    Producer *producer = &in->producers[a->producer];
    Rows *rows = &in->target->rows[a->type];
    int64_t time;
    if (!occurrence_time(in, a, &time) || pass_over(in, a, time))
        return;
    bool by_detection = in->plan->by_detection;
    OrderKey key = {
        .time = by_detection ? in->detected : time,
        .kind = ORDER_EVENT,
        .origin = producer->origin,
        .sequence = a->line,
    };
    if (!by_detection && !check_lateness(in, a, &key))
        return;
    if (in->plan->types[a->type].identity && !identify(in, a, key.time))
        return;
    producer->last = time;
    if (!producer->begun || key.time > producer->greatest)
        producer->greatest = key.time;
    producer->begun = true;
    rows->time[a->row] = time;
    rows->detected[a->row] = key.time;
    rows->key[a->row] = key;
    rows->id[a->row] = a->has_id ? a->id : (EventId){EVENT_ID_INPUT | producer->origin, a->line};
}

/* ── Settling ── */

/* Closes the gaps that rejected rows left. */
static void close_gaps(Ingest *in)
{
    for (uint32_t i = 0; i < in->ntouched; i++)
        in->counts[in->touched[i]] = 0;
    for (uint32_t i = 0; i < in->n; i++) {
        Arrival *a = &in->arrivals[i];
        if (a->rejected)
            continue;
        uint32_t row = in->from[a->type] + in->counts[a->type]++;
        if (row != a->row)
            rows_move(&in->target->rows[a->type], row, a->row);
        a->row = row;
    }
    for (uint32_t i = 0; i < in->ntouched; i++) {
        uint32_t type = in->touched[i];
        rows_truncate(&in->target->rows[type], in->from[type] + in->counts[type]);
    }
}

/* What is accepted goes into the order. */
static void append_arrivals(Ingest *in)
{
    for (uint32_t i = 0; i < in->n; i++) {
        const Arrival *a = &in->arrivals[i];
        if (a->rejected)
            continue;
        in->stats.accepted++;
        int64_t time = in->target->rows[a->type].key[a->row].time;
        if (!in->direct)
            reorder_add(in->reorder, a->type, a->row);
        else
            batch_append(in->target, a->type, a->row);
        if (in->direct && time > in->time)
            in->time = time;
    }
}

static void release(Ingest *in);

static void settle_arrivals(Ingest *in)
{
    if (in->n == 0)
        return;
    if (in->clocked) {
        int64_t now = in->options.clock();
        in->detected = now > in->detected ? now : in->detected;
    }
    for (uint32_t i = 0; i < in->ntouched; i++)
        run_programs(in, in->touched[i]);
    for (uint32_t i = 0; i < in->n; i++)
        if (!in->arrivals[i].rejected)
            stamp(in, &in->arrivals[i]);
    if (in->nrejected)
        close_gaps(in);
    append_arrivals(in);
    for (uint32_t i = 0; i < in->ntouched; i++)
        in->counts[in->touched[i]] = 0;
    in->n = in->nrejected = in->ntouched = 0;
}

void ingest_settle(Ingest *in)
{
    settle_arrivals(in);
    if (in->reorder)
        release(in);
}

/* ── Running ── */

static void run_engine(Ingest *in)
{
    in->sink.run(in->sink.owner);
    if (in->reorder)
        reorder_reclaim(in->reorder);
    in->target = NULL;
    in->generation++;
}

/* Directly behind everything that producers have sent so far: one may go on at the same instant. */
static OrderKey behind_all(const Ingest *in)
{
    OrderKey last = {.time = INT64_MIN, .kind = ORDER_EVENT};
    for (uint32_t p = 0; p < in->nproducers; p++) {
        const Producer *producer = &in->producers[p];
        OrderKey key = {.time = producer->greatest, .kind = ORDER_EVENT, .origin = producer->origin, .sequence = producer->sequence + 1};
        if (producer->begun && order_compare(&key, &last) > 0)
            last = key;
    }
    return last;
}

bool ingest_frontier(const Ingest *in, OrderKey *below)
{
    bool any = false;
    for (uint32_t p = 0; p < in->nproducers; p++) {
        const Producer *producer = &in->producers[p];
        if (producer->ended || producer->idle)
            continue;
        if (!producer->begun)
            return false;
        OrderKey key = {
            .time = earlier(producer->greatest, in->plan->lateness),
            .kind = ORDER_EVENT,
            .origin = producer->origin,
            .sequence = producer->sequence + 1,
        };
        if (!any || order_compare(&key, below) < 0)
            *below = key;
        any = true;
    }
    if (!any)
        *below = behind_all(in);
    return true;
}

/* Hands what lies below a key to the engine, whole batches at once; a rest stays in the engine's batch. */
static void release_below(Ingest *in, const OrderKey *below)
{
    for (;;) {
        Batch *batch = in->sink.batch(in->sink.owner);
        uint32_t n = reorder_release(in->reorder, below, batch, in->options.batch_rows);
        if (n) {
            RowRef last = batch->order[batch->n - 1];
            in->time = batch->rows[last.type].key[last.row].time;
        }
        if (batch->n < in->options.batch_rows)
            return;
        run_engine(in);
    }
}

static void pass(Ingest *in, const OrderKey *key, bool forced)
{
    if (in->has_passed && order_compare(key, &in->passed) <= 0)
        return;
    in->passed = *key;
    in->has_passed = true;
    in->forced = forced;
}

void ingest_pass(Ingest *in, const OrderKey *key)
{
    pass(in, key, false);
}

static bool is_full(const Ingest *in)
{
    return reorder_rows(in->reorder) >= in->options.reorder_rows ||
           reorder_bytes(in->reorder) >= in->options.reorder_bytes;
}

/* More waits than may: the oldest go before their frontier has come. What should have come before them is
 * rejected when it does. */
static void make_way(Ingest *in)
{
    Batch *batch = in->sink.batch(in->sink.owner);
    if (batch->n)
        run_engine(in);
    uint64_t most = in->options.reorder_rows - in->options.reorder_rows / 4;
    while (reorder_rows(in->reorder) > most || (reorder_bytes(in->reorder) >= in->options.reorder_bytes &&
                                                reorder_rows(in->reorder))) {
        batch = in->sink.batch(in->sink.owner);
        OrderKey all = {.time = INT64_MAX, .kind = ORDER_TIMER_INCLUSIVE, .origin = UINT32_MAX};
        reorder_release(in->reorder, &all, batch, in->options.batch_rows);
        RowRef last = batch->order[batch->n - 1];
        OrderKey key = batch->rows[last.type].key[last.row];
        in->time = key.time;
        pass(in, &key, true);
        run_engine(in);
        if (reorder_rows(in->reorder) <= most / 2)
            break;
    }
}

static void release(Ingest *in)
{
    OrderKey least;
    if (ingest_frontier(in, &least)) {
        pass(in, &least, false);
        release_below(in, &least);
    }
    if (is_full(in))
        make_way(in);
}

void ingest_run(Ingest *in)
{
    ingest_settle(in);
    if (in->decided && in->sink.batch(in->sink.owner)->n)
        run_engine(in);
}

/* ── Lines ── */

static void aim(Ingest *in)
{
    if (!in->decided)
        decide(in);
    bool fresh = in->target == NULL;
    Batch *target = in->direct ? in->sink.batch(in->sink.owner) : in->target;
    if (!in->direct && (!target || in->n == 0))
        target = reorder_batch(in->reorder, &fresh);
    if (fresh || target != in->target) {
        in->generation++;
        in->text_bytes = 0;
    }
    in->target = target;
}

static void arrive(Ingest *in, const Arrival *arrival)
{
    uint32_t type = arrival->type;
    if (in->counts[type]++ == 0) {
        in->from[type] = arrival->row;
        in->touched[in->ntouched++] = type;
    }
    in->arrivals[in->n++] = *arrival;
}

/* Whether the target must not take another line before what it has is settled or run. */
static void keep_bounds(Ingest *in)
{
    bool wordy = in->text_bytes >= (uint64_t)limit_default(LIMIT_BATCH_BYTES);
    if (!wordy && in->target->n + in->n < in->options.batch_rows)
        return;
    ingest_settle(in);
    if (in->direct && (wordy || in->target->n >= in->options.batch_rows))
        run_engine(in);
    else if (!in->direct && wordy)
        reorder_seal(in->reorder);
}

void ingest_line(Ingest *in, uint32_t producer_index, Text line, uint64_t number)
{
    Producer *producer = &in->producers[producer_index];
    assert(producer_index < in->nproducers && !producer->ended);
    in->stats.lines++;
    aim(in);
    producer->idle = false;
    producer->sequence = number;
    if (!producer->json)
        producer->json = json_reader_new(in->memory, in->plan, producer->plan, (uint32_t)limit_default(LIMIT_NESTING));
    if (producer->target != in->generation) {
        json_reader_into(producer->json, in->target->rows, in->target->memory, &in->target->arena);
        producer->target = in->generation;
    }
    JsonRow row;
    Arrival arrival = {.producer = producer_index, .line = number, .original = line};
    if (!json_reader_decode(producer->json, line.p, line.len, &row)) {
        in->stats.unknown_fields += row.unknown;
        report(in, &arrival, row.reason, row.detail, false);
        return;
    }
    in->stats.unknown_fields += row.unknown;
    in->text_bytes += row.text_bytes;
    arrival.type = row.type;
    arrival.row = row.row;
    arrival.has_time = row.has_time;
    arrival.time = row.time;
    arrival.has_id = row.has_id;
    arrival.id = row.id;
    arrive(in, &arrival);
    keep_bounds(in);
}

/* ── Frames ── */

/* The rows of a frame that are taken at a time. */
typedef struct Part {
    uint32_t from, to;
} Part;

static bool is_of_part(void *owner, uint32_t index, uint32_t type, const OrderKey *key, const uint32_t *hashes)
{
    (void)type, (void)key, (void)hashes;
    const Part *part = owner;
    return index >= part->from && index < part->to;
}

static void arrive_from_frame(Ingest *in, uint32_t producer, const Frame *frame, const FrameRow *row)
{
    Arrival arrival = {
        .producer = producer,
        .type = row->type,
        .row = row->row,
        .line = frame->first + row->index,
        .has_time = row->has_time,
        .time = row->time,
        .has_id = row->has_id,
        .id = row->id,
        .sent = row,
    };
    in->stats.unknown_fields += row->unknown;
    if (row->reason)
        report(in, &arrival, row->reason, row->detail, false);
    else
        arrive(in, &arrival);
}

/* The rows of a part are settled together, in a batch that has room for them. */
static void make_room(Ingest *in, uint32_t rows)
{
    ingest_settle(in);
    aim(in);
    if (in->target->n == 0 || in->target->n + rows <= in->options.batch_rows)
        return;
    if (in->direct)
        run_engine(in);
    else
        reorder_seal(in->reorder);
    in->target = NULL;
    aim(in);
}

static FrameError take_part(Ingest *in, uint32_t producer_index, const Frame *frame, Part part)
{
    Producer *producer = &in->producers[producer_index];
    uint32_t n;
    make_room(in, part.to - part.from);
    FrameWants *wants = part.to - part.from < frame->count ? is_of_part : NULL;
    FrameError error = frame_read(producer->frames, frame, in->target, wants, &part, in->sent, &n);
    if (error)
        return error;
    producer->idle = false;
    producer->sequence = frame->first + part.to - 1;
    in->text_bytes += frame->body.len;
    in->stats.lines += n;
    for (uint32_t i = 0; i < n; i++)
        arrive_from_frame(in, producer_index, frame, &in->sent[i]);
    keep_bounds(in);
    ingest_settle(in);
    return FRAME_OK;
}

/* A frame is taken whole, but where it goes straight to an engine whose batches are smaller: then in parts, each of
 * which reads the frame again. What is broken is found with the first part, before anything was taken. */
static FrameError take_rows(Ingest *in, uint32_t producer_index, const Frame *frame, uint32_t from)
{
    Producer *producer = &in->producers[producer_index];
    FrameError error = FRAME_OK;
    assert(frame->count <= BATCH_ROWS);
    if (!producer->frames)
        producer->frames = frame_reader_new(in->memory, in->plan, producer->plan);
    if (!in->sent) {
        in->sent = memory_new(in->memory, BATCH_ROWS * sizeof *in->sent);
        out_init(&in->original, in->memory, -1);
    }
    if (!in->decided)
        decide(in);
    uint32_t most = in->direct ? in->options.batch_rows : BATCH_ROWS;
    for (uint32_t to; from < frame->count && !error; from = to) {
        to = frame->count - from < most ? frame->count : from + most;
        error = take_part(in, producer_index, frame, (Part){from, to});
    }
    return error;
}

/* A copy of the lines, for the reader looks behind them. */
static char *copy_lines(Ingest *in, Text lines)
{
    size_t room = (size_t)lines.len + JSON_PADDING;
    if (room > in->lines_room) {
        in->lines = memory_resize(in->memory, in->lines, in->lines_room, room);
        in->lines_room = room;
    }
    memcpy(in->lines, lines.p, lines.len);
    memset(in->lines + lines.len, 0, JSON_PADDING);
    return in->lines;
}

static void take_line(Ingest *in, uint32_t producer, Text line, uint64_t number)
{
    if (line.len && line.p[line.len - 1] == '\r')
        line.len--;
    if (line.len > limit_default(LIMIT_LINE_BYTES)) {
        Arrival arrival = {.producer = producer, .line = number, .original = line};
        in->stats.lines++;
        report(in, &arrival, "line too long", text_of(limit_message(LIMIT_LINE_BYTES)), false);
    } else if (line.len) {
        ingest_line(in, producer, line, number);
    }
}

/* A blank line has a number and is nothing else. */
static void take_lines(Ingest *in, uint32_t producer, const Frame *frame, uint32_t from)
{
    const char *line = copy_lines(in, frame->body), *end = line + frame->body.len;
    for (uint32_t i = 0; i < frame->count; i++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (i >= from)
            take_line(in, producer, (Text){line, (uint32_t)(stop - line)}, frame->first + i);
        line = stop + 1;
    }
    in->producers[producer].idle = false;
    in->producers[producer].sequence = frame->first + frame->count - 1;
    ingest_settle(in);
}

/* A producer that was started anew counts from 1 again: what comes with an order key below one that has gone to the
 * engine is late. */
static void begin_epoch(Ingest *in, Producer *producer, uint64_t epoch)
{
    OrderKey last = {
        .time = producer->greatest,
        .kind = ORDER_EVENT,
        .origin = producer->origin,
        .sequence = producer->sequence + 1,
    };
    if (in->direct && producer->begun)
        pass(in, &last, false);
    producer->epoch = epoch;
    producer->sequence = 0;
}

/* How many of a frame's rows the producer has sent before. */
static uint32_t duplicates_of(Ingest *in, Producer *producer, const Frame *frame)
{
    if (frame->epoch < producer->epoch)
        return frame->count;
    if (frame->epoch > producer->epoch)
        begin_epoch(in, producer, frame->epoch);
    if (frame->first > producer->sequence)
        return 0;
    uint64_t known = producer->sequence - frame->first + 1;
    return known < frame->count ? (uint32_t)known : frame->count;
}

IngestTaken ingest_frame(Ingest *in, uint32_t producer, const Frame *frame)
{
    IngestTaken taken = {0};
    assert(producer < in->nproducers && !in->producers[producer].ended);
    if (frame->flags & FRAME_ORDERED)
        taken.error = FRAME_BAD_FLAGS;
    else if (frame->count && (frame->first == 0 || frame->first + frame->count < frame->first))
        taken.error = FRAME_BAD_COUNT;
    if (taken.error || frame->count == 0)
        return taken;
    taken.duplicates = duplicates_of(in, &in->producers[producer], frame);
    if (taken.duplicates == frame->count)
        return taken;
    if (frame->kind == FRAME_LINES)
        take_lines(in, producer, frame, taken.duplicates);
    else
        taken.error = take_rows(in, producer, frame, taken.duplicates);
    taken.rows = taken.error ? 0 : frame->count - taken.duplicates;
    return taken;
}

/* When nobody is left, everything up to the latest event counts as passed, for whoever begins again. */
void ingest_end(Ingest *in, uint32_t producer)
{
    in->producers[producer].ended = true;
    OrderKey least;
    if (in->direct && ingest_frontier(in, &least))
        pass(in, &least, false);
}

void ingest_idle(Ingest *in, uint32_t producer)
{
    in->producers[producer].idle = true;
}

uint32_t ingest_slowest(const Ingest *in)
{
    uint32_t slowest = INDEX_NONE;
    for (uint32_t p = 0; p < in->nproducers; p++) {
        const Producer *a = &in->producers[p];
        if (a->ended || a->idle)
            continue;
        if (!a->begun)
            return p;
        if (slowest == INDEX_NONE || a->greatest < in->producers[slowest].greatest)
            slowest = p;
    }
    return slowest;
}

bool ingest_crowded(const Ingest *in)
{
    return in->reorder && (reorder_rows(in->reorder) >= in->options.reorder_rows / 2 ||
                           reorder_bytes(in->reorder) >= in->options.reorder_bytes / 2);
}

uint64_t ingest_waiting(const Ingest *in)
{
    return in->reorder ? reorder_rows(in->reorder) : 0;
}

int64_t ingest_time(const Ingest *in)
{
    return in->time;
}

int64_t ingest_greatest(const Ingest *in)
{
    int64_t greatest = TIME_NONE;
    for (uint32_t p = 0; p < in->nproducers; p++)
        if (in->producers[p].begun && in->producers[p].greatest > greatest)
            greatest = in->producers[p].greatest;
    return greatest;
}

IngestStats ingest_stats(const Ingest *in)
{
    return in->stats;
}
