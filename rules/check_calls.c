/* Calls: functions of the language, functions of the file, aggregates.
 *
 * What the language has stands in cep/functions.def; `extras` below are the overloads over types that the
 * engine does not compute with yet. The first row whose arguments fit is taken: exactly first, then with an
 * int in place of a float. Aggregates are the rows of cep/aggregates.def; `min` and `max` of two or more
 * arguments are the functions. */
#include "rules/check.h"

#define ERROR_TYPE (check->types.error)

/* Letters: b bool i int f float d decimal s string t time u duration p point l line a area g any geometry
 * v any value z list<string> P list<point> L any list M any map y bytes. `+`: the last may repeat. */
static const struct {
    const char *name, *args;
    char result;
    bool repeat;
} extras[] = {
    {"ceil", "i", 'i', false},     {"floor", "i", 'i', false},   {"round", "i", 'i', false},
    {"round", "fi", 'f', false},   {"abs", "d", 'd', false},     {"int", "d", 'i', false},
    {"float", "d", 'f', false},    {"text", "v", 's', false},    {"len", "L", 'i', false},
    {"len", "M", 'i', false},      {"len", "y", 'i', false},     {"concat", "v", 's', true},
    {"format", "s", 's', false},   {"format", "sv", 's', true},  {"split", "ss", 'z', false},
    {"hash", "v", 'i', false},     {"distance", "gg", 'f', false}, {"inside", "ga", 'b', false},
    {"buffer", "gf", 'a', false},  {"line", "P", 'l', false},    {"area", "P", 'a', false},
    {"id", "v", 's', true},        {"uuid", "v", 's', true},
};
enum { EXTRAS = sizeof extras / sizeof *extras };

static const char *const aggregate_words[] = {
#define X(name, word, args, runs, what) [AGGREGATE_##name] = word,
#include "cep/aggregates.def"
#undef X
};

static const uint8_t aggregate_args[] = {
#define X(name, word, args, runs, what) [AGGREGATE_##name] = args,
#include "cep/aggregates.def"
#undef X
};

void calls_init(Checker *check)
{
    for (uintptr_t i = 0; i < AGGREGATE_KINDS; i++)
        names_add(&check->aggregate_names, check->arena, text_of(aggregate_words[i]), (Span){0}, (void *)(i + 1));
    names_add(&check->aggregate_names, check->arena, TEXT("previous"), (Span){0}, (void *)(uintptr_t)(AGGREGATE_KINDS + 1));
    for (uint32_t i = 0; function_at(i); i++) {
        const char *name = function_at(i)->name;
        if ((*name >= 'a' && *name <= 'z') && !strchr(name, ' '))
            names_add(&check->function_names, check->arena, text_of(name), (Span){0}, (void *)name);
    }
    for (int i = 0; i < EXTRAS; i++)
        names_add(&check->function_names, check->arena, text_of(extras[i].name), (Span){0}, (void *)extras[i].name);
}

bool call_is_aggregate(const Checker *check, const Expr *expr)
{
    if (expr->kind != EXPR_CALL || !names_find(&check->aggregate_names, expr->name.text))
        return false;
    bool either = text_is_c(expr->name.text, "min") || text_is_c(expr->name.text, "max");
    return !either || expr->arg_count < 2;
}

typedef struct Search {
    const Checker *check;
    bool found;
} Search;

static void search_aggregate(Expr *expr, void *context)
{
    Search *search = context;
    search->found |= call_is_aggregate(search->check, expr);
}

bool expr_has_aggregate(const Checker *check, Expr *expr)
{
    Search search = {check, false};
    expr_walk(expr, search_aggregate, &search);
    return search.found;
}

static Type *set(Expr *expr, Reference reference, void *note, Type *type)
{
    expr->ref = reference;
    expr->note = note;
    return expr->type = type;
}

/* ---- which overload -------------------------------------------------------------------------------- */

static bool kind_fits(const Checker *check, const Type *type, TypeKind want, bool widen)
{
    if (type_is_error(type) || type->class == CLASS_NULL)
        return true;
    if (type->class != CLASS_VALUE)
        return false;
    if (type->kind == TYPE_ANY || want == TYPE_ANY)
        return true;
    if (type_is_literal(check, type))
        return want == type->kind || want == TYPE_FLOAT || want == TYPE_DECIMAL;
    return type->kind == want || (widen && type->kind == TYPE_INT && want == TYPE_FLOAT);
}

/* The type that the ANY arguments of a row share; NULL if they do not. */
static Type *any_type(Checker *check, const Function *row, const Expr *call)
{
    Type *common = NULL;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        uint32_t at = i < row->nargs ? i : row->nargs - 1;
        if (row->args[at] != TYPE_ANY)
            continue;
        common = common ? type_join(check, common, call->args[i]->type) : call->args[i]->type;
        if (!common)
            return NULL;
    }
    return common;
}

static bool row_fits(Checker *check, const Function *row, const Expr *call, bool widen)
{
    for (uint32_t i = 0; i < call->arg_count; i++) {
        uint32_t at = i < row->nargs ? i : row->nargs - 1;
        if (row->how == FUNCTION_REGEX && i == 0) {
            if (call->args[0]->type->class != CLASS_REGEX && !type_is_error(call->args[0]->type))
                return false;
        } else if (!kind_fits(check, call->args[i]->type, row->args[at], widen)) {
            return false;
        }
    }
    return true;
}

static bool letter_fits(const Checker *check, const Type *type, char letter, bool widen)
{
    TypeKind kind;
    if (type_is_error(type) || type->class == CLASS_NULL)
        return true;
    if (type->class != CLASS_VALUE)
        return false;
    switch (letter) {
    case 'v': return true;
    case 'g': return type->kind == TYPE_POINT || type->kind == TYPE_LINE || type->kind == TYPE_AREA || type->kind == TYPE_ANY;
    case 'P': return type->kind == TYPE_LIST && (type->element->kind == TYPE_POINT || type->element->kind == TYPE_ANY);
    case 'L': kind = TYPE_LIST; break;
    case 'M': kind = TYPE_MAP; break;
    case 'i': kind = TYPE_INT; break;
    case 'f': kind = TYPE_FLOAT; break;
    case 'd': kind = TYPE_DECIMAL; break;
    case 's': kind = TYPE_STRING; break;
    case 'a': kind = TYPE_AREA; break;
    default: kind = TYPE_BYTES; break;
    }
    return kind_fits(check, type, kind, widen);
}

static Type *letter_type(Checker *check, char letter, bool optional)
{
    switch (letter) {
    case 'i': return type_plain(check, TYPE_INT, optional);
    case 'f': return type_plain(check, TYPE_FLOAT, optional);
    case 'd': return type_plain(check, TYPE_DECIMAL, optional);
    case 'b': return type_plain(check, TYPE_BOOL, optional);
    case 'l': return type_plain(check, TYPE_LINE, optional);
    case 'a': return type_plain(check, TYPE_AREA, optional);
    case 'z': return type_list(check, type_plain(check, TYPE_STRING, false), optional);
    default: return type_plain(check, TYPE_STRING, optional);
    }
}

static void settle_argument(Checker *check, Expr *arg, TypeKind want)
{
    bool optional = arg->type->class == CLASS_VALUE && arg->type->optional;
    if (want == TYPE_ANY || want >= TYPE_KINDS || want == TYPE_LIST || want == TYPE_RECORD || want == TYPE_MAP)
        want = arg->type->class == CLASS_VALUE ? arg->type->kind : TYPE_STRING;
    if (arg->type->class == CLASS_NULL || type_is_literal(check, arg->type))
        expr_settle(check, arg, type_plain(check, want, optional));
}

static bool takes_nulls(Text name)
{
    return text_is_c(name, "format") || text_is_c(name, "concat") || text_is_c(name, "id") || text_is_c(name, "uuid");
}

static Type *take_row(Checker *check, Expr *call, const Function *row)
{
    Type *any = any_type(check, row, call);
    if (any && any->class == CLASS_VALUE && type_is_literal(check, any))
        any = type_plain(check, any->kind, any->optional);
    bool coalesce = text_is_c(call->name.text, "coalesce");
    bool optional = row->optional, all = true;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        Expr *arg = call->args[i];
        uint32_t at = i < row->nargs ? i : row->nargs - 1;
        bool missing = arg->type->class == CLASS_NULL || (arg->type->class == CLASS_VALUE && arg->type->optional);
        optional |= missing && !coalesce;
        all &= missing;
        if (row->args[at] == TYPE_ANY && any && any->class == CLASS_VALUE)
            expr_settle(check, arg, any);
        else
            settle_argument(check, arg, row->args[at]);
    }
    optional |= coalesce && all;
    Type *result = row->result == TYPE_ANY ? any : type_plain(check, row->result, optional);
    if (result && result->class == CLASS_VALUE)
        result = type_with(check, result, optional && !takes_nulls(call->name.text));
    if (text_is_c(call->name.text, "split"))
        result = letter_type(check, 'z', optional);
    return set(call, REF_FUNCTION, (void *)row, result && result->class == CLASS_VALUE ? result : ERROR_TYPE);
}

static Type *try_extras(Checker *check, Expr *call, bool widen)
{
    for (int i = 0; i < EXTRAS; i++) {
        if (!text_is_c(call->name.text, extras[i].name))
            continue;
        uint32_t n = (uint32_t)strlen(extras[i].args);
        if (call->arg_count < n || (call->arg_count > n && !extras[i].repeat))
            continue;
        bool fits = true, optional = false;
        for (uint32_t k = 0; k < call->arg_count && fits; k++)
            fits = letter_fits(check, call->args[k]->type, extras[i].args[k < n ? k : n - 1], widen);
        if (!fits)
            continue;
        for (uint32_t k = 0; k < call->arg_count; k++) {
            char letter = extras[i].args[k < n ? k : n - 1];
            const Type *type = call->args[k]->type;
            optional |= type->class == CLASS_NULL || (type->class == CLASS_VALUE && type->optional);
            settle_argument(check, call->args[k], letter == 'f' ? TYPE_FLOAT : letter == 'd' ? TYPE_DECIMAL : TYPE_ANY);
        }
        return set(call, REF_FUNCTION, NULL,
                   letter_type(check, extras[i].result, optional && !takes_nulls(call->name.text)));
    }
    return NULL;
}

/* "abs(int), abs(float)": how a function may be called. */
static Text forms(Checker *check, Text name)
{
    Text text = TEXT("");
    uint32_t n = 0;
    for (uint32_t i = 0; function_at(i) && n < 6; i++) {
        const Function *row = function_at(i);
        if (!text_is_c(name, row->name))
            continue;
        Text args = TEXT("");
        for (uint32_t k = 0; k < row->nargs; k++) {
            const char *word = row->how == FUNCTION_REGEX && k == 0 ? "/regex/"
                               : row->args[k] == TYPE_ANY           ? "value"
                                                                    : type_word(row->args[k]);
            args = arena_printf(check->arena, "%.*s%s%s", TEXT_ARGS(args), k ? ", " : "", word);
        }
        text = arena_printf(check->arena, "%.*s%s%.*s(%.*s%s)", TEXT_ARGS(text), n++ ? ", " : "", TEXT_ARGS(name),
                            TEXT_ARGS(args), row->how == FUNCTION_FOLD ? ", …" : "");
    }
    return text;
}

static Type *no_overload(Checker *check, Expr *call)
{
    Text args = TEXT("");
    for (uint32_t i = 0; i < call->arg_count; i++) {
        Text one = call->args[i]->type->class == CLASS_VALUE || call->args[i]->type->class == CLASS_NULL
                       ? type_text(call->args[i]->type, check->arena)
                       : type_text(call->args[i]->type, check->arena);
        args = arena_printf(check->arena, "%.*s%s%.*s", TEXT_ARGS(args), i ? ", " : "", TEXT_ARGS(one));
    }
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_ARGUMENTS, call->span, "`%.*s` does not take (%.*s)",
                                    TEXT_ARGS(call->name.text), TEXT_ARGS(args));
    Text list = forms(check, call->name.text);
    if (list.len)
        diagnostics_hint(d, "write %.*s", TEXT_ARGS(list));
    return set(call, REF_NONE, NULL, ERROR_TYPE);
}

/* ---- functions with rules of their own ------------------------------------------------------------- */

static Type *cidr(Checker *check, const Scope *scope, Expr *call)
{
    bool failed = call->arg_count == 0;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        Type *type = expr_final(check, scope, call->args[i]);
        failed |= !type_is_error(type) && type->kind != TYPE_STRING;
        if (type_is(type, TYPE_STRING) && call->args[i]->kind != EXPR_STRING && call->args[i]->ref != REF_PARAM)
            diagnostics_add(check->diagnostics, DIAGNOSTIC_CONSTANT, call->args[i]->span,
                            "a network of addresses must be written out or a param");
    }
    if (failed) {
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_ARGUMENTS, call->span, "`cidr` takes networks as strings"),
                         "write `cidr(\"10.0.0.0/8\")`");
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    }
    return set(call, REF_FUNCTION, NULL, check->types.nets);
}

static Type *nearest(Checker *check, const Scope *scope, Expr *call)
{
    bool failed = call->arg_count != 2;
    for (uint32_t i = 0; i < call->arg_count; i++)
        failed |= type_is_error(expr_value(check, scope, call->args[i]));
    if (failed && call->arg_count == 2)
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    if (failed || call->args[0]->ref != REF_WHOLE_COLUMN || !type_is(call->args[1]->type, TYPE_POINT)) {
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_ARGUMENTS, call->span,
                                         "`nearest` takes the column of a table and a place"),
                         "write `nearest(Table.column, w.place)`");
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    }
    return set(call, REF_FUNCTION, NULL, check->types.row);
}

static Type *user_function(Checker *check, const Scope *scope, Expr *call, ModelFunction *function)
{
    if (!function_ready(check, function))
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    if (call->arg_count != function->narguments) {
        for (uint32_t i = 0; i < call->arg_count; i++)
            expr_final(check, scope, call->args[i]);
        diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_ARGUMENTS, call->span,
                                         "`%.*s` takes %u argument%s, and %u %s written", TEXT_ARGS(function->name),
                                         function->narguments, function->narguments == 1 ? "" : "s", call->arg_count,
                                         call->arg_count == 1 ? "is" : "are"),
                         function->declaration->name.span, "`%.*s` is declared here", TEXT_ARGS(function->name));
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    }
    for (uint32_t i = 0; i < call->arg_count; i++)
        expr_assign(check, scope, call->args[i], function->arguments[i].type, "argument", function->arguments[i].name);
    return set(call, REF_USER_FUNCTION, function, function->result);
}

static Type *function_call(Checker *check, const Scope *scope, Expr *call)
{
    Text name = call->name.text;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        if (!call->args[i]->where.condition)
            continue;
        diagnostics_add(check->diagnostics, DIAGNOSTIC_ARGUMENTS, call->args[i]->where.span,
                        "`where` can stand only inside an aggregate, and `%.*s` is none", TEXT_ARGS(name));
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    }
    ModelFunction *function = check_look(check, SPACE_FUNCTION, name);
    if (function)
        return user_function(check, scope, call, function);
    if (text_is_c(name, "cidr"))
        return cidr(check, scope, call);
    if (text_is_c(name, "nearest"))
        return nearest(check, scope, call);
    bool known = names_find(&check->function_names, name) != NULL;
    bool failed = false;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        bool regex = known && i == 0 && text_is_c(name, "capture");
        Type *type = regex ? expr_check(check, scope, call->args[i]) : expr_value(check, scope, call->args[i]);
        failed |= type_is_error(type);
    }
    if (!known) {
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_FUNCTION, call->name.span.end ? call->name.span : call->span,
                                        "unknown function `%.*s`", TEXT_ARGS(name));
        TextList list = {0};
        const Names *tables[] = {&check->function_names, &check->aggregate_names, &check->level->spaces[SPACE_FUNCTION]};
        for (int i = 0; i < 3; i++)
            for (uint32_t k = 0; k < tables[i]->n; k++)
                text_list_add(&list, check->arena, tables[i]->entries[k].name);
        diagnostics_near(d, name, list.items, list.n);
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    }
    if (failed)
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    for (int widen = 0; widen < 2; widen++) {
        uint32_t from = 0;
        const Function *row;
        while ((row = function_find(name, call->arg_count, &from)))
            if (row_fits(check, row, call, widen) && (row->result != TYPE_ANY || any_type(check, row, call)))
                return take_row(check, call, row);
        Type *type = try_extras(check, call, widen);
        if (type)
            return type;
    }
    return no_overload(check, call);
}

/* ---- aggregates ------------------------------------------------------------------------------------ */

static Type *aggregate_result(Checker *check, Expr *call, AggregateKind kind, Type *value)
{
    Type *result = NULL;
    switch (kind) {
    case AGGREGATE_COUNT: case AGGREGATE_DISTINCT: case AGGREGATE_APPROX_DISTINCT:
        return type_plain(check, TYPE_INT, false);
    case AGGREGATE_SUM:
        if (type_is_numeric(value) || type_is(value, TYPE_DURATION))
            return type_with(check, value, false);
        break;
    case AGGREGATE_AVG: case AGGREGATE_MEDIAN: case AGGREGATE_STDEV: case AGGREGATE_PERCENTILE:
    case AGGREGATE_APPROX_PERCENTILE:
        if (type_is(value, TYPE_DURATION))
            return type_with(check, value, true);
        if (type_is_numeric(value))
            return type_plain(check, value->kind == TYPE_DECIMAL ? TYPE_DECIMAL : TYPE_FLOAT, true);
        break;
    case AGGREGATE_VARIANCE: case AGGREGATE_SLOPE:
        if (type_is_numeric(value))
            return type_plain(check, TYPE_FLOAT, true);
        break;
    case AGGREGATE_MIN: case AGGREGATE_MAX:
        if (type_is_ordered(value))
            return type_with(check, value, true);
        break;
    case AGGREGATE_FIRST: case AGGREGATE_LAST:
        return type_with(check, value, true);
    case AGGREGATE_VALUES: case AGGREGATE_LIST:
        return type_list(check, type_with(check, value, false), false);
    case AGGREGATE_TOP: case AGGREGATE_APPROX_TOP: {
        TypeField *fields = ARENA_ARRAY(check->arena, TypeField, 2);
        fields[0] = (TypeField){TEXT("value"), type_with(check, value, false)};
        fields[1] = (TypeField){TEXT("count"), type_plain(check, TYPE_INT, false)};
        return type_list(check, type_record(check, fields, 2, false), false);
    }
    case AGGREGATE_RATE:
        return type_plain(check, TYPE_FLOAT, false);
    case AGGREGATE_MIN_DISTANCE: case AGGREGATE_MAX_DISTANCE: case AGGREGATE_AVG_DISTANCE: case AGGREGATE_SPREAD:
        if (type_is(value, TYPE_POINT) || type_is(value, TYPE_LINE) || type_is(value, TYPE_AREA))
            return type_plain(check, TYPE_FLOAT, true);
        break;
    default:
        break;
    }
    if (result)
        return result;
    Text phrase = type_phrase(check, value);
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_AGGREGATE, call->args[0]->span, "`%.*s` does not take %.*s",
                                    TEXT_ARGS(call->name.text), TEXT_ARGS(phrase));
    if (type_is(value, TYPE_STRING) && (kind == AGGREGATE_SUM || kind == AGGREGATE_AVG))
        diagnostics_hint(d, "`distinct` and `count` take strings");
    return ERROR_TYPE;
}

/* The p of percentile, the k of top, the duration of rate, the place of min_distance. */
static void aggregate_argument(Checker *check, const Scope *scope, AggregateKind kind, Expr *arg)
{
    Scope plain = *scope;
    plain.aggregate = NULL;
    plain.aggregates = "aggregates do not nest";
    switch (kind) {
    case AGGREGATE_PERCENTILE: case AGGREGATE_APPROX_PERCENTILE:
        expr_assign(check, &plain, arg, type_plain(check, TYPE_FLOAT, false), "the percentage", TEXT(""));
        if (arg->kind == EXPR_INT && (arg->integer < 0 || arg->integer > 100))
            diagnostics_add(check->diagnostics, DIAGNOSTIC_AGGREGATE, arg->span, "a percentage lies between 0 and 100");
        break;
    case AGGREGATE_TOP: case AGGREGATE_APPROX_TOP:
        expr_assign(check, &plain, arg, type_plain(check, TYPE_INT, false), "the number of values", TEXT(""));
        break;
    case AGGREGATE_RATE:
        expr_assign(check, &plain, arg, type_plain(check, TYPE_DURATION, false), "the unit of `rate`", TEXT(""));
        break;
    default:
        expr_assign(check, &plain, arg, type_plain(check, TYPE_POINT, true), "the place", TEXT(""));
    }
}

static Type *aggregate_bad(Checker *check, Expr *call, const char *form)
{
    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_AGGREGATE, call->span, "`%.*s` is an aggregate over an alias",
                                     TEXT_ARGS(call->name.text)),
                     "write `%s`", form);
    return set(call, REF_NONE, NULL, ERROR_TYPE);
}

static Type *previous_call(Checker *check, const Scope *scope, Expr *call)
{
    if (call->arg_count != 1 || !call_is_aggregate(check, call->args[0]) || text_is_c(call->args[0]->name.text, "previous"))
        return aggregate_bad(check, call, "previous(count(w))");
    Type *type = expr_check(check, scope, call->args[0]);
    if (type_is_error(type) || call->args[0]->ref != REF_AGGREGATE)
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    ModelAggregate *aggregate = call->args[0]->note;
    aggregate->previous = true;
    return set(call, REF_PREVIOUS, aggregate, type_with(check, type, true));
}

static Type *aggregate_call(Checker *check, const Scope *scope, Expr *call)
{
    AggregateKind kind = (AggregateKind)((uintptr_t)names_find(&check->aggregate_names, call->name.text)->what - 1);
    const char *why = scope->aggregate ? "aggregates do not nest" : scope->aggregates;
    if (why) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_AGGREGATE_PLACE, call->span, "`%.*s` is an aggregate, and %s",
                        TEXT_ARGS(call->name.text), why);
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    }
    if (kind == AGGREGATE_KINDS)
        return previous_call(check, scope, call);
    uint32_t extra = aggregate_args[kind];
    bool bare = kind == AGGREGATE_COUNT || kind == AGGREGATE_RATE; /* over the alias itself */
    if (call->arg_count != 1 + extra) {
        Text form = arena_printf(check->arena, "%.*s(w%s%s)", TEXT_ARGS(call->name.text), bare ? "" : ".attribute",
                                 extra == 0 ? "" : kind == AGGREGATE_RATE ? ", 1 min" : ", …");
        form = arena_text(check->arena, form);
        return aggregate_bad(check, call, form.p);
    }
    ModelAggregate *aggregate = ARENA_NEW(check->arena, ModelAggregate);
    aggregate->kind = kind;
    aggregate->call = call;
    Scope inside = *scope;
    inside.aggregate = aggregate;
    Expr *value = call->args[0];
    Type *type = bare ? expr_check(check, &inside, value) : expr_final(check, &inside, value);
    if (value->where.condition) {
        inside.place = "the `where` of an aggregate";
        aggregate->where = value->where;
        expr_condition(check, &inside, value->where.condition, "`where`");
    }
    if (extra) {
        aggregate_argument(check, scope, kind, call->args[1]);
        aggregate->arguments = &call->args[1];
        aggregate->narguments = extra;
    }
    if (type_is_error(type))
        return set(call, REF_NONE, NULL, ERROR_TYPE);
    if (type->class == CLASS_VALUE) {
        if (bare && kind == AGGREGATE_COUNT && type_is(type, TYPE_BOOL) && aggregate->alias)
            return aggregate_bad(check, call, arena_text(check->arena, arena_printf(check->arena, "count(%.*s where …)", TEXT_ARGS(aggregate->alias->name))).p);
        if (type_is_literal(check, type))
            expr_settle(check, value, type_plain(check, type->kind, false));
        aggregate->value = value;
    } else if (value->ref != REF_ALIAS) {
        return aggregate_bad(check, call, "count(w)");
    }
    if (!aggregate->alias) {
        Text form = arena_text(check->arena, arena_printf(check->arena, "%.*s(w%s)", TEXT_ARGS(call->name.text), bare ? "" : ".attribute"));
        return aggregate_bad(check, call, form.p);
    }
    Type *result = aggregate_result(check, call, kind, value->type);
    ModelAgent *agent = scope->agent;
    if (agent) {
        agent->aggregates = arena_grow(check->arena, agent->aggregates, agent->naggregates, sizeof *agent->aggregates);
        agent->aggregates[agent->naggregates++] = aggregate;
    }
    return set(call, REF_AGGREGATE, aggregate, result);
}

Type *call_check(Checker *check, const Scope *scope, Expr *expr)
{
    if (call_is_aggregate(check, expr) && !check_look(check, SPACE_FUNCTION, expr->name.text))
        return aggregate_call(check, scope, expr);
    return function_call(check, scope, expr);
}
