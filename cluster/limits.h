/* Limits: the rows of limits.def as constants. */
#ifndef CLUSTER_LIMITS_H
#define CLUSTER_LIMITS_H

#include <stdint.h>

typedef enum Limit {
#define X(name, value, key, message) LIMIT_##name,
#include "cluster/limits.def"
    LIMITS
} Limit;

/* The bound itself, its name in a configuration, and the sentence for whoever met it. */
int64_t limit_default(Limit limit);
const char *limit_key(Limit limit);
const char *limit_message(Limit limit);

#endif
