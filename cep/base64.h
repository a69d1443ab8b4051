/* Base64 (RFC 4648, with padding): how bytes stand in JSON and in text. */
#ifndef CEP_BASE64_H
#define CEP_BASE64_H

#include "cep/arena.h"

Text base64_text(Text bytes, Arena *arena);

/* False if the text is no base64; padding may be left out. */
bool base64_bytes(Text text, Arena *arena, Text *bytes);

#endif
