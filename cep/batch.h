/* Batches: up to BATCH_ROWS input events, as columns per event type, plus the order across types.
 *
 *   order   ─► [type 1 row 0][type 0 row 0][type 1 row 1] …          in order-key order
 *   rows[0] ─► time[] key[] id[]  column 0: cells[] states[]  column 1 …   events of type 0
 *   rows[1] ─► …
 *
 * Derived events join the Rows of their type in the batch that caused them; they are not in `order`
 * but carry keys with a path. Strings point into the batch's arena or into memory that outlives it.
 * Tables hold their rows in the same form. */
#ifndef CEP_BATCH_H
#define CEP_BATCH_H

#include "cep/arena.h"
#include "cep/order.h"
#include "cep/value.h"

enum { BATCH_ROWS = 1024 };

/* Identity of an event: a 128-bit hash, or for an input its origin and sequence until somebody asks
 * for the text. See event_id_text. */
typedef struct EventId {
    uint64_t high, low;
} EventId;

#define EVENT_ID_INPUT (UINT64_C(1) << 63) /* high = this | origin, low = sequence */

typedef struct Column {
    TypeKind type;
    bool dirty;      /* some row's state may not be STATE_OK; clear = states need not be read */
    void *cells;     /* type_size(type) bytes a row */
    uint8_t *states; /* State, one byte a row */
} Column;

/* Where a derived event came from: what an alert prints beside its data. Lives in the batch's arena. */
typedef struct Lineage {
    const struct AgentPlan *agent;
    uint32_t derive;              /* of the agent; INDEX_NONE for what the engine says about itself */
    Text key;                     /* the partition's key, encoded: key.h; empty = none */
    int64_t window_start, window_end; /* ns; equal = the context has no window */
    const EventId *causes;
    uint32_t ncauses;
    uint64_t cause_count;
    uint64_t suppressed;
    uint32_t revision;
    bool final; /* the causes' ids are event_id_final's: it came over a wire to one who only prints it */
} Lineage;

typedef struct Rows {
    uint32_t type; /* index of the event type, or of the table */
    uint32_t n, room;
    uint32_t ncolumns;
    Column *columns;
    int64_t *time;            /* occurrence, ns since 1970 UTC */
    int64_t *detected;        /* detection, ns since 1970 UTC */
    OrderKey *key;
    EventId *id;
    const Lineage **lineage;  /* of derived events; NULL entries for inputs */
    struct Rows **used, *used_next; /* of a batch: the list of its rows that have content */
} Rows;

typedef struct RowRef {
    uint32_t type, row;
} RowRef;

typedef struct Batch {
    Memory *memory;
    Arena arena; /* strings, paths and lineages of this batch */
    Rows *rows;  /* one per event type */
    uint32_t ntypes;
    RowRef *order; /* the inputs, in order-key order */
    uint32_t n, room;
    Rows *used; /* those that have rows, see rows_add; a batch must not move once it is made */
} Batch;

/* Makes rows for columns of the given types; room is grown as needed. */
void rows_init(Rows *rows, Memory *memory, uint32_t type, const TypeKind *columns, uint32_t ncolumns);
void rows_fini(Rows *rows, Memory *memory);

/* Makes room for another row where there is none, and readies empty rows for their first: what rows_add seldom does. */
void rows_prepare(Rows *rows, Memory *memory);

/* Adds a row in which every attribute is null, all header fields zero; returns its index. */
static inline uint32_t rows_add(Rows *rows, Memory *memory)
{
    uint32_t row = rows->n;
    if (row == rows->room || row == 0)
        rows_prepare(rows, memory);
    rows->time[row] = 0;
    rows->detected[row] = 0;
    rows->key[row] = (OrderKey){0};
    rows->id[row] = (EventId){0};
    rows->lineage[row] = NULL;
    rows->n = row + 1;
    return row;
}

/* Forgets all rows and keeps the room. */
void rows_clear(Rows *rows);

/* Copies row `from` over row `to`. */
void rows_move(Rows *rows, uint32_t to, uint32_t from);

/* Forgets the rows from n on. */
void rows_truncate(Rows *rows, uint32_t n);

/* Sets an attribute. Strings are not copied. */
static inline void rows_set(Rows *rows, uint32_t row, uint32_t column, Cell value)
{
    Column *c = &rows->columns[column];
    cell_set(c->type, c->cells, row, value);
    c->states[row] = STATE_OK;
}

/* Makes an attribute null or an error. */
static inline void rows_set_state(Rows *rows, uint32_t row, uint32_t column, State state)
{
    rows->columns[column].states[row] = (uint8_t)state;
    rows->columns[column].dirty |= state != STATE_OK;
}

struct Plan;
void batch_init(Batch *batch, Memory *memory, const struct Plan *plan);
void batch_fini(Batch *batch);

/* Forgets all rows, inputs and derived, and resets the arena. */
void batch_clear(Batch *batch);

/* Appends an input to the order. The caller keeps order-key order. */
void batch_append(Batch *batch, uint32_t type, uint32_t row);

/* The id as it is printed: of an input the hash of its origin and sequence, seeded by the network's name. Its first
 * bit may be set; it is to be printed, and not to be asked for again. */
EventId event_id_final(EventId id, Text network);

/* Adds a copy of a row to the Rows of its type, with everything that it refers to in the batch's arena; returns its
 * index. The agent of its lineage is borrowed. It is not appended to the order. */
uint32_t batch_copy(Batch *batch, const Rows *from, uint32_t row);

/* Writes an id as 32 hexadecimal digits and a NUL. network seeds the hash of inputs' ids. */
void event_id_text(EventId id, Text network, char text[33]);

#endif
