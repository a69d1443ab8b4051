/* What the two files of the generator share: a writer of rule text with its random numbers.
 *
 *   generate.c          the network, its streams, conditions, contexts
 *   generate_agents.c   agents by kind, with their policies
 */
#ifndef TESTS_ORACLE_GENERATE_PARTS_H
#define TESTS_ORACLE_GENERATE_PARTS_H

#include <stdio.h>

#include "tests/oracle/random.h"

enum { AGENTS_MAX = 4 };

typedef struct Maker {
    Random random;
    FILE *out;
    uint32_t agent;      /* the one at hand */
    bool extra[AGENTS_MAX]; /* it derives E<i>, too */
    bool closes, bounded, trailing, windowed, by_k;
    bool disorder;       /* producers are late */
    uint32_t aliases;    /* of contexts, so far */
    char opener[16];     /* alias of the innermost opener; empty = none */
    bool inside;         /* behind the agent's brace: its partition may be read */
    bool quiet;          /* some agent so far is */
    bool shifted;        /* some agent so far sets `$time` */
    bool ordered;        /* the agent at hand compares the times of events */
    uint32_t errors;     /* of 100 divisions that may fail */
} Maker;

#define put(m, ...) fprintf((m)->out, __VA_ARGS__)

uint32_t maker_below(Maker *m, uint32_t n);
bool maker_percent(Maker *m, uint32_t n);

/* A duration of the language. */
const char *maker_duration(Maker *m);

/* Writes a type that the agent may hear. */
void maker_type(Maker *m);

/* Writes one comparison over an alias, a condition of some, or ` where ` with one, n times in 100. */
void maker_atom(Maker *m, const char *alias);
void maker_condition(Maker *m, const char *alias);
void maker_where(Maker *m, const char *alias, uint32_t chance);

/* Writes `agent g<i> in CONTEXTS {`. */
void maker_agent(Maker *m, uint32_t chance_none, bool trailing);

/* Writes an agent of some kind, up to its closing brace. */
void maker_body(Maker *m);

#endif
