/* Values of attributes: each type's forms on the wire. */
#include "cep/json_line.h"

#include "cep/cell_text.h"
#include "cep/json_number.h"
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

/* The only attribute of more than one token: leaves `at` behind it. */
static JsonStep read_point(JsonReader *j, const JsonAttribute *a, const char *token, Cell *cell)
{
    bool good = *token == '[' ? read_coordinates(j, &cell->p) : *token == '{' && read_point_object(j, &cell->p);
    if (!good)
        return wrong_type(j, a, "a point ([lon, lat], {\"lon\", \"lat\"} or GeoJSON)", *token);
    j->at--;
    return STEP_GO;
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
    default:
        return wrong_type(j, a, "a type that the engine runs", *token);
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
    j->at++;
    return step;
}
