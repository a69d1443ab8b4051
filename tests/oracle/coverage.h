/* Coverage: what of the plan's kinds and policies the cases reached, by the rows of the .def tables, and how many
 * shapes: distinct combinations of agent kind, context kinds and policies. */
#ifndef TESTS_ORACLE_COVERAGE_H
#define TESTS_ORACLE_COVERAGE_H

#include <stdio.h>

#include "cep/plan.h"

typedef struct Coverage Coverage;

Coverage *coverage_new(void);
void coverage_free(Coverage *coverage);
void coverage_add(Coverage *coverage, const Plan *plan);
/* Adds another one's counts; both lie in memory that processes share. */
uint32_t coverage_shapes(const Coverage *coverage);

/* Prints the table. Returns how many rows that run were not reached. */
uint32_t coverage_print(const Coverage *coverage, FILE *out);

#endif
