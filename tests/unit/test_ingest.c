/* Ingest: lateness, order, checks and bounds, with a stand-in for the engine that notes what it is handed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cep/json_reader.h"
#include "cep/regex.h"
#include "cluster/frame_writer.h"
#include "cluster/ingest.h"

enum { N, AT, DOUBLE, DEFAULTED, ATTRIBUTES };
enum { SEEN_MAX = 20000 };

typedef struct Bench {
    Memory memory;
    Attribute attributes[ATTRIBUTES], plain[1];
    EventType types[2];
    uint16_t columns[ATTRIBUTES];
    ShapeSource source;
    Plan plan;
    Batch batch;
    Ingest *ingest;
    int64_t seen[SEEN_MAX]; /* n of each event, in the order handed over */
    OrderKey last;
    bool disordered;
    uint32_t nseen, runs, batch_max;
    char reasons[4096];
    char detail[512], original[512];
    uint32_t dropped;
    char *lines;            /* bytes of lines not yet settled */
    size_t nlines;
    uint64_t number[4];
} Bench;

static int64_t fixed_clock(void)
{
    return 77 * NS_PER_SECOND;
}

static Batch *engine_batch(void *owner)
{
    return &((Bench *)owner)->batch;
}

static void engine_run(void *owner)
{
    Bench *b = owner;
    Batch *batch = &b->batch;
    for (uint32_t i = 0; i < batch->n; i++) {
        const Rows *rows = &batch->rows[batch->order[i].type];
        uint32_t row = batch->order[i].row;
        b->disordered |= b->nseen && order_compare(&b->last, &rows->key[row]) >= 0;
        b->last = rows->key[row];
        b->seen[b->nseen++ % SEEN_MAX] = cell_get(TYPE_INT, rows->columns[0].cells, row).i;
    }
    b->batch_max = batch->n > b->batch_max ? batch->n : b->batch_max;
    b->runs++;
    batch_clear(batch);
}

static void rejected(void *owner, const IngestRejection *rejection)
{
    Bench *b = owner;
    b->dropped += rejection->dropped;
    snprintf(b->detail, sizeof b->detail, "%.*s", TEXT_ARGS(rejection->detail));
    snprintf(b->original, sizeof b->original, "%.*s", TEXT_ARGS(rejection->original));
    size_t n = strlen(b->reasons);
    if (!rejection->dropped)
        snprintf(b->reasons + n, sizeof b->reasons - n, "%u:%u %s;", rejection->producer, (unsigned)rejection->line,
                 rejection->reason);
}

static Program *twice_n(Arena *arena)
{
    ProgramBuilder *p = program_begin(arena);
    Reg n = program_load(p, 0, N, TYPE_INT);
    return program_end(p, program_emit(p, OP_ADD_INT, n, n, REG_NONE));
}

static Program *constant(Arena *arena, int64_t value)
{
    ProgramBuilder *p = program_begin(arena);
    return program_end(p, program_constant(p, TYPE_INT, (Cell){.i = value}));
}

static Program *n_is_positive(Arena *arena)
{
    ProgramBuilder *p = program_begin(arena);
    Reg zero = program_constant(p, TYPE_INT, (Cell){.i = 0});
    return program_end(p, program_emit(p, OP_LT_INT, zero, program_load(p, 0, N, TYPE_INT), REG_NONE));
}

static void define(Bench *b)
{
    b->plan = (Plan){.network = TEXT("t"), .types = b->types, .ntypes = 2};
    arena_init(&b->plan.arena, &b->memory);
    b->attributes[N] = (Attribute){.name = TEXT("n"), .type = TYPE_INT, .constraint = n_is_positive(&b->plan.arena),
                                   .constraint_text = TEXT("n > 0")};
    b->attributes[AT] = (Attribute){.name = TEXT("at"), .type = TYPE_TIME, .unit = NS_PER_SECOND, .optional = true};
    b->attributes[DOUBLE] = (Attribute){.name = TEXT("double"), .type = TYPE_INT, .compute = twice_n(&b->plan.arena)};
    b->attributes[DEFAULTED] =
        (Attribute){.name = TEXT("defaulted"), .type = TYPE_INT, .fill = constant(&b->plan.arena, 42)};
    b->types[0] = (EventType){.name = TEXT("Tick"), .wire = TEXT("t"), .input = true, .attributes = b->attributes,
                              .nattributes = ATTRIBUTES, .time_attribute = AT, .sent_attribute = INDEX_NONE};
    for (uint16_t i = 0; i < ATTRIBUTES; i++)
        b->columns[i] = i;
    b->source = (ShapeSource){.type = 0, .column = b->columns};
    b->types[0].shape = (Shape){.nslots = ATTRIBUTES, .nsources = 1, .sources = &b->source};
    b->plain[0] = (Attribute){.name = TEXT("n"), .type = TYPE_INT};
    b->types[1] = (EventType){.name = TEXT("Plain"), .wire = TEXT("p"), .input = true, .attributes = b->plain,
                              .nattributes = 1, .time_attribute = INDEX_NONE, .sent_attribute = INDEX_NONE};
}

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    define(b);
    batch_init(&b->batch, &b->memory, &b->plan);
    b->lines = malloc(1 << 20);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    ingest_free(b->ingest);
    batch_fini(&b->batch);
    arena_fini(&b->plan.arena);
    int leaked = b->memory.bytes != 0;
    free(b->lines);
    free(b);
    return leaked;
}

static void start(Bench *b, uint32_t producers, IngestOptions options)
{
    options.clock = fixed_clock;
    b->ingest = ingest_new(&b->plan, &b->memory, options,
                           (IngestSink){.owner = b, .batch = engine_batch, .run = engine_run, .rejected = rejected});
    for (uint32_t i = 0; i < producers; i++)
        ingest_producer(b->ingest, NULL);
}

static void settle(Bench *b)
{
    ingest_settle(b->ingest);
    memset(b->lines, 'x', b->nlines);
    b->nlines = 0;
}

static void line(Bench *b, uint32_t producer, const char *text)
{
    size_t n = strlen(text);
    if (b->nlines + n + JSON_PADDING > 1 << 20)
        settle(b);
    char *copy = memcpy(b->lines + b->nlines, text, n);
    memset(copy + n, 0, JSON_PADDING);
    b->nlines += n;
    ingest_line(b->ingest, producer, (Text){copy, (uint32_t)n}, ++b->number[producer]);
    b->nlines += JSON_PADDING;
}

static void tick(Bench *b, uint32_t producer, int n, int at)
{
    char text[100];
    snprintf(text, sizeof text, "{\"type\":\"t\",\"n\":%d,\"at\":%d}", n, at);
    line(b, producer, text);
}

static void finish(Bench *b)
{
    for (uint32_t p = 0; p < 4 && ingest_slowest(b->ingest) != INDEX_NONE; p++)
        ingest_end(b->ingest, ingest_slowest(b->ingest));
    ingest_run(b->ingest);
    assert_false(b->disordered);
}

static void assert_seen(Bench *b, const char *expected)
{
    char text[1024] = "";
    for (uint32_t i = 0; i < b->nseen; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %d" : "%d", (int)b->seen[i]);
    assert_string_equal(text, expected);
}

static void test_one_producer_goes_straight_through(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 1, 10);
    tick(b, 0, 2, 10);
    tick(b, 0, 3, 11);
    ingest_run(b->ingest);
    assert_seen(b, "1 2 3");
    assert_int_equal(ingest_waiting(b->ingest), 0);
    assert_true(ingest_time(b->ingest) == 11 * NS_PER_SECOND);
}

static void test_without_lateness_any_step_back_is_late(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 1, 10);
    tick(b, 0, 2, 9);
    tick(b, 0, 3, 10);
    finish(b);
    assert_seen(b, "1 3");
    assert_string_equal(b->reasons, "0:2 late;");
    assert_string_equal(b->detail, "`Tick` is late by 1 s");
}

static void test_lateness_reorders(void **state)
{
    Bench *b = *state;
    b->plan.lateness = 5 * NS_PER_SECOND;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 3, 13);
    tick(b, 0, 1, 8);
    tick(b, 0, 2, 10);
    ingest_run(b->ingest);
    assert_seen(b, "1"); /* nothing before 8 can come any more */
    tick(b, 0, 4, 14);
    ingest_run(b->ingest);
    assert_seen(b, "1"); /* 9 can */
    finish(b);
    assert_seen(b, "1 2 3 4");
    assert_string_equal(b->reasons, "");
}

static void test_the_bound_of_lateness_is_inclusive(void **state)
{
    Bench *b = *state;
    b->plan.lateness = 5 * NS_PER_SECOND;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 1, 10);
    tick(b, 0, 2, 5);
    tick(b, 0, 3, 4);
    finish(b);
    assert_seen(b, "2 1");
    assert_string_equal(b->reasons, "0:3 late;");
}

static void test_dropped_late_events_are_counted(void **state)
{
    Bench *b = *state;
    b->plan.late = LATE_DROP;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 1, 10);
    tick(b, 0, 2, 9);
    finish(b);
    assert_seen(b, "1");
    assert_int_equal(b->dropped, 1);
}

static void test_two_producers_are_merged(void **state)
{
    Bench *b = *state;
    start(b, 2, (IngestOptions){0});
    tick(b, 0, 1, 1);
    tick(b, 0, 3, 3);
    ingest_run(b->ingest);
    assert_seen(b, ""); /* the second has not begun */
    tick(b, 1, 2, 2);
    tick(b, 1, 4, 3);
    ingest_run(b->ingest);
    assert_seen(b, "1 2 3");
    ingest_end(b->ingest, 0);
    ingest_run(b->ingest);
    assert_seen(b, "1 2 3 4");
}

static void test_lateness_is_per_producer(void **state)
{
    Bench *b = *state;
    start(b, 2, (IngestOptions){0});
    tick(b, 0, 2, 100);
    tick(b, 1, 1, 1);
    finish(b);
    assert_seen(b, "1 2");
}

static void test_ties_go_to_the_first_producer(void **state)
{
    Bench *b = *state;
    start(b, 2, (IngestOptions){0});
    tick(b, 1, 3, 5);
    tick(b, 1, 4, 5);
    tick(b, 0, 1, 5);
    ingest_run(b->ingest);
    tick(b, 0, 2, 5);
    finish(b);
    assert_seen(b, "1 2 3 4");
}

static void test_a_silent_producer_can_be_left_out(void **state)
{
    Bench *b = *state;
    start(b, 2, (IngestOptions){0});
    tick(b, 0, 1, 5);
    tick(b, 0, 2, 6);
    ingest_idle(b->ingest, 1);
    ingest_run(b->ingest);
    assert_seen(b, "1 2");
    tick(b, 1, 9, 3); /* returns behind the frontier */
    tick(b, 1, 3, 7);
    tick(b, 0, 4, 8);
    finish(b);
    assert_seen(b, "1 2 3 4");
    assert_string_equal(b->reasons, "1:1 late;");
}

static void test_batches_have_the_size_asked_for(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){.batch_rows = 7});
    for (int i = 1; i <= 20; i++)
        tick(b, 0, i, i);
    finish(b);
    assert_int_equal(b->nseen, 20);
    assert_int_equal(b->batch_max, 7);
    assert_int_equal(b->runs, 3);
}

static void shuffled(Bench *b, uint32_t batch_rows, int64_t lateness)
{
    b->plan.lateness = lateness;
    start(b, 1, (IngestOptions){.batch_rows = batch_rows});
    for (int i = 0; i < 5000; i++)
        tick(b, 0, i + 1, i / 8 * 8 + (i * 5) % 8);
    finish(b);
}

static void test_a_shuffled_stream_comes_out_sorted(void **state)
{
    static const uint32_t sizes[] = {1, 7, 1024};
    for (size_t i = 0; i < 3; i++) {
        if (i) {
            tear_down(state);
            set_up(state);
        }
        Bench *b = *state;
        shuffled(b, sizes[i], 8 * NS_PER_SECOND);
        assert_int_equal(b->nseen, 5000);
        assert_true(b->batch_max <= sizes[i]);
        assert_string_equal(b->reasons, "");
    }
}

static void test_defaults_and_computed_attributes_are_set(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){0});
    line(b, 0, "{\"type\":\"t\",\"n\":3,\"at\":1}");
    line(b, 0, "{\"type\":\"t\",\"n\":4,\"at\":1,\"defaulted\":5,\"double\":1}");
    settle(b);
    const Rows *rows = &b->batch.rows[0];
    assert_int_equal(((int64_t *)rows->columns[DEFAULTED].cells)[0], 42);
    assert_int_equal(((int64_t *)rows->columns[DEFAULTED].cells)[1], 5);
    assert_int_equal(((int64_t *)rows->columns[DOUBLE].cells)[0], 6);
    assert_int_equal(((int64_t *)rows->columns[DOUBLE].cells)[1], 8);
    finish(b);
}

static void test_a_violated_constraint_names_itself(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 1, 1);
    tick(b, 0, -1, 1000);
    tick(b, 0, 2, 2); /* what was rejected does not move the clock */
    tick(b, 0, 3, 3);
    finish(b);
    assert_seen(b, "1 2 3");
    assert_string_equal(b->reasons, "0:2 invalid;");
    assert_string_equal(b->detail, "attribute `n` of `Tick` violates `n > 0`");
}

static void test_batches_of_nothing_but_rejections_pass(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){.batch_rows = 2});
    for (int i = 0; i < 9; i++)
        tick(b, 0, -1, 1);
    line(b, 0, "garbage");
    tick(b, 0, 5, 1);
    line(b, 0, "{\"type\":\"p\",\"n\":6}");
    finish(b);
    assert_seen(b, "5 6");
    assert_int_equal(ingest_stats(b->ingest).rejected, 10);
    assert_int_equal(ingest_stats(b->ingest).lines, 12);
}

static void test_events_without_time_take_the_latest(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){0});
    line(b, 0, "{\"type\":\"p\",\"n\":9}"); /* nothing has a time yet */
    tick(b, 0, 1, 50);
    line(b, 0, "{\"type\":\"p\",\"n\":2}");
    line(b, 0, "{\"type\":\"p\",\"n\":3,\"$time\":\"1970-01-01T00:01:00Z\"}");
    settle(b);
    assert_true(b->batch.rows[1].time[0] == 50 * NS_PER_SECOND);
    assert_true(b->batch.rows[1].time[1] == 60 * NS_PER_SECOND);
    finish(b);
    assert_seen(b, "1 2 3");
    assert_string_equal(b->reasons, "0:1 invalid;");
}

static void test_a_network_without_times_uses_the_clock(void **state)
{
    Bench *b = *state;
    b->types[0].time_attribute = INDEX_NONE;
    start(b, 1, (IngestOptions){0});
    line(b, 0, "{\"type\":\"p\",\"n\":1}");
    settle(b);
    assert_true(b->batch.rows[1].time[0] == fixed_clock());
    finish(b);
}

static void test_detection_time_orders_if_asked(void **state)
{
    Bench *b = *state;
    b->plan.by_detection = true;
    start(b, 2, (IngestOptions){0});
    tick(b, 0, 1, 10);
    tick(b, 1, 2, 5);
    settle(b);
    assert_true(b->batch.rows[0].time[1] == 5 * NS_PER_SECOND);
    assert_true(b->batch.rows[0].key[1].time == fixed_clock());
    assert_true(b->batch.rows[0].detected[1] == fixed_clock());
    ingest_run(b->ingest);
    assert_seen(b, "1 2");
}

static void test_ids_are_origin_and_line_or_the_given(void **state)
{
    Bench *b = *state;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 1, 1);
    line(b, 0, "{\"type\":\"t\",\"n\":2,\"at\":1,\"$id\":\"x\"}");
    settle(b);
    const Rows *rows = &b->batch.rows[0];
    assert_true(rows->id[0].high == EVENT_ID_INPUT && rows->id[0].low == 1);
    assert_true((rows->id[1].high & EVENT_ID_INPUT) == 0);
    finish(b);
}

static void test_the_reorder_buffer_is_bounded(void **state)
{
    Bench *b = *state;
    b->plan.lateness = 1000000 * NS_PER_SECOND;
    start(b, 1, (IngestOptions){.reorder_rows = 2000});
    for (int i = 1; i <= 10000; i++) {
        tick(b, 0, i, i);
        assert_true(ingest_waiting(b->ingest) <= 3100);
    }
    assert_true(b->nseen > 6000);
    tick(b, 0, 1, 1);
    settle(b);
    assert_string_equal(b->reasons, "0:10001 limit reached;");
    finish(b);
    assert_int_equal(b->nseen, 10000);
}

static void test_steady_state_does_not_allocate(void **state)
{
    Bench *b = *state;
    b->plan.lateness = 100 * NS_PER_SECOND;
    start(b, 2, (IngestOptions){0});
    for (int i = 1; i <= 20000; i++)
        tick(b, i & 1, i, i + (i * 7) % 50);
    settle(b);
    uint64_t calls = b->memory.calls;
    for (int i = 20001; i <= 60000; i++)
        tick(b, i & 1, i, i + (i * 7) % 50);
    settle(b);
    assert_true(b->memory.calls == calls);
    finish(b);
    assert_int_equal(b->nseen, 60000);
}

/* ── Frames ── */

typedef struct Sender {
    FrameWriter *writer;
    Batch batch;
    uint64_t next, sequence; /* number of the next event, of the next frame */
} Sender;

static void sender_init(Sender *s, Bench *b, uint64_t epoch)
{
    *s = (Sender){.writer = frame_writer_new(&b->memory, &b->plan, (FrameOptions){.epoch = epoch}), .next = 1};
    batch_init(&s->batch, &b->memory, &b->plan);
}

static void sender_fini(Sender *s)
{
    frame_writer_free(s->writer);
    batch_fini(&s->batch);
}

static void add_tick(Sender *s, int n, int at)
{
    Rows *rows = &s->batch.rows[0];
    uint32_t row = rows_add(rows, s->batch.memory);
    rows_set(rows, row, N, (Cell){.i = n});
    rows_set(rows, row, AT, (Cell){.i = at * NS_PER_SECOND});
    assert_true(frame_writer_row(s->writer, rows, row, NULL));
}

static IngestTaken send_frame(Bench *b, uint32_t producer, Sender *s)
{
    FrameStamp stamp = {.sequence = ++s->sequence, .first = s->next};
    s->next += frame_writer_count(s->writer);
    Text message = frame_writer_take(s->writer, stamp);
    Frame frame;
    char *copy = memcpy(malloc(message.len), message.p, message.len);
    assert_int_equal(frame_open(&frame, (Text){copy, message.len}), FRAME_OK);
    IngestTaken taken = ingest_frame(b->ingest, producer, &frame);
    free(copy); /* nothing of it is needed any more */
    batch_clear(&s->batch);
    return taken;
}

static void test_rows_of_frames_go_the_way_of_lines(void **state)
{
    Bench *b = *state;
    Sender s;
    start(b, 1, (IngestOptions){0});
    sender_init(&s, b, 1);
    add_tick(&s, 1, 10);
    add_tick(&s, -2, 10);
    add_tick(&s, 3, 9);
    add_tick(&s, 4, 11);
    IngestTaken taken = send_frame(b, 0, &s);
    assert_int_equal(taken.error, FRAME_OK);
    assert_int_equal(taken.rows, 4);
    const Rows *rows = &b->batch.rows[0];
    assert_int_equal(rows->n, 2);
    assert_int_equal(cell_get(TYPE_INT, rows->columns[DOUBLE].cells, 1).i, 8);
    assert_int_equal(cell_get(TYPE_INT, rows->columns[DEFAULTED].cells, 1).i, 42);
    assert_true(rows->id[1].high == EVENT_ID_INPUT && rows->id[1].low == 4);
    finish(b);
    assert_seen(b, "1 4");
    assert_string_equal(b->reasons, "0:2 invalid;0:3 late;");
    assert_string_equal(b->original, "{\"type\":\"t\",\"n\":3,\"at\":9000000000}");
    sender_fini(&s);
}

static void test_lines_of_frames_have_numbers(void **state)
{
    Bench *b = *state;
    Sender s;
    start(b, 1, (IngestOptions){0});
    sender_init(&s, b, 1);
    assert_true(frame_writer_line(s.writer, TEXT("{\"type\":\"t\",\"n\":1,\"at\":10}\r")));
    assert_true(frame_writer_line(s.writer, TEXT("")));
    assert_true(frame_writer_line(s.writer, TEXT("{\"type\":\"t\",\"n\":2,\"at\":10")));
    assert_true(frame_writer_line(s.writer, TEXT("{\"type\":\"t\",\"n\":3,\"at\":10}")));
    assert_int_equal(send_frame(b, 0, &s).rows, 4);
    finish(b);
    assert_seen(b, "1 3");
    assert_string_equal(b->reasons, "0:3 malformed;");
    assert_string_equal(b->original, "{\"type\":\"t\",\"n\":2,\"at\":10");
    sender_fini(&s);
}

static void test_what_was_sent_before_is_not_taken_again(void **state)
{
    Bench *b = *state;
    Sender s;
    start(b, 1, (IngestOptions){0});
    sender_init(&s, b, 5);
    add_tick(&s, 1, 10);
    add_tick(&s, 2, 10);
    assert_int_equal(send_frame(b, 0, &s).rows, 2);
    s.next = 1;
    add_tick(&s, 1, 10);
    add_tick(&s, 2, 10);
    IngestTaken taken = send_frame(b, 0, &s);
    assert_int_equal(taken.rows, 0);
    assert_int_equal(taken.duplicates, 2);
    s.next = 2;
    add_tick(&s, 2, 10);
    add_tick(&s, 3, 10);
    taken = send_frame(b, 0, &s);
    assert_int_equal(taken.rows, 1);
    assert_int_equal(taken.duplicates, 1);
    sender_fini(&s);
    sender_init(&s, b, 4); /* an older epoch */
    s.next = 9;
    add_tick(&s, 8, 10);
    assert_int_equal(send_frame(b, 0, &s).duplicates, 1);
    sender_fini(&s);
    sender_init(&s, b, 6); /* the producer began anew */
    add_tick(&s, 9, 10); /* its number was there before, at that time */
    add_tick(&s, 4, 11);
    assert_int_equal(send_frame(b, 0, &s).rows, 2);
    sender_fini(&s);
    finish(b);
    assert_seen(b, "1 2 3 4");
    assert_string_equal(b->reasons, "0:1 late;");
}

static void test_a_broken_frame_can_be_sent_again(void **state)
{
    Bench *b = *state;
    Sender s;
    start(b, 1, (IngestOptions){0});
    sender_init(&s, b, 1);
    add_tick(&s, 1, 10);
    Text message = frame_writer_take(s.writer, (FrameStamp){.sequence = 1, .first = 1});
    Frame frame;
    assert_int_equal(frame_open(&frame, message), FRAME_OK);
    frame.body.len--;
    assert_int_equal(ingest_frame(b->ingest, 0, &frame).error, FRAME_BAD_ROW);
    frame.body.len++;
    assert_int_equal(ingest_frame(b->ingest, 0, &frame).rows, 1);
    frame.flags = FRAME_ORDERED;
    assert_int_equal(ingest_frame(b->ingest, 0, &frame).error, FRAME_BAD_FLAGS);
    frame.flags = 0;
    frame.first = 0;
    assert_int_equal(ingest_frame(b->ingest, 0, &frame).error, FRAME_BAD_COUNT);
    finish(b);
    assert_seen(b, "1");
    sender_fini(&s);
}

static void fill_batches(Bench *b, int64_t lateness, uint32_t batch_rows)
{
    Sender s;
    b->plan.lateness = lateness;
    start(b, 1, (IngestOptions){.batch_rows = batch_rows});
    sender_init(&s, b, 1);
    for (int i = 0; i < 60; i++) {
        for (int k = 0; k < 70; k++)
            add_tick(&s, 70 * i + k + 1, i);
        assert_int_equal(send_frame(b, 0, &s).rows, 70);
    }
    finish(b);
    assert_int_equal(b->nseen, 4200);
    for (uint32_t i = 0; i < b->nseen; i++)
        assert_int_equal(b->seen[i], i + 1);
    assert_true(b->batch_max <= batch_rows);
    sender_fini(&s);
}

static void test_many_frames_fill_batches(void **state)
{
    fill_batches(*state, 3 * NS_PER_SECOND, 100);
}

static void test_frames_go_straight_into_batches(void **state)
{
    fill_batches(*state, 0, 100);
}

static void test_frames_larger_than_a_batch_go_in_parts(void **state)
{
    fill_batches(*state, 0, 1);
}

static void test_steady_frames_do_not_allocate(void **state)
{
    Bench *b = *state;
    Sender s;
    uint64_t calls = 0;
    start(b, 1, (IngestOptions){0});
    sender_init(&s, b, 1);
    for (int i = 1; i <= 200; i++) {
        for (int k = 0; k < 64; k++)
            add_tick(&s, 1 + (k & 1), i);
        assert_int_equal(send_frame(b, 0, &s).rows, 64);
        if (i == 100)
            calls = b->memory.calls;
    }
    assert_true(b->memory.calls == calls);
    sender_fini(&s);
}

/* ── Producers that come and go ── */

static void test_named_producers_have_origins_of_their_own(void **state)
{
    Bench *b = *state;
    ProducerPlan producers[2] = {{.name = TEXT("north")}, {.name = TEXT("south")}};
    start(b, 0, (IngestOptions){0});
    uint32_t a = ingest_producer_named(b->ingest, TEXT("a"));
    assert_int_equal(ingest_producer_named(b->ingest, TEXT("a")), a);
    assert_true(ingest_origin(b->ingest, a) >> 31);
    assert_true(ingest_origin(b->ingest, ingest_producer_named(b->ingest, TEXT("b"))) != ingest_origin(b->ingest, a));
    assert_int_equal(ingest_origin(b->ingest, ingest_producer_named(b->ingest, TEXT(""))), 0);
    ingest_free(b->ingest);
    b->plan.producers = producers;
    b->plan.nproducers = 2;
    start(b, 0, (IngestOptions){0});
    assert_int_equal(ingest_origin(b->ingest, ingest_producer_named(b->ingest, TEXT("south"))), 1);
    assert_int_equal(ingest_origin(b->ingest, ingest_producer_named(b->ingest, TEXT("north"))), 0);
    assert_true(ingest_origin(b->ingest, ingest_producer_named(b->ingest, TEXT(""))) >> 31);
}

/* The first goes straight through; when the second comes, order is what both can still send. */
static void test_a_second_producer_may_come_later(void **state)
{
    Bench *b = *state;
    start(b, 0, (IngestOptions){0});
    ingest_producer_named(b->ingest, TEXT(""));
    tick(b, 0, 1, 10);
    ingest_run(b->ingest);
    tick(b, 0, 2, 11);
    assert_seen(b, "1");
    assert_int_equal(ingest_producer_named(b->ingest, TEXT("late-comer")), 1);
    assert_seen(b, "1 2");
    tick(b, 0, 5, 20);
    ingest_run(b->ingest);
    assert_seen(b, "1 2"); /* the second has not begun */
    tick(b, 1, 9, 10);     /* behind what has gone */
    tick(b, 1, 3, 12);
    tick(b, 1, 4, 13);
    ingest_run(b->ingest);
    assert_seen(b, "1 2 3 4");
    finish(b);
    assert_seen(b, "1 2 3 4 5");
    assert_string_equal(b->reasons, "1:1 late;");
}

static void test_one_who_ended_may_begin_again(void **state)
{
    Bench *b = *state;
    start(b, 0, (IngestOptions){0});
    ingest_producer_named(b->ingest, TEXT("a"));
    tick(b, 0, 1, 10);
    ingest_settle(b->ingest);
    ingest_end(b->ingest, 0);
    ingest_run(b->ingest);
    assert_seen(b, "1");
    assert_int_equal(ingest_producer_named(b->ingest, TEXT("a")), 0);
    tick(b, 0, 9, 10); /* everything up to 10 has passed */
    tick(b, 0, 2, 11);
    finish(b);
    assert_seen(b, "1 2");
    assert_string_equal(b->reasons, "0:2 late;");
}

static void test_when_all_are_silent_time_stands_still(void **state)
{
    Bench *b = *state;
    b->plan.lateness = 5 * NS_PER_SECOND;
    start(b, 1, (IngestOptions){0});
    tick(b, 0, 1, 10);
    ingest_idle(b->ingest, 0);
    ingest_run(b->ingest);
    assert_seen(b, "1");
    tick(b, 0, 9, 9); /* within the lateness, but behind what has gone */
    tick(b, 0, 2, 10);
    tick(b, 0, 3, 30);
    finish(b);
    assert_seen(b, "1 2 3");
    assert_string_equal(b->reasons, "0:2 late;");
}

static void test_events_below_a_passed_key_are_late(void **state)
{
    Bench *b = *state;
    OrderKey below;
    start(b, 1, (IngestOptions){0});
    ingest_pass(b->ingest, &(OrderKey){.time = 50 * NS_PER_SECOND, .kind = ORDER_EVENT});
    tick(b, 0, 1, 49);
    settle(b);
    assert_false(ingest_frontier(b->ingest, &below));
    tick(b, 0, 2, 50);
    settle(b);
    assert_true(ingest_frontier(b->ingest, &below));
    assert_true(below.time == 50 * NS_PER_SECOND && below.sequence == 3);
    finish(b);
    assert_seen(b, "2");
    assert_string_equal(b->reasons, "0:1 late;");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_one_producer_goes_straight_through),
        TEST(test_without_lateness_any_step_back_is_late),
        TEST(test_lateness_reorders),
        TEST(test_the_bound_of_lateness_is_inclusive),
        TEST(test_dropped_late_events_are_counted),
        TEST(test_two_producers_are_merged),
        TEST(test_lateness_is_per_producer),
        TEST(test_ties_go_to_the_first_producer),
        TEST(test_a_silent_producer_can_be_left_out),
        TEST(test_batches_have_the_size_asked_for),
        TEST(test_a_shuffled_stream_comes_out_sorted),
        TEST(test_defaults_and_computed_attributes_are_set),
        TEST(test_a_violated_constraint_names_itself),
        TEST(test_batches_of_nothing_but_rejections_pass),
        TEST(test_events_without_time_take_the_latest),
        TEST(test_a_network_without_times_uses_the_clock),
        TEST(test_detection_time_orders_if_asked),
        TEST(test_ids_are_origin_and_line_or_the_given),
        TEST(test_the_reorder_buffer_is_bounded),
        TEST(test_steady_state_does_not_allocate),
        TEST(test_rows_of_frames_go_the_way_of_lines),
        TEST(test_lines_of_frames_have_numbers),
        TEST(test_what_was_sent_before_is_not_taken_again),
        TEST(test_a_broken_frame_can_be_sent_again),
        TEST(test_many_frames_fill_batches),
        TEST(test_frames_go_straight_into_batches),
        TEST(test_frames_larger_than_a_batch_go_in_parts),
        TEST(test_steady_frames_do_not_allocate),
        TEST(test_named_producers_have_origins_of_their_own),
        TEST(test_a_second_producer_may_come_later),
        TEST(test_one_who_ended_may_begin_again),
        TEST(test_when_all_are_silent_time_stands_still),
        TEST(test_events_below_a_passed_key_are_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
