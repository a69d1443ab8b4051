/* Composite values: lists, records, maps, and values of type any, as bytes.
 *
 *   value  = tag, payload        tag = TypeKind, or COMPOSITE_NULL
 *   bool 1 byte · int, float, time, duration 8 · point, decimal 16 · string, bytes: u32 length, bytes
 *   list         u32 bytes behind here, u32 n, u16 depth, n values
 *   record, map  u32 bytes behind here, u32 n, u16 depth, n entries (u32 length, name, value) in the order of their names
 *
 * A record leaves out the fields that are missing. A value says what it is, so the cell of a list, record or map is also one of type any. Equal values are equal
 * bytes: names are sorted and -0.0 is written as 0.0. Values are immutable; what is longer than COMPOSITE_BYTES_MAX
 * or deeper than COMPOSITE_DEPTH_MAX is an error. Bytes come from this file alone, so readers trust them. */
#ifndef CEP_COMPOSITE_H
#define CEP_COMPOSITE_H

#include "cep/arena.h"
#include "cep/value.h"

enum { COMPOSITE_NULL = 0xFF, COMPOSITE_BYTES_MAX = 1 << 20, COMPOSITE_DEPTH_MAX = 256 };

/* ── Scalars in and out ── */

/* A value of any type as one of type any; missing becomes the null. Lists, records and maps are borrowed. */
Text composite_box(TypeKind type, State state, Cell value, Arena *arena);
/* Takes a value out: STATE_NULL of the null, STATE_ERROR if it is of another type. Whole floats are ints where an int
 * is asked for, ints are floats and decimals where these are. Bytes are borrowed. */
State composite_unbox(Text any, TypeKind type, Cell *value);
/* The type of a value; TYPE_KINDS of the null. */
TypeKind composite_type(Text any);
/* A number, a text, a bool as int, float and text read it; STATE_ERROR if it cannot be one. */
State composite_int(Text any, Cell *value);
State composite_float(Text any, Cell *value);

/* ── Members ── */

int64_t composite_len(Text value);
/* Item i of a list, from 1; -1 is the last. The null where there is none. Borrowed. */
Text composite_at(Text list, int64_t i);
/* The value under a name in a record or map; the null where there is none, or value is neither. Borrowed. */
Text composite_get(Text record, Text name);
/* Whether a list has an item, a map a name. */
bool composite_has(Text list, Text item);
bool composite_has_name(Text map, Text name);

typedef struct CompositeCursor {
    const char *at;
    uint32_t left;
    bool named;
} CompositeCursor;

/* Goes through the items of a list, or the entries of a record or map with their names. */
CompositeCursor composite_begin(Text value);
bool composite_next(CompositeCursor *cursor, Text *name, Text *item);

/* ── Making ── */

/* An empty list, record or map. */
Text composite_empty(TypeKind type);
Text composite_add(Text list, Text item, Arena *arena, uint8_t *state);
Text composite_put(Text record, Text name, Text item, Arena *arena, uint8_t *state);

/* A list, record or map that grows in place; finished once. */
typedef struct CompositeWriter {
    Arena *arena;
    char *bytes;
    size_t len, room;
    uint32_t n;
    uint16_t depth;
    TypeKind type;
    bool failed;
} CompositeWriter;

void composite_open(CompositeWriter *writer, TypeKind type, Arena *arena);
void composite_write(CompositeWriter *writer, Text name, Text item); /* a list has no names */
/* The value; names that come twice count last. */
Text composite_close(CompositeWriter *writer, uint8_t *state);

/* ── As a whole ── */

/* Orders values: by type, then as cell_compare does; numbers by their size. */
int composite_compare(Text a, Text b);
/* As JSON, which is also how text(x) writes it; the outermost string without quotes if plain. */
Text composite_text(Text any, bool plain, Arena *arena);

#endif
