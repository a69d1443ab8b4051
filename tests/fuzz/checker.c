/* The checker and lowering: what parses is refused with a diagnostic or becomes a plan, and an edit that a
 * diagnostic offers can be made. */
#include <stdlib.h>

#include "rules/compile.h"
#include "rules/parser.h"
#include "tests/fuzz/mutator.h"

static void check_fixes(const Reading *reading)
{
    for (uint32_t i = 0; i < reading->diagnostics.n; i++) {
        const Fix *fix = &reading->diagnostics.items[i]->fix;
        Text there = fix->set ? sources_text(&reading->sources, fix->span) : (Text){0};
        if (fix->set && text_is(there, fix->text))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Reading reading;
    AstFile file;
    AstModule module = {0};
    reading_init(&reading);
    if (reading_parse(&reading, (Text){(const char *)data, (uint32_t)size}, &file)) {
        module_add(&module, &reading.arena, &file);
        Plan *plan = compile(&reading.sources, &module, &(CompileOptions){0}, &reading.diagnostics, &reading.memory);
        if (!plan != (reading.diagnostics.errors > 0))
            abort();
        if (plan)
            plan_free(plan);
    }
    check_fixes(&reading);
    reading_fini(&reading);
    return 0;
}
