/* Two ways to one number: the SSE 4.2 instruction, where the processor at hand has it, and tables for eight bytes at a
 * time. The instruction takes three cycles and may begin every cycle, so long runs are three lanes at once:
 *
 *   [ lane a: LANE bytes ][ lane b: LANE bytes ][ lane c: LANE bytes ] …
 *
 * The checksum of a b is that of a, moved over as many zeros as b has bytes, xor that of b from 0. Moving over LANE
 * zeros is linear: four look-ups in `zeros`. */
#include "cluster/crc32c.h"

#include <stdbool.h>
#include <string.h>

enum { LANE = 256 };

#define POLYNOMIAL 0x82F63B78u /* reflected */

static uint32_t tables[8][256]; /* [k][b]: byte b, then k zeros */
static uint32_t zeros[4][256];  /* byte k of a checksum, moved over LANE zeros */
static bool has_instruction;

static uint64_t load(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static uint32_t by_table(uint32_t crc, const unsigned char *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word = load(p) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= tables[7 - k][word >> (8 * k) & 255];
    }
    for (; n; p++, n--)
        crc = crc >> 8 ^ tables[0][(crc ^ *p) & 255];
    return crc;
}

static uint32_t over_zeros(uint32_t crc)
{
    return zeros[0][crc & 255] ^ zeros[1][crc >> 8 & 255] ^ zeros[2][crc >> 16 & 255] ^ zeros[3][crc >> 24];
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
    for (; n >= 3 * LANE; p += 3 * LANE, n -= 3 * LANE) {
        uint64_t a = crc, b = 0, c = 0;
        for (size_t i = 0; i < LANE; i += 8) {
            a = __builtin_ia32_crc32di(a, load(p + i));
            b = __builtin_ia32_crc32di(b, load(p + LANE + i));
            c = __builtin_ia32_crc32di(c, load(p + 2 * LANE + i));
        }
        crc = over_zeros(over_zeros((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
    }
    for (; n >= 8; p += 8, n -= 8)
        crc = (uint32_t)__builtin_ia32_crc32di(crc, load(p));
    for (; n; p++, n--)
        crc = __builtin_ia32_crc32qi(crc, *p);
    return crc;
}
#else
static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
    return by_table(crc, p, n);
}
#endif

/* Before main, so that nothing is shared between threads but constants. */
__attribute__((constructor)) static void make_tables(void)
{
    static const unsigned char none[LANE];
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        tables[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t b = 0; b < 256; b++)
            tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 255];
    for (int k = 0; k < 4; k++)
        for (uint32_t b = 0; b < 256; b++)
            zeros[k][b] = by_table(b << (8 * k), none, LANE);
#ifdef __x86_64__
    __builtin_cpu_init();
    has_instruction = __builtin_cpu_supports("sse4.2");
#endif
}

uint32_t crc32c(uint32_t before, const void *bytes, size_t n)
{
    return ~(has_instruction ? by_instruction(~before, bytes, n) : by_table(~before, bytes, n));
}

uint32_t crc32c_by_table(uint32_t before, const void *bytes, size_t n)
{
    return ~by_table(~before, bytes, n);
}
