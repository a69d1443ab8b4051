/* Sharing: equal programs and equal column maps of a plan are one.
 *
 * Ten thousand rules that derive `{ symbol: t.symbol }` read one program, which stays in the cache while the rules
 * themselves are cold when their turn comes. Plans are immutable, so nobody can tell. A table of what was made so
 * far, by hash, that dies with the compilation. */
#include "rules/lower.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static bool same(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static bool constants_are_same(const Program *a, const Program *b)
{
    for (uint32_t i = 0; i < a->n; i++) {
        const Instruction *step = &a->code[i];
        if (step->op != OP_CONSTANT || a->constant_states[step->immediate] != STATE_OK)
            continue;
        Cell x = a->constants[step->immediate], y = b->constants[step->immediate];
        TypeKind type = a->reg_types[step->to];
        if (type_has_bytes(type) ? !text_is(x.s, y.s) : !same(&x, &y, type_size(type)))
            return false;
    }
    return true;
}

/* Programs with resources of their own are left alone. */
static bool is_plain(const Program *program)
{
    return !program->nregexes && !program->nsets && !program->ncidrs && program->nzones <= 1;
}

static bool programs_are_same(const Program *a, const Program *b)
{
    return a->type == b->type && a->result == b->result && a->nregs == b->nregs && a->n == b->n &&
           a->nconstants == b->nconstants && a->reads_time == b->reads_time && a->nzones == b->nzones &&
           same(a->code, b->code, a->n * sizeof *a->code) && same(a->reg_types, b->reg_types, a->nregs) &&
           same(a->constant_states, b->constant_states, a->nconstants) && constants_are_same(a, b);
}

/* Hashes code and the fixed part of constants; strings differ by address, so they take part by content. */
static uint64_t program_hash(const Program *program)
{
    uint64_t hash = XXH3_64bits(program->code, program->n * sizeof *program->code);
    for (uint32_t i = 0; i < program->n; i++) {
        const Instruction *step = &program->code[i];
        if (step->op == OP_CONSTANT && program->constant_states[step->immediate] == STATE_OK)
            hash = hash * 31 + cell_hash(program->reg_types[step->to], program->constants[step->immediate]);
    }
    return hash;
}

static void table_grow(LowerShared *shared, Arena *scratch)
{
    LowerSharedSlot *old = shared->slots;
    uint32_t room = shared->room;
    shared->room = room ? room * 2 : 64;
    shared->slots = ARENA_ARRAY(scratch, LowerSharedSlot, shared->room);
    for (uint32_t i = 0; i < room; i++) {
        uint32_t at = (uint32_t)old[i].hash & (shared->room - 1);
        while (old[i].item && shared->slots[at].item)
            at = (at + 1) & (shared->room - 1);
        if (old[i].item)
            shared->slots[at] = old[i];
    }
}

/* The slot of an equal item, or the free one where it belongs. */
static LowerSharedSlot *slot_find(LowerShared *shared, Arena *scratch, uint64_t hash, const void *item,
                                  bool (*equal)(const void *, const void *))
{
    if ((shared->n + 1) * 2 > shared->room)
        table_grow(shared, scratch);
    uint32_t at = (uint32_t)hash & (shared->room - 1);
    while (shared->slots[at].item && !(shared->slots[at].hash == hash && equal(shared->slots[at].item, item)))
        at = (at + 1) & (shared->room - 1);
    return &shared->slots[at];
}

static bool equal_programs(const void *a, const void *b)
{
    return programs_are_same(a, b);
}

Program *lower_shared_program(Lowering *lowering, const Program *program, Program *(*copy)(Arena *, const Program *))
{
    if (!is_plain(program))
        return copy(lowering->arena, program);
    uint64_t hash = program_hash(program);
    LowerSharedSlot *slot = slot_find(&lowering->programs, lowering->scratch, hash, program, equal_programs);
    if (!slot->item) {
        *slot = (LowerSharedSlot){hash, copy(lowering->arena, program)};
        lowering->programs.n++;
    }
    return (Program *)slot->item;
}

typedef struct ShapeSources {
    const ShapeSource *items;
    uint32_t n, nslots;
} ShapeSources;

static bool equal_sources(const void *a, const void *b)
{
    const ShapeSources *x = a, *y = b;
    if (x->n != y->n || x->nslots != y->nslots)
        return false;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->items[i].type != y->items[i].type ||
            !same(x->items[i].column, y->items[i].column, x->nslots * sizeof *x->items[i].column))
            return false;
    return true;
}

void lower_shared_sources(Lowering *lowering, Shape *shape)
{
    ShapeSources sources = {shape->sources, shape->nsources, shape->nslots};
    uint64_t hash = shape->nsources;
    for (uint32_t i = 0; i < shape->nsources; i++)
        hash = XXH3_64bits_withSeed(shape->sources[i].column, shape->nslots * sizeof(uint16_t), hash + shape->sources[i].type);
    LowerSharedSlot *slot = slot_find(&lowering->shape_sources, lowering->scratch, hash, &sources, equal_sources);
    if (!slot->item) {
        ShapeSources *kept = ARENA_NEW(lowering->scratch, ShapeSources);
        *kept = sources;
        *slot = (LowerSharedSlot){hash, kept};
        lowering->shape_sources.n++;
    }
    shape->sources = (ShapeSource *)((const ShapeSources *)slot->item)->items;
}
