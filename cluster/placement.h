/* Placement: which node runs what of a network. A pure function of the plan and the names of the nodes, so that nodes
 * that agree on both agree on it without a word.
 *
 *   agent is …                                     placed
 *   stateful, keyed by the first of its context    sharded: every node runs it, a key on the owner of the key's slot
 *   stateful otherwise                             whole: on one node, by rendezvous hashing of network and name; where
 *                                                  rules write tables all agents are, on one and the same
 *   stateless, on inputs, for stateful ones        copied: every node runs it on every event, which costs less than to
 *                                                  send what it derives; what it publishes comes from one node
 *   stateless otherwise                            spread: an input on the owner of its order key's slot, what is
 *                                                  derived where it is derived
 *
 * An agent that hears what another derives elsewhere stands at least one stage behind it. A stage hears the inputs of
 * all nodes and what the stages before it have derived on all nodes; every node runs all stages, one engine each.
 *
 *   inputs ─┬──────────────►┬──────────────►┬─
 *           └─► stage 0 ──┬─┴─► stage 1 ──┬─┴─► stage 2 …     ──► alerts
 *                         └── derived ────┴──►
 *
 * A slot's owner is the node with the greatest hash of (node, slot): if a node goes, only its slots move. */
#ifndef CLUSTER_PLACEMENT_H
#define CLUSTER_PLACEMENT_H

#include <stdio.h>

#include "agents/share.h"
#include "cep/plan.h"

enum { PLACEMENT_NODES_MAX = 64 };

typedef enum PlaceKind { PLACE_SHARDED, PLACE_WHOLE, PLACE_SPREAD, PLACE_COPIED } PlaceKind;

typedef struct AgentPlace {
    PlaceKind kind;
    uint32_t stage;
    uint32_t node; /* of a whole agent */
} AgentPlace;

typedef struct Placement {
    const Plan *plan;
    Arena arena;
    uint32_t nnodes;
    Text *nodes;                  /* sorted by name; everything else counts nodes by their index here */
    uint32_t nstages;             /* 1 or more; with one node 1 */
    AgentPlace *agents;                /* per agent of the plan */
    uint8_t slots[SHARE_SLOTS];   /* owner */
    uint64_t *hears, *derives;    /* [stage × types]: a bit per node … */
    uint64_t *sends;              /* … that derives, but by copied agents */
    uint32_t *last_stage;         /* per type */
} Placement;

/* Names are distinct, in any order, 1 to PLACEMENT_NODES_MAX; they are copied. The plan is borrowed. */
Placement *placement_new(const Plan *plan, const Text *nodes, uint32_t nnodes, Memory *memory);
void placement_free(Placement *placement);

/* A node's index by name; INDEX_NONE if it is none of them. */
uint32_t placement_node(const Placement *placement, Text name);

/* Whether a node runs an agent of a stage. */
bool placement_runs(const Placement *placement, uint32_t node, uint32_t stage, uint32_t agent);

/* Whether a node's engine of a stage hears events of a type. */
bool placement_hears(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type);

/* Whether a node's engine of a stage may derive events of a type. */
bool placement_derives(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type);

/* Whether it derives some that other nodes do not derive, too. */
bool placement_sends(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type);

/* Whether a node must take in the derived events of (node from, stage): whether any of its later stages hears a type
 * that is derived there. Of its own it always does; no channel is needed for them. */
bool placement_feeds(const Placement *placement, uint32_t from, uint32_t stage, uint32_t to);

/* Whether events of a type leave (any node, stage) for later stages of another node: what its channel carries. */
bool placement_carries(const Placement *placement, uint32_t node, uint32_t stage, uint32_t type);

/* The last stage that derives a type: when a node has finished that one below a key, it sends no more events of the
 * type below the key. INDEX_NONE if nobody derives it. */
uint32_t placement_last_stage(const Placement *placement, uint32_t type);

/* The placement as people read it: a line per agent, and how many slots each node has. */
void placement_print(const Placement *placement, FILE *out);

#endif
