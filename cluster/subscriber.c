#include "cluster/subscriber.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster/foreign.h"
#include "cluster/frontier_json.h"
#include "cluster/tail.h"

enum {
    NODES_MAX = 64, STREAMS_MAX = 16384, MESSAGES_A_TURN = 64, NAME_ROOM = 512,
    RESOLVE_MS = 500, ANSWER_MS = 1000, SILENT_MS = 6000, STOP_MS = 1000, MS = 1000000,
};

/* The rows of one frame as lines; they wait for their turn. */
typedef struct Lines {
    struct Lines *next;
    Memory memory;
    Arena arena;
    OrderKey *keys;
    Text *texts;
    uint32_t n, at;
} Lines;

typedef struct Stream {
    uint32_t node;            /* which publishes it */
    uint64_t channel, epoch;
    char topic[NAME_ROOM], network[NAME_ROOM];
    Tail tail;
    FrontierKind frontier;
    OrderKey below;
    Lines *first, *last;
    bool asked;               /* for what is missing */
    bool listed;              /* the node has it still */
    FrontierKind promised;    /* what the node said of the frames up to `promised_at` */
    OrderKey promised_below;
    uint64_t promised_at;
} Stream;

typedef struct Far {
    char control[NET_URL_ROOM], data[NET_URL_ROOM], name[NAME_ROOM];
    NetLink requester, subscriber;
    uint64_t resolving;       /* handle; 0 = not asked */
    int64_t resolved;         /* monotonic ns: when it was asked last */
    int64_t heard;
    bool answered, silent;
} Far;

struct Subscriber {
    Memory *memory;
    SubscriberOptions options;
    SubscriberSink sink;
    Net *net;
    Foreign *foreign;
    Far nodes[NODES_MAX];
    uint32_t nnodes;
    Stream **streams;
    uint32_t nstreams;
    struct ReplayOpen {
        uint64_t handle;
        Stream *stream;
    } *replays;
    uint32_t nreplays;
    bool reached, enough, told;
    int64_t now;
    uint64_t lines;
};

static int64_t monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void say(Subscriber *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(Subscriber *s, const char *format, ...)
{
    char sentence[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    s->sink.say(s->sink.owner, sentence);
}

/* ── Nodes ── */

static bool far_add(Subscriber *s, const char *control, char error[NET_ERROR_ROOM])
{
    for (uint32_t i = 0; i < s->nnodes; i++)
        if (strcmp(s->nodes[i].control, control) == 0)
            return true;
    if (s->nnodes == NODES_MAX) {
        snprintf(error, NET_ERROR_ROOM, "more than %d nodes", NODES_MAX);
        return false;
    }
    NetLink link = net_dial(s->net, NET_REQUESTER, control, error);
    if (link == NET_NO_LINK)
        return false;
    Far *far = &s->nodes[s->nnodes++];
    *far = (Far){.requester = link, .heard = s->now};
    snprintf(far->control, sizeof far->control, "%s", control);
    return true;
}

static uint64_t request(Subscriber *s, NetLink link, json_t *take)
{
    char *bytes = json_dumps(take, JSON_COMPACT);
    json_decref(take);
    if (!bytes)
        abort();
    uint64_t handle = net_request(s->net, link, bytes, strlen(bytes), ANSWER_MS, 0);
    free(bytes);
    return handle;
}

static void resolve(Subscriber *s, Far *far)
{
    json_t *topics = json_array();
    for (uint32_t i = 0; i < s->options.ntopics; i++)
        json_array_append_new(topics, json_string(s->options.topics[i]));
    far->resolved = s->now;
    far->resolving = request(s, far->requester, json_pack("{s:s,s:o}", "do", "subscribe", "topics", topics));
}

/* ── Streams ── */

static Stream *stream_find(const Subscriber *s, uint32_t node, uint64_t channel, uint64_t epoch)
{
    for (uint32_t i = 0; i < s->nstreams; i++)
        if (s->streams[i]->node == node && s->streams[i]->channel == channel && s->streams[i]->epoch == epoch)
            return s->streams[i];
    return NULL;
}

static Stream *stream_newest(const Subscriber *s, uint32_t node, uint64_t channel)
{
    Stream *newest = NULL;
    for (uint32_t i = 0; i < s->nstreams; i++) {
        Stream *stream = s->streams[i];
        if (stream->node == node && stream->channel == channel && (!newest || stream->epoch > newest->epoch))
            newest = stream;
    }
    return newest;
}

/* Where to begin: a stream that is found later, or that follows an earlier one, is heard from its first frame. */
static uint64_t first_wanted(const Subscriber *s, uint64_t first, uint64_t last, bool late)
{
    if (late || s->options.start == SUBSCRIBER_FIRST)
        return 1;
    if (s->options.start == SUBSCRIBER_FROM)
        return s->options.sequence;
    (void)first;
    return last + 1;
}

static void stream_open(Subscriber *s, uint32_t node, const json_t *channel, bool late)
{
    const char *id = json_string_value(json_object_get(channel, "channel"));
    const char *topic = json_string_value(json_object_get(channel, "topic"));
    const char *network = json_string_value(json_object_get(channel, "network"));
    uint64_t epoch = (uint64_t)json_integer_value(json_object_get(channel, "epoch"));
    uint64_t first = (uint64_t)json_integer_value(json_object_get(channel, "first"));
    uint64_t last = (uint64_t)json_integer_value(json_object_get(channel, "last"));
    if (!id || !topic || !network || s->nstreams == STREAMS_MAX)
        return;
    uint64_t number = strtoull(id, NULL, 16);
    Stream *known = stream_find(s, node, number, epoch);
    if (known)
        known->listed = true;
    if (known)
        return;
    bool follows = stream_newest(s, node, number) != NULL;
    Stream *stream = memory_new(s->memory, sizeof *stream);
    stream->node = node;
    stream->channel = number;
    stream->epoch = epoch;
    stream->listed = true;
    snprintf(stream->topic, sizeof stream->topic, "%s", topic);
    snprintf(stream->network, sizeof stream->network, "%s", network);
    tail_init(&stream->tail, epoch, first_wanted(s, first, last, late || follows));
    if (stream->tail.last < last)
        stream->tail.last = last;
    stream->promised_at = last;
    if (json_is_true(json_object_get(channel, "ended")))
        stream->promised = FRONTIER_END;
    else if (frontier_read(json_object_get(channel, "below"), &stream->promised_below))
        stream->promised = FRONTIER_KEY;
    s->streams = memory_resize(s->memory, s->streams, s->nstreams * sizeof *s->streams,
                               (s->nstreams + 1) * sizeof *s->streams);
    s->streams[s->nstreams++] = stream;
    char bytes[FRAME_TOPIC];
    frame_topic(number, bytes);
    net_topic_add(s->net, s->nodes[node].subscriber, bytes, sizeof bytes);
}

static void lines_free(Lines *lines)
{
    arena_fini(&lines->arena);
    free(lines);
}

static void stream_free(Subscriber *s, Stream *stream)
{
    for (Lines *lines; (lines = stream->first);) {
        stream->first = lines->next;
        lines_free(lines);
    }
    tail_fini(&stream->tail);
    memory_free(s->memory, stream, sizeof *stream);
}

/* ── What a node answers ── */

static void take_networks(Subscriber *s, const json_t *networks)
{
    const char *network;
    json_t *nodes;
    char error[NET_ERROR_ROOM];
    json_object_foreach((json_t *)networks, network, nodes)
        for (size_t i = 0; i < json_array_size(nodes); i++) {
            const char *control = json_string_value(json_object_get(json_array_get(nodes, i), "control"));
            const char *name = json_string_value(json_object_get(json_array_get(nodes, i), "name"));
            bool known = !control || !*control || !name;
            for (uint32_t k = 0; k < s->nnodes && !known; k++)
                known = strcmp(s->nodes[k].name, name) == 0;
            if (!known)
                far_add(s, control, error);
        }
}

static void take_resolution(Subscriber *s, Far *far, const json_t *answer)
{
    const char *data = json_string_value(json_object_get(answer, "data"));
    const char *name = json_string_value(json_object_get(answer, "node"));
    const json_t *channels = json_object_get(answer, "channels");
    char error[NET_ERROR_ROOM];
    if (!json_is_true(json_object_get(answer, "ok")) || !data || !name) {
        const char *said = json_string_value(json_object_get(answer, "error"));
        say(s, "%s: %s", far->control, said ? said : "it does not answer as a node does");
        return;
    }
    bool late = far->answered;
    for (uint32_t i = 0; i < s->nnodes; i++)
        if (&s->nodes[i] != far && s->nodes[i].answered && strcmp(s->nodes[i].name, name) == 0)
            return; /* the same node at another address */
    if (strcmp(far->data, data) != 0) {
        if (far->subscriber != NET_NO_LINK)
            net_hang_up(s->net, far->subscriber);
        far->subscriber = net_dial(s->net, NET_SUBSCRIBER, data, error);
        if (far->subscriber == NET_NO_LINK)
            say(s, "%s publishes at %s: %s", name, data, error);
        snprintf(far->data, sizeof far->data, "%s", data);
    }
    snprintf(far->name, sizeof far->name, "%s", name);
    far->answered = s->reached = true;
    far->heard = s->now;
    uint32_t node = (uint32_t)(far - s->nodes);
    for (uint32_t i = 0; i < s->nstreams; i++)
        s->streams[i]->listed &= s->streams[i]->node != node;
    for (size_t i = 0; i < json_array_size(channels); i++)
        stream_open(s, node, json_array_get(channels, i), late);
    take_networks(s, json_object_get(answer, "networks"));
    if (s->nstreams == 0 && !s->told) {
        say(s, "nothing is in service that fits; waiting");
        s->told = true;
    }
}

/* ── Frames ── */

static void queue_rows(Subscriber *s, Stream *stream, const Frame *frame)
{
    FrameError error = foreign_read(s->foreign, frame);
    if (error != FRAME_OK) {
        say(s, "a frame of %s is refused: %s", stream->topic, frame_error_text(error));
        return;
    }
    Lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        abort();
    arena_init(&lines->arena, &lines->memory);
    lines->n = foreign_count(s->foreign);
    lines->keys = ARENA_ARRAY(&lines->arena, OrderKey, lines->n);
    lines->texts = ARENA_ARRAY(&lines->arena, Text, lines->n);
    Out out;
    out_init(&out, &lines->memory, -1);
    for (uint32_t i = 0; i < lines->n; i++) {
        out_clear(&out);
        foreign_json(s->foreign, i, &out);
        lines->texts[i] = arena_text(&lines->arena, (Text){out.bytes, (uint32_t)out.n});
        lines->keys[i] = order_copy(foreign_key(s->foreign, i), &lines->arena);
    }
    out_fini(&out);
    if (stream->last)
        stream->last->next = lines;
    else
        stream->first = lines;
    stream->last = lines;
}

/* Lines of text have no order; they come out as they arrive. */
static void give_texts(Subscriber *s, const Stream *stream, Text body)
{
    while (body.len && !s->enough) {
        const char *end = memchr(body.p, '\n', body.len);
        uint32_t n = end ? (uint32_t)(end - body.p) : body.len;
        char *line = malloc(n + 1);
        if (!line)
            abort();
        memcpy(line, body.p, n);
        line[n] = '\n';
        s->enough = !s->sink.line(s->sink.owner, text_of(stream->topic), (Text){line, n + 1});
        s->lines++;
        free(line);
        n += end != NULL;
        body = (Text){body.p + n, body.len - n};
    }
}

/* What the node said when it was asked holds once everything up to there has come. */
static void note_promise(Stream *stream)
{
    if (stream->promised == FRONTIER_NONE || stream->tail.next <= stream->promised_at)
        return;
    stream->frontier = stream->promised;
    stream->below = stream->promised_below;
    stream->promised = FRONTIER_NONE;
}

static bool deliver(Subscriber *s, Stream *stream, const Frame *frame)
{
    if (tail_see(&stream->tail, frame) != TAIL_DELIVER)
        return false;
    if (frame->kind == FRAME_EVENTS)
        queue_rows(s, stream, frame);
    if (frame->kind == FRAME_LINES)
        give_texts(s, stream, frame->body);
    if (frame->frontier != FRONTIER_NONE) {
        stream->frontier = frame->frontier;
        stream->below = frame->below;
    }
    return true;
}

static void drain_kept(Subscriber *s, Stream *stream)
{
    NetMessage kept;
    Frame frame;
    while (tail_kept(&stream->tail, &kept)) {
        if (frame_open(&frame, (Text){(const char *)kept.bytes, (uint32_t)kept.size}) == FRAME_OK)
            deliver(s, stream, &frame);
        net_message_free(&kept);
    }
}

static void mend(Subscriber *s, Stream *stream)
{
    uint64_t from, to;
    if (stream->asked || !tail_missing(&stream->tail, &from, &to))
        return;
    char channel[17];
    snprintf(channel, sizeof channel, "%016llx", (unsigned long long)stream->channel);
    uint64_t handle = request(s, s->nodes[stream->node].requester,
                              json_pack("{s:s,s:s,s:I,s:I,s:I}", "do", "replay", "channel", channel, "epoch",
                                        (json_int_t)stream->epoch, "from", (json_int_t)from, "to", (json_int_t)to));
    if (!handle)
        return;
    stream->asked = true;
    s->replays = memory_resize(s->memory, s->replays, s->nreplays * sizeof *s->replays,
                               (s->nreplays + 1) * sizeof *s->replays);
    s->replays[s->nreplays].handle = handle;
    s->replays[s->nreplays++].stream = stream;
}

static void take_replay(Subscriber *s, Stream *stream, Text answer)
{
    Replay replay;
    Frame frame;
    stream->asked = false;
    if (!replay_open(&replay, answer)) {
        uint64_t from, to;
        /* The node is back without what it had. */
        if (answer.len && tail_missing(&stream->tail, &from, &to)) {
            s->sink.gap(s->sink.owner, text_of(stream->topic), text_of(s->nodes[stream->node].name), from, to);
            tail_skip(&stream->tail, to + 1);
        }
        return;
    }
    if (replay.gone) {
        s->sink.gap(s->sink.owner, text_of(stream->topic), text_of(s->nodes[stream->node].name), replay.first - replay.gone,
                    replay.first - 1);
        tail_skip(&stream->tail, replay.first);
    }
    for (Text bytes; replay_next(&replay, &bytes);)
        if (frame_open(&frame, bytes) == FRAME_OK && deliver(s, stream, &frame))
            stream->tail.repaired++;
    drain_kept(s, stream);
    mend(s, stream);
}

static void take_frame(Subscriber *s, NetMessage *message)
{
    Frame frame;
    if (frame_open(&frame, (Text){(const char *)message->bytes, (uint32_t)message->size}) != FRAME_OK)
        return;
    uint32_t node = 0;
    while (node < s->nnodes && s->nodes[node].subscriber != message->link)
        node++;
    if (node == s->nnodes)
        return;
    s->nodes[node].heard = s->now;
    Stream *stream = stream_find(s, node, frame.channel, frame.epoch);
    if (!stream) { /* a deployment that the node has not told of yet */
        s->nodes[node].resolved = 0;
        return;
    }
    uint64_t before = stream->tail.next;
    bool delivered = deliver(s, stream, &frame);
    if (delivered && frame.frontier != FRONTIER_NONE)
        stream->promised = FRONTIER_NONE; /* this is newer */
    if (delivered)
        drain_kept(s, stream);
    else if (frame.kind != FRAME_HEARTBEAT && frame.sequence > before)
        tail_keep(&stream->tail, frame.sequence, message);
    mend(s, stream);
}

static void take_reply(Subscriber *s, const NetMessage *message)
{
    Text answer = {0};
    if (message->failure == NET_ANSWERED)
        answer = (Text){(const char *)message->bytes, (uint32_t)message->size};
    for (uint32_t i = 0; i < s->nreplays; i++)
        if (s->replays[i].handle == message->handle) {
            Stream *stream = s->replays[i].stream;
            uint32_t n = s->nreplays--;
            s->replays[i] = s->replays[s->nreplays];
            s->replays = memory_resize(s->memory, s->replays, n * sizeof *s->replays, s->nreplays * sizeof *s->replays);
            take_replay(s, stream, answer);
            return;
        }
    for (uint32_t i = 0; i < s->nnodes; i++)
        if (s->nodes[i].resolving == message->handle) {
            s->nodes[i].resolving = 0;
            json_t *json = answer.len ? json_loadb(answer.p, answer.len, 0, NULL) : NULL;
            if (json)
                take_resolution(s, &s->nodes[i], json);
            json_decref(json);
            return;
        }
}

/* ── The merge ── */

/* Whether a stream may still give something before the key. */
static bool holds(const Subscriber *s, const Stream *stream, const OrderKey *key)
{
    if (stream->first)
        return order_compare(&stream->first->keys[stream->first->at], key) < 0;
    if (stream->frontier == FRONTIER_END || !stream->listed || s->nodes[stream->node].silent)
        return false;
    return stream->frontier != FRONTIER_KEY || order_compare(&stream->below, key) <= 0;
}

static bool may_go(const Subscriber *s, const Stream *stream)
{
    const OrderKey *key = &stream->first->keys[stream->first->at];
    for (uint32_t i = 0; i < s->nstreams; i++) {
        const Stream *other = s->streams[i];
        if (other != stream && strcmp(other->network, stream->network) == 0 && holds(s, other, key))
            return false;
    }
    return true;
}

static void give_first(Subscriber *s, Stream *stream)
{
    Lines *lines = stream->first;
    s->enough = !s->sink.line(s->sink.owner, text_of(stream->topic), lines->texts[lines->at++]);
    s->lines++;
    if (lines->at < lines->n)
        return;
    stream->first = lines->next;
    if (!stream->first)
        stream->last = NULL;
    lines_free(lines);
}

/* Whether it is known of every node what it publishes: one that has yet to say may have what comes first. */
static bool all_told(const Subscriber *s)
{
    for (uint32_t i = 0; i < s->nnodes; i++)
        if (!s->nodes[i].answered && !s->nodes[i].silent)
            return false;
    return true;
}

static void give(Subscriber *s)
{
    bool moved = all_told(s);
    while (moved && !s->enough) {
        moved = false;
        for (uint32_t i = 0; i < s->nstreams && !s->enough; i++)
            while (s->streams[i]->first && !s->enough && may_go(s, s->streams[i])) {
                give_first(s, s->streams[i]);
                moved = true;
            }
    }
}

/* ── In and out ── */

Subscriber *subscriber_new(Memory *memory, SubscriberOptions options, SubscriberSink sink, char error[NET_ERROR_ROOM])
{
    Subscriber *s = memory_new(memory, sizeof *s);
    s->memory = memory;
    s->options = options;
    s->sink = sink;
    s->now = monotonic();
    s->net = net_new(memory, (NetOptions){.insecure = options.insecure});
    s->foreign = foreign_new(memory);
    for (uint32_t i = 0; i < options.nurls; i++)
        if (!far_add(s, options.urls[i], error)) {
            subscriber_free(s);
            return NULL;
        }
    return s;
}

static void note_silence(Subscriber *s, Far *far)
{
    bool silent = s->now - far->heard >= SILENT_MS * (int64_t)MS;
    const char *who = *far->name ? far->name : far->control;
    if (silent && !far->silent)
        say(s, "node %s does not answer; the others go on without it", who);
    if (!silent && far->silent)
        say(s, "node %s answers again", who);
    far->silent = silent;
}

/* A stream that a later deployment has replaced goes when all of it came out. */
static void drop_replaced(Subscriber *s)
{
    for (uint32_t i = 0; i < s->nstreams;) {
        Stream *stream = s->streams[i];
        uint64_t from, to;
        bool replaced = stream_newest(s, stream->node, stream->channel) != stream;
        bool over = stream->frontier == FRONTIER_END || !stream->listed;
        if (!replaced || !over || stream->first || stream->asked ||
            tail_missing(&stream->tail, &from, &to)) {
            i++;
            continue;
        }
        stream_free(s, stream);
        s->streams[i] = s->streams[s->nstreams - 1];
        s->streams = memory_resize(s->memory, s->streams, s->nstreams * sizeof *s->streams,
                                   (s->nstreams - 1) * sizeof *s->streams);
        s->nstreams--;
    }
}

bool subscriber_turn(Subscriber *s, uint32_t wait_ms)
{
    NetMessage messages[MESSAGES_A_TURN];
    net_wait(s->net, wait_ms);
    uint32_t n = net_take(s->net, messages, MESSAGES_A_TURN);
    s->now = monotonic();
    for (uint32_t i = 0; i < n; i++) {
        if (messages[i].kind == NET_FRAME)
            take_frame(s, &messages[i]);
        if (messages[i].kind == NET_REPLY)
            take_reply(s, &messages[i]);
        net_message_free(&messages[i]);
    }
    for (uint32_t i = 0; i < s->nnodes; i++) {
        Far *far = &s->nodes[i];
        bool due = s->now - far->resolved >= RESOLVE_MS * (int64_t)MS;
        if (due && !far->resolving)
            resolve(s, far);
        note_silence(s, far);
    }
    for (uint32_t i = 0; i < s->nstreams; i++) {
        mend(s, s->streams[i]);
        note_promise(s->streams[i]);
    }
    give(s);
    drop_replaced(s);
    return !s->enough;
}

int subscriber_descriptor(const Subscriber *s)
{
    return net_descriptor(s->net);
}

bool subscriber_reached(const Subscriber *s)
{
    return s->reached;
}

bool subscriber_ended(const Subscriber *s)
{
    for (uint32_t i = 0; i < s->nstreams; i++) {
        const Stream *stream = s->streams[i];
        uint64_t from, to;
        bool over = stream->frontier == FRONTIER_END || !stream->listed;
        if (!over || stream->first || tail_missing(&stream->tail, &from, &to))
            return false;
    }
    return s->nstreams > 0 && all_told(s);
}

SubscriberStats subscriber_stats(const Subscriber *s)
{
    SubscriberStats stats = {.lines = s->lines, .streams = s->nstreams};
    for (uint32_t i = 0; i < s->nstreams; i++) {
        const Tail *tail = &s->streams[i]->tail;
        stats.frames += tail->delivered;
        stats.duplicates += tail->duplicates;
        stats.repaired += tail->repaired;
        stats.lost += tail->lost;
    }
    return stats;
}

bool subscriber_free(Subscriber *s)
{
    for (uint32_t i = 0; i < s->nstreams; i++)
        stream_free(s, s->streams[i]);
    memory_free(s->memory, s->streams, s->nstreams * sizeof *s->streams);
    memory_free(s->memory, s->replays, s->nreplays * sizeof *s->replays);
    foreign_free(s->foreign);
    if (!net_stop(s->net, STOP_MS))
        return false;
    memory_free(s->memory, s, sizeof *s);
    return true;
}
