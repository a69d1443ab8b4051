#include "cep/cmd/lsp_features.h"

#include <stdlib.h>
#include <string.h>

#include "cep/cmd/trial.h"
#include "cep/cmd/verb.h"
#include "rules/completion.h"
#include "rules/format.h"

/* Numbers of the protocol. */
enum {
    SEVERITY_ERROR = 1, SEVERITY_WARNING = 2,
    ITEM_METHOD = 2, ITEM_FUNCTION = 3, ITEM_FIELD = 5, ITEM_VARIABLE = 6, ITEM_CLASS = 7, ITEM_KEYWORD = 14, ITEM_CONSTANT = 21,
    SYMBOL_OF_CLASS = 5, SYMBOL_OF_FUNCTION = 12, SYMBOL_OF_CONSTANT = 14, SYMBOL_OF_EVENT = 24, SYMBOL_OF_STRUCT = 23,
    SYMBOL_OF_NAMESPACE = 3, SYMBOL_OF_METHOD = 6,
};

static json_t *string_of(Text text)
{
    return json_stringn_nocheck(text.p, text.len);
}

static const Source *source_of(const Document *document)
{
    return &document->network.sources.items[0];
}

static json_t *range_of(const Desk *desk, const Document *document, Span span)
{
    return desk_range(desk, &document->network.sources.items[span.file], span.start, span.end);
}

static uint32_t offset_of(const Desk *desk, Document *document, const json_t *params)
{
    document_know(document);
    return desk_offset(desk, source_of(document), json_object_get(params, "position"));
}

static const SymbolUse *use_at(const Desk *desk, Document *document, const json_t *params)
{
    uint32_t offset = offset_of(desk, document, params);
    return symbols_at(&document->symbols, 0, offset);
}

/* ── Diagnostics and their edits ── */

static json_t *text_edit(const Desk *desk, const Document *document, Span span, Text text)
{
    return json_pack("{s:o, s:o}", "range", range_of(desk, document, span), "newText", string_of(text));
}

static json_t *location(const Desk *desk, const Document *document, Span span)
{
    char *uri = document_uri(document, span.file);
    json_t *result = json_pack("{s:s, s:o}", "uri", uri, "range", range_of(desk, document, span));
    free(uri);
    return result;
}

static json_t *diagnostic_of(const Desk *desk, Document *document, const Diagnostic *diagnostic)
{
    Arena *arena = &document->network.arena;
    Text message = diagnostic->message;
    if (diagnostic->hint.len)
        message = arena_printf(arena, "%.*s\n%.*s", TEXT_ARGS(message), TEXT_ARGS(diagnostic->hint));
    json_t *result = json_pack("{s:o, s:i, s:s, s:s, s:o}", "range", range_of(desk, document, diagnostic->span), "severity",
                               diagnostic_is_error(diagnostic->code) ? SEVERITY_ERROR : SEVERITY_WARNING, "code",
                               diagnostic_code(diagnostic->code), "source", "cep", "message", string_of(message));
    if (diagnostic->note.len)
        json_object_set_new(result, "relatedInformation",
                            json_pack("[{s:o, s:o}]", "location", location(desk, document, diagnostic->note_span), "message",
                                      string_of(diagnostic->note)));
    return result;
}

json_t *lsp_diagnostics(const Desk *desk, Document *document)
{
    document_know(document);
    json_t *list = json_array();
    const Diagnostics *found = &document->network.diagnostics;
    const Diagnostic **sorted = diagnostics_sorted(found);
    for (uint32_t i = 0; i < found->n; i++)
        if (sorted[i]->span.file == 0)
            json_array_append_new(list, diagnostic_of(desk, document, sorted[i]));
    return json_pack("{s:s, s:I, s:o}", "uri", document->uri, "version", (json_int_t)document->version, "diagnostics", list);
}

json_t *lsp_actions(const Desk *desk, Document *document, const json_t *params)
{
    document_know(document);
    const json_t *range = json_object_get(params, "range");
    uint32_t from = desk_offset(desk, source_of(document), json_object_get(range, "start"));
    uint32_t to = desk_offset(desk, source_of(document), json_object_get(range, "end"));
    const Diagnostics *found = &document->network.diagnostics;
    json_t *list = json_array();
    for (uint32_t i = 0; i < found->n; i++) {
        const Diagnostic *diagnostic = found->items[i];
        if (!diagnostic->fix.set || diagnostic->span.file != 0 || diagnostic->span.end < from || diagnostic->span.start > to)
            continue;
        json_t *edits = json_pack("{s:[o]}", document->uri, text_edit(desk, document, diagnostic->fix.span, diagnostic->fix.text));
        json_array_append_new(list, json_pack("{s:o, s:s, s:b, s:[o], s:{s:o}}", "title", string_of(diagnostic->hint), "kind",
                                              "quickfix", "isPreferred", 1, "diagnostics",
                                              diagnostic_of(desk, document, diagnostic), "edit", "changes", edits));
    }
    return list;
}

/* ── Hover ── */

/* The text of a declaration, shortened to some lines. */
static Text declaration_text(Document *document, const Symbol *symbol)
{
    enum { LINES_MAX = 30 };
    Text text = sources_text(&document->network.sources, symbol->whole);
    uint32_t lines = 0;
    for (uint32_t i = 0; i < text.len; i++)
        if (text.p[i] == '\n' && ++lines == LINES_MAX)
            return arena_printf(&document->network.arena, "%.*s\n…", (int)i, text.p);
    return text;
}

static Text agent_facts(Document *document, const Symbol *symbol)
{
    const Plan *plan = document->network.plan;
    uint32_t index = plan ? plan_agent(plan, symbol->name) : INDEX_NONE;
    if (index == INDEX_NONE)
        return TEXT("");
    const AgentPlan *agent = &plan->agents[index];
    return arena_printf(&document->network.arena, "\n%s; state: %.*s\n", agent_kind_word(agent->kind),
                        TEXT_ARGS(agent->bound));
}

/* Which word an offset touches. */
static Span word_at(const Source *source, uint32_t offset)
{
    uint32_t start = offset, end = offset;
#define IS_LETTER(c) (((c) >= 'a' && (c) <= 'z') || (c) == '_')
    while (start > 0 && IS_LETTER(source->text.p[start - 1]))
        start--;
    while (end < source->text.len && IS_LETTER(source->text.p[end]))
        end++;
#undef IS_LETTER
    return (Span){0, start, end};
}

static json_t *hover_of(const Desk *desk, Document *document, Span span, Text markdown)
{
    return json_pack("{s:{s:s, s:o}, s:o}", "contents", "kind", "markdown", "value", string_of(markdown), "range",
                     range_of(desk, document, span));
}

json_t *lsp_hover(const Desk *desk, Document *document, const json_t *params)
{
    uint32_t offset = offset_of(desk, document, params);
    const SymbolUse *use = symbols_at(&document->symbols, 0, offset);
    Arena *arena = &document->network.arena;
    if (use) {
        const Symbol *symbol = use->symbol;
        Text of = symbol->owner ? symbol->owner->name : (Text){0};
        Text markdown = arena_printf(arena, "```cep\n%.*s\n```\n%s%s%.*s%s", TEXT_ARGS(declaration_text(document, symbol)),
                                     symbol_word(symbol->kind), of.len ? " of `" : "", TEXT_ARGS(of), of.len ? "`\n" : "\n");
        if (symbol->kind == SYMBOL_AGENT)
            markdown = arena_printf(arena, "%.*s%.*s", TEXT_ARGS(markdown), TEXT_ARGS(agent_facts(document, symbol)));
        return hover_of(desk, document, use->span, markdown);
    }
    Span word = word_at(source_of(document), offset);
    Text text = sources_text(&document->network.sources, word), what = completion_explain(text, arena);
    return what.len ? hover_of(desk, document, word, arena_printf(arena, "`%.*s`: %.*s", TEXT_ARGS(text), TEXT_ARGS(what)))
                    : NULL;
}

/* ── Completion ── */

static int item_kind(const Completion *item)
{
    if (!item->symbol) {
        static const int kinds[] = {
            [COMPLETION_WORD] = ITEM_KEYWORD, [COMPLETION_SYMBOL] = ITEM_VARIABLE, [COMPLETION_FUNCTION] = ITEM_FUNCTION,
            [COMPLETION_TYPE] = ITEM_CLASS, [COMPLETION_HEADER] = ITEM_FIELD,
        };
        return kinds[item->kind];
    }
    switch (item->symbol->kind) {
    case SYMBOL_ATTRIBUTE:
    case SYMBOL_COLUMN: return ITEM_FIELD;
    case SYMBOL_PARAM: return ITEM_CONSTANT;
    case SYMBOL_FUNCTION: return ITEM_FUNCTION;
    case SYMBOL_AGENT: return ITEM_METHOD;
    default: return ITEM_CLASS;
    }
}

json_t *lsp_completion(const Desk *desk, Document *document, const json_t *params)
{
    uint32_t offset = offset_of(desk, document, params);
    Completions found = completions_at(&document->symbols, source_of(document), offset);
    json_t *list = json_array();
    for (uint32_t i = 0; i < found.n; i++) {
        const Completion *item = &found.items[i];
        json_t *edit = text_edit(desk, document, (Span){0, found.from, offset}, item->label);
        json_array_append_new(list, json_pack("{s:o, s:i, s:o, s:o}", "label", string_of(item->label), "kind", item_kind(item),
                                              "detail", string_of(item->detail), "textEdit", edit));
    }
    return json_pack("{s:b, s:o}", "isIncomplete", 0, "items", list);
}

/* ── Names ── */

json_t *lsp_definition(const Desk *desk, Document *document, const json_t *params)
{
    const SymbolUse *at = use_at(desk, document, params);
    if (!at)
        return NULL;
    json_t *list = json_array();
    for (uint32_t i = 0; i < document->symbols.nuses; i++) { /* an attribute may be of several types */
        const SymbolUse *use = &document->symbols.uses[i];
        bool same_place = use->span.file == 0 && use->span.start == at->span.start && use->span.end == at->span.end;
        if (same_place)
            json_array_append_new(list, location(desk, document, use->symbol->span));
    }
    return list;
}

json_t *lsp_references(const Desk *desk, Document *document, const json_t *params)
{
    const SymbolUse *use = use_at(desk, document, params);
    if (!use)
        return NULL;
    bool declared = json_is_true(json_object_get(json_object_get(params, "context"), "includeDeclaration"));
    uint32_t n;
    const SymbolUse **same = symbols_same(&document->symbols, use, &n);
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        if (declared || !same[i]->declares)
            json_array_append_new(list, location(desk, document, same[i]->span));
    return list;
}

json_t *lsp_prepare_rename(const Desk *desk, Document *document, const json_t *params)
{
    const SymbolUse *use = use_at(desk, document, params);
    return use ? json_pack("{s:o, s:o}", "range", range_of(desk, document, use->span), "placeholder", string_of(use->symbol->name))
               : NULL;
}

static bool is_name(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return n > 0 && text[n] == 0 && !(text[0] >= '0' && text[0] <= '9');
}

/* The document's text with its part of the places replaced. */
static Text renamed_text(Document *document, const SymbolUse **same, uint32_t n, const char *name)
{
    Text text = source_of(document)->text;
    char *out;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n && same[i]->span.file == 0; i++) { /* it is the first file */
        fprintf(to, "%.*s%s", (int)(same[i]->span.start - at), text.p + at, name);
        at = same[i]->span.end;
    }
    fprintf(to, "%.*s", (int)(text.len - at), text.p + at);
    fclose(to);
    Text result = arena_text(&document->network.arena, (Text){out, (uint32_t)size});
    free(out);
    return result;
}

/* What would be wrong after a renaming and is not now; NULL for nothing. Used files are on the disk and not tried. */
static const char *new_mistake(Document *document, Text text)
{
    Source source = {.path = text_of(document->path), .text = text};
    Network again;
    if (network_read_texts(&again, &source, 1) == EXIT_DONE)
        network_compile(&again, NULL, 0);
    Text message = {0};
    if (again.diagnostics.errors > document->network.diagnostics.errors)
        message = arena_printf(&document->network.arena, "then %.*s", TEXT_ARGS(again.diagnostics.items[0]->message));
    network_free(&again);
    return message.p;
}

json_t *lsp_rename(const Desk *desk, Document *document, const json_t *params, const char **why)
{
    const SymbolUse *use = use_at(desk, document, params);
    const char *name = json_string_value(json_object_get(params, "newName"));
    *why = !use ? "no name stands here" : !name || !is_name(name) ? "a name is made of ASCII letters, digits and `_`" : NULL;
    if (*why)
        return NULL;
    uint32_t n;
    const SymbolUse **same = symbols_same(&document->symbols, use, &n);
    bool elsewhere = same[n - 1]->span.file != 0;
    *why = elsewhere ? NULL : new_mistake(document, renamed_text(document, same, n, name));
    if (*why)
        return NULL;
    json_t *changes = json_object();
    for (uint32_t i = 0; i < n; i++) {
        Span span = same[i]->span;
        char *uri = document_uri(document, span.file);
        json_t *edits = json_object_get(changes, uri);
        if (!edits)
            json_object_set_new(changes, uri, edits = json_array());
        json_array_append_new(edits, text_edit(desk, document, span, text_of(name)));
        free(uri);
    }
    return json_pack("{s:o}", "changes", changes);
}

/* ── Layout, outline ── */

json_t *lsp_formatting(const Desk *desk, Document *document, const json_t *params)
{
    (void)params;
    document_know(document);
    Diagnostics unheard;
    Text laid_out;
    Arena *arena = &document->network.arena;
    diagnostics_init(&unheard, &document->network.sources, arena);
    if (!format_source(&document->network.sources, 0, &unheard, arena, &laid_out))
        return NULL;
    Text text = source_of(document)->text;
    if (text_is(text, laid_out))
        return json_array();
    return json_pack("[o]", text_edit(desk, document, (Span){0, 0, text.len}, laid_out));
}

static int outline_kind(SymbolKind kind)
{
    switch (kind) {
    case SYMBOL_EVENT:
    case SYMBOL_ALERT: return SYMBOL_OF_EVENT;
    case SYMBOL_TABLE: return SYMBOL_OF_STRUCT;
    case SYMBOL_PARAM: return SYMBOL_OF_CONSTANT;
    case SYMBOL_FUNCTION: return SYMBOL_OF_FUNCTION;
    case SYMBOL_NETWORK: return SYMBOL_OF_NAMESPACE;
    case SYMBOL_TEST: return SYMBOL_OF_METHOD;
    default: return SYMBOL_OF_CLASS;
    }
}

json_t *lsp_symbols(const Desk *desk, Document *document, const json_t *params)
{
    (void)params;
    document_know(document);
    json_t *list = json_array();
    for (uint32_t i = 0; i < document->symbols.n; i++) {
        const Symbol *symbol = document->symbols.items[i];
        if (!symbol->declaration || symbol->span.file != 0 || !symbol->name.len)
            continue;
        json_array_append_new(list, json_pack("{s:o, s:s, s:i, s:o, s:o}", "name", string_of(symbol->name), "detail",
                                              symbol_word(symbol->kind), "kind", outline_kind(symbol->kind), "range",
                                              range_of(desk, document, symbol->whole), "selectionRange",
                                              range_of(desk, document, symbol->span)));
    }
    return list;
}

/* ── Tests ── */

json_t *lsp_lenses(const Desk *desk, Document *document, const json_t *params)
{
    (void)params;
    document_know(document);
    json_t *list = json_array();
    for (uint32_t i = 0; i < document->symbols.n; i++) {
        const Symbol *symbol = document->symbols.items[i];
        if (symbol->kind == SYMBOL_TEST && symbol->span.file == 0)
            json_array_append_new(list, json_pack("{s:o, s:{s:s, s:s, s:[s, o]}}", "range", range_of(desk, document, symbol->span),
                                                  "command", "title", "Run this test", "command", "cep.test", "arguments",
                                                  document->uri, string_of(symbol->name)));
    }
    return list;
}

json_t *lsp_run_test(Document *document, const char *title)
{
    document_know(document);
    Network *network = &document->network;
    for (uint32_t i = 0; network->plan && i < network->module.n; i++) {
        const Declaration *declaration = network->module.declarations[i];
        if (declaration->kind != DECLARATION_TEST || !text_is_c(declaration->test->title.value, title))
            continue;
        char *report;
        size_t size;
        FILE *out = open_memstream(&report, &size);
        bool good = trial_test(network, 1, &(Params){0}, i, NULL, out);
        fclose(out);
        json_t *result = json_pack("{s:b, s:o}", "ok", good, "report", string_of((Text){report, (uint32_t)size}));
        free(report);
        return result;
    }
    return NULL;
}
