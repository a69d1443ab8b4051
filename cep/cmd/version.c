/* cep version: of the program, and of the libraries and the time zones that it runs with. The Makefile defines
 * CEP_VERSION and SIMDJSON_RELEASE; simdjson cannot be asked from C. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <lmdb.h>
#include <pcre2.h>
#include <stdarg.h>
#include <stdio.h>
#include <xxhash.h>

#include "cep/cmd/json.h"
#include "cep/cmd/verb.h"
#include "cep/zone.h"
#include "cluster/net.h"

static const struct argp_option options[] = {VERB_JSON_OPTION, {0}};

static error_t option(int key, char *value, struct argp_state *state)
{
    (void)value;
    if (key == VERB_JSON) {
        *(bool *)state->input = true;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
    options, option, NULL, "Print the version of cep, of its libraries and of the time zones.", NULL, NULL, NULL,
};

typedef struct Library {
    const char *name;
    char version[64];
} Library;

enum { LIBRARIES = 6 };

static void library_set(Library *library, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void library_set(Library *library, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    library->name = name;
    vsnprintf(library->version, sizeof library->version, format, args);
    va_end(args);
}

static void libraries_ask(Library libraries[LIBRARIES])
{
    int major, minor, patch;
    mdb_version(&major, &minor, &patch);
    unsigned xxhash = XXH_versionNumber();
    char pcre2[64];
    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    char tzdata[ZONE_VERSION_MAX];

    library_set(&libraries[0], "lmdb", "%d.%d.%d", major, minor, patch);
    library_set(&libraries[1], "nng", "%s", net_library_version());
    library_set(&libraries[2], "pcre2", "%s", pcre2);
    library_set(&libraries[3], "simdjson", "%s", SIMDJSON_RELEASE);
    library_set(&libraries[4], "tzdata", "%s", zone_database_version(tzdata) ? tzdata : "unknown");
    library_set(&libraries[5], "xxhash", "%u.%u.%u", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
}

int cmd_version(int argc, char **argv)
{
    bool as_json = false;
    argp_parse(&argp, argc, argv, 0, NULL, &as_json);

    Library libraries[LIBRARIES];
    libraries_ask(libraries);
    if (!as_json) {
        printf("cep %s\n", CEP_VERSION);
        for (int i = 0; i < LIBRARIES; i++)
            printf("  %-9s %s\n", libraries[i].name, libraries[i].version);
        return EXIT_DONE;
    }
    Json json = json_to(stdout);
    json_open(&json, NULL, '{');
    json_cstring(&json, "cep", CEP_VERSION);
    json_open(&json, "libraries", '{');
    for (int i = 0; i < LIBRARIES; i++)
        json_cstring(&json, libraries[i].name, libraries[i].version);
    json_close(&json, '}');
    json_close(&json, '}');
    return EXIT_DONE;
}
