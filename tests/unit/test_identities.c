/* Identities: what is remembered, what is forgotten, and that nothing is lost while the table moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cluster/identities.h"

static EventId id_of(uint32_t i)
{
    return (EventId){i, i % 7}; /* seven slots for all of them */
}

static void test_duplicates_until_they_are_forgotten(void **state)
{
    (void)state;
    Memory memory = {0};
    Identities *identities = identities_new(&memory, 1 << 20);
    for (uint32_t i = 0; i < 3000; i++)
        assert_true(identities_add(identities, id_of(i), i));
    for (uint32_t i = 0; i < 3000; i++)
        assert_false(identities_add(identities, id_of(i), i));
    identities_forget(identities, 1000);
    for (uint32_t i = 1000; i < 3000; i++)
        assert_false(identities_add(identities, id_of(i), i));
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(identities_add(identities, id_of(i), i));
    identities_free(identities);
    assert_int_equal(memory.bytes, 0);
}

static void test_the_oldest_goes_first(void **state)
{
    (void)state;
    Memory memory = {0};
    Identities *identities = identities_new(&memory, 1024);
    for (uint32_t i = 0; i < 1025; i++)
        assert_true(identities_add(identities, id_of(i), 0));
    assert_false(identities_add(identities, id_of(1), 0));
    assert_true(identities_add(identities, id_of(0), 0));
    identities_free(identities);
    assert_int_equal(memory.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duplicates_until_they_are_forgotten),
        cmocka_unit_test(test_the_oldest_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
