/* The engine's loop: a batch goes through the agents in topological order.
 *
 * Only agents that have mail or due timers are visited: a bit per agent, taken from the lowest. Rows of a type
 * are posted to its readers once every agent that derives the type is behind; that is what topological order is
 * for. Output is sorted by order key before it leaves. */
#include "agents/engine.h"

#include <assert.h>

#include "agents/interest.h"
#include "agents/node.h"
#include "agents/timer.h"
#include "agents/write.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PREFETCH_AHEAD = 6 };

/* ── Setting up ── */

bool agent_derives(const Plan *plan, uint32_t agent, uint32_t type)
{
    const AgentPlan *self = &plan->agents[agent];
    for (uint32_t d = 0; d < self->nderives; d++)
        if (self->derives[d].type == type)
            return true;
    return self->quiet.duration && type == plan_type(plan, TEXT("cep.Suppressed"));
}

bool engine_has(const Engine *engine, uint32_t agent)
{
    return !engine->options.share || engine->options.share->how[agent] != SHARE_NONE;
}

/* Agents come in rising order, so the last to set `after` stays. */
static void deriver_note(Engine *engine, uint32_t type, uint32_t agent, bool echo)
{
    engine->postings[type].after = agent;
    if (!echo)
        engine->postings[engine->plan->ntypes + type].after = agent;
}

static bool hears(const AgentPlan *agent, uint32_t type)
{
    for (uint32_t i = 0; i < agent->ninputs; i++)
        if (agent->inputs[i].type == type)
            return true;
    return false;
}

static void postings_init(Engine *engine)
{
    const Plan *plan = engine->plan;
    uint32_t n = 2 * plan->ntypes, suppressed = plan_type(plan, TEXT("cep.Suppressed"));
    engine->postings = ARENA_ARRAY(&engine->arena, Posting, n + 1);
    engine->pending = ARENA_ARRAY(&engine->arena, uint32_t, n + 1);
    engine->positions = ARENA_ARRAY(&engine->arena, uint32_t *, plan->ntypes + 1);
    engine->ninputs = ARENA_ARRAY(&engine->arena, uint32_t, plan->ntypes + 1);
    for (uint32_t i = 0; i < n; i++)
        engine->postings[i].after = UINT32_MAX;
    for (uint32_t a = 0; a < plan->nagents; a++) {
        const AgentPlan *agent = &plan->agents[a];
        if (!engine_has(engine, a))
            continue;
        for (uint32_t d = 0; d < agent->nderives; d++)
            deriver_note(engine, agent->derives[d].type, a, hears(agent, agent->derives[d].type));
        if (agent->quiet.duration && suppressed != INDEX_NONE)
            deriver_note(engine, suppressed, a, hears(agent, suppressed));
        for (uint32_t i = 0; i < agent->ninputs; i++) {
            uint32_t type = agent->inputs[i].type;
            engine->postings[type + (agent_derives(plan, a, type) ? plan->ntypes : 0)].read = true;
        }
    }
}

Engine *engine_new(const Plan *plan, Memory *memory, Table *const *tables, EngineOptions options, Sink sink)
{
    Engine *engine = memory_new(memory, sizeof *engine);
    engine->plan = plan;
    engine->memory = memory;
    engine->tables = tables;
    engine->options = options;
    engine->sink = sink;
    engine->now = TIME_NONE;
    engine->frontier = TIME_NONE;
    arena_init(&engine->arena, memory);
    arena_init(&engine->scratch, memory);
    arena_init(&engine->held, memory);
    pool_init(&engine->pool, memory);
    wheel_init(&engine->wheel, &engine->pool);
    engine->id_seed = XXH3_64bits(plan->network.p, plan->network.len);
    engine->writes_end = &engine->writes;
    engine->machine = machine_new(memory);
    batch_init(&engine->batch, memory, plan);
    engine->active = ARENA_ARRAY(&engine->arena, uint64_t, plan->nagents / 64 + 1);
    engine->agents = ARENA_ARRAY(&engine->arena, Agent, plan->nagents + 1);
    postings_init(engine);
    for (uint32_t i = 0; i < plan->nagents; i++)
        if (engine_has(engine, i))
            agent_init(engine, &engine->agents[i], i);
    engine->interest = interest_new(engine);
    return engine;
}

void engine_free(Engine *engine)
{
    if (!engine)
        return;
    for (uint32_t i = 0; i < engine->plan->nagents; i++)
        if (engine_has(engine, i))
            agent_fini(&engine->agents[i]);
    interest_free(engine->interest);
    memory_free(engine->memory, engine->letters, engine->letters_room * sizeof(Letter));
    batch_fini(&engine->batch);
    machine_free(engine->machine);
    pool_fini(&engine->pool);
    arena_fini(&engine->scratch);
    arena_fini(&engine->held);
    arena_fini(&engine->arena);
    memory_free(engine->memory, engine, sizeof *engine);
}

/* ── Output ── */

typedef struct OutputRef {
    const OrderKey *key;
    uint32_t type, row;
} OutputRef;

static bool leaves(const Engine *engine, uint32_t type)
{
    const EngineShare *share = engine->options.share;
    return engine->plan->types[type].alert || !engine->options.alerts_only || (share && share->leaves[type]);
}

static uint32_t outputs_collect(Engine *engine, OutputRef **outputs)
{
    uint32_t n = 0;
    for (const Rows *rows = engine->batch.used; rows; rows = rows->used_next)
        if (leaves(engine, rows->type))
            n += rows->n - engine->ninputs[rows->type];
    if (!n)
        return 0;
    *outputs = arena_raw(&engine->scratch, n * sizeof **outputs);
    n = 0;
    for (const Rows *rows = engine->batch.used; rows; rows = rows->used_next)
        if (leaves(engine, rows->type))
            for (uint32_t row = engine->ninputs[rows->type]; row < rows->n; row++)
                (*outputs)[n++] = (OutputRef){&rows->key[row], rows->type, row};
    return n;
}

static void outputs_sift(OutputRef *items, uint32_t i, uint32_t n)
{
    OutputRef item = items[i];
    for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && order_compare(items[child].key, items[child + 1].key) < 0)
            child++;
        if (order_compare(items[child].key, item.key) <= 0)
            break;
        items[i] = items[child];
    }
    items[i] = item;
}

/* Heap sort; keys are distinct, so stability is nothing. Mostly sorted already, which is looked at first. */
static void outputs_sort(OutputRef *items, uint32_t n)
{
    uint32_t sorted = 1;
    while (sorted < n && order_compare(items[sorted - 1].key, items[sorted].key) <= 0)
        sorted++;
    if (sorted >= n)
        return;
    for (uint32_t i = n / 2; i-- > 0;)
        outputs_sift(items, i, n);
    for (uint32_t end = n; end-- > 1;) {
        OutputRef last = items[end];
        items[end] = items[0];
        items[0] = last;
        outputs_sift(items, 0, end);
    }
}

static void outputs_send(Engine *engine)
{
    OutputRef *outputs = NULL;
    uint32_t n = outputs_collect(engine, &outputs);
    outputs_sort(outputs, n);
    for (uint32_t i = 0; i < n; i++)
        engine->sink.event(engine->sink.owner, &engine->plan->types[outputs[i].type], &engine->batch.rows[outputs[i].type],
                           outputs[i].row);
    arena_reset(&engine->scratch);
}

/* What a batch wrote counts, what it derived goes out, and nothing of it is left. */
static void batch_end(Engine *engine)
{
    if (engine->writes)
        write_settle(engine);
    outputs_send(engine);
    for (const Rows *rows = engine->batch.used; rows; rows = rows->used_next)
        engine->ninputs[rows->type] = 0;
    batch_clear(&engine->batch);
}

/* ── The loop ── */

static void posting_due(Engine *engine, uint32_t index)
{
    Posting *posting = &engine->postings[index];
    if (!posting->read || posting->pending)
        return;
    posting->pending = true;
    engine->pending[engine->npending++] = index;
}

void engine_pending(Engine *engine, uint32_t type, uint32_t agent)
{
    posting_due(engine, type);
    if (engine->postings[engine->plan->ntypes + type].read && (agent == UINT32_MAX || !hears(&engine->plan->agents[agent], type)))
        posting_due(engine, engine->plan->ntypes + type);
}

static uint32_t next_active(const Engine *engine, uint32_t from)
{
    uint32_t words = engine->plan->nagents / 64 + 1;
    for (uint32_t w = from / 64; w < words; w++)
        if (engine->active[w])
            return w * 64 + (uint32_t)__builtin_ctzll(engine->active[w]);
    return UINT32_MAX;
}

/* Where a posting stands between the agents: behind its last deriver. */
static uint64_t posting_place(const Engine *engine, uint32_t index)
{
    uint32_t after = engine->postings[index].after;
    return after == UINT32_MAX ? 0 : (uint64_t)after + 1;
}

/* Posts the rows that come first, if no agent before them is still to run: what they set going may add to the
 * others. Returns true if there were any. */
static bool postings_release(Engine *engine, uint32_t next)
{
    uint64_t first = UINT64_MAX;
    for (uint32_t i = 0; i < engine->npending; i++) {
        uint64_t place = posting_place(engine, engine->pending[i]);
        first = place < first ? place : first;
    }
    if (first > next)
        return false;
    for (uint32_t i = 0; i < engine->npending;) {
        uint32_t index = engine->pending[i];
        if (posting_place(engine, index) != first) {
            i++;
            continue;
        }
        engine->pending[i] = engine->pending[--engine->npending];
        engine->postings[index].pending = false;
        interest_post(engine->interest, index);
    }
    return true;
}

/* Asks for what the next agents will touch first: among ten thousand each is cold when its turn comes. */
static void agents_prefetch(const Engine *engine, uint32_t next)
{
    uint64_t bits = engine->active[next / 64] & (~UINT64_C(0) << (next % 64));
    for (uint32_t ahead = 0; bits && ahead < PREFETCH_AHEAD; ahead++, bits &= bits - 1) {
        const Agent *agent = &engine->agents[next / 64 * 64 + (uint32_t)__builtin_ctzll(bits)];
        if (ahead + 1 < PREFETCH_AHEAD / 2)
            agent_prefetch(agent);
        else
            for (uint32_t line = 0; line < 4; line++)
                __builtin_prefetch((const char *)agent + 64 * line);
    }
}

static void agents_run(Engine *engine)
{
    uint32_t reached = 0; /* whatever is still to run stands behind the agent that ran last */
    for (;;) {
        uint32_t next = next_active(engine, reached);
        if (engine->npending && postings_release(engine, next))
            continue;
        if (next == UINT32_MAX)
            break;
        engine->active[next / 64] &= ~(UINT64_C(1) << (next % 64));
        reached = next;
        agents_prefetch(engine, next);
        agent_run(&engine->agents[next]);
    }
    assert(engine->npending == 0);
    engine->nletters = 0;
}

static void due_take(void *owner, Handle handle)
{
    Engine *engine = owner;
    const Timer *timer = pool_at(&engine->pool, handle);
    timer_due(&engine->agents[timer->agent], handle);
}

void engine_begin(Engine *engine, int64_t time)
{
    if (engine->started)
        return;
    engine->started = true;
    wheel_start(&engine->wheel, time - 1);
    for (uint32_t i = 0; i < engine->plan->nagents; i++)
        if (engine_has(engine, i))
            agent_begin(&engine->agents[i], 0, node_root(&engine->agents[i]), time);
}

static void time_advance(Engine *engine, int64_t to, bool through)
{
    engine->frontier = to;
    engine->now = to;
    wheel_advance(&engine->wheel, to, through, due_take, engine);
}

static void inputs_count(Engine *engine)
{
    for (const Rows *rows = engine->batch.used; rows; rows = rows->used_next)
        engine->ninputs[rows->type] = rows->n;
}

/* Where each input row stands in the batch's order; needed only when there are several types. */
static void positions_make(Engine *engine)
{
    Batch *batch = &engine->batch;
    for (const Rows *rows = batch->used; rows; rows = rows->used_next)
        engine->positions[rows->type] = NULL;
    if (batch->rows[batch->order[0].type].n == batch->n)
        return;
    for (uint32_t i = 0; i < batch->n; i++) {
        RowRef ref = batch->order[i];
        if (!engine->positions[ref.type])
            engine->positions[ref.type] = arena_raw(&batch->arena, batch->rows[ref.type].n * sizeof(uint32_t));
        engine->positions[ref.type][ref.row] = i;
    }
}

/* ── One instant at a time, for networks that write tables ── */

static void step_to(Engine *engine, int64_t time, bool through)
{
    for (int64_t next; (next = wheel_next(&engine->wheel)) < time || (through && next == time);) {
        time_advance(engine, next, true);
        agents_run(engine);
        batch_end(engine);
    }
}

/* An input that steps aside while timers before it run in the batch. */
typedef struct Held {
    uint32_t type;
    int64_t time, detected;
    OrderKey key;
    EventId id;
    Cell *cells;
    uint8_t *states;
} Held;

static Held hold(Engine *engine)
{
    Batch *batch = &engine->batch;
    RowRef ref = batch->order[0];
    const Rows *rows = &batch->rows[ref.type];
    Held held = {ref.type, rows->time[ref.row], rows->detected[ref.row], rows->key[ref.row], rows->id[ref.row], NULL, NULL};
    arena_reset(&engine->held);
    held.cells = ARENA_ARRAY(&engine->held, Cell, rows->ncolumns);
    held.states = ARENA_ARRAY(&engine->held, uint8_t, rows->ncolumns);
    for (uint32_t i = 0; i < rows->ncolumns; i++) {
        held.states[i] = rows->columns[i].states[ref.row];
        if (held.states[i] != STATE_OK)
            continue;
        held.cells[i] = cell_get(rows->columns[i].type, rows->columns[i].cells, ref.row);
        if (type_has_bytes(rows->columns[i].type))
            held.cells[i].s = arena_text(&engine->held, held.cells[i].s);
    }
    batch_clear(batch);
    return held;
}

static void put_back(Engine *engine, const Held *held)
{
    Rows *rows = &engine->batch.rows[held->type];
    uint32_t row = rows_add(rows, engine->memory);
    for (uint32_t i = 0; i < rows->ncolumns; i++)
        if (held->states[i] == STATE_OK)
            rows_set(rows, row, i, held->cells[i]);
        else
            rows_set_state(rows, row, i, (State)held->states[i]);
    rows->time[row] = held->time;
    rows->detected[row] = held->detected;
    rows->key[row] = held->key;
    rows->id[row] = held->id;
    batch_append(&engine->batch, held->type, row);
}

static void step_to_input(Engine *engine)
{
    assert(engine->batch.n == 1);
    RowRef first = engine->batch.order[0];
    int64_t time = engine->batch.rows[first.type].key[first.row].time;
    if (wheel_next(&engine->wheel) >= time)
        return;
    Held held = hold(engine);
    step_to(engine, time, false);
    put_back(engine, &held);
}

/* ── The door ── */

Batch *engine_batch(Engine *engine)
{
    return &engine->batch;
}

void engine_run(Engine *engine)
{
    Batch *batch = &engine->batch;
    if (!batch->n) {
        batch_clear(batch);
        return;
    }
    RowRef first = batch->order[0];
    engine_begin(engine, batch->rows[first.type].key[first.row].time);
    if (engine->plan->writes)
        step_to_input(engine);
    RowRef last = batch->order[batch->n - 1];
    const OrderKey *end = &batch->rows[last.type].key[last.row];
    engine->stats.events += batch->n;
    inputs_count(engine);
    positions_make(engine);
    for (const Rows *rows = batch->used; rows; rows = rows->used_next)
        if (rows->n)
            engine_pending(engine, rows->type, UINT32_MAX);
    time_advance(engine, end->time, end->kind == ORDER_TIMER_INCLUSIVE);
    agents_run(engine);
    batch_end(engine);
}

static void advance(Engine *engine, int64_t time, bool through)
{
    assert(engine->batch.n == 0);
    if (engine->plan->writes)
        step_to(engine, time, through);
    time_advance(engine, time, through);
    agents_run(engine);
    batch_end(engine);
}

void engine_advance(Engine *engine, int64_t time)
{
    if (engine->started && time < engine->now)
        return;
    engine_begin(engine, time);
    advance(engine, time, true);
}

void engine_advance_below(Engine *engine, const OrderKey *key)
{
    bool through = key->kind == ORDER_TIMER; /* the instant before has been seen to its end, and this one not begun */
    if (!engine->started || (through && key->time == INT64_MIN) || key->time - through < engine->now)
        return;
    advance(engine, key->time - through, through);
}

/* Agent by agent in topological order, so that what closing one derives is counted in those behind before they
 * close. */
void engine_close(Engine *engine)
{
    for (uint32_t i = 0; engine->started && i < engine->plan->nagents; i++) {
        if (!engine_has(engine, i))
            continue;
        while (engine->npending && postings_release(engine, i)) {}
        engine->active[i / 64] &= ~(UINT64_C(1) << (i % 64));
        agent_run(&engine->agents[i]);
        agent_close(&engine->agents[i]);
    }
    while (engine->npending)
        engine->postings[engine->pending[--engine->npending]].pending = false;
    engine->nletters = 0;
    batch_end(engine);
}

int64_t engine_now(const Engine *engine)
{
    return engine->now;
}

EngineStats engine_stats(const Engine *engine)
{
    EngineStats stats = engine->stats;
    for (uint32_t i = 0; i < engine->plan->nagents; i++) {
        const EngineStats *agent = &engine->agents[i].stats;
        stats.derived += agent->derived;
        stats.matches += agent->matches;
        stats.suppressed += agent->suppressed;
        stats.partitions += agent->partitions;
    }
    stats.state_bytes = engine->pool.bytes;
    return stats;
}

EngineStats engine_agent_stats(const Engine *engine, uint32_t agent)
{
    return engine->agents[agent].stats;
}
