/* Programs: expressions, compiled.
 *
 * An expression becomes a list of typed register instructions over an op table (ops.def). One program,
 * two ways to run it:
 *
 *   program_rows   a column at a time over up to BATCH_ROWS rows: every instruction is a loop (a kernel)
 *   program_value  once, for one match: every instruction is a step of a switch
 *
 * Both are generated from the same row of ops.def and agree on every input. No tree is walked at run time.
 *
 * What a program reads it reads through views. A view is one participant of an agent: a row of a batch or
 * of a table, or a Record kept from an earlier batch. The plan numbers an agent's views; view 0 of a filter
 * is the row itself. Attributes are slots of the view's Shape, because an alias may stand for several event
 * types with columns in other places. */
#ifndef CEP_PROGRAM_H
#define CEP_PROGRAM_H

#include "cep/arena.h"
#include "cep/batch.h"
#include "cep/record.h"
#include "cep/value.h"

typedef enum Op {
#define OP(name, result, a, b, c, expression) OP_##name,
#define OP_SPECIAL(name, result, a, b, c) OP_##name,
#include "cep/ops.def"
    OPS
} Op;

typedef uint16_t Reg;
#define REG_NONE ((Reg)0xFFFF)

typedef struct Instruction {
    uint16_t op;
    Reg to, a, b, c;
    uint16_t view;      /* LOAD, HEADER: the view; CELL: the column */
    uint32_t immediate; /* LOAD: slot; HEADER: HeaderField; CONTEXT: ContextField; FIND, CELL: table; CONSTANT,
                           AGGREGATE, MATCHES, CAPTURE, IN_SET, IN_CIDR, time in a zone: index of the resource */
} Instruction;

struct Regex;
struct Zone;
struct CellSet;
struct Cidr;

typedef struct Program {
    TypeKind type; /* of the result */
    Reg result;
    uint16_t nregs;
    uint8_t *reg_types;        /* TypeKind per register */
    uint32_t n;
    Instruction *code;         /* the first nconstants are CONSTANT, instruction i of them into register i */
    Cell *constants;
    uint8_t *constant_states;
    struct Regex **regexes;
    const struct Zone **zones; /* zones[0] = NULL: UTC */
    struct CellSet **sets;
    struct Cidr **cidrs;
    uint32_t nconstants, nregexes, nzones, nsets, ncidrs;
    uint64_t views;            /* bit v: the program reads view v */
    bool reads_time;           /* now(), id(): differ from call to call */
} Program;

/* Header attributes that programs can read. */
typedef enum HeaderField {
    HEADER_TIME, HEADER_DETECTED, HEADER_ID, HEADER_TYPE, HEADER_SOURCE, HEADER_CAUSES, HEADER_SUPPRESSED
} HeaderField;

/* Context values that programs can read: OP_CONTEXT_*. KEY k is the k-th key value of the partition. */
typedef enum ContextField {
    CONTEXT_START, CONTEXT_END, CONTEXT_KEY /* + k */
} ContextField;

/* One participant, as program_value sees it. All zero = there is none: every load is null. */
typedef struct View {
    const Rows *rows;         /* a row of a batch or a table … */
    const uint16_t *column;   /* slot → column of rows */
    const Record *record;     /* … or a kept copy */
    const uint16_t *offset;   /* slot → byte offset in record; 0 = null */
    uint32_t row;
} View;

/* One participant, as program_rows sees it: position i of the run is rows' row index[i], or first + i where
 * index is NULL; index[i] == ROW_NONE gives nulls. */
typedef struct VectorView {
    const Rows *rows;
    const uint16_t *column;
    const uint32_t *index;
    uint32_t first;
} VectorView;

#define ROW_NONE UINT32_MAX

struct Table;

/* What is being handled. */
typedef struct Occasion {
    EventId identity;               /* of the event or timer */
    Text item;                      /* of `for each`, boxed; empty = none */
} Occasion;

/* What a program may look at besides views; the same for both ways to run. */
typedef struct Surroundings {
    const struct Plan *plan;
    struct Table *const *tables;    /* by the plan's table index */
    int64_t now;                    /* logical time, ns */
    const Cell *aggregates;         /* AggregatePlan index → value */
    const uint8_t *aggregate_states;
    const Cell *context;            /* ContextField → value */
    const uint8_t *context_states;
    Arena *scratch;                 /* strings made on the way; the caller resets it */
    struct Machine *machine;        /* registers, reused from run to run */
    const struct Occasion *occasion; /* NULL = there is none; apart, because few read it and this is made for every row */
} Surroundings;

/* Register files and regex match data. One per engine; grows to the largest program and stays. */
typedef struct Machine Machine;
Machine *machine_new(Memory *memory);
void machine_free(Machine *machine);

/* Runs once. Returns the state; *value is set when it is STATE_OK. views is indexed by view number. */
State program_value(const Program *program, const View *views, const Surroundings *around, Cell *value);

/* A column of results; borrowed from the machine or from a batch until the next run on that machine. */
typedef struct Vector {
    TypeKind type;
    bool constant;         /* one cell stands for all rows */
    const void *cells;
    const uint8_t *states; /* NULL = all STATE_OK */
} Vector;

/* Runs over n ≤ BATCH_ROWS positions. */
Vector program_rows(const Program *program, const VectorView *views, uint32_t n, const Surroundings *around);

/* Reads position i of a result. */
State vector_get(const Vector *vector, uint32_t i, Cell *value);

/* Runs a bool program over n positions and writes those where it is true to chosen (room for n), in order;
 * returns how many. Positions where it failed go to failed, if not NULL, and *nfailed. */
uint32_t program_choose(const Program *program, const VectorView *views, uint32_t n,
                        const Surroundings *around, uint32_t *chosen, uint32_t *failed, uint32_t *nfailed);

/* ── Building. The lowering calls these; registers are typed and checked by asserts. Equal instructions
 * share a register; an instruction over constants becomes a constant. ── */
typedef struct ProgramBuilder ProgramBuilder;
ProgramBuilder *program_begin(Arena *arena);
Reg program_constant(ProgramBuilder *b, TypeKind type, Cell value); /* strings are copied */
Reg program_null(ProgramBuilder *b, TypeKind type);
Reg program_error(ProgramBuilder *b, TypeKind type);
Reg program_load(ProgramBuilder *b, uint32_t view, uint32_t slot, TypeKind type);
Reg program_header(ProgramBuilder *b, uint32_t view, HeaderField field);
Reg program_aggregate(ProgramBuilder *b, uint32_t index, TypeKind type);
Reg program_context(ProgramBuilder *b, uint32_t field, TypeKind type);
Reg program_emit(ProgramBuilder *b, Op op, Reg a, Reg b_, Reg c);
/* Matching against a regex that regex_new accepted; a group of it (an INT register, 0 = all), null without a match. */
Reg program_matches(ProgramBuilder *b, Reg text, struct Regex *regex);
Reg program_capture(ProgramBuilder *b, Reg text, struct Regex *regex, Reg group);
/* Whether a is one of n present values of its type; they are copied. */
Reg program_in_set(ProgramBuilder *b, Reg a, const Cell *set, uint32_t n);
/* Whether the text is an address in a network that cidr_parse accepts; null where it is no address. */
Reg program_in_cidr(ProgramBuilder *b, Reg text, Text cidr);
/* YEAR … MINUTE, TRUNCATE in a zone; program_emit gives UTC. */
Reg program_zoned(ProgramBuilder *b, Op op, Reg a, Reg b_, const struct Zone *zone);
/* Logical time; the identity of the event or timer at hand. */
Reg program_now(ProgramBuilder *b);
Reg program_identity(ProgramBuilder *b);
/* The item of `for each`, of type any. */
Reg program_item(ProgramBuilder *b);
/* A value as one of type any; a value of type any, or a list's item, as a type. */
Reg program_box(ProgramBuilder *b, Reg a);
Reg program_unbox(ProgramBuilder *b, Reg a, TypeKind type);
/* Row index (INT) of the row of a table whose key is a (and b for two keys), or null. */
Reg program_find(ProgramBuilder *b, uint32_t table, Reg a, Reg b_);
/* Column of a table at a row index from program_find; null where the index is. */
Reg program_cell(ProgramBuilder *b, uint32_t table, uint32_t column, Reg row, TypeKind type);
TypeKind program_reg_type(const ProgramBuilder *b, Reg reg);
/* If the register holds a constant, returns true and its value. */
bool program_reg_constant(const ProgramBuilder *b, Reg reg, Cell *value, State *state);
Program *program_end(ProgramBuilder *b, Reg result);

/* Whether a program has an instruction of an op. NULL has none. */
static inline bool program_has(const Program *program, Op op)
{
    for (uint32_t i = 0; program && i < program->n; i++)
        if (program->code[i].op == op)
            return true;
    return false;
}

/* If the program is one constant, returns true and its value. */
bool program_is_constant(const Program *program, Cell *value, State *state);

/* An op's row: its name; its result and operand types, TYPE_KINDS where there is no operand or (LOAD, SELECT, …)
 * the builder decides. n is 0 to 2 for a to c. */
const char *op_name(Op op);
TypeKind op_result(Op op);
TypeKind op_argument(Op op, unsigned n);

/* Prints a program, an instruction a line, for `cep explain --code` and for tests. */
Text program_text(const Program *program, Arena *arena);

#endif
