/* Kernels: the loops of program_rows over one instruction, a kernel a row of ops.def. Internal to program_rows. */
#ifndef CEP_KERNEL_H
#define CEP_KERNEL_H

#include "cep/machine.h"

/* One instruction at work. */
typedef struct Work {
    const Program *program;
    const Instruction *step;
    const Surroundings *around;
    Machine *machine;
    const VectorView *views;
    uint32_t n;              /* rows to compute: 1 if all operands are constants */
    const Vector *a, *b, *c; /* an operand that is not there is a constant */
    void *to;
    uint8_t *states;         /* room for the result's states … */
    bool missing;            /* … which the operands have filled */
} Work;

/* The worse of two states. */
static inline uint8_t state_worse(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* Whether one of n states is not STATE_OK. */
bool states_any(const uint8_t *states, uint32_t n);

/* Raises the result's states to those of an operand. */
void states_take(Work *work, const Vector *operand);

/* Runs an instruction that is no OP_SPECIAL; returns whether the result has states. */
bool kernel_run(Work *work);

#endif
