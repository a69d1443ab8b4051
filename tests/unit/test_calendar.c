/* Calendar windows: real days, months and years, windows with pauses, and truncation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cep/calendar.h"

static Memory memory;
static Arena arena;

static int arena_setup(void **state)
{
    (void)state;
    arena_init(&arena, &memory);
    return 0;
}

static int arena_teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static int64_t at(const char *text)
{
    int64_t time;
    assert_true(time_parse(text_of(text), NULL, false, &time));
    return time;
}

static const Zone *lisbon(void)
{
    const Zone *zone = zone_load(&arena, TEXT("Europe/Lisbon"));
    assert_non_null(zone);
    return zone;
}

#define HOUR (3600 * NS_PER_SECOND)
#define MINUTE (60 * NS_PER_SECOND)

static ContextStep every(int64_t n, CalendarUnit unit, const Zone *zone)
{
    return (ContextStep){.kind = CONTEXT_FIXED, .from = TIME_NONE, .to = TIME_NONE, .every = n, .every_unit = unit, .zone = zone};
}

static void assert_window(const ContextStep *fixed, const char *time, const char *start, const char *end)
{
    int64_t s, e;
    assert_true(calendar_window(fixed, at(time), &s, &e));
    char text[2][TIME_TEXT_MAX];
    time_text(s, text[0]);
    time_text(e, text[1]);
    assert_string_equal(text[0], start);
    assert_string_equal(text[1], end);
}

static void assert_no_window(const ContextStep *fixed, const char *time)
{
    int64_t s, e;
    assert_false(calendar_window(fixed, at(time), &s, &e));
}

static void assert_next(const ContextStep *fixed, const char *time, const char *start, const char *end)
{
    int64_t s, e;
    assert_true(calendar_next(fixed, at(time), &s, &e));
    char text[2][TIME_TEXT_MAX];
    time_text(s, text[0]);
    time_text(e, text[1]);
    assert_string_equal(text[0], start);
    assert_string_equal(text[1], end);
}

static void test_quarters_of_an_hour(void **state)
{
    (void)state;
    ContextStep fixed = every(15 * MINUTE, CALENDAR_NS, NULL);
    assert_window(&fixed, "2026-03-01T09:07:00Z", "2026-03-01T09:00:00Z", "2026-03-01T09:15:00Z");
    assert_window(&fixed, "2026-03-01T09:15:00Z", "2026-03-01T09:15:00Z", "2026-03-01T09:30:00Z");
    assert_window(&fixed, "2026-03-01T09:14:59.999999999Z", "2026-03-01T09:00:00Z", "2026-03-01T09:15:00Z");
    assert_window(&fixed, "1969-12-31T23:59:00Z", "1969-12-31T23:45:00Z", "1970-01-01T00:00:00Z");
    fixed.from = at("2026-03-01T09:05:00Z");
    assert_window(&fixed, "2026-03-01T09:21:00Z", "2026-03-01T09:20:00Z", "2026-03-01T09:35:00Z");
    assert_no_window(&fixed, "2026-03-01T09:04:59Z");
    assert_next(&fixed, "2026-01-01T00:00:00Z", "2026-03-01T09:05:00Z", "2026-03-01T09:20:00Z");
}

static void test_days_of_lisbon(void **state)
{
    (void)state;
    ContextStep day = every(1, CALENDAR_DAY, lisbon());
    assert_window(&day, "2026-03-01T12:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    assert_window(&day, "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"); /* 23 h */
    assert_window(&day, "2026-03-29T23:00:00Z", "2026-03-29T23:00:00Z", "2026-03-30T23:00:00Z");
    assert_window(&day, "2026-10-24T23:30:00Z", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"); /* 25 h */
    assert_window(&day, "2026-10-25T23:59:59Z", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z");
}

/* Windows lie end to end, whatever the clock does. */
static void test_windows_are_seamless(void **state)
{
    (void)state;
    static const CalendarUnit units[] = {CALENDAR_DAY, CALENDAR_WEEK, CALENDAR_MONTH, CALENDAR_YEAR};
    for (int u = 0; u < 4; u++)
        for (int64_t n = 1; n <= 3; n++) {
            ContextStep fixed = every(n, units[u], lisbon());
            int64_t start, end, next_start, next_end;
            assert_true(calendar_window(&fixed, at("2019-05-05T05:05:05Z"), &start, &end));
            for (int i = 0; i < 400 && end < at("2095-01-01T00:00:00Z"); i++) {
                assert_true(calendar_window(&fixed, end - 1, &next_start, &next_end));
                assert_int_equal(next_start, start);
                assert_true(calendar_window(&fixed, end, &next_start, &next_end));
                assert_int_equal(next_start, end);
                start = next_start;
                end = next_end;
            }
        }
}

static void test_weeks_begin_on_monday(void **state)
{
    (void)state;
    ContextStep week = every(1, CALENDAR_WEEK, NULL);
    assert_window(&week, "2026-03-01T12:00:00Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z");
    assert_window(&week, "1970-01-01T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z");
    ContextStep fortnight = every(2, CALENDAR_WEEK, NULL);
    assert_window(&fortnight, "1970-01-08T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-12T00:00:00Z");
}

static void test_months_and_years(void **state)
{
    (void)state;
    ContextStep month = every(1, CALENDAR_MONTH, lisbon());
    assert_window(&month, "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
    assert_window(&month, "2026-03-31T23:30:00Z", "2026-03-31T23:00:00Z", "2026-04-30T23:00:00Z");
    ContextStep quarter = every(3, CALENDAR_MONTH, NULL);
    assert_window(&quarter, "2026-05-15T00:00:00Z", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z");
    assert_window(&quarter, "1969-11-15T00:00:00Z", "1969-10-01T00:00:00Z", "1970-01-01T00:00:00Z");
    ContextStep year = every(1, CALENDAR_YEAR, NULL);
    assert_window(&year, "2024-12-31T23:59:59Z", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
}

static void test_every_n_days_counts_from_1970(void **state)
{
    (void)state;
    ContextStep fixed = every(3, CALENDAR_DAY, NULL);
    assert_window(&fixed, "1970-01-03T12:00:00Z", "1970-01-01T00:00:00Z", "1970-01-04T00:00:00Z");
    assert_window(&fixed, "1969-12-31T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-01T00:00:00Z");
}

/* Shift: from 08:00 for 9 h every 1 day, local. */
static void test_windows_with_pauses(void **state)
{
    (void)state;
    ContextStep shift = every(1, CALENDAR_DAY, lisbon());
    shift.from = at("2026-01-05T08:00:00Z");
    shift.length = 9 * HOUR;
    assert_window(&shift, "2026-01-06T16:59:59Z", "2026-01-06T08:00:00Z", "2026-01-06T17:00:00Z");
    assert_no_window(&shift, "2026-01-06T17:00:00Z");
    assert_no_window(&shift, "2026-01-06T07:59:59Z");
    assert_no_window(&shift, "2026-01-04T09:00:00Z");
    assert_window(&shift, "2026-07-06T07:00:00Z", "2026-07-06T07:00:00Z", "2026-07-06T16:00:00Z"); /* 08:00 in summer */
    assert_next(&shift, "2026-01-06T17:00:00Z", "2026-01-07T08:00:00Z", "2026-01-07T17:00:00Z");
    assert_next(&shift, "2026-01-06T12:00:00Z", "2026-01-06T08:00:00Z", "2026-01-06T17:00:00Z");
    assert_next(&shift, "2025-01-01T00:00:00Z", "2026-01-05T08:00:00Z", "2026-01-05T17:00:00Z");
}

static void test_months_from_the_31st_do_not_drift(void **state)
{
    (void)state;
    ContextStep month = every(1, CALENDAR_MONTH, NULL);
    month.from = at("2026-01-31T00:00:00Z");
    assert_window(&month, "2026-03-01T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z");
    assert_window(&month, "2026-04-01T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z");
}

static void test_one_window(void **state)
{
    (void)state;
    ContextStep once = {.kind = CONTEXT_FIXED, .from = at("2026-03-01T00:00:00Z"), .to = at("2026-03-02T00:00:00Z")};
    assert_window(&once, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    assert_no_window(&once, "2026-03-02T00:00:00Z");
    assert_no_window(&once, "2026-02-28T23:59:59Z");
    assert_next(&once, "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    int64_t start, end;
    assert_false(calendar_next(&once, at("2026-03-02T00:00:00Z"), &start, &end));
    once.to = TIME_NONE;
    once.length = HOUR;
    assert_window(&once, "2026-03-01T00:59:59Z", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z");
}

static void test_ends_of_time(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX};
    for (CalendarUnit unit = CALENDAR_NS; unit <= CALENDAR_YEAR; unit++)
        for (int i = 0; i < 4; i++) {
            ContextStep fixed = every(unit == CALENDAR_NS ? HOUR : 1, unit, lisbon());
            int64_t start, end;
            if (calendar_window(&fixed, times[i], &start, &end))
                assert_true(start <= times[i] && times[i] < end);
        }
}

static void test_truncate(void **state)
{
    (void)state;
    uint8_t s = STATE_OK;
    const Zone *zone = lisbon();
    assert_int_equal(calendar_truncate(NULL, at("2026-07-01T12:34:56Z"), HOUR, &s), at("2026-07-01T12:00:00Z"));
    assert_int_equal(calendar_truncate(zone, at("2026-07-01T12:34:56Z"), NS_PER_DAY, &s), at("2026-06-30T23:00:00Z"));
    assert_int_equal(calendar_truncate(zone, at("2026-03-29T12:00:00Z"), NS_PER_DAY, &s), at("2026-03-29T00:00:00Z"));
    /* the second 01:45 of the day with 25 hours */
    assert_int_equal(calendar_truncate(zone, at("2026-10-25T01:45:00Z"), HOUR, &s), at("2026-10-25T01:00:00Z"));
    assert_int_equal(calendar_truncate(NULL, -1, NS_PER_SECOND, &s), -NS_PER_SECOND);
    assert_int_equal(s, STATE_OK);
    calendar_truncate(NULL, 5, 0, &s);
    assert_int_equal(s, STATE_ERROR);
    s = STATE_OK;
    calendar_truncate(NULL, INT64_MIN, HOUR, &s);
    assert_int_equal(s, STATE_ERROR);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_quarters_of_an_hour), UNIT(test_days_of_lisbon), UNIT(test_windows_are_seamless),
        UNIT(test_weeks_begin_on_monday), UNIT(test_months_and_years), UNIT(test_every_n_days_counts_from_1970),
        UNIT(test_windows_with_pauses), UNIT(test_months_from_the_31st_do_not_drift), UNIT(test_one_window),
        UNIT(test_ends_of_time), UNIT(test_truncate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
