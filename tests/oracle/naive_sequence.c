/* Sequences and loops (K.1, K.2), and what a match consumes (K.3), read literally:
 *
 *   1. every combination of live participants that fits the steps is a candidate;
 *   2. `pick` reduces the candidates, comparing steps in the order of its clause;
 *   3. of what is left the evaluation reports, in order, what contains the newest event, each set once;
 *   4. after each, `consume` takes its events away, and 1 to 3 begin anew. */
#include "tests/oracle/naive_parts.h"

#include <stdlib.h>

typedef struct Candidate {
    uint32_t *start;           /* by step: the place of its (first) event among the live */
    Bound *bound;              /* by participant */
    const NaiveEvent **events; /* in pattern order */
    uint32_t n;
} Candidate;

typedef struct Search {
    Naive *naive;
    const AgentPlan *plan;
    const Scope *scope;
    int64_t now;
    const Member *live;
    uint32_t nlive;
    Bound *bound;
    uint32_t *start;
    Candidate *found;
    uint32_t nfound;
} Search;

/* ── 1. Candidates ── */

static bool fits(const Search *s, uint32_t step, uint32_t i)
{
    return s->live[i].roles >> s->plan->steps[step].participant & 1;
}

static bool conjunct_holds(const Search *s, const ConjunctPlan *conjunct)
{
    Look look = {.naive = s->naive, .agent = s->plan, .scope = s->scope, .now = s->now, .bound = s->bound};
    look.aggregates = naive_aggregates(s->naive, s->plan, s->bound, s->scope, s->now);
    return naive_holds(conjunct->program, &look);
}

/* K.2: of a loop the conjuncts for each member, or those for its end; of a plain step all of its own. */
static bool conjuncts_hold(const Search *s, uint32_t step, bool at_end)
{
    bool loop = s->plan->steps[step].loop;
    bool first = s->bound[s->plan->steps[step].participant].n == 1;
    for (uint32_t i = 0; i < s->plan->nconjuncts; i++) {
        const ConjunctPlan *conjunct = &s->plan->conjuncts[i];
        if (conjunct->step != step || (loop && conjunct->at_end != at_end) ||
            (loop && !at_end && conjunct->skip_first && first))
            continue;
        if (!conjunct_holds(s, conjunct))
            return false;
    }
    return true;
}

static void record(Search *s)
{
    Arena *arena = s->naive->arena;
    const AgentPlan *plan = s->plan;
    uint32_t events = 0;
    if (++s->naive->candidates > NAIVE_CANDIDATES_MAX) {
        s->naive->gave_up = true;
        return;
    }
    Candidate candidate = {.bound = naive_bounds(s->naive, plan)};
    candidate.start = ARENA_ARRAY(arena, uint32_t, plan->nsteps);
    memcpy(candidate.start, s->start, plan->nsteps * sizeof *s->start);
    for (uint32_t i = 0; i < plan->nsteps; i++)
        events += s->bound[plan->steps[i].participant].n;
    candidate.events = ARENA_ARRAY(arena, const NaiveEvent *, events);
    for (uint32_t i = 0; i < plan->nsteps; i++) {
        const Bound *from = &s->bound[plan->steps[i].participant];
        for (uint32_t k = 0; k < from->n; k++) {
            naive_bound_add(s->naive, &candidate.bound[plan->steps[i].participant], from->items[k]);
            candidate.events[candidate.n++] = from->items[k];
        }
    }
    int64_t span = candidate.events[candidate.n - 1]->time - candidate.events[0]->time;
    if (plan->within && (plan->within_inclusive ? span > plan->within : span >= plan->within))
        return; /* K.5 */
    s->found = arena_grow(arena, s->found, s->nfound, sizeof *s->found);
    s->found[s->nfound++] = candidate;
}

static bool bind(Search *s, uint32_t step, uint32_t i);

/* Whether a consumed event would fit a step: `-> first` is bound to it for good, so nothing else is a candidate. */
static bool bound_to_gone(Search *s, uint32_t step, uint32_t i)
{
    Bound *own = &s->bound[s->plan->steps[step].participant];
    if (!s->live[i].gone || step == 0 || s->plan->steps[step].link != LINK_FIRST || !fits(s, step, i))
        return false;
    *own = (Bound){0};
    naive_bound_add(s->naive, own, s->live[i].event);
    bool fit = conjuncts_hold(s, step, false);
    *own = (Bound){0};
    return fit;
}

/* Binds a step to each fitting event from a place on; `-> first`: to the earliest only. */
static void choose(Search *s, uint32_t step, uint32_t from)
{
    for (uint32_t i = from; i < s->nlive && !s->naive->gave_up; i++) {
        if (bound_to_gone(s, step, i))
            return;
        if (!s->live[i].gone && fits(s, step, i) && bind(s, step, i) && s->plan->steps[step].link == LINK_FIRST)
            return;
    }
}

/* A loop that begins at i: every later event that fits is a member, until the next step binds. */
static bool bind_loop(Search *s, uint32_t step, uint32_t i)
{
    const StepPlan *plan = &s->plan->steps[step];
    Bound *own = &s->bound[plan->participant];
    bool last = step + 1 == s->plan->nsteps;
    if (!conjuncts_hold(s, step, false))
        return false;
    for (uint32_t x = i + 1; x < s->nlive && !s->naive->gave_up; x++) {
        if (!last && own->n >= plan->min && fits(s, step + 1, x) && conjuncts_hold(s, step, true)) {
            Bound kept = *own;
            if (bound_to_gone(s, step + 1, x))
                return true;
            bool bound = !s->live[x].gone && bind(s, step + 1, x);
            *own = kept;
            if (bound && s->plan->steps[step + 1].link == LINK_FIRST)
                return true;
        }
        if (own->n < plan->max && !s->live[x].gone && fits(s, step, x)) {
            naive_bound_add(s->naive, own, s->live[x].event);
            if (!conjuncts_hold(s, step, false))
                own->n--;
        }
    }
    if (last && own->n >= plan->min && conjuncts_hold(s, step, true))
        record(s);
    return true;
}

/* Binds a step to the live participant i and goes on; returns whether it fits there. */
static bool bind(Search *s, uint32_t step, uint32_t i)
{
    const StepPlan *plan = &s->plan->steps[step];
    Bound *own = &s->bound[plan->participant];
    bool fit = true;
    *own = (Bound){0};
    naive_bound_add(s->naive, own, s->live[i].event);
    s->start[step] = i;
    if (plan->loop)
        fit = bind_loop(s, step, i);
    else if (!conjuncts_hold(s, step, false))
        fit = false;
    else if (step + 1 == s->plan->nsteps)
        record(s);
    else
        choose(s, step + 1, i + 1);
    *own = (Bound){0};
    return fit;
}

static int order_compare_events(const NaiveEvent *a, const NaiveEvent *b)
{
    return OPEN_ORDER_BY_KEY ? naive_key_compare(&a->key, &b->key) : naive_event_compare(a, b);
}

static int member_compare(const void *a, const void *b)
{
    return order_compare_events(((const Member *)a)->event, ((const Member *)b)->event);
}

static void find(Search *s, Naive *naive, const AgentPlan *plan, const Scope *scope, int64_t now)
{
    bool leave = plan->within && plan->policies.evaluate != EVALUATE_AT_CLOSE;
    Member *live;
    uint32_t n = naive_live(naive, plan, scope, now, true, &live), kept = 0;
    *s = (Search){.naive = naive, .plan = plan, .scope = scope, .now = now, .live = live, .bound = naive_bounds(naive, plan)};
    for (uint32_t i = 0; i < n; i++) { /* K.1: a participant leaves when now ≥ its time + within */
        int64_t age = now - live[i].event->time;
        if (!leave || (plan->within_inclusive ? age <= plan->within : age < plan->within))
            live[kept++] = live[i];
    }
    s->nlive = kept;
    if (kept)
        qsort(live, kept, sizeof *live, member_compare);
    s->start = ARENA_ARRAY(naive->arena, uint32_t, plan->nsteps);
    choose(s, 0, 0);
}

/* ── 2. Pick ── */

/* Keeps the best of n candidates by the pick order from k on; returns how many, in front. */
static uint32_t pick(const AgentPlan *plan, Candidate *c, uint32_t n, uint32_t k)
{
    if (k == plan->nsteps || n < 2)
        return n;
    uint32_t step = plan->policies.pick_order[k], kept = 0;
    if (plan->policies.pick[step] != PICK_EACH) {
        bool last = plan->policies.pick[step] == PICK_LAST;
        uint32_t best = c[0].start[step];
        for (uint32_t i = 1; i < n; i++)
            if (last ? c[i].start[step] > best : c[i].start[step] < best)
                best = c[i].start[step];
        for (uint32_t i = 0; i < n; i++)
            if (c[i].start[step] == best)
                c[kept++] = c[i];
        return pick(plan, c, kept, k + 1);
    }
    /* each: for every event of this step the best of those that have it */
    Candidate *group = malloc(n * sizeof *group), *all = malloc(n * sizeof *all);
    bool *done = calloc(n, 1);
    if (!group || !all || !done)
        abort();
    memcpy(all, c, n * sizeof *all);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t members = 0;
        for (uint32_t j = i; j < n && !done[i]; j++)
            if (all[j].start[step] == all[i].start[step] && !done[j]) {
                group[members++] = all[j];
                done[j] = j != i;
            }
        uint32_t best = pick(plan, group, members, k + 1);
        if (best)
            memcpy(c + kept, group, best * sizeof *c);
        kept += best;
    }
    free(group);
    free(all);
    free(done);
    return kept;
}

/* ── 3. Report ── */

/* 0.4: event by event in pattern order, the earlier first. */
static int candidate_compare(const void *a, const void *b)
{
    const Candidate *left = a, *right = b;
    for (uint32_t i = 0; i < left->n && i < right->n; i++) {
        int order = order_compare_events(left->events[i], right->events[i]);
        if (order)
            return order;
    }
    return (left->n > right->n) - (left->n < right->n);
}

static bool same_events(const AgentPlan *plan, const Candidate *c, const Reported *r)
{
    for (uint32_t p = 0; p < plan->nevents && OPEN_SET_WITH_ROLES; p++)
        if (c->bound[p].n != r->bound[p].n)
            return false;
    return c->n == r->n && memcmp(c->events, r->items, c->n * sizeof *c->events) == 0;
}

static bool contains(const Candidate *c, const NaiveEvent *event)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->events[i] == event)
            return true;
    return false;
}

/* Whether an event of the set came at or behind the member of a number. */
static bool contains_since(const Candidate *c, const Scope *scope, uint32_t since)
{
    for (uint32_t i = since; i < scope->nmembers; i++)
        if (contains(c, scope->members[i].event))
            return true;
    return false;
}

static bool reported(const AgentPlan *plan, const Scope *scope, const Candidate *c)
{
    for (uint32_t i = 0; i < scope->nreported; i++)
        if (same_events(plan, c, &scope->reported[i]))
            return true;
    return false;
}

static bool spent(const AgentPlan *plan, const Scope *scope)
{
    return (plan->policies.match == MATCH_ONCE && scope->matches >= 1) ||
           (plan->policies.match == MATCH_AT_MOST && scope->matches >= plan->policies.match_at_most);
}

/* ── 4. Consume ── */

static void consume(Scope *scope, const Candidate *c, PolicyValue policy)
{
    for (uint32_t i = 0; i < scope->nmembers; i++)
        if (policy == CONSUME_EVERYTHING || (policy == CONSUME_MATCHED && contains(c, scope->members[i].event)))
            scope->members[i].gone = true;
}

/* Keeps the candidates that contain a member from a number on; returns how many, in front. */
static uint32_t keep_since(Candidate *c, uint32_t n, const Scope *scope, uint32_t since)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (contains_since(&c[i], scope, since))
            c[kept++] = c[i];
    return kept;
}

/* Reports sets with a member from `since` on: 0.4's newest event, or what came since the last `evaluate on`. Where
 * matches consume, an immediate evaluation chooses among those only (nothing older can be left over). time
 * TIME_NONE: of the match's last event. */
static void evaluate(Naive *naive, NaiveAgent *agent, Scope *scope, uint32_t since, int64_t now, int64_t time, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    bool again = true;
    while (again && !spent(plan, scope) && !naive->gave_up) {
        Search s;
        find(&s, naive, plan, scope, now);
        uint32_t n = s.nfound;
        if (plan->policies.evaluate == EVALUATE_IMMEDIATELY && plan->policies.consume != CONSUME_NONE)
            n = keep_since(s.found, n, scope, since);
        n = pick(plan, s.found, n, 0);
        if (n)
            qsort(s.found, n, sizeof *s.found, candidate_compare);
        again = false;
        for (uint32_t i = 0; i < n && !spent(plan, scope); i++) {
            Candidate *c = &s.found[i];
            if (!contains_since(c, scope, since) || reported(plan, scope, c))
                continue;
            scope->matches++;
            scope->reported = arena_grow(naive->arena, scope->reported, scope->nreported, sizeof *scope->reported);
            scope->reported[scope->nreported++] = (Reported){c->events, c->n, c->bound};
            Match match = {.scope = scope, .bound = c->bound, .events = c->events, .n = c->n,
                           .time = time == TIME_NONE ? c->events[c->n - 1]->time : time};
            naive_derive(naive, agent, &match, PORT_MAIN, cause);
            again = plan->policies.consume == CONSUME_MATCHED;
            if (again) {
                consume(scope, c, CONSUME_MATCHED);
                break;
            }
            if (plan->policies.consume == CONSUME_EVERYTHING)
                again = true;
        }
        if (again && plan->policies.consume == CONSUME_EVERYTHING) {
            consume(scope, NULL, CONSUME_EVERYTHING);
            return;
        }
    }
}

void naive_sequence_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause)
{
    const Policies *policies = &agent->plan->policies;
    scope->members = arena_grow(naive->arena, scope->members, scope->nmembers, sizeof *scope->members);
    scope->members[scope->nmembers++] = (Member){event, roles, false};
    if (policies->evaluate == EVALUATE_IMMEDIATELY) {
        evaluate(naive, agent, scope, scope->nmembers - 1, event->time, TIME_NONE, cause);
    } else if (policies->evaluate == EVALUATE_ON && roles >> policies->evaluate_on & 1) {
        evaluate(naive, agent, scope, OPEN_ON_NEEDS_NEWEST ? scope->nmembers - 1 : scope->evaluated, event->time, TIME_NONE, cause);
        scope->evaluated = scope->nmembers;
    }
}

void naive_sequence_close(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time, Cause *cause)
{
    if (agent->plan->policies.evaluate == EVALUATE_AT_CLOSE)
        evaluate(naive, agent, scope, 0, time, time, cause);
}
