/* Ring: the last frames of one channel, kept in memory so that a receiver can have them again.
 *
 *   ring_put(ring, 812, frame, size);          one after the other, without holes
 *   RingSpan span = ring_span(ring, 640, 700); what of 640…700 is still here, and what is gone
 *   for (uint64_t s = span.first; s <= span.last; s++)
 *       ring_get(ring, s, &frame);
 *
 * Bounded by a number of frames and by their bytes; the oldest make room. Memory grows with what is put, up to the
 * bounds, and is not asked for again in the steady state. One thread. */
#ifndef CLUSTER_RING_H
#define CLUSTER_RING_H

#include "cep/memory.h"

typedef struct Ring Ring;

typedef struct RingFrame {
    uint64_t sequence;
    const uint8_t *bytes; /* until the next ring_put */
    uint32_t size;
} RingFrame;

/* What can be given of a range that was asked for. */
typedef struct RingSpan {
    uint64_t first, last; /* here; last < first = nothing */
    uint64_t gone;        /* how many at the beginning of the range are no longer here */
} RingSpan;

/* Both bounds are at least 1. */
Ring *ring_new(Memory *memory, uint32_t frames_max, size_t bytes_max);
void ring_free(Ring *ring);

/* Keeps a copy. The first frame may have any sequence number above 0, every other one the next. A frame larger than
 * all the room empties the ring and counts as gone. */
void ring_put(Ring *ring, uint64_t sequence, const void *bytes, uint32_t size);

/* The sequence numbers here; first > last = empty. ring_last stays what was put last, whatever is gone. */
uint64_t ring_first(const Ring *ring);
uint64_t ring_last(const Ring *ring);

/* Bytes kept now. */
size_t ring_bytes(const Ring *ring);

/* What is here of from … to, both included; what lies beyond ring_last is neither here nor gone. */
RingSpan ring_span(const Ring *ring, uint64_t from, uint64_t to);

/* Gives one frame. Returns false when it is not here. */
bool ring_get(const Ring *ring, uint64_t sequence, RingFrame *frame);

#endif
