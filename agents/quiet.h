/* Quiet: holding back repeats of an alert. */
#ifndef AGENTS_QUIET_H
#define AGENTS_QUIET_H

#include "agents/agent.h"

void quiet_init(Agent *agent);
void quiet_fini(Agent *agent);
/* Whether an alert of a time is one to hold back; if so it is counted. */
bool quiet_holds(Agent *agent, uint32_t derive, Handle leaf, const Surroundings *around, int64_t time);
/* An alert is sent: the quiet time begins. Returns how many were held back since the last one. */
uint64_t quiet_begin(Agent *agent, uint32_t derive, Handle leaf, const Surroundings *around, int64_t time);
void quiet_timer(Agent *agent, const Timer *timer);

#endif
