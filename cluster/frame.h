/* Frames: what goes over a socket. docs/reference/wire.md has every byte.
 *
 *   topic 17 │ header 96 │ dictionary │ keys │ rows           an events frame
 *   topic 17 │ header 96 │ lines                              JSON lines as they came
 *   topic 17 │ header 96                                      a heartbeat
 *
 * frame_open checks a message and says what stands where; nothing is copied. What is read by: frame_reader.h with
 * the plan, foreign.h without one. What is made by: frame_writer.h. */
#ifndef CLUSTER_FRAME_H
#define CLUSTER_FRAME_H

#include "cep/order.h"
#include "cep/text.h"

enum {
    FRAME_TOPIC = 17,  /* 16 hexadecimal digits of the channel's id and a colon */
    FRAME_HEADER = 96,
    FRAME_VERSION_NOW = 1,
    FRAME_PLAN_BYTES = 8,
    FRAME_HASHES_MAX = 64, /* key hashes of a row */
};

typedef enum FrameError {
    FRAME_OK,
#define X(name, word, what) FRAME_BAD_##name,
#include "cluster/frame.def"
    FRAME_ERRORS
} FrameError;

typedef enum FrameKind { FRAME_EVENTS = 1, FRAME_LINES, FRAME_HEARTBEAT } FrameKind;

enum {
    FRAME_KEYS = 1,      /* each row's length and key hashes stand in front of the rows */
    FRAME_ORDERED = 2,   /* rows carry their order keys, derived ones their lineage: between nodes and to subscribers */
    FRAME_FINAL_IDS = 4, /* ids of causes are as they are printed */
};

typedef enum FrontierKind {
    FRONTIER_NONE, /* nothing is said */
    FRONTIER_KEY,  /* nothing below the key follows */
    FRONTIER_IDLE, /* leave this source out until its next frame */
    FRONTIER_END,  /* nothing follows */
} FrontierKind;

typedef struct Frame {
    uint64_t channel;
    FrameKind kind;
    uint32_t flags;
    uint32_t producer;   /* origin */
    uint64_t epoch;      /* when the publisher began */
    uint64_t sequence;   /* of the frame on its channel, from 1; of a heartbeat: of the last frame before it */
    uint64_t first;      /* number of the first event or line; the others follow */
    uint32_t count;      /* rows or lines */
    FrontierKind frontier;
    OrderKey below;      /* of FRONTIER_KEY; without a path */
    uint8_t plan[FRAME_PLAN_BYTES]; /* the first bytes of the plan's version; zeros: none is meant */
    uint32_t nhashes;    /* key hashes of a row */
    Text dictionary, keys, body; /* borrowed from the message; of a lines frame the body is the lines */
} Frame;

/* Checks all but what the dictionary and the rows hold. The message is borrowed as long as the frame is used. */
FrameError frame_open(Frame *frame, Text message);

/* The k-th key hash of a row of a frame with FRAME_KEYS; its length in the body. */
uint32_t frame_hash(const Frame *frame, uint32_t row, uint32_t k);
uint32_t frame_row_length(const Frame *frame, uint32_t row);

/* The id of a channel: `atm.ManyWithdrawals`. */
uint64_t frame_channel(Text name);

/* What a SUB socket subscribes to; FRAME_TOPIC bytes. */
void frame_topic(uint64_t channel, char topic[FRAME_TOPIC]);

const char *frame_error_word(FrameError error); /* "checksum" */
const char *frame_error_text(FrameError error); /* "its checksum is wrong: it was damaged on its way" */

#endif
