/* The op table, as the builder, the function table and the disassembly read it. */
#include <assert.h>

#include "cep/program_builder.h"

enum { TYPE_NONE = TYPE_KINDS, TYPE_BOXED };

static const struct {
    const char *name;
    uint8_t result, args[3];
} ops[OPS] = {
#define OP(name, result, a, b, c, expression) {#name, TYPE_##result, {TYPE_##a, TYPE_##b, TYPE_##c}},
#define OP_SPECIAL(name, result, a, b, c) {#name, TYPE_##result, {TYPE_##a, TYPE_##b, TYPE_##c}},
#include "cep/ops.def"
};

const char *op_name(Op op)
{
    assert(op < OPS);
    return ops[op].name;
}

static TypeKind kind_or_none(uint8_t kind)
{
    return kind == TYPE_ANY ? TYPE_KINDS : kind == TYPE_BOXED ? TYPE_ANY : (TypeKind)kind;
}

TypeKind op_result(Op op)
{
    assert(op < OPS);
    return kind_or_none(ops[op].result);
}

TypeKind op_argument(Op op, unsigned n)
{
    assert(op < OPS && n < 3);
    return kind_or_none(ops[op].args[n]);
}

bool op_takes(Op op, unsigned n)
{
    assert(op < OPS && n < 3);
    return ops[op].args[n] != TYPE_NONE;
}
