/* Records: one allocation an event, written once, read by programs through View.offset.
 *
 * Cells are in the order of the kept slots. A typical record keeps three to six slots and is 80 to 200 bytes,
 * so the states are found by arithmetic and not by another table. */
#include "cep/record.h"

#include <assert.h>

typedef struct RecordString {
    uint32_t offset, len; /* from the record's start */
} RecordString;

static uint32_t cell_units(TypeKind type)
{
    return type == TYPE_POINT || type == TYPE_DECIMAL ? 2 : 1;
}

void shape_seal(Shape *shape, Arena *arena)
{
    shape->offset = ARENA_ARRAY(arena, uint16_t, shape->nslots);
    shape->state = ARENA_ARRAY(arena, uint16_t, shape->nslots);
    uint32_t units = 0;
    for (uint32_t i = 0; i < shape->nslots; i++)
        if (shape->slots[i].kept)
            units += cell_units(shape->slots[i].type);
    uint32_t cells = ((uint32_t)sizeof(Record) + units + 7) & ~7u;
    shape->record_size = cells + units * 8;
    assert(shape->record_size <= UINT16_MAX);
    uint32_t offset = cells;
    for (uint32_t i = 0; i < shape->nslots; i++) {
        if (!shape->slots[i].kept)
            continue;
        shape->offset[i] = (uint16_t)offset;
        shape->state[i] = (uint16_t)(sizeof(Record) + (offset - cells) / 8);
        offset += cell_units(shape->slots[i].type) * 8;
    }
}

const uint16_t *shape_columns(const Shape *shape, uint32_t type)
{
    for (uint32_t i = 0; i < shape->nsources; i++)
        if (shape->sources[i].type == type)
            return shape->sources[i].column;
    return NULL;
}

/* Bytes kept of a string, never half a character; of anything else all or nothing. */
static uint32_t bytes_cut(TypeKind type, Text text, uint32_t len_max)
{
    uint32_t len = text.len;
    if (len <= len_max)
        return len;
    if (type != TYPE_STRING)
        return 0;
    len = len_max;
    while (len > 0 && ((uint8_t)text.p[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static uint32_t strings_size(const Shape *shape, const uint16_t *columns, const Rows *rows, uint32_t row)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < shape->nslots; i++) {
        if (!shape->slots[i].kept || !type_has_bytes(shape->slots[i].type))
            continue;
        if (columns[i] == UINT16_MAX)
            continue;
        const Column *column = &rows->columns[columns[i]];
        if (column->states[row] == STATE_OK)
            size += bytes_cut(shape->slots[i].type, ((const Text *)column->cells)[row], RECORD_STRING_MAX);
        if (size >= POOL_BLOCK - shape->record_size)
            return POOL_BLOCK - shape->record_size;
    }
    return size;
}

Handle record_new(Pool *pool, const Shape *shape, const Rows *rows, uint32_t row)
{
    assert(shape->record_size >= sizeof(Record) && row < rows->n);
    const uint16_t *columns = shape_columns(shape, rows->type);
    assert(columns);
    uint32_t size = shape->record_size + strings_size(shape, columns, rows, row);
    Handle handle = pool_alloc(pool, size);
    Record *record = pool_at(pool, handle);
    memset(record, 0, shape->record_size);
    *record = (Record){.refs = 1, .size = size, .time = rows->time[row], .detected = rows->detected[row], .id = rows->id[row], .type = rows->type};
    record->cells = shape->record_size;
    char *bytes = (char *)record;
    uint32_t end = shape->record_size;
    for (uint32_t i = 0; i < shape->nslots; i++) {
        if (!shape->slots[i].kept)
            continue;
        if (shape->offset[i] < record->cells)
            record->cells = shape->offset[i];
        TypeKind type = shape->slots[i].type;
        if (columns[i] == UINT16_MAX) {
            bytes[shape->state[i]] = STATE_NULL;
            continue;
        }
        const Column *column = &rows->columns[columns[i]];
        assert(column->type == type);
        bytes[shape->state[i]] = (char)column->states[row];
        if (column->states[row] != STATE_OK)
            continue;
        if (type_has_bytes(type)) {
            Text text = ((const Text *)column->cells)[row];
            uint32_t room = size - end;
            uint32_t len = bytes_cut(type, text, room < RECORD_STRING_MAX ? room : RECORD_STRING_MAX);
            if (len < text.len && type != TYPE_STRING)
                bytes[shape->state[i]] = STATE_ERROR;
            RecordString string = {end, len};
            memcpy(bytes + shape->offset[i], &string, sizeof string);
            if (len)
                memcpy(bytes + end, text.p, len);
            end += len;
        } else {
            memcpy(bytes + shape->offset[i], (char *)column->cells + row * type_size(type), type_size(type));
        }
    }
    return handle;
}

Cell record_cell(const Record *record, uint32_t offset, TypeKind type)
{
    const char *at = (const char *)record + offset;
    Cell cell = {0};
    if (type_has_bytes(type)) {
        RecordString string;
        memcpy(&string, at, sizeof string);
        cell.s = (Text){(const char *)record + string.offset, string.len};
    } else {
        memcpy(&cell, at, type_size(type));
    }
    return cell;
}

void record_ref(Pool *pool, Handle record)
{
    Record *r = record_at(pool, record);
    assert(r->refs > 0 && r->refs < UINT32_MAX);
    r->refs++;
}

void record_unref(Pool *pool, Handle record)
{
    Record *r = record_at(pool, record);
    assert(r->refs > 0);
    if (--r->refs == 0)
        pool_free(pool, record, r->size);
}
