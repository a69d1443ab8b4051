/* The lexer: one pass over the bytes, a function a kind of token, no tables but that of the signs.
 *
 * Not here: what literals mean (literal.c), and which words are keywords (the parser). */
#include "rules/lexer.h"

#include "rules/literal.h"

static const char *const token_texts[] = {
#define X(kind, text) text,
#include "rules/token.def"
#undef X
};

static const struct {
    TokenKind kind;
    const char *text;
} signs[] = {
#define X(kind, text)
#define SIGN(kind, text) {TOKEN_##kind, text},
#include "rules/token.def"
#undef X
};

const char *token_text(TokenKind kind)
{
    return token_texts[kind];
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '_';
}

/* The byte i places ahead, 0 behind the end. */
static char peek(const Lexer *lexer, uint32_t i)
{
    return i < lexer->text.len - lexer->at ? lexer->text.p[lexer->at + i] : 0;
}

/* Skips blanks, line ends and comments. Returns whether a line end was among them. */
static bool skip_space(Lexer *lexer)
{
    bool new_line = lexer->at == 0;
    for (;;) {
        char c = peek(lexer, 0);
        if (c == '\n') {
            lexer->line_start = ++lexer->at;
            new_line = true;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            lexer->at++;
        } else if (c == '#') {
            while (lexer->at < lexer->text.len && peek(lexer, 0) != '\n')
                lexer->at++;
        } else {
            return new_line;
        }
    }
}

static void bad(Token *token, DiagnosticCode problem, const char *message, const char *hint)
{
    token->kind = TOKEN_BAD;
    token->problem = problem;
    token->message = message;
    token->hint = hint;
}

static void skip_words(Lexer *lexer)
{
    while (is_word(peek(lexer, 0)))
        lexer->at++;
}

static void read_header(Lexer *lexer, Token *token)
{
    lexer->at++;
    token->kind = TOKEN_HEADER;
    if (!is_letter(peek(lexer, 0)))
        bad(token, DIAGNOSTIC_CHARACTER, "`$` begins a header attribute, and a letter follows it", "as in `$time`");
    while (is_letter(peek(lexer, 0)))
        lexer->at++;
}

/* Reads to the closing sign on the same line; with escape, a `\` takes the next byte with it. */
static bool read_enclosed(Lexer *lexer, char close, bool escape)
{
    lexer->at++;
    for (char c; (c = peek(lexer, 0)) && c != '\n'; lexer->at++) {
        if (c == close) {
            lexer->at++;
            return true;
        }
        char after = peek(lexer, 1);
        if (escape && c == '\\' && after && after != '\n')
            lexer->at++;
    }
    return false;
}

static void read_quoted_name(Lexer *lexer, Token *token)
{
    token->kind = TOKEN_NAME;
    token->quoted = true;
    uint32_t start = lexer->at;
    if (!read_enclosed(lexer, '`', false))
        bad(token, DIAGNOSTIC_STRING_OPEN, "this name has no closing back-tick on its line", NULL);
    else if (lexer->at - start == 2)
        bad(token, DIAGNOSTIC_CHARACTER, "a name of no letters", NULL);
}

static void read_string(Lexer *lexer, Token *token, char quote)
{
    token->kind = TOKEN_STRING;
    if (!read_enclosed(lexer, quote, quote == '"'))
        bad(token, DIAGNOSTIC_STRING_OPEN, "this string has no closing quote on its line",
            quote == '"' ? "a line end inside a string is written `\\n`" : NULL);
}

static void read_regex(Lexer *lexer, Token *token)
{
    token->kind = TOKEN_REGEX;
    if (!read_enclosed(lexer, '/', true))
        bad(token, DIAGNOSTIC_STRING_OPEN, "this regular expression has no closing `/` on its line",
            "a `/` inside it is written `\\/`");
    while (is_letter(peek(lexer, 0)))
        lexer->at++;
}

/* Length of the text ahead that fits the picture, or 0: d is a digit, any other byte itself. */
static uint32_t picture(const Lexer *lexer, uint32_t from, const char *shape)
{
    uint32_t i = 0;
    for (; shape[i]; i++) {
        char c = peek(lexer, from + i);
        if (shape[i] == 'd' ? !is_digit(c) : c != shape[i])
            return 0;
    }
    return i;
}

/* Length of the time or date ahead, or 0. */
static uint32_t time_length(const Lexer *lexer)
{
    uint32_t at = peek(lexer, 0) == '@', date = picture(lexer, at, "dddd-dd-dd");
    if (!date)
        return 0;
    uint32_t length = at + date, part = picture(lexer, length, "Tdd:dd");
    if (!part)
        return at ? length : 0;
    length += part;
    if ((part = picture(lexer, length, ":dd"))) {
        length += part;
        if (peek(lexer, length) == '.' && is_digit(peek(lexer, length + 1)))
            for (length++; is_digit(peek(lexer, length));)
                length++;
    }
    if (peek(lexer, length) == 'Z')
        return length + 1;
    if ((part = picture(lexer, length, "+dd:dd")) || (part = picture(lexer, length, "-dd:dd")))
        return length + part;
    return length;
}

static bool read_time(Lexer *lexer, Token *token)
{
    uint32_t length = time_length(lexer);
    if (!length)
        return false;
    token->kind = TOKEN_TIME;
    lexer->at += length;
    if (is_word(peek(lexer, 0))) {
        skip_words(lexer);
        bad(token, DIAGNOSTIC_TIME_LITERAL, "this is not a time", "as in `2026-01-31T09:00:00Z` or `@2026-01-31`");
    }
    return true;
}

static bool follows_date(const Lexer *lexer, uint32_t start)
{
    return start >= 5 && lexer->text.p[start - 1] == '-' && is_digit(lexer->text.p[start - 2]);
}

/* Behind a number only a unit may stand without a blank. */
static void check_number_end(Lexer *lexer, Token *token)
{
    if (!is_word(peek(lexer, 0)))
        return;
    uint32_t start = lexer->at;
    skip_words(lexer);
    Text word = {lexer->text.p + start, lexer->at - start};
    if (unit_of(word) != UNIT_NONE)
        lexer->at = start;
    else
        bad(token, DIAGNOSTIC_NUMBER, "this is neither a number nor a quantity", NULL);
}

static void read_number(Lexer *lexer, Token *token)
{
    token->kind = TOKEN_INT;
    if (peek(lexer, 0) == '0' && peek(lexer, 1) == 'x' && is_hex(peek(lexer, 2))) {
        for (lexer->at += 2; is_hex(peek(lexer, 0));)
            lexer->at++;
        check_number_end(lexer, token);
        return;
    }
    bool leading_zero = peek(lexer, 0) == '0' && is_digit(peek(lexer, 1));
    while (is_digit(peek(lexer, 0)))
        lexer->at++;
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))) {
        token->kind = TOKEN_FLOAT;
        for (lexer->at++; is_digit(peek(lexer, 0));)
            lexer->at++;
    }
    uint32_t sign = peek(lexer, 1) == '+' || peek(lexer, 1) == '-';
    if ((peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') && is_digit(peek(lexer, 1 + sign))) {
        token->kind = TOKEN_FLOAT;
        for (lexer->at += 1 + sign; is_digit(peek(lexer, 0));)
            lexer->at++;
    }
    if (leading_zero)
        bad(token, DIAGNOSTIC_NUMBER, "a number does not begin with 0",
            follows_date(lexer, token->start) ? "a date is written with an `@`: `@2026-01-31`"
                                              : "leave the zero out, or write `0x` for a hexadecimal number");
    else
        check_number_end(lexer, token);
}

static void read_sign(Lexer *lexer, Token *token)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].text[0] != peek(lexer, 0))
            continue;
        uint32_t length = (uint32_t)strlen(signs[i].text);
        if (lexer->text.len - lexer->at >= length && !memcmp(lexer->text.p + lexer->at, signs[i].text, length)) {
            token->kind = signs[i].kind;
            lexer->at += length;
            return;
        }
    }
    char c = peek(lexer, 0);
    bool foreign = c & 0x80;
    do
        lexer->at++;
    while (foreign && ((peek(lexer, 0) & 0x80) || is_word(peek(lexer, 0))));
    bad(token, DIAGNOSTIC_CHARACTER, "this character begins nothing in the rule language",
        foreign ? "a name of other letters than ASCII stands in back-ticks"
        : c == '&' ? "conditions are joined by `and`"
        : c == '!' ? "a condition is turned round by `not`"
        : c == ';' ? "a line needs no sign at its end"
                   : NULL);
}

Token lexer_next(Lexer *lexer, bool operand)
{
    bool opens_line = skip_space(lexer);
    Token token = {.opens_line = opens_line, .start = lexer->at, .line_start = lexer->line_start};
    char c = peek(lexer, 0);
    if (lexer->at >= lexer->text.len)
        token.kind = TOKEN_END;
    else if (is_letter(c) || c == '_')
        token.kind = TOKEN_NAME, skip_words(lexer);
    else if (c == '`')
        read_quoted_name(lexer, &token);
    else if (c == '$')
        read_header(lexer, &token);
    else if (c == '"' || c == '\'')
        read_string(lexer, &token, c);
    else if (c == '/' && operand)
        read_regex(lexer, &token);
    else if (!((c == '@' || is_digit(c)) && read_time(lexer, &token))) {
        if (is_digit(c))
            read_number(lexer, &token);
        else
            read_sign(lexer, &token);
    }
    token.end = lexer->at;
    return token;
}

bool lexer_joins(const Lexer *lexer, const Token *number, const Token *name)
{
    return name->kind == TOKEN_NAME && !name->quoted &&
           (name->start == number->end ||
            (name->start == number->end + 1 && lexer->text.p[number->end] == ' '));
}
