#include "cep/cmd/facts.h"

#include <inttypes.h>
#include <string.h>

#include "cep/cmd/formula.h"

typedef struct Teller {
    const Plan *plan;
    const AgentPlan *agent;
    FormulaNames names;
    Arena *arena;
    Facts facts;
} Teller;

static Fact *tell(Teller *teller, const char *name, Text text)
{
    Facts *facts = &teller->facts;
    facts->items = arena_grow(teller->arena, facts->items, facts->n, sizeof *facts->items);
    facts->items[facts->n] = (Fact){.name = name, .text = text};
    return &facts->items[facts->n++];
}

#define TELL(teller, name, ...) tell((teller), (name), arena_printf((teller)->arena, __VA_ARGS__))

static const char *duration(const Teller *teller, int64_t ns)
{
    char text[TIME_TEXT_MAX];
    size_t len = duration_text(ns, text);
    return arena_copy(teller->arena, text, len);
}

static const char *instant(const Teller *teller, int64_t time)
{
    char text[TIME_TEXT_MAX];
    size_t len = time_text(time, text);
    return arena_copy(teller->arena, text, len);
}

static Text formula(const Teller *teller, const Program *program)
{
    return formula_text(program, &teller->names, teller->arena);
}

/* An expression over one participant alone. */
static Text formula_alone(const Teller *teller, const Program *program, const Shape *shape, Text alias)
{
    FormulaNames names = teller->names;
    names.alone = shape;
    names.alias = alias;
    return formula_text(program, &names, teller->arena);
}

static Text joined(const Teller *teller, Text list, const char *between, Text item)
{
    return list.len ? arena_printf(teller->arena, "%.*s%s%.*s", TEXT_ARGS(list), between, TEXT_ARGS(item)) : item;
}

static Text alias_of(const Teller *teller, uint32_t participant)
{
    return teller->agent->participants[participant].alias;
}

/* ── Contexts ── */

/* The event types that have a role in a context step: "Admitted | Transferred". */
static Text types_with_role(const Teller *teller, RoleKind kind, uint32_t step)
{
    Text list = TEXT("");
    for (uint32_t i = 0; i < teller->agent->ninputs; i++) {
        const InputPlan *input = &teller->agent->inputs[i];
        for (uint32_t r = 0; r < input->nroles; r++)
            if (input->roles[r].kind == kind && input->roles[r].index == step) {
                list = joined(teller, list, " | ", teller->plan->types[input->type].name);
                break;
            }
    }
    return list;
}

static Text by_text(const Teller *teller, const ContextStep *step)
{
    Text keys = TEXT("");
    for (uint32_t i = 0; i < step->nkeys; i++)
        keys = joined(teller, keys, i + 1 == step->nkeys ? " and " : ", ", step->key_names[i]);
    return arena_printf(teller->arena, "a partition for each %.*s, forgotten after %s without events", TEXT_ARGS(keys),
                        duration(teller, step->key_idle));
}

static const char *every_text(const Teller *teller, const ContextStep *step)
{
    static const char *const units[] = {"", "day", "week", "month", "year"};
    if (step->every_unit == CALENDAR_NS)
        return duration(teller, step->every);
    Text text = arena_printf(teller->arena, step->every == 1 ? "%" PRId64 " %s" : "%" PRId64 " %ss", step->every,
                             units[step->every_unit]);
    return text.p;
}

static Text fixed_text(const Teller *teller, const ContextStep *step)
{
    Text text = step->outside               ? TEXT("the time outside a window")
                : step->from == TIME_NONE ? TEXT("a window")
                                          : arena_printf(teller->arena, "a window from %s", instant(teller, step->from));
    if (step->to != TIME_NONE)
        text = arena_printf(teller->arena, "%.*s to %s", TEXT_ARGS(text), instant(teller, step->to));
    if (step->length)
        text = arena_printf(teller->arena, "%.*s of %s", TEXT_ARGS(text), duration(teller, step->length));
    if (step->every)
        text = arena_printf(teller->arena, "%.*s every %s", TEXT_ARGS(text), every_text(teller, step));
    if (step->zone)
        text = arena_printf(teller->arena, "%.*s of local time in %.*s", TEXT_ARGS(text), TEXT_ARGS(step->zone->name));
    return text;
}

static Text interval_text(const Teller *teller, const ContextStep *step, uint32_t index)
{
    static const char *const again[] = {"opens one more", "is ignored", "closes it and opens another", "extends it"};
    Text text = arena_printf(teller->arena, "a window from %.*s", TEXT_ARGS(types_with_role(teller, ROLE_OPENER, index)));
    if (step->has_closer)
        text = arena_printf(teller->arena, "%.*s to %.*s", TEXT_ARGS(text),
                            TEXT_ARGS(types_with_role(teller, ROLE_CLOSER, index)));
    if (step->for_at_most)
        text = arena_printf(teller->arena, "%.*s, for at most %s", TEXT_ARGS(text), duration(teller, step->for_at_most));
    if (step->since)
        text = arena_printf(teller->arena, "%.*s since %.*s", TEXT_ARGS(text), TEXT_ARGS(formula(teller, step->since)));
    if (step->at_most)
        text = arena_printf(teller->arena, "%.*s, at most %u events", TEXT_ARGS(text), step->at_most);
    if (step->idle)
        text = arena_printf(teller->arena, "%.*s, until %s without events", TEXT_ARGS(text), duration(teller, step->idle));
    text = arena_printf(teller->arena, "%.*s; an opening event while it is open %s", TEXT_ARGS(text), again[step->again]);
    Text discards = types_with_role(teller, ROLE_DISCARDER, index);
    return discards.len ? arena_printf(teller->arena, "%.*s; %.*s discards it", TEXT_ARGS(text), TEXT_ARGS(discards)) : text;
}

static Text sliding_text(const Teller *teller, const ContextStep *step)
{
    Text text = arena_printf(teller->arena, "a window of %s", duration(teller, step->length));
    text = arena_printf(teller->arena, "%.*s every %s", TEXT_ARGS(text), duration(teller, step->every));
    if (step->origin)
        text = arena_printf(teller->arena, "%.*s from %s", TEXT_ARGS(text), instant(teller, step->origin));
    return step->at_most ? arena_printf(teller->arena, "%.*s, at most %u events", TEXT_ARGS(text), step->at_most) : text;
}

static Text each_text(const Teller *teller, const ContextStep *step, uint32_t index)
{
    Text types = types_with_role(teller, ROLE_OPENER, index);
    Text text = arena_printf(teller->arena, "a window of %u %.*s", step->size, TEXT_ARGS(types));
    return step->period ? arena_printf(teller->arena, "%.*s, one more begins at every %u", TEXT_ARGS(text), step->period)
                        : arena_printf(teller->arena, "%.*s, one behind the other", TEXT_ARGS(text));
}

static Text bands_text(const Teller *teller, const ContextStep *step)
{
    Text names = TEXT("");
    for (uint32_t i = 0; i < step->nconditions; i++)
        names = joined(teller, names, ", ", step->bands[i]);
    return arena_printf(teller->arena, "a band of %.*s", TEXT_ARGS(names));
}

static Text context_text(const Teller *teller, const ContextStep *step, uint32_t index)
{
    switch (step->kind) {
    case CONTEXT_BY:
        return by_text(teller, step);
    case CONTEXT_FIXED:
        return fixed_text(teller, step);
    case CONTEXT_LAST:
        return step->last ? arena_printf(teller->arena, "the last %s before each event%s", duration(teller, step->last),
                                         step->last_inclusive ? ", both ends included" : "")
                          : arena_printf(teller->arena, "the last %u events", step->last_count);
    case CONTEXT_INTERVAL:
        return interval_text(teller, step, index);
    case CONTEXT_SLIDING:
        return sliding_text(teller, step);
    case CONTEXT_EACH:
        return each_text(teller, step, index);
    case CONTEXT_BANDS:
        return bands_text(teller, step);
    case CONTEXT_WHILE:
        return arena_printf(teller->arena, "while %.*s", TEXT_ARGS(formula(teller, teller->agent->inputs[0].conditions[step->condition_first])));
    case CONTEXT_SESSION:
        return arena_printf(teller->arena, "a window from an event to %s without one", duration(teller, step->gap));
    default:
        return text_of(context_kind_word(step->kind));
    }
}

static void tell_contexts(Teller *teller)
{
    const AgentPlan *agent = teller->agent;
    if (!agent->ncontexts)
        tell(teller, "context", TEXT("none: all events are one partition"));
    for (uint32_t i = 0; i < agent->ncontexts; i++) {
        const ContextStep *step = &agent->contexts[i];
        Text text = context_text(teller, step, i);
        if (step->name.len)
            text = arena_printf(teller->arena, "%.*s: %.*s", TEXT_ARGS(step->name), TEXT_ARGS(text));
        tell(teller, "context", text);
    }
}

/* ── Inputs ── */

static void tell_code(Teller *teller, const char *name, const Program *program)
{
    if (program)
        tell(teller, name, program_text(program, teller->arena));
}

/* What an event of a type is to the agent: "participant f", "opens window 1". */
static const char *role_text(const Teller *teller, const RolePlan *role)
{
    static const char *const windows[] = {[ROLE_OPENER] = "opens", [ROLE_CLOSER] = "closes", [ROLE_DISCARDER] = "discards"};
    switch (role->kind) {
    case ROLE_PARTICIPANT:
        return arena_printf(teller->arena, "as %.*s", TEXT_ARGS(alias_of(teller, role->index))).p;
    case ROLE_EXPECTED:
        return arena_printf(teller->arena, "as %.*s, the expected event", TEXT_ARGS(alias_of(teller, role->index))).p;
    case ROLE_CANCELLER:
        return "cancels what is expected";
    default:
        return arena_printf(teller->arena, "%s the window of context %u", windows[role->kind], role->index + 1).p;
    }
}

static void tell_role(Teller *teller, const InputPlan *input, const RolePlan *role, bool code)
{
    const EventType *type = &teller->plan->types[input->type];
    bool named = role->participant != INDEX_NONE;
    const Shape *shape = named ? &teller->agent->participants[role->participant].shape : &input->shape;
    Text alias = named ? alias_of(teller, role->participant) : TEXT("");
    Text text = arena_printf(teller->arena, "%.*s %s", TEXT_ARGS(type->name), role_text(teller, role));
    if (role->filter)
        text = arena_printf(teller->arena, "%.*s where %.*s", TEXT_ARGS(text),
                            TEXT_ARGS(formula_alone(teller, role->filter, shape, alias)));
    tell(teller, "input", text);
    if (role->equal_column != INDEX_NONE) {
        const Attribute *attribute = &type->attributes[role->equal_column];
        TELL(teller, "index", "equality on %.*s.%.*s, for %.*s", TEXT_ARGS(type->name), TEXT_ARGS(attribute->name),
             TEXT_ARGS(formula_value(attribute->type, role->equal_value, teller->arena)));
    }
    const Program *kernel = role->equal_column == INDEX_NONE ? role->filter : role->rest;
    if (kernel && kernel == role->filter)
        tell(teller, "kernel", TEXT("the whole filter, a column at a time"));
    else if (kernel)
        TELL(teller, "kernel", "a column at a time: %.*s", TEXT_ARGS(formula_alone(teller, kernel, shape, alias)));
    if (role->when)
        TELL(teller, "per row", "for each event alone: %.*s", TEXT_ARGS(formula(teller, role->when)));
    if (code) {
        tell_code(teller, "code", kernel);
        tell_code(teller, "code", role->when);
    }
}

static void tell_inputs(Teller *teller, bool code)
{
    for (uint32_t i = 0; i < teller->agent->ninputs; i++) {
        const InputPlan *input = &teller->agent->inputs[i];
        for (uint32_t r = 0; r < input->nroles; r++)
            tell_role(teller, input, &input->roles[r], code);
    }
}

static Text key_text(Teller *teller, const TablePlan *table, const EnrichPlan *enrich)
{
    Text key = formula(teller, enrich->keys[0]);
    return table->nkeys > 1 ? joined(teller, key, ", ", formula(teller, enrich->keys[1])) : key;
}

static void tell_enriches(Teller *teller)
{
    static const char *const many[] = {[ENRICH_FIRST] = "", [ENRICH_LAST] = "the last row, ",
                                       [ENRICH_EVERY] = "every row, ", [ENRICH_COMBINE] = "all rows together, "};
    for (uint32_t i = 0; i < teller->agent->nenriches; i++) {
        const EnrichPlan *enrich = &teller->agent->enriches[i];
        const TablePlan *table = &teller->plan->tables[enrich->table];
        Text how = enrich->where ? arena_printf(teller->arena, "scan, where %.*s", TEXT_ARGS(formula(teller, enrich->where)))
                                 : arena_printf(teller->arena, "by its key index: %.*s", TEXT_ARGS(key_text(teller, table, enrich)));
        if (enrich->order)
            how = arena_printf(teller->arena, "%.*s, ordered by %.*s%s", TEXT_ARGS(how), TEXT_ARGS(formula(teller, enrich->order)),
                               enrich->descending ? " desc" : "");
        TELL(teller, "table", "%.*s as %.*s, %.*s; %s%s%s", TEXT_ARGS(table->name),
             TEXT_ARGS(alias_of(teller, enrich->participant)), TEXT_ARGS(how), many[enrich->many],
             enrich->per_match ? "once a match" : "once an event",
             enrich->drop ? ", nothing without a row" : ", nulls without a row");
    }
    if (teller->agent->split)
        TELL(teller, "for each", "item of %.*s", TEXT_ARGS(formula(teller, teller->agent->split)));
}

/* ── What is detected ── */

static Text step_text(const Teller *teller, const StepPlan *step, bool is_first)
{
    static const char *const links[] = {"", "first ", "next ", "any "};
    Text text = arena_printf(teller->arena, "%s%.*s", links[step->link], TEXT_ARGS(alias_of(teller, step->participant)));
    if (!is_first)
        text = arena_printf(teller->arena, "-> %.*s", TEXT_ARGS(text));
    if (!step->loop)
        return text;
    if (step->max == UINT32_MAX)
        return arena_printf(teller->arena, "%.*s{%u,}", TEXT_ARGS(text), step->min);
    return arena_printf(teller->arena, "%.*s{%u,%u}", TEXT_ARGS(text), step->min, step->max);
}

static void tell_sequence(Teller *teller, bool code)
{
    const AgentPlan *agent = teller->agent;
    Text text = TEXT("");
    for (uint32_t i = 0; i < agent->nsteps; i++)
        text = joined(teller, text, " ", step_text(teller, &agent->steps[i], i == 0));
    if (agent->within)
        text = arena_printf(teller->arena, "%.*s within %s%s", TEXT_ARGS(text), duration(teller, agent->within),
                            agent->within_inclusive ? " inclusive" : "");
    tell(teller, "detect", text);
    for (uint32_t i = 0; i < agent->nconjuncts; i++) {
        const ConjunctPlan *conjunct = &agent->conjuncts[i];
        const char *when = conjunct->each_member ? "for every member of the loop"
                           : conjunct->at_end    ? "when the loop has ended"
                                                 : "when it is taken";
        TELL(teller, "where", "%.*s, tested at %.*s %s", TEXT_ARGS(formula(teller, conjunct->program)),
             TEXT_ARGS(alias_of(teller, agent->steps[conjunct->step].participant)), when);
        if (code)
            tell_code(teller, "code", conjunct->program);
    }
}

static void tell_expect(Teller *teller)
{
    static const char *const again[] = {"starts a clock of its own", "is ignored", "ends the clock and starts another",
                                        "starts the clock anew"};
    const ExpectPlan *expect = &teller->agent->expect;
    Text since = expect->since ? formula(teller, expect->since) : TEXT("the event");
    TELL(teller, "expect", "within %s%s since %.*s", duration(teller, expect->within), expect->inclusive ? " inclusive" : "",
         TEXT_ARGS(since));
    TELL(teller, "again", "a further event while a clock runs %s", again[expect->again])->by_default =
        expect->again == AGAIN_ADD;
}

static void tell_aggregates(Teller *teller)
{
    for (uint32_t i = 0; i < teller->agent->naggregates; i++)
        tell(teller, "aggregate", formula_aggregate(i, &teller->names, teller->arena));
}

static Text pattern_text(const Teller *teller)
{
    const AgentPlan *agent = teller->agent;
    const PatternPlan *pattern = &agent->pattern;
    const Program *of = pattern->value ? pattern->value : pattern->condition;
    Text text = text_of(pattern_word(pattern->kind));
    if (of)
        text = arena_printf(teller->arena, "%.*s %.*s", TEXT_ARGS(text), TEXT_ARGS(formula(teller, of)));
    if (pattern->run)
        text = arena_printf(teller->arena, "%.*s run %u", TEXT_ARGS(text), pattern->run);
    if (pattern->by != 0)
        text = arena_printf(teller->arena, "%.*s by %g %%", TEXT_ARGS(text), pattern->by * 100);
    if (agent->condition)
        text = arena_printf(teller->arena, "%.*s where %.*s", TEXT_ARGS(text), TEXT_ARGS(formula(teller, agent->condition)));
    return text;
}

static void tell_detect(Teller *teller, bool code)
{
    switch (teller->agent->kind) {
    case AGENT_THRESHOLD:
        tell_aggregates(teller);
        tell(teller, "detect", formula(teller, teller->agent->condition));
        if (code)
            tell_code(teller, "code", teller->agent->condition);
        break;
    case AGENT_PATTERN:
        tell_aggregates(teller);
        tell(teller, "detect", pattern_text(teller));
        break;
    case AGENT_SEQUENCE:
        tell_sequence(teller, code);
        tell_aggregates(teller);
        break;
    case AGENT_EXPECT:
        tell_expect(teller);
        break;
    case AGENT_AGGREGATE:
        tell_aggregates(teller);
        break;
    default:
        break;
    }
}

/* ── Policies: those that mean something for the kind ── */

static void tell_policy(Teller *teller, const char *name, PolicyValue value, PolicyValue usual)
{
    tell(teller, name, text_of(policy_word(value)))->by_default = value == usual;
}

static void tell_evaluate(Teller *teller)
{
    const Policies *policies = &teller->agent->policies;
    if (policies->evaluate == EVALUATE_ON)
        TELL(teller, "evaluate", "on %.*s", TEXT_ARGS(alias_of(teller, policies->evaluate_on)));
    else
        tell_policy(teller, "evaluate", policies->evaluate, EVALUATE_IMMEDIATELY);
}

static void tell_match(Teller *teller, PolicyValue usual)
{
    const Policies *policies = &teller->agent->policies;
    if (policies->match == MATCH_AT_MOST)
        TELL(teller, "match", "at most %u a partition", policies->match_at_most);
    else
        tell_policy(teller, "match", policies->match, usual);
}

static void tell_pick(Teller *teller)
{
    const AgentPlan *agent = teller->agent;
    const Policies *policies = &agent->policies;
    Text text = TEXT("");
    bool usual = true;
    for (uint32_t i = 0; i < agent->nsteps; i++) {
        uint32_t step = policies->pick_order ? policies->pick_order[i] : i;
        text = joined(teller, text, ", ",
                      arena_printf(teller->arena, "%.*s %s", TEXT_ARGS(alias_of(teller, agent->steps[step].participant)),
                                   policy_word(policies->pick[step])));
        usual &= policies->pick[step] == PICK_FIRST && step == i;
    }
    tell(teller, "pick", text)->by_default = usual;
}

static void tell_evidence(Teller *teller)
{
    const Policies *policies = &teller->agent->policies;
    if (policies->evidence == EVIDENCE_LAST)
        TELL(teller, "evidence", "the last %u", policies->evidence_last);
    else
        tell_policy(teller, "evidence", policies->evidence, EVIDENCE_ENDS);
}

static void tell_emit(Teller *teller)
{
    static const char *const kinds[] = {"immediately", "at close", "on change"};
    const EmitPlan *emit = &teller->agent->emit;
    if (emit->kind == EMIT_EVERY)
        TELL(teller, "emit", "every %s%s", duration(teller, emit->every), emit->inclusive ? " inclusive" : "");
    else
        tell(teller, "emit", text_of(kinds[emit->kind]));
}

static void tell_policies(Teller *teller)
{
    const AgentPlan *agent = teller->agent;
    const Policies *policies = &agent->policies;
    switch (agent->kind) {
    case AGENT_THRESHOLD:
        tell_evaluate(teller);
        tell_match(teller, agent->quiet.duration ? MATCH_EVERY_TIME : MATCH_ONCE);
        tell_policy(teller, "consume", policies->consume, CONSUME_NONE);
        tell_evidence(teller);
        break;
    case AGENT_PATTERN:
        tell_evaluate(teller);
        tell_match(teller, agent->pattern.run ? MATCH_ONCE_PER_RUN : MATCH_EVERY_TIME);
        tell_policy(teller, "consume", policies->consume, CONSUME_NONE);
        tell_evidence(teller);
        break;
    case AGENT_SEQUENCE:
        tell_evaluate(teller);
        tell_match(teller, MATCH_EVERY_TIME);
        tell_pick(teller);
        tell_policy(teller, "consume", policies->consume, CONSUME_MATCHED);
        tell_policy(teller, "order", policies->order, ORDER_OCCURRENCE);
        tell_evidence(teller);
        break;
    case AGENT_AGGREGATE:
        tell_emit(teller);
        tell_evidence(teller);
        break;
    case AGENT_EXPECT:
        tell_evidence(teller);
        break;
    default:
        break;
    }
}

/* ── Output ── */

static void tell_derives(Teller *teller, bool code)
{
    static const char *const ports[] = {"", "otherwise ", "else ", "on error "};
    for (uint32_t i = 0; i < teller->agent->nderives; i++) {
        const DerivePlan *derive = &teller->agent->derives[i];
        const EventType *type = &teller->plan->types[derive->type];
        Text text = arena_printf(teller->arena, "%s%.*s", ports[derive->port], TEXT_ARGS(type->name));
        if (type->alert)
            text = arena_printf(teller->arena, "%.*s, an alert of severity %s", TEXT_ARGS(text), severity_word(type->severity));
        if (derive->when)
            text = arena_printf(teller->arena, "%.*s, when %.*s", TEXT_ARGS(text), TEXT_ARGS(formula(teller, derive->when)));
        tell(teller, "derive", text);
        for (uint32_t a = 0; a < type->nattributes; a++) {
            const Attribute *attribute = &type->attributes[a];
            if (derive->values[a])
                TELL(teller, "", "%.*s: %.*s", TEXT_ARGS(attribute->name), TEXT_ARGS(formula(teller, derive->values[a])));
            if (code)
                tell_code(teller, "code", derive->values[a]);
        }
    }
}

static void tell_quiet(Teller *teller)
{
    const QuietPlan *quiet = &teller->agent->quiet;
    if (!quiet->duration)
        return;
    TELL(teller, "quiet", "for %s after %s alert, per %.*s", duration(teller, quiet->duration),
         quiet->after_last ? "the last" : "an", TEXT_ARGS(quiet->per ? formula(teller, quiet->per) : TEXT("partition")));
}

Facts facts_of(const Plan *plan, const AgentPlan *agent, bool code, Arena *arena)
{
    static const char *const what[] = {
#define X(name, word, runs, what) what,
#include "cep/agents.def"
#undef X
    };
    Teller teller = {
        .plan = plan,
        .agent = agent,
        .arena = arena,
        .names = {.plan = plan, .agent = agent},
        .facts = {.arena = arena},
    };
    TELL(&teller, "kind", "%s: %s", agent->split ? "split" : agent_kind_word(agent->kind),
         agent->split ? "one event in, one out for each item of a list" : what[agent->kind]);
    if (agent->note.len)
        tell(&teller, "note", agent->note);
    tell_contexts(&teller);
    tell_inputs(&teller, code);
    tell_enriches(&teller);
    tell_detect(&teller, code);
    tell_policies(&teller);
    tell_derives(&teller, code);
    tell_quiet(&teller);
    if (agent->bound.len)
        tell(&teller, "bound", agent->bound);
    return teller.facts;
}
