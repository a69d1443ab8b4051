/* Random cases: a network as rule text, so that a failing case can be read, and a stream for it.
 *
 *   events A, B, C     k : int?, s : string, v : int, w : float?     small domains, some nulls
 *   table Ref key id   rows 0 and 1;  table Pair key a, b            (0 "x") (1 "y") (1 "x")
 *   agent i            hears A, B, C and what agents before it derive; derives D<i>, sometimes E<i>
 *
 * Times lie on a grid of one second, durations are multiples of five: deadlines fall on events. */
#ifndef TESTS_ORACLE_GENERATE_H
#define TESTS_ORACLE_GENERATE_H

#include "cep/value.h"

enum { CASE_TYPES = 3, CASE_ATTRIBUTES = 4, CASE_EVENTS_MAX = 64 };

extern const char *const case_types[CASE_TYPES];

/* An input; or the passing of time up to `time`. */
typedef struct CaseEvent {
    bool advance;
    uint32_t type;
    int64_t time;
    int64_t k, v; /* k < 0 = null */
    const char *s;
    double w;     /* < 0 = null */
} CaseEvent;

typedef struct Case {
    char *rules; /* freed by case_free */
    CaseEvent events[CASE_EVENTS_MAX];
    uint32_t nevents;
    int64_t end;  /* at last time passes to there */
    bool close;   /* and the windows are closed */
} Case;

void case_make(Case *c, uint64_t seed);
void case_free(Case *c);

/* One event as a line of JSON. */
void case_event_json(const CaseEvent *event, char *text, size_t size);

#endif
