/* Machine: what programs need to run, kept from run to run so that steady state does not allocate.
 *
 *   one match:  values[r], value_states[r]      register r
 *   columns:    vectors[r] ─► buffer r          BATCH_ROWS cells of 16 bytes, then as many states
 *                         └─► a batch's column, a constant: nothing is copied
 *
 * Internal to cep/: others hold a Machine* and hand it over. */
#ifndef CEP_MACHINE_H
#define CEP_MACHINE_H

#include "cep/program.h"
#include "cep/regex.h"

struct Machine {
    Memory *memory;
    RegexRun *regex; /* made by the first match */
    uint32_t nvalues;
    Cell *values;
    uint8_t *value_states;
    uint32_t nvectors;
    Vector *vectors;
    char **buffers;
    uint8_t *failed; /* BATCH_ROWS */
};

/* Makes room for a program. */
void machine_reserve_values(Machine *machine, const Program *program);
void machine_reserve_vectors(Machine *machine, const Program *program);

enum { MACHINE_CELLS_BYTES = BATCH_ROWS * sizeof(Cell), MACHINE_BUFFER_BYTES = MACHINE_CELLS_BYTES + BATCH_ROWS };

/* MATCHES and CAPTURE of ops.def. */
bool machine_matches(Machine *machine, const Regex *regex, Text text, uint8_t *state);
Text machine_capture(Machine *machine, const Regex *regex, Text text, int64_t group, uint8_t *state);

/* INT_OF_BOXED and FLOAT_OF_BOXED. */
int64_t boxed_int(Text any, uint8_t *state);
double boxed_float(Text any, uint8_t *state);

/* BOX, UNBOX, LIST_ADD, RECORD_PUT over registers. */
State machine_compose(const Program *program, const Instruction *step, const Cell *cells, const uint8_t *states,
                      const Surroundings *around, Cell *to);

/* A header attribute of a row, and of a record: the same values. Both are HEADER of ops.def. */
State header_of_row(HeaderField field, const Rows *rows, uint32_t row, const Surroundings *around, Cell *value);
State header_of_record(HeaderField field, const Record *record, const Surroundings *around, Cell *value);

/* Runs one instruction over registers. */
void program_step(const Program *program, const Instruction *step, Cell *cells, uint8_t *states, const View *views,
                  const Surroundings *around);

#endif
