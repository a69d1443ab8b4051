/* Every function prints ` something`, with a blank in front, or nothing when the part is not written. */
#include "rules/dump.h"

#include <inttypes.h>

#include "rules/literal.h"
#include "rules/parser.h"

static void text(FILE *out, Text text)
{
    fprintf(out, " %.*s", TEXT_ARGS(text));
}

static void word(FILE *out, bool set, const char *word)
{
    if (set)
        fprintf(out, " %s", word);
}

static void name(FILE *out, Name name)
{
    if (name.text.len)
        fprintf(out, name.quoted ? " `%.*s`" : " %.*s", TEXT_ARGS(name.text));
}

static void path(FILE *out, Path path)
{
    for (uint32_t i = 0; i < path.n; i++)
        fprintf(out, path.parts[i].quoted ? "%s`%.*s`" : "%s%.*s", i ? "." : " ", TEXT_ARGS(path.parts[i].text));
}

static void names(FILE *out, const char *head, const Name *items, uint32_t n)
{
    if (!n)
        return;
    fprintf(out, " (%s", head);
    for (uint32_t i = 0; i < n; i++)
        name(out, items[i]);
    fputc(')', out);
}

static void paths(FILE *out, const char *head, const Path *items, uint32_t n)
{
    if (!n)
        return;
    fprintf(out, " (%s", head);
    for (uint32_t i = 0; i < n; i++)
        path(out, items[i]);
    fputc(')', out);
}

static void quoted(FILE *out, Text text)
{
    fputs(" \"", out);
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c == '"' || c == '\\')
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void string(FILE *out, const char *head, AstString string)
{
    if (!string.set)
        return;
    fprintf(out, " (%s", head);
    quoted(out, string.value);
    fputc(')', out);
}

static void count(FILE *out, const char *head, AstCount count)
{
    if (count.set)
        fprintf(out, " (%s %" PRId64 ")", head, count.value);
}

/* ---- expressions ---------------------------------------------------------------------------------- */

static void where(FILE *out, Where where)
{
    if (!where.condition)
        return;
    fputs(where.without_unknowns ? " (where-without-unknowns" : " (where", out);
    dump_expression(where.condition, out);
    fputc(')', out);
}

static void fields(FILE *out, const char *head, AstFields fields)
{
    if (!fields.set)
        return;
    fprintf(out, " (%s", head);
    for (uint32_t i = 0; i < fields.n; i++) {
        fputs(" (", out);
        fprintf(out, "%.*s:", TEXT_ARGS(fields.items[i].name.text));
        dump_expression(fields.items[i].value, out);
        fputc(')', out);
    }
    fputc(')', out);
}

static void quantity(FILE *out, const Quantity *quantity)
{
    switch (quantity->dimension) {
    case DIMENSION_DURATION: fprintf(out, " %" PRId64 "ns", quantity->total_ns); break;
    case DIMENSION_DISTANCE: fprintf(out, " %.17gm", quantity->metres); break;
    case DIMENSION_SIZE: fprintf(out, " %" PRId64 "B", quantity->bytes); break;
    case DIMENSION_CALENDAR: break;
    }
    if (quantity->calendar)
        fprintf(out, "%s%" PRId64 "%s", quantity->dimension == DIMENSION_CALENDAR ? " " : "/", quantity->calendar_count,
                unit_text(quantity->calendar, true));
}

static void time_literal(FILE *out, const TimeLiteral *time)
{
    fprintf(out, " @%" PRId64 "%s", time->time_ns, time->date ? "/date" : time->local ? "/local" : "");
}

/* Prints a leaf and returns true, or returns false. */
static bool leaf(FILE *out, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_NULL: fputs(" null", out); return true;
    case EXPR_BOOL: word(out, true, expr->truth ? "true" : "false"); return true;
    case EXPR_INT: fprintf(out, " %" PRId64, expr->integer); return true;
    case EXPR_FLOAT: fprintf(out, " %.17gf", expr->real); return true;
    case EXPR_STRING: quoted(out, expr->string); return true;
    case EXPR_REGEX: fprintf(out, " /%.*s/%.*s", TEXT_ARGS(expr->string), TEXT_ARGS(expr->options)); return true;
    case EXPR_TIME: time_literal(out, expr->time); return true;
    case EXPR_QUANTITY: quantity(out, expr->quantity); return true;
    case EXPR_NAME: name(out, expr->name); return true;
    default: return false;
    }
}

static void branch(FILE *out, const Expr *expr)
{
    fputs(" (", out);
    if (expr->kind == EXPR_CALL)
        fprintf(out, "%.*s", TEXT_ARGS(expr->name.text));
    else if (expr->kind == EXPR_MEMBER)
        fprintf(out, expr->name.quoted ? ".`%.*s`" : ".%.*s", TEXT_ARGS(expr->name.text));
    else
        fputs(expr->kind == EXPR_IS_NULL && expr->negated ? "is not null" : expr_word(expr->kind), out);
    word(out, expr->ignoring_case, "ignoring-case");
    word(out, expr->quantifier == QUANTIFIER_ANY, "any");
    word(out, expr->quantifier == QUANTIFIER_ALL, "all");
    const Expr *const children[] = {expr->a, expr->b, expr->c};
    for (int i = 0; i < 3; i++)
        if (children[i])
            dump_expression(children[i], out);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        dump_expression(expr->args[i], out);
    if (expr->kind == EXPR_RECORD)
        fields(out, "fields", expr->fields);
    fputc(')', out);
}

void dump_expression(const Expr *expr, FILE *out)
{
    if (!leaf(out, expr))
        branch(out, expr);
    where(out, expr->where);
}

static void part(FILE *out, const char *head, const Expr *expr)
{
    if (!expr)
        return;
    fprintf(out, " (%s", head);
    dump_expression(expr, out);
    fputc(')', out);
}

/* ---- types and attributes ------------------------------------------------------------------------- */

static void type(FILE *out, const WrittenType *written)
{
    static const char *const words[] = {
#define X(kind, text) text,
#include "rules/written_type.def"
#undef X
    };
    fprintf(out, " %s", words[written->kind]);
    if (written->time_unit)
        fprintf(out, "/%s", unit_text(written->time_unit, true));
    if (written->element) {
        fputs("<", out);
        type(out, written->element);
        fputs(">", out);
    }
    for (uint32_t i = 0; i < written->field_count; i++) {
        fprintf(out, "%s%.*s:", i ? " " : "{", TEXT_ARGS(written->fields[i].name.text));
        type(out, written->fields[i].type);
    }
    fprintf(out, "%s%s", written->field_count ? "}" : "", written->optional ? "?" : "");
}

static void attributes(FILE *out, const AstAttribute *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        fputs(" (attribute", out);
        name(out, items[i].name);
        type(out, items[i].type);
        string(out, "from", items[i].from);
        part(out, "=", items[i].value);
        where(out, items[i].where);
        fputc(')', out);
    }
}

static void headers(FILE *out, const AstHeader *items, uint32_t n)
{
    static const char *const words[] = {"time", "invalid", "id", "source", "chronon", "retracts"};
    static const char *const invalid[] = {"fail", "skip", "previous"};
    for (uint32_t i = 0; i < n; i++) {
        fprintf(out, " (header-%s", words[items[i].kind]);
        paths(out, "types", items[i].types, items[i].type_count);
        path(out, items[i].path);
        paths(out, "sent", &items[i].sent, items[i].sent.n ? 1 : 0);
        word(out, items[i].kind == AST_HEADER_INVALID, invalid[items[i].invalid]);
        part(out, "value", items[i].expr);
        fputc(')', out);
    }
}

/* ---- contexts ------------------------------------------------------------------------------------- */

static void named_events(FILE *out, const char *head, AstNamedEvents events)
{
    for (uint32_t i = 0; i < events.n; i++) {
        fprintf(out, " (%s", head);
        path(out, events.items[i].type);
        name(out, events.items[i].alias);
        where(out, events.items[i].where);
        fputc(')', out);
    }
}

static void order(FILE *out, AstOrder order)
{
    static const char *const words[] = {"", "occurrence", "detection", "by", "stream"};
    if (!order.kind)
        return;
    fprintf(out, " (order %s", words[order.kind]);
    path(out, order.path);
    fputc(')', out);
}

static void shape(FILE *out, const AstShape *shape)
{
    if (!shape->table.text.len)
        return;
    fputs(" (shape", out);
    name(out, shape->table);
    for (uint32_t i = 0; i < shape->key_count; i++)
        part(out, "key", shape->keys[i]);
    name(out, shape->column);
    fputc(')', out);
}

static void again(FILE *out, AstAgain again)
{
    static const char *const words[] = {"", "again-add", "again-ignore", "again-refresh", "again-extend"};
    word(out, again, words[again]);
}

static void spatial(FILE *out, const AstContextStep *step)
{
    static const char *const relations[] = {"within", "contains", "overlaps", "disjoint", "equals", "touches"};
    path(out, step->path);
    word(out, step->kind == AST_CONTEXT_LOCATION, relations[step->relation]);
    shape(out, &step->shape);
    for (uint32_t i = 0; i < step->distance_band_count; i++) {
        fputs(" (band", out);
        name(out, step->distance_bands[i].name);
        dump_expression(step->distance_bands[i].from, out);
        dump_expression(step->distance_bands[i].to, out);
        fputc(')', out);
    }
    path(out, step->at);
    part(out, "least", step->distance_min);
    part(out, "most", step->distance_max);
}

static void context_step(FILE *out, const AstContextStep *step)
{
    static const char *const words[] = {
#define X(kind, text) #kind,
#include "rules/context.def"
#undef X
    };
    fprintf(out, " (%s", words[step->kind]);
    name(out, step->name);
    part(out, "from", step->from_time);
    part(out, "to", step->to_time);
    part(out, "size", step->size);
    part(out, "every", step->every);
    count(out, "count", step->count);
    named_events(out, "open", step->opens);
    count(out, "every", step->every_count);
    named_events(out, "close", step->closes);
    string(out, "zone", step->zone);
    paths(out, "keys", step->key_paths, step->key_count);
    name(out, step->key_name);
    for (uint32_t i = 0; i < step->key_expr_count; i++)
        part(out, "key", step->key_exprs[i]);
    fields(out, "bands", step->bands);
    part(out, "while", step->condition);
    word(out, step->condition_at, step->condition_at == AST_ORDER_DETECTION ? "at-detection" : "at-occurrence");
    spatial(out, step);
    order(out, step->order);
    count(out, "limit", step->limit);
    part(out, "expiry", step->expiry);
    part(out, "since", step->expiry_since);
    part(out, "idle", step->idle);
    again(out, step->again);
    named_events(out, "discard", step->discard);
    fputc(')', out);
}

static void contexts(FILE *out, AstContextSteps steps)
{
    for (uint32_t i = 0; i < steps.n; i++)
        context_step(out, &steps.items[i]);
}

/* ---- patterns ------------------------------------------------------------------------------------- */

static void loop(FILE *out, const AstLoop *loop)
{
    if (!loop->set)
        return;
    fprintf(out, " (loop %u..%u", loop->least, loop->most);
    word(out, loop->strict, "strict");
    word(out, loop->any, "any");
    word(out, loop->each_length, "each-length");
    word(out, loop->greedy, "greedy");
    names(out, "until", &loop->until, loop->until.text.len ? 1 : 0);
    fputc(')', out);
}

static void movement(FILE *out, const AstPattern *pattern)
{
    static const char *const ways[] = {"constant", "mixed", "toward"};
    static const char *const directions[] = {"", "north", "ne", "east", "se", "south", "sw", "west", "nw"};
    word(out, pattern->kind == AST_PATTERN_MOVING, ways[pattern->moving]);
    word(out, pattern->direction, directions[pattern->direction]);
    part(out, "toward", pattern->toward);
    part(out, "tolerance", pattern->tolerance);
}

void dump_pattern(const AstPattern *pattern, FILE *out)
{
    static const char *const words[] = {
#define X(kind, word, class) #kind,
#include "rules/pattern.def"
#undef X
    };
    static const char *const modes[] = {"", "mode-next", "mode-first", "mode-any"};
    fprintf(out, " (%s", words[pattern->kind]);
    word(out, pattern->mode, modes[pattern->mode]);
    word(out, pattern->next, "next");
    count(out, "count", pattern->count);
    shape(out, &pattern->shape);
    name(out, pattern->alias);
    names(out, "aliases", pattern->aliases, pattern->alias_count);
    for (uint32_t i = 0; i < pattern->child_count; i++)
        dump_pattern(pattern->children[i], out);
    part(out, "of", pattern->expr);
    movement(out, pattern);
    part(out, "percent", pattern->percent);
    count(out, "seed", pattern->seed);
    part(out, "for", pattern->duration);
    word(out, pattern->each, "each");
    word(out, pattern->inclusive, "inclusive");
    loop(out, &pattern->loop);
    part(out, "within", pattern->within);
    names(out, "within-of", &pattern->within_of, pattern->within_of.text.len ? 1 : 0);
    fputc(')', out);
}

/* ---- agents --------------------------------------------------------------------------------------- */

static void inputs(FILE *out, const AstAgent *agent)
{
    static const char *const takes[] = {"", "first", "last", "every", "combine"};
    for (uint32_t i = 0; i < agent->on_count; i++) {
        fputs(" (on", out);
        paths(out, "types", agent->ons[i].types, agent->ons[i].type_count);
        name(out, agent->ons[i].alias);
        where(out, agent->ons[i].where);
        fputc(')', out);
    }
    for (uint32_t i = 0; i < agent->let_count; i++) {
        fputs(" (let", out);
        name(out, agent->lets[i].name);
        dump_expression(agent->lets[i].value, out);
        fputc(')', out);
    }
    for (uint32_t i = 0; i < agent->enrich_count; i++) {
        const AstEnrich *enrich = &agent->enriches[i];
        fputs(" (enrich", out);
        name(out, enrich->table);
        name(out, enrich->alias);
        part(out, "by", enrich->key);
        where(out, enrich->where);
        part(out, enrich->descending ? "ordered-desc" : "ordered", enrich->ordered_by);
        word(out, enrich->take, takes[enrich->take]);
        word(out, enrich->or_drop, "or-drop");
        word(out, enrich->as_of_occurrence, "as-of-occurrence");
        word(out, enrich->per_match, "per-match");
        fputc(')', out);
    }
}

static void join(FILE *out, const AstJoin *join)
{
    static const char *const to[] = {"discard", "output", "terminal"};
    if (!join)
        return;
    fputs(" (join", out);
    names(out, "aliases", join->aliases, join->alias_count);
    where(out, join->where);
    part(out, "within", join->within);
    for (uint32_t i = 0; i < join->unmatched_count; i++) {
        fputs(" (unmatched", out);
        word(out, join->unmatched[i].both, "both");
        name(out, join->unmatched[i].alias);
        word(out, true, to[join->unmatched[i].to]);
        fputc(')', out);
    }
    fputc(')', out);
}

static void detection(FILE *out, const AstAgent *agent)
{
    if (agent->sort) {
        part(out, "sort", agent->sort->by);
        part(out, "sort-within", agent->sort->within);
    }
    if (agent->detect) {
        fputs(" (detect", out);
        if (agent->detect->pattern)
            dump_pattern(agent->detect->pattern, out);
        part(out, "condition", agent->detect->condition);
        where(out, agent->detect->where);
        part(out, "within", agent->detect->within);
        word(out, agent->detect->inclusive, "inclusive");
        fputc(')', out);
    }
    if (agent->expect) {
        fputs(" (expect", out);
        named_events(out, "event", agent->expect->events);
        part(out, "within", agent->expect->within);
        part(out, "since", agent->expect->since);
        word(out, agent->expect->inclusive, "inclusive");
        again(out, agent->expect->again);
        named_events(out, "discard", agent->expect->discard);
        fputc(')', out);
    }
}

static void picks(FILE *out, const AstPolicies *policies)
{
    static const char *const words[] = {"first", "last", "each", "newest", "max", "min"};
    for (uint32_t i = 0; i < policies->pick.n; i++) {
        const AstPickItem *item = &policies->pick.items[i];
        fprintf(out, " (pick %s", words[item->pick]);
        name(out, item->alias);
        part(out, "by", item->by);
        fputc(')', out);
    }
}

static void policies(FILE *out, const AstPolicies *policies)
{
    static const char *const matches[] = {"match-every-time", "match-once", "match-once-per-run", "match-at-most"};
    static const char *const consumes[] = {"consume-matched", "consume-none", "consume-times", "consume-everything",
                                           "consume-through-last", "consume-to-next", "consume-before", "consume-before-last"};
    static const char *const evaluates[] = {"evaluate-immediately", "evaluate-at-close", "evaluate-on"};
    static const char *const evidence[] = {"evidence-last", "evidence-all", "evidence-none"};
    word(out, policies->match.set, matches[policies->match.value]);
    count(out, "at-most", policies->match.at_most);
    picks(out, policies);
    word(out, policies->consume.set, consumes[policies->consume.value]);
    count(out, "times", policies->consume.times);
    name(out, policies->consume.alias);
    word(out, policies->evaluate.set, evaluates[policies->evaluate.value]);
    name(out, policies->evaluate.alias);
    order(out, policies->order.value);
    word(out, policies->evidence.set, evidence[policies->evidence.value]);
    count(out, "last", policies->evidence.count);
}

static void derives(FILE *out, const AstAgent *agent)
{
    static const char *const kinds[] = {"derive", "otherwise", "else", "on-error"};
    static const char *const copies[] = {"", "from", "from-except", "from-only"};
    for (uint32_t i = 0; i < agent->derive_count; i++) {
        const AstDerive *derive = &agent->derives[i];
        fprintf(out, " (%s", kinds[derive->kind]);
        path(out, derive->type);
        fields(out, "fields", derive->fields);
        word(out, derive->copy, copies[derive->copy]);
        name(out, derive->copy_from);
        names(out, "names", derive->copy_names, derive->copy_name_count);
        part(out, "when", derive->when);
        paths(out, "to", &derive->to, derive->to.n ? 1 : 0);
        fputc(')', out);
    }
    for (uint32_t i = 0; i < agent->write_count; i++) {
        fputs(agent->writes[i].delete ? " (delete" : " (update", out);
        name(out, agent->writes[i].table);
        fields(out, "fields", agent->writes[i].fields);
        part(out, "by", agent->writes[i].key);
        fputc(')', out);
    }
}

static void outputs(FILE *out, const AstAgent *agent)
{
    static const char *const emits[] = {"immediately", "at-close", "on-change", "every"};
    derives(out, agent);
    if (agent->emit) {
        fprintf(out, " (emit %s", emits[agent->emit->kind]);
        part(out, "every", agent->emit->every);
        word(out, agent->emit->inclusive, "inclusive");
        fputc(')', out);
    }
    if (agent->quiet) {
        part(out, agent->quiet->after_last ? "quiet-after-last" : "quiet", agent->quiet->duration);
        part(out, "quiet-per", agent->quiet->per);
    }
}

static void agent(FILE *out, const AstAgent *agent)
{
    path(out, agent->network);
    for (uint32_t i = 0; i < agent->mapping_count; i++) {
        fputs(" (map", out);
        path(out, agent->mappings[i].from);
        path(out, agent->mappings[i].to);
        fputc(')', out);
    }
    contexts(out, agent->contexts);
    string(out, "note", agent->remark);
    inputs(out, agent);
    join(out, agent->join);
    detection(out, agent);
    policies(out, &agent->policies);
    if (agent->for_each) {
        names(out, "for-each", &agent->for_each->alias, 1);
        part(out, "in", agent->for_each->list);
    }
    outputs(out, agent);
}

/* ---- tests and the other declarations ------------------------------------------------------------- */

static void statement(FILE *out, const AstStatement *statement)
{
    static const char *const words[] = {"table", "at", "advance", "expect", "expect-nothing", "expect-error", "expect-exactly"};
    fprintf(out, " (%s", words[statement->kind]);
    name(out, statement->table);
    part(out, "time", statement->time);
    part(out, "after", statement->after);
    path(out, statement->type);
    fields(out, "fields", statement->fields);
    count(out, "repeat", statement->repeat);
    part(out, "every", statement->every);
    string(out, "id", statement->id);
    string(out, "error", statement->error);
    for (uint32_t i = 0; i < statement->expected_count; i++) {
        const AstExpected *expected = &statement->expected[i];
        fputs(" (event", out);
        part(out, "at", expected->at);
        path(out, expected->type);
        fields(out, "fields", expected->fields);
        count(out, "times", expected->times);
        fputc(')', out);
    }
    fputc(')', out);
}

static void test(FILE *out, const AstTest *test)
{
    string(out, "title", test->title);
    names(out, "of", test->agents, test->agent_count);
    fields(out, "with", test->with);
    for (uint32_t i = 0; i < test->statement_count; i++)
        statement(out, &test->statements[i]);
}

static void clock(FILE *out, const AstClock *clock)
{
    static const char *const late[] = {"", "late-drop", "late-divert", "late-correct"};
    word(out, true, clock->detection ? "detection" : "occurrence");
    part(out, "lateness", clock->lateness);
    part(out, "idle-after", clock->idle_after);
    word(out, clock->late, late[clock->late]);
    part(out, "correct-for", clock->correct_for);
}

static void event(FILE *out, const AstEvent *event)
{
    static const char *const severities[] = {"", "info", "low", "medium", "high", "critical"};
    string(out, "as", event->wire_name);
    paths(out, "extends", &event->extends, event->extends.n ? 1 : 0);
    where(out, event->extends_where);
    word(out, event->severity, severities[event->severity]);
    part(out, "tags", event->tags);
    string(out, "note", event->remark);
    attributes(out, event->attributes, event->attribute_count);
    headers(out, event->headers, event->header_count);
}

static void table(FILE *out, const AstTable *table)
{
    static const char *const sources[] = {"csv", "tsv", "ndjson", "geojson", "redis"};
    names(out, "key", table->keys, table->key_count);
    part(out, "history", table->history);
    word(out, table->shared, "shared");
    string(out, sources[table->source_kind], table->source);
    attributes(out, table->columns, table->column_count);
}

static void producer(FILE *out, const AstProducer *producer)
{
    paths(out, "of", producer->types, producer->type_count);
    string(out, "from", producer->uri);
    names(out, "format", &producer->format, producer->format.text.len ? 1 : 0);
    string(out, "type-field", producer->type_field);
    for (uint32_t i = 0; i < producer->code_count; i++) {
        fputs(" (code", out);
        if (producer->codes[i].is_text)
            quoted(out, producer->codes[i].text);
        else
            fprintf(out, " %" PRId64, producer->codes[i].integer);
        path(out, producer->codes[i].type);
        fputc(')', out);
    }
}

static void consumer(FILE *out, const AstConsumer *consumer)
{
    paths(out, "of", consumer->sources, consumer->source_count);
    where(out, consumer->where);
    string(out, "to", consumer->uri);
    names(out, "format", &consumer->format, consumer->format.text.len ? 1 : 0);
}

static void channel(FILE *out, const AstChannel *channel)
{
    static const char *const routes[] = {"", "fixed", "type", "where", "itinerary", "by"};
    static const char *const deliveries[] = {"", "at-most-once", "at-least-once", "exactly-once"};
    static const char *const overflows[] = {"", "block", "drop-newest", "drop-oldest", "spill"};
    paths(out, "of", channel->types, channel->type_count);
    if (channel->route)
        fprintf(out, " route-%s", routes[channel->route]);
    fields(out, "where", channel->route_where);
    path(out, channel->route_path);
    word(out, channel->delivery, deliveries[channel->delivery]);
    word(out, channel->overflow, overflows[channel->overflow]);
    part(out, "spill", channel->spill);
    part(out, "keep", channel->keep);
}

static void function(FILE *out, const AstFunction *function)
{
    for (uint32_t i = 0; i < function->param_count; i++) {
        fputs(" (param", out);
        name(out, function->params[i].name);
        type(out, function->params[i].type);
        fputc(')', out);
    }
    part(out, "=", function->body);
}

static void param(FILE *out, const AstParam *param)
{
    type(out, param->type);
    part(out, "=", param->value);
}

static void network(FILE *out, const AstNetwork *network)
{
    for (uint32_t i = 0; i < network->terminal_count; i++)
        names(out, network->terminals[i].out ? "out" : "in", &network->terminals[i].name, 1);
    if (network->nested)
        fputs(" {\n", out);
    for (uint32_t i = 0; i < network->declaration_count; i++)
        dump_declaration(&network->declarations[i], out);
    if (network->nested)
        fputc('}', out);
}

void dump_declaration(const Declaration *declaration, FILE *out)
{
    static const char *const metrics[] = {"sphere", "wgs84", "plane"};
    fprintf(out, "(%s", declaration_word(declaration->kind));
    name(out, declaration->name);
    switch (declaration->kind) {
    case DECLARATION_NETWORK: network(out, declaration->network); break;
    case DECLARATION_USE: quoted(out, declaration->use->path.value); break;
    case DECLARATION_CLOCK: clock(out, declaration->clock); break;
    case DECLARATION_METRIC: text(out, text_of(metrics[declaration->metric->kind])); break;
    case DECLARATION_PARAM: param(out, declaration->param); break;
    case DECLARATION_FUNCTION: function(out, declaration->function); break;
    case DECLARATION_EVENT:
    case DECLARATION_ALERT: event(out, declaration->event); break;
    case DECLARATION_TABLE: table(out, declaration->table); break;
    case DECLARATION_PRODUCER: producer(out, declaration->producer); break;
    case DECLARATION_CONSUMER: consumer(out, declaration->consumer); break;
    case DECLARATION_CHANNEL: channel(out, declaration->channel); break;
    case DECLARATION_CONTEXT: contexts(out, declaration->context->steps); break;
    case DECLARATION_AGENT: agent(out, declaration->agent); break;
    case DECLARATION_TEST: test(out, declaration->test); break;
    case DECLARATION_COUNT: break;
    }
    fputs(")\n", out);
}

void dump_file(const AstFile *file, FILE *out)
{
    for (uint32_t i = 0; i < file->n; i++)
        dump_declaration(&file->declarations[i], out);
}
