/* Contexts: what a declared one says by itself, and what its steps become in an agent.
 *
 *   contexts_declared   once per declaration: names, durations, bounds; a mistake is reported here
 *   contexts_expand     per agent: named contexts put in, aliases of openers, closers, discarders made
 *   contexts_resolve    per agent: keys, bands, places and conditions, for every event type it hears
 *
 * A declared context has no event types of its own, so its expressions are copied and checked for each agent. */
#include <stdlib.h>

#include "rules/check.h"

#define ERROR_TYPE (check->types.error)

enum { NEW, OPEN, DONE, BROKEN };

static const char one_event[] = "a context looks at one event";

/* ---- what a step says by itself -------------------------------------------------------------------- */

static void option_bad(Checker *check, Span span, const char *message, const char *hint)
{
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_CONTEXT_OPTION, span, "%s", message);
    if (hint)
        diagnostics_hint(d, "%s", hint);
}

static bool calendar(const Expr *expr)
{
    return expr && expr->kind == EXPR_QUANTITY && expr->quantity->calendar != UNIT_NONE;
}

/* A duration of a step, which must be more than 0. */
static void duration_step(Checker *check, Expr *expr)
{
    if (!expr)
        return;
    if (expr->kind == EXPR_QUANTITY && expr->quantity->dimension == DIMENSION_CALENDAR) {
        expr->type = type_plain(check, TYPE_DURATION, false);
        if (expr->quantity->calendar_count <= 0)
            option_bad(check, expr->span, "a duration of nothing", NULL);
        return;
    }
    expr_duration(check, expr);
    if (expr->type && !type_is_error(expr->type) && model_duration(expr) <= 0)
        option_bad(check, expr->span, "a duration of nothing", NULL);
}

static void count_step(Checker *check, const AstCount *count)
{
    if (count->set && (count->value < 1 || count->value > UINT32_MAX))
        option_bad(check, count->span, "a number of events from 1 on is needed", NULL);
}

static void instant(Checker *check, Expr *time, Text zone)
{
    if (!time)
        return;
    ModelAgent zoned = {.zone = zone};
    Scope scope = {.agent = zone.len ? &zoned : NULL, .place = "a context", .aggregates = one_event};
    expr_final(check, &scope, time);
}

static void fixed_step(Checker *check, AstContextStep *step)
{
    instant(check, step->from_time, step->zone.value);
    instant(check, step->to_time, step->zone.value);
    duration_step(check, step->size);
    duration_step(check, step->every);
    if (!step->every && !step->size && !step->to_time && !step->from_time)
        option_bad(check, step->span, "a fixed context without an interval", "write `fixed every 1 h`, or `fixed from T to T2`");
    int64_t day = step->to_time && step->to_time->time->date ? INT64_C(86400000000000) : 0; /* a date ends with its day */
    if (step->from_time && step->to_time && step->from_time->time->time_ns - day >= step->to_time->time->time_ns)
        option_bad(check, step->to_time->span, "the interval ends before it begins", NULL);
    if (step->every && step->size && !calendar(step->every) && step->every->type && !type_is_error(step->every->type) &&
        step->size->type && !type_is_error(step->size->type) && model_duration(step->size) > model_duration(step->every))
        option_bad(check, step->size->span, "each interval is longer than the period", "intervals that overlap are `sliding`");
}

static void names_once(Checker *check, const AstFields *fields)
{
    Names seen = {0};
    for (uint32_t i = 0; i < fields->n; i++) {
        NameEntry *first = names_add(&seen, check->arena, fields->items[i].name.text, fields->items[i].name.span, &seen);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, fields->items[i].name.span,
                                             "band `%.*s` is written twice", TEXT_ARGS(fields->items[i].name.text)),
                             first->span, "the first stands here");
    }
}

static void distance_bands(Checker *check, const AstContextStep *step)
{
    Names seen = {0};
    for (uint32_t i = 0; i < step->distance_band_count; i++) {
        AstDistanceBand *band = &step->distance_bands[i];
        NameEntry *first = names_add(&seen, check->arena, band->name.text, band->name.span, &seen);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, band->name.span,
                                             "band `%.*s` is written twice", TEXT_ARGS(band->name.text)),
                             first->span, "the first stands here");
        expr_distance(check, band->from);
        expr_distance(check, band->to);
        if (!type_is_error(band->from->type) && !type_is_error(band->to->type) &&
            model_distance(band->from) >= model_distance(band->to))
            option_bad(check, band->span, "the band ends before it begins", NULL);
    }
}

static void shape_names(Checker *check, const AstShape *shape)
{
    if (!shape->table.text.len)
        return;
    ModelTable *table = check_find(check, SPACE_TABLE, shape->table.text, shape->table.span);
    if (!table)
        return;
    uint32_t at = model_column(table, shape->column.text);
    if (at == INDEX_NONE) {
        check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_COLUMN, shape->column.span,
                                                    "unknown column `%.*s` of table `%.*s`", TEXT_ARGS(shape->column.text),
                                                    TEXT_ARGS(table->name)),
                             shape->column.text, NULL, table);
        return;
    }
    Type *type = table->columns[at]->type;
    if (!type_is_error(type) && !type_is(type, TYPE_POINT) && !type_is(type, TYPE_AREA) && !type_is(type, TYPE_LINE)) {
        Text phrase = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, shape->column.span, "a shape is a point, line or area, and `%.*s` is %.*s",
                        TEXT_ARGS(shape->column.text), TEXT_ARGS(phrase));
    }
    if (shape->key_count && shape->key_count != table->nkeys)
        diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_COUNT, shape->span, "table `%.*s` has %u key%s, and %u %s written",
                        TEXT_ARGS(table->name), table->nkeys, table->nkeys == 1 ? "" : "s", shape->key_count,
                        shape->key_count == 1 ? "is" : "are");
}

static void event_names(Checker *check, const AstNamedEvents *events)
{
    for (uint32_t i = 0; i < events->n; i++)
        check_event(check, &events->items[i].type);
}

static void key_names(Checker *check, const AstContextStep *step)
{
    Names seen = {0};
    for (uint32_t i = 0; i < step->key_count; i++) {
        Text name = path_text(check, &step->key_paths[i]);
        NameEntry *first = names_add(&seen, check->arena, name, step->key_paths[i].span, &seen);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, step->key_paths[i].span,
                                             "key `%.*s` is named twice", TEXT_ARGS(name)),
                             first->span, "the first stands here");
    }
}

static bool context_ready(Checker *check, ModelContext *context);

/* Reports what is wrong with a step whatever the agent. Returns whether nothing was. */
static bool step_check(Checker *check, AstContextStep *step)
{
    uint32_t errors = check->diagnostics->errors;
    switch (step->kind) {
    case AST_CONTEXT_NAMED: case AST_CONTEXT_OUTSIDE: {
        ModelContext *context = check_find(check, SPACE_CONTEXT, step->name.text, step->name.span);
        return context && context_ready(check, context);
    }
    case AST_CONTEXT_FIXED:
        fixed_step(check, step);
        break;
    case AST_CONTEXT_SLIDING:
        instant(check, step->from_time, TEXT(""));
        /* fallthrough */
    case AST_CONTEXT_SESSION: case AST_CONTEXT_LAST_TIME:
        if (step->size && calendar(step->size) && step->size->quantity->dimension == DIMENSION_CALENDAR)
            option_bad(check, step->size->span, "months and years have no fixed length", NULL);
        else
            duration_step(check, step->size);
        duration_step(check, step->every);
        break;
    default:
        break;
    }
    count_step(check, &step->count);
    count_step(check, &step->every_count);
    count_step(check, &step->limit);
    event_names(check, &step->opens);
    event_names(check, &step->closes);
    event_names(check, &step->discard);
    key_names(check, step);
    names_once(check, &step->bands);
    distance_bands(check, step);
    shape_names(check, &step->shape);
    expr_distance(check, step->distance_min);
    expr_distance(check, step->distance_max);
    duration_step(check, step->expiry);
    duration_step(check, step->idle);
    return check->diagnostics->errors == errors;
}

static bool context_ready(Checker *check, ModelContext *context)
{
    uint32_t *state = &((Declaration *)context->declaration)->ref;
    if (*state == OPEN) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_DEFINITION_CYCLE, context->declaration->name.span,
                        "context `%.*s` needs itself", TEXT_ARGS(context->name));
        *state = BROKEN;
        return false;
    }
    if (*state != NEW)
        return *state == DONE;
    *state = OPEN;
    bool fine = true;
    for (uint32_t i = 0; i < context->ast->steps.n; i++)
        fine &= step_check(check, &context->ast->steps.items[i]);
    *state = fine && *state != BROKEN ? DONE : BROKEN;
    return *state == DONE;
}

void contexts_declared(Checker *check)
{
    for (uint32_t i = 0; i < check->level->model->ncontexts; i++)
        context_ready(check, check->level->model->contexts[i]);
}

/* ---- steps of an agent ----------------------------------------------------------------------------- */

typedef struct Expansion {
    Checker *check;
    AgentCheck *work;
    ModelContext *context; /* the outermost declared one; NULL = written in the agent */
    Span span;             /* where the agent names it */
    uint32_t depth;
    bool broken;           /* a mistake in it is reported already */
} Expansion;

enum { EXPANSION_DEPTH_MAX = 64 };

static ModelAlias **aliases_of(const Expansion *expansion, AliasKind kind, AstNamedEvents *events, uint32_t step)
{
    Checker *check = expansion->check;
    ModelAlias **aliases = ARENA_ARRAY(check->arena, ModelAlias *, events->n);
    for (uint32_t i = 0; i < events->n; i++) {
        AstNamedEvent *named = &events->items[i];
        bool shadowed = names_find(&expansion->work->aliases, named->alias.text) != NULL;
        ModelAlias *alias;
        if (shadowed && (expansion->context || kind == ALIAS_OPENER)) {
            NameEntry *first = names_find(&expansion->work->aliases, named->alias.text);
            ModelAlias *other = first->what;
            alias = alias_new(check, NULL, kind, named->alias, &named->type, 1);
            bool same = other->nevents == alias->nevents && alias->nevents && other->events[0] == alias->events[0];
            if (!expansion->context && alias->nevents && !same)
                diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, named->alias.span,
                                                 "alias `%.*s` already stands for another event", TEXT_ARGS(named->alias.text)),
                                 first->span, "the first stands here");
        } else {
            alias = alias_new(check, expansion->work, kind, named->alias, &named->type, 1);
        }
        alias->step = step;
        alias->entry = i;
        alias->optional = kind != ALIAS_OPENER || events->n > 1;
        alias->where = where_copy(check, &named->where);
        aliases[i] = alias;
    }
    return aliases;
}

static void expand(Expansion *expansion, AstContextSteps *steps, bool outside)
{
    Checker *check = expansion->check;
    ModelAgent *agent = expansion->work->agent;
    for (uint32_t i = 0; i < steps->n; i++) {
        AstContextStep *ast = &steps->items[i];
        bool broken = expansion->context ? expansion->broken : !step_check(check, ast);
        if (ast->kind == AST_CONTEXT_NAMED || ast->kind == AST_CONTEXT_OUTSIDE) {
            ModelContext *context = check_look(check, SPACE_CONTEXT, ast->name.text);
            if (!context || expansion->depth >= EXPANSION_DEPTH_MAX)
                continue;
            Expansion inner = *expansion;
            inner.depth++;
            inner.broken = broken || context->declaration->ref == BROKEN;
            if (!inner.context) {
                inner.context = context;
                inner.span = ast->name.span;
            }
            expand(&inner, (AstContextSteps *)&context->ast->steps, outside != (ast->kind == AST_CONTEXT_OUTSIDE));
            continue;
        }
        if (agent->nsteps >= STEPS_MAX) {
            option_bad(check, ast->span, "an agent has at most 64 contexts", NULL);
            return;
        }
        agent->steps = arena_grow(check->arena, agent->steps, agent->nsteps, sizeof *agent->steps);
        uint32_t at = agent->nsteps++;
        expansion->work->broken[at] = broken;
        expansion->work->failed |= broken;
        agent->steps[at] = (ModelStep){.ast = ast, .context = expansion->context, .outside = outside};
        ModelAlias **opens = aliases_of(expansion, ALIAS_OPENER, &ast->opens, at);
        ModelAlias **closes = aliases_of(expansion, ALIAS_CLOSER, &ast->closes, at);
        ModelAlias **discards = aliases_of(expansion, ALIAS_DISCARDER, &ast->discard, at);
        ModelStep *step = &agent->steps[at];
        step->opens = opens;
        step->closes = closes;
        step->discards = discards;
        if (ast->shape.table.text.len) {
            step->table = check_look(check, SPACE_TABLE, ast->shape.table.text);
            uint32_t column = step->table ? model_column(step->table, ast->shape.column.text) : INDEX_NONE;
            step->column = column == INDEX_NONE ? NULL : step->table->columns[column];
        }
        if (ast->kind == AST_CONTEXT_FIXED && ast->zone.set && !agent->zone.len)
            agent->zone = ast->zone.value;
    }
}

/* Whether a step ends its partitions: then `at close` means something. */
static bool step_closes(const ModelStep *step)
{
    const AstContextStep *ast = step->ast;
    switch (ast->kind) {
    case AST_CONTEXT_FIXED:
        return ast->every || ast->size || ast->to_time || step->outside;
    case AST_CONTEXT_SLIDING: case AST_CONTEXT_EACH: case AST_CONTEXT_SESSION:
        return true;
    case AST_CONTEXT_FROM:
        return ast->closes.n || ast->expiry || ast->limit.set || ast->idle || step->outside;
    case AST_CONTEXT_NEAR_EACH:
        return ast->expiry != NULL;
    default:
        return false;
    }
}

/* Contexts whose partitions depend on which events they see. */
static bool step_watches(const ModelStep *step)
{
    switch (step->ast->kind) {
    case AST_CONTEXT_FROM: case AST_CONTEXT_EACH: case AST_CONTEXT_NEAR_EACH: case AST_CONTEXT_LAST_EVENTS:
    case AST_CONTEXT_SESSION:
        return true;
    default:
        return false;
    }
}

void contexts_expand(Checker *check, AgentCheck *work)
{
    ModelAgent *agent = work->agent;
    Expansion expansion = {.check = check, .work = work};
    AstContextSteps *steps = (AstContextSteps *)&agent->ast->contexts;
    expand(&expansion, steps, false);
    for (uint32_t i = 0; i < agent->nsteps; i++) {
        const ModelStep *step = &agent->steps[i];
        agent->closes |= step_closes(step);
        agent->trailing |= step->ast->kind == AST_CONTEXT_LAST_TIME || step->ast->kind == AST_CONTEXT_LAST_EVENTS;
        agent->keyed |= step->ast->kind == AST_CONTEXT_BY;
        if (step->ast->kind != AST_CONTEXT_BY && step->ast->kind != AST_CONTEXT_BANDS)
            continue;
        for (uint32_t k = 0; k < i; k++)
            if (step_watches(&agent->steps[k])) {
                diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_CONTEXT_ORDER, steps->items[0].span,
                                                 "what events open or count stands before the key, so all keys share it"),
                                 "write the key first to give each key windows of its own");
                return;
            }
    }
}

/* ---- keys, bands, places --------------------------------------------------------------------------- */

static Span step_span(const AgentCheck *work, const ModelStep *step, Span own)
{
    if (!step->context)
        return own;
    const AstContextSteps *steps = &work->agent->ast->contexts;
    for (uint32_t i = 0; i < steps->n; i++)
        if (steps->items[i].name.text.len && text_is(steps->items[i].name.text, step->context->name))
            return steps->items[i].name.span;
    return steps->n ? steps->items[0].span : own;
}

static Scope input_scope(const AgentCheck *work, ModelEvent *event, const char *place)
{
    return (Scope){.agent = work->agent, .event = event, .place = place, .aggregates = one_event};
}

static bool key_type_fits(Checker *check, Type *type, Span span, Text name)
{
    if (type_is_error(type))
        return false;
    switch (type->kind) {
    case TYPE_LIST: case TYPE_MAP: case TYPE_RECORD: case TYPE_ANY: case TYPE_AREA: case TYPE_LINE: {
        Text phrase = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_TYPES, span, "key `%.*s` is %.*s, which cannot be a key",
                        TEXT_ARGS(name), TEXT_ARGS(phrase));
        return false;
    }
    default:
        return true;
    }
}

static void key_missing(Checker *check, AgentCheck *work, const ModelStep *step, Span own, Text name, const ModelEvent *event)
{
    work->failed = true;
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_MISSING, step_span(work, step, own),
                                    "key `%.*s` is missing in `%.*s`", TEXT_ARGS(name), TEXT_ARGS(event->name));
    const ModelEvent *other = NULL;
    for (uint32_t i = 0; i < work->agent->ninputs && !other; i++)
        if (model_attribute(work->agent->inputs[i].event, name) != INDEX_NONE)
            other = work->agent->inputs[i].event;
    if (other)
        diagnostics_hint(d, "name it for each type: `by %.*s = %.*s.%.*s | %.*s.…`", TEXT_ARGS(name), TEXT_ARGS(other->name),
                         TEXT_ARGS(name), TEXT_ARGS(event->name));
    else
        check_near_attribute(check, d, name, event, NULL);
}

/* Puts the key's expression for one input; reports types that differ. */
static void key_put(Checker *check, AgentCheck *work, const ModelStep *step, ModelKey *key, uint32_t input, Expr *expr, Span own)
{
    ModelEvent *event = work->agent->inputs[input].event;
    Scope scope = input_scope(work, event, "a context key");
    scope.event_names = true;
    uint32_t errors = check->diagnostics->errors;
    Type *type = expr_final(check, &scope, expr);
    if (check->diagnostics->errors > errors)
        work->failed = true;
    if (!key_type_fits(check, type, step_span(work, step, own), key->name))
        return;
    type = type_with(check, type, false);
    key->exprs[input] = expr;
    if (!key->type || type_is_error(key->type)) {
        key->type = type;
    } else if (key->type != type) {
        uint32_t first = 0;
        while (first < input && !key->exprs[first])
            first++;
        Text left = type_phrase(check, key->type), right = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_TYPES, step_span(work, step, own),
                        "key `%.*s` is %.*s in `%.*s` and %.*s in `%.*s`", TEXT_ARGS(key->name), TEXT_ARGS(left),
                        TEXT_ARGS(work->agent->inputs[first].event->name), TEXT_ARGS(right), TEXT_ARGS(event->name));
        work->failed = true;
    }
}

/* The event type that an unchecked key expression names, `Payment` in `lower(Payment.card)`; NULL = none. */
typedef struct KeyEvent {
    Checker *check;
    ModelEvent *event;
} KeyEvent;

static void key_event(Expr *expr, void *context)
{
    KeyEvent *find = context;
    if (expr->kind != EXPR_MEMBER || expr->a->kind != EXPR_NAME || find->event)
        return;
    find->event = check_look(find->check, SPACE_EVENT, expr->a->name.text);
}

/* Whether an ancestor that the agent hears lacks the attribute too, so that it is reported there. */
static bool parent_misses(const ModelAgent *agent, const ModelEvent *event, Text name)
{
    for (const ModelEvent *up = event->parent; up; up = up->parent)
        for (uint32_t i = 0; i < agent->ninputs; i++)
            if (agent->inputs[i].event == up && model_attribute(up, name) == INDEX_NONE)
                return true;
    return false;
}

static void by_paths(Checker *check, AgentCheck *work, ModelStep *step)
{
    const AstContextStep *ast = step->ast;
    ModelAgent *agent = work->agent;
    step->nkeys = ast->key_count;
    step->keys = ARENA_ARRAY(check->arena, ModelKey, ast->key_count);
    for (uint32_t i = 0; i < ast->key_count; i++) {
        ModelKey *key = &step->keys[i];
        const Path *path = &ast->key_paths[i];
        *key = (ModelKey){path->parts[path->n - 1].text, ERROR_TYPE, ARENA_ARRAY(check->arena, Expr *, agent->ninputs)};
        for (uint32_t k = 0; k < agent->ninputs; k++) {
            ModelEvent *event = agent->inputs[k].event;
            if (model_attribute(event, path->parts[0].text) == INDEX_NONE) {
                if (!parent_misses(agent, event, path->parts[0].text))
                    key_missing(check, work, step, path->span, path->parts[0].text, event);
                continue;
            }
            key_put(check, work, step, key, k, expr_of_path(check, path), path->span);
        }
    }
}

static void by_exprs(Checker *check, AgentCheck *work, ModelStep *step)
{
    const AstContextStep *ast = step->ast;
    ModelAgent *agent = work->agent;
    step->nkeys = 1;
    step->keys = ARENA_NEW(check->arena, ModelKey);
    *step->keys = (ModelKey){ast->key_name.text, ERROR_TYPE, ARENA_ARRAY(check->arena, Expr *, agent->ninputs)};
    ModelEvent **of = ARENA_ARRAY(check->arena, ModelEvent *, ast->key_expr_count);
    for (uint32_t i = 0; i < ast->key_expr_count; i++) {
        KeyEvent find = {check, NULL};
        expr_walk(ast->key_exprs[i], key_event, &find);
        of[i] = find.event;
        if (find.event)
            continue;
        /* `by k = Paymant.card`: the name before the dot is no event type */
        const Expr *expr = ast->key_exprs[i];
        if (expr->kind == EXPR_MEMBER && expr->a->kind == EXPR_NAME && agent->ninputs &&
            model_attribute(agent->inputs[0].event, expr->a->name.text) == INDEX_NONE) {
            check_find(check, SPACE_EVENT, expr->a->name.text, step_span(work, step, expr->a->span));
            work->failed = true;
            return;
        }
    }
    for (uint32_t k = 0; k < agent->ninputs; k++) {
        ModelEvent *event = agent->inputs[k].event;
        const Expr *best = NULL, *bare = NULL;
        for (const ModelEvent *up = event; up && !best; up = up->parent)
            for (uint32_t i = 0; i < ast->key_expr_count && !best; i++)
                if (of[i] == up)
                    best = ast->key_exprs[i];
        for (uint32_t i = 0; i < ast->key_expr_count; i++)
            if (!of[i])
                bare = ast->key_exprs[i];
        if (!best && !bare) {
            key_missing(check, work, step, ast->key_name.span, ast->key_name.text, event);
            continue;
        }
        key_put(check, work, step, step->keys, k, expr_copy(check, best ? best : bare), ast->key_name.span);
    }
}

/* Checks a copy of an expression for every input; stops at the first input for which it is wrong. */
static Expr **per_input(Checker *check, AgentCheck *work, const Expr *expr, const char *place, bool condition)
{
    ModelAgent *agent = work->agent;
    Expr **copies = ARENA_ARRAY(check->arena, Expr *, agent->ninputs);
    for (uint32_t k = 0; k < agent->ninputs; k++) {
        Scope scope = input_scope(work, agent->inputs[k].event, place);
        uint32_t errors = check->diagnostics->errors;
        copies[k] = expr_copy(check, expr);
        if (condition)
            expr_condition(check, &scope, copies[k], place);
        else
            expr_final(check, &scope, copies[k]);
        if (check->diagnostics->errors > errors) {
            work->failed = true;
            break;
        }
    }
    return copies;
}

static void place_check(Checker *check, AgentCheck *work, ModelStep *step)
{
    Expr *path = expr_of_path(check, &step->ast->path);
    if (!path)
        return;
    step->places = per_input(check, work, path, "the place of a context", false);
    for (uint32_t k = 0; k < work->agent->ninputs && step->places[k] && step->places[k]->type; k++) {
        Type *type = step->places[k]->type;
        if (type_is_error(type) || type_is(type, TYPE_POINT) || type_is(type, TYPE_LINE) || type_is(type, TYPE_AREA))
            continue;
        Text phrase = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, step->ast->path.span, "a place is a point, line or area, and this is %.*s",
                        TEXT_ARGS(phrase));
        return;
    }
}

/* The conditions of openers, closers, discarders, and what else names openers. */
static void step_aliases(Checker *check, AgentCheck *work, ModelStep *step, Names *openers)
{
    const AstContextStep *ast = step->ast;
    Scope scope = {.agent = work->agent, .aggregates = one_event};
    for (uint32_t i = 0; i < ast->opens.n; i++)
        names_add(openers, check->arena, step->opens[i]->name, step->opens[i]->span, step->opens[i]);
    scope.aliases = openers;
    for (uint32_t i = 0; i < ast->opens.n; i++) {
        scope.kinds = KINDS_OPENER;
        scope.own = step->opens[i];
        scope.own_kinds = KINDS_OPENER;
        scope.place = "the `where` of the event that opens";
        where_check(check, &scope, &step->opens[i]->where, "`where`");
    }
    scope.own = NULL;
    struct {
        ModelAlias **aliases;
        uint32_t n;
        uint32_t kind;
        const char *place;
    } lists[] = {{step->closes, ast->closes.n, KIND_BIT(ALIAS_CLOSER), "the `where` of the event that closes"},
                 {step->discards, ast->discard.n, KIND_BIT(ALIAS_DISCARDER), "the `where` of the event that discards"}};
    for (int l = 0; l < 2; l++)
        for (uint32_t i = 0; i < lists[l].n; i++) {
            Names own = {0};
            names_add(&own, check->arena, lists[l].aliases[i]->name, lists[l].aliases[i]->span, lists[l].aliases[i]);
            for (uint32_t k = 0; k < openers->n; k++)
                names_add(&own, check->arena, openers->entries[k].name, openers->entries[k].span, openers->entries[k].what);
            bool optional = lists[l].aliases[i]->optional;
            lists[l].aliases[i]->optional = false;
            scope.aliases = &own;
            scope.kinds = KINDS_OPENER | lists[l].kind;
            scope.place = lists[l].place;
            where_check(check, &scope, &lists[l].aliases[i]->where, "`where`");
            lists[l].aliases[i]->optional = optional;
        }
    scope.aliases = openers;
    scope.kinds = KINDS_OPENER;
    if (ast->expiry_since) {
        scope.place = "`since`";
        step->since = expr_copy(check, ast->expiry_since);
        expr_assign(check, &scope, step->since, type_plain(check, TYPE_TIME, true), "`since`", TEXT(""));
    }
    if (ast->kind == AST_CONTEXT_NEAR_EACH) {
        step->at = ARENA_ARRAY(check->arena, Expr *, ast->opens.n);
        for (uint32_t i = 0; i < ast->opens.n; i++) {
            Expr *at = expr_of_path(check, &ast->at);
            const Name *first = ast->at.n ? &ast->at.parts[0] : NULL;
            if (!at || (ast->opens.n > 1 && ast->at.n > 1 && !text_is(first->text, step->opens[i]->name)))
                continue;
            scope.place = "`at`";
            step->at[i] = at;
            expr_final(check, &scope, at);
        }
    }
}

void contexts_resolve(Checker *check, AgentCheck *work)
{
    ModelAgent *agent = work->agent;
    Names openers = {0};
    for (uint32_t i = 0; i < agent->nsteps; i++) {
        ModelStep *step = &agent->steps[i];
        const AstContextStep *ast = step->ast;
        uint32_t errors = check->diagnostics->errors;
        uint32_t *state = step->context ? &((Declaration *)step->context->declaration)->ref : NULL;
        if (work->broken[i] || (state && *state == BROKEN)) {
            work->failed = work->broken[i] = true;
            for (uint32_t k = 0; k < ast->opens.n; k++)
                names_add(&openers, check->arena, step->opens[k]->name, step->opens[k]->span, step->opens[k]);
            continue;
        }
        step_aliases(check, work, step, &openers);
        switch (ast->kind) {
        case AST_CONTEXT_BY:
            if (ast->key_expr_count)
                by_exprs(check, work, step);
            else
                by_paths(check, work, step);
            duration_step(check, ast->idle);
            break;
        case AST_CONTEXT_BANDS:
            step->nbands = ast->bands.n;
            step->bands = ARENA_ARRAY(check->arena, ModelBand, ast->bands.n);
            for (uint32_t k = 0; k < ast->bands.n; k++)
                step->bands[k] = (ModelBand){ast->bands.items[k].name.text,
                                             per_input(check, work, ast->bands.items[k].value, "a band", true)};
            break;
        case AST_CONTEXT_WHILE:
            step->conditions = per_input(check, work, ast->condition, "`while`", true);
            break;
        case AST_CONTEXT_NEAR_BANDS: case AST_CONTEXT_NEAR_EACH: case AST_CONTEXT_LOCATION:
            place_check(check, work, step);
            break;
        default:
            break;
        }
        if (ast->order.kind == AST_ORDER_BY)
            step->order_by = per_input(check, work, expr_of_path(check, &ast->order.path), "`order by`", false);
        if (step->table && ast->shape.key_count) {
            Scope scope = input_scope(work, agent->ninputs ? agent->inputs[0].event : NULL, "the key of a shape");
            step->nshape_keys = ast->shape.key_count;
            step->shape_keys = ARENA_ARRAY(check->arena, Expr *, ast->shape.key_count);
            for (uint32_t k = 0; k < ast->shape.key_count; k++) {
                step->shape_keys[k] = expr_copy(check, ast->shape.keys[k]);
                if (k < step->table->nkeys) {
                    ModelAttribute *key = step->table->columns[step->table->keys[k]];
                    expr_assign(check, &scope, step->shape_keys[k], type_with(check, key->type, true), "key", key->name);
                }
            }
        }
        if (check->diagnostics->errors == errors)
            continue;
        work->failed = true;
        if (state && ast->kind != AST_CONTEXT_BY) /* the next agent would report the same place */
            *state = BROKEN;
    }
}
