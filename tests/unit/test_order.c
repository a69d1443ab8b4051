/* Order keys: (time, kind, origin, sequence, path), causes before what they cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cep/order.h"

static void assert_before(OrderKey a, OrderKey b)
{
    assert_true(order_compare(&a, &b) < 0);
    assert_true(order_compare(&b, &a) > 0);
    assert_int_equal(order_compare(&a, &a), 0);
}

static void test_each_part_decides_after_those_before_it(void **state)
{
    (void)state;
    assert_before((OrderKey){.time = -1, .kind = ORDER_TIMER_INCLUSIVE, .origin = 9}, (OrderKey){.time = 0});
    assert_before((OrderKey){.kind = ORDER_TIMER, .origin = 9}, (OrderKey){.kind = ORDER_EVENT});
    assert_before((OrderKey){.kind = ORDER_EVENT, .origin = 9}, (OrderKey){.kind = ORDER_TIMER_INCLUSIVE});
    assert_before((OrderKey){.kind = ORDER_EVENT, .origin = 1, .sequence = 9}, (OrderKey){.kind = ORDER_EVENT, .origin = 2});
    assert_before((OrderKey){.kind = ORDER_EVENT, .sequence = 1}, (OrderKey){.kind = ORDER_EVENT, .sequence = 2});
}

static void test_derived_follow_their_cause(void **state)
{
    (void)state;
    OrderPath first = {.agent = 2, .output = 0, .depth = 1}, second = {.agent = 2, .output = 1, .depth = 1};
    OrderPath below = {.up = &first, .agent = 9, .output = 0, .depth = 2}, other = {.agent = 3, .depth = 1};
    assert_before((OrderKey){0}, (OrderKey){.path = &first});
    assert_before((OrderKey){.path = &first}, (OrderKey){.path = &second});
    assert_before((OrderKey){.path = &first}, (OrderKey){.path = &below});
    assert_before((OrderKey){.path = &below}, (OrderKey){.path = &second});
    assert_before((OrderKey){.path = &below}, (OrderKey){.path = &other});
    assert_before((OrderKey){.kind = ORDER_EVENT, .path = &other}, (OrderKey){.kind = ORDER_EVENT, .sequence = 1});
}

static void test_equal_paths_need_not_be_one(void **state)
{
    (void)state;
    OrderPath a = {.agent = 2, .depth = 1}, b = {.agent = 2, .depth = 1};
    assert_int_equal(order_compare(&(OrderKey){.path = &a}, &(OrderKey){.path = &b}), 0);
}

static OrderKey timer_key(const OrderTimer *timer)
{
    return (OrderKey){.kind = ORDER_TIMER, .origin = 3, .timer = timer};
}

static void test_timers_of_an_instant_go_by_partition_key(void **state)
{
    (void)state;
    OrderTimer a = {TEXT("a"), 1, 0}, a_again = {TEXT("a"), 1, 1}, ab = {TEXT("ab"), 2, 0}, b = {TEXT("b"), 1, 0};
    OrderTimer end = {TEXT(""), 0, ORDER_TIMER_END};
    assert_before(timer_key(NULL), timer_key(&a));
    assert_before(timer_key(&a), timer_key(&a_again));
    assert_before(timer_key(&a_again), timer_key(&ab));
    assert_before(timer_key(&ab), timer_key(&b));
    assert_before(timer_key(&b), timer_key(&end));
}

static void test_a_shared_timer_goes_by_its_own_key_first(void **state)
{
    (void)state;
    OrderTimer first = {TEXT("ax"), 1, 0}, first_other = {TEXT("ay"), 1, 0}, second = {TEXT("ax"), 1, 1};
    OrderTimer all_b = {TEXT("b"), 0, 0}, a = {TEXT("a"), 1, 0};
    assert_before(timer_key(&first), timer_key(&first_other));
    assert_before(timer_key(&first_other), timer_key(&second));
    assert_before(timer_key(&all_b), timer_key(&a));
}

static void test_a_copy_is_the_same_key(void **state)
{
    (void)state;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    char bytes[] = "key";
    OrderTimer timer = {{bytes, 3}, 3, 7};
    OrderPath first = {.agent = 2, .output = 5, .depth = 1}, second = {.up = &first, .agent = 4, .depth = 2};
    OrderKey key = timer_key(&timer), bare = key, before = key;
    key.path = &second;
    OrderKey copy = order_copy(&key, &arena);
    assert_int_equal(order_compare(&key, &copy), 0);
    assert_true(order_same_root(&copy, &bare));
    bytes[0] = 'a';
    first.output = 0;
    before.path = &second;
    assert_before(before, copy);
    assert_false(order_same_root(&copy, &bare));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_part_decides_after_those_before_it), cmocka_unit_test(test_derived_follow_their_cause),
        cmocka_unit_test(test_equal_paths_need_not_be_one), cmocka_unit_test(test_timers_of_an_instant_go_by_partition_key),
        cmocka_unit_test(test_a_shared_timer_goes_by_its_own_key_first), cmocka_unit_test(test_a_copy_is_the_same_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
