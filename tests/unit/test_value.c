/* Values: types, cells in columns, and that equality, order and hash agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "cep/value.h"

static void test_types(void **state)
{
    (void)state;
    assert_string_equal(type_word(TYPE_DURATION), "duration");
    assert_int_equal(type_size(TYPE_BOOL), 1);
    assert_int_equal(type_size(TYPE_STRING), sizeof(Text));
    assert_true(type_runs(TYPE_POINT));
    assert_false(type_runs(TYPE_AREA));
}

static void test_cells_of_a_column(void **state)
{
    (void)state;
    Text texts[2] = {{0}};
    cell_set(TYPE_STRING, texts, 1, (Cell){.s = TEXT("abc")});
    assert_true(text_is_c(cell_get(TYPE_STRING, texts, 1).s, "abc"));
    uint8_t bools[3] = {0};
    cell_set(TYPE_BOOL, bools, 2, (Cell){.b = 1});
    assert_int_equal(bools[2], 1);
    assert_int_equal(bools[1], 0);
    Point points[2];
    cell_set(TYPE_POINT, points, 1, (Cell){.p = {1, 2}});
    assert_true(cell_get(TYPE_POINT, points, 1).p.y == 2);
}

static void test_floats_at_the_edges(void **state)
{
    (void)state;
    Cell zero = {.f = 0.0}, negative = {.f = -0.0}, nan = {.f = NAN}, infinite = {.f = INFINITY};
    assert_true(cell_equal(TYPE_FLOAT, zero, negative));
    assert_int_equal(cell_compare(TYPE_FLOAT, zero, negative), 0);
    assert_true(cell_hash(TYPE_FLOAT, zero) == cell_hash(TYPE_FLOAT, negative));
    assert_false(cell_equal(TYPE_FLOAT, nan, nan));
    assert_true(cell_compare(TYPE_FLOAT, nan, infinite) > 0);
    assert_true(cell_compare(TYPE_FLOAT, infinite, nan) < 0);
    assert_int_equal(cell_compare(TYPE_FLOAT, nan, nan), 0);
    Cell a = {.p = {0.0, 1}}, b = {.p = {-0.0, 1}};
    assert_true(cell_equal(TYPE_POINT, a, b) && cell_hash(TYPE_POINT, a) == cell_hash(TYPE_POINT, b));
}

static void test_order(void **state)
{
    (void)state;
    assert_true(cell_compare(TYPE_INT, (Cell){.i = INT64_MIN}, (Cell){.i = INT64_MAX}) < 0);
    assert_true(cell_compare(TYPE_STRING, (Cell){.s = TEXT("ab")}, (Cell){.s = TEXT("a")}) > 0);
    assert_true(cell_compare(TYPE_STRING, (Cell){.s = TEXT("a\xFF")}, (Cell){.s = TEXT("az")}) > 0);
    assert_true(cell_compare(TYPE_BOOL, (Cell){.b = 0}, (Cell){.b = 1}) < 0);
    assert_true(cell_compare(TYPE_POINT, (Cell){.p = {1, 2}}, (Cell){.p = {1, 1}}) > 0);
}

static void test_hashes_differ(void **state)
{
    (void)state;
    uint64_t seen[1000];
    for (int64_t i = 0; i < 1000; i++) {
        seen[i] = cell_hash(TYPE_INT, (Cell){.i = i});
        for (int64_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
    assert_true(cell_hash(TYPE_STRING, (Cell){.s = TEXT("a")}) != cell_hash(TYPE_STRING, (Cell){.s = TEXT("b")}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types), cmocka_unit_test(test_cells_of_a_column), cmocka_unit_test(test_floats_at_the_edges),
        cmocka_unit_test(test_order), cmocka_unit_test(test_hashes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
