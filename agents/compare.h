/* Compare: conditions of the form `number op constant`, which most are, decided without running a program.
 *
 * The number is an attribute (`price > 90`) or an aggregate (`count(w) > 3`). */
#ifndef AGENTS_COMPARE_H
#define AGENTS_COMPARE_H

#include "cep/program.h"

typedef struct Compare {
    bool simple;       /* false: the condition has another form, run its program */
    uint16_t op;
    uint32_t source;   /* LOAD: slot; AGGREGATE: index */
    uint64_t constant; /* the bits of the int64_t or double */
} Compare;

/* Recognises [from, CONSTANT, comparison]; from is OP_LOAD or OP_AGGREGATE. NULL is not simple. */
Compare compare_of(const Program *program, Op from);

/* Whether it holds for a present value. */
bool compare_holds(const Compare *compare, const void *value);

#endif
