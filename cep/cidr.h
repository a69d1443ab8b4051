/* Networks of addresses: 10.0.0.0/8, 2001:db8::/32, and a single address as the network of itself. */
#ifndef CEP_CIDR_H
#define CEP_CIDR_H

#include "cep/value.h"

typedef struct Cidr {
    uint8_t address[16];
    uint8_t bits;   /* of address that count */
    uint8_t family; /* 4 or 6 */
} Cidr;

/* Reads a network; false if the text is none. Bits behind the prefix are ignored. */
bool cidr_parse(Text text, Cidr *cidr);

/* Whether an address is in the network. An IPv4 address mapped into IPv6 (::ffff:10.0.0.1) is the IPv4 address.
 * Of a text that is no address nothing is known: *state becomes STATE_NULL. */
bool cidr_has(const Cidr *cidr, Text address, uint8_t *state);

#endif
