/* What editors ask for, of any text: symbols, their uses, what may stand at a place. The first byte says where. */
#include <stdlib.h>

#include "rules/completion.h"
#include "rules/parser.h"
#include "tests/fuzz/mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    Reading reading;
    AstFile file;
    AstModule module = {0};
    Symbols symbols;
    Text text = {(const char *)data, (uint32_t)size};
    uint32_t offset = (uint32_t)(size * data[0] / 256);
    reading_init(&reading);
    reading_parse(&reading, text, &file);
    module_add(&module, &reading.arena, &file);
    symbols_read(&symbols, &module, &reading.arena);
    for (uint32_t i = 0; i < symbols.nuses; i++)
        if (symbols.uses[i].span.end > text.len || !symbols.uses[i].symbol)
            abort();
    const SymbolUse *use = symbols_at(&symbols, 0, offset);
    uint32_t n = 0;
    if (use && (!symbols_same(&symbols, use, &n) || n == 0))
        abort();
    Completions found = completions_at(&symbols, &reading.sources.items[0], offset);
    if (found.from > offset)
        abort();
    reading_fini(&reading);
    return 0;
}
