/* Placement: what is sharded, whole or spread, in which stage, on which node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cluster/placement.h"
#include "tests/unit/network.h"

static const char rules[] = "event A { k : int?  v : int }\n"
                            "event B { k : int?  v : int }\n"
                            "event Big { k : int?  v : int }\n"
                            "event Sum { k : int  n : int }\n"
                            "event Top { k : int }\n"
                            "alert Named { k : int }\n"
                            "agent big { on A a where a.v > 5  derive Big { k: a.k, v: a.v } }\n"
                            "agent sum in by k { on Big b  derive Sum { k: 1, n: count(b) } }\n"
                            "event Few { k : int?  n : int }\n"
                            "agent few in by k { on B b  derive Few { k: b.k, n: count(b) } }\n"
                            "agent again in by k { on Few b  derive Sum { k: 1, n: count(b) } }\n"
                            "agent top { on Sum s  detect count(s) > 3  match once  derive Top { k: 1 } }\n"
                            "agent named { on Top t  derive Named { k: t.k } }\n"
                            "agent sums { on Sum s  derive Named { k: s.k } }\n";

static const Text three[] = {{"c", 1}, {"a", 1}, {"b", 1}};

static const AgentPlace *place_of(const Placement *placement, const char *agent)
{
    return &placement->agents[plan_agent(placement->plan, text_of(agent))];
}

static uint32_t type_of(const Placement *placement, const char *type)
{
    return plan_type(placement->plan, text_of(type));
}

static void test_kinds_and_stages(void **state)
{
    (void)state;
    Network network;
    network_open(&network, rules);
    Placement *p = placement_new(network.plan, three, 3, &network.memory);
    assert_int_equal(place_of(p, "big")->kind, PLACE_COPIED);
    assert_int_equal(place_of(p, "big")->stage, 0);
    assert_int_equal(place_of(p, "sum")->kind, PLACE_SHARDED);
    assert_int_equal(place_of(p, "sum")->stage, 0);
    assert_int_equal(place_of(p, "again")->kind, PLACE_SHARDED);
    assert_int_equal(place_of(p, "again")->stage, 1);
    assert_int_equal(place_of(p, "top")->kind, PLACE_WHOLE);
    assert_int_equal(place_of(p, "top")->stage, 2);
    assert_int_equal(place_of(p, "named")->kind, PLACE_SPREAD);
    assert_int_equal(place_of(p, "named")->stage, 2);
    assert_int_equal(place_of(p, "sums")->kind, PLACE_SPREAD);
    assert_int_equal(place_of(p, "sums")->stage, 1);
    assert_int_equal(p->nstages, 3);
    assert_int_equal(placement_last_stage(p, type_of(p, "Named")), 2);
    assert_int_equal(placement_last_stage(p, type_of(p, "A")), INDEX_NONE);
    placement_free(p);
    network_close(&network);
}

static void test_who_hears_and_derives_what(void **state)
{
    (void)state;
    Network network;
    network_open(&network, rules);
    Placement *p = placement_new(network.plan, three, 3, &network.memory);
    uint32_t home = place_of(p, "top")->node, other = (home + 1) % 3;
    uint32_t a = type_of(p, "A"), big = type_of(p, "Big"), sum = type_of(p, "Sum"), top = type_of(p, "Top");
    uint32_t few = type_of(p, "Few");
    assert_true(placement_hears(p, other, 0, a));
    assert_false(placement_hears(p, other, 1, a));
    assert_true(placement_hears(p, other, 0, big));
    assert_true(placement_hears(p, other, 1, few));
    assert_true(placement_derives(p, other, 0, sum) && placement_derives(p, other, 1, sum));
    assert_true(placement_hears(p, home, 2, sum));
    assert_false(placement_hears(p, other, 2, sum));
    assert_true(placement_derives(p, home, 2, top));
    assert_false(placement_derives(p, other, 2, top));
    assert_true(placement_carries(p, home, 0, few));
    assert_false(placement_carries(p, home, 0, big));
    assert_true(placement_derives(p, home, 0, big) && !placement_sends(p, home, 0, big));
    assert_false(placement_carries(p, home, 1, sum)); /* only the node itself hears them */
    assert_true(placement_carries(p, other, 1, sum));
    assert_true(placement_feeds(p, other, 1, home));
    assert_false(placement_feeds(p, home, 1, other));
    placement_free(p);
    network_close(&network);
}

static void test_one_node_has_one_stage(void **state)
{
    (void)state;
    Network network;
    network_open(&network, rules);
    Placement *p = placement_new(network.plan, three, 1, &network.memory);
    assert_int_equal(p->nstages, 1);
    for (uint32_t slot = 0; slot < SHARE_SLOTS; slot++)
        assert_int_equal(p->slots[slot], 0);
    placement_free(p);
    network_close(&network);
}

static void test_the_order_of_names_does_not_matter(void **state)
{
    (void)state;
    Network network;
    network_open(&network, rules);
    Text sorted[] = {TEXT("a"), TEXT("b"), TEXT("c")};
    Placement *p = placement_new(network.plan, three, 3, &network.memory);
    Placement *q = placement_new(network.plan, sorted, 3, &network.memory);
    assert_memory_equal(p->slots, q->slots, sizeof p->slots);
    assert_int_equal(placement_node(p, TEXT("b")), 1);
    assert_int_equal(placement_node(p, TEXT("d")), INDEX_NONE);
    for (uint32_t i = 0; i < network.plan->nagents; i++)
        assert_int_equal(p->agents[i].node, q->agents[i].node);
    placement_free(p);
    placement_free(q);
    network_close(&network);
}

static void test_only_the_slots_of_a_node_that_goes_move(void **state)
{
    (void)state;
    Network network;
    network_open(&network, rules);
    Text two[] = {TEXT("a"), TEXT("c")};
    Placement *p = placement_new(network.plan, three, 3, &network.memory);
    Placement *q = placement_new(network.plan, two, 2, &network.memory);
    uint32_t own[3] = {0};
    for (uint32_t slot = 0; slot < SHARE_SLOTS; slot++) {
        own[p->slots[slot]]++;
        if (p->slots[slot] != 1)
            assert_true(text_is(p->nodes[p->slots[slot]], q->nodes[q->slots[slot]]));
    }
    for (int n = 0; n < 3; n++)
        assert_in_range(own[n], SHARE_SLOTS / 3 - 200, SHARE_SLOTS / 3 + 200);
    placement_free(p);
    placement_free(q);
    network_close(&network);
}

static void test_people_read_it(void **state)
{
    (void)state;
    Network network;
    network_open(&network, rules);
    Text two[] = {TEXT("north"), TEXT("south")};
    Placement *p = placement_new(network.plan, two, 2, &network.memory);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    placement_print(p, out);
    fclose(out);
    assert_non_null(strstr(text, "node north: "));
    assert_non_null(strstr(text, "stage 0: big on every node, every event\n"));
    assert_non_null(strstr(text, "stage 0: sum on every node, by k\n"));
    assert_non_null(strstr(text, "stage 1: sums on every node, each event on one\n"));
    assert_non_null(strstr(text, place_of(p, "top")->node ? "stage 2: top on south\n" : "stage 2: top on north\n"));
    free(text);
    placement_free(p);
    network_close(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_and_stages), cmocka_unit_test(test_who_hears_and_derives_what),
        cmocka_unit_test(test_one_node_has_one_stage), cmocka_unit_test(test_the_order_of_names_does_not_matter),
        cmocka_unit_test(test_only_the_slots_of_a_node_that_goes_move), cmocka_unit_test(test_people_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
