/* cep replay: rules over recorded events: what each rule would have said, and what another version says instead. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cmd/backtest.h"
#include "cep/cmd/network.h"
#include "cep/cmd/run.h"
#include "cep/cmd/verb.h"
#include "cep/zone.h"
#include "cluster/limits.h"
#include "cluster/store.h"

enum { OPTION_SPEED = 0x2000, OPTION_FROM, OPTION_TO, OPTION_COMPARE, OPTION_CLOSE };

typedef struct Replay {
    SoloOptions solo;
    char **inputs;
    Params params;
    bool json;
    char *other;
    char **files;
    size_t nfiles;
} Replay;

static const struct argp_option options[] = {
    {"in", 'i', "[PRODUCER=]URI", 0, "read events from file:PATH, a path, or stdin: (-); may be given again", 0},
    {"state", 's', "STORE", 0, "read tables from a data directory, or from redis://HOST or redis+unix:SOCKET, too", 0},
    {"param", 'p', "NAME=VALUE", 0, "the value of a `param`, written as in rules", 0},
    {"speed", OPTION_SPEED, "max|Nx", 0, "N times as fast as the events came; max, the default, does not wait", 0},
    {"from", OPTION_FROM, "TIME", 0, "pass over events before this time, 2026-03-01T00:00:00Z", 0},
    {"to", OPTION_TO, "TIME", 0, "pass over events from this time on", 0},
    {"compare", OPTION_COMPARE, "FILE", 0, "show which alerts these rules give instead", 0},
    {"close-at-end", OPTION_CLOSE, 0, 0, "close open windows at the end of the input", 0},
    VERB_JSON_OPTION,
    {0},
};

static double speed_of(const char *value, struct argp_state *state)
{
    char *end;
    if (strcmp(value, "max") == 0)
        return 0;
    double speed = strtod(value, &end);
    if (end == value || strcmp(end, "x") != 0 || !(speed > 0 && speed <= 1e12))
        argp_error(state, "--speed is max, or a number above 0 and x, as 60x, not `%s`", value);
    return speed;
}

static int64_t time_of(const char *name, const char *value, struct argp_state *state)
{
    int64_t time = 0;
    if (!time_parse(text_of(value), NULL, true, &time))
        argp_error(state, "--%s is a time as 2026-03-01T09:00:00Z, not `%s`", name, value);
    return time;
}

static void add_input(Replay *replay, char *uri, const struct argp_state *state)
{
    if (!replay->inputs && !(replay->inputs = calloc((size_t)state->argc, sizeof *replay->inputs)))
        abort();
    replay->inputs[replay->solo.ninputs++] = uri;
    replay->solo.inputs = replay->inputs;
}

static void check(const Replay *replay, struct argp_state *state)
{
    if (!replay->nfiles)
        argp_error(state, "no rule file is given");
    if (replay->solo.from >= replay->solo.to)
        argp_error(state, "--from is not before --to");
    char error[512];
    if (replay->solo.state && !store_kind(replay->solo.state, error, sizeof error))
        argp_error(state, "%s", error);
    for (uint32_t i = 0; replay->other && i < replay->solo.ninputs; i++)
        if (strcmp(replay->inputs[i], "-") == 0 || strcmp(replay->inputs[i], "stdin:") == 0)
            argp_error(state, "--compare reads the events twice: give --in a file");
}

static error_t option(int key, char *value, struct argp_state *state)
{
    Replay *replay = state->input;
    switch (key) {
    case 'i':
        add_input(replay, value, state);
        return 0;
    case 's':
        replay->solo.state = value;
        return 0;
    case 'p':
        if (!params_add(&replay->params, value))
            argp_error(state, "--param is NAME=VALUE, not `%s`", value);
        return 0;
    case OPTION_SPEED:
        replay->solo.speed = speed_of(value, state);
        return 0;
    case OPTION_FROM:
        replay->solo.from = time_of("from", value, state);
        return 0;
    case OPTION_TO:
        replay->solo.to = time_of("to", value, state);
        return 0;
    case OPTION_COMPARE:
        replay->other = value;
        return 0;
    case OPTION_CLOSE:
        replay->solo.close_at_end = true;
        return 0;
    case VERB_JSON:
        replay->json = true;
        return 0;
    case ARGP_KEY_ARGS:
        replay->files = state->argv + state->next;
        replay->nfiles = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        check(replay, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "FILE…",
    "Run rule files over recorded events, and print for each rule how many alerts it would have given.\v"
    "With --compare the rules of another file run over the same events; printed are the alerts that vanish (-) and "
    "appear (+), and the exit code is 0 when there are none, else 1. Otherwise exit codes are those of cep run.",
    NULL, NULL, NULL,
};

/* ── The progress bar ── */

typedef struct Bar {
    bool terminal; /* standard error is one */
    bool drawn;
    int percent;
} Bar;

static void bar_clear(Bar *bar)
{
    if (bar->drawn)
        fputs("\r\033[K", stderr);
    bar->drawn = false;
    bar->percent = -1;
}

static void bar_draw(Bar *bar, uint64_t bytes, uint64_t of)
{
    enum { WIDTH = 40 };
    static const char full[] = "########################################";
    int percent = of ? (int)((double)bytes / (double)of * 100) : 0;
    if (!bar->terminal || !of || percent == bar->percent)
        return;
    percent = percent > 100 ? 100 : percent;
    fprintf(stderr, "\r\033[K[%-*.*s] %3d %%", WIDTH, percent * WIDTH / 100, full, percent);
    fflush(stderr);
    bar->drawn = true;
    bar->percent = percent;
}

/* ── One version ── */

typedef struct Version {
    Network network;
    Backtest test;
    Bar bar;
} Version;

static void on_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    backtest_event(&((Version *)owner)->test, type, rows, row);
}

static void on_ran(void *owner, const Engine *engine)
{
    backtest_ran(&((Version *)owner)->test, engine);
}

static void on_progress(void *owner, uint64_t bytes, uint64_t of)
{
    bar_draw(&((Version *)owner)->bar, bytes, of);
}

static void on_interrupt(void *owner)
{
    bar_clear(&((Version *)owner)->bar);
}

static void on_ended(void *owner, const SoloStats *stats)
{
    backtest_ended(&((Version *)owner)->test, stats);
}

static int version_read(Version *version, const Replay *replay, char **files, size_t n)
{
    int code = network_read(&version->network, files, n);
    if (code == EXIT_DONE)
        code = network_compile(&version->network, replay->params.items, replay->params.n);
    network_report(&version->network, stderr);
    return code;
}

static int version_run(Version *version, const Replay *replay)
{
    SoloWatch watch = {
        .owner = version,
        .event = on_event,
        .ran = on_ran,
        .progress = on_progress,
        .interrupt = on_interrupt,
        .ended = on_ended,
    };
    SoloOptions solo = replay->solo;
    solo.watch = &watch;
    version->bar = (Bar){.terminal = isatty(STDERR_FILENO), .percent = -1};
    backtest_init(&version->test, version->network.plan, &version->network.memory, replay->other);
    int code = run_code(solo_run(version->network.plan, &version->network.memory, solo));
    if (version->test.keys.full)
        fprintf(stderr, "cep: the keys of alerts are more than can be counted; further ones are left out\n");
    return code;
}

static bool has_ended(int code)
{
    return code == EXIT_DONE || code == EXIT_INTERRUPTED;
}

/* ── What is printed ── */

static void print_one(const Replay *replay, const Backtest *test)
{
    if (!replay->json) {
        backtest_print(test, stdout);
        return;
    }
    Json json = json_to(stdout);
    json_open(&json, NULL, '{');
    backtest_json(test, &json);
    json_close(&json, '}');
}

static void print_both(const Replay *replay, Comparison comparison, const Backtest *before, const Backtest *after)
{
    if (!replay->json) {
        printf("%s\n", replay->files[0]);
        backtest_print(before, stdout);
        printf("\n%s\n", replay->other);
        backtest_print(after, stdout);
        printf("\n");
        comparison_print(comparison, before, after, stdout);
        return;
    }
    Json json = json_to(stdout);
    json_open(&json, NULL, '{');
    json_open(&json, "before", '{');
    backtest_json(before, &json);
    json_close(&json, '}');
    json_open(&json, "after", '{');
    backtest_json(after, &json);
    json_close(&json, '}');
    comparison_json(comparison, before, after, &json);
    json_close(&json, '}');
}

static int compare(const Replay *replay, const Backtest *before, const Backtest *after)
{
    if (before->stats.lines != after->stats.lines) {
        fprintf(stderr, "cep: the input was not the same at its second reading; --compare needs a file that can be read twice\n");
        return EXIT_USAGE;
    }
    if (before->contents.full || after->contents.full) {
        fprintf(stderr, "cep: %s\n", limit_message(LIMIT_REPLAY_BYTES));
        return EXIT_USAGE;
    }
    Comparison comparison = backtest_compare(before, after);
    print_both(replay, comparison, before, after);
    return comparison.vanish || comparison.appear ? EXIT_WRONG : EXIT_DONE;
}

static int replay_run(const Replay *replay, Version *version)
{
    int code = version_run(version, replay);
    if (has_ended(code) && !replay->other)
        print_one(replay, &version->test);
    return code;
}

/* The events again, through the other rules. */
static int replay_compare(const Replay *replay, const Version *before)
{
    Version *after = calloc(1, sizeof *after);
    if (!after)
        abort();
    int code = version_read(after, replay, (char *[]){replay->other}, 1);
    if (code == EXIT_DONE) {
        code = version_run(after, replay);
        if (code == EXIT_DONE)
            code = compare(replay, &before->test, &after->test);
        backtest_fini(&after->test);
    }
    network_free(&after->network);
    free(after);
    return code;
}

int cmd_replay(int argc, char **argv)
{
    Replay replay = {.solo = {.state_wait = -1, .from = INT64_MIN, .to = INT64_MAX}};
    argp_parse(&argp, argc, argv, 0, NULL, &replay);

    Version version = {0};
    int code = version_read(&version, &replay, replay.files, replay.nfiles);
    if (code == EXIT_DONE) {
        code = replay_run(&replay, &version);
        if (code == EXIT_DONE && replay.other)
            code = replay_compare(&replay, &version);
        backtest_fini(&version.test);
    }
    network_free(&version.network);
    params_free(&replay.params);
    free(replay.inputs);
    return code;
}
