/* The formatter: see rules_check_format. */
#include "tests/fuzz/mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rules_check_format((Text){(const char *)data, (uint32_t)size});
    return 0;
}
