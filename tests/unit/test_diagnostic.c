/* Diagnostics: how they look, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/diagnostic.h"

typedef struct Bench {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
    char *printed;
} Bench;

static int set_up(void **state)
{
    Bench *bench = calloc(1, sizeof *bench);
    arena_init(&bench->arena, &bench->memory);
    sources_init(&bench->sources, &bench->arena);
    diagnostics_init(&bench->diagnostics, &bench->sources, &bench->arena);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    Bench *bench = *state;
    arena_fini(&bench->arena);
    free(bench->printed);
    free(bench);
    return 0;
}

static const char *printed(Bench *bench, void (*print)(const Diagnostics *, FILE *))
{
    size_t size;
    free(bench->printed);
    FILE *out = open_memstream(&bench->printed, &size);
    print(&bench->diagnostics, out);
    fclose(out);
    return bench->printed;
}

/* A span of the first occurrence of a text in a file. */
static Span span_of(Bench *bench, uint32_t file, const char *text)
{
    const char *p = bench->sources.items[file].text.p;
    uint32_t start = (uint32_t)(strstr(p, text) - p);
    return (Span){file, start, start + (uint32_t)strlen(text)};
}

static void test_text_form(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("atm.cep"), TEXT("a\nb\n\n\n\n\n\n\n\n  derive M { account: w.acount }\n"));
    diagnostics_hint(diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, span_of(bench, file, "acount"),
                                     "unknown attribute `%s`", "acount"),
                     "did you mean `account`?");
    assert_string_equal(printed(bench, diagnostics_print_text),
                        "error[E0110]: unknown attribute `acount`\n"
                        "  --> atm.cep:10:25\n"
                        "   |\n"
                        "10 |   derive M { account: w.acount }\n"
                        "   |                         ^^^^^^ did you mean `account`?\n");
}

static void test_tabs_and_foreign_letters_keep_carets_aligned(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("\t`\xC3\xA9\xC3\xA9` bad"));
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, span_of(bench, file, "bad"), "x");
    assert_string_equal(printed(bench, diagnostics_print_text),
                        "error[E0110]: x\n"
                        " --> f:1:7\n"
                        "  |\n"
                        "1 | \t`\xC3\xA9\xC3\xA9` bad\n"
                        "  | \t     ^^^\n");
}

static void test_long_line_is_a_window(void **state)
{
    Bench *bench = *state;
    char line[1001];
    memset(line, 'x', 1000);
    memcpy(line + 500, "bad", 3);
    line[1000] = 0;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), text_of(line));
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, span_of(bench, file, "bad"), "x");
    const char *text = printed(bench, diagnostics_print_text);
    const char *shown = strstr(text, "1 | ") + 4, *carets = strstr(shown, "  | ") + 4;
    assert_int_equal(strcspn(shown, "\n"), 160 + 2 * 3); /* and two ellipses of three bytes */
    assert_memory_equal(shown, "\xE2\x80\xA6", 3);
    /* the ellipsis is three bytes and one column */
    assert_memory_equal(shown + 2 + strcspn(carets, "^"), "bad", 3);
    assert_string_equal(carets + strcspn(carets, "^"), "^^^\n");
}

static void test_long_hint_has_a_line_of_its_own(void **state)
{
    Bench *bench = *state;
    char hint[101];
    memset(hint, 'h', 100);
    hint[100] = 0;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("0123456789 0123456789 bad"));
    diagnostics_hint(diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, span_of(bench, file, "bad"), "x"), "%s", hint);
    const char *text = printed(bench, diagnostics_print_text);
    assert_non_null(strstr(text, "^^^\n  = hint: hhh"));
}

static void test_note_names_the_other_place(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("one\ntwo"));
    diagnostics_note(diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, span_of(bench, file, "two"), "x"),
                     span_of(bench, file, "one"), "declared here");
    assert_non_null(strstr(printed(bench, diagnostics_print_text), "  = note: declared here: f:1:1\n"));
}

static void test_span_over_lines_is_cut(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("ab\r\ncd"));
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){file, 1, 6}, "x");
    assert_non_null(strstr(printed(bench, diagnostics_print_text), "1 | ab\n  |  ^\n"));
}

static void test_end_of_file_has_one_caret(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("ab\n"));
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){file, 3, 3}, "x");
    assert_non_null(strstr(printed(bench, diagnostics_print_text), " --> f:2:1\n  |\n2 | \n  | ^\n"));
}

static void test_sorted_by_file_and_place(void **state)
{
    Bench *bench = *state;
    uint32_t one = sources_add(&bench->sources, TEXT("one"), TEXT("ab")), two = sources_add(&bench->sources, TEXT("two"), TEXT("ab"));
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){two, 0, 1}, "third");
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){one, 1, 2}, "second");
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){one, 0, 1}, "first");
    const Diagnostic **sorted = diagnostics_sorted(&bench->diagnostics);
    assert_true(text_is_c(sorted[0]->message, "first"));
    assert_true(text_is_c(sorted[1]->message, "second"));
    assert_true(text_is_c(sorted[2]->message, "third"));
}

static void test_beyond_the_limit_they_are_counted(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("0123456789012345678901234567890"));
    for (uint32_t i = 0; i < DIAGNOSTICS_ERRORS_MAX + 3; i++)
        diagnostics_hint(diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){file, i, i + 1}, "x"), "kept or not");
    assert_int_equal(bench->diagnostics.n, DIAGNOSTICS_ERRORS_MAX);
    assert_int_equal(bench->diagnostics.errors, DIAGNOSTICS_ERRORS_MAX + 3);
    assert_non_null(strstr(printed(bench, diagnostics_print_text), "\n… and 3 more errors\n"));
}

static void test_each_file_has_its_errors(void **state)
{
    Bench *bench = *state;
    char text[101];
    memset(text, ' ', 100);
    text[100] = 0;
    for (uint32_t file = 0; file < 2; file++) {
        sources_add(&bench->sources, TEXT("f"), text_of(text));
        for (uint32_t i = 0; i < DIAGNOSTICS_ERRORS_MAX + 3; i++)
            diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){file, i, i + 1}, "x");
    }
    assert_int_equal(bench->diagnostics.n, 2 * DIAGNOSTICS_ERRORS_MAX);
    assert_non_null(strstr(printed(bench, diagnostics_print_text), "\n… and 6 more errors\n"));
}

static void test_same_mistake_is_kept_once(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("ab"));
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){file, 0, 1}, "x");
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, (Span){file, 0, 1}, "x");
    assert_int_equal(bench->diagnostics.errors, 1);
}

static void test_json_form(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("a\"b"), TEXT("x\n\xC3\xA9 bad"));
    diagnostics_hint(diagnostics_add(&bench->diagnostics, DIAGNOSTIC_UNIT, span_of(bench, file, "bad"), "tab\there"), "a \\ b");
    assert_string_equal(printed(bench, diagnostics_print_json),
                        "{\"file\":\"a\\\"b\",\"line\":2,\"col\":3,\"end\":{\"line\":2,\"col\":6},\"severity\":\"error\","
                        "\"code\":\"E0118\",\"message\":\"tab\\u0009here\",\"hint\":\"a \\\\ b\"}\n");
}

static void test_sarif_form(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("bad"));
    diagnostics_add(&bench->diagnostics, DIAGNOSTIC_UNIT, span_of(bench, file, "bad"), "x");
    const char *text = printed(bench, diagnostics_print_sarif);
    assert_non_null(strstr(text, "\"version\":\"2.1.0\""));
    assert_non_null(strstr(text, "\"ruleId\":\"E0118\",\"level\":\"error\""));
    assert_non_null(strstr(text, "\"startLine\":1,\"startColumn\":1,\"endLine\":1,\"endColumn\":4"));
}

static void test_near_takes_the_nearest(void **state)
{
    (void)state;
    const Text words[] = {TEXT("derive"), TEXT("detect"), TEXT("delete"), TEXT("on")};
    assert_true(text_is_c(diagnostics_nearest(TEXT("detct"), words, 4), "detect"));
    assert_true(text_is_c(diagnostics_nearest(TEXT("deriv"), words, 4), "derive"));
    assert_int_equal(diagnostics_nearest(TEXT("withdrawal"), words, 4).len, 0);
    assert_int_equal(diagnostics_nearest(TEXT("x"), words, 4).len, 0);
    assert_int_equal(diagnostics_nearest(TEXT("delete"), words + 2, 1).len, 0);
}

static void test_only_a_lone_near_name_is_an_edit(void **state)
{
    Bench *bench = *state;
    uint32_t file = sources_add(&bench->sources, TEXT("f"), TEXT("acount nam"));
    Span span = span_of(bench, file, "acount");
    Text one[] = {TEXT("account"), TEXT("other")}, two[] = {TEXT("account"), TEXT("amount")};
    Diagnostic *lone = diagnostics_near(diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, span, "x"), TEXT("acount"), one, 2);
    assert_true(lone->fix.set);
    assert_true(text_is(lone->fix.text, TEXT("account")));
    Diagnostic *tie = diagnostics_near(diagnostics_add(&bench->diagnostics, DIAGNOSTIC_USE, span, "x"), TEXT("acount"), two, 2);
    assert_true(tie->hint.len > 0);
    assert_false(tie->fix.set);
    Diagnostic *elsewhere = diagnostics_near(
        diagnostics_add(&bench->diagnostics, DIAGNOSTIC_EXPECTED, span_of(bench, file, "nam"), "x"), TEXT("acount"), one, 2);
    assert_false(elsewhere->fix.set);
}

static void test_codes_are_found(void **state)
{
    (void)state;
    for (DiagnosticCode code = 0; code < DIAGNOSTIC_COUNT; code++) {
        assert_int_equal(strlen(diagnostic_code(code)), 5);
        assert_true(strlen(diagnostic_title(code)) > 0);
        assert_int_equal(diagnostic_by_code(text_of(diagnostic_code(code))), code);
    }
    assert_int_equal(diagnostic_by_code(TEXT("E9999")), DIAGNOSTIC_COUNT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_text_form),
        TEST(test_tabs_and_foreign_letters_keep_carets_aligned),
        TEST(test_long_line_is_a_window),
        TEST(test_long_hint_has_a_line_of_its_own),
        TEST(test_note_names_the_other_place),
        TEST(test_span_over_lines_is_cut),
        TEST(test_end_of_file_has_one_caret),
        TEST(test_sorted_by_file_and_place),
        TEST(test_beyond_the_limit_they_are_counted),
        TEST(test_each_file_has_its_errors),
        TEST(test_same_mistake_is_kept_once),
        TEST(test_json_form),
        TEST(test_sarif_form),
        TEST(test_near_takes_the_nearest),
        TEST(test_only_a_lone_near_name_is_an_edit),
        TEST(test_codes_are_found),
    };
    return cmocka_run_group_tests_name("diagnostic", tests, NULL, NULL);
}
