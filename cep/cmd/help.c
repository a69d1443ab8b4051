/* cep help: the list of verbs, the options of one, what a diagnostic code means, or what a function does. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cep/cmd/json.h"
#include "cep/cmd/page.h"
#include "cep/cmd/verb.h"
#include "cep/function.h"
#include "rules/diagnostic.h"

typedef struct Help {
    bool json;
    char *topic;
} Help;

static const struct argp_option options[] = {VERB_JSON_OPTION, {0}};

static error_t option(int key, char *value, struct argp_state *state)
{
    Help *help = state->input;
    switch (key) {
    case VERB_JSON:
        help->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (help->topic)
            argp_error(state, "one topic at a time");
        help->topic = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "[VERB|CODE|FUNCTION]",
    "List the verbs, show the options of one, explain a diagnostic code such as E0203, or say what a function "
    "of the rule language does. `cep help functions` lists them.",
    NULL, NULL, NULL,
};

static void print_verbs(void)
{
    puts("cep finds situations in streams of events, by rules.\n\nUsage: cep VERB [OPTION…] [FILE…]\n");
    for (const Verb *verb = verbs; verb->name; verb++)
        printf("  %-9s %s\n", verb->name, verb->what);
    puts("\n`cep help VERB` shows a verb's options, `cep help E0203` explains a diagnostic,\n"
         "`cep help functions` lists the functions of the rule language.\n"
         "Exit codes: 0 done, 1 the rules or the data are wrong, 2 wrong usage, 3 a component cannot be\n"
         "reached, 4 interrupted with work kept.");
}

static void print_verbs_json(void)
{
    Json json = json_to(stdout);
    json_open(&json, NULL, '[');
    for (const Verb *verb = verbs; verb->name; verb++) {
        json_open(&json, NULL, '{');
        json_cstring(&json, "verb", verb->name);
        json_cstring(&json, "what", verb->what);
        json_close(&json, '}');
    }
    json_close(&json, ']');
}

static bool looks_like_code(const char *topic)
{
    return topic[0] && topic[1] && strchr("EeWw", topic[0]) && isdigit((unsigned char)topic[1]);
}

static const char *kind_of(DiagnosticCode code)
{
    return diagnostic_is_error(code) ? "error" : "warning";
}

/* A line at most WIDTH wide where words allow it. */
static void print_wrapped(Text text)
{
    enum { WIDTH = 80 };
    uint32_t column = 0;
    for (uint32_t i = 0; i < text.len;) {
        uint32_t end = i;
        while (end < text.len && text.p[end] != ' ' && text.p[end] != '\n')
            end++;
        if (column && column + 1 + (end - i) > WIDTH) {
            putchar('\n');
            column = 0;
        } else if (column) {
            column += (uint32_t)printf(" ");
        }
        column += (uint32_t)printf("%.*s", (int)(end - i), text.p + i);
        i = end + 1;
    }
    putchar('\n');
}

static void print_indented(Text text)
{
    for (uint32_t i = 0; i < text.len; i++) {
        if ((i == 0 || text.p[i - 1] == '\n') && text.p[i] != '\n')
            fputs("    ", stdout);
        putchar(text.p[i]);
    }
}

static void print_page(DiagnosticCode code, const Page *page)
{
    printf("%s[%s]: %s\n\n", kind_of(code), page->code, diagnostic_title(code));
    print_wrapped(page->what);
    printf("\nWrong%s:\n\n", page->is_script ? ", as made by this script" : "");
    print_indented(page->wrong);
    puts("\nRight:\n");
    print_indented(page->right);
}

static void print_page_json(DiagnosticCode code, const Page *page)
{
    Json json = json_to(stdout);
    json_open(&json, NULL, '{');
    json_cstring(&json, "code", page->code);
    json_cstring(&json, "kind", kind_of(code));
    json_cstring(&json, "title", diagnostic_title(code));
    json_text(&json, "what", page->what);
    json_text(&json, page->is_script ? "wrong_script" : "wrong", page->wrong);
    json_text(&json, "right", page->right);
    json_close(&json, '}');
}

static int explain_code(const char *topic, bool as_json)
{
    char upper[16];
    size_t len = strlen(topic);
    if (len >= sizeof upper)
        len = sizeof upper - 1;
    for (size_t i = 0; i < len; i++)
        upper[i] = (char)toupper((unsigned char)topic[i]);
    upper[len] = 0;

    DiagnosticCode code = diagnostic_by_code(text_of(upper));
    Page page;
    if (code == DIAGNOSTIC_COUNT || !page_find(upper, &page)) {
        fprintf(stderr, "cep help: there is no diagnostic %s\n", upper);
        return EXIT_USAGE;
    }
    if (as_json)
        print_page_json(code, &page);
    else
        print_page(code, &page);
    return EXIT_DONE;
}

static bool runs(const Function *function)
{
    return function->op != OPS;
}

/* substr(string, int) → string   from a character on */
static void print_function(const Function *function)
{
    int width = printf("  %s(", function->name);
    for (uint32_t i = 0; i < function->nargs; i++)
        width += printf("%s%s", i ? ", " : "", type_word(function->args[i]));
    width += printf("%s) -> %s", function->how == FUNCTION_FOLD ? ", …" : "", type_word(function->result));
    width -= function->how == FUNCTION_FOLD ? 2 : 0; /* `…` is three bytes */
    printf("%*s  %s%s\n", width < 44 ? 44 - width : 0, "", function->what, runs(function) ? "" : " (does not run yet)");
}

static void print_function_json(Json *json, const Function *function)
{
    json_open(json, NULL, '{');
    json_cstring(json, "function", function->name);
    json_open(json, "arguments", '[');
    for (uint32_t i = 0; i < function->nargs; i++)
        json_cstring(json, NULL, type_word(function->args[i]));
    json_close(json, ']');
    json_cstring(json, "result", type_word(function->result));
    json_cstring(json, "what", function->what);
    json_bool(json, "runs", runs(function));
    json_close(json, '}');
}

typedef struct Aggregate {
    const char *name, *what;
    bool runs;
} Aggregate;

static const Aggregate aggregates[] = {
#define X(name, word, args, runs, what) {word, what, runs},
#include "cep/aggregates.def"
#undef X
};

enum { AGGREGATES = sizeof aggregates / sizeof *aggregates };

static bool aggregate_known(const char *name)
{
    for (uint32_t i = 0; i < AGGREGATES; i++)
        if (strcmp(aggregates[i].name, name) == 0)
            return true;
    return false;
}

/* Over an alias: min and max are functions of two values as well. */
static void print_aggregates(Json *json, const char *name, bool as_json)
{
    for (uint32_t i = 0; i < AGGREGATES; i++) {
        const Aggregate *a = &aggregates[i];
        if (name && strcmp(a->name, name) != 0)
            continue;
        if (as_json) {
            json_open(json, NULL, '{');
            json_cstring(json, "aggregate", a->name);
            json_cstring(json, "what", a->what);
            json_bool(json, "runs", a->runs);
            json_close(json, '}');
        } else {
            int width = printf("  %s over an alias", a->name);
            printf("%*s  %s%s\n", width < 44 ? 44 - width : 0, "", a->what, a->runs ? "" : " (does not run yet)");
        }
    }
}

/* name NULL: all but the operators, which have signs for names or stand between their operands. */
static int explain_functions(const char *name, bool as_json)
{
    Json json = json_to(stdout);
    const Function *function;
    if (as_json)
        json_open(&json, NULL, '[');
    for (uint32_t i = 0; (function = function_at(i)); i++) {
        if (name && strcmp(function->name, name) != 0)
            continue;
        if (!name && (!isalpha((unsigned char)function->name[0]) || strchr(function->name, ' ')))
            continue;
        if (as_json)
            print_function_json(&json, function);
        else
            print_function(function);
    }
    print_aggregates(&json, name, as_json);
    if (as_json)
        json_close(&json, ']');
    return EXIT_DONE;
}

int cmd_help(int argc, char **argv)
{
    Help help = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &help);

    if (!help.topic) {
        if (help.json)
            print_verbs_json();
        else
            print_verbs();
        return EXIT_DONE;
    }
    if (looks_like_code(help.topic))
        return explain_code(help.topic, help.json);
    const Verb *verb = verb_find(help.topic);
    if (!verb && strcmp(help.topic, "functions") == 0)
        return explain_functions(NULL, help.json);
    if (!verb && (function_known(text_of(help.topic)) || aggregate_known(help.topic)))
        return explain_functions(help.topic, help.json);
    if (!verb)
        return verb_unknown(help.topic);
    char called[64];
    snprintf(called, sizeof called, "cep %s", verb->name);
    return verb->run(2, (char *[]){called, "--help", NULL});
}
