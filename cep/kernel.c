/* Kernels.
 *
 * A kernel is a loop over typed arrays without a branch, in a variant each for (column, column), (column,
 * constant) and (constant, column), so that the compiler makes vector instructions of it. What is missing is dealt
 * with apart: a column whose states are all STATE_OK carries states == NULL, and only when an operand has states
 * is the loop over them run, 16 rows an instruction. Operations that must not see missing values (they would
 * follow a string's pointer) run row by row instead.
 *
 *   values   a ─┐                       states   a ─┐
 *            b ─┴─ kernel ─► to                  b ─┴─ max ─► to, or NULL
 *
 * Compiled with -O3: see the Makefile. */
#include "cep/arithmetic.h"
#include "cep/calendar.h"
#include "cep/cidr.h"
#include "cep/composite.h"
#include "cep/decimal.h"
#include "cep/kernel.h"
#include "cep/number.h"
#include "cep/place.h"
#include "cep/string.h"

/* ── Kernels. They return whether a row failed; `failed` then says which. ── */

typedef uint8_t C_NONE;
typedef uint8_t C_BOOL;
typedef int64_t C_INT;
typedef int64_t C_TIME;
typedef int64_t C_DURATION;
typedef double C_FLOAT;
typedef Text C_STRING;
typedef Point C_POINT;
typedef Decimal C_DECIMAL;
typedef Text C_BYTES;
typedef Text C_LIST;
typedef Text C_BOXED;

#define LOOP(A, B, i_a, i_b, ...) \
    for (uint32_t i = 0; i < n; i++) { \
        const C_##A a = as[i_a]; \
        const C_##B b = bs[i_b]; \
        (void)a; \
        (void)b; \
        __VA_ARGS__ \
    }

/* With one operand there is one loop. */
#define VARIANTS_NONE(A, B, ...) LOOP(A, B, i, 0, __VA_ARGS__)
#define VARIANTS_TWO(A, B, ...) \
    if (w->b->constant) { \
        LOOP(A, B, i, 0, __VA_ARGS__) \
    } else if (w->a->constant) { \
        LOOP(A, B, 0, i, __VA_ARGS__) \
    } else { \
        LOOP(A, B, i, i, __VA_ARGS__) \
    }
#define VARIANTS_BOOL VARIANTS_TWO
#define VARIANTS_INT VARIANTS_TWO
#define VARIANTS_TIME VARIANTS_TWO
#define VARIANTS_DURATION VARIANTS_TWO
#define VARIANTS_FLOAT VARIANTS_TWO
#define VARIANTS_STRING VARIANTS_TWO
#define VARIANTS_POINT VARIANTS_TWO

#define OPERANDS(A, B, R) \
    const uint32_t n = w->n; \
    const C_##A *restrict as = w->a->cells; \
    const C_##B *restrict bs = w->b->cells; \
    C_##R *restrict to = w->to;

#define OP(name, R, A, B, C, expression) \
    static bool rows_##name(const Work *w, uint8_t *restrict failed) \
    { \
        OPERANDS(A, B, R) \
        (void)failed; \
        VARIANTS_##B(A, B, to[i] = (C_##R)(expression);) \
        return false; \
    }

/* First the values, and whether any failed; only then, which. */
#define OP_CHECKED(name, R, A, B, C, expression, fails) \
    static bool rows_##name(const Work *w, uint8_t *restrict failed) \
    { \
        OPERANDS(A, B, R) \
        int64_t any = 0; \
        VARIANTS_##B(A, B, const C_##R r = (expression); to[i] = r; any |= (int64_t)(fails);) \
        if (!any) \
            return false; \
        VARIANTS_##B(A, B, const C_##R r = to[i]; (void)r; failed[i] = (fails) ? STATE_ERROR : STATE_OK;) \
        return true; \
    }

/* Row by row, over what is present. Writes the result's states itself. */
#define OP_CALL(name, R, A, B, C, expression) \
    static bool rows_##name(const Work *w, uint8_t *restrict failed) \
    { \
        const Program *program = w->program; \
        const Instruction *step = w->step; \
        const Surroundings *around = w->around; \
        (void)program, (void)step, (void)around, (void)failed; \
        OPERANDS(A, B, R) \
        const C_##C *cs = w->c->cells; \
        const uint32_t step_a = !w->a->constant, step_b = !w->b->constant, step_c = !w->c->constant; \
        uint8_t any = 0; \
        for (uint32_t i = 0; i < n; i++) { \
            uint8_t state = w->missing ? w->states[i] : STATE_OK; \
            if (state == STATE_OK) { \
                const C_##A a = as[i * step_a]; \
                const C_##B b = bs[i * step_b]; \
                const C_##C c = cs[i * step_c]; \
                (void)a, (void)b, (void)c; \
                to[i] = (expression); \
            } \
            w->states[i] = state; \
            any |= state; \
        } \
        return any != 0; \
    }
#define OP_SPECIAL(name, R, A, B, C)
#include "cep/ops.def"

typedef bool Kernel(const Work *work, uint8_t *failed);

static const struct {
    Kernel *run;
    bool calls; /* row by row, with its own states */
} kernels[OPS] = {
#define OP(name, R, A, B, C, expression) [OP_##name] = {rows_##name, false},
#define OP_CALL(name, R, A, B, C, expression) [OP_##name] = {rows_##name, true},
#define OP_SPECIAL(name, R, A, B, C) [OP_##name] = {NULL, false},
#include "cep/ops.def"
};

/* ── States ── */

bool states_any(const uint8_t *states, uint32_t n)
{
    uint8_t any = 0;
    for (uint32_t i = 0; i < n; i++)
        any |= states[i];
    return any != 0;
}

void states_take(Work *w, const Vector *v)
{
    const uint8_t *restrict from = v->states;
    uint8_t *restrict to = w->states;
    if (!from)
        return;
    const uint32_t n = w->n;
    if (!w->missing)
        memset(to, STATE_OK, n);
    w->missing = true;
    if (v->constant) {
        uint8_t state = from[0];
        for (uint32_t i = 0; i < n; i++)
            to[i] = state_worse(to[i], state);
    } else {
        for (uint32_t i = 0; i < n; i++)
            to[i] = state_worse(to[i], from[i]);
    }
}

/* ── Equality of strings with a short constant, without a branch: where the lengths differ the constant is read
 * in place of the row's bytes, so that every load is of bytes that are there. ── */

static inline uint64_t bytes_8(const char *p, uint32_t len)
{
    uint64_t whole = 0;
    uint32_t first, last;
    uint16_t first_2, last_2;
    if (len == 8) {
        memcpy(&whole, p, 8);
    } else if (len >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + len - 4, 4);
        whole = (uint64_t)first << 32 | last;
    } else if (len >= 2) {
        memcpy(&first_2, p, 2);
        memcpy(&last_2, p + len - 2, 2);
        whole = (uint64_t)first_2 << 16 | last_2;
    } else if (len == 1) {
        whole = (uint8_t)*p;
    }
    return whole;
}

static inline __attribute__((always_inline)) void equal_short(const Text *restrict as, Text k, uint8_t *restrict to,
                                                              uint32_t n, uint32_t len, bool equal)
{
    uint32_t head = len > 8 ? 8 : len;
    uint64_t k_head = bytes_8(k.p, head), k_tail = bytes_8(k.p + len - head, head);
    for (uint32_t i = 0; i < n; i++) {
        bool fits = as[i].len == len;
        const char *p = fits ? as[i].p : k.p;
        uint64_t differs = bytes_8(p, head) ^ k_head;
        if (len > 8)
            differs |= bytes_8(p + len - head, head) ^ k_tail;
        to[i] = (fits & (differs == 0)) == equal;
    }
}

enum { SHORT_LEN_MAX = 16 };

static void equal_constant(const Text *as, Text k, uint8_t *to, uint32_t n, bool equal)
{
    switch (k.len) {
#define SHORT(len) case len: equal_short(as, k, to, n, len, equal); break;
    SHORT(1) SHORT(2) SHORT(3) SHORT(4) SHORT(5) SHORT(6) SHORT(7) SHORT(8)
    SHORT(9) SHORT(10) SHORT(11) SHORT(12) SHORT(13) SHORT(14) SHORT(15) SHORT(16)
#undef SHORT
    }
}

/* Whether the comparison was one with a short constant, and done. */
static bool run_equal_constant(Work *w)
{
    if (w->step->op != OP_EQ_STRING && w->step->op != OP_NE_STRING)
        return false;
    const Vector *column = w->b->constant ? w->a : w->b, *constant = w->b->constant ? w->b : w->a;
    if (w->missing || column->constant || !constant->constant)
        return false;
    Text k = *(const Text *)constant->cells;
    if (k.len < 1 || k.len > SHORT_LEN_MAX)
        return false;
    equal_constant(column->cells, k, w->to, w->n, w->step->op == OP_EQ_STRING);
    return true;
}

bool kernel_run(Work *w)
{
    states_take(w, w->a);
    states_take(w, w->b);
    states_take(w, w->c);
    if (run_equal_constant(w))
        return false;
    uint8_t *restrict failed = w->machine->failed;
    bool any = kernels[w->step->op].run(w, failed);
    if (kernels[w->step->op].calls || !any)
        return any || (w->missing && !kernels[w->step->op].calls);
    uint8_t *restrict states = w->states;
    const uint32_t n = w->n;
    if (!w->missing)
        memcpy(states, failed, n);
    else
        for (uint32_t i = 0; i < n; i++)
            states[i] = states[i] ? states[i] : failed[i];
    return true;
}

