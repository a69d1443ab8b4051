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
    if (ast->limit.set)
        step->at_most = (uint32_t)(ast->limit.value > UINT32_MAX ? UINT32_MAX : ast->limit.value);
    if (ast->idle)
        step->idle = lower_duration(agent->lowering, ast->idle);
    step->again = agains[ast->again];
    LowerScope scope = lower_agent_scope(agent);
    scope.initiator_step = (uint32_t)(model - agent->model->steps);
    if (model->since)
        step->since = lower_program(&scope, model->since, TYPE_TIME);
}

/* ── All of them ── */

static bool refused_step(LowerAgent *agent, const ModelStep *model)
{
    static const char *const words[AST_CONTEXT_KIND_COUNT] = {
        [AST_CONTEXT_SLIDING] = "a sliding context", [AST_CONTEXT_EACH] = "a context of `each` so many events",
        [AST_CONTEXT_SESSION] = "a session context", [AST_CONTEXT_BANDS] = "a context of bands",
        [AST_CONTEXT_WHILE] = "a `while` context", [AST_CONTEXT_OUTSIDE] = "an `outside` context",
        [AST_CONTEXT_NEAR_BANDS] = "a `near` context", [AST_CONTEXT_NEAR_EACH] = "a `near` context",
        [AST_CONTEXT_LOCATION] = "a spatial context", [AST_CONTEXT_NAMED] = "this context",
    };
    static const char *const hints[AST_CONTEXT_KIND_COUNT] = {
        [AST_CONTEXT_SLIDING] = "`last D` looks back from each event, `fixed every D` cuts time into intervals",
        [AST_CONTEXT_SESSION] = "an interval that ends by a pause: `from E e idle D`",
        [AST_CONTEXT_EACH] = "an interval of so many events: `from E e at most N events`",
        [AST_CONTEXT_BANDS] = "write an agent for each band, with the condition behind `where`",
        [AST_CONTEXT_WHILE] = "read the table behind `where`: `T[key].column == …`",
    };
    const AstContextStep *ast = model->ast;
    if (model->outside) {
        lower_refuse(agent->lowering, ast->span, NULL, "%s does not run yet", words[AST_CONTEXT_OUTSIDE]);
        return true;
    }
    if (words[ast->kind]) {
        lower_refuse(agent->lowering, ast->span, hints[ast->kind], "%s does not run yet", words[ast->kind]);
        return true;
    }
    if (ast->order.kind != AST_ORDER_UNSET && ast->order.kind != AST_ORDER_OCCURRENCE)
        lower_refuse(agent->lowering, ast->order.span, "write `order occurrence`, the default",
                     "a context in another order than that of occurrence does not run yet");
    return false;
}

static void lower_step(LowerAgent *agent, const ModelStep *model, ContextStep *step, uint32_t *nkeys)
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
        step->last_count = (uint32_t)(ast->count.value > UINT32_MAX ? UINT32_MAX : ast->count.value);
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
    bool trailing = agent->plan->kind == AGENT_THRESHOLD && detect->within;
    AgentPlan *plan = agent->plan;
    plan->ncontexts = model->nsteps + trailing;
    plan->contexts = ARENA_ARRAY(agent->lowering->arena, ContextStep, plan->ncontexts);
    uint32_t nkeys = 0;
    for (uint32_t i = 0; i < model->nsteps; i++)
        lower_step(agent, &model->steps[i], &plan->contexts[i], &nkeys);
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
