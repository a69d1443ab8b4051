/* Out: buffered writing of lines and of JSON, to a descriptor or into memory.
 *
 * Writes gather until OUT_ROOM bytes and leave by out_flush, which the owner calls when no input is pending.
 * The first error sticks: what comes after is dropped, and out_flush returns it. Strings are written as JSON
 * whatever their bytes are: control characters are escaped, invalid UTF-8 becomes U+FFFD. */
#ifndef CLUSTER_OUT_H
#define CLUSTER_OUT_H

#include "cep/memory.h"
#include "cep/value.h"

enum { OUT_ROOM = 64 << 10 };

typedef struct Out {
    Memory *memory;
    int fd;      /* -1: everything stays in bytes */
    int error;   /* errno of the first failed write; 0 = none */
    char *bytes;
    size_t n, room;
} Out;

void out_init(Out *out, Memory *memory, int fd);
void out_fini(Out *out);

/* Writes what is gathered. Returns 0 or the errno value of the first failure. */
int out_flush(Out *out);

/* Forgets what is gathered: for an Out in memory. */
void out_clear(Out *out);

void out_bytes(Out *out, const char *bytes, size_t n);
void out_char(Out *out, char c);
void out_text(Out *out, const char *c_string);
void out_int(Out *out, int64_t value);

/* A JSON string with its quotes; a number in the fewest digits that read back as the same double, null for
 * infinities and NaN; a time as an RFC 3339 string; a value as events carry it. */
void out_json_string(Out *out, Text text);
void out_json_float(Out *out, double value);
void out_json_time(Out *out, int64_t time_ns);
void out_json_cell(Out *out, TypeKind type, Cell value);

#endif
