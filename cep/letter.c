/* Letters: decoding by hand, which is what every text test does for every byte; case by utf8proc, with a short way for
 * ASCII. */
#include "cep/letter.h"

#include <utf8proc.h>

uint32_t letter_lower(uint32_t letter)
{
    if (letter < 0x80)
        return letter - 'A' < 26 ? letter + 32 : letter;
    return letter < LETTER_INVALID ? (uint32_t)utf8proc_tolower((utf8proc_int32_t)letter) : letter;
}

uint32_t letter_upper(uint32_t letter)
{
    if (letter < 0x80)
        return letter - 'a' < 26 ? letter - 32 : letter;
    return letter < LETTER_INVALID ? (uint32_t)utf8proc_toupper((utf8proc_int32_t)letter) : letter;
}

uint32_t letter_read(const char *p, const char *end, uint32_t *letter)
{
    const uint8_t *s = (const uint8_t *)p;
    uint32_t first = *s;
    *letter = first;
    if (first < 0x80)
        return 1;
    uint32_t len = first >= 0xF0 && first < 0xF8 ? 4 : first >= 0xE0 ? 3 : 2;
    uint32_t least = len == 4 ? 0x10000 : len == 3 ? 0x800 : 0x80;
    if (first < 0xC2 || first > 0xF4 || (uint32_t)(end - p) < len)
        goto invalid;
    uint32_t value = first & (0x7Fu >> len);
    for (uint32_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80)
            goto invalid;
        value = value << 6 | (s[i] & 0x3Fu);
    }
    if (value < least || value > 0x10FFFF || value - 0xD800 < 0x800)
        goto invalid;
    *letter = value;
    return len;
invalid:
    *letter = LETTER_INVALID + first;
    return 1;
}

uint32_t letter_write(char *p, uint32_t letter)
{
    if (letter >= LETTER_INVALID) {
        p[0] = (char)(letter - LETTER_INVALID);
        return 1;
    }
    if (letter < 0x80) {
        p[0] = (char)letter;
        return 1;
    }
    if (letter < 0x800) {
        p[0] = (char)(0xC0 | letter >> 6);
        p[1] = (char)(0x80 | (letter & 0x3F));
        return 2;
    }
    if (letter < 0x10000) {
        p[0] = (char)(0xE0 | letter >> 12);
        p[1] = (char)(0x80 | (letter >> 6 & 0x3F));
        p[2] = (char)(0x80 | (letter & 0x3F));
        return 3;
    }
    p[0] = (char)(0xF0 | letter >> 18);
    p[1] = (char)(0x80 | (letter >> 12 & 0x3F));
    p[2] = (char)(0x80 | (letter >> 6 & 0x3F));
    p[3] = (char)(0x80 | (letter & 0x3F));
    return 4;
}
