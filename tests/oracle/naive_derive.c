/* What a match derives (B.9): rows, conditions, values, header, evidence; and `quiet` (K.9). */
#include "tests/oracle/naive_parts.h"

#include <math.h>
#include <stdlib.h>

enum { EVIDENCE_ENDS_EACH = 50 };

Bound *naive_bounds(Naive *naive, const AgentPlan *plan)
{
    return ARENA_ARRAY(naive->arena, Bound, plan->nparticipants + 1);
}

void naive_bound_add(Naive *naive, Bound *bound, const NaiveEvent *event)
{
    const NaiveEvent **items = ARENA_ARRAY(naive->arena, const NaiveEvent *, bound->n + 1);
    if (bound->n)
        memcpy(items, bound->items, bound->n * sizeof *items);
    items[bound->n++] = event;
    bound->items = items;
}

/* ── Aggregates ── */

typedef struct Values {
    NaiveValue *items;
    uint32_t n;
} Values;

static int value_compare(TypeKind type, Cell a, Cell b)
{
    if (type == TYPE_STRING)
        return text_compare(a.s, b.s);
    if (type == TYPE_FLOAT)
        return (a.f > b.f) - (a.f < b.f);
    return (a.i > b.i) - (a.i < b.i);
}

static NaiveValue sum(TypeKind type, const Values *values)
{
    long double total = 0;
    int64_t whole = 0;
    for (uint32_t i = 0; i < values->n; i++) {
        if (type == TYPE_FLOAT)
            total += values->items[i].cell.f;
        else if (__builtin_add_overflow(whole, values->items[i].cell.i, &whole))
            return (NaiveValue){.state = STATE_ERROR};
    }
    if (type == TYPE_FLOAT && !isfinite((double)total))
        return (NaiveValue){.state = STATE_ERROR};
    return (NaiveValue){STATE_OK, type == TYPE_FLOAT ? (Cell){.f = (double)total} : (Cell){.i = whole}};
}

static NaiveValue mean(TypeKind type, const Values *values)
{
    long double total = 0;
    for (uint32_t i = 0; i < values->n; i++)
        total += type == TYPE_FLOAT ? (long double)values->items[i].cell.f : (long double)values->items[i].cell.i;
    return (NaiveValue){STATE_OK, {.f = (double)(total / values->n)}};
}

static NaiveValue extreme(TypeKind type, const Values *values, int sign)
{
    NaiveValue best = values->items[0];
    for (uint32_t i = 1; i < values->n; i++)
        if (sign * value_compare(type, values->items[i].cell, best.cell) > 0)
            best = values->items[i];
    return best;
}

static int64_t distinct(TypeKind type, const Values *values)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < values->n; i++) {
        bool again = false;
        for (uint32_t k = 0; k < i; k++)
            again |= naive_same(type, values->items[i], values->items[k]);
        n += !again;
    }
    return n;
}

/* B.6: of none count 0, sum 0, the others null. J.2, 12: missing values are left out; count counts events. */
static NaiveValue compute(const AggregatePlan *plan, const Values *values, uint32_t events)
{
    const NaiveValue none = {.state = STATE_NULL};
    if (plan->kind == AGGREGATE_COUNT)
        return (NaiveValue){STATE_OK, {.i = plan->value ? values->n : events}};
    if (plan->kind == AGGREGATE_SUM)
        return sum(plan->value_type, values);
    if (plan->kind == AGGREGATE_DISTINCT)
        return (NaiveValue){STATE_OK, {.i = distinct(plan->value_type, values)}};
    if (!values->n)
        return none;
    switch (plan->kind) {
    case AGGREGATE_AVG: return mean(plan->value_type, values);
    case AGGREGATE_MIN: return extreme(plan->value_type, values, -1);
    case AGGREGATE_MAX: return extreme(plan->value_type, values, 1);
    case AGGREGATE_FIRST: return values->items[0];
    case AGGREGATE_LAST: return values->items[values->n - 1];
    default: abort();
    }
}

NaiveValue *naive_aggregates(Naive *naive, const AgentPlan *plan, const Bound *bound, const Scope *scope, int64_t now)
{
    NaiveValue *out = ARENA_ARRAY(naive->arena, NaiveValue, plan->naggregates + 1);
    for (uint32_t a = 0; a < plan->naggregates; a++) {
        const AggregatePlan *aggregate = &plan->aggregates[a];
        const Bound *set = &bound[aggregate->participant];
        Values values = {.items = ARENA_ARRAY(naive->arena, NaiveValue, set->n + 1)};
        uint32_t events = 0;
        for (uint32_t i = 0; i < set->n; i++) {
            Look look = {.naive = naive, .agent = plan, .scope = scope, .now = now, .self = set->items[i],
                         .self_shape = &plan->participants[aggregate->participant].shape};
            if (!naive_holds(aggregate->where, &look))
                continue;
            events++;
            if (!aggregate->value)
                continue;
            NaiveValue value = naive_value(aggregate->value, &look);
            if (value.state == STATE_OK)
                values.items[values.n++] = value;
        }
        out[a] = compute(aggregate, &values, events);
    }
    return out;
}

/* ── Quiet ── */

/* Begins the time anew. What is past already is over behind the events of this instant. */
static void silence_begin(Naive *naive, const NaiveAgent *agent, Silence *silence, int64_t time, const Cause *cause)
{
    silence->until = time + agent->plan->quiet.duration;
    silence->over = false;
    silence->set = ++naive->serials;
    NaiveKey key = {.time = silence->until, .kind = ORDER_TIMER, .origin = agent->index};
    bool past = naive_key_compare(&key, &cause->key) < 0;
    silence->due = past ? cause->key.time : silence->until;
    silence->due_kind = past ? ORDER_TIMER_INCLUSIVE : ORDER_TIMER;
}

static Scope *per_key(Naive *naive, TypeKind type, NaiveValue per)
{
    Scope *key = ARENA_NEW(naive->arena, Scope);
    key->keys = ARENA_NEW(naive->arena, NaiveValue);
    key->key_types = ARENA_NEW(naive->arena, TypeKind);
    *key->keys = per;
    *key->key_types = type;
    key->nkeys = per.state == STATE_OK;
    return key;
}

/* Of one partition: the keys and the window. */
static bool same_key(const Silence *a, const Silence *b, const QuietPlan *quiet)
{
    if (quiet->per)
        return naive_same(quiet->per->type, a->per, b->per);
    return naive_window(a->scope) == naive_window(b->scope) && naive_keys_compare(a->scope, b->scope) == 0;
}

/* Whether the alert is sent; *suppressed then says how many were not before it. */
static bool speaks(Naive *naive, NaiveAgent *agent, const DerivePlan *derive, const Look *look, int64_t time, uint64_t *suppressed,
                   const Cause *cause)
{
    const QuietPlan *quiet = &agent->plan->quiet;
    *suppressed = 0;
    if (!quiet->duration || !naive->plan->types[derive->type].alert)
        return true;
    Silence own = {.type = derive->type, .scope = quiet->per ? NULL : look->scope};
    own.key = (Scope *)look->scope;
    if (quiet->per) {
        own.per = naive_value(quiet->per, look);
        own.key = per_key(naive, quiet->per->type, own.per);
    }
    for (uint32_t i = 0; i < agent->nsilences; i++) {
        Silence *s = &agent->silences[i];
        if (s->type != own.type || !same_key(s, &own, quiet))
            continue;
        if (!s->over && time < s->until) {
            s->suppressed++;
            if (quiet->after_last)
                silence_begin(naive, agent, s, time, cause);
            return false;
        }
        *suppressed = s->suppressed;
        s->suppressed = 0;
        silence_begin(naive, agent, s, time, cause);
        return true;
    }
    agent->silences = arena_grow(naive->arena, agent->silences, agent->nsilences, sizeof *agent->silences);
    agent->silences[agent->nsilences] = own;
    silence_begin(naive, agent, &agent->silences[agent->nsilences++], time, cause);
    return true;
}

/* ── Output ── */

static void keep_evidence(Naive *naive, const AgentPlan *plan, const Match *match, NaiveEvent *out)
{
    out->cause_count = match->n;
    out->causes = ARENA_ARRAY(naive->arena, const NaiveEvent *, match->n + 1);
    for (uint32_t i = 0; i < match->n; i++) {
        bool keep = false;
        if (plan->policies.evidence == EVIDENCE_ENDS)
            keep = i < EVIDENCE_ENDS_EACH || i + EVIDENCE_ENDS_EACH >= match->n;
        else if (plan->policies.evidence == EVIDENCE_LAST)
            keep = i + plan->policies.evidence_last >= match->n;
        if (keep)
            out->causes[out->ncauses++] = match->events[i];
    }
}

/* ARCHITECTURE 2: the cause's key with (agent, output) behind it. */
static NaiveKey key_behind(Naive *naive, const NaiveAgent *agent, Cause *cause)
{
    NaiveKey key = cause->key;
    uint32_t *path = ARENA_ARRAY(naive->arena, uint32_t, 2 * key.depth + 2);
    if (key.depth)
        memcpy(path, key.path, 2 * key.depth * sizeof *path);
    path[2 * key.depth] = agent->index;
    path[2 * key.depth + 1] = cause->outputs++;
    key.depth++;
    key.path = path;
    return key;
}

/* Into the wave, by its key: behind its cause, before what comes after that. */
static void wave_add(Naive *naive, NaiveEvent *event)
{
    naive->wave = arena_grow(naive->arena, naive->wave, naive->nwave, sizeof *naive->wave);
    uint32_t i = naive->nwave++;
    for (; i > 0 && naive_key_compare(&naive->wave[i - 1]->key, &event->key) > 0; i--)
        naive->wave[i] = naive->wave[i - 1];
    naive->wave[i] = event;
}

static bool same_as_last(const EventType *type, const NaiveValue *a, const NaiveValue *b)
{
    for (uint32_t i = 0; i < type->nattributes; i++)
        if (!naive_same(type->attributes[i].type, a[i], b[i]))
            return false;
    return true;
}

static NaiveValue *values_of(Naive *naive, const DerivePlan *derive, const Look *look)
{
    const EventType *type = &naive->plan->types[derive->type];
    NaiveValue *values = ARENA_ARRAY(naive->arena, NaiveValue, type->nattributes + 1);
    for (uint32_t i = 0; i < type->nattributes; i++)
        values[i] = derive->values[i] ? naive_value(derive->values[i], look) : (NaiveValue){.state = STATE_NULL};
    return values;
}

/* `emit on change`: whether some output would be another than the last; then they are the last. */
static bool changed(Naive *naive, const AgentPlan *plan, Scope *scope, const Look *look)
{
    bool other = !scope->emitted;
    if (!scope->emitted)
        scope->emitted = ARENA_ARRAY(naive->arena, NaiveValue *, plan->nderives);
    for (uint32_t i = 0; i < plan->nderives; i++) {
        NaiveValue *values = values_of(naive, &plan->derives[i], look);
        other |= scope->emitted[i] && !same_as_last(&naive->plan->types[plan->derives[i].type], scope->emitted[i], values);
        scope->emitted[i] = values;
    }
    return other;
}

static void derive_one(Naive *naive, NaiveAgent *agent, const Match *match, uint32_t index, const Look *look, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    const DerivePlan *derive = &plan->derives[index];
    NaiveEvent *out = ARENA_NEW(naive->arena, NaiveEvent);
    *out = (NaiveEvent){.type = derive->type, .time = match->time, .agent = plan, .scope = match->scope, .derive = index, .trigger = cause->event};
    out->values = values_of(naive, derive, look);
    for (uint32_t i = 0; i < naive->plan->types[derive->type].nattributes; i++)
        if (out->values[i].state == STATE_ERROR)
            return; /* K.8: to the errors channel */
    if (derive->time) {
        NaiveValue time = naive_value(derive->time, look);
        if (time.state == STATE_OK)
            out->time = time.cell.i;
    }
    if (!speaks(naive, agent, derive, look, out->time, &out->suppressed, cause))
        return;
    keep_evidence(naive, plan, match, out);
    const Scope *window = naive_window(match->scope);
    if (window) {
        out->window_start = window->start;
        out->window_end = window->end == TIME_NONE ? INT64_MAX : window->end;
    }
    out->key = key_behind(naive, agent, cause);
    wave_add(naive, out);
}

Derived naive_derive(Naive *naive, NaiveAgent *agent, const Match *match, DerivePort port, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    Derived result = {0};
    uint32_t *rows = ARENA_ARRAY(naive->arena, uint32_t, plan->nparticipants + 1);
    for (uint32_t i = 0; i < plan->nparticipants; i++)
        rows[i] = ROW_NONE;
    Look look = {.naive = naive, .agent = plan, .scope = match->scope, .now = cause->now, .bound = match->bound, .rows = rows};
    look.aggregates = naive_aggregates(naive, plan, match->bound, match->scope, cause->now);
    for (uint32_t i = 0; i < plan->nenriches; i++) { /* B.3 */
        const EnrichPlan *enrich = &plan->enriches[i];
        NaiveValue key[2];
        for (uint32_t k = 0; k < naive->plan->tables[enrich->table].nkeys; k++)
            key[k] = naive_value(enrich->keys[k], &look);
        rows[enrich->participant] = naive_find(naive, enrich->table, key);
        if (rows[enrich->participant] == ROW_NONE && enrich->drop) {
            result.dropped = true;
            return result;
        }
    }
    if (plan->kind == AGENT_AGGREGATE && plan->emit.kind == EMIT_ON_CHANGE && !changed(naive, plan, (Scope *)match->scope, &look))
        return result;
    for (uint32_t i = 0; i < plan->nderives; i++) {
        const DerivePlan *derive = &plan->derives[i];
        if (derive->port != port)
            continue;
        NaiveValue when = {STATE_OK, {.b = true}};
        if (derive->when)
            when = naive_value(derive->when, &look);
        result.unknown |= when.state != STATE_OK;
        if (when.state != STATE_OK || !when.cell.b)
            continue;
        result.n++;
        derive_one(naive, agent, match, i, &look, cause);
    }
    return result;
}

/* ── What was suppressed ── */

void naive_silence_due(Naive *naive, NaiveAgent *agent, Silence *silence, Cause *cause)
{
    silence->over = true;
    if (!silence->suppressed)
        return;
    NaiveEvent *out = ARENA_NEW(naive->arena, NaiveEvent);
    *out = (NaiveEvent){.type = plan_type(naive->plan, TEXT("cep.Suppressed")), .time = cause->key.time, .agent = agent->plan,
                        .derive = INDEX_NONE, .trigger = cause->event};
    out->values = ARENA_ARRAY(naive->arena, NaiveValue, 4);
    out->values[0] = (NaiveValue){STATE_OK, {.s = naive->plan->types[silence->type].name}};
    out->values[1] = (NaiveValue){STATE_OK, {.s = agent->plan->name}};
    out->values[2] = (NaiveValue){STATE_OK, {.s = naive_key_words(naive, silence->key)}};
    out->values[3] = (NaiveValue){STATE_OK, {.i = (int64_t)silence->suppressed}};
    out->key = key_behind(naive, agent, cause);
    wave_add(naive, out);
}
