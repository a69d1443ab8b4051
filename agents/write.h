/* Writes: the `update` and `delete` clauses of agents.
 *
 * A write is visible to everybody from the next event or timer of the network on: those whose order key is greater. So
 * it is kept in a log until what the event at hand sets going is done, and put into the table then. An agent that is
 * keyed by the table's key sees its own writes at once: while it runs, they are in the table, and are taken out again
 * behind it. Networks that write tables run one event a batch, and one instant of timers at a time. */
#ifndef AGENTS_WRITE_H
#define AGENTS_WRITE_H

#include "agents/agent.h"

/* Evaluates the agent's writes for the match at hand. Returns how many there are. */
uint32_t write_match(Agent *agent, Handle leaf);

/* Puts what a keyed agent wrote into the tables, and takes it out again. */
void write_show(Agent *agent);
void write_hide(Agent *agent);

/* Puts the whole log into the tables, in order, and empties it. */
void write_settle(Engine *engine);

#endif
