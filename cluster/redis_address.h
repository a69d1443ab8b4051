/* Redis address: where a Redis is and who asks.
 *
 *   redis://[USER[:${NAME}]@]HOST[:PORT][/DB][?password-file=PATH]
 *   redis+unix:SOCKET[?db=N][&user=USER][&password-file=PATH][&password=${NAME}]      also unix:SOCKET
 *
 * `${NAME}` is the environment's value, anywhere. A password is given so, or in a file, whose first line it is: one
 * that is written out is refused, because arguments are seen by everybody. It is never printed. */
#ifndef CLUSTER_REDIS_ADDRESS_H
#define CLUSTER_REDIS_ADDRESS_H

#include "cep/arena.h"

typedef struct RedisAddress {
    Arena arena;
    const char *socket; /* NULL = host and port */
    const char *host;
    int port;
    int db;
    const char *user, *password; /* NULL = none */
    const char *shown;           /* for messages: without user and password */
} RedisAddress;

/* Reads an address; to be freed in any case. False and a sentence if it is none. */
bool redis_address_read(RedisAddress *address, Memory *memory, const char *text, char *error, size_t error_size);
void redis_address_free(RedisAddress *address);

#endif
