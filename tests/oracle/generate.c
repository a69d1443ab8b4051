/* Random rules, written as a person would write them, biased to what interacts: contexts in contexts, policies,
 * equal times, agents behind agents. What the checker refuses is counted and thrown away. */
#include "tests/oracle/generate.h"

#include "cep/zone.h"
#include "tests/oracle/generate_parts.h"

#include <stdlib.h>

static const char head[] =
    "event A { k : int?  s : string  v : int where v < 90  w : float?  at : time  time at }\n"
    "event B { k : int?  s : string  v : int where v < 90  w : float?  at : time  time at }\n"
    "event C { k : int?  s : string  v : int where v < 90  w : float?  at : time?  time at }\n"
    "event N { k : int?  s : string  v : int where v < 90  w : float? }\n"
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
    if (derived == 0 || maker_percent(m, 55) || (m->ordered && m->shifted)) {
        put(m, "%s", case_types[maker_percent(m, 8) ? CASE_UNTIMED : maker_below(m, CASE_UNTIMED)]);
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

/* Comparisons that call functions; % stands for the alias. */
static const char *const calls[] = {
    "abs(%.v - 2) > 1", "-%.v < -1", "min(%.v, 2) == 2", "max(%.w, 1.0) > 1.0", "max(%.v, 1, 2) == 2", "min(%.w, 1.5) <= 1.0",
    "sign(%.v - 1) >= 0", "sign(%.w - 1.0) == 0", "%.v % 2 == 0", "%.w % 1.0 == 0.0", "%.v * %.v > 3", "-%.w < -1.0",
    "%.w * 2.0 - 1.0 > %.w", "%.w / 0.5 == 2.0", "1.0 / %.w > 0.5", "abs(%.w - 1.0) < 1.0", "floor(%.w) == ceil(%.w)",
    "round(%.w) == 2.0", "sqrt(%.w) > 1.0", "exp(%.w) < 3.0", "ln(%.w) > 0.1", "log10(%.w) < 0.2", "pow(%.w, 2.0) > 1.0",
    "band(%.v, 1) == 1", "bor(%.v, 1) == 3", "bxor(%.v, 3) > 1", "shift(%.v, 1) == 4", "shift(%.v, -1) == 1",
    "int(%.w) == 1", "int(%.v > 1) == 1", "float(%.v) < %.w", "int(text(%.v)) == %.v", "int(%.s) == 1", "int(text(%.v), 3) < 2",
    "float(text(%.w)) == %.w", "text(%.v) == \"2\"", "text(%.w) < \"1\"", "text(%.v == 1) starts with \"t\"",
    "len(%.s) == 1", "upper(%.s) == \"X\"", "lower(upper(%.s)) == %.s", "trim(concat(\" \", %.s, \" \")) == \"x\"",
    "substr(concat(%.s, \"ab\"), 1) == \"ab\"", "substr(concat(%.s, \"abc\"), -4, 2) == \"xa\"", "replace(%.s, \"x\", \"yy\") == \"yy\"",
    "%.s contains \"x\"", "%.s contains \"X\" ignoring case", "%.s starts with \"y\"", "%.s starts with \"Y\" ignoring case",
    "%.s ends with \"x\"", "%.s ends with \"X\" ignoring case", "%.s like \"?\"", "concat(%.s, \"z\") like \"X*\" ignoring case",
    "concat(\"a\", %.s) like \"*x\"", "%.s == \"X\" ignoring case", "%.s != \"Y\" ignoring case", "%.s <= \"x\"", "%.s >= \"y\"",
    "year(%.$time) == 2026", "month(%.$time) == 12", "day(%.$time) > 1", "weekday(%.$time) == 4", "hour(%.$time) == 0",
    "minute(%.$time) > 1", "truncate(%.$time, 10 s) == %.$time", "%.$time - truncate(%.$time, 1 min) < 20 s",
    "(%.$time - truncate(%.$time, 1 min)) / 10 s > 2.0", "%.$time + %.v * 1 s > truncate(%.$time, 5 s)",
    "abs(10 s - %.v * 5 s) <= 5 s", "10 s % (1 s + %.v * 1 s) == 0 s", "point(%.w, 1.0) == point(1.0, 1.0)",
    "point(1.0, %.w) != point(1.0, 0.5)", "max(%.$time, truncate(%.$time, 1 h) + 1 min) == %.$time", "%.s + \"a\" == \"xa\"",
};

static void put_call(Maker *m, const char *alias)
{
    for (const char *c = RANDOM_OF(&m->random, calls); *c; c++)
        if (*c == '%' && c[1] == '.')
            put(m, "%s", alias);
        else
            put(m, "%c", *c);
}

void maker_atom(Maker *m, const char *alias)
{
    switch (maker_below(m, 14)) {
    case 12: case 13: put_call(m, alias); break;
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

/* A comparison that only the partition can decide. */
static void put_partition_atom(Maker *m, const char *alias)
{
    static const char *const relations[] = {"<", ">=", "==", "!="};
    const char *relation = RANDOM_OF(&m->random, relations);
    switch (maker_below(m, m->opener[0] ? 4 : 2)) {
    case 0: put(m, "%s.$time %s context.start + %s", alias, relation, maker_duration(m)); break;
    case 1: put(m, "%s.$time %s context.end - %s", alias, relation, maker_duration(m)); break;
    case 2: put(m, "%s.v %s %s.v", alias, relation, m->opener); break;
    default: put(m, "%s.k %s %s.k", alias, relation, m->opener); break;
    }
}

void maker_condition(Maker *m, const char *alias)
{
    uint32_t how = maker_below(m, 10);
    if (m->inside && m->windowed && maker_percent(m, 15)) {
        put_partition_atom(m, alias);
        return;
    }
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
            put(m, " since %s.%s%s", opener, maker_percent(m, 70) ? "$time" : "at", maker_percent(m, 50) ? " - 5 s" : "");
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
    snprintf(m->opener, sizeof m->opener, "%s", opener);
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
        if (maker_percent(m, 15))
            put(m, " idle %s", maker_duration(m));
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
    m->closes = m->trailing = m->windowed = m->by_k = m->inside = false;
    m->opener[0] = 0;
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
    m->ordered |= m->trailing;
    m->inside = true;
}

/* How late the producers may be. */
static void put_time(Maker *m)
{
    static const char *const lateness[] = {"", " lateness 2 s", " lateness 5 s", " lateness 15 s"};
    put(m, "network oracle\n");
    if (m->disorder)
        put(m, "time occurrence%s%s\n", RANDOM_OF(&m->random, lateness), maker_percent(m, 40) ? " late drop" : "");
    put(m, "\n%s", head);
}

static void put_network(Maker *m)
{
    uint32_t agents = 1 + maker_below(m, maker_percent(m, 50) ? 2 : AGENTS_MAX);
    put_time(m);
    for (m->agent = 0; m->agent < agents; m->agent++) {
        m->extra[m->agent] = maker_percent(m, 25);
        m->aliases = 0;
        m->ordered = false;
        for (int i = 0; i < 1 + m->extra[m->agent]; i++)
            put(m, "\n%s %c%u { k : int?  s : string?  v : int?  w : float?  t : time? }\n", maker_percent(m, 60) ? "alert" : "event",
                i ? 'E' : 'D', m->agent);
        maker_body(m);
        put(m, "}\n");
    }
}

/* ── The stream ── */

/* A line of a producer whose clock stands at `now`. */
static void line_make(CaseEvent *event, Random *random, int64_t now)
{
    static const CaseFlaw all[] = {FLAW_SYNTAX, FLAW_TYPE, FLAW_NO_S};
    *event = (CaseEvent){.type = random_below(random, 12) * CASE_TYPES / 12, .time = now, .v = random_below(random, 4)};
    if (event->type == CASE_UNTIMED && random_percent(random, 70))
        event->type = random_below(random, CASE_UNTIMED);
    event->k = random_percent(random, 8) ? -1 : (int64_t)random_below(random, 3);
    event->s = RANDOM_OF(random, case_texts);
    event->w = random_percent(random, 15) ? -1 : random_below(random, 6) * 0.5;
    if (event->type == CASE_UNTIMED || (event->type == 2 && random_percent(random, 10)))
        event->clock = CLOCK_HEADER;
    if (random_percent(random, 2))
        event->v = 95;
    if (random_percent(random, 2))
        event->flaw = RANDOM_OF(random, all);
}

/* One producer, in order. Time may be said to have passed; then nothing comes at that instant any more. */
static void stream_make(Case *c, Random *random)
{
    static const int gaps[] = {0, 0, 0, 1, 1, 1, 2, 4, 5, 5, 10, 15, 60};
    int64_t now = case_origin() + (int64_t)random_below(random, 12) * NS_PER_SECOND;
    uint32_t n = 3 + random_below(random, random_percent(random, 50) ? 15 : 40);
    for (uint32_t i = 0; i < n; i++) {
        CaseEvent *event = &c->events[c->nevents++];
        int64_t gap = RANDOM_OF(random, gaps);
        bool passed = i && event[-1].step == STEP_ADVANCE;
        now += (gap + (passed && gap == 0)) * NS_PER_SECOND;
        line_make(event, random, now);
        if (i > 0 && random_percent(random, 3))
            *event = (CaseEvent){.step = STEP_ADVANCE, .time = now, .w = -1, .s = case_texts[0]};
        event->number = c->nevents;
    }
    c->end = now;
}

/* Some producers, each with its own clock, which it does not always keep. */
static void disorder_make(Case *c, Random *random)
{
    static const int gaps[] = {0, 0, 1, 1, 2, 5, 5, 10};
    static const int back[] = {0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 6, 10, 20};
    uint32_t producers = 1 + random_below(random, CASE_PRODUCERS_MAX), n = 4 + random_below(random, random_percent(random, 50) ? 15 : 40);
    int64_t now[CASE_PRODUCERS_MAX];
    uint64_t number[CASE_PRODUCERS_MAX] = {0};
    const CaseEvent *last[CASE_PRODUCERS_MAX] = {NULL};
    bool silences = random_percent(random, 25);
    for (uint32_t p = 0; p < producers; p++)
        now[p] = case_origin() + (int64_t)random_below(random, 12) * NS_PER_SECOND;
    for (uint32_t i = 0; i < n; i++) {
        CaseEvent *event = &c->events[c->nevents++];
        uint32_t p = random_below(random, producers);
        if (silences && random_percent(random, 10)) {
            *event = (CaseEvent){.step = STEP_IDLE, .producer = p, .w = -1, .s = case_texts[0]};
            continue;
        }
        number[p] += 1 + (random_percent(random, 10) ? random_below(random, 5) : 0); /* a gap */
        now[p] += (int64_t)RANDOM_OF(random, gaps) * NS_PER_SECOND;
        line_make(event, random, now[p] - (int64_t)RANDOM_OF(random, back) * NS_PER_SECOND);
        if (event->clock == CLOCK_HEADER && random_percent(random, 40))
            event->clock = CLOCK_NONE;
        if (last[p] && random_percent(random, 6))
            *event = *last[p]; /* sent twice */
        last[p] = event;
        event->producer = p;
        event->number = number[p];
        c->end = now[p] > c->end ? now[p] : c->end;
    }
}

void case_make(Case *c, uint64_t seed)
{
    Maker m = {.random = {seed}, .errors = 10};
    size_t size;
    *c = (Case){0};
    m.out = open_memstream(&c->rules, &size);
    if (!m.out)
        abort();
    m.disorder = maker_percent(&m, 50);
    put_network(&m);
    fclose(m.out);
    (m.disorder ? disorder_make : stream_make)(c, &m.random);
    c->end += random_percent(&m.random, 60) ? 200 * NS_PER_SECOND : 0;
    c->close = random_percent(&m.random, 40);
}

Case case_thinned(const Case *c)
{
    Case thin = *c;
    thin.nevents = 0;
    for (uint32_t i = 0; i < c->nevents; i++) {
        Random r = {case_number(c, i) * 31 + c->events[i].producer};
        if (i > 0 && c->events[i].step == STEP_LINE && random_percent(&r, 30))
            continue;
        thin.events[thin.nevents] = c->events[i];
        thin.events[thin.nevents++].number = case_number(c, i);
    }
    return thin;
}
