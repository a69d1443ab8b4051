/* Rows and batches.
 *
 * Invariants: states beyond n are STATE_NULL, so that adding a row touches no column; a column is dirty as soon
 * as there is a row, and kernels look for themselves whether its states are all STATE_OK (64 loads a batch).
 * Room doubles from ROOM_MIN and is kept by rows_clear, so that steady state does not allocate. The rows of a
 * batch that have content are on its list `used`, so that clearing costs nothing for the types without. */
#include "cep/batch.h"

#include "cep/plan.h"

#include <assert.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { ROOM_MIN = 16 };

void rows_init(Rows *rows, Memory *memory, uint32_t type, const TypeKind *columns, uint32_t ncolumns)
{
    *rows = (Rows){.type = type, .ncolumns = ncolumns};
    rows->columns = memory_new(memory, ncolumns * sizeof *rows->columns);
    for (uint32_t i = 0; i < ncolumns; i++)
        rows->columns[i].type = columns[i];
}

static void *grow(Memory *memory, void *array, uint32_t old_room, uint32_t room, size_t size)
{
    return memory_resize(memory, array, old_room * size, room * size);
}

static void rows_grow(Rows *rows, Memory *memory)
{
    uint32_t old = rows->room, room = old ? old * 2 : ROOM_MIN;
    assert(room > old);
    for (uint32_t i = 0; i < rows->ncolumns; i++) {
        Column *column = &rows->columns[i];
        size_t size = type_size(column->type);
        column->cells = grow(memory, column->cells, old, room, size);
        memset((char *)column->cells + old * size, 0, (room - old) * size);
        column->states = grow(memory, column->states, old, room, 1);
        memset(column->states + old, STATE_NULL, room - old);
    }
    rows->time = grow(memory, rows->time, old, room, sizeof *rows->time);
    rows->detected = grow(memory, rows->detected, old, room, sizeof *rows->detected);
    rows->key = grow(memory, rows->key, old, room, sizeof *rows->key);
    rows->id = grow(memory, rows->id, old, room, sizeof *rows->id);
    rows->lineage = grow(memory, rows->lineage, old, room, sizeof *rows->lineage);
    rows->room = room;
}

void rows_fini(Rows *rows, Memory *memory)
{
    for (uint32_t i = 0; i < rows->ncolumns; i++) {
        Column *column = &rows->columns[i];
        memory_free(memory, column->cells, rows->room * type_size(column->type));
        memory_free(memory, column->states, rows->room);
    }
    memory_free(memory, rows->columns, rows->ncolumns * sizeof *rows->columns);
    memory_free(memory, rows->time, rows->room * sizeof *rows->time);
    memory_free(memory, rows->detected, rows->room * sizeof *rows->detected);
    memory_free(memory, rows->key, rows->room * sizeof *rows->key);
    memory_free(memory, rows->id, rows->room * sizeof *rows->id);
    memory_free(memory, rows->lineage, rows->room * sizeof *rows->lineage);
    *rows = (Rows){0};
}

/* What the first row since the last clear costs. */
static void rows_open(Rows *rows)
{
    for (uint32_t i = 0; i < rows->ncolumns; i++)
        rows->columns[i].dirty = true;
    if (rows->used) {
        rows->used_next = *rows->used;
        *rows->used = rows;
    }
}

/* Takes rows without content off the list of their batch. */
static void rows_close(Rows *rows)
{
    for (Rows **link = rows->used; link && *link; link = &(*link)->used_next)
        if (*link == rows) {
            *link = rows->used_next;
            rows->used_next = NULL;
            return;
        }
}

void rows_prepare(Rows *rows, Memory *memory)
{
    if (rows->n == rows->room)
        rows_grow(rows, memory);
    if (rows->n == 0)
        rows_open(rows);
}

void rows_clear(Rows *rows)
{
    for (uint32_t i = 0; i < rows->ncolumns; i++) {
        Column *column = &rows->columns[i];
        if (rows->n)
            memset(column->states, STATE_NULL, rows->n);
        column->dirty = false;
    }
    rows->n = 0;
}

void batch_init(Batch *batch, Memory *memory, const Plan *plan)
{
    *batch = (Batch){.memory = memory, .ntypes = plan->ntypes};
    arena_init(&batch->arena, memory);
    batch->rows = memory_new(memory, plan->ntypes * sizeof *batch->rows);
    for (uint32_t t = 0; t < plan->ntypes; t++) {
        const EventType *type = &plan->types[t];
        TypeKind *columns = ARENA_ARRAY(&batch->arena, TypeKind, type->nattributes);
        for (uint32_t i = 0; i < type->nattributes; i++)
            columns[i] = type->attributes[i].type;
        rows_init(&batch->rows[t], memory, t, columns, type->nattributes);
        batch->rows[t].used = &batch->used;
        arena_reset(&batch->arena);
    }
}

void batch_fini(Batch *batch)
{
    for (uint32_t t = 0; t < batch->ntypes; t++)
        rows_fini(&batch->rows[t], batch->memory);
    memory_free(batch->memory, batch->rows, batch->ntypes * sizeof *batch->rows);
    memory_free(batch->memory, batch->order, batch->room * sizeof *batch->order);
    arena_fini(&batch->arena);
    *batch = (Batch){.memory = batch->memory};
}

void batch_clear(Batch *batch)
{
    for (Rows *rows = batch->used, *next; rows; rows = next) {
        next = rows->used_next;
        rows->used_next = NULL;
        rows_clear(rows);
    }
    batch->used = NULL;
    batch->n = 0;
    arena_reset(&batch->arena);
}

void batch_append(Batch *batch, uint32_t type, uint32_t row)
{
    assert(type < batch->ntypes && row < batch->rows[type].n);
    if (batch->n == batch->room) {
        uint32_t room = batch->room ? batch->room * 2 : BATCH_ROWS;
        batch->order = grow(batch->memory, batch->order, batch->room, room, sizeof *batch->order);
        batch->room = room;
    }
    batch->order[batch->n++] = (RowRef){type, row};
}

EventId event_id_final(EventId id, Text network)
{
    if (!(id.high & EVENT_ID_INPUT))
        return id;
    XXH128_hash_t hash = XXH3_128bits_withSeed(&id, sizeof id, XXH3_64bits(network.p, network.len));
    return (EventId){hash.high64, hash.low64};
}

static const Lineage *lineage_copy(const Lineage *lineage, Arena *arena)
{
    if (!lineage)
        return NULL;
    Lineage *copy = arena_raw(arena, sizeof *copy);
    *copy = *lineage;
    copy->key = arena_text(arena, lineage->key);
    copy->causes = (const EventId *)arena_copy(arena, lineage->causes, lineage->ncauses * sizeof *lineage->causes);
    return copy;
}

uint32_t batch_copy(Batch *batch, const Rows *from, uint32_t row)
{
    Rows *to = &batch->rows[from->type];
    uint32_t copy = rows_add(to, batch->memory);
    for (uint32_t i = 0; i < from->ncolumns; i++) {
        const Column *column = &from->columns[i];
        State state = (State)column->states[row];
        if (state != STATE_OK) {
            rows_set_state(to, copy, i, state);
            continue;
        }
        Cell value = cell_get(column->type, column->cells, row);
        if (type_has_bytes(column->type))
            value.s = arena_text(&batch->arena, value.s);
        rows_set(to, copy, i, value);
    }
    to->time[copy] = from->time[row];
    to->detected[copy] = from->detected[row];
    to->key[copy] = order_copy(&from->key[row], &batch->arena);
    to->id[copy] = from->id[row];
    to->lineage[copy] = lineage_copy(from->lineage[row], &batch->arena);
    return copy;
}

void event_id_text(EventId id, Text network, char text[33])
{
    id = event_id_final(id, network);
    for (int i = 0; i < 32; i++) {
        uint64_t half = i < 16 ? id.high : id.low;
        text[i] = "0123456789abcdef"[half >> (60 - 4 * (i % 16)) & 15];
    }
    text[32] = 0;
}

void rows_move(Rows *rows, uint32_t to, uint32_t from)
{
    if (to == from)
        return;
    for (uint32_t i = 0; i < rows->ncolumns; i++) {
        Column *column = &rows->columns[i];
        size_t size = type_size(column->type);
        memcpy((char *)column->cells + to * size, (char *)column->cells + from * size, size);
        column->states[to] = column->states[from];
    }
    rows->time[to] = rows->time[from];
    rows->detected[to] = rows->detected[from];
    rows->key[to] = rows->key[from];
    rows->id[to] = rows->id[from];
    rows->lineage[to] = rows->lineage[from];
}

void rows_truncate(Rows *rows, uint32_t n)
{
    assert(n <= rows->n);
    for (uint32_t i = 0; i < rows->ncolumns; i++)
        memset(rows->columns[i].states + n, STATE_NULL, rows->n - n);
    rows->n = n;
    if (n == 0)
        rows_close(rows);
}
