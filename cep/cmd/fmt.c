/* cep fmt: rule files in the one layout. */
#include <stdio.h>
#include <string.h>

#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/rewrite.h"
#include "cep/cmd/verb.h"
#include "rules/format.h"

typedef struct Fmt {
    bool check, to_stdout, as_json;
    char **files;
    size_t nfiles;
    Json json; /* of --json: an array of the names */
} Fmt;

enum { OPTION_CHECK = 0x2000, OPTION_STDOUT };

static const struct argp_option options[] = {
    {"check", OPTION_CHECK, 0, 0, "change nothing; exit with 1 when a file would change", 0},
    {"stdout", OPTION_STDOUT, 0, 0, "print the layout in place of changing files", 0},
    VERB_JSON_OPTION,
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    (void)value;
    Fmt *fmt = state->input;
    switch (key) {
    case OPTION_CHECK:
        fmt->check = true;
        return 0;
    case OPTION_STDOUT:
        fmt->to_stdout = true;
        return 0;
    case VERB_JSON:
        fmt->as_json = true;
        return 0;
    case ARGP_KEY_ARGS:
        fmt->files = state->argv + state->next;
        fmt->nfiles = (size_t)(state->argc - state->next);
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
    "Rewrite rule files in the one layout and print the names of those that changed.\v"
    "A file with mistakes is left alone. `-` reads standard input and writes standard output.",
    NULL, NULL, NULL,
};

static void print_name(Fmt *fmt, const char *path)
{
    if (fmt->as_json)
        json_cstring(&fmt->json, NULL, path);
    else
        puts(path);
}

/* Formats the one file of a network that has been read. */
static int fmt_source(Fmt *fmt, const char *path, Network *network)
{
    const Source *source = &network->sources.items[0];
    bool is_stdin = strcmp(path, "-") == 0;
    Text laid_out;
    if (!format_source(&network->sources, 0, &network->diagnostics, &network->arena, &laid_out)) {
        network_report(network, stderr);
        return EXIT_WRONG;
    }
    bool same = text_is(laid_out, source->text);
    if (fmt->check) {
        if (!same)
            print_name(fmt, path);
        return same ? EXIT_DONE : EXIT_WRONG;
    }
    if (fmt->to_stdout || is_stdin) {
        fwrite(laid_out.p, 1, laid_out.len, stdout);
        return EXIT_DONE;
    }
    if (same)
        return EXIT_DONE;
    int err = rewrite(path, laid_out);
    if (err) {
        fprintf(stderr, "cep: cannot write %s: %s\n", path, strerror(err));
        return EXIT_USAGE;
    }
    print_name(fmt, path);
    return EXIT_DONE;
}

int cmd_fmt(int argc, char **argv)
{
    Fmt fmt = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &fmt);

    int worst = EXIT_DONE;
    fmt.json = json_to(stdout);
    if (fmt.as_json)
        json_open(&fmt.json, NULL, '[');
    for (size_t i = 0; i < fmt.nfiles; i++) {
        Network network;
        int code = network_source(&network, fmt.files[i]);
        if (code == EXIT_DONE)
            code = fmt_source(&fmt, fmt.files[i], &network);
        network_free(&network);
        if (code > worst)
            worst = code;
    }
    if (fmt.as_json)
        json_close(&fmt.json, ']');
    return worst;
}
