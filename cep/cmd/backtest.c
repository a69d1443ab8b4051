#include "cep/cmd/backtest.h"

#include <stdio.h>
#include <string.h>

#include "cluster/alert_json.h"
#include "cluster/rejections.h"

enum { SHOWN_MAX = 10 }; /* alerts that a comparison shows of either side */

static bool is_rule_before(const Backtest *test, uint32_t agent, uint32_t type)
{
    for (uint32_t i = test->rule_of[agent]; i < test->nrules; i++)
        if (test->rules[i].type == type)
            return true;
    return false;
}

static void add_rules(Backtest *test, uint32_t agent)
{
    const AgentPlan *plan = &test->plan->agents[agent];
    test->rule_of[agent] = test->nrules;
    for (uint32_t d = 0; d < plan->nderives; d++) {
        uint32_t type = plan->derives[d].type;
        if (!test->plan->types[type].alert || is_rule_before(test, agent, type))
            continue;
        test->rules = arena_grow(&test->arena, test->rules, test->nrules, sizeof *test->rules);
        test->rules[test->nrules++] = (BacktestRule){.agent = agent, .type = type};
    }
}

void backtest_init(Backtest *test, const Plan *plan, Memory *memory, bool compared)
{
    *test = (Backtest){.plan = plan, .memory = memory, .compared = compared};
    arena_init(&test->arena, memory);
    test->rule_of = ARENA_ARRAY(&test->arena, uint32_t, plan->nagents + 1);
    test->partitions = ARENA_ARRAY(&test->arena, uint64_t, plan->nagents + 1);
    for (uint32_t a = 0; a < plan->nagents; a++)
        add_rules(test, a);
    test->rule_of[plan->nagents] = test->nrules;
    tally_init(&test->keys, memory, false);
    tally_init(&test->contents, memory, true);
    out_init(&test->line, memory, -1);
}

void backtest_fini(Backtest *test)
{
    out_fini(&test->line);
    tally_fini(&test->contents);
    tally_fini(&test->keys);
    arena_fini(&test->arena);
}

/* ── What happens ── */

void backtest_event(Backtest *test, const EventType *type, const Rows *rows, uint32_t row)
{
    const Lineage *lineage = rows->lineage[row];
    uint32_t agent = (uint32_t)(lineage->agent - test->plan->agents), rule = test->rule_of[agent];
    while (test->rules[rule].type != rows->type)
        rule++;
    BacktestRule *found = &test->rules[rule];
    if (!found->alerts++)
        found->first = rows->time[row];
    found->last = rows->time[row];
    test->alerts++;
    if (lineage->key.len) {
        out_clear(&test->line);
        out_bytes(&test->line, (const char *)&rule, sizeof rule);
        out_bytes(&test->line, lineage->key.p, lineage->key.len);
        found->keys += tally_add(&test->keys, (Text){test->line.bytes, (uint32_t)test->line.n});
    }
    if (test->compared) {
        out_clear(&test->line);
        alert_content_json(&test->line, type, rows, row);
        tally_add(&test->contents, (Text){test->line.bytes, (uint32_t)test->line.n});
    }
}

void backtest_ran(Backtest *test, const Engine *engine)
{
    EngineStats stats = engine_stats(engine);
    if (stats.state_bytes > test->state_max)
        test->state_max = stats.state_bytes;
    if (stats.partitions > test->partitions_max)
        test->partitions_max = stats.partitions;
    for (uint32_t a = 0; a < test->plan->nagents; a++) {
        uint64_t partitions = engine_agent_stats(engine, a).partitions;
        if (partitions > test->partitions[a])
            test->partitions[a] = partitions;
    }
}

void backtest_ended(Backtest *test, const SoloStats *stats)
{
    test->stats = *stats;
}

/* ── The summary ── */

static bool has_key(const AgentPlan *agent)
{
    for (uint32_t i = 0; i < agent->ncontexts; i++)
        if (agent->contexts[i].nkeys)
            return true;
    return false;
}

static void print_rule(const Backtest *test, const BacktestRule *rule, int alert_width, int agent_width, FILE *out)
{
    const AgentPlan *agent = &test->plan->agents[rule->agent];
    char first[TIME_TEXT_MAX] = "-", last[TIME_TEXT_MAX] = "-", keys[24] = "-";
    if (rule->alerts) {
        first[time_text(rule->first, first)] = 0;
        last[time_text(rule->last, last)] = 0;
    }
    if (has_key(agent))
        snprintf(keys, sizeof keys, "%llu", (unsigned long long)rule->keys);
    fprintf(out, "%-*.*s  %-*.*s  %8llu  %8s  %-24s  %-24s  %10llu\n", alert_width,
            TEXT_ARGS(test->plan->types[rule->type].name), agent_width, TEXT_ARGS(agent->name),
            (unsigned long long)rule->alerts, keys, first, last, (unsigned long long)test->partitions[rule->agent]);
}

void backtest_print(const Backtest *test, FILE *out)
{
    int alert_width = 5, agent_width = 5;
    for (uint32_t i = 0; i < test->nrules; i++) {
        int alert = (int)test->plan->types[test->rules[i].type].name.len;
        int agent = (int)test->plan->agents[test->rules[i].agent].name.len;
        alert_width = alert > alert_width ? alert : alert_width;
        agent_width = agent > agent_width ? agent : agent_width;
    }
    fprintf(out, "%-*s  %-*s  %8s  %8s  %-24s  %-24s  %10s\n", alert_width, "alert", agent_width, "agent", "alerts", "keys",
            "first", "last", "partitions");
    for (uint32_t i = 0; i < test->nrules; i++)
        print_rule(test, &test->rules[i], alert_width, agent_width, out);
    count_print(test->alerts, out);
    fprintf(out, test->alerts == 1 ? " alert of " : " alerts of ");
    count_print(test->stats.events, out);
    fprintf(out, test->stats.events == 1 ? " event; state at most " : " events; state at most ");
    count_print(test->state_max, out);
    fputs(" bytes in ", out);
    count_print(test->partitions_max, out);
    fprintf(out, test->partitions_max == 1 ? " partition\n" : " partitions\n");
}

static void time_json(Json *json, const char *name, int64_t time, bool known)
{
    char text[TIME_TEXT_MAX];
    if (known)
        json_text(json, name, (Text){text, (uint32_t)time_text(time, text)});
    else
        json_cstring(json, name, NULL);
}

void backtest_json(const Backtest *test, Json *json)
{
    json_open(json, "rules", '[');
    for (uint32_t i = 0; i < test->nrules; i++) {
        const BacktestRule *rule = &test->rules[i];
        const AgentPlan *agent = &test->plan->agents[rule->agent];
        json_open(json, NULL, '{');
        json_text(json, "alert", test->plan->types[rule->type].name);
        json_text(json, "agent", agent->name);
        json_int(json, "alerts", (int64_t)rule->alerts);
        if (has_key(agent))
            json_int(json, "keys", (int64_t)rule->keys);
        time_json(json, "first", rule->first, rule->alerts);
        time_json(json, "last", rule->last, rule->alerts);
        json_int(json, "partitions_max", (int64_t)test->partitions[rule->agent]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_int(json, "events", (int64_t)test->stats.events);
    json_int(json, "rejected", (int64_t)test->stats.rejected);
    json_int(json, "passed_over", (int64_t)test->stats.passed_over);
    json_int(json, "alerts", (int64_t)test->alerts);
    json_int(json, "state_bytes_max", (int64_t)test->state_max);
    json_int(json, "partitions_max", (int64_t)test->partitions_max);
}

/* ── Two versions ── */

/* So many times more often did an item of `of` come there than in `than`. */
static uint64_t surplus(const TallyItem *item, const Backtest *than)
{
    uint64_t there = tally_times(&than->contents, item);
    return item->times > there ? item->times - there : 0;
}

static uint64_t surplus_all(const Backtest *of, const Backtest *than)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < of->contents.n; i++)
        n += surplus(&of->contents.items[i], than);
    return n;
}

Comparison backtest_compare(const Backtest *before, const Backtest *after)
{
    Comparison comparison = {.vanish = surplus_all(before, after), .appear = surplus_all(after, before)};
    comparison.same = before->alerts - comparison.vanish;
    return comparison;
}

static void print_surplus(const Backtest *of, const Backtest *than, uint64_t n, char sign, FILE *out)
{
    uint64_t shown = 0;
    for (uint32_t i = 0; i < of->contents.n && shown < n && shown < SHOWN_MAX; i++)
        for (uint64_t times = surplus(&of->contents.items[i], than); times && shown < SHOWN_MAX; times--, shown++)
            fprintf(out, "%c %.*s\n", sign, TEXT_ARGS(tally_text(&of->contents, &of->contents.items[i])));
    if (n > shown) {
        fprintf(out, "%c and ", sign);
        count_print(n - shown, out);
        fprintf(out, " more\n");
    }
}

void comparison_print(Comparison comparison, const Backtest *before, const Backtest *after, FILE *out)
{
    print_surplus(before, after, comparison.vanish, '-', out);
    print_surplus(after, before, comparison.appear, '+', out);
    count_print(comparison.same, out);
    fputs(comparison.same == 1 ? " alert stays, " : " alerts stay, ", out);
    count_print(comparison.vanish, out);
    fputs(comparison.vanish == 1 ? " vanishes, " : " vanish, ", out);
    count_print(comparison.appear, out);
    fputs(comparison.appear == 1 ? " appears\n" : " appear\n", out);
}

static void surplus_json(Json *json, const char *name, const Backtest *of, const Backtest *than)
{
    uint32_t shown = 0;
    json_open(json, name, '[');
    for (uint32_t i = 0; i < of->contents.n && shown < SHOWN_MAX; i++)
        for (uint64_t times = surplus(&of->contents.items[i], than); times && shown < SHOWN_MAX; times--, shown++)
            json_value(json, NULL, tally_text(&of->contents, &of->contents.items[i]));
    json_close(json, ']');
}

void comparison_json(Comparison comparison, const Backtest *before, const Backtest *after, Json *json)
{
    json_int(json, "stay", (int64_t)comparison.same);
    json_int(json, "vanish", (int64_t)comparison.vanish);
    json_int(json, "appear", (int64_t)comparison.appear);
    surplus_json(json, "vanishing", before, after);
    surplus_json(json, "appearing", after, before);
}
