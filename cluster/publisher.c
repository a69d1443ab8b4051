#include "cluster/publisher.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    WINDOW = 16, WINDOW_MAX = 64, BATCH = 256, ANSWER_MS = 20000, OPEN_MS = 3000, AGAIN_MS = 5, STOP_MS = 1000,
    MESSAGES_A_TURN = 64, MS = 1000000,
};

typedef struct Sent {
    uint64_t handle; /* 0 = to be asked again at `again` */
    int64_t again;
    char *bytes;
    size_t size;
    bool free;
} Sent;

struct Publisher {
    Memory *memory;
    PublisherOptions options;
    PublisherSink sink;
    PublisherState state;
    Net *net;
    NetLink link;
    FrameWriter *writer;
    uint64_t opening;        /* handle */
    uint64_t epoch, last, sequence;
    uint64_t first, next;    /* numbers of the frame at hand */
    Sent sent[WINDOW_MAX];
    uint32_t nsent;
    PublisherStats stats;
    char error[1024];
};

static int64_t monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void ask_open(Publisher *p)
{
    json_t *json = json_pack("{s:s,s:s,s:s}", "do", "publish", "network", p->options.network, "producer",
                             p->options.producer);
    char *bytes = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!bytes) {
        p->state = PUBLISHER_REFUSED;
        snprintf(p->error, sizeof p->error, "the names of network and producer are UTF-8");
        return;
    }
    p->opening = net_request(p->net, p->link, bytes, strlen(bytes), OPEN_MS, 0);
    free(bytes);
}

Publisher *publisher_new(Memory *memory, PublisherOptions options, PublisherSink sink, char error[NET_ERROR_ROOM])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    Publisher *p = memory_new(memory, sizeof *p);
    p->memory = memory;
    p->options = options;
    if (p->options.batch == 0)
        p->options.batch = BATCH;
    if (p->options.window == 0)
        p->options.window = WINDOW;
    if (p->options.window > WINDOW_MAX)
        p->options.window = WINDOW_MAX;
    p->sink = sink;
    p->epoch = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    p->stats.reasons = json_object();
    for (uint32_t i = 0; i < WINDOW_MAX; i++)
        p->sent[i].free = true;
    p->net = net_new(memory, (NetOptions){0});
    p->link = net_dial(p->net, NET_REQUESTER, options.url, error);
    if (p->link == NET_NO_LINK) {
        publisher_free(p);
        return NULL;
    }
    ask_open(p);
    return p;
}

static void refuse(Publisher *p, const char *error)
{
    p->state = PUBLISHER_REFUSED;
    snprintf(p->error, sizeof p->error, "%s", error ? error : "refused");
}

static void take_opening(Publisher *p, const json_t *answer)
{
    const char *channel = json_string_value(json_object_get(answer, "channel"));
    if (!answer) {
        p->state = PUBLISHER_GONE;
        return;
    }
    if (!json_is_true(json_object_get(answer, "ok")) || !channel) {
        refuse(p, json_string_value(json_object_get(answer, "error")));
        return;
    }
    p->last = (uint64_t)json_integer_value(json_object_get(answer, "last"));
    p->writer = frame_writer_new(p->memory, p->options.plan,
                                 (FrameOptions){
                                     .channel = strtoull(channel, NULL, 16),
                                     .producer = (uint32_t)json_integer_value(json_object_get(answer, "origin")),
                                     .epoch = p->epoch,
                                     .rows_max = p->options.batch,
                                 });
    p->state = PUBLISHER_OPEN;
}

static void send(Publisher *p, Sent *sent)
{
    sent->handle = net_request(p->net, p->link, sent->bytes, sent->size, ANSWER_MS, 0);
    if (!sent->handle)
        sent->again = monotonic() + AGAIN_MS * (int64_t)MS;
}

static void count_rejections(Publisher *p, const json_t *answer)
{
    const char *reason;
    json_t *count, *example;
    size_t i;
    json_object_foreach(json_object_get(answer, "rejected"), reason, count) {
        json_int_t before = json_integer_value(json_object_get(p->stats.reasons, reason));
        json_object_set_new(p->stats.reasons, reason, json_integer(before + json_integer_value(count)));
        p->stats.rejected += (uint64_t)json_integer_value(count);
    }
    json_array_foreach(json_object_get(answer, "examples"), i, example) {
        const char *detail = json_string_value(json_object_get(example, "detail"));
        reason = json_string_value(json_object_get(example, "reason"));
        if (reason && detail)
            p->sink.rejected(p->sink.owner, (uint64_t)json_integer_value(json_object_get(example, "line")), reason, detail);
    }
}

static void take_answer(Publisher *p, Sent *sent, const json_t *answer)
{
    sent->handle = 0;
    if (!answer) {
        p->state = PUBLISHER_GONE;
        return;
    }
    if (json_is_true(json_object_get(answer, "busy"))) {
        p->stats.busy++;
        sent->again = monotonic() + AGAIN_MS * (int64_t)MS;
        return;
    }
    if (!json_is_true(json_object_get(answer, "ok"))) {
        refuse(p, json_string_value(json_object_get(answer, "error")));
        return;
    }
    p->stats.rows += (uint64_t)json_integer_value(json_object_get(answer, "rows"));
    p->stats.duplicates += (uint64_t)json_integer_value(json_object_get(answer, "duplicates"));
    count_rejections(p, answer);
    free(sent->bytes);
    sent->bytes = NULL;
    sent->free = true;
    p->nsent--;
}

static void take_message(Publisher *p, const NetMessage *message)
{
    json_t *answer = NULL;
    if (message->kind != NET_REPLY)
        return;
    if (message->failure == NET_ANSWERED)
        answer = json_loadb((const char *)message->bytes, message->size, 0, NULL);
    if (message->handle == p->opening) {
        p->opening = 0;
        take_opening(p, answer);
    }
    for (uint32_t i = 0; i < WINDOW_MAX; i++)
        if (!p->sent[i].free && p->sent[i].handle == message->handle)
            take_answer(p, &p->sent[i], answer);
    json_decref(answer);
}

PublisherState publisher_turn(Publisher *p, uint32_t wait_ms)
{
    NetMessage messages[MESSAGES_A_TURN];
    bool waits = false;
    for (uint32_t i = 0; i < WINDOW_MAX; i++)
        waits |= !p->sent[i].free && !p->sent[i].handle;
    net_wait(p->net, waits && wait_ms > AGAIN_MS ? AGAIN_MS : wait_ms);
    uint32_t n = net_take(p->net, messages, MESSAGES_A_TURN);
    for (uint32_t i = 0; i < n; i++) {
        take_message(p, &messages[i]);
        net_message_free(&messages[i]);
    }
    int64_t now = monotonic();
    for (uint32_t i = 0; i < WINDOW_MAX && p->state == PUBLISHER_OPEN; i++)
        if (!p->sent[i].free && !p->sent[i].handle && p->sent[i].again <= now)
            send(p, &p->sent[i]);
    return p->state;
}

uint64_t publisher_last(const Publisher *p)
{
    return p->last;
}

static bool has_window(const Publisher *p)
{
    return p->nsent < p->options.window;
}

bool publisher_has_room(const Publisher *p)
{
    return p->state == PUBLISHER_OPEN && has_window(p);
}

static void send_frame(Publisher *p, FrontierKind frontier)
{
    assert(has_window(p));
    FrameStamp stamp = {.frontier = frontier, .first = p->first};
    if (frame_writer_count(p->writer))
        p->sequence++;
    stamp.sequence = p->sequence;
    Text message = frame_writer_take(p->writer, stamp);
    for (uint32_t i = 0; i < WINDOW_MAX; i++) {
        Sent *sent = &p->sent[i];
        if (!sent->free)
            continue;
        *sent = (Sent){.bytes = malloc(message.len), .size = message.len};
        if (!sent->bytes)
            abort();
        memcpy(sent->bytes, message.p, message.len);
        p->nsent++;
        p->stats.frames++;
        send(p, sent);
        return;
    }
}

/* A frame's numbers follow one another. */
static void begin(Publisher *p, uint64_t number)
{
    uint32_t count = frame_writer_count(p->writer);
    if (count && (number != p->next || frame_writer_full(p->writer)))
        send_frame(p, FRONTIER_NONE);
    if (!frame_writer_count(p->writer))
        p->first = number;
    p->next = number + 1;
}

bool publisher_line(Publisher *p, Text line, uint64_t number)
{
    begin(p, number);
    return frame_writer_line(p->writer, line);
}

bool publisher_row(Publisher *p, const Rows *rows, uint32_t row, uint64_t number)
{
    begin(p, number);
    return frame_writer_row(p->writer, rows, row, NULL);
}

void publisher_flush(Publisher *p)
{
    if (p->writer && frame_writer_count(p->writer) && has_window(p))
        send_frame(p, FRONTIER_NONE);
}

void publisher_end(Publisher *p)
{
    send_frame(p, FRONTIER_END);
}

uint32_t publisher_open(const Publisher *p)
{
    return p->nsent + (p->writer ? frame_writer_count(p->writer) : 0);
}

int publisher_descriptor(const Publisher *p)
{
    return net_descriptor(p->net);
}

PublisherStats publisher_stats(const Publisher *p)
{
    return p->stats;
}

const char *publisher_error(const Publisher *p)
{
    return p->error;
}

bool publisher_free(Publisher *p)
{
    for (uint32_t i = 0; i < WINDOW_MAX; i++)
        free(p->sent[i].bytes);
    frame_writer_free(p->writer);
    json_decref(p->stats.reasons);
    if (!net_stop(p->net, STOP_MS))
        return false;
    memory_free(p->memory, p, sizeof *p);
    return true;
}
