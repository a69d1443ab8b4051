/* Agents: the scope of one, and its clauses in the order in which they hear an event.
 *
 *   aliases of on, expect ─► contexts ─► inputs ─► rows ─► pattern (what is a loop, what may be unbound)
 *   ─► on … where ─► let ─► enrich ─► join ─► sort ─► detect ─► expect ─► for each ─► derive, update ─► quiet
 *   ─► policies ─► bounds
 *
 * A mistake of names or types keeps the structure checks of that agent silent. */
#include <stdlib.h>

#include "rules/check.h"

#define ERROR_TYPE (check->types.error)

static const char per_event[] = "a condition of one event is tested before there is a set";
static const char before_set[] = "this is read before there is a set of events";

/* ---- aliases --------------------------------------------------------------------------------------- */

static bool kind_is_context(AliasKind kind)
{
    return kind == ALIAS_OPENER || kind == ALIAS_CLOSER || kind == ALIAS_DISCARDER;
}

/* Makes an alias for event types; with work NULL it gets no place in the agent's scope. */
ModelAlias *alias_new(Checker *check, AgentCheck *work, AliasKind kind, Name name, Path *types, uint32_t ntypes)
{
    ModelAlias *alias = ARENA_NEW(check->arena, ModelAlias);
    alias->name = name.text;
    alias->span = name.span;
    alias->kind = kind;
    alias->least = 1;
    alias->step = INDEX_NONE;
    if (types)
        alias->events = ARENA_ARRAY(check->arena, ModelEvent *, ntypes);
    Names seen = {0};
    for (uint32_t i = 0; i < ntypes; i++) {
        Text text = path_text(check, &types[i]);
        ModelEvent *event = check_look(check, SPACE_EVENT, text);
        if (!event && !kind_is_context(kind)) /* those of contexts are reported with the context */
            event = check_event(check, &types[i]);
        else if (!event)
            event = event_built_in(check, text);
        if (!event)
            continue;
        NameEntry *first = names_add(&seen, check->arena, text, types[i].span, event);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, types[i].span,
                                             "`%.*s` is named twice", TEXT_ARGS(text)),
                             first->span, "the first stands here");
        else
            alias->events[alias->nevents++] = event;
    }
    if (!alias->nevents)
        alias->events = NULL;
    alias_commons(check, alias);
    if (!work)
        return alias;
    if (types && alias->nevents < ntypes)
        work->failed = true;
    NameEntry *first = names_add(&work->aliases, check->arena, alias->name, alias->span, alias);
    if (first) {
        diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, alias->span,
                                         "two aliases are called `%.*s`", TEXT_ARGS(alias->name)),
                         first->span, "the first stands here");
        work->failed = true;
    }
    ModelAgent *agent = work->agent;
    agent->aliases = arena_grow(check->arena, agent->aliases, agent->naliases, sizeof *agent->aliases);
    agent->aliases[agent->naliases++] = alias;
    return alias;
}

static void event_aliases(Checker *check, AgentCheck *work)
{
    const AstAgent *ast = work->agent->ast;
    for (uint32_t i = 0; i < ast->on_count; i++) {
        AstOn *on = &ast->ons[i];
        ModelAlias *alias = alias_new(check, work, ALIAS_ON, on->alias, on->types, on->type_count);
        alias->entry = i;
        alias->where = on->where;
        on->note = alias;
    }
    if (!ast->expect)
        return;
    const AstNamedEvents *lists[] = {&ast->expect->events, &ast->expect->discard};
    for (int l = 0; l < 2; l++)
        for (uint32_t i = 0; i < lists[l]->n; i++) {
            AstNamedEvent *named = &lists[l]->items[i];
            ModelAlias *alias =
                alias_new(check, work, l ? ALIAS_CANCELLER : ALIAS_EXPECTED, named->alias, &named->type, 1);
            alias->entry = i;
            alias->where = named->where;
            named->note = alias;
        }
}

static ModelAlias *row_alias(Checker *check, AgentCheck *work, AliasKind kind, Name name, ModelTable *table)
{
    ModelAlias *alias = alias_new(check, work, kind, name, NULL, 0);
    alias->table = table;
    alias_commons(check, alias);
    return alias;
}

static void row_aliases(Checker *check, AgentCheck *work)
{
    ModelAgent *agent = work->agent;
    const AstAgent *ast = agent->ast;
    agent->enriches = ARENA_ARRAY(check->arena, ModelEnrich, ast->enrich_count);
    for (uint32_t i = 0; i < ast->enrich_count; i++) {
        AstEnrich *enrich = &ast->enriches[i];
        ModelTable *table = check_find(check, SPACE_TABLE, enrich->table.text, enrich->table.span);
        work->failed |= table == NULL;
        ModelAlias *row = row_alias(check, work, ALIAS_ROW, enrich->alias, table);
        row->entry = i;
        row->several = enrich->take == AST_ENRICH_COMBINE;
        row->optional = !enrich->or_drop && !row->several;
        row->least = row->several ? 0 : 1;
        enrich->note = row;
        agent->enriches[i] = (ModelEnrich){.ast = enrich, .table = table, .row = row};
    }
    AstPattern *pattern = ast->detect ? ast->detect->pattern : NULL;
    if (ast->for_each)
        alias_new(check, work, ALIAS_ITEM, ast->for_each->alias, NULL, 0);
    if (pattern && (pattern->kind == AST_PATTERN_ENTERS || pattern->kind == AST_PATTERN_LEAVES ||
                    pattern->kind == AST_PATTERN_STAYS)) {
        ModelTable *table = check_find(check, SPACE_TABLE, pattern->shape.table.text, pattern->shape.table.span);
        work->failed |= table == NULL;
        pattern->note = row_alias(check, work, ALIAS_ZONE, pattern->alias, table);
    }
}

static int by_index(const void *a, const void *b)
{
    const ModelEvent *left = ((const ModelInput *)a)->event, *right = ((const ModelInput *)b)->event;
    return (left->index > right->index) - (left->index < right->index);
}

static void input_add(Checker *check, ModelAgent *agent, ModelEvent *event)
{
    agent->inputs = arena_grow(check->arena, agent->inputs, agent->ninputs, sizeof *agent->inputs);
    agent->inputs[agent->ninputs++].event = event;
}

static void input_alias(Checker *check, ModelAgent *agent, const ModelAlias *alias)
{
    for (uint32_t i = 0; i < alias->nevents; i++) {
        input_add(check, agent, alias->events[i]);
        for (uint32_t k = 0; k < alias->events[i]->ndescendants; k++)
            input_add(check, agent, alias->events[i]->descendants[k]);
        for (ModelEvent *up = model_general(alias->events[i]); up; up = model_general(up))
            input_add(check, agent, up);
    }
}

/* Every event type the agent hears, once, by index. */
static void inputs_make(Checker *check, ModelAgent *agent)
{
    for (uint32_t i = 0; i < agent->naliases; i++)
        input_alias(check, agent, agent->aliases[i]);
    for (uint32_t i = 0; i < agent->nsteps; i++) {
        const ModelStep *step = &agent->steps[i];
        for (uint32_t k = 0; k < step->ast->opens.n; k++)
            input_alias(check, agent, step->opens[k]);
        for (uint32_t k = 0; k < step->ast->closes.n; k++)
            input_alias(check, agent, step->closes[k]);
        for (uint32_t k = 0; k < step->ast->discard.n; k++)
            input_alias(check, agent, step->discards[k]);
    }
    if (agent->ninputs)
        qsort(agent->inputs, agent->ninputs, sizeof *agent->inputs, by_index);
    uint32_t n = 0;
    for (uint32_t i = 0; i < agent->ninputs; i++)
        if (!n || agent->inputs[n - 1].event != agent->inputs[i].event)
            agent->inputs[n++] = agent->inputs[i];
    agent->ninputs = n;
}

/* Puts the aliases in the order of their kinds, each kind as written. */
static void aliases_sort(Checker *check, ModelAgent *agent)
{
    ModelAlias **sorted = ARENA_ARRAY(check->arena, ModelAlias *, agent->naliases);
    uint32_t n = 0;
    for (AliasKind kind = 0; kind <= ALIAS_INITIATOR; kind++)
        for (uint32_t i = 0; i < agent->naliases; i++)
            if (agent->aliases[i]->kind == kind) {
                agent->aliases[i]->index = n;
                sorted[n++] = agent->aliases[i];
            }
    agent->aliases = sorted;
}

/* ---- lets ------------------------------------------------------------------------------------------ */

static void lets_make(Checker *check, AgentCheck *work)
{
    ModelAgent *agent = work->agent;
    const AstAgent *ast = agent->ast;
    agent->nlets = ast->let_count;
    agent->lets = ARENA_ARRAY(check->arena, ModelLet, ast->let_count);
    for (uint32_t i = 0; i < ast->let_count; i++) {
        AstLet *let = &ast->lets[i];
        agent->lets[i] = (ModelLet){.name = let->name.text, .type = ERROR_TYPE, .value = let->value, .ast = let};
        let->note = &agent->lets[i];
        LetState *state = ARENA_NEW(check->arena, LetState);
        *state = (LetState){&agent->lets[i], LET_NEW, &work->wide};
        NameEntry *first = names_find(&work->aliases, let->name.text);
        if (!first)
            first = names_add(&work->lets, check->arena, let->name.text, let->name.span, state);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, let->name.span,
                                             "`%.*s` already has a meaning in this agent", TEXT_ARGS(let->name.text)),
                             first->span, "the first stands here");
    }
}

static void lets_check(Checker *check, AgentCheck *work)
{
    for (uint32_t i = 0; i < work->lets.n; i++) {
        Expr use = {.kind = EXPR_NAME, .name = {.text = work->lets.entries[i].name, .span = work->lets.entries[i].span},
                    .span = work->lets.entries[i].span};
        expr_check(check, &work->wide, &use);
    }
}

/* ---- clauses --------------------------------------------------------------------------------------- */

static Scope scope_of(const AgentCheck *work, uint32_t kinds, const char *place, const char *aggregates)
{
    Scope scope = work->wide;
    scope.kinds = kinds;
    scope.place = place;
    scope.aggregates = aggregates;
    return scope;
}

static void ons_check(Checker *check, AgentCheck *work)
{
    for (uint32_t i = 0; i < work->agent->naliases; i++) {
        ModelAlias *alias = work->agent->aliases[i];
        if (alias->kind != ALIAS_ON)
            continue;
        Scope scope = scope_of(work, KINDS_ON | KINDS_OPENER, "the `where` of an `on` line", per_event);
        scope.own = alias;
        scope.own_kinds = KINDS_ON;
        scope.negated = true;
        bool optional = alias->optional;
        alias->optional = false; /* here it is the event itself */
        where_check(check, &scope, &alias->where, "`where`");
        alias->optional = optional;
    }
}

static void enrich_keys(Checker *check, const Scope *scope, ModelEnrich *enrich)
{
    Expr *key = enrich->ast->key;
    ModelTable *table = enrich->table;
    Expr **keys = key->kind == EXPR_TUPLE ? key->args : &key;
    uint32_t n = key->kind == EXPR_TUPLE ? key->arg_count : 1;
    if (!table || n != table->nkeys) {
        if (table)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_COUNT, key->span,
                                             "table `%.*s` has %u key%s, and %u %s written", TEXT_ARGS(table->name),
                                             table->nkeys, table->nkeys == 1 ? "" : "s", n, n == 1 ? "is" : "are"),
                             table->declaration->name.span, "the table is declared here");
        expr_check(check, scope, key);
        return;
    }
    if (key->kind == EXPR_TUPLE)
        key->type = check->types.tuple;
    for (uint32_t i = 0; i < n; i++) {
        ModelAttribute *column = table->columns[table->keys[i]];
        expr_assign(check, scope, keys[i], type_with(check, column->type, true), "key", column->name);
        enrich->keys[i] = keys[i];
    }
}

static void enriches_check(Checker *check, AgentCheck *work, bool per_match)
{
    ModelAgent *agent = work->agent;
    for (uint32_t i = 0; i < agent->ast->enrich_count; i++) {
        ModelEnrich *enrich = &agent->enriches[i];
        AstEnrich *ast = (AstEnrich *)enrich->ast;
        if (ast->per_match != per_match)
            continue;
        uint32_t kinds = KINDS_ON | KINDS_OPENER | KINDS_ROW | (per_match ? KINDS_DERIVE : 0);
        Scope scope = scope_of(work, kinds, "`enrich`", per_match ? NULL : before_set);
        if (ast->key) {
            enrich_keys(check, &scope, enrich);
        } else {
            bool optional = enrich->row->optional, several = enrich->row->several;
            enrich->row->optional = enrich->row->several = false; /* the row that is looked at */
            where_check(check, &scope, &ast->where, "`where`");
            enrich->row->where = ast->where;
            enrich->row->optional = optional;
            enrich->row->several = several;
        }
        if (ast->ordered_by) {
            bool optional = enrich->row->optional;
            enrich->row->optional = false;
            Type *type = expr_final(check, &scope, ast->ordered_by);
            if (!type_is_error(type) && !type_is_ordered(type))
                diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, ast->ordered_by->span, "rows cannot be ordered by a %s",
                                type_word(type->kind));
            enrich->row->optional = optional;
        }
        if (ast->key && enrich->table && (ast->take == AST_ENRICH_FIRST || ast->take == AST_ENRICH_LAST))
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_CHANGES_NOTHING, ast->span,
                                             "`%s` changes nothing: a key finds at most one row",
                                             ast->take == AST_ENRICH_FIRST ? "first" : "last"),
                             "it chooses among the rows of `where`");
    }
}

static ModelAlias *on_alias(Checker *check, AgentCheck *work, Name name, const char *where)
{
    NameEntry *entry = names_find(&work->aliases, name.text);
    ModelAlias *alias = entry ? entry->what : NULL;
    if (alias && alias->kind == ALIAS_ON)
        return alias;
    Diagnostic *d = alias ? diagnostics_add(check->diagnostics, DIAGNOSTIC_ALIAS_WRONG_KIND, name.span,
                                            "`%.*s` is not introduced by an `on` line, and %s needs one that is",
                                            TEXT_ARGS(name.text), where)
                          : diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ALIAS, name.span, "unknown alias `%.*s` in %s",
                                            TEXT_ARGS(name.text), where);
    TextList list = {0};
    for (uint32_t i = 0; i < work->agent->naliases; i++)
        if (work->agent->aliases[i]->kind == ALIAS_ON)
            text_list_add(&list, check->arena, work->agent->aliases[i]->name);
    if (!alias)
        diagnostics_near(d, name.text, list.items, list.n);
    work->failed = true;
    return NULL;
}

static void join_check(Checker *check, AgentCheck *work)
{
    AstJoin *join = work->agent->ast->join;
    if (!join)
        return;
    Names seen = {0};
    for (uint32_t i = 0; i < join->alias_count; i++) {
        on_alias(check, work, join->aliases[i], "`join`");
        NameEntry *first = names_add(&seen, check->arena, join->aliases[i].text, join->aliases[i].span, join);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, join->aliases[i].span,
                                             "`%.*s` is joined with itself", TEXT_ARGS(join->aliases[i].text)),
                             first->span, "the first stands here");
    }
    for (uint32_t i = 0; i < join->unmatched_count; i++) {
        const AstUnmatched *unmatched = &join->unmatched[i];
        if (!unmatched->both && !names_find(&seen, unmatched->alias.text))
            check_near_names(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ALIAS, unmatched->alias.span,
                                                    "`%.*s` is not joined", TEXT_ARGS(unmatched->alias.text)),
                             unmatched->alias.text, &seen);
        if (unmatched->to == AST_UNMATCHED_OUTPUT) /* the side without a partner is null */
            for (uint32_t k = 0; k < join->alias_count; k++) {
                NameEntry *entry = names_find(&work->aliases, join->aliases[k].text);
                if (entry && (unmatched->both || !text_is(join->aliases[k].text, unmatched->alias.text)))
                    ((ModelAlias *)entry->what)->optional = true;
            }
        bool terminal = false;
        for (uint32_t k = 0; k < work->agent->ast->derive_count; k++)
            terminal |= work->agent->ast->derives[k].kind == AST_DERIVE_ELSE;
        if (unmatched->to == AST_UNMATCHED_TERMINAL && !terminal)
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_CLAUSE_PLACE, unmatched->span,
                                             "`terminal` has nowhere to go"),
                             "write `else derive …`");
    }
    Scope scope = scope_of(work, KINDS_ON | KINDS_OPENER | KINDS_ROW, "the `where` of `join`", before_set);
    where_check(check, &scope, &join->where, "`where`");
    expr_duration(check, join->within);
}

static void sort_check(Checker *check, AgentCheck *work)
{
    AstSort *sort = work->agent->ast->sort;
    if (!sort)
        return;
    Scope scope = scope_of(work, KINDS_ON | KINDS_OPENER | KINDS_ROW, "`sort by`", before_set);
    Type *type = expr_final(check, &scope, sort->by);
    if (!type_is_error(type) && !type_is_ordered(type)) {
        Text phrase = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, sort->by->span, "events cannot be sorted by %.*s", TEXT_ARGS(phrase));
    }
    expr_duration(check, sort->within);
}

static void expect_check(Checker *check, AgentCheck *work)
{
    AstExpect *expect = work->agent->ast->expect;
    if (!expect)
        return;
    expr_duration(check, expect->within);
    for (uint32_t i = 0; i < work->agent->naliases; i++) {
        ModelAlias *alias = work->agent->aliases[i];
        if (alias->kind != ALIAS_EXPECTED && alias->kind != ALIAS_CANCELLER)
            continue;
        Scope scope = scope_of(work, KINDS_ON | KINDS_OPENER | KINDS_ROW | KIND_BIT(alias->kind), "the `where` of `expect`",
                               per_event);
        scope.own = alias;
        scope.own_kinds = KIND_BIT(alias->kind);
        where_check(check, &scope, &alias->where, "`where`");
    }
    if (expect->since) {
        Scope scope = scope_of(work, KINDS_ON | KINDS_OPENER | KINDS_ROW, "`since`", before_set);
        expr_assign(check, &scope, expect->since, type_plain(check, TYPE_TIME, true), "`since`", TEXT(""));
    }
    if (expect->events.n > 1) /* which of them answered is not known beforehand */
        for (uint32_t i = 0; i < work->agent->naliases; i++)
            work->agent->aliases[i]->optional |= work->agent->aliases[i]->kind == ALIAS_EXPECTED;
    uint32_t ons = 0;
    for (uint32_t i = 0; i < work->agent->naliases; i++)
        ons += work->agent->aliases[i]->kind == ALIAS_ON;
    for (uint32_t i = 0; i < work->agent->naliases && ons > 1; i++)
        work->agent->aliases[i]->optional |= work->agent->aliases[i]->kind == ALIAS_ON;
}

static void for_each_check(Checker *check, AgentCheck *work)
{
    AstForEach *each = work->agent->ast->for_each;
    if (!each)
        return;
    ModelAlias *item = NULL;
    for (uint32_t i = 0; i < work->agent->naliases; i++)
        if (work->agent->aliases[i]->kind == ALIAS_ITEM)
            item = work->agent->aliases[i];
    Scope scope = scope_of(work, KINDS_DERIVE & ~KIND_BIT(ALIAS_ITEM), "`for each`", NULL);
    Type *type = expr_final(check, &scope, each->list);
    item->item = ERROR_TYPE;
    if (type_is_error(type))
        return;
    if (type->kind == TYPE_LIST) {
        item->item = type->element;
        return;
    }
    if (type->kind == TYPE_ANY) {
        item->item = type_plain(check, TYPE_ANY, true);
        return;
    }
    Text phrase = type_phrase(check, type), quote = check_quote(check, each->list->span);
    diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, each->list->span, "`for each` needs a list, and `%.*s` is %.*s",
                    TEXT_ARGS(quote), TEXT_ARGS(phrase));
}

/* ---- what the agent is ----------------------------------------------------------------------------- */

static bool mentions_aggregate(const Checker *check, const AstAgent *ast)
{
    for (uint32_t i = 0; i < ast->derive_count; i++) {
        for (uint32_t k = 0; k < ast->derives[i].fields.n; k++)
            if (expr_has_aggregate(check, ast->derives[i].fields.items[k].value))
                return true;
        if (ast->derives[i].when && expr_has_aggregate(check, ast->derives[i].when))
            return true;
    }
    for (uint32_t i = 0; i < ast->write_count; i++)
        for (uint32_t k = 0; k < ast->writes[i].fields.n; k++)
            if (expr_has_aggregate(check, ast->writes[i].fields.items[k].value))
                return true;
    for (uint32_t i = 0; i < ast->let_count; i++)
        if (expr_has_aggregate(check, ast->lets[i].value))
            return true;
    return false;
}

static AgentKind kind_of(const AstAgent *ast, bool aggregates)
{
    if (ast->expect)
        return AGENT_EXPECT;
    if (ast->detect && ast->detect->condition)
        return AGENT_THRESHOLD;
    if (ast->detect && ast->detect->pattern) {
        AstPatternKind kind = ast->detect->pattern->kind;
        return kind == AST_PATTERN_SEQUENCE || kind == AST_PATTERN_PARTICIPANT ? AGENT_SEQUENCE : AGENT_PATTERN;
    }
    if (ast->join)
        return AGENT_COMPOSE;
    if (ast->sort)
        return AGENT_SORT;
    if (ast->for_each)
        return AGENT_SPLIT;
    if (aggregates)
        return AGENT_AGGREGATE;
    if (ast->enrich_count)
        return AGENT_ENRICH;
    for (uint32_t i = 0; i < ast->derive_count; i++) {
        const AstDerive *derive = &ast->derives[i];
        if (derive->kind != AST_DERIVE_PLAIN || derive->fields.n)
            continue;
        return derive->copy == AST_COPY_ALL ? AGENT_FILTER : AGENT_PROJECT;
    }
    return AGENT_TRANSLATE;
}

static void kind_set(Checker *check, AgentCheck *work)
{
    ModelAgent *agent = work->agent;
    const AstAgent *ast = agent->ast;
    bool aggregates = mentions_aggregate(check, ast) && !ast->expect && !ast->join && !ast->sort;
    agent->kind = kind_of(ast, aggregates);
    bool set = agent->kind == AGENT_THRESHOLD || (agent->kind == AGENT_AGGREGATE && aggregates);
    for (uint32_t i = 0; i < agent->naliases && set; i++)
        agent->aliases[i]->several |= agent->aliases[i]->kind == ALIAS_ON;
}

/* ---- one agent ------------------------------------------------------------------------------------- */

static void placement_check(Checker *check, ModelAgent *agent)
{
    const AstAgent *ast = agent->ast;
    agent->placement = true;
    Text name = path_text(check, &ast->network);
    const Declaration *declaration = check_find(check, SPACE_NETWORK, name, ast->network.span);
    agent->network = declaration;
    for (uint32_t i = 0; i < ast->mapping_count; i++) {
        const AstMapping *mapping = &ast->mappings[i];
        const AstNetwork *network = declaration ? declaration->network : NULL;
        Text from = path_text(check, &mapping->from), to = path_text(check, &mapping->to);
        bool in = false, out = false;
        for (uint32_t k = 0; network && k < network->terminal_count; k++) {
            const AstTerminal *terminal = &network->terminals[k];
            in |= !terminal->out && text_is(terminal->name.text, to);
            out |= terminal->out && text_is(terminal->name.text, from);
        }
        if (out && !in) {
            check_event(check, &mapping->to);
            continue;
        }
        check_event(check, &mapping->from);
        if (in || !network)
            continue;
        TextList list = {0};
        for (uint32_t k = 0; k < network->terminal_count; k++)
            text_list_add(&list, check->arena, network->terminals[k].name.text);
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_NETWORK, mapping->to.span,
                                        "network `%.*s` has no terminal `%.*s`", TEXT_ARGS(name), TEXT_ARGS(to));
        diagnostics_near(d, to, list.items, list.n);
    }
}

static void agent_check(Checker *check, ModelAgent *agent)
{
    if (agent->ast->placement) {
        placement_check(check, agent);
        return;
    }
    AgentCheck *work = ARENA_NEW(check->arena, AgentCheck);
    work->agent = agent;
    work->wide = (Scope){.agent = agent, .aliases = &work->aliases, .lets = &work->lets, .kinds = KINDS_DERIVE,
                         .place = "an agent", .own = NULL};
    uint32_t errors = check->diagnostics->errors;
    event_aliases(check, work);
    contexts_expand(check, work);
    inputs_make(check, agent);
    row_aliases(check, work);
    aliases_sort(check, agent);
    lets_make(check, work);
    kind_set(check, work);
    pattern_check(check, work);
    contexts_resolve(check, work);
    ons_check(check, work);
    enriches_check(check, work, false);
    join_check(check, work);
    sort_check(check, work);
    pattern_expressions(check, work);
    expect_check(check, work);
    enriches_check(check, work, true);
    for_each_check(check, work);
    lets_check(check, work);
    derives_check(check, work);
    policies_check(check, work);
    if (check->diagnostics->errors == errors && !work->failed)
        bounds_check(check, work);
}

void agents_check(Checker *check)
{
    Model *model = check->level->model;
    for (uint32_t i = 0; i < model->nagents; i++)
        agent_check(check, model->agents[i]);
}
