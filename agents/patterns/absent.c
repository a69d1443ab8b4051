/* absent(a, b): there is no participant when the window closes. The match is empty. */
#include "agents/patterns/pattern.h"

static bool absent_holds(Agent *agent, Handle leaf, PatternState *state, uint64_t gone)
{
    (void)agent, (void)leaf;
    return state->last <= gone;
}

const PatternOps PATTERN_OPS_ABSENT = {.holds = absent_holds};
