/* Roles: what an event of each type may be to an agent, and the filters that decide it.
 *
 *   on Withdrawal w where w.atm matches /^S7-/ and w.kind == "cash" and w.account in Watched
 *                         └───────────────── filter: all conjuncts over w alone ───────────┘
 *                                                └ equal_column, equal_value ┘   rest: the other two
 *
 * A conjunct that reads anything besides the event (the opener of the window, the `on` event of an `expect`, the
 * context) is tested later, at the agent's turn: `when`. An alias of several event types has one filter, whose
 * slots find their columns in each type. */
#include "rules/lower.h"

/* A role before it is handed to the inputs of its event types. */
typedef struct Draft {
    const ModelAlias *alias;
    RolePlan role;
    const ModelCommon *equal; /* the attribute of `attribute == constant`; NULL = no such conjunct */
    LowerSource *sources;     /* the event types that it is for */
    uint32_t nsources;
} Draft;

typedef struct Drafts {
    Draft *items;
    uint32_t n;
} Drafts;

/* ── The equality ── */

/* The attribute of the alias that an expression is; NULL if it is none. */
static const ModelCommon *own_attribute(const LowerAgent *agent, const ModelAlias *alias, const Expr *expr)
{
    if (expr->kind != EXPR_MEMBER || expr->ref != REF_ATTRIBUTE)
        return NULL;
    const ModelAccess *access = expr->note;
    bool plain = access->which == VIEW_LATEST || access->which == VIEW_INITIATOR;
    if (!plain || lower_participant(agent, access->alias) != lower_participant(agent, alias))
        return NULL;
    return &access->alias->attributes[access->attribute];
}

/* Whether a conjunct is `attribute == constant` of a type that can be looked up by hash. */
static const ModelCommon *equality(LowerAgent *agent, const ModelAlias *alias, const Expr *expr, Cell *value)
{
    if (expr->kind != EXPR_EQUAL || expr->quantifier != QUANTIFIER_NONE || expr->ignoring_case)
        return NULL;
    for (int side = 0; side < 2; side++) {
        const Expr *attribute = side ? expr->b : expr->a, *constant = side ? expr->a : expr->b;
        const ModelCommon *common = own_attribute(agent, alias, attribute);
        if (!common || (common->type->kind != TYPE_STRING && common->type->kind != TYPE_INT))
            continue;
        if (lower_literal(agent->lowering, constant, common->type->kind, value))
            return common;
    }
    return NULL;
}

/* Takes one equality out of the conjuncts: of several the first of a string, which tells more apart. */
static void split_equality(LowerAgent *agent, Draft *draft, Conjuncts *filter)
{
    uint32_t best = INDEX_NONE;
    for (uint32_t i = 0; i < filter->n; i++) {
        Cell value;
        const ModelCommon *attribute = equality(agent, draft->alias, filter->items[i].expr, &value);
        if (!attribute || (draft->equal && !(attribute->type->kind == TYPE_STRING && draft->equal->type->kind == TYPE_INT)))
            continue;
        draft->equal = attribute;
        draft->role.equal_value = value;
        best = i;
    }
    if (best == INDEX_NONE)
        return;
    if (draft->equal->type->kind == TYPE_STRING)
        draft->role.equal_value.s = arena_text(agent->lowering->arena, draft->role.equal_value.s);
    memmove(&filter->items[best], &filter->items[best + 1], (filter->n - best - 1) * sizeof *filter->items);
    filter->n--;
}

/* ── One role ── */

static bool only_reads(Reads reads, uint64_t own)
{
    return !reads.prev && !reads.at && !reads.aggregated && !reads.rows && !reads.context &&
           !((reads.latest | reads.initiator) & ~own);
}

/* Events that fail the filter are wanted, too: no index may leave them out. */
static bool wants_all(const LowerAgent *agent)
{
    for (uint32_t i = 0; i < agent->ast->derive_count; i++)
        if (agent->ast->derives[i].kind == AST_DERIVE_ELSE || agent->ast->derives[i].kind == AST_DERIVE_ON_ERROR)
            return true;
    return false;
}

/* The `where` of each `extends` between a special case and the type at hand. */
static void special_conjuncts(LowerAgent *agent, const LowerSource *source, Conjuncts *all)
{
    for (const ModelEvent *event = source->special; event && event != source->event; event = event->parent) {
        all->items = arena_grow(agent->lowering->scratch, all->items, all->n, sizeof *all->items);
        all->items[all->n++] = (Conjunct){event->parent_where.condition, event->parent_where.without_unknowns, {0}};
        lower_depends(agent->lowering, event->declaration);
    }
}

static void lower_draft(LowerAgent *agent, Drafts *drafts, Draft draft)
{
    const ModelAlias *alias = draft.alias;
    RoleKind kind = draft.role.kind;
    uint32_t participant = draft.role.participant, index = draft.role.index;
    Conjuncts all = {0}, filter = {0}, when = {0};
    special_conjuncts(agent, draft.sources, &all);
    lower_conjuncts(agent, &all, alias->where);
    const LowerParticipant *p = &agent->participants[participant];
    for (uint32_t i = 0; i < p->filter.n && p->alias == alias; i++) {
        all.items = arena_grow(agent->lowering->scratch, all.items, all.n, sizeof *all.items);
        all.items[all.n++] = p->filter.items[i];
    }
    for (uint32_t i = 0; i < all.n; i++) {
        Conjuncts *to = only_reads(all.items[i].reads, UINT64_C(1) << participant) ? &filter : &when;
        to->items = arena_grow(agent->lowering->scratch, to->items, to->n, sizeof *to->items);
        to->items[to->n++] = all.items[i];
    }
    LowerScope own = lower_agent_scope(agent), views = own;
    own.self = views.own = alias;
    own.event = draft.sources->special ? draft.sources->event : NULL;
    views.condition = true;
    if (kind == ROLE_OPENER || kind == ROLE_CLOSER || kind == ROLE_DISCARDER)
        views.initiator_step = index;
    draft.role.filter = lower_conjunction(&own, filter.items, filter.n);
    draft.role.when = lower_conjunction(&views, when.items, when.n);
    if (!wants_all(agent))
        split_equality(agent, &draft, &filter);
    if (draft.equal)
        draft.role.rest = lower_conjunction(&own, filter.items, filter.n);
    drafts->items = arena_grow(agent->lowering->scratch, drafts->items, drafts->n, sizeof *drafts->items);
    drafts->items[drafts->n++] = draft;
}

/* One draft for the types that are what the alias says, one for each of which its own is a special case. */
static void lower_role(LowerAgent *agent, Drafts *drafts, RoleKind kind, const ModelAlias *alias, uint32_t index, uint32_t entry)
{
    LowerSources list = lower_sources(agent, alias);
    uint32_t plain = 0;
    while (plain < list.n && !list.items[plain].special)
        plain++;
    for (uint32_t i = 0; i < list.n; i = i ? i + 1 : plain) {
        Draft draft = {alias, {.kind = kind, .index = index, .entry = entry, .participant = lower_participant(agent, alias),
                               .equal_column = INDEX_NONE}, NULL, &list.items[i], i ? 1 : plain};
        lower_draft(agent, drafts, draft);
    }
}

static void lower_step_roles(LowerAgent *agent, Drafts *drafts, uint32_t s)
{
    const ModelStep *step = &agent->model->steps[s];
    if (step->ast->kind != AST_CONTEXT_FROM && step->ast->kind != AST_CONTEXT_EACH)
        return;
    for (uint32_t i = 0; i < step->ast->opens.n; i++)
        lower_role(agent, drafts, ROLE_OPENER, step->opens[i], s, i);
    for (uint32_t i = 0; i < step->ast->closes.n; i++)
        lower_role(agent, drafts, ROLE_CLOSER, step->closes[i], s, i);
    for (uint32_t i = 0; i < step->ast->discard.n; i++)
        lower_role(agent, drafts, ROLE_DISCARDER, step->discards[i], s, i);
}

/* ── The inputs ── */

static void add_role(LowerAgent *agent, InputPlan *input, const Draft *draft, uint32_t source)
{
    if (input->nroles == LOWER_ROLES_MAX) {
        lower_limit(agent->lowering, draft->alias->span, "an event type has more than %d roles in an agent", LOWER_ROLES_MAX);
        return;
    }
    input->roles = arena_grow(agent->lowering->arena, input->roles, input->nroles, sizeof *input->roles);
    RolePlan *role = &input->roles[input->nroles++];
    *role = draft->role;
    if (draft->equal)
        role->equal_column = draft->equal->of[source]->index;
}

void lower_roles(LowerAgent *agent)
{
    const ModelAgent *model = agent->model;
    AgentPlan *plan = agent->plan;
    Drafts drafts = {0};
    for (uint32_t i = 0; i < plan->nevents; i++) {
        const ModelAlias *alias = model->aliases[i];
        RoleKind kind = alias->kind == ALIAS_ON ? ROLE_PARTICIPANT : alias->kind == ALIAS_EXPECTED ? ROLE_EXPECTED : ROLE_CANCELLER;
        lower_role(agent, &drafts, kind, alias, i, alias->entry);
    }
    for (uint32_t s = 0; s < model->nsteps; s++)
        lower_step_roles(agent, &drafts, s);

    plan->ninputs = model->ninputs;
    plan->inputs = ARENA_ARRAY(agent->lowering->arena, InputPlan, model->ninputs);
    for (uint32_t i = 0; i < model->ninputs; i++) {
        const ModelEvent *event = model->inputs[i].event;
        plan->inputs[i].type = event->index;
        lower_depends(agent->lowering, event->declaration);
        for (uint32_t d = 0; d < drafts.n; d++)
            for (uint32_t e = 0; e < drafts.items[d].nsources; e++)
                if (drafts.items[d].sources[e].event == event)
                    add_role(agent, &plan->inputs[i], &drafts.items[d], drafts.items[d].sources[e].entry);
        lower_keys(agent, i);
        lower_conditions(agent, i);
    }
}
