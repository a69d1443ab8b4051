/* Event types, tables and producers.
 *
 * The plan numbers types and tables as the model does, so that no index is translated anywhere. A computed
 * attribute's program reads plain attributes only: what another one computes is put in, so nobody has to mind
 * the order in which they are computed. */
#include "rules/lower.h"

#include "rules/parser.h"

#include <stdio.h>

/* ── Attributes ── */

/* Whether it is a field's name, or "[0]", or "[*]". */
static bool is_path_part(Text part)
{
    if (!part.len || part.p[0] != '[')
        return part.len;
    uint32_t digits = 1;
    while (digits < part.len && part.p[digits] >= '0' && part.p[digits] <= '9')
        digits++;
    return text_is_c(part, "[*]") || (digits > 1 && digits + 1 == part.len && part.p[digits] == ']');
}

/* "Event.EventData.Image", "a[0].b", "a.[0]" to field names and "[0]". */
static void lower_path(Lowering *lowering, AstString from, Attribute *out)
{
    Text rest = from.value;
    bool good = rest.len;
    while (rest.len) {
        uint32_t len = 0;
        if (rest.p[0] == '[') {
            while (len < rest.len && rest.p[len] != ']')
                len++;
            len += len < rest.len;
        } else {
            while (len < rest.len && rest.p[len] != '.' && rest.p[len] != '[')
                len++;
        }
        Text part = {rest.p, len};
        good &= is_path_part(part);
        if (text_is_c(part, "[*]"))
            lower_refuse(lowering, from.span, NULL, "taking every member of a list by `[*]` does not run yet");
        out->path = arena_grow(lowering->arena, out->path, out->npath, sizeof *out->path);
        out->path[out->npath++] = arena_text(lowering->arena, part);
        rest = (Text){rest.p + len, rest.len - len};
        if (rest.len && rest.p[0] == '.') {
            rest = (Text){rest.p + 1, rest.len - 1};
            good &= rest.len > 0;
        }
    }
    if (!good)
        diagnostics_hint(diagnostics_add(lowering->diagnostics, DIAGNOSTIC_PATH, from.span, "this is no path of a JSON field"),
                         "as in \"user.name\" or \"items[0].id\"");
}

static void refuse_type(Lowering *lowering, const ModelAttribute *attribute)
{
    Span span = attribute->ast ? attribute->ast->type->span : (Span){0};
    lower_refuse(lowering, span, NULL, "the type `%s` does not run yet", type_word(attribute->type->kind));
}

static void value_type(Lowering *lowering, const Type *type, ValueType *out)
{
    *out = (ValueType){.kind = type->kind, .optional = type->optional, .nfields = type->nfields};
    if (type->element) {
        ValueType *element = ARENA_NEW(lowering->arena, ValueType);
        value_type(lowering, type->element, element);
        out->element = element;
    }
    ValueType *fields = ARENA_ARRAY(lowering->arena, ValueType, type->nfields);
    out->names = ARENA_ARRAY(lowering->arena, Text, type->nfields);
    for (uint32_t i = 0; i < type->nfields; i++) {
        out->names[i] = arena_text(lowering->arena, type->fields[i].name);
        value_type(lowering, type->fields[i].type, &fields[i]);
    }
    out->fields = fields;
}

static const ValueType *parts_of(Lowering *lowering, const Type *type)
{
    if (type->kind != TYPE_LIST && type->kind != TYPE_RECORD && type->kind != TYPE_MAP)
        return NULL;
    ValueType *of = ARENA_NEW(lowering->arena, ValueType);
    value_type(lowering, type, of);
    return of;
}

static Attribute lower_attribute(Lowering *lowering, const ModelAttribute *model, LowerScope *own)
{
    Arena *arena = lowering->arena;
    Attribute out = {.name = arena_text(arena, model->name), .type = model->type->kind,
                     .optional = model->type->optional, .unit = model->unit};
    if (!type_runs(out.type)) {
        refuse_type(lowering, model);
        return out;
    }
    out.of = parts_of(lowering, model->type);
    if (model->ast && model->ast->from.set)
        lower_path(lowering, model->ast->from, &out);
    LowerScope none = {.lowering = lowering};
    if (model->fill)
        out.fill = lower_program(&none, model->fill, out.type);
    if (model->compute)
        out.compute = lower_program(own, model->compute, out.type);
    if (model->constraint.condition) {
        own->without_unknowns = model->constraint.without_unknowns;
        out.constraint = lower_program(own, model->constraint.condition, TYPE_BOOL);
        own->without_unknowns = false;
        out.constraint_text = arena_text(arena, sources_text(lowering->sources, model->constraint.condition->span));
    }
    return out;
}

/* ── Event types ── */

static void lower_headers(Lowering *lowering, const ModelEvent *model, EventType *type)
{
    static const InvalidTime invalid[] = {[AST_INVALID_FAIL] = INVALID_TIME_FAIL, [AST_INVALID_SKIP] = INVALID_TIME_SKIP,
                                          [AST_INVALID_PREVIOUS] = INVALID_TIME_PREVIOUS};
    for (uint32_t i = 0; i < model->ast->header_count; i++)
        if (model->ast->headers[i].kind == AST_HEADER_RETRACTS)
            lower_refuse(lowering, model->ast->headers[i].span, NULL, "`retracts` of an event does not run yet");
    type->invalid_time = invalid[model->invalid];
    type->sent_attribute = model->sent_attribute;
    if (model->chronon)
        type->chronon = lower_duration(lowering, model->chronon);
    if (!model->id)
        return;
    LowerScope own = {.lowering = lowering, .event = model, .computed = true};
    Expr list = {.kind = EXPR_LIST, .span = model->id->span, .args = &(Expr *){model->id}, .arg_count = 1};
    if (model->id->kind == EXPR_TUPLE)
        list = (Expr){.kind = EXPR_LIST, .span = model->id->span, .args = model->id->args, .arg_count = model->id->arg_count};
    type->identity = lower_program(&own, &list, TYPE_LIST);
}

/* Attributes behind the declared ones, for what the wire, a derive and an expression say of certainty and annotation. */
static void add_annotations(Lowering *lowering, EventType *type)
{
    static const struct {
        const char *name;
        TypeKind type;
    } hidden[LOWER_ANNOTATIONS] = {{"$certainty", TYPE_FLOAT}, {"$annotation", TYPE_STRING}};
    for (uint32_t i = 0; i < LOWER_ANNOTATIONS; i++)
        type->attributes[type->nattributes++] = (Attribute){.name = arena_text(lowering->arena, text_of(hidden[i].name)),
                                                            .type = hidden[i].type, .optional = true};
}

static void lower_tags(Lowering *lowering, const Expr *tags, EventType *type)
{
    if (!tags)
        return;
    type->ntags = tags->arg_count;
    type->tags = ARENA_ARRAY(lowering->arena, Text, tags->arg_count);
    for (uint32_t i = 0; i < tags->arg_count; i++)
        type->tags[i] = arena_text(lowering->arena, tags->args[i]->string);
}

static Severity severity_of(AstSeverity severity)
{
    return severity == AST_SEVERITY_UNSET ? SEVERITY_MEDIUM : (Severity)(severity - AST_SEVERITY_INFO);
}

/* Slot i is attribute i. */
static Shape whole_shape(Lowering *lowering, const EventType *type, uint32_t index)
{
    Arena *arena = lowering->arena;
    uint32_t n = type->nattributes;
    Shape shape = {.nslots = (uint16_t)n, .nsources = 1};
    shape.slots = ARENA_ARRAY(arena, Slot, n);
    shape.sources = ARENA_NEW(arena, ShapeSource);
    uint16_t *columns = ARENA_ARRAY(arena, uint16_t, n);
    for (uint32_t i = 0; i < n; i++) {
        shape.slots[i] = (Slot){type->attributes[i].name, type->attributes[i].type, false};
        columns[i] = (uint16_t)i;
    }
    shape.sources[0] = (ShapeSource){index, columns};
    shape_seal(&shape, arena);
    return shape;
}

/* The `where` of `extends`, and those that the parent inherits. */
static void lower_membership(Lowering *lowering, const ModelEvent *model, EventType *type)
{
    Conjunct conjuncts[LOWER_ANCESTORS_MAX];
    uint32_t n = 0;
    for (const ModelEvent *event = model; event && n < LOWER_ANCESTORS_MAX; event = event->parent)
        if (event->parent && event->parent_where.condition)
            conjuncts[n++] = (Conjunct){event->parent_where.condition, event->parent_where.without_unknowns, {0}};
    if (!n)
        return;
    LowerScope own = {.lowering = lowering, .event = model};
    type->where = lower_conjunction(&own, conjuncts, n);
    type->where_text = arena_text(lowering->arena, sources_text(lowering->sources, conjuncts[0].expr->span));
}

static EventType lower_event(Lowering *lowering, const ModelEvent *model)
{
    Arena *arena = lowering->arena;
    EventType type = {.name = arena_text(arena, model->name), .wire = arena_text(arena, model->wire),
                      .alert = model->alert, .derived = model->derived, .input = model->input,
                      .severity = SEVERITY_MEDIUM, .time_attribute = model->time_attribute,
                      .sent_attribute = INDEX_NONE,
                      .nattributes = model->nattributes};
    if (model->ast) {
        type.severity = severity_of(model->ast->severity);
        lower_tags(lowering, model->ast->tags, &type);
        type.note = arena_text(arena, model->ast->remark.value);
        lower_headers(lowering, model, &type);
    }
    type.attributes = ARENA_ARRAY(arena, Attribute, model->nattributes + LOWER_ANNOTATIONS);
    for (uint32_t i = 0; i < model->nattributes; i++) {
        LowerScope own = {.lowering = lowering, .event = model};
        type.attributes[i] = lower_attribute(lowering, model->attributes[i], &own);
    }
    if (lowering->model->annotated && !model->builtin)
        add_annotations(lowering, &type);
    type.shape = whole_shape(lowering, &type, model->index);
    lower_membership(lowering, model, &type);
    return type;
}

void lower_events(Lowering *lowering)
{
    const Model *model = lowering->model;
    Plan *plan = lowering->plan;
    plan->ntypes = model->nevents;
    plan->types = ARENA_ARRAY(lowering->arena, EventType, model->nevents);
    lowering->event_depends = ARENA_ARRAY(lowering->scratch, Depends, model->nevents);
    for (uint32_t i = 0; i < model->nevents; i++) {
        lowering->depends = &lowering->event_depends[i];
        plan->types[i] = lower_event(lowering, model->events[i]);
    }
    lowering->depends = NULL;
}

/* ── Tables ── */

/* A path of a rule file, resolved against the folder of that file. */
static Text beside(Lowering *lowering, Text path, Span span)
{
    Text file = lowering->sources->items[span.file].path;
    uint32_t folder = file.len;
    while (folder && file.p[folder - 1] != '/')
        folder--;
    if (path.len && path.p[0] == '/')
        folder = 0;
    return arena_printf(lowering->arena, "%.*s%.*s", (int)folder, file.p, TEXT_ARGS(path));
}

static void table_source(Lowering *lowering, const AstTable *ast, TablePlan *table)
{
    static const char *const formats[] = {[AST_TABLE_CSV] = "csv", [AST_TABLE_TSV] = "tsv", [AST_TABLE_NDJSON] = "ndjson"};
    if (!ast->source.set)
        return;
    if (ast->source_kind == AST_TABLE_GEOJSON) {
        lower_refuse(lowering, ast->source.span, "tables are loaded from csv, tsv or ndjson", "a table from GeoJSON does not run yet");
        return;
    }
    if (ast->source_kind == AST_TABLE_REDIS) {
        table->source_format = TEXT("redis");
        table->source_path = arena_text(lowering->arena, ast->source.value);
        return;
    }
    table->source_format = arena_text(lowering->arena, text_of(formats[ast->source_kind]));
    table->source_path = beside(lowering, ast->source.value, ast->source.span);
}

static TablePlan lower_table(Lowering *lowering, const ModelTable *model)
{
    Arena *arena = lowering->arena;
    TablePlan table = {.name = arena_text(arena, model->name), .ncolumns = model->ncolumns, .nkeys = model->nkeys};
    if (model->ast->history)
        lower_refuse(lowering, model->ast->history->span, NULL, "the history of a table does not run yet");
    table.keys = ARENA_ARRAY(arena, uint32_t, model->nkeys);
    for (uint32_t i = 0; i < model->nkeys; i++)
        table.keys[i] = model->keys[i];
    table.columns = ARENA_ARRAY(arena, Attribute, model->ncolumns);
    for (uint32_t i = 0; i < model->ncolumns; i++) {
        const ModelAttribute *column = model->columns[i];
        LowerScope own = {.lowering = lowering, .table = model};
        if (column->compute)
            lower_refuse(lowering, column->compute->span, "compute it where the column is read",
                         "a computed column does not run yet");
        table.columns[i] = lower_attribute(lowering, column, &own);
    }
    table_source(lowering, model->ast, &table);
    return table;
}

void lower_tables(Lowering *lowering)
{
    const Model *model = lowering->model;
    Plan *plan = lowering->plan;
    plan->ntables = model->ntables;
    plan->tables = ARENA_ARRAY(lowering->arena, TablePlan, model->ntables);
    lowering->table_depends = ARENA_ARRAY(lowering->scratch, Depends, model->ntables);
    for (uint32_t i = 0; i < model->ntables; i++) {
        lowering->depends = &lowering->table_depends[i];
        plan->tables[i] = lower_table(lowering, model->tables[i]);
    }
    lowering->depends = NULL;
}

/* ── Producers ── */

static bool begins(Text text, const char *with)
{
    Text head = text_of(with);
    return text.len >= head.len && memcmp(text.p, head.p, head.len) == 0;
}

static ProducerPlan lower_producer(Lowering *lowering, const ModelProducer *model)
{
    Arena *arena = lowering->arena;
    const AstProducer *ast = model->declaration->producer;
    ProducerPlan producer = {.name = arena_text(arena, model->declaration->name.text),
                             .uri = arena_text(arena, ast->uri.value), .format = TEXT("json"), .type_field = TEXT("type"),
                             .ntypes = ast->type_count, .nnames = ast->code_count};
    if (!begins(ast->uri.value, "file:") && !begins(ast->uri.value, "stdin:"))
        lower_refuse(lowering, ast->uri.span, "write \"file:…\" or \"stdin:\"", "a producer that reads `%.*s` does not run yet",
                     TEXT_ARGS(ast->uri.value));
    if (memmem(ast->uri.value.p, ast->uri.value.len, "${", 2))
        lower_refuse(lowering, ast->uri.span, "give the file with --in NAME=FILE", "`${…}` in an address does not run yet");
    if (ast->format.text.len && !text_is_c(ast->format.text, "json"))
        lower_refuse(lowering, ast->format.span, "write `format json`", "the format `%.*s` does not run yet",
                     TEXT_ARGS(ast->format.text));
    if (ast->type_field.set)
        producer.type_field = arena_text(arena, ast->type_field.value);
    producer.types = ARENA_ARRAY(arena, uint32_t, ast->type_count);
    for (uint32_t i = 0; i < ast->type_count; i++)
        producer.types[i] = model->types[i]->index;
    producer.names = ARENA_ARRAY(arena, TypeName, ast->code_count);
    for (uint32_t i = 0; i < ast->code_count; i++) {
        const AstTypeCode *code = &ast->codes[i];
        producer.names[i].wire = code->is_text ? arena_text(arena, code->text)
                                               : arena_printf(arena, "%lld", (long long)code->integer);
        producer.names[i].type = model->code_types[i]->index;
    }
    return producer;
}

void lower_producers(Lowering *lowering)
{
    const Model *model = lowering->model;
    Plan *plan = lowering->plan;
    plan->nproducers = model->nproducers;
    plan->producers = ARENA_ARRAY(lowering->arena, ProducerPlan, model->nproducers);
    for (uint32_t i = 0; i < model->nproducers; i++)
        plan->producers[i] = lower_producer(lowering, model->producers[i]);
}
