/* The ingress of a service: the frames of producers, in the order in which each producer numbered them.
 *
 *   shut ──first frame──► joining ──each other node has said how far it is──► open ──all ended or idle──► shut
 *
 * Requests of one producer may overtake one another on their way; what comes before its turn is kept. */
#include <stdlib.h>
#include <string.h>

#include "cluster/node_parts.h"

/* ── Producers ── */

Producer *service_producer_of(Service *service, uint32_t origin)
{
    for (uint32_t i = 0; i < service->nproducers; i++)
        if (service->producers[i].origin == origin)
            return &service->producers[i];
    return NULL;
}

Producer *service_producer(Service *service, Text name)
{
    uint32_t index = ingest_producer_named(service->ingest, name);
    if (index == INDEX_NONE)
        return NULL;
    uint32_t origin = ingest_origin(service->ingest, index);
    Producer *producer = service_producer_of(service, origin);
    if (!producer) {
        uint32_t n = service->nproducers++;
        service->producers = memory_resize(&service->node->memory, service->producers, n * sizeof *service->producers,
                                           (n + 1) * sizeof *service->producers);
        producer = &service->producers[n];
        *producer = (Producer){.name = strndup(name.p, name.len), .index = index, .origin = origin};
        if (!producer->name)
            abort();
    }
    producer->ended = false;
    producer->heard = service->node->now;
    service->began = true;
    service->ended = false;
    return producer;
}

/* ── Joining ── */

static void note_floor(Service *service, const OrderKey *floor)
{
    if (order_compare(floor, &service->floor) > 0)
        service->floor = *floor;
}

static void ingress_open(Service *service)
{
    service->ingress = INGRESS_OPEN;
    ingest_pass(service->ingest, &service->floor);
}

typedef struct JoinAsked {
    uint64_t epoch; /* of the service */
    char node[NODE_NAME_ROOM];
} JoinAsked;

static void ask_join(Service *service, const char *name);

static void join_answered(Node *node, void *owner, Text answer)
{
    JoinAsked *asked = owner;
    json_t *json = answer_json(answer);
    for (uint32_t i = 0; i < node->nservices; i++)
        if (node->services[i]->epoch == asked->epoch) {
            OrderKey floor;
            bool good = json_is_true(json_object_get(json, "ok")) && frontier_read(json_object_get(json, "floor"), &floor);
            service_answered(node->services[i], good, &floor, asked->node);
        }
    json_decref(json);
}

void service_answered(Service *service, bool good, const OrderKey *floor, const char *node)
{
    if (!good) {
        ask_join(service, node);
        return;
    }
    note_floor(service, floor);
    if (--service->joins == 0)
        ingress_open(service);
}

/* Asks again and again: without every node's answer no event may be taken in. */
static void ask_join(Service *service, const char *name)
{
    enum { DEADLINE_MS = 1000 };
    const Peer *peer = peer_named(service->node, name);
    JoinAsked *asked = calloc(1, sizeof *asked);
    if (!asked)
        abort();
    asked->epoch = service->epoch;
    snprintf(asked->node, sizeof asked->node, "%s", name);
    node_ask(service->node, peer ? peer->requester : NET_NO_LINK,
             json_pack("{s:s,s:s,s:s,s:I,s:I}", "do", "join", "network", service->name, "node", service->node->name,
                       "epoch", (json_int_t)service->epoch, "phase", (json_int_t)service->phase),
             DEADLINE_MS, join_answered, asked);
}

bool service_join(Service *service)
{
    if (service->ingress != INGRESS_SHUT)
        return service->ingress == INGRESS_OPEN;
    service->ingress = INGRESS_JOINING;
    service->over = false;
    service->phase++;
    service->floor = service->least;
    OrderKey own = flow_join(service->flow, flow_ingress(service->flow, service->self));
    note_floor(service, &own);
    service->joins = service->placement->nnodes - 1;
    if (service->input)
        channel_rephase(service->input, service->plan, service->phase);
    for (uint32_t n = 0; n < service->placement->nnodes; n++) {
        char name[NODE_NAME_ROOM];
        snprintf(name, sizeof name, "%.*s", TEXT_ARGS(service->placement->nodes[n]));
        if (n != service->self)
            ask_join(service, name);
    }
    if (service->joins == 0)
        ingress_open(service);
    return service->ingress == INGRESS_OPEN;
}

/* ── How far ── */

static void ingress_end(Service *service)
{
    uint32_t own = flow_ingress(service->flow, service->self);
    flow_end(service->flow, own, ingest_time(service->ingest));
    service->ingress = INGRESS_SHUT;
    service->ended = true;
    if (service->input)
        channel_reach(service->input, FRONTIER_END, NULL);
}

static void ingress_idle(Service *service)
{
    flow_idle(service->flow, flow_ingress(service->flow, service->self));
    service->ingress = INGRESS_SHUT;
    if (service->input)
        channel_reach(service->input, FRONTIER_IDLE, NULL);
}

/* Leaves out producers that have been silent for as long as the rules say. */
static void note_idle(Service *service)
{
    for (uint32_t i = 0; i < service->nproducers && service->plan->idle_after; i++) {
        Producer *producer = &service->producers[i];
        bool idle = service->node->now - producer->heard >= service->plan->idle_after;
        if (idle && !producer->idle && !producer->ended)
            ingest_idle(service->ingest, producer->index);
        producer->idle = idle;
    }
}

void service_reach(Service *service)
{
    if (service->ingress != INGRESS_OPEN)
        return;
    note_idle(service);
    ingest_run(service->ingest);
    bool ended = true, idle = true;
    for (uint32_t i = 0; i < service->nproducers; i++) {
        ended &= service->producers[i].ended;
        idle &= service->producers[i].ended || service->producers[i].idle;
    }
    OrderKey below;
    if (ended) {
        ingress_end(service);
    } else if (idle) {
        ingress_idle(service);
    } else if (ingest_frontier(service->ingest, &below)) {
        flow_frontier(service->flow, flow_ingress(service->flow, service->self), &below);
        if (service->input)
            channel_reach(service->input, FRONTIER_KEY, &below);
    }
}

/* ── The end, and the next version ── */

void service_retire(Service *service)
{
    service->retired = true;
    service->retired_at = service->node->now;
    for (uint32_t i = 0; i < service->nproducers; i++) {
        Producer *producer = &service->producers[i];
        if (!producer->ended)
            ingest_end(service->ingest, producer->index);
        producer->ended = true;
    }
    service_reach(service);
}

void service_inherit(Service *service, const Service *from, int64_t time)
{
    service->floor = service->least = (OrderKey){.time = time, .kind = ORDER_TIMER};
    for (uint32_t i = 0; i < from->nproducers; i++) {
        const Producer *old = &from->producers[i];
        Producer *producer = service_producer(service, text_of(old->name));
        producer->epoch = old->epoch;
        producer->sequence = old->sequence;
        producer->last = old->last;
        producer->ended = old->ended;
        if (old->ended)
            ingest_end(service->ingest, producer->index);
    }
}

int64_t service_greatest(const Service *service)
{
    int64_t greatest = ingest_greatest(service->ingest);
    for (uint32_t i = 0; i < service->nsources; i++)
        if (service->sources[i].greatest > greatest)
            greatest = service->sources[i].greatest;
    return greatest;
}

/* ── Frames ── */

static json_t *answer_busy(Service *service, const char *why)
{
    service->busy++;
    return json_pack("{s:b,s:b,s:s}", "ok", 0, "busy", 1, "error", why);
}

/* Frames of this node that the slowest other node has not taken yet. */
static bool has_credit(const Service *service)
{
    uint64_t most = (uint64_t)config_number(service->node->config, CONFIG_CREDIT_FRAMES);
    const Placement *placement = service->placement;
    for (uint32_t s = 0; service->input && s < placement->nstages; s++) {
        const Channel *channel = s == 0 ? service->input : service->derived[s - 1];
        for (uint32_t n = 0; n < placement->nnodes; n++) {
            bool takes = n != service->self && (s == 0 || placement_feeds(placement, service->self, s - 1, n));
            if (takes && channel->sequence - service->acked[n * placement->nstages + s] >= most)
                return false;
        }
    }
    return true;
}

/* Takes the rows in; the answer says what became of them. */
static json_t *take_rows(Service *service, Producer *producer, const Frame *frame)
{
    json_t *reasons = json_object(), *examples = json_array();
    service->reasons = reasons;
    service->examples = examples;
    IngestTaken taken = ingest_frame(service->ingest, producer->index, frame);
    service->reasons = service->examples = NULL;
    producer->sequence = frame->sequence;
    producer->frames++;
    producer->rows += taken.rows;
    producer->duplicates += taken.duplicates;
    if (frame->count && frame->first + frame->count - 1 > producer->last)
        producer->last = frame->first + frame->count - 1;
    if (taken.error != FRAME_OK) {
        service->frames_refused++;
        json_decref(reasons);
        json_decref(examples);
        return answer_refused("the frame is refused: %s", frame_error_text(taken.error));
    }
    return json_pack("{s:b,s:I,s:I,s:o,s:o}", "ok", 1, "rows", (json_int_t)taken.rows, "duplicates",
                     (json_int_t)taken.duplicates, "rejected", reasons, "examples", examples);
}

static void take_end(Service *service, Producer *producer)
{
    producer->ended = true;
    ingest_end(service->ingest, producer->index);
}

/* A frame whose turn it is. */
static json_t *take_frame(Service *service, Producer *producer, const Frame *frame)
{
    producer->heard = service->node->now;
    producer->idle = false;
    json_t *answer = frame->kind == FRAME_HEARTBEAT ? answer_ok() : take_rows(service, producer, frame);
    if (frame->frontier == FRONTIER_END)
        take_end(service, producer);
    return answer;
}

static bool is_next(const Producer *producer, const Frame *frame)
{
    return frame->sequence == producer->sequence + (frame->kind != FRAME_HEARTBEAT);
}

/* Takes what was kept and has its turn now. */
static void take_kept(Service *service, Producer *producer)
{
    for (uint32_t i = 0; i < producer->nkept;) {
        Frame frame;
        NetMessage *message = &producer->kept[i];
        frame_open(&frame, (Text){(const char *)message->bytes, (uint32_t)message->size});
        if (!is_next(producer, &frame) && frame.epoch == producer->epoch) {
            i++;
            continue;
        }
        json_t *answer = frame.epoch == producer->epoch ? take_frame(service, producer, &frame)
                                                        : answer_refused("a later producer of this name has begun");
        node_answer(service->node, message->handle, answer);
        net_message_free(message);
        producer->kept[i] = producer->kept[--producer->nkept];
        i = 0;
    }
}

static json_t *keep(Service *service, Producer *producer, NetMessage *message)
{
    if (producer->nkept == PRODUCER_KEPT_MAX)
        return answer_busy(service, "too many frames came before their turn");
    producer->kept[producer->nkept++] = *message;
    message->buffer = NULL;
    return NULL;
}

/* A later epoch: the producer begins again. */
static bool is_of_now(Service *service, Producer *producer, const Frame *frame)
{
    if (frame->epoch > producer->epoch) {
        producer->epoch = frame->epoch;
        producer->sequence = 0;
        service_producer(service, text_of(producer->name));
        take_kept(service, producer);
    }
    return frame->epoch == producer->epoch;
}

json_t *service_feed(Service *service, const Frame *frame, NetMessage *message)
{
    Producer *producer = service_producer_of(service, frame->producer);
    if (!producer && frame->producer == 0)
        producer = service_producer(service, TEXT(""));
    if (!producer)
        return answer_refused("no producer of number %u has begun; ask `publish` first", frame->producer);
    if (!is_of_now(service, producer, frame))
        return answer_refused("a later producer of this name has begun");
    bool again = frame->kind == FRAME_HEARTBEAT ? frame->sequence < producer->sequence || producer->ended
                                                : frame->sequence <= producer->sequence;
    if (again) {
        producer->duplicates += frame->count;
        return json_pack("{s:b,s:i,s:I,s:{},s:[]}", "ok", 1, "rows", 0, "duplicates", (json_int_t)frame->count,
                         "rejected", "examples");
    }
    if (service->held)
        return answer_busy(service, "a new version is being put into service");
    if (!service_join(service))
        return answer_busy(service, "other nodes have not answered yet");
    if (!is_next(producer, frame))
        return keep(service, producer, message);
    if (!has_credit(service))
        return answer_busy(service, "another node is behind");
    if (flow_crowded(service->flow) && frame->kind != FRAME_HEARTBEAT &&
        flow_slowest(service->flow) != flow_ingress(service->flow, service->self))
        return answer_busy(service, "events wait for another node's producers");
    if (ingest_crowded(service->ingest) && ingest_slowest(service->ingest) != producer->index)
        return answer_busy(service, "events wait for another producer");
    json_t *answer = take_frame(service, producer, frame);
    take_kept(service, producer);
    return answer;
}

void service_take_pushed(Service *service, const Frame *frame)
{
    Producer *producer = service_producer_of(service, frame->producer);
    if (!producer && frame->producer == 0)
        producer = service_producer(service, TEXT(""));
    bool old = !producer || !is_of_now(service, producer, frame) || frame->sequence < producer->sequence;
    if (old || service->held || !service_join(service) || !has_credit(service)) {
        service->frames_refused++;
        return;
    }
    json_decref(take_frame(service, producer, frame));
}
