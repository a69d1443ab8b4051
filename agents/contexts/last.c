/* last N events, before other members of the context: `last 100 events, by card` keeps the latest 100 events
 * whatever their card, and each card's partition holds those of them that are its own.
 *
 * One node a parent counts the participants that come by; each carries its number into the leaf, and a leaf lets
 * go of numbers that are N behind when it is next looked at. `last D`, and `last N` at the end of a context, need no
 * node: see Trailing. */
#include "agents/node.h"

static Counter *counter_at(const Agent *agent, Handle node)
{
    Node *self = node_at(agent, node);
    return (Counter *)((char *)self + agent->window_offset[self->level]);
}

static Handle node_of(Agent *agent, uint32_t level, Handle parent)
{
    Handle node = node_at(agent, parent)->child;
    return node ? node : node_new(agent, level, parent, (Text){"", 0});
}

static void last_begin(Agent *agent, uint32_t level, Handle parent, int64_t now)
{
    agent_begin(agent, level + 1, node_of(agent, level, parent), now);
}

static void last_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    Handle node = node_of(agent, level, parent);
    if (arrival_takes_part(arrival))
        agent->number = ++counter_at(agent, node)->events;
    agent_descend(agent, node, arrival);
}

uint64_t counter_first(const Agent *agent, Handle leaf)
{
    for (Handle node = leaf; agent->counts && node; node = node_at(agent, node)->parent) {
        uint16_t level = node_at(agent, node)->level;
        if (level == NODE_ROOT || agent->levels[level].kind != CONTEXT_LAST)
            continue;
        uint64_t events = counter_at(agent, node)->events, last = agent->levels[level].step->last_count;
        return events > last ? events - last + 1 : 0;
    }
    return 0;
}

const ContextOps CONTEXT_OPS_LAST = {.size = sizeof(Counter), .route = last_route, .begin = last_begin};
