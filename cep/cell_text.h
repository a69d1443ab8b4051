/* Values read from their text forms: the cells of CSV and TSV files, the keys of the command line, and the
 * numbers and strings that stand for times and durations on the wire.
 *
 *   bool      true, false                    string    the bytes themselves
 *   int       42, -7                         point     lon,lat
 *   float     1.5, 1e-3                      time      RFC 3339, or a number where the attribute has a unit
 *   duration  1 h 30 min, or a number of seconds
 *
 * Times and durations given as decimal numbers are exact to the nanosecond: no float lies between. */
#ifndef CEP_CELL_TEXT_H
#define CEP_CELL_TEXT_H

#include "cep/value.h"

/* Reads a value. unit is that of a time given as a number, in ns; 0 = RFC 3339 only. Strings are borrowed.
 * Returns false if the text is not of the type or does not fit. */
bool cell_parse(TypeKind type, int64_t unit, Text text, Cell *value);

/* Writes what cell_parse reads back as the same value (a time as RFC 3339). A string is itself and not copied; the
 * others are written to room, of CELL_TEXT_MAX bytes. Empty for the types that cell_parse does not read. */
enum { CELL_TEXT_MAX = 80 };
Text cell_text(TypeKind type, Cell value, char *room);

/* What cell_parse wants, for messages: "a whole number". */
const char *cell_expected(TypeKind type, int64_t unit);

/* Reads a decimal number and multiplies it by unit, dropping what is finer than 1. False if it is not a
 * number or does not fit into 64 bits. */
bool decimal_parse(Text text, int64_t unit, int64_t *value);

/* Reads a duration as the rule language writes it, "1 h 30 min", "-250 ms". */
bool duration_parse(Text text, int64_t *ns);

#endif
