/* Config: what a node was told, from a YAML file and from options; the keys are the rows of config.def.
 *
 *   Config config;
 *   config_init(&config);                                       the defaults
 *   config_read(&config, "node.yaml", error, sizeof error);     the file
 *   config_set(&config, CONFIG_NAME, "alpha", error, …);        an option, which goes before the file
 *
 * A key with a dot stands in a section: test.drop_every is `test:` with `drop_every:` below it. */
#ifndef CLUSTER_CONFIG_H
#define CLUSTER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum ConfigKey {
#define CONFIG(name, key, kind, value, least, most, what) CONFIG_##name,
#include "cluster/config.def"
    CONFIG_KEYS
} ConfigKey;

typedef enum ConfigKind { CONFIG_TEXT, CONFIG_LIST, CONFIG_NUMBER, CONFIG_FLAG } ConfigKind;

typedef struct ConfigRow {
    const char *key;
    ConfigKind kind;
    const char *value;   /* the default */
    int64_t least, most; /* of a number */
    const char *what;    /* one line */
} ConfigRow;

extern const ConfigRow config_rows[CONFIG_KEYS];

typedef struct Config {
    char *texts[CONFIG_KEYS]; /* as written; the items of a list with commas between them */
} Config;

void config_init(Config *config);
void config_fini(Config *config);

/* Sets a key from text: a list with commas between its items. Returns false and says why: not a number, beyond
 * its limits. */
bool config_set(Config *config, ConfigKey key, const char *text, char *error, size_t error_size);

/* Reads a file. Returns false and says why, with file and line; the error of an unknown key names one that may
 * be meant. */
bool config_read(Config *config, const char *path, char *error, size_t error_size);

/* A text, "" where there is none; a number; a flag. */
const char *config_text(const Config *config, ConfigKey key);
int64_t config_number(const Config *config, ConfigKey key);
bool config_flag(const Config *config, ConfigKey key);

/* The next item of a list into item, from *position (0 at first); false behind the last. */
bool config_item(const Config *config, ConfigKey key, size_t *position, char *item, size_t item_size);

/* The key as an option: "--test-drop-every" without its dashes. */
void config_option(ConfigKey key, char *option, size_t option_size);

/* Prints all keys with their values as YAML that config_read reads, each behind what it is. */
void config_print(const Config *config, FILE *out);

#endif
