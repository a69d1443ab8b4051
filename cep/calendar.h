/* Calendar windows: the intervals of `fixed` contexts, and truncation of times. Everything is half-open, in ns
 * since 1970 UTC, and civil: a day of a zone has 23, 24 or 25 hours, months and years are real ones. */
#ifndef CEP_CALENDAR_H
#define CEP_CALENDAR_H

#include "cep/plan.h"

/* The window [*start, *end) of a CONTEXT_FIXED step that contains the instant; false if none does. The windows of an
 * `outside` one are the times between its intervals; the first begins at INT64_MIN, the last ends at INT64_MAX. */
bool calendar_window(const ContextStep *fixed, int64_t time, int64_t *start, int64_t *end);

/* The first window whose end is after the instant, whether or not it has begun; false if there is none any more. */
bool calendar_next(const ContextStep *fixed, int64_t time, int64_t *start, int64_t *end);

/* The last multiple of a duration, counted from 1970-01-01T00:00 local time, at or before the instant. A duration
 * that is not positive, or a result out of range, is an error. */
int64_t calendar_truncate(const Zone *zone, int64_t time, int64_t duration, uint8_t *state);

#endif
