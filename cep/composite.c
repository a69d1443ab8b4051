/* Composite values. Typical ones are a handful of items or a JSON object of some hundred bytes: everything is a
 * scan. Numbers lie unaligned and are copied out. */
#include "cep/composite.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "cep/base64.h"
#include "cep/decimal.h"
#include "cep/number.h"
#include "cep/string.h"
#include "cep/zone.h"

enum { HEAD = 1 + 4 + 4 + 2 }; /* tag, bytes, n, depth */

static const char null_bytes[1] = {(char)COMPOSITE_NULL};
static const Text null_value = {null_bytes, 1};

static uint32_t u32_at(const char *p)
{
    uint32_t u;
    memcpy(&u, p, sizeof u);
    return u;
}

static uint16_t u16_at(const char *p)
{
    uint16_t u;
    memcpy(&u, p, sizeof u);
    return u;
}

static bool is_container(uint8_t tag)
{
    return tag == TYPE_LIST || tag == TYPE_RECORD || tag == TYPE_MAP;
}

/* The length of the value at p. */
static uint32_t value_len(const char *p)
{
    uint8_t tag = (uint8_t)*p;
    if (tag == COMPOSITE_NULL)
        return 1;
    if (is_container(tag))
        return 1 + 4 + u32_at(p + 1);
    if (type_has_bytes((TypeKind)tag))
        return 1 + 4 + u32_at(p + 1);
    return 1 + (uint32_t)type_size((TypeKind)tag);
}

static Text value_at(const char *p)
{
    return (Text){p, value_len(p)};
}

TypeKind composite_type(Text any)
{
    uint8_t tag = (uint8_t)any.p[0];
    return tag == COMPOSITE_NULL ? TYPE_KINDS : (TypeKind)tag;
}

/* ── Scalars ── */

Text composite_box(TypeKind type, State state, Cell value, Arena *arena)
{
    if (state != STATE_OK)
        return null_value;
    if (type == TYPE_ANY || is_container((uint8_t)type))
        return value.s;
    bool bytes = type_has_bytes(type);
    uint32_t len = bytes ? 1 + 4 + value.s.len : 1 + (uint32_t)type_size(type);
    char *to = arena_raw(arena, len);
    to[0] = (char)type;
    if (bytes) {
        memcpy(to + 1, &value.s.len, 4);
        if (value.s.len)
            memcpy(to + 5, value.s.p, value.s.len);
        return (Text){to, len};
    }
    if (type == TYPE_FLOAT)
        value.f += 0.0; /* -0.0 becomes 0.0 */
    if (type == TYPE_POINT)
        value.p = (Point){value.p.x + 0.0, value.p.y + 0.0};
    memcpy(to + 1, &value, len - 1);
    return (Text){to, len};
}

static Cell scalar(Text any)
{
    Cell cell = {0};
    TypeKind type = composite_type(any);
    if (is_container((uint8_t)type))
        cell.s = any;
    else if (type_has_bytes(type))
        cell.s = (Text){any.p + 5, any.len - 5};
    else
        memcpy(&cell, any.p + 1, any.len - 1);
    return cell;
}

State composite_unbox(Text any, TypeKind type, Cell *value)
{
    TypeKind has = composite_type(any);
    uint8_t state = STATE_OK;
    if (type == TYPE_ANY) {
        value->s = any;
        return has == TYPE_KINDS ? STATE_NULL : STATE_OK;
    }
    if (has == TYPE_KINDS)
        return STATE_NULL;
    *value = scalar(any);
    bool object = (has == TYPE_MAP || has == TYPE_RECORD) && (type == TYPE_MAP || type == TYPE_RECORD);
    if (has == type || object)
        return STATE_OK;
    if (has == TYPE_INT && type == TYPE_FLOAT)
        value->f = (double)value->i;
    else if (has == TYPE_INT && type == TYPE_DECIMAL)
        value->d = decimal_of_int(value->i);
    else if (has == TYPE_FLOAT && type == TYPE_DECIMAL)
        value->d = decimal_of_float(value->f, &state);
    else if (has == TYPE_FLOAT && type == TYPE_INT && value->f == trunc(value->f) && fabs(value->f) < 0x1p63)
        value->i = (int64_t)value->f;
    else
        return STATE_ERROR;
    return (State)state;
}

State composite_int(Text any, Cell *value)
{
    uint8_t state = STATE_OK;
    if (composite_type(any) == TYPE_KINDS)
        return STATE_NULL;
    Cell cell = scalar(any);
    switch (composite_type(any)) {
    case TYPE_INT: value->i = cell.i; break;
    case TYPE_BOOL: value->i = cell.b; break;
    case TYPE_DECIMAL: value->i = decimal_int(cell.d, &state); break;
    case TYPE_STRING: value->i = number_int(cell.s, 10, &state); break;
    case TYPE_FLOAT:
        if (!(fabs(cell.f) < 0x1p63))
            return STATE_ERROR;
        value->i = (int64_t)cell.f;
        break;
    default: return STATE_ERROR;
    }
    return (State)state;
}

State composite_float(Text any, Cell *value)
{
    uint8_t state = STATE_OK;
    if (composite_type(any) == TYPE_KINDS)
        return STATE_NULL;
    Cell cell = scalar(any);
    switch (composite_type(any)) {
    case TYPE_INT: value->f = (double)cell.i; break;
    case TYPE_FLOAT: value->f = cell.f; break;
    case TYPE_DECIMAL: value->f = decimal_float(cell.d); break;
    case TYPE_STRING: value->f = number_float(cell.s, &state); break;
    default: return STATE_ERROR;
    }
    return (State)state;
}

/* ── Members ── */

CompositeCursor composite_begin(Text value)
{
    uint8_t tag = (uint8_t)value.p[0];
    if (!is_container(tag))
        return (CompositeCursor){0};
    return (CompositeCursor){value.p + HEAD, u32_at(value.p + 5), tag != TYPE_LIST};
}

bool composite_next(CompositeCursor *cursor, Text *name, Text *item)
{
    if (!cursor->left)
        return false;
    cursor->left--;
    *name = (Text){"", 0};
    if (cursor->named) {
        *name = (Text){cursor->at + 4, u32_at(cursor->at)};
        cursor->at += 4 + name->len;
    }
    *item = value_at(cursor->at);
    cursor->at += item->len;
    return true;
}

int64_t composite_len(Text value)
{
    return composite_begin(value).left;
}

Text composite_at(Text list, int64_t i)
{
    int64_t n = composite_len(list);
    if (i < 0)
        i += n + 1;
    if (i < 1 || i > n || composite_type(list) != TYPE_LIST)
        return null_value;
    CompositeCursor cursor = composite_begin(list);
    Text name, item = null_value;
    while (i-- > 0)
        composite_next(&cursor, &name, &item);
    return item;
}

Text composite_get(Text record, Text name)
{
    CompositeCursor cursor = composite_begin(record);
    Text at, item;
    while (cursor.named && composite_next(&cursor, &at, &item))
        if (text_is(at, name))
            return item;
    return null_value;
}

bool composite_has_name(Text map, Text name)
{
    CompositeCursor cursor = composite_begin(map);
    Text at, item;
    while (cursor.named && composite_next(&cursor, &at, &item))
        if (text_is(at, name))
            return true;
    return false;
}

bool composite_has(Text list, Text item)
{
    CompositeCursor cursor = composite_begin(list);
    Text name, other;
    while (composite_next(&cursor, &name, &other))
        if (composite_compare(other, item) == 0)
            return true;
    return false;
}

/* ── Making ── */

Text composite_empty(TypeKind type)
{
    static const char list[HEAD] = {TYPE_LIST, HEAD - 5, [9] = 1}, record[HEAD] = {TYPE_RECORD, HEAD - 5, [9] = 1},
                      map[HEAD] = {TYPE_MAP, HEAD - 5, [9] = 1};
    assert(is_container((uint8_t)type));
    return (Text){type == TYPE_LIST ? list : type == TYPE_RECORD ? record : map, HEAD};
}

void composite_open(CompositeWriter *writer, TypeKind type, Arena *arena)
{
    *writer = (CompositeWriter){.arena = arena, .type = type, .len = HEAD, .room = 64, .depth = 1};
    writer->bytes = arena_raw(arena, writer->room);
}

static void put_bytes(CompositeWriter *writer, const void *bytes, size_t n)
{
    if (writer->failed || writer->len + n > COMPOSITE_BYTES_MAX) {
        writer->failed = true;
        return;
    }
    if (writer->len + n > writer->room) {
        size_t room = writer->room * 2 > writer->len + n ? writer->room * 2 : writer->len + n;
        char *wider = arena_raw(writer->arena, room);
        memcpy(wider, writer->bytes, writer->len);
        writer->bytes = wider;
        writer->room = room;
    }
    if (n)
        memcpy(writer->bytes + writer->len, bytes, n);
    writer->len += n;
}

void composite_write(CompositeWriter *writer, Text name, Text item)
{
    if (writer->type == TYPE_RECORD && (uint8_t)item.p[0] == COMPOSITE_NULL)
        return;
    if (writer->type != TYPE_LIST) {
        put_bytes(writer, &name.len, 4);
        put_bytes(writer, name.p, name.len);
    }
    put_bytes(writer, item.p, item.len);
    writer->n++;
    if (is_container((uint8_t)item.p[0]) && u16_at(item.p + 9) >= writer->depth)
        writer->depth = (uint16_t)(u16_at(item.p + 9) + 1);
    writer->failed |= writer->depth > COMPOSITE_DEPTH_MAX;
}

typedef struct Entry {
    Text name, item;
    uint32_t place;
} Entry;

static int entry_order(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    int order = text_compare(x->name, y->name);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* Puts the entries in the order of their names. */
static void entries_sort(CompositeWriter *writer)
{
    Entry *entries = arena_raw(writer->arena, (writer->n + 1) * sizeof *entries);
    CompositeCursor cursor = {writer->bytes + HEAD, writer->n, true};
    bool sorted = true;
    for (uint32_t i = 0; composite_next(&cursor, &entries[i].name, &entries[i].item); i++) {
        entries[i].place = i;
        sorted &= i == 0 || text_compare(entries[i - 1].name, entries[i].name) < 0;
    }
    if (sorted)
        return;
    qsort(entries, writer->n, sizeof *entries, entry_order);
    CompositeWriter to;
    composite_open(&to, writer->type, writer->arena);
    for (uint32_t i = 0; i < writer->n; i++)
        if (i + 1 == writer->n || !text_is(entries[i].name, entries[i + 1].name))
            composite_write(&to, entries[i].name, entries[i].item);
    *writer = to;
}

Text composite_close(CompositeWriter *writer, uint8_t *state)
{
    if (writer->type != TYPE_LIST && !writer->failed)
        entries_sort(writer);
    if (writer->failed) {
        *state = STATE_ERROR;
        return composite_empty(writer->type);
    }
    uint32_t len = (uint32_t)writer->len - 5;
    writer->bytes[0] = (char)writer->type;
    memcpy(writer->bytes + 1, &len, 4);
    memcpy(writer->bytes + 5, &writer->n, 4);
    memcpy(writer->bytes + 9, &writer->depth, 2);
    return (Text){writer->bytes, (uint32_t)writer->len};
}

/* The writer with all that a value has. */
static void reopen(CompositeWriter *writer, Text value, Arena *arena)
{
    composite_open(writer, composite_type(value), arena);
    put_bytes(writer, value.p + HEAD, value.len - HEAD);
    writer->n = u32_at(value.p + 5);
    writer->depth = u16_at(value.p + 9);
}

Text composite_add(Text list, Text item, Arena *arena, uint8_t *state)
{
    return composite_put(list, (Text){"", 0}, item, arena, state);
}

Text composite_put(Text record, Text name, Text item, Arena *arena, uint8_t *state)
{
    CompositeWriter writer;
    reopen(&writer, record, arena);
    composite_write(&writer, name, item);
    return composite_close(&writer, state);
}

/* ── As a whole ── */

static int rank_of(TypeKind type)
{
    return type == TYPE_KINDS ? -1 : type == TYPE_FLOAT || type == TYPE_DECIMAL ? TYPE_INT : type == TYPE_RECORD ? TYPE_MAP : (int)type;
}

static int containers_compare(Text a, Text b)
{
    CompositeCursor x = composite_begin(a), y = composite_begin(b);
    Text x_name, y_name, x_item, y_item;
    for (;;) {
        bool more_x = composite_next(&x, &x_name, &x_item), more_y = composite_next(&y, &y_name, &y_item);
        if (!more_x || !more_y)
            return (int)more_x - (int)more_y;
        int order = text_compare(x_name, y_name);
        order = order ? order : composite_compare(x_item, y_item);
        if (order)
            return order;
    }
}

int composite_compare(Text a, Text b)
{
    TypeKind x = composite_type(a), y = composite_type(b);
    if (rank_of(x) != rank_of(y))
        return rank_of(x) < rank_of(y) ? -1 : 1;
    if (x == TYPE_KINDS)
        return 0;
    if (is_container((uint8_t)x))
        return containers_compare(a, b);
    if (x == y)
        return cell_compare(x, scalar(a), scalar(b));
    Cell f = {0}, g = {0};
    composite_float(a, &f);
    composite_float(b, &g);
    return (f.f > g.f) - (f.f < g.f);
}

/* ── Text ── */

typedef struct Writing {
    Arena *arena;
    char *bytes;
    size_t len, room;
} Writing;

static void put(Writing *w, const char *bytes, size_t n)
{
    if (w->len + n > w->room) {
        size_t room = (w->len + n) * 2;
        char *wider = arena_raw(w->arena, room);
        if (w->len)
            memcpy(wider, w->bytes, w->len);
        w->bytes = wider;
        w->room = room;
    }
    if (n)
        memcpy(w->bytes + w->len, bytes, n);
    w->len += n;
}

static void put_text(Writing *w, Text text)
{
    put(w, text.p, text.len);
}

static void put_quoted(Writing *w, Text text)
{
    static const char hex[] = "0123456789abcdef";
    put(w, "\"", 1);
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        const char *escape = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
        char code[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (escape)
            put(w, escape, 2);
        else if (c < ' ')
            put(w, code, sizeof code);
        else
            put(w, (const char *)&text.p[i], 1);
    }
    put(w, "\"", 1);
}

static void put_value(Writing *w, Text any, bool plain);

static void put_container(Writing *w, Text any)
{
    CompositeCursor cursor = composite_begin(any);
    bool named = cursor.named, first = true;
    Text name, item;
    put(w, named ? "{" : "[", 1);
    for (; composite_next(&cursor, &name, &item); first = false) {
        if (!first)
            put(w, ",", 1);
        if (named) {
            put_quoted(w, name);
            put(w, ":", 1);
        }
        put_value(w, item, false);
    }
    put(w, named ? "}" : "]", 1);
}

static void put_value(Writing *w, Text any, bool plain)
{
    char text[TIME_TEXT_MAX];
    TypeKind type = composite_type(any);
    Cell cell = type == TYPE_KINDS ? (Cell){0} : scalar(any);
    Text quoted = {0};
    switch ((int)type) {
    case TYPE_BOOL: put_text(w, cell.b ? TEXT("true") : TEXT("false")); return;
    case TYPE_INT: put_text(w, number_int_text(cell.i, w->arena)); return;
    case TYPE_FLOAT: put_text(w, number_float_text(cell.f, w->arena)); return;
    case TYPE_DECIMAL: put_text(w, decimal_text(cell.d, w->arena)); return;
    case TYPE_POINT:
        put(w, "[", 1);
        put_text(w, number_float_text(cell.p.x, w->arena));
        put(w, ",", 1);
        put_text(w, number_float_text(cell.p.y, w->arena));
        put(w, "]", 1);
        return;
    case TYPE_LIST: case TYPE_RECORD: case TYPE_MAP: put_container(w, any); return;
    case TYPE_STRING: quoted = cell.s; break;
    case TYPE_BYTES: quoted = base64_text(cell.s, w->arena); break;
    case TYPE_TIME: quoted = (Text){text, (uint32_t)time_text(cell.i, text)}; break;
    case TYPE_DURATION: quoted = (Text){text, (uint32_t)duration_text(cell.i, text)}; break;
    default: put_text(w, TEXT("null")); return;
    }
    if (plain)
        put_text(w, quoted);
    else
        put_quoted(w, quoted);
}

Text composite_text(Text any, bool plain, Arena *arena)
{
    Writing w = {.arena = arena};
    put_value(&w, any, plain);
    return (Text){w.bytes, (uint32_t)w.len};
}
