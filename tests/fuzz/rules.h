/* Rules: what the targets over rule texts share. */
#ifndef TESTS_FUZZ_RULES_H
#define TESTS_FUZZ_RULES_H

#include "rules/ast.h"
#include "rules/diagnostic.h"

/* One text as a file, and what was found in it. */
typedef struct Reading {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
} Reading;

void reading_init(Reading *reading);
void reading_fini(Reading *reading);

/* Adds a text and parses it. */
bool reading_parse(Reading *reading, Text text, AstFile *file);

/* Changes a text by a few tokens: swaps, doubles, drops, moves them, or puts in one from the sample of the whole
 * language, so that most texts stay nearly right. Returns the new size, at most max. */
size_t rules_mutate(char *text, size_t size, size_t max, uint64_t seed);

/* The formatter's promises, checked with abort(): the layout of a text that parses parses, has the same tree, is
 * its own layout, and makes the same plan. Returns whether the text parses. */
bool rules_check_format(Text text);

#endif
