/* while CONDITION: one partition; what comes while the condition does not hold is not in it, and leaving the state
 * closes nothing. It is there as soon as what stands before it is. The condition is tested for each event, against the tables as they are at its place in the order. */
#include "agents/node.h"
#include "agents/views.h"

static Handle node_of(Agent *agent, uint32_t level, Handle parent)
{
    Handle node = node_at(agent, parent)->child;
    return node ? node : node_new(agent, level, parent, (Text){"", 0});
}

static void while_begin(Agent *agent, uint32_t level, Handle parent, int64_t now)
{
    agent_begin(agent, level + 1, node_of(agent, level, parent), now);
}

static void while_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    Handle node = node_of(agent, level, parent);
    if (views_condition(agent, arrival, agent->levels[level].step->condition_first))
        agent_descend(agent, node, arrival);
    if (!agent_speaks_at_close(agent->plan)) /* else its count of 0 is an output, too */
        node_forget(agent, node);
}

const ContextOps CONTEXT_OPS_WHILE = {.route = while_route, .begin = while_begin};
