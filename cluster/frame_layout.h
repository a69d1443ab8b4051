/* Where the parts of a frame's header stand, behind the topic: shared by frame.c, which reads them, and frame_writer.c.
 * Nobody else includes this. Numbers are little-endian. */
#ifndef CLUSTER_FRAME_LAYOUT_H
#define CLUSTER_FRAME_LAYOUT_H

#include <stdint.h>
#include <string.h>

#define HEADER_MAGIC "CEPF"

enum {
    HEADER_CHECKSUM = 4,
    HEADER_CHECKED = 8, /* the checksum covers everything from here on */
    HEADER_VERSION = 8,
    HEADER_KIND = 9,
    HEADER_FLAGS = 10,
    HEADER_PRODUCER = 12,
    HEADER_EPOCH = 16,
    HEADER_SEQUENCE = 24,
    HEADER_FIRST = 32,
    HEADER_COUNT = 40,
    HEADER_FRONTIER = 44,
    HEADER_FRONTIER_KIND = 45,
    HEADER_HASHES = 46,
    HEADER_FRONTIER_ORIGIN = 48,
    HEADER_DICTIONARY = 52,
    HEADER_FRONTIER_TIME = 56,
    HEADER_FRONTIER_SEQUENCE = 64,
    HEADER_PLAN = 72,
    HEADER_KEYS = 80,
    HEADER_BODY = 84,
    HEADER_LATER = 88,
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers are read as they lie");

static inline uint16_t read_u16(const char *p)
{
    uint16_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline uint32_t read_u32(const char *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline uint64_t read_u64(const char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

#endif
