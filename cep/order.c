/* Comparing order keys. Paths are as deep as the network, a handful of steps. */
#include "cep/order.h"

static int order_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Compares from the root down: a path that is a prefix of the other is the cause, and comes first. */
static int path_compare(const OrderPath *a, const OrderPath *b)
{
    uint32_t depth_a = a ? a->depth : 0, depth_b = b ? b->depth : 0;
    if (depth_a > depth_b) {
        int order = path_compare(a->up, b);
        return order ? order : 1;
    }
    if (depth_b > depth_a)
        return -path_compare(b, a);
    if (a == b)
        return 0;
    int order = path_compare(a->up, b->up);
    if (!order)
        order = order_u64(a->agent, b->agent);
    return order ? order : order_u64(a->output, b->output);
}

static int timer_compare(const OrderTimer *a, const OrderTimer *b)
{
    if (a == b || !a || !b)
        return (a != NULL) - (b != NULL);
    if ((a->nth == ORDER_TIMER_END) != (b->nth == ORDER_TIMER_END))
        return a->nth == ORDER_TIMER_END ? 1 : -1;
    int order = text_compare((Text){a->key.p, a->own}, (Text){b->key.p, b->own});
    if (!order)
        order = order_u64(a->nth, b->nth);
    return order ? order : text_compare(a->key, b->key);
}

static int root_compare(const OrderKey *a, const OrderKey *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    int order = order_u64(a->kind, b->kind);
    if (!order)
        order = order_u64(a->origin, b->origin);
    if (order)
        return order;
    return a->kind == ORDER_EVENT ? order_u64(a->sequence, b->sequence) : timer_compare(a->timer, b->timer);
}

int order_compare(const OrderKey *a, const OrderKey *b)
{
    int order = root_compare(a, b);
    return order ? order : path_compare(a->path, b->path);
}

bool order_same_root(const OrderKey *a, const OrderKey *b)
{
    return root_compare(a, b) == 0;
}

static const OrderPath *path_copy(const OrderPath *path, Arena *arena)
{
    if (!path)
        return NULL;
    OrderPath *copy = arena_raw(arena, sizeof *copy);
    *copy = *path;
    copy->up = path_copy(path->up, arena);
    return copy;
}

OrderKey order_copy(const OrderKey *key, Arena *arena)
{
    OrderKey copy = *key;
    copy.path = path_copy(key->path, arena);
    if (key->kind != ORDER_EVENT && key->timer) {
        OrderTimer *timer = arena_raw(arena, sizeof *timer);
        *timer = *key->timer;
        timer->key = arena_text(arena, timer->key);
        copy.timer = timer;
    }
    return copy;
}
