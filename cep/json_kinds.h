/* What the decoder of JSON lines knows of each kind of object: its fields, and what each attribute wants.
 * Made once from a plan. */
#ifndef CEP_JSON_KINDS_H
#define CEP_JSON_KINDS_H

#include "cep/json_fields.h"
#include "cep/value.h"

enum { JSON_SEEN_WORDS = 512 / 64 };

struct Plan;
struct ProducerPlan;

typedef struct JsonAttribute {
    Text name;
    TypeKind type;
    int64_t unit; /* of a time given as a number, ns; 0 = RFC 3339 only */
    const struct ValueType *of; /* of a list, record, map: its parts */
    bool lenient; /* what cannot be read is missing */
} JsonAttribute;

/* One event type, or one table. */
typedef struct JsonKind {
    const char *what; /* "event", for messages */
    Text name;
    uint32_t type;    /* index into the rows */
    JsonFields *fields;
    JsonAttribute *attributes;
    uint32_t nattributes;
    uint64_t required[JSON_SEEN_WORDS]; /* bit per attribute */
} JsonKind;

/* A value of the type field. */
typedef struct JsonName {
    Text wire;
    JsonKind *kind;
} JsonName;

typedef struct JsonKinds {
    JsonKind *items;
    uint32_t n;
    JsonName *names;  /* sorted by wire */
    uint32_t nnames;
    Text type_field;  /* empty: there is one kind, and lines need not name it */
} JsonKinds;

/* What a producer may send; NULL = every input type of the plan. */
void json_kinds_init(JsonKinds *kinds, Arena *arena, const struct Plan *plan, const struct ProducerPlan *producer);

/* One kind for objects that name none. */
struct Attribute;
void json_kinds_init_one(JsonKinds *kinds, Arena *arena, const char *what, Text name,
                         const struct Attribute *attributes, uint32_t n);

/* What a value of the type field names; NULL = nothing. */
const JsonName *json_kind_named(const JsonKinds *kinds, Text wire);

#endif
