/* Lateness is decided per producer; the frontier only matters where an idle producer comes back behind it. */
#include "tests/oracle/naive_ingest.h"

#include "tests/oracle/naive_parts.h"

NaiveKey naive_input_key(const Case *c, const Fates *fates, uint32_t event)
{
    return (NaiveKey){.time = fates->time[event], .kind = ORDER_EVENT, .origin = c->events[event].producer,
                      .sequence = case_number(c, event)};
}

/* The greatest time that a producer had accepted before an event of the case; TIME_NONE = none yet. */
static int64_t greatest_before(const Case *c, const Fates *fates, uint32_t producer, uint32_t event)
{
    int64_t greatest = TIME_NONE;
    for (uint32_t i = 0; i < event; i++)
        if (c->events[i].producer == producer && fates->fate[i] == FATE_TAKEN && fates->time[i] > greatest)
            greatest = fates->time[i];
    return greatest;
}

/* The number that the producer's next line has at least. */
static uint64_t next_number(const Case *c, uint32_t producer, uint32_t event)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < event; i++)
        if (c->events[i].producer == producer && c->events[i].step == STEP_LINE)
            number = case_number(c, i);
    return number + 1;
}

/* Whether a producer is left out just before an event of the case. */
static bool is_idle(const Case *c, uint32_t producer, uint32_t event)
{
    bool idle = false;
    for (uint32_t i = 0; i < event; i++)
        if (c->events[i].producer == producer)
            idle = c->events[i].step == STEP_IDLE;
    return idle;
}

/* What no producer sends anything below any more, just before an event of the case: the least over those that are
 * not left out; where all are, what they have sent has come. False while somebody has yet to begin. */
static bool frontier_before(const Plan *plan, const Case *c, const Fates *fates, uint32_t event, NaiveKey *frontier)
{
    uint32_t producers = case_producers(c), idle = 0;
    bool any = false;
    for (uint32_t p = 0; p < producers; p++)
        idle += is_idle(c, p, event);
    for (uint32_t p = 0; p < producers; p++) {
        int64_t greatest = greatest_before(c, fates, p, event);
        if (idle < producers && is_idle(c, p, event))
            continue;
        if (greatest == TIME_NONE && idle < producers)
            return false;
        if (greatest == TIME_NONE)
            continue;
        NaiveKey key = {.time = greatest - (idle < producers ? plan->lateness : 0), .kind = ORDER_EVENT, .origin = p,
                        .sequence = next_number(c, p, event)};
        int order = any ? naive_key_compare(&key, frontier) : 0;
        if (!any || (idle < producers ? order < 0 : order > 0))
            *frontier = key;
        any = true;
    }
    return any;
}

/* Whether the line of a producer that was left out comes back behind the frontier. */
static bool is_behind(const Plan *plan, const Case *c, const Fates *fates, uint32_t event)
{
    NaiveKey key = naive_input_key(c, fates, event), frontier;
    for (uint32_t i = 1; i <= event; i++)
        if (frontier_before(plan, c, fates, i, &frontier) && naive_key_compare(&key, &frontier) < 0)
            return true;
    return false;
}

/* The occurrence time that a line says; TIME_NONE = it says none. */
static int64_t time_said(const CaseEvent *event)
{
    if (event->clock == CLOCK_NONE || (event->clock == CLOCK_AT && event->type == CASE_UNTIMED))
        return TIME_NONE;
    return event->time;
}

static Fate fate_of(const Plan *plan, const Case *c, Fates *fates, uint32_t i)
{
    const CaseEvent *event = &c->events[i];
    int64_t greatest = greatest_before(c, fates, event->producer, i), time = time_said(event);
    bool must_say = event->type < 2; /* A and B have `at` */
    if (event->step != STEP_LINE)
        return FATE_NONE;
    if (event->flaw == FLAW_SYNTAX)
        return FATE_MALFORMED;
    if (event->flaw == FLAW_TYPE || plan_type(plan, text_of(case_types[event->type])) == INDEX_NONE)
        return FATE_UNKNOWN;
    if (event->flaw == FLAW_NO_S || event->v >= 90 || (must_say && event->clock != CLOCK_AT))
        return FATE_INVALID;
    if (time == TIME_NONE && event->type == CASE_UNTIMED)
        time = greatest;
    if (time == TIME_NONE)
        return FATE_INVALID;
    fates->time[i] = time;
    bool late = greatest != TIME_NONE && time < greatest - plan->lateness;
    if (late || is_behind(plan, c, fates, i))
        return plan->late == LATE_DROP ? FATE_DROPPED : FATE_LATE;
    return FATE_TAKEN;
}

Fates naive_fates(const Plan *plan, const Case *c)
{
    Fates fates = {0};
    for (uint32_t i = 0; i < c->nevents; i++)
        fates.fate[i] = fate_of(plan, c, &fates, i);
    return fates;
}

uint32_t naive_order(const Case *c, const Fates *fates, uint32_t order[CASE_EVENTS_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->nevents; i++) {
        if (fates->fate[i] != FATE_TAKEN && c->events[i].step != STEP_ADVANCE)
            continue;
        uint32_t at = n++;
        NaiveKey key = naive_input_key(c, fates, i);
        for (; at > 0 && c->events[i].step == STEP_LINE && c->events[order[at - 1]].step == STEP_LINE; at--) {
            NaiveKey before = naive_input_key(c, fates, order[at - 1]);
            if (naive_key_compare(&before, &key) <= 0)
                break;
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return n;
}
