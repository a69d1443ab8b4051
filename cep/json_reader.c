/* A line is walked once, in its own order. Each field's raw name is compared with the field that followed the
 * one before last time; values are read into `cells` by the attribute's type, and only a line that is good to
 * its end becomes a row. Of several kinds of event the one of the line before is taken for granted until the type
 * field says otherwise; then the line is begun again (STEP_OTHER_KIND).
 *
 * Strings are copied from the line to their final place in the arena eight bytes at a time, until a quote
 * ends them; only those with a backslash go through simdjson's unescaping. `room` is what is left of the
 * piece of the arena at hand; it always has room for a whole line, so that no string checks for it. */
#include "cep/json_line.h"

#include "cep/json_number.h"
#include "cep/zone.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define ENDS "the line ends before it does"

/* ── Header fields, the type field, and fields that nobody asked for ── */

static JsonStep read_header(JsonReader *j, JsonHeader header, const char *token)
{
    Text text;
    if (*token == 'n')
        return json_pass_over(j);
    j->at++;
    if (*token != '"' || !json_copy_string(j, token + 1, &text))
        return json_reject(j, "invalid", "%s: expected a string, got %s", header == JSON_ID ? "$id" : "$time",
                      json_kind_word(*token));
    if (header == JSON_TIME) {
        j->row->has_time = time_parse(text, NULL, false, &j->row->time);
        if (!j->row->has_time)
            return json_reject(j, "invalid", "$time: expected an RFC 3339 time, got %.*s",
                          text.len > 64 ? 64 : (int)text.len, text.p);
        return STEP_GO;
    }
    XXH128_hash_t hash = XXH3_128bits(text.p, text.len);
    j->row->has_id = true;
    j->row->id = (EventId){hash.high64 & ~EVENT_ID_INPUT, hash.low64};
    return STEP_GO;
}

static JsonStep unknown_type(JsonReader *j, Text wire)
{
    const JsonName *near = NULL;
    uint32_t least = 3;
    for (uint32_t i = 0; i < j->kinds.nnames; i++) {
        uint32_t distance = text_distance(wire, j->kinds.names[i].wire, 2);
        if (distance < least && distance < wire.len) {
            least = distance;
            near = &j->kinds.names[i];
        }
    }
    int shown = wire.len > 64 ? 64 : (int)wire.len;
    j->named = false;
    if (near)
        return json_reject(j, "unknown type", "no event is called `%.*s` here; did you mean `%.*s`?", shown, wire.p,
                      TEXT_ARGS(near->wire));
    return json_reject(j, "unknown type", "no event is called `%.*s` here", shown, wire.p);
}

/* Compares the type field with the kind taken for granted; numbers as their text. */
static JsonStep read_type(JsonReader *j, const char *token)
{
    Text wire;
    if (*token == '"') {
        wire = (Text){token + 1, (uint32_t)json_plain_length(token + 1)};
        if (wire.p[wire.len] == '\\' && !json_copy_string(j, token + 1, &wire))
            return json_reject(j, "malformed", "the type field has an escape that JSON does not have");
    } else if (*token == '{' || *token == '[') {
        return json_reject(j, "unknown type", "the type field `%.*s` holds %s", TEXT_ARGS(j->kinds.type_field),
                      json_kind_word(*token));
    } else {
        wire = json_token_text(j, token);
    }
    j->named = true;
    if (text_is(wire, j->wire))
        return STEP_GO;
    const JsonName *name = json_kind_named(&j->kinds, wire);
    if (!name)
        return unknown_type(j, wire);
    JsonKind *kind = j->kind;
    j->wire = name->wire;
    j->kind = name->kind;
    return kind == j->kind ? STEP_GO : STEP_OTHER_KIND;
}

/* ── The walk ── */

static bool is_named(const JsonField *field, const char *raw)
{
    if ((json_load(raw) & field->mask[0]) != field->word[0] || (json_load(raw + 8) & field->mask[1]) != field->word[1])
        return false;
    uint32_t len = field->name.len;
    return len < 16 || (memcmp(raw + 16, field->name.p + 16, len - 16) == 0 && raw[len] == '"');
}

/* The field of a raw name; NULL if nobody wants it or its escapes are wrong. */
static JsonField *find_field(JsonReader *j, const JsonLevel *level, const char *raw)
{
    size_t len = json_plain_length(raw);
    if (raw[len] == '"')
        return json_level_find(level, raw, len);
    return json_tokens_unescape(j->tokens, raw, j->room, &len) ? json_level_find(level, j->room, len) : NULL;
}

static JsonStep walk_object(JsonReader *j, JsonLevel *level);
static JsonStep walk_list(JsonReader *j, JsonLevel *level);

static JsonStep walk_field(JsonReader *j, JsonField *field)
{
    const char *token = json_token(j);
    if (field->names_type && !j->named) {
        JsonStep step = read_type(j, token);
        if (step != STEP_GO)
            return step;
    }
    if (field->attribute != JSON_NO_ATTRIBUTE)
        return json_read_attribute(j, field->attribute, token);
    if (field->header != JSON_NO_HEADER && field->header != JSON_OTHER)
        return read_header(j, field->header, token);
    if (field->inside && *token == '{')
        return walk_object(j, field->inside);
    if (field->inside && *token == '[')
        return walk_list(j, field->inside);
    return json_pass_over(j);
}

/* The field of the name at hand, or NULL; *guess learns it. */
static JsonField *next_field(JsonReader *j, const JsonLevel *level, const char *raw, JsonField **guess)
{
    JsonField *field = *guess;
    if (field && is_named(field, raw))
        return field;
    field = find_field(j, level, raw);
    if (field)
        *guess = field;
    else
        j->row->unknown++;
    return field;
}

static JsonStep walk_object(JsonReader *j, JsonLevel *level)
{
    JsonField **guess = &level->first;
    j->at++;
    if (json_take(j, '}'))
        return STEP_GO;
    for (;;) {
        if (j->stop - j->at < 3)
            return json_malformed(j, ENDS);
        const char *name = j->line + *j->at;
        if (*name != '"' || j->line[j->at[1]] != ':')
            return json_malformed(j, "a name and a colon are missing");
        j->at += 2;
        JsonField *field = next_field(j, level, name + 1, guess);
        JsonStep step = field ? walk_field(j, field) : json_pass_over(j);
        if (step != STEP_GO)
            return step;
        if (field)
            guess = &field->follower;
        char c = *json_token(j);
        if (c != ',' && c != '}')
            return json_malformed(j, j->at == j->stop ? ENDS : "a comma or a brace is missing");
        j->at++;
        if (c == '}')
            return STEP_GO;
    }
}

static JsonStep walk_list(JsonReader *j, JsonLevel *level)
{
    j->at++;
    if (json_take(j, ']'))
        return STEP_GO;
    for (uint32_t index = 0;; index++) {
        JsonField *field = NULL;
        for (uint32_t i = 0; i < level->n && !field; i++)
            if (level->fields[i]->index == index)
                field = level->fields[i];
        JsonStep step = field ? walk_field(j, field) : json_pass_over(j);
        if (step != STEP_GO)
            return step;
        if (json_take(j, ']'))
            return STEP_GO;
        if (!json_take(j, ','))
            return json_malformed(j, j->at == j->stop ? ENDS : "a comma or a bracket is missing");
    }
}

static JsonStep walk_tokens(JsonReader *j, JsonFields *fields)
{
    j->at = j->first;
    if (*json_token(j) != '{')
        return json_reject(j, "malformed", "not a JSON object");
    JsonStep step = walk_object(j, fields->root);
    if (step == STEP_GO && j->at != j->stop)
        return json_malformed(j, "something follows its end");
    return step;
}

/* The walk, begun again for another kind at most once, and for each further pass. */
static JsonStep walk_line(JsonReader *j, size_t len)
{
    char *room = j->room;
    JsonStep step;
    memset(j->seen, 0, sizeof j->seen);
    while ((step = walk_tokens(j, j->kind->fields)) == STEP_OTHER_KIND) {
        memset(j->seen, 0, sizeof j->seen);
        j->room = room;
        j->row->unknown = j->row->text_bytes = 0;
    }
    uint32_t unknown = j->row->unknown;
    for (JsonFields *pass = j->kind->fields->next_pass; pass && step == STEP_GO; pass = pass->next_pass) {
        json_room_for(j, len);
        step = walk_tokens(j, pass);
    }
    j->row->unknown = unknown;
    return step;
}

static JsonStep check_line(JsonReader *j)
{
    if (j->kinds.type_field.len && !j->named) {
        j->row->type = UINT32_MAX;
        return json_reject(j, "unknown type", "the field `%.*s`, which names the event's type, is missing",
                      TEXT_ARGS(j->kinds.type_field));
    }
    for (uint32_t w = 0; w * 64 < j->kind->nattributes; w++) {
        uint64_t missing = j->kind->required[w] & ~j->seen[w];
        if (missing)
            return json_reject(j, "invalid", "attribute `%.*s` of `%.*s` is missing",
                          TEXT_ARGS(j->kind->attributes[w * 64 + (uint32_t)__builtin_ctzll(missing)].name),
                          TEXT_ARGS(j->kind->name));
    }
    return STEP_GO;
}

/* What was read becomes a row. */
static void commit(JsonReader *j)
{
    Rows *rows = &j->rows[j->kind->type];
    uint32_t row = rows_add(rows, j->rows_memory);
    j->row->row = row;
    for (uint32_t w = 0; w * 64 < j->kind->nattributes; w++)
        for (uint64_t left = j->seen[w]; left; left &= left - 1) {
            uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(left);
            Column *column = &rows->columns[i];
            column->states[row] = STATE_OK;
            switch (column->type) {
            case TYPE_BOOL:
                ((uint8_t *)column->cells)[row] = j->cells[i].b;
                break;
            case TYPE_INT: case TYPE_FLOAT: case TYPE_TIME: case TYPE_DURATION:
                ((int64_t *)column->cells)[row] = j->cells[i].i;
                break;
            default:
                ((Cell *)column->cells)[row] = j->cells[i];
            }
        }
}

static JsonStep decode(JsonReader *j, const char *line, size_t len)
{
    uint32_t n;
    if (len > JSON_LINE_MAX)
        return json_reject(j, "malformed", "a line of more than %d bytes", JSON_LINE_MAX);
    if (j->kinds.n == 0)
        return json_reject(j, "unknown type", "no rule takes events from outside");
    const char *wrong = json_tokens_find(j->tokens, line, len, &j->first, &n);
    if (wrong)
        return json_malformed(j, wrong);
    j->stop = j->first + n;
    json_room_for(j, len);
    JsonStep step = walk_line(j, len);
    return step == STEP_GO ? check_line(j) : step;
}

static JsonReader *make(Memory *memory, uint32_t nesting_max)
{
    JsonReader *json = memory_new(memory, sizeof *json);
    json->memory = memory;
    json->nesting_max = nesting_max < JSON_NESTING_LIMIT ? nesting_max : JSON_NESTING_LIMIT;
    json->tokens = json_tokens_new();
    arena_init(&json->arena, memory);
    return json;
}

static void prepare(JsonReader *json)
{
    uint32_t widest = 1;
    for (uint32_t i = 0; i < json->kinds.n; i++)
        if (json->kinds.items[i].nattributes > widest)
            widest = json->kinds.items[i].nattributes;
    json->cells = ARENA_ARRAY(&json->arena, Cell, widest);
    json->kind = json->kinds.items;
}

JsonReader *json_reader_new(Memory *memory, const struct Plan *plan, const struct ProducerPlan *producer,
                        uint32_t nesting_max)
{
    JsonReader *json = make(memory, nesting_max);
    json_kinds_init(&json->kinds, &json->arena, plan, producer);
    prepare(json);
    return json;
}

JsonReader *json_reader_of(Memory *memory, const char *what, Text name, const struct Attribute *attributes, uint32_t n,
                       uint32_t nesting_max)
{
    JsonReader *json = make(memory, nesting_max);
    json_kinds_init_one(&json->kinds, &json->arena, what, name, attributes, n);
    prepare(json);
    return json;
}

void json_reader_free(JsonReader *json)
{
    if (!json)
        return;
    Memory *memory = json->memory;
    arena_fini(&json->arena);
    json_tokens_free(json->tokens);
    memory_free(memory, json, sizeof *json);
}

void json_reader_into(JsonReader *json, Rows *rows, Memory *memory, Arena *arena)
{
    json->rows = rows;
    json->rows_memory = memory;
    json->strings = arena;
    json->room = json->room_end = NULL;
}

bool json_reader_decode(JsonReader *json, const char *line, size_t len, JsonRow *row)
{
    memset(row, 0, sizeof *row);
    json->row = row;
    json->line = line;
    json->end = line + len;
    json->named = false;
    if (decode(json, line, len) != STEP_GO) {
        if (row->type != UINT32_MAX)
            row->type = json->named || !json->kinds.type_field.len ? json->kind->type : UINT32_MAX;
        return false;
    }
    row->type = json->kind->type;
    commit(json);
    return true;
}
