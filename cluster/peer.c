/* Peers: every node greets every other and is greeted; who answers is live. */
#include <stdlib.h>
#include <string.h>

#include "cluster/node_parts.h"

enum { GREET_MS = 500, DEADLINE_MS = 1000, MS = 1000000 };

bool peers_open(Node *node)
{
    char url[NET_URL_ROOM], error[NET_ERROR_ROOM];
    size_t position = 0;
    while (config_item(node->config, CONFIG_PEERS, &position, url, sizeof url)) {
        if (node->npeers == NODE_PEERS_MAX) {
            node_say(node, "more than %d peers", NODE_PEERS_MAX);
            return false;
        }
        Peer *peer = &node->peers[node->npeers++];
        *peer = (Peer){.heard = node->now};
        snprintf(peer->control, sizeof peer->control, "%s", url);
        peer->requester = net_dial(node->net, NET_REQUESTER, url, error);
        if (peer->requester == NET_NO_LINK) {
            node_say(node, "peer %s: %s", url, error);
            return false;
        }
    }
    return true;
}

Peer *peer_named(Node *node, const char *name)
{
    for (uint32_t i = 0; i < node->npeers; i++)
        if (!node->peers[i].self && strcmp(node->peers[i].name, name) == 0)
            return &node->peers[i];
    return NULL;
}

Peer *peer_of(Node *node, NetLink link)
{
    for (uint32_t i = 0; i < node->npeers; i++)
        if (node->peers[i].requester == link || node->peers[i].subscriber == link)
            return &node->peers[i];
    return NULL;
}

static bool take_text(const json_t *json, const char *key, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    if (!text || !*text || strlen(text) >= size)
        return false;
    snprintf(to, size, "%s", text);
    return true;
}

/* The peer publishes where it says; after a restart that may be elsewhere. */
static void dial_data(Node *node, Peer *peer, const char *data)
{
    char error[NET_ERROR_ROOM];
    if (strcmp(peer->data, data) == 0)
        return;
    if (peer->subscriber != NET_NO_LINK)
        net_hang_up(node->net, peer->subscriber);
    snprintf(peer->data, sizeof peer->data, "%s", data);
    peer->subscriber = net_dial(node->net, NET_SUBSCRIBER, data, error);
    if (peer->subscriber == NET_NO_LINK)
        node_say(node, "peer %s publishes at %s: %s", peer->name, data, error);
}

static void greeted(Node *node, void *owner, Text answer)
{
    Peer *peer = &node->peers[*(uint32_t *)owner];
    json_t *json = answer_json(answer);
    char name[NODE_NAME_ROOM], data[NET_URL_ROOM];
    peer->asked = false;
    if (!answer_fault(json) && take_text(json, "node", name, sizeof name) && take_text(json, "data", data, sizeof data)) {
        uint64_t epoch = (uint64_t)json_integer_value(json_object_get(json, "epoch"));
        bool self = epoch == node->epoch && strcmp(name, node->name) == 0;
        if (!self && strcmp(name, node->name) == 0)
            node_say(node, "another node at %s has my name; each needs its own", peer->control);
        if (!peer->answers && !self)
            node_say(node, "peer %s answers at %s", name, peer->control);
        snprintf(peer->name, sizeof peer->name, "%s", name);
        peer->epoch = epoch;
        peer->self = self;
        peer->answers = true;
        peer->heard = node->now;
        if (!self)
            dial_data(node, peer, data);
    }
    json_decref(json);
}

static void greet(Node *node, Peer *peer)
{
    if (peer->asked || peer->self)
        return;
    uint32_t *index = malloc(sizeof *index);
    if (!index)
        abort();
    *index = (uint32_t)(peer - node->peers);
    peer->asked = true;
    node_ask(node, peer->requester, json_pack("{s:s,s:s}", "do", "hello", "node", node->name), DEADLINE_MS, greeted,
             index);
}

void peers_tick(Node *node)
{
    uint32_t missing = 0;
    bool due = node->now - node->greeted >= GREET_MS * (int64_t)MS || node->greeted == 0;
    if (due)
        node->greeted = node->now;
    for (uint32_t i = 0; i < node->npeers; i++) {
        Peer *peer = &node->peers[i];
        if (due || (!peer->answers && !peer->asked && net_is_up(node->net, peer->requester)))
            greet(node, peer);
        bool gone = node->now - peer->heard >= config_number(node->config, CONFIG_PEER_MS) * MS;
        if (gone && peer->answers && !peer->self) {
            peer->answers = false;
            node_say(node, "peer %s no longer answers", peer->name);
        }
        missing += !peer->answers;
    }
    node->missing = missing;
}
