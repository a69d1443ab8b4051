/* Diagnostics: collected here, printed by diagnostic_text.c (for people) and diagnostic_json.c (for
 * programs). At most DIAGNOSTICS_ALL_MAX + DIAGNOSTICS_WARNINGS_MAX are kept, so loops over them are
 * plain. The same mistake at the same place is kept once. */
#include "rules/diagnostic.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

static const struct {
    const char *code, *title;
} rows[] = {
#define X(code, name, title) {#code, title},
#include "rules/diagnostics.def"
#undef X
};

const char *diagnostic_code(DiagnosticCode code)
{
    assert(code < DIAGNOSTIC_COUNT);
    return rows[code].code;
}

const char *diagnostic_title(DiagnosticCode code)
{
    assert(code < DIAGNOSTIC_COUNT);
    return rows[code].title;
}

DiagnosticCode diagnostic_by_code(Text code)
{
    DiagnosticCode i = 0;
    while (i < DIAGNOSTIC_COUNT && !text_is_c(code, rows[i].code))
        i++;
    return i;
}

bool diagnostic_is_error(DiagnosticCode code)
{
    return diagnostic_code(code)[0] == 'E';
}

void diagnostics_init(Diagnostics *diagnostics, const Sources *sources, Arena *arena)
{
    *diagnostics = (Diagnostics){.sources = sources, .arena = arena};
}

static Text format_text(Arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    assert(length >= 0);
    char *p = arena_raw(arena, (size_t)length + 1);
    vsnprintf(p, (size_t)length + 1, format, again);
    va_end(again);
    return (Text){p, (uint32_t)length};
}

static bool is_known(const Diagnostics *diagnostics, DiagnosticCode code, Span span)
{
    for (uint32_t i = 0; i < diagnostics->n; i++) {
        const Diagnostic *known = diagnostics->items[i];
        if (known->code == code && known->span.file == span.file && known->span.start == span.start &&
            known->span.end == span.end)
            return true;
    }
    return false;
}

/* Counts one more, and says whether it is to be kept. */
static bool count_in(Diagnostics *diagnostics, bool error, uint32_t file)
{
    if (!error) {
        diagnostics->warnings++;
        return diagnostics->kept_warnings < DIAGNOSTICS_WARNINGS_MAX && ++diagnostics->kept_warnings;
    }
    diagnostics->errors++;
    while (diagnostics->nfiles <= file) {
        diagnostics->kept_of_file =
            arena_grow(diagnostics->arena, diagnostics->kept_of_file, diagnostics->nfiles, sizeof *diagnostics->kept_of_file);
        diagnostics->kept_of_file[diagnostics->nfiles++] = 0;
    }
    if (diagnostics->kept_of_file[file] == DIAGNOSTICS_ERRORS_MAX || diagnostics->kept_errors == DIAGNOSTICS_ALL_MAX)
        return false;
    diagnostics->kept_of_file[file]++;
    diagnostics->kept_errors++;
    return true;
}

bool diagnostic_is_seen(const Diagnostic *diagnostic)
{
    return diagnostic->message.len > 0;
}

Diagnostic *diagnostics_add(Diagnostics *diagnostics, DiagnosticCode code, Span span, const char *format, ...)
{
    Diagnostic *diagnostic = ARENA_NEW(diagnostics->arena, Diagnostic);
    *diagnostic = (Diagnostic){.code = code, .span = span, .owner = diagnostics};
    if (is_known(diagnostics, code, span))
        return diagnostic;
    if (!count_in(diagnostics, diagnostic_is_error(code), span.file))
        return diagnostic;
    va_list args;
    va_start(args, format);
    diagnostic->message = format_text(diagnostics->arena, format, args);
    va_end(args);
    diagnostics->items = arena_grow(diagnostics->arena, diagnostics->items, diagnostics->n, sizeof diagnostic);
    diagnostics->items[diagnostics->n++] = diagnostic;
    return diagnostic;
}

Diagnostic *diagnostics_hint(Diagnostic *diagnostic, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diagnostic->hint = format_text(diagnostic->owner->arena, format, args);
    va_end(args);
    return diagnostic;
}

Diagnostic *diagnostics_note(Diagnostic *diagnostic, Span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diagnostic->note = format_text(diagnostic->owner->arena, format, args);
    diagnostic->note_span = span;
    va_end(args);
    return diagnostic;
}

Diagnostic *diagnostics_fix(Diagnostic *diagnostic, Span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diagnostic->fix = (Fix){.span = span, .text = format_text(diagnostic->owner->arena, format, args), .set = true};
    va_end(args);
    Text before = sources_text(diagnostic->owner->sources, span);
    assert(!memchr(before.p, '\n', before.len) && !memchr(diagnostic->fix.text.p, '\n', diagnostic->fix.text.len));
    return diagnostic;
}

/* The nearest candidate, its distance, and whether another one is as near. */
typedef struct Nearest {
    Text text;
    uint32_t distance;
    bool shared;
} Nearest;

static Nearest find_nearest(Text word, const Text *candidates, size_t n)
{
    uint32_t limit = word.len < 3 ? 1 : word.len < 8 ? 2 : 3;
    Nearest nearest = {.distance = limit + 1};
    for (size_t i = 0; i < n; i++) {
        uint32_t distance = text_distance(word, candidates[i], limit);
        if (distance == 0 || distance > nearest.distance || distance >= word.len || distance >= candidates[i].len)
            continue; /* the word itself is no other: it stands where it cannot */
        if (distance < nearest.distance)
            nearest = (Nearest){candidates[i], distance, false};
        else if (!text_is(nearest.text, candidates[i]))
            nearest.shared = true;
    }
    return nearest;
}

Text diagnostics_nearest(Text word, const Text *candidates, size_t n)
{
    return find_nearest(word, candidates, n).text;
}

/* Whether a text is a name that needs no back-ticks; the dot of `cep.Late` may stand in it. */
static bool is_plain(Text text)
{
    for (uint32_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i && ((c >= '0' && c <= '9') || c == '.')))
            return false;
    }
    return true;
}

Diagnostic *diagnostics_near(Diagnostic *diagnostic, Text word, const Text *candidates, size_t n)
{
    enum { LETTERS_AN_EDIT = 3 }; /* of the word, before an edit is taken for certain */
    Nearest nearest = diagnostic_is_seen(diagnostic) ? find_nearest(word, candidates, n) : (Nearest){0};
    if (!nearest.text.len)
        return diagnostic;
    diagnostics_hint(diagnostic, "did you mean `%.*s`?", TEXT_ARGS(nearest.text));
    if (!nearest.shared && nearest.distance * LETTERS_AN_EDIT <= word.len && is_plain(nearest.text) &&
        text_is(sources_text(diagnostic->owner->sources, diagnostic->span), word))
        diagnostics_fix(diagnostic, diagnostic->span, "%.*s", TEXT_ARGS(nearest.text));
    return diagnostic;
}

const Diagnostic **diagnostics_sorted(const Diagnostics *diagnostics)
{
    const Diagnostic **sorted = ARENA_ARRAY(diagnostics->arena, const Diagnostic *, diagnostics->n + 1);
    for (uint32_t i = 0; i < diagnostics->n; i++) {
        const Diagnostic *item = diagnostics->items[i];
        uint32_t at = i;
        for (; at > 0; at--) {
            Span before = sorted[at - 1]->span;
            if (before.file < item->span.file || (before.file == item->span.file && before.start <= item->span.start))
                break;
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = item;
    }
    return sorted;
}
