/* The dictionary of an events frame: what its rows are. msgpack:
 *
 *   [network, [type …], [agent …]]
 *   type  = [name, [attribute …], [word of its type …] or nil, [severity, [tag …], note] or nil]
 *   agent = [name, version, [[key, word of its type] …]]
 *
 * A producer needs no more than ["", [["Login", ["user", "at"]]]]: what is left out at an end of a list was not said.
 * The types' words are those of the rule language; nil in the place of severity: no alert. Rows refer to types and
 * agents by their index. */
#ifndef CLUSTER_DICTIONARY_H
#define CLUSTER_DICTIONARY_H

#include "cep/arena.h"
#include "cep/plan.h"

enum { DICTIONARY_VERSION = 8 }; /* bytes of an agent's hash */

typedef struct DictionaryType {
    Text name;
    Text *attributes;
    TypeKind *kinds; /* NULL = not said */
    uint32_t n;
    bool alert;
    Severity severity;
    Text *tags;
    uint32_t ntags;
    Text note;
} DictionaryType;

typedef struct DictionaryAgent {
    Text name;
    uint8_t version[DICTIONARY_VERSION];
    Text *keys;
    TypeKind *kinds;
    uint32_t nkeys;
} DictionaryAgent;

typedef struct Dictionary {
    Text network;
    DictionaryType *types;
    uint32_t ntypes;
    DictionaryAgent *agents;
    uint32_t nagents;
} Dictionary;

/* Reads a dictionary into the arena; texts are borrowed from the bytes, which have CODEC_PADDING readable bytes
 * behind them. False: it is not one, or has more than LIMIT_FRAME_TYPES types or agents. */
bool dictionary_read(Dictionary *dictionary, Text bytes, Arena *arena);

/* Writes a type, under its name or its name on the wire, and an agent as entries; returns the end. The sizes are upper
 * bounds. */
size_t dictionary_type_size(const EventType *type);
uint8_t *dictionary_put_type(uint8_t *to, const EventType *type, Text name);
size_t dictionary_agent_size(const AgentPlan *agent);
uint8_t *dictionary_put_agent(uint8_t *to, const AgentPlan *agent);

#endif
