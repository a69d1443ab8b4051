/* Declarations other than contexts, agents and tests, and types.
 *
 * A declaration is recognised by its word and by what follows it, so that an attribute called `table` or
 * a clause `time at` is never taken for one when reading goes on after a mistake. */
#include "rules/parsing.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static const char *const declaration_words[] = {
#define X(kind, word, member) word,
#include "rules/declaration.def"
#undef X
};

static const Starts declaration_starts = {declaration_words, COUNT(declaration_words), "a declaration", false};

const char *declaration_word(DeclarationKind kind)
{
    return declaration_words[kind];
}

/* ---- types ---------------------------------------------------------------------------------------- */

static const char *const written_words[] = {
#define X(kind, text) text,
#include "rules/written_type.def"
#undef X
};

static WrittenType *parse_type(Parser *parser);

static void add_written_field(Parser *parser, WrittenField **fields, uint32_t *n)
{
    WrittenField field = {.name = parser_name(parser, "a name")};
    parser_expect_sign(parser, TOKEN_COLON);
    field.type = parse_type(parser);
    *fields = parser_append(parser, *fields, n, &field, sizeof field);
}

static void read_record_type(Parser *parser, WrittenType *type)
{
    parser_expect_sign(parser, TOKEN_BRACE_OPEN);
    do
        add_written_field(parser, &type->fields, &type->field_count);
    while (parser_take_sign(parser, TOKEN_COMMA));
    parser_expect_sign(parser, TOKEN_BRACE_CLOSE);
}

static void read_time_unit(Parser *parser, WrittenType *type)
{
    static const char *const words[] = {"s", "ms", "us", "ns"};
    static const Unit units[] = {UNIT_S, UNIT_MS, UNIT_US, UNIT_NS};
    if (parser_take(parser, "in"))
        type->time_unit = units[parser_expect_any(parser, words, COUNT(words), "a unit of time")];
}

static void read_element(Parser *parser, WrittenType *type)
{
    parser_expect_sign(parser, TOKEN_LESS);
    type->element = parse_type(parser);
    parser_expect_sign(parser, TOKEN_GREATER);
}

static WrittenType *parse_type(Parser *parser)
{
    WrittenType *type = ARENA_NEW(parser->arena, WrittenType);
    uint32_t start = parser->token.start;
    type->kind = (WrittenTypeKind)parser_expect_any(parser, written_words, COUNT(written_words), "a type");
    parser_enter(parser);
    if (type->kind == WRITTEN_TIME)
        read_time_unit(parser, type);
    else if (type->kind == WRITTEN_LIST || type->kind == WRITTEN_MAP)
        read_element(parser, type);
    else if (type->kind == WRITTEN_RECORD)
        read_record_type(parser, type);
    parser_leave(parser);
    type->optional = parser_take_sign(parser, TOKEN_QUESTION);
    type->span = parser_since(parser, start);
    return type;
}

/* ---- small ones ----------------------------------------------------------------------------------- */

static AstNetwork *parse_network(Parser *parser)
{
    static const char *const ways[] = {"in", "out"};
    AstNetwork network = {0};
    if (!parser_take_sign(parser, TOKEN_PAREN_OPEN))
        return KEEP(parser, network);
    network.nested = true;
    do {
        AstTerminal terminal = {.out = parser_expect_any(parser, ways, 2, "`in` or `out`") == 1};
        terminal.name = parser_name(parser, "the name of a terminal");
        APPEND(parser, network.terminals, network.terminal_count, terminal);
    } while (parser_take_sign(parser, TOKEN_COMMA));
    parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
    Span opened = parser_open_block(parser);
    parse_declarations(parser, &network.declarations, &network.declaration_count, true, opened);
    return KEEP(parser, network);
}

static AstUse *parse_use(Parser *parser)
{
    AstUse use = {parser_string(parser, "the path of a file, a string,")};
    return KEEP(parser, use);
}

static void read_late(Parser *parser, AstClock *clock)
{
    static const char *const words[] = {"drop", "divert", "correct"};
    uint32_t start = parser->token.start;
    clock->late = AST_LATE_DROP + parser_expect_any(parser, words, COUNT(words), "what becomes of late events");
    if (clock->late == AST_LATE_CORRECT) {
        parser_expect(parser, "for");
        clock->correct_for = parse_duration(parser);
    }
    clock->late_span = parser_since(parser, start);
}

static AstClock *parse_clock(Parser *parser)
{
    static const char *const kinds[] = {"occurrence", "detection"};
    AstClock clock = {.detection = parser_expect_any(parser, kinds, 2, "`occurrence` or `detection`") == 1};
    for (;;) {
        Span span = parser_span(parser, &parser->token);
        if (parser_take(parser, "lateness")) {
            parser_check_once(parser, clock.lateness, span, "lateness");
            clock.lateness = parse_duration(parser);
        } else if (parser_take(parser, "idle")) {
            parser_check_once(parser, clock.idle_after, span, "idle");
            parser_expect(parser, "after");
            clock.idle_after = parse_duration(parser);
        } else if (parser_take(parser, "late")) {
            parser_check_once(parser, clock.late, span, "late");
            read_late(parser, &clock);
        } else {
            return KEEP(parser, clock);
        }
    }
}

static AstMetric *parse_metric(Parser *parser)
{
    static const char *const words[] = {"sphere", "wgs84", "plane"};
    AstMetric metric = {(AstMetricKind)parser_expect_any(parser, words, COUNT(words), "a metric")};
    return KEEP(parser, metric);
}

static AstParam *parse_param(Parser *parser)
{
    AstParam param = {0};
    parser_expect_sign(parser, TOKEN_COLON);
    param.type = parse_type(parser);
    if (parser_take_sign(parser, TOKEN_ASSIGN))
        param.value = parse_expression(parser);
    return KEEP(parser, param);
}

static AstFunction *parse_function(Parser *parser)
{
    AstFunction function = {0};
    parser_expect_sign(parser, TOKEN_PAREN_OPEN);
    if (!parser_at_sign(parser, TOKEN_PAREN_CLOSE))
        do
            add_written_field(parser, &function.params, &function.param_count);
        while (parser_take_sign(parser, TOKEN_COMMA));
    parser_expect_sign(parser, TOKEN_PAREN_CLOSE);
    parser_expect_sign(parser, TOKEN_ASSIGN);
    function.body = parse_expression(parser);
    return KEEP(parser, function);
}

/* ---- event, alert --------------------------------------------------------------------------------- */

static AstAttribute read_attribute(Parser *parser)
{
    AstAttribute attribute = {0};
    uint32_t start = parser->token.start;
    attribute.name = parser_name(parser, "the name of an attribute");
    parser_expect_sign(parser, TOKEN_COLON);
    attribute.type = parse_type(parser);
    if (parser_take(parser, "from"))
        attribute.from = parser_string(parser, "a path, a string,");
    if (parser_take_sign(parser, TOKEN_ASSIGN))
        attribute.value = parse_expression(parser);
    attribute.where = parse_where(parser);
    attribute.span = parser_since(parser, start);
    return attribute;
}

static void header_time(Parser *parser, AstHeader *header)
{
    header->path = parser_path(parser, "an attribute");
    if (parser_take(parser, "sent"))
        header->sent = parser_path(parser, "an attribute");
}

static void header_invalid(Parser *parser, AstHeader *header)
{
    static const char *const words[] = {"fail", "skip", "previous"};
    parser_expect(parser, "time");
    header->invalid = (AstInvalid)parser_expect_any(parser, words, COUNT(words), "what becomes of an invalid time");
}

static void header_id(Parser *parser, AstHeader *header)
{
    header->expr = parse_expression(parser);
}

static void header_source(Parser *parser, AstHeader *header)
{
    header->path = parser_path(parser, "an attribute");
}

static void header_chronon(Parser *parser, AstHeader *header)
{
    header->expr = parse_duration(parser);
}

static void header_retracts(Parser *parser, AstHeader *header)
{
    header->types = parser_paths(parser, TOKEN_COMMA, "an event type", &header->type_count);
    parser_expect(parser, "by");
    header->path = parser_path(parser, "an attribute");
}

static const char *const header_words[] = {"time", "invalid", "id", "source", "chronon", "retracts"};
static void (*const header_rules[])(Parser *, AstHeader *) = {
    [AST_HEADER_TIME] = header_time,     [AST_HEADER_INVALID] = header_invalid, [AST_HEADER_ID] = header_id,
    [AST_HEADER_SOURCE] = header_source, [AST_HEADER_CHRONON] = header_chronon, [AST_HEADER_RETRACTS] = header_retracts,
};

static const Starts body_starts = {header_words, COUNT(header_words), "an attribute (`name : type`) or a header clause", true};
static const Starts column_starts = {NULL, 0, "a column (`name : type`)", true};

static void read_body_member(Parser *parser, void *argument)
{
    AstEvent *event = argument;
    if (parser_at_member(parser)) {
        AstAttribute attribute = read_attribute(parser);
        APPEND(parser, event->attributes, event->attribute_count, attribute);
    } else {
        uint32_t start = parser->token.start;
        AstHeader header = {0};
        header.kind = (AstHeaderKind)parser_take_any(parser, header_words, COUNT(header_words));
        if ((uint32_t)header.kind == COUNT(header_words))
            parser_fail_unknown(parser, DIAGNOSTIC_UNKNOWN_CLAUSE, &body_starts);
        header_rules[header.kind](parser, &header);
        header.span = parser_since(parser, start);
        APPEND(parser, event->headers, event->header_count, header);
    }
    parser_take_sign(parser, TOKEN_COMMA);
}

static void read_alert_options(Parser *parser, AstEvent *event)
{
    static const char *const severities[] = {"info", "low", "medium", "high", "critical"};
    uint32_t start = parser->token.start;
    if (parser_take(parser, "severity")) {
        event->severity = AST_SEVERITY_INFO + parser_expect_any(parser, severities, COUNT(severities), "a severity");
        event->severity_span = parser_since(parser, start);
    }
    if (parser_take(parser, "tags"))
        event->tags = parse_list(parser);
    if (parser_take(parser, "note"))
        event->remark = parser_string(parser, "a string");
}

static AstEvent *parse_event(Parser *parser, bool alert)
{
    AstEvent *event = ARENA_NEW(parser->arena, AstEvent);
    event->alert = alert;
    if (parser_take(parser, "as"))
        event->wire_name = parser_string(parser, "the name on the wire, a string,");
    if (parser_take(parser, "extends")) {
        event->extends = parser_path(parser, "an event type");
        event->extends_where = parse_where(parser);
    }
    if (alert)
        read_alert_options(parser, event);
    Span opened = parser_open_block(parser);
    parser_members(parser, &body_starts, opened, read_body_member, event);
    event->body = parser_since(parser, opened.start);
    return event;
}

/* ---- table ---------------------------------------------------------------------------------------- */

static void read_column(Parser *parser, void *argument)
{
    AstTable *table = argument;
    if (!parser_at_member(parser))
        parser_fail_unknown(parser, DIAGNOSTIC_UNKNOWN_CLAUSE, &column_starts);
    AstAttribute column = read_attribute(parser);
    APPEND(parser, table->columns, table->column_count, column);
    parser_take_sign(parser, TOKEN_COMMA);
}

static void read_table_options(Parser *parser, AstTable *table)
{
    static const char *const sources[] = {"csv", "tsv", "ndjson", "geojson", "redis"};
    for (;;) {
        Span span = parser_span(parser, &parser->token);
        if (parser_take(parser, "history")) {
            parser_check_once(parser, table->history, span, "history");
            table->history = parse_duration(parser);
        } else if (parser_take(parser, "shared")) {
            parser_check_once(parser, table->shared, span, "shared");
            table->shared = true;
        } else if (parser_take(parser, "from")) {
            parser_check_once(parser, table->source.set, span, "from");
            table->source_kind = (AstTableSource)parser_expect_any(parser, sources, COUNT(sources), "a format");
            table->source = parser_string(parser, "where the rows are, a string,");
        } else {
            return;
        }
    }
}

static AstTable *parse_table(Parser *parser)
{
    AstTable *table = ARENA_NEW(parser->arena, AstTable);
    parser_expect(parser, "key");
    do {
        Name key = parser_name(parser, "a key column");
        APPEND(parser, table->keys, table->key_count, key);
    } while (parser_take_sign(parser, TOKEN_COMMA));
    read_table_options(parser, table);
    Span opened = parser_open_block(parser);
    parser_members(parser, &column_starts, opened, read_column, table);
    table->body = parser_since(parser, opened.start);
    return table;
}

/* ---- producer, consumer, channel ------------------------------------------------------------------ */

static void read_type_codes(Parser *parser, AstProducer *producer)
{
    uint32_t start = parser->token.start;
    if (!parser_take_sign(parser, TOKEN_BRACE_OPEN))
        return;
    while (!parser_take_sign(parser, TOKEN_BRACE_CLOSE)) {
        AstTypeCode code = {.code_span = parser_span(parser, &parser->token)};
        code.is_text = parser->token.kind == TOKEN_STRING;
        if (code.is_text)
            code.text = parser_string(parser, "a string").value;
        else if (parser->token.kind == TOKEN_INT)
            code.integer = parser_count(parser).value;
        else
            parser_fail_expected(parser, "a number, a string or `}`");
        parser_expect_sign(parser, TOKEN_MAPS_TO);
        code.type = parser_path(parser, "an event type");
        APPEND(parser, producer->codes, producer->code_count, code);
        parser_take_sign(parser, TOKEN_COMMA);
    }
    producer->codes_span = parser_since(parser, start);
}

static AstProducer *parse_producer(Parser *parser)
{
    AstProducer producer = {0};
    if (parser_take(parser, "of"))
        producer.types = parser_paths(parser, TOKEN_COMMA, "an event type", &producer.type_count);
    parser_expect(parser, "from");
    producer.uri = parser_string(parser, "a URI, a string,");
    if (parser_take(parser, "format"))
        producer.format = parser_name(parser, "a format");
    if (parser_take(parser, "type")) {
        parser_expect(parser, "field");
        producer.type_field = parser_string(parser, "the name of a field, a string,");
        read_type_codes(parser, &producer);
    }
    return KEEP(parser, producer);
}

static AstConsumer *parse_consumer(Parser *parser)
{
    AstConsumer consumer = {0};
    parser_expect(parser, "of");
    consumer.sources = parser_paths(parser, TOKEN_COMMA, "a channel or an event type", &consumer.source_count);
    consumer.where = parse_where(parser);
    parser_expect(parser, "to");
    consumer.uri = parser_string(parser, "a URI, a string,");
    if (parser_take(parser, "format"))
        consumer.format = parser_name(parser, "a format");
    return KEEP(parser, consumer);
}

static void option_route(Parser *parser, AstChannel *channel)
{
    static const char *const words[] = {"fixed", "type", "where", "itinerary", "by"};
    channel->route = AST_ROUTE_FIXED + parser_expect_any(parser, words, COUNT(words), "a routing");
    if (channel->route == AST_ROUTE_WHERE)
        channel->route_where = parser_fields(parser, false, true);
    else if (channel->route == AST_ROUTE_ITINERARY || channel->route == AST_ROUTE_BY)
        channel->route_path = parser_path(parser, "an attribute");
}

static void option_delivery(Parser *parser, AstChannel *channel)
{
    if (parser_take(parser, "at")) {
        static const char *const words[] = {"most", "least"};
        channel->delivery = AST_DELIVERY_AT_MOST_ONCE + parser_expect_any(parser, words, 2, "`most` or `least`");
    } else if (parser_take(parser, "exactly")) {
        channel->delivery = AST_DELIVERY_EXACTLY_ONCE;
    } else {
        parser_fail_expected(parser, "`at most once`, `at least once` or `exactly once`");
    }
    parser_expect(parser, "once");
}

static void option_overflow(Parser *parser, AstChannel *channel)
{
    static const char *const words[] = {"block", "drop", "spill"}, *const which[] = {"newest", "oldest"};
    switch (parser_expect_any(parser, words, COUNT(words), "what happens when the channel is full")) {
    case 0: channel->overflow = AST_OVERFLOW_BLOCK; break;
    case 1: channel->overflow = AST_OVERFLOW_DROP_NEWEST + parser_expect_any(parser, which, 2, "`newest` or `oldest`"); break;
    default:
        channel->overflow = AST_OVERFLOW_SPILL;
        channel->spill = parse_size(parser);
    }
}

static void option_keep(Parser *parser, AstChannel *channel)
{
    channel->keep = parse_duration(parser);
}

static const char *const option_words[] = {"route", "delivery", "overflow", "keep"};
static const Starts option_starts = {option_words, COUNT(option_words), "an option of the channel", false};

static void read_option(Parser *parser, void *argument)
{
    static void (*const rules[])(Parser *, AstChannel *) = {option_route, option_delivery, option_overflow, option_keep};
    AstChannel *channel = argument;
    Span *const spans[] = {&channel->route_span, &channel->delivery_span, &channel->overflow_span, &channel->keep_span};
    Span word = parser_span(parser, &parser->token);
    uint32_t i = parser_take_any(parser, option_words, COUNT(option_words));
    if (i == COUNT(option_words))
        parser_fail_unknown(parser, DIAGNOSTIC_UNKNOWN_CLAUSE, &option_starts);
    parser_check_once(parser, spans[i]->end, word, option_words[i]);
    rules[i](parser, channel);
    *spans[i] = parser_since(parser, word.start);
}

static AstChannel *parse_channel(Parser *parser)
{
    AstChannel *channel = ARENA_NEW(parser->arena, AstChannel);
    parser_expect(parser, "of");
    channel->types = parser_paths(parser, TOKEN_COMMA, "an event type", &channel->type_count);
    Span opened = parser_open_block(parser);
    parser_members(parser, &option_starts, opened, read_option, channel);
    channel->body = parser_since(parser, opened.start);
    return channel;
}

static AstContext *parse_context(Parser *parser)
{
    AstContext context = {0};
    parser_expect_sign(parser, TOKEN_ASSIGN);
    context.steps = parse_contexts(parser);
    return KEEP(parser, context);
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static bool has_name(DeclarationKind kind)
{
    return kind != DECLARATION_USE && kind != DECLARATION_CLOCK && kind != DECLARATION_METRIC && kind != DECLARATION_TEST;
}

static bool is_followed(const Parser *parser, DeclarationKind kind)
{
    switch (kind) {
    case DECLARATION_USE:
    case DECLARATION_TEST: return parser->next.kind == TOKEN_STRING;
    case DECLARATION_TABLE: { /* `table NAME {` is a statement of a test */
        Lexer ahead = parser->lexer;
        return parser->next.kind == TOKEN_NAME && lexer_next(&ahead, false).kind != TOKEN_BRACE_OPEN;
    }
    case DECLARATION_CLOCK: return parser_next_is(parser, "occurrence") || parser_next_is(parser, "detection");
    default: return parser->next.kind == TOKEN_NAME;
    }
}

bool parse_declaration_ahead(const Parser *parser, DeclarationKind *kind)
{
    for (uint32_t i = 0; i < COUNT(declaration_words); i++)
        if (parser_at(parser, declaration_words[i]) && is_followed(parser, (DeclarationKind)i)) {
            *kind = (DeclarationKind)i;
            return true;
        }
    return false;
}

static Name read_declared_name(Parser *parser, DeclarationKind kind)
{
    if (kind == DECLARATION_PARAM) /* the only declared name that a `:` follows */
        return parser_alias(parser, "a `param`");
    return parser_name(parser, "a name");
}

Declaration parse_declaration(Parser *parser, DeclarationKind kind)
{
    Declaration declaration = {.kind = kind};
    uint32_t start = parser->token.start;
    parser->column = parser->token.start - parser->token.line_start;
    parser_advance(parser);
    if (has_name(kind))
        declaration.name = read_declared_name(parser, kind);
    switch (kind) {
    case DECLARATION_NETWORK: declaration.network = parse_network(parser); break;
    case DECLARATION_USE: declaration.use = parse_use(parser); break;
    case DECLARATION_CLOCK: declaration.clock = parse_clock(parser); break;
    case DECLARATION_METRIC: declaration.metric = parse_metric(parser); break;
    case DECLARATION_PARAM: declaration.param = parse_param(parser); break;
    case DECLARATION_FUNCTION: declaration.function = parse_function(parser); break;
    case DECLARATION_EVENT: declaration.event = parse_event(parser, false); break;
    case DECLARATION_ALERT: declaration.event = parse_event(parser, true); break;
    case DECLARATION_TABLE: declaration.table = parse_table(parser); break;
    case DECLARATION_PRODUCER: declaration.producer = parse_producer(parser); break;
    case DECLARATION_CONSUMER: declaration.consumer = parse_consumer(parser); break;
    case DECLARATION_CHANNEL: declaration.channel = parse_channel(parser); break;
    case DECLARATION_CONTEXT: declaration.context = parse_context(parser); break;
    case DECLARATION_AGENT: declaration.agent = parse_agent(parser, declaration.name); break;
    case DECLARATION_TEST: declaration.test = parse_test(parser); break;
    case DECLARATION_COUNT: break;
    }
    declaration.span = parser_since(parser, start);
    return declaration;
}

typedef struct DeclarationList {
    Declaration **items;
    uint32_t *n;
} DeclarationList;

static void read_declaration(Parser *parser, void *argument)
{
    DeclarationList *list = argument;
    uint32_t i = 0;
    while (i < COUNT(declaration_words) && !parser_at(parser, declaration_words[i]))
        i++;
    if (i == COUNT(declaration_words))
        parser_fail_unknown(parser, DIAGNOSTIC_UNKNOWN_DECLARATION, &declaration_starts);
    Declaration declaration = parse_declaration(parser, (DeclarationKind)i);
    *list->items = parser_append(parser, *list->items, list->n, &declaration, sizeof declaration);
}

/* Skips to the next declaration: one that begins a line, or, outside all braces, any. */
static void skip_declaration(Parser *parser, uint32_t start, bool nested)
{
    DeclarationKind kind;
    if (parser->token.start == start && parser->token.kind != TOKEN_END)
        parser_advance(parser);
    for (; parser->token.kind != TOKEN_END; parser_advance(parser)) {
        uint32_t column = parser->token.start - parser->token.line_start;
        if (parser->token.opens_line && column <= parser->column && parse_declaration_ahead(parser, &kind))
            return;
        if (parser->token.opens_line && nested && column < parser->column && parser_at_sign(parser, TOKEN_BRACE_CLOSE))
            return;
    }
}

void parse_declarations(Parser *parser, Declaration **items, uint32_t *n, bool nested, Span opened)
{
    DeclarationList list = {items, n};
    uint32_t outer = parser->column;
    uint32_t errors = parser->diagnostics->errors;
    parser_enter(parser);
    while (parser->token.kind != TOKEN_END) {
        if (nested && parser_at_sign(parser, TOKEN_BRACE_CLOSE))
            break;
        uint32_t start = parser->token.start;
        if (!parser_attempt(parser, read_declaration, &list))
            skip_declaration(parser, start, nested);
    }
    parser_leave(parser);
    parser->column = outer;
    if (!nested || parser_take_sign(parser, TOKEN_BRACE_CLOSE) || parser->diagnostics->errors > errors)
        return; /* after a mistake inside, a missing `}` may be its fault */
    Span here = {parser->file, parser->last_end, parser->last_end};
    diagnostics_note(parser_report(parser, DIAGNOSTIC_EXPECTED, here, "`}` is missing here"), opened, "the `{` stands here");
}
