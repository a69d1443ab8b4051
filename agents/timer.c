/* Setting, cancelling and firing the timers of an agent. */
#include "agents/timer.h"

#include "agents/node.h"
#include "agents/quiet.h"

/* Of timers that fire behind one with a greater key, which no partition does to another, but a trigger of one partition
 * to the `quiet … per` of another may. */
#define NTH_STRAYS (UINT32_C(1) << 30)

static void due_add(Agent *agent, Handle handle)
{
    Engine *engine = agent->engine;
    const Timer *timer = pool_at(&engine->pool, handle);
    Text key = timer->kind == TIMER_QUIET ? quiet_key(agent, timer->owner) : node_key(agent, timer->owner);
    due_push(&agent->due, engine->memory,
             (DueEntry){timer->deadline, timer->serial, arena_text(&engine->batch.arena, key), handle, timer->inclusive});
}

/* What an agent upstream derived at a timer of this instant comes before this agent's own timers. */
bool timer_comes(const Agent *agent, int64_t deadline, bool inclusive)
{
    const OrderKey *cause = &agent->cause;
    uint32_t kind = inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER;
    if (deadline != cause->time)
        return deadline > cause->time;
    return kind > cause->kind || (kind == cause->kind && cause->path);
}

Handle timer_set(Agent *agent, int64_t deadline, bool inclusive, TimerKind kind, Handle owner, Handle item)
{
    Engine *engine = agent->engine;
    if (engine->started && !timer_comes(agent, deadline, inclusive)) {
        deadline = agent->cause.time;
        inclusive = true;
    }
    Timer timer = {.deadline = deadline, .agent = agent->index, .owner = owner, .item = item,
                   .kind = (uint8_t)kind, .inclusive = inclusive};
    if (!wheel_is_due(&engine->wheel, deadline, inclusive))
        return wheel_set(&engine->wheel, timer);
    timer.level = WHEEL_LEVELS;
    timer.serial = engine->wheel.serial++;
    Handle handle = pool_alloc(&engine->pool, sizeof timer);
    *(Timer *)pool_at(&engine->pool, handle) = timer;
    due_add(agent, handle);
    return handle;
}

void timer_cancel(Agent *agent, Handle *handle)
{
    if (!*handle)
        return;
    Timer *timer = pool_at(&agent->engine->pool, *handle);
    if (timer->level == WHEEL_LEVELS)
        timer->cancelled = true; /* its entry among the due ones frees it */
    else
        wheel_cancel(&agent->engine->wheel, *handle);
    *handle = HANDLE_NONE;
}

void timer_due(Agent *agent, Handle timer)
{
    due_add(agent, timer);
    agent_activate(agent);
}

/* Which of the instant's timers with its key it is. Keys rise from timer to timer, so the last one is enough to know. */
static uint32_t nth_of(Agent *agent, const DueEntry *entry)
{
    const DueEntry *last = &agent->timer;
    bool same_instant = last->deadline == entry->deadline && last->inclusive == entry->inclusive;
    int order = same_instant ? text_compare(entry->key, last->key) : 1;
    if (order < 0)
        return NTH_STRAYS + agent->timer_strays++;
    if (order == 0)
        return ++agent->timer_nth;
    if (!same_instant)
        agent->timer_strays = 0;
    agent->timer = *entry;
    return agent->timer_nth = 0;
}

static void timer_fire(Agent *agent)
{
    DueEntry entry = due_pop(&agent->due);
    Engine *engine = agent->engine;
    Timer timer = *(Timer *)pool_at(&engine->pool, entry.timer);
    pool_free(&engine->pool, entry.timer, sizeof timer);
    if (timer.cancelled)
        return;
    OrderTimer *trigger = arena_raw(&engine->batch.arena, sizeof *trigger);
    *trigger = (OrderTimer){.key = entry.key, .own = entry.key.len, .nth = nth_of(agent, &entry)};
    OrderKey key = {.time = entry.deadline, .kind = entry.inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER,
                    .origin = agent->index, .timer = trigger};
    agent_trigger(agent, key, (EventId){0, 0});
    agent_timer(agent, &timer);
}

/* A timer comes before an event of its instant, an inclusive one after it; what an agent upstream derived at a
 * timer of this instant comes before this agent's own timers. */
static bool timer_is_before(const DueEntry *timer, const OrderKey *event)
{
    if (timer->deadline != event->time)
        return timer->deadline < event->time;
    return (timer->inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER) < event->kind;
}

void timer_fire_before(Agent *agent, const OrderKey *event)
{
    while (agent->due.n && (!event || timer_is_before(&agent->due.heap[0], event)))
        timer_fire(agent);
}
