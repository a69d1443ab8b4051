/* cep check: the mistakes of rule files, and what the network consists of when there are none. */
#include <stdlib.h>
#include <string.h>

#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/repair.h"
#include "cep/cmd/rewrite.h"
#include "cep/cmd/verb.h"

typedef enum Format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF } Format;

typedef struct Check {
    Format format;
    bool fix, diff;
    Params params;
    char **files;
    size_t nfiles;
} Check;

enum { OPTION_FIX = 0x2000, OPTION_DIFF };

static const struct argp_option options[] = {
    {"format", 'f', "text|json|sarif", 0, "how diagnostics are printed", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`, written as in rules", 0},
    {"fix", OPTION_FIX, 0, 0, "make the edits that diagnostics are certain of, and show them", 0},
    {"diff", OPTION_DIFF, 0, 0, "show those edits and change nothing", 0},
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
    case OPTION_FIX:
        check->fix = true;
        return 0;
    case OPTION_DIFF:
        check->diff = true;
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
    "only warnings. With --fix the files are written, with --diff not; diagnostics are then those that are left.",
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

/* "1 edit, 3 agents, 2 events, no errors", or "2 errors, 1 warning". */
static void print_summary(const Network *network, uint32_t edits)
{
    const Diagnostics *found = &network->diagnostics;
    if (edits) {
        print_count(edits, "edit");
        printf(", ");
    }
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

static void print_json_summary(const Network *network, uint32_t edits)
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
    if (edits)
        json_int(&json, "edits", edits);
    json_close(&json, '}');
}

static void report(const Check *check, const Network *network, uint32_t edits)
{
    switch (check->format) {
    case FORMAT_TEXT:
        network_report(network, stdout);
        print_summary(network, edits);
        break;
    case FORMAT_JSON:
        diagnostics_print_json(&network->diagnostics, stdout);
        print_json_summary(network, edits);
        break;
    case FORMAT_SARIF:
        diagnostics_print_sarif(&network->diagnostics, stdout);
        break;
    }
}

/* Shows the edits, where they are not in the way of what a program reads, and writes the files of --fix. */
static int write_edits(const Check *check, const Network *network, const Source *files, uint32_t n)
{
    int code = EXIT_DONE;
    for (uint32_t i = 0; i < n; i++) {
        Text path = files[i].path, before = network->sources.items[i].text;
        repair_diff(path, before, files[i].text, check->format == FORMAT_TEXT ? stdout : stderr);
        if (!check->fix || check->diff || text_is(before, files[i].text) || text_is_c(path, "/dev/stdin"))
            continue;
        int err = rewrite(path.p, files[i].text);
        if (err) {
            fprintf(stderr, "cep: cannot write %s: %s\n", path.p, strerror(err));
            code = EXIT_USAGE;
        }
    }
    return code;
}

static int compile_and_report(const Check *check, Network *network, int code, uint32_t edits)
{
    if (code == EXIT_DONE)
        code = network_compile(network, check->params.items, check->params.n);
    report(check, network, edits);
    return code;
}

/* Mends what is certain; what is reported is what is left. */
static int fix(const Check *check, Network *network)
{
    uint32_t n = network->sources.n;
    Source *files = ARENA_ARRAY(&network->arena, Source, n);
    memcpy(files, network->sources.items, n * sizeof *files);
    uint32_t edits = repair(files, n, &check->params, &network->arena);
    int code = write_edits(check, network, files, n);
    Network mended;
    int left = network_read_texts(&mended, files, n);
    left = compile_and_report(check, &mended, left, edits);
    network_free(&mended);
    return code > left ? code : left;
}

int cmd_check(int argc, char **argv)
{
    Check check = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &check);

    Network network;
    int code = network_read(&network, check.files, check.nfiles);
    if (code != EXIT_USAGE)
        code = check.fix || check.diff ? fix(&check, &network) : compile_and_report(&check, &network, code, 0);
    network_free(&network);
    params_free(&check.params);
    return code;
}
