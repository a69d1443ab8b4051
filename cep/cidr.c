/* Networks of addresses. Reading an address is inet_pton's, which neither resolves names nor reads files. */
#include "cep/cidr.h"

#include <arpa/inet.h>

enum { ADDRESS_LEN_MAX = 45 };

/* Reads an address without prefix; a zone behind % is left out. */
static bool address_parse(Text text, uint8_t address[16], uint8_t *family)
{
    char copy[ADDRESS_LEN_MAX + 1];
    const char *zone = text.len ? memchr(text.p, '%', text.len) : NULL;
    uint32_t len = zone ? (uint32_t)(zone - text.p) : text.len;
    if (len == 0 || len > ADDRESS_LEN_MAX)
        return false;
    memcpy(copy, text.p, len);
    copy[len] = 0;
    if (inet_pton(AF_INET, copy, address) == 1) {
        *family = 4;
        return true;
    }
    if (inet_pton(AF_INET6, copy, address) != 1)
        return false;
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    *family = 6;
    if (memcmp(address, mapped, sizeof mapped) == 0) {
        memmove(address, address + 12, 4);
        *family = 4;
    }
    return true;
}

bool cidr_parse(Text text, Cidr *cidr)
{
    *cidr = (Cidr){0};
    const char *slash = text.len ? memchr(text.p, '/', text.len) : NULL;
    uint32_t len = slash ? (uint32_t)(slash - text.p) : text.len;
    if (!address_parse((Text){text.p, len}, cidr->address, &cidr->family))
        return false;
    uint32_t bits_max = cidr->family == 4 ? 32 : 128;
    uint32_t bits = bits_max;
    if (slash) {
        uint32_t digits = text.len - len - 1;
        if (digits < 1 || digits > 3)
            return false;
        bits = 0;
        for (uint32_t i = 1; i <= digits; i++) {
            if (slash[i] < '0' || slash[i] > '9')
                return false;
            bits = bits * 10 + (uint32_t)(slash[i] - '0');
        }
        bool was_mapped = cidr->family == 4 && memchr(text.p, ':', len);
        if (was_mapped && bits < 96)
            return false;
        bits -= was_mapped ? 96 : 0;
    }
    cidr->bits = (uint8_t)bits;
    return bits <= bits_max;
}

bool cidr_has(const Cidr *cidr, Text text, uint8_t *state)
{
    uint8_t address[16], family;
    if (!address_parse(text, address, &family)) {
        *state = STATE_NULL;
        return false;
    }
    if (family != cidr->family || memcmp(address, cidr->address, cidr->bits / 8) != 0)
        return false;
    uint32_t rest = cidr->bits % 8;
    return rest == 0 || ((address[cidr->bits / 8] ^ cidr->address[cidr->bits / 8]) >> (8 - rest)) == 0;
}
