/* The function table: about 180 rows, searched by the checker, never at run time. */
#include "cep/function.h"

enum { TYPE_NONE = TYPE_KINDS, OP_OPS = OPS };

/* TYPE_NONE is no TypeKind, so the table holds numbers. */
static const Function functions[] = {
#define X(name, result, nargs, a, b, c, op, how, what) \
    {name, (TypeKind)TYPE_##result, nargs, {(TypeKind)TYPE_##a, (TypeKind)TYPE_##b, (TypeKind)TYPE_##c}, \
     (Op)OP_##op, FUNCTION_##how, (int)OP_##op == OP_CAPTURE || (int)OP_##op == OP_IN_CIDR, what},
#include "cep/functions.def"
#undef X
};

static const uint32_t nfunctions = sizeof functions / sizeof *functions;

const Function *function_find(Text name, uint32_t nargs, uint32_t *from)
{
    for (uint32_t i = *from; i < nfunctions; i++) {
        const Function *f = &functions[i];
        bool fits = f->nargs == nargs || (f->how == FUNCTION_FOLD && nargs > f->nargs);
        if (fits && text_is_c(name, f->name)) {
            *from = i + 1;
            return f;
        }
    }
    *from = nfunctions;
    return NULL;
}

bool function_known(Text name)
{
    for (uint32_t i = 0; i < nfunctions; i++)
        if (text_is_c(name, functions[i].name))
            return true;
    return false;
}

const Function *function_at(uint32_t i)
{
    return i < nfunctions ? &functions[i] : NULL;
}
