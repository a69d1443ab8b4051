/* Tails: frames in and out of order, twice, lost; replays, good and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cluster/tail.h"

enum { EPOCH = 7 };

static TailVerdict see(Tail *tail, FrameKind kind, uint64_t sequence)
{
    Frame frame = {.kind = kind, .epoch = EPOCH, .sequence = sequence};
    return tail_see(tail, &frame);
}

static void test_in_order(void **state)
{
    (void)state;
    uint64_t from, to;
    Tail tail;
    tail_init(&tail, EPOCH, 1);
    for (uint64_t s = 1; s <= 3; s++)
        assert_int_equal(see(&tail, FRAME_EVENTS, s), TAIL_DELIVER);
    assert_int_equal(see(&tail, FRAME_HEARTBEAT, 3), TAIL_DELIVER);
    assert_int_equal(see(&tail, FRAME_EVENTS, 2), TAIL_OLD);
    assert_int_equal(tail.delivered, 3);
    assert_int_equal(tail.duplicates, 1);
    assert_false(tail_missing(&tail, &from, &to));
}

static void test_hole(void **state)
{
    (void)state;
    uint64_t from, to;
    Tail tail;
    NetMessage kept, message = {.handle = 11};
    tail_init(&tail, EPOCH, 1);
    assert_int_equal(see(&tail, FRAME_EVENTS, 4), TAIL_AHEAD);
    tail_keep(&tail, 4, &message);
    assert_true(tail_missing(&tail, &from, &to));
    assert_int_equal(from, 1);
    assert_int_equal(to, 3);
    assert_false(tail_kept(&tail, &kept));
    for (uint64_t s = 1; s <= 3; s++)
        assert_int_equal(see(&tail, FRAME_EVENTS, s), TAIL_DELIVER);
    assert_true(tail_kept(&tail, &kept));
    assert_int_equal(kept.handle, 11);
    assert_int_equal(see(&tail, FRAME_EVENTS, 4), TAIL_DELIVER);
    assert_false(tail_kept(&tail, &kept));
    assert_false(tail_missing(&tail, &from, &to));
}

static void test_heartbeat_shows_loss(void **state)
{
    (void)state;
    uint64_t from, to;
    Tail tail;
    tail_init(&tail, EPOCH, 1);
    assert_int_equal(see(&tail, FRAME_HEARTBEAT, 2), TAIL_AHEAD);
    assert_true(tail_missing(&tail, &from, &to));
    assert_int_equal(to, 2);
    tail_skip(&tail, 3);
    assert_int_equal(tail.lost, 2);
    assert_false(tail_missing(&tail, &from, &to));
    assert_int_equal(see(&tail, FRAME_EVENTS, 3), TAIL_DELIVER);
}

static void test_other_epoch(void **state)
{
    (void)state;
    Tail tail;
    tail_init(&tail, EPOCH + 1, 1);
    assert_int_equal(see(&tail, FRAME_EVENTS, 1), TAIL_FOREIGN);
    assert_int_equal(tail.next, 1);
}

static Text answer(char *bytes, size_t size, const char *head, const char *rest, uint32_t n)
{
    int at = snprintf(bytes, size, "%s", head);
    memcpy(bytes + at, rest, n);
    return (Text){bytes, (uint32_t)at + n};
}

static void test_replay(void **state)
{
    (void)state;
    char bytes[256];
    Replay replay;
    Text frame;
    const char *head = "{\"ok\":true,\"first\":5,\"last\":6,\"gone\":4}\n";
    assert_true(replay_open(&replay, answer(bytes, sizeof bytes, head, "\2\0\0\0ab\1\0\0\0c", 11)));
    assert_int_equal(replay.first, 5);
    assert_int_equal(replay.gone, 4);
    assert_true(replay_next(&replay, &frame));
    assert_true(text_is_c(frame, "ab"));
    assert_true(replay_next(&replay, &frame));
    assert_true(text_is_c(frame, "c"));
    assert_false(replay_next(&replay, &frame));
    /* A length beyond the answer, and an answer that is none. */
    assert_true(replay_open(&replay, answer(bytes, sizeof bytes, head, "\377\377\377\377ab", 6)));
    assert_false(replay_next(&replay, &frame));
    assert_false(replay_open(&replay, TEXT("{\"ok\":false,\"error\":\"no\"}")));
    assert_false(replay_open(&replay, (Text){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),   cmocka_unit_test(test_hole),   cmocka_unit_test(test_heartbeat_shows_loss),
        cmocka_unit_test(test_other_epoch), cmocka_unit_test(test_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
