/* Check: the order of things.
 *
 *   use ─► names of declarations ─► events, tables, params, functions ─► contexts ─► agents ─► network ─► tests
 *
 * Names are registered before anything is resolved, so a file may use what it declares further down. Params,
 * functions, event types and lets are checked when first needed, and a thing that needs itself is reported
 * there. Nothing stops at a mistake: the error type keeps it from being reported twice. */
#include <errno.h>
#include <sys/stat.h>

#include "rules/check.h"

/* ---- use ------------------------------------------------------------------------------------------- */

enum { USE_FILES_MAX = 10000 };

/* Whether two paths are one file. */
typedef struct FileId {
    dev_t device;
    ino_t inode;
    bool known;
} FileId;

static FileId file_id(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (FileId){0};
    return (FileId){st.st_dev, st.st_ino, true};
}

static Text text_z(Checker *check, Text text)
{
    return (Text){arena_copy(check->arena, text.p, text.len), text.len};
}

/* The path that a `use` names, relative to the folder of the file it stands in. */
static Text use_path(Checker *check, Text from, Text path)
{
    uint32_t folder = from.len;
    while (folder > 0 && from.p[folder - 1] != '/')
        folder--;
    if ((path.len && path.p[0] == '/') || !folder)
        return text_z(check, path);
    return text_z(check, arena_printf(check->arena, "%.*s%.*s", (int)folder, from.p, TEXT_ARGS(path)));
}

static void use_file(Checker *check, AstModule *module, const Declaration *declaration, FileId **ids, uint32_t *nids)
{
    const AstUse *use = declaration->use;
    Text path = use_path(check, check->sources->items[declaration->span.file].path, use->path.value);
    if (!path.len || memchr(path.p, 0, path.len)) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_USE, use->path.span, "`use` needs the path of a file");
        return;
    }
    for (uint32_t i = 0; i < check->sources->n && check->sources->closed; i++)
        if (text_is(check->sources->items[i].path, path))
            return;
    FileId id = file_id(path.p);
    for (uint32_t i = 0; i < *nids && id.known; i++)
        if ((*ids)[i].known && (*ids)[i].device == id.device && (*ids)[i].inode == id.inode)
            return;
    uint32_t file = 0;
    int error = check->sources->closed   ? ENOENT
                : *nids >= USE_FILES_MAX ? EMFILE
                                         : sources_read(check->sources, path.p, &file);
    if (error) {
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_USE, use->path.span, "cannot read `%.*s`: %s",
                                         TEXT_ARGS(path), strerror(error)),
                         "the path is relative to the file that names it");
        return;
    }
    *ids = arena_grow(check->arena, *ids, *nids, sizeof **ids);
    (*ids)[(*nids)++] = id;
    Arena *arena = check->sources->arena; /* the module outlives the model */
    AstFile *ast = ARENA_NEW(arena, AstFile);
    parse_source(check->sources, file, check->diagnostics, arena, ast);
    module_add(module, arena, ast);
}

/* Reads the files that are named, and those that they name. module->n grows on the way. */
static void use_all(Checker *check, AstModule *module)
{
    FileId *ids = NULL;
    uint32_t nids = 0;
    for (uint32_t i = 0; i < check->sources->n; i++) {
        ids = arena_grow(check->arena, ids, nids, sizeof *ids);
        ids[nids++] = file_id(text_z(check, check->sources->items[i].path).p);
    }
    for (uint32_t i = 0; i < module->n; i++)
        if (module->declarations[i]->kind == DECLARATION_USE)
            use_file(check, module, module->declarations[i], &ids, &nids);
}

/* ---- the network's name, clock, metric ------------------------------------------------------------- */

static void network_name(Checker *check, const AstModule *module)
{
    const Declaration *first = NULL;
    for (uint32_t i = 0; i < module->n; i++) {
        const Declaration *declaration = module->declarations[i];
        if (declaration->kind != DECLARATION_NETWORK || declaration->network->nested)
            continue;
        if (!first) {
            first = declaration;
        } else if (!text_is(first->name.text, declaration->name.text)) {
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_NETWORK_NAME, declaration->name.span,
                                             "this file is of network `%.*s`, and another is of `%.*s`",
                                             TEXT_ARGS(declaration->name.text), TEXT_ARGS(first->name.text)),
                             first->name.span, "the other network is named here");
        } else if (first->span.file == declaration->span.file) {
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_DECLARED_TWICE, declaration->span,
                                             "the network is named twice"),
                             first->span, "the first name stands here");
        }
    }
    Model *model = check->level->model;
    if (first) {
        model->network = first->name.text;
        return;
    }
    Text path = module->file_count ? check->sources->items[module->files[0]->file].path : TEXT("network");
    for (uint32_t i = 0; i < path.len; i++)
        if (path.p[i] == '/') {
            path.p += i + 1;
            path.len -= i + 1;
            i = UINT32_MAX;
        }
    for (uint32_t i = path.len; i-- > 1;)
        if (path.p[i] == '.') {
            path.len = i;
            break;
        }
    model->network = path;
}

static void clock_and_metric(Checker *check, const AstModule *module)
{
    const Declaration *clock = NULL, *metric = NULL;
    for (uint32_t i = 0; i < module->n; i++) {
        const Declaration *declaration = module->declarations[i], **one = NULL;
        if (declaration->kind == DECLARATION_CLOCK)
            one = &clock;
        if (declaration->kind == DECLARATION_METRIC)
            one = &metric;
        if (!one)
            continue;
        if (*one)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_DECLARED_TWICE, declaration->span,
                                             "a network has one `%s`", declaration_word(declaration->kind)),
                             (*one)->span, "the first stands here");
        else
            *one = declaration;
    }
    if (clock) {
        check->level->model->clock = clock->clock;
        expr_duration(check, clock->clock->lateness);
        expr_duration(check, clock->clock->idle_after);
        expr_duration(check, clock->clock->correct_for);
    }
    if (metric)
        check->level->model->metric = metric->metric->kind;
}

/* ---- nested networks ------------------------------------------------------------------------------- */

static void level_check(Checker *check, Level *level, Declaration **declarations, uint32_t n);

static void nested_networks(Checker *check, Declaration **declarations, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (declarations[i]->kind != DECLARATION_NETWORK || !declarations[i]->network->nested)
            continue;
        AstNetwork *nested = declarations[i]->network;
        Names terminals = {0};
        for (uint32_t k = 0; k < nested->terminal_count; k++) {
            Name *name = &nested->terminals[k].name;
            NameEntry *first = names_add(&terminals, check->arena, name->text, name->span, name);
            if (first)
                diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, name->span,
                                                 "the network has two terminals `%.*s`", TEXT_ARGS(name->text)),
                                 first->span, "the first stands here");
        }
        Level level = {.outer = check->level, .model = ARENA_NEW(check->arena, Model), .nested = nested};
        level.model->arena = check->arena;
        level.model->network = declarations[i]->name.text;
        Declaration **inner = ARENA_ARRAY(check->arena, Declaration *, nested->declaration_count);
        for (uint32_t k = 0; k < nested->declaration_count; k++)
            inner[k] = &nested->declarations[k];
        level_check(check, &level, inner, nested->declaration_count);
        Level *outer = check->level;
        check->level = &level;
        for (uint32_t k = 0; k < nested->terminal_count; k++) {
            Name *name = &nested->terminals[k].name;
            check_find(check, SPACE_EVENT, name->text, name->span);
        }
        check->level = outer;
    }
}

static void level_check(Checker *check, Level *level, Declaration **declarations, uint32_t n)
{
    Level *outer = check->level;
    check->level = level;
    declarations_register(check, declarations, n);
    declarations_check(check);
    nested_networks(check, declarations, n);
    contexts_declared(check);
    agents_check(check);
    network_check(check);
    tests_check(check);
    check->level = outer;
}

Model *check_module(Sources *sources, AstModule *module, const CompileOptions *options, Diagnostics *diagnostics,
                    Arena *arena)
{
    static const CompileOptions no_options;
    Checker check = {.sources = sources, .diagnostics = diagnostics, .arena = arena,
                     .options = options ? options : &no_options};
    uint32_t errors = diagnostics->errors;
    types_init(&check);
    calls_init(&check);
    use_all(&check, module);
    if (diagnostics->errors > errors)
        return NULL; /* a tree with mistakes is fit for nothing but further reading */
    Level level = {.model = ARENA_NEW(arena, Model)};
    level.model->arena = arena;
    check.level = &level;
    network_name(&check, module);
    check.level = NULL;
    level_check(&check, &level, module->declarations, module->n);
    check.level = &level;
    clock_and_metric(&check, module);
    params_given(&check);
    return diagnostics->errors > errors ? NULL : level.model;
}
