/* The participants of a partition. See set.h. */
#include "agents/set.h"
#include "agents/views.h"

#include <assert.h>

/* One member of a ring. Behind it: `took`, a bit per aggregate that took it in, its serial among the agent's arrivals
 * and its number in a `last N events`, where the plan says that members know them; then what aggregates keep. */
typedef struct Member {
    int64_t time;
    EventId id;
} Member;

static const SetPlan *plan_of(const Agent *agent)
{
    return agent->own;
}

static Set *set_at(const Agent *agent, Handle leaf)
{
    return node_state(agent, leaf);
}

static Accumulator *accumulator_at(const Agent *agent, const Set *set, uint32_t aggregate)
{
    return (Accumulator *)((char *)set + plan_of(agent)->accumulator[aggregate]);
}

static Handle *latest_at(const Agent *agent, const Set *set, uint32_t participant)
{
    uint32_t offset = plan_of(agent)->latest[participant];
    return offset ? (Handle *)((char *)set + offset) : NULL;
}

static bool is_kept(const Shape *shape)
{
    bool kept = shape->header;
    for (uint32_t s = 0; s < shape->nslots; s++)
        kept |= shape->slots[s].kept;
    return kept;
}

static void members_plan(const AgentPlan *plan, SetPlan *own)
{
    uint32_t slots = 0;
    for (uint32_t k = 0; k < plan->naggregates; k++) {
        const AggregatePlan *aggregate = &plan->aggregates[k];
        own->slot[k] = accumulator_member_keeps(aggregate->kind) ? slots++ : UINT32_MAX;
        own->knows_took |= aggregate->value || aggregate->where || plan->nevents > 1;
        own->knows_serial |= aggregate->kind == AGGREGATE_MIN || aggregate->kind == AGGREGATE_MAX;
    }
    own->kept = (uint32_t)sizeof(Member) + 8 * own->knows_took + 8 * own->knows_serial + 8 * own->knows_number;
    own->member_size = own->kept + slots * (uint32_t)sizeof(Kept);
}

static void sizes_plan(const AgentPlan *plan, SetPlan *own)
{
    own->size = sizeof(Set);
    if (plan->kind == AGENT_AGGREGATE && plan->emit.kind == EMIT_ON_CHANGE) {
        own->emitted = own->size;
        own->size += sizeof(uint64_t);
    }
    for (uint32_t k = 0; k < plan->naggregates; k++) {
        own->accumulator[k] = own->size;
        own->size += accumulator_size(plan->aggregates[k].kind);
    }
    for (uint32_t p = 0; p < plan->nevents; p++)
        if (is_kept(&plan->participants[p].shape)) {
            own->latest[p] = own->size;
            own->size += sizeof(Handle);
        }
}

void set_plan(Agent *agent)
{
    Arena *arena = &agent->engine->arena;
    const AgentPlan *plan = agent->plan;
    SetPlan *own = ARENA_NEW(arena, SetPlan);
    assert(plan->naggregates <= AGGREGATES_MAX);
    own->leaving = agent->trailing.members;
    own->slot = ARENA_ARRAY(arena, uint32_t, plan->naggregates + 1);
    own->accumulator = ARENA_ARRAY(arena, uint32_t, plan->naggregates + 1);
    own->latest = ARENA_ARRAY(arena, uint32_t, plan->nevents + 1);
    own->knows_number = agent->counts;
    members_plan(plan, own);
    sizes_plan(plan, own);
    own->evidence = evidence_of(&plan->policies);
    own->condition = compare_of(plan->condition, OP_AGGREGATE);
    agent->own = own;
}

uint32_t set_size(const Agent *agent)
{
    return plan_of(agent)->size;
}

uint64_t *set_emitted(const Agent *agent, Handle leaf)
{
    return (uint64_t *)((char *)set_at(agent, leaf) + plan_of(agent)->emitted);
}

/* ── Members ── */

static Member *member_at(const Agent *agent, const Set *set, uint64_t i)
{
    char *ring = pool_at(&agent->engine->pool, set->members);
    return (Member *)(ring + (size_t)((set->members_head + i) & (set->members_room - 1)) * plan_of(agent)->member_size);
}

/* Which aggregates took a member in. */
static uint64_t *member_took(const Agent *agent, const Member *member)
{
    return plan_of(agent)->knows_took ? (uint64_t *)(member + 1) : NULL;
}

static uint64_t *member_serial(const Agent *agent, const Member *member)
{
    return plan_of(agent)->knows_serial ? (uint64_t *)(member + 1) + plan_of(agent)->knows_took : NULL;
}

static uint64_t *member_number(const Agent *agent, const Member *member)
{
    const SetPlan *plan = plan_of(agent);
    return plan->knows_number ? (uint64_t *)(member + 1) + plan->knows_took + plan->knows_serial : NULL;
}

static Kept *member_kept(const Agent *agent, const Member *member, uint32_t aggregate)
{
    uint32_t slot = plan_of(agent)->slot[aggregate];
    return slot == UINT32_MAX ? NULL : (Kept *)((char *)member + plan_of(agent)->kept) + slot;
}

void set_prefetch(const Agent *agent, Handle leaf)
{
    const Set *set = set_at(agent, leaf);
    if (set->members)
        __builtin_prefetch(member_at(agent, set, 0));
}

static void members_grow(Agent *agent, Set *set)
{
    Pool *pool = &agent->engine->pool;
    uint32_t room = set->members_room ? set->members_room * 2 : 2, size = plan_of(agent)->member_size;
    Handle ring = pool_alloc(pool, room * size);
    for (uint64_t i = 0; i < set->count; i++)
        memcpy((char *)pool_at(pool, ring) + i * size, member_at(agent, set, i), size);
    if (set->members)
        pool_free(pool, set->members, set->members_room * size);
    set->members = ring;
    set->members_room = room;
    set->members_head = 0;
}

/* The newest event of a participant goes with its member: what has no member left is null. */
static void latest_leaves(Agent *agent, Set *set, const Member *member)
{
    for (uint32_t p = 0; p < agent->plan->nevents; p++) {
        Handle *latest = latest_at(agent, set, p);
        if (!latest || !*latest)
            continue;
        EventId id = record_at(&agent->engine->pool, *latest)->id;
        if (id.high != member->id.high || id.low != member->id.low)
            continue;
        record_unref(&agent->engine->pool, *latest);
        *latest = HANDLE_NONE;
    }
}

static void first_leaves(Agent *agent, Set *set)
{
    const Member *member = member_at(agent, set, 0);
    const uint64_t *took = member_took(agent, member), *serial = member_serial(agent, member);
    for (uint32_t k = 0; k < agent->plan->naggregates; k++) {
        if (took && !(*took >> k & 1))
            continue;
        const Kept *kept = member_kept(agent, member, k);
        accumulator_remove(&agent->engine->pool, &agent->plan->aggregates[k], accumulator_at(agent, set, k),
                           serial ? *serial : 0, kept ? *kept : 0);
    }
    latest_leaves(agent, set, member);
    set->members_head = (set->members_head + 1) & (set->members_room - 1);
    set->count--;
}

void set_expire(Agent *agent, Handle leaf, int64_t time)
{
    Set *set = set_at(agent, leaf);
    const Trailing *trailing = &agent->trailing;
    uint64_t first = counter_first(agent, leaf);
    while (first && set->count && *member_number(agent, member_at(agent, set, 0)) < first)
        first_leaves(agent, set);
    while (trailing->last && set->count) {
        int64_t age = time - member_at(agent, set, 0)->time;
        if (trailing->inclusive ? age <= trailing->last : age < trailing->last)
            break;
        first_leaves(agent, set);
    }
}

/* ── Evidence, where there are no members ──
 * The first so many ids as they came, then a ring of the last ones. */

static void evidence_add(Agent *agent, Set *set, EventId id)
{
    const SetPlan *plan = plan_of(agent);
    uint32_t most = plan->evidence.first + plan->evidence.last;
    if (!most)
        return;
    Pool *pool = &agent->engine->pool;
    uint64_t at = set->count;
    if (at >= most)
        at = plan->evidence.first + (at - plan->evidence.first) % plan->evidence.last;
    if (at >= set->evidence_room) {
        uint32_t room = set->evidence_room ? set->evidence_room * 2 : 2;
        room = room < most ? room : most;
        Handle grown = pool_alloc(pool, room * sizeof(EventId));
        if (set->evidence) {
            memcpy(pool_at(pool, grown), pool_at(pool, set->evidence), set->evidence_room * sizeof(EventId));
            pool_free(pool, set->evidence, set->evidence_room * sizeof(EventId));
        }
        set->evidence = grown;
        set->evidence_room = room;
    }
    ((EventId *)pool_at(pool, set->evidence))[at] = id;
}

/* ── Taking in ── */

/* A program over one event of the arrival; most just read an attribute. */
static State value_of(Agent *agent, Handle leaf, const Program *program, const Arrival *arrival, const uint16_t *columns, Cell *value)
{
    if (program->n == 1 && program->code[0].op == OP_LOAD) {
        const Column *column = &arrival->rows->columns[columns[program->code[0].immediate]];
        *value = cell_get(column->type, column->cells, arrival->row);
        return column->states[arrival->row];
    }
    View view = {.rows = arrival->rows, .column = columns, .row = arrival->row};
    Surroundings around = views_surroundings(agent, leaf);
    return program_value(program, &view, &around, value);
}

State set_program(Agent *agent, Handle leaf, const Program *program, uint32_t participant, const Arrival *arrival, Cell *value)
{
    const uint16_t *columns = shape_columns(&agent->plan->participants[participant].shape, arrival->rows->type);
    return value_of(agent, leaf, program, arrival, columns, value);
}

static bool takes(Agent *agent, Handle leaf, const AggregatePlan *aggregate, const Arrival *arrival, const uint16_t *columns, Cell *value)
{
    Cell where;
    if (aggregate->where && !(value_of(agent, leaf, aggregate->where, arrival, columns, &where) == STATE_OK && where.b))
        return false;
    State state = aggregate->value ? value_of(agent, leaf, aggregate->value, arrival, columns, value) : STATE_OK;
    if (state == STATE_ERROR)
        agent_reject(agent, "evaluation failed", TEXT("the value of an aggregate gave an error"), arrival->rows, arrival->row);
    return state == STATE_OK;
}

static Member *member_add(Agent *agent, Set *set, const Arrival *arrival)
{
    if (set->count == set->members_room)
        members_grow(agent, set);
    Member *member = member_at(agent, set, set->count);
    *member = (Member){arrival->time, arrival->id};
    uint64_t *took = member_took(agent, member), *serial = member_serial(agent, member);
    if (took)
        *took = 0;
    if (serial)
        *serial = agent->serial;
    if (plan_of(agent)->knows_number)
        *member_number(agent, member) = agent->number;
    return member;
}

static void aggregates_add(Agent *agent, Handle leaf, Set *set, uint32_t participant, const Arrival *arrival, Member *member)
{
    const uint16_t *columns = shape_columns(&agent->plan->participants[participant].shape, arrival->rows->type);
    uint64_t *took = member ? member_took(agent, member) : NULL;
    for (uint32_t k = 0; k < agent->plan->naggregates; k++) {
        const AggregatePlan *aggregate = &agent->plan->aggregates[k];
        Cell value = {0};
        Kept unused, *kept = member ? member_kept(agent, member, k) : NULL;
        if (aggregate->participant != participant || !takes(agent, leaf, aggregate, arrival, columns, &value))
            continue;
        if (!accumulator_add(&agent->engine->pool, aggregate, accumulator_at(agent, set, k), plan_of(agent)->leaving,
                             agent->serial, value, kept ? kept : &unused))
            agent_reject(agent, "evaluation failed", TEXT("a sum overflows"), arrival->rows, arrival->row);
        else if (took)
            *took |= UINT64_C(1) << k;
    }
}

static void latest_keep(Agent *agent, Set *set, uint32_t participant, const Arrival *arrival)
{
    Handle *latest = latest_at(agent, set, participant);
    if (!latest)
        return;
    if (*latest)
        record_unref(&agent->engine->pool, *latest);
    *latest = record_new(&agent->engine->pool, &agent->plan->participants[participant].shape, arrival->rows, arrival->row);
}

/* An event is one member, whichever participants it is. */
uint64_t set_add(Agent *agent, Handle leaf, const Arrival *arrival)
{
    Set *set = set_at(agent, leaf);
    uint64_t participants = 0;
    set_expire(agent, leaf, arrival->time);
    for (uint32_t r = 0; r < arrival->input->nroles; r++)
        if (arrival->input->roles[r].kind == ROLE_PARTICIPANT && (arrival->roles >> r & 1))
            participants |= UINT64_C(1) << arrival->input->roles[r].index;
    if (!participants)
        return 0;
    Member *member = plan_of(agent)->leaving ? member_add(agent, set, arrival) : NULL;
    if (!member)
        evidence_add(agent, set, arrival->id);
    for (uint64_t left = participants; left; left &= left - 1) {
        aggregates_add(agent, leaf, set, (uint32_t)__builtin_ctzll(left), arrival, member);
        latest_keep(agent, set, (uint32_t)__builtin_ctzll(left), arrival);
    }
    set->count++;
    if (agent->trailing.count && set->count > agent->trailing.count)
        first_leaves(agent, set);
    return participants;
}

void set_clear(Agent *agent, Handle leaf)
{
    Set *set = set_at(agent, leaf);
    const SetPlan *plan = plan_of(agent);
    Pool *pool = &agent->engine->pool;
    while (plan->leaving && set->count)
        first_leaves(agent, set);
    for (uint32_t k = 0; k < agent->plan->naggregates; k++)
        accumulator_clear(pool, &agent->plan->aggregates[k], accumulator_at(agent, set, k), plan->leaving);
    for (uint32_t p = 0; p < agent->plan->nevents; p++) {
        Handle *latest = latest_at(agent, set, p);
        if (latest && *latest)
            record_unref(pool, *latest);
        if (latest)
            *latest = HANDLE_NONE;
    }
    if (set->members)
        pool_free(pool, set->members, set->members_room * plan->member_size);
    if (set->evidence)
        pool_free(pool, set->evidence, set->evidence_room * sizeof(EventId));
    set->count = 0;
    set->members = set->evidence = HANDLE_NONE;
    set->members_room = set->members_head = set->evidence_room = 0;
}

/* ── Showing ── */

/* The value that the oldest member brought to a FIRST. */
static State first_value(const Agent *agent, const Set *set, uint32_t k, Cell *value)
{
    for (uint64_t i = 0; i < set->count; i++) {
        const Member *member = member_at(agent, set, i);
        const uint64_t *took = member_took(agent, member);
        if (took && !(*took >> k & 1))
            continue;
        *value = kept_value(&agent->engine->pool, agent->plan->aggregates[k].value_type, *member_kept(agent, member, k));
        return STATE_OK;
    }
    return STATE_NULL;
}

State set_value(const Agent *agent, Handle leaf, uint32_t k, Cell *value)
{
    const Set *set = set_at(agent, leaf);
    const AggregatePlan *aggregate = &agent->plan->aggregates[k];
    bool leaving = plan_of(agent)->leaving;
    if (leaving && aggregate->kind == AGGREGATE_FIRST)
        return first_value(agent, set, k, value);
    return accumulator_value(&agent->engine->pool, aggregate, accumulator_at(agent, set, k), leaving, value);
}

void set_show(Agent *agent, Handle leaf, const Arrival *arrival)
{
    const Set *set = set_at(agent, leaf);
    for (uint32_t k = 0; k < agent->plan->naggregates; k++)
        agent->aggregate_states[k] = (uint8_t)set_value(agent, leaf, k, &agent->aggregates[k]);
    for (uint32_t p = 0; p < agent->plan->nevents; p++) {
        const Handle *latest = latest_at(agent, set, p);
        views_record(agent, p, latest ? *latest : HANDLE_NONE);
    }
    for (uint32_t r = 0; arrival && r < arrival->input->nroles; r++)
        if (arrival->input->roles[r].kind == ROLE_PARTICIPANT && (arrival->roles >> r & 1))
            views_row(agent, arrival->input->roles[r].index, arrival->rows, arrival->row);
    views_initiator(agent, leaf);
}

uint32_t set_causes(Agent *agent, Handle leaf, const EventId **causes, uint64_t *count)
{
    const Set *set = set_at(agent, leaf);
    const SetPlan *plan = plan_of(agent);
    uint32_t most = plan->evidence.first + plan->evidence.last, n = 0;
    *count = set->count;
    *causes = NULL;
    if (!most || !set->count)
        return 0;
    EventId *ids = arena_raw(&agent->engine->scratch, most * sizeof *ids);
    const EventId *kept = set->evidence ? pool_at(&agent->engine->pool, set->evidence) : NULL;
    for (uint64_t i = 0; i < set->count; i++) {
        if (set->count > most && i == plan->evidence.first)
            i = set->count - plan->evidence.last;
        uint64_t at = i < most ? i : plan->evidence.first + (i - plan->evidence.first) % plan->evidence.last;
        ids[n++] = plan->leaving ? member_at(agent, set, i)->id : kept[at];
    }
    *causes = ids;
    return n;
}
