#include "cep/cmd/lsp_wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Reads header lines to the empty one. Returns the length that they state, −1 at the end of the input, −2 if they
 * state none that is sensible. */
static long read_header(FILE *in)
{
    static const char name[] = "Content-Length:";
    char line[256];
    long length = -2;
    while (fgets(line, sizeof line, in)) {
        if (line[0] == '\r' || line[0] == '\n')
            return length;
        char *end;
        long value = strncasecmp(line, name, sizeof name - 1) == 0 ? strtol(line + sizeof name - 1, &end, 10) : -1;
        if (value >= 0 && value <= LSP_MESSAGE_MAX)
            length = value;
    }
    return -1;
}

json_t *lsp_read(FILE *in, bool *broken)
{
    *broken = false;
    long length = read_header(in);
    if (length < 0) {
        *broken = length == -2;
        return NULL;
    }
    char *bytes = malloc((size_t)length + 1);
    if (!bytes)
        abort();
    json_t *message = NULL;
    if (fread(bytes, 1, (size_t)length, in) == (size_t)length) {
        message = json_loadb(bytes, (size_t)length, JSON_ALLOW_NUL, NULL);
        *broken = !message;
    }
    free(bytes);
    return message;
}

void lsp_write_take(FILE *out, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    if (!text)
        abort();
    fprintf(out, "Content-Length: %zu\r\n\r\n%s", strlen(text), text);
    fflush(out);
    free(text);
    json_decref(message);
}

void lsp_reply_take(FILE *out, const json_t *id, json_t *result)
{
    lsp_write_take(out, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result ? result : json_null()));
}

void lsp_fail(FILE *out, const json_t *id, LspError code, const char *message)
{
    json_t *answer = json_pack("{s:s, s:{s:i, s:s}}", "jsonrpc", "2.0", "error", "code", (int)code, "message", message);
    json_object_set_new(answer, "id", id ? json_deep_copy(id) : json_null());
    lsp_write_take(out, answer);
}

void lsp_notify_take(FILE *out, const char *method, json_t *params)
{
    lsp_write_take(out, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}
