/* Requests about networks in service: publish, subscribe, replay, schema; between nodes: join, ack. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/node_parts.h"

enum { TOPICS_MAX = 256, REPLAY_BYTES = 3 << 20 };

static json_t *refuse_network(const Node *node, const char *network)
{
    char names[1024] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < node->nservices && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", node->services[i]->name);
    if (!network)
        return answer_refused("the request names no network");
    return answer_refused("no network `%.256s` is in service here; %s%s", network, *names ? "there is " : "none is", names);
}

/* ── Producers ── */

json_t *request_publish(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    const char *network = request_text(request, "network"), *name = request_text(request, "producer");
    Service *service = network ? node_service(node, network) : NULL;
    if (!service)
        return refuse_network(node, network);
    Producer *producer = service_producer(service, text_of(name ? name : ""));
    if (!producer)
        return answer_refused("there are too many producers");
    service_join(service);
    char channel[17];
    version_text(service->intake, channel);
    return json_pack("{s:b,s:s,s:s,s:I,s:I}", "ok", 1, "node", node->name, "channel", channel, "origin",
                     (json_int_t)producer->origin, "last", (json_int_t)producer->last);
}

/* ── Subscribers ── */

static json_t *nodes_of(Node *node, const Service *service)
{
    json_t *nodes = json_array();
    for (uint32_t i = 0; i < service->placement->nnodes; i++) {
        char name[NODE_NAME_ROOM];
        snprintf(name, sizeof name, "%.*s", TEXT_ARGS(service->placement->nodes[i]));
        const Peer *peer = peer_named(node, name);
        json_array_append_new(nodes, json_pack("{s:s,s:s}", "name", name, "control",
                                               i == service->self ? node->control : peer ? peer->control : ""));
    }
    return nodes;
}

static bool fits(const json_t *topics, const char *name)
{
    for (size_t i = 0; i < json_array_size(topics); i++)
        if (fnmatch(json_string_value(json_array_get(topics, i)), name, 0) == 0)
            return true;
    return false;
}

static void list_channel(json_t *channels, const json_t *topics, const Service *service, const Channel *channel)
{
    if (!channel || !fits(topics, channel->name))
        return;
    char id[17];
    version_text(channel->id, id);
    uint64_t first = ring_first(channel->ring) > ring_last(channel->ring) ? channel->sequence + 1 : ring_first(channel->ring);
    json_t *json = json_pack("{s:s,s:s,s:s,s:I,s:I,s:I}", "topic", channel->name, "network", service->name, "channel", id,
                             "epoch", (json_int_t)service->epoch, "first", (json_int_t)first, "last",
                             (json_int_t)channel->sequence);
    if (channel->frontier == FRONTIER_END)
        json_object_set_new(json, "ended", json_true());
    if (channel->frontier == FRONTIER_KEY)
        json_object_set_new(json, "below", frontier_json(&channel->below));
    json_array_append_new(channels, json);
}

json_t *request_subscribe(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    const json_t *topics = json_object_get(request, "topics");
    size_t n = json_array_size(topics);
    for (size_t i = 0; i < n; i++)
        if (!json_is_string(json_array_get(topics, i)))
            n = 0;
    if (n == 0 || n > TOPICS_MAX)
        return answer_refused("`topics` is a list of 1 to %d topics, such as atm.ManyWithdrawals or atm.*", TOPICS_MAX);
    json_t *channels = json_array(), *networks = json_object();
    for (uint32_t i = 0; i < node->nservices; i++) {
        const Service *service = node->services[i];
        if (service->retired && !service->replaced)
            continue;
        size_t before = json_array_size(channels);
        for (uint32_t t = 0; t < service->plan->ntypes; t++)
            list_channel(channels, topics, service, service->alerts[t]);
        list_channel(channels, topics, service, service->errors);
        if (json_array_size(channels) > before)
            json_object_set_new(networks, service->name, nodes_of(node, service));
    }
    return json_pack("{s:b,s:s,s:s,s:o,s:o}", "ok", 1, "node", node->name, "data", node->data, "channels", channels,
                     "networks", networks);
}

static Channel *channel_asked(Node *node, uint64_t id, uint64_t epoch)
{
    for (uint32_t i = 0; i < node->nservices; i++) {
        Channel *channel = service_channel(node->services[i], id);
        if (channel && (epoch == 0 || node->services[i]->epoch == epoch))
            return channel;
    }
    return NULL;
}

static size_t put_frame(char *to, RingFrame frame)
{
    for (int i = 0; i < 4; i++)
        to[i] = (char)(frame.size >> 8 * i);
    memcpy(to + 4, frame.bytes, frame.size);
    return frame.size + 4;
}

/* As many frames as one answer holds, at least one; who wants the rest asks again. */
static void answer_replay(Node *node, uint64_t handle, const Channel *channel, RingSpan span)
{
    enum { HEAD = 256 };
    uint64_t last = span.first - 1;
    size_t bytes = HEAD;
    RingFrame frame;
    for (uint64_t s = span.first; s <= span.last && ring_get(channel->ring, s, &frame); s++) {
        if (bytes + frame.size + 4 > REPLAY_BYTES && s > span.first)
            break;
        bytes += frame.size + 4;
        last = s;
    }
    char *answer = malloc(bytes);
    if (!answer)
        abort();
    size_t n = (size_t)snprintf(answer, HEAD, "{\"ok\":true,\"first\":%llu,\"last\":%llu,\"gone\":%llu}\n",
                                (unsigned long long)span.first, (unsigned long long)last, (unsigned long long)span.gone);
    for (uint64_t s = span.first; s <= last; s++)
        if (ring_get(channel->ring, s, &frame))
            n += put_frame(answer + n, frame);
    net_answer(node->net, handle, answer, n);
    free(answer);
}

json_t *request_replay(Node *node, const json_t *request, uint64_t handle)
{
    const char *id = request_text(request, "channel");
    uint64_t epoch = (uint64_t)json_integer_value(json_object_get(request, "epoch"));
    Channel *channel = id ? channel_asked(node, strtoull(id, NULL, 16), epoch) : NULL;
    json_int_t from = json_integer_value(json_object_get(request, "from"));
    json_int_t to = json_integer_value(json_object_get(request, "to"));
    if (!channel)
        return answer_refused("there is no such channel here");
    if (from < 1 || to < from)
        return answer_refused("`from` and `to` are sequence numbers, from 1");
    RingSpan span = ring_span(channel->ring, (uint64_t)from, (uint64_t)to);
    if (span.last < span.first)
        span.first = (uint64_t)from + span.gone;
    answer_replay(node, handle, channel, span);
    return NULL;
}

json_t *request_schema(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    static const char *const words[TYPE_KINDS] = {
#define X(name, word, size, runs) [TYPE_##name] = word,
#include "cep/types.def"
#undef X
    };
    const char *network = request_text(request, "network");
    const Service *service = network ? node_service(node, network) : NULL;
    if (!service)
        return refuse_network(node, network);
    json_t *types = json_array();
    for (uint32_t t = 0; t < service->plan->ntypes; t++) {
        const EventType *type = &service->plan->types[t];
        json_t *attributes = json_array();
        for (uint32_t i = 0; i < type->nattributes; i++)
            json_array_append_new(attributes,
                                  json_pack("{s:s%,s:s}", "name", type->attributes[i].name.p,
                                            (size_t)type->attributes[i].name.len, "type", words[type->attributes[i].type]));
        json_array_append_new(types, json_pack("{s:s%,s:s%,s:b,s:b,s:o}", "name", type->name.p, (size_t)type->name.len,
                                               "wire", type->wire.p, (size_t)type->wire.len, "input", type->input, "alert",
                                               type->alert, "attributes", attributes));
    }
    char version[17];
    version_text(service->version, version);
    return json_pack("{s:b,s:s,s:s,s:o}", "ok", 1, "network", service->name, "version", version, "types", types);
}

/* ── Between nodes ── */

static Service *service_of_epoch(Node *node, const json_t *request)
{
    uint64_t epoch = (uint64_t)json_integer_value(json_object_get(request, "epoch"));
    for (uint32_t i = 0; i < node->nservices; i++)
        if (node->services[i]->epoch == epoch)
            return node->services[i];
    return NULL;
}

json_t *request_join(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    const char *who = request_text(request, "node");
    Service *service = service_of_epoch(node, request);
    Source *source = service && who ? service_ingress(service, who) : NULL;
    OrderKey floor;
    if (!source)
        return answer_refused("the network is not in service here, or not on that node");
    if (!service_joined(service, source, (uint32_t)json_integer_value(json_object_get(request, "phase")), &floor))
        return answer_refused("what that node said before has not come in yet");
    return json_pack("{s:b,s:o}", "ok", 1, "floor", frontier_json(&floor));
}

json_t *request_ack(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    const char *who = request_text(request, "node"), *channel = request_text(request, "channel");
    Service *service = service_of_epoch(node, request);
    if (service && who && channel)
        service_acked(service, who, strtoull(channel, NULL, 16),
                      (uint64_t)json_integer_value(json_object_get(request, "sequence")));
    return answer_ok();
}
