/* Alert lines, byte for byte. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cep/key.h"
#include "cluster/alert_json.h"

typedef struct Bench {
    Memory memory;
    Out out;
} Bench;

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    out_init(&b->out, &b->memory, -1);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    out_fini(&b->out);
    int leaked = b->memory.bytes != 0;
    free(b);
    return leaked;
}

static void assert_out(Bench *b, const char *expected)
{
    out_char(&b->out, 0);
    assert_string_equal(b->out.bytes, expected);
    out_clear(&b->out);
}

static void test_strings_are_escaped(void **state)
{
    Bench *b = *state;
    out_json_string(&b->out, (Text){"a\"b\\c\n\t\x01\x7f\0/", 11});
    assert_out(b, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\\u0000/\"");
    out_json_string(&b->out, TEXT("h\xC3\xA9 \xF0\x9F\x98\x80"));
    assert_out(b, "\"h\xC3\xA9 \xF0\x9F\x98\x80\"");
}

static void test_invalid_utf8_is_replaced(void **state)
{
    Bench *b = *state;
    out_json_string(&b->out, TEXT("a\xFF" "b\xC3"));
    assert_out(b, "\"a\xEF\xBF\xBD" "b\xEF\xBF\xBD\"");
    out_json_string(&b->out, TEXT("\xED\xA0\x80")); /* a surrogate */
    assert_out(b, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void test_floats_are_the_shortest(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {20, "20"},           {0.1, "0.1"},         {1.0 / 3, "0.3333333333333333"},
        {-0.5, "-0.5"},       {1e300, "1e+300"},    {5e-324, "4.94065645841247e-324"},
        {INFINITY, "null"},   {NAN, "null"},        {100000000000.25, "100000000000.25"},
        {0.1 + 0.2, "0.30000000000000004"},
    };
    Bench *b = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        out_json_float(&b->out, cases[i].value);
        assert_out(b, cases[i].text);
    }
}

static void test_values_print_as_they_come_in(void **state)
{
    Bench *b = *state;
    out_json_cell(&b->out, TYPE_TIME, (Cell){.i = 1500000000});
    assert_out(b, "\"1970-01-01T00:00:01.5Z\"");
    out_json_cell(&b->out, TYPE_DURATION, (Cell){.i = 5400 * NS_PER_SECOND});
    assert_out(b, "\"1 h 30 min\"");
    out_json_cell(&b->out, TYPE_POINT, (Cell){.p = {8.5, 47.25}});
    assert_out(b, "[8.5,47.25]");
    out_json_cell(&b->out, TYPE_INT, (Cell){.i = INT64_MIN});
    assert_out(b, "-9223372036854775808");
}

/* The example of the language's page, with two attributes and no window where asked. */
static void print(Bench *b, bool alert, bool keyed, int64_t window_end)
{
    Attribute attributes[] = {
        {.name = TEXT("account"), .type = TYPE_STRING},
        {.name = TEXT("count"), .type = TYPE_INT},
        {.name = TEXT("owner"), .type = TYPE_STRING, .optional = true},
    };
    Text tags[] = {TEXT("cash"), TEXT("night")};
    EventType type = {.name = TEXT("Many"), .wire = TEXT("many"), .alert = alert, .severity = SEVERITY_HIGH,
                      .tags = tags, .ntags = 2, .attributes = attributes, .nattributes = 3};
    Text key_names[] = {TEXT("account"), TEXT("shop")};
    ContextStep steps[] = {{.kind = CONTEXT_FIXED}, {.kind = CONTEXT_BY, .nkeys = 2, .key_names = key_names}};
    AgentPlan agent = {.name = TEXT("many"), .hash = {0x3b, 0x1d, 0, 0xff, 1, 2, 3, 4, 5}, .contexts = steps,
                       .ncontexts = 2};
    Plan plan = {.network = TEXT("atm"), .types = &type, .ntypes = 1};
    uint8_t key[64], *end = key;
    end = key_put(end, TYPE_STRING, (Cell){.s = TEXT("a1")});
    end = key_put(end, TYPE_INT, (Cell){.i = 7});
    EventId causes[] = {{1, 2}, {3, 4}};
    Lineage lineage = {.agent = &agent, .causes = causes, .ncauses = 2, .cause_count = 9, .suppressed = 3};
    if (keyed)
        lineage.key = (Text){(char *)key, (uint32_t)(end - key)};
    lineage.window_end = window_end;

    Batch batch;
    batch_init(&batch, &b->memory, &plan);
    Rows *rows = &batch.rows[0];
    uint32_t row = rows_add(rows, &b->memory);
    rows_set(rows, row, 0, (Cell){.s = TEXT("a1")});
    rows_set(rows, row, 1, (Cell){.i = 4});
    rows_set_state(rows, row, 2, STATE_NULL);
    rows->time[row] = NS_PER_SECOND;
    rows->id[row] = (EventId){0x9f0c, 0x11};
    rows->lineage[row] = &lineage;
    alert_json(&b->out, &plan, &type, rows, row);
    batch_fini(&batch);
}

static void test_an_alert_has_every_member(void **state)
{
    Bench *b = *state;
    print(b, true, true, NS_PER_DAY);
    assert_out(b, "{\"alert\":\"Many\",\"id\":\"0000000000009f0c0000000000000011\",\"network\":\"atm\",\"agent\":\"many\","
                  "\"version\":\"3b1d00ff01020304\",\"time\":\"1970-01-01T00:00:01Z\",\"severity\":\"high\","
                  "\"tags\":[\"cash\",\"night\"],\"key\":{\"account\":\"a1\",\"shop\":7},"
                  "\"window\":{\"start\":\"1970-01-01T00:00:00Z\",\"end\":\"1970-01-02T00:00:00Z\"},"
                  "\"data\":{\"account\":\"a1\",\"count\":4,\"owner\":null},"
                  "\"causes\":[\"00000000000000010000000000000002\",\"00000000000000030000000000000004\"],"
                  "\"cause_count\":9,\"suppressed\":3,\"revision\":0}\n");
}

static void test_key_and_window_are_there_if_they_are(void **state)
{
    Bench *b = *state;
    print(b, true, false, 0);
    out_char(&b->out, 0);
    assert_null(strstr(b->out.bytes, "\"key\""));
    assert_null(strstr(b->out.bytes, "\"window\""));
}

static void test_a_window_may_have_no_end_yet(void **state)
{
    Bench *b = *state;
    print(b, true, false, INT64_MAX);
    out_char(&b->out, 0);
    assert_non_null(strstr(b->out.bytes, "\"window\":{\"start\":\"1970-01-01T00:00:00Z\",\"end\":null}"));
}

static void test_other_events_are_called_event(void **state)
{
    Bench *b = *state;
    print(b, false, false, 0);
    out_char(&b->out, 0);
    assert_memory_equal(b->out.bytes, "{\"event\":\"Many\",", 16);
    assert_null(strstr(b->out.bytes, "severity"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_strings_are_escaped),
        TEST(test_invalid_utf8_is_replaced),
        TEST(test_floats_are_the_shortest),
        TEST(test_values_print_as_they_come_in),
        TEST(test_an_alert_has_every_member),
        TEST(test_key_and_window_are_there_if_they_are),
        TEST(test_a_window_may_have_no_end_yet),
        TEST(test_other_events_are_called_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
