/* cep deploy: rule files into service on all nodes of a cluster. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cmd/network.h"
#include "cep/cmd/remote.h"
#include "cep/cmd/verb.h"
#include "cluster/bundle.h"

enum { DEPLOY_MS = 90000 };

typedef struct Deploy {
    const char *url;
    bool json;
    Params params;
    char **files;
    size_t nfiles;
} Deploy;

static const struct argp_option options[] = {
    {"to", 't', "URL", 0, "control address of a node of the cluster (" REMOTE_URL ", or CEP_NODE)", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`, written as in rules", 0},
    VERB_JSON_OPTION,
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    Deploy *deploy = state->input;
    switch (key) {
    case 't':
        deploy->url = value;
        return 0;
    case 'p':
        if (!params_add(&deploy->params, value))
            argp_error(state, "--param is NAME=VALUE, not `%s`", value);
        return 0;
    case VERB_JSON:
        deploy->json = true;
        return 0;
    case ARGP_KEY_ARGS:
        deploy->files = state->argv + state->next;
        deploy->nfiles = (size_t)(state->argc - state->next);
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
    "Put rule files, which together are one network, into service on all nodes of a cluster, or on none.\v"
    "The nodes compile the rules; when each of them is ready they switch at one order time. A network of the same name "
    "goes on as the new version. Files that tables name are read by the nodes, relative to this folder. Exit code 1 when "
    "the rules are wrong or another deployment is under way, 3 when no node answers.",
    NULL, NULL, NULL,
};

/* All texts, those that `use` names among them. */
static Bundle *bundle_of(const Deploy *deploy, const Network *network)
{
    char *folder = getcwd(NULL, 0);
    Bundle *bundle = bundle_new(folder ? folder : "");
    free(folder);
    for (uint32_t i = 0; i < network->sources.n; i++)
        bundle_add(bundle, network->sources.items[i].path, network->sources.items[i].text);
    for (uint32_t i = 0; i < deploy->params.n; i++)
        bundle_param(bundle, deploy->params.items[i].name, deploy->params.items[i].text);
    return bundle;
}

static void print_list(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        printf("%s%s", i ? ", " : "", json_string_value(json_array_get(list, i)));
}

static void print_answer(const Deploy *deploy, const json_t *answer)
{
    if (deploy->json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
        return;
    }
    printf("network %s, version %s, on ", json_string_value(json_object_get(answer, "network")),
           json_string_value(json_object_get(answer, "version")));
    print_list(json_object_get(answer, "nodes"));
    printf("\n");
    const json_t *missing = json_object_get(answer, "missing");
    if (json_array_size(missing)) {
        printf("without nodes that do not answer: ");
        print_list(missing);
        printf("\n");
    }
    if (json_integer_value(json_object_get(answer, "unconfirmed")))
        printf("%lld have not confirmed the switch yet\n",
               (long long)json_integer_value(json_object_get(answer, "unconfirmed")));
}

static int send(const Deploy *deploy, const Network *network)
{
    Remote remote;
    if (!remote_open(&remote, "cep deploy", deploy->url))
        return EXIT_USAGE;
    json_t *here = remote_ask(&remote, json_pack("{s:s}", "do", "hello"), REMOTE_HELLO_MS);
    int code = remote_code(&remote, here);
    json_decref(here);
    if (code == EXIT_DONE) {
        Bundle *bundle = bundle_of(deploy, network);
        json_t *answer = remote_ask(&remote, json_pack("{s:s,s:O}", "do", "deploy", "bundle", bundle->json), DEPLOY_MS);
        code = remote_code(&remote, answer);
        if (code == EXIT_DONE)
            print_answer(deploy, answer);
        json_decref(answer);
        bundle_free(bundle);
    }
    return remote_close(&remote, code);
}

int cmd_deploy(int argc, char **argv)
{
    Deploy deploy = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &deploy);
    Network network;
    int code = network_read(&network, deploy.files, deploy.nfiles);
    if (code == EXIT_DONE)
        code = network_compile(&network, deploy.params.items, deploy.params.n);
    if (code != EXIT_DONE || network.diagnostics.n)
        network_report(&network, stderr);
    if (code == EXIT_DONE)
        code = send(&deploy, &network);
    network_free(&network);
    params_free(&deploy.params);
    return code;
}
