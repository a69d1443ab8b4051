/* CRC-32C against the vectors of RFC 3720, and its two ways against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/crc32c.h"

static void assert_crc(const void *bytes, size_t n, uint32_t expected)
{
    assert_int_equal(crc32c(0, bytes, n), expected);
    assert_int_equal(crc32c_by_table(0, bytes, n), expected);
}

static void test_published_vectors(void **state)
{
    (void)state;
    unsigned char bytes[32];
    assert_crc("", 0, 0);
    assert_crc("123456789", 9, 0xE3069283);
    memset(bytes, 0, sizeof bytes);
    assert_crc(bytes, sizeof bytes, 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    assert_crc(bytes, sizeof bytes, 0x62A8AB43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    assert_crc(bytes, sizeof bytes, 0x46DD794E);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)(31 - i);
    assert_crc(bytes, sizeof bytes, 0x113FDB5C);
}

/* Lengths around the lanes, positions of any alignment, and checksums in two pieces. */
static void test_both_ways_agree(void **state)
{
    (void)state;
    enum { SIZE = 5000 };
    unsigned char *bytes = malloc(SIZE);
    uint32_t random = 1;
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)((random = random * 1664525 + 1013904223) >> 24);
    for (size_t n = 0; n < 2000; n++) {
        size_t from = n % 9;
        uint32_t whole = crc32c_by_table(0, bytes + from, n);
        assert_int_equal(crc32c(0, bytes + from, n), whole);
        size_t cut = n / 3;
        assert_int_equal(crc32c(crc32c(0, bytes + from, cut), bytes + from + cut, n - cut), whole);
    }
    assert_int_equal(crc32c(0, bytes, SIZE), crc32c_by_table(0, bytes, SIZE));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_both_ways_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
