/* Constants of tests. A test is run long after the model is gone, so nothing here is resolved or typed: literals
 * take the type of their place, and what is computed of them has the type that functions.def says. */
#include "rules/lower_emit.h"

static Reg emit_untyped(LowerScope *scope, const Expr *expr, TypeKind type);

static Reg emit_untyped_call(LowerScope *scope, const Expr *expr)
{
    Reg args[FUNCTION_ARGS];
    TypeKind types[FUNCTION_ARGS];
    if (expr->arg_count == 0 || expr->arg_count > FUNCTION_ARGS)
        return REG_NONE;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        args[i] = emit_untyped(scope, expr->args[i], TYPE_KINDS);
        if (args[i] == REG_NONE)
            return REG_NONE;
        types[i] = emit_reg_type(scope, args[i]);
    }
    uint32_t from = 0;
    for (const Function *row; (row = function_find(expr->name.text, expr->arg_count, &from));)
        if (row->op != OPS && row->how == FUNCTION_PLAIN && emit_row_fits(row, types, expr->arg_count))
            return emit_row(scope, row, expr, args);
    return REG_NONE;
}

/* Lists and records: every member is what it looks like. */
static Reg emit_untyped_members(LowerScope *scope, const Expr *expr, TypeKind type)
{
    ProgramBuilder *b = scope->builder;
    bool list = expr->kind == EXPR_LIST;
    TypeKind kind = list ? TYPE_LIST : type == TYPE_MAP ? TYPE_MAP : TYPE_RECORD;
    Reg whole = program_constant(b, kind, (Cell){.s = composite_empty(kind)});
    for (uint32_t i = 0; i < (list ? expr->arg_count : expr->fields.n); i++) {
        const AstField *field = list ? NULL : &expr->fields.items[i];
        Reg item = emit_untyped(scope, list ? expr->args[i] : field->value, TYPE_KINDS);
        if (item == REG_NONE)
            return REG_NONE;
        item = program_box(b, item);
        whole = list ? program_emit(b, OP_LIST_ADD, whole, item, REG_NONE)
                     : program_emit(b, OP_RECORD_PUT, whole, program_constant(b, TYPE_STRING, (Cell){.s = field->name.text}), item);
    }
    return whole;
}

static Reg emit_untyped(LowerScope *scope, const Expr *expr, TypeKind type)
{
    static const TypeKind guesses[] = {TYPE_INT, TYPE_FLOAT, TYPE_STRING, TYPE_BOOL, TYPE_DURATION};
    Cell value;
    if (++scope->nodes > LOWER_NODES_MAX)
        return REG_NONE;
    if (expr->kind == EXPR_NULL)
        return program_null(scope->builder, type == TYPE_KINDS ? TYPE_BOOL : type);
    if (expr->kind == EXPR_TIME)
        return program_constant(scope->builder, TYPE_TIME, (Cell){.i = lower_time(expr->time, NULL)});
    if (type != TYPE_KINDS && emit_literal_cell(expr, type, &value))
        return program_constant(scope->builder, type, value);
    for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++)
        if (emit_literal_cell(expr, guesses[i], &value))
            return program_constant(scope->builder, guesses[i], value);
    if (expr->kind == EXPR_LIST || expr->kind == EXPR_RECORD)
        return emit_untyped_members(scope, expr, type);
    if (expr->kind == EXPR_CALL)
        return emit_untyped_call(scope, expr);
    bool sign = expr->kind == EXPR_NEGATE;
    bool two = expr->kind >= EXPR_MULTIPLY && expr->kind <= EXPR_SUBTRACT;
    if (!sign && !two)
        return REG_NONE;
    Reg a = emit_untyped(scope, expr->a, sign ? type : TYPE_KINDS);
    Reg b = two && a != REG_NONE ? emit_untyped(scope, expr->b, TYPE_KINDS) : REG_NONE;
    if (a == REG_NONE || (two && b == REG_NONE))
        return REG_NONE;
    if (two && emit_reg_type(scope, a) == TYPE_INT && emit_reg_type(scope, b) == TYPE_FLOAT)
        a = emit_to_type(scope, expr->a, a, TYPE_FLOAT);
    if (two && emit_reg_type(scope, a) == TYPE_FLOAT && emit_reg_type(scope, b) == TYPE_INT)
        b = emit_to_type(scope, expr->b, b, TYPE_FLOAT);
    return emit_operator(scope, expr, "", a, b);
}

bool lower_constant(Lowering *lowering, const Expr *expr, TypeKind type, Cell *value, State *state)
{
    LowerScope scope = {.lowering = lowering};
    lower_begin(&scope);
    Reg r = emit_untyped(&scope, expr, type);
    if (r == REG_NONE && !scope.failed)
        emit_refuse(&scope, expr, "a value of a test that is not constant does not run yet");
    r = emit_to_type(&scope, expr, r, type);
    Program *program = lower_end(&scope, r);
    return program && program_is_constant(program, value, state);
}
