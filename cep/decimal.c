/* Decimals: arithmetic on __int128. Products need up to 256 bits before they are scaled back; they are built of
 * four 64-bit products, and divided by a billion one 64-bit digit at a time. */
#include "cep/decimal.h"

#include <math.h>

#include "cep/number.h"

typedef __int128 Wide;
typedef unsigned __int128 Bits;

static const Wide one = 1000000000;
static const Wide wide_max = (Wide)(~(Bits)0 >> 1);

static Wide wide(Decimal a)
{
    return (Wide)((Bits)(uint64_t)a.high << 64 | a.low);
}

static Decimal narrow(Wide w)
{
    return (Decimal){(uint64_t)(Bits)w, (int64_t)(uint64_t)((Bits)w >> 64)};
}

static Decimal failed(uint8_t *state)
{
    *state = STATE_ERROR;
    return (Decimal){0, 0};
}

static Bits magnitude(Wide w)
{
    return w < 0 ? -(Bits)w : (Bits)w;
}

/* ── Conversion ── */

Decimal decimal_of_int(int64_t i)
{
    return narrow((Wide)i * one);
}

Decimal decimal_of_float(double f, uint8_t *state)
{
    char text[NUMBER_TEXT_MAX];
    if (!isfinite(f))
        return failed(state);
    return decimal_of_text((Text){text, (uint32_t)number_float_write(f, text)}, state);
}

/* Reads digits; point becomes the number of those behind the point. */
static const char *read_digits(const char *p, const char *end, Bits *value, int *behind, bool *any, bool *fits)
{
    bool point = false;
    for (; p < end && ((*p >= '0' && *p <= '9') || (*p == '.' && !point && *any)); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        *any = true;
        if (*value > ((Bits)wide_max - 9) / 10) {
            *fits &= point; /* digits finer than anything are dropped */
            continue;
        }
        *value = *value * 10 + (Bits)(*p - '0');
        *behind += point;
    }
    return p;
}

Decimal decimal_of_text(Text text, uint8_t *state)
{
    const char *p = text.p, *end = p + text.len;
    Bits value = 0;
    int behind = 0, exponent = 0;
    bool any = false, fits = true, minus = p < end && *p == '-';
    p = read_digits(p + minus, end, &value, &behind, &any, &fits);
    if (any && p[-1] == '.')
        return failed(state);
    if (any && p < end && (*p == 'e' || *p == 'E')) {
        uint8_t bad = STATE_OK;
        p += 1 + (p + 1 < end && p[1] == '+');
        int64_t read = number_int((Text){p, (uint32_t)(end - p)}, 10, &bad);
        if (bad || read < -400 || read > 400)
            return failed(state);
        exponent = (int)read;
        p = end;
    }
    if (!any || !fits || p != end)
        return failed(state);
    int scale = DECIMAL_DIGITS - behind + exponent;
    for (; scale > 0 && value; scale--) {
        if (value > (Bits)wide_max / 10)
            return failed(state);
        value *= 10;
    }
    uint8_t last = 0;
    bool rest = false;
    for (; scale < 0; scale++, value /= 10) {
        rest |= last != 0;
        last = (uint8_t)(value % 10);
    }
    value += last > 5 || (last == 5 && (rest || value % 2));
    return narrow(minus ? -(Wide)value : (Wide)value);
}

int64_t decimal_int(Decimal a, uint8_t *state)
{
    Wide whole = wide(a) / one;
    if (whole > INT64_MAX || whole < INT64_MIN) {
        *state = STATE_ERROR;
        return 0;
    }
    return (int64_t)whole;
}

double decimal_float(Decimal a)
{
    char text[DECIMAL_TEXT_MAX];
    uint8_t state = STATE_OK;
    return number_float((Text){text, (uint32_t)decimal_write(a, text)}, &state);
}

size_t decimal_write(Decimal a, char text[DECIMAL_TEXT_MAX])
{
    char digits[DECIMAL_TEXT_MAX];
    size_t n = 0, len = 0;
    Bits left = magnitude(wide(a));
    for (int i = 0; i < DECIMAL_DIGITS || left; i++, left /= 10) {
        digits[n++] = (char)('0' + (int)(left % 10));
        if (i == DECIMAL_DIGITS - 1)
            digits[n++] = '.';
    }
    if (digits[n - 1] == '.')
        digits[n++] = '0';
    size_t end = 0;
    while (digits[end] == '0')
        end++;
    end += digits[end] == '.';
    if (wide(a) < 0)
        text[len++] = '-';
    while (n > end)
        text[len++] = digits[--n];
    return len;
}

Text decimal_text(Decimal a, Arena *arena)
{
    char text[DECIMAL_TEXT_MAX];
    size_t len = decimal_write(a, text);
    return (Text){arena_copy(arena, text, len), (uint32_t)len};
}

/* ── Arithmetic ── */

int decimal_compare(Decimal a, Decimal b)
{
    return (wide(a) > wide(b)) - (wide(a) < wide(b));
}

Decimal decimal_add(Decimal a, Decimal b, uint8_t *state)
{
    Wide sum;
    return __builtin_add_overflow(wide(a), wide(b), &sum) ? failed(state) : narrow(sum);
}

Decimal decimal_subtract(Decimal a, Decimal b, uint8_t *state)
{
    Wide difference;
    return __builtin_sub_overflow(wide(a), wide(b), &difference) ? failed(state) : narrow(difference);
}

Decimal decimal_negate(Decimal a, uint8_t *state)
{
    return decimal_subtract((Decimal){0, 0}, a, state);
}

Decimal decimal_abs(Decimal a, uint8_t *state)
{
    return wide(a) < 0 ? decimal_negate(a, state) : a;
}

/* 256 bits, least significant first. */
typedef struct Long {
    uint64_t digit[4];
} Long;

static Long product(Bits a, Bits b)
{
    Long to = {{0}};
    uint64_t as[2] = {(uint64_t)a, (uint64_t)(a >> 64)}, bs[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
    for (int i = 0; i < 2; i++) {
        Bits carry = 0;
        for (int k = 0; k < 2; k++) {
            carry += (Bits)as[i] * bs[k] + to.digit[i + k];
            to.digit[i + k] = (uint64_t)carry;
            carry >>= 64;
        }
        to.digit[i + 2] = (uint64_t)carry;
    }
    return to;
}

/* Divides bit by bit; the rest stays below the divisor, which is at most 2^127. Rounds halves to even. */
static Decimal quotient(Long value, Bits by, bool minus, uint8_t *state)
{
    Bits rest = 0, result = 0;
    bool lost = false;
    for (int bit = 255; bit >= 0; bit--) {
        rest = rest << 1 | (value.digit[bit / 64] >> (bit % 64) & 1);
        lost |= result >> 127;
        result <<= 1;
        if (rest >= by) {
            rest -= by;
            result |= 1;
        }
    }
    Bits twice = rest << 1;
    result += twice > by || (twice == by && (result & 1));
    if (lost || result > (Bits)wide_max)
        return failed(state);
    return narrow(minus ? -(Wide)result : (Wide)result);
}

Decimal decimal_multiply(Decimal a, Decimal b, uint8_t *state)
{
    Wide x = wide(a), y = wide(b);
    return quotient(product(magnitude(x), magnitude(y)), (Bits)one, (x < 0) != (y < 0), state);
}

Decimal decimal_divide(Decimal a, Decimal b, uint8_t *state)
{
    Wide x = wide(a), y = wide(b);
    if (y == 0 || y < -wide_max)
        return failed(state);
    return quotient(product(magnitude(x), (Bits)one), magnitude(y), (x < 0) != (y < 0), state);
}

Decimal decimal_remainder(Decimal a, Decimal b, uint8_t *state)
{
    Wide y = wide(b);
    return y == 0 ? failed(state) : narrow(y == -1 ? 0 : wide(a) % y);
}
