/* Random rules, written as a person would write them, biased to what interacts: contexts in contexts, policies,
 * equal times, agents behind agents. What the checker refuses is counted and thrown away. */
#include "tests/oracle/generate.h"

#include "cep/zone.h"
#include "tests/oracle/generate_parts.h"

#include <stdlib.h>

const char *const case_types[CASE_TYPES] = {"A", "B", "C"};

static const char head[] =
    "network oracle\n\n"
    "event A { k : int?  s : string  v : int  w : float?  at : time  time at }\n"
    "event B { k : int?  s : string  v : int  w : float?  at : time  time at }\n"
    "event C { k : int?  s : string  v : int  w : float?  at : time  time at }\n"
    "table Ref key id { id : int  name : string  lim : int? }\n"
    "table Pair key a, b { a : int  b : string  x : int }\n";

uint32_t maker_below(Maker *m, uint32_t n)
{
    return random_below(&m->random, n);
}

bool maker_percent(Maker *m, uint32_t n)
{
    return random_percent(&m->random, n);
}

const char *maker_duration(Maker *m)
{
    static const char *const all[] = {"5 s", "5 s", "10 s", "10 s", "15 s", "20 s", "1 min"};
    return RANDOM_OF(&m->random, all);
}

/* A type that the agent may hear. */
void maker_type(Maker *m)
{
    uint32_t derived = 0;
    for (uint32_t i = 0; i < m->agent; i++)
        derived += 1 + m->extra[i];
    if (derived == 0 || maker_percent(m, 55)) {
        put(m, "%s", case_types[maker_below(m, CASE_TYPES)]);
        return;
    }
    uint32_t pick = maker_below(m, derived);
    for (uint32_t i = 0; i < m->agent; i++) {
        if (pick < 1u + m->extra[i]) {
            put(m, "%c%u", pick ? 'E' : 'D', i);
            return;
        }
        pick -= 1 + m->extra[i];
    }
}

/* ── Expressions ── */

void maker_atom(Maker *m, const char *alias)
{
    switch (maker_below(m, 12)) {
    case 11: put(m, "6 / %s.v > 2", alias); break; /* an error where v is 0 */
    case 0: case 1: put(m, "%s.v > %u", alias, maker_below(m, 4)); break;
    case 2: put(m, "%s.v <= %u", alias, maker_below(m, 4)); break;
    case 3: put(m, "%s.w < %u.5", alias, maker_below(m, 3)); break;
    case 4: put(m, "%s.k == %u", alias, maker_below(m, 3)); break;
    case 5: put(m, "%s.s == \"%s\"", alias, maker_percent(m, 50) ? "x" : "y"); break;
    case 6: put(m, "%s.w is %snull", alias, maker_percent(m, 50) ? "not " : ""); break;
    case 7: put(m, "%s.v in [1, 3]", alias); break;
    case 8: put(m, "Ref[%s.k].lim %s %s.v", alias, maker_percent(m, 50) ? ">" : "<=", alias); break;
    case 9: put(m, "(%s.w > 1.0) ?? %s", alias, maker_percent(m, 50) ? "true" : "false"); break;
    default: put(m, "%s.k != %s.v", alias, alias); break;
    }
}

void maker_condition(Maker *m, const char *alias)
{
    uint32_t how = maker_below(m, 10);
    if (how == 0) {
        put(m, "not (");
        maker_atom(m, alias);
        put(m, ")");
        return;
    }
    maker_atom(m, alias);
    if (how < 4) {
        put(m, how < 3 ? " and " : " or ");
        maker_atom(m, alias);
    }
}

void maker_where(Maker *m, const char *alias, uint32_t chance)
{
    if (!maker_percent(m, chance))
        return;
    put(m, " where ");
    maker_condition(m, alias);
}

/* ── Contexts ── */

static void put_interval(Maker *m)
{
    static const char *const again[] = {"add", "ignore", "refresh", "extend"};
    uint32_t n = m->aliases;
    m->aliases += 3;
    char opener[16];
    snprintf(opener, sizeof opener, "o%u", n);
    put(m, "from ");
    maker_type(m);
    put(m, " %s", opener);
    maker_where(m, opener, 40);
    bool ends = maker_percent(m, 60);
    if (ends) {
        put(m, " to ");
        maker_type(m);
        put(m, " c%u", n);
        if (maker_percent(m, 30))
            put(m, " where c%u.v > %s.v", n, opener);
        else if (maker_percent(m, 30))
            put(m, " where c%u.k == %s.k", n, opener);
    }
    if (!ends || maker_percent(m, 40)) {
        put(m, " for at most %s", maker_duration(m));
        if (maker_percent(m, 10))
            put(m, " since %s.$time%s", opener, maker_percent(m, 50) ? " - 5 s" : "");
        ends = true;
    }
    if (maker_percent(m, 25))
        put(m, " at most %u events", 1 + maker_below(m, 4));
    if (maker_percent(m, 20))
        put(m, " idle %s", maker_duration(m));
    if (maker_percent(m, 70))
        put(m, " again %s", RANDOM_OF(&m->random, again));
    if (maker_percent(m, 15)) {
        put(m, " or discard on ");
        maker_type(m);
        put(m, " x%u", n);
        if (maker_percent(m, 50))
            put(m, " where x%u.v > 1", n);
    }
    m->closes = m->windowed = true;
}

static void put_windows(Maker *m)
{
    static const char *const sliding[] = {"20 s every 10 s", "20 s every 5 s", "15 s every 10 s", "5 s every 10 s", "10 s every 10 s"};
    m->closes = m->windowed = true;
    switch (maker_below(m, 3)) {
    case 0:
        put(m, "sliding %s", RANDOM_OF(&m->random, sliding));
        if (maker_percent(m, 30))
            put(m, " at most %u events", 1 + maker_below(m, 3));
        break;
    case 1:
    {
        char alias[16];
        snprintf(alias, sizeof alias, "e%u", m->aliases++);
        put(m, "each %u ", 1 + maker_below(m, 4));
        maker_type(m);
        put(m, " %s", alias);
        maker_where(m, alias, 40);
        if (maker_percent(m, 60))
            put(m, " every %u", 1 + maker_below(m, 5));
    }
        break;
    default:
        put(m, "session gap %s", maker_duration(m));
    }
}

static void put_context(Maker *m, uint32_t kind)
{
    static const char *const every[] = {"5 s", "10 s", "10 s", "20 s", "1 min"};
    switch (kind) {
    case 0:
    {
        static const char *const keys[] = {"by k", "by k", "by s", "by (k, s)"};
        const char *key = RANDOM_OF(&m->random, keys);
        put(m, "%s", key);
        m->by_k = key[3] != 's';
    }
        break;
    case 1:
        put(m, "fixed %severy %s", maker_percent(m, 10) ? "from 2026-01-01T00:01:00Z for 3 s " : "", RANDOM_OF(&m->random, every));
        if (maker_percent(m, 10))
            put(m, " zone \"Europe/Lisbon\"");
        m->closes = m->windowed = true;
        break;
    case 2:
        if (maker_percent(m, 50))
            put(m, "last %s", maker_duration(m));
        else
            put(m, "last %u events", 1 + maker_below(m, 4));
        m->trailing = true;
        break;
    case 3:
        put_interval(m);
        break;
    case 5:
    {
        static const char *const conditions[] = {
            "while Ref[k].lim > v", "while not v > 1", "bands { low: v < 2  high: v >= 2 }", "bands { x: s == \"x\"  odd: k == 1  null: 6 / v > 2 }"};
        put(m, "%s", RANDOM_OF(&m->random, conditions));
    }
        break;
    default:
        put_windows(m);
    }
}

/* In written order; at most one of each kind but for intervals. */
static void put_contexts(Maker *m, uint32_t chance_none, bool trailing)
{
    uint32_t n = maker_percent(m, chance_none) ? 0 : 1 + maker_below(m, maker_percent(m, 25) ? 3 : 2);
    bool used[3] = {false};
    m->closes = m->trailing = m->windowed = m->by_k = false;
    const char *before = " in ";
    for (uint32_t i = 0; i < n; i++) {
        uint32_t kind = maker_percent(m, 40) ? 0 : 1 + maker_below(m, 5);
        if (kind < 3 && used[kind])
            continue;
        if (kind == 2 && !trailing)
            continue;
        if (kind < 3)
            used[kind] = true;
        put(m, "%s", before);
        put_context(m, kind);
        before = ", ";
    }
}

void maker_agent(Maker *m, uint32_t chance_none, bool trailing)
{
    put(m, "\nagent g%u", m->agent);
    put_contexts(m, chance_none, trailing);
    put(m, " {\n");
}

static void put_network(Maker *m)
{
    uint32_t agents = 1 + maker_below(m, maker_percent(m, 50) ? 2 : AGENTS_MAX);
    put(m, "%s", head);
    for (m->agent = 0; m->agent < agents; m->agent++) {
        m->extra[m->agent] = maker_percent(m, 25);
        m->aliases = 0;
        for (int i = 0; i < 1 + m->extra[m->agent]; i++)
            put(m, "\n%s %c%u { k : int?  s : string?  v : int?  w : float?  t : time? }\n", maker_percent(m, 60) ? "alert" : "event",
                i ? 'E' : 'D', m->agent);
        maker_body(m);
        put(m, "}\n");
    }
}

/* ── The stream ── */

static int64_t origin(void)
{
    return INT64_C(1767225600) * NS_PER_SECOND; /* 2026-01-01T00:00:00Z */
}

static void stream_make(Case *c, Random *random)
{
    static const char *const texts[] = {"x", "x", "y"};
    static const int gaps[] = {0, 0, 0, 1, 1, 1, 2, 4, 5, 5, 10, 15, 60};
    int64_t now = origin() + (int64_t)random_below(random, 12) * NS_PER_SECOND;
    uint32_t n = 3 + random_below(random, random_percent(random, 50) ? 15 : 40);
    for (uint32_t i = 0; i < n && i < CASE_EVENTS_MAX; i++) {
        CaseEvent *event = &c->events[c->nevents++];
        now += RANDOM_OF(random, gaps) * NS_PER_SECOND;
        *event = (CaseEvent){.type = random_below(random, CASE_TYPES), .time = now, .v = random_below(random, 4)};
        event->advance = i > 0 && random_percent(random, 3);
        event->k = random_percent(random, 8) ? -1 : (int64_t)random_below(random, 3);
        event->s = RANDOM_OF(random, texts);
        event->w = random_percent(random, 15) ? -1 : random_below(random, 6) * 0.5;
    }
    c->end = now + (random_percent(random, 60) ? 200 * NS_PER_SECOND : 0);
    c->close = random_percent(random, 40);
}

void case_make(Case *c, uint64_t seed)
{
    Maker m = {.random = {seed}, .errors = 10};
    size_t size;
    *c = (Case){0};
    m.out = open_memstream(&c->rules, &size);
    if (!m.out)
        abort();
    put_network(&m);
    fclose(m.out);
    stream_make(c, &m.random);
}

void case_free(Case *c)
{
    free(c->rules);
    c->rules = NULL;
}

void case_event_json(const CaseEvent *event, char *text, size_t size)
{
    char at[TIME_TEXT_MAX], k[32] = "", w[32] = "";
    at[time_text(event->time, at)] = 0;
    if (event->advance) {
        snprintf(text, size, "# time passes to %s", at);
        return;
    }
    if (event->k >= 0)
        snprintf(k, sizeof k, "\"k\":%lld,", (long long)event->k);
    if (event->w >= 0)
        snprintf(w, sizeof w, "\"w\":%g,", event->w);
    snprintf(text, size, "{\"type\":\"%s\",%s\"s\":\"%s\",\"v\":%lld,%s\"at\":\"%s\"}", case_types[event->type], k, event->s,
             (long long)event->v, w, at);
}
