/* Three buffers gather while rows come, and one takes the message:
 *
 *   types, agents   entries of the dictionary, each as soon as a row needs it; kept for the next frame while they
 *                   are few, so that a reader meets the same dictionary again
 *   keys            length and key hashes of each row
 *   body            rows, or lines
 *
 * A row larger than its bound (codec_row_size and the like) cannot be, so that nothing checks while it is written. */
#include "cluster/frame_writer.h"

#include <assert.h>

#include "cep/codec.h"
#include "cep/key.h"
#include "cluster/crc32c.h"
#include "cluster/dictionary.h"
#include "cluster/frame_layout.h"
#include "cluster/limits.h"

enum {
    BYTES_FULL = 256 << 10,     /* a frame of so many bytes is full unless the owner says otherwise */
    DICTIONARY_KEPT = 4 << 10,  /* bytes up to which entries stay for the next frame */
    ROW_HEADER_MAX = 256,       /* of a row without path, keys and causes */
    CAUSE_MAX = 18,
    PATH_STEP_MAX = 10,
};

typedef struct Buffer {
    uint8_t *bytes;
    size_t n, room;
} Buffer;

struct FrameWriter {
    Memory *memory;
    const Plan *plan;
    FrameOptions options;
    FrameKind kind;          /* of what was added; FRAME_HEARTBEAT = nothing */
    uint32_t count;
    Buffer types, agents, keys, body, message;
    uint32_t ntypes, nagents;
    uint32_t *type_entries;  /* per event type: its entry; INDEX_NONE = none yet */
    uint32_t *agent_entries;
};

/* ── Buffers ── */

static uint8_t *reserve(FrameWriter *w, Buffer *buffer, size_t n)
{
    if (buffer->n + n > buffer->room) {
        size_t room = buffer->room ? buffer->room * 2 : 4096;
        while (room < buffer->n + n)
            room *= 2;
        buffer->bytes = memory_resize(w->memory, buffer->bytes, buffer->room, room);
        buffer->room = room;
    }
    return buffer->bytes + buffer->n;
}

static void filled(Buffer *buffer, const uint8_t *end)
{
    buffer->n = (size_t)(end - buffer->bytes);
    assert(buffer->n <= buffer->room);
}

static void buffer_fini(FrameWriter *w, Buffer *buffer)
{
    memory_free(w->memory, buffer->bytes, buffer->room);
}

/* ── The dictionary ── */

static void forget_dictionary(FrameWriter *w)
{
    w->types.n = w->agents.n = 0;
    w->ntypes = w->nagents = 0;
    if (!w->plan)
        return;
    memset(w->type_entries, 0xFF, w->plan->ntypes * sizeof *w->type_entries);
    memset(w->agent_entries, 0xFF, w->plan->nagents * sizeof *w->agent_entries);
}

static size_t dictionary_size(const FrameWriter *w)
{
    return 4 * CODEC_SCALAR_MAX + w->plan->network.len + w->types.n + w->agents.n;
}

static uint8_t *put_dictionary(const FrameWriter *w, uint8_t *to)
{
    to = codec_put_array(to, 3);
    to = codec_put_text(to, w->plan->network);
    to = codec_put_array(to, w->ntypes);
    if (w->types.n)
        memcpy(to, w->types.bytes, w->types.n);
    to = codec_put_array(to + w->types.n, w->nagents);
    if (w->agents.n)
        memcpy(to, w->agents.bytes, w->agents.n);
    return to + w->agents.n;
}

static void enter_type(FrameWriter *w, uint32_t type)
{
    const EventType *entry = &w->plan->types[type];
    Text name = w->options.ordered ? entry->name : entry->wire;
    w->type_entries[type] = w->ntypes++;
    filled(&w->types, dictionary_put_type(reserve(w, &w->types, dictionary_type_size(entry)), entry, name));
}

static void enter_agent(FrameWriter *w, const AgentPlan *agent)
{
    w->agent_entries[agent - w->plan->agents] = w->nagents++;
    filled(&w->agents, dictionary_put_agent(reserve(w, &w->agents, dictionary_agent_size(agent)), agent));
}

/* Makes sure that a type, and an agent if there is one, have entries. */
static bool enter(FrameWriter *w, uint32_t type, const AgentPlan *agent)
{
    bool new_type = w->type_entries[type] == INDEX_NONE;
    bool new_agent = agent && w->agent_entries[agent - w->plan->agents] == INDEX_NONE;
    if (!new_type && !new_agent)
        return true;
    size_t size = dictionary_size(w) + dictionary_type_size(&w->plan->types[type]) +
                  (agent ? dictionary_agent_size(agent) : 0);
    if (size > (size_t)limit_default(LIMIT_FRAME_DICTIONARY))
        return false;
    if (new_type)
        enter_type(w, type);
    if (new_agent)
        enter_agent(w, agent);
    return true;
}

/* ── Headers of ordered rows: [time, detected, key, id, lineage] ── */

static uint8_t *put_path(uint8_t *to, const OrderPath *path)
{
    if (!path)
        return to;
    to = put_path(to, path->up);
    return codec_put_uint(codec_put_uint(to, path->agent), path->output);
}

/* [time or nil, kind, origin, sequence or [key, own, nth], agent, output, …] */
static uint8_t *put_order(uint8_t *to, const OrderKey *key, int64_t time)
{
    to = codec_put_array(to, 4 + (key->path ? 2 * key->path->depth : 0));
    to = key->time == time ? codec_put_nil(to) : codec_put_int(to, key->time);
    to = codec_put_uint(codec_put_uint(to, key->kind), key->origin);
    if (key->kind == ORDER_EVENT) {
        to = codec_put_uint(to, key->sequence);
    } else {
        to = codec_put_bin(codec_put_array(to, 3), key->timer->key.p, key->timer->key.len);
        to = codec_put_uint(codec_put_uint(to, key->timer->own), key->timer->nth);
    }
    return put_path(to, key->path);
}

static uint8_t *put_id(uint8_t *to, EventId id)
{
    uint64_t big[2] = {__builtin_bswap64(id.high), __builtin_bswap64(id.low)};
    return codec_put_bin(to, big, sizeof big);
}

/* The parts of a partition's key as values. */
static uint8_t *put_key(uint8_t *to, Text key)
{
    uint32_t n = 0;
    TypeKind type;
    Cell value;
    if (!key.len)
        return codec_put_nil(to);
    for (uint32_t at = 0; key_next(key, &at, &type, &value);)
        n++;
    to = codec_put_array(to, n);
    for (uint32_t at = 0; key_next(key, &at, &type, &value);)
        to = codec_put_value(to, type, value);
    return to;
}

/* [agent, key or nil, window start, window end, [cause …], cause count, suppressed, revision] */
static uint8_t *put_lineage(const FrameWriter *w, uint8_t *to, const Lineage *lineage)
{
    to = codec_put_array(to, 8);
    to = codec_put_uint(to, w->agent_entries[lineage->agent - w->plan->agents]);
    to = put_key(to, lineage->key);
    to = codec_put_int(codec_put_int(to, lineage->window_start), lineage->window_end);
    to = codec_put_array(to, lineage->ncauses);
    for (uint32_t i = 0; i < lineage->ncauses; i++)
        to = put_id(to, w->options.final_ids ? event_id_final(lineage->causes[i], w->plan->network) : lineage->causes[i]);
    to = codec_put_uint(codec_put_uint(to, lineage->cause_count), lineage->suppressed);
    return codec_put_uint(to, lineage->revision);
}

static bool is_input_id(EventId id, const OrderKey *key)
{
    return key->kind == ORDER_EVENT && !key->path && id.high == (EVENT_ID_INPUT | key->origin) && id.low == key->sequence;
}

static uint8_t *put_header(const FrameWriter *w, uint8_t *to, const Rows *rows, uint32_t row)
{
    const OrderKey *key = &rows->key[row];
    const Lineage *lineage = rows->lineage[row];
    to = codec_put_int(codec_put_array(to, 5), rows->time[row]);
    to = rows->detected[row] == key->time ? codec_put_nil(to) : codec_put_int(to, rows->detected[row]);
    to = put_order(to, key, rows->time[row]);
    to = is_input_id(rows->id[row], key) ? codec_put_nil(to) : put_id(to, rows->id[row]);
    return lineage ? put_lineage(w, to, lineage) : codec_put_nil(to);
}

static size_t header_size(const Rows *rows, uint32_t row)
{
    const OrderKey *key = &rows->key[row];
    const Lineage *lineage = rows->lineage[row];
    size_t size = ROW_HEADER_MAX;
    if (key->path)
        size += (size_t)PATH_STEP_MAX * key->path->depth;
    if (key->kind != ORDER_EVENT)
        size += key->timer->key.len;
    if (lineage) /* a part of a key is at most four times as long as a value: a decimal's 50 bytes against 17 */
        size += 4 * (size_t)lineage->key.len + (size_t)CAUSE_MAX * lineage->ncauses;
    return size;
}

/* ── Adding ── */

FrameWriter *frame_writer_new(Memory *memory, const Plan *plan, FrameOptions options)
{
    assert(options.nhashes <= FRAME_HASHES_MAX && (options.ordered || !options.final_ids));
    FrameWriter *w = memory_new(memory, sizeof *w);
    uint32_t rows = (uint32_t)limit_default(LIMIT_FRAME_ROWS);
    *w = (FrameWriter){.memory = memory, .plan = plan, .options = options, .kind = FRAME_HEARTBEAT};
    if (options.rows_max == 0 || options.rows_max > rows)
        w->options.rows_max = rows;
    if (options.bytes_max == 0 || options.bytes_max > BYTES_FULL)
        w->options.bytes_max = BYTES_FULL;
    if (plan) {
        w->type_entries = memory_new(memory, plan->ntypes * sizeof *w->type_entries);
        w->agent_entries = memory_new(memory, plan->nagents * sizeof *w->agent_entries);
    }
    forget_dictionary(w);
    return w;
}

void frame_writer_free(FrameWriter *w)
{
    if (!w)
        return;
    if (w->plan) {
        memory_free(w->memory, w->type_entries, w->plan->ntypes * sizeof *w->type_entries);
        memory_free(w->memory, w->agent_entries, w->plan->nagents * sizeof *w->agent_entries);
    }
    buffer_fini(w, &w->types);
    buffer_fini(w, &w->agents);
    buffer_fini(w, &w->keys);
    buffer_fini(w, &w->body);
    buffer_fini(w, &w->message);
    memory_free(w->memory, w, sizeof *w);
}

static void put_keys(FrameWriter *w, uint32_t length, const uint32_t *hashes)
{
    uint8_t *to = reserve(w, &w->keys, 4 * (1 + (size_t)w->options.nhashes));
    memcpy(to, &length, 4);
    memcpy(to + 4, hashes, 4 * (size_t)w->options.nhashes);
    filled(&w->keys, to + 4 * (1 + (size_t)w->options.nhashes));
}

bool frame_writer_row(FrameWriter *w, const Rows *rows, uint32_t row, const uint32_t *hashes)
{
    assert(w->plan && w->kind != FRAME_LINES && w->count < w->options.rows_max);
    const Lineage *lineage = w->options.ordered ? rows->lineage[row] : NULL;
    size_t size = codec_row_size(rows, row) + (w->options.ordered ? header_size(rows, row) : ROW_HEADER_MAX);
    size_t others = FRAME_TOPIC + FRAME_HEADER + w->body.n + w->keys.n + (size_t)limit_default(LIMIT_FRAME_DICTIONARY) +
                    4 * (1 + (size_t)w->options.nhashes);
    if (others + size > (size_t)limit_default(LIMIT_FRAME_BYTES) ||
        !enter(w, rows->type, lineage ? lineage->agent : NULL))
        return false;
    size_t before = w->body.n;
    uint8_t *to = codec_put_array(reserve(w, &w->body, size), 2 + rows->ncolumns);
    to = codec_put_uint(to, w->type_entries[rows->type]);
    if (w->options.ordered)
        to = put_header(w, to, rows, row);
    else
        to = codec_put_nil(to);
    filled(&w->body, codec_put_row(to, rows, row));
    if (w->options.nhashes)
        put_keys(w, (uint32_t)(w->body.n - before), hashes);
    w->kind = FRAME_EVENTS;
    w->count++;
    return true;
}

bool frame_writer_line(FrameWriter *w, Text line)
{
    assert(w->kind != FRAME_EVENTS && w->count < w->options.rows_max);
    if (FRAME_TOPIC + FRAME_HEADER + w->body.n + line.len + 1 > (size_t)limit_default(LIMIT_FRAME_BYTES))
        return false;
    uint8_t *to = reserve(w, &w->body, (size_t)line.len + 1);
    if (line.len)
        memcpy(to, line.p, line.len);
    to[line.len] = '\n';
    filled(&w->body, to + line.len + 1);
    w->kind = FRAME_LINES;
    w->count++;
    return true;
}

uint32_t frame_writer_count(const FrameWriter *w)
{
    return w->count;
}

bool frame_writer_full(const FrameWriter *w)
{
    uint32_t types = (uint32_t)limit_default(LIMIT_FRAME_TYPES);
    return w->count == w->options.rows_max || w->body.n >= w->options.bytes_max ||
           (w->count && (w->ntypes == types || w->nagents == types ||
                         w->types.n + w->agents.n >= (size_t)limit_default(LIMIT_FRAME_DICTIONARY) / 2));
}

/* ── Taking ── */

static void put_number(uint8_t *header, uint32_t at, uint64_t value, uint32_t size)
{
    memcpy(header + at, &value, size);
}

static void put_frontier(uint8_t *header, const FrameStamp *stamp)
{
    header[HEADER_FRONTIER] = (uint8_t)stamp->frontier;
    if (stamp->frontier != FRONTIER_KEY)
        return;
    header[HEADER_FRONTIER_KIND] = (uint8_t)stamp->below.kind;
    put_number(header, HEADER_FRONTIER_ORIGIN, stamp->below.origin, 4);
    put_number(header, HEADER_FRONTIER_TIME, (uint64_t)stamp->below.time, 8);
    if (stamp->below.kind == ORDER_EVENT)
        put_number(header, HEADER_FRONTIER_SEQUENCE, stamp->below.sequence, 8);
}

static uint32_t flags_of(const FrameWriter *w)
{
    if (w->kind != FRAME_EVENTS)
        return 0;
    return (w->options.nhashes ? FRAME_KEYS : 0) | (w->options.ordered ? FRAME_ORDERED : 0) |
           (w->options.final_ids ? FRAME_FINAL_IDS : 0);
}

/* All of the header but the lengths of the parts and the checksum. */
static void put_frame_header(const FrameWriter *w, uint8_t *header, const FrameStamp *stamp)
{
    memset(header, 0, FRAME_HEADER);
    memcpy(header, HEADER_MAGIC, 4);
    header[HEADER_VERSION] = FRAME_VERSION_NOW;
    header[HEADER_KIND] = (uint8_t)w->kind;
    put_number(header, HEADER_FLAGS, flags_of(w), 2);
    put_number(header, HEADER_PRODUCER, w->options.producer, 4);
    put_number(header, HEADER_EPOCH, w->options.epoch, 8);
    put_number(header, HEADER_SEQUENCE, stamp->sequence, 8);
    put_number(header, HEADER_FIRST, stamp->first, 8);
    put_number(header, HEADER_COUNT, w->count, 4);
    put_frontier(header, stamp);
    if (w->kind == FRAME_EVENTS)
        put_number(header, HEADER_HASHES, w->options.nhashes, 2);
    if (w->plan)
        memcpy(header + HEADER_PLAN, w->plan->version, FRAME_PLAN_BYTES);
}

static uint8_t *put_part(uint8_t *to, const Buffer *part)
{
    if (part->n)
        memcpy(to, part->bytes, part->n);
    return to + part->n;
}

Text frame_writer_take(FrameWriter *w, FrameStamp stamp)
{
    bool events = w->kind == FRAME_EVENTS;
    w->message.n = 0;
    size_t size = FRAME_TOPIC + FRAME_HEADER + (events ? dictionary_size(w) : 0) + w->keys.n + w->body.n;
    uint8_t *message = reserve(w, &w->message, size), *header = message + FRAME_TOPIC, *to = header + FRAME_HEADER;
    frame_topic(w->options.channel, (char *)message);
    put_frame_header(w, header, &stamp);
    if (events)
        to = put_dictionary(w, to);
    put_number(header, HEADER_DICTIONARY, (uint64_t)(to - header - FRAME_HEADER), 4);
    put_number(header, HEADER_KEYS, w->keys.n, 4);
    put_number(header, HEADER_BODY, w->body.n, 4);
    to = put_part(put_part(to, &w->keys), &w->body);
    filled(&w->message, to);
    put_number(header, HEADER_CHECKSUM, crc32c(0, header + HEADER_CHECKED, (size_t)(to - header) - HEADER_CHECKED), 4);
    w->keys.n = w->body.n = 0;
    w->count = 0;
    w->kind = FRAME_HEARTBEAT;
    if (w->types.n + w->agents.n > DICTIONARY_KEPT)
        forget_dictionary(w);
    return (Text){(const char *)message, (uint32_t)w->message.n};
}
