/* The stages of a node, what waits before each, and the arithmetic of frontiers. See flow.h.
 *
 * A row is decoded or copied into the Reorder of each stage that hears its type, and copied once more when it is
 * released. Alerts of a type that several stages derive wait in `held` until the last of them has come as far. */
#include "cluster/flow.h"

#include <assert.h>

#include "cluster/limits.h"
#include "cluster/reorder.h"

typedef enum SourceState { SOURCE_ABSENT, SOURCE_OPEN, SOURCE_IDLE, SOURCE_ENDED } SourceState;

typedef struct Source {
    SourceState state;
    uint32_t first;    /* stages from here on hear it */
    OrderKey frontier;
    int64_t time;      /* of one that has ended: the greatest that it handed on */
} Source;

typedef struct Stage {
    Flow *flow;
    uint32_t index;
    Engine *engine;       /* NULL: none of its agents is on this node */
    EngineShare share;
    uint8_t *how;
    bool *leaves;
    Reorder *reorder;
    Reorder *held;        /* events to be published when it has finished; NULL = none ever */
    uint32_t *sources;    /* derived ones that feed it */
    uint32_t nsources;
    OrderKey finished;
} Stage;

struct Flow {
    const Placement *placement;
    const Plan *plan;
    uint32_t self;
    Memory *memory;
    Arena arena;
    FlowOptions options;
    FlowSink sink;
    uint64_t slots[SHARE_SLOTS / 64];
    Stage *stages;
    Source *sources;      /* ingress by node, then derived by stage and node */
    uint32_t nsources;
    Batch out;            /* what goes out of `held` */
    Batch *filled;        /* by the source that asked last */
    OrderKey passed;      /* the input frontier */
    OrderKey first;       /* the least input, until time has begun */
    OrderKey greatest;    /* the greatest input */
    bool has_input, begun;
    bool has_until;
    OrderKey until;
    uint64_t late;
};

static const OrderKey nothing = {.time = INT64_MIN, .kind = ORDER_TIMER};

static bool below(const OrderKey *a, const OrderKey *b)
{
    return order_compare(a, b) < 0;
}

/* ── What a stage derives ── */

static bool is_published(const Flow *flow, uint32_t type)
{
    return flow->plan->types[type].alert || flow->options.all;
}

static Batch *room_in(Reorder *reorder)
{
    bool fresh;
    return reorder_batch(reorder, &fresh);
}

static void wait_in(Reorder *reorder, const Rows *rows, uint32_t row)
{
    reorder_add(reorder, rows->type, batch_copy(room_in(reorder), rows, row));
}

static bool stage_hears(const Stage *stage, uint32_t type)
{
    return placement_hears(stage->flow->placement, stage->flow->self, stage->index, type);
}

static void publish(Stage *stage, const EventType *type, const Rows *rows, uint32_t row)
{
    Flow *flow = stage->flow;
    Stage *last = &flow->stages[placement_last_stage(flow->placement, rows->type)];
    if (last == stage && !stage->held)
        flow->sink.event(flow->sink.owner, type, rows, row);
    else
        wait_in(last->held, rows, row);
}

/* What a copied agent derives is on every node already, and leaves from one. */
static void on_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Stage *stage = owner;
    Flow *flow = stage->flow;
    const OrderKey *key = &rows->key[row];
    bool copied = flow->placement->agents[key->path->agent].kind == PLACE_COPIED;
    if (is_published(flow, rows->type) && (!copied || share_owns(&stage->share, share_hash_order(key))))
        publish(stage, type, rows, row);
    if (!copied && placement_carries(flow->placement, flow->self, stage->index, rows->type))
        flow->sink.derived(flow->sink.owner, stage->index, rows, row);
    for (uint32_t s = stage->index + 1; s < flow->placement->nstages; s++)
        if (stage_hears(&flow->stages[s], rows->type))
            wait_in(flow->stages[s].reorder, rows, row);
}

static void on_rejected(void *owner, const Rejection *rejection)
{
    Flow *flow = ((Stage *)owner)->flow;
    flow->sink.rejected(flow->sink.owner, rejection);
}

/* ── Setting up ── */

static uint8_t how_of(const Flow *flow, uint32_t stage, uint32_t agent)
{
    static const uint8_t hows[] = {[PLACE_SHARDED] = SHARE_KEYS, [PLACE_WHOLE] = SHARE_WHOLE, [PLACE_SPREAD] = SHARE_SPREAD,
                                   [PLACE_COPIED] = SHARE_COPIED};
    bool runs = placement_runs(flow->placement, flow->self, stage, agent);
    return runs ? hows[flow->placement->agents[agent].kind] : SHARE_NONE;
}

/* Whether types of the stage are derived in an earlier one, too. */
static bool must_hold(const Flow *flow, uint32_t stage)
{
    for (uint32_t type = 0; type < flow->plan->ntypes; type++)
        for (uint32_t s = 0; s < stage && placement_last_stage(flow->placement, type) == stage; s++)
            if (is_published(flow, type) && placement_derives(flow->placement, flow->self, s, type))
                return true;
    return false;
}

static void stage_open(Flow *flow, uint32_t index, Table *const *tables)
{
    Stage *stage = &flow->stages[index];
    const Plan *plan = flow->plan;
    *stage = (Stage){.flow = flow, .index = index, .finished = nothing};
    stage->how = ARENA_ARRAY(&flow->arena, uint8_t, plan->nagents + 1);
    stage->leaves = ARENA_ARRAY(&flow->arena, bool, plan->ntypes + 1);
    bool runs = false;
    for (uint32_t a = 0; a < plan->nagents; a++)
        runs |= (stage->how[a] = how_of(flow, index, a)) != SHARE_NONE;
    for (uint32_t t = 0; t < plan->ntypes; t++) {
        stage->leaves[t] = placement_carries(flow->placement, flow->self, index, t);
        for (uint32_t s = index + 1; s < flow->placement->nstages; s++)
            stage->leaves[t] |= placement_hears(flow->placement, flow->self, s, t);
    }
    stage->share = (EngineShare){.how = stage->how, .slots = flow->slots, .leaves = stage->leaves};
    stage->reorder = reorder_new(flow->memory, plan);
    if (must_hold(flow, index))
        stage->held = reorder_new(flow->memory, plan);
    if (!runs)
        return;
    EngineOptions options = {.row_by_row = flow->options.row_by_row, .alerts_only = !flow->options.all,
                             .share = flow->placement->nnodes > 1 ? &stage->share : NULL};
    stage->engine = engine_new(plan, flow->memory, tables, options, (Sink){stage, on_event, on_rejected});
}

/* Whether the engine of a stage here hears what (node, from) derives. */
static bool feeds_stage(const Flow *flow, uint32_t node, uint32_t from, const Stage *stage)
{
    for (uint32_t type = 0; type < flow->plan->ntypes; type++)
        if (stage_hears(stage, type) && placement_sends(flow->placement, node, from, type))
            return true;
    return false;
}

static void sources_open(Flow *flow)
{
    const Placement *placement = flow->placement;
    flow->nsources = placement->nnodes * placement->nstages;
    flow->sources = ARENA_ARRAY(&flow->arena, Source, flow->nsources);
    for (uint32_t i = 0; i < flow->nsources; i++) {
        bool ingress = i < placement->nnodes;
        flow->sources[i] = (Source){.state = ingress ? SOURCE_ABSENT : SOURCE_OPEN, .first = i / placement->nnodes,
                                    .frontier = nothing, .time = TIME_NONE};
    }
    for (uint32_t s = 1; s < placement->nstages; s++) {
        Stage *stage = &flow->stages[s];
        stage->sources = ARENA_ARRAY(&flow->arena, uint32_t, (size_t)s * placement->nnodes);
        for (uint32_t from = 0; from < s; from++)
            for (uint32_t node = 0; node < placement->nnodes; node++)
                if (node != flow->self && feeds_stage(flow, node, from, stage))
                    stage->sources[stage->nsources++] = flow_derived(flow, node, from);
    }
}

Flow *flow_new(const Placement *placement, uint32_t self, Memory *memory, Table *const *tables, FlowOptions options,
               FlowSink sink)
{
    assert(self < placement->nnodes);
    Flow *flow = memory_new(memory, sizeof *flow);
    *flow = (Flow){.placement = placement, .plan = placement->plan, .self = self, .memory = memory, .options = options,
                   .sink = sink, .passed = nothing};
    if (!options.batch_rows || options.batch_rows > BATCH_ROWS)
        flow->options.batch_rows = BATCH_ROWS;
    if (placement->plan->writes)
        flow->options.batch_rows = 1;
    arena_init(&flow->arena, memory);
    batch_init(&flow->out, memory, flow->plan);
    for (uint32_t slot = 0; slot < SHARE_SLOTS; slot++)
        flow->slots[slot / 64] |= (uint64_t)(placement->slots[slot] == self) << (slot % 64);
    flow->stages = ARENA_ARRAY(&flow->arena, Stage, placement->nstages);
    for (uint32_t s = 0; s < placement->nstages; s++)
        stage_open(flow, s, tables);
    sources_open(flow);
    return flow;
}

void flow_free(Flow *flow)
{
    if (!flow)
        return;
    for (uint32_t s = 0; s < flow->placement->nstages; s++) {
        engine_free(flow->stages[s].engine);
        reorder_free(flow->stages[s].reorder);
        reorder_free(flow->stages[s].held);
    }
    batch_fini(&flow->out);
    arena_fini(&flow->arena);
    memory_free(flow->memory, flow, sizeof *flow);
}

/* ── Sources ── */

uint32_t flow_ingress(const Flow *flow, uint32_t node)
{
    assert(node < flow->placement->nnodes);
    return node;
}

uint32_t flow_derived(const Flow *flow, uint32_t node, uint32_t stage)
{
    assert(node < flow->placement->nnodes && stage + 1 < flow->placement->nstages);
    return flow->placement->nnodes * (stage + 1) + node;
}

static bool is_ingress(const Flow *flow, uint32_t source)
{
    return source < flow->placement->nnodes;
}

OrderKey flow_join(Flow *flow, uint32_t source)
{
    assert(is_ingress(flow, source));
    flow->sources[source].state = SOURCE_OPEN;
    flow->sources[source].frontier = flow->passed;
    return flow->passed;
}

void flow_frontier(Flow *flow, uint32_t source, const OrderKey *key)
{
    assert(!key->path);
    if (below(&flow->sources[source].frontier, key))
        flow->sources[source].frontier = *key;
}

void flow_idle(Flow *flow, uint32_t source)
{
    assert(is_ingress(flow, source));
    flow->sources[source].state = SOURCE_IDLE;
}

void flow_end(Flow *flow, uint32_t source, int64_t time)
{
    assert(is_ingress(flow, source));
    flow->sources[source].state = SOURCE_ENDED;
    flow->sources[source].time = time;
}

/* ── Frontiers ── */

/* The instant behind a time. */
static OrderKey instant_behind(int64_t time)
{
    if (time == INT64_MAX)
        return (OrderKey){.time = time, .kind = ORDER_TIMER_INCLUSIVE, .origin = UINT32_MAX};
    return (OrderKey){.time = time + 1, .kind = ORDER_TIMER};
}

static OrderKey just_behind(const OrderKey *input)
{
    OrderKey key = *input;
    key.sequence++;
    key.path = NULL;
    return key;
}

/* The input frontier by what the sources are now; `passed` may be behind it. */
static OrderKey input_frontier(const Flow *flow)
{
    OrderKey least = nothing;
    bool open = false, idle = false;
    int64_t time = TIME_NONE;
    for (uint32_t i = 0; i < flow->placement->nnodes; i++) {
        const Source *source = &flow->sources[i];
        if (source->state == SOURCE_OPEN && (!open || below(&source->frontier, &least)))
            least = source->frontier;
        open |= source->state == SOURCE_OPEN;
        idle |= source->state == SOURCE_IDLE;
        if (source->state == SOURCE_ENDED && source->time > time)
            time = source->time;
    }
    if (open)
        return least;
    if (idle)
        return flow->has_input ? just_behind(&flow->greatest) : nothing;
    return time == TIME_NONE ? nothing : instant_behind(time);
}

static void pass_inputs(Flow *flow)
{
    OrderKey key = input_frontier(flow);
    if (flow->has_until && below(&flow->until, &key))
        key = flow->until;
    if (below(&flow->passed, &key))
        flow->passed = key;
}

static OrderKey stage_frontier(const Stage *stage)
{
    const Flow *flow = stage->flow;
    OrderKey least = flow->passed;
    for (uint32_t i = 0; i < stage->nsources; i++)
        if (below(&flow->sources[stage->sources[i]].frontier, &least))
            least = flow->sources[stage->sources[i]].frontier;
    if (stage->index && below(&stage[-1].finished, &least))
        least = stage[-1].finished;
    return least;
}

OrderKey flow_passed(const Flow *flow)
{
    return flow->passed;
}

OrderKey flow_finished(const Flow *flow, uint32_t stage)
{
    return flow->stages[stage].finished;
}

uint32_t flow_slowest(const Flow *flow)
{
    uint32_t slowest = INDEX_NONE;
    for (uint32_t i = 0; i < flow->placement->nnodes; i++) {
        const Source *source = &flow->sources[i];
        if (source->state == SOURCE_OPEN &&
            (slowest == INDEX_NONE || below(&source->frontier, &flow->sources[slowest].frontier)))
            slowest = i;
    }
    return slowest;
}

/* ── Rows in ── */

bool flow_wants(const Flow *flow, uint32_t source, uint32_t type)
{
    for (uint32_t s = flow->sources[source].first; s < flow->placement->nstages; s++)
        if (stage_hears(&flow->stages[s], type))
            return true;
    return false;
}

/* Notes that an input is there. False if it comes behind what was passed. */
static bool note(Flow *flow, uint32_t source, const OrderKey *key)
{
    const Source *from = &flow->sources[source];
    const OrderKey *passed = is_ingress(flow, source) ? &flow->passed : &nothing;
    if (below(key, &from->frontier) || below(key, passed)) {
        flow->late++;
        return false;
    }
    if (!is_ingress(flow, source))
        return true;
    if (!flow->begun && (!flow->has_input || below(key, &flow->first)))
        flow->first = *key;
    if (!flow->has_input || below(&flow->greatest, key))
        flow->greatest = *key;
    flow->has_input = true;
    return true;
}

void flow_pass(Flow *flow, uint32_t source, const OrderKey *key)
{
    note(flow, source, key);
}

Batch *flow_batch(Flow *flow, uint32_t source)
{
    return flow->filled = room_in(flow->stages[flow->sources[source].first].reorder);
}

/* The row is where it should be for the first stage that may hear it; for the others it is copied. */
void flow_add(Flow *flow, uint32_t source, uint32_t type, uint32_t row)
{
    uint32_t first = flow->sources[source].first;
    assert(flow->filled);
    Rows *rows = &flow->filled->rows[type];
    assert(row + 1 == rows->n);
    bool good = note(flow, source, &rows->key[row]);
    for (uint32_t s = first + 1; good && s < flow->placement->nstages; s++)
        if (stage_hears(&flow->stages[s], type))
            wait_in(flow->stages[s].reorder, rows, row);
    if (good && stage_hears(&flow->stages[first], type))
        reorder_add(flow->stages[first].reorder, type, row);
    else
        rows_truncate(rows, row);
}

void flow_take(Flow *flow, uint32_t source, const Batch *batch)
{
    for (uint32_t i = 0; i < batch->n; i++) {
        const Rows *rows = &batch->rows[batch->order[i].type];
        uint32_t row = batch->order[i].row;
        bool good = note(flow, source, &rows->key[row]);
        for (uint32_t s = flow->sources[source].first; good && s < flow->placement->nstages; s++)
            if (stage_hears(&flow->stages[s], rows->type))
                wait_in(flow->stages[s].reorder, rows, row);
    }
}

static void take_turn(Flow *flow, const Batch *batch)
{
    if (flow->sink.turn)
        flow->sink.turn(flow->sink.owner, batch);
}

Batch *flow_direct(Flow *flow)
{
    bool direct = flow->placement->nnodes == 1 && flow->stages[0].engine && !flow->has_until &&
                  reorder_rows(flow->stages[0].reorder) == 0;
    return direct ? engine_batch(flow->stages[0].engine) : NULL;
}

void flow_run_direct(Flow *flow)
{
    Batch *batch = flow_direct(flow);
    assert(batch);
    if (batch->n) {
        RowRef last = batch->order[batch->n - 1];
        flow->greatest = batch->rows[last.type].key[last.row];
        flow->has_input = flow->begun = true;
    }
    take_turn(flow, batch);
    engine_run(flow->stages[0].engine);
}

/* ── Running ── */

/* Time begins with the first input, once nothing can come before it. */
static void begin(Flow *flow)
{
    if (flow->begun || !flow->has_input || !below(&flow->first, &flow->passed))
        return;
    flow->begun = true;
    for (uint32_t s = 0; s < flow->placement->nstages; s++)
        if (flow->stages[s].engine)
            engine_begin(flow->stages[s].engine, flow->first.time);
}

static void held_release(Stage *stage)
{
    Flow *flow = stage->flow;
    while (stage->held && reorder_release(stage->held, &stage->finished, &flow->out, BATCH_ROWS)) {
        for (uint32_t i = 0; i < flow->out.n; i++) {
            uint32_t type = flow->out.order[i].type;
            flow->sink.event(flow->sink.owner, &flow->plan->types[type], &flow->out.rows[type], flow->out.order[i].row);
        }
        batch_clear(&flow->out);
        reorder_reclaim(stage->held);
    }
}

static bool stage_lags(const Stage *stage, const OrderKey *frontier)
{
    const OrderKey *next = reorder_next(stage->reorder);
    return below(&stage->finished, frontier) || (next && below(next, frontier));
}

/* Runs a batch; if nothing is left below the frontier, the stage has finished it. */
static void stage_step(Stage *stage, const OrderKey *frontier)
{
    Flow *flow = stage->flow;
    if (stage->engine && reorder_release(stage->reorder, frontier, engine_batch(stage->engine), flow->options.batch_rows)) {
        take_turn(flow, engine_batch(stage->engine));
        engine_run(stage->engine);
        reorder_reclaim(stage->reorder);
    }
    const OrderKey *next = reorder_next(stage->reorder);
    if (next && below(next, frontier))
        return;
    if (stage->engine) {
        take_turn(flow, NULL);
        engine_advance_below(stage->engine, frontier);
    }
    stage->finished = *frontier;
    held_release(stage);
    if (flow->sink.finished)
        flow->sink.finished(flow->sink.owner, stage->index, &stage->finished);
}

bool flow_run(Flow *flow, uint32_t batches)
{
    flow->filled = NULL;
    pass_inputs(flow);
    begin(flow);
    for (uint32_t s = 0; s < flow->placement->nstages; s++) {
        Stage *stage = &flow->stages[s];
        OrderKey frontier = stage_frontier(stage);
        for (; stage_lags(stage, &frontier); batches--) {
            if (!batches)
                return true;
            stage_step(stage, &frontier);
        }
    }
    return false;
}

uint64_t flow_waiting(const Flow *flow)
{
    uint64_t n = 0;
    for (uint32_t s = 0; s < flow->placement->nstages; s++)
        n += reorder_rows(flow->stages[s].reorder);
    return n;
}

bool flow_crowded(const Flow *flow)
{
    uint64_t bytes = 0;
    for (uint32_t s = 0; s < flow->placement->nstages; s++)
        bytes += reorder_bytes(flow->stages[s].reorder);
    return flow_waiting(flow) >= (uint64_t)limit_default(LIMIT_REORDER_ROWS) / 2 ||
           bytes >= (uint64_t)limit_default(LIMIT_REORDER_BYTES) / 2;
}

uint64_t flow_late(const Flow *flow)
{
    return flow->late;
}

EngineStats flow_stats(const Flow *flow)
{
    EngineStats sum = {0};
    for (uint32_t s = 0; s < flow->placement->nstages; s++) {
        if (!flow->stages[s].engine)
            continue;
        EngineStats stats = engine_stats(flow->stages[s].engine);
        sum.events += stats.events;
        sum.derived += stats.derived;
        sum.matches += stats.matches;
        sum.suppressed += stats.suppressed;
        sum.errors += stats.errors;
        sum.partitions += stats.partitions;
        sum.state_bytes += stats.state_bytes;
    }
    return sum;
}

EngineStats flow_agent_stats(const Flow *flow, uint32_t agent)
{
    const AgentPlace *place = &flow->placement->agents[agent];
    bool here = placement_runs(flow->placement, flow->self, place->stage, agent);
    return here ? engine_agent_stats(flow->stages[place->stage].engine, agent) : (EngineStats){0};
}

/* ── The switch of plans ── */

void flow_until(Flow *flow, int64_t time)
{
    flow->until = (OrderKey){.time = time, .kind = ORDER_TIMER};
    flow->has_until = true;
    assert(!below(&flow->until, &flow->passed));
}

bool flow_done(const Flow *flow)
{
    const Stage *last = &flow->stages[flow->placement->nstages - 1];
    return flow->has_until && !below(&last->finished, &flow->until);
}

/* The stage that has the next of what waits. */
static Stage *stage_next(const Flow *flow)
{
    Stage *next = NULL;
    for (uint32_t s = 0; s < flow->placement->nstages; s++) {
        Stage *stage = &flow->stages[s];
        const OrderKey *key = reorder_next(stage->reorder);
        if (key && (!next || below(key, reorder_next(next->reorder))))
            next = stage;
    }
    return next;
}

void flow_rest(Flow *flow, void (*each)(void *owner, const Rows *rows, uint32_t row), void *owner)
{
    assert(flow_done(flow));
    static const OrderKey all = {.time = INT64_MAX, .kind = ORDER_TIMER_INCLUSIVE, .origin = UINT32_MAX};
    OrderKey last = nothing;
    for (Stage *stage; (stage = stage_next(flow)); reorder_reclaim(stage->reorder)) {
        reorder_release(stage->reorder, &all, &flow->out, 1);
        RowRef first = flow->out.order[0];
        const OrderKey *key = &flow->out.rows[first.type].key[first.row];
        bool input = key->kind == ORDER_EVENT && !key->path && order_compare(key, &last) != 0;
        if (input) {
            last = *key;
            each(owner, &flow->out.rows[first.type], first.row);
        }
        batch_clear(&flow->out);
    }
}
