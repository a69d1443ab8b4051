/* Patterns over the set of a partition (C.1, C.4, C.5, K.5b), looked at anew each time. */
#include "tests/oracle/naive_parts.h"

static NaiveValue value_of(Naive *naive, const AgentPlan *plan, const Scope *scope, const NaiveEvent *event, int64_t now)
{
    const PatternPlan *pattern = &plan->pattern;
    Look look = {.naive = naive, .agent = plan, .scope = scope, .now = now, .self = event,
                 .self_shape = &plan->participants[pattern->participant].shape};
    return naive_value(pattern->value, &look);
}

static double number(TypeKind type, Cell cell)
{
    return type == TYPE_FLOAT ? cell.f : (double)cell.i;
}

/* -1 fell, 0 level, 1 rose. */
static int moved(const PatternPlan *pattern, Cell from, Cell to)
{
    TypeKind type = pattern->value->type;
    if (pattern->by == 0 && type == TYPE_STRING)
        return text_compare(to.s, from.s);
    double a = number(type, from), b = number(type, to), most = pattern->by * (a < 0 ? -a : a);
    return b > a + most ? 1 : b < a - most ? -1 : 0;
}

static bool fits(PatternKind kind, int move)
{
    return kind == PATTERN_INCREASING      ? move > 0
           : kind == PATTERN_DECREASING    ? move < 0
           : kind == PATTERN_STABLE        ? move == 0
           : kind == PATTERN_NONINCREASING ? move <= 0
           : kind == PATTERN_NONDECREASING ? move >= 0
                                           : true;
}

/* C.5: every adjacent pair, at least two members. */
static bool trend(Naive *naive, const AgentPlan *plan, const Scope *scope, const Bound *bound, int64_t now)
{
    const PatternPlan *pattern = &plan->pattern;
    const Bound *members = &bound[pattern->participant];
    bool all = true, rose = false, fell = false;
    for (uint32_t i = 1; i < members->n; i++) {
        int move = moved(pattern, value_of(naive, plan, scope, members->items[i - 1], now).cell,
                         value_of(naive, plan, scope, members->items[i], now).cell);
        all &= fits(pattern->kind, move);
        rose |= move > 0;
        fell |= move < 0;
    }
    return pattern->kind == PATTERN_MIXED ? rose && fell : members->n >= 2 && all;
}

static bool always(Naive *naive, const AgentPlan *plan, const Scope *scope, const Bound *bound, int64_t now)
{
    const Bound *members = &bound[plan->pattern.participant];
    bool all = members->n > 0;
    for (uint32_t i = 0; i < members->n; i++) {
        NaiveValue value = value_of(naive, plan, scope, members->items[i], now);
        all &= value.state == STATE_OK && value.cell.b;
    }
    return all;
}

static bool holds(Naive *naive, const AgentPlan *plan, Scope *scope, const Match *match, int64_t now)
{
    const PatternPlan *pattern = &plan->pattern;
    bool before = scope->held;
    Look look = {.naive = naive, .agent = plan, .scope = scope, .now = now, .bound = match->bound};
    switch (pattern->kind) {
    case PATTERN_ABSENT:
        for (uint32_t p = 0; p < plan->nevents; p++)
            if ((pattern->absent >> p & 1) && match->bound[p].n)
                return false;
        return true;
    case PATTERN_ALWAYS: return always(naive, plan, scope, match->bound, now);
    case PATTERN_SOMETIMES: return match->bound[pattern->participant].n > 0;
    case PATTERN_BECOMES:
    case PATTERN_CEASES:
        look.aggregates = naive_aggregates(naive, plan, match->bound, scope, now);
        scope->held = naive_holds(pattern->condition, &look);
        return pattern->kind == PATTERN_BECOMES ? scope->held && !before : before && !scope->held;
    default:
        return pattern->run ? match->n >= pattern->run : trend(naive, plan, scope, match->bound, now);
    }
}

void naive_pattern(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t at, int64_t time, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    if (naive_spent(plan, scope))
        return;
    Match match = naive_whole_set(naive, plan, scope, at, time);
    Look look = {.naive = naive, .agent = plan, .scope = scope, .now = cause->now, .bound = match.bound};
    if (!holds(naive, plan, scope, &match, cause->now) || (plan->policies.match == MATCH_ONCE_PER_RUN && scope->run_reported))
        return;
    look.aggregates = naive_aggregates(naive, plan, match.bound, scope, cause->now);
    if (!naive_holds(plan->condition, &look))
        return;
    scope->matches++;
    scope->run_reported = true;
    naive_derive(naive, agent, &match, PORT_MAIN, cause);
    for (uint32_t i = 0; i < scope->nmembers && plan->policies.consume != CONSUME_NONE; i++)
        scope->members[i].gone = true;
}

/* What fits no run begins another: the members before it are gone. */
static void run_begin(Naive *naive, const AgentPlan *plan, Scope *scope, NaiveValue value, int64_t now)
{
    const NaiveEvent *last = NULL;
    for (uint32_t i = 0; i < scope->nmembers; i++)
        if (scope->members[i].roles >> plan->pattern.participant & 1)
            last = scope->members[i].event;
    if (!last || fits(plan->pattern.kind, moved(&plan->pattern, value_of(naive, plan, scope, last, now).cell, value.cell)))
        return;
    for (uint32_t i = 0; i < scope->nmembers; i++)
        scope->members[i].gone = true;
    scope->run_reported = false;
}

void naive_pattern_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    const PatternPlan *pattern = &plan->pattern;
    if (naive_spent(plan, scope))
        return;
    if (pattern->value && roles >> pattern->participant & 1) {
        NaiveValue value = value_of(naive, plan, scope, event, cause->now);
        if (pattern->kind == PATTERN_SOMETIMES ? value.state != STATE_OK || !value.cell.b
                                               : pattern->kind != PATTERN_ALWAYS && value.state != STATE_OK)
            return;
        if (pattern->run)
            run_begin(naive, plan, scope, value, cause->now);
    }
    naive_member_add(naive, plan, scope, event, roles);
    if (plan->policies.evaluate == EVALUATE_IMMEDIATELY ||
        (plan->policies.evaluate == EVALUATE_ON && roles >> plan->policies.evaluate_on & 1))
        naive_pattern(naive, agent, scope, event->time, event->time, cause);
}
