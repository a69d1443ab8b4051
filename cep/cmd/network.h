/* Network: the rule files named on a command line, read as one network.
 *
 *   Network network;
 *   int code = network_read(&network, paths, n);         reads and parses
 *   if (code == EXIT_DONE)
 *       code = network_compile(&network, params, nparams);  network.plan
 *   network_report(&network, stderr);                    diagnostics, if there are any
 *   network_free(&network);
 *
 * Every verb that takes rule files begins like this, so that they all say the same about the same file. */
#ifndef CEP_CMD_NETWORK_H
#define CEP_CMD_NETWORK_H

#include "rules/compile.h"

typedef struct Network {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
    AstModule module;
    Plan *plan; /* NULL until network_compile succeeded */
} Network;

/* Reads and parses the files, each once; "-" is standard input. Returns EXIT_DONE, EXIT_WRONG when a file has
 * mistakes, or EXIT_USAGE when one cannot be read, which is said on standard error at once. The network is
 * to be freed in any case. */
int network_read(Network *network, char *const *paths, size_t n);

/* Reads one file without parsing it. */
int network_source(Network *network, const char *path);

/* Parses n texts in memory as if they were files: path and text of each source are read, and borrowed. For
 * another plan of the same files, or for texts that are none. */
int network_read_texts(Network *network, const Source *sources, uint32_t n);

/* Makes the plan. Returns EXIT_DONE, or EXIT_WRONG when the rules are. */
int network_compile(Network *network, const ParamValue *params, uint32_t nparams);

/* Prints the diagnostics for people; nothing when there are none. */
void network_report(const Network *network, FILE *out);

void network_free(Network *network);

/* The params of --param, collected by an argp parser. */
typedef struct Params {
    ParamValue *items;
    uint32_t n;
} Params;

/* Adds "name=value"; false when the text is not of this form. Values and names point into the argument. */
bool params_add(Params *params, char *argument);

/* Gives a param a value in place of the one it may have. */
void params_set(Params *params, Text name, Text text);
void params_free(Params *params);

#endif
