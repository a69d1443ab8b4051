#include "cep/cmd/json.h"

#include <assert.h>

Json json_to(FILE *file)
{
    return (Json){.file = file};
}

static void begin(Json *json, const char *name)
{
    if (json->depth == 0 && json->out.n == 0)
        out_init(&json->out, &json->memory, -1);
    uint64_t bit = UINT64_C(1) << json->depth;
    if (json->begun & bit)
        out_char(&json->out, ',');
    json->begun |= bit;
    if (name) {
        out_json_string(&json->out, text_of(name));
        out_char(&json->out, ':');
    }
}

void json_open(Json *json, const char *name, char bracket)
{
    begin(json, name);
    out_char(&json->out, bracket);
    json->depth++;
    assert(json->depth < 64);
    json->begun &= ~(UINT64_C(1) << json->depth);
}

void json_close(Json *json, char bracket)
{
    assert(json->depth > 0);
    json->depth--;
    out_char(&json->out, bracket);
    if (json->depth)
        return;
    out_char(&json->out, '\n');
    fwrite(json->out.bytes, 1, json->out.n, json->file);
    out_fini(&json->out);
    *json = json_to(json->file);
}

void json_text(Json *json, const char *name, Text value)
{
    begin(json, name);
    out_json_string(&json->out, value);
}

void json_cstring(Json *json, const char *name, const char *value)
{
    begin(json, name);
    if (value)
        out_json_string(&json->out, text_of(value));
    else
        out_text(&json->out, "null");
}

void json_int(Json *json, const char *name, int64_t value)
{
    begin(json, name);
    out_int(&json->out, value);
}

void json_float(Json *json, const char *name, double value)
{
    begin(json, name);
    out_json_float(&json->out, value);
}

void json_bool(Json *json, const char *name, bool value)
{
    begin(json, name);
    out_text(&json->out, value ? "true" : "false");
}

void json_value(Json *json, const char *name, Text value)
{
    begin(json, name);
    out_bytes(&json->out, value.p, value.len);
}
