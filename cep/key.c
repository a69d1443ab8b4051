/* Partition keys as bytes. The numbers' sign bit is flipped so that memcmp orders them; a float's other bits
 * are flipped too when it is negative. Both zeros are one key, and so are all NaNs. */
#include "cep/key.h"

#include "cep/composite.h"
#include "cep/zone.h"

#include <assert.h>

static uint8_t *u64_put(uint8_t *to, uint64_t bits)
{
    bits = __builtin_bswap64(bits);
    memcpy(to, &bits, sizeof bits);
    return to + sizeof bits;
}

static uint64_t u64_get(const char *from)
{
    uint64_t bits;
    memcpy(&bits, from, sizeof bits);
    return __builtin_bswap64(bits);
}

static const uint64_t sign = UINT64_C(1) << 63;

static uint64_t float_bits(double f)
{
    uint64_t bits;
    f = f == 0 ? 0.0 : f != f ? __builtin_nan("") : f;
    memcpy(&bits, &f, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

static double float_of(uint64_t bits)
{
    double f;
    bits = bits & sign ? bits ^ sign : ~bits;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Longer strings are cut: a key is bounded. */
static uint32_t string_len(Text text)
{
    return text.len < KEY_STRING_MAX ? text.len : KEY_STRING_MAX;
}

size_t key_size(TypeKind type, Cell value)
{
    switch (type) {
    case TYPE_BOOL: return 1 + 1;
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION: case TYPE_FLOAT: return 1 + 8;
    case TYPE_POINT: return 1 + 16;
    case TYPE_DECIMAL: return 1 + 16;
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY:
        return 1 + 4 + (size_t)string_len(value.s);
    default: assert(!"a type that does not run"); return 0;
    }
}

uint8_t *key_put(uint8_t *to, TypeKind type, Cell value)
{
    *to++ = (uint8_t)type;
    switch (type) {
    case TYPE_BOOL:
        *to++ = value.b != 0;
        return to;
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION:
        return u64_put(to, (uint64_t)value.i ^ sign);
    case TYPE_FLOAT:
        return u64_put(to, float_bits(value.f));
    case TYPE_POINT:
        return u64_put(u64_put(to, float_bits(value.p.x)), float_bits(value.p.y));
    case TYPE_DECIMAL:
        return u64_put(u64_put(to, (uint64_t)value.d.high ^ sign), value.d.low);
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY: {
        uint32_t len = string_len(value.s), big = __builtin_bswap32(len);
        memcpy(to, &big, sizeof big);
        if (len)
            memcpy(to + sizeof big, value.s.p, len);
        return to + sizeof big + len;
    }
    default: assert(!"a type that does not run"); return to;
    }
}

bool key_next(Text key, uint32_t *position, TypeKind *type, Cell *value)
{
    if (*position >= key.len)
        return false;
    const char *p = key.p + *position;
    *type = (TypeKind)*(const uint8_t *)p++;
    *value = (Cell){0};
    switch (*type) {
    case TYPE_BOOL:
        value->b = (uint8_t)*p;
        break;
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION:
        value->i = (int64_t)(u64_get(p) ^ sign);
        break;
    case TYPE_FLOAT:
        value->f = float_of(u64_get(p));
        break;
    case TYPE_POINT:
        value->p = (Point){float_of(u64_get(p)), float_of(u64_get(p + 8))};
        break;
    case TYPE_DECIMAL:
        value->d = (Decimal){u64_get(p + 8), (int64_t)(u64_get(p) ^ sign)};
        break;
    case TYPE_STRING: case TYPE_BYTES: case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: case TYPE_ANY: {
        uint32_t big;
        memcpy(&big, p, sizeof big);
        value->s = (Text){p + sizeof big, __builtin_bswap32(big)};
        break;
    }
    default:
        assert(!"not a key");
    }
    *position += (uint32_t)key_size(*type, *value);
    assert(*position <= key.len);
    return true;
}

static Text part_text(TypeKind type, Cell value, Arena *arena)
{
    char text[TIME_TEXT_MAX];
    switch (type) {
    case TYPE_BOOL:
        return value.b ? TEXT("true") : TEXT("false");
    case TYPE_INT:
        return arena_printf(arena, "%lld", (long long)value.i);
    case TYPE_FLOAT:
        return arena_printf(arena, "%.17g", value.f);
    case TYPE_TIME:
        return arena_text(arena, (Text){text, (uint32_t)time_text(value.i, text)});
    case TYPE_DURATION:
        return arena_text(arena, (Text){text, (uint32_t)duration_text(value.i, text)});
    case TYPE_POINT:
        return arena_printf(arena, "point(%.17g, %.17g)", value.p.x, value.p.y);
    case TYPE_STRING:
        return value.s;
    default:
        return composite_text(composite_box(type, STATE_OK, value, arena), true, arena);
    }
}

Text key_text(Text key, Arena *arena)
{
    Text text = {"", 0};
    TypeKind type;
    Cell value;
    for (uint32_t at = 0; key_next(key, &at, &type, &value);)
        text = arena_printf(arena, "%.*s%s%.*s", TEXT_ARGS(text), text.len ? ", " : "",
                            TEXT_ARGS(part_text(type, value, arena)));
    return text;
}
