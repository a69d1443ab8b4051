/* Derivation: an agent's new events, as rows of the batch at hand. */
#ifndef AGENTS_DERIVE_H
#define AGENTS_DERIVE_H

#include "agents/views.h"

/* Whether some derive is of a terminal. */
bool has_port(const AgentPlan *plan, DerivePort port);
/* Derives what the port's derives say, from the views, aggregates and the leaf's partition. time is the
 * occurrence time of what comes out. Returns how many held, that is, came out, or would have but for quiet or an error
 * in a value. */
uint32_t derive_port(Agent *agent, DerivePort port, Handle leaf, int64_t time, const EventId *causes, uint32_t ncauses,
                     uint64_t cause_count);
/* Columns at once, for agents without contexts and state. rows[i] of one type. */
void derive_rows(Agent *agent, DerivePort port, const Rows *rows, const uint32_t *chosen, uint32_t n, const VectorView *views);
/* An event of a built-in type, one value per attribute. */
void derive_builtin(Agent *agent, uint32_t type, const Cell *values, uint32_t nvalues, int64_t time);

#endif
