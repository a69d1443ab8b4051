/* Nodes: the partitions of an agent and the windows between them, as a tree; see agent.h for a picture.
 *
 * Nodes are pool cells named by handles. A node of the last level is a leaf and holds the kind's state. */
#ifndef AGENTS_NODE_H
#define AGENTS_NODE_H

#include "agents/agent.h"

/* Parts of a node; which are there depends on the level. */
typedef struct Window {
    int64_t start, end;    /* end: known or expected; INT64_MAX while unknown */
    uint64_t serial;       /* of opening, among the agent's windows */
    Handle expiry, idle;   /* timers */
    int64_t idle_end;      /* when `idle` would end it; of other windows INT64_MAX */
    Handle opener;         /* record of the initiator; HANDLE_NONE if nothing reads it */
    uint32_t opener_participant;
    uint32_t count;        /* events so far, for `at most N events` */
    bool over;             /* its end had passed when it was opened: it closes behind its opener */
    bool full;             /* its number of events closed it; the node stays, without state, for its remaining time */
} Window;

/* One partition, or a step on the way to it. */
typedef struct Node {
    Handle parent;
    Handle next, prev;     /* among the siblings; not used by the `by` children of the root */
    Handle child;          /* first of the children that are kept in a list */
    uint32_t key_len;      /* bytes of the whole key down to here, at the end of the cell; 0 = see parent */
    uint32_t part_len;     /* bytes of it that this node added */
    uint32_t hash;         /* of parent and part; `by` nodes */
    uint16_t level;        /* levels[level] made this node; the root has NODE_ROOT */
    bool closing;          /* its deferred output has been given */
    int64_t touched;       /* ns */
    /* Window (levels of fixed and interval) or Counter (last N) · the kind's state (leaves) · key bytes */
} Node;

/* `last N events` before other members of the context. */
typedef struct Counter {
    uint64_t events; /* participants so far */
} Counter;

enum { NODE_ROOT = 0xFFFF };

static inline Node *node_at(const Agent *agent, Handle node)
{
    return pool_at(&agent->engine->pool, node);
}
static inline bool node_is_leaf(const Agent *agent, const Node *node)
{
    return node->level == agent->leaf_level;
}
static inline void *node_state(const Agent *agent, Handle leaf)
{
    return (char *)node_at(agent, leaf) + agent->leaf_state;
}
static inline uint32_t node_slot(const Agent *agent, const Node *node) /* index into node_size */
{
    return node->level == NODE_ROOT ? agent->nlevels : node->level;
}
Window *node_window(const Agent *agent, Handle node);      /* NULL if the node is none */
/* The innermost window at or above a node; NULL if there is none. */
Window *node_enclosing(const Agent *agent, Handle node);
/* When output at a close happened: the last instant of a calendar window, the closing of any other. */
int64_t node_close_time(const Agent *agent, Handle leaf);
Text node_key(const Agent *agent, Handle node);            /* the whole key of the partition */
Handle node_root(Agent *agent);
/* A new node of a level under a parent; part is the own part of its key (`by`), empty otherwise. */
Handle node_new(Agent *agent, uint32_t level, Handle parent, Text part);
/* Gives a node, its subtree, state and timers back, without output. */
void node_free(Agent *agent, Handle node);
/* Gives everything below a node, or a leaf's state, back; the node stays. */
void node_empty(Agent *agent, Handle node);
/* Deferred output of every leaf below, in the order of their keys; the nodes stay. */
void node_close(Agent *agent, Handle node);
/* `by` nodes by parent and part. */
Handle node_find(Agent *agent, Handle parent, Text part, uint32_t hash);
uint32_t node_hash(Handle parent, Text part);
void node_prefetch(const Agent *agent, uint32_t hash);      /* its table slot */
void node_prefetch_cell(const Agent *agent, uint32_t hash); /* the node in that slot … */
void node_prefetch_state(const Agent *agent, uint32_t hash); /* … and what hangs on it, if it is a leaf */
/* Forgets keys that were idle for too long: looks at a few each time. */
void node_sweep(Agent *agent, int64_t now);
/* Whether a `by` node below the root was without an event for so many ns, and nothing in it is due. */
bool node_is_idle(const Agent *agent, Handle node, int64_t now, int64_t after);
/* Frees a node that holds nothing: for a route, behind agent_descend; what routed the event to it asks for its own. */
bool node_forget(Agent *agent, Handle node);
/* The same, and what above it exists only for it: for a timer, with no route above it. */
void node_forget_up(Agent *agent, Handle node);
void node_free_all(Agent *agent);

/* The first number that is still among the last N events of the level around a leaf; 0 if there is no such level. */
uint64_t counter_first(const Agent *agent, Handle leaf);

#endif
