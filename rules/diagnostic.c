/* Diagnostics: collected here, printed by diagnostic_text.c (for people) and diagnostic_json.c (for
 * programs). At most DIAGNOSTICS_ERRORS_MAX + DIAGNOSTICS_WARNINGS_MAX are kept, so loops over them are
 * plain. The same mistake at the same place is kept once. */
#include "rules/diagnostic.h"

#include <assert.h>
#include <stdarg.h>

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

Diagnostic *diagnostics_add(Diagnostics *diagnostics, DiagnosticCode code, Span span, const char *format, ...)
{
    Diagnostic *diagnostic = ARENA_NEW(diagnostics->arena, Diagnostic);
    *diagnostic = (Diagnostic){.code = code, .span = span, .arena = diagnostics->arena};
    if (is_known(diagnostics, code, span))
        return diagnostic;
    bool error = diagnostic_is_error(code);
    uint32_t before = error ? diagnostics->errors++ : diagnostics->warnings++;
    if (before >= (error ? DIAGNOSTICS_ERRORS_MAX : DIAGNOSTICS_WARNINGS_MAX))
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
    diagnostic->hint = format_text(diagnostic->arena, format, args);
    va_end(args);
    return diagnostic;
}

Diagnostic *diagnostics_note(Diagnostic *diagnostic, Span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diagnostic->note = format_text(diagnostic->arena, format, args);
    diagnostic->note_span = span;
    va_end(args);
    return diagnostic;
}

Text diagnostics_nearest(Text word, const Text *candidates, size_t n)
{
    Text nearest = {0};
    uint32_t limit = word.len < 3 ? 1 : word.len < 8 ? 2 : 3, best = limit + 1;
    for (size_t i = 0; i < n; i++) {
        uint32_t distance = text_distance(word, candidates[i], limit);
        if (distance < best && distance < word.len && distance < candidates[i].len) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

Diagnostic *diagnostics_near(Diagnostic *diagnostic, Text word, const Text *candidates, size_t n)
{
    Text nearest = diagnostics_nearest(word, candidates, n);
    if (nearest.len)
        diagnostics_hint(diagnostic, "did you mean `%.*s`?", TEXT_ARGS(nearest));
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
