/* Comparisons of a number with a constant. */
#include "agents/compare.h"

#include <assert.h>
#include <string.h>

/* The comparisons decided here: X(op, C type of the value, C operator). */
#define EACH_OPERATOR(X, type, c_type) \
    X(LT_##type, c_type, <) X(LE_##type, c_type, <=) X(GT_##type, c_type, >) \
    X(GE_##type, c_type, >=) X(EQ_##type, c_type, ==) X(NE_##type, c_type, !=)
#define EACH_COMPARISON(X) \
    EACH_OPERATOR(X, INT, int64_t) EACH_OPERATOR(X, TIME, int64_t) EACH_OPERATOR(X, DURATION, int64_t) \
    EACH_OPERATOR(X, FLOAT, double)

static bool is_comparison(uint16_t op)
{
    switch (op) {
#define X(name, c_type, c_op) case OP_##name:
    EACH_COMPARISON(X)
#undef X
        return true;
    default:
        return false;
    }
}

Compare compare_of(const Program *program, Op from)
{
    Compare none = {0};
    if (!program || program->n != 3 || !is_comparison(program->code[2].op))
        return none;
    const Instruction *source = NULL, *constant = NULL, *compare = &program->code[2];
    for (uint32_t i = 0; i < 2; i++) {
        if (program->code[i].op == from)
            source = &program->code[i];
        else if (program->code[i].op == OP_CONSTANT)
            constant = &program->code[i];
    }
    if (!source || !constant || compare->a != source->to || compare->b != constant->to)
        return none;
    Compare result = {.simple = true, .op = compare->op, .source = source->immediate};
    memcpy(&result.constant, &program->constants[constant->immediate], sizeof result.constant);
    return result;
}

bool compare_holds(const Compare *compare, const void *value)
{
    switch (compare->op) {
#define X(name, c_type, c_op) \
    case OP_##name: { \
        c_type a, b; \
        memcpy(&a, value, sizeof a); \
        memcpy(&b, &compare->constant, sizeof b); \
        return a c_op b; \
    }
    EACH_COMPARISON(X)
#undef X
    }
    assert(false);
    return false;
}
