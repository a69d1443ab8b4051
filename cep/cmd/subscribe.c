/* cep subscribe: alerts of a cluster as JSON lines on standard output. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cmd/remote.h"
#include "cep/cmd/verb.h"
#include "cluster/subscriber.h"

enum { OPTION_SEQ = 0x6000, OPTION_REPLAY, OPTION_COUNT, OPTION_UNTIL_END, OPTION_WAIT, URLS_MAX = 64, TURN_MS = 50 };

typedef struct Subscribe {
    SubscriberOptions options;
    const char *urls[URLS_MAX];
    uint64_t count, printed; /* count 0 = no end */
    bool until_end, quiet, failed;
    unsigned wait_seconds;
} Subscribe;

static const struct argp_option options[] = {
    {"from", 'f', "URL", 0, "control address of a node (" REMOTE_URL ", or CEP_NODE); may be given again", 0},
    {"replay", OPTION_REPLAY, 0, 0, "begin with the oldest alerts that the nodes still have", 0},
    {"from-seq", OPTION_SEQ, "N", 0, "begin with frame N of each channel", 0},
    {"count", OPTION_COUNT, "N", 0, "end after N lines", 0},
    {"until-end", OPTION_UNTIL_END, 0, 0, "end when all producers have ended and everything came", 0},
    {"wait", OPTION_WAIT, "SECONDS", 0, "how long to wait for a node that does not answer (5)", 0},
    {"quiet", 'q', 0, 0, "say nothing of gaps and nodes", 0},
    {0},
};

static uint64_t number(const char *value, const char *what, struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 10);
    if (!*value || *end || errno || n < 1 || *value == '-')
        argp_error(state, "%s is a number from 1, not `%s`", what, value);
    return n;
}

static error_t option(int key, char *value, struct argp_state *state)
{
    Subscribe *call = state->input;
    switch (key) {
    case 'f':
        if (call->options.nurls == URLS_MAX)
            argp_error(state, "more than %d nodes", URLS_MAX);
        call->urls[call->options.nurls++] = value;
        return 0;
    case OPTION_REPLAY:
        call->options.start = SUBSCRIBER_FIRST;
        return 0;
    case OPTION_SEQ:
        call->options.start = SUBSCRIBER_FROM;
        call->options.sequence = number(value, "--from-seq", state);
        return 0;
    case OPTION_COUNT:
        call->count = number(value, "--count", state);
        return 0;
    case OPTION_UNTIL_END:
        call->until_end = true;
        return 0;
    case OPTION_WAIT:
        call->wait_seconds = (unsigned)number(value, "--wait", state);
        return 0;
    case 'q':
        call->quiet = true;
        return 0;
    case ARGP_KEY_ARGS:
        call->options.topics = (const char *const *)state->argv + state->next;
        call->options.ntopics = (uint32_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no topic is given, such as atm.ManyWithdrawals or 'atm.*'");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, "TOPIC…",
    "Print alerts as they come, as the lines that `cep run` prints.\v"
    "A topic is NETWORK.ALERT and may have * and ?; NETWORK.errors are the rejections of a network. One node is enough: "
    "the others of a network are found, and what several nodes publish comes out in one order. What was missed on the way "
    "is had again; what cannot be is reported. Exit code 3 when no node answers, 4 after SIGINT or SIGTERM.",
    NULL, NULL, NULL,
};

static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static bool print_line(void *owner, Text topic, Text line)
{
    Subscribe *call = owner;
    (void)topic;
    call->failed |= fwrite(line.p, 1, line.len, stdout) != line.len;
    call->printed++;
    return !call->failed && (call->count == 0 || call->printed < call->count);
}

static void print_gap(void *owner, Text topic, Text node, uint64_t first, uint64_t last)
{
    const Subscribe *call = owner;
    if (!call->quiet)
        fprintf(stderr, "cep subscribe: gap: frames %llu to %llu of %.*s from node %.*s are no longer there\n",
                (unsigned long long)first, (unsigned long long)last, TEXT_ARGS(topic), TEXT_ARGS(node));
}

static void print_sentence(void *owner, const char *sentence)
{
    const Subscribe *call = owner;
    if (!call->quiet)
        fprintf(stderr, "cep subscribe: %s\n", sentence);
}

static int run(Subscribe *call, Subscriber *subscriber)
{
    bool more = true;
    unsigned turns = call->wait_seconds * 1000 / TURN_MS;
    while (more && !stopped && !call->failed) {
        more = subscriber_turn(subscriber, TURN_MS);
        call->failed |= fflush(stdout) != 0;
        if (call->until_end && subscriber_ended(subscriber))
            return EXIT_DONE;
        if (!subscriber_reached(subscriber) && turns-- == 0) {
            fprintf(stderr, "cep subscribe: no node answers at %s\n", call->urls[0]);
            return EXIT_UNREACHABLE;
        }
    }
    return call->failed ? EXIT_UNREACHABLE : stopped ? EXIT_INTERRUPTED : EXIT_DONE;
}

int cmd_subscribe(int argc, char **argv)
{
    Subscribe call = {.wait_seconds = 5};
    argp_parse(&argp, argc, argv, 0, NULL, &call);
    const char *set = getenv("CEP_NODE");
    call.options.urls = call.urls;
    if (call.options.nurls == 0)
        call.urls[call.options.nurls++] = set && *set ? set : REMOTE_URL;
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    Memory memory = {0};
    char error[NET_ERROR_ROOM];
    SubscriberSink sink = {.owner = &call, .line = print_line, .gap = print_gap, .say = print_sentence};
    Subscriber *subscriber = subscriber_new(&memory, call.options, sink, error);
    if (!subscriber) {
        fprintf(stderr, "cep subscribe: %s\n", error);
        return EXIT_USAGE;
    }
    int code = run(&call, subscriber);
    fflush(stdout);
    if (!subscriber_free(subscriber))
        _exit(code);
    return code;
}
