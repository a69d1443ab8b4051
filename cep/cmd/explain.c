/* cep explain: the plan in words, and the network as a graph. Everything is read from the plan, so it is what
 * runs: params are put in, defaults are there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cep/cmd/facts.h"
#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/verb.h"

typedef enum Graph { GRAPH_NONE, GRAPH_TEXT, GRAPH_DOT } Graph;

typedef struct Explain {
    bool json, code;
    Graph graph;
    Params params;
    char *file, *agent;
} Explain;

enum { OPTION_GRAPH = 0x2000, OPTION_CODE };

static const struct argp_option options[] = {
    {"graph", OPTION_GRAPH, "text|dot", 0, "print only the network graph", 0},
    {"code", OPTION_CODE, 0, 0, "show the compiled expressions, too", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`", 0},
    VERB_JSON_OPTION,
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    Explain *explain = state->input;
    switch (key) {
    case OPTION_GRAPH:
        if (strcmp(value, "text") == 0)
            explain->graph = GRAPH_TEXT;
        else if (strcmp(value, "dot") == 0)
            explain->graph = GRAPH_DOT;
        else
            argp_error(state, "a graph is text or dot, not `%s`", value);
        return 0;
    case OPTION_CODE:
        explain->code = true;
        return 0;
    case 'p':
        if (!params_add(&explain->params, value))
            argp_error(state, "--param is NAME=VALUE, not `%s`", value);
        return 0;
    case VERB_JSON:
        explain->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!explain->file)
            explain->file = value;
        else if (!explain->agent)
            explain->agent = value;
        else
            argp_error(state, "one file and one agent at a time");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no rule file is given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "FILE [AGENT]",
    "Show what rules were made into: each agent's kind, contexts, inputs, policies with their defaults, what "
    "bounds its state, and the network graph.",
    NULL, NULL, NULL,
};

/* ── Agents ── */

enum { NAME_WIDTH = 10 };

static void print_fact(const Fact *fact, bool repeated)
{
    const char *line = fact->text.p, *end = fact->text.p + fact->text.len;
    const char *name = repeated ? "" : fact->name;
    do { /* programs have several lines */
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        int len = (int)((stop ? stop : end) - line);
        printf("  %-*s %s%.*s%s\n", NAME_WIDTH, name, *fact->name ? "" : "  ", len, line,
               fact->by_default ? "  (default)" : "");
        line += len + 1;
        name = "";
    } while (line < end);
}

static void print_agent(const Plan *plan, const AgentPlan *agent, bool code, Arena *arena)
{
    printf("agent %.*s  (%.*s:%u)\n", TEXT_ARGS(agent->name), TEXT_ARGS(agent->file), agent->line);
    Facts facts = facts_of(plan, agent, code, arena);
    for (uint32_t i = 0; i < facts.n; i++)
        print_fact(&facts.items[i], i && strcmp(facts.items[i].name, facts.items[i - 1].name) == 0);
    printf("\n");
}

static void print_agent_json(Json *json, const Plan *plan, const AgentPlan *agent, bool code, Arena *arena)
{
    json_open(json, NULL, '{');
    json_text(json, "agent", agent->name);
    json_cstring(json, "kind", agent_kind_word(agent->kind));
    json_text(json, "file", agent->file);
    json_int(json, "line", agent->line);
    json_open(json, "facts", '[');
    Facts facts = facts_of(plan, agent, code, arena);
    for (uint32_t i = 0; i < facts.n; i++) {
        const Fact *fact = &facts.items[i];
        json_open(json, NULL, '{');
        json_cstring(json, "name", *fact->name ? fact->name : "value");
        json_text(json, "text", fact->text);
        if (fact->by_default)
            json_bool(json, "default", true);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

/* ── The graph ── */

static bool derives(const AgentPlan *agent, uint32_t type)
{
    for (uint32_t i = 0; i < agent->nderives; i++)
        if (agent->derives[i].type == type)
            return true;
    return false;
}

static void print_names(const char *before, const Text *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        printf("%s%.*s", i ? ", " : before, TEXT_ARGS(names[i]));
}

/* Withdrawal, table Account -> many_withdrawals -> ManyWithdrawals */
static void print_graph(const Plan *plan, Arena *arena)
{
    printf("graph\n");
    for (uint32_t a = 0; a < plan->nagents; a++) {
        const AgentPlan *agent = &plan->agents[a];
        uint32_t n = 0;
        Text *names = ARENA_ARRAY(arena, Text, agent->ninputs + agent->nenriches + plan->ntypes);
        for (uint32_t i = 0; i < agent->ninputs; i++)
            names[n++] = plan->types[agent->inputs[i].type].name;
        for (uint32_t i = 0; i < agent->nenriches; i++)
            names[n++] = arena_printf(arena, "table %.*s", TEXT_ARGS(plan->tables[agent->enriches[i].table].name));
        print_names("  ", names, n);
        printf(" -> %.*s", TEXT_ARGS(agent->name));
        n = 0;
        for (uint32_t t = 0; t < plan->ntypes; t++)
            if (derives(agent, t))
                names[n++] = plan->types[t].name;
        print_names(" -> ", names, n);
        printf("\n");
    }
}

static bool is_used(const Plan *plan, uint32_t type)
{
    for (uint32_t a = 0; a < plan->nagents; a++) {
        const AgentPlan *agent = &plan->agents[a];
        if (derives(agent, type))
            return true;
        for (uint32_t i = 0; i < agent->ninputs; i++)
            if (agent->inputs[i].type == type)
                return true;
    }
    return false;
}

static void print_dot_agent(const Plan *plan, const AgentPlan *agent)
{
    printf("  \"agent %.*s\" [shape=box, label=\"%.*s\\n%s\"];\n", TEXT_ARGS(agent->name), TEXT_ARGS(agent->name),
           agent_kind_word(agent->kind));
    for (uint32_t i = 0; i < agent->ninputs; i++)
        printf("  \"%.*s\" -> \"agent %.*s\";\n", TEXT_ARGS(plan->types[agent->inputs[i].type].name), TEXT_ARGS(agent->name));
    for (uint32_t i = 0; i < agent->nenriches; i++)
        printf("  \"table %.*s\" -> \"agent %.*s\" [style=dashed];\n",
               TEXT_ARGS(plan->tables[agent->enriches[i].table].name), TEXT_ARGS(agent->name));
    for (uint32_t t = 0; t < plan->ntypes; t++)
        if (derives(agent, t))
            printf("  \"agent %.*s\" -> \"%.*s\";\n", TEXT_ARGS(agent->name), TEXT_ARGS(plan->types[t].name));
}

static void print_dot(const Plan *plan)
{
    printf("digraph \"%.*s\" {\n  rankdir=LR;\n", TEXT_ARGS(plan->network));
    for (uint32_t t = 0; t < plan->ntypes; t++)
        if (is_used(plan, t))
            printf("  \"%.*s\" [shape=%s];\n", TEXT_ARGS(plan->types[t].name), plan->types[t].alert ? "doubleoctagon" : "ellipse");
    for (uint32_t t = 0; t < plan->ntables; t++)
        printf("  \"table %.*s\" [shape=cylinder, label=\"%.*s\"];\n", TEXT_ARGS(plan->tables[t].name),
               TEXT_ARGS(plan->tables[t].name));
    for (uint32_t a = 0; a < plan->nagents; a++)
        print_dot_agent(plan, &plan->agents[a]);
    printf("}\n");
}

/* ── The verb ── */

static void hex(const uint8_t hash[16], char text[33])
{
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static int no_such_agent(const Plan *plan, const char *name, Arena *arena)
{
    Text *names = ARENA_ARRAY(arena, Text, plan->nagents);
    for (uint32_t i = 0; i < plan->nagents; i++)
        names[i] = plan->agents[i].name;
    Text nearest = diagnostics_nearest(text_of(name), names, plan->nagents);
    fprintf(stderr, "cep explain: there is no agent `%s`", name);
    if (nearest.len)
        fprintf(stderr, "; did you mean `%.*s`?", TEXT_ARGS(nearest));
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

static void print_json(const Explain *explain, const Plan *plan, uint32_t only, Arena *arena)
{
    char version[33];
    hex(plan->version, version);
    Json json = json_to(stdout);
    json_open(&json, NULL, '{');
    json_text(&json, "network", plan->network);
    json_cstring(&json, "version", version);
    json_open(&json, "agents", '[');
    for (uint32_t i = 0; i < plan->nagents; i++)
        if (only == INDEX_NONE || i == only)
            print_agent_json(&json, plan, &plan->agents[i], explain->code, arena);
    json_close(&json, ']');
    json_close(&json, '}');
}

static void print_text(const Explain *explain, const Plan *plan, uint32_t only, Arena *arena)
{
    static const char *const late[] = {"divert", "drop", "correct"};
    char text[TIME_TEXT_MAX];
    if (only == INDEX_NONE) {
        printf("network %.*s\n", TEXT_ARGS(plan->network));
        int len = (int)duration_text(plan->lateness, text);
        printf("  %-*s %s, lateness %.*s, late events: %s", NAME_WIDTH, "time",
               plan->by_detection ? "detection" : "occurrence", len, text, late[plan->late]);
        len = (int)duration_text(plan->idle_after, text);
        printf(plan->idle_after ? ", an input idle after %.*s\n\n" : "\n\n", len, text);
    }
    for (uint32_t i = 0; i < plan->nagents; i++)
        if (only == INDEX_NONE || i == only)
            print_agent(plan, &plan->agents[i], explain->code, arena);
    if (only == INDEX_NONE)
        print_graph(plan, arena);
}

static int explain_plan(const Explain *explain, const Plan *plan, Arena *arena)
{
    uint32_t only = INDEX_NONE;
    if (explain->agent) {
        only = plan_agent(plan, text_of(explain->agent));
        if (only == INDEX_NONE)
            return no_such_agent(plan, explain->agent, arena);
    }
    if (explain->graph == GRAPH_DOT)
        print_dot(plan);
    else if (explain->graph == GRAPH_TEXT)
        print_graph(plan, arena);
    else if (explain->json)
        print_json(explain, plan, only, arena);
    else
        print_text(explain, plan, only, arena);
    return EXIT_DONE;
}

int cmd_explain(int argc, char **argv)
{
    Explain explain = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &explain);

    Network network;
    int code = network_read(&network, &explain.file, 1);
    if (code == EXIT_DONE)
        code = network_compile(&network, explain.params.items, explain.params.n);
    if (code != EXIT_USAGE)
        network_report(&network, stderr);
    if (code == EXIT_DONE)
        code = explain_plan(&explain, network.plan, &network.arena);
    network_free(&network);
    params_free(&explain.params);
    return code;
}
