/* The lexer: what tokens a text has, and what literals mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/lexer.h"
#include "rules/literal.h"

static Token first_of(const char *text, bool operand)
{
    Lexer lexer = {.text = text_of(text)};
    return lexer_next(&lexer, operand);
}

static void assert_kinds(const char *text, const TokenKind *kinds, size_t n)
{
    Lexer lexer = {.text = text_of(text)};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(lexer_next(&lexer, false).kind, kinds[i]);
    assert_int_equal(lexer_next(&lexer, false).kind, TOKEN_END);
    assert_int_equal(lexer_next(&lexer, false).kind, TOKEN_END);
}

#define ASSERT_KINDS(text, ...) \
    do { \
        const TokenKind kinds[] = {__VA_ARGS__}; \
        assert_kinds(text, kinds, sizeof kinds / sizeof *kinds); \
    } while (0)

static void assert_bad(const char *text, DiagnosticCode problem)
{
    Token token = first_of(text, true);
    assert_int_equal(token.kind, TOKEN_BAD);
    assert_int_equal(token.problem, problem);
    assert_non_null(token.message);
}

static void test_empty_text_is_its_end(void **state)
{
    (void)state;
    ASSERT_KINDS("", TOKEN_END);
    ASSERT_KINDS("  # only a comment", TOKEN_END);
}

static void test_longest_sign_wins(void **state)
{
    (void)state;
    ASSERT_KINDS("-> - > => = >", TOKEN_ARROW, TOKEN_MINUS, TOKEN_GREATER, TOKEN_MAPS_TO, TOKEN_ASSIGN, TOKEN_GREATER);
    ASSERT_KINDS("== != <= >= ?? ..", TOKEN_EQUAL, TOKEN_UNEQUAL, TOKEN_AT_MOST, TOKEN_AT_LEAST, TOKEN_COALESCE, TOKEN_RANGE);
    ASSERT_KINDS("{}()[],:.<+*/%?|", TOKEN_BRACE_OPEN, TOKEN_BRACE_CLOSE, TOKEN_PAREN_OPEN, TOKEN_PAREN_CLOSE,
                 TOKEN_BRACKET_OPEN, TOKEN_BRACKET_CLOSE, TOKEN_COMMA, TOKEN_COLON, TOKEN_DOT, TOKEN_LESS, TOKEN_PLUS,
                 TOKEN_STAR, TOKEN_SLASH, TOKEN_PERCENT, TOKEN_QUESTION, TOKEN_BAR);
}

static void test_number_before_range_keeps_its_dots(void **state)
{
    (void)state;
    ASSERT_KINDS("0..2", TOKEN_INT, TOKEN_RANGE, TOKEN_INT);
    ASSERT_KINDS("0.5..1", TOKEN_FLOAT, TOKEN_RANGE, TOKEN_INT);
}

static void test_number_and_unit_are_two_tokens(void **state)
{
    (void)state;
    ASSERT_KINDS("5min 1.5 h", TOKEN_INT, TOKEN_NAME, TOKEN_FLOAT, TOKEN_NAME);
}

static void test_unit_joins_over_one_blank_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool joins;
    } cases[] = {{"5min", true}, {"5 min", true}, {"5  min", false}, {"5\nmin", false}, {"5\tmin", false}, {"5 `min`", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Lexer lexer = {.text = text_of(cases[i].text)};
        Token number = lexer_next(&lexer, false), name = lexer_next(&lexer, false);
        assert_int_equal(lexer_joins(&lexer, &number, &name), cases[i].joins);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(first_of("0x1F", false).kind, TOKEN_INT);
    assert_int_equal(first_of("1e-3", false).kind, TOKEN_FLOAT);
    assert_int_equal(first_of("1.5E+9", false).kind, TOKEN_FLOAT);
    assert_int_equal(first_of("0", false).kind, TOKEN_INT);
}

static void test_leading_zero_is_bad(void **state)
{
    (void)state;
    assert_bad("007", DIAGNOSTIC_NUMBER);
    assert_bad("00", DIAGNOSTIC_NUMBER);
}

static void test_date_without_at_has_a_hint(void **state)
{
    (void)state;
    Lexer lexer = {.text = TEXT("2026-01-31")};
    lexer_next(&lexer, false);
    lexer_next(&lexer, false);
    Token month = lexer_next(&lexer, false);
    assert_int_equal(month.kind, TOKEN_BAD);
    assert_non_null(strstr(month.hint, "@2026-01-31"));
}

static void test_letters_behind_number_are_bad(void **state)
{
    (void)state;
    assert_bad("5abc", DIAGNOSTIC_NUMBER);
    assert_bad("0x", DIAGNOSTIC_NUMBER);
}

static void test_strings_end_on_their_line(void **state)
{
    (void)state;
    assert_int_equal(first_of("\"a\\\"b\"", false).kind, TOKEN_STRING);
    assert_int_equal(first_of("'a\\'", false).kind, TOKEN_STRING);
    assert_bad("\"abc\n\"", DIAGNOSTIC_STRING_OPEN);
    assert_bad("\"abc\\", DIAGNOSTIC_STRING_OPEN);
    assert_bad("'abc", DIAGNOSTIC_STRING_OPEN);
    assert_bad("`abc", DIAGNOSTIC_STRING_OPEN);
}

static void test_regex_only_where_an_operand_stands(void **state)
{
    (void)state;
    Token regex = first_of("/a\\/b#c/im rest", true);
    assert_int_equal(regex.kind, TOKEN_REGEX);
    assert_int_equal(regex.end, 10);
    assert_int_equal(first_of("/a/", false).kind, TOKEN_SLASH);
    assert_bad("/a", DIAGNOSTIC_STRING_OPEN);
}

static void test_times_and_dates(void **state)
{
    (void)state;
    static const char *const times[] = {"2026-01-31T09:00", "2026-01-31T09:00:00Z", "@2026-01-31T09:00:00.123456789+02:00", "@2026-01-31"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        Token token = first_of(times[i], false);
        assert_int_equal(token.kind, TOKEN_TIME);
        assert_int_equal(token.end, strlen(times[i]));
    }
    assert_bad("2026-01-31T09:00:00Zulu", DIAGNOSTIC_TIME_LITERAL);
}

static void test_header_and_quoted_names(void **state)
{
    (void)state;
    ASSERT_KINDS("e.$time", TOKEN_NAME, TOKEN_DOT, TOKEN_HEADER);
    assert_true(first_of("`a b.c`", false).quoted);
    assert_bad("``", DIAGNOSTIC_CHARACTER);
    assert_bad("$1", DIAGNOSTIC_CHARACTER);
}

static void test_foreign_letters_are_one_bad_token(void **state)
{
    (void)state;
    Token token = first_of("\xC3\xA9t\xC3\xA9 x", false);
    assert_int_equal(token.kind, TOKEN_BAD);
    assert_int_equal(token.end, 5);
    assert_non_null(strstr(token.hint, "back-ticks"));
}

static void test_token_knows_its_line(void **state)
{
    (void)state;
    Lexer lexer = {.text = TEXT("a b\n  c")};
    assert_true(lexer_next(&lexer, false).opens_line);
    assert_false(lexer_next(&lexer, false).opens_line);
    Token c = lexer_next(&lexer, false);
    assert_true(c.opens_line);
    assert_int_equal(c.line_start, 4);
}

/* ---- literals ---- */

static void test_int_range(void **state)
{
    (void)state;
    int64_t value;
    assert_int_equal(literal_int(TEXT("9223372036854775807"), &value), LITERAL_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(literal_int(TEXT("9223372036854775808"), &value), LITERAL_RANGE);
    assert_int_equal(literal_int(TEXT("0xfF"), &value), LITERAL_OK);
    assert_int_equal(value, 255);
}

static void assert_string(const char *written, Text expected)
{
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    Text value, bad;
    assert_int_equal(literal_string(&arena, text_of(written), &value, &bad), LITERAL_OK);
    assert_int_equal(value.len, expected.len);
    assert_memory_equal(value.p, expected.p, value.len);
    arena_fini(&arena);
}

static void test_string_escapes(void **state)
{
    (void)state;
    assert_string("\"\\a\\b\\f\\n\\r\\t\\v\\0\\\\\\\"\\'\\?\"", (Text){"\a\b\f\n\r\t\v\0\\\"'?", 12});
    assert_string("\"\\x41\\u00e9\\u{1F600}\"", TEXT("A\xC3\xA9\xF0\x9F\x98\x80"));
    assert_string("'a\\n'", TEXT("a\\n"));
}

static void test_string_bad_escapes(void **state)
{
    (void)state;
    static const char *const written[] = {"\"\\q\"", "\"\\x4\"", "\"\\u12\"", "\"\\u{110000}\"", "\"\\ud800\"", "\"\\u{}\""};
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        Text value, bad;
        assert_int_equal(literal_string(&arena, text_of(written[i]), &value, &bad), LITERAL_ESCAPE);
        assert_ptr_equal(bad.p, written[i] + 1);
    }
    arena_fini(&arena);
}

static void test_regex_parts(void **state)
{
    (void)state;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    Text pattern, options;
    literal_regex(&arena, TEXT("/a\\/\\d[/im"), &pattern, &options);
    assert_true(text_is_c(pattern, "a/\\d["));
    assert_true(text_is_c(options, "im"));
    arena_fini(&arena);
}

static TimeLiteral time_of(const char *text)
{
    TimeLiteral time;
    assert_int_equal(literal_time(text_of(text), &time), LITERAL_OK);
    return time;
}

static void test_time_values(void **state)
{
    (void)state;
    assert_true(time_of("1970-01-01T00:00Z").time_ns == 0);
    assert_true(time_of("2026-03-01T09:00:00Z").time_ns == 1772355600000000000);
    assert_true(time_of("2026-03-01T10:30:00.5+01:30").time_ns == 1772355600500000000);
    assert_true(time_of("1969-12-31T23:59:59.999999999Z").time_ns == -1);
    assert_true(time_of("2026-03-01T09:00").local);
    assert_false(time_of("2026-03-01T09:00Z").local);
    assert_true(time_of("@2024-02-29").date);
    assert_int_equal(time_of("@2024-02-29").day, 29);
}

static void test_time_that_does_not_exist(void **state)
{
    (void)state;
    TimeLiteral time;
    assert_int_equal(literal_time(TEXT("@2026-02-29"), &time), LITERAL_DATE);
    assert_int_equal(literal_time(TEXT("2026-01-01T24:00Z"), &time), LITERAL_DATE);
    assert_int_equal(literal_time(TEXT("@2026-13-01"), &time), LITERAL_DATE);
    assert_int_equal(literal_time(TEXT("@1500-01-01"), &time), LITERAL_RANGE);
}

static Quantity quantity_of(const char *number, Unit unit)
{
    Quantity quantity = {0};
    assert_int_equal(quantity_add(&quantity, text_of(number), unit), LITERAL_OK);
    return quantity;
}

static void test_quantities(void **state)
{
    (void)state;
    assert_true(quantity_of("5", UNIT_MIN).total_ns == 300000000000);
    assert_true(quantity_of("1.5", UNIT_H).total_ns == 5400000000000);
    assert_true(quantity_of("2", UNIT_KM).metres == 2000);
    assert_true(quantity_of("0.5", UNIT_KM).metres == 500);
    assert_true(quantity_of("1", UNIT_GB).bytes == 1000000000);
    assert_int_equal(quantity_of("2", UNIT_MONTH).calendar, UNIT_MONTH);
    assert_int_equal(quantity_of("2", UNIT_WEEK).calendar_count, 2);
    assert_int_equal(quantity_of("2.5", UNIT_DAY).calendar, UNIT_NONE);
}

static void test_quantity_range(void **state)
{
    (void)state;
    Quantity quantity = {0};
    assert_int_equal(quantity_add(&quantity, TEXT("106752"), UNIT_DAY), LITERAL_RANGE);
    assert_int_equal(quantity_add(&quantity, TEXT("1e30"), UNIT_S), LITERAL_RANGE);
}

static void test_units(void **state)
{
    (void)state;
    assert_int_equal(unit_of(TEXT("day")), UNIT_DAY);
    assert_int_equal(unit_of(TEXT("days")), UNIT_DAY);
    assert_int_equal(unit_of(TEXT("mins")), UNIT_NONE);
    assert_string_equal(unit_text(UNIT_WEEK, false), "weeks");
    assert_int_equal(unit_dimension(UNIT_YEAR), DIMENSION_CALENDAR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_text_is_its_end),
        cmocka_unit_test(test_longest_sign_wins),
        cmocka_unit_test(test_number_before_range_keeps_its_dots),
        cmocka_unit_test(test_number_and_unit_are_two_tokens),
        cmocka_unit_test(test_unit_joins_over_one_blank_only),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_leading_zero_is_bad),
        cmocka_unit_test(test_date_without_at_has_a_hint),
        cmocka_unit_test(test_letters_behind_number_are_bad),
        cmocka_unit_test(test_strings_end_on_their_line),
        cmocka_unit_test(test_regex_only_where_an_operand_stands),
        cmocka_unit_test(test_times_and_dates),
        cmocka_unit_test(test_header_and_quoted_names),
        cmocka_unit_test(test_foreign_letters_are_one_bad_token),
        cmocka_unit_test(test_token_knows_its_line),
        cmocka_unit_test(test_int_range),
        cmocka_unit_test(test_string_escapes),
        cmocka_unit_test(test_string_bad_escapes),
        cmocka_unit_test(test_regex_parts),
        cmocka_unit_test(test_time_values),
        cmocka_unit_test(test_time_that_does_not_exist),
        cmocka_unit_test(test_quantities),
        cmocka_unit_test(test_quantity_range),
        cmocka_unit_test(test_units),
    };
    return cmocka_run_group_tests_name("lexer", tests, NULL, NULL);
}
