/* Which field of a JSON object is which attribute of an event type.
 *
 *   root ─► "ts" → attribute 0      "user" → attribute 2      "Event" ─► "EventData" ─► "Image" → attribute 5
 *           "$id" → header          "type" → the type field   "tags"  ─► [0]         → attribute 6
 *
 * A level finds a field in two ways. The fields of a producer's lines nearly always come in the same order,
 * so each remembers which one followed it last time, and a masked comparison of 16 bytes confirms the guess.
 * Otherwise a hash table with open addressing answers.
 *
 * Attributes of which one lies inside the other (a point and its "lat") cannot be read in one pass over a
 * line; the second goes to a further tree, `next_pass`. */
#ifndef CEP_JSON_FIELDS_H
#define CEP_JSON_FIELDS_H

#include "cep/arena.h"

typedef struct JsonLevel JsonLevel;

typedef enum JsonHeader { JSON_NO_HEADER, JSON_ID, JSON_TIME, JSON_OTHER } JsonHeader;

#define JSON_NO_ATTRIBUTE UINT32_MAX

typedef struct JsonField {
    Text name;
    uint64_t word[2], mask[2]; /* name and closing quote as they stand in a line, first 16 bytes */
    uint32_t index;            /* of a list's element */
    uint32_t attribute;        /* JSON_NO_ATTRIBUTE = none */
    JsonHeader header;
    bool names_type;           /* the type field */
    JsonLevel *inside;         /* fields of its value; NULL = none is wanted */
    struct JsonField *follower;/* came behind this one last time */
} JsonField;

struct JsonLevel {
    JsonField **fields;
    uint32_t n;
    JsonField **slots; /* NULL = free */
    uint32_t bits;     /* slots = 1 << bits */
    JsonField *first;  /* began the object last time */
};

typedef struct JsonFields {
    JsonLevel *root;
    struct JsonFields *next_pass;
} JsonFields;

struct Attribute;

/* Makes the tree for n attributes, those with a `compute` left out, and for the type field, a path with
 * dots; an empty one = none. headers: `$id`, `$time` and their like are known. */
JsonFields *json_fields_new(Arena *arena, const struct Attribute *attributes, uint32_t n, Text type_field,
                            bool headers);

/* Finds a field by its unescaped name; NULL if nobody wants it. */
JsonField *json_level_find(const JsonLevel *level, const char *name, size_t len);

#endif
