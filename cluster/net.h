/* Net: what a process sends and receives, behind one object and one descriptor.
 *
 *   Net *net = net_new(&memory, (NetOptions){.metrics = metrics});
 *   net_listen(net, NET_DATA, "tcp://127.0.0.1:0", bound, error);       bound: tcp://127.0.0.1:40123
 *   NetLink peer = net_dial(net, NET_SUBSCRIBER, "tcp://127.0.0.1:5001", error);
 *   net_topic_add(net, peer, topic, topic_size);
 *   for (;;) {
 *       poll net_descriptor(net) for POLLIN, at most until the next heartbeat
 *       n = net_take(net, messages, 64);
 *       for each: act by its kind; net_message_free(&messages[i]), now or when it is no longer needed
 *   }
 *   net_stop(net, 2000) || (say so, _exit(code));
 *
 * Sockets. Those that listen, one of each role, each at any number of URLs:
 *
 *   NET_DATA     publishes frames to whoever subscribes (SP pub); net_publish
 *   NET_CONTROL  takes requests, each answered later from the loop (SP rep); NET_REQUEST, net_answer
 *   NET_INTAKE   takes what producers push, unanswered (SP pull); NET_PUSHED
 *
 * and links, each to one URL, that dial and dial again for as long as they live:
 *
 *   NET_SUBSCRIBER  receives frames of the topics added (SP sub); NET_FRAME
 *   NET_REQUESTER   asks, many requests at once (SP req); net_request, NET_REPLY
 *   NET_PUSHER      pushes to an intake (SP push); net_push
 *
 * Threads. All functions are called by the thread that owns the Net, net_message_free and net_wake by any.
 * The library's own threads only move messages into bounded inboxes, one per source, and wake the descriptor.
 * When an inbox is full, an intake's producers wait, requesters wait, and a subscriber's frames are dropped and
 * counted until the loop has emptied half of it; their sequence numbers show which. net_take goes round the
 * sources, control first, so that a flood from one of them holds up no other.
 *
 * Bytes. A received message is the library's own buffer, not a copy, until net_message_free. Order within a
 * source is the sender's. A message above LIMIT_MESSAGE_BYTES costs its sender the connection before memory is
 * taken for it. A process must not fork between its first net_new and exec: the library's threads stay behind.
 *
 * URLs: tcp://HOST:PORT, ws://HOST:PORT/PATH (port 0 = any free one), ipc://PATH, inproc://NAME. tcp and ws listen on
 * loopback only, unless the options say insecure. A browser reads NET_DATA over ws with the sub-protocol
 * pub.sp.nanomsg.org. */
#ifndef CLUSTER_NET_H
#define CLUSTER_NET_H

#include "cep/memory.h"
#include "cluster/metrics.h"

enum {
    NET_URL_ROOM = 256,   /* bytes of a URL with its NUL */
    NET_ERROR_ROOM = 512, /* bytes of a message for people with its NUL */
};

typedef struct Net Net;

typedef struct NetOptions {
    Metrics *metrics;         /* borrowed; lives longer than the Net */
    bool insecure;            /* tcp and ws may listen beyond loopback, unencrypted */
    const char *answer_late;  /* what a requester gets when the loop does not answer in time; NULL = "" */
    uint32_t answer_ms;       /* how long that is; 0 = LIMIT_ANSWER_MS */
    uint32_t drop_every;      /* for tests: every n-th received frame of each link is lost; 0 = none */
} NetOptions;

/* The version of the library below, for `cep version`. */
const char *net_library_version(void);

/* Returns a Net without sockets. The Memory is used by the owning thread only. */
Net *net_new(Memory *memory, NetOptions options);

/* Stops everything in order: no new connections, what was published leaves (for at most 50 ms), links, sockets.
 * Returns whether that was done within deadline_ms; then the Net is gone. When it returns false a thread of the
 * library is stuck: the Net must not be touched any more and the process ends by _exit. Messages that were
 * taken stay valid until they are freed. */
bool net_stop(Net *net, uint32_t deadline_ms);

/* Becomes readable (POLLIN) when net_take has something to give. */
int net_descriptor(const Net *net);

/* Makes the descriptor readable: the way for another thread to call the loop. */
void net_wake(Net *net);

/* ── Listening ── */

typedef enum NetRole { NET_DATA, NET_CONTROL, NET_INTAKE, NET_ROLES } NetRole;

/* Listens. bound receives the URL with the port that was really taken. Returns false and says why and what helps in
 * error. */
bool net_listen(Net *net, NetRole role, const char *url, char bound[NET_URL_ROOM], char error[NET_ERROR_ROOM]);

/* Peers connected to a role now: what is published from here on reaches them. */
uint32_t net_connections(const Net *net, NetRole role);

/* Publishes a copy of the bytes; they begin with the topic. Never waits: of a slow subscriber's queue
 * (LIMIT_QUEUE_MESSAGES) the oldest messages are lost. Nothing happens without a NET_DATA listener. */
void net_publish(Net *net, const void *bytes, size_t size);

/* ── Dialing ── */

typedef uint32_t NetLink; /* never given again */
enum { NET_NO_LINK = 0 };

typedef enum NetLinkKind { NET_SUBSCRIBER, NET_REQUESTER, NET_PUSHER } NetLinkKind;

/* Begins to dial and goes on in the background: NET_UP and NET_DOWN tell. Returns NET_NO_LINK and says why when
 * the URL is unusable or there are LIMIT_LINKS links. */
NetLink net_dial(Net *net, NetLinkKind kind, const char *url, char error[NET_ERROR_ROOM]);

/* Ends a link. What it received and was not taken is dropped; its open requests get NET_GONE. */
void net_hang_up(Net *net, NetLink link);

/* Whether the link is connected now. */
bool net_is_up(const Net *net, NetLink link);

/* A subscriber receives the messages that begin with one of its topics; the empty topic is all of them.
 * Adding a topic twice, or removing one that is not there, does nothing. */
void net_topic_add(Net *net, NetLink subscriber, const void *topic, size_t size);
void net_topic_remove(Net *net, NetLink subscriber, const void *topic, size_t size);

/* Asks; the answer comes as NET_REPLY with the number that is returned, at most deadline_ms later, whatever happens.
 * The request is sent again when the connection is lost, and every retry_ms (0 = only then), so it must be
 * harmless to receive it twice. Returns 0 when LIMIT_REQUESTS of this Net are open. */
uint64_t net_request(Net *net, NetLink requester, const void *bytes, size_t size, uint32_t deadline_ms,
                     uint32_t retry_ms);

/* Pushes a copy and waits at most wait_ms for room. Returns whether it left for the queue. For producers
 * that have nothing else to do. */
bool net_push(Net *net, NetLink pusher, const void *bytes, size_t size, uint32_t wait_ms);

/* ── Receiving ── */

typedef enum NetKind {
    NET_FRAME,   /* link, bytes: a published message, topic first */
    NET_PUSHED,  /* bytes */
    NET_REQUEST, /* handle, bytes: net_answer it */
    NET_REPLY,   /* link, handle, bytes, failure */
    NET_UP,      /* link: connected, the first time or again; may overtake frames of before */
    NET_DOWN,    /* link: the connection is lost; it is being dialed again; may overtake frames, too */
} NetKind;

typedef enum NetFailure {
    NET_ANSWERED,
    NET_TIMED_OUT, /* no answer within the deadline */
    NET_GONE,      /* the link was hung up, or the library refused */
} NetFailure;

typedef struct NetMessage {
    NetKind kind;
    NetFailure failure;    /* of NET_REPLY; bytes is NULL unless NET_ANSWERED */
    NetLink link;
    uint64_t handle;       /* NET_REQUEST, NET_REPLY */
    const uint8_t *bytes;
    size_t size;
    void *buffer;          /* the library's; NULL = nothing to free */
} NetMessage;

/* Takes up to max messages that have arrived; never waits. Also ends requests whose time is over: call it at least
 * every few hundred milliseconds. The struct may be moved; its bytes stay until net_message_free. */
uint32_t net_take(Net *net, NetMessage *messages, uint32_t max);

/* Gives the bytes back; twice does nothing. */
void net_message_free(NetMessage *message);

/* Waits for a message like poll on net_descriptor. Returns false after wait_ms without one. */
bool net_wait(Net *net, uint32_t wait_ms);

/* Answers a request with a copy of the bytes. Returns false when the request is no longer open: answered, or too late.
 * At most LIMIT_REQUESTS requests are open at a time; further ones wait at their senders. */
bool net_answer(Net *net, uint64_t handle, const void *bytes, size_t size);

/* Asks and waits for the answer: for commands that have nothing else to do. Messages other than replies stay to be
 * taken; other requests must not be open. The failure is in the message; free it. */
NetMessage net_call(Net *net, NetLink requester, const void *bytes, size_t size, uint32_t deadline_ms);

#endif
