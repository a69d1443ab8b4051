/* The rules of placement, and the maps that say who hears and derives what: masks of nodes per stage and type.
 *
 * Built once per deployment: linear in the agents, their inputs and derives, times the nodes. */
#include "cluster/placement.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ── Rendezvous hashing ── */

/* The node with the greatest hash of its name and a thing. */
static uint32_t rendezvous(const Placement *placement, const void *thing, size_t size)
{
    uint64_t most = 0;
    uint32_t winner = 0;
    for (uint32_t n = 0; n < placement->nnodes; n++) {
        uint64_t seed = XXH3_64bits(placement->nodes[n].p, placement->nodes[n].len);
        uint64_t hash = XXH3_64bits_withSeed(thing, size, seed);
        if (n == 0 || hash > most) {
            most = hash;
            winner = n;
        }
    }
    return winner;
}

static void slots_own(Placement *placement)
{
    for (uint32_t slot = 0; slot < SHARE_SLOTS; slot++)
        placement->slots[slot] = (uint8_t)rendezvous(placement, &slot, sizeof slot);
}

static uint32_t home_of(Placement *placement, const AgentPlan *agent, Arena *scratch)
{
    Text name = arena_printf(scratch, "%.*s/%.*s", TEXT_ARGS(placement->plan->network), TEXT_ARGS(agent->name));
    return rendezvous(placement, name.p, name.len);
}

/* ── Stages ── */

static bool is_stateless(const AgentPlan *agent)
{
    bool each_alone = agent->kind == AGENT_FILTER || agent->kind == AGENT_TRANSLATE || agent->kind == AGENT_PROJECT ||
                      agent->kind == AGENT_ENRICH;
    return each_alone && agent->ncontexts == 0 && agent->quiet.duration == 0;
}

/* How deep the derivers of each type stand, so far: the stage + 1; 0 = there is none, but for copied agents, which
 * every node has beside whoever hears them. */
typedef struct Depths {
    uint32_t *any;   /* [type] */
    uint32_t *apart; /* [type]: of agents that are on all nodes */
    uint32_t *whole; /* [type × nodes]: of agents that are whole on the node */
} Depths;

static uint32_t deeper(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The least stage in which an agent finds all that it hears of a type: behind what is derived elsewhere. */
static uint32_t stage_for(const Placement *placement, const Depths *depths, const AgentPlace *place, uint32_t type)
{
    if (place->kind == PLACE_SPREAD)
        return depths->any[type] ? depths->any[type] - 1 : 0;
    uint32_t stage = depths->apart[type];
    for (uint32_t n = 0; n < placement->nnodes; n++) {
        uint32_t depth = depths->whole[(size_t)type * placement->nnodes + n];
        bool same = place->kind == PLACE_WHOLE && place->node == n;
        stage = deeper(stage, depth && same ? depth - 1 : depth);
    }
    return stage;
}

static void deriver_note(const Placement *placement, Depths *depths, const AgentPlace *place, uint32_t type)
{
    uint32_t depth = place->stage + 1;
    if (place->kind == PLACE_COPIED)
        return;
    uint32_t *whole = &depths->whole[(size_t)type * placement->nnodes + place->node];
    depths->any[type] = deeper(depths->any[type], depth);
    if (place->kind == PLACE_WHOLE)
        *whole = deeper(*whole, depth);
    else
        depths->apart[type] = deeper(depths->apart[type], depth);
}

/* The i-th type that an agent derives; one may come twice. INDEX_NONE behind the last. */
static uint32_t derived_type(const Plan *plan, const AgentPlan *agent, uint32_t i)
{
    if (i < agent->nderives)
        return agent->derives[i].type;
    return i == agent->nderives && agent->quiet.duration ? plan_type(plan, TEXT("cep.Suppressed")) : INDEX_NONE;
}

/* The types that stateful agents hear, or of which stateless ones derive for them. */
static bool *heard_by_state(const Plan *plan, Arena *scratch)
{
    bool *heard = ARENA_ARRAY(scratch, bool, plan->ntypes + 1);
    for (uint32_t a = plan->nagents; a-- > 0;) {
        const AgentPlan *agent = &plan->agents[a];
        bool feeds = !is_stateless(agent);
        for (uint32_t d = 0; d < agent->nderives; d++)
            feeds |= heard[agent->derives[d].type];
        for (uint32_t i = 0; i < agent->ninputs; i++)
            heard[agent->inputs[i].type] |= feeds;
    }
    return heard;
}

/* Whether a stateless agent is best run by every node: it feeds state, and each node has all that it hears. */
static bool is_copied(const AgentPlan *agent, const bool *heard, const Depths *depths)
{
    bool feeds = false;
    for (uint32_t d = 0; d < agent->nderives; d++)
        feeds |= heard[agent->derives[d].type];
    for (uint32_t i = 0; i < agent->ninputs; i++)
        feeds &= depths->any[agent->inputs[i].type] == 0;
    return feeds;
}

static PlaceKind kind_of(const AgentPlan *agent, const bool *heard, const Depths *depths)
{
    if (is_stateless(agent))
        return is_copied(agent, heard, depths) ? PLACE_COPIED : PLACE_SPREAD;
    return share_by_key(agent) ? PLACE_SHARDED : PLACE_WHOLE;
}

static void agents_place(Placement *placement, Arena *scratch)
{
    const Plan *plan = placement->plan;
    Depths depths = {
        .any = ARENA_ARRAY(scratch, uint32_t, plan->ntypes + 1),
        .apart = ARENA_ARRAY(scratch, uint32_t, plan->ntypes + 1),
        .whole = ARENA_ARRAY(scratch, uint32_t, (size_t)(plan->ntypes + 1) * placement->nnodes),
    };
    const bool *heard = heard_by_state(plan, scratch);
    placement->nstages = 1;
    for (uint32_t a = 0; a < plan->nagents; a++) {
        const AgentPlan *agent = &plan->agents[a];
        AgentPlace *place = &placement->agents[a];
        place->kind = plan->writes ? PLACE_WHOLE : kind_of(agent, heard, &depths);
        if (place->kind == PLACE_WHOLE) /* who writes tables and who reads them live together */
            place->node = home_of(placement, plan->writes ? &plan->agents[0] : agent, scratch);
        for (uint32_t i = 0; i < agent->ninputs && placement->nnodes > 1; i++)
            place->stage = deeper(place->stage, stage_for(placement, &depths, place, agent->inputs[i].type));
        for (uint32_t i = 0, type; (type = derived_type(plan, agent, i)) != INDEX_NONE; i++)
            deriver_note(placement, &depths, place, type);
        placement->nstages = deeper(placement->nstages, place->stage + 1);
    }
}

/* ── Maps ── */

static void maps_make(Placement *placement)
{
    const Plan *plan = placement->plan;
    size_t n = (size_t)placement->nstages * plan->ntypes + 1;
    placement->hears = ARENA_ARRAY(&placement->arena, uint64_t, n);
    placement->derives = ARENA_ARRAY(&placement->arena, uint64_t, n);
    placement->sends = ARENA_ARRAY(&placement->arena, uint64_t, n);
    placement->last_stage = ARENA_ARRAY(&placement->arena, uint32_t, plan->ntypes + 1);
    for (uint32_t t = 0; t < plan->ntypes; t++)
        placement->last_stage[t] = INDEX_NONE;
    for (uint32_t a = 0; a < plan->nagents; a++) {
        const AgentPlan *agent = &plan->agents[a];
        const AgentPlace *place = &placement->agents[a];
        uint64_t all = ~UINT64_C(0) >> (64 - placement->nnodes);
        uint64_t where = place->kind == PLACE_WHOLE ? UINT64_C(1) << place->node : all;
        for (uint32_t i = 0; i < agent->ninputs; i++)
            placement->hears[(size_t)place->stage * plan->ntypes + agent->inputs[i].type] |= where;
        for (uint32_t i = 0, type; (type = derived_type(plan, agent, i)) != INDEX_NONE; i++) {
            placement->derives[(size_t)place->stage * plan->ntypes + type] |= where;
            if (place->kind != PLACE_COPIED)
                placement->sends[(size_t)place->stage * plan->ntypes + type] |= where;
            uint32_t *last = &placement->last_stage[type];
            *last = *last == INDEX_NONE ? place->stage : deeper(*last, place->stage);
        }
    }
}

static int name_order(const void *a, const void *b)
{
    return text_compare(*(const Text *)a, *(const Text *)b);
}

Placement *placement_new(const Plan *plan, const Text *nodes, uint32_t nnodes, Memory *memory)
{
    assert(nnodes >= 1 && nnodes <= PLACEMENT_NODES_MAX);
    Arena arena, scratch;
    arena_init(&arena, memory);
    arena_init(&scratch, memory);
    Placement *placement = ARENA_NEW(&arena, Placement);
    placement->plan = plan;
    placement->nnodes = nnodes;
    placement->nodes = ARENA_ARRAY(&arena, Text, nnodes);
    for (uint32_t n = 0; n < nnodes; n++)
        placement->nodes[n] = arena_text(&arena, nodes[n]);
    qsort(placement->nodes, nnodes, sizeof *placement->nodes, name_order);
    placement->agents = ARENA_ARRAY(&arena, AgentPlace, plan->nagents + 1);
    placement->arena = arena;
    slots_own(placement);
    agents_place(placement, &scratch);
    maps_make(placement);
    arena_fini(&scratch);
    return placement;
}

void placement_free(Placement *placement)
{
    if (!placement)
        return;
    Arena arena = placement->arena;
    arena_fini(&arena);
}

/* ── Questions ── */

uint32_t placement_node(const Placement *placement, Text name)
{
    for (uint32_t n = 0; n < placement->nnodes; n++)
        if (text_is(placement->nodes[n], name))
            return n;
    return INDEX_NONE;
}

bool placement_runs(const Placement *placement, uint32_t node, uint32_t stage, uint32_t agent)
{
    const AgentPlace *place = &placement->agents[agent];
    return place->stage == stage && (place->kind != PLACE_WHOLE || place->node == node);
}

bool placement_hears(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type)
{
    return placement->hears[(size_t)stage * placement->plan->ntypes + type] >> node & 1;
}

bool placement_derives(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type)
{
    return placement->derives[(size_t)stage * placement->plan->ntypes + type] >> node & 1;
}

bool placement_sends(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type)
{
    return placement->sends[(size_t)stage * placement->plan->ntypes + type] >> node & 1;
}

/* The nodes that hear a type in a later stage, if a node derives it in this one. */
static uint64_t heard_later(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type)
{
    uint64_t nodes = 0;
    for (uint32_t s = stage + 1; s < placement->nstages; s++)
        nodes |= placement->hears[(size_t)s * placement->plan->ntypes + type];
    return placement_sends(placement, node, stage, type) ? nodes : 0;
}

bool placement_feeds(const Placement *placement, uint32_t from, uint32_t stage, uint32_t to)
{
    for (uint32_t type = 0; type < placement->plan->ntypes; type++)
        if (heard_later(placement, from, stage, type) >> to & 1)
            return true;
    return false;
}

bool placement_carries(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type)
{
    return heard_later(placement, node, stage, type) & ~(UINT64_C(1) << node);
}

uint32_t placement_last_stage(const Placement *placement, uint32_t type)
{
    return placement->last_stage[type];
}

/* ── For people ── */

static void slots_print(const Placement *placement, FILE *out)
{
    for (uint32_t n = 0; n < placement->nnodes; n++) {
        uint32_t own = 0;
        for (uint32_t slot = 0; slot < SHARE_SLOTS; slot++)
            own += placement->slots[slot] == n;
        fprintf(out, "node %.*s: %u of %d slots\n", TEXT_ARGS(placement->nodes[n]), own, SHARE_SLOTS);
    }
}

static void keys_print(const AgentPlan *agent, FILE *out)
{
    uint32_t i = 0;
    while (agent->contexts[i].kind != CONTEXT_BY)
        i++;
    for (bool first = true; i < agent->ncontexts && agent->contexts[i].kind == CONTEXT_BY; i++)
        for (uint32_t k = 0; k < agent->contexts[i].nkeys; k++, first = false)
            fprintf(out, "%s%.*s", first ? "" : ", ", TEXT_ARGS(agent->contexts[i].key_names[k]));
}

void placement_print(const Placement *placement, FILE *out)
{
    slots_print(placement, out);
    for (uint32_t stage = 0; stage < placement->nstages; stage++)
        for (uint32_t a = 0; a < placement->plan->nagents; a++) {
            const AgentPlan *agent = &placement->plan->agents[a];
            const AgentPlace *place = &placement->agents[a];
            if (place->stage != stage)
                continue;
            fprintf(out, "stage %u: %.*s ", stage, TEXT_ARGS(agent->name));
            if (place->kind == PLACE_WHOLE) {
                fprintf(out, "on %.*s\n", TEXT_ARGS(placement->nodes[place->node]));
            } else if (place->kind == PLACE_SPREAD) {
                fprintf(out, "on every node, each event on one\n");
            } else if (place->kind == PLACE_COPIED) {
                fprintf(out, "on every node, every event\n");
            } else {
                fprintf(out, "on every node, by ");
                keys_print(agent, out);
                fprintf(out, "\n");
            }
        }
}
