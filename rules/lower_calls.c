/* Operators and functions: rows of functions.def, found by the types of the operands; functions of the rule file,
 * put in where they are called; aggregates; regexes, of which equal ones are compiled once. */
#include "rules/lower_emit.h"

#include <stdio.h>

#include "cep/regex.h"
#include "rules/parser.h"

/* How well a row takes operands of these types: 0 = not, 1 = with int made float, 2 = as they are. */
int emit_row_fits(const Function *row, const TypeKind *types, uint32_t n)
{
    int fit = 2;
    TypeKind any = TYPE_KINDS;
    for (uint32_t i = 0; i < n; i++) {
        TypeKind takes = row->args[i < row->nargs ? i : row->nargs - 1];
        if (takes == TYPE_ANY) {
            if (any != TYPE_KINDS && any != types[i])
                return 0;
            any = types[i];
        } else if ((takes == TYPE_FLOAT && types[i] == TYPE_INT) || (takes != types[i] && types[i] == TYPE_ANY)) {
            fit = 1;
        } else if (takes != types[i]) {
            return 0;
        }
    }
    return fit;
}

static const Function *operator_row(Lowering *lowering, const Expr *expr, const char *suffix, const TypeKind *types, uint32_t n)
{
    char name[48];
    int len = snprintf(name, sizeof name, "%s%s", expr_word(expr->kind), suffix);
    uint32_t from = *suffix || n != 2 ? 0 : lowering->operator_rows[expr->kind];
    bool first = true;
    for (const Function *row; (row = function_find((Text){name, (uint32_t)len}, n, &from)); first = false) {
        if (first && !*suffix && n == 2)
            lowering->operator_rows[expr->kind] = from - 1;
        if (emit_row_fits(row, types, n) == 2)
            return row;
    }
    return NULL;
}

Reg emit_operator(LowerScope *scope, const Expr *expr, const char *suffix, Reg a, Reg b)
{
    TypeKind types[2] = {emit_reg_type(scope, a), b == REG_NONE ? TYPE_KINDS : emit_reg_type(scope, b)};
    const Function *row = operator_row(scope->lowering, expr, suffix, types, b == REG_NONE ? 1 : 2);
    if (types[0] == TYPE_ANY && b != REG_NONE && expr->kind >= EXPR_EQUAL && expr->kind <= EXPR_AT_LEAST) {
        static const Op ops[] = {OP_EQ_BOXED, OP_NE_BOXED, OP_LT_BOXED, OP_LE_BOXED, OP_GT_BOXED, OP_GE_BOXED};
        return program_emit(scope->builder, ops[expr->kind - EXPR_EQUAL], a, b, REG_NONE);
    }
    if (!row || row->op == OPS) {
        lower_refuse(scope->lowering, expr->span, NULL, "`%s%s` of values of type `%s` does not run yet",
                     expr_word(expr->kind), suffix, type_word(types[0]));
        return emit_fail(scope);
    }
    return program_emit(scope->builder, row->op, a, b, REG_NONE);
}

/* A register that must hold a constant text: a zone, a network, a pattern. */
bool emit_constant_text(LowerScope *scope, const Expr *expr, Text *text)
{
    Reg reg = lower_expr(scope, expr, TYPE_STRING);
    if (reg == REG_NONE)
        return false;
    Cell value;
    State state;
    if (!program_reg_constant(scope->builder, reg, &value, &state) || state != STATE_OK) {
        emit_refuse(scope, expr, "a text that is not constant does not run here yet");
        return false;
    }
    *text = value.s;
    return true;
}

static uint32_t regex_slot(const Lowering *lowering, Text pattern, Text flags)
{
    uint32_t mask = lowering->regex_room - 1;
    uint64_t hash = cell_hash(TYPE_STRING, (Cell){.s = pattern}) + flags.len;
    uint32_t i = (uint32_t)hash & mask;
    while (lowering->regexes[i].regex &&
           !(text_is(lowering->regexes[i].pattern, pattern) && text_is(lowering->regexes[i].flags, flags)))
        i = (i + 1) & mask;
    return i;
}

static void regexes_grow(Lowering *lowering)
{
    LowerRegex *old = lowering->regexes;
    uint32_t room = lowering->regex_room;
    lowering->regex_room = room ? room * 2 : 64;
    lowering->regexes = ARENA_ARRAY(lowering->scratch, LowerRegex, lowering->regex_room);
    for (uint32_t i = 0; i < room; i++)
        if (old[i].regex)
            lowering->regexes[regex_slot(lowering, old[i].pattern, old[i].flags)] = old[i];
}

/* The regex of a literal, or of a constant text; NULL after a mistake. */
struct Regex *emit_regex(LowerScope *scope, const Expr *expr, bool ignoring_case)
{
    Lowering *lowering = scope->lowering;
    Text pattern = expr->string, flags = expr->options;
    if (expr->kind != EXPR_REGEX && !emit_constant_text(scope, expr, &pattern))
        return NULL;
    if (expr->kind != EXPR_REGEX)
        flags = TEXT("");
    if (ignoring_case && !(flags.len && memchr(flags.p, 'i', flags.len)))
        flags = arena_printf(lowering->scratch, "%.*si", TEXT_ARGS(flags));
    if (lowering->nregexes * 2 >= lowering->regex_room)
        regexes_grow(lowering);
    LowerRegex *entry = &lowering->regexes[regex_slot(lowering, pattern, flags)];
    if (entry->regex)
        return entry->regex;
    char error[200] = "";
    uint32_t offset = 0;
    struct Regex *regex = plan_regex(lowering->plan, pattern, flags, error, sizeof error, &offset);
    if (!regex) {
        diagnostics_add(lowering->diagnostics, DIAGNOSTIC_REGEX, expr->span,
                        "the regular expression is refused at byte %u: %s", offset, error);
        emit_fail(scope);
        return NULL;
    }
    *entry = (LowerRegex){pattern, flags, regex};
    lowering->nregexes++;
    return regex;
}

static Reg emit_zoned(LowerScope *scope, const Function *row, const Expr *expr, const Reg *args)
{
    Text name;
    const Expr *last = expr->args[row->nargs - 1];
    if (!emit_constant_text(scope, last, &name))
        return REG_NONE;
    const Zone *zone = lower_zone(scope->lowering, name, last->span);
    return program_zoned(scope->builder, row->op, args[0], row->nargs == 3 ? args[1] : REG_NONE, zone);
}

Reg emit_row(LowerScope *scope, const Function *row, const Expr *expr, Reg *args)
{
    ProgramBuilder *b = scope->builder;
    uint32_t n = expr->arg_count;
    for (uint32_t i = 0; i < n && row->how != FUNCTION_REGEX; i++) {
        TypeKind takes = row->args[i < row->nargs ? i : row->nargs - 1];
        args[i] = emit_to_type(scope, expr->args[i], args[i], takes == TYPE_ANY ? TYPE_KINDS : takes);
    }
    if (row->op == OP_DISTANCE || row->op == OP_BEARING)
        scope->lowering->space = expr;
    switch (row->how) {
    case FUNCTION_FOLD: {
        Reg r = args[0];
        for (uint32_t i = 1; i < n; i++)
            r = program_emit(b, row->op, r, args[i], REG_NONE);
        return r;
    }
    case FUNCTION_ZONE:
        return emit_zoned(scope, row, expr, args);
    case FUNCTION_BUILT:
        if (row->op == OP_NOW)
            return program_now(b);
        return emit_refuse(scope, expr, "this function outside of `in` does not run yet");
    default:
        return program_emit(b, row->op, n > 0 ? args[0] : REG_NONE, n > 1 ? args[1] : REG_NONE,
                            n > 2 ? args[2] : REG_NONE);
    }
}

static Reg emit_capture(LowerScope *scope, const Expr *expr)
{
    struct Regex *regex = emit_regex(scope, expr->args[0], false);
    Reg text = regex ? lower_expr(scope, expr->args[1], TYPE_STRING) : REG_NONE;
    Reg group = text != REG_NONE ? lower_expr(scope, expr->args[2], TYPE_INT) : REG_NONE;
    return group == REG_NONE ? REG_NONE : program_capture(scope->builder, text, regex, group);
}

/* Functions that take values of every type, and conversions of type any; REG_NONE if it is none of them. */
static Reg emit_of_any(LowerScope *scope, Text name, Reg arg)
{
    TypeKind type = emit_reg_type(scope, arg);
    Op op = OPS;
    if (text_is_c(name, "text"))
        return emit_text(scope, arg);
    if (text_is_c(name, "hash") && type != TYPE_STRING && type != TYPE_INT)
        op = OP_HASH_BOXED;
    else if (text_is_c(name, "int") && type == TYPE_ANY)
        op = OP_INT_OF_BOXED;
    else if (text_is_c(name, "float") && type == TYPE_ANY)
        op = OP_FLOAT_OF_BOXED;
    else if (text_is_c(name, "len") && type == TYPE_ANY)
        op = OP_LEN_BOXED;
    return op == OPS ? REG_NONE : program_emit(scope->builder, op, program_box(scope->builder, arg), REG_NONE, REG_NONE);
}

/* A function of the language. */
static Reg emit_function(LowerScope *scope, const Expr *expr)
{
    Text name = expr->name.text;
    uint32_t n = expr->arg_count;
    if (text_is_c(name, "capture"))
        return emit_capture(scope, expr);
    if (text_is_c(name, "concat"))
        return emit_concat(scope, expr);
    if (text_is_c(name, "format"))
        return emit_format(scope, expr);
    if (text_is_c(name, "id") || text_is_c(name, "uuid"))
        return emit_identity(scope, expr);
    Reg *args = ARENA_ARRAY(scope->lowering->scratch, Reg, n + 1);
    TypeKind *types = ARENA_ARRAY(scope->lowering->scratch, TypeKind, n + 1);
    TypeKind common = TYPE_KINDS;
    const Function *best = NULL;
    uint32_t from = 0;
    for (const Function *row; !best && (row = function_find(name, n, &from));)
        best = row->op == OPS ? NULL : row;
    if (!best) {
        lower_refuse(scope->lowering, expr->span, NULL, "the function `%.*s` does not run yet", TEXT_ARGS(name));
        return emit_fail(scope);
    }
    for (uint32_t i = 0; i < n; i++)
        if (emit_checked_type(expr->args[i]) != TYPE_KINDS)
            common = common == TYPE_KINDS ? emit_checked_type(expr->args[i]) : emit_common_type(common, emit_checked_type(expr->args[i]));
    for (uint32_t i = 0; i < n; i++) {
        args[i] = lower_expr(scope, expr->args[i], expr->args[i]->kind == EXPR_NULL ? common : TYPE_KINDS);
        if (args[i] == REG_NONE)
            return REG_NONE;
        if (best->args[0] == TYPE_ANY && best->how == FUNCTION_FOLD)
            args[i] = emit_to_type(scope, expr->args[i], args[i], common);
        types[i] = emit_reg_type(scope, args[i]);
    }
    bool rounds = text_is_c(name, "ceil") || text_is_c(name, "floor") || text_is_c(name, "round");
    if (rounds && types[0] == TYPE_INT)
        return args[0];
    if (n == 1 && best->how == FUNCTION_FOLD)
        return args[0];
    Reg any = n == 1 ? emit_of_any(scope, name, args[0]) : REG_NONE;
    if (any != REG_NONE)
        return any;
    int fit = 0;
    from = 0;
    for (const Function *row; (row = function_find(name, n, &from));) {
        int fits = row->op == OPS ? 0 : emit_row_fits(row, types, n);
        if (fits > fit) {
            fit = fits;
            best = row;
        }
    }
    if (!fit) {
        lower_refuse(scope->lowering, expr->span, NULL, "the function `%.*s` of these types does not run yet", TEXT_ARGS(name));
        return emit_fail(scope);
    }
    return emit_row(scope, best, expr, args);
}

static Reg emit_user_function(LowerScope *scope, const Expr *expr)
{
    const ModelFunction *function = expr->note;
    Reg *args = ARENA_ARRAY(scope->lowering->scratch, Reg, function->narguments + 1);
    for (uint32_t i = 0; i < function->narguments; i++) {
        args[i] = lower_expr_as(scope, expr->args[i], function->arguments[i].type);
        if (args[i] == REG_NONE)
            return REG_NONE;
    }
    lower_depends(scope->lowering, function->declaration);
    const LowerFrame *up = scope->frame;
    LowerFrame frame = {args};
    scope->frame = &frame;
    Reg r = lower_expr_as(scope, function->body, function->result);
    scope->frame = up;
    return r;
}

static Reg emit_aggregate(LowerScope *scope, const Expr *expr)
{
    if (!scope->agent || scope->self)
        return emit_refuse(scope, expr, "an aggregate here does not run yet");
    uint32_t index = lower_aggregate(scope->agent, expr->note);
    if (index == INDEX_NONE)
        return emit_fail(scope);
    return program_aggregate(scope->builder, index, scope->agent->plan->aggregates[index].type);
}

Reg emit_call(LowerScope *scope, const Expr *expr)
{
    switch ((Reference)expr->ref) {
    case REF_FUNCTION:
        return emit_function(scope, expr);
    case REF_USER_FUNCTION:
        return emit_user_function(scope, expr);
    case REF_AGGREGATE:
        return emit_aggregate(scope, expr);
    case REF_PREVIOUS:
        return emit_refuse(scope, expr, "`previous` does not run yet");
    default:
        return emit_refuse(scope, expr, "this call does not run yet");
    }
}
