/* The wire of the language server: messages of JSON-RPC 2.0, each behind `Content-Length: N` and an empty line. */
#ifndef CEP_CMD_LSP_WIRE_H
#define CEP_CMD_LSP_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { LSP_MESSAGE_MAX = 64 << 20 }; /* bytes */

typedef enum LspError {
    LSP_PARSE_ERROR = -32700,
    LSP_INVALID_REQUEST = -32600,
    LSP_METHOD_NOT_FOUND = -32601,
    LSP_INVALID_PARAMS = -32602,
    LSP_NOT_INITIALIZED = -32002,
    LSP_REQUEST_FAILED = -32803,
} LspError;

/* Reads the next message; the caller releases it. NULL at the end of the input; *broken says that what came was no
 * message, after which reading may go on unless the input is at its end. */
json_t *lsp_read(FILE *in, bool *broken);

/* Writes a message and releases it. */
void lsp_write_take(FILE *out, json_t *message);

/* Answers a request; the result is taken. */
void lsp_reply_take(FILE *out, const json_t *id, json_t *result);
void lsp_fail(FILE *out, const json_t *id, LspError code, const char *message);

/* Tells the editor something; params are taken. */
void lsp_notify_take(FILE *out, const char *method, json_t *params);

#endif
