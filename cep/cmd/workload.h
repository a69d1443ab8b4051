/* Workloads of `cep bench`: rules, a deterministic stream, and the result that is right.
 *
 * Every stream comes from one xorshift generator, so that other engines can be fed the same events:
 *   s = 0x9E3779B97F4A7C15 * seed;   next(): s ^= s>>12; s ^= s<<25; s ^= s>>27; return s * 0x2545F4914F6CDD1D
 *   u(n) = (next() >> 32) % n;       f() = (next() >> 11) * 2^-53
 *
 * A stream is read pass after pass: pass p repeats the events with time going on, event i of n at
 * (p * n + i) ms, while the engine keeps its state. */
#ifndef CEP_CMD_WORKLOAD_H
#define CEP_CMD_WORKLOAD_H

#include "cep/batch.h"

struct Stream;

typedef struct Workload {
    const char *id;       /* "W2-1k" */
    const char *rules;    /* which text of tests/bench/ */
    const char *what;
    uint32_t rule_count;  /* agents to append to the rules; 0 = the text is complete */
    uint64_t seed;
    uint32_t names;       /* different symbols or keys */
    uint32_t events;      /* of a pass */
    uint32_t result_first, result_later; /* derived events of pass 0, of every later one */
    double goal_ns;       /* per event */
    void (*draw)(struct Stream *stream, Rows *rows, uint32_t row);
} Workload;

/* All workloads; the last has no id. */
extern const Workload workloads[];

/* Returns the workload of an id, or NULL. Case does not matter. */
const Workload *workload_find(const char *id);

/* Returns the rule text, which the arena owns. */
Text workload_rules(const Workload *workload, Arena *arena);

/* Where a stream stands: pass and event follow from next. */
typedef struct Stream {
    const Workload *workload;
    uint64_t random;
    uint64_t next;    /* events handed out in all passes */
    Text *names;      /* "S0", "S1", … in the arena */
} Stream;

Stream stream_begin(const Workload *workload, Arena *arena);

/* Fills n rows with the next events, columns and header, and their order. The rows are there already. */
void stream_fill(Stream *stream, Rows *rows, RowRef *order, uint32_t n);

#endif
