/* Types: interned, so that two are the same when their pointers are.
 *
 * A numeric literal has no type until it meets one: `whole` for 42, `real` for 1.5. expr_settle writes the
 * type it takes back into the tree, so no such type is left in a checked expression. */
#include "rules/check.h"

static const char *const class_words[] = {
    [CLASS_VALUE] = "value",    [CLASS_NULL] = "null",   [CLASS_EVENT] = "event",
    [CLASS_ROW] = "row",        [CLASS_TABLE] = "table", [CLASS_TUPLE] = "composite key",
    [CLASS_REGEX] = "regular expression", [CLASS_NETS] = "set of networks", [CLASS_CONTEXT] = "context",
    [CLASS_ERROR] = "error",
};

Text type_text(const Type *type, Arena *arena)
{
    if (type->class != CLASS_VALUE)
        return text_of(class_words[type->class]);
    const char *mark = type->optional ? "?" : "";
    Text inner;
    switch (type->kind) {
    case TYPE_LIST:
    case TYPE_MAP:
        inner = type_text(type->element, arena);
        return arena_printf(arena, "%s<%.*s>%s", type_word(type->kind), TEXT_ARGS(inner), mark);
    case TYPE_RECORD: {
        Text text = TEXT("record {");
        for (uint32_t i = 0; i < type->nfields; i++) {
            inner = type_text(type->fields[i].type, arena);
            text = arena_printf(arena, "%.*s%s %.*s : %.*s", TEXT_ARGS(text), i ? "," : "",
                                TEXT_ARGS(type->fields[i].name), TEXT_ARGS(inner));
        }
        return arena_printf(arena, "%.*s }%s", TEXT_ARGS(text), mark);
    }
    default:
        return arena_printf(arena, "%s%s", type_word(type->kind), mark);
    }
}

/* Types without parts are the same in every run and never written to, so a tree may keep them for ever. */
static Type plain[TYPE_KINDS][2] = {
#define X(name, word, size, runs) \
    [TYPE_##name] = {{.class = CLASS_VALUE, .kind = TYPE_##name}, {.class = CLASS_VALUE, .kind = TYPE_##name, .optional = true}},
#include "cep/types.def"
#undef X
};
static Type whole[2] = {{.class = CLASS_VALUE, .kind = TYPE_INT}, {.class = CLASS_VALUE, .kind = TYPE_INT, .optional = true}};
static Type real[2] = {{.class = CLASS_VALUE, .kind = TYPE_FLOAT}, {.class = CLASS_VALUE, .kind = TYPE_FLOAT, .optional = true}};
static Type singles[] = {
    [CLASS_NULL] = {.class = CLASS_NULL},   [CLASS_EVENT] = {.class = CLASS_EVENT},     [CLASS_ROW] = {.class = CLASS_ROW},
    [CLASS_TABLE] = {.class = CLASS_TABLE}, [CLASS_TUPLE] = {.class = CLASS_TUPLE},     [CLASS_REGEX] = {.class = CLASS_REGEX},
    [CLASS_NETS] = {.class = CLASS_NETS},   [CLASS_CONTEXT] = {.class = CLASS_CONTEXT}, [CLASS_ERROR] = {.class = CLASS_ERROR},
};

void types_init(Checker *check)
{
    Types *types = &check->types;
    for (int optional = 0; optional < 2; optional++) {
        for (TypeKind kind = 0; kind < TYPE_KINDS; kind++)
            types->plain[kind][optional] = &plain[kind][optional];
        types->whole[optional] = &whole[optional];
        types->real[optional] = &real[optional];
    }
    types->null = &singles[CLASS_NULL];
    types->error = &singles[CLASS_ERROR];
    types->event = &singles[CLASS_EVENT];
    types->row = &singles[CLASS_ROW];
    types->table = &singles[CLASS_TABLE];
    types->tuple = &singles[CLASS_TUPLE];
    types->regex = &singles[CLASS_REGEX];
    types->nets = &singles[CLASS_NETS];
    types->context = &singles[CLASS_CONTEXT];
}

Type *type_plain(const Checker *check, TypeKind kind, bool optional)
{
    return check->types.plain[kind][optional];
}

static Type *intern(Checker *check, Type draft)
{
    Text text = type_text(&draft, check->arena);
    NameEntry *entry = names_find(&check->types.composed, text);
    if (entry)
        return entry->what;
    Type *type = ARENA_NEW(check->arena, Type);
    *type = draft;
    names_add(&check->types.composed, check->arena, text, (Span){0}, type);
    return type;
}

Type *type_list(Checker *check, Type *element, bool optional)
{
    return intern(check, (Type){.class = CLASS_VALUE, .kind = TYPE_LIST, .optional = optional, .element = element});
}

Type *type_map(Checker *check, Type *element, bool optional)
{
    return intern(check, (Type){.class = CLASS_VALUE, .kind = TYPE_MAP, .optional = optional, .element = element});
}

Type *type_record(Checker *check, TypeField *fields, uint32_t n, bool optional)
{
    return intern(check, (Type){.class = CLASS_VALUE, .kind = TYPE_RECORD, .optional = optional,
                                .fields = fields, .nfields = n});
}

Type *type_with(Checker *check, Type *type, bool optional)
{
    Types *types = &check->types;
    if (type->class != CLASS_VALUE || type->optional == optional)
        return type;
    if (type_is_literal(check, type))
        return type->kind == TYPE_INT ? types->whole[optional] : types->real[optional];
    if (type == types->plain[type->kind][!optional])
        return types->plain[type->kind][optional];
    Type draft = *type;
    draft.optional = optional;
    return intern(check, draft);
}

static const TypeKind written_kinds[WRITTEN_TYPE_COUNT] = {
#define X(kind, word) [WRITTEN_##kind] = TYPE_##kind,
#include "rules/written_type.def"
#undef X
};

Type *type_written(Checker *check, WrittenType *written)
{
    Type *type;
    switch (written->kind) {
    case WRITTEN_LIST:
        type = type_list(check, type_written(check, written->element), written->optional);
        break;
    case WRITTEN_MAP:
        type = type_map(check, type_written(check, written->element), written->optional);
        break;
    case WRITTEN_RECORD: {
        TypeField *fields = ARENA_ARRAY(check->arena, TypeField, written->field_count);
        Names seen = {0};
        for (uint32_t i = 0; i < written->field_count; i++) {
            Name *name = &written->fields[i].name;
            NameEntry *first = names_add(&seen, check->arena, name->text, name->span, fields);
            if (first)
                diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, name->span,
                                                 "the record has two fields `%.*s`", TEXT_ARGS(name->text)),
                                 first->span, "the first stands here");
            fields[i] = (TypeField){name->text, type_written(check, written->fields[i].type)};
        }
        type = type_record(check, fields, written->field_count, written->optional);
        break;
    }
    default:
        type = type_plain(check, written_kinds[written->kind], written->optional);
    }
    return written->type = type;
}

bool type_is_error(const Type *type)
{
    return type->class == CLASS_ERROR;
}

bool type_is_literal(const Checker *check, const Type *type)
{
    const Types *types = &check->types;
    return type == types->whole[0] || type == types->whole[1] || type == types->real[0] || type == types->real[1];
}

bool type_is(const Type *type, TypeKind kind)
{
    return type->class == CLASS_VALUE && type->kind == kind;
}

bool type_is_numeric(const Type *type)
{
    return type->class == CLASS_VALUE &&
           (type->kind == TYPE_INT || type->kind == TYPE_FLOAT || type->kind == TYPE_DECIMAL);
}

bool type_is_ordered(const Type *type)
{
    if (type->class != CLASS_VALUE)
        return type->class == CLASS_ERROR || type->class == CLASS_NULL;
    switch (type->kind) {
    case TYPE_INT: case TYPE_FLOAT: case TYPE_DECIMAL: case TYPE_STRING: case TYPE_TIME: case TYPE_DURATION:
    case TYPE_ANY:
        return true;
    default:
        return false;
    }
}

Type *type_join(Checker *check, Type *a, Type *b)
{
    Types *types = &check->types;
    if (type_is_error(a) || type_is_error(b))
        return types->error;
    if (a->class == CLASS_NULL)
        return b->class == CLASS_VALUE || b->class == CLASS_NULL ? type_with(check, b, true) : NULL;
    if (b->class == CLASS_NULL)
        return a->class == CLASS_VALUE ? type_with(check, a, true) : NULL;
    if (a->class != CLASS_VALUE || b->class != CLASS_VALUE)
        return NULL;
    bool optional = a->optional || b->optional;
    bool a_literal = type_is_literal(check, a), b_literal = type_is_literal(check, b);
    if (a_literal && b_literal)
        return a->kind == TYPE_FLOAT || b->kind == TYPE_FLOAT ? types->real[optional] : types->whole[optional];
    if (a_literal || b_literal) {
        Type *literal = a_literal ? a : b, *other = a_literal ? b : a;
        if (other->kind == TYPE_ANY || other->kind == TYPE_DECIMAL || other->kind == TYPE_FLOAT)
            return type_with(check, other, optional);
        if (other->kind == TYPE_INT)
            return type_plain(check, literal->kind, optional);
        return NULL;
    }
    if (a->kind == TYPE_ANY || b->kind == TYPE_ANY)
        return type_plain(check, TYPE_ANY, optional);
    if ((a->kind == TYPE_INT && b->kind == TYPE_FLOAT) || (a->kind == TYPE_FLOAT && b->kind == TYPE_INT))
        return type_plain(check, TYPE_FLOAT, optional);
    Type *a_plain = type_with(check, a, optional), *b_plain = type_with(check, b, optional);
    return a_plain == b_plain ? a_plain : NULL;
}

Text type_phrase(Checker *check, const Type *type)
{
    if (type->class == CLASS_NULL)
        return TEXT("null");
    Text text = type_text(type, check->arena);
    bool optional = type->class == CLASS_VALUE && type->optional;
    if (optional)
        text.len--;
    return arena_printf(check->arena, "%s %.*s%s", memchr("aei", text.p[0], 3) ? "an" : "a", TEXT_ARGS(text),
                        optional ? " that may be missing" : "");
}
