#include "cluster/inbox.h"

#include <assert.h>

void inbox_init(Inbox *inbox, Memory *memory, uint32_t room, size_t bytes_max)
{
    *inbox = (Inbox){.room = room, .bytes_max = bytes_max};
    inbox->messages = memory_new(memory, room * sizeof *inbox->messages);
    pthread_mutex_init(&inbox->lock, NULL);
}

void inbox_fini(Inbox *inbox, Memory *memory)
{
    for (; inbox->n; inbox->n--) {
        net_message_free(&inbox->messages[inbox->first]);
        inbox->first = (inbox->first + 1) % inbox->room;
    }
    memory_free(memory, inbox->messages, inbox->room * sizeof *inbox->messages);
    pthread_mutex_destroy(&inbox->lock);
}

bool inbox_put(Inbox *inbox, const NetMessage *message)
{
    pthread_mutex_lock(&inbox->lock);
    assert(inbox->n < inbox->room);
    inbox->messages[(inbox->first + inbox->n++) % inbox->room] = *message;
    inbox->bytes += message->size;
    inbox->full = inbox->n == inbox->room || inbox->bytes >= inbox->bytes_max;
    bool more = !inbox->full;
    pthread_mutex_unlock(&inbox->lock);
    return more;
}

bool inbox_is_full(Inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    bool full = inbox->full;
    pthread_mutex_unlock(&inbox->lock);
    return full;
}

uint32_t inbox_take(Inbox *inbox, NetMessage *messages, uint32_t max, bool *read_on)
{
    pthread_mutex_lock(&inbox->lock);
    uint32_t n = inbox->n < max ? inbox->n : max;
    for (uint32_t i = 0; i < n; i++) {
        messages[i] = inbox->messages[inbox->first];
        inbox->bytes -= messages[i].size;
        inbox->first = inbox->first + 1 == inbox->room ? 0 : inbox->first + 1;
    }
    inbox->n -= n;
    *read_on = inbox->full && inbox->n <= inbox->room / 2 && inbox->bytes <= inbox->bytes_max / 2;
    if (*read_on)
        inbox->full = false;
    pthread_mutex_unlock(&inbox->lock);
    return n;
}
