/* Patterns over the set of a partition: what differs among them. pattern.c takes the participants into a Set and
 * derives, by the policies; a pattern says which events it takes and whether it holds.
 *
 * Members are numbered from 1 as they come; `gone` of them have left (a trailing window, consumption, a run that was
 * broken), so that a fact about member n still counts if n > gone. No pattern looks at its members again. */
#ifndef AGENTS_PATTERNS_PATTERN_H
#define AGENTS_PATTERNS_PATTERN_H

#include "agents/set.h"

/* What a leaf holds behind its Set; zeroed it is new. */
typedef struct PatternState {
    uint64_t members; /* so far */
    uint64_t last;    /* the latest one with a value */
    uint64_t pair;    /* trends: the first of the latest two with a value */
    uint64_t broken;  /* always: the last that does not satisfy; trends: the first of the last two that do not fit */
    uint64_t up, down;/* mixed: the first of the last two that rise, that fall */
    Kept value;       /* trends: of `last` */
    bool has_value;
    bool held;        /* edges: the condition was true at the participant before */
    bool reported;    /* runs: this one was */
} PatternState;

/* A participant before it is taken in: the value of PatternPlan.value for it. */
typedef struct PatternEvent {
    State state;
    Cell value;
} PatternEvent;

typedef struct PatternOps {
    /* Notes a participant that will be member number state->members + 1. False: it is none. Empties the set with
     * set_clear where a new run begins. */
    bool (*take)(Agent *agent, Handle leaf, PatternState *state, const PatternEvent *event);
    /* Whether the pattern holds of what is in the set; views are set up. */
    bool (*holds)(Agent *agent, Handle leaf, PatternState *state, uint64_t gone);
} PatternOps;

#define X(name, word, what) extern const PatternOps PATTERN_OPS_##name;
#include "cep/patterns.def"
#undef X

#endif
