/* always C, sometimes C: whether all participants satisfy a condition, or some; of none, neither. A condition that is
 * unknown is not satisfied. The match of `sometimes` is those that satisfy it, so the others are not taken in. */
#include "agents/patterns/pattern.h"

static bool satisfies(const PatternEvent *event)
{
    return event->state == STATE_OK && event->value.b;
}

static bool always_take(Agent *agent, Handle leaf, PatternState *state, const PatternEvent *event)
{
    (void)agent, (void)leaf;
    state->last = state->members + 1;
    if (!satisfies(event))
        state->broken = state->last;
    return true;
}

static bool always_holds(Agent *agent, Handle leaf, PatternState *state, uint64_t gone)
{
    (void)agent, (void)leaf;
    return state->last > gone && state->broken <= gone;
}

static bool sometimes_take(Agent *agent, Handle leaf, PatternState *state, const PatternEvent *event)
{
    (void)agent, (void)leaf;
    if (satisfies(event))
        state->last = state->members + 1;
    return satisfies(event);
}

static bool sometimes_holds(Agent *agent, Handle leaf, PatternState *state, uint64_t gone)
{
    (void)agent, (void)leaf;
    return state->last > gone;
}

const PatternOps PATTERN_OPS_ALWAYS = {.take = always_take, .holds = always_holds};
const PatternOps PATTERN_OPS_SOMETIMES = {.take = sometimes_take, .holds = sometimes_holds};
