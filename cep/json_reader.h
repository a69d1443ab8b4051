/* JSON lines into rows: one object, one event, decoded straight into the columns of its type.
 *
 *   JsonReader *json = json_reader_new(&memory, plan, producer);
 *   json_reader_into(json, batch->rows, batch->memory, &batch->arena);   whenever the batch was cleared
 *   if (json_reader_decode(json, line, len, &row)) …                      a row was added
 *   else … row.reason, row.detail                                       nothing was added
 *
 * What stands where in an object is docs/reference/run.md's business. A line is a whole JSON object; strings
 * are valid UTF-8; a number, string, list is read as the attribute's type says. A null is a missing value; of a
 * field that stands twice the last counts. Fields nobody asked for are checked for being JSON, counted, and
 * passed over. Defaults, computed attributes and constraints are not applied here: a missing attribute that has
 * neither a default nor a `?` is a rejection.
 *
 * In steady state nothing is allocated but the arena's room for strings. Built for lines of some hundred bytes;
 * one line may have up to JSON_LINE_MAX. */
#ifndef CEP_JSON_READER_H
#define CEP_JSON_READER_H

#include "cep/batch.h"

enum {
    JSON_PADDING = 64,         /* bytes behind a line that must be readable; the first of them is no digit */
    JSON_LINE_MAX = 16 << 20,  /* bytes; a longer line is a rejection */
    JSON_ATTRIBUTES_MAX = 512, /* of a type */
};

struct Plan;
struct ProducerPlan;
struct Attribute;

typedef struct JsonReader JsonReader;

/* What became of a line. */
typedef struct JsonRow {
    uint32_t type, row;   /* where it went; the type is set for rejections too if it is known, else UINT32_MAX */
    bool has_time, has_id;
    int64_t time;         /* `$time`, ns */
    EventId id;           /* hash of `$id` */
    uint32_t unknown;     /* fields nobody asked for */
    uint32_t text_bytes;  /* strings took so much of the arena */
    const char *reason;   /* of a rejection: "malformed", "unknown type", "invalid" */
    Text detail;          /* of a rejection, one sentence; valid until the next line */
} JsonRow;

/* A decoder for what a producer sends; producer NULL = any input type, named in the field `type`. Objects and
 * lists may be nested to nesting_max. The plan is borrowed. */
JsonReader *json_reader_new(Memory *memory, const struct Plan *plan, const struct ProducerPlan *producer,
                        uint32_t nesting_max);

/* A decoder for objects of one kind without header fields: the rows of a table. */
JsonReader *json_reader_of(Memory *memory, const char *what, Text name, const struct Attribute *attributes, uint32_t n,
                       uint32_t nesting_max);

void json_reader_free(JsonReader *json);

/* Says where rows go: rows[type], grown from memory; strings into the arena. To be called again whenever
 * the arena was reset. */
void json_reader_into(JsonReader *json, Rows *rows, Memory *memory, Arena *arena);

/* Decodes a line without its line end. JSON_PADDING bytes behind it are readable. Returns false and adds
 * nothing when the line is rejected. Header fields of the row are left zero. */
bool json_reader_decode(JsonReader *json, const char *line, size_t len, JsonRow *row);

#endif
