#include "cep/cmd/lsp_desk.h"

#include <stdlib.h>
#include <string.h>

#include "cep/cmd/verb.h"
#include "rules/parser.h"

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

/* ── URIs: file:///home/ann/my%20rules.cep ── */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *path_of(const char *uri)
{
    static const char scheme[] = "file://";
    char *path = copy_of(strncmp(uri, scheme, sizeof scheme - 1) == 0 ? uri + sizeof scheme - 1 : uri);
    char *to = path;
    for (const char *from = path; *from; to++) {
        bool escaped = from[0] == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0;
        *to = escaped ? (char)(hex(from[1]) * 16 + hex(from[2])) : *from;
        from += escaped ? 3 : 1;
    }
    *to = 0;
    return path;
}

static char *uri_of(Text path)
{
    char *uri = malloc(3 * (size_t)path.len + sizeof "file://");
    if (!uri)
        abort();
    char *to = uri + sprintf(uri, "file://");
    for (uint32_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c);
        to += sprintf(to, plain ? "%c" : "%%%02X", c);
    }
    return uri;
}

/* ── Documents ── */

static void forget(Document *document)
{
    if (document->known)
        network_free(&document->network);
    document->known = false;
}

static void document_free(Document *document)
{
    forget(document);
    free(document->uri);
    free(document->path);
    free(document->text);
    free(document);
}

Document *desk_find(const Desk *desk, const char *uri)
{
    Document *document = desk->documents;
    while (document && strcmp(document->uri, uri) != 0)
        document = document->next;
    return document;
}

Document *desk_open(Desk *desk, const char *uri, const char *text, int64_t version)
{
    Document *document = desk_find(desk, uri);
    if (!document) {
        document = calloc(1, sizeof *document);
        if (!document)
            abort();
        *document = (Document){.next = desk->documents, .uri = copy_of(uri), .path = path_of(uri)};
        desk->documents = document;
    }
    forget(document);
    free(document->text);
    document->text = copy_of(text);
    document->version = version;
    return document;
}

void desk_close(Desk *desk, const char *uri)
{
    for (Document **at = &desk->documents; *at; at = &(*at)->next)
        if (strcmp((*at)->uri, uri) == 0) {
            Document *document = *at;
            *at = document->next;
            document_free(document);
            return;
        }
}

void desk_fini(Desk *desk)
{
    while (desk->documents) {
        Document *next = desk->documents->next;
        document_free(desk->documents);
        desk->documents = next;
    }
}

/* The compiler reads used files only when the document parses; names in them are wanted all the same. */
static void read_uses(Network *network, const char *path)
{
    enum { USES_MAX = 100 };
    const char *slash = strrchr(path, '/');
    uint32_t declared = network->module.n;
    for (uint32_t i = 0, read = 0; i < declared && read < USES_MAX; i++) {
        const Declaration *declaration = network->module.declarations[i];
        if (declaration->kind != DECLARATION_USE || !declaration->use->path.set)
            continue;
        Text used = declaration->use->path.value;
        int folder = slash && used.len && used.p[0] != '/' ? (int)(slash - path) + 1 : 0;
        Text whole = arena_printf(&network->arena, "%.*s%.*s", folder, path, TEXT_ARGS(used));
        uint32_t index;
        AstFile *file = ARENA_NEW(&network->arena, AstFile);
        Diagnostics unheard;
        diagnostics_init(&unheard, &network->sources, &network->arena);
        if (memchr(whole.p, 0, whole.len) || sources_read(&network->sources, whole.p, &index) != 0)
            continue;
        parse_source(&network->sources, index, &unheard, &network->arena, file);
        module_add(&network->module, &network->arena, file);
        read++;
    }
}

void document_know(Document *document)
{
    if (document->known)
        return;
    Source source = {.path = text_of(document->path), .text = text_of(document->text)};
    if (network_read_texts(&document->network, &source, 1) == EXIT_DONE)
        network_compile(&document->network, NULL, 0);
    else
        read_uses(&document->network, document->path);
    symbols_read(&document->symbols, &document->network.module, &document->network.arena);
    document->known = true;
}

char *document_uri(const Document *document, uint32_t file)
{
    return file == 0 ? copy_of(document->uri) : uri_of(document->network.sources.items[file].path);
}

/* ── Places ── */

/* What a character counts: UTF-16 has two units for one of four bytes. */
static uint32_t units_of(const Desk *desk, unsigned char lead)
{
    uint32_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return desk->utf8 ? bytes : bytes == 4 ? 2 : 1;
}

uint32_t desk_offset(const Desk *desk, const Source *source, const json_t *position)
{
    json_int_t line = json_integer_value(json_object_get(position, "line"));
    json_int_t character = json_integer_value(json_object_get(position, "character"));
    if (line < 0 || line >= source->line_count)
        return line < 0 ? 0 : source->text.len;
    Text text = source_line(source, (uint32_t)line + 1);
    uint32_t at = 0;
    for (json_int_t units = 0; at < text.len && units < character; ) {
        units += units_of(desk, (unsigned char)text.p[at++]);
        while (at < text.len && ((unsigned char)text.p[at] & 0xC0) == 0x80)
            at++;
    }
    return source->line_starts[line] + at;
}

static json_t *position_of(const Desk *desk, const Source *source, uint32_t offset)
{
    uint32_t line = source_place(source, offset).line, units = 0;
    for (uint32_t at = source->line_starts[line - 1]; at < offset; at++)
        if (((unsigned char)source->text.p[at] & 0xC0) != 0x80)
            units += units_of(desk, (unsigned char)source->text.p[at]);
    return json_pack("{s:i, s:i}", "line", (int)line - 1, "character", (int)units);
}

json_t *desk_range(const Desk *desk, const Source *source, uint32_t start, uint32_t end)
{
    return json_pack("{s:o, s:o}", "start", position_of(desk, source, start), "end", position_of(desk, source, end));
}
