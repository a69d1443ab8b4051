/* Sequences: a -> b -> c, with loops, within a time. This file says what a match is made of and reports it; how it
 * is found stands in search.c and runs.c. */
#include "agents/patterns/sequence.h"
#include "agents/fan.h"

#include <assert.h>

#include "agents/accumulator.h"

static bool picks_only(const AgentPlan *plan, PolicyValue value)
{
    for (uint32_t s = 0; s < plan->nsteps; s++)
        if (plan->policies.pick[s] != value)
            return false;
    return true;
}

static void sequence_init(Agent *agent)
{
    const AgentPlan *plan = agent->plan;
    const Policies *policies = &plan->policies;
    Arena *arena = &agent->engine->arena;
    SequencePlan *own = ARENA_NEW(arena, SequencePlan);
    assert(plan->nsteps <= STEPS_MAX);
    agent->own = own;
    own->in_order = true;
    for (uint32_t s = 0; s < plan->nsteps; s++) {
        own->in_order &= policies->pick_order[s] == s;
        own->keeps_used |= plan->steps[s].link == LINK_FIRST && policies->consume != CONSUME_NONE;
    }
    own->newest_last = policies->consume != CONSUME_NONE || picks_only(plan, PICK_EACH);
    own->reads_aggregates = ARENA_ARRAY(arena, uint8_t, plan->nconjuncts + 1);
    for (uint32_t c = 0; c < plan->nconjuncts; c++)
        own->reads_aggregates[c] = program_has(plan->conjuncts[c].program, OP_AGGREGATE);
    own->evidence = evidence_of(policies);
    own->runs = runs_fit(agent);
}

static uint32_t sequence_size(const Agent *agent)
{
    return (uint32_t)(sizeof(Sequence) + agent->plan->nsteps * sizeof(Queue));
}

/* ── Time ── */

bool sequence_is_live(const Agent *agent, int64_t time, int64_t now)
{
    const Trailing *trailing = &agent->trailing;
    int64_t age = now - time;
    if (trailing->last && (trailing->inclusive ? age > trailing->last : age >= trailing->last))
        return false;
    return !agent->plan->within || (agent->plan->within_inclusive ? age <= agent->plan->within : age < agent->plan->within);
}

bool sequence_is_within(const Agent *agent, int64_t first, int64_t last)
{
    int64_t span = last - first;
    return !agent->plan->within || (agent->plan->within_inclusive ? span <= agent->plan->within : span < agent->plan->within);
}

/* ── Showing ── */

void sequence_show(Agent *agent, uint32_t step, const Members *members, uint32_t current)
{
    uint32_t participant = agent->plan->steps[step].participant;
    for (uint32_t v = 0; v < agent->plan->nviews; v++) {
        const ViewPlan *view = &agent->plan->views[v];
        if (view->participant != participant || view->which == VIEW_INITIATOR)
            continue;
        uint32_t i = UINT32_MAX;
        if (view->which == VIEW_LATEST)
            i = current;
        else if (view->which == VIEW_PREV)
            i = current - 1; /* of the first member: none */
        else if (view->which == VIEW_FROM_FIRST)
            i = view->k - 1;
        else if (view->k <= members->n)
            i = members->n - view->k;
        agent->views[v] = views_of_record(agent, participant, i < members->n ? members->items[i]->record : HANDLE_NONE);
    }
}

static void accumulate(Agent *agent, Handle leaf, const AggregatePlan *aggregate, Accumulator *acc, const Entry *entry)
{
    View view = views_of_record(agent, aggregate->participant, entry->record);
    Surroundings around = views_surroundings(agent, leaf);
    Cell value = {0};
    Kept kept;
    if (aggregate->where && !(program_value(aggregate->where, &view, &around, &value) == STATE_OK && value.b))
        return;
    State state = aggregate->value ? program_value(aggregate->value, &view, &around, &value) : STATE_OK;
    if (state == STATE_OK && !accumulator_add(&agent->engine->pool, aggregate, acc, false, entry->serial, value, &kept))
        state = STATE_ERROR;
    if (state == STATE_ERROR)
        agent_reject(agent, "evaluation failed", TEXT("the value of an aggregate gave an error"), NULL, 0);
}

/* The value that a finished accumulator gives, safe from the accumulator's end. */
static void aggregate_put(Agent *agent, uint32_t k, const Accumulator *acc)
{
    const AggregatePlan *aggregate = &agent->plan->aggregates[k];
    Cell value = {0};
    agent->aggregate_states[k] = (uint8_t)accumulator_value(&agent->engine->pool, aggregate, acc, false, &value);
    if (agent->aggregate_states[k] == STATE_OK && type_has_bytes(aggregate->type))
        value.s = arena_text(&agent->engine->scratch, value.s);
    agent->aggregates[k] = value;
}

void sequence_aggregate(Agent *agent, Handle leaf, const Members *members, uint32_t nsteps)
{
    for (uint32_t k = 0; k < agent->plan->naggregates; k++) {
        const AggregatePlan *aggregate = &agent->plan->aggregates[k];
        Accumulator acc = {0};
        if (agent->plan->participants[aggregate->participant].row)
            continue;
        for (uint32_t s = 0; s < nsteps; s++)
            for (uint32_t i = 0; agent->plan->steps[s].participant == aggregate->participant && i < members[s].n; i++)
                accumulate(agent, leaf, aggregate, &acc, members[s].items[i]);
        aggregate_put(agent, k, &acc);
        accumulator_clear(&agent->engine->pool, aggregate, &acc, false);
    }
}

/* ── Reporting ── */

static EventId entry_id(const Agent *agent, const Entry *entry)
{
    return record_at(&agent->engine->pool, entry->record)->id;
}

/* The ids of the match's events, as many as `evidence` keeps. */
static uint32_t causes_make(Agent *agent, const Members *members, EventId **causes, uint64_t *count)
{
    const SequencePlan *own = sequence_plan_of(agent);
    uint32_t most = own->evidence.first + own->evidence.last, total = 0, n = 0, at = 0;
    for (uint32_t s = 0; s < agent->plan->nsteps; s++)
        total += members[s].n;
    *count = total;
    *causes = arena_raw(&agent->engine->scratch, (most + 1) * sizeof **causes);
    for (uint32_t s = 0; s < agent->plan->nsteps; s++)
        for (uint32_t i = 0; i < members[s].n; i++, at++)
            if (at < own->evidence.first || (total <= most ? most != 0 : at >= total - own->evidence.last))
                (*causes)[n++] = entry_id(agent, members[s].items[i]);
    return n;
}

void sequence_report(Agent *agent, Handle leaf, const Members *members, int64_t time)
{
    Sequence *sequence = sequence_at(agent, leaf);
    const Policies *policies = &agent->plan->policies;
    for (uint32_t s = 0; s < agent->plan->nsteps; s++)
        sequence_show(agent, s, &members[s], members[s].n - 1);
    views_initiator(agent, leaf);
    if (agent->plan->naggregates)
        sequence_aggregate(agent, leaf, members, agent->plan->nsteps);
    sequence->matches++;
    agent->stats.matches++;
    sequence->done = policies->match == MATCH_ONCE ||
                     (policies->match == MATCH_AT_MOST && sequence->matches >= policies->match_at_most);
    EventId *causes;
    uint64_t count;
    uint32_t n = causes_make(agent, members, &causes, &count);
    fan_derive(agent, PORT_MAIN, leaf, time, causes, n, count, NULL);
}

/* ── The kind ── */

uint32_t sequence_steps(const Agent *agent, const Arrival *arrival)
{
    uint32_t steps = 0;
    for (uint32_t r = 0; r < arrival->input->nroles; r++) {
        const RolePlan *role = &arrival->input->roles[r];
        if (role->kind != ROLE_PARTICIPANT || !(arrival->roles >> r & 1))
            continue;
        for (uint32_t s = 0; s < agent->plan->nsteps; s++)
            if (agent->plan->steps[s].participant == role->index)
                steps |= UINT32_C(1) << s;
    }
    return steps;
}

static void sequence_release(Agent *agent, Handle leaf)
{
    if (sequence_plan_of(agent)->runs)
        runs_release(agent, leaf);
    for (uint32_t s = 0; s < agent->plan->nsteps; s++)
        queue_clear(agent, sequence_queue(agent, leaf, s));
}

/* Whether the event is of the participant that `evaluate on` names, which need not be a step. */
static bool is_asked(const Agent *agent, const Arrival *arrival)
{
    if (agent->plan->policies.evaluate != EVALUATE_ON)
        return false;
    for (uint32_t r = 0; r < arrival->input->nroles; r++)
        if ((arrival->roles >> r & 1) && arrival->input->roles[r].kind == ROLE_PARTICIPANT &&
            arrival->input->roles[r].index == agent->plan->policies.evaluate_on)
            return true;
    return false;
}

static void sequence_event(Agent *agent, Handle leaf, const Arrival *arrival)
{
    uint32_t steps = sequence_steps(agent, arrival);
    if (sequence_at(agent, leaf)->done)
        return;
    if (steps && sequence_plan_of(agent)->runs)
        runs_event(agent, leaf, arrival, steps);
    else if (steps)
        search_event(agent, leaf, arrival, steps);
    if (is_asked(agent, arrival))
        search_evaluate(agent, leaf);
    if (sequence_at(agent, leaf)->done)
        sequence_release(agent, leaf);
}

static void sequence_close(Agent *agent, Handle leaf)
{
    if (agent->plan->policies.evaluate == EVALUATE_AT_CLOSE && !sequence_at(agent, leaf)->done)
        search_close(agent, leaf);
}

static bool sequence_is_blank(const Agent *agent, Handle leaf)
{
    const Sequence *sequence = sequence_at(agent, leaf);
    if (agent->plan->policies.match != MATCH_EVERY_TIME && sequence->matches)
        return false;
    for (uint32_t s = 0; s < agent->plan->nsteps; s++)
        if (sequence_queue(agent, leaf, s)->n)
            return false;
    return true;
}

static int64_t sequence_lasts(const Agent *agent)
{
    bool counts = agent->plan->policies.match != MATCH_EVERY_TIME;
    return agent->plan->within && !counts ? agent->plan->within + 1 : INT64_MAX;
}

const KindOps KIND_SEQUENCE = {
    .state_size = sequence_size, .init = sequence_init, .event = sequence_event, .close = sequence_close,
    .release = sequence_release, .blank = sequence_is_blank, .lasts = sequence_lasts,
};
