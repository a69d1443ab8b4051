/* Values: what an attribute, a register or a key holds.
 *
 * A value is a Cell (the bits, by type) and a State (is there a value at all). Types are known when a plan
 * is made, so a cell carries no tag. Missing values make comparisons unknown, which is the null of bool:
 * three-valued logic is nothing but STATE_NULL on a BOOL.
 *
 *   bool      Cell.b, 0 or 1                     string  Cell.s, borrowed bytes, UTF-8
 *   int       Cell.i                             point   Cell.p, lon/lat degrees (x/y in metric plane)
 *   float     Cell.f
 *   time      Cell.i, ns since 1970 UTC          duration Cell.i, ns
 *   decimal   Cell.d, in billionths              bytes   Cell.s
 *   list, record, map, any                       Cell.s, encoded: composite.h
 */
#ifndef CEP_VALUE_H
#define CEP_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cep/text.h"

typedef enum TypeKind {
#define X(name, word, size, runs) TYPE_##name,
#include "cep/types.def"
#undef X
    TYPE_KINDS
} TypeKind;

typedef enum State {
    STATE_OK = 0,
    STATE_NULL = 1,  /* no value; of a bool: unknown */
    STATE_ERROR = 2, /* the computation failed: overflow, division by zero, a regex at its limit */
} State;

typedef struct Point {
    double x, y;
} Point;

/* A number with nine digits behind the point: 128 bits of billionths, two's complement; see decimal.h. */
typedef struct Decimal {
    uint64_t low;
    int64_t high;
} Decimal;

typedef union Cell {
    uint8_t b;
    int64_t i;
    double f;
    Text s;
    Point p;
    Decimal d;
} Cell;

/* The word of a type in the rule language, its cell's bytes in a column, and whether the engine runs it. */
const char *type_word(TypeKind type);
size_t type_size(TypeKind type);
bool type_runs(TypeKind type);

/* Whether the cells of a type are Text: bytes that stand elsewhere and must be copied to outlive their place. */
static inline bool type_has_bytes(TypeKind type)
{
    return type == TYPE_STRING || type >= TYPE_BYTES;
}

/* Reads and writes cell i of a column of a type. */
Cell cell_get(TypeKind type, const void *cells, size_t i);
void cell_set(TypeKind type, void *cells, size_t i, Cell value);

/* Whether two present values of one type are equal: floats by ==, strings by bytes. */
bool cell_equal(TypeKind type, Cell a, Cell b);

/* Orders two present values of one type: negative, 0, positive. NaN sorts behind every number. */
int cell_compare(TypeKind type, Cell a, Cell b);

/* A 64-bit hash of a present value; -0.0 hashes as 0.0. */
uint64_t cell_hash(TypeKind type, Cell value);

#endif
