/* Nodes: partitions of an agent and the windows between them.
 *
 * One pool cell each:  [Node 40 B][Window | Counter][state of the kind, leaves][whole key]
 *
 * `by` nodes are found in one open-addressing table per agent by (parent, own part of the key); windows hang
 * in their parent's list. The children of the root that are `by` nodes hang in no list: there may be millions,
 * and only the table walks over them. */
#include "agents/node.h"

#include <assert.h>

#include "agents/timer.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { TABLE_ROOM_MIN = 64, SWEEP_SLOTS = 64 };

Window *node_window(const Agent *agent, Handle handle)
{
    Node *node = node_at(agent, handle);
    if (node->level == NODE_ROOT || !context_ops(agent->levels[node->level].kind)->windows)
        return NULL;
    return (Window *)((char *)node + agent->window_offset[node->level]);
}

Window *node_enclosing(const Agent *agent, Handle node)
{
    for (; node; node = node_at(agent, node)->parent) {
        Window *window = node_window(agent, node);
        if (window)
            return window;
    }
    return NULL;
}

int64_t node_close_time(const Agent *agent, Handle leaf)
{
    int64_t time = INT64_MAX;
    for (Handle node = leaf; node; node = node_at(agent, node)->parent) {
        const Window *window = node_window(agent, node);
        if (!window)
            continue;
        bool calendar = context_ops(agent->levels[node_at(agent, node)->level].kind)->calendar && !window->full;
        int64_t end = calendar ? window->end - 1 : window->end;
        time = end < time ? end : time;
    }
    return time == INT64_MAX ? agent->cause.time : time;
}

static char *key_bytes(const Agent *agent, Node *node)
{
    return (char *)node + agent->node_size[node_slot(agent, node)];
}

Text node_key(const Agent *agent, Handle handle)
{
    for (; handle; handle = node_at(agent, handle)->parent) {
        Node *node = node_at(agent, handle);
        if (node->key_len)
            return (Text){key_bytes(agent, node), node->key_len};
    }
    return (Text){"", 0};
}

/* ── The table of `by` nodes ── */

uint32_t node_hash(Handle parent, Text part)
{
    return (uint32_t)XXH3_64bits_withSeed(part.p, part.len, parent);
}

void node_prefetch(const Agent *agent, uint32_t hash)
{
    if (agent->table_room)
        __builtin_prefetch(&agent->table[hash & (agent->table_room - 1)]);
}

void node_prefetch_cell(const Agent *agent, uint32_t hash)
{
    if (!agent->table_room)
        return;
    Handle node = agent->table[hash & (agent->table_room - 1)].node;
    if (node) {
        char *cell = pool_at(&agent->engine->pool, node);
        __builtin_prefetch(cell);
        __builtin_prefetch(cell + 64);
        __builtin_prefetch(cell + 128);
    }
}

void node_prefetch_state(const Agent *agent, uint32_t hash)
{
    if (!agent->table_room || !agent->kind->prefetch)
        return;
    Handle node = agent->table[hash & (agent->table_room - 1)].node;
    if (node && node_is_leaf(agent, node_at(agent, node)))
        agent->kind->prefetch(agent, node);
}

Handle node_find(Agent *agent, Handle parent, Text part, uint32_t hash)
{
    if (!agent->table_room)
        return HANDLE_NONE;
    uint32_t mask = agent->table_room - 1;
    for (uint32_t i = hash & mask; agent->table[i].node; i = (i + 1) & mask) {
        if (agent->table[i].hash != hash)
            continue;
        Node *node = node_at(agent, agent->table[i].node);
        if (node->parent == parent && node->part_len == part.len &&
            memcmp(key_bytes(agent, node) + node->key_len - part.len, part.p, part.len) == 0)
            return agent->table[i].node;
    }
    return HANDLE_NONE;
}

static void table_insert(Agent *agent, NodeSlot slot)
{
    uint32_t mask = agent->table_room - 1, i = slot.hash & mask;
    while (agent->table[i].node)
        i = (i + 1) & mask;
    agent->table[i] = slot;
}

static void table_add(Agent *agent, NodeSlot slot)
{
    if ((agent->table_count + 1) * 2 > agent->table_room) {
        NodeSlot *old = agent->table;
        uint32_t room = agent->table_room;
        agent->table_room = room ? room * 2 : TABLE_ROOM_MIN;
        agent->table = memory_new(agent->engine->memory, agent->table_room * sizeof *agent->table);
        for (uint32_t i = 0; i < room; i++)
            if (old[i].node)
                table_insert(agent, old[i]);
        memory_free(agent->engine->memory, old, room * sizeof *old);
    }
    table_insert(agent, slot);
    agent->table_count++;
}

/* Linear probing without tombstones: what stood behind the gap moves up. */
static void table_remove(Agent *agent, Handle handle, uint32_t hash)
{
    uint32_t mask = agent->table_room - 1, gap = hash & mask;
    while (agent->table[gap].node != handle)
        gap = (gap + 1) & mask;
    for (uint32_t i = (gap + 1) & mask; agent->table[i].node; i = (i + 1) & mask) {
        uint32_t home = agent->table[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            agent->table[gap] = agent->table[i];
            gap = i;
        }
    }
    agent->table[gap] = (NodeSlot){0, HANDLE_NONE};
    agent->table_count--;
}

/* ── Making and freeing ── */

static bool hangs_in_list(const Agent *agent, const Node *node)
{
    return node->parent && !(node->parent == agent->root && node->part_len);
}

static void list_add(Agent *agent, Handle handle, Node *node)
{
    Node *parent = node_at(agent, node->parent);
    node->prev = HANDLE_NONE;
    node->next = parent->child;
    if (node->next)
        node_at(agent, node->next)->prev = handle;
    parent->child = handle;
}

static void list_remove(Agent *agent, Node *node)
{
    if (node->next)
        node_at(agent, node->next)->prev = node->prev;
    if (node->prev)
        node_at(agent, node->prev)->next = node->next;
    else
        node_at(agent, node->parent)->child = node->next;
}

Handle node_new(Agent *agent, uint32_t level, Handle parent, Text part)
{
    bool root = level == NODE_ROOT;
    uint32_t slot = root ? agent->nlevels : level, size = agent->node_size[slot];
    Text above = part.len ? node_key(agent, parent) : (Text){"", 0};
    uint32_t key_len = part.len ? above.len + part.len : 0;
    Handle handle = pool_alloc(&agent->engine->pool, size + key_len);
    Node *node = node_at(agent, handle);
    memset(node, 0, size);
    node->parent = parent;
    node->level = (uint16_t)level;
    node->key_len = key_len;
    node->part_len = part.len;
    node->touched = agent->cause.time;
    if (part.len) {
        memcpy(key_bytes(agent, node), above.p, above.len);
        memcpy(key_bytes(agent, node) + above.len, part.p, part.len);
        node->hash = node_hash(parent, part);
        table_add(agent, (NodeSlot){node->hash, handle});
    }
    if (!root && hangs_in_list(agent, node))
        list_add(agent, handle, node);
    if (node_is_leaf(agent, node))
        agent->stats.partitions++;
    return handle;
}

Handle node_root(Agent *agent)
{
    if (!agent->root)
        agent->root = node_new(agent, NODE_ROOT, HANDLE_NONE, (Text){"", 0});
    return agent->root;
}

static void window_release(Agent *agent, Window *window)
{
    timer_cancel(agent, &window->expiry);
    timer_cancel(agent, &window->idle);
    if (window->opener)
        record_unref(&agent->engine->pool, window->opener);
}

void node_free(Agent *agent, Handle handle)
{
    Node *node = node_at(agent, handle);
    while (node->child)
        node_free(agent, node->child);
    if (node_is_leaf(agent, node)) {
        if (agent->kind->release)
            agent->kind->release(agent, handle);
        agent->stats.partitions--;
    }
    Window *window = node_window(agent, handle);
    if (window)
        window_release(agent, window);
    if (node->level != NODE_ROOT) {
        if (hangs_in_list(agent, node))
            list_remove(agent, node);
        if (node->part_len)
            table_remove(agent, handle, node->hash);
    }
    pool_free(&agent->engine->pool, handle, agent->node_size[node_slot(agent, node)] + node->key_len);
}

void node_empty(Agent *agent, Handle handle)
{
    Node *node = node_at(agent, handle);
    while (node->child)
        node_free(agent, node->child);
    if (!node_is_leaf(agent, node) || !agent->kind->state_size)
        return;
    if (agent->kind->release)
        agent->kind->release(agent, handle);
    memset(node_state(agent, handle), 0, agent->kind->state_size(agent));
}

/* The children of the root that are in no list must be found in the table. Freeing moves slots up, so the walk
 * begins again at a freed slot. */
void node_free_all(Agent *agent)
{
    for (uint32_t i = 0; i < agent->table_room;) {
        Handle handle = agent->table[i].node;
        if (handle && node_at(agent, handle)->parent == agent->root)
            node_free(agent, handle);
        else
            i++;
    }
    if (agent->root)
        node_free(agent, agent->root);
    agent->root = HANDLE_NONE;
    memory_free(agent->engine->memory, agent->table, agent->table_room * sizeof *agent->table);
    agent->table = NULL;
    agent->table_room = agent->table_count = 0;
}

/* ── Closing ── */

typedef struct LeafRef {
    Text key;
    uint64_t serial; /* of its window: leaves of one key in the order in which their windows opened */
    Handle leaf;
} LeafRef;

typedef struct LeafList {
    LeafRef *items;
    uint32_t n;
} LeafList;

static void leaves_below(Agent *agent, Handle handle, LeafList *list)
{
    Node *node = node_at(agent, handle);
    bool unfinished = agent->ending && node->level != NODE_ROOT && agent->levels[node->level].kind == CONTEXT_EACH;
    if (node->closing || unfinished)
        return;
    node->closing = true;
    if (node_is_leaf(agent, node)) {
        list->items = arena_grow(&agent->engine->scratch, list->items, list->n, sizeof *list->items);
        const Window *window = node_enclosing(agent, handle);
        list->items[list->n++] = (LeafRef){node_key(agent, handle), window ? window->serial : 0, handle};
        return;
    }
    for (Handle child = node->child; child; child = node_at(agent, child)->next)
        leaves_below(agent, child, list);
    if (handle == agent->root)
        for (uint32_t i = 0; i < agent->table_room; i++)
            if (agent->table[i].node && node_at(agent, agent->table[i].node)->parent == handle)
                leaves_below(agent, agent->table[i].node, list);
}

static bool leaf_before(const LeafRef *a, const LeafRef *b)
{
    int order = text_compare(a->key, b->key);
    return order ? order < 0 : a->serial < b->serial;
}

/* Heap sort: in place, no recursion, and the number of leaves may be large. */
static void leaves_sift(LeafRef *items, uint32_t i, uint32_t n)
{
    LeafRef item = items[i];
    for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && leaf_before(&items[child], &items[child + 1]))
            child++;
        if (!leaf_before(&item, &items[child]))
            break;
        items[i] = items[child];
    }
    items[i] = item;
}

static void leaves_sort(LeafRef *items, uint32_t n)
{
    for (uint32_t i = n / 2; i-- > 0;)
        leaves_sift(items, i, n);
    for (uint32_t end = n; end-- > 1;) {
        LeafRef last = items[end];
        items[end] = items[0];
        items[0] = last;
        leaves_sift(items, 0, end);
    }
}

void node_close(Agent *agent, Handle handle)
{
    if (!agent->kind->close)
        return;
    LeafList list = {0};
    leaves_below(agent, handle, &list);
    leaves_sort(list.items, list.n);
    for (uint32_t i = 0; i < list.n; i++) {
        agent_trigger_close(agent, list.items[i].leaf);
        agent->kind->close(agent, list.items[i].leaf);
    }
}

/* ── Forgetting ── */

bool node_forget(Agent *agent, Handle handle)
{
    const Node *node = node_at(agent, handle);
    if (node->closing || node->child || node_window(agent, handle))
        return false;
    if (node_is_leaf(agent, node) && (!agent->kind->blank || !agent->kind->blank(agent, handle)))
        return false;
    node_free(agent, handle);
    return true;
}

void node_forget_up(Agent *agent, Handle handle)
{
    while (handle && handle != agent->root) {
        Handle parent = node_at(agent, handle)->parent;
        if (!node_forget(agent, handle))
            return;
        handle = parent;
    }
}

/* A clock hand over the table. What it frees would be found expired at its next event, so when it comes by
 * changes memory and nothing else. */
void node_sweep(Agent *agent, int64_t now)
{
    if (!agent->table_count || agent->forget_after == INT64_MAX)
        return;
    uint32_t mask = agent->table_room - 1;
    for (uint32_t looked = 0; looked < SWEEP_SLOTS; looked++) {
        uint32_t i = agent->sweep & mask;
        Handle handle = agent->table[i].node;
        Node *node = handle ? node_at(agent, handle) : NULL;
        if (node && node->parent == agent->root && node_is_idle(agent, handle, now, agent->forget_after))
            node_free(agent, handle); /* another may have moved into the slot: look at it again */
        else
            agent->sweep++;
    }
}

/* Whether an open window or a timer that has yet to fire is at or below a node. */
static bool node_is_held(const Agent *agent, Handle handle)
{
    const Node *node = node_at(agent, handle);
    const Window *window = node_window(agent, handle);
    if (window && (!window->full || window->expiry)) /* a full one without timer has closed, and only counts on */
        return true;
    if (agent->kind->pending && node_is_leaf(agent, node) && agent->kind->pending(agent, handle))
        return true;
    for (Handle child = node->child; child; child = node_at(agent, child)->next)
        if (node_is_held(agent, child))
            return true;
    return false;
}

bool node_is_idle(const Agent *agent, Handle handle, int64_t now, int64_t after)
{
    return now - after >= node_at(agent, handle)->touched && !node_is_held(agent, handle);
}
