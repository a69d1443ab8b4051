/* Input: lines from a file, a pipe or standard input.
 *
 *   Input *input = input_open(&memory, "file:auth.jsonl", error, sizeof error);
 *   for (;;) {
 *       while ((got = input_line(input, &line)) == INPUT_LINE || got == INPUT_TOO_LONG) …
 *       if (got == INPUT_END) break;
 *       input_fill(input);                    waits; ask input_ready first when there is work to do meanwhile
 *   }
 *
 * A line ends with LF or CR LF, the last one with the input; blank lines and a byte order mark are passed
 * over. A line beyond LIMIT_LINE_BYTES is reported once and skipped in constant memory. Lines stay where they
 * are until the next input_fill, with INPUT_PADDING readable bytes behind them. */
#ifndef CLUSTER_INPUT_H
#define CLUSTER_INPUT_H

#include <sys/stat.h>

#include "cep/memory.h"
#include "cep/text.h"

enum {
    INPUT_CHUNK = 256 << 10, /* bytes read at a time */
    INPUT_PADDING = 64,
};

typedef struct Input Input;

typedef enum InputGot {
    INPUT_LINE,
    INPUT_TOO_LONG, /* a line beyond the limit; its beginning is given */
    INPUT_MORE,     /* nothing whole is left: fill */
    INPUT_END,
} InputGot;

/* Opens "file:PATH", a path, "stdin:" or "-". Returns NULL and says why. */
Input *input_open(Memory *memory, Text uri, char *error, size_t error_size);
void input_close(Input *input);

/* "auth.jsonl", or "stdin". */
Text input_name(const Input *input);

/* Whether it reads this file. */
bool input_reads(const Input *input, const struct stat *file);

/* Takes the next line. */
InputGot input_line(Input *input, Text *line);

/* The number of the line that input_line gave last, from 1. */
uint64_t input_line_number(const Input *input);

/* Reads once, waiting if nothing is there. Lines given before are gone. Returns 0 or an errno value; EINTR
 * when a signal came first. */
int input_fill(Input *input);

/* Bytes read so far, and of how many; 0 = nobody knows. */
uint64_t input_bytes_read(const Input *input);
uint64_t input_bytes(const Input *input);

/* To be polled for POLLIN; -1 = a file, always ready. */
int input_descriptor(const Input *input);

#endif
