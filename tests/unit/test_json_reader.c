/* Decoding JSON lines into rows: what an attribute may look like, what is rejected and how that is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cep/json_reader.h"
#include "cep/plan.h"

enum { PAYMENT, LOGIN, TYPES };
enum { ACCOUNT, AMOUNT, COUNT, AT, OK, LASTS, PLACE, IMAGE, SECOND, NOTE, PAYMENT_ATTRIBUTES };

typedef struct Bench {
    Memory memory;
    Attribute payment[PAYMENT_ATTRIBUTES], login[1];
    EventType types[TYPES];
    Text image_path[3], second_path[2];
    Plan plan;
    Batch batch;
    JsonReader *json;
    JsonRow row;
    char *line;
} Bench;

static Attribute attribute(const char *name, TypeKind type, bool optional)
{
    return (Attribute){.name = text_of(name), .type = type, .optional = optional};
}

static void define(Bench *b)
{
    b->payment[ACCOUNT] = attribute("account", TYPE_STRING, false);
    b->payment[AMOUNT] = attribute("amount", TYPE_FLOAT, true);
    b->payment[COUNT] = attribute("count", TYPE_INT, true);
    b->payment[AT] = attribute("at", TYPE_TIME, true);
    b->payment[AT].unit = 1000000;
    b->payment[OK] = attribute("ok", TYPE_BOOL, true);
    b->payment[LASTS] = attribute("lasts", TYPE_DURATION, true);
    b->payment[PLACE] = attribute("place", TYPE_POINT, true);
    b->payment[IMAGE] = attribute("image", TYPE_STRING, true);
    b->image_path[0] = TEXT("Event");
    b->image_path[1] = TEXT("EventData");
    b->image_path[2] = TEXT("Image");
    b->payment[IMAGE].path = b->image_path;
    b->payment[IMAGE].npath = 3;
    b->payment[SECOND] = attribute("second", TYPE_INT, true);
    b->second_path[0] = TEXT("list");
    b->second_path[1] = TEXT("[1]");
    b->payment[SECOND].path = b->second_path;
    b->payment[SECOND].npath = 2;
    b->payment[NOTE] = attribute("a rather long attribute name", TYPE_STRING, true);
    b->login[0] = attribute("user", TYPE_STRING, false);
    b->types[PAYMENT] = (EventType){.name = TEXT("Payment"), .wire = TEXT("payment"), .input = true,
                                    .attributes = b->payment, .nattributes = PAYMENT_ATTRIBUTES};
    b->types[LOGIN] = (EventType){.name = TEXT("Login"), .wire = TEXT("login"), .input = true,
                                  .attributes = b->login, .nattributes = 1};
    b->plan = (Plan){.types = b->types, .ntypes = TYPES};
}

static void decode_for(Bench *b, const ProducerPlan *producer)
{
    json_reader_free(b->json);
    b->json = json_reader_new(&b->memory, &b->plan, producer, 16);
    json_reader_into(b->json, b->batch.rows, &b->memory, &b->batch.arena);
}

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    define(b);
    batch_init(&b->batch, &b->memory, &b->plan);
    decode_for(b, NULL);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    json_reader_free(b->json);
    batch_fini(&b->batch);
    free(b->line);
    int leaked = b->memory.bytes != 0;
    free(b);
    return leaked;
}

/* Each line stands alone on the heap, so that the address sanitizer sees what reads beyond its padding. */
static bool decode_bytes(Bench *b, const char *bytes, size_t n)
{
    free(b->line);
    b->line = malloc(n + JSON_PADDING);
    memcpy(b->line, bytes, n);
    memset(b->line + n, 0, JSON_PADDING);
    return json_reader_decode(b->json, b->line, n, &b->row);
}

static bool decode(Bench *b, const char *line)
{
    return decode_bytes(b, line, strlen(line));
}

static Cell cell(Bench *b, uint32_t column)
{
    const Column *c = &b->batch.rows[b->row.type].columns[column];
    assert_int_equal(c->states[b->row.row], STATE_OK);
    return cell_get(c->type, c->cells, b->row.row);
}

static bool is_null(Bench *b, uint32_t column)
{
    return b->batch.rows[b->row.type].columns[column].states[b->row.row] == STATE_NULL;
}

static void assert_text(Text text, const char *expected)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%.*s", TEXT_ARGS(text));
    assert_string_equal(copy, expected);
}

static void assert_rejected(Bench *b, const char *line, const char *reason, const char *detail)
{
    uint32_t payments = b->batch.rows[PAYMENT].n, logins = b->batch.rows[LOGIN].n;
    assert_false(decode(b, line));
    assert_string_equal(b->row.reason, reason);
    if (detail)
        assert_text(b->row.detail, detail);
    assert_int_equal(b->batch.rows[PAYMENT].n, payments);
    assert_int_equal(b->batch.rows[LOGIN].n, logins);
}

static void test_every_type_has_its_form(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a1\",\"amount\":12.5,\"count\":-7,\"at\":1500,\"ok\":true,"
                          "\"lasts\":\"1 h 30 min\",\"place\":[8.5,47.25]}"));
    assert_int_equal(b->row.type, PAYMENT);
    assert_text(cell(b, ACCOUNT).s, "a1");
    assert_true(cell(b, AMOUNT).f == 12.5);
    assert_int_equal(cell(b, COUNT).i, -7);
    assert_int_equal(cell(b, AT).i, 1500000000);
    assert_int_equal(cell(b, OK).b, 1);
    assert_int_equal(cell(b, LASTS).i, 5400 * NS_PER_SECOND);
    assert_true(cell(b, PLACE).p.x == 8.5 && cell(b, PLACE).p.y == 47.25);
}

static void test_missing_and_null_are_null(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a1\",\"amount\":null}"));
    assert_true(is_null(b, AMOUNT));
    assert_true(is_null(b, COUNT));
}

static void test_a_missing_required_attribute_is_named(void **state)
{
    Bench *b = *state;
    assert_rejected(b, "{\"type\":\"payment\",\"amount\":1}", "invalid", "attribute `account` of `Payment` is missing");
    assert_rejected(b, "{\"type\":\"payment\",\"account\":null}", "invalid",
                    "attribute `account` of `Payment` is missing");
}

static void test_a_wrong_type_is_told(void **state)
{
    Bench *b = *state;
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"amount\":\"12\"}", "invalid",
                    "attribute `amount` of `Payment`: expected a number, got a string");
    assert_rejected(b, "{\"type\":\"payment\",\"account\":5}", "invalid",
                    "attribute `account` of `Payment`: expected a string, got a number");
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"ok\":1}", "invalid",
                    "attribute `ok` of `Payment`: expected true or false, got a number");
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"place\":{\"lon\":1}}", "invalid", NULL);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":[\"a\"]}", "invalid",
                    "attribute `account` of `Payment`: expected a string, got a list");
}

static void test_ints_are_64_bits(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":9223372036854775807}"));
    assert_true(cell(b, COUNT).i == INT64_MAX);
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":-9223372036854775808}"));
    assert_true(cell(b, COUNT).i == INT64_MIN);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":9223372036854775808}", "invalid", NULL);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":123456789012345678901234}", "invalid", NULL);
}

static void test_whole_floats_are_ints(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":1e3}"));
    assert_int_equal(cell(b, COUNT).i, 1000);
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":1e18}"));
    assert_int_equal(cell(b, COUNT).i, INT64_C(1000000000000000000));
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":-9007199254740993.0}"));
    assert_int_equal(cell(b, COUNT).i, -INT64_C(9007199254740993));
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":0.00e-30}"));
    assert_int_equal(cell(b, COUNT).i, 0);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":1e19}", "invalid", NULL);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":9007199254740993.0000000}", "invalid", NULL);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"count\":1.5}", "invalid",
                    "attribute `count` of `Payment`: expected a whole number of 64 bits, got 1.5");
}

static void test_floats_take_ints(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"amount\":20}"));
    assert_true(cell(b, AMOUNT).f == 20.0);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"amount\":1e999}", "invalid", NULL);
}

static void test_escapes_are_decoded(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\\n\\\"b\\\" \\u00e4 \\ud83d\\ude00 and some more\"}"));
    assert_text(cell(b, ACCOUNT).s, "a\n\"b\" \xC3\xA4 \xF0\x9F\x98\x80 and some more");
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"\\q\"}", "invalid", NULL);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"\\ud800\"}", "invalid", NULL);
}

static void test_strings_of_every_length_survive(void **state)
{
    Bench *b = *state;
    char value[200], line[300];
    for (int n = 0; n < 150; n++) {
        for (int i = 0; i < n; i++)
            value[i] = (char)('a' + (i * 7 + n) % 26);
        value[n] = 0;
        snprintf(line, sizeof line, "{\"type\":\"payment\",\"account\":\"%s\"}", value);
        assert_true(decode(b, line));
        assert_text(cell(b, ACCOUNT).s, value);
    }
}

static void test_escaped_names_are_names(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"acc\\u006funt\":\"a1\"}"));
    assert_text(cell(b, ACCOUNT).s, "a1");
}

static void test_long_names_are_told_apart(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"a rather long attribute name\":\"x\"}"));
    assert_text(cell(b, NOTE).s, "x");
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"a rather long attribute nama\":\"x\"}"));
    assert_true(is_null(b, NOTE));
    assert_int_equal(b->row.unknown, 1);
}

static void test_times_are_exact(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"at\":1490620089123.456789}"));
    assert_true(cell(b, AT).i == INT64_C(1490620089123456789));
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"at\":\"1970-01-01T00:00:01.5Z\"}"));
    assert_true(cell(b, AT).i == INT64_C(1500000000));
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"at\":\"yesterday\"}", "invalid", NULL);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"at\":9223372036854775807}", "invalid", NULL);
}

static void test_durations_are_texts_or_seconds(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"lasts\":0.25}"));
    assert_int_equal(cell(b, LASTS).i, 250000000);
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"lasts\":\"250 ms\"}"));
    assert_int_equal(cell(b, LASTS).i, 250000000);
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"lasts\":\"5 m\"}", "invalid", NULL);
}

static void test_points_have_three_forms(void **state)
{
    static const char *const forms[] = {
        "[8.5,47.25]",
        "{\"lat\":47.25,\"lon\":8.5}",
        "{\"type\":\"Point\",\"coordinates\":[8.5,47.25,400]}",
    };
    Bench *b = *state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char line[200];
        snprintf(line, sizeof line, "{\"type\":\"payment\",\"account\":\"a\",\"place\":%s,\"count\":1}", forms[i]);
        assert_true(decode(b, line));
        assert_true(cell(b, PLACE).p.x == 8.5 && cell(b, PLACE).p.y == 47.25);
        assert_int_equal(cell(b, COUNT).i, 1);
    }
    assert_rejected(b, "{\"type\":\"payment\",\"account\":\"a\",\"place\":[8.5]}", "invalid", NULL);
}

static void test_paths_reach_inside(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"payment\",\"Event\":{\"System\":{\"a\":[1,{}]},\"EventData\":{\"Image\":\"x.exe\"}},"
                          "\"account\":\"a\",\"list\":[1,2,3]}"));
    assert_text(cell(b, IMAGE).s, "x.exe");
    assert_int_equal(cell(b, SECOND).i, 2);
    assert_true(decode(b, "{\"type\":\"payment\",\"Event\":null,\"account\":\"a\",\"list\":[]}"));
    assert_true(is_null(b, IMAGE) && is_null(b, SECOND));
}

static void test_two_attributes_may_read_one_field(void **state)
{
    Bench *b = *state;
    Text path[] = {TEXT("place"), TEXT("lat")};
    b->payment[AMOUNT].path = path;
    b->payment[AMOUNT].npath = 2;
    decode_for(b, NULL);
    assert_true(decode(b, "{\"type\":\"payment\",\"account\":\"a\",\"place\":{\"lat\":47.25,\"lon\":8.5}}"));
    assert_true(cell(b, PLACE).p.y == 47.25);
    assert_true(cell(b, AMOUNT).f == 47.25);
    assert_text(cell(b, ACCOUNT).s, "a");
}

static void test_the_type_may_stand_anywhere(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"account\":\"a1\",\"count\":3,\"type\":\"payment\"}"));
    assert_int_equal(b->row.type, PAYMENT);
    assert_true(decode(b, "{\"user\":\"u\",\"type\":\"login\"}"));
    assert_int_equal(b->row.type, LOGIN);
    assert_true(decode(b, "{\"account\":\"a2\",\"type\":\"payment\"}"));
    assert_text(cell(b, ACCOUNT).s, "a2");
    assert_int_equal(b->row.unknown, 0);
}

static void test_unknown_types_are_told(void **state)
{
    Bench *b = *state;
    assert_rejected(b, "{\"type\":\"paymemt\"}", "unknown type",
                    "no event is called `paymemt` here; did you mean `payment`?");
    assert_rejected(b, "{\"account\":\"a\"}", "unknown type",
                    "the field `type`, which names the event's type, is missing");
    assert_rejected(b, "{\"type\":{}}", "unknown type", "the type field `type` holds an object");
}

static void test_a_mapping_compares_numbers_as_text(void **state)
{
    Bench *b = *state;
    TypeName names[] = {{TEXT("10"), LOGIN}, {TEXT("1"), PAYMENT}};
    ProducerPlan producer = {.type_field = TEXT("id"), .names = names, .nnames = 2};
    decode_for(b, &producer);
    assert_true(decode(b, "{\"id\":10,\"user\":\"u\"}"));
    assert_int_equal(b->row.type, LOGIN);
    assert_true(decode(b, "{\"id\":\"1\",\"account\":\"a\"}"));
    assert_int_equal(b->row.type, PAYMENT);
    assert_rejected(b, "{\"id\":2,\"user\":\"u\"}", "unknown type", NULL);
}

static void test_a_producer_of_one_type_names_none(void **state)
{
    Bench *b = *state;
    uint32_t types[] = {LOGIN};
    ProducerPlan producer = {.types = types, .ntypes = 1, .type_field = TEXT("type")};
    decode_for(b, &producer);
    assert_true(decode(b, "{\"user\":\"u\"}"));
    assert_int_equal(b->row.type, LOGIN);
}

static void test_unknown_fields_are_counted(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"x\":1,\"type\":\"login\",\"user\":\"u\",\"y\":{\"z\":[1,\"]\",{}]},\"w\":null}"));
    assert_int_equal(b->row.unknown, 3);
}

static void test_header_fields_are_read(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"login\",\"user\":\"u\",\"$id\":\"x\",\"$time\":\"1970-01-01T00:00:02Z\","
                          "\"$source\":\"s\"}"));
    EventId first = b->row.id;
    assert_true(b->row.has_id && b->row.has_time);
    assert_true(b->row.time == 2 * NS_PER_SECOND);
    assert_int_equal(b->row.unknown, 0);
    assert_true((first.high & EVENT_ID_INPUT) == 0);
    assert_true(decode(b, "{\"type\":\"login\",\"user\":\"u\",\"$id\":\"y\"}"));
    assert_true(b->row.id.low != first.low);
    assert_false(b->row.has_time);
    assert_rejected(b, "{\"type\":\"login\",\"user\":\"u\",\"$time\":5}", "invalid", NULL);
}

static void test_what_is_no_object_is_malformed(void **state)
{
    static const char *const lines[] = {
        "[1,2]", "5", "\"x\"", "nul", "{", "}", "{}x", "{} {}", "{\"type\":\"login\",\"user\":\"u\"",
        "{\"type\":\"login\",\"user\":\"u", "{\"type\":\"login\" \"user\":\"u\"}", "{\"type\":\"login\",\"user\":\"u\"}}",
        "{\"type\":\"login\",\"user\":\"u\",\"x\":tru}", "{\"type\":\"login\",\"user\":\"u\",\"x\":[1}",
        "{\"type\":\"login\",\"user\":\"u\xff\"}", "{\"type\":\"login\",\"user\":\"u\x01\"}",
        "{\"type\":\"login\",\"user\":\"u\",\"x\":[{]}}", "{\"type\":\"login\",\"user\":\"u\",}",
    };
    Bench *b = *state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_rejected(b, lines[i], "malformed", NULL);
}

static void test_nesting_is_bounded(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"login\",\"user\":\"u\",\"x\":[[[[[[[[[[]]]]]]]]]]}"));
    assert_rejected(b, "{\"type\":\"login\",\"user\":\"u\",\"x\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}", "malformed",
                    "objects and lists nested more than 16 deep");
}

static void test_deep_nesting_costs_no_stack(void **state)
{
    Bench *b = *state;
    enum { DEEP = 200000 };
    char *line = malloc(DEEP + 64);
    int n = snprintf(line, 64, "{\"type\":\"login\",\"user\":\"u\",\"x\":");
    memset(line + n, '[', DEEP);
    assert_false(decode_bytes(b, line, (size_t)n + DEEP));
    free(line);
}

static void test_the_last_of_two_counts(void **state)
{
    Bench *b = *state;
    assert_true(decode(b, "{\"type\":\"login\",\"user\":\"u\",\"user\":\"v\"}"));
    assert_text(cell(b, 0).s, "v");
}

static void test_steady_state_does_not_allocate(void **state)
{
    Bench *b = *state;
    const char *line = "{\"type\":\"payment\",\"account\":\"a1\",\"amount\":12.5,\"count\":-7,\"extra\":[1,2]}";
    for (int pass = 0; pass < 3; pass++) {
        batch_clear(&b->batch);
        json_reader_into(b->json, b->batch.rows, &b->memory, &b->batch.arena);
        uint64_t calls = b->memory.calls;
        for (int i = 0; i < BATCH_ROWS; i++)
            assert_true(decode(b, line));
        if (pass)
            assert_true(b->memory.calls == calls);
    }
}

/* xorshift64*, so that the same lines come every time. */
static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545F4914F6CDD1Du) >> 32) % n;
}

static void test_mutated_lines_do_no_harm(void **state)
{
    static const char good[] =
        "{\"type\":\"payment\",\"account\":\"a\\u00e41\",\"amount\":12.5,\"count\":-7,\"at\":1500.25,\"ok\":true,\"lasts\":\"1 h\","
        "\"place\":{\"lon\":1,\"lat\":2},\"Event\":{\"EventData\":{\"Image\":\"x\"}},\"list\":[1,2],\"$id\":\"i\"}";
    static const char bytes[] = "{}[]\",:\\tfn0123456789.eE+- \x01\xff\xc3u$";
    Bench *b = *state;
    size_t n = sizeof good - 1;
    char line[sizeof good];
    uint32_t accepted = 0;
    for (int i = 0; i < 60000; i++) {
        memcpy(line, good, sizeof good);
        for (uint32_t k = random_below(4) + (i & 1); k; k--)
            line[random_below((uint32_t)n)] = bytes[random_below(sizeof bytes - 1)];
        accepted += decode_bytes(b, line, random_below(4) ? n : random_below((uint32_t)n));
        if (b->batch.rows[PAYMENT].n > 1000) {
            batch_clear(&b->batch);
            json_reader_into(b->json, b->batch.rows, &b->memory, &b->batch.arena);
        }
    }
    assert_true(accepted > 100);
}

static void test_random_bytes_do_no_harm(void **state)
{
    Bench *b = *state;
    char line[200];
    for (int i = 0; i < 30000; i++) {
        uint32_t n = random_below(sizeof line);
        for (uint32_t k = 0; k < n; k++)
            line[k] = (char)random_below(256);
        if (n)
            line[0] = '{';
        assert_false(decode_bytes(b, line, n));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_type_has_its_form),
        TEST(test_missing_and_null_are_null),
        TEST(test_a_missing_required_attribute_is_named),
        TEST(test_a_wrong_type_is_told),
        TEST(test_ints_are_64_bits),
        TEST(test_whole_floats_are_ints),
        TEST(test_floats_take_ints),
        TEST(test_escapes_are_decoded),
        TEST(test_strings_of_every_length_survive),
        TEST(test_escaped_names_are_names),
        TEST(test_long_names_are_told_apart),
        TEST(test_times_are_exact),
        TEST(test_durations_are_texts_or_seconds),
        TEST(test_points_have_three_forms),
        TEST(test_paths_reach_inside),
        TEST(test_two_attributes_may_read_one_field),
        TEST(test_the_type_may_stand_anywhere),
        TEST(test_unknown_types_are_told),
        TEST(test_a_mapping_compares_numbers_as_text),
        TEST(test_a_producer_of_one_type_names_none),
        TEST(test_unknown_fields_are_counted),
        TEST(test_header_fields_are_read),
        TEST(test_what_is_no_object_is_malformed),
        TEST(test_nesting_is_bounded),
        TEST(test_deep_nesting_costs_no_stack),
        TEST(test_the_last_of_two_counts),
        TEST(test_steady_state_does_not_allocate),
        TEST(test_mutated_lines_do_no_harm),
        TEST(test_random_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
