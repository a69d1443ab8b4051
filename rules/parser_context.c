/* Contexts: a comma separates them, and the options of one follow it without commas.
 *
 * A context that is opened by its word is a row of the table at the end; anything else is a path: with a
 * relation behind it a location, else the name of a declared context (mark ③). */
#include "rules/parsing.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---- parts that several share --------------------------------------------------------------------- */

static AstNamedEvent parse_named_event(Parser *parser)
{
    AstNamedEvent event = {0};
    uint32_t start = parser->token.start;
    event.type = parser_path(parser, "an event type");
    event.alias = parser_alias(parser, "an alias");
    event.where = parse_where(parser);
    event.span = parser_since(parser, start);
    return event;
}

AstNamedEvents parse_named_events(Parser *parser)
{
    AstNamedEvents events = {0};
    do {
        AstNamedEvent event = parse_named_event(parser);
        APPEND(parser, events.items, events.n, event);
    } while (parser_take_sign(parser, TOKEN_BAR));
    return events;
}

AstShape parse_shape(Parser *parser)
{
    AstShape shape = {0};
    uint32_t start = parser->token.start;
    shape.table = parser_name(parser, "a table");
    if (parser_take_sign(parser, TOKEN_BRACKET_OPEN)) {
        do {
            Expr *key = parse_expression(parser);
            APPEND(parser, shape.keys, shape.key_count, key);
        } while (parser_take_sign(parser, TOKEN_COMMA));
        parser_expect_sign(parser, TOKEN_BRACKET_CLOSE);
    }
    parser_expect_sign(parser, TOKEN_DOT);
    shape.column = parser_name(parser, "a column");
    shape.span = parser_since(parser, start);
    return shape;
}

AstOrder parse_order(Parser *parser, bool stream)
{
    static const char *const words[] = {"occurrence", "detection", "by", "stream"};
    AstOrder order = {0};
    uint32_t start = parser->token.start;
    order.kind = AST_ORDER_OCCURRENCE + parser_expect_any(parser, words, stream ? 4 : 3, "an order");
    if (order.kind == AST_ORDER_BY)
        order.path = parser_path(parser, "an attribute");
    order.span = parser_since(parser, start);
    return order;
}

AstAgain parse_again(Parser *parser)
{
    static const char *const words[] = {"add", "ignore", "refresh", "extend"};
    return AST_AGAIN_ADD + parser_expect_any(parser, words, COUNT(words), "what a further event does");
}

bool parse_discard(Parser *parser, AstNamedEvents *discard)
{
    if (!parser_at(parser, "or") || !parser_next_is(parser, "discard"))
        return false;
    parser_advance(parser);
    parser_advance(parser);
    parser_expect(parser, "on");
    *discard = parse_named_events(parser);
    return true;
}

/* ---- options -------------------------------------------------------------------------------------- */

enum { TAKES_ORDER = 1, TAKES_LIMIT = 2, TAKES_EXPIRY = 4, TAKES_IDLE = 8, TAKES_AGAIN = 16, TAKES_DISCARD = 32 };

static void read_again(Parser *parser, AstContextStep *step, uint32_t start)
{
    step->again = parse_again(parser);
    step->again_span = parser_since(parser, start);
}

static void read_expiry(Parser *parser, AstContextStep *step)
{
    parser_expect(parser, "at");
    parser_expect(parser, "most");
    step->expiry = parse_duration(parser);
    if (parser_take(parser, "since"))
        step->expiry_since = parse_sum(parser);
}

static void read_limit(Parser *parser, AstContextStep *step)
{
    parser_expect(parser, "most");
    step->limit = parser_count(parser);
    parser_expect(parser, "events");
}

/* Reads the options of a context in any order; takes says which it may have. */
static void read_options(Parser *parser, AstContextStep *step, unsigned takes)
{
    for (;;) {
        Span span = parser_span(parser, &parser->token);
        if ((takes & TAKES_ORDER) && parser_take(parser, "order")) {
            parser_check_once(parser, step->order.kind, span, "order");
            step->order = parse_order(parser, false);
        } else if ((takes & TAKES_LIMIT) && parser_next_is(parser, "most") && parser_take(parser, "at")) {
            parser_check_once(parser, step->limit.set, span, "at most");
            read_limit(parser, step);
        } else if ((takes & TAKES_EXPIRY) && parser_take(parser, "for")) {
            parser_check_once(parser, step->expiry, span, "for at most");
            read_expiry(parser, step);
        } else if ((takes & TAKES_IDLE) && parser_take(parser, "idle")) {
            parser_check_once(parser, step->idle, span, "idle");
            step->idle = parse_duration(parser);
        } else if ((takes & TAKES_AGAIN) && parser_take(parser, "again")) {
            parser_check_once(parser, step->again, span, "again");
            read_again(parser, step, span.start);
        } else if ((takes & TAKES_DISCARD) && parse_discard(parser, &step->discard)) {
            parser_check_once(parser, step->discard_span.end, span, "or discard on");
            step->discard_span = parser_since(parser, span.start);
        } else {
            return;
        }
    }
}

/* ---- temporal ------------------------------------------------------------------------------------- */

static void read_fixed(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_FIXED;
    if (parser_take(parser, "from")) {
        step->from_time = parse_time(parser);
        if (parser_take(parser, "for"))
            step->size = parse_duration(parser);
        else if (parser_take(parser, "to"))
            step->to_time = parse_time(parser);
    }
    if (parser_take(parser, "every"))
        step->every = parse_calendar_duration(parser);
    if (parser_take(parser, "zone"))
        step->zone = parser_string(parser, "the name of a time zone, a string,");
    read_options(parser, step, TAKES_ORDER);
}

static void read_sliding(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_SLIDING;
    step->size = parse_duration(parser);
    parser_expect(parser, "every");
    step->every = parse_duration(parser);
    if (parser_take(parser, "from"))
        step->from_time = parse_time(parser);
    read_options(parser, step, TAKES_ORDER | TAKES_LIMIT);
}

static void read_each(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_EACH;
    step->count = parser_count(parser);
    step->opens = parse_named_events(parser);
    if (parser_take(parser, "every"))
        step->every_count = parser_count(parser);
    read_options(parser, step, TAKES_ORDER);
}

static void read_session(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_SESSION;
    parser_expect(parser, "gap");
    step->size = parse_duration(parser);
    read_options(parser, step, TAKES_ORDER);
}

static void read_last(Parser *parser, AstContextStep *step)
{
    if (parser_at_sign(parser, TOKEN_INT) && parser_next_is(parser, "events")) {
        step->kind = AST_CONTEXT_LAST_EVENTS;
        step->count = parser_count(parser);
        parser_expect(parser, "events");
    } else {
        step->kind = AST_CONTEXT_LAST_TIME;
        step->size = parse_duration(parser);
    }
    read_options(parser, step, TAKES_ORDER);
}

static void read_from(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_FROM;
    step->opens = parse_named_events(parser);
    if (parser_take(parser, "to"))
        step->closes = parse_named_events(parser);
    read_options(parser, step, TAKES_ORDER | TAKES_LIMIT | TAKES_EXPIRY | TAKES_IDLE | TAKES_AGAIN | TAKES_DISCARD);
}

/* ---- segmentation and state ----------------------------------------------------------------------- */

static void add_key_path(Parser *parser, AstContextStep *step)
{
    Path path = parser_path(parser, "an attribute");
    APPEND(parser, step->key_paths, step->key_count, path);
}

static void read_key_exprs(Parser *parser, AstContextStep *step)
{
    step->key_name = parser_name(parser, "the name of the key");
    parser_expect_sign(parser, TOKEN_ASSIGN);
    do {
        Expr *key = parse_expression(parser);
        APPEND(parser, step->key_exprs, step->key_expr_count, key);
    } while (parser_take_sign(parser, TOKEN_BAR));
}

static void read_by(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_BY;
    if (parser_take_sign(parser, TOKEN_PAREN_OPEN)) {
        do
            add_key_path(parser, step);
        while (parser_take_sign(parser, TOKEN_COMMA));
        parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
    } else if (parser->next.kind == TOKEN_ASSIGN) {
        read_key_exprs(parser, step);
    } else {
        add_key_path(parser, step);
    }
    read_options(parser, step, TAKES_IDLE);
}

static void read_bands(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_BANDS;
    step->bands = parser_fields(parser, false, true);
}

static void read_while(Parser *parser, AstContextStep *step)
{
    static const char *const words[] = {"occurrence", "detection"};
    step->kind = AST_CONTEXT_WHILE;
    step->condition = parse_expression(parser);
    if (parser_take(parser, "at"))
        step->condition_at = AST_ORDER_OCCURRENCE + parser_expect_any(parser, words, 2, "`occurrence` or `detection`");
}

static void read_outside(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_OUTSIDE;
    step->name = parser_name(parser, "the name of a context");
}

/* ---- spatial -------------------------------------------------------------------------------------- */

static void read_near_each(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_NEAR_EACH;
    step->opens = parse_named_events(parser);
    parser_expect(parser, "at");
    step->at = parser_path(parser, "an attribute");
    parser_expect(parser, "within");
    step->distance_max = parse_distance(parser);
    if (parser_take_sign(parser, TOKEN_RANGE)) {
        step->distance_min = step->distance_max;
        step->distance_max = parse_distance(parser);
    }
    read_options(parser, step, TAKES_EXPIRY | TAKES_AGAIN | TAKES_DISCARD);
}

static void read_near_bands(Parser *parser, AstContextStep *step)
{
    step->kind = AST_CONTEXT_NEAR_BANDS;
    step->shape = parse_shape(parser);
    parser_expect(parser, "bands");
    parser_expect_sign(parser, TOKEN_BRACE_OPEN);
    while (!parser_take_sign(parser, TOKEN_BRACE_CLOSE)) {
        AstDistanceBand band = {0};
        uint32_t start = parser->token.start;
        band.name = parser_name(parser, "the name of a band");
        parser_expect_sign(parser, TOKEN_COLON);
        band.from = parse_distance(parser);
        parser_expect_sign(parser, TOKEN_RANGE);
        band.to = parse_distance(parser);
        band.span = parser_since(parser, start);
        APPEND(parser, step->distance_bands, step->distance_band_count, band);
        parser_take_sign(parser, TOKEN_COMMA);
    }
}

static void read_near(Parser *parser, AstContextStep *step)
{
    step->path = parser_path(parser, "an attribute");
    parser_expect(parser, "to");
    bool shape = parser->next.kind == TOKEN_DOT || parser->next.kind == TOKEN_BRACKET_OPEN;
    if (!shape && parser_take(parser, "each"))
        read_near_each(parser, step);
    else
        read_near_bands(parser, step);
}

static void read_place(Parser *parser, AstContextStep *step)
{
    static const char *const relations[] = {"within", "contains", "overlaps", "disjoint", "equals", "touches"};
    Path path = parser_path(parser, "a context");
    uint32_t relation = parser_take_any(parser, relations, COUNT(relations));
    if (relation < COUNT(relations)) {
        step->kind = AST_CONTEXT_LOCATION;
        step->path = path;
        step->relation = (AstRelation)relation;
        step->shape = parse_shape(parser);
    } else if (path.n == 1) {
        step->kind = AST_CONTEXT_NAMED;
        step->name = path.parts[0];
    } else {
        parser_fail_expected(parser, "`within` or another relation");
    }
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    void (*rule)(Parser *, AstContextStep *);
} rules[] = {
    {"fixed", read_fixed}, {"sliding", read_sliding}, {"each", read_each},   {"session", read_session},
    {"last", read_last},   {"from", read_from},       {"by", read_by},       {"bands", read_bands},
    {"while", read_while}, {"outside", read_outside}, {"near", read_near},
};

static AstContextStep parse_step(Parser *parser)
{
    AstContextStep step = {0};
    uint32_t start = parser->token.start, i = 0;
    while (i < COUNT(rules) && !parser_take(parser, rules[i].word))
        i++;
    if (i < COUNT(rules))
        rules[i].rule(parser, &step);
    else
        read_place(parser, &step);
    step.span = parser_since(parser, start);
    return step;
}

AstContextSteps parse_contexts(Parser *parser)
{
    AstContextSteps steps = {0};
    do {
        AstContextStep step = parse_step(parser);
        APPEND(parser, steps.items, steps.n, step);
    } while (parser_take_sign(parser, TOKEN_COMMA));
    return steps;
}
