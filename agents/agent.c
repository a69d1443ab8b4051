/* A running agent: its levels, its mail in order, its timers, and the way of one event into the partitions.
 *
 * agent_run merges two ordered streams, the mail of the batch and the due timers, by order key; each item is a
 * trigger, and whatever it derives carries that trigger's key with one more path node. */
#include "agents/agent.h"

#include "agents/derive.h"
#include "agents/mail.h"
#include "agents/parts.h"
#include "agents/quiet.h"
#include "agents/terminal.h"
#include "agents/timer.h"
#include "agents/write.h"

#include <assert.h>

/* How many mails ahead each is asked for: the table's slot, the node in it, what hangs on the node. */
enum { PREFETCH_SLOT = 24, PREFETCH_CELL = 16, PREFETCH_STATE = 8 };

enum { COLUMN_MIN = 4 }; /* fewer rows go faster one by one */

static const KindOps *const kinds[AGENT_KINDS] = {
#define RUNS_0(name) NULL
#define RUNS_1(name) &KIND_##name
#define X(name, word, runs, what) [AGENT_##name] = RUNS_##runs(name),
#include "cep/agents.def"
#undef X
};

#define X(name, keyword, dimension, runs, what) extern const ContextOps CONTEXT_OPS_##name;
#include "cep/contexts.def"
#undef X
#undef RUNS_1
#define RUNS_1(name) &CONTEXT_OPS_##name

static const ContextOps *const contexts[CONTEXT_KINDS] = {
#define X(name, keyword, dimension, runs, what) [CONTEXT_##name] = RUNS_##runs(name),
#include "cep/contexts.def"
#undef X
};

const ContextOps *context_ops(ContextKind kind)
{
    return contexts[kind];
}

/* ── Setting up ── */

/* A window whose bounds no event moves: keys may share it. */
static bool is_calendar(const ContextStep *step)
{
    return contexts[step->kind]->calendar && !step->at_most;
}

static void trailing_add(Trailing *trailing, const ContextStep *step)
{
    if (step->last && (!trailing->last || step->last < trailing->last)) {
        trailing->last = step->last;
        trailing->inclusive = step->last_inclusive;
    }
    if (step->last_count && (!trailing->count || step->last_count < trailing->count))
        trailing->count = step->last_count;
    trailing->members = true;
}

/* Turns steps into levels. Time-trailing steps commute with everything and go to the leaf, as does `last N` at
 * the end; a window of the calendar commutes with the `by` that begins the context and goes in front, so that one timer
 * closes the window of all keys; neighbouring `by` steps are looked up as one key. */
static void levels_init(Agent *agent)
{
    const AgentPlan *plan = agent->plan;
    agent->levels = ARENA_ARRAY(&agent->engine->arena, Level, plan->ncontexts + 1);
    for (uint32_t i = 0; i < plan->ncontexts; i++) {
        const ContextStep *step = &plan->contexts[i];
        bool closing_count = step->kind == CONTEXT_LAST && step->last_count && i + 1 == plan->ncontexts &&
                             plan->kind != AGENT_PATTERN; /* which leaves out events that the context counts */
        if (step->kind == CONTEXT_LAST && (step->last || closing_count)) {
            trailing_add(&agent->trailing, step);
            continue;
        }
        Level level = {.kind = step->kind, .step = step, .step_index = i, .nkeys = step->nkeys, .key_first = step->key_first};
        Level *before = agent->nlevels ? &agent->levels[agent->nlevels - 1] : NULL;
        if (step->kind == CONTEXT_BY && before && before->kind == CONTEXT_BY) {
            before->nkeys += step->nkeys;
            continue;
        }
        if (step->kind == CONTEXT_LAST)
            agent->counts = agent->trailing.members = true;
        if (is_calendar(step) && agent->nlevels == 1 && before->kind == CONTEXT_BY) {
            Level by = *before;
            *before = level;
            level = by;
        }
        agent->levels[agent->nlevels++] = level;
    }
    for (uint32_t i = 0; i < agent->nlevels; i++)
        if (agent->levels[i].kind == CONTEXT_BY)
            agent->levels[i].part = agent->nparts++;
}

/* Lays out the node of each level: header, window or counter, state. Sizes are multiples of 8. */
static void nodes_init(Agent *agent)
{
    Arena *arena = &agent->engine->arena;
    uint32_t n = agent->nlevels, state = agent->kind->state_size ? agent->kind->state_size(agent) : 0;
    agent->window_offset = ARENA_ARRAY(arena, uint32_t, n + 1);
    agent->leaf_level = (uint16_t)(n ? n - 1 : NODE_ROOT);
    agent->node_size = ARENA_ARRAY(arena, uint32_t, n + 1);
    for (uint32_t i = 0; i <= n; i++) {
        uint32_t size = sizeof(Node);
        if (i < n && contexts[agent->levels[i].kind]->size) {
            agent->window_offset[i] = size;
            size += contexts[agent->levels[i].kind]->size;
        }
        if (n == 0 ? i == 0 : i == n - 1) {
            agent->leaf_state = size;
            size += (state + 7) & ~7u;
        }
        agent->node_size[i] = size;
    }
}

/* Whether some program that runs for a match or a derivation has an instruction. */
static bool plan_reads(const Plan *network, const AgentPlan *plan, Op op)
{
    bool reads = program_has(plan->pattern.value, op) || program_has(plan->pattern.condition, op) || program_has(plan->condition, op) || program_has(plan->quiet.per, op) || program_has(plan->expect.since, op);
    for (uint32_t i = 0; i < plan->naggregates; i++)
        reads |= program_has(plan->aggregates[i].value, op) || program_has(plan->aggregates[i].where, op);
    for (uint32_t i = 0; i < plan->ncontexts; i++)
        reads |= program_has(plan->contexts[i].since, op);
    for (uint32_t i = 0; i < plan->nderives; i++) {
        const DerivePlan *derive = &plan->derives[i];
        reads |= program_has(derive->when, op) || program_has(derive->time, op);
        for (uint32_t k = 0; k < network->types[derive->type].nattributes; k++)
            reads |= program_has(derive->values[k], op);
    }
    for (uint32_t i = 0; i < plan->nenriches; i++)
        reads |= program_has(plan->enriches[i].keys[0], op) || program_has(plan->enriches[i].keys[1], op) ||
                 program_has(plan->enriches[i].where, op) || program_has(plan->enriches[i].order, op);
    reads |= program_has(plan->split, op);
    for (uint32_t i = 0; i < plan->nwrites; i++) {
        const WritePlan *write = &plan->writes[i];
        reads |= program_has(write->keys[0], op) || program_has(write->keys[1], op);
        for (uint32_t k = 0; k < network->tables[write->table].ncolumns; k++)
            reads |= write->values && program_has(write->values[k], op);
    }
    for (uint32_t i = 0; i < plan->nconjuncts; i++)
        reads |= program_has(plan->conjuncts[i].program, op);
    for (uint32_t i = 0; i < plan->ninputs; i++)
        for (uint32_t r = 0; r < plan->inputs[i].nroles; r++)
            reads |= program_has(plan->inputs[i].roles[r].when, op);
    return reads;
}

static bool has_when(const AgentPlan *plan)
{
    for (uint32_t i = 0; i < plan->nderives; i++)
        if (plan->derives[i].when)
            return true;
    return false;
}

/* Whether every event gives one row of each enrichment, so that whole columns can be looked up. */
static bool one_row_each(const AgentPlan *plan)
{
    if (plan->nwrites)
        return false;
    for (uint32_t i = 0; i < plan->nenriches; i++)
        if (plan->enriches[i].where || plan->enriches[i].many == ENRICH_EVERY || plan->enriches[i].many == ENRICH_COMBINE)
            return false;
    return !plan->split;
}

static bool one_role_each(const AgentPlan *plan)
{
    for (uint32_t i = 0; i < plan->ninputs; i++)
        if (plan->inputs[i].nroles != 1)
            return false;
    return true;
}

static bool has_condition_on_partition(const AgentPlan *plan)
{
    for (uint32_t i = 0; i < plan->ninputs; i++)
        for (uint32_t r = 0; r < plan->inputs[i].nroles; r++)
            if (plan->inputs[i].roles[r].kind == ROLE_PARTICIPANT && plan->inputs[i].roles[r].when)
                return true;
    return false;
}

static int64_t forget_after(const Agent *agent)
{
    int64_t after = INT64_MAX;
    if (agent->nlevels && agent->levels[0].kind == CONTEXT_BY) {
        after = agent->levels[0].step->key_idle;
        int64_t lasts = agent->nlevels == 1 && agent->kind->lasts ? agent->kind->lasts(agent) : INT64_MAX;
        after = lasts < after ? lasts : after;
    }
    return after;
}

void agent_init(Engine *engine, Agent *agent, uint32_t index)
{
    const AgentPlan *plan = &engine->plan->agents[index];
    agent->plan = plan;
    agent->engine = engine;
    agent->index = index;
    agent->how = engine->options.share ? engine->options.share->how[index] : SHARE_WHOLE;
    agent->kind = kinds[plan->kind];
    assert(agent->kind);
    agent->timer.deadline = TIME_NONE;
    agent->views = ARENA_ARRAY(&engine->arena, View, plan->nviews + 1);
    agent->aggregates = ARENA_ARRAY(&engine->arena, Cell, plan->naggregates + 1);
    agent->aggregate_states = ARENA_ARRAY(&engine->arena, uint8_t, plan->naggregates + 1);
    agent->reads_context = plan_reads(engine->plan, plan, OP_CONTEXT);
    agent->reads_time = plan_reads(engine->plan, plan, OP_NOW) || plan_reads(engine->plan, plan, OP_IDENTITY);
    agent->narrows = has_condition_on_partition(plan);
    agent->terminals = agent->kind->state_size && (has_port(plan, PORT_ELSE) || has_port(plan, PORT_ERROR));
    uint32_t ncontext = CONTEXT_KEY + 1;
    for (uint32_t i = 0; i < plan->ncontexts; i++)
        ncontext += plan->contexts[i].nkeys;
    agent->context = ARENA_ARRAY(&engine->arena, Cell, ncontext);
    agent->context_states = ARENA_ARRAY(&engine->arena, uint8_t, ncontext);
    levels_init(agent);
    if (agent->kind->init)
        agent->kind->init(agent);
    nodes_init(agent);
    agent->forget_after = forget_after(agent);
    agent->by_column = !agent->nlevels && !plan->quiet.duration && !agent->reads_time && !engine->options.row_by_row &&
                       !(has_port(plan, PORT_ELSE) && has_when(plan)) && one_role_each(plan) && one_row_each(plan) && !agent->narrows;
    if (plan->quiet.duration)
        quiet_init(agent);
}

void agent_fini(Agent *agent)
{
    node_free_all(agent);
    if (agent->quiet)
        quiet_fini(agent);
    due_fini(&agent->due, agent->engine->memory);
}

static void prefetch(const Agent *agent, const uint32_t *hashes, uint32_t i)
{
    if (i + PREFETCH_SLOT < agent->nmail)
        node_prefetch(agent, hashes[i + PREFETCH_SLOT]);
    if (i + PREFETCH_CELL < agent->nmail)
        node_prefetch_cell(agent, hashes[i + PREFETCH_CELL]);
    if (i + PREFETCH_STATE < agent->nmail)
        node_prefetch_state(agent, hashes[i + PREFETCH_STATE]);
}

/* ── Running ── */

void agent_trigger(Agent *agent, OrderKey cause, EventId id)
{
    agent->cause = cause;
    agent->cause_id = id;
    agent->outputs = 0;
}

void agent_trigger_close(Agent *agent, Handle leaf)
{
    const OrderTimer *timer = agent->cause.timer;
    if (agent->cause.kind == ORDER_EVENT || agent->cause.path || text_is(timer->key, node_key(agent, leaf)))
        return;
    Arena *arena = &agent->engine->batch.arena;
    OrderTimer *own = arena_raw(arena, sizeof *own);
    *own = *timer;
    own->key = arena_text(arena, node_key(agent, leaf));
    agent->cause.timer = own;
    agent->outputs = 0;
}

void agent_timer(Agent *agent, const Timer *timer)
{
    if (timer->kind == TIMER_QUIET) {
        quiet_timer(agent, timer);
    } else if (timer->kind == TIMER_WINDOW || timer->kind == TIMER_IDLE) {
        uint32_t level = node_at(agent, timer->owner)->level;
        contexts[agent->levels[level].kind]->timer(agent, timer->owner, timer);
    } else {
        agent->kind->timer(agent, timer->owner, timer);
    }
}

void agent_activate(Agent *agent)
{
    agent->engine->active[agent->index / 64] |= UINT64_C(1) << (agent->index % 64);
}

bool agent_speaks_at_close(const AgentPlan *plan)
{
    return (plan->kind == AGENT_AGGREGATE && plan->emit.kind == EMIT_AT_CLOSE) ||
           (plan->kind == AGENT_THRESHOLD && plan->policies.evaluate == EVALUATE_AT_CLOSE) ||
           (plan->kind == AGENT_PATTERN && plan->pattern.kind == PATTERN_ABSENT);
}

bool agent_keeps_empty(const Agent *agent, uint32_t level)
{
    for (uint32_t i = 0; i < agent->nlevels; i++)
        if (i != level && (contexts[agent->levels[i].kind]->windows || agent->levels[i].kind == CONTEXT_BY))
            return false;
    return agent_speaks_at_close(agent->plan);
}

const RolePlan *arrival_role(const Arrival *arrival, RoleKind kind, uint32_t step, const RolePlan *last)
{
    const RolePlan *roles = arrival->input->roles;
    for (uint32_t r = last ? (uint32_t)(last - roles) + 1 : 0; r < arrival->input->nroles; r++)
        if ((arrival->roles >> r & 1) && roles[r].kind == kind && roles[r].index == step)
            return &roles[r];
    return NULL;
}

bool arrival_is_seen(const Arrival *arrival)
{
    for (uint32_t r = 0; r < arrival->input->nroles; r++) {
        RoleKind kind = arrival->input->roles[r].kind;
        if (kind == ROLE_PARTICIPANT || kind == ROLE_EXPECTED || ((kind == ROLE_OPENER || kind == ROLE_CANCELLER) && (arrival->roles >> r & 1)))
            return true;
    }
    return false;
}

bool arrival_takes_part(const Arrival *arrival)
{
    for (uint32_t r = 0; r < arrival->input->nroles; r++) {
        RoleKind kind = arrival->input->roles[r].kind;
        if ((arrival->roles >> r & 1) && (kind == ROLE_PARTICIPANT || kind == ROLE_EXPECTED || kind == ROLE_CANCELLER))
            return true;
    }
    return false;
}

/* The event as a partition sees it: without the participants whose condition on the partition does not hold, as in
 * `on A a where a.at >= context.start + 10 min`. */
static Arrival arrival_narrowed(Agent *agent, Handle leaf, const Arrival *arrival)
{
    Arrival narrowed = *arrival;
    for (uint32_t r = 0; r < arrival->input->nroles; r++) {
        const RolePlan *role = &arrival->input->roles[r];
        if (role->kind != ROLE_PARTICIPANT || !role->when || !(arrival->roles >> r & 1))
            continue;
        views_row(agent, role->index, arrival->rows, arrival->row);
        views_initiator(agent, leaf);
        Surroundings around = views_surroundings(agent, leaf);
        Cell value;
        State state = program_value(role->when, agent->views, &around, &value);
        if (state == STATE_OK && value.b)
            continue;
        narrowed.roles &= ~(UINT32_C(1) << r);
        narrowed.failed |= (uint32_t)(state != STATE_OK) << r;
        if (state == STATE_ERROR)
            agent_reject(agent, "evaluation failed", TEXT("the `where` of an `on` line gave an error"), arrival->rows, arrival->row);
    }
    return narrowed;
}

void agent_descend(Agent *agent, Handle handle, const Arrival *arrival)
{
    Node *node = node_at(agent, handle);
    if (node_is_leaf(agent, node)) {
        Arrival narrowed;
        if (agent->narrows)
            narrowed = arrival_narrowed(agent, handle, arrival);
        if (agent->terminals)
            terminal_event(agent, handle, agent->narrows ? &narrowed : arrival);
        agent->kind->event(agent, handle, agent->narrows ? &narrowed : arrival);
        return;
    }
    uint32_t level = node->level == NODE_ROOT ? 0 : node->level + 1u;
    contexts[agent->levels[level].kind]->route(agent, level, handle, arrival);
}

static void mail_deliver(Agent *agent, const Mail *mail, const Text *parts, uint32_t hash)
{
    const Rows *rows = &agent->engine->batch.rows[mail->type];
    const OrderKey *key = &rows->key[mail->row];
    timer_fire_before(agent, key);
    agent_trigger(agent, *key, rows->id[mail->row]);
    agent->timer.deadline = TIME_NONE;
    agent->serial++;
    agent->stats.events++;
    Arrival arrival = {.rows = rows, .row = mail->row, .input = &agent->plan->inputs[mail->input], .roles = mail->roles,
                       .failed = mail->failed,
                       .time = rows->time[mail->row], .key = key, .id = rows->id[mail->row], .key_parts = parts,
                       .first_hash = hash};
    agent_descend(agent, node_root(agent), &arrival);
}

void agent_run(Agent *agent)
{
    if (agent->engine->writes)
        write_show(agent);
    mail_open(agent);
    if (agent->kind->mail && agent->by_column && agent->nmail >= COLUMN_MIN) {
        agent->stats.events += agent->nmail;
        agent->kind->mail(agent);
    } else {
        Text *parts = parts_make(agent);
        uint32_t *hashes = parts_hash(agent, parts);
        for (uint32_t i = 0; i < agent->nmail; i++) {
            if (hashes)
                prefetch(agent, hashes, i);
            mail_deliver(agent, &agent->mail[i], parts ? parts + (size_t)i * agent->nparts : NULL, hashes ? hashes[i] : 0);
        }
        timer_fire_before(agent, NULL);
        node_sweep(agent, agent->engine->frontier);
    }
    agent->nmail = 0;
    agent->timer.deadline = TIME_NONE; /* its key goes with the batch */
    if (agent->engine->writes)
        write_hide(agent);
    arena_reset(&agent->engine->scratch);
}

void agent_prefetch(const Agent *agent)
{
    const AgentPlan *plan = agent->plan;
    for (uint32_t line = 0; line < 4; line++)
        __builtin_prefetch((const char *)plan + 64 * line);
    __builtin_prefetch(agent->views);
    __builtin_prefetch(agent->mail_first + agent->engine->letters);
}

void agent_begin(Agent *agent, uint32_t level, Handle parent, int64_t now)
{
    if (level >= agent->nlevels || !contexts[agent->levels[level].kind]->begin)
        return;
    agent->cause.time = now;
    contexts[agent->levels[level].kind]->begin(agent, level, parent, now);
}

void agent_close(Agent *agent)
{
    if (!agent->root)
        return;
    agent->ending = true;
    static const OrderTimer end = {.key = {"", 0}, .nth = ORDER_TIMER_END};
    agent_trigger(agent, (OrderKey){.time = agent->engine->now, .kind = ORDER_TIMER_INCLUSIVE, .origin = agent->index, .timer = &end},
                  (EventId){0, 0});
    node_close(agent, agent->root);
    if (agent->engine->writes)
        write_hide(agent);
    arena_reset(&agent->engine->scratch);
}

void agent_reject(Agent *agent, const char *reason, Text detail, const Rows *rows, uint32_t row)
{
    const OrderKey *key = rows ? &rows->key[row] : &agent->cause;
    if (agent->how == SHARE_COPIED && !share_owns(agent->engine->options.share, share_hash_order(key)))
        return;
    Rejection rejection = {reason, detail, agent->plan, rows, row};
    agent->stats.errors++;
    agent->engine->stats.errors++;
    agent->engine->sink.rejected(agent->engine->sink.owner, &rejection);
}
