/* Declarations: params, functions, event types, tables; check_channels.c has producers, channels, consumers.
 *
 * Each is registered by name first. What needs others is checked when first asked for; Declaration.ref holds
 * how far that has come, so that a definition that needs itself is seen. */
#include "rules/check.h"

enum { NEW, OPEN, DONE, CHECKED };

static const char no_set[] = "there is no set of events here";

static uint32_t *progress(const Declaration *declaration)
{
    return &((Declaration *)declaration)->ref;
}

/* ---- registration ---------------------------------------------------------------------------------- */

static const Space declaration_spaces[DECLARATION_COUNT] = {
    [DECLARATION_NETWORK] = SPACE_NETWORK, [DECLARATION_PARAM] = SPACE_PARAM,   [DECLARATION_FUNCTION] = SPACE_FUNCTION,
    [DECLARATION_EVENT] = SPACE_EVENT,     [DECLARATION_ALERT] = SPACE_EVENT,   [DECLARATION_TABLE] = SPACE_TABLE,
    [DECLARATION_PRODUCER] = SPACE_PRODUCER, [DECLARATION_CONSUMER] = SPACE_CONSUMER,
    [DECLARATION_CHANNEL] = SPACE_CHANNEL, [DECLARATION_CONTEXT] = SPACE_CONTEXT, [DECLARATION_AGENT] = SPACE_AGENT,
};

#define APPEND(check, list, n, item) \
    ((list) = arena_grow((check)->arena, (list), (n), sizeof *(list)), (list)[(n)++] = (item))

static void *declared(Checker *check, Declaration *declaration)
{
    Model *model = check->level->model;
    Text name = declaration->name.text;
    switch (declaration->kind) {
    case DECLARATION_PARAM: {
        ModelParam *param = ARENA_NEW(check->arena, ModelParam);
        *param = (ModelParam){.name = name, .declaration = declaration, .type = check->types.error};
        APPEND(check, model->params, model->nparams, param);
        return param;
    }
    case DECLARATION_FUNCTION: {
        ModelFunction *function = ARENA_NEW(check->arena, ModelFunction);
        *function = (ModelFunction){.name = name, .declaration = declaration, .result = check->types.error,
                                    .body = declaration->function->body};
        APPEND(check, model->functions, model->nfunctions, function);
        return function;
    }
    case DECLARATION_EVENT: case DECLARATION_ALERT: {
        ModelEvent *event = ARENA_NEW(check->arena, ModelEvent);
        const AstEvent *ast = declaration->event;
        *event = (ModelEvent){.name = name, .wire = ast->wire_name.set ? ast->wire_name.value : name, .ast = ast,
                              .declaration = declaration, .alert = ast->alert, .index = model->nevents,
                              .time_attribute = INDEX_NONE, .sent_attribute = INDEX_NONE,
                              .source_attribute = INDEX_NONE, .retracts_by = INDEX_NONE};
        APPEND(check, model->events, model->nevents, event);
        return event;
    }
    case DECLARATION_TABLE: {
        ModelTable *table = ARENA_NEW(check->arena, ModelTable);
        *table = (ModelTable){.name = name, .declaration = declaration, .ast = declaration->table, .index = model->ntables};
        APPEND(check, model->tables, model->ntables, table);
        return table;
    }
    case DECLARATION_PRODUCER: {
        ModelProducer *producer = ARENA_NEW(check->arena, ModelProducer);
        producer->declaration = declaration;
        APPEND(check, model->producers, model->nproducers, producer);
        return producer;
    }
    case DECLARATION_CHANNEL: {
        ModelChannel *channel = ARENA_NEW(check->arena, ModelChannel);
        channel->declaration = declaration;
        APPEND(check, model->channels, model->nchannels, channel);
        return channel;
    }
    case DECLARATION_CONSUMER: {
        ModelConsumer *consumer = ARENA_NEW(check->arena, ModelConsumer);
        consumer->declaration = declaration;
        APPEND(check, model->consumers, model->nconsumers, consumer);
        return consumer;
    }
    case DECLARATION_CONTEXT: {
        ModelContext *context = ARENA_NEW(check->arena, ModelContext);
        *context = (ModelContext){name, declaration, declaration->context};
        APPEND(check, model->contexts, model->ncontexts, context);
        return context;
    }
    case DECLARATION_AGENT: {
        ModelAgent *agent = ARENA_NEW(check->arena, ModelAgent);
        *agent = (ModelAgent){.name = name, .declaration = declaration, .ast = declaration->agent, .index = model->nagents};
        APPEND(check, model->agents, model->nagents, agent);
        return agent;
    }
    case DECLARATION_TEST: {
        ModelTest *test = ARENA_NEW(check->arena, ModelTest);
        *test = (ModelTest){.declaration = declaration, .ast = declaration->test};
        APPEND(check, model->tests, model->ntests, test);
        return test;
    }
    default:
        return declaration;
    }
}

static bool has_name(const Declaration *declaration)
{
    switch (declaration->kind) {
    case DECLARATION_USE: case DECLARATION_CLOCK: case DECLARATION_METRIC: case DECLARATION_TEST:
        return false;
    case DECLARATION_NETWORK:
        return declaration->network->nested;
    default:
        return true;
    }
}

void declarations_register(Checker *check, Declaration **declarations, uint32_t n)
{
    Names wires = {0};
    for (uint32_t i = 0; i < n; i++) {
        Declaration *declaration = declarations[i];
        declaration->ref = NEW;
        declaration->note = declared(check, declaration);
        if (!has_name(declaration))
            continue;
        Name *name = &declaration->name;
        Names *names = &check->level->spaces[declaration_spaces[declaration->kind]];
        NameEntry *first = names_add(names, check->arena, name->text, name->span, declaration->note);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_DECLARED_TWICE, name->span, "%s `%.*s` is declared twice",
                                             space_word(declaration_spaces[declaration->kind]), TEXT_ARGS(name->text)),
                             first->span, "the first declaration stands here");
        if (declaration->kind == DECLARATION_FUNCTION && (names_find(&check->function_names, name->text) ||
                                                          names_find(&check->aggregate_names, name->text)))
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_DECLARED_TWICE, name->span,
                                             "`%.*s` is a function of the language", TEXT_ARGS(name->text)),
                             "choose another name");
        if (declaration->kind != DECLARATION_EVENT && declaration->kind != DECLARATION_ALERT)
            continue;
        ModelEvent *event = declaration->note;
        first = first ? NULL : names_add(&wires, check->arena, event->wire, name->span, event);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_DECLARED_TWICE,
                                             event->ast->wire_name.set ? event->ast->wire_name.span : name->span,
                                             "two event types are called `%.*s` on the wire", TEXT_ARGS(event->wire)),
                             first->span, "the first is declared here");
    }
}

/* ---- params ---------------------------------------------------------------------------------------- */

/* The value of --param name=text: a literal, read as if it stood in the declaration. */
static Expr *param_outside(Checker *check, const ModelParam *param)
{
    const CompileOptions *options = check->options;
    const ParamValue *value = NULL;
    for (uint32_t i = 0; i < options->nparams; i++)
        if (text_is(options->params[i].name, param->name))
            value = &options->params[i];
    if (!value || check->level->outer)
        return NULL;
    Text path = arena_printf(check->arena, "--param %.*s", TEXT_ARGS(param->name));
    if (type_is(param->type, TYPE_STRING) && !(value->text.len >= 2 && (value->text.p[0] == '"' || value->text.p[0] == '\''))) {
        Expr *expr = ARENA_NEW(check->arena, Expr);
        expr->kind = EXPR_STRING;
        expr->string = arena_text(check->arena, value->text);
        expr->text = expr->string;
        expr->depth = 1;
        uint32_t file = sources_add(check->sources, path, arena_text(check->sources->arena, expr->string));
        expr->span = (Span){file, 0, expr->string.len};
        return expr;
    }
    Text type = type_text(param->type, check->arena);
    Text text = arena_printf(check->arena, "param `%.*s` : %.*s = %.*s", TEXT_ARGS(param->name), TEXT_ARGS(type),
                             TEXT_ARGS(value->text));
    uint32_t file = sources_add(check->sources, path, arena_text(check->sources->arena, text));
    AstFile ast = {0};
    if (!parse_source(check->sources, file, check->diagnostics, check->arena, &ast) || ast.n != 1 ||
        ast.declarations[0].kind != DECLARATION_PARAM)
        return NULL;
    return ast.declarations[0].param->value;
}

ModelParam *param_ready(Checker *check, ModelParam *param)
{
    uint32_t *state = progress(param->declaration);
    const AstParam *ast = param->declaration->param;
    if (*state == OPEN) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_DEFINITION_CYCLE, param->declaration->name.span,
                        "param `%.*s` needs itself", TEXT_ARGS(param->name));
        return param;
    }
    if (*state == DONE)
        return param;
    *state = OPEN;
    param->type = type_written(check, ast->type);
    uint32_t errors = check->diagnostics->errors;
    Expr *outside = param_outside(check, param);
    param->value = outside ? outside : ast->value;
    Scope scope = {.aggregates = no_set, .place = "the value of a param"};
    if (param->value)
        expr_assign(check, &scope, param->value, param->type, "param", param->name);
    else if (!param->type->optional && check->diagnostics->errors == errors)
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_PARAM_VALUE, param->declaration->name.span,
                                         "param `%.*s` has no value", TEXT_ARGS(param->name)),
                         "write `= value`, or give it with --param %.*s=value", TEXT_ARGS(param->name));
    *state = DONE;
    return param;
}

void params_given(Checker *check)
{
    for (uint32_t i = 0; i < check->options->nparams; i++) {
        Text name = check->options->params[i].name;
        if (check_look(check, SPACE_PARAM, name))
            continue;
        uint32_t file = sources_add(check->sources, TEXT("--param"), arena_text(check->sources->arena, name));
        check_find(check, SPACE_PARAM, name, (Span){file, 0, name.len});
    }
}

/* ---- functions ------------------------------------------------------------------------------------- */

ModelFunction *function_ready(Checker *check, ModelFunction *function)
{
    uint32_t *state = progress(function->declaration);
    if (*state == OPEN) {
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_DEFINITION_CYCLE, function->declaration->name.span,
                                         "function `%.*s` calls itself", TEXT_ARGS(function->name)),
                         "functions cannot be recursive");
        return NULL;
    }
    if (*state == DONE)
        return function;
    *state = OPEN;
    const AstFunction *ast = function->declaration->function;
    Names seen = {0};
    function->narguments = ast->param_count;
    function->arguments = ARENA_ARRAY(check->arena, ModelArgument, ast->param_count);
    for (uint32_t i = 0; i < ast->param_count; i++) {
        const WrittenField *param = &ast->params[i];
        function->arguments[i] = (ModelArgument){param->name.text, type_written(check, param->type), i};
        NameEntry *first = names_add(&seen, check->arena, param->name.text, param->name.span, function);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, param->name.span,
                                             "the function has two parameters `%.*s`", TEXT_ARGS(param->name.text)),
                             first->span, "the first stands here");
    }
    Scope scope = {.function = function, .aggregates = no_set, .place = "the body of a function"};
    function->result = expr_final(check, &scope, function->body);
    *state = DONE;
    return function;
}

/* ---- event types ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *attributes[4];
    TypeKind kinds[4];
} built_in[] = {
    {"cep.Late", {"type", "source", "lag", "text"}, {TYPE_STRING, TYPE_STRING, TYPE_DURATION, TYPE_STRING}},
    {"cep.Suppressed", {"alert", "agent", "key", "count"}, {TYPE_STRING, TYPE_STRING, TYPE_STRING, TYPE_INT}},
    {"cep.Limit", {"agent", "key", "limit"}, {TYPE_STRING, TYPE_STRING, TYPE_STRING}},
    {".errors", {"type", "agent", "reason", "text"}, {TYPE_STRING, TYPE_STRING, TYPE_STRING, TYPE_STRING}},
    {".warnings", {"agent", "reason", "text"}, {TYPE_STRING, TYPE_STRING, TYPE_STRING}},
};

ModelEvent *event_built_in(Checker *check, Text name)
{
    Level *root = check->level;
    while (root->outer)
        root = root->outer;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        Text full = text_of(built_in[i].name);
        if (*full.p == '.')
            full = arena_printf(check->arena, "%.*s%s", TEXT_ARGS(root->model->network), built_in[i].name);
        if (!text_is(full, name))
            continue;
        ModelEvent *event = ARENA_NEW(check->arena, ModelEvent);
        *event = (ModelEvent){.name = full, .wire = full, .builtin = true, .input = true, .index = root->model->nevents,
                              .time_attribute = INDEX_NONE, .sent_attribute = INDEX_NONE,
                              .source_attribute = INDEX_NONE, .retracts_by = INDEX_NONE};
        event->attributes = ARENA_ARRAY(check->arena, ModelAttribute *, 4);
        for (int k = 0; k < 4 && built_in[i].attributes[k]; k++) {
            ModelAttribute *attribute = ARENA_NEW(check->arena, ModelAttribute);
            *attribute = (ModelAttribute){.name = text_of(built_in[i].attributes[k]), .index = event->nattributes,
                                          .type = type_plain(check, built_in[i].kinds[k], true), .event = event};
            event->attributes[event->nattributes++] = attribute;
        }
        APPEND(check, root->model->events, root->model->nevents, event);
        names_add(&root->spaces[SPACE_EVENT], check->arena, full, (Span){0}, event);
        return event;
    }
    return NULL;
}

bool event_is(const ModelEvent *event, const ModelEvent *ancestor)
{
    for (; event; event = event->parent)
        if (event == ancestor)
            return true;
    return false;
}

static int64_t unit_ns(Unit unit)
{
    switch (unit) {
    case UNIT_S: return 1000000000;
    case UNIT_MS: return 1000000;
    case UNIT_US: return 1000;
    case UNIT_NS: return 1;
    default: return 0;
    }
}

static ModelAttribute *attribute_new(Checker *check, AstAttribute *ast, uint32_t index)
{
    ModelAttribute *attribute = ARENA_NEW(check->arena, ModelAttribute);
    *attribute = (ModelAttribute){.name = ast->name.text, .type = type_written(check, ast->type), .index = index, .ast = ast,
                                  .constraint = ast->where};
    attribute->unit = unit_ns(ast->type->time_unit);
    ast->note = attribute;
    return attribute;
}

/* Names and types of the attributes, behind those of the parent. */
static void event_ready(Checker *check, ModelEvent *event)
{
    if (event->builtin)
        return;
    uint32_t *state = progress(event->declaration);
    const AstEvent *ast = event->ast;
    if (*state == OPEN) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_DEFINITION_CYCLE, event->declaration->name.span,
                        "event type `%.*s` extends itself", TEXT_ARGS(event->name));
        return;
    }
    if (*state == DONE)
        return;
    *state = OPEN;
    ModelEvent *parent = ast->extends.n ? check_event(check, &ast->extends) : NULL;
    if (parent)
        event_ready(check, parent);
    if (parent && !(parent->declaration && *progress(parent->declaration) == OPEN))
        event->parent = parent;
    parent = event->parent;
    uint32_t inherited = parent ? parent->nattributes : 0;
    event->attributes = ARENA_ARRAY(check->arena, ModelAttribute *, inherited + ast->attribute_count);
    Names seen = {0};
    for (uint32_t i = 0; i < inherited; i++) {
        event->attributes[event->nattributes++] = parent->attributes[i];
        const AstAttribute *of = parent->attributes[i]->ast;
        names_add(&seen, check->arena, parent->attributes[i]->name, of ? of->name.span : (Span){0}, parent);
    }
    for (uint32_t i = 0; i < ast->attribute_count; i++) {
        AstAttribute *attribute = &ast->attributes[i];
        NameEntry *first = names_add(&seen, check->arena, attribute->name.text, attribute->name.span, event);
        if (first) {
            Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, attribute->name.span,
                                            first->what == event ? "event type `%.*s` has two attributes `%.*s`"
                                                                 : "event type `%.*s` inherits an attribute `%.*s`",
                                            TEXT_ARGS(event->name), TEXT_ARGS(attribute->name.text));
            if (first->span.end)
                diagnostics_note(d, first->span, "the first stands here");
            continue;
        }
        ModelAttribute *made = attribute_new(check, attribute, event->nattributes);
        made->event = event;
        event->attributes[event->nattributes++] = made;
    }
    *state = DONE;
}

/* ---- values of attributes -------------------------------------------------------------------------- */

typedef struct Computed {
    Names reads; /* attribute names */
    uint8_t progress;
} Computed;

static bool compute_order(Checker *check, ModelAttribute **attributes, uint32_t n, Computed *computed, uint32_t at,
                          uint32_t *order, uint32_t *norder)
{
    (void)n;
    ModelAttribute *attribute = attributes[at];
    if (!attribute->compute || computed[at].progress == DONE)
        return true;
    if (computed[at].progress == OPEN) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_DEFINITION_CYCLE, attribute->ast->name.span,
                        "attribute `%.*s` is computed from itself", TEXT_ARGS(attribute->name));
        return false;
    }
    computed[at].progress = OPEN;
    bool fine = true;
    for (uint32_t i = 0; i < computed[at].reads.n && fine; i++) {
        ModelAttribute *read = computed[at].reads.entries[i].what;
        fine = compute_order(check, attributes, n, computed, read->index, order, norder);
    }
    computed[at].progress = DONE;
    order[(*norder)++] = at;
    return fine;
}

/* Defaults, computed attributes and constraints of the attributes from `first` on. */
static void values_check(Checker *check, Scope *scope, ModelAttribute **attributes, uint32_t first, uint32_t n,
                         uint32_t *order, uint32_t *norder)
{
    Computed *computed = ARENA_ARRAY(check->arena, Computed, n);
    for (uint32_t i = 0; i < first; i++)
        if (attributes[i]->compute) {
            order[(*norder)++] = i;
            computed[i].progress = DONE;
        }
    for (uint32_t i = first; i < n; i++) {
        Expr *value = attributes[i]->ast->value;
        scope->reads = &computed[i].reads;
        scope->place = "the value of an attribute";
        if (value) {
            expr_assign(check, scope, value, attributes[i]->type, "attribute", attributes[i]->name);
            if (computed[i].reads.n)
                attributes[i]->compute = value;
            else
                attributes[i]->fill = value;
        }
        scope->reads = NULL;
        scope->place = "the constraint of an attribute";
        where_check(check, scope, &attributes[i]->constraint, "`where`");
    }
    for (uint32_t i = first; i < n; i++)
        compute_order(check, attributes, n, computed, i, order, norder);
}

static uint32_t header_attribute(Checker *check, const ModelEvent *event, const Path *path, TypeKind kind, const char *clause)
{
    Text name = path->parts[0].text;
    uint32_t at = path->n == 1 ? model_attribute(event, name) : INDEX_NONE;
    if (at == INDEX_NONE) {
        Text full = path_text(check, path);
        check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, path->span,
                                                    "unknown attribute `%.*s` of event `%.*s`", TEXT_ARGS(full),
                                                    TEXT_ARGS(event->name)),
                             full, event, NULL);
        return INDEX_NONE;
    }
    Type *type = event->attributes[at]->type;
    if (!type_is_error(type) && !type_is(type, kind)) {
        Text phrase = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_HEADER_CLAUSE, path->span, "`%s` needs a %s, and `%.*s` is %.*s", clause,
                        type_word(kind), TEXT_ARGS(name), TEXT_ARGS(phrase));
    }
    return at;
}

static void retracts_check(Checker *check, ModelEvent *event, const AstHeader *header)
{
    uint32_t own = INDEX_NONE;
    Text name = header->path.parts[0].text;
    if (header->path.n == 1)
        own = model_attribute(event, name);
    if (own == INDEX_NONE)
        check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, header->path.span,
                                                    "unknown attribute `%.*s` of event `%.*s`",
                                                    TEXT_ARGS(path_text(check, &header->path)), TEXT_ARGS(event->name)),
                             name, event, NULL);
    event->retracts_by = own;
    event->retracts = ARENA_ARRAY(check->arena, ModelEvent *, header->type_count);
    for (uint32_t i = 0; i < header->type_count; i++) {
        ModelEvent *other = check_event(check, &header->types[i]);
        if (!other)
            continue;
        event->retracts[event->nretracts++] = other;
        uint32_t theirs = own == INDEX_NONE ? INDEX_NONE : model_attribute(other, name);
        if (own == INDEX_NONE)
            continue;
        if (theirs == INDEX_NONE)
            diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, header->types[i].span,
                            "`%.*s` has no attribute `%.*s`, by which it would be retracted", TEXT_ARGS(other->name),
                            TEXT_ARGS(name));
        else if (!type_join(check, event->attributes[own]->type, other->attributes[theirs]->type))
            diagnostics_add(check->diagnostics, DIAGNOSTIC_TYPES_DIFFER, header->types[i].span,
                            "`%.*s` is of different types in `%.*s` and `%.*s`", TEXT_ARGS(name), TEXT_ARGS(event->name),
                            TEXT_ARGS(other->name));
    }
}

static void headers_check(Checker *check, ModelEvent *event, Scope *scope)
{
    const AstEvent *ast = event->ast;
    for (uint32_t i = 0; i < ast->header_count; i++) {
        const AstHeader *header = &ast->headers[i];
        switch (header->kind) {
        case AST_HEADER_TIME:
            event->time_attribute = header_attribute(check, event, &header->path, TYPE_TIME, "time");
            event->sent_attribute =
                header->sent.n ? header_attribute(check, event, &header->sent, TYPE_TIME, "sent") : INDEX_NONE;
            break;
        case AST_HEADER_INVALID:
            event->invalid = header->invalid;
            break;
        case AST_HEADER_ID:
            scope->place = "`id`";
            event->id = header->expr;
            if (header->expr->kind == EXPR_TUPLE)
                expr_check(check, scope, header->expr);
            else
                expr_final(check, scope, header->expr);
            break;
        case AST_HEADER_SOURCE:
            event->source_attribute = header_attribute(check, event, &header->path, TYPE_STRING, "source");
            break;
        case AST_HEADER_CHRONON:
            event->chronon = header->expr;
            expr_duration(check, header->expr);
            break;
        case AST_HEADER_RETRACTS:
            retracts_check(check, event, header);
            break;
        }
    }
}

static void event_check(Checker *check, ModelEvent *event)
{
    if (event->builtin || *progress(event->declaration) == CHECKED)
        return;
    *progress(event->declaration) = CHECKED;
    ModelEvent *up = event->parent;
    if (up) {
        event_check(check, up);
        event->time_attribute = up->time_attribute;
        event->sent_attribute = up->sent_attribute;
        event->source_attribute = up->source_attribute;
        event->invalid = up->invalid;
        event->id = up->id;
        event->chronon = up->chronon;
    }
    Scope scope = {.event = event, .aggregates = no_set};
    uint32_t first = up ? up->nattributes : 0;
    event->compute_order = ARENA_ARRAY(check->arena, uint32_t, event->nattributes);
    values_check(check, &scope, event->attributes, first, event->nattributes, event->compute_order, &event->ncomputed);
    headers_check(check, event, &scope);
    const AstEvent *ast = event->ast;
    event->parent_where = ast->extends_where;
    if (ast->extends_where.condition && event->parent) {
        Scope parent = {.event = event->parent, .aggregates = no_set, .place = "the `where` of `extends`"};
        where_check(check, &parent, &event->parent_where, "`where`");
    }
    for (uint32_t i = 0; ast->tags && i < ast->tags->arg_count; i++)
        if (ast->tags->args[i]->kind != EXPR_STRING)
            diagnostics_add(check->diagnostics, DIAGNOSTIC_CONSTANT, ast->tags->args[i]->span, "a tag is a string");
}

/* ---- tables ---------------------------------------------------------------------------------------- */

static void table_ready(Checker *check, ModelTable *table)
{
    const AstTable *ast = table->ast;
    Names seen = {0};
    table->columns = ARENA_ARRAY(check->arena, ModelAttribute *, ast->column_count);
    for (uint32_t i = 0; i < ast->column_count; i++) {
        AstAttribute *column = &ast->columns[i];
        NameEntry *first = names_add(&seen, check->arena, column->name.text, column->name.span, table);
        if (first) {
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, column->name.span,
                                             "table `%.*s` has two columns `%.*s`", TEXT_ARGS(table->name),
                                             TEXT_ARGS(column->name.text)),
                             first->span, "the first stands here");
            continue;
        }
        ModelAttribute *made = attribute_new(check, column, table->ncolumns);
        made->table = table;
        table->columns[table->ncolumns++] = made;
    }
    for (uint32_t i = 0; i < ast->key_count; i++) {
        const Name *key = &ast->keys[i];
        uint32_t at = model_column(table, key->text);
        if (at == INDEX_NONE) {
            check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_COLUMN, key->span,
                                                        "the key `%.*s` is no column of table `%.*s`", TEXT_ARGS(key->text),
                                                        TEXT_ARGS(table->name)),
                                 key->text, NULL, table);
            continue;
        }
        if (table->nkeys == 2) {
            diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_COUNT, key->span, "a table has one or two keys");
            break;
        }
        if (table->nkeys == 1 && table->keys[0] == at) {
            diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, key->span, "the key `%.*s` is named twice",
                            TEXT_ARGS(key->text));
            continue;
        }
        if (table->columns[at]->type->optional)
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_OPTIONAL, key->span,
                                             "the key `%.*s` cannot be missing", TEXT_ARGS(key->text)),
                             "its type is written without `?`");
        table->keys[table->nkeys++] = at;
    }
}

static void key_form_wrong(Checker *check, const AstTable *ast, const char *what, Text name)
{
    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_FORM, ast->source.span, what, TEXT_ARGS(name)),
                     "each key column stands once in braces, with text between two: \"acct:{id}\"");
}

/* `from redis "acct:{id}"`: in braces each key column once, and text between two. */
static void key_form_check(Checker *check, const ModelTable *table)
{
    const AstTable *ast = table->ast;
    Text rest = ast->source.value;
    uint32_t seen = 0, n = 0;
    for (const char *brace; (brace = rest.len ? memchr(rest.p, '{', rest.len) : NULL); n++) {
        const char *end = memchr(brace, '}', rest.len - (size_t)(brace - rest.p));
        Text name = {brace + 1, end ? (uint32_t)(end - brace - 1) : 0};
        uint32_t at = end ? model_column(table, name) : INDEX_NONE, key = 0;
        while (key < table->nkeys && table->keys[key] != at)
            key++;
        if (!end || key == table->nkeys || seen & 1u << key) {
            key_form_wrong(check, ast, !end ? "a `{` without `}`%.*s" : "`{%.*s}` is no key column of the table, or a second one", name);
            return;
        }
        if (n && brace == rest.p) {
            key_form_wrong(check, ast, "nothing tells where `{%.*s}` begins", name);
            return;
        }
        seen |= 1u << key;
        rest = (Text){end + 1, rest.len - (uint32_t)(end + 1 - rest.p)};
    }
    for (uint32_t k = 0; k < table->nkeys; k++)
        if (!(seen & 1u << k))
            key_form_wrong(check, ast, "the key column `%.*s` does not stand in it", table->columns[table->keys[k]]->name);
}

static void table_check(Checker *check, ModelTable *table)
{
    const AstTable *ast = table->ast;
    if (ast->source.set && ast->source_kind == AST_TABLE_REDIS)
        key_form_check(check, table);
    Scope scope = {.table = table, .aggregates = no_set};
    uint32_t *order = ARENA_ARRAY(check->arena, uint32_t, table->ncolumns);
    uint32_t norder = 0;
    values_check(check, &scope, table->columns, 0, table->ncolumns, order, &norder);
    expr_duration(check, ast->history);
    table->history = ast->history;
}



void declarations_check(Checker *check)
{
    Model *model = check->level->model;
    for (uint32_t i = 0; i < model->nparams; i++)
        param_ready(check, model->params[i]);
    for (uint32_t i = 0; i < model->nevents; i++)
        event_ready(check, model->events[i]);
    for (uint32_t i = 0; i < model->ntables; i++)
        table_ready(check, model->tables[i]);
    for (uint32_t i = 0; i < model->nfunctions; i++)
        function_ready(check, model->functions[i]);
    for (uint32_t i = 0; i < model->nevents; i++)
        for (ModelEvent *up = model->events[i]->parent; up; up = up->parent)
            APPEND(check, up->descendants, up->ndescendants, model->events[i]);
    for (uint32_t i = 0; i < model->nevents; i++)
        event_check(check, model->events[i]);
    for (uint32_t i = 0; i < model->ntables; i++)
        table_check(check, model->tables[i]);
    channels_check(check);
}
