/* Solo: a network run in one process, files or standard input in, alerts out. No daemon, no thread.
 *
 *   inputs ─► Input ─► Ingest ─► Engine ─► alert_json ─► Out
 *                        └──────────┴─ rejections ─► standard error, --errors FILE
 *
 * Of several inputs the one that holds the frontier back is read next. A batch is run as soon as no input is
 * pending, and its alerts are written then: `tail -f | cep run` alerts at once. At the end of the input what is
 * due at or before the last event fires. SIGINT and SIGTERM end the run behind the batch at hand. */
#ifndef CLUSTER_SOLO_H
#define CLUSTER_SOLO_H

#include <stdio.h>

#include "agents/engine.h"

typedef struct SoloStats {
    uint64_t lines;       /* of the inputs */
    uint64_t events, rejected;
    uint64_t passed_over; /* events outside of `from` and `to` */
} SoloStats;

/* Looks on: for a backtest, which wants the alerts and not their lines. Everything is borrowed for the call. */
typedef struct SoloWatch {
    void *owner;
    /* A derived event; nothing is written to an output, or to a consumer's file, then. */
    void (*event)(void *owner, const EventType *type, const Rows *rows, uint32_t row);
    /* A batch has been run. */
    void (*ran)(void *owner, const Engine *engine);
    /* So many bytes were read of the inputs; `of` is 0 where an input has no known size. */
    void (*progress)(void *owner, uint64_t bytes, uint64_t of);
    /* Something is about to be said on standard error. */
    void (*interrupt)(void *owner);
    void (*ended)(void *owner, const SoloStats *stats);
} SoloWatch;

typedef struct SoloOptions {
    char *const *inputs;     /* --in: "URI", or "PRODUCER=URI" for a declared one */
    uint32_t ninputs;
    const char *out;         /* NULL, "-", "stdout:", "file:PATH" or a path */
    const char *errors;      /* a path; NULL = none */
    const char *state;       /* address of the store of tables; NULL = none */
    int64_t state_wait;      /* ns that look-ups wait for a store that is away; < 0 = the default */
    bool all;                /* derived events that are no alerts too */
    bool close_at_end;
    bool quiet;              /* no rejections and no summary on standard error */
    bool row_by_row;
    uint32_t batch_rows;     /* 0 = BATCH_ROWS */
    int64_t from, to;        /* only events of this time, `to` itself not; equal = all */
    double speed;            /* so many times as fast as the events came, each when it is due; 0 = as fast as can be */
    const SoloWatch *watch;  /* or NULL */
} SoloOptions;

typedef enum SoloEnd {
    SOLO_DONE,
    SOLO_NOTHING_USABLE, /* lines came, and every one was rejected */
    SOLO_UNREADABLE,     /* an input, output or table file that cannot be opened, or is not for this program */
    SOLO_NO_STORE,       /* the store of tables cannot be used */
    SOLO_OUT_CLOSED,     /* the output failed on the way */
    SOLO_INTERRUPTED,
} SoloEnd;

/* Loads the tables and runs to the end of all inputs. Says on standard error what went wrong. */
SoloEnd solo_run(const Plan *plan, Memory *memory, SoloOptions options);

#endif
