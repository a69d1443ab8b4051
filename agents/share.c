/* What can be shared, and the hashes by which it is. */
#include "agents/agent.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The steps as agent.c makes levels of them: trailing windows go to the leaf, and one window of the calendar, which is the
 * same for all keys, may stand in front of the key. */
bool share_by_key(const AgentPlan *agent)
{
    if (agent->quiet.per)
        return false;
    bool calendar = false;
    for (uint32_t i = 0; i < agent->ncontexts; i++) {
        const ContextStep *step = &agent->contexts[i];
        if (step->kind == CONTEXT_BY)
            return true;
        bool trails = step->kind == CONTEXT_LAST && step->last;
        if (!trails && (calendar || step->at_most || !context_ops(step->kind)->calendar))
            return false;
        calendar |= !trails;
    }
    return false;
}

uint32_t share_hash(Text key)
{
    return (uint32_t)XXH3_64bits(key.p, key.len);
}

typedef struct Root { /* hashed as it lies: no padding */
    int64_t time;
    uint64_t sequence;
    uint32_t kind, origin;
} Root;

uint32_t share_hash_order(const OrderKey *key)
{
    Root root = {.time = key->time, .kind = key->kind, .origin = key->origin};
    if (key->kind == ORDER_EVENT)
        root.sequence = key->sequence;
    else
        root.sequence = XXH3_64bits_withSeed(key->timer->key.p, key->timer->key.len, key->timer->nth);
    return (uint32_t)XXH3_64bits(&root, sizeof root);
}
