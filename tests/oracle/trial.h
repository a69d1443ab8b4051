/* Trials: one case through the engine, in some way of running it, or through the naive matcher.
 *
 * The engine gets the lines as a process would: bytes of JSON through cluster/ingest and its reorder buffer, each
 * way with the producers' lines interleaved in another way (unless the case says when a producer is idle). Nodes get
 * what is taken as rows, in order. */
#ifndef TESTS_ORACLE_TRIAL_H
#define TESTS_ORACLE_TRIAL_H

#include "rules/compile.h"
#include "tests/oracle/output.h"

typedef enum TrialWay {
    TRIAL_BATCHES_1, TRIAL_BATCHES_7, TRIAL_BATCHES_1024, TRIAL_ROW_BY_ROW, /* the engine */
    TRIAL_OPEN,                                   /* the engine, whose windows stay open at the end */
    TRIAL_NODES_1, TRIAL_NODES_2, TRIAL_NODES_4,  /* the same on so many nodes */
    TRIAL_NAIVE,
    TRIAL_WAYS
} TrialWay;

extern const char *const trial_way_words[TRIAL_WAYS];

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

#endif
