/* Lexer: the next token of a rule text.
 *
 * The parser asks for one token at a time, because only it knows where an operand stands, and there `/`
 * begins a regular expression. There are no keywords here: a word is a NAME, and the parser decides. A
 * number and its unit are two tokens, INT or FLOAT and NAME; the parser joins them (see lexer_joins). The
 * text must be valid UTF-8 without NUL.
 *
 * A Lexer is a position in a text. Copying it is looking ahead. */
#ifndef RULES_LEXER_H
#define RULES_LEXER_H

#include "rules/diagnostic.h"

typedef enum TokenKind {
#define X(kind, text) TOKEN_##kind,
#include "rules/token.def"
#undef X
    TOKEN_COUNT
} TokenKind;

typedef struct Token {
    TokenKind kind;
    uint32_t start, end; /* byte offsets */
    uint32_t line_start; /* byte offset of the line on which it begins */
    bool opens_line;     /* nothing but blanks stands before it on its line */
    bool quoted;         /* NAME in back-ticks */
    DiagnosticCode problem; /* BAD: what is wrong, in a sentence, and how to mend it (or NULL) */
    const char *message, *hint;
} Token;

typedef struct Lexer {
    Text text;
    uint32_t at;         /* byte offset of what is read next */
    uint32_t line_start; /* byte offset of the line that holds `at` */
} Lexer;

/* Reads the next token. operand says whether an operand can stand here. At the end of the text it
 * returns END again and again. Never fails: what cannot be read is a BAD token, behind which reading can
 * go on. */
Token lexer_next(Lexer *lexer, bool operand);

/* Says whether a name token stands where the unit of a number stands: on the same line, at most one blank
 * away. */
bool lexer_joins(const Lexer *lexer, const Token *number, const Token *name);

/* What a kind of token is called in messages: "a name", "`{`" without the back-ticks. */
const char *token_text(TokenKind kind);

#endif
