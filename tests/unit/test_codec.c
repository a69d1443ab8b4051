/* The codec: what each type is written as and read from, what does not fit, and that it takes exactly what msgpack-c
 * takes, on random values and on bytes of any kind. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <msgpack.h>

#include "cep/codec.h"
#include "cep/decimal.h"
#include "cep/plan.h"
#include "cep/zone.h"

enum { BOOL, INT, FLOAT, STRING, TIME, DURATION, POINT, COLUMNS };

static const TypeKind kinds[COLUMNS] = {TYPE_BOOL, TYPE_INT,      TYPE_FLOAT, TYPE_STRING,
                                        TYPE_TIME, TYPE_DURATION, TYPE_POINT};

typedef struct Bench {
    Memory memory;
    Rows rows;
    uint8_t bytes[512 + CODEC_PADDING];
    CodecField fields[COLUMNS];
    CodecFault fault;
    Arena values, scratch;
    CodecRoom room;
} Bench;

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    rows_init(&b->rows, &b->memory, 0, kinds, COLUMNS);
    for (uint32_t i = 0; i < COLUMNS; i++)
        b->fields[i] = (CodecField){.column = i, .type = kinds[i]};
    arena_init(&b->values, &b->memory);
    arena_init(&b->scratch, &b->memory);
    b->room = (CodecRoom){&b->values, &b->scratch};
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    rows_fini(&b->rows, &b->memory);
    arena_fini(&b->scratch);
    arena_fini(&b->values);
    int leaked = b->memory.bytes != 0;
    free(b);
    return leaked;
}

/* Reads bytes as one value of a type, from a heap block of exactly their size, so that reading beyond is seen. */
static CodecEnd read_one(Bench *b, uint32_t column, const char *bytes, size_t n, Cell *value, State *state)
{
    rows_clear(&b->rows);
    uint32_t row = rows_add(&b->rows, &b->memory);
    uint8_t *copy = calloc(1, n + CODEC_PADDING);
    memcpy(copy, bytes, n);
    Cursor c = {copy, copy + n};
    CodecField field = b->fields[column];
    b->fault = (CodecFault){0};
    CodecEnd end = codec_row(&c, &field, 1, &b->rows, row, b->room, &b->fault);
    *state = (State)b->rows.columns[column].states[row];
    *value = cell_get(kinds[column], b->rows.columns[column].cells, row);
    if (end != CODEC_BROKEN)
        assert_ptr_equal(c.at, copy + n);
    if (column == STRING && *state == STATE_OK) {
        assert_true(value->s.len + 1 <= n);
        value->s.p = memcpy(b->bytes, value->s.p, value->s.len);
    }
    free(copy);
    return end;
}

#define READS(b, column, literal, value, state) \
    assert_int_equal(read_one(b, column, literal, sizeof(literal) - 1, value, state), CODEC_OK); \
    assert_int_equal(*(state), STATE_OK)

static void assert_int_form(Bench *b, const char *bytes, size_t n, int64_t expected)
{
    Cell value;
    State state;
    assert_int_equal(read_one(b, INT, bytes, n, &value, &state), CODEC_OK);
    assert_int_equal(state, STATE_OK);
    assert_true(value.i == expected);
}

#define INT_FORM(b, literal, expected) assert_int_form(b, literal, sizeof(literal) - 1, expected)

static void test_integers_have_many_forms(void **state)
{
    Bench *b = *state;
    INT_FORM(b, "\x00", 0);
    INT_FORM(b, "\x7F", 127);
    INT_FORM(b, "\xFF", -1);
    INT_FORM(b, "\xE0", -32);
    INT_FORM(b, "\xCC\xFF", 255);
    INT_FORM(b, "\xCC\x05", 5);
    INT_FORM(b, "\xCD\x01\x00", 256);
    INT_FORM(b, "\xCE\xFF\xFF\xFF\xFF", INT64_C(4294967295));
    INT_FORM(b, "\xCF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", INT64_MAX);
    INT_FORM(b, "\xD0\x80", -128);
    INT_FORM(b, "\xD0\x05", 5);
    INT_FORM(b, "\xD1\xFF\x7F", -129);
    INT_FORM(b, "\xD2\x80\x00\x00\x00", INT32_MIN);
    INT_FORM(b, "\xD3\x80\x00\x00\x00\x00\x00\x00\x00", INT64_MIN);
}

static void test_a_number_of_any_form_is_a_float(void **state)
{
    Bench *b = *state;
    Cell value;
    State s;
    READS(b, FLOAT, "\xCB\x3F\xF8\x00\x00\x00\x00\x00\x00", &value, &s);
    assert_true(value.f == 1.5);
    READS(b, FLOAT, "\xCA\x3F\xC0\x00\x00", &value, &s);
    assert_true(value.f == 1.5);
    READS(b, FLOAT, "\x07", &value, &s);
    assert_true(value.f == 7);
    READS(b, FLOAT, "\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", &value, &s);
    assert_true(value.f == 18446744073709551615.0);
    READS(b, FLOAT, "\xD0\x9C", &value, &s);
    assert_true(value.f == -100);
}

static void test_times_come_as_ns_text_or_timestamp(void **state)
{
    Bench *b = *state;
    Cell value;
    State s;
    READS(b, TIME, "\xCE\x00\x0F\x42\x40", &value, &s);
    assert_true(value.i == 1000000);
    READS(b, TIME, "\xB4" "1970-01-01T00:00:02Z", &value, &s);
    assert_true(value.i == 2 * NS_PER_SECOND);
    READS(b, TIME, "\xD6\xFF\x00\x00\x00\x05", &value, &s);
    assert_true(value.i == 5 * NS_PER_SECOND);
    READS(b, TIME, "\xD7\xFF\x00\x00\x00\x1C\x00\x00\x00\x05", &value, &s);
    assert_true(value.i == 5 * NS_PER_SECOND + 7);
    READS(b, TIME, "\xC7\x0C\xFF\x00\x00\x00\x09\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", &value, &s);
    assert_true(value.i == -NS_PER_SECOND + 9);
    READS(b, DURATION, "\xA7" "1.5 min", &value, &s);
    assert_true(value.i == 90 * NS_PER_SECOND);
}

static void test_points_and_bools(void **state)
{
    Bench *b = *state;
    Cell value;
    State s;
    READS(b, POINT, "\x92\x08\xCB\x40\x47\xA0\x00\x00\x00\x00\x00", &value, &s);
    assert_true(value.p.x == 8 && value.p.y == 47.25);
    READS(b, POINT, "\x92\xCB\x40\x47\xA0\x00\x00\x00\x00\x00\xCB\x3F\xF8\x00\x00\x00\x00\x00\x00", &value, &s);
    assert_true(value.p.x == 47.25 && value.p.y == 1.5);
    READS(b, POINT, "\x93\x01\x02\x03", &value, &s);
    assert_true(value.p.x == 1 && value.p.y == 2);
    READS(b, BOOL, "\xC3", &value, &s);
    assert_true(value.b);
    READS(b, BOOL, "\xC2", &value, &s);
    assert_false(value.b);
}

static void assert_misfit(Bench *b, uint32_t column, const char *bytes, size_t n, const char *got)
{
    Cell value;
    State s;
    assert_int_equal(read_one(b, column, bytes, n, &value, &s), CODEC_FAULT);
    assert_int_equal(s, STATE_NULL);
    assert_string_equal(b->fault.got, got);
}

#define MISFIT(b, column, literal, got) assert_misfit(b, column, literal, sizeof(literal) - 1, got)

static void test_what_does_not_fit_is_a_fault(void **state)
{
    Bench *b = *state;
    MISFIT(b, INT, "\xCF\x80\x00\x00\x00\x00\x00\x00\x00", "a number beyond 64 bits");
    MISFIT(b, INT, "\xCB\x3F\xF0\x00\x00\x00\x00\x00\x00", "a float");
    MISFIT(b, INT, "\xA1" "7", "a string");
    MISFIT(b, FLOAT, "\xC3", "a bool");
    MISFIT(b, BOOL, "\x01", "a whole number");
    MISFIT(b, STRING, "\xC4\x01x", "bytes");
    MISFIT(b, STRING, "\xA2\xC3\x28", "a string that is not UTF-8");
    MISFIT(b, STRING, "\xA3\xED\xA0\x80", "a string that is not UTF-8");
    MISFIT(b, STRING, "\xA2\xC0\xAF", "a string that is not UTF-8");
    MISFIT(b, STRING, "\x81\x01\x92\x02\x03", "a map");
    MISFIT(b, TIME, "\xA5" "never", "a string that is none");
    MISFIT(b, TIME, "\xD4\x05x", "an extension that is no timestamp");
    MISFIT(b, TIME, "\xC7\x0C\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "an extension that is no timestamp");
    MISFIT(b, DURATION, "\xA4" "soon", "a string that is none");
    MISFIT(b, POINT, "\x91\x01", "a list of another length");
    MISFIT(b, POINT, "\x92\x01\xA1" "x", "a list that is not of numbers");
    MISFIT(b, POINT, "\x80", "a map");
}

static void test_nil_is_no_value(void **state)
{
    Bench *b = *state;
    Cell value;
    State s;
    for (uint32_t i = 0; i < COLUMNS; i++) {
        assert_int_equal(read_one(b, i, "\xC0", 1, &value, &s), CODEC_OK);
        assert_int_equal(s, STATE_NULL);
        b->fields[i].required = true;
        assert_int_equal(read_one(b, i, "\xC0", 1, &value, &s), CODEC_FAULT);
        assert_null(b->fault.got);
        b->fields[i].required = false;
    }
}

/* The first fault is told, the values behind it are passed, and the cursor stands behind the row. */
static void test_a_fault_does_not_lose_the_place(void **state)
{
    Bench *b = *state;
    const char bytes[] = "\xC3\xA1x\xC3\xA1y\x01\x92\x93\x01\x02\x03\xC0\x92\x01\x02\x2A";
    uint8_t copy[64] = {0};
    memcpy(copy, bytes, sizeof bytes - 1);
    Cursor c = {copy, copy + sizeof bytes - 1};
    uint32_t row = rows_add(&b->rows, &b->memory);
    assert_int_equal(codec_row(&c, b->fields, COLUMNS, &b->rows, row, b->room, &b->fault), CODEC_FAULT);
    assert_int_equal(b->fault.field, INT);
    assert_int_equal(*c.at, 0x2A);
}

static void test_a_value_cut_short_is_broken(void **state)
{
    Bench *b = *state;
    static const char *const whole[] = {"\xCF\1\2\3\4\5\6\7\10", "\xD3\1\2\3\4\5\6\7\10", "\xCB\1\2\3\4\5\6\7\10",
                                        "\xA3xyz", "\xD9\3xyz", "\xDA\1\1" "x", "\xDB\1\1\1\1x", "\x92\1\2",
                                        "\xDC\1\1\2", "\xC7\3\1xyz", "\x82\1\2\3\4", "\xCA\1\2\3\4", "\xDD\1\1\1\1"};
    static const size_t lengths[] = {9, 9, 9, 4, 5, 4, 6, 3, 4, 6, 5, 5, 5};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        for (size_t n = 0; n < lengths[i]; n++)
            for (uint32_t column = 0; column < COLUMNS; column++) {
                Cell value;
                State s;
                assert_int_equal(read_one(b, column, whole[i], n, &value, &s), CODEC_BROKEN);
            }
}

static void test_what_is_written_reads_back(void **state)
{
    Bench *b = *state;
    static const int64_t numbers[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, INT64_MAX,
                                      -1, -32, -33, -128, -129, -32768, -32769, INT32_MIN, INT64_C(-2147483649), INT64_MIN};
    uint8_t *bytes = calloc(1, 400000);
    char *text = malloc(70000);
    memset(text, 'x', 70000);
    static const uint32_t lengths[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        rows_clear(&b->rows);
        uint32_t row = rows_add(&b->rows, &b->memory), copy = rows_add(&b->rows, &b->memory);
        rows_set(&b->rows, row, BOOL, (Cell){.b = i & 1});
        rows_set(&b->rows, row, INT, (Cell){.i = numbers[i]});
        rows_set(&b->rows, row, FLOAT, (Cell){.f = (double)numbers[i] / 3});
        rows_set(&b->rows, row, STRING, (Cell){.s = {text, lengths[i % 8]}});
        rows_set(&b->rows, row, TIME, (Cell){.i = ~numbers[i]});
        rows_set(&b->rows, row, POINT, (Cell){.p = {1.5, -0.0}});
        uint8_t *end = codec_put_row(bytes, &b->rows, row);
        assert_true((size_t)(end - bytes) <= codec_row_size(&b->rows, row));
        Cursor c = {bytes, end};
        assert_int_equal(codec_row(&c, b->fields, COLUMNS, &b->rows, copy, b->room, &b->fault), CODEC_OK);
        assert_ptr_equal(c.at, end);
        for (uint32_t k = 0; k < COLUMNS; k++) {
            const Column *column = &b->rows.columns[k];
            assert_int_equal(column->states[row], column->states[copy]);
            if (column->states[row] == STATE_OK)
                assert_true(cell_equal(kinds[k], cell_get(kinds[k], column->cells, row),
                                       cell_get(kinds[k], column->cells, copy)));
        }
    }
    free(text);
    free(bytes);
}

/* ── Lists, records, maps, any ── */

static Text read_any(Bench *b, CodecField field, const uint8_t *bytes, size_t n, CodecEnd expected)
{
    uint8_t *copy = calloc(1, n + CODEC_PADDING);
    memcpy(copy, bytes, n);
    Cursor c = {copy, copy + n};
    Cell value;
    State state;
    CodecEnd end = codec_value(&c, &field, b->room, &value, &state, &b->fault);
    assert_int_equal(end, expected);
    if (end != CODEC_BROKEN)
        assert_ptr_equal(c.at, copy + n);
    free(copy); /* what is built does not point there */
    return end == CODEC_OK ? value.s : (Text){0};
}

/* A value of each type, in a list, in a map, in a list. */
static Text sample_of_all(Arena *arena)
{
    CompositeWriter list, map, outer;
    uint8_t ok = STATE_OK;
    Cell cells[] = {{.b = 1}, {.i = -5}, {.f = 0.5}, {.s = TEXT("h\xC3\xA9")}, {.i = -1}, {.i = 90 * NS_PER_SECOND},
                    {.p = {8.5, 47.25}}, {.d = decimal_of_int(12)}, {.s = {"\0\xFF", 2}}};
    composite_open(&list, TYPE_LIST, arena);
    for (TypeKind type = TYPE_BOOL; type <= TYPE_BYTES; type++)
        composite_write(&list, (Text){0}, composite_box(type, STATE_OK, cells[type], arena));
    composite_write(&list, (Text){0}, composite_box(TYPE_INT, STATE_NULL, (Cell){0}, arena));
    Text all = composite_close(&list, &ok);
    composite_open(&map, TYPE_MAP, arena);
    for (int i = 0; i < 20; i++)
        composite_write(&map, (Text){&"abcdefghijklmnopqrst"[i], 1}, all);
    Text entries = composite_close(&map, &ok);
    composite_open(&outer, TYPE_LIST, arena);
    for (int i = 0; i < 20; i++)
        composite_write(&outer, (Text){0}, entries);
    Text value = composite_close(&outer, &ok);
    assert_int_equal(ok, STATE_OK);
    return value;
}

static void test_composites_read_back(void **state)
{
    Bench *b = *state;
    Arena arena;
    arena_init(&arena, &b->memory);
    Text value = sample_of_all(&arena);
    size_t room = codec_size(TYPE_ANY, (Cell){.s = value});
    uint8_t *bytes = malloc(room), *end = codec_put_value(bytes, TYPE_ANY, (Cell){.s = value});
    assert_true((size_t)(end - bytes) <= room);
    Text back = read_any(b, (CodecField){.type = TYPE_ANY}, bytes, (size_t)(end - bytes), CODEC_OK);
    assert_true(text_is(back, value));
    assert_true(text_is(read_any(b, (CodecField){.type = TYPE_LIST}, bytes, (size_t)(end - bytes), CODEC_OK), value));
    read_any(b, (CodecField){.type = TYPE_MAP}, bytes, (size_t)(end - bytes), CODEC_FAULT);
    for (size_t n = 0; n < 200; n++)
        read_any(b, (CodecField){.type = TYPE_ANY}, bytes, n, CODEC_BROKEN);
    free(bytes);
    arena_fini(&arena);
}

#define ANY(b, field, literal, end) read_any(b, field, (const uint8_t *)(literal), sizeof(literal) - 1, end)

static void test_items_are_what_is_declared(void **state)
{
    Bench *b = *state;
    ValueType floats = {.kind = TYPE_FLOAT}, list = {.kind = TYPE_LIST, .element = &floats};
    CodecField field = {.type = TYPE_LIST, .of = &list, .checked = true};
    Text one = composite_at(ANY(b, field, "\x91\x07", CODEC_OK), 1);
    assert_int_equal(composite_type(one), TYPE_FLOAT);
    ANY(b, field, "\x91\xA1x", CODEC_FAULT);
    assert_string_equal(b->fault.got, "a string");
    ANY(b, field, "\x91\xC0", CODEC_FAULT);
    assert_string_equal(b->fault.got, "one without a value in it");
    field.checked = false;
    ANY(b, field, "\x91\xC0", CODEC_OK);
    Text names[] = {TEXT("a"), TEXT("b")};
    ValueType fields[] = {{.kind = TYPE_INT}, {.kind = TYPE_STRING, .optional = true}};
    ValueType record = {.kind = TYPE_RECORD, .names = names, .fields = fields, .nfields = 2};
    field = (CodecField){.type = TYPE_RECORD, .of = &record, .checked = true};
    Text value = ANY(b, field, "\x82\xA1" "z\x92\x01\x02\xA1" "a\x05", CODEC_OK);
    assert_int_equal(composite_type(value), TYPE_RECORD);
    assert_int_equal(composite_len(value), 1);
    ANY(b, field, "\x81\xA1" "b\xA1x", CODEC_FAULT);
    assert_string_equal(b->fault.got, "one that lacks a field");
    ANY(b, field, "\x81\x01\x05", CODEC_FAULT);
    assert_string_equal(b->fault.got, "a map with keys that are no strings");
    ANY(b, field, "\x91\x01", CODEC_FAULT);
    assert_string_equal(b->fault.got, "a list");
    ANY(b, (CodecField){.type = TYPE_ANY}, "\xC7\x01\x09x", CODEC_FAULT);
    assert_string_equal(b->fault.got, "an extension");
}

/* A megabyte of small items does not become many megabytes in the batch. */
static void test_a_value_that_grows_too_long_is_a_fault(void **state)
{
    Bench *b = *state;
    enum { ITEMS = 1 << 20 };
    uint8_t *bytes = calloc(1, ITEMS + 5);
    memcpy(bytes, "\xDD\x00\x10\x00\x00", 5);
    read_any(b, (CodecField){.type = TYPE_ANY}, bytes, ITEMS + 5, CODEC_FAULT);
    assert_string_equal(b->fault.got, "one that is too long");
    free(bytes);
    uint8_t deep[COMPOSITE_DEPTH_MAX + 1];
    memset(deep, 0x91, sizeof deep);
    deep[COMPOSITE_DEPTH_MAX] = 1;
    read_any(b, (CodecField){.type = TYPE_ANY}, deep, sizeof deep, CODEC_OK);
}

/* ── Against msgpack-c ── */

static uint64_t random_state = 42;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % n;
}

typedef struct Said {
    char text[1 << 16];
    size_t n;
} Said;

static void say(Said *said, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(Said *said, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(said->text + said->n, sizeof said->text - said->n, format, args);
    va_end(args);
    said->n += (size_t)n < sizeof said->text - said->n ? (size_t)n : 0;
}

static void say_bytes(Said *said, char what, const void *bytes, size_t n)
{
    say(said, "%c%zu:", what, n);
    for (size_t i = 0; i < n; i++)
        say(said, "%02x", ((const uint8_t *)bytes)[i]);
}

static void say_theirs(Said *said, const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_NIL: say(said, "nil "); break;
    case MSGPACK_OBJECT_BOOLEAN: say(said, "bool %d ", o->via.boolean); break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER: say(said, "u%llu ", (unsigned long long)o->via.u64); break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER: say(said, "i%lld ", (long long)o->via.i64); break;
    case MSGPACK_OBJECT_FLOAT32: case MSGPACK_OBJECT_FLOAT64: say_bytes(said, 'f', &o->via.f64, 8); break;
    case MSGPACK_OBJECT_STR: say_bytes(said, 's', o->via.str.ptr, o->via.str.size); break;
    case MSGPACK_OBJECT_BIN: say_bytes(said, 'b', o->via.bin.ptr, o->via.bin.size); break;
    case MSGPACK_OBJECT_EXT: say_bytes(said, 'x', o->via.ext.ptr, o->via.ext.size); break;
    case MSGPACK_OBJECT_ARRAY:
        say(said, "[%u ", o->via.array.size);
        for (uint32_t i = 0; i < o->via.array.size; i++)
            say_theirs(said, &o->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_MAP:
        say(said, "{%u ", o->via.map.size);
        for (uint32_t i = 0; i < o->via.map.size; i++) {
            say_theirs(said, &o->via.map.ptr[i].key);
            say_theirs(said, &o->via.map.ptr[i].val);
        }
        break;
    }
}

static void say_ours(Said *said, Cursor *c)
{
    Head h;
    assert_true(cursor_head(c, &h));
    switch (h.kind) {
    case HEAD_NIL: say(said, "nil "); break;
    case HEAD_BOOL: say(said, "bool %d ", (int)h.bits); break;
    case HEAD_UINT: say(said, "u%llu ", (unsigned long long)h.bits); break;
    case HEAD_INT: say(said, "i%lld ", (long long)h.bits); break;
    case HEAD_FLOAT: say_bytes(said, 'f', &h.f, 8); break;
    case HEAD_STR: say_bytes(said, 's', h.data, h.n); break;
    case HEAD_BIN: say_bytes(said, 'b', h.data, h.n); break;
    case HEAD_EXT: say_bytes(said, 'x', h.data, h.n); break;
    case HEAD_ARRAY: case HEAD_MAP:
        say(said, h.kind == HEAD_MAP ? "{%u " : "[%u ", h.n);
        for (uint32_t i = 0; i < (h.kind == HEAD_MAP ? 2 : 1) * h.n; i++)
            say_ours(said, c);
        break;
    }
}

/* Both take the bytes, or neither; and if they do, they see the same values in as many bytes. */
static bool agree(const uint8_t *bytes, size_t n)
{
    static Said ours, theirs;
    uint8_t *copy = calloc(1, n + CODEC_PADDING);
    memcpy(copy, bytes, n);
    Cursor c = {copy, copy + n};
    bool taken = cursor_skip(&c);
    msgpack_unpacked result;
    msgpack_unpacked_init(&result);
    size_t used = 0;
    msgpack_unpack_return got = msgpack_unpack_next(&result, (const char *)bytes, n, &used);
    bool theirs_taken = got == MSGPACK_UNPACK_SUCCESS || got == MSGPACK_UNPACK_EXTRA_BYTES;
    assert_int_equal(taken, theirs_taken);
    if (taken) {
        assert_int_equal(c.at - copy, used);
        ours.n = theirs.n = 0;
        ours.text[0] = theirs.text[0] = 0;
        c.at = copy;
        say_ours(&ours, &c);
        say_theirs(&theirs, &result.data);
        assert_string_equal(ours.text, theirs.text);
    }
    msgpack_unpacked_destroy(&result);
    free(copy);
    return taken;
}

static void pack_random(msgpack_packer *p, uint32_t depth)
{
    char bytes[300] = {0};
    uint32_t n = random_below(8) ? random_below(40) : random_below(300);
    switch (random_below(depth < 4 ? 12 : 9)) {
    case 0: msgpack_pack_nil(p); break;
    case 1: random_below(2) ? msgpack_pack_true(p) : msgpack_pack_false(p); break;
    case 2: msgpack_pack_uint64(p, (uint64_t)random_below(UINT32_MAX) << random_below(34) >> random_below(34)); break;
    case 3: msgpack_pack_int64(p, -(int64_t)((uint64_t)random_below(UINT32_MAX) << random_below(30) >> random_below(34))); break;
    case 4: msgpack_pack_double(p, random_below(1000) / 7.0); break;
    case 5: msgpack_pack_float(p, (float)random_below(1000) / 8); break;
    case 6: msgpack_pack_str(p, n); msgpack_pack_str_body(p, bytes, n); break;
    case 7: msgpack_pack_bin(p, n); msgpack_pack_bin_body(p, bytes, n); break;
    case 8: msgpack_pack_ext(p, n, (int8_t)random_below(200)); msgpack_pack_ext_body(p, bytes, n); break;
    case 9: case 10:
        n = random_below(20);
        msgpack_pack_array(p, n);
        while (n--)
            pack_random(p, depth + 1);
        break;
    default:
        n = random_below(5);
        msgpack_pack_map(p, n);
        for (n *= 2; n--;)
            pack_random(p, depth + 1);
    }
}

static void test_random_values_are_seen_as_msgpack_c_sees_them(void **state)
{
    (void)state;
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    for (int i = 0; i < 3000; i++) {
        msgpack_packer packer;
        msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
        msgpack_sbuffer_clear(&buffer);
        pack_random(&packer, 0);
        if (buffer.size > 8000)
            continue;
        assert_true(agree((const uint8_t *)buffer.data, buffer.size));
        assert_false(agree((const uint8_t *)buffer.data, buffer.size - 1));
        size_t cut = random_below((uint32_t)buffer.size);
        agree((const uint8_t *)buffer.data, cut);
    }
    msgpack_sbuffer_destroy(&buffer);
}

/* Heads of huge lists and maps are left out: msgpack-c makes room for what they announce. */
static void test_random_bytes_are_taken_as_msgpack_c_takes_them(void **state)
{
    (void)state;
    uint8_t bytes[48];
    uint32_t taken = 0;
    for (int i = 0; i < 200000; i++) {
        size_t n = 1 + random_below(sizeof bytes - 1);
        for (size_t k = 0; k < n; k++) {
            uint32_t style = random_below(4);
            uint8_t byte = (uint8_t)(style == 0 ? random_below(256) : style == 1 ? 0x80 + random_below(32) : style == 2 ? 0xC0 + random_below(32) : random_below(4));
            bytes[k] = byte == 0xDD || byte == 0xDF || byte == 0xDC || byte == 0xDE ? 0 : byte;
        }
        taken += agree(bytes, n);
    }
    assert_true(taken > 1000);
}

/* msgpack-c gives up at 32 levels. */
static void test_nesting_is_bounded(void **state)
{
    (void)state;
    uint8_t bytes[CODEC_NESTING_MAX + 2 + CODEC_PADDING] = {0};
    for (uint32_t depth = 0; depth <= CODEC_NESTING_MAX + 1; depth++) {
        memset(bytes, 0x91, depth);
        bytes[depth] = 1;
        if (depth <= 32)
            assert_true(agree(bytes, depth + 1));
        Cursor c = {bytes, bytes + depth + 1};
        assert_int_equal(cursor_skip(&c), depth <= CODEC_NESTING_MAX);
    }
}

/* A header alone announces four thousand million values: refused before anything is made room for. */
static void test_forged_headers_are_refused(void **state)
{
    (void)state;
    static const char *const heads[] = {"\xDD\xFF\xFF\xFF\xFF", "\xDF\x7F\xFF\xFF\xFF", "\xDB\xFF\xFF\xFF\xFF",
                                        "\xC6\xFF\xFF\xFF\xFF", "\xC9\xFF\xFF\xFF\xFF"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        uint8_t bytes[6 + CODEC_PADDING] = {0};
        memcpy(bytes, heads[i], 5);
        Cursor c = {bytes, bytes + 6};
        Head h;
        uint32_t n;
        Text text;
        assert_false(cursor_head(&c, &h) || cursor_skip(&c) || cursor_array(&c, &n) || cursor_text(&c, &text) ||
                     cursor_bin(&c, &text));
        assert_ptr_equal(c.at, bytes);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"plain", true},        {"eight888", true},      {"nine99999", true},         {"h\xC3\xA9", true},
        {"\xF0\x9F\x98\x80", true}, {"\xC3", false},     {"12345678\xFF", false},     {"\xFF" "2345678", false},
        {"\xE0\x80\x80", false}, {"\xF4\x90\x80\x80", false}, {"\xF5\x80\x80\x80", false}, {"\x80", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[32 + CODEC_PADDING] = {0};
        size_t n = strlen(cases[i].text);
        memcpy(bytes, cases[i].text, n);
        memset(bytes + n, 0xFF, CODEC_PADDING); /* what stands behind does not count */
        assert_int_equal(utf8_valid(bytes, n), cases[i].valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_integers_have_many_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_number_of_any_form_is_a_float, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_times_come_as_ns_text_or_timestamp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_points_and_bools, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_a_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nil_is_no_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_fault_does_not_lose_the_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_cut_short_is_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_written_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_composites_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_items_are_what_is_declared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_that_grows_too_long_is_a_fault, set_up, tear_down),
        cmocka_unit_test(test_random_values_are_seen_as_msgpack_c_sees_them),
        cmocka_unit_test(test_random_bytes_are_taken_as_msgpack_c_takes_them),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_forged_headers_are_refused),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
