/* The builder of programs from the inside: program.c fills it, program_end.c makes the program of it. */
#ifndef CEP_PROGRAM_BUILDER_H
#define CEP_PROGRAM_BUILDER_H

#include "cep/program.h"

struct ProgramBuilder {
    Arena *arena;
    Program program; /* registers are instruction numbers until program_end */
    uint32_t mask;   /* of slots */
    uint32_t *slots; /* instruction + 1 by hash */
};

/* Whether an op has an n-th operand at all. */
bool op_takes(Op op, unsigned n);

#endif
