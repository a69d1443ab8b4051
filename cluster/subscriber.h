/* Subscriber: alerts of one or several nodes, as the lines that `cep run` prints.
 *
 *   topics ─► each node says which channels fit ─► a Stream per node and channel: a Tail without holes
 *
 *   node alpha  atm.Big   ──17──19──│
 *   node alpha  atm.Small ────18────┼──│     what lies below the frontier of all streams of a network
 *   node beta   atm.Big   ─16───────│        comes out, in the one order of its order keys
 *
 * It asks the nodes again and again which channels there are, so that what is deployed later is heard too, and finds
 * the other nodes of a network by itself. A frame that was missed is had again from the node's memory; what is no
 * longer there is reported. Each frame is given once. */
#ifndef CLUSTER_SUBSCRIBER_H
#define CLUSTER_SUBSCRIBER_H

#include "cluster/net.h"

typedef struct Subscriber Subscriber;

typedef enum SubscriberStart {
    SUBSCRIBER_NOW,   /* what comes from now on */
    SUBSCRIBER_FIRST, /* all that the nodes still have, too */
    SUBSCRIBER_FROM,  /* from a frame's sequence number on */
} SubscriberStart;

typedef struct SubscriberOptions {
    const char *const *topics; /* patterns may have * and ? and […] */
    uint32_t ntopics;
    const char *const *urls;   /* control sockets of nodes; one of a network is enough */
    uint32_t nurls;
    SubscriberStart start;
    uint64_t sequence;         /* of SUBSCRIBER_FROM */
    bool insecure;
} SubscriberOptions;

typedef struct SubscriberSink {
    void *owner;
    /* A line with its newline; returns false to hear no more. */
    bool (*line)(void *owner, Text topic, Text line);
    /* Frames that cannot be had any more. */
    void (*gap)(void *owner, Text topic, Text node, uint64_t first, uint64_t last);
    /* Something for people: a node that does not answer, topics that nothing fits. */
    void (*say)(void *owner, const char *sentence);
} SubscriberSink;

/* The options' texts are borrowed. Returns NULL when an address is unusable, and says why. */
Subscriber *subscriber_new(Memory *memory, SubscriberOptions options, SubscriberSink sink, char error[NET_ERROR_ROOM]);

/* Takes what has come, waiting at most so long for something. False: the sink wants no more. */
bool subscriber_turn(Subscriber *subscriber, uint32_t wait_ms);

/* Becomes readable when there is something to take. */
int subscriber_descriptor(const Subscriber *subscriber);

/* Whether some node has answered so far; whether streams were found, and all of them are at their end. */
bool subscriber_reached(const Subscriber *subscriber);
bool subscriber_ended(const Subscriber *subscriber);

typedef struct SubscriberStats {
    uint64_t lines, frames, duplicates, repaired, lost;
    uint32_t streams;
} SubscriberStats;

SubscriberStats subscriber_stats(const Subscriber *subscriber);

/* Returns whether the network's library stopped; if not, the process ends by _exit. */
bool subscriber_free(Subscriber *subscriber);

#endif
