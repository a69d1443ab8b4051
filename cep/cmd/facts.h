/* Facts: what `cep explain` says about one agent, as a list of named sentences. Text and JSON are two ways
 * to print the same list. */
#ifndef CEP_CMD_FACTS_H
#define CEP_CMD_FACTS_H

#include "cep/plan.h"

typedef struct Fact {
    const char *name;  /* "context", "match", "bound"; several facts may have one name */
    Text text;
    bool by_default;   /* a policy that has its default value */
} Fact;

typedef struct Facts {
    Arena *arena;
    Fact *items;
    uint32_t n;
} Facts;

/* Gathers everything about an agent, in the order in which events meet it. code adds the programs. */
Facts facts_of(const Plan *plan, const AgentPlan *agent, bool code, Arena *arena);

#endif
