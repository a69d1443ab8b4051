/* Values of attributes: each type's forms on the wire. */
#include "cep/json_line.h"

#include "cep/base64.h"
#include "cep/cell_text.h"
#include "cep/composite.h"
#include "cep/decimal.h"
#include "cep/json_number.h"
#include "cep/plan.h"
#include "cep/zone.h"

static JsonStep wrong_type(JsonReader *j, const JsonAttribute *a, const char *expected, char got)
{
    return json_reject(j, "invalid", "attribute `%.*s` of `%.*s`: expected %s, got %s", TEXT_ARGS(a->name),
                  TEXT_ARGS(j->kind->name), expected, json_kind_word(got));
}

static JsonStep wrong_value(JsonReader *j, const JsonAttribute *a, const char *expected, Text got)
{
    int shown = got.len > 64 ? 64 : (int)got.len;
    return json_reject(j, "invalid", "attribute `%.*s` of `%.*s`: expected %s, got %.*s", TEXT_ARGS(a->name),
                  TEXT_ARGS(j->kind->name), expected, shown, got.p);
}

static JsonStep read_int(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    JsonNumber n;
    if (!json_begins_number(*token))
        return wrong_type(j, a, "a number", *token);
    if (!json_number_read(token, &n) || !json_ends_token(j, n.end) || !json_number_whole(token, &n, &cell->i))
        return wrong_value(j, a, cell_expected(TYPE_INT, 0), json_token_text(j, token));
    return STEP_GO;
}

static bool read_double(const JsonReader *j, const char *token, double *value)
{
    JsonNumber n;
    return json_begins_number(*token) && json_number_read(token, &n) && json_ends_token(j, n.end) &&
           json_number_double(token, &n, value);
}

static JsonStep read_float(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    if (!json_begins_number(*token))
        return wrong_type(j, a, "a number", *token);
    if (!read_double(j, token, &cell->f))
        return wrong_value(j, a, "a number", json_token_text(j, token));
    return STEP_GO;
}

static JsonStep read_bool(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    cell->b = json_is_literal(j, token, "true");
    if (!cell->b && !json_is_literal(j, token, "false"))
        return wrong_type(j, a, "true or false", *token == 't' || *token == 'f' ? '?' : *token);
    return STEP_GO;
}

static JsonStep read_string(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    if (*token != '"')
        return wrong_type(j, a, "a string", *token);
    if (!json_copy_string(j, token + 1, &cell->s))
        return wrong_value(j, a, "a string", TEXT("one with an escape that JSON does not have"));
    json_take_string(j, cell->s);
    return STEP_GO;
}

/* A number of units, exactly. */
static bool read_units(const JsonReader *j, int64_t unit, const char *token, int64_t *ns)
{
    JsonNumber n;
    int64_t whole;
    if (!json_number_read(token, &n) || !json_ends_token(j, n.end))
        return false;
    if (n.whole)
        return json_number_whole(token, &n, &whole) && !__builtin_mul_overflow(whole, unit, ns);
    return decimal_parse((Text){token, (uint32_t)(n.end - token)}, unit, ns);
}

/* Times and durations: a number of units, or a text of a form of its own. */
static JsonStep read_span(JsonReader *j, const JsonAttribute *a, int64_t unit, const char *token, Cell *cell)
{
    const char *expected = cell_expected(a->type, a->unit);
    if (json_begins_number(*token) && unit) {
        if (!read_units(j, unit, token, &cell->i))
            return wrong_value(j, a, expected, json_token_text(j, token));
        return STEP_GO;
    }
    if (*token != '"')
        return wrong_type(j, a, expected, *token);
    Text text = {token + 1, (uint32_t)json_plain_length(token + 1)};
    if (text.p[text.len] == '\\' && !json_copy_string(j, token + 1, &text))
        return wrong_value(j, a, expected, TEXT("a string with an escape that JSON does not have"));
    bool good = a->type == TYPE_DURATION ? duration_parse(text, &cell->i) : time_parse(text, NULL, false, &cell->i);
    return good ? STEP_GO : wrong_value(j, a, expected, text);
}

/* [lon, lat], or [lon, lat, altitude] as GeoJSON allows. */
static bool read_coordinates(JsonReader *j, Point *point)
{
    double numbers[3];
    size_t n = 0;
    if (!json_take(j, '['))
        return false;
    do {
        if (n == 3 || !read_double(j, json_token(j), &numbers[n++]))
            return false;
        j->at++;
    } while (json_take(j, ','));
    if (n < 2 || !json_take(j, ']'))
        return false;
    *point = (Point){numbers[0], numbers[1]};
    return true;
}

static bool is_key(const char *token, const char *name)
{
    size_t n = strlen(name);
    return strncmp(token + 1, name, n) == 0 && token[n + 1] == '"';
}

static bool read_axis(JsonReader *j, double *value)
{
    if (!read_double(j, json_token(j), value))
        return false;
    j->at++;
    return true;
}

/* One member of a point's object; *got gathers what is known. */
static bool read_point_member(JsonReader *j, Point *point, int *got)
{
    enum { X = 1, Y = 2 };
    const char *key = json_token(j);
    if (*key != '"')
        return false;
    j->at++;
    if (!json_take(j, ':'))
        return false;
    if (is_key(key, "lon") || is_key(key, "x")) {
        *got |= X;
        return read_axis(j, &point->x);
    }
    if (is_key(key, "lat") || is_key(key, "y")) {
        *got |= Y;
        return read_axis(j, &point->y);
    }
    if (is_key(key, "coordinates")) {
        *got = X | Y;
        return read_coordinates(j, point);
    }
    if (is_key(key, "type") && strncmp(json_token(j), "\"Point\"", 7) != 0)
        return false;
    return json_pass_over(j) == STEP_GO;
}

static bool read_point_object(JsonReader *j, Point *point)
{
    int got = 0;
    if (!json_take(j, '{'))
        return false;
    do {
        if (!read_point_member(j, point, &got))
            return false;
    } while (json_take(j, ','));
    return got == 3 && json_take(j, '}');
}

/* An attribute of more than one token: leaves `at` at its last. */
static JsonStep read_point(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    bool good = *token == '[' ? read_coordinates(j, &cell->p) : *token == '{' && read_point_object(j, &cell->p);
    if (!good)
        return wrong_type(j, a, "a point ([lon, lat], {\"lon\", \"lat\"} or GeoJSON)", *token);
    j->at--;
    return STEP_GO;
}

static JsonStep read_decimal(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    Text text = json_token_text(j, token);
    uint8_t state = STATE_OK;
    if (*token == '"' && !json_copy_string(j, token + 1, &text))
        return wrong_value(j, a, "a number", TEXT("a string with an escape that JSON does not have"));
    cell->d = decimal_of_text(text, &state);
    return state == STATE_OK ? STEP_GO : wrong_value(j, a, "a number of nine digits behind the point", text);
}

static JsonStep read_bytes(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    Text text;
    if (*token != '"')
        return wrong_type(j, a, "bytes in base64", *token);
    if (!json_copy_string(j, token + 1, &text) || !base64_bytes(text, j->strings, &cell->s))
        return wrong_value(j, a, "bytes in base64", json_token_text(j, token));
    return STEP_GO;
}

static JsonStep read_cell(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell);

/* ── Lists, records, maps, any: read item by item, each as an attribute of its own ── */

static JsonStep read_item(JsonReader *j, const JsonAttribute *a, const ValueType *type, Text *item);

static JsonStep read_items(JsonReader *j, const JsonAttribute *a, const ValueType *of, Text *list)
{
    CompositeWriter writer;
    uint8_t state = STATE_OK;
    composite_open(&writer, TYPE_LIST, j->strings);
    if (!json_take(j, '['))
        return wrong_type(j, a, "a list", *json_token(j));
    for (bool first = true; !json_take(j, ']'); first = false) {
        Text item;
        if (!first && !json_take(j, ','))
            return json_malformed(j, "a comma or a bracket is missing");
        JsonStep step = read_item(j, a, of ? of->element : NULL, &item);
        if (step != STEP_GO)
            return step;
        composite_write(&writer, (Text){0}, item);
    }
    *list = composite_close(&writer, &state);
    return state == STATE_OK ? STEP_GO : wrong_value(j, a, "a list", TEXT("one that is too long"));
}

/* What the entry of an object holds; a record passes over names that it does not have. */
static const ValueType *entry_type(const ValueType *of, Text name, bool *wanted)
{
    *wanted = true;
    if (!of || of->kind != TYPE_RECORD)
        return of ? of->element : NULL;
    for (uint32_t i = 0; i < of->nfields; i++)
        if (text_is(of->names[i], name))
            return &of->fields[i];
    *wanted = false;
    return NULL;
}

static JsonStep read_entry(JsonReader *j, const JsonAttribute *a, const ValueType *of, CompositeWriter *writer)
{
    const char *token = json_token(j);
    Text name, item;
    bool wanted;
    if (*token != '"' || !json_copy_string(j, token + 1, &name))
        return json_malformed(j, "a name and a colon are missing");
    json_take_string(j, name);
    j->at++;
    if (!json_take(j, ':'))
        return json_malformed(j, "a name and a colon are missing");
    const ValueType *type = entry_type(of, name, &wanted);
    if (!wanted)
        return json_pass_over(j);
    JsonStep step = read_item(j, a, type, &item);
    if (step == STEP_GO)
        composite_write(writer, name, item);
    return step;
}

static JsonStep read_entries(JsonReader *j, const JsonAttribute *a, const ValueType *of, Text *object)
{
    CompositeWriter writer;
    uint8_t state = STATE_OK;
    composite_open(&writer, of && of->kind == TYPE_RECORD ? TYPE_RECORD : TYPE_MAP, j->strings);
    if (!json_take(j, '{'))
        return wrong_type(j, a, "an object", *json_token(j));
    for (bool first = true; !json_take(j, '}'); first = false) {
        if (!first && !json_take(j, ','))
            return json_malformed(j, "a comma or a brace is missing");
        JsonStep step = read_entry(j, a, of, &writer);
        if (step != STEP_GO)
            return step;
    }
    *object = composite_close(&writer, &state);
    if (state != STATE_OK)
        return wrong_value(j, a, "an object", TEXT("one that is too long"));
    for (uint32_t i = 0; of && i < of->nfields; i++)
        if (!of->fields[i].optional && !composite_has_name(*object, of->names[i]))
            return json_reject(j, "invalid", "attribute `%.*s` of `%.*s`: the field `%.*s` is missing", TEXT_ARGS(a->name),
                               TEXT_ARGS(j->kind->name), TEXT_ARGS(of->names[i]));
    return STEP_GO;
}

/* The type of a scalar that nobody declared. */
static TypeKind guessed(const JsonReader *j, const char *token)
{
    JsonNumber n;
    if (*token == '"')
        return TYPE_STRING;
    if (!json_begins_number(*token))
        return TYPE_BOOL;
    int64_t whole;
    bool is_whole = json_number_read(token, &n) && json_ends_token(j, n.end) && n.whole && json_number_whole(token, &n, &whole);
    return is_whole ? TYPE_INT : TYPE_FLOAT;
}

static JsonStep read_item(JsonReader *j, const JsonAttribute *a, const ValueType *type, Text *item)
{
    const char *token = json_token(j);
    TypeKind kind = type ? type->kind : TYPE_ANY;
    if (*token == 'n' && json_is_literal(j, token, "null")) {
        if (type && !type->optional && kind != TYPE_ANY)
            return wrong_value(j, a, cell_expected(kind, 0), TEXT("null"));
        *item = composite_box(TYPE_ANY, STATE_NULL, (Cell){0}, j->strings);
        j->at++;
        return STEP_GO;
    }
    bool list = kind == TYPE_LIST || (kind == TYPE_ANY && *token == '[');
    if (list || kind == TYPE_RECORD || kind == TYPE_MAP || (kind == TYPE_ANY && *token == '{')) {
        const ValueType *of = kind == TYPE_ANY ? NULL : type;
        if (++j->depth > COMPOSITE_DEPTH_MAX)
            return wrong_value(j, a, "a value", TEXT("one that is nested too deeply"));
        JsonStep step = list ? read_items(j, a, of, item) : read_entries(j, a, of, item);
        j->depth--;
        return step;
    }
    JsonAttribute scalar = {a->name, kind == TYPE_ANY ? guessed(j, token) : kind, 0, NULL, false};
    Cell cell;
    JsonStep step = read_cell(j, &scalar, token, &cell);
    j->at++;
    if (step == STEP_GO)
        *item = composite_box(scalar.type, STATE_OK, cell, j->strings);
    return step;
}

/* Leaves `at` at the last token, as read_point does. */
static JsonStep read_composite(JsonReader *j, const JsonAttribute *a, Cell *cell)
{
    ValueType any = {.kind = TYPE_ANY};
    j->depth = 0;
    JsonStep step = read_item(j, a, a->of ? a->of : &any, &cell->s);
    j->at--;
    return step;
}

static JsonStep read_cell(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    switch (a->type) {
    case TYPE_INT:
        return read_int(j, a, token, cell);
    case TYPE_FLOAT:
        return read_float(j, a, token, cell);
    case TYPE_STRING:
        return read_string(j, a, token, cell);
    case TYPE_BOOL:
        return read_bool(j, a, token, cell);
    case TYPE_TIME:
        return read_span(j, a, a->unit, token, cell);
    case TYPE_DURATION:
        return read_span(j, a, NS_PER_SECOND, token, cell);
    case TYPE_POINT:
        return read_point(j, a, token, cell);
    case TYPE_DECIMAL:
        return read_decimal(j, a, token, cell);
    case TYPE_BYTES:
        return read_bytes(j, a, token, cell);
    default:
        return read_composite(j, a, cell);
    }
}

/* Reads the value at hand and passes it. */
JsonStep json_read_attribute(JsonReader *j, uint32_t index, const char *token)
{
    uint64_t bit = UINT64_C(1) << (index % 64);
    if (*token == 'n' && json_is_literal(j, token, "null")) {
        j->seen[index / 64] &= ~bit;
        j->at++;
        return STEP_GO;
    }
    const JsonAttribute *a = &j->kind->attributes[index];
    Cell *cell = &j->cells[index];
    j->seen[index / 64] |= bit;
    JsonStep step = read_cell(j, a, token, cell);
    if (step == STEP_REJECTED && a->lenient) {
        j->seen[index / 64] &= ~bit;
        j->row->reason = NULL;
        j->row->detail = (Text){0};
        return json_pass_over(j);
    }
    j->at++;
    return step;
}
