/* The end: of a link, or of everything; each socket in a thread that may get stuck without anybody waiting for it for ever.
 *
 *   nothing new is accepted ─► subscribers are drained ─► what moves comes to rest ─► links ─► listening sockets */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "cluster/net_nng.h"

enum { LOOK_MS = 5, QUIET_LOOKS = 3 };

/* Messages that went through the sockets of this process so far, either way. */
static uint64_t traffic(void)
{
    nng_stat *all;
    uint64_t messages = 0;
    if (nng_stats_get(&all) != 0)
        return 0;
    for (nng_stat *part = nng_stat_child(all); part; part = nng_stat_next(part)) {
        nng_stat *received = nng_stat_find(part, "rx_msgs"), *sent = nng_stat_find(part, "tx_msgs");
        messages += received && sent ? nng_stat_value(received) + nng_stat_value(sent) : 0;
    }
    nng_stats_free(all);
    return messages;
}

/* Waits until nothing moves any more, at most for the grace. */
static void wait_for_quiet(const Net *net)
{
    struct timespec tick = {.tv_nsec = LOOK_MS * 1000000};
    uint64_t before = traffic();
    for (int look = 0, quiet = 0; look < GRACE_MS / LOOK_MS && quiet < QUIET_LOOKS; look++) {
        nanosleep(&tick, NULL);
        uint64_t now = traffic();
        quiet = now == before && !answers_leaving(net) ? quiet + 1 : 0;
        before = now;
    }
}

static void link_close(Link *link)
{
    if (link->kind == NET_SUBSCRIBER && link->turns & 1)
        receiver_hold(&link->receiver);
    nng_close(link->socket);
    if (link->kind == NET_SUBSCRIBER)
        receiver_stop(&link->receiver);
}

static void *link_end(void *argument)
{
    Link *link = argument;
    Net *net = link->net;
    if (link->kind == NET_SUBSCRIBER)
        receiver_drain(&link->receiver);
    else
        wait_for_quiet(net);
    link_close(link);
    net_wake(net);
    link->closed = true; /* and may be freed */
    return NULL;
}

/* Starts a thread that takes no signals; false when the system has none left. */
static bool thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
}

void net_hang_up(Net *net, NetLink id)
{
    Link *link = link_of(net, id);
    if (!link)
        return;
    link->hung_up = true;
    pthread_t thread;
    if (thread_start(&thread, link_end, link))
        pthread_detach(thread);
    else
        link_end(link); /* waits a little */
}

static bool is_any_open(const Net *net)
{
    for (uint32_t i = 0; i < net->links_max; i++)
        if (net->links[i] && !net->links[i]->closed)
            return true;
    return false;
}

static void *net_end(void *argument)
{
    Net *net = argument;
    struct timespec tick = {.tv_nsec = 1000000};
    for (uint32_t i = 0; i < net->links_max; i++)
        if (net->links[i] && !net->links[i]->hung_up && net->links[i]->kind == NET_SUBSCRIBER)
            receiver_drain(&net->links[i]->receiver);
    if (net->roles[NET_INTAKE].open)
        receiver_drain(&net->intake);
    wait_for_quiet(net);
    for (uint32_t i = 0; i < net->links_max; i++) {
        Link *link = net->links[i];
        if (link && !link->hung_up) {
            link_close(link);
            link->closed = true;
        }
    }
    while (is_any_open(net)) /* those that were hung up before */
        nanosleep(&tick, NULL);
    for (int i = 0; i < NET_ROLES; i++)
        if (net->roles[i].open)
            nng_close(net->roles[i].socket);
    if (net->roles[NET_INTAKE].open)
        receiver_stop(&net->intake);
    answers_stop(net);
    questions_stop(net);
    pthread_mutex_lock(&net->lock);
    net->stopped = true;
    pthread_cond_signal(&net->changed);
    pthread_mutex_unlock(&net->lock);
    return NULL;
}

static void net_free(Net *net)
{
    Memory *memory = net->memory;
    links_bury(net);
    if (net->roles[NET_INTAKE].open)
        receiver_fini(&net->intake, memory);
    for (int i = 0; i < NET_ROLES; i++)
        if (net->roles[i].open)
            memory_free(memory, net->roles[i].pipes, net->connections_max * sizeof *net->roles[i].pipes);
    if (net->answers)
        memory_free(memory, net->answers, net->requests_max * sizeof *net->answers);
    memory_free(memory, net->questions, net->requests_max * sizeof *net->questions);
    memory_free(memory, net->links, net->links_max * sizeof *net->links);
    inbox_fini(&net->calls, memory);
    pthread_cond_destroy(&net->changed);
    pthread_mutex_destroy(&net->lock);
    pthread_mutex_destroy(&net->pipes_lock);
    close(net->wake);
    memory_free(memory, net, sizeof *net);
}

bool net_stop(Net *net, uint32_t deadline_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += deadline_ms / 1000;
    until.tv_nsec += deadline_ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    net->stopping = true;
    pthread_t thread;
    if (!thread_start(&thread, net_end, net))
        return false;
    pthread_mutex_lock(&net->lock);
    while (!net->stopped && pthread_cond_timedwait(&net->changed, &net->lock, &until) != ETIMEDOUT)
        ;
    bool stopped = net->stopped;
    pthread_mutex_unlock(&net->lock);
    if (!stopped) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    net_free(net);
    return true;
}
