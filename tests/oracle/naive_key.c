/* Order keys, compared as ARCHITECTURE 2 writes them. A cause comes before what is derived from it. */
#include "tests/oracle/naive_parts.h"

static int number_compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int naive_key_compare(const NaiveKey *a, const NaiveKey *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->kind != b->kind)
        return number_compare(a->kind, b->kind);
    if (a->origin != b->origin)
        return number_compare(a->origin, b->origin);
    if (a->sequence != b->sequence)
        return number_compare(a->sequence, b->sequence);
    for (uint32_t i = 0; i < 2 * a->depth && i < 2 * b->depth; i++)
        if (a->path[i] != b->path[i])
            return number_compare(a->path[i], b->path[i]);
    return number_compare(a->depth, b->depth);
}

int naive_event_compare(const NaiveEvent *a, const NaiveEvent *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return naive_key_compare(&a->key, &b->key);
}

/* ── Identity ── */

static Text words_of(Naive *naive, TypeKind type, NaiveValue value)
{
    if (type == TYPE_STRING)
        return value.cell.s;
    if (type == TYPE_FLOAT)
        return arena_printf(naive->arena, "%.17g", value.cell.f);
    return arena_printf(naive->arena, "%lld", (long long)value.cell.i);
}

Text naive_key_words(Naive *naive, const Scope *scope)
{
    Text words = TEXT("");
    for (uint32_t i = 0; scope && i < scope->nkeys; i++)
        words = arena_printf(naive->arena, "%.*s%s%.*s", TEXT_ARGS(words), i ? ", " : "",
                             TEXT_ARGS(words_of(naive, scope->key_types[i], scope->keys[i])));
    return words;
}

Text naive_identity(Naive *naive, const NaiveEvent *output)
{
    const NaiveKey *key = &output->key;
    Text trigger;
    if (output->trigger && output->trigger->agent)
        trigger = naive_identity(naive, output->trigger);
    else if (output->trigger)
        trigger = arena_printf(naive->arena, "line %llu of %u", (unsigned long long)key->sequence, key->origin);
    else
        trigger = arena_printf(naive->arena, "timer %u of %lld %u in (%.*s) of (%.*s)", key->nth, (long long)key->time, key->kind,
                               TEXT_ARGS(naive_key_words(naive, key->timer)), TEXT_ARGS(naive_key_words(naive, key->own)));
    return arena_printf(naive->arena, "output %u of derive %d of %.*s in (%.*s) from %lld by [%.*s]", key->path[2 * key->depth - 1],
                        (int)output->derive, TEXT_ARGS(output->agent->name), TEXT_ARGS(naive_key_words(naive, output->scope)),
                        (long long)output->window_start, TEXT_ARGS(trigger));
}
