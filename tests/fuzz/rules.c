#include "tests/fuzz/rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/compile.h"
#include "rules/dump.h"
#include "rules/format.h"
#include "rules/lexer.h"
#include "rules/parser.h"
#include "tests/oracle/random.h"
#include "tests/unit/rule_sample.h"

void reading_init(Reading *reading)
{
    *reading = (Reading){0};
    arena_init(&reading->arena, &reading->memory);
    sources_init(&reading->sources, &reading->arena);
    diagnostics_init(&reading->diagnostics, &reading->sources, &reading->arena);
}

void reading_fini(Reading *reading)
{
    arena_fini(&reading->arena);
}

bool reading_parse(Reading *reading, Text text, AstFile *file)
{
    uint32_t index = sources_add(&reading->sources, TEXT("fuzz.cep"), text);
    return parse_source(&reading->sources, index, &reading->diagnostics, &reading->arena, file);
}

/* ── Mutation ── */

enum { TOKENS_MAX = 4096, EDITS_MAX = 4 };

typedef struct Pieces {
    Text items[TOKENS_MAX]; /* a token with the blanks and comments before it */
    uint32_t n;
} Pieces;

static void cut(Text text, Pieces *pieces)
{
    Lexer lexer = {.text = text};
    uint32_t from = 0;
    for (pieces->n = 0; pieces->n < TOKENS_MAX;) {
        Token token = lexer_next(&lexer, false);
        if (token.kind == TOKEN_END)
            break;
        pieces->items[pieces->n++] = (Text){text.p + from, token.end - from};
        from = token.end;
    }
}

static void edit(Pieces *pieces, const Pieces *sample, Random *random)
{
    uint32_t n = pieces->n;
    uint32_t at = n ? random_below(random, n) : 0, other = n ? random_below(random, n) : 0;
    Text piece = n ? pieces->items[other] : (Text){0};
    switch (n ? random_below(random, 6) : 5) {
    case 0: /* swap */
        pieces->items[other] = pieces->items[at];
        pieces->items[at] = piece;
        return;
    case 1: /* drop */
        memmove(&pieces->items[at], &pieces->items[at + 1], (n - at - 1) * sizeof *pieces->items);
        pieces->n--;
        return;
    case 2: /* put another token in its place */
        pieces->items[at] = sample->items[random_below(random, sample->n)];
        return;
    case 3: /* double */
        break;
    default:
        piece = sample->items[random_below(random, sample->n)];
    }
    if (n == TOKENS_MAX)
        return;
    memmove(&pieces->items[at + 1], &pieces->items[at], (n - at) * sizeof *pieces->items);
    pieces->items[at] = piece;
    pieces->n++;
}

size_t rules_mutate(char *text, size_t size, size_t max, uint64_t seed)
{
    static Pieces sample, pieces;
    Random random = {seed};
    char *before = malloc(size + 1);
    memcpy(before, text, size);
    before[size] = 0;
    if (!sample.n)
        cut(TEXT(rule_sample), &sample);
    cut((Text){before, (uint32_t)size}, &pieces);
    for (uint32_t edits = 1 + random_below(&random, EDITS_MAX); edits; edits--)
        edit(&pieces, &sample, &random);
    size_t length = 0;
    for (uint32_t i = 0; i < pieces.n && length + pieces.items[i].len < max; i++) {
        memcpy(text + length, pieces.items[i].p, pieces.items[i].len);
        length += pieces.items[i].len;
    }
    free(before);
    return length;
}

/* ── The formatter ── */

static char *dumped(const AstFile *file)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    dump_file(file, out);
    fclose(out);
    return text;
}

/* The plan's version, which is a hash of all that it says; zeros where the text makes none. */
static void version_of(Text text, uint8_t version[16])
{
    Reading reading;
    AstFile file;
    AstModule module = {0};
    reading_init(&reading);
    memset(version, 0, 16);
    if (reading_parse(&reading, text, &file)) {
        module_add(&module, &reading.arena, &file);
        Plan *plan = compile(&reading.sources, &module, &(CompileOptions){0}, &reading.diagnostics, &reading.memory);
        if (plan) {
            memcpy(version, plan->version, 16);
            plan_free(plan);
        }
    }
    reading_fini(&reading);
}

static _Noreturn void broken(const char *promise, Text text, Text laid_out)
{
    fprintf(stderr, "%s\n── text ──\n%.*s\n── layout ──\n%.*s\n", promise, TEXT_ARGS(text), TEXT_ARGS(laid_out));
    abort();
}

bool rules_check_format(Text text)
{
    Reading reading;
    AstFile before, after;
    Text once, twice;
    reading_init(&reading);
    bool parses = reading_parse(&reading, text, &before);
    if (parses) {
        if (!format_source(&reading.sources, 0, &reading.diagnostics, &reading.arena, &once))
            broken("a text that parses has no layout", text, (Text){0});
        if (!reading_parse(&reading, once, &after))
            broken("the layout does not parse", text, once);
        char *first = dumped(&before), *second = dumped(&after);
        if (strcmp(first, second) != 0)
            broken("the layout has another tree", text, once);
        free(first);
        free(second);
        if (!format_source(&reading.sources, 1, &reading.diagnostics, &reading.arena, &twice) || !text_is(once, twice))
            broken("the layout has another layout", text, once);
        uint8_t versions[2][16];
        version_of(text, versions[0]);
        version_of(once, versions[1]);
        if (memcmp(versions[0], versions[1], 16) != 0)
            broken("the layout makes another plan", text, once);
    }
    reading_fini(&reading);
    return parses;
}
