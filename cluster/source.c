/* Sources of a service: the channels of the other nodes, followed without holes, and acknowledged. */
#include <stdlib.h>
#include <string.h>

#include "cluster/node_parts.h"

enum { ACK_FRAMES = 32, ACK_MS = 20 };

static const char *node_of(const Source *source, char name[NODE_NAME_ROOM])
{
    snprintf(name, NODE_NAME_ROOM, "%.*s", TEXT_ARGS(source->service->placement->nodes[source->node]));
    return name;
}

Source *service_source(Service *service, uint64_t channel)
{
    for (uint32_t i = 0; i < service->nsources; i++)
        if (service->sources[i].channel == channel)
            return &service->sources[i];
    return NULL;
}

Source *service_ingress(Service *service, const char *node)
{
    char name[NODE_NAME_ROOM];
    for (uint32_t i = 0; i < service->nsources; i++)
        if (service->sources[i].stage == INDEX_NONE && strcmp(node_of(&service->sources[i], name), node) == 0)
            return &service->sources[i];
    return NULL;
}

bool service_joined(Service *service, Source *source, uint32_t phase, OrderKey *floor)
{
    if (source->joined && source->phase == phase) {
        *floor = flow_passed(service->flow);
        return true;
    }
    if (source->joined || phase != source->phase + 1)
        return false;
    source->joined = true;
    source->phase = phase;
    source->ended = false;
    service->over = false;
    *floor = flow_join(service->flow, source->flow);
    return true;
}

/* ── What a frame says ── */

static void hear_rows(Source *source, const Frame *frame)
{
    Service *service = source->service;
    Batch *batch = &service->heard;
    uint32_t n = 0;
    FrameError error = frame_read(source->reader, frame, batch, NULL, NULL, service->rows, &n);
    if (error != FRAME_OK) {
        service->frames_refused++;
        node_say(service->node, "a frame of %s is refused: %s", service->name, frame_error_text(error));
    }
    for (uint32_t i = 0; i < n && error == FRAME_OK; i++) {
        const FrameRow *row = &service->rows[i];
        if (row->reason)
            continue;
        int64_t time = batch->rows[row->type].key[row->row].time;
        source->greatest = time > source->greatest ? time : source->greatest;
        batch_append(batch, row->type, row->row);
    }
    flow_take(service->flow, source->flow, batch);
    batch_clear(batch);
}

static void hear_frontier(Source *source, const Frame *frame)
{
    Flow *flow = source->service->flow;
    bool ingress = source->stage == INDEX_NONE;
    if (ingress && (!source->joined || frame->producer != source->phase))
        return;
    if (frame->frontier == FRONTIER_KEY) {
        flow_frontier(flow, source->flow, &frame->below);
    } else if (frame->frontier == FRONTIER_IDLE && ingress) {
        flow_idle(flow, source->flow);
        source->joined = false;
    } else if (frame->frontier == FRONTIER_END && ingress) {
        flow_end(flow, source->flow, source->greatest);
        source->joined = false;
        source->ended = true;
    }
}

static bool deliver(Source *source, const Frame *frame, TailVerdict verdict)
{
    if (verdict != TAIL_DELIVER)
        return false;
    if (frame->count)
        hear_rows(source, frame);
    hear_frontier(source, frame);
    return true;
}

/* ── Holes ── */

typedef struct ReplayAsked {
    uint64_t epoch, channel;
} ReplayAsked;

static Source *asked_source(Node *node, const ReplayAsked *asked)
{
    for (uint32_t i = 0; i < node->nservices; i++)
        if (node->services[i]->epoch == asked->epoch)
            return service_source(node->services[i], asked->channel);
    return NULL;
}

static void drain_kept(Source *source)
{
    NetMessage kept;
    while (tail_kept(&source->tail, &kept)) {
        Frame frame;
        frame_open(&frame, (Text){(const char *)kept.bytes, (uint32_t)kept.size});
        deliver(source, &frame, tail_see(&source->tail, &frame));
        net_message_free(&kept);
    }
}

static void mend(Source *source);

static void replay_answered(Node *node, void *owner, Text answer)
{
    ReplayAsked *asked = owner;
    Source *source = asked_source(node, asked);
    if (!source)
        return;
    source->asked = false;
    Replay replay;
    if (!replay_open(&replay, answer))
        return;
    if (replay.gone) {
        char name[NODE_NAME_ROOM];
        node_say(node, "%s: %llu frames of %s are lost: they are no longer kept there", source->service->name,
                 (unsigned long long)replay.gone, node_of(source, name));
        tail_skip(&source->tail, replay.first);
    }
    Frame frame;
    for (Text bytes; replay_next(&replay, &bytes);)
        if (frame_open(&frame, bytes) == FRAME_OK && deliver(source, &frame, tail_see(&source->tail, &frame)))
            source->service->frames_replayed++;
    drain_kept(source);
    mend(source);
}

/* Asks for what is missing, one request at a time. */
static void mend(Source *source)
{
    enum { DEADLINE_MS = 1000 };
    uint64_t from, to;
    if (source->asked || !tail_missing(&source->tail, &from, &to))
        return;
    Node *node = source->service->node;
    char name[NODE_NAME_ROOM], channel[17];
    const Peer *peer = peer_named(node, node_of(source, name));
    if (!peer)
        return;
    ReplayAsked *asked = malloc(sizeof *asked);
    if (!asked)
        abort();
    *asked = (ReplayAsked){source->service->epoch, source->channel};
    version_text(source->channel, channel);
    source->asked = true;
    node_ask(node, peer->requester,
             json_pack("{s:s,s:s,s:I,s:I,s:I}", "do", "replay", "channel", channel, "epoch",
                       (json_int_t)source->service->epoch, "from", (json_int_t)from, "to", (json_int_t)to),
             DEADLINE_MS, replay_answered, asked);
}

void service_hear(Service *service, Source *source, const Frame *frame, NetMessage *message)
{
    TailVerdict verdict = tail_see(&source->tail, frame);
    if (deliver(source, frame, verdict))
        drain_kept(source);
    else if (verdict == TAIL_AHEAD && frame->kind != FRAME_HEARTBEAT)
        tail_keep(&source->tail, frame->sequence, message);
    else if (verdict == TAIL_FOREIGN)
        service->frames_refused++;
    mend(source);
}

/* ── Acknowledging ── */

static bool is_due(const Source *source)
{
    uint64_t taken = source->tail.next - 1;
    return taken > source->acked &&
           (taken - source->acked >= ACK_FRAMES ||
            source->service->node->now - source->acked_at >= ACK_MS * INT64_C(1000000));
}

static void ack_done(Node *node, void *owner, Text answer)
{
    (void)node;
    (void)owner;
    (void)answer;
}

void service_ack(Service *service)
{
    enum { DEADLINE_MS = 1000 };
    if (flow_crowded(service->flow))
        return;
    for (uint32_t i = 0; i < service->nsources; i++) {
        Source *source = &service->sources[i];
        if (!is_due(source))
            continue;
        char name[NODE_NAME_ROOM], channel[17];
        const Peer *peer = peer_named(service->node, node_of(source, name));
        version_text(source->channel, channel);
        source->acked = source->tail.next - 1;
        source->acked_at = service->node->now;
        node_ask(service->node, peer ? peer->requester : NET_NO_LINK,
                 json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "do", "ack", "network", service->name, "node",
                           service->node->name, "channel", channel, "epoch", (json_int_t)service->epoch, "sequence",
                           (json_int_t)source->acked),
                 DEADLINE_MS, ack_done, NULL);
    }
}

void service_acked(Service *service, const char *node, uint64_t channel, uint64_t sequence)
{
    uint32_t n = placement_node(service->placement, text_of(node)), nstages = service->placement->nstages;
    for (uint32_t s = 0; n != INDEX_NONE && service->input && s < nstages; s++) {
        const Channel *own = s == 0 ? service->input : service->derived[s - 1];
        uint64_t *acked = &service->acked[n * nstages + s];
        if (own->id == channel && sequence > *acked && sequence <= own->sequence)
            *acked = sequence;
    }
}
