/* Trees: copies of expressions that are not checked yet, expressions made of paths, and the walk. */
#include "rules/check.h"

Where where_copy(Checker *check, const Where *where)
{
    Where copy = *where;
    copy.condition = where->condition ? expr_copy(check, where->condition) : NULL;
    return copy;
}

Expr *expr_copy(Checker *check, const Expr *expr)
{
    if (!expr)
        return NULL;
    Expr *copy = ARENA_NEW(check->arena, Expr);
    *copy = *expr;
    copy->type = NULL;
    copy->note = NULL;
    copy->ref = 0;
    copy->a = expr_copy(check, expr->a);
    copy->b = expr_copy(check, expr->b);
    copy->c = expr_copy(check, expr->c);
    copy->where = where_copy(check, &expr->where);
    if (expr->arg_count) {
        copy->args = ARENA_ARRAY(check->arena, Expr *, expr->arg_count);
        for (uint32_t i = 0; i < expr->arg_count; i++)
            copy->args[i] = expr_copy(check, expr->args[i]);
    }
    if (expr->fields.n) {
        copy->fields.items = ARENA_ARRAY(check->arena, AstField, expr->fields.n);
        for (uint32_t i = 0; i < expr->fields.n; i++) {
            copy->fields.items[i] = expr->fields.items[i];
            copy->fields.items[i].value = expr_copy(check, expr->fields.items[i].value);
        }
    }
    return copy;
}

Expr *expr_of_path(Checker *check, const Path *path)
{
    Expr *expr = NULL;
    for (uint32_t i = 0; i < path->n; i++) {
        Expr *next = ARENA_NEW(check->arena, Expr);
        next->kind = i ? EXPR_MEMBER : EXPR_NAME;
        next->a = expr;
        next->name = path->parts[i];
        next->span = (Span){path->span.file, path->span.start, path->parts[i].span.end};
        next->depth = (uint16_t)(i + 1);
        expr = next;
    }
    return expr;
}

Expr *expr_of_member(Checker *check, Text alias, Text attribute, Span span)
{
    Name parts[2] = {{.text = alias, .span = span, .quoted = true}, {.text = attribute, .span = span}};
    Path path = {.parts = parts, .n = 2, .span = span};
    return expr_of_path(check, &path);
}

void expr_walk(Expr *expr, void (*visit)(Expr *expr, void *context), void *context)
{
    if (!expr)
        return;
    visit(expr, context);
    expr_walk(expr->a, visit, context);
    expr_walk(expr->b, visit, context);
    expr_walk(expr->c, visit, context);
    expr_walk(expr->where.condition, visit, context);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        expr_walk(expr->args[i], visit, context);
    for (uint32_t i = 0; i < expr->fields.n; i++)
        expr_walk(expr->fields.items[i].value, visit, context);
}
