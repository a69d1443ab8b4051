/* Taking: link events, then requests and replies, then frames and pushes, a share of each source in turn. */
#include <assert.h>
#include <poll.h>
#include <string.h>

#include "cluster/net_nng.h"

enum { OBSERVE_MS = 500 };

static uint64_t statistics_sum(nng_stat *listener, const char *const *names)
{
    uint64_t sum = 0;
    for (; *names; names++) {
        nng_stat *count = nng_stat_find(listener, *names);
        sum += count ? nng_stat_value(count) : 0;
    }
    return sum;
}

/* What the library counts itself: connections that never came to be, and how the others ended. */
static void observe(Net *net)
{
    static const char *const handshake[] = {"proto", "timeout", "auth", "oom", "reject", NULL};
    static const char *const end[] = {"disconnect", "other", NULL};
    uint64_t failed[NET_ROLES] = {0}, lost[NET_ROLES] = {0};
    nng_stat *all, *socket;
    net->observed_ms = net_now_ms();
    if (!net->options.metrics || nng_stats_get(&all) != 0)
        return;
    for (nng_stat *part = nng_stat_child(all); part; part = nng_stat_next(part)) {
        if (strcmp(nng_stat_name(part), "listener") != 0 || !(socket = nng_stat_find(part, "socket")))
            continue;
        for (int i = 0; i < NET_ROLES; i++)
            if (net->roles[i].open && nng_stat_value(socket) == (uint64_t)nng_socket_id(net->roles[i].socket)) {
                failed[i] += statistics_sum(part, handshake);
                lost[i] += statistics_sum(part, end);
            }
    }
    nng_stats_free(all);
    for (int i = 0; i < NET_ROLES; i++) {
        metrics_series_set(net->options.metrics, net->roles[i].failed, (int64_t)failed[i]);
        metrics_series_set(net->options.metrics, net->roles[i].lost, (int64_t)lost[i]);
    }
}

void links_bury(Net *net)
{
    for (uint32_t i = 0; i < net->links_max; i++)
        if (net->links[i] && net->links[i]->closed) {
            link_free(net->links[i]);
            net->links[i] = NULL;
        }
}

static uint32_t take_turns(Net *net, NetMessage *messages, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < net->links_max; i++) {
        Link *link = net->links[i];
        for (; link && !link->hung_up && link->turns_told < link->turns && n < max; link->turns_told++)
            messages[n++] = (NetMessage){.kind = link->turns_told & 1 ? NET_DOWN : NET_UP, .link = link->id};
    }
    return n;
}

static uint32_t take_calls(Net *net, NetMessage *messages, uint32_t max)
{
    bool unused;
    uint32_t n = inbox_take(&net->calls, messages, max, &unused);
    for (uint32_t i = 0; i < n; i++) {
        if (messages[i].kind == NET_REPLY)
            question_settled(net, messages[i].handle);
        else
            answer_taken(net, messages[i].handle);
    }
    return n;
}

static uint32_t take_frames(Net *net, Link *link, NetMessage *messages, uint32_t max)
{
    uint32_t n = receiver_take(&link->receiver, messages, max), kept = 0;
    if (!net->options.drop_every)
        return n;
    for (uint32_t i = 0; i < n; i++) {
        if (++link->frames % net->options.drop_every == 0)
            net_message_free(&messages[i]);
        else
            messages[kept++] = messages[i];
    }
    return kept;
}

/* One round over the sources, a share for each; who is first goes round. */
static uint32_t take_data(Net *net, NetMessage *messages, uint32_t max)
{
    uint32_t sources = 0, n = 0;
    for (uint32_t i = 0; i < net->links_max; i++)
        sources += net->links[i] && !net->links[i]->hung_up && net->links[i]->kind == NET_SUBSCRIBER;
    sources += net->roles[NET_INTAKE].open;
    uint32_t share = sources ? max / sources + 1 : 0;
    net->turn++;
    for (uint32_t i = 0; i <= net->links_max && share; i++) {
        uint32_t place = (net->turn + i) % (net->links_max + 1);
        uint32_t room = max - n < share ? max - n : share;
        Link *link = place < net->links_max ? net->links[place] : NULL;
        if (link && !link->hung_up && link->kind == NET_SUBSCRIBER)
            n += take_frames(net, link, messages + n, room);
        else if (place == net->links_max && net->roles[NET_INTAKE].open)
            n += receiver_take(&net->intake, messages + n, room);
    }
    return n;
}

static void count_taken(Net *net, const NetMessage *messages, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (messages[i].kind > NET_REPLY)
            continue;
        metrics_series_add(net->options.metrics, net->received[messages[i].kind], 1);
        metrics_series_add(net->options.metrics, net->received_bytes[messages[i].kind], messages[i].size);
    }
}

uint32_t net_take(Net *net, NetMessage *messages, uint32_t max)
{
    net_wake_end(net);
    answers_end_late(net);
    links_bury(net);
    if (net_now_ms() - net->observed_ms >= OBSERVE_MS)
        observe(net);
    uint32_t n = take_turns(net, messages, max);
    n += take_calls(net, messages + n, max - n);
    uint32_t before;
    do {
        before = n;
        n += n < max ? take_data(net, messages + n, max - n) : 0;
    } while (n > before && n < max);
    count_taken(net, messages, n);
    if (n == max)
        net_wake(net); /* there may be more */
    return n;
}

bool net_wait(Net *net, uint32_t wait_ms)
{
    struct pollfd wake = {.fd = net->wake, .events = POLLIN};
    return poll(&wake, 1, (int)wait_ms) > 0;
}

NetMessage net_call(Net *net, NetLink requester, const void *bytes, size_t size, uint32_t deadline_ms)
{
    NetMessage message;
    uint64_t handle = net_request(net, requester, bytes, size, deadline_ms, 0);
    if (!handle)
        return (NetMessage){.kind = NET_REPLY, .link = requester, .failure = NET_GONE};
    for (;;) {
        net_wake_end(net);
        if (take_calls(net, &message, 1))
            break;
        net_wait(net, deadline_ms);
    }
    assert(message.kind == NET_REPLY && message.handle == handle);
    net_wake(net); /* for what else has come meanwhile */
    count_taken(net, &message, 1);
    return message;
}
