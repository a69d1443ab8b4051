/* The places that name symbols. A scope says what a bare name may be: an alias or a let of the agent, an argument of
 * the function, an attribute of the events at hand; behind these come params and tables. */
#include "rules/symbols_walk.h"

enum { EVENTS_MAX = 64 }; /* whose attributes a bare name may be; of more, the first */

typedef struct Scope {
    Symbols *symbols;
    Symbol *owner;              /* the agent or function, whose members are aliases, lets, arguments */
    Symbol *events[EVENTS_MAX]; /* whose attributes stand bare; a table's columns, too */
    uint32_t nevents;
} Scope;

static void walk(Scope *scope, const Expr *expr);

static void walk_where(Scope *scope, Where where)
{
    if (where.condition)
        walk(scope, where.condition);
}

static Symbol *use_event(Scope *scope, const Path *path)
{
    Symbol *event = path->n == 1 ? symbols_event(scope->symbols, path->parts[0].text) : NULL;
    if (event)
        symbols_use(scope->symbols, path->parts[0].span, event);
    return event;
}

static Symbol *use_name(Scope *scope, SymbolKind kind, Name name)
{
    Symbol *symbol = name.text.len ? symbols_find(scope->symbols, kind, name.text) : NULL;
    symbols_use(scope->symbols, name.span, symbol);
    return symbol;
}

static void use_member(Scope *scope, const Symbol *owner, Name name)
{
    if (owner)
        symbols_use(scope->symbols, name.span, symbols_member(scope->symbols, owner, name.text));
}

static Symbol *use_own(Scope *scope, Name name)
{
    Symbol *own = scope->owner && name.text.len ? symbols_member(scope->symbols, scope->owner, name.text) : NULL;
    symbols_use(scope->symbols, name.span, own);
    return own;
}

/* A bare attribute of every event at hand that has it. */
static bool use_bare(Scope *scope, Name name)
{
    bool found = false;
    for (uint32_t i = 0; i < scope->nevents; i++) {
        Symbol *member = symbols_member(scope->symbols, scope->events[i], name.text);
        symbols_use(scope->symbols, name.span, member);
        found |= member != NULL;
    }
    return found;
}

static void use_path(Scope *scope, const Path *path)
{
    if (path->n)
        use_bare(scope, path->parts[0]);
}

/* ---- expressions ---------------------------------------------------------------------------------- */

/* What a name in an expression is; it is marked as used. NULL for an attribute, or when nobody knows. */
static Symbol *walk_name(Scope *scope, Name name)
{
    Symbol *found = use_own(scope, name);
    if (found || use_bare(scope, name))
        return found;
    static const SymbolKind kinds[] = {SYMBOL_PARAM, SYMBOL_TABLE, SYMBOL_EVENT, SYMBOL_ALERT};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !found; i++)
        found = use_name(scope, kinds[i], name);
    return found;
}

static bool is_context_key(const Expr *expr)
{
    return expr->kind == EXPR_MEMBER && text_is_c(expr->name.text, "key") && expr->a->kind == EXPR_NAME &&
           text_is_c(expr->a->name.text, "context");
}

static void walk_member(Scope *scope, const Expr *expr)
{
    const Expr *base = expr->a;
    if (is_context_key(base)) {
        use_bare(scope, expr->name);
        return;
    }
    if (base->kind == EXPR_INDEX)
        for (uint32_t i = 0; i < base->arg_count; i++)
            walk(scope, base->args[i]);
    if (base->kind == EXPR_INDEX)
        base = base->a;
    if (base->kind != EXPR_NAME) {
        walk(scope, base);
        return;
    }
    Symbol *of = walk_name(scope, base->name);
    if (!of)
        return;
    if (of->kind != SYMBOL_ALIAS)
        use_member(scope, of, expr->name);
    for (uint32_t i = 0; i < of->nof; i++)
        use_member(scope, of->of[i], expr->name);
}

static void walk(Scope *scope, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_NAME:
        walk_name(scope, expr->name);
        return;
    case EXPR_MEMBER:
        walk_member(scope, expr);
        return;
    case EXPR_CALL:
        use_name(scope, SYMBOL_FUNCTION, expr->name);
        break;
    default:
        break;
    }
    const Expr *const parts[] = {expr->a, expr->b, expr->c};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i])
            walk(scope, parts[i]);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        walk(scope, expr->args[i]);
    for (uint32_t i = 0; i < expr->fields.n; i++)
        walk(scope, expr->fields.items[i].value);
    walk_where(scope, expr->where);
}

static void walk_optional(Scope *scope, const Expr *expr)
{
    if (expr)
        walk(scope, expr);
}

/* { NAME: EXPR, … }, where the names are members of an event or a table. */
static void walk_fields(Scope *scope, const AstFields *fields, const Symbol *of)
{
    for (uint32_t i = 0; i < fields->n; i++) {
        use_member(scope, of, fields->items[i].name);
        walk(scope, fields->items[i].value);
    }
}

/* ---- contexts ------------------------------------------------------------------------------------- */

static void add_alias(Scope *scope, Name name, Span whole, Symbol **of, uint32_t nof)
{
    if (!name.text.len || !scope->owner)
        return;
    if (symbols_member(scope->symbols, scope->owner, name.text)) { /* the same event under the same name */
        use_own(scope, name);
        return;
    }
    Symbol *alias = symbols_add(scope->symbols, SYMBOL_ALIAS, name, whole, scope->owner);
    alias->of = ARENA_ARRAY(scope->symbols->arena, Symbol *, nof);
    for (uint32_t i = 0; i < nof; i++)
        if (of[i])
            alias->of[alias->nof++] = of[i];
}

static void alias_events(Scope *scope, const AstNamedEvents *events)
{
    for (uint32_t i = 0; i < events->n; i++) {
        Symbol *event = use_event(scope, &events->items[i].type);
        add_alias(scope, events->items[i].alias, events->items[i].span, &event, 1);
    }
}

static void walk_events(Scope *scope, const AstNamedEvents *events)
{
    for (uint32_t i = 0; i < events->n; i++)
        walk_where(scope, events->items[i].where);
}

static void alias_contexts(Scope *scope, const AstContextSteps *steps)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        alias_events(scope, &steps->items[i].opens);
        alias_events(scope, &steps->items[i].closes);
        alias_events(scope, &steps->items[i].discard);
    }
}

static void walk_shape(Scope *scope, const AstShape *shape)
{
    Symbol *table = use_name(scope, SYMBOL_TABLE, shape->table);
    use_member(scope, table, shape->column);
    for (uint32_t i = 0; i < shape->key_count; i++)
        walk(scope, shape->keys[i]);
}

static void walk_step(Scope *scope, const AstContextStep *step)
{
    for (uint32_t i = 0; i < step->key_count; i++)
        use_path(scope, &step->key_paths[i]);
    if (!step->key_count)
        use_path(scope, &step->path);
    for (uint32_t i = 0; i < step->key_expr_count; i++)
        walk(scope, step->key_exprs[i]);
    for (uint32_t i = 0; i < step->bands.n; i++)
        walk(scope, step->bands.items[i].value);
    const Expr *const exprs[] = {step->size, step->every, step->condition, step->expiry, step->expiry_since, step->idle,
                                 step->distance_min, step->distance_max};
    for (size_t i = 0; i < sizeof exprs / sizeof *exprs; i++)
        walk_optional(scope, exprs[i]);
    use_name(scope, SYMBOL_CONTEXT, step->name);
    walk_shape(scope, &step->shape);
    use_path(scope, &step->at);
    use_path(scope, &step->order.path);
    walk_events(scope, &step->opens);
    walk_events(scope, &step->closes);
    walk_events(scope, &step->discard);
}

/* ---- agents --------------------------------------------------------------------------------------- */

/* Adds an event to those whose attributes stand bare in contexts. */
static void hear(Scope *scope, Symbol *event)
{
    for (uint32_t i = 0; i < scope->nevents; i++)
        if (scope->events[i] == event)
            return;
    if (event && scope->nevents < EVENTS_MAX)
        scope->events[scope->nevents++] = event;
}

static void hear_paths(Scope *scope, const Path *types, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (types[i].n == 1)
            hear(scope, symbols_event(scope->symbols, types[i].parts[0].text));
}

static void hear_events(Scope *scope, const AstNamedEvents *events)
{
    for (uint32_t i = 0; i < events->n; i++)
        hear_paths(scope, &events->items[i].type, 1);
}

static void hear_contexts(Scope *scope, const AstContextSteps *steps)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        hear_events(scope, &steps->items[i].opens);
        hear_events(scope, &steps->items[i].closes);
        hear_events(scope, &steps->items[i].discard);
    }
}

static void hear_agent(Scope *scope, const AstAgent *agent)
{
    for (uint32_t i = 0; i < agent->on_count; i++)
        hear_paths(scope, agent->ons[i].types, agent->ons[i].type_count);
    if (agent->expect) {
        hear_events(scope, &agent->expect->events);
        hear_events(scope, &agent->expect->discard);
    }
    hear_contexts(scope, &agent->contexts);
}

static void alias_agent(Scope *scope, const AstAgent *agent)
{
    for (uint32_t i = 0; i < agent->on_count; i++) {
        const AstOn *on = &agent->ons[i];
        Symbol **events = ARENA_ARRAY(scope->symbols->arena, Symbol *, on->type_count + 1);
        for (uint32_t k = 0; k < on->type_count; k++)
            events[k] = use_event(scope, &on->types[k]);
        add_alias(scope, on->alias, on->span, events, on->type_count);
    }
    for (uint32_t i = 0; i < agent->let_count; i++)
        symbols_add(scope->symbols, SYMBOL_LET, agent->lets[i].name, agent->lets[i].span, scope->owner);
    for (uint32_t i = 0; i < agent->enrich_count; i++) {
        Symbol *table = use_name(scope, SYMBOL_TABLE, agent->enriches[i].table);
        add_alias(scope, agent->enriches[i].alias, agent->enriches[i].span, &table, 1);
    }
    if (agent->expect) {
        alias_events(scope, &agent->expect->events);
        alias_events(scope, &agent->expect->discard);
    }
    if (agent->for_each)
        add_alias(scope, agent->for_each->alias, agent->for_each->span, NULL, 0);
    alias_contexts(scope, &agent->contexts);
}

static void walk_pattern(Scope *scope, const AstPattern *pattern)
{
    if (pattern->kind == AST_PATTERN_ENTERS || pattern->kind == AST_PATTERN_LEAVES || pattern->kind == AST_PATTERN_STAYS) {
        Symbol *table = symbols_find(scope->symbols, SYMBOL_TABLE, pattern->shape.table.text);
        add_alias(scope, pattern->alias, pattern->span, &table, 1);
    } else {
        use_own(scope, pattern->alias);
    }
    use_own(scope, pattern->within_of);
    use_own(scope, pattern->loop.until);
    for (uint32_t i = 0; i < pattern->alias_count; i++)
        use_own(scope, pattern->aliases[i]);
    for (uint32_t i = 0; i < pattern->child_count; i++)
        walk_pattern(scope, pattern->children[i]);
    const Expr *const exprs[] = {pattern->within, pattern->duration, pattern->expr, pattern->toward, pattern->tolerance};
    for (size_t i = 0; i < sizeof exprs / sizeof *exprs; i++)
        walk_optional(scope, exprs[i]);
    walk_shape(scope, &pattern->shape);
}

static void walk_policies(Scope *scope, const AstPolicies *policies)
{
    for (uint32_t i = 0; i < policies->pick.n; i++) {
        use_own(scope, policies->pick.items[i].alias);
        walk_optional(scope, policies->pick.items[i].by);
    }
    use_own(scope, policies->consume.alias);
    use_own(scope, policies->evaluate.alias);
    use_path(scope, &policies->order.value.path);
}

static void walk_derive(Scope *scope, const AstDerive *derive)
{
    Symbol *event = use_event(scope, &derive->type);
    walk_fields(scope, &derive->fields, event);
    Symbol *from = use_own(scope, derive->copy_from);
    for (uint32_t i = 0; i < derive->copy_name_count; i++) {
        use_member(scope, event, derive->copy_names[i]);
        for (uint32_t k = 0; from && k < from->nof; k++)
            use_member(scope, from->of[k], derive->copy_names[i]);
    }
    walk_optional(scope, derive->when);
    if (derive->to.n == 1)
        use_name(scope, SYMBOL_CHANNEL, derive->to.parts[0]);
}

static void walk_write(Scope *scope, const AstWrite *write)
{
    Symbol *table = use_name(scope, SYMBOL_TABLE, write->table);
    walk_fields(scope, &write->fields, table);
    walk_optional(scope, write->key);
}

static void walk_join(Scope *scope, const AstJoin *join)
{
    for (uint32_t i = 0; i < join->alias_count; i++)
        use_own(scope, join->aliases[i]);
    for (uint32_t i = 0; i < join->unmatched_count; i++)
        use_own(scope, join->unmatched[i].alias);
    walk_where(scope, join->where);
    walk_optional(scope, join->within);
}

static void walk_inputs(Scope *scope, const AstAgent *agent)
{
    for (uint32_t i = 0; i < agent->on_count; i++)
        walk_where(scope, agent->ons[i].where);
    for (uint32_t i = 0; i < agent->let_count; i++)
        walk(scope, agent->lets[i].value);
    for (uint32_t i = 0; i < agent->enrich_count; i++) {
        walk_optional(scope, agent->enriches[i].key);
        walk_where(scope, agent->enriches[i].where);
        walk_optional(scope, agent->enriches[i].ordered_by);
    }
    if (agent->join)
        walk_join(scope, agent->join);
    if (agent->sort) {
        walk(scope, agent->sort->by);
        walk_optional(scope, agent->sort->within);
    }
}

static void walk_detect(Scope *scope, const AstDetect *detect)
{
    if (detect->pattern)
        walk_pattern(scope, detect->pattern);
    walk_optional(scope, detect->condition);
    walk_where(scope, detect->where);
    walk_optional(scope, detect->within);
}

static void walk_agent(Scope *scope, const AstAgent *agent)
{
    alias_agent(scope, agent);
    hear_agent(scope, agent);
    for (uint32_t i = 0; i < agent->contexts.n; i++)
        walk_step(scope, &agent->contexts.items[i]);
    walk_inputs(scope, agent);
    if (agent->detect)
        walk_detect(scope, agent->detect);
    walk_policies(scope, &agent->policies);
    if (agent->expect) {
        walk_events(scope, &agent->expect->events);
        walk_events(scope, &agent->expect->discard);
        walk_optional(scope, agent->expect->within);
        walk_optional(scope, agent->expect->since);
    }
    if (agent->for_each)
        walk_optional(scope, agent->for_each->list);
    for (uint32_t i = 0; i < agent->derive_count; i++)
        walk_derive(scope, &agent->derives[i]);
    for (uint32_t i = 0; i < agent->write_count; i++)
        walk_write(scope, &agent->writes[i]);
    if (agent->emit)
        walk_optional(scope, agent->emit->every);
    if (agent->quiet) {
        walk_optional(scope, agent->quiet->duration);
        walk_optional(scope, agent->quiet->per);
    }
}

/* ---- the other declarations ----------------------------------------------------------------------- */

static void walk_attributes(Scope *scope, const AstAttribute *attributes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        walk_optional(scope, attributes[i].value);
        walk_where(scope, attributes[i].where);
    }
}

static void walk_event(Scope *scope, Symbol *event, const AstEvent *ast)
{
    event->parent = use_event(scope, &ast->extends);
    hear(scope, event->parent);
    walk_where(scope, ast->extends_where);
    scope->events[0] = event;
    scope->nevents = 1;
    walk_attributes(scope, ast->attributes, ast->attribute_count);
    for (uint32_t i = 0; i < ast->header_count; i++) {
        const AstHeader *header = &ast->headers[i];
        use_path(scope, &header->path);
        use_path(scope, &header->sent);
        walk_optional(scope, header->expr);
        for (uint32_t k = 0; k < header->type_count; k++)
            use_event(scope, &header->types[k]);
    }
}

static void walk_table(Scope *scope, Symbol *table, const AstTable *ast)
{
    hear(scope, table);
    for (uint32_t i = 0; i < ast->key_count; i++)
        use_bare(scope, ast->keys[i]);
    walk_attributes(scope, ast->columns, ast->column_count);
}

static bool names_context(const AstContextSteps *steps, Text name)
{
    for (uint32_t i = 0; i < steps->n; i++)
        if (text_is(steps->items[i].name.text, name))
            return true;
    return false;
}

/* The bare names of a declared context are attributes of what its agents hear. */
static void walk_context(Scope *scope, const Symbol *context, const AstContext *ast)
{
    for (uint32_t i = 0; i < scope->symbols->n; i++) {
        const Declaration *user = scope->symbols->items[i]->declaration;
        if (user && user->kind == DECLARATION_AGENT && names_context(&user->agent->contexts, context->name))
            hear_agent(scope, user->agent);
    }
    hear_contexts(scope, &ast->steps);
    alias_contexts(scope, &ast->steps);
    for (uint32_t i = 0; i < ast->steps.n; i++)
        walk_step(scope, &ast->steps.items[i]);
}

static void walk_expected(Scope *scope, const AstStatement *statement)
{
    for (uint32_t i = 0; i < statement->expected_count; i++) {
        Symbol *event = use_event(scope, &statement->expected[i].type);
        walk_fields(scope, &statement->expected[i].fields, event);
    }
}

static void walk_test(Scope *scope, const AstTest *test)
{
    for (uint32_t i = 0; i < test->agent_count; i++)
        use_name(scope, SYMBOL_AGENT, test->agents[i]);
    for (uint32_t i = 0; i < test->with.n; i++) {
        use_name(scope, SYMBOL_PARAM, test->with.items[i].name);
        walk(scope, test->with.items[i].value);
    }
    for (uint32_t i = 0; i < test->statement_count; i++) {
        const AstStatement *statement = &test->statements[i];
        Symbol *of = statement->kind == AST_STATEMENT_TABLE ? use_name(scope, SYMBOL_TABLE, statement->table)
                     : statement->kind == AST_STATEMENT_AT  ? use_event(scope, &statement->type)
                                                            : NULL;
        walk_fields(scope, &statement->fields, of);
        walk_expected(scope, statement);
    }
}

static void use_sources(Scope *scope, const Path *types, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!use_event(scope, &types[i]) && types[i].n == 1)
            use_name(scope, SYMBOL_CHANNEL, types[i].parts[0]);
}

static void walk_producer(Scope *scope, const AstProducer *producer)
{
    use_sources(scope, producer->types, producer->type_count);
    for (uint32_t i = 0; i < producer->code_count; i++)
        use_event(scope, &producer->codes[i].type);
}

static void walk_channel(Scope *scope, const AstChannel *channel)
{
    use_sources(scope, channel->types, channel->type_count);
    hear_paths(scope, channel->types, channel->type_count);
    for (uint32_t i = 0; i < channel->route_where.n; i++)
        walk(scope, channel->route_where.items[i].value);
    use_path(scope, &channel->route_path);
}

static void walk_symbol(Symbols *symbols, Symbol *symbol)
{
    Scope scope = {.symbols = symbols, .owner = symbol};
    const Declaration *declaration = symbol->declaration;
    switch (symbol->kind) {
    case SYMBOL_EVENT:
    case SYMBOL_ALERT: walk_event(&scope, symbol, declaration->event); break;
    case SYMBOL_TABLE: walk_table(&scope, symbol, declaration->table); break;
    case SYMBOL_PARAM: walk_optional(&scope, declaration->param->value); break;
    case SYMBOL_FUNCTION: walk_optional(&scope, declaration->function->body); break;
    case SYMBOL_CONTEXT: walk_context(&scope, symbol, declaration->context); break;
    case SYMBOL_AGENT: walk_agent(&scope, declaration->agent); break;
    case SYMBOL_TEST: walk_test(&scope, declaration->test); break;
    case SYMBOL_PRODUCER: walk_producer(&scope, declaration->producer); break;
    case SYMBOL_CHANNEL: walk_channel(&scope, declaration->channel); break;
    case SYMBOL_CONSUMER: use_sources(&scope, declaration->consumer->sources, declaration->consumer->source_count); break;
    default: break;
    }
}

void symbols_walk(Symbols *symbols)
{
    uint32_t declared = symbols->n; /* aliases are added on the way */
    for (uint32_t i = 0; i < declared; i++)
        if (symbols->items[i]->declaration && (symbols->items[i]->kind == SYMBOL_EVENT || symbols->items[i]->kind == SYMBOL_ALERT))
            walk_symbol(symbols, symbols->items[i]);
    for (uint32_t i = 0; i < declared; i++)
        if (symbols->items[i]->declaration && symbols->items[i]->kind != SYMBOL_EVENT && symbols->items[i]->kind != SYMBOL_ALERT)
            walk_symbol(symbols, symbols->items[i]);
}
