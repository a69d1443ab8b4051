/* A running agent: its levels, its mail in order, its timers, and the way of one event into the partitions.
 *
 * agent_run merges two ordered streams, the mail of the batch and the due timers, by order key; each item is a
 * trigger, and whatever it derives carries that trigger's key with one more path node. */
#include "agents/agent.h"

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

/* ── Setting up ── */

static bool makes_windows(ContextKind kind)
{
    return kind == CONTEXT_FIXED || kind == CONTEXT_INTERVAL;
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
 * the end; a calendar interval commutes with the `by` before it and goes in front, so that one timer closes the
 * window of all keys; neighbouring `by` steps are looked up as one key. */
static void levels_init(Agent *agent)
{
    const AgentPlan *plan = agent->plan;
    agent->levels = ARENA_ARRAY(&agent->engine->arena, Level, plan->ncontexts + 1);
    for (uint32_t i = 0; i < plan->ncontexts; i++) {
        const ContextStep *step = &plan->contexts[i];
        bool closing_count = step->kind == CONTEXT_LAST && step->last_count && i + 1 == plan->ncontexts;
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
        if (step->kind == CONTEXT_FIXED && before && before->kind == CONTEXT_BY) {
            Level by = *before;
            *before = level;
            level = by;
        }
        agent->levels[agent->nlevels++] = level;
    }
    bool under_window = false;
    for (uint32_t i = 0; i < agent->nlevels; i++) {
        Level *level = &agent->levels[i];
        level->under_window = under_window;
        under_window |= makes_windows(level->kind);
        if (level->kind == CONTEXT_BY)
            level->part = agent->nparts++;
    }
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
        if (i < n && makes_windows(agent->levels[i].kind)) {
            agent->window_offset[i] = size;
            size += sizeof(Window);
        } else if (i < n && agent->levels[i].kind == CONTEXT_LAST) {
            agent->window_offset[i] = size;
            size += sizeof(Counter);
        }
        if (n == 0 ? i == 0 : i == n - 1) {
            agent->leaf_state = size;
            size += (state + 7) & ~7u;
        }
        agent->node_size[i] = size;
    }
}

static bool reads_op(const Program *program, Op op)
{
    for (uint32_t i = 0; program && i < program->n; i++)
        if (program->code[i].op == op)
            return true;
    return false;
}

/* Whether some program that runs for a match or a derivation has an instruction. */
static bool plan_reads(const Plan *network, const AgentPlan *plan, Op op)
{
    bool reads = reads_op(plan->condition, op) || reads_op(plan->quiet.per, op);
    for (uint32_t i = 0; i < plan->nderives; i++) {
        const DerivePlan *derive = &plan->derives[i];
        reads |= reads_op(derive->when, op) || reads_op(derive->time, op);
        for (uint32_t k = 0; k < network->types[derive->type].nattributes; k++)
            reads |= reads_op(derive->values[k], op);
    }
    for (uint32_t i = 0; i < plan->nenriches; i++)
        reads |= reads_op(plan->enriches[i].keys[0], op) || reads_op(plan->enriches[i].keys[1], op);
    for (uint32_t i = 0; i < plan->nconjuncts; i++)
        reads |= reads_op(plan->conjuncts[i].program, op);
    for (uint32_t i = 0; i < plan->ninputs; i++)
        for (uint32_t r = 0; r < plan->inputs[i].nroles; r++)
            reads |= reads_op(plan->inputs[i].roles[r].when, op);
    return reads;
}

static bool has_when(const AgentPlan *plan)
{
    for (uint32_t i = 0; i < plan->nderives; i++)
        if (plan->derives[i].when)
            return true;
    return false;
}

static bool one_role_each(const AgentPlan *plan)
{
    for (uint32_t i = 0; i < plan->ninputs; i++)
        if (plan->inputs[i].nroles != 1)
            return false;
    return true;
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
    agent->kind = kinds[plan->kind];
    assert(agent->kind);
    agent->timer.deadline = TIME_NONE;
    agent->views = ARENA_ARRAY(&engine->arena, View, plan->nviews + 1);
    agent->aggregates = ARENA_ARRAY(&engine->arena, Cell, plan->naggregates + 1);
    agent->aggregate_states = ARENA_ARRAY(&engine->arena, uint8_t, plan->naggregates + 1);
    agent->reads_context = plan_reads(engine->plan, plan, OP_CONTEXT);
    agent->reads_time = plan_reads(engine->plan, plan, OP_NOW);
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
                       !(has_port(plan, PORT_ELSE) && has_when(plan)) && one_role_each(plan);
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

/* ── Mail and timers ── */

void agent_activate(Agent *agent)
{
    agent->engine->active[agent->index / 64] |= UINT64_C(1) << (agent->index % 64);
}

void agent_mail(Agent *agent, Mail mail)
{
    Engine *engine = agent->engine;
    if (engine->nletters == engine->letters_room) {
        uint32_t room = engine->letters_room ? engine->letters_room * 2 : BATCH_ROWS;
        engine->letters = memory_resize(engine->memory, engine->letters, engine->letters_room * sizeof(Letter), room * sizeof(Letter));
        engine->letters_room = room;
    }
    uint32_t letter = engine->nletters++;
    engine->letters[letter] = (Letter){mail, UINT32_MAX};
    if (agent->nmail++)
        engine->letters[agent->mail_last].next = letter;
    else
        agent->mail_first = letter;
    agent->mail_last = letter;
}

static void mail_collect(Agent *agent)
{
    agent->mail = arena_raw(&agent->engine->scratch, agent->nmail * sizeof *agent->mail);
    uint32_t letter = agent->mail_first;
    for (uint32_t i = 0; i < agent->nmail; i++, letter = agent->engine->letters[letter].next)
        agent->mail[i] = agent->engine->letters[letter].mail;
}

static void due_add(Agent *agent, Handle handle)
{
    Engine *engine = agent->engine;
    const Timer *timer = pool_at(&engine->pool, handle);
    Text key = timer->kind == TIMER_QUIET ? (Text){"", 0} : node_key(agent, timer->owner);
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

void agent_due(Agent *agent, Handle timer)
{
    due_add(agent, timer);
    agent_activate(agent);
}

static void trigger(Agent *agent, OrderKey cause, EventId id)
{
    agent->cause = cause;
    agent->cause_id = id;
    agent->outputs = 0;
}

static void timer_dispatch(Agent *agent, const Timer *timer)
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

/* The timers of one partition at one instant are one trigger: what they derive is counted on. */
static void timer_fire(Agent *agent)
{
    DueEntry entry = due_pop(&agent->due);
    Timer timer = *(Timer *)pool_at(&agent->engine->pool, entry.timer);
    pool_free(&agent->engine->pool, entry.timer, sizeof timer);
    if (timer.cancelled)
        return;
    DueEntry last = agent->timer;
    bool same_instant = last.deadline == entry.deadline && last.inclusive == entry.inclusive;
    agent->timer = entry;
    agent->timer_sequence = same_instant ? agent->timer_sequence + !text_is(last.key, entry.key) : 0;
    OrderKey key = {entry.deadline, entry.inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER, agent->index,
                    agent->timer_sequence, NULL};
    uint32_t outputs = same_instant && text_is(last.key, entry.key) ? agent->outputs : 0;
    trigger(agent, key, (EventId){0, 0});
    agent->outputs = outputs;
    timer_dispatch(agent, &timer);
}

/* A timer comes before an event of its instant, an inclusive one after it; what an agent upstream derived at a
 * timer of this instant comes before this agent's own timers. */
static bool timer_is_before(const DueEntry *timer, const OrderKey *event)
{
    if (timer->deadline != event->time)
        return timer->deadline < event->time;
    return (timer->inclusive ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER) < event->kind;
}

/* ── The mail in order ── */

static bool mail_before(const Engine *engine, const Mail *a, const Mail *b)
{
    if (a->order != UINT32_MAX && b->order != UINT32_MAX)
        return a->order < b->order;
    return order_compare(&engine->batch.rows[a->type].key[a->row], &engine->batch.rows[b->type].key[b->row]) < 0;
}

/* Merge sort, bottom-up, stable; most mail arrives sorted and is only looked at. */
static void mail_sort(Agent *agent)
{
    uint32_t n = agent->nmail, i = 1;
    while (i < n && !mail_before(agent->engine, &agent->mail[i], &agent->mail[i - 1]))
        i++;
    if (i >= n)
        return;
    Mail *from = agent->mail, *to = arena_raw(&agent->engine->scratch, n * sizeof *to);
    for (uint32_t width = 1; width < n; width *= 2) {
        for (uint32_t start = 0; start < n; start += 2 * width) {
            uint32_t a = start, middle = start + width < n ? start + width : n, b = middle;
            uint32_t end = start + 2 * width < n ? start + 2 * width : n;
            for (uint32_t k = start; k < end; k++)
                to[k] = b >= end || (a < middle && !mail_before(agent->engine, &from[b], &from[a])) ? from[a++] : from[b++];
        }
        Mail *swap = from;
        from = to;
        to = swap;
    }
    if (from != agent->mail)
        memcpy(agent->mail, from, n * sizeof *from);
}

/* ── Keys, a column at a time ── */

typedef struct KeyCells {
    Cell *cells; /* [mail × keys] */
    uint8_t *states;
} KeyCells;

static void keys_run(Agent *agent, const Level *level, uint32_t input, const uint32_t *which, uint32_t n, KeyCells to)
{
    Engine *engine = agent->engine;
    const InputPlan *plan = &agent->plan->inputs[input];
    uint32_t rows[BATCH_ROWS];
    VectorView view = {&engine->batch.rows[plan->type], shape_columns(&plan->shape, plan->type), rows, 0};
    Surroundings around = agent_surroundings(agent, HANDLE_NONE);
    for (uint32_t start = 0; start < n; start += BATCH_ROWS) {
        uint32_t count = n - start < BATCH_ROWS ? n - start : BATCH_ROWS;
        for (uint32_t i = 0; i < count; i++)
            rows[i] = agent->mail[which[start + i]].row;
        for (uint32_t k = 0; k < level->nkeys; k++) {
            Vector vector = program_rows(plan->keys[level->key_first + k], &view, count, &around);
            for (uint32_t i = 0; i < count; i++) {
                size_t at = (size_t)which[start + i] * level->nkeys + k;
                to.states[at] = (uint8_t)vector_get(&vector, i, &to.cells[at]);
            }
        }
    }
}

/* One part of a partition key for a mail; empty when a value is missing: then there is no partition. */
static Text part_encode(Agent *agent, const Level *level, const Cell *cells, const uint8_t *states)
{
    size_t size = 0;
    const ContextStep *step = level->step;
    for (uint32_t k = 0, s = 0; k < level->nkeys; k++) {
        for (; k - s >= step->nkeys; step++)
            s += step->nkeys;
        if (states[k] != STATE_OK)
            return (Text){"", 0};
        size += key_size(step->key_types[k - s], cells[k]);
    }
    uint8_t *bytes = arena_raw(&agent->engine->scratch, size), *end = bytes;
    step = level->step;
    for (uint32_t k = 0, s = 0; k < level->nkeys; k++) {
        for (; k - s >= step->nkeys; step++)
            s += step->nkeys;
        end = key_put(end, step->key_types[k - s], cells[k]);
    }
    return (Text){(char *)bytes, (uint32_t)(end - bytes)};
}

static void parts_of_level(Agent *agent, const Level *level, Text *parts)
{
    Arena *scratch = &agent->engine->scratch;
    size_t n = agent->nmail;
    KeyCells to = {arena_raw(scratch, n * level->nkeys * sizeof(Cell)), arena_raw(scratch, n * level->nkeys)};
    uint32_t *which = arena_raw(scratch, n * sizeof *which);
    for (uint32_t input = 0; input < agent->plan->ninputs; input++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < n; i++)
            if (agent->mail[i].input == input)
                which[count++] = i;
        if (count)
            keys_run(agent, level, input, which, count, to);
    }
    for (uint32_t i = 0; i < n; i++)
        parts[i * agent->nparts + level->part] =
            part_encode(agent, level, to.cells + (size_t)i * level->nkeys, to.states + (size_t)i * level->nkeys);
}

static Text *parts_make(Agent *agent)
{
    if (!agent->nparts || !agent->nmail)
        return NULL;
    Text *parts = arena_raw(&agent->engine->scratch, (size_t)agent->nmail * agent->nparts * sizeof *parts);
    for (uint32_t i = 0; i < agent->nlevels; i++)
        if (agent->levels[i].kind == CONTEXT_BY)
            parts_of_level(agent, &agent->levels[i], parts);
    return parts;
}

/* Hashes of the first key of each mail, when the first level is `by`, to prefetch with. */
static uint32_t *hashes_make(Agent *agent, const Text *parts)
{
    if (!parts || agent->levels[0].kind != CONTEXT_BY)
        return NULL;
    uint32_t *hashes = arena_raw(&agent->engine->scratch, agent->nmail * sizeof *hashes);
    Handle root = node_root(agent);
    for (uint32_t i = 0; i < agent->nmail; i++)
        hashes[i] = node_hash(root, parts[i * agent->nparts]);
    return hashes;
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

bool arrival_takes_part(const Arrival *arrival)
{
    for (uint32_t r = 0; r < arrival->input->nroles; r++) {
        RoleKind kind = arrival->input->roles[r].kind;
        if ((arrival->roles >> r & 1) && (kind == ROLE_PARTICIPANT || kind == ROLE_EXPECTED || kind == ROLE_CANCELLER))
            return true;
    }
    return false;
}

void agent_descend(Agent *agent, Handle handle, const Arrival *arrival)
{
    Node *node = node_at(agent, handle);
    if (node_is_leaf(agent, node)) {
        agent->kind->event(agent, handle, arrival);
        return;
    }
    uint32_t level = node->level == NODE_ROOT ? 0 : node->level + 1u;
    contexts[agent->levels[level].kind]->route(agent, level, handle, arrival);
}

static void mail_deliver(Agent *agent, const Mail *mail, const Text *parts, uint32_t hash)
{
    const Rows *rows = &agent->engine->batch.rows[mail->type];
    const OrderKey *key = &rows->key[mail->row];
    while (agent->due.n && timer_is_before(&agent->due.heap[0], key))
        timer_fire(agent);
    trigger(agent, *key, rows->id[mail->row]);
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
    mail_collect(agent);
    mail_sort(agent);
    if (agent->kind->mail && agent->by_column && agent->nmail >= COLUMN_MIN) {
        agent->stats.events += agent->nmail;
        agent->kind->mail(agent);
    } else {
        Text *parts = parts_make(agent);
        uint32_t *hashes = hashes_make(agent, parts);
        for (uint32_t i = 0; i < agent->nmail; i++) {
            if (hashes)
                prefetch(agent, hashes, i);
            mail_deliver(agent, &agent->mail[i], parts ? parts + (size_t)i * agent->nparts : NULL, hashes ? hashes[i] : 0);
        }
        while (agent->due.n)
            timer_fire(agent);
        node_sweep(agent, agent->engine->frontier);
    }
    agent->nmail = 0;
    agent->timer.deadline = TIME_NONE; /* its key goes with the batch */
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
    trigger(agent, (OrderKey){agent->engine->now, ORDER_TIMER_INCLUSIVE, agent->index, UINT64_MAX, NULL}, (EventId){0, 0});
    node_close(agent, agent->root);
    arena_reset(&agent->engine->scratch);
}

void agent_reject(Agent *agent, const char *reason, Text detail, const Rows *rows, uint32_t row)
{
    Rejection rejection = {reason, detail, agent->plan, rows, row};
    agent->stats.errors++;
    agent->engine->stats.errors++;
    agent->engine->sink.rejected(agent->engine->sink.owner, &rejection);
}
