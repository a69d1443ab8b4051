/* Wheel: the timers of an engine, on event time.
 *
 * A hierarchical wheel of 7 levels of 256 slots over ticks of 2^20 ns (1.05 ms):
 *
 *   level 0   256 slots of 1 tick           0.27 s
 *   level 1   256 slots of 256 ticks        69 s
 *   level 2   256 slots of 65,536 ticks     4.9 h
 *   …
 *
 * A timer stands at the level of the highest byte in which its tick differs from the wheel's, and moves
 * down as time comes near: setting, cancelling and firing cost the same for ten timers and ten million.
 * The wheel only says which timers are due; their order is the agents' business (due.h). */
#ifndef AGENTS_WHEEL_H
#define AGENTS_WHEEL_H

#include "cep/pool.h"

/* What a timer is for; the agent that set it knows what to do. */
typedef enum TimerKind {
    TIMER_WINDOW,  /* a window ends */
    TIMER_IDLE,    /* an event interval had no event for its idle time */
    TIMER_CLOCK,   /* an `expect` runs out */
    TIMER_EMIT,    /* `emit every` */
    TIMER_QUIET,   /* `quiet` ends */
} TimerKind;

typedef struct Timer {
    int64_t deadline; /* ns since 1970 UTC */
    uint64_t serial;  /* orders timers that are equal in everything else */
    uint32_t agent;   /* index in topological order */
    Handle owner;     /* the node; of quiet its entry */
    Handle item;      /* the kind's own cell in that node; HANDLE_NONE = none */
    Handle next, prev;
    uint8_t level;    /* WHEEL_LEVELS = not in the wheel but with its agent */
    uint8_t slot;
    uint8_t kind;
    bool inclusive;   /* fires after the events of its instant */
    bool cancelled;   /* with its agent, and to be dropped there */
} Timer;

enum { WHEEL_LEVELS = 7, WHEEL_SLOTS = 256 };

typedef struct Wheel {
    Pool *pool;
    int64_t now;      /* every timer before it has fired, and those at it … */
    bool through;     /* … inclusive ones too */
    uint64_t serial;
    uint64_t count;
    Handle slots[WHEEL_LEVELS][WHEEL_SLOTS];
    uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64];
} Wheel;

void wheel_init(Wheel *wheel, Pool *pool);

/* Moves the start of time; only while the wheel is empty. */
void wheel_start(Wheel *wheel, int64_t now);

/* Sets a timer that is not due yet; the handle is valid until it fires or is cancelled. */
Handle wheel_set(Wheel *wheel, Timer timer);

/* Takes a timer that is in the wheel out of it and frees it. */
void wheel_cancel(Wheel *wheel, Handle timer);

/* Whether a deadline lies before or at the wheel's time. */
bool wheel_is_due(const Wheel *wheel, int64_t deadline, bool inclusive);

/* The earliest deadline; INT64_MAX if there is none. */
int64_t wheel_next(const Wheel *wheel);

/* Moves time on to `to` and hands out every timer that is due by then, in no order; the receiver owns it.
 * Inclusive timers at `to` itself are due only if through. */
void wheel_advance(Wheel *wheel, int64_t to, bool through, void (*due)(void *owner, Handle timer), void *owner);

#endif
