/* Symbols: which names the files declare and where each is used, for editors.
 *
 * Made from the trees alone, so that it is there for a file that has mistakes, too; what cannot be resolved is left
 * out. A place may use several symbols at once: `e.card` behind `on Payment | Refund e` is an attribute of both. */
#ifndef RULES_SYMBOLS_H
#define RULES_SYMBOLS_H

#include "rules/ast.h"

enum { SYMBOLS_DEPTH_MAX = 64 }; /* of parents: an event type may extend itself by mistake */

typedef enum SymbolKind {
    SYMBOL_EVENT, SYMBOL_ALERT, SYMBOL_ATTRIBUTE, SYMBOL_TABLE, SYMBOL_COLUMN, SYMBOL_PARAM, SYMBOL_FUNCTION,
    SYMBOL_ARGUMENT, SYMBOL_CONTEXT, SYMBOL_AGENT, SYMBOL_ALIAS, SYMBOL_LET, SYMBOL_PRODUCER, SYMBOL_CONSUMER,
    SYMBOL_CHANNEL, SYMBOL_NETWORK, SYMBOL_TEST,
    SYMBOL_KINDS,
} SymbolKind;

typedef struct Symbol {
    SymbolKind kind;
    Text name;            /* of a test its title */
    Span span;            /* of the name where it is declared */
    Span whole;           /* of the declaration, or of the line that introduces an alias */
    struct Symbol *owner; /* the event, table, agent or function it stands in; NULL = the file */
    struct Symbol *parent;/* of an event: what it extends */
    struct Symbol **of;   /* of an alias: its events, or its table */
    uint32_t nof;
    const Declaration *declaration; /* NULL for what stands inside one */
    struct Symbol *next;  /* with a name of the same hash */
} Symbol;

typedef struct SymbolUse {
    Span span;
    Symbol *symbol;
    bool declares;
} SymbolUse;

typedef struct Symbols {
    Arena *arena;
    Symbol **items;
    uint32_t n;
    SymbolUse *uses; /* in no order; a declaration is a use of itself */
    uint32_t nuses;
    Symbol **buckets; /* by the hash of the name, a power of two of them */
    uint32_t nbuckets;
} Symbols;

/* Reads all files of a module. The trees must outlive the symbols. */
void symbols_read(Symbols *symbols, const AstModule *module, Arena *arena);

/* "event", "attribute" … */
const char *symbol_word(SymbolKind kind);

/* A symbol of the file by name; NULL if there is none. */
Symbol *symbols_find(const Symbols *symbols, SymbolKind kind, Text name);

/* An event or an alert. */
Symbol *symbols_event(const Symbols *symbols, Text name);

/* A member of an event (its own or inherited), a table, an agent or a function. */
Symbol *symbols_member(const Symbols *symbols, const Symbol *owner, Text name);

/* The use at an offset of a file, its end included; NULL if there is none. */
const SymbolUse *symbols_at(const Symbols *symbols, uint32_t file, uint32_t offset);

/* All uses of what is meant at a place, together with what must bear the same name there: each place once, by file
 * and offset. Lives in the symbols' arena. */
const SymbolUse **symbols_same(const Symbols *symbols, const SymbolUse *use, uint32_t *n);

#endif
