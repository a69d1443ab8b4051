/* Lines: a growing text in the arena and a list of breaks. */
#include "rules/line.h"

#include <stdarg.h>
#include <stdio.h>

Line line_new(Arena *arena)
{
    return (Line){.arena = arena};
}

void line_text(Line *line, Text text)
{
    if (line->room - line->len < text.len) {
        uint32_t room = line->room * 2 > line->len + text.len ? line->room * 2 : line->len + text.len + 64;
        char *grown = arena_raw(line->arena, room);
        if (line->len)
            memcpy(grown, line->p, line->len);
        line->p = grown;
        line->room = room;
    }
    if (text.len)
        memcpy(line->p + line->len, text.p, text.len);
    line->len += text.len;
}

void line_put(Line *line, const char *text)
{
    line_text(line, text_of(text));
}

void line_printf(Line *line, const char *format, ...)
{
    char small[64];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    line_text(line, (Text){small, (uint32_t)length < sizeof small ? (uint32_t)length : (uint32_t)sizeof small - 1});
}

static void add_break(Line *line, LineBreak item)
{
    line->breaks = arena_grow(line->arena, line->breaks, line->break_count, sizeof item);
    line->breaks[line->break_count++] = item;
}

void line_break(Line *line)
{
    add_break(line, (LineBreak){line->len, line->depth});
    line_put(line, " ");
}

void line_join(Line *line, const Line *other)
{
    for (uint32_t i = 0; i < other->break_count; i++)
        add_break(line, (LineBreak){line->len + other->breaks[i].at, line->depth + other->breaks[i].depth});
    line_text(line, (Text){other->p, other->len});
}

static uint32_t points(const char *p, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++)
        n += ((unsigned char)p[i] & 0xC0) != 0x80;
    return n;
}

uint32_t line_width(const Line *line)
{
    return points(line->p, 0, line->len);
}

uint32_t line_last_width(const Line *line)
{
    uint32_t start = line->len;
    while (start > 0 && line->p[start - 1] != '\n')
        start--;
    return points(line->p, start, line->len);
}

void line_pad(Line *line, uint32_t column)
{
    for (uint32_t width = line_last_width(line); width < column; width++)
        line_put(line, " ");
}

/* Whether what begins at byte `from` and column `column` ends within the width. */
static bool fits(const Line *line, uint32_t from, uint32_t to, uint32_t column)
{
    for (uint32_t i = from; i < to && column <= LINE_WIDTH_MAX; i++)
        column += ((unsigned char)line->p[i] & 0xC0) != 0x80;
    return column <= LINE_WIDTH_MAX;
}

/* The break at which the line that begins at byte `from` and column `column` ends, or NULL for none. Only
 * the breaks from *first on are looked at; *first moves to the one chosen. */
static const LineBreak *choose_break(const Line *line, uint32_t from, uint32_t column, uint32_t *first)
{
    const LineBreak *best = NULL;
    for (uint32_t i = *first; i < line->break_count; i++) {
        const LineBreak *item = &line->breaks[i];
        if (item->at <= from)
            continue;
        bool last = !fits(line, from, item->at, column);
        if (last && best)
            break;
        if (!best || item->depth <= best->depth)
            best = item;
        if (last)
            break;
    }
    *first = best ? (uint32_t)(best - line->breaks) : line->break_count;
    return best;
}

void line_fill(Line *out, const Line *line, uint32_t column, uint32_t indent)
{
    if (!line->len)
        return;
    uint32_t from = 0, first = 0;
    while (!fits(line, from, line->len, column)) {
        const LineBreak *item = choose_break(line, from, column, &first);
        if (!item)
            break;
        line_text(out, (Text){line->p + from, item->at - from});
        line_put(out, "\n");
        line_pad(out, indent);
        from = item->at + 1;
        column = indent;
    }
    line_text(out, (Text){line->p + from, line->len - from});
}
