/* Parsing: what the parser's files share. Included by parser*.c and by nobody else.
 *
 *   parser.c              tokens, mistakes and recovery, names, lists; the file
 *   parser_expression.c   expressions, quantities, counts
 *   parser_declaration.c  network … channel; types
 *   parser_context.c      contexts
 *   parser_agent.c        clauses and policies of an agent
 *   parser_pattern.c      what stands behind `detect`
 *   parser_test.c         test blocks
 *
 * A rule of the grammar is a function that returns what it read. It never returns failure: parser_fail
 * reports and jumps to the innermost parser_attempt, where reading goes on at the next member, clause or
 * declaration. Nothing needs releasing on the way, because everything lies in the arena. */
#ifndef RULES_PARSING_H
#define RULES_PARSING_H

#include <setjmp.h>

#include "rules/lexer.h"
#include "rules/literal.h"
#include "rules/parser.h"

typedef struct Recovery {
    jmp_buf jump;
    struct Recovery *outer;
} Recovery;

typedef struct Parser {
    const Source *source;
    uint32_t file;
    Arena *arena;
    Diagnostics *diagnostics;
    AstFile *out;
    Lexer lexer;         /* stands behind `next` */
    Token token, next;   /* what is read now, and the one token of look-ahead */
    uint32_t last_end;   /* end of the token read last */
    uint32_t read;       /* tokens read so far */
    uint32_t failed_at;  /* `read` when a rule failed last; UINT32_MAX = never */
    uint32_t nesting;    /* brackets open */
    uint32_t braces;     /* of them, `{` */
    uint32_t column;     /* byte column of the declaration that is being read */
    Recovery *recovery;
    const AstOn *ons;    /* of the agent that is being read: mark ⑥ */
    uint32_t on_count;
    bool on_lost;        /* an `on` line had a mistake, so that any name may be an alias */
} Parser;

/* A kind of member: the words that begin one, for recovery and for "did you mean". */
typedef struct Starts {
    const char *const *words;
    uint32_t n;
    const char *what; /* "a clause" */
    bool named;       /* `name :` begins one too */
} Starts;

/* ---- tokens ---- */

void parser_advance(Parser *parser);

/* Reads the current `/` again as the beginning of a regular expression. */
void parser_read_operand(Parser *parser);

/* True if the current token is this word and is a keyword here: not quoted, not before `:`. */
bool parser_at(const Parser *parser, const char *word);
bool parser_at_sign(const Parser *parser, TokenKind kind);

/* True if the token behind the current one is this word, unquoted. */
bool parser_next_is(const Parser *parser, const char *word);

/* True if a name and `:` come, whatever the name. */
bool parser_at_member(const Parser *parser);

/* True if `derive NAME {` comes: the next clause, so that what should stand before it is missing. */
bool parser_at_derive(const Parser *parser);

/* Reads the word or sign if it comes, and returns whether it did. */
bool parser_take(Parser *parser, const char *word);
bool parser_take_sign(Parser *parser, TokenKind kind);

/* Reads the word or sign, or fails. */
void parser_expect(Parser *parser, const char *word);
void parser_expect_sign(Parser *parser, TokenKind kind);

/* Returns which of n words comes, having read it, or n. */
uint32_t parser_take_any(Parser *parser, const char *const *words, uint32_t n);

/* The same, but one of them must come; what says what they are ("a severity"). */
uint32_t parser_expect_any(Parser *parser, const char *const *words, uint32_t n, const char *what);

Span parser_span(const Parser *parser, const Token *token);

/* From a start to the end of the token read last. */
Span parser_since(const Parser *parser, uint32_t start);

Text parser_text(const Parser *parser, const Token *token);

/* ---- mistakes ---- */

/* Reports and goes on; for mistakes behind which the text is understood all the same. */
Diagnostic *parser_report(Parser *parser, DiagnosticCode code, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Reports at the current token that something else is expected, and jumps. what is "a name", "`{`". */
_Noreturn void parser_fail_expected(Parser *parser, const char *what);

/* Jumps after a report. */
_Noreturn void parser_give_up(Parser *parser);

/* Runs a rule, which may fail. Returns false if it did; then the parser stands where it failed. */
bool parser_attempt(Parser *parser, void (*rule)(Parser *parser, void *argument), void *argument);

/* Reads members until the `}` of a block whose `{` has been read, recovering in between. opened is the
 * span of that `{`. Fails no rule: a missing `}` is reported, and reading goes on behind the block. */
void parser_members(Parser *parser, const Starts *starts, Span opened, void (*rule)(Parser *, void *), void *argument);

/* Reads `{`. If it is missing, that is reported and the block read as if it were there. */
Span parser_open_block(Parser *parser);

/* Reports that the current word begins no member, clause or statement, with the nearest that does. */
_Noreturn void parser_fail_unknown(Parser *parser, DiagnosticCode code, const Starts *starts);

/* Opens and closes one level of brackets or recursion; fails beyond AST_NESTING_MAX. */
void parser_enter(Parser *parser);
void parser_leave(Parser *parser);

/* Reports that a clause or option was written before. */
void parser_check_once(Parser *parser, bool already, Span span, const char *what);

/* ---- names, lists, literals ---- */

Name parser_name(Parser *parser, const char *what);

/* A name that is given to something and must not be a word of patterns or expressions. */
Name parser_alias(Parser *parser, const char *what);

Path parser_path(Parser *parser, const char *what);
Path *parser_paths(Parser *parser, TokenKind separator, const char *what, uint32_t *n);
AstString parser_string(Parser *parser, const char *what);
AstCount parser_count(Parser *parser);

/* { NAME: EXPR, … }; bare says that commas may be missing, headers that $time may be named. */
AstFields parser_fields(Parser *parser, bool headers, bool bare);

/* Appends *item to an array in the arena. */
void *parser_append(Parser *parser, void *array, uint32_t *n, const void *item, size_t size);

/* A copy of a struct in the arena. */
void *parser_keep(Parser *parser, const void *item, size_t size);

#define KEEP(parser, value) parser_keep((parser), &(value), sizeof(value))
#define APPEND(parser, array, n, item) ((array) = parser_append((parser), (array), &(n), &(item), sizeof(item)))

/* ---- rules of the grammar ---- */

Expr *parse_expression(Parser *parser);
Expr *parse_sum(Parser *parser);
Expr *parse_postfix(Parser *parser);
Expr *parse_list(Parser *parser);
Where parse_where(Parser *parser); /* condition NULL if no `where` comes */
Expr *parse_duration(Parser *parser);
Expr *parse_calendar_duration(Parser *parser); /* behind `every` of a fixed context */
Expr *parse_distance(Parser *parser);
Expr *parse_size(Parser *parser);
Expr *parse_time(Parser *parser);
Expr *parse_percent(Parser *parser); /* INT or FLOAT and `%` */

Declaration parse_declaration(Parser *parser, DeclarationKind kind);
bool parse_declaration_ahead(const Parser *parser, DeclarationKind *kind);
void parse_declarations(Parser *parser, Declaration **items, uint32_t *n, bool nested, Span opened);

AstContextSteps parse_contexts(Parser *parser);
AstNamedEvents parse_named_events(Parser *parser);
AstShape parse_shape(Parser *parser);
AstOrder parse_order(Parser *parser, bool stream); /* behind `order` */
AstAgain parse_again(Parser *parser);              /* behind `again` */
bool parse_discard(Parser *parser, AstNamedEvents *discard);

AstAgent *parse_agent(Parser *parser, Name name);
AstPattern *parse_pattern(Parser *parser);
bool parse_pattern_ahead(const Parser *parser); /* mark ⑥ */
AstTest *parse_test(Parser *parser);

#endif
