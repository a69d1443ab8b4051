/* The interest index. See interest.h.
 *
 *   type ─┬─ kernels  one-role inputs, filter over all rows          program_choose
 *         ├─ indexes  one-role inputs with `column == constant`:     value ─hash─► postings ─► rest of the filter
 *         └─ unions   inputs with several roles, or that want every row: a mask per row
 *
 * Built for 10,000 rules on one attribute; a posting list is short. A rest of the form `column op constant`, which
 * most are, is decided without running a program. */
#include "agents/interest.h"

#include <assert.h>

#include "agents/compare.h"
#include "agents/derive.h"
#include "agents/mail.h"
#include "agents/parts.h"

enum { INDEX_MIN = 4 };

typedef struct Listener {
    Agent *agent;
    uint32_t input;
    const Program *filter; /* NULL = every row; of an indexed one what is left */
    const uint16_t *columns;
} Listener;

/* What is looked at for every row that finds a posting: kept apart, so that ten thousand rules stay in the cache. */
typedef struct Candidate {
    Compare compare; /* what is left of the filter, if it is that simple */
    uint32_t next;   /* in its posting list */
    bool always;     /* nothing is left */
} Candidate;

enum { SHORT_MAX = 16 };

/* A slot of an equality index. A short value lies in it; of a longer string only the address. */
typedef struct EqualSlot {
    uint32_t hash;
    uint32_t first; /* listener; UINT32_MAX = free slot */
    uint32_t len;   /* of a string */
    union {
        char bytes[SHORT_MAX];
        const char *text;
        int64_t number;
    };
} EqualSlot;

typedef struct EqualIndex {
    uint32_t column;
    TypeKind type;
    EqualSlot *slots;
    uint32_t room, count;
} EqualIndex;

typedef struct Union {
    Agent *agent;
    uint32_t input;
    bool all;
} Union;

typedef struct TypeInterest {
    Listener *kernels, *indexed;
    Candidate *candidates; /* parallel to indexed */
    EqualIndex *indexes;
    Union *unions;
    uint32_t nkernels, nindexed, nindexes, nunions;
} TypeInterest;

struct Interest {
    Engine *engine;
    TypeInterest *types; /* by posting: see Engine.postings */
    uint32_t *chosen, *failed, *masks, *fails; /* one batch's rows; grown */
    uint32_t room;
};

/* ── Building ── */

static const Shape *role_shape(const AgentPlan *plan, const InputPlan *input, const RolePlan *role)
{
    return role->participant == INDEX_NONE ? &input->shape : &plan->participants[role->participant].shape;
}

/* Rows that no role wants matter where a key that was seen at all gets an output at the close, and where there is
 * a terminal for them. */
static bool wants_all(const AgentPlan *plan, const InputPlan *input)
{
    if (has_port(plan, PORT_ELSE) || has_port(plan, PORT_ERROR))
        return true;
    uint32_t windows = 0, members = 0; /* of the context, that make partitions */
    for (uint32_t i = 0; i < plan->ncontexts; i++) {
        ContextKind kind = plan->contexts[i].kind;
        windows += context_ops(kind)->windows;
        members += kind != CONTEXT_LAST;
    }
    bool participant = false;
    for (uint32_t r = 0; r < input->nroles; r++)
        participant |= input->roles[r].kind == ROLE_PARTICIPANT;
    return input->nroles == 0 || (windows && members > 1 && participant && agent_speaks_at_close(plan));
}

static bool is_single(const AgentPlan *plan, const InputPlan *input)
{
    return input->nroles == 1 && !wants_all(plan, input);
}

/* How many one-role inputs of a type ask for equality on a column: for one answer, not for building. */
static uint32_t equal_count(const Plan *plan, uint32_t type, uint32_t column)
{
    uint32_t n = 0;
    for (uint32_t a = 0; a < plan->nagents; a++)
        for (uint32_t i = 0; i < plan->agents[a].ninputs; i++) {
            const InputPlan *input = &plan->agents[a].inputs[i];
            n += input->type == type && is_single(&plan->agents[a], input) && input->roles[0].equal_column == column;
        }
    return n;
}

Access interest_access(const Plan *plan, uint32_t agent, uint32_t input, uint32_t role)
{
    const InputPlan *in = &plan->agents[agent].inputs[input];
    const RolePlan *r = &in->roles[role];
    if (!r->filter)
        return ACCESS_ALL;
    if (!is_single(&plan->agents[agent], in) || r->equal_column == INDEX_NONE)
        return ACCESS_KERNEL;
    return equal_count(plan, in->type, r->equal_column) >= INDEX_MIN ? ACCESS_INDEX : ACCESS_KERNEL;
}

/* What is left of a filter as a comparison with a column of the type. */
static Compare rest_of(const Program *program, const uint16_t *columns)
{
    Compare compare = compare_of(program, OP_LOAD);
    compare.source = compare.simple ? columns[compare.source] : 0;
    return compare;
}

static Listener listener_of(Agent *agent, uint32_t input, const Program *filter)
{
    const InputPlan *plan = &agent->plan->inputs[input];
    const Shape *shape = role_shape(agent->plan, plan, &plan->roles[0]);
    return (Listener){.agent = agent, .input = input, .filter = filter, .columns = shape_columns(shape, plan->type)};
}

static EqualIndex *index_of(Interest *interest, TypeInterest *type, uint32_t type_index, uint32_t column)
{
    for (uint32_t i = 0; i < type->nindexes; i++)
        if (type->indexes[i].column == column)
            return &type->indexes[i];
    Arena *arena = &interest->engine->arena;
    type->indexes = arena_grow(arena, type->indexes, type->nindexes, sizeof *type->indexes);
    EqualIndex *index = &type->indexes[type->nindexes++];
    *index = (EqualIndex){column, interest->engine->plan->types[type_index].attributes[column].type, NULL, 0, 0};
    return index;
}

/* Whether a slot holds a value. Floats and points are not indexed: see rules/lower_roles.c. */
static bool slot_is(const EqualSlot *slot, TypeKind type, Cell value)
{
    if (type != TYPE_STRING)
        return slot->number == value.i;
    if (slot->len != value.s.len)
        return false;
    return memcmp(value.s.len <= SHORT_MAX ? slot->bytes : slot->text, value.s.p, value.s.len) == 0;
}

static EqualSlot *slot_find(const EqualIndex *index, uint32_t hash, Cell value)
{
    uint32_t mask = index->room - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        EqualSlot *slot = &index->slots[i];
        if (slot->first == UINT32_MAX || (slot->hash == hash && slot_is(slot, index->type, value)))
            return slot;
    }
}

static void index_grow(Interest *interest, EqualIndex *index)
{
    EqualSlot *old = index->slots;
    uint32_t room = index->room, mask;
    index->room = room ? room * 2 : 16;
    mask = index->room - 1;
    index->slots = arena_alloc(&interest->engine->arena, index->room * sizeof *index->slots);
    for (uint32_t i = 0; i < index->room; i++)
        index->slots[i].first = UINT32_MAX;
    for (uint32_t i = 0; i < room; i++) {
        uint32_t at = old[i].hash & mask;
        while (old[i].first != UINT32_MAX && index->slots[at].first != UINT32_MAX)
            at = (at + 1) & mask;
        if (old[i].first != UINT32_MAX)
            index->slots[at] = old[i];
    }
}

static void index_add(Interest *interest, EqualIndex *index, TypeInterest *type, uint32_t listener, Cell value)
{
    if ((index->count + 1) * 2 > index->room)
        index_grow(interest, index);
    uint32_t hash = (uint32_t)cell_hash(index->type, value);
    EqualSlot *slot = slot_find(index, hash, value);
    if (slot->first == UINT32_MAX) {
        index->count++;
        *slot = (EqualSlot){.hash = hash, .first = UINT32_MAX};
        if (index->type != TYPE_STRING) {
            slot->number = value.i;
        } else {
            slot->len = value.s.len;
            if (value.s.len <= SHORT_MAX)
                memcpy(slot->bytes, value.s.p, value.s.len);
            else
                slot->text = value.s.p;
        }
    }
    type->candidates[listener].next = slot->first;
    slot->first = listener;
}

/* How many one-role inputs ask for equality on each column of each type; so that building is linear. */
static uint32_t **equal_counts(Interest *interest)
{
    const Plan *plan = interest->engine->plan;
    uint32_t **counts = ARENA_ARRAY(&interest->engine->scratch, uint32_t *, plan->ntypes);
    for (uint32_t t = 0; t < plan->ntypes; t++)
        counts[t] = ARENA_ARRAY(&interest->engine->scratch, uint32_t, plan->types[t].nattributes + 1);
    for (uint32_t a = 0; a < plan->nagents; a++)
        for (uint32_t i = 0; i < plan->agents[a].ninputs; i++) {
            const InputPlan *input = &plan->agents[a].inputs[i];
            if (is_single(&plan->agents[a], input) && input->roles[0].equal_column != INDEX_NONE)
                counts[input->type][input->roles[0].equal_column]++;
        }
    return counts;
}

static void listen(Interest *interest, Agent *agent, uint32_t input, uint32_t **counts)
{
    Arena *arena = &interest->engine->arena;
    const InputPlan *plan = &agent->plan->inputs[input];
    bool echo = agent_derives(interest->engine->plan, agent->index, plan->type);
    TypeInterest *type = &interest->types[plan->type + (echo ? interest->engine->plan->ntypes : 0)];
    const RolePlan *role = plan->roles;
    if (!is_single(agent->plan, plan)) {
        type->unions = arena_grow(arena, type->unions, type->nunions, sizeof *type->unions);
        type->unions[type->nunions++] = (Union){agent, input, wants_all(agent->plan, plan)};
    } else if (role->equal_column != INDEX_NONE && counts[plan->type][role->equal_column] >= INDEX_MIN) {
        type->indexed = arena_grow(arena, type->indexed, type->nindexed, sizeof *type->indexed);
        type->candidates = arena_grow(arena, type->candidates, type->nindexed, sizeof *type->candidates);
        Listener *listener = &type->indexed[type->nindexed];
        *listener = listener_of(agent, input, role->rest);
        type->candidates[type->nindexed] = (Candidate){.compare = rest_of(role->rest, listener->columns), .always = !role->rest};
        EqualIndex *index = index_of(interest, type, plan->type, role->equal_column);
        index_add(interest, index, type, type->nindexed++, role->equal_value);
    } else {
        type->kernels = arena_grow(arena, type->kernels, type->nkernels, sizeof *type->kernels);
        type->kernels[type->nkernels++] = listener_of(agent, input, role->filter);
    }
}

Interest *interest_new(Engine *engine)
{
    Interest *interest = ARENA_NEW(&engine->arena, Interest);
    interest->engine = engine;
    interest->types = ARENA_ARRAY(&engine->arena, TypeInterest, 2 * engine->plan->ntypes + 1);
    uint32_t **counts = equal_counts(interest);
    for (uint32_t a = 0; a < engine->plan->nagents; a++)
        for (uint32_t i = 0; engine_has(engine, a) && i < engine->plan->agents[a].ninputs; i++)
            listen(interest, &engine->agents[a], i, counts);
    arena_reset(&engine->scratch);
    return interest;
}

void interest_free(Interest *interest)
{
    memory_free(interest->engine->memory, interest->chosen, 4 * (size_t)interest->room * sizeof(uint32_t));
}

/* ── Posting ── */

static void room_for(Interest *interest, uint32_t n)
{
    if (n <= interest->room)
        return;
    uint32_t room = interest->room ? interest->room : BATCH_ROWS;
    while (room < n)
        room *= 2;
    size_t size = (size_t)room * sizeof(uint32_t);
    interest->chosen = memory_resize(interest->engine->memory, interest->chosen,
                                     4 * (size_t)interest->room * sizeof(uint32_t), 4 * size);
    interest->failed = interest->chosen + room;
    interest->masks = interest->failed + room;
    interest->fails = interest->masks + room;
    interest->room = room;
}

/* Where an agent is shared, the rows that are another's are dropped from the mail; the failures here. */
static void failed_report(Agent *agent, uint32_t input, const Rows *rows, uint32_t row)
{
    if (agent->how == SHARE_SPREAD ? !mail_is_own(agent, rows, row) : !parts_are_own(agent, input, rows, row))
        return;
    agent_reject(agent, "evaluation failed", TEXT("the `where` of an `on` line gave an error"), rows, row);
}

/* Evaluates a filter for one row alone; NULL is true. *passes only if the state is STATE_OK. */
static State row_test(Agent *agent, const Program *filter, const uint16_t *columns, const Rows *rows, uint32_t row, bool *passes)
{
    View view = {.rows = rows, .column = columns, .row = row};
    Surroundings around = views_surroundings(agent, HANDLE_NONE);
    around.now = rows->key[row].time;
    Cell value = {.b = 1};
    State state = filter ? program_value(filter, &view, &around, &value) : STATE_OK;
    *passes = state == STATE_OK && value.b;
    return state;
}

/* The rows of a type that pass a filter, and those where it fails. */
static uint32_t choose(Interest *interest, Agent *agent, const Program *filter, const uint16_t *columns, const Rows *rows,
                       uint32_t *chosen, uint32_t *failed, uint32_t *nfailed)
{
    uint32_t n = 0;
    *nfailed = 0;
    if (!filter || filter->reads_time || interest->engine->options.row_by_row) {
        for (uint32_t row = 0; row < rows->n; row++) {
            bool passes;
            if (row_test(agent, filter, columns, rows, row, &passes) == STATE_ERROR)
                failed[(*nfailed)++] = row;
            else if (passes)
                chosen[n++] = row;
        }
        return n;
    }
    Surroundings around = views_surroundings(agent, HANDLE_NONE);
    for (uint32_t start = 0; start < rows->n; start += BATCH_ROWS) {
        uint32_t count = rows->n - start < BATCH_ROWS ? rows->n - start : BATCH_ROWS, bad = 0;
        VectorView view = {rows, columns, NULL, start};
        uint32_t got = program_choose(filter, &view, count, &around, chosen + n, failed + *nfailed, &bad);
        for (uint32_t i = 0; start && i < got; i++)
            chosen[n + i] += start;
        for (uint32_t i = 0; start && i < bad; i++)
            failed[*nfailed + i] += start;
        n += got;
        *nfailed += bad;
    }
    return n;
}

static void post(Interest *interest, Agent *agent, uint32_t type, uint32_t input, uint32_t row, uint32_t roles, uint32_t fails)
{
    uint32_t *positions = interest->engine->positions[type];
    uint32_t order = row >= interest->engine->ninputs[type] ? UINT32_MAX : positions ? positions[row] : row;
    mail_add(agent, (Mail){type, row, input, roles, fails, order});
    agent_activate(agent);
}

static void post_kernel(Interest *interest, uint32_t type, const Listener *listener)
{
    const Rows *rows = &interest->engine->batch.rows[type];
    uint32_t nfailed;
    uint32_t n = choose(interest, listener->agent, listener->filter, listener->columns, rows, interest->chosen,
                        interest->failed, &nfailed);
    for (uint32_t i = 0; i < n; i++)
        post(interest, listener->agent, type, listener->input, interest->chosen[i], 1, 0);
    for (uint32_t i = 0; i < nfailed; i++)
        failed_report(listener->agent, listener->input, rows, interest->failed[i]);
}

static bool compare_passes(const Compare *compare, const Rows *rows, uint32_t row)
{
    const Column *column = &rows->columns[compare->source];
    return column->states[row] == STATE_OK && compare_holds(compare, (const int64_t *)column->cells + row);
}

/* A row found the rule: what is left of the filter decides. */
static void post_candidate(Interest *interest, const TypeInterest *self, uint32_t type, uint32_t index, uint32_t row)
{
    const Candidate *candidate = &self->candidates[index];
    const Rows *rows = &interest->engine->batch.rows[type];
    bool simple = candidate->compare.simple && !interest->engine->options.row_by_row;
    if (simple && !compare_passes(&candidate->compare, rows, row))
        return;
    const Listener *listener = &self->indexed[index];
    bool passes = candidate->always || simple;
    if (!passes && row_test(listener->agent, listener->filter, listener->columns, rows, row, &passes) == STATE_ERROR)
        failed_report(listener->agent, listener->input, rows, row);
    if (passes)
        post(interest, listener->agent, type, listener->input, row, 1, 0);
}

/* Hashes go ahead of look-ups, so that the slots are on their way when they are asked for. */
static void post_index(Interest *interest, const TypeInterest *self, uint32_t type, const EqualIndex *index)
{
    const Rows *rows = &interest->engine->batch.rows[type];
    const Column *column = &rows->columns[index->column];
    uint32_t *hashes = interest->masks, mask = index->room - 1;
    for (uint32_t row = 0; row < rows->n; row++) {
        if (column->states[row] != STATE_OK)
            continue;
        hashes[row] = (uint32_t)cell_hash(index->type, cell_get(index->type, column->cells, row));
        __builtin_prefetch(&index->slots[hashes[row] & mask]);
    }
    for (uint32_t row = 0; row < rows->n; row++) {
        if (column->states[row] != STATE_OK)
            continue;
        const EqualSlot *slot = slot_find(index, hashes[row], cell_get(index->type, column->cells, row));
        for (uint32_t l = slot->first; l != UINT32_MAX; l = self->candidates[l].next)
            post_candidate(interest, self, type, l, row);
    }
}

/* Splits the rows of an agent with terminals of its own three ways: passed, failed or unknown, and neither. */
static void union_split(Interest *interest, const Union *all, uint32_t type, uint32_t role)
{
    Agent *agent = all->agent;
    const Rows *rows = &interest->engine->batch.rows[type];
    const InputPlan *input = &agent->plan->inputs[all->input];
    const RolePlan *plan = &input->roles[role];
    const uint16_t *columns = shape_columns(role_shape(agent->plan, input, plan), type);
    for (uint32_t row = 0; row < rows->n; row++) {
        bool passes;
        State state = row_test(agent, plan->filter, columns, rows, row, &passes);
        if (state == STATE_ERROR)
            failed_report(agent, all->input, rows, row);
        if (state != STATE_OK)
            interest->fails[row] |= UINT32_C(1) << role;
        else if (passes)
            interest->masks[row] |= UINT32_C(1) << role;
    }
}

static void union_choose(Interest *interest, const Union *all, uint32_t type, uint32_t role)
{
    const Rows *rows = &interest->engine->batch.rows[type];
    const InputPlan *input = &all->agent->plan->inputs[all->input];
    const uint16_t *columns = shape_columns(role_shape(all->agent->plan, input, &input->roles[role]), type);
    uint32_t nfailed;
    uint32_t n = choose(interest, all->agent, input->roles[role].filter, columns, rows, interest->chosen,
                        interest->failed, &nfailed);
    for (uint32_t i = 0; i < n; i++)
        interest->masks[interest->chosen[i]] |= UINT32_C(1) << role;
    for (uint32_t i = 0; i < nfailed; i++)
        failed_report(all->agent, all->input, rows, interest->failed[i]);
}

static void post_union(Interest *interest, uint32_t type, const Union *all)
{
    const Rows *rows = &interest->engine->batch.rows[type];
    const AgentPlan *plan = all->agent->plan;
    bool ports = has_port(plan, PORT_ERROR) || has_port(plan, PORT_ELSE);
    memset(interest->masks, 0, rows->n * sizeof(uint32_t));
    memset(interest->fails, 0, rows->n * sizeof(uint32_t));
    for (uint32_t r = 0; r < plan->inputs[all->input].nroles; r++)
        if (ports)
            union_split(interest, all, type, r);
        else
            union_choose(interest, all, type, r);
    for (uint32_t row = 0; row < rows->n; row++)
        if (interest->masks[row] || all->all)
            post(interest, all->agent, type, all->input, row, interest->masks[row], interest->fails[row]);
}

void interest_post(Interest *interest, uint32_t posting)
{
    const TypeInterest *self = &interest->types[posting];
    uint32_t type = posting % interest->engine->plan->ntypes;
    room_for(interest, interest->engine->batch.rows[type].n);
    for (uint32_t i = 0; i < self->nkernels; i++)
        post_kernel(interest, type, &self->kernels[i]);
    for (uint32_t i = 0; i < self->nindexes; i++)
        post_index(interest, self, type, &self->indexes[i]);
    for (uint32_t i = 0; i < self->nunions; i++)
        post_union(interest, type, &self->unions[i]);
}
