/* Format: the one layout of a rule file (`cep fmt`).
 *
 * The text is printed anew from the tree; comments are woven in by their place. Formatting is idempotent,
 * keeps every comment, and never changes the tree. What is kept of the old layout: a blank line between
 * two things (one, however many there were), the written order of clauses and members, parentheses,
 * back-ticks, and numbers and strings as they are written. */
#ifndef RULES_FORMAT_H
#define RULES_FORMAT_H

#include "rules/diagnostic.h"

/* Parses and prints a file. Returns false if it has errors, which are then among the diagnostics, and *out
 * is not set. *out lives in the arena and ends with a line end unless it is empty. */
bool format_source(const Sources *sources, uint32_t file, Diagnostics *diagnostics, Arena *arena, Text *out);

#endif
