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

int order_compare(const OrderKey *a, const OrderKey *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    int order = order_u64(a->kind, b->kind);
    if (!order)
        order = order_u64(a->origin, b->origin);
    if (!order)
        order = order_u64(a->sequence, b->sequence);
    return order ? order : path_compare(a->path, b->path);
}
