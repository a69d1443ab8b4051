/* The mail of an agent: collecting and sorting. */
#include "agents/mail.h"

void mail_add(Agent *agent, Mail mail)
{
    Engine *engine = agent->engine;
    if (engine->nletters == engine->letters_room) {
        uint32_t room = engine->letters_room ? engine->letters_room * 2 : BATCH_ROWS;
        engine->letters = memory_resize(engine->memory, engine->letters, engine->letters_room * sizeof(Letter), room * sizeof(Letter));
        engine->letters_room = room;
    }
    uint32_t letter = engine->nletters++;
    engine->letters[letter] = (Letter){mail, UINT32_MAX};
    if (agent->nmail++)
        engine->letters[agent->mail_last].next = letter;
    else
        agent->mail_first = letter;
    agent->mail_last = letter;
}

static void mail_collect(Agent *agent)
{
    agent->mail = arena_raw(&agent->engine->scratch, agent->nmail * sizeof *agent->mail);
    uint32_t letter = agent->mail_first;
    for (uint32_t i = 0; i < agent->nmail; i++, letter = agent->engine->letters[letter].next)
        agent->mail[i] = agent->engine->letters[letter].mail;
}

bool mail_is_own(const Agent *agent, const Rows *rows, uint32_t row)
{
    const Engine *engine = agent->engine;
    const EngineShare *share = engine->options.share;
    const OrderKey *key = &rows->key[row];
    bool made_here = row >= engine->ninputs[rows->type] && share->how[key->path->agent] != SHARE_COPIED;
    return made_here || share_owns(share, share_hash_order(key));
}

static void mail_keep_own(Agent *agent)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < agent->nmail; i++)
        if (mail_is_own(agent, &agent->engine->batch.rows[agent->mail[i].type], agent->mail[i].row))
            agent->mail[n++] = agent->mail[i];
    agent->nmail = n;
}

static bool mail_before(const Engine *engine, const Mail *a, const Mail *b)
{
    if (a->order != UINT32_MAX && b->order != UINT32_MAX)
        return a->order < b->order;
    return order_compare(&engine->batch.rows[a->type].key[a->row], &engine->batch.rows[b->type].key[b->row]) < 0;
}

/* Merge sort, bottom-up, stable; most mail arrives sorted and is only looked at. */
static void mail_sort(Agent *agent)
{
    uint32_t n = agent->nmail, i = 1;
    while (i < n && !mail_before(agent->engine, &agent->mail[i], &agent->mail[i - 1]))
        i++;
    if (i >= n)
        return;
    Mail *from = agent->mail, *to = arena_raw(&agent->engine->scratch, n * sizeof *to);
    for (uint32_t width = 1; width < n; width *= 2) {
        for (uint32_t start = 0; start < n; start += 2 * width) {
            uint32_t a = start, middle = start + width < n ? start + width : n, b = middle;
            uint32_t end = start + 2 * width < n ? start + 2 * width : n;
            for (uint32_t k = start; k < end; k++)
                to[k] = b >= end || (a < middle && !mail_before(agent->engine, &from[b], &from[a])) ? from[a++] : from[b++];
        }
        Mail *swap = from;
        from = to;
        to = swap;
    }
    if (from != agent->mail)
        memcpy(agent->mail, from, n * sizeof *from);
}

void mail_open(Agent *agent)
{
    mail_collect(agent);
    if (agent->how == SHARE_SPREAD)
        mail_keep_own(agent);
    mail_sort(agent);
}
