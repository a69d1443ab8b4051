/* Records: copies of events that outlive their batch, kept as participants of open matches.
 *
 *   ┌────────────┬───────────────────┬─────────────────────────┬──────────────────┐
 *   │ header 48 B│ states, 1 B per   │ cells, 8 or 16 B a slot │ bytes of strings │
 *   │            │ 8 B of cells      │                         │                  │
 *   └────────────┴───────────────────┴─────────────────────────┴──────────────────┘
 *
 * Only the slots that something reads later are kept; Shape.offset says where. A string's cell is
 * {uint32 offset from the record's start, uint32 length}. Records live in a Pool and are counted. */
#ifndef CEP_RECORD_H
#define CEP_RECORD_H

#include "cep/batch.h"
#include "cep/pool.h"

/* What programs may read of one participant: its slots, where they are in each event type's columns,
 * and where in a record. Part of the plan. */
typedef struct Slot {
    Text name;
    TypeKind type;
    bool kept; /* some program reads it after the event's own batch */
} Slot;

typedef struct ShapeSource {
    uint32_t type;          /* event type, or table */
    const uint16_t *column; /* slot → column */
} ShapeSource;

typedef struct Shape {
    uint16_t nslots;
    uint16_t nsources;
    Slot *slots;
    ShapeSource *sources;
    uint16_t *offset;     /* slot → byte offset in a record; 0 = not kept */
    uint16_t *state;      /* slot → byte offset of its State */
    uint32_t record_size; /* bytes before the strings */
    bool header;          /* some program reads a header attribute after the event's own batch */
} Shape;

typedef struct Record {
    uint32_t refs;
    uint32_t size; /* bytes in the pool */
    int64_t time, detected;
    EventId id;
    uint32_t type;  /* event type */
    uint32_t cells; /* byte offset of the first cell: the state of the cell at offset o is the byte
                       sizeof(Record) + (o - cells) / 8 */
} Record;

/* Fills in offset, state and record_size from the slots' kept flags. Called once, by the lowering. */
void shape_seal(Shape *shape, Arena *arena);

/* The slot → column map for an event type, or NULL if the shape does not know the type. */
const uint16_t *shape_columns(const Shape *shape, uint32_t type);

/* Copies a row into the pool with one reference. Strings longer than RECORD_STRING_MAX are cut there; lists and the
 * like, which have no shorter form, become an error value. */
Handle record_new(Pool *pool, const Shape *shape, const Rows *rows, uint32_t row);

/* Takes another reference; gives one back and frees the record with the last. */
void record_ref(Pool *pool, Handle record);
void record_unref(Pool *pool, Handle record);

/* The state of the cell at a byte offset (View.offset). */
static inline State record_state(const Record *record, uint32_t offset)
{
    return (State)((const uint8_t *)(record + 1))[(offset - record->cells) / 8];
}

/* Reads the cell at a byte offset; strings point into the record. Meaningful when the state is STATE_OK. */
Cell record_cell(const Record *record, uint32_t offset, TypeKind type);

static inline Record *record_at(const Pool *pool, Handle record)
{
    return pool_at(pool, record);
}

enum { RECORD_STRING_MAX = 64 << 10 };

#endif
