/* Random cases: networks biased to what interacts, and streams for them.
 *
 *   events A, B, C, N    small domains, some nulls; see case.h
 *   table Ref key id     rows 0 and 1;  table Pair key a, b            (0 "x") (1 "y") (1 "x")
 *   agent i              hears A, B, C, N and what agents before it derive; derives D<i>, sometimes E<i>
 *   producers            one in order, or up to three that are late, silent, repeat and leave out lines
 *
 * Times lie on a grid of one second, durations are multiples of five: deadlines fall on events. */
#ifndef TESTS_ORACLE_GENERATE_H
#define TESTS_ORACLE_GENERATE_H

#include "tests/oracle/case.h"

void case_make(Case *c, uint64_t seed);

/* The same case with about a third of its lines left out, chosen by their numbers. */
Case case_thinned(const Case *c);

#endif
