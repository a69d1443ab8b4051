/* Calendar windows. Window k starts at `origin + k × every`, where for calendar units the addition is one of civil
 * dates in the zone, always from the origin, so that monthly windows from the 31st do not drift. k is estimated
 * from the distance and corrected by at most a step or two.
 *
 *   origin   from, or without it 1970-01-01T00:00 of the zone (Monday 1969-12-29 for weeks, UTC for CALENDAR_NS)
 *   windows before `from` do not exist
 *
 * Called once an event and temporal context in the worst case: a few dozen ns. */
#include "cep/calendar.h"

#include <assert.h>

#include "cep/arithmetic.h"

enum { CORRECTIONS_MAX = 4 };

static int64_t clamp(__int128 wide)
{
    return wide < INT64_MIN ? INT64_MIN : wide > INT64_MAX ? INT64_MAX : (int64_t)wide;
}

static Civil origin_of(const ContextStep *fixed)
{
    if (fixed->from != TIME_NONE)
        return civil_of(fixed->zone, fixed->from);
    if (fixed->every_unit == CALENDAR_WEEK)
        return (Civil){.year = 1969, .month = 12, .day = 29};
    return (Civil){.year = 1970, .month = 1, .day = 1};
}

/* A local date and time so many days later. */
static Civil days_add(Civil civil, int64_t days)
{
    int64_t midnight = civil_time(NULL, (Civil){.year = civil.year, .month = civil.month, .day = civil.day});
    Civil later = civil_of(NULL, clamp((__int128)midnight + (__int128)days * NS_PER_DAY));
    civil.year = later.year;
    civil.month = later.month;
    civil.day = later.day;
    return civil;
}

/* So many months later, on the last day of a month that is too short. */
static Civil months_add(Civil civil, int64_t months)
{
    int64_t month = civil.year * 12 + civil.month - 1 + months;
    civil.year = floor_div(month, 12);
    civil.month = (int)(month - civil.year * 12) + 1;
    int last = civil_month_days(civil.year, civil.month);
    if (civil.day > last)
        civil.day = last;
    return civil;
}

static int64_t window_start(const ContextStep *fixed, int64_t k)
{
    if (fixed->every_unit == CALENDAR_NS)
        return clamp((fixed->from == TIME_NONE ? 0 : fixed->from) + (__int128)k * fixed->every);
    Civil origin = origin_of(fixed);
    int64_t n = k * fixed->every;
    switch (fixed->every_unit) {
    case CALENDAR_DAY: origin = days_add(origin, n); break;
    case CALENDAR_WEEK: origin = days_add(origin, n * 7); break;
    case CALENDAR_MONTH: origin = months_add(origin, n); break;
    default: origin = months_add(origin, n * 12); break;
    }
    return civil_time(fixed->zone, origin);
}

static int64_t window_end(const ContextStep *fixed, int64_t k, int64_t start)
{
    if (fixed->length)
        return clamp((__int128)start + fixed->length);
    if (fixed->to != TIME_NONE && fixed->from != TIME_NONE) /* from … to … every: as long as the first */
        return clamp((__int128)start + fixed->to - fixed->from);
    return window_start(fixed, k + 1);
}

/* Units of the calendar between the origin and a time, roughly. */
static int64_t units_between(const ContextStep *fixed, int64_t time)
{
    Civil origin = origin_of(fixed), civil = civil_of(fixed->zone, time);
    int64_t months = (civil.year - origin.year) * 12 + civil.month - origin.month;
    switch (fixed->every_unit) {
    case CALENDAR_MONTH: return months;
    case CALENDAR_YEAR: return floor_div(months, 12);
    default: break;
    }
    __int128 ns = (__int128)time - window_start(fixed, 0);
    return (int64_t)(ns / (fixed->every_unit == CALENDAR_WEEK ? 7 * NS_PER_DAY : NS_PER_DAY));
}

/* The last k whose window starts at or before the time. */
static int64_t window_at(const ContextStep *fixed, int64_t time)
{
    if (fixed->every_unit == CALENDAR_NS) {
        __int128 ns = (__int128)time - (fixed->from == TIME_NONE ? 0 : fixed->from);
        return (int64_t)(ns / fixed->every - (ns % fixed->every < 0));
    }
    int64_t k = floor_div(units_between(fixed, time), fixed->every);
    for (int i = 0; i < CORRECTIONS_MAX && window_start(fixed, k) > time; i++)
        k--;
    for (int i = 0; i < CORRECTIONS_MAX && window_start(fixed, k + 1) <= time; i++)
        k++;
    return k;
}

static bool only_window(const ContextStep *fixed, int64_t *start, int64_t *end)
{
    if (fixed->from == TIME_NONE)
        return false;
    *start = fixed->from;
    *end = fixed->to != TIME_NONE ? fixed->to : fixed->length ? clamp((__int128)fixed->from + fixed->length) : INT64_MAX;
    return true;
}

bool calendar_window(const ContextStep *fixed, int64_t time, int64_t *start, int64_t *end)
{
    return calendar_next(fixed, time, start, end) && *start <= time;
}

/* The first interval whose end is after the instant, and the end of the one before, INT64_MIN if there is none. */
static bool interval_next(const ContextStep *fixed, int64_t time, int64_t *before, int64_t *start, int64_t *end)
{
    *before = INT64_MIN;
    if (fixed->every == 0)
        return only_window(fixed, start, end) && time < *end;
    assert(fixed->every > 0);
    int64_t k = window_at(fixed, time);
    if (k < 0 && fixed->from != TIME_NONE)
        k = 0;
    for (int i = 0; i < CORRECTIONS_MAX; i++, k++) {
        *start = window_start(fixed, k);
        *end = window_end(fixed, k, *start);
        if (*end <= time)
            continue;
        if (k > 0 || fixed->from == TIME_NONE)
            *before = window_end(fixed, k - 1, window_start(fixed, k - 1));
        return true;
    }
    return false; /* at the end of time */
}

/* The gap between intervals that contains the instant, or else the next one. */
static bool gap_next(const ContextStep *fixed, int64_t time, int64_t *start, int64_t *end)
{
    int64_t interval_end;
    for (int i = 0; i < CORRECTIONS_MAX; i++) {
        if (!interval_next(fixed, time, start, end, &interval_end)) {
            *end = INT64_MAX;
            return only_window(fixed, &interval_end, start);
        }
        if (*start < *end && time < *end)
            return true;
        time = interval_end;
    }
    return false; /* intervals that touch leave none */
}

bool calendar_next(const ContextStep *fixed, int64_t time, int64_t *start, int64_t *end)
{
    assert(fixed->kind == CONTEXT_FIXED);
    int64_t before;
    return fixed->outside ? gap_next(fixed, time, start, end) : interval_next(fixed, time, &before, start, end);
}

int64_t calendar_truncate(const Zone *zone, int64_t time, int64_t duration, uint8_t *state)
{
    if (duration <= 0) {
        *state = STATE_ERROR;
        return 0;
    }
    int64_t offset = zone_offset(zone, time);
    __int128 local = (__int128)time + offset;
    __int128 rest = local % duration;
    local -= rest < 0 ? rest + duration : rest;
    __int128 truncated = local - offset;
    if (truncated < INT64_MIN || local < INT64_MIN || local > INT64_MAX) {
        *state = STATE_ERROR;
        return 0;
    }
    if (zone_offset(zone, (int64_t)truncated) == offset)
        return (int64_t)truncated;
    return civil_time(zone, civil_of(NULL, (int64_t)local));
}
