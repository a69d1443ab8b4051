/* sliding D every P [at most N events]: windows that follow the clock and may overlap.
 *
 *   window k is [origin + k × P, … + D), k from 0; at an instant D / P of them are open
 *   with `at most N events` a window closes with its event number N in it; its node stays, empty, for the rest of
 *   its time, so that nothing opens it again
 *
 * The windows of a node hang in its list, the newest first. */
#include "agents/node.h"
#include "agents/timer.h"

/* The start of the last window that has begun; before the origin there is none. */
static bool last_start(const ContextStep *step, int64_t time, int64_t *start)
{
    if (time < step->origin)
        return false;
    *start = time - (int64_t)(((__int128)time - step->origin) % step->every);
    return true;
}

static Handle window_open(Agent *agent, uint32_t level, Handle parent, int64_t start)
{
    const ContextStep *step = agent->levels[level].step;
    Handle node = node_new(agent, level, parent, (Text){"", 0});
    Window *window = node_window(agent, node);
    window->start = start;
    if (__builtin_add_overflow(start, step->length, &window->end))
        window->end = INT64_MAX;
    window->serial = agent->serial++;
    window->expiry = timer_set(agent, window->end, false, TIMER_WINDOW, node, HANDLE_NONE);
    return node;
}

/* Opens a window at an event; what is there without events in one is there in all. */
static Handle window_seen(Agent *agent, uint32_t level, Handle parent, int64_t start)
{
    Handle node = window_open(agent, level, parent, start);
    if (agent_keeps_empty(agent, level))
        agent_begin(agent, level + 1, node, agent->cause.time);
    return node;
}

/* The windows that hold an instant, by k; HANDLE_NONE for those that are not open. Returns how many. */
static uint32_t windows_at(Agent *agent, uint32_t level, Handle parent, int64_t time, int64_t *first, Handle **windows)
{
    const ContextStep *step = agent->levels[level].step;
    int64_t last;
    if (!last_start(step, time, &last) || time - last >= step->length)
        return 0;
    int64_t back = (step->length - 1 - (time - last)) / step->every, most = (int64_t)(((__int128)last - step->origin) / step->every);
    uint32_t n = (uint32_t)(back < most ? back : most) + 1;
    *first = last - (int64_t)(n - 1) * step->every;
    *windows = ARENA_ARRAY(&agent->engine->scratch, Handle, n);
    for (Handle node = node_at(agent, parent)->child; node; node = node_at(agent, node)->next) {
        int64_t start = node_window(agent, node)->start;
        if (start >= *first && start <= last)
            (*windows)[(start - *first) / step->every] = node;
    }
    return n;
}

static void member_count(Agent *agent, Handle node, const Arrival *arrival, uint32_t at_most)
{
    Window *window = node_window(agent, node);
    if (!at_most || !arrival_takes_part(arrival) || ++window->count < at_most)
        return;
    int64_t end = window->end;
    window->full = true;
    window->end = arrival->time;
    node_close(agent, node);
    node_empty(agent, node);
    window->end = end;
}

static void sliding_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    const ContextStep *step = agent->levels[level].step;
    bool seen = arrival_is_seen(arrival), in_one = false;
    int64_t first;
    Handle *windows;
    uint32_t n = windows_at(agent, level, parent, arrival->time, &first, &windows);
    for (uint32_t i = 0; i < n; i++) {
        Handle node = windows[i];
        if (!node && seen && timer_comes(agent, first + i * step->every + step->length, false))
            node = window_seen(agent, level, parent, first + i * step->every);
        if (!node)
            continue;
        in_one = true;
        if (node_window(agent, node)->full)
            continue;
        agent_descend(agent, node, arrival);
        member_count(agent, node, arrival, step->at_most);
    }
    if (n && seen && !in_one)
        agent_reject(agent, "window closed", TEXT("the event's time lies in windows that have all closed"), arrival->rows, arrival->row);
}

/* Opens the windows that hold an instant or, in a gap, the next one. */
static void open_at(Agent *agent, uint32_t level, Handle parent, int64_t time)
{
    const ContextStep *step = agent->levels[level].step;
    if (!agent_keeps_empty(agent, level))
        return;
    int64_t first = step->origin;
    Handle *windows;
    uint32_t n = windows_at(agent, level, parent, time, &first, &windows);
    for (uint32_t i = 0; i < n; i++)
        if (!windows[i])
            agent_begin(agent, level + 1, window_open(agent, level, parent, first + i * step->every), time);
    if (n || node_at(agent, parent)->child)
        return;
    int64_t last;
    if (last_start(step, time, &last) && __builtin_add_overflow(last, step->every, &first))
        return;
    agent_begin(agent, level + 1, window_open(agent, level, parent, first), time);
}

static void sliding_timer(Agent *agent, Handle node, const Timer *timer)
{
    Node *self = node_at(agent, node);
    Handle parent = self->parent;
    uint32_t level = self->level;
    node_window(agent, node)->expiry = HANDLE_NONE;
    node_close(agent, node);
    node_free(agent, node);
    open_at(agent, level, parent, timer->deadline);
    node_forget_up(agent, parent);
}

static void sliding_begin(Agent *agent, uint32_t level, Handle parent, int64_t now)
{
    open_at(agent, level, parent, now);
}

const ContextOps CONTEXT_OPS_SLIDING = {
    .size = sizeof(Window),
    .windows = true,
    .calendar = true,
    .route = sliding_route,
    .timer = sliding_timer,
    .begin = sliding_begin,
};
