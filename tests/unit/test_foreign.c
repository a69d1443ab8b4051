/* What a subscriber and another node see of the alerts of the golden tests: sent in frames and read back without the
 * plan, and with it, they print as the engine's own rows do. What goes in as frames comes out as what goes in as lines. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agents/engine.h"
#include "cep/json_reader.h"
#include "cluster/foreign.h"
#include "cluster/frame_reader.h"
#include "cluster/frame_writer.h"
#include "cluster/ingest.h"
#include "cluster/tables.h"
#include "rules/compile.h"
#include "rules/parser.h"

typedef struct Bench {
    Memory memory;
    Arena arena;
    Plan *plan;
    Tables *tables;
    Rejections *rejections;
    Engine *engine;
    Ingest *ingest;
    bool framed;         /* lines go in as frames */
    FrameWriter *lines;
    uint64_t nlines;
    FrameWriter *writer; /* of what comes out */
    bool final_ids;
    FrameReader *reader;
    Foreign *foreign;
    Batch batch;
    Out direct, read, foreign_read;
    uint64_t frames;
} Bench;

static Plan *compile_file(Bench *b, const char *path)
{
    Sources sources;
    Diagnostics diagnostics;
    AstModule module = {0};
    AstFile *file = ARENA_NEW(&b->arena, AstFile);
    uint32_t index;
    sources_init(&sources, &b->arena);
    diagnostics_init(&diagnostics, &sources, &b->arena);
    assert_int_equal(sources_read(&sources, path, &index), 0);
    assert_true(parse_source(&sources, index, &diagnostics, &b->arena, file));
    module_add(&module, &b->arena, file);
    return compile(&sources, &module, &(CompileOptions){0}, &diagnostics, &b->memory);
}

static void read_back(Bench *b, Text message)
{
    static FrameRow rows[BATCH_ROWS];
    Frame frame;
    uint32_t n;
    b->frames++;
    assert_int_equal(frame_open(&frame, message), FRAME_OK);
    batch_clear(&b->batch);
    assert_int_equal(frame_read(b->reader, &frame, &b->batch, NULL, NULL, rows, &n), FRAME_OK);
    assert_int_equal(n, frame.count);
    for (uint32_t i = 0; i < n; i++) {
        assert_null(rows[i].reason);
        alert_json(&b->read, b->plan, &b->plan->types[rows[i].type], &b->batch.rows[rows[i].type], rows[i].row);
    }
    assert_int_equal(foreign_read(b->foreign, &frame), FRAME_OK);
    assert_int_equal(foreign_count(b->foreign), frame.count);
    for (uint32_t i = 0; i < n; i++) {
        const OrderKey *key = &b->batch.rows[rows[i].type].key[rows[i].row];
        assert_int_equal(order_compare(key, foreign_key(b->foreign, i)), 0);
        foreign_json(b->foreign, i, &b->foreign_read);
    }
}

static void on_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Bench *b = owner;
    alert_json(&b->direct, b->plan, type, rows, row);
    assert_true(frame_writer_row(b->writer, rows, row, NULL));
    if (frame_writer_full(b->writer))
        read_back(b, frame_writer_take(b->writer, (FrameStamp){.sequence = b->frames + 1}));
}

static void on_rejected(void *owner, const Rejection *rejection)
{
    (void)owner, (void)rejection;
}

static void on_line_rejected(void *owner, const IngestRejection *rejection)
{
    (void)owner, (void)rejection;
}

static Batch *engine_batch_of(void *owner)
{
    return engine_batch(((Bench *)owner)->engine);
}

static void run(void *owner)
{
    engine_run(((Bench *)owner)->engine);
}

static void send_lines(Bench *b)
{
    Frame frame;
    uint64_t first = b->nlines - frame_writer_count(b->lines) + 1;
    Text message = frame_writer_take(b->lines, (FrameStamp){.sequence = 1, .first = first});
    assert_int_equal(frame_open(&frame, message), FRAME_OK);
    assert_int_equal(ingest_frame(b->ingest, 0, &frame).error, FRAME_OK);
}

static void take_line(Bench *b, char *line, size_t n)
{
    b->nlines++;
    if (b->framed) {
        assert_true(frame_writer_line(b->lines, (Text){line, (uint32_t)n}));
        if (frame_writer_full(b->lines))
            send_lines(b);
    } else if (n) {
        char *copy = arena_alloc(&b->arena, n + JSON_PADDING);
        memcpy(copy, line, n);
        ingest_line(b->ingest, 0, (Text){copy, (uint32_t)n}, b->nlines);
    }
}

static void take_file(Bench *b, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    assert_non_null(file);
    for (ssize_t n; (n = getline(&line, &room, file)) >= 0;)
        take_line(b, line, n && line[n - 1] == '\n' ? (size_t)n - 1 : (size_t)n);
    free(line);
    fclose(file);
    if (frame_writer_count(b->lines))
        send_lines(b);
    ingest_settle(b->ingest);
    ingest_end(b->ingest, 0);
    ingest_run(b->ingest);
    if (ingest_time(b->ingest) != TIME_NONE)
        engine_advance(b->engine, ingest_time(b->ingest));
    engine_close(b->engine);
    if (frame_writer_count(b->writer))
        read_back(b, frame_writer_take(b->writer, (FrameStamp){.sequence = b->frames + 1}));
}

static void bench_open(Bench *b, const char *rules, bool framed, bool final_ids)
{
    *b = (Bench){.framed = framed, .final_ids = final_ids};
    arena_init(&b->arena, &b->memory);
    b->plan = compile_file(b, rules);
    assert_non_null(b->plan);
    b->rejections = rejections_new(&b->memory, b->plan->network, NULL, NULL);
    b->tables = tables_open(b->plan, &b->memory, (TablesOptions){.rejections = b->rejections, .messages = stderr});
    assert_non_null(b->tables);
    b->engine = engine_new(b->plan, &b->memory, tables_all(b->tables), (EngineOptions){0},
                           (Sink){.owner = b, .event = on_event, .rejected = on_rejected});
    b->ingest = ingest_new(b->plan, &b->memory, (IngestOptions){.tables = tables_all(b->tables)},
                           (IngestSink){.owner = b, .batch = engine_batch_of, .run = run, .rejected = on_line_rejected});
    ingest_producer_named(b->ingest, TEXT(""));
    b->lines = frame_writer_new(&b->memory, NULL, (FrameOptions){.rows_max = 5});
    b->writer = frame_writer_new(&b->memory, b->plan, (FrameOptions){.ordered = true, .final_ids = final_ids, .rows_max = 7});
    b->reader = frame_reader_new(&b->memory, b->plan, NULL);
    b->foreign = foreign_new(&b->memory);
    batch_init(&b->batch, &b->memory, b->plan);
    out_init(&b->direct, &b->memory, -1);
    out_init(&b->read, &b->memory, -1);
    out_init(&b->foreign_read, &b->memory, -1);
}

static void bench_close(Bench *b)
{
    out_fini(&b->direct);
    out_fini(&b->read);
    out_fini(&b->foreign_read);
    batch_fini(&b->batch);
    foreign_free(b->foreign);
    frame_reader_free(b->reader);
    frame_writer_free(b->writer);
    frame_writer_free(b->lines);
    ingest_free(b->ingest);
    engine_free(b->engine);
    tables_close(b->tables);
    rejections_free(b->rejections);
    plan_free(b->plan);
    arena_fini(&b->arena);
    assert_int_equal(b->memory.bytes, 0);
}

static void assert_same(Out *a, Out *b)
{
    a->bytes[a->n] = b->bytes[b->n] = 0;
    assert_string_equal(a->bytes, b->bytes);
}

/* Every golden test with input, each way in and each form of ids. */
static void test_alerts_are_what_the_engine_said(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob("tests/golden/*.jsonl", 0, NULL, &files), 0);
    assert_true(files.gl_pathc > 20);
    uint64_t alerts = 0;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char rules[256], *kept = NULL;
        int stem = (int)strlen(files.gl_pathv[i]) - 6;
        snprintf(rules, sizeof rules, "%.*s.cep", stem, files.gl_pathv[i]);
        for (int way = 0; way < 2; way++) {
            Bench b;
            bench_open(&b, rules, way, way);
            take_file(&b, files.gl_pathv[i]);
            assert_same(&b.read, &b.direct);
            assert_same(&b.foreign_read, &b.direct);
            alerts += b.direct.n > 0;
            if (way)
                assert_string_equal(b.direct.bytes, kept);
            else
                kept = strdup(b.direct.bytes);
            bench_close(&b);
        }
        free(kept);
    }
    assert_true(alerts > 40);
    globfree(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alerts_are_what_the_engine_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
