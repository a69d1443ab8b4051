/* The parser's ground floor: tokens, mistakes and how reading goes on after one, names and lists.
 *
 * Recovery. Blocks are read by parser_members, one member an attempt. After a mistake tokens are skipped
 * until the member's own brace level is reached again and a word comes that begins a member, or `}`. The
 * layout helps where a brace is missing: a line that begins no further right than the failed member did
 * and begins like a member ends the skipping whatever the braces say, and so does a declaration that
 * begins no further right than the one being read. A second mistake within MISTAKE_DISTANCE tokens of the
 * one before is a consequence of it and is not reported. */
#include "rules/parsing.h"

#include <assert.h>
#include <stdarg.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

enum { MISTAKE_DISTANCE = 3 };

/* ---- tokens --------------------------------------------------------------------------------------- */

/* Keeps the comments between the token read last and the one that is now current. */
static void keep_comments(Parser *parser)
{
    Text text = parser->source->text;
    uint32_t at = parser->last_end, to = parser->token.start;
    bool own_line = at == 0;
    for (; at < to; at++) {
        if (text.p[at] == '\n')
            own_line = true;
        if (text.p[at] != '#')
            continue;
        uint32_t start = at;
        while (at < to && text.p[at] != '\n')
            at++;
        uint32_t end = at;
        while (text.p[end - 1] == ' ' || text.p[end - 1] == '\t' || text.p[end - 1] == '\r')
            end--;
        Comment comment = {{parser->file, start, end}, own_line};
        APPEND(parser, parser->out->comments, parser->out->comment_count, comment);
        own_line = true;
    }
}

static void start_tokens(Parser *parser)
{
    parser->token = lexer_next(&parser->lexer, false);
    parser->next = lexer_next(&parser->lexer, false);
    keep_comments(parser);
}

void parser_advance(Parser *parser)
{
    if (parser->token.kind == TOKEN_BRACE_OPEN)
        parser->braces++;
    else if (parser->token.kind == TOKEN_BRACE_CLOSE && parser->braces)
        parser->braces--;
    parser->last_end = parser->token.end;
    parser->token = parser->next;
    parser->next = lexer_next(&parser->lexer, false);
    parser->read++;
    keep_comments(parser);
}

void parser_read_operand(Parser *parser)
{
    assert(parser->token.kind == TOKEN_SLASH);
    parser->lexer.at = parser->token.start;
    parser->lexer.line_start = parser->token.line_start;
    bool opens_line = parser->token.opens_line;
    parser->token = lexer_next(&parser->lexer, true);
    parser->token.opens_line = opens_line;
    parser->next = lexer_next(&parser->lexer, false);
}

Text parser_text(const Parser *parser, const Token *token)
{
    return (Text){parser->source->text.p + token->start, token->end - token->start};
}

Span parser_span(const Parser *parser, const Token *token)
{
    return (Span){parser->file, token->start, token->end};
}

Span parser_since(const Parser *parser, uint32_t start)
{
    return (Span){parser->file, start, parser->last_end > start ? parser->last_end : start};
}

static bool is_word(const Parser *parser, const Token *token, const char *word)
{
    return token->kind == TOKEN_NAME && !token->quoted && text_is_c(parser_text(parser, token), word);
}

bool parser_at(const Parser *parser, const char *word)
{
    return is_word(parser, &parser->token, word) && parser->next.kind != TOKEN_COLON;
}

bool parser_at_sign(const Parser *parser, TokenKind kind)
{
    return parser->token.kind == kind;
}

bool parser_next_is(const Parser *parser, const char *word)
{
    return is_word(parser, &parser->next, word);
}

bool parser_at_member(const Parser *parser)
{
    return parser->token.kind == TOKEN_NAME && parser->next.kind == TOKEN_COLON;
}

bool parser_at_derive(const Parser *parser)
{
    if (!parser_at(parser, "derive") || parser->next.kind != TOKEN_NAME)
        return false;
    Lexer ahead = parser->lexer;
    return lexer_next(&ahead, false).kind == TOKEN_BRACE_OPEN;
}

bool parser_take(Parser *parser, const char *word)
{
    bool here = parser_at(parser, word);
    if (here)
        parser_advance(parser);
    return here;
}

bool parser_take_sign(Parser *parser, TokenKind kind)
{
    bool here = parser->token.kind == kind;
    if (here)
        parser_advance(parser);
    return here;
}

void parser_expect(Parser *parser, const char *word)
{
    if (!parser_take(parser, word))
        parser_fail_expected(parser, arena_printf(parser->arena, "`%s`", word).p);
}

void parser_expect_sign(Parser *parser, TokenKind kind)
{
    if (!parser_take_sign(parser, kind))
        parser_fail_expected(parser, arena_printf(parser->arena, "`%s`", token_text(kind)).p);
}

uint32_t parser_take_any(Parser *parser, const char *const *words, uint32_t n)
{
    uint32_t i = 0;
    while (i < n && !parser_at(parser, words[i]))
        i++;
    if (i < n)
        parser_advance(parser);
    return i;
}

/* ---- mistakes ------------------------------------------------------------------------------------- */

/* The kept text of a report that nobody is to see. */
static Diagnostic *swallowed(Parser *parser)
{
    Diagnostic *diagnostic = ARENA_NEW(parser->arena, Diagnostic);
    diagnostic->owner = parser->diagnostics;
    return diagnostic;
}

Diagnostic *parser_report(Parser *parser, DiagnosticCode code, Span span, const char *format, ...)
{
    if (diagnostic_is_error(code)) {
        if (parser->failed_at != UINT32_MAX && parser->read - parser->failed_at < MISTAKE_DISTANCE)
            return swallowed(parser);
        if (code == DIAGNOSTIC_EXPECTED)
            parser->failed_at = parser->read;
    }
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char *message = arena_raw(parser->arena, (size_t)vsnprintf(NULL, 0, format, args) + 1);
    vsprintf(message, format, again);
    va_end(again);
    va_end(args);
    return diagnostics_add(parser->diagnostics, code, span, "%s", message);
}

void parser_give_up(Parser *parser)
{
    assert(parser->recovery);
    parser->failed_at = parser->read;
    longjmp(parser->recovery->jump, 1);
}

static void report_bad(Parser *parser)
{
    const Token *token = &parser->token;
    Diagnostic *diagnostic = parser_report(parser, token->problem, parser_span(parser, token), "%s", token->message);
    if (token->hint)
        diagnostics_hint(diagnostic, "%s", token->hint);
    static const struct {
        const char *foreign, *own;
    } rows[] = {{"&&", "and"}, {"!", "not "}, {";", ""}};
    Text rest = {parser->source->text.p + token->start, parser->source->text.len - token->start};
    for (size_t i = 0; i < COUNT(rows) && token->problem == DIAGNOSTIC_CHARACTER; i++) {
        uint32_t length = (uint32_t)strlen(rows[i].foreign);
        if (rest.len >= length && memcmp(rest.p, rows[i].foreign, length) == 0)
            diagnostics_fix(diagnostic, (Span){parser->file, token->start, token->start + length}, "%s", rows[i].own);
    }
}

void parser_fail_expected(Parser *parser, const char *what)
{
    const Token *token = &parser->token;
    if (token->kind == TOKEN_BAD) {
        report_bad(parser);
    } else if (token->kind == TOKEN_END) {
        Span end = {parser->file, parser->last_end, parser->last_end};
        parser_report(parser, DIAGNOSTIC_EXPECTED, end, "%s is expected, and the file ends here", what);
    } else {
        Text text = parser_text(parser, token);
        Diagnostic *diagnostic = parser_report(parser, DIAGNOSTIC_EXPECTED, parser_span(parser, token),
                                               "%s is expected here, not `%.*s`", what, TEXT_ARGS(text));
        uint32_t length = (uint32_t)strlen(what);
        Text word = {what + 1, length > 2 ? length - 2 : 0};
        if (token->kind == TOKEN_NAME && what[0] == '`' && word.p[0] >= 'a' && word.p[0] <= 'z')
            diagnostics_near(diagnostic, text, &word, 1);
    }
    parser_give_up(parser);
}

static uint32_t collect_words(const char *const *words, uint32_t n, Text *to)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] = text_of(words[i]);
    return n;
}

uint32_t parser_expect_any(Parser *parser, const char *const *words, uint32_t n, const char *what)
{
    uint32_t i = parser_take_any(parser, words, n);
    if (i < n)
        return i;
    if (parser->token.kind != TOKEN_NAME)
        parser_fail_expected(parser, what);
    Text *candidates = ARENA_ARRAY(parser->arena, Text, n), text = parser_text(parser, &parser->token);
    Text list = {"", 0};
    collect_words(words, n, candidates);
    for (i = 0; i < n; i++)
        list = arena_printf(parser->arena, "%.*s%s`%s`", TEXT_ARGS(list), i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
    Diagnostic *diagnostic = parser_report(parser, DIAGNOSTIC_EXPECTED, parser_span(parser, &parser->token),
                                           "%s is expected here, not `%.*s`", what, TEXT_ARGS(text));
    diagnostics_hint(diagnostic, "one of %.*s", TEXT_ARGS(list));
    diagnostics_near(diagnostic, text, candidates, n);
    parser_give_up(parser);
}

void parser_fail_unknown(Parser *parser, DiagnosticCode code, const Starts *starts)
{
    if (parser->token.kind != TOKEN_NAME)
        parser_fail_expected(parser, starts->what);
    static const char *const inside[] = {"where", "within", "and", "or"}; /* what may stand within a line */
    Text candidates[64], text = parser_text(parser, &parser->token);
    assert(starts->n + COUNT(inside) <= COUNT(candidates));
    uint32_t n = collect_words(starts->words, starts->n, candidates);
    if (!parser->token.opens_line)
        n += collect_words(inside, COUNT(inside), candidates + n);
    Diagnostic *diagnostic = parser_report(parser, code, parser_span(parser, &parser->token),
                                           "%s is expected here, and `%.*s` begins none", starts->what, TEXT_ARGS(text));
    diagnostics_near(diagnostic, text, candidates, n);
    parser_give_up(parser);
}

void parser_check_once(Parser *parser, bool already, Span span, const char *what)
{
    if (already)
        parser_report(parser, DIAGNOSTIC_CLAUSE_TWICE, span, "`%s` is written twice", what);
}

void parser_enter(Parser *parser)
{
    if (++parser->nesting <= AST_NESTING_MAX)
        return;
    parser_report(parser, DIAGNOSTIC_NESTING, parser_span(parser, &parser->token), "nested deeper than %d", AST_NESTING_MAX);
    parser_give_up(parser);
}

void parser_leave(Parser *parser)
{
    assert(parser->nesting);
    parser->nesting--;
}

/* ---- recovery ------------------------------------------------------------------------------------- */

bool parser_attempt(Parser *parser, void (*rule)(Parser *parser, void *argument), void *argument)
{
    Recovery here = {.outer = parser->recovery};
    const uint32_t nesting = parser->nesting;
    parser->recovery = &here;
    if (setjmp(here.jump) == 0) {
        rule(parser, argument);
        parser->recovery = here.outer;
        return true;
    }
    parser->recovery = here.outer;
    parser->nesting = nesting;
    return false;
}

static uint32_t column_of(const Token *token)
{
    return token->start - token->line_start;
}

static bool at_start(const Parser *parser, const Starts *starts)
{
    if (starts->named && parser_at_member(parser))
        return true;
    for (uint32_t i = 0; i < starts->n; i++)
        if (parser_at(parser, starts->words[i]))
            return true;
    return false;
}

/* A declaration begins a line and stands no further right than the one that is being read. */
static bool at_declaration_line(const Parser *parser)
{
    DeclarationKind kind;
    return parser->token.opens_line && column_of(&parser->token) <= parser->column && parse_declaration_ahead(parser, &kind);
}

/* Skips from a mistake to where the next member of the block can begin, or to the block's end. */
static void skip_member(Parser *parser, const Starts *starts, uint32_t braces, const Token *member)
{
    uint32_t column = member->opens_line ? column_of(member) : 0;
    if (parser->token.start == member->start && parser->token.kind != TOKEN_END && !at_declaration_line(parser))
        parser_advance(parser); /* or it would fail again */
    for (; parser->token.kind != TOKEN_END; parser_advance(parser)) {
        if (at_declaration_line(parser))
            return;
        bool outdented = parser->token.opens_line && column_of(&parser->token) <= column;
        if (outdented && (at_start(parser, starts) || parser->token.kind == TOKEN_BRACE_CLOSE)) {
            if (parser->token.kind != TOKEN_BRACE_CLOSE || column_of(&parser->token) < column)
                parser->braces = braces;
            if (parser->braces <= braces)
                return;
        }
        if (parser->braces <= braces && member->opens_line && parser->token.opens_line && column_of(&parser->token) == column) {
            parser->failed_at = UINT32_MAX; /* under the failed member: another, perhaps misspelt */
            return;
        }
        bool may_start = parser->token.opens_line || !member->opens_line;
        if (parser->braces <= braces && (parser->token.kind == TOKEN_BRACE_CLOSE || (may_start && at_start(parser, starts))))
            return;
    }
}

Span parser_open_block(Parser *parser)
{
    Span span = parser_span(parser, &parser->token);
    if (parser_take_sign(parser, TOKEN_BRACE_OPEN))
        return span;
    if (parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_BAD || at_declaration_line(parser))
        parser_fail_expected(parser, "`{`");
    Text text = parser_text(parser, &parser->token);
    parser_report(parser, DIAGNOSTIC_EXPECTED, span, "`{` is expected here, not `%.*s`", TEXT_ARGS(text));
    if (!parser->token.opens_line)
        parser_give_up(parser);
    parser->braces++;
    return (Span){parser->file, span.start, span.start};
}

static void report_unclosed(Parser *parser, Span opened)
{
    Span here = {parser->file, parser->last_end, parser->last_end};
    diagnostics_note(parser_report(parser, DIAGNOSTIC_EXPECTED, here, "`}` is missing here"), opened, "the `{` stands here");
}

void parser_members(Parser *parser, const Starts *starts, Span opened, void (*rule)(Parser *, void *), void *argument)
{
    bool failed = false; /* the member read last: then a missing `}` may be its fault */
    parser_enter(parser);
    uint32_t braces = parser->braces;
    while (parser->token.kind != TOKEN_BRACE_CLOSE) {
        if (parser->token.kind == TOKEN_END || (at_declaration_line(parser) && !at_start(parser, starts))) {
            if (!failed)
                report_unclosed(parser, opened);
            parser->braces = braces ? braces - 1 : 0;
            parser_leave(parser);
            return;
        }
        Token member = parser->token;
        failed = !parser_attempt(parser, rule, argument);
        if (failed)
            skip_member(parser, starts, braces, &member);
    }
    parser->braces = braces;
    parser_advance(parser);
    parser_leave(parser);
}

/* ---- names, lists, literals ----------------------------------------------------------------------- */

void *parser_append(Parser *parser, void *array, uint32_t *n, const void *item, size_t size)
{
    array = arena_grow(parser->arena, array, *n, size);
    memcpy((char *)array + (size_t)(*n)++ * size, item, size);
    return array;
}

void *parser_keep(Parser *parser, const void *item, size_t size)
{
    return memcpy(arena_alloc(parser->arena, size), item, size);
}

static const char *const forbidden_words[] = {
    "not", "if", "true", "false", "null", "context",
    "all", "absent", "always", "sometimes", "increasing", "decreasing", "stable", "nonincreasing", "nondecreasing",
    "mixed", "becomes", "ceases", "enters", "leaves", "stays", "moving", "stationary", "highest", "lowest", "random",
    "first", "last", "next", "any", "wait", "each", "prev", "newest", "max", "min", "both",
};

bool alias_is_forbidden(Text word)
{
    for (size_t i = 0; i < sizeof forbidden_words / sizeof *forbidden_words; i++)
        if (text_is_c(word, forbidden_words[i]))
            return true;
    return false;
}

static Name read_name(Parser *parser)
{
    const Token *token = &parser->token;
    Text text = parser_text(parser, token);
    if (token->quoted)
        text = (Text){text.p + 1, text.len - 2};
    Name name = {text, parser_span(parser, token), token->quoted, token->kind == TOKEN_HEADER};
    parser_advance(parser);
    return name;
}

Name parser_name(Parser *parser, const char *what)
{
    if (parser->token.kind != TOKEN_NAME)
        parser_fail_expected(parser, what);
    return read_name(parser);
}

Name parser_alias(Parser *parser, const char *what)
{
    Name name = parser_name(parser, what);
    if (!name.quoted && alias_is_forbidden(name.text))
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_ALIAS_WORD, name.span, "`%.*s` cannot be %s: the language uses the word",
                                       TEXT_ARGS(name.text), what),
                         "take another, or write it in back-ticks everywhere");
    return name;
}

Path parser_path(Parser *parser, const char *what)
{
    Path path = {0};
    uint32_t start = parser->token.start;
    Name part = parser_name(parser, what);
    APPEND(parser, path.parts, path.n, part);
    while (parser_take_sign(parser, TOKEN_DOT)) {
        if (parser->token.kind != TOKEN_NAME && parser->token.kind != TOKEN_HEADER)
            parser_fail_expected(parser, "a name");
        part = read_name(parser);
        APPEND(parser, path.parts, path.n, part);
    }
    path.span = parser_since(parser, start);
    return path;
}

Path *parser_paths(Parser *parser, TokenKind separator, const char *what, uint32_t *n)
{
    Path *paths = NULL;
    *n = 0;
    do {
        Path path = parser_path(parser, what);
        paths = parser_append(parser, paths, n, &path, sizeof path);
    } while (parser_take_sign(parser, separator));
    return paths;
}

AstString parser_string(Parser *parser, const char *what)
{
    if (parser->token.kind != TOKEN_STRING)
        parser_fail_expected(parser, what);
    AstString string = {.span = parser_span(parser, &parser->token), .set = true};
    Text bad, text = parser_text(parser, &parser->token);
    if (literal_string(parser->arena, text, &string.value, &bad) != LITERAL_OK) {
        uint32_t start = (uint32_t)(bad.p - parser->source->text.p);
        diagnostics_hint(parser_report(parser, DIAGNOSTIC_STRING_ESCAPE, (Span){parser->file, start, start + bad.len},
                                       "strings have no escape `%.*s`", TEXT_ARGS(bad)),
                         "a backslash is written `\\\\`, or the string in single quotes");
        string.value = (Text){text.p + 1, text.len - 2};
    }
    parser_advance(parser);
    return string;
}

AstCount parser_count(Parser *parser)
{
    if (parser->token.kind != TOKEN_INT)
        parser_fail_expected(parser, "a whole number");
    AstCount count = {.span = parser_span(parser, &parser->token), .set = true};
    if (literal_int(parser_text(parser, &parser->token), &count.value) != LITERAL_OK)
        parser_report(parser, DIAGNOSTIC_NUMBER_RANGE, count.span, "this number does not fit into 64 bits");
    parser_advance(parser);
    return count;
}

AstFields parser_fields(Parser *parser, bool headers, bool bare)
{
    AstFields fields = {.set = true};
    uint32_t start = parser->token.start;
    parser_expect_sign(parser, TOKEN_BRACE_OPEN);
    while (!parser_at_sign(parser, TOKEN_BRACE_CLOSE)) {
        AstField field = {0};
        uint32_t field_start = parser->token.start;
        if (parser->token.kind == TOKEN_HEADER && headers)
            field.name = read_name(parser);
        else
            field.name = parser_name(parser, "the name of an attribute");
        parser_expect_sign(parser, TOKEN_COLON);
        field.value = parse_expression(parser);
        field.span = parser_since(parser, field_start);
        APPEND(parser, fields.items, fields.n, field);
        bool comma = parser_take_sign(parser, TOKEN_COMMA);
        if (parser_at_sign(parser, TOKEN_BRACE_CLOSE) ? comma && !bare : !comma && !bare) {
            bool more = parser_at_member(parser) || (parser->token.kind == TOKEN_HEADER && headers);
            if (comma)
                parser_fail_expected(parser, "the name of an attribute");
            if (!more)
                parser_fail_expected(parser, "`,` or `}`");
            parser_report(parser, DIAGNOSTIC_EXPECTED, (Span){parser->file, parser->last_end, parser->last_end},
                          "`,` is missing here");
        }
    }
    parser_advance(parser);
    fields.span = parser_since(parser, start);
    return fields;
}

/* ---- the file ------------------------------------------------------------------------------------- */

/* Length of the well-formed UTF-8 sequence at the beginning of a text, or 0. */
static uint32_t utf8_length(const unsigned char *p, uint32_t room)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
    if (n <= 1 || n > room)
        return n > room ? 0 : n;
    uint32_t code = p[0] & (0xFFu >> (n + 1));
    for (uint32_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 63);
    }
    return code < least[n] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) ? 0 : n;
}

/* Whether the text can be read at all: its size, its encoding. */
static bool check_text(Parser *parser)
{
    Text text = parser->source->text;
    if (text.len > SOURCE_BYTES_MAX) {
        parser_report(parser, DIAGNOSTIC_SOURCE_TOO_LARGE, (Span){parser->file, 0, 0}, "this file is larger than 16 MiB");
        return false;
    }
    for (uint32_t i = 0, n; i < text.len; i += n) {
        n = utf8_length((const unsigned char *)text.p + i, text.len - i);
        Span span = {parser->file, i, i + 1};
        if (n == 0)
            parser_report(parser, DIAGNOSTIC_SOURCE_UTF8, span, "the byte 0x%02X at offset %u is not valid UTF-8",
                          (unsigned char)text.p[i], i);
        else if (text.p[i] == 0)
            parser_report(parser, DIAGNOSTIC_SOURCE_NUL, span, "a NUL byte at offset %u", i);
        else
            continue;
        return false;
    }
    return true;
}

bool parse_source(const Sources *sources, uint32_t file, Diagnostics *diagnostics, Arena *arena, AstFile *out)
{
    assert(file < sources->n);
    uint32_t errors = diagnostics->errors;
    *out = (AstFile){.file = file};
    Parser parser = {.source = &sources->items[file], .file = file, .arena = arena, .diagnostics = diagnostics,
                     .out = out, .failed_at = UINT32_MAX};
    if (!check_text(&parser))
        return false;
    parser.lexer = (Lexer){.text = parser.source->text};
    start_tokens(&parser);
    parse_declarations(&parser, &out->declarations, &out->n, false, (Span){0});
    return diagnostics->errors == errors;
}

void module_add(AstModule *module, Arena *arena, AstFile *file)
{
    module->files = arena_grow(arena, module->files, module->file_count, sizeof *module->files);
    module->files[module->file_count++] = file;
    for (uint32_t i = 0; i < file->n; i++) {
        module->declarations = arena_grow(arena, module->declarations, module->n, sizeof *module->declarations);
        module->declarations[module->n++] = &file->declarations[i];
    }
}
