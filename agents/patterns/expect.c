/* Expect: the absence pattern as a statement. Every `on` event starts a clock; an event that is expected answers
 * every clock that it fits; a clock that runs out says so.
 *
 * The clocks of a leaf hang in a list, the oldest first; each has a timer and keeps what is read of its event. A
 * leaf without clocks is blank and goes at once, so a million order numbers cost nothing once they are answered. */
#include "agents/fan.h"
#include "agents/timer.h"

typedef struct Clock {
    Handle next, prev;
    Handle timer;
    Handle record;        /* the `on` event */
    uint32_t participant; /* its alias */
    int64_t deadline;     /* ns */
    EventId id;
} Clock;

typedef struct Clocks {
    Handle first, last;
} Clocks;

static uint32_t clocks_size(const Agent *agent)
{
    (void)agent;
    return sizeof(Clocks);
}

static Clock *clock_at(const Agent *agent, Handle clock)
{
    return pool_at(&agent->engine->pool, clock);
}

static void clock_remove(Agent *agent, Handle leaf, Handle handle)
{
    Clocks *clocks = node_state(agent, leaf);
    Clock *clock = clock_at(agent, handle);
    *(clock->prev ? &clock_at(agent, clock->prev)->next : &clocks->first) = clock->next;
    *(clock->next ? &clock_at(agent, clock->next)->prev : &clocks->last) = clock->prev;
    timer_cancel(agent, &clock->timer);
    record_unref(&agent->engine->pool, clock->record);
    pool_free(&agent->engine->pool, handle, sizeof *clock);
}

/* Shows a clock's event to programs, and none of the expected ones. */
static void clock_show(Agent *agent, Handle leaf, const Clock *clock)
{
    for (uint32_t p = 0; p < agent->plan->nevents; p++)
        if (p == clock->participant)
            views_record(agent, p, clock->record);
        else
            views_none(agent, p);
    views_initiator(agent, leaf);
}

static void derive_clock(Agent *agent, DerivePort port, Handle leaf, int64_t time, const EventId *causes, uint32_t n)
{
    agent->stats.matches++;
    bool evidence = agent->plan->policies.evidence != EVIDENCE_NONE;
    fan_derive(agent, port, leaf, time, causes, evidence ? n : 0, n, NULL);
}

/* When the clock of an event runs out. False: `since` names a value that is missing, and the event's own time was
 * taken. */
static bool clock_deadline(Agent *agent, Handle leaf, const Arrival *arrival, int64_t *deadline)
{
    const ExpectPlan *expect = &agent->plan->expect;
    int64_t from = arrival->time;
    bool known = true;
    if (expect->since) {
        Surroundings around = views_surroundings(agent, leaf);
        Cell value;
        known = program_value(expect->since, agent->views, &around, &value) == STATE_OK;
        from = known ? value.i : from;
    }
    if (__builtin_add_overflow(from, expect->within, deadline))
        *deadline = INT64_MAX;
    return known;
}

static void clock_start(Agent *agent, Handle leaf, uint32_t participant, const Arrival *arrival)
{
    Pool *pool = &agent->engine->pool;
    int64_t deadline;
    for (uint32_t p = 0; p < agent->plan->nevents; p++)
        views_none(agent, p);
    views_row(agent, participant, arrival->rows, arrival->row);
    views_initiator(agent, leaf);
    if (!clock_deadline(agent, leaf, arrival, &deadline))
        agent_reject(agent, "no start", TEXT("the time that `since` names is missing; the clock starts at the event"),
                     arrival->rows, arrival->row);
    if (!timer_comes(agent, deadline, agent->plan->expect.inclusive)) { /* it was over before it began */
        derive_clock(agent, PORT_OTHERWISE, leaf, agent->cause.time, &arrival->id, 1);
        return;
    }
    Handle handle = pool_alloc(pool, sizeof(Clock));
    Handle record = record_new(pool, &agent->plan->participants[participant].shape, arrival->rows, arrival->row);
    Clocks *clocks = node_state(agent, leaf);
    *clock_at(agent, handle) = (Clock){.prev = clocks->last, .record = record, .participant = participant,
                                       .deadline = deadline, .id = arrival->id};
    *(clocks->last ? &clock_at(agent, clocks->last)->next : &clocks->first) = handle;
    clocks->last = handle;
    Handle timer = timer_set(agent, deadline, agent->plan->expect.inclusive, TIMER_CLOCK, leaf, handle);
    clock_at(agent, handle)->timer = timer;
}

/* The running clock that an `on` event of the same line started. */
static Handle clock_running(const Agent *agent, Handle leaf, uint32_t participant)
{
    const Clocks *clocks = node_state(agent, leaf);
    for (Handle clock = clocks->first; clock; clock = clock_at(agent, clock)->next)
        if (clock_at(agent, clock)->participant == participant)
            return clock;
    return HANDLE_NONE;
}

static void on_event(Agent *agent, Handle leaf, uint32_t participant, const Arrival *arrival)
{
    Again again = agent->plan->expect.again;
    Handle running = again == AGAIN_ADD ? HANDLE_NONE : clock_running(agent, leaf, participant);
    if (running && again == AGAIN_IGNORE)
        return;
    if (running)
        clock_remove(agent, leaf, running);
    clock_start(agent, leaf, participant, arrival);
}

/* What is derived at the instant of the deadline comes before the timer and is late all the same. */
static bool in_time(const Agent *agent, const Clock *clock, int64_t time)
{
    return agent->plan->expect.inclusive ? time <= clock->deadline : time < clock->deadline;
}

/* The event's first role of a kind that fits a clock, whose event is shown; NULL if there is none. */
static const RolePlan *role_fitting(Agent *agent, Handle leaf, RoleKind kind, const Clock *clock, const Arrival *arrival)
{
    for (uint32_t r = 0; r < arrival->input->nroles; r++) {
        const RolePlan *role = &arrival->input->roles[r];
        if (role->kind != kind || !(arrival->roles >> r & 1))
            continue;
        clock_show(agent, leaf, clock);
        views_row(agent, role->index, arrival->rows, arrival->row);
        if (views_test(agent, role->when, leaf, arrival))
            return role;
    }
    return NULL;
}

/* Ends the clocks that the event answers or cancels, the oldest first; what does both cancels. */
static void clocks_end(Agent *agent, Handle leaf, const Arrival *arrival)
{
    const Clocks *clocks = node_state(agent, leaf);
    for (Handle handle = clocks->first, next; handle; handle = next) {
        Clock clock = *clock_at(agent, handle);
        next = clock.next;
        if (!in_time(agent, &clock, arrival->time))
            continue;
        bool cancelled = role_fitting(agent, leaf, ROLE_CANCELLER, &clock, arrival) != NULL;
        if (!cancelled && !role_fitting(agent, leaf, ROLE_EXPECTED, &clock, arrival))
            continue;
        record_ref(&agent->engine->pool, clock.record);
        clock_remove(agent, leaf, handle);
        EventId causes[] = {clock.id, arrival->id};
        if (!cancelled)
            derive_clock(agent, PORT_MAIN, leaf, arrival->time, causes, 2);
        record_unref(&agent->engine->pool, clock.record);
    }
}

/* Answers come before starts: what is expected must come after the `on` event. */
static void expect_event(Agent *agent, Handle leaf, const Arrival *arrival)
{
    clocks_end(agent, leaf, arrival);
    for (uint32_t r = 0; r < arrival->input->nroles; r++)
        if (arrival->input->roles[r].kind == ROLE_PARTICIPANT && (arrival->roles >> r & 1))
            on_event(agent, leaf, arrival->input->roles[r].index, arrival);
}

static void expect_timer(Agent *agent, Handle leaf, const Timer *timer)
{
    Clock clock = *clock_at(agent, timer->item);
    clock_at(agent, timer->item)->timer = HANDLE_NONE;
    record_ref(&agent->engine->pool, clock.record);
    clock_remove(agent, leaf, timer->item);
    clock_show(agent, leaf, &clock);
    derive_clock(agent, PORT_OTHERWISE, leaf, agent->cause.time, &clock.id, 1);
    record_unref(&agent->engine->pool, clock.record);
    node_forget_up(agent, leaf);
}

static void expect_release(Agent *agent, Handle leaf)
{
    Clocks *clocks = node_state(agent, leaf);
    while (clocks->first)
        clock_remove(agent, leaf, clocks->first);
}

static bool expect_is_blank(const Agent *agent, Handle leaf)
{
    return !((const Clocks *)node_state(agent, leaf))->first;
}

static bool expect_is_pending(const Agent *agent, Handle leaf)
{
    return !expect_is_blank(agent, leaf);
}

const KindOps KIND_EXPECT = {
    .state_size = clocks_size, .event = expect_event, .timer = expect_timer, .release = expect_release,
    .blank = expect_is_blank, .pending = expect_is_pending,
};
