/* One JSON line while it is decoded: shared by json_reader.c, which walks it, and json_value.c, which reads what an
 * attribute wants. Nobody else includes this. */
#ifndef CEP_JSON_LINE_H
#define CEP_JSON_LINE_H

#include "cep/json_kinds.h"
#include "cep/json_reader.h"
#include "cep/json_tokens.h"

enum { JSON_NESTING_LIMIT = 1024 };

_Static_assert((int)JSON_PADDING >= (int)JSON_TOKENS_PADDING, "lines need more bytes behind them");

typedef enum JsonStep {
    STEP_GO,
    STEP_REJECTED,   /* row->reason and detail are set */
    STEP_OTHER_KIND, /* the type field names another kind than was taken for granted: begin again */
} JsonStep;

struct JsonReader {
    Memory *memory;
    Arena arena; /* kinds and cells */
    JsonTokens *tokens;
    JsonKinds kinds;
    uint32_t nesting_max;

    Rows *rows; /* where rows and strings go: json_reader_into */
    Memory *rows_memory;
    Arena *strings;
    char *room, *room_end;

    JsonKind *kind; /* of this line, or of the one before */
    Text wire;      /* the name on the wire that said so */
    Cell *cells;    /* per attribute; those of `seen` become the row */
    uint64_t seen[JSON_SEEN_WORDS];
    bool named;     /* the type field was met */
    uint32_t depth; /* of the list or object that is being read into an attribute */
    const char *line, *end;
    const uint32_t *first; /* the tokens: where each begins in the line */
    const uint32_t *at;    /* the token at hand */
    const uint32_t *stop;  /* behind the last */
    JsonRow *row;
    char detail[512];
};

JsonStep json_reject(JsonReader *j, const char *reason, const char *format, ...) __attribute__((format(printf, 3, 4)));
JsonStep json_malformed(JsonReader *j, const char *what);

/* "a string", for the first byte of a token. */
const char *json_kind_word(char c);

/* Whether the token is this literal; the text of a token that is no string. */
bool json_is_literal(const JsonReader *j, const char *token, const char *literal);
Text json_token_text(const JsonReader *j, const char *token);

/* The length of what follows a quote, up to the next quote or backslash. */
size_t json_plain_length(const char *string);

/* Copies the string that begins behind a quote into the room; it stays there once it is taken. */
bool json_copy_string(JsonReader *j, const char *string, Text *text);
void json_take_string(JsonReader *j, Text text);

/* Makes sure that every string of a line, and what copying writes beyond them, fits. */
void json_room_for(JsonReader *j, size_t line);

/* Passes the value at hand: scalars are scalars, brackets match and are not nested too deeply. */
JsonStep json_pass_over(JsonReader *j);

/* Reads the value at hand, which begins at the token, into an attribute, and passes it. */
JsonStep json_read_attribute(JsonReader *j, uint32_t attribute, const char *token);

/* Bytes that end a number or a literal. */
extern const bool json_endings[256];

/* Whether a number or literal may end here. */
static inline bool json_ends_token(const JsonReader *j, const char *p)
{
    return json_endings[(unsigned char)*p] || p >= j->end;
}

/* The token at hand; a NUL behind the last. */
static inline const char *json_token(const JsonReader *j)
{
    return j->at < j->stop ? j->line + *j->at : "";
}

/* Passes the token if it is this one. */
static inline bool json_take(JsonReader *j, char c)
{
    bool is = *json_token(j) == c;
    j->at += is;
    return is;
}

static inline bool json_begins_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

#endif
