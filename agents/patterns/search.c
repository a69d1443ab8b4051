/* Search: sequences by looking for candidates among the live events of each step.
 *
 *   step 0   a1 a2 a5        a candidate takes one entry per step, in rising order; of a loop the entry is its
 *   step 1   b1 b4           first member, and the other members follow from it and from where the next step binds
 *   step 2   c3
 *
 * `pick` compares candidates step by step in the order of its clause: `first` and `last` settle on the earliest or
 * latest entry for which there is any candidate at all, `each` takes all. A depth-first walk in that order finds
 * exactly those; where the order is the pattern's own, conditions are tested as soon as their steps are bound, so a
 * walk without joins costs one look per step. A budget bounds what a pattern with joins can cost at one event.
 *
 * Where events are consumed no match can be older than the newest event, so only those that end in it are looked for.
 * Of the chosen, those are reported that contain the newest event; with `evaluate on` those with an event since the
 * last evaluation, at a close all. `consume` takes them one at a time: the first is reported and its events go before
 * the next is looked for. */
#include "agents/patterns/sequence.h"

#include <assert.h>

enum { BUDGET = 1000000, RESULTS_MAX = 100000 };

/* One step of the candidate at hand. */
typedef struct Bound {
    uint32_t at;      /* index in its queue of the entry, or of a loop's first member */
    bool bound;
    Members members;
} Bound;

typedef struct Result {
    uint32_t at[STEPS_MAX];
    uint64_t *serials; /* of its events, in pattern order */
    uint32_t nserials;
} Result;

typedef struct Search {
    Agent *agent;
    Handle leaf;
    bool immediate;   /* a match must contain the newest event … */
    uint64_t since;   /* … or one behind this serial */
    uint64_t budget;
    Bound steps[STEPS_MAX];
    Result *results;
    uint32_t nresults;
    bool exhausted;
} Search;

static const StepPlan *step_of(const Search *search, uint32_t step)
{
    return &search->agent->plan->steps[step];
}

static Queue *queue_of(const Search *search, uint32_t step)
{
    return sequence_queue(search->agent, search->leaf, step);
}

static Entry *entry_of(const Search *search, uint32_t step)
{
    return queue_at(search->agent, queue_of(search, step), search->steps[step].at);
}

/* ── Conditions ── */

static bool holds(Search *search, uint32_t conjunct)
{
    if (sequence_plan_of(search->agent)->reads_aggregates[conjunct]) {
        Members members[STEPS_MAX];
        for (uint32_t s = 0; s < search->agent->plan->nsteps; s++)
            members[s] = search->steps[s].members;
        sequence_aggregate(search->agent, search->leaf, members, search->agent->plan->nsteps);
    }
    return views_test(search->agent, search->agent->plan->conjuncts[conjunct].program, search->leaf, NULL);
}

/* The conditions that each member of a loop must satisfy as it is taken. */
static bool member_fits(Search *search, uint32_t step)
{
    const AgentPlan *plan = search->agent->plan;
    const Members *members = &search->steps[step].members;
    bool shown = false;
    for (uint32_t c = 0; c < plan->nconjuncts; c++) {
        const ConjunctPlan *conjunct = &plan->conjuncts[c];
        if (conjunct->step != step || !conjunct->each_member || (conjunct->skip_first && members->n == 1))
            continue;
        if (!shown)
            sequence_show(search->agent, step, members, members->n - 1);
        shown = true;
        if (!holds(search, c))
            return false;
    }
    return true;
}

/* The conditions of a step that is bound, or of a loop that has ended. */
static bool step_fits(Search *search, uint32_t step)
{
    const AgentPlan *plan = search->agent->plan;
    for (uint32_t c = 0; c < plan->nconjuncts; c++) {
        const ConjunctPlan *conjunct = &plan->conjuncts[c];
        if (conjunct->step == step && !conjunct->each_member && !holds(search, c))
            return false;
    }
    return true;
}

/* Collects the members of a step, from its entry up to an event with serial `end`, and tests what concerns it. */
static bool members_fit(Search *search, uint32_t step, uint64_t end)
{
    Agent *agent = search->agent;
    const StepPlan *plan = step_of(search, step);
    Bound *bound = &search->steps[step];
    Queue *queue = queue_of(search, step);
    bound->members.n = 0;
    for (uint32_t i = bound->at; i < queue->n && bound->members.n < plan->max; i++) {
        const Entry *entry = queue_at(agent, queue, i);
        if (entry->serial >= end)
            break;
        if (entry->used)
            continue;
        bound->members.items[bound->members.n++] = entry;
        if (!member_fits(search, step)) {
            bound->members.n--;
            if (i == bound->at)
                return false;
        }
    }
    if (bound->members.n < plan->min)
        return false;
    sequence_show(agent, step, &bound->members, bound->members.n - 1);
    return step_fits(search, step);
}

/* Whether an entry fits a step: its conditions, those of a loop before it that it would end, and not those of a loop
 * that it would begin. */
static bool entry_fits(Search *search, uint32_t step, uint32_t at)
{
    Bound *bound = &search->steps[step];
    const Entry *entry = queue_at(search->agent, queue_of(search, step), at);
    if (step > 0 && step_of(search, step - 1)->loop && !members_fit(search, step - 1, entry->serial))
        return false;
    bound->at = at;
    bound->members.items[0] = entry;
    bound->members.n = 1;
    sequence_show(search->agent, step, &bound->members, 0);
    return member_fits(search, step) && (step_of(search, step)->loop || step_fits(search, step));
}

/* `-> first b`: whether the bound entry is the earliest that fits behind the step before, consumed ones too; at the
 * beginning of a pattern the earliest that is left. */
static bool is_earliest(Search *search, uint32_t step)
{
    Bound *bound = &search->steps[step];
    uint32_t chosen = bound->at;
    uint64_t after = step ? search->steps[step - 1].members.items[0]->serial : 0;
    bool earlier = false;
    for (uint32_t i = 0; i < chosen && !earlier; i++) {
        const Entry *entry = queue_at(search->agent, queue_of(search, step), i);
        if (entry->serial > after && (step || !entry->used))
            earlier = entry_fits(search, step, i);
    }
    bound->at = chosen;
    if (step > 0 && step_of(search, step - 1)->loop) /* as it was */
        members_fit(search, step - 1, entry_of(search, step)->serial);
    return !earlier;
}

/* Tests steps from..to of the candidate, all bound, with their loops; the last one may still grow. */
static bool prefix_fits(Search *search, uint32_t from, uint32_t to)
{
    for (uint32_t step = from; step <= to; step++) {
        bool last = step + 1 == search->agent->plan->nsteps;
        if (step_of(search, step)->loop && !last && step == to)
            continue; /* ends when the next step binds */
        if (step_of(search, step)->link == LINK_FIRST && !is_earliest(search, step))
            return false;
        if (!members_fit(search, step, last ? UINT64_MAX : step_of(search, step)->loop ? entry_of(search, step + 1)->serial : UINT64_MAX))
            return false;
    }
    return true;
}

/* ── Candidates ── */

static const Entry *last_entry(const Search *search)
{
    const Members *members = &search->steps[search->agent->plan->nsteps - 1].members;
    return members->items[members->n - 1];
}

static void result_fill(Search *search, Result *result)
{
    uint32_t nsteps = search->agent->plan->nsteps, n = 0;
    for (uint32_t s = 0; s < nsteps; s++)
        n += search->steps[s].members.n;
    result->serials = arena_raw(&search->agent->engine->scratch, n * sizeof *result->serials);
    result->nserials = 0;
    for (uint32_t s = 0; s < nsteps; s++) {
        result->at[s] = search->steps[s].at;
        for (uint32_t i = 0; i < search->steps[s].members.n; i++)
            result->serials[result->nserials++] = search->steps[s].members.items[i]->serial;
    }
}

/* A candidate is whole: remembers it if it is one to report. */
static bool candidate_found(Search *search)
{
    const AgentPlan *plan = search->agent->plan;
    if (!sequence_plan_of(search->agent)->in_order && !prefix_fits(search, 0, plan->nsteps - 1))
        return false;
    const Entry *last = last_entry(search);
    if (!sequence_is_within(search->agent, entry_of(search, 0)->time, last->time))
        return false;
    if (last->serial <= search->since)
        return true;
    if (search->nresults == RESULTS_MAX) {
        search->exhausted = true;
        return true;
    }
    search->results = arena_grow(&search->agent->engine->scratch, search->results, search->nresults, sizeof(Result));
    result_fill(search, &search->results[search->nresults++]);
    return true;
}

/* Whether an entry can stand in a step, given the steps that are bound around it. */
static bool stands_in_order(const Search *search, uint32_t step, const Entry *entry)
{
    for (uint32_t s = 0; s < search->agent->plan->nsteps; s++) {
        if (!search->steps[s].bound)
            continue;
        uint64_t serial = entry_of(search, s)->serial;
        if (s < step ? serial >= entry->serial : serial <= entry->serial)
            return false;
    }
    return true;
}

/* The first index of a queue whose entry comes behind a serial. */
static uint32_t index_behind(const Search *search, uint32_t step, uint64_t serial)
{
    Queue *queue = queue_of(search, step);
    uint32_t low = 0, high = queue->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (queue_at(search->agent, queue, middle)->serial > serial)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool choose(Search *search, uint32_t level);

static bool try_entry(Search *search, uint32_t level, uint32_t step, uint32_t at)
{
    Bound *bound = &search->steps[step];
    const Entry *entry = queue_at(search->agent, queue_of(search, step), at);
    if (entry->used || !stands_in_order(search, step, entry))
        return false;
    bound->at = at;
    bound->bound = true;
    bool in_order = sequence_plan_of(search->agent)->in_order;
    uint32_t from = step > 0 && step_of(search, step - 1)->loop ? step - 1 : step;
    bool found = (!in_order || prefix_fits(search, from, step)) && choose(search, level + 1);
    bound->bound = false;
    return found;
}

/* Binds the level-th step in the order of `pick`, then those behind it. Returns whether there is any candidate. */
static bool choose(Search *search, uint32_t level)
{
    const AgentPlan *plan = search->agent->plan;
    if (level == plan->nsteps)
        return candidate_found(search);
    uint32_t step = plan->policies.pick_order[level], n = queue_of(search, step)->n;
    PolicyValue pick = plan->policies.pick[step];
    bool before = step > 0 && search->steps[step - 1].bound;
    uint32_t from = before ? index_behind(search, step, entry_of(search, step - 1)->serial) : 0;
    bool loop = step_of(search, step)->loop;
    if (step + 1 == plan->nsteps && !loop && search->immediate && sequence_plan_of(search->agent)->newest_last && n)
        from = from < n - 1 ? n - 1 : from; /* nothing but the newest event can end a match */
    bool any = false;
    for (uint32_t i = from; i < n && !search->exhausted; i++) {
        if (search->budget-- == 0) {
            search->exhausted = true;
            break;
        }
        bool found = try_entry(search, level, step, pick == PICK_LAST ? n - 1 - (i - from) : i);
        any |= found;
        if (found && pick != PICK_EACH)
            break;
    }
    return any;
}

/* Event by event in pattern order; the first difference decides, the earlier event first. */
static int result_compare(const Result *a, const Result *b)
{
    for (uint32_t i = 0; i < a->nserials && i < b->nserials; i++)
        if (a->serials[i] != b->serials[i])
            return a->serials[i] < b->serials[i] ? -1 : 1;
    return (a->nserials > b->nserials) - (a->nserials < b->nserials);
}

/* Matches leave in the order of their events, whatever `pick` compared first. Few: an insertion sort. */
static void results_sort(Search *search)
{
    for (uint32_t i = 1; i < search->nresults; i++) {
        Result result = search->results[i];
        uint32_t k = i;
        for (; k > 0 && result_compare(&search->results[k - 1], &result) > 0; k--)
            search->results[k] = search->results[k - 1];
        search->results[k] = result;
    }
}

/* ── Reporting and consuming ── */

static void steps_init(Search *search)
{
    Agent *agent = search->agent;
    for (uint32_t s = 0; s < agent->plan->nsteps; s++) {
        uint32_t n = queue_of(search, s)->n;
        search->steps[s] = (Bound){.members = {arena_raw(&agent->engine->scratch, (n + 1) * sizeof(Entry *)), 0}};
    }
}

static void entry_consume(Search *search, uint64_t serial)
{
    Agent *agent = search->agent;
    for (uint32_t s = 0; s < agent->plan->nsteps; s++) {
        Queue *queue = queue_of(search, s);
        uint32_t at = index_behind(search, s, serial - 1);
        if (at >= queue->n || queue_at(agent, queue, at)->serial != serial)
            continue;
        if (sequence_plan_of(agent)->keeps_used)
            queue_at(agent, queue, at)->used = 1;
        else
            queue_remove(agent, queue, at);
    }
}

static void match_report(Search *search, const Result *result, bool consume)
{
    Agent *agent = search->agent;
    bool at_close = agent->plan->policies.evaluate == EVALUATE_AT_CLOSE;
    uint32_t nsteps = agent->plan->nsteps;
    Members members[STEPS_MAX];
    for (uint32_t s = 0; s < nsteps; s++) {
        search->steps[s].at = result->at[s];
        search->steps[s].bound = true;
    }
    bool fits = prefix_fits(search, 0, nsteps - 1); /* once more: it collects the members of loops */
    assert(fits);
    for (uint32_t s = 0; s < nsteps; s++) {
        members[s] = search->steps[s].members;
        search->steps[s].bound = false;
    }
    sequence_report(agent, search->leaf, members, at_close ? node_close_time(agent, search->leaf) : last_entry(search)->time);
    for (uint32_t i = 0; consume && i < result->nserials; i++)
        entry_consume(search, result->serials[i]);
}

static void exhausted_report(Search *search)
{
    agent_reject(search->agent, "limit reached",
                 TEXT("the pattern looked at 1,000,000 combinations at one event and gave up; give it a shorter `within` or a key"),
                 NULL, 0);
}

/* One evaluation: finds what `pick` chooses and reports it by `consume`. */
static void evaluate(Agent *agent, Handle leaf, bool immediate, uint64_t since)
{
    const Policies *policies = &agent->plan->policies;
    bool one_by_one = policies->consume == CONSUME_MATCHED;
    Search search = {.agent = agent, .leaf = leaf, .immediate = immediate, .since = since, .budget = BUDGET};
    do {
        search.results = NULL;
        search.nresults = 0;
        steps_init(&search);
        choose(&search, 0);
        results_sort(&search);
        for (uint32_t i = 0; i < search.nresults && !sequence_at(agent, leaf)->done; i++) {
            match_report(&search, &search.results[i], one_by_one);
            if (one_by_one)
                break;
        }
    } while (one_by_one && search.nresults && !search.exhausted && !sequence_at(agent, leaf)->done);
    if (search.exhausted)
        exhausted_report(&search);
    if (policies->consume == CONSUME_EVERYTHING && search.nresults)
        for (uint32_t s = 0; s < agent->plan->nsteps; s++)
            queue_clear(agent, sequence_queue(agent, leaf, s));
}

/* ── Events ── */

/* The first number that the leaf's own trailing count leaves. */
static uint64_t first_number(const Agent *agent, Handle leaf)
{
    uint64_t events = sequence_at(agent, leaf)->events, last = agent->trailing.count;
    return last && events > last ? events - last + 1 : 0;
}

static bool is_live(const Agent *agent, const Entry *entry, uint64_t first, uint64_t outer, int64_t now)
{
    bool ages = agent->plan->policies.evaluate != EVALUATE_AT_CLOSE;
    return entry->number >= first && entry->outer >= outer && (!ages || sequence_is_live(agent, entry->time, now));
}

/* Lets go of what is out of reach. What is looked at once, at a close, stays until then: there only the distance of
 * a match's events from one another counts. */
static void expire(Agent *agent, Handle leaf, int64_t now)
{
    uint64_t first = first_number(agent, leaf), outer = counter_first(agent, leaf);
    for (uint32_t s = 0; s < agent->plan->nsteps; s++) {
        Queue *queue = sequence_queue(agent, leaf, s);
        while (queue->n && !is_live(agent, queue_at(agent, queue, 0), first, outer, now))
            queue_pop(agent, queue);
    }
}

/* An event of a later step with nothing live before it can be part of no match. */
static bool can_bind(const Agent *agent, Handle leaf, uint32_t step)
{
    return step == 0 || sequence_queue(agent, leaf, step - 1)->n;
}

void search_event(Agent *agent, Handle leaf, const Arrival *arrival, uint32_t steps)
{
    const AgentPlan *plan = agent->plan;
    Pool *pool = &agent->engine->pool;
    uint32_t last = plan->nsteps - 1, joined = 0;
    uint64_t number = ++sequence_at(agent, leaf)->events;
    expire(agent, leaf, arrival->time);
    for (uint32_t step = plan->nsteps; step-- > 0;) { /* from the last, so that nothing stands behind itself */
        if (!(steps >> step & 1) || !can_bind(agent, leaf, step))
            continue;
        const Shape *shape = &plan->participants[plan->steps[step].participant].shape;
        Handle record = record_new(pool, shape, arrival->rows, arrival->row);
        queue_push(agent, sequence_queue(agent, leaf, step), (Entry){agent->serial, arrival->time, record, 0, number, agent->number});
        joined |= UINT32_C(1) << step;
    }
    if (!(joined >> last & 1) || plan->policies.evaluate != EVALUATE_IMMEDIATELY)
        return;
    evaluate(agent, leaf, true, agent->serial - 1);
    Queue *queue = sequence_queue(agent, leaf, last);
    const SequencePlan *own = sequence_plan_of(agent);
    bool alone = !plan->steps[last].loop && plan->steps[last].link != LINK_FIRST && own->newest_last && !own->keeps_used;
    if (alone && queue->n && queue_at(agent, queue, queue->n - 1)->serial == agent->serial)
        queue_remove(agent, queue, queue->n - 1); /* it can end no later match */
}

void search_evaluate(Agent *agent, Handle leaf)
{
    uint64_t since = sequence_at(agent, leaf)->evaluated;
    sequence_at(agent, leaf)->evaluated = agent->serial;
    expire(agent, leaf, agent->cause.time);
    evaluate(agent, leaf, false, since);
}

void search_close(Agent *agent, Handle leaf)
{
    expire(agent, leaf, agent->cause.time);
    evaluate(agent, leaf, false, 0);
}
