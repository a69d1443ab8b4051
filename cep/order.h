/* Order keys: one key decides the order of everything, on one thread or on ten nodes.
 *
 *   (time, timer < event < inclusive timer, origin, sequence, derivation path)
 *
 * For an input, origin is its producer and sequence its number there. For a timer, origin is the agent
 * (its index in topological order) and sequence counts that agent's timers of the instant in the order of
 * their partition keys. A derived event carries its cause's key and one more path node, so that it sorts
 * directly behind its cause. */
#ifndef CEP_ORDER_H
#define CEP_ORDER_H

#include <stdint.h>

typedef enum OrderKind {
    ORDER_TIMER = 0,
    ORDER_EVENT = 1,
    ORDER_TIMER_INCLUSIVE = 2,
} OrderKind;

/* One derivation step. Lives in the arena of the batch in which it was made. */
typedef struct OrderPath {
    const struct OrderPath *up; /* the step before; NULL = derived from an input or a timer */
    uint32_t agent;             /* index in topological order */
    uint32_t output;            /* counts what the agent derived from this cause */
    uint32_t depth;             /* 1 for the first step */
} OrderPath;

typedef struct OrderKey {
    int64_t time; /* ns since 1970 UTC */
    uint32_t kind;
    uint32_t origin;
    uint64_t sequence;
    const OrderPath *path; /* NULL for an input */
} OrderKey;

/* Negative when a comes before b, 0 when they are one event, positive when it comes after. */
int order_compare(const OrderKey *a, const OrderKey *b);

#endif
