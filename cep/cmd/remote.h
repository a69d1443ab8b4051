/* Remote: a node as a command sees it: one question, one answer.
 *
 *   Remote remote;
 *   if (!remote_open(&remote, "cep status", url)) return EXIT_USAGE;
 *   json_t *answer = remote_ask(&remote, json_pack("{s:s}", "do", "status"), 5000);
 *   int code = remote_code(&remote, answer);      EXIT_DONE, or why not, which was said
 *   remote_close(&remote, code); */
#ifndef CEP_CMD_REMOTE_H
#define CEP_CMD_REMOTE_H

#include <jansson.h>

#include "cluster/net.h"

#define REMOTE_URL "tcp://127.0.0.1:7700"

enum { REMOTE_HELLO_MS = 3000, REMOTE_MS = 5000 };

typedef struct Remote {
    const char *verb, *url;
    Memory memory;
    Net *net;
    NetLink link;
} Remote;

/* url NULL = the environment variable CEP_NODE, else REMOTE_URL. Says on standard error when the address is
 * unusable. */
bool remote_open(Remote *remote, const char *verb, const char *url);

/* The JSON is taken; the answer is owned, NULL when none came in time. */
json_t *remote_ask(Remote *remote, json_t *take, uint32_t deadline_ms);

/* Says what an answer means when it is not good: EXIT_DONE, EXIT_WRONG, or EXIT_UNREACHABLE for NULL. */
int remote_code(const Remote *remote, const json_t *answer);

/* Returns the code. Ends the process with it when the network's library does not stop. */
int remote_close(Remote *remote, int code);

#endif
