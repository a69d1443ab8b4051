/* Outcome: what a trial's engine gave since the last block of expectations, and the claims on it. */
#ifndef CEP_CMD_OUTCOME_H
#define CEP_CMD_OUTCOME_H

#include "agents/engine.h"
#include "rules/source.h"

/* A derived event, copied. */
typedef struct Derived {
    const AgentPlan *agent;
    const EventType *type;
    int64_t time;
    Cell *cells;     /* per attribute of the type */
    uint8_t *states;
    bool claimed;
} Derived;

typedef struct Refused {
    const char *reason;
    Text detail;
    bool dropped; /* a policy says so: nobody need expect it */
    bool claimed;
} Refused;

typedef struct Outcome {
    Arena *arena;
    Derived *derived;
    uint32_t nderived;
    Refused *refused;
    uint32_t nrefused;
} Outcome;

/* One value that an expectation names. */
typedef struct Wanted {
    uint32_t attribute; /* INDEX_NONE: $time */
    Cell value;
    State state;        /* STATE_NULL: the attribute must be missing */
} Wanted;

/* One line of a block: so many events of a type with these values. */
typedef struct Wish {
    const EventType *type;
    int64_t time;       /* TIME_NONE: any */
    Wanted *wanted;
    uint32_t nwanted;
    uint32_t times;
    Span span;
    uint32_t found;     /* claimed events */
} Wish;

void outcome_add(Outcome *outcome, const EventType *type, const Rows *rows, uint32_t row);
void outcome_refuse(Outcome *outcome, const char *reason, Text detail, bool dropped);
void outcome_clear(Outcome *outcome);

/* Whether a value is the wanted one; floats within 1e-9 of their size. */
bool wanted_fits(const Wanted *wanted, const Derived *derived);
bool wish_fits(const Wish *wish, const Derived *derived);

/* Claims derived events for wishes so that as many as possible come true, whatever their order. */
void outcome_claim(Outcome *outcome, Wish *wishes, uint32_t n);

/* The unclaimed event that comes nearest to a wish, or NULL. */
const Derived *outcome_nearest(const Outcome *outcome, const Wish *wish);

/* "Hot { sensor: "oven-1", celsius: 95.0 } at 2026-03-01T08:00:00Z" */
Text derived_text(const Derived *derived, Arena *arena);

#endif
