/* The running state of aggregate functions. See accumulator.h for what each keeps. */
#include "agents/accumulator.h"

#include <assert.h>
#include <math.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint32_t accumulator_size(AggregateKind kind)
{
    return kind == AGGREGATE_COUNT ? offsetof(Accumulator, sum_int) : sizeof(Accumulator);
}

/* ── Kept values ── */

Kept kept_new(Pool *pool, TypeKind type, Cell value)
{
    if (type_has_bytes(type)) {
        Handle cell = value.s.len ? pool_alloc(pool, value.s.len) : HANDLE_NONE;
        if (cell)
            memcpy(pool_at(pool, cell), value.s.p, value.s.len);
        return (Kept)value.s.len << 32 | cell;
    }
    if (type_size(type) > sizeof(Kept)) {
        Handle cell = pool_alloc(pool, sizeof value);
        memcpy(pool_at(pool, cell), &value, sizeof value);
        return cell;
    }
    Kept kept = 0;
    memcpy(&kept, &value, type_size(type));
    return kept;
}

Cell kept_value(const Pool *pool, TypeKind type, Kept kept)
{
    Cell value = {0};
    if (type_has_bytes(type))
        value.s = (Text){(uint32_t)kept ? pool_at(pool, (Handle)kept) : "", (uint32_t)(kept >> 32)};
    else if (type_size(type) > sizeof(Kept))
        memcpy(&value, pool_at(pool, (Handle)kept), sizeof value);
    else
        memcpy(&value, &kept, type_size(type));
    return value;
}

void kept_free(Pool *pool, TypeKind type, Kept kept)
{
    if (type_has_bytes(type)) {
        if ((uint32_t)kept)
            pool_free(pool, (Handle)kept, (uint32_t)(kept >> 32));
    } else if (type_size(type) > sizeof(Kept)) {
        pool_free(pool, (Handle)kept, sizeof(Cell));
    }
}

/* ── Sums ── */

static double as_float(TypeKind type, Cell value)
{
    return type == TYPE_FLOAT ? value.f : (double)value.i;
}

/* Neumaier's compensated summation. */
static void sum_add(Accumulator *acc, double value)
{
    double sum = acc->sum + value;
    acc->correction += fabs(acc->sum) >= fabs(value) ? (acc->sum - sum) + value : (value - sum) + acc->sum;
    acc->sum = sum;
}

static bool sums_float(const AggregatePlan *plan)
{
    return plan->value_type == TYPE_FLOAT || plan->kind == AGGREGATE_AVG;
}

static bool sum_take(const AggregatePlan *plan, Accumulator *acc, Cell value, int sign)
{
    if (sums_float(plan)) {
        sum_add(acc, sign * as_float(plan->value_type, value));
        return true;
    }
    int64_t sum;
    if (sign > 0 ? __builtin_add_overflow(acc->sum_int, value.i, &sum) : __builtin_sub_overflow(acc->sum_int, value.i, &sum))
        return false;
    acc->sum_int = sum;
    return true;
}

/* ── Extremes of a trailing window ──
 * The ring holds, from head on, members each of which is better than all that came after it so far; the head is
 * the extreme. A new member throws out the worse ones behind it. */

typedef struct Candidate {
    uint64_t serial;
    Kept value;
} Candidate;

static Candidate *candidate_at(const Pool *pool, const Accumulator *acc, uint32_t i)
{
    return (Candidate *)pool_at(pool, acc->ring) + ((acc->ring_head + i) & (acc->ring_room - 1));
}

static void ring_grow(Pool *pool, Accumulator *acc)
{
    uint32_t room = acc->ring_room ? acc->ring_room * 2 : 2;
    Handle ring = pool_alloc(pool, room * sizeof(Candidate));
    Candidate *to = pool_at(pool, ring);
    for (uint32_t i = 0; i < acc->ring_n; i++)
        to[i] = *candidate_at(pool, acc, i);
    if (acc->ring)
        pool_free(pool, acc->ring, acc->ring_room * sizeof(Candidate));
    acc->ring = ring;
    acc->ring_room = room;
    acc->ring_head = 0;
}

/* Negative when a is the better extreme. */
static int better(const AggregatePlan *plan, Cell a, Cell b)
{
    int order = cell_compare(plan->value_type, a, b);
    return plan->kind == AGGREGATE_MIN ? order : -order;
}

static void extreme_add(Pool *pool, const AggregatePlan *plan, Accumulator *acc, uint64_t serial, Cell value)
{
    while (acc->ring_n) {
        Candidate *last = candidate_at(pool, acc, acc->ring_n - 1);
        if (better(plan, kept_value(pool, plan->value_type, last->value), value) < 0)
            break;
        kept_free(pool, plan->value_type, last->value);
        acc->ring_n--;
    }
    if (acc->ring_n == acc->ring_room)
        ring_grow(pool, acc);
    Kept kept = kept_new(pool, plan->value_type, value);
    *candidate_at(pool, acc, acc->ring_n++) = (Candidate){serial, kept};
}

static void extreme_remove(Pool *pool, const AggregatePlan *plan, Accumulator *acc, uint64_t serial)
{
    if (!acc->ring_n || candidate_at(pool, acc, 0)->serial != serial)
        return;
    kept_free(pool, plan->value_type, candidate_at(pool, acc, 0)->value);
    acc->ring_head = (acc->ring_head + 1) & (acc->ring_room - 1);
    acc->ring_n--;
}

/* Without leaving only the extreme itself is kept. */
static void extreme_take(Pool *pool, const AggregatePlan *plan, Accumulator *acc, Cell value)
{
    if (acc->n && better(plan, kept_value(pool, plan->value_type, acc->value), value) <= 0)
        return;
    if (acc->n)
        kept_free(pool, plan->value_type, acc->value);
    acc->value = kept_new(pool, plan->value_type, value);
}

/* ── Distinct values ── */

typedef struct Counted {
    uint64_t hash;
    Kept value;
    uint64_t times;
} Counted;

static Counted *counted_at(const Pool *pool, Handle entry)
{
    return pool_at(pool, entry);
}

static Handle *table_at(const Pool *pool, const Accumulator *acc)
{
    return pool_at(pool, acc->table);
}

static void table_put(const Pool *pool, Accumulator *acc, Handle entry)
{
    Handle *slots = table_at(pool, acc);
    uint32_t mask = acc->table_room - 1, i = (uint32_t)counted_at(pool, entry)->hash & mask;
    while (slots[i])
        i = (i + 1) & mask;
    slots[i] = entry;
}

static void table_grow(Pool *pool, Accumulator *acc)
{
    Accumulator old = *acc;
    acc->table_room = old.table_room ? old.table_room * 2 : 4;
    acc->table = pool_alloc(pool, acc->table_room * sizeof(Handle));
    memset(table_at(pool, acc), 0, acc->table_room * sizeof(Handle));
    for (uint32_t i = 0; i < old.table_room; i++)
        if (table_at(pool, &old)[i])
            table_put(pool, acc, table_at(pool, &old)[i]);
    if (old.table)
        pool_free(pool, old.table, old.table_room * sizeof(Handle));
}

static Handle distinct_add(Pool *pool, const AggregatePlan *plan, Accumulator *acc, Cell value)
{
    uint64_t hash = cell_hash(plan->value_type, value);
    if ((acc->table_n + 1) * 4 > acc->table_room * 3)
        table_grow(pool, acc);
    uint32_t mask = acc->table_room - 1;
    for (uint32_t i = (uint32_t)hash & mask; table_at(pool, acc)[i]; i = (i + 1) & mask) {
        Handle entry = table_at(pool, acc)[i];
        Counted *counted = counted_at(pool, entry);
        if (counted->hash == hash && cell_equal(plan->value_type, kept_value(pool, plan->value_type, counted->value), value)) {
            counted->times++;
            return entry;
        }
    }
    Handle entry = pool_alloc(pool, sizeof(Counted));
    Kept kept = kept_new(pool, plan->value_type, value);
    *counted_at(pool, entry) = (Counted){hash, kept, 1};
    table_put(pool, acc, entry);
    acc->table_n++;
    return entry;
}

static void distinct_remove(Pool *pool, const AggregatePlan *plan, Accumulator *acc, Handle entry)
{
    Counted *counted = counted_at(pool, entry);
    if (--counted->times)
        return;
    Handle *slots = table_at(pool, acc);
    uint32_t mask = acc->table_room - 1, gap = (uint32_t)counted->hash & mask;
    while (slots[gap] != entry)
        gap = (gap + 1) & mask;
    for (uint32_t i = (gap + 1) & mask; slots[i]; i = (i + 1) & mask) {
        uint32_t home = (uint32_t)counted_at(pool, slots[i])->hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            slots[gap] = slots[i];
            gap = i;
        }
    }
    slots[gap] = HANDLE_NONE;
    acc->table_n--;
    kept_free(pool, plan->value_type, counted->value);
    pool_free(pool, entry, sizeof *counted);
}

/* ── The functions ── */

bool accumulator_member_keeps(AggregateKind kind)
{
    return kind == AGGREGATE_SUM || kind == AGGREGATE_AVG || kind == AGGREGATE_FIRST || kind == AGGREGATE_DISTINCT;
}

bool accumulator_add(Pool *pool, const AggregatePlan *plan, Accumulator *acc, bool leaving, uint64_t serial, Cell value,
                     Kept *kept)
{
    switch (plan->kind) {
    case AGGREGATE_COUNT:
        break;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG:
        if (!sum_take(plan, acc, value, +1))
            return false;
        *kept = leaving ? kept_new(pool, plan->value_type, value) : 0;
        break;
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        if (leaving)
            extreme_add(pool, plan, acc, serial, value);
        else
            extreme_take(pool, plan, acc, value);
        break;
    case AGGREGATE_FIRST:
        if (leaving)
            *kept = kept_new(pool, plan->value_type, value);
        else if (!acc->n)
            acc->value = kept_new(pool, plan->value_type, value);
        break;
    case AGGREGATE_LAST:
        if (acc->n)
            kept_free(pool, plan->value_type, acc->value);
        acc->value = kept_new(pool, plan->value_type, value);
        break;
    case AGGREGATE_DISTINCT:
        *kept = distinct_add(pool, plan, acc, value);
        break;
    default:
        assert(false);
    }
    acc->n++;
    return true;
}

void accumulator_remove(Pool *pool, const AggregatePlan *plan, Accumulator *acc, uint64_t serial, Kept kept)
{
    acc->n--;
    switch (plan->kind) {
    case AGGREGATE_SUM:
    case AGGREGATE_AVG:
        sum_take(plan, acc, kept_value(pool, plan->value_type, kept), -1);
        if (!acc->n)
            acc->sum = acc->correction = 0; /* nothing is left: nor is any rounding */
        break;
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        extreme_remove(pool, plan, acc, serial);
        break;
    case AGGREGATE_FIRST:
        kept_free(pool, plan->value_type, kept);
        break;
    case AGGREGATE_LAST:
        if (!acc->n)
            kept_free(pool, plan->value_type, acc->value);
        break;
    case AGGREGATE_DISTINCT:
        distinct_remove(pool, plan, acc, (Handle)kept);
        break;
    default:
        break;
    }
}

static State mean(const AggregatePlan *plan, const Accumulator *acc, Cell *value)
{
    double mean = (acc->sum + acc->correction) / (double)acc->n;
    if (plan->type == TYPE_FLOAT)
        value->f = mean;
    else
        value->i = llrint(mean);
    return STATE_OK;
}

State accumulator_value(const Pool *pool, const AggregatePlan *plan, const Accumulator *acc, bool leaving, Cell *value)
{
    switch (plan->kind) {
    case AGGREGATE_COUNT:
        value->i = (int64_t)acc->n;
        return STATE_OK;
    case AGGREGATE_DISTINCT:
        value->i = acc->table_n;
        return STATE_OK;
    case AGGREGATE_SUM:
        if (sums_float(plan))
            value->f = acc->sum + acc->correction;
        else
            value->i = acc->sum_int;
        return sums_float(plan) && !isfinite(value->f) ? STATE_ERROR : STATE_OK;
    default:
        break;
    }
    if (!acc->n)
        return STATE_NULL;
    if (plan->kind == AGGREGATE_AVG)
        return mean(plan, acc, value);
    bool ring = leaving && (plan->kind == AGGREGATE_MIN || plan->kind == AGGREGATE_MAX);
    *value = kept_value(pool, plan->value_type, ring ? candidate_at(pool, acc, 0)->value : acc->value);
    return STATE_OK;
}

void accumulator_clear(Pool *pool, const AggregatePlan *plan, Accumulator *acc, bool leaving)
{
    switch (plan->kind) {
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        for (; leaving && acc->ring_n; acc->ring_n--)
            kept_free(pool, plan->value_type, candidate_at(pool, acc, acc->ring_n - 1)->value);
        if (leaving && acc->ring)
            pool_free(pool, acc->ring, acc->ring_room * sizeof(Candidate));
        if (!leaving && acc->n)
            kept_free(pool, plan->value_type, acc->value);
        break;
    case AGGREGATE_FIRST:
        if (!leaving && acc->n)
            kept_free(pool, plan->value_type, acc->value);
        break;
    case AGGREGATE_LAST:
        if (acc->n)
            kept_free(pool, plan->value_type, acc->value);
        break;
    case AGGREGATE_DISTINCT:
        for (uint32_t i = 0; i < acc->table_room; i++) {
            Handle entry = table_at(pool, acc)[i];
            if (!entry)
                continue;
            kept_free(pool, plan->value_type, counted_at(pool, entry)->value);
            pool_free(pool, entry, sizeof(Counted));
        }
        if (acc->table)
            pool_free(pool, acc->table, acc->table_room * sizeof(Handle));
        break;
    default:
        break;
    }
    memset(acc, 0, accumulator_size(plan->kind));
}
