/* Desk: the documents that an editor has open, and what is known of their texts.
 *
 * A document is read as a network of its own, with the files that it uses. What is known of it is made when first
 * asked for after a change. */
#ifndef CEP_CMD_LSP_DESK_H
#define CEP_CMD_LSP_DESK_H

#include "cep/cmd/lsp_wire.h"
#include "cep/cmd/network.h"
#include "rules/symbols.h"

typedef struct Document {
    struct Document *next;
    char *uri, *path; /* owned, as is text */
    char *text;
    int64_t version;
    bool known;       /* network and symbols are those of the text */
    Network network;
    Symbols symbols;
} Document;

typedef struct Desk {
    Document *documents;
    bool utf8; /* columns count bytes; else UTF-16 units, as is usual */
} Desk;

/* Puts a document on the desk, or another text into one that lies there. */
Document *desk_open(Desk *desk, const char *uri, const char *text, int64_t version);
void desk_close(Desk *desk, const char *uri);
void desk_fini(Desk *desk);

/* NULL if it is not open. */
Document *desk_find(const Desk *desk, const char *uri);

/* Reads the document's text if it was not yet. */
void document_know(Document *document);

/* The URI of a file of the document's network; the caller frees it. */
char *document_uri(const Document *document, uint32_t file);

/* A place of the protocol, {"line", "character"}, counted from 0, as an offset; one behind the end is the end. */
uint32_t desk_offset(const Desk *desk, const Source *source, const json_t *position);

/* A span as {"start", "end"}. */
json_t *desk_range(const Desk *desk, const Source *source, uint32_t start, uint32_t end);

#endif
