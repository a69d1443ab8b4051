/* Requests of a node to others: which answer belongs to what. */
#include <stdlib.h>
#include <string.h>

#include "cluster/node_parts.h"

void node_ask(Node *node, NetLink link, json_t *take, uint32_t deadline_ms, AskDone *done, void *owner)
{
    if (!node->asks)
        node->asks = memory_new(&node->memory, NODE_ASKS_MAX * sizeof *node->asks);
    char *bytes = json_dumps(take, JSON_COMPACT);
    json_decref(take);
    if (!bytes)
        abort();
    uint64_t handle = 0;
    if (link != NET_NO_LINK && node->nasks < NODE_ASKS_MAX)
        handle = net_request(node->net, link, bytes, strlen(bytes), deadline_ms, 0);
    free(bytes);
    if (node->nasks < NODE_ASKS_MAX) {
        node->asks[node->nasks++] = (Ask){handle, done, owner};
        return;
    }
    done(node, owner, (Text){0});
    free(owner);
}

void asks_drop(Node *node)
{
    while (node->nasks)
        free(node->asks[--node->nasks].owner);
}

/* Taken out before it is called: what is done about an answer may ask again. */
static void ask_finish(Node *node, uint32_t i, Text answer)
{
    Ask ask = node->asks[i];
    node->asks[i] = node->asks[--node->nasks];
    ask.done(node, ask.owner, answer);
    free(ask.owner);
}

void node_reply(Node *node, const NetMessage *message)
{
    for (uint32_t i = 0; i < node->nasks; i++)
        if (node->asks[i].handle == message->handle) {
            bool answered = message->failure == NET_ANSWERED && message->bytes;
            ask_finish(node, i, answered ? (Text){(const char *)message->bytes, (uint32_t)message->size} : (Text){0});
            return;
        }
}

/* Requests that could not even be sent fail a turn later, so that whoever asks again does not go round in a circle. */
void asks_tick(Node *node)
{
    uint32_t before = node->nasks;
    for (uint32_t i = 0, seen = 0; i < node->nasks && seen < before; seen++)
        if (node->asks[i].handle == 0)
            ask_finish(node, i, (Text){0});
        else
            i++;
}

json_t *answer_json(Text answer)
{
    return answer.len ? json_loadb(answer.p, answer.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

const char *answer_fault(const json_t *answer)
{
    if (!answer)
        return "no answer";
    if (json_is_true(json_object_get(answer, "ok")))
        return NULL;
    const char *error = json_string_value(json_object_get(answer, "error"));
    return error ? error : "it was refused";
}
