/* Mail: what the interest index has for an agent, chained through one array of the engine while a batch is posted,
 * and as an array in order-key order while the agent runs. */
#ifndef AGENTS_MAIL_H
#define AGENTS_MAIL_H

#include "agents/agent.h"

void mail_add(Agent *agent, Mail mail);

/* Makes Agent.mail: the letters as an array in the engine's scratch, sorted; of an agent that is spread over engines,
 * its own. */
void mail_open(Agent *agent);

/* Whether a row is this engine's, of an agent that is spread. */
bool mail_is_own(const Agent *agent, const Rows *rows, uint32_t row);

#endif
