#include "cep/json_kinds.h"

#include "cep/json_reader.h"
#include "cep/plan.h"

#include <assert.h>
#include <stdlib.h>

static void kind_init(JsonKind *kind, Arena *arena, const char *what, Text name, const Attribute *attributes,
                      uint32_t n, Text type_field, bool headers)
{
    assert(n <= JSON_ATTRIBUTES_MAX);
    *kind = (JsonKind){.what = what, .name = name, .nattributes = n};
    kind->attributes = ARENA_ARRAY(arena, JsonAttribute, n);
    for (uint32_t i = 0; i < n; i++) {
        const Attribute *a = &attributes[i];
        kind->attributes[i] = (JsonAttribute){.name = a->name, .type = a->type, .unit = a->unit, .of = a->of};
        if (!a->optional && !a->fill && !a->compute)
            kind->required[i / 64] |= UINT64_C(1) << (i % 64);
    }
    kind->fields = json_fields_new(arena, attributes, n, type_field, headers);
}

static bool may_send(const Plan *plan, const ProducerPlan *producer, uint32_t type)
{
    if (!producer || producer->ntypes == 0)
        return plan->types[type].input;
    for (uint32_t i = 0; i < producer->ntypes; i++)
        if (producer->types[i] == type)
            return true;
    return false;
}

static int name_order(const void *a, const void *b)
{
    return text_compare(((const JsonName *)a)->wire, ((const JsonName *)b)->wire);
}

static JsonKind *kind_of_type(const JsonKinds *kinds, uint32_t type)
{
    for (uint32_t i = 0; i < kinds->n; i++)
        if (kinds->items[i].type == type)
            return &kinds->items[i];
    return NULL;
}

static void add_names(JsonKinds *kinds, Arena *arena, const Plan *plan, const ProducerPlan *producer)
{
    bool mapped = producer && producer->nnames;
    uint32_t n = mapped ? producer->nnames : kinds->n;
    kinds->names = ARENA_ARRAY(arena, JsonName, n);
    for (uint32_t i = 0; i < n; i++) {
        JsonKind *kind = mapped ? kind_of_type(kinds, producer->names[i].type) : &kinds->items[i];
        Text wire = mapped ? producer->names[i].wire : plan->types[kind->type].wire;
        if (kind)
            kinds->names[kinds->nnames++] = (JsonName){.wire = wire, .kind = kind};
    }
    qsort(kinds->names, kinds->nnames, sizeof *kinds->names, name_order);
}

/* With a mapping but no `of`, a producer may send exactly the types of the mapping. */
static bool is_mapped(const ProducerPlan *producer, uint32_t type)
{
    if (!producer || producer->nnames == 0)
        return true;
    for (uint32_t i = 0; i < producer->nnames; i++)
        if (producer->names[i].type == type)
            return true;
    return false;
}

void json_kinds_init(JsonKinds *kinds, Arena *arena, const Plan *plan, const ProducerPlan *producer)
{
    *kinds = (JsonKinds){.type_field = producer && producer->type_field.len ? producer->type_field : TEXT("type")};
    if (producer && producer->ntypes == 1 && producer->nnames == 0)
        kinds->type_field = (Text){0};
    kinds->items = ARENA_ARRAY(arena, JsonKind, plan->ntypes);
    for (uint32_t t = 0; t < plan->ntypes; t++) {
        const EventType *type = &plan->types[t];
        if (!may_send(plan, producer, t) || !is_mapped(producer, t))
            continue;
        JsonKind *kind = &kinds->items[kinds->n++];
        kind_init(kind, arena, "event", type->name, type->attributes, type->nattributes, kinds->type_field, true);
        kind->type = t;
        if (type->invalid_time != INVALID_TIME_FAIL && type->time_attribute != INDEX_NONE) {
            kind->attributes[type->time_attribute].lenient = true;
            kind->required[type->time_attribute / 64] &= ~(UINT64_C(1) << (type->time_attribute % 64));
        }
    }
    add_names(kinds, arena, plan, producer);
}

void json_kinds_init_one(JsonKinds *kinds, Arena *arena, const char *what, Text name, const Attribute *attributes,
                         uint32_t n)
{
    *kinds = (JsonKinds){.n = 1};
    kinds->items = ARENA_NEW(arena, JsonKind);
    kind_init(kinds->items, arena, what, name, attributes, n, (Text){0}, false);
}

const JsonName *json_kind_named(const JsonKinds *kinds, Text wire)
{
    JsonName key = {.wire = wire};
    return kinds->nnames ? bsearch(&key, kinds->names, kinds->nnames, sizeof key, name_order) : NULL;
}
