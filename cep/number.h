/* Numbers as text, both ways, independent of any locale. */
#ifndef CEP_NUMBER_H
#define CEP_NUMBER_H

#include "cep/arena.h"
#include "cep/value.h"

enum { NUMBER_TEXT_MAX = 32 };

/* The int that the whole text writes: a sign, then digits of a base from 2 to 36; in base 10 and 16, 0x stands
 * for base 16. Sets *state to STATE_ERROR if it is anything else or out of range. */
int64_t number_int(Text text, int64_t base, uint8_t *state);

/* The float that the whole text writes: 1, -1.5, 2e-3; no infinity, no NaN. Sets *state likewise. */
double number_float(Text text, uint8_t *state);

/* Writes the shortest text that reads back as the same float, and a NUL; returns its length. */
size_t number_float_write(double f, char text[NUMBER_TEXT_MAX]);

Text number_int_text(int64_t i, Arena *arena);
Text number_float_text(double f, Arena *arena);

/* With a fixed number of digits behind the point, 0 to 17; others are taken as the nearest of these. */
Text number_fixed_text(double f, int64_t digits, Arena *arena);

#endif
