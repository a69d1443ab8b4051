/* The formatter: the one layout, comments kept, the tree unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/dump.h"
#include "rules/format.h"
#include "rules/lexer.h"
#include "rules/parser.h"
#include "tests/unit/rule_sample.h"

typedef struct Bench {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
} Bench;

static void begin(Bench *bench)
{
    *bench = (Bench){0};
    arena_init(&bench->arena, &bench->memory);
    sources_init(&bench->sources, &bench->arena);
    diagnostics_init(&bench->diagnostics, &bench->sources, &bench->arena);
}

static Text format(Bench *bench, Text text)
{
    Text out = {0};
    uint32_t file = sources_add(&bench->sources, TEXT("t.cep"), text);
    if (!format_source(&bench->sources, file, &bench->diagnostics, &bench->arena, &out)) {
        diagnostics_print_text(&bench->diagnostics, stderr);
        fail_msg("does not parse: %.*s", TEXT_ARGS(text));
    }
    return out;
}

static char *dump(Bench *bench, Text text)
{
    char *dumped;
    size_t size;
    AstFile file;
    uint32_t index = sources_add(&bench->sources, TEXT("t.cep"), text);
    assert_true(parse_source(&bench->sources, index, &bench->diagnostics, &bench->arena, &file));
    FILE *out = open_memstream(&dumped, &size);
    dump_file(&file, out);
    fclose(out);
    return dumped;
}

/* Formats a text twice, and checks that the second time changes nothing and the tree is the same. */
static Text check(Bench *bench, Text text)
{
    Text once = format(bench, text), twice = format(bench, once);
    char *before = dump(bench, text), *after = dump(bench, once);
    assert_string_equal(before, after);
    if (!text_is(once, twice))
        assert_string_equal(arena_copy(&bench->arena, once.p, once.len), arena_copy(&bench->arena, twice.p, twice.len));
    free(before);
    free(after);
    return once;
}

static void assert_formats(const char *text, const char *expected)
{
    Bench bench;
    begin(&bench);
    Text out = check(&bench, text_of(text));
    assert_string_equal(arena_copy(&bench.arena, out.p, out.len), expected);
    arena_fini(&bench.arena);
}

static void assert_unchanged(const char *text)
{
    assert_formats(text, text);
}

/* ---- layout --------------------------------------------------------------------------------------- */

static void test_empty_file(void **state)
{
    (void)state;
    assert_formats("", "");
    assert_formats("  \n\n", "");
    assert_formats("\n\n# only this  \n\n", "# only this\n");
}

static void test_whole_file_of_the_manual(void **state)
{
    (void)state;
    assert_unchanged("network atm\n"
                     "\n"
                     "time occurrence lateness 10 s idle after 30 s late divert\n"
                     "\n"
                     "param limit : int = 3\n"
                     "\n"
                     "event Withdrawal {\n"
                     "  account : string\n"
                     "  amount  : float   where amount > 0  # a violation sends the event to the errors channel\n"
                     "  atm     : string\n"
                     "  at      : time\n"
                     "  place   : point?                    # ? = optional\n"
                     "  time at                             # the attribute that is the occurrence time\n"
                     "}\n"
                     "\n"
                     "alert ManyWithdrawals severity high {\n"
                     "  account : string\n"
                     "  count   : int\n"
                     "  owner   : string?\n"
                     "}\n"
                     "\n"
                     "table Account key id {  # global state: Redis, or the embedded store by default\n"
                     "  id    : string\n"
                     "  owner : string\n"
                     "}\n"
                     "\n"
                     "context AccountDay = by account, fixed every 1 day zone \"Europe/Lisbon\"\n"
                     "\n"
                     "agent many_withdrawals in AccountDay {\n"
                     "  on     Withdrawal w where w.atm matches /^S7-/\n"
                     "  detect count(w) > limit  # a threshold: once per partition unless `match` says otherwise\n"
                     "  enrich Account a by w.account\n"
                     "  derive ManyWithdrawals { account: w.account, count: count(w), owner: a.owner }\n"
                     "}\n"
                     "\n"
                     "test \"the fourth withdrawal of a day alerts once\" {\n"
                     "  table Account { id: \"a1\", owner: \"Ann\" }\n"
                     "  at 2026-03-01T09:00:00Z Withdrawal { account: \"a1\", amount: 20 } repeat 3 every 1 h\n"
                     "  at +3 h                 Withdrawal { account: \"a1\", amount: 20, atm: \"S7-2\" }\n"
                     "  expect ManyWithdrawals { account: \"a1\", count: 4, owner: \"Ann\" }\n"
                     "  at +1 h                 Withdrawal { account: \"a1\", amount: 20, atm: \"S7-2\" }\n"
                     "  expect nothing\n"
                     "}\n");
}

static void test_clause_words_align(void **state)
{
    (void)state;
    assert_formats("agent not_confirmed in by order_id { on Order o expect Confirmation c within 30 s "
                   "otherwise derive Unconfirmed { order_id: o.order_id, since: o.$time } }",
                   "agent not_confirmed in by order_id {\n"
                   "  on        Order o\n"
                   "  expect    Confirmation c within 30 s\n"
                   "  otherwise derive Unconfirmed { order_id: o.order_id, since: o.$time }\n"
                   "}\n");
}

static void test_neighbouring_contexts_align(void **state)
{
    (void)state;
    assert_formats("context A = by x\ncontext Long = last 5min\n\ncontext B=by (a,b)\nparam p:int\n",
                   "context A    = by x\n"
                   "context Long = last 5 min\n"
                   "\n"
                   "context B = by (a, b)\n"
                   "param p : int\n");
}

static void test_long_fields_stand_a_line_each(void **state)
{
    (void)state;
    assert_formats("agent x { on A a derive Something { first_attribute: a.first_attribute, second_attribute: a.second_attribute, third: 1 } when a.x }",
                   "agent x {\n"
                   "  on     A a\n"
                   "  derive Something {\n"
                   "    first_attribute: a.first_attribute,\n"
                   "    second_attribute: a.second_attribute,\n"
                   "    third: 1\n"
                   "  } when a.x\n"
                   "}\n");
}

static void test_long_expression_breaks_before_connectives(void **state)
{
    (void)state;
    assert_formats("agent x { on Something_long s where s.attribute_one == 1 and s.attribute_two == 2 and (s.attribute_three == 3 or s.attribute_four == 4) derive F {} }",
                   "agent x {\n"
                   "  on     Something_long s where s.attribute_one == 1 and s.attribute_two == 2\n"
                   "         and (s.attribute_three == 3 or s.attribute_four == 4)\n"
                   "  derive F {}\n"
                   "}\n");
}

static void test_continuation_of_a_context_hangs_behind_the_sign(void **state)
{
    (void)state;
    assert_formats("context Stay = from Admitted a to Released r where r.patient == a.patient for at most 30 days since a.admitted_at again ignore",
                   "context Stay = from Admitted a to Released r where r.patient == a.patient for at most 30 days\n"
                   "               since a.admitted_at again ignore\n");
}

static void test_no_line_is_too_long(void **state)
{
    (void)state;
    Bench bench;
    begin(&bench);
    Text out = check(&bench, text_of(rule_sample));
    for (uint32_t i = 0, start = 0; i < out.len; i++)
        if (out.p[i] == '\n') {
            assert_in_range(i - start, 0, 110); /* comments are not wrapped */
            start = i + 1;
        }
    arena_fini(&bench.arena);
}

static void test_blank_lines_are_at_most_one(void **state)
{
    (void)state;
    assert_formats("param a : int\n\n\n\nparam b : int\nevent E { a : int\n\n\n\n b : int }\nparam c : int",
                   "param a : int\n"
                   "\n"
                   "param b : int\n"
                   "\n"
                   "event E {\n"
                   "  a : int\n"
                   "\n"
                   "  b : int\n"
                   "}\n"
                   "\n"
                   "param c : int\n");
}

static void test_literals_stay_as_written(void **state)
{
    (void)state;
    assert_unchanged("param a : list<any> = [0x1F, 1.50, 1e3, 'raw \\n', \"a\\tb\", @2026-01-31, 1 h 30 min, `x y`]\n");
    assert_formats("param a : duration = 1 days\nparam b : duration = 2day\n", "param a : duration = 1 day\nparam b : duration = 2 days\n");
}

static void test_parentheses_stay_as_written(void **state)
{
    (void)state;
    assert_unchanged("param a : bool = (b > 3) ?? false and (c)\n");
    assert_unchanged("param a : int = (1 + 2) * 3 - -4\n");
}

static void test_nested_network_is_indented(void **state)
{
    (void)state;
    assert_formats("network F(in A, out B) { param p : int event E { a : int } agent x { on A a derive B {} } }",
                   "network F(in A, out B) {\n"
                   "  param p : int\n"
                   "\n"
                   "  event E {\n"
                   "    a : int\n"
                   "  }\n"
                   "\n"
                   "  agent x {\n"
                   "    on     A a\n"
                   "    derive B {}\n"
                   "  }\n"
                   "}\n");
}

/* ---- comments ------------------------------------------------------------------------------------- */

static void test_comments_behind_lines_align(void **state)
{
    (void)state;
    assert_formats("event E { # opening\n a : int # one\n bbb : string = \"x\" # two\n c : int\n} # closing\n",
                   "event E {  # opening\n"
                   "  a   : int            # one\n"
                   "  bbb : string  = \"x\"  # two\n"
                   "  c   : int\n"
                   "}  # closing\n");
}

static void test_comments_above_keep_their_blank_lines(void **state)
{
    (void)state;
    assert_unchanged("# file\n"
                     "\n"
                     "# about the agent\n"
                     "agent x {\n"
                     "  # about on\n"
                     "  on     A a\n"
                     "\n"
                     "  # about derive\n"
                     "  # in two lines\n"
                     "  derive F {}\n"
                     "  # last\n"
                     "}\n"
                     "\n"
                     "# end\n");
}

static void test_comments_in_fields_keep_them_a_line_each(void **state)
{
    (void)state;
    assert_unchanged("agent x {\n"
                     "  on     A a\n"
                     "  derive F {  # open\n"
                     "    x: 1,  # one\n"
                     "    # about y\n"
                     "    y: 2  # two\n"
                     "    # end\n"
                     "  }  # closed\n"
                     "}\n");
}

static void test_comments_inside_a_line_move_above_it(void **state)
{
    (void)state;
    assert_formats("param a : int = # why\n  3\n", "# why\nparam a : int = 3\n");
    assert_formats("agent x {\n on A a\n\n derive # d\n F {} # e\n}", "agent x {\n  on     A a\n\n  # d\n  derive F {}  # e\n}\n");
}

static void test_comment_in_an_empty_block(void **state)
{
    (void)state;
    assert_unchanged("event E {\n  # nothing yet\n}\n");
    assert_unchanged("event E {}\n");
}

static uint32_t count_signs(Text text)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < text.len; i++)
        n += i + 1 < text.len && text.p[i] == '#' && text.p[i + 1] == '@';
    return n;
}

/* Puts a comment between any two tokens of the sample: none is lost, and formatting stays idempotent. */
static void test_no_comment_is_lost_anywhere(void **state)
{
    (void)state;
    Lexer lexer = {.text = text_of(rule_sample)};
    const uint32_t length = sizeof rule_sample - 1;
    const uint32_t regex = (uint32_t)(strstr(rule_sample, "/^S7") - rule_sample), regex_end = regex + (uint32_t)strcspn(rule_sample + regex, " ");
    Token before = {0};
    for (Token token; (token = lexer_next(&lexer, false)).kind != TOKEN_END; before = token) {
        bool unit = before.kind == TOKEN_INT || before.kind == TOKEN_FLOAT; /* must stay on the number's line */
        if (unit || (token.start > regex && token.start < regex_end))
            continue;
        Bench bench;
        begin(&bench);
        Text text = arena_printf(&bench.arena, "%.*s #@\n%.*s", (int)token.start, rule_sample, (int)(length - token.start), rule_sample + token.start);
        uint32_t errors = bench.diagnostics.errors;
        Text once = format(&bench, text);
        assert_int_equal(count_signs(once), 1);
        assert_true(text_is(format(&bench, once), once));
        assert_int_equal(bench.diagnostics.errors, errors);
        arena_fini(&bench.arena);
    }
}

/* ---- the rest ------------------------------------------------------------------------------------- */

static void test_sample_keeps_its_tree(void **state)
{
    (void)state;
    Bench bench;
    begin(&bench);
    check(&bench, text_of(rule_sample));
    arena_fini(&bench.arena);
}

static void test_mistakes_are_reported(void **state)
{
    (void)state;
    Bench bench;
    begin(&bench);
    Text out = {0};
    uint32_t file = sources_add(&bench.sources, TEXT("t.cep"), TEXT("param a : int ="));
    assert_false(format_source(&bench.sources, file, &bench.diagnostics, &bench.arena, &out));
    assert_int_equal(bench.diagnostics.errors, 1);
    assert_null(out.p);
    arena_fini(&bench.arena);
}

static void test_very_long_list_is_filled(void **state)
{
    (void)state;
    Bench bench;
    begin(&bench);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("param a : list<int> = [1", out);
    for (int i = 0; i < 20000; i++)
        fprintf(out, ", %d", i);
    fputs("]", out);
    fclose(out);
    check(&bench, text_of(text));
    arena_fini(&bench.arena);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_file),
        cmocka_unit_test(test_whole_file_of_the_manual),
        cmocka_unit_test(test_clause_words_align),
        cmocka_unit_test(test_neighbouring_contexts_align),
        cmocka_unit_test(test_long_fields_stand_a_line_each),
        cmocka_unit_test(test_long_expression_breaks_before_connectives),
        cmocka_unit_test(test_continuation_of_a_context_hangs_behind_the_sign),
        cmocka_unit_test(test_no_line_is_too_long),
        cmocka_unit_test(test_blank_lines_are_at_most_one),
        cmocka_unit_test(test_literals_stay_as_written),
        cmocka_unit_test(test_parentheses_stay_as_written),
        cmocka_unit_test(test_nested_network_is_indented),
        cmocka_unit_test(test_comments_behind_lines_align),
        cmocka_unit_test(test_comments_above_keep_their_blank_lines),
        cmocka_unit_test(test_comments_in_fields_keep_them_a_line_each),
        cmocka_unit_test(test_comments_inside_a_line_move_above_it),
        cmocka_unit_test(test_comment_in_an_empty_block),
        cmocka_unit_test(test_no_comment_is_lost_anywhere),
        cmocka_unit_test(test_sample_keeps_its_tree),
        cmocka_unit_test(test_mistakes_are_reported),
        cmocka_unit_test(test_very_long_list_is_filled),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
