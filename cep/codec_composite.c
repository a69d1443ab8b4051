/* A composite value is built in the scratch arena, item by item, and copied once it is whole: what a peer can make of
 * a byte of msgpack is bounded by the bytes of the value, not by how it is built. */
#include "cep/codec_composite.h"

#include "cep/decimal.h"
#include "cep/plan.h"

typedef struct Build {
    Cursor *cursor;
    Arena *arena;
    bool checked;
    uint32_t depth;
    CodecFault *fault;
} Build;

static const ValueType anything = {.kind = TYPE_ANY, .optional = true};

static CodecEnd item_read(Build *b, const ValueType *type, Text *item);

/* ── Reading ── */

static CodecEnd items_read(Build *b, const ValueType *of, uint32_t n, Text *list)
{
    CompositeWriter writer;
    uint8_t state = STATE_OK;
    composite_open(&writer, TYPE_LIST, b->arena);
    for (uint32_t i = 0; i < n && !writer.failed; i++) {
        Text item;
        CodecEnd end = item_read(b, of && of->element ? of->element : &anything, &item);
        if (end != CODEC_OK)
            return end;
        composite_write(&writer, (Text){0}, item);
    }
    *list = composite_close(&writer, &state);
    return state == STATE_OK ? CODEC_OK : codec_fault(b->fault, "one that is too long");
}

/* What an entry holds; NULL = a record has no such field. */
static const ValueType *entry_type(const ValueType *of, Text name)
{
    if (!of || of->kind != TYPE_RECORD)
        return of && of->element ? of->element : &anything;
    for (uint32_t i = 0; i < of->nfields; i++)
        if (text_is(of->names[i], name))
            return &of->fields[i];
    return NULL;
}

static CodecEnd entry_read(Build *b, const ValueType *of, CompositeWriter *writer)
{
    Text name, item;
    if (!cursor_text(b->cursor, &name) || !utf8_valid((const uint8_t *)name.p, name.len))
        return codec_fault(b->fault, "a map with keys that are no strings");
    const ValueType *type = entry_type(of, name);
    if (!type)
        return cursor_skip(b->cursor) ? CODEC_OK : CODEC_BROKEN;
    CodecEnd end = item_read(b, type, &item);
    if (end == CODEC_OK)
        composite_write(writer, name, item);
    return end;
}

static CodecEnd entries_read(Build *b, const ValueType *of, uint32_t n, Text *object)
{
    CompositeWriter writer;
    uint8_t state = STATE_OK;
    composite_open(&writer, of && of->kind == TYPE_RECORD ? TYPE_RECORD : TYPE_MAP, b->arena);
    for (uint32_t i = 0; i < n && !writer.failed; i++) {
        CodecEnd end = entry_read(b, of, &writer);
        if (end != CODEC_OK)
            return end;
    }
    *object = composite_close(&writer, &state);
    if (state != STATE_OK)
        return codec_fault(b->fault, "one that is too long");
    for (uint32_t i = 0; of && b->checked && i < of->nfields; i++)
        if (!of->fields[i].optional && !composite_has_name(*object, of->names[i]))
            return codec_fault(b->fault, "one that lacks a field");
    return CODEC_OK;
}

/* The type of a value that nobody declared; TYPE_KINDS: none of ours. */
static TypeKind type_of(const Head *h)
{
    switch (h->kind) {
    case HEAD_BOOL:
        return TYPE_BOOL;
    case HEAD_INT:
        return TYPE_INT;
    case HEAD_UINT:
        return h->bits > INT64_MAX ? TYPE_FLOAT : TYPE_INT;
    case HEAD_FLOAT:
        return TYPE_FLOAT;
    case HEAD_STR:
        return TYPE_STRING;
    case HEAD_BIN:
        return TYPE_BYTES;
    case HEAD_ARRAY:
        return TYPE_LIST;
    case HEAD_MAP:
        return TYPE_MAP;
    default:
        return h->ext == EXT_TIME      ? TYPE_TIME
             : h->ext == EXT_DURATION ? TYPE_DURATION
             : h->ext == EXT_POINT    ? TYPE_POINT
             : h->ext == EXT_DECIMAL  ? TYPE_DECIMAL
                                      : TYPE_KINDS;
    }
}

static CodecEnd container_read(Build *b, const ValueType *of, const Head *h, TypeKind type, Text *value)
{
    if (h->kind != (type == TYPE_LIST ? HEAD_ARRAY : HEAD_MAP))
        return codec_fault(b->fault, head_words[h->kind]);
    if (b->depth == COMPOSITE_DEPTH_MAX)
        return codec_fault(b->fault, "one that is nested too deeply");
    b->depth++;
    CodecEnd end = type == TYPE_LIST ? items_read(b, of, h->n, value) : entries_read(b, of, h->n, value);
    b->depth--;
    return end;
}

static CodecEnd item_read(Build *b, const ValueType *type, Text *item)
{
    const uint8_t *at = b->cursor->at;
    Head h;
    if (!cursor_head(b->cursor, &h))
        return CODEC_BROKEN;
    if (h.kind == HEAD_NIL) {
        *item = composite_box(TYPE_ANY, STATE_NULL, (Cell){0}, b->arena);
        return b->checked && !type->optional && type->kind != TYPE_ANY ? codec_fault(b->fault, "one without a value in it")
                                                                         : CODEC_OK;
    }
    TypeKind kind = type->kind == TYPE_ANY ? type_of(&h) : type->kind;
    if (kind == TYPE_LIST || kind == TYPE_RECORD || kind == TYPE_MAP)
        return container_read(b, type->kind == TYPE_ANY ? NULL : type, &h, kind, item);
    if (kind == TYPE_KINDS)
        return codec_fault(b->fault, head_words[h.kind]);
    Cell cell;
    State state;
    b->cursor->at = at;
    CodecEnd end = codec_value(b->cursor, &(CodecField){.type = kind}, (CodecRoom){0}, &cell, &state, b->fault);
    if (end == CODEC_OK)
        *item = composite_box(kind, state, cell, b->arena);
    return end;
}

/* Without a declaration a list is a list of anything, and a record a map. */
static CodecEnd undeclared_read(Build *b, TypeKind type, Text *any)
{
    CodecEnd end = item_read(b, &anything, any);
    if (end != CODEC_OK || type == TYPE_ANY)
        return end;
    bool is = composite_type(*any) == (type == TYPE_LIST ? TYPE_LIST : TYPE_MAP);
    return is ? CODEC_OK : codec_fault(b->fault, "something else");
}

CodecEnd codec_read_composite(Cursor *c, const CodecField *field, CodecRoom room, Text *any, CodecFault *fault)
{
    Build build = {.cursor = c, .arena = room.scratch, .checked = field->checked, .fault = fault};
    CodecEnd end = field->of ? item_read(&build, field->of, any) : undeclared_read(&build, field->type, any);
    if (end == CODEC_OK)
        any->p = memcpy(arena_raw(room.values, any->len), any->p, any->len);
    arena_reset(room.scratch);
    return end;
}

/* ── Writing ── */

static uint8_t *put_big(uint8_t *to, uint64_t number)
{
    number = __builtin_bswap64(number);
    memcpy(to, &number, sizeof number);
    return to + sizeof number;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* msgpack's timestamp of 96 bits. */
static uint8_t *put_time(uint8_t *to, int64_t time)
{
    const int64_t second = 1000000000;
    int64_t seconds = time / second - (time % second < 0);
    uint32_t ns = __builtin_bswap32((uint32_t)(time - seconds * second));
    *to++ = 0xC7;
    *to++ = 12;
    *to++ = EXT_TIME;
    memcpy(to, &ns, sizeof ns);
    return put_big(to + sizeof ns, (uint64_t)seconds);
}

static uint8_t *put_duration(uint8_t *to, int64_t ns)
{
    *to++ = 0xD7;
    *to++ = EXT_DURATION;
    return put_big(to, (uint64_t)ns);
}

static uint8_t *put_point(uint8_t *to, Point point)
{
    *to++ = 0xD8;
    *to++ = EXT_POINT;
    return put_big(put_big(to, bits_of(point.x)), bits_of(point.y));
}

static uint8_t *put_decimal(uint8_t *to, Decimal decimal)
{
    *to++ = 0xC7;
    size_t n = decimal_write(decimal, (char *)to + 2);
    *to++ = (uint8_t)n;
    *to++ = EXT_DECIMAL;
    return to + n;
}

static uint8_t *put_map(uint8_t *to, uint32_t n)
{
    if (n < 16) {
        *to++ = (uint8_t)(0x80 | n);
        return to;
    }
    *to++ = 0xDF;
    n = __builtin_bswap32(n);
    memcpy(to, &n, sizeof n);
    return to + sizeof n;
}

static uint8_t *put_scalar(uint8_t *to, TypeKind type, Cell value)
{
    switch (type) {
    case TYPE_TIME:
        return put_time(to, value.i);
    case TYPE_DURATION:
        return put_duration(to, value.i);
    case TYPE_POINT:
        return put_point(to, value.p);
    case TYPE_DECIMAL:
        return put_decimal(to, value.d);
    default:
        return codec_put_value(to, type, value);
    }
}

uint8_t *codec_put_composite(uint8_t *to, Text any)
{
    TypeKind type = composite_type(any);
    Cell value;
    Text name, item;
    if (type == TYPE_KINDS || composite_unbox(any, type, &value) != STATE_OK)
        return codec_put_nil(to);
    if (type < TYPE_LIST)
        return put_scalar(to, type, value);
    CompositeCursor cursor = composite_begin(any);
    uint32_t n = (uint32_t)composite_len(any);
    to = cursor.named ? put_map(to, n) : codec_put_array(to, n);
    while (composite_next(&cursor, &name, &item)) {
        if (cursor.named)
            to = codec_put_text(to, name);
        to = codec_put_composite(to, item);
    }
    return to;
}
