/* Share: what one engine does of a plan that several engines run together, each on another node.
 *
 *   how        rows that the agent takes
 *   NONE       the agent is not here
 *   WHOLE      all
 *   KEYS       those whose partition key lies in a slot of this engine; a row without the key counts as the empty key
 *   SPREAD     what agents here have derived; of inputs, and of what others derive, too (COPIED), those whose order key lies in
 *              a slot of this engine
 *   COPIED     all, as every other engine does; it reports failures as SPREAD would
 *
 *   key bytes ─► share_hash ─► slot, one of SHARE_SLOTS ─► a bit of `slots`
 *
 * Over all engines every slot has one owner, so that every row is taken and every alert derived once, but by COPIED
 * agents, and every failure is reported once. The hash and the number of slots are part of what nodes agree upon: see cluster/placement.h. */
#ifndef AGENTS_SHARE_H
#define AGENTS_SHARE_H

#include "cep/plan.h"

typedef enum ShareHow { SHARE_NONE, SHARE_WHOLE, SHARE_KEYS, SHARE_SPREAD, SHARE_COPIED } ShareHow;

enum { SHARE_SLOTS = 4096 };

typedef struct EngineShare {
    const uint8_t *how;    /* ShareHow of each agent of the plan */
    const uint64_t *slots; /* bit per slot: it is this engine's */
    const bool *leaves;    /* per event type: its derived events go to the sink though they are no alerts */
} EngineShare;

/* Whether an agent's state falls apart by the first key of its context, so that KEYS can be said of it. */
bool share_by_key(const AgentPlan *agent);

/* The hash of a partition key (of the first `by` of a context), encoded as in cep/key.h. */
uint32_t share_hash(Text key);

/* The hash of an order key without its path: of the input or timer from which an event stems. */
uint32_t share_hash_order(const OrderKey *key);

static inline uint32_t share_slot(uint32_t hash)
{
    return hash % SHARE_SLOTS;
}

static inline bool share_owns(const EngineShare *share, uint32_t hash)
{
    uint32_t slot = share_slot(hash);
    return share->slots[slot / 64] >> (slot % 64) & 1;
}

#endif
