/* The network: every kind of socket, requests and their deadlines, bounds, and closing under load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cluster/limits.h"
#include "cluster/net.h"

enum { DEADLINE_MS = 20000 };

/* The library forgets connections whose handshake was just over when their listener or dialer was closed, and the
 * message that a connection was about to send when it was closed. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:nng_listener_create\nleak:nng_dialer_create\nleak:net_publish\nleak:net_request\n";
}

typedef struct Fixture {
    Memory memory;
    Metrics *metrics;
    Net *net;
    char folder[64];
    char bound[NET_URL_ROOM], error[NET_ERROR_ROOM];
} Fixture;

static Fixture fixture;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void open_net(Fixture *f, NetOptions options)
{
    options.metrics = f->metrics;
    f->net = net_new(&f->memory, options);
}

static int setup(void **state)
{
    memset(&fixture, 0, sizeof fixture);
    strcpy(fixture.folder, "/tmp/cep-net.XXXXXX");
    assert_non_null(mkdtemp(fixture.folder));
    fixture.metrics = metrics_new(&fixture.memory);
    open_net(&fixture, (NetOptions){0});
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    if (f->net)
        assert_true(net_stop(f->net, 5000));
    metrics_free(f->metrics);
    assert_int_equal(f->memory.bytes, 0);
    rmdir(f->folder);
    return 0;
}

static void listen_at(Fixture *f, NetRole role, const char *url)
{
    if (!net_listen(f->net, role, url, f->bound, f->error))
        fail_msg("%s", f->error);
}

static NetLink dial(Fixture *f, NetLinkKind kind, const char *url)
{
    NetLink link = net_dial(f->net, kind, url, f->error);
    if (!link)
        fail_msg("%s", f->error);
    return link;
}

/* Waits for the next message of a kind; others are dropped. */
static NetMessage expect(Fixture *f, NetKind kind)
{
    NetMessage message;
    int64_t until = now_ms() + DEADLINE_MS;
    while (now_ms() < until) {
        while (net_take(f->net, &message, 1)) {
            if (message.kind == kind)
                return message;
            net_message_free(&message);
        }
        net_wait(f->net, 100);
    }
    fail_msg("no message of kind %d came", (int)kind);
    return message;
}

static void assert_bytes(NetMessage *message, const char *text)
{
    assert_int_equal(message->size, strlen(text));
    assert_memory_equal(message->bytes, text, message->size);
    net_message_free(message);
    assert_null(message->bytes);
    net_message_free(message);
}

static void wait_connections(Fixture *f, NetRole role, uint32_t n)
{
    int64_t until = now_ms() + DEADLINE_MS;
    while (net_connections(f->net, role) != n && now_ms() < until)
        net_wait(f->net, 1);
    assert_int_equal(net_connections(f->net, role), n);
}

static int64_t counted(Fixture *f, Metric metric, const char *value)
{
    return metrics_series_read(f->metrics, metrics_series(f->metrics, metric, value));
}

/* ── Publishing ── */

static void check_publish(Fixture *f, const char *url)
{
    listen_at(f, NET_DATA, url);
    NetLink peer = dial(f, NET_SUBSCRIBER, f->bound);
    net_topic_add(f->net, peer, "b.", 2);
    assert_int_equal(expect(f, NET_UP).link, peer);
    wait_connections(f, NET_DATA, 1);
    assert_true(net_is_up(f->net, peer));
    net_publish(f->net, "a.hidden", 8);
    net_publish(f->net, "b.first", 7);
    net_publish(f->net, "b.", 2);
    NetMessage message = expect(f, NET_FRAME);
    assert_int_equal(message.link, peer);
    assert_bytes(&message, "b.first");
    message = expect(f, NET_FRAME);
    assert_bytes(&message, "b.");
    net_topic_remove(f->net, peer, "b.", 2);
    net_topic_add(f->net, peer, "c", 1);
    net_publish(f->net, "b.third", 7);
    net_publish(f->net, "c", 1);
    message = expect(f, NET_FRAME);
    assert_bytes(&message, "c");
    assert_int_equal(counted(f, METRIC_MESSAGES_RECEIVED, "frame"), 3);
    assert_int_equal(metrics_read(f->metrics, METRIC_MESSAGES_PUBLISHED), 5);
}

static void test_publish_tcp(void **state)
{
    Fixture *f = *state;
    check_publish(f, "tcp://127.0.0.1:0");
    assert_true(strncmp(f->bound, "tcp://127.0.0.1:", 16) == 0 && atoi(f->bound + 16) > 0);
}

static void test_publish_ipc(void **state)
{
    Fixture *f = *state;
    char url[128];
    snprintf(url, sizeof url, "ipc://%s/data", f->folder);
    check_publish(f, url);
}

static void test_publish_inproc(void **state)
{
    check_publish(*state, "inproc://test_publish");
}

static void test_publish_ws(void **state)
{
    Fixture *f = *state;
    check_publish(f, "ws://127.0.0.1:0/data");
    assert_true(atoi(f->bound + strlen("ws://127.0.0.1:")) > 0);
    assert_non_null(strstr(f->bound, "/data"));
}

static void test_several_listeners(void **state)
{
    Fixture *f = *state;
    char tcp[NET_URL_ROOM];
    listen_at(f, NET_DATA, "tcp://127.0.0.1:0");
    strcpy(tcp, f->bound);
    listen_at(f, NET_DATA, "tcp://[::1]:0");
    NetLink one = dial(f, NET_SUBSCRIBER, tcp), two = dial(f, NET_SUBSCRIBER, f->bound);
    net_topic_add(f->net, one, "", 0);
    net_topic_add(f->net, two, "", 0);
    wait_connections(f, NET_DATA, 2);
    net_publish(f->net, "x", 1);
    NetMessage first = expect(f, NET_FRAME), second = expect(f, NET_FRAME);
    assert_int_equal(first.link + second.link, one + two);
    net_message_free(&first);
    net_message_free(&second);
}

static void test_messages_can_be_held(void **state)
{
    Fixture *f = *state;
    enum { N = 500 };
    static NetMessage held[N];
    listen_at(f, NET_DATA, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_SUBSCRIBER, f->bound);
    net_topic_add(f->net, peer, "", 0);
    wait_connections(f, NET_DATA, 1);
    for (int i = 0; i < N; i++)
        net_publish(f->net, &i, sizeof i);
    for (int i = 0; i < N; i++)
        held[i] = expect(f, NET_FRAME);
    assert_true(net_stop(f->net, 5000));
    f->net = NULL;
    for (int i = 0; i < N; i++) {
        assert_memory_equal(held[i].bytes, &i, sizeof i); /* in the sender's order */
        net_message_free(&held[i]);
    }
}

static void test_link_comes_back(void **state)
{
    Fixture *f = *state;
    Fixture other = {.metrics = metrics_new(&other.memory)};
    open_net(&other, (NetOptions){0});
    listen_at(&other, NET_DATA, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_SUBSCRIBER, other.bound);
    net_topic_add(f->net, peer, "", 0);
    expect(f, NET_UP);
    assert_true(net_stop(other.net, 5000));
    assert_int_equal(expect(f, NET_DOWN).link, peer);
    assert_false(net_is_up(f->net, peer));
    assert_true(metrics_read(f->metrics, METRIC_LINK_LOSSES) >= 1);
    open_net(&other, (NetOptions){0});
    char url[NET_URL_ROOM];
    strcpy(url, other.bound);
    listen_at(&other, NET_DATA, url);
    expect(f, NET_UP);
    wait_connections(&other, NET_DATA, 1);
    net_publish(other.net, "again", 5);
    NetMessage message = expect(f, NET_FRAME);
    assert_bytes(&message, "again");
    assert_true(net_stop(other.net, 5000));
    metrics_free(other.metrics);
}

static void test_drop_every(void **state)
{
    Fixture *f = *state;
    assert_true(net_stop(f->net, 5000));
    open_net(f, (NetOptions){.drop_every = 3});
    listen_at(f, NET_DATA, "inproc://test_drop");
    NetLink peer = dial(f, NET_SUBSCRIBER, f->bound);
    net_topic_add(f->net, peer, "", 0);
    wait_connections(f, NET_DATA, 1);
    for (char c = 'a'; c <= 'h'; c++)
        net_publish(f->net, &c, 1);
    for (const char *left = "abdegh"; *left; left++) {
        NetMessage message = expect(f, NET_FRAME);
        assert_int_equal(message.bytes[0], *left);
        net_message_free(&message);
    }
}

/* ── Requests ── */

static void test_request(void **state)
{
    Fixture *f = *state;
    listen_at(f, NET_CONTROL, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_REQUESTER, f->bound);
    uint64_t asked = net_request(f->net, peer, "how?", 4, 5000, 0);
    assert_true(asked);
    NetMessage request = expect(f, NET_REQUEST);
    uint64_t handle = request.handle;
    assert_bytes(&request, "how?");
    assert_true(net_answer(f->net, handle, "so", 2));
    assert_false(net_answer(f->net, handle, "so", 2));
    NetMessage reply = expect(f, NET_REPLY);
    assert_int_equal(reply.handle, asked);
    assert_int_equal(reply.failure, NET_ANSWERED);
    assert_int_equal(reply.link, peer);
    assert_bytes(&reply, "so");
}

static void test_many_requests_answered_in_any_order(void **state)
{
    Fixture *f = *state;
    enum { N = 100 };
    uint64_t asked[N], handles[N], what[N];
    listen_at(f, NET_CONTROL, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_REQUESTER, f->bound);
    for (uint64_t i = 0; i < N; i++)
        asked[i] = net_request(f->net, peer, &i, sizeof i, 10000, 0);
    for (int i = 0; i < N; i++) {
        NetMessage request = expect(f, NET_REQUEST);
        handles[i] = request.handle;
        memcpy(&what[i], request.bytes, sizeof what[i]);
        net_message_free(&request);
    }
    for (int i = N - 1; i >= 0; i--)
        assert_true(net_answer(f->net, handles[i], &what[i], sizeof what[i]));
    for (int i = 0; i < N; i++) {
        NetMessage reply = expect(f, NET_REPLY);
        uint64_t answer;
        memcpy(&answer, reply.bytes, sizeof answer);
        assert_true(answer < N);
        assert_int_equal(reply.handle, asked[answer]);
        net_message_free(&reply);
    }
}

static void test_requests_are_bounded(void **state)
{
    Fixture *f = *state;
    NetLink peer = dial(f, NET_REQUESTER, "tcp://127.0.0.1:1");
    for (int i = 0; i < limit_default(LIMIT_REQUESTS); i++)
        assert_true(net_request(f->net, peer, "x", 1, 300, 0));
    assert_int_equal(net_request(f->net, peer, "x", 1, 300, 0), 0);
    for (int i = 0; i < limit_default(LIMIT_REQUESTS); i++)
        assert_int_equal(expect(f, NET_REPLY).failure, NET_TIMED_OUT);
    assert_true(net_request(f->net, peer, "x", 1, 1, 0));
    assert_int_equal(expect(f, NET_REPLY).failure, NET_TIMED_OUT);
}

static void test_no_answer_in_time(void **state)
{
    Fixture *f = *state;
    listen_at(f, NET_CONTROL, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_REQUESTER, f->bound);
    for (int i = 0; i < 50; i++) {
        uint64_t asked = net_request(f->net, peer, "x", 1, 20, 0);
        NetMessage request = expect(f, NET_REQUEST), reply = expect(f, NET_REPLY);
        assert_int_equal(reply.handle, asked);
        assert_int_equal(reply.failure, NET_TIMED_OUT);
        assert_null(reply.bytes);
        net_answer(f->net, request.handle, "too late", 8);
        net_message_free(&request);
    }
    assert_int_equal(metrics_read(f->metrics, METRIC_REQUESTS_UNANSWERED), 50);
}

static void test_the_loop_forgets_to_answer(void **state)
{
    Fixture *f = *state;
    assert_true(net_stop(f->net, 5000));
    open_net(f, (NetOptions){.answer_late = "too busy", .answer_ms = 30});
    listen_at(f, NET_CONTROL, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_REQUESTER, f->bound);
    net_request(f->net, peer, "x", 1, 10000, 0);
    NetMessage request = expect(f, NET_REQUEST), reply = expect(f, NET_REPLY);
    assert_bytes(&reply, "too busy");
    assert_false(net_answer(f->net, request.handle, "x", 1));
    net_message_free(&request);
    assert_int_equal(metrics_read(f->metrics, METRIC_REQUESTS_LATE), 1);
}

/* Requests that nobody takes do not pile up, however many come. */
static void test_the_loop_forgets_to_take(void **state)
{
    Fixture *f = *state;
    Fixture server = {.metrics = metrics_new(&server.memory)};
    open_net(&server, (NetOptions){.answer_ms = 1});
    listen_at(&server, NET_CONTROL, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_REQUESTER, server.bound);
    for (int round = 0; round < 10; round++) {
        NetMessage message;
        for (int i = 0; i < limit_default(LIMIT_REQUESTS); i++)
            assert_true(net_request(f->net, peer, "x", 1, 30, 0));
        for (int i = 0; i < limit_default(LIMIT_REQUESTS); i++) {
            NetMessage reply = expect(f, NET_REPLY);
            net_message_free(&reply);
            if (net_take(server.net, &message, i % 50 == 0))
                net_message_free(&message);
        }
    }
    assert_true(net_stop(server.net, 5000));
    metrics_free(server.metrics);
    assert_int_equal(server.memory.bytes, 0);
}

static void test_hang_up_ends_requests(void **state)
{
    Fixture *f = *state;
    listen_at(f, NET_CONTROL, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_REQUESTER, f->bound), other = dial(f, NET_REQUESTER, "tcp://127.0.0.1:1");
    net_request(f->net, peer, "x", 1, 10000, 0);
    net_request(f->net, other, "x", 1, 10000, 0);
    NetMessage request = expect(f, NET_REQUEST);
    net_message_free(&request);
    net_hang_up(f->net, peer);
    net_hang_up(f->net, other);
    assert_int_equal(net_request(f->net, peer, "x", 1, 10000, 0), 0);
    assert_int_equal(expect(f, NET_REPLY).failure, NET_GONE);
    assert_int_equal(expect(f, NET_REPLY).failure, NET_GONE);
    wait_connections(f, NET_CONTROL, 0);
}

static void *answer_one(void *argument)
{
    Fixture *f = argument;
    NetMessage request = expect(f, NET_REQUEST);
    assert_true(net_answer(f->net, request.handle, request.bytes, request.size));
    net_message_free(&request);
    return NULL;
}

static void test_call(void **state)
{
    Fixture *f = *state;
    Fixture server = {.metrics = metrics_new(&server.memory)};
    open_net(&server, (NetOptions){0});
    listen_at(&server, NET_CONTROL, "tcp://127.0.0.1:0");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_one, &server), 0);
    NetMessage reply = net_call(f->net, dial(f, NET_REQUESTER, server.bound), "echo", 4, DEADLINE_MS);
    pthread_join(thread, NULL);
    assert_bytes(&reply, "echo");
    reply = net_call(f->net, dial(f, NET_REQUESTER, "tcp://127.0.0.1:1"), "echo", 4, 20);
    assert_int_equal(reply.failure, NET_TIMED_OUT);
    assert_true(net_stop(server.net, 5000));
    metrics_free(server.metrics);
}

/* ── Pushing ── */

static void test_push_waits_for_the_loop(void **state)
{
    Fixture *f = *state;
    enum { N = 5000 };
    listen_at(f, NET_INTAKE, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_PUSHER, f->bound);
    static char bytes[20000];
    int sent = 0;
    memcpy(bytes, &sent, sizeof sent);
    while (sent < N && net_push(f->net, peer, bytes, sizeof bytes, 300)) {
        sent++;
        memcpy(bytes, &sent, sizeof sent);
    }
    assert_in_range(sent, limit_default(LIMIT_INBOX_MESSAGES), N - 1); /* nobody took, so the producer had to wait */
    assert_int_equal(metrics_read(f->metrics, METRIC_INTAKE_STALLS), 1);
    for (int i = 0; i < sent; i++) {
        NetMessage message = expect(f, NET_PUSHED);
        assert_memory_equal(message.bytes, &i, sizeof i);
        net_message_free(&message);
    }
    assert_true(net_push(f->net, peer, bytes, sizeof bytes, 300));
    NetMessage message = expect(f, NET_PUSHED);
    net_message_free(&message);
}

static void test_a_slow_loop_drops_frames_and_counts_them(void **state)
{
    Fixture *f = *state;
    int64_t room = limit_default(LIMIT_INBOX_MESSAGES), n = 3 * room;
    listen_at(f, NET_DATA, "tcp://127.0.0.1:0");
    NetLink peer = dial(f, NET_SUBSCRIBER, f->bound);
    net_topic_add(f->net, peer, "", 0);
    wait_connections(f, NET_DATA, 1);
    for (int64_t i = 0; i < n; i++) {
        net_publish(f->net, &i, sizeof i);
        int64_t until = now_ms() + DEADLINE_MS;
        while (i >= room && metrics_read(f->metrics, METRIC_FRAMES_DROPPED) <= i - room && now_ms() < until)
            net_wait(f->net, 0);
    }
    assert_int_equal(metrics_read(f->metrics, METRIC_FRAMES_DROPPED), n - room);
    for (int64_t i = 0; i < room; i++) {
        NetMessage message = expect(f, NET_FRAME);
        assert_memory_equal(message.bytes, &i, sizeof i);
        net_message_free(&message);
    }
    net_publish(f->net, "on", 2);
    NetMessage message = expect(f, NET_FRAME);
    assert_bytes(&message, "on");
}

/* ── Refusals ── */

static void test_refused_urls(void **state)
{
    Fixture *f = *state;
    static const struct Case {
        const char *url, *says;
    } cases[] = {
        {"tcp://0.0.0.0:0", "--insecure"},
        {"tcp://:0", "--insecure"},
        {"tcp://*:0", "--insecure"},
        {"tcp://192.168.7.7:0", "--insecure"},
        {"tcp://[::]:0", "--insecure"},
        {"tcp://127.0.0.1.example.org:0", "--insecure"},
        {"ws://0.0.0.0:0/x", "--insecure"},
        {"tls+tcp://127.0.0.1:0", "no TLS"},
        {"wss://127.0.0.1:0/x", "no TLS"},
        {"udp://127.0.0.1:0", "must begin with"},
        {"5000", "URL"},
        {"", "URL"},
        {"tcp://127.0.0.1", "port"},
        {"tcp://127.0.0.1:http", "port"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        f->error[0] = '\0';
        assert_false(net_listen(f->net, NET_DATA, cases[i].url, f->bound, f->error));
        if (!strstr(f->error, cases[i].says))
            fail_msg("%s: `%s` does not say `%s`", cases[i].url, f->error, cases[i].says);
    }
    assert_int_equal(net_dial(f->net, NET_SUBSCRIBER, "tls+tcp://127.0.0.1:1", f->error), NET_NO_LINK);
    assert_non_null(strstr(f->error, "no TLS"));
    assert_int_equal(net_dial(f->net, NET_SUBSCRIBER, "tcp://127.0.0.1:0", f->error), NET_NO_LINK);
    assert_non_null(strstr(f->error, "names no peer"));
    char path[200];
    snprintf(path, sizeof path, "ipc://%0118d", 0);
    assert_false(net_listen(f->net, NET_DATA, path, f->bound, f->error));
    assert_non_null(strstr(f->error, "107 bytes"));
}

static void test_insecure_may_listen_anywhere(void **state)
{
    Fixture *f = *state;
    assert_true(net_stop(f->net, 5000));
    open_net(f, (NetOptions){.insecure = true});
    listen_at(f, NET_DATA, "tcp://0.0.0.0:0");
}

static void test_address_in_use(void **state)
{
    Fixture *f = *state;
    listen_at(f, NET_DATA, "tcp://127.0.0.1:0");
    char url[NET_URL_ROOM];
    strcpy(url, f->bound);
    assert_false(net_listen(f->net, NET_CONTROL, url, f->bound, f->error));
    assert_non_null(strstr(f->error, "another process"));
}

static void test_links_are_bounded(void **state)
{
    Fixture *f = *state;
    NetLink first = 0;
    for (int i = 0; i < limit_default(LIMIT_LINKS); i++) {
        NetLink link = dial(f, i % 2 ? NET_SUBSCRIBER : NET_REQUESTER, "tcp://127.0.0.1:1");
        first = first ? first : link;
    }
    assert_int_equal(net_dial(f->net, NET_SUBSCRIBER, "tcp://127.0.0.1:1", f->error), NET_NO_LINK);
    assert_non_null(strstr(f->error, "links"));
    net_hang_up(f->net, first);
    int64_t until = now_ms() + DEADLINE_MS;
    NetMessage message;
    while (!(first = net_dial(f->net, NET_SUBSCRIBER, "tcp://127.0.0.1:1", f->error)) && now_ms() < until) {
        net_wait(f->net, 100);
        net_take(f->net, &message, 1);
    }
    assert_true(first);
}

/* ── The end ── */

typedef struct Load {
    Net *net;
    _Atomic bool over;
    uint64_t published;
} Load;

static void *publish_on(void *argument)
{
    Load *load = argument;
    static const char bytes[1500];
    for (; !load->over; load->published++)
        net_publish(load->net, bytes, sizeof bytes);
    return NULL;
}

/* Closes a subscriber while a publisher floods it, again and again. Every fourth time nothing was ever taken, every
 * third time most messages are of another topic. */
static void check_close_under_load(Fixture *f, const char *url, int cycles)
{
    Fixture source = {.metrics = metrics_new(&source.memory)};
    open_net(&source, (NetOptions){0});
    listen_at(&source, NET_DATA, url);
    Load load = {.net = source.net};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, publish_on, &load), 0);
    int64_t worst = 0;
    for (int i = 0; i < cycles; i++) {
        NetLink peer = dial(f, NET_SUBSCRIBER, source.bound);
        net_topic_add(f->net, peer, "x", i % 3 == 1);
        expect(f, NET_UP);
        for (int k = 0; k < 20 && i % 3 != 1; k++) {
            NetMessage message = expect(f, NET_FRAME);
            net_message_free(&message);
        }
        int64_t start = now_ms();
        assert_true(net_stop(f->net, 5000));
        worst = now_ms() - start > worst ? now_ms() - start : worst;
        open_net(f, (NetOptions){0});
    }
    load.over = true;
    pthread_join(thread, NULL);
    assert_true(net_stop(source.net, 5000));
    metrics_free(source.metrics);
    assert_int_equal(source.memory.bytes, 0);
    print_message("# the slowest of %d took %d ms\n", cycles, (int)worst);
}

static void test_close_under_load_tcp(void **state)
{
    check_close_under_load(*state, "tcp://127.0.0.1:0", 200);
}

static void test_close_under_load_ipc(void **state)
{
    Fixture *f = *state;
    char url[128];
    snprintf(url, sizeof url, "ipc://%s/data", f->folder);
    check_close_under_load(f, url, 50);
}

static void test_close_under_load_ws(void **state)
{
    check_close_under_load(*state, "ws://127.0.0.1:0/data", 50);
}

/* Everything at once in one Net: publishing, requests and pushes are on their way when it is stopped. */
static void test_close_with_all_sockets_busy(void **state)
{
    Fixture *f = *state;
    for (int cycle = 0; cycle < 50; cycle++) {
        char urls[NET_ROLES][NET_URL_ROOM];
        for (int i = 0; i < NET_ROLES; i++) {
            listen_at(f, (NetRole)i, "tcp://127.0.0.1:0");
            strcpy(urls[i], f->bound);
        }
        NetLink sub = dial(f, NET_SUBSCRIBER, urls[NET_DATA]), req = dial(f, NET_REQUESTER, urls[NET_CONTROL]);
        NetLink push = dial(f, NET_PUSHER, urls[NET_INTAKE]), gone = dial(f, NET_SUBSCRIBER, urls[NET_DATA]);
        net_topic_add(f->net, sub, "", 0);
        net_topic_add(f->net, gone, "", 0);
        wait_connections(f, NET_DATA, 2);
        static const char bytes[1500];
        NetMessage messages[64];
        for (int k = 0; k < 40; k++) {
            net_publish(f->net, bytes, sizeof bytes);
            net_request(f->net, req, bytes, 100, 10000, 0);
            assert_true(net_push(f->net, push, bytes, sizeof bytes, 1000));
            if (k == 20)
                net_hang_up(f->net, gone);
            uint32_t n = k % 3 ? 0 : net_take(f->net, messages, 64);
            for (uint32_t i = 0; i < n; i++) {
                if (messages[i].kind == NET_REQUEST && i % 2)
                    net_answer(f->net, messages[i].handle, bytes, sizeof bytes);
                net_message_free(&messages[i]);
            }
        }
        assert_true(net_stop(f->net, 5000));
        open_net(f, (NetOptions){0});
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_publish_tcp), T(test_publish_ipc), T(test_publish_inproc), T(test_publish_ws), T(test_several_listeners),
        T(test_messages_can_be_held), T(test_link_comes_back), T(test_drop_every), T(test_request),
        T(test_many_requests_answered_in_any_order), T(test_requests_are_bounded), T(test_no_answer_in_time),
        T(test_the_loop_forgets_to_answer), T(test_the_loop_forgets_to_take),
        T(test_hang_up_ends_requests), T(test_call),
        T(test_push_waits_for_the_loop), T(test_a_slow_loop_drops_frames_and_counts_them), T(test_refused_urls),
        T(test_insecure_may_listen_anywhere), T(test_address_in_use), T(test_links_are_bounded),
        T(test_close_under_load_tcp), T(test_close_under_load_ipc), T(test_close_under_load_ws),
        T(test_close_with_all_sockets_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
