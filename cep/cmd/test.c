/* cep test: the `test` blocks of rule files, as TAP. */
#include <stdlib.h>
#include <string.h>

#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/trial.h"
#include "cep/cmd/verb.h"

typedef struct Test {
    bool json;
    Params params;
    const char *filter;
    char **files;
    size_t nfiles;
} Test;

static const struct argp_option options[] = {
    {"filter", 'f', "TEXT", 0, "only tests whose name contains the text", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`; `with` of a test goes first", 0},
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

/* The test with params of its own runs on a plan of its own. */
static bool run_with(const Test *test, const Network *network, const AstTest *ast, uint32_t index, FILE *report)
{
    Params params = {0};
    for (uint32_t i = 0; i < test->params.n; i++)
        params_set(&params, test->params.items[i].name, test->params.items[i].text);
    for (uint32_t i = 0; i < ast->with.n; i++)
        params_set(&params, ast->with.items[i].name.text, sources_text(&network->sources, ast->with.items[i].value->span));

    Network again;
    int code = network_read_texts(&again, network->sources.items, (uint32_t)test->nfiles);
    if (code == EXIT_DONE)
        code = network_compile(&again, params.items, params.n);
    bool good = false;
    if (code == EXIT_DONE)
        good = trial_run(&again, again.module.declarations[index]->test, report);
    else if (again.diagnostics.n)
        fprintf(report, "# with these params the rules are wrong: %.*s\n", TEXT_ARGS(again.diagnostics.items[0]->message));
    network_free(&again);
    params_free(&params);
    return good;
}

/* ── Results: TAP, or an array of objects ── */

typedef struct Result {
    uint32_t number;
    bool good;
    Text title;
    Text report; /* lines that begin with "# " */
} Result;

static void print_result(const Result *result)
{
    printf("%s %u - ", result->good ? "ok" : "not ok", result->number);
    for (uint32_t i = 0; i < result->title.len; i++) { /* a line of its own */
        char c = result->title.p[i];
        if (c == '#') /* a directive such as `# SKIP` begins with it */
            putchar('\\');
        putchar(c == '\n' || c == '\r' ? ' ' : c);
    }
    printf("\n%.*s", TEXT_ARGS(result->report));
}

static void print_result_json(Json *json, const Result *result)
{
    json_open(json, NULL, '{');
    json_text(json, "test", result->title);
    json_bool(json, "ok", result->good);
    json_text(json, "report", result->report);
    json_close(json, '}');
}

static bool run_test(const Test *test, Network *network, uint32_t index, uint32_t number, Json *json)
{
    const AstTest *ast = network->module.declarations[index]->test;
    char *text = NULL;
    size_t n = 0;
    FILE *report = open_memstream(&text, &n);
    if (!report)
        abort();
    bool good = ast->with.n ? run_with(test, network, ast, index, report) : trial_run(network, ast, report);
    fclose(report);
    Result result = {.number = number, .good = good, .title = ast->title.value, .report = {text, (uint32_t)n}};
    if (test->json)
        print_result_json(json, &result);
    else
        print_result(&result);
    free(text);
    return good;
}

static void print_plan(uint32_t chosen)
{
    if (chosen)
        printf("TAP version 13\n1..%u\n", chosen);
    else
        puts("1..0 # skipped: no tests");
}

static bool run_tests(const Test *test, Network *network)
{
    uint32_t chosen = 0, number = 0;
    bool all_good = true;
    Json json = json_to(stdout);
    for (uint32_t i = 0; i < network->module.n; i++)
        chosen += is_chosen(test, network->module.declarations[i]);
    if (test->json)
        json_open(&json, NULL, '[');
    else
        print_plan(chosen);
    for (uint32_t i = 0; i < network->module.n; i++)
        if (is_chosen(test, network->module.declarations[i]))
            all_good &= run_test(test, network, i, ++number, &json);
    if (test->json)
        json_close(&json, ']');
    return all_good;
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
    if (code == EXIT_DONE && !run_tests(&test, &network))
        code = EXIT_WRONG;
    network_free(&network);
    params_free(&test.params);
    return code;
}
