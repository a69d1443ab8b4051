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
    assert_before((OrderKey){.time = -1, .kind = 2, .origin = 9, .sequence = 9}, (OrderKey){.time = 0});
    assert_before((OrderKey){.kind = ORDER_TIMER, .origin = 9}, (OrderKey){.kind = ORDER_EVENT});
    assert_before((OrderKey){.kind = ORDER_EVENT, .origin = 9}, (OrderKey){.kind = ORDER_TIMER_INCLUSIVE});
    assert_before((OrderKey){.origin = 1, .sequence = 9}, (OrderKey){.origin = 2});
    assert_before((OrderKey){.sequence = 1}, (OrderKey){.sequence = 2});
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
    assert_before((OrderKey){.path = &other}, (OrderKey){.sequence = 1});
}

static void test_equal_paths_need_not_be_one(void **state)
{
    (void)state;
    OrderPath a = {.agent = 2, .depth = 1}, b = {.agent = 2, .depth = 1};
    assert_int_equal(order_compare(&(OrderKey){.path = &a}, &(OrderKey){.path = &b}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_part_decides_after_those_before_it), cmocka_unit_test(test_derived_follow_their_cause),
        cmocka_unit_test(test_equal_paths_need_not_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
