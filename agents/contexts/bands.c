/* bands { name: condition … }: one partition for each band whose condition holds for the event; bands may overlap, and
 * an event of none is in no partition. The band's name is the partition's key. */
#include "agents/node.h"
#include "agents/views.h"
#include "cep/key.h"

static Text band_part(Agent *agent, const ContextStep *step, uint32_t band)
{
    Cell name = {.s = step->bands[band]};
    uint8_t *bytes = arena_raw(&agent->engine->scratch, key_size(TYPE_STRING, name)), *end = key_put(bytes, TYPE_STRING, name);
    return (Text){(char *)bytes, (uint32_t)(end - bytes)};
}

static Handle band_node(Agent *agent, uint32_t level, Handle parent, uint32_t band, bool make)
{
    Text part = band_part(agent, agent->levels[level].step, band);
    Handle node = node_find(agent, parent, part, node_hash(parent, part));
    return node || !make ? node : node_new(agent, level, parent, part);
}

static void bands_route(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival)
{
    const ContextStep *step = agent->levels[level].step;
    bool seen = arrival_is_seen(arrival);
    for (uint32_t i = 0; i < step->nconditions; i++) {
        if (!views_condition(agent, arrival, step->condition_first + i))
            continue;
        Handle node = band_node(agent, level, parent, i, seen);
        if (!node)
            continue;
        node_at(agent, node)->touched = arrival->key->time;
        agent_descend(agent, node, arrival);
        if (!agent_speaks_at_close(agent->plan)) /* else its count of 0 is an output, too */
            node_forget(agent, node);
    }
}

/* Bands are known beforehand, and so are there without an event. */
static void bands_begin(Agent *agent, uint32_t level, Handle parent, int64_t now)
{
    for (uint32_t i = 0; agent_speaks_at_close(agent->plan) && i < agent->levels[level].step->nconditions; i++)
        agent_begin(agent, level + 1, band_node(agent, level, parent, i, true), now);
}

const ContextOps CONTEXT_OPS_BANDS = {.route = bands_route, .begin = bands_begin};
