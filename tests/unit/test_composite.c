/* Composite values and decimals: what the model tests do not reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cep/base64.h"
#include "cep/composite.h"
#include "cep/decimal.h"

static Memory memory;
static Arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, &memory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    assert_int_equal(memory.bytes, 0);
    return 0;
}

static Text boxed_int(int64_t i)
{
    return composite_box(TYPE_INT, STATE_OK, (Cell){.i = i}, &arena);
}

static void test_maps_are_sorted_and_keep_the_last(void **state)
{
    (void)state;
    CompositeWriter writer;
    uint8_t bad = STATE_OK;
    composite_open(&writer, TYPE_MAP, &arena);
    composite_write(&writer, TEXT("b"), boxed_int(1));
    composite_write(&writer, TEXT("a"), boxed_int(2));
    composite_write(&writer, TEXT("b"), boxed_int(3));
    Text map = composite_close(&writer, &bad);
    assert_int_equal(bad, STATE_OK);
    assert_true(text_is_c(composite_text(map, false, &arena), "{\"a\":2,\"b\":3}"));
    assert_int_equal(composite_len(map), 2);
    Text other = composite_put(composite_put(composite_empty(TYPE_MAP), TEXT("a"), boxed_int(2), &arena, &bad), TEXT("b"),
                               boxed_int(3), &arena, &bad);
    assert_true(text_is(map, other));
}

static void test_too_deep_and_too_long_are_errors(void **state)
{
    (void)state;
    uint8_t bad = STATE_OK;
    Text list = composite_empty(TYPE_LIST);
    int depth = 1;
    for (; bad == STATE_OK && depth < 1000; depth++)
        list = composite_add(composite_empty(TYPE_LIST), list, &arena, &bad);
    assert_int_equal(depth, COMPOSITE_DEPTH_MAX + 1);

    bad = STATE_OK;
    Text half = {arena_alloc(&arena, COMPOSITE_BYTES_MAX / 2), COMPOSITE_BYTES_MAX / 2};
    Text item = composite_box(TYPE_STRING, STATE_OK, (Cell){.s = half}, &arena);
    list = composite_add(composite_empty(TYPE_LIST), item, &arena, &bad);
    assert_int_equal(bad, STATE_OK);
    composite_add(list, item, &arena, &bad);
    assert_int_equal(bad, STATE_ERROR);
}

static void test_numbers_compare_by_size(void **state)
{
    (void)state;
    Text f = composite_box(TYPE_FLOAT, STATE_OK, (Cell){.f = 5}, &arena);
    assert_int_equal(composite_compare(boxed_int(5), f), 0);
    assert_true(composite_compare(boxed_int(6), f) > 0);
    Text none = composite_box(TYPE_INT, STATE_NULL, (Cell){0}, &arena);
    assert_true(composite_compare(none, boxed_int(INT64_MIN)) < 0);
    Cell value;
    assert_int_equal(composite_unbox(f, TYPE_INT, &value), STATE_OK);
    assert_int_equal(value.i, 5);
    assert_int_equal(composite_unbox(f, TYPE_STRING, &value), STATE_ERROR);
    assert_int_equal(composite_unbox(none, TYPE_STRING, &value), STATE_NULL);
}

static Decimal decimal_read(const char *text, uint8_t *bad)
{
    *bad = STATE_OK;
    return decimal_of_text(text_of(text), bad);
}

static void assert_decimal(const char *from, const char *to)
{
    uint8_t bad;
    Decimal d = decimal_read(from, &bad);
    Text text = decimal_text(d, &arena);
    if (bad || !text_is_c(text, to))
        fail_msg("%s gave %.*s, state %d", from, TEXT_ARGS(text), bad);
}

static void test_decimals_as_text(void **state)
{
    (void)state;
    assert_decimal("0", "0");
    assert_decimal("-0.000000001", "-0.000000001");
    assert_decimal("12.50", "12.5");
    assert_decimal("1e3", "1000");
    assert_decimal("1.5E-2", "0.015");
    assert_decimal("0.0000000005", "0");
    assert_decimal("0.0000000015", "0.000000002");
    assert_decimal("0.00000000050001", "0.000000001");
    assert_decimal("170141183460469231731687303715", "170141183460469231731687303715");
    static const char *const wrong[] = {"", "-", ".", "1.", ".5", "1e", "1e999", "x", "1 ", "0x10", "170141183460469231731687303716"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t bad;
        decimal_read(wrong[i], &bad);
        if (!bad)
            fail_msg("`%s` is no decimal", wrong[i]);
    }
}

static void test_decimals_at_the_edges(void **state)
{
    (void)state;
    uint8_t bad;
    Decimal most = {UINT64_MAX, INT64_MAX}, least = {0, INT64_MIN}, one = decimal_of_int(1), smallest = {1, 0};
    bad = STATE_OK;
    decimal_add(most, smallest, &bad);
    assert_int_equal(bad, STATE_ERROR);
    bad = STATE_OK;
    assert_int_equal(decimal_compare(decimal_multiply(most, one, &bad), most), 0);
    assert_int_equal(decimal_compare(decimal_divide(most, one, &bad), most), 0);
    assert_int_equal(bad, STATE_OK);
    decimal_multiply(most, decimal_of_int(2), &bad);
    assert_int_equal(bad, STATE_ERROR);
    bad = STATE_OK;
    decimal_divide(most, smallest, &bad);
    assert_int_equal(bad, STATE_ERROR);
    bad = STATE_OK;
    decimal_negate(least, &bad);
    assert_int_equal(bad, STATE_ERROR);
    bad = STATE_OK;
    decimal_int(most, &bad);
    assert_int_equal(bad, STATE_ERROR);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (uint32_t n = 0; n < 7; n++) {
        Text bytes, plain = {"foobar", n};
        assert_true(text_is_c(base64_text(plain, &arena), texts[n]));
        assert_true(base64_bytes(text_of(texts[n]), &arena, &bytes));
        assert_true(text_is(bytes, plain));
    }
    Text bytes;
    assert_false(base64_bytes(TEXT("Z"), &arena, &bytes));
    assert_false(base64_bytes(TEXT("Zm9-"), &arena, &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_maps_are_sorted_and_keep_the_last, begin, end),
        cmocka_unit_test_setup_teardown(test_too_deep_and_too_long_are_errors, begin, end),
        cmocka_unit_test_setup_teardown(test_numbers_compare_by_size, begin, end),
        cmocka_unit_test_setup_teardown(test_decimals_as_text, begin, end),
        cmocka_unit_test_setup_teardown(test_decimals_at_the_edges, begin, end),
        cmocka_unit_test_setup_teardown(test_base64, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
