/* Symbols: declarations first, so that a use may stand before; then the places that name them, found by
 * symbols_walk.c. Names are looked up by hash. */
#include "rules/symbols.h"

#include <stdlib.h>

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

/* ---- names ---------------------------------------------------------------------------------------- */

static uint32_t hash_of(Text name)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
    return hash;
}

static void hash_put(Symbols *symbols, Symbol *symbol)
{
    Symbol **bucket = &symbols->buckets[hash_of(symbol->name) & (symbols->nbuckets - 1)];
    symbol->next = *bucket;
    *bucket = symbol;
}

static void hash_grow(Symbols *symbols)
{
    symbols->nbuckets = symbols->nbuckets ? symbols->nbuckets * 4 : 256;
    symbols->buckets = ARENA_ARRAY(symbols->arena, Symbol *, symbols->nbuckets);
    for (uint32_t i = 0; i < symbols->n; i++)
        hash_put(symbols, symbols->items[i]);
}

static Symbol *find(const Symbols *symbols, const Symbol *owner, SymbolKind kind, Text name)
{
    Symbol *found = NULL; /* the first one: a chain begins with the last */
    Symbol *symbol = symbols->nbuckets ? symbols->buckets[hash_of(name) & (symbols->nbuckets - 1)] : NULL;
    for (; symbol; symbol = symbol->next)
        if (symbol->owner == owner && (kind == SYMBOL_KINDS || symbol->kind == kind) && text_is(symbol->name, name))
            found = symbol;
    return found;
}

Symbol *symbols_add(Symbols *symbols, SymbolKind kind, Name name, Span whole, Symbol *owner)
{
    Symbol *symbol = ARENA_NEW(symbols->arena, Symbol);
    *symbol = (Symbol){.kind = kind, .name = name.text, .span = name.span, .whole = whole, .owner = owner};
    symbols->items = arena_grow(symbols->arena, symbols->items, symbols->n, sizeof *symbols->items);
    symbols->items[symbols->n++] = symbol;
    if (symbols->n > symbols->nbuckets)
        hash_grow(symbols);
    else
        hash_put(symbols, symbol);
    if (name.text.len) {
        symbols_use(symbols, name.span, symbol);
        symbols->uses[symbols->nuses - 1].declares = true;
    }
    return symbol;
}

Symbol *symbols_find(const Symbols *symbols, SymbolKind kind, Text name)
{
    return find(symbols, NULL, kind, name);
}

Symbol *symbols_event(const Symbols *symbols, Text name)
{
    Symbol *event = symbols_find(symbols, SYMBOL_EVENT, name);
    return event ? event : symbols_find(symbols, SYMBOL_ALERT, name);
}

Symbol *symbols_member(const Symbols *symbols, const Symbol *owner, Text name)
{
    for (uint32_t depth = 0; owner && depth < SYMBOLS_DEPTH_MAX; owner = owner->parent, depth++) {
        Symbol *member = find(symbols, owner, SYMBOL_KINDS, name);
        if (member)
            return member;
    }
    return NULL;
}

/* ---- uses ----------------------------------------------------------------------------------------- */

const SymbolUse *symbols_at(const Symbols *symbols, uint32_t file, uint32_t offset)
{
    for (uint32_t i = 0; i < symbols->nuses; i++) {
        Span span = symbols->uses[i].span;
        if (span.file == file && span.start <= offset && offset <= span.end)
            return &symbols->uses[i];
    }
    return NULL;
}

static int by_place(const void *a, const void *b)
{
    const SymbolUse *x = *(SymbolUse *const *)a, *y = *(SymbolUse *const *)b;
    if (x->span.file != y->span.file)
        return x->span.file < y->span.file ? -1 : 1;
    return (x->span.start > y->span.start) - (x->span.start < y->span.start);
}

static int by_symbol(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)(*(SymbolUse *const *)a)->symbol, y = (uintptr_t)(*(SymbolUse *const *)b)->symbol;
    return (x > y) - (x < y);
}

static const SymbolUse **sorted_uses(const Symbols *symbols, int (*order)(const void *, const void *))
{
    const SymbolUse **sorted = ARENA_ARRAY(symbols->arena, const SymbolUse *, symbols->nuses + 1);
    for (uint32_t i = 0; i < symbols->nuses; i++)
        sorted[i] = &symbols->uses[i];
    qsort(sorted, symbols->nuses, sizeof *sorted, order);
    return sorted;
}

/* What is meant by a use, spread over those that share its symbol or its place. */
typedef struct Spread {
    const Symbols *symbols;
    bool *seen;             /* by index in uses */
    const SymbolUse **todo; /* seen, and their neighbours not looked at yet */
    uint32_t ntodo;
} Spread;

static void spread_along(Spread *spread, const SymbolUse **sorted, const SymbolUse *use,
                         int (*order)(const void *, const void *))
{
    uint32_t n = spread->symbols->nuses, low = 0, high = n;
    while (low < high) { /* the first that is not less */
        uint32_t middle = low + (high - low) / 2;
        if (order(&sorted[middle], &use) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < n && order(&sorted[low], &use) == 0; low++) {
        uint32_t index = (uint32_t)(sorted[low] - spread->symbols->uses);
        if (!spread->seen[index])
            spread->todo[spread->ntodo++] = sorted[low];
        spread->seen[index] = true;
    }
}

const SymbolUse **symbols_same(const Symbols *symbols, const SymbolUse *use, uint32_t *n)
{
    const SymbolUse **places = sorted_uses(symbols, by_place), **owners = sorted_uses(symbols, by_symbol);
    Spread spread = {
        .symbols = symbols,
        .seen = ARENA_ARRAY(symbols->arena, bool, symbols->nuses),
        .todo = ARENA_ARRAY(symbols->arena, const SymbolUse *, symbols->nuses),
    };
    spread_along(&spread, places, use, by_place);
    while (spread.ntodo) {
        const SymbolUse *next = spread.todo[--spread.ntodo];
        spread_along(&spread, owners, next, by_symbol);
        spread_along(&spread, places, next, by_place);
    }
    *n = 0;
    for (uint32_t i = 0; i < symbols->nuses; i++) {
        bool again = *n > 0 && by_place(&places[*n - 1], &places[i]) == 0;
        if (spread.seen[places[i] - symbols->uses] && !again)
            places[(*n)++] = places[i];
    }
    return places;
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
