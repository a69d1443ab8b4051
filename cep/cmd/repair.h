/* Repair: the edits that diagnostics are certain of (see Fix in rules/diagnostic.h), made in the texts of the
 * files that were named.
 *
 * An edit is kept only if the rules, compiled again, no longer have the mistake and have no other one in the text
 * that was put in. Edits change neither the number of lines nor their order. */
#ifndef CEP_CMD_REPAIR_H
#define CEP_CMD_REPAIR_H

#include "cep/cmd/network.h"

enum { REPAIRS_MAX = 1000 }; /* edits in a run */

/* Makes every such edit in the texts of n files and returns how many. The texts that change are replaced by new
 * ones in the arena. */
uint32_t repair(Source *files, uint32_t n, const Params *params, Arena *arena);

/* Prints what changed in a file as a unified diff; nothing when nothing did. */
void repair_diff(Text path, Text before, Text after, FILE *out);

#endif
