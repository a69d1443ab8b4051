/* from A to B: one partition from an opening event to a closing one.
 *
 * For each event, in this order (SEMANTICS 0.3): it closes the windows that it terminates and is not in them;
 * it opens one, by the initiator policy `again`, and is in it; it goes into every window that is then open.
 * A window whose time was over before it began closes with its opener alone. A window that has reached its number
 * of events, participants and its opener, closes with that event inside. */
#include "agents/timer.h"
#include "agents/views.h"

/* Whether the event has a role toward a window whose opener its predicate may read. */
static bool has_role(Agent *agent, Handle node, const Arrival *arrival, RoleKind kind, uint32_t step)
{
    for (const RolePlan *role = NULL; (role = arrival_role(arrival, kind, step, role));) {
        if (!role->when)
            return true;
        if (role->participant != INDEX_NONE)
            views_row(agent, role->participant, arrival->rows, arrival->row);
        views_initiator(agent, node);
        if (views_test(agent, role->when, node, arrival))
            return true;
    }
    return false;
}

/* The end that the opener sets: `for at most D [since EXPR]`. */
static void expiry_set(Agent *agent, Handle node, const ContextStep *step, const Arrival *arrival)
{
    if (!step->for_at_most)
        return;
    Window *window = node_window(agent, node);
    int64_t from = arrival->time;
    if (step->since) {
        views_initiator(agent, node);
        Surroundings around = views_surroundings(agent, node);
        Cell value;
        if (program_value(step->since, agent->views, &around, &value) != STATE_OK) {
            agent_reject(agent, "no expiry", TEXT("the time that `since` names is missing; the window has no time limit"),
                         arrival->rows, arrival->row);
            return;
        }
        from = value.i;
    }
    if (__builtin_add_overflow(from, step->for_at_most, &window->end))
        window->end = INT64_MAX;
    window->over = !timer_comes(agent, window->end, false); /* then it closes behind the opener, which is in it */
    if (window->over)
        return;
    window->expiry = timer_set(agent, window->end, false, TIMER_WINDOW, node, HANDLE_NONE);
}

static void opener_keep(Agent *agent, Window *window, const RolePlan *role, const Arrival *arrival)
{
    Pool *pool = &agent->engine->pool;
    if (window->opener)
        record_unref(pool, window->opener);
    window->opener = HANDLE_NONE;
    window->opener_participant = role->participant;
    if (role->participant == INDEX_NONE)
        return;
    const Shape *shape = &agent->plan->participants[role->participant].shape;
    window->opener = record_new(pool, shape, arrival->rows, arrival->row);
}

static Handle window_open(Agent *agent, uint32_t level, Handle parent, const RolePlan *role, const Arrival *arrival)
{
    Handle node = node_new(agent, level, parent, (Text){"", 0});
    Window *window = node_window(agent, node);
    window->start = arrival->time;
    window->end = window->idle_end = INT64_MAX;
    window->serial = agent->serial++;
    opener_keep(agent, window, role, arrival);
    expiry_set(agent, node, agent->levels[level].step, arrival);
    return node;
}

static void window_close(Agent *agent, Handle node, int64_t time)
{
    node_window(agent, node)->end = time;
    node_close(agent, node);
    node_free(agent, node);
}

static void idle_restart(Agent *agent, Handle node, const ContextStep *step, int64_t time)
{
    if (!step->idle)
        return;
    Window *window = node_window(agent, node);
    timer_cancel(agent, &window->idle);
    window->idle_end = time + step->idle;
    window->idle = timer_set(agent, window->idle_end, false, TIMER_IDLE, node, HANDLE_NONE);
}

/* Whether a window is still open at an event's time: what is derived at the very instant of its end comes before the
 * timer that closes it. */
static bool is_open(const Agent *agent, Handle node, int64_t time)
{
    const Window *window = node_window(agent, node);
    return time < window->end && time < window->idle_end;
}

/* The node's windows that are open at a time, and the one that the event has just opened, the oldest first. */
static uint32_t windows_list(Agent *agent, Handle parent, int64_t time, Handle opened, Handle **windows)
{
    uint32_t n = 0;
    for (Handle node = node_at(agent, parent)->child; node; node = node_at(agent, node)->next)
        n += node == opened || is_open(agent, node, time);
    *windows = arena_raw(&agent->engine->scratch, (n + 1) * sizeof **windows);
    uint32_t i = n;
    for (Handle node = node_at(agent, parent)->child; node; node = node_at(agent, node)->next)
        if (node == opened || is_open(agent, node, time))
            (*windows)[--i] = node;
    return n;
}

static void terminate(Agent *agent, uint32_t step, Handle parent, const Arrival *arrival)
{
    Handle *windows;
    bool closes = arrival_role(arrival, ROLE_CLOSER, step, NULL), discards = arrival_role(arrival, ROLE_DISCARDER, step, NULL);
    if (!closes && !discards)
        return;
    uint32_t n = windows_list(agent, parent, arrival->time, HANDLE_NONE, &windows);
    for (uint32_t i = 0; i < n; i++) {
        if (discards && has_role(agent, windows[i], arrival, ROLE_DISCARDER, step))
            node_free(agent, windows[i]);
        else if (closes && has_role(agent, windows[i], arrival, ROLE_CLOSER, step))
            window_close(agent, windows[i], arrival->time);
    }
}

static void extend(Agent *agent, uint32_t level, Handle node, const RolePlan *role, const Arrival *arrival)
{
    Window *window = node_window(agent, node);
    timer_cancel(agent, &window->expiry);
    window->end = INT64_MAX;
    window->count = 0;
    opener_keep(agent, window, role, arrival);
    expiry_set(agent, node, agent->levels[level].step, arrival);
}

/* Opens a window or applies `again` to those that are open. Returns the window whose opener the event is now. */
static Handle initiate(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    const Level *self = &agent->levels[level];
    const RolePlan *role = arrival_role(arrival, ROLE_OPENER, self->step_index, NULL);
    if (!role)
        return HANDLE_NONE;
    Handle *windows;
    uint32_t n = windows_list(agent, parent, arrival->time, HANDLE_NONE, &windows);
    Handle open = n ? windows[n - 1] : HANDLE_NONE;
    if (!open || self->step->again == AGAIN_ADD)
        return window_open(agent, level, parent, role, arrival);
    if (self->step->again == AGAIN_IGNORE)
        return HANDLE_NONE;
    if (self->step->again == AGAIN_REFRESH) {
        window_close(agent, open, arrival->time);
        return window_open(agent, level, parent, role, arrival);
    }
    extend(agent, level, open, role, arrival);
    return open;
}

static void interval_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    const Level *self = &agent->levels[level];
    terminate(agent, self->step_index, parent, arrival);
    Handle opened = initiate(agent, level, parent, arrival), *windows;
    bool takes_part = arrival_takes_part(arrival);
    uint32_t n = windows_list(agent, parent, arrival->time, opened, &windows);
    for (uint32_t i = 0; i < n; i++) {
        bool counts = takes_part || windows[i] == opened;
        if (counts)
            idle_restart(agent, windows[i], self->step, arrival->time);
        agent_descend(agent, windows[i], arrival);
        Window *window = node_window(agent, windows[i]);
        window->count += counts;
        if (window->over)
            window_close(agent, windows[i], window->end);
        else if (self->step->at_most && window->count >= self->step->at_most)
            window_close(agent, windows[i], arrival->time);
    }
}

static void interval_timer(Agent *agent, Handle node, const Timer *timer)
{
    Window *window = node_window(agent, node);
    bool idle = timer->kind == TIMER_IDLE;
    if (idle)
        window->idle = HANDLE_NONE;
    else
        window->expiry = HANDLE_NONE;
    Handle parent = node_at(agent, node)->parent;
    window_close(agent, node, idle ? window->idle_end : window->end);
    node_forget_up(agent, parent);
}

const ContextOps CONTEXT_OPS_INTERVAL = {
    .size = sizeof(Window),
    .windows = true,
    .route = interval_route,
    .timer = interval_timer,
};
