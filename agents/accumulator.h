/* Accumulators: the running state of aggregate functions over the events of one partition.
 *
 * An accumulator takes values in and, where members leave one by one (trailing windows), gives them back in the
 * order in which they came. Every step is O(1) amortised: sums are compensated (Neumaier), the extremes of a
 * trailing window are kept in a monotone ring, distinct values in a counted hash table.
 *
 *   kind            state without leaving        with leaving
 *   count           n                            n
 *   sum, avg        sum, correction, n           the same, and each member keeps its value
 *   min, max        value                        ring of candidates, best first
 *   first           value                        each member keeps its value
 *   last            value                        value
 *   distinct        table of counted values      the same, and each member keeps its entry
 *
 * A value of 8 bytes is kept as it is; strings and points are kept as a pool cell of their own. */
#ifndef AGENTS_ACCUMULATOR_H
#define AGENTS_ACCUMULATOR_H

#include "cep/plan.h"
#include "cep/pool.h"

/* A value kept by an accumulator or a member: 8 bytes, or {handle, length}. */
typedef uint64_t Kept;

typedef struct Accumulator {
    uint64_t n; /* values in it; all there is of a count */
    union {
        struct { int64_t sum_int; };
        struct { double sum, correction; };
        struct { Kept value; };
        struct { Handle ring; uint32_t ring_room, ring_head, ring_n; };   /* of extremes */
        struct { Handle table; uint32_t table_room, table_n; };           /* of handles to counted values */
    };
} Accumulator;

/* Bytes that an accumulator of a kind needs: the front of the struct. A multiple of 8. */
uint32_t accumulator_size(AggregateKind kind);

/* Whether a member must keep the value (or entry) that it brought, to give it back. */
bool accumulator_member_keeps(AggregateKind kind);

/* Takes a value in. serial is the member's number, rising; leaving says whether members leave. Returns what the
 * member must keep, if accumulator_member_keeps, in *kept. For count, value is not read. False: the sum
 * would overflow, and the value was not taken. */
bool accumulator_add(Pool *pool, const AggregatePlan *plan, Accumulator *acc, bool leaving, uint64_t serial, Cell value,
                     Kept *kept);

/* Gives the oldest member's value back. */
void accumulator_remove(Pool *pool, const AggregatePlan *plan, Accumulator *acc, uint64_t serial, Kept kept);

/* The value now. For FIRST with leaving members the caller asks its members instead. */
State accumulator_value(const Pool *pool, const AggregatePlan *plan, const Accumulator *acc, bool leaving, Cell *value);

/* Gives back everything it holds and empties it. */
void accumulator_clear(Pool *pool, const AggregatePlan *plan, Accumulator *acc, bool leaving);

Kept kept_new(Pool *pool, TypeKind type, Cell value);
Cell kept_value(const Pool *pool, TypeKind type, Kept kept); /* strings point into the pool */
void kept_free(Pool *pool, TypeKind type, Kept kept);

#endif
