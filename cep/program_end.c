/* The end of building: what the result does not need is dropped, and registers are numbered anew. Constants come
 * first; two other registers of one type whose lives do not overlap become one, which keeps a column program in
 * the cache. An instruction never writes a register that it reads. */
#include <assert.h>

#include "cep/program_builder.h"

/* last[i]: the last instruction that reads register i; UINT32_MAX: nobody needs it. */
static uint32_t *last_reads(ProgramBuilder *b, Reg result)
{
    const Program *p = &b->program;
    uint32_t *last = ARENA_ARRAY(b->arena, uint32_t, p->n);
    for (uint32_t i = 0; i < p->n; i++)
        last[i] = UINT32_MAX;
    last[result] = p->n;
    for (uint32_t i = p->n; i-- > 0;) {
        if (last[i] == UINT32_MAX)
            continue;
        const Reg operands[3] = {p->code[i].a, p->code[i].b, p->code[i].c};
        for (unsigned n = 0; n < 3; n++)
            if (operands[n] != REG_NONE && last[operands[n]] == UINT32_MAX)
                last[operands[n]] = i;
    }
    return last;
}

typedef struct Renaming {
    Program *to;
    Reg *names;      /* old register → new */
    Reg *free;       /* new registers that nobody reads any more */
    uint32_t nfree;
} Renaming;

static Reg name_take(Renaming *r, TypeKind type)
{
    for (uint32_t i = r->nfree; i-- > 0;) {
        Reg reg = r->free[i];
        if (r->to->reg_types[reg] == type) {
            r->free[i] = r->free[--r->nfree];
            return reg;
        }
    }
    r->to->reg_types[r->to->nregs] = (uint8_t)type;
    return r->to->nregs++;
}

/* Renames an operand, and gives its register back after its last reader took a register of its own. */
static Reg name_of(Renaming *r, Reg reg)
{
    return reg == REG_NONE ? REG_NONE : r->names[reg];
}

static void name_release(Renaming *r, const uint32_t *last, Reg reg, uint32_t reader)
{
    if (reg == REG_NONE || last[reg] != reader)
        return;
    for (uint32_t i = 0; i < r->nfree; i++)
        if (r->free[i] == r->names[reg])
            return; /* both operands are this register */
    r->free[r->nfree++] = r->names[reg];
}

/* Constants come first: register i is constants[i], set anew by every run. */
static void end_constants(ProgramBuilder *b, Renaming *r, const uint32_t *last)
{
    const Program *from = &b->program;
    Program *to = r->to;
    to->constants = ARENA_ARRAY(b->arena, Cell, from->nconstants);
    to->constant_states = ARENA_ARRAY(b->arena, uint8_t, from->nconstants);
    to->nconstants = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        Instruction instruction = from->code[i];
        if (last[i] == UINT32_MAX || instruction.op != OP_CONSTANT)
            continue;
        uint32_t k = to->nconstants++;
        to->constants[k] = from->constants[instruction.immediate];
        to->constant_states[k] = from->constant_states[instruction.immediate];
        instruction.immediate = k;
        instruction.to = r->names[i] = name_take(r, (TypeKind)from->reg_types[i]);
        assert(instruction.to == k);
        to->code[to->n++] = instruction;
    }
}

static void end_instruction(ProgramBuilder *b, Renaming *r, const uint32_t *last, uint32_t i)
{
    const Instruction *old = &b->program.code[i];
    Instruction new = *old;
    new.a = name_of(r, old->a);
    new.b = name_of(r, old->b);
    new.c = name_of(r, old->c);
    new.to = r->names[i] = name_take(r, (TypeKind)b->program.reg_types[i]);
    name_release(r, last, old->a, i);
    name_release(r, last, old->b, i);
    name_release(r, last, old->c, i);
    r->to->code[r->to->n++] = new;
    r->to->reads_time |= new.op == OP_NOW || new.op == OP_IDENTITY;
    if (new.op == OP_LOAD || new.op == OP_HEADER)
        r->to->views |= UINT64_C(1) << new.view;
}

Program *program_end(ProgramBuilder *b, Reg result)
{
    const Program *from = &b->program;
    assert(result < from->n);
    Program *to = ARENA_NEW(b->arena, Program);
    *to = *from;
    to->type = (TypeKind)from->reg_types[result];
    to->code = ARENA_ARRAY(b->arena, Instruction, from->n);
    to->reg_types = ARENA_ARRAY(b->arena, uint8_t, from->n);
    to->n = 0;
    const uint32_t *last = last_reads(b, result);
    Renaming r = {to, ARENA_ARRAY(b->arena, Reg, from->n), ARENA_ARRAY(b->arena, Reg, from->n), 0};
    end_constants(b, &r, last);
    for (uint32_t i = 0; i < from->n; i++)
        if (last[i] != UINT32_MAX && from->code[i].op != OP_CONSTANT)
            end_instruction(b, &r, last, i);
    to->result = r.names[result];
    return to;
}

bool program_is_constant(const Program *program, Cell *value, State *state)
{
    if (program->n != 1 || program->code[0].op != OP_CONSTANT)
        return false;
    *value = program->constants[program->code[0].immediate];
    *state = (State)program->constant_states[program->code[0].immediate];
    return true;
}
