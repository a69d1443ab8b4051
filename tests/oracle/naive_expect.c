/* Expectations (K.5): a clock for each `on` event; an answer ends every open clock that it fits, the deadline
 * ends the rest. */
#include "tests/oracle/naive_parts.h"

#include <stdlib.h>

static Match clock_match(Naive *naive, const AgentPlan *plan, const Scope *scope, const Clock *clock, int64_t time)
{
    Match match = {.scope = scope, .bound = naive_bounds(naive, plan), .time = time};
    match.events = ARENA_ARRAY(naive->arena, const NaiveEvent *, 2);
    match.events[match.n++] = clock->on;
    naive_bound_add(naive, &match.bound[clock->participant], clock->on);
    return match;
}

/* Whether the event fits a role, with the clock's `on` event bound. */
static bool answers(Naive *naive, NaiveAgent *agent, Scope *scope, const RolePlan *role, const NaiveEvent *event, const Clock *clock,
                    Cause *cause)
{
    NaiveValue value = naive_role(naive, agent->plan, role, event, cause->now);
    bool late = agent->plan->expect.inclusive ? event->time > clock->deadline : event->time >= clock->deadline;
    if (value.state != STATE_OK || !value.cell.b || clock->on == event || late)
        return false;
    Match match = clock_match(naive, agent->plan, scope, clock, event->time);
    naive_bound_add(naive, &match.bound[role->index], event);
    Look look = {.naive = naive, .agent = agent->plan, .scope = scope, .now = cause->now, .bound = match.bound};
    return naive_holds(role->when, &look);
}

/* 0.4: by their `on` events, in their order. */
static int clock_compare(const void *a, const void *b)
{
    const Clock *left = a, *right = b;
    int order = naive_key_compare(&left->on->key, &right->on->key);
    return order ? order : (left->participant > right->participant) - (left->participant < right->participant);
}

static void end_clocks(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, Cause *cause)
{
    const InputPlan *input = naive_input(agent->plan, event->type);
    if (scope->nclocks)
        qsort(scope->clocks, scope->nclocks, sizeof *scope->clocks, clock_compare);
    for (uint32_t i = 0; i < scope->nclocks; i++)
        for (uint32_t r = 0; r < input->nroles; r++) /* what also discards, discards: K.4 */
            scope->clocks[i].done |= input->roles[r].kind == ROLE_CANCELLER &&
                                     answers(naive, agent, scope, &input->roles[r], event, &scope->clocks[i], cause);
    for (uint32_t i = 0; i < scope->nclocks; i++)
        for (uint32_t r = 0; r < input->nroles; r++) {
            Clock *clock = &scope->clocks[i];
            const RolePlan *role = &input->roles[r];
            if (clock->done || role->kind != ROLE_EXPECTED || !answers(naive, agent, scope, role, event, clock, cause))
                continue;
            clock->done = true;
            Match match = clock_match(naive, agent->plan, scope, clock, event->time);
            match.events[match.n++] = event;
            naive_bound_add(naive, &match.bound[role->index], event);
            naive_derive(naive, agent, &match, PORT_MAIN, cause);
        }
}

static int64_t deadline(Naive *naive, NaiveAgent *agent, const Scope *scope, const NaiveEvent *on, uint32_t participant, Cause *cause)
{
    const ExpectPlan *expect = &agent->plan->expect;
    if (!expect->since)
        return on->time + expect->within;
    Bound *bound = naive_bounds(naive, agent->plan);
    naive_bound_add(naive, &bound[participant], on);
    Look look = {.naive = naive, .agent = agent->plan, .scope = scope, .now = cause->now, .bound = bound};
    NaiveValue since = naive_value(expect->since, &look);
    return (since.state == STATE_OK ? since.cell.i : on->time) + expect->within;
}

static void start_clock(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *on, uint32_t participant, Cause *cause)
{
    const ExpectPlan *expect = &agent->plan->expect;
    for (uint32_t i = 0; i < scope->nclocks; i++) {
        Clock *clock = &scope->clocks[i];
        if (clock->done || clock->participant != participant)
            continue;
        if (expect->again == AGAIN_IGNORE)
            return;
        if (expect->again == AGAIN_EXTEND) {
            clock->on = on;
            clock->deadline = deadline(naive, agent, scope, on, participant, cause);
            clock->serial = ++naive->serials;
            return;
        }
        if (expect->again == AGAIN_REFRESH)
            clock->done = true;
    }
    scope->clocks = arena_grow(naive->arena, scope->clocks, scope->nclocks, sizeof *scope->clocks);
    scope->clocks[scope->nclocks++] = (Clock){.on = on, .participant = participant, .serial = ++naive->serials,
                                              .deadline = deadline(naive, agent, scope, on, participant, cause)};
}

void naive_expect_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause)
{
    end_clocks(naive, agent, scope, event, cause);
    for (uint32_t p = 0; p < agent->plan->nevents; p++)
        if (roles >> p & 1)
            start_clock(naive, agent, scope, event, p, cause);
    for (uint32_t i = 0; i < scope->nclocks; i++) { /* what is past fires at once, and derives from the event */
        Clock *clock = &scope->clocks[i];
        NaiveKey key = {.time = clock->deadline, .kind = agent->plan->expect.inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER,
                        .origin = agent->index, .sequence = UINT64_MAX};
        if (!clock->done && clock->on == event && naive_key_compare(&key, &cause->key) < 0)
            naive_expect_due(naive, agent, scope, clock, cause);
    }
}

void naive_expect_due(Naive *naive, NaiveAgent *agent, Scope *scope, Clock *clock, Cause *cause)
{
    int64_t time = clock->deadline > cause->key.time ? clock->deadline : cause->key.time; /* past = at once */
    clock->done = true;
    Match match = clock_match(naive, agent->plan, scope, clock, time);
    naive_derive(naive, agent, &match, PORT_OTHERWISE, cause);
}
