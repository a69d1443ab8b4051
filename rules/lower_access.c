/* What an expression reads: attributes of participants, through views or, in a filter, of the event itself; rows of
 * tables; lets and params; the context.
 *
 * A row that an enrichment before `detect` names is looked up where it is read: it belongs to one event, and so
 * nobody has to keep it. */
#include "rules/lower_emit.h"

#include <assert.h>

Reg emit_find(LowerScope *scope, const ModelTable *table, Expr *const *keys)
{
    Reg regs[2] = {REG_NONE, REG_NONE};
    lower_depends(scope->lowering, table->declaration);
    for (uint32_t i = 0; i < table->nkeys; i++) {
        if (!keys[i])
            return emit_fail(scope); /* refused where the row is enriched */
        regs[i] = lower_expr(scope, keys[i], table->columns[table->keys[i]]->type->kind);
        if (regs[i] == REG_NONE)
            return REG_NONE;
    }
    return program_find(scope->builder, table->index, regs[0], regs[1]);
}

/* A column of a row; INDEX_NONE is the row's index, null if there is none. */
static Reg emit_cell(LowerScope *scope, const ModelTable *table, Reg row, uint32_t column)
{
    if (row == REG_NONE || column == INDEX_NONE)
        return row;
    TypeKind type = table->columns[column]->type->kind;
    return type_runs(type) ? program_cell(scope->builder, table->index, column, row, type) : emit_fail(scope);
}

static bool is_self(const LowerScope *scope, const ModelAlias *alias)
{
    return scope->self && (alias == scope->self || lower_participant(scope->agent, alias) ==
                                                       lower_participant(scope->agent, scope->self));
}

/* The view through which a participant is read here; INDEX_NONE after a mistake. */
static uint32_t access_view(LowerScope *scope, const Expr *expr, const ModelAlias *alias, ViewWhich which, uint32_t k)
{
    LowerAgent *agent = scope->agent;
    uint32_t participant = agent ? lower_participant(agent, alias) : INDEX_NONE;
    if (alias == scope->own)
        which = VIEW_LATEST;
    bool other = scope->self && !is_self(scope, alias);
    if (participant == INDEX_NONE || other) {
        lower_refuse(scope->lowering, expr->span, NULL, "reading `%.*s` here does not run yet", TEXT_ARGS(alias->name));
        emit_fail(scope);
        return INDEX_NONE;
    }
    if (scope->self)
        return 0;
    if (which == VIEW_INITIATOR && alias->step != scope->initiator_step) {
        lower_refuse(scope->lowering, expr->span, "only the innermost `from … to …` can be read",
                     "reading the opener of an outer event interval does not run yet");
        emit_fail(scope);
        return INDEX_NONE;
    }
    if (which != VIEW_INITIATOR && which != VIEW_LATEST && agent->plan->kind != AGENT_SEQUENCE) {
        lower_refuse(scope->lowering, expr->span, "`first(a.x)` and `last(a.x)` read the ends of a set",
                     "reading one member of a set does not run yet");
        emit_fail(scope);
        return INDEX_NONE;
    }
    uint32_t view = lower_view(agent, participant, which, k, expr->span);
    if (view == INDEX_NONE)
        emit_fail(scope);
    return view;
}

/* Whether what is read here is read after the event's own batch. */
static bool is_kept(const LowerScope *scope, uint32_t participant, ViewWhich which)
{
    return scope->self ? scope->self_kept : lower_keeps(scope->agent, participant, which);
}

static Reg header_read(LowerScope *scope, const ModelAlias *alias, ViewWhich which, uint32_t view, HeaderField field)
{
    uint32_t participant = lower_participant(scope->agent, alias);
    scope->agent->participants[participant].header |= is_kept(scope, participant, alias == scope->own ? VIEW_LATEST : which);
    return program_header(scope->builder, view, field);
}

/* An attribute of a participant, or something that is null exactly where there is no such event (row). */
static Reg emit_access(LowerScope *scope, const Expr *expr, const ModelAlias *alias, ViewWhich which, uint32_t k,
                       uint32_t attribute)
{
    LowerAgent *agent = scope->agent;
    uint32_t participant = agent ? lower_participant(agent, alias) : INDEX_NONE;
    if (participant != INDEX_NONE && alias->kind == ALIAS_ROW &&
        (scope->condition || agent->participants[participant].reading == ROW_INLINE)) {
        const LowerParticipant *p = &agent->participants[participant];
        if (!p->keys[0] && p->reading == ROW_VIEW)
            return emit_refuse(scope, expr, "reading a row that no key finds does not run in a condition yet");
        return emit_cell(scope, alias->table, emit_find(scope, alias->table, agent->participants[participant].keys), attribute);
    }
    uint32_t view = access_view(scope, expr, alias, which, k);
    if (view == INDEX_NONE)
        return REG_NONE;
    if (alias == scope->own)
        which = VIEW_LATEST;
    if (attribute == INDEX_NONE && alias->kind != ALIAS_ROW)
        return header_read(scope, alias, which, view, HEADER_TIME);
    if (attribute == INDEX_NONE)
        attribute = alias->table->keys[0];
    TypeKind type = alias->attributes[attribute].type->kind;
    if (!type_runs(type))
        return emit_fail(scope); /* refused where it is declared */
    return program_load(scope->builder, view, lower_slot(agent, participant, alias, attribute, is_kept(scope, participant, which)), type);
}

/* $certainty and $annotation: attributes behind the others, with what they are where nobody says. */
static Reg emit_annotation(LowerScope *scope, const Expr *expr, const ModelAccess *access, bool certainty)
{
    ProgramBuilder *b = scope->builder;
    uint32_t view = access_view(scope, expr, access->alias, access->which, access->k);
    if (view == INDEX_NONE)
        return REG_NONE;
    uint32_t participant = lower_participant(scope->agent, access->alias);
    uint32_t slot = lower_slot(scope->agent, participant, access->alias, access->alias->nattributes + !certainty,
                               is_kept(scope, participant, access->which));
    Reg otherwise = certainty ? program_constant(b, TYPE_FLOAT, (Cell){.f = 1}) : program_constant(b, TYPE_STRING, (Cell){.s = TEXT("")});
    Reg value = program_load(b, view, slot, certainty ? TYPE_FLOAT : TYPE_STRING);
    value = program_emit(b, OP_COALESCE, value, otherwise, REG_NONE);
    if (scope->self)
        return value; /* the event is there */
    Reg there = program_emit(b, OP_IS_NOT_NULL, header_read(scope, access->alias, access->which, view, HEADER_TIME), REG_NONE, REG_NONE);
    return program_emit(b, OP_SELECT, there, value, program_null(b, certainty ? TYPE_FLOAT : TYPE_STRING));
}

/* $text: all string values of the event, a line each. */
static Reg emit_whole_text(LowerScope *scope, const Expr *expr, const ModelAccess *access)
{
    ProgramBuilder *b = scope->builder;
    Reg all = REG_NONE, none = program_constant(b, TYPE_STRING, (Cell){.s = TEXT("")});
    Reg line = program_constant(b, TYPE_STRING, (Cell){.s = TEXT("\n")});
    for (uint32_t i = 0; i < access->alias->nattributes; i++) {
        if (access->alias->attributes[i].type->kind != TYPE_STRING)
            continue;
        Reg value = emit_access(scope, expr, access->alias, access->which, access->k, i);
        if (value == REG_NONE)
            return REG_NONE;
        value = program_emit(b, OP_COALESCE, value, none, REG_NONE);
        all = all == REG_NONE ? value : program_emit(b, OP_CONCAT, program_emit(b, OP_CONCAT, all, line, REG_NONE), value, REG_NONE);
    }
    return all == REG_NONE ? none : all;
}

/* The attribute that `source ATTR` names, if it is one for all types of the alias; INDEX_NONE otherwise. */
static uint32_t source_attribute(const ModelAlias *alias)
{
    Text name = {0};
    for (uint32_t i = 0; i < alias->nevents; i++) {
        uint32_t at = alias->events[i]->builtin ? INDEX_NONE : alias->events[i]->source_attribute;
        if (at == INDEX_NONE || (i && !text_is(name, alias->events[i]->attributes[at]->name)))
            return INDEX_NONE;
        name = alias->events[i]->attributes[at]->name;
    }
    for (uint32_t i = 0; i < alias->nattributes; i++)
        if (text_is(alias->attributes[i].name, name))
            return i;
    return INDEX_NONE;
}

static Reg emit_header(LowerScope *scope, const Expr *expr, const ModelAccess *access)
{
    static const struct {
        const char *name;
        HeaderField field;
    } fields[] = {{"$time", HEADER_TIME}, {"$detected", HEADER_DETECTED}, {"$id", HEADER_ID}, {"$type", HEADER_TYPE},
                  {"$source", HEADER_SOURCE}, {"$causes", HEADER_CAUSES}, {"$suppressed", HEADER_SUPPRESSED}};
    bool certainty = text_is_c(access->header, "$certainty");
    if (certainty || text_is_c(access->header, "$annotation"))
        return emit_annotation(scope, expr, access, certainty);
    if (text_is_c(access->header, "$text"))
        return emit_whole_text(scope, expr, access);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!text_is_c(access->header, fields[i].name))
            continue;
        uint32_t view = access_view(scope, expr, access->alias, access->which, access->k);
        Reg header = view == INDEX_NONE ? REG_NONE : header_read(scope, access->alias, access->which, view, fields[i].field);
        uint32_t own = fields[i].field == HEADER_SOURCE ? source_attribute(access->alias) : INDEX_NONE;
        if (header == REG_NONE || own == INDEX_NONE)
            return header;
        Reg value = emit_access(scope, expr, access->alias, access->which, access->k, own);
        return value == REG_NONE ? value : program_emit(scope->builder, OP_COALESCE, value, header, REG_NONE);
    }
    lower_refuse(scope->lowering, expr->span, NULL, "the header attribute `%.*s` does not run yet", TEXT_ARGS(access->header));
    return emit_fail(scope);
}

static uint32_t alias_attribute(const ModelAlias *alias, Text name)
{
    for (uint32_t i = 0; i < alias->nattributes; i++)
        if (text_is(alias->attributes[i].name, name))
            return i;
    assert(!"an attribute is inherited");
    return 0;
}

/* The event, or the attribute of it, that a bare name stands for: see LowerScope. */
static Reg emit_bare(LowerScope *scope, const Expr *expr, const ModelAttribute *attribute)
{
    uint32_t i = scope->received ? model_attribute(scope->received, attribute->name) : attribute->index;
    TypeKind type = attribute->type->kind;
    if (!type_runs(type))
        return emit_fail(scope);
    if (!scope->event && !scope->table && !scope->derive)
        return emit_refuse(scope, expr, "reading an attribute here does not run yet");
    const Expr *value = scope->derive ? scope->derive->values[i] : NULL;
    if (!value && !scope->computed && !scope->self)
        value = attribute->compute;
    if (!value && scope->self) /* of the general type, read through the alias of the special one */
        return emit_access(scope, expr, scope->self, VIEW_LATEST, 0, alias_attribute(scope->self, attribute->name));
    if (!value)
        return scope->derive ? program_null(scope->builder, type) : program_load(scope->builder, 0, i, type);
    if (!scope->bare) {
        uint32_t n = scope->event ? scope->event->nattributes : scope->table ? scope->table->ncolumns : scope->derive->event->nattributes;
        scope->bare = ARENA_ARRAY(scope->lowering->scratch, Reg, n);
    }
    if (!scope->bare[i]) {
        Reg r = lower_expr(scope, value, type);
        if (r == REG_NONE)
            return REG_NONE;
        scope->bare[i] = (Reg)(r + 1);
    }
    return (Reg)(scope->bare[i] - 1);
}

static Reg emit_let(LowerScope *scope, const Expr *expr)
{
    const ModelLet *let = expr->note;
    uint32_t i = (uint32_t)(let - scope->agent->model->lets);
    if (!scope->lets)
        scope->lets = ARENA_ARRAY(scope->lowering->scratch, Reg, scope->agent->model->nlets);
    if (!scope->lets[i]) {
        const LowerFrame *up = scope->frame;
        scope->frame = NULL;
        Reg r = lower_expr(scope, let->value, TYPE_KINDS);
        scope->frame = up;
        if (r == REG_NONE)
            return REG_NONE;
        scope->lets[i] = (Reg)(r + 1);
    }
    return (Reg)(scope->lets[i] - 1);
}

Reg emit_name(LowerScope *scope, const Expr *expr)
{
    switch ((Reference)expr->ref) {
    case REF_BARE_ATTRIBUTE:
        return emit_bare(scope, expr, expr->note);
    case REF_LET:
        return emit_let(scope, expr);
    case REF_SEVERITY:
        return program_constant(scope->builder, TYPE_INT, (Cell){.i = scope->lowering->plan->types[scope->received->index].severity});
    case REF_SEVERITY_VALUE:
        return program_constant(scope->builder, TYPE_INT, (Cell){.i = expr->integer});
    case REF_PARAM: {
        const ModelParam *param = expr->note;
        lower_depends(scope->lowering, param->declaration);
        return lower_expr_as(scope, param->value, param->type);
    }
    case REF_ALIAS: {
        const ModelAlias *alias = expr->note;
        if (alias->kind != ALIAS_ITEM)
            return emit_refuse(scope, expr, "this name as a value does not run yet");
        return program_unbox(scope->builder, program_item(scope->builder), emit_checked_type(expr));
    }
    case REF_ARGUMENT: {
        const ModelArgument *argument = expr->note;
        return scope->frame->arguments[argument->index];
    }
    default:
        return emit_refuse(scope, expr, "this name as a value does not run yet");
    }
}

/* Its number among all keys of the agent's context. */
static uint32_t keys_of(const ModelStep *step)
{
    return step->nbands ? 1 : step->nkeys;
}

/* The band's name is the only key of its step. */
static uint32_t band_number(const ModelAgent *agent, const ModelStep *step)
{
    uint32_t n = 0;
    for (const ModelStep *before = agent->steps; before < step; before++)
        n += keys_of(before);
    return n;
}

static uint32_t key_number(const ModelAgent *agent, const ModelKey *key)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < agent->nsteps; n += keys_of(&agent->steps[i++]))
        if (agent->steps[i].nkeys && key >= agent->steps[i].keys && key < agent->steps[i].keys + agent->steps[i].nkeys)
            return n + (uint32_t)(key - agent->steps[i].keys);
    assert(!"a key is of some step");
    return 0;
}

Reg emit_member(LowerScope *scope, const Expr *expr)
{
    switch ((Reference)expr->ref) {
    case REF_ATTRIBUTE: {
        const ModelAccess *access = expr->note;
        if (access->alias->kind == ALIAS_ITEM)
            return emit_field_of(scope, expr, program_item(scope->builder));
        return emit_access(scope, expr, access->alias, access->which, access->k, access->attribute);
    }
    case REF_HEADER:
        return emit_header(scope, expr, expr->note);
    case REF_EVENT_ATTRIBUTE:
        return emit_bare(scope, expr, expr->note);
    case REF_FIELD:
        return emit_field(scope, expr);
    case REF_COLUMN: {
        const ModelAttribute *column = expr->note;
        const Expr *row = expr->a;
        return emit_cell(scope, row->note, emit_find(scope, row->note, row->args), column->index);
    }
    case REF_CONTEXT_START:
        return program_context(scope->builder, CONTEXT_START, TYPE_TIME);
    case REF_CONTEXT_END:
        return program_context(scope->builder, CONTEXT_END, TYPE_TIME);
    case REF_CONTEXT_KEY: {
        const ModelKey *key = expr->note;
        if (!type_runs(key->type->kind))
            return emit_fail(scope);
        return program_context(scope->builder, CONTEXT_KEY + key_number(scope->agent->model, key), key->type->kind);
    }
    case REF_CONTEXT_BAND: {
        const ModelStep *step = expr->note;
        if (step->ast->kind != AST_CONTEXT_BANDS)
            return emit_fail(scope); /* refused where the context is lowered */
        return program_context(scope->builder, CONTEXT_KEY + band_number(scope->agent->model, step), TYPE_STRING);
    }
    default:
        return emit_refuse(scope, expr, "reading this does not run yet");
    }
}

Reg emit_is_null(LowerScope *scope, const Expr *expr)
{
    const Expr *a = expr->a;
    Reg r;
    if (a->kind == EXPR_NAME && a->ref == REF_ALIAS && a->type->class != CLASS_VALUE) {
        const ModelAlias *alias = a->note;
        ViewWhich which = alias->kind == ALIAS_OPENER ? VIEW_INITIATOR : VIEW_LATEST;
        r = emit_access(scope, a, alias, which, 0, INDEX_NONE);
    } else if (a->kind == EXPR_INDEX && a->ref == REF_MEMBER_AT) {
        const ModelAccess *access = a->note;
        r = emit_access(scope, a, access->alias, access->which, access->k, INDEX_NONE);
    } else if (a->kind == EXPR_INDEX && a->ref == REF_ROW) {
        r = emit_find(scope, a->note, a->args);
    } else {
        r = lower_expr(scope, a, TYPE_KINDS);
    }
    return r == REG_NONE ? r : program_emit(scope->builder, expr->negated ? OP_IS_NOT_NULL : OP_IS_NULL, r, REG_NONE, REG_NONE);
}
