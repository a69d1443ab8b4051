/* The formatter's door: parse, print, end with one line end. */
#include "rules/formatting.h"

#include <assert.h>

#include "rules/parser.h"

bool format_source(const Sources *sources, uint32_t file, Diagnostics *diagnostics, Arena *arena, Text *out)
{
    AstFile ast;
    if (!parse_source(sources, file, diagnostics, arena, &ast))
        return false;
    Formatter formatter = {.sources = sources, .file = &ast, .source = sources->items[file].text, .arena = arena};
    Block *block = format_block(&formatter);
    block->runs = true;
    format_declarations(&formatter, block, ast.declarations, ast.n, 0);
    format_block_end(&formatter, block, formatter.source.len);
    assert(formatter.comment == ast.comment_count);
    Line text = line_new(arena);
    format_print(&formatter, &text, block, 0);
    *out = (Text){text.p ? text.p : "", text.len};
    return true;
}
