/* Text: bytes that somebody else owns. Not terminated; may hold NUL. UTF-8 unless said otherwise. */
#ifndef CEP_TEXT_H
#define CEP_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct Text {
    const char *p;
    uint32_t len; /* bytes */
} Text;

/* A Text of a string literal. */
#define TEXT(literal) ((Text){(literal), sizeof(literal) - 1})

/* The two arguments that "%.*s" wants. */
#define TEXT_ARGS(text) (int)(text).len, (text).p

static inline Text text_of(const char *c_string)
{
    return (Text){c_string, (uint32_t)strlen(c_string)};
}

static inline bool text_is(Text a, Text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool text_is_c(Text a, const char *b)
{
    return text_is(a, text_of(b));
}

/* Compares byte by byte like strcmp: negative, 0 or positive. */
static inline int text_compare(Text a, Text b)
{
    uint32_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.p, b.p, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Whether all bytes are UTF-8. */
bool text_is_utf8(Text text);

/* The number of single-character edits between two texts, at most limit + 1. For "did you mean". */
uint32_t text_distance(Text a, Text b, uint32_t limit);

#endif
