/* Symbols: declarations first, so that a use may stand before; then the places that name them, found by
 * symbols_walk.c. Lookups are linear: a file that a person edits has hundreds of names, not millions. */
#include "rules/symbols.h"

#include "rules/symbols_walk.h"

const char *symbol_word(SymbolKind kind)
{
    static const char *const words[SYMBOL_KINDS] = {
        [SYMBOL_EVENT] = "event",       [SYMBOL_ALERT] = "alert",       [SYMBOL_ATTRIBUTE] = "attribute",
        [SYMBOL_TABLE] = "table",       [SYMBOL_COLUMN] = "column",     [SYMBOL_PARAM] = "param",
        [SYMBOL_FUNCTION] = "function", [SYMBOL_ARGUMENT] = "argument", [SYMBOL_CONTEXT] = "context",
        [SYMBOL_AGENT] = "agent",       [SYMBOL_ALIAS] = "alias",       [SYMBOL_LET] = "let",
        [SYMBOL_PRODUCER] = "producer", [SYMBOL_CONSUMER] = "consumer", [SYMBOL_CHANNEL] = "channel",
        [SYMBOL_NETWORK] = "network",   [SYMBOL_TEST] = "test",
    };
    return words[kind];
}

void symbols_use(Symbols *symbols, Span span, Symbol *symbol)
{
    if (!symbol)
        return;
    symbols->uses = arena_grow(symbols->arena, symbols->uses, symbols->nuses, sizeof *symbols->uses);
    symbols->uses[symbols->nuses++] = (SymbolUse){.span = span, .symbol = symbol};
}

Symbol *symbols_add(Symbols *symbols, SymbolKind kind, Name name, Span whole, Symbol *owner)
{
    Symbol *symbol = ARENA_NEW(symbols->arena, Symbol);
    *symbol = (Symbol){.kind = kind, .name = name.text, .span = name.span, .whole = whole, .owner = owner};
    symbols->items = arena_grow(symbols->arena, symbols->items, symbols->n, sizeof *symbols->items);
    symbols->items[symbols->n++] = symbol;
    if (name.text.len) {
        symbols_use(symbols, name.span, symbol);
        symbols->uses[symbols->nuses - 1].declares = true;
    }
    return symbol;
}

Symbol *symbols_find(const Symbols *symbols, SymbolKind kind, Text name)
{
    for (uint32_t i = 0; i < symbols->n; i++)
        if (symbols->items[i]->kind == kind && !symbols->items[i]->owner && text_is(symbols->items[i]->name, name))
            return symbols->items[i];
    return NULL;
}

Symbol *symbols_event(const Symbols *symbols, Text name)
{
    Symbol *event = symbols_find(symbols, SYMBOL_EVENT, name);
    return event ? event : symbols_find(symbols, SYMBOL_ALERT, name);
}

Symbol *symbols_member(const Symbols *symbols, const Symbol *owner, Text name)
{
    for (uint32_t depth = 0; owner && depth < 64; owner = owner->parent, depth++) /* a type may extend itself by mistake */
        for (uint32_t i = 0; i < symbols->n; i++)
            if (symbols->items[i]->owner == owner && text_is(symbols->items[i]->name, name))
                return symbols->items[i];
    return NULL;
}

const SymbolUse *symbols_at(const Symbols *symbols, uint32_t file, uint32_t offset)
{
    for (uint32_t i = 0; i < symbols->nuses; i++) {
        Span span = symbols->uses[i].span;
        if (span.file == file && span.start <= offset && offset <= span.end)
            return &symbols->uses[i];
    }
    return NULL;
}

static bool same_span(Span a, Span b)
{
    return a.file == b.file && a.start == b.start && a.end == b.end;
}

uint32_t symbols_same(const Symbols *symbols, const SymbolUse *use, bool *seen)
{
    uint32_t marked = 0;
    memset(seen, 0, symbols->nuses);
    seen[use - symbols->uses] = true;
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < symbols->nuses; i++) {
            for (uint32_t k = 0; k < symbols->nuses && !seen[i]; k++)
                seen[i] = seen[k] && (symbols->uses[k].symbol == symbols->uses[i].symbol ||
                                      same_span(symbols->uses[k].span, symbols->uses[i].span)) && (more = true);
        }
    }
    for (uint32_t i = 0; i < symbols->nuses; i++)
        marked += seen[i];
    return marked;
}

/* ---- declarations --------------------------------------------------------------------------------- */

static void add_attributes(Symbols *symbols, SymbolKind kind, const AstAttribute *attributes, uint32_t n, Symbol *owner)
{
    for (uint32_t i = 0; i < n; i++)
        symbols_add(symbols, kind, attributes[i].name, attributes[i].span, owner);
}

static void declare(Symbols *symbols, const Declaration *declaration)
{
    static const SymbolKind kinds[DECLARATION_COUNT] = {
        [DECLARATION_NETWORK] = SYMBOL_NETWORK,   [DECLARATION_USE] = SYMBOL_KINDS,
        [DECLARATION_CLOCK] = SYMBOL_KINDS,       [DECLARATION_METRIC] = SYMBOL_KINDS,
        [DECLARATION_PARAM] = SYMBOL_PARAM,       [DECLARATION_FUNCTION] = SYMBOL_FUNCTION,
        [DECLARATION_EVENT] = SYMBOL_EVENT,       [DECLARATION_ALERT] = SYMBOL_ALERT,
        [DECLARATION_TABLE] = SYMBOL_TABLE,       [DECLARATION_PRODUCER] = SYMBOL_PRODUCER,
        [DECLARATION_CONSUMER] = SYMBOL_CONSUMER, [DECLARATION_CHANNEL] = SYMBOL_CHANNEL,
        [DECLARATION_CONTEXT] = SYMBOL_CONTEXT,   [DECLARATION_AGENT] = SYMBOL_AGENT,
        [DECLARATION_TEST] = SYMBOL_TEST,
    };
    SymbolKind kind = kinds[declaration->kind];
    if (kind == SYMBOL_KINDS)
        return;
    Symbol *symbol = symbols_add(symbols, kind, declaration->name, declaration->span, NULL);
    symbol->declaration = declaration;
    if (kind == SYMBOL_EVENT || kind == SYMBOL_ALERT) {
        add_attributes(symbols, SYMBOL_ATTRIBUTE, declaration->event->attributes, declaration->event->attribute_count, symbol);
    } else if (kind == SYMBOL_TABLE) {
        add_attributes(symbols, SYMBOL_COLUMN, declaration->table->columns, declaration->table->column_count, symbol);
    } else if (kind == SYMBOL_FUNCTION) {
        for (uint32_t i = 0; i < declaration->function->param_count; i++)
            symbols_add(symbols, SYMBOL_ARGUMENT, declaration->function->params[i].name,
                        declaration->function->params[i].name.span, symbol);
    } else if (kind == SYMBOL_TEST) {
        symbol->name = declaration->test->title.value;
        symbol->span = declaration->test->title.span;
    } else if (kind == SYMBOL_NETWORK) {
        for (uint32_t i = 0; i < declaration->network->declaration_count; i++)
            declare(symbols, &declaration->network->declarations[i]);
    }
}

void symbols_read(Symbols *symbols, const AstModule *module, Arena *arena)
{
    *symbols = (Symbols){.arena = arena};
    for (uint32_t i = 0; i < module->n; i++)
        declare(symbols, module->declarations[i]);
    symbols_walk(symbols);
}
