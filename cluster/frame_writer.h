/* Making frames: rows or lines are added, and the whole is taken.
 *
 *   FrameWriter *w = frame_writer_new(&memory, plan, (FrameOptions){…});
 *   frame_writer_row(w, rows, row, NULL); … if (frame_writer_full(w)) send(frame_writer_take(w, stamp));
 *
 * The buffers stay with the writer: in steady state nothing is allocated. A writer belongs to one channel. */
#ifndef CLUSTER_FRAME_WRITER_H
#define CLUSTER_FRAME_WRITER_H

#include "cep/plan.h"
#include "cluster/frame.h"

typedef struct FrameWriter FrameWriter;

typedef struct FrameOptions {
    uint64_t channel;
    uint32_t producer;
    uint64_t epoch;
    bool ordered;    /* rows with order keys: FRAME_ORDERED */
    bool final_ids;  /* for subscribers: FRAME_FINAL_IDS */
    uint32_t nhashes; /* key hashes given with each row; 0 = no keys section */
    uint32_t rows_max, bytes_max; /* 0 = the limits */
} FrameOptions;

/* What is known when a frame is taken. */
typedef struct FrameStamp {
    uint64_t sequence, first;
    FrontierKind frontier;
    OrderKey below;
} FrameStamp;

/* The plan is borrowed; NULL for lines and heartbeats only. */
FrameWriter *frame_writer_new(Memory *memory, const Plan *plan, FrameOptions options);
void frame_writer_free(FrameWriter *writer);

/* Adds a row; ordered ones have their keys, derived ones their lineage. False: larger than a frame may be. */
bool frame_writer_row(FrameWriter *writer, const Rows *rows, uint32_t row, const uint32_t *hashes);

/* Adds a line, without its end. False: larger than a frame may be. A frame has rows or lines. */
bool frame_writer_line(FrameWriter *writer, Text line);

uint32_t frame_writer_count(const FrameWriter *writer);

/* Whether it should be taken before more is added. */
bool frame_writer_full(const FrameWriter *writer);

/* The message, topic in front; a heartbeat if nothing was added. It stays until the writer is used again. */
Text frame_writer_take(FrameWriter *writer, FrameStamp stamp);

#endif
