/* The two interpreters agree: random programs over random columns, with nulls, errors and numbers at the edges;
 * program_rows against program_value cell by cell, with rows read from the batch, through an index, and from
 * records. A failure prints the program and the seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "cep/composite.h"
#include "cep/machine.h"
#include "cep/plan.h"
#include "cep/table.h"

enum { PROGRAMS = 30000, STEPS_MAX = 14, TYPES = TYPE_BYTES + 1, COLUMNS = TYPES * 2, TABLE_ROWS = 8 };

/* xorshift: the same programs on every machine. */
static uint64_t seed;

static uint32_t any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 16) % below);
}

static Cell any_cell(TypeKind type)
{
    static const int64_t ints[] = {0, 1, -1, 2, 3, 7, 10, 63, 64, -64, 100, 1000000007, INT64_MAX, INT64_MIN,
                                   INT64_MAX - 1, INT64_MIN + 1, INT64_C(1) << 32, INT64_C(1769850307000000000),
                                   INT64_C(3600000000000), INT64_C(86400000000000)};
    static const double floats[] = {0, -0.0, 1, -1, 0.5, 1.5, -2.5, 1e-300, 1e300, -1e300, 1.7976931348623157e308,
                                    9223372036854775807.0, -9223372036854775808.0, 3.14159, 90, 4503599627370497.5};
    static const char *const texts[] = {"", "a", "A", "S7", "S7-12", "abc", "ABC", "abcabc", "10.1.2.3", "::1", "42", "-7",
                                        "0x10", "1.5e3", "*b?", "a*", "  a b ", "h\xC3\xA9llo", "H\xC3\x89LLO",
                                        "a text that is longer than sixteen bytes", "\xFF\xC3", "12345678", "123456789"};
    switch (type) {
    case TYPE_BOOL: return (Cell){.b = (uint8_t)any(2)};
    case TYPE_FLOAT: return (Cell){.f = any(3) ? floats[any(sizeof floats / sizeof *floats)] : any(2000) / 10.0 - 100};
    case TYPE_DECIMAL: return (Cell){.d = {any(3) ? any(2000) : UINT64_MAX - any(9), any(4) ? 0 : (int64_t)any(9) - 4}};
    case TYPE_BYTES: case TYPE_STRING: return (Cell){.s = text_of(texts[any(sizeof texts / sizeof *texts)])};
    case TYPE_POINT: return (Cell){.p = {any(360) - 180.0, any(180) - 90.0}};
    default: return (Cell){.i = any(3) ? ints[any(sizeof ints / sizeof *ints)] : (int64_t)any(200) - 100};
    }
}

static State any_state(uint32_t one_in)
{
    return any(one_in) ? STATE_OK : any(3) ? STATE_NULL : STATE_ERROR;
}

typedef struct World {
    Memory memory;
    Arena arena, scratch;
    Pool pool;
    Rows rows;
    Shape shape;
    uint16_t column[COLUMNS];
    Plan plan;
    struct Regex *regexes[3];
    const Zone *zone;
    Table *table;
    TablePlan table_plan;
    Cell aggregates[TYPES], context[TYPES];
    uint8_t aggregate_states[TYPES], context_states[TYPES];
    Surroundings around;
} World;

static TypeKind column_type(uint32_t column)
{
    return (TypeKind)(column % TYPES);
}

static void world_fill(World *world)
{
    rows_clear(&world->rows);
    bool clean = any(4) == 0; /* no missing value at all: the loops without states */
    uint32_t n = any(5) ? 1 + any(70) : 1 + any(BATCH_ROWS);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = rows_add(&world->rows, &world->memory);
        world->rows.time[row] = any_cell(TYPE_TIME).i;
        world->rows.id[row] = (EventId){any(2) ? EVENT_ID_INPUT | any(3) : any(100), i};
        for (uint32_t c = 0; c < COLUMNS; c++) {
            State state = clean ? STATE_OK : any_state(c < TYPES ? 3 : 40);
            if (state == STATE_OK)
                rows_set(&world->rows, row, c, any_cell(column_type(c)));
            else
                rows_set_state(&world->rows, row, c, state);
        }
    }
    for (uint32_t t = 0; t < TYPES; t++) {
        world->aggregates[t] = any_cell((TypeKind)t);
        world->aggregate_states[t] = (uint8_t)any_state(4);
        world->context[t] = any_cell((TypeKind)t);
        world->context_states[t] = (uint8_t)any_state(4);
    }
}

static void world_init(World *world)
{
    memset(world, 0, sizeof *world);
    arena_init(&world->arena, &world->memory);
    arena_init(&world->scratch, &world->memory);
    arena_init(&world->plan.arena, &world->memory);
    pool_init(&world->pool, &world->memory);
    static const char *const patterns[] = {"a+b", "^(\\w)(\\d)?", "S7"};
    char error[100];
    uint32_t offset;
    for (int i = 0; i < 3; i++)
        world->regexes[i] = plan_regex(&world->plan, text_of(patterns[i]), (Text){0}, error, sizeof error, &offset);
    world->zone = zone_load(&world->plan.arena, TEXT("Europe/Lisbon"));
    assert_non_null(world->zone);
    TypeKind types[COLUMNS];
    Slot *slots = ARENA_ARRAY(&world->plan.arena, Slot, COLUMNS);
    for (uint16_t c = 0; c < COLUMNS; c++) {
        types[c] = column_type(c);
        world->column[c] = c;
        slots[c] = (Slot){.type = types[c], .kept = true};
    }
    rows_init(&world->rows, &world->memory, 0, types, COLUMNS);
    ShapeSource *source = ARENA_NEW(&world->plan.arena, ShapeSource);
    *source = (ShapeSource){0, world->column};
    world->shape = (Shape){.nslots = COLUMNS, .nsources = 1, .slots = slots, .sources = source};
    shape_seal(&world->shape, &world->plan.arena);

    static uint32_t key[] = {TYPE_INT};
    Attribute *columns = ARENA_ARRAY(&world->plan.arena, Attribute, TYPES);
    for (uint32_t t = 0; t < TYPES; t++)
        columns[t].type = (TypeKind)t;
    world->table_plan = (TablePlan){.columns = columns, .ncolumns = TYPES, .keys = key, .nkeys = 1};
    world->table = table_new(&world->memory, &world->table_plan);
    for (int64_t i = 0; i < TABLE_ROWS; i++) {
        Cell cells[TYPES];
        uint8_t states[TYPES];
        for (uint32_t t = 0; t < TYPES; t++) {
            cells[t] = any_cell((TypeKind)t);
            states[t] = (uint8_t)(any(4) ? STATE_OK : STATE_NULL);
        }
        cells[TYPE_INT].i = i - 1;
        states[TYPE_INT] = STATE_OK;
        table_put(world->table, cells, states);
    }
    world->around = (Surroundings){
        .plan = &world->plan, .tables = &world->table, .now = INT64_C(1769850307000000000),
        .aggregates = world->aggregates, .aggregate_states = world->aggregate_states, .context = world->context,
        .context_states = world->context_states, .scratch = &world->scratch, .machine = machine_new(&world->memory)};
}

static void world_fini(World *world)
{
    machine_free(world->around.machine);
    table_free(world->table);
    rows_fini(&world->rows, &world->memory);
    pool_fini(&world->pool);
    plan_free(&world->plan);
    arena_fini(&world->scratch);
    arena_fini(&world->arena);
    assert_int_equal(world->memory.bytes, 0);
}

/* A register of the type: mostly one of those made before, else a source or a constant. */
static Reg any_reg(ProgramBuilder *b, TypeKind type, const Reg *made, uint32_t nmade)
{
    if (type == TYPE_ANY)
        return program_box(b, any_reg(b, any(4) ? (TypeKind)any(TYPES) : TYPE_LIST, made, nmade));
    if (type == TYPE_LIST && !any(3))
        return program_constant(b, type, (Cell){.s = composite_empty(type)});
    for (uint32_t tries = 0; tries < 6 && nmade > 0; tries++) {
        Reg reg = made[any(nmade)];
        if (program_reg_type(b, reg) == type)
            return reg;
    }
    if (type == TYPE_LIST)
        return program_emit(b, OP_LIST_ADD, any_reg(b, TYPE_LIST, made, nmade), any_reg(b, TYPE_ANY, made, nmade), REG_NONE);
    switch (any(8)) {
    case 0: return program_aggregate(b, type, type);
    case 1: return program_context(b, type, type);
    case 2: return program_constant(b, type, any_cell(type));
    case 3: return any(3) ? program_constant(b, type, any_cell(type)) : any(2) ? program_null(b, type) : program_error(b, type);
    case 4: return type == TYPE_TIME ? any(2) ? program_now(b) : program_header(b, 0, HEADER_TIME) : program_load(b, 0, type, type);
    case 5: return type == TYPE_STRING ? program_header(b, 0, HEADER_ID) : program_load(b, 0, type + TYPES, type);
    default: return program_load(b, 0, type + (any(2) ? TYPES : 0), type);
    }
}

#define ANY(type) any_reg(b, (type), made, nmade)

static Reg any_step(World *world, ProgramBuilder *b, const Reg *made, uint32_t nmade)
{
    for (;;) {
        Op op = (Op)any(OPS);
        TypeKind type = (TypeKind)any(TYPES);
        switch (op) {
        case OP_CONSTANT: case OP_LOAD: case OP_HEADER: case OP_AGGREGATE: case OP_CONTEXT: case OP_NOW:
            continue;
        case OP_AND: case OP_OR: return program_emit(b, op, ANY(TYPE_BOOL), ANY(TYPE_BOOL), REG_NONE);
        case OP_IDENTITY: return program_identity(b);
        case OP_ITEM: return program_item(b);
        case OP_BOX: return ANY(TYPE_ANY);
        case OP_UNBOX: return program_unbox(b, ANY(TYPE_ANY), type);
        case OP_RECORD_PUT: {
            Reg record = program_constant(b, TYPE_RECORD, (Cell){.s = composite_empty(TYPE_RECORD)});
            for (uint32_t n = any(3); n-- > 0;)
                record = program_emit(b, op, record, ANY(TYPE_STRING), ANY(TYPE_ANY));
            return record;
        }
        case OP_NOT: return program_emit(b, op, ANY(TYPE_BOOL), REG_NONE, REG_NONE);
        case OP_IS_NULL: case OP_IS_NOT_NULL: return program_emit(b, op, ANY(type), REG_NONE, REG_NONE);
        case OP_COALESCE: return program_emit(b, op, ANY(type), ANY(type), REG_NONE);
        case OP_SELECT: return program_emit(b, op, ANY(TYPE_BOOL), ANY(type), ANY(type));
        case OP_FIND: return program_find(b, 0, ANY(TYPE_INT), REG_NONE);
        case OP_CELL: return program_cell(b, 0, type, program_find(b, 0, ANY(TYPE_INT), REG_NONE), type);
        case OP_MATCHES: return program_matches(b, ANY(TYPE_STRING), world->regexes[any(3)]);
        case OP_CAPTURE: return program_capture(b, ANY(TYPE_STRING), world->regexes[any(3)], ANY(TYPE_INT));
        case OP_IN_CIDR: return program_in_cidr(b, ANY(TYPE_STRING), any(2) ? TEXT("10.0.0.0/8") : TEXT("::/64"));
        case OP_IN_SET: {
            const Cell set[] = {any_cell(type), any_cell(type), any_cell(type)};
            return program_in_set(b, ANY(type), set, any(4));
        }
        case OP_YEAR: case OP_MONTH: case OP_DAY: case OP_WEEKDAY: case OP_HOUR: case OP_MINUTE:
            return program_zoned(b, op, ANY(TYPE_TIME), REG_NONE, any(2) ? world->zone : NULL);
        case OP_TRUNCATE:
            return program_zoned(b, op, ANY(TYPE_TIME), ANY(TYPE_DURATION), any(2) ? world->zone : NULL);
        default: {
            Reg regs[3] = {REG_NONE, REG_NONE, REG_NONE};
            for (unsigned n = 0; n < 3; n++)
                if (op_argument(op, n) != TYPE_KINDS)
                    regs[n] = ANY(op_argument(op, n));
            return program_emit(b, op, regs[0], regs[1], regs[2]);
        }
        }
    }
}

static Program *any_program(World *world)
{
    ProgramBuilder *b = program_begin(&world->arena);
    Reg made[STEPS_MAX];
    uint32_t nmade = 0, steps = 1 + any(STEPS_MAX);
    while (nmade < steps) {
        Reg reg = any_step(world, b, made, nmade);
        made[nmade++] = reg;
    }
    return program_end(b, made[nmade - 1]);
}

static bool same(TypeKind type, State state_a, Cell a, State state_b, Cell b)
{
    if (state_a != state_b || state_a != STATE_OK)
        return state_a == state_b;
    if (type == TYPE_FLOAT)
        return memcmp(&a.f, &b.f, sizeof a.f) == 0 || (isnan(a.f) && isnan(b.f));
    if (type >= TYPE_LIST)
        return composite_compare(a.s, b.s) == 0;
    return cell_equal(type, a, b) || (type == TYPE_POINT && memcmp(&a.p, &b.p, sizeof a.p) == 0);
}

static void assert_same(World *world, const Program *program, uint64_t start, uint32_t row, State state_a, Cell a,
                        State state_b, Cell b)
{
    if (same(program->type, state_a, a, state_b, b))
        return;
    Text text = program_text(program, &world->arena);
    print_error("seed %llu row %u: rows gave state %d, value gave state %d\n%.*s", (unsigned long long)start, row,
                state_a, state_b, TEXT_ARGS(text));
    fail();
}

/* Whether the program reads nothing that a record does not keep. */
static bool fits_record(const Program *program)
{
    for (uint32_t i = 0; i < program->n; i++)
        if (program->code[i].op == OP_HEADER && program->code[i].immediate == HEADER_DETECTED)
            return false;
    return true;
}

static void run_program(World *world, const Program *program, uint64_t start)
{
    uint32_t index[BATCH_ROWS], n = world->rows.n;
    VectorView columns = {.rows = &world->rows, .column = world->column};
    uint32_t how = any(4);
    if (how == 0) { /* a part of the batch */
        columns.first = any(n);
        n -= columns.first;
    } else if (how == 1) { /* an index with holes */
        for (uint32_t i = 0; i < n; i++)
            index[i] = any(10) ? any(world->rows.n) : ROW_NONE;
        columns.index = index;
    }
    Vector vector = program_rows(program, &columns, n, &world->around);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = columns.index ? index[i] : columns.first + i;
        View view = {.rows = &world->rows, .column = world->column, .row = row};
        Handle record = HANDLE_NONE;
        if (how == 2 && fits_record(program)) {
            record = record_new(&world->pool, &world->shape, &world->rows, row);
            view = (View){.record = record_at(&world->pool, record), .offset = world->shape.offset};
        }
        Cell a = {0}, b = {0};
        State state_a = vector_get(&vector, i, &a);
        State state_b = program_value(program, &view, &world->around, &b);
        assert_same(world, program, start, row, state_a, a, state_b, b);
        if (record)
            record_unref(&world->pool, record);
    }
    if (program->type == TYPE_BOOL) {
        uint32_t chosen[BATCH_ROWS], failed[BATCH_ROWS], nfailed, at = 0, at_failed = 0;
        uint8_t copy[BATCH_ROWS];
        for (uint32_t i = 0; i < n; i++) {
            Cell value;
            State state = vector_get(&vector, i, &value);
            copy[i] = state == STATE_OK ? value.b : (uint8_t)(2 + state);
        }
        uint32_t nchosen = program_choose(program, &columns, n, &world->around, chosen, failed, &nfailed);
        for (uint32_t i = 0; i < n; i++) {
            if (copy[i] == 1)
                assert_int_equal(chosen[at++], i);
            if (copy[i] == 2 + STATE_ERROR)
                assert_int_equal(failed[at_failed++], i);
        }
        assert_int_equal(at, nchosen);
        assert_int_equal(at_failed, nfailed);
    }
    assert_int_equal(world->pool.bytes, 0);
}

static void test_interpreters_agree_on_random_programs(void **state)
{
    (void)state;
    World *world = malloc(sizeof *world);
    seed = UINT64_C(0x2545F4914F6CDD1D);
    world_init(world);
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        uint64_t start = seed;
        if (i % 8 == 0)
            world_fill(world);
        run_program(world, any_program(world), start);
        arena_reset(&world->arena);
        arena_reset(&world->scratch);
    }
    world_fini(world);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_interpreters_agree_on_random_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
