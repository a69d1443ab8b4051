/* Sources: texts with an index of their lines, made once when a text is added. */
#include "rules/source.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

void sources_init(Sources *sources, Arena *arena)
{
    *sources = (Sources){.arena = arena};
}

static void index_lines(Arena *arena, Source *source)
{
    uint32_t lines = 1;
    for (uint32_t i = 0; i < source->text.len; i++)
        lines += source->text.p[i] == '\n';
    source->line_starts = ARENA_ARRAY(arena, uint32_t, lines);
    source->line_count = 1;
    for (uint32_t i = 0; i < source->text.len; i++)
        if (source->text.p[i] == '\n')
            source->line_starts[source->line_count++] = i + 1;
}

uint32_t sources_add(Sources *sources, Text path, Text text)
{
    if (text.len >= 3 && !memcmp(text.p, "\xEF\xBB\xBF", 3)) /* a byte order mark */
        text = (Text){text.p + 3, text.len - 3};
    sources->items = arena_grow(sources->arena, sources->items, sources->n, sizeof *sources->items);
    Source *source = &sources->items[sources->n];
    *source = (Source){.path = arena_text(sources->arena, path), .text = text};
    index_lines(sources->arena, source);
    return sources->n++;
}

int sources_read(Sources *sources, const char *path, uint32_t *file)
{
    FILE *in = fopen(path, "rb");
    if (!in)
        return errno;
    size_t room = 64 << 10, length = 0;
    char *bytes = arena_raw(sources->arena, room);
    for (size_t got; (got = fread(bytes + length, 1, room - length, in)) > 0;) {
        length += got;
        if (length > SOURCE_BYTES_MAX)
            break;
        if (length == room) {
            char *more = arena_raw(sources->arena, room *= 2);
            memcpy(more, bytes, length);
            bytes = more;
        }
    }
    int error = ferror(in) ? EIO : 0;
    fclose(in);
    if (error)
        return error;
    uint32_t size = length > SOURCE_BYTES_MAX ? SOURCE_BYTES_MAX + 1 : (uint32_t)length;
    *file = sources_add(sources, text_of(path), (Text){bytes, size});
    return 0;
}

Place source_place(const Source *source, uint32_t offset)
{
    assert(offset <= source->text.len);
    uint32_t low = 0, high = source->line_count; /* line_starts[low] <= offset < line_starts[high] */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    uint32_t column = 1;
    for (uint32_t i = source->line_starts[low]; i < offset; i++)
        column += (source->text.p[i] & 0xC0) != 0x80;
    return (Place){low + 1, column};
}

Text source_line(const Source *source, uint32_t line)
{
    assert(line >= 1 && line <= source->line_count);
    uint32_t start = source->line_starts[line - 1];
    uint32_t end = line < source->line_count ? source->line_starts[line] - 1 : source->text.len;
    if (end > start && source->text.p[end - 1] == '\r')
        end--;
    return (Text){source->text.p + start, end - start};
}

Text sources_text(const Sources *sources, Span span)
{
    assert(span.file < sources->n && span.start <= span.end && span.end <= sources->items[span.file].text.len);
    return (Text){sources->items[span.file].text.p + span.start, span.end - span.start};
}
