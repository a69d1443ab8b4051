/* Inbox: messages of one source that wait for the loop, bounded in number and bytes.
 *
 * One side puts (a thread of the network library), the other takes (the loop). inbox_put says when the bound is
 * met: the source is not read on then, until inbox_take has made room and says so. */
#ifndef CLUSTER_INBOX_H
#define CLUSTER_INBOX_H

#include <pthread.h>

#include "cluster/net.h"

typedef struct Inbox {
    pthread_mutex_t lock;
    NetMessage *messages; /* a circle of room */
    uint32_t room, first, n;
    size_t bytes, bytes_max;
    bool full;            /* the source is not read on */
} Inbox;

void inbox_init(Inbox *inbox, Memory *memory, uint32_t room, size_t bytes_max);

/* Frees what was not taken, too. */
void inbox_fini(Inbox *inbox, Memory *memory);

/* Puts a message, which there is room for. Returns whether there is room for another; the message may go beyond
 * bytes_max, the next one must wait. */
bool inbox_put(Inbox *inbox, const NetMessage *message);

/* Whether the bound was met and the loop has not made room since. */
bool inbox_is_full(Inbox *inbox);

/* Takes up to max messages. *read_on = the inbox was full and is now at most half so. */
uint32_t inbox_take(Inbox *inbox, NetMessage *messages, uint32_t max, bool *read_on);

#endif
