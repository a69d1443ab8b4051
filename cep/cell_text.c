/* Text forms of values. A decimal number is digits, perhaps a point and digits, perhaps an exponent; it is
 * gathered as an integer and a power of ten, so that a time such as 1490620089.123456789 s stays exact. */
#include "cep/cell_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cep/decimal.h"
#include "cep/number.h"
#include "cep/zone.h"

enum {
    PARSED_TEXT_MAX = 64, /* bytes; a longer number is refused */
    DIGITS_MAX = 36,      /* kept by decimal_parse; what is beyond is finer than anything */
    EXPONENT_MAX = 400,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static Text trim(Text text)
{
    while (text.len && (text.p[0] == ' ' || text.p[0] == '\t')) {
        text.p++;
        text.len--;
    }
    while (text.len && (text.p[text.len - 1] == ' ' || text.p[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Digits gathered so far: value × 10^scale. */
typedef struct Digits {
    __int128 value;
    int digits; /* significant ones kept */
    int scale;
} Digits;

static void decimal_digit(Digits *d, char c, bool fraction)
{
    if (d->digits == DIGITS_MAX) {
        d->scale += !fraction;
        return;
    }
    d->value = d->value * 10 + (c - '0');
    d->digits += d->value != 0;
    d->scale -= fraction;
}

static bool read_exponent(const char *p, const char *end, int *exponent)
{
    bool minus = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return false;
    int n = 0;
    for (; p < end && is_digit(*p); p++)
        if (n < EXPONENT_MAX)
            n = n * 10 + (*p - '0');
    *exponent = minus ? -n : n;
    return p == end;
}

bool decimal_parse(Text text, int64_t unit, int64_t *value)
{
    const char *p = text.p, *end = p + text.len;
    Digits d = {0};
    bool minus = p < end && *p == '-', any = false;
    p += minus;
    for (; p < end && is_digit(*p); p++, any = true)
        decimal_digit(&d, *p, false);
    if (p < end && *p == '.') {
        p++;
        if (!any || p == end || !is_digit(*p))
            return false;
        for (; p < end && is_digit(*p); p++)
            decimal_digit(&d, *p, true);
    }
    if (!any)
        return false;
    int exponent = 0;
    if (p < end && (*p == 'e' || *p == 'E') && !read_exponent(p + 1, end, &exponent))
        return false;
    if (p < end && *p != 'e' && *p != 'E')
        return false;

    /* The unit is at most 10^9, so that its product with as many digits fits once some are given up. */
    int scale = d.scale + exponent;
    __int128 n = d.value;
    const __int128 room = (__int128)1 << 96;
    for (; n >= room; n /= 10)
        scale++;
    n *= unit;
    for (; scale < 0 && n != 0; scale++)
        n /= 10;
    for (; scale > 0 && n != 0 && n <= INT64_MAX; scale--)
        n *= 10;
    n = minus ? -n : n;
    if (n > INT64_MAX || n < INT64_MIN)
        return false;
    *value = (int64_t)n;
    return true;
}

static const struct DurationUnit {
    const char *word;
    int64_t ns;
} duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", NS_PER_SECOND},
    {"min", 60 * NS_PER_SECOND},
    {"h", 3600 * NS_PER_SECOND},
    {"day", NS_PER_DAY},
    {"days", NS_PER_DAY},
    {"week", 7 * NS_PER_DAY},
    {"weeks", 7 * NS_PER_DAY},
};

static int64_t unit_ns(Text word)
{
    for (size_t i = 0; i < sizeof duration_units / sizeof *duration_units; i++)
        if (text_is_c(word, duration_units[i].word))
            return duration_units[i].ns;
    return 0;
}

bool duration_parse(Text text, int64_t *ns)
{
    text = trim(text);
    const char *p = text.p, *end = p + text.len;
    bool minus = p < end && *p == '-';
    p += minus;
    int64_t sum = 0;
    do {
        const char *number = p;
        while (p < end && (is_digit(*p) || *p == '.'))
            p++;
        Text amount = {number, (uint32_t)(p - number)};
        while (p < end && *p == ' ')
            p++;
        const char *word = p;
        while (p < end && *p >= 'a' && *p <= 'z')
            p++;
        int64_t unit = unit_ns((Text){word, (uint32_t)(p - word)}), part;
        if (!unit || !decimal_parse(amount, unit, &part) || __builtin_add_overflow(sum, part, &sum))
            return false;
        while (p < end && *p == ' ')
            p++;
    } while (p < end);
    *ns = minus ? -sum : sum;
    return true;
}

static bool int_parse(Text text, int64_t *value)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (!is_digit(text.p[i]) && !(i == 0 && text.p[i] == '-'))
            return false;
    return decimal_parse(text, 1, value);
}

static bool float_parse(Text text, double *value)
{
    char copy[PARSED_TEXT_MAX + 1];
    if (text.len == 0 || text.len > PARSED_TEXT_MAX)
        return false;
    for (uint32_t i = 0; i < text.len; i++)
        if (!is_digit(text.p[i]) && !memchr("+-.eE", text.p[i], 5))
            return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = 0;
    char *end;
    *value = strtod(copy, &end);
    return end == copy + text.len && isfinite(*value);
}

static bool point_parse(Text text, Point *value)
{
    const char *comma = text.len ? memchr(text.p, ',', text.len) : NULL;
    if (!comma)
        return false;
    Text x = {text.p, (uint32_t)(comma - text.p)};
    Text y = {comma + 1, text.len - x.len - 1};
    return float_parse(trim(x), &value->x) && float_parse(trim(y), &value->y);
}

bool cell_parse(TypeKind type, int64_t unit, Text text, Cell *value)
{
    switch (type) {
    case TYPE_STRING:
        value->s = text;
        return true;
    case TYPE_BOOL:
        text = trim(text);
        value->b = text_is_c(text, "true");
        return value->b || text_is_c(text, "false");
    case TYPE_INT:
        return int_parse(trim(text), &value->i);
    case TYPE_FLOAT:
        return float_parse(trim(text), &value->f);
    case TYPE_TIME:
        text = trim(text);
        return (unit && decimal_parse(text, unit, &value->i)) || time_parse(text, NULL, false, &value->i);
    case TYPE_DURATION:
        return decimal_parse(trim(text), NS_PER_SECOND, &value->i) || duration_parse(text, &value->i);
    case TYPE_POINT:
        return point_parse(text, &value->p);
    case TYPE_DECIMAL: {
        uint8_t state = STATE_OK;
        value->d = decimal_of_text(trim(text), &state);
        return state == STATE_OK;
    }
    default:
        return false;
    }
}

Text cell_text(TypeKind type, Cell value, char *room)
{
    size_t n = 0;
    switch (type) {
    case TYPE_STRING:
        return value.s;
    case TYPE_BOOL:
        return value.b ? TEXT("true") : TEXT("false");
    case TYPE_INT:
        n = (size_t)snprintf(room, CELL_TEXT_MAX, "%lld", (long long)value.i);
        break;
    case TYPE_FLOAT:
        n = number_float_write(value.f, room);
        break;
    case TYPE_TIME:
        n = time_text(value.i, room);
        break;
    case TYPE_DURATION:
        n = duration_text(value.i, room);
        break;
    case TYPE_DECIMAL:
        n = decimal_write(value.d, room);
        break;
    case TYPE_POINT:
        n = number_float_write(value.p.x, room);
        room[n++] = ',';
        n += number_float_write(value.p.y, room + n);
        break;
    default:
        break;
    }
    return (Text){room, (uint32_t)n};
}

const char *cell_expected(TypeKind type, int64_t unit)
{
    switch (type) {
    case TYPE_STRING:
        return "a string";
    case TYPE_BOOL:
        return "true or false";
    case TYPE_INT:
        return "a whole number of 64 bits";
    case TYPE_FLOAT:
    case TYPE_DECIMAL:
        return "a number";
    case TYPE_BYTES:
        return "bytes in base64";
    case TYPE_TIME:
        return unit ? "a number or an RFC 3339 time" : "an RFC 3339 time";
    case TYPE_DURATION:
        return "a duration such as \"1 h 30 min\" or a number of seconds";
    case TYPE_POINT:
        return "a point: lon, lat";
    default:
        return "a value of another type";
    }
}
