#include "cep/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Text base64_text(Text bytes, Arena *arena)
{
    uint32_t len = (bytes.len + 2) / 3 * 4;
    char *to = arena_raw(arena, len + 1), *out = to;
    for (uint32_t i = 0; i < bytes.len; i += 3) {
        uint32_t left = bytes.len - i, group = 0;
        for (uint32_t k = 0; k < 3; k++)
            group = group << 8 | (k < left ? (uint8_t)bytes.p[i + k] : 0u);
        for (uint32_t k = 0; k < 4; k++)
            *out++ = k <= left ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return (Text){to, len};
}

static int digit_of(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool base64_bytes(Text text, Arena *arena, Text *bytes)
{
    while (text.len && text.p[text.len - 1] == '=')
        text.len--;
    if (text.len % 4 == 1)
        return false;
    char *to = arena_raw(arena, text.len + 1);
    uint32_t n = 0, group = 0, bits = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.p[i]);
        if (digit < 0)
            return false;
        group = group << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            to[n++] = (char)(group >> bits);
        }
    }
    *bytes = (Text){to, n};
    return true;
}
