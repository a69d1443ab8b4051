/* The function table: what it says about its ops is what the ops say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cep/function.h"

static bool built(Op op)
{
    return op == OP_NOW || op == OP_MATCHES || op == OP_CAPTURE || op == OP_IN_CIDR || op == OP_IDENTITY;
}

static void test_rows_agree_with_ops(void **state)
{
    (void)state;
    const Function *f;
    for (uint32_t i = 0; (f = function_at(i)); i++) {
        assert_true(f->what[0] != 0);
        for (uint32_t n = 0; n < FUNCTION_ARGS; n++)
            assert_int_equal(f->args[n] == TYPE_KINDS, n >= f->nargs);
        if (f->op == OPS || built(f->op) || f->how == FUNCTION_BUILT)
            continue;
        if (op_result(f->op) != TYPE_KINDS)
            assert_int_equal(f->result, op_result(f->op));
        uint32_t nargs = f->nargs - (f->how == FUNCTION_ZONE);
        for (uint32_t n = 0; n < nargs; n++)
            if (op_argument(f->op, n) == TYPE_ANY)
                assert_true(f->args[n] >= TYPE_LIST);
            else if (op_argument(f->op, n) != TYPE_KINDS)
                assert_int_equal(f->args[n], op_argument(f->op, n));
        if (nargs < FUNCTION_ARGS)
            assert_int_equal(op_argument(f->op, nargs), TYPE_KINDS);
    }
}

static void test_rows_of_a_name_stand_together(void **state)
{
    (void)state;
    const Function *f, *g;
    for (uint32_t i = 0; (f = function_at(i)); i++)
        for (uint32_t j = i + 1; (g = function_at(j)); j++)
            if (strcmp(f->name, g->name) == 0)
                assert_string_equal(function_at(j - 1)->name, g->name);
}

static uint32_t overloads(const char *name, uint32_t nargs)
{
    uint32_t from = 0, n = 0;
    for (const Function *f; (f = function_find(text_of(name), nargs, &from)); n++)
        assert_string_equal(f->name, name);
    return n;
}

static void test_find_iterates_overloads(void **state)
{
    (void)state;
    assert_int_equal(overloads("abs", 1), 4);
    assert_int_equal(overloads("abs", 2), 0);
    assert_int_equal(overloads("+", 2), 7);
    assert_int_equal(overloads("-", 1), 4);
    assert_int_equal(overloads("now", 0), 1);
    assert_int_equal(overloads("hour", 2), 1);
    assert_int_equal(overloads("concat", 5), 1);
    assert_int_equal(overloads("concat", 1), 0);
    assert_int_equal(overloads("nothing", 1), 0);
}

/* Every function that the language's page names is in the table. */
static void test_all_functions_of_the_language(void **state)
{
    (void)state;
    static const char *const names[] = {
        "int", "float", "text", "band", "bor", "bxor", "shift", "abs", "ceil", "floor", "round", "sqrt", "exp", "ln",
        "log10", "pow", "min", "max", "sign", "len", "lower", "upper", "trim", "substr", "replace", "split", "concat",
        "format", "capture", "hash", "now", "year", "month", "day", "weekday", "hour", "minute", "truncate", "distance",
        "bearing", "inside", "nearest", "buffer", "coalesce", "cidr", "id", "uuid", "point", "line", "area", "circle", "wkt",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!function_known(text_of(names[i])))
            fail_msg("%s is missing", names[i]);
    assert_false(function_known(TEXT("nothing")));
    uint32_t from = 0;
    assert_int_equal(function_find(TEXT("split"), 2, &from)->op, OP_SPLIT);
    from = 0;
    assert_true(function_find(TEXT("capture"), 3, &from)->optional);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_agree_with_ops), cmocka_unit_test(test_rows_of_a_name_stand_together),
        cmocka_unit_test(test_find_iterates_overloads), cmocka_unit_test(test_all_functions_of_the_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
