/* Rows and blocks.
 *
 * Comments. A comment on a line of its own stands above the row that follows it. One behind a row on its
 * line stays there. One inside a row, where no line of the new layout corresponds to its old one, moves
 * above the row; formatting again then finds it there.
 *
 * Alignment. The first cells of a block's rows are padded to the widest, and so on; comments behind rows
 * begin in one column as long as no blank line, comment line or inner block intervenes. */
#include "rules/formatting.h"

static const uint32_t cell_width_max[ROW_CELLS] = {40, 20, 20}; /* wider cells do not move the others */

Block *format_block(Formatter *formatter)
{
    return ARENA_NEW(formatter->arena, Block);
}

/* ---- comments ------------------------------------------------------------------------------------- */

static const Comment *next_comment(const Formatter *formatter)
{
    return formatter->comment < formatter->file->comment_count ? &formatter->file->comments[formatter->comment] : NULL;
}

static Text comment_text(const Formatter *formatter, const Comment *comment)
{
    return (Text){formatter->source.p + comment->span.start, comment->span.end - comment->span.start};
}

/* Whether a blank line stands before a place. */
static bool blank_before(const Formatter *formatter, uint32_t at)
{
    uint32_t lines = 0;
    while (at > 0 && strchr(" \t\r\n", formatter->source.p[at - 1]))
        lines += formatter->source.p[--at] == '\n';
    return lines > 1;
}

bool format_has_comment(const Formatter *formatter, Span span)
{
    for (uint32_t i = formatter->comment; i < formatter->file->comment_count; i++)
        if (formatter->file->comments[i].span.start >= span.start)
            return formatter->file->comments[i].span.start < span.end;
    return false;
}

static void add_comment(Formatter *formatter, Row *row, bool blank)
{
    OwnComment own = {comment_text(formatter, next_comment(formatter)), blank};
    row->comments = arena_grow(formatter->arena, row->comments, row->comment_count, sizeof own);
    row->comments[row->comment_count++] = own;
    formatter->comment++;
}

static void take_comments_above(Formatter *formatter, Row *row, uint32_t start)
{
    for (const Comment *comment; (comment = next_comment(formatter)) && comment->span.start < start;)
        add_comment(formatter, row, blank_before(formatter, comment->span.start));
}

/* Comments inside move above; the blank line before the row then stands before the first of them. */
static void take_comments_inside(Formatter *formatter, Row *row, uint32_t end)
{
    for (const Comment *comment; (comment = next_comment(formatter)) && comment->span.start < end;) {
        add_comment(formatter, row, row->blank);
        row->blank = false;
    }
}

/* Takes the next comment if nothing but blanks and a comma stands between it and a place on its line. */
static Text take_comment_behind(Formatter *formatter, uint32_t end)
{
    const Comment *comment = next_comment(formatter);
    if (!comment || comment->span.start < end)
        return (Text){0};
    for (uint32_t i = end; i < comment->span.start; i++)
        if (!strchr(" \t,", formatter->source.p[i]))
            return (Text){0};
    formatter->comment++;
    return comment_text(formatter, comment);
}

/* ---- making rows ---------------------------------------------------------------------------------- */

static Row *add_row(Formatter *formatter, Block *block)
{
    block->rows = arena_grow(formatter->arena, block->rows, block->n, sizeof *block->rows);
    Row *row = &block->rows[block->n++];
    *row = (Row){.closing = line_new(formatter->arena)};
    for (int i = 0; i < ROW_CELLS; i++)
        row->cells[i] = line_new(formatter->arena);
    return row;
}

Row *format_row(Formatter *formatter, Block *block, uint32_t start, uint32_t head_end)
{
    Row *row = add_row(formatter, block);
    row->cell_count = 1;
    take_comments_above(formatter, row, start);
    row->blank = blank_before(formatter, start);
    take_comments_inside(formatter, row, head_end);
    return row;
}

void format_row_end(Formatter *formatter, Row *row, uint32_t end)
{
    take_comments_inside(formatter, row, end);
    row->trailing = take_comment_behind(formatter, end);
}

void format_opening(Formatter *formatter, Row *row, uint32_t brace_end)
{
    row->opening_comment = take_comment_behind(formatter, brace_end);
}

void format_block_end(Formatter *formatter, Block *block, uint32_t end)
{
    const Comment *comment = next_comment(formatter);
    if (comment && comment->span.start < end)
        take_comments_above(formatter, add_row(formatter, block), end);
}

/* ---- printing ------------------------------------------------------------------------------------- */

/* Whether a row begins a new run of rows that align with each other. */
static bool begins_run(const Block *block, uint32_t i)
{
    if (i == 0)
        return true;
    const Row *row = &block->rows[i], *before = row - 1;
    return row->blank || row->comment_count || before->inner || row->tall || before->tall;
}

static uint32_t run_end(const Block *block, uint32_t from)
{
    uint32_t to = from + 1;
    while (to < block->n && !begins_run(block, to) && block->rows[to].align == block->rows[from].align)
        to++;
    return to;
}

static void widen(const Block *block, uint32_t from, uint32_t to, uint32_t *widths)
{
    memcpy(widths, block->least, sizeof block->least);
    for (uint32_t i = from; i < to; i++)
        for (uint32_t cell = 0; block->rows[i].align && cell < block->rows[i].cell_count; cell++) {
            uint32_t width = line_width(&block->rows[i].cells[cell]);
            if (width > widths[cell] && width <= cell_width_max[cell])
                widths[cell] = width;
        }
}

static Line join_cells(Formatter *formatter, const Block *block, const Row *row, const uint32_t *widths, uint32_t *hang)
{
    Line line = line_new(formatter->arena);
    for (uint32_t cell = 0; cell < row->cell_count; cell++) {
        *hang = block->hang || cell == 0 ? (block->hang ? block->hang : 4) : line_width(&line);
        line_join(&line, &row->cells[cell]);
        if (cell + 1 == row->cell_count)
            break;
        if (row->align)
            line_pad(&line, line_width(&line) - line_width(&row->cells[cell]) + widths[cell] + block->gaps[cell]);
        line_put(&line, " ");
    }
    return line;
}

static void print_comment(Line *out, OwnComment comment, bool first, uint32_t indent)
{
    if (comment.blank && !first)
        line_put(out, "\n");
    line_pad(out, indent);
    line_text(out, comment.text);
    line_put(out, "\n");
}

static void print_inner(Formatter *formatter, Line *out, const Row *row, uint32_t indent)
{
    line_put(out, " {");
    if (row->inner->n == 0 && !row->opening_comment.len) {
        line_put(out, "}");
    } else {
        if (row->opening_comment.len) {
            line_put(out, "  ");
            line_text(out, row->opening_comment);
        }
        line_put(out, "\n");
        format_print(formatter, out, row->inner, indent + 2);
        line_pad(out, indent);
        line_put(out, "}");
    }
    line_fill(out, &row->closing, indent + 1, indent + 4);
}

/* The row without its comments, as it will stand; line ends inside it, none at the end. */
static Line render_row(Formatter *formatter, const Block *block, const Row *row, const uint32_t *widths, uint32_t indent)
{
    Line out = line_new(formatter->arena);
    uint32_t hang = 4;
    Line cells = join_cells(formatter, block, row, widths, &hang);
    line_pad(&out, indent);
    line_fill(&out, &cells, indent, indent + hang);
    if (row->inner)
        print_inner(formatter, &out, row, indent);
    return out;
}

/* Rows far apart in height stand apart: a blank line before the first line of this one, comments included. */
static void separate(Row *row, const Row *before)
{
    if (!row->tall && !before->tall)
        return;
    bool blank = row->blank;
    for (uint32_t i = 0; i < row->comment_count; i++)
        blank |= row->comments[i].blank;
    if (blank)
        return;
    if (row->comment_count)
        row->comments[0].blank = true;
    else
        row->blank = true;
}

static void print_row(Line *out, const Row *row, const Line *text, bool first, uint32_t indent, uint32_t comment_column)
{
    for (uint32_t i = 0; i < row->comment_count; i++)
        print_comment(out, row->comments[i], first && i == 0, indent);
    if (row->cell_count == 0)
        return;
    if (row->blank && !(first && row->comment_count == 0))
        line_put(out, "\n");
    line_text(out, (Text){text->p, text->len});
    if (row->trailing.len) {
        line_pad(out, comment_column > line_last_width(out) + 2 ? comment_column : line_last_width(out) + 2);
        line_text(out, row->trailing);
    }
    line_put(out, "\n");
}

static void print_run(Formatter *formatter, Line *out, Block *block, uint32_t from, uint32_t to, const uint32_t *widths, uint32_t indent)
{
    Line *texts = ARENA_ARRAY(formatter->arena, Line, to - from);
    uint32_t column = 0;
    for (uint32_t i = from; i < to; i++) {
        texts[i - from] = render_row(formatter, block, &block->rows[i], widths, indent);
        uint32_t width = line_last_width(&texts[i - from]) + 2;
        if (block->rows[i].trailing.len && !block->rows[i].inner && width > column && width <= LINE_WIDTH_MAX)
            column = width;
    }
    for (uint32_t i = from; i < to; i++)
        print_row(out, &block->rows[i], &texts[i - from], i == 0, indent, block->rows[i].inner ? 0 : column);
}

void format_print(Formatter *formatter, Line *out, Block *block, uint32_t indent)
{
    uint32_t widths[ROW_CELLS];
    for (uint32_t i = 1; i < block->n; i++)
        separate(&block->rows[i], &block->rows[i - 1]);
    widen(block, 0, block->n, widths);
    for (uint32_t from = 0, to; from < block->n; from = to) {
        to = from + 1;
        while (to < block->n && !begins_run(block, to))
            to++;
        if (block->runs)
            to = run_end(block, from);
        if (block->runs)
            widen(block, from, to, widths);
        print_run(formatter, out, block, from, to, widths, indent);
    }
}
