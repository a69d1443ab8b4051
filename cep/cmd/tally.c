#include "cep/cmd/tally.h"

#include "cluster/limits.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { ROOM_FIRST = 1024 }; /* a power of two */

void tally_init(Tally *tally, Memory *memory, bool keeps)
{
    *tally = (Tally){.memory = memory, .keeps = keeps, .room = ROOM_FIRST, .mask = 2 * ROOM_FIRST - 1};
    tally->items = memory_new(memory, tally->room * sizeof *tally->items);
    tally->slots = memory_new(memory, ((size_t)tally->mask + 1) * sizeof *tally->slots);
    out_init(&tally->texts, memory, -1);
}

void tally_fini(Tally *tally)
{
    out_fini(&tally->texts);
    memory_free(tally->memory, tally->slots, ((size_t)tally->mask + 1) * sizeof *tally->slots);
    memory_free(tally->memory, tally->items, tally->room * sizeof *tally->items);
}

/* The slot of a hash, or the free one where it would stand. */
static uint32_t *slot_of(const Tally *tally, uint64_t high, uint64_t low)
{
    for (uint32_t i = (uint32_t)low & tally->mask;; i = (i + 1) & tally->mask) {
        uint32_t *slot = &tally->slots[i];
        if (!*slot || (tally->items[*slot - 1].high == high && tally->items[*slot - 1].low == low))
            return slot;
    }
}

static void grow(Tally *tally)
{
    size_t slots = ((size_t)tally->mask + 1) * sizeof *tally->slots;
    tally->items = memory_resize(tally->memory, tally->items, tally->room * sizeof *tally->items,
                                 2 * tally->room * sizeof *tally->items);
    tally->room *= 2;
    memory_free(tally->memory, tally->slots, slots);
    tally->slots = memory_new(tally->memory, 2 * slots);
    tally->mask = 2 * tally->mask + 1;
    for (uint32_t i = 0; i < tally->n; i++)
        *slot_of(tally, tally->items[i].high, tally->items[i].low) = i + 1;
}

static bool has_room(const Tally *tally, Text text)
{
    const uint64_t each = sizeof *tally->items + 2 * sizeof *tally->slots;
    return tally->n * each + tally->texts.n + text.len <= (uint64_t)limit_default(LIMIT_REPLAY_BYTES);
}

bool tally_add(Tally *tally, Text text)
{
    XXH128_hash_t hash = XXH3_128bits(text.p, text.len);
    uint32_t *slot = slot_of(tally, hash.high64, hash.low64);
    if (*slot) {
        tally->items[*slot - 1].times++;
        return false;
    }
    if (!has_room(tally, text)) {
        tally->full = true;
        return false;
    }
    if (tally->n == tally->room) {
        grow(tally);
        slot = slot_of(tally, hash.high64, hash.low64);
    }
    tally->items[tally->n++] = (TallyItem){hash.high64, hash.low64, 1, tally->texts.n, text.len};
    *slot = tally->n;
    if (tally->keeps)
        out_bytes(&tally->texts, text.p, text.len);
    return true;
}

uint64_t tally_times(const Tally *tally, const TallyItem *item)
{
    uint32_t slot = *slot_of(tally, item->high, item->low);
    return slot ? tally->items[slot - 1].times : 0;
}

Text tally_text(const Tally *tally, const TallyItem *item)
{
    return (Text){tally->texts.bytes + item->offset, item->len};
}
