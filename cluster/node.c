#include "cluster/node.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cluster/node_parts.h"

enum { MESSAGES_A_TURN = 64, TURN_MS = 100, RETIRED_MS = 3000, RETIRED_MOST_MS = 15000, DRAIN_MS = 200, MS = 1000000 };

int64_t monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

void node_say(const Node *node, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "cep node %s: %s\n", node->name, line);
}

const char *node_state(const Node *node)
{
    const char *state = config_text(node->config, CONFIG_STATE);
    return *state ? state : config_text(node->config, CONFIG_DATA_DIR);
}

/* ── Networks in service ── */

Service *node_service(const Node *node, const char *network)
{
    for (uint32_t i = 0; i < node->nservices; i++)
        if (!node->services[i]->retired && strcmp(node->services[i]->name, network) == 0)
            return node->services[i];
    return NULL;
}

void node_add_service(Node *node, Service *service)
{
    if (node->nservices == NODE_SERVICES_MAX) { /* deployments are few and retired ones go: the oldest makes room */
        service_free(node->services[0]);
        memmove(node->services, node->services + 1, (NODE_SERVICES_MAX - 1) * sizeof *node->services);
        node->nservices--;
    }
    node->services[node->nservices++] = service;
}

/* What is out of service stays for a while: others may have missed its last frames. */
static void drop_retired(Node *node)
{
    for (uint32_t i = 0; i < node->nservices;) {
        Service *service = node->services[i];
        int64_t out = (node->now - service->retired_at) / MS;
        if (!service->retired || (out < RETIRED_MOST_MS && (out < RETIRED_MS || !service->over))) {
            i++;
            continue;
        }
        service_free(service);
        node->services[i] = node->services[--node->nservices];
    }
}

/* ── Messages ── */

static void take_frame(Node *node, NetMessage *message)
{
    Frame frame;
    if (frame_open(&frame, (Text){(const char *)message->bytes, (uint32_t)message->size}) != FRAME_OK) {
        node->refused_frames++;
        return;
    }
    for (uint32_t i = 0; i < node->nservices; i++) {
        Service *service = node->services[i];
        Source *source = service->epoch == frame.epoch ? service_source(service, frame.channel) : NULL;
        if (source) {
            service_hear(service, source, &frame, message);
            return;
        }
    }
}

static void take_pushed(Node *node, NetMessage *message)
{
    Frame frame;
    FrameError error = frame_open(&frame, (Text){(const char *)message->bytes, (uint32_t)message->size});
    if (error != FRAME_OK)
        node->refused_frames++;
    for (uint32_t i = 0; i < node->nservices && error == FRAME_OK; i++)
        if (!node->services[i]->retired && node->services[i]->intake == frame.channel)
            service_take_pushed(node->services[i], &frame);
}

static void take_message(Node *node, NetMessage *message)
{
    switch (message->kind) {
    case NET_FRAME:
        take_frame(node, message);
        break;
    case NET_PUSHED:
        take_pushed(node, message);
        break;
    case NET_REQUEST:
        node_request(node, message);
        break;
    case NET_REPLY:
        node_reply(node, message);
        break;
    case NET_UP:
    case NET_DOWN:
        break;
    }
    net_message_free(message);
}

/* ── The loop ── */

static bool turn(Node *node)
{
    NetMessage messages[MESSAGES_A_TURN];
    uint32_t n = net_take(node->net, messages, MESSAGES_A_TURN);
    node->now = monotonic_now();
    node->beat = node->now;
    for (uint32_t i = 0; i < n; i++)
        take_message(node, &messages[i]);
    asks_tick(node);
    peers_tick(node);
    deployments_tick(node);
    bool more = n == MESSAGES_A_TURN;
    for (uint32_t i = 0; i < node->nservices; i++)
        more |= service_run(node->services[i]);
    drop_retired(node);
    return more;
}

static int wait_ms(const Node *node)
{
    int64_t wait = TURN_MS;
    for (uint32_t i = 0; i < node->nservices; i++)
        if (node->services[i]->input && config_number(node->config, CONFIG_HEARTBEAT_MS) < wait)
            wait = config_number(node->config, CONFIG_HEARTBEAT_MS);
    if (node->nservices && config_number(node->config, CONFIG_ALERTS_MS) < wait)
        wait = config_number(node->config, CONFIG_ALERTS_MS);
    return (int)wait;
}

static void run(Node *node)
{
    struct pollfd polled[] = {
        {.fd = net_descriptor(node->net), .events = POLLIN},
        {.fd = node->signals, .events = POLLIN},
    };
    bool more = true;
    while (!node->stopping) {
        poll(polled, 2, more ? 0 : wait_ms(node));
        struct signalfd_siginfo got;
        if (polled[1].revents && read(node->signals, &got, sizeof got) == sizeof got)
            node->stopping = (int)got.ssi_signo;
        more = turn(node);
    }
    /* What has arrived is still taken in. */
    int64_t until = node->now + DRAIN_MS * (int64_t)MS;
    while (turn(node) && node->now < until) {}
}

/* ── Pages: made on other threads ── */

static unsigned write_health(void *owner, Out *body)
{
    enum { STALE_MS = 5000 };
    const Node *node = owner;
    bool alive = monotonic_now() - node->beat < STALE_MS * (int64_t)MS;
    out_text(body, alive ? "alive\n" : "the engine's thread has not turned for a while\n");
    return alive ? 200 : 503;
}

static unsigned write_ready(void *owner, Out *body)
{
    const Node *node = owner;
    uint32_t missing = node->missing;
    if (missing == 0) {
        out_text(body, "ready\n");
        return 200;
    }
    out_int(body, missing);
    out_text(body, missing == 1 ? " peer does not answer\n" : " peers do not answer\n");
    return 503;
}

/* ── Starting and stopping ── */

static bool listen_at(Node *node, NetRole role, ConfigKey key, char bound[NET_URL_ROOM])
{
    const char *url = config_text(node->config, key);
    char error[NET_ERROR_ROOM];
    if (!*url || net_listen(node->net, role, url, bound, error))
        return true;
    node_say(node, "%s", error);
    return false;
}

static bool open_http(Node *node)
{
    const char *url = config_text(node->config, CONFIG_HTTP);
    char error[NET_ERROR_ROOM], socket[NET_URL_ROOM + 16], bound[NET_URL_ROOM];
    if (!*url)
        return true;
    node->pages[0] = (HttpPage){"/healthz", "text/plain", write_health, node};
    node->pages[1] = (HttpPage){"/readyz", "text/plain", write_ready, node};
    node->pages[2] = (HttpPage){"/metrics", HTTP_METRICS_TYPE, http_metrics_page, node->metrics};
    HttpOptions options = {.metrics = node->metrics, .insecure = config_flag(node->config, CONFIG_INSECURE)};
    node->http = http_open(&node->memory, url, options, node->pages, NODE_PAGES, node->web, error);
    if (!node->http) {
        node_say(node, "%s", error);
        return false;
    }
    snprintf(socket, sizeof socket, "ws%s/data", strchr(node->web, ':'));
    if (net_listen(node->net, NET_DATA, socket, bound, error))
        return true;
    node_say(node, "%s", error);
    return false;
}

static bool catch_signals(Node *node)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    /* Blocked in all threads: only the loop sees them. */
    sigprocmask(SIG_BLOCK, &set, NULL);
    node->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return node->signals >= 0;
}

static bool start(Node *node)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    node->epoch = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    node->now = node->beat = monotonic_now();
    snprintf(node->name, sizeof node->name, "%s", config_text(node->config, CONFIG_NAME));
    if (!catch_signals(node)) {
        node_say(node, "no descriptors are left: %s", strerror(errno));
        return false;
    }
    node->metrics = metrics_new(&node->memory);
    node->net = net_new(&node->memory, (NetOptions){
                                           .metrics = node->metrics,
                                           .insecure = config_flag(node->config, CONFIG_INSECURE),
                                           .answer_late = "{\"ok\":false,\"busy\":true,\"error\":\"no answer in time\"}",
                                           .answer_ms = 120000,
                                           .drop_every = (uint32_t)config_number(node->config, CONFIG_TEST_DROP_EVERY),
                                       });
    return listen_at(node, NET_CONTROL, CONFIG_CONTROL, node->control) &&
           listen_at(node, NET_DATA, CONFIG_DATA, node->data) && listen_at(node, NET_INTAKE, CONFIG_PUSH, node->push) &&
           open_http(node) && peers_open(node);
}

static void say_ready(const Node *node)
{
    printf("node %s is ready: control %s data %s", node->name, node->control, node->data);
    if (*node->push)
        printf(" push %s", node->push);
    if (*node->web)
        printf(" http %s", node->web);
    printf("\n");
    fflush(stdout);
}

/* Returns whether the network's library stopped. */
static bool stop(Node *node)
{
    if (node->http)
        http_close(node->http);
    if (node->net) {
        deployments_drop(node);
        asks_drop(node);
        while (node->nservices)
            service_free(node->services[--node->nservices]);
        if (!net_stop(node->net, (uint32_t)config_number(node->config, CONFIG_STOP_MS)))
            return false;
    }
    memory_free(&node->memory, node->asks, node->asks ? NODE_ASKS_MAX * sizeof *node->asks : 0);
    if (node->metrics)
        metrics_free(node->metrics);
    if (node->signals >= 0)
        close(node->signals);
    return true;
}

NodeEnd node_run(const Config *config)
{
    Node *node = calloc(1, sizeof *node);
    if (!node)
        abort();
    node->config = config;
    node->signals = -1;
    bool started = start(node);
    if (started) {
        say_ready(node);
        run(node);
    }
    int signal = node->stopping;
    if (started)
        node_say(node, "stopping");
    if (!stop(node))
        return NODE_STUCK;
    free(node);
    return !started ? NODE_NOT_STARTED : signal == SIGINT ? NODE_INTERRUPTED : NODE_STOPPED;
}
