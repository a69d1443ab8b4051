/* Machine: registers, and the ops' way to what is neither register nor column. */
#include "cep/machine.h"

#include "cep/composite.h"
#include "cep/plan.h"

#include <assert.h>

Machine *machine_new(Memory *memory)
{
    Machine *machine = memory_new(memory, sizeof *machine);
    machine->memory = memory;
    machine->failed = memory_new(memory, BATCH_ROWS);
    return machine;
}

void machine_free(Machine *machine)
{
    if (!machine)
        return;
    Memory *memory = machine->memory;
    for (uint32_t i = 0; i < machine->nvectors; i++)
        memory_free(memory, machine->buffers[i], MACHINE_BUFFER_BYTES);
    memory_free(memory, machine->buffers, machine->nvectors * sizeof *machine->buffers);
    memory_free(memory, machine->vectors, machine->nvectors * sizeof *machine->vectors);
    memory_free(memory, machine->values, machine->nvalues * sizeof *machine->values);
    memory_free(memory, machine->value_states, machine->nvalues);
    memory_free(memory, machine->failed, BATCH_ROWS);
    regex_run_free(machine->regex);
    memory_free(memory, machine, sizeof *machine);
}

void machine_reserve_values(Machine *machine, const Program *program)
{
    uint32_t n = program->nregs;
    if (n <= machine->nvalues)
        return;
    machine->values = memory_resize(machine->memory, machine->values, machine->nvalues * sizeof *machine->values,
                                    n * sizeof *machine->values);
    machine->value_states = memory_resize(machine->memory, machine->value_states, machine->nvalues, n);
    machine->nvalues = n;
}

void machine_reserve_vectors(Machine *machine, const Program *program)
{
    uint32_t old = machine->nvectors, n = program->nregs;
    if (n <= old)
        return;
    machine->vectors = memory_resize(machine->memory, machine->vectors, old * sizeof *machine->vectors,
                                     n * sizeof *machine->vectors);
    machine->buffers = memory_resize(machine->memory, machine->buffers, old * sizeof *machine->buffers,
                                     n * sizeof *machine->buffers);
    for (uint32_t i = old; i < n; i++)
        machine->buffers[i] = memory_new(machine->memory, MACHINE_BUFFER_BYTES);
    machine->nvectors = n;
}

static RegexRun *regex_run_of(Machine *machine)
{
    assert(machine);
    if (!machine->regex)
        machine->regex = regex_run_new(machine->memory);
    return machine->regex;
}

bool machine_matches(Machine *machine, const Regex *regex, Text text, uint8_t *state)
{
    bool matches;
    *state = (uint8_t)regex_matches(regex, regex_run_of(machine), text, &matches);
    return matches;
}

Text machine_capture(Machine *machine, const Regex *regex, Text text, int64_t group, uint8_t *state)
{
    Text captured = {0};
    if (group < 0 || group > REGEX_GROUPS_MAX)
        *state = STATE_NULL;
    else
        *state = (uint8_t)regex_capture(regex, regex_run_of(machine), text, (uint32_t)group, &captured);
    return captured;
}

/* ── Composite values ── */

int64_t boxed_int(Text any, uint8_t *state)
{
    Cell value = {0};
    *state = (uint8_t)composite_int(any, &value);
    return value.i;
}

double boxed_float(Text any, uint8_t *state)
{
    Cell value = {0};
    *state = (uint8_t)composite_float(any, &value);
    return value.f;
}

State machine_compose(const Program *program, const Instruction *step, const Cell *cells, const uint8_t *states,
                      const Surroundings *around, Cell *to)
{
    uint8_t state = states[step->a], item = STATE_OK;
    const TypeKind type = (TypeKind)program->reg_types[step->to];
    switch ((Op)step->op) {
    case OP_BOX:
        if (state == STATE_OK)
            to->s = composite_box((TypeKind)program->reg_types[step->a], STATE_OK, cells[step->a], around->scratch);
        return (State)state;
    case OP_UNBOX:
        return state == STATE_OK ? composite_unbox(cells[step->a].s, type, to) : (State)state;
    default: {
        bool list = step->op == OP_LIST_ADD;
        Reg reg = list ? step->b : step->c;
        item = states[reg];
        state |= item == STATE_ERROR ? STATE_ERROR : STATE_OK;
        if (!list)
            state |= states[step->b];
        if (state)
            return state & STATE_ERROR ? STATE_ERROR : STATE_NULL;
        Text boxed = composite_box(TYPE_ANY, (State)item, cells[reg], around->scratch);
        to->s = list ? composite_add(cells[step->a].s, boxed, around->scratch, &state)
                     : composite_put(cells[step->a].s, cells[step->b].s, boxed, around->scratch, &state);
        return (State)state;
    }
    }
}

/* ── Header attributes ── */

static Text id_text(EventId id, const Surroundings *around)
{
    char text[33];
    event_id_text(id, around->plan ? around->plan->network : (Text){0}, text);
    return (Text){arena_copy(around->scratch, text, 32), 32};
}

/* Inputs name their producer in their id; what is derived has no source. */
static Text source_text(EventId id, const Surroundings *around)
{
    uint64_t origin = id.high & ~EVENT_ID_INPUT;
    if (!(id.high & EVENT_ID_INPUT) || !around->plan || origin >= around->plan->nproducers)
        return (Text){"", 0};
    return around->plan->producers[origin].name;
}

static State header_of(HeaderField field, int64_t time, EventId id, uint32_t type, const Surroundings *around,
                       Cell *value)
{
    switch (field) {
    case HEADER_TIME: value->i = time; return STATE_OK;
    case HEADER_ID: value->s = id_text(id, around); return STATE_OK;
    case HEADER_SOURCE: value->s = source_text(id, around); return STATE_OK;
    case HEADER_TYPE:
        if (!around->plan || type >= around->plan->ntypes)
            return STATE_NULL;
        value->s = around->plan->types[type].name;
        return STATE_OK;
    default: return STATE_NULL;
    }
}

/* What an alert tells of its causes; an input has none. */
static State header_of_lineage(HeaderField field, const Lineage *lineage, const Surroundings *around, Cell *value)
{
    CompositeWriter writer;
    uint8_t state = STATE_OK;
    if (field == HEADER_SUPPRESSED) {
        value->i = lineage ? (int64_t)lineage->suppressed : 0;
        return STATE_OK;
    }
    composite_open(&writer, TYPE_LIST, around->scratch);
    for (uint32_t i = 0; lineage && i < lineage->ncauses; i++) {
        Cell id = {.s = id_text(lineage->causes[i], around)};
        composite_write(&writer, (Text){0}, composite_box(TYPE_STRING, STATE_OK, id, around->scratch));
    }
    value->s = composite_close(&writer, &state);
    return (State)state;
}

State header_of_row(HeaderField field, const Rows *rows, uint32_t row, const Surroundings *around, Cell *value)
{
    if (field == HEADER_DETECTED) {
        value->i = rows->detected[row];
        return STATE_OK;
    }
    if (field >= HEADER_CAUSES)
        return header_of_lineage(field, rows->lineage[row], around, value);
    return header_of(field, rows->time[row], rows->id[row], rows->type, around, value);
}

/* The lineage is not kept: it is missing in a record. */
State header_of_record(HeaderField field, const Record *record, const Surroundings *around, Cell *value)
{
    if (field == HEADER_DETECTED) {
        value->i = record->detected;
        return STATE_OK;
    }
    return header_of(field, record->time, record->id, record->type, around, value);
}
