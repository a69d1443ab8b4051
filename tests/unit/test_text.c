/* Texts: comparing, and the distance behind "did you mean". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cep/text.h"

static void test_equality_and_order(void **state)
{
    (void)state;
    assert_true(text_is((Text){0}, TEXT("")));
    assert_true(text_is((Text){"a\0b", 3}, (Text){"a\0b", 3}));
    assert_false(text_is((Text){"a\0b", 3}, (Text){"a\0c", 3}));
    assert_true(text_is_c(TEXT("abc"), "abc"));
    assert_true(text_compare(TEXT("a"), TEXT("ab")) < 0);
    assert_true(text_compare(TEXT("b"), TEXT("ab")) > 0);
    assert_int_equal(text_compare((Text){0}, TEXT("")), 0);
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(text_distance(TEXT("account"), TEXT("account"), 3), 0);
    assert_int_equal(text_distance(TEXT("acount"), TEXT("account"), 3), 1);
    assert_int_equal(text_distance(TEXT("kitten"), TEXT("sitting"), 3), 3);
    assert_int_equal(text_distance(TEXT("kitten"), TEXT("sitting"), 2), 3);
    assert_int_equal(text_distance(TEXT(""), TEXT("abcdef"), 2), 3);
    assert_int_equal(text_distance(TEXT(""), TEXT("ab"), 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equality_and_order), cmocka_unit_test(test_distance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
