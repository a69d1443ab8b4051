/* Flow: what is run when, by the frontiers of the sources; and the switch of plans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cluster/flow.h"
#include "tests/unit/network.h"

static const char rules[] = "event A { k : int?  v : int }\n"
                            "event B { k : int?  v : int }\n"
                            "event Sum { n : int }\n"
                            "alert Total { n : int }\n"
                            "alert Late { v : int }\n"
                            "agent sum in by k { on A a  derive Sum { n: a.v } }\n"
                            "agent total { on Sum s  derive Total { n: s.n }  quiet 1 ms }\n"
                            "agent late { on B b  expect A a within 5 s inclusive  otherwise derive Late { v: b.v } }\n";

enum { NODES = 2 };

/* Two nodes whose derived rows and frontiers go straight to the other. */
typedef struct Pair Pair;
typedef struct End {
    Pair *pair;
    uint32_t self;
    OrderKey finished[4];
} End;

struct Pair {
    Network network;
    Placement *placement;
    Output output;
    End ends[NODES];
    Flow *flows[NODES];
    Batch batch;
};

static void on_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    output_event(&((End *)owner)->pair->output, type, rows, row);
}

static void on_rejected(void *owner, const Rejection *rejection)
{
    output_rejected(&((End *)owner)->pair->output, rejection);
}

static void on_derived(void *owner, uint32_t stage, const Rows *rows, uint32_t row)
{
    End *end = owner;
    Flow *to = end->pair->flows[1 - end->self];
    uint32_t source = flow_derived(to, end->self, stage);
    if (flow_wants(to, source, rows->type))
        flow_add(to, source, rows->type, batch_copy(flow_batch(to, source), rows, row));
}

static void on_finished(void *owner, uint32_t stage, const OrderKey *below)
{
    End *end = owner;
    end->finished[stage] = *below;
    if (stage + 1 < end->pair->placement->nstages && end->pair->flows[1 - end->self])
        flow_frontier(end->pair->flows[1 - end->self], flow_derived(end->pair->flows[1 - end->self], end->self, stage), below);
}

static void pair_open(Pair *pair, uint32_t nodes)
{
    *pair = (Pair){0};
    network_open(&pair->network, rules);
    Text names[] = {TEXT("a"), TEXT("b")};
    pair->placement = placement_new(pair->network.plan, names, nodes, &pair->network.memory);
    batch_init(&pair->batch, &pair->network.memory, pair->network.plan);
    for (uint32_t i = 0; i < nodes; i++) {
        pair->ends[i] = (End){.pair = pair, .self = i};
        FlowSink sink = {
            .owner = &pair->ends[i],
            .derived = on_derived,
            .event = on_event,
            .finished = on_finished,
            .rejected = on_rejected,
        };
        pair->flows[i] = flow_new(pair->placement, i, &pair->network.memory, NULL, (FlowOptions){0}, sink);
    }
}

static void pair_close(Pair *pair)
{
    for (uint32_t i = 0; i < NODES; i++)
        flow_free(pair->flows[i]);
    batch_fini(&pair->batch);
    placement_free(pair->placement);
    network_close(&pair->network);
}

static void join(Pair *pair, uint32_t source)
{
    for (uint32_t i = 0; i < pair->placement->nnodes; i++)
        flow_join(pair->flows[i], flow_ingress(pair->flows[i], source));
}

static void put(Pair *pair, uint32_t source, const char *type, int64_t k, int64_t v, int64_t seconds)
{
    OrderKey key = input_key(seconds, (uint64_t)seconds);
    key.origin = source;
    input_add(&pair->network, &pair->batch, type, k, v, key);
    for (uint32_t i = 0; i < pair->placement->nnodes; i++)
        flow_take(pair->flows[i], flow_ingress(pair->flows[i], source), &pair->batch);
    batch_clear(&pair->batch);
}

static void reach(Pair *pair, uint32_t source, OrderKey key)
{
    for (uint32_t i = 0; i < pair->placement->nnodes; i++)
        flow_frontier(pair->flows[i], flow_ingress(pair->flows[i], source), &key);
}

/* Everything that can be run now is run, and what came out since the last time is this. */
static void expect(Pair *pair, const char *output)
{
    for (uint32_t round = 0; round < 2 * pair->placement->nstages; round++)
        for (uint32_t i = 0; i < pair->placement->nnodes; i++)
            while (flow_run(pair->flows[i], 1)) {}
    assert_string_equal(pair->output.text, output);
    pair->output.text[0] = 0;
}

static void test_the_slowest_source_decides(void **state)
{
    (void)state;
    Pair pair;
    pair_open(&pair, 2);
    join(&pair, 0);
    join(&pair, 1);
    put(&pair, 0, "A", 1, 11, 1);
    put(&pair, 1, "A", 2, 12, 2);
    reach(&pair, 1, input_key(9, 0));
    expect(&pair, "");
    assert_int_equal(flow_slowest(pair.flows[0]), 0);
    reach(&pair, 0, input_key(2, 0));
    expect(&pair, "Total 11;");
    reach(&pair, 0, input_key(3, 0));
    expect(&pair, "Total 12;");
    put(&pair, 0, "A", 1, 13, 4);
    flow_idle(pair.flows[0], 0);
    flow_idle(pair.flows[1], 0);
    expect(&pair, "Total 13;");
    pair_close(&pair);
}

static void test_silent_sources_hold_nothing_back(void **state)
{
    (void)state;
    Pair pair;
    pair_open(&pair, 2);
    join(&pair, 0);
    put(&pair, 0, "B", 0, 1, 1);
    for (int i = 0; i < NODES; i++)
        flow_idle(pair.flows[i], 0);
    put(&pair, 0, "B", 0, 2, 6);
    expect(&pair, "");
    assert_int_equal(flow_waiting(pair.flows[0]) + flow_waiting(pair.flows[1]), 0);
    OrderKey held = flow_join(pair.flows[0], 1);
    OrderKey six = input_key(6, 6);
    assert_true(order_compare(&held, &six) > 0);
    assert_int_equal(held.time, six.time);
    pair_close(&pair);
}

/* The inclusive deadline of the first lies at the last event: it fires when the instant has passed. */
static void test_when_all_have_ended_their_last_instant_passes(void **state)
{
    (void)state;
    Pair pair;
    pair_open(&pair, 2);
    join(&pair, 0);
    join(&pair, 1);
    put(&pair, 0, "B", 0, 7, 1);
    put(&pair, 1, "B", 0, 8, 6);
    for (int i = 0; i < NODES; i++)
        flow_end(pair.flows[i], 0, 1 * NS_PER_SECOND);
    reach(&pair, 1, input_key(6, 100));
    expect(&pair, "");
    for (int i = 0; i < NODES; i++)
        flow_end(pair.flows[i], 1, 6 * NS_PER_SECOND);
    expect(&pair, "Late 7;");
    OrderKey passed = flow_passed(pair.flows[0]);
    assert_true(passed.time == 6 * NS_PER_SECOND + 1 && passed.kind == ORDER_TIMER);
    join(&pair, 0);
    put(&pair, 0, "A", 1, 9, 6);
    assert_int_equal(flow_late(pair.flows[0]), 1);
    put(&pair, 0, "A", 1, 10, 7);
    reach(&pair, 0, input_key(8, 0));
    expect(&pair, "Total 10;");
    pair_close(&pair);
}

static void test_a_stage_waits_for_those_before_it(void **state)
{
    (void)state;
    Pair pair;
    pair_open(&pair, 2);
    join(&pair, 0);
    put(&pair, 0, "A", 1, 11, 1);
    reach(&pair, 0, input_key(2, 0));
    uint32_t home = pair.placement->agents[plan_agent(pair.network.plan, TEXT("total"))].node;
    assert_int_equal(pair.placement->nstages, 2);
    flow_run(pair.flows[home], 10);
    OrderKey one = flow_finished(pair.flows[home], 1), two = input_key(2, 0);
    assert_true(order_compare(&one, &two) < 0);
    flow_run(pair.flows[1 - home], 10);
    flow_run(pair.flows[home], 10);
    assert_string_equal(pair.output.text, "Total 11;");
    one = flow_finished(pair.flows[home], 1);
    assert_int_equal(order_compare(&one, &two), 0);
    pair_close(&pair);
}

static void test_one_node_fills_the_engine_itself(void **state)
{
    (void)state;
    Pair pair;
    pair_open(&pair, 1);
    join(&pair, 0);
    Batch *batch = flow_direct(pair.flows[0]);
    assert_non_null(batch);
    input_add(&pair.network, batch, "A", 1, 5, input_key(1, 1));
    flow_run_direct(pair.flows[0]);
    input_add(&pair.network, batch, "B", 1, 6, input_key(2, 2));
    flow_run_direct(pair.flows[0]);
    assert_string_equal(pair.output.text, "Total 5;");
    reach(&pair, 0, input_key(8, 0));
    expect(&pair, "Total 5;Late 6;");
    flow_until(pair.flows[0], 10 * NS_PER_SECOND);
    assert_null(flow_direct(pair.flows[0]));
    pair_close(&pair);
}

static void note_rest(void *owner, const Rows *rows, uint32_t row)
{
    snprintf((char *)owner + strlen(owner), 64, "%lld ", (long long)cell_get(TYPE_INT, rows->columns[1].cells, row).i);
}

static void test_until_an_instant_and_what_is_left(void **state)
{
    (void)state;
    Pair pair;
    pair_open(&pair, 2);
    join(&pair, 0);
    put(&pair, 0, "A", 1, 1, 1);
    put(&pair, 0, "B", 1, 2, 5);
    put(&pair, 0, "A", 1, 3, 10);
    put(&pair, 0, "B", 1, 4, 11);
    for (int i = 0; i < NODES; i++)
        flow_until(pair.flows[i], 10 * NS_PER_SECOND);
    reach(&pair, 0, input_key(9, 0));
    expect(&pair, "Total 1;");
    assert_false(flow_done(pair.flows[0]));
    reach(&pair, 0, input_key(30, 0));
    expect(&pair, "");
    assert_true(flow_done(pair.flows[0]) && flow_done(pair.flows[1]));
    char rest[64] = "";
    uint32_t home = pair.placement->agents[plan_agent(pair.network.plan, TEXT("late"))].node;
    flow_rest(pair.flows[home], note_rest, rest);
    assert_string_equal(rest, "3 4 ");
    pair_close(&pair);
}

static void ignore_row(void *owner, uint32_t stage, const Rows *rows, uint32_t row)
{
    (void)owner;
    (void)stage;
    (void)rows;
    (void)row;
}

/* One stage derives at once, the next only when the other node has come as far. */
static void test_alerts_of_two_stages_are_in_order(void **state)
{
    (void)state;
    Network network;
    network_open(&network, "event A { k : int?  v : int }\n"
                           "event Seen { v : int }\n"
                           "alert Both { v : int }\n"
                           "agent now in by k { on A a  derive Both { v: a.v }  derive Seen { v: a.v + 10 } }\n"
                           "agent later in by v { on Seen s  derive Both { v: s.v } }\n");
    Text names[] = {TEXT("a"), TEXT("b")};
    Placement *placement = placement_new(network.plan, names, 2, &network.memory);
    memset(placement->slots, 0, sizeof placement->slots);
    Output output = {.plan = network.plan};
    Batch batch;
    batch_init(&batch, &network.memory, network.plan);
    FlowSink sink = {.owner = &output, .derived = ignore_row, .event = output_event, .rejected = output_rejected};
    Flow *flow = flow_new(placement, 0, &network.memory, NULL, (FlowOptions){0}, sink);
    flow_join(flow, 0);
    input_add(&network, &batch, "A", 1, 1, input_key(1, 1));
    input_add(&network, &batch, "A", 1, 2, input_key(2, 2));
    flow_take(flow, flow_ingress(flow, 0), &batch);
    OrderKey two = input_key(2, 0), three = input_key(3, 0);
    flow_frontier(flow, 0, &three);
    flow_run(flow, 100);
    assert_string_equal(output.text, "");
    flow_frontier(flow, flow_derived(flow, 1, 0), &two);
    flow_run(flow, 100);
    assert_string_equal(output.text, "Both 1;Both 11;");
    flow_frontier(flow, flow_derived(flow, 1, 0), &three);
    flow_run(flow, 100);
    assert_string_equal(output.text, "Both 1;Both 11;Both 2;Both 12;");
    flow_free(flow);
    batch_fini(&batch);
    placement_free(placement);
    network_close(&network);
}

static void count_row(void *owner, uint32_t stage, const Rows *rows, uint32_t row)
{
    (void)stage;
    assert_int_equal(cell_get(TYPE_INT, rows->columns[0].cells, row).i, 101);
    ++*(uint32_t *)owner;
}

static void ignore_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    (void)owner;
    (void)type;
    (void)rows;
    (void)row;
}

static void test_what_every_node_derives_is_not_sent(void **state)
{
    (void)state;
    Network network;
    network_open(&network, "event A { k : int?  v : int }\n"
                           "event Seen { v : int }\n"
                           "alert Both { v : int }\n"
                           "agent here { on A a  derive Seen { v: a.v } }\n"
                           "agent there in by k { on A a  derive Seen { v: a.v + 100 } }\n"
                           "agent later in by v { on Seen s  derive Both { v: s.v } }\n");
    Text names[] = {TEXT("a"), TEXT("b")};
    Placement *placement = placement_new(network.plan, names, 2, &network.memory);
    memset(placement->slots, 0, sizeof placement->slots);
    uint32_t sent = 0;
    Batch batch;
    batch_init(&batch, &network.memory, network.plan);
    FlowSink sink = {.owner = &sent, .derived = count_row, .event = ignore_event};
    Flow *flow = flow_new(placement, 0, &network.memory, NULL, (FlowOptions){0}, sink);
    flow_join(flow, 0);
    input_add(&network, &batch, "A", 1, 1, input_key(1, 1));
    flow_take(flow, flow_ingress(flow, 0), &batch);
    OrderKey two = input_key(2, 0);
    flow_frontier(flow, 0, &two);
    flow_run(flow, 100);
    assert_int_equal(sent, 1);
    assert_int_equal(flow_waiting(flow), 2);
    flow_free(flow);
    batch_fini(&batch);
    placement_free(placement);
    network_close(&network);
}

static void test_rows_that_nobody_wants_begin_time_too(void **state)
{
    (void)state;
    Pair pair;
    pair_open(&pair, 2);
    join(&pair, 0);
    uint32_t home = pair.placement->agents[plan_agent(pair.network.plan, TEXT("late"))].node;
    Flow *other = pair.flows[1 - home];
    assert_true(flow_wants(pair.flows[home], 0, plan_type(pair.network.plan, TEXT("B"))));
    assert_false(flow_wants(other, 0, plan_type(pair.network.plan, TEXT("B"))));
    OrderKey first = input_key(1, 1), frontier = input_key(2, 0);
    flow_pass(other, 0, &first);
    flow_frontier(other, 0, &frontier);
    while (flow_run(other, 1)) {}
    OrderKey passed = flow_passed(other);
    assert_int_equal(order_compare(&passed, &frontier), 0);
    flow_pass(other, 0, &first);
    assert_int_equal(flow_late(other), 1);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_slowest_source_decides), cmocka_unit_test(test_silent_sources_hold_nothing_back),
        cmocka_unit_test(test_when_all_have_ended_their_last_instant_passes), cmocka_unit_test(test_a_stage_waits_for_those_before_it),
        cmocka_unit_test(test_one_node_fills_the_engine_itself), cmocka_unit_test(test_until_an_instant_and_what_is_left),
        cmocka_unit_test(test_alerts_of_two_stages_are_in_order), cmocka_unit_test(test_what_every_node_derives_is_not_sent),
        cmocka_unit_test(test_rows_that_nobody_wants_begin_time_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
