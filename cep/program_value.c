/* Programs over one match: a switch over instructions, a case a row of ops.def.
 *
 * Registers stand on the C stack when there are few. Every instruction runs, also in the branch of an `if` that is
 * not taken: it is cheap, and then both interpreters do the same. Typical: three to ten instructions. */
#include <assert.h>

#include "cep/arithmetic.h"
#include "cep/calendar.h"
#include "cep/cellset.h"
#include "cep/cidr.h"
#include "cep/composite.h"
#include "cep/decimal.h"
#include "cep/machine.h"
#include "cep/number.h"
#include "cep/place.h"
#include "cep/plan.h"
#include "cep/string.h"
#include "cep/table.h"

enum { STACK_REGS = 32 };

/* How a type is read from and written to a register; NONE is no operand. */
#define GET_NONE(name, reg)
#define GET_BOOL(name, reg) const uint8_t name = cells[reg].b;
#define GET_INT(name, reg) const int64_t name = cells[reg].i;
#define GET_TIME(name, reg) const int64_t name = cells[reg].i;
#define GET_DURATION(name, reg) const int64_t name = cells[reg].i;
#define GET_FLOAT(name, reg) const double name = cells[reg].f;
#define GET_STRING(name, reg) const Text name = cells[reg].s;
#define GET_POINT(name, reg) const Point name = cells[reg].p;
#define GET_DECIMAL(name, reg) const Decimal name = cells[reg].d;
#define GET_BYTES GET_STRING
#define GET_LIST GET_STRING
#define GET_BOXED GET_STRING

#define SET_BOOL(expression) cells[step->to].b = (expression)
#define SET_INT(expression) const int64_t r = (expression); cells[step->to].i = r
#define SET_TIME(expression) const int64_t r = (expression); cells[step->to].i = r
#define SET_DURATION(expression) const int64_t r = (expression); cells[step->to].i = r
#define SET_FLOAT(expression) const double r = (expression); cells[step->to].f = r
#define SET_STRING(expression) const Text r = (expression); cells[step->to].s = r
#define SET_POINT(expression) const Point r = (expression); cells[step->to].p = r
#define SET_DECIMAL(expression) const Decimal r = (expression); cells[step->to].d = r
#define SET_LIST(expression) const Text r = (expression); cells[step->to].s = r
#define SET_BOXED SET_LIST

#define STATE_OF_NONE(reg) 0
#define STATE_OF_BOOL(reg) states[reg]
#define STATE_OF_INT(reg) states[reg]
#define STATE_OF_TIME(reg) states[reg]
#define STATE_OF_DURATION(reg) states[reg]
#define STATE_OF_FLOAT(reg) states[reg]
#define STATE_OF_STRING(reg) states[reg]
#define STATE_OF_POINT(reg) states[reg]
#define STATE_OF_DECIMAL(reg) states[reg]
#define STATE_OF_BYTES(reg) states[reg]
#define STATE_OF_LIST(reg) states[reg]
#define STATE_OF_BOXED(reg) states[reg]

static uint8_t worst(uint8_t states)
{
    return states & STATE_ERROR ? STATE_ERROR : states;
}

/* A cell of a column, by its size: what cell_get does without a switch. */
static inline void cell_copy(const Column *column, uint32_t row, Cell *value)
{
    if (column->type == TYPE_STRING || column->type >= TYPE_POINT)
        *value = ((const Cell *)column->cells)[row];
    else if (column->type == TYPE_BOOL)
        value->b = ((const uint8_t *)column->cells)[row];
    else
        value->i = ((const int64_t *)column->cells)[row];
}

static State load_record(const View *view, uint32_t slot, TypeKind type, Cell *value)
{
    if (!view->record || !view->offset[slot])
        return STATE_NULL;
    State state = record_state(view->record, view->offset[slot]);
    if (state == STATE_OK)
        *value = record_cell(view->record, view->offset[slot], type);
    return state;
}

static inline State load(const View *view, uint32_t slot, TypeKind type, Cell *value)
{
    if (!view->rows)
        return load_record(view, slot, type, value);
    uint16_t index = view->column[slot];
    if (view->row == ROW_NONE || index == UINT16_MAX)
        return STATE_NULL;
    const Column *column = &view->rows->columns[index];
    assert(view->row < view->rows->n && column->type == type);
    cell_copy(column, view->row, value);
    return (State)column->states[view->row];
}

static State header(const View *view, HeaderField field, const Surroundings *around, Cell *value)
{
    if (view->rows && view->row != ROW_NONE)
        return header_of_row(field, view->rows, view->row, around, value);
    return view->record ? header_of_record(field, view->record, around, value) : STATE_NULL;
}

static State given(const Cell *values, const uint8_t *states, uint32_t i, Cell *value)
{
    if (!values)
        return STATE_NULL;
    *value = values[i];
    return states ? (State)states[i] : STATE_OK;
}

static State find(const Instruction *step, const Cell *cells, const uint8_t *states, const Surroundings *around,
                  Cell *value)
{
    Cell key[2] = {cells[step->a]};
    uint8_t state = states[step->a];
    if (step->b != REG_NONE) {
        key[1] = cells[step->b];
        state |= states[step->b];
    }
    if (state)
        return (State)worst(state);
    uint32_t row = table_find(around->tables[step->immediate], key);
    value->i = row;
    return row == ROW_NONE ? STATE_NULL : STATE_OK;
}

static State table_cell(const Instruction *step, TypeKind type, const Cell *cells, const uint8_t *states,
                        const Surroundings *around, Cell *value)
{
    if (states[step->a])
        return (State)states[step->a];
    const Rows *rows = table_rows(around->tables[step->immediate]);
    uint32_t row = (uint32_t)cells[step->a].i;
    const Column *column = &rows->columns[step->view];
    assert(row < rows->n && column->type == type);
    cell_copy(column, row, value);
    return (State)column->states[row];
}

static State identity(const Surroundings *around, Cell *value)
{
    char text[33];
    event_id_text(around->occasion ? around->occasion->identity : (EventId){0, 0}, around->plan ? around->plan->network : (Text){0}, text);
    value->s = (Text){arena_copy(around->scratch, text, 32), 32};
    return STATE_OK;
}

static inline __attribute__((always_inline)) void step_run(const Program *program, const Instruction *step, Cell *cells,
                                                           uint8_t *states, const View *views,
                                                           const Surroundings *around)
{
    Cell *to = &cells[step->to];
    State found;
    switch ((Op)step->op) {
#define OP(name, R, A, B, C, expression) \
    case OP_##name: { \
        uint8_t state = worst(STATE_OF_##A(step->a) | STATE_OF_##B(step->b) | STATE_OF_##C(step->c)); \
        if (state == STATE_OK) { \
            GET_##A(a, step->a) GET_##B(b, step->b) GET_##C(c, step->c) \
            SET_##R(expression); \
        } \
        states[step->to] = state; \
        return; \
    }
#define OP_CHECKED(name, R, A, B, C, expression, fails) \
    case OP_##name: { \
        uint8_t state = worst(STATE_OF_##A(step->a) | STATE_OF_##B(step->b) | STATE_OF_##C(step->c)); \
        if (state == STATE_OK) { \
            GET_##A(a, step->a) GET_##B(b, step->b) GET_##C(c, step->c) \
            SET_##R(expression); \
            if (fails) \
                state = STATE_ERROR; \
        } \
        states[step->to] = state; \
        return; \
    }
#define OP_CALL(name, R, A, B, C, expression) OP(name, R, A, B, C, expression)
#define OP_SPECIAL(name, R, A, B, C)
#include "cep/ops.def"
    case OP_CONSTANT:
        *to = program->constants[step->immediate];
        states[step->to] = program->constant_states[step->immediate];
        return;
    case OP_LOAD:
        found = load(&views[step->view], step->immediate, (TypeKind)program->reg_types[step->to], to);
        break;
    case OP_HEADER: found = header(&views[step->view], (HeaderField)step->immediate, around, to); break;
    case OP_AGGREGATE: found = given(around->aggregates, around->aggregate_states, step->immediate, to); break;
    case OP_CONTEXT: found = given(around->context, around->context_states, step->immediate, to); break;
    case OP_NOW: to->i = around->now; found = STATE_OK; break;
    case OP_ITEM:
        found = around->occasion && around->occasion->item.len ? STATE_OK : STATE_NULL;
        if (found == STATE_OK)
            to->s = around->occasion->item;
        break;
    case OP_IDENTITY: found = identity(around, to); break;
    case OP_BOX: case OP_UNBOX: case OP_LIST_ADD: case OP_RECORD_PUT:
        found = machine_compose(program, step, cells, states, around, to);
        break;
    case OP_FIND: found = find(step, cells, states, around, to); break;
    case OP_CELL:
        found = table_cell(step, (TypeKind)program->reg_types[step->to], cells, states, around, to);
        break;
    case OP_AND: {
        uint8_t a = states[step->a], b = states[step->b];
        bool no = (!a && !cells[step->a].b) || (!b && !cells[step->b].b);
        to->b = !no;
        found = no ? STATE_OK : (State)worst(a | b);
        break;
    }
    case OP_OR: {
        uint8_t a = states[step->a], b = states[step->b];
        bool yes = (!a && cells[step->a].b) || (!b && cells[step->b].b);
        to->b = yes;
        found = yes ? STATE_OK : (State)worst(a | b);
        break;
    }
    case OP_NOT:
        to->b = !cells[step->a].b;
        found = (State)states[step->a];
        break;
    case OP_IS_NULL:
        to->b = states[step->a] == STATE_NULL;
        found = states[step->a] == STATE_ERROR ? STATE_ERROR : STATE_OK;
        break;
    case OP_IS_NOT_NULL:
        to->b = states[step->a] != STATE_NULL;
        found = states[step->a] == STATE_ERROR ? STATE_ERROR : STATE_OK;
        break;
    case OP_COALESCE: {
        Reg reg = states[step->a] == STATE_NULL ? step->b : step->a;
        *to = cells[reg];
        found = (State)states[reg];
        break;
    }
    case OP_SELECT: {
        Reg reg = states[step->a] == STATE_OK && cells[step->a].b ? step->b : step->c;
        *to = cells[reg];
        found = states[step->a] == STATE_ERROR ? STATE_ERROR : (State)states[reg];
        break;
    }
    case OP_IN_SET:
        found = (State)states[step->a];
        if (found == STATE_OK)
            to->b = cellset_has(program->sets[step->immediate], cells[step->a]);
        break;
    case OPS: default:
        assert(!"no such op");
        return;
    }
    states[step->to] = (uint8_t)found;
}

void program_step(const Program *program, const Instruction *step, Cell *cells, uint8_t *states, const View *views,
                  const Surroundings *around)
{
    step_run(program, step, cells, states, views, around);
}

State program_value(const Program *program, const View *views, const Surroundings *around, Cell *value)
{
    Cell few[STACK_REGS];
    uint8_t few_states[STACK_REGS];
    Cell *cells = few;
    uint8_t *states = few_states;
    if (program->nregs > STACK_REGS) {
        machine_reserve_values(around->machine, program);
        cells = around->machine->values;
        states = around->machine->value_states;
    }
    for (uint32_t i = 0; i < program->nconstants; i++) {
        cells[i] = program->constants[i];
        states[i] = program->constant_states[i];
    }
    const Instruction *step = program->code + program->nconstants, *end = program->code + program->n;
    for (; step < end; step++)
        step_run(program, step, cells, states, views, around);
    State state = (State)states[program->result];
    if (state == STATE_OK)
        *value = cells[program->result];
    return state;
}
