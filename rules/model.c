/* Model: what the checked tree says about constants and attributes. */
#include "rules/model.h"

uint32_t model_attribute(const ModelEvent *event, Text name)
{
    for (uint32_t i = 0; i < event->nattributes; i++)
        if (text_is(event->attributes[i]->name, name))
            return i;
    return INDEX_NONE;
}

uint32_t model_column(const ModelTable *table, Text name)
{
    for (uint32_t i = 0; i < table->ncolumns; i++)
        if (text_is(table->columns[i]->name, name))
            return i;
    return INDEX_NONE;
}

/* The constant that a param stands for. */
static const Expr *constant_of(const Expr *expr)
{
    while (expr && expr->kind == EXPR_NAME && expr->ref == REF_PARAM && expr->note)
        expr = ((const ModelParam *)expr->note)->value;
    return expr;
}

static double constant_number(const Expr *expr)
{
    expr = constant_of(expr);
    if (!expr)
        return 0;
    switch (expr->kind) {
    case EXPR_INT: return (double)expr->integer;
    case EXPR_FLOAT: return expr->real;
    case EXPR_NEGATE: return -constant_number(expr->a);
    case EXPR_QUANTITY:
        return expr->quantity->dimension == DIMENSION_DISTANCE ? expr->quantity->metres : (double)expr->quantity->bytes;
    case EXPR_ADD: return constant_number(expr->a) + constant_number(expr->b);
    case EXPR_SUBTRACT: return constant_number(expr->a) - constant_number(expr->b);
    case EXPR_MULTIPLY: return constant_number(expr->a) * constant_number(expr->b);
    case EXPR_DIVIDE: {
        double b = constant_number(expr->b);
        return b != 0 ? constant_number(expr->a) / b : 0;
    }
    default: return 0;
    }
}

static int64_t bounded(double ns)
{
    if (!(ns > -9.2e18))
        return INT64_MIN;
    return ns < 9.2e18 ? (int64_t)ns : INT64_MAX;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t r;
    return __builtin_add_overflow(a, b, &r) ? (a < 0 ? INT64_MIN : INT64_MAX) : r;
}

static bool is_duration(const Expr *expr)
{
    expr = constant_of(expr);
    return expr && expr->type && expr->type->class == CLASS_VALUE && expr->type->kind == TYPE_DURATION;
}

int64_t model_duration(const Expr *expr)
{
    expr = constant_of(expr);
    if (!expr)
        return 0;
    switch (expr->kind) {
    case EXPR_QUANTITY: return expr->quantity->total_ns;
    case EXPR_NEGATE: return bounded(-(double)model_duration(expr->a));
    case EXPR_ADD: return sum(model_duration(expr->a), model_duration(expr->b));
    case EXPR_SUBTRACT: return sum(model_duration(expr->a), bounded(-(double)model_duration(expr->b)));
    case EXPR_MULTIPLY:
        if (is_duration(expr->a))
            return bounded((double)model_duration(expr->a) * constant_number(expr->b));
        return bounded(constant_number(expr->a) * (double)model_duration(expr->b));
    case EXPR_DIVIDE: {
        double b = constant_number(expr->b);
        return b != 0 ? bounded((double)model_duration(expr->a) / b) : 0;
    }
    default: return 0;
    }
}

double model_distance(const Expr *expr)
{
    return constant_number(expr);
}

TypeKind model_common_kind(const Expr *a, const Expr *b)
{
    TypeKind left = a->type->kind, right = b->type->kind;
    if (a->type->class != CLASS_VALUE)
        return right;
    if ((left == TYPE_INT && right == TYPE_FLOAT) || (left == TYPE_FLOAT && right == TYPE_INT))
        return TYPE_FLOAT;
    if (left == TYPE_DECIMAL || right == TYPE_DECIMAL)
        return TYPE_DECIMAL;
    return left;
}

ModelEvent *model_general(const ModelEvent *event)
{
    if (!event->parent || !event->parent_where.condition)
        return NULL;
    for (uint32_t i = event->parent->nattributes; i < event->nattributes; i++)
        if (!event->attributes[i]->type->optional || event->attributes[i]->compute || event->attributes[i]->fill)
            return NULL;
    return event->parent;
}
