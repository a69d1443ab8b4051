/* Tally: how often each of many texts came, in the order of their first coming.
 *
 * An open-addressing table of the texts' 128-bit hashes; the texts themselves are kept behind one another, or not at
 * all. What it takes is bounded by LIMIT_REPLAY_BYTES. */
#ifndef CEP_CMD_TALLY_H
#define CEP_CMD_TALLY_H

#include "cep/memory.h"
#include "cep/text.h"
#include "cluster/out.h"

typedef struct TallyItem {
    uint64_t high, low; /* the text's hash */
    uint64_t times;
    uint64_t offset;    /* of the text in texts */
    uint32_t len;
} TallyItem;

typedef struct Tally {
    Memory *memory;
    TallyItem *items;
    uint32_t n, room;
    uint32_t *slots; /* index in items + 1; 0 = free */
    uint32_t mask;
    bool keeps;      /* the texts, too */
    bool full;       /* the limit was met: what came later is missing */
    Out texts;
} Tally;

void tally_init(Tally *tally, Memory *memory, bool keeps);
void tally_fini(Tally *tally);

/* Counts a text; returns whether it is new. Of what finds no room nothing is kept but `full`. */
bool tally_add(Tally *tally, Text text);

/* How often the text of another tally's item came here. */
uint64_t tally_times(const Tally *tally, const TallyItem *item);

/* The text of an item; only where they are kept. */
Text tally_text(const Tally *tally, const TallyItem *item);

#endif
