/* Requests about the node itself: hello, status. */
#include <stdlib.h>
#include <string.h>

#include "cluster/node_parts.h"

json_t *request_hello(Node *node, const json_t *request, uint64_t handle)
{
    (void)request;
    (void)handle;
    return json_pack("{s:b,s:s,s:s,s:s,s:I}", "ok", 1, "node", node->name, "control", node->control, "data", node->data,
                     "epoch", (json_int_t)node->epoch);
}

/* ── Status ── */

static json_t *node_json(const Node *node)
{
    json_t *peers = json_array();
    for (uint32_t i = 0; i < node->npeers; i++) {
        const Peer *peer = &node->peers[i];
        if (!peer->self)
            json_array_append_new(peers, json_pack("{s:s,s:s,s:b,s:I}", "name", peer->name, "control", peer->control,
                                                   "answers", peer->answers, "silent_ms",
                                                   (json_int_t)((node->now - peer->heard) / 1000000)));
    }
    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:o}", "name", node->name, "control", node->control, "data", node->data, "http",
                     node->web, "refused_frames", (json_int_t)node->refused_frames, "peers", peers);
}

/* A frontier as a person reads it: its time. */
static json_t *instant_json(const OrderKey *key)
{
    Memory memory = {0};
    Out out;
    out_init(&out, &memory, -1);
    if (key->time > INT64_MIN && key->time < INT64_MAX)
        out_json_time(&out, key->time);
    json_t *json = out.n > 2 ? json_stringn(out.bytes + 1, out.n - 2) : json_null();
    out_fini(&out);
    return json;
}

static json_t *producers_json(const Service *service)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < service->nproducers; i++) {
        const Producer *producer = &service->producers[i];
        json_array_append_new(
            list, json_pack("{s:s,s:I,s:s,s:I,s:I,s:I,s:I,s:I}", "name", producer->name, "origin",
                            (json_int_t)producer->origin, "is", producer->ended ? "ended" : producer->idle ? "idle" : "here",
                            "frames", (json_int_t)producer->frames, "rows", (json_int_t)producer->rows, "rejected",
                            (json_int_t)producer->rejected, "duplicates", (json_int_t)producer->duplicates, "last",
                            (json_int_t)producer->last));
    }
    return list;
}

static json_t *placement_json(const Service *service)
{
    const Placement *placement = service->placement;
    json_t *agents = json_array();
    for (uint32_t a = 0; a < service->plan->nagents; a++) {
        static const char *const words[] = {[PLACE_SHARDED] = "by key", [PLACE_WHOLE] = "whole", [PLACE_SPREAD] = "spread"};
        const AgentPlace *place = &placement->agents[a];
        json_t *agent = json_pack("{s:s%,s:s,s:i}", "agent", service->plan->agents[a].name.p,
                                  (size_t)service->plan->agents[a].name.len, "placed", words[place->kind], "stage",
                                  (int)place->stage);
        if (place->kind == PLACE_WHOLE)
            json_object_set_new(agent, "node", json_stringn(placement->nodes[place->node].p, placement->nodes[place->node].len));
        json_array_append_new(agents, agent);
    }
    return agents;
}

/* Who holds the network back: a node whose producers are behind, or a producer here. */
static json_t *slowest_json(const Service *service)
{
    uint32_t slowest = flow_slowest(service->flow);
    if (slowest == INDEX_NONE)
        return json_null();
    for (uint32_t n = 0; n < service->placement->nnodes; n++) {
        if (flow_ingress(service->flow, n) != slowest)
            continue;
        json_t *json = json_pack("{s:s%}", "node", service->placement->nodes[n].p, (size_t)service->placement->nodes[n].len);
        uint32_t index = n == service->self ? ingest_slowest(service->ingest) : INDEX_NONE;
        for (uint32_t i = 0; i < service->nproducers; i++)
            if (service->producers[i].index == index)
                json_object_set_new(json, "producer", json_string(service->producers[i].name));
        return json;
    }
    return json_null();
}

static json_t *sources_json(const Service *service)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < service->nsources; i++) {
        const Source *source = &service->sources[i];
        Text name = service->placement->nodes[source->node];
        uint64_t from, to;
        json_array_append_new(
            list, json_pack("{s:s%,s:o,s:b,s:I,s:I,s:I,s:b}", "node", name.p, (size_t)name.len, "stage",
                            source->stage == INDEX_NONE ? json_null() : json_integer(source->stage), "open", source->joined,
                            "frames", (json_int_t)source->tail.delivered, "duplicates", (json_int_t)source->tail.duplicates,
                            "lost", (json_int_t)source->tail.lost, "missing", tail_missing(&source->tail, &from, &to)));
    }
    return list;
}

static json_t *counters_json(const Service *service)
{
    EngineStats stats = flow_stats(service->flow);
    json_t *rejected = json_object();
    const char *word;
    uint64_t count;
    for (uint32_t i = 0; (word = rejections_reason(service->rejections, i, &count)); i++)
        json_object_set_new(rejected, word, json_integer((json_int_t)count));
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "events", (json_int_t)stats.events, "alerts",
                     (json_int_t)service->alerts_out, "waiting", (json_int_t)flow_waiting(service->flow), "busy",
                     (json_int_t)service->busy, "refused_frames", (json_int_t)service->frames_refused, "replayed_frames",
                     (json_int_t)service->frames_replayed, "rejected", rejected);
}

static json_t *credit_json(const Service *service)
{
    json_t *list = json_array();
    uint32_t nstages = service->placement->nstages;
    for (uint32_t n = 0; n < service->placement->nnodes && service->input; n++) {
        if (n == service->self)
            continue;
        Text name = service->placement->nodes[n];
        json_array_append_new(list, json_pack("{s:s%,s:I}", "node", name.p, (size_t)name.len, "unacknowledged",
                                              (json_int_t)(service->input->sequence - service->acked[n * nstages])));
    }
    return list;
}

static json_t *service_json(const Service *service)
{
    char version[17];
    version_text(service->version, version);
    json_t *nodes = json_array();
    for (uint32_t n = 0; n < service->placement->nnodes; n++) {
        Text name = service->placement->nodes[n];
        json_array_append_new(nodes, json_pack("{s:s%,s:b}", "name", name.p, (size_t)name.len, "answers",
                                               service_has_node(service, n)));
    }
    OrderKey passed = flow_passed(service->flow);
    static const char *const words[] = {[INGRESS_SHUT] = "shut", [INGRESS_JOINING] = "joining", [INGRESS_OPEN] = "open"};
    return json_pack("{s:s,s:s,s:o,s:s,s:o,s:o,s:b,s:o,s:o,s:o,s:o,s:o}", "network", service->name, "version", version,
                     "nodes", nodes, "ingress", words[service->ingress], "frontier", instant_json(&passed), "held_by",
                     slowest_json(service), "ended", service->over, "producers", producers_json(service), "agents",
                     placement_json(service), "sources", sources_json(service), "credit", credit_json(service), "counters",
                     counters_json(service));
}

json_t *request_status(Node *node, const json_t *request, uint64_t handle)
{
    (void)request;
    (void)handle;
    json_t *networks = json_array();
    for (uint32_t i = 0; i < node->nservices; i++)
        if (!node->services[i]->retired)
            json_array_append_new(networks, service_json(node->services[i]));
    return json_pack("{s:b,s:o,s:o}", "ok", 1, "node", node_json(node), "networks", networks);
}
