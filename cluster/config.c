/* Values are kept as text and were checked when they were set, so that reading them cannot fail. The file is a
 * mapping of scalars and lists, with sections one level deep; libyaml hands it over event by event. */
#include "cluster/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "cep/text.h"

const ConfigRow config_rows[CONFIG_KEYS] = {
#define CONFIG(name, key, kind, value, least, most, what) \
    [CONFIG_##name] = {key, CONFIG_##kind, value, least, most, what},
#include "cluster/config.def"
};

static char *copy(const char *text)
{
    char *owned = strdup(text);
    if (!owned)
        abort();
    return owned;
}

void config_init(Config *config)
{
    for (int key = 0; key < CONFIG_KEYS; key++)
        config->texts[key] = copy(config_rows[key].value);
}

void config_fini(Config *config)
{
    for (int key = 0; key < CONFIG_KEYS; key++)
        free(config->texts[key]);
}

/* ── Setting ── */

static bool is_number(const char *text, int64_t least, int64_t most)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return *text && !*end && errno == 0 && value >= least && value <= most;
}

/* What a name may be made of: it stands in topics, file names and messages. */
static bool is_name(const char *text)
{
    enum { LONGEST = 64 };
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return n && !text[n] && n <= LONGEST;
}

bool config_set(Config *config, ConfigKey key, const char *text, char *error, size_t error_size)
{
    const ConfigRow *row = &config_rows[key];
    if (row->kind == CONFIG_NUMBER && !is_number(text, row->least, row->most)) {
        snprintf(error, error_size, "%s is a number from %lld to %lld, not `%s`", row->key, (long long)row->least,
                 (long long)row->most, text);
        return false;
    }
    if (row->kind == CONFIG_FLAG && strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        snprintf(error, error_size, "%s is true or false, not `%s`", row->key, text);
        return false;
    }
    if (key == CONFIG_NAME && !is_name(text)) {
        snprintf(error, error_size, "name is up to 64 letters, digits, - and _, not `%s`", text);
        return false;
    }
    free(config->texts[key]);
    config->texts[key] = copy(text);
    return true;
}

/* ── The file ── */

typedef struct Reading {
    Config *config;
    const char *path;
    yaml_parser_t parser;
    char *error;
    size_t error_size;
    bool seen[CONFIG_KEYS];
} Reading;

static bool fail(Reading *reading, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail(Reading *reading, size_t line, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(reading->error, reading->error_size, "%s:%zu: %s", reading->path, line + 1, what);
    return false;
}

static bool next(Reading *reading, yaml_event_t *event)
{
    if (yaml_parser_parse(&reading->parser, event))
        return true;
    return fail(reading, reading->parser.problem_mark.line, "this is not YAML: %s",
                reading->parser.problem ? reading->parser.problem : "it cannot be read");
}

static ConfigKey key_of(const char *section, const char *word)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s%s", section, *section ? "." : "", word);
    for (int key = 0; key < CONFIG_KEYS; key++)
        if (strcmp(config_rows[key].key, full) == 0)
            return key;
    return CONFIG_KEYS;
}

static bool is_section(const char *word)
{
    size_t n = strlen(word);
    for (int key = 0; key < CONFIG_KEYS; key++)
        if (strncmp(config_rows[key].key, word, n) == 0 && config_rows[key].key[n] == '.')
            return true;
    return false;
}

static bool fail_key(Reading *reading, const char *section, const char *word, size_t line)
{
    enum { NEAR = 3 }; /* edits */
    char full[256];
    snprintf(full, sizeof full, "%s%s%s", section, *section ? "." : "", word);
    const char *nearest = NULL;
    uint32_t least = NEAR + 1;
    for (int key = 0; key < CONFIG_KEYS; key++) {
        uint32_t distance = text_distance(text_of(full), text_of(config_rows[key].key), NEAR);
        if (distance < least) {
            least = distance;
            nearest = config_rows[key].key;
        }
    }
    if (nearest)
        return fail(reading, line, "there is no key `%s`; did you mean `%s`?", full, nearest);
    return fail(reading, line, "there is no key `%s`; `cep node --print-config` lists them", full);
}

static bool set(Reading *reading, ConfigKey key, const char *text, size_t line)
{
    char why[256];
    if (reading->seen[key])
        return fail(reading, line, "%s stands twice", config_rows[key].key);
    reading->seen[key] = true;
    return config_set(reading->config, key, text, why, sizeof why) || fail(reading, line, "%s", why);
}

/* A list, whose beginning was read, as one text. */
static bool read_list(Reading *reading, ConfigKey key, size_t line)
{
    char items[8192] = "";
    size_t n = 0;
    for (;;) {
        yaml_event_t event;
        if (!next(reading, &event))
            return false;
        yaml_event_type_t type = event.type;
        const char *text = type == YAML_SCALAR_EVENT ? (const char *)event.data.scalar.value : "";
        bool fits = n + strlen(text) + 2 < sizeof items && !strchr(text, ',');
        if (type == YAML_SCALAR_EVENT && fits)
            n += (size_t)snprintf(items + n, sizeof items - n, "%s%s", n ? "," : "", text);
        size_t here = event.start_mark.line;
        yaml_event_delete(&event);
        if (type == YAML_SEQUENCE_END_EVENT)
            return set(reading, key, items, line);
        if (type != YAML_SCALAR_EVENT || !fits)
            return fail(reading, here, "%s is a list of short texts without commas", config_rows[key].key);
    }
}

static bool read_mapping(Reading *reading, const char *section);

static bool read_value(Reading *reading, const char *section, const char *word, size_t line)
{
    yaml_event_t event;
    ConfigKey key = key_of(section, word);
    bool is_group = !*section && is_section(word);
    if (key == CONFIG_KEYS && !is_group)
        return fail_key(reading, section, word, line);
    if (!next(reading, &event))
        return false;
    yaml_event_type_t type = event.type;
    size_t here = event.start_mark.line;
    bool good;
    if (type == YAML_SCALAR_EVENT && key != CONFIG_KEYS)
        good = set(reading, key, (const char *)event.data.scalar.value, here);
    else if (type == YAML_SEQUENCE_START_EVENT && key != CONFIG_KEYS && config_rows[key].kind == CONFIG_LIST)
        good = read_list(reading, key, here);
    else if (type == YAML_MAPPING_START_EVENT && is_group)
        good = read_mapping(reading, word);
    else
        good = fail(reading, here, "%s is %s", word, is_group ? "a section of keys" : "one value");
    yaml_event_delete(&event);
    return good;
}

/* A mapping, whose beginning was read. */
static bool read_mapping(Reading *reading, const char *section)
{
    for (;;) {
        yaml_event_t event;
        if (!next(reading, &event))
            return false;
        yaml_event_type_t type = event.type;
        bool good = type == YAML_SCALAR_EVENT &&
                    read_value(reading, section, (const char *)event.data.scalar.value, event.start_mark.line);
        if (type != YAML_SCALAR_EVENT && type != YAML_MAPPING_END_EVENT)
            fail(reading, event.start_mark.line, "a key is a word");
        yaml_event_delete(&event);
        if (!good)
            return type == YAML_MAPPING_END_EVENT;
    }
}

static bool read_document(Reading *reading)
{
    for (;;) {
        yaml_event_t event;
        if (!next(reading, &event))
            return false;
        yaml_event_type_t type = event.type;
        size_t line = event.start_mark.line;
        bool empty = type == YAML_SCALAR_EVENT && event.data.scalar.length == 0;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return true;
        if (type == YAML_MAPPING_START_EVENT && !read_mapping(reading, ""))
            return false;
        if (type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT || (type == YAML_SCALAR_EVENT && !empty))
            return fail(reading, line, "the file is a list of `key: value`");
    }
}

bool config_read(Config *config, const char *path, char *error, size_t error_size)
{
    Reading reading = {.config = config, .path = path, .error = error, .error_size = error_size};
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(error, error_size, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    if (!yaml_parser_initialize(&reading.parser))
        abort();
    yaml_parser_set_input_file(&reading.parser, file);
    bool good = read_document(&reading);
    yaml_parser_delete(&reading.parser);
    fclose(file);
    return good;
}

/* ── Reading what was set ── */

const char *config_text(const Config *config, ConfigKey key)
{
    return config->texts[key];
}

int64_t config_number(const Config *config, ConfigKey key)
{
    return strtoll(config->texts[key], NULL, 10);
}

bool config_flag(const Config *config, ConfigKey key)
{
    return strcmp(config->texts[key], "true") == 0;
}

bool config_item(const Config *config, ConfigKey key, size_t *position, char *item, size_t item_size)
{
    const char *from = config->texts[key] + *position;
    from += strspn(from, ", ");
    size_t n = strcspn(from, ", ");
    *position = (size_t)(from + n - config->texts[key]);
    if (!n)
        return false;
    snprintf(item, item_size, "%.*s", (int)n, from);
    return true;
}

/* ── Printing ── */

void config_option(ConfigKey key, char *option, size_t option_size)
{
    snprintf(option, option_size, "%s", config_rows[key].key);
    for (char *c = option; *c; c++)
        if (*c == '_' || *c == '.')
            *c = '-';
}

static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_list(const Config *config, ConfigKey key, FILE *out)
{
    char item[512];
    size_t position = 0;
    fputc('[', out);
    for (bool first = true; config_item(config, key, &position, item, sizeof item); first = false) {
        if (!first)
            fputs(", ", out);
        print_quoted(item, out);
    }
    fputc(']', out);
}

void config_print(const Config *config, FILE *out)
{
    for (int key = 0; key < CONFIG_KEYS; key++) {
        const ConfigRow *row = &config_rows[key];
        const char *dot = strchr(row->key, '.');
        int section = dot ? (int)(dot - row->key) : 0;
        bool opens = dot && (key == 0 || strncmp(config_rows[key - 1].key, row->key, (size_t)section + 1) != 0);
        if (opens)
            fprintf(out, "%.*s:\n", section, row->key);
        fprintf(out, "%s# %s", dot ? "  " : "", row->what);
        if (row->kind == CONFIG_NUMBER)
            fprintf(out, " (%lld to %lld)", (long long)row->least, (long long)row->most);
        fprintf(out, "\n%s%s: ", dot ? "  " : "", dot ? dot + 1 : row->key);
        if (row->kind == CONFIG_TEXT)
            print_quoted(config->texts[key], out);
        else if (row->kind == CONFIG_LIST)
            print_list(config, key, out);
        else
            fputs(config->texts[key], out);
        fputc('\n', out);
    }
}
