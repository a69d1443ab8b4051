/* Two ways through the bytes. The quick one, codec_row, knows the type that a field wants, guesses the form that a
 * writer of ours uses, and stores into the column; built for 10 ns an event of eight attributes. Whatever it does not
 * expect goes through cursor_head, which knows all forms of msgpack.
 *
 * Both may look at CODEC_PADDING bytes behind the end, and neither believes what it found there: a position behind
 * the end is `broken` before anything further is read. So a scalar is loaded without asking, and asked about once. */
#include "cep/codec.h"

#include "cep/cell_text.h"
#include "cep/codec_composite.h"
#include "cep/decimal.h"
#include "cep/letter.h"
#include "cep/zone.h"

_Static_assert((int)CODEC_PADDING >= 2 * (int)sizeof(uint64_t), "a head is loaded with up to 8 bytes behind it");

Text codec_copy(Text bytes, Arena *arena)
{
    char *copy = arena_raw(arena, (size_t)bytes.len + CODEC_PADDING);
    if (bytes.len)
        memcpy(copy, bytes.p, bytes.len);
    memset(copy + bytes.len, 0, CODEC_PADDING);
    return (Text){copy, bytes.len};
}

/* ── Heads: the kind of a value, its number or its length ── */

const char *const head_words[] = {
    [HEAD_NIL] = "nil",       [HEAD_BOOL] = "a bool",  [HEAD_UINT] = "a whole number", [HEAD_INT] = "a whole number",
    [HEAD_FLOAT] = "a float", [HEAD_STR] = "a string", [HEAD_BIN] = "bytes",           [HEAD_EXT] = "an extension",
    [HEAD_ARRAY] = "a list",  [HEAD_MAP] = "a map",
};

static inline uint64_t load(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t load_big(const uint8_t *p)
{
    return __builtin_bswap64(load(p));
}

/* The big-endian number of 1, 2, 4 or 8 bytes. */
static inline uint64_t load_number(const uint8_t *p, uint32_t size)
{
    return load_big(p) >> (64 - 8 * size);
}

static double float_32(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static double float_64(uint64_t bits)
{
    double f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* What a first byte from 0xC0 to 0xDF says: the kind, and the bytes of the number or length behind it. */
static const struct Form {
    uint8_t kind, size;
} forms[32] = {
    [0x00] = {HEAD_NIL, 0},   [0x02] = {HEAD_BOOL, 0},  [0x03] = {HEAD_BOOL, 0},  [0x04] = {HEAD_BIN, 1},
    [0x05] = {HEAD_BIN, 2},   [0x06] = {HEAD_BIN, 4},   [0x07] = {HEAD_EXT, 1},   [0x08] = {HEAD_EXT, 2},
    [0x09] = {HEAD_EXT, 4},   [0x0A] = {HEAD_FLOAT, 4}, [0x0B] = {HEAD_FLOAT, 8}, [0x0C] = {HEAD_UINT, 1},
    [0x0D] = {HEAD_UINT, 2},  [0x0E] = {HEAD_UINT, 4},  [0x0F] = {HEAD_UINT, 8},  [0x10] = {HEAD_INT, 1},
    [0x11] = {HEAD_INT, 2},   [0x12] = {HEAD_INT, 4},   [0x13] = {HEAD_INT, 8},   [0x14] = {HEAD_EXT, 0},
    [0x15] = {HEAD_EXT, 0},   [0x16] = {HEAD_EXT, 0},   [0x17] = {HEAD_EXT, 0},   [0x18] = {HEAD_EXT, 0},
    [0x19] = {HEAD_STR, 1},   [0x1A] = {HEAD_STR, 2},   [0x1B] = {HEAD_STR, 4},   [0x1C] = {HEAD_ARRAY, 2},
    [0x1D] = {HEAD_ARRAY, 4}, [0x1E] = {HEAD_MAP, 2},   [0x1F] = {HEAD_MAP, 4},
};

/* Heads of one byte outside 0xC0 to 0xDF. */
static void head_short(Head *h, uint8_t first)
{
    if (first < 0x80)
        *h = (Head){.kind = HEAD_UINT, .bits = first};
    else if (first >= 0xE0)
        *h = (Head){.kind = HEAD_INT, .bits = (uint64_t)(int64_t)(int8_t)first};
    else if (first >= 0xA0)
        *h = (Head){.kind = HEAD_STR, .n = first & 31};
    else if (first >= 0x90)
        *h = (Head){.kind = HEAD_ARRAY, .n = first & 15};
    else
        *h = (Head){.kind = HEAD_MAP, .n = first & 15};
}

/* Heads from 0xC0 on; returns the bytes of the number or length. */
static uint32_t head_long(Head *h, const uint8_t *p)
{
    struct Form form = forms[*p - 0xC0];
    uint64_t number = form.size ? load_number(p + 1, form.size) : 0;
    *h = (Head){.kind = form.kind, .n = (uint32_t)number, .bits = number};
    if (h->kind == HEAD_INT) {
        uint32_t shift = 64 - 8 * form.size;
        h->bits = (uint64_t)((int64_t)(number << shift) >> shift);
        h->kind = (int64_t)h->bits < 0 ? HEAD_INT : HEAD_UINT;
    } else if (h->kind == HEAD_FLOAT) {
        h->f = form.size == 4 ? float_32((uint32_t)number) : float_64(number);
    } else if (h->kind == HEAD_BOOL) {
        h->bits = *p & 1;
    } else if (h->kind == HEAD_EXT && form.size == 0) {
        h->n = 1u << (*p - 0xD4);
    }
    return form.size;
}

/* Whether what a head announces can be there: data is passed, elements have at least a byte each. */
static bool head_fits(Head *h, const uint8_t **at, const uint8_t *end)
{
    if (*at > end)
        return false;
    size_t left = (size_t)(end - *at);
    switch (h->kind) {
    case HEAD_STR: case HEAD_BIN: case HEAD_EXT:
        h->data = *at;
        *at += h->n <= left ? h->n : 0;
        return h->n <= left;
    case HEAD_ARRAY:
        return h->n <= left;
    case HEAD_MAP:
        return h->n <= left / 2;
    default:
        return true;
    }
}

bool cursor_head(Cursor *c, Head *h)
{
    const uint8_t *p = c->at;
    if (p >= c->end || *p == 0xC1)
        return false;
    uint8_t first = *p;
    if (first >= 0xC0 && first < 0xE0)
        p += head_long(h, p);
    else
        head_short(h, first);
    p++;
    if (h->kind == HEAD_EXT)
        h->ext = *p++;
    if (!head_fits(h, &p, c->end))
        return false;
    c->at = p;
    return true;
}

/* ── Cursors ── */

bool cursor_nil(Cursor *c)
{
    bool is = c->at < c->end && *c->at == 0xC0;
    c->at += is;
    return is;
}

/* Takes a head of a kind, or nothing. */
static bool take(Cursor *c, HeadKind kind, Head *h)
{
    const uint8_t *at = c->at;
    if (cursor_head(c, h) && h->kind == kind)
        return true;
    c->at = at;
    return false;
}

bool cursor_uint(Cursor *c, uint64_t *value)
{
    Head h;
    if (!take(c, HEAD_UINT, &h))
        return false;
    *value = h.bits;
    return true;
}

bool cursor_int(Cursor *c, int64_t *value)
{
    const uint8_t *at = c->at;
    Head h;
    if (cursor_head(c, &h) && (h.kind == HEAD_INT || (h.kind == HEAD_UINT && h.bits <= INT64_MAX))) {
        *value = (int64_t)h.bits;
        return true;
    }
    c->at = at;
    return false;
}

bool cursor_text(Cursor *c, Text *value)
{
    Head h;
    if (!take(c, HEAD_STR, &h))
        return false;
    *value = (Text){(const char *)h.data, h.n};
    return true;
}

bool cursor_bin(Cursor *c, Text *value)
{
    Head h;
    if (!take(c, HEAD_BIN, &h))
        return false;
    *value = (Text){(const char *)h.data, h.n};
    return true;
}

bool cursor_array(Cursor *c, uint32_t *n)
{
    Head h;
    if (!take(c, HEAD_ARRAY, &h))
        return false;
    *n = h.n;
    return true;
}

bool cursor_skip(Cursor *c)
{
    uint64_t left[CODEC_NESTING_MAX + 1]; /* values to pass at each level */
    uint32_t depth = 0;
    const uint8_t *at = c->at;
    left[0] = 1;
    for (;;) {
        Head h;
        if (left[depth] == 0) {
            if (depth-- == 0)
                return true;
            continue;
        }
        left[depth]--;
        if (!cursor_head(c, &h))
            break;
        if (h.kind != HEAD_ARRAY && h.kind != HEAD_MAP)
            continue;
        if (depth == CODEC_NESTING_MAX)
            break;
        left[++depth] = h.kind == HEAD_MAP ? 2 * (uint64_t)h.n : h.n;
    }
    c->at = at;
    return false;
}

/* ── UTF-8 ── */

static inline bool is_ascii(const uint8_t *p, size_t n)
{
    uint64_t all = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        all |= load(p + i);
    if (n & 7)
        all |= load(p + i) << (64 - 8 * (n & 7));
    return !(all & UINT64_C(0x8080808080808080));
}

static bool letters_valid(const char *p, const char *end)
{
    for (uint32_t letter; p < end;) {
        p += letter_read(p, end, &letter);
        if (letter >= LETTER_INVALID)
            return false;
    }
    return true;
}

bool utf8_valid(const uint8_t *bytes, size_t n)
{
    return is_ascii(bytes, n) || letters_valid((const char *)bytes, (const char *)bytes + n);
}

/* ── Values, in any form ── */

CodecEnd codec_fault(CodecFault *fault, const char *got)
{
    fault->got = got;
    return CODEC_FAULT;
}

static CodecEnd int_of(const Head *h, Cell *value, CodecFault *f)
{
    if (h->kind != HEAD_UINT && h->kind != HEAD_INT)
        return codec_fault(f, head_words[h->kind]);
    if (h->kind == HEAD_UINT && h->bits > INT64_MAX)
        return codec_fault(f, "a number beyond 64 bits");
    value->i = (int64_t)h->bits;
    return CODEC_OK;
}

static bool float_of(const Head *h, double *value)
{
    switch (h->kind) {
    case HEAD_FLOAT:
        *value = h->f;
        return true;
    case HEAD_UINT:
        *value = (double)h->bits;
        return true;
    case HEAD_INT:
        *value = (double)(int64_t)h->bits;
        return true;
    default:
        return false;
    }
}

static CodecEnd text_of_head(const Head *h, Text *text, CodecFault *f)
{
    if (h->kind != HEAD_STR)
        return codec_fault(f, head_words[h->kind]);
    if (!utf8_valid(h->data, h->n))
        return codec_fault(f, "a string that is not UTF-8");
    *text = (Text){(const char *)h->data, h->n};
    return CODEC_OK;
}

/* msgpack's timestamps: 32 bits of seconds; 30 of nanoseconds and 34 of seconds; 32 of ns and 64 of s. */
static bool timestamp_of(const Head *h, int64_t *ns)
{
    int64_t seconds, fraction = 0;
    if (h->ext != 0xFF)
        return false;
    if (h->n == 4) {
        seconds = (int64_t)load_number(h->data, 4);
    } else if (h->n == 8) {
        uint64_t both = load_big(h->data);
        fraction = (int64_t)(both >> 34);
        seconds = (int64_t)(both & ((UINT64_C(1) << 34) - 1));
    } else if (h->n == 12) {
        fraction = (int64_t)load_number(h->data, 4);
        seconds = (int64_t)load_big(h->data + 4);
    } else {
        return false;
    }
    return fraction < NS_PER_SECOND && !__builtin_mul_overflow(seconds, NS_PER_SECOND, ns) &&
           !__builtin_add_overflow(*ns, fraction, ns);
}

static CodecEnd span_of(const Head *h, TypeKind type, Cell *value, CodecFault *f)
{
    Text text;
    if (h->kind == HEAD_EXT && type == TYPE_TIME)
        return timestamp_of(h, &value->i) ? CODEC_OK : codec_fault(f, "an extension that is no timestamp");
    if (h->kind == HEAD_EXT && h->ext == EXT_DURATION && h->n == 8) {
        value->i = (int64_t)load_big(h->data);
        return CODEC_OK;
    }
    if (h->kind != HEAD_STR)
        return int_of(h, value, f);
    CodecEnd end = text_of_head(h, &text, f);
    if (end != CODEC_OK)
        return end;
    bool good = type == TYPE_TIME ? time_parse(text, NULL, false, &value->i) : duration_parse(text, &value->i);
    return good ? CODEC_OK : codec_fault(f, "a string that is none");
}

/* The two or three numbers of a point. After a fault codec_value passes them again. */
static CodecEnd point_of(Cursor *c, const Head *h, Cell *value, CodecFault *f)
{
    double numbers[3];
    if (h->kind == HEAD_EXT && h->ext == EXT_POINT && h->n == 16) {
        value->p = (Point){float_64(load_big(h->data)), float_64(load_big(h->data + 8))};
        return CODEC_OK;
    }
    if (h->kind != HEAD_ARRAY)
        return codec_fault(f, head_words[h->kind]);
    if (h->n != 2 && h->n != 3)
        return codec_fault(f, "a list of another length");
    for (uint32_t i = 0; i < h->n; i++) {
        Head number;
        if (!cursor_head(c, &number) || !float_of(&number, &numbers[i]))
            return codec_fault(f, "a list that is not of numbers");
    }
    value->p = (Point){numbers[0], numbers[1]};
    return CODEC_OK;
}

static CodecEnd decimal_of_head(const Head *h, Cell *value, CodecFault *f)
{
    uint8_t state = STATE_OK;
    double number;
    if (h->kind == HEAD_STR || (h->kind == HEAD_EXT && h->ext == EXT_DECIMAL))
        value->d = decimal_of_text((Text){(const char *)h->data, h->n}, &state);
    else if (h->kind == HEAD_INT || (h->kind == HEAD_UINT && h->bits <= INT64_MAX))
        value->d = decimal_of_int((int64_t)h->bits);
    else if (float_of(h, &number))
        value->d = decimal_of_float(number, &state);
    else
        return codec_fault(f, head_words[h->kind]);
    return state == STATE_OK ? CODEC_OK : codec_fault(f, "one that is none, or too large");
}

static CodecEnd bytes_of(const Head *h, Cell *value, CodecFault *f)
{
    value->s = (Text){(const char *)h->data, h->n};
    return h->kind == HEAD_BIN ? CODEC_OK : codec_fault(f, head_words[h->kind]);
}

static CodecEnd scalar_of(Cursor *c, TypeKind type, const Head *h, Cell *value, CodecFault *f)
{
    switch (type) {
    case TYPE_BOOL:
        value->b = (uint8_t)h->bits;
        return h->kind == HEAD_BOOL ? CODEC_OK : codec_fault(f, head_words[h->kind]);
    case TYPE_INT:
        return int_of(h, value, f);
    case TYPE_FLOAT:
        return float_of(h, &value->f) ? CODEC_OK : codec_fault(f, head_words[h->kind]);
    case TYPE_STRING:
        return text_of_head(h, &value->s, f);
    case TYPE_TIME: case TYPE_DURATION:
        return span_of(h, type, value, f);
    case TYPE_POINT:
        return point_of(c, h, value, f);
    case TYPE_DECIMAL:
        return decimal_of_head(h, value, f);
    case TYPE_BYTES:
        return bytes_of(h, value, f);
    default:
        return codec_fault(f, head_words[h->kind]);
    }
}

CodecEnd codec_value(Cursor *c, const CodecField *field, CodecRoom room, Cell *value, State *state, CodecFault *f)
{
    const uint8_t *at = c->at;
    Head h;
    *state = STATE_NULL;
    if (!cursor_head(c, &h))
        return CODEC_BROKEN;
    if (h.kind == HEAD_NIL)
        return CODEC_OK;
    CodecEnd end;
    if (field->type >= TYPE_LIST) {
        c->at = at;
        end = codec_read_composite(c, field, room, &value->s, f);
    } else {
        end = scalar_of(c, field->type, &h, value, f);
    }
    *state = end == CODEC_OK ? STATE_OK : STATE_NULL;
    if (end != CODEC_FAULT)
        return end;
    c->at = at;
    return cursor_skip(c) ? CODEC_FAULT : CODEC_BROKEN;
}

/* ── Rows ── */

static CodecEnd field_read(Cursor *c, const CodecField *field, Rows *rows, uint32_t row, CodecRoom room, CodecFault *f)
{
    Cell value;
    State state;
    CodecEnd end = codec_value(c, field, room, &value, &state, f);
    if (end != CODEC_OK)
        return end;
    if (state == STATE_OK)
        rows_set(rows, row, field->column, value);
    else if (field->required)
        return codec_fault(f, NULL);
    return CODEC_OK;
}

/* An integer in any of its forms; NULL if it is none or beyond 64 bits. */
static inline const uint8_t *quick_int(const uint8_t *p, int64_t *value)
{
    uint8_t first = *p;
    if (first < 0x80 || first >= 0xE0) {
        *value = (int8_t)first;
        return p + 1;
    }
    uint32_t form = first - 0xCCu;
    if (form > 7)
        return NULL;
    uint32_t size = 1u << (form & 3);
    uint64_t number = load_big(p + 1);
    if (form >= 4)
        *value = (int64_t)number >> (64 - 8 * size);
    else
        *value = (int64_t)(number >> (64 - 8 * size));
    return form == 3 && *value < 0 ? NULL : p + 1 + size;
}

static inline const uint8_t *quick_float(const uint8_t *p, double *value)
{
    if (*p != 0xCB)
        return NULL;
    *value = float_64(load_big(p + 1));
    return p + 9;
}

static inline const uint8_t *quick_bool(const uint8_t *p, uint8_t *value)
{
    *value = *p & 1;
    return (*p & 0xFE) == 0xC2 ? p + 1 : NULL;
}

/* Texts of up to 255 bytes, all ASCII. */
static inline const uint8_t *quick_text(const uint8_t *p, const uint8_t *end, Text *value)
{
    uint32_t n = *p - 0xA0u;
    if (n > 31) {
        if (*p++ != 0xD9)
            return NULL;
        n = *p;
    }
    p++;
    if (p > end || n > (size_t)(end - p) || !is_ascii(p, n))
        return NULL;
    *value = (Text){(const char *)p, n};
    return p + n;
}

static inline const uint8_t *quick_point(const uint8_t *p, Point *value)
{
    if (p[0] != 0x92 || p[1] != 0xCB || p[10] != 0xCB)
        return NULL;
    *value = (Point){float_64(load_big(p + 2)), float_64(load_big(p + 11))};
    return p + CODEC_POINT_MAX;
}

/* Stores a value in its usual form; NULL if it has another. p < end. */
static inline const uint8_t *quick_field(const uint8_t *p, const uint8_t *end, Column *column, uint32_t row)
{
    switch (column->type) {
    case TYPE_BOOL:
        return quick_bool(p, (uint8_t *)column->cells + row);
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION:
        return quick_int(p, (int64_t *)column->cells + row);
    case TYPE_FLOAT:
        return quick_float(p, (double *)column->cells + row);
    case TYPE_STRING:
        return quick_text(p, end, (Text *)column->cells + row);
    case TYPE_POINT:
        return end - p >= CODEC_POINT_MAX ? quick_point(p, (Point *)column->cells + row) : NULL;
    default:
        return NULL;
    }
}

CodecEnd codec_row(Cursor *c, const CodecField *fields, uint32_t n, Rows *rows, uint32_t row, CodecRoom room,
                   CodecFault *f)
{
    const uint8_t *p = c->at, *end = c->end;
    CodecEnd result = CODEC_OK;
    for (uint32_t i = 0; i < n; i++) {
        const CodecField *field = &fields[i];
        if (field->column != UINT32_MAX && p < end) {
            Column *column = &rows->columns[field->column];
            const uint8_t *next = quick_field(p, end, column, row);
            if (next && next <= end) {
                column->states[row] = STATE_OK;
                p = next;
                continue;
            }
        }
        CodecFault found = {.field = i};
        c->at = p;
        CodecEnd step = field->column == UINT32_MAX ? cursor_skip(c) ? CODEC_OK : CODEC_BROKEN
                                                    : field_read(c, field, rows, row, room, &found);
        if (step == CODEC_BROKEN)
            return CODEC_BROKEN;
        if (step == CODEC_FAULT && result == CODEC_OK) {
            *f = found;
            result = CODEC_FAULT;
        }
        p = c->at;
    }
    c->at = p;
    return result;
}

/* ── Writing ── */

static inline uint8_t *put_head(uint8_t *to, uint8_t first, uint64_t number, uint32_t size)
{
    *to = first;
    number = __builtin_bswap64(number << (64 - 8 * size));
    memcpy(to + 1, &number, size);
    return to + 1 + size;
}

uint8_t *codec_put_nil(uint8_t *to)
{
    *to = 0xC0;
    return to + 1;
}

uint8_t *codec_put_uint(uint8_t *to, uint64_t value)
{
    if (value < 0x80) {
        *to = (uint8_t)value;
        return to + 1;
    }
    return value <= UINT8_MAX    ? put_head(to, 0xCC, value, 1)
           : value <= UINT16_MAX ? put_head(to, 0xCD, value, 2)
           : value <= UINT32_MAX ? put_head(to, 0xCE, value, 4)
                                 : put_head(to, 0xCF, value, 8);
}

uint8_t *codec_put_int(uint8_t *to, int64_t value)
{
    if (value >= 0)
        return codec_put_uint(to, (uint64_t)value);
    if (value >= -32) {
        *to = (uint8_t)value;
        return to + 1;
    }
    return value >= INT8_MIN    ? put_head(to, 0xD0, (uint64_t)value, 1)
           : value >= INT16_MIN ? put_head(to, 0xD1, (uint64_t)value, 2)
           : value >= INT32_MIN ? put_head(to, 0xD2, (uint64_t)value, 4)
                                : put_head(to, 0xD3, (uint64_t)value, 8);
}

uint8_t *codec_put_float(uint8_t *to, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_head(to, 0xCB, bits, 8);
}

/* The head of bytes whose short form, if there is one, has `few` lengths, and whose forms of 1, 2, 4 bytes of
 * length follow each other. */
static uint8_t *put_length(uint8_t *to, uint8_t brief, uint32_t few, uint8_t first, uint32_t n)
{
    if (n < few) {
        *to = (uint8_t)(brief | n);
        return to + 1;
    }
    return n <= UINT8_MAX    ? put_head(to, first, n, 1)
           : n <= UINT16_MAX ? put_head(to, (uint8_t)(first + 1), n, 2)
                             : put_head(to, (uint8_t)(first + 2), n, 4);
}

static uint8_t *put_bytes(uint8_t *to, const void *bytes, uint32_t n)
{
    if (n)
        memcpy(to, bytes, n);
    return to + n;
}

uint8_t *codec_put_text(uint8_t *to, Text value)
{
    return put_bytes(put_length(to, 0xA0, 32, 0xD9, value.len), value.p, value.len);
}

uint8_t *codec_put_bin(uint8_t *to, const void *bytes, uint32_t n)
{
    return put_bytes(put_length(to, 0, 0, 0xC4, n), bytes, n);
}

uint8_t *codec_put_array(uint8_t *to, uint32_t n)
{
    if (n < 16) {
        *to = (uint8_t)(0x90 | n);
        return to + 1;
    }
    return n <= UINT16_MAX ? put_head(to, 0xDC, n, 2) : put_head(to, 0xDD, n, 4);
}

uint8_t *codec_put_value(uint8_t *to, TypeKind type, Cell value)
{
    switch (type) {
    case TYPE_BOOL:
        *to = value.b ? 0xC3 : 0xC2;
        return to + 1;
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION:
        return codec_put_int(to, value.i);
    case TYPE_FLOAT:
        return codec_put_float(to, value.f);
    case TYPE_STRING:
        return codec_put_text(to, value.s);
    case TYPE_POINT:
        return codec_put_float(codec_put_float(codec_put_array(to, 2), value.p.x), value.p.y);
    case TYPE_DECIMAL: {
        char text[DECIMAL_TEXT_MAX];
        return codec_put_text(to, (Text){text, (uint32_t)decimal_write(value.d, text)});
    }
    case TYPE_BYTES:
        return codec_put_bin(to, value.s.p, value.s.len);
    default:
        return codec_put_composite(to, value.s);
    }
}

/* A value of a column; those of eight bytes and of text without a detour. */
static inline uint8_t *put_cell(uint8_t *to, const Column *column, uint32_t row)
{
    switch (column->type) {
    case TYPE_INT: case TYPE_TIME: case TYPE_DURATION:
        return codec_put_int(to, ((const int64_t *)column->cells)[row]);
    case TYPE_FLOAT:
        return codec_put_float(to, ((const double *)column->cells)[row]);
    case TYPE_STRING:
        return codec_put_text(to, ((const Text *)column->cells)[row]);
    default:
        return codec_put_value(to, column->type, cell_get(column->type, column->cells, row));
    }
}

uint8_t *codec_put_row(uint8_t *to, const Rows *rows, uint32_t row)
{
    for (uint32_t i = 0; i < rows->ncolumns; i++) {
        const Column *column = &rows->columns[i];
        to = column->states[row] == STATE_OK ? put_cell(to, column, row) : codec_put_nil(to);
    }
    return to;
}

/* A decimal is the most that 17 bytes of a composite become. */
size_t codec_size(TypeKind type, Cell value)
{
    if (type_has_bytes(type))
        return CODEC_SCALAR_MAX + (type >= TYPE_LIST ? 4 : 1) * (size_t)value.s.len;
    return type == TYPE_DECIMAL ? CODEC_DECIMAL_MAX : type == TYPE_POINT ? CODEC_POINT_MAX : CODEC_SCALAR_MAX;
}

size_t codec_row_size(const Rows *rows, uint32_t row)
{
    size_t size = 0;
    for (uint32_t i = 0; i < rows->ncolumns; i++) {
        const Column *column = &rows->columns[i];
        size += CODEC_DECIMAL_MAX;
        if (type_has_bytes(column->type) && column->states[row] == STATE_OK)
            size += (column->type >= TYPE_LIST ? 4 : 1) * (size_t)((const Text *)column->cells)[row].len;
    }
    return size;
}
