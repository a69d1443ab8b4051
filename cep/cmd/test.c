/* cep test: the `test` blocks of rule files, as TAP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/trial.h"
#include "cep/cmd/verdict.h"
#include "cep/cmd/verb.h"

typedef struct Test {
    bool json, coverage;
    const char *junit; /* a file; NULL = none */
    Params params;
    const char *filter;
    char **files;
    size_t nfiles;
} Test;

enum { OPTION_COVERAGE = 0x2000, OPTION_JUNIT };

static const struct argp_option options[] = {
    {"filter", 'f', "TEXT", 0, "only tests whose name contains the text", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`; `with` of a test goes first", 0},
    {"coverage", OPTION_COVERAGE, 0, 0, "say which agents, branches and policy values no test reached", 0},
    {"junit", OPTION_JUNIT, "FILE", 0, "write the results as JUnit XML, too", 0},
    VERB_JSON_OPTION,
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    Test *test = state->input;
    switch (key) {
    case 'f':
        test->filter = value;
        return 0;
    case OPTION_COVERAGE:
        test->coverage = true;
        return 0;
    case OPTION_JUNIT:
        test->junit = value;
        return 0;
    case 'p':
        if (!params_add(&test->params, value))
            argp_error(state, "--param is NAME=VALUE, not `%s`", value);
        return 0;
    case VERB_JSON:
        test->json = true;
        return 0;
    case ARGP_KEY_ARGS:
        test->files = state->argv + state->next;
        test->nfiles = (size_t)(state->argc - state->next);
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
    "Run the `test` blocks of rule files and print TAP.\vTime is logical. Exit code 1 when a test fails.",
    NULL, NULL, NULL,
};

/* A test of the files that were named, and not of those that they `use`. */
static bool is_chosen(const Test *test, const Declaration *declaration)
{
    if (declaration->kind != DECLARATION_TEST || declaration->span.file >= test->nfiles)
        return false;
    Text title = declaration->test->title.value;
    return !test->filter || memmem(title.p, title.len, test->filter, strlen(test->filter));
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Runs the test of a declaration; the report is the network's. */
static Verdict run_test(const Test *test, Network *network, uint32_t index, Coverage *coverage)
{
    const Declaration *declaration = network->module.declarations[index];
    const AstTest *ast = declaration->test;
    const Source *source = &network->sources.items[declaration->span.file];
    char *text = NULL;
    size_t n = 0;
    FILE *report = open_memstream(&text, &n);
    if (!report)
        abort();
    double start = seconds_now();
    bool good = trial_test(network, (uint32_t)test->nfiles, &test->params, index, coverage, report);
    fclose(report);
    Verdict verdict = {
        .good = good,
        .title = ast->title.value,
        .report = arena_text(&network->arena, (Text){text, (uint32_t)n}),
        .file = source->path,
        .line = source_place(source, declaration->span.start).line,
        .seconds = seconds_now() - start,
    };
    free(text);
    return verdict;
}

static int write_junit(const char *path, const Verdict *verdicts, uint32_t n, Text suite)
{
    FILE *out = fopen(path, "w");
    if (out)
        verdicts_junit(verdicts, n, suite, out);
    if (out && fclose(out) == 0)
        return EXIT_DONE;
    fprintf(stderr, "cep: cannot write %s: %s\n", path, strerror(errno));
    return EXIT_USAGE;
}

static void print_plan(uint32_t chosen)
{
    if (chosen)
        printf("TAP version 13\n1..%u\n", chosen);
    else
        puts("1..0 # skipped: no tests");
}

static void print_coverage(const Test *test, const Coverage *coverage, Json *json)
{
    if (test->json)
        coverage_json(coverage, json);
    else
        coverage_print(coverage, stdout);
}

static int run_tests(const Test *test, Network *network)
{
    uint32_t chosen = 0, number = 0;
    Json json = json_to(stdout);
    Coverage coverage;
    coverage_init(&coverage, network->plan, &network->arena);
    for (uint32_t i = 0; i < network->module.n; i++)
        chosen += is_chosen(test, network->module.declarations[i]);
    Verdict *verdicts = ARENA_ARRAY(&network->arena, Verdict, chosen);
    if (test->json)
        json_open(&json, NULL, '[');
    else
        print_plan(chosen);
    int code = EXIT_DONE;
    for (uint32_t i = 0; i < network->module.n; i++) {
        if (!is_chosen(test, network->module.declarations[i]))
            continue;
        Verdict *verdict = &verdicts[number++];
        *verdict = run_test(test, network, i, test->coverage ? &coverage : NULL);
        if (test->json)
            verdict_json(verdict, &json);
        else
            verdict_tap(verdict, number, stdout);
        if (!verdict->good)
            code = EXIT_WRONG;
    }
    if (test->json)
        json_close(&json, ']');
    if (test->coverage)
        print_coverage(test, &coverage, &json);
    if (test->junit && write_junit(test->junit, verdicts, number, network->plan->network) != EXIT_DONE)
        code = EXIT_USAGE;
    return code;
}

int cmd_test(int argc, char **argv)
{
    Test test = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &test);

    Network network;
    int code = network_read(&network, test.files, test.nfiles);
    test.nfiles = network.sources.n; /* a file that is named twice is read once */
    if (code == EXIT_DONE)
        code = network_compile(&network, test.params.items, test.params.n);
    if (code != EXIT_USAGE)
        network_report(&network, stderr);
    if (code == EXIT_DONE)
        code = run_tests(&test, &network);
    network_free(&network);
    params_free(&test.params);
    return code;
}
