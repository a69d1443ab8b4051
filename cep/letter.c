/* Letters: decoding, and case by ranges. A range steps by 2 where capitals and small letters alternate. */
#include "cep/letter.h"

static const struct {
    uint32_t first, last; /* capitals */
    int32_t lower;        /* from a capital to its small letter */
    uint32_t step;
} cases[] = {
    {'A', 'Z', 32, 1},
    {0x00C0, 0x00D6, 32, 1}, {0x00D8, 0x00DE, 32, 1},                           /* Latin-1 */
    {0x0100, 0x012E, 1, 2}, {0x0132, 0x0136, 1, 2}, {0x0139, 0x0147, 1, 2},     /* Latin Extended-A */
    {0x014A, 0x0176, 1, 2}, {0x0178, 0x0178, -121, 1}, {0x0179, 0x017D, 1, 2},
    {0x0386, 0x0386, 38, 1}, {0x0388, 0x038A, 37, 1}, {0x038C, 0x038C, 64, 1},  /* Greek */
    {0x038E, 0x038F, 63, 1}, {0x0391, 0x03A1, 32, 1}, {0x03A3, 0x03AB, 32, 1},
    {0x0400, 0x040F, 80, 1}, {0x0410, 0x042F, 32, 1}, {0x0460, 0x0480, 1, 2},   /* Cyrillic */
    {0x048A, 0x04BE, 1, 2}, {0x04D0, 0x052E, 1, 2},
};

enum { CASES = sizeof cases / sizeof *cases };

uint32_t letter_lower(uint32_t letter)
{
    if (letter < 0x80)
        return letter - 'A' < 26 ? letter + 32 : letter;
    for (uint32_t i = 1; i < CASES && cases[i].first <= letter; i++)
        if (letter <= cases[i].last && (letter - cases[i].first) % cases[i].step == 0)
            return (uint32_t)((int32_t)letter + cases[i].lower);
    return letter;
}

uint32_t letter_upper(uint32_t letter)
{
    if (letter < 0x80)
        return letter - 'a' < 26 ? letter - 32 : letter;
    if (letter > 0x052F)
        return letter;
    for (uint32_t i = 1; i < CASES; i++) {
        uint32_t capital = (uint32_t)((int32_t)letter - cases[i].lower);
        if (capital >= cases[i].first && capital <= cases[i].last && (capital - cases[i].first) % cases[i].step == 0)
            return capital;
    }
    return letter;
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
