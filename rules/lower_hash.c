/* Definition hashes: XXH3, 128 bits, over what an agent means and not over where or how it is written.
 *
 *   declaration = hash of its dump (dump.h: no layout, no comments) and of the declarations that it names,
 *                 params with the value they have in this plan
 *   feed        = hash of all agents that derive an event type
 *   agent       = hash of its declaration, of the event types that it hears or derives, and of their feeds
 *
 * Hashes of a set are sorted before they are hashed, so that the order of declarations plays no part. Agents come
 * in topological order; so whoever feeds an agent is hashed before it. An agent that hears what it derives is
 * not among its own feeders. */
#include "rules/lower.h"

#include <stdlib.h>
#include <xxhash.h>

#include "rules/dump.h"

typedef struct Digest {
    uint8_t bytes[16];
} Digest;

/* A set of hashes. */
typedef struct Digests {
    Digest *items;
    uint32_t n;
    Digest all;     /* hash of the set when it had n_all members */
    uint32_t n_all;
} Digests;

typedef struct Hashing {
    Lowering *lowering;
    char *text; /* of the dump at hand */
    size_t size;
    FILE *out;
    Digests *derivers; /* per event type: agents hashed so far that derive it */
    uint32_t suppressed; /* cep.Suppressed, which `quiet` derives; INDEX_NONE = nobody hears it */
} Hashing;

static Digest digest_of(const void *bytes, size_t size)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
    Digest digest;
    memcpy(digest.bytes, canonical.digest, sizeof digest.bytes);
    return digest;
}

static int digest_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Digest));
}

static void digests_add(Hashing *h, Digests *set, Digest digest)
{
    set->items = arena_grow(h->lowering->scratch, set->items, set->n, sizeof *set->items);
    set->items[set->n++] = digest;
}

/* Hashes a text and a set. */
static Digest digest_with(Hashing *h, Digest head, Digests *set)
{
    if (set->n)
        qsort(set->items, set->n, sizeof *set->items, digest_compare);
    Digest *all = ARENA_ARRAY(h->lowering->scratch, Digest, set->n + 1);
    all[0] = head;
    if (set->n)
        memcpy(all + 1, set->items, set->n * sizeof *all);
    return digest_of(all, (set->n + 1) * sizeof *all);
}

/* ── Declarations ── */

static Digest dump_digest(Hashing *h, const Declaration *declaration)
{
    rewind(h->out);
    if (declaration->kind == DECLARATION_PARAM) {
        const ModelParam *param = declaration->note;
        fprintf(h->out, "param %.*s %s", TEXT_ARGS(param->name), type_word(param->type->kind));
        dump_expression(param->value, h->out);
    } else {
        dump_declaration(declaration, h->out);
    }
    long size = ftell(h->out);
    fflush(h->out);
    return digest_of(h->text, (size_t)size);
}

static LowerDigest *digest_slot(const Lowering *lowering, const Declaration *declaration)
{
    uint32_t mask = lowering->digest_room - 1;
    uint32_t i = (uint32_t)(((uintptr_t)declaration >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
    while (lowering->digests[i].declaration && lowering->digests[i].declaration != declaration)
        i = (i + 1) & mask;
    return &lowering->digests[i];
}

static void digests_grow(Lowering *lowering)
{
    LowerDigest *old = lowering->digests;
    uint32_t room = lowering->digest_room;
    lowering->digest_room = room ? room * 2 : 64;
    lowering->digests = ARENA_ARRAY(lowering->scratch, LowerDigest, lowering->digest_room);
    for (uint32_t i = 0; i < room; i++)
        if (old[i].declaration)
            *digest_slot(lowering, old[i].declaration) = old[i];
}

/* Events and tables may name params and functions; those name nothing more that is not noted with them. */
static const Depends *depends_of(const Lowering *lowering, const Declaration *declaration)
{
    if (declaration->kind == DECLARATION_EVENT || declaration->kind == DECLARATION_ALERT)
        return &lowering->event_depends[((const ModelEvent *)declaration->note)->index];
    if (declaration->kind == DECLARATION_TABLE)
        return &lowering->table_depends[((const ModelTable *)declaration->note)->index];
    return NULL;
}

static Digest declaration_digest(Hashing *h, const Declaration *declaration)
{
    Lowering *lowering = h->lowering;
    Digest digest;
    if (lowering->ndigests * 2 >= lowering->digest_room)
        digests_grow(lowering);
    LowerDigest *slot = digest_slot(lowering, declaration);
    if (slot->declaration) {
        memcpy(digest.bytes, slot->hash, sizeof digest.bytes);
        return digest;
    }
    digest = dump_digest(h, declaration);
    const Depends *depends = depends_of(lowering, declaration);
    if (depends && depends->n) {
        Digests set = {0};
        for (uint32_t i = 0; i < depends->n; i++)
            if (depends->items[i] != declaration)
                digests_add(h, &set, declaration_digest(h, depends->items[i]));
        digest = digest_with(h, digest, &set);
    }
    if (lowering->ndigests * 2 >= lowering->digest_room)
        digests_grow(lowering);
    slot = digest_slot(lowering, declaration);
    slot->declaration = declaration;
    memcpy(slot->hash, digest.bytes, sizeof slot->hash);
    lowering->ndigests++;
    return digest;
}

/* ── Agents ── */

static void hash_agent(Hashing *h, const ModelAgent *model, const Depends *depends, AgentPlan *plan)
{
    Digests set = {0};
    for (uint32_t i = 0; i < depends->n; i++)
        digests_add(h, &set, declaration_digest(h, depends->items[i]));
    for (uint32_t i = 0; i < plan->ninputs; i++) {
        Digests *derivers = &h->derivers[plan->inputs[i].type];
        if (derivers->n != derivers->n_all) {
            derivers->all = digest_with(h, digest_of("", 0), derivers);
            derivers->n_all = derivers->n;
        }
        if (derivers->n)
            digests_add(h, &set, derivers->all);
    }
    Digest digest = digest_with(h, dump_digest(h, model->declaration), &set);
    memcpy(plan->hash, digest.bytes, sizeof plan->hash);
    for (uint32_t i = 0; i < plan->nderives; i++) {
        bool again = false;
        for (uint32_t j = 0; j < i; j++)
            again |= plan->derives[j].type == plan->derives[i].type;
        if (!again)
            digests_add(h, &h->derivers[plan->derives[i].type], digest);
    }
    if (plan->quiet.duration && h->suppressed != INDEX_NONE)
        digests_add(h, &h->derivers[h->suppressed], digest);
}

static void hash_network(Hashing *h)
{
    Lowering *lowering = h->lowering;
    Plan *plan = lowering->plan;
    const Model *model = lowering->model;
    Digests set = {0};
    for (uint32_t i = 0; i < plan->nagents; i++) {
        Digest digest;
        memcpy(digest.bytes, plan->agents[i].hash, sizeof digest.bytes);
        digests_add(h, &set, digest);
    }
    for (uint32_t i = 0; i < model->nevents; i++)
        if (model->events[i]->declaration)
            digests_add(h, &set, declaration_digest(h, model->events[i]->declaration));
    for (uint32_t i = 0; i < model->ntables; i++)
        digests_add(h, &set, declaration_digest(h, model->tables[i]->declaration));
    for (uint32_t i = 0; i < model->nproducers; i++)
        digests_add(h, &set, declaration_digest(h, model->producers[i]->declaration));
    rewind(h->out);
    fprintf(h->out, "network %.*s %d %lld %lld %d", TEXT_ARGS(plan->network), plan->by_detection,
            (long long)plan->lateness, (long long)plan->idle_after, plan->late);
    long size = ftell(h->out);
    fflush(h->out);
    Digest digest = digest_with(h, digest_of(h->text, (size_t)size), &set);
    memcpy(plan->version, digest.bytes, sizeof plan->version);
}

void lower_hashes(Lowering *lowering)
{
    Hashing h = {.lowering = lowering};
    h.derivers = ARENA_ARRAY(lowering->scratch, Digests, lowering->plan->ntypes);
    h.suppressed = plan_type(lowering->plan, TEXT("cep.Suppressed"));
    h.out = open_memstream(&h.text, &h.size);
    if (!h.out)
        abort(); /* out of memory: see memory.h */
    for (uint32_t i = 0; i < lowering->plan->nagents; i++)
        hash_agent(&h, lowering->order[i], &lowering->agent_depends[i], &lowering->plan->agents[i]);
    hash_network(&h);
    fclose(h.out);
    free(h.text);
}
