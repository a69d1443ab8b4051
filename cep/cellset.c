/* Sets of constants: open addressing by cell_hash. */
#include "cep/cellset.h"

/* The slot that holds the value, or the free one where it belongs. */
static uint32_t slot_of(const CellSet *set, Cell value)
{
    uint32_t slot = (uint32_t)cell_hash(set->type, value) & set->mask;
    while (set->slots[slot] && !cell_equal(set->type, set->cells[set->slots[slot] - 1], value))
        slot = (slot + 1) & set->mask;
    return slot;
}

CellSet *cellset_new(Arena *arena, TypeKind type, const Cell *cells, uint32_t n)
{
    CellSet *set = ARENA_NEW(arena, CellSet);
    uint32_t room = 2;
    while (room < n * 2)
        room *= 2;
    *set = (CellSet){.type = type, .mask = room - 1};
    set->cells = ARENA_ARRAY(arena, Cell, n);
    set->slots = ARENA_ARRAY(arena, uint32_t, room);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = slot_of(set, cells[i]);
        if (set->slots[slot])
            continue;
        set->cells[set->n] = cells[i];
        if (type_has_bytes(type))
            set->cells[set->n].s = arena_text(arena, cells[i].s);
        set->slots[slot] = ++set->n;
    }
    return set;
}

bool cellset_has(const CellSet *set, Cell value)
{
    return set->slots[slot_of(set, value)] != 0;
}
