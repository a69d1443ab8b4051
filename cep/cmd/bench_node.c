/* cep bench node: events per second through one node, and how long an alert takes at half of that.
 *
 *   this process: producer ──TCP──► node, a process of its own ──TCP──► this process: subscriber
 *
 * Latency is counted from the moment at which a frame was due, not from when it could be sent: the schedule does not
 * wait for the node, so a pause of the node counts for every frame that was due in it. The node is started before
 * this process uses the network: its library does not survive a fork. */
#include "cep/cmd/bench_node.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cep/cmd/network.h"
#include "cep/cmd/remote.h"
#include "cep/cmd/verb.h"
#include "cluster/bundle.h"
#include "cluster/publisher.h"
#include "cluster/subscriber.h"

enum { OPTION_EVENTS = 0x7000, OPTION_SECONDS, OPTION_ROWS, ROWS = 128, WINDOW = 32, DRAIN_SECONDS = 30 };

static const char rules[] =
    "network bench\n"
    "event Trade as \"trade\" { n : int  symbol : string  price : float  volume : int  at : time in ms  time at }\n"
    "alert Big { n : int }\n"
    "agent big { on Trade t where t.price > 99.0  derive Big { n: t.n } }\n";

typedef struct NodeBench {
    uint64_t events;
    unsigned seconds, rows;
    pid_t child;
    char control[NET_URL_ROOM];
    Memory memory;
    Network network;
    Publisher *publisher;
    Subscriber *subscriber;
    Rows trades;
    uint64_t alerts, number; /* number of the last event sent */
    int64_t *due, *latency;  /* of the frames of the second part; latency 0 = no alert yet */
    uint64_t frames;
    bool ended;
} NodeBench;

static const struct argp_option options[] = {
    {"events", OPTION_EVENTS, "N", 0, "events of the first part (2000000)", 0},
    {"seconds", OPTION_SECONDS, "N", 0, "length of the second part (5)", 0},
    {"rows", OPTION_ROWS, "N", 0, "events of a frame, 1 to 1024 (128)", 0},
    {0},
};

static error_t option(int key, char *value, struct argp_state *state)
{
    NodeBench *bench = state->input;
    char *end = NULL;
    unsigned long n = value ? strtoul(value, &end, 10) : 0;
    if (end && (*end || n < 1))
        argp_error(state, "`%s` is no number from 1", value);
    switch (key) {
    case OPTION_EVENTS:
        bench->events = n;
        return 0;
    case OPTION_SECONDS:
        bench->seconds = (unsigned)n;
        return 0;
    case OPTION_ROWS:
        if (n > BATCH_ROWS)
            argp_error(state, "--rows is a number from 1 to %d", BATCH_ROWS);
        bench->rows = (unsigned)n;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options, option, NULL,
    "Measure one node without a log: events per second from a producer over TCP to a subscriber, and the time from an event "
    "to its alert at half of that rate.",
    NULL, NULL, NULL,
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ── The node ── */

static bool start_node(NodeBench *bench)
{
    int ready[2];
    if (pipe(ready) != 0)
        return false;
    bench->child = fork();
    if (bench->child == 0) {
        dup2(ready[1], STDOUT_FILENO);
        close(ready[0]);
        close(ready[1]);
        freopen("/dev/null", "w", stderr);
        execl("/proc/self/exe", "cep", "node", "--control", "tcp://127.0.0.1:0", "--data", "tcp://127.0.0.1:0", (char *)NULL);
        _exit(EXIT_UNREACHABLE);
    }
    close(ready[1]);
    FILE *line = fdopen(ready[0], "r");
    bool good = bench->child > 0 && line && fscanf(line, "node node is ready: control %255s", bench->control) == 1;
    if (line)
        fclose(line);
    return good;
}

static int deploy(NodeBench *bench)
{
    Remote remote;
    if (!remote_open(&remote, "cep bench", bench->control))
        return EXIT_USAGE;
    Bundle *bundle = bundle_new("");
    bundle_add(bundle, TEXT("bench.cep"), text_of(rules));
    json_t *answer = remote_ask(&remote, json_pack("{s:s,s:O}", "do", "deploy", "bundle", bundle->json), REMOTE_MS);
    int code = remote_code(&remote, answer);
    json_decref(answer);
    bundle_free(bundle);
    return remote_close(&remote, code);
}

/* ── Both ends ── */

static bool on_line(void *owner, Text topic, Text line)
{
    NodeBench *bench = owner;
    static const char mark[] = "\"data\":{\"n\":";
    (void)topic;
    bench->alerts++;
    const char *at = bench->latency ? memmem(line.p, line.len, mark, sizeof mark - 1) : NULL;
    uint64_t frame = at ? strtoull(at + sizeof mark - 1, NULL, 10) : UINT64_MAX;
    if (frame < bench->frames)
        bench->latency[frame] = now_ns() - bench->due[frame];
    return true;
}

static void on_gap(void *owner, Text topic, Text node, uint64_t first, uint64_t last)
{
    (void)owner;
    (void)topic;
    (void)node;
    fprintf(stderr, "cep bench: alerts are lost: frames %llu to %llu\n", (unsigned long long)first, (unsigned long long)last);
}

static void on_say(void *owner, const char *sentence)
{
    (void)owner;
    (void)sentence;
}

static void on_rejected(void *owner, uint64_t number, const char *reason, const char *detail)
{
    (void)owner;
    fprintf(stderr, "cep bench: event %llu: %s: %s\n", (unsigned long long)number, reason, detail);
}

static bool open_ends(NodeBench *bench)
{
    static const char *const topics[] = {"bench.Big"};
    static const char *urls[1];
    char error[NET_ERROR_ROOM];
    urls[0] = bench->control;
    bench->subscriber = subscriber_new(&bench->memory,
                                       (SubscriberOptions){.topics = topics, .ntopics = 1, .urls = urls, .nurls = 1},
                                       (SubscriberSink){bench, on_line, on_gap, on_say}, error);
    bench->publisher = publisher_new(&bench->memory,
                                     (PublisherOptions){
                                         .url = bench->control,
                                         .network = "bench",
                                         .producer = "",
                                         .batch = bench->rows,
                                         .window = WINDOW,
                                         .plan = bench->network.plan,
                                     },
                                     (PublisherSink){bench, on_rejected}, error);
    if (!bench->subscriber || !bench->publisher)
        return false;
    int64_t until = now_ns() + REMOTE_MS * INT64_C(1000000);
    PublisherState state = PUBLISHER_OPENING;
    while (now_ns() < until && (state == PUBLISHER_OPENING || subscriber_stats(bench->subscriber).streams == 0)) {
        state = publisher_turn(bench->publisher, 10);
        subscriber_turn(bench->subscriber, 10);
    }
    return state == PUBLISHER_OPEN && subscriber_stats(bench->subscriber).streams > 0;
}

/* A frame of trades; the last of them is a big one, and names the frame. */
static void send_frame(NodeBench *bench, int64_t frame)
{
    static const char *const symbols[] = {"INTC", "RIMM", "QQQ", "IPIX", "AMAT", "CSCO", "YHOO", "DELL"};
    for (uint32_t i = 0; i < bench->rows; i++) {
        Rows *rows = &bench->trades;
        rows_clear(rows);
        uint32_t row = rows_add(rows, &bench->memory);
        uint64_t number = ++bench->number;
        bool big = i + 1 == bench->rows;
        rows_set(rows, row, 0, (Cell){.i = frame});
        rows_set(rows, row, 1, (Cell){.s = text_of(symbols[number % 8])});
        rows_set(rows, row, 2, (Cell){.f = big ? 99.5 : (double)(number % 99)});
        rows_set(rows, row, 3, (Cell){.i = (int64_t)(number % 1000)});
        rows_set(rows, row, 4, (Cell){.i = (int64_t)number * 1000000});
        publisher_row(bench->publisher, rows, row, publisher_last(bench->publisher) + number);
    }
    publisher_flush(bench->publisher);
}

static void turn(NodeBench *bench)
{
    publisher_turn(bench->publisher, 0);
    subscriber_turn(bench->subscriber, 0);
}

/* Waits for either end, at most until a moment. */
static void await(NodeBench *bench, int64_t until)
{
    int64_t left = until - now_ns();
    struct pollfd polled[] = {
        {.fd = publisher_descriptor(bench->publisher), .events = POLLIN},
        {.fd = subscriber_descriptor(bench->subscriber), .events = POLLIN},
    };
    if (left > 0)
        ppoll(polled, 2, &(struct timespec){left / 1000000000, left % 1000000000}, NULL);
}

/* Until every alert has come. */
static bool drain(NodeBench *bench, uint64_t alerts)
{
    int64_t until = now_ns() + DRAIN_SECONDS * INT64_C(1000000000);
    while (bench->alerts < alerts && now_ns() < until) {
        await(bench, now_ns() + 1000000);
        turn(bench);
    }
    return bench->alerts == alerts;
}

/* ── Measuring ── */

static double measure_rate(NodeBench *bench)
{
    uint64_t frames = bench->events / bench->rows + 1;
    int64_t start = now_ns();
    for (uint64_t i = 0; i < frames; i++) {
        while (!publisher_has_room(bench->publisher)) {
            await(bench, now_ns() + 1000000);
            turn(bench);
        }
        send_frame(bench, -1);
        turn(bench);
    }
    if (!drain(bench, frames))
        return 0;
    return (double)(frames * bench->rows) / ((double)(now_ns() - start) / 1e9);
}

static bool measure_latency(NodeBench *bench, double rate)
{
    int64_t interval = (int64_t)((double)bench->rows / rate * 1e9);
    bench->frames = (uint64_t)(bench->seconds * INT64_C(1000000000) / interval) + 1;
    bench->due = calloc(bench->frames, sizeof *bench->due);
    bench->latency = calloc(bench->frames, sizeof *bench->latency);
    if (!bench->due || !bench->latency)
        abort();
    int64_t start = now_ns();
    uint64_t before = bench->alerts;
    for (uint64_t i = 0; i < bench->frames; i++) {
        bench->due[i] = start + (int64_t)i * interval;
        while (now_ns() < bench->due[i] || !publisher_has_room(bench->publisher)) {
            await(bench, now_ns() < bench->due[i] ? bench->due[i] : now_ns() + 1000000);
            turn(bench);
        }
        send_frame(bench, (int64_t)i);
    }
    return drain(bench, before + bench->frames);
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double at(const NodeBench *bench, double part)
{
    uint64_t i = (uint64_t)(part * (double)(bench->frames - 1));
    return (double)bench->latency[i] / 1e6;
}

static int measure(NodeBench *bench)
{
    double rate = measure_rate(bench);
    if (rate == 0)
        return EXIT_WRONG;
    printf("%-44s %12s %12s\n", "one node, no log, over TCP", "measured", "goal");
    printf("%-44s %12.0f %12s\n", "events/s, producer to subscriber", rate, "1500000");
    fflush(stdout);
    if (!measure_latency(bench, rate / 2))
        return EXIT_WRONG;
    qsort(bench->latency, bench->frames, sizeof *bench->latency, compare);
    printf("event to alert at %.0f events/s, ms\n", rate / 2);
    printf("%-44s %12.3f %12s\n", "  p50", at(bench, 0.5), "");
    printf("%-44s %12.3f %12s\n", "  p99", at(bench, 0.99), "< 1");
    printf("%-44s %12.3f %12s\n", "  p99.9", at(bench, 0.999), "");
    printf("%-44s %12.3f %12s\n", "  max", at(bench, 1), "");
    return EXIT_DONE;
}

static int run(NodeBench *bench)
{
    int code = network_read_texts(&bench->network, &(Source){.path = TEXT("bench.cep"), .text = TEXT(rules)}, 1);
    if (code == EXIT_DONE)
        code = network_compile(&bench->network, NULL, 0);
    if (code == EXIT_DONE)
        code = deploy(bench);
    if (code != EXIT_DONE)
        return code;
    TypeKind columns[] = {TYPE_INT, TYPE_STRING, TYPE_FLOAT, TYPE_INT, TYPE_TIME};
    rows_init(&bench->trades, &bench->memory, plan_type(bench->network.plan, TEXT("Trade")), columns, 5);
    code = open_ends(bench) ? measure(bench) : EXIT_UNREACHABLE;
    if (code != EXIT_DONE)
        fprintf(stderr, "cep bench: the node did not do what it should\n");
    rows_fini(&bench->trades, &bench->memory);
    free(bench->due);
    free(bench->latency);
    bool stopped = (!bench->publisher || publisher_free(bench->publisher)) &
                   (!bench->subscriber || subscriber_free(bench->subscriber));
    network_free(&bench->network);
    fflush(stdout);
    if (!stopped) {
        kill(bench->child, SIGTERM);
        _exit(code);
    }
    return code;
}

int bench_node(int argc, char **argv)
{
    NodeBench bench = {.events = 2000000, .seconds = 5, .rows = ROWS};
    argp_parse(&argp, argc, argv, 0, NULL, &bench);
    if (!start_node(&bench)) {
        fprintf(stderr, "cep bench: the node does not start\n");
        return EXIT_UNREACHABLE;
    }
    int code = run(&bench);
    kill(bench.child, SIGTERM);
    waitpid(bench.child, NULL, 0);
    return code;
}
