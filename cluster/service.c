/* A turn: what producers sent is settled and handed to the flow, the flow runs what lies below its frontier, the
 * channels publish. Between nodes a frontier is said with every frame and every few milliseconds; to subscribers with
 * every frame and at leisure. */
#include "cluster/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/alert_json.h"
#include "cluster/limits.h"
#include "cluster/node_parts.h"

enum { BATCHES_A_TURN = 8, BEATS_A_ROUND = 256 };

/* ── What the flow gives ── */

static void on_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Service *service = owner;
    Channel *channel = service->alerts[rows->type];
    if (!channel)
        return;
    service->alerts_out += type->alert;
    if (frame_writer_count(channel->writer) == 0)
        service->dirty[service->ndirty++] = rows->type;
    if (!channel_row(channel, rows, row, NULL))
        rejections_count(service->rejections, "too large");
}

static void on_derived(void *owner, uint32_t stage, const Rows *rows, uint32_t row)
{
    Service *service = owner;
    if (!channel_row(service->derived[stage], rows, row, NULL))
        rejections_count(service->rejections, "too large");
}

static void on_turn(void *owner, const Batch *batch)
{
    tables_turn(((Service *)owner)->bundle->tables, batch);
}

static void on_finished(void *owner, uint32_t stage, const OrderKey *below)
{
    Service *service = owner;
    service->finished[stage] = *below;
    service->has_finished[stage] = true;
    if (stage + 1 < service->placement->nstages)
        channel_reach(service->derived[stage], FRONTIER_KEY, below);
}

static void on_engine_rejected(void *owner, const Rejection *rejection)
{
    Service *service = owner;
    Rejected rejected = {.reason = rejection->reason, .detail = rejection->detail};
    if (rejection->agent)
        rejected.agent = rejection->agent->name;
    Out original;
    out_init(&original, &service->node->memory, -1);
    if (rejection->rows) {
        const OrderKey *key = &rejection->rows->key[rejection->row];
        rejected.line = key->kind == ORDER_EVENT ? key->sequence : 0;
        event_json(&original, &service->plan->types[rejection->rows->type], rejection->rows, rejection->row);
        rejected.original = (Text){original.bytes, (uint32_t)original.n};
    }
    rejections_add(service->rejections, &rejected);
    out_fini(&original);
}

/* ── What the ingest gives ── */

static Batch *batch_of_ingress(void *owner)
{
    Service *service = owner;
    Batch *direct = service->input ? NULL : flow_direct(service->flow);
    return direct ? direct : &service->batch;
}

static void run_ingress(void *owner)
{
    Service *service = owner;
    if (!service->input && flow_direct(service->flow)) {
        flow_run_direct(service->flow);
        return;
    }
    Batch *batch = &service->batch;
    for (uint32_t i = 0; i < batch->n && service->input; i++)
        channel_row(service->input, &batch->rows[batch->order[i].type], batch->order[i].row, NULL);
    flow_take(service->flow, flow_ingress(service->flow, service->self), batch);
    batch_clear(batch);
}

static Producer *producer_at(Service *service, uint32_t index)
{
    for (uint32_t i = 0; i < service->nproducers; i++)
        if (service->producers[i].index == index)
            return &service->producers[i];
    return NULL;
}

/* Counts for whoever sent the line, shows the first few to them, and writes all to the channel of errors. */
static void on_line_rejected(void *owner, const IngestRejection *rejection)
{
    enum { EXAMPLES = 8 };
    Service *service = owner;
    Producer *producer = producer_at(service, rejection->producer);
    if (producer)
        producer->rejected++;
    if (service->reasons) {
        json_t *count = json_object_get(service->reasons, rejection->reason);
        json_object_set_new(service->reasons, rejection->reason, json_integer(json_integer_value(count) + 1));
        if (!rejection->dropped && json_array_size(service->examples) < EXAMPLES) {
            json_t *detail = json_stringn(rejection->detail.p, rejection->detail.len);
            json_array_append_new(service->examples,
                                  json_pack("{s:I,s:s,s:o}", "line", (json_int_t)rejection->line, "reason",
                                            rejection->reason, "detail", detail ? detail : json_string("")));
        }
    }
    if (rejection->dropped) {
        rejections_count(service->rejections, rejection->reason);
        return;
    }
    rejections_add(service->rejections, &(Rejected){
                                            .reason = rejection->reason,
                                            .detail = rejection->detail,
                                            .source = producer ? text_of(producer->name) : (Text){0},
                                            .line = rejection->line,
                                            .original = rejection->original,
                                        });
}

/* ── Making ── */

static Channel *channel_of(Service *service, const char *name, bool final)
{
    Node *node = service->node;
    ChannelOptions options = {
        .frame = {.epoch = service->epoch, .ordered = true, .final_ids = final},
        .ring_frames = (uint32_t)config_number(node->config, CONFIG_RING_FRAMES),
        .ring_bytes = (size_t)config_number(node->config, CONFIG_RING_MIB) << 20,
    };
    return channel_new(&node->memory, node->net, service->plan, name, options);
}

/* The channels of a node's ingress and stages bear its name: each has one publisher. */
static void between_name(const Service *service, Text node, uint32_t stage, char *name, size_t size)
{
    if (stage == INDEX_NONE)
        snprintf(name, size, "%s/in/%.*s", service->name, TEXT_ARGS(node));
    else
        snprintf(name, size, "%s/%u/%.*s", service->name, stage, TEXT_ARGS(node));
}

static void channels_new(Service *service)
{
    const Plan *plan = service->plan;
    char name[1024];
    service->alerts = memory_new(&service->node->memory, (plan->ntypes + 1) * sizeof *service->alerts);
    service->dirty = memory_new(&service->node->memory, (plan->ntypes + 1) * sizeof *service->dirty);
    for (uint32_t t = 0; t < plan->ntypes; t++)
        if (plan->types[t].alert) {
            snprintf(name, sizeof name, "%s.%.*s", service->name, TEXT_ARGS(plan->types[t].name));
            service->alerts[t] = channel_of(service, name, true);
        }
    snprintf(name, sizeof name, "%s.errors", service->name);
    service->errors = channel_of(service, name, true);
    if (service->placement->nnodes == 1)
        return;
    Text self = service->placement->nodes[service->self];
    between_name(service, self, INDEX_NONE, name, sizeof name);
    service->input = channel_of(service, name, false);
    service->derived = memory_new(&service->node->memory, service->placement->nstages * sizeof *service->derived);
    for (uint32_t s = 0; s + 1 < service->placement->nstages; s++) {
        between_name(service, self, s, name, sizeof name);
        service->derived[s] = channel_of(service, name, false);
    }
}

static const Peer *peer_at(const Service *service, uint32_t node)
{
    char name[NODE_NAME_ROOM];
    snprintf(name, sizeof name, "%.*s", TEXT_ARGS(service->placement->nodes[node]));
    return peer_named(service->node, name);
}

bool service_has_node(const Service *service, uint32_t node)
{
    const Peer *peer = peer_at(service, node);
    return node == service->self || (peer && peer->answers && peer->epoch == service->processes[node]);
}

static void source_open(Service *service, uint32_t node, uint32_t stage)
{
    Source *source = &service->sources[service->nsources++];
    char name[1024], topic[FRAME_TOPIC];
    between_name(service, service->placement->nodes[node], stage, name, sizeof name);
    *source = (Source){
        .service = service,
        .node = node,
        .stage = stage,
        .flow = stage == INDEX_NONE ? flow_ingress(service->flow, node) : flow_derived(service->flow, node, stage),
        .channel = frame_channel(text_of(name)),
        .reader = frame_reader_new(&service->node->memory, service->plan, NULL),
        .greatest = TIME_NONE,
    };
    frame_topic(source->channel, topic);
    const Peer *peer = peer_at(service, node);
    tail_init(&source->tail, service->epoch, 1);
    if (peer)
        net_topic_add(service->node->net, peer->subscriber, topic, sizeof topic);
}

static void sources_new(Service *service)
{
    const Placement *placement = service->placement;
    service->sources = memory_new(&service->node->memory,
                                  (size_t)placement->nnodes * placement->nstages * sizeof *service->sources);
    service->processes = memory_new(&service->node->memory, placement->nnodes * sizeof *service->processes);
    for (uint32_t n = 0; n < placement->nnodes; n++) {
        if (n == service->self)
            continue;
        const Peer *peer = peer_at(service, n);
        service->processes[n] = peer ? peer->epoch : 0;
        source_open(service, n, INDEX_NONE);
        for (uint32_t s = 0; s + 1 < placement->nstages; s++)
            if (placement_feeds(placement, n, s, service->self))
                source_open(service, n, s);
    }
    service->acked = memory_new(&service->node->memory,
                                (size_t)placement->nnodes * placement->nstages * sizeof *service->acked);
}

Service *service_new(Node *node, Bundle *take, uint64_t epoch, const Text *nodes, uint32_t nnodes)
{
    Memory *memory = &node->memory;
    Service *service = memory_new(memory, sizeof *service);
    char name[512];
    service->node = node;
    service->bundle = take;
    service->plan = take->plan;
    service->version = bundle_version(take);
    service->epoch = epoch;
    snprintf(service->name, sizeof service->name, "%.*s", TEXT_ARGS(take->plan->network));
    snprintf(name, sizeof name, "%s/in", service->name);
    service->intake = frame_channel(text_of(name));
    service->least = service->floor = (OrderKey){.time = INT64_MIN};
    service->placement = placement_new(take->plan, nodes, nnodes, memory);
    service->self = placement_node(service->placement, text_of(node->name));
    service->finished = memory_new(memory, service->placement->nstages * sizeof *service->finished);
    service->has_finished = memory_new(memory, service->placement->nstages * sizeof *service->has_finished);
    service->flow = flow_new(service->placement, service->self, memory, tables_all(take->tables), (FlowOptions){0},
                             (FlowSink){
                                 .owner = service,
                                 .derived = on_derived,
                                 .event = on_event,
                                 .finished = on_finished,
                                 .turn = on_turn,
                                 .rejected = on_engine_rejected,
                             });
    service->ingest = ingest_new(take->plan, memory, (IngestOptions){.tables = tables_all(take->tables)},
                                 (IngestSink){
                                     .owner = service,
                                     .batch = batch_of_ingress,
                                     .run = run_ingress,
                                     .rejected = on_line_rejected,
                                 });
    batch_init(&service->batch, memory, take->plan);
    batch_init(&service->heard, memory, take->plan);
    service->rows = memory_new(memory, (size_t)limit_default(LIMIT_FRAME_ROWS) * sizeof *service->rows);
    service->rejections = take->rejections;
    channels_new(service);
    sources_new(service);
    return service;
}

static void channels_free(Service *service)
{
    Memory *memory = &service->node->memory;
    for (uint32_t t = 0; t < service->plan->ntypes; t++)
        channel_free(service->alerts[t]);
    memory_free(memory, service->alerts, (service->plan->ntypes + 1) * sizeof *service->alerts);
    memory_free(memory, service->dirty, (service->plan->ntypes + 1) * sizeof *service->dirty);
    channel_free(service->errors);
    channel_free(service->input);
    for (uint32_t s = 0; service->derived && s + 1 < service->placement->nstages; s++)
        channel_free(service->derived[s]);
    memory_free(memory, service->derived, service->derived ? service->placement->nstages * sizeof *service->derived : 0);
}

/* Whether another service hears the channel: an earlier or a later version of this one. */
static bool is_heard_elsewhere(const Service *service, uint64_t channel)
{
    const Node *node = service->node;
    for (uint32_t i = 0; i < node->nservices; i++)
        if (node->services[i] != service && service_source(node->services[i], channel))
            return true;
    return false;
}

static void sources_free(Service *service)
{
    const Placement *placement = service->placement;
    Node *node = service->node;
    size_t most = (size_t)placement->nnodes * placement->nstages;
    for (uint32_t i = 0; i < service->nsources; i++) {
        Source *source = &service->sources[i];
        char topic[FRAME_TOPIC];
        const Peer *peer = peer_at(service, source->node);
        frame_topic(source->channel, topic);
        if (peer && !is_heard_elsewhere(service, source->channel))
            net_topic_remove(node->net, peer->subscriber, topic, sizeof topic);
        tail_fini(&source->tail);
        frame_reader_free(source->reader);
    }
    memory_free(&node->memory, service->processes, placement->nnodes * sizeof *service->processes);
    memory_free(&node->memory, service->sources, most * sizeof *service->sources);
    memory_free(&node->memory, service->acked, most * sizeof *service->acked);
}

static void producers_free(Service *service)
{
    for (uint32_t i = 0; i < service->nproducers; i++) {
        Producer *producer = &service->producers[i];
        for (uint32_t k = 0; k < producer->nkept; k++) {
            node_answer(service->node, producer->kept[k].handle, answer_refused("the network is out of service"));
            net_message_free(&producer->kept[k]);
        }
        free(producer->name);
    }
    memory_free(&service->node->memory, service->producers, service->nproducers * sizeof *service->producers);
}

void service_free(Service *service)
{
    Memory *memory = &service->node->memory;
    uint32_t nstages = service->placement->nstages;
    producers_free(service);
    sources_free(service);
    channels_free(service);
    ingest_free(service->ingest);
    flow_free(service->flow);
    batch_fini(&service->batch);
    batch_fini(&service->heard);
    memory_free(memory, service->rows, (size_t)limit_default(LIMIT_FRAME_ROWS) * sizeof *service->rows);
    placement_free(service->placement);
    memory_free(memory, service->finished, nstages * sizeof *service->finished);
    memory_free(memory, service->has_finished, nstages * sizeof *service->has_finished);
    bundle_free(service->bundle);
    memory_free(memory, service, sizeof *service);
}

Channel *service_channel(Service *service, uint64_t id)
{
    if (service->errors->id == id)
        return service->errors;
    if (service->input && service->input->id == id)
        return service->input;
    for (uint32_t s = 0; service->derived && s + 1 < service->placement->nstages; s++)
        if (service->derived[s]->id == id)
            return service->derived[s];
    for (uint32_t t = 0; t < service->plan->ntypes; t++)
        if (service->alerts[t] && service->alerts[t]->id == id)
            return service->alerts[t];
    return NULL;
}

/* ── Running ── */

bool service_ended(const Service *service)
{
    bool ended = service->ended;
    if (service->ingress != INGRESS_SHUT || flow_waiting(service->flow))
        return false;
    for (uint32_t i = 0; i < service->nsources; i++) {
        const Source *source = &service->sources[i];
        uint64_t from, to;
        if ((source->stage == INDEX_NONE && source->joined) || tail_missing(&source->tail, &from, &to))
            return false;
        ended |= source->ended;
    }
    OrderKey passed = flow_passed(service->flow);
    for (uint32_t s = 0; s < service->placement->nstages; s++)
        if (!service->has_finished[s] || order_compare(&service->finished[s], &passed) < 0)
            return false;
    return ended;
}

/* What an alert's channel may say: how far the last stage is that derives it. */
static void reach_alert(Service *service, uint32_t type)
{
    Channel *channel = service->alerts[type];
    uint32_t stage = placement_last_stage(service->placement, type);
    if (service->over)
        channel_reach(channel, FRONTIER_END, NULL);
    else if (stage == INDEX_NONE ? service->has_finished[0] : service->has_finished[stage])
        channel_reach(channel, FRONTIER_KEY, &service->finished[stage == INDEX_NONE ? 0 : stage]);
}

static void publish_alerts(Service *service, int64_t now)
{
    for (uint32_t i = 0; i < service->ndirty; i++) {
        reach_alert(service, service->dirty[i]);
        channel_publish(service->alerts[service->dirty[i]], now);
    }
    service->ndirty = 0;
}

static void publish_errors(Service *service, int64_t now)
{
    Out *errors = &service->bundle->errors;
    const char *line = errors->bytes, *end = line + errors->n;
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        channel_line(service->errors, (Text){line, (uint32_t)(stop - line)});
        line = stop + 1;
    }
    out_clear(errors);
    channel_publish(service->errors, now);
}

static void publish_between(Service *service, int64_t now)
{
    int64_t silence = config_number(service->node->config, CONFIG_HEARTBEAT_MS) * 1000000;
    uint32_t nstages = service->placement->nstages;
    for (uint32_t s = 0; service->input && s < nstages; s++) {
        Channel *channel = s == 0 ? service->input : service->derived[s - 1];
        if (frame_writer_count(channel->writer) || now - channel->said >= silence)
            channel_heartbeat(channel, now);
    }
}

/* A round over the channels of alerts: those whose frontier has moved, and all after a longer silence. */
static void beat_alerts(Service *service, int64_t now)
{
    enum { LONGER = 4 };
    int64_t silence = config_number(service->node->config, CONFIG_ALERTS_MS) * 1000000;
    uint32_t ntypes = service->plan->ntypes, sent = 0;
    if (now - service->beat < silence)
        return;
    for (uint32_t seen = 0; seen < ntypes && sent < BEATS_A_ROUND; seen++) {
        uint32_t type = service->beaten;
        service->beaten = (service->beaten + 1) % ntypes;
        Channel *channel = service->alerts[type];
        if (!channel)
            continue;
        reach_alert(service, type);
        if (channel->news || now - channel->said >= LONGER * silence) {
            channel_heartbeat(channel, now);
            sent++;
        }
    }
    if (service->over)
        channel_reach(service->errors, FRONTIER_END, NULL);
    if (service->errors->news || now - service->errors->said >= LONGER * silence)
        channel_heartbeat(service->errors, now);
    service->beat = now;
}

/* Everything has come to its end, or goes on after one: who waits for the end is told at once. */
static void note_end(Service *service)
{
    bool over = service_ended(service);
    if (over && !service->over)
        service->beat = 0;
    service->over = over;
}

bool service_run(Service *service)
{
    int64_t now = service->node->now;
    tables_turn(service->bundle->tables, NULL);
    service_reach(service);
    bool more = flow_run(service->flow, BATCHES_A_TURN);
    if (!more)
        note_end(service);
    publish_between(service, now);
    publish_alerts(service, now);
    publish_errors(service, now);
    beat_alerts(service, now);
    service_ack(service);
    return more;
}
