/* Trends: how each value stands to the one before, over the whole set, or over the current run.
 *
 *   increasing v            over the set: no two neighbours among its members that do not fit, and at least two
 *   increasing v run 4      the set is the run: what does not fit begins another, with itself
 *
 * Of two neighbours the number of the first is kept, so that they count while it is in the set. Members without a
 * value are no members. */
#include "agents/patterns/pattern.h"

static double number(TypeKind type, Cell value)
{
    return type == TYPE_FLOAT ? value.f : (double)value.i;
}

/* How a value stands to the one before: -1 below, 0 level, 1 above; `by P %`: by less than that is level. */
static int step_of(const PatternPlan *pattern, Cell before, Cell value)
{
    TypeKind type = pattern->value->type;
    if (pattern->by == 0)
        return cell_compare(type, value, before);
    double from = number(type, before), to = number(type, value), band = pattern->by * (from < 0 ? -from : from);
    return to > from + band ? 1 : to < from - band ? -1 : 0;
}

static bool fits(PatternKind kind, int step)
{
    switch (kind) {
    case PATTERN_INCREASING: return step > 0;
    case PATTERN_DECREASING: return step < 0;
    case PATTERN_STABLE: return step == 0;
    case PATTERN_NONINCREASING: return step <= 0;
    case PATTERN_NONDECREASING: return step >= 0;
    default: return true;
    }
}

/* What does not fit ends the run, which is all of the set. */
static void run_break(Agent *agent, Handle leaf, PatternState *state)
{
    set_clear(agent, leaf);
    state->reported = false;
}

static bool trend_take(Agent *agent, Handle leaf, PatternState *state, const PatternEvent *event)
{
    const PatternPlan *pattern = &agent->plan->pattern;
    Pool *pool = &agent->engine->pool;
    TypeKind type = pattern->value->type;
    if (event->state != STATE_OK)
        return false;
    if (state->has_value) {
        int step = step_of(pattern, kept_value(pool, type, state->value), event->value);
        state->pair = state->last;
        if (!fits(pattern->kind, step))
            state->broken = state->last;
        if (step > 0)
            state->up = state->last;
        if (step < 0)
            state->down = state->last;
        if (pattern->run && !fits(pattern->kind, step))
            run_break(agent, leaf, state);
        kept_free(pool, type, state->value);
    }
    state->value = kept_new(pool, type, event->value);
    state->has_value = true;
    state->last = state->members + 1;
    return true;
}

static bool trend_holds(Agent *agent, Handle leaf, PatternState *state, uint64_t gone)
{
    (void)leaf;
    const PatternPlan *pattern = &agent->plan->pattern;
    if (pattern->run)
        return state->members - gone >= pattern->run;
    if (pattern->kind == PATTERN_MIXED)
        return state->up > gone && state->down > gone;
    return state->pair > gone && state->broken <= gone;
}

#define TREND(name) const PatternOps PATTERN_OPS_##name = {.take = trend_take, .holds = trend_holds}
TREND(INCREASING);
TREND(DECREASING);
TREND(STABLE);
TREND(NONINCREASING);
TREND(NONDECREASING);
TREND(MIXED);
