/* The worked examples of SEMANTICS.md, through the naive matcher and through the engine. When only one of them
 * fails, that one is wrong; when both do, read the section again.
 *
 * A stream is "A1 B1 C1": types and their ordinals, a second apart; "A1@7" sets the clock. v is the ordinal. What
 * is wanted are the causes of each output: "A1B1 A2B2", and behind it "@12" where the output's time is tested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cep/zone.h"
#include "tests/oracle/trial.h"

static const char head[] = "network oracle\n"
                           "event A { k : int?  s : string  v : int  w : float?  at : time  time at }\n"
                           "event B { k : int?  s : string  v : int  w : float?  at : time  time at }\n"
                           "event C { k : int?  s : string  v : int  w : float?  at : time  time at }\n"
                           "alert M { v : int? }\n";

typedef struct Stream {
    Case c;
    char names[CASE_EVENTS_MAX][8];
} Stream;

static void stream_read(Stream *stream, const char *text, int64_t end)
{
    char copy[512], *save;
    int64_t now = 0;
    memset(stream, 0, sizeof *stream);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        CaseEvent *event = &stream->c.events[stream->c.nevents];
        char *at = strchr(word, '@');
        now = at ? strtoll(at + 1, NULL, 10) : now + 1;
        if (at)
            *at = 0;
        *event = (CaseEvent){.type = (uint32_t)(word[0] - 'A'), .time = now * NS_PER_SECOND, .s = case_texts[0], .w = -1};
        event->v = strtoll(word + 1, NULL, 10);
        snprintf(stream->names[stream->c.nevents++], sizeof stream->names[0], "%s", word);
    }
    stream->c.end = end * NS_PER_SECOND;
}

static void outputs_text(const Stream *stream, const Outputs *outputs, bool times, char *text, size_t size)
{
    size_t n = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < outputs->n && n < size; i++) {
        const Output *out = &outputs->items[i];
        if (i)
            n += (size_t)snprintf(text + n, size - n, " ");
        for (uint32_t c = 0; c < out->ncauses && n < size; c++)
            n += (size_t)snprintf(text + n, size - n, "%s", stream->names[out->causes[c]]);
        if (times && n < size)
            n += (size_t)snprintf(text + n, size - n, "@%lld", (long long)(out->time / NS_PER_SECOND));
    }
}

static void example(const char *agent, const char *events, const char *wanted)
{
    Stream stream;
    Trial trial;
    char rules[2048], got[1024];
    bool times = strchr(wanted, '@');
    stream_read(&stream, events, 1000);
    snprintf(rules, sizeof rules, "%sagent g %s\n", head, agent);
    trial_open(&trial, rules);
    if (!trial.plan)
        diagnostics_print_text(&trial.diagnostics, stderr);
    assert_non_null(trial.plan);
    for (int way = 0; way < TRIAL_WAYS; way++) {
        Outputs outputs = trial_run(&trial, &stream.c, (TrialWay)way);
        outputs_text(&stream, &outputs, times, got, sizeof got);
        if (strcmp(got, wanted) != 0)
            fail_msg("%s\nover %s, %s:\ngot    %s\nwanted %s", agent, events, trial_way_words[way], got, wanted);
    }
    trial_close(&trial);
}

#define PAIR "{ on A a  on B b  detect a -> b within 1 h "
#define DERIVE " derive M { v: b.v } }"

/* D.3: seq(A,B) over B1 A1 A2 B2 B3. */
static void test_pick_and_consume_of_a_sequence(void **state)
{
    (void)state;
    static const struct {
        const char *pick, *consume, *wanted, *deferred;
    } rows[] = {
        {"each", "matched", "A1B2 A2B3", "A1B2 A2B3"},
        {"each", "none", "A1B2 A2B2 A1B3 A2B3", "A1B2 A1B3 A2B2 A2B3"},
        {"first", "matched", "A1B2 A2B3", "A1B2 A2B3"},
        {"first", "none", "A1B2", "A1B2"},
        {"last", "matched", "A2B2 A1B3", "A2B3 A1B2"},
        {"last", "none", "A2B2 A2B3", "A2B3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char agent[512];
        snprintf(agent, sizeof agent, PAIR "pick %s consume %s" DERIVE, rows[i].pick, rows[i].consume);
        example(agent, "B1 A1 A2 B2 B3", rows[i].wanted);
        snprintf(agent, sizeof agent, "in fixed every 1 min { on A a  on B b  detect a -> b  pick %s consume %s evaluate at close" DERIVE,
                 rows[i].pick, rows[i].consume);
        example(agent, "B1 A1 A2 B2 B3", rows[i].deferred);
    }
}

/* K.1: a1 x a2 b1 b2, and the limits. */
static void test_what_a_match_is(void **state)
{
    (void)state;
    example(PAIR DERIVE, "A1 C1 A2 B1 B2", "A1B1 A2B2");
    example(PAIR "pick a each, b first consume none" DERIVE, "A1 C1 A2 B1 B2", "A1B1 A2B1");
    example(PAIR "pick each consume none" DERIVE, "A1 C1 A2 B1 B2", "A1B1 A2B1 A1B2 A2B2");
    example("{ on A a  on B b  detect a -> b within 10 s" DERIVE, "A1@0 A2@8 B1@12", "A2B1");
    example("{ on A a  on B b  on C c  detect a -> b -> c within 10 s  derive M { v: c.v } }", "A1@0 A2@2 B1@3 C1@11", "A2B1C1");
    example("{ on A a  on B b  on C c  detect a -> b -> c where c.v > b.v within 1 h  derive M { v: c.v } }", "A1 B5 B2 C3", "A1B2C3");
    example("{ on A a  on B b  on C c  detect a -> first b -> c where c.v > b.v within 1 h  derive M { v: c.v } }", "A1 B5 B2 C3", "");
    example("{ on A a  on B b  detect first a -> b within 1 h consume none pick b each" DERIVE, "A1 A2 B1 B2", "A1B1 A1B2");
}

/* K.2: a1 a2 a3 b. */
static void test_loops(void **state)
{
    (void)state;
    example("{ on A a  on B b  detect a+ -> b within 1 h  consume none" DERIVE, "A1 A2 A3 B1", "A1A2A3B1");
    example("{ on A a  on B b  detect a+ -> b within 1 h  pick a each  consume none" DERIVE, "A1 A2 A3 B1", "A1A2A3B1 A2A3B1 A3B1");
    example("{ on A a  on B b  detect a -> b{2,} within 1 h" DERIVE, "A1 B1 B2 B3", "A1B1B2");
    example("{ on A a  on B b  detect a -> b{2,} within 1 h  consume none" DERIVE, "A1 B1 B2 B3", "A1B1B2 A1B1B2B3");
    example("{ on A a  on B b  detect a{1,2} -> b within 1 h" DERIVE, "A1 A2 A3 B1", "A1A2B1");
}

/* D.2: bounded(2) and once. */
static void test_match_counts(void **state)
{
    (void)state;
    example(PAIR "pick each consume none match at most 2" DERIVE, "A1 B1 B2 B3", "A1B1 A1B2");
    example(PAIR "pick each consume none match once" DERIVE, "A1 B1 B2 B3", "A1B1");
}

/* C.2: the count matrix, x1 … x6 in [0, 10), >= 3. */
static void test_count_matrix(void **state)
{
    (void)state;
    static const char stream[] = "A1 A2 A3 A4 A5 A6";
    example("in fixed every 10 s { on A a  detect count(a) >= 3  match every time  consume matched  derive M { v: count(a) } }",
            stream, "A1A2A3 A4A5A6");
    example("in fixed every 10 s { on A a  detect count(a) >= 3  match every time  consume none  derive M { v: count(a) } }",
            stream, "A1A2A3 A1A2A3A4 A1A2A3A4A5 A1A2A3A4A5A6");
    example("in fixed every 10 s { on A a  detect count(a) >= 3  match once  derive M { v: count(a) } }", stream, "A1A2A3");
    example("in fixed every 10 s { on A a  detect count(a) >= 3  evaluate at close  derive M { v: count(a) } }", stream,
            "A1A2A3A4A5A6@9");
}

/* E.6: I expiry 10; I(0) I(4) x(5) x(9) x(11) x(13) x(16). */
static void test_initiator_policies(void **state)
{
    (void)state;
    static const struct {
        const char *again, *wanted;
    } rows[] = {
        {"add", "A0A4B5B9@10 A4B5B9B11B13@14"},
        {"ignore", "A0A4B5B9@10"},
        {"refresh", "A0@4 A4B5B9B11B13@14"},
        {"extend", "A0A4B5B9B11B13@14"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char agent[512];
        snprintf(agent, sizeof agent, "in from A i for at most 10 s again %s { on A | B x  derive M { v: count(x) } }", rows[i].again);
        example(agent, "A0@0 A4@4 B5@5 B9@9 B11@11 B13@13 B16@16", rows[i].wanted);
    }
}

/* E.2: terminator excluded, toggled doors, the count. */
static void test_event_intervals(void **state)
{
    (void)state;
    example("in from A i to C t for at most 10 s { on A | B | C x  derive M { v: count(x) } }", "A0@0 B3@3 C5@5 B6@6 A20@20 B25@25 B30@30",
            "A0B3@5 A20B25@30");
    example("in from A o to A c { on A | B x  derive M { v: count(x) } }", "A0@0 B1@1 A5@5 B6@6 A9@9", "A0B1@5 A5B6@9");
    example("in from A i at most 3 events { on A | B x  derive M { v: count(x) } }", "A0@0 B1@1 B2@2 B3@3", "A0B1B2@2");
}

/* K.5: the deadline itself is late, unless inclusive. */
static void test_expectations(void **state)
{
    (void)state;
    example("{ on A a  expect B b within 10 s  derive M { v: b.v } }", "A1@0 B1@9 A2@20 B2@30", "A1B1@9");
    example("{ on A a  expect B b within 10 s  otherwise derive M { v: a.v } }", "A1@0 B1@9 A2@20 B2@30", "A2@30");
    example("{ on A a  expect B b within 10 s inclusive  derive M { v: b.v } }", "A1@0 B1@9 A2@20 B2@30", "A1B1@9 A2B2@30");
    example("{ on A a  expect B b within 10 s again extend  otherwise derive M { v: a.v } }", "A1@0 A2@5", "A2@15");
    example("{ on A a  expect B b within 10 s again ignore  otherwise derive M { v: a.v } }", "A1@0 A2@5", "A1@10");
    example("{ on A a  expect B b within 10 s or discard on C c  otherwise derive M { v: a.v } }", "A1@0 C1@5", "");
}

/* K.6: (e − 60 s, e]. */
static void test_trailing(void **state)
{
    (void)state;
    example("{ on A a  detect count(a) >= 2 within 10 s  match every time  derive M { v: count(a) } }", "A1@0 A2@10 A3@19", "A2A3");
    example("{ on A a  detect count(a) >= 2 within 10 s inclusive  match every time  derive M { v: count(a) } }", "A1@0 A2@10 A3@19",
            "A1A2 A2A3");
    example("in last 2 events { on A a  derive M { v: count(a) } }", "A1 A2 A3", "A1 A1A2 A2A3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pick_and_consume_of_a_sequence), cmocka_unit_test(test_what_a_match_is),
        cmocka_unit_test(test_loops), cmocka_unit_test(test_match_counts), cmocka_unit_test(test_count_matrix),
        cmocka_unit_test(test_initiator_policies), cmocka_unit_test(test_event_intervals), cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_trailing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
