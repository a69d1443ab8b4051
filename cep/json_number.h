/* Numbers of JSON: read once, then taken as a double or as a whole number. Inline, because a line is mostly
 * numbers. Digits are read eight at a time where there are so many, which reads up to 8 bytes beyond them. */
#ifndef CEP_JSON_NUMBER_H
#define CEP_JSON_NUMBER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t json_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline bool json_is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

/* A number as JSON writes it: its digits without the point, and the power of ten to multiply by. */
typedef struct JsonNumber {
    uint64_t digits;
    int64_t power;
    bool minus, whole; /* whole: neither point nor exponent */
    bool exact;        /* digits holds them all */
    int64_t places;    /* digits before the point, as the exponent moves it */
    const char *end;
} JsonNumber;

/* Whether eight bytes, loaded little-endian, are digits; and the number that they write: pairs, then fours, then
 * all, each step a multiplication over the whole word. */
static inline bool json_are_digits(uint64_t word)
{
    return ((word & UINT64_C(0xF0F0F0F0F0F0F0F0)) |
            (((word + UINT64_C(0x0606060606060606)) & UINT64_C(0xF0F0F0F0F0F0F0F0)) >> 4)) ==
           UINT64_C(0x3333333333333333);
}

static inline uint64_t json_eight_digits(uint64_t word)
{
    word -= UINT64_C(0x3030303030303030);
    word = word * 10 + (word >> 8);
    return (((word & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064)) +
            (((word >> 16) & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001))) >> 32;
}

/* Reads digits into the number; returns the end. 19 digits always fit. */
static inline const char *json_read_digits(const char *p, uint64_t *digits)
{
    uint64_t n = *digits;
    for (uint64_t word; json_are_digits(word = json_load(p)); p += 8)
        n = n * 100000000 + json_eight_digits(word);
    for (; json_is_digit(*p); p++)
        n = n * 10 + (uint64_t)(*p - '0');
    *digits = n;
    return p;
}

/* Takes what follows an `e`; false if that is no exponent. */
bool json_number_exponent(const char *p, JsonNumber *number);

/* A number whose digits and power are not exact as doubles; false if it is out of range. */
bool json_number_round(const char *token, const JsonNumber *number, double *value);

/* False if it is no number by the grammar of JSON. What stands behind it is the caller's question. */
static inline bool json_number_read(const char *token, JsonNumber *n)
{
    const char *p = token;
    n->minus = *p == '-';
    n->digits = 0;
    n->power = 0;
    n->whole = true;
    p += n->minus;
    const char *start = p;
    p = json_read_digits(p, &n->digits);
    if (p == start || (*start == '0' && p - start > 1))
        return false;
    ptrdiff_t kept = n->places = p - start;
    if (*p == '.') {
        const char *fraction = ++p;
        p = json_read_digits(p, &n->digits);
        if (p == fraction)
            return false;
        n->power = fraction - p;
        n->whole = false;
        kept += p - fraction;
    }
    n->exact = kept <= 19;
    n->end = p;
    return (*p != 'e' && *p != 'E') || json_number_exponent(p + 1, n);
}

/* Digits and power are exact as doubles, so one multiplication or division rounds once (Clinger 1990). */
static inline bool json_number_double(const char *token, const JsonNumber *n, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (n->exact && n->digits <= (UINT64_C(1) << 53) && n->power >= -22 && n->power <= 22) {
        double d = (double)n->digits;
        d = n->power < 0 ? d / powers[-n->power] : d * powers[n->power];
        *value = n->minus ? -d : d;
        return true;
    }
    return json_number_round(token, n, value);
}

/* 3.0 and 1e3 are whole numbers too. */
static inline bool json_number_whole(const char *token, const JsonNumber *n, int64_t *value)
{
    if (n->exact) {
        uint64_t digits = n->digits;
        int64_t power = digits ? n->power : 0;
        for (; power < 0 && digits % 10 == 0; power++)
            digits /= 10;
        for (; power > 0; power--)
            if (__builtin_mul_overflow(digits, 10, &digits))
                return false;
        *value = (int64_t)(n->minus ? 0 - digits : digits);
        return power == 0 && digits <= (uint64_t)INT64_MAX + n->minus;
    }
    double d;
    if (n->whole || !json_number_double(token, n, &d) || d != trunc(d) || fabs(d) >= 0x1p53)
        return false;
    *value = (int64_t)d;
    return true;
}

#endif
