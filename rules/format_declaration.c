/* Declarations: a row each; those with a body have an inner block. Neighbouring contexts and neighbouring
 * params align. */
#include "rules/formatting.h"
#include "rules/parser.h"

/* ---- event, alert, table -------------------------------------------------------------------------- */

static void attribute_row(Formatter *formatter, Block *block, const AstAttribute *attribute)
{
    Row *row = format_row(formatter, block, attribute->span.start, attribute->span.end);
    row->align = 1;
    row->cell_count = 2;
    format_name(&row->cells[0], attribute->name);
    line_put(&row->cells[1], ": ");
    format_type(formatter, &row->cells[1], attribute->type);
    Line rest = format_line(formatter);
    format_string(formatter, &rest, " from ", attribute->from);
    format_part(formatter, &rest, "=", attribute->value);
    format_where(formatter, &rest, attribute->where);
    if (rest.len) { /* it begins with a blank that the cell does not need */
        row->cells[2] = format_line(formatter);
        for (uint32_t i = 0; i < rest.break_count; i++)
            rest.breaks[i].at -= rest.breaks[i].at > 0;
        rest.p++, rest.len--;
        line_join(&row->cells[2], &rest);
        row->cell_count = 3;
    }
    format_row_end(formatter, row, attribute->span.end);
}

static void header_row(Formatter *formatter, Block *block, const AstHeader *header)
{
    static const char *const words[] = {"time ", "invalid time ", "id ", "source ", "chronon ", "retracts "};
    static const char *const invalid[] = {"fail", "skip", "previous"};
    Row *row = format_row(formatter, block, header->span.start, header->span.end);
    Line *line = &row->cells[0];
    line_put(line, words[header->kind]);
    format_paths(line, header->types, header->type_count, ", ");
    line_put(line, header->type_count ? " by " : "");
    format_path(line, header->path);
    if (header->sent.n) {
        line_put(line, " sent ");
        format_path(line, header->sent);
    }
    if (header->kind == AST_HEADER_INVALID)
        line_put(line, invalid[header->invalid]);
    if (header->expr)
        format_expression(formatter, line, header->expr);
    format_row_end(formatter, row, header->span.end);
}

/* Attributes and header clauses in written order. */
static void body(Formatter *formatter, Row *row, const AstAttribute *attributes, uint32_t attribute_count,
                 const AstHeader *headers, uint32_t header_count, Span span)
{
    Block *block = row->inner = format_block(formatter);
    block->gaps[1] = 1;
    block->hang = 4;
    format_opening(formatter, row, span.start + 1);
    for (uint32_t a = 0, h = 0; a < attribute_count || h < header_count;)
        if (h == header_count || (a < attribute_count && attributes[a].span.start < headers[h].span.start))
            attribute_row(formatter, block, &attributes[a++]);
        else
            header_row(formatter, block, &headers[h++]);
    format_block_end(formatter, block, span.end);
}

static void print_event(Formatter *formatter, Row *row, const AstEvent *event)
{
    static const char *const severities[] = {"", "info", "low", "medium", "high", "critical"};
    Line *line = &row->cells[0];
    format_string(formatter, line, " as ", event->wire_name);
    if (event->extends.n) {
        line_put(line, " extends ");
        format_path(line, event->extends);
        format_where(formatter, line, event->extends_where);
    }
    if (event->severity)
        line_printf(line, " severity %s", severities[event->severity]);
    format_part(formatter, line, "tags", event->tags);
    if (event->remark.set) {
        line_break(line);
        format_string(formatter, line, "note ", event->remark);
    }
    body(formatter, row, event->attributes, event->attribute_count, event->headers, event->header_count, event->body);
}

static void print_table(Formatter *formatter, Row *row, const AstTable *table)
{
    static const char *const sources[] = {" from csv ", " from tsv ", " from ndjson ", " from geojson ", " from redis "};
    Line *line = &row->cells[0];
    line_put(line, " key ");
    format_names(line, table->keys, table->key_count);
    format_part(formatter, line, "history", table->history);
    line_put(line, table->shared ? " shared" : "");
    format_string(formatter, line, sources[table->source_kind], table->source);
    body(formatter, row, table->columns, table->column_count, NULL, 0, table->body);
}

/* ---- producer, consumer, channel ------------------------------------------------------------------ */

static void type_codes(Formatter *formatter, Line *line, const AstProducer *producer)
{
    line_put(line, producer->code_count ? " { " : " {");
    line->depth++;
    for (uint32_t i = 0; i < producer->code_count; i++) {
        if (i) {
            line_put(line, ",");
            line_break(line);
        }
        format_written(formatter, line, producer->codes[i].code_span);
        line_put(line, " => ");
        format_path(line, producer->codes[i].type);
    }
    line->depth--;
    line_put(line, producer->code_count ? " }" : "}");
}

static void format_of(Line *line, const Path *types, uint32_t n)
{
    line_put(line, n ? " of " : "");
    format_paths(line, types, n, ", ");
}

static void wire_format(Line *line, Name name)
{
    if (!name.text.len)
        return;
    line_break(line);
    line_put(line, "format ");
    format_name(line, name);
}

static void print_producer(Formatter *formatter, Row *row, const AstProducer *producer)
{
    Line *line = &row->cells[0];
    format_of(line, producer->types, producer->type_count);
    line_break(line);
    format_string(formatter, line, "from ", producer->uri);
    wire_format(line, producer->format);
    if (producer->type_field.set) {
        line_break(line);
        format_string(formatter, line, "type field ", producer->type_field);
    }
    if (producer->codes_span.end)
        type_codes(formatter, line, producer);
}

static void print_consumer(Formatter *formatter, Row *row, const AstConsumer *consumer)
{
    Line *line = &row->cells[0];
    format_of(line, consumer->sources, consumer->source_count);
    format_where(formatter, line, consumer->where);
    line_break(line);
    format_string(formatter, line, "to ", consumer->uri);
    wire_format(line, consumer->format);
}

typedef struct Option {
    Span span;
    const char *word;
    Line text;
} Option;

static void sort_options(Option *options, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t at = i; at > 0 && options[at - 1].span.start > options[at].span.start; at--) {
            Option option = options[at];
            options[at] = options[at - 1];
            options[at - 1] = option;
        }
}

static Line option_line(Formatter *formatter, const char *text)
{
    Line line = format_line(formatter);
    line_put(&line, text);
    return line;
}

static void print_channel(Formatter *formatter, Row *row, const AstChannel *channel)
{
    static const char *const routes[] = {"", "fixed", "type", "where ", "itinerary ", "by "};
    static const char *const deliveries[] = {"", "at most once", "at least once", "exactly once"};
    static const char *const overflows[] = {"", "block", "drop newest", "drop oldest", "spill "};
    Option options[] = {
        {channel->route_span, "route", option_line(formatter, routes[channel->route])},
        {channel->delivery_span, "delivery", option_line(formatter, deliveries[channel->delivery])},
        {channel->overflow_span, "overflow", option_line(formatter, overflows[channel->overflow])},
        {channel->keep_span, "keep", format_line(formatter)},
    };
    if (channel->route_where.set)
        format_fields(formatter, &options[0].text, channel->route_where);
    format_path(&options[0].text, channel->route_path);
    if (channel->spill)
        format_expression(formatter, &options[2].text, channel->spill);
    if (channel->keep)
        format_expression(formatter, &options[3].text, channel->keep);
    sort_options(options, 4);
    format_of(&row->cells[0], channel->types, channel->type_count);
    Block *block = row->inner = format_block(formatter);
    format_opening(formatter, row, channel->body.start + 1);
    for (uint32_t i = 0; i < 4; i++) {
        if (!options[i].span.end)
            continue;
        Row *inner = format_row(formatter, block, options[i].span.start, options[i].span.end);
        inner->align = 1;
        inner->cell_count = 2;
        line_put(&inner->cells[0], options[i].word);
        inner->cells[1] = options[i].text;
        format_row_end(formatter, inner, options[i].span.end);
    }
    format_block_end(formatter, block, channel->body.end);
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static void at_cell(Formatter *formatter, Line *line, const AstStatement *statement)
{
    line_put(line, statement->after ? "at +" : "at ");
    format_expression(formatter, line, statement->after ? statement->after : statement->time);
}

static void at_row(Formatter *formatter, Row *row, const AstStatement *statement, uint32_t column)
{
    row->align = 1;
    row->cell_count = 2;
    at_cell(formatter, &row->cells[0], statement);
    format_path(&row->cells[1], statement->type);
    Line tail = format_line(formatter);
    if (statement->repeat.set) {
        line_put(&tail, " repeat ");
        format_written(formatter, &tail, statement->repeat.span);
    }
    format_part(formatter, &tail, "every", statement->every);
    format_string(formatter, &tail, " id ", statement->id);
    format_fields_row(formatter, row, statement->fields, &tail, column, statement->span.end);
}

static void expected_row(Formatter *formatter, Row *row, const AstExpected *expected, const char *word, uint32_t column)
{
    Line *line = &row->cells[0], tail = format_line(formatter);
    line_put(line, word);
    if (expected->at) {
        line_put(line, "at ");
        format_expression(formatter, line, expected->at);
        line_put(line, " ");
    }
    format_path(line, expected->type);
    if (expected->times.set) {
        line_put(&tail, " times ");
        format_written(formatter, &tail, expected->times.span);
    }
    format_fields_row(formatter, row, expected->fields, &tail, column, expected->span.end);
}

static void exactly_row(Formatter *formatter, Row *row, const AstStatement *statement, uint32_t column)
{
    line_put(&row->cells[0], "expect exactly");
    Block *block = row->inner = format_block(formatter);
    for (uint32_t i = 0; i < statement->expected_count; i++) {
        const AstExpected *expected = &statement->expected[i];
        Row *inner = format_row(formatter, block, expected->span.start, expected->fields.span.start);
        expected_row(formatter, inner, expected, "", column + 2);
    }
    format_block_end(formatter, block, statement->span.end);
    format_row_end(formatter, row, statement->span.end);
}

static uint32_t statement_head_end(const AstStatement *statement)
{
    switch (statement->kind) {
    case AST_STATEMENT_TABLE:
    case AST_STATEMENT_AT: return statement->fields.span.start;
    case AST_STATEMENT_EXPECT: return statement->expected[0].fields.span.start;
    case AST_STATEMENT_EXPECT_EXACTLY: return statement->span.start;
    default: return statement->span.end;
    }
}

static void statement_row(Formatter *formatter, Row *row, const AstStatement *statement, uint32_t column, uint32_t at_width)
{
    Line *line = &row->cells[0], none = format_line(formatter);
    switch (statement->kind) {
    case AST_STATEMENT_TABLE:
        line_put(line, "table ");
        format_name(line, statement->table);
        format_fields_row(formatter, row, statement->fields, &none, column, statement->span.end);
        return;
    case AST_STATEMENT_AT: at_row(formatter, row, statement, column + at_width + 1); return;
    case AST_STATEMENT_EXPECT: expected_row(formatter, row, statement->expected, "expect ", column); return;
    case AST_STATEMENT_EXPECT_EXACTLY: exactly_row(formatter, row, statement, column); return;
    case AST_STATEMENT_ADVANCE:
        line_put(line, "advance ");
        format_expression(formatter, line, statement->after);
        break;
    case AST_STATEMENT_EXPECT_NOTHING: line_put(line, "expect nothing"); break;
    case AST_STATEMENT_EXPECT_ERROR: format_string(formatter, line, "expect error ", statement->error); break;
    }
    format_row_end(formatter, row, statement->span.end);
}

static uint32_t widest_at(Formatter *formatter, const AstTest *test)
{
    uint32_t widest = 0;
    for (uint32_t i = 0; i < test->statement_count; i++) {
        if (test->statements[i].kind != AST_STATEMENT_AT)
            continue;
        Line line = format_line(formatter);
        at_cell(formatter, &line, &test->statements[i]);
        widest = line_width(&line) > widest ? line_width(&line) : widest;
    }
    return widest;
}

static void print_test(Formatter *formatter, Row *row, const AstTest *test, uint32_t indent)
{
    Line *line = &row->cells[0];
    format_string(formatter, line, " ", test->title);
    line_put(line, test->agent_count ? " of " : "");
    format_names(line, test->agents, test->agent_count);
    if (test->with.set) {
        line_break(line);
        line_put(line, "with ");
        format_fields(formatter, line, test->with);
    }
    Block *block = row->inner = format_block(formatter);
    uint32_t at_width = widest_at(formatter, test);
    block->hang = 4;
    format_opening(formatter, row, test->body.start + 1);
    for (uint32_t i = 0; i < test->statement_count; i++) {
        const AstStatement *statement = &test->statements[i];
        Row *inner = format_row(formatter, block, statement->span.start, statement_head_end(statement));
        statement_row(formatter, inner, statement, indent + 2, at_width);
    }
    format_block_end(formatter, block, test->body.end);
}

/* ---- the small ones ------------------------------------------------------------------------------- */

static void print_clock(Formatter *formatter, Line *line, const AstClock *clock)
{
    static const char *const late[] = {"", " late drop", " late divert", " late correct"};
    line_put(line, clock->detection ? " detection" : " occurrence");
    format_part(formatter, line, "lateness", clock->lateness);
    format_part(formatter, line, "idle after", clock->idle_after);
    line_put(line, late[clock->late]);
    format_part(formatter, line, "for", clock->correct_for);
}

static void print_param(Formatter *formatter, Row *row, const AstParam *param)
{
    row->align = DECLARATION_PARAM;
    row->cell_count = 2;
    line_put(&row->cells[1], ": ");
    format_type(formatter, &row->cells[1], param->type);
    if (!param->value)
        return;
    line_put(&row->cells[1], " = ");
    format_expression(formatter, &row->cells[1], param->value);
}

static void print_function(Formatter *formatter, Line *line, const AstFunction *function)
{
    line_put(line, "(");
    for (uint32_t i = 0; i < function->param_count; i++) {
        line_put(line, i ? ", " : "");
        format_name(line, function->params[i].name);
        line_put(line, ": ");
        format_type(formatter, line, function->params[i].type);
    }
    line_put(line, ") = ");
    format_expression(formatter, line, function->body);
}

static void print_network(Formatter *formatter, Row *row, const AstNetwork *network, Span span, uint32_t indent)
{
    if (!network->nested)
        return;
    Line *line = &row->cells[0];
    for (uint32_t i = 0; i < network->terminal_count; i++) {
        line_put(line, i ? ", " : "(");
        line_put(line, network->terminals[i].out ? "out " : "in ");
        format_name(line, network->terminals[i].name);
    }
    line_put(line, ")");
    Block *block = row->inner = format_block(formatter);
    block->runs = true;
    format_declarations(formatter, block, network->declarations, network->declaration_count, indent + 2);
    format_block_end(formatter, block, span.end);
}

/* ---- all of them ---------------------------------------------------------------------------------- */

/* Up to where comments cannot get a line of their own: the `{` of the body, or the end. */
static uint32_t head_end(const Declaration *declaration)
{
    switch (declaration->kind) {
    case DECLARATION_EVENT:
    case DECLARATION_ALERT: return declaration->event->body.start;
    case DECLARATION_TABLE: return declaration->table->body.start;
    case DECLARATION_CHANNEL: return declaration->channel->body.start;
    case DECLARATION_AGENT: return declaration->agent->placement ? declaration->span.end : declaration->agent->body.start;
    case DECLARATION_TEST: return declaration->test->body.start;
    case DECLARATION_NETWORK: return declaration->network->nested ? declaration->span.start : declaration->span.end;
    default: return declaration->span.end;
    }
}

static void print_declaration(Formatter *formatter, Row *row, const Declaration *declaration, uint32_t indent)
{
    static const char *const metrics[] = {" sphere", " wgs84", " plane"};
    Line *line = &row->cells[0];
    line_put(line, declaration_word(declaration->kind));
    line_put(line, declaration->name.text.len ? " " : "");
    format_name(line, declaration->name);
    switch (declaration->kind) {
    case DECLARATION_NETWORK: print_network(formatter, row, declaration->network, declaration->span, indent); break;
    case DECLARATION_USE: format_string(formatter, line, " ", declaration->use->path); break;
    case DECLARATION_CLOCK: print_clock(formatter, line, declaration->clock); break;
    case DECLARATION_METRIC: line_put(line, metrics[declaration->metric->kind]); break;
    case DECLARATION_PARAM: print_param(formatter, row, declaration->param); break;
    case DECLARATION_FUNCTION: print_function(formatter, line, declaration->function); break;
    case DECLARATION_EVENT:
    case DECLARATION_ALERT: print_event(formatter, row, declaration->event); break;
    case DECLARATION_TABLE: print_table(formatter, row, declaration->table); break;
    case DECLARATION_PRODUCER: print_producer(formatter, row, declaration->producer); break;
    case DECLARATION_CONSUMER: print_consumer(formatter, row, declaration->consumer); break;
    case DECLARATION_CHANNEL: print_channel(formatter, row, declaration->channel); break;
    case DECLARATION_CONTEXT:
        row->align = DECLARATION_CONTEXT;
        row->cell_count = 3;
        line_put(&row->cells[1], "=");
        format_contexts(formatter, &row->cells[2], declaration->context->steps);
        break;
    case DECLARATION_AGENT: format_agent(formatter, row, declaration->agent, indent); break;
    case DECLARATION_TEST: print_test(formatter, row, declaration->test, indent); break;
    case DECLARATION_COUNT: break;
    }
}

void format_declarations(Formatter *formatter, Block *block, const Declaration *items, uint32_t n, uint32_t indent)
{
    for (uint32_t i = 0; i < n; i++) {
        Row *row = format_row(formatter, block, items[i].span.start, head_end(&items[i]));
        print_declaration(formatter, row, &items[i], indent);
        row->tall = row->inner && (row->inner->n || row->opening_comment.len);
        format_row_end(formatter, row, items[i].span.end);
    }
}
