/* Quiet: holding back repeats of an alert. */
#ifndef AGENTS_QUIET_H
#define AGENTS_QUIET_H

#include "agents/agent.h"

void quiet_init(Agent *agent);
void quiet_fini(Agent *agent);
/* Whether an alert of a time may be sent: then a quiet time begins, and *suppressed is how many were held back since
 * the last one. If not, it is counted. */
bool quiet_admits(Agent *agent, uint32_t derive, Handle leaf, const Surroundings *around, int64_t time,
                  uint64_t *suppressed);
/* The key by which a timer's entry is told from others of the agent: of the partition, or the value of `per`. */
Text quiet_key(const Agent *agent, Handle entry);
void quiet_timer(Agent *agent, const Timer *timer);

#endif
