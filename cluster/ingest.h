/* Ingest: from lines to order. What comes in is decoded, completed, checked, stamped and put into order-key
 * order; what cannot be used is rejected, with a reason.
 *
 *   ingest_producer … ; for each line: ingest_line; before its bytes go: ingest_settle;
 *   when no input is pending: ingest_run; at the end of a producer: ingest_end; at the very end: ingest_run
 *
 *   decode ─► defaults, computed attributes, constraints (a column at a time) ─► occurrence time ─► lateness
 *          ─► one producer without lateness: the engine's own batch, no copy
 *          ─► else: Reorder, until the frontier has passed
 *
 * Lateness is decided per producer: an event is late if its time is below the greatest time earlier in its
 * producer's sequence − the lateness; events that were rejected do not count. The frontier is the least, over
 * the producers that have neither ended nor been left out as idle, of what they can still send.
 *
 * An event's sequence is its line's number. Detection time is logical, the occurrence time, so that two runs over
 * one input agree; under `time detection` it is the wall clock at reading, and orders the events. An event
 * that carries no time happens at the latest time of its producer, or now if no event of the network
 * carries one. */
#ifndef CLUSTER_INGEST_H
#define CLUSTER_INGEST_H

#include "cep/plan.h"
#include "cluster/frame.h"

typedef struct Ingest Ingest;

typedef struct IngestOptions {
    uint32_t batch_rows;                  /* inputs of a batch; 0 = BATCH_ROWS */
    struct Table *const *tables;          /* for defaults that read tables; may be NULL */
    int64_t (*clock)(void);               /* wall clock, ns; NULL = the system's */
    uint64_t reorder_rows, reorder_bytes; /* 0 = the defaults of limits.def */
    int64_t from, to;                     /* events before `from`, and from `to` on, are passed over; equal = none are */
} IngestOptions;

/* A line that was not used. Everything is borrowed for the call. */
typedef struct IngestRejection {
    uint32_t producer;
    uint64_t line;
    const char *reason;
    Text detail;
    Text original;
    bool dropped; /* by `late drop`: only to be counted */
} IngestRejection;

typedef struct IngestSink {
    void *owner;
    Batch *(*batch)(void *owner); /* the engine's batch; empty after run */
    void (*run)(void *owner);
    void (*rejected)(void *owner, const IngestRejection *rejection);
} IngestSink;

typedef struct IngestStats {
    uint64_t lines, accepted, rejected, unknown_fields;
    uint64_t passed_over; /* outside of IngestOptions.from and .to */
} IngestStats;

/* The plan is borrowed; its `late` policy is not LATE_CORRECT. */
Ingest *ingest_new(const Plan *plan, Memory *memory, IngestOptions options, IngestSink sink);
void ingest_free(Ingest *ingest);

/* Adds a producer, all of them before the first line; returns its index, which is the origin of its events.
 * NULL = one that may send every input type. */
uint32_t ingest_producer(Ingest *ingest, const ProducerPlan *producer);

/* Finds a producer by its name, or adds it, also after the first line. A producer that the rules declare has its
 * index there as origin, the unnamed one 0 where the rules declare at most one, every other a hash with the top
 * bit set. One that had ended begins again. INDEX_NONE: LIMIT_PRODUCERS is reached. */
uint32_t ingest_producer_named(Ingest *ingest, Text name);
uint32_t ingest_origin(const Ingest *ingest, uint32_t producer);

/* What became of a frame. */
typedef struct IngestTaken {
    FrameError error;    /* of a frame that was refused; nothing of it was taken */
    uint32_t rows;       /* taken in: accepted, or rejected one by one */
    uint32_t duplicates; /* numbers that the producer had sent before in this epoch, or that an older epoch sent */
} IngestTaken;

/* Takes a producer's frame of events or lines; event i has the number frame->first + i. The frame's bytes are not
 * needed afterwards. Frontiers of frames are the caller's business. */
IngestTaken ingest_frame(Ingest *ingest, uint32_t producer, const Frame *frame);

/* Events below the key come too late from now on. */
void ingest_pass(Ingest *ingest, const OrderKey *key);

/* The key below which nothing more comes; false if some producer has not begun. */
bool ingest_frontier(const Ingest *ingest, OrderKey *below);

/* Takes a line of a producer; number is its line number, from 1 and rising. 64 bytes behind it are readable. The
 * line must stay until ingest_settle. */
void ingest_line(Ingest *ingest, uint32_t producer, Text line, uint64_t number);

/* Checks and orders the lines taken so far; their bytes are not needed afterwards. */
void ingest_settle(Ingest *ingest);

/* Settles, and hands everything below the frontier to the engine. */
void ingest_run(Ingest *ingest);

/* The producer sends nothing more. */
void ingest_end(Ingest *ingest, uint32_t producer);

/* The producer is silent: leave it out of the minimum until its next line. */
void ingest_idle(Ingest *ingest, uint32_t producer);

/* The producer that holds the frontier back; INDEX_NONE if there is none. */
uint32_t ingest_slowest(const Ingest *ingest);

/* Whether so much waits that only the slowest producer should be read. */
bool ingest_crowded(const Ingest *ingest);

uint64_t ingest_waiting(const Ingest *ingest);
/* The greatest order-key time handed to the engine; TIME_NONE if none was. */
int64_t ingest_time(const Ingest *ingest);
/* The greatest order-key time of what was accepted, handed on or waiting; TIME_NONE if nothing was. */
int64_t ingest_greatest(const Ingest *ingest);
IngestStats ingest_stats(const Ingest *ingest);

#endif
