/* Diagnostics for programs: an object a line, and SARIF 2.1.0.
 *
 *   {"file":"atm.cep","line":31,"col":42,"end":{"line":31,"col":48},"severity":"error","code":"E0203",
 *    "message":"…","hint":"…","note":{"text":"…","file":"atm.cep","line":9,"col":3},
 *    "fix":{"line":31,"col":42,"end":{"line":31,"col":48},"text":"account"}}
 *
 * `hint`, `note` and `fix` are there where the diagnostic has them. `end` is the place behind the last
 * character. Columns are code points. */
#include "rules/diagnostic.h"

#include <string.h>

static void print_string(Text text, FILE *out)
{
    fputc('"', out);
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* "line":31,"col":42,"end":{"line":31,"col":48} */
static void print_place(const Diagnostics *diagnostics, Span span, FILE *out)
{
    const Source *source = &diagnostics->sources->items[span.file];
    Place start = source_place(source, span.start), end = source_place(source, span.end);
    fprintf(out, "\"line\":%u,\"col\":%u,\"end\":{\"line\":%u,\"col\":%u}", start.line, start.column, end.line, end.column);
}

static void print_object(const Diagnostics *diagnostics, const Diagnostic *diagnostic, FILE *out)
{
    fputs("{\"file\":", out);
    print_string(diagnostics->sources->items[diagnostic->span.file].path, out);
    fputc(',', out);
    print_place(diagnostics, diagnostic->span, out);
    fprintf(out, ",\"severity\":\"%s\",\"code\":\"%s\",\"message\":",
            diagnostic_is_error(diagnostic->code) ? "error" : "warning", diagnostic_code(diagnostic->code));
    print_string(diagnostic->message, out);
    if (diagnostic->hint.len) {
        fputs(",\"hint\":", out);
        print_string(diagnostic->hint, out);
    }
    if (diagnostic->note.len) {
        fputs(",\"note\":{\"text\":", out);
        print_string(diagnostic->note, out);
        fputs(",\"file\":", out);
        print_string(diagnostics->sources->items[diagnostic->note_span.file].path, out);
        fputc(',', out);
        print_place(diagnostics, diagnostic->note_span, out);
        fputc('}', out);
    }
    if (diagnostic->fix.set) {
        fputs(",\"fix\":{", out);
        print_place(diagnostics, diagnostic->fix.span, out);
        fputs(",\"text\":", out);
        print_string(diagnostic->fix.text, out);
        fputc('}', out);
    }
    fputs("}\n", out);
}

void diagnostics_print_json(const Diagnostics *diagnostics, FILE *out)
{
    const Diagnostic **sorted = diagnostics_sorted(diagnostics);
    for (uint32_t i = 0; i < diagnostics->n; i++)
        print_object(diagnostics, sorted[i], out);
}

/* ---- SARIF ---------------------------------------------------------------------------------------- */

/* A path as a relative reference: what cannot stand in one is escaped. */
static void print_uri(Text path, FILE *out)
{
    fputc('"', out);
    for (uint32_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~/", c));
        fprintf(out, plain ? "%c" : "%%%02X", c);
    }
    fputc('"', out);
}

static void print_artifact(const Source *source, FILE *out)
{
    fputs("\"artifactLocation\":{\"uri\":", out);
    print_uri(source->path, out);
    fputc('}', out);
}

/* {"startLine":1,"startColumn":2,"endLine":1,"endColumn":5} */
static void print_region(const Source *source, Span span, FILE *out)
{
    Place start = source_place(source, span.start), end = source_place(source, span.end);
    fprintf(out, "{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,\"endColumn\":%u}", start.line, start.column, end.line,
            end.column);
}

static void print_location(const Diagnostics *diagnostics, Span span, FILE *out)
{
    const Source *source = &diagnostics->sources->items[span.file];
    fputs("\"physicalLocation\":{", out);
    print_artifact(source, out);
    fputs(",\"region\":", out);
    print_region(source, span, out);
    fputc('}', out);
}

static void print_sarif_fix(const Diagnostics *diagnostics, const Diagnostic *diagnostic, FILE *out)
{
    const Source *source = &diagnostics->sources->items[diagnostic->fix.span.file];
    fputs(",\"fixes\":[{\"description\":{\"text\":", out);
    print_string(diagnostic->hint, out);
    fputs("},\"artifactChanges\":[{", out);
    print_artifact(source, out);
    fputs(",\"replacements\":[{\"deletedRegion\":", out);
    print_region(source, diagnostic->fix.span, out);
    fputs(",\"insertedContent\":{\"text\":", out);
    print_string(diagnostic->fix.text, out);
    fputs("}}]}]}]", out);
}

static void print_result(const Diagnostics *diagnostics, const Diagnostic *diagnostic, FILE *out)
{
    Text message = diagnostic->message;
    if (diagnostic->hint.len)
        message = arena_printf(diagnostics->arena, "%.*s; %.*s", TEXT_ARGS(message), TEXT_ARGS(diagnostic->hint));
    fprintf(out, "{\"ruleId\":\"%s\",\"level\":\"%s\",\"ruleIndex\":%u,\"message\":{\"text\":", diagnostic_code(diagnostic->code),
            diagnostic_is_error(diagnostic->code) ? "error" : "warning", diagnostic->code);
    print_string(message, out);
    fputs("},\"locations\":[{", out);
    print_location(diagnostics, diagnostic->span, out);
    fputs("}]", out);
    if (diagnostic->note.len) {
        fputs(",\"relatedLocations\":[{", out);
        print_location(diagnostics, diagnostic->note_span, out);
        fputs(",\"message\":{\"text\":", out);
        print_string(diagnostic->note, out);
        fputs("}}]", out);
    }
    if (diagnostic->fix.set)
        print_sarif_fix(diagnostics, diagnostic, out);
    fputc('}', out);
}

void diagnostics_print_sarif(const Diagnostics *diagnostics, FILE *out)
{
    const Diagnostic **sorted = diagnostics_sorted(diagnostics);
    fputs("{\"version\":\"2.1.0\",\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"runs\":[{"
          "\"tool\":{\"driver\":{\"name\":\"cep\",\"rules\":[",
          out);
    for (DiagnosticCode code = 0, first = 1; code < DIAGNOSTIC_COUNT; code++, first = 0) {
        fprintf(out, "%s{\"id\":\"%s\",\"shortDescription\":{\"text\":", first ? "" : ",", diagnostic_code(code));
        print_string(text_of(diagnostic_title(code)), out);
        fputs("}}", out);
    }
    fputs("]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[", out);
    for (uint32_t i = 0; i < diagnostics->n; i++) {
        if (i)
            fputc(',', out);
        print_result(diagnostics, sorted[i], out);
    }
    fputs("]}]}\n", out);
}
