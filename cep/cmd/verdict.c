#include "cep/cmd/verdict.h"

void verdict_tap(const Verdict *verdict, uint32_t number, FILE *out)
{
    fprintf(out, "%s %u - ", verdict->good ? "ok" : "not ok", number);
    for (uint32_t i = 0; i < verdict->title.len; i++) { /* a line of its own */
        char c = verdict->title.p[i];
        if (c == '#') /* a directive such as `# SKIP` begins with it */
            fputc('\\', out);
        fputc(c == '\n' || c == '\r' ? ' ' : c, out);
    }
    fprintf(out, "\n%.*s", TEXT_ARGS(verdict->report));
}

void verdict_json(const Verdict *verdict, Json *json)
{
    json_open(json, NULL, '{');
    json_text(json, "test", verdict->title);
    json_bool(json, "ok", verdict->good);
    json_text(json, "file", verdict->file);
    json_int(json, "line", verdict->line);
    json_text(json, "report", verdict->report);
    json_close(json, '}');
}

/* What XML cannot hold is shown as `?`. */
static void print_xml(Text text, FILE *out)
{
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        switch (c) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\n': fputs("&#10;", out); break;
        default: fputc(c < 0x20 && c != '\t' ? '?' : c, out);
        }
    }
}

static void print_attribute(const char *name, Text value, FILE *out)
{
    fprintf(out, " %s=\"", name);
    print_xml(value, out);
    fputc('"', out);
}

/* The first finding, which is what a list of failures shows. */
static Text first_line(Text report)
{
    uint32_t from = report.len > 2 ? 2 : 0, to = from; /* behind "# " */
    while (to < report.len && report.p[to] != '\n')
        to++;
    return (Text){report.p + from, to - from};
}

static void print_failure(const Verdict *verdict, FILE *out)
{
    fputs(">\n      <failure", out);
    print_attribute("message", first_line(verdict->report), out);
    fputc('>', out);
    for (Text left = verdict->report; left.len;) {
        Text line = first_line(left);
        print_xml(line, out);
        fputc('\n', out);
        uint32_t cut = (uint32_t)(line.p - left.p) + line.len + 1;
        left = cut < left.len ? (Text){left.p + cut, left.len - cut} : (Text){0};
    }
    fputs("</failure>\n    </testcase>\n", out);
}

void verdicts_junit(const Verdict *verdicts, uint32_t n, Text suite, FILE *out)
{
    uint32_t failures = 0;
    double seconds = 0;
    for (uint32_t i = 0; i < n; i++) {
        failures += !verdicts[i].good;
        seconds += verdicts[i].seconds;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite", out);
    print_attribute("name", suite, out);
    fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\" time=\"%.6f\">\n", n, failures, seconds);
    for (uint32_t i = 0; i < n; i++) {
        const Verdict *verdict = &verdicts[i];
        fputs("    <testcase", out);
        print_attribute("classname", suite, out);
        print_attribute("name", verdict->title, out);
        print_attribute("file", verdict->file, out);
        fprintf(out, " line=\"%u\" time=\"%.6f\"", verdict->line, verdict->seconds);
        if (verdict->good)
            fputs("/>\n", out);
        else
            print_failure(verdict, out);
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
}
