/* The parser: what trees texts have, and where mistakes are reported. Trees are compared as dumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/dump.h"
#include "rules/lexer.h"
#include "rules/parser.h"
#include "tests/unit/rule_sample.h"

typedef struct Bench {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
    AstFile file;
    bool ok;
    char *dump;
} Bench;

static void parse_text(Bench *bench, Text text)
{
    *bench = (Bench){0};
    arena_init(&bench->arena, &bench->memory);
    sources_init(&bench->sources, &bench->arena);
    diagnostics_init(&bench->diagnostics, &bench->sources, &bench->arena);
    uint32_t file = sources_add(&bench->sources, TEXT("t.cep"), text);
    bench->ok = parse_source(&bench->sources, file, &bench->diagnostics, &bench->arena, &bench->file);
}

static void parse(Bench *bench, const char *text)
{
    parse_text(bench, text_of(text));
    if (bench->ok)
        return;
    diagnostics_print_text(&bench->diagnostics, stderr);
    fail_msg("does not parse: %s", text);
}

static void end(Bench *bench)
{
    free(bench->dump);
    arena_fini(&bench->arena);
}

/* Checks the whole dump of a file, a line a declaration. */
static void assert_file(const char *text, const char *expected)
{
    Bench bench;
    size_t size;
    parse(&bench, text);
    FILE *out = open_memstream(&bench.dump, &size);
    dump_file(&bench.file, out);
    fclose(out);
    assert_string_equal(bench.dump, expected);
    end(&bench);
}

static void assert_expression(const char *text, const char *expected)
{
    Bench bench;
    size_t size;
    char *declaration = NULL;
    assert_true(asprintf(&declaration, "param x : any = %s", text) > 0);
    parse(&bench, declaration);
    FILE *out = open_memstream(&bench.dump, &size);
    dump_expression(bench.file.declarations[0].param->value, out);
    fclose(out);
    assert_string_equal(bench.dump + 1, expected);
    end(&bench);
    free(declaration);
}

/* Parses `detect …` in an agent whose aliases are a, b, c, s, w and x. */
static void parse_detect(Bench *bench, char **text, const char *detect)
{
    assert_true(asprintf(text, "agent t { on A a on B b on C c on S s on W w on X x detect %s derive F {} }", detect) > 0);
    parse(bench, *text);
}

static void assert_detect(const char *detect, const char *expected)
{
    Bench bench;
    size_t size;
    char *text;
    parse_detect(&bench, &text, detect);
    const AstDetect *read = bench.file.declarations[0].agent->detect;
    FILE *out = open_memstream(&bench.dump, &size);
    if (read->pattern)
        dump_pattern(read->pattern, out);
    else
        dump_expression(read->condition, out);
    fclose(out);
    assert_string_equal(bench.dump + 1, expected);
    end(&bench);
    free(text);
}

static void assert_context(const char *text, const char *expected)
{
    char *declaration, *dump;
    assert_true(asprintf(&declaration, "context X = %s", text) > 0);
    assert_true(asprintf(&dump, "(context X %s)\n", expected) > 0);
    assert_file(declaration, dump);
    free(declaration);
    free(dump);
}

static void assert_clause(const char *clauses, const char *expected)
{
    char *text, *dump;
    assert_true(asprintf(&text, "agent t { on A a %s }", clauses) > 0);
    assert_true(asprintf(&dump, "(agent t (on (types A) a) %s)\n", expected) > 0);
    assert_file(text, dump);
    free(text);
    free(dump);
}

/* Checks that a text has one mistake, where it is, and what its message and hint contain. */
static void assert_mistake(const char *text, DiagnosticCode code, uint32_t line, uint32_t column, const char *message, const char *hint)
{
    Bench bench;
    parse_text(&bench, text_of(text));
    assert_false(bench.ok);
    if (bench.diagnostics.errors != 1)
        diagnostics_print_text(&bench.diagnostics, stderr);
    assert_int_equal(bench.diagnostics.errors, 1);
    const Diagnostic *diagnostic = bench.diagnostics.items[0];
    Place place = source_place(&bench.sources.items[0], diagnostic->span.start);
    assert_string_equal(diagnostic_code(diagnostic->code), diagnostic_code(code));
    assert_non_null(strstr(diagnostic->message.p, message));
    if (hint)
        assert_non_null(strstr(diagnostic->hint.len ? diagnostic->hint.p : "", hint));
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
    end(&bench);
}

static uint32_t count_mistakes(Text text)
{
    Bench bench;
    parse_text(&bench, text);
    uint32_t errors = bench.diagnostics.errors;
    assert_int_equal(bench.ok, errors == 0);
    char *printed;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    diagnostics_print_text(&bench.diagnostics, out);
    dump_file(&bench.file, out);
    fclose(out);
    free(printed);
    end(&bench);
    return errors;
}

/* ---- expressions ---------------------------------------------------------------------------------- */

static void test_literals(void **state)
{
    (void)state;
    assert_expression("42", "42");
    assert_expression("0x10", "16");
    assert_expression("1.5", "1.5f");
    assert_expression("1e-3", "0.001f");
    assert_expression("\"a\\tb\"", "\"a\\x09b\"");
    assert_expression("'a\\tb'", "\"a\\x5ctb\"");
    assert_expression("[true, false, null]", "(list true false null)");
    assert_expression("[]", "(list)");
    assert_expression("{}", "(record (fields))");
    assert_expression("{ a: 1, b: { c: 'x' } }", "(record (fields (a: 1) (b: (record (fields (c: \"x\"))))))");
    assert_expression("(1, \"a\")", "(tuple 1 \"a\")");
    assert_expression("2026-01-31T09:00:00Z", "@1769850000000000000");
    assert_expression("@2026-01-31", "@1769817600000000000/date");
    assert_expression("@2026-01-31T09:00", "@1769850000000000000/local");
}

static void test_quantities(void **state)
{
    (void)state;
    assert_expression("500 ms", "500000000ns");
    assert_expression("1 h 30 min", "5400000000000ns");
    assert_expression("1 day", "86400000000000ns/1day");
    assert_expression("1.5h", "5400000000000ns");
    assert_expression("200 m", "200m");
    assert_expression("2 km", "2000m");
    assert_expression("1 GB", "1000000000B");
}

static void test_quantity_keeps_its_parts(void **state)
{
    (void)state;
    Bench bench;
    parse(&bench, "param d : duration = 1 h 30 min");
    const Quantity *quantity = bench.file.declarations[0].param->value->quantity;
    assert_int_equal(quantity->n, 2);
    assert_int_equal(quantity->parts[1].unit, UNIT_MIN);
    assert_true(text_is_c(quantity->parts[1].number, "30"));
    end(&bench);
}

static void test_precedence(void **state)
{
    (void)state;
    assert_expression("a or b and not c", "(or a (and b (not c)))");
    assert_expression("a or b or c", "(or (or a b) c)");
    assert_expression("not a.x ends with \"y\"", "(not (ends with (.x a) \"y\"))");
    assert_expression("a.n ?? 0 > 3", "(> (?? (.n a) 0) 3)");
    assert_expression("(a.n > 3) ?? false", "(?? (> (.n a) 3) false)");
    assert_expression("a ?? b ?? c", "(?? a (?? b c))");
    assert_expression("a ?? b + c", "(?? a (+ b c))");
    assert_expression("1 - 2 - 3", "(- (- 1 2) 3)");
    assert_expression("1 + 2 * 3 % 4 / 5", "(+ 1 (/ (% (* 2 3) 4) 5))");
    assert_expression("-a.b[1] * --c", "(* (- (index (.b a) 1)) (- (- c)))");
    assert_expression("(1 + 2) * 3", "(* (+ 1 2) 3)");
    assert_expression("a.b + 1 == c and d", "(and (== (+ (.b a) 1) c) d)");
}

static void test_conditional(void **state)
{
    (void)state;
    assert_expression("if a > 1 then b else if c then d else e", "(if (> a 1) b (if c d e))");
    assert_expression("1 + (if a then 2 else 3)", "(+ 1 (if a 2 3))");
}

static void test_comparisons(void **state)
{
    (void)state;
    assert_expression("a != b", "(!= a b)");
    assert_expression("a < b", "(< a b)");
    assert_expression("a <= b", "(<= a b)");
    assert_expression("a >= b", "(>= a b)");
    assert_expression("a matches /x\\/y/i", "(matches a /x/y/i)");
    assert_expression("a contains \"x\" ignoring case", "(contains ignoring-case a \"x\")");
    assert_expression("a starts with any [\"x\", 'y']", "(starts with any a (list \"x\" \"y\"))");
    assert_expression("a ends with all [\"x\"] ignoring case", "(ends with ignoring-case all a (list \"x\"))");
    assert_expression("a like \"b*\"", "(like a \"b*\")");
    assert_expression("a in [1, 2]", "(in a (list 1 2))");
    assert_expression("a in cidr(\"10.0.0.0/8\") ignoring case", "(in ignoring-case a (cidr \"10.0.0.0/8\"))");
    assert_expression("a between 1 and 2 + 3 and b", "(and (between a 1 (+ 2 3)) b)");
    assert_expression("a is null", "(is null a)");
    assert_expression("a is not null", "(is not null a)");
}

static void test_postfix(void **state)
{
    (void)state;
    assert_expression("T[a, b].c", "(.c (index T a b))");
    assert_expression("e.$time", "(.$time e)");
    assert_expression("w[-2].x", "(.x (index w (- 2)))");
    assert_expression("f().x", "(.x (f))");
    assert_expression("(a).b", "(.b a)");
    assert_expression("context.key.card", "(.card (.key context))");
    assert_expression("a.`b c`", "(.`b c` a)");
}

static void test_argument_may_have_where(void **state)
{
    (void)state;
    assert_expression("count(w where w.amount > 10)", "(count w (where (> (.amount w) 10)))");
    assert_expression("f(a where b without unknowns, c)", "(f a (where-without-unknowns b) c)");
}

static void test_mark_10_any_is_a_name_elsewhere(void **state)
{
    (void)state;
    assert_expression("a == any", "(== a any)");
    assert_expression("a == any [1]", "(== any a (list 1))");
    assert_expression("all(x)", "(all x)");
}

static void test_slash_divides_behind_an_operand(void **state)
{
    (void)state;
    assert_expression("a / b / c", "(/ (/ a b) c)");
    assert_expression("f(/a # b/, c / d)", "(f /a # b/ (/ c d))");
}

static void test_words_are_names_where_no_keyword_is_asked_for(void **state)
{
    (void)state;
    assert_file("event E { at : time time : int count : int by : int where : int in : int }",
                "(event E (attribute at time) (attribute time int) (attribute count int) (attribute by int) "
                "(attribute where int) (attribute in int))\n");
    assert_file("agent agent { on on on derive derive { derive: on.where } }",
                "(agent agent (on (types on) on) (derive derive (fields (derive: (.where on)))))\n");
}

static void test_mark_1_unit_before_colon_is_a_name(void **state)
{
    (void)state;
    assert_file("event E { a : int = 0 day : time b : duration = 0 day }",
                "(event E (attribute a int (= 0)) (attribute day time) (attribute b duration (= 0ns/0day)))\n");
    assert_file("event E { a : int = 3 # why\n  m : int }", "(event E (attribute a int (= 3)) (attribute m int))\n");
}

static void test_expression_ends_at_the_line_of_a_unit(void **state)
{
    (void)state;
    assert_file("event E { id 5\n h : int }", "(event E (attribute h int) (header-id (value 5)))\n");
}

static void test_span_is_what_was_read(void **state)
{
    (void)state;
    Bench bench;
    parse(&bench, "param x : int = (1 + 22) * f(a)");
    const Expr *expr = bench.file.declarations[0].param->value;
    assert_true(text_is_c(sources_text(&bench.sources, expr->span), "(1 + 22) * f(a)"));
    assert_true(text_is_c(sources_text(&bench.sources, expr->a->span), "1 + 22"));
    assert_true(text_is_c(sources_text(&bench.sources, expr->a->outer), "(1 + 22)"));
    assert_true(text_is_c(sources_text(&bench.sources, expr->b->span), "f(a)"));
    assert_true(text_is_c(sources_text(&bench.sources, bench.file.declarations[0].name.span), "x"));
    assert_true(text_is_c(sources_text(&bench.sources, bench.file.declarations[0].span), "param x : int = (1 + 22) * f(a)"));
    end(&bench);
}

/* ---- declarations --------------------------------------------------------------------------------- */

static void test_small_declarations(void **state)
{
    (void)state;
    assert_file("network atm use \"a.cep\" metric plane", "(network atm)\n(use \"a.cep\")\n(metric plane)\n");
    assert_file("time detection", "(time detection)\n");
    assert_file("time occurrence late correct for 1 h idle after 2 s lateness 3 s",
                "(time occurrence (lateness 3000000000ns) (idle-after 2000000000ns) late-correct (correct-for 3600000000000ns))\n");
    assert_file("time occurrence late drop time occurrence late divert", "(time occurrence late-drop)\n(time occurrence late-divert)\n");
    assert_file("param p : int param q : duration = 5 min", "(param p int)\n(param q duration (= 300000000000ns))\n");
    assert_file("function f(a: float, b: list<int>) = a function g() = 1",
                "(function f (param a float) (param b list< int>) (= a))\n(function g (= 1))\n");
}

static void test_types(void **state)
{
    (void)state;
    assert_file("event E { a : bool b : int? c : float d : decimal e : string f : bytes g : duration h : point i : line "
                "j : area k : any l : time in ms? m : map<list<int?>>? n : record { x : int, y : time }? o : time in s }",
                "(event E (attribute a bool) (attribute b int?) (attribute c float) (attribute d decimal) (attribute e string) "
                "(attribute f bytes) (attribute g duration) (attribute h point) (attribute i line) (attribute j area) "
                "(attribute k any) (attribute l time/ms?) (attribute m map< list< int?>>?) "
                "(attribute n record{x: int y: time}?) (attribute o time/s))\n");
}

static void test_mark_2_header_or_attribute(void **state)
{
    (void)state;
    assert_file("event E { time : time in : int time time sent in id : int source : int, id id source source }",
                "(event E (attribute time time) (attribute in int) (attribute id int) (attribute source int) "
                "(header-time time (sent in)) (header-id (value id)) (header-source source))\n");
}

static void test_event_headers(void **state)
{
    (void)state;
    assert_file("event E { invalid time fail invalid time skip invalid time previous chronon 1 min retracts A, b.C by k }",
                "(event E (header-invalid fail) (header-invalid skip) (header-invalid previous) "
                "(header-chronon (value 60000000000ns)) (header-retracts (types A b.C) k))\n");
}

static void test_event_and_alert(void **state)
{
    (void)state;
    assert_file("event E as \"e.e\" extends B where x > 1 { a : int from \"p[0]\" = 3 where a > 0 without unknowns }",
                "(event E (as \"e.e\") (extends B) (where (> x 1)) "
                "(attribute a int (from \"p[0]\") (= 3) (where-without-unknowns (> a 0))))\n");
    assert_file("alert A severity critical tags [\"x\"] note \"n\" {} alert B {}",
                "(alert A critical (tags (list \"x\")) (note \"n\"))\n(alert B)\n");
}

static void test_table(void **state)
{
    (void)state;
    assert_file("table T key a, b history 30 days shared from csv \"t.csv\" { a : int b : int = 1 }",
                "(table T (key a b) (history 2592000000000000ns/30day) shared (csv \"t.csv\") (attribute a int) (attribute b int (= 1)))\n");
    assert_file("table T key a from redis \"x:{a}\" { a : int }", "(table T (key a) (redis \"x:{a}\") (attribute a int))\n");
}

static void test_producer_and_consumer(void **state)
{
    (void)state;
    assert_file("producer p of A, b.C from \"u\" format msgpack", "(producer p (of A b.C) (from \"u\") (format msgpack))\n");
    assert_file("producer p from \"u\" type field \"id\" { 1 => A  'x' => B, 0x2 => C }",
                "(producer p (from \"u\") (type-field \"id\") (code 1 A) (code \"x\" B) (code 2 C))\n");
    assert_file("consumer c of f, G where severity >= high to \"u\" format csv",
                "(consumer c (of f G) (where (>= severity high)) (to \"u\") (format csv))\n");
}

static void test_channel(void **state)
{
    (void)state;
    assert_file("channel c of A, B { route where { X: a > 1 Y: b } delivery at least once overflow spill 1 GB keep 7 days }",
                "(channel c (of A B) route-where (where (X: (> a 1)) (Y: b)) at-least-once spill (spill 1000000000B) (keep 604800000000000ns/7day))\n");
    assert_file("channel c of A { overflow drop newest route itinerary a.b delivery at most once }",
                "(channel c (of A) route-itinerary a.b at-most-once drop-newest)\n");
    assert_file("channel c of A { route by a delivery exactly once overflow drop oldest }",
                "(channel c (of A) route-by a exactly-once drop-oldest)\n");
    assert_file("channel c of A { route type overflow block } channel d of A { route fixed }",
                "(channel c (of A) route-type block)\n(channel d (of A) route-fixed)\n");
}

static void test_nested_network_and_placement(void **state)
{
    (void)state;
    assert_file("network F(in Tx, out Al) { param p : int } agent f = F(A -> Tx, Al -> b.C)",
                "(network F (in Tx) (out Al) {\n(param p int)\n})\n(agent f F (map A Tx) (map Al b.C))\n");
}

static void test_module_keeps_the_order_of_files(void **state)
{
    (void)state;
    Bench bench;
    parse(&bench, "param a : int param b : int");
    uint32_t second = sources_add(&bench.sources, TEXT("u.cep"), TEXT("param c : int"));
    AstFile file;
    assert_true(parse_source(&bench.sources, second, &bench.diagnostics, &bench.arena, &file));
    AstModule module = {0};
    module_add(&module, &bench.arena, &bench.file);
    module_add(&module, &bench.arena, &file);
    assert_int_equal(module.n, 3);
    assert_true(text_is_c(module.declarations[2]->name.text, "c"));
    assert_int_equal(module.declarations[2]->span.file, 1);
    end(&bench);
}

/* ---- contexts ------------------------------------------------------------------------------------- */

static void test_fixed_and_sliding(void **state)
{
    (void)state;
    assert_context("fixed every 1 day zone \"Z\" order by a.b", "(FIXED (every 86400000000000ns/1day) (zone \"Z\") (order by a.b))");
    assert_context("fixed every 2 months", "(FIXED (every 2month))");
    assert_context("fixed from 1970-01-01T00:00Z for 9 h every 1 week",
                   "(FIXED (from @0) (size 32400000000000ns) (every 604800000000000ns/1week))");
    assert_context("fixed from @1970-01-01 to @1970-01-02", "(FIXED (from @0/date) (to @86400000000000/date))");
    assert_context("sliding 1 h every p from @1970-01-01 at most 5 events order detection",
                   "(SLIDING (from @0/date) (size 3600000000000ns) (every p) (order detection) (limit 5))");
}

static void test_event_counted_contexts(void **state)
{
    (void)state;
    assert_context("each 3 A a where a.x > 0 | B b every 1 order occurrence",
                   "(EACH (count 3) (open A a (where (> (.x a) 0))) (open B b) (every 1) (order occurrence))");
    assert_context("last 100 events", "(LAST_EVENTS (count 100))");
    assert_context("last 60 s order detection", "(LAST_TIME (size 60000000000ns) (order detection))");
    assert_context("last pause", "(LAST_TIME (size pause))");
    assert_context("session gap 30 min", "(SESSION (size 1800000000000ns))");
}

static void test_event_interval(void **state)
{
    (void)state;
    assert_context("from A a", "(FROM (open A a))");
    assert_context("from A a where a.x or a.y | B b to C c where c.k == a.k | D d for at most 1 h since a.t at most 9 events "
                   "idle 2 h again refresh or discard on X x | Y y",
                   "(FROM (open A a (where (or (.x a) (.y a)))) (open B b) (close C c (where (== (.k c) (.k a)))) (close D d) "
                   "(limit 9) (expiry 3600000000000ns) (since (.t a)) (idle 7200000000000ns) again-refresh (discard X x) (discard Y y))");
}

static void test_mark_4_or_discard_ends_the_expression(void **state)
{
    (void)state;
    assert_context("from A a where a.x or discard on B b", "(FROM (open A a (where (.x a))) (discard B b))");
    assert_context("from A a where a.x or `discard`", "(FROM (open A a (where (or (.x a) `discard`))))");
}

static void test_segmentation(void **state)
{
    (void)state;
    assert_context("by card.no idle 7 days", "(BY (keys card.no) (idle 604800000000000ns/7day))");
    assert_context("by (driver, store)", "(BY (keys driver store))");
    assert_context("by card = A.card | B.pan", "(BY card (key (.card A)) (key (.pan B)))");
    assert_context("bands { low: x < 1 high: x >= 1, not: y }", "(BANDS (bands (low: (< x 1)) (high: (>= x 1)) (not: y)))");
}

static void test_state_and_complement(void **state)
{
    (void)state;
    assert_context("while T[\"a\"].x in [1] at detection", "(WHILE (while (in (.x (index T \"a\")) (list 1))) at-detection)");
    assert_context("while not T.x at occurrence", "(WHILE (while (not (.x T))) at-occurrence)");
    assert_context("outside Night", "(OUTSIDE Night)");
}

static void test_spatial(void **state)
{
    (void)state;
    assert_context("near place to T[1].s bands { a: 0 m .. 2 km b: x .. y }",
                   "(NEAR_BANDS place (shape T (key 1) s) (band a 0m 2000m) (band b x y))");
    assert_context("near place to each A x where x.k at x.p within 1 km for at most 1 h again add or discard on B b",
                   "(NEAR_EACH (open A x (where (.k x))) place x.p (most 1000m) (expiry 3600000000000ns) again-add (discard B b))");
    assert_context("near place to each A x at x.p within 1 km .. 2 km", "(NEAR_EACH (open A x) place x.p (least 1000m) (most 2000m))");
    assert_context("near place to each.s bands {}", "(NEAR_BANDS place (shape each s))");
}

static void test_mark_3_location_or_context(void **state)
{
    (void)state;
    static const char *const relations[] = {"within", "contains", "overlaps", "disjoint", "equals", "touches"};
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
        char *text, *dump;
        assert_true(asprintf(&text, "a.place %s T.shape", relations[i]) > 0);
        assert_true(asprintf(&dump, "(LOCATION a.place %s (shape T shape))", relations[i]) > 0);
        assert_context(text, dump);
        free(text);
        free(dump);
    }
    assert_context("PerCard, Day", "(NAMED PerCard) (NAMED Day)");
    assert_mistake("context X = a.b", DIAGNOSTIC_EXPECTED, 1, 16, "relation", NULL);
}

/* ---- agents --------------------------------------------------------------------------------------- */

static void test_inputs(void **state)
{
    (void)state;
    assert_file("agent t in by k, last 1 s { note \"n\" on A | b.C x where x.y let z = x.y + 1 derive F {} }",
                "(agent t (BY (keys k)) (LAST_TIME (size 1000000000ns)) (note \"n\") (on (types A b.C) x (where (.y x))) "
                "(let z (+ (.y x) 1)) (derive F (fields)))\n");
}

static void test_enrich(void **state)
{
    (void)state;
    assert_clause("enrich T t by (a.x, 1) ordered by t.y desc every or drop as of occurrence derive F {}",
                  "(enrich T t (by (tuple (.x a) 1)) (ordered-desc (.y t)) every or-drop as-of-occurrence) (derive F (fields))");
    assert_clause("enrich T t where t.x or t.y or drop derive F {}", "(enrich T t (where (or (.x t) (.y t))) or-drop) (derive F (fields))");
    assert_clause("enrich T t by a.x first enrich T u by a.x last enrich T v by a.x combine derive F {}",
                  "(enrich T t (by (.x a)) first) (enrich T u (by (.x a)) last) (enrich T v (by (.x a)) combine) (derive F (fields))");
}

static void test_enrich_behind_detect_is_per_match(void **state)
{
    (void)state;
    assert_clause("enrich T t by a.x detect a match once enrich T u by a.x derive F {}",
                  "(enrich T t (by (.x a))) (enrich T u (by (.x a)) per-match) (detect (PARTICIPANT a)) match-once (derive F (fields))");
}

static void test_join_and_sort(void **state)
{
    (void)state;
    assert_clause("on B b join a, b where a.x == b.x within 5 min unmatched a discard unmatched b output unmatched both terminal "
                  "sort by a.t within 5 s derive F {}",
                  "(on (types B) b) (join (aliases a b) (where (== (.x a) (.x b))) (within 300000000000ns) (unmatched a discard) "
                  "(unmatched b output) (unmatched both terminal)) (sort (.t a)) (sort-within 5000000000ns) (derive F (fields))");
}

static void test_expect(void **state)
{
    (void)state;
    assert_clause("expect C c where c.x | D d within 30 s since a.t inclusive again extend or discard on S s enrich T t by c.x "
                  "derive F {} otherwise derive G {}",
                  "(enrich T t (by (.x c)) per-match) (expect (event C c (where (.x c))) (event D d) (within 30000000000ns) (since (.t a)) "
                  "inclusive again-extend (discard S s)) (derive F (fields)) (otherwise G (fields))");
}

static void test_policies(void **state)
{
    (void)state;
    assert_clause("detect a evidence last 5 order by a.b evaluate on a consume before last a pick a last, b max(b.x) match once per run derive F {}",
                  "(detect (PARTICIPANT a)) match-once-per-run (pick last a) (pick max b (by (.x b))) consume-before-last a "
                  "evaluate-on a (order by a.b) evidence-last (last 5) (derive F (fields))");
}

static void test_policy_values(void **state)
{
    (void)state;
    static const char *const values[][2] = {
        {"match every time", "match-every-time"}, {"match once", "match-once"}, {"match at most 5", "match-at-most (at-most 5)"},
        {"pick first", "(pick first)"}, {"pick last", "(pick last)"}, {"pick each", "(pick each)"}, {"pick newest", "(pick newest)"},
        {"pick max(a.x)", "(pick max (by (.x a)))"}, {"pick min(a.x)", "(pick min (by (.x a)))"},
        {"consume matched", "consume-matched"}, {"consume none", "consume-none"}, {"consume 2 times", "consume-times (times 2)"},
        {"consume everything", "consume-everything"}, {"consume through last", "consume-through-last"},
        {"consume to next", "consume-to-next"}, {"consume before a", "consume-before a"},
        {"evaluate immediately", "evaluate-immediately"}, {"evaluate at close", "evaluate-at-close"},
        {"order occurrence", "(order occurrence)"}, {"order detection", "(order detection)"}, {"order stream", "(order stream)"},
        {"evidence all", "evidence-all"}, {"evidence none", "evidence-none"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char *text, *dump;
        assert_true(asprintf(&text, "%s derive F {}", values[i][0]) > 0);
        assert_true(asprintf(&dump, "%s (derive F (fields))", values[i][1]) > 0);
        assert_clause(text, dump);
        free(text);
        free(dump);
    }
}

static void test_derive(void **state)
{
    (void)state;
    assert_clause("derive F { x: a.x, $time: a.$time } from a except y, z when a.x > 1 to ch",
                  "(derive F (fields (x: (.x a)) ($time: (.$time a))) from-except a (names y z) (when (> (.x a) 1)) (to ch))");
    assert_clause("derive F from a only y", "(derive F from-only a (names y))");
    assert_clause("derive cep.F from a", "(derive cep.F from a)");
    assert_clause("for each i in a.items[1] derive F {} else derive G {}",
                  "(for-each i) (in (index (.items a) 1)) (derive F (fields)) (else G (fields))");
}

static void test_mark_5_on_error_is_a_terminal(void **state)
{
    (void)state;
    assert_clause("derive F {} on error derive G { m: 1 }", "(derive F (fields)) (on-error G (fields (m: 1)))");
}

static void test_writes_emit_quiet(void **state)
{
    (void)state;
    assert_clause("update T { a: 1 } delete T by (a.x, 2) emit every 10 s inclusive quiet 5 min after last per a.x",
                  "(update T (fields (a: 1))) (delete T (by (tuple (.x a) 2))) (emit every (every 10000000000ns) inclusive) "
                  "(quiet-after-last 300000000000ns) (quiet-per (.x a))");
    assert_clause("derive F {} emit on change quiet p", "(derive F (fields)) (emit on-change) (quiet p)");
    assert_clause("derive F {} emit immediately", "(derive F (fields)) (emit immediately)");
    assert_clause("derive F {} emit at close", "(derive F (fields)) (emit at-close)");
}

/* ---- patterns ------------------------------------------------------------------------------------- */

static void test_mark_6_pattern_or_expression(void **state)
{
    (void)state;
    assert_detect("a", "(PARTICIPANT a)");
    assert_detect("a.x > 1", "(> (.x a) 1)");
    assert_detect("a[1].x", "(.x (index a 1))");
    assert_detect("(not (a.x))", "(not (.x a))");
    assert_detect("not (a or b)", "(NOT (aliases a b))");
    assert_detect("count(a) > 1", "(> (count a) 1)");
    assert_detect("first(a) > 1", "(> (first a) 1)");
}

static void test_mark_6_without_alias_it_is_an_expression(void **state)
{
    (void)state;
    assert_detect("q > 1", "(> q 1)");
    assert_detect("`all` > 1", "(> `all` 1)");
    assert_detect("(last(a) > 1)", "(> (last a) 1)");
}

static void test_sequences(void **state)
{
    (void)state;
    assert_detect("a -> b -> c", "(SEQUENCE (PARTICIPANT a) (PARTICIPANT b) (PARTICIPANT c))");
    assert_detect("first a -> next b -> first c -> any x",
                  "(SEQUENCE (PARTICIPANT mode-first a) (PARTICIPANT mode-next b) (PARTICIPANT mode-first c) (PARTICIPANT mode-any x))");
    assert_detect("a -> wait 5 min -> b", "(SEQUENCE (PARTICIPANT a) (WAIT (for 300000000000ns)) (PARTICIPANT b))");
    assert_detect("a -> next (b or c)", "(SEQUENCE (PARTICIPANT a) (OR mode-next (PARTICIPANT b) (PARTICIPANT c)))");
}

static void test_groups(void **state)
{
    (void)state;
    assert_detect("(a -> b){2}", "(SEQUENCE (PARTICIPANT a) (PARTICIPANT b) (loop 2..2))");
    assert_detect("((a))", "(PARTICIPANT a)");
    assert_detect("(a+){2}", "(SEQUENCE (PARTICIPANT a (loop 1..4294967295)) (loop 2..2))");
    assert_detect("a and b", "(ALL (PARTICIPANT a) (PARTICIPANT b))");
    assert_detect("all(a, b?, not x)", "(ALL (PARTICIPANT a) (PARTICIPANT b (loop 0..1)) (NOT (aliases x)))");
    assert_detect("a or b or c", "(OR (PARTICIPANT a) (PARTICIPANT b) (PARTICIPANT c))");
    assert_detect("(a or b) -> all(c, x)", "(SEQUENCE (OR (PARTICIPANT a) (PARTICIPANT b)) (ALL (PARTICIPANT c) (PARTICIPANT x)))");
}

static void test_loops(void **state)
{
    (void)state;
    assert_detect("a+ strict", "(PARTICIPANT a (loop 1..4294967295 strict))");
    assert_detect("a* any", "(PARTICIPANT a (loop 0..4294967295 any))");
    assert_detect("a{3} each length", "(PARTICIPANT a (loop 3..3 each-length))");
    assert_detect("a{2,5} until x greedy", "(PARTICIPANT a (loop 2..5 greedy (until x)))");
    assert_detect("a{5,} -> b", "(SEQUENCE (PARTICIPANT a (loop 5..4294967295)) (PARTICIPANT b))");
}

static void test_negation(void **state)
{
    (void)state;
    assert_detect("a -> not x -> b", "(SEQUENCE (PARTICIPANT a) (NOT (aliases x)) (PARTICIPANT b))");
    assert_detect("a -> not next x", "(SEQUENCE (PARTICIPANT a) (NOT next (aliases x)))");
    assert_detect("a -> not x for 5 min each", "(SEQUENCE (PARTICIPANT a) (NOT (aliases x) (for 300000000000ns) each))");
    assert_detect("not x for 90 days -> b", "(SEQUENCE (NOT (aliases x) (for 7776000000000000ns/90day)) (PARTICIPANT b))");
    assert_detect("a -> (b or not x for p)", "(SEQUENCE (PARTICIPANT a) (OR (PARTICIPANT b) (NOT (aliases x) (for p))))");
}

static void test_mark_8_for_each_is_a_clause(void **state)
{
    (void)state;
    assert_clause("detect not a for each i in a.items derive F {}",
                  "(detect (NOT (aliases a))) (for-each i) (in (.items a)) (derive F (fields))");
}

static void test_mark_9_within_of_belongs_to_the_step(void **state)
{
    (void)state;
    assert_clause("detect a -> a within 5 s of a -> a within 1 h 30 min inclusive derive F {}",
                  "(detect (SEQUENCE (PARTICIPANT a) (PARTICIPANT a (within 5000000000ns) (within-of a)) (PARTICIPANT a)) "
                  "(within 5400000000000ns) inclusive) (derive F (fields))");
    assert_clause("detect a within p of a derive F {}", "(detect (PARTICIPANT a (within p) (within-of a))) (derive F (fields))");
    assert_clause("detect a within 1 h 30 min of a derive F {}",
                  "(detect (PARTICIPANT a (within 5400000000000ns) (within-of a))) (derive F (fields))");
}

static void test_subsets_and_mark_7(void **state)
{
    (void)state;
    assert_detect("first 2 s", "(FIRST (count 2) s)");
    assert_detect("last 2 w", "(LAST (count 2) w)");
    assert_detect("random 5 w seed 7", "(RANDOM (count 5) w (seed 7))");
    assert_detect("highest 3 w by w.x + 1", "(HIGHEST (count 3) w (of (+ (.x w) 1)))");
    assert_detect("lowest 3 s by s.x", "(LOWEST (count 3) s (of (.x s)))");
}

static void test_modal_edges_absence(void **state)
{
    (void)state;
    assert_detect("absent(a, b)", "(ABSENT (aliases a b))");
    assert_detect("always w.t < 40", "(ALWAYS (of (< (.t w) 40)))");
    assert_detect("sometimes w.t < 40 or w.u", "(SOMETIMES (of (or (< (.t w) 40) (.u w))))");
    assert_detect("becomes count(w) > 3", "(BECOMES (of (> (count w) 3)))");
    assert_detect("ceases w.x", "(CEASES (of (.x w)))");
}

static void test_trends(void **state)
{
    (void)state;
    assert_detect("increasing w.t", "(INCREASING (of (.t w)))");
    assert_detect("decreasing w.t run 4", "(DECREASING (count 4) (of (.t w)))");
    assert_detect("stable w.t run 4 by 5 %", "(STABLE (count 4) (of (.t w)) (percent 5))");
    assert_detect("nonincreasing w.t % 2 run 4 by 0.5%", "(NONINCREASING (count 4) (of (% (.t w) 2)) (percent 0.5f))");
    assert_detect("nondecreasing w.t", "(NONDECREASING (of (.t w)))");
    assert_detect("mixed w.t", "(MIXED (of (.t w)))");
}

static void test_zones_and_motion(void **state)
{
    (void)state;
    assert_detect("enters Z.s z at w.p", "(ENTERS (shape Z s) z (of (.p w)))");
    assert_detect("leaves Z[\"k\"].s z at w.p", "(LEAVES (shape Z (key \"k\") s) z (of (.p w)))");
    assert_detect("stays Z.s z at w.p for 10 min inclusive", "(STAYS (shape Z s) z (of (.p w)) (for 600000000000ns) inclusive)");
    assert_detect("moving w.p constant", "(MOVING (of (.p w)) constant)");
    assert_detect("moving w.p constant north", "(MOVING (of (.p w)) constant north)");
    assert_detect("moving w.p constant ne", "(MOVING (of (.p w)) constant ne)");
    assert_detect("moving w.p constant east", "(MOVING (of (.p w)) constant east)");
    assert_detect("moving w.p constant se", "(MOVING (of (.p w)) constant se)");
    assert_detect("moving w.p constant south", "(MOVING (of (.p w)) constant south)");
    assert_detect("moving w.p constant sw", "(MOVING (of (.p w)) constant sw)");
    assert_detect("moving w.p constant west", "(MOVING (of (.p w)) constant west)");
    assert_detect("moving w.p constant nw", "(MOVING (of (.p w)) constant nw)");
    assert_detect("moving w.p mixed", "(MOVING (of (.p w)) mixed)");
    assert_detect("moving w.p toward point(1, 2)", "(MOVING (of (.p w)) toward (toward (point 1 2)))");
    assert_detect("stationary w.p", "(STATIONARY (of (.p w)))");
    assert_detect("stationary w.p tolerance 50 m", "(STATIONARY (of (.p w)) (tolerance 50m))");
}

/* ---- tests in the language ------------------------------------------------------------------------ */

static void test_test_statements(void **state)
{
    (void)state;
    assert_file("test \"t\" of a, b with { p: 1 } { table T { k: 1 } at 1970-01-01T00:00Z E { $id: 'q' } repeat 3 every 1 s id \"i\" "
                "at +3 h E {} advance 1 s }",
                "(test (title \"t\") (of a b) (with (p: 1)) (table T (fields (k: 1))) (at (time @0) E (fields ($id: \"q\")) (repeat 3) "
                "(every 1000000000ns) (id \"i\")) (at (after 10800000000000ns) E (fields)) (advance (after 1000000000ns)))\n");
}

static void test_mark_11_expect_error(void **state)
{
    (void)state;
    assert_file("test \"t\" { expect nothing expect error \"e\" expect error {} expect at @1970-01-01 E { a: 1 } times 2 "
                "expect exactly { A {} times 2 at @1970-01-01 B {} } expect exactly {} }",
                "(test (title \"t\") (expect-nothing) (expect-error (error \"e\")) (expect (event error (fields))) "
                "(expect (event (at @0/date) E (fields (a: 1)) (times 2))) "
                "(expect-exactly (event A (fields) (times 2)) (event (at @0/date) B (fields))) (expect-exactly))\n");
}

/* ---- mistakes ------------------------------------------------------------------------------------- */

static void test_misspelt_keywords(void **state)
{
    (void)state;
    assert_mistake("param a : int\nagnt x {}", DIAGNOSTIC_UNKNOWN_DECLARATION, 2, 1, "`agnt`", "did you mean `agent`?");
    assert_mistake("agent x {\n  on A a\n  detct a\n  derive F {}\n}", DIAGNOSTIC_UNKNOWN_CLAUSE, 3, 3, "`detct`", "did you mean `detect`?");
    assert_mistake("event E { a : strng }", DIAGNOSTIC_EXPECTED, 1, 15, "a type", "did you mean `string`?");
    assert_mistake("event E { chronn 1 s }", DIAGNOSTIC_UNKNOWN_CLAUSE, 1, 11, "`chronn`", "did you mean `chronon`?");
    assert_mistake("test \"t\" { advnce 1 s }", DIAGNOSTIC_UNKNOWN_CLAUSE, 1, 12, "`advnce`", "did you mean `advance`?");
    assert_mistake("channel c of A { rout type }", DIAGNOSTIC_UNKNOWN_CLAUSE, 1, 18, "`rout`", "did you mean `route`?");
    assert_mistake("alert A severity hihg {}", DIAGNOSTIC_EXPECTED, 1, 18, "severity", "did you mean `high`?");
}

static void test_units_of_the_wrong_kind(void **state)
{
    (void)state;
    assert_mistake("context X = last 5 m", DIAGNOSTIC_UNIT, 1, 18, "distance", "did you mean `5 min`?");
    assert_mistake("context X = last 5", DIAGNOSTIC_UNIT, 1, 18, "no unit", "5 min");
    assert_mistake("context X = last 5  min", DIAGNOSTIC_UNIT, 1, 18, "no unit", "one blank");
    assert_mistake("context X = last 1 month", DIAGNOSTIC_UNIT, 1, 18, "no fixed length", "days");
    assert_mistake("param p : duration = 2 years", DIAGNOSTIC_UNIT, 1, 22, "no fixed length", "days");
    assert_mistake("context X = sliding 1 h every 1 month", DIAGNOSTIC_UNIT, 1, 31, "month", NULL);
    assert_mistake("context X = fixed every 1.5 months", DIAGNOSTIC_UNIT, 1, 25, "whole", NULL);
    assert_mistake("param p : any = 1 km 500 m", DIAGNOSTIC_UNIT, 1, 22, "sum", "1 h 30 min");
    assert_mistake("channel c of A { overflow spill 5 min }", DIAGNOSTIC_UNIT, 1, 33, "a size", NULL);
    assert_mistake("context X = near p to each A a at a.p within 5 min", DIAGNOSTIC_UNIT, 1, 46, "a distance", "did you mean `5 m`?");
}

static void test_comparison_with_null(void **state)
{
    (void)state;
    assert_mistake("param p : bool = x == null", DIAGNOSTIC_COMPARE_NULL, 1, 18, "null", "use `is null`");
    assert_mistake("param p : bool = null != x", DIAGNOSTIC_COMPARE_NULL, 1, 18, "null", "use `is not null`");
}

static void test_operators_that_need_parentheses(void **state)
{
    (void)state;
    assert_mistake("agent x { on A a on B b on C c detect a -> b or c derive F {} }", DIAGNOSTIC_LEVEL_MIXED, 1, 46, "needs parentheses", "a -> (b or c)");
    assert_mistake("param p : bool = a < b < c", DIAGNOSTIC_COMPARE_CHAIN, 1, 24, "chain", "and");
    assert_mistake("param p : int = 1 + if a then 2 else 3", DIAGNOSTIC_EXPECTED, 1, 21, "parentheses", "(if");
    assert_mistake("param p : bool = a not in [1]", DIAGNOSTIC_EXPECTED, 1, 20, "`not` stands before", "not x in");
    assert_mistake("param p : bool = a == not b", DIAGNOSTIC_EXPECTED, 1, 23, "parentheses", "(not");
}

static void test_words_that_cannot_be_an_alias(void **state)
{
    (void)state;
    static const char *const words[] = {"not", "first", "each", "context", "max", "stationary", "prev"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *text;
        assert_true(asprintf(&text, "agent x { on A %s derive F {} }", words[i]) > 0);
        assert_mistake(text, DIAGNOSTIC_ALIAS_WORD, 1, 16, words[i], "back-ticks");
        free(text);
    }
    assert_mistake("param first : int", DIAGNOSTIC_ALIAS_WORD, 1, 7, "first", NULL);
    assert_file("agent x { on A `first` on S s derive F {} }", "(agent x (on (types A) `first`) (on (types S) s) (derive F (fields)))\n");
}

static void test_literals_that_are_none(void **state)
{
    (void)state;
    assert_mistake("param p : int = 007", DIAGNOSTIC_NUMBER, 1, 17, "does not begin with 0", NULL);
    assert_mistake("param p : int = 99999999999999999999", DIAGNOSTIC_NUMBER_RANGE, 1, 17, "64 bits", NULL);
    assert_mistake("param p : string = \"a\\q\"", DIAGNOSTIC_STRING_ESCAPE, 1, 22, "\\q", NULL);
    assert_mistake("param p : string = \"abc\nparam q : int = 1", DIAGNOSTIC_STRING_OPEN, 1, 20, "closing quote", NULL);
    assert_mistake("param p : time = @2026-02-30", DIAGNOSTIC_TIME_LITERAL, 1, 18, "no such time", NULL);
    assert_mistake("param p : time = 2026-01-31", DIAGNOSTIC_NUMBER, 1, 23, "0", "@2026-01-31");
    assert_mistake("context X = fixed from 2026 every 1 day", DIAGNOSTIC_EXPECTED, 1, 24, "a time", "@2026-01-31");
}

static void test_text_that_cannot_be_read(void **state)
{
    (void)state;
    assert_mistake("param p : int\n# \xFF", DIAGNOSTIC_SOURCE_UTF8, 2, 3, "0xFF at offset 16", NULL);
    assert_mistake("# \xED\xA0\x80", DIAGNOSTIC_SOURCE_UTF8, 1, 3, "UTF-8", NULL);
    assert_int_equal(count_mistakes((Text){"param p : int\0 ", 15}), 1);
    assert_mistake("param \xC3\xA9t\xC3\xA9 : int", DIAGNOSTIC_CHARACTER, 1, 7, "begins nothing", "back-ticks");
}

static void test_file_above_the_limit_is_refused(void **state)
{
    (void)state;
    char *text = malloc(SOURCE_BYTES_MAX + 1);
    memset(text, ' ', SOURCE_BYTES_MAX + 1);
    assert_int_equal(count_mistakes((Text){text, SOURCE_BYTES_MAX + 1}), 1);
    assert_int_equal(count_mistakes((Text){text, SOURCE_BYTES_MAX}), 0);
    free(text);
}

static void test_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    assert_file("\xEF\xBB\xBFparam p : int", "(param p int)\n");
}

static void test_clauses_out_of_order_or_twice(void **state)
{
    (void)state;
    assert_mistake("agent x {\n  on A a\n  detect a\n  let b = 1\n  derive F {}\n}", DIAGNOSTIC_CLAUSE_ORDER, 4, 3, "`let` stands before `detect`", NULL);
    assert_mistake("agent x {\n  on A a\n  match once\n  match once\n  derive F {}\n}", DIAGNOSTIC_CLAUSE_TWICE, 4, 3, "`match`", NULL);
    assert_mistake("agent x { on A a on B a derive F {} }", DIAGNOSTIC_CLAUSE_TWICE, 1, 23, "`a` is taken", NULL);
    assert_mistake("agent x { on A a detect a expect C c within 1 s derive F {} }", DIAGNOSTIC_CLAUSE_TWICE, 1, 27, "not both", NULL);
    assert_mistake("time occurrence lateness 1 s lateness 2 s", DIAGNOSTIC_CLAUSE_TWICE, 1, 30, "`lateness`", NULL);
}

static void test_agent_without_input_or_output(void **state)
{
    (void)state;
    assert_mistake("agent x { derive F {} }", DIAGNOSTIC_CLAUSE_MISSING, 1, 7, "no input", "on EVENT");
    assert_mistake("agent x { on A a }", DIAGNOSTIC_CLAUSE_MISSING, 1, 7, "does nothing", "derive");
}

static void test_missing_signs(void **state)
{
    (void)state;
    assert_mistake("param p : list<int> = [1, 2\nparam q : int", DIAGNOSTIC_EXPECTED, 2, 1, "`,` or `]`", NULL);
    assert_mistake("agent x {\n  on A a\n  derive F { a: 1 b: 2 }\n}", DIAGNOSTIC_EXPECTED, 3, 18, "`,` is missing", NULL);
    assert_mistake("agent x\n  on A a\n  derive F {}\n}", DIAGNOSTIC_EXPECTED, 2, 3, "`{`", NULL);
    assert_mistake("agent x {\n  on A a\n  derive F {}\n\nparam p : int", DIAGNOSTIC_EXPECTED, 3, 14, "`}` is missing", NULL);
    assert_mistake("param p : int =", DIAGNOSTIC_EXPECTED, 1, 16, "the file ends here", NULL);
}

static void test_independent_mistakes_are_all_found(void **state)
{
    (void)state;
    Bench bench;
    parse_text(&bench, TEXT("event E {\n  a : in\n  b : int\n  c : strng\n}\nagent x {\n  on A first\n  detct a\n  derive F { a: }\n"
                            "  quiet 5 m\n}\nparm z : int\nparam w : int = 007\n"));
    static const uint32_t lines[] = {2, 4, 7, 8, 9, 10, 12, 13};
    const Diagnostic **sorted = diagnostics_sorted(&bench.diagnostics);
    assert_int_equal(bench.diagnostics.n, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(source_place(&bench.sources.items[0], sorted[i]->span.start).line, lines[i]);
    end(&bench);
}

/* ---- limits --------------------------------------------------------------------------------------- */

/* head, n × open, middle, n × close: one mistake with that code. */
static void assert_too_deep(const char *head, const char *open, uint32_t n, const char *tail, DiagnosticCode code)
{
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);
    fputs(head, out);
    for (uint32_t i = 0; i < n; i++)
        fputs(open, out);
    fputs(tail, out);
    fclose(out);
    Bench bench;
    parse_text(&bench, text_of(text));
    assert_int_equal(bench.diagnostics.errors, 1);
    assert_string_equal(diagnostic_code(bench.diagnostics.items[0]->code), diagnostic_code(code));
    end(&bench);
    free(text);
}

static void test_nesting_is_bounded(void **state)
{
    (void)state;
    assert_too_deep("param p : int = ", "(", 10000, "1", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : int = ", "[", 10000, "1", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : int = ", "{ a: ", 10000, "1", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : int = ", "f(", 10000, "1", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : int = ", "-", 10000, "1", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : int = ", "not ", 10000, "x", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : int = ", "x ?? ", 10000, "x", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : int = ", "if ", 10000, "x", DIAGNOSTIC_NESTING);
    assert_too_deep("param p : ", "list<", 10000, "int", DIAGNOSTIC_NESTING);
    assert_too_deep("agent x { on A a detect ", "(", 10000, "a", DIAGNOSTIC_NESTING);
    assert_too_deep("agent x { on A a detect ", "all(", 10000, "a", DIAGNOSTIC_NESTING);
    assert_too_deep("", "network N(in a) { ", 10000, "", DIAGNOSTIC_NESTING);
}

static void test_long_chains_are_bounded(void **state)
{
    (void)state;
    assert_too_deep("param p : int = x", " + 1", 5000, "", DIAGNOSTIC_EXPRESSION_LONG);
    assert_too_deep("param p : int = x", " or y", 5000, "", DIAGNOSTIC_EXPRESSION_LONG);
    assert_too_deep("param p : int = x", ".y", 5000, "", DIAGNOSTIC_EXPRESSION_LONG);
}

static void test_nesting_up_to_the_limit(void **state)
{
    (void)state;
    char text[1024];
    char *p = text + sprintf(text, "param p : int = ");
    memset(p, '(', 200);
    p[200] = '1';
    memset(p + 201, ')', 200);
    p[401] = 0;
    assert_file(text, "(param p int (= 1))\n");
}

/* ---- the whole language, mutilated ---------------------------------------------------------------- */

static void test_sample_parses(void **state)
{
    (void)state;
    Bench bench;
    parse(&bench, rule_sample);
    assert_true(bench.file.n > 60);
    assert_int_equal(bench.file.comment_count, 3);
    end(&bench);
}

typedef struct Cut {
    uint32_t start, end;
} Cut;

/* Glues pieces of the sample together; the text is exactly as long as it must be, so that ASan sees a
 * read behind its end. */
static uint32_t mistakes_of(const Cut *cuts, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        size += cuts[i].end - cuts[i].start + 1;
    char *text = malloc(size), *p = text;
    for (size_t i = 0; i < n; i++) {
        memcpy(p, rule_sample + cuts[i].start, cuts[i].end - cuts[i].start);
        p += cuts[i].end - cuts[i].start;
        *p++ = ' ';
    }
    uint32_t mistakes = count_mistakes((Text){text, (uint32_t)size});
    free(text);
    return mistakes;
}

static void test_mutilated_samples_are_refused_politely(void **state)
{
    (void)state;
    const uint32_t length = sizeof rule_sample - 1;
    Lexer lexer = {.text = {rule_sample, length}};
    Token before = lexer_next(&lexer, false);
    for (Token token; (token = lexer_next(&lexer, false)).kind != TOKEN_END; before = token) {
        const Cut without[] = {{0, token.start}, {token.end, length}};
        assert_in_range(mistakes_of(without, 2), 0, 3);
        const Cut twice[] = {{0, token.end}, {token.start, length}};
        assert_in_range(mistakes_of(twice, 2), 0, 4);
        const Cut swapped[] = {{0, before.start}, {token.start, token.end}, {before.start, before.end}, {token.end, length}};
        assert_in_range(mistakes_of(swapped, 4), 0, 5);
    }
}

static void test_truncated_samples_are_refused_politely(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < sizeof rule_sample; at += 3)
        assert_in_range(mistakes_of((const Cut[]){{0, at}}, 1), 0, 3);
}

static void test_noise_is_refused(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        char text[64];
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[i] = (char)(seed >> 33 & 0x7F);
        }
        count_mistakes((Text){text, sizeof text});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_quantities),
        cmocka_unit_test(test_quantity_keeps_its_parts),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_conditional),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_postfix),
        cmocka_unit_test(test_argument_may_have_where),
        cmocka_unit_test(test_mark_10_any_is_a_name_elsewhere),
        cmocka_unit_test(test_slash_divides_behind_an_operand),
        cmocka_unit_test(test_words_are_names_where_no_keyword_is_asked_for),
        cmocka_unit_test(test_mark_1_unit_before_colon_is_a_name),
        cmocka_unit_test(test_expression_ends_at_the_line_of_a_unit),
        cmocka_unit_test(test_span_is_what_was_read),
        cmocka_unit_test(test_small_declarations),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_mark_2_header_or_attribute),
        cmocka_unit_test(test_event_headers),
        cmocka_unit_test(test_event_and_alert),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_producer_and_consumer),
        cmocka_unit_test(test_channel),
        cmocka_unit_test(test_nested_network_and_placement),
        cmocka_unit_test(test_module_keeps_the_order_of_files),
        cmocka_unit_test(test_fixed_and_sliding),
        cmocka_unit_test(test_event_counted_contexts),
        cmocka_unit_test(test_event_interval),
        cmocka_unit_test(test_mark_4_or_discard_ends_the_expression),
        cmocka_unit_test(test_segmentation),
        cmocka_unit_test(test_state_and_complement),
        cmocka_unit_test(test_spatial),
        cmocka_unit_test(test_mark_3_location_or_context),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_enrich),
        cmocka_unit_test(test_enrich_behind_detect_is_per_match),
        cmocka_unit_test(test_join_and_sort),
        cmocka_unit_test(test_expect),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_policy_values),
        cmocka_unit_test(test_derive),
        cmocka_unit_test(test_mark_5_on_error_is_a_terminal),
        cmocka_unit_test(test_writes_emit_quiet),
        cmocka_unit_test(test_mark_6_pattern_or_expression),
        cmocka_unit_test(test_mark_6_without_alias_it_is_an_expression),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_negation),
        cmocka_unit_test(test_mark_8_for_each_is_a_clause),
        cmocka_unit_test(test_mark_9_within_of_belongs_to_the_step),
        cmocka_unit_test(test_subsets_and_mark_7),
        cmocka_unit_test(test_modal_edges_absence),
        cmocka_unit_test(test_trends),
        cmocka_unit_test(test_zones_and_motion),
        cmocka_unit_test(test_test_statements),
        cmocka_unit_test(test_mark_11_expect_error),
        cmocka_unit_test(test_misspelt_keywords),
        cmocka_unit_test(test_units_of_the_wrong_kind),
        cmocka_unit_test(test_comparison_with_null),
        cmocka_unit_test(test_operators_that_need_parentheses),
        cmocka_unit_test(test_words_that_cannot_be_an_alias),
        cmocka_unit_test(test_literals_that_are_none),
        cmocka_unit_test(test_text_that_cannot_be_read),
        cmocka_unit_test(test_file_above_the_limit_is_refused),
        cmocka_unit_test(test_byte_order_mark_is_skipped),
        cmocka_unit_test(test_clauses_out_of_order_or_twice),
        cmocka_unit_test(test_agent_without_input_or_output),
        cmocka_unit_test(test_missing_signs),
        cmocka_unit_test(test_independent_mistakes_are_all_found),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_long_chains_are_bounded),
        cmocka_unit_test(test_nesting_up_to_the_limit),
        cmocka_unit_test(test_sample_parses),
        cmocka_unit_test(test_mutilated_samples_are_refused_politely),
        cmocka_unit_test(test_truncated_samples_are_refused_politely),
        cmocka_unit_test(test_noise_is_refused),
    };
    return cmocka_run_group_tests_name("parser", tests, NULL, NULL);
}
