/* Operators: which types each takes, and what type it gives.
 *
 *   + - * / %      int and float (int with float is float), durations, times; + joins strings
 *   comparisons    both sides of one type; an int and a float are compared as floats
 *   string tests   strings; each may have `any [..]` or `all [..]` on the right
 *   and or not     bool; a missing one is unknown
 *
 * An operand that may be missing makes the result one that may be missing, except right of `??`. */
#include "rules/check.h"

#define ERROR_TYPE (check->types.error)

static Type *plain(const Checker *check, TypeKind kind, bool optional)
{
    return type_plain(check, kind, optional);
}

/* "`w.account` is a string and `5` is an int" */
static Text sides(Checker *check, const Expr *a, const Expr *b)
{
    Text left = check_quote(check, a->span), right = check_quote(check, b->span);
    Text left_type = type_phrase(check, a->type), right_type = type_phrase(check, b->type);
    return arena_printf(check->arena, "`%.*s` is %.*s and `%.*s` is %.*s", TEXT_ARGS(left), TEXT_ARGS(left_type),
                        TEXT_ARGS(right), TEXT_ARGS(right_type));
}

/* ---- arithmetic ------------------------------------------------------------------------------------ */

static Type *arithmetic_bad(Checker *check, Expr *expr)
{
    Text both = sides(check, expr->a, expr->b);
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->span, "`%s` does not take these: %.*s",
                                    expr_word(expr->kind), TEXT_ARGS(both));
    Type *a = expr->a->type, *b = expr->b->type;
    Text right = check_quote(check, expr->b->span), left = check_quote(check, expr->a->span);
    bool times = type_is(a, TYPE_TIME) || type_is(a, TYPE_DURATION);
    if (times && type_is_numeric(b))
        check_hint_duration(check, d, expr->b);
    else if (type_is(a, TYPE_TIME) && type_is(b, TYPE_TIME))
        diagnostics_hint(d, "`time - time` is a duration; times do not add");
    else if (expr->kind == EXPR_ADD && type_is(a, TYPE_STRING))
        diagnostics_hint(d, "write `%.*s + text(%.*s)`", TEXT_ARGS(left), TEXT_ARGS(right));
    else if (expr->kind == EXPR_ADD && type_is(b, TYPE_STRING))
        diagnostics_hint(d, "write `text(%.*s) + %.*s`", TEXT_ARGS(left), TEXT_ARGS(right));
    return ERROR_TYPE;
}

/* The result over two numbers; literals take the type of the other side. */
static Type *numbers(Checker *check, Expr *expr, bool optional)
{
    Expr *a = expr->a, *b = expr->b;
    Type *joined = type_join(check, a->type, b->type);
    bool division = expr->kind == EXPR_DIVIDE || expr->kind == EXPR_REMAINDER;
    if (!joined) { /* decimal with int or float */
        TypeKind kind = TYPE_DECIMAL;
        if (type_is(a->type, TYPE_FLOAT) || type_is(b->type, TYPE_FLOAT))
            return arithmetic_bad(check, expr);
        return plain(check, kind, optional);
    }
    if (!type_is_literal(check, joined)) {
        expr_settle(check, a, joined);
        expr_settle(check, b, joined);
        return joined;
    }
    if (!division || joined->kind == TYPE_FLOAT)
        return joined;
    expr_settle(check, a, plain(check, TYPE_INT, false));
    expr_settle(check, b, plain(check, TYPE_INT, false));
    return plain(check, TYPE_INT, optional);
}

static Type *arithmetic(Checker *check, const Scope *scope, Expr *expr)
{
    Type *a = expr_value(check, scope, expr->a), *b = expr_value(check, scope, expr->b);
    if (type_is_error(a) || type_is_error(b))
        return ERROR_TYPE;
    if (a->class == CLASS_NULL || b->class == CLASS_NULL) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->span, "`%s` with null is always missing",
                        expr_word(expr->kind));
        return ERROR_TYPE;
    }
    bool optional = a->optional || b->optional;
    if (type_is_numeric(a) && type_is_numeric(b))
        return numbers(check, expr, optional);
    if (a->kind == TYPE_ANY || b->kind == TYPE_ANY) {
        expr_settle(check, expr->a, plain(check, a->kind, a->optional));
        expr_settle(check, expr->b, plain(check, b->kind, b->optional));
        return plain(check, TYPE_ANY, true);
    }
    bool ta = a->kind == TYPE_TIME, tb = b->kind == TYPE_TIME, da = a->kind == TYPE_DURATION, db = b->kind == TYPE_DURATION;
    bool na = (a->kind == TYPE_INT || a->kind == TYPE_FLOAT), nb = (b->kind == TYPE_INT || b->kind == TYPE_FLOAT);
    Type *result = NULL;
    switch (expr->kind) {
    case EXPR_ADD:
        if ((ta && db) || (da && tb))
            result = plain(check, TYPE_TIME, optional);
        else if (da && db)
            result = plain(check, TYPE_DURATION, optional);
        else if (a->kind == TYPE_STRING && b->kind == TYPE_STRING)
            result = plain(check, TYPE_STRING, optional);
        break;
    case EXPR_SUBTRACT:
        if ((ta && tb) || (da && db))
            result = plain(check, TYPE_DURATION, optional);
        else if (ta && db)
            result = plain(check, TYPE_TIME, optional);
        break;
    case EXPR_MULTIPLY:
        if ((da && nb) || (na && db))
            result = plain(check, TYPE_DURATION, optional);
        break;
    case EXPR_DIVIDE:
        if (da && db)
            result = plain(check, TYPE_FLOAT, optional);
        else if (da && nb)
            result = plain(check, TYPE_DURATION, optional);
        break;
    case EXPR_REMAINDER:
        if (da && db)
            result = plain(check, TYPE_DURATION, optional);
        break;
    default:
        break;
    }
    if (!result)
        return arithmetic_bad(check, expr);
    if (type_is_literal(check, a))
        expr_settle(check, expr->a, plain(check, a->kind, a->optional));
    if (type_is_literal(check, b))
        expr_settle(check, expr->b, plain(check, b->kind, b->optional));
    return result;
}

static Type *negate(Checker *check, const Scope *scope, Expr *expr)
{
    Type *type = expr_value(check, scope, expr->a);
    if (type_is_error(type) || type_is_numeric(type) || type_is(type, TYPE_DURATION) || type_is(type, TYPE_ANY))
        return type;
    Text phrase = type_phrase(check, type);
    diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->span, "`-` does not take %.*s", TEXT_ARGS(phrase));
    return ERROR_TYPE;
}

/* ---- comparisons ----------------------------------------------------------------------------------- */

void check_hint_duration(Checker *check, Diagnostic *diagnostic, const Expr *expr)
{
    Text quote = check_quote(check, expr->span);
    if (expr->kind == EXPR_QUANTITY && expr->quantity->parts[0].unit == UNIT_M) {
        QuantityPart part = expr->quantity->parts[0];
        diagnostics_hint(diagnostic, "did you mean `%.*s min`?", TEXT_ARGS(part.number));
        diagnostics_fix(diagnostic, part.span, "%.*s min", TEXT_ARGS(part.number));
    } else if (expr->kind == EXPR_INT || expr->kind == EXPR_FLOAT) {
        diagnostics_hint(diagnostic, "a duration has a unit: `%.*s s`", TEXT_ARGS(quote));
    }
}

static void compare_hint(Checker *check, Diagnostic *d, const Expr *a, const Expr *b)
{
    Text left = check_quote(check, a->span), right = check_quote(check, b->span);
    if (type_is(a->type, TYPE_STRING) && b->kind == EXPR_INT)
        diagnostics_hint(d, "write `\"%.*s\"`", TEXT_ARGS(right));
    else if (type_is_numeric(a->type) && b->kind == EXPR_STRING)
        diagnostics_hint(d, "a number stands without quotes");
    else if (type_is(a->type, TYPE_TIME) && b->kind == EXPR_STRING)
        diagnostics_hint(d, "a time stands without quotes: 2026-01-31T09:00:00Z");
    else if (type_is(a->type, TYPE_DURATION) && type_is_numeric(b->type))
        check_hint_duration(check, d, b);
    else if (type_is(b->type, TYPE_DURATION) && type_is_numeric(a->type))
        check_hint_duration(check, d, a);
    else if (type_is(a->type, TYPE_BOOL) && b->kind == EXPR_STRING)
        diagnostics_hint(d, "a bool is true or false, without quotes");
    else if (type_is(b->type, TYPE_STRING) && type_is_numeric(a->type))
        diagnostics_hint(d, "write `text(%.*s)`, or `int(%.*s)` or `float(%.*s)`", TEXT_ARGS(left), TEXT_ARGS(right),
                         TEXT_ARGS(right));
    else if (type_is(a->type, TYPE_STRING) && type_is_numeric(b->type))
        diagnostics_hint(d, "write `int(%.*s)` or `float(%.*s)`", TEXT_ARGS(left), TEXT_ARGS(left));
}

/* Joins two checked sides and settles their literals; NULL after a report. */
static Type *pair(Checker *check, const Expr *expr, Expr *a, Expr *b)
{
    if (type_is_error(a->type) || type_is_error(b->type))
        return ERROR_TYPE;
    Type *joined = type_join(check, a->type, b->type);
    if (!joined) {
        Text both = sides(check, a, b);
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_TYPES_DIFFER, b->span,
                                        "`%s` needs both sides of one type: %.*s", expr_word(expr->kind), TEXT_ARGS(both));
        compare_hint(check, d, a, b);
        return NULL;
    }
    if (joined->class == CLASS_NULL)
        return joined;
    Type *settled = type_is_literal(check, joined) ? plain(check, joined->kind, joined->optional) : joined;
    expr_settle(check, a, settled);
    expr_settle(check, b, settled);
    return settled;
}

static Type *string_operand(Checker *check, const Expr *expr, Expr *operand)
{
    Type *type = operand->type;
    if (type_is_error(type) || type_is(type, TYPE_STRING) || type_is(type, TYPE_ANY))
        return type;
    Text phrase = type_phrase(check, type), quote = check_quote(check, operand->span);
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, operand->span,
                                    "`%s` is a test of strings, and `%.*s` is %.*s", expr_word(expr->kind), TEXT_ARGS(quote),
                                    TEXT_ARGS(phrase));
    if (type_is(type, TYPE_LIST) && expr->kind == EXPR_CONTAINS)
        diagnostics_hint(d, "write `x in %.*s`", TEXT_ARGS(quote));
    else if (type->class == CLASS_VALUE)
        diagnostics_hint(d, "write `text(%.*s)`", TEXT_ARGS(quote));
    return operand->type = ERROR_TYPE;
}

static bool is_order(ExprKind kind)
{
    return kind == EXPR_LESS || kind == EXPR_AT_MOST || kind == EXPR_GREATER || kind == EXPR_AT_LEAST;
}

static bool is_string_test(ExprKind kind)
{
    return kind == EXPR_MATCHES || kind == EXPR_CONTAINS || kind == EXPR_STARTS_WITH || kind == EXPR_ENDS_WITH ||
           kind == EXPR_LIKE;
}

static bool ordered(Checker *check, const Expr *expr, const Type *type)
{
    if (type_is_ordered(type))
        return true;
    Text phrase = type_phrase(check, type);
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->span, "`%s` needs values with an order, and this is %.*s",
                                    expr_word(expr->kind), TEXT_ARGS(phrase));
    diagnostics_hint(d, "int, float, decimal, string, time and duration have one");
    return false;
}

static void ignoring_case(Checker *check, const Expr *expr, const Type *type)
{
    if (!expr->ignoring_case || type_is_error(type) || type_is(type, TYPE_STRING) || type_is(type, TYPE_ANY))
        return;
    Text phrase = type_phrase(check, type);
    diagnostics_add(check->diagnostics, DIAGNOSTIC_IGNORING_CASE, expr->span,
                    "`ignoring case` compares strings, and `%.*s` is %.*s", TEXT_ARGS(check_quote(check, expr->a->span)),
                    TEXT_ARGS(phrase));
}

/* One right side of a comparison or string test, already checked. Returns whether it may be missing. */
static bool right_side(Checker *check, Expr *expr, Expr *right)
{
    if (type_is_error(expr->a->type) || type_is_error(right->type))
        return false;
    if (expr->kind == EXPR_MATCHES) {
        if (right->type->class != CLASS_REGEX) {
            Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_REGEX_PLACE, right->span,
                                            "`matches` needs a regular expression");
            if (right->kind == EXPR_STRING)
                diagnostics_hint(d, "write `/%.*s/`", TEXT_ARGS(right->string));
            else
                diagnostics_hint(d, "it is written between slashes; `contains` and `like` take a string");
        }
        return false;
    }
    if (right->type->class != CLASS_VALUE && right->type->class != CLASS_NULL) {
        Text word = type_text(right->type, check->arena);
        Diagnostic *d = diagnostics_add(check->diagnostics,
                                        right->type->class == CLASS_REGEX ? DIAGNOSTIC_REGEX_PLACE : DIAGNOSTIC_NOT_A_VALUE,
                                        right->span, "`%s` cannot compare with a %.*s", expr_word(expr->kind), TEXT_ARGS(word));
        if (right->type->class == CLASS_REGEX)
            diagnostics_hint(d, "write `matches`");
        return false;
    }
    if (is_string_test(expr->kind)) {
        string_operand(check, expr, right);
        return right->type->optional;
    }
    Type *joined = pair(check, expr, expr->a, right);
    if (!joined || type_is_error(joined))
        return false;
    if (is_order(expr->kind))
        ordered(check, expr, joined);
    return joined->optional;
}

static Type *comparison(Checker *check, const Scope *scope, Expr *expr)
{
    Type *left = expr_value(check, scope, expr->a);
    bool failed = type_is_error(left);
    if (is_string_test(expr->kind)) {
        left = string_operand(check, expr, expr->a);
        failed = type_is_error(left);
    }
    bool optional = !failed && left->optional;
    if (expr->quantifier == QUANTIFIER_NONE) {
        expr_check(check, scope, expr->b);
        optional |= right_side(check, expr, expr->b);
    } else {
        for (uint32_t i = 0; i < expr->b->arg_count; i++) {
            expr_check(check, scope, expr->b->args[i]);
            optional |= right_side(check, expr, expr->b->args[i]);
        }
        expr->b->type = expr->kind == EXPR_MATCHES || failed || left->class != CLASS_VALUE
                            ? ERROR_TYPE
                            : type_list(check, plain(check, expr->a->type->kind, false), false);
        if (expr->b->type->class == CLASS_ERROR && !failed)
            expr->b->type = type_list(check, plain(check, TYPE_STRING, false), false);
        if (expr->b->arg_count == 0 && type_is_literal(check, expr->a->type))
            expr_settle(check, expr->a, plain(check, expr->a->type->kind, false));
    }
    if (!failed)
        ignoring_case(check, expr, expr->a->type);
    return plain(check, TYPE_BOOL, optional);
}

static Type *between(Checker *check, const Scope *scope, Expr *expr)
{
    expr_value(check, scope, expr->a);
    expr_value(check, scope, expr->b);
    expr_value(check, scope, expr->c);
    Type *low = pair(check, expr, expr->a, expr->b), *high = pair(check, expr, expr->a, expr->c);
    if (!low || !high)
        return plain(check, TYPE_BOOL, false);
    if (!type_is_error(low) && low->class == CLASS_VALUE)
        ordered(check, expr, low);
    return plain(check, TYPE_BOOL, (low->class == CLASS_VALUE && low->optional) || (high->class == CLASS_VALUE && high->optional));
}

/* ---- in -------------------------------------------------------------------------------------------- */

static Type *in_table(Checker *check, Expr *expr, ModelTable *table)
{
    expr->ref = REF_IN_TABLE;
    expr->note = table;
    Expr **keys = expr->a->kind == EXPR_TUPLE ? expr->a->args : &expr->a;
    uint32_t n = expr->a->kind == EXPR_TUPLE ? expr->a->arg_count : 1;
    bool optional = false;
    if (n != table->nkeys) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_COUNT, expr->a->span, "table `%.*s` has %u key%s, and %u %s written",
                        TEXT_ARGS(table->name), table->nkeys, table->nkeys == 1 ? "" : "s", n, n == 1 ? "is" : "are");
        return plain(check, TYPE_BOOL, false);
    }
    for (uint32_t i = 0; i < n; i++) {
        Type *type = keys[i]->type, *key = table->columns[table->keys[i]]->type;
        if (type_is_error(type) || type_is_error(key))
            continue;
        optional |= type->class == CLASS_VALUE && type->optional;
        Type *joined = type_join(check, type, key);
        if (joined && type_with(check, joined, false) == type_with(check, key, false)) {
            expr_settle(check, keys[i], joined);
            continue;
        }
        Text has = type_phrase(check, type), wants = type_phrase(check, key);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_TYPES_DIFFER, keys[i]->span, "key `%.*s` of table `%.*s` is %.*s, and this is %.*s",
                        TEXT_ARGS(table->columns[table->keys[i]]->name), TEXT_ARGS(table->name), TEXT_ARGS(wants),
                        TEXT_ARGS(has));
    }
    return plain(check, TYPE_BOOL, optional);
}

static Type *in_list(Checker *check, const Scope *scope, Expr *expr)
{
    expr->ref = REF_IN_LIST;
    bool optional = expr->a->type->class == CLASS_VALUE && expr->a->type->optional;
    for (uint32_t i = 0; i < expr->b->arg_count; i++) {
        Expr *item = expr->b->args[i];
        expr_value(check, scope, item);
        Type *joined = pair(check, expr, expr->a, item);
        optional |= joined && joined->class == CLASS_VALUE && joined->optional;
    }
    if (expr->b->arg_count == 0 && type_is_literal(check, expr->a->type))
        expr_settle(check, expr->a, plain(check, expr->a->type->kind, false));
    Type *type = expr->a->type;
    expr->b->type = type_is_error(type) || type->class != CLASS_VALUE
                        ? ERROR_TYPE
                        : type_list(check, type_with(check, type, false), false);
    if (!type_is_error(type))
        ignoring_case(check, expr, type);
    return plain(check, TYPE_BOOL, optional);
}

static Type *in(Checker *check, const Scope *scope, Expr *expr)
{
    if (expr->b->kind == EXPR_LIST) {
        if (type_is_error(expr_value(check, scope, expr->a))) {
            expr_final(check, scope, expr->b);
            return plain(check, TYPE_BOOL, false);
        }
        return in_list(check, scope, expr);
    }
    Type *left = expr->a->kind == EXPR_TUPLE ? expr_check(check, scope, expr->a) : expr_value(check, scope, expr->a);
    Type *right = expr_check(check, scope, expr->b);
    if (type_is_error(left) || type_is_error(right))
        return plain(check, TYPE_BOOL, false);
    if (right->class == CLASS_TABLE)
        return in_table(check, expr, expr->b->note);
    if (left->class == CLASS_TUPLE) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->a->span, "a composite key can only be looked for in a table");
        return plain(check, TYPE_BOOL, false);
    }
    bool optional = left->class == CLASS_VALUE && left->optional;
    if (right->class == CLASS_NETS) {
        expr->ref = REF_IN_NETS;
        string_operand(check, expr, expr->a);
        return plain(check, TYPE_BOOL, optional);
    }
    if (type_is(right, TYPE_LIST) || type_is(right, TYPE_MAP) || type_is(right, TYPE_ANY)) {
        expr->ref = REF_IN_COLLECTION;
        Type *element = type_is(right, TYPE_LIST) ? right->element : plain(check, TYPE_STRING, false);
        if (type_is(right, TYPE_ANY))
            element = plain(check, TYPE_ANY, false);
        Type *joined = type_join(check, left, element);
        if (joined) {
            expr_settle(check, expr->a, joined);
        } else {
            Text has = type_phrase(check, left), wants = type_phrase(check, element);
            diagnostics_add(check->diagnostics, DIAGNOSTIC_TYPES_DIFFER, expr->a->span, "the right side holds %.*s, and this is %.*s",
                            TEXT_ARGS(wants), TEXT_ARGS(has));
        }
        ignoring_case(check, expr, element);
        return plain(check, TYPE_BOOL, optional || right->optional);
    }
    Text phrase = type_phrase(check, right), quote = check_quote(check, expr->b->span);
    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->b->span,
                                     "`in` looks in a list, a table or cidr(…), and `%.*s` is %.*s", TEXT_ARGS(quote),
                                     TEXT_ARGS(phrase)),
                     "write `[%.*s]`", TEXT_ARGS(quote));
    return plain(check, TYPE_BOOL, false);
}

/* ---- logic ----------------------------------------------------------------------------------------- */

static Type *logic(Checker *check, const Scope *scope, Expr *expr)
{
    Expr *operands[] = {expr->a, expr->b};
    const char *words[] = {[EXPR_NOT] = "`not`", [EXPR_AND] = "`and`", [EXPR_OR] = "`or`"};
    bool optional = false;
    for (int i = 0; i < 2; i++)
        if (operands[i]) {
            expr_condition(check, scope, operands[i], words[expr->kind]);
            optional |= operands[i]->type->class == CLASS_VALUE && operands[i]->type->optional;
        }
    return plain(check, TYPE_BOOL, optional);
}

static Type *is_null(Checker *check, const Scope *scope, Expr *expr)
{
    Type *type = expr_check(check, scope, expr->a);
    if (type->class == CLASS_REGEX || type->class == CLASS_TABLE || type->class == CLASS_CONTEXT ||
        type->class == CLASS_TUPLE || type->class == CLASS_NETS) {
        Text word = type_text(type, check->arena);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_NOT_A_VALUE, expr->a->span, "a %.*s is never null", TEXT_ARGS(word));
    }
    if (type_is_literal(check, type))
        expr_settle(check, expr->a, plain(check, type->kind, type->optional));
    if (type->class == CLASS_NULL)
        expr->a->type = plain(check, TYPE_STRING, true);
    return plain(check, TYPE_BOOL, false);
}

static Type *coalesce(Checker *check, const Scope *scope, Expr *expr)
{
    Type *a = expr_value(check, scope, expr->a), *b = expr_value(check, scope, expr->b);
    if (type_is_error(a) || type_is_error(b))
        return ERROR_TYPE;
    Type *joined = type_join(check, a, b);
    if (!joined) {
        Text both = sides(check, expr->a, expr->b);
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_TYPES_DIFFER, expr->b->span,
                                        "`??` needs both sides of one type: %.*s", TEXT_ARGS(both));
        compare_hint(check, d, expr->a, expr->b);
        return ERROR_TYPE;
    }
    bool optional = b->class == CLASS_NULL || (b->optional && (a->class == CLASS_NULL || a->optional));
    if (!type_is_literal(check, joined)) {
        expr_settle(check, expr->a, joined);
        expr_settle(check, expr->b, joined);
    }
    return joined->class == CLASS_NULL ? joined : type_with(check, joined, optional);
}

static Type *conditional(Checker *check, const Scope *scope, Expr *expr)
{
    expr_condition(check, scope, expr->a, "`if`");
    Type *b = expr_value(check, scope, expr->b), *c = expr_value(check, scope, expr->c);
    if (type_is_error(b) || type_is_error(c))
        return ERROR_TYPE;
    Type *joined = type_join(check, b, c);
    if (!joined) {
        Text both = sides(check, expr->b, expr->c);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_TYPES_DIFFER, expr->c->span, "`then` and `else` are of different types: %.*s",
                        TEXT_ARGS(both));
        return ERROR_TYPE;
    }
    if (!type_is_literal(check, joined) && joined->class == CLASS_VALUE) {
        expr_settle(check, expr->b, joined);
        expr_settle(check, expr->c, joined);
    }
    return joined;
}

Type *operator_check(Checker *check, const Scope *scope, Expr *expr)
{
    switch (expr->kind) {
    case EXPR_NEGATE: return expr->type = negate(check, scope, expr);
    case EXPR_MULTIPLY: case EXPR_DIVIDE: case EXPR_REMAINDER: case EXPR_ADD: case EXPR_SUBTRACT:
        return expr->type = arithmetic(check, scope, expr);
    case EXPR_COALESCE: return expr->type = coalesce(check, scope, expr);
    case EXPR_IN: return expr->type = in(check, scope, expr);
    case EXPR_BETWEEN: return expr->type = between(check, scope, expr);
    case EXPR_IS_NULL: return expr->type = is_null(check, scope, expr);
    case EXPR_NOT: case EXPR_AND: case EXPR_OR: return expr->type = logic(check, scope, expr);
    case EXPR_IF: return expr->type = conditional(check, scope, expr);
    default: return expr->type = comparison(check, scope, expr);
    }
}
