/* What becomes of every line of a case, and the order that everything obeys: decided naively from K.7 and
 * ARCHITECTURE 2, with a look at all the lines before for each. It knows nothing of `cluster/`. */
#ifndef TESTS_ORACLE_NAIVE_INGEST_H
#define TESTS_ORACLE_NAIVE_INGEST_H

#include "tests/oracle/case.h"
#include "tests/oracle/naive.h"

typedef enum Fate {
    FATE_NONE,     /* no line */
    FATE_TAKEN,
    FATE_MALFORMED,
    FATE_UNKNOWN,  /* type */
    FATE_INVALID,
    FATE_LATE,
    FATE_DROPPED,  /* late, under `late drop` */
    FATES
} Fate;

typedef struct Fates {
    Fate fate[CASE_EVENTS_MAX];   /* by event of the case */
    int64_t time[CASE_EVENTS_MAX]; /* occurrence, of what is taken */
} Fates;

Fates naive_fates(const Plan *plan, const Case *c);

/* The order key of a line that is taken. */
NaiveKey naive_input_key(const Case *c, const Fates *fates, uint32_t event);

/* The events of the case, those that are taken, in the order of their keys; an ADVANCE keeps its place behind the
 * lines before it. Returns how many. */
uint32_t naive_order(const Case *c, const Fates *fates, uint32_t order[CASE_EVENTS_MAX]);

#endif
