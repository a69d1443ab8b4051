/* Views: what an agent's programs look at, set up before each evaluation: the participants' events, the rows of
 * enrichments, the opener of the window, the key and bounds of the partition. */
#ifndef AGENTS_VIEWS_H
#define AGENTS_VIEWS_H

#include "agents/node.h"

/* What programs may look at, for the agent's evaluation at hand. leaf may be HANDLE_NONE. */
Surroundings views_surroundings(Agent *agent, Handle leaf);
/* Evaluates a Boolean; an error is reported and false. NULL is true. */
bool views_test(Agent *agent, const Program *program, Handle leaf, const Arrival *arrival);
/* Evaluates a condition of the context over an event alone; an error is reported and false. */
bool views_condition(Agent *agent, const Arrival *arrival, uint32_t condition);
/* Points a participant's VIEW_LATEST views at a row or at a record. */
void views_row(Agent *agent, uint32_t participant, const Rows *rows, uint32_t row);
void views_table(Agent *agent, uint32_t participant, const Rows *rows, uint32_t row); /* a row of an enrichment */
void views_record(Agent *agent, uint32_t participant, Handle record);
void views_none(Agent *agent, uint32_t participant);
View views_of_record(const Agent *agent, uint32_t participant, Handle record); /* HANDLE_NONE gives nulls */
/* Points VIEW_INITIATOR views at the opener of the innermost event interval around a leaf. */
void views_initiator(Agent *agent, Handle node);

#endif
