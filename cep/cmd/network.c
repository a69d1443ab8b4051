#include "cep/cmd/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cep/cmd/verb.h"
#include "rules/parser.h"

static void network_init(Network *network)
{
    memset(network, 0, sizeof *network);
    arena_init(&network->arena, &network->memory);
    sources_init(&network->sources, &network->arena);
    diagnostics_init(&network->diagnostics, &network->sources, &network->arena);
}

static bool parse(Network *network, uint32_t index)
{
    AstFile *file = ARENA_NEW(&network->arena, AstFile);
    bool good = parse_source(&network->sources, index, &network->diagnostics, &network->arena, file);
    module_add(&network->module, &network->arena, file);
    return good;
}

/* Reads a text; says so when it cannot. */
static int read_source(Network *network, const char *path, uint32_t *index)
{
    struct stat file;
    bool is_stdin = strcmp(path, "-") == 0;
    bool is_folder = stat(path, &file) == 0 && S_ISDIR(file.st_mode);
    int err = is_folder ? EISDIR : sources_read(&network->sources, is_stdin ? "/dev/stdin" : path, index);
    if (err == 0)
        return EXIT_DONE;
    fprintf(stderr, "cep: cannot read %s: %s\n", path, strerror(err));
    return EXIT_USAGE;
}

/* Whether one of n files is this one, under whatever name. */
static bool is_among(const struct stat *files, size_t n, const struct stat *file)
{
    for (size_t i = 0; i < n; i++)
        if (files[i].st_dev == file->st_dev && files[i].st_ino == file->st_ino)
            return true;
    return false;
}

int network_read(Network *network, char *const *paths, size_t n)
{
    network_init(network);
    int code = EXIT_DONE;
    struct stat *files = ARENA_ARRAY(&network->arena, struct stat, n + 1);
    size_t nfiles = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t index;
        if (stat(paths[i], &files[nfiles]) == 0 && is_among(files, nfiles, &files[nfiles]))
            continue;
        nfiles++;
        if (read_source(network, paths[i], &index) != EXIT_DONE)
            return EXIT_USAGE;
        if (!parse(network, index))
            code = EXIT_WRONG;
    }
    return code;
}

int network_source(Network *network, const char *path)
{
    uint32_t index;
    network_init(network);
    return read_source(network, path, &index);
}

int network_read_texts(Network *network, const Source *sources, uint32_t n)
{
    network_init(network);
    int code = EXIT_DONE;
    for (uint32_t i = 0; i < n; i++)
        if (!parse(network, sources_add(&network->sources, sources[i].path, sources[i].text)))
            code = EXIT_WRONG;
    return code;
}

int network_compile(Network *network, const ParamValue *params, uint32_t nparams)
{
    CompileOptions options = {.params = params, .nparams = nparams};
    network->plan =
        compile(&network->sources, &network->module, &options, &network->diagnostics, &network->memory);
    return network->plan ? EXIT_DONE : EXIT_WRONG;
}

void network_report(const Network *network, FILE *out)
{
    if (network->diagnostics.n)
        diagnostics_print_text(&network->diagnostics, out);
}

void network_free(Network *network)
{
    if (network->plan)
        plan_free(network->plan);
    arena_fini(&network->arena);
}

void params_set(Params *params, Text name, Text text)
{
    for (uint32_t i = 0; i < params->n; i++)
        if (text_is(params->items[i].name, name)) {
            params->items[i].text = text;
            return;
        }
    params->items = realloc(params->items, (params->n + 1) * sizeof *params->items);
    if (!params->items)
        abort();
    params->items[params->n++] = (ParamValue){.name = name, .text = text};
}

bool params_add(Params *params, char *argument)
{
    char *sign = strchr(argument, '=');
    if (!sign || sign == argument)
        return false;
    params_set(params, (Text){argument, (uint32_t)(sign - argument)}, text_of(sign + 1));
    return true;
}

void params_free(Params *params)
{
    free(params->items);
}
