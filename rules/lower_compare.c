/* Conditions: comparisons and string tests, with `any` and `all`; `in`; `between`.
 *
 * Equality with any of several constants is one look-up in a set. Everything else over a list is a chain of `or`
 * (`and`), whose operands share what they have in common. */
#include "rules/lower_emit.h"

#include "cep/cidr.h"

static Reg constant_bool(LowerScope *scope, bool value)
{
    return program_constant(scope->builder, TYPE_BOOL, (Cell){.b = value});
}

/* expr with another right operand. */
static Reg emit_compare_one(LowerScope *scope, const Expr *expr, const Expr *right)
{
    ProgramBuilder *b = scope->builder;
    if (expr->kind == EXPR_MATCHES) {
        Reg text = lower_expr(scope, expr->a, TYPE_STRING);
        struct Regex *regex = text == REG_NONE ? NULL : emit_regex(scope, right, expr->ignoring_case);
        return regex ? program_matches(b, text, regex) : REG_NONE;
    }
    Reg ra, rb;
    if (!emit_pair(scope, expr->a, right, &ra, &rb))
        return REG_NONE;
    bool ordering = expr->kind == EXPR_LESS || expr->kind == EXPR_AT_MOST || expr->kind == EXPR_GREATER ||
                    expr->kind == EXPR_AT_LEAST;
    if (expr->ignoring_case && ordering) {
        ra = program_emit(b, OP_LOWER, ra, REG_NONE, REG_NONE);
        rb = program_emit(b, OP_LOWER, rb, REG_NONE, REG_NONE);
    }
    return emit_operator(scope, expr, expr->ignoring_case && !ordering ? " ignoring case" : "", ra, rb);
}

/* The list literal that an expression is, or stands for. */
static const Expr *list_of(Lowering *lowering, const Expr *expr)
{
    while (expr->kind == EXPR_NAME && (expr->ref == REF_PARAM || expr->ref == REF_LET)) {
        const ModelParam *param = expr->ref == REF_PARAM ? expr->note : NULL;
        if (param)
            lower_depends(lowering, param->declaration);
        expr = param ? param->value : ((const ModelLet *)expr->note)->value;
    }
    return expr->kind == EXPR_LIST ? expr : NULL;
}

/* Tries `a is one of the constants`; REG_NONE and nothing failed where they are not all constants. */
static Reg emit_set(LowerScope *scope, const Expr *a, const Expr *list)
{
    TypeKind type = emit_checked_type(a);
    for (uint32_t i = 0; i < list->arg_count; i++)
        if (emit_checked_type(list->args[i]) != TYPE_KINDS)
            type = emit_common_type(type, emit_checked_type(list->args[i]));
    Cell *cells = ARENA_ARRAY(scope->lowering->scratch, Cell, list->arg_count);
    for (uint32_t i = 0; i < list->arg_count; i++)
        if (!lower_literal(scope->lowering, list->args[i], type, &cells[i]))
            return REG_NONE;
    Reg ra = lower_expr(scope, a, type);
    return ra == REG_NONE ? REG_NONE : program_in_set(scope->builder, ra, cells, list->arg_count);
}

static Reg emit_list(LowerScope *scope, const Expr *expr, const Expr *list, bool all)
{
    ProgramBuilder *b = scope->builder;
    if (list->arg_count == 0)
        return constant_bool(scope, all);
    bool set = (expr->kind == EXPR_EQUAL && !all) || (expr->kind == EXPR_UNEQUAL && all);
    if (set && !expr->ignoring_case && list->arg_count > 1) {
        Reg r = emit_set(scope, expr->a, list);
        if (r != REG_NONE || scope->failed)
            return r == REG_NONE || expr->kind == EXPR_EQUAL ? r : program_emit(b, OP_NOT, r, REG_NONE, REG_NONE);
    }
    Reg r = REG_NONE;
    for (uint32_t i = 0; i < list->arg_count; i++) {
        Reg one = emit_compare_one(scope, expr, list->args[i]);
        if (one == REG_NONE)
            return REG_NONE;
        r = r == REG_NONE ? one : program_emit(b, all ? OP_AND : OP_OR, r, one, REG_NONE);
    }
    return r;
}

static Reg emit_comparison(LowerScope *scope, const Expr *expr)
{
    if (expr->quantifier == QUANTIFIER_NONE)
        return emit_compare_one(scope, expr, expr->b);
    const Expr *list = list_of(scope->lowering, expr->b);
    if (!list)
        return emit_refuse(scope, expr->b, "a list that is not written out does not run yet");
    return emit_list(scope, expr, list, expr->quantifier == QUANTIFIER_ALL);
}

static Reg emit_in_table(LowerScope *scope, const Expr *expr)
{
    const ModelTable *table = expr->note;
    ProgramBuilder *b = scope->builder;
    Expr *one[1] = {expr->a};
    Expr *const *keys = expr->a->kind == EXPR_TUPLE ? expr->a->args : one;
    Reg row = emit_find(scope, table, keys);
    if (row == REG_NONE)
        return REG_NONE;
    Reg found = program_emit(b, OP_IS_NOT_NULL, row, REG_NONE, REG_NONE);
    /* a missing key is unknown, not absent */
    for (uint32_t i = 0; i < table->nkeys; i++) {
        if (!keys[i]->type->optional)
            continue;
        Reg key = lower_expr(scope, keys[i], table->columns[table->keys[i]]->type->kind);
        Reg missing = program_emit(b, OP_IS_NULL, key, REG_NONE, REG_NONE);
        found = program_emit(b, OP_SELECT, missing, program_null(b, TYPE_BOOL), found);
    }
    return found;
}

static Reg emit_in(LowerScope *scope, const Expr *expr)
{
    ProgramBuilder *b = scope->builder;
    if (expr->ref == REF_IN_TABLE)
        return emit_in_table(scope, expr);
    if (expr->ref == REF_IN_NETS) {
        Reg text = lower_expr(scope, expr->a, TYPE_STRING), r = REG_NONE;
        bool good = true;
        for (uint32_t i = 0; text != REG_NONE && i < expr->b->arg_count; i++) {
            Text net;
            if (!emit_constant_text(scope, expr->b->args[i], &net))
                return REG_NONE;
            if (!cidr_parse(net, &(Cidr){0})) {
                diagnostics_hint(diagnostics_add(scope->lowering->diagnostics, DIAGNOSTIC_ARGUMENTS, expr->b->args[i]->span,
                                                 "`%.*s` is no network of addresses", TEXT_ARGS(net)),
                                 "as in \"10.0.0.0/8\" or \"2001:db8::/32\"");
                good = false;
                continue;
            }
            Reg one = program_in_cidr(b, text, net);
            r = r == REG_NONE ? one : program_emit(b, OP_OR, r, one, REG_NONE);
        }
        return good ? r : REG_NONE;
    }
    const Expr *list = list_of(scope->lowering, expr->b);
    if (!list)
        return emit_in_collection(scope, expr);
    Expr equal = *expr; /* x in [..] is x == any [..] */
    equal.kind = EXPR_EQUAL;
    return emit_list(scope, &equal, list, false);
}

static Reg emit_between(LowerScope *scope, const Expr *expr)
{
    Expr low = *expr, high = *expr;
    low.kind = EXPR_AT_LEAST;
    high.kind = EXPR_AT_MOST;
    Reg a = emit_compare_one(scope, &low, expr->b);
    Reg b = a == REG_NONE ? REG_NONE : emit_compare_one(scope, &high, expr->c);
    return b == REG_NONE ? REG_NONE : program_emit(scope->builder, OP_AND, a, b, REG_NONE);
}

/* One comparison; with `without unknowns` false where it is unknown. */
Reg emit_atom(LowerScope *scope, const Expr *expr)
{
    Reg r = expr->kind == EXPR_IN        ? emit_in(scope, expr)
            : expr->kind == EXPR_BETWEEN ? emit_between(scope, expr)
                                         : emit_comparison(scope, expr);
    if (r == REG_NONE || !scope->without_unknowns)
        return r;
    return program_emit(scope->builder, OP_COALESCE, r, constant_bool(scope, false), REG_NONE);
}
