/* cep node: one process of a cluster, until a signal ends it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cmd/verb.h"
#include "cluster/node.h"

enum { OPTION_KEY = 0x4000, OPTION_PRINT = 0x5000 };

typedef struct NodeCall {
    Config config;
    const char *path;
    struct NodeOption {
        ConfigKey key;
        const char *value;
    } *given; /* they go before the file, whatever stands first */
    size_t ngiven;
    bool print;
} NodeCall;

static const char doc[] =
    "Run a node: take events in, run the networks that are deployed to it, publish what they derive.\v"
    "What is given as an option goes before what stands in the file. When it is ready the node says where it listens. "
    "Exit code 0 after SIGTERM, 4 after SIGINT, 2 when the configuration is wrong, 3 when it cannot listen.";

static void give(NodeCall *call, ConfigKey key, const char *value)
{
    call->given = realloc(call->given, (call->ngiven + 1) * sizeof *call->given);
    if (!call->given)
        abort();
    call->given[call->ngiven].key = key;
    call->given[call->ngiven++].value = value ? value : "true";
}

static error_t option(int key, char *value, struct argp_state *state)
{
    NodeCall *call = state->input;
    if (key >= OPTION_KEY && key < OPTION_KEY + CONFIG_KEYS) {
        give(call, (ConfigKey)(key - OPTION_KEY), value);
        return 0;
    }
    switch (key) {
    case 'c':
        call->path = value;
        return 0;
    case OPTION_PRINT:
        call->print = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "a node takes options, not `%s`; rules come to it by `cep deploy`", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* An option for each row of config.def. */
static void make_options(struct argp_option options[CONFIG_KEYS + 3], char names[CONFIG_KEYS][64])
{
    options[0] = (struct argp_option){"config", 'c', "FILE", 0, "read this YAML file", 0};
    options[1] = (struct argp_option){"print-config", OPTION_PRINT, 0, 0, "print all keys with their values, and end", 0};
    for (int key = 0; key < CONFIG_KEYS; key++) {
        const ConfigRow *row = &config_rows[key];
        config_option(key, names[key], 64);
        options[key + 2] = (struct argp_option){
            .name = names[key],
            .key = OPTION_KEY + key,
            .arg = row->kind == CONFIG_FLAG ? NULL : row->kind == CONFIG_NUMBER ? "N" : row->kind == CONFIG_LIST ? "URL,…" : "TEXT",
            .doc = row->what,
            .group = 1,
        };
    }
}

static bool configure(NodeCall *call)
{
    char error[768];
    bool good = !call->path || config_read(&call->config, call->path, error, sizeof error);
    for (size_t i = 0; i < call->ngiven && good; i++)
        good = config_set(&call->config, call->given[i].key, call->given[i].value, error, sizeof error);
    if (!good)
        fprintf(stderr, "cep node: %s\n", error);
    return good;
}

static int run(const NodeCall *call)
{
    switch (node_run(&call->config)) {
    case NODE_STOPPED:
        return EXIT_DONE;
    case NODE_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case NODE_NOT_STARTED:
        return EXIT_UNREACHABLE;
    case NODE_STUCK:
        fflush(stdout);
        _exit(EXIT_DONE);
    }
    abort();
}

int cmd_node(int argc, char **argv)
{
    struct argp_option options[CONFIG_KEYS + 3] = {0};
    char names[CONFIG_KEYS][64];
    make_options(options, names);
    const struct argp argp = {options, option, NULL, doc, NULL, NULL, NULL};
    NodeCall call = {0};
    config_init(&call.config);
    argp_parse(&argp, argc, argv, 0, NULL, &call);
    int code = EXIT_USAGE;
    if (configure(&call)) {
        code = EXIT_DONE;
        if (call.print)
            config_print(&call.config, stdout);
        else
            code = run(&call);
    }
    free(call.given);
    config_fini(&call.config);
    return code;
}
