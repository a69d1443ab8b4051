#include "cep/cmd/coverage.h"

#include <assert.h>

static const struct {
    const char *clause, *words;
} values[] = {
#define VALUE(policy, name, words, runs) {#policy, words},
#include "cep/policies.def"
};

enum { VALUES = sizeof values / sizeof *values };

void coverage_init(Coverage *coverage, const Plan *plan, Arena *arena)
{
    *coverage = (Coverage){.plan = plan, .agents = ARENA_ARRAY(arena, CoveredAgent, plan->nagents)};
    for (uint32_t i = 0; i < plan->nagents; i++)
        coverage->agents[i].derived = ARENA_ARRAY(arena, uint64_t, plan->agents[i].nderives);
}

void coverage_derived(Coverage *coverage, const Lineage *lineage)
{
    if (!lineage || lineage->derive == INDEX_NONE)
        return;
    uint32_t agent = plan_agent(coverage->plan, lineage->agent->name);
    assert(agent != INDEX_NONE && lineage->derive < coverage->plan->agents[agent].nderives);
    coverage->agents[agent].derived[lineage->derive]++;
}

void coverage_engine(Coverage *coverage, const Engine *engine)
{
    for (uint32_t i = 0; i < coverage->plan->nagents; i++) {
        EngineStats stats = engine_agent_stats(engine, i);
        coverage->agents[i].events += stats.events;
        coverage->agents[i].matches += stats.matches;
    }
}

/* ── What counts ── */

typedef struct Share {
    uint32_t reached, all;
} Share;

static bool is_reached(const Coverage *coverage, uint32_t agent)
{
    const CoveredAgent *covered = &coverage->agents[agent];
    uint32_t nderives = coverage->plan->agents[agent].nderives;
    for (uint32_t d = 0; d < nderives; d++)
        if (covered->derived[d])
            return true;
    return nderives == 0 && covered->matches > 0; /* it writes tables */
}

static Share share_agents(const Coverage *coverage)
{
    Share share = {.all = coverage->plan->nagents};
    for (uint32_t i = 0; i < share.all; i++)
        share.reached += is_reached(coverage, i);
    return share;
}

static Share share_branches(const Coverage *coverage)
{
    Share share = {0};
    for (uint32_t i = 0; i < coverage->plan->nagents; i++) {
        share.all += coverage->plan->agents[i].nderives;
        for (uint32_t d = 0; d < coverage->plan->agents[i].nderives; d++)
            share.reached += coverage->agents[i].derived[d] > 0;
    }
    return share;
}

/* Whether a policy means something for an agent's kind. */
static bool has_policies(const AgentPlan *agent)
{
    return agent->nsteps || agent->condition;
}

static bool has_value(const AgentPlan *agent, PolicyValue value)
{
    const Policies *p = &agent->policies;
    if (!has_policies(agent))
        return false;
    for (uint32_t s = 0; s < agent->nsteps; s++)
        if (p->pick && p->pick[s] == value)
            return true;
    return p->evaluate == value || p->match == value || p->consume == value || p->order == value || p->evidence == value;
}

/* Agents with a value, and those of them that the tests reached. */
static Share share_value(const Coverage *coverage, PolicyValue value)
{
    Share share = {0};
    for (uint32_t i = 0; i < coverage->plan->nagents; i++)
        if (has_value(&coverage->plan->agents[i], value)) {
            share.all++;
            share.reached += is_reached(coverage, i);
        }
    return share;
}

static Share share_policies(const Coverage *coverage)
{
    Share share = {0};
    for (uint32_t v = 0; v < VALUES; v++) {
        Share agents = share_value(coverage, (PolicyValue)v);
        share.all += agents.all > 0;
        share.reached += agents.reached > 0;
    }
    return share;
}

static const char *port_words(DerivePort port)
{
    static const char *const words[] = {
        [PORT_MAIN] = "derive",
        [PORT_OTHERWISE] = "otherwise derive",
        [PORT_ELSE] = "else derive",
        [PORT_ERROR] = "on error derive",
    };
    return words[port];
}

/* "consume", from the name of the list of policies. */
static void lower_word(const char *clause, char *word)
{
    while ((*word++ = *clause ? (char)(*clause | 0x20) : 0))
        clause++;
}

/* ── Printing ── */

static void print_share(FILE *out, const char *before, Share share, const char *what)
{
    fprintf(out, "%s%u of %u %s", before, share.reached, share.all, what);
}

static void print_agent(const Coverage *coverage, uint32_t index, FILE *out)
{
    const AgentPlan *agent = &coverage->plan->agents[index];
    const CoveredAgent *covered = &coverage->agents[index];
    fprintf(out, "# %c %.*s (%.*s:%u): %llu event%s%s\n", is_reached(coverage, index) ? ' ' : '!', TEXT_ARGS(agent->name),
            TEXT_ARGS(agent->file), agent->line, (unsigned long long)covered->events, covered->events == 1 ? "" : "s",
            covered->events ? "" : ", no test reaches it");
    for (uint32_t d = 0; d < agent->nderives; d++) {
        const DerivePlan *derive = &agent->derives[d];
        fprintf(out, "#   %c %s %.*s%s: %llu\n", covered->derived[d] ? ' ' : '!', port_words(derive->port),
                TEXT_ARGS(coverage->plan->types[derive->type].name), derive->when ? " when …" : "",
                (unsigned long long)covered->derived[d]);
    }
}

void coverage_print(const Coverage *coverage, FILE *out)
{
    print_share(out, "# coverage: ", share_agents(coverage), "agents");
    print_share(out, ", ", share_branches(coverage), "branches");
    print_share(out, ", ", share_policies(coverage), "policy values\n");
    for (uint32_t i = 0; i < coverage->plan->nagents; i++)
        print_agent(coverage, i, out);
    for (uint32_t v = 0; v < VALUES; v++) {
        Share share = share_value(coverage, (PolicyValue)v);
        char clause[16];
        lower_word(values[v].clause, clause);
        if (share.all && !share.reached)
            fprintf(out, "# ! %s %s: no agent with it is reached\n", clause, values[v].words);
    }
}

static void json_share(Json *json, const char *name, Share share)
{
    json_open(json, name, '{');
    json_int(json, "reached", share.reached);
    json_int(json, "all", share.all);
    json_close(json, '}');
}

static void json_agent(Json *json, const Coverage *coverage, uint32_t index)
{
    const AgentPlan *agent = &coverage->plan->agents[index];
    const CoveredAgent *covered = &coverage->agents[index];
    json_open(json, NULL, '{');
    json_text(json, "agent", agent->name);
    json_text(json, "file", agent->file);
    json_int(json, "line", agent->line);
    json_bool(json, "reached", is_reached(coverage, index));
    json_int(json, "events", (int64_t)covered->events);
    json_int(json, "matches", (int64_t)covered->matches);
    json_open(json, "branches", '[');
    for (uint32_t d = 0; d < agent->nderives; d++) {
        json_open(json, NULL, '{');
        json_cstring(json, "port", port_words(agent->derives[d].port));
        json_text(json, "event", coverage->plan->types[agent->derives[d].type].name);
        json_int(json, "derived", (int64_t)covered->derived[d]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

void coverage_json(const Coverage *coverage, Json *json)
{
    json_open(json, NULL, '{');
    json_open(json, "coverage", '{');
    json_share(json, "agents", share_agents(coverage));
    json_share(json, "branches", share_branches(coverage));
    json_share(json, "policies", share_policies(coverage));
    json_close(json, '}');
    json_open(json, "agents", '[');
    for (uint32_t i = 0; i < coverage->plan->nagents; i++)
        json_agent(json, coverage, i);
    json_close(json, ']');
    json_open(json, "policies", '[');
    for (uint32_t v = 0; v < VALUES; v++) {
        Share share = share_value(coverage, (PolicyValue)v);
        char clause[16];
        lower_word(values[v].clause, clause);
        if (!share.all)
            continue;
        json_open(json, NULL, '{');
        json_cstring(json, "policy", clause);
        json_cstring(json, "value", values[v].words);
        json_int(json, "agents", share.all);
        json_int(json, "reached", share.reached);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}
