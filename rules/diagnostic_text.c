/* Diagnostics for people. The drawing stands in diagnostic.h.
 *
 * Columns are code points. A tab of the source is a tab in front of the carets too, so that they stay
 * aligned whatever a terminal makes of it. A line longer than LINE_MAX_SHOWN is shown as a window around
 * the place, with `…` where it is cut. */
#include "rules/diagnostic.h"

enum {
    LINE_MAX_SHOWN = 160,
    WINDOW_BEFORE = 60,  /* columns shown in front of the place */
    HINT_COLUMN_MAX = 120, /* a hint that would end further right gets a line of its own */
};

static bool starts_point(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static uint32_t count_points(Text text)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < text.len; i++)
        n += starts_point(text.p[i]);
    return n;
}

/* The part of a text from one code point to another. */
static Text cut_points(Text text, uint32_t from, uint32_t to)
{
    uint32_t start = 0, point = 0, i = 0;
    for (; i < text.len; i++) {
        if (!starts_point(text.p[i]))
            continue;
        if (point == from)
            start = i;
        if (point == to)
            break;
        point++;
    }
    return from >= point && i == text.len && point < to ? (Text){text.p + i, 0} : (Text){text.p + start, i - start};
}

typedef struct Window {
    Text text;           /* the part of the line that is shown */
    bool cut_left, cut_right;
    uint32_t caret;      /* code points in text before the first caret */
    uint32_t carets;
} Window;

static Window window_of(const Source *source, Span span, Place place)
{
    Text line = source_line(source, place.line);
    uint32_t line_start = source->line_starts[place.line - 1];
    uint32_t line_end = line_start + line.len, end = span.end < line_end ? span.end : line_end;
    uint32_t start = span.start < end ? span.start : end;
    uint32_t total = count_points(line);
    Window window = {
        .text = line,
        .caret = place.column - 1 < total ? place.column - 1 : total,
        .carets = count_points((Text){line.p + (start - line_start), end - start}),
    };
    if (window.carets == 0)
        window.carets = 1;
    if (total <= LINE_MAX_SHOWN)
        return window;
    uint32_t from = window.caret > WINDOW_BEFORE ? window.caret - WINDOW_BEFORE : 0;
    uint32_t to = from + LINE_MAX_SHOWN < total ? from + LINE_MAX_SHOWN : total;
    window.text = cut_points(line, from, to);
    window.cut_left = from > 0;
    window.cut_right = to < total;
    window.caret -= from;
    if (window.carets > to - from - window.caret)
        window.carets = to - from > window.caret ? to - from - window.caret : 1;
    return window;
}

static void print_margin(const Window *window, FILE *out)
{
    if (window->cut_left)
        fputc(' ', out);
    uint32_t point = 0;
    for (uint32_t i = 0; i < window->text.len && point < window->caret; i++)
        if (starts_point(window->text.p[i])) {
            fputc(window->text.p[i] == '\t' ? '\t' : ' ', out);
            point++;
        }
    for (; point < window->caret; point++)
        fputc(' ', out);
}

static void print_source_line(const Diagnostic *diagnostic, const Source *source, Place place, int width, FILE *out)
{
    Window window = window_of(source, diagnostic->span, place);
    fprintf(out, "%*s |\n", width, "");
    fprintf(out, "%*u | %s%.*s%s\n", width, place.line, window.cut_left ? "…" : "", TEXT_ARGS(window.text),
            window.cut_right ? "…" : "");
    fprintf(out, "%*s | ", width, "");
    print_margin(&window, out);
    for (uint32_t i = 0; i < window.carets; i++)
        fputc('^', out);
    uint32_t end = window.caret + window.carets + 1 + count_points(diagnostic->hint);
    bool beside = diagnostic->hint.len && end <= HINT_COLUMN_MAX;
    if (beside)
        fprintf(out, " %.*s", TEXT_ARGS(diagnostic->hint));
    fputc('\n', out);
    if (diagnostic->hint.len && !beside)
        fprintf(out, "%*s = hint: %.*s\n", width, "", TEXT_ARGS(diagnostic->hint));
}

static void print_one(const Diagnostics *diagnostics, const Diagnostic *diagnostic, FILE *out)
{
    const Source *source = &diagnostics->sources->items[diagnostic->span.file];
    Place place = source_place(source, diagnostic->span.start);
    int width = snprintf(NULL, 0, "%u", place.line);
    fprintf(out, "%s[%s]: %.*s\n", diagnostic_is_error(diagnostic->code) ? "error" : "warning",
            diagnostic_code(diagnostic->code), TEXT_ARGS(diagnostic->message));
    fprintf(out, "%*s--> %.*s:%u:%u\n", width, "", TEXT_ARGS(source->path), place.line, place.column);
    print_source_line(diagnostic, source, place, width, out);
    if (diagnostic->note.len) {
        const Source *other = &diagnostics->sources->items[diagnostic->note_span.file];
        Place there = source_place(other, diagnostic->note_span.start);
        fprintf(out, "%*s = note: %.*s: %.*s:%u:%u\n", width, "", TEXT_ARGS(diagnostic->note), TEXT_ARGS(other->path),
                there.line, there.column);
    }
}

static void print_more(uint32_t reported, uint32_t kept, const char *what, FILE *out)
{
    if (reported > kept)
        fprintf(out, "\n… and %u more %s%s\n", reported - kept, what, reported - kept == 1 ? "" : "s");
}

void diagnostics_print_text(const Diagnostics *diagnostics, FILE *out)
{
    const Diagnostic **sorted = diagnostics_sorted(diagnostics);
    for (uint32_t i = 0; i < diagnostics->n; i++) {
        if (i)
            fputc('\n', out);
        print_one(diagnostics, sorted[i], out);
    }
    print_more(diagnostics->errors, diagnostics->kept_errors, "error", out);
    print_more(diagnostics->warnings, diagnostics->kept_warnings, "warning", out);
}
