/* each N E [every M]: one partition for N counted events, the last of them included.
 *
 *   each 3 E           E E E │ x E E E │ E …      back to back; what comes between two windows is in the next one
 *   each 3 E every 1   a window opens at every E: 1 2 3, 2 3 4, 3 4 5, …
 *   each 3 E every 4   1 2 3, 5 6 7, …            the newest window counts on, closed, to the next opening
 *
 * What is not counted is in the windows that are open. Windows that are not complete at the end of all input are not
 * evaluated. */
#include "agents/node.h"

static Handle window_open(Agent *agent, uint32_t level, Handle parent, int64_t time)
{
    Handle node = node_new(agent, level, parent, (Text){"", 0});
    Window *window = node_window(agent, node);
    window->start = time;
    window->end = INT64_MAX;
    window->serial = agent->serial++;
    return node;
}

/* The window that was opened last, closed or not. */
static Handle newest(const Agent *agent, Handle parent)
{
    return node_at(agent, parent)->child;
}

/* Opens a window if one is due at this event. */
static void initiate(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival, bool counted)
{
    const ContextStep *step = agent->levels[level].step;
    Handle last = newest(agent, parent);
    if (!step->period) {
        if (!last && (counted || arrival_takes_part(arrival)))
            window_open(agent, level, parent, arrival->time);
        return;
    }
    if (!counted || (last && node_window(agent, last)->count < step->period))
        return;
    if (last && node_window(agent, last)->full)
        node_free(agent, last);
    window_open(agent, level, parent, arrival->time);
}

/* The event that completes a window is in it. */
static void complete(Agent *agent, Handle parent, Handle node, int64_t time, uint32_t period)
{
    Window *window = node_window(agent, node);
    window->end = time;
    node_close(agent, node);
    if (node == newest(agent, parent) && window->count < period) {
        window->full = true;
        node_empty(agent, node);
    } else {
        node_free(agent, node);
    }
}

/* The node's windows, the oldest first. */
static uint32_t windows_list(Agent *agent, Handle parent, Handle **windows)
{
    uint32_t n = 0;
    for (Handle node = newest(agent, parent); node; node = node_at(agent, node)->next)
        n++;
    *windows = arena_raw(&agent->engine->scratch, (n + 1) * sizeof **windows);
    uint32_t i = n;
    for (Handle node = newest(agent, parent); node; node = node_at(agent, node)->next)
        (*windows)[--i] = node;
    return n;
}

static void each_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    const Level *self = &agent->levels[level];
    bool counted = arrival_role(arrival, ROLE_OPENER, self->step_index, NULL);
    initiate(agent, level, parent, arrival, counted);
    Handle *windows;
    uint32_t n = windows_list(agent, parent, &windows);
    for (uint32_t i = 0; i < n; i++) {
        Window *window = node_window(agent, windows[i]);
        if (!window->full)
            agent_descend(agent, windows[i], arrival);
        window->count += counted;
        if (!window->full && window->count >= self->step->size)
            complete(agent, parent, windows[i], arrival->time, self->step->period);
    }
}

const ContextOps CONTEXT_OPS_EACH = {.size = sizeof(Window), .windows = true, .route = each_route};
