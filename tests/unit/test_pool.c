/* Pools: classes, reuse, and cells that do not overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cep/pool.h"

static void test_classes(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{0, 16}, {1, 16}, {16, 16}, {17, 32}, {33, 48}, {49, 64}, {65, 96}, {97, 128},
                                        {129, 192}, {193, 256}, {257, 384}, {POOL_BLOCK - 1, POOL_BLOCK},
                                        {POOL_BLOCK, POOL_BLOCK}, {POOL_BLOCK / 2 + 1, POOL_BLOCK / 4 * 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(pool_room(sizes[i][0]), sizes[i][1]);
}

static void test_freed_cells_come_back(void **state)
{
    (void)state;
    Memory memory = {0};
    Pool pool;
    pool_init(&pool, &memory);
    Handle a = pool_alloc(&pool, 100), b = pool_alloc(&pool, 100);
    assert_true(a != HANDLE_NONE && b != HANDLE_NONE && a != b);
    assert_int_equal(pool.bytes, 256);
    pool_free(&pool, a, 100);
    assert_int_equal(pool_alloc(&pool, 128), a); /* the same class */
    assert_true(pool_alloc(&pool, 128) != a);
    pool_fini(&pool);
    assert_int_equal(memory.bytes, 0);
}

static void test_cells_do_not_overlap(void **state)
{
    (void)state;
    enum { N = 20000 };
    Memory memory = {0};
    Pool pool;
    pool_init(&pool, &memory);
    static Handle cells[N];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < N; i++) {
        uint32_t size = 8 + (i * 7919) % 2000;
        cells[i] = pool_alloc(&pool, size);
        memset(pool_at(&pool, cells[i]), (int)(i % 251), pool_room(size));
        bytes += pool_room(size);
    }
    assert_true(pool.nblocks > 3);
    assert_true(pool.bytes == bytes);
    for (uint32_t i = 0; i < N; i++) {
        const uint8_t *p = pool_at(&pool, cells[i]);
        uint32_t size = 8 + (i * 7919) % 2000;
        for (uint32_t k = 0; k < pool_room(size); k++)
            assert_int_equal(p[k], i % 251);
        pool_free(&pool, cells[i], size);
    }
    assert_int_equal(pool.bytes, 0);
    pool_fini(&pool);
}

static void test_steady_state_does_not_allocate(void **state)
{
    (void)state;
    Memory memory = {0};
    Pool pool;
    pool_init(&pool, &memory);
    Handle cells[100];
    uint64_t calls = 0;
    for (int round = 0; round < 1000; round++) {
        for (uint32_t i = 0; i < 100; i++)
            cells[i] = pool_alloc(&pool, 64 + i * 40);
        for (uint32_t i = 0; i < 100; i++)
            pool_free(&pool, cells[99 - i], 64 + (99 - i) * 40);
        if (round > 0)
            assert_int_equal(memory.calls, calls);
        calls = memory.calls;
    }
    pool_fini(&pool);
}

/* The rest of a block is handed out as smaller cells before another block is asked for. */
static void test_whole_blocks_and_their_rests(void **state)
{
    (void)state;
    Memory memory = {0};
    Pool pool;
    pool_init(&pool, &memory);
    pool_alloc(&pool, POOL_BLOCK / 2);
    Handle whole = pool_alloc(&pool, POOL_BLOCK);
    memset(pool_at(&pool, whole), 1, POOL_BLOCK);
    assert_int_equal(pool.nblocks, 2);
    pool_alloc(&pool, POOL_BLOCK / 8 * 3);
    pool_alloc(&pool, 1500);
    assert_int_equal(pool.nblocks, 2);
    pool_fini(&pool);
    assert_int_equal(memory.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes), cmocka_unit_test(test_freed_cells_come_back),
        cmocka_unit_test(test_cells_do_not_overlap), cmocka_unit_test(test_steady_state_does_not_allocate),
        cmocka_unit_test(test_whole_blocks_and_their_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
