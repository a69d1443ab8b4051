/* cep run: rules over events from files or standard input, alerts to standard output. */
#include <stdlib.h>
#include <string.h>

#include "cep/cell_text.h"
#include "cep/cmd/network.h"
#include "cep/cmd/run.h"
#include "cep/cmd/verb.h"
#include "cluster/store.h"

enum { OPTION_ALL = 0x2000, OPTION_CLOSE, OPTION_ERRORS, OPTION_BATCH, OPTION_ROW_BY_ROW, OPTION_WAIT };

typedef struct Run {
    SoloOptions solo;
    char **inputs;
    Params params;
    char **files;
    size_t nfiles;
} Run;

static const struct argp_option options[] = {
    {"in", 'i', "[PRODUCER=]URI", 0, "read events from file:PATH, a path, or stdin: (-); may be given again", 0},
    {"out", 'o', "URI", 0, "write alerts to a file in place of standard output", 0},
    {"state", 's', "STORE", 0, "read tables from a data directory, or from redis://HOST or redis+unix:SOCKET, too", 0},
    {"state-wait", OPTION_WAIT, "DURATION", 0, "how long look-ups wait for a Redis that went away (1 s)", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`, written as in rules", 0},
    {"all", OPTION_ALL, 0, 0, "print derived events that are no alerts too", 0},
    {"close-at-end", OPTION_CLOSE, 0, 0, "close open windows at the end of the input", 0},
    {"errors", OPTION_ERRORS, "FILE", 0, "write each rejection as a JSON line", 0},
    {"quiet", 'q', 0, 0, "say nothing of rejections and counts", 0},
    {"batch", OPTION_BATCH, "N", 0, "events of a batch, 1 to 1024; changes speed, never results", 1},
    {"row-by-row", OPTION_ROW_BY_ROW, 0, 0, "evaluate every predicate for every event alone", 1},
    {0},
};

static void add_input(Run *run, char *uri)
{
    run->inputs = realloc(run->inputs, (run->solo.ninputs + 1) * sizeof *run->inputs);
    if (!run->inputs)
        abort();
    run->inputs[run->solo.ninputs++] = uri;
    run->solo.inputs = run->inputs;
}

static uint32_t batch_rows(const char *value, struct argp_state *state)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    if (*end || n < 1 || n > BATCH_ROWS)
        argp_error(state, "--batch is a number from 1 to %d, not `%s`", BATCH_ROWS, value);
    return (uint32_t)n;
}

static error_t option(int key, char *value, struct argp_state *state)
{
    Run *run = state->input;
    switch (key) {
    case 'i':
        add_input(run, value);
        return 0;
    case 'o':
        run->solo.out = value;
        return 0;
    case 's':
        run->solo.state = value;
        return 0;
    case 'p':
        if (!params_add(&run->params, value))
            argp_error(state, "--param is NAME=VALUE, not `%s`", value);
        return 0;
    case OPTION_ALL:
        run->solo.all = true;
        return 0;
    case OPTION_CLOSE:
        run->solo.close_at_end = true;
        return 0;
    case OPTION_ERRORS:
        run->solo.errors = value;
        return 0;
    case 'q':
        run->solo.quiet = true;
        return 0;
    case OPTION_BATCH:
        run->solo.batch_rows = batch_rows(value, state);
        return 0;
    case OPTION_ROW_BY_ROW:
        run->solo.row_by_row = true;
        return 0;
    case OPTION_WAIT:
        if (!duration_parse(text_of(value), &run->solo.state_wait) || run->solo.state_wait < 0)
            argp_error(state, "--state-wait is a duration such as `2 s`, not `%s`", value);
        return 0;
    case ARGP_KEY_ARGS:
        run->files = state->argv + state->next;
        run->nfiles = (size_t)(state->argc - state->next);
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
    "Run rule files, which together are one network, over events; alerts go to standard output as JSON lines.\v"
    "Events are JSON lines, read from --in, else from the producers that the rules declare, else from standard "
    "input. Exit code 0 at the end of the input, 1 when the rules are wrong or no line of the input was usable, "
    "2 when a file cannot be read, 3 when the store or the output fails, 4 after SIGINT or SIGTERM.",
    NULL, NULL, NULL,
};

int run_code(SoloEnd end)
{
    switch (end) {
    case SOLO_DONE:
        return EXIT_DONE;
    case SOLO_NOTHING_USABLE:
        return EXIT_WRONG;
    case SOLO_UNREADABLE:
        return EXIT_USAGE;
    case SOLO_NO_STORE:
    case SOLO_OUT_CLOSED:
        return EXIT_UNREACHABLE;
    case SOLO_INTERRUPTED:
        return EXIT_INTERRUPTED;
    }
    return EXIT_WRONG;
}

int cmd_run(int argc, char **argv)
{
    Run run = {.solo.state_wait = -1};
    argp_parse(&argp, argc, argv, 0, NULL, &run);

    char error[512];
    if (run.solo.state && !store_kind(run.solo.state, error, sizeof error)) {
        fprintf(stderr, "cep run: %s\n", error);
        return EXIT_USAGE;
    }
    Network network;
    int code = network_read(&network, run.files, run.nfiles);
    if (code == EXIT_DONE)
        code = network_compile(&network, run.params.items, run.params.n);
    if (code != EXIT_DONE || !run.solo.quiet)
        network_report(&network, stderr);
    if (code == EXIT_DONE)
        code = run_code(solo_run(network.plan, &network.memory, run.solo));
    network_free(&network);
    params_free(&run.params);
    free(run.inputs);
    return code;
}
