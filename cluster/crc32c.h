/* CRC-32C: the checksum of frames, of polynomial 0x1EDC6F41 (Castagnoli), as iSCSI has it: RFC 3720, B.4. */
#ifndef CLUSTER_CRC32C_H
#define CLUSTER_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of bytes; where they follow others, `before` is the checksum of those, else 0. */
uint32_t crc32c(uint32_t before, const void *bytes, size_t n);

/* The same without the processor's instruction, for tests. */
uint32_t crc32c_by_table(uint32_t before, const void *bytes, size_t n);

#endif
