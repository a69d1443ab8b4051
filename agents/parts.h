/* Parts: the partition keys of an agent's mail, encoded, a column at a time. */
#ifndef AGENTS_PARTS_H
#define AGENTS_PARTS_H

#include "agents/agent.h"

/* One part per mail and `by` level, [mail × nparts], in the engine's scratch; empty where a value is missing: then
 * there is no partition. NULL if the context has no key. Of an agent that engines share by key, mail whose first part
 * is another's is dropped. */
Text *parts_make(Agent *agent);

/* Whether a row would not be dropped: for what fails before it is mail. */
bool parts_are_own(Agent *agent, uint32_t input, const Rows *rows, uint32_t row);

/* node_hash of the first part of each mail, to ask ahead with; NULL if the first level is no key. */
uint32_t *parts_hash(Agent *agent, const Text *parts);

#endif
