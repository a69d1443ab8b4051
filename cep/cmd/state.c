/* cep state: the rows of tables in a store: load, set, get, del, list, watch. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cell_text.h"
#include "cep/cmd/json.h"
#include "cep/cmd/network.h"
#include "cep/cmd/verb.h"
#include "cluster/out.h"
#include "cluster/rejections.h"
#include "cluster/store.h"
#include "cluster/table_file.h"

enum { OPTION_RULES = 0x3000, OPTION_FORMAT, WORDS_MAX = STORE_COLUMNS_MAX + 2, RULES_MAX = 64 };

typedef struct StateCall {
    const char *address;
    char *rules[RULES_MAX];
    size_t nrules;
    const char *format;
    bool json;
    char *words[WORDS_MAX]; /* what to do, and with what */
    uint32_t n;
    Memory memory;
    Arena arena;
    Store *store;
    Network network;
    bool has_network;
    TablePlan table;        /* as the rules, or else the store, describe it */
    Out out;
} StateCall;

static const struct argp_option options[] = {
    {"state", 's', "STORE", 0, "a data directory, redis://HOST, or redis+unix:SOCKET", 0},
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
        call->address = value;
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
            argp_error(state, "say what to do: load, set, get, del, list or watch");
        if (!call->address)
            argp_error(state, "no store is given: --state DIR, or --state redis://HOST");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option,
    "load TABLE FILE --rules RULES.cep --state STORE\n"
    "set TABLE COLUMN=VALUE… --state STORE\n"
    "get TABLE KEY… --state STORE\n"
    "del TABLE KEY… --state STORE\n"
    "list [TABLE] --state STORE\n"
    "watch TABLE --state STORE",
    "Read and write the rows of tables in a data directory or in Redis.\v"
    "`load` replaces the rows of a table by those of a file: all of them, or none. `set` inserts a row or changes the "
    "named columns of one. `get` and `list TABLE` print rows as JSON, `watch` prints changes as they happen. A key of "
    "two columns is two arguments. What columns a table has, the store knows once it was written with --rules. Exit "
    "code 1 when a row is not there, or a row or a value cannot be used, 3 when the store cannot be.",
    NULL, NULL, NULL,
};

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("cep state: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_WRONG;
}

static int fail_store(const StateCall *call)
{
    fail("%s", call->store->error);
    return EXIT_UNREACHABLE;
}

/* ── What the table is ── */

static int describe_by_rules(StateCall *call)
{
    call->has_network = true;
    int code = network_read(&call->network, call->rules, call->nrules);
    if (code == EXIT_DONE)
        code = network_compile(&call->network, NULL, 0);
    if (code != EXIT_DONE) {
        network_report(&call->network, stderr);
        return code;
    }
    uint32_t table = plan_table(call->network.plan, text_of(call->words[1]));
    if (table == INDEX_NONE) {
        fail("the rules declare no table `%s`", call->words[1]);
        return EXIT_USAGE;
    }
    call->table = call->network.plan->tables[table];
    return EXIT_DONE;
}

static int describe_by_store(StateCall *call)
{
    bool found;
    if (!call->store->ops->table(call->store, text_of(call->words[1]), &call->arena, &call->table, &found))
        return fail_store(call);
    return found ? EXIT_DONE : fail("the store has no table `%s`; what columns it has, --rules FILE says", call->words[1]);
}

static int describe(StateCall *call)
{
    return call->nrules ? describe_by_rules(call) : describe_by_store(call);
}

/* ── Rows as JSON ── */

static void print_columns(Out *out, const TablePlan *table, const Cell *cells, const uint8_t *states)
{
    bool any = false;
    out_char(out, '{');
    for (uint32_t i = 0; i < table->ncolumns; i++) {
        if (states[i] != STATE_OK)
            continue;
        if (any)
            out_char(out, ',');
        any = true;
        out_json_string(out, table->columns[i].name);
        out_char(out, ':');
        out_json_cell(out, table->columns[i].type, cells[i]);
    }
    out_char(out, '}');
}

static bool print_row(void *owner, const Cell *cells, const uint8_t *states)
{
    StateCall *call = owner;
    print_columns(&call->out, &call->table, cells, states);
    out_char(&call->out, '\n');
    return call->out.n < OUT_ROOM || out_flush(&call->out) == 0;
}

static void print_rejected(void *owner, Text detail)
{
    (void)owner;
    fprintf(stderr, "cep state: passed over: %.*s\n", TEXT_ARGS(detail));
}

/* ── load ── */

typedef struct Load {
    StateCall *call;
    const char *path;
    Text format;
    Store *store;
    Rejections *rejections;
    bool silent;      /* the file is read again: its rejections are known */
    TableFileStats stats;
    char error[512];  /* of the file */
} Load;

static bool load_row(void *owner, const Cell *cells, const uint8_t *states)
{
    Load *load = owner;
    return load->store->ops->put(load->store, cells, states);
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

static bool load_fill(void *owner, Store *store, uint32_t attempt)
{
    Load *load = owner;
    load->silent = attempt > 0;
    load->store = store;
    TableSink sink = {.owner = load, .row = load_row, .rejected = load_rejected};
    bool good = table_file_load(&load->call->table, load->path, load->format, &load->call->memory, sink, &load->stats,
                                load->error, sizeof load->error);
    return good && store->error[0] == 0;
}

static void print_loaded(const StateCall *call, const Load *load)
{
    if (call->json) {
        Json json = json_to(stdout);
        json_open(&json, NULL, '{');
        json_text(&json, "table", call->table.name);
        json_int(&json, "rows", (int64_t)load->stats.rows);
        json_int(&json, "rejected", (int64_t)load->stats.rejected);
        json_close(&json, '}');
    }
    fprintf(stderr, "table %.*s: ", TEXT_ARGS(call->table.name));
    count_print(load->stats.rows, stderr);
    fprintf(stderr, load->stats.rows == 1 ? " row, " : " rows, ");
    rejections_print(load->rejections, stderr);
    fputc('\n', stderr);
}

static int state_load(StateCall *call)
{
    if (call->nrules == 0) {
        fail("what columns the table has stands in the rules: give --rules FILE");
        return EXIT_USAGE;
    }
    int code = describe(call);
    if (code != EXIT_DONE)
        return code;
    Load load = {.call = call, .path = call->words[2]};
    load.format = call->format ? text_of(call->format) : table_file_format(load.path);
    if (load.format.len == 0 || strcmp(load.path, "-") == 0) {
        fail("%s", load.format.len ? "a table is loaded from a file, which may be read twice"
                                   : "the file's name does not say its format; give --format csv, tsv or ndjson");
        return EXIT_USAGE;
    }
    load.rejections = rejections_new(&call->memory, call->table.name, NULL, stderr);
    if (call->store->ops->replace(call->store, &call->table, load_fill, &load)) {
        print_loaded(call, &load);
        code = load.stats.rejected ? EXIT_WRONG : EXIT_DONE;
    } else {
        fail("%s; the table is as it was", load.error[0] ? load.error : call->store->error);
        code = load.error[0] ? EXIT_USAGE : EXIT_UNREACHABLE;
    }
    rejections_free(load.rejections);
    return code;
}

/* ── set ── */

typedef struct Set {
    StateCall *call;
    Cell cells[STORE_COLUMNS_MAX];
    uint8_t states[STORE_COLUMNS_MAX];
    bool given[STORE_COLUMNS_MAX];
    bool wrong, inserted;
} Set;

static uint32_t column_named(const TablePlan *table, Text name)
{
    uint32_t i = 0;
    while (i < table->ncolumns && !text_is(table->columns[i].name, name))
        i++;
    return i < table->ncolumns ? i : INDEX_NONE;
}

/* Reads COLUMN=VALUE. An empty value is none, or the empty string where there must be one. */
static int set_word(Set *set, const char *word)
{
    const TablePlan *table = &set->call->table;
    const char *sign = strchr(word, '=');
    if (!sign) {
        fail("a value is written COLUMN=VALUE, not `%s`", word);
        return EXIT_USAGE;
    }
    Text name = {word, (uint32_t)(sign - word)}, value = text_of(sign + 1);
    uint32_t i = column_named(table, name);
    if (i == INDEX_NONE)
        return fail("table `%.*s` has no column `%.*s`", TEXT_ARGS(table->name), TEXT_ARGS(name));
    const Attribute *column = &table->columns[i];
    bool none = value.len == 0 && (column->type != TYPE_STRING || column->optional);
    set->given[i] = true;
    set->states[i] = none ? STATE_NULL : STATE_OK;
    if (none && !column->optional)
        return fail("column `%.*s` needs a value", TEXT_ARGS(name));
    if (!none && !text_is_utf8(value))
        return fail("column `%.*s`: not UTF-8", TEXT_ARGS(name));
    if (!none && !cell_parse(column->type, column->unit, value, &set->cells[i]))
        return fail("column `%.*s`: expected %s, got %.*s", TEXT_ARGS(name), cell_expected(column->type, column->unit),
                    TEXT_ARGS(value));
    return EXIT_DONE;
}

/* A column that an insert does not name has its default, or none. */
static bool set_missing(Set *set, uint32_t i, Cell *cell, uint8_t *state)
{
    const Attribute *column = &set->call->table.columns[i];
    State constant = STATE_NULL;
    *state = STATE_NULL;
    if (column->fill && program_is_constant(column->fill, cell, &constant) && constant == STATE_OK)
        *state = STATE_OK;
    if (*state == STATE_OK || column->optional)
        return true;
    set->wrong = true;
    fail("there is no such row yet, and a new one needs column `%.*s`", TEXT_ARGS(column->name));
    return false;
}

static bool set_edit(void *owner, bool found, Cell *cells, uint8_t *states)
{
    Set *set = owner;
    set->inserted = !found;
    for (uint32_t i = 0; i < set->call->table.ncolumns; i++) {
        if (set->given[i]) {
            cells[i] = set->cells[i];
            states[i] = set->states[i];
        } else if (!found && !set_missing(set, i, &cells[i], &states[i])) {
            return false;
        }
    }
    return true;
}

static void print_done(const StateCall *call, const char *what, bool value)
{
    if (!call->json)
        return;
    Json json = json_to(stdout);
    json_open(&json, NULL, '{');
    json_text(&json, "table", call->table.name);
    json_bool(&json, what, value);
    json_close(&json, '}');
}

static int state_set(StateCall *call)
{
    int code = describe(call);
    Set set = {.call = call};
    for (uint32_t i = 2; i < call->n && code == EXIT_DONE; i++)
        code = set_word(&set, call->words[i]);
    if (code != EXIT_DONE)
        return code;
    Cell key[TABLE_KEYS_MAX];
    for (uint32_t k = 0; k < call->table.nkeys; k++) {
        uint32_t i = call->table.keys[k];
        if (!set.given[i])
            return fail("which row? give the key: %.*s=VALUE", TEXT_ARGS(call->table.columns[i].name));
        key[k] = set.cells[i];
    }
    if (call->store->ops->change(call->store, &call->table, key, set_edit, &set)) {
        print_done(call, "inserted", set.inserted);
        return EXIT_DONE;
    }
    return set.wrong ? EXIT_WRONG : fail_store(call);
}

/* ── get, del, list ── */

static int key_of(StateCall *call, Cell *key)
{
    int code = describe(call);
    Text texts[WORDS_MAX];
    char error[512];
    for (uint32_t i = 2; i < call->n; i++)
        texts[i - 2] = text_of(call->words[i]);
    if (code == EXIT_DONE && !store_key(&call->table, texts, call->n - 2, key, error, sizeof error)) {
        fail("%s", error);
        code = EXIT_USAGE;
    }
    return code;
}

static int say_missing(const StateCall *call)
{
    return fail("table `%s` has no row with this key", call->words[1]);
}

/* Ends printing. */
static int printed(StateCall *call, int code)
{
    return out_flush(&call->out) && code == EXIT_DONE ? EXIT_UNREACHABLE : code;
}

static int state_get(StateCall *call)
{
    Cell key[TABLE_KEYS_MAX];
    bool found;
    int code = key_of(call, key);
    if (code != EXIT_DONE)
        return code;
    StoreSink sink = {.owner = call, .row = print_row, .rejected = print_rejected};
    if (!call->store->ops->get(call->store, &call->table, key, sink, &found))
        return fail_store(call);
    return found ? printed(call, EXIT_DONE) : say_missing(call);
}

static int state_del(StateCall *call)
{
    Cell key[TABLE_KEYS_MAX];
    bool found;
    int code = key_of(call, key);
    if (code != EXIT_DONE)
        return code;
    if (!call->store->ops->del(call->store, &call->table, key, &found))
        return fail_store(call);
    if (!found)
        return say_missing(call);
    print_done(call, "deleted", true);
    return EXIT_DONE;
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
        return call->store->ops->tables(call->store, print_table, call) ? EXIT_DONE : fail_store(call);
    int code = describe(call);
    if (code != EXIT_DONE)
        return code;
    StoreSink sink = {.owner = call, .row = print_row, .rejected = print_rejected};
    bool good = call->store->ops->rows(call->store, &call->table, sink);
    code = printed(call, EXIT_DONE);
    return good ? code : fail_store(call);
}

/* ── watch ── */

static int stop_pipe[2];

static void on_stop(int signal)
{
    (void)signal;
    ssize_t ignored = write(stop_pipe[1], "", 1);
    (void)ignored;
}

static void news_begin(StateCall *call, const char *change)
{
    out_text(&call->out, "{\"change\":\"");
    out_text(&call->out, change);
    out_text(&call->out, "\",\"table\":");
    out_json_string(&call->out, call->table.name);
}

/* A line is written at once; nobody who reads it ends the watch. */
static void news_end(StateCall *call)
{
    out_text(&call->out, "}\n");
    if (out_flush(&call->out))
        on_stop(0);
}

static void news_ready(void *owner)
{
    const StateCall *call = owner;
    fprintf(stderr, "watching table %.*s\n", TEXT_ARGS(call->table.name));
}

static void news_set(void *owner, const Cell *cells, const uint8_t *states)
{
    StateCall *call = owner;
    news_begin(call, "set");
    out_text(&call->out, ",\"row\":");
    print_columns(&call->out, &call->table, cells, states);
    news_end(call);
}

static void news_deleted(void *owner, const Cell *key)
{
    StateCall *call = owner;
    Cell cells[STORE_COLUMNS_MAX];
    uint8_t states[STORE_COLUMNS_MAX];
    memset(states, STATE_NULL, sizeof states);
    for (uint32_t k = 0; k < call->table.nkeys; k++) {
        cells[call->table.keys[k]] = key[k];
        states[call->table.keys[k]] = STATE_OK;
    }
    news_begin(call, "delete");
    out_text(&call->out, ",\"key\":");
    print_columns(&call->out, &call->table, cells, states);
    news_end(call);
}

static void news_gap(void *owner, Text why)
{
    StateCall *call = owner;
    news_begin(call, "gap");
    out_text(&call->out, ",\"why\":");
    out_json_string(&call->out, why);
    news_end(call);
}

static int state_watch(StateCall *call)
{
    int code = describe(call);
    if (code != EXIT_DONE)
        return code;
    if (pipe(stop_pipe) != 0) {
        fail("no descriptors are left");
        return EXIT_UNREACHABLE;
    }
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    const StoreNews news = {.owner = call, .ready = news_ready, .set = news_set, .deleted = news_deleted, .gap = news_gap};
    return call->store->ops->watch(call->store, &call->table, stop_pipe[0], &news) ? printed(call, EXIT_DONE)
                                                                                  : fail_store(call);
}

/* ── The verb ── */

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
    {"set", 3, WORDS_MAX, true, state_set},
    {"watch", 2, 2, false, state_watch},
};

static const struct Deed *deed_of(const StateCall *call)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].word, call->words[0]) == 0)
            return &deeds[i];
    return NULL;
}

static int run_deed(StateCall *call, const struct Deed *deed)
{
    char error[512];
    const StoreOps *kind = store_kind(call->address, error, sizeof error);
    if (!kind) {
        fail("%s", error);
        return EXIT_USAGE;
    }
    call->store = kind->open(&call->memory, call->address, deed->create, error, sizeof error);
    if (!call->store) {
        fail("%s", error);
        return EXIT_UNREACHABLE;
    }
    return deed->run(call);
}

int cmd_state(int argc, char **argv)
{
    StateCall call = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &call);
    const struct Deed *deed = deed_of(&call);
    if (!deed || call.n < deed->least || call.n > deed->most) {
        fail("%s `%s`; `cep state --help` shows how it is used", deed ? "wrong arguments for" : "there is no",
             call.words[0]);
        return EXIT_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    arena_init(&call.arena, &call.memory);
    out_init(&call.out, &call.memory, STDOUT_FILENO);
    int code = run_deed(&call, deed);
    store_close(call.store);
    if (call.has_network)
        network_free(&call.network);
    out_fini(&call.out);
    arena_fini(&call.arena);
    return code;
}
