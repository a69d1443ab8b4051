/* The timer wheel against a plain list: the same timers are due, whatever the steps of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agents/wheel.h"

enum { TIMERS = 2000 };

typedef struct Fixture {
    Memory memory;
    Pool pool;
    Wheel wheel;
    int64_t due[TIMERS];
    uint32_t ndue;
} Fixture;

static void collect(void *owner, Handle handle)
{
    Fixture *f = owner;
    Timer *timer = pool_at(&f->pool, handle);
    f->due[f->ndue++] = timer->deadline;
    pool_free(&f->pool, handle, sizeof *timer);
}

static void begin(Fixture *f, int64_t now)
{
    *f = (Fixture){0};
    pool_init(&f->pool, &f->memory);
    wheel_init(&f->wheel, &f->pool);
    wheel_start(&f->wheel, now);
}

static void end(Fixture *f)
{
    pool_fini(&f->pool);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static void test_fires_at_its_deadline_and_not_before(void **unused)
{
    (void)unused;
    Fixture f;
    begin(&f, 0);
    wheel_set(&f.wheel, (Timer){.deadline = 30000000000});
    wheel_advance(&f.wheel, 29999999999, false, collect, &f);
    assert_int_equal(f.ndue, 0);
    wheel_advance(&f.wheel, 30000000000, false, collect, &f);
    assert_int_equal(f.ndue, 1);
    end(&f);
}

static void test_inclusive_waits_for_the_end_of_its_instant(void **unused)
{
    (void)unused;
    Fixture f;
    begin(&f, 0);
    wheel_set(&f.wheel, (Timer){.deadline = 1000, .inclusive = true});
    wheel_advance(&f.wheel, 1000, false, collect, &f);
    assert_int_equal(f.ndue, 0);
    wheel_advance(&f.wheel, 1000, true, collect, &f);
    assert_int_equal(f.ndue, 1);
    end(&f);
}

static void test_cancelled_timer_does_not_fire(void **unused)
{
    (void)unused;
    Fixture f;
    begin(&f, 0);
    Handle a = wheel_set(&f.wheel, (Timer){.deadline = 5000000});
    Handle b = wheel_set(&f.wheel, (Timer){.deadline = 5000000});
    wheel_cancel(&f.wheel, a);
    wheel_advance(&f.wheel, 6000000, false, collect, &f);
    assert_int_equal(f.ndue, 1);
    assert_int_equal(f.wheel.count, 0);
    (void)b;
    end(&f);
}

static void test_times_before_1970(void **unused)
{
    (void)unused;
    Fixture f;
    begin(&f, -1000000000000);
    wheel_set(&f.wheel, (Timer){.deadline = -5});
    wheel_set(&f.wheel, (Timer){.deadline = 7});
    wheel_advance(&f.wheel, 0, false, collect, &f);
    assert_int_equal(f.ndue, 1);
    assert_int_equal(f.due[0], -5);
    end(&f);
}

static void test_far_jump(void **unused)
{
    (void)unused;
    Fixture f;
    begin(&f, 0);
    for (int64_t i = 1; i <= 100; i++)
        wheel_set(&f.wheel, (Timer){.deadline = i * 86400000000000});
    wheel_advance(&f.wheel, INT64_C(9000000000000000000), false, collect, &f);
    assert_int_equal(f.ndue, 100);
    end(&f);
}

/* Deadlines of all magnitudes, time in steps of all magnitudes. */
static void test_agrees_with_a_list(void **unused)
{
    (void)unused;
    uint64_t seed = 42;
    for (int round = 0; round < 50; round++) {
        Fixture f;
        int64_t deadlines[TIMERS], now = (int64_t)(next_random(&seed) % 1000000);
        begin(&f, now);
        for (int i = 0; i < TIMERS; i++) {
            deadlines[i] = now + 1 + (int64_t)(next_random(&seed) >> (next_random(&seed) % 40 + 8)) % 4000000000000000;
            wheel_set(&f.wheel, (Timer){.deadline = deadlines[i]});
        }
        while (f.wheel.count) {
            int64_t to = now + (int64_t)(next_random(&seed) >> (next_random(&seed) % 50 + 8));
            f.ndue = 0;
            wheel_advance(&f.wheel, to, false, collect, &f);
            uint32_t expected = 0;
            for (int i = 0; i < TIMERS; i++)
                expected += deadlines[i] > now && deadlines[i] <= to;
            assert_int_equal(f.ndue, expected);
            for (uint32_t i = 0; i < f.ndue; i++)
                assert_true(f.due[i] > now && f.due[i] <= to);
            now = to;
        }
        end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires_at_its_deadline_and_not_before),
        cmocka_unit_test(test_inclusive_waits_for_the_end_of_its_instant),
        cmocka_unit_test(test_cancelled_timer_does_not_fire),
        cmocka_unit_test(test_times_before_1970),
        cmocka_unit_test(test_far_jump),
        cmocka_unit_test(test_agrees_with_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
