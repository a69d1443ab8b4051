/* The ring of frames: what is kept, what is gone, and that it agrees with a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cluster/ring.h"

static void put(Ring *ring, uint64_t sequence, uint32_t size)
{
    uint8_t bytes[70000];
    assert_true(size <= sizeof bytes);
    memset(bytes, (int)(sequence % 251), size);
    ring_put(ring, sequence, bytes, size);
}

static void assert_frame(const Ring *ring, uint64_t sequence, uint32_t size)
{
    RingFrame frame;
    assert_true(ring_get(ring, sequence, &frame));
    assert_int_equal(frame.sequence, sequence);
    assert_int_equal(frame.size, size);
    for (uint32_t i = 0; i < size; i++)
        assert_int_equal(frame.bytes[i], sequence % 251);
}

static void test_empty(void **state)
{
    (void)state;
    Memory memory = {0};
    RingFrame frame;
    Ring *ring = ring_new(&memory, 10, 1000);
    assert_true(ring_first(ring) > ring_last(ring));
    assert_int_equal(ring_last(ring), 0);
    assert_false(ring_get(ring, 0, &frame));
    assert_false(ring_get(ring, 1, &frame));
    RingSpan span = ring_span(ring, 1, 100);
    assert_true(span.last < span.first);
    assert_int_equal(span.gone, 0);
    ring_free(ring);
    assert_int_equal(memory.bytes, 0);
}

static void test_oldest_make_room(void **state)
{
    (void)state;
    Memory memory = {0};
    Ring *ring = ring_new(&memory, 3, 1000);
    for (uint64_t s = 7; s <= 12; s++)
        put(ring, s, 10);
    assert_int_equal(ring_first(ring), 10);
    assert_int_equal(ring_last(ring), 12);
    assert_int_equal(ring_bytes(ring), 30);
    RingSpan span = ring_span(ring, 8, 100);
    assert_int_equal(span.first, 10);
    assert_int_equal(span.last, 12);
    assert_int_equal(span.gone, 2);
    span = ring_span(ring, 7, 9);
    assert_true(span.last < span.first);
    assert_int_equal(span.gone, 3);
    span = ring_span(ring, 11, 11);
    assert_int_equal(span.first, 11);
    assert_int_equal(span.last, 11);
    assert_int_equal(span.gone, 0);
    span = ring_span(ring, 13, 20);
    assert_true(span.last < span.first);
    assert_int_equal(span.gone, 0);
    ring_free(ring);
}

static void test_bytes_are_bounded(void **state)
{
    (void)state;
    Memory memory = {0};
    Ring *ring = ring_new(&memory, 1000, 100);
    for (uint64_t s = 1; s <= 50; s++)
        put(ring, s, 40);
    assert_int_equal(ring_first(ring), 49);
    assert_int_equal(ring_bytes(ring), 80);
    put(ring, 51, 101);
    assert_true(ring_first(ring) > ring_last(ring));
    assert_int_equal(ring_last(ring), 51);
    RingSpan span = ring_span(ring, 50, 51);
    assert_int_equal(span.gone, 2);
    put(ring, 52, 100);
    assert_frame(ring, 52, 100);
    ring_free(ring);
}

static void test_no_memory_in_the_steady_state(void **state)
{
    (void)state;
    Memory memory = {0};
    Ring *ring = ring_new(&memory, 500, 1 << 20);
    uint64_t s = 1;
    for (; s <= 2000; s++)
        put(ring, s, 1000 + (uint32_t)(s * 37 % 2000));
    uint64_t calls = memory.calls;
    for (; s <= 20000; s++)
        put(ring, s, 1000 + (uint32_t)(s * 37 % 2000));
    assert_int_equal(memory.calls, calls);
    ring_free(ring);
    assert_int_equal(memory.bytes, 0);
}

/* Random sizes and bounds; what is in the ring is always the longest possible end of what was put. */
static void test_agrees_with_a_list(void **state)
{
    (void)state;
    enum { PUTS = 400 };
    for (unsigned seed = 1; seed <= 200; seed++) {
        srand(seed);
        Memory memory = {0};
        uint32_t frames_max = 1 + (uint32_t)rand() % 60;
        size_t bytes_max = 1 + (size_t)rand() % 20000;
        Ring *ring = ring_new(&memory, frames_max, bytes_max);
        uint32_t sizes[PUTS];
        uint64_t base = 1 + (uint64_t)rand() % 1000;
        for (uint32_t i = 0; i < PUTS; i++) {
            sizes[i] = (uint32_t)rand() % (rand() % 8 ? 300 : 9000);
            put(ring, base + i, sizes[i]);
            uint64_t first = ring_first(ring), kept = 0;
            for (uint64_t s = first; s <= base + i; s++) {
                assert_frame(ring, s, sizes[s - base]);
                kept += sizes[s - base];
            }
            assert_int_equal(ring_bytes(ring), kept);
            assert_true(kept <= bytes_max && base + i + 1 - first <= frames_max);
            assert_true(sizes[i] > bytes_max || first <= base + i);
        }
        assert_true(memory.bytes_max < 4 * bytes_max + 100000);
        ring_free(ring);
        assert_int_equal(memory.bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_oldest_make_room),
        cmocka_unit_test(test_bytes_are_bounded),
        cmocka_unit_test(test_no_memory_in_the_steady_state),
        cmocka_unit_test(test_agrees_with_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
