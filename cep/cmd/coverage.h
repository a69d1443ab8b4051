/* Coverage: what of the rules the tests of a run reached.
 *
 * A branch, which is a `derive` of whatever terminal, is reached when something came out of it that `quiet` did not
 * hold back; an agent when one of its branches is, or, where it only writes tables, when it had a match; a policy
 * value when an agent with that value is. */
#ifndef CEP_CMD_COVERAGE_H
#define CEP_CMD_COVERAGE_H

#include "agents/engine.h"
#include "cep/cmd/json.h"

typedef struct CoveredAgent {
    uint64_t events, matches;
    uint64_t *derived; /* a count per derive of its plan */
} CoveredAgent;

typedef struct Coverage {
    const Plan *plan;
    CoveredAgent *agents;
} Coverage;

/* The plan is borrowed. */
void coverage_init(Coverage *coverage, const Plan *plan, Arena *arena);

/* Counts a derived event. The lineage is of this plan or of one of the same rules with other params. */
void coverage_derived(Coverage *coverage, const Lineage *lineage);

/* Counts what the agents of an engine did, whose plan is this one or one of the same rules. */
void coverage_engine(Coverage *coverage, const Engine *engine);

/* Prints what was reached and what not, in lines that begin with "# ". */
void coverage_print(const Coverage *coverage, FILE *out);

/* {"coverage":{"agents":{"reached":2,"all":3},"branches":…,"policies":…},"agents":[…],"policies":[…]} */
void coverage_json(const Coverage *coverage, Json *json);

#endif
