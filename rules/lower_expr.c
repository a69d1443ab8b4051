/* Expressions to programs: one instruction an operator, through the builder, which folds constants and shares
 * equal instructions.
 *
 * Lets, params, functions of the rule file and computed attributes are put in where they are named; a let and a
 * computed attribute only once a program, so that a chain of them stays linear. Operators and functions find
 * their op in functions.def by the types of their operands, after the one implicit conversion, int to float.
 *
 * Missing values need nothing here: an op with a missing operand is missing, which is the unknown of bool. Only
 * `without unknowns` adds something: `?? false` behind each comparison.
 *
 * A mistake gives REG_NONE, and so does everything above it: one diagnostic a program. */
#include "rules/lower_emit.h"

#include "cep/cellset.h"
#include "cep/cidr.h"
#include "cep/decimal.h"

Reg emit_fail(LowerScope *scope)
{
    scope->failed = true;
    return REG_NONE;
}

Reg emit_refuse(LowerScope *scope, const Expr *expr, const char *what)
{
    lower_refuse(scope->lowering, expr->span, NULL, "%s", what);
    return emit_fail(scope);
}

/* The cell of a literal, brought to a type, without an instruction; false if it is none of that type. */
bool emit_literal_cell(const Expr *expr, TypeKind type, Cell *value)
{
    switch (expr->kind) {
    case EXPR_INT:
        if (type == TYPE_INT)
            *value = (Cell){.i = expr->integer};
        else if (type == TYPE_FLOAT)
            *value = (Cell){.f = (double)expr->integer};
        else if (type == TYPE_DECIMAL)
            *value = (Cell){.d = decimal_of_int(expr->integer)};
        else
            return false;
        return true;
    case EXPR_FLOAT:
        if (type == TYPE_DECIMAL) {
            uint8_t state = STATE_OK;
            *value = (Cell){.d = decimal_of_float(expr->real, &state)};
            return state == STATE_OK;
        }
        *value = (Cell){.f = expr->real};
        return type == TYPE_FLOAT;
    case EXPR_STRING:
        *value = (Cell){.s = expr->string};
        return type == TYPE_STRING;
    case EXPR_BOOL:
        *value = (Cell){.b = expr->truth};
        return type == TYPE_BOOL;
    case EXPR_QUANTITY:
        if (expr->quantity->dimension == DIMENSION_DURATION && type == TYPE_DURATION)
            *value = (Cell){.i = expr->quantity->total_ns};
        else if (expr->quantity->dimension == DIMENSION_DISTANCE && type == TYPE_FLOAT)
            *value = (Cell){.f = expr->quantity->metres};
        else if (expr->quantity->dimension == DIMENSION_SIZE && type == TYPE_INT)
            *value = (Cell){.i = expr->quantity->bytes};
        else
            return false;
        return true;
    default:
        return false;
    }
}

bool lower_literal(Lowering *lowering, const Expr *expr, TypeKind type, Cell *value)
{
    while (expr->kind == EXPR_NAME && (expr->ref == REF_PARAM || expr->ref == REF_LET)) {
        const ModelParam *param = expr->ref == REF_PARAM ? expr->note : NULL;
        if (param)
            lower_depends(lowering, param->declaration);
        expr = param ? param->value : ((const ModelLet *)expr->note)->value;
    }
    if (expr->kind == EXPR_NEGATE && type == TYPE_INT && emit_literal_cell(expr->a, type, value)) {
        value->i = -value->i;
        return true;
    }
    return emit_literal_cell(expr, type, value);
}

static Reg emit_literal(LowerScope *scope, const Expr *expr)
{
    TypeKind type = expr->type && expr->type->class == CLASS_VALUE ? expr->type->kind : TYPE_KINDS;
    if (expr->kind == EXPR_TIME) {
        const Zone *zone = expr->time->local ? lower_zone(scope->lowering, scope->zone, expr->span) : NULL;
        return program_constant(scope->builder, TYPE_TIME, (Cell){.i = lower_time(expr->time, zone)});
    }
    Cell value;
    if (!emit_literal_cell(expr, type, &value))
        return emit_refuse(scope, expr, "a literal of this type does not run yet");
    return program_constant(scope->builder, type, value);
}

TypeKind emit_reg_type(const LowerScope *scope, Reg reg)
{
    return program_reg_type(scope->builder, reg);
}

Reg emit_to_type(LowerScope *scope, const Expr *expr, Reg reg, TypeKind type)
{
    if (reg == REG_NONE || type == TYPE_KINDS || emit_reg_type(scope, reg) == type)
        return reg;
    TypeKind from = emit_reg_type(scope, reg);
    if (type == TYPE_FLOAT && from == TYPE_INT)
        return program_emit(scope->builder, OP_FLOAT_OF_INT, reg, REG_NONE, REG_NONE);
    if (type == TYPE_DECIMAL && (from == TYPE_INT || from == TYPE_FLOAT))
        return program_emit(scope->builder, from == TYPE_INT ? OP_DECIMAL_OF_INT : OP_DECIMAL_OF_FLOAT, reg, REG_NONE, REG_NONE);
    if (type == TYPE_ANY)
        return program_box(scope->builder, reg);
    if (from == TYPE_ANY)
        return program_unbox(scope->builder, reg, type);
    lower_refuse(scope->lowering, expr->span, NULL, "using a value of type `%s` as `%s` does not run yet",
                 type_word(emit_reg_type(scope, reg)), type_word(type));
    return emit_fail(scope);
}

/* The type that values of two types are brought to: of a value of type any, that of the other. */
TypeKind emit_common_type(TypeKind a, TypeKind b)
{
    if (a == TYPE_ANY || b == TYPE_ANY)
        return a == TYPE_ANY ? b : a;
    if ((a == TYPE_DECIMAL && b == TYPE_INT) || (a == TYPE_INT && b == TYPE_DECIMAL))
        return TYPE_DECIMAL;
    return (a == TYPE_INT && b == TYPE_FLOAT) || (a == TYPE_FLOAT && b == TYPE_INT) ? TYPE_FLOAT : a;
}

/* The type of an expression as checked; TYPE_KINDS for null, bare aliases and the like. */
TypeKind emit_checked_type(const Expr *expr)
{
    return expr->kind != EXPR_NULL && expr->type && expr->type->class == CLASS_VALUE ? expr->type->kind : TYPE_KINDS;
}

/* Two operands, brought to their common type if they are numbers; a null takes the type of the other. */
bool emit_pair(LowerScope *scope, const Expr *a, const Expr *b, Reg *ra, Reg *rb)
{
    TypeKind ta = emit_checked_type(a), tb = emit_checked_type(b);
    *ra = lower_expr(scope, a, a->kind == EXPR_NULL ? tb : TYPE_KINDS);
    *rb = *ra == REG_NONE ? REG_NONE : lower_expr(scope, b, b->kind == EXPR_NULL ? ta : TYPE_KINDS);
    if (*ra == REG_NONE || *rb == REG_NONE)
        return false;
    TypeKind has_a = emit_reg_type(scope, *ra), has_b = emit_reg_type(scope, *rb), common = emit_common_type(has_a, has_b);
    if (common == has_a && common != emit_common_type(has_b, has_a))
        return true; /* a time and a duration: each stays what it is */
    *ra = emit_to_type(scope, a, *ra, common);
    *rb = *ra == REG_NONE ? REG_NONE : emit_to_type(scope, b, *rb, common);
    return *rb != REG_NONE;
}

static Reg emit_arithmetic(LowerScope *scope, const Expr *expr)
{
    Reg a, b = REG_NONE;
    if (expr->kind == EXPR_NEGATE)
        a = lower_expr(scope, expr->a, TYPE_KINDS);
    else if (!emit_pair(scope, expr->a, expr->b, &a, &b))
        return REG_NONE;
    return a == REG_NONE ? REG_NONE : emit_operator(scope, expr, "", a, b);
}

static Reg emit_if(LowerScope *scope, const Expr *expr)
{
    Reg condition = lower_expr(scope, expr->a, TYPE_BOOL), b, c;
    if (condition == REG_NONE || !emit_pair(scope, expr->b, expr->c, &b, &c))
        return REG_NONE;
    return program_emit(scope->builder, OP_SELECT, condition, b, c);
}

static Reg emit_logic(LowerScope *scope, const Expr *expr, Op op)
{
    Reg a = lower_expr(scope, expr->a, TYPE_BOOL);
    Reg b = a == REG_NONE || op == OP_NOT ? REG_NONE : lower_expr(scope, expr->b, TYPE_BOOL);
    if (a == REG_NONE || (op != OP_NOT && b == REG_NONE))
        return REG_NONE;
    return program_emit(scope->builder, op, a, b, REG_NONE);
}

static Reg emit(LowerScope *scope, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_BOOL: case EXPR_INT: case EXPR_FLOAT: case EXPR_STRING: case EXPR_TIME: case EXPR_QUANTITY:
        return emit_literal(scope, expr);
    case EXPR_NAME:
        return emit_name(scope, expr);
    case EXPR_CALL:
        return emit_call(scope, expr);
    case EXPR_MEMBER:
        return emit_member(scope, expr);
    case EXPR_NEGATE: case EXPR_MULTIPLY: case EXPR_DIVIDE: case EXPR_REMAINDER: case EXPR_ADD: case EXPR_SUBTRACT:
        return emit_arithmetic(scope, expr);
    case EXPR_COALESCE: {
        Reg a, b;
        if (!emit_pair(scope, expr->a, expr->b, &a, &b))
            return REG_NONE;
        return program_emit(scope->builder, OP_COALESCE, a, b, REG_NONE);
    }
    case EXPR_EQUAL: case EXPR_UNEQUAL: case EXPR_LESS: case EXPR_AT_MOST: case EXPR_GREATER: case EXPR_AT_LEAST:
    case EXPR_MATCHES: case EXPR_CONTAINS: case EXPR_STARTS_WITH: case EXPR_ENDS_WITH: case EXPR_LIKE:
    case EXPR_IN: case EXPR_BETWEEN:
        return emit_atom(scope, expr);
    case EXPR_IS_NULL:
        return emit_is_null(scope, expr);
    case EXPR_NOT:
        return emit_logic(scope, expr, OP_NOT);
    case EXPR_AND:
        return emit_logic(scope, expr, OP_AND);
    case EXPR_OR:
        return emit_logic(scope, expr, OP_OR);
    case EXPR_IF:
        return emit_if(scope, expr);
    case EXPR_LIST:
        return emit_list_value(scope, expr, expr->type);
    case EXPR_RECORD:
        return emit_record_value(scope, expr, expr->type);
    case EXPR_INDEX:
        return emit_index(scope, expr);
    case EXPR_TUPLE:
        return emit_refuse(scope, expr, "a composite key does not run here yet");
    default:
        return emit_refuse(scope, expr, "this expression does not run yet");
    }
}

void lower_begin(LowerScope *scope)
{
    scope->lowering->nbuilding++;
    scope->builder = program_begin(&scope->lowering->building);
    scope->failed = false;
    scope->nodes = scope->depth = 0;
    scope->frame = NULL;
    scope->lets = scope->bare = NULL;
}

Reg lower_expr(LowerScope *scope, const Expr *expr, TypeKind type)
{
    if (scope->nodes >= LOWER_NODES_MAX || scope->depth >= LOWER_DEPTH_MAX) {
        if (!scope->failed)
            lower_limit(scope->lowering, expr->span, "an expression has more than %d parts with its lets and functions put in",
                        scope->depth >= LOWER_DEPTH_MAX ? LOWER_DEPTH_MAX : LOWER_NODES_MAX);
        return emit_fail(scope);
    }
    if (expr->kind == EXPR_NULL)
        return program_null(scope->builder, type != TYPE_KINDS && type_runs(type) ? type : TYPE_BOOL);
    scope->nodes++;
    scope->depth++;
    Reg r = emit_to_type(scope, expr, emit(scope, expr), type);
    scope->depth--;
    return r;
}

Reg lower_expr_as(LowerScope *scope, const Expr *expr, const Type *type)
{
    if (!type || type->class != CLASS_VALUE)
        return lower_expr(scope, expr, TYPE_KINDS);
    if (expr->kind == EXPR_LIST && type->kind == TYPE_LIST)
        return emit_list_value(scope, expr, type);
    if (expr->kind == EXPR_RECORD && (type->kind == TYPE_RECORD || type->kind == TYPE_MAP))
        return emit_record_value(scope, expr, type);
    return lower_expr(scope, expr, type->kind);
}

static void *copied(Arena *arena, const void *items, uint32_t n, size_t size)
{
    return n ? memcpy(arena_raw(arena, n * size), items, n * size) : NULL;
}

/* A program without what building it took: half of a plan's bytes otherwise. */
static Program *program_copied(Arena *arena, const Program *program)
{
    Program *copy = ARENA_NEW(arena, Program);
    *copy = *program;
    copy->code = copied(arena, program->code, program->n, sizeof *program->code);
    copy->reg_types = copied(arena, program->reg_types, program->nregs, 1);
    copy->constants = copied(arena, program->constants, program->nconstants, sizeof *program->constants);
    copy->constant_states = copied(arena, program->constant_states, program->nconstants, 1);
    for (uint32_t i = 0; i < program->n; i++) {
        const Instruction *step = &program->code[i];
        if (step->op == OP_CONSTANT && type_has_bytes(program->reg_types[step->to]) && !program->constant_states[step->immediate])
            copy->constants[step->immediate].s = arena_text(arena, program->constants[step->immediate].s);
    }
    copy->regexes = copied(arena, program->regexes, program->nregexes, sizeof *program->regexes);
    copy->zones = copied(arena, program->zones, program->nzones, sizeof *program->zones);
    copy->sets = ARENA_ARRAY(arena, CellSet *, program->nsets);
    for (uint32_t i = 0; i < program->nsets; i++)
        copy->sets[i] = cellset_new(arena, program->sets[i]->type, program->sets[i]->cells, program->sets[i]->n);
    copy->cidrs = ARENA_ARRAY(arena, Cidr *, program->ncidrs);
    for (uint32_t i = 0; i < program->ncidrs; i++)
        copy->cidrs[i] = copied(arena, program->cidrs[i], 1, sizeof **program->cidrs);
    return copy;
}

Program *lower_end(LowerScope *scope, Reg result)
{
    Lowering *lowering = scope->lowering;
    Program *program = NULL;
    if (!scope->failed && result != REG_NONE)
        program = lower_shared_program(lowering, program_end(scope->builder, result), program_copied);
    if (--lowering->nbuilding == 0)
        arena_reset(&lowering->building);
    return program;
}

Program *lower_program(LowerScope *scope, const Expr *expr, TypeKind type)
{
    lower_begin(scope);
    return lower_end(scope, lower_expr(scope, expr, type));
}

Program *lower_conjunction(LowerScope *scope, const Conjunct *items, uint32_t n)
{
    if (n == 0)
        return NULL;
    lower_begin(scope);
    Reg all = REG_NONE;
    for (uint32_t i = 0; i < n && !scope->failed; i++) {
        if (scope->without_unknowns != items[i].without_unknowns)
            scope->lets = NULL; /* a let holds comparisons, too */
        scope->without_unknowns = items[i].without_unknowns;
        Reg one = lower_expr(scope, items[i].expr, TYPE_BOOL);
        all = one == REG_NONE || all == REG_NONE ? one : program_emit(scope->builder, OP_AND, all, one, REG_NONE);
    }
    return lower_end(scope, all);
}
