/* cep lsp: the language server. One editor speaks to it over standard input and output; a request is answered before
 * the next is read. */
#include <stdlib.h>
#include <string.h>

#include "cep/cmd/lsp_features.h"
#include "cep/cmd/verb.h"

static const struct argp_option options[] = {{0}};

static error_t option(int key, char *value, struct argp_state *state)
{
    (void)value;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "it takes no files: the editor names them");
    return key == ARGP_KEY_ARG ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
    options, option, NULL,
    "Serve an editor: the language server protocol over standard input and output.\v"
    "Diagnostics, their edits, completion, hover, definition, references, rename, formatting, outline, and tests that "
    "run from where they stand.",
    NULL, NULL, NULL,
};

typedef struct Server {
    Desk desk;
    FILE *out;
    bool initialized, shut_down, over;
} Server;

/* ── The life of a server ── */

static bool wants_utf8(const json_t *params)
{
    size_t i;
    const json_t *encoding;
    json_t *general = json_object_get(json_object_get(params, "capabilities"), "general");
    json_array_foreach (json_object_get(general, "positionEncodings"), i, encoding)
        if (json_is_string(encoding) && strcmp(json_string_value(encoding), "utf-8") == 0)
            return true;
    return false;
}

static json_t *initialize(Server *server, const json_t *params)
{
    server->initialized = true;
    server->desk.utf8 = wants_utf8(params);
    json_t *able = json_pack("{s:s, s:{s:b, s:i}, s:{s:[s, s]}, s:b, s:b, s:b, s:{s:b}, s:b, s:b, s:b, s:{}, s:{s:[s]}}",
                             "positionEncoding", server->desk.utf8 ? "utf-8" : "utf-16",
                             "textDocumentSync", "openClose", 1, "change", 1,
                             "completionProvider", "triggerCharacters", ".", " ",
                             "hoverProvider", 1, "definitionProvider", 1, "referencesProvider", 1,
                             "renameProvider", "prepareProvider", 1,
                             "documentFormattingProvider", 1, "documentSymbolProvider", 1, "codeActionProvider", 1,
                             "codeLensProvider", "executeCommandProvider", "commands", "cep.test");
    return json_pack("{s:o, s:{s:s}}", "capabilities", able, "serverInfo", "name", "cep");
}

/* ── Documents ── */

static const char *uri_of(const json_t *params)
{
    return json_string_value(json_object_get(json_object_get(params, "textDocument"), "uri"));
}

static void put(Server *server, const json_t *params, const char *text)
{
    const json_t *document = json_object_get(params, "textDocument");
    const char *uri = uri_of(params);
    if (!uri || !text)
        return;
    json_int_t version = json_integer_value(json_object_get(document, "version"));
    Document *opened = desk_open(&server->desk, uri, text, version);
    lsp_notify_take(server->out, "textDocument/publishDiagnostics", lsp_diagnostics(&server->desk, opened));
}

static void did_open(Server *server, const json_t *params)
{
    put(server, params, json_string_value(json_object_get(json_object_get(params, "textDocument"), "text")));
}

/* Changes are whole texts, as was agreed on; the last one counts. */
static void did_change(Server *server, const json_t *params)
{
    const json_t *changes = json_object_get(params, "contentChanges");
    const json_t *last = json_array_get(changes, json_array_size(changes) - 1);
    put(server, params, json_string_value(json_object_get(last, "text")));
}

static void did_close(Server *server, const json_t *params)
{
    const char *uri = uri_of(params);
    if (!uri)
        return;
    desk_close(&server->desk, uri);
    lsp_notify_take(server->out, "textDocument/publishDiagnostics", json_pack("{s:s, s:[]}", "uri", uri, "diagnostics"));
}

static void leave(Server *server, const json_t *params)
{
    (void)params;
    server->over = true;
}

/* ── Requests that are more than one answer ── */

static void rename_symbol(Server *server, const json_t *id, const json_t *params, Document *document)
{
    const char *why;
    json_t *edit = lsp_rename(&server->desk, document, params, &why);
    if (edit)
        lsp_reply_take(server->out, id, edit);
    else
        lsp_fail(server->out, id, LSP_REQUEST_FAILED, why);
}

/* cep.test URI TITLE */
static void execute(Server *server, const json_t *id, const json_t *params)
{
    const char *command = json_string_value(json_object_get(params, "command"));
    const json_t *arguments = json_object_get(params, "arguments");
    const char *uri = json_string_value(json_array_get(arguments, 0)), *title = json_string_value(json_array_get(arguments, 1));
    Document *document = uri ? desk_find(&server->desk, uri) : NULL;
    if (!command || strcmp(command, "cep.test") != 0 || !document || !title) {
        lsp_fail(server->out, id, LSP_INVALID_PARAMS, "cep.test takes the URI of an open document and the name of a test");
        return;
    }
    json_t *result = lsp_run_test(document, title);
    if (!result) {
        lsp_fail(server->out, id, LSP_REQUEST_FAILED, "the rules have mistakes, or no test has that name");
        return;
    }
    bool good = json_is_true(json_object_get(result, "ok"));
    char *said;
    if (asprintf(&said, "%s: %s\n%s", good ? "passed" : "failed", title, json_string_value(json_object_get(result, "report"))) < 0)
        abort();
    lsp_notify_take(server->out, "window/showMessage", json_pack("{s:i, s:s}", "type", good ? 3 : 1, "message", said));
    free(said);
    lsp_reply_take(server->out, id, result);
}

/* ── Dispatch ── */

static const struct {
    const char *method;
    void (*take)(Server *server, const json_t *params);
} notifications[] = {
    {"exit", leave},
    {"textDocument/didChange", did_change},
    {"textDocument/didClose", did_close},
    {"textDocument/didOpen", did_open},
};

static const struct {
    const char *method;
    json_t *(*answer)(const Desk *desk, Document *document, const json_t *params);
} questions[] = {
    {"textDocument/codeAction", lsp_actions},
    {"textDocument/codeLens", lsp_lenses},
    {"textDocument/completion", lsp_completion},
    {"textDocument/definition", lsp_definition},
    {"textDocument/documentSymbol", lsp_symbols},
    {"textDocument/formatting", lsp_formatting},
    {"textDocument/hover", lsp_hover},
    {"textDocument/prepareRename", lsp_prepare_rename},
    {"textDocument/references", lsp_references},
};

static void take_notification(Server *server, const char *method, const json_t *params)
{
    for (size_t i = 0; i < sizeof notifications / sizeof *notifications; i++)
        if (strcmp(notifications[i].method, method) == 0)
            notifications[i].take(server, params);
}

/* A question about a document. */
static void answer(Server *server, const json_t *id, const char *method, const json_t *params)
{
    const char *uri = uri_of(params);
    Document *document = uri ? desk_find(&server->desk, uri) : NULL;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        if (strcmp(questions[i].method, method) != 0)
            continue;
        if (document)
            lsp_reply_take(server->out, id, questions[i].answer(&server->desk, document, params));
        else
            lsp_fail(server->out, id, LSP_INVALID_PARAMS, "this document is not open");
        return;
    }
    if (strcmp(method, "textDocument/rename") == 0 && document)
        rename_symbol(server, id, params, document);
    else
        lsp_fail(server->out, id, LSP_METHOD_NOT_FOUND, method);
}

static void take_request(Server *server, const json_t *id, const char *method, const json_t *params)
{
    if (strcmp(method, "initialize") == 0) {
        lsp_reply_take(server->out, id, initialize(server, params));
    } else if (!server->initialized) {
        lsp_fail(server->out, id, LSP_NOT_INITIALIZED, "`initialize` comes first");
    } else if (strcmp(method, "shutdown") == 0) {
        server->shut_down = true;
        lsp_reply_take(server->out, id, NULL);
    } else if (server->shut_down) {
        lsp_fail(server->out, id, LSP_INVALID_REQUEST, "the server is shut down");
    } else if (strcmp(method, "workspace/executeCommand") == 0) {
        execute(server, id, params);
    } else {
        answer(server, id, method, params);
    }
}

static void take(Server *server, const json_t *message)
{
    const char *method = json_string_value(json_object_get(message, "method"));
    const json_t *id = json_object_get(message, "id"), *params = json_object_get(message, "params");
    if (method && id)
        take_request(server, id, method, params);
    else if (method)
        take_notification(server, method, params);
    else if (!json_object_get(message, "result") && !json_object_get(message, "error"))
        lsp_fail(server->out, id, LSP_INVALID_REQUEST, "a message has a method");
}

int cmd_lsp(int argc, char **argv)
{
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    Server server = {.out = stdout};
    while (!server.over) {
        bool broken;
        json_t *message = lsp_read(stdin, &broken);
        if (message)
            take(&server, message);
        else if (broken)
            lsp_fail(stdout, NULL, LSP_PARSE_ERROR, "this is no message of JSON-RPC");
        else
            break;
        json_decref(message);
    }
    desk_fini(&server.desk);
    return server.shut_down ? EXIT_DONE : EXIT_WRONG;
}
