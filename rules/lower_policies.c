/* Policies with their defaults, when aggregates are emitted, and the sentence on what bounds an agent's state. */
#include "rules/check.h"
#include "rules/lower.h"

static const bool policy_runs[] = {
#define VALUE(policy, name, words, runs) runs,
#include "cep/policies.def"
};

static PolicyValue checked(LowerAgent *agent, PolicyValue value, const char *clause, Span span)
{
    if (!policy_runs[value])
        lower_refuse(agent->lowering, span, NULL, "`%s %s` does not run yet", clause, policy_word(value));
    return value;
}

/* ── match, consume, evaluate, order, evidence ── */

static PolicyValue lower_match(LowerAgent *agent, const AstPolicies *ast)
{
    static const PolicyValue values[] = {MATCH_EVERY_TIME, MATCH_ONCE, MATCH_ONCE_PER_RUN, MATCH_AT_MOST};
    if (ast->match.set) {
        if (ast->match.value == AST_MATCH_AT_MOST)
            agent->plan->policies.match_at_most =
                (uint32_t)(ast->match.at_most.value > UINT32_MAX ? UINT32_MAX : ast->match.at_most.value);
        return checked(agent, values[ast->match.value], "match", ast->match.span);
    }
    if (agent->plan->kind == AGENT_PATTERN && agent->ast->detect->pattern->count.set)
        return MATCH_ONCE_PER_RUN;
    return agent->plan->kind == AGENT_THRESHOLD && !agent->ast->quiet ? MATCH_ONCE : MATCH_EVERY_TIME;
}

static PolicyValue lower_consume(LowerAgent *agent, const AstPolicies *ast)
{
    static const PolicyValue values[] = {CONSUME_MATCHED, CONSUME_NONE, CONSUME_TIMES, CONSUME_EVERYTHING,
                                         CONSUME_THROUGH_LAST, CONSUME_TO_NEXT, CONSUME_BEFORE, CONSUME_BEFORE_LAST};
    if (ast->consume.set)
        return checked(agent, values[ast->consume.value], "consume", ast->consume.span);
    return agent->plan->kind == AGENT_SEQUENCE || agent->plan->kind == AGENT_EXPECT ? CONSUME_MATCHED : CONSUME_NONE;
}

static PolicyValue lower_evaluate(LowerAgent *agent, const AstPolicies *ast)
{
    static const PolicyValue values[] = {EVALUATE_IMMEDIATELY, EVALUATE_AT_CLOSE, EVALUATE_ON};
    agent->plan->policies.evaluate_on = INDEX_NONE;
    if (!ast->evaluate.set)
        return agent->plan->kind == AGENT_PATTERN && pattern_defers(agent->ast->detect->pattern) ? EVALUATE_AT_CLOSE
                                                                                                  : EVALUATE_IMMEDIATELY;
    if (ast->evaluate.value == AST_EVALUATE_ON)
        for (uint32_t i = 0; i < agent->plan->nevents; i++)
            if (text_is(agent->model->aliases[i]->name, ast->evaluate.alias.text))
                agent->plan->policies.evaluate_on = i;
    return checked(agent, values[ast->evaluate.value], "evaluate", ast->evaluate.span);
}

static PolicyValue lower_order_policy(LowerAgent *agent, const AstPolicies *ast)
{
    static const PolicyValue values[] = {ORDER_OCCURRENCE, ORDER_OCCURRENCE, ORDER_DETECTION, ORDER_BY, ORDER_STREAM};
    if (!ast->order.set)
        return ORDER_OCCURRENCE;
    return checked(agent, values[ast->order.value.kind], "order", ast->order.span);
}

static PolicyValue lower_evidence(LowerAgent *agent, const AstPolicies *ast)
{
    static const PolicyValue values[] = {EVIDENCE_LAST, EVIDENCE_ALL, EVIDENCE_NONE};
    if (!ast->evidence.set)
        return EVIDENCE_ENDS;
    agent->plan->policies.evidence_last =
        (uint32_t)(ast->evidence.count.value > UINT32_MAX ? UINT32_MAX : ast->evidence.count.value);
    return checked(agent, values[ast->evidence.value], "evidence", ast->evidence.span);
}

/* ── pick ── */

/* The step of an alias; INDEX_NONE if no step takes it. */
static uint32_t step_of(const LowerAgent *agent, Text alias)
{
    for (uint32_t i = 0; i < agent->plan->nsteps; i++)
        if (text_is(agent->model->aliases[agent->plan->steps[i].participant]->name, alias))
            return i;
    return INDEX_NONE;
}

/* The clause's own order first, then the steps that it does not name, in pattern order. */
static void lower_pick(LowerAgent *agent, const AstPolicies *ast)
{
    static const PolicyValue values[] = {PICK_FIRST, PICK_LAST, PICK_EACH, PICK_NEWEST, PICK_MAX, PICK_MIN};
    AgentPlan *plan = agent->plan;
    Policies *policies = &plan->policies;
    policies->pick = ARENA_ARRAY(agent->lowering->arena, PolicyValue, plan->nsteps);
    policies->pick_order = ARENA_ARRAY(agent->lowering->arena, uint32_t, plan->nsteps);
    bool *named = ARENA_ARRAY(agent->lowering->scratch, bool, plan->nsteps);
    for (uint32_t i = 0; i < plan->nsteps; i++)
        policies->pick[i] = PICK_FIRST;
    uint32_t n = 0;
    for (uint32_t i = 0; i < ast->pick.n; i++) {
        const AstPickItem *item = &ast->pick.items[i];
        PolicyValue value = checked(agent, values[item->pick], "pick", item->span);
        uint32_t step = item->alias.text.len ? step_of(agent, item->alias.text) : INDEX_NONE;
        for (uint32_t s = 0; s < plan->nsteps && !item->alias.text.len; s++)
            policies->pick[s] = value;
        if (step == INDEX_NONE)
            continue;
        policies->pick[step] = value;
        if (!named[step])
            policies->pick_order[n++] = step;
        named[step] = true;
    }
    for (uint32_t s = 0; s < plan->nsteps; s++) {
        if (!named[s])
            policies->pick_order[n++] = s;
        if (plan->steps[s].link == LINK_ANY)
            policies->pick[s] = PICK_EACH;
    }
}

void lower_policies(LowerAgent *agent)
{
    const AstPolicies *ast = &agent->ast->policies;
    Policies *policies = &agent->plan->policies;
    policies->match = lower_match(agent, ast);
    policies->consume = lower_consume(agent, ast);
    policies->evaluate = lower_evaluate(agent, ast);
    policies->order = lower_order_policy(agent, ast);
    policies->evidence = lower_evidence(agent, ast);
    lower_pick(agent, ast);
}

/* ── What bounds the state ── */

typedef struct Duration {
    char text[TIME_TEXT_MAX];
} Duration;

static Duration duration(int64_t ns)
{
    Duration d;
    size_t len = duration_text(ns, d.text);
    d.text[len < sizeof d.text ? len : sizeof d.text - 1] = 0;
    return d;
}

/* What a partition holds at most. */
static Text bound_partition(const LowerAgent *agent, bool keyed)
{
    const AgentPlan *plan = agent->plan;
    Arena *arena = agent->lowering->arena;
    const char *per = keyed ? " per key" : "";
    if (plan->kind == AGENT_EXPECT)
        return arena_printf(arena, "%s of waiting events%s", duration(plan->expect.within).text, per);
    if (plan->kind == AGENT_SEQUENCE && plan->within)
        return arena_printf(arena, "%s of events%s", duration(plan->within).text, per);
    for (uint32_t i = plan->ncontexts; i-- > 0;) {
        const ContextStep *step = &plan->contexts[i];
        if (step->kind == CONTEXT_LAST && step->last_count)
            return arena_printf(arena, "the last %u events%s", step->last_count, per);
        if (step->kind == CONTEXT_LAST)
            return arena_printf(arena, "%s of events%s", duration(step->last).text, per);
        if (step->kind == CONTEXT_INTERVAL)
            return arena_printf(arena, "the events of open intervals%s", per);
        if (step->kind == CONTEXT_FIXED)
            return arena_printf(arena, "one interval of events%s", per);
        if (step->kind == CONTEXT_SLIDING)
            return arena_printf(arena, "%s of events, in each window that they lie in%s", duration(step->length).text, per);
        if (step->kind == CONTEXT_EACH)
            return arena_printf(arena, "windows of %u counted events%s", step->size, per);
        if (step->kind == CONTEXT_SESSION)
            return arena_printf(arena, "a session's events, until %s without one%s", duration(step->gap).text, per);
    }
    if (plan->kind == AGENT_SEQUENCE && plan->policies.match == MATCH_ONCE)
        return arena_printf(arena, "one match%s", per);
    return arena_printf(arena, plan->kind == AGENT_SEQUENCE ? "open matches%s" : "running values%s", per);
}

/* What ends an interval besides its closing event. */
static Text bound_interval(Arena *arena, const ContextStep *step)
{
    Text out = TEXT("");
    if (step->for_at_most)
        out = arena_printf(arena, "%.*s; an interval ends after %s", TEXT_ARGS(out), duration(step->for_at_most).text);
    if (step->at_most)
        out = arena_printf(arena, "%.*s; an interval ends with its event number %u", TEXT_ARGS(out), step->at_most);
    if (step->idle)
        out = arena_printf(arena, "%.*s; an interval ends when idle for %s", TEXT_ARGS(out), duration(step->idle).text);
    return out;
}

Text lower_bound(const LowerAgent *agent)
{
    Arena *arena = agent->lowering->arena;
    const AgentPlan *plan = agent->plan;
    const ContextStep *by = NULL;
    Text interval = TEXT("");
    if (!agent->stateful)
        return plan->quiet.duration ? arena_printf(arena, "no state but for `quiet`, %s a key", duration(plan->quiet.duration).text)
                                    : arena_printf(arena, "no state");
    for (uint32_t i = 0; i < plan->ncontexts; i++) {
        if (plan->contexts[i].kind == CONTEXT_BY)
            by = &plan->contexts[i];
        if (plan->contexts[i].kind == CONTEXT_INTERVAL)
            interval = bound_interval(arena, &plan->contexts[i]);
    }
    Text out = bound_partition(agent, by);
    if (interval.len)
        out = arena_printf(arena, "%.*s%.*s", TEXT_ARGS(out), TEXT_ARGS(interval));
    if (by)
        out = arena_printf(arena, "%.*s; a key idle for %s is forgotten", TEXT_ARGS(out), duration(by->key_idle).text);
    return out;
}
