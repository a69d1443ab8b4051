/* Frames of FRAME_EVENTS events, one batch of a thousand after the other, as a node sees them: written with their
 * checksum; opened, which checks it; read into the columns of a batch. The rows lie in the cache, as those that have
 * just come from a socket do; the median of the passes is printed. */
#include "cep/cmd/bench_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cluster/frame_reader.h"
#include "cluster/frame_writer.h"

enum { FRAME_EVENTS_MAX = 128, FRAMES = BATCH_ROWS / FRAME_EVENTS_MAX, ROUNDS = 2000, PASSES_MAX = 100 };

typedef enum Step { WRITE, OPEN, READ, STEPS } Step;

static const struct {
    const char *name, *what;
    double goal; /* ns an event; 0 = none */
} steps[STEPS] = {
    [WRITE] = {"write", "rows into a frame, with its checksum", 0},
    [OPEN] = {"open", "the header and the checksum of a frame", 0},
    [READ] = {"read", "the rows of a frame into columns", 15},
};

typedef struct Bed {
    Memory memory;
    Attribute attributes[8];
    EventType type;
    Plan plan;
    Batch source, target;
    FrameWriter *writer;
    FrameReader *reader;
    Text messages[FRAMES];
    Frame frames[FRAMES];
    FrameRow rows[FRAME_EVENTS_MAX];
    double seconds[STEPS][PASSES_MAX];
    bool right;
} Bed;

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void bed_open(Bed *bed)
{
    static const struct {
        const char *name;
        TypeKind type;
    } attributes[8] = {{"account", TYPE_STRING}, {"at", TYPE_TIME},     {"amount", TYPE_FLOAT}, {"count", TYPE_INT},
                       {"place", TYPE_STRING},   {"ratio", TYPE_FLOAT}, {"code", TYPE_INT},     {"ok", TYPE_BOOL}};
    for (int i = 0; i < 8; i++)
        bed->attributes[i] = (Attribute){.name = text_of(attributes[i].name), .type = attributes[i].type};
    bed->type = (EventType){.name = TEXT("Payment"), .wire = TEXT("Payment"), .input = true,
                            .attributes = bed->attributes, .nattributes = 8, .time_attribute = 1};
    bed->plan = (Plan){.network = TEXT("bench"), .types = &bed->type, .ntypes = 1};
    batch_init(&bed->source, &bed->memory, &bed->plan);
    batch_init(&bed->target, &bed->memory, &bed->plan);
    bed->writer = frame_writer_new(&bed->memory, &bed->plan, (FrameOptions){.channel = 1});
    bed->reader = frame_reader_new(&bed->memory, &bed->plan, NULL);
    bed->right = true;
}

static void bed_close(Bed *bed)
{
    for (int f = 0; f < FRAMES; f++)
        free((char *)bed->messages[f].p);
    frame_reader_free(bed->reader);
    frame_writer_free(bed->writer);
    batch_fini(&bed->target);
    batch_fini(&bed->source);
}

static void fill(Bed *bed)
{
    static const Text places[4] = {TEXT("Lisbon"), TEXT("Porto"), TEXT("Coimbra"), TEXT("Evora-south")};
    Rows *rows = &bed->source.rows[0];
    for (int i = 0; i < BATCH_ROWS; i++) {
        uint32_t row = rows_add(rows, &bed->memory);
        rows_set(rows, row, 0, (Cell){.s = arena_printf(&bed->source.arena, "account-%04d", i * 7919 % 10000)});
        rows_set(rows, row, 1, (Cell){.i = INT64_C(1767225600000000000) + i * 1000000});
        rows_set(rows, row, 2, (Cell){.f = i * 0.37});
        rows_set(rows, row, 3, (Cell){.i = i * 31 % 5000});
        rows_set(rows, row, 4, (Cell){.s = places[i * 13 % 4]});
        rows_set(rows, row, 5, (Cell){.f = 1.0 / (i + 1)});
        rows_set(rows, row, 6, (Cell){.i = i % 100});
        rows_set(rows, row, 7, (Cell){.b = i & 1});
    }
}

static Text write_frame(Bed *bed, uint32_t frame)
{
    for (uint32_t i = 0; i < FRAME_EVENTS_MAX; i++)
        bed->right &= frame_writer_row(bed->writer, &bed->source.rows[0], frame * FRAME_EVENTS_MAX + i, NULL);
    return frame_writer_take(bed->writer, (FrameStamp){.sequence = frame + 1, .first = frame * FRAME_EVENTS_MAX + 1});
}

static void do_step(Bed *bed, Step step)
{
    uint32_t n;
    if (step == READ)
        batch_clear(&bed->target);
    for (uint32_t f = 0; f < FRAMES; f++) {
        if (step == WRITE)
            write_frame(bed, f);
        else if (step == OPEN)
            bed->right &= frame_open(&bed->frames[f], bed->messages[f]) == FRAME_OK;
        else
            bed->right &= frame_read(bed->reader, &bed->frames[f], &bed->target, NULL, NULL, bed->rows, &n) == FRAME_OK &&
                          n == FRAME_EVENTS_MAX;
    }
}

/* Whether the target's columns are the source's. */
static bool is_same(const Bed *bed)
{
    const Rows *a = &bed->source.rows[0], *b = &bed->target.rows[0];
    bool same = a->n == b->n;
    for (uint32_t i = 0; same && i < a->ncolumns; i++)
        for (uint32_t row = 0; row < a->n; row++) {
            TypeKind type = a->columns[i].type;
            same &= b->columns[i].states[row] == STATE_OK &&
                    cell_equal(type, cell_get(type, a->columns[i].cells, row), cell_get(type, b->columns[i].cells, row));
        }
    return same;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(Bed *bed, unsigned passes)
{
    for (uint32_t f = 0; f < FRAMES; f++) {
        Text message = write_frame(bed, f);
        bed->messages[f] = (Text){memcpy(malloc(message.len), message.p, message.len), message.len};
    }
    for (Step step = 0; step < STEPS; step++) {
        do_step(bed, step);
        for (unsigned pass = 0; pass < passes; pass++) {
            double start = cpu_seconds();
            for (int round = 0; round < ROUNDS; round++)
                do_step(bed, step);
            bed->seconds[step][pass] = cpu_seconds() - start;
        }
        qsort(bed->seconds[step], passes, sizeof(double), by_value);
    }
    bed->right &= is_same(bed);
}

static void print(const Bed *bed, unsigned passes, Json *json)
{
    double bytes = 0;
    for (uint32_t f = 0; f < FRAMES; f++)
        bytes += bed->messages[f].len;
    if (!json)
        printf("codec: %d events of 8 attributes a frame, %.0f bytes an event%s\n", FRAME_EVENTS_MAX, bytes / BATCH_ROWS,
               bed->right ? "" : ", WRONG");
    for (Step step = 0; step < STEPS; step++) {
        double ns = bed->seconds[step][passes / 2] / ((double)ROUNDS * BATCH_ROWS) * 1e9;
        if (json) {
            char id[32];
            snprintf(id, sizeof id, "codec %s", steps[step].name);
            json_open(json, NULL, '{');
            json_cstring(json, "id", id);
            json_bool(json, "ok", bed->right);
            json_float(json, "ns_per_event", ns);
            json_float(json, "goal_ns", steps[step].goal);
            json_close(json, '}');
            continue;
        }
        printf("  %-6s %6.1f ns an event", steps[step].name, ns);
        if (steps[step].goal > 0)
            printf(", goal %.0f", steps[step].goal);
        printf("   %s\n", steps[step].what);
    }
}

bool bench_codec(unsigned passes, Json *json)
{
    Bed *bed = calloc(1, sizeof *bed);
    if (!bed)
        abort();
    bed_open(bed);
    fill(bed);
    measure(bed, passes);
    print(bed, passes, json);
    bool right = bed->right;
    bed_close(bed);
    free(bed);
    return right;
}
