/* Tables: found by key, replaced in place, strings copied and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cep/plan.h"
#include "cep/table.h"

static Attribute columns[] = {{.name = TEXT("id"), .type = TYPE_STRING}, {.name = TEXT("n"), .type = TYPE_INT},
                              {.name = TEXT("owner"), .type = TYPE_STRING, .optional = true}};
static uint32_t one_key[] = {0}, two_keys[] = {1, 0};
static const TablePlan one = {.columns = columns, .ncolumns = 3, .keys = one_key, .nkeys = 1};
static const TablePlan two = {.columns = columns, .ncolumns = 3, .keys = two_keys, .nkeys = 2};
static const uint8_t present[3];

static uint32_t put(Table *table, const char *id, int64_t n, const char *owner)
{
    return table_put(table, (Cell[]){{.s = text_of(id)}, {.i = n}, {.s = text_of(owner)}}, present);
}

static Cell cell(const Table *table, uint32_t row, uint32_t column)
{
    const Column *c = &table_rows(table)->columns[column];
    assert_int_equal(c->states[row], STATE_OK);
    return cell_get(c->type, c->cells, row);
}

static void test_put_and_find(void **state)
{
    (void)state;
    Memory memory = {0};
    Table *table = table_new(&memory, &one);
    char id[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "a%d", i);
        assert_int_equal(put(table, id, i, "x"), i);
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "a%d", i);
        uint32_t row = table_find(table, &(Cell){.s = text_of(id)});
        assert_int_equal(row, i);
        assert_int_equal(cell(table, row, 1).i, i);
        assert_true(text_is_c(cell(table, row, 0).s, id));
    }
    assert_int_equal(table_find(table, &(Cell){.s = TEXT("a5000")}), ROW_NONE);
    table_free(table);
    assert_int_equal(memory.bytes, 0);
}

static void test_replacing_keeps_the_index(void **state)
{
    (void)state;
    Memory memory = {0};
    Table *table = table_new(&memory, &one);
    put(table, "a", 1, "Ann");
    put(table, "b", 2, "Bob");
    assert_int_equal(put(table, "a", 3, "Amy"), 0);
    assert_int_equal(table_rows(table)->n, 2);
    assert_int_equal(cell(table, 0, 1).i, 3);
    assert_true(text_is_c(cell(table, 0, 2).s, "Amy"));
    table_put(table, (Cell[]){{.s = TEXT("a")}, {.i = 4}, {.i = 0}}, (const uint8_t[]){0, 0, STATE_NULL});
    assert_int_equal(table_rows(table)->columns[2].states[0], STATE_NULL);
    assert_int_equal(put(table, "a", 4, "Eve"), 0);
    assert_true(text_is_c(cell(table, 0, 2).s, "Eve"));
    table_free(table);
}

static void test_two_keys(void **state)
{
    (void)state;
    Memory memory = {0};
    Table *table = table_new(&memory, &two);
    put(table, "a", 1, "x");
    put(table, "a", 2, "y");
    put(table, "b", 1, "z");
    assert_int_equal(table_find(table, (Cell[]){{.i = 2}, {.s = TEXT("a")}}), 1);
    assert_int_equal(table_find(table, (Cell[]){{.i = 1}, {.s = TEXT("b")}}), 2);
    assert_int_equal(table_find(table, (Cell[]){{.i = 2}, {.s = TEXT("b")}}), ROW_NONE);
    table_free(table);
}

/* A table whose rows change all the time stays as large as its rows. */
static void test_replaced_strings_are_given_back(void **state)
{
    (void)state;
    Memory memory = {0};
    Table *table = table_new(&memory, &one);
    char owner[200];
    for (int i = 0; i < 100000; i++) {
        snprintf(owner, sizeof owner, "%0150d", i);
        put(table, i % 2 ? "a" : "b", i, owner);
    }
    assert_true(memory.bytes_max < 16 << 20);
    assert_int_equal(table_rows(table)->n, 2);
    assert_true(text_is_c(cell(table, 1, 2).s, owner));
    assert_true(text_is_c(cell(table, 1, 0).s, "a"));
    table_free(table);
    assert_int_equal(memory.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find), cmocka_unit_test(test_replacing_keeps_the_index),
        cmocka_unit_test(test_two_keys), cmocka_unit_test(test_replaced_strings_are_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
