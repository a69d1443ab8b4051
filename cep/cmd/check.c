/* cep check: the mistakes of rule files, and what the network consists of when there are none. */
#include <stdlib.h>
#include <string.h>

#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/verb.h"

typedef enum Format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF } Format;

typedef struct Check {
    Format format;
    Params params;
    char **files;
    size_t nfiles;
} Check;

static const struct argp_option options[] = {
    {"format", 'f', "text|json|sarif", 0, "how diagnostics are printed", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`, written as in rules", 0},
    VERB_JSON_OPTION,
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    Check *check = state->input;
    switch (key) {
    case 'f':
        if (strcmp(value, "text") == 0)
            check->format = FORMAT_TEXT;
        else if (strcmp(value, "json") == 0)
            check->format = FORMAT_JSON;
        else if (strcmp(value, "sarif") == 0)
            check->format = FORMAT_SARIF;
        else
            argp_error(state, "a format is text, json or sarif, not `%s`", value);
        return 0;
    case VERB_JSON:
        check->format = FORMAT_JSON;
        return 0;
    case 'p':
        if (!params_add(&check->params, value))
            argp_error(state, "--param is NAME=VALUE, not `%s`", value);
        return 0;
    case ARGP_KEY_ARGS:
        check->files = state->argv + state->next;
        check->nfiles = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no rule file is given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "FILE…",
    "Parse, type-check and plan rule files, which together are one network.\v"
    "Prints every independent mistake with its place. Exit code 1 when there is an error, 0 when there are "
    "only warnings.",
    NULL, NULL, NULL,
};

static uint32_t events_count(const Plan *plan)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->ntypes; i++)
        n += !plan->types[i].alert;
    return n;
}

static void print_count(uint32_t n, const char *what)
{
    printf("%u %s%s", n, what, n == 1 ? "" : "s");
}

/* "3 agents, 2 events, no errors", or "2 errors, 1 warning". */
static void print_summary(const Network *network)
{
    const Diagnostics *found = &network->diagnostics;
    if (network->plan) {
        print_count(network->plan->nagents, "agent");
        printf(", ");
        print_count(events_count(network->plan), "event");
        printf(", no errors");
    } else {
        print_count(found->errors, "error");
    }
    if (found->warnings) {
        printf(", ");
        print_count(found->warnings, "warning");
    }
    printf("\n");
}

static void print_json_summary(const Network *network)
{
    Json json = json_to(stdout);
    json_open(&json, NULL, '{');
    if (network->plan) {
        json_text(&json, "network", network->plan->network);
        json_int(&json, "agents", network->plan->nagents);
        json_int(&json, "events", events_count(network->plan));
        json_int(&json, "alerts", network->plan->ntypes - events_count(network->plan));
        json_int(&json, "tables", network->plan->ntables);
    }
    json_int(&json, "errors", network->diagnostics.errors);
    json_int(&json, "warnings", network->diagnostics.warnings);
    json_close(&json, '}');
}

int cmd_check(int argc, char **argv)
{
    Check check = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &check);

    Network network;
    int code = network_read(&network, check.files, check.nfiles);
    if (code != EXIT_USAGE) {
        if (code == EXIT_DONE)
            code = network_compile(&network, check.params.items, check.params.n);
        switch (check.format) {
        case FORMAT_TEXT:
            network_report(&network, stdout);
            print_summary(&network);
            break;
        case FORMAT_JSON:
            diagnostics_print_json(&network.diagnostics, stdout);
            print_json_summary(&network);
            break;
        case FORMAT_SARIF:
            diagnostics_print_sarif(&network.diagnostics, stdout);
            break;
        }
    }
    network_free(&network);
    params_free(&check.params);
    return code;
}
