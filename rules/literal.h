/* Literal: what the text of a number, string, time or quantity means.
 *
 * The functions take the text as the lexer delimited it and return what is wrong with it, or an OK. */
#ifndef RULES_LITERAL_H
#define RULES_LITERAL_H

#include "rules/ast.h"

typedef enum LiteralProblem {
    LITERAL_OK,
    LITERAL_RANGE,  /* does not fit */
    LITERAL_ESCAPE, /* an escape that strings do not have */
    LITERAL_DATE,   /* no such day or hour */
} LiteralProblem;

/* Reads an INT, decimal or hexadecimal, 0 to INT64_MAX. */
LiteralProblem literal_int(Text text, int64_t *value);

/* Reads an INT or FLOAT; RANGE if it is infinite. */
LiteralProblem literal_float(Text text, double *value);

/* Decodes a string with its quotes into the arena. On ESCAPE, *bad is the offset and length of the escape. */
LiteralProblem literal_string(Arena *arena, Text text, Text *value, Text *bad);

/* Splits a regular expression with its slashes; `\/` becomes `/`. */
void literal_regex(Arena *arena, Text text, Text *pattern, Text *options);

/* Reads a TIME token, from 1678 to 2261. */
LiteralProblem literal_time(Text text, TimeLiteral *time);

/* The unit a word names, or UNIT_NONE. */
Unit unit_of(Text word);

/* How a unit is written behind a number: "day" for 1, "days" otherwise. */
const char *unit_text(Unit unit, bool one);

Dimension unit_dimension(Unit unit);

/* Adds a part to a quantity: to its total, in the unit's dimension. The first part decides the dimension;
 * the caller has checked that the others have it too. */
LiteralProblem quantity_add(Quantity *quantity, Text number, Unit unit);

#endif
