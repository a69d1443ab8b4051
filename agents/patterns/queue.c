/* Queues of live events: rings in the pool, a power of two of room, each entry with a reference to its record. */
#include "agents/patterns/sequence.h"

Entry *queue_at(const Agent *agent, const Queue *queue, uint32_t i)
{
    return (Entry *)pool_at(&agent->engine->pool, queue->ring) + ((queue->head + i) & (queue->room - 1));
}

static void grow(Agent *agent, Queue *queue)
{
    Pool *pool = &agent->engine->pool;
    uint32_t room = queue->room ? queue->room * 2 : 2;
    Handle ring = pool_alloc(pool, room * (uint32_t)sizeof(Entry));
    Entry *to = pool_at(pool, ring);
    for (uint32_t i = 0; i < queue->n; i++)
        to[i] = *queue_at(agent, queue, i);
    if (queue->ring)
        pool_free(pool, queue->ring, queue->room * (uint32_t)sizeof(Entry));
    queue->ring = ring;
    queue->room = room;
    queue->head = 0;
}

void queue_push(Agent *agent, Queue *queue, Entry entry)
{
    if (queue->n == queue->room)
        grow(agent, queue);
    *queue_at(agent, queue, queue->n++) = entry;
}

void queue_pop(Agent *agent, Queue *queue)
{
    record_unref(&agent->engine->pool, queue_at(agent, queue, 0)->record);
    queue->head = (queue->head + 1) & (queue->room - 1);
    queue->n--;
}

void queue_remove(Agent *agent, Queue *queue, uint32_t i)
{
    record_unref(&agent->engine->pool, queue_at(agent, queue, i)->record);
    if (i < queue->n / 2) {
        for (; i > 0; i--)
            *queue_at(agent, queue, i) = *queue_at(agent, queue, i - 1);
        queue->head = (queue->head + 1) & (queue->room - 1);
    } else {
        for (; i + 1 < queue->n; i++)
            *queue_at(agent, queue, i) = *queue_at(agent, queue, i + 1);
    }
    queue->n--;
}

void queue_clear(Agent *agent, Queue *queue)
{
    while (queue->n)
        queue_pop(agent, queue);
    if (queue->ring)
        pool_free(&agent->engine->pool, queue->ring, queue->room * (uint32_t)sizeof(Entry));
    *queue = (Queue){0};
}
