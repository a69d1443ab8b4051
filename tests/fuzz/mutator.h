/* Mutator: for targets whose input is rule text, every other mutation is one of tokens. Included once a target. */
#ifndef TESTS_FUZZ_MUTATOR_H
#define TESTS_FUZZ_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return seed % 2 ? rules_mutate((char *)data, size, max, seed) : LLVMFuzzerMutate(data, size, max);
}

#endif
