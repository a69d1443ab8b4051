/* Numbers as text. Reading is strict: a text that is nearly a number is an error, not a guess. */
#include "cep/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cep/arithmetic.h"

static uint32_t digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 10;
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A') + 10;
    return UINT32_MAX;
}

int64_t number_int(Text text, int64_t base, uint8_t *state)
{
    const char *p = text.p, *end = text.p + text.len;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if ((base == 10 || base == 16) && end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x') {
        base = 16;
        p += 2;
    }
    if (p == end || base < 2 || base > 36)
        goto error;
    int64_t value = 0; /* negative, as INT64_MIN has no positive */
    for (; p < end; p++) {
        uint32_t digit = digit_of(*p);
        if (digit >= (uint32_t)base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_sub_overflow(value, (int64_t)digit, &value))
            goto error;
    }
    if (negative)
        return value;
    if (value != INT64_MIN)
        return -value;
error:
    *state = STATE_ERROR;
    return 0;
}

static const char *digits_skip(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Whether the whole text is [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point. */
static bool float_shaped(Text text)
{
    const char *p = text.p, *end = text.p + text.len;
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *whole = p;
    p = digits_skip(p, end);
    bool digits = p > whole;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = digits_skip(p, end);
        digits |= p > fraction;
    }
    if (!digits)
        return false;
    if (p < end && (*p | 32) == 'e') {
        p++;
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        const char *exponent = p;
        p = digits_skip(p, end);
        if (p == exponent)
            return false;
    }
    return p == end;
}

double number_float(Text text, uint8_t *state)
{
    enum { LEN_MAX = 400 };
    char copy[LEN_MAX + 1];
    if (text.len > LEN_MAX || !float_shaped(text)) {
        *state = STATE_ERROR;
        return 0;
    }
    memcpy(copy, text.p, text.len);
    copy[text.len] = 0;
    double value = strtod(copy, NULL);
    if (!is_finite(value))
        *state = STATE_ERROR;
    return value;
}

size_t number_float_write(double f, char text[NUMBER_TEXT_MAX])
{
    int len = 0;
    for (int precision = 15; precision <= 17; precision++) {
        len = snprintf(text, NUMBER_TEXT_MAX, "%.*g", precision, f);
        if (strtod(text, NULL) == f)
            break;
    }
    return (size_t)len;
}

Text number_int_text(int64_t i, Arena *arena)
{
    return arena_printf(arena, "%" PRId64, i);
}

Text number_float_text(double f, Arena *arena)
{
    char text[NUMBER_TEXT_MAX];
    size_t len = number_float_write(f, text);
    return (Text){arena_copy(arena, text, len), (uint32_t)len};
}

Text number_fixed_text(double f, int64_t digits, Arena *arena)
{
    return arena_printf(arena, "%.*f", digits < 0 ? 0 : digits > 17 ? 17 : (int)digits, f);
}
