/* cep state: the rows of tables in a data directory: load, get, del, list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/verb.h"
#include "cluster/out.h"
#include "cluster/rejections.h"
#include "cluster/table_file.h"
#include "cluster/table_store.h"

enum { OPTION_RULES = 0x3000, OPTION_FORMAT, WORDS_MAX = 8, RULES_MAX = 64 };

typedef struct StateCall {
    const char *directory;
    char *rules[RULES_MAX];
    size_t nrules;
    const char *format;
    bool json;
    char *words[WORDS_MAX]; /* what to do, and with what */
    uint32_t n;
    Memory memory;
    TableStore *store;
} StateCall;

static const struct argp_option options[] = {
    {"state", 's', "DIR", 0, "the data directory", 0},
    {"rules", OPTION_RULES, "FILE", 0, "rules that declare the table; may be given again", 0},
    {"format", OPTION_FORMAT, "csv|tsv|ndjson", 0, "of the file to load, where its name does not say", 0},
    VERB_JSON_OPTION,
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    StateCall *call = state->input;
    switch (key) {
    case 's':
        call->directory = value;
        return 0;
    case OPTION_RULES:
        if (call->nrules == RULES_MAX)
            argp_error(state, "more than %d rule files", RULES_MAX);
        call->rules[call->nrules++] = value;
        return 0;
    case OPTION_FORMAT:
        call->format = value;
        return 0;
    case VERB_JSON:
        call->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (call->n == WORDS_MAX)
            argp_error(state, "too many arguments");
        call->words[call->n++] = value;
        return 0;
    case ARGP_KEY_END:
        if (call->n == 0)
            argp_error(state, "say what to do: load, get, del or list");
        if (!call->directory)
            argp_error(state, "no data directory is given: --state DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option,
    "load TABLE FILE --rules RULES.cep --state DIR\n"
    "get TABLE KEY… --state DIR\n"
    "del TABLE KEY… --state DIR\n"
    "list [TABLE] --state DIR",
    "Read and write the rows of tables in a data directory.\v"
    "`load` replaces the rows of a table by those of a file: all of them, or none. `get` and `list TABLE` print "
    "rows as JSON. A key of two columns is two arguments. Exit code 1 when a row is not there or a row of the "
    "file cannot be used, 3 when the store cannot be.",
    NULL, NULL, NULL,
};

static int fail_store(const StateCall *call)
{
    fprintf(stderr, "cep state: %s\n", table_store_error(call->store));
    return EXIT_UNREACHABLE;
}

static bool print_row(void *owner, const StoredCell *cells, uint32_t n)
{
    Out *out = owner;
    out_char(out, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            out_char(out, ',');
        out_json_string(out, cells[i].name);
        out_char(out, ':');
        out_json_cell(out, cells[i].type, cells[i].value);
    }
    out_text(out, "}\n");
    return out->n < OUT_ROOM || out_flush(out) == 0;
}

/* ── load ── */

typedef struct Load {
    StateCall *call;
    const TablePlan *table;
    const char *path;
    Text format;
    TableStore *store;
    Rejections *rejections;
    bool silent;      /* the file is read again: its rejections are known */
    TableFileStats stats;
    char error[512];  /* of the file */
} Load;

static bool load_row(void *owner, const Cell *cells, const uint8_t *states)
{
    Load *load = owner;
    return table_store_put(load->store, load->table, cells, states);
}

static void load_rejected(void *owner, uint64_t line, Text detail, Text original)
{
    Load *load = owner;
    if (load->silent)
        return;
    Text source = text_of(load->path);
    rejections_add(load->rejections, &(Rejected){
                                         .reason = "table row",
                                         .detail = detail,
                                         .source = source,
                                         .line = line,
                                         .original = original,
                                     });
}

static bool load_fill(void *owner, TableStore *store, uint32_t attempt)
{
    Load *load = owner;
    load->silent = attempt > 0;
    load->store = store;
    TableSink sink = {.owner = load, .row = load_row, .rejected = load_rejected};
    bool good = table_file_load(load->table, load->path, load->format, &load->call->memory, sink, &load->stats,
                                load->error, sizeof load->error);
    return good && table_store_error(store)[0] == 0;
}

static int load_table(StateCall *call, const TablePlan *table)
{
    Load load = {.call = call, .table = table, .path = call->words[2]};
    load.format = call->format ? text_of(call->format) : table_file_format(load.path);
    if (load.format.len == 0 || strcmp(load.path, "-") == 0) {
        fprintf(stderr, "cep state: %s\n",
                load.format.len ? "a table is loaded from a file, which may be read twice"
                                : "the file's name does not say its format; give --format csv, tsv or ndjson");
        return EXIT_USAGE;
    }
    load.rejections = rejections_new(&call->memory, table->name, NULL, stderr);
    int code = EXIT_DONE;
    if (table_store_replace(call->store, table, load_fill, &load)) {
        fprintf(stderr, "table %.*s: ", TEXT_ARGS(table->name));
        count_print(load.stats.rows, stderr);
        fprintf(stderr, load.stats.rows == 1 ? " row, " : " rows, ");
        rejections_print(load.rejections, stderr);
        fputc('\n', stderr);
        code = load.stats.rejected ? EXIT_WRONG : EXIT_DONE;
    } else if (load.error[0]) {
        fprintf(stderr, "cep state: %s; the table is as it was\n", load.error);
        code = EXIT_USAGE;
    } else {
        fprintf(stderr, "cep state: %s; the table is as it was\n", table_store_error(call->store));
        code = EXIT_UNREACHABLE;
    }
    rejections_free(load.rejections);
    return code;
}

static int state_load(StateCall *call)
{
    if (call->nrules == 0) {
        fprintf(stderr, "cep state: what columns the table has stands in the rules: give --rules FILE\n");
        return EXIT_USAGE;
    }
    Network network;
    int code = network_read(&network, call->rules, call->nrules);
    if (code == EXIT_DONE)
        code = network_compile(&network, NULL, 0);
    if (code != EXIT_DONE)
        network_report(&network, stderr);
    uint32_t table = code == EXIT_DONE ? plan_table(network.plan, text_of(call->words[1])) : INDEX_NONE;
    if (code == EXIT_DONE && table == INDEX_NONE) {
        fprintf(stderr, "cep state: the rules declare no table `%s`\n", call->words[1]);
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE)
        code = load_table(call, &network.plan->tables[table]);
    network_free(&network);
    return code;
}

/* ── get, del, list ── */

static uint32_t keys_of(const StateCall *call, Text keys[WORDS_MAX])
{
    for (uint32_t i = 2; i < call->n; i++)
        keys[i - 2] = text_of(call->words[i]);
    return call->n - 2;
}

static int say_missing(const StateCall *call)
{
    fprintf(stderr, "cep state: table `%s` has no row with this key\n", call->words[1]);
    return EXIT_WRONG;
}

static int state_get(StateCall *call)
{
    Text keys[WORDS_MAX];
    uint32_t n = keys_of(call, keys);
    Out out;
    bool found;
    out_init(&out, &call->memory, STDOUT_FILENO);
    bool good = table_store_get(call->store, text_of(call->words[1]), keys, n, print_row, &out, &found);
    int error = out_flush(&out);
    out_fini(&out);
    if (!good)
        return fail_store(call);
    if (!found)
        return say_missing(call);
    return error ? EXIT_UNREACHABLE : EXIT_DONE;
}

static int state_del(StateCall *call)
{
    Text keys[WORDS_MAX];
    uint32_t n = keys_of(call, keys);
    bool found;
    if (!table_store_delete(call->store, text_of(call->words[1]), keys, n, &found))
        return fail_store(call);
    return found ? EXIT_DONE : say_missing(call);
}

static void print_table(void *owner, Text table, uint64_t rows)
{
    const StateCall *call = owner;
    if (call->json) {
        Json json = json_to(stdout);
        json_open(&json, NULL, '{');
        json_text(&json, "table", table);
        json_int(&json, "rows", (int64_t)rows);
        json_close(&json, '}');
        return;
    }
    printf("%.*s\t", TEXT_ARGS(table));
    count_print(rows, stdout);
    printf("\n");
}

static int state_list(StateCall *call)
{
    if (call->n == 1)
        return table_store_tables(call->store, print_table, call) ? EXIT_DONE : fail_store(call);
    Out out;
    out_init(&out, &call->memory, STDOUT_FILENO);
    bool good = table_store_rows(call->store, text_of(call->words[1]), print_row, &out);
    int error = out_flush(&out);
    out_fini(&out);
    if (!good)
        return fail_store(call);
    return error ? EXIT_UNREACHABLE : EXIT_DONE;
}

static const struct Deed {
    const char *word;
    uint32_t least, most; /* words, with the deed's own */
    bool create;          /* the directory may be new */
    int (*run)(StateCall *call);
} deeds[] = {
    {"del", 3, 4, false, state_del},
    {"get", 3, 4, false, state_get},
    {"list", 1, 2, false, state_list},
    {"load", 3, 3, true, state_load},
};

static const struct Deed *deed_of(const StateCall *call)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].word, call->words[0]) == 0)
            return &deeds[i];
    return NULL;
}

int cmd_state(int argc, char **argv)
{
    StateCall call = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &call);
    const struct Deed *deed = deed_of(&call);
    if (!deed || call.n < deed->least || call.n > deed->most) {
        fprintf(stderr, "cep state: %s `%s`; `cep state --help` shows how it is used\n",
                deed ? "wrong arguments for" : "there is no", call.words[0]);
        return EXIT_USAGE;
    }
    char error[512];
    call.store = table_store_open(&call.memory, call.directory, deed->create, error, sizeof error);
    if (!call.store) {
        fprintf(stderr, "cep state: %s\n", error);
        return EXIT_UNREACHABLE;
    }
    int code = deed->run(&call);
    table_store_close(call.store);
    return code;
}
