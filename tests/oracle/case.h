/* A case: a network as rule text, so that a failing one can be read, and what its producers send.
 *
 *   events A, B   k : int?, s : string, v : int where v < 90, w : float?, at : time, the time
 *   event C       the same, but `at` may be missing: then `$time` is the time
 *   event N       without `at`: `$time`, or the latest time of its producer
 *
 * events[] is in the order of arrival. Per producer the numbers rise; they may have gaps. A case is kept as a file:
 *
 *   rule text
 *   --- stream
 *   line 1 4 A at=12 k=0 s=x v=2 w=0.5     producer, number, type; seconds since 2026-01-01; missing = null
 *   idle 1                                 producer 1 is left out until its next line
 *   advance 15                             time passes: one producer, no lateness, no event at or before 15 follows
 *   end 200 close                          time passes to there; and the windows are closed */
#ifndef TESTS_ORACLE_CASE_H
#define TESTS_ORACLE_CASE_H

#include <stdio.h>

#include "cep/value.h"

enum { CASE_TYPES = 4, CASE_UNTIMED = 3, CASE_TEXTS = 2, CASE_EVENTS_MAX = 64, CASE_PRODUCERS_MAX = 3, CASE_LINE_MAX = 256 };

extern const char *const case_types[CASE_TYPES];
extern const char *const case_texts[CASE_TEXTS];

typedef enum CaseStep { STEP_LINE, STEP_IDLE, STEP_ADVANCE } CaseStep;

/* What is wrong with a line. Besides, v may be 90 or more, which the type does not allow. */
typedef enum CaseFlaw { FLAW_NONE, FLAW_SYNTAX, FLAW_TYPE, FLAW_NO_S } CaseFlaw;

typedef enum CaseClock { CLOCK_AT, CLOCK_HEADER, CLOCK_NONE } CaseClock;

typedef struct CaseEvent {
    CaseStep step;
    uint32_t producer;
    uint64_t number;  /* of the line; 0 = its place in events, from 1 */
    CaseFlaw flaw;
    CaseClock clock;  /* how the line says its time */
    uint32_t type;
    int64_t time;     /* of an ADVANCE that to which it passes */
    int64_t k, v;     /* k < 0 = null */
    const char *s;    /* one of case_texts */
    double w;         /* < 0 = null */
} CaseEvent;

typedef struct Case {
    char *rules;      /* freed by case_free */
    CaseEvent events[CASE_EVENTS_MAX];
    uint32_t nevents;
    int64_t end;      /* at last time passes to there */
    bool close;       /* and the windows are closed */
} Case;

void case_free(Case *c);

/* The instant from which the times of a case count. */
int64_t case_origin(void);
uint64_t case_number(const Case *c, uint32_t event);
uint32_t case_producers(const Case *c);

/* Whether the stream may be run: it begins with a line, and `advance` promises only what holds. */
bool case_is_sound(const Case *c);

/* One line as JSON, without a line end. */
void case_line(const CaseEvent *event, char text[CASE_LINE_MAX]);

void case_write(const Case *c, FILE *to);
/* False if the file cannot be read or is no case; says why on standard error. */
bool case_read(Case *c, const char *path);

#endif
