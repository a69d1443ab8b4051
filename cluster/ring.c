/* A circle of bytes and a circle of slots that say where each frame lies. A frame is never split: one that does not
 * fit behind the newest begins again at 0, and the bytes up to the end stay unused.
 *
 *   bytes  |  f7  f8 |     free     | f4 | f5 | f6 |  unused |
 *                    ^ head         ^ tail                   ^ room
 *
 * Both circles double until the bounds are reached. Built for frames of 64 bytes to 1 MiB, thousands a second. */
#include "cluster/ring.h"

#include <assert.h>
#include <string.h>

enum { SLOTS_FIRST = 16, BYTES_FIRST = 4096 };

typedef struct Slot {
    size_t at;
    uint32_t size;
} Slot;

struct Ring {
    Memory *memory;
    uint32_t frames_max, nslots, n;
    size_t bytes_max, room, head, kept;
    uint64_t last;   /* put last; 0 = nothing yet */
    Slot *slots;     /* of sequence s: slots[s % nslots]; nslots is a power of two */
    uint8_t *bytes;
};

Ring *ring_new(Memory *memory, uint32_t frames_max, size_t bytes_max)
{
    assert(frames_max >= 1 && bytes_max >= 1);
    Ring *ring = memory_new(memory, sizeof *ring);
    *ring = (Ring){.memory = memory, .frames_max = frames_max, .bytes_max = bytes_max, .nslots = SLOTS_FIRST};
    ring->room = bytes_max < BYTES_FIRST ? bytes_max : BYTES_FIRST;
    ring->slots = memory_new(memory, ring->nslots * sizeof *ring->slots);
    ring->bytes = memory_new(memory, ring->room);
    return ring;
}

void ring_free(Ring *ring)
{
    if (!ring)
        return;
    memory_free(ring->memory, ring->slots, ring->nslots * sizeof *ring->slots);
    memory_free(ring->memory, ring->bytes, ring->room);
    memory_free(ring->memory, ring, sizeof *ring);
}

uint64_t ring_first(const Ring *ring)
{
    return ring->last - ring->n + 1;
}

uint64_t ring_last(const Ring *ring)
{
    return ring->last;
}

size_t ring_bytes(const Ring *ring)
{
    return ring->kept;
}

static Slot *slot_of(const Ring *ring, uint64_t sequence)
{
    return &ring->slots[sequence & (ring->nslots - 1)];
}

static void drop_oldest(Ring *ring)
{
    ring->kept -= slot_of(ring, ring_first(ring))->size;
    if (--ring->n == 0)
        ring->head = 0;
}

/* Finds size bytes in one piece behind the newest frame; *at is where. */
static bool find_place(const Ring *ring, uint32_t size, size_t *at)
{
    size_t tail = ring->n ? slot_of(ring, ring_first(ring))->at : 0;
    if (ring->n && ring->head <= tail) { /* wrapped: free is head … tail */
        *at = ring->head;
        return tail - ring->head >= size;
    }
    *at = ring->room - ring->head >= size ? ring->head : 0;
    return *at || (ring->n ? tail : ring->room) >= size;
}

/* Doubles the circle of bytes, the frames side by side at its beginning. */
static void grow_bytes(Ring *ring)
{
    size_t room = ring->room <= ring->bytes_max / 2 ? ring->room * 2 : ring->bytes_max;
    uint8_t *bytes = memory_new(ring->memory, room);
    size_t head = 0;
    for (uint32_t i = 0; i < ring->n; i++) {
        Slot *slot = slot_of(ring, ring_first(ring) + i);
        memcpy(bytes + head, ring->bytes + slot->at, slot->size);
        slot->at = head;
        head += slot->size;
    }
    memory_free(ring->memory, ring->bytes, ring->room);
    ring->bytes = bytes;
    ring->room = room;
    ring->head = head;
}

static void grow_slots(Ring *ring)
{
    uint32_t nslots = ring->nslots * 2;
    Slot *slots = memory_new(ring->memory, nslots * sizeof *slots);
    for (uint32_t i = 0; i < ring->n; i++) {
        uint64_t sequence = ring_first(ring) + i;
        slots[sequence & (nslots - 1)] = *slot_of(ring, sequence);
    }
    memory_free(ring->memory, ring->slots, ring->nslots * sizeof *ring->slots);
    ring->slots = slots;
    ring->nslots = nslots;
}

void ring_put(Ring *ring, uint64_t sequence, const void *bytes, uint32_t size)
{
    assert(sequence > 0 && (ring->last == 0 || sequence == ring->last + 1));
    size_t at = 0;
    if (ring->n == ring->frames_max)
        drop_oldest(ring);
    while (!find_place(ring, size, &at)) {
        if (ring->room < ring->bytes_max)
            grow_bytes(ring);
        else if (ring->n)
            drop_oldest(ring);
        else {
            ring->last = sequence;
            return;
        }
    }
    if (ring->n == ring->nslots)
        grow_slots(ring);
    ring->last = sequence;
    ring->n++;
    *slot_of(ring, sequence) = (Slot){at, size};
    if (size)
        memcpy(ring->bytes + at, bytes, size);
    ring->head = at + size;
    ring->kept += size;
}

RingSpan ring_span(const Ring *ring, uint64_t from, uint64_t to)
{
    if (to > ring->last)
        to = ring->last;
    uint64_t first = ring_first(ring);
    if (from < 1)
        from = 1;
    if (from > to)
        return (RingSpan){.first = from, .last = from - 1};
    if (from >= first)
        return (RingSpan){.first = from, .last = to};
    if (to < first)
        return (RingSpan){.first = first, .last = first - 1, .gone = to - from + 1};
    return (RingSpan){.first = first, .last = to, .gone = first - from};
}

bool ring_get(const Ring *ring, uint64_t sequence, RingFrame *frame)
{
    if (sequence < ring_first(ring) || sequence > ring->last)
        return false;
    const Slot *slot = slot_of(ring, sequence);
    *frame = (RingFrame){.sequence = sequence, .bytes = ring->bytes + slot->at, .size = slot->size};
    return true;
}
