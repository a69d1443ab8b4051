/* Dump: a tree as s-expressions, for tests and for looking at what the parser understood.
 *
 *   (agent many (on Withdrawal w (where (matches w.atm /^S7-/))) (detect (> (count w) limit)) …)
 *
 * Layout, comments and parentheses that change nothing are not in it: two texts have equal dumps if and
 * only if they mean the same tree. A line is a declaration; nested ones follow their network. */
#ifndef RULES_DUMP_H
#define RULES_DUMP_H

#include <stdio.h>

#include "rules/ast.h"

void dump_file(const AstFile *file, FILE *out);
void dump_declaration(const Declaration *declaration, FILE *out);
void dump_expression(const Expr *expr, FILE *out);
void dump_pattern(const AstPattern *pattern, FILE *out);

#endif
