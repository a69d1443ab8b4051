#include "cep/json_fields.h"

#include "cep/plan.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t name_hash(const char *name, size_t len)
{
    uint64_t head = 0, tail = 0;
    if (len >= 8) {
        memcpy(&head, name, 8);
        memcpy(&tail, name + len - 8, 8);
    } else {
        memcpy(&head, name, len);
    }
    uint64_t h = (head ^ (tail * UINT64_C(0x9E3779B97F4A7C15)) ^ len) * UINT64_C(0xD6E8FEB86659FD93);
    return h ^ (h >> 32);
}

JsonField *json_level_find(const JsonLevel *level, const char *name, size_t len)
{
    uint32_t mask = (1u << level->bits) - 1;
    for (uint32_t i = (uint32_t)name_hash(name, len) & mask; level->slots[i]; i = (i + 1) & mask) {
        JsonField *field = level->slots[i];
        if (field->name.len == len && memcmp(field->name.p, name, len) == 0)
            return field;
    }
    return NULL;
}

/* Slots stay at most half full. */
static void level_index(JsonLevel *level, Arena *arena)
{
    level->bits = 2;
    while ((1u << level->bits) < 2 * level->n)
        level->bits++;
    uint32_t mask = (1u << level->bits) - 1;
    level->slots = ARENA_ARRAY(arena, JsonField *, mask + 1);
    for (uint32_t k = 0; k < level->n; k++) {
        JsonField *field = level->fields[k];
        uint32_t i = (uint32_t)name_hash(field->name.p, field->name.len) & mask;
        while (level->slots[i])
            i = (i + 1) & mask;
        level->slots[i] = field;
        if (field->inside)
            level_index(field->inside, arena);
    }
}

/* A name with a quote, a backslash or a control character is escaped in a line: such a guess never holds. */
static void field_expect(JsonField *field)
{
    char line[16] = {0};
    bool plain = true;
    for (uint32_t i = 0; i < field->name.len; i++)
        plain &= (unsigned char)field->name.p[i] >= ' ' && field->name.p[i] != '"' && field->name.p[i] != '\\';
    size_t n = field->name.len < sizeof line ? field->name.len : sizeof line;
    memcpy(line, field->name.p, n);
    if (n < sizeof line)
        line[n++] = '"';
    unsigned char mask[16] = {0};
    memset(mask, 0xFF, n);
    memcpy(field->word, line, sizeof line);
    memcpy(field->mask, mask, sizeof mask);
    if (!plain) {
        field->word[0] = 1;
        field->mask[0] = 0;
    }
}

static JsonLevel *level_new(Arena *arena)
{
    return ARENA_NEW(arena, JsonLevel);
}

/* Finds or makes the field of a path part; "[3]" is an index. */
static JsonField *level_field(JsonLevel *level, Arena *arena, Text name)
{
    for (uint32_t i = 0; i < level->n; i++)
        if (text_is(level->fields[i]->name, name))
            return level->fields[i];
    JsonField *field = ARENA_NEW(arena, JsonField);
    field->name = arena_text(arena, name);
    field->attribute = JSON_NO_ATTRIBUTE;
    field->index = JSON_NO_ATTRIBUTE;
    if (name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']')
        field->index = (uint32_t)strtoul(field->name.p + 1, NULL, 10);
    field_expect(field);
    level->fields = arena_grow(arena, level->fields, level->n, sizeof *level->fields);
    level->fields[level->n++] = field;
    return field;
}

static JsonField *fields_at(JsonFields *fields, Arena *arena, const Text *path, uint32_t n)
{
    JsonLevel *level = fields->root;
    JsonField *field = level_field(level, arena, path[0]);
    for (uint32_t i = 1; i < n; i++) {
        if (!field->inside)
            field->inside = level_new(arena);
        field = level_field(field->inside, arena, path[i]);
    }
    return field;
}

/* Whether an attribute of this path can be read in the same pass: nothing else is read from the field, from
 * one above it, or from one inside it. */
static bool fields_free(const JsonFields *fields, const Text *path, uint32_t n)
{
    const JsonLevel *level = fields->root;
    for (uint32_t i = 0; i < n; i++) {
        const JsonField *found = NULL;
        for (uint32_t k = 0; level && k < level->n && !found; k++)
            if (text_is(level->fields[k]->name, path[i]))
                found = level->fields[k];
        if (!found)
            return true;
        if (found->attribute != JSON_NO_ATTRIBUTE || (found->header != JSON_NO_HEADER && found->header != JSON_OTHER))
            return false;
        level = found->inside;
    }
    return level == NULL;
}

static JsonFields *fields_empty(Arena *arena)
{
    JsonFields *fields = ARENA_NEW(arena, JsonFields);
    fields->root = level_new(arena);
    return fields;
}

static void add_attribute(JsonFields *fields, Arena *arena, const Attribute *attribute, uint32_t index)
{
    const Text *path = attribute->npath ? attribute->path : &attribute->name;
    uint32_t n = attribute->npath ? attribute->npath : 1;
    while (!fields_free(fields, path, n)) {
        if (!fields->next_pass)
            fields->next_pass = fields_empty(arena);
        fields = fields->next_pass;
    }
    fields_at(fields, arena, path, n)->attribute = index;
}

static void add_type_field(JsonFields *fields, Arena *arena, Text path)
{
    Text *parts = NULL;
    uint32_t n = 0;
    for (uint32_t start = 0, i = 0; i <= path.len; i++) {
        if (i < path.len && path.p[i] != '.')
            continue;
        parts = arena_grow(arena, parts, n, sizeof *parts);
        parts[n++] = (Text){path.p + start, i - start};
        start = i + 1;
    }
    fields_at(fields, arena, parts, n)->names_type = true;
}

static void add_headers(JsonFields *fields, Arena *arena)
{
    static const struct {
        const char *name;
        JsonHeader header;
    } headers[] = {
        {"$id", JSON_ID},           {"$time", JSON_TIME},        {"$source", JSON_OTHER},
        {"$certainty", JSON_OTHER}, {"$annotation", JSON_OTHER},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        fields_at(fields, arena, &(Text){headers[i].name, (uint32_t)strlen(headers[i].name)}, 1)->header =
            headers[i].header;
}

JsonFields *json_fields_new(Arena *arena, const Attribute *attributes, uint32_t n, Text type_field, bool headers)
{
    JsonFields *fields = fields_empty(arena);
    if (headers)
        add_headers(fields, arena);
    for (uint32_t i = 0; i < n; i++)
        if (!attributes[i].compute)
            add_attribute(fields, arena, &attributes[i], i);
    if (type_field.len)
        add_type_field(fields, arena, type_field);
    for (JsonFields *pass = fields; pass; pass = pass->next_pass)
        level_index(pass->root, arena);
    return fields;
}
