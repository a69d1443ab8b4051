/* Sent: an event of a test, as the line of JSON that a producer would have sent. So tests go through the same
 * door as `cep run`: decoding, defaults, constraints, lateness. */
#ifndef CEP_CMD_SENT_H
#define CEP_CMD_SENT_H

#include "cep/plan.h"
#include "cluster/out.h"

typedef struct Sent {
    const EventType *type;
    Cell *cells;      /* per attribute */
    uint8_t *states;  /* STATE_NULL: the field is left out */
    int64_t time;     /* `$time`; TIME_NONE: left out */
    Text id;          /* `$id`; empty: left out */
} Sent;

/* Writes the object, without a newline; attributes with a path stand where the path says. */
void sent_json(Out *out, const Sent *sent, Arena *arena);

#endif
