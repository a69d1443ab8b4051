/* Codec: values as msgpack, and rows read straight into columns.
 *
 *   Cursor c = {bytes, bytes + n};              CODEC_PADDING bytes behind the end are readable
 *   codec_row(&c, fields, nfields, rows, row, room, &fault)
 *
 * How a type is written, and what is read for it:
 *
 *   bool      true, false                  string    str, valid UTF-8
 *   int       an integer                   point     [x, y]; a third number, the altitude, is passed over
 *   float     float 64; any number         time      ns since 1970 UTC as an integer; RFC 3339 as str; timestamp
 *   bytes     bin                          duration  ns as an integer; str as the rules write it
 *   decimal   str; any number              list      a list;  record, map  a map whose keys are str
 *                                          any       whatever it is; a map for a record
 *
 * nil stands where there is no value. Within lists, records, maps and any, which say what they hold, times are
 * written as timestamps, durations, points and decimals as extensions of our own; each is read in the place of a
 * value of its type, too.
 *
 * Nothing is allocated but for lists, records, maps and any, which are built in an arena; all other texts point into
 * the bytes. Every length is compared with what is left before it is used, and nothing that a header announces is
 * reserved. */
#ifndef CEP_CODEC_H
#define CEP_CODEC_H

#include "cep/batch.h"
#include "cep/composite.h"

enum {
    CODEC_PADDING = 16,      /* bytes that are readable behind the end, whatever they hold */
    CODEC_NESTING_MAX = COMPOSITE_DEPTH_MAX,
    CODEC_SCALAR_MAX = 9,    /* bytes of a number, a time, a duration; of any header */
    CODEC_POINT_MAX = 19,
    CODEC_DECIMAL_MAX = 50,
};

/* Types of extensions. */
enum {
    EXT_TIME = 0xFF,  /* msgpack's own timestamp */
    EXT_DURATION = 1, /* 8 bytes, ns, big-endian */
    EXT_POINT = 2,    /* two float 64, big-endian */
    EXT_DECIMAL = 3,  /* its text */
};

typedef struct Cursor {
    const uint8_t *at, *end;
} Cursor;

/* A copy of bytes with CODEC_PADDING zeros behind it. */
Text codec_copy(Text bytes, Arena *arena);

/* ── Reading ──
 * Each takes the value at hand; false: it is another one, or the bytes end within it, and the cursor stays. */

bool cursor_nil(Cursor *cursor);
bool cursor_int(Cursor *cursor, int64_t *value);
bool cursor_uint(Cursor *cursor, uint64_t *value);
bool cursor_text(Cursor *cursor, Text *value);  /* str; not checked for UTF-8 */
bool cursor_bin(Cursor *cursor, Text *value);
bool cursor_array(Cursor *cursor, uint32_t *n); /* n elements follow; n is not above the bytes that are left */

/* What begins a value, and all of it but the elements of arrays and maps, which follow. */
typedef enum HeadKind {
    HEAD_NIL,
    HEAD_BOOL,
    HEAD_UINT,
    HEAD_INT,   /* a negative number */
    HEAD_FLOAT,
    HEAD_STR,
    HEAD_BIN,
    HEAD_EXT,
    HEAD_ARRAY,
    HEAD_MAP,
} HeadKind;

typedef struct Head {
    HeadKind kind;
    uint8_t ext;         /* type of an extension */
    uint32_t n;          /* bytes, elements, pairs */
    uint64_t bits;       /* of a whole number, or a bool */
    double f;
    const uint8_t *data; /* of str, bin, ext */
} Head;

/* Takes the head at hand. False: not msgpack, or the bytes end within it. */
bool cursor_head(Cursor *cursor, Head *head);

/* Passes any value. False: not msgpack, or nested deeper than CODEC_NESTING_MAX. */
bool cursor_skip(Cursor *cursor);

struct ValueType;

/* Where a value of a row goes. */
typedef struct CodecField {
    uint32_t column; /* UINT32_MAX: the value is passed over */
    TypeKind type;
    bool checked;    /* fields of records that must be there are */
    bool required;   /* nil is a fault */
    const struct ValueType *of; /* of a list, record or map: what it holds; NULL = as it comes */
} CodecField;

/* Where lists, records, maps and any are built. */
typedef struct CodecRoom {
    Arena *values;
    Arena *scratch; /* reset for each value */
} CodecRoom;

typedef enum CodecEnd {
    CODEC_OK,
    CODEC_FAULT,  /* a value does not fit; the cursor is behind the row */
    CODEC_BROKEN, /* the bytes are not msgpack from here on */
} CodecEnd;

typedef struct CodecFault {
    uint32_t field;
    const char *got; /* "a string", "a number beyond 64 bits"; NULL = nil, and a value is required */
} CodecFault;

/* Reads one value a field into a row whose attributes are null. */
CodecEnd codec_row(Cursor *cursor, const CodecField *fields, uint32_t n, Rows *rows, uint32_t row, CodecRoom room,
                   CodecFault *fault);

/* Reads one value; nil is STATE_NULL. */
CodecEnd codec_value(Cursor *cursor, const CodecField *field, CodecRoom room, Cell *value, State *state,
                     CodecFault *fault);

/* Whether bytes are well-formed UTF-8 (Unicode, table 3-7). CODEC_PADDING bytes behind them are readable. */
bool utf8_valid(const uint8_t *bytes, size_t n);

/* ── Writing ──
 * Each writes the shortest form and returns the end; the caller has made room. */

uint8_t *codec_put_nil(uint8_t *to);
uint8_t *codec_put_int(uint8_t *to, int64_t value);
uint8_t *codec_put_uint(uint8_t *to, uint64_t value);
uint8_t *codec_put_float(uint8_t *to, double value);
uint8_t *codec_put_text(uint8_t *to, Text value);
uint8_t *codec_put_bin(uint8_t *to, const void *bytes, uint32_t n);
uint8_t *codec_put_array(uint8_t *to, uint32_t n);
uint8_t *codec_put_value(uint8_t *to, TypeKind type, Cell value);

/* Writes a row's attributes in the order of their columns. */
uint8_t *codec_put_row(uint8_t *to, const Rows *rows, uint32_t row);

/* Bytes that these take at most. */
size_t codec_size(TypeKind type, Cell value);
size_t codec_row_size(const Rows *rows, uint32_t row);

#endif
