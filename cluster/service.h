/* Service: a network in service on this node.
 *
 *   producers ─► Ingest ─► ingress rows ──► Flow ──► alerts ─► a Channel per alert type
 *                              │             ▲ └───► derived ─► a Channel per stage
 *                              ▼             │                       │
 *                        ingress Channel ····│·······················│·····► the other nodes
 *   frames of the other nodes ─► Source ─────┘
 *
 * On one node the rows stay where they were decoded: no ingress channel, no copy. A node takes events in only after
 * it has joined: each other node said how far the network is, and holds it there until this node's first word. */
#ifndef CLUSTER_SERVICE_H
#define CLUSTER_SERVICE_H

#include <jansson.h>

#include "cluster/bundle.h"
#include "cluster/channel.h"
#include "cluster/flow.h"
#include "cluster/frame_reader.h"
#include "cluster/ingest.h"
#include "cluster/rejections.h"
#include "cluster/tail.h"

struct Node;
typedef struct Service Service;

enum { PRODUCER_KEPT_MAX = 64 };

/* Who sends events to this node. */
typedef struct Producer {
    char *name;
    uint32_t index;      /* in the ingest */
    uint32_t origin;
    uint64_t epoch;
    uint64_t sequence;   /* of its last frame in the epoch */
    uint64_t last;       /* number of its last event */
    bool ended, idle;
    int64_t heard;       /* monotonic ns */
    uint64_t frames, rows, rejected, duplicates;
    NetMessage kept[PRODUCER_KEPT_MAX]; /* requests that came before their turn */
    uint64_t kept_sequence[PRODUCER_KEPT_MAX];
    uint32_t nkept;
} Producer;

/* What comes from a channel of another node. */
typedef struct Source {
    Service *service;
    uint32_t node;       /* of the placement */
    uint32_t stage;      /* INDEX_NONE: its ingress */
    uint32_t flow;       /* the flow's source */
    uint64_t channel;
    FrameReader *reader;
    Tail tail;
    FrontierKind frontier; /* what it said last */
    bool joined;           /* its ingress is open … */
    uint32_t phase;        /* … for the so manieth time */
    bool ended;            /* it has been open, and its producers have ended */
    int64_t greatest;      /* order-key time of its rows */
    bool asked;            /* a replay is on its way */
    uint64_t acked;
    int64_t acked_at;
} Source;

typedef enum Ingress { INGRESS_SHUT, INGRESS_JOINING, INGRESS_OPEN } Ingress;

struct Service {
    struct Node *node;
    Bundle *bundle;
    const Plan *plan;
    char name[256];
    uint64_t version;
    uint64_t intake;          /* the channel of producers' frames */
    bool held;                /* a new version is being prepared: nothing is taken in */
    bool retired;             /* taken out of service: it finishes what it has, and goes */
    bool replaced;            /* … by a later version, before which its alerts stand */
    int64_t retired_at;
    uint64_t epoch;           /* of all its channels on all nodes; later for a later deployment */
    Placement *placement;
    uint32_t self;            /* in the placement */
    uint64_t *processes;      /* per node of the placement: the epoch of its process when the network came into service */
    Flow *flow;
    Ingest *ingest;
    Ingress ingress;
    bool began, ended;        /* some producer has been here; all that were have ended */
    uint32_t phase;           /* how often the ingress has opened; frames of the ingress carry it as producer */
    uint32_t joins;           /* answers that are awaited */
    OrderKey least, floor;    /* what lies before is late: since the version began; since the ingress opened */
    Batch batch;              /* ingress rows on their way out, of several nodes */
    Batch heard;              /* rows of another node's frame on their way in */
    FrameRow *rows;           /* what became of them */
    Producer *producers;
    uint32_t nproducers;
    Source *sources;
    uint32_t nsources;
    Channel *input;           /* NULL on one node */
    Channel **derived;        /* per stage but the last; NULL on one node */
    OrderKey *finished;       /* per stage */
    bool *has_finished;
    Channel **alerts;         /* per event type; NULL = no alert */
    uint32_t *dirty;          /* types whose channel has rows to publish */
    uint32_t ndirty, beaten;  /* beaten: the type whose heartbeat is next */
    Channel *errors;
    uint64_t *acked;          /* per node of the placement and stage, [0] the ingress: frames that it has taken */
    Rejections *rejections;   /* the bundle's */
    json_t *reasons, *examples; /* of the frame at hand: rejections by reason, and the first few */
    uint64_t alerts_out, busy, frames_refused, frames_replayed;
    int64_t beat;             /* monotonic ns of the last round of heartbeats */
    bool over;                /* everything has ended, and it was said */
};

/* Puts a compiled bundle into service on nodes, of which the node is one; takes the bundle. */
Service *service_new(struct Node *node, Bundle *take, uint64_t epoch, const Text *nodes, uint32_t nnodes);
void service_free(Service *service);

/* Runs what can be run, and publishes. Returns whether there is more to do at once. */
bool service_run(Service *service);

/* Tells the flow and the other nodes how far this node's producers are. */
void service_reach(Service *service);

/* Tells the other nodes how far their frames were taken, if it is time. */
void service_ack(Service *service);
void service_acked(Service *service, const char *node, uint64_t channel, uint64_t sequence);

/* A producer by name, made known; NULL when there are too many. */
Producer *service_producer(Service *service, Text name);
Producer *service_producer_of(Service *service, uint32_t origin);

/* A producer's frame; the message is taken over when it has to wait for an earlier one. Returns the answer, or NULL
 * when it comes later. */
json_t *service_feed(Service *service, const Frame *frame, NetMessage *message);

/* A frame that a producer pushed: nobody is answered, and what was lost on the way stays lost. */
void service_take_pushed(Service *service, const Frame *frame);

/* Opens the ingress if it is shut. Returns whether it is open now. */
bool service_join(Service *service);

/* Another node's ingress opens for the so manieth time; false: what it said before has not come in yet. */
bool service_joined(Service *service, Source *source, uint32_t phase, OrderKey *floor);
void service_answered(Service *service, bool good, const OrderKey *floor, const char *node);

/* A frame of another node; the message is taken over when it has to wait. */
void service_hear(Service *service, Source *source, const Frame *frame, NetMessage *message);
Source *service_source(Service *service, uint64_t channel);
Source *service_ingress(Service *service, const char *node);

/* Takes it out of service: its producers end, what they sent is finished. */
void service_retire(Service *service);

/* Goes on with the producers of an earlier version; what lies before the time is late. */
void service_inherit(Service *service, const Service *from, int64_t time);

/* Whether a node of the placement answers, and is still the process that has its share of the network. */
bool service_has_node(const Service *service, uint32_t node);

/* The greatest time of what producers sent here; TIME_NONE if there is none. */
int64_t service_greatest(const Service *service);

/* The channel of an id that this node publishes for the network; NULL = none. */
Channel *service_channel(Service *service, uint64_t id);

/* Whether every producer everywhere has ended and all they sent was processed. */
bool service_ended(const Service *service);

#endif
