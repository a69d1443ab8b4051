/* The store of tables: what was put comes back, a table is replaced whole or not at all, changed rules still read
 * it, and what is no store is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cluster/lmdb.h"
#include "cluster/rejections.h"
#include "cluster/tables.h"

enum { ID, COUNT, AT, PLACE, COLUMNS };

typedef struct Bench {
    Memory memory;
    Attribute columns[COLUMNS];
    uint32_t keys[2];
    TablePlan table;
    Plan plan;
    Store *store;
    char directory[64], command[128], error[512], seen[1024];
    int first, n;   /* rows that fill puts */
    bool give_up;
    uint32_t attempts;
} Bench;

static bool open_store(Bench *b)
{
    b->store = store_open(&b->memory, b->directory, true, b->error, sizeof b->error);
    return b->store != NULL;
}

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    b->columns[ID] = (Attribute){.name = TEXT("id"), .type = TYPE_STRING};
    b->columns[COUNT] = (Attribute){.name = TEXT("count"), .type = TYPE_INT};
    b->columns[AT] = (Attribute){.name = TEXT("at"), .type = TYPE_TIME, .optional = true};
    b->columns[PLACE] = (Attribute){.name = TEXT("place"), .type = TYPE_POINT, .optional = true};
    b->table = (TablePlan){.name = TEXT("Account"), .columns = b->columns, .ncolumns = COLUMNS, .keys = b->keys,
                           .nkeys = 1};
    b->plan = (Plan){.tables = &b->table, .ntables = 1};
    strcpy(b->directory, "/tmp/cep-store.XXXXXX");
    assert_non_null(mkdtemp(b->directory));
    snprintf(b->command, sizeof b->command, "rm -rf %s", b->directory);
    *state = b;
    return open_store(b) ? 0 : 1;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    store_close(b->store);
    int leaked = b->memory.bytes != 0 || system(b->command) != 0;
    free(b);
    return leaked;
}

static bool fill(void *owner, Store *store, uint32_t attempt)
{
    Bench *b = owner;
    b->attempts = attempt + 1;
    for (int i = b->first; i < b->first + b->n; i++) {
        char id[16];
        uint8_t states[COLUMNS] = {STATE_OK, STATE_OK, i % 2 ? STATE_NULL : STATE_OK, STATE_OK};
        Cell cells[COLUMNS] = {[COUNT].i = i, [AT].i = i * NS_PER_SECOND, [PLACE].p = {i, -i}};
        cells[ID].s = (Text){id, (uint32_t)snprintf(id, sizeof id, "k%d", i)};
        if (!store->ops->put(store, cells, states))
            return false;
    }
    return !b->give_up;
}

static bool replace(Bench *b, int first, int n)
{
    b->first = first;
    b->n = n;
    return b->store->ops->replace(b->store, &b->table, fill, b);
}

static bool see(void *owner, const Cell *cells, const uint8_t *states)
{
    Bench *b = owner;
    char *to = b->seen + strlen(b->seen);
    size_t room = sizeof b->seen - (size_t)(to - b->seen);
    snprintf(to, room, "id=%.*s %d%s;", TEXT_ARGS(cells[ID].s), (int)cells[COUNT].i, states[AT] == STATE_OK ? "" : " -");
    return true;
}

static StoreSink sink_of(Bench *b)
{
    return (StoreSink){.owner = b, .row = see};
}

static bool get(Bench *b, const char *id, bool *found)
{
    b->seen[0] = 0;
    return b->store->ops->get(b->store, &b->table, &(Cell){.s = text_of(id)}, sink_of(b), found);
}

static void assert_rows(Bench *b, const char *expected)
{
    b->seen[0] = 0;
    assert_true(b->store->ops->rows(b->store, &b->table, sink_of(b)));
    assert_string_equal(b->seen, expected);
}

static void test_what_was_put_comes_back(void **state)
{
    Bench *b = *state;
    assert_true(replace(b, 1, 2));
    assert_rows(b, "id=k1 1 -;id=k2 2;");
    store_close(b->store);
    assert_true(open_store(b));
    assert_rows(b, "id=k1 1 -;id=k2 2;");
}

static void test_a_table_is_replaced(void **state)
{
    Bench *b = *state;
    assert_true(replace(b, 1, 2));
    assert_true(replace(b, 3, 1));
    assert_rows(b, "id=k3 3 -;");
}

static void test_a_load_that_fails_changes_nothing(void **state)
{
    Bench *b = *state;
    assert_true(replace(b, 1, 1));
    b->give_up = true;
    assert_false(replace(b, 3, 100));
    assert_rows(b, "id=k1 1 -;");
}

static void test_a_row_is_found_and_deleted_by_its_key(void **state)
{
    Bench *b = *state;
    bool found;
    assert_true(replace(b, 1, 3));
    assert_true(get(b, "k2", &found));
    assert_true(found);
    assert_string_equal(b->seen, "id=k2 2;");
    assert_true(get(b, "k9", &found));
    assert_false(found);
    assert_true(b->store->ops->del(b->store, &b->table, &(Cell){.s = TEXT("k2")}, &found));
    assert_true(found);
    assert_true(b->store->ops->del(b->store, &b->table, &(Cell){.s = TEXT("k2")}, &found));
    assert_false(found);
    assert_rows(b, "id=k1 1 -;id=k3 3 -;");
}

static bool edit(void *owner, bool found, Cell *cells, uint8_t *states)
{
    Bench *b = owner;
    snprintf(b->error, sizeof b->error, found ? "found %d" : "new", (int)cells[COUNT].i);
    cells[ID].s = TEXT("k2");
    cells[COUNT].i = 7;
    states[ID] = states[COUNT] = STATE_OK;
    return !b->give_up;
}

static void test_a_row_is_changed_in_one_step(void **state)
{
    Bench *b = *state;
    Cell key = {.s = TEXT("k2")};
    assert_true(b->store->ops->change(b->store, &b->table, &key, edit, b));
    assert_string_equal(b->error, "new");
    assert_rows(b, "id=k2 7 -;");
    assert_true(replace(b, 2, 1));
    assert_true(b->store->ops->change(b->store, &b->table, &key, edit, b));
    assert_string_equal(b->error, "found 2");
    assert_rows(b, "id=k2 7;");
    assert_true(replace(b, 2, 1));
    b->give_up = true;
    assert_false(b->store->ops->change(b->store, &b->table, &key, edit, b));
    assert_rows(b, "id=k2 2;");
}

static void test_a_store_knows_its_tables(void **state)
{
    Bench *b = *state;
    TablePlan plan;
    Arena arena;
    bool found;
    arena_init(&arena, &b->memory);
    assert_true(replace(b, 1, 1));
    assert_true(b->store->ops->table(b->store, TEXT("Nobody"), &arena, &plan, &found));
    assert_false(found);
    assert_true(b->store->ops->table(b->store, TEXT("Account"), &arena, &plan, &found));
    assert_true(found);
    assert_int_equal(plan.ncolumns, COLUMNS);
    assert_int_equal(plan.nkeys, 1);
    assert_int_equal(plan.keys[0], ID);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        assert_true(text_is(plan.columns[i].name, b->columns[i].name));
        assert_int_equal(plan.columns[i].type, b->columns[i].type);
        assert_int_equal(plan.columns[i].optional, b->columns[i].optional);
    }
    arena_fini(&arena);
}

static void test_the_map_grows(void **state)
{
    Bench *b = *state;
    assert_true(replace(b, 0, 400000));
    assert_true(b->attempts > 1);
    bool found;
    assert_true(get(b, "k399999", &found));
    assert_string_equal(b->seen, "id=k399999 399999 -;");
}

static void test_changed_rules_read_old_rows(void **state)
{
    Bench *b = *state;
    assert_true(replace(b, 2, 1));
    Attribute columns[] = {
        {.name = TEXT("new"), .type = TYPE_STRING, .optional = true},
        {.name = TEXT("count"), .type = TYPE_FLOAT},
        {.name = TEXT("id"), .type = TYPE_STRING},
    };
    uint32_t key = 2;
    TablePlan table = {.name = TEXT("Account"), .columns = columns, .ncolumns = 3, .keys = &key, .nkeys = 1};
    Plan plan = {.tables = &table, .ntables = 1};
    Rejections *rejections = rejections_new(&b->memory, TEXT("t"), NULL, NULL);
    TablesOptions options = {.state = b->directory, .rejections = rejections, .messages = stderr};
    store_close(b->store);
    Tables *tables = tables_open(&plan, &b->memory, options);
    assert_non_null(tables);
    Table *loaded = tables_all(tables)[0];
    uint32_t row = table_find(loaded, &(Cell){.s = TEXT("k2")});
    assert_true(row != ROW_NONE);
    const Rows *rows = table_rows(loaded);
    assert_int_equal(rows->columns[0].states[row], STATE_NULL);
    assert_true(cell_get(TYPE_FLOAT, rows->columns[1].cells, row).f == 2.0);
    assert_int_equal(rejections_total(rejections), 0);
    tables_close(tables);
    assert_true(open_store(b));
    rejections_free(rejections);
}

static void test_a_required_column_that_is_new_rejects(void **state)
{
    Bench *b = *state;
    assert_true(replace(b, 2, 1));
    b->columns[AT].name = TEXT("since");
    b->columns[AT].optional = false;
    Rejections *rejections = rejections_new(&b->memory, TEXT("t"), NULL, NULL);
    TablesOptions options = {.state = b->directory, .rejections = rejections, .messages = stderr};
    store_close(b->store);
    Tables *tables = tables_open(&b->plan, &b->memory, options);
    assert_non_null(tables);
    assert_true(table_find(tables_all(tables)[0], &(Cell){.s = TEXT("k2")}) == ROW_NONE);
    assert_int_equal(rejections_of(rejections, "table row"), 1);
    tables_close(tables);
    assert_true(open_store(b));
    rejections_free(rejections);
}

static void count_tables(void *owner, Text table, uint64_t rows)
{
    Bench *b = owner;
    snprintf(b->seen, sizeof b->seen, "%.*s %d", TEXT_ARGS(table), (int)rows);
}

static void test_tables_are_listed(void **state)
{
    Bench *b = *state;
    assert_true(b->store->ops->tables(b->store, count_tables, b));
    assert_string_equal(b->seen, "");
    assert_true(replace(b, 0, 5));
    assert_true(b->store->ops->tables(b->store, count_tables, b));
    assert_string_equal(b->seen, "Account 5");
}

static void test_what_is_no_store_is_refused(void **state)
{
    Bench *b = *state;
    assert_null(store_open(&b->memory, "/no/such/place", true, b->error, sizeof b->error));
    assert_null(store_open(&b->memory, "/dev/null", true, b->error, sizeof b->error));
    assert_non_null(strstr(b->error, "it is not a directory"));
    assert_null(store_open(&b->memory, "/etc", true, b->error, sizeof b->error));
    assert_non_null(strstr(b->error, "holds other files"));
    char path[128];
    snprintf(path, sizeof path, "%s/inner", b->directory);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/inner/data.mdb", b->directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 9000; i++)
        fputc('x', file);
    fclose(file);
    path[strlen(path) - strlen("/data.mdb")] = 0;
    assert_null(store_open(&b->memory, path, true, b->error, sizeof b->error));
    assert_non_null(strstr(b->error, "it is not a store of this program"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_put_comes_back),
        TEST(test_a_table_is_replaced),
        TEST(test_a_load_that_fails_changes_nothing),
        TEST(test_a_row_is_found_and_deleted_by_its_key),
        TEST(test_a_row_is_changed_in_one_step),
        TEST(test_a_store_knows_its_tables),
        TEST(test_the_map_grows),
        TEST(test_changed_rules_read_old_rows),
        TEST(test_a_required_column_that_is_new_rejects),
        TEST(test_tables_are_listed),
        TEST(test_what_is_no_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
