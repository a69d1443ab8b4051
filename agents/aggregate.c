/* Aggregate and threshold: agents over the set of a partition.
 *
 * An aggregate derives one event out of the set, when its `emit` says; a threshold derives when its condition over
 * aggregates holds, as often as `match` allows. */
#include "agents/set.h"
#include "agents/fan.h"
#include "agents/timer.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static Set *set_of(const Agent *agent, Handle leaf)
{
    return node_state(agent, leaf);
}

static uint32_t derive_set(Agent *agent, Handle leaf, int64_t time)
{
    const EventId *causes;
    uint64_t count;
    uint32_t n = set_causes(agent, leaf, &causes, &count);
    return fan_derive(agent, PORT_MAIN, leaf, time, causes, n, count, NULL);
}

/* ── Aggregates ── */

/* A hash of all that would be derived now. */
static uint64_t output_hash(Agent *agent, Handle leaf)
{
    Surroundings around = views_surroundings(agent, leaf);
    uint64_t hash = 1;
    for (uint32_t d = 0; d < agent->plan->nderives; d++) {
        const DerivePlan *derive = &agent->plan->derives[d];
        for (uint32_t i = 0; i < agent->engine->plan->types[derive->type].nattributes; i++) {
            Cell value;
            State state = derive->values[i] ? program_value(derive->values[i], agent->views, &around, &value) : STATE_NULL;
            uint64_t part = state == STATE_OK ? cell_hash(derive->values[i]->type, value) : state;
            hash = (hash ^ part) * UINT64_C(0x9E3779B97F4A7C15) + (hash >> 29);
        }
    }
    return hash ? hash : 1;
}

static void emit_timer_start(Agent *agent, Handle leaf)
{
    const EmitPlan *emit = &agent->plan->emit;
    Set *set = set_of(agent, leaf);
    if (set->emit_timer)
        return;
    int64_t now = agent->cause.time, since = (now % emit->every + emit->every) % emit->every;
    int64_t next = !since && timer_comes(agent, now, emit->inclusive) ? now : now - since + emit->every;
    Handle timer = timer_set(agent, next, emit->inclusive, TIMER_EMIT, leaf, HANDLE_NONE);
    set_of(agent, leaf)->emit_timer = timer;
}

static void aggregate_event(Agent *agent, Handle leaf, const Arrival *arrival)
{
    if (!set_add(agent, leaf, arrival))
        return;
    agent->stats.matches++;
    switch (agent->plan->emit.kind) {
    case EMIT_AT_CLOSE:
        break;
    case EMIT_EVERY:
        emit_timer_start(agent, leaf);
        break;
    case EMIT_ON_CHANGE:
    case EMIT_IMMEDIATELY:
        set_show(agent, leaf, arrival);
        if (agent->plan->emit.kind == EMIT_ON_CHANGE) {
            uint64_t hash = output_hash(agent, leaf);
            if (hash == *set_emitted(agent, leaf))
                break;
            *set_emitted(agent, leaf) = hash;
        }
        derive_set(agent, leaf, arrival->time);
    }
}

/* `emit every`: goes on while the set has members. */
static void aggregate_timer(Agent *agent, Handle leaf, const Timer *timer)
{
    set_of(agent, leaf)->emit_timer = HANDLE_NONE;
    set_expire(agent, leaf, timer->deadline);
    set_show(agent, leaf, NULL);
    derive_set(agent, leaf, timer->deadline);
    if (set_of(agent, leaf)->count)
        emit_timer_start(agent, leaf);
}

static void aggregate_close(Agent *agent, Handle leaf)
{
    if (agent->plan->emit.kind != EMIT_AT_CLOSE)
        return;
    set_expire(agent, leaf, node_close_time(agent, leaf));
    set_show(agent, leaf, NULL);
    derive_set(agent, leaf, node_close_time(agent, leaf));
}

/* ── Thresholds ── */

static bool match_allows(const Agent *agent, const Set *set)
{
    const Policies *policies = &agent->plan->policies;
    return policies->match == MATCH_EVERY_TIME ||
           set->matches < (policies->match == MATCH_ONCE ? 1 : policies->match_at_most);
}

/* A condition over one aggregate is looked at before anything is set up for programs. */
static bool may_hold(const Agent *agent, Handle leaf)
{
    const Compare *condition = &((const SetPlan *)agent->own)->condition;
    Cell value;
    return !condition->simple || (set_value(agent, leaf, condition->source, &value) == STATE_OK && compare_holds(condition, &value));
}

static void threshold_evaluate(Agent *agent, Handle leaf, const Arrival *arrival, int64_t time)
{
    if (!may_hold(agent, leaf))
        return;
    set_show(agent, leaf, arrival);
    if (!views_test(agent, agent->plan->condition, leaf, arrival))
        return;
    agent->stats.matches++;
    derive_set(agent, leaf, time);
    Set *set = set_of(agent, leaf);
    set->matches++;
    set->done = !match_allows(agent, set);
    if (set->done || agent->plan->policies.consume != CONSUME_NONE)
        set_clear(agent, leaf);
}

static void threshold_event(Agent *agent, Handle leaf, const Arrival *arrival)
{
    const Policies *policies = &agent->plan->policies;
    if (set_of(agent, leaf)->done)
        return;
    uint64_t participants = set_add(agent, leaf, arrival);
    bool due = policies->evaluate == EVALUATE_ON ? participants >> policies->evaluate_on & 1
                                                 : policies->evaluate == EVALUATE_IMMEDIATELY && participants;
    if (due)
        threshold_evaluate(agent, leaf, arrival, arrival->time);
}

static void threshold_close(Agent *agent, Handle leaf)
{
    if (agent->plan->policies.evaluate != EVALUATE_AT_CLOSE || set_of(agent, leaf)->done)
        return;
    set_expire(agent, leaf, node_close_time(agent, leaf));
    threshold_evaluate(agent, leaf, NULL, node_close_time(agent, leaf));
}

/* ── Both ── */

static void set_release(Agent *agent, Handle leaf)
{
    timer_cancel(agent, &set_of(agent, leaf)->emit_timer);
    set_clear(agent, leaf);
}

static bool set_is_blank(const Agent *agent, Handle leaf)
{
    const Set *set = set_of(agent, leaf);
    bool counts = agent->plan->policies.match != MATCH_EVERY_TIME && set->matches;
    if (agent_speaks_at_close(agent->plan) && node_enclosing(agent, leaf))
        return false;
    bool on_change = agent->plan->kind == AGENT_AGGREGATE && agent->plan->emit.kind == EMIT_ON_CHANGE;
    return !set->count && !counts && !on_change && !set->emit_timer;
}

static bool set_is_pending(const Agent *agent, Handle leaf)
{
    return set_of(agent, leaf)->emit_timer != HANDLE_NONE;
}

static int64_t set_lasts(const Agent *agent)
{
    bool counts = agent->plan->kind == AGENT_THRESHOLD && agent->plan->policies.match != MATCH_EVERY_TIME;
    bool emits = agent->plan->kind == AGENT_AGGREGATE && agent->plan->emit.kind != EMIT_IMMEDIATELY;
    return agent->trailing.last && !counts && !emits ? agent->trailing.last + 1 : INT64_MAX;
}

const KindOps KIND_AGGREGATE = {
    .state_size = set_size, .init = set_plan, .event = aggregate_event, .timer = aggregate_timer, .close = aggregate_close,
    .release = set_release, .blank = set_is_blank, .pending = set_is_pending, .lasts = set_lasts, .prefetch = set_prefetch,
};

const KindOps KIND_THRESHOLD = {
    .state_size = set_size, .init = set_plan, .event = threshold_event, .close = threshold_close,
    .release = set_release, .blank = set_is_blank, .lasts = set_lasts, .prefetch = set_prefetch,
};
