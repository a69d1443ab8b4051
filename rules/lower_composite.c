/* Lists, records, maps and values of type any: literals, members, `in`, and the texts that `format` and `concat` make.
 *
 * A literal is a chain of instructions, one a member; over constants the builder runs them at once. */
#include "rules/lower_emit.h"

static Reg empty(LowerScope *scope, TypeKind type)
{
    return program_constant(scope->builder, type, (Cell){.s = composite_empty(type)});
}

/* A member as one of type any, in the type that the whole asks for. */
static Reg emit_boxed(LowerScope *scope, const Expr *expr, const Type *type)
{
    Reg r = lower_expr_as(scope, expr, type);
    return r == REG_NONE ? r : program_box(scope->builder, r);
}

Reg emit_list_value(LowerScope *scope, const Expr *expr, const Type *type)
{
    Reg list = empty(scope, TYPE_LIST);
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        Reg item = emit_boxed(scope, expr->args[i], type ? type->element : NULL);
        if (item == REG_NONE)
            return REG_NONE;
        list = program_emit(scope->builder, OP_LIST_ADD, list, item, REG_NONE);
    }
    return list;
}

static const Type *field_type(const Type *type, Text name)
{
    if (!type || type->kind == TYPE_MAP)
        return type ? type->element : NULL;
    for (uint32_t i = 0; i < type->nfields; i++)
        if (text_is(type->fields[i].name, name))
            return type->fields[i].type;
    return NULL;
}

Reg emit_record_value(LowerScope *scope, const Expr *expr, const Type *type)
{
    ProgramBuilder *b = scope->builder;
    Reg record = empty(scope, type && type->kind == TYPE_MAP ? TYPE_MAP : TYPE_RECORD);
    for (uint32_t i = 0; i < expr->fields.n; i++) {
        const AstField *field = &expr->fields.items[i];
        Reg item = emit_boxed(scope, field->value, field_type(type, field->name.text));
        if (item == REG_NONE)
            return REG_NONE;
        Reg name = program_constant(b, TYPE_STRING, (Cell){.s = field->name.text});
        record = program_emit(b, OP_RECORD_PUT, record, name, item);
    }
    return record;
}

/* What was taken out of something, as the type that the checker gave it. */
static Reg emit_taken(LowerScope *scope, const Expr *expr, Reg taken)
{
    TypeKind type = emit_checked_type(expr);
    return program_unbox(scope->builder, taken, type == TYPE_KINDS ? TYPE_ANY : type);
}

Reg emit_field(LowerScope *scope, const Expr *expr)
{
    Reg of = lower_expr(scope, expr->a, TYPE_KINDS);
    return of == REG_NONE ? REG_NONE : emit_field_of(scope, expr, of);
}

Reg emit_field_of(LowerScope *scope, const Expr *expr, Reg of)
{
    Reg name = program_constant(scope->builder, TYPE_STRING, (Cell){.s = expr->name.text});
    return emit_taken(scope, expr, program_emit(scope->builder, OP_RECORD_GET, of, name, REG_NONE));
}

Reg emit_index(LowerScope *scope, const Expr *expr)
{
    ProgramBuilder *b = scope->builder;
    if (expr->ref != REF_ELEMENT && expr->ref != REF_ENTRY)
        return emit_refuse(scope, expr, "this index as a value does not run yet");
    Reg of = lower_expr(scope, expr->a, TYPE_KINDS);
    Reg at = of == REG_NONE ? REG_NONE : lower_expr(scope, expr->args[0], TYPE_KINDS);
    if (at == REG_NONE)
        return REG_NONE;
    bool named = emit_reg_type(scope, at) == TYPE_STRING;
    if (!named)
        at = emit_to_type(scope, expr->args[0], at, TYPE_INT);
    if (at == REG_NONE)
        return REG_NONE;
    return emit_taken(scope, expr, program_emit(b, named ? OP_RECORD_GET : OP_LIST_AT, of, at, REG_NONE));
}

Reg emit_in_collection(LowerScope *scope, const Expr *expr)
{
    ProgramBuilder *b = scope->builder;
    Reg in = lower_expr(scope, expr->b, TYPE_KINDS);
    if (in == REG_NONE)
        return REG_NONE;
    bool map = emit_reg_type(scope, in) == TYPE_MAP;
    Reg item = lower_expr(scope, expr->a, map || expr->ignoring_case ? TYPE_STRING : TYPE_KINDS);
    if (item == REG_NONE)
        return REG_NONE;
    if (map)
        return program_emit(b, OP_MAP_HAS, in, item, REG_NONE);
    if (expr->ignoring_case)
        return program_emit(b, OP_LIST_HAS_FOLD, in, item, REG_NONE);
    return program_emit(b, OP_LIST_HAS, in, program_box(b, item), REG_NONE);
}

/* ── Texts ── */

Reg emit_text(LowerScope *scope, Reg reg)
{
    TypeKind type = emit_reg_type(scope, reg);
    if (type == TYPE_STRING)
        return reg;
    uint32_t from = 0;
    for (const Function *row; (row = function_find(TEXT("text"), 1, &from));)
        if (row->op != OPS && row->args[0] == type)
            return program_emit(scope->builder, row->op, reg, REG_NONE, REG_NONE);
    return program_emit(scope->builder, OP_TEXT_OF_BOXED, program_box(scope->builder, reg), REG_NONE, REG_NONE);
}

/* The text of a value, or another where it is missing. */
static Reg text_or(LowerScope *scope, const Expr *expr, Reg reg, Text otherwise)
{
    if (expr->kind != EXPR_NULL && !expr->type->optional)
        return emit_text(scope, reg);
    Reg constant = program_constant(scope->builder, TYPE_STRING, (Cell){.s = otherwise});
    return program_emit(scope->builder, OP_COALESCE, emit_text(scope, reg), constant, REG_NONE);
}

static Reg joined(LowerScope *scope, Reg all, Reg part)
{
    return all == REG_NONE ? part : program_emit(scope->builder, OP_CONCAT, all, part, REG_NONE);
}

Reg emit_concat(LowerScope *scope, const Expr *expr)
{
    Reg all = REG_NONE;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        Reg part = lower_expr(scope, expr->args[i], TYPE_KINDS);
        if (part == REG_NONE)
            return REG_NONE;
        all = joined(scope, all, text_or(scope, expr->args[i], part, TEXT("")));
    }
    return all;
}

/* One `%…` of a format, with the value that it takes: %s, %d, %f, %.2f. */
static Reg emit_conversion(LowerScope *scope, const Expr *arg, char letter, int64_t digits)
{
    Reg value = lower_expr(scope, arg, TYPE_KINDS);
    if (value == REG_NONE)
        return REG_NONE;
    TypeKind type = emit_reg_type(scope, value);
    if (letter == 's')
        return text_or(scope, arg, value, TEXT("null"));
    if (letter == 'd') {
        if (type == TYPE_FLOAT || type == TYPE_DECIMAL)
            value = program_emit(scope->builder, type == TYPE_FLOAT ? OP_INT_OF_FLOAT : OP_INT_OF_DECIMAL, value, REG_NONE, REG_NONE);
        value = emit_to_type(scope, arg, value, TYPE_INT);
        return value == REG_NONE ? value : text_or(scope, arg, value, TEXT("null"));
    }
    if (type == TYPE_DECIMAL)
        value = program_emit(scope->builder, OP_FLOAT_OF_DECIMAL, value, REG_NONE, REG_NONE);
    value = emit_to_type(scope, arg, value, TYPE_FLOAT);
    if (value == REG_NONE)
        return REG_NONE;
    Reg count = program_constant(scope->builder, TYPE_INT, (Cell){.i = digits});
    return text_or(scope, arg, program_emit(scope->builder, OP_FIXED, value, count, REG_NONE), TEXT("null"));
}

static Reg format_bad(LowerScope *scope, const Expr *expr, const char *why)
{
    diagnostics_hint(diagnostics_add(scope->lowering->diagnostics, DIAGNOSTIC_ARGUMENTS, expr->span, "%s", why),
                     "%%s takes any value, %%d a whole number, %%f and %%.2f a number, and %%%% is a %%");
    return emit_fail(scope);
}

Reg emit_format(LowerScope *scope, const Expr *expr)
{
    Text format;
    if (!emit_constant_text(scope, expr->args[0], &format))
        return REG_NONE;
    Reg all = program_constant(scope->builder, TYPE_STRING, (Cell){.s = TEXT("")});
    uint32_t taken = 1, from = 0;
    for (uint32_t i = 0; i <= format.len; i++) {
        if (i < format.len && format.p[i] != '%')
            continue;
        Text plain = {format.p + from, i - from};
        if (plain.len)
            all = joined(scope, all, program_constant(scope->builder, TYPE_STRING, (Cell){.s = plain}));
        from = i + 1;
        if (i == format.len)
            break;
        int64_t digits = 6;
        if (i + 2 < format.len && format.p[i + 1] == '.' && format.p[i + 2] >= '0' && format.p[i + 2] <= '9') {
            digits = format.p[i + 2] - '0';
            i += 2;
        }
        char letter = i + 1 < format.len ? format.p[++i] : 0;
        from = i + 1;
        if (letter == '%') {
            from = i; /* the sign itself begins the next plain part */
            continue;
        }
        if (!letter || !memchr("sdf", letter, 3) || (letter != 'f' && digits != 6))
            return format_bad(scope, expr->args[0], "a `%` of the format stands for nothing");
        if (taken == expr->arg_count)
            return format_bad(scope, expr, "the format takes more values than are written");
        Reg part = emit_conversion(scope, expr->args[taken++], letter, digits);
        if (part == REG_NONE)
            return REG_NONE;
        all = joined(scope, all, part);
    }
    return taken == expr->arg_count ? all : format_bad(scope, expr, "the format takes fewer values than are written");
}

/* ── Identities ── */

Reg emit_identity(LowerScope *scope, const Expr *expr)
{
    ProgramBuilder *b = scope->builder;
    Reg id = expr->arg_count ? emit_list_value(scope, expr, NULL)
             : scope->self   ? program_header(b, 0, HEADER_ID)
                             : program_identity(b);
    if (id != REG_NONE && expr->arg_count)
        id = program_emit(b, OP_ID_BOXED, id, REG_NONE, REG_NONE);
    if (id == REG_NONE || text_is_c(expr->name.text, "id"))
        return id;
    return program_emit(b, OP_UUID, id, REG_NONE, REG_NONE);
}
