/* Timers of an agent: set in the engine's wheel, or, when they fall into the batch at hand, among the agent's due
 * ones, and fired between its events in order-key order. */
#ifndef AGENTS_TIMER_H
#define AGENTS_TIMER_H

#include "agents/agent.h"

/* Sets a timer for a node (or, of quiet, an entry) and perhaps a cell of the kind's own. */
Handle timer_set(Agent *agent, int64_t deadline, bool inclusive, TimerKind kind, Handle owner, Handle item);
/* Whether a timer of this agent at that time would come behind the trigger at hand; if not, what it stands for is due
 * at once. timer_set lets one that does not come behind fire at the end of the trigger's instant. */
bool timer_comes(const Agent *agent, int64_t deadline, bool inclusive);
void timer_cancel(Agent *agent, Handle *timer); /* HANDLE_NONE is fine; sets it to HANDLE_NONE */

/* Takes over a timer that the wheel found due, and sees to it that the agent runs. */
void timer_due(Agent *agent, Handle timer);

/* Fires the due timers that come before an event; NULL = all. */
void timer_fire_before(Agent *agent, const OrderKey *event);

#endif
