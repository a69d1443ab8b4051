/* Agents: a clause a row, in written order; the words that begin them padded to the longest.
 *
 * Each kind of clause is printed by one function into the second cell. clause_list collects them from the
 * arrays of the agent and sorts them by place. */
#include "rules/formatting.h"

typedef struct Clause {
    Span span;
    const char *word;
    void (*print)(Formatter *, Row *, const void *item, uint32_t column, uint32_t end);
    const void *item;
} Clause;

typedef struct ClauseList {
    Arena *arena;
    Clause *items;
    uint32_t n;
} ClauseList;

static Line *content(Row *row)
{
    return &row->cells[1];
}

static void count(Formatter *formatter, Line *line, const char *before, AstCount count, const char *behind)
{
    line_put(line, before);
    format_written(formatter, line, count.span);
    line_put(line, behind);
}

static void words(Line *line, bool set, const char *text)
{
    line_put(line, set ? text : "");
}

/* ---- participants --------------------------------------------------------------------------------- */

static void print_note(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstString *remark = item;
    format_written(formatter, content(row), remark->span);
    format_row_end(formatter, row, end);
}

static void print_on(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstOn *on = item;
    format_paths(content(row), on->types, on->type_count, " | ");
    line_put(content(row), " ");
    format_name(content(row), on->alias);
    format_where(formatter, content(row), on->where);
    format_row_end(formatter, row, end);
}

static void print_let(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstLet *let = item;
    format_name(content(row), let->name);
    line_put(content(row), " = ");
    format_expression(formatter, content(row), let->value);
    format_row_end(formatter, row, end);
}

static void print_enrich(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const takes[] = {"", " first", " last", " every", " combine"};
    (void)column;
    const AstEnrich *enrich = item;
    Line *line = content(row);
    format_name(line, enrich->table);
    line_put(line, " ");
    format_name(line, enrich->alias);
    format_part(formatter, line, "by", enrich->key);
    format_where(formatter, line, enrich->where);
    format_part(formatter, line, "ordered by", enrich->ordered_by);
    words(line, enrich->descending, " desc");
    line_put(line, takes[enrich->take]);
    words(line, enrich->or_drop, " or drop");
    words(line, enrich->as_of_occurrence, " as of occurrence");
    format_row_end(formatter, row, end);
}

static void print_join(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const to[] = {" discard", " output", " terminal"};
    (void)column;
    const AstJoin *join = item;
    Line *line = content(row);
    format_names(line, join->aliases, join->alias_count);
    format_where(formatter, line, join->where);
    format_part(formatter, line, "within", join->within);
    for (uint32_t i = 0; i < join->unmatched_count; i++) {
        line_break(line);
        line_put(line, join->unmatched[i].both ? "unmatched both" : "unmatched ");
        format_name(line, join->unmatched[i].alias);
        line_put(line, to[join->unmatched[i].to]);
    }
    format_row_end(formatter, row, end);
}

static void print_sort(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstSort *sort = item;
    line_put(content(row), "by ");
    format_expression(formatter, content(row), sort->by);
    format_part(formatter, content(row), "within", sort->within);
    format_row_end(formatter, row, end);
}

static void print_detect(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstDetect *detect = item;
    if (detect->pattern)
        format_pattern(formatter, content(row), detect->pattern);
    else
        format_expression(formatter, content(row), detect->condition);
    format_where(formatter, content(row), detect->where);
    format_part(formatter, content(row), "within", detect->within);
    words(content(row), detect->inclusive, " inclusive");
    format_row_end(formatter, row, end);
}

static void print_expect(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstExpect *expect = item;
    format_named_events(formatter, content(row), expect->events);
    format_part(formatter, content(row), "within", expect->within);
    format_part(formatter, content(row), "since", expect->since);
    words(content(row), expect->inclusive, " inclusive");
    format_again(content(row), expect->again);
    format_discard(formatter, content(row), expect->discard);
    format_row_end(formatter, row, end);
}

/* ---- policies ------------------------------------------------------------------------------------- */

static void print_match(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const texts[] = {"every time", "once", "once per run", "at most "};
    (void)column;
    const AstPolicies *policies = item;
    line_put(content(row), texts[policies->match.value]);
    if (policies->match.value == AST_MATCH_AT_MOST)
        count(formatter, content(row), "", policies->match.at_most, "");
    format_row_end(formatter, row, end);
}

static void print_pick(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const texts[] = {"first", "last", "each", "newest", "max(", "min("};
    (void)column;
    const AstPolicies *policies = item;
    Line *line = content(row);
    for (uint32_t i = 0; i < policies->pick.n; i++) {
        const AstPickItem *pick = &policies->pick.items[i];
        line_put(line, i ? ", " : "");
        format_name(line, pick->alias);
        words(line, pick->alias.text.len, " ");
        line_put(line, texts[pick->pick]);
        if (pick->by) {
            format_expression(formatter, line, pick->by);
            line_put(line, ")");
        }
    }
    format_row_end(formatter, row, end);
}

static void print_consume(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const texts[] = {"matched", "none", "", "everything", "through last", "to next", "before ", "before last "};
    (void)column;
    const AstPolicies *policies = item;
    if (policies->consume.value == AST_CONSUME_TIMES)
        count(formatter, content(row), "", policies->consume.times, " times");
    line_put(content(row), texts[policies->consume.value]);
    format_name(content(row), policies->consume.alias);
    format_row_end(formatter, row, end);
}

static void print_evaluate(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const texts[] = {"immediately", "at close", "on "};
    (void)column;
    const AstPolicies *policies = item;
    line_put(content(row), texts[policies->evaluate.value]);
    format_name(content(row), policies->evaluate.alias);
    format_row_end(formatter, row, end);
}

static void print_order(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const texts[] = {"", "occurrence", "detection", "by ", "stream"};
    (void)column;
    const AstPolicies *policies = item;
    line_put(content(row), texts[policies->order.value.kind]);
    format_path(content(row), policies->order.value.path);
    format_row_end(formatter, row, end);
}

static void print_evidence(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const texts[] = {"last ", "all", "none"};
    (void)column;
    const AstPolicies *policies = item;
    line_put(content(row), texts[policies->evidence.value]);
    if (policies->evidence.value == AST_EVIDENCE_LAST)
        count(formatter, content(row), "", policies->evidence.count, "");
    format_row_end(formatter, row, end);
}

/* ---- what comes out ------------------------------------------------------------------------------- */

static void print_for(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstForEach *each = item;
    line_put(content(row), "each ");
    format_name(content(row), each->alias);
    line_put(content(row), " in ");
    format_expression(formatter, content(row), each->list);
    format_row_end(formatter, row, end);
}

static void copy(Line *line, const AstDerive *derive)
{
    static const char *const texts[] = {"", "", " except ", " only "};
    if (!derive->copy)
        return;
    line_break(line);
    line_put(line, "from ");
    format_name(line, derive->copy_from);
    line_put(line, texts[derive->copy]);
    format_names(line, derive->copy_names, derive->copy_name_count);
}

static void print_derive(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    const AstDerive *derive = item;
    Line tail = format_line(formatter);
    words(content(row), derive->kind != AST_DERIVE_PLAIN, "derive ");
    format_path(content(row), derive->type);
    copy(&tail, derive);
    format_part(formatter, &tail, "when", derive->when);
    if (derive->to.n) {
        line_break(&tail);
        line_put(&tail, "to ");
        format_path(&tail, derive->to);
    }
    if (derive->fields.set) {
        format_fields_row(formatter, row, derive->fields, &tail, column, end);
    } else {
        line_join(content(row), &tail);
        format_row_end(formatter, row, end);
    }
}

static void print_write(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    const AstWrite *write = item;
    Line tail = format_line(formatter);
    format_name(content(row), write->table);
    if (!write->delete) {
        format_fields_row(formatter, row, write->fields, &tail, column, end);
        return;
    }
    format_part(formatter, content(row), "by", write->key);
    format_row_end(formatter, row, end);
}

static void print_emit(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    static const char *const texts[] = {"immediately", "at close", "on change", "every "};
    (void)column;
    const AstEmit *emit = item;
    line_put(content(row), texts[emit->kind]);
    if (emit->every)
        format_expression(formatter, content(row), emit->every);
    words(content(row), emit->inclusive, " inclusive");
    format_row_end(formatter, row, end);
}

static void print_quiet(Formatter *formatter, Row *row, const void *item, uint32_t column, uint32_t end)
{
    (void)column;
    const AstQuiet *quiet = item;
    format_expression(formatter, content(row), quiet->duration);
    words(content(row), quiet->after_last, " after last");
    format_part(formatter, content(row), "per", quiet->per);
    format_row_end(formatter, row, end);
}

/* ---- the clauses in their places ------------------------------------------------------------------ */

static void add(ClauseList *list, Clause clause)
{
    list->items = arena_grow(list->arena, list->items, list->n, sizeof clause);
    uint32_t at = list->n++;
    for (; at > 0 && list->items[at - 1].span.start > clause.span.start; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = clause;
}

static void add_inputs(ClauseList *list, const AstAgent *agent)
{
    if (agent->remark.set)
        add(list, (Clause){agent->remark.span, "note", print_note, &agent->remark});
    for (uint32_t i = 0; i < agent->on_count; i++)
        add(list, (Clause){agent->ons[i].span, "on", print_on, &agent->ons[i]});
    for (uint32_t i = 0; i < agent->let_count; i++)
        add(list, (Clause){agent->lets[i].span, "let", print_let, &agent->lets[i]});
    for (uint32_t i = 0; i < agent->enrich_count; i++)
        add(list, (Clause){agent->enriches[i].span, "enrich", print_enrich, &agent->enriches[i]});
    if (agent->join)
        add(list, (Clause){agent->join->span, "join", print_join, agent->join});
    if (agent->sort)
        add(list, (Clause){agent->sort->span, "sort", print_sort, agent->sort});
    if (agent->detect)
        add(list, (Clause){agent->detect->span, "detect", print_detect, agent->detect});
    if (agent->expect)
        add(list, (Clause){agent->expect->span, "expect", print_expect, agent->expect});
}

static void add_policies(ClauseList *list, const AstPolicies *policies)
{
    if (policies->match.set)
        add(list, (Clause){policies->match.span, "match", print_match, policies});
    if (policies->pick.set)
        add(list, (Clause){policies->pick.span, "pick", print_pick, policies});
    if (policies->consume.set)
        add(list, (Clause){policies->consume.span, "consume", print_consume, policies});
    if (policies->evaluate.set)
        add(list, (Clause){policies->evaluate.span, "evaluate", print_evaluate, policies});
    if (policies->order.set)
        add(list, (Clause){policies->order.span, "order", print_order, policies});
    if (policies->evidence.set)
        add(list, (Clause){policies->evidence.span, "evidence", print_evidence, policies});
}

static void add_outputs(ClauseList *list, const AstAgent *agent)
{
    static const char *const derive_words[] = {"derive", "otherwise", "else", "on error"};
    if (agent->for_each)
        add(list, (Clause){agent->for_each->span, "for", print_for, agent->for_each});
    for (uint32_t i = 0; i < agent->derive_count; i++)
        add(list, (Clause){agent->derives[i].span, derive_words[agent->derives[i].kind], print_derive, &agent->derives[i]});
    for (uint32_t i = 0; i < agent->write_count; i++)
        add(list, (Clause){agent->writes[i].span, agent->writes[i].delete ? "delete" : "update", print_write, &agent->writes[i]});
    if (agent->emit)
        add(list, (Clause){agent->emit->span, "emit", print_emit, agent->emit});
    if (agent->quiet)
        add(list, (Clause){agent->quiet->span, "quiet", print_quiet, agent->quiet});
}

/* Up to where comments cannot get a line of their own: the `{` of fields, or the end. */
static uint32_t head_end(const Clause *clause)
{
    if (clause->print == print_derive && ((const AstDerive *)clause->item)->fields.set)
        return ((const AstDerive *)clause->item)->fields.span.start;
    if (clause->print == print_write && !((const AstWrite *)clause->item)->delete)
        return ((const AstWrite *)clause->item)->fields.span.start;
    return clause->span.end;
}

static void placement(Row *row, const AstAgent *agent)
{
    Line *line = &row->cells[0];
    line_put(line, " = ");
    format_path(line, agent->network);
    line_put(line, "(");
    line->depth++;
    for (uint32_t i = 0; i < agent->mapping_count; i++) {
        if (i) {
            line_put(line, ",");
            line_break(line);
        }
        format_path(line, agent->mappings[i].from);
        line_put(line, " -> ");
        format_path(line, agent->mappings[i].to);
    }
    line->depth--;
    line_put(line, ")");
}

void format_agent(Formatter *formatter, Row *row, const AstAgent *agent, uint32_t indent)
{
    if (agent->placement) {
        placement(row, agent);
        return;
    }
    if (agent->contexts.n) {
        line_put(&row->cells[0], " in ");
        format_contexts(formatter, &row->cells[0], agent->contexts);
    }
    ClauseList list = {.arena = formatter->arena};
    add_inputs(&list, agent);
    add_policies(&list, &agent->policies);
    add_outputs(&list, agent);
    Block *block = row->inner = format_block(formatter);
    for (uint32_t i = 0; i < list.n; i++)
        if (strlen(list.items[i].word) > block->least[0])
            block->least[0] = (uint32_t)strlen(list.items[i].word);
    format_opening(formatter, row, agent->body.start + 1);
    for (uint32_t i = 0; i < list.n; i++) {
        const Clause *clause = &list.items[i];
        Row *inner = format_row(formatter, block, clause->span.start, head_end(clause));
        inner->align = 1;
        inner->cell_count = 2;
        line_put(&inner->cells[0], clause->word);
        clause->print(formatter, inner, clause->item, indent + 2 + block->least[0] + 1, clause->span.end);
    }
    format_block_end(formatter, block, agent->body.end);
}
