/* Parser: text to tree, by recursive descent; one token of look-ahead decides, except where the grammar
 * says otherwise.
 *
 * It finds up to DIAGNOSTICS_ERRORS_MAX independent mistakes in one run: after one it goes on at the next
 * member, clause or declaration. A tree with mistakes is fit for nothing but further reading; ask for the
 * result. Nothing is resolved here, with one exception that the grammar demands: the aliases of an
 * agent's `on` lines decide whether `detect` reads a pattern or an expression. */
#ifndef RULES_PARSER_H
#define RULES_PARSER_H

#include "rules/ast.h"
#include "rules/diagnostic.h"

/* Reads a file into a tree that lives in the arena and points into the source. Returns true if there is
 * no error in it; *out is filled in any case. */
bool parse_source(const Sources *sources, uint32_t file, Diagnostics *diagnostics, Arena *arena, AstFile *out);

/* Appends the declarations of a file to a module, which starts zeroed. */
void module_add(AstModule *module, Arena *arena, AstFile *file);

/* The word that begins a declaration of a kind: "agent". */
const char *declaration_word(DeclarationKind kind);

/* The word of a kind of expression: "==", "call". */
const char *expr_word(ExprKind kind);

/* True for a word that cannot be an alias, a `let` or a `param` unless it stands in back-ticks. */
bool alias_is_forbidden(Text word);

#endif
