#include "cluster/dictionary.h"

#include "cep/codec.h"
#include "cluster/limits.h"

/* ── Reading ── */

static bool text_read(Cursor *c, Text *text)
{
    return cursor_text(c, text) && utf8_valid((const uint8_t *)text->p, text->len);
}

static bool texts_read(Cursor *c, Arena *arena, Text **texts, uint32_t *n)
{
    if (!cursor_array(c, n))
        return false;
    *texts = ARENA_ARRAY(arena, Text, *n);
    for (uint32_t i = 0; i < *n; i++)
        if (!text_read(c, &(*texts)[i]))
            return false;
    return true;
}

static bool kind_read(Cursor *c, TypeKind *kind)
{
    Text word;
    if (!cursor_text(c, &word))
        return false;
    for (*kind = 0; *kind < TYPE_KINDS; ++*kind)
        if (type_runs(*kind) && text_is_c(word, type_word(*kind)))
            return true;
    return false;
}

static bool kinds_read(Cursor *c, Arena *arena, DictionaryType *type)
{
    uint32_t n;
    if (cursor_nil(c))
        return true;
    if (!cursor_array(c, &n) || n != type->n)
        return false;
    type->kinds = ARENA_ARRAY(arena, TypeKind, n);
    for (uint32_t i = 0; i < n; i++)
        if (!kind_read(c, &type->kinds[i]))
            return false;
    return true;
}

static bool alert_read(Cursor *c, Arena *arena, DictionaryType *type)
{
    uint32_t n;
    Text word;
    if (cursor_nil(c))
        return true;
    if (!cursor_array(c, &n) || n != 3 || !cursor_text(c, &word))
        return false;
    type->alert = true;
    while (!text_is_c(word, severity_word(type->severity)))
        if (type->severity++ == SEVERITY_CRITICAL)
            return false;
    return texts_read(c, arena, &type->tags, &type->ntags) && text_read(c, &type->note);
}

static bool type_read(Cursor *c, Arena *arena, DictionaryType *type)
{
    uint32_t n;
    if (!cursor_array(c, &n) || n < 2 || n > 4 || !text_read(c, &type->name))
        return false;
    if (!texts_read(c, arena, &type->attributes, &type->n) || type->n > limit_default(LIMIT_ATTRIBUTES))
        return false;
    return (n < 3 || kinds_read(c, arena, type)) && (n < 4 || alert_read(c, arena, type));
}

static bool key_read(Cursor *c, DictionaryAgent *agent, uint32_t i)
{
    uint32_t n;
    return cursor_array(c, &n) && n == 2 && text_read(c, &agent->keys[i]) && kind_read(c, &agent->kinds[i]);
}

static bool agent_read(Cursor *c, Arena *arena, DictionaryAgent *agent)
{
    uint32_t n;
    Text version;
    if (!cursor_array(c, &n) || n != 3 || !text_read(c, &agent->name))
        return false;
    if (!cursor_bin(c, &version) || version.len != DICTIONARY_VERSION || !cursor_array(c, &agent->nkeys))
        return false;
    memcpy(agent->version, version.p, DICTIONARY_VERSION);
    agent->keys = ARENA_ARRAY(arena, Text, agent->nkeys);
    agent->kinds = ARENA_ARRAY(arena, TypeKind, agent->nkeys);
    for (uint32_t i = 0; i < agent->nkeys; i++)
        if (!key_read(c, agent, i))
            return false;
    return true;
}

bool dictionary_read(Dictionary *d, Text bytes, Arena *arena)
{
    Cursor c = {(const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.len};
    uint32_t n, most = (uint32_t)limit_default(LIMIT_FRAME_TYPES);
    memset(d, 0, sizeof *d);
    if (!cursor_array(&c, &n) || n < 2 || n > 3 || !text_read(&c, &d->network))
        return false;
    if (!cursor_array(&c, &d->ntypes) || d->ntypes > most)
        return false;
    d->types = ARENA_ARRAY(arena, DictionaryType, d->ntypes);
    for (uint32_t i = 0; i < d->ntypes; i++)
        if (!type_read(&c, arena, &d->types[i]))
            return false;
    if (n == 3 && (!cursor_array(&c, &d->nagents) || d->nagents > most))
        return false;
    d->agents = ARENA_ARRAY(arena, DictionaryAgent, d->nagents);
    for (uint32_t i = 0; i < d->nagents; i++)
        if (!agent_read(&c, arena, &d->agents[i]))
            return false;
    return c.at == c.end;
}

/* ── Writing ── */

size_t dictionary_type_size(const EventType *type)
{
    enum { WORD = 16 };
    size_t size = 8 * CODEC_SCALAR_MAX + type->name.len + type->wire.len + WORD + type->note.len;
    for (uint32_t i = 0; i < type->nattributes; i++)
        size += CODEC_SCALAR_MAX + type->attributes[i].name.len + WORD;
    for (uint32_t i = 0; i < type->ntags; i++)
        size += CODEC_SCALAR_MAX + type->tags[i].len;
    return size;
}

static uint8_t *put_alert(uint8_t *to, const EventType *type)
{
    to = codec_put_array(to, 3);
    to = codec_put_text(to, text_of(severity_word(type->severity)));
    to = codec_put_array(to, type->ntags);
    for (uint32_t i = 0; i < type->ntags; i++)
        to = codec_put_text(to, type->tags[i]);
    return codec_put_text(to, type->note);
}

uint8_t *dictionary_put_type(uint8_t *to, const EventType *type, Text name)
{
    to = codec_put_array(to, 4);
    to = codec_put_text(to, name);
    to = codec_put_array(to, type->nattributes);
    for (uint32_t i = 0; i < type->nattributes; i++)
        to = codec_put_text(to, type->attributes[i].name);
    to = codec_put_array(to, type->nattributes);
    for (uint32_t i = 0; i < type->nattributes; i++)
        to = codec_put_text(to, text_of(type_word(type->attributes[i].type)));
    return type->alert ? put_alert(to, type) : codec_put_nil(to);
}

size_t dictionary_agent_size(const AgentPlan *agent)
{
    size_t size = 4 * CODEC_SCALAR_MAX + agent->name.len + DICTIONARY_VERSION;
    for (uint32_t s = 0; s < agent->ncontexts; s++)
        for (uint32_t k = 0; k < agent->contexts[s].nkeys; k++)
            size += 3 * CODEC_SCALAR_MAX + agent->contexts[s].key_names[k].len + 16;
    return size;
}

uint8_t *dictionary_put_agent(uint8_t *to, const AgentPlan *agent)
{
    uint32_t nkeys = 0;
    for (uint32_t s = 0; s < agent->ncontexts; s++)
        nkeys += agent->contexts[s].nkeys;
    to = codec_put_array(to, 3);
    to = codec_put_text(to, agent->name);
    to = codec_put_bin(to, agent->hash, DICTIONARY_VERSION);
    to = codec_put_array(to, nkeys);
    for (uint32_t s = 0; s < agent->ncontexts; s++)
        for (uint32_t k = 0; k < agent->contexts[s].nkeys; k++) {
            to = codec_put_array(to, 2);
            to = codec_put_text(to, agent->contexts[s].key_names[k]);
            to = codec_put_text(to, text_of(type_word(agent->contexts[s].key_types[k])));
        }
    return to;
}
