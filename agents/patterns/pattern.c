/* The agent kind of the patterns over a set: see pattern.h. */
#include "agents/patterns/pattern.h"

#include "agents/fan.h"
#include "agents/views.h"

static const PatternOps *const patterns[] = {
#define X(name, word, what) [PATTERN_##name] = &PATTERN_OPS_##name,
#include "cep/patterns.def"
#undef X
};

/* Behind the Set, whose size need not be one of 8 bytes. */
static uint32_t state_offset(const Agent *agent)
{
    return (set_size(agent) + 7) & ~7u;
}

static PatternState *state_at(const Agent *agent, Handle leaf)
{
    return (PatternState *)((char *)node_state(agent, leaf) + state_offset(agent));
}

static Set *set_of(const Agent *agent, Handle leaf)
{
    return node_state(agent, leaf);
}

static uint32_t pattern_size(const Agent *agent)
{
    return state_offset(agent) + (uint32_t)sizeof(PatternState);
}

/* ── Reporting ── */

static bool match_allows(const Agent *agent, const Set *set)
{
    const Policies *policies = &agent->plan->policies;
    return policies->match == MATCH_EVERY_TIME || policies->match == MATCH_ONCE_PER_RUN ||
           set->matches < (policies->match == MATCH_ONCE ? 1 : policies->match_at_most);
}

static void report(Agent *agent, Handle leaf, int64_t time)
{
    const EventId *causes;
    uint64_t count;
    agent->stats.matches++;
    uint32_t n = set_causes(agent, leaf, &causes, &count);
    fan_derive(agent, PORT_MAIN, leaf, time, causes, n, count, NULL);
    Set *set = set_of(agent, leaf);
    set->matches++;
    set->done = !match_allows(agent, set);
    if (set->done || agent->plan->policies.consume != CONSUME_NONE)
        set_clear(agent, leaf);
}

/* once_per_run is over when the pattern, in `take`, says so. */
static void evaluate(Agent *agent, Handle leaf, const Arrival *arrival, int64_t time)
{
    PatternState *state = state_at(agent, leaf);
    set_show(agent, leaf, arrival);
    bool holds = patterns[agent->plan->pattern.kind]->holds(agent, leaf, state, state->members - set_of(agent, leaf)->count);
    if (!holds || (state->reported && agent->plan->policies.match == MATCH_ONCE_PER_RUN) ||
        !views_test(agent, agent->plan->condition, leaf, arrival))
        return;
    state->reported = true;
    report(agent, leaf, time);
}

/* ── Events ── */

static uint64_t participants_of(const Arrival *arrival)
{
    uint64_t participants = 0;
    for (uint32_t r = 0; r < arrival->input->nroles; r++)
        if (arrival->input->roles[r].kind == ROLE_PARTICIPANT && (arrival->roles >> r & 1))
            participants |= UINT64_C(1) << arrival->input->roles[r].index;
    return participants;
}

/* The pattern looks at one participant; the others are members for the aggregates. */
static bool takes(Agent *agent, Handle leaf, PatternState *state, const Arrival *arrival, uint64_t participants)
{
    const PatternPlan *pattern = &agent->plan->pattern;
    if (!pattern->value || !(participants >> pattern->participant & 1))
        return true;
    PatternEvent event;
    event.state = set_program(agent, leaf, pattern->value, pattern->participant, arrival, &event.value);
    if (event.state == STATE_ERROR)
        agent_reject(agent, "evaluation failed", TEXT("the value of a pattern gave an error"), arrival->rows, arrival->row);
    return patterns[pattern->kind]->take(agent, leaf, state, &event);
}

static void pattern_event(Agent *agent, Handle leaf, const Arrival *arrival)
{
    const Policies *policies = &agent->plan->policies;
    PatternState *state = state_at(agent, leaf);
    uint64_t participants = participants_of(arrival);
    if (set_of(agent, leaf)->done || !participants)
        return;
    set_expire(agent, leaf, arrival->time);
    if (!takes(agent, leaf, state, arrival, participants))
        return;
    state->members++;
    if (participants & agent->plan->pattern.absent)
        state->last = state->members;
    set_add(agent, leaf, arrival);
    bool due = policies->evaluate == EVALUATE_ON ? participants >> policies->evaluate_on & 1
                                                 : policies->evaluate == EVALUATE_IMMEDIATELY;
    if (due)
        evaluate(agent, leaf, arrival, arrival->time);
}

static void pattern_close(Agent *agent, Handle leaf)
{
    if (agent->plan->policies.evaluate != EVALUATE_AT_CLOSE || set_of(agent, leaf)->done)
        return;
    set_expire(agent, leaf, node_close_time(agent, leaf));
    evaluate(agent, leaf, NULL, node_close_time(agent, leaf));
}

static void pattern_release(Agent *agent, Handle leaf)
{
    PatternState *state = state_at(agent, leaf);
    if (state->has_value)
        kept_free(&agent->engine->pool, agent->plan->pattern.value->type, state->value);
    state->has_value = false;
    set_clear(agent, leaf);
}

static bool pattern_is_blank(const Agent *agent, Handle leaf)
{
    const PatternState *state = state_at(agent, leaf);
    const Set *set = set_of(agent, leaf);
    bool counts = agent->plan->policies.match != MATCH_EVERY_TIME && set->matches;
    if (agent_speaks_at_close(agent->plan) && node_enclosing(agent, leaf))
        return false;
    return !set->count && !counts && !state->held && !state->reported;
}

const KindOps KIND_PATTERN = {
    .state_size = pattern_size, .init = set_plan, .event = pattern_event, .close = pattern_close,
    .release = pattern_release, .blank = pattern_is_blank, .prefetch = set_prefetch,
};
