/* TZif files made here byte by byte: the forms of the rule at the end, and files that are not to be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "cep/tzfile.h"

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

/* ── Writing files ── */

/* One with an empty first block, and as many types as types there are offsets, all of the name "X". */
typedef struct File {
    uint32_t nutc, nstandard, nleaps, ntimes, ntypes, nchars; /* as the header says */
    int64_t times[4];
    uint8_t type_of[4];
    int32_t offsets[4];
    const char *footer; /* with its newlines */
} File;

enum { FILE_SIZE_MAX = 512, BLOCK_AT = 44 + 6 + 2, TIMES_AT = BLOCK_AT + 44 };

static char *put(char *p, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--)
        *p++ = (char)(value >> 8 * i);
    return p;
}

static char *header_put(char *p, const uint32_t counts[6])
{
    memcpy(p, "TZif2", 5);
    memset(p + 5, 0, 15);
    p += 20;
    for (int i = 0; i < 6; i++)
        p = put(p, counts[i], 4);
    return p;
}

static uint32_t file_put(const File *file, char bytes[FILE_SIZE_MAX])
{
    static const uint32_t first[6] = {0, 0, 0, 0, 1, 2};
    const uint32_t counts[6] = {file->nutc, file->nstandard, file->nleaps, file->ntimes, file->ntypes, file->nchars};
    char *p = header_put(bytes, first);
    memset(p, 0, 8);
    p = header_put(p + 8, counts);
    for (uint32_t i = 0; i < file->ntimes && i < 4; i++)
        p = put(p, (uint64_t)file->times[i], 8);
    for (uint32_t i = 0; i < file->ntimes && i < 4; i++)
        p = put(p, file->type_of[i], 1);
    for (uint32_t i = 0; i < file->ntypes && i < 4; i++)
        p = put(put(p, (uint32_t)file->offsets[i], 4), 0, 2);
    memcpy(p, "X\0", 2);
    p += 2;
    memset(p, 0, file->nstandard + file->nutc + file->nleaps * 12);
    p += file->nstandard + file->nutc + file->nleaps * 12;
    memcpy(p, file->footer, strlen(file->footer));
    return (uint32_t)(p - bytes + strlen(file->footer));
}

/* Reads from a block of exactly that size, so that a sanitizer sees what is read outside. */
static bool bytes_read(const char *bytes, uint32_t size, Zone *zone)
{
    *zone = (Zone){0};
    char *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    bool ok = tzfile_read(&arena, (Text){exact, size}, zone);
    free(exact);
    return ok;
}

static bool file_read(const File *file, Zone *zone)
{
    char bytes[FILE_SIZE_MAX];
    return bytes_read(bytes, file_put(file, bytes), zone);
}

static const File plain = {
    .ntimes = 2, .ntypes = 2, .nchars = 2, .times = {1000, 2000}, .type_of = {1, 0}, .offsets = {0, 3600},
    .footer = "\nXXX0\n",
};

/* A zone that has nothing but a rule. */
static bool rule_read(const char *rule, Zone *zone)
{
    char footer[128] = "\n";
    strcat(strcat(footer, rule), "\n");
    return file_read(&(File){.ntypes = 1, .nchars = 2, .footer = footer}, zone);
}

/* ── Rules ── */

static void assert_change(const char *rule, const char *time, int before, int after)
{
    Zone zone;
    assert_true(rule_read(rule, &zone));
    int64_t change = at(time);
    assert_int_equal(zone_offset(&zone, change - 1), before * NS_PER_SECOND);
    assert_int_equal(zone_offset(&zone, change), after * NS_PER_SECOND);
}

static void assert_always(const char *rule, int offset)
{
    Zone zone;
    assert_true(rule_read(rule, &zone));
    assert_int_equal(zone.n, 1);
    assert_int_equal(zone.from[0], 0);
    assert_int_equal(zone.offset[0], offset);
}

static void test_rule_without_summer(void **state)
{
    (void)state;
    assert_always("UTC0", 0);
    assert_always("EST5", -18000);
    assert_always("EST+5", -18000);
    assert_always("<-03>3", -10800);
    assert_always("<+1245>-12:45", 45900);
    assert_always("LMT-0:36:45", 2205);
    assert_always("XXX24:59:59", -89999);
}

static void test_rule_of_weekdays(void **state)
{
    (void)state;
    assert_change("WET0WEST,M3.5.0/1,M10.5.0", "1970-03-29T01:00:00Z", 0, 3600);
    assert_change("WET0WEST,M3.5.0/1,M10.5.0", "2100-10-31T01:00:00Z", 3600, 0);
    assert_change("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -18000, -14400);
    assert_change("EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -14400, -18000);
    assert_change("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-04-04T16:00:00Z", 39600, 36000);
    assert_change("XXX0YYY,M2.5.0,M6.1.6", "2032-02-29T02:00:00Z", 0, 3600); /* the fifth Sunday */
    assert_change("XXX0YYY,M2.5.0,M6.1.6", "2026-02-22T02:00:00Z", 0, 3600); /* the fourth */
}

static void test_rule_of_days(void **state)
{
    (void)state;
    assert_change("XXX0YYY,J60,J300", "2024-03-01T02:00:00Z", 0, 3600);
    assert_change("XXX0YYY,J60,J300", "2025-03-01T02:00:00Z", 0, 3600);
    assert_change("XXX0YYY,59,300", "2024-02-29T02:00:00Z", 0, 3600);
    assert_change("XXX0YYY,59,300", "2025-03-01T02:00:00Z", 0, 3600);
    assert_change("XXX0YYY,J59,J365/1:30:15", "2024-02-28T02:00:00Z", 0, 3600);
    assert_change("XXX0YYY,J59,J365/1:30:15", "2024-12-31T00:30:15Z", 3600, 0);
}

static void test_rule_with_times_of_other_days(void **state)
{
    (void)state;
    assert_change("EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00Z", 7200, 10800);
    assert_change("IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 7200, 10800);
    assert_change("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -7200, -3600);
    assert_change("XXX0YYY,J1/-167,J180/167", "2024-12-25T01:00:00Z", 0, 3600);
    assert_change("XXX0YYY,J1/-167,J180/167", "2025-07-05T22:00:00Z", 3600, 0);
}

static void test_rule_whose_summer_is_behind(void **state)
{
    (void)state;
    assert_change("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-10-25T01:00:00Z", 3600, 0);
    assert_change("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T01:00:00Z", 0, 3600);
    assert_change("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-03T15:30:00Z", 37800, 39600);
}

static void test_rule_of_endless_summer(void **state)
{
    (void)state;
    assert_always("EST5EDT,0/0,J365/25", -14400);
    assert_always("XXX3EDT4,0/0,J365/23", -14400);
    assert_always("XXX0YYY,J1/-10,J365/167", 3600);
}

static void test_rules_that_are_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "X", "XX0", "XXX", "XXX25", "XXX1:60", "XXX1:00:60", "XXX1:", "XXX0 ", "<XX>0", "<XXX0", "<X!X>0", ":UTC",
        "XXX0YYY", "XXX0YYY,", "XXX0YYY,M3.5.0", "XXX0YYY,M3.5.0,", "XXX0YYY,M3.5.0,M10.5.0,", "XXX0YYY,M13.1.0,M10.5.0",
        "XXX0YYY,M0.1.0,M10.5.0", "XXX0YYY,M3.6.0,M10.5.0", "XXX0YYY,M3.0.0,M10.5.0", "XXX0YYY,M3.1.7,M10.5.0",
        "XXX0YYY,M3.1,M10.5.0", "XXX0YYY,J0,J365", "XXX0YYY,J1,J366", "XXX0YYY,0,366", "XXX0YYY,-1,3",
        "XXX0YYY,0/168,J365", "XXX0YYY,0/-168,J365", "XXX0YYY,0/,J365", "XXX0YYY,0/1000,J365", "XXX0YYY25,0,J365",
        "XXX0YY,0,J365", "XXX99999999999999999999",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Zone zone;
        if (rule_read(wrong[i], &zone))
            fail_msg("took %s", wrong[i]);
    }
}

/* ── Blocks ── */

static void test_block(void **state)
{
    (void)state;
    Zone zone;
    assert_true(file_read(&plain, &zone));
    assert_int_equal(zone.n, 3);
    assert_int_equal(zone.from[1], 1000);
    assert_int_equal(zone.offset[1], 3600);
    assert_int_equal(zone.offset[2], 0);
}

static void test_block_outside_the_range(void **state)
{
    (void)state;
    File file = plain;
    Zone zone;
    file.footer = "\n\n";
    file.times[0] = INT64_MIN;
    file.times[1] = INT64_MAX;
    assert_true(file_read(&file, &zone));
    assert_int_equal(zone.n, 1);
    assert_int_equal(zone.offset[0], 3600);
    file.footer = "\nXXX0YYY,M3.5.0,M10.5.0\n";
    assert_true(file_read(&file, &zone));
    assert_int_equal(zone.n, 1);
}

static void test_rule_holds_from_the_last_time(void **state)
{
    (void)state;
    File file = plain;
    Zone zone;
    file.times[0] = at("2020-01-01T00:00:00Z") / NS_PER_SECOND;
    file.times[1] = at("2026-10-25T01:00:00Z") / NS_PER_SECOND;
    file.footer = "\nWET0WEST,M3.5.0/1,M10.5.0\n";
    assert_true(file_read(&file, &zone));
    assert_int_equal(zone.offset[0], 0);
    assert_int_equal(zone.from[1], file.times[0]);
    assert_int_equal(zone.from[2], file.times[1]);
    assert_int_equal(zone.from[3], at("2027-03-28T01:00:00Z") / NS_PER_SECOND);
    assert_int_equal(zone.n, 3 + 2 * 74);
    file.footer = "\n\n";
    assert_true(file_read(&file, &zone));
    assert_int_equal(zone.n, 3);
}

static void assert_refused(const File *file)
{
    Zone zone;
    assert_false(file_read(file, &zone));
}

static void test_blocks_that_are_not_to_be_believed(void **state)
{
    (void)state;
    File file = plain;
    file.times[1] = file.times[0];
    assert_refused(&file);
    file = plain;
    file.type_of[1] = 2;
    assert_refused(&file);
    file = plain;
    file.offsets[1] = INT32_MIN;
    assert_refused(&file);
    file.offsets[1] = 93600;
    assert_refused(&file);
    file.offsets[1] = -90000;
    assert_refused(&file);
    file = plain;
    file.nutc = 1;
    assert_refused(&file);
    file = plain;
    file.nstandard = 3;
    assert_refused(&file);
    file = plain;
    file.nleaps = 1;
    assert_refused(&file);
    file = plain;
    file.ntypes = 0;
    file.ntimes = 0;
    assert_refused(&file);
    file = plain;
    file.footer = "XXX0\n";
    assert_refused(&file);
    file.footer = "\nXXX0";
    assert_refused(&file);
}

static void test_counts_that_overflow(void **state)
{
    (void)state;
    char bytes[FILE_SIZE_MAX];
    Zone zone;
    for (int header = 0; header < 2; header++)
        for (int count = 0; count < 6; count++) {
            static const uint32_t values[] = {UINT32_MAX, 0x80000000, 0x20000000, 0x1C71C71D, 0x10000, 255};
            for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                uint32_t size = file_put(&plain, bytes);
                put(bytes + (header ? BLOCK_AT : 0) + 20 + 4 * count, values[i], 4);
                assert_false(bytes_read(bytes, size, &zone));
            }
        }
}

static void test_version_1_and_other_files(void **state)
{
    (void)state;
    char bytes[FILE_SIZE_MAX];
    Zone zone;
    uint32_t size = file_put(&plain, bytes);
    bytes[4] = 0;
    assert_false(bytes_read(bytes, size, &zone));
    bytes[4] = '4';
    assert_true(bytes_read(bytes, size, &zone));
    bytes[0] = 't';
    assert_false(bytes_read(bytes, size, &zone));
    assert_false(bytes_read("", 0, &zone));
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    char bytes[FILE_SIZE_MAX];
    Zone zone;
    uint32_t size = file_put(&plain, bytes);
    for (uint32_t cut = 0; cut < size; cut++)
        assert_false(bytes_read(bytes, cut, &zone));
    assert_true(bytes_read(bytes, size, &zone));
}

/* Whatever is believed is a table that bisection can trust. */
static void test_every_corruption_is_harmless(void **state)
{
    (void)state;
    File file = plain;
    char bytes[FILE_SIZE_MAX];
    file.footer = "\nEST5EDT4,M3.2.0/2:30:15,J365/-5\n";
    uint32_t size = file_put(&file, bytes);
    for (uint32_t i = 0; i < size; i++)
        for (int value = 0; value < 256; value++) {
            char kept = bytes[i];
            Zone zone;
            bytes[i] = (char)value;
            if (bytes_read(bytes, size, &zone)) {
                assert_true(zone.n > 0 && zone.from[0] == 0);
                for (uint32_t k = 1; k < zone.n; k++)
                    assert_true(zone.from[k] > zone.from[k - 1]);
            }
            bytes[i] = kept;
            arena_reset(&arena);
        }
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_rule_without_summer), UNIT(test_rule_of_weekdays), UNIT(test_rule_of_days),
        UNIT(test_rule_with_times_of_other_days), UNIT(test_rule_whose_summer_is_behind),
        UNIT(test_rule_of_endless_summer), UNIT(test_rules_that_are_none), UNIT(test_block),
        UNIT(test_block_outside_the_range), UNIT(test_rule_holds_from_the_last_time),
        UNIT(test_blocks_that_are_not_to_be_believed), UNIT(test_counts_that_overflow),
        UNIT(test_version_1_and_other_files), UNIT(test_every_truncation_is_refused),
        UNIT(test_every_corruption_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
