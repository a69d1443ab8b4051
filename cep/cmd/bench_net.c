/* Two processes: this one publishes, its child subscribes and counts in memory that both see. The child is forked before
 * the first call of the network library, whose threads would stay behind. */
#include "cep/cmd/bench_net.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cluster/net.h"

enum { EVENTS = 128, EVENT_BYTES = 100, FRAME_BYTES = EVENTS * EVENT_BYTES, WINDOW = 512, PASSES_MAX = 100,
       PASS_MS = 1000, STUCK_MS = 10000, STOP_MS = 2000, TAKEN = 64 };

typedef struct Shared {
    char url[NET_URL_ROOM];
    _Atomic bool listening, over;
    _Atomic uint64_t received, lost;
} Shared;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void rest(void)
{
    struct timespec moment = {.tv_nsec = 20000};
    nanosleep(&moment, NULL);
}

static void count_frames(Shared *shared, NetMessage *messages, uint32_t n, uint64_t *last)
{
    uint64_t number, lost = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (messages[i].kind == NET_FRAME && messages[i].size == FRAME_BYTES) {
            memcpy(&number, messages[i].bytes, sizeof number);
            lost += number - *last - 1;
            *last = number;
        }
        net_message_free(&messages[i]);
    }
    shared->lost += lost;
    shared->received = *last;
}

/* The child. */
static void subscribe(Shared *shared)
{
    Memory memory = {0};
    NetMessage messages[TAKEN];
    char error[NET_ERROR_ROOM];
    uint64_t last = 0;
    while (!shared->listening && !shared->over)
        rest();
    Net *net = net_new(&memory, (NetOptions){0});
    NetLink link = shared->over ? NET_NO_LINK : net_dial(net, NET_SUBSCRIBER, shared->url, error);
    if (link)
        net_topic_add(net, link, "", 0);
    while (link && !shared->over) {
        net_wait(net, 100);
        uint32_t n;
        while ((n = net_take(net, messages, TAKEN)))
            count_frames(shared, messages, n, &last);
    }
    _exit(0);
}

/* Publishes for a while; returns frames received per second, 0 = stuck. */
static double run_pass(Net *net, Shared *shared, uint64_t *sent)
{
    static uint8_t frame[FRAME_BYTES];
    uint64_t before = shared->received;
    int64_t start = now_ms(), moved = start, now;
    while ((now = now_ms()) - start < PASS_MS) {
        if (*sent - shared->received >= WINDOW) {
            if (now - moved > STUCK_MS)
                return 0;
            rest();
            continue;
        }
        moved = now;
        for (int i = 0; i < 16; i++) {
            ++*sent;
            memcpy(frame, sent, sizeof *sent);
            net_publish(net, frame, sizeof frame);
        }
    }
    return (double)(shared->received - before) * 1000 / (double)(now - start);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(Json *json, double frames, uint64_t lost)
{
    double bytes = frames * FRAME_BYTES, events = frames * EVENTS;
    if (!json) {
        printf("net     %.0f frames/s  %.2f M events/s  %.0f MB/s  %llu lost\n", frames, events / 1e6, bytes / 1e6,
               (unsigned long long)lost);
        return;
    }
    json_open(json, NULL, '{');
    json_cstring(json, "id", "net");
    json_float(json, "frames_per_second", frames);
    json_float(json, "events_per_second", events);
    json_float(json, "bytes_per_second", bytes);
    json_int(json, "lost", (int64_t)lost);
    json_bool(json, "ok", lost == 0);
    json_close(json, '}');
}

/* The parent's part. Returns the median of the passes after the one that warms up; 0 = failed. */
static double publish(Net *net, Shared *shared, unsigned passes)
{
    char error[NET_ERROR_ROOM];
    double rates[PASSES_MAX + 1];
    uint64_t sent = 0;
    if (!net_listen(net, NET_DATA, "tcp://127.0.0.1:0", shared->url, error)) {
        fprintf(stderr, "%s\n", error);
        return 0;
    }
    shared->listening = true;
    int64_t until = now_ms() + STUCK_MS;
    while (!net_connections(net, NET_DATA) && now_ms() < until)
        rest();
    for (unsigned pass = 0; pass <= passes; pass++)
        if ((rates[pass] = run_pass(net, shared, &sent)) == 0)
            return 0;
    qsort(rates + 1, passes, sizeof *rates, by_value);
    return rates[1 + passes / 2];
}

bool bench_net(unsigned passes, Json *json)
{
    Shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return false;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        subscribe(shared);
    Memory memory = {0};
    Net *net = net_new(&memory, (NetOptions){0});
    double frames = child > 0 ? publish(net, shared, passes) : 0;
    shared->over = true;
    if (child > 0)
        waitpid(child, NULL, 0);
    bool stopped = net_stop(net, STOP_MS);
    uint64_t lost = shared->lost;
    munmap(shared, sizeof *shared);
    if (frames == 0)
        fprintf(stderr, "net: nothing came through\n");
    else
        print(json, frames, lost);
    return frames > 0 && lost == 0 && stopped;
}
