/* Rejections: what could not be used, never silently.
 *
 * Every rejection has a counter under its reason, a fixed phrase: "malformed", "unknown type", "invalid", "late",
 * "line too long", "limit reached", "evaluation failed". The first few of each reason are shown on standard
 * error, `auth.jsonl:17: rejected: …`; with a file given, each is written there as one JSON line:
 *
 *   {"event":"atm.errors","reason":"invalid","detail":"…","agent":null,"source":"auth.jsonl","line":17,"original":"…"} */
#ifndef CLUSTER_REJECTIONS_H
#define CLUSTER_REJECTIONS_H

#include <stdio.h>

#include "cluster/out.h"

typedef struct Rejections Rejections;

typedef struct Rejected {
    const char *reason; /* lives for ever */
    Text detail;        /* one sentence */
    Text agent;         /* empty = before any agent */
    Text source;        /* the file; empty = unknown */
    uint64_t line;      /* 0 = unknown */
    Text original;      /* the line, or the event as JSON; empty = not at hand */
} Rejected;

/* errors is where each goes as JSON, or NULL; shown where the first go for people, or NULL. Both borrowed. */
Rejections *rejections_new(Memory *memory, Text network, Out *errors, FILE *shown);
void rejections_free(Rejections *rejections);

/* Counts, shows, writes. */
void rejections_add(Rejections *rejections, const Rejected *rejected);

/* Only counts: what a policy says to drop. */
void rejections_count(Rejections *rejections, const char *reason);

uint64_t rejections_total(const Rejections *rejections);
uint64_t rejections_of(const Rejections *rejections, const char *reason);

/* The i-th reason that was met, and how often; NULL behind the last. */
const char *rejections_reason(const Rejections *rejections, uint32_t i, uint64_t *count);

/* Prints "3 rejected (2 late, 1 invalid)", or "0 rejected"; without a newline. */
void rejections_print(const Rejections *rejections, FILE *out);

/* Prints a count with its thousands apart: 1,715. */
void count_print(uint64_t count, FILE *out);

#endif
