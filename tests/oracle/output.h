/* What a run of a case gives: the derived events in a form in which runs can be compared, what became of every
 * line, and the order in which the engine was handed what was taken. */
#ifndef TESTS_ORACLE_OUTPUT_H
#define TESTS_ORACLE_OUTPUT_H

#include "tests/oracle/naive_ingest.h"

typedef struct Output {
    uint32_t type;
    Text agent;
    int64_t time, window_start, window_end;
    NaiveValue *values;
    uint64_t cause_count, suppressed;
    uint32_t ncauses;
    int64_t *causes; /* ≥ 0: the event of that place in the case; < 0: output −1 − it; INT64_MIN: nothing that is known */
    EventId id;      /* of the engine */
    Text identity;   /* of the naive matcher: what an id stands for, see naive_identity */
} Output;

typedef struct Outputs {
    Output *items;
    uint32_t n;
    Fates fates;
    uint32_t order[CASE_EVENTS_MAX]; /* events of the case as the engine got them */
    uint32_t norder;
    bool gave_up;
    uint64_t failed;    /* a sum over the evaluations that failed, in any order */
    const char *broken; /* of nodes: a promise that was not kept */
} Outputs;

/* The place of the first output that differs; UINT32_MAX if there is none. */
uint32_t outputs_differ(const Plan *plan, const Outputs *a, const Outputs *b);

/* The first event of the case whose fate differs, or whose place in the order; UINT32_MAX if there is none. */
uint32_t fates_differ(const Case *c, const Outputs *a, const Outputs *b);

/* Whether, over two runs of the engine and of the naive matcher, one id always stands for one identity, and one
 * identity for one id. engine[i] and naive[i] have the same outputs. */
bool ids_fit(const Outputs *engine[2], const Outputs *naive[2]);

/* One output as a line of text. */
void output_print(const Plan *plan, const Output *output, FILE *out);
const char *fate_word(Fate fate);

#endif
