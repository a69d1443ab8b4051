/* Frames: any bytes are refused, or are rows that print; a batch is as it was after a refusal. The checksum is made
 * right, so that what lies behind it is reached. */
#include "cluster/frame.h"

#include <stdlib.h>

#include "cluster/crc32c.h"
#include "cluster/foreign.h"
#include "cluster/frame_layout.h"
#include "tests/unit/frame_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Bed {
    Memory memory;
    Sample sample;
    Batch batch;
    FrameReader *reader;
    Foreign *foreign;
    Out out;
    FrameRow rows[BATCH_ROWS];
} Bed;

/* What is kept from one input to the next is part of what is tested. */
static Bed *bed_of_all(void)
{
    static Bed *bed;
    if (bed)
        return bed;
    bed = calloc(1, sizeof *bed);
    if (!bed)
        abort();
    sample_make(&bed->sample);
    batch_init(&bed->batch, &bed->memory, &bed->sample.plan);
    bed->reader = frame_reader_new(&bed->memory, &bed->sample.plan, NULL);
    bed->foreign = foreign_new(&bed->memory);
    out_init(&bed->out, &bed->memory, -1);
    return bed;
}

static void read_with_plan(Bed *bed, const Frame *frame)
{
    uint32_t n;
    batch_clear(&bed->batch);
    if (frame_read(bed->reader, frame, &bed->batch, NULL, NULL, bed->rows, &n) != FRAME_OK) {
        if (n || bed->batch.rows[WITHDRAWAL].n || bed->batch.rows[MANY].n)
            abort();
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const FrameRow *row = &bed->rows[i];
        frame_row_json(bed->reader, row, &bed->out);
        if (!row->reason)
            event_json(&bed->out, &bed->sample.types[row->type], &bed->batch.rows[row->type], row->row);
    }
}

static void read_without_plan(Bed *bed, const Frame *frame)
{
    if (foreign_read(bed->foreign, frame) != FRAME_OK) {
        if (foreign_count(bed->foreign))
            abort();
        return;
    }
    for (uint32_t i = 0; i < foreign_count(bed->foreign); i++) {
        foreign_json(bed->foreign, i, &bed->out);
        const OrderKey *key = foreign_key(bed->foreign, i), *last = i ? foreign_key(bed->foreign, i - 1) : key;
        if ((order_compare(last, key) < 0) != (order_compare(key, last) > 0))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bed *bed = bed_of_all();
    Frame frame;
    char *message = malloc(size + 1);
    if (!message)
        abort();
    memcpy(message, data, size);
    if (size >= FRAME_TOPIC + FRAME_HEADER) {
        char *header = message + FRAME_TOPIC;
        uint32_t crc = crc32c(0, header + HEADER_CHECKED, size - FRAME_TOPIC - HEADER_CHECKED);
        memcpy(header + HEADER_CHECKSUM, &crc, sizeof crc);
    }
    out_clear(&bed->out);
    if (frame_open(&frame, (Text){message, (uint32_t)size}) == FRAME_OK && frame.kind == FRAME_EVENTS) {
        read_with_plan(bed, &frame);
        read_without_plan(bed, &frame);
    }
    free(message);
    return 0;
}
