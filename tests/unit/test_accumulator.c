/* Accumulators against the definition, computed over a list, while members come and go. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agents/accumulator.h"

enum { STEPS = 4000, LIVE_MAX = 40 };

typedef struct Item {
    uint64_t serial;
    Cell value;
    Kept kept;
} Item;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static const Text words[] = {{"", 0}, {"a", 1}, {"bb", 2}, {"a longer word than sixteen bytes", 32}, {"zz", 2}};

static Cell random_cell(TypeKind type, uint64_t *seed)
{
    uint64_t r = next_random(seed);
    if (type == TYPE_STRING)
        return (Cell){.s = words[r % 5]};
    if (type == TYPE_FLOAT)
        return (Cell){.f = (double)(int64_t)(r % 2001) / 8 - 125};
    return (Cell){.i = (int64_t)(r % 9) - 4};
}

static double number(TypeKind type, Cell value)
{
    return type == TYPE_FLOAT ? value.f : (double)value.i;
}

/* The definition. */
static State expected(const AggregatePlan *plan, const Item *items, uint32_t n, Cell *value)
{
    double sum = 0;
    uint32_t distinct = 0, best = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += plan->value_type == TYPE_STRING ? 0 : number(plan->value_type, items[i].value);
        uint32_t k = 0;
        while (k < i && !cell_equal(plan->value_type, items[k].value, items[i].value))
            k++;
        distinct += k == i;
        int order = cell_compare(plan->value_type, items[i].value, items[best].value);
        if (plan->kind == AGGREGATE_MIN ? order < 0 : order > 0)
            best = i;
    }
    switch (plan->kind) {
    case AGGREGATE_COUNT: value->i = n; return STATE_OK;
    case AGGREGATE_DISTINCT: value->i = distinct; return STATE_OK;
    case AGGREGATE_SUM:
        if (plan->value_type == TYPE_FLOAT)
            value->f = sum;
        else
            value->i = (int64_t)sum;
        return STATE_OK;
    default: break;
    }
    if (!n)
        return STATE_NULL;
    if (plan->kind == AGGREGATE_AVG)
        value->f = sum / n;
    else
        *value = items[plan->kind == AGGREGATE_FIRST ? 0 : plan->kind == AGGREGATE_LAST ? n - 1 : best].value;
    return STATE_OK;
}

static void check(const AggregatePlan *plan, Pool *pool, const Accumulator *acc, bool leaving, const Item *items, uint32_t n)
{
    Cell want = {0}, got = {0};
    if (leaving && plan->kind == AGGREGATE_FIRST)
        return; /* its members know */
    State state = expected(plan, items, n, &want);
    assert_int_equal(accumulator_value(pool, plan, acc, leaving, &got), state);
    if (state != STATE_OK)
        return;
    if (plan->type == TYPE_FLOAT)
        assert_true(fabs(got.f - want.f) <= 1e-9 * (1 + fabs(want.f)));
    else
        assert_true(cell_equal(plan->type, got, want));
}

static void run(AggregateKind kind, TypeKind value_type, bool leaving, uint64_t seed)
{
    Memory memory = {0};
    Pool pool;
    pool_init(&pool, &memory);
    bool counts = kind == AGGREGATE_COUNT || kind == AGGREGATE_DISTINCT;
    AggregatePlan plan = {.kind = kind, .value_type = value_type,
                          .type = counts ? TYPE_INT : kind == AGGREGATE_AVG ? TYPE_FLOAT : value_type};
    Accumulator acc = {0};
    Item items[STEPS];
    uint32_t first = 0, n = 0;
    for (uint64_t step = 1; step < STEPS; step++) {
        if (leaving && n > first && (n - first == LIVE_MAX || next_random(&seed) % 3 == 0)) {
            accumulator_remove(&pool, &plan, &acc, items[first].serial, items[first].kept);
            first++;
        } else {
            items[n] = (Item){.serial = step, .value = random_cell(value_type, &seed)};
            assert_true(accumulator_add(&pool, &plan, &acc, leaving, step, items[n].value, &items[n].kept));
            n++;
            if (!leaving && n > LIVE_MAX) {
                accumulator_clear(&pool, &plan, &acc, leaving);
                n = 0;
            }
        }
        check(&plan, &pool, &acc, leaving, items + first, n - first);
    }
    while (leaving && first < n) {
        accumulator_remove(&pool, &plan, &acc, items[first].serial, items[first].kept);
        first++;
    }
    accumulator_clear(&pool, &plan, &acc, leaving);
    assert_int_equal(pool.bytes, 0);
    pool_fini(&pool);
}

static void test_agrees_with_the_definition(void **unused)
{
    (void)unused;
    static const AggregateKind numeric[] = {AGGREGATE_COUNT, AGGREGATE_SUM, AGGREGATE_AVG, AGGREGATE_MIN,
                                            AGGREGATE_MAX, AGGREGATE_FIRST, AGGREGATE_LAST, AGGREGATE_DISTINCT};
    for (uint32_t k = 0; k < sizeof numeric / sizeof *numeric; k++)
        for (int leaving = 0; leaving < 2; leaving++) {
            run(numeric[k], TYPE_INT, leaving, 7 + k);
            run(numeric[k], TYPE_FLOAT, leaving, 70 + k);
        }
}

static void test_strings(void **unused)
{
    (void)unused;
    static const AggregateKind kinds[] = {AGGREGATE_COUNT, AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_FIRST, AGGREGATE_LAST,
                                          AGGREGATE_DISTINCT};
    for (uint32_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int leaving = 0; leaving < 2; leaving++)
            run(kinds[k], TYPE_STRING, leaving, 700 + k);
}

static void test_sum_that_overflows_is_not_taken(void **unused)
{
    (void)unused;
    Memory memory = {0};
    Pool pool;
    pool_init(&pool, &memory);
    AggregatePlan plan = {.kind = AGGREGATE_SUM, .type = TYPE_INT, .value_type = TYPE_INT};
    Accumulator acc = {0};
    Kept kept;
    Cell value;
    assert_true(accumulator_add(&pool, &plan, &acc, false, 1, (Cell){.i = INT64_MAX}, &kept));
    assert_false(accumulator_add(&pool, &plan, &acc, false, 2, (Cell){.i = 1}, &kept));
    assert_int_equal(accumulator_value(&pool, &plan, &acc, false, &value), STATE_OK);
    assert_int_equal(value.i, INT64_MAX);
    pool_fini(&pool);
}

/* 1e16 and many ones: a plain sum loses the ones. */
static void test_float_sums_are_compensated(void **unused)
{
    (void)unused;
    Memory memory = {0};
    Pool pool;
    pool_init(&pool, &memory);
    AggregatePlan plan = {.kind = AGGREGATE_SUM, .type = TYPE_FLOAT, .value_type = TYPE_FLOAT};
    Accumulator acc = {0};
    Kept kept;
    Cell value;
    accumulator_add(&pool, &plan, &acc, false, 0, (Cell){.f = 1e16}, &kept);
    for (uint64_t i = 1; i <= 1000; i++)
        accumulator_add(&pool, &plan, &acc, false, i, (Cell){.f = 1}, &kept);
    accumulator_add(&pool, &plan, &acc, false, 1001, (Cell){.f = -1e16}, &kept);
    accumulator_value(&pool, &plan, &acc, false, &value);
    assert_true(value.f == 1000);
    pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_the_definition),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_sum_that_overflows_is_not_taken),
        cmocka_unit_test(test_float_sums_are_compensated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
