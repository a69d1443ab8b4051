/* Tokens of a JSON line: where each begins. simdjson's first stage, behind a C face: the only C++ here.
 *
 *   {"type":"fail","port":22}      tokens:  {  "  :  "  ,  "  :  2  }
 *
 * The first stage looks at 64 bytes at a time; it checks UTF-8, that quotes are closed and that strings hold
 * no control characters. Brackets, commas, numbers and literals are for the reader to judge. */
#ifndef CEP_JSON_TOKENS_H
#define CEP_JSON_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { JSON_TOKENS_PADDING = 64 }; /* bytes behind a line that must be readable */

typedef struct JsonTokens JsonTokens;

/* Memory is simdjson's own: it grows with the longest line, by doubling, and stays. */
JsonTokens *json_tokens_new(void);
void json_tokens_free(JsonTokens *tokens);

/* Finds the tokens of a line: n offsets, valid until the next line. Returns NULL, or what is wrong. */
const char *json_tokens_find(JsonTokens *tokens, const char *line, size_t len, const uint32_t **offsets, uint32_t *n);

/* Writes the string that begins behind a quote without its escapes; *len is its length. to has room for the
 * string and JSON_TOKENS_PADDING bytes. False if an escape is wrong. */
bool json_tokens_unescape(const JsonTokens *tokens, const char *string, char *to, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
