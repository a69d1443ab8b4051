/* What symbols.c and symbols_walk.c share; included by nobody else. */
#ifndef RULES_SYMBOLS_WALK_H
#define RULES_SYMBOLS_WALK_H

#include "rules/symbols.h"

Symbol *symbols_add(Symbols *symbols, SymbolKind kind, Name name, Span whole, Symbol *owner);
void symbols_use(Symbols *symbols, Span span, Symbol *symbol); /* of NULL: nothing */

/* Finds the uses in what was declared. */
void symbols_walk(Symbols *symbols);

#endif
