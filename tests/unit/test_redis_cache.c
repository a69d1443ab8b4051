/* Tables in Redis while a plan runs, against a real server on a socket in a folder of its own: what is asked once, what
 * is forgotten when it changes, and what happens when connections break or the server goes away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cluster/redis_link.h"
#include "cluster/tables.h"

enum { ID, CLASS, RISK, COLUMNS };

static const int64_t PATIENCE = INT64_C(20000000000); /* ns; a condition that is not met by then fails */

typedef struct Bench {
    Memory memory;
    Attribute columns[COLUMNS];
    uint32_t keys[1];
    TablePlan table;
    Plan plan;
    Rejections *rejections;
    FILE *messages;
    Tables *tables;
    RedisAddress address;
    RedisLink other; /* somebody else */
    char folder[64], uri[128];
    pid_t server;
} Bench;

static bool tell(Bench *b, const char *a, const char *c, const char *d, const char *e)
{
    redisReply *reply = redis_link_ask(&b->other, redis_now() + PATIENCE, a, c, d, e, NULL);
    bool good = reply && reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    return good;
}

static void set(Bench *b, const char *id, const char *class)
{
    char name[64];
    snprintf(name, sizeof name, "cep:Account:%s", id);
    assert_true(tell(b, "HSET", name, "class", class));
}

static void start_server(Bench *b)
{
    b->server = fork();
    if (b->server == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        if (chdir(b->folder) == 0)
            execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", "s", "--save", "", NULL);
        _exit(127);
    }
    int64_t end = redis_now() + PATIENCE;
    while (!redis_link_open(&b->other, end) && redis_now() < end)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_true(redis_link_is_open(&b->other));
}

static void stop_server(Bench *b)
{
    kill(b->server, SIGKILL);
    waitpid(b->server, NULL, 0);
    redis_link_close(&b->other);
}

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    char error[512];
    *state = b;
    b->columns[ID] = (Attribute){.name = TEXT("id"), .type = TYPE_STRING};
    b->columns[CLASS] = (Attribute){.name = TEXT("class"), .type = TYPE_STRING};
    b->columns[RISK] = (Attribute){.name = TEXT("risk"), .type = TYPE_FLOAT, .optional = true};
    b->table = (TablePlan){.name = TEXT("Account"), .columns = b->columns, .ncolumns = COLUMNS, .keys = b->keys, .nkeys = 1};
    b->plan = (Plan){.tables = &b->table, .ntables = 1};
    strcpy(b->folder, "/tmp/cep-cache.XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->uri, sizeof b->uri, "redis+unix:%s/s", b->folder);
    assert_true(redis_address_read(&b->address, &b->memory, b->uri, error, sizeof error));
    redis_link_init(&b->other, &b->address);
    start_server(b);
    b->messages = tmpfile();
    b->rejections = rejections_new(&b->memory, TEXT("t"), NULL, NULL);
    TablesOptions options = {.state = b->uri, .wait = 200000000, .rejections = b->rejections, .messages = b->messages};
    b->tables = tables_open(&b->plan, &b->memory, options);
    assert_non_null(b->tables);
    tables_turn(b->tables, NULL);
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    char path[128];
    tables_close(b->tables);
    rejections_free(b->rejections);
    fclose(b->messages);
    stop_server(b);
    redis_address_free(&b->address);
    snprintf(path, sizeof path, "%s/s", b->folder);
    unlink(path);
    rmdir(b->folder);
    int leaked = b->memory.bytes != 0;
    free(b);
    return leaked;
}

/* What the table says of an id in this batch; "-" = no row. */
static const char *class_of(Bench *b, const char *id)
{
    static char class[64];
    Table *table = tables_all(b->tables)[0];
    uint32_t row = table_find(table, &(Cell){.s = text_of(id)});
    Text text = row == ROW_NONE ? TEXT("-") : ((const Text *)table_rows(table)->columns[CLASS].cells)[row];
    snprintf(class, sizeof class, "%.*s", TEXT_ARGS(text));
    return class;
}

/* Turn by turn, until the table says so. */
static void await_class(Bench *b, const char *id, const char *class)
{
    int64_t end = redis_now() + PATIENCE;
    do
        tables_turn(b->tables, NULL);
    while (strcmp(class_of(b, id), class) != 0 && redis_now() < end);
    assert_string_equal(class_of(b, id), class);
}

/* The news of what was set is taken before anything is read: Redis has sent it when it answers once more. */
static void settle(Bench *b)
{
    assert_true(tell(b, "PING", NULL, NULL, NULL));
    tables_turn(b->tables, NULL);
}

static void test_a_key_is_asked_for_once(void **state)
{
    Bench *b = *state;
    set(b, "a", "gold");
    settle(b);
    for (int i = 0; i < 10; i++) {
        assert_string_equal(class_of(b, "a"), "gold");
        assert_string_equal(class_of(b, "z"), "-");
        tables_turn(b->tables, NULL);
    }
    TablesStats stats = tables_stats(b->tables);
    assert_int_equal(stats.fetched, 2);
    assert_int_equal(stats.cached, 2);
    assert_int_equal(stats.dropped + stats.invalidated + stats.unavailable, 0);
}

static void test_a_column_of_keys_is_one_round_trip(void **state)
{
    Bench *b = *state;
    enum { N = 400 };
    static char ids[N][16];
    TableKey keys[N];
    uint8_t missing[N] = {0};
    uint32_t rows[N];
    for (int i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "k%d", i / 2);
        keys[i].cells[0].s = text_of(ids[i]);
        if (i % 4 == 0)
            set(b, ids[i], ids[i]);
    }
    table_find_all(tables_all(b->tables)[0], keys, missing, N, rows);
    for (int i = 0; i < N; i++)
        assert_int_equal(rows[i] == ROW_NONE, i / 2 % 2);
    assert_int_equal(tables_stats(b->tables).fetches, 1);
    assert_int_equal(tables_stats(b->tables).fetched, N / 2);
}

static void test_a_batch_sees_one_state_and_the_next_the_new_one(void **state)
{
    Bench *b = *state;
    set(b, "a", "gold");
    settle(b);
    assert_string_equal(class_of(b, "a"), "gold");
    assert_string_equal(class_of(b, "n"), "-");
    set(b, "a", "iron");
    set(b, "n", "new");
    assert_string_equal(class_of(b, "a"), "gold");
    assert_string_equal(class_of(b, "n"), "-");
    await_class(b, "a", "iron");
    await_class(b, "n", "new");
    assert_true(tell(b, "DEL", "cep:Account:a", NULL, NULL));
    await_class(b, "a", "-");
    assert_int_equal(tables_stats(b->tables).invalidated, 3);
}

static void test_changes_of_other_keys_touch_nothing(void **state)
{
    Bench *b = *state;
    set(b, "a", "gold");
    settle(b);
    assert_string_equal(class_of(b, "a"), "gold");
    assert_true(tell(b, "SET", "other", "x", NULL));
    set(b, "a2", "gold");
    set(b, "b", "gold");
    settle(b);
    assert_string_equal(class_of(b, "b"), "gold");
    set(b, "b", "iron");
    await_class(b, "b", "iron");
    assert_int_equal(tables_stats(b->tables).invalidated, 1);
    assert_int_equal(tables_stats(b->tables).cached, 2);
}

static void test_everything_deleted_drops_the_cache(void **state)
{
    Bench *b = *state;
    set(b, "a", "gold");
    settle(b);
    assert_string_equal(class_of(b, "a"), "gold");
    assert_true(tell(b, "FLUSHALL", NULL, NULL, NULL));
    await_class(b, "a", "-");
    assert_int_equal(tables_stats(b->tables).dropped, 1);
}

/* Kills connections of a kind; what was kept is dropped, and changes are seen again. */
static void kill_connections(Bench *b, const char *kind)
{
    set(b, "a", "gold");
    set(b, "b", "gold");
    settle(b);
    assert_string_equal(class_of(b, "a"), "gold");
    assert_string_equal(class_of(b, "b"), "gold");
    assert_true(tell(b, "CLIENT", "KILL", "TYPE", kind));
    set(b, "a", "iron");
    await_class(b, "a", "iron");
    assert_int_equal(tables_stats(b->tables).dropped, 1);
    set(b, "a", "lead");
    await_class(b, "a", "lead");
    assert_int_equal(tables_stats(b->tables).unavailable, 0);
}

static void test_a_lost_connection_of_news_drops_the_cache(void **state)
{
    kill_connections(*state, "pubsub");
}

static void test_a_lost_connection_of_data_drops_the_cache(void **state)
{
    kill_connections(*state, "normal");
}

static void test_away_gives_no_row_and_counts_it(void **state)
{
    Bench *b = *state;
    set(b, "a", "gold");
    settle(b);
    assert_string_equal(class_of(b, "a"), "gold");
    stop_server(b);
    int64_t start = redis_now();
    tables_turn(b->tables, NULL);
    assert_string_equal(class_of(b, "a"), "-");
    assert_true(redis_now() - start >= 200000000); /* waited as long as it was told */
    assert_string_equal(class_of(b, "b"), "-");
    TablesStats stats = tables_stats(b->tables);
    assert_true(stats.away);
    assert_int_equal(stats.unavailable, 2);
    assert_int_equal(rejections_of(b->rejections, "table unavailable"), 2);
    tables_turn(b->tables, NULL);
    assert_int_equal(tables_stats(b->tables).cached, 0); /* nothing of that is kept */

    start_server(b);
    set(b, "a", "back");
    await_class(b, "a", "back");
    assert_false(tables_stats(b->tables).away);
    char said[512] = "";
    rewind(b->messages);
    said[fread(said, 1, sizeof said - 1, b->messages)] = 0;
    assert_non_null(strstr(said, "look-ups wait 0.2 s, then find no row"));
    assert_non_null(strstr(said, "is back after"));
}

static void test_what_is_no_row_is_rejected_once(void **state)
{
    Bench *b = *state;
    assert_true(tell(b, "SET", "cep:Account:t", "text", NULL));
    assert_true(tell(b, "HSET", "cep:Account:r", "risk", "much"));
    settle(b);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(class_of(b, "t"), "-");
        assert_string_equal(class_of(b, "r"), "-");
        tables_turn(b->tables, NULL);
    }
    assert_int_equal(rejections_of(b->rejections, "table row"), 2);
    assert_true(tell(b, "DEL", "cep:Account:t", NULL, NULL));
    set(b, "t", "gold");
    await_class(b, "t", "gold");
}

int main(void)
{
    if (system("command -v redis-server >/dev/null") != 0) {
        puts("1..0 # SKIP redis-server is not installed");
        return 0;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_is_asked_for_once),
        TEST(test_a_column_of_keys_is_one_round_trip),
        TEST(test_a_batch_sees_one_state_and_the_next_the_new_one),
        TEST(test_changes_of_other_keys_touch_nothing),
        TEST(test_everything_deleted_drops_the_cache),
        TEST(test_a_lost_connection_of_news_drops_the_cache),
        TEST(test_a_lost_connection_of_data_drops_the_cache),
        TEST(test_away_gives_no_row_and_counts_it),
        TEST(test_what_is_no_row_is_rejected_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
