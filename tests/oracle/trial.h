/* Trials: one case through the engine, in some way of running it, or through the naive matcher; the outputs in a
 * form in which they can be compared. */
#ifndef TESTS_ORACLE_TRIAL_H
#define TESTS_ORACLE_TRIAL_H

#include "rules/compile.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/naive.h"

typedef enum TrialWay {
    TRIAL_BATCHES_1, TRIAL_BATCHES_7, TRIAL_BATCHES_1024, TRIAL_ROW_BY_ROW, /* the engine */
    TRIAL_OPEN, /* the same, but no window is closed at the end … */
    TRIAL_NODES_1, TRIAL_NODES_2, TRIAL_NODES_4, /* … nor on several nodes */
    TRIAL_NAIVE,
    TRIAL_WAYS
} TrialWay;

extern const char *const trial_way_words[TRIAL_WAYS];

typedef struct Output {
    uint32_t type;
    Text agent;
    int64_t time, window_start, window_end;
    NaiveValue *values;
    uint64_t cause_count, suppressed;
    uint32_t ncauses;
    int64_t *causes; /* ≥ 0: the input of that number; < 0: output −1 − it; INT64_MIN: nothing that is known */
    EventId id;      /* of the engine's; all 0 of the naive matcher's */
} Output;

typedef struct Outputs {
    Output *items;
    uint32_t n;
    bool gave_up;
    bool same_ids; /* two of them have one id */
    uint64_t rejected; /* a sum over the rejections, in any order */
    const char *broken; /* of nodes: a promise that was not kept */
} Outputs;

/* A compiled network with its tables. */
typedef struct Trial {
    Memory memory;
    Arena arena;    /* everything but the plan */
    Sources sources;
    Diagnostics diagnostics;
    AstModule *module;
    Plan *plan;     /* NULL = refused */
    Table **tables;
} Trial;

/* Compiles; trial->plan is NULL when the rules are refused, and the diagnostics say why. */
void trial_open(Trial *trial, const char *rules);
void trial_close(Trial *trial);

Outputs trial_run(Trial *trial, const Case *c, TrialWay way);

/* The place of the first output that differs; UINT32_MAX if there is none. Ids are compared when both have them. */
uint32_t outputs_differ(const Plan *plan, const Outputs *a, const Outputs *b);

/* One output as a line of text. */
void output_print(const Plan *plan, const Output *output, FILE *out);

#endif
