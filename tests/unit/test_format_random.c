/* The formatter over random rules and their mutations: see rules_check_format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/fuzz/rules.h"
#include "tests/oracle/generate.h"
#include "tests/unit/rule_sample.h"

enum { CASES = 300, MUTANTS = 5, ROOM = 1 << 16 };

static void test_random_rules_keep_tree_and_plan(void **state)
{
    (void)state;
    uint32_t parsed = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        Case c;
        case_make(&c, seed);
        parsed += rules_check_format(text_of(c.rules));
        case_free(&c);
    }
    assert_true(parsed > CASES * 9 / 10);
}

/* Counts the mutants that parse, so that a mutation that spoils everything is seen. */
static uint32_t check_mutants(Text rules, uint64_t seed)
{
    static char text[ROOM];
    uint32_t parsed = 0;
    for (uint64_t i = 0; i < MUTANTS; i++) {
        assert_true(rules.len < ROOM);
        memcpy(text, rules.p, rules.len);
        size_t size = rules_mutate(text, rules.len, ROOM, seed * MUTANTS + i);
        parsed += rules_check_format((Text){text, (uint32_t)size});
    }
    return parsed;
}

static void test_mutants_of_random_rules(void **state)
{
    (void)state;
    uint32_t parsed = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        Case c;
        case_make(&c, seed);
        parsed += check_mutants(text_of(c.rules), seed);
        case_free(&c);
    }
    assert_true(parsed > CASES * MUTANTS / 50);
}

static void test_mutants_of_the_sample(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= CASES; seed++)
        check_mutants(TEXT(rule_sample), seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_rules_keep_tree_and_plan),
        cmocka_unit_test(test_mutants_of_random_rules),
        cmocka_unit_test(test_mutants_of_the_sample),
    };
    return cmocka_run_group_tests_name("format_random", tests, NULL, NULL);
}
