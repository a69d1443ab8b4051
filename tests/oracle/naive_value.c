/* Expressions: the instructions of a program, one after the other, over one match.
 *
 * What only computes stands in naive_function.c; an instruction that is in neither ends the process, so that it is
 * added and not passed over. A missing operand makes the result missing, an error before a null (K.13). */
#include "tests/oracle/naive_parts.h"

#include "cep/cellset.h"

#include <stdio.h>
#include <stdlib.h>

static const NaiveValue null_value = {.state = STATE_NULL};
static const NaiveValue error_value = {.state = STATE_ERROR};

static NaiveValue ok(Cell cell)
{
    return (NaiveValue){STATE_OK, cell};
}

static NaiveValue truth(bool b)
{
    return ok((Cell){.b = b});
}

static NaiveValue integer(int64_t i)
{
    return ok((Cell){.i = i});
}

bool naive_same(TypeKind type, NaiveValue a, NaiveValue b)
{
    if (a.state != STATE_OK || b.state != STATE_OK)
        return a.state == b.state;
    switch (type) {
    case TYPE_BOOL: return a.cell.b == b.cell.b;
    case TYPE_FLOAT: return a.cell.f == b.cell.f;
    case TYPE_STRING: return text_is(a.cell.s, b.cell.s);
    case TYPE_POINT: return a.cell.p.x == b.cell.p.x && a.cell.p.y == b.cell.p.y;
    default: return cell_equal(type, a.cell, b.cell);
    }
}

/* ── Where values come from ── */

static NaiveValue attribute(const NaiveEvent *event, const Shape *shape, uint32_t slot)
{
    for (uint32_t s = 0; event && s < shape->nsources; s++)
        if (shape->sources[s].type == event->type && shape->sources[s].column[slot] != UINT16_MAX)
            return event->values[shape->sources[s].column[slot]];
    return null_value;
}

static NaiveValue table_value(const Naive *naive, uint32_t table, uint32_t row, uint32_t column)
{
    if (row == ROW_NONE)
        return null_value;
    const Column *c = &table_rows(naive->tables[table])->columns[column];
    if (c->states[row] != STATE_OK)
        return (NaiveValue){.state = (State)c->states[row]};
    return ok(cell_get(c->type, c->cells, row));
}

/* The event of a view of the agent. LANGUAGE 3: an alias of several events is its latest. */
static const NaiveEvent *viewed(const Look *look, const ViewPlan *view)
{
    const Bound *bound = &look->bound[view->participant];
    switch (view->which) {
    case VIEW_LATEST:
        if (!bound->n && OPEN_LATEST_STAYS && look->scope && look->scope->latest && view->participant < look->agent->nevents)
            return look->scope->latest[view->participant];
        return bound->n ? bound->items[bound->n - 1] : NULL;
    case VIEW_PREV: return bound->n > 1 ? bound->items[bound->n - 2] : NULL;
    case VIEW_FROM_FIRST: return view->k <= bound->n ? bound->items[view->k - 1] : NULL;
    case VIEW_FROM_LAST: return view->k <= bound->n ? bound->items[bound->n - view->k] : NULL;
    case VIEW_INITIATOR: break;
    }
    for (const Scope *s = look->scope; s; s = s->up)
        if (s->opener && s->opener_participant != INDEX_NONE) /* a session's has no name */
            return s->opener_participant == view->participant ? s->opener : NULL;
    return NULL;
}

static NaiveValue load(const Look *look, const Instruction *step)
{
    if (look->self)
        return attribute(look->self, look->self_shape, step->immediate);
    const ViewPlan *view = &look->agent->views[step->view];
    const Participant *participant = &look->agent->participants[view->participant];
    if (!participant->row)
        return attribute(viewed(look, view), &participant->shape, step->immediate);
    const ShapeSource *source = &participant->shape.sources[0];
    uint32_t row = look->rows ? look->rows[view->participant] : ROW_NONE;
    return table_value(look->naive, source->type, row, source->column[step->immediate]);
}

static NaiveValue header(const Look *look, const Instruction *step)
{
    const NaiveEvent *event = look->self ? look->self : viewed(look, &look->agent->views[step->view]);
    if (!event)
        return null_value;
    if (step->immediate == HEADER_TIME)
        return integer(event->time);
    if (step->immediate == HEADER_TYPE)
        return ok((Cell){.s = look->naive->plan->types[event->type].name});
    fprintf(stderr, "naive: header attribute %u is not known here\n", step->immediate);
    abort();
}

static NaiveValue context(const Look *look, uint32_t field)
{
    if (field >= CONTEXT_KEY) {
        const Scope *scope = look->scope;
        return field - CONTEXT_KEY < scope->nkeys ? scope->keys[field - CONTEXT_KEY] : null_value;
    }
    const Scope *window = naive_window(look->scope);
    if (!window)
        return null_value;
    int64_t at = field == CONTEXT_START ? window->start : window->end;
    return at == TIME_NONE ? null_value : integer(at);
}

uint32_t naive_find(const Naive *naive, uint32_t table, const NaiveValue *key)
{
    const TablePlan *plan = &naive->plan->tables[table];
    uint32_t rows = table_rows(naive->tables[table])->n;
    for (uint32_t row = 0; row < rows; row++) {
        bool same = true;
        for (uint32_t k = 0; k < plan->nkeys; k++)
            same &= key[k].state == STATE_OK &&
                    naive_same(plan->columns[plan->keys[k]].type, key[k], table_value(naive, table, row, plan->keys[k]));
        if (same)
            return row;
    }
    return ROW_NONE;
}

/* ── Operators ── */

#define A regs[step->a]
#define B regs[step->b]
#define C regs[step->c]

static NaiveValue logic(const Instruction *step, const NaiveValue *regs)
{
    bool is_or = step->op == OP_OR;
    bool decided = (A.state == STATE_OK && A.cell.b == is_or) || (B.state == STATE_OK && B.cell.b == is_or);
    if (decided)
        return truth(is_or);
    if (A.state == STATE_ERROR || B.state == STATE_ERROR)
        return error_value;
    return A.state == STATE_NULL || B.state == STATE_NULL ? null_value : truth(!is_or);
}

static NaiveValue find(const Look *look, const Instruction *step, const NaiveValue *regs)
{
    NaiveValue key[2] = {A};
    if (A.state == STATE_ERROR || (step->b != REG_NONE && B.state == STATE_ERROR))
        return error_value;
    if (A.state == STATE_NULL || (step->b != REG_NONE && B.state == STATE_NULL))
        return null_value;
    if (step->b != REG_NONE)
        key[1] = B;
    uint32_t row = naive_find(look->naive, step->immediate, key);
    return row == ROW_NONE ? null_value : integer(row);
}

static NaiveValue in_set(const Program *program, const Instruction *step, const NaiveValue *regs)
{
    return A.state == STATE_OK ? truth(cellset_has(program->sets[step->immediate], A.cell)) : A;
}

static NaiveValue run(const Program *program, const Instruction *step, const NaiveValue *regs, const Look *look)
{
    switch ((Op)step->op) {
    case OP_CONSTANT:
        return (NaiveValue){(State)program->constant_states[step->immediate], program->constants[step->immediate]};
    case OP_LOAD: return load(look, step);
    case OP_HEADER: return header(look, step);
    case OP_AGGREGATE: return look->aggregates[step->immediate];
    case OP_CONTEXT: return context(look, step->immediate);
    case OP_NOW: return integer(look->now);
    case OP_FIND: return find(look, step, regs);
    case OP_CELL:
        return A.state == STATE_OK ? table_value(look->naive, step->immediate, (uint32_t)A.cell.i, step->view) : A;
    case OP_AND: case OP_OR: return logic(step, regs);
    case OP_NOT: return A.state == STATE_OK ? truth(!A.cell.b) : A;
    case OP_IS_NULL: return A.state == STATE_ERROR ? A : truth(A.state == STATE_NULL);
    case OP_IS_NOT_NULL: return A.state == STATE_ERROR ? A : truth(A.state == STATE_OK);
    case OP_COALESCE: return A.state == STATE_NULL ? B : A;
    case OP_SELECT: return A.state == STATE_ERROR ? A : A.state == STATE_OK && A.cell.b ? B : C;
    case OP_IN_SET: return in_set(program, step, regs);
    default: break;
    }
    const Reg operands[] = {step->a, step->b, step->c};
    State worst = STATE_OK;
    for (unsigned i = 0; i < 3; i++) {
        TypeKind type = op_argument((Op)step->op, i);
        State state = type == TYPE_KINDS ? STATE_OK : regs[operands[i]].state;
        worst = state > worst ? state : worst;
    }
    return worst == STATE_OK ? naive_operate((Naive *)look->naive, step, regs) : (NaiveValue){.state = worst};
}

NaiveValue naive_value(const Program *program, const Look *look)
{
    NaiveValue *regs = calloc(program->nregs + 1u, sizeof *regs);
    if (!regs)
        abort();
    for (uint32_t i = 0; i < program->n; i++)
        regs[program->code[i].to] = run(program, &program->code[i], regs, look);
    NaiveValue result = regs[program->result];
    free(regs);
    return result;
}

bool naive_holds(const Program *program, const Look *look)
{
    if (!program)
        return true;
    NaiveValue value = naive_value(program, look);
    return value.state == STATE_OK && value.cell.b;
}
