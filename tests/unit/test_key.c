/* Keys as bytes: they read back, equal keys are equal bytes, and memcmp orders numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "cep/key.h"

static void test_parts_read_back(void **state)
{
    (void)state;
    static const struct {
        TypeKind type;
        Cell value;
    } parts[] = {
        {TYPE_STRING, {.s = {"a\0b", 3}}}, {TYPE_INT, {.i = -5}}, {TYPE_FLOAT, {.f = -1.5}}, {TYPE_BOOL, {.b = 1}},
        {TYPE_POINT, {.p = {-9.1, 38.7}}}, {TYPE_TIME, {.i = INT64_MAX}}, {TYPE_DURATION, {.i = INT64_MIN}},
        {TYPE_STRING, {.s = {"", 0}}},
    };
    enum { N = sizeof parts / sizeof *parts };
    uint8_t bytes[200], *end = bytes;
    for (int i = 0; i < N; i++) {
        uint8_t *next = key_put(end, parts[i].type, parts[i].value);
        assert_int_equal(next - end, key_size(parts[i].type, parts[i].value));
        end = next;
    }
    Text key = {(const char *)bytes, (uint32_t)(end - bytes)};
    uint32_t position = 0;
    TypeKind type;
    Cell value;
    for (int i = 0; i < N; i++) {
        assert_true(key_next(key, &position, &type, &value));
        assert_int_equal(type, parts[i].type);
        assert_true(cell_equal(type, value, parts[i].value));
    }
    assert_false(key_next(key, &position, &type, &value));
}

static void assert_order(TypeKind type, const Cell *values, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            uint8_t a[KEY_FIXED_MAX], b[KEY_FIXED_MAX];
            size_t len = (size_t)(key_put(a, type, values[i]) - a);
            key_put(b, type, values[j]);
            int order = memcmp(a, b, len);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

static void test_numbers_are_ordered(void **state)
{
    (void)state;
    static const Cell ints[] = {{.i = INT64_MIN}, {.i = -256}, {.i = -1}, {.i = 0}, {.i = 1}, {.i = 256}, {.i = INT64_MAX}};
    assert_order(TYPE_INT, ints, 7);
    static const Cell floats[] = {{.f = -INFINITY}, {.f = -1e300}, {.f = -1}, {.f = -1e-300}, {.f = 0}, {.f = 1e-300},
                                  {.f = 1}, {.f = INFINITY}, {.f = NAN}};
    assert_order(TYPE_FLOAT, floats, 9);
}

static void test_equal_values_are_equal_bytes(void **state)
{
    (void)state;
    uint8_t a[KEY_FIXED_MAX], b[KEY_FIXED_MAX];
    key_put(a, TYPE_FLOAT, (Cell){.f = 0.0});
    key_put(b, TYPE_FLOAT, (Cell){.f = -0.0});
    assert_memory_equal(a, b, 9);
    key_put(a, TYPE_FLOAT, (Cell){.f = NAN});
    key_put(b, TYPE_FLOAT, (Cell){.f = -NAN});
    assert_memory_equal(a, b, 9);
}

static void test_strings_are_bounded(void **state)
{
    (void)state;
    char *text = calloc(1, KEY_STRING_MAX + 5);
    Cell value = {.s = {text, KEY_STRING_MAX + 5}};
    assert_int_equal(key_size(TYPE_STRING, value), 5 + KEY_STRING_MAX);
    uint8_t *bytes = malloc(5 + KEY_STRING_MAX);
    assert_ptr_equal(key_put(bytes, TYPE_STRING, value), bytes + 5 + KEY_STRING_MAX);
    free(bytes);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_read_back), cmocka_unit_test(test_numbers_are_ordered),
        cmocka_unit_test(test_equal_values_are_equal_bytes), cmocka_unit_test(test_strings_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
