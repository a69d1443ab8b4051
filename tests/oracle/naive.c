/* The network: inputs and timers one after the other in order-key order, each taken through all agents in
 * topological order before the next (0.3, K.7). */
#include "tests/oracle/naive_knows.h"
#include "tests/oracle/naive_parts.h"

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

/* The number of a timer among those that fired at its instant for its partition. */
static uint32_t fired_before(Naive *naive, const Due *due, const NaiveKey *key)
{
    NaiveAgent *agent = due->agent;
    Tally *tally = NULL;
    for (uint32_t i = 0; i < agent->ntallies && !tally; i++)
        if (agent->tallies[i].key.time == key->time && agent->tallies[i].key.kind == key->kind &&
            naive_keys_compare(agent->tallies[i].key.own, key->own) == 0)
            tally = &agent->tallies[i];
    if (!tally) {
        agent->tallies = arena_grow(naive->arena, agent->tallies, agent->ntallies, sizeof *agent->tallies);
        tally = &agent->tallies[agent->ntallies++];
        *tally = (Tally){.key = *key, .shared = -1};
    }
    bool shared = due->owner != due->scope;
    if (shared && tally->shared >= 0)
        return (uint32_t)tally->shared;
    if (shared)
        tally->shared = tally->fired;
    return tally->fired++;
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
        Cause cause = {.key = {.time = due.time, .kind = due.kind, .origin = due.agent->index, .sequence = ++naive->sequences,
                               .timer = due.scope, .own = due.owner},
                       .now = naive->now};
        cause.key.nth = fired_before(naive, &due, &cause.key);
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
