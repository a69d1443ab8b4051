/* Quiet: after an alert, further ones of its type and key are counted and not sent for a while.
 *
 * One entry a key in a chained table: until when, how many were held back. A timer ends it; an entry that held
 * nothing back is forgotten then, one that did announces the number as `cep.Suppressed` and waits for the next
 * alert, which carries it, or for a week. */
#include "agents/quiet.h"

#include "agents/derive.h"
#include "agents/timer.h"
#include "cep/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define QUIET_KEPT (7 * NS_PER_DAY)

typedef struct Entry {
    Handle next;       /* in its bucket */
    Handle timer;
    uint32_t hash, key_len;
    uint32_t derive;
    bool over;         /* the quiet time has ended */
    int64_t until;     /* ns */
    uint64_t suppressed;
    char key[];
} Entry;

struct Quiet {
    Handle *buckets;
    uint32_t room, count;
    uint32_t type; /* cep.Suppressed; INDEX_NONE = nobody can hear it */
};

void quiet_init(Agent *agent)
{
    agent->quiet = ARENA_NEW(&agent->engine->arena, Quiet);
    agent->quiet->type = plan_type(agent->engine->plan, TEXT("cep.Suppressed"));
}

void quiet_fini(Agent *agent)
{
    memory_free(agent->engine->memory, agent->quiet->buckets, agent->quiet->room * sizeof(Handle));
}

static Entry *entry_at(const Agent *agent, Handle entry)
{
    return pool_at(&agent->engine->pool, entry);
}

/* What "the same" means: the alert type, and the value of `per` or else the partition with its window. */
static Text key_make(Agent *agent, uint32_t derive, Handle leaf, const Surroundings *around)
{
    Arena *scratch = &agent->engine->scratch;
    uint32_t type = agent->plan->derives[derive].type;
    Text part = {"", 0};
    uint64_t window_serial = 0;
    if (agent->plan->quiet.per) {
        Cell value;
        TypeKind kind = agent->plan->quiet.per->type;
        if (program_value(agent->plan->quiet.per, agent->views, around, &value) == STATE_OK) {
            uint8_t *bytes = arena_raw(scratch, key_size(kind, value));
            part = (Text){(char *)bytes, (uint32_t)(key_put(bytes, kind, value) - bytes)};
        }
    } else if (leaf) {
        const Window *window = node_enclosing(agent, leaf);
        part = node_key(agent, leaf);
        window_serial = window ? window->serial + 1 : 0;
    }
    uint32_t len = part.len + (uint32_t)(sizeof type + sizeof window_serial);
    char *key = arena_raw(scratch, len);
    memcpy(key, &type, sizeof type);
    memcpy(key + sizeof type, &window_serial, sizeof window_serial);
    memcpy(key + sizeof type + sizeof window_serial, part.p, part.len);
    return (Text){key, len};
}

static Text key_part(const Entry *entry)
{
    uint32_t head = sizeof(uint32_t) + sizeof(uint64_t);
    return (Text){entry->key + head, entry->key_len - head};
}

static void grow(Agent *agent)
{
    Quiet *quiet = agent->quiet;
    Handle *old = quiet->buckets;
    uint32_t room = quiet->room;
    quiet->room = room ? room * 2 : 16;
    quiet->buckets = memory_new(agent->engine->memory, quiet->room * sizeof(Handle));
    for (uint32_t i = 0; i < room; i++)
        for (Handle entry = old[i], next; entry; entry = next) {
            Handle *bucket = &quiet->buckets[entry_at(agent, entry)->hash & (quiet->room - 1)];
            next = entry_at(agent, entry)->next;
            entry_at(agent, entry)->next = *bucket;
            *bucket = entry;
        }
    memory_free(agent->engine->memory, old, room * sizeof(Handle));
}

static Handle entry_find(Agent *agent, Text key, uint32_t hash)
{
    if (!agent->quiet->room)
        return HANDLE_NONE;
    for (Handle entry = agent->quiet->buckets[hash & (agent->quiet->room - 1)]; entry; entry = entry_at(agent, entry)->next) {
        Entry *e = entry_at(agent, entry);
        if (e->hash == hash && e->key_len == key.len && memcmp(e->key, key.p, key.len) == 0)
            return entry;
    }
    return HANDLE_NONE;
}

static Handle entry_new(Agent *agent, Text key, uint32_t hash, uint32_t derive)
{
    if (agent->quiet->count >= agent->quiet->room)
        grow(agent);
    Handle *bucket = &agent->quiet->buckets[hash & (agent->quiet->room - 1)];
    Handle handle = pool_alloc(&agent->engine->pool, (uint32_t)sizeof(Entry) + key.len);
    Entry *entry = entry_at(agent, handle);
    *entry = (Entry){.next = *bucket, .hash = hash, .key_len = key.len, .derive = derive};
    memcpy(entry->key, key.p, key.len);
    *bucket = handle;
    agent->quiet->count++;
    return handle;
}

static void entry_free(Agent *agent, Handle handle)
{
    Entry *entry = entry_at(agent, handle);
    Handle *link = &agent->quiet->buckets[entry->hash & (agent->quiet->room - 1)];
    while (*link != handle)
        link = &entry_at(agent, *link)->next;
    *link = entry->next;
    agent->quiet->count--;
    pool_free(&agent->engine->pool, handle, (uint32_t)sizeof *entry + entry->key_len);
}

static void restart(Agent *agent, Handle handle, int64_t time)
{
    Entry *entry = entry_at(agent, handle);
    timer_cancel(agent, &entry->timer);
    entry->over = false;
    entry->until = time + agent->plan->quiet.duration;
    entry->timer = timer_set(agent, entry->until, false, TIMER_QUIET, handle, HANDLE_NONE);
}

bool quiet_admits(Agent *agent, uint32_t derive, Handle leaf, const Surroundings *around, int64_t time,
                  uint64_t *suppressed)
{
    Text key = key_make(agent, derive, leaf, around);
    uint32_t hash = (uint32_t)XXH3_64bits(key.p, key.len);
    Handle handle = entry_find(agent, key, hash);
    if (handle && !entry_at(agent, handle)->over && time < entry_at(agent, handle)->until) {
        entry_at(agent, handle)->suppressed++;
        agent->stats.suppressed++;
        if (agent->plan->quiet.after_last)
            restart(agent, handle, time);
        return false;
    }
    if (!handle)
        handle = entry_new(agent, key, hash, derive);
    *suppressed = entry_at(agent, handle)->suppressed;
    entry_at(agent, handle)->suppressed = 0;
    restart(agent, handle, time);
    return true;
}

Text quiet_key(const Agent *agent, Handle handle)
{
    return key_part(entry_at(agent, handle));
}

static void announce(Agent *agent, const Entry *entry)
{
    const Plan *plan = agent->engine->plan;
    Cell values[] = { /* alert, agent, key, count */
        {.s = plan->types[agent->plan->derives[entry->derive].type].name},
        {.s = agent->plan->name},
        {.s = key_text(key_part(entry), &agent->engine->scratch)},
        {.i = (int64_t)entry->suppressed},
    };
    derive_builtin(agent, agent->quiet->type, values, sizeof values / sizeof *values, agent->cause.time);
}

void quiet_timer(Agent *agent, const Timer *timer)
{
    Entry *entry = entry_at(agent, timer->owner);
    entry->timer = HANDLE_NONE;
    if (entry->over || !entry->suppressed) {
        entry_free(agent, timer->owner);
        return;
    }
    entry->over = true;
    if (agent->quiet->type != INDEX_NONE)
        announce(agent, entry);
    entry->timer = timer_set(agent, agent->cause.time + QUIET_KEPT, false, TIMER_QUIET, timer->owner, HANDLE_NONE);
}
