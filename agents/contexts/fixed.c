/* fixed …: one partition a calendar interval, half-open. Windows of one node do not overlap, so a node has one
 * open window, and for a moment two when output of the window before is still on its way.
 *
 * A window that nothing came into still closes, with its count of 0, where nothing before it in the context
 * asks for a key and the agent has something to say at a close: begin opens it, and closing it opens the next. */
#include "agents/node.h"
#include "agents/timer.h"
#include "cep/calendar.h"

static Handle window_open(Agent *agent, uint32_t level, Handle parent, int64_t start, int64_t end)
{
    Handle node = node_new(agent, level, parent, (Text){"", 0});
    Window *window = node_window(agent, node);
    window->start = start;
    window->end = end;
    window->serial = agent->serial++;
    window->expiry = timer_set(agent, end, false, TIMER_WINDOW, node, HANDLE_NONE);
    return node;
}

/* The open window that an instant lies in. */
static Handle window_at(const Agent *agent, Handle parent, int64_t time)
{
    for (Handle node = node_at(agent, parent)->child; node; node = node_at(agent, node)->next) {
        const Window *window = node_window(agent, node);
        if (window->start <= time && time < window->end)
            return node;
    }
    return HANDLE_NONE;
}

static void fixed_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    Handle node = window_at(agent, parent, arrival->time);
    if (!node && !arrival_is_seen(arrival))
        return;
    if (!node) {
        int64_t start, end;
        if (!calendar_window(agent->levels[level].step, arrival->time, &start, &end))
            return;
        if (!timer_comes(agent, end, false)) {
            agent_reject(agent, "window closed", TEXT("the event's time lies in a window that has closed"), arrival->rows, arrival->row);
            return;
        }
        node = window_open(agent, level, parent, start, end);
    }
    agent_descend(agent, node, arrival);
}

/* Opens the window that holds an instant or, in a gap, the next one. */
static void open_next(Agent *agent, uint32_t level, Handle parent, int64_t from)
{
    int64_t start, end;
    if (!agent_keeps_empty(agent, level) || !calendar_next(agent->levels[level].step, from, &start, &end) ||
        window_at(agent, parent, start))
        return;
    Handle node = window_open(agent, level, parent, start, end);
    agent_begin(agent, level + 1, node, from);
}

static void fixed_timer(Agent *agent, Handle node, const Timer *timer)
{
    Node *self = node_at(agent, node);
    Handle parent = self->parent;
    uint32_t level = self->level;
    node_window(agent, node)->expiry = HANDLE_NONE;
    node_close(agent, node);
    node_free(agent, node);
    open_next(agent, level, parent, timer->deadline);
}

static void fixed_begin(Agent *agent, uint32_t level, Handle parent, int64_t now)
{
    open_next(agent, level, parent, now);
}

const ContextOps CONTEXT_OPS_FIXED = {
    .size = sizeof(Window),
    .windows = true,
    .calendar = true,
    .route = fixed_route,
    .timer = fixed_timer,
    .begin = fixed_begin,
};
