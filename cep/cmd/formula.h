/* Formula: a program written as an expression again, for `cep explain`: what really runs, after params,
 * `let` and constants have been put in. */
#ifndef CEP_CMD_FORMULA_H
#define CEP_CMD_FORMULA_H

#include "cep/plan.h"

/* What the views of a program are called. */
typedef struct FormulaNames {
    const Plan *plan;
    const AgentPlan *agent;   /* its views, aggregates and context keys */
    const Shape *alone;       /* if set, view 0 has this shape, and … */
    Text alias;               /* … this name; empty: attributes stand without one */
} FormulaNames;

/* Returns the expression. NULL gives "null". */
Text formula_text(const Program *program, const FormulaNames *names, Arena *arena);

/* Returns a value as the rule language writes it. */
Text formula_value(TypeKind type, Cell value, Arena *arena);

/* Returns an aggregate: "sum(w.amount where w.amount > 10)". */
Text formula_aggregate(uint32_t index, const FormulaNames *names, Arena *arena);

#endif
