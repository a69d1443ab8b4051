/* A ring of what came, in the order of arrival, and a hash table of places in it with open addressing:
 *
 *   ring   [id, time] [id, time] …      first ▲ … first + n, modulo room
 *   slots  place in the ring + 1 by id; a power of two, twice the room
 *
 * Room doubles from ROOM_MIN. An entry leaves the table by moving up what stands behind it. */
#include "cluster/identities.h"

enum { ROOM_MIN = 1024 };

typedef struct Identity {
    EventId id;
    int64_t time;
} Identity;

struct Identities {
    Memory *memory;
    Identity *ring;
    uint32_t *slots;
    uint32_t first, n, room, most;
};

Identities *identities_new(Memory *memory, uint32_t most)
{
    Identities *identities = memory_new(memory, sizeof *identities);
    *identities = (Identities){.memory = memory, .most = most};
    return identities;
}

void identities_free(Identities *identities)
{
    if (!identities)
        return;
    memory_free(identities->memory, identities->ring, identities->room * sizeof *identities->ring);
    memory_free(identities->memory, identities->slots, 2 * identities->room * sizeof *identities->slots);
    memory_free(identities->memory, identities, sizeof *identities);
}

static bool same(EventId a, EventId b)
{
    return a.high == b.high && a.low == b.low;
}

/* The slot of an id, or the free one where it belongs. Ids are hashes. */
static uint32_t slot_of(const Identities *identities, EventId id)
{
    uint32_t mask = 2 * identities->room - 1, slot = (uint32_t)id.low & mask;
    while (identities->slots[slot] && !same(identities->ring[identities->slots[slot] - 1].id, id))
        slot = (slot + 1) & mask;
    return slot;
}

static void grow(Identities *identities)
{
    uint32_t room = identities->room ? identities->room * 2 : ROOM_MIN;
    Identity *ring = memory_new(identities->memory, room * sizeof *ring);
    for (uint32_t i = 0; i < identities->n; i++)
        ring[i] = identities->ring[(identities->first + i) % identities->room];
    memory_free(identities->memory, identities->ring, identities->room * sizeof *ring);
    memory_free(identities->memory, identities->slots, 2 * identities->room * sizeof *identities->slots);
    identities->slots = memory_new(identities->memory, 2 * room * sizeof *identities->slots);
    identities->ring = ring;
    identities->first = 0;
    identities->room = room;
    for (uint32_t i = 0; i < identities->n; i++)
        identities->slots[slot_of(identities, ring[i].id)] = i + 1;
}

static void forget_first(Identities *identities)
{
    uint32_t mask = 2 * identities->room - 1, hole = slot_of(identities, identities->ring[identities->first].id);
    identities->slots[hole] = 0;
    for (uint32_t slot = (hole + 1) & mask; identities->slots[slot]; slot = (slot + 1) & mask) {
        uint32_t home = (uint32_t)identities->ring[identities->slots[slot] - 1].id.low & mask;
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            identities->slots[hole] = identities->slots[slot];
            identities->slots[slot] = 0;
            hole = slot;
        }
    }
    identities->first = (identities->first + 1) % identities->room;
    identities->n--;
}

bool identities_add(Identities *identities, EventId id, int64_t time)
{
    if (identities->n == identities->room && identities->n < identities->most)
        grow(identities);
    if (identities->slots[slot_of(identities, id)])
        return false;
    if (identities->n == identities->most || identities->n == identities->room)
        forget_first(identities);
    uint32_t place = (identities->first + identities->n++) % identities->room;
    identities->ring[place] = (Identity){id, time};
    identities->slots[slot_of(identities, id)] = place + 1;
    return true;
}

void identities_forget(Identities *identities, int64_t horizon)
{
    while (identities->n && identities->ring[identities->first].time < horizon)
        forget_first(identities);
}
