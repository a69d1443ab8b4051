#include "cep/cmd/repair.h"

#include <stdlib.h>
#include <string.h>

#include "cep/cmd/verb.h"

/* ── Edits ── */

static Text edited(Text text, const Fix *fix, Arena *arena)
{
    uint32_t len = text.len - (fix->span.end - fix->span.start) + fix->text.len;
    char *p = arena_raw(arena, (size_t)len + 1);
    memcpy(p, text.p, fix->span.start);
    memcpy(p + fix->span.start, fix->text.p, fix->text.len);
    memcpy(p + fix->span.start + fix->text.len, text.p + fix->span.end, text.len - fix->span.end);
    p[len] = 0;
    return (Text){p, len};
}

/* Whether the mistake is gone and the text that was put in has none. */
static bool is_mended(const Network *network, const Diagnostic *mistake)
{
    const Fix *fix = &mistake->fix;
    uint32_t start = fix->span.start, end = start + fix->text.len;
    for (uint32_t i = 0; i < network->diagnostics.n; i++) {
        const Diagnostic *left = network->diagnostics.items[i];
        if (left->span.file != fix->span.file || !diagnostic_is_error(left->code))
            continue;
        if (left->code == mistake->code && left->span.start == mistake->span.start)
            return false;
        if (left->span.start < end && left->span.end > start && left->span.start >= start)
            return false;
    }
    return true;
}

static void compile_files(Network *network, const Source *files, uint32_t n, const Params *params)
{
    if (network_read_texts(network, files, n) == EXIT_DONE)
        network_compile(network, params->items, params->n);
}

/* Makes one edit if it mends the mistake. */
static bool mend(Source *files, uint32_t n, const Diagnostic *mistake, const Params *params, Arena *arena)
{
    Source *file = &files[mistake->fix.span.file];
    Text before = file->text;
    file->text = edited(before, &mistake->fix, arena);
    Network again;
    compile_files(&again, files, n, params);
    bool mended = is_mended(&again, mistake);
    network_free(&again);
    if (!mended)
        file->text = before;
    return mended;
}

/* Makes the first edit that mends something. */
static bool mend_one(Source *files, uint32_t n, const Params *params, Arena *arena)
{
    Network network;
    compile_files(&network, files, n, params);
    const Diagnostic **sorted = diagnostics_sorted(&network.diagnostics);
    bool mended = false;
    for (uint32_t i = 0; i < network.diagnostics.n && !mended; i++)
        if (sorted[i]->fix.set && sorted[i]->fix.span.file < n)
            mended = mend(files, n, sorted[i], params, arena);
    network_free(&network);
    return mended;
}

uint32_t repair(Source *files, uint32_t n, const Params *params, Arena *arena)
{
    uint32_t made = 0;
    while (made < REPAIRS_MAX && mend_one(files, n, params, arena))
        made++;
    return made;
}

/* ── The difference: as many lines before as after ── */

/* Cuts the next line off a text, with its newline. */
static Text cut_line(Text *text)
{
    const char *end = text->len ? memchr(text->p, '\n', text->len) : NULL;
    uint32_t len = end ? (uint32_t)(end - text->p) + 1 : text->len;
    Text line = {text->p, len};
    text->p += len;
    text->len -= len;
    return line;
}

static void print_line(char sign, Text line, FILE *out)
{
    fprintf(out, "%c%.*s", sign, TEXT_ARGS(line));
    if (!line.len || line.p[line.len - 1] != '\n')
        fputs("\n\\ No newline at end of file\n", out);
}

/* Lines from the one on, in both texts, that differ. */
static uint32_t count_changed(Text before, Text after)
{
    uint32_t n = 0;
    while (before.len && !text_is(cut_line(&before), cut_line(&after)))
        n++;
    return n;
}

void repair_diff(Text path, Text before, Text after, FILE *out)
{
    if (text_is(before, after))
        return;
    fprintf(out, "--- %.*s\n+++ %.*s\n", TEXT_ARGS(path), TEXT_ARGS(path));
    for (uint32_t number = 1; before.len; ) {
        uint32_t changed = count_changed(before, after);
        if (changed)
            fprintf(out, "@@ -%u,%u +%u,%u @@\n", number, changed, number, changed);
        Text removed = before, added = after;
        for (uint32_t i = 0; i < changed; i++)
            print_line('-', cut_line(&removed), out);
        for (uint32_t i = 0; i < changed; i++)
            print_line('+', cut_line(&added), out);
        for (uint32_t i = 0; i < changed + (changed == 0); i++, number++) {
            cut_line(&before);
            cut_line(&after);
        }
    }
}
