/* cep undeploy: takes a network out of service. */
#include <stdio.h>

#include "cep/cmd/remote.h"
#include "cep/cmd/verb.h"

typedef struct Undeploy {
    const char *url, *network;
} Undeploy;

static const struct argp_option options[] = {
    {"to", 't', "URL", 0, "control address of a node of the cluster (" REMOTE_URL ", or CEP_NODE)", 0},
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    Undeploy *call = state->input;
    switch (key) {
    case 't':
        call->url = value;
        return 0;
    case ARGP_KEY_ARG:
        if (call->network)
            argp_error(state, "one network at a time");
        call->network = value;
        return 0;
    case ARGP_KEY_END:
        if (!call->network)
            argp_error(state, "no network is given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "NETWORK",
    "Take a network out of service on all nodes. What was sent to it is finished.\v"
    "Exit code 1 when there is no such network, 3 when no node answers.",
    NULL, NULL, NULL,
};

int cmd_undeploy(int argc, char **argv)
{
    Undeploy call = {0};
    Remote remote;
    argp_parse(&argp, argc, argv, 0, NULL, &call);
    if (!remote_open(&remote, "cep undeploy", call.url))
        return EXIT_USAGE;
    json_t *answer = remote_ask(&remote, json_pack("{s:s,s:s}", "do", "undeploy", "network", call.network), REMOTE_MS);
    int code = remote_code(&remote, answer);
    json_decref(answer);
    return remote_close(&remote, code);
}
