/* Records: what is kept of a row, where it stands, and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cep/record.h"

/* Type 3 has the slots in columns 2, 0, 1, 3; `unkept` is not kept. */
typedef struct Bench {
    Memory memory;
    Arena arena;
    Pool pool;
    Rows rows;
    Shape shape;
} Bench;

enum { NAME, AMOUNT, PLACE, UNKEPT, SLOTS };

static int bench_init(void **state)
{
    static const TypeKind columns[] = {TYPE_FLOAT, TYPE_POINT, TYPE_STRING, TYPE_INT};
    static const uint16_t map[] = {2, 0, 1, 3};
    Bench *bench = calloc(1, sizeof *bench);
    arena_init(&bench->arena, &bench->memory);
    pool_init(&bench->pool, &bench->memory);
    rows_init(&bench->rows, &bench->memory, 3, columns, SLOTS);
    ShapeSource *sources = ARENA_ARRAY(&bench->arena, ShapeSource, 2);
    sources[0] = (ShapeSource){9, map};
    sources[1] = (ShapeSource){3, map};
    Slot *slots = ARENA_ARRAY(&bench->arena, Slot, SLOTS);
    slots[NAME] = (Slot){TEXT("name"), TYPE_STRING, true};
    slots[AMOUNT] = (Slot){TEXT("amount"), TYPE_FLOAT, true};
    slots[PLACE] = (Slot){TEXT("place"), TYPE_POINT, true};
    slots[UNKEPT] = (Slot){TEXT("unkept"), TYPE_INT, false};
    bench->shape = (Shape){.nslots = SLOTS, .nsources = 2, .slots = slots, .sources = sources};
    shape_seal(&bench->shape, &bench->arena);
    *state = bench;
    return 0;
}

static int bench_fini(void **state)
{
    Bench *bench = *state;
    rows_fini(&bench->rows, &bench->memory);
    pool_fini(&bench->pool);
    arena_fini(&bench->arena);
    assert_int_equal(bench->memory.bytes, 0);
    free(bench);
    return 0;
}

static uint32_t row(Bench *bench, Text name)
{
    uint32_t row = rows_add(&bench->rows, &bench->memory);
    rows_set(&bench->rows, row, 2, (Cell){.s = name});
    rows_set(&bench->rows, row, 0, (Cell){.f = 1.5});
    rows_set(&bench->rows, row, 1, (Cell){.p = {3, 4}});
    bench->rows.time[row] = 77;
    bench->rows.id[row] = (EventId){1, 2};
    return row;
}

static void test_layout(void **state)
{
    Bench *bench = *state;
    assert_int_equal(sizeof(Record), 48);
    assert_int_equal(bench->shape.offset[NAME], 56); /* 48 + 4 states, rounded up to 8 */
    assert_int_equal(bench->shape.offset[AMOUNT], 64);
    assert_int_equal(bench->shape.offset[PLACE], 72);
    assert_int_equal(bench->shape.offset[UNKEPT], 0);
    assert_int_equal(bench->shape.record_size, 88);
    assert_int_equal(bench->shape.state[PLACE], 50);
}

static void test_columns_of_a_type(void **state)
{
    Bench *bench = *state;
    assert_int_equal(shape_columns(&bench->shape, 3)[NAME], 2);
    assert_null(shape_columns(&bench->shape, 4));
}

static void test_a_record_is_a_copy(void **state)
{
    Bench *bench = *state;
    char name[] = "Ann";
    Handle handle = record_new(&bench->pool, &bench->shape, &bench->rows, row(bench, text_of(name)));
    name[0] = 'X';
    rows_clear(&bench->rows);
    const Record *record = record_at(&bench->pool, handle);
    assert_int_equal(record->size, 91);
    assert_int_equal(record->time, 77);
    assert_int_equal(record->id.low, 2);
    assert_int_equal(record->type, 3);
    for (int slot = NAME; slot <= PLACE; slot++)
        assert_int_equal(record_state(record, bench->shape.offset[slot]), STATE_OK);
    assert_true(text_is_c(record_cell(record, bench->shape.offset[NAME], TYPE_STRING).s, "Ann"));
    assert_true(record_cell(record, bench->shape.offset[AMOUNT], TYPE_FLOAT).f == 1.5);
    assert_true(record_cell(record, bench->shape.offset[PLACE], TYPE_POINT).p.y == 4);
    record_unref(&bench->pool, handle);
}

static void test_states_are_kept(void **state)
{
    Bench *bench = *state;
    uint32_t r = row(bench, TEXT("Ann"));
    rows_set_state(&bench->rows, r, 2, STATE_NULL);
    rows_set_state(&bench->rows, r, 1, STATE_ERROR);
    Handle handle = record_new(&bench->pool, &bench->shape, &bench->rows, r);
    const Record *record = record_at(&bench->pool, handle);
    assert_int_equal(record->size, 88);
    assert_int_equal(record_state(record, bench->shape.offset[NAME]), STATE_NULL);
    assert_int_equal(record_state(record, bench->shape.offset[AMOUNT]), STATE_OK);
    assert_int_equal(record_state(record, bench->shape.offset[PLACE]), STATE_ERROR);
    record_unref(&bench->pool, handle);
}

static void test_references(void **state)
{
    Bench *bench = *state;
    Handle handle = record_new(&bench->pool, &bench->shape, &bench->rows, row(bench, TEXT("Ann")));
    record_ref(&bench->pool, handle);
    record_unref(&bench->pool, handle);
    assert_int_equal(record_at(&bench->pool, handle)->refs, 1);
    assert_true(bench->pool.bytes > 0);
    record_unref(&bench->pool, handle);
    assert_int_equal(bench->pool.bytes, 0);
}

static void test_long_strings_are_cut_between_characters(void **state)
{
    Bench *bench = *state;
    char *text = malloc(RECORD_STRING_MAX + 10);
    memset(text, 'a', RECORD_STRING_MAX + 10);
    memcpy(text + RECORD_STRING_MAX - 1, "\xC3\xA9", 2);
    Handle handle = record_new(&bench->pool, &bench->shape, &bench->rows, row(bench, (Text){text, RECORD_STRING_MAX + 10}));
    Text kept = record_cell(record_at(&bench->pool, handle), bench->shape.offset[NAME], TYPE_STRING).s;
    assert_int_equal(kept.len, RECORD_STRING_MAX - 1);
    assert_memory_equal(kept.p, text, kept.len);
    record_unref(&bench->pool, handle);
    free(text);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, bench_init, bench_fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_layout), UNIT(test_columns_of_a_type), UNIT(test_a_record_is_a_copy), UNIT(test_states_are_kept),
        UNIT(test_references), UNIT(test_long_strings_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
