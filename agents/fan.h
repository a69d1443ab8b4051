/* Fan: from one match to its outputs, through the rows of its enrichments and the items of a list.
 *
 *   match ─► enrich T a … every ─┬─ row 1 ─► enrich U b … ─► for each item ─┬─ item 1 ─► derives
 *                                ├─ row 2 ─► …                              └─ item 2 ─► derives
 *                                └─ …
 */
#ifndef AGENTS_FAN_H
#define AGENTS_FAN_H

#include "agents/derive.h"

/* Looks up the rows and derives what the port's derives say, for each row of `every` and each item: see derive_port.
 * A match of which no `when` held goes to `else derive`. An `or drop` without a row derives nothing, and says so in *dropped, which may be NULL. */
uint32_t fan_derive(Agent *agent, DerivePort port, Handle leaf, int64_t time, const EventId *causes, uint32_t ncauses,
                    uint64_t cause_count, bool *dropped);

#endif
