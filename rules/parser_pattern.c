/* Patterns: what stands behind `detect`.
 *
 * parse_pattern_ahead is mark ⑥: it looks behind all leading `(` and `not` on a copy of the lexer and
 * decides by the aliases of the agent's `on` lines. A pattern that is begun by a word of its own is a row
 * of pattern.def, whose class names the rule that reads it; the rest is a level of steps. */
#include "rules/parsing.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

typedef enum PatternClass { LEVEL, ABSENT, MODAL, TREND, SUBSET, ZONE, MOTION } PatternClass;

static const struct {
    const char *word;
    PatternClass class;
} patterns[] = {
#define X(kind, word, class) {word, class},
#include "rules/pattern.def"
#undef X
};

static AstPattern *parse_level(Parser *parser);

static AstPattern *new_pattern(Parser *parser, AstPatternKind kind, uint32_t start)
{
    AstPattern *pattern = ARENA_NEW(parser->arena, AstPattern);
    pattern->kind = kind;
    pattern->span = (Span){parser->file, start, start};
    return pattern;
}

/* ---- mark ⑥ --------------------------------------------------------------------------------------- */

static bool is_alias(const Parser *parser, const Token *token)
{
    if (token->kind != TOKEN_NAME)
        return false;
    Text text = parser_text(parser, token);
    if (token->quoted)
        text = (Text){text.p + 1, text.len - 2};
    for (uint32_t i = 0; i < parser->on_count; i++)
        if (text_is(parser->ons[i].alias.text, text))
            return true;
    return parser->on_lost;
}

static bool is_expression_sign(TokenKind kind)
{
    return kind == TOKEN_DOT || kind == TOKEN_BRACKET_OPEN || kind == TOKEN_PAREN_OPEN;
}

static bool is_pattern_word(Text word)
{
    for (uint32_t i = 0; i < COUNT(patterns); i++)
        if (text_is_c(word, patterns[i].word) && (patterns[i].class != LEVEL || i == AST_PATTERN_ALL))
            return true;
    return text_is_c(word, "next");
}

bool parse_pattern_ahead(const Parser *parser)
{
    Lexer ahead = parser->lexer;
    Token token = parser->token, next = parser->next;
    for (;;) {
        bool skip = token.kind == TOKEN_PAREN_OPEN || (token.kind == TOKEN_NAME && !token.quoted && text_is_c(parser_text(parser, &token), "not"));
        if (!skip)
            break;
        token = next;
        next = lexer_next(&ahead, false);
    }
    if (is_alias(parser, &token))
        return !is_expression_sign(next.kind);
    if (token.kind != TOKEN_NAME || token.quoted)
        return false;
    Text word = parser_text(parser, &token);
    if (!text_is_c(word, "first") && !text_is_c(word, "last"))
        return is_pattern_word(word);
    if (next.kind == TOKEN_INT)
        return true;
    Token after = lexer_next(&ahead, false);
    return text_is_c(word, "first") && is_alias(parser, &next) && !is_expression_sign(after.kind);
}

/* ---- patterns with a word of their own ------------------------------------------------------------ */

static void add_alias(Parser *parser, AstPattern *pattern)
{
    Name alias = parser_alias(parser, "an alias");
    APPEND(parser, pattern->aliases, pattern->alias_count, alias);
}

static void read_absent(Parser *parser, AstPattern *pattern)
{
    parser_expect_sign(parser, TOKEN_PAREN_OPEN);
    do
        add_alias(parser, pattern);
    while (parser_take_sign(parser, TOKEN_COMMA));
    parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
}

static void read_modal(Parser *parser, AstPattern *pattern)
{
    pattern->expr = parse_expression(parser);
}

static void read_trend(Parser *parser, AstPattern *pattern)
{
    pattern->expr = parse_sum(parser);
    if (!parser_take(parser, "run"))
        return;
    pattern->count = parser_count(parser);
    if (parser_take(parser, "by"))
        pattern->percent = parse_percent(parser);
}

static void read_subset(Parser *parser, AstPattern *pattern)
{
    pattern->count = parser_count(parser);
    pattern->alias = parser_alias(parser, "an alias"); /* mark ⑦: even if it is spelt like a unit */
    if (pattern->kind == AST_PATTERN_RANDOM) {
        parser_expect(parser, "seed");
        pattern->seed = parser_count(parser);
    } else if (pattern->kind == AST_PATTERN_HIGHEST || pattern->kind == AST_PATTERN_LOWEST) {
        parser_expect(parser, "by");
        pattern->expr = parse_sum(parser);
    }
}

static void read_zone(Parser *parser, AstPattern *pattern)
{
    pattern->shape = parse_shape(parser);
    pattern->alias = parser_alias(parser, "an alias");
    parser_expect(parser, "at");
    pattern->expr = parse_sum(parser);
    if (pattern->kind != AST_PATTERN_STAYS)
        return;
    parser_expect(parser, "for");
    pattern->duration = parse_duration(parser);
    pattern->inclusive = parser_take(parser, "inclusive");
}

static void read_motion(Parser *parser, AstPattern *pattern)
{
    static const char *const ways[] = {"constant", "mixed", "toward"};
    static const char *const directions[] = {"north", "ne", "east", "se", "south", "sw", "west", "nw"};
    pattern->expr = parse_sum(parser);
    if (pattern->kind == AST_PATTERN_STATIONARY) {
        if (parser_take(parser, "tolerance"))
            pattern->tolerance = parse_distance(parser);
        return;
    }
    pattern->moving = (AstMoving)parser_expect_any(parser, ways, COUNT(ways), "a kind of movement");
    if (pattern->moving == AST_MOVING_CONSTANT) {
        uint32_t direction = parser_take_any(parser, directions, COUNT(directions));
        if (direction < COUNT(directions))
            pattern->direction = AST_DIRECTION_NORTH + direction;
    } else if (pattern->moving == AST_MOVING_TOWARD) {
        pattern->toward = parse_sum(parser);
    }
}

/* ---- elements ------------------------------------------------------------------------------------- */

static uint32_t loop_bound(Parser *parser)
{
    AstCount count = parser_count(parser);
    if (count.value >= UINT32_MAX)
        parser_report(parser, DIAGNOSTIC_NUMBER_RANGE, count.span, "a loop of that length is not possible");
    return count.value < UINT32_MAX ? (uint32_t)count.value : 0;
}

static void read_loop_braces(Parser *parser, AstLoop *loop)
{
    loop->sign = '{';
    loop->least = loop->most = loop_bound(parser);
    loop->exact = !parser_take_sign(parser, TOKEN_COMMA);
    if (!loop->exact)
        loop->most = parser_at_sign(parser, TOKEN_INT) ? loop_bound(parser) : UINT32_MAX;
    parser_expect_sign(parser, TOKEN_BRACE_CLOSE);
}

static void read_loop_options(Parser *parser, AstLoop *loop)
{
    for (;;) {
        if (parser_take(parser, "strict")) {
            loop->strict = true;
        } else if (parser_take(parser, "any")) {
            loop->any = true;
        } else if (parser_take(parser, "greedy")) {
            loop->greedy = true;
        } else if (parser_at(parser, "each") && parser_next_is(parser, "length")) {
            parser_advance(parser);
            parser_advance(parser);
            loop->each_length = true;
        } else if (parser_take(parser, "until")) {
            loop->until = parser_alias(parser, "an alias");
        } else {
            return;
        }
    }
}

static void read_loop(Parser *parser, AstPattern *pattern)
{
    AstLoop *loop = &pattern->loop;
    uint32_t start = parser->token.start;
    if (parser_take_sign(parser, TOKEN_PLUS))
        *loop = (AstLoop){.sign = '+', .least = 1, .most = UINT32_MAX};
    else if (parser_take_sign(parser, TOKEN_STAR))
        *loop = (AstLoop){.sign = '*', .least = 0, .most = UINT32_MAX};
    else if (parser_take_sign(parser, TOKEN_QUESTION))
        *loop = (AstLoop){.sign = '?', .least = 0, .most = 1};
    else if (parser_take_sign(parser, TOKEN_BRACE_OPEN))
        read_loop_braces(parser, loop);
    else
        return;
    loop->set = true;
    read_loop_options(parser, loop);
    loop->span = parser_since(parser, start);
}

static AstPattern *read_group(Parser *parser)
{
    uint32_t start = parser->token.start;
    parser_advance(parser);
    parser_enter(parser);
    AstPattern *pattern = parse_level(parser);
    parser_leave(parser);
    parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
    if (pattern->loop.set || pattern->within || pattern->mode != AST_STEP_RELAXED) {
        AstPattern *outer = new_pattern(parser, AST_PATTERN_SEQUENCE, start); /* `(a+){2}`: a sequence of one */
        APPEND(parser, outer->children, outer->child_count, pattern);
        pattern = outer;
    }
    pattern->grouped = true;
    pattern->span = parser_since(parser, start);
    read_loop(parser, pattern);
    return pattern;
}

static AstPattern *read_not(Parser *parser)
{
    AstPattern *pattern = new_pattern(parser, AST_PATTERN_NOT, parser->token.start);
    parser_advance(parser);
    pattern->next = parser_take(parser, "next");
    if (parser_take_sign(parser, TOKEN_PAREN_OPEN)) {
        do
            add_alias(parser, pattern);
        while (parser_take(parser, "or"));
        parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
    } else {
        add_alias(parser, pattern);
    }
    if (parser_at(parser, "for") && !parser_next_is(parser, "each")) { /* mark ⑧ */
        parser_advance(parser);
        pattern->duration = parse_duration(parser);
        pattern->each = parser_take(parser, "each");
    }
    return pattern;
}

static AstPattern *parse_element(Parser *parser);

static AstPattern *read_all(Parser *parser)
{
    AstPattern *pattern = new_pattern(parser, AST_PATTERN_ALL, parser->token.start);
    parser_advance(parser);
    parser_expect_sign(parser, TOKEN_PAREN_OPEN);
    parser_enter(parser);
    do {
        AstPattern *child = parse_element(parser);
        APPEND(parser, pattern->children, pattern->child_count, child);
    } while (parser_take_sign(parser, TOKEN_COMMA));
    parser_leave(parser);
    parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
    return pattern;
}

/* Mark ⑨: whether the duration behind the current `within` is followed by `of`. */
static bool within_belongs(const Parser *parser)
{
    Lexer ahead = parser->lexer;
    Token token = parser->next;
    if (token.kind == TOKEN_NAME) {
        token = lexer_next(&ahead, false);
    } else {
        while (token.kind == TOKEN_INT || token.kind == TOKEN_FLOAT) {
            token = lexer_next(&ahead, false);
            if (token.kind == TOKEN_NAME)
                token = lexer_next(&ahead, false);
        }
    }
    return token.kind == TOKEN_NAME && !token.quoted && text_is_c(parser_text(parser, &token), "of");
}

static AstPattern *parse_element(Parser *parser)
{
    AstPattern *pattern;
    uint32_t start = parser->token.start;
    if (parser_at_sign(parser, TOKEN_PAREN_OPEN)) {
        pattern = read_group(parser);
    } else if (parser_at(parser, "all")) {
        pattern = read_all(parser);
    } else if (parser_at(parser, "not")) {
        pattern = read_not(parser);
    } else {
        if (parser_at_derive(parser))
            parser_fail_expected(parser, "an alias");
        pattern = new_pattern(parser, AST_PATTERN_PARTICIPANT, start);
        pattern->alias = parser_alias(parser, "an alias");
        read_loop(parser, pattern);
    }
    if (parser_at(parser, "within") && within_belongs(parser)) {
        parser_advance(parser);
        pattern->within = parse_duration(parser);
        parser_expect(parser, "of");
        pattern->within_of = parser_alias(parser, "an alias");
    }
    pattern->span = parser_since(parser, start);
    return pattern;
}

/* ---- levels --------------------------------------------------------------------------------------- */

static AstPattern *parse_step(Parser *parser)
{
    static const struct {
        const char *word;
        AstStepMode mode;
    } modes[] = {{"next", AST_STEP_NEXT}, {"first", AST_STEP_FIRST}, {"any", AST_STEP_ANY}};
    if (parser_at(parser, "wait")) {
        AstPattern *wait = new_pattern(parser, AST_PATTERN_WAIT, parser->token.start);
        parser_advance(parser);
        wait->duration = parse_duration(parser);
        wait->span = parser_since(parser, wait->span.start);
        return wait;
    }
    uint32_t start = parser->token.start;
    AstStepMode mode = AST_STEP_RELAXED;
    for (uint32_t i = 0; i < COUNT(modes) && mode == AST_STEP_RELAXED; i++)
        if (parser_take(parser, modes[i].word))
            mode = modes[i].mode;
    AstPattern *pattern = parse_element(parser);
    pattern->mode = mode;
    pattern->span.start = start;
    return pattern;
}

/* The kind of level that the operator ahead makes, or PARTICIPANT if none comes. */
static AstPatternKind operator_ahead(const Parser *parser)
{
    if (parser_at_sign(parser, TOKEN_ARROW))
        return AST_PATTERN_SEQUENCE;
    if (parser_at(parser, "or") && !parser_next_is(parser, "discard") && !parser_next_is(parser, "drop"))
        return AST_PATTERN_OR;
    return parser_at(parser, "and") ? AST_PATTERN_ALL : AST_PATTERN_PARTICIPANT;
}

static const char *operator_text(AstPatternKind kind)
{
    return kind == AST_PATTERN_SEQUENCE ? "->" : kind == AST_PATTERN_OR ? "or" : "and";
}

static void fail_mixed(Parser *parser, AstPatternKind kind)
{
    diagnostics_hint(parser_report(parser, DIAGNOSTIC_LEVEL_MIXED, parser_span(parser, &parser->token),
                                   "`%s` beside `%s` needs parentheses", operator_text(operator_ahead(parser)), operator_text(kind)),
                     "as in `a -> (b or c)` or `(a -> b) or c`");
    parser_give_up(parser);
}

static AstPattern *parse_level(Parser *parser)
{
    uint32_t start = parser->token.start;
    bool first = parser_take(parser, "first");
    AstPattern *child = parse_element(parser);
    if (first) {
        child->mode = AST_STEP_FIRST;
        child->span.start = start;
    }
    AstPatternKind kind = operator_ahead(parser);
    if (kind == AST_PATTERN_PARTICIPANT)
        return child;
    AstPattern *level = new_pattern(parser, kind, start);
    level->infix = kind == AST_PATTERN_ALL;
    APPEND(parser, level->children, level->child_count, child);
    while (operator_ahead(parser) == kind) {
        parser_advance(parser);
        child = kind == AST_PATTERN_SEQUENCE ? parse_step(parser) : parse_element(parser);
        APPEND(parser, level->children, level->child_count, child);
    }
    if (operator_ahead(parser) != AST_PATTERN_PARTICIPANT)
        fail_mixed(parser, kind);
    level->span = parser_since(parser, start);
    return level;
}

AstPattern *parse_pattern(Parser *parser)
{
    static void (*const rules[])(Parser *, AstPattern *) = {
        [ABSENT] = read_absent, [MODAL] = read_modal, [TREND] = read_trend,
        [SUBSET] = read_subset, [ZONE] = read_zone,   [MOTION] = read_motion,
    };
    for (uint32_t i = 0; i < COUNT(patterns); i++) {
        if (patterns[i].class == LEVEL || !parser_at(parser, patterns[i].word))
            continue;
        if (patterns[i].class == SUBSET && parser->next.kind != TOKEN_INT && i == AST_PATTERN_FIRST)
            break; /* `first a -> …` */
        AstPattern *pattern = new_pattern(parser, (AstPatternKind)i, parser->token.start);
        parser_advance(parser);
        rules[patterns[i].class](parser, pattern);
        pattern->span = parser_since(parser, pattern->span.start);
        return pattern;
    }
    return parse_level(parser);
}
