/* Zones: transitions, civil time with its gaps and overlaps, and times as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cep/zone.h"

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

static const Zone *zone(const char *name)
{
    const Zone *zone = zone_load(&arena, text_of(name));
    assert_non_null(zone);
    return zone;
}

static void test_unknown_zone(void **state)
{
    (void)state;
    assert_null(zone_load(&arena, TEXT("Europe/Atlantis")));
    assert_null(zone_load(&arena, TEXT("")));
    assert_null(zone_load(&arena, TEXT("Europe")));
    assert_null(zone_load(&arena, TEXT("tzdata.zi")));
    assert_null(zone_load(&arena, TEXT("Europe/Lisbon\0")));
}

static void test_a_name_stays_inside_the_database(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "../../etc/passwd", "..", ".", "../zoneinfo/UTC", "Europe/../UTC", "/UTC", "/usr/share/zoneinfo/UTC",
        "Europe/./Lisbon", "Europe\\Lisbon", "UTC ", " UTC", "UTC\n", "Europe/Lisbon\xC3", "%s", "~root",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (zone_load(&arena, text_of(wrong[i])))
            fail_msg("took %s", wrong[i]);
}

static void test_transitions_to_the_second(void **state)
{
    (void)state;
    const Zone *lisbon = zone("Europe/Lisbon");
    int64_t spring = at("2026-03-29T01:00:00Z"), autumn = at("2026-10-25T01:00:00Z");
    assert_int_equal(zone_offset(lisbon, spring - 1), 0);
    assert_int_equal(zone_offset(lisbon, spring), 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(lisbon, autumn - 1), 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(lisbon, autumn), 0);
    assert_int_equal(zone_offset(lisbon, at("2098-07-01T00:00:00Z")), 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(zone("Asia/Kolkata"), 0), 19800 * NS_PER_SECOND);
    assert_int_equal(zone_offset(zone("America/New_York"), at("2026-03-08T06:59:59Z")), -5 * 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(zone("America/New_York"), at("2026-03-08T07:00:00Z")), -4 * 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(zone("Pacific/Apia"), at("2011-12-30T09:59:59Z")), -10 * 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(zone("Pacific/Apia"), at("2011-12-30T10:00:00Z")), 14 * 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(NULL, spring), 0);
}

/* The offset changes from before to after, in minutes, exactly at a time. */
static void assert_change(const char *name, const char *time, int before, int after)
{
    int64_t minute = 60 * NS_PER_SECOND, change = at(time);
    assert_int_equal(zone_offset(zone(name), change - 1), before * minute);
    assert_int_equal(zone_offset(zone(name), change), after * minute);
}

static void test_transitions_that_no_yearly_rule_gives(void **state)
{
    (void)state;
    assert_change("America/Sao_Paulo", "2014-02-16T02:00:00Z", -120, -180);
    assert_change("America/Sao_Paulo", "2014-10-19T03:00:00Z", -180, -120);
    assert_change("America/Sao_Paulo", "2015-02-22T02:00:00Z", -120, -180);
    assert_change("America/Sao_Paulo", "2019-02-17T02:00:00Z", -120, -180);
    assert_int_equal(zone_offset(zone("America/Sao_Paulo"), at("2024-12-31T00:00:00Z")), -3 * 3600 * NS_PER_SECOND);
    assert_change("Asia/Jerusalem", "2012-09-22T23:00:00Z", 180, 120);
    assert_change("Asia/Jerusalem", "2013-03-29T00:00:00Z", 120, 180);
    assert_change("Asia/Jerusalem", "2013-10-26T23:00:00Z", 180, 120);
    assert_change("Australia/Lord_Howe", "2026-04-04T15:00:00Z", 660, 630);
    assert_change("Australia/Lord_Howe", "2026-10-03T15:30:00Z", 630, 660);
    assert_change("Pacific/Apia", "2011-12-30T10:00:00Z", -600, 840);
    assert_change("Africa/Casablanca", "2026-02-15T02:00:00Z", 60, 0);
    assert_change("Africa/Casablanca", "2026-03-22T02:00:00Z", 0, 60);
}

static void test_transitions_of_the_last_rule_go_on_to_2100(void **state)
{
    (void)state;
    assert_change("Europe/Lisbon", "2100-03-28T01:00:00Z", 0, 60);
    assert_change("Europe/Lisbon", "2100-10-31T01:00:00Z", 60, 0);
    assert_change("Australia/Lord_Howe", "2099-10-03T15:30:00Z", 630, 660);
    assert_change("America/Nuuk", "2050-03-27T01:00:00Z", -120, -60);
}

static void test_zones_without_transitions(void **state)
{
    (void)state;
    assert_int_equal(zone("UTC")->n, 1);
    assert_int_equal(zone_offset(zone("UTC"), INT64_MAX), 0);
    assert_int_equal(zone("Etc/GMT+5")->n, 1);
    assert_int_equal(zone_offset(zone("Etc/GMT+5"), 0), -5 * 3600 * NS_PER_SECOND);
    assert_int_equal(zone_offset(zone("Etc/GMT-14"), INT64_MIN), 14 * 3600 * NS_PER_SECOND);
}

static void test_a_table_is_ascending_and_without_repeats(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Lisbon", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kolkata"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const Zone *one = zone(names[i]);
        assert_int_equal(one->from[0], 0);
        for (uint32_t k = 1; k < one->n; k++) {
            assert_true(one->from[k] > one->from[k - 1]);
            assert_true(one->offset[k] != one->offset[k - 1]);
        }
    }
}

static void test_civil_there_and_back(void **state)
{
    (void)state;
    const Zone *zones[] = {NULL, zone("Europe/Lisbon"), zone("Asia/Kolkata"), zone("America/St_Johns")};
    for (int z = 0; z < 4; z++)
        for (int64_t day = -40000; day < 60000; day += 13) {
            int64_t time = day * NS_PER_DAY + 12 * 3600 * NS_PER_SECOND + day;
            Civil civil = civil_of(zones[z], time);
            assert_int_equal(civil_time(zones[z], civil), time);
            assert_in_range(civil.month, 1, 12);
            assert_in_range(civil.day, 1, civil_month_days(civil.year, civil.month));
        }
}

static void test_ends_of_the_range(void **state)
{
    (void)state;
    Civil first = civil_of(NULL, INT64_MIN), last = civil_of(NULL, INT64_MAX);
    assert_int_equal(first.year, 1677);
    assert_int_equal(first.month, 9);
    assert_int_equal(first.day, 21);
    assert_int_equal(last.year, 2262);
    assert_int_equal(last.ns, 854775807);
    assert_int_equal(civil_time(NULL, first), INT64_MIN);
    assert_int_equal(civil_time(NULL, last), INT64_MAX);
    last.year++;
    assert_int_equal(civil_time(NULL, last), INT64_MAX);
}

static void test_local_time_in_a_gap_keeps_the_offset_before(void **state)
{
    (void)state;
    Civil civil = {.year = 2026, .month = 3, .day = 29, .hour = 1, .minute = 30};
    assert_int_equal(civil_time(zone("Europe/Lisbon"), civil), at("2026-03-29T01:30:00Z"));
    Civil skipped = {.year = 2011, .month = 12, .day = 30, .hour = 12};
    assert_int_equal(civil_time(zone("Pacific/Apia"), skipped), at("2011-12-30T22:00:00Z"));
}

static void test_local_time_that_happens_twice_is_the_first(void **state)
{
    (void)state;
    Civil civil = {.year = 2026, .month = 10, .day = 25, .hour = 1, .minute = 30};
    assert_int_equal(civil_time(zone("Europe/Lisbon"), civil), at("2026-10-25T00:30:00Z"));
    Civil new_york = {.year = 2026, .month = 11, .day = 1, .hour = 1, .minute = 30};
    assert_int_equal(civil_time(zone("America/New_York"), new_york), at("2026-11-01T05:30:00Z"));
}

static void test_weekdays(void **state)
{
    (void)state;
    assert_int_equal(civil_weekday(civil_of(NULL, 0)), 4);
    assert_int_equal(civil_weekday(civil_of(NULL, at("2026-03-01T00:00:00Z"))), 7);
    assert_int_equal(civil_weekday(civil_of(NULL, at("2026-03-02T00:00:00Z"))), 1);
    assert_int_equal(civil_weekday(civil_of(NULL, at("1969-12-29T00:00:00Z"))), 1);
}

static void test_parse(void **state)
{
    (void)state;
    assert_int_equal(at("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(at("2026-01-31T09:00:00.25Z"), INT64_C(1769850000250000000));
    assert_int_equal(at("2026-01-31T09:00Z"), INT64_C(1769850000000000000));
    assert_int_equal(at("2026-01-31T10:30:00+01:30"), INT64_C(1769850000000000000));
    assert_int_equal(at("2026-01-31T04:00:00-05:00"), INT64_C(1769850000000000000));
    assert_int_equal(at("2024-02-29T00:00:00Z"), INT64_C(1709164800000000000));
    assert_int_equal(at("2000-02-29T00:00:00Z"), INT64_C(951782400000000000));
    assert_int_equal(at("1969-12-31T23:59:59.999999999Z"), -1);
    assert_int_equal(at("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z"));
    assert_int_equal(at("2262-04-11T23:47:16.854775807Z"), INT64_MAX);
    assert_int_equal(at("1677-09-21T00:12:43.145224192Z"), INT64_MIN);
}

static void test_parse_is_strict(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "2026", "2026-01", "2026-01-31", "2026-01-31T", "2026-01-31T09Z", "2026-01-31T09:00:00", "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+1:00",
        "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00 Z", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00ZZ", " 2026-01-01T00:00:00Z", "2026-1-1T00:00:00Z", "+2026-01-01T00:00:00Z",
        "2262-04-11T23:47:16.854775808Z", "1677-09-21T00:12:43.145224191Z", "9999-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t time;
        if (time_parse(text_of(wrong[i]), NULL, false, &time))
            fail_msg("took %s", wrong[i]);
    }
}

static void test_parse_local(void **state)
{
    (void)state;
    int64_t time;
    assert_true(time_parse(TEXT("2026-07-01T12:00:00"), zone("Europe/Lisbon"), true, &time));
    assert_int_equal(time, at("2026-07-01T11:00:00Z"));
    assert_true(time_parse(TEXT("2026-07-01"), zone("Europe/Lisbon"), true, &time));
    assert_int_equal(time, at("2026-06-30T23:00:00Z"));
    assert_true(time_parse(TEXT("2026-07-01T12:00:00Z"), zone("Europe/Lisbon"), true, &time));
    assert_int_equal(time, at("2026-07-01T12:00:00Z"));
}

static void assert_time(int64_t time, const char *expected)
{
    char text[TIME_TEXT_MAX];
    assert_int_equal(time_text(time, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void test_time_text(void **state)
{
    (void)state;
    assert_time(0, "1970-01-01T00:00:00Z");
    assert_time(-1, "1969-12-31T23:59:59.999999999Z");
    assert_time(INT64_C(1769850000250000000), "2026-01-31T09:00:00.25Z");
    assert_time(INT64_MAX, "2262-04-11T23:47:16.854775807Z");
    assert_time(INT64_MIN, "1677-09-21T00:12:43.145224192Z");
}

static void assert_duration(int64_t ns, const char *expected)
{
    char text[TIME_TEXT_MAX];
    assert_int_equal(duration_text(ns, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void test_duration_text(void **state)
{
    (void)state;
    assert_duration(0, "0 s");
    assert_duration(90 * 60 * NS_PER_SECOND, "1 h 30 min");
    assert_duration(250000000, "250 ms");
    assert_duration(NS_PER_DAY, "1 day");
    assert_duration(-2 * NS_PER_DAY - 1, "-2 days 1 ns");
    assert_duration(INT64_MIN, "-106751 days 23 h 47 min 16 s 854 ms 775 us 808 ns");
}

/* A database of one zone, Test/Zone, in a folder of its own. */
typedef struct Database {
    char directory[32], path[64], kept[256];
    bool had;
} Database;

static void database_make(Database *database)
{
    const char *before = getenv("TZDIR");
    database->had = before != NULL;
    snprintf(database->kept, sizeof database->kept, "%s", before ? before : "");
    strcpy(database->directory, "/tmp/test_zone.XXXXXX");
    assert_non_null(mkdtemp(database->directory));
    snprintf(database->path, sizeof database->path, "%s/Test", database->directory);
    assert_int_equal(mkdir(database->path, 0700), 0);
    strcat(database->path, "/Zone");
    assert_int_equal(setenv("TZDIR", database->directory, 1), 0);
}

static void database_write(const Database *database, const char *bytes, size_t size)
{
    FILE *file = fopen(database->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void database_remove(Database *database)
{
    if (database->had)
        setenv("TZDIR", database->kept, 1);
    else
        unsetenv("TZDIR");
    remove(database->path);
    *strrchr(database->path, '/') = 0;
    remove(database->path);
    remove(database->directory);
}

/* The bytes of a real file. */
static size_t file_bytes(const char *name, char *bytes, size_t size_max)
{
    char path[128];
    const char *directory = getenv("TZDIR");
    snprintf(path, sizeof path, "%s/%s", directory && *directory ? directory : "/usr/share/zoneinfo", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, size_max, file);
    fclose(file);
    assert_in_range(size, 100, size_max - 1);
    return size;
}

static void test_the_environment_names_the_database(void **state)
{
    (void)state;
    char bytes[8192];
    size_t size = file_bytes("Asia/Kolkata", bytes, sizeof bytes);
    Database database;
    database_make(&database);
    database_write(&database, bytes, size);
    assert_null(zone_load(&arena, TEXT("UTC")));
    const Zone *copy = zone("Test/Zone");
    assert_true(text_is_c(copy->name, "Test/Zone"));
    assert_int_equal(zone_offset(copy, 0), 19800 * NS_PER_SECOND);
    char version[ZONE_VERSION_MAX];
    assert_false(zone_database_version(version));
    database_remove(&database);
}

static void test_a_truncated_file_is_no_zone(void **state)
{
    (void)state;
    char bytes[8192];
    size_t size = file_bytes("Europe/Lisbon", bytes, sizeof bytes);
    Database database;
    database_make(&database);
    for (size_t cut = 0; cut < size; cut += cut < 100 || cut + 60 > size ? 1 : 37) {
        database_write(&database, bytes, cut);
        assert_null(zone_load(&arena, TEXT("Test/Zone")));
    }
    database_write(&database, bytes, size);
    assert_non_null(zone_load(&arena, TEXT("Test/Zone")));
    database_remove(&database);
}

static void test_a_corrupted_file_is_no_zone(void **state)
{
    (void)state;
    char bytes[8192], wrong[8192];
    size_t size = file_bytes("Europe/Lisbon", bytes, sizeof bytes);
    Database database;
    database_make(&database);
    for (size_t i = 20; i < 44; i++) { /* the counts of the first header */
        memcpy(wrong, bytes, size);
        wrong[i] = (char)(wrong[i] ^ 0x55);
        database_write(&database, wrong, size);
        assert_null(zone_load(&arena, TEXT("Test/Zone")));
    }
    memcpy(wrong, bytes, size);
    wrong[size - 2] = ';';
    database_write(&database, wrong, size);
    assert_null(zone_load(&arena, TEXT("Test/Zone")));
    database_remove(&database);
}

static void test_a_zone_leaves_only_the_arena(void **state)
{
    (void)state;
    (void)zone("Europe/Lisbon");
    uint64_t bytes = memory.bytes;
    assert_null(zone_load(&arena, TEXT("Europe/Atlantis")));
    (void)zone("Asia/Kolkata");
    assert_int_equal(memory.bytes, bytes);
}

static void test_database_version(void **state)
{
    (void)state;
    char version[ZONE_VERSION_MAX];
    if (!zone_database_version(version))
        skip();
    assert_true(version[0] == '2' && strlen(version) >= 5);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_unknown_zone), UNIT(test_a_name_stays_inside_the_database), UNIT(test_transitions_to_the_second),
        UNIT(test_transitions_that_no_yearly_rule_gives), UNIT(test_transitions_of_the_last_rule_go_on_to_2100),
        UNIT(test_zones_without_transitions), UNIT(test_a_table_is_ascending_and_without_repeats),
        UNIT(test_the_environment_names_the_database), UNIT(test_a_truncated_file_is_no_zone),
        UNIT(test_a_corrupted_file_is_no_zone), UNIT(test_a_zone_leaves_only_the_arena), UNIT(test_database_version),
        UNIT(test_civil_there_and_back),
        UNIT(test_ends_of_the_range), UNIT(test_local_time_in_a_gap_keeps_the_offset_before),
        UNIT(test_local_time_that_happens_twice_is_the_first), UNIT(test_weekdays), UNIT(test_parse),
        UNIT(test_parse_is_strict), UNIT(test_parse_local), UNIT(test_time_text), UNIT(test_duration_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
