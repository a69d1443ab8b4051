/* What `detect` and `expect` say: a threshold's condition, a sequence's steps and conjuncts, an expectation.
 *
 * The `where` of a pattern falls into conjuncts. One that reads a single event alone is as good as written behind
 * its `on` line, and goes into that filter, where it runs over columns and can be indexed (unless a context counts
 * events). The others are tested when the latest step that they name is bound: see ConjunctPlan. */
#include "rules/lower.h"

/* ── Thresholds ── */

static void lower_threshold(LowerAgent *agent)
{
    const AstDetect *detect = agent->ast->detect;
    LowerScope scope = lower_agent_scope(agent);
    scope.condition = true;
    Conjunct both[2] = {{.expr = detect->condition},
                        {.expr = detect->where.condition, .without_unknowns = detect->where.without_unknowns}};
    agent->plan->condition = lower_conjunction(&scope, both, detect->where.condition ? 2 : 1);
}

/* ── Patterns over the set ── */

static bool set_pattern(AstPatternKind kind, PatternKind *found)
{
    static const PatternKind kinds[AST_PATTERN_KIND_COUNT] = {
#define X(name, word, what) [AST_PATTERN_##name] = PATTERN_##name + 1,
#include "cep/patterns.def"
#undef X
    };
    if (!kinds[kind])
        return false;
    *found = kinds[kind] - 1;
    return true;
}

bool lower_set_pattern(const AstPattern *pattern)
{
    PatternKind kind;
    return set_pattern(pattern->kind, &kind);
}

/* The alias whose events an expression is about: the first that it names. */
static const ModelAlias *subject(LowerAgent *agent, const Expr *expr)
{
    Reads reads = lower_reads(agent, expr);
    uint64_t events = reads.latest & agent->on_events;
    return events ? agent->model->aliases[__builtin_ctzll(events)] : agent->model->aliases[0];
}

static void lower_member_value(LowerAgent *agent, const Expr *expr, PatternPlan *plan)
{
    const ModelAlias *alias = subject(agent, expr);
    LowerScope scope = lower_agent_scope(agent);
    scope.self = alias;
    scope.condition = true;
    plan->participant = lower_participant(agent, alias);
    plan->value = lower_program(&scope, expr, TYPE_KINDS);
}

static void lower_pattern_over_set(LowerAgent *agent)
{
    const AstDetect *detect = agent->ast->detect;
    const AstPattern *ast = detect->pattern;
    PatternPlan *plan = &agent->plan->pattern;
    LowerScope scope = lower_agent_scope(agent);
    scope.condition = true;
    plan->participant = INDEX_NONE;
    set_pattern(ast->kind, &plan->kind);
    if (ast->kind == AST_PATTERN_BECOMES || ast->kind == AST_PATTERN_CEASES)
        plan->condition = lower_program(&scope, ast->expr, TYPE_BOOL);
    else if (ast->expr)
        lower_member_value(agent, ast->expr, plan);
    for (uint32_t i = 0; ast->kind == AST_PATTERN_ABSENT && i < ast->alias_count; i++)
        plan->absent |= UINT64_C(1) << lower_participant(agent, ((ModelAlias **)ast->note)[i]);
    plan->run = ast->count.set ? (uint32_t)(ast->count.value > UINT32_MAX ? UINT32_MAX : ast->count.value) : 0;
    Cell by;
    if (ast->percent && lower_literal(agent->lowering, ast->percent, TYPE_FLOAT, &by))
        plan->by = by.f / 100;
    Conjunct where = {.expr = detect->where.condition, .without_unknowns = detect->where.without_unknowns};
    if (detect->where.condition)
        agent->plan->condition = lower_conjunction(&scope, &where, 1);
}

/* ── The steps of a sequence ── */

static bool refused_loop(LowerAgent *agent, const AstLoop *loop)
{
    static const char *const words[] = {"strict", "any", "each length", "greedy"};
    const bool set[] = {loop->strict, loop->any, loop->each_length, loop->greedy};
    bool refused = false;
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (set[i]) {
            lower_refuse(agent->lowering, loop->span, NULL, "a loop with `%s` does not run yet", words[i]);
            refused = true;
        }
    if (loop->until.text.len) {
        lower_refuse(agent->lowering, loop->until.span, NULL, "a loop with `until` does not run yet");
        refused = true;
    }
    if (loop->least == 0) {
        lower_refuse(agent->lowering, loop->span, "write an agent for each case, with and without it",
                     "a loop that may be empty does not run yet");
        refused = true;
    }
    return refused;
}

static StepLink link_of(LowerAgent *agent, const AstPattern *pattern)
{
    switch (pattern->mode) {
    case AST_STEP_RELAXED: return LINK_FOLLOWED;
    case AST_STEP_FIRST: return LINK_FIRST;
    case AST_STEP_ANY: return LINK_ANY;
    case AST_STEP_NEXT: break;
    }
    lower_refuse(agent->lowering, pattern->span, "`->` lets other events lie between", "`-> next` does not run yet");
    return LINK_NEXT;
}

static const char *pattern_words(const AstPattern *pattern)
{
    switch (pattern->kind) {
    case AST_PATTERN_ALL: return "`all`";
    case AST_PATTERN_OR: return "`or` in a pattern";
    case AST_PATTERN_NOT: return "`not` in a pattern";
    case AST_PATTERN_WAIT: return "`wait`";
    case AST_PATTERN_ABSENT: return "`absent`";
    case AST_PATTERN_SEQUENCE: return "a group of steps";
    case AST_PATTERN_ALWAYS: case AST_PATTERN_SOMETIMES: return "a modal pattern";
    case AST_PATTERN_BECOMES: return "`becomes`";
    case AST_PATTERN_CEASES: return "`ceases`";
    case AST_PATTERN_ENTERS: case AST_PATTERN_LEAVES: case AST_PATTERN_STAYS: return "a zone pattern";
    case AST_PATTERN_MOVING: case AST_PATTERN_STATIONARY: return "a pattern of movement";
    case AST_PATTERN_FIRST: case AST_PATTERN_LAST: case AST_PATTERN_RANDOM: case AST_PATTERN_HIGHEST:
    case AST_PATTERN_LOWEST: return "a subset pattern";
    default: return "a trend pattern";
    }
}

static const char *pattern_hint(const AstPattern *pattern)
{
    switch (pattern->kind) {
    case AST_PATTERN_NOT: return "an event that does not follow in time: `expect E e within D` and `otherwise derive`";
    case AST_PATTERN_ABSENT: return "count it: `detect count(a) == 0` with `evaluate at close`";
    case AST_PATTERN_OR: return "write an agent for each side, or one line `on A | B`";
    default: return NULL;
    }
}

static void lower_pattern_step(LowerAgent *agent, const AstPattern *pattern)
{
    AgentPlan *plan = agent->plan;
    if (pattern->kind != AST_PATTERN_PARTICIPANT) {
        lower_refuse(agent->lowering, pattern->span, pattern_hint(pattern), "%s does not run yet", pattern_words(pattern));
        return;
    }
    if (pattern->within) {
        lower_refuse(agent->lowering, pattern->within->span, "write `within` behind the whole pattern",
                     "`within … of …` does not run yet");
        return;
    }
    if (pattern->loop.set && refused_loop(agent, &pattern->loop))
        return;
    StepPlan step = {.participant = lower_participant(agent, pattern->note), .link = link_of(agent, pattern),
                     .loop = pattern->loop.set, .min = 1, .max = 1};
    if (step.loop) {
        step.min = pattern->loop.least;
        step.max = pattern->loop.most;
    }
    for (uint32_t i = 0; i < plan->nsteps; i++)
        if (plan->steps[i].participant == step.participant) {
            lower_refuse(agent->lowering, pattern->span, "write an `on` line with another alias for it",
                         "one alias in two steps does not run yet");
            return;
        }
    plan->steps = arena_grow(agent->lowering->arena, plan->steps, plan->nsteps, sizeof *plan->steps);
    plan->steps[plan->nsteps++] = step;
}

static void lower_steps(LowerAgent *agent)
{
    const AstPattern *pattern = agent->ast->detect->pattern;
    if (pattern->kind != AST_PATTERN_SEQUENCE || pattern->loop.set) {
        lower_pattern_step(agent, pattern);
        return;
    }
    for (uint32_t i = 0; i < pattern->child_count; i++)
        lower_pattern_step(agent, pattern->children[i]);
}

/* ── Its conjuncts ── */

/* Bits by step, for a set of participants. */
static uint64_t steps_of(const AgentPlan *plan, uint64_t participants)
{
    uint64_t steps = 0;
    for (uint32_t i = 0; i < plan->nsteps; i++)
        if (participants >> plan->steps[i].participant & 1)
            steps |= UINT64_C(1) << i;
    return steps;
}

/* The participant that a conjunct reads alone; INDEX_NONE if it reads anything else. */
static uint32_t alone(const LowerAgent *agent, Reads reads)
{
    bool other = reads.prev || reads.at || reads.initiator || reads.aggregated || reads.rows || reads.context;
    if (other || !reads.latest || (reads.latest & (reads.latest - 1)) || !(reads.latest & agent->on_events))
        return INDEX_NONE;
    return (uint32_t)__builtin_ctzll(reads.latest);
}

static void lower_conjunct(LowerAgent *agent, const Conjunct *conjunct)
{
    AgentPlan *plan = agent->plan;
    uint64_t plain = steps_of(plan, conjunct->reads.latest), prev = steps_of(plan, conjunct->reads.prev);
    uint64_t ended = steps_of(plan, conjunct->reads.at | conjunct->reads.aggregated);
    uint64_t named = plain | prev | ended;
    ConjunctPlan out = {.step = named ? 63u - (uint32_t)__builtin_clzll(named) : 0};
    uint64_t last = UINT64_C(1) << out.step;
    for (uint32_t i = 0; i < out.step; i++)
        if (plan->steps[i].loop && (plain | prev) >> i & 1) {
            Text alias = agent->model->aliases[plan->steps[i].participant]->name;
            Diagnostic *diagnostic = diagnostics_add(
                agent->lowering->diagnostics, DIAGNOSTIC_NOT_YET, conjunct->expr->span,
                "testing every member of the loop `%.*s` against a later step does not run yet", TEXT_ARGS(alias));
            diagnostics_hint(diagnostic, "name one: `%.*s[last]`, `%.*s[1]`, or an aggregate", TEXT_ARGS(alias), TEXT_ARGS(alias));
            return;
        }
    if (plan->steps[out.step].loop) {
        out.each_member = (plain | prev) & last;
        out.at_end = !out.each_member && ended & last;
        out.skip_first = prev & last;
    }
    LowerScope scope = lower_agent_scope(agent);
    scope.condition = true;
    out.program = lower_conjunction(&scope, conjunct, 1);
    plan->conjuncts = arena_grow(agent->lowering->arena, plan->conjuncts, plan->nconjuncts, sizeof *plan->conjuncts);
    plan->conjuncts[plan->nconjuncts++] = out;
}

/* Whether a context of the agent counts participants, or waits for them: then a condition of the pattern must
 * not keep an event from being one. */
static bool contexts_count(const AgentPlan *plan)
{
    for (uint32_t i = 0; i < plan->ncontexts; i++)
        if (plan->contexts[i].last_count || plan->contexts[i].at_most || plan->contexts[i].idle)
            return true;
    return false;
}

static void lower_sequence(LowerAgent *agent)
{
    const AstDetect *detect = agent->ast->detect;
    AgentPlan *plan = agent->plan;
    uint32_t errors = agent->lowering->diagnostics->errors;
    lower_steps(agent);
    if (agent->lowering->diagnostics->errors != errors || !plan->nsteps)
        return;
    if (detect->within)
        plan->within = lower_duration(agent->lowering, detect->within);
    plan->within_inclusive = detect->inclusive;
    Conjuncts list = {0};
    lower_conjuncts(agent, &list, detect->where);
    for (uint32_t i = 0; i < list.n; i++) {
        uint32_t participant = alone(agent, list.items[i].reads);
        if (participant == INDEX_NONE || contexts_count(plan)) {
            lower_conjunct(agent, &list.items[i]);
            continue;
        }
        Conjuncts *filter = &agent->participants[participant].filter;
        filter->items = arena_grow(agent->lowering->scratch, filter->items, filter->n, sizeof *filter->items);
        filter->items[filter->n++] = list.items[i];
    }
}

void lower_detect(LowerAgent *agent)
{
    const AstDetect *detect = agent->ast->detect;
    if (!detect)
        return;
    if (agent->plan->kind == AGENT_THRESHOLD)
        lower_threshold(agent);
    else if (agent->plan->kind == AGENT_PATTERN)
        lower_pattern_over_set(agent);
    else
        lower_sequence(agent);
}

/* ── expect ── */

void lower_expect(LowerAgent *agent)
{
    static const Again agains[] = {
        [AST_AGAIN_UNSET] = AGAIN_ADD, [AST_AGAIN_ADD] = AGAIN_ADD, [AST_AGAIN_IGNORE] = AGAIN_IGNORE,
        [AST_AGAIN_REFRESH] = AGAIN_REFRESH, [AST_AGAIN_EXTEND] = AGAIN_EXTEND,
    };
    const AstExpect *expect = agent->ast->expect;
    if (!expect)
        return;
    ExpectPlan *plan = &agent->plan->expect;
    plan->within = lower_duration(agent->lowering, expect->within);
    plan->inclusive = expect->inclusive;
    plan->again = agains[expect->again];
    plan->has_discard = expect->discard.n > 0;
    if (expect->since) {
        LowerScope scope = lower_agent_scope(agent);
        scope.condition = true;
        plan->since = lower_program(&scope, expect->since, TYPE_TIME);
    }
}
