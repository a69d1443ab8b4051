/* Programs over columns: an instruction at a time, over all rows. Most instructions are a kernel (kernel.c); here
 * are the special ones, and the sources, which need no work: constants stand for all rows by one cell, and a LOAD
 * without index points into the batch. An instruction over constants runs for one row. Compiled with -O3. */
#include <assert.h>

#include "cep/cellset.h"
#include "cep/kernel.h"
#include "cep/plan.h"
#include "cep/table.h"

/* ── The special ops. Each returns whether the result has states. ── */

/* An operand's states or bool cells, one byte a row: of a constant as many copies in room. */
static const uint8_t *flat_states(const Vector *v, uint32_t n, uint8_t *room)
{
    static const uint8_t ok[BATCH_ROWS];
    if (!v->states)
        return ok;
    return v->constant ? memset(room, v->states[0], n) : v->states;
}

static const uint8_t *flat_bools(const Vector *v, uint32_t n, uint8_t *room)
{
    const uint8_t *cells = v->cells;
    return v->constant ? memset(room, cells[0], n) : cells;
}

/* to[i] = whether v is true there. */
static void flat_true(const Vector *v, uint32_t n, uint8_t *restrict to)
{
    uint8_t room[2][BATCH_ROWS];
    const uint8_t *restrict cells = flat_bools(v, n, room[0]);
    const uint8_t *restrict states = flat_states(v, n, room[1]);
    for (uint32_t i = 0; i < n; i++)
        to[i] = (states[i] == STATE_OK) & cells[i];
}

/* Kleene's and, or; decisive is the value that wins whatever the other is. */
static inline __attribute__((always_inline)) bool run_kleene(Work *w, uint8_t decisive)
{
    uint8_t room[4][BATCH_ROWS];
    const uint32_t n = w->n;
    const uint8_t *restrict as = flat_bools(w->a, n, room[0]), *restrict bs = flat_bools(w->b, n, room[1]);
    uint8_t *restrict to = w->to, *restrict states = w->states;
    if (!w->a->states && !w->b->states) {
        for (uint32_t i = 0; i < n; i++)
            to[i] = decisive ? as[i] | bs[i] : as[i] & bs[i];
        return false;
    }
    const uint8_t *restrict states_a = flat_states(w->a, n, room[2]);
    const uint8_t *restrict states_b = flat_states(w->b, n, room[3]);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t decided = (uint8_t)(((states_a[i] == STATE_OK) & (as[i] == decisive)) |
                                    ((states_b[i] == STATE_OK) & (bs[i] == decisive)));
        uint8_t state = state_worse(states_a[i], states_b[i]);
        to[i] = decided == decisive;
        states[i] = decided ? STATE_OK : state;
    }
    return states_any(states, n);
}

static bool run_and(Work *w)
{
    return run_kleene(w, 0);
}

static bool run_or(Work *w)
{
    return run_kleene(w, 1);
}

static bool run_not(Work *w)
{
    const uint32_t n = w->n;
    const uint8_t *restrict as = w->a->cells;
    uint8_t *restrict to = w->to;
    for (uint32_t i = 0; i < n; i++)
        to[i] = as[i] ^ 1;
    states_take(w, w->a);
    return w->missing;
}

static bool run_null(Work *w, bool null)
{
    const uint32_t n = w->n;
    uint8_t *restrict to = w->to, *restrict errors = w->states;
    const uint8_t *restrict states = w->a->states;
    if (!states) {
        memset(to, !null, n);
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        to[i] = (states[i] == STATE_NULL) == null;
        errors[i] = states[i] & STATE_ERROR;
    }
    return states_any(errors, n);
}

static bool run_is_null(Work *w)
{
    return run_null(w, true);
}

static bool run_is_not_null(Work *w)
{
    return run_null(w, false);
}

/* to[i] = which[i] ? x[i] : y[i], by the size of a cell. */
static void cells_select(const uint8_t *restrict which, const Vector *x, const Vector *y, void *to, size_t size,
                         uint32_t n)
{
    uint32_t step_x = !x->constant, step_y = !y->constant;
#define SELECT_CELLS(type) \
    do { \
        const type *xs = x->cells, *ys = y->cells; \
        type *restrict out = to; \
        for (uint32_t i = 0; i < n; i++) \
            out[i] = which[i] ? xs[i * step_x] : ys[i * step_y]; \
    } while (0)
    if (size == 1)
        SELECT_CELLS(uint8_t);
    else if (size == 8)
        SELECT_CELLS(uint64_t);
    else
        SELECT_CELLS(Cell);
#undef SELECT_CELLS
}

static bool run_select(Work *w)
{
    const uint32_t n = w->n;
    uint8_t room[3][BATCH_ROWS], *restrict which = w->machine->failed, *restrict states = w->states;
    flat_true(w->a, n, which);
    TypeKind type = (TypeKind)w->program->reg_types[w->step->to];
    cells_select(which, w->b, w->c, w->to, type_size(type), n);
    if (!w->a->states && !w->b->states && !w->c->states)
        return false;
    const uint8_t *restrict as = flat_states(w->a, n, room[0]), *restrict bs = flat_states(w->b, n, room[1]);
    const uint8_t *restrict cs = flat_states(w->c, n, room[2]);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t chosen = which[i] ? bs[i] : cs[i];
        states[i] = as[i] == STATE_ERROR ? STATE_ERROR : chosen;
    }
    return states_any(states, n);
}

static bool run_coalesce(Work *w)
{
    const uint32_t n = w->n;
    uint8_t room[2][BATCH_ROWS], *restrict which = w->machine->failed, *restrict states = w->states;
    const uint8_t *restrict as = flat_states(w->a, n, room[0]), *restrict bs = flat_states(w->b, n, room[1]);
    for (uint32_t i = 0; i < n; i++)
        which[i] = as[i] != STATE_NULL;
    TypeKind type = (TypeKind)w->program->reg_types[w->step->to];
    cells_select(which, w->a, w->b, w->to, type_size(type), n);
    for (uint32_t i = 0; i < n; i++)
        states[i] = which[i] ? as[i] : bs[i];
    return states_any(states, n);
}

static bool run_in_set(Work *w)
{
    const CellSet *set = w->program->sets[w->step->immediate];
    uint8_t *to = w->to;
    states_take(w, w->a);
    for (uint32_t i = 0; i < w->n; i++)
        if (!w->missing || w->states[i] == STATE_OK)
            to[i] = cellset_has(set, cell_get(set->type, w->a->cells, i));
    return w->missing;
}

static bool run_header(Work *w)
{
    const VectorView *view = &w->views[w->step->view];
    TypeKind type = (TypeKind)w->program->reg_types[w->step->to];
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t row = view->index ? view->index[i] : view->first + i;
        Cell value = {0};
        State state = STATE_NULL;
        if (view->rows && row != ROW_NONE)
            state = header_of_row((HeaderField)w->step->immediate, view->rows, row, w->around, &value);
        cell_set(type, w->to, i, value);
        w->states[i] = (uint8_t)state;
    }
    return states_any(w->states, w->n);
}

static bool run_find(Work *w)
{
    const Vector *parts[TABLE_KEYS_MAX] = {w->a, w->step->b != REG_NONE ? w->b : NULL};
    TableKey keys[BATCH_ROWS];
    uint32_t rows[BATCH_ROWS];
    int64_t *to = w->to;
    states_take(w, w->a);
    if (parts[1])
        states_take(w, w->b);
    if (!w->missing)
        memset(w->states, STATE_OK, w->n);
    for (uint32_t k = 0; k < TABLE_KEYS_MAX && parts[k]; k++)
        for (uint32_t i = 0; i < w->n; i++)
            if (w->states[i] == STATE_OK)
                keys[i].cells[k] = cell_get(parts[k]->type, parts[k]->cells, parts[k]->constant ? 0 : i);
    table_find_all(w->around->tables[w->step->immediate], keys, w->states, w->n, rows);
    for (uint32_t i = 0; i < w->n; i++) {
        to[i] = rows[i];
        if (w->states[i] == STATE_OK && rows[i] == ROW_NONE)
            w->states[i] = STATE_NULL;
    }
    return states_any(w->states, w->n);
}

/* Copies cells of rows by index; those of ROW_NONE are null. */
static bool gather(const Column *column, const uint32_t *index, uint32_t n, void *to, uint8_t *states)
{
    uint8_t any = 0;
#define GATHER(type) \
    do { \
        const type *restrict from = column->cells; \
        type *restrict out = to; \
        for (uint32_t i = 0; i < n; i++) { \
            if (index[i] == ROW_NONE) { \
                states[i] = STATE_NULL; \
                any |= STATE_NULL; \
                continue; \
            } \
            out[i] = from[index[i]]; \
            states[i] = column->states[index[i]]; \
            any |= states[i]; \
        } \
    } while (0)
    switch (type_size(column->type)) {
    case 1: GATHER(uint8_t); break;
    case 8: GATHER(uint64_t); break;
    default: GATHER(Cell); break;
    }
#undef GATHER
    return any != 0;
}

static bool run_cell(Work *w)
{
    const Rows *rows = table_rows(w->around->tables[w->step->immediate]);
    const Column *column = &rows->columns[w->step->view];
    const int64_t *found = w->a->cells;
    states_take(w, w->a);
    uint32_t index[BATCH_ROWS];
    for (uint32_t i = 0; i < w->n; i++)
        index[i] = w->missing && w->states[i] ? ROW_NONE : (uint32_t)found[i];
    uint8_t *errors = w->machine->failed;
    if (w->missing)
        memcpy(errors, w->states, w->n);
    bool any = gather(column, index, w->n, w->to, w->states);
    if (w->missing)
        for (uint32_t i = 0; i < w->n; i++)
            w->states[i] = state_worse(w->states[i], errors[i]);
    return any;
}

/* The instruction row by row, as program_value runs it: for what makes new values on the way. */
static bool run_each(Work *w)
{
    const Vector *operands[3] = {w->a, w->b, w->c};
    const Reg regs[3] = {w->step->a, w->step->b, w->step->c};
    Program alone = *w->program;
    uint8_t types[4], states[4] = {0};
    Cell cells[4] = {{0}};
    Instruction step = *w->step;
    Reg *names[3] = {&step.a, &step.b, &step.c};
    alone.reg_types = types;
    step.to = 3;
    types[3] = w->program->reg_types[w->step->to];
    for (unsigned k = 0; k < 3; k++)
        if (regs[k] != REG_NONE) {
            *names[k] = (Reg)k;
            types[k] = w->program->reg_types[regs[k]];
        }
    for (uint32_t i = 0; i < w->n; i++) {
        for (unsigned k = 0; k < 3; k++)
            states[k] = (uint8_t)vector_get(operands[k], i, &cells[k]);
        program_step(&alone, &step, cells, states, NULL, w->around);
        w->states[i] = states[3];
        if (states[3] == STATE_OK)
            cell_set((TypeKind)types[3], w->to, i, cells[3]);
    }
    return states_any(w->states, w->n);
}

typedef bool Special(Work *work);

static Special *const specials[OPS] = {
    [OP_AND] = run_and, [OP_OR] = run_or, [OP_NOT] = run_not, [OP_IS_NULL] = run_is_null,
    [OP_IS_NOT_NULL] = run_is_not_null, [OP_SELECT] = run_select, [OP_COALESCE] = run_coalesce,
    [OP_IN_SET] = run_in_set, [OP_HEADER] = run_header, [OP_FIND] = run_find, [OP_CELL] = run_cell,
    [OP_IDENTITY] = run_each, [OP_ITEM] = run_each, [OP_BOX] = run_each, [OP_UNBOX] = run_each, [OP_LIST_ADD] = run_each,
    [OP_RECORD_PUT] = run_each,
};

/* ── Sources that need no work: they point at what is there ── */

static const Cell nothing;
static const uint8_t null_state = STATE_NULL;

static Vector vector_constant(TypeKind type, const Cell *value, const uint8_t *state)
{
    return (Vector){type, true, value, state && *state != STATE_OK ? state : NULL};
}

static Vector vector_given(TypeKind type, const Cell *values, const uint8_t *states, uint32_t i)
{
    if (!values)
        return vector_constant(type, &nothing, &null_state);
    return vector_constant(type, &values[i], states ? &states[i] : NULL);
}

static Vector vector_load(const Work *w, TypeKind type)
{
    const VectorView *view = &w->views[w->step->view];
    uint16_t slot = view->rows ? view->column[w->step->immediate] : UINT16_MAX;
    if (slot == UINT16_MAX)
        return vector_constant(type, &nothing, &null_state);
    const Column *column = &view->rows->columns[slot];
    assert(column->type == type);
    if (view->index) {
        bool any = gather(column, view->index, w->n, w->to, w->states);
        return (Vector){type, false, w->to, any ? w->states : NULL};
    }
    assert(view->first + w->n <= view->rows->n);
    const uint8_t *states = column->states + view->first;
    bool any = column->dirty && states_any(states, w->n);
    return (Vector){type, false, (const char *)column->cells + view->first * type_size(type), any ? states : NULL};
}

/* Points into the register file of the result if the instruction is a source. */
static bool run_source(const Work *w, TypeKind type, Vector *result)
{
    const Instruction *step = w->step;
    const Surroundings *around = w->around;
    switch ((Op)step->op) {
    case OP_CONSTANT:
        *result = vector_constant(type, &w->program->constants[step->immediate],
                                  &w->program->constant_states[step->immediate]);
        return true;
    case OP_LOAD:
        *result = vector_load(w, type);
        return true;
    case OP_AGGREGATE:
        *result = vector_given(type, around->aggregates, around->aggregate_states, step->immediate);
        return true;
    case OP_CONTEXT:
        *result = vector_given(type, around->context, around->context_states, step->immediate);
        return true;
    case OP_NOW:
        *(int64_t *)w->to = around->now;
        *result = (Vector){type, true, w->to, NULL};
        return true;
    default:
        return false;
    }
}

static void run(const Program *program, const Instruction *step, const VectorView *views, uint32_t n,
                const Surroundings *around)
{
    static const Vector absent = {TYPE_BOOL, true, &nothing, NULL};
    Machine *machine = around->machine;
    TypeKind type = (TypeKind)program->reg_types[step->to];
    Vector *vectors = machine->vectors;
    char *buffer = machine->buffers[step->to];
    Work w = {.program = program, .step = step, .around = around, .machine = machine, .views = views, .n = n};
    w.to = buffer;
    w.states = (uint8_t *)buffer + MACHINE_CELLS_BYTES;
    if (run_source(&w, type, &vectors[step->to]))
        return;
    w.a = step->a == REG_NONE ? &absent : &vectors[step->a];
    w.b = step->b == REG_NONE ? &absent : &vectors[step->b];
    w.c = step->c == REG_NONE ? &absent : &vectors[step->c];
    bool constant = step->op != OP_HEADER && w.a->constant && w.b->constant && w.c->constant;
    if (constant)
        w.n = 1;
    bool any = specials[step->op] ? specials[step->op](&w) : kernel_run(&w);
    vectors[step->to] = (Vector){type, constant, w.to, any ? w.states : NULL};
}

Vector program_rows(const Program *program, const VectorView *views, uint32_t n, const Surroundings *around)
{
    assert(n <= BATCH_ROWS && around->machine);
    machine_reserve_vectors(around->machine, program);
    for (const Instruction *step = program->code, *end = step + program->n; step < end; step++)
        run(program, step, views, n, around);
    return around->machine->vectors[program->result];
}

State vector_get(const Vector *vector, uint32_t i, Cell *value)
{
    if (vector->constant)
        i = 0;
    State state = vector->states ? (State)vector->states[i] : STATE_OK;
    if (state == STATE_OK)
        *value = cell_get(vector->type, vector->cells, i);
    return state;
}

/* Writes the positions of non-zero bytes; a position is always written and only counted when it is wanted. */
static uint32_t positions(const uint8_t *restrict wanted, uint32_t n, uint32_t *restrict to)
{
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        to[k] = i;
        k += wanted[i];
    }
    return k;
}

uint32_t program_choose(const Program *program, const VectorView *views, uint32_t n, const Surroundings *around,
                        uint32_t *chosen, uint32_t *failed, uint32_t *nfailed)
{
    assert(program->type == TYPE_BOOL);
    Vector result = program_rows(program, views, n, around);
    const uint8_t *cells = result.cells, *states = result.states;
    if (nfailed)
        *nfailed = 0;
    if (n == 0)
        return 0;
    if (!result.constant && !states)
        return positions(cells, n, chosen);
    uint8_t wanted[BATCH_ROWS];
    flat_true(&result, n, wanted);
    uint32_t nchosen = positions(wanted, n, chosen);
    if (states && failed) {
        for (uint32_t i = 0; i < n; i++)
            wanted[i] = states[result.constant ? 0 : i] == STATE_ERROR;
        *nfailed = positions(wanted, n, failed);
    }
    return nchosen;
}
