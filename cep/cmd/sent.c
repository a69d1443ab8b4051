#include "cep/cmd/sent.h"

#include <stdlib.h>

/* An attribute and where it goes. Attributes that share the beginning of their paths share the objects there. */
typedef struct Field {
    const Text *path;
    uint32_t npath;
    uint32_t attribute;
} Field;

typedef struct Fields {
    Out *out;
    const Sent *sent;
    Field *items;
    uint32_t n;
} Fields;

static void write_value(Fields *fields, const Field *field)
{
    out_json_cell(fields->out, fields->sent->type->attributes[field->attribute].type,
                  fields->sent->cells[field->attribute]);
}

static bool shares(const Field *a, const Field *b, uint32_t depth)
{
    if (b->npath <= depth)
        return false;
    for (uint32_t i = 0; i < depth; i++)
        if (!text_is(a->path[i], b->path[i]))
            return false;
    return true;
}

static void write_level(Fields *fields, const Field *like, uint32_t depth);

/* The value at path[0 … depth] of a field: its own, or an object of all that go on from there. */
static void write_member(Fields *fields, const Field *field, uint32_t depth)
{
    if (field->npath == depth + 1)
        write_value(fields, field);
    else
        write_level(fields, field, depth + 1);
}

/* "[3]" is 3; "[*]" is any element, so the first. */
static uint32_t index_of(Text part)
{
    return part.len > 2 ? (uint32_t)strtoul(part.p + 1, NULL, 10) : 0;
}

static void write_list(Fields *fields, const Field *like, uint32_t depth)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < fields->n; i++)
        if (shares(like, &fields->items[i], depth) && index_of(fields->items[i].path[depth]) >= n)
            n = index_of(fields->items[i].path[depth]) + 1;
    out_char(fields->out, '[');
    for (uint32_t k = 0; k < n; k++) {
        const Field *found = NULL;
        for (uint32_t i = 0; i < fields->n && !found; i++)
            if (shares(like, &fields->items[i], depth) && index_of(fields->items[i].path[depth]) == k)
                found = &fields->items[i];
        if (k)
            out_char(fields->out, ',');
        if (found)
            write_member(fields, found, depth);
        else
            out_text(fields->out, "null");
    }
    out_char(fields->out, ']');
}

/* The members of an object: all fields whose paths begin like the first depth parts of this one. */
static void write_members(Fields *fields, const Field *like, uint32_t depth, bool first)
{
    for (uint32_t i = 0; i < fields->n; i++) {
        const Field *field = &fields->items[i];
        if (!shares(like, field, depth))
            continue;
        bool written = false; /* by an earlier field that goes through the same member */
        for (uint32_t j = 0; j < i && !written; j++)
            written = shares(field, &fields->items[j], depth + 1);
        if (written)
            continue;
        if (!first)
            out_char(fields->out, ',');
        first = false;
        out_json_string(fields->out, field->path[depth]);
        out_char(fields->out, ':');
        write_member(fields, field, depth);
    }
}

static void write_level(Fields *fields, const Field *like, uint32_t depth)
{
    if (like->path[depth].len && like->path[depth].p[0] == '[') {
        write_list(fields, like, depth);
        return;
    }
    out_char(fields->out, '{');
    write_members(fields, like, depth, true);
    out_char(fields->out, '}');
}

void sent_json(Out *out, const Sent *sent, Arena *arena)
{
    const EventType *type = sent->type;
    Fields fields = {.out = out, .sent = sent, .items = ARENA_ARRAY(arena, Field, type->nattributes)};
    for (uint32_t i = 0; i < type->nattributes; i++) {
        const Attribute *attribute = &type->attributes[i];
        if (sent->states[i] != STATE_OK)
            continue;
        fields.items[fields.n++] = (Field){
            .path = attribute->npath ? attribute->path : &attribute->name,
            .npath = attribute->npath ? attribute->npath : 1,
            .attribute = i,
        };
    }
    out_text(out, "{\"type\":");
    out_json_string(out, type->wire);
    if (sent->time != TIME_NONE) {
        out_text(out, ",\"$time\":");
        out_json_time(out, sent->time);
    }
    if (sent->id.len) {
        out_text(out, ",\"$id\":");
        out_json_string(out, sent->id);
    }
    if (fields.n)
        write_members(&fields, &fields.items[0], 0, false);
    out_char(out, '}');
}
