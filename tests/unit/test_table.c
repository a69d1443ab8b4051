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

/* ── A table that is a cache ── */

typedef struct Source {
    Table *table;
    uint32_t calls, asked;
} Source;

/* Knows every id that begins with k: its n is the number behind. */
static void fetch(void *owner, const uint32_t *rows, uint32_t n)
{
    Source *source = owner;
    source->calls++;
    source->asked += n;
    for (uint32_t i = 0; i < n; i++) {
        Cell key[TABLE_KEYS_MAX];
        char id[32];
        table_row_key(source->table, rows[i], key);
        if (key[0].s.p[0] != 'k')
            continue;
        snprintf(id, sizeof id, "%.*s", TEXT_ARGS(key[0].s));
        assert_int_equal(put(source->table, id, atoi(id + 1), "x"), rows[i]);
    }
}

static Table *cache_new(Memory *memory, Source *source)
{
    source->table = table_new(memory, &one);
    table_follow(source->table, (TableSource){source, fetch});
    return source->table;
}

static uint32_t find(Table *table, const char *id)
{
    return table_find(table, &(Cell){.s = text_of(id)});
}

static uint32_t find_numbered(Table *table, int number)
{
    char id[16];
    snprintf(id, sizeof id, "k%d", number);
    return find(table, id);
}

static void test_a_cache_asks_once_for_a_key(void **state)
{
    (void)state;
    Memory memory = {0};
    Source source = {0};
    Table *table = cache_new(&memory, &source);
    uint32_t row = find(table, "k7");
    assert_int_equal(cell(table, row, 1).i, 7);
    assert_int_equal(find(table, "k7"), row);
    assert_int_equal(find(table, "absent"), ROW_NONE);
    assert_int_equal(find(table, "absent"), ROW_NONE);
    assert_int_equal(source.asked, 2);
    assert_int_equal(table_count(table), 2);
    assert_true(table_forget(table, &(Cell){.s = TEXT("absent")}));
    assert_false(table_forget(table, &(Cell){.s = TEXT("absent")}));
    assert_int_equal(find(table, "absent"), ROW_NONE);
    assert_int_equal(source.asked, 3);
    table_free(table);
    assert_int_equal(memory.bytes, 0);
}

static void test_a_cache_asks_for_a_column_at_once(void **state)
{
    (void)state;
    enum { N = 500 };
    static char ids[N][16];
    Memory memory = {0};
    Source source = {0};
    Table *table = cache_new(&memory, &source);
    TableKey keys[N];
    uint8_t missing[N] = {[4] = STATE_NULL};
    uint32_t rows[N];
    for (int i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], i % 3 ? "k%d" : "no%d", i % 100);
        keys[i].cells[0].s = text_of(ids[i]);
    }
    table_find_all(table, keys, missing, N, rows);
    assert_int_equal(source.calls, 1);
    for (int i = 0; i < N; i++)
        if (i % 3 == 0 || i == 4)
            assert_int_equal(rows[i], ROW_NONE);
        else
            assert_int_equal(cell(table, rows[i], 1).i, i % 100);
    table_find_all(table, keys, missing, N, rows);
    assert_int_equal(source.calls, 1);
    assert_int_equal(source.asked, table_count(table));
    table_free(table);
    assert_int_equal(memory.bytes, 0);
}

/* Against what must be there after thousands of random steps: forgetting keeps every other key findable. */
static void test_a_cache_forgets_and_finds(void **state)
{
    (void)state;
    enum { N = 3000 };
    static bool known[N];
    Memory memory = {0};
    Source source = {0};
    Table *table = cache_new(&memory, &source);
    uint64_t random = 1;
    for (int step = 0; step < 60000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        char id[16];
        uint32_t i = (uint32_t)(random >> 33) % N, asked = source.asked;
        snprintf(id, sizeof id, "k%u", i);
        if (random >> 32 & 1) {
            assert_int_equal(table_forget(table, &(Cell){.s = text_of(id)}), known[i]);
            known[i] = false;
        } else {
            assert_int_equal(cell(table, find(table, id), 1).i, i);
            assert_int_equal(source.asked - asked, !known[i]);
            known[i] = true;
        }
    }
    assert_true(table_rows(table)->n <= N);
    table_empty(table);
    assert_int_equal(table_count(table), 0);
    assert_int_equal(cell(table, find(table, "k1"), 1).i, 1);
    table_free(table);
    assert_int_equal(memory.bytes, 0);
}

static void test_a_cache_gives_up_what_is_not_read(void **state)
{
    (void)state;
    Memory memory = {0};
    Source source = {0};
    Table *table = cache_new(&memory, &source);
    for (int i = 0; i < 1000; i++)
        find_numbered(table, i);
    assert_int_equal(table_evict(table, 990), 10); /* all were read: the hand goes round once before */
    for (int i = 500; i < 600; i++)
        find_numbered(table, i);
    assert_int_equal(table_evict(table, 200), 790);
    assert_int_equal(table_count(table), 200);
    uint32_t asked = source.asked;
    for (int i = 500; i < 600; i++)
        find_numbered(table, i);
    assert_int_equal(source.asked, asked);
    table_free(table);
    assert_int_equal(memory.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find), cmocka_unit_test(test_replacing_keeps_the_index),
        cmocka_unit_test(test_two_keys), cmocka_unit_test(test_replaced_strings_are_given_back),
        cmocka_unit_test(test_a_cache_asks_once_for_a_key), cmocka_unit_test(test_a_cache_asks_for_a_column_at_once),
        cmocka_unit_test(test_a_cache_forgets_and_finds), cmocka_unit_test(test_a_cache_gives_up_what_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
