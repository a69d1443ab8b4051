#include "cluster/bundle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/compile.h"
#include "rules/parser.h"

static Bundle *bundle_of(json_t *json)
{
    Bundle *bundle = calloc(1, sizeof *bundle);
    if (!bundle || !json)
        abort();
    bundle->json = json;
    arena_init(&bundle->arena, &bundle->memory);
    out_init(&bundle->errors, &bundle->memory, -1);
    return bundle;
}

Bundle *bundle_new(const char *folder)
{
    return bundle_of(json_pack("{s:[],s:s,s:{}}", "files", "folder", folder, "params"));
}

void bundle_add(Bundle *bundle, Text path, Text text)
{
    json_t *file = json_pack("{s:s%,s:s%}", "path", path.p, (size_t)path.len, "text", text.p, (size_t)text.len);
    assert(file);
    json_array_append_new(json_object_get(bundle->json, "files"), file);
}

void bundle_param(Bundle *bundle, Text name, Text value)
{
    char *key = strndup(name.p, name.len);
    if (!key)
        abort();
    json_object_set_new(json_object_get(bundle->json, "params"), key, json_stringn(value.p, value.len));
    free(key);
}

/* ── Reading ── */

static bool is_file(const json_t *file)
{
    return json_is_string(json_object_get(file, "path")) && json_is_string(json_object_get(file, "text"));
}

static const char *fault_of(const json_t *json)
{
    const json_t *files = json_object_get(json, "files"), *params = json_object_get(json, "params");
    if (!json_is_array(files) || json_array_size(files) == 0)
        return "`files` is a list of {path, text} with at least one";
    for (size_t i = 0; i < json_array_size(files); i++)
        if (!is_file(json_array_get(files, i)))
            return "a file is {path, text}";
    if (!json_is_string(json_object_get(json, "folder")))
        return "`folder` is a text";
    const char *name;
    json_t *value;
    if (!json_is_object(params))
        return "`params` is an object";
    json_object_foreach((json_t *)params, name, value)
        if (!json_is_string(value))
            return "a param's value is a text, written as in rules";
    return NULL;
}

Bundle *bundle_read(const json_t *json, char *error, size_t error_size)
{
    const char *fault = fault_of(json);
    if (fault) {
        snprintf(error, error_size, "%s", fault);
        return NULL;
    }
    return bundle_of(json_deep_copy(json));
}

/* ── Compiling ── */

static Text text_of_json(const json_t *string)
{
    return (Text){json_string_value(string), (uint32_t)json_string_length(string)};
}

static ParamValue *params_of(Bundle *bundle, uint32_t *n)
{
    json_t *params = json_object_get(bundle->json, "params"), *value;
    ParamValue *items = ARENA_ARRAY(&bundle->arena, ParamValue, json_object_size(params) + 1);
    const char *name;
    *n = 0;
    json_object_foreach(params, name, value)
        items[(*n)++] = (ParamValue){.name = text_of(name), .text = text_of_json(value)};
    return items;
}

/* Files that tables name stand where the deployer said. */
static void root_tables(Bundle *bundle)
{
    const char *folder = json_string_value(json_object_get(bundle->json, "folder"));
    for (uint32_t i = 0; i < bundle->plan->ntables; i++) {
        TablePlan *table = &bundle->plan->tables[i];
        if (table->source_format.len && *folder && table->source_path.len && table->source_path.p[0] != '/')
            table->source_path = arena_printf(&bundle->plan->arena, "%s/%.*s", folder, TEXT_ARGS(table->source_path));
    }
}

static bool open_tables(Bundle *bundle, const char *state, FILE *messages)
{
    bundle->rejections = rejections_new(&bundle->memory, bundle->plan->network, &bundle->errors, NULL);
    bundle->tables = tables_open(bundle->plan, &bundle->memory,
                                 (TablesOptions){
                                     .state = *state ? state : NULL,
                                     .wait = -1,
                                     .rejections = bundle->rejections,
                                     .messages = messages,
                                 });
    return bundle->tables != NULL;
}

static void compile_files(Bundle *bundle, FILE *messages)
{
    Sources sources;
    Diagnostics diagnostics;
    AstModule module = {0};
    sources_init(&sources, &bundle->arena);
    sources.closed = true;
    diagnostics_init(&diagnostics, &sources, &bundle->arena);
    bool good = true;
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(bundle->json, "files"), i, file) {
        uint32_t index = sources_add(&sources, text_of_json(json_object_get(file, "path")),
                                     text_of_json(json_object_get(file, "text")));
        AstFile *ast = ARENA_NEW(&bundle->arena, AstFile);
        good &= parse_source(&sources, index, &diagnostics, &bundle->arena, ast);
        module_add(&module, &bundle->arena, ast);
    }
    CompileOptions options = {0};
    options.params = params_of(bundle, &options.nparams);
    if (good)
        bundle->plan = compile(&sources, &module, &options, &diagnostics, &bundle->memory);
    if (diagnostics.n)
        diagnostics_print_text(&diagnostics, messages);
}

bool bundle_compile(Bundle *bundle, const char *state)
{
    size_t size;
    FILE *messages = open_memstream(&bundle->diagnostics, &size);
    if (!messages)
        abort();
    compile_files(bundle, messages);
    bool good = bundle->plan != NULL;
    if (good) {
        root_tables(bundle);
        good = open_tables(bundle, state, messages);
    }
    fclose(messages);
    return good;
}

uint64_t bundle_version(const Bundle *bundle)
{
    uint64_t version = 0;
    for (int i = 0; i < 8; i++)
        version = version << 8 | bundle->plan->version[i];
    return version;
}

void version_text(uint64_t version, char text[17])
{
    snprintf(text, 17, "%016llx", (unsigned long long)version);
}

void bundle_free(Bundle *bundle)
{
    if (!bundle)
        return;
    if (bundle->tables)
        tables_close(bundle->tables);
    rejections_free(bundle->rejections);
    out_fini(&bundle->errors);
    plan_free(bundle->plan);
    arena_fini(&bundle->arena);
    free(bundle->diagnostics);
    json_decref(bundle->json);
    free(bundle);
}
