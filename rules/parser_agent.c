/* Agents: the clauses in their order, the policies in any.
 *
 * A clause is a row of the table `clauses`: the word that begins it, its rank in the order, whether it may
 * stand twice, and its rule. A clause out of order is reported and read all the same. */
#include "rules/parsing.h"

#include <stddef.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

enum Rank {
    RANK_NOTE, RANK_ON, RANK_LET, RANK_ENRICH, RANK_JOIN, RANK_SORT, RANK_DETECT, RANK_POLICY, RANK_EXPECT,
    RANK_FOR, RANK_DERIVE, RANK_OTHERWISE, RANK_ELSE, RANK_ERROR, RANK_WRITE, RANK_EMIT, RANK_QUIET,
};

typedef struct AgentParse {
    AstAgent *agent;
    int rank;          /* of the latest clause without mistakes */
    const char *word;  /* of that clause */
    bool disordered;   /* reported once */
    uint32_t seen;     /* bits of the rows of `clauses` */
} AgentParse;

/* ---- participants --------------------------------------------------------------------------------- */

static Diagnostic *check_alias(Parser *parser, const AstAgent *agent, Name name)
{
    for (uint32_t i = 0; i < agent->on_count; i++)
        if (text_is(agent->ons[i].alias.text, name.text))
            return diagnostics_note(parser_report(parser, DIAGNOSTIC_CLAUSE_TWICE, name.span, "the alias `%.*s` is taken", TEXT_ARGS(name.text)),
                                    agent->ons[i].alias.span, "by this line");
    return NULL;
}

static void read_note(Parser *parser, AstAgent *agent, uint32_t start)
{
    (void)start;
    agent->remark = parser_string(parser, "a string");
}

static void read_on(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstOn on = {0};
    on.types = parser_paths(parser, TOKEN_BAR, "an event type", &on.type_count);
    on.alias = parser_alias(parser, "an alias");
    check_alias(parser, agent, on.alias);
    on.where = parse_where(parser);
    on.span = parser_since(parser, start);
    APPEND(parser, agent->ons, agent->on_count, on);
    parser->ons = agent->ons;
    parser->on_count = agent->on_count;
}

static void read_let(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstLet let = {.name = parser_alias(parser, "a `let`")};
    parser_expect_sign(parser, TOKEN_ASSIGN);
    let.value = parse_expression(parser);
    let.span = parser_since(parser, start);
    APPEND(parser, agent->lets, agent->let_count, let);
}

/* Reads two words that belong together, if both come. */
static bool take_pair(Parser *parser, const char *first, const char *second)
{
    if (!parser_at(parser, first) || !parser_next_is(parser, second))
        return false;
    parser_advance(parser);
    parser_advance(parser);
    return true;
}

static void read_enrich_options(Parser *parser, AstEnrich *enrich)
{
    static const char *const takes[] = {"first", "last", "every", "combine"};
    if (take_pair(parser, "ordered", "by")) {
        enrich->ordered_by = parse_expression(parser);
        enrich->descending = parser_take(parser, "desc");
    }
    uint32_t take = parser_take_any(parser, takes, COUNT(takes));
    if (take < COUNT(takes))
        enrich->take = AST_ENRICH_FIRST + take;
    enrich->or_drop = take_pair(parser, "or", "drop");
    if (parser_take(parser, "as")) {
        parser_expect(parser, "of");
        parser_expect(parser, "occurrence");
        enrich->as_of_occurrence = true;
    }
}

static void read_enrich(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstEnrich enrich = {.per_match = agent->detect || agent->expect};
    enrich.table = parser_name(parser, "a table");
    enrich.alias = parser_alias(parser, "an alias");
    if (parser_take(parser, "by"))
        enrich.key = parse_expression(parser);
    else if (parser_at(parser, "where"))
        enrich.where = parse_where(parser);
    else
        parser_fail_expected(parser, "`by` or `where`");
    read_enrich_options(parser, &enrich);
    enrich.span = parser_since(parser, start);
    APPEND(parser, agent->enriches, agent->enrich_count, enrich);
}

static void read_unmatched(Parser *parser, AstJoin *join)
{
    static const char *const words[] = {"discard", "output", "terminal"};
    AstUnmatched unmatched = {0};
    uint32_t start = parser->token.start;
    parser_advance(parser);
    unmatched.both = parser_take(parser, "both");
    if (!unmatched.both)
        unmatched.alias = parser_alias(parser, "an alias");
    unmatched.to = (AstUnmatchedTo)parser_expect_any(parser, words, COUNT(words), "what becomes of the unmatched");
    unmatched.span = parser_since(parser, start);
    APPEND(parser, join->unmatched, join->unmatched_count, unmatched);
}

static void read_join(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstJoin join = {0};
    do {
        Name alias = parser_alias(parser, "an alias");
        APPEND(parser, join.aliases, join.alias_count, alias);
    } while (parser_take_sign(parser, TOKEN_COMMA) || (join.alias_count == 1 && (parser_expect_sign(parser, TOKEN_COMMA), true)));
    join.where = parse_where(parser);
    if (!join.where.condition)
        parser_fail_expected(parser, "`where`");
    if (parser_take(parser, "within"))
        join.within = parse_duration(parser);
    while (parser_at(parser, "unmatched"))
        read_unmatched(parser, &join);
    join.span = parser_since(parser, start);
    agent->join = KEEP(parser, join);
}

static void read_sort(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstSort sort = {0};
    parser_expect(parser, "by");
    sort.by = parse_expression(parser);
    parser_expect(parser, "within");
    sort.within = parse_duration(parser);
    sort.span = parser_since(parser, start);
    agent->sort = KEEP(parser, sort);
}

/* ---- detect, expect ------------------------------------------------------------------------------- */

/* A pattern whose first word is no alias was read as an expression, one that compares an alias as a pattern. */
static void check_detect_end(Parser *parser, const AstDetect *detect)
{
    const Expr *condition = detect->condition;
    TokenKind sign = parser->token.kind;
    if (condition && condition->kind == EXPR_NAME && sign == TOKEN_ARROW) {
        Text *aliases = ARENA_ARRAY(parser->arena, Text, parser->on_count + 1);
        for (uint32_t i = 0; i < parser->on_count; i++)
            aliases[i] = parser->ons[i].alias.text;
        diagnostics_near(parser_report(parser, DIAGNOSTIC_UNKNOWN_ALIAS, condition->span, "unknown alias `%.*s` in the pattern",
                                       TEXT_ARGS(condition->name.text)),
                         condition->name.text, aliases, parser->on_count);
        parser_give_up(parser);
    }
    if (detect->pattern && (sign == TOKEN_GREATER || sign == TOKEN_LESS)) {
        Text text = parser_text(parser, &parser->token);
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_EXPECTED, parser_span(parser, &parser->token),
                                       "`%.*s` does not stand between events", TEXT_ARGS(text)),
                         "one after another is `a -> b`; attributes are compared: `a.x > b.x`");
        parser_give_up(parser);
    }
}

static void read_detect(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstDetect detect = {0};
    agent->detect = parser_keep(parser, &detect, sizeof detect); /* for per_match, even if the pattern fails */
    if (parse_pattern_ahead(parser))
        detect.pattern = parse_pattern(parser);
    else
        detect.condition = parse_expression(parser);
    check_detect_end(parser, &detect);
    detect.where = parse_where(parser);
    if (parser_take(parser, "within")) {
        detect.within = parse_duration(parser);
        detect.inclusive = parser_take(parser, "inclusive");
    }
    detect.span = parser_since(parser, start);
    *agent->detect = detect;
}

static void read_expect(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstExpect expect = {0};
    if (agent->detect)
        parser_report(parser, DIAGNOSTIC_CLAUSE_TWICE, (Span){parser->file, start, parser->last_end},
                      "an agent has `detect` or `expect`, not both");
    agent->expect = parser_keep(parser, &expect, sizeof expect);
    expect.events = parse_named_events(parser);
    parser_expect(parser, "within");
    expect.within = parse_duration(parser);
    if (parser_take(parser, "since"))
        expect.since = parse_sum(parser);
    expect.inclusive = parser_take(parser, "inclusive");
    if (parser_take(parser, "again"))
        expect.again = parse_again(parser);
    parse_discard(parser, &expect.discard);
    expect.span = parser_since(parser, start);
    *agent->expect = expect;
}

/* ---- policies ------------------------------------------------------------------------------------- */

static void read_match(Parser *parser, AstAgent *agent, uint32_t start)
{
    static const char *const words[] = {"every", "once", "at"};
    agent->policies.match.set = true;
    switch (parser_expect_any(parser, words, COUNT(words), "how often to match")) {
    case 0:
        parser_expect(parser, "time");
        agent->policies.match.value = AST_MATCH_EVERY_TIME;
        break;
    case 1:
        agent->policies.match.value = take_pair(parser, "per", "run") ? AST_MATCH_ONCE_PER_RUN : AST_MATCH_ONCE;
        break;
    default:
        parser_expect(parser, "most");
        agent->policies.match.value = AST_MATCH_AT_MOST;
        agent->policies.match.at_most = parser_count(parser);
    }
    agent->policies.match.span = parser_since(parser, start);
}

static const char *const pick_words[] = {"first", "last", "each", "newest", "max", "min"};

static void read_pick_value(Parser *parser, AstPickItem *item, uint32_t start)
{
    item->pick = (AstPick)parser_expect_any(parser, pick_words, COUNT(pick_words), "which event to pick");
    if (item->pick == AST_PICK_MAX || item->pick == AST_PICK_MIN) {
        parser_expect_sign(parser, TOKEN_PAREN_OPEN);
        item->by = parse_expression(parser);
        parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
    }
    item->span = parser_since(parser, start);
}

static bool at_pick_value(const Parser *parser)
{
    for (uint32_t i = 0; i < COUNT(pick_words); i++)
        if (parser_at(parser, pick_words[i]))
            return true;
    return false;
}

static void read_pick(Parser *parser, AstAgent *agent, uint32_t start)
{
    bool all = at_pick_value(parser);
    agent->policies.pick.set = true;
    do {
        AstPickItem item = {0};
        uint32_t item_start = parser->token.start;
        if (!all)
            item.alias = parser_alias(parser, "an alias");
        read_pick_value(parser, &item, item_start);
        APPEND(parser, agent->policies.pick.items, agent->policies.pick.n, item);
    } while (!all && parser_take_sign(parser, TOKEN_COMMA));
    agent->policies.pick.span = parser_since(parser, start);
}

static AstConsume read_consume_value(Parser *parser, AstAgent *agent)
{
    static const char *const words[] = {"matched", "none", "everything", "through", "to", "before"};
    if (parser_at_sign(parser, TOKEN_INT)) {
        agent->policies.consume.times = parser_count(parser);
        parser_expect(parser, "times");
        return AST_CONSUME_TIMES;
    }
    switch (parser_expect_any(parser, words, COUNT(words), "what a match consumes")) {
    case 0: return AST_CONSUME_MATCHED;
    case 1: return AST_CONSUME_NONE;
    case 2: return AST_CONSUME_EVERYTHING;
    case 3: parser_expect(parser, "last"); return AST_CONSUME_THROUGH_LAST;
    case 4: parser_expect(parser, "next"); return AST_CONSUME_TO_NEXT;
    }
    bool last = parser_take(parser, "last");
    agent->policies.consume.alias = parser_alias(parser, "an alias");
    return last ? AST_CONSUME_BEFORE_LAST : AST_CONSUME_BEFORE;
}

static void read_consume(Parser *parser, AstAgent *agent, uint32_t start)
{
    agent->policies.consume.set = true;
    agent->policies.consume.value = read_consume_value(parser, agent);
    agent->policies.consume.span = parser_since(parser, start);
}

static void read_evaluate(Parser *parser, AstAgent *agent, uint32_t start)
{
    static const char *const words[] = {"immediately", "at", "on"};
    agent->policies.evaluate.set = true;
    agent->policies.evaluate.value = (AstEvaluate)parser_expect_any(parser, words, COUNT(words), "when to evaluate");
    if (agent->policies.evaluate.value == AST_EVALUATE_AT_CLOSE)
        parser_expect(parser, "close");
    else if (agent->policies.evaluate.value == AST_EVALUATE_ON)
        agent->policies.evaluate.alias = parser_alias(parser, "an alias");
    agent->policies.evaluate.span = parser_since(parser, start);
}

static void read_order(Parser *parser, AstAgent *agent, uint32_t start)
{
    agent->policies.order.set = true;
    agent->policies.order.value = parse_order(parser, true);
    agent->policies.order.span = parser_since(parser, start);
}

static void read_evidence(Parser *parser, AstAgent *agent, uint32_t start)
{
    static const char *const words[] = {"last", "all", "none"};
    agent->policies.evidence.set = true;
    agent->policies.evidence.value = (AstEvidence)parser_expect_any(parser, words, COUNT(words), "what evidence to keep");
    if (agent->policies.evidence.value == AST_EVIDENCE_LAST)
        agent->policies.evidence.count = parser_count(parser);
    agent->policies.evidence.span = parser_since(parser, start);
}

/* ---- what comes out ------------------------------------------------------------------------------- */

static void read_for(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstForEach each = {0};
    parser_expect(parser, "each");
    each.alias = parser_alias(parser, "an alias");
    parser_expect(parser, "in");
    each.list = parse_postfix(parser);
    each.span = parser_since(parser, start);
    agent->for_each = KEEP(parser, each);
}

static void read_copy(Parser *parser, AstDerive *derive)
{
    static const char *const words[] = {"except", "only"};
    derive->copy_from = parser_alias(parser, "an alias");
    derive->copy = AST_COPY_ALL;
    uint32_t which = parser_take_any(parser, words, COUNT(words));
    if (which == COUNT(words))
        return;
    derive->copy = AST_COPY_EXCEPT + which;
    do {
        Name name = parser_name(parser, "an attribute");
        APPEND(parser, derive->copy_names, derive->copy_name_count, name);
    } while (parser_take_sign(parser, TOKEN_COMMA));
}

static void read_derived(Parser *parser, AstAgent *agent, uint32_t start, AstDeriveKind kind)
{
    AstDerive derive = {.kind = kind};
    derive.type = parser_path(parser, "an event type");
    if (!parser_at(parser, "from"))
        derive.fields = parser_fields(parser, true, false);
    if (parser_take(parser, "from"))
        read_copy(parser, &derive);
    if (parser_take(parser, "when"))
        derive.when = parse_expression(parser);
    if (parser_take(parser, "to"))
        derive.to = parser_path(parser, "a channel");
    derive.span = parser_since(parser, start);
    APPEND(parser, agent->derives, agent->derive_count, derive);
}

static void read_derive(Parser *parser, AstAgent *agent, uint32_t start)
{
    read_derived(parser, agent, start, AST_DERIVE_PLAIN);
}

static void read_otherwise(Parser *parser, AstAgent *agent, uint32_t start)
{
    parser_expect(parser, "derive");
    read_derived(parser, agent, start, AST_DERIVE_OTHERWISE);
}

static void read_else(Parser *parser, AstAgent *agent, uint32_t start)
{
    parser_expect(parser, "derive");
    read_derived(parser, agent, start, AST_DERIVE_ELSE);
}

static void read_on_error(Parser *parser, AstAgent *agent, uint32_t start)
{
    parser_expect(parser, "error");
    parser_expect(parser, "derive");
    read_derived(parser, agent, start, AST_DERIVE_ON_ERROR);
}

static void read_update(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstWrite write = {.table = parser_name(parser, "a table")};
    write.fields = parser_fields(parser, false, false);
    write.span = parser_since(parser, start);
    APPEND(parser, agent->writes, agent->write_count, write);
}

static void read_delete(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstWrite write = {.delete = true, .table = parser_name(parser, "a table")};
    parser_expect(parser, "by");
    write.key = parse_expression(parser);
    write.span = parser_since(parser, start);
    APPEND(parser, agent->writes, agent->write_count, write);
}

static void read_emit(Parser *parser, AstAgent *agent, uint32_t start)
{
    static const char *const words[] = {"immediately", "at", "on", "every"};
    AstEmit emit = {.kind = (AstEmitKind)parser_expect_any(parser, words, COUNT(words), "when to emit")};
    if (emit.kind == AST_EMIT_AT_CLOSE) {
        parser_expect(parser, "close");
    } else if (emit.kind == AST_EMIT_ON_CHANGE) {
        parser_expect(parser, "change");
    } else if (emit.kind == AST_EMIT_EVERY) {
        emit.every = parse_duration(parser);
        emit.inclusive = parser_take(parser, "inclusive");
    }
    emit.span = parser_since(parser, start);
    agent->emit = KEEP(parser, emit);
}

static void read_quiet(Parser *parser, AstAgent *agent, uint32_t start)
{
    AstQuiet quiet = {.duration = parse_duration(parser)};
    quiet.after_last = take_pair(parser, "after", "last");
    if (parser_take(parser, "per"))
        quiet.per = parse_expression(parser);
    quiet.span = parser_since(parser, start);
    agent->quiet = KEEP(parser, quiet);
}

/* ---- the clauses ---------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    enum Rank rank;
    bool once;
    void (*rule)(Parser *, AstAgent *, uint32_t start);
} clauses[] = {
    {"note", RANK_NOTE, true, read_note},
    {"on", RANK_ON, false, read_on},
    {"let", RANK_LET, false, read_let},
    {"enrich", RANK_ENRICH, false, read_enrich},
    {"join", RANK_JOIN, true, read_join},
    {"sort", RANK_SORT, true, read_sort},
    {"detect", RANK_DETECT, true, read_detect},
    {"match", RANK_POLICY, true, read_match},
    {"pick", RANK_POLICY, true, read_pick},
    {"consume", RANK_POLICY, true, read_consume},
    {"evaluate", RANK_POLICY, true, read_evaluate},
    {"order", RANK_POLICY, true, read_order},
    {"evidence", RANK_POLICY, true, read_evidence},
    {"expect", RANK_EXPECT, true, read_expect},
    {"for", RANK_FOR, true, read_for},
    {"derive", RANK_DERIVE, false, read_derive},
    {"otherwise", RANK_OTHERWISE, false, read_otherwise},
    {"else", RANK_ELSE, false, read_else},
    {"update", RANK_WRITE, false, read_update},
    {"delete", RANK_WRITE, false, read_delete},
    {"emit", RANK_EMIT, true, read_emit},
    {"quiet", RANK_QUIET, true, read_quiet},
};

static const char *const clause_words[] = {
    "note", "on", "let", "enrich", "join", "sort", "detect", "match", "pick", "consume", "evaluate", "order",
    "evidence", "expect", "for", "derive", "otherwise", "else", "update", "delete", "emit", "quiet",
};

static const Starts clause_starts = {clause_words, COUNT(clause_words), "a clause", false};

_Static_assert(COUNT(clauses) == COUNT(clause_words), "clause_words lists the words of clauses");

/* Checks that a clause stands behind those that must stand before it, and only once. */
static void check_place(Parser *parser, AgentParse *parse, uint32_t row, enum Rank rank, const char *word)
{
    Span span = parser_span(parser, &parser->token);
    parser_check_once(parser, clauses[row].once && (parse->seen & 1u << row), span, word);
    bool late_enrich = rank == RANK_ENRICH && parse->rank <= RANK_EXPECT; /* looks up once a match */
    if ((int)rank < parse->rank && !late_enrich && !parse->disordered) {
        parser_report(parser, DIAGNOSTIC_CLAUSE_ORDER, span, "`%s` stands before `%s`", word, parse->word);
        parse->disordered = true;
    }
}

static void read_clause(Parser *parser, void *argument)
{
    AgentParse *parse = argument;
    uint32_t row = 0, start = parser->token.start;
    while (row < COUNT(clauses) && !parser_at(parser, clauses[row].word))
        row++;
    if (row == COUNT(clauses))
        parser_fail_unknown(parser, DIAGNOSTIC_UNKNOWN_CLAUSE, &clause_starts);
    bool error = clauses[row].rank == RANK_ON && parser_next_is(parser, "error"); /* mark ⑤ */
    enum Rank rank = error ? RANK_ERROR : clauses[row].rank;
    const char *word = error ? "on error" : clauses[row].word;
    check_place(parser, parse, row, rank, word);
    bool lost = parser->on_lost;
    parser->on_lost |= rank == RANK_ON; /* and stays so if the rule fails */
    parser_advance(parser);
    (error ? read_on_error : clauses[row].rule)(parser, parse->agent, start);
    parser->on_lost = lost;
    parse->seen |= 1u << row;
    if ((int)rank >= parse->rank) {
        parse->rank = rank;
        parse->word = word;
    }
}

/* Only for an agent without other mistakes: what was meant may have been lost in one. */
static void check_complete(Parser *parser, const AstAgent *agent, Name name)
{
    if (agent->on_count == 0)
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_CLAUSE_MISSING, name.span, "the agent `%.*s` has no input", TEXT_ARGS(name.text)),
                         "add `on EVENT alias`");
    else if (agent->derive_count == 0 && agent->write_count == 0)
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_CLAUSE_MISSING, name.span, "the agent `%.*s` does nothing", TEXT_ARGS(name.text)),
                         "add `derive EVENT { … }`, `update` or `delete`");
}

static void read_placement(Parser *parser, AstAgent *agent)
{
    agent->placement = true;
    agent->network = parser_path(parser, "a network");
    parser_expect_sign(parser, TOKEN_PAREN_OPEN);
    do {
        AstMapping mapping = {.from = parser_path(parser, "an event type")};
        parser_expect_sign(parser, TOKEN_ARROW);
        mapping.to = parser_path(parser, "an event type");
        APPEND(parser, agent->mappings, agent->mapping_count, mapping);
    } while (parser_take_sign(parser, TOKEN_COMMA));
    parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
}

AstAgent *parse_agent(Parser *parser, Name name)
{
    AstAgent *agent = ARENA_NEW(parser->arena, AstAgent);
    uint32_t errors = parser->diagnostics->errors;
    if (parser_take_sign(parser, TOKEN_ASSIGN)) {
        read_placement(parser, agent);
        return agent;
    }
    if (parser_take(parser, "in"))
        agent->contexts = parse_contexts(parser);
    parser->ons = NULL;
    parser->on_count = 0;
    parser->on_lost = false;
    Span opened = parser_open_block(parser);
    AgentParse parse = {.agent = agent, .rank = -1};
    parser_members(parser, &clause_starts, opened, read_clause, &parse);
    agent->body = parser_since(parser, opened.start);
    if (parser->diagnostics->errors == errors)
        check_complete(parser, agent, name);
    return agent;
}
