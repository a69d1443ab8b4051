/* becomes C, ceases C: the participant at which a condition turns true, or from true to anything else. A partition
 * begins with "not true"; unknown is not true. The condition may read aggregates over the set. */
#include "agents/patterns/pattern.h"
#include "agents/views.h"

static bool becomes_holds(Agent *agent, Handle leaf, PatternState *state, uint64_t gone)
{
    (void)gone;
    bool before = state->held;
    state->held = views_test(agent, agent->plan->pattern.condition, leaf, NULL);
    return state->held && !before;
}

static bool ceases_holds(Agent *agent, Handle leaf, PatternState *state, uint64_t gone)
{
    (void)gone;
    bool before = state->held;
    state->held = views_test(agent, agent->plan->pattern.condition, leaf, NULL);
    return before && !state->held;
}

const PatternOps PATTERN_OPS_BECOMES = {.holds = becomes_holds};
const PatternOps PATTERN_OPS_CEASES = {.holds = ceases_holds};
