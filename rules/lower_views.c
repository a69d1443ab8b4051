/* What an agent's programs read: slots of its participants' shapes, views, aggregates; each made at its first use.
 *
 * A slot is kept when something reads it after the batch of its event: then a record of the event holds it. In a
 * sequence or an expectation that is everything that is read; where a set is evaluated as the event arrives and
 * there is one participant only, nothing. */
#include "rules/lower.h"

#include <assert.h>

uint32_t lower_participant(const LowerAgent *agent, const ModelAlias *alias)
{
    const ModelAgent *model = agent->model;
    uint32_t n = agent->plan->nparticipants;
    if (alias->index < model->naliases && model->aliases[alias->index] == alias)
        return alias->index;
    if (alias->kind == ALIAS_INITIATOR) {
        const ModelStep *step = &model->steps[alias->step];
        return step->ast->opens.n == 1 ? lower_participant(agent, step->opens[0]) : INDEX_NONE;
    }
    for (uint32_t i = model->naliases; i < n; i++)
        if (agent->participants[i].alias == alias)
            return i;
    for (uint32_t i = 0; i < model->naliases; i++)
        if (lower_namesakes(model->aliases[i], alias))
            return i;
    return INDEX_NONE;
}

bool lower_namesakes(const ModelAlias *a, const ModelAlias *b)
{
    if (a->table || b->table || a->nevents != b->nevents || !text_is(a->name, b->name))
        return false;
    for (uint32_t i = 0; i < a->nevents; i++)
        if (a->events[i] != b->events[i])
            return false;
    return true;
}

static uint32_t attribute_by_name(const ModelAlias *alias, Text name)
{
    for (uint32_t i = 0; i < alias->nattributes; i++)
        if (text_is(alias->attributes[i].name, name))
            return i;
    assert(!"namesakes have the same types");
    return 0;
}

uint32_t lower_slot(LowerAgent *agent, uint32_t participant, const ModelAlias *alias, uint32_t attribute, bool kept)
{
    Arena *scratch = agent->lowering->scratch;
    LowerParticipant *p = &agent->participants[participant];
    if (alias != p->alias && attribute >= alias->nattributes)
        attribute = attribute - alias->nattributes + p->alias->nattributes;
    else if (alias != p->alias)
        attribute = attribute_by_name(p->alias, alias->attributes[attribute].name);
    if (!p->slot_of)
        p->slot_of = ARENA_ARRAY(scratch, uint16_t, p->alias->nattributes + LOWER_ANNOTATIONS);
    if (!p->slot_of[attribute]) {
        p->attribute_of = arena_grow(scratch, p->attribute_of, p->nslots, sizeof *p->attribute_of);
        p->kept = arena_grow(scratch, p->kept, p->nslots, sizeof *p->kept);
        p->attribute_of[p->nslots] = attribute;
        p->kept[p->nslots] = false;
        p->slot_of[attribute] = (uint16_t)++p->nslots;
    }
    uint32_t slot = p->slot_of[attribute] - 1u;
    p->nkept += kept && !p->kept[slot];
    p->kept[slot] |= kept;
    return slot;
}

uint32_t lower_view(LowerAgent *agent, uint32_t participant, ViewWhich which, uint32_t k, Span span)
{
    AgentPlan *plan = agent->plan;
    for (uint32_t i = 0; i < plan->nviews; i++)
        if (plan->views[i].participant == participant && plan->views[i].which == which && plan->views[i].k == k)
            return i;
    if (plan->nviews == LOWER_VIEWS_MAX) {
        lower_limit(agent->lowering, span, "an agent reads more than %d participants and members", LOWER_VIEWS_MAX);
        return INDEX_NONE;
    }
    plan->views = arena_grow(agent->lowering->arena, plan->views, plan->nviews, sizeof *plan->views);
    plan->views[plan->nviews] = (ViewPlan){participant, which, k};
    return plan->nviews++;
}

bool lower_keeps(const LowerAgent *agent, uint32_t participant, ViewWhich which)
{
    const ModelAlias *alias = agent->participants[participant].alias;
    if (which != VIEW_LATEST) /* the opener of a window outlives its batch in any agent */
        return true;
    if (!agent->stateful)
        return false;
    switch (alias->kind) {
    case ALIAS_ON:
        /* alone, the latest is the event that is arriving */
        return agent->keeps_all || agent->on_events != UINT64_C(1) << participant;
    case ALIAS_EXPECTED:
    case ALIAS_CANCELLER:
        return true;
    default:
        return false;
    }
}

/* ── Aggregates ── */

static bool same_constants(const Program *a, const Program *b)
{
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->code[i].op != OP_CONSTANT)
            continue;
        uint32_t c = a->code[i].immediate;
        if (a->constant_states[c] != b->constant_states[c])
            return false;
        if (a->constant_states[c] == STATE_OK &&
            !cell_equal((TypeKind)a->reg_types[a->code[i].to], a->constants[c], b->constants[c]))
            return false;
    }
    return true;
}

static bool same_program(const Program *a, const Program *b)
{
    if (!a || !b)
        return a == b;
    if (a->n != b->n || a->nregs != b->nregs || a->result != b->result || a->nconstants != b->nconstants ||
        a->nregexes != b->nregexes || a->nzones != b->nzones || a->nsets || b->nsets || a->ncidrs || b->ncidrs)
        return false;
    return memcmp(a->reg_types, b->reg_types, a->nregs) == 0 && memcmp(a->code, b->code, a->n * sizeof *a->code) == 0 &&
           (a->nregexes == 0 || memcmp(a->regexes, b->regexes, a->nregexes * sizeof *a->regexes) == 0) &&
           (a->nzones == 0 || memcmp(a->zones, b->zones, a->nzones * sizeof *a->zones) == 0) && same_constants(a, b);
}

static uint32_t add_aggregate(LowerAgent *agent, AggregatePlan aggregate)
{
    AgentPlan *plan = agent->plan;
    for (uint32_t i = 0; i < plan->naggregates; i++) {
        const AggregatePlan *other = &plan->aggregates[i];
        if (other->kind == aggregate.kind && other->participant == aggregate.participant &&
            same_program(other->value, aggregate.value) && same_program(other->where, aggregate.where))
            return i;
    }
    plan->aggregates = arena_grow(agent->lowering->arena, plan->aggregates, plan->naggregates, sizeof *plan->aggregates);
    plan->aggregates[plan->naggregates] = aggregate;
    return plan->naggregates++;
}

static TypeKind aggregate_type(AggregateKind kind, TypeKind value)
{
    switch (kind) {
    case AGGREGATE_COUNT:
    case AGGREGATE_DISTINCT:
        return TYPE_INT;
    case AGGREGATE_AVG:
        return value == TYPE_DURATION ? TYPE_DURATION : TYPE_FLOAT;
    default:
        return value;
    }
}

uint32_t lower_aggregate(LowerAgent *agent, const ModelAggregate *model)
{
    static const bool runs[] = {
#define X(name, word, args, runs, what) runs,
#include "cep/aggregates.def"
#undef X
    };
    Lowering *lowering = agent->lowering;
    if (!runs[model->kind] || model->previous) {
        lower_refuse(lowering, model->call->span, NULL, "`%s` does not run yet",
                     model->previous ? "previous" : aggregate_word(model->kind));
        return INDEX_NONE;
    }
    uint32_t participant = lower_participant(agent, model->alias);
    bool rows = model->alias->kind == ALIAS_ROW;
    if (participant == INDEX_NONE || (!rows && (model->alias->kind != ALIAS_ON || agent->plan->kind == AGENT_EXPECT))) {
        lower_refuse(lowering, model->call->span, NULL, "an aggregate over `%.*s` does not run yet", TEXT_ARGS(model->alias->name));
        return INDEX_NONE;
    }
    AggregatePlan aggregate = {.kind = model->kind, .participant = participant, .type = TYPE_INT, .value_type = TYPE_INT};
    LowerScope scope = lower_agent_scope(agent);
    scope.self = model->alias;
    scope.condition = !rows;
    scope.self_kept = agent->plan->kind == AGENT_SEQUENCE;
    if (model->value) {
        aggregate.value = lower_program(&scope, model->value, TYPE_KINDS);
        if (!aggregate.value)
            return INDEX_NONE;
        aggregate.value_type = aggregate.value->type;
        aggregate.type = aggregate_type(model->kind, aggregate.value_type);
    }
    if (model->where.condition) {
        scope.without_unknowns = model->where.without_unknowns;
        aggregate.where = lower_program(&scope, model->where.condition, TYPE_BOOL);
        if (!aggregate.where)
            return INDEX_NONE;
    }
    return add_aggregate(agent, aggregate);
}

/* ── The end ── */

static void source_add(LowerAgent *agent, LowerSources *list, LowerSource source)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i].event == source.event)
            return;
    list->items = arena_grow(agent->lowering->scratch, list->items, list->n, sizeof *list->items);
    list->items[list->n++] = source;
}

LowerSources lower_sources(LowerAgent *agent, const ModelAlias *alias)
{
    LowerSources list = {0};
    for (uint32_t i = 0; i < alias->nevents; i++)
        source_add(agent, &list, (LowerSource){alias->events[i], i, NULL});
    for (uint32_t i = 0; i < alias->nevents; i++)
        for (uint32_t k = 0; k < alias->events[i]->ndescendants; k++)
            source_add(agent, &list, (LowerSource){alias->events[i]->descendants[k], i, NULL});
    for (uint32_t i = 0; i < alias->nevents; i++)
        for (const ModelEvent *up = model_general(alias->events[i]); up; up = model_general(up))
            source_add(agent, &list, (LowerSource){up, i, alias->events[i]});
    return list;
}

/* The column of an attribute in a type; UINT16_MAX where the type is too general to have it. */
static uint16_t source_column(const LowerSource *source, const ModelAlias *alias, uint32_t attribute)
{
    if (attribute >= alias->nattributes)
        return source->event->builtin ? UINT16_MAX : (uint16_t)(source->event->nattributes + attribute - alias->nattributes);
    uint32_t index = alias->attributes[attribute].of[source->entry]->index;
    return index < source->event->nattributes ? (uint16_t)index : UINT16_MAX;
}

static Shape sealed(LowerAgent *agent, const LowerParticipant *p)
{
    Lowering *lowering = agent->lowering;
    Arena *arena = lowering->arena;
    const ModelAlias *alias = p->alias;
    LowerSources list = lower_sources(agent, alias);
    uint32_t nsources = alias->table ? 1 : list.n;
    Shape shape = {.nslots = (uint16_t)p->nslots, .nsources = (uint16_t)nsources, .header = p->header};
    shape.slots = ARENA_ARRAY(arena, Slot, p->nslots);
    shape.sources = ARENA_ARRAY(arena, ShapeSource, nsources);
    for (uint32_t i = 0; i < p->nslots; i++) {
        uint32_t at = p->attribute_of[i];
        if (at >= alias->nattributes) {
            bool certainty = at == alias->nattributes;
            shape.slots[i] = (Slot){certainty ? TEXT("$certainty") : TEXT("$annotation"), certainty ? TYPE_FLOAT : TYPE_STRING, p->kept[i]};
            continue;
        }
        const ModelCommon *attribute = &alias->attributes[at];
        shape.slots[i] = (Slot){arena_text(arena, attribute->name), attribute->type->kind, p->kept[i]};
    }
    for (uint32_t s = 0; s < nsources; s++) {
        uint16_t *columns = ARENA_ARRAY(arena, uint16_t, p->nslots);
        for (uint32_t i = 0; i < p->nslots; i++)
            columns[i] = alias->table ? (uint16_t)alias->attributes[p->attribute_of[i]].of[0]->index
                                      : source_column(&list.items[s], alias, p->attribute_of[i]);
        shape.sources[s] = (ShapeSource){alias->table ? alias->table->index : list.items[s].event->index, columns};
    }
    lower_shared_sources(lowering, &shape);
    shape_seal(&shape, arena);
    return shape;
}

void lower_seal(LowerAgent *agent)
{
    for (uint32_t i = 0; i < agent->plan->nparticipants; i++) {
        LowerParticipant *p = &agent->participants[i];
        if (p->nkept > LOWER_KEPT_MAX) {
            lower_limit(agent->lowering, p->alias->span, "more than %d attributes of `%.*s` are kept", LOWER_KEPT_MAX,
                        TEXT_ARGS(p->alias->name));
            continue;
        }
        agent->plan->participants[i].shape = sealed(agent, p);
    }
}
