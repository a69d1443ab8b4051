/* Derivation: from an agent's views and aggregates to new events.
 *
 * A derived event joins the Rows of its type in the batch, with its cause's order key and one more path node, an
 * id that is a hash of what makes it unique, and a lineage for alerts: partition key, window, causes. The same in
 * two forms: for one match, and for a column of rows that a stateless agent passes. */
#include "agents/derive.h"

#include "agents/quiet.h"

#include <assert.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ── Identity ── */

typedef struct IdSource { /* hashed as it lies: no padding */
    uint8_t agent[16];
    EventId cause;
    int64_t cause_time;
    int64_t window_start;
    uint32_t derive, output;
    uint32_t kind : 2, shared : 30; /* shared: bytes of a timer's key that are not its own */
    uint32_t nth;
} IdSource;

/* A timer of the agent is told by its instant, kind, key and number; an event by its id, which has all that in it. */
static EventId id_make(const Agent *agent, uint32_t derive, const OrderKey *cause, EventId cause_id, uint32_t output,
                       Text key, int64_t window_start)
{
    IdSource source = {.cause = cause_id, .window_start = window_start, .derive = derive, .output = output,
                       .kind = cause->kind};
    memcpy(source.agent, agent->plan->hash, sizeof source.agent);
    if (cause->kind != ORDER_EVENT && !cause->path) {
        source.cause_time = cause->time;
        source.nth = cause->timer->nth;
        source.shared = cause->timer->key.len - cause->timer->own;
        key = cause->timer->key;
    }
    XXH128_hash_t hash = XXH3_128bits_withSeed(&source, sizeof source, agent->engine->id_seed);
    if (key.len)
        hash = XXH3_128bits_withSeed(key.p, key.len, hash.low64 ^ (hash.high64 * UINT64_C(0x9E3779B97F4A7C15)));
    return (EventId){hash.high64 & ~EVENT_ID_INPUT, hash.low64};
}

static OrderKey key_make(Agent *agent, const OrderKey *cause, uint32_t output)
{
    OrderPath *path = arena_raw(&agent->engine->batch.arena, sizeof *path);
    *path = (OrderPath){cause->path, agent->index, output, cause->path ? cause->path->depth + 1 : 1};
    OrderKey key = *cause;
    key.path = path;
    return key;
}

bool has_port(const AgentPlan *plan, DerivePort port)
{
    for (uint32_t i = 0; i < plan->nderives; i++)
        if (plan->derives[i].port == port)
            return true;
    return false;
}

/* ── One match ── */

static void value_put(Agent *agent, Rows *rows, uint32_t row, uint32_t column, State state, Cell value)
{
    if (state != STATE_OK) {
        rows_set_state(rows, row, column, STATE_NULL);
        return;
    }
    if (type_has_bytes(rows->columns[column].type))
        value.s = arena_text(&agent->engine->batch.arena, value.s);
    rows_set(rows, row, column, value);
}

static bool values_put(Agent *agent, const DerivePlan *derive, const EventType *type, Rows *rows, uint32_t row,
                       const Surroundings *around)
{
    for (uint32_t i = 0; i < type->nattributes; i++) {
        Cell value = {0};
        State state = derive->values[i] ? program_value(derive->values[i], agent->views, around, &value) : STATE_NULL;
        if (state == STATE_ERROR) {
            Text detail = arena_printf(&agent->engine->scratch, "the value of `%.*s` gave an error", TEXT_ARGS(type->attributes[i].name));
            agent_reject(agent, "evaluation failed", detail, NULL, 0);
            return false;
        }
        value_put(agent, rows, row, i, state, value);
    }
    return true;
}

static Lineage *lineage_make(Agent *agent, Handle leaf, const EventId *causes, uint32_t ncauses, uint64_t cause_count)
{
    Arena *arena = &agent->engine->batch.arena;
    Lineage *lineage = ARENA_NEW(arena, Lineage);
    const Window *window = leaf ? node_enclosing(agent, leaf) : NULL;
    lineage->agent = agent->plan;
    lineage->key = leaf ? arena_text(arena, node_key(agent, leaf)) : (Text){"", 0};
    if (window) {
        lineage->window_start = window->start;
        lineage->window_end = window->end;
    }
    EventId *copy = arena_raw(arena, (ncauses + 1) * sizeof *copy);
    if (ncauses)
        memcpy(copy, causes, ncauses * sizeof *copy);
    lineage->causes = copy;
    lineage->ncauses = ncauses;
    lineage->cause_count = cause_count;
    return lineage;
}

/* Adds the row with its header; the attributes are the caller's. */
static uint32_t header_put(Agent *agent, uint32_t derive, Rows *rows, const OrderKey *cause, EventId cause_id,
                           uint32_t output, int64_t time, Lineage *lineage)
{
    uint32_t row = rows_add(rows, agent->engine->memory);
    rows->time[row] = time;
    rows->detected[row] = cause->time;
    rows->key[row] = key_make(agent, cause, output);
    rows->id[row] = id_make(agent, derive, cause, cause_id, output, lineage->key, lineage->window_start);
    lineage->derive = derive;
    rows->lineage[row] = lineage;
    return row;
}

static bool derive_one(Agent *agent, uint32_t index, Handle leaf, int64_t time, const EventId *causes, uint32_t ncauses,
                       uint64_t cause_count)
{
    const DerivePlan *derive = &agent->plan->derives[index];
    Engine *engine = agent->engine;
    if (!views_test(agent, derive->when, leaf, NULL))
        return false;
    Surroundings around = views_surroundings(agent, leaf);
    bool quiet = agent->quiet && engine->plan->types[derive->type].alert;
    Cell at;
    if (derive->time && program_value(derive->time, agent->views, &around, &at) == STATE_OK)
        time = at.i;
    Rows *rows = &engine->batch.rows[derive->type];
    Lineage *lineage = lineage_make(agent, leaf, causes, ncauses, cause_count);
    uint32_t row = header_put(agent, index, rows, &agent->cause, agent->cause_id, agent->outputs, time, lineage);
    if (!values_put(agent, derive, &engine->plan->types[derive->type], rows, row, &around)) {
        rows_truncate(rows, row);
        return true;
    }
    if (quiet && !quiet_admits(agent, index, leaf, &around, time, &lineage->suppressed)) {
        rows_truncate(rows, row);
        return true;
    }
    agent->outputs++;
    agent->stats.derived++;
    engine_pending(engine, derive->type, agent->index);
    return true;
}

uint32_t derive_port(Agent *agent, DerivePort port, Handle leaf, int64_t time, const EventId *causes, uint32_t ncauses,
                     uint64_t cause_count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < agent->plan->nderives; i++)
        if (agent->plan->derives[i].port == port)
            n += derive_one(agent, i, leaf, time, causes, ncauses, cause_count);
    return n;
}

/* ── A column of rows ── */

/* The rows of one derive that its `when` lets through; positions into chosen. */
static uint32_t when_choose(Agent *agent, const DerivePlan *derive, const VectorView *views, uint32_t n,
                            const Surroundings *around, uint32_t *passed)
{
    if (!derive->when) {
        for (uint32_t i = 0; i < n; i++)
            passed[i] = i;
        return n;
    }
    uint32_t failed[BATCH_ROWS], nfailed = 0;
    uint32_t got = program_choose(derive->when, views, n, around, passed, failed, &nfailed);
    for (uint32_t i = 0; i < nfailed; i++)
        agent_reject(agent, "evaluation failed", TEXT("a `when` gave an error"), views[0].rows, views[0].index[failed[i]]);
    return got;
}

/* The views of the passed rows alone. */
static const VectorView *views_narrow(Agent *agent, const VectorView *views, const uint32_t *passed, uint32_t got, uint32_t n)
{
    if (got == n)
        return views;
    Arena *scratch = &agent->engine->scratch;
    VectorView *narrowed = ARENA_ARRAY(scratch, VectorView, agent->plan->nviews + 1);
    for (uint32_t v = 0; v < agent->plan->nviews; v++) {
        narrowed[v] = views[v];
        if (!views[v].rows)
            continue;
        uint32_t *index = arena_raw(scratch, got * sizeof *index);
        for (uint32_t i = 0; i < got; i++)
            index[i] = views[v].index[passed[i]];
        narrowed[v].index = index;
    }
    return narrowed;
}

static Lineage *lineage_of_row(Agent *agent, const Rows *from, uint32_t row)
{
    bool evidence = agent->plan->policies.evidence != EVIDENCE_NONE;
    return lineage_make(agent, HANDLE_NONE, &from->id[row], evidence, 1);
}

/* Runs one value program over the passed rows and writes its column; rows with an error are marked. */
static void column_put(Agent *agent, const Program *program, Rows *to, uint32_t first, uint32_t column,
                       const VectorView *views, uint32_t n, const Surroundings *around, uint8_t *errors)
{
    Vector vector = program_rows(program, views, n, around);
    for (uint32_t i = 0; i < n; i++) {
        Cell value = {0};
        State state = vector_get(&vector, i, &value);
        errors[i] |= state == STATE_ERROR;
        value_put(agent, to, first + i, column, state, value);
    }
}

static void times_put(const Program *program, Rows *to, uint32_t first, const VectorView *views, uint32_t n,
                      const Surroundings *around)
{
    Vector vector = program_rows(program, views, n, around);
    Cell value;
    for (uint32_t i = 0; i < n; i++)
        if (vector_get(&vector, i, &value) == STATE_OK)
            to->time[first + i] = value.i;
}

/* Takes the rows whose values failed out again; those behind move up. */
static void errors_drop(Agent *agent, Rows *to, uint32_t first, uint32_t n, const uint8_t *errors, const Rows *from,
                        const uint32_t *chosen, const uint32_t *passed)
{
    uint32_t kept = first;
    for (uint32_t i = 0; i < n; i++) {
        if (errors[i])
            agent_reject(agent, "evaluation failed", TEXT("a value of `derive` gave an error"), from, chosen[passed[i]]);
        else
            rows_move(to, kept++, first + i);
    }
    rows_truncate(to, kept);
}

void derive_rows(Agent *agent, DerivePort port, const Rows *from, const uint32_t *chosen, uint32_t n, const VectorView *views)
{
    Engine *engine = agent->engine;
    Surroundings around = views_surroundings(agent, HANDLE_NONE);
    uint32_t passed[BATCH_ROWS], outputs[BATCH_ROWS] = {0};
    for (uint32_t d = 0; d < agent->plan->nderives && n; d++) {
        const DerivePlan *derive = &agent->plan->derives[d];
        uint32_t got = derive->port == port ? when_choose(agent, derive, views, n, &around, passed) : 0;
        if (!got)
            continue;
        const VectorView *narrowed = views_narrow(agent, views, passed, got, n);
        Rows *to = &engine->batch.rows[derive->type];
        const EventType *type = &engine->plan->types[derive->type];
        uint32_t first = to->n;
        uint8_t errors[BATCH_ROWS] = {0};
        for (uint32_t i = 0; i < got; i++) {
            uint32_t row = chosen[passed[i]];
            header_put(agent, d, to, &from->key[row], from->id[row], outputs[passed[i]], from->time[row],
                       lineage_of_row(agent, from, row));
        }
        for (uint32_t i = 0; i < type->nattributes; i++)
            if (derive->values[i])
                column_put(agent, derive->values[i], to, first, i, narrowed, got, &around, errors);
        if (derive->time)
            times_put(derive->time, to, first, narrowed, got, &around);
        for (uint32_t i = 0; i < got; i++)
            outputs[passed[i]] += !errors[i];
        if (memchr(errors, 1, got))
            errors_drop(agent, to, first, got, errors, from, chosen, passed);
        agent->stats.derived += to->n - first;
        engine_pending(engine, derive->type, agent->index);
    }
}

/* ── Events of the engine's own ── */

void derive_builtin(Agent *agent, uint32_t type, const Cell *values, uint32_t nvalues, int64_t time)
{
    Engine *engine = agent->engine;
    Rows *rows = &engine->batch.rows[type];
    assert(nvalues == engine->plan->types[type].nattributes);
    Lineage *lineage = lineage_make(agent, HANDLE_NONE, NULL, 0, 0);
    uint32_t row = header_put(agent, INDEX_NONE, rows, &agent->cause, agent->cause_id, agent->outputs++, time, lineage);
    for (uint32_t i = 0; i < nvalues; i++)
        value_put(agent, rows, row, i, STATE_OK, values[i]);
    engine_pending(engine, type, agent->index);
}
