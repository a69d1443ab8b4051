/* Contexts (E): the partitions of an agent as a tree, a level per step, applied left to right (E.9).
 *
 *   root ─by─► "a" ─from…to─► window 1 ─last─► leaf
 *
 * An event walks down from the root; at an event interval it first closes, then opens, then joins (0.3). */
#include "tests/oracle/naive_parts.h"

#include "cep/calendar.h"

#include <stdlib.h>


Scope *naive_scope_new(Naive *naive, Scope *up)
{
    Scope *scope = ARENA_NEW(naive->arena, Scope);
    scope->serial = ++naive->serials;
    scope->next_emit = TIME_NONE;
    scope->start = scope->end = TIME_NONE;
    if (!up)
        return scope;
    scope->up = up;
    scope->level = up->level + 1;
    scope->nkeys = up->nkeys;
    scope->keys = up->keys;
    scope->key_types = up->key_types;
    up->children = arena_grow(naive->arena, up->children, up->nchildren, sizeof *up->children);
    up->children[up->nchildren++] = scope;
    return scope;
}

const Scope *naive_window(const Scope *scope)
{
    while (scope && !scope->window)
        scope = scope->up;
    return scope;
}

/* ── Roles ── */

const InputPlan *naive_input(const AgentPlan *plan, uint32_t type)
{
    for (uint32_t i = 0; i < plan->ninputs; i++)
        if (plan->inputs[i].type == type)
            return &plan->inputs[i];
    return NULL;
}

NaiveValue naive_role(const Naive *naive, const AgentPlan *plan, const RolePlan *role, const NaiveEvent *event, int64_t now)
{
    if (!role->filter)
        return (NaiveValue){STATE_OK, {.b = true}};
    Look look = {.naive = naive, .agent = plan, .now = now, .self = event, .self_shape = &plan->participants[role->participant].shape};
    return naive_value(role->filter, &look);
}

/* The conjuncts that read the opener or the context. */
static bool role_when(Naive *naive, const AgentPlan *plan, const RolePlan *role, const Walk *walk, const Scope *scope)
{
    if (!role->when)
        return true;
    Bound *bound = naive_bounds(naive, plan);
    naive_bound_add(naive, &bound[role->participant], walk->event);
    Look look = {.naive = naive, .agent = plan, .scope = scope, .now = walk->cause->now, .bound = bound};
    return naive_holds(role->when, &look);
}

/* ── Closing ── */

/* Orders partitions as their keys do: numbers by value, texts by length and then by bytes (key.h). */
static int value_compare(TypeKind type, Cell a, Cell b)
{
    switch (type) {
    case TYPE_BOOL: return (int)a.b - (int)b.b;
    case TYPE_FLOAT: return (a.f > b.f) - (a.f < b.f);
    case TYPE_STRING: return a.s.len != b.s.len ? (a.s.len > b.s.len) - (a.s.len < b.s.len) : text_compare(a.s, b.s);
    default: return (a.i > b.i) - (a.i < b.i);
    }
}

int naive_keys_compare(const Scope *a, const Scope *b)
{
    for (uint32_t i = 0; i < a->nkeys && i < b->nkeys; i++) {
        if (a->key_types[i] != b->key_types[i])
            return a->key_types[i] < b->key_types[i] ? -1 : 1;
        int order = value_compare(a->key_types[i], a->keys[i].cell, b->keys[i].cell);
        if (order)
            return order;
    }
    return (a->nkeys > b->nkeys) - (a->nkeys < b->nkeys);
}

/* From the root down: by key, or as the windows opened. */
static int tree_compare(const Scope *a, const Scope *b)
{
    while (a->level > b->level)
        a = a->up;
    while (b->level > a->level)
        b = b->up;
    if (a == b)
        return 0;
    int order = a->up == b->up ? 0 : tree_compare(a->up, b->up);
    if (!order)
        order = naive_keys_compare(a, b);
    return order ? order : (a->serial > b->serial) - (a->serial < b->serial);
}

int naive_scope_compare(const void *a, const void *b)
{
    const Scope *left = *(Scope *const *)a, *right = *(Scope *const *)b;
    const Scope *window_left = naive_window(left), *window_right = naive_window(right);
    int order = naive_keys_compare(left, right);
    if (!order && window_left && window_right)
        order = (window_left->serial > window_right->serial) - (window_left->serial < window_right->serial);
    return order ? order : tree_compare(left, right);
}

Scope **naive_children(Naive *naive, const Scope *scope)
{
    Scope **copy = ARENA_ARRAY(naive->arena, Scope *, scope->nchildren + 1);
    if (scope->nchildren)
        memcpy(copy, scope->children, scope->nchildren * sizeof *copy);
    return copy;
}

/* A.1: what a window of the calendar derives belongs to its last instant. */
int64_t naive_closing_time(const AgentPlan *plan, const Scope *scope, int64_t due)
{
    ContextKind kind = plan->contexts[scope->up->level].kind;
    return kind == CONTEXT_FIXED || (kind == CONTEXT_SLIDING && !scope->full) ? scope->end - 1 : due;
}

int64_t naive_scope_end(const AgentPlan *plan, const Scope *window)
{
    int64_t end = TIME_NONE;
    for (const Scope *s = window; s->up; s = s->up)
        if (s->window && s->end != TIME_NONE && (end == TIME_NONE || naive_closing_time(plan, s, s->end) < end))
            end = naive_closing_time(plan, s, s->end);
    return end;
}

/* The partitions below a scope, for a deferred evaluation. */
uint32_t naive_leaves(Naive *naive, const AgentPlan *plan, Scope *scope, Scope ***list, uint32_t n)
{
    if (scope->closed)
        return n;
    for (uint32_t i = 0; i < scope->nchildren; i++)
        n = naive_leaves(naive, plan, scope->children[i], list, n);
    if (scope->level == plan->ncontexts) {
        *list = arena_grow(naive->arena, *list, n, sizeof **list);
        (*list)[n++] = scope;
    }
    return n;
}

static void scope_end(Scope *scope)
{
    scope->closed = true;
    for (uint32_t i = 0; i < scope->nchildren; i++)
        scope_end(scope->children[i]);
}

void naive_scope_remove(Scope *scope)
{
    Scope *up = scope->up;
    for (uint32_t i = 0; i < up->nchildren; i++)
        if (up->children[i] == scope) {
            memmove(&up->children[i], &up->children[i + 1], (up->nchildren - i - 1) * sizeof *up->children);
            up->nchildren--;
            return;
        }
}

/* 0.3, 9: the deferred evaluation of its partitions in the order of their keys, then the state is released. time:
 * of what is derived (A.1). */
void naive_scope_close(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time, Cause *cause, bool deferred)
{
    Scope **list = NULL;
    uint32_t n = naive_leaves(naive, agent->plan, scope, &list, 0);
    if (scope->closed)
        return;
    if (n)
        qsort(list, n, sizeof *list, naive_scope_compare);
    for (uint32_t i = 0; i < n && deferred; i++) {
        if (!cause->event && naive_keys_compare(cause->key.timer, list[i]) != 0) {
            cause->key.timer = list[i]; /* each partition's closing is a trigger of its own */
            cause->key.sequence = ++naive->sequences;
            cause->outputs = 0;
        }
        int64_t end = naive_scope_end(agent->plan, list[i]), at = end == TIME_NONE || time < end ? time : end;
        if (agent->plan->kind == AGENT_AGGREGATE || agent->plan->kind == AGENT_THRESHOLD || agent->plan->kind == AGENT_PATTERN)
            naive_set_close(naive, agent, list[i], at, cause);
        else if (agent->plan->kind == AGENT_SEQUENCE)
            naive_sequence_close(naive, agent, list[i], at, cause);
    }
    scope_end(scope);
    naive_scope_remove(scope);
}

/* ── The kinds ── */

/* E.9: partitions are made at the first event that they see; a window inside waits for its opener. */
bool naive_makes(const NaiveAgent *agent, const Scope *scope, const Walk *walk)
{
    ContextKind kind = agent->plan->contexts[scope->level].kind;
    bool fixed = kind == CONTEXT_FIXED || kind == CONTEXT_SLIDING, alone = true;
    uint32_t clocks = 0;
    for (uint32_t i = 0; i < agent->plan->ncontexts; i++) {
        ContextKind other = agent->plan->contexts[i].kind;
        bool clock = other == CONTEXT_FIXED || other == CONTEXT_SLIDING;
        clocks += clock;
        alone &= clocks <= 1 && (clock || other == CONTEXT_LAST || other == CONTEXT_BANDS || other == CONTEXT_WHILE);
    }
    if (alone)
        return walk->participant || agent->plan->kind < AGENT_AGGREGATE; /* its windows come with time */
    if (kind == CONTEXT_SLIDING && walk->participant)
        return true; /* it counts */
    if (agent->plan->kind < AGENT_AGGREGATE)
        return true; /* without state there is nothing to be made */
    for (uint32_t i = scope->level + 1; i < agent->plan->ncontexts; i++) {
        ContextKind inner = agent->plan->contexts[i].kind;
        if (inner == CONTEXT_INTERVAL || inner == CONTEXT_SLIDING || inner == CONTEXT_EACH || inner == CONTEXT_SESSION)
            return true; /* which decides for itself */
    }
    return (OPEN_SEEN_BY_PARTICIPANTS ? walk->participant : walk->on) || (walk->opened && (fixed || !OPEN_INITIATOR_MAKES_NO_KEY));
}

/* Whether a timer or an open window holds on to what is below a scope. */
static bool is_held(const Scope *scope)
{
    bool held = scope->window || scope->next_emit != TIME_NONE;
    for (uint32_t i = 0; i < scope->nclocks; i++)
        held |= !scope->clocks[i].done;
    for (uint32_t i = 0; i < scope->nchildren; i++)
        held |= is_held(scope->children[i]);
    return held;
}

/* LANGUAGE 3: a key that was idle for so long begins anew; a pending timer or an open window is not idle. */
static bool forgets(const ContextStep *step, const Scope *child, const Walk *walk)
{
    return walk->event->key.time - child->touched >= step->key_idle && !naive_window(child) && !is_held(child);
}

/* E.8: one partition a tuple of values; a missing one gives none; equality is typed. */
static void visit_by(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    NaiveValue *keys = ARENA_ARRAY(naive->arena, NaiveValue, scope->nkeys + step->nkeys);
    TypeKind *types = ARENA_ARRAY(naive->arena, TypeKind, scope->nkeys + step->nkeys);
    for (uint32_t i = 0; i < scope->nkeys; i++) {
        keys[i] = scope->keys[i];
        types[i] = scope->key_types[i];
    }
    for (uint32_t i = 0; i < step->nkeys; i++) {
        const Program *program = walk->input->keys[step->key_first + i];
        Look look = {.naive = naive, .agent = agent->plan, .now = walk->cause->now, .self = walk->event, .self_shape = &walk->input->shape};
        NaiveValue value = naive_value(program, &look);
        if (value.state != STATE_OK)
            return;
        keys[scope->nkeys + i] = value;
        types[scope->nkeys + i] = step->key_types[i];
    }
    for (uint32_t c = 0; c < scope->nchildren; c++) {
        bool same = true;
        for (uint32_t i = scope->nkeys; i < scope->nkeys + step->nkeys; i++)
            same &= naive_same(types[i], keys[i], scope->children[c]->keys[i]);
        if (same && forgets(step, scope->children[c], walk)) {
            naive_scope_remove(scope->children[c]);
            break;
        }
        if (same) {
            if (walk->passed)
                scope->children[c]->touched = walk->event->key.time;
            naive_visit(naive, agent, scope->children[c], walk);
            return;
        }
    }
    if (!naive_makes(agent, scope, walk))
        return;
    Scope *child = naive_scope_new(naive, scope);
    child->nkeys = scope->nkeys + step->nkeys;
    child->keys = keys;
    child->key_types = types;
    child->touched = walk->event->key.time;
    naive_visit(naive, agent, child, walk);
}

Scope *naive_fixed_open(Naive *naive, Scope *scope, int64_t start, int64_t end)
{
    Scope *child = naive_scope_new(naive, scope);
    child->window = true;
    child->start = start;
    child->end = end;
    return child;
}

Scope *naive_fixed_at(const Scope *scope, int64_t start)
{
    for (uint32_t c = 0; c < scope->nchildren; c++)
        if (scope->children[c]->start == start)
            return scope->children[c];
    return NULL;
}

/* E.1: [start, end), by occurrence time. E.9: made at the first event of the window, whether or not it passes
 * the `where` of its line (0.3: the context comes before the filter). */
static void visit_fixed(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    int64_t start, end;
    if (!calendar_window(&agent->plan->contexts[scope->level], walk->event->time, &start, &end))
        return;
    Scope *there = naive_fixed_at(scope, start);
    NaiveKey closing = {.time = end, .kind = ORDER_TIMER, .origin = agent->index};
    if (!there && naive_key_compare(&closing, &walk->cause->key) < 0)
        return; /* it has closed */
    if (there)
        naive_visit(naive, agent, there, walk);
    else if (naive_makes(agent, scope, walk))
        naive_visit(naive, agent, naive_fixed_open(naive, scope, start, end), walk);
}

/* Whether the steps below give the event a partition. */
static bool assigned(Naive *naive, const NaiveAgent *agent, const Scope *scope, const Walk *walk)
{
    int64_t start, end;
    for (uint32_t i = scope->level + 1; i < agent->plan->ncontexts; i++) {
        const ContextStep *step = &agent->plan->contexts[i];
        for (uint32_t k = 0; step->kind == CONTEXT_BY && k < step->nkeys; k++) {
            Look look = {.naive = naive, .agent = agent->plan, .now = walk->cause->now, .self = walk->event, .self_shape = &walk->input->shape};
            if (naive_value(walk->input->keys[step->key_first + k], &look).state != STATE_OK)
                return false;
        }
        if (step->kind == CONTEXT_FIXED && !calendar_window(step, walk->event->time, &start, &end))
            return false;
    }
    return true;
}

/* Whether an event is a participant of a partition, as far as that can be said there: the conditions that read the
 * partition are looked at where nothing comes below. */
static bool takes_part(Naive *naive, const NaiveAgent *agent, const Scope *scope, const Walk *walk)
{
    bool part = false;
    for (uint32_t r = 0; r < walk->input->nroles; r++) {
        const RolePlan *role = &walk->input->roles[r];
        bool participant = role->kind == ROLE_PARTICIPANT || role->kind == ROLE_EXPECTED || role->kind == ROLE_CANCELLER;
        bool ask = role->kind == ROLE_PARTICIPANT && scope->level == agent->plan->ncontexts;
        part |= participant && walk->passed >> r & 1 && (!ask || role_when(naive, agent->plan, role, walk, scope));
    }
    return part;
}

/* K.6: one partition; it remembers what came by, so that the latest N are known. */
static void visit_last(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    Scope *child = scope->nchildren ? scope->children[0] : naive_scope_new(naive, scope);
    if (takes_part(naive, agent, child, walk) && (!OPEN_LAST_COUNTS_ASSIGNED || assigned(naive, agent, scope, walk))) {
        child->seen = arena_grow(naive->arena, child->seen, child->nseen, sizeof *child->seen);
        child->seen[child->nseen++] = walk->event;
    }
    naive_visit(naive, agent, child, walk);
}

/* E.2: the expiry counts from the opening, or from `since`; null = no expiry. */
static int64_t expiry(Naive *naive, NaiveAgent *agent, const ContextStep *step, const RolePlan *role, const Walk *walk, const Scope *scope)
{
    if (!step->for_at_most)
        return TIME_NONE;
    if (!step->since)
        return walk->event->time + step->for_at_most;
    Bound *bound = naive_bounds(naive, agent->plan);
    Scope window = *scope; /* as if it were open: the alias is this event */
    window.opener = walk->event;
    window.opener_participant = role->participant;
    naive_bound_add(naive, &bound[role->participant], walk->event);
    Look look = {.naive = naive, .agent = agent->plan, .scope = &window, .now = walk->cause->now, .bound = bound};
    NaiveValue since = naive_value(step->since, &look);
    if (since.state != STATE_OK)
        return TIME_NONE;
    return since.cell.i + step->for_at_most;
}

/* Half-open: a window whose end has come takes nothing, although its timer may be behind the event in the order. */
static bool over(const ContextStep *step, const Scope *window, const NaiveEvent *event)
{
    return (window->end != TIME_NONE && window->end <= event->time && window->opener != event) ||
           (step->idle && window->last_event + step->idle <= event->time);
}

/* The windows that are open for an event. */
static uint32_t open_windows(Naive *naive, const ContextStep *step, const Scope *scope, const NaiveEvent *event, Scope ***open)
{
    uint32_t n = 0;
    *open = ARENA_ARRAY(naive->arena, Scope *, scope->nchildren + 1);
    for (uint32_t i = 0; i < scope->nchildren; i++)
        if (!over(step, scope->children[i], event))
            (*open)[n++] = scope->children[i];
    return n;
}

/* What closes ends then, whatever it was to last. */
static void interval_close(Naive *naive, NaiveAgent *agent, Scope *window, const Walk *walk, bool deferred)
{
    window->end = walk->event->time;
    naive_scope_close(naive, agent, window, walk->event->time, walk->cause, deferred);
}

/* E.6. */
static void interval_open(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk, const RolePlan *role)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    int64_t end = expiry(naive, agent, step, role, walk, scope);
    walk->opened = true;
    Scope **open;
    uint32_t n = open_windows(naive, step, scope, walk->event, &open);
    if (n && step->again == AGAIN_IGNORE)
        return;
    if (n && step->again == AGAIN_EXTEND) {
        for (uint32_t i = 0; i < n; i++) {
            open[i]->end = end;
            open[i]->set = ++naive->serials;
            open[i]->count = 0; /* and this event makes it 1 */
            open[i]->opener = walk->event; /* as the `on` alias of an expect, K.5 */
            open[i]->opener_participant = role->participant;
        }
        return;
    }
    for (uint32_t i = 0; i < n && step->again == AGAIN_REFRESH; i++)
        interval_close(naive, agent, open[i], walk, true);
    Scope *window = naive_scope_new(naive, scope);
    window->window = true;
    window->start = walk->event->time;
    window->end = end;
    window->opener = walk->event;
    window->opener_participant = role->participant;
    window->last_event = walk->event->time;
    window->set = ++naive->serials;
}

static bool ends(Naive *naive, const NaiveAgent *agent, const Scope *window, const Walk *walk, RoleKind kind)
{
    for (uint32_t r = 0; r < walk->input->nroles; r++) {
        const RolePlan *role = &walk->input->roles[r];
        if (role->kind == kind && role->index == window->up->level && walk->passed >> r & 1 &&
            role_when(naive, agent->plan, role, walk, window))
            return true;
    }
    return false;
}

/* 0.3: terminate, initiate, assign; then the event that reaches the count closes, and is in. */
static void visit_interval(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    const ContextStep *step = &agent->plan->contexts[scope->level];
    Scope **open;
    uint32_t n = open_windows(naive, step, scope, walk->event, &open);
    for (uint32_t i = 0; i < n; i++) {
        if (ends(naive, agent, open[i], walk, ROLE_DISCARDER))
            interval_close(naive, agent, open[i], walk, false);
        else if (ends(naive, agent, open[i], walk, ROLE_CLOSER))
            interval_close(naive, agent, open[i], walk, true);
    }
    for (uint32_t r = 0; r < walk->input->nroles; r++) {
        const RolePlan *role = &walk->input->roles[r];
        if (role->kind == ROLE_OPENER && role->index == scope->level && walk->passed >> r & 1 &&
            role_when(naive, agent->plan, role, walk, scope)) {
            interval_open(naive, agent, scope, walk, role);
            break; /* one event opens once */
        }
    }
    n = open_windows(naive, step, scope, walk->event, &open);
    for (uint32_t i = 0; i < n; i++) {
        bool member = walk->participant || open[i]->opener == walk->event;
        open[i]->count += OPEN_COUNT_ALL_HEARD && !member;
        if (member) {
            open[i]->count++;
            open[i]->last_event = walk->event->time;
            open[i]->idle_set = ++naive->serials;
        }
        naive_visit(naive, agent, open[i], walk);
        if (step->at_most && open[i]->count >= step->at_most)
            interval_close(naive, agent, open[i], walk, true);
    }
}

static void leaf(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    uint64_t roles = 0;
    if (agent->plan->kind == AGENT_FILTER || agent->plan->kind == AGENT_TRANSLATE || agent->plan->kind == AGENT_PROJECT ||
        agent->plan->kind == AGENT_ENRICH) {
        if (!OPEN_ELSE_HIDDEN_BY_ROLE || walk->participant || !walk->passed)
            naive_stateless_event(naive, agent, scope, walk->event, walk->cause);
        return;
    }
    for (uint32_t r = 0; r < walk->input->nroles; r++) {
        const RolePlan *role = &walk->input->roles[r];
        if (role->kind == ROLE_PARTICIPANT && walk->passed >> r & 1 && role_when(naive, agent->plan, role, walk, scope))
            roles |= UINT64_C(1) << role->index;
    }
    if (agent->plan->kind == AGENT_EXPECT)
        naive_expect_event(naive, agent, scope, walk->event, roles, walk->cause);
    else if (roles && agent->plan->kind == AGENT_PATTERN)
        naive_pattern_event(naive, agent, scope, walk->event, roles, walk->cause);
    else if (roles && agent->plan->kind == AGENT_SEQUENCE)
        naive_sequence_event(naive, agent, scope, walk->event, roles, walk->cause);
    else if (roles)
        naive_set_event(naive, agent, scope, walk->event, roles, walk->cause);
}

void naive_visit(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk)
{
    if (scope->level == agent->plan->ncontexts) {
        leaf(naive, agent, scope, walk);
        return;
    }
    switch (agent->plan->contexts[scope->level].kind) {
    case CONTEXT_BY: visit_by(naive, agent, scope, walk); break;
    case CONTEXT_FIXED: visit_fixed(naive, agent, scope, walk); break;
    case CONTEXT_LAST: visit_last(naive, agent, scope, walk); break;
    case CONTEXT_INTERVAL: visit_interval(naive, agent, scope, walk); break;
    case CONTEXT_SLIDING: naive_sliding(naive, agent, scope, walk); break;
    case CONTEXT_EACH: naive_each(naive, agent, scope, walk); break;
    case CONTEXT_SESSION: naive_session(naive, agent, scope, walk); break;
    case CONTEXT_BANDS: naive_bands(naive, agent, scope, walk); break;
    case CONTEXT_WHILE: naive_while(naive, agent, scope, walk); break;
    default: abort();
    }
}

void naive_deliver(Naive *naive, NaiveAgent *agent, const NaiveEvent *event, Cause *cause)
{
    Walk walk = {.event = event, .input = naive_input(agent->plan, event->type), .cause = cause};
    if (!walk.input)
        return;
    for (uint32_t r = 0; r < walk.input->nroles; r++) {
        const RolePlan *role = &walk.input->roles[r];
        NaiveValue value = naive_role(naive, agent->plan, role, event, cause->now);
        bool passes = value.state == STATE_OK && value.cell.b;
        walk.passed |= (uint64_t)passes << r;
        walk.on |= role->kind == ROLE_PARTICIPANT;
        bool participant = role->kind == ROLE_PARTICIPANT || role->kind == ROLE_EXPECTED || role->kind == ROLE_CANCELLER;
        walk.participant |= participant && passes;
    }
    naive_visit(naive, agent, agent->root, &walk);
}

/* ── What is in a partition ── */

uint32_t naive_live(Naive *naive, const AgentPlan *plan, const Scope *scope, int64_t at, bool gone, Member **live)
{
    uint32_t n = 0;
    *live = ARENA_ARRAY(naive->arena, Member, scope->nmembers + 1);
    for (uint32_t i = 0; i < scope->nmembers; i++) {
        const Member *member = &scope->members[i];
        bool in = gone || !member->gone;
        for (const Scope *s = scope; s->up && in; s = s->up) {
            const ContextStep *step = &plan->contexts[s->up->level];
            if (step->kind != CONTEXT_LAST)
                continue;
            if (step->last)
                in = step->last_inclusive ? member->event->time >= at - step->last : member->event->time > at - step->last;
            for (uint32_t k = 0; k < s->nseen && step->last_count; k++)
                if (s->seen[k] == member->event)
                    in = s->nseen - k <= step->last_count;
        }
        if (in)
            (*live)[n++] = *member;
    }
    return n;
}
