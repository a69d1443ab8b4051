#include "cluster/row_header.h"

#include <assert.h>

#include "cep/key.h"
#include "cluster/limits.h"

static bool u32_read(Cursor *c, uint32_t *value)
{
    uint64_t wide;
    if (!cursor_uint(c, &wide) || wide > UINT32_MAX)
        return false;
    *value = (uint32_t)wide;
    return true;
}

static bool timer_read(Cursor *c, Arena *arena, OrderKey *key)
{
    uint32_t n;
    OrderTimer *timer = ARENA_NEW(arena, OrderTimer);
    key->timer = timer;
    return cursor_array(c, &n) && n == 3 && cursor_bin(c, &timer->key) && u32_read(c, &timer->own) &&
           timer->own <= timer->key.len && u32_read(c, &timer->nth);
}

static bool path_read(Cursor *c, Arena *arena, uint32_t depth, const OrderPath **path)
{
    OrderPath *steps = ARENA_ARRAY(arena, OrderPath, depth);
    for (uint32_t i = 0; i < depth; i++) {
        steps[i] = (OrderPath){.up = *path, .depth = i + 1};
        if (!u32_read(c, &steps[i].agent) || !u32_read(c, &steps[i].output))
            return false;
        *path = &steps[i];
    }
    return true;
}

bool row_order_read(Cursor *c, Arena *arena, int64_t *time, int64_t *detected, OrderKey *key)
{
    uint32_t n;
    *key = (OrderKey){0};
    if (!cursor_array(c, &n) || n != 5 || !cursor_int(c, time))
        return false;
    bool detected_then = !cursor_nil(c);
    if ((detected_then && !cursor_int(c, detected)) || !cursor_array(c, &n) || n < 4 || n % 2)
        return false;
    key->time = *time;
    if ((!cursor_nil(c) && !cursor_int(c, &key->time)) || !u32_read(c, &key->kind) || !u32_read(c, &key->origin))
        return false;
    if (!detected_then)
        *detected = key->time;
    if (key->kind > ORDER_TIMER_INCLUSIVE || (n - 4) / 2 > limit_default(LIMIT_FRAME_PATH))
        return false;
    if (key->kind == ORDER_EVENT ? !cursor_uint(c, &key->sequence) : !timer_read(c, arena, key))
        return false;
    return n == 4 || path_read(c, arena, (n - 4) / 2, &key->path);
}

static bool id_read(Cursor *c, EventId *id)
{
    Text bytes;
    if (!cursor_bin(c, &bytes) || bytes.len != sizeof *id)
        return false;
    uint64_t big[2];
    memcpy(big, bytes.p, sizeof big);
    *id = (EventId){__builtin_bswap64(big[0]), __builtin_bswap64(big[1])};
    return true;
}

/* The parts of a partition's key, which came as values, encoded again; the dictionary says their types. */
static bool key_read(Cursor *c, CodecRoom room, const DictionaryAgent *agent, Text *key)
{
    uint32_t n;
    if (cursor_nil(c))
        return true;
    if (!cursor_array(c, &n) || n == 0 || n > agent->nkeys)
        return false;
    Cell *values = ARENA_ARRAY(room.values, Cell, n);
    size_t size = 0;
    for (uint32_t i = 0; i < n; i++) {
        State state;
        CodecFault fault;
        if (codec_value(c, &(CodecField){.type = agent->kinds[i]}, room, &values[i], &state, &fault) != CODEC_OK || state != STATE_OK)
            return false;
        size += key_size(agent->kinds[i], values[i]);
    }
    uint8_t *bytes = arena_raw(room.values, size), *to = bytes;
    for (uint32_t i = 0; i < n; i++)
        to = key_put(to, agent->kinds[i], values[i]);
    *key = (Text){(const char *)bytes, (uint32_t)size};
    return true;
}

static bool causes_read(Cursor *c, Arena *arena, Lineage *lineage)
{
    if (!cursor_array(c, &lineage->ncauses) || lineage->ncauses > (size_t)(c->end - c->at) / sizeof(EventId))
        return false;
    EventId *causes = arena_raw(arena, ((size_t)lineage->ncauses + 1) * sizeof *causes);
    lineage->causes = causes;
    for (uint32_t i = 0; i < lineage->ncauses; i++)
        if (!id_read(c, &causes[i]))
            return false;
    return true;
}

bool row_lineage_read(Cursor *c, CodecRoom room, const Dictionary *d, bool final_ids, const OrderKey *key, EventId *id,
                      Lineage **lineage, uint32_t *agent)
{
    uint32_t n;
    *id = (EventId){EVENT_ID_INPUT | key->origin, key->sequence};
    *lineage = NULL;
    if (cursor_nil(c) ? key->path || key->kind != ORDER_EVENT : !id_read(c, id))
        return false;
    if (cursor_nil(c))
        return true;
    Lineage *l = *lineage = ARENA_NEW(room.values, Lineage);
    l->final = final_ids;
    return cursor_array(c, &n) && n == 8 && u32_read(c, agent) && *agent < d->nagents &&
           key_read(c, room, &d->agents[*agent], &l->key) && cursor_int(c, &l->window_start) &&
           cursor_int(c, &l->window_end) && causes_read(c, room.values, l) && cursor_uint(c, &l->cause_count) &&
           cursor_uint(c, &l->suppressed) && u32_read(c, &l->revision);
}
