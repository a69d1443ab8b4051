/* The header of a frame, little-endian, behind the topic:
 *
 *    0 "CEPF"          4 CRC-32C of all that follows
 *    8 version 9 kind 10 flags          12 producer
 *   16 epoch          24 sequence       32 first event
 *   40 count          44 frontier: what 45 kind 46 hashes a row
 *   48 frontier: origin                 52 bytes of the dictionary
 *   56 frontier: time 64 frontier: sequence         72 plan version
 *   80 bytes of keys  84 bytes of the body          88 zeros, for later
 *
 * Everything that is not used is zero, and refused otherwise, so that a later version can use it. */
#include "cluster/frame.h"

#include <assert.h>

#include "cluster/crc32c.h"
#include "cluster/frame_layout.h"
#include "cluster/limits.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const struct {
    const char *word, *text;
} errors[FRAME_ERRORS] = {
    [FRAME_OK] = {"ok", "it is a frame"},
#define X(name, word, text) [FRAME_BAD_##name] = {word, text},
#include "cluster/frame.def"
};

const char *frame_error_word(FrameError error)
{
    assert(error < FRAME_ERRORS);
    return errors[error].word;
}

const char *frame_error_text(FrameError error)
{
    assert(error < FRAME_ERRORS);
    return errors[error].text;
}

uint64_t frame_channel(Text name)
{
    return XXH3_64bits(name.p, name.len);
}

void frame_topic(uint64_t channel, char topic[FRAME_TOPIC])
{
    for (int i = 0; i < FRAME_TOPIC - 1; i++)
        topic[i] = "0123456789abcdef"[channel >> (60 - 4 * i) & 15];
    topic[FRAME_TOPIC - 1] = ':';
}

static bool topic_read(const char *topic, uint64_t *channel)
{
    *channel = 0;
    for (int i = 0; i < FRAME_TOPIC - 1; i++) {
        char c = topic[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        *channel = *channel << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return topic[FRAME_TOPIC - 1] == ':';
}

/* ── The parts of the header ── */

static FrameError flags_check(const Frame *frame)
{
    bool keys = frame->flags & FRAME_KEYS, ordered = frame->flags & FRAME_ORDERED;
    if (frame->flags & ~(uint32_t)(FRAME_KEYS | FRAME_ORDERED | FRAME_FINAL_IDS))
        return FRAME_BAD_FLAGS;
    if ((frame->flags && frame->kind != FRAME_EVENTS) || ((frame->flags & FRAME_FINAL_IDS) && !ordered))
        return FRAME_BAD_FLAGS;
    if (keys != (frame->nhashes > 0) || frame->nhashes > FRAME_HASHES_MAX)
        return FRAME_BAD_FLAGS;
    return FRAME_OK;
}

/* A timer's key has no sequence, but a pointer in its place. */
static FrameError frontier_read(Frame *frame, const char *header)
{
    uint8_t what = (uint8_t)header[HEADER_FRONTIER], kind = (uint8_t)header[HEADER_FRONTIER_KIND];
    int64_t time = (int64_t)read_u64(header + HEADER_FRONTIER_TIME);
    uint32_t origin = read_u32(header + HEADER_FRONTIER_ORIGIN);
    uint64_t sequence = read_u64(header + HEADER_FRONTIER_SEQUENCE);
    if (what > FRONTIER_END || kind > ORDER_TIMER_INCLUSIVE || (kind != ORDER_EVENT && sequence) ||
        (what != FRONTIER_KEY && (time || kind || origin)))
        return FRAME_BAD_FRONTIER;
    frame->frontier = (FrontierKind)what;
    frame->below = (OrderKey){.time = time, .kind = kind, .origin = origin};
    if (kind == ORDER_EVENT)
        frame->below.sequence = sequence;
    return FRAME_OK;
}

/* Where the parts stand; their lengths are the message's. */
static FrameError parts_read(Frame *frame, Text message)
{
    const char *header = message.p + FRAME_TOPIC;
    uint32_t left = message.len - FRAME_TOPIC - FRAME_HEADER;
    uint32_t dictionary = read_u32(header + HEADER_DICTIONARY), keys = read_u32(header + HEADER_KEYS),
             body = read_u32(header + HEADER_BODY);
    if ((uint64_t)dictionary + keys + body != left)
        return FRAME_BAD_LENGTH;
    if (dictionary > limit_default(LIMIT_FRAME_DICTIONARY))
        return FRAME_BAD_DICTIONARY;
    if (frame->kind != FRAME_EVENTS && (dictionary || keys))
        return FRAME_BAD_LENGTH;
    frame->dictionary = (Text){header + FRAME_HEADER, dictionary};
    frame->keys = (Text){frame->dictionary.p + dictionary, keys};
    frame->body = (Text){frame->keys.p + keys, body};
    return FRAME_OK;
}

/* Each line ends with a newline, and each row takes a byte. */
static FrameError count_check(const Frame *frame)
{
    uint64_t keys = frame->flags & FRAME_KEYS ? (uint64_t)frame->count * 4 * (1 + frame->nhashes) : 0;
    const char *end = frame->body.p + frame->body.len;
    uint32_t lines = 0;
    if (frame->count > limit_default(LIMIT_FRAME_ROWS))
        return FRAME_BAD_COUNT;
    if (frame->kind == FRAME_HEARTBEAT)
        return frame->count ? FRAME_BAD_COUNT : frame->body.len ? FRAME_BAD_LENGTH : FRAME_OK;
    if (frame->kind == FRAME_EVENTS)
        return frame->keys.len != keys ? FRAME_BAD_LENGTH : frame->count > frame->body.len ? FRAME_BAD_COUNT : FRAME_OK;
    for (const char *p = frame->body.p, *stop; p < end; p = stop + 1, lines++)
        if (!(stop = memchr(p, '\n', (size_t)(end - p))))
            return FRAME_BAD_COUNT;
    return lines == frame->count ? FRAME_OK : FRAME_BAD_COUNT;
}

/* What the topic, the magic and the checksum say. */
static FrameError envelope_check(Frame *frame, Text message)
{
    const char *header = message.p + FRAME_TOPIC;
    if (message.len < FRAME_TOPIC + FRAME_HEADER)
        return FRAME_BAD_SHORT;
    if (message.len > limit_default(LIMIT_FRAME_BYTES))
        return FRAME_BAD_SIZE;
    if (!topic_read(message.p, &frame->channel))
        return FRAME_BAD_TOPIC;
    if (memcmp(header, HEADER_MAGIC, 4) != 0)
        return FRAME_BAD_MAGIC;
    if ((uint8_t)header[HEADER_VERSION] != FRAME_VERSION_NOW)
        return FRAME_BAD_VERSION;
    if (read_u32(header + HEADER_CHECKSUM) != crc32c(0, header + HEADER_CHECKED, message.len - FRAME_TOPIC - HEADER_CHECKED))
        return FRAME_BAD_CHECKSUM;
    return FRAME_OK;
}

FrameError frame_open(Frame *frame, Text message)
{
    memset(frame, 0, sizeof *frame);
    FrameError error = envelope_check(frame, message);
    if (error)
        return error;
    const char *header = message.p + FRAME_TOPIC;
    uint8_t kind = (uint8_t)header[HEADER_KIND];
    if (kind < FRAME_EVENTS || kind > FRAME_HEARTBEAT)
        return FRAME_BAD_KIND;
    frame->kind = (FrameKind)kind;
    frame->flags = read_u16(header + HEADER_FLAGS);
    frame->nhashes = read_u16(header + HEADER_HASHES);
    frame->producer = read_u32(header + HEADER_PRODUCER);
    frame->epoch = read_u64(header + HEADER_EPOCH);
    frame->sequence = read_u64(header + HEADER_SEQUENCE);
    frame->first = read_u64(header + HEADER_FIRST);
    frame->count = read_u32(header + HEADER_COUNT);
    memcpy(frame->plan, header + HEADER_PLAN, FRAME_PLAN_BYTES);
    if (read_u64(header + HEADER_LATER))
        return FRAME_BAD_FLAGS;
    if ((error = flags_check(frame)) || (error = frontier_read(frame, header)) || (error = parts_read(frame, message)))
        return error;
    return count_check(frame);
}

uint32_t frame_hash(const Frame *frame, uint32_t row, uint32_t k)
{
    assert(row < frame->count && k < frame->nhashes);
    return read_u32(frame->keys.p + 4 * ((size_t)row * (1 + frame->nhashes) + 1 + k));
}

uint32_t frame_row_length(const Frame *frame, uint32_t row)
{
    assert(row < frame->count && frame->nhashes);
    return read_u32(frame->keys.p + 4 * ((size_t)row * (1 + frame->nhashes)));
}
