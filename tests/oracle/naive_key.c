/* Order keys, compared as ARCHITECTURE 2 writes them. A cause comes before what is derived from it. */
#include "tests/oracle/naive_parts.h"

static int number_compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int naive_key_compare(const NaiveKey *a, const NaiveKey *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->kind != b->kind)
        return number_compare(a->kind, b->kind);
    if (a->origin != b->origin)
        return number_compare(a->origin, b->origin);
    if (a->sequence != b->sequence)
        return number_compare(a->sequence, b->sequence);
    for (uint32_t i = 0; i < 2 * a->depth && i < 2 * b->depth; i++)
        if (a->path[i] != b->path[i])
            return number_compare(a->path[i], b->path[i]);
    return number_compare(a->depth, b->depth);
}

int naive_event_compare(const NaiveEvent *a, const NaiveEvent *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return naive_key_compare(&a->key, &b->key);
}
