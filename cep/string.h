/* Strings: the text functions and tests of the rule language. Positions and lengths are in characters (letter.h);
 * results are borrowed from the argument or stand in the arena. A result longer than STRING_LEN_MAX is an error. */
#ifndef CEP_STRING_H
#define CEP_STRING_H

#include "cep/arena.h"
#include "cep/value.h"

enum { STRING_LEN_MAX = 1 << 20 }; /* bytes */

int64_t string_len(Text text);
Text string_lower(Text text, Arena *arena);
Text string_upper(Text text, Arena *arena);
Text string_trim(Text text);
Text string_concat(Text a, Text b, Arena *arena, uint8_t *state);

/* len characters from start, 0 being the first and −1 the last; what is outside the text is left out. */
Text string_substr(Text text, int64_t start, int64_t len);

/* Every occurrence of `from`, left to right, becomes `to`; an empty `from` occurs nowhere. */
Text string_replace(Text text, Text from, Text to, Arena *arena, uint8_t *state);

bool string_contains(Text text, Text part);
bool string_starts(Text text, Text part);
bool string_ends(Text text, Text part);
/* `*` is any characters, `?` is one; there is no escape. Fits the whole text. */
bool string_like(Text text, Text pattern);

/* The same ignoring case. */
bool string_equal_fold(Text a, Text b);
bool string_contains_fold(Text text, Text part);
bool string_starts_fold(Text text, Text part);
bool string_ends_fold(Text text, Text part);
bool string_like_fold(Text text, Text pattern);

/* The parts of a text between separators, as a list; an empty separator parts nothing. */
Text string_split(Text text, Text separator, Arena *arena, uint8_t *state);
/* Whether a list holds the text in any case. */
bool string_in_fold(Text list, Text text);

/* 32 hexadecimal digits made of a value's bytes; the same with dashes, as a UUID of version 8. */
Text string_id(Text bytes, Arena *arena);
Text string_uuid(Text id, Arena *arena);

/* A time in RFC 3339, a duration as a rule writes it. */
Text string_of_time(int64_t time, Arena *arena);
Text string_of_duration(int64_t duration, Arena *arena);

#endif
