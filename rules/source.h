/* Source: the texts of the rule files, and where in them something stands.
 *
 * A Span names bytes of one file; it is what every node of the tree and every diagnostic carries. Line
 * and column are computed only when a person is told. Sources own nothing outside their arena and must
 * live as long as the trees parsed from them: names and literals of a tree point into the texts. */
#ifndef RULES_SOURCE_H
#define RULES_SOURCE_H

#include "cep/arena.h"
#include "cep/text.h"

enum {
    SOURCE_BYTES_MAX = 16 << 20, /* a larger file is refused by the parser */
};

typedef struct Span {
    uint32_t file;  /* index into Sources.items */
    uint32_t start; /* byte offset of the first byte */
    uint32_t end;   /* byte offset behind the last byte */
} Span;

typedef struct Source {
    Text path; /* as the user wrote it */
    Text text;
    uint32_t *line_starts; /* byte offset of each line; the first is 0 */
    uint32_t line_count;
} Source;

typedef struct Sources {
    Arena *arena;
    Source *items;
    uint32_t n;
    bool closed; /* a `use` finds texts that were added, and reads no file */
} Sources;

/* Both 1-based; the column counts code points, so that it is what an editor shows. */
typedef struct Place {
    uint32_t line, column;
} Place;

void sources_init(Sources *sources, Arena *arena);

/* Adds a text under a path and returns its file index. The path is copied, the text borrowed. */
uint32_t sources_add(Sources *sources, Text path, Text text);

/* Reads a file and adds it; *file is its index. Returns 0 or an errno value. Of a file above
 * SOURCE_BYTES_MAX only one byte more than that is read, which is enough for the parser to refuse it. */
int sources_read(Sources *sources, const char *path, uint32_t *file);

/* Returns line and column of a byte offset. */
Place source_place(const Source *source, uint32_t offset);

/* Returns a line (1-based) without its line end. */
Text source_line(const Source *source, uint32_t line);

/* Returns the bytes of a span. */
Text sources_text(const Sources *sources, Span span);

/* Returns the smallest span that covers both, which stand in one file. */
static inline Span span_join(Span a, Span b)
{
    return (Span){a.file, a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}

#endif
