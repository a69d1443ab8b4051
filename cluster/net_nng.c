/* The Net: its sockets and its links. What they receive is in net_nng_receiver.c, requests are in net_nng_requests.c,
 * taking in net_nng_take.c, the end in net_nng_end.c. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cluster/limits.h"
#include "cluster/net_nng.h"

static const char schemes[] = "tcp ipc inproc ws";
static const char *const role_words[NET_ROLES] = {"data", "control", "intake"};

int64_t net_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *net_library_version(void)
{
    return nng_version();
}

/* The library starts its threads with its first socket, and they inherit the signal mask: all blocked, so that
 * signals come to the program's own threads. */
void nng_begin(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pid_t begun;
    pthread_mutex_lock(&lock);
    assert(!begun || begun == getpid()); /* a fork has left the library's threads behind */
    if (!begun) {
        sigset_t all, before;
        nng_socket first;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        if (nng_pub0_open(&first) == 0)
            nng_close(first);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        begun = getpid();
    }
    pthread_mutex_unlock(&lock);
}

/* ── Messages ── */

NetMessage message_of(NetKind kind, NetLink link, uint64_t handle, nng_msg *message)
{
    return (NetMessage){.kind = kind, .link = link, .handle = handle, .bytes = nng_msg_body(message),
                        .size = nng_msg_len(message), .buffer = message};
}

nng_msg *message_copy(const void *bytes, size_t size)
{
    nng_msg *message;
    if (nng_msg_alloc(&message, size) != 0) {
        fprintf(stderr, "cep: out of memory: a message of %zu bytes\n", size);
        abort();
    }
    if (size)
        memcpy(nng_msg_body(message), bytes, size);
    return message;
}

void net_message_free(NetMessage *message)
{
    if (message->buffer)
        nng_msg_free(message->buffer);
    message->buffer = NULL;
    message->bytes = NULL;
    message->size = 0;
}

/* ── Beginning ── */

static void series_begin(Net *net)
{
    static const char *const sources[] = {"frame", "push", "request", "reply"};
    Metrics *metrics = net->options.metrics;
    for (int i = 0; i <= NET_REPLY; i++) {
        net->received[i] = metrics_series(metrics, METRIC_MESSAGES_RECEIVED, sources[i]);
        net->received_bytes[i] = metrics_series(metrics, METRIC_BYTES_RECEIVED, sources[i]);
    }
    for (int i = 0; i < NET_ROLES; i++) {
        Listening *role = &net->roles[i];
        role->net = net;
        role->connected = metrics_series(metrics, METRIC_CONNECTIONS, role_words[i]);
        role->opened = metrics_series(metrics, METRIC_CONNECTIONS_OPENED, role_words[i]);
        role->refused = metrics_series(metrics, METRIC_CONNECTIONS_REFUSED, role_words[i]);
        role->failed = metrics_series(metrics, METRIC_CONNECTIONS_FAILED, role_words[i]);
        role->lost = metrics_series(metrics, METRIC_CONNECTIONS_LOST, role_words[i]);
    }
}

Net *net_new(Memory *memory, NetOptions options)
{
    nng_begin();
    Net *net = memory_new(memory, sizeof *net);
    net->memory = memory;
    net->options = options;
    if (!options.answer_ms)
        net->options.answer_ms = (uint32_t)limit_default(LIMIT_ANSWER_MS);
    net->links_max = (uint32_t)limit_default(LIMIT_LINKS);
    net->requests_max = (uint32_t)limit_default(LIMIT_REQUESTS);
    net->connections_max = (uint32_t)limit_default(LIMIT_CONNECTIONS);
    net->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (net->wake < 0) {
        fprintf(stderr, "cep: no descriptor is left: %s\n", strerror(errno));
        abort();
    }
    net->links = memory_new(memory, net->links_max * sizeof *net->links);
    net->questions = memory_new(memory, net->requests_max * sizeof *net->questions);
    inbox_init(&net->calls, memory, 2 * net->requests_max, SIZE_MAX);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&net->lock, NULL);
    pthread_mutex_init(&net->pipes_lock, NULL);
    pthread_cond_init(&net->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    series_begin(net);
    return net;
}

int net_descriptor(const Net *net)
{
    return net->wake;
}

void net_wake(Net *net)
{
    uint64_t one = 1;
    if (!atomic_exchange(&net->woken, true) && write(net->wake, &one, sizeof one) < 0)
        assert(errno == EAGAIN); /* it is readable already */
}

/* What holds for every socket, before anything is connected to it. */
static void socket_set(nng_socket socket, size_t message_max)
{
    nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, message_max);
    nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MS_MIN);
    nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MS_MAX);
}

void net_wake_end(Net *net)
{
    uint64_t count;
    if (read(net->wake, &count, sizeof count) < 0)
        assert(errno == EAGAIN);
    net->woken = false;
}

/* ── Listening ── */

static Pipe *pipe_find(Pipe *pipes, uint32_t n, int id)
{
    for (uint32_t i = 0; i < n; i++)
        if (pipes[i].id == id)
            return &pipes[i];
    return NULL;
}

/* Returns whether the pipe goes up or down with the event. */
static bool pipe_change(Pipe *pipe, nng_pipe_ev event)
{
    bool was = pipe->up;
    pipe->up = event == NNG_PIPE_EV_ADD_POST;
    if (event == NNG_PIPE_EV_REM_POST)
        pipe->id = 0;
    return pipe->up != was;
}

/* Returns whether there is room for the pipe. */
static bool role_offered(Listening *role, int id)
{
    Pipe *place = role->net->stopping ? NULL : pipe_find(role->pipes, role->net->connections_max, 0);
    if (place)
        *place = (Pipe){.id = id};
    else
        metrics_series_add(role->net->options.metrics, role->refused, 1);
    return place;
}

static void role_went(Listening *role, int id, nng_pipe_ev event)
{
    Metrics *metrics = role->net->options.metrics;
    Pipe *pipe = pipe_find(role->pipes, role->net->connections_max, id);
    if (!pipe || !pipe_change(pipe, event))
        return;
    metrics_series_add(metrics, role->opened, event == NNG_PIPE_EV_ADD_POST);
    role->connections += event == NNG_PIPE_EV_ADD_POST ? 1 : (uint32_t)-1;
    metrics_series_set(metrics, role->connected, role->connections);
}

static void role_changed(nng_pipe changed, nng_pipe_ev event, void *argument)
{
    Listening *role = argument;
    bool welcome = true;
    pthread_mutex_lock(&role->net->pipes_lock);
    if (event == NNG_PIPE_EV_ADD_PRE)
        welcome = role_offered(role, nng_pipe_id(changed));
    else
        role_went(role, nng_pipe_id(changed), event);
    pthread_mutex_unlock(&role->net->pipes_lock);
    if (!welcome)
        nng_pipe_close(changed);
}

static int role_open(Net *net, NetRole kind)
{
    static int (*const open[])(nng_socket *) = {nng_pub0_open, nng_rep0_open, nng_pull0_open};
    Listening *role = &net->roles[kind];
    int failed = open[kind](&role->socket);
    if (failed)
        return failed;
    /* Subscribers have nothing to say. */
    socket_set(role->socket, kind == NET_DATA ? 64 : (size_t)limit_default(LIMIT_MESSAGE_BYTES));
    nng_socket_set_int(role->socket, NNG_OPT_SENDBUF, (int)limit_default(LIMIT_QUEUE_MESSAGES));
    role->pipes = memory_new(net->memory, net->connections_max * sizeof *role->pipes);
    for (nng_pipe_ev event = NNG_PIPE_EV_ADD_PRE; event <= NNG_PIPE_EV_REM_POST; event++)
        nng_pipe_notify(role->socket, event, role_changed, role);
    role->open = true;
    if (kind == NET_CONTROL && !answers_start(net, role->socket))
        return NNG_ENOMEM;
    if (kind == NET_INTAKE) {
        receiver_init(&net->intake, net, role->socket, NET_PUSHED, NET_NO_LINK);
        receiver_start(&net->intake);
    }
    return 0;
}

static bool has_scheme(const char *url, const char *scheme)
{
    return strncmp(url, scheme, strlen(scheme)) == 0;
}

static int listener_listen(nng_socket socket, const char *url, char bound[NET_URL_ROOM])
{
    nng_listener listener;
    int port, failed = nng_listener_create(&listener, socket, url);
    snprintf(bound, NET_URL_ROOM, "%s", url);
    if (failed)
        return failed;
    if (has_scheme(url, "tcp:"))
        nng_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true);
    if (has_scheme(url, "ipc:"))
        nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0600);
    failed = nng_listener_start(listener, 0);
    if (failed)
        nng_listener_close(listener);
    else if (has_scheme(url, "tcp:") && nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0)
        url_with_port(url, port, bound);
    return failed;
}

/* The library does not tell the port of a ws listener; that of the HTTP server below can be asked for. */
static int web_listen(nng_socket socket, const char *url, char bound[NET_URL_ROOM])
{
    nng_http_server *server;
    char ported[NET_URL_ROOM];
    int port, failed = http_server_listen(url, &server, &port);
    if (failed)
        return failed;
    url_with_port(url, port, ported);
    failed = listener_listen(socket, ported, bound);
    http_server_release(server);
    return failed;
}

bool net_listen(Net *net, NetRole kind, const char *url, char bound[NET_URL_ROOM], char error[NET_ERROR_ROOM])
{
    assert(kind < NET_ROLES);
    Listening *role = &net->roles[kind];
    if (!url_may_listen(url, schemes, net->options.insecure, error))
        return false;
    int failed = role->open ? 0 : role_open(net, kind);
    if (!failed)
        failed = has_scheme(url, "ws:") ? web_listen(role->socket, url, bound)
                                        : listener_listen(role->socket, url, bound);
    return !failed || url_failed("listen at", url, failed, error);
}

uint32_t net_connections(const Net *net, NetRole kind)
{
    return net->roles[kind].connections;
}

void net_publish(Net *net, const void *bytes, size_t size)
{
    if (!net->roles[NET_DATA].open)
        return;
    nng_msg *message = message_copy(bytes, size);
    if (nng_sendmsg(net->roles[NET_DATA].socket, message, NNG_FLAG_NONBLOCK) != 0)
        nng_msg_free(message);
    metrics_add(net->options.metrics, METRIC_MESSAGES_PUBLISHED, 1);
    metrics_add(net->options.metrics, METRIC_BYTES_PUBLISHED, size);
}

/* ── Links ── */

Link *link_of(const Net *net, NetLink id)
{
    for (uint32_t i = 0; i < net->links_max; i++)
        if (net->links[i] && net->links[i]->id == id && !net->links[i]->hung_up)
            return net->links[i];
    return NULL;
}

static void link_went(Link *link, int id, nng_pipe_ev event)
{
    Metrics *metrics = link->net->options.metrics;
    if (link->pipe.id != id || !pipe_change(&link->pipe, event))
        return;
    link->turns++;
    metrics_add(metrics, METRIC_LINKS_UP, link->pipe.up ? 1 : (uint64_t)-1);
    metrics_add(metrics, METRIC_LINK_LOSSES, !link->pipe.up && !link->hung_up && !link->net->stopping);
    net_wake(link->net);
}

static void link_changed(nng_pipe changed, nng_pipe_ev event, void *argument)
{
    Link *link = argument;
    pthread_mutex_lock(&link->net->pipes_lock);
    if (event == NNG_PIPE_EV_ADD_PRE)
        link->pipe = (Pipe){.id = nng_pipe_id(changed)};
    else
        link_went(link, nng_pipe_id(changed), event);
    pthread_mutex_unlock(&link->net->pipes_lock);
    if (event == NNG_PIPE_EV_REM_POST && link->kind == NET_SUBSCRIBER)
        receiver_let_go(&link->receiver);
}

void link_free(Link *link)
{
    Net *net = link->net;
    if (link->kind == NET_SUBSCRIBER)
        receiver_fini(&link->receiver, net->memory);
    memory_free(net->memory, link, sizeof *link);
}

static int link_start(Link *link, const char *url)
{
    nng_dialer dialer;
    int failed = nng_dialer_create(&dialer, link->socket, url);
    if (failed)
        return failed;
    if (has_scheme(url, "tcp:"))
        nng_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true);
    return nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
}

static int link_open(Link *link)
{
    static int (*const open[])(nng_socket *) = {nng_sub0_open, nng_req0_open, nng_push0_open};
    int failed = open[link->kind](&link->socket);
    if (failed)
        return failed;
    socket_set(link->socket, (size_t)limit_default(LIMIT_MESSAGE_BYTES));
    nng_socket_set_int(link->socket, NNG_OPT_RECVBUF, (int)limit_default(LIMIT_QUEUE_MESSAGES));
    for (nng_pipe_ev event = NNG_PIPE_EV_ADD_PRE; event <= NNG_PIPE_EV_REM_POST; event++)
        nng_pipe_notify(link->socket, event, link_changed, link);
    if (link->kind == NET_SUBSCRIBER) {
        receiver_init(&link->receiver, link->net, link->socket, NET_FRAME, link->id);
        receiver_start(&link->receiver);
    }
    return 0;
}

NetLink net_dial(Net *net, NetLinkKind kind, const char *url, char error[NET_ERROR_ROOM])
{
    if (!url_may_dial(url, schemes, error))
        return NET_NO_LINK;
    uint32_t place = 0;
    while (place < net->links_max && net->links[place])
        place++;
    if (place == net->links_max) {
        snprintf(error, NET_ERROR_ROOM, "cannot dial %.200s: %s", url, limit_message(LIMIT_LINKS));
        return NET_NO_LINK;
    }
    Link *link = memory_new(net->memory, sizeof *link);
    *link = (Link){.net = net, .id = ++net->link_next, .kind = kind};
    int failed = link_open(link);
    if (failed) {
        memory_free(net->memory, link, sizeof *link);
    } else if ((failed = link_start(link, url))) {
        nng_close(link->socket); /* nothing is connected */
        link_free(link);
    }
    if (failed) {
        url_failed("dial", url, failed, error);
        return NET_NO_LINK;
    }
    net->links[place] = link;
    return link->id;
}

bool net_is_up(const Net *net, NetLink id)
{
    const Link *link = link_of(net, id);
    return link && (link->turns & 1);
}

void net_topic_add(Net *net, NetLink subscriber, const void *topic, size_t size)
{
    const Link *link = link_of(net, subscriber);
    if (link)
        nng_socket_set(link->socket, NNG_OPT_SUB_SUBSCRIBE, topic, size);
}

void net_topic_remove(Net *net, NetLink subscriber, const void *topic, size_t size)
{
    const Link *link = link_of(net, subscriber);
    if (link)
        nng_socket_set(link->socket, NNG_OPT_SUB_UNSUBSCRIBE, topic, size);
}

bool net_push(Net *net, NetLink pusher, const void *bytes, size_t size, uint32_t wait_ms)
{
    const Link *link = link_of(net, pusher);
    nng_aio *aio;
    if (!link || nng_aio_alloc(&aio, NULL, NULL) != 0)
        return false;
    nng_aio_set_timeout(aio, wait_ms ? (nng_duration)wait_ms : 1);
    nng_aio_set_msg(aio, message_copy(bytes, size));
    nng_send_aio(link->socket, aio);
    nng_aio_wait(aio);
    bool left = nng_aio_result(aio) == 0;
    if (!left)
        nng_msg_free(nng_aio_get_msg(aio));
    nng_aio_free(aio);
    return left;
}
