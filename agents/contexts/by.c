/* by KEY: one partition a key. The key's bytes were computed for the whole mail (agent.c); here they find the
 * node, or make it. An event without the key is in no partition. */
#include "agents/node.h"

/* Whether no window holds on to the nodes of a level: those go with it, and are not idle before. */
static bool outside_windows(const Agent *agent, uint32_t level)
{
    for (uint32_t i = 0; i < level; i++)
        if (context_ops(agent->levels[i].kind)->windows)
            return false;
    return true;
}

static void by_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    Text part = arrival->key_parts[agent->levels[level].part];
    if (!part.len)
        return;
    uint32_t hash = level == 0 ? arrival->first_hash : node_hash(parent, part);
    Handle node = node_find(agent, parent, part, hash);
    if (node && outside_windows(agent, level) && node_is_idle(agent, node, arrival->key->time, agent->levels[level].step->key_idle)) {
        node_free(agent, node);
        node = HANDLE_NONE;
    }
    if (!node && !arrival_is_seen(arrival))
        return;
    if (!node)
        node = node_new(agent, level, parent, part);
    if (arrival->roles)
        node_at(agent, node)->touched = arrival->key->time;
    agent_descend(agent, node, arrival);
    node_forget(agent, node);
}

const ContextOps CONTEXT_OPS_BY = {.route = by_route};
