/* Contexts: the checked steps of an agent to ContextSteps, and the keys of its inputs.
 *
 * A step that came from a named context was expanded by the checker; here it only lends its name. Behind a
 * threshold, `within D` is one more step: `last D`. */
#include "rules/lower.h"

#include <assert.h>
#include <stdlib.h>

enum { KEY_IDLE_DAYS = 7 }; /* a `by` key that is idle for so long is forgotten, unless written */

static int64_t key_idle(LowerAgent *agent, const AstContextStep *ast)
{
    return ast->idle ? lower_duration(agent->lowering, ast->idle) : KEY_IDLE_DAYS * NS_PER_DAY;
}

static void lower_by(LowerAgent *agent, const ModelStep *model, ContextStep *step, uint32_t *nkeys)
{
    Arena *arena = agent->lowering->arena;
    step->kind = CONTEXT_BY;
    step->nkeys = model->nkeys;
    step->key_first = *nkeys;
    *nkeys += model->nkeys;
    step->key_names = ARENA_ARRAY(arena, Text, model->nkeys);
    step->key_types = ARENA_ARRAY(arena, TypeKind, model->nkeys);
    for (uint32_t i = 0; i < model->nkeys; i++) {
        step->key_names[i] = arena_text(arena, model->keys[i].name);
        step->key_types[i] = model->keys[i].type->kind;
    }
    step->key_idle = key_idle(agent, model->ast);
}

/* ── fixed ── */

/* The quantity that an expression is, through a param; NULL if it is computed. */
static const Quantity *quantity_of(const Expr *expr)
{
    while (expr->kind == EXPR_NAME && expr->ref == REF_PARAM)
        expr = ((const ModelParam *)expr->note)->value;
    return expr->kind == EXPR_QUANTITY ? expr->quantity : NULL;
}

static CalendarUnit calendar_unit(Unit unit)
{
    switch (unit) {
    case UNIT_DAY: return CALENDAR_DAY;
    case UNIT_WEEK: return CALENDAR_WEEK;
    case UNIT_MONTH: return CALENDAR_MONTH;
    case UNIT_YEAR: return CALENDAR_YEAR;
    default: return CALENDAR_NS;
    }
}

static void lower_every(Lowering *lowering, const Expr *every, ContextStep *step)
{
    const Quantity *quantity = quantity_of(every);
    step->every_unit = quantity ? calendar_unit(quantity->calendar) : CALENDAR_NS;
    if (step->every_unit == CALENDAR_NS) {
        step->every = lower_duration(lowering, every);
        return;
    }
    if (every->kind == EXPR_NAME)
        (void)lower_duration(lowering, every); /* notes the param */
    step->every = quantity->calendar_count;
}

/* The end that `to` writes: a bare date is the midnight that ends it. */
static int64_t end_of(const TimeLiteral *to, const Zone *zone)
{
    if (!to->date)
        return lower_time(to, zone);
    Civil civil = civil_of(NULL, to->time_ns + NS_PER_DAY);
    return civil_time(zone, civil);
}

static void lower_fixed(LowerAgent *agent, const ModelStep *model, ContextStep *step)
{
    Lowering *lowering = agent->lowering;
    const AstContextStep *ast = model->ast;
    step->kind = CONTEXT_FIXED;
    step->outside = model->outside;
    step->zone = lower_zone(lowering, ast->zone.value, ast->zone.span);
    step->from = ast->from_time ? lower_time(ast->from_time->time, step->zone) : TIME_NONE;
    step->to = TIME_NONE;
    if (ast->every)
        lower_every(lowering, ast->every, step);
    if (ast->size)
        step->length = lower_duration(lowering, ast->size);
    if (ast->to_time)
        step->length = end_of(ast->to_time->time, step->zone) - step->from;
    if (!ast->every)
        step->to = step->length ? step->from + step->length : INT64_MAX;
}

static uint32_t count_of(const AstCount *count)
{
    return !count->set ? 0 : count->value > UINT32_MAX ? UINT32_MAX : (uint32_t)count->value;
}

/* ── Conditions ── */

/* lower_conditions makes the programs, once the inputs are known. */
static void lower_bands(LowerAgent *agent, const ModelStep *model, ContextStep *step, uint32_t *nconditions)
{
    Arena *arena = agent->lowering->arena;
    step->kind = CONTEXT_BANDS;
    step->nkeys = 1;
    step->key_names = ARENA_NEW(arena, Text);
    *step->key_names = TEXT("band");
    step->key_types = ARENA_NEW(arena, TypeKind);
    *step->key_types = TYPE_STRING;
    step->bands = ARENA_ARRAY(arena, Text, model->nbands);
    for (uint32_t i = 0; i < model->nbands; i++)
        step->bands[i] = arena_text(arena, model->bands[i].name);
    step->nconditions = model->nbands;
    step->condition_first = *nconditions;
    *nconditions += model->nbands;
}

static void lower_while(ContextStep *step, uint32_t *nconditions)
{
    step->kind = CONTEXT_WHILE;
    step->nconditions = 1;
    step->condition_first = (*nconditions)++;
}

/* ── from … to … ── */

static void lower_interval(LowerAgent *agent, const ModelStep *model, ContextStep *step)
{
    static const Again agains[] = {
        [AST_AGAIN_UNSET] = AGAIN_IGNORE, [AST_AGAIN_ADD] = AGAIN_ADD, [AST_AGAIN_IGNORE] = AGAIN_IGNORE,
        [AST_AGAIN_REFRESH] = AGAIN_REFRESH, [AST_AGAIN_EXTEND] = AGAIN_EXTEND,
    };
    const AstContextStep *ast = model->ast;
    step->kind = CONTEXT_INTERVAL;
    step->has_closer = ast->closes.n > 0;
    if (ast->expiry)
        step->for_at_most = lower_duration(agent->lowering, ast->expiry);
    step->at_most = count_of(&ast->limit);
    if (ast->idle)
        step->idle = lower_duration(agent->lowering, ast->idle);
    step->again = agains[ast->again];
    LowerScope scope = lower_agent_scope(agent);
    scope.initiator_step = (uint32_t)(model - agent->model->steps);
    if (model->since)
        step->since = lower_program(&scope, model->since, TYPE_TIME);
}

/* ── The other windows ── */

static void lower_sliding(LowerAgent *agent, const AstContextStep *ast, ContextStep *step)
{
    step->kind = CONTEXT_SLIDING;
    step->length = lower_duration(agent->lowering, ast->size);
    step->every = lower_duration(agent->lowering, ast->every);
    step->origin = ast->from_time ? lower_time(ast->from_time->time, NULL) : 0;
    step->at_most = count_of(&ast->limit);
}

static void lower_each(const AstContextStep *ast, ContextStep *step)
{
    step->kind = CONTEXT_EACH;
    step->size = count_of(&ast->count);
    step->period = count_of(&ast->every_count);
}

/* ── All of them ── */

static bool refused_step(LowerAgent *agent, const ModelStep *model)
{
    static const char *const words[AST_CONTEXT_KIND_COUNT] = {
        [AST_CONTEXT_NEAR_BANDS] = "a `near` context", [AST_CONTEXT_NEAR_EACH] = "a `near` context",
        [AST_CONTEXT_LOCATION] = "a spatial context", [AST_CONTEXT_NAMED] = "this context",
    };
    const AstContextStep *ast = model->ast;
    if (model->outside && ast->kind != AST_CONTEXT_FIXED) {
        lower_refuse(agent->lowering, ast->span, NULL, "`outside` a context that is not `fixed` does not run yet");
        return true;
    }
    if (words[ast->kind]) {
        lower_refuse(agent->lowering, ast->span, NULL, "%s does not run yet", words[ast->kind]);
        return true;
    }
    if (ast->order.kind != AST_ORDER_UNSET && ast->order.kind != AST_ORDER_OCCURRENCE)
        lower_refuse(agent->lowering, ast->order.span, "write `order occurrence`, the default",
                     "a context in another order than that of occurrence does not run yet");
    return false;
}

static void lower_step(LowerAgent *agent, const ModelStep *model, ContextStep *step, uint32_t *nkeys, uint32_t *nconditions)
{
    const AstContextStep *ast = model->ast;
    if (model->context)
        step->name = arena_text(agent->lowering->arena, model->context->name);
    if (refused_step(agent, model))
        return;
    switch (ast->kind) {
    case AST_CONTEXT_BY:
        lower_by(agent, model, step, nkeys);
        break;
    case AST_CONTEXT_FIXED:
        lower_fixed(agent, model, step);
        break;
    case AST_CONTEXT_LAST_TIME:
        step->kind = CONTEXT_LAST;
        step->last = lower_duration(agent->lowering, ast->size);
        break;
    case AST_CONTEXT_LAST_EVENTS:
        step->kind = CONTEXT_LAST;
        step->last_count = count_of(&ast->count);
        break;
    case AST_CONTEXT_SLIDING:
        lower_sliding(agent, ast, step);
        break;
    case AST_CONTEXT_EACH:
        lower_each(ast, step);
        break;
    case AST_CONTEXT_BANDS:
        lower_bands(agent, model, step, nconditions);
        break;
    case AST_CONTEXT_WHILE:
        lower_while(step, nconditions);
        break;
    case AST_CONTEXT_SESSION:
        step->kind = CONTEXT_SESSION;
        step->gap = lower_duration(agent->lowering, ast->size);
        break;
    default:
        assert(ast->kind == AST_CONTEXT_FROM);
        lower_interval(agent, model, step);
    }
}

static int context_named(const void *name, const void *context)
{
    return text_compare(*(const Text *)name, (*(const ModelContext *const *)context)->name);
}

static int context_order(const void *a, const void *b)
{
    return text_compare((*(const ModelContext *const *)a)->name, (*(const ModelContext *const *)b)->name);
}

void lower_context_names(Lowering *lowering)
{
    uint32_t n = lowering->model->ncontexts;
    lowering->contexts = ARENA_ARRAY(lowering->scratch, const ModelContext *, n);
    for (uint32_t i = 0; i < n; i++)
        lowering->contexts[i] = lowering->model->contexts[i];
    if (n)
        qsort(lowering->contexts, n, sizeof *lowering->contexts, context_order);
}

/* The declared contexts that steps name, and those that these name. */
static void note_contexts(Lowering *lowering, const AstContextSteps *steps)
{
    const Model *model = lowering->model;
    for (uint32_t i = 0; i < steps->n; i++) {
        AstContextKind kind = steps->items[i].kind;
        if (kind != AST_CONTEXT_NAMED && kind != AST_CONTEXT_OUTSIDE)
            continue;
        const ModelContext **found = bsearch(&steps->items[i].name.text, lowering->contexts, model->ncontexts,
                                             sizeof *lowering->contexts, context_named);
        if (!found)
            continue;
        lower_depends(lowering, (*found)->declaration);
        note_contexts(lowering, &(*found)->ast->steps);
    }
}

/* The engine numbers events for one `last N events` that stands before other members of the context. */
static void counters_check(LowerAgent *agent)
{
    const ModelAgent *model = agent->model;
    uint32_t counters = 0;
    for (uint32_t i = 0; i + 1 < agent->plan->ncontexts; i++)
        if (agent->plan->contexts[i].kind == CONTEXT_LAST && agent->plan->contexts[i].last_count && ++counters == 2)
            lower_refuse(agent->lowering, model->steps[i].ast->span, NULL,
                         "a second `last N events` before other members of a context does not run yet");
}

void lower_contexts(LowerAgent *agent)
{
    note_contexts(agent->lowering, &agent->ast->contexts);
    const ModelAgent *model = agent->model;
    const AstDetect *detect = agent->ast->detect;
    bool trailing = (agent->plan->kind == AGENT_THRESHOLD || agent->plan->kind == AGENT_PATTERN) && detect->within;
    AgentPlan *plan = agent->plan;
    plan->ncontexts = model->nsteps + trailing;
    plan->contexts = ARENA_ARRAY(agent->lowering->arena, ContextStep, plan->ncontexts);
    uint32_t nkeys = 0, nconditions = 0;
    for (uint32_t i = 0; i < model->nsteps; i++)
        lower_step(agent, &model->steps[i], &plan->contexts[i], &nkeys, &nconditions);
    counters_check(agent);
    if (!trailing)
        return;
    ContextStep *last = &plan->contexts[model->nsteps];
    last->kind = CONTEXT_LAST;
    last->last = lower_duration(agent->lowering, detect->within);
    last->last_inclusive = detect->inclusive;
}

void lower_keys(LowerAgent *agent, uint32_t input)
{
    Lowering *lowering = agent->lowering;
    const ModelAgent *model = agent->model;
    InputPlan *plan = &agent->plan->inputs[input];
    const ModelEvent *event = model->inputs[input].event;
    plan->shape = lowering->plan->types[event->index].shape;
    uint32_t n = 0;
    for (uint32_t s = 0; s < model->nsteps; s++)
        n += model->steps[s].nkeys;
    plan->keys = ARENA_ARRAY(lowering->arena, Program *, n);
    n = 0;
    for (uint32_t s = 0; s < model->nsteps; s++)
        for (uint32_t k = 0; k < model->steps[s].nkeys; k++) {
            const ModelKey *key = &model->steps[s].keys[k];
            LowerScope scope = {.lowering = lowering, .event = event, .computed = true};
            if (type_runs(key->type->kind))
                plan->keys[n] = lower_program(&scope, key->exprs[input], key->type->kind);
            n++;
        }
}

void lower_conditions(LowerAgent *agent, uint32_t input)
{
    Lowering *lowering = agent->lowering;
    const ModelAgent *model = agent->model;
    InputPlan *plan = &agent->plan->inputs[input];
    uint32_t n = 0;
    for (uint32_t s = 0; s < model->nsteps; s++)
        n += agent->plan->contexts[s].nconditions;
    plan->conditions = ARENA_ARRAY(lowering->arena, Program *, n);
    LowerScope scope = {.lowering = lowering, .event = model->inputs[input].event, .computed = true};
    for (uint32_t s = 0; s < model->nsteps; s++) {
        const ContextStep *step = &agent->plan->contexts[s];
        const ModelStep *from = &model->steps[s];
        for (uint32_t i = 0; i < step->nconditions; i++) {
            const Expr *condition = from->nbands ? from->bands[i].exprs[input] : from->conditions[input];
            LowerScope own = scope;
            plan->conditions[step->condition_first + i] = lower_program(&own, condition, TYPE_BOOL);
        }
    }
}
