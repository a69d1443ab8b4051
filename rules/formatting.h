/* Formatting: what the formatter's files share. Included by format*.c and by nobody else.
 *
 *   format.c              comments, and the file
 *   format_row.c          rows and blocks: alignment, blank lines, trailing comments
 *   format_expression.c   expressions, fields, types
 *   format_context.c      contexts
 *   format_pattern.c      patterns
 *   format_agent.c        clauses
 *   format_declaration.c  the other declarations, and tests
 *
 * A Block is a list of Rows. A row is one member, clause, statement or declaration: up to three cells,
 * which blocks align, and perhaps an inner block in braces. Rows are made in the order of the source, and
 * making one takes the comments up to its end, so that none is lost or printed twice. */
#ifndef RULES_FORMATTING_H
#define RULES_FORMATTING_H

#include "rules/ast.h"
#include "rules/format.h"
#include "rules/line.h"

typedef struct OwnComment { /* a comment on a line of its own */
    Text text;
    bool blank; /* a blank line stands before it */
} OwnComment;

typedef struct Block Block;

enum { ROW_CELLS = 3 };

typedef struct Row {
    OwnComment *comments; /* above it */
    uint32_t comment_count;
    bool blank;           /* a blank line before it */
    bool tall;            /* blank lines stand around it in any case */
    uint32_t align;       /* cells align with those of rows of the same number; 0 = they do not */
    Line cells[ROW_CELLS];
    uint32_t cell_count;  /* 0 = only comments, at the end of a block */
    Block *inner;         /* in braces behind the cells; NULL = none */
    Line closing;         /* what stands behind its `}` */
    Text opening_comment; /* behind its `{` */
    Text trailing;        /* comment at the end */
} Row;

struct Block {
    Row *rows;
    uint32_t n;
    uint32_t gaps[ROW_CELLS]; /* blanks behind the widest cell of a column, besides the one */
    uint32_t least[ROW_CELLS]; /* least width of the cells of a column */
    bool runs;                /* cells align only with those of rows directly above and below */
    uint32_t hang;            /* blanks by which a broken row is indented; 0 = to the last cell */
};

typedef struct Formatter {
    const Sources *sources;
    const AstFile *file;
    Text source;
    Arena *arena;
    uint32_t comment; /* the next to be printed */
} Formatter;

/* ---- comments and rows ---- */

Block *format_block(Formatter *formatter);

/* Adds a row for the source from start to its end, with the comments above it. Comments inside it that
 * have no row of their own to stand on move above it, unless the row will have an inner block: then those
 * up to `head_end` do. The row is valid until the next is added. */
Row *format_row(Formatter *formatter, Block *block, uint32_t start, uint32_t head_end);

/* Ends a row: takes the comment that stands behind `end` on its line. */
void format_row_end(Formatter *formatter, Row *row, uint32_t end);

/* Takes the comment that stands behind the `{` of a row's inner block. */
void format_opening(Formatter *formatter, Row *row, uint32_t brace_end);

/* Ends a block: the comments before its `}` at `end` become its last row. */
void format_block_end(Formatter *formatter, Block *block, uint32_t end);

/* Whether a comment that is not yet printed stands in a span. */
bool format_has_comment(const Formatter *formatter, Span span);

/* Prints a block, its rows `indent` blanks from the left. */
void format_print(Formatter *formatter, Line *out, Block *block, uint32_t indent);

/* ---- parts ---- */

Line format_line(Formatter *formatter);
void format_name(Line *line, Name name);
void format_path(Line *line, Path path);
void format_paths(Line *line, const Path *paths, uint32_t n, const char *separator);
void format_names(Line *line, const Name *names, uint32_t n);
void format_written(Formatter *formatter, Line *line, Span span); /* as it stands in the source */
void format_string(Formatter *formatter, Line *line, const char *word, AstString string);
void format_expression(Formatter *formatter, Line *line, const Expr *expr);

/* ` word EXPR`, or nothing; with a break in front. */
void format_part(Formatter *formatter, Line *line, const char *word, const Expr *expr);
void format_where(Formatter *formatter, Line *line, Where where);
void format_fields(Formatter *formatter, Line *line, AstFields fields);
void format_type(Formatter *formatter, Line *line, const WrittenType *type);

/* Ends a row with fields: `head { … } tail` on one line if it fits behind `column` and holds no comment,
 * else a field a line. The fields stand behind what the last cell of the row holds. */
void format_fields_row(Formatter *formatter, Row *row, AstFields fields, const Line *tail, uint32_t column, uint32_t end);

void format_contexts(Formatter *formatter, Line *line, AstContextSteps steps);
void format_named_events(Formatter *formatter, Line *line, AstNamedEvents events);
void format_shape(Formatter *formatter, Line *line, const AstShape *shape);
void format_order(Line *line, AstOrder order);
void format_again(Line *line, AstAgain again);
void format_discard(Formatter *formatter, Line *line, AstNamedEvents discard);
void format_pattern(Formatter *formatter, Line *line, const AstPattern *pattern);

/* Adds the rows of declarations, which stand `indent` blanks from the left. */
void format_declarations(Formatter *formatter, Block *block, const Declaration *items, uint32_t n, uint32_t indent);
void format_agent(Formatter *formatter, Row *row, const AstAgent *agent, uint32_t indent);

#endif
