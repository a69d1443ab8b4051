/* Timers (0.3, K.7): what is due is found by looking at every window and clock there is. */
#include "tests/oracle/naive_parts.h"

#include "cep/calendar.h"

#include <stdlib.h>

/* Whether a window is one of the calendar that all keys share: the key may stand before it, but does not come into it. */
static bool is_shared(const AgentPlan *plan, const Scope *scope)
{
    if (!scope->up || scope->nkeys == 0)
        return false;
    const ContextStep *step = &plan->contexts[scope->up->level];
    bool shared = step->kind == CONTEXT_FIXED || (step->kind == CONTEXT_SLIDING && !step->at_most);
    for (uint32_t i = 0; i < scope->up->level; i++)
        shared &= plan->contexts[i].kind == CONTEXT_BY || (plan->contexts[i].kind == CONTEXT_LAST && plan->contexts[i].last);
    return shared;
}

/* The partition that a timer is ordered by. */
static const Scope *owner(const Due *due)
{
    bool closes = !due->clock && !due->emits && !due->silence;
    return closes && is_shared(due->agent->plan, due->scope) ? due->agent->root : due->scope;
}

/* 0.3: timers of one instant in order of deadline, then upstream agent first, then partition key, that of a window
 * which all keys share being none. Open: in one partition fixed windows close first; the rest in the order in which it
 * was set. */
static bool due_before(const Due *a, const Due *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    if (a->agent->index != b->agent->index)
        return a->agent->index < b->agent->index;
    int order = naive_keys_compare(owner(a), owner(b));
    if (!order)
        order = naive_keys_compare(a->scope, b->scope);
    if (order)
        return order < 0;
    bool fixed_a = !a->clock && !a->emits && !a->silence && !a->scope->opener;
    bool fixed_b = !b->clock && !b->emits && !b->silence && !b->scope->opener;
    if (fixed_a != fixed_b)
        return fixed_a;
    return a->serial < b->serial;
}

void naive_due_add(Due *first, const Due *due)
{
    if (due->serial <= first->behind)
        return;
    if (!first->agent || due_before(due, first)) {
        uint64_t behind = first->behind;
        *first = *due;
        first->behind = behind;
        first->owner = owner(due);
    }
}

static void scope_due(Naive *naive, NaiveAgent *agent, Scope *scope, Due *first)
{
    for (uint32_t i = 0; i < scope->nchildren; i++)
        scope_due(naive, agent, scope->children[i], first);
    Due due = {.agent = agent, .scope = scope, .serial = scope->serial};
    if (scope->up && scope->window && scope->end != TIME_NONE) {
        due.time = scope->end;
        due.serial = scope->opener ? scope->set : scope->serial;
        naive_due_add(first, &due);
    }
    const ContextStep *step = scope->up ? &agent->plan->contexts[scope->up->level] : NULL;
    if (step && step->kind == CONTEXT_INTERVAL && step->idle) {
        due.time = scope->last_event + step->idle;
        due.serial = scope->idle_set;
        naive_due_add(first, &due);
    }
    if (scope->next_emit != TIME_NONE) {
        due.emits = true;
        due.serial = scope->tick_set;
        due.time = scope->next_emit;
        due.kind = agent->plan->emit.inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER;
        naive_due_add(first, &due);
    }
    due.emits = false;
    due.kind = agent->plan->expect.inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER;
    for (uint32_t i = 0; i < scope->nclocks; i++) {
        due.clock = &scope->clocks[i];
        due.time = due.clock->deadline;
        due.serial = due.clock->serial;
        if (!due.clock->done)
            naive_due_add(first, &due);
    }
}

static void silences_due(NaiveAgent *agent, Due *first)
{
    for (uint32_t i = 0; i < agent->nsilences; i++) {
        Silence *silence = &agent->silences[i];
        Due due = {.agent = agent, .scope = silence->key, .silence = silence, .time = silence->due, .kind = silence->due_kind,
                   .serial = silence->set};
        if (!silence->over)
            naive_due_add(first, &due);
    }
}

void naive_due(Naive *naive, NaiveAgent *agent, Due *first)
{
    scope_due(naive, agent, agent->root, first);
    silences_due(agent, first);
}

void naive_due_behind(Naive *naive, NaiveAgent *agent, uint64_t serial, Due *first)
{
    first->behind = serial;
    scope_due(naive, agent, agent->root, first);
}

/* Whether windows exist without events (B.6, E.9): of an agent that has something to say at their close, in a context
 * without keys that events would bring. */
bool naive_exists(const AgentPlan *plan)
{
    uint32_t clocks = 0;
    for (uint32_t i = 0; i < plan->ncontexts; i++) {
        ContextKind kind = plan->contexts[i].kind;
        bool clock = kind == CONTEXT_FIXED || kind == CONTEXT_SLIDING;
        clocks += clock;
        if (!clock && kind != CONTEXT_LAST && kind != CONTEXT_BANDS && kind != CONTEXT_WHILE)
            return false;
    }
    return clocks == 1 && ((plan->kind == AGENT_AGGREGATE && plan->emit.kind == EMIT_AT_CLOSE) ||
                           (plan->kind == AGENT_THRESHOLD && plan->policies.evaluate == EVALUATE_AT_CLOSE) ||
                           (plan->kind == AGENT_PATTERN && plan->pattern.kind == PATTERN_ABSENT));
}

void naive_exist(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    int64_t start, end;
    if (scope->level == agent->plan->ncontexts)
        return;
    if (step->kind == CONTEXT_LAST || step->kind == CONTEXT_WHILE)
        naive_exist(naive, agent, scope->nchildren ? scope->children[0] : naive_scope_new(naive, scope), time);
    else if (step->kind == CONTEXT_SLIDING)
        naive_sliding_exist(naive, agent, scope, time);
    else if (step->kind == CONTEXT_FIXED && calendar_next(step, time, &start, &end) && !naive_fixed_at(scope, start))
        naive_exist(naive, agent, naive_fixed_open(naive, scope, start, end), time);
    for (uint32_t i = 0; step->kind == CONTEXT_BANDS && i < step->nconditions; i++)
        naive_exist(naive, agent, naive_band(naive, agent, scope, i), time);
}

void naive_begin(Naive *naive, NaiveAgent *agent, int64_t time)
{
    if (naive_exists(agent->plan))
        naive_exist(naive, agent, agent->root, time);
}

void naive_fire(Naive *naive, const Due *due, Cause *cause)
{
    if (due->clock) {
        naive_expect_due(naive, due->agent, due->scope, due->clock, cause);
    } else if (due->silence) {
        naive_silence_due(naive, due->agent, due->silence, cause);
    } else if (due->emits) {
        naive_set_tick(naive, due->agent, due->scope, cause);
    } else {
        if (due->scope->full)
            naive_scope_remove(due->scope);
        if (due->scope->opener)
            due->scope->end = due->time;
        naive_scope_close(naive, due->agent, due->scope, naive_closing_time(due->agent->plan, due->scope, due->time), cause, true);
        if (due->scope->end == due->time && naive_exists(due->agent->plan))
            naive_exist(naive, due->agent, due->scope->up, due->time);
    }
}

/* By key, then as their windows opened. */
static int last_compare(const void *a, const void *b)
{
    int order = naive_keys_compare(*(Scope *const *)a, *(Scope *const *)b);
    return order ? order : naive_scope_compare(a, b);
}

void naive_close_all(Naive *naive, NaiveAgent *agent)
{
    Scope **list = NULL;
    Cause cause = {.key = {.time = naive->now, .kind = ORDER_TIMER_INCLUSIVE, .origin = agent->index, .sequence = ++naive->sequences,
                           .timer = agent->root, .own = agent->root, .nth = UINT32_MAX},
                   .now = naive->now};
    uint32_t n = naive_leaves(naive, agent->plan, agent->root, &list, 0);
    if (n)
        qsort(list, n, sizeof *list, last_compare);
    for (uint32_t i = 0; i < n; i++) {
        int64_t end = naive_scope_end(agent->plan, list[i]);
        bool unfinished = false;
        for (const Scope *s = list[i]; s->up; s = s->up)
            unfinished |= agent->plan->contexts[s->up->level].kind == CONTEXT_EACH;
        if (naive_window(list[i]) && !unfinished) /* E.4: incomplete windows at shutdown are not evaluated */
            naive_scope_close(naive, agent, list[i], end == TIME_NONE ? naive->now : end, &cause, true);
    }
}
