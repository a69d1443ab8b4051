/* The network: inputs and timers one after the other in order-key order, each taken through all agents in
 * topological order before the next (0.3, K.7). */
#include "tests/oracle/naive_parts.h"

/* A row that runs and is not known here fails the run: see coverage.c. */
bool naive_knows_agent(AgentKind kind)
{
    return kind == AGENT_FILTER || kind == AGENT_TRANSLATE || kind == AGENT_PROJECT || kind == AGENT_ENRICH ||
           kind == AGENT_AGGREGATE || kind == AGENT_THRESHOLD || kind == AGENT_PATTERN || kind == AGENT_SEQUENCE ||
           kind == AGENT_EXPECT;
}

bool naive_knows_policy(PolicyValue value)
{
    switch (value) {
    case EVALUATE_IMMEDIATELY: case EVALUATE_AT_CLOSE: case EVALUATE_ON:
    case MATCH_EVERY_TIME: case MATCH_ONCE: case MATCH_AT_MOST: case MATCH_ONCE_PER_RUN:
    case PICK_FIRST: case PICK_LAST: case PICK_EACH:
    case CONSUME_MATCHED: case CONSUME_NONE: case CONSUME_EVERYTHING:
    case ORDER_OCCURRENCE:
    case EVIDENCE_ENDS: case EVIDENCE_LAST: case EVIDENCE_NONE:
        return true;
    default:
        return false;
    }
}

Naive *naive_new(const Plan *plan, Table *const *tables, Arena *arena)
{
    Naive *naive = ARENA_NEW(arena, Naive);
    naive->plan = plan;
    naive->tables = tables;
    naive->arena = arena;
    naive->now = TIME_NONE;
    naive->agents = ARENA_ARRAY(arena, NaiveAgent, plan->nagents);
    for (uint32_t i = 0; i < plan->nagents; i++) {
        naive->agents[i].plan = &plan->agents[i];
        naive->agents[i].index = i;
        naive->agents[i].root = naive_scope_new(naive, NULL);
    }
    return naive;
}

/* K.5, E.2: what the event set and whose place in the order is past fires at once; it derives from the event. */
static void fire_at_once(Naive *naive, NaiveAgent *agent, uint64_t before, Cause *cause)
{
    for (;;) {
        Due due = {0};
        naive_due_behind(naive, agent, before, &due);
        if (!due.agent)
            return;
        NaiveKey key = {.time = due.time, .kind = due.kind, .origin = agent->index, .sequence = UINT64_MAX};
        if (naive_key_compare(&key, &cause->key) > 0)
            return;
        naive_fire(naive, &due, cause);
    }
}

/* Every agent behind `from` sees, in order, the events of the wave that it hears. What an agent derives does not
 * come back to it. */
static void wave_run(Naive *naive, uint32_t from)
{
    for (uint32_t a = from; a < naive->plan->nagents; a++) {
        NaiveAgent *agent = &naive->agents[a];
        uint32_t n = naive->nwave;
        NaiveEvent **wave = ARENA_ARRAY(naive->arena, NaiveEvent *, n + 1);
        if (n)
            memcpy(wave, naive->wave, n * sizeof *wave);
        for (uint32_t i = 0; i < n; i++) {
            Cause cause = {.key = wave[i]->key, .now = naive->now, .event = wave[i]};
            uint64_t before = naive->serials;
            if (wave[i]->agent == agent->plan)
                continue;
            naive_deliver(naive, agent, wave[i], &cause);
            fire_at_once(naive, agent, before, &cause);
        }
    }
    for (uint32_t i = 0; i < naive->nwave; i++) {
        if (!naive->wave[i]->agent)
            continue;
        naive->wave[i]->serial = naive->noutputs;
        naive->outputs = arena_grow(naive->arena, naive->outputs, naive->noutputs, sizeof *naive->outputs);
        naive->outputs[naive->noutputs++] = naive->wave[i];
    }
    naive->nwave = 0;
    naive->wave = NULL;
}

/* Fires, one after the other, what is due before a place in the order. */
static void fire_due(Naive *naive, int64_t time, uint32_t kind)
{
    while (!naive->gave_up) {
        Due due = {0};
        for (uint32_t a = 0; a < naive->plan->nagents; a++)
            naive_due(naive, &naive->agents[a], &due);
        if (!due.agent || due.time > time || (due.time == time && due.kind > kind))
            return;
        naive->now = due.time > naive->now ? due.time : naive->now;
        Cause cause = {.key = {.time = due.time, .kind = due.kind, .origin = due.agent->index, .sequence = ++naive->sequences},
                       .now = naive->now};
        naive_fire(naive, &due, &cause);
        wave_run(naive, due.agent->index + 1);
    }
}

void naive_event(Naive *naive, const NaiveEvent *input)
{
    if (naive->now == TIME_NONE)
        for (uint32_t a = 0; a < naive->plan->nagents; a++)
            naive_begin(naive, &naive->agents[a], input->time);
    fire_due(naive, input->key.time, ORDER_TIMER);
    naive->now = input->key.time;
    NaiveEvent *event = ARENA_NEW(naive->arena, NaiveEvent);
    *event = *input;
    event->serial = naive->ninputs++;
    naive->wave = arena_grow(naive->arena, naive->wave, 0, sizeof *naive->wave);
    naive->wave[naive->nwave++] = event;
    wave_run(naive, 0);
}

void naive_advance(Naive *naive, int64_t time)
{
    fire_due(naive, time, ORDER_TIMER_INCLUSIVE);
    if (naive->now != TIME_NONE && time > naive->now)
        naive->now = time;
}

void naive_close(Naive *naive)
{
    for (uint32_t a = 0; a < naive->plan->nagents; a++) {
        naive_close_all(naive, &naive->agents[a]);
        wave_run(naive, a + 1);
    }
}
