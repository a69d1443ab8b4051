/* Agents by kind: their inputs, what they detect, their policies, what they derive. */
#include "tests/oracle/generate_parts.h"

/* ── Derivations ── */

static void put_int(Maker *m, const char *alias)
{
    if (m->opener[0] && maker_percent(m, 10)) {
        put(m, "%s.v", m->opener);
        return;
    }
    switch (maker_below(m, 7)) {
    case 0: put(m, "%s.k", alias); break;
    case 4: put(m, maker_percent(m, m->errors) ? "6 / %s.v" : "%s.v - 1", alias); break; /* an error where v is 0 */
    case 5:
        if (m->by_k) {
            put(m, "context.key.k");
            break;
        } /* fall through */
    case 1: put(m, "%s.v + 1", alias); break;
    case 2: put(m, "%s.v", alias); break;
    case 3: put(m, "if %s.v > 1 then %s.v else %s.k", alias, alias, alias); break;
    default: put(m, "%s.k ?? 7", alias); break;
    }
}

static void put_derive(Maker *m, const char *words, char type, const char *alias, const char *v, const char *w)
{
    put(m, "  %sderive %c%u { ", words, type, m->agent);
    if (!maker_percent(m, 10)) /* else what it reads is told by the rest */
        put(m, "k: %s.k, s: %s.s, ", alias, alias);
    put(m, "v: ");
    if (v)
        put(m, "%s", v);
    else
        put_int(m, alias);
    put(m, ", w: ");
    if (w)
        put(m, "%s", w);
    else if (maker_percent(m, 50))
        put(m, "%s.w", alias);
    else
        put(m, "null");
    if (m->windowed && maker_percent(m, 25))
        put(m, ", t: context.%s", maker_percent(m, 60) ? "start" : "end");
    else if (maker_percent(m, 5))
        put(m, ", t: now()");
    bool shifts = maker_percent(m, 10);
    m->shifted |= shifts;
    if (shifts)
        put(m, ", $time: %s.$time %s %s", alias, maker_percent(m, 70) ? "+" : "-", maker_duration(m));
    put(m, " }");
}

static void put_when(Maker *m, const char *alias, uint32_t chance)
{
    if (maker_percent(m, chance)) {
        put(m, " when ");
        maker_condition(m, alias);
    }
    put(m, "\n");
}

static void put_quiet(Maker *m, const char *alias, uint32_t chance)
{
    if (!maker_percent(m, chance))
        return;
    m->quiet = true;
    put(m, "  quiet %s%s", maker_duration(m), maker_percent(m, 35) ? " after last" : "");
    if (maker_percent(m, 35))
        put(m, " per %s.s", alias);
    put(m, "\n");
}

static void put_evidence(Maker *m)
{
    if (maker_percent(m, 10))
        put(m, "  evidence last %u\n", 1 + maker_below(m, 3));
    else if (maker_percent(m, 5))
        put(m, "  evidence none\n");
}

static void put_on(Maker *m, const char *alias, uint32_t chance)
{
    put(m, "  on ");
    maker_type(m);
    if (maker_percent(m, 7)) {
        put(m, " | ");
        maker_type(m);
    }
    put(m, " %s", alias);
    maker_where(m, alias, chance);
    put(m, "\n");
}

/* ── Kinds ── */

static void put_stateless(Maker *m)
{
    static const char *const copies[] = {"from t", "from t", "from t only k, v", "from t only s", "from t except w"};
    maker_agent(m, 60, false);
    put_on(m, "t", 60);
    if (maker_percent(m, 25)) {
        put(m, "  derive D%u %s", m->agent, RANDOM_OF(&m->random, copies));
        put_when(m, "t", 20);
        return;
    }
    bool row = maker_percent(m, 30), two = row && maker_percent(m, 30);
    if (row) {
        put(m, two ? "  enrich Pair r by (t.k, t.s)" : "  enrich Ref r by t.k");
        put(m, maker_percent(m, 40) ? " or drop\n" : "\n");
    }
    put_derive(m, "", 'D', "t", row ? (two ? "r.x" : "r.lim") : NULL, NULL);
    put_when(m, "t", 40);
    if (m->extra[m->agent]) {
        put_derive(m, "", 'E', "t", NULL, NULL);
        put_when(m, "t", 40);
    }
    if (maker_percent(m, 25)) {
        put_derive(m, "else ", 'D', "t", "100", NULL);
        put(m, "\n");
    }
    if (maker_percent(m, 25)) {
        put_derive(m, "on error ", 'D', "t", "200", NULL);
        put(m, "\n");
    }
    put_quiet(m, "t", 15);
}

/* What hears how much was held back. */
static void put_listener(Maker *m)
{
    maker_agent(m, 100, false);
    put(m, "  on cep.Suppressed t\n  derive D%u { k: t.count, s: t.key, v: if t.agent == \"g0\" then 1 else 0, w: null }\n", m->agent);
    if (m->extra[m->agent])
        put(m, "  derive E%u { k: t.count, s: t.alert, v: 2, w: null }\n", m->agent);
}

static const char *const int_aggregates[] = {
    "count(t)", "count(t)", "sum(t.v)", "min(t.v)", "max(t.v)", "distinct(t.s)", "distinct(t.k)", "first(t.v)",
    "last(t.v)", "count(t where t.v > 1)", "sum(t.v where t.s == \"x\")", "first(t.k)", "last(t.k)", "count(t.w)",
    "max(t.v) - min(t.v)", "last(t.v where t.w > 1.0)",
};
static const char *const float_aggregates[] = {
    "avg(t.v)", "avg(t.w)", "sum(t.w)", "max(t.w)", "min(t.w)", "first(t.w)", "last(t.w)", "avg(t.w where t.v > 1)",
};

static void put_aggregate_condition(Maker *m)
{
    static const char *const relations[] = {">=", ">=", ">", "==", "<", "<="};
    if (maker_percent(m, 70))
        put(m, "%s %s %u", RANDOM_OF(&m->random, int_aggregates), RANDOM_OF(&m->random, relations), 1 + maker_below(m, 4));
    else
        put(m, "%s %s %u.5", RANDOM_OF(&m->random, float_aggregates), RANDOM_OF(&m->random, relations), maker_below(m, 3));
}

static void put_set_derive(Maker *m, char type)
{
    const char *v = maker_percent(m, 70) ? RANDOM_OF(&m->random, int_aggregates) : NULL;
    const char *w = maker_percent(m, 50) ? RANDOM_OF(&m->random, float_aggregates) : NULL;
    put_derive(m, "", type, "t", v, w);
}

static void put_evaluate(Maker *m, const char *alias)
{
    if (m->closes && !m->trailing && maker_percent(m, 30))
        put(m, "  evaluate at close\n");
    else if (alias && maker_percent(m, 15))
        put(m, "  evaluate on %s\n", alias);
}

static void put_match(Maker *m, uint32_t chance)
{
    if (maker_percent(m, chance)) {
        uint32_t how = maker_below(m, 4);
        if (how == 0)
            put(m, "  match at most %u\n", 1 + maker_below(m, 3));
        else
            put(m, how == 1 ? "  match once\n" : "  match every time\n");
    }
}

static void put_threshold(Maker *m)
{
    maker_agent(m, 20, true);
    bool within = !m->trailing && !m->windowed && maker_percent(m, 60);
    m->ordered |= within;
    put_on(m, "t", 40);
    bool two = maker_percent(m, 25);
    if (two)
        put_on(m, "u", 40);
    put(m, "  detect ");
    put_aggregate_condition(m);
    if (maker_percent(m, 35)) {
        put(m, maker_percent(m, 60) ? " and " : " or ");
        if (two && maker_percent(m, 60))
            put(m, "count(u) >= %u", 1 + maker_below(m, 2));
        else
            put_aggregate_condition(m);
    }
    if (within)
        put(m, " within %s%s", maker_duration(m), maker_percent(m, 30) ? " inclusive" : "");
    put(m, "\n");
    put_match(m, m->closes && !m->trailing && !within ? 60 : 90);
    if (maker_percent(m, 50))
        put(m, "  consume %s\n", maker_percent(m, 50) ? "matched" : maker_percent(m, 50) ? "none" : "everything");
    if (!within)
        put_evaluate(m, two ? "u" : NULL);
    put_evidence(m);
    if (maker_percent(m, 15))
        put(m, "  enrich Ref r by t.k\n");
    put_set_derive(m, 'D');
    put_when(m, "t", 15);
    if (m->extra[m->agent]) {
        put_set_derive(m, 'E');
        put(m, "\n");
    }
    put_quiet(m, "t", 25);
}

static void put_aggregate(Maker *m)
{
    maker_agent(m, 15, true);
    put_on(m, "t", 40);
    put_derive(m, "", 'D', "t", RANDOM_OF(&m->random, int_aggregates),
               maker_percent(m, 60) ? RANDOM_OF(&m->random, float_aggregates) : NULL);
    put_when(m, "t", 10);
    if (m->extra[m->agent]) {
        put_set_derive(m, 'E');
        put(m, "\n");
    }
    static const char *const emits[] = {"immediately", "at close", "on change", "on change"};
    if (maker_percent(m, 50)) {
        if (maker_percent(m, 30))
            put(m, "  emit every %s%s\n", maker_duration(m), maker_percent(m, 30) ? " inclusive" : "");
        else
            put(m, "  emit %s\n", RANDOM_OF(&m->random, emits));
    }
    put_quiet(m, "t", 10);
}

static const char *const step_names[] = {"a", "b", "c", "d"};

static void put_conjunct(Maker *m, uint32_t steps, const bool *loop)
{
    uint32_t i = maker_below(m, steps), j = maker_below(m, steps);
    const char *a = step_names[i < j ? i : j], *b = step_names[i < j ? j : i];
    if (i == j) {
        if (loop[i] && maker_percent(m, 70)) {
            static const char *const forms[] = {"%s.v >= %s[prev].v", "%s[1].v < %s[last].v", "%s.k == %s[prev].k",
                                                "count(%s) >= 2", "sum(%s.v) > 3", "%s[1].v != 1"};
            const char *form = RANDOM_OF(&m->random, forms);
            for (; *form; form++) {
                if (form[0] == '%' && form[1] == 's') {
                    put(m, "%s", a);
                    form++;
                } else
                    put(m, "%c", *form);
            }
        } else
            maker_atom(m, a);
        return;
    }
    const char *index = loop[i < j ? i : j] ? (maker_percent(m, 50) ? "[last]" : "[1]") : "";
    switch (maker_below(m, 5)) {
    case 0: put(m, "%s%s.k == %s.k", a, index, b); break;
    case 1: put(m, "%s.v > %s%s.v", b, a, index); break;
    case 2: put(m, "%s%s.s == %s.s", a, index, b); break;
    case 3: put(m, "%s.v != %s%s.v", b, a, index); break;
    default: put(m, "(%s%s.w < %s.w) ?? true", a, index, b); break;
    }
}

static void put_pick(Maker *m, uint32_t steps)
{
    static const char *const values[] = {"first", "last", "each"};
    if (!maker_percent(m, 65))
        return;
    if (maker_percent(m, 50)) {
        put(m, "  pick %s\n", RANDOM_OF(&m->random, values));
        return;
    }
    uint32_t start = maker_below(m, steps), n = 1 + maker_below(m, steps);
    put(m, "  pick");
    for (uint32_t i = 0; i < n; i++)
        put(m, "%s %s %s", i ? "," : "", step_names[(start + i) % steps], RANDOM_OF(&m->random, values));
    put(m, "\n");
}

static void put_sequence(Maker *m)
{
    bool loop[4] = {false};
    m->ordered = true;
    maker_agent(m, 40, true);
    uint32_t steps = maker_percent(m, 10) ? 1 : maker_percent(m, 60) ? 2 : maker_percent(m, 85) ? 3 : 4;
    bool runs = steps > 1 && maker_percent(m, 25); /* every `a`, each further step bound for good, nothing consumed */
    for (uint32_t i = 0; i < steps; i++)
        put_on(m, step_names[i], 30);
    put(m, "  detect ");
    for (uint32_t i = 0; i < steps; i++) {
        static const char *const loops[] = {"+", "{2}", "{2,}", "{1,2}", "{2,3}"};
        if (i)
            put(m, " -> ");
        bool link = runs ? i > 0 : maker_percent(m, 15) && steps > 1, any = !runs && link && i && maker_percent(m, 40);
        if (link)
            put(m, any ? "any " : "first ");
        put(m, "%s", step_names[i]);
        loop[i] = !runs && maker_percent(m, 20) && (!link || any || i == 0); /* what `-> first b+` binds is not decided yet */
        if (loop[i])
            put(m, "%s", RANDOM_OF(&m->random, loops));
    }
    if (maker_percent(m, 60)) {
        put(m, " where ");
        put_conjunct(m, steps, loop);
        if (maker_percent(m, 30)) {
            put(m, " and ");
            put_conjunct(m, steps, loop);
        }
    }
    if (maker_percent(m, 75))
        put(m, " within %s%s", maker_duration(m), maker_percent(m, 20) ? " inclusive" : "");
    put(m, "\n");
    put_match(m, 35);
    if (runs)
        put(m, "  pick a each\n");
    else
        put_pick(m, steps);
    if (runs)
        put(m, "  consume none\n");
    else if (maker_percent(m, 60))
        put(m, "  consume %s\n", maker_percent(m, 60) ? "none" : maker_percent(m, 50) ? "matched" : "everything");
    if (!runs)
        put_evaluate(m, maker_percent(m, 60) ? step_names[maker_below(m, steps)] : NULL);
    put_evidence(m);
    uint32_t at = maker_below(m, steps);
    const char *alias = step_names[at];
    char v[32];
    snprintf(v, sizeof v, loop[at] ? "count(%s)" : "%s.v", alias);
    put_derive(m, "", 'D', alias, v, NULL);
    put_when(m, alias, 15);
    if (m->extra[m->agent]) {
        snprintf(v, sizeof v, loop[0] ? "a[1].v" : "a.v");
        put_derive(m, "", 'E', "a", v, NULL);
        put(m, "\n");
    }
    put_quiet(m, alias, 10);
}

static void put_expect(Maker *m)
{
    maker_agent(m, 30, false);
    put_on(m, "a", 40);
    bool two = maker_percent(m, 10);
    if (two)
        put_on(m, "b", 40);
    put(m, "  expect ");
    maker_type(m);
    put(m, " e");
    if (!two && maker_percent(m, 30))
        put(m, " where e.%s == a.%s", maker_percent(m, 50) ? "k" : "v", maker_percent(m, 50) ? "k" : "v");
    else
        maker_where(m, "e", 30);
    if (maker_percent(m, 15)) {
        put(m, " | ");
        maker_type(m);
        put(m, " f");
        maker_where(m, "f", 30);
    }
    put(m, " within %s", maker_duration(m));
    if (!two && maker_percent(m, 12))
        put(m, " since a.$time %s 5 s", maker_percent(m, 60) ? "+" : "-");
    if (maker_percent(m, 25))
        put(m, " inclusive");
    static const char *const again[] = {"add", "ignore", "refresh", "extend"};
    if (maker_percent(m, 70))
        put(m, " again %s", RANDOM_OF(&m->random, again));
    if (maker_percent(m, 20)) {
        put(m, " or discard on ");
        maker_type(m);
        put(m, " y");
        maker_where(m, "y", 40);
    }
    put(m, "\n");
    if (maker_percent(m, 10))
        put_evidence(m);
    if (maker_percent(m, 70)) {
        put_derive(m, "", 'D', "a", NULL, NULL);
        put_when(m, "a", 15);
    }
    if (m->extra[m->agent]) {
        put_derive(m, "otherwise ", 'E', "a", NULL, NULL);
        put_when(m, "a", 10);
    }
    put_derive(m, "otherwise ", 'D', "a", "300", NULL);
    put(m, "\n");
    put_quiet(m, "a", 10);
}

/* Returns whether participants have events in its match. */
static bool put_pattern_words(Maker *m, bool two)
{
    static const char *const modal[] = {"always t.v < 3", "always t.w <= 2.0", "sometimes t.v > 1", "sometimes t.k == 1", "always 6 / t.v > 1"};
    static const char *const edges[] = {"becomes t.v > 1", "ceases t.v > 1", "becomes count(t) > 2", "ceases avg(t.v) > 1.0", "becomes t.k == 1"};
    static const char *const trends[] = {"increasing", "decreasing", "stable", "nonincreasing", "nondecreasing", "mixed"};
    static const char *const values[] = {"t.v", "t.v", "t.w", "t.k", "t.s", "t.v - t.k"};
    switch (maker_below(m, m->closes && !m->trailing ? 5 : 4)) {
    case 0: put(m, "%s", RANDOM_OF(&m->random, modal)); break;
    case 1: put(m, "%s", RANDOM_OF(&m->random, edges)); break;
    case 2: put(m, "%s %s", RANDOM_OF(&m->random, trends), RANDOM_OF(&m->random, values)); break;
    case 3:
        put(m, "%s t.v run %u%s", trends[maker_below(m, 5)], 2 + maker_below(m, 2), maker_percent(m, 20) ? " by 50 %" : "");
        break;
    default:
        put(m, "%s", !two ? "absent(t)" : maker_percent(m, 50) ? "absent(t, u)" : "absent(u)");
        return false;
    }
    return true;
}

static void put_pattern(Maker *m)
{
    maker_agent(m, 20, true);
    put_on(m, "t", 30);
    bool two = maker_percent(m, 20);
    if (two)
        put_on(m, "u", 30);
    put(m, "  detect ");
    bool bound = put_pattern_words(m, two);
    put(m, "\n");
    if (maker_percent(m, 15))
        put(m, "  match at most %u\n", 1 + maker_below(m, 3));
    else if (maker_percent(m, 15))
        put(m, "  match %s\n", maker_percent(m, 50) ? "once" : "every time");
    if (maker_percent(m, 30))
        put(m, "  consume matched\n");
    if (bound && maker_percent(m, 60))
        put(m, "  evaluate immediately\n");
    put_evidence(m);
    if (!bound) {
        put(m, "  derive D%u { v: 1%s }\n", m->agent, m->windowed ? ", t: context.start" : "");
        return;
    }
    put_set_derive(m, 'D');
    put_when(m, "t", 10);
    put_quiet(m, "t", 10);
}

void maker_body(Maker *m)
{
    static void (*const kinds[])(Maker *) = {put_stateless, put_threshold, put_aggregate, put_sequence, put_sequence, put_expect, put_pattern};
    if (m->quiet && maker_percent(m, 15))
        put_listener(m);
    else
        RANDOM_OF(&m->random, kinds)(m);
}
