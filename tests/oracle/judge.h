/* Judging a case: all ways to run it must agree. */
#ifndef TESTS_ORACLE_JUDGE_H
#define TESTS_ORACLE_JUDGE_H

#include "tests/oracle/coverage.h"
#include "tests/oracle/shrink.h"

/* What cases amounted to; in memory that processes share. */
typedef struct Totals {
    uint64_t refused, gave_up, outputs, silent;
} Totals;

const char *verdict_word(Verdict verdict);

/* Runs a case in this process. coverage and totals may be NULL; with explains, why rules are refused is printed. */
Verdict case_run(const Case *c, Coverage *coverage, Totals *totals, bool explains);

/* The same in a child, silent: one that crashes, or runs for more than a second, is judged, too. */
Verdict case_judge(const Case *c);

/* Makes this process one that a case may crash or keep busy. */
void child_begin(unsigned seconds);

/* Prints a case, and the outputs around the first that differs. */
void case_print(const Case *c, Verdict verdict, FILE *out);

#endif
