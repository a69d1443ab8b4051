/* cep publish: events from a file or standard input to a node. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cmd/remote.h"
#include "cep/cmd/verb.h"
#include "cluster/input.h"
#include "cluster/limits.h"
#include "cluster/publisher.h"
#include "cluster/rejections.h"

enum { OPTION_KEEP = 0x6000, OPTION_BATCH, OPTION_WINDOW, BATCH_MAX = 1024, WINDOW_MAX = 64, TURN_MS = 50 };

typedef struct Publish {
    PublisherOptions options;
    const char *file;
    bool keep_open, quiet, json;
    Publisher *publisher;
    Memory memory;
    uint64_t shown; /* rejections */
    uint64_t too_long;
    const char *source;
} Publish;

static const struct argp_option options[] = {
    {"to", 't', "URL", 0, "control address of a node (" REMOTE_URL ", or CEP_NODE)", 0},
    {"producer", 'P', "NAME", 0, "who sends: a producer of the rules, or any name", 0},
    {"keep-open", OPTION_KEEP, 0, 0, "do not say at the end that no more will come", 0},
    {"batch", OPTION_BATCH, "N", 0, "lines of a frame, 1 to 1024 (256)", 0},
    {"window", OPTION_WINDOW, "N", 0, "frames under way, 1 to 64 (16)", 0},
    {"quiet", 'q', 0, 0, "say nothing of rejections and counts", 0},
    VERB_JSON_OPTION,
    {0},
};

static uint32_t number(const char *value, uint32_t most, const char *what, struct argp_state *state)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    if (*end || n < 1 || n > most)
        argp_error(state, "%s is a number from 1 to %u, not `%s`", what, most, value);
    return (uint32_t)n;
}

static error_t option(int key, char *value, struct argp_state *state)
{
    Publish *call = state->input;
    switch (key) {
    case 't':
        call->options.url = value;
        return 0;
    case 'P':
        call->options.producer = value;
        return 0;
    case OPTION_KEEP:
        call->keep_open = true;
        return 0;
    case OPTION_BATCH:
        call->options.batch = number(value, BATCH_MAX, "--batch", state);
        return 0;
    case OPTION_WINDOW:
        call->options.window = number(value, WINDOW_MAX, "--window", state);
        return 0;
    case 'q':
        call->quiet = true;
        return 0;
    case VERB_JSON:
        call->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (call->file)
            argp_error(state, "one file at a time");
        if (call->options.network)
            call->file = value;
        else
            call->options.network = value;
        return 0;
    case ARGP_KEY_END:
        if (!call->options.network)
            argp_error(state, "no network is given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "NETWORK [FILE]",
    "Send events, lines of JSON from a file or standard input, to a network in service.\v"
    "Each frame is acknowledged; a node that is busy is asked again. At the end the node is told that no more will come, so "
    "that this producer holds nothing back. Exit code 1 when the node refuses, or no line was usable; 2 when the file cannot "
    "be read, 3 when no node answers, 4 after SIGINT or SIGTERM.",
    NULL, NULL, NULL,
};

static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void on_rejected(void *owner, uint64_t line, const char *reason, const char *detail)
{
    Publish *call = owner;
    (void)reason;
    uint64_t before = publisher_last(call->publisher);
    if (!call->quiet && call->shown++ < (uint64_t)limit_default(LIMIT_REASON_EXAMPLES))
        fprintf(stderr, "%s:%llu: rejected: %s\n", call->source, (unsigned long long)(line - before), detail);
}

static PublisherState turn(Publish *call, uint32_t wait_ms)
{
    return publisher_turn(call->publisher, wait_ms);
}

static PublisherState wait_open(Publish *call)
{
    PublisherState state = PUBLISHER_OPENING;
    while (state == PUBLISHER_OPENING && !stopped)
        state = turn(call, TURN_MS);
    return state;
}

/* Until the window has room. */
static PublisherState make_room(Publish *call)
{
    PublisherState state = PUBLISHER_OPEN;
    while (state == PUBLISHER_OPEN && !publisher_has_room(call->publisher) && !stopped)
        state = turn(call, TURN_MS);
    return state;
}

/* The whole lines that the input has. */
static PublisherState send_lines(Publish *call, Input *input, bool *ended)
{
    PublisherState state = PUBLISHER_OPEN;
    uint64_t last = publisher_last(call->publisher);
    while (state == PUBLISHER_OPEN && !stopped) {
        Text line;
        InputGot got = input_line(input, &line);
        if (got == INPUT_END)
            *ended = true;
        if (got == INPUT_END || got == INPUT_MORE)
            break;
        state = make_room(call);
        if (state != PUBLISHER_OPEN || stopped)
            break;
        if (got == INPUT_TOO_LONG || !publisher_line(call->publisher, line, last + input_line_number(input))) {
            call->too_long++;
            if (!call->quiet)
                fprintf(stderr, "%s:%llu: rejected: %s\n", call->source, (unsigned long long)input_line_number(input),
                        limit_message(LIMIT_LINE_BYTES));
        }
    }
    return state;
}

/* Waits for input, taking answers meanwhile. */
static PublisherState await_input(Publish *call, const Input *input)
{
    PublisherState state = PUBLISHER_OPEN;
    struct pollfd polled[] = {
        {.fd = input_descriptor(input), .events = POLLIN},
        {.fd = publisher_descriptor(call->publisher), .events = POLLIN},
    };
    while (polled[0].fd >= 0 && state == PUBLISHER_OPEN && !stopped) {
        if (poll(polled, 1, 0) > 0)
            break;
        publisher_flush(call->publisher);
        poll(polled, 2, TURN_MS);
        state = turn(call, 0);
    }
    return state;
}

static PublisherState send_all(Publish *call, Input *input)
{
    PublisherState state = PUBLISHER_OPEN;
    bool ended = false;
    while (!ended && state == PUBLISHER_OPEN && !stopped) {
        state = await_input(call, input);
        if (state != PUBLISHER_OPEN || stopped)
            break;
        int error = input_fill(input);
        if (error == EINTR || error == EAGAIN)
            continue;
        if (error) {
            fprintf(stderr, "cep publish: cannot read %s: %s\n", call->source, strerror(error));
            break;
        }
        state = send_lines(call, input, &ended);
    }
    while (state == PUBLISHER_OPEN && publisher_open(call->publisher)) {
        publisher_flush(call->publisher);
        state = turn(call, TURN_MS);
    }
    if (state == PUBLISHER_OPEN && !call->keep_open && !stopped)
        publisher_end(call->publisher);
    while (state == PUBLISHER_OPEN && publisher_open(call->publisher))
        state = turn(call, TURN_MS);
    return state;
}

static void print_summary(const Publish *call, FILE *out)
{
    PublisherStats stats = publisher_stats(call->publisher);
    const char *reason;
    json_t *count;
    uint64_t rejected = stats.rejected + call->too_long, taken = stats.rows - stats.rejected;
    bool first = true;
    count_print(taken, out);
    fprintf(out, taken == 1 ? " event, " : " events, ");
    count_print(rejected, out);
    fprintf(out, " rejected");
    json_object_foreach(stats.reasons, reason, count) {
        fprintf(out, first ? " (" : ", ");
        count_print((uint64_t)json_integer_value(count), out);
        fprintf(out, " %s", reason);
        first = false;
    }
    if (call->too_long) {
        fprintf(out, first ? " (" : ", ");
        count_print(call->too_long, out);
        fprintf(out, " line too long");
        first = false;
    }
    if (!first)
        fputc(')', out);
    if (stats.duplicates) {
        fprintf(out, ", ");
        count_print(stats.duplicates, out);
        fprintf(out, " sent before");
    }
    fputc('\n', out);
}

static void print_json(const Publish *call)
{
    PublisherStats stats = publisher_stats(call->publisher);
    json_t *json = json_pack("{s:I,s:O,s:I,s:I,s:I,s:I}", "events", (json_int_t)(stats.rows - stats.rejected), "rejected",
                             stats.reasons, "line_too_long", (json_int_t)call->too_long, "duplicates",
                             (json_int_t)stats.duplicates, "frames", (json_int_t)stats.frames, "busy",
                             (json_int_t)stats.busy);
    json_dumpf(json, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(json);
}

static int verdict(Publish *call, PublisherState state)
{
    if (state == PUBLISHER_GONE || state == PUBLISHER_OPENING)
        fprintf(stderr, "cep publish: no node answers at %s\n", call->options.url);
    if (state == PUBLISHER_REFUSED)
        fprintf(stderr, "cep publish: %s\n", publisher_error(call->publisher));
    if (state == PUBLISHER_OPEN && !call->quiet)
        print_summary(call, stderr);
    if (call->json)
        print_json(call);
    if (stopped)
        return EXIT_INTERRUPTED;
    if (state != PUBLISHER_OPEN)
        return state == PUBLISHER_REFUSED ? EXIT_WRONG : EXIT_UNREACHABLE;
    PublisherStats stats = publisher_stats(call->publisher);
    bool usable = stats.rows > stats.rejected || stats.rejected + call->too_long == 0;
    return usable ? EXIT_DONE : EXIT_WRONG;
}

static int publish(Publish *call, Input *input)
{
    char error[NET_ERROR_ROOM];
    PublisherSink sink = {.owner = call, .rejected = on_rejected};
    call->publisher = publisher_new(&call->memory, call->options, sink, error);
    if (!call->publisher) {
        fprintf(stderr, "cep publish: %s\n", error);
        return EXIT_USAGE;
    }
    PublisherState state = wait_open(call);
    if (state == PUBLISHER_OPEN)
        state = send_all(call, input);
    int code = verdict(call, state);
    fflush(stdout);
    if (!publisher_free(call->publisher))
        _exit(code);
    return code;
}

int cmd_publish(int argc, char **argv)
{
    Publish call = {.options.producer = ""};
    argp_parse(&argp, argc, argv, 0, NULL, &call);
    const char *set = getenv("CEP_NODE");
    if (!call.options.url)
        call.options.url = set && *set ? set : REMOTE_URL;
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    char error[512];
    Input *input = input_open(&call.memory, text_of(call.file ? call.file : "-"), error, sizeof error);
    if (!input) {
        fprintf(stderr, "cep publish: %s\n", error);
        return EXIT_USAGE;
    }
    Text name = input_name(input);
    char source[1024];
    snprintf(source, sizeof source, "%.*s", TEXT_ARGS(name));
    call.source = source;
    int code = publish(&call, input);
    input_close(input);
    return code;
}
