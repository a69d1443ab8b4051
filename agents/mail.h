/* Mail: what the interest index has for an agent, chained through one array of the engine while a batch is posted,
 * and as an array in order-key order while the agent runs. */
#ifndef AGENTS_MAIL_H
#define AGENTS_MAIL_H

#include "agents/agent.h"

void mail_add(Agent *agent, Mail mail);

/* Makes Agent.mail: the letters as an array in the engine's scratch, sorted. */
void mail_open(Agent *agent);

#endif
