/* Identities: which events came already, by their ids, as long as a duplicate of them would not be late.
 *
 * At most so many are remembered; beyond, the oldest is forgotten. */
#ifndef CLUSTER_IDENTITIES_H
#define CLUSTER_IDENTITIES_H

#include "cep/batch.h"

typedef struct Identities Identities;

Identities *identities_new(Memory *memory, uint32_t most);
void identities_free(Identities *identities);

/* Remembers an event of a time; false if its id is remembered already. */
bool identities_add(Identities *identities, EventId id, int64_t time);

/* Forgets those that came first, up to the first whose time is not before the horizon. */
void identities_forget(Identities *identities, int64_t horizon);

#endif
