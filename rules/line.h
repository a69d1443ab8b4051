/* Line: a line that is being written, with the places where it may be broken if it grows too long.
 *
 * A break is a blank that can become a line end. Its depth is the number of brackets around it: of the
 * breaks that fit on a line the least deep wins, and of those the last. */
#ifndef RULES_LINE_H
#define RULES_LINE_H

#include "cep/arena.h"

enum { LINE_WIDTH_MAX = 100 };

typedef struct LineBreak {
    uint32_t at; /* byte offset of the blank */
    uint32_t depth;
} LineBreak;

typedef struct Line {
    Arena *arena;
    char *p;
    uint32_t len, room;
    LineBreak *breaks;
    uint32_t break_count;
    uint32_t depth; /* of what is added next */
} Line;

Line line_new(Arena *arena);
void line_text(Line *line, Text text);
void line_put(Line *line, const char *text);
void line_printf(Line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a blank that may become a line end. */
void line_break(Line *line);

/* Adds another line with its breaks. */
void line_join(Line *line, const Line *other);

/* Adds blanks up to a column (0-based, in code points). */
void line_pad(Line *line, uint32_t column);

/* Its width, and that of its last line, in code points. */
uint32_t line_width(const Line *line);
uint32_t line_last_width(const Line *line);

/* Adds line to out, broken into lines where it is too long. out stands at column `column`; lines behind
 * the first begin at column `indent`. */
void line_fill(Line *out, const Line *line, uint32_t column, uint32_t indent);

#endif
