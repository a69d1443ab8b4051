/* Nodes, queues, and a seed. A channel is what one node sends on one matter, in order; each receiver has read it up to a
 * place of its own. */
#include "tests/oracle/placed.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/flow.h"
#include "cluster/reorder.h"
#include "tests/oracle/random.h"

enum { NODES_MAX = 8 };

typedef enum MessageKind { MESSAGE_ROW, MESSAGE_FRONTIER, MESSAGE_IDLE, MESSAGE_END } MessageKind;

typedef struct Message {
    MessageKind kind;
    uint32_t type, row; /* of the channel's log */
    OrderKey key;       /* of a frontier */
    int64_t time;       /* of an end */
} Message;

typedef struct Channel {
    Batch log;
    Message *messages;
    uint32_t n, room;
    uint32_t read[NODES_MAX];
    bool heard[NODES_MAX];
    OrderKey promised;  /* nothing below follows */
    OrderKey last;      /* the last row's; in the log's arena */
    bool idle;          /* of an ingress */
    int64_t time;       /* the greatest that an ingress handed on */
} Channel;

typedef struct VirtualNode {
    Placed *placed;
    uint32_t index;
    Flow *flow;
    OrderKey *last;     /* per type, of the events that came out */
    OrderKey *finished; /* per stage */
} VirtualNode;

struct Placed {
    const Plan *plan;
    Memory *memory;
    Arena arena;
    Sink sink;
    Random random;
    Placement *placement;
    VirtualNode nodes[NODES_MAX];
    uint32_t nnodes;
    Channel *channels;  /* by Flow's number of the source */
    uint32_t nchannels;
    Batch batch;
    Reorder *events;
    OrderKey reached;   /* nothing below is still to be put in */
    const char *broken;
};

static const OrderKey nothing = {.time = INT64_MIN, .kind = ORDER_TIMER};
static const OrderKey everything = {.time = INT64_MAX, .kind = ORDER_TIMER_INCLUSIVE, .origin = UINT32_MAX};

/* ── Sending ── */

static void message_send(Placed *placed, Channel *channel, Message message)
{
    if (channel->n == channel->room) {
        uint32_t room = channel->room ? channel->room * 2 : 64;
        channel->messages = memory_resize(placed->memory, channel->messages, channel->room * sizeof message, room * sizeof message);
        channel->room = room;
    }
    channel->messages[channel->n++] = message;
}

static void send_row(Placed *placed, Channel *channel, const Rows *rows, uint32_t row)
{
    uint32_t copy = batch_copy(&channel->log, rows, row);
    const OrderKey *key = &channel->log.rows[rows->type].key[copy];
    if (order_compare(key, &channel->promised) < 0)
        placed->broken = "a row lies below what its channel had promised";
    if (order_compare(key, &channel->last) <= 0)
        placed->broken = "the rows of a channel are out of order";
    channel->last = *key;
    message_send(placed, channel, (Message){.kind = MESSAGE_ROW, .type = rows->type, .row = copy});
}

static void send_frontier(Placed *placed, Channel *channel, const OrderKey *key)
{
    if (order_compare(key, &channel->promised) <= 0)
        return;
    channel->promised = *key;
    message_send(placed, channel, (Message){.kind = MESSAGE_FRONTIER, .key = *key});
}

static void on_derived(void *owner, uint32_t stage, const Rows *rows, uint32_t row)
{
    VirtualNode *node = owner;
    send_row(node->placed, &node->placed->channels[flow_derived(node->flow, node->index, stage)], rows, row);
}

static void on_finished(void *owner, uint32_t stage, const OrderKey *below)
{
    VirtualNode *node = owner;
    if (order_compare(below, &node->finished[stage]) < 0)
        node->placed->broken = "a stage goes back";
    node->finished[stage] = *below;
    if (stage + 1 < node->placed->placement->nstages)
        send_frontier(node->placed, &node->placed->channels[flow_derived(node->flow, node->index, stage)], below);
}

static void on_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    (void)type;
    VirtualNode *node = owner;
    Placed *placed = node->placed;
    const OrderKey *key = &rows->key[row];
    if (order_compare(key, &node->finished[placement_last_stage(placed->placement, rows->type)]) < 0)
        placed->broken = "an event lies below what its stage had finished";
    if (order_compare(key, &node->last[rows->type]) <= 0)
        placed->broken = "the events of a type are out of order";
    bool fresh;
    Batch *batch = reorder_batch(placed->events, &fresh);
    uint32_t copy = batch_copy(batch, rows, row);
    node->last[rows->type] = batch->rows[rows->type].key[copy];
    reorder_add(placed->events, rows->type, copy);
}

static void on_rejected(void *owner, const Rejection *rejection)
{
    Placed *placed = ((VirtualNode *)owner)->placed;
    placed->sink.rejected(placed->sink.owner, rejection);
}

/* ── Setting up ── */

static void node_open(Placed *placed, uint32_t index, Table *const *tables)
{
    VirtualNode *node = &placed->nodes[index];
    *node = (VirtualNode){.placed = placed, .index = index};
    node->last = ARENA_ARRAY(&placed->arena, OrderKey, placed->plan->ntypes);
    for (uint32_t t = 0; t < placed->plan->ntypes; t++)
        node->last[t] = nothing;
    node->finished = ARENA_ARRAY(&placed->arena, OrderKey, placed->placement->nstages);
    for (uint32_t s = 0; s < placed->placement->nstages; s++)
        node->finished[s] = nothing;
    FlowSink sink = {.owner = node, .derived = on_derived, .event = on_event, .finished = on_finished, .rejected = on_rejected};
    FlowOptions options = {.all = true, .batch_rows = 1 + random_below(&placed->random, 4)};
    node->flow = flow_new(placed->placement, index, placed->memory, tables, options, sink);
}

static void channels_open(Placed *placed)
{
    const Placement *placement = placed->placement;
    placed->nchannels = placed->nnodes * placement->nstages;
    placed->channels = ARENA_ARRAY(&placed->arena, Channel, placed->nchannels);
    for (uint32_t c = 0; c < placed->nchannels; c++) {
        Channel *channel = &placed->channels[c];
        *channel = (Channel){.promised = nothing, .last = nothing, .time = TIME_NONE};
        batch_init(&channel->log, placed->memory, placed->plan);
        uint32_t from = c % placed->nnodes, stage = c / placed->nnodes;
        for (uint32_t to = 0; to < placed->nnodes; to++)
            channel->heard[to] = stage == 0 || (from != to && placement_feeds(placement, from, stage - 1, to));
    }
    for (uint32_t to = 0; to < placed->nnodes; to++)
        for (uint32_t from = 0; from < placed->nnodes; from++)
            flow_join(placed->nodes[to].flow, flow_ingress(placed->nodes[to].flow, from));
}

Placed *placed_new(const Plan *plan, Table *const *tables, uint32_t nodes, uint64_t seed, Memory *memory, Sink sink)
{
    assert(nodes <= NODES_MAX);
    Placed *placed = memory_new(memory, sizeof *placed);
    *placed = (Placed){.plan = plan, .memory = memory, .sink = sink, .random = {seed}, .nnodes = nodes, .reached = nothing};
    arena_init(&placed->arena, memory);
    Text names[NODES_MAX];
    for (uint32_t i = 0; i < nodes; i++)
        names[i] = arena_printf(&placed->arena, "n%u", i);
    placed->placement = placement_new(plan, names, nodes, memory);
    batch_init(&placed->batch, memory, plan);
    placed->events = reorder_new(memory, plan);
    for (uint32_t i = 0; i < nodes; i++)
        node_open(placed, i, tables);
    channels_open(placed);
    return placed;
}

/* ── Delivering and running ── */

static bool deliver(Placed *placed, uint32_t to, uint32_t source)
{
    Channel *channel = &placed->channels[source];
    Flow *flow = placed->nodes[to].flow;
    if (!channel->heard[to] || channel->read[to] == channel->n)
        return false;
    const Message *message = &channel->messages[channel->read[to]++];
    const Rows *rows = &channel->log.rows[message->type];
    switch (message->kind) {
    case MESSAGE_ROW:
        if (flow_wants(flow, source, message->type))
            flow_add(flow, source, message->type, batch_copy(flow_batch(flow, source), rows, message->row));
        else
            flow_pass(flow, source, &rows->key[message->row]);
        break;
    case MESSAGE_FRONTIER: flow_frontier(flow, source, &message->key); break;
    case MESSAGE_IDLE: flow_idle(flow, source); break;
    case MESSAGE_END: flow_end(flow, source, message->time); break;
    }
    return true;
}

static void step(Placed *placed)
{
    uint32_t node = random_below(&placed->random, placed->nnodes);
    if (random_below(&placed->random, 4) == 0)
        flow_run(placed->nodes[node].flow, 1 + random_below(&placed->random, 3));
    else
        deliver(placed, node, random_below(&placed->random, placed->nchannels));
}

static void settle(Placed *placed)
{
    for (bool more = true; more;) {
        more = false;
        for (uint32_t to = 0; to < placed->nnodes; to++) {
            for (uint32_t c = 0; c < placed->nchannels; c++)
                while (deliver(placed, to, c))
                    more = true;
            while (flow_run(placed->nodes[to].flow, 1))
                more = true;
        }
    }
}

/* ── Ingress ── */

/* An ingress that was idle joins again: everybody has heard all that it sent, and says how far they are. */
static void join(Placed *placed, uint32_t from)
{
    Channel *channel = &placed->channels[from];
    channel->idle = false;
    for (uint32_t to = 0; to < placed->nnodes; to++) {
        while (deliver(placed, to, from)) {}
        OrderKey held = flow_join(placed->nodes[to].flow, from);
        if (order_compare(&placed->reached, &held) < 0)
            placed->broken = "the input frontier passed what was still to come";
    }
}

static bool alone(const Placed *placed, uint32_t from)
{
    for (uint32_t c = 0; c < placed->nnodes; c++)
        if (c != from && !placed->channels[c].idle)
            return false;
    return true;
}

/* Now and then an ingress says how far it is, or falls silent. */
static void murmur(Placed *placed)
{
    uint32_t from = random_below(&placed->random, placed->nnodes);
    Channel *channel = &placed->channels[from];
    if (channel->idle)
        return;
    if (random_below(&placed->random, 8) == 0 && !alone(placed, from)) {
        channel->idle = true;
        message_send(placed, channel, (Message){.kind = MESSAGE_IDLE});
    } else {
        send_frontier(placed, channel, &placed->reached);
    }
}

Batch *placed_batch(Placed *placed)
{
    return &placed->batch;
}

void placed_run(Placed *placed)
{
    for (uint32_t i = 0; i < placed->batch.n; i++) {
        const Rows *rows = &placed->batch.rows[placed->batch.order[i].type];
        uint32_t row = placed->batch.order[i].row, from = random_below(&placed->random, placed->nnodes);
        Channel *channel = &placed->channels[from];
        placed->reached = (OrderKey){.time = rows->key[row].time, .kind = ORDER_EVENT, .origin = rows->key[row].origin,
                                     .sequence = rows->key[row].sequence};
        if (channel->idle)
            join(placed, from);
        send_row(placed, channel, rows, row);
        channel->time = rows->key[row].time;
        placed->reached.sequence++;
        murmur(placed);
        for (uint32_t n = random_below(&placed->random, 12 * placed->nnodes); n; n--)
            step(placed);
    }
    batch_clear(&placed->batch);
}

void placed_advance(Placed *placed, int64_t time)
{
    placed->reached = (OrderKey){.time = time + 1, .kind = ORDER_TIMER};
    for (uint32_t from = 0; from < placed->nnodes; from++)
        if (!placed->channels[from].idle)
            send_frontier(placed, &placed->channels[from], &placed->reached);
}

/* ── The end ── */

static void events_give(Placed *placed)
{
    OrderKey last = nothing;
    while (reorder_release(placed->events, &everything, &placed->batch, BATCH_ROWS)) {
        for (uint32_t i = 0; i < placed->batch.n; i++) {
            uint32_t type = placed->batch.order[i].type, row = placed->batch.order[i].row;
            const Rows *rows = &placed->batch.rows[type];
            if (order_compare(&last, &rows->key[row]) == 0)
                placed->broken = "two events have one order key";
            last = order_copy(&rows->key[row], &placed->arena);
            placed->sink.event(placed->sink.owner, &placed->plan->types[type], rows, row);
        }
        batch_clear(&placed->batch);
        reorder_reclaim(placed->events);
    }
}

static void placed_free(Placed *placed)
{
    for (uint32_t i = 0; i < placed->nnodes; i++)
        flow_free(placed->nodes[i].flow);
    for (uint32_t c = 0; c < placed->nchannels; c++) {
        batch_fini(&placed->channels[c].log);
        memory_free(placed->memory, placed->channels[c].messages, placed->channels[c].room * sizeof(Message));
    }
    reorder_free(placed->events);
    batch_fini(&placed->batch);
    placement_free(placed->placement);
    arena_fini(&placed->arena);
    memory_free(placed->memory, placed, sizeof *placed);
}

const char *placed_end(Placed *placed)
{
    settle(placed);
    for (uint32_t i = 0; i < placed->nnodes; i++) {
        if (flow_waiting(placed->nodes[i].flow))
            placed->broken = "a row waits for ever";
        if (flow_late(placed->nodes[i].flow))
            placed->broken = "a row came behind what its source had promised";
    }
    events_give(placed);
    const char *broken = placed->broken;
    placed_free(placed);
    return broken;
}
