/* References: what a name, a member or an index means where it stands.
 *
 * The look-up order of a bare name: argument of the function, let, alias, attribute at hand, param, table,
 * event type, `context`. A Scope says which aliases have an event there; an alias read inside an aggregate
 * becomes what the aggregate is over. */
#include "rules/check.h"

#define ERROR_TYPE (check->types.error)

static Type *set(Expr *expr, Reference reference, void *note, Type *type)
{
    expr->ref = reference;
    expr->note = note;
    return expr->type = type;
}

/* ---- aliases --------------------------------------------------------------------------------------- */

static const char *const alias_lines[] = {
    [ALIAS_ON] = "an `on` line",           [ALIAS_EXPECTED] = "`expect`",
    [ALIAS_CANCELLER] = "`or discard on`", [ALIAS_OPENER] = "the opening of a context",
    [ALIAS_CLOSER] = "the closing of a context", [ALIAS_DISCARDER] = "`or discard on` of a context",
    [ALIAS_ROW] = "`enrich`",              [ALIAS_ITEM] = "`for each`",
    [ALIAS_ZONE] = "a zone pattern",       [ALIAS_ENTITY] = "the context", [ALIAS_INITIATOR] = "the context",
};

static bool alias_is_event(const ModelAlias *alias)
{
    return alias->events != NULL;
}

/* Whether an alias may be read in a scope; reports if not. Inside an aggregate it becomes what that is over. */
static bool alias_readable(Checker *check, const Scope *scope, ModelAlias *alias, Span span)
{
    bool hidden = !(scope->kinds & KIND_BIT(alias->kind));
    if (!hidden && scope->own && (scope->own_kinds & KIND_BIT(alias->kind)) && alias != scope->own)
        hidden = true;
    if (hidden) {
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_ALIAS_PLACE, span, "`%.*s` of %s has no event in %s",
                                        TEXT_ARGS(alias->name), alias_lines[alias->kind], scope->place);
        if (scope->own && alias->kind == ALIAS_ON)
            diagnostics_hint(d, "a condition over several participants stands in the `where` of `detect`");
        diagnostics_note(d, alias->span, "`%.*s` is introduced here", TEXT_ARGS(alias->name));
        return false;
    }
    if (alias->negated && !scope->negated && !scope->aggregate) {
        diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_ALIAS_PLACE, span,
                                         "`%.*s` is negated in the pattern and never has an event in %s",
                                         TEXT_ARGS(alias->name), scope->place),
                         alias->span, "`%.*s` is introduced here", TEXT_ARGS(alias->name));
        return false;
    }
    if (scope->aggregate && (alias_is_event(alias) || alias->several)) {
        if (!scope->aggregate->alias)
            scope->aggregate->alias = alias;
        else if (scope->aggregate->alias != alias) {
            diagnostics_add(check->diagnostics, DIAGNOSTIC_AGGREGATE, span,
                            "an aggregate is over one alias, and this one names `%.*s` and `%.*s`",
                            TEXT_ARGS(scope->aggregate->alias->name), TEXT_ARGS(alias->name));
            return false;
        }
    }
    return true;
}

static ModelAccess *access_new(Checker *check, ModelAlias *alias)
{
    ModelAccess *access = ARENA_NEW(check->arena, ModelAccess);
    *access = (ModelAccess){.alias = alias, .attribute = INDEX_NONE};
    access->which = alias->kind == ALIAS_OPENER || alias->kind == ALIAS_INITIATOR ? VIEW_INITIATOR : VIEW_LATEST;
    return access;
}

static bool access_optional(const Scope *scope, const ModelAccess *access)
{
    const ModelAlias *alias = access->alias;
    if (scope->unbound & KIND_BIT(alias->kind))
        return true;
    if (scope->aggregate && scope->aggregate->alias == alias)
        return false;
    if (alias->optional)
        return true;
    return (access->which == VIEW_FROM_FIRST || access->which == VIEW_FROM_LAST) && access->k > alias->least;
}

uint32_t alias_attribute(const ModelAlias *alias, Text name)
{
    for (uint32_t i = 0; i < alias->nattributes; i++)
        if (text_is(alias->attributes[i].name, name))
            return i;
    return INDEX_NONE;
}

/* What is common to all event types of an alias: equal name and type. */
void alias_commons(Checker *check, ModelAlias *alias)
{
    if (alias->table) {
        alias->nattributes = alias->table->ncolumns;
        alias->attributes = ARENA_ARRAY(check->arena, ModelCommon, alias->nattributes);
        for (uint32_t i = 0; i < alias->nattributes; i++) {
            ModelAttribute **of = ARENA_NEW(check->arena, ModelAttribute *);
            *of = alias->table->columns[i];
            alias->attributes[i] = (ModelCommon){(*of)->name, (*of)->type, of};
        }
        return;
    }
    if (!alias->nevents)
        return;
    const ModelEvent *first = alias->events[0];
    alias->attributes = ARENA_ARRAY(check->arena, ModelCommon, first->nattributes);
    for (uint32_t i = 0; i < first->nattributes; i++) {
        ModelCommon common = {first->attributes[i]->name, first->attributes[i]->type,
                              ARENA_ARRAY(check->arena, ModelAttribute *, alias->nevents)};
        bool all = true;
        for (uint32_t k = 0; k < alias->nevents && all; k++) {
            uint32_t at = model_attribute(alias->events[k], common.name);
            all = at != INDEX_NONE;
            if (!all)
                break;
            common.of[k] = alias->events[k]->attributes[at];
            if (type_is_error(common.of[k]->type))
                common.type = common.of[k]->type;
            else if (!type_is_error(common.type)) {
                bool optional = common.type->optional || common.of[k]->type->optional;
                all = type_with(check, common.type, optional) == type_with(check, common.of[k]->type, optional);
                common.type = type_with(check, common.type, optional);
            }
        }
        if (all)
            alias->attributes[alias->nattributes++] = common;
    }
}

/* ---- lets ------------------------------------------------------------------------------------------ */

typedef struct LetUse {
    Checker *check;
    const Scope *scope;
    Span span;
    bool *seen; /* by index of let: a let of lets is walked once */
    bool failed;
} LetUse;

static void let_read(Expr *expr, void *context);

static void let_walk(LetUse *use, const ModelLet *let)
{
    uint32_t at = (uint32_t)(let - use->scope->agent->lets);
    if (use->seen[at])
        return;
    use->seen[at] = true;
    expr_walk(let->value, let_read, use);
}

static void let_read(Expr *expr, void *context)
{
    LetUse *use = context;
    ModelAlias *alias = NULL;
    if (expr->kind == EXPR_NAME && expr->ref == REF_ALIAS)
        alias = expr->note;
    if (expr->kind == EXPR_NAME && expr->ref == REF_LET)
        let_walk(use, expr->note);
    if (alias && !use->failed)
        use->failed = !alias_readable(use->check, use->scope, alias, use->span);
}

/* A let over a let that holds an aggregate holds one too. */
static void let_holds(Expr *expr, void *context)
{
    ModelLet *let = context;
    if (expr->kind == EXPR_NAME && expr->ref == REF_LET)
        let->aggregates |= ((const ModelLet *)expr->note)->aggregates;
}

static Type *let_check(Checker *check, const Scope *scope, Expr *expr, LetState *state)
{
    ModelLet *let = state->let;
    if (state->progress == LET_OPEN) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_DEFINITION_CYCLE, expr->span, "`let %.*s` needs itself",
                        TEXT_ARGS(let->name));
        return set(expr, REF_NONE, NULL, ERROR_TYPE);
    }
    if (state->progress == LET_NEW) {
        state->progress = LET_OPEN;
        let->aggregates = expr_has_aggregate(check, let->value);
        let->type = expr_final(check, state->scope, let->value);
        expr_walk(let->value, let_holds, let);
        state->progress = LET_DONE;
    }
    if (let->aggregates && scope->aggregates) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_AGGREGATE_PLACE, expr->span,
                        "`%.*s` holds an aggregate, and %s", TEXT_ARGS(let->name), scope->aggregates);
        return set(expr, REF_LET, let, ERROR_TYPE);
    }
    LetUse use = {.check = check, .scope = scope, .span = expr->span};
    if (scope != state->scope && !type_is_error(let->type)) {
        use.seen = ARENA_ARRAY(check->arena, bool, scope->agent->nlets);
        let_walk(&use, let);
    }
    Type *type = use.failed ? ERROR_TYPE : let->type;
    return set(expr, REF_LET, let, type);
}

/* ---- names ----------------------------------------------------------------------------------------- */

static Type *unknown_name(Checker *check, const Scope *scope, Expr *expr)
{
    Text name = expr->name.text;
    set(expr, REF_NONE, NULL, ERROR_TYPE);
    ModelAlias *owner = NULL;
    uint32_t owners = 0;
    for (uint32_t i = 0; scope->aliases && i < scope->aliases->n; i++) {
        ModelAlias *alias = scope->aliases->entries[i].what;
        if (alias_attribute(alias, name) != INDEX_NONE && (scope->kinds & KIND_BIT(alias->kind)) &&
            (!scope->own || alias == scope->own)) {
            owner = alias;
            owners++;
        }
    }
    if (owners) {
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_ALIAS_MISSING, expr->span,
                                        "`%.*s` is an attribute; write the alias of its event before it",
                                        TEXT_ARGS(name));
        if (owners == 1) {
            diagnostics_hint(d, "did you mean `%.*s.%.*s`?", TEXT_ARGS(owner->name), TEXT_ARGS(name));
            diagnostics_fix(d, (Span){expr->span.file, expr->span.start, expr->span.start}, "%.*s.", TEXT_ARGS(owner->name));
        }
        return ERROR_TYPE;
    }
    if (check_look(check, SPACE_EVENT, name) && scope->agent) {
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_NAME_KIND, expr->span,
                                        "`%.*s` is an event type; an expression names its alias", TEXT_ARGS(name));
        for (uint32_t i = 0; i < scope->agent->naliases; i++)
            for (uint32_t k = 0; k < scope->agent->aliases[i]->nevents; k++)
                if (text_is(scope->agent->aliases[i]->events[k]->name, name) && !d->hint.len)
                    diagnostics_hint(d, "did you mean `%.*s`?", TEXT_ARGS(scope->agent->aliases[i]->name));
        return ERROR_TYPE;
    }
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_NAME, expr->span, "unknown name `%.*s` in %s",
                                    TEXT_ARGS(name), scope->place);
    if (!diagnostic_is_seen(d))
        return ERROR_TYPE;
    TextList list = {0};
    for (uint32_t i = 0; scope->function && i < scope->function->narguments; i++)
        text_list_add(&list, check->arena, scope->function->arguments[i].name);
    for (uint32_t i = 0; scope->lets && i < scope->lets->n; i++)
        text_list_add(&list, check->arena, scope->lets->entries[i].name);
    for (uint32_t i = 0; scope->aliases && i < scope->aliases->n; i++)
        text_list_add(&list, check->arena, scope->aliases->entries[i].name);
    for (uint32_t i = 0; scope->event && i < scope->event->nattributes; i++)
        text_list_add(&list, check->arena, scope->event->attributes[i]->name);
    for (uint32_t i = 0; scope->table && i < scope->table->ncolumns; i++)
        text_list_add(&list, check->arena, scope->table->columns[i]->name);
    for (const Level *level = check->level; level; level = level->outer) {
        for (uint32_t i = 0; i < level->spaces[SPACE_PARAM].n; i++)
            text_list_add(&list, check->arena, level->spaces[SPACE_PARAM].entries[i].name);
        for (uint32_t i = 0; i < level->spaces[SPACE_TABLE].n; i++)
            text_list_add(&list, check->arena, level->spaces[SPACE_TABLE].entries[i].name);
    }
    diagnostics_near(d, name, list.items, list.n);
    return ERROR_TYPE;
}

static const char *const severity_words[] = {"info", "low", "medium", "high", "critical"};

Type *name_check(Checker *check, const Scope *scope, Expr *expr)
{
    Text name = expr->name.text;
    if (scope->function)
        for (uint32_t i = 0; i < scope->function->narguments; i++)
            if (text_is(scope->function->arguments[i].name, name))
                return set(expr, REF_ARGUMENT, &scope->function->arguments[i], scope->function->arguments[i].type);
    NameEntry *entry = scope->lets ? names_find(scope->lets, name) : NULL;
    if (entry)
        return let_check(check, scope, expr, entry->what);
    entry = scope->aliases ? names_find(scope->aliases, name) : NULL;
    if (entry) {
        ModelAlias *alias = entry->what;
        if (!alias_readable(check, scope, alias, expr->span))
            return set(expr, REF_ALIAS, alias, ERROR_TYPE);
        if (alias->kind == ALIAS_ITEM && alias->item)
            return set(expr, REF_ALIAS, alias, alias->item);
        if (!alias->events && !alias->table)
            return set(expr, REF_ALIAS, alias, ERROR_TYPE);
        return set(expr, REF_ALIAS, alias, alias->table ? check->types.row : check->types.event);
    }
    ModelAttribute *attribute = NULL;
    uint32_t at = scope->event ? model_attribute(scope->event, name) : INDEX_NONE;
    if (at != INDEX_NONE)
        attribute = scope->event->attributes[at];
    else if (scope->table && (at = model_column(scope->table, name)) != INDEX_NONE)
        attribute = scope->table->columns[at];
    if (attribute) {
        if (scope->reads)
            names_add(scope->reads, check->arena, name, expr->span, attribute);
        return set(expr, REF_BARE_ATTRIBUTE, attribute, attribute->type);
    }
    ModelParam *param = check_look(check, SPACE_PARAM, name);
    if (param) {
        param_ready(check, param);
        return set(expr, REF_PARAM, param, param->type);
    }
    ModelTable *table = check_look(check, SPACE_TABLE, name);
    if (table)
        return set(expr, REF_TABLE, table, check->types.table);
    ModelEvent *event = scope->event_names ? check_look(check, SPACE_EVENT, name) : NULL;
    if (event)
        return set(expr, REF_EVENT_TYPE, event, check->types.event);
    if (scope->agent && text_is_c(name, "context") && !expr->name.quoted)
        return set(expr, REF_CONTEXT, NULL, check->types.context);
    if (scope->severity) {
        if (text_is_c(name, "severity"))
            return set(expr, REF_SEVERITY, NULL, type_plain(check, TYPE_INT, false));
        for (int i = 0; i < 5; i++)
            if (text_is_c(name, severity_words[i])) {
                expr->integer = i;
                return set(expr, REF_SEVERITY_VALUE, NULL, type_plain(check, TYPE_INT, false));
            }
    }
    return unknown_name(check, scope, expr);
}

/* ---- members --------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    TypeKind kind;
    bool optional;
} headers[] = {
    {"$id", TYPE_STRING, false},       {"$type", TYPE_STRING, false},   {"$source", TYPE_STRING, false},
    {"$time", TYPE_TIME, false},       {"$detected", TYPE_TIME, false}, {"$certainty", TYPE_FLOAT, false},
    {"$annotation", TYPE_STRING, false}, {"$causes", TYPE_LIST, false}, {"$text", TYPE_STRING, false},
    {"$retracts", TYPE_STRING, true},  {"$suppressed", TYPE_INT, false},
};
enum { HEADERS = sizeof headers / sizeof *headers };

Type *header_type(Checker *check, Text header)
{
    for (int i = 0; i < HEADERS; i++)
        if (text_is_c(header, headers[i].name)) {
            if (headers[i].kind == TYPE_LIST)
                return type_list(check, type_plain(check, TYPE_STRING, false), false);
            return type_plain(check, headers[i].kind, headers[i].optional);
        }
    return NULL;
}

static Type *unknown_header(Checker *check, Expr *expr)
{
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_HEADER, expr->name.span,
                                    "events have no header attribute `%.*s`", TEXT_ARGS(expr->name.text));
    Text names[HEADERS];
    for (int i = 0; i < HEADERS; i++)
        names[i] = text_of(headers[i].name);
    diagnostics_near(d, expr->name.text, names, HEADERS);
    return set(expr, REF_NONE, NULL, ERROR_TYPE);
}

static Type *unknown_member(Checker *check, Expr *expr, const ModelAlias *alias)
{
    Text name = expr->name.text;
    Diagnostic *d;
    set(expr, REF_NONE, NULL, ERROR_TYPE);
    if (alias->table) {
        d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_COLUMN, expr->name.span,
                            "unknown column `%.*s` of table `%.*s`", TEXT_ARGS(name), TEXT_ARGS(alias->table->name));
    } else if (alias->nevents == 1) {
        d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, expr->name.span,
                            "unknown attribute `%.*s` of event `%.*s`", TEXT_ARGS(name),
                            TEXT_ARGS(alias->events[0]->name));
    } else {
        d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, expr->name.span,
                            "`%.*s` is no attribute common to the event types of `%.*s`", TEXT_ARGS(name),
                            TEXT_ARGS(alias->name));
        for (uint32_t i = 0; i < alias->nevents; i++)
            if (model_attribute(alias->events[i], name) == INDEX_NONE) {
                diagnostics_hint(d, "`%.*s` has none", TEXT_ARGS(alias->events[i]->name));
                return ERROR_TYPE;
            }
        diagnostics_hint(d, "its types differ");
        return ERROR_TYPE;
    }
    TextList list = {0};
    for (uint32_t i = 0; i < alias->nattributes; i++)
        text_list_add(&list, check->arena, alias->attributes[i].name);
    diagnostics_near(d, name, list.items, list.n);
    return ERROR_TYPE;
}

static Type *alias_member(Checker *check, const Scope *scope, Expr *expr, ModelAccess *access)
{
    ModelAlias *alias = access->alias;
    bool optional = access_optional(scope, access);
    if (expr->name.header) {
        Type *type = header_type(check, expr->name.text);
        if (!type || !alias->events)
            return unknown_header(check, expr);
        access->header = expr->name.text;
        check->level->model->annotated |= text_is_c(access->header, "$certainty") || text_is_c(access->header, "$annotation");
        return set(expr, REF_HEADER, access, type_with(check, type, type->optional || optional));
    }
    uint32_t at = alias_attribute(alias, expr->name.text);
    if (at == INDEX_NONE) {
        for (uint32_t i = 0; i < alias->nevents; i++) { /* an attribute whose own declaration has a mistake */
            uint32_t own = model_attribute(alias->events[i], expr->name.text);
            if (own != INDEX_NONE && type_is_error(alias->events[i]->attributes[own]->type))
                return set(expr, REF_NONE, NULL, ERROR_TYPE);
        }
        return unknown_member(check, expr, alias);
    }
    access->attribute = at;
    Type *type = alias->attributes[at].type;
    return set(expr, REF_ATTRIBUTE, access, type_with(check, type, type->optional || optional));
}

static bool step_is_temporal(const ModelStep *step)
{
    switch (step->ast->kind) {
    case AST_CONTEXT_BY: case AST_CONTEXT_BANDS: case AST_CONTEXT_NEAR_BANDS: case AST_CONTEXT_LOCATION:
        return false;
    default:
        return true;
    }
}

static Type *no_context_member(Checker *check, Expr *expr, const char *needs)
{
    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_CONTEXT_MEMBER, expr->name.span,
                                     "the agent's context has no `%.*s`", TEXT_ARGS(expr->name.text)),
                     "it needs %s", needs);
    return set(expr, REF_NONE, NULL, ERROR_TYPE);
}

static Type *context_key(Checker *check, const Scope *scope, Expr *expr)
{
    TextList list = {0};
    for (uint32_t i = 0; i < scope->agent->nsteps; i++)
        for (uint32_t k = 0; k < scope->agent->steps[i].nkeys; k++) {
            ModelKey *key = &scope->agent->steps[i].keys[k];
            if (text_is(key->name, expr->name.text))
                return set(expr, REF_CONTEXT_KEY, key, key->type);
            text_list_add(&list, check->arena, key->name);
        }
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_CONTEXT_MEMBER, expr->name.span,
                                    "the agent's context has no key `%.*s`", TEXT_ARGS(expr->name.text));
    if (!list.n)
        diagnostics_hint(d, "it needs `by %.*s`", TEXT_ARGS(expr->name.text));
    else
        diagnostics_near(d, expr->name.text, list.items, list.n);
    return set(expr, REF_NONE, NULL, ERROR_TYPE);
}

/* The alias of the openers, for context.initiator; of the last step that has any. */
static ModelAlias *initiator_of(Checker *check, ModelAgent *agent)
{
    for (uint32_t i = agent->nsteps; i-- > 0;) {
        ModelStep *step = &agent->steps[i];
        if (!step->ast->opens.n || !step->opens)
            continue;
        ModelAlias *alias = ARENA_NEW(check->arena, ModelAlias);
        alias->name = TEXT("context.initiator");
        alias->kind = ALIAS_INITIATOR;
        alias->step = i;
        alias->least = 1;
        alias->events = ARENA_ARRAY(check->arena, ModelEvent *, 1);
        for (uint32_t k = 0; k < step->ast->opens.n; k++)
            for (uint32_t n = 0; step->opens[k] && n < step->opens[k]->nevents; n++) {
                alias->events = arena_grow(check->arena, alias->events, alias->nevents, sizeof *alias->events);
                alias->events[alias->nevents++] = step->opens[k]->events[n];
            }
        alias_commons(check, alias);
        return alias;
    }
    return NULL;
}

static ModelAlias *entity_of(Checker *check, ModelAgent *agent)
{
    for (uint32_t i = agent->nsteps; i-- > 0;) {
        ModelStep *step = &agent->steps[i];
        if (!step->table || (step->ast->kind != AST_CONTEXT_LOCATION && step->ast->kind != AST_CONTEXT_NEAR_BANDS))
            continue;
        ModelAlias *alias = ARENA_NEW(check->arena, ModelAlias);
        alias->name = TEXT("context.entity");
        alias->kind = ALIAS_ENTITY;
        alias->step = i;
        alias->least = 1;
        alias->table = step->table;
        alias_commons(check, alias);
        return alias;
    }
    return NULL;
}

static Type *context_member(Checker *check, const Scope *scope, Expr *expr)
{
    ModelAgent *agent = scope->agent;
    Text name = expr->name.text;
    bool start = text_is_c(name, "start");
    if (start || text_is_c(name, "end")) {
        for (uint32_t i = 0; i < agent->nsteps; i++)
            if (step_is_temporal(&agent->steps[i]))
                return set(expr, start ? REF_CONTEXT_START : REF_CONTEXT_END, NULL, type_plain(check, TYPE_TIME, false));
        return no_context_member(check, expr, "a temporal context, such as `fixed every 1 h`");
    }
    if (text_is_c(name, "band")) {
        for (uint32_t i = agent->nsteps; i-- > 0;)
            if (agent->steps[i].ast->kind == AST_CONTEXT_BANDS || agent->steps[i].ast->kind == AST_CONTEXT_NEAR_BANDS)
                return set(expr, REF_CONTEXT_BAND, &agent->steps[i], type_plain(check, TYPE_STRING, false));
        return no_context_member(check, expr, "a context with `bands`");
    }
    if (text_is_c(name, "key"))
        return set(expr, REF_CONTEXT_KEYS, NULL, check->types.context);
    if (text_is_c(name, "entity")) {
        ModelAlias *alias = entity_of(check, agent);
        if (!alias)
            return no_context_member(check, expr, "a spatial context over a table");
        return set(expr, REF_CONTEXT_ENTITY, alias, check->types.row);
    }
    if (text_is_c(name, "initiator")) {
        ModelAlias *alias = initiator_of(check, agent);
        if (!alias)
            return no_context_member(check, expr, "a context that an event opens");
        return set(expr, REF_CONTEXT_INITIATOR, alias, check->types.event);
    }
    Text names[] = {TEXT("key"), TEXT("start"), TEXT("end"), TEXT("band"), TEXT("entity"), TEXT("initiator")};
    diagnostics_near(diagnostics_add(check->diagnostics, DIAGNOSTIC_CONTEXT_MEMBER, expr->name.span,
                                      "a context has no `%.*s`", TEXT_ARGS(name)),
               name, names, sizeof names / sizeof *names);
    return set(expr, REF_NONE, NULL, ERROR_TYPE);
}

static Type *table_column(Checker *check, Expr *expr, ModelTable *table, Reference reference, bool optional)
{
    uint32_t at = expr->name.header ? INDEX_NONE : model_column(table, expr->name.text);
    if (at == INDEX_NONE) {
        check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_COLUMN, expr->name.span,
                                                    "unknown column `%.*s` of table `%.*s`", TEXT_ARGS(expr->name.text),
                                                    TEXT_ARGS(table->name)),
                             expr->name.text, NULL, table);
        return set(expr, REF_NONE, NULL, ERROR_TYPE);
    }
    Type *type = table->columns[at]->type;
    return set(expr, reference, table->columns[at], type_with(check, type, type->optional || optional));
}

static Type *record_field(Checker *check, Expr *expr, const Type *record)
{
    TextList list = {0};
    for (uint32_t i = 0; i < record->nfields; i++) {
        if (text_is(record->fields[i].name, expr->name.text)) {
            expr->integer = i;
            Type *type = record->fields[i].type;
            return set(expr, REF_FIELD, NULL, type_with(check, type, type->optional || record->optional));
        }
        text_list_add(&list, check->arena, record->fields[i].name);
    }
    diagnostics_near(diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, expr->name.span,
                                      "the record has no field `%.*s`", TEXT_ARGS(expr->name.text)),
               expr->name.text, list.items, list.n);
    return set(expr, REF_NONE, NULL, ERROR_TYPE);
}

Type *member_check(Checker *check, const Scope *scope, Expr *expr)
{
    Expr *base = expr->a;
    Type *type = expr_check(check, scope, base);
    if (type_is_error(type))
        return set(expr, REF_NONE, NULL, ERROR_TYPE);
    switch (type->class) {
    case CLASS_CONTEXT:
        return base->ref == REF_CONTEXT_KEYS ? context_key(check, scope, expr) : context_member(check, scope, expr);
    case CLASS_TABLE:
        return table_column(check, expr, base->note, REF_WHOLE_COLUMN, false);
    case CLASS_ROW:
        if (base->ref == REF_ROW)
            return table_column(check, expr, base->note, REF_COLUMN, false); /* as the column is declared */
        if (base->ref == REF_FUNCTION) { /* the row that nearest returns */
            ModelAttribute *column = base->args[0]->note;
            Type *of = table_column(check, expr, column->table, REF_FIELD, true);
            if (expr->ref == REF_FIELD)
                expr->integer = ((ModelAttribute *)expr->note)->index;
            return of;
        }
        return alias_member(check, scope, expr, base->ref == REF_MEMBER_AT ? base->note : access_new(check, base->note));
    case CLASS_EVENT:
        if (base->ref == REF_EVENT_TYPE) {
            ModelEvent *event = base->note;
            uint32_t at = model_attribute(event, expr->name.text);
            if (at != INDEX_NONE)
                return set(expr, REF_EVENT_ATTRIBUTE, event->attributes[at], event->attributes[at]->type);
            check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, expr->name.span,
                                                        "unknown attribute `%.*s` of event `%.*s`",
                                                        TEXT_ARGS(expr->name.text), TEXT_ARGS(event->name)),
                                 expr->name.text, event, NULL);
            return set(expr, REF_NONE, NULL, ERROR_TYPE);
        }
        if (base->ref == REF_MEMBER_AT) {
            ModelAccess *access = ARENA_NEW(check->arena, ModelAccess);
            *access = *(ModelAccess *)base->note;
            return alias_member(check, scope, expr, access);
        }
        return alias_member(check, scope, expr, access_new(check, base->note));
    case CLASS_VALUE:
        if (type->kind == TYPE_RECORD)
            return record_field(check, expr, type);
        if (type->kind == TYPE_ANY) {
            expr->integer = 0;
            return set(expr, REF_FIELD, NULL, type_plain(check, TYPE_ANY, true));
        }
        break;
    default:
        break;
    }
    Text phrase = type_phrase(check, type), quote = check_quote(check, base->span);
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_OF, expr->name.span,
                                    "`%.*s` is %.*s and has no members", TEXT_ARGS(quote), TEXT_ARGS(phrase));
    if (type_is(type, TYPE_MAP))
        diagnostics_hint(d, "write `%.*s[\"%.*s\"]`", TEXT_ARGS(quote), TEXT_ARGS(expr->name.text));
    return set(expr, REF_NONE, NULL, ERROR_TYPE);
}

/* ---- indexes --------------------------------------------------------------------------------------- */

static Type *index_bad(Checker *check, Expr *expr, const char *why, const char *hint)
{
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_INDEX, expr->span, "%s", why);
    if (hint)
        diagnostics_hint(d, "%s", hint);
    return set(expr, REF_NONE, NULL, ERROR_TYPE);
}

static Type *row_check(Checker *check, const Scope *scope, Expr *expr, ModelTable *table)
{
    uint32_t errors = check->diagnostics->errors;
    if (expr->arg_count != table->nkeys)
        diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_COUNT, expr->span,
                                         "table `%.*s` has %u key%s, and %u %s written", TEXT_ARGS(table->name),
                                         table->nkeys, table->nkeys == 1 ? "" : "s", expr->arg_count,
                                         expr->arg_count == 1 ? "is" : "are"),
                         table->declaration->name.span, "the table is declared here");
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (i < table->nkeys) {
            ModelAttribute *key = table->columns[table->keys[i]];
            expr_assign(check, scope, expr->args[i], type_with(check, key->type, true), "key", key->name);
        } else {
            expr_final(check, scope, expr->args[i]);
        }
    }
    set(expr, REF_ROW, table, check->types.row);
    return check->diagnostics->errors > errors ? (expr->type = ERROR_TYPE) : expr->type;
}

static Type *member_at(Checker *check, Expr *expr)
{
    ModelAlias *alias = expr->a->note;
    if (!alias->several)
        return index_bad(check, expr, "an index picks a member of a loop or a set, and this alias is one event", NULL);
    if (expr->arg_count != 1)
        return index_bad(check, expr, "one index is needed", NULL);
    ModelAccess *access = access_new(check, alias);
    const Expr *at = expr->args[0];
    if (at->kind == EXPR_NAME && text_is_c(at->name.text, "prev")) {
        access->which = VIEW_PREV;
    } else if (at->kind == EXPR_NAME && text_is_c(at->name.text, "last")) {
        access->which = VIEW_FROM_LAST;
        access->k = 1;
    } else if (at->kind == EXPR_INT && at->integer >= 1 && at->integer < UINT32_MAX) {
        access->which = VIEW_FROM_FIRST;
        access->k = (uint32_t)at->integer;
    } else if (at->kind == EXPR_NEGATE && at->a->kind == EXPR_INT && at->a->integer >= 1 && at->a->integer < UINT32_MAX) {
        access->which = VIEW_FROM_LAST;
        access->k = (uint32_t)at->a->integer;
    } else {
        return index_bad(check, expr, "the index of a member is a number from 1, a negative number, `last` or `prev`",
                         at->kind == EXPR_INT ? "the first member is 1" : NULL);
    }
    return set(expr, REF_MEMBER_AT, access, alias->table ? check->types.row : check->types.event);
}

Type *index_check(Checker *check, const Scope *scope, Expr *expr)
{
    Type *type = expr_check(check, scope, expr->a);
    if (type_is_error(type))
        return set(expr, REF_NONE, NULL, ERROR_TYPE);
    if (type->class == CLASS_TABLE)
        return row_check(check, scope, expr, expr->a->note);
    if ((type->class == CLASS_EVENT || type->class == CLASS_ROW) && expr->a->ref == REF_ALIAS)
        return member_at(check, expr);
    if (type->class != CLASS_VALUE || expr->arg_count != 1)
        return index_bad(check, expr, "nothing here has an index", NULL);
    switch (type->kind) {
    case TYPE_LIST:
        expr_assign(check, scope, expr->args[0], type_plain(check, TYPE_INT, true), "index", TEXT(""));
        return set(expr, REF_ELEMENT, NULL, type_with(check, type->element, true));
    case TYPE_MAP:
        expr_assign(check, scope, expr->args[0], type_plain(check, TYPE_STRING, true), "key", TEXT(""));
        return set(expr, REF_ENTRY, NULL, type_with(check, type->element, true));
    case TYPE_ANY:
        expr_final(check, scope, expr->args[0]);
        return set(expr, REF_ELEMENT, NULL, type_plain(check, TYPE_ANY, true));
    default: {
        Text phrase = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_INDEX, expr->span, "%.*s has no index", TEXT_ARGS(phrase));
        return set(expr, REF_NONE, NULL, ERROR_TYPE);
    }
    }
}
