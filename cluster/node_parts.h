/* What the files of a node share. Inside cluster/ only.
 *
 *   node.c         starting, the loop, stopping
 *   peer.c         the other nodes: who they are, whether they answer
 *   ask.c          requests of this node to others, and what to do with the answers
 *   requests.def   the kinds of requests that it answers; request.c finds them
 *   request_*.c    a family of them each
 *   deployment.c   prepare and commit on all nodes, or on none
 *   service.c      a network in service: flow and channels
 *   ingress.c      its producers
 *   source.c       what it has from the other nodes */
#ifndef CLUSTER_NODE_PARTS_H
#define CLUSTER_NODE_PARTS_H

#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>

#include "cluster/bundle.h"
#include "cluster/config.h"
#include "cluster/frontier_json.h"
#include "cluster/http.h"
#include "cluster/net.h"
#include "cluster/node.h"
#include "cluster/service.h"

enum { NODE_NAME_ROOM = 65, NODE_PEERS_MAX = 31, NODE_SERVICES_MAX = 256, NODE_CANDIDATES_MAX = 8, NODE_ASKS_MAX = 1024, NODE_PAGES = 3 };

typedef struct Node Node;

typedef struct Peer {
    char control[NET_URL_ROOM];
    char data[NET_URL_ROOM];      /* "" until its first answer */
    char name[NODE_NAME_ROOM];    /* "" until then */
    uint64_t epoch;               /* when its process began */
    NetLink requester, subscriber;
    bool self;                    /* it is this node: its address stands among the peers of all */
    bool answers;
    bool asked;                   /* a hello is on its way */
    int64_t heard;                /* monotonic ns of its last answer */
} Peer;

/* An answer to a request of this node: without bytes when there was none in time. Borrowed. */
typedef void AskDone(Node *node, void *owner, Text answer);

typedef struct Ask {
    uint64_t handle;
    AskDone *done;
    void *owner;
} Ask;

typedef struct Deployment Deployment;

struct Node {
    const Config *config;
    char name[NODE_NAME_ROOM];
    Memory memory;
    Net *net;
    Http *http;
    HttpPage pages[NODE_PAGES];
    Metrics *metrics;
    char control[NET_URL_ROOM], data[NET_URL_ROOM], web[NET_URL_ROOM], push[NET_URL_ROOM];
    uint64_t epoch;
    int64_t now;                  /* monotonic ns of this turn of the loop */
    Peer peers[NODE_PEERS_MAX];
    uint32_t npeers;
    int64_t greeted;
    Ask *asks;
    uint32_t nasks;
    Service *services[NODE_SERVICES_MAX];
    uint32_t nservices;
    Deployment *deployments;      /* those that are under way here */
    uint64_t deployed;            /* counts deployments of this node */
    int stopping;                 /* the signal; 0 = none */
    int signals;                  /* descriptor */
    uint64_t refused_frames;
    _Atomic uint32_t missing;     /* peers that do not answer, for /readyz */
    _Atomic int64_t beat;         /* node->now, for /healthz */
};

int64_t monotonic_now(void);
/* Says something on standard error, with the node's name and a newline. */
void node_say(const Node *node, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The network in service of a name; NULL = none. */
Service *node_service(const Node *node, const char *network);
/* Where tables are: a folder, or an address; "" = nowhere. */
const char *node_state(const Node *node);
void node_add_service(Node *node, Service *service);

/* ── request.c ── */

/* Answers a request later, or now; the JSON is taken. */
void node_answer(Node *node, uint64_t handle, json_t *take);
/* {"ok":true}, to be added to; {"ok":false,"error":…}. */
json_t *answer_ok(void);
json_t *answer_refused(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Answers a message that came over the control socket. */
void node_request(Node *node, NetMessage *message);
/* A text of a request; NULL when it is none. */
const char *request_text(const json_t *request, const char *key);

/* Each returns its answer, owned, or NULL when it has seen to it itself. */
#define REQUEST(word, function, what) json_t *function(Node *node, const json_t *request, uint64_t handle);
#include "cluster/requests.def"

/* ── ask.c ── */

/* Asks a peer; the JSON is taken, and owner, from malloc or NULL, is freed in the end. done is called once, unless the
 * node stops before. */
void node_ask(Node *node, NetLink link, json_t *take, uint32_t deadline_ms, AskDone *done, void *owner);
/* The JSON of an answer, owned; NULL when there was none. */
json_t *answer_json(Text answer);
/* What an answer says went wrong; NULL = nothing. */
const char *answer_fault(const json_t *answer);
void node_reply(Node *node, const NetMessage *message);
void asks_tick(Node *node);
void asks_drop(Node *node);

/* ── peer.c ── */

bool peers_open(Node *node);
/* Greets those who were not heard for a while, and notes who is gone. */
void peers_tick(Node *node);
/* The peer of a name, or of a link; NULL = none. */
Peer *peer_named(Node *node, const char *name);
Peer *peer_of(Node *node, NetLink link);

/* ── deployment.c ── */

/* Goes on with deployments whose compilation has ended or whose time is over. */
void deployments_tick(Node *node);
void deployments_drop(Node *node);

#endif
