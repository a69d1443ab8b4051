/* One agent. The order matters in one place: the pattern comes before the roles, because it hands conditions on
 * one participant alone down to its filter. */
#include "rules/lower.h"

#include <assert.h>

/* ── What does not run ── */

static void refuse_clauses(LowerAgent *agent)
{
    Lowering *lowering = agent->lowering;
    const AstAgent *ast = agent->ast;
    if (ast->join)
        lower_refuse(lowering, ast->join->span, "a sequence pairs events, too: `detect a -> b where … within D`",
                     "`join` does not run yet");
    if (ast->sort)
        lower_refuse(lowering, ast->sort->span, "`time occurrence lateness D` puts what arrives in order", "`sort` does not run yet");
}

/* ── Kind ── */

/* Those over the rows of `combine` need no set of events. */
static bool reads_aggregates(const ModelAgent *model)
{
    for (uint32_t i = 0; i < model->naggregates; i++)
        if (model->aggregates[i]->alias->kind != ALIAS_ROW)
            return true;
    return false;
}

/* The model's kind, but for those that are another kind in this version. */
static AgentKind kind_of(const ModelAgent *model)
{
    const AstAgent *ast = model->ast;
    if (ast->expect)
        return AGENT_EXPECT;
    if (ast->detect)
        return !ast->detect->pattern ? AGENT_THRESHOLD : lower_set_pattern(ast->detect->pattern) ? AGENT_PATTERN : AGENT_SEQUENCE;
    if (reads_aggregates(model))
        return AGENT_AGGREGATE;
    if (model->kind == AGENT_AGGREGATE)
        return AGENT_ENRICH;
    if (model->kind == AGENT_SPLIT || model->kind == AGENT_COMPOSE || model->kind == AGENT_SORT || model->kind == AGENT_PATTERN)
        return AGENT_TRANSLATE;
    return model->kind;
}

static bool kind_is_stateful(AgentKind kind)
{
    return kind == AGENT_AGGREGATE || kind == AGENT_THRESHOLD || kind == AGENT_SEQUENCE || kind == AGENT_EXPECT || kind == AGENT_PATTERN;
}

/* ── Emission ── */

static void lower_emit(LowerAgent *agent)
{
    static const EmitKind kinds[] = {EMIT_IMMEDIATELY, EMIT_AT_CLOSE, EMIT_ON_CHANGE, EMIT_EVERY};
    const AstEmit *ast = agent->ast->emit;
    EmitPlan *emit = &agent->plan->emit;
    if (agent->plan->kind != AGENT_AGGREGATE)
        return;
    if (!ast) {
        emit->kind = agent->model->closes ? EMIT_AT_CLOSE : EMIT_IMMEDIATELY;
        return;
    }
    emit->kind = kinds[ast->kind];
    emit->inclusive = ast->inclusive;
    if (ast->every)
        emit->every = lower_duration(agent->lowering, ast->every);
}

/* ── Participants ── */

static void add_participant(LowerAgent *agent, const ModelAlias *alias)
{
    AgentPlan *plan = agent->plan;
    bool expected = alias->kind == ALIAS_EXPECTED || alias->kind == ALIAS_CANCELLER;
    plan->participants = arena_grow(agent->lowering->arena, plan->participants, plan->nparticipants, sizeof *plan->participants);
    agent->participants = arena_grow(agent->lowering->scratch, agent->participants, plan->nparticipants, sizeof *agent->participants);
    plan->participants[plan->nparticipants] = (Participant){.alias = arena_text(agent->lowering->arena, alias->name),
                                                            .row = alias->kind == ALIAS_ROW, .expected = expected};
    agent->participants[plan->nparticipants] = (LowerParticipant){.alias = alias};
    if (alias->kind == ALIAS_ON)
        agent->on_events |= UINT64_C(1) << plan->nparticipants;
    plan->nevents += alias->kind == ALIAS_ON || expected;
    plan->nparticipants++;
}

/* Aliases of contexts that the agent's own ones hide: those of other event types need a place of their own. */
static void add_hidden(LowerAgent *agent, ModelAlias *const *aliases, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (lower_participant(agent, aliases[i]) == INDEX_NONE)
            add_participant(agent, aliases[i]);
}

static void lower_participants(LowerAgent *agent)
{
    const ModelAgent *model = agent->model;
    for (uint32_t i = 0; i < model->naliases; i++)
        add_participant(agent, model->aliases[i]);
    agent->initiator_step = INDEX_NONE;
    for (uint32_t i = 0; i < model->nsteps; i++) {
        const ModelStep *step = &model->steps[i];
        if (step->ast->kind != AST_CONTEXT_FROM)
            continue;
        agent->initiator_step = i;
        add_hidden(agent, step->opens, step->ast->opens.n);
        add_hidden(agent, step->closes, step->ast->closes.n);
        add_hidden(agent, step->discards, step->ast->discard.n);
    }
}

/* ── Enrichment ── */

/* `where row.key == EXPR` is `by EXPR`. Fills in the keys; false if the condition is anything else. */
static bool key_of_where(LowerAgent *agent, const ModelEnrich *enrich, Expr **keys)
{
    Conjuncts list = {0};
    lower_conjuncts(agent, &list, enrich->ast->where);
    for (uint32_t i = 0; i < list.n; i++) {
        const Expr *expr = list.items[i].expr;
        bool taken = false;
        if (expr->kind != EXPR_EQUAL || expr->quantifier != QUANTIFIER_NONE || expr->ignoring_case)
            return false;
        for (int side = 0; side < 2 && !taken; side++) {
            Expr *column = side ? expr->b : expr->a, *value = side ? expr->a : expr->b;
            const ModelAccess *access = column->note;
            bool other = lower_reads(agent, value).rows == 0;
            if (column->kind != EXPR_MEMBER || column->ref != REF_ATTRIBUTE || access->alias != enrich->row || !other)
                continue;
            for (uint32_t k = 0; k < enrich->table->nkeys; k++)
                if (enrich->table->keys[k] == access->attribute && !keys[k]) {
                    keys[k] = value;
                    taken = true;
                }
        }
        if (!taken)
            return false;
    }
    return keys[0] && (enrich->table->nkeys == 1 || keys[1]);
}

/* A row that is looked up wherever it is read must be one, found by key. */
static bool refused_inline(LowerAgent *agent, const ModelEnrich *enrich)
{
    const AstEnrich *ast = enrich->ast;
    const char *what = ast->take == AST_ENRICH_EVERY ? "`every`" : ast->take == AST_ENRICH_COMBINE ? "`combine`" : NULL;
    if (what)
        lower_refuse(agent->lowering, ast->span, "write the enrichment behind `detect`",
                     "%s of an enrichment before `detect` does not run yet", what);
    return what;
}

static bool refused_enrich(LowerAgent *agent, const ModelEnrich *enrich)
{
    const AstEnrich *ast = enrich->ast;
    AgentKind kind = agent->plan->kind;
    bool set = kind == AGENT_AGGREGATE || kind == AGENT_THRESHOLD || kind == AGENT_PATTERN;
    if (ast->take == AST_ENRICH_COMBINE && set)
        lower_refuse(agent->lowering, ast->span, "derive an event, and enrich that in an agent of its own",
                     "`combine` beside aggregates over events does not run yet");
    if (ast->as_of_occurrence && enrich->table->history)
        lower_refuse(agent->lowering, ast->span, NULL, "`as of occurrence` of a table with a history does not run yet");
    return (ast->take == AST_ENRICH_COMBINE && set) || (ast->as_of_occurrence && enrich->table->history);
}

/* The row of an enrichment before `detect` belongs to one event: its absence, `or drop`, is a filter of that event. */
static void drop_without_row(LowerAgent *agent, const ModelEnrich *enrich, Expr *const *keys)
{
    Arena *scratch = agent->lowering->scratch;
    Expr *in = ARENA_NEW(scratch, Expr), *key = keys[0];
    if (enrich->table->nkeys == 2) {
        key = ARENA_NEW(scratch, Expr);
        *key = (Expr){.kind = EXPR_TUPLE, .span = enrich->ast->span, .arg_count = 2};
        key->args = ARENA_ARRAY(scratch, Expr *, 2);
        memcpy(key->args, keys, 2 * sizeof *keys);
    }
    *in = (Expr){.kind = EXPR_IN, .span = enrich->ast->span, .a = key, .ref = REF_IN_TABLE, .note = enrich->table};
    Reads reads = lower_reads(agent, in);
    uint64_t own = reads.latest & agent->on_events;
    bool one = own && !(own & (own - 1)) && reads.latest == own;
    if (!one || reads.prev || reads.at || reads.initiator || reads.aggregated || reads.rows || reads.context) {
        lower_refuse(agent->lowering, enrich->ast->span, "write the enrichment behind `detect`",
                     "`or drop` of a row whose key reads several events does not run yet");
        return;
    }
    Conjuncts *filter = &agent->participants[__builtin_ctzll(own)].filter;
    filter->items = arena_grow(scratch, filter->items, filter->n, sizeof *filter->items);
    filter->items[filter->n++] = (Conjunct){in, false, reads};
}

static EnrichMany many_of(const AstEnrich *ast)
{
    switch (ast->take) {
    case AST_ENRICH_LAST: return ENRICH_LAST;
    case AST_ENRICH_EVERY: return ENRICH_EVERY;
    case AST_ENRICH_COMBINE: return ENRICH_COMBINE;
    default: return ENRICH_FIRST;
    }
}

/* The row is the engine's: a view that it sets. */
static void add_enrich(LowerAgent *agent, const ModelEnrich *enrich, Expr *const *keys, bool by_key)
{
    Lowering *lowering = agent->lowering;
    AgentPlan *plan = agent->plan;
    const AstEnrich *ast = enrich->ast;
    EnrichPlan out = {.participant = lower_participant(agent, enrich->row), .table = enrich->table->index, .drop = ast->or_drop,
                      .per_match = ast->per_match, .many = many_of(ast), .descending = ast->descending};
    LowerScope scope = lower_agent_scope(agent);
    for (uint32_t i = 0; i < enrich->table->nkeys && by_key; i++)
        out.keys[i] = lower_program(&scope, keys[i], enrich->table->columns[enrich->table->keys[i]]->type->kind);
    if (!by_key) {
        lowering->plan->tables[enrich->table->index].scanned = true;
        scope.without_unknowns = ast->where.without_unknowns;
        out.where = lower_program(&scope, ast->where.condition, TYPE_BOOL);
        scope.without_unknowns = false;
    }
    if (ast->ordered_by)
        out.order = lower_program(&scope, ast->ordered_by, TYPE_KINDS);
    plan->enriches = arena_grow(lowering->arena, plan->enriches, plan->nenriches, sizeof *plan->enriches);
    plan->enriches[plan->nenriches++] = out;
}

static void lower_enrich(LowerAgent *agent, const ModelEnrich *enrich)
{
    LowerParticipant *p = &agent->participants[lower_participant(agent, enrich->row)];
    RowReading reading = agent->stateful && !enrich->ast->per_match ? ROW_INLINE : ROW_VIEW;
    lower_depends(agent->lowering, enrich->table->declaration);
    p->enrich = enrich;
    p->reading = reading;
    if (refused_enrich(agent, enrich) || (reading == ROW_INLINE && refused_inline(agent, enrich)))
        return;
    Expr *keys[2] = {enrich->keys[0], enrich->keys[1]};
    p->reading = ROW_VIEW; /* while its own condition is looked at */
    bool by_key = keys[0] || key_of_where(agent, enrich, keys);
    p->reading = reading;
    if (by_key)
        memcpy(p->keys, keys, sizeof keys);
    if (reading == ROW_VIEW)
        add_enrich(agent, enrich, keys, by_key);
    else if (!by_key)
        lower_refuse(agent->lowering, enrich->ast->where.span, "compare each key column with `==`, or write the enrichment behind `detect`",
                     "an enrichment before `detect` by anything but the table's key does not run yet");
    else if (enrich->ast->or_drop)
        drop_without_row(agent, enrich, keys);
}

static void lower_split(LowerAgent *agent)
{
    LowerScope scope = lower_agent_scope(agent);
    if (agent->ast->for_each)
        agent->plan->split = lower_program(&scope, agent->ast->for_each->list, TYPE_LIST);
}

/* ── Output ── */

static bool refused_derive(LowerAgent *agent, const ModelDerive *model)
{
    Lowering *lowering = agent->lowering;
    const AstDerive *ast = model->ast;
    if (ast->to.n)
        lower_refuse(lowering, ast->to.span, NULL, "`derive … to` a channel does not run yet");
    return ast->to.n;
}

static Program *lower_value(LowerAgent *agent, const ModelDerive *model, uint32_t attribute)
{
    const ModelAttribute *to = model->event->attributes[attribute];
    const Expr *value = model->values[attribute] ? model->values[attribute] : to->compute;
    if (!value || value->kind == EXPR_NULL || !type_runs(to->type->kind))
        return NULL;
    LowerScope scope = lower_agent_scope(agent);
    scope.derive = model;
    lower_begin(&scope);
    return lower_end(&scope, lower_expr_as(&scope, value, to->type));
}

static void lower_derive(LowerAgent *agent, const ModelDerive *model, DerivePlan *derive)
{
    static const DerivePort ports[] = {PORT_MAIN, PORT_OTHERWISE, PORT_ELSE, PORT_ERROR};
    derive->type = model->event->index;
    derive->port = ports[model->ast->kind];
    uint32_t n = model->event->nattributes;
    derive->values = ARENA_ARRAY(agent->lowering->arena, Program *, n + LOWER_ANNOTATIONS);
    lower_depends(agent->lowering, model->event->declaration);
    if (refused_derive(agent, model))
        return;
    for (uint32_t i = 0; i < n; i++)
        derive->values[i] = lower_value(agent, model, i);
    LowerScope scope = lower_agent_scope(agent);
    scope.derive = model;
    if (model->certainty)
        derive->values[n] = lower_program(&scope, model->certainty, TYPE_FLOAT);
    if (model->annotation)
        derive->values[n + 1] = lower_program(&scope, model->annotation, TYPE_STRING);
    scope.derive = NULL;
    if (model->when)
        derive->when = lower_program(&scope, model->when, TYPE_BOOL);
    if (model->time)
        derive->time = lower_program(&scope, model->time, TYPE_TIME);
}

static void lower_derives(LowerAgent *agent)
{
    AgentPlan *plan = agent->plan;
    plan->nderives = agent->ast->derive_count;
    plan->derives = ARENA_ARRAY(agent->lowering->arena, DerivePlan, plan->nderives);
    for (uint32_t i = 0; i < plan->nderives; i++)
        lower_derive(agent, &agent->model->derives[i], &plan->derives[i]);
}

/* Whether the agent's context has exactly the keys of a write, so that nobody else writes (or reads) that row. */
static bool writes_own_row(const LowerAgent *agent, const ModelWrite *write)
{
    const ModelAgent *model = agent->model;
    uint32_t nkeys = 0, found = 0;
    for (uint32_t s = 0; s < model->nsteps; s++)
        for (uint32_t k = 0; k < model->steps[s].nkeys; k++, nkeys++) {
            const ModelKey *key = &model->steps[s].keys[k];
            for (uint32_t w = 0; w < write->table->nkeys; w++) {
                const Expr *expr = write->keys[w];
                bool named = expr->kind == EXPR_MEMBER && ((expr->ref == REF_CONTEXT_KEY && expr->note == key) ||
                                                           (expr->ref == REF_ATTRIBUTE && text_is(expr->name.text, key->name)));
                found += named;
            }
        }
    return found == write->table->nkeys && nkeys == found;
}

static void lower_writes(LowerAgent *agent)
{
    AgentPlan *plan = agent->plan;
    plan->nwrites = agent->ast->write_count;
    plan->writes = ARENA_ARRAY(agent->lowering->arena, WritePlan, plan->nwrites);
    agent->lowering->plan->writes |= plan->nwrites > 0;
    for (uint32_t i = 0; i < plan->nwrites; i++) {
        const ModelWrite *model = &agent->model->writes[i];
        const ModelTable *table = model->table;
        WritePlan *write = &plan->writes[i];
        *write = (WritePlan){.table = table->index, .remove = model->ast->delete, .at_once = writes_own_row(agent, model)};
        agent->lowering->plan->tables[table->index].written = true;
        lower_depends(agent->lowering, table->declaration);
        LowerScope scope = lower_agent_scope(agent);
        for (uint32_t k = 0; k < table->nkeys; k++)
            write->keys[k] = lower_program(&scope, model->keys[k], table->columns[table->keys[k]]->type->kind);
        write->values = ARENA_ARRAY(agent->lowering->arena, Program *, table->ncolumns);
        for (uint32_t c = 0; c < table->ncolumns && !write->remove; c++) {
            if (!model->values[c])
                continue;
            lower_begin(&scope);
            write->values[c] = lower_end(&scope, lower_expr_as(&scope, model->values[c], table->columns[c]->type));
        }
    }
}

static void lower_quiet(LowerAgent *agent)
{
    const AstQuiet *ast = agent->ast->quiet;
    QuietPlan *quiet = &agent->plan->quiet;
    if (!ast)
        return;
    quiet->duration = lower_duration(agent->lowering, ast->duration);
    quiet->after_last = ast->after_last;
    if (!ast->per)
        return;
    LowerScope scope = lower_agent_scope(agent);
    Expr list = {.kind = EXPR_LIST, .span = ast->per->span, .args = ast->per->args, .arg_count = ast->per->arg_count};
    quiet->per = lower_program(&scope, ast->per->kind == EXPR_TUPLE ? &list : ast->per, TYPE_KINDS);
}

/* ── The agent ── */

/* Only the line: the column of source_place would be counted from its start, ten thousand times in a file of one line. */
static void lower_place(LowerAgent *agent)
{
    Span span = agent->model->declaration->span;
    const Source *source = &agent->lowering->sources->items[span.file];
    uint32_t low = 0, high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= span.start)
            low = middle;
        else
            high = middle;
    }
    agent->plan->file = arena_text(agent->lowering->arena, source->path);
    agent->plan->line = low + 1;
}

static bool keeps_all(const LowerAgent *agent)
{
    const AgentPlan *plan = agent->plan;
    return plan->kind == AGENT_SEQUENCE || plan->kind == AGENT_EXPECT || plan->kind == AGENT_PATTERN || agent->ast->policies.evaluate.set ||
           (plan->kind == AGENT_AGGREGATE && (plan->emit.kind == EMIT_AT_CLOSE || plan->emit.kind == EMIT_EVERY));
}

void lower_agent(Lowering *lowering, const ModelAgent *model, AgentPlan *plan)
{
    if (model->placement) {
        lower_refuse(lowering, model->declaration->span, "write its agents in this network", "placing a network does not run yet");
        return;
    }
    uint32_t names = model->naliases;
    for (uint32_t i = 0; i < model->nsteps; i++)
        names += model->steps[i].ast->opens.n + model->steps[i].ast->closes.n + model->steps[i].ast->discard.n;
    if (names > LOWER_PARTICIPANTS_MAX) {
        lower_limit(lowering, model->declaration->name.span, "an agent has more than %d participants", LOWER_PARTICIPANTS_MAX);
        return;
    }
    LowerAgent agent = {.lowering = lowering, .model = model, .ast = model->ast, .plan = plan};
    *plan = (AgentPlan){.name = arena_text(lowering->arena, model->name),
                        .note = arena_text(lowering->arena, model->ast->remark.value), .kind = kind_of(model)};
    agent.stateful = kind_is_stateful(plan->kind);
    lower_place(&agent);
    refuse_clauses(&agent);
    lower_participants(&agent);
    lower_emit(&agent);
    agent.keeps_all = keeps_all(&agent);
    for (uint32_t i = 0; i < agent.ast->enrich_count; i++)
        lower_enrich(&agent, &model->enriches[i]);
    lower_split(&agent);
    lower_contexts(&agent);
    lower_detect(&agent);
    lower_expect(&agent);
    lower_policies(&agent);
    lower_roles(&agent);
    lower_derives(&agent);
    lower_writes(&agent);
    lower_quiet(&agent);
    lower_seal(&agent);
    plan->bound = lower_bound(&agent);
}
