/* Tail: one channel of one publisher, followed without holes.
 *
 *   frame 7 ─► next is 7: deliver, next is 8
 *   frame 9 ─► ahead: keep; missing 8…8 ─► a replay request ─► frame 8: deliver ─► kept 9: deliver
 *   frame 6 ─► old: seen before
 *   heartbeat at 12 ─► missing 10…12
 *
 * The owner asks for what is missing and hands in the answer like any other frame. What cannot be had any more is
 * skipped and counted. */
#ifndef CLUSTER_TAIL_H
#define CLUSTER_TAIL_H

#include "cluster/frame.h"
#include "cluster/net.h"

enum { TAIL_KEPT_MAX = 256 };

typedef struct Tail {
    uint64_t epoch;   /* of the publisher; 0 = any, until the first frame */
    uint64_t next;    /* sequence expected */
    uint64_t last;    /* the greatest that is known to exist */
    NetMessage kept[TAIL_KEPT_MAX]; /* ahead, in no order */
    uint64_t kept_sequence[TAIL_KEPT_MAX];
    uint32_t nkept;
    uint64_t delivered, duplicates, lost, repaired;
} Tail;

typedef enum TailVerdict {
    TAIL_DELIVER, /* it is the next one; of a heartbeat: nothing before it is missing */
    TAIL_OLD,
    TAIL_AHEAD,   /* keep it, or have it again by a replay */
    TAIL_FOREIGN, /* of another epoch */
} TailVerdict;

void tail_init(Tail *tail, uint64_t epoch, uint64_t next);
void tail_fini(Tail *tail);

/* Decides about a frame, and counts. */
TailVerdict tail_see(Tail *tail, const Frame *frame);

/* Keeps a message that is ahead, taking it over if there is room. */
void tail_keep(Tail *tail, uint64_t sequence, NetMessage *message);

/* Takes the kept message that is next; the caller sees it again and frees it. */
bool tail_kept(Tail *tail, NetMessage *message);

/* Whether something is missing, and what. */
bool tail_missing(const Tail *tail, uint64_t *from, uint64_t *to);

/* What lies before a sequence will not come any more. */
void tail_skip(Tail *tail, uint64_t to);

/* ── Replies to replay requests: a line of JSON, then frames with their lengths in front ──
 * {"ok":true,"first":640,"last":655,"gone":0}\n [u32 little endian, frame] … */

typedef struct Replay {
    uint64_t first, last, gone; /* last < first: nothing is here */
    Text frames;
} Replay;

/* Reads an answer; false: it is none, or a refusal. */
bool replay_open(Replay *replay, Text answer);
/* The next frame; false behind the last. */
bool replay_next(Replay *replay, Text *frame);

#endif
