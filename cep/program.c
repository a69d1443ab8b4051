/* Building programs.
 *
 * While a program is built, every instruction writes a register of its own, so that an equal instruction can be
 * found in a hash table and its register reused. An instruction over constants is run at once, by the interpreter
 * of program_value.c, and logic with one constant becomes its other operand. */
#include <assert.h>

#include "cep/cellset.h"
#include "cep/cidr.h"
#include "cep/machine.h"
#include "cep/program_builder.h"
#include "cep/regex.h"
#include "cep/zone.h"

/* Reads something besides its operands and its resource, so that it is never a constant. */
static bool op_reads(Op op)
{
    switch (op) {
    case OP_CONSTANT: case OP_LOAD: case OP_HEADER: case OP_AGGREGATE: case OP_CONTEXT: case OP_NOW:
    case OP_FIND: case OP_CELL: case OP_MATCHES: case OP_CAPTURE: case OP_IDENTITY: case OP_ITEM:
        return true;
    default:
        return false;
    }
}

enum { SLOTS_MIN = 64 };

ProgramBuilder *program_begin(Arena *arena)
{
    ProgramBuilder *b = ARENA_NEW(arena, ProgramBuilder);
    b->arena = arena;
    b->mask = SLOTS_MIN - 1;
    b->slots = ARENA_ARRAY(arena, uint32_t, SLOTS_MIN);
    b->program.zones = arena_grow(arena, NULL, 0, sizeof *b->program.zones);
    b->program.zones[0] = NULL;
    b->program.nzones = 1;
    return b;
}

static const Instruction *instruction_of(const ProgramBuilder *b, Reg reg)
{
    assert(reg < b->program.n);
    return &b->program.code[reg];
}

TypeKind program_reg_type(const ProgramBuilder *b, Reg reg)
{
    assert(reg < b->program.n);
    return (TypeKind)b->program.reg_types[reg];
}

bool program_reg_constant(const ProgramBuilder *b, Reg reg, Cell *value, State *state)
{
    const Instruction *i = instruction_of(b, reg);
    if (i->op != OP_CONSTANT)
        return false;
    *value = b->program.constants[i->immediate];
    *state = (State)b->program.constant_states[i->immediate];
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15) >> 7 ^ value << 23;
}

/* The bits of a constant, so that -0.0 and 0.0 stay apart and NaN finds itself. */
static uint64_t constant_hash(TypeKind type, Cell value)
{
    if (type_has_bytes(type))
        return cell_hash(type, value);
    uint64_t bits[2] = {0};
    cell_set(type, bits, 0, value);
    return mix(bits[0], bits[1]);
}

static bool constant_same(TypeKind type, Cell a, Cell b)
{
    if (type_has_bytes(type))
        return text_is(a.s, b.s);
    uint64_t bits_a[2] = {0}, bits_b[2] = {0};
    cell_set(type, bits_a, 0, a);
    cell_set(type, bits_b, 0, b);
    return memcmp(bits_a, bits_b, sizeof bits_a) == 0;
}

static uint64_t instruction_hash(const ProgramBuilder *b, const Instruction *i, TypeKind type)
{
    uint64_t hash = mix(i->op, (uint64_t)type << 48 | i->view);
    if (i->op == OP_CONSTANT) {
        uint8_t state = b->program.constant_states[i->immediate];
        return mix(hash, state ? state : constant_hash(type, b->program.constants[i->immediate]));
    }
    hash = mix(hash, (uint64_t)i->a << 32 | (uint64_t)i->b << 16 | i->c);
    return mix(hash, i->immediate);
}

static bool instruction_same(const ProgramBuilder *b, const Instruction *i, TypeKind type, uint32_t other)
{
    const Instruction *o = &b->program.code[other];
    if (i->op != o->op || b->program.reg_types[other] != type)
        return false;
    if (i->op == OP_CONSTANT) {
        const Program *p = &b->program;
        uint8_t state = p->constant_states[i->immediate];
        return state == p->constant_states[o->immediate] &&
               (state || constant_same(type, p->constants[i->immediate], p->constants[o->immediate]));
    }
    return i->a == o->a && i->b == o->b && i->c == o->c && i->view == o->view && i->immediate == o->immediate;
}

static uint32_t slot_of(const ProgramBuilder *b, const Instruction *i, TypeKind type)
{
    uint32_t slot = (uint32_t)instruction_hash(b, i, type) & b->mask;
    while (b->slots[slot] && !instruction_same(b, i, type, b->slots[slot] - 1))
        slot = (slot + 1) & b->mask;
    return slot;
}

static void slots_grow(ProgramBuilder *b)
{
    b->mask = b->mask * 2 + 1;
    b->slots = ARENA_ARRAY(b->arena, uint32_t, b->mask + 1);
    for (uint32_t i = 0; i < b->program.n; i++)
        b->slots[slot_of(b, &b->program.code[i], (TypeKind)b->program.reg_types[i])] = i + 1;
}

/* Appends the instruction, unless there is an equal one; returns its register. */
static Reg append(ProgramBuilder *b, Instruction i, TypeKind type)
{
    assert(type_runs(type));
    Program *p = &b->program;
    uint32_t slot = slot_of(b, &i, type);
    if (b->slots[slot])
        return (Reg)(b->slots[slot] - 1);
    assert(p->n < REG_NONE); /* the checker bounds the size of an expression */
    p->code = arena_grow(b->arena, p->code, p->n, sizeof *p->code);
    p->reg_types = arena_grow(b->arena, p->reg_types, p->n, sizeof *p->reg_types);
    i.to = (Reg)p->n;
    p->code[p->n] = i;
    p->reg_types[p->n] = (uint8_t)type;
    b->slots[slot] = ++p->n;
    if (p->n * 2 > b->mask)
        slots_grow(b);
    return i.to;
}

static Reg constant(ProgramBuilder *b, TypeKind type, Cell value, State state)
{
    Program *p = &b->program;
    p->constants = arena_grow(b->arena, p->constants, p->nconstants, sizeof *p->constants);
    p->constant_states = arena_grow(b->arena, p->constant_states, p->nconstants, 1);
    p->constants[p->nconstants] = value;
    p->constant_states[p->nconstants] = (uint8_t)state;
    p->nconstants++;
    Instruction i = {.op = OP_CONSTANT, .a = REG_NONE, .b = REG_NONE, .c = REG_NONE, .immediate = p->nconstants - 1};
    uint32_t before = p->n;
    Reg reg = append(b, i, type);
    if (p->n == before)
        p->nconstants--; /* there was an equal one */
    else if (type_has_bytes(type) && state == STATE_OK)
        p->constants[i.immediate].s = arena_text(b->arena, value.s);
    return reg;
}

Reg program_constant(ProgramBuilder *b, TypeKind type, Cell value)
{
    return constant(b, type, value, STATE_OK);
}

Reg program_null(ProgramBuilder *b, TypeKind type)
{
    return constant(b, type, (Cell){0}, STATE_NULL);
}

Reg program_error(ProgramBuilder *b, TypeKind type)
{
    return constant(b, type, (Cell){0}, STATE_ERROR);
}

/* Runs the instruction if all its operands are constants. */
static bool fold(ProgramBuilder *b, const Instruction *i, TypeKind type, Reg *reg)
{
    if (op_reads((Op)i->op))
        return false;
    Cell cells[4] = {{0}};
    uint8_t states[4] = {0}, types[4] = {[3] = (uint8_t)type};
    Instruction alone = *i;
    Program program = b->program;
    Reg *operands[3] = {&alone.a, &alone.b, &alone.c};
    for (unsigned n = 0; n < 3; n++) {
        State state;
        if (*operands[n] == REG_NONE)
            continue;
        if (!program_reg_constant(b, *operands[n], &cells[n], &state))
            return false;
        states[n] = (uint8_t)state;
        types[n] = (uint8_t)program_reg_type(b, *operands[n]);
        *operands[n] = (Reg)n;
    }
    alone.to = 3;
    program.reg_types = types;
    Surroundings around = {.scratch = b->arena};
    program_step(&program, &alone, cells, states, NULL, &around);
    *reg = constant(b, type, cells[3], (State)states[3]);
    return true;
}

/* What logic makes of one constant operand: Kleene's tables say that the other decides, or nothing does. */
static bool fold_logic(ProgramBuilder *b, const Instruction *i, Reg *reg)
{
    Cell value;
    State state;
    if (i->op == OP_SELECT || i->op == OP_COALESCE) {
        if (!program_reg_constant(b, i->a, &value, &state))
            return false;
        if (i->op == OP_COALESCE)
            *reg = state == STATE_NULL ? i->b : i->a;
        else if (state == STATE_ERROR)
            *reg = program_error(b, program_reg_type(b, i->b));
        else
            *reg = state == STATE_OK && value.b ? i->b : i->c;
        return true;
    }
    if (i->op != OP_AND && i->op != OP_OR)
        return false;
    if (i->a == i->b) {
        *reg = i->a;
        return true;
    }
    bool neutral = i->op == OP_AND;
    for (int n = 0; n < 2; n++) {
        Reg this = n ? i->b : i->a, other = n ? i->a : i->b;
        if (program_reg_constant(b, this, &value, &state) && state == STATE_OK) {
            *reg = (value.b != 0) == neutral ? other : this;
            return true;
        }
    }
    return false;
}

static void check_operand(const ProgramBuilder *b, Op op, unsigned n, Reg reg)
{
    TypeKind type = op_argument(op, n);
    if (!op_takes(op, n))
        assert(reg == REG_NONE);
    else if (type == TYPE_ANY)
        assert(program_reg_type(b, reg) >= TYPE_LIST);
    else if (type == TYPE_KINDS)
        assert(reg < b->program.n || (op == OP_FIND && n == 1 && reg == REG_NONE));
    else
        assert(program_reg_type(b, reg) == type);
}

static Reg emit(ProgramBuilder *b, Instruction i, TypeKind type)
{
    check_operand(b, (Op)i.op, 0, i.a);
    check_operand(b, (Op)i.op, 1, i.b);
    check_operand(b, (Op)i.op, 2, i.c);
    Reg reg;
    if (fold(b, &i, type, &reg) || fold_logic(b, &i, &reg))
        return reg;
    return append(b, i, type);
}

Reg program_emit(ProgramBuilder *b, Op op, Reg a, Reg b_, Reg c)
{
    Instruction i = {.op = (uint16_t)op, .a = a, .b = b_, .c = c};
    switch (op) {
    case OP_CONSTANT: case OP_LOAD: case OP_HEADER: case OP_AGGREGATE: case OP_CONTEXT: case OP_NOW: case OP_FIND:
    case OP_CELL: case OP_MATCHES: case OP_CAPTURE: case OP_IN_SET: case OP_IN_CIDR: case OP_IDENTITY: case OP_ITEM: case OP_BOX:
    case OP_UNBOX:
        assert(!"has a builder call of its own");
        return REG_NONE;
    case OP_SAME_BOOL: case OP_SAME_INT: case OP_SAME_FLOAT: case OP_SAME_STRING:
        check_operand(b, op, 0, a);
        return a;
    case OP_COALESCE:
        assert(program_reg_type(b, a) == program_reg_type(b, b_));
        return emit(b, i, program_reg_type(b, a));
    case OP_SELECT:
        assert(program_reg_type(b, b_) == program_reg_type(b, c));
        return emit(b, i, program_reg_type(b, b_));
    case OP_RECORD_PUT:
        return emit(b, i, program_reg_type(b, a));
    default:
        return emit(b, i, op_result(op));
    }
}

Reg program_box(ProgramBuilder *b, Reg a)
{
    if (program_reg_type(b, a) >= TYPE_ANY)
        return a;
    return emit(b, (Instruction){.op = OP_BOX, .a = a, .b = REG_NONE, .c = REG_NONE}, TYPE_ANY);
}

Reg program_unbox(ProgramBuilder *b, Reg a, TypeKind type)
{
    if (program_reg_type(b, a) == type)
        return a;
    return emit(b, (Instruction){.op = OP_UNBOX, .a = a, .b = REG_NONE, .c = REG_NONE}, type);
}

static Instruction source(Op op, uint32_t view, uint32_t immediate)
{
    assert(view <= UINT16_MAX);
    return (Instruction){.op = (uint16_t)op, .a = REG_NONE, .b = REG_NONE, .c = REG_NONE, .view = (uint16_t)view,
                         .immediate = immediate};
}

Reg program_load(ProgramBuilder *b, uint32_t view, uint32_t slot, TypeKind type)
{
    assert(view < 64);
    return emit(b, source(OP_LOAD, view, slot), type);
}

Reg program_header(ProgramBuilder *b, uint32_t view, HeaderField field)
{
    static const TypeKind types[] = {[HEADER_TIME] = TYPE_TIME, [HEADER_DETECTED] = TYPE_TIME, [HEADER_ID] = TYPE_STRING,
                                     [HEADER_TYPE] = TYPE_STRING, [HEADER_SOURCE] = TYPE_STRING,
                                     [HEADER_CAUSES] = TYPE_LIST, [HEADER_SUPPRESSED] = TYPE_INT};
    assert(view < 64 && field <= HEADER_SUPPRESSED);
    return emit(b, source(OP_HEADER, view, field), types[field]);
}

Reg program_aggregate(ProgramBuilder *b, uint32_t index, TypeKind type)
{
    return emit(b, source(OP_AGGREGATE, 0, index), type);
}

Reg program_context(ProgramBuilder *b, uint32_t field, TypeKind type)
{
    return emit(b, source(OP_CONTEXT, 0, field), type);
}

Reg program_now(ProgramBuilder *b)
{
    return emit(b, source(OP_NOW, 0, 0), TYPE_TIME);
}

Reg program_identity(ProgramBuilder *b)
{
    return emit(b, source(OP_IDENTITY, 0, 0), TYPE_STRING);
}

Reg program_item(ProgramBuilder *b)
{
    return emit(b, source(OP_ITEM, 0, 0), TYPE_ANY);
}

/* Index of an item in a list of the program's resources, where it is added unless it is there. */
#define RESOURCE(b, index, list, n, item) \
    do { \
        for ((index) = 0; (index) < (b)->program.n && (b)->program.list[index] != (item); (index)++) \
            ; \
        if ((index) == (b)->program.n) { \
            (b)->program.list = arena_grow((b)->arena, (b)->program.list, (index), sizeof *(b)->program.list); \
            (b)->program.list[(b)->program.n++] = (item); \
        } \
    } while (0)

Reg program_matches(ProgramBuilder *b, Reg text, struct Regex *regex)
{
    Instruction i = {.op = OP_MATCHES, .a = text, .b = REG_NONE, .c = REG_NONE};
    RESOURCE(b, i.immediate, regexes, nregexes, regex);
    return emit(b, i, TYPE_BOOL);
}

Reg program_capture(ProgramBuilder *b, Reg text, struct Regex *regex, Reg group)
{
    Instruction i = {.op = OP_CAPTURE, .a = text, .b = group, .c = REG_NONE};
    RESOURCE(b, i.immediate, regexes, nregexes, regex);
    return emit(b, i, TYPE_STRING);
}

Reg program_in_set(ProgramBuilder *b, Reg a, const Cell *set, uint32_t n)
{
    CellSet *cells = cellset_new(b->arena, program_reg_type(b, a), set, n);
    Instruction i = {.op = OP_IN_SET, .a = a, .b = REG_NONE, .c = REG_NONE};
    RESOURCE(b, i.immediate, sets, nsets, cells);
    return emit(b, i, TYPE_BOOL);
}

Reg program_in_cidr(ProgramBuilder *b, Reg text, Text network)
{
    Cidr *cidr = ARENA_NEW(b->arena, Cidr);
    bool parsed = cidr_parse(network, cidr);
    assert(parsed);
    Instruction i = {.op = OP_IN_CIDR, .a = text, .b = REG_NONE, .c = REG_NONE};
    RESOURCE(b, i.immediate, cidrs, ncidrs, cidr);
    return emit(b, i, TYPE_BOOL);
}

Reg program_zoned(ProgramBuilder *b, Op op, Reg a, Reg b_, const Zone *zone)
{
    assert(op >= OP_YEAR && op <= OP_TRUNCATE);
    Instruction i = {.op = (uint16_t)op, .a = a, .b = b_, .c = REG_NONE};
    RESOURCE(b, i.immediate, zones, nzones, zone);
    return emit(b, i, op_result(op));
}

Reg program_find(ProgramBuilder *b, uint32_t table, Reg a, Reg b_)
{
    return emit(b, (Instruction){.op = OP_FIND, .a = a, .b = b_, .c = REG_NONE, .immediate = table}, TYPE_INT);
}

Reg program_cell(ProgramBuilder *b, uint32_t table, uint32_t column, Reg row, TypeKind type)
{
    assert(column <= UINT16_MAX);
    return emit(b, (Instruction){.op = OP_CELL, .a = row, .b = REG_NONE, .c = REG_NONE, .view = (uint16_t)column,
                                 .immediate = table}, type);
}
