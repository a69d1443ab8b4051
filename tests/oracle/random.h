/* Random numbers for tests: splitmix64. The same seed gives the same case on every machine. */
#ifndef TESTS_ORACLE_RANDOM_H
#define TESTS_ORACLE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Random {
    uint64_t state;
} Random;

static inline uint64_t random_next(Random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0 … n − 1. */
static inline uint32_t random_below(Random *r, uint32_t n)
{
    return (uint32_t)(random_next(r) >> 32) % n;
}

/* True n times in 100. */
static inline bool random_percent(Random *r, uint32_t n)
{
    return random_below(r, 100) < n;
}

#define RANDOM_OF(r, list) ((list)[random_below((r), sizeof(list) / sizeof *(list))])

#endif
