/* Backtest: what a network makes of recorded events: a summary per rule, and the alerts themselves where they are
 * to be compared with those of another version.
 *
 *   Backtest test;
 *   backtest_init(&test, plan, memory, true);
 *   options.watch = &watch;   whose functions hand on to backtest_event, backtest_ran, backtest_ended
 *   solo_run(plan, memory, options);
 *   backtest_print(&test, stdout);
 *   backtest_fini(&test); */
#ifndef CEP_CMD_BACKTEST_H
#define CEP_CMD_BACKTEST_H

#include "cep/cmd/json.h"
#include "cep/cmd/tally.h"
#include "cluster/solo.h"

/* A rule: an agent and one of the alerts that it derives. */
typedef struct BacktestRule {
    uint32_t agent, type; /* of the plan */
    uint64_t alerts, keys;
    int64_t first, last;  /* times of alerts */
} BacktestRule;

typedef struct Backtest {
    const Plan *plan;
    Memory *memory;
    Arena arena;
    BacktestRule *rules;
    uint32_t nrules;
    uint32_t *rule_of;     /* per agent: the first of its rules; they stand together */
    uint64_t *partitions;  /* per agent: the most that lived at once, seen between batches */
    uint64_t partitions_max, state_max;
    uint64_t alerts;
    SoloStats stats;
    Tally keys;            /* rule and key */
    bool compared;
    Tally contents;        /* alerts without what changes with every version, if compared */
    Out line;
} Backtest;

void backtest_init(Backtest *test, const Plan *plan, Memory *memory, bool compared);
void backtest_fini(Backtest *test);

void backtest_event(Backtest *test, const EventType *type, const Rows *rows, uint32_t row);
void backtest_ran(Backtest *test, const Engine *engine);
void backtest_ended(Backtest *test, const SoloStats *stats);

/* Prints a line a rule and the totals; as JSON the members of an object that is open. */
void backtest_print(const Backtest *test, FILE *out);
void backtest_json(const Backtest *test, Json *json);

/* What two versions make of the same events. An alert that came twice in one and once in the other differs once. */
typedef struct Comparison {
    uint64_t same, vanish, appear;
} Comparison;

Comparison backtest_compare(const Backtest *before, const Backtest *after);

/* Prints the counts and the first few alerts that vanish (-) and appear (+). */
void comparison_print(Comparison comparison, const Backtest *before, const Backtest *after, FILE *out);
void comparison_json(Comparison comparison, const Backtest *before, const Backtest *after, Json *json);

#endif
