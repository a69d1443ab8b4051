/* Windows that slide, count and pause (E.3, E.4, K.6), by walking over all of them; bands and states (E.8, E.7). */
#include "tests/oracle/naive_parts.h"

/* The windows below a scope at the time of asking: visiting may close some. */
static uint32_t windows(Naive *naive, const Scope *scope, Scope ***list)
{
    *list = naive_children(naive, scope);
    return scope->nchildren;
}

static void leave(Naive *naive, NaiveAgent *agent, Scope *window, Walk *walk)
{
    window->end = walk->event->time;
    naive_scope_close(naive, agent, window, walk->event->time, walk->cause, true);
}

/* ── sliding D every P: window k is [origin + k P, … + D) ── */

static Scope *window_from(const Scope *scope, int64_t start)
{
    for (uint32_t i = 0; i < scope->nchildren; i++)
        if (scope->children[i]->start == start)
            return scope->children[i];
    return NULL;
}

/* The first window that holds the time, going up from it one ns short of D before; TIME_NONE = none. */
static int64_t first_window(const ContextStep *step, int64_t time)
{
    int64_t k = (time - step->length - step->origin) / step->every - 1;
    for (k = k < 0 ? 0 : k; step->origin + k * step->every <= time; k++)
        if (time < step->origin + k * step->every + step->length)
            return step->origin + k * step->every;
    return TIME_NONE;
}

static void sliding_member(Naive *naive, NaiveAgent *agent, Scope *scope, Scope *window, Walk *walk)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    naive_visit(naive, agent, window, walk);
    window->count += walk->participant;
    if (!step->at_most || window->count < step->at_most)
        return;
    int64_t start = window->start, end = window->end;
    window->full = true;
    leave(naive, agent, window, walk);
    Scope *rest = naive_fixed_open(naive, scope, start, end); /* so that nothing opens it again */
    rest->full = rest->closed = true;
}

void naive_sliding(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    int64_t time = walk->event->time, start = first_window(step, time);
    for (; start != TIME_NONE && start <= time; start += step->every) {
        NaiveKey closing = {.time = start + step->length, .kind = ORDER_TIMER, .origin = agent->index};
        Scope *window = window_from(scope, start);
        if (window ? window->full : naive_key_compare(&closing, &walk->cause->key) < 0)
            continue;
        if (!window && naive_makes(agent, scope, walk)) {
            window = naive_fixed_open(naive, scope, start, start + step->length);
            if (naive_exists(agent->plan))
                naive_exist(naive, agent, window, time);
        }
        if (window)
            sliding_member(naive, agent, scope, window, walk);
    }
}

static void open_empty(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t start, int64_t time)
{
    Scope *window = naive_fixed_open(naive, scope, start, start + agent->plan->contexts[scope->level].length);
    naive_exist(naive, agent, window, time);
}

void naive_sliding_exist(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    int64_t start = first_window(step, time);
    bool holds = start != TIME_NONE;
    if (!holds && !scope->nchildren) {
        start = time < step->origin ? step->origin : time - (time - step->origin) % step->every + step->every;
        open_empty(naive, agent, scope, start, time);
    }
    for (; holds && start <= time; start += step->every)
        if (!window_from(scope, start))
            open_empty(naive, agent, scope, start, time);
}

/* ── each N E [every M] ── */

static bool counts(const Walk *walk, uint32_t step)
{
    for (uint32_t r = 0; r < walk->input->nroles; r++)
        if (walk->input->roles[r].kind == ROLE_OPENER && walk->input->roles[r].index == step && walk->passed >> r & 1)
            return true;
    return false;
}

static Scope *window_begin(Naive *naive, Scope *scope, const Walk *walk)
{
    Scope *window = naive_scope_new(naive, scope);
    window->window = true;
    window->start = walk->event->time;
    return window;
}

void naive_each(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    bool counted = counts(walk, scope->level);
    walk->opened |= counted;
    if (step->period ? counted && scope->counted % step->period == 0 : !scope->nchildren && (counted || walk->participant))
        window_begin(naive, scope, walk);
    scope->counted += counted;
    Scope **list;
    uint32_t n = windows(naive, scope, &list);
    for (uint32_t i = 0; i < n; i++) {
        naive_visit(naive, agent, list[i], walk);
        list[i]->count += counted;
        if (list[i]->count >= step->size)
            leave(naive, agent, list[i], walk);
    }
}

/* ── session gap G ── */

void naive_session(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    int64_t gap = agent->plan->contexts[scope->level].gap, time = walk->event->time;
    Scope *session = NULL;
    for (uint32_t i = 0; i < scope->nchildren; i++)
        if (time < scope->children[i]->end && scope->children[i]->start < time + gap)
            session = scope->children[i];
    if (!session && !walk->participant)
        return;
    if (!session) {
        session = window_begin(naive, scope, walk);
        session->opener = walk->event;
        session->opener_participant = INDEX_NONE;
        session->end = time + gap;
        session->set = ++naive->serials;
    }
    if (walk->participant) {
        session->start = time < session->start ? time : session->start;
        if (time + gap > session->end)
            session->set = ++naive->serials;
        session->end = time + gap > session->end ? time + gap : session->end;
    }
    naive_visit(naive, agent, session, walk);
    NaiveKey closing = {.time = session->end, .kind = ORDER_TIMER, .origin = agent->index};
    if (naive_key_compare(&closing, &walk->cause->key) < 0)
        naive_scope_close(naive, agent, session, session->end, walk->cause, true);
}

/* ── bands, while ── */

static bool condition(Naive *naive, const NaiveAgent *agent, const Walk *walk, uint32_t index)
{
    Look look = {.naive = naive, .agent = agent->plan, .now = walk->cause->now, .self = walk->event, .self_shape = &walk->input->shape};
    return naive_holds(walk->input->conditions[index], &look);
}

static Scope *band_at(const Scope *scope, Text name)
{
    for (uint32_t i = 0; i < scope->nchildren; i++)
        if (text_is(scope->children[i]->keys[scope->nkeys].cell.s, name))
            return scope->children[i];
    return NULL;
}

Scope *naive_band(Naive *naive, NaiveAgent *agent, Scope *scope, uint32_t band)
{
    Text name = agent->plan->contexts[scope->level].bands[band];
    Scope *there = band_at(scope, name);
    if (there)
        return there;
    Scope *child = naive_scope_new(naive, scope);
    child->nkeys = scope->nkeys + 1;
    child->keys = ARENA_ARRAY(naive->arena, NaiveValue, child->nkeys);
    child->key_types = ARENA_ARRAY(naive->arena, TypeKind, child->nkeys);
    for (uint32_t i = 0; i < scope->nkeys; i++) {
        child->keys[i] = scope->keys[i];
        child->key_types[i] = scope->key_types[i];
    }
    child->keys[scope->nkeys] = (NaiveValue){STATE_OK, {.s = name}};
    child->key_types[scope->nkeys] = TYPE_STRING;
    return child;
}

void naive_bands(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    for (uint32_t i = 0; i < step->nconditions; i++)
        if (condition(naive, agent, walk, step->condition_first + i) &&
            (band_at(scope, step->bands[i]) || naive_makes(agent, scope, walk)))
            naive_visit(naive, agent, naive_band(naive, agent, scope, i), walk);
}

void naive_while(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    Scope *child = scope->nchildren ? scope->children[0] : naive_scope_new(naive, scope), *below = child;
    for (; below->level < agent->plan->ncontexts; below = below->nchildren ? below->children[0] : naive_scope_new(naive, below)) {
        ContextKind kind = agent->plan->contexts[below->level].kind;
        if (kind != CONTEXT_LAST && kind != CONTEXT_WHILE) /* which are there as soon as what stands before them */
            break;
    }
    if (condition(naive, agent, walk, step->condition_first))
        naive_visit(naive, agent, child, walk);
}
