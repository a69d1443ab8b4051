/* Table files: CSV, TSV and JSON lines into rows, and what is said of rows that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cluster/table_file.h"

enum { ID, UID, CLASS, SCORE, COLUMNS };

typedef struct Bench {
    Memory memory;
    Attribute columns[COLUMNS];
    uint32_t keys[2];
    TablePlan plan;
    Table *table;
    TableFileStats stats;
    char rejected[1024], error[512], path[64];
} Bench;

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    b->columns[ID] = (Attribute){.name = TEXT("id"), .type = TYPE_STRING};
    b->columns[UID] = (Attribute){.name = TEXT("uid"), .type = TYPE_INT};
    b->columns[CLASS] = (Attribute){.name = TEXT("class"), .type = TYPE_STRING, .optional = true};
    b->columns[SCORE] = (Attribute){.name = TEXT("score"), .type = TYPE_FLOAT, .optional = true};
    b->plan = (TablePlan){.name = TEXT("Account"), .columns = b->columns, .ncolumns = COLUMNS, .keys = b->keys,
                          .nkeys = 1};
    b->table = table_new(&b->memory, &b->plan);
    strcpy(b->path, "/tmp/cep-table.XXXXXX");
    close(mkstemp(b->path));
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    unlink(b->path);
    table_free(b->table);
    int leaked = b->memory.bytes != 0;
    free(b);
    return leaked;
}

static bool put(void *owner, const Cell *cells, const uint8_t *states)
{
    table_put(((Bench *)owner)->table, cells, states);
    return true;
}

static void rejected(void *owner, uint64_t line, Text detail, Text original)
{
    Bench *b = owner;
    (void)original;
    size_t n = strlen(b->rejected);
    snprintf(b->rejected + n, sizeof b->rejected - n, "%u: %.*s;", (unsigned)line, TEXT_ARGS(detail));
}

static bool load_bytes(Bench *b, const char *format, const char *bytes, size_t n)
{
    FILE *file = fopen(b->path, "wb");
    fwrite(bytes, 1, n, file);
    fclose(file);
    TableSink sink = {.owner = b, .row = put, .rejected = rejected};
    return table_file_load(&b->plan, b->path, text_of(format), &b->memory, sink, &b->stats, b->error,
                           sizeof b->error);
}

static bool load(Bench *b, const char *format, const char *bytes)
{
    return load_bytes(b, format, bytes, strlen(bytes));
}

static uint32_t find(Bench *b, const char *id)
{
    return table_find(b->table, &(Cell){.s = text_of(id)});
}

static void assert_row(Bench *b, const char *id, int64_t uid, const char *class)
{
    const Rows *rows = table_rows(b->table);
    uint32_t row = find(b, id);
    assert_true(row != ROW_NONE);
    assert_int_equal(cell_get(TYPE_INT, rows->columns[UID].cells, row).i, uid);
    if (!class) {
        assert_int_equal(rows->columns[CLASS].states[row], STATE_NULL);
        return;
    }
    assert_int_equal(rows->columns[CLASS].states[row], STATE_OK);
    assert_true(text_is_c(cell_get(TYPE_STRING, rows->columns[CLASS].cells, row).s, class));
}

static void test_csv_columns_go_by_the_header(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "csv", "class,id,uid,extra\nsystem,root,0,x\n,bob,7,y\r\n"));
    assert_row(b, "root", 0, "system");
    assert_row(b, "bob", 7, NULL);
    assert_int_equal(b->stats.rows, 2);
    assert_int_equal(b->stats.unknown_fields, 2);
    assert_string_equal(b->rejected, "");
}

static void test_csv_fields_may_be_quoted(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "csv", "id,uid,class\n\"a,\"\"b\"\"\",1,\"two\nlines\"\nx,bad,\n"));
    assert_row(b, "a,\"b\"", 1, "two\nlines");
    assert_string_equal(b->rejected, "4: column `uid`: expected a whole number of 64 bits, got bad;");
}

static void test_csv_rows_that_do_not_fit_are_rejected(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "csv", "id,uid\na,1,2\nb\n\nc,3\n\"d\"x,4\n,5\n"));
    assert_int_equal(b->stats.rows, 2);
    assert_row(b, "c", 3, NULL);
    assert_string_equal(b->rejected, "2: 3 fields, where the header line has 2;"
                                     "3: 1 fields, where the header line has 2;"
                                     "6: a quoted field does not end where the field does;");
}

static void test_csv_needs_the_key(void **state)
{
    Bench *b = *state;
    assert_false(load(b, "csv", "name,uid\na,1\n"));
    assert_string_equal(b->error, "the header line has no column `id`, the key");
}

static void test_tsv_is_a_dump_of_hashes(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "tsv", "acct:root\tuid\t0\tclass\tsystem\nacct:a:b\tclass\tuser\tuid\t7\n"));
    assert_row(b, "root", 0, "system");
    assert_row(b, "a:b", 7, "user");
}

static void test_tsv_keys_without_a_common_word_are_whole(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "tsv", "acct:root\tuid\t0\nother:x\tuid\t1\n"));
    assert_row(b, "acct:root", 0, NULL);
    assert_row(b, "other:x", 1, NULL);
}

static void test_tsv_rows_that_do_not_fit_are_rejected(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "tsv", "a\tuid\nb\tuid\t1\nc\tclass\tx\nd\tuid\t2\tclass\t\n"));
    assert_row(b, "b", 1, NULL);
    assert_row(b, "d", 2, NULL);
    assert_string_equal(b->rejected, "1: the field `uid` has no value;3: column `uid` is missing;");
}

static void test_tsv_keys_may_be_two_columns(void **state)
{
    Bench *b = *state;
    b->keys[1] = UID;
    b->plan.nkeys = 2;
    table_free(b->table);
    b->table = table_new(&b->memory, &b->plan);
    assert_true(load(b, "tsv", "acct:root:5\tclass\tx\nacct:lone\tclass\ty\n"));
    Cell key[] = {{.s = TEXT("root")}, {.i = 5}};
    assert_true(table_find(b->table, key) != ROW_NONE);
    assert_string_equal(b->rejected, "2: the key `lone` is not two values with a colon between;");
}

static void test_json_lines(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "ndjson", "\xEF\xBB\xBF{\"id\":\"root\",\"uid\":0,\"class\":\"s\"}\n{\"id\":\"x\"}\nno\n"
                                  "{\"uid\":9,\"id\":\"y\",\"score\":1}"));
    assert_row(b, "root", 0, "s");
    assert_row(b, "y", 9, NULL);
    assert_int_equal(b->stats.rows, 2);
    assert_int_equal(b->stats.rejected, 2);
    assert_non_null(strstr(b->rejected, "2: attribute `uid` of `Account` is missing;3: not a JSON object"));
}

static void test_texts_are_utf8(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "csv", "id,uid,class\na,1,\xC3\xA4\nb,2,\xE4\n"));
    assert_row(b, "a", 1, "\xC3\xA4");
    assert_string_equal(b->rejected, "3: column `class`: not UTF-8;");
}

static void test_the_later_row_of_a_key_counts(void **state)
{
    Bench *b = *state;
    assert_true(load(b, "csv", "id,uid\na,1\na,2\n"));
    assert_row(b, "a", 2, NULL);
}

static void test_files_that_cannot_be_read_say_so(void **state)
{
    Bench *b = *state;
    TableSink sink = {.owner = b, .row = put, .rejected = rejected};
    assert_false(table_file_load(&b->plan, "/tmp", TEXT("csv"), &b->memory, sink, &b->stats, b->error, sizeof b->error));
    assert_string_equal(b->error, "cannot read /tmp: Is a directory");
    assert_false(
        table_file_load(&b->plan, "/no/file", TEXT("csv"), &b->memory, sink, &b->stats, b->error, sizeof b->error));
    assert_string_equal(b->error, "cannot read /no/file: No such file or directory");
    assert_false(load(b, "xls", ""));
}

static void test_empty_and_odd_files_do_no_harm(void **state)
{
    static const char *const formats[] = {"csv", "tsv", "ndjson"};
    Bench *b = *state;
    uint64_t seed = 1;
    for (size_t f = 0; f < 3; f++) {
        assert_int_equal(load_bytes(b, formats[f], "", 0), f > 0); /* csv begins with a header line */
        for (int i = 0; i < 300; i++) {
            char bytes[300] = "id,uid\n";
            for (size_t k = 7; k < sizeof bytes; k++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                bytes[k] = "ab1,\"\n\t:{}\\\r\xff\0"[(seed >> 33) % 14];
            }
            load_bytes(b, formats[f], bytes, sizeof bytes);
            b->rejected[0] = 0;
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_csv_columns_go_by_the_header),
        TEST(test_csv_fields_may_be_quoted),
        TEST(test_csv_rows_that_do_not_fit_are_rejected),
        TEST(test_csv_needs_the_key),
        TEST(test_tsv_is_a_dump_of_hashes),
        TEST(test_tsv_keys_without_a_common_word_are_whole),
        TEST(test_tsv_rows_that_do_not_fit_are_rejected),
        TEST(test_tsv_keys_may_be_two_columns),
        TEST(test_json_lines),
        TEST(test_texts_are_utf8),
        TEST(test_the_later_row_of_a_key_counts),
        TEST(test_files_that_cannot_be_read_say_so),
        TEST(test_empty_and_odd_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
