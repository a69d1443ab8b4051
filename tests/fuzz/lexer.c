/* The lexer: tokens stand in order, inside the text, and reading ends, whether an operand is expected or not. */
#include "rules/lexer.h"

#include <stdlib.h>

#include "tests/fuzz/mutator.h"

static void read_all(Text text, bool operand)
{
    Lexer lexer = {.text = text};
    uint32_t behind = 0;
    for (Token token; (token = lexer_next(&lexer, operand)).kind != TOKEN_END; behind = token.end) {
        if (token.start < behind || token.end <= token.start || token.end > text.len || token.line_start > token.start)
            abort();
        if (token.kind == TOKEN_BAD && !token.message)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (memchr(data, 0, size)) /* the parser refuses such a text before it reads a token */
        return 0;
    read_all((Text){(const char *)data, (uint32_t)size}, false);
    read_all((Text){(const char *)data, (uint32_t)size}, true);
    return 0;
}
