/* Pace: recorded events against the wall clock, as they came or so many times as fast.
 *
 * The first event is due at once; another when as much wall clock has passed since as the events' time says,
 * divided by the speed. */
#ifndef CLUSTER_PACE_H
#define CLUSTER_PACE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Pace {
    double speed;         /* 0 = as fast as can be */
    bool begun;
    int64_t event, clock; /* ns: of the first event its time, and the clock when it was due */
} Pace;

/* Returns the clock's reading in ns at which an event of this time is due; now is the clock's reading. */
int64_t pace_due(Pace *pace, int64_t time, int64_t now);

#endif
