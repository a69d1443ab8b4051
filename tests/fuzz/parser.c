/* The parser: any bytes give a tree or a diagnostic, and diagnostics can be printed in every form. */
#include "rules/parser.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    Reading reading;
    AstFile file;
    reading_init(&reading);
    bool parses = reading_parse(&reading, (Text){(const char *)data, (uint32_t)size}, &file);
    if (parses != (reading.diagnostics.errors == 0))
        abort();
    diagnostics_print_text(&reading.diagnostics, nowhere);
    diagnostics_print_json(&reading.diagnostics, nowhere);
    diagnostics_print_sarif(&reading.diagnostics, nowhere);
    reading_fini(&reading);
    return 0;
}
