/* Shares: two engines, each with half of the slots, do together what one does, and nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/network.h"

static const char rules[] = "event A { k : int?  v : int }\n"
                            "event Half { v : int }\n"
                            "alert Seen { n : int }\n"
                            "alert Day { n : int }\n"
                            "agent half { on A a where 6 / a.v > 0  derive Half { v: a.v } }\n"
                            "agent seen in by k { on A a where 6 / a.v > 0  derive Seen { n: count(a) } }\n"
                            "agent day in fixed every 1 min { on A a  derive Day { n: count(a) } }\n";

enum { HALF, SEEN, DAY, AGENTS };

typedef struct Shared {
    Network network;
    uint8_t how[AGENTS];
    bool leaves[8];
    uint64_t slots[2][SHARE_SLOTS / 64];
    EngineShare share[2];
    Engine *engine[2];
    Output output[2];
} Shared;

static void shared_open(Shared *s)
{
    network_open(&s->network, rules);
    s->how[HALF] = SHARE_SPREAD;
    s->how[SEEN] = SHARE_KEYS;
    s->how[DAY] = SHARE_NONE;
    memset(s->slots[0], 0x55, sizeof s->slots[0]);
    memset(s->slots[1], 0xAA, sizeof s->slots[1]);
    for (int i = 0; i < 2; i++) {
        s->share[i] = (EngineShare){.how = s->how, .slots = s->slots[i], .leaves = s->leaves};
        s->output[i] = (Output){.plan = s->network.plan};
        EngineOptions options = {.share = &s->share[i], .alerts_only = true};
        s->engine[i] = engine_new(s->network.plan, &s->network.memory, NULL, options, OUTPUT_SINK(s->output[i]));
    }
}

static void shared_close(Shared *s)
{
    engine_free(s->engine[0]);
    engine_free(s->engine[1]);
    network_close(&s->network);
}

static void shared_run(Shared *s, int64_t k, int64_t v, uint64_t sequence)
{
    for (int i = 0; i < 2; i++) {
        input_add(&s->network, engine_batch(s->engine[i]), "A", k, v, input_key((int64_t)sequence, sequence));
        engine_run(s->engine[i]);
    }
}

static void test_a_key_belongs_to_one_engine(void **state)
{
    (void)state;
    Shared s = {0};
    shared_open(&s);
    for (uint64_t i = 0; i < 64; i++)
        shared_run(&s, (int64_t)i % 32, 1, i);
    EngineStats one = engine_agent_stats(s.engine[0], SEEN), other = engine_agent_stats(s.engine[1], SEEN);
    assert_int_equal(one.partitions + other.partitions, 32);
    assert_true(one.partitions > 4 && other.partitions > 4);
    assert_int_equal(one.events + other.events, 64);
    assert_int_equal(one.derived + other.derived, 64);
    shared_close(&s);
}

static void test_each_event_of_a_spread_agent_is_taken_once(void **state)
{
    (void)state;
    Shared s = {0};
    s.leaves[1] = true;
    shared_open(&s);
    for (uint64_t i = 0; i < 64; i++)
        shared_run(&s, 0, 1, i);
    EngineStats one = engine_agent_stats(s.engine[0], HALF), other = engine_agent_stats(s.engine[1], HALF);
    assert_int_equal(one.derived + other.derived, 64);
    assert_true(one.derived > 8 && other.derived > 8);
    assert_non_null(strstr(s.output[0].text, "Half 1;"));
    shared_close(&s);
}

static void test_a_failure_is_reported_by_its_owner(void **state)
{
    (void)state;
    Shared s = {0};
    shared_open(&s);
    for (uint64_t i = 0; i < 8; i++)
        shared_run(&s, (int64_t)i % 5 - 1, 0, i);
    EngineStats one = engine_stats(s.engine[0]), other = engine_stats(s.engine[1]);
    assert_int_equal(one.errors + other.errors, 16);
    assert_int_equal(engine_agent_stats(s.engine[0], SEEN).errors + engine_agent_stats(s.engine[1], SEEN).errors, 8);
    shared_close(&s);
}

static void test_an_agent_elsewhere_does_nothing(void **state)
{
    (void)state;
    Shared s = {0};
    shared_open(&s);
    shared_run(&s, 0, 1, 1);
    engine_advance(s.engine[0], 3600 * NS_PER_SECOND);
    engine_close(s.engine[0]);
    assert_null(strstr(s.output[0].text, "Day"));
    assert_int_equal(engine_agent_stats(s.engine[0], DAY).events, 0);
    shared_close(&s);
}

/* Windows that exist without events begin with the network's first input, wherever it went. */
static void test_time_begins_for_all_at_once(void **state)
{
    (void)state;
    Network network;
    network_open(&network, rules);
    Output output = {.plan = network.plan};
    Engine *engine = engine_new(network.plan, &network.memory, NULL, (EngineOptions){.alerts_only = true}, OUTPUT_SINK(output));
    engine_begin(engine, 10 * NS_PER_SECOND);
    OrderKey frontier = input_key(70, 3);
    engine_advance_below(engine, &frontier);
    assert_string_equal(output.text, "Day 0;");
    engine_free(engine);
    network_close(&network);
}

static void test_timers_fire_below_a_key(void **state)
{
    (void)state;
    Network network;
    network_open(&network, "event A { k : int?  v : int }\n"
                           "alert Late { k : int }\n"
                           "alert Closed { k : int }\n"
                           "agent late { on A a  expect A b within 5 s  otherwise derive Late { k: 1 } }\n"
                           "agent closed { on A a  expect A b within 5 s inclusive  otherwise derive Closed { k: 2 } }\n");
    Output output = {.plan = network.plan};
    Engine *engine = engine_new(network.plan, &network.memory, NULL, (EngineOptions){.alerts_only = true}, OUTPUT_SINK(output));
    OrderKey before = {.time = 5 * NS_PER_SECOND, .kind = ORDER_TIMER}, event = input_key(5, 0);
    OrderKey inclusive = {.time = 5 * NS_PER_SECOND, .kind = ORDER_TIMER_INCLUSIVE};
    OrderKey behind = {.time = 5 * NS_PER_SECOND + 1, .kind = ORDER_TIMER};
    engine_advance_below(engine, &behind);
    assert_int_equal(engine_now(engine), TIME_NONE);
    input_add(&network, engine_batch(engine), "A", 0, 0, input_key(0, 0));
    engine_run(engine);
    engine_advance_below(engine, &before);
    assert_string_equal(output.text, "");
    engine_advance_below(engine, &event);
    assert_string_equal(output.text, "Late 1;");
    engine_advance_below(engine, &inclusive);
    assert_string_equal(output.text, "Late 1;");
    engine_advance_below(engine, &behind);
    assert_string_equal(output.text, "Late 1;Closed 2;");
    engine_free(engine);
    network_close(&network);
}

static const AgentPlan *agent_of(Network *network, const char *context)
{
    char text[512];
    snprintf(text, sizeof text, "event A { k : int?  v : int }\nalert X { n : int }\n"
                                "agent a in %s { on A a  derive X { n: count(a) } }\n", context);
    network_open(network, text);
    return &network->plan->agents[0];
}

static void test_what_can_be_shared_by_key(void **state)
{
    (void)state;
    static const struct { const char *context; bool by_key; } cases[] = {
        {"by k", true}, {"by k, fixed every 1 min", true}, {"fixed every 1 min, by k", true}, {"last 5 min, by k", true},
        {"by k, last 3 events", true}, {"last 3 events, by k", false}, {"fixed every 1 min", false}, {"last 3 events", false},
        {"from A x to A y, by k", false}, {"sliding 1 min every 10 s, by k", true},
        {"sliding 1 min every 10 s at most 3 events, by k", false}, {"by k, sliding 1 min every 10 s at most 3 events", true},
        {"session gap 5 s, by k", false}, {"by k, session gap 5 s", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Network network;
        assert_int_equal(share_by_key(agent_of(&network, cases[i].context)), cases[i].by_key);
        network_close(&network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_belongs_to_one_engine), cmocka_unit_test(test_each_event_of_a_spread_agent_is_taken_once),
        cmocka_unit_test(test_a_failure_is_reported_by_its_owner), cmocka_unit_test(test_an_agent_elsewhere_does_nothing),
        cmocka_unit_test(test_time_begins_for_all_at_once), cmocka_unit_test(test_timers_fire_below_a_key),
        cmocka_unit_test(test_what_can_be_shared_by_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
