/* Order keys: one key decides the order of everything, on one thread or on ten nodes.
 *
 *   (time, timer < event < inclusive timer, origin, sequence, derivation path)
 *
 * For an input, origin is its producer and sequence its number there. For a timer, origin is the agent (its index in
 * topological order) and in place of a sequence stands what tells its triggers at that instant apart: the partition's
 * key, byte by byte, and a number. Where an agent's partitions are does not come into it. A derived event carries its
 * cause's key and one more path node, so that it sorts directly behind its cause.
 *
 * A key without a path, as a bound, stands before everything that stems from the same input or timer; a bound of a
 * timer's kind may leave `timer` NULL, and stands before all timers of the agent. */
#ifndef CEP_ORDER_H
#define CEP_ORDER_H

#include "cep/arena.h"

typedef enum OrderKind {
    ORDER_TIMER = 0,
    ORDER_EVENT = 1,
    ORDER_TIMER_INCLUSIVE = 2,
} OrderKind;

/* One derivation step. Lives in the arena of the batch in which it was made, as does OrderTimer. */
typedef struct OrderPath {
    const struct OrderPath *up; /* the step before; NULL = derived from an input or a timer */
    uint32_t agent;             /* index in topological order */
    uint32_t output;            /* counts what the agent derived from this cause */
    uint32_t depth;             /* 1 for the first step */
} OrderPath;

/* A trigger of an agent's timers at one instant. A window that is shared by partitions, as of `fixed …, by …`, has one
 * timer for all of them; its closing is a trigger for each, behind one another: ordered by the timer's own key, which
 * begins the partition's, then by nth, then by the rest of the partition's. */
typedef struct OrderTimer {
    Text key;     /* the partition's, encoded: cep/key.h */
    uint32_t own; /* so many bytes of it are the timer's own; usually all */
    uint32_t nth; /* of the timer among those of the instant with its own key, in the order of firing */
} OrderTimer;

typedef struct OrderKey {
    int64_t time; /* ns since 1970 UTC */
    uint32_t kind;
    uint32_t origin;
    union {
        uint64_t sequence;       /* of ORDER_EVENT */
        const OrderTimer *timer; /* of the others */
    };
    const OrderPath *path; /* NULL for an input */
} OrderKey;

#define ORDER_TIMER_END UINT32_MAX /* nth: the closing of all windows at the end, behind all timers of the agent */

/* Negative when a comes before b, 0 when they are one event, positive when it comes after. */
int order_compare(const OrderKey *a, const OrderKey *b);

/* Whether two keys stem from the same input or timer: they are equal but for their paths. */
bool order_same_root(const OrderKey *a, const OrderKey *b);

/* A key whose timer and path lie in the arena. */
OrderKey order_copy(const OrderKey *key, Arena *arena);

#endif
