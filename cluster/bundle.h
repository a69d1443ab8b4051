/* Bundle: rule texts on their way to a node, and the plan that the node makes of them.
 *
 *   cep deploy: reads files ─► bundle_add ─► bundle_json ─► deploy request
 *   node:       bundle_read ─► bundle_compile (in a thread of its own) ─► plan and tables, or diagnostics
 *
 *   {"files":[{"path":"atm.cep","text":"network atm …"}],"folder":"/home/ann/rules","params":{"limit":"5"}}
 *
 * A node reads no rule file of its own: a `use` finds what stands in the bundle. Files that tables name are
 * read by every node, relative to the folder. */
#ifndef CLUSTER_BUNDLE_H
#define CLUSTER_BUNDLE_H

#include <jansson.h>

#include "cluster/rejections.h"
#include "cluster/tables.h"

typedef struct Bundle {
    json_t *json;      /* as it travels */
    Memory memory;     /* of what is compiled; one thread at a time */
    Arena arena;       /* of the sources and their trees */
    Plan *plan;        /* NULL = not compiled, or wrong */
    Tables *tables;
    Rejections *rejections; /* rows of tables, and whatever else the network rejects … */
    Out errors;        /* … as JSON lines, in memory */
    char *diagnostics; /* as `cep check` prints them, warnings too; "" = none; from malloc */
} Bundle;

/* Returns a bundle without files. */
Bundle *bundle_new(const char *folder);

/* Adds a file, whose path and text are UTF-8, or a param; copies. */
void bundle_add(Bundle *bundle, Text path, Text text);
void bundle_param(Bundle *bundle, Text name, Text value);

/* Takes a bundle out of a request. Returns NULL when it is none, and says why. */
Bundle *bundle_read(const json_t *json, char *error, size_t error_size);

/* Makes the plan and opens the tables; state is the address of a store, or "" for none. Returns whether that went
 * well; diagnostics say what did not. */
bool bundle_compile(Bundle *bundle, const char *state);

/* The first 8 bytes of the plan's version, as frames carry them; as 16 hexadecimal digits. */
uint64_t bundle_version(const Bundle *bundle);
void version_text(uint64_t version, char text[17]);

void bundle_free(Bundle *bundle);

#endif
