/* The header of an ordered row, as frame_reader.c and foreign.c read it: what its columns do not say.
 *
 *   [time, detected or nil, order key, id or nil, lineage or nil]
 *   order key = [time or nil, kind, origin, sequence or [partition's key, own, nth], agent, output, …]
 *   lineage   = [agent, [value …] or nil, window start, window end, [cause …], cause count, suppressed, revision]
 *
 * Where nil may stand, it means: detected at the key's time; the key's time is the row's; the id of an input follows
 * from its key; an input has no lineage. */
#ifndef CLUSTER_ROW_HEADER_H
#define CLUSTER_ROW_HEADER_H

#include "cep/codec.h"
#include "cluster/dictionary.h"

/* Reads the beginning: times and key. The timer and the path of the key go into the arena. False: it is not one. */
bool row_order_read(Cursor *cursor, Arena *arena, int64_t *time, int64_t *detected, OrderKey *key);

/* Reads the rest: id and lineage; *lineage is NULL if the row has none, else lies in the room's values, its agent not set.
 * *agent is the agent's index in the dictionary. */
bool row_lineage_read(Cursor *cursor, CodecRoom room, const Dictionary *dictionary, bool final_ids, const OrderKey *key,
                      EventId *id, Lineage **lineage, uint32_t *agent);

#endif
