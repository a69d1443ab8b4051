/* What an expression reads of an agent's participants: decides which conjunct belongs to a filter, which to a step.
 *
 * A let is followed, once; the body of a function reads nothing but its arguments; a row reads what its key reads.
 * Inside an aggregate only the aggregated participant counts. */
#include "rules/lower.h"

enum { CONJUNCTS_SPLIT_MAX = 1000 }; /* lets that double each other are not followed for ever */

typedef struct Walk {
    const LowerAgent *agent;
    Reads reads;
    bool *lets; /* followed already */
} Walk;

static void walk(Walk *w, const Expr *expr);

static void walk_alias(Walk *w, const ModelAlias *alias, ViewWhich which)
{
    uint32_t participant = lower_participant(w->agent, alias);
    if (participant == INDEX_NONE)
        return;
    uint64_t bit = UINT64_C(1) << participant;
    const LowerParticipant *p = &w->agent->participants[participant];
    if (alias->kind == ALIAS_ROW) {
        w->reads.rows |= p->reading == ROW_VIEW ? bit : 0;
        for (uint32_t i = 0; i < alias->table->nkeys; i++)
            if (p->keys[i])
                walk(w, p->keys[i]);
    } else if (which == VIEW_INITIATOR) {
        w->reads.initiator |= bit;
    } else if (which == VIEW_PREV) {
        w->reads.prev |= bit;
    } else if (which == VIEW_LATEST) {
        w->reads.latest |= bit;
    } else {
        w->reads.at |= bit;
    }
}

static void walk_aggregate(Walk *w, const ModelAggregate *aggregate)
{
    uint32_t participant = lower_participant(w->agent, aggregate->alias);
    if (participant != INDEX_NONE)
        w->reads.aggregated |= UINT64_C(1) << participant;
}

static void walk_let(Walk *w, const ModelLet *let)
{
    uint32_t i = (uint32_t)(let - w->agent->model->lets);
    if (!w->lets)
        w->lets = ARENA_ARRAY(w->agent->lowering->scratch, bool, w->agent->model->nlets);
    if (!w->lets[i]) {
        w->lets[i] = true;
        walk(w, let->value);
    }
}

static void walk(Walk *w, const Expr *expr)
{
    if (!expr)
        return;
    const ModelAccess *access = expr->note;
    switch ((Reference)expr->ref) {
    case REF_ALIAS: {
        const ModelAlias *alias = expr->note;
        walk_alias(w, alias, alias->kind == ALIAS_OPENER ? VIEW_INITIATOR : VIEW_LATEST);
        return;
    }
    case REF_ATTRIBUTE:
    case REF_HEADER:
    case REF_MEMBER_AT:
        walk_alias(w, access->alias, access->which);
        return;
    case REF_LET:
        walk_let(w, expr->note);
        return;
    case REF_AGGREGATE:
    case REF_PREVIOUS:
        walk_aggregate(w, expr->note);
        return;
    case REF_PARAM:
    case REF_ARGUMENT:
        return;
    case REF_CONTEXT_START:
    case REF_CONTEXT_END:
    case REF_CONTEXT_KEY:
    case REF_CONTEXT_BAND:
    case REF_CONTEXT_ENTITY:
        w->reads.context = true;
        return;
    default:
        break;
    }
    walk(w, expr->a);
    walk(w, expr->b);
    walk(w, expr->c);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        walk(w, expr->args[i]);
    for (uint32_t i = 0; i < expr->fields.n; i++)
        walk(w, expr->fields.items[i].value);
}

Reads lower_reads(const LowerAgent *agent, const Expr *expr)
{
    Walk w = {.agent = agent};
    walk(&w, expr);
    return w.reads;
}

static void split(const LowerAgent *agent, Conjuncts *list, const Expr *expr, bool without_unknowns)
{
    if (expr->kind == EXPR_AND) {
        split(agent, list, expr->a, without_unknowns);
        split(agent, list, expr->b, without_unknowns);
        return;
    }
    if (expr->kind == EXPR_NAME && expr->ref == REF_LET && list->n < CONJUNCTS_SPLIT_MAX) {
        split(agent, list, ((const ModelLet *)expr->note)->value, without_unknowns);
        return;
    }
    list->items = arena_grow(agent->lowering->scratch, list->items, list->n, sizeof *list->items);
    list->items[list->n++] = (Conjunct){expr, without_unknowns, lower_reads(agent, expr)};
}

void lower_conjuncts(const LowerAgent *agent, Conjuncts *list, Where where)
{
    if (where.condition)
        split(agent, list, where.condition, where.without_unknowns);
}
