/* Letters: UTF-8 characters and their case.
 *
 * Case is Unicode's, one character to one character, which may take more or fewer bytes. Bytes that are not UTF-8
 * count as one character each and equal only themselves. */
#ifndef CEP_LETTER_H
#define CEP_LETTER_H

#include <stdint.h>

enum { LETTER_BYTES_MAX = 4, LETTER_INVALID = 0x110000 }; /* LETTER_INVALID + byte: not UTF-8 */

/* Reads the character at p < end and returns its bytes. */
uint32_t letter_read(const char *p, const char *end, uint32_t *letter);

/* Writes a character; returns its bytes. */
uint32_t letter_write(char *p, uint32_t letter);

uint32_t letter_lower(uint32_t letter);
uint32_t letter_upper(uint32_t letter);

#endif
