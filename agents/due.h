/* Due: the timers of one agent that fall into the batch at hand, in the order in which they fire:
 * deadline, then inclusive ones, then partition key, then the order in which they were set. A binary heap,
 * usually of none or a few. */
#ifndef AGENTS_DUE_H
#define AGENTS_DUE_H

#include "agents/wheel.h"
#include "cep/text.h"

typedef struct DueEntry {
    int64_t deadline;
    uint64_t serial;
    Text key;       /* the partition's; in the batch's arena */
    Handle timer;
    bool inclusive;
} DueEntry;

typedef struct Due {
    DueEntry *heap;
    uint32_t n, room;
} Due;

void due_push(Due *due, Memory *memory, DueEntry entry);
DueEntry due_pop(Due *due);
void due_fini(Due *due, Memory *memory);

#endif
