/* Expressions: literals, values, and whether a value fits its place.
 *
 * Every expression is checked once, with a Scope that says what it may name. Numeric literals keep a type of
 * their own until they meet another one (check_types.c); every path out of here that ends in a value settles
 * them. */
#include "cep/regex.h"
#include "rules/check.h"

#define ERROR_TYPE (check->types.error)

/* ---- literals -------------------------------------------------------------------------------------- */

static Type *time_check(Checker *check, const Scope *scope, Expr *expr)
{
    if (expr->time->local && !(scope->agent && scope->agent->zone.len)) {
        if (expr->time->date)
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_LOCAL_TIME, expr->span,
                                             "a date begins at midnight of a time zone, and none is known here"),
                             "write `%04d-%02d-%02dT00:00:00Z`", (int)expr->time->year, expr->time->month,
                             expr->time->day);
        else
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_LOCAL_TIME, expr->span,
                                             "a time without an offset is local, and no time zone is known here"),
                             "write `Z` behind it, or an offset such as `+01:00`");
        return ERROR_TYPE;
    }
    return type_plain(check, TYPE_TIME, false);
}

/* The byte of the source where byte `offset` of a regex's pattern stands: `\/` was read as `/`. */
static Span regex_span(const Checker *check, const Expr *expr, uint32_t offset)
{
    Text source = sources_text(check->sources, expr->span);
    uint32_t at = 1;
    for (uint32_t i = 0; i < offset && at + 1 < source.len; i++)
        at += source.p[at] == '\\' && source.p[at + 1] == '/' ? 2 : 1;
    Span span = {expr->span.file, expr->span.start + at, expr->span.start + at + 1};
    if (span.end > expr->span.end)
        span = expr->span;
    return span;
}

static Type *regex_check(Checker *check, Expr *expr)
{
    for (uint32_t i = 0; i < expr->options.len; i++)
        if (!memchr("imsx", expr->options.p[i], 4)) {
            Span span = expr->span;
            span.start = span.end - expr->options.len + i;
            span.end = span.start + 1;
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_REGEX, span,
                                             "a regular expression has no option `%c`", expr->options.p[i]),
                             "the options are i, m, s, x");
            return ERROR_TYPE;
        }
    char error[256] = "";
    uint32_t offset = 0;
    Regex *regex = regex_new(check->arena, expr->string, expr->options, error, sizeof error, &offset);
    if (!regex) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_REGEX, regex_span(check, expr, offset),
                        "the regular expression is wrong: %s", error);
        return ERROR_TYPE;
    }
    regex_free(regex);
    return check->types.regex;
}

static Type *list_check(Checker *check, const Scope *scope, Expr *expr)
{
    Type *common = NULL;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        Type *item = expr_value(check, scope, expr->args[i]);
        Type *joined = common ? type_join(check, common, item) : item;
        if (!joined) {
            Text left = type_phrase(check, common), right = type_phrase(check, item);
            diagnostics_add(check->diagnostics, DIAGNOSTIC_TYPES_DIFFER, expr->args[i]->span,
                            "the list begins with %.*s, and this is %.*s", TEXT_ARGS(left), TEXT_ARGS(right));
            joined = ERROR_TYPE;
        }
        common = joined;
    }
    if (!common)
        return type_list(check, type_plain(check, TYPE_ANY, false), false);
    if (type_is_error(common))
        return ERROR_TYPE;
    if (common->class == CLASS_NULL)
        common = type_plain(check, TYPE_STRING, true);
    if (type_is_literal(check, common))
        common = type_plain(check, common->kind, common->optional);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        expr_settle(check, expr->args[i], common);
    return type_list(check, common, false);
}

static Type *record_check(Checker *check, const Scope *scope, Expr *expr)
{
    TypeField *fields = ARENA_ARRAY(check->arena, TypeField, expr->fields.n);
    Names seen = {0};
    bool failed = false;
    for (uint32_t i = 0; i < expr->fields.n; i++) {
        AstField *field = &expr->fields.items[i];
        NameEntry *first = names_add(&seen, check->arena, field->name.text, field->name.span, field);
        if (first) {
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, field->name.span,
                                             "the record has two fields `%.*s`", TEXT_ARGS(field->name.text)),
                             first->span, "the first stands here");
            failed = true;
        }
        fields[i] = (TypeField){field->name.text, expr_final(check, scope, field->value)};
        failed |= type_is_error(fields[i].type);
    }
    return failed ? ERROR_TYPE : type_record(check, fields, expr->fields.n, false);
}

static Type *quantity_type(const Checker *check, const Expr *expr)
{
    switch (expr->quantity->dimension) {
    case DIMENSION_DURATION: return type_plain(check, TYPE_DURATION, false);
    case DIMENSION_DISTANCE: return type_plain(check, TYPE_FLOAT, false);
    case DIMENSION_SIZE: return type_plain(check, TYPE_INT, false);
    default: return ERROR_TYPE;
    }
}

Type *expr_check(Checker *check, const Scope *scope, Expr *expr)
{
    switch (expr->kind) {
    case EXPR_NULL: return expr->type = check->types.null;
    case EXPR_BOOL: return expr->type = type_plain(check, TYPE_BOOL, false);
    case EXPR_INT: return expr->type = check->types.whole[0];
    case EXPR_FLOAT: return expr->type = check->types.real[0];
    case EXPR_STRING: return expr->type = type_plain(check, TYPE_STRING, false);
    case EXPR_REGEX: return expr->type = regex_check(check, expr);
    case EXPR_TIME: return expr->type = time_check(check, scope, expr);
    case EXPR_QUANTITY: {
        Type *type = quantity_type(check, expr);
        if (type_is_error(type))
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_QUANTITY, expr->span,
                                             "months and years have no fixed length"),
                             "they can stand only behind `every` of a fixed context");
        return expr->type = type;
    }
    case EXPR_NAME: return name_check(check, scope, expr);
    case EXPR_LIST: return expr->type = list_check(check, scope, expr);
    case EXPR_TUPLE: {
        bool failed = false;
        for (uint32_t i = 0; i < expr->arg_count; i++)
            failed |= type_is_error(expr_final(check, scope, expr->args[i]));
        return expr->type = failed ? ERROR_TYPE : check->types.tuple;
    }
    case EXPR_RECORD: return expr->type = record_check(check, scope, expr);
    case EXPR_CALL: return call_check(check, scope, expr);
    case EXPR_MEMBER: return member_check(check, scope, expr);
    case EXPR_INDEX: return index_check(check, scope, expr);
    default: return operator_check(check, scope, expr);
    }
}

/* ---- values and places ----------------------------------------------------------------------------- */

static Type *not_a_value(Checker *check, const Scope *scope, Expr *expr)
{
    Type *type = expr->type;
    Text quote = check_quote(check, expr->span);
    Diagnostic *d;
    switch (type->class) {
    case CLASS_REGEX:
        d = diagnostics_add(check->diagnostics, DIAGNOSTIC_REGEX_PLACE, expr->span,
                            "a regular expression can stand only right of `matches` and first in `capture`");
        break;
    case CLASS_EVENT:
        d = diagnostics_add(check->diagnostics, DIAGNOSTIC_NOT_A_VALUE, expr->span, "`%.*s` is an event, not a value",
                            TEXT_ARGS(quote));
        if (expr->ref == REF_ALIAS && ((ModelAlias *)expr->note)->nattributes)
            diagnostics_hint(d, "name an attribute of it: `%.*s.%.*s`", TEXT_ARGS(quote),
                             TEXT_ARGS(((ModelAlias *)expr->note)->attributes[0].name));
        break;
    default: {
        Text text = type_text(type, check->arena);
        d = diagnostics_add(check->diagnostics, DIAGNOSTIC_NOT_A_VALUE, expr->span, "`%.*s` is a %.*s, not a value",
                            TEXT_ARGS(quote), TEXT_ARGS(text));
        if (type->class == CLASS_TABLE)
            diagnostics_hint(d, "a value of a table is `%.*s[key].column`", TEXT_ARGS(quote));
    }
    }
    (void)scope;
    return expr->type = ERROR_TYPE;
}

Type *expr_value(Checker *check, const Scope *scope, Expr *expr)
{
    Type *type = expr_check(check, scope, expr);
    if (type->class == CLASS_VALUE || type->class == CLASS_NULL || type->class == CLASS_ERROR)
        return type;
    return not_a_value(check, scope, expr);
}

void expr_settle(Checker *check, Expr *expr, Type *type)
{
    if (expr->type->class == CLASS_NULL) {
        expr->type = type_with(check, type, true);
        return;
    }
    if (!type_is_literal(check, expr->type) || type->class != CLASS_VALUE)
        return;
    bool optional = expr->type->optional;
    switch (expr->kind) {
    case EXPR_NEGATE:
        expr_settle(check, expr->a, type);
        break;
    case EXPR_IF:
        expr_settle(check, expr->b, type);
        expr_settle(check, expr->c, type);
        break;
    case EXPR_ADD: case EXPR_SUBTRACT: case EXPR_MULTIPLY: case EXPR_DIVIDE: case EXPR_REMAINDER: case EXPR_COALESCE:
        expr_settle(check, expr->a, type);
        expr_settle(check, expr->b, type);
        break;
    case EXPR_CALL:
        for (uint32_t i = 0; i < expr->arg_count; i++)
            expr_settle(check, expr->args[i], type);
        break;
    default:
        break;
    }
    if (type->kind == TYPE_ANY)
        type = type_plain(check, expr->type->kind, optional);
    expr->type = type_with(check, type, optional);
}

Type *expr_final(Checker *check, const Scope *scope, Expr *expr)
{
    Type *type = expr_value(check, scope, expr);
    if (type->class == CLASS_NULL)
        return expr->type = type_plain(check, TYPE_STRING, true);
    if (type_is_literal(check, type))
        expr_settle(check, expr, type_plain(check, type->kind, type->optional));
    return expr->type;
}

/* The value that says nothing, as `cep check --fix` offers it behind `??`; NULL where a type has none. */
static const char *zero_of(const Type *type)
{
    switch (type->kind) {
    case TYPE_BOOL: return "false";
    case TYPE_INT: return "0";
    case TYPE_FLOAT: return "0.0";
    case TYPE_STRING: return "\"\"";
    default: return NULL;
    }
}

/* "attribute `count`", or "index" where there is no name. */
static Text place_text(Checker *check, const char *what, Text name)
{
    return name.len ? arena_printf(check->arena, "%s `%.*s`", what, TEXT_ARGS(name)) : text_of(what);
}

/* An int becomes a float without loss. */
static void mend_with_float(Checker *check, Diagnostic *diagnostic, const Expr *expr)
{
    Text text = sources_text(check->sources, expr->span);
    diagnostics_hint(diagnostic, "write `float(%.*s)`", TEXT_ARGS(check_quote(check, expr->span)));
    if (!memchr(text.p, '\n', text.len))
        diagnostics_fix(diagnostic, expr->span, "float(%.*s)", TEXT_ARGS(text));
}

static bool assign_mismatch(Checker *check, Expr *expr, Type *type, Type *want, Text place)
{
    Text has = type_phrase(check, type), needs = type_phrase(check, type_with(check, want, false));
    Text quote = check_quote(check, expr->span);
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_ASSIGN, expr->span, "%.*s needs %.*s, and `%.*s` is %.*s",
                                    TEXT_ARGS(place), TEXT_ARGS(needs), TEXT_ARGS(quote), TEXT_ARGS(has));
    if (type->class == CLASS_VALUE && want->class == CLASS_VALUE) {
        if (want->kind == TYPE_FLOAT && type->kind == TYPE_INT)
            mend_with_float(check, d, expr);
        else if (want->kind == TYPE_INT && type->kind == TYPE_FLOAT)
            diagnostics_hint(d, "write `int(%.*s)`", TEXT_ARGS(quote));
        else if (want->kind == TYPE_STRING)
            diagnostics_hint(d, "write `text(%.*s)`", TEXT_ARGS(quote));
        else if (want->kind == TYPE_DURATION && type_is_numeric(type))
            check_hint_duration(check, d, expr);
        else if (want->kind == TYPE_TIME && type->kind == TYPE_STRING)
            diagnostics_hint(d, "a time stands without quotes: 2026-01-31T09:00:00Z");
    }
    expr->type = ERROR_TYPE;
    return false;
}

bool expr_assign(Checker *check, const Scope *scope, Expr *expr, Type *want, const char *what, Text name)
{
    if (type_is_error(want)) {
        expr_final(check, scope, expr);
        return true;
    }
    Text place = place_text(check, what, name);
    bool fits = true;
    if (expr->kind == EXPR_LIST && type_is(want, TYPE_LIST)) {
        for (uint32_t i = 0; i < expr->arg_count; i++)
            fits &= expr_assign(check, scope, expr->args[i], want->element, "an item", TEXT(""));
        expr->type = want;
        return fits;
    }
    if (expr->kind == EXPR_RECORD && type_is(want, TYPE_MAP)) {
        for (uint32_t i = 0; i < expr->fields.n; i++)
            fits &= expr_assign(check, scope, expr->fields.items[i].value, want->element, "entry",
                                expr->fields.items[i].name.text);
        expr->type = want;
        return fits;
    }
    if (expr->kind == EXPR_RECORD && type_is(want, TYPE_RECORD)) {
        for (uint32_t i = 0; i < expr->fields.n; i++) {
            AstField *field = &expr->fields.items[i];
            Type *of = NULL;
            TextList list = {0};
            for (uint32_t k = 0; k < want->nfields; k++) {
                if (text_is(want->fields[k].name, field->name.text))
                    of = want->fields[k].type;
                text_list_add(&list, check->arena, want->fields[k].name);
            }
            if (of) {
                fits &= expr_assign(check, scope, field->value, of, "field", field->name.text);
                continue;
            }
            expr_final(check, scope, field->value);
            diagnostics_near(diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, field->name.span,
                                              "the record has no field `%.*s`", TEXT_ARGS(field->name.text)),
                       field->name.text, list.items, list.n);
            fits = false;
        }
        for (uint32_t k = 0; k < want->nfields && fits; k++) {
            bool written = want->fields[k].type->optional;
            for (uint32_t i = 0; i < expr->fields.n && !written; i++)
                written = text_is(want->fields[k].name, expr->fields.items[i].name.text);
            if (!written) {
                diagnostics_add(check->diagnostics, DIAGNOSTIC_ATTRIBUTE_UNSET, expr->span,
                                "the record needs a field `%.*s`", TEXT_ARGS(want->fields[k].name));
                fits = false;
            }
        }
        expr->type = want;
        return fits;
    }
    Type *type = expr_value(check, scope, expr);
    if (type_is_error(type))
        return true;
    if (type->class == CLASS_NULL) {
        expr->type = type_with(check, want, true);
        if (want->optional || want->kind == TYPE_ANY)
            return true;
        Text needs = type_phrase(check, want);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_OPTIONAL, expr->span, "%.*s needs %.*s and cannot be null",
                        TEXT_ARGS(place), TEXT_ARGS(needs));
        return false;
    }
    if (type_is_literal(check, type)) {
        bool takes = want->kind == TYPE_FLOAT || want->kind == TYPE_DECIMAL || want->kind == TYPE_ANY ||
                     (want->kind == TYPE_INT && type->kind == TYPE_INT);
        expr_settle(check, expr, takes ? want : type_plain(check, type->kind, type->optional));
        type = expr->type;
    }
    Type *joined = type_join(check, type, want);
    if (want->kind != TYPE_ANY && (!joined || type_with(check, type, false) != type_with(check, want, false)))
        return assign_mismatch(check, expr, type, want, place);
    if (type->optional && !want->optional) {
        Text quote = check_quote(check, expr->span);
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_OPTIONAL, expr->span,
                                        "`%.*s` may be missing, and %.*s needs a value", TEXT_ARGS(quote), TEXT_ARGS(place));
        bool loose = expr->kind > EXPR_COALESCE;
        diagnostics_hint(d, "write `%s%.*s%s ?? default`", loose ? "(" : "", TEXT_ARGS(quote), loose ? ")" : "");
        const char *zero = zero_of(want);
        if (zero && !loose)
            diagnostics_fix(d, (Span){expr->span.file, expr->span.end, expr->span.end}, " ?? %s", zero);
        return false;
    }
    return true;
}

void expr_condition(Checker *check, const Scope *scope, Expr *expr, const char *what)
{
    Type *type = expr_final(check, scope, expr);
    if (type_is_error(type) || type->kind == TYPE_BOOL || type->kind == TYPE_ANY)
        return;
    Text phrase = type_phrase(check, type), quote = check_quote(check, expr->span);
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_NOT_BOOLEAN, expr->span,
                                    "%s needs a condition, and `%.*s` is %.*s", what, TEXT_ARGS(quote),
                                    TEXT_ARGS(phrase));
    if (type_is_numeric(type))
        diagnostics_hint(d, "compare it: `%.*s > 0`", TEXT_ARGS(quote));
    expr->type = ERROR_TYPE;
}

void where_check(Checker *check, const Scope *scope, Where *where, const char *what)
{
    if (where->condition)
        expr_condition(check, scope, where->condition, what);
}

static void quantity_check(Checker *check, Expr *expr, TypeKind kind, Dimension dimension, const char *word)
{
    Scope scope = {.place = "a constant", .aggregates = "it must be constant"};
    if (!expr)
        return;
    if (expr->kind == EXPR_QUANTITY && expr->quantity->dimension == DIMENSION_CALENDAR &&
        dimension == DIMENSION_DURATION) {
        expr->type = ERROR_TYPE; /* the one who allows calendar units looks at the quantity first */
        return;
    }
    Type *type = expr_final(check, &scope, expr);
    if (type_is_error(type))
        return;
    if (type->kind == kind && !type->optional && (expr->kind != EXPR_QUANTITY || expr->quantity->dimension == dimension))
        return;
    Text phrase = type_phrase(check, type), quote = check_quote(check, expr->span);
    diagnostics_add(check->diagnostics, DIAGNOSTIC_QUANTITY, expr->span, "%s is needed here, and `%.*s` is %.*s", word,
                    TEXT_ARGS(quote), TEXT_ARGS(phrase));
    expr->type = ERROR_TYPE;
}

void expr_duration(Checker *check, Expr *expr)
{
    quantity_check(check, expr, TYPE_DURATION, DIMENSION_DURATION, "a duration");
}

void expr_distance(Checker *check, Expr *expr)
{
    quantity_check(check, expr, TYPE_FLOAT, DIMENSION_DISTANCE, "a distance");
}
