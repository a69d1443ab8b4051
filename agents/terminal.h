/* Terminals: where an event goes that is no participant: `else derive`, `on error derive`. */
#ifndef AGENTS_TERMINAL_H
#define AGENTS_TERMINAL_H

#include "agents/agent.h"

/* The terminal of an event, by the roles whose filters it passed and those that gave unknown or an error. */
DerivePort terminal_of(const InputPlan *input, uint32_t roles, uint32_t failed);

/* Binds the aliases whose `where` the event passed; at the other terminals all that it might have been; and the opener
 * of the window around the leaf. Returns whether there is any. */
bool terminal_show(Agent *agent, Handle leaf, const Arrival *arrival, DerivePort port);

/* Derives what the agent's other terminals say of an event that is no participant of a partition. */
void terminal_event(Agent *agent, Handle leaf, const Arrival *arrival);

#endif
