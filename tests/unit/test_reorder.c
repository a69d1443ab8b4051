/* Reorder: where a batch that is full may end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cluster/reorder.h"
#include "tests/unit/network.h"

typedef struct Bench {
    Network network;
    Reorder *reorder;
    Batch batch, from;
} Bench;

static void bench_open(Bench *b)
{
    network_open(&b->network, "event A { k : int?  v : int }\n");
    b->reorder = reorder_new(&b->network.memory, b->network.plan);
    batch_init(&b->batch, &b->network.memory, b->network.plan);
    batch_init(&b->from, &b->network.memory, b->network.plan);
}

static void bench_close(Bench *b)
{
    reorder_free(b->reorder);
    batch_fini(&b->batch);
    batch_fini(&b->from);
    network_close(&b->network);
}

static void keep(Bench *b, OrderKey key)
{
    bool fresh;
    input_add(&b->network, &b->from, "A", 0, 0, key);
    uint32_t row = batch_copy(reorder_batch(b->reorder, &fresh), &b->from.rows[b->from.order[0].type], 0);
    reorder_add(b->reorder, b->from.order[0].type, row);
    batch_clear(&b->from);
}

/* The next batch of at most one event, if it may end there. */
static uint32_t next(Bench *b)
{
    OrderKey all = {.time = INT64_MAX, .kind = ORDER_TIMER_INCLUSIVE};
    uint32_t n = reorder_release(b->reorder, &all, &b->batch, 1);
    batch_clear(&b->batch);
    reorder_reclaim(b->reorder);
    return n;
}

static void test_what_stems_from_one_input_stays_together(void **state)
{
    (void)state;
    Bench b;
    bench_open(&b);
    OrderPath first = {.agent = 1, .depth = 1}, second = {.agent = 2, .depth = 1};
    OrderKey one = input_key(1, 1), two = input_key(1, 2), derived = one, other = one;
    derived.path = &first;
    other.path = &second;
    keep(&b, two);
    keep(&b, other);
    keep(&b, one);
    keep(&b, derived);
    assert_int_equal(next(&b), 3);
    assert_int_equal(next(&b), 1);
    assert_int_equal(next(&b), 0);
    bench_close(&b);
}

static void test_what_stems_from_timers_of_an_instant_stays_together(void **state)
{
    (void)state;
    Bench b;
    bench_open(&b);
    OrderTimer a = {TEXT("a"), 1, 0}, c = {TEXT("c"), 1, 0};
    OrderPath path = {.agent = 5, .depth = 1};
    int64_t time = NS_PER_SECOND;
    keep(&b, (OrderKey){.time = time, .kind = ORDER_TIMER, .origin = 3, .timer = &a, .path = &path});
    keep(&b, (OrderKey){.time = time, .kind = ORDER_TIMER, .origin = 4, .timer = &c, .path = &path});
    keep(&b, input_key(1, 1));
    keep(&b, (OrderKey){.time = time, .kind = ORDER_TIMER_INCLUSIVE, .origin = 3, .timer = &a, .path = &path});
    keep(&b, (OrderKey){.time = time + 1, .kind = ORDER_TIMER, .origin = 3, .timer = &a, .path = &path});
    assert_int_equal(next(&b), 2);
    assert_int_equal(next(&b), 1);
    assert_int_equal(next(&b), 1);
    assert_int_equal(next(&b), 1);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_stems_from_one_input_stays_together),
        cmocka_unit_test(test_what_stems_from_timers_of_an_instant_stays_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
