/* Reading the rows of events frames into a batch of a plan.
 *
 * A reader belongs to one source of frames: it keeps the map from the dictionary to columns as long as the source
 * sends the same dictionary. The rows' bytes are copied once, whole, into the batch's arena, and strings point there;
 * nothing else is allocated for a row.
 *
 * A frame is read as a whole or refused as a whole. A row whose values do not fit is rejected alone. */
#ifndef CLUSTER_FRAME_READER_H
#define CLUSTER_FRAME_READER_H

#include "cep/plan.h"
#include "cluster/frame.h"
#include "cluster/out.h"

typedef struct FrameReader FrameReader;

typedef struct FrameRow {
    uint32_t index;      /* in the frame: its number is frame->first + index */
    uint32_t type, row;  /* where it went; of a rejection the type, or UINT32_MAX */
    bool has_time, has_id; /* said by the producer; rows of ordered frames have their headers in the batch */
    int64_t time;
    EventId id;
    const char *reason;  /* NULL = a row was added; "unknown type", "unknown agent", "invalid" */
    Text detail;         /* of a rejection; lives in the batch's arena */
    Text bytes;          /* the row as it came, there too; for frame_row_json */
    uint32_t unknown;    /* attributes nobody asked for */
} FrameRow;

/* Whether a row is wanted; one that is not is passed over undecoded. type as in the plan, UINT32_MAX = none of it;
 * key: of an ordered frame, else NULL; hashes: frame->nhashes of them, NULL without FRAME_KEYS. */
typedef bool FrameWants(void *owner, uint32_t index, uint32_t type, const OrderKey *key, const uint32_t *hashes);

/* The plan is borrowed; producer says what its rows may be and how they are called; NULL = every input type.
 * Both are ignored for ordered frames, whose rows are named as in the plan. */
FrameReader *frame_reader_new(Memory *memory, const Plan *plan, const ProducerPlan *producer);
void frame_reader_free(FrameReader *reader);

/* Adds the rows of an events frame to a batch (to its Rows, not to its order), and says in rows, which has room for
 * frame->count, what became of each; those not wanted are left out. wants may be NULL. */
FrameError frame_read(FrameReader *reader, const Frame *frame, Batch *batch, FrameWants *wants, void *owner,
                      FrameRow *rows, uint32_t *n);

/* The dictionary of the frame read last. */
const struct Dictionary *frame_reader_dictionary(const FrameReader *reader);

/* Writes a row of the frame read last as it came, as a JSON object: {"type":"Login","user":"ann"}; null for what JSON
 * cannot say. */
void frame_row_json(const FrameReader *reader, const FrameRow *row, Out *out);

#endif
