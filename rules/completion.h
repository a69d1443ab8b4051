/* Completion: what may stand at a place of a rule text, for editors.
 *
 * The tokens of the declaration before the place decide, so that it works in the middle of a line that does not
 * parse. Events, tables and the like are those of the symbols. */
#ifndef RULES_COMPLETION_H
#define RULES_COMPLETION_H

#include "rules/symbols.h"

typedef enum CompletionKind {
    COMPLETION_WORD, COMPLETION_SYMBOL, COMPLETION_FUNCTION, COMPLETION_TYPE, COMPLETION_HEADER,
} CompletionKind;

typedef struct Completion {
    CompletionKind kind;
    Text label;
    Text detail;          /* empty = none */
    const Symbol *symbol; /* SYMBOL; else NULL */
} Completion;

typedef struct Completions {
    Completion *items;
    uint32_t n;
    uint32_t from; /* byte offset of the word that is being typed, which a choice replaces */
} Completions;

/* What may stand at an offset of a text. Lives in the symbols' arena. */
Completions completions_at(const Symbols *symbols, const Source *source, uint32_t offset);

/* One line about a word, a function or an aggregate of the language; empty if it is none. */
Text completion_explain(Text word, Arena *arena);

#endif
