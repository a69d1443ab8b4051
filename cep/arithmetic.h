/* Arithmetic whose failures are values: what the expressions in ops.def are made of. Everything here is defined
 * for any bits and free of branches, so that a column of it becomes vector instructions. */
#ifndef CEP_ARITHMETIC_H
#define CEP_ARITHMETIC_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Two's complement, wrapping. */
static inline int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t wrap_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline int64_t wrap_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* Whether the wrapped result r is wrong. */
static inline bool add_overflows(int64_t a, int64_t b, int64_t r)
{
    return ((a ^ r) & (b ^ r)) < 0;
}

static inline bool sub_overflows(int64_t a, int64_t b, int64_t r)
{
    return ((a ^ b) & (a ^ r)) < 0;
}

static inline bool mul_overflows(int64_t a, int64_t b)
{
    int64_t r;
    return __builtin_mul_overflow(a, b, &r);
}

static inline bool div_fails(int64_t a, int64_t b)
{
    return (b == 0) | ((a == INT64_MIN) & (b == -1));
}

static inline int64_t safe_div(int64_t a, int64_t b)
{
    return a / (div_fails(a, b) ? 1 : b);
}

static inline int64_t safe_mod(int64_t a, int64_t b)
{
    return a % (div_fails(a, b) ? 1 : b);
}

/* The quotient rounded down, for b > 0. */
static inline int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline bool is_finite(double f)
{
    return fabs(f) <= DBL_MAX;
}

/* NaN for a zero divisor: no float exception, and no sanitizer's complaint. */
static inline double float_div(double a, double b)
{
    return b == 0 ? (double)NAN : a / b;
}

/* Whether the whole part of f is an int64. */
static inline bool fits_int(double f)
{
    return (f >= -0x1p63) & (f < 0x1p63);
}

static inline int64_t int_of_float(double f)
{
    return (int64_t)(fits_int(f) ? f : 0);
}

static inline int64_t shift(int64_t a, int64_t n)
{
    if (n >= 64)
        return 0;
    if (n >= 0)
        return (int64_t)((uint64_t)a << n);
    return a >> (n > -63 ? -n : 63);
}

static inline double round_to(double f, int64_t digits)
{
    double scale = pow(10, digits > 17 ? 17 : digits < -308 ? -308 : (double)digits);
    double r = round(f * scale) / scale;
    return is_finite(r) ? r : f;
}

#endif
