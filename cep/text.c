/* Texts that need more than an inline function. */
#include "cep/text.h"

#include "cep/letter.h"

enum { DISTANCE_LEN_MAX = 64 };

bool text_is_utf8(Text text)
{
    uint32_t letter = 0;
    for (const char *p = text.p, *end = p + text.len; p < end && letter < LETTER_INVALID;)
        p += letter_read(p, end, &letter);
    return letter < LETTER_INVALID;
}

uint32_t text_distance(Text a, Text b, uint32_t limit)
{
    uint32_t spread = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (spread > limit || a.len > DISTANCE_LEN_MAX || b.len > DISTANCE_LEN_MAX)
        return limit + 1;
    uint32_t row[DISTANCE_LEN_MAX + 1];
    for (uint32_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            uint32_t above = row[j];
            uint32_t best = diagonal + (a.p[i - 1] != b.p[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[b.len] <= limit ? row[b.len] : limit + 1;
}
