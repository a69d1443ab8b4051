/* Receivers: what a sub or pull socket gets, one asynchronous receive at a time, so that the order is the sender's.
 *
 * Reading on. The callback puts a message into the inbox and asks for the next one. When the inbox is full, a pull
 * socket is not asked until the loop has made room, and the producers wait. A sub socket has nobody who would wait: it
 * is asked all the same, and what does not fit is dropped and counted. So its callback always comes straight from the
 * pipe, never from a queue of the library.
 *
 * Closing. A pipe must not be closed while it receives (net_nng.h). A pull socket holds each pipe's next message as
 * long as nobody asks for it, so not asking is enough. A sub socket is made to take all topics, and the next callback
 * is held until its pipe has been closed. A pipe on which nothing came for the whole grace is idle and closed as it
 * is. */
#include <assert.h>
#include <errno.h>
#include <time.h>

#include "cluster/limits.h"
#include "cluster/net_nng.h"

enum { HELD_MS_MAX = 2000 }; /* whoever holds a thread of the library does not do it for ever */

static struct timespec in_ms(int64_t ms)
{
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += ms / 1000;
    when.tv_nsec += ms % 1000 * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_nsec -= 1000000000;
        when.tv_sec++;
    }
    return when;
}

static void read_on(Receiver *receiver)
{
    nng_recv_aio(receiver->socket, receiver->aio);
}

static void hold_pipe(Receiver *receiver)
{
    struct timespec until = in_ms(HELD_MS_MAX);
    receiver->reading = HELD;
    pthread_cond_broadcast(&receiver->changed);
    while (receiver->reading == HELD && pthread_cond_timedwait(&receiver->changed, &receiver->lock, &until) != ETIMEDOUT)
        ;
}

/* A message that came while its socket is being closed. */
static void drain(Receiver *receiver, nng_msg *message)
{
    nng_msg_free(message);
    if (receiver->kind == NET_PUSHED)
        return;
    if (receiver->reading == HOLDING)
        hold_pipe(receiver);
    else
        read_on(receiver);
}

static void keep(Receiver *receiver, nng_msg *message)
{
    Metrics *metrics = receiver->net->options.metrics;
    if (receiver->kind == NET_FRAME && inbox_is_full(&receiver->inbox)) {
        nng_msg_free(message);
        metrics_add(metrics, METRIC_FRAMES_DROPPED, 1);
        read_on(receiver);
        return;
    }
    NetMessage kept = message_of(receiver->kind, receiver->link, 0, message);
    bool more = inbox_put(&receiver->inbox, &kept);
    if (!more && receiver->kind == NET_PUSHED)
        metrics_add(metrics, METRIC_INTAKE_STALLS, 1);
    else
        read_on(receiver);
    net_wake(receiver->net);
}

static void receiver_got(void *argument)
{
    Receiver *receiver = argument;
    if (nng_aio_result(receiver->aio) != 0)
        return; /* closed */
    pthread_mutex_lock(&receiver->lock);
    receiver->arrived_ms = net_now_ms();
    if (receiver->reading == READING)
        keep(receiver, nng_aio_get_msg(receiver->aio));
    else
        drain(receiver, nng_aio_get_msg(receiver->aio));
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_init(Receiver *receiver, Net *net, nng_socket socket, NetKind kind, NetLink link)
{
    *receiver = (Receiver){.net = net, .socket = socket, .kind = kind, .link = link};
    inbox_init(&receiver->inbox, net->memory, (uint32_t)limit_default(LIMIT_INBOX_MESSAGES),
               (size_t)limit_default(LIMIT_INBOX_BYTES));
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&receiver->lock, NULL);
    pthread_cond_init(&receiver->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failed = nng_aio_alloc(&receiver->aio, receiver_got, receiver);
    assert(!failed); /* the system refused a few hundred bytes */
    (void)failed;
}

void receiver_start(Receiver *receiver)
{
    read_on(receiver);
}

uint32_t receiver_take(Receiver *receiver, NetMessage *messages, uint32_t max)
{
    bool again;
    uint32_t n = inbox_take(&receiver->inbox, messages, max, &again);
    if (again && receiver->kind == NET_PUSHED)
        read_on(receiver);
    return n;
}

void receiver_drain(Receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    receiver->reading = DRAINING;
    pthread_mutex_unlock(&receiver->lock);
    if (receiver->kind == NET_FRAME)
        nng_socket_set(receiver->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0);
}

void receiver_hold(Receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    bool busy = net_now_ms() - receiver->arrived_ms < BUSY_GRACE_MS;
    struct timespec until = in_ms(busy ? BUSY_GRACE_MS : GRACE_MS);
    receiver->reading = HOLDING;
    while (receiver->reading == HOLDING &&
           pthread_cond_timedwait(&receiver->changed, &receiver->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_let_go(Receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    if (receiver->reading == HELD) {
        receiver->reading = RELEASED;
        pthread_cond_broadcast(&receiver->changed);
    }
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_stop(Receiver *receiver)
{
    nng_aio_stop(receiver->aio);
}

void receiver_fini(Receiver *receiver, Memory *memory)
{
    nng_aio_free(receiver->aio);
    inbox_fini(&receiver->inbox, memory);
    pthread_cond_destroy(&receiver->changed);
    pthread_mutex_destroy(&receiver->lock);
}
