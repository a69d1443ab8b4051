/* Decimals: exact numbers with nine digits behind the point, as amounts of money need them.
 *
 * A decimal is a count of billionths in 128 bits, so sums and differences are exact up to ±1.7e29. A product or a
 * quotient is rounded to the nearest billionth, halves to the even one. What does not fit is an error: the
 * functions with a state set it to STATE_ERROR. */
#ifndef CEP_DECIMAL_H
#define CEP_DECIMAL_H

#include "cep/arena.h"
#include "cep/value.h"

enum { DECIMAL_DIGITS = 9, DECIMAL_TEXT_MAX = 48 };

Decimal decimal_of_int(int64_t i);
/* The decimal that the shortest text of the float writes: 0.1 is a tenth. */
Decimal decimal_of_float(double f, uint8_t *state);
/* The number that the whole text writes: "-12.50", "1e-3". */
Decimal decimal_of_text(Text text, uint8_t *state);

/* Toward zero. */
int64_t decimal_int(Decimal a, uint8_t *state);
double decimal_float(Decimal a);
/* Without trailing zeros; returns the length. */
size_t decimal_write(Decimal a, char text[DECIMAL_TEXT_MAX]);
Text decimal_text(Decimal a, Arena *arena);

int decimal_compare(Decimal a, Decimal b);
Decimal decimal_add(Decimal a, Decimal b, uint8_t *state);
Decimal decimal_subtract(Decimal a, Decimal b, uint8_t *state);
Decimal decimal_multiply(Decimal a, Decimal b, uint8_t *state);
Decimal decimal_divide(Decimal a, Decimal b, uint8_t *state);
/* The remainder, with the sign of the first. */
Decimal decimal_remainder(Decimal a, Decimal b, uint8_t *state);
Decimal decimal_negate(Decimal a, uint8_t *state);
Decimal decimal_abs(Decimal a, uint8_t *state);

#endif
