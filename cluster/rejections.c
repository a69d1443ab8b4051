#include "cluster/rejections.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "cluster/limits.h"

enum { REASONS_MAX = 32 };

typedef struct Reason {
    const char *word;
    uint64_t count;
} Reason;

struct Rejections {
    Memory *memory;
    Text network;
    Out *errors;
    FILE *shown;
    Reason reasons[REASONS_MAX]; /* in the order of their first rejection; the last takes what is too many */
    uint32_t n;
};

Rejections *rejections_new(Memory *memory, Text network, Out *errors, FILE *shown)
{
    Rejections *r = memory_new(memory, sizeof *r);
    *r = (Rejections){.memory = memory, .network = network, .errors = errors, .shown = shown};
    return r;
}

void rejections_free(Rejections *r)
{
    if (r)
        memory_free(r->memory, r, sizeof *r);
}

static Reason *reason_of(Rejections *r, const char *word)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (strcmp(r->reasons[i].word, word) == 0)
            return &r->reasons[i];
    if (r->n < REASONS_MAX)
        r->reasons[r->n++] = (Reason){.word = r->n == REASONS_MAX ? "other" : word};
    return &r->reasons[r->n - 1];
}

/* What comes from outside must not steer a terminal. */
static void show_text(Text text, FILE *out)
{
    for (uint32_t i = 0; i < text.len; i++)
        fputc((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7F ? '?' : text.p[i], out);
}

static void show(const Rejected *rejected, uint64_t count, FILE *out)
{
    uint64_t examples = (uint64_t)limit_default(LIMIT_REASON_EXAMPLES);
    if (count > examples)
        return;
    if (rejected->source.len)
        fprintf(out, "%.*s:", TEXT_ARGS(rejected->source));
    if (rejected->source.len && rejected->line)
        fprintf(out, "%" PRIu64 ":", rejected->line);
    fprintf(out, "%srejected: ", rejected->source.len ? " " : "");
    if (rejected->agent.len)
        fprintf(out, "agent `%.*s`: ", TEXT_ARGS(rejected->agent));
    show_text(rejected->detail, out);
    if (count == examples)
        fprintf(out, " (further ones: %s, are only counted)", rejected->reason);
    fputc('\n', out);
}

static void text_or_null(Out *out, const char *name, Text text)
{
    out_text(out, name);
    if (text.len)
        out_json_string(out, text);
    else
        out_text(out, "null");
}

static void write_json(Out *out, Text network, const Rejected *rejected)
{
    Text original = rejected->original;
    if (original.len > limit_default(LIMIT_ORIGINAL_BYTES))
        original.len = (uint32_t)limit_default(LIMIT_ORIGINAL_BYTES);
    char event[256];
    int n = snprintf(event, sizeof event, "%.*s.errors", network.len > 200 ? 200 : (int)network.len, network.p);
    text_or_null(out, "{\"event\":", (Text){event, (uint32_t)n});
    text_or_null(out, ",\"reason\":", text_of(rejected->reason));
    text_or_null(out, ",\"detail\":", rejected->detail);
    text_or_null(out, ",\"agent\":", rejected->agent);
    text_or_null(out, ",\"source\":", rejected->source);
    out_text(out, ",\"line\":");
    if (rejected->line)
        out_int(out, (int64_t)rejected->line);
    else
        out_text(out, "null");
    text_or_null(out, ",\"original\":", original);
    out_text(out, "}\n");
}

void rejections_add(Rejections *r, const Rejected *rejected)
{
    Reason *reason = reason_of(r, rejected->reason);
    reason->count++;
    if (r->shown)
        show(rejected, reason->count, r->shown);
    if (r->errors)
        write_json(r->errors, r->network, rejected);
}

void rejections_count(Rejections *r, const char *word)
{
    reason_of(r, word)->count++;
}

uint64_t rejections_total(const Rejections *r)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < r->n; i++)
        total += r->reasons[i].count;
    return total;
}

uint64_t rejections_of(const Rejections *r, const char *word)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (strcmp(r->reasons[i].word, word) == 0)
            return r->reasons[i].count;
    return 0;
}

const char *rejections_reason(const Rejections *r, uint32_t i, uint64_t *count)
{
    if (i >= r->n)
        return NULL;
    *count = r->reasons[i].count;
    return r->reasons[i].word;
}

void count_print(uint64_t count, FILE *out)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, count);
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            fputc(',', out);
        fputc(digits[i], out);
    }
}

void rejections_print(const Rejections *r, FILE *out)
{
    count_print(rejections_total(r), out);
    fprintf(out, " rejected");
    for (uint32_t i = 0; i < r->n; i++) {
        fprintf(out, i ? ", " : " (");
        count_print(r->reasons[i].count, out);
        fprintf(out, " %s", r->reasons[i].word);
    }
    if (r->n)
        fputc(')', out);
}
