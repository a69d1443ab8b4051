/* Node: one process of a cluster. It answers control requests, takes events, runs its share of the networks that were
 * deployed, and publishes what they derive.
 *
 *                    ┌────────────────── one engine thread ──────────────────┐
 *   producers ──────►│ requests ─► Service ─► Ingest ─► Engine ─► Channel    │──► subscribers, peers
 *   peers, commands ►│            (one a network)                 (ring)     │
 *                    └───────────────────────────────────────────────────────┘
 *     net's threads only move messages              a thread per deployment only compiles
 *
 * cluster/node_parts.h lists the files. */
#ifndef CLUSTER_NODE_H
#define CLUSTER_NODE_H

#include "cluster/config.h"

typedef enum NodeEnd {
    NODE_STOPPED,      /* by SIGTERM */
    NODE_INTERRUPTED,  /* by SIGINT */
    NODE_NOT_STARTED,  /* it cannot listen, or an address is wrong; said on standard error */
    NODE_STUCK,        /* the network's library did not stop: the caller ends the process by _exit */
} NodeEnd;

/* Runs a node until a signal ends it. Says where it listens on standard output, once it does; all else on standard
 * error. */
NodeEnd node_run(const Config *config);

#endif
