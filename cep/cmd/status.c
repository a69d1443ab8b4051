/* cep status: what a cluster is doing. */
#include <stdio.h>
#include <string.h>

#include "cep/cmd/remote.h"
#include "cep/cmd/verb.h"
#include "cluster/rejections.h"

typedef struct Status {
    const char *url, *network;
    bool json;
} Status;

static const struct argp_option options[] = {
    {"to", 't', "URL", 0, "control address of a node of the cluster (" REMOTE_URL ", or CEP_NODE)", 0},
    VERB_JSON_OPTION,
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    Status *status = state->input;
    switch (key) {
    case 't':
        status->url = value;
        return 0;
    case VERB_JSON:
        status->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (status->network)
            argp_error(state, "one network, or none for all");
        status->network = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "[NETWORK]",
    "Show a node, its peers and the networks in service: version, placement, producers, who holds a network back, "
    "counters.\vEach node counts for itself. Exit code 1 when there is no such network, 3 when no node answers.",
    NULL, NULL, NULL,
};

static const char *text(const json_t *json, const char *key)
{
    const char *value = json_string_value(json_object_get(json, key));
    return value ? value : "";
}

static uint64_t number(const json_t *json, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(json, key));
}

static void print_count(uint64_t count, const char *what)
{
    printf("  ");
    count_print(count, stdout);
    printf(" %s\n", what);
}

static void print_node(const json_t *node)
{
    size_t i;
    json_t *peer;
    printf("node %s: control %s, data %s%s%s\n", text(node, "name"), text(node, "control"), text(node, "data"),
           *text(node, "http") ? ", " : "", text(node, "http"));
    json_array_foreach(json_object_get(node, "peers"), i, peer) {
        const char *name = text(peer, "name");
        printf("  peer %s at %s %s\n", *name ? name : "?", text(peer, "control"),
               json_is_true(json_object_get(peer, "answers")) ? "answers" : "does not answer");
    }
    if (number(node, "refused_frames"))
        print_count(number(node, "refused_frames"), "frames were refused");
}

static void print_counters(const json_t *counters)
{
    static const struct {
        const char *key, *what;
    } rows[] = {
        {"events", "events"}, {"alerts", "alerts"}, {"waiting", "events wait for their turn"},
        {"busy", "times a producer was told to wait"}, {"refused_frames", "frames refused"},
        {"replayed_frames", "frames had again"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (i < 2 || number(counters, rows[i].key))
            print_count(number(counters, rows[i].key), rows[i].what);
    const char *reason;
    json_t *count;
    json_object_foreach(json_object_get(counters, "rejected"), reason, count) {
        printf("  ");
        count_print((uint64_t)json_integer_value(count), stdout);
        printf(" rejected: %s\n", reason);
    }
}

static void print_placement(const json_t *agents)
{
    size_t i;
    json_t *agent;
    json_array_foreach(agents, i, agent) {
        printf("  agent %s: %s", text(agent, "agent"), text(agent, "placed"));
        if (*text(agent, "node"))
            printf(" on %s", text(agent, "node"));
        printf("\n");
    }
}

static void print_network(const json_t *network)
{
    size_t i;
    json_t *item;
    const json_t *held = json_object_get(network, "held_by"), *nodes = json_object_get(network, "nodes");
    printf("network %s, version %s, on", text(network, "network"), text(network, "version"));
    json_array_foreach(nodes, i, item)
        printf("%s %s%s", i ? "," : "", text(item, "name"),
               json_is_true(json_object_get(item, "answers")) ? "" : " (is gone: the network waits for it)");
    printf("\n");
    if (*text(network, "frontier"))
        printf("  at %s%s\n", text(network, "frontier"),
               json_is_true(json_object_get(network, "ended")) ? ", all producers have ended" : "");
    if (held && json_is_object(held))
        printf("  held back by node %s%s%s\n", text(held, "node"), *text(held, "producer") ? ", producer " : "",
               text(held, "producer"));
    json_array_foreach(json_object_get(network, "producers"), i, item)
        printf("  producer %s %s: %lld rows, %lld rejected, %lld twice\n", *text(item, "name") ? text(item, "name") : "-",
               strcmp(text(item, "is"), "here") == 0 ? "is here" : text(item, "is"), (long long)number(item, "rows"),
               (long long)number(item, "rejected"), (long long)number(item, "duplicates"));
    if (json_array_size(nodes) > 1)
        print_placement(json_object_get(network, "agents"));
    json_array_foreach(json_object_get(network, "credit"), i, item)
        printf("  node %s: %lld frames not acknowledged\n", text(item, "node"), (long long)number(item, "unacknowledged"));
    print_counters(json_object_get(network, "counters"));
}

static int print(const Status *status, const json_t *answer)
{
    size_t i;
    json_t *network;
    bool found = !status->network;
    if (status->json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
    } else {
        print_node(json_object_get(answer, "node"));
    }
    json_array_foreach(json_object_get(answer, "networks"), i, network) {
        if (status->network && strcmp(status->network, text(network, "network")) != 0)
            continue;
        found = true;
        if (!status->json)
            print_network(network);
    }
    if (!found)
        fprintf(stderr, "cep status: no network `%s` is in service there\n", status->network);
    return found ? EXIT_DONE : EXIT_WRONG;
}

int cmd_status(int argc, char **argv)
{
    Status status = {0};
    Remote remote;
    argp_parse(&argp, argc, argv, 0, NULL, &status);
    if (!remote_open(&remote, "cep status", status.url))
        return EXIT_USAGE;
    json_t *answer = remote_ask(&remote, json_pack("{s:s}", "do", "status"), REMOTE_MS);
    int code = remote_code(&remote, answer);
    if (code == EXIT_DONE)
        code = print(&status, answer);
    json_decref(answer);
    return remote_close(&remote, code);
}
