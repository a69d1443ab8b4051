/* The HTTP port: its pages, the WebSocket that shares it, and what hostile peers get there and at the other sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cluster/http.h"
#include "cluster/limits.h"

enum { DEADLINE_MS = 20000, ABORTS = 1000, MEMORY_MAX = 128 << 20 };

/* The library forgets connections whose handshake was just over when their listener or dialer was closed, and the
 * message that a connection was about to send when it was closed. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:nng_listener_create\nleak:nng_dialer_create\nleak:net_publish\nleak:net_request\n";
}

/* What was freed is given out again soon, so that the memory in use says something. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8";
}

typedef struct Fixture {
    Memory memory;
    Metrics *metrics;
    Net *net;
    Http *http;
    int port;
    char bound[NET_URL_ROOM], error[NET_ERROR_ROOM];
    char answer[8 << 10];
    size_t size;
} Fixture;

static Fixture fixture;

static unsigned write_health(void *owner, Out *body)
{
    (void)owner;
    out_text(body, "ok\n");
    return 200;
}

static unsigned write_readiness(void *owner, Out *body)
{
    (void)owner;
    out_text(body, "waiting for node b\n");
    return 503;
}

static unsigned write_too_much(void *owner, Out *body)
{
    (void)owner;
    for (int64_t i = 0; i <= limit_default(LIMIT_HTTP_PAGE_BYTES); i++)
        out_char(body, 'x');
    return 200;
}

static HttpPage pages[] = {
    {"/metrics", HTTP_METRICS_TYPE, http_metrics_page, NULL},
    {"/healthz", "text/plain", write_health, NULL},
    {"/readyz", "text/plain", write_readiness, NULL},
    {"/huge", "text/plain", write_too_much, NULL},
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int port_of(const char *url)
{
    const char *colon = strrchr(url, ':');
    return atoi(colon + 1);
}

static int setup(void **state)
{
    Fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    f->metrics = metrics_new(&f->memory);
    f->net = net_new(&f->memory, (NetOptions){.metrics = f->metrics});
    pages[0].owner = f->metrics;
    f->http = http_open(&f->memory, "http://127.0.0.1:0", (HttpOptions){.metrics = f->metrics}, pages,
                        sizeof pages / sizeof *pages, f->bound, f->error);
    if (!f->http)
        fail_msg("%s", f->error);
    f->port = port_of(f->bound);
    assert_in_range(f->port, 1, 65535);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    http_close(f->http);
    assert_true(net_stop(f->net, 5000));
    metrics_free(f->metrics);
    assert_int_equal(f->memory.bytes, 0);
    return 0;
}

/* ── A plain client ── */

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_all(int fd, const void *bytes, size_t n)
{
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

/* Appends what comes to answer; returns false at the end of the connection. */
static bool receive(Fixture *f, int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, DEADLINE_MS), 1);
    ssize_t n = recv(fd, f->answer + f->size, sizeof f->answer - 1 - f->size, 0);
    if (n <= 0)
        return false;
    f->size += (size_t)n;
    f->answer[f->size] = '\0';
    return true;
}

static void receive_until(Fixture *f, int fd, const char *text)
{
    while (!strstr(f->answer, text))
        if (!receive(f, fd))
            fail_msg("no `%s` in `%s`", text, f->answer);
}

static const char *ask(Fixture *f, const char *request)
{
    int fd = connect_to(f->port);
    f->size = 0;
    f->answer[0] = '\0';
    send_all(fd, request, strlen(request));
    while (f->size < sizeof f->answer - 1 && receive(f, fd))
        ;
    close(fd);
    return f->answer;
}

static const char *get(Fixture *f, const char *path)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    return ask(f, request);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no `%s` in `%s`", part, text);
}

/* ── Pages ── */

static void test_pages(void **state)
{
    Fixture *f = *state;
    assert_has(get(f, "/healthz"), "HTTP/1.1 200");
    assert_has(f->answer, "\r\n\r\nok\n");
    assert_has(get(f, "/readyz"), "HTTP/1.1 503");
    assert_has(f->answer, "waiting for node b");
    assert_has(get(f, "/metrics"), "HTTP/1.1 200");
    assert_has(f->answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8");
    assert_has(f->answer, "# TYPE cep_messages_published_total counter");
    assert_has(f->answer, "cep_http_requests_total{status=\"503\"} 1");
}

static void test_other_paths_and_methods(void **state)
{
    Fixture *f = *state;
    static const char *const paths[] = {"/", "/metric", "/metrics/x", "/%2e%2e/etc/passwd", "/healthz?x=1/y"};
    for (size_t i = 0; i + 1 < sizeof paths / sizeof *paths; i++) {
        assert_has(get(f, paths[i]), "HTTP/1.1 404");
        assert_has(f->answer, "there is no such page; there are: /metrics /healthz /readyz");
    }
    assert_has(ask(f, "HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200");
    assert_null(strstr(f->answer, "\r\n\r\nok"));
    assert_has(ask(f, "DELETE /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "HTTP/1.1 405");
    assert_has(ask(f, "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n123456789"),
               "HTTP/1.1 400");
}

static void test_a_page_is_bounded(void **state)
{
    Fixture *f = *state;
    assert_has(get(f, "/huge"), "HTTP/1.1 500");
    assert_has(f->answer, "larger than 4 MiB");
}

static void test_refused_addresses(void **state)
{
    Fixture *f = *state;
    assert_null(http_open(&f->memory, "http://0.0.0.0:0", (HttpOptions){0}, pages, 1, f->bound, f->error));
    assert_has(f->error, "--insecure");
    assert_null(http_open(&f->memory, "https://127.0.0.1:0", (HttpOptions){0}, pages, 1, f->bound, f->error));
    assert_has(f->error, "no TLS");
    HttpOptions anywhere = {.insecure = true};
    Http *open = http_open(&f->memory, "http://0.0.0.0:0", anywhere, pages, 1, f->bound, f->error);
    assert_non_null(open);
    http_close(open);
}

typedef struct Asking {
    int port;
    _Atomic bool over;
} Asking;

static void *ask_on(void *argument)
{
    Asking *asking = argument;
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[4096];
    struct timeval patience = {.tv_sec = 1};
    while (!asking->over) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)asking->port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            while (!asking->over && send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 &&
                   recv(fd, answer, sizeof answer, 0) > 0)
                ;
        close(fd);
    }
    return NULL;
}

/* The port is closed while pages are being read from it. */
static void test_close_under_load(void **state)
{
    Fixture *f = *state;
    Asking asking = {.port = f->port};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on, &asking), 0);
    MetricSeries answered = metrics_series(f->metrics, METRIC_HTTP_REQUESTS, "200");
    int64_t until = now_ms() + DEADLINE_MS;
    for (int cycle = 1; cycle <= 50; cycle++) {
        int64_t enough = metrics_series_read(f->metrics, answered) + 10;
        while (metrics_series_read(f->metrics, answered) < enough && now_ms() < until)
            net_wait(f->net, 1);
        assert_true(metrics_series_read(f->metrics, answered) >= enough);
        http_close(f->http);
        snprintf(f->answer, sizeof f->answer, "http://127.0.0.1:%d", f->port);
        do
            f->http = http_open(&f->memory, f->answer, (HttpOptions){.metrics = f->metrics}, pages, 3, f->bound,
                                f->error);
        while (!f->http && now_ms() < until); /* the port is free when the library has buried the server */
        assert_non_null(f->http);
    }
    asking.over = true;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

/* ── WebSocket ── */

static const char handshake[] = "GET /data HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Protocol: pub.sp.nanomsg.org\r\n\r\n";

static void listen_ws(Fixture *f)
{
    char url[NET_URL_ROOM];
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/data", f->port);
    if (!net_listen(f->net, NET_DATA, url, f->bound, f->error))
        fail_msg("%s", f->error);
    assert_string_equal(f->bound, url);
}

static void wait_connections(Fixture *f, uint32_t n)
{
    int64_t until = now_ms() + DEADLINE_MS;
    while (net_connections(f->net, NET_DATA) != n && now_ms() < until)
        net_wait(f->net, 1);
    assert_int_equal(net_connections(f->net, NET_DATA), n);
}

/* What a browser does. Frames from the server are not masked: 0x82, length, bytes. */
static int subscribe_by_hand(Fixture *f)
{
    int fd = connect_to(f->port);
    f->size = 0;
    f->answer[0] = '\0';
    send_all(fd, handshake, strlen(handshake));
    receive_until(f, fd, "\r\n\r\n");
    assert_has(f->answer, "HTTP/1.1 101");
    assert_has(f->answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_has(f->answer, "pub.sp.nanomsg.org");
    f->size = 0;
    return fd;
}

static void expect_frame(Fixture *f, int fd, const char *text)
{
    size_t n = strlen(text);
    assert_true(n < 126);
    while (f->size < 2 + n)
        assert_true(receive(f, fd));
    assert_int_equal((uint8_t)f->answer[0], 0x82);
    assert_int_equal(f->answer[1], n);
    assert_memory_equal(f->answer + 2, text, n);
    f->size -= 2 + n;
    memmove(f->answer, f->answer + 2 + n, f->size);
}

static void test_a_bare_websocket_subscribes(void **state)
{
    Fixture *f = *state;
    listen_ws(f);
    int fd = subscribe_by_hand(f);
    wait_connections(f, 1);
    net_publish(f->net, "Alert.1", 7);
    net_publish(f->net, "Alert.22", 8);
    expect_frame(f, fd, "Alert.1");
    expect_frame(f, fd, "Alert.22");
    assert_has(get(f, "/healthz"), "HTTP/1.1 200"); /* the same port */
    close(fd);
    wait_connections(f, 0);
}

/* ── Hostile peers ── */

static int descriptors(void)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

static int64_t memory_used(void)
{
    long pages_all, pages_used;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_int_equal(fscanf(file, "%ld %ld", &pages_all, &pages_used), 2);
    fclose(file);
    return pages_used * sysconf(_SC_PAGESIZE);
}

/* Until descriptors are as few as before. */
static void wait_descriptors(Fixture *f, int most)
{
    int64_t until = now_ms() + DEADLINE_MS;
    while (descriptors() > most && now_ms() < until)
        net_wait(f->net, 5);
    assert_true(descriptors() <= most);
}

static int64_t counted(Fixture *f, Metric metric, const char *role)
{
    return metrics_series_read(f->metrics, metrics_series(f->metrics, metric, role));
}

/* Until failed handshakes and lost connections show. The library counts of the former only one in 100 ms. */
static void wait_counted(Fixture *f, const char *role, int64_t lost)
{
    int64_t until = now_ms() + DEADLINE_MS;
    NetMessage message;
    while ((counted(f, METRIC_CONNECTIONS_FAILED, role) < 1 || counted(f, METRIC_CONNECTIONS_LOST, role) < lost) &&
           now_ms() < until) {
        while (net_take(f->net, &message, 1))
            net_message_free(&message);
        net_wait(f->net, 20);
    }
    assert_true(counted(f, METRIC_CONNECTIONS_FAILED, role) >= 1);
    assert_int_equal(counted(f, METRIC_CONNECTIONS_LOST, role), lost);
}

/* Sends bytes and waits until the other side has cut the connection. */
static void expect_cut(int port, const void *bytes, size_t n)
{
    int fd = connect_to(port);
    char answer[512];
    send(fd, bytes, n, MSG_NOSIGNAL);
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    do
        assert_int_equal(poll(&readable, 1, DEADLINE_MS), 1);
    while (recv(fd, answer, sizeof answer, 0) > 0);
    close(fd);
}

static void listen_tcp(Fixture *f, NetRole role, int *port)
{
    if (!net_listen(f->net, role, "tcp://127.0.0.1:0", f->bound, f->error))
        fail_msg("%s", f->error);
    *port = port_of(f->bound);
}

static const uint8_t header_sub[8] = {0, 'S', 'P', 0, 0, 33, 0, 0}, header_req[8] = {0, 'S', 'P', 0, 0, 48, 0, 0},
                     header_push[8] = {0, 'S', 'P', 0, 0, 80, 0, 0};

static void check_malformed(int port, const uint8_t header[8])
{
    uint8_t bytes[64];
    expect_cut(port, "GET / HTTP/1.1\r\n\r\n", 18);
    memset(bytes, 0xFF, sizeof bytes);
    expect_cut(port, bytes, sizeof bytes);
    memcpy(bytes, header, 8);
    expect_cut(port, bytes, sizeof bytes); /* a length of 2^64 - 1 */
    memset(bytes + 8, 0, 8);
    bytes[8 + 4] = 1;
    expect_cut(port, bytes, 16); /* 16 MiB are announced */
    memcpy(bytes, header, 8);
    bytes[5] ^= 0x40;
    expect_cut(port, bytes, 8); /* another protocol */
}

static void test_malformed_handshakes_are_cut_and_counted(void **state)
{
    Fixture *f = *state;
    int ports[NET_ROLES];
    for (int i = 0; i < NET_ROLES; i++)
        listen_tcp(f, (NetRole)i, &ports[i]);
    int before = descriptors();
    check_malformed(ports[NET_DATA], header_sub);
    check_malformed(ports[NET_CONTROL], header_req);
    check_malformed(ports[NET_INTAKE], header_push);
    wait_counted(f, "data", 2);
    wait_counted(f, "control", 2);
    wait_counted(f, "intake", 2);
    wait_descriptors(f, before);
}

static void test_malformed_http_is_cut(void **state)
{
    Fixture *f = *state;
    static char headers[64 << 10];
    listen_ws(f);
    int before = descriptors();
    assert_has(ask(f, "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n"), "HTTP/1.1 505");
    assert_has(ask(f, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"), "HTTP/1.1 400");
    expect_cut(f->port, "\0\1\2\3\r\n\r\n\r\n", 10);
    memset(headers, 'x', sizeof headers);
    memcpy(headers, "GET / HTTP/1.1\r\nX: ", 19);
    expect_cut(f->port, headers, sizeof headers);
    static const char keyless[] = "GET /data HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    int fd = connect_to(f->port);
    f->size = 0;
    f->answer[0] = '\0';
    send_all(fd, keyless, sizeof keyless - 1);
    receive_until(f, fd, "HTTP/1.1 4");
    close(fd);
    /* The right handshake, then frames of a forged length; an unmasked one; one of no known kind. */
    static const uint8_t frames[][14] = {
        {0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4},
        {0x82, 5, 'h', 'e', 'l', 'l', 'o'},
        {0x8F, 0x80, 1, 2, 3, 4},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        fd = subscribe_by_hand(f);
        send_all(fd, frames[i], sizeof frames[i]);
        while (receive(f, fd))
            f->size = 0;
        close(fd);
    }
    wait_connections(f, 0);
    wait_descriptors(f, before);
}

static void abort_connections(int port, const void *bytes, size_t n)
{
    struct linger at_once = {.l_onoff = 1};
    for (int i = 0; i < ABORTS; i++) {
        int fd = connect_to(port);
        if (i % 3)
            send(fd, bytes, i % 3 == 1 ? n : n / 2, MSG_NOSIGNAL);
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
    }
}

static void test_aborted_connections(void **state)
{
    Fixture *f = *state;
    int data, control;
    listen_ws(f);
    listen_tcp(f, NET_DATA, &data);
    char url[NET_URL_ROOM];
    strcpy(url, f->bound);
    listen_tcp(f, NET_CONTROL, &control);
    int before = descriptors();
    int64_t used = memory_used();
    abort_connections(data, header_sub, sizeof header_sub);
    abort_connections(control, header_req, sizeof header_req);
    abort_connections(f->port, handshake, sizeof handshake - 1);
    wait_descriptors(f, before);
    wait_connections(f, 0);
    assert_true(memory_used() - used < MEMORY_MAX);

    /* Who behaves is served as ever. */
    NetLink peer = net_dial(f->net, NET_SUBSCRIBER, url, f->error);
    net_topic_add(f->net, peer, "", 0);
    int fd = subscribe_by_hand(f);
    wait_connections(f, 2);
    net_publish(f->net, "still here", 10);
    expect_frame(f, fd, "still here");
    close(fd);
    assert_has(get(f, "/healthz"), "HTTP/1.1 200");
}

/* Of a subscriber that does not read only the newest messages are kept, whatever is published. */
static void test_a_stopped_subscriber_costs_bounded_memory(void **state)
{
    Fixture *f = *state;
    static char bytes[16 << 10];
    int data;
    listen_tcp(f, NET_DATA, &data);
    int fd = connect_to(data);
    send_all(fd, header_sub, sizeof header_sub);
    wait_connections(f, 1);
    int64_t used = memory_used();
    for (int i = 0; i < 40000; i++) /* 640 MiB */
        net_publish(f->net, bytes, sizeof bytes);
    int64_t most = limit_default(LIMIT_QUEUE_MESSAGES) * (int64_t)sizeof bytes;
    assert_true(memory_used() - used < MEMORY_MAX + 2 * most);
    close(fd);
    wait_connections(f, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_pages), T(test_other_paths_and_methods), T(test_a_page_is_bounded), T(test_refused_addresses),
        T(test_close_under_load), T(test_a_bare_websocket_subscribes), T(test_malformed_handshakes_are_cut_and_counted),
        T(test_malformed_http_is_cut), T(test_aborted_connections), T(test_a_stopped_subscriber_costs_bounded_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
