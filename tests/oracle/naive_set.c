/* Aggregates (B.6) and thresholds (C.2): the set of the partition's participants, evaluated anew each time. */
#include "tests/oracle/naive_parts.h"

void naive_member_add(Naive *naive, const AgentPlan *plan, Scope *scope, const NaiveEvent *event, uint64_t roles)
{
    if (!scope->latest)
        scope->latest = ARENA_ARRAY(naive->arena, const NaiveEvent *, plan->nevents);
    for (uint32_t p = 0; p < plan->nevents; p++)
        if (roles >> p & 1)
            scope->latest[p] = event;
    scope->members = arena_grow(naive->arena, scope->members, scope->nmembers, sizeof *scope->members);
    scope->members[scope->nmembers++] = (Member){event, roles, false};
}

/* The matching set is the whole set (C.0). */
Match naive_whole_set(Naive *naive, const AgentPlan *plan, const Scope *scope, int64_t at, int64_t time)
{
    Member *live;
    uint32_t n = naive_live(naive, plan, scope, at, false, &live);
    Match match = {.scope = scope, .bound = naive_bounds(naive, plan), .time = time};
    match.events = ARENA_ARRAY(naive->arena, const NaiveEvent *, n * plan->nevents + 1);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t before = match.n;
        for (uint32_t p = 0; p < plan->nevents; p++) {
            if (!(live[i].roles >> p & 1))
                continue;
            naive_bound_add(naive, &match.bound[p], live[i].event);
            if (OPEN_CAUSES_BY_ROLE || match.n == before)
                match.events[match.n++] = live[i].event;
        }
    }
    return match;
}

/* D.2: counted per partition. */
bool naive_spent(const AgentPlan *plan, const Scope *scope)
{
    return (plan->policies.match == MATCH_ONCE && scope->matches >= 1) ||
           (plan->policies.match == MATCH_AT_MOST && scope->matches >= plan->policies.match_at_most);
}

static void threshold(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t at, int64_t time, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    if (naive_spent(plan, scope))
        return;
    Match match = naive_whole_set(naive, plan, scope, at, time);
    Look look = {.naive = naive, .agent = plan, .scope = scope, .now = cause->now, .bound = match.bound};
    look.aggregates = naive_aggregates(naive, plan, match.bound, scope, cause->now);
    if (!naive_holds(plan->condition, &look))
        return;
    scope->matches++;
    naive_derive(naive, agent, &match, PORT_MAIN, cause);
    for (uint32_t i = 0; i < scope->nmembers && plan->policies.consume != CONSUME_NONE; i++)
        for (uint32_t k = 0; k < match.n; k++)
            scope->members[i].gone |= match.events[k] == scope->members[i].event;
}

static void aggregate(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t at, int64_t time, Cause *cause)
{
    Match match = naive_whole_set(naive, agent->plan, scope, at, time);
    naive_derive(naive, agent, &match, PORT_MAIN, cause);
}

void naive_set_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    naive_member_add(naive, plan, scope, event, roles);
    if (plan->kind == AGENT_THRESHOLD) {
        if (plan->policies.evaluate == EVALUATE_IMMEDIATELY ||
            (plan->policies.evaluate == EVALUATE_ON && roles >> plan->policies.evaluate_on & 1))
            threshold(naive, agent, scope, event->time, event->time, cause);
        return;
    }
    if (plan->emit.kind == EMIT_IMMEDIATELY || plan->emit.kind == EMIT_ON_CHANGE)
        aggregate(naive, agent, scope, event->time, event->time, cause);
    if (plan->emit.kind == EMIT_EVERY && scope->next_emit == TIME_NONE) {
        /* at the event's own instant only if the tick is behind it in the order */
        bool behind = event->key.kind == ORDER_TIMER || (plan->emit.inclusive && !OPEN_FIRST_TICK_LATER);
        int64_t from = behind ? event->key.time - 1 : event->key.time;
        scope->tick_set = ++naive->serials;
        scope->next_emit = from - from % plan->emit.every + plan->emit.every; /* the next multiple since 1970 */
    }
}

void naive_set_close(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    if (plan->kind == AGENT_PATTERN && plan->policies.evaluate == EVALUATE_AT_CLOSE)
        naive_pattern(naive, agent, scope, time, time, cause);
    if (plan->kind == AGENT_THRESHOLD && plan->policies.evaluate == EVALUATE_AT_CLOSE)
        threshold(naive, agent, scope, time, time, cause);
    if (plan->kind == AGENT_AGGREGATE && plan->emit.kind == EMIT_AT_CLOSE)
        aggregate(naive, agent, scope, time, time, cause);
}

void naive_set_tick(Naive *naive, NaiveAgent *agent, Scope *scope, Cause *cause)
{
    int64_t at = scope->next_emit;
    Member *live;
    aggregate(naive, agent, scope, at, at, cause);
    bool empty = naive_live(naive, agent->plan, scope, at, false, &live) == 0;
    scope->tick_set = ++naive->serials;
    scope->next_emit = empty ? TIME_NONE : at + agent->plan->emit.every;
}
