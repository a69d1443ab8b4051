/* Json: writes JSON values to a stream, piece by piece, with the commas where they belong. A value reaches the
 * stream when it is complete.
 *
 *   Json json = json_to(stdout);
 *   json_open(&json, NULL, '{');
 *   json_text(&json, "name", agent->name);
 *   json_open(&json, "inputs", '[');  json_text(&json, NULL, …);  json_close(&json, ']');
 *   json_close(&json, '}');
 *
 * A member's name is NULL inside an array and for the outermost value. Nesting is at most 64 deep. */
#ifndef CEP_CMD_JSON_H
#define CEP_CMD_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cluster/out.h"

typedef struct Json {
    FILE *file;
    Memory memory;
    Out out;        /* the value so far; nothing between values */
    uint64_t begun; /* bit d: the value at depth d has a member already */
    int depth;
} Json;

Json json_to(FILE *out);

/* Opens an object or an array: '{' or '['; closes it: '}' or ']'. A newline follows the outermost. */
void json_open(Json *json, const char *name, char bracket);
void json_close(Json *json, char bracket);

void json_text(Json *json, const char *name, Text value);
void json_cstring(Json *json, const char *name, const char *value); /* NULL is null */
void json_int(Json *json, const char *name, int64_t value);
void json_float(Json *json, const char *name, double value);
void json_bool(Json *json, const char *name, bool value);

/* A value that is JSON already. */
void json_value(Json *json, const char *name, Text value);

#endif
