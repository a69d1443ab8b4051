/* Runs: sequences in which every step after the first binds for good, `a -> first b -> first c`, each `a` begins a
 * partial match of its own and nothing is consumed.
 *
 *   stage 0   a1 a2 a5 …            runs that wait for b     queue 0: entries of the events
 *   stage 1   (a3,b1) (a4,b1) …     runs that wait for c     queue 1: entries whose record is a cell of entries
 *
 * An event of step k completes or moves on, at once and for good, every run of stage k−1 whose conditions it
 * fits; so where no condition joins the steps, a run is looked at once in all. Time and serial of a run are those
 * of its first event. */
#include "agents/patterns/sequence.h"

bool runs_fit(const Agent *agent)
{
    const AgentPlan *plan = agent->plan;
    const Policies *policies = &plan->policies;
    if (policies->consume != CONSUME_NONE || policies->evaluate != EVALUATE_IMMEDIATELY || agent->trailing.members ||
        plan->nsteps < 2 || plan->steps[0].link == LINK_FIRST || policies->pick[0] != PICK_EACH || policies->pick_order[0] != 0)
        return false;
    for (uint32_t s = 0; s < plan->nsteps; s++)
        if (plan->steps[s].loop || (s > 0 && plan->steps[s].link != LINK_FIRST))
            return false;
    return true;
}

static uint32_t run_size(uint32_t stage)
{
    return (stage + 1) * (uint32_t)sizeof(Entry);
}

/* The events that a run of a stage has bound, stage + 1 of them. */
static const Entry *run_entries(const Agent *agent, const Entry *run, uint32_t stage)
{
    return stage == 0 ? run : pool_at(&agent->engine->pool, run->record);
}

static void run_free(Agent *agent, const Entry *run, uint32_t stage)
{
    Pool *pool = &agent->engine->pool;
    const Entry *entries = run_entries(agent, run, stage);
    for (uint32_t s = 0; s <= stage; s++)
        record_unref(pool, entries[s].record);
    if (stage > 0)
        pool_free(pool, run->record, run_size(stage));
}

/* A run that has bound one event more; takes over the old run's references and one of the event's. */
static Entry run_extend(Agent *agent, const Entry *run, uint32_t stage, Entry event)
{
    Pool *pool = &agent->engine->pool;
    Handle cell = pool_alloc(pool, run_size(stage + 1));
    Entry *entries = pool_at(pool, cell);
    memcpy(entries, run_entries(agent, run, stage), (stage + 1) * sizeof *entries);
    entries[stage + 1] = event;
    if (stage > 0)
        pool_free(pool, run->record, run_size(stage));
    return (Entry){run->serial, run->time, cell, 0, 0, 0};
}

static void show(Agent *agent, const Entry *entries, uint32_t n)
{
    for (uint32_t s = 0; s < n; s++) {
        const Entry *item = &entries[s];
        sequence_show(agent, s, &(Members){&item, 1}, 0);
    }
}

/* Whether an event may begin a run: the conditions that name the first step alone. */
static bool begins(Agent *agent, Handle leaf, const Entry *event)
{
    const AgentPlan *plan = agent->plan;
    for (uint32_t c = 0; c < plan->nconjuncts; c++) {
        if (plan->conjuncts[c].step != 0)
            continue;
        show(agent, event, 1);
        if (!views_test(agent, plan->conjuncts[c].program, leaf, NULL))
            return false;
    }
    return true;
}

/* Whether the event fits a run of the stage before: the conditions that name its step last. */
static bool fits(Agent *agent, Handle leaf, const Entry *run, uint32_t stage, const Entry *event)
{
    const AgentPlan *plan = agent->plan;
    bool shown = false;
    for (uint32_t c = 0; c < plan->nconjuncts; c++) {
        if (plan->conjuncts[c].step != stage + 1)
            continue;
        if (!shown) {
            show(agent, run_entries(agent, run, stage), stage + 1);
            sequence_show(agent, stage + 1, &(Members){&event, 1}, 0);
            shown = true;
        }
        if (!views_test(agent, plan->conjuncts[c].program, leaf, NULL))
            return false;
    }
    return true;
}

typedef struct Completed {
    Entry *runs; /* of the stage before the last, in the engine's scratch */
    uint32_t n;
} Completed;

/* Moves on the runs of a stage that the event fits. Those that it completes are put aside. */
static void stage_advance(Agent *agent, Handle leaf, uint32_t stage, const Entry *event, Completed *completed)
{
    Queue *queue = sequence_queue(agent, leaf, stage);
    uint32_t kept = 0, n = queue->n;
    for (uint32_t i = 0; i < n; i++) {
        Entry run = *queue_at(agent, queue, i);
        if (!sequence_is_live(agent, run.time, event->time)) {
            run_free(agent, &run, stage);
        } else if (!fits(agent, leaf, &run, stage, event)) {
            *queue_at(agent, queue, kept++) = run;
        } else if (stage + 2 == agent->plan->nsteps) {
            completed->runs = arena_grow(&agent->engine->scratch, completed->runs, completed->n, sizeof run);
            completed->runs[completed->n++] = run;
        } else {
            record_ref(&agent->engine->pool, event->record);
            queue_push(agent, sequence_queue(agent, leaf, stage + 1), run_extend(agent, &run, stage, *event));
        }
    }
    queue->n = kept;
}

/* Runs of a later stage may stand in another order than their first events. */
static void completed_sort(Completed *completed)
{
    for (uint32_t i = 1; i < completed->n; i++) {
        Entry run = completed->runs[i];
        uint32_t k = i;
        for (; k > 0 && completed->runs[k - 1].serial > run.serial; k--)
            completed->runs[k] = completed->runs[k - 1];
        completed->runs[k] = run;
    }
}

static void completed_report(Agent *agent, Handle leaf, const Completed *completed, const Entry *event)
{
    uint32_t stage = agent->plan->nsteps - 2;
    for (uint32_t i = 0; i < completed->n; i++) {
        const Entry *entries = run_entries(agent, &completed->runs[i], stage), *items[STEPS_MAX];
        Members members[STEPS_MAX];
        for (uint32_t s = 0; s < agent->plan->nsteps; s++) {
            items[s] = s <= stage ? &entries[s] : event;
            members[s] = (Members){&items[s], 1};
        }
        if (!sequence_at(agent, leaf)->done)
            sequence_report(agent, leaf, members, event->time);
        run_free(agent, &completed->runs[i], stage);
    }
}

/* Drops what is out of time from the front, so that runs which nothing comes for do not pile up. */
static void front_expire(Agent *agent, Handle leaf, int64_t now)
{
    for (uint32_t stage = 0; stage + 1 < agent->plan->nsteps; stage++) {
        Queue *queue = sequence_queue(agent, leaf, stage);
        while (queue->n && !sequence_is_live(agent, queue_at(agent, queue, 0)->time, now)) {
            run_free(agent, queue_at(agent, queue, 0), stage);
            queue->head = (queue->head + 1) & (queue->room - 1);
            queue->n--;
        }
    }
}

/* Later steps first, so that one event does not move a run two steps. */
void runs_event(Agent *agent, Handle leaf, const Arrival *arrival, uint32_t steps)
{
    Pool *pool = &agent->engine->pool;
    Completed completed = {0};
    Entry event = {agent->serial, arrival->time, HANDLE_NONE, 0, 0, 0};
    front_expire(agent, leaf, arrival->time);
    for (uint32_t step = agent->plan->nsteps; step-- > 0;) {
        if (!(steps >> step & 1) || (step > 0 && !sequence_queue(agent, leaf, step - 1)->n))
            continue;
        const Shape *shape = &agent->plan->participants[agent->plan->steps[step].participant].shape;
        event.record = record_new(pool, shape, arrival->rows, arrival->row);
        if (step == 0) {
            if (begins(agent, leaf, &event))
                queue_push(agent, sequence_queue(agent, leaf, 0), event);
            else
                record_unref(pool, event.record);
            continue;
        }
        stage_advance(agent, leaf, step - 1, &event, &completed);
        if (step + 1 == agent->plan->nsteps) {
            completed_sort(&completed);
            completed_report(agent, leaf, &completed, &event);
        }
        record_unref(pool, event.record);
    }
}

void runs_release(Agent *agent, Handle leaf)
{
    for (uint32_t stage = 0; stage < agent->plan->nsteps; stage++) {
        Queue *queue = sequence_queue(agent, leaf, stage);
        for (uint32_t i = 0; i < queue->n; i++)
            run_free(agent, queue_at(agent, queue, i), stage);
        queue->n = 0;
        queue_clear(agent, queue);
    }
}
