/* Rows and batches: new rows are empty, room is kept, clearing reaches only what was used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "cep/batch.h"
#include "cep/plan.h"

static const TypeKind types[] = {TYPE_INT, TYPE_STRING, TYPE_BOOL};

static void test_new_rows_are_null(void **state)
{
    (void)state;
    Memory memory = {0};
    Rows rows;
    rows_init(&rows, &memory, 5, types, 3);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 100; i++) {
            assert_int_equal(rows_add(&rows, &memory), i);
            for (uint32_t c = 0; c < 3; c++) {
                assert_int_equal(rows.columns[c].states[i], STATE_NULL);
                assert_true(rows.columns[c].dirty);
            }
            assert_true(rows.time[i] == 0 && rows.detected[i] == 0 && rows.id[i].high == 0 && !rows.lineage[i] && !rows.key[i].path);
            rows_set(&rows, i, 0, (Cell){.i = i});
            rows_set_state(&rows, i, 2, STATE_ERROR);
            rows.time[i] = 9;
            rows.id[i].high = 9;
            rows.lineage[i] = (const Lineage *)&rows;
            rows.key[i].path = (const OrderPath *)&rows;
        }
        assert_int_equal(rows.n, 100);
        assert_int_equal(((int64_t *)rows.columns[0].cells)[70], 70);
        assert_int_equal(rows.columns[0].states[70], STATE_OK);
        rows_clear(&rows);
    }
    assert_int_equal(rows.type, 5);
    rows_fini(&rows, &memory);
    assert_int_equal(memory.bytes, 0);
}

static void test_growing_is_amortised(void **state)
{
    (void)state;
    Memory memory = {0};
    Rows rows;
    rows_init(&rows, &memory, 0, types, 3);
    for (uint32_t i = 0; i < 100000; i++)
        rows_add(&rows, &memory);
    assert_true(memory.calls < 250);
    uint64_t calls = memory.calls;
    rows_clear(&rows);
    for (uint32_t i = 0; i < 100000; i++)
        rows_add(&rows, &memory);
    assert_int_equal(memory.calls, calls);
    rows_fini(&rows, &memory);
}

static Plan *plan_of(uint32_t ntypes)
{
    static Attribute attribute = {.name = TEXT("a"), .type = TYPE_INT};
    Plan *plan = calloc(1, sizeof *plan);
    plan->ntypes = ntypes;
    plan->types = calloc(ntypes, sizeof *plan->types);
    for (uint32_t i = 0; i < ntypes; i++)
        plan->types[i] = (EventType){.attributes = &attribute, .nattributes = 1};
    return plan;
}

static void plan_done(Plan *plan)
{
    free(plan->types);
    free(plan);
}

static void test_batch_keeps_order_and_is_cleared(void **state)
{
    (void)state;
    Memory memory = {0};
    Plan *plan = plan_of(10000);
    Batch batch;
    batch_init(&batch, &memory, plan);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            uint32_t type = i % 3 * 4999;
            batch_append(&batch, type, rows_add(&batch.rows[type], &memory));
        }
        assert_int_equal(batch.n, 2000);
        assert_int_equal(batch.order[5].type, 9998);
        assert_int_equal(batch.order[5].row, 1);
        uint32_t used = 0;
        for (const Rows *rows = batch.used; rows; rows = rows->used_next)
            used++;
        assert_int_equal(used, 3);
        batch_clear(&batch);
        assert_int_equal(batch.n, 0);
        assert_null(batch.used);
        for (uint32_t t = 0; t < 10000; t += 4999)
            assert_int_equal(batch.rows[t].n, 0);
    }
    batch_fini(&batch);
    assert_int_equal(memory.bytes, 0);
    plan_done(plan);
}

static void test_steady_state_does_not_allocate(void **state)
{
    (void)state;
    Memory memory = {0};
    Plan *plan = plan_of(4);
    Batch batch;
    batch_init(&batch, &memory, plan);
    uint64_t calls = 0;
    for (int round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < BATCH_ROWS; i++) {
            batch_append(&batch, i % 4, rows_add(&batch.rows[i % 4], &memory));
            arena_alloc(&batch.arena, 100);
        }
        batch_clear(&batch);
        if (round > 1)
            assert_int_equal(memory.calls, calls);
        calls = memory.calls;
    }
    batch_fini(&batch);
    plan_done(plan);
}

static void test_event_ids(void **state)
{
    (void)state;
    char a[33], b[33];
    event_id_text((EventId){UINT64_C(0x0123456789abcdef), 0xff}, TEXT("n"), a);
    assert_string_equal(a, "0123456789abcdef00000000000000ff");
    event_id_text((EventId){EVENT_ID_INPUT | 1, 7}, TEXT("n"), a);
    event_id_text((EventId){EVENT_ID_INPUT | 1, 7}, TEXT("n"), b);
    assert_string_equal(a, b);
    event_id_text((EventId){EVENT_ID_INPUT | 1, 7}, TEXT("m"), b);
    assert_string_not_equal(a, b);
    event_id_text((EventId){EVENT_ID_INPUT | 1, 8}, TEXT("n"), b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 32);
}

/* Rows that were added and taken back may be added again: the batch lists them once. */
static void test_truncated_rows_are_listed_once(void **state)
{
    (void)state;
    Memory memory = {0};
    Attribute attribute = {.name = TEXT("n"), .type = TYPE_INT};
    EventType types[2] = {{.name = TEXT("A"), .attributes = &attribute, .nattributes = 1},
                          {.name = TEXT("B"), .attributes = &attribute, .nattributes = 1}};
    Plan plan = {.types = types, .ntypes = 2};
    Batch batch;
    batch_init(&batch, &memory, &plan);
    for (int round = 0; round < 3; round++) {
        uint32_t row = rows_add(&batch.rows[0], &memory);
        rows_set(&batch.rows[0], row, 0, (Cell){.i = 7});
        rows_add(&batch.rows[1], &memory);
        rows_truncate(&batch.rows[0], 0);
    }
    rows_add(&batch.rows[0], &memory);
    assert_int_equal(batch.rows[0].columns[0].states[0], STATE_NULL);
    uint32_t listed = 0;
    for (const Rows *rows = batch.used; rows && listed < 10; rows = rows->used_next)
        listed++;
    assert_int_equal(listed, 2);
    batch_clear(&batch);
    assert_null(batch.used);
    batch_fini(&batch);
    assert_int_equal(memory.bytes, 0);
}

static void test_move_copies_a_row(void **state)
{
    (void)state;
    Memory memory = {0};
    TypeKind type = TYPE_INT;
    Rows rows;
    rows_init(&rows, &memory, 0, &type, 1);
    rows_add(&rows, &memory);
    uint32_t from = rows_add(&rows, &memory);
    rows_set(&rows, from, 0, (Cell){.i = 42});
    rows.time[from] = 9;
    rows_move(&rows, 0, from);
    assert_int_equal(cell_get(TYPE_INT, rows.columns[0].cells, 0).i, 42);
    assert_int_equal(rows.columns[0].states[0], STATE_OK);
    assert_int_equal(rows.time[0], 9);
    rows_fini(&rows, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated_rows_are_listed_once),
        cmocka_unit_test(test_move_copies_a_row),
        cmocka_unit_test(test_new_rows_are_null), cmocka_unit_test(test_growing_is_amortised),
        cmocka_unit_test(test_batch_keeps_order_and_is_cleared), cmocka_unit_test(test_steady_state_does_not_allocate),
        cmocka_unit_test(test_event_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
