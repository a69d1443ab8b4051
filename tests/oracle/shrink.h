/* Shrinking: makes a failing case smaller as long as it fails in the same way. */
#ifndef TESTS_ORACLE_SHRINK_H
#define TESTS_ORACLE_SHRINK_H

#include "tests/oracle/case.h"

typedef enum Verdict {
    VERDICT_SAME,
    VERDICT_REFUSED,   /* by the checker */
    VERDICT_GAVE_UP,   /* too many candidates for the naive matcher */
    VERDICT_DIFFERENT,
    VERDICT_ENGINES,   /* the ways of running the engine disagree among themselves */
    VERDICT_FATES,     /* they disagree about what becomes of a line, or about the order */
    VERDICT_IDS,       /* an id does not stand for what it should */
    VERDICT_NODES,     /* several nodes disagree with one engine, or with what they promise one another */
    VERDICT_CRASHED,
    VERDICT_TOO_LONG,
} Verdict;

/* Runs a case; safe against crashes. */
typedef Verdict (*CaseJudge)(const Case *c);

/* Drops events, then agents, then clauses and words, until nothing more can go. */
void case_shrink(Case *c, Verdict verdict, CaseJudge judge);

#endif
