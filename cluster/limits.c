#include "cluster/limits.h"

#include <assert.h>

static const struct LimitRow {
    int64_t value;
    const char *key, *message;
} rows[LIMITS] = {
#define X(name, value, key, message) [LIMIT_##name] = {value, key, message},
#include "cluster/limits.def"
};

int64_t limit_default(Limit limit)
{
    assert(limit < LIMITS);
    return rows[limit].value;
}

const char *limit_key(Limit limit)
{
    assert(limit < LIMITS);
    return rows[limit].key;
}

const char *limit_message(Limit limit)
{
    assert(limit < LIMITS);
    return rows[limit].message;
}
