/* Expressions, fields, types. Parentheses stand where the author put them, so no precedence is needed. */
#include "rules/formatting.h"
#include "rules/literal.h"
#include "rules/parser.h"

Line format_line(Formatter *formatter)
{
    return line_new(formatter->arena);
}

void format_name(Line *line, Name name)
{
    line_put(line, name.quoted ? "`" : "");
    line_text(line, name.text);
    line_put(line, name.quoted ? "`" : "");
}

void format_path(Line *line, Path path)
{
    for (uint32_t i = 0; i < path.n; i++) {
        line_put(line, i ? "." : "");
        format_name(line, path.parts[i]);
    }
}

/* A separator, and a break where its blank is: ", " breaks behind the comma, " | " before the bar. */
static void separate(Line *line, const char *separator)
{
    if (separator[0] == ' ')
        line_break(line);
    line_put(line, separator + (separator[0] == ' '));
    if (separator[0] != ' ') {
        line->len--;
        line_break(line);
    }
}

void format_paths(Line *line, const Path *paths, uint32_t n, const char *separator)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            separate(line, separator);
        format_path(line, paths[i]);
    }
}

void format_names(Line *line, const Name *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            separate(line, ", ");
        format_name(line, names[i]);
    }
}

void format_written(Formatter *formatter, Line *line, Span span)
{
    line_text(line, sources_text(formatter->sources, span));
}

void format_string(Formatter *formatter, Line *line, const char *word, AstString string)
{
    if (!string.set)
        return;
    line_put(line, word);
    format_written(formatter, line, string.span);
}

/* ---- expressions ---------------------------------------------------------------------------------- */

static void quantity(Line *line, const Quantity *quantity)
{
    for (uint32_t i = 0; i < quantity->n; i++) {
        line_put(line, i ? " " : "");
        line_text(line, quantity->parts[i].number);
        line_put(line, " ");
        line_put(line, unit_text(quantity->parts[i].unit, text_is_c(quantity->parts[i].number, "1")));
    }
}

static void args(Formatter *formatter, Line *line, const char *open, const Expr *expr, const char *close)
{
    line_put(line, open);
    line->depth++;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (i)
            separate(line, ", ");
        format_expression(formatter, line, expr->args[i]);
        format_where(formatter, line, expr->args[i]->where);
    }
    line->depth--;
    line_put(line, close);
}

static void operand(Formatter *formatter, Line *line, const Expr *expr)
{
    format_expression(formatter, line, expr);
}

static void comparison(Formatter *formatter, Line *line, const Expr *expr)
{
    operand(formatter, line, expr->a);
    line_printf(line, " %s%s ", expr_word(expr->kind),
                expr->quantifier == QUANTIFIER_ANY ? " any" : expr->quantifier == QUANTIFIER_ALL ? " all" : "");
    operand(formatter, line, expr->b);
    line_put(line, expr->ignoring_case ? " ignoring case" : "");
}

static void connective(Formatter *formatter, Line *line, const Expr *expr)
{
    operand(formatter, line, expr->a);
    line_break(line);
    line_printf(line, "%s ", expr_word(expr->kind));
    operand(formatter, line, expr->b);
}

static void conditional(Formatter *formatter, Line *line, const Expr *expr)
{
    line_put(line, "if ");
    operand(formatter, line, expr->a);
    line_break(line);
    line_put(line, "then ");
    operand(formatter, line, expr->b);
    line_break(line);
    line_put(line, "else ");
    operand(formatter, line, expr->c);
}

static void bare(Formatter *formatter, Line *line, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_NULL:
    case EXPR_BOOL:
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_STRING:
    case EXPR_REGEX:
    case EXPR_TIME: format_written(formatter, line, expr->span); break;
    case EXPR_QUANTITY: quantity(line, expr->quantity); break;
    case EXPR_NAME: format_name(line, expr->name); break;
    case EXPR_LIST: args(formatter, line, "[", expr, "]"); break;
    case EXPR_TUPLE: args(formatter, line, "(", expr, ")"); break;
    case EXPR_RECORD: format_fields(formatter, line, expr->fields); break;
    case EXPR_CALL:
        format_name(line, expr->name);
        args(formatter, line, "(", expr, ")");
        break;
    case EXPR_MEMBER:
        operand(formatter, line, expr->a);
        line_put(line, ".");
        format_name(line, expr->name);
        break;
    case EXPR_INDEX:
        operand(formatter, line, expr->a);
        args(formatter, line, "[", expr, "]");
        break;
    case EXPR_NEGATE:
    case EXPR_NOT:
        line_put(line, expr->kind == EXPR_NOT ? "not " : "-");
        operand(formatter, line, expr->a);
        break;
    case EXPR_IS_NULL:
        operand(formatter, line, expr->a);
        line_put(line, expr->negated ? " is not null" : " is null");
        break;
    case EXPR_BETWEEN:
        operand(formatter, line, expr->a);
        line_put(line, " between ");
        operand(formatter, line, expr->b);
        line_put(line, " and ");
        operand(formatter, line, expr->c);
        break;
    case EXPR_AND:
    case EXPR_OR: connective(formatter, line, expr); break;
    case EXPR_IF: conditional(formatter, line, expr); break;
    default: comparison(formatter, line, expr);
    }
}

void format_expression(Formatter *formatter, Line *line, const Expr *expr)
{
    if (!expr->parenthesised) {
        bare(formatter, line, expr);
        return;
    }
    line_put(line, "(");
    line->depth++;
    bare(formatter, line, expr);
    line->depth--;
    line_put(line, ")");
}

void format_part(Formatter *formatter, Line *line, const char *word, const Expr *expr)
{
    if (!expr)
        return;
    line_break(line);
    line_put(line, word);
    line_put(line, " ");
    format_expression(formatter, line, expr);
}

void format_where(Formatter *formatter, Line *line, Where where)
{
    format_part(formatter, line, "where", where.condition);
    line_put(line, where.without_unknowns ? " without unknowns" : "");
}

static void field(Formatter *formatter, Line *line, const AstField *field)
{
    format_name(line, field->name);
    line_put(line, ": ");
    format_expression(formatter, line, field->value);
}

void format_fields(Formatter *formatter, Line *line, AstFields fields)
{
    line_put(line, fields.n ? "{ " : "{");
    line->depth++;
    for (uint32_t i = 0; i < fields.n; i++) {
        if (i)
            separate(line, ", ");
        field(formatter, line, &fields.items[i]);
    }
    line->depth--;
    line_put(line, fields.n ? " }" : "}");
}

static void field_rows(Formatter *formatter, Row *row, AstFields fields)
{
    Block *block = row->inner = format_block(formatter);
    block->hang = 4;
    format_opening(formatter, row, fields.span.start + 1);
    for (uint32_t i = 0; i < fields.n; i++) {
        Row *inner = format_row(formatter, block, fields.items[i].span.start, fields.items[i].span.end);
        field(formatter, &inner->cells[0], &fields.items[i]);
        line_put(&inner->cells[0], i + 1 < fields.n ? "," : "");
        format_row_end(formatter, inner, fields.items[i].span.end);
    }
    format_block_end(formatter, block, fields.span.end);
}

void format_fields_row(Formatter *formatter, Row *row, AstFields fields, const Line *tail, uint32_t column, uint32_t end)
{
    Line *head = &row->cells[row->cell_count - 1], flat = format_line(formatter);
    line_join(&flat, head);
    line_put(&flat, " ");
    format_fields(formatter, &flat, fields);
    line_join(&flat, tail);
    bool fits = column + line_width(&flat) <= LINE_WIDTH_MAX || fields.n == 0;
    if (fits && !format_has_comment(formatter, fields.span)) {
        *head = flat;
    } else {
        field_rows(formatter, row, fields);
        row->closing = *tail;
    }
    format_row_end(formatter, row, end);
}

/* ---- types ---------------------------------------------------------------------------------------- */

void format_type(Formatter *formatter, Line *line, const WrittenType *type)
{
    static const char *const words[] = {
#define X(kind, text) text,
#include "rules/written_type.def"
#undef X
    };
    line_put(line, words[type->kind]);
    if (type->time_unit)
        line_printf(line, " in %s", unit_text(type->time_unit, true));
    if (type->element) {
        line_put(line, "<");
        format_type(formatter, line, type->element);
        line_put(line, ">");
    }
    line_put(line, type->field_count ? " { " : "");
    line->depth++;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i)
            separate(line, ", ");
        format_name(line, type->fields[i].name);
        line_put(line, " : ");
        format_type(formatter, line, type->fields[i].type);
    }
    line->depth--;
    line_put(line, type->field_count ? " }" : "");
    line_put(line, type->optional ? "?" : "");
}
