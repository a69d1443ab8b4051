/* Bounds: what keeps an agent's state from growing for ever.
 *
 * Bounded by themselves are counters and other aggregates of constant size, edges, zones, strict steps,
 * `expect`, and `all` and `->` under `match once`. Everything else needs `within`, a context that closes or
 * trails, or a count; what is missing is named. The idle time to live of a key is no bound. */
#include "rules/check.h"

static void unbounded(Checker *check, Span span, const char *what, const char *hint)
{
    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_UNBOUNDED, span, "nothing bounds %s", what), "%s", hint);
}

static const char add_within[] = "write `within 10 min`, or give the agent a context that closes or trails, such as `last 10 min`";
static const char add_context[] = "give the agent a context that closes or trails, such as `fixed every 1 h` or `last 10 min`";

/* ---- level patterns -------------------------------------------------------------------------------- */

static bool is_timed(const AstPattern *pattern)
{
    return pattern->kind == AST_PATTERN_WAIT || (pattern->kind == AST_PATTERN_NOT && pattern->duration && !pattern->each);
}

/* Whether a pattern, tested at once, keeps only so many events: a single participant, an `or` of those, a
 * bounded loop of one, a participant with a timed end, `not x -> b`. */
static bool keeps_little(const AstPattern *pattern)
{
    if (pattern->loop.set && pattern->loop.most == UINT32_MAX)
        return false;
    switch (pattern->kind) {
    case AST_PATTERN_PARTICIPANT:
        return true;
    case AST_PATTERN_OR:
        for (uint32_t i = 0; i < pattern->child_count; i++)
            if (!keeps_little(pattern->children[i]) && !is_timed(pattern->children[i]))
                return false;
        return true;
    case AST_PATTERN_SEQUENCE: {
        bool bound = false; /* an event is held, and the next step must end the attempt */
        for (uint32_t i = 0; i < pattern->child_count; i++) {
            const AstPattern *child = pattern->children[i];
            if (child->kind == AST_PATTERN_NOT && !bound)
                continue; /* before the first event: the time of the last x */
            if (is_timed(child) || child->within || child->mode == AST_STEP_NEXT ||
                (child->kind == AST_PATTERN_NOT && child->next))
                continue;
            if (child->kind == AST_PATTERN_OR && keeps_little(child)) {
                bool timed = false;
                for (uint32_t k = 0; k < child->child_count; k++)
                    timed |= is_timed(child->children[k]);
                if (timed)
                    continue;
            }
            if (bound || !keeps_little(child))
                return false;
            bound = true;
        }
        return true;
    }
    default:
        return false;
    }
}

static bool unbounded_loop(const AstPattern *pattern)
{
    if (pattern->loop.set && pattern->loop.most == UINT32_MAX)
        return true;
    for (uint32_t i = 0; i < pattern->child_count; i++)
        if (unbounded_loop(pattern->children[i]))
            return true;
    return false;
}

static bool repeats(const AstPattern *pattern)
{
    if (pattern->each)
        return true;
    for (uint32_t i = 0; i < pattern->child_count; i++)
        if (repeats(pattern->children[i]))
            return true;
    return false;
}

static void level_bounds(Checker *check, const ModelAgent *agent)
{
    const AstDetect *detect = agent->ast->detect;
    const AstPolicies *p = &agent->ast->policies;
    if (detect->within || agent->closes || agent->trailing)
        return;
    bool once = p->match.set && (p->match.value == AST_MATCH_ONCE || p->match.value == AST_MATCH_AT_MOST);
    if (repeats(detect->pattern)) {
        if (!once)
            unbounded(check, detect->pattern->span, "how often a silence is reported",
                      "write `within 1 h`, or `match at most 10`");
        return;
    }
    if (unbounded_loop(detect->pattern)) {
        unbounded(check, detect->pattern->span, "how many events the loop collects",
                  "write `within 10 min`, an upper bound such as `{1,100}`, or a context that closes or trails");
        return;
    }
    if (once && p->match.value == AST_MATCH_ONCE)
        return;
    bool newest = p->pick.set && p->pick.n == 1 && !p->pick.items[0].alias.text.len && p->pick.items[0].pick == AST_PICK_NEWEST;
    if (newest || keeps_little(detect->pattern))
        return;
    unbounded(check, detect->pattern->span, "how long the pattern waits for its participants", add_within);
}

/* ---- sets ------------------------------------------------------------------------------------------ */

static bool aggregate_grows(AggregateKind kind)
{
    switch (kind) {
    case AGGREGATE_DISTINCT: case AGGREGATE_VALUES: case AGGREGATE_MEDIAN: case AGGREGATE_PERCENTILE: case AGGREGATE_TOP:
    case AGGREGATE_LIST: case AGGREGATE_SPREAD:
        return true;
    default:
        return false;
    }
}

static void aggregate_bounds(Checker *check, const ModelAgent *agent)
{
    if (agent->closes || agent->trailing)
        return;
    for (uint32_t i = 0; i < agent->naggregates; i++) {
        const ModelAggregate *aggregate = agent->aggregates[i];
        if (!aggregate_grows(aggregate->kind) || !aggregate->alias || aggregate->alias->kind != ALIAS_ON)
            continue;
        Text name = aggregate->call->name.text;
        Text what = arena_text(check->arena, arena_printf(check->arena, "the events that `%.*s` keeps", TEXT_ARGS(name)));
        unbounded(check, aggregate->call->span, what.p, add_context);
        return;
    }
}

static bool context_name_closes(const ModelAgent *agent, Span span, Checker *check, const char *what)
{
    if (agent->closes)
        return true;
    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_NEVER_CLOSES, span, "%s, and nothing closes in this agent's context",
                                     what),
                     "%s", agent->trailing ? "a trailing context never closes: write `evaluate immediately`"
                                           : "give it a context that closes, such as `fixed every 1 h`, or write `evaluate immediately`");
    return false;
}

static void detect_bounds(Checker *check, const ModelAgent *agent)
{
    const AstAgent *ast = agent->ast;
    const AstDetect *detect = ast->detect;
    const AstPolicies *p = &ast->policies;
    if (p->evaluate.set && p->evaluate.value == AST_EVALUATE_AT_CLOSE) {
        if (!context_name_closes(agent, p->evaluate.span, check, "the pattern is evaluated at close"))
            return;
    } else if (!p->evaluate.set && detect->pattern && pattern_defers(detect->pattern)) {
        bool absent = detect->pattern->kind == AST_PATTERN_ABSENT;
        if (absent && !agent->closes) {
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_NEVER_CLOSES, detect->pattern->span,
                                             "absence is known when the context closes, and nothing closes in this agent's context"),
                             "give it a context that closes, such as `fixed every 1 h`, or use `expect`");
            return;
        }
        if (!context_name_closes(agent, detect->pattern->span, check, "this pattern is evaluated at close"))
            return;
    }
    if (detect->condition) {
        if (!agent->closes && !p->match.set && !ast->quiet)
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_THRESHOLD_OPEN, detect->condition->span,
                                             "the threshold stays reached in a context that does not close"),
                             "say how often it fires: `match once`, `match every time`, `quiet 10 min`, or `detect becomes …`");
        aggregate_bounds(check, agent);
        return;
    }
    if (pattern_is_level(detect->pattern))
        level_bounds(check, agent);
    else
        aggregate_bounds(check, agent);
}

void bounds_check(Checker *check, AgentCheck *work)
{
    const ModelAgent *agent = work->agent;
    const AstAgent *ast = agent->ast;
    const AstPolicies *p = &ast->policies;
    if (ast->detect)
        detect_bounds(check, agent);
    else if (agent->kind == AGENT_AGGREGATE)
        aggregate_bounds(check, agent);
    if (ast->emit && ast->emit->kind == AST_EMIT_AT_CLOSE && !agent->closes)
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_NEVER_CLOSES, ast->emit->span,
                                         "`emit at close`, and nothing closes in this agent's context"),
                         "give it a context that closes, such as `fixed every 1 h`");
    if (ast->join && !ast->join->within && !agent->closes && !agent->trailing)
        unbounded(check, ast->join->span, "how long `join` waits for a partner", add_within);
    bool within = ast->detect && ast->detect->within;
    if (p->evidence.set && p->evidence.value == AST_EVIDENCE_ALL && !agent->closes && !agent->trailing && !within && !ast->expect &&
        (ast->detect || agent->kind == AGENT_AGGREGATE))
        unbounded(check, p->evidence.span, "the events that `evidence all` keeps", add_context);
}
