/* Diagnostics for programs: an object a line, and SARIF 2.1.0.
 *
 *   {"file":"atm.cep","line":31,"col":42,"end":{"line":31,"col":48},"severity":"error","code":"E0203",
 *    "message":"…","hint":"…"}
 *
 * `end` is the place behind the last character. Columns are code points. */
#include "rules/diagnostic.h"

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

static void print_object(const Diagnostics *diagnostics, const Diagnostic *diagnostic, FILE *out)
{
    const Source *source = &diagnostics->sources->items[diagnostic->span.file];
    Place start = source_place(source, diagnostic->span.start), end = source_place(source, diagnostic->span.end);
    fputs("{\"file\":", out);
    print_string(source->path, out);
    fprintf(out, ",\"line\":%u,\"col\":%u,\"end\":{\"line\":%u,\"col\":%u},\"severity\":\"%s\",\"code\":\"%s\",\"message\":",
            start.line, start.column, end.line, end.column,
            diagnostic_is_error(diagnostic->code) ? "error" : "warning", diagnostic_code(diagnostic->code));
    print_string(diagnostic->message, out);
    if (diagnostic->hint.len) {
        fputs(",\"hint\":", out);
        print_string(diagnostic->hint, out);
    }
    if (diagnostic->note.len) {
        fputs(",\"note\":", out);
        print_string(diagnostic->note, out);
    }
    fputs("}\n", out);
}

void diagnostics_print_json(const Diagnostics *diagnostics, FILE *out)
{
    const Diagnostic **sorted = diagnostics_sorted(diagnostics);
    for (uint32_t i = 0; i < diagnostics->n; i++)
        print_object(diagnostics, sorted[i], out);
}

static void print_result(const Diagnostics *diagnostics, const Diagnostic *diagnostic, FILE *out)
{
    const Source *source = &diagnostics->sources->items[diagnostic->span.file];
    Place start = source_place(source, diagnostic->span.start), end = source_place(source, diagnostic->span.end);
    Text message = diagnostic->message;
    if (diagnostic->hint.len)
        message = arena_printf(diagnostics->arena, "%.*s; %.*s", TEXT_ARGS(message), TEXT_ARGS(diagnostic->hint));
    fprintf(out, "{\"ruleId\":\"%s\",\"level\":\"%s\",\"message\":{\"text\":", diagnostic_code(diagnostic->code),
            diagnostic_is_error(diagnostic->code) ? "error" : "warning");
    print_string(message, out);
    fputs("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":", out);
    print_string(source->path, out);
    fprintf(out, "},\"region\":{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,\"endColumn\":%u}}}]}", start.line,
            start.column, end.line, end.column);
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
