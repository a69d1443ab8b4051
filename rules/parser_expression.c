/* Expressions, quantities and `where`.
 *
 * The binary operators are rows of a table with the level they bind at; a level is one call of
 * parse_level, so that a bracket costs a few frames and 256 of them fit any stack. Comparisons do not
 * chain and have forms of their own (`between`, `is null`), so they stand outside the table. */
#include "rules/parsing.h"

enum { LEVEL_SUM, LEVEL_PRODUCT, LEVEL_UNARY };

static const struct {
    TokenKind sign;
    ExprKind kind;
    int level;
} operators[] = {
    {TOKEN_PLUS, EXPR_ADD, LEVEL_SUM},
    {TOKEN_MINUS, EXPR_SUBTRACT, LEVEL_SUM},
    {TOKEN_STAR, EXPR_MULTIPLY, LEVEL_PRODUCT},
    {TOKEN_SLASH, EXPR_DIVIDE, LEVEL_PRODUCT},
    {TOKEN_PERCENT, EXPR_REMAINDER, LEVEL_PRODUCT},
};

static const struct {
    TokenKind sign; /* or TOKEN_NAME: a word, perhaps followed by a second */
    const char *word, *second;
    ExprKind kind;
} comparisons[] = {
    {TOKEN_EQUAL, NULL, NULL, EXPR_EQUAL},
    {TOKEN_UNEQUAL, NULL, NULL, EXPR_UNEQUAL},
    {TOKEN_LESS, NULL, NULL, EXPR_LESS},
    {TOKEN_AT_MOST, NULL, NULL, EXPR_AT_MOST},
    {TOKEN_GREATER, NULL, NULL, EXPR_GREATER},
    {TOKEN_AT_LEAST, NULL, NULL, EXPR_AT_LEAST},
    {TOKEN_NAME, "matches", NULL, EXPR_MATCHES},
    {TOKEN_NAME, "contains", NULL, EXPR_CONTAINS},
    {TOKEN_NAME, "starts", "with", EXPR_STARTS_WITH},
    {TOKEN_NAME, "ends", "with", EXPR_ENDS_WITH},
    {TOKEN_NAME, "like", NULL, EXPR_LIKE},
    {TOKEN_NAME, "in", NULL, EXPR_IN},
    {TOKEN_NAME, "between", NULL, EXPR_BETWEEN},
    {TOKEN_NAME, "is", NULL, EXPR_IS_NULL},
};

enum { COMPARISON_COUNT = sizeof comparisons / sizeof *comparisons };

const char *expr_word(ExprKind kind)
{
    static const char *const words[] = {
#define X(kind, text) text,
#include "rules/expr.def"
#undef X
    };
    return words[kind];
}

static Expr *new_expr(Parser *parser, ExprKind kind, uint32_t start)
{
    Expr *expr = ARENA_NEW(parser->arena, Expr);
    expr->kind = kind;
    expr->depth = 1;
    expr->span = (Span){parser->file, start, start};
    return expr;
}

static void adopt(Parser *parser, Expr *expr, const Expr *child)
{
    if (child->depth < expr->depth)
        return;
    expr->depth = (uint16_t)(child->depth + 1);
    if (expr->depth <= AST_DEPTH_MAX)
        return;
    parser_report(parser, DIAGNOSTIC_EXPRESSION_LONG, parser_span(parser, &parser->token),
                  "more than %d operators in a row", AST_DEPTH_MAX);
    parser_give_up(parser);
}

/* Ends an expression behind the token read last. */
static Expr *finish(Parser *parser, Expr *expr)
{
    expr->span.end = parser_since(parser, expr->span.start).end;
    if (expr->a)
        adopt(parser, expr, expr->a);
    if (expr->b)
        adopt(parser, expr, expr->b);
    if (expr->c)
        adopt(parser, expr, expr->c);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        adopt(parser, expr, expr->args[i]);
    for (uint32_t i = 0; i < expr->fields.n; i++)
        adopt(parser, expr, expr->fields.items[i].value);
    return expr;
}

/* Where an operand began in the text: parentheses belong to what holds it. */
static uint32_t start_of(const Expr *expr)
{
    return expr->parenthesised ? expr->outer.start : expr->span.start;
}

static void add_arg(Parser *parser, Expr *expr, Expr *arg)
{
    APPEND(parser, expr->args, expr->arg_count, arg);
}

/* ---- quantities ----------------------------------------------------------------------------------- */

static const char *const dimension_texts[] = {
    [DIMENSION_DURATION] = "a duration",
    [DIMENSION_DISTANCE] = "a distance",
    [DIMENSION_SIZE] = "a size",
    [DIMENSION_CALENDAR] = "a calendar unit",
};

static bool at_number(const Parser *parser)
{
    return parser->token.kind == TOKEN_INT || parser->token.kind == TOKEN_FLOAT;
}

/* The unit behind the current number, or UNIT_NONE; mark ①: a word before `:` is a name. */
static Unit unit_ahead(const Parser *parser)
{
    if (!at_number(parser) || !lexer_joins(&parser->lexer, &parser->token, &parser->next))
        return UNIT_NONE;
    Lexer ahead = parser->lexer;
    if (lexer_next(&ahead, false).kind == TOKEN_COLON)
        return UNIT_NONE;
    return unit_of(parser_text(parser, &parser->next));
}

static Expr *read_quantity(Parser *parser)
{
    Expr *expr = new_expr(parser, EXPR_QUANTITY, parser->token.start);
    Quantity *quantity = expr->quantity = ARENA_NEW(parser->arena, Quantity);
    for (Unit unit; (unit = unit_ahead(parser)) != UNIT_NONE;) {
        Span span = {parser->file, parser->token.start, parser->next.end};
        QuantityPart part = {parser_text(parser, &parser->token), unit, span};
        if (quantity->n && (unit_dimension(unit) != DIMENSION_DURATION || quantity->dimension != DIMENSION_DURATION)) {
            diagnostics_hint(parser_report(parser, DIAGNOSTIC_UNIT, span, "only durations are written as a sum"),
                             "as in `1 h 30 min`");
            parser_give_up(parser);
        }
        if (quantity_add(quantity, part.number, unit) != LITERAL_OK)
            parser_report(parser, DIAGNOSTIC_NUMBER_RANGE, span, "this quantity does not fit into 64 bits");
        APPEND(parser, quantity->parts, quantity->n, part);
        parser_advance(parser);
        parser_advance(parser);
    }
    finish(parser, expr);
    expr->text = (Text){parser->source->text.p + expr->span.start, expr->span.end - expr->span.start};
    return expr;
}

static Expr *read_name_expr(Parser *parser, const char *what)
{
    Expr *expr = new_expr(parser, EXPR_NAME, parser->token.start);
    expr->name = parser_name(parser, what);
    return finish(parser, expr);
}

static void report_month(Parser *parser, const Expr *expr)
{
    diagnostics_hint(parser_report(parser, DIAGNOSTIC_UNIT, expr->span, "a %s has no fixed length and is no duration",
                                   unit_text(expr->quantity->parts[0].unit, true)),
                     "write days, as in `30 days`");
}

/* Says why a quantity is not of the dimension that is expected. */
static void check_dimension(Parser *parser, const Expr *expr, Dimension expected)
{
    const Quantity *quantity = expr->quantity;
    if (quantity->dimension == expected)
        return;
    if (quantity->dimension == DIMENSION_CALENDAR && expected == DIMENSION_DURATION) {
        report_month(parser, expr);
        return;
    }
    Diagnostic *diagnostic = parser_report(parser, DIAGNOSTIC_UNIT, expr->span, "`%.*s` is %s, and %s is expected",
                                           TEXT_ARGS(expr->text), dimension_texts[quantity->dimension], dimension_texts[expected]);
    QuantityPart part = quantity->parts[0];
    const char *unit = expected == DIMENSION_DURATION && part.unit == UNIT_M     ? "min"
                       : expected == DIMENSION_DISTANCE && part.unit == UNIT_MIN ? "m"
                                                                                 : NULL;
    if (unit)
        diagnostics_hint(diagnostic, "did you mean `%.*s %s`?", TEXT_ARGS(part.number), unit);
    if (unit && quantity->n == 1)
        diagnostics_fix(diagnostic, part.span, "%.*s %s", TEXT_ARGS(part.number), unit);
}

static const char *const dimension_examples[] = {
    [DIMENSION_DURATION] = "5 min",
    [DIMENSION_DISTANCE] = "200 m",
    [DIMENSION_SIZE] = "1 GB",
    [DIMENSION_CALENDAR] = "1 month",
};

static _Noreturn void fail_quantity(Parser *parser, Dimension expected)
{
    if (at_number(parser)) {
        Text number = parser_text(parser, &parser->token);
        Diagnostic *diagnostic = parser_report(parser, DIAGNOSTIC_UNIT, parser_span(parser, &parser->token),
                                               "%s is expected here, and `%.*s` has no unit", dimension_texts[expected],
                                               TEXT_ARGS(number));
        bool apart = parser->next.kind == TOKEN_NAME && unit_of(parser_text(parser, &parser->next)) != UNIT_NONE;
        diagnostics_hint(diagnostic, apart ? "a unit stands at most one blank behind its number, as in `%s`" : "as in `%s`",
                         dimension_examples[expected]);
        parser_give_up(parser);
    }
    parser_fail_expected(parser, dimension_texts[expected]);
}

static Expr *parse_quantity(Parser *parser, Dimension expected, bool calendar)
{
    if (unit_ahead(parser) != UNIT_NONE) {
        Expr *expr = read_quantity(parser);
        if (!calendar || expr->quantity->dimension != DIMENSION_CALENDAR)
            check_dimension(parser, expr, expected);
        else if (expr->quantity->calendar == UNIT_NONE)
            parser_report(parser, DIAGNOSTIC_UNIT, expr->span, "calendar units are counted in whole numbers");
        return expr;
    }
    if (parser->token.kind != TOKEN_NAME || expected == DIMENSION_SIZE)
        fail_quantity(parser, expected);
    return read_name_expr(parser, dimension_texts[expected]);
}

Expr *parse_duration(Parser *parser)
{
    return parse_quantity(parser, DIMENSION_DURATION, false);
}

Expr *parse_calendar_duration(Parser *parser)
{
    return parse_quantity(parser, DIMENSION_DURATION, true);
}

Expr *parse_distance(Parser *parser)
{
    return parse_quantity(parser, DIMENSION_DISTANCE, false);
}

Expr *parse_size(Parser *parser)
{
    return parse_quantity(parser, DIMENSION_SIZE, false);
}

/* ---- literals ------------------------------------------------------------------------------------- */

static void report_range(Parser *parser, const Expr *expr, LiteralProblem problem)
{
    if (problem != LITERAL_OK)
        parser_report(parser, DIAGNOSTIC_NUMBER_RANGE, expr->span, "this number does not fit into 64 bits");
}

static Expr *read_literal(Parser *parser, ExprKind kind)
{
    Expr *expr = new_expr(parser, kind, parser->token.start);
    expr->text = parser_text(parser, &parser->token);
    expr->span.end = parser->token.end;
    return expr;
}

static Expr *read_number(Parser *parser)
{
    bool whole = parser->token.kind == TOKEN_INT;
    Expr *expr = read_literal(parser, whole ? EXPR_INT : EXPR_FLOAT);
    report_range(parser, expr, whole ? literal_int(expr->text, &expr->integer) : literal_float(expr->text, &expr->real));
    parser_advance(parser);
    return expr;
}

static Expr *read_string(Parser *parser)
{
    Expr *expr = read_literal(parser, EXPR_STRING);
    expr->string = parser_string(parser, "a string").value;
    return expr;
}

static Expr *read_regex(Parser *parser)
{
    parser_read_operand(parser);
    if (parser->token.kind != TOKEN_REGEX)
        parser_fail_expected(parser, "a regular expression");
    Expr *expr = read_literal(parser, EXPR_REGEX);
    literal_regex(parser->arena, expr->text, &expr->string, &expr->options);
    parser_advance(parser);
    return expr;
}

Expr *parse_time(Parser *parser)
{
    if (parser->token.kind != TOKEN_TIME) {
        if (parser->token.kind != TOKEN_INT)
            parser_fail_expected(parser, "a time");
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_EXPECTED, parser_span(parser, &parser->token), "a time is expected here"),
                         "as in `2026-01-31T09:00:00Z` or `@2026-01-31`");
        parser_give_up(parser);
    }
    Expr *expr = read_literal(parser, EXPR_TIME);
    expr->time = ARENA_NEW(parser->arena, TimeLiteral);
    LiteralProblem problem = literal_time(expr->text, expr->time);
    if (problem == LITERAL_DATE)
        parser_report(parser, DIAGNOSTIC_TIME_LITERAL, expr->span, "there is no such time");
    else if (problem != LITERAL_OK)
        parser_report(parser, DIAGNOSTIC_TIME_LITERAL, expr->span, "times lie in the years 1678 to 2261");
    parser_advance(parser);
    return expr;
}

Expr *parse_percent(Parser *parser)
{
    if (!at_number(parser))
        parser_fail_expected(parser, "a number");
    Expr *expr = read_number(parser);
    parser_expect_sign(parser, TOKEN_PERCENT);
    return expr;
}

/* ---- primary -------------------------------------------------------------------------------------- */

/* Reads expressions up to the closing sign; at least `least` of them. */
static void read_args(Parser *parser, Expr *expr, TokenKind close, uint32_t least)
{
    while (!parser_at_sign(parser, close) || expr->arg_count < least) {
        add_arg(parser, expr, parse_expression(parser));
        if (!parser_take_sign(parser, TOKEN_COMMA)) {
            if (!parser_at_sign(parser, close))
                parser_fail_expected(parser, close == TOKEN_BRACKET_CLOSE ? "`,` or `]`" : "`,` or `)`");
            break;
        }
        least = expr->arg_count + 1; /* no comma before the closing sign */
    }
    parser_advance(parser);
}

Expr *parse_list(Parser *parser)
{
    Expr *expr = new_expr(parser, EXPR_LIST, parser->token.start);
    parser_expect_sign(parser, TOKEN_BRACKET_OPEN);
    read_args(parser, expr, TOKEN_BRACKET_CLOSE, 0);
    return finish(parser, expr);
}

static Expr *read_record(Parser *parser)
{
    Expr *expr = new_expr(parser, EXPR_RECORD, parser->token.start);
    expr->fields = parser_fields(parser, false, false);
    return finish(parser, expr);
}

static Expr *read_parenthesised(Parser *parser)
{
    Expr *expr = new_expr(parser, EXPR_TUPLE, parser->token.start);
    parser_advance(parser);
    read_args(parser, expr, TOKEN_PAREN_CLOSE, 1);
    if (expr->arg_count == 1) {
        expr->args[0]->parenthesised = true;
        expr->args[0]->outer = parser_since(parser, expr->span.start);
        return expr->args[0];
    }
    return finish(parser, expr);
}

static void read_arguments(Parser *parser, Expr *call)
{
    parser_advance(parser);
    while (!parser_at_sign(parser, TOKEN_PAREN_CLOSE) || call->arg_count) {
        Expr *arg = parse_expression(parser);
        arg->where = parse_where(parser);
        if (arg->where.condition)
            adopt(parser, arg, arg->where.condition);
        add_arg(parser, call, arg);
        if (!parser_take_sign(parser, TOKEN_COMMA)) {
            if (!parser_at_sign(parser, TOKEN_PAREN_CLOSE))
                parser_fail_expected(parser, "`,` or `)`");
            break;
        }
    }
    parser_advance(parser);
}

static Expr *read_word(Parser *parser)
{
    static const struct {
        const char *word;
        ExprKind kind;
        bool truth;
    } constants[] = {{"true", EXPR_BOOL, true}, {"false", EXPR_BOOL, false}, {"null", EXPR_NULL, false}};
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (parser_at(parser, constants[i].word)) {
            Expr *expr = read_literal(parser, constants[i].kind);
            expr->truth = constants[i].truth;
            parser_advance(parser);
            return expr;
        }
    if (parser_at(parser, "not") || parser_at(parser, "if")) {
        Text text = parser_text(parser, &parser->token);
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_EXPECTED, parser_span(parser, &parser->token),
                                       "`%.*s` as an operand needs parentheses", TEXT_ARGS(text)),
                         "write `(%.*s …)`", TEXT_ARGS(text));
        parser_give_up(parser);
    }
    if (parser_at_derive(parser))
        parser_fail_expected(parser, "an expression");
    Expr *expr = new_expr(parser, EXPR_NAME, parser->token.start);
    expr->name = parser_name(parser, "an expression");
    if (parser_at_sign(parser, TOKEN_PAREN_OPEN)) {
        expr->kind = EXPR_CALL;
        read_arguments(parser, expr);
    }
    return finish(parser, expr);
}

static Expr *parse_primary(Parser *parser)
{
    switch (parser->token.kind) {
    case TOKEN_INT:
    case TOKEN_FLOAT:
        if (unit_ahead(parser) != UNIT_NONE) {
            Expr *expr = read_quantity(parser);
            if (expr->quantity->dimension == DIMENSION_CALENDAR)
                report_month(parser, expr);
            return expr;
        }
        return read_number(parser);
    case TOKEN_STRING: return read_string(parser);
    case TOKEN_TIME: return parse_time(parser);
    case TOKEN_SLASH: return read_regex(parser);
    case TOKEN_BRACKET_OPEN: return parse_list(parser);
    case TOKEN_BRACE_OPEN: return read_record(parser);
    case TOKEN_PAREN_OPEN: return read_parenthesised(parser);
    case TOKEN_NAME: return read_word(parser);
    default: parser_fail_expected(parser, "an expression");
    }
}

Expr *parse_postfix(Parser *parser)
{
    Expr *expr = parse_primary(parser);
    for (;;) {
        uint32_t start = start_of(expr);
        if (parser_take_sign(parser, TOKEN_DOT)) {
            Expr *member = new_expr(parser, EXPR_MEMBER, start);
            member->a = expr;
            if (parser->token.kind != TOKEN_NAME && parser->token.kind != TOKEN_HEADER)
                parser_fail_expected(parser, "the name of an attribute");
            member->name = (Name){parser_text(parser, &parser->token), parser_span(parser, &parser->token),
                                  parser->token.quoted, parser->token.kind == TOKEN_HEADER};
            if (member->name.quoted)
                member->name.text = (Text){member->name.text.p + 1, member->name.text.len - 2};
            parser_advance(parser);
            expr = finish(parser, member);
        } else if (parser_at_sign(parser, TOKEN_BRACKET_OPEN)) {
            Expr *index = new_expr(parser, EXPR_INDEX, start);
            index->a = expr;
            parser_advance(parser);
            read_args(parser, index, TOKEN_BRACKET_CLOSE, 1);
            expr = finish(parser, index);
        } else {
            return expr;
        }
    }
}

/* ---- operators ------------------------------------------------------------------------------------ */

static Expr *join(Parser *parser, ExprKind kind, Expr *a, Expr *b)
{
    Expr *expr = new_expr(parser, kind, start_of(a));
    expr->a = a;
    expr->b = b;
    return finish(parser, expr);
}

static Expr *parse_unary(Parser *parser)
{
    if (!parser_at_sign(parser, TOKEN_MINUS))
        return parse_postfix(parser);
    Expr *expr = new_expr(parser, EXPR_NEGATE, parser->token.start);
    parser_advance(parser);
    parser_enter(parser);
    expr->a = parse_unary(parser);
    parser_leave(parser);
    return finish(parser, expr);
}

static bool operator_ahead(const Parser *parser, int level, ExprKind *kind)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (operators[i].level == level && operators[i].sign == parser->token.kind) {
            *kind = operators[i].kind;
            return true;
        }
    return false;
}

static Expr *parse_level(Parser *parser, int level)
{
    if (level == LEVEL_UNARY)
        return parse_unary(parser);
    Expr *expr = parse_level(parser, level + 1);
    for (ExprKind kind; operator_ahead(parser, level, &kind);) {
        parser_advance(parser);
        expr = join(parser, kind, expr, parse_level(parser, level + 1));
    }
    return expr;
}

Expr *parse_sum(Parser *parser)
{
    return parse_level(parser, LEVEL_SUM);
}

static Expr *parse_coalesce(Parser *parser)
{
    Expr *expr = parse_sum(parser);
    if (!parser_take_sign(parser, TOKEN_COALESCE))
        return expr;
    parser_enter(parser);
    expr = join(parser, EXPR_COALESCE, expr, parse_coalesce(parser));
    parser_leave(parser);
    return expr;
}

static uint32_t comparison_ahead(const Parser *parser)
{
    uint32_t i = 0;
    for (; i < COMPARISON_COUNT; i++) {
        if (comparisons[i].sign != parser->token.kind)
            continue;
        if (!comparisons[i].word)
            break;
        if (parser_at(parser, comparisons[i].word) && (!comparisons[i].second || parser_next_is(parser, comparisons[i].second)))
            break;
    }
    return i;
}

static void read_right(Parser *parser, Expr *expr)
{
    bool list = parser->next.kind == TOKEN_BRACKET_OPEN; /* mark ⑩ */
    if (list && expr->kind != EXPR_IN && parser_take(parser, "any"))
        expr->quantifier = QUANTIFIER_ANY;
    else if (list && expr->kind != EXPR_IN && parser_take(parser, "all"))
        expr->quantifier = QUANTIFIER_ALL;
    expr->b = expr->quantifier ? parse_list(parser) : parse_coalesce(parser);
    if (parser_at(parser, "ignoring") && parser_next_is(parser, "case")) {
        parser_advance(parser);
        parser_advance(parser);
        expr->ignoring_case = true;
    }
}

static void check_null(Parser *parser, const Expr *expr)
{
    if ((expr->kind != EXPR_EQUAL && expr->kind != EXPR_UNEQUAL) ||
        (expr->a->kind != EXPR_NULL && expr->b->kind != EXPR_NULL))
        return;
    const char *test = expr->kind == EXPR_EQUAL ? "is null" : "is not null";
    Diagnostic *diagnostic =
        parser_report(parser, DIAGNOSTIC_COMPARE_NULL, expr->span, "a comparison with null is never true");
    diagnostics_hint(diagnostic, "use `%s`", test);
    Span behind = {expr->span.file, expr->a->outer.end ? expr->a->outer.end : expr->a->span.end, expr->span.end};
    Text sign = sources_text(diagnostic->owner->sources, behind);
    if (expr->b->kind == EXPR_NULL && !memchr(sign.p, '\n', sign.len))
        diagnostics_fix(diagnostic, behind, " %s", test);
}

/* `x not in [..]` is what other languages write. */
static void check_not_behind(Parser *parser)
{
    if (!parser_at(parser, "not"))
        return;
    Text word = parser_text(parser, &parser->next);
    diagnostics_hint(parser_report(parser, DIAGNOSTIC_EXPECTED, parser_span(parser, &parser->token),
                                   "`not` stands before what it negates"),
                     "write `not x %.*s …`", TEXT_ARGS(word));
    parser_give_up(parser);
}

static _Noreturn void fail_operator(Parser *parser, Span span, const char *hint, const char *operator)
{
    Text text = {parser->source->text.p + span.start, span.end - span.start};
    Diagnostic *diagnostic = parser_report(parser, DIAGNOSTIC_EXPECTED, span, "`%.*s` is no operator", TEXT_ARGS(text));
    diagnostics_hint(diagnostic, hint, operator);
    diagnostics_fix(diagnostic, span, "%s", operator);
    parser_give_up(parser);
}

/* What other languages write. */
static void check_foreign(Parser *parser)
{
    static const struct {
        TokenKind sign, next; /* side by side; TOKEN_END = whatever comes */
        const char *hint, *operator;
    } rows[] = {
        {TOKEN_ASSIGN, TOKEN_END, "equality is written `%s`", "=="},
        {TOKEN_EQUAL, TOKEN_ASSIGN, "equality is written `%s`", "=="},
        {TOKEN_LESS, TOKEN_GREATER, "inequality is written `%s`", "!="},
        {TOKEN_BAR, TOKEN_BAR, "conditions are joined by `%s`", "or"},
    };
    Span span = parser_span(parser, &parser->token);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (parser->token.kind != rows[i].sign)
            continue;
        if (rows[i].next == TOKEN_END)
            fail_operator(parser, span, rows[i].hint, rows[i].operator);
        if (parser->next.kind == rows[i].next && parser->next.start == span.end)
            fail_operator(parser, (Span){span.file, span.start, parser->next.end}, rows[i].hint, rows[i].operator);
    }
}

static Expr *parse_compare(Parser *parser)
{
    Expr *left = parse_coalesce(parser);
    check_foreign(parser);
    uint32_t i = comparison_ahead(parser);
    if (i == COMPARISON_COUNT) {
        check_not_behind(parser);
        return left;
    }
    Expr *expr = new_expr(parser, comparisons[i].kind, start_of(left));
    expr->a = left;
    parser_advance(parser);
    if (comparisons[i].second)
        parser_advance(parser);
    if (expr->kind == EXPR_IS_NULL) {
        expr->negated = parser_take(parser, "not");
        parser_expect(parser, "null");
    } else if (expr->kind == EXPR_BETWEEN) {
        expr->b = parse_coalesce(parser);
        parser_expect(parser, "and");
        expr->c = parse_coalesce(parser);
    } else {
        read_right(parser, expr);
    }
    finish(parser, expr);
    check_null(parser, expr);
    check_foreign(parser);
    if (comparison_ahead(parser) < COMPARISON_COUNT) {
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_COMPARE_CHAIN, parser_span(parser, &parser->token),
                                       "comparisons do not chain"),
                         "join two of them with `and`, or put one in parentheses");
        parser_give_up(parser);
    }
    return expr;
}

static Expr *parse_negation(Parser *parser)
{
    if (!parser_at(parser, "not"))
        return parse_compare(parser);
    Expr *expr = new_expr(parser, EXPR_NOT, parser->token.start);
    parser_advance(parser);
    parser_enter(parser);
    expr->a = parse_negation(parser);
    parser_leave(parser);
    return finish(parser, expr);
}

static Expr *parse_conjunction(Parser *parser)
{
    Expr *expr = parse_negation(parser);
    while (parser_take(parser, "and"))
        expr = join(parser, EXPR_AND, expr, parse_negation(parser));
    return expr;
}

/* Mark ④: `or discard` and `or drop` belong to a clause. */
static bool or_ahead(const Parser *parser)
{
    return parser_at(parser, "or") && !parser_next_is(parser, "discard") && !parser_next_is(parser, "drop");
}

static Expr *parse_if(Parser *parser)
{
    Expr *expr = new_expr(parser, EXPR_IF, parser->token.start);
    parser_advance(parser);
    expr->a = parse_expression(parser);
    parser_expect(parser, "then");
    expr->b = parse_expression(parser);
    parser_expect(parser, "else");
    expr->c = parse_expression(parser);
    return finish(parser, expr);
}

Expr *parse_expression(Parser *parser)
{
    parser_enter(parser);
    Expr *expr;
    if (parser_at(parser, "if")) {
        expr = parse_if(parser);
    } else {
        expr = parse_conjunction(parser);
        while (or_ahead(parser)) {
            parser_advance(parser);
            expr = join(parser, EXPR_OR, expr, parse_conjunction(parser));
        }
    }
    parser_leave(parser);
    return expr;
}

Where parse_where(Parser *parser)
{
    Where where = {0};
    uint32_t start = parser->token.start;
    if (!parser_take(parser, "where"))
        return where;
    where.condition = parse_expression(parser);
    if (parser_at(parser, "without") && parser_next_is(parser, "unknowns")) {
        parser_advance(parser);
        parser_advance(parser);
        where.without_unknowns = true;
    }
    where.span = parser_since(parser, start);
    return where;
}
