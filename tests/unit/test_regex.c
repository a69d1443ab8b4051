/* Regexes: what is accepted, and that nothing runs long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cep/plan.h"
#include "cep/regex.h"

typedef struct Bench {
    Memory memory;
    Plan plan;
    RegexRun *run;
    char error[200];
    uint32_t offset;
} Bench;

static int bench_init(void **state)
{
    Bench *bench = calloc(1, sizeof *bench);
    arena_init(&bench->plan.arena, &bench->memory);
    bench->run = regex_run_new(&bench->memory);
    *state = bench;
    return 0;
}

static int bench_fini(void **state)
{
    Bench *bench = *state;
    regex_run_free(bench->run);
    plan_free(&bench->plan);
    assert_int_equal(bench->memory.bytes, 0);
    free(bench);
    return 0;
}

static Regex *compiled(Bench *bench, const char *pattern, const char *flags)
{
    return plan_regex(&bench->plan, text_of(pattern), text_of(flags), bench->error, sizeof bench->error, &bench->offset);
}

static bool matches(Bench *bench, const char *pattern, const char *flags, const char *subject)
{
    Regex *regex = compiled(bench, pattern, flags);
    assert_non_null(regex);
    bool matches;
    assert_int_equal(regex_matches(regex, bench->run, text_of(subject), &matches), STATE_OK);
    return matches;
}

static void test_matches_somewhere(void **state)
{
    assert_true(matches(*state, "b+", "", "abbbc"));
    assert_false(matches(*state, "^b", "", "abbbc"));
    assert_true(matches(*state, "", "", ""));
}

static void test_flags(void **state)
{
    assert_true(matches(*state, "AbC", "i", "xabcx"));
    assert_true(matches(*state, "^b$", "m", "a\nb\nc"));
    assert_false(matches(*state, "a.b", "", "a\nb"));
    assert_true(matches(*state, "a.b", "s", "a\nb"));
    assert_true(matches(*state, "a b # comment", "x", "ab"));
    assert_null(compiled(*state, "a", "g"));
    assert_non_null(strstr(((Bench *)*state)->error, "`g`"));
}

static void test_utf8(void **state)
{
    assert_true(matches(*state, "^.$", "", "\xC3\xA9"));
    assert_true(matches(*state, "\xC3\x89", "i", "\xC3\xA9"));
    Bench *bench = *state;
    bool found;
    assert_int_equal(regex_matches(compiled(bench, "a", ""), bench->run, TEXT("a\xFF"), &found), STATE_ERROR);
}

static void test_a_wrong_pattern_has_a_place(void **state)
{
    Bench *bench = *state;
    assert_null(compiled(bench, "ab(c", ""));
    assert_int_equal(bench->offset, 4);
    assert_string_equal(bench->error, "missing closing parenthesis");
}

static void test_what_is_not_allowed(void **state)
{
    Bench *bench = *state;
    assert_null(compiled(bench, "a\\Cb", ""));
    assert_null(compiled(bench, "a(?C1)b", ""));
    assert_int_equal(bench->offset, 1);
    assert_non_null(compiled(bench, "a\\(?C1\\)b", ""));
}

/* Exponential backtracking ends at the limit: an error, at once. */
static void test_runaway_ends_in_an_error(void **state)
{
    Bench *bench = *state;
    Regex *regex = compiled(bench, "^(a+)+$", "");
    bool found;
    Text subject = TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    assert_int_equal(subject.len, 40);
    for (int i = 0; i < 1000; i++) /* would be centuries without the limit */
        assert_int_equal(regex_matches(regex, bench->run, subject, &found), STATE_ERROR);
}

static void test_long_subjects_are_errors(void **state)
{
    Bench *bench = *state;
    char *subject = calloc(1, REGEX_SUBJECT_MAX + 1);
    memset(subject, 'a', REGEX_SUBJECT_MAX + 1);
    bool found;
    Regex *regex = compiled(bench, "^a", "");
    assert_int_equal(regex_matches(regex, bench->run, (Text){subject, REGEX_SUBJECT_MAX}, &found), STATE_OK);
    assert_int_equal(regex_matches(regex, bench->run, (Text){subject, REGEX_SUBJECT_MAX + 1}, &found), STATE_ERROR);
    free(subject);
}

static void test_capture(void **state)
{
    Bench *bench = *state;
    Regex *regex = compiled(bench, "(\\w+)@(\\w+)(\\.org)?", "");
    assert_int_equal(regex->ngroups, 3);
    Text captured;
    assert_int_equal(regex_capture(regex, bench->run, TEXT("to: ann@home"), 2, &captured), STATE_OK);
    assert_true(text_is_c(captured, "home"));
    assert_int_equal(regex_capture(regex, bench->run, TEXT("to: ann@home"), 3, &captured), STATE_NULL);
    assert_int_equal(regex_capture(regex, bench->run, TEXT("to: ann@home"), 4, &captured), STATE_NULL);
    assert_int_equal(regex_capture(regex, bench->run, TEXT("nobody"), 0, &captured), STATE_NULL);
}

static void test_matching_does_not_allocate(void **state)
{
    Bench *bench = *state;
    Regex *regex = compiled(bench, "^S7-\\d+$", "");
    uint64_t calls = bench->memory.calls;
    bool found;
    for (int i = 0; i < 100; i++)
        assert_int_equal(regex_matches(regex, bench->run, TEXT("S7-123"), &found), STATE_OK);
    assert_int_equal(bench->memory.calls, calls);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, bench_init, bench_fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_matches_somewhere), UNIT(test_flags), UNIT(test_utf8), UNIT(test_a_wrong_pattern_has_a_place),
        UNIT(test_what_is_not_allowed), UNIT(test_runaway_ends_in_an_error), UNIT(test_long_subjects_are_errors),
        UNIT(test_capture), UNIT(test_matching_does_not_allocate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
