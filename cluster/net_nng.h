/* What the files net_nng*.c share: the only ones that know nng. Facts about nng 1.5.2 that they are built on:
 *
 * - Closing a TCP or IPC pipe while it is in the middle of receiving a message (between length and body) loses the
 *   pipe's callback, and whoever waits for it waits for ever: the one thread that buries pipes, and with it every
 *   nng_close of the process. So a socket is closed only when its pipes are idle, or held
 *   (net_nng_receiver.c).
 * - A sub pipe's callback runs that of a waiting receive before it reads on. Who stays in the latter stops the pipe.
 * - The library's threads inherit the signal mask of the first call, and are lost by a fork. */
#ifndef CLUSTER_NET_NNG_H
#define CLUSTER_NET_NNG_H

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/http/http.h>
#include <stdatomic.h>

#include "cluster/inbox.h"

enum {
    GRACE_MS = 50,          /* for what is on its way when a socket is to be closed */
    BUSY_GRACE_MS = 300,    /* the same where something came a moment ago */
    RECONNECT_MS_MIN = 20,
    RECONNECT_MS_MAX = 1000,
    ANSWER_SEND_MS = 5000,  /* for an answer to leave towards a requester that does not read */
};

/* Called before any call of nng by those that may be first. */
void nng_begin(void);

/* Milliseconds of a clock that only goes forward. */
int64_t net_now_ms(void);

/* ── URLs (net_nng_url.c) ── */

/* Whether a URL may be listened at or dialed; says why not and what helps. schemes is a list such as "tcp ipc". */
bool url_may_listen(const char *url, const char *schemes, bool insecure, char error[NET_ERROR_ROOM]);
bool url_may_dial(const char *url, const char *schemes, char error[NET_ERROR_ROOM]);

/* Writes the URL with another port. */
void url_with_port(const char *url, int port, char bound[NET_URL_ROOM]);

/* Writes "cannot listen at URL: the address is in use" or the like. Returns false. */
bool url_failed(const char *verb, const char *url, int nng_error, char error[NET_ERROR_ROOM]);

/* Listens with the HTTP server of a ws URL with port 0, to learn the port; *server is to be released when something else
 * holds it. Returns an nng error. */
int http_server_listen(const char *url, nng_http_server **server, int *port);
void http_server_release(nng_http_server *server);

/* ── Receivers (net_nng_receiver.c) ── */

typedef enum Reading {
    READING,
    DRAINING, /* being closed: what comes is counted and dropped */
    HOLDING,  /* the next message's callback stays where it is */
    HELD,
    RELEASED, /* its pipe has been closed */
} Reading;

/* A sub or pull socket's stream of messages into an inbox. */
typedef struct Receiver {
    Net *net;
    nng_socket socket;
    nng_aio *aio;
    NetKind kind;
    NetLink link;
    Inbox inbox;
    pthread_mutex_t lock; /* of the following */
    pthread_cond_t changed;
    Reading reading;
    int64_t arrived_ms;   /* when a message came last */
} Receiver;

void receiver_init(Receiver *receiver, Net *net, nng_socket socket, NetKind kind, NetLink link);
void receiver_start(Receiver *receiver);
uint32_t receiver_take(Receiver *receiver, NetMessage *messages, uint32_t max);

/* Closing, in this order: drain (does not wait), hold (waits until the pipe is held or taken for idle), nng_close, stop,
 * fini. receiver_let_go is called when a pipe of the socket has been closed. */
void receiver_drain(Receiver *receiver);
void receiver_hold(Receiver *receiver);
void receiver_let_go(Receiver *receiver);
void receiver_stop(Receiver *receiver);
void receiver_fini(Receiver *receiver, Memory *memory);

/* ── Requests (net_nng_requests.c) ── */

/* One of the requests that this process can have open towards its requesters. */
typedef struct Answer {
    Net *net;
    nng_ctx context;
    nng_aio *aio;
    _Atomic int state;
    uint32_t generation; /* how many requests it has carried */
    bool taken;          /* the one that is open; an untaken one keeps its place in the inbox */
    int64_t deadline_ms; /* of the one that is open */
} Answer;

/* One of the requests that this process can have open itself. */
typedef struct Question {
    Net *net;
    nng_ctx context;
    nng_aio *aio;
    _Atomic int state;
    NetLink link;
    uint64_t handle;
    int64_t deadline_ms;
} Question;

bool answers_start(Net *net, nng_socket socket);
void answer_taken(Net *net, uint64_t handle);
void answers_end_late(Net *net);
uint32_t answers_leaving(const Net *net); /* answers that are being sent */
void answers_stop(Net *net);

void question_settled(Net *net, uint64_t handle);
void questions_stop(Net *net);

/* ── The object (net_nng.c, net_nng_take.c, net_nng_end.c) ── */

/* The library may tell that a pipe has gone before it tells that it has come: pipes are known by their number from the
 * moment when they are offered. Under the Net's pipes_lock. */
typedef struct Pipe {
    int id;  /* 0 = a free place */
    bool up; /* messages go through */
} Pipe;

typedef struct Listening {
    Net *net;
    nng_socket socket;
    bool open;
    Pipe *pipes;                   /* connections_max places */
    _Atomic uint32_t connections;  /* pipes that are up */
    MetricSeries connected, opened, refused, failed, lost;
} Listening;

typedef struct Link {
    Net *net;
    NetLink id;
    NetLinkKind kind;
    nng_socket socket;
    Receiver receiver;       /* of a subscriber */
    Pipe pipe;
    _Atomic uint64_t turns;  /* times it went up or down; odd = up */
    uint64_t turns_told;
    uint32_t frames;         /* for drop_every */
    _Atomic bool hung_up;
    _Atomic bool closed;     /* nothing of the library uses it any more */
} Link;

struct Net {
    Memory *memory;
    NetOptions options;
    int wake;                /* an eventfd */
    _Atomic bool woken;
    _Atomic bool stopping;
    uint32_t links_max, requests_max, connections_max;

    Listening roles[NET_ROLES];
    Receiver intake;
    Link **links;            /* links_max places */
    NetLink link_next;
    uint32_t turn;           /* the source that is taken from first */

    Inbox calls;             /* requests and replies */
    Answer *answers;         /* requests_max; NULL = no control socket */
    Question *questions;     /* requests_max */
    uint64_t question_next;

    int64_t observed_ms;
    MetricSeries received[NET_DOWN + 1], received_bytes[NET_DOWN + 1];

    pthread_mutex_t pipes_lock;
    pthread_mutex_t lock;    /* of stopped */
    pthread_cond_t changed;
    bool stopped;
};

Link *link_of(const Net *net, NetLink id); /* NULL = unknown or hung up */
void link_free(Link *link);                /* that is closed, or was never opened */
void links_bury(Net *net);                 /* frees those that are closed */

/* Makes the descriptor unreadable. Before what has arrived is looked at, so that who wakes later is not missed. */
void net_wake_end(Net *net);

/* A message of the library as one of ours. */
NetMessage message_of(NetKind kind, NetLink link, uint64_t handle, nng_msg *message);

/* A copy of bytes as a message of the library. */
nng_msg *message_copy(const void *bytes, size_t size);

#endif
