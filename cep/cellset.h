/* Sets of constants of one type: what `x in [..]` tests against. */
#ifndef CEP_CELLSET_H
#define CEP_CELLSET_H

#include "cep/arena.h"
#include "cep/value.h"

typedef struct CellSet {
    TypeKind type;
    uint32_t n;
    Cell *cells;
    uint32_t mask;   /* of slots, which are a power of two and at most half full */
    uint32_t *slots; /* index in cells + 1; 0 = free */
} CellSet;

/* Makes a set of n present values in the arena; strings are copied, duplicates are kept once. */
CellSet *cellset_new(Arena *arena, TypeKind type, const Cell *cells, uint32_t n);

bool cellset_has(const CellSet *set, Cell value);

#endif
