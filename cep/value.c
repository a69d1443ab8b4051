/* Values: the table of types, and what equality, order and hash mean for each of them.
 *
 * Equality, order and hash agree: values that are equal hash alike and compare as 0. The one exception is NaN,
 * which equals nothing but sorts behind every number, so that sorting stays total. */
#include "cep/value.h"

#include <assert.h>

#include "cep/decimal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const struct {
    const char *word;
    uint8_t size;
    bool runs;
} types[TYPE_KINDS] = {
#define X(name, word, size, runs) [TYPE_##name] = {word, size, runs},
#include "cep/types.def"
#undef X
};

const char *type_word(TypeKind type)
{
    assert(type < TYPE_KINDS);
    return types[type].word;
}

size_t type_size(TypeKind type)
{
    assert(type < TYPE_KINDS);
    return types[type].size;
}

bool type_runs(TypeKind type)
{
    assert(type < TYPE_KINDS);
    return types[type].runs;
}

Cell cell_get(TypeKind type, const void *cells, size_t i)
{
    switch (type) {
    case TYPE_BOOL: return (Cell){.b = ((const uint8_t *)cells)[i]};
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION: return (Cell){.i = ((const int64_t *)cells)[i]};
    case TYPE_FLOAT: return (Cell){.f = ((const double *)cells)[i]};
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY:
        return (Cell){.s = ((const Text *)cells)[i]};
    case TYPE_POINT: return (Cell){.p = ((const Point *)cells)[i]};
    case TYPE_DECIMAL: return (Cell){.d = ((const Decimal *)cells)[i]};
    default: assert(!"a type that does not run"); return (Cell){0};
    }
}

void cell_set(TypeKind type, void *cells, size_t i, Cell value)
{
    switch (type) {
    case TYPE_BOOL: ((uint8_t *)cells)[i] = value.b; break;
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION: ((int64_t *)cells)[i] = value.i; break;
    case TYPE_FLOAT: ((double *)cells)[i] = value.f; break;
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY:
        ((Text *)cells)[i] = value.s;
        break;
    case TYPE_POINT: ((Point *)cells)[i] = value.p; break;
    case TYPE_DECIMAL: ((Decimal *)cells)[i] = value.d; break;
    default: assert(!"a type that does not run");
    }
}

bool cell_equal(TypeKind type, Cell a, Cell b)
{
    switch (type) {
    case TYPE_BOOL: return a.b == b.b;
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION: return a.i == b.i;
    case TYPE_FLOAT: return a.f == b.f;
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY:
        return text_is(a.s, b.s);
    case TYPE_DECIMAL: return decimal_compare(a.d, b.d) == 0;
    case TYPE_POINT: return a.p.x == b.p.x && a.p.y == b.p.y;
    default: assert(!"a type that does not run"); return false;
    }
}

static int float_compare(double a, double b)
{
    if (a != a || b != b)
        return (a != a) - (b != b);
    return (a > b) - (a < b);
}

int cell_compare(TypeKind type, Cell a, Cell b)
{
    switch (type) {
    case TYPE_BOOL: return (int)a.b - (int)b.b;
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION: return (a.i > b.i) - (a.i < b.i);
    case TYPE_FLOAT: return float_compare(a.f, b.f);
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY:
        return text_compare(a.s, b.s);
    case TYPE_DECIMAL: return decimal_compare(a.d, b.d);
    case TYPE_POINT: {
        int order = float_compare(a.p.x, b.p.x);
        return order ? order : float_compare(a.p.y, b.p.y);
    }
    default: assert(!"a type that does not run"); return 0;
    }
}

/* One bit pattern for both zeros and one for every NaN. */
static double float_canonical(double f)
{
    return f == 0 ? 0.0 : f != f ? __builtin_nan("") : f;
}

uint64_t cell_hash(TypeKind type, Cell value)
{
    switch (type) {
    case TYPE_BOOL: return XXH3_64bits(&value.b, 1);
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION: return XXH3_64bits(&value.i, sizeof value.i);
    case TYPE_FLOAT: {
        double f = float_canonical(value.f);
        return XXH3_64bits(&f, sizeof f);
    }
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY:
        return XXH3_64bits(value.s.p, value.s.len);
    case TYPE_DECIMAL: return XXH3_64bits(&value.d, sizeof value.d);
    case TYPE_POINT: {
        Point p = {float_canonical(value.p.x), float_canonical(value.p.y)};
        return XXH3_64bits(&p, sizeof p);
    }
    default: assert(!"a type that does not run"); return 0;
    }
}
