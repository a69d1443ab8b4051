/* session gap G: one partition from a participant to a pause of G behind its last one.
 *
 * Half-open: a participant at exactly G behind the last one begins another session. Events come in order, and two
 * sessions are at least G apart, so one of them is open at a time. What was derived with an older time joins it if it
 * lies less than G before its beginning, and is a session of its own otherwise, over as soon as it began. */
#include "agents/node.h"
#include "agents/timer.h"

static void expiry_set(Agent *agent, Handle node)
{
    Window *window = node_window(agent, node);
    timer_cancel(agent, &window->expiry);
    window->expiry = timer_set(agent, window->end, false, TIMER_WINDOW, node, HANDLE_NONE);
}

static Handle session_open(Agent *agent, uint32_t level, Handle parent, int64_t time)
{
    const ContextStep *step = agent->levels[level].step;
    Handle node = node_new(agent, level, parent, (Text){"", 0});
    Window *window = node_window(agent, node);
    window->start = time;
    window->serial = agent->serial++;
    if (__builtin_add_overflow(time, step->gap, &window->end))
        window->end = INT64_MAX;
    window->over = !timer_comes(agent, window->end, false);
    if (!window->over)
        expiry_set(agent, node);
    return node;
}

static void session_close(Agent *agent, Handle node)
{
    node_close(agent, node);
    node_free(agent, node);
}

/* The session that a time lies in, or within G before. */
static Handle session_at(const Agent *agent, uint32_t level, Handle parent, int64_t time)
{
    int64_t gap = agent->levels[level].step->gap;
    for (Handle node = node_at(agent, parent)->child; node; node = node_at(agent, node)->next) {
        const Window *window = node_window(agent, node);
        if (time < window->end && window->start - time < gap)
            return node;
    }
    return HANDLE_NONE;
}

static void session_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    Handle node = session_at(agent, level, parent, arrival->time);
    bool takes_part = arrival_takes_part(arrival);
    if (!node && !takes_part)
        return;
    if (!node)
        node = session_open(agent, level, parent, arrival->time);
    Window *window = node_window(agent, node);
    int64_t end;
    if (takes_part && arrival->time < window->start)
        window->start = arrival->time;
    if (takes_part && !__builtin_add_overflow(arrival->time, agent->levels[level].step->gap, &end) && end > window->end) {
        window->end = end;
        expiry_set(agent, node);
    }
    agent_descend(agent, node, arrival);
    if (node_window(agent, node)->over)
        session_close(agent, node);
}

static void session_timer(Agent *agent, Handle node, const Timer *timer)
{
    (void)timer;
    Handle parent = node_at(agent, node)->parent;
    node_window(agent, node)->expiry = HANDLE_NONE;
    session_close(agent, node);
    node_forget_up(agent, parent);
}

const ContextOps CONTEXT_OPS_SESSION = {
    .size = sizeof(Window),
    .windows = true,
    .route = session_route,
    .timer = session_timer,
};
