/* Policies and clauses: which of them mean something for the agent at hand.
 *
 * A policy that cannot apply is an error; one that says what holds anyway is a warning, so that a reader may
 * trust that a written word does something. The defaults are those of the reference, section patterns. */
#include "rules/check.h"

typedef enum Family {
    FAMILY_NONE, FAMILY_LEVEL, FAMILY_THRESHOLD, FAMILY_SUBSET, FAMILY_SET, FAMILY_RUN, FAMILY_EDGE, FAMILY_ZONE, FAMILY_ABSENT,
} Family;

static const char *const family_words[] = {
    [FAMILY_NONE] = "an agent without `detect`", [FAMILY_LEVEL] = "a pattern of participants",
    [FAMILY_THRESHOLD] = "a threshold", [FAMILY_SUBSET] = "a subset pattern", [FAMILY_SET] = "a pattern over the whole set",
    [FAMILY_RUN] = "a run", [FAMILY_EDGE] = "`becomes` and `ceases`", [FAMILY_ZONE] = "a zone pattern",
    [FAMILY_ABSENT] = "`absent`",
};

static Family family_of(const AstDetect *detect)
{
    if (!detect)
        return FAMILY_NONE;
    if (detect->condition)
        return FAMILY_THRESHOLD;
    switch (detect->pattern->kind) {
    case AST_PATTERN_ABSENT: return FAMILY_ABSENT;
    case AST_PATTERN_BECOMES: case AST_PATTERN_CEASES: return FAMILY_EDGE;
    case AST_PATTERN_ENTERS: case AST_PATTERN_LEAVES: case AST_PATTERN_STAYS: return FAMILY_ZONE;
    case AST_PATTERN_FIRST: case AST_PATTERN_LAST: case AST_PATTERN_RANDOM: case AST_PATTERN_HIGHEST: case AST_PATTERN_LOWEST:
        return FAMILY_SUBSET;
    default:
        if (pattern_is_level(detect->pattern))
            return FAMILY_LEVEL;
        return detect->pattern->count.set ? FAMILY_RUN : FAMILY_SET;
    }
}

static void misplaced(Checker *check, Span span, const char *policy, Family family, const char *hint)
{
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_POLICY_PLACE, span, "`%s` means nothing for %s", policy,
                                    family_words[family]);
    if (hint)
        diagnostics_hint(d, "%s", hint);
}

static void nothing(Checker *check, Span span, const char *policy, const char *why)
{
    diagnostics_add(check->diagnostics, DIAGNOSTIC_CHANGES_NOTHING, span, "`%s` changes nothing: %s", policy, why);
}

static const char is_default[] = "it is the default here";

static bool contains_alias(const AstPattern *pattern, const ModelAlias *alias)
{
    if (pattern->kind == AST_PATTERN_PARTICIPANT)
        return pattern->note == alias;
    for (uint32_t i = 0; i < pattern->child_count; i++)
        if (contains_alias(pattern->children[i], alias))
            return true;
    return false;
}

/* A participant of the pattern; reports anything else. */
static ModelAlias *policy_alias(Checker *check, AgentCheck *work, Name name, const char *policy, bool in_pattern)
{
    const AstDetect *detect = work->agent->ast->detect;
    NameEntry *entry = names_find(&work->aliases, name.text);
    ModelAlias *alias = entry ? entry->what : NULL;
    if (alias && alias->kind == ALIAS_ON &&
        (!in_pattern || !detect || !detect->pattern || !pattern_is_level(detect->pattern) || contains_alias(detect->pattern, alias)))
        return alias;
    if (alias) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_PARTICIPANT, name.span, "`%s` names `%.*s`, which %s", policy,
                        TEXT_ARGS(name.text),
                        alias->kind != ALIAS_ON ? "no `on` line introduces"
                        : alias->negated        ? "is negated in the pattern"
                                                : "takes no part in the pattern");
        return NULL;
    }
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ALIAS, name.span, "unknown alias `%.*s` in `%s`",
                                    TEXT_ARGS(name.text), policy);
    TextList list = {0};
    for (uint32_t i = 0; i < work->agent->naliases; i++)
        if (work->agent->aliases[i]->kind == ALIAS_ON)
            text_list_add(&list, check->arena, work->agent->aliases[i]->name);
    diagnostics_near(d, name.text, list.items, list.n);
    return NULL;
}

static void count_policy(Checker *check, const AstCount *count, const char *policy)
{
    if (count->set && (count->value < 1 || count->value >= UINT32_MAX))
        diagnostics_add(check->diagnostics, DIAGNOSTIC_POLICY_PLACE, count->span, "`%s` needs a number from 1 on", policy);
}

static void match_check(Checker *check, AgentCheck *work, Family family)
{
    const AstAgent *ast = work->agent->ast;
    const AstPolicies *p = &ast->policies;
    if (!p->match.set)
        return;
    count_policy(check, &p->match.at_most, "match at most");
    if (family == FAMILY_NONE) {
        misplaced(check, p->match.span, "match", family, ast->on_count ? "write `detect` and the alias" : NULL);
        return;
    }
    if (p->match.value == AST_MATCH_ONCE_PER_RUN && family != FAMILY_RUN)
        misplaced(check, p->match.span, "match once per run", family, "a run is `increasing w.x run 4`");
    else if (p->match.value == AST_MATCH_EVERY_TIME && family != FAMILY_THRESHOLD && family != FAMILY_RUN)
        nothing(check, p->match.span, "match every time", is_default);
    else if (p->match.value == AST_MATCH_ONCE_PER_RUN)
        nothing(check, p->match.span, "match once per run", is_default);
    else if (p->match.value == AST_MATCH_ONCE && family == FAMILY_THRESHOLD && work->agent->closes)
        nothing(check, p->match.span, "match once", is_default);
}

static void pick_check(Checker *check, AgentCheck *work, Family family)
{
    const AstAgent *ast = work->agent->ast;
    const AstPolicies *p = &ast->policies;
    if (!p->pick.set)
        return;
    if (family != FAMILY_LEVEL) {
        misplaced(check, p->pick.span, "pick", family, family == FAMILY_NONE ? NULL : "the match is the whole set");
        for (uint32_t i = 0; i < p->pick.n; i++)
            if (p->pick.items[i].by)
                expr_final(check, &work->wide, p->pick.items[i].by);
        return;
    }
    Names seen = {0};
    bool first = true;
    for (uint32_t i = 0; i < p->pick.n; i++) {
        const AstPickItem *item = &p->pick.items[i];
        ModelAlias *alias = NULL;
        first &= item->pick == AST_PICK_FIRST;
        if (item->alias.text.len) {
            alias = policy_alias(check, work, item->alias, "pick", true);
            NameEntry *before = names_add(&seen, check->arena, item->alias.text, item->alias.span, &seen);
            if (before)
                diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, item->alias.span,
                                                 "`pick` names `%.*s` twice", TEXT_ARGS(item->alias.text)),
                                 before->span, "the first stands here");
        }
        if (!item->by)
            continue;
        Scope scope = work->wide;
        scope.kinds = KINDS_ON | KINDS_ROW | KINDS_OPENER;
        scope.place = "`pick`";
        scope.aggregates = "each candidate is looked at by itself";
        if (alias) {
            scope.own = alias;
            scope.own_kinds = KINDS_ON;
        }
        Type *type = expr_final(check, &scope, item->by);
        if (!type_is_error(type) && !type_is_ordered(type)) {
            Text phrase = type_phrase(check, type);
            diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, item->by->span, "`pick` needs values with an order, and this is %.*s",
                            TEXT_ARGS(phrase));
        }
    }
    if (first && p->pick.n == 1 && !p->pick.items[0].alias.text.len)
        nothing(check, p->pick.span, "pick first", is_default);
}

static void consume_check(Checker *check, AgentCheck *work, Family family)
{
    const AstAgent *ast = work->agent->ast;
    const AstPolicies *p = &ast->policies;
    if (!p->consume.set)
        return;
    count_policy(check, &p->consume.times, "consume … times");
    bool before = p->consume.value == AST_CONSUME_BEFORE || p->consume.value == AST_CONSUME_BEFORE_LAST;
    if (family == FAMILY_NONE || family == FAMILY_EDGE || family == FAMILY_ZONE) {
        misplaced(check, p->consume.span, "consume", family, NULL);
        return;
    }
    if (family == FAMILY_ABSENT && p->consume.value != AST_CONSUME_NONE) {
        misplaced(check, p->consume.span, "consume", family, "there is no event to consume");
        return;
    }
    bool level_only = before || p->consume.value == AST_CONSUME_THROUGH_LAST || p->consume.value == AST_CONSUME_TO_NEXT;
    if (level_only && family != FAMILY_LEVEL) {
        misplaced(check, p->consume.span, before ? "consume before" : p->consume.value == AST_CONSUME_TO_NEXT ? "consume to next" : "consume through last",
                  family, NULL);
        return;
    }
    if (before)
        policy_alias(check, work, p->consume.alias, "consume", true);
    if (p->consume.value == AST_CONSUME_MATCHED && family == FAMILY_LEVEL)
        nothing(check, p->consume.span, "consume matched", is_default);
    else if (p->consume.value == AST_CONSUME_NONE && family != FAMILY_LEVEL)
        nothing(check, p->consume.span, "consume none", is_default);
    else if (p->match.set && p->match.value == AST_MATCH_ONCE)
        nothing(check, p->consume.span, "consume", "after `match once` nothing is matched again");
}

static void evaluate_check(Checker *check, AgentCheck *work, Family family)
{
    const AstAgent *ast = work->agent->ast;
    const AstPolicies *p = &ast->policies;
    if (!p->evaluate.set)
        return;
    if (family == FAMILY_NONE) {
        misplaced(check, p->evaluate.span, "evaluate", family,
                  work->agent->kind == AGENT_AGGREGATE ? "write `emit at close` or `emit immediately`" : NULL);
        return;
    }
    if (p->evaluate.value == AST_EVALUATE_ON)
        policy_alias(check, work, p->evaluate.alias, "evaluate on", false);
    if (family == FAMILY_EDGE || family == FAMILY_ZONE) {
        misplaced(check, p->evaluate.span, "evaluate", family, "it is evaluated at each event");
        return;
    }
    if (family == FAMILY_ABSENT && p->evaluate.value != AST_EVALUATE_AT_CLOSE) {
        misplaced(check, p->evaluate.span, "evaluate", family, "absence is known only when the context closes");
        return;
    }
    bool defers = ast->detect->pattern && pattern_defers(ast->detect->pattern);
    if (p->evaluate.value == AST_EVALUATE_AT_CLOSE && defers)
        nothing(check, p->evaluate.span, "evaluate at close", is_default);
    if (p->evaluate.value == AST_EVALUATE_IMMEDIATELY && !defers)
        nothing(check, p->evaluate.span, "evaluate immediately", is_default);
}

static void order_check(Checker *check, AgentCheck *work, Family family)
{
    const AstAgent *ast = work->agent->ast;
    const AstPolicies *p = &ast->policies;
    if (!p->order.set)
        return;
    if (family == FAMILY_NONE && work->agent->kind != AGENT_AGGREGATE) {
        misplaced(check, p->order.span, "order", family, NULL);
        return;
    }
    if (p->order.value.kind == AST_ORDER_OCCURRENCE)
        nothing(check, p->order.span, "order occurrence", is_default);
    const Path *path = &p->order.value.path;
    if (p->order.value.kind != AST_ORDER_BY || !path->n)
        return;
    for (uint32_t i = 0; i < work->agent->naliases; i++) {
        const ModelAlias *alias = work->agent->aliases[i];
        if (alias->kind != ALIAS_ON || !alias->nevents)
            continue;
        uint32_t at = alias_attribute(alias, path->parts[0].text);
        if (at == INDEX_NONE) {
            check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, path->span,
                                                        "unknown attribute `%.*s` of event `%.*s`", TEXT_ARGS(path->parts[0].text),
                                                        TEXT_ARGS(alias->events[0]->name)),
                                 path->parts[0].text, alias->events[0], NULL);
            return;
        }
        Type *type = alias->attributes[at].type;
        if (path->n == 1 && !type_is_error(type) && !type_is_ordered(type)) {
            Text phrase = type_phrase(check, type);
            diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, path->span, "events cannot be ordered by %.*s", TEXT_ARGS(phrase));
            return;
        }
    }
}

/* `consume none` with every participant picked first or last: an old match can hide newer ones. */
static void hidden_matches(Checker *check, AgentCheck *work, Family family)
{
    const AstAgent *ast = work->agent->ast;
    const AstPolicies *p = &ast->policies;
    if (family != FAMILY_LEVEL || !p->consume.set || p->consume.value != AST_CONSUME_NONE ||
        (p->match.set && p->match.value == AST_MATCH_ONCE) ||
        (p->evaluate.set && p->evaluate.value == AST_EVALUATE_AT_CLOSE))
        return;
    for (uint32_t i = 0; i < p->pick.n; i++)
        if (p->pick.items[i].pick != AST_PICK_FIRST && p->pick.items[i].pick != AST_PICK_LAST)
            return;
    const AstPattern *pattern = ast->detect->pattern, *last = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < pattern->child_count; i++) {
        if (pattern->children[i]->mode == AST_STEP_ANY || pattern->children[i]->loop.set)
            return;
        if (pattern->children[i]->kind == AST_PATTERN_PARTICIPANT) {
            last = pattern->children[i];
            n++;
        }
    }
    if (pattern->kind == AST_PATTERN_OR || n < 2)
        return;
    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_HIDES_MATCHES, p->consume.span,
                                     "with `consume none` and one event picked for each participant an old match can hide newer ones"),
                     "write `pick %.*s each`", TEXT_ARGS(last->alias.text));
}

/* ---- clauses --------------------------------------------------------------------------------------- */

static void clause_bad(Checker *check, Span span, const char *message, const char *hint)
{
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_CLAUSE_PLACE, span, "%s", message);
    if (hint)
        diagnostics_hint(d, "%s", hint);
}

static bool filters(const AstAgent *ast)
{
    bool some = false;
    for (uint32_t i = 0; i < ast->on_count; i++)
        some |= ast->ons[i].where.condition != NULL;
    for (uint32_t i = 0; i < ast->derive_count; i++)
        some |= ast->derives[i].when != NULL;
    for (uint32_t i = 0; ast->join && i < ast->join->unmatched_count; i++)
        some |= ast->join->unmatched[i].to == AST_UNMATCHED_TERMINAL;
    for (uint32_t i = 0; i < ast->enrich_count; i++)
        some |= ast->enriches[i].or_drop;
    some |= ast->detect && ast->detect->pattern &&
            (ast->detect->pattern->kind == AST_PATTERN_FIRST || ast->detect->pattern->kind == AST_PATTERN_LAST ||
             ast->detect->pattern->kind == AST_PATTERN_RANDOM);
    return some;
}

static void clauses_check(Checker *check, AgentCheck *work)
{
    const AstAgent *ast = work->agent->ast;
    bool alerts = false, unknown = false;
    for (uint32_t i = 0; i < ast->derive_count; i++) {
        const AstDerive *derive = &ast->derives[i];
        const ModelEvent *event = work->agent->derives[i].event;
        alerts |= event && event->alert;
        unknown |= event == NULL;
        if (derive->kind == AST_DERIVE_OTHERWISE && !ast->expect)
            clause_bad(check, derive->span, "`otherwise` belongs to `expect`, and this agent expects nothing",
                       "write `else derive` for events that a condition turns away");
        if (derive->kind == AST_DERIVE_ELSE && !filters(ast))
            clause_bad(check, derive->span, "`else` takes what a `where` or `when` turns away, and there is none", NULL);
    }
    if (ast->emit && work->agent->kind != AGENT_AGGREGATE)
        clause_bad(check, ast->emit->span, "`emit` says when aggregates in `derive` are sent, and this agent has none",
                   ast->detect ? "write `evaluate` for a `detect`" : NULL);
    if (ast->quiet && !alerts && !unknown)
        diagnostics_add(check->diagnostics, DIAGNOSTIC_CHANGES_NOTHING, ast->quiet->span,
                        "`quiet` changes nothing: it holds back alerts, and this agent derives none");
    if (ast->expect && ast->detect)
        clause_bad(check, ast->expect->span, "an agent has `detect` or `expect`, not both", NULL);
}

void policies_check(Checker *check, AgentCheck *work)
{
    Family family = family_of(work->agent->ast->detect);
    match_check(check, work, family);
    pick_check(check, work, family);
    consume_check(check, work, family);
    evaluate_check(check, work, family);
    order_check(check, work, family);
    count_policy(check, &work->agent->ast->policies.evidence.count, "evidence last");
    hidden_matches(check, work, family);
    clauses_check(check, work);
}
