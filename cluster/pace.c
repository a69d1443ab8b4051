#include "cluster/pace.h"

int64_t pace_due(Pace *pace, int64_t time, int64_t now)
{
    if (pace->speed <= 0)
        return now;
    if (!pace->begun) {
        pace->begun = true;
        pace->event = time;
        pace->clock = now;
    }
    double wait = ((double)time - (double)pace->event) / pace->speed;
    return wait <= 0 ? pace->clock : wait > 1e18 ? INT64_MAX : pace->clock + (int64_t)wait;
}
