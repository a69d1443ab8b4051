/* What the language server answers about a document. Every function returns a new result, or NULL when there is
 * nothing to say; json_null() is then what the editor gets. */
#ifndef CEP_CMD_LSP_FEATURES_H
#define CEP_CMD_LSP_FEATURES_H

#include "cep/cmd/lsp_desk.h"

/* params of textDocument/publishDiagnostics. */
json_t *lsp_diagnostics(const Desk *desk, Document *document);

json_t *lsp_hover(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_completion(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_definition(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_references(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_prepare_rename(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_formatting(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_symbols(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_lenses(const Desk *desk, Document *document, const json_t *params);
json_t *lsp_actions(const Desk *desk, Document *document, const json_t *params);

/* A WorkspaceEdit; NULL with *why (of the document's arena) when the name cannot be changed to that. */
json_t *lsp_rename(const Desk *desk, Document *document, const json_t *params, const char **why);

/* Runs the test of a title: {"ok", "report"}. NULL when there is no such test, or the rules are wrong. */
json_t *lsp_run_test(Document *document, const char *title);

#endif
