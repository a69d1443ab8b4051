/* How tables lie in Redis: names of keys both ways, and addresses of a Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "cluster/redis_row.h"

static Attribute columns[] = {{.name = TEXT("shop"), .type = TYPE_STRING}, {.name = TEXT("item"), .type = TYPE_INT},
                              {.name = TEXT("left"), .type = TYPE_INT}};
static uint32_t keys[] = {0, 1};

typedef struct Bench {
    Memory memory;
    Arena arena;
} Bench;

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, &b->memory);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    arena_fini(&b->arena);
    int leaked = b->memory.bytes != 0;
    free(b);
    return leaked;
}

static TablePlan table(uint32_t nkeys, const char *form)
{
    return (TablePlan){.name = TEXT("Stock"), .columns = columns, .ncolumns = 3, .keys = keys, .nkeys = nkeys,
                       .source_format = form ? TEXT("redis") : TEXT(""), .source_path = text_of(form ? form : "")};
}

/* The name of a key, and that it reads back; "" = there is none. */
static void assert_name(Bench *b, uint32_t nkeys, const char *form, const char *shop, int64_t item, const char *name)
{
    TablePlan plan = table(nkeys, form);
    RedisKeys names = redis_keys_of(&plan, &b->arena);
    Cell key[2] = {{.s = text_of(shop)}, {.i = item}}, back[2];
    Text made = redis_key_write(&names, key, &b->arena);
    assert_string_equal(arena_copy(&b->arena, made.p, made.len), name);
    if (!made.len)
        return;
    assert_true(redis_key_read(&names, made, &b->arena, back));
    assert_true(text_is(back[0].s, key[0].s));
    if (nkeys > 1)
        assert_int_equal(back[1].i, item);
}

static void test_names_of_keys(void **state)
{
    Bench *b = *state;
    assert_name(b, 1, NULL, "a:b%", 0, "cep:Stock:a:b%");
    assert_name(b, 2, NULL, "s1", -7, "cep:Stock:s1:-7");
    assert_name(b, 2, NULL, "a:b", 7, "cep:Stock:a%3Ab:7");
    assert_name(b, 2, NULL, "100%3A", 7, "cep:Stock:100%253A:7");
    assert_name(b, 2, NULL, "", 7, "cep:Stock::7");
    assert_name(b, 1, "acct:{shop}", "x", 0, "acct:x");
    assert_name(b, 2, "{item}.s/{shop}!", "a:b", 7, "7.s/a:b!");
    assert_name(b, 2, "s:{shop}:{item}", "a", 7, "s:a:7");
}

static void test_a_key_whose_parts_cannot_be_told_has_no_name(void **state)
{
    Bench *b = *state;
    assert_name(b, 2, "s:{shop}:{item}", "a:b", 7, "");
    char *shop = arena_raw(&b->arena, REDIS_KEY_MAX + 1);
    memset(shop, 'x', REDIS_KEY_MAX);
    shop[REDIS_KEY_MAX] = 0;
    assert_name(b, 1, NULL, shop, 0, "");
}

static void test_other_names_are_no_keys(void **state)
{
    Bench *b = *state;
    static const char *const others[] = {"", "cep:Stock", "cep:Other:a:1", "cep:Stock:a", "cep:Stock:a:x", "cep:Stock:a:1:2"};
    TablePlan plan = table(2, NULL);
    RedisKeys names = redis_keys_of(&plan, &b->arena);
    Cell key[2];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(redis_key_read(&names, text_of(others[i]), &b->arena, key));
}

static void test_the_pattern_takes_names_literally(void **state)
{
    Bench *b = *state;
    TablePlan plan = table(2, "a*[b]:{shop}?{item}");
    RedisKeys names = redis_keys_of(&plan, &b->arena);
    Text pattern = redis_keys_pattern(&names, &b->arena);
    assert_string_equal(arena_copy(&b->arena, pattern.p, pattern.len), "a\\*\\[b\\]:*\\?*");
}

/* ── Addresses ── */

static void read_address(Bench *b, const char *text, RedisAddress *address, char *error)
{
    error[0] = 0;
    if (redis_address_read(address, &b->memory, text, error, 512))
        assert_string_equal(error, "");
    else
        assert_true(strlen(error) > 10);
}

static void test_addresses(void **state)
{
    Bench *b = *state;
    RedisAddress a;
    char error[512];
    setenv("CEP_TEST_WORD", "hush", 1);
    read_address(b, "redis://ann:${CEP_TEST_WORD}@db.example:7000/3", &a, error);
    assert_string_equal(a.host, "db.example");
    assert_int_equal(a.port, 7000);
    assert_int_equal(a.db, 3);
    assert_string_equal(a.user, "ann");
    assert_string_equal(a.password, "hush");
    assert_string_equal(a.shown, "redis://db.example:7000/3");
    redis_address_free(&a);
    read_address(b, "redis://[::1]:7000", &a, error);
    assert_string_equal(a.host, "::1");
    assert_int_equal(a.port, 7000);
    redis_address_free(&a);
    read_address(b, "unix:/run/r.sock?db=2&password=${CEP_TEST_WORD}", &a, error);
    assert_string_equal(a.socket, "/run/r.sock");
    assert_int_equal(a.db, 2);
    assert_string_equal(a.password, "hush");
    assert_string_equal(a.shown, "redis+unix:/run/r.sock");
    redis_address_free(&a);
}

static void test_what_is_no_address(void **state)
{
    Bench *b = *state;
    static const char *const wrong[] = {
        "redis://", "redis://:6379", "redis://h:port", "redis://h:70000", "redis://h/x", "redis://h/-1", "redis://u:word@h",
        "redis://h?colour=red", "redis://h?password=word", "redis://h?password-file=/no/such", "redis://${NO_SUCH_NAME}",
        "redis://${NO_END", "redis+unix:", "unix://", "http://h",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        RedisAddress a;
        char error[512] = "";
        assert_false(redis_address_read(&a, &b->memory, wrong[i], error, sizeof error));
        assert_true(strlen(error) > 10);
        assert_null(strstr(error, "word@"));
        redis_address_free(&a);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_names_of_keys),
        TEST(test_a_key_whose_parts_cannot_be_told_has_no_name),
        TEST(test_other_names_are_no_keys),
        TEST(test_the_pattern_takes_names_literally),
        TEST(test_addresses),
        TEST(test_what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
