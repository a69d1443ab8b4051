/* Arenas: zeroed, aligned, growing, and quiet after a reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cep/arena.h"

static void test_allocations_are_zeroed_and_aligned(void **state)
{
    (void)state;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    for (int round = 0; round < 2; round++) {
        for (size_t size = 1; size < 3000; size += 7) {
            char *p = arena_alloc(&arena, size);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xAA, size);
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
    assert_int_equal(memory.bytes, 0);
}

static void test_reset_keeps_the_blocks(void **state)
{
    (void)state;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    uint64_t calls = 0;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 1000; i++)
            arena_raw(&arena, 500);
        arena_raw(&arena, 10 << 20);
        arena_reset(&arena);
        if (round > 0)
            assert_int_equal(memory.calls, calls);
        calls = memory.calls;
    }
    arena_fini(&arena);
}

static void test_copies_end_with_nul(void **state)
{
    (void)state;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    assert_string_equal(arena_copy(&arena, "abcdef", 3), "abc");
    Text empty = arena_text(&arena, (Text){0});
    assert_int_equal(empty.len, 0);
    assert_string_equal(empty.p, "");
    Text printed = arena_printf(&arena, "%d-%s", 5, "x");
    assert_string_equal(printed.p, "5-x");
    assert_int_equal(printed.len, 3);
    arena_fini(&arena);
}

static void test_grow(void **state)
{
    (void)state;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    uint32_t *list = NULL;
    for (uint32_t n = 0; n < 1000; n++) {
        list = arena_grow(&arena, list, n, sizeof *list);
        list[n] = n;
    }
    for (uint32_t n = 0; n < 1000; n++)
        assert_int_equal(list[n], n);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_are_zeroed_and_aligned), cmocka_unit_test(test_reset_keeps_the_blocks),
        cmocka_unit_test(test_copies_end_with_nul), cmocka_unit_test(test_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
