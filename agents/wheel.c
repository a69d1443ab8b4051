/* The hierarchical timer wheel. Levels are found from the byte in which two ticks differ, so there is no
 * rounding and no drift; an advance visits only occupied slots, so a jump over a year costs what a step of a
 * millisecond costs. */
#include "agents/wheel.h"

#include <assert.h>
#include <string.h>

enum { TICK_SHIFT = 20 };

/* Ticks are unsigned so that times before 1970 order rightly. */
static uint64_t tick_of(int64_t time)
{
    return ((uint64_t)time ^ (UINT64_C(1) << 63)) >> TICK_SHIFT;
}

void wheel_init(Wheel *wheel, Pool *pool)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->pool = pool;
    wheel->now = INT64_MIN;
}

void wheel_start(Wheel *wheel, int64_t now)
{
    assert(wheel->count == 0);
    wheel->now = now;
}

static void place(Wheel *wheel, Handle handle)
{
    Timer *timer = pool_at(wheel->pool, handle);
    uint64_t tick = tick_of(timer->deadline), differs = tick ^ tick_of(wheel->now);
    int level = differs ? (63 - __builtin_clzll(differs)) / 8 : 0;
    unsigned slot = (tick >> (8 * level)) & 255;
    assert(level < WHEEL_LEVELS);
    timer->level = (uint8_t)level;
    timer->slot = (uint8_t)slot;
    timer->prev = HANDLE_NONE;
    timer->next = wheel->slots[level][slot];
    if (timer->next)
        ((Timer *)pool_at(wheel->pool, timer->next))->prev = handle;
    wheel->slots[level][slot] = handle;
    wheel->occupied[level][slot / 64] |= UINT64_C(1) << (slot % 64);
}

static void unlink_timer(Wheel *wheel, Timer *timer)
{
    if (timer->next)
        ((Timer *)pool_at(wheel->pool, timer->next))->prev = timer->prev;
    if (timer->prev) {
        ((Timer *)pool_at(wheel->pool, timer->prev))->next = timer->next;
        return;
    }
    wheel->slots[timer->level][timer->slot] = timer->next;
    if (!timer->next)
        wheel->occupied[timer->level][timer->slot / 64] &= ~(UINT64_C(1) << (timer->slot % 64));
}

bool wheel_is_due(const Wheel *wheel, int64_t deadline, bool inclusive)
{
    return deadline < wheel->now || (deadline == wheel->now && (!inclusive || wheel->through));
}

Handle wheel_set(Wheel *wheel, Timer timer)
{
    assert(!wheel_is_due(wheel, timer.deadline, timer.inclusive));
    Handle handle = pool_alloc(wheel->pool, sizeof timer);
    timer.serial = wheel->serial++;
    timer.cancelled = false;
    *(Timer *)pool_at(wheel->pool, handle) = timer;
    place(wheel, handle);
    wheel->count++;
    return handle;
}

void wheel_cancel(Wheel *wheel, Handle handle)
{
    unlink_timer(wheel, pool_at(wheel->pool, handle));
    pool_free(wheel->pool, handle, sizeof(Timer));
    wheel->count--;
}

/* Empties a slot: what is due goes out, the rest is placed anew, at a lower level or in the current slot. */
static void spill(Wheel *wheel, int level, unsigned slot, void (*due)(void *, Handle), void *owner)
{
    Handle handle = wheel->slots[level][slot];
    wheel->slots[level][slot] = HANDLE_NONE;
    wheel->occupied[level][slot / 64] &= ~(UINT64_C(1) << (slot % 64));
    while (handle) {
        Timer *timer = pool_at(wheel->pool, handle);
        Handle next = timer->next;
        if (wheel_is_due(wheel, timer->deadline, timer->inclusive)) {
            timer->level = WHEEL_LEVELS;
            timer->next = timer->prev = HANDLE_NONE;
            wheel->count--;
            due(owner, handle);
        } else {
            place(wheel, handle);
        }
        handle = next;
    }
}

/* Spills the occupied slots from..to of a level. */
static void spill_range(Wheel *wheel, int level, unsigned from, unsigned to, void (*due)(void *, Handle), void *owner)
{
    for (unsigned word = from / 64; word <= to / 64; word++) {
        uint64_t bits = wheel->occupied[level][word];
        if (word == from / 64)
            bits &= ~UINT64_C(0) << (from % 64);
        if (word == to / 64)
            bits &= ~UINT64_C(0) >> (63 - to % 64);
        for (; bits; bits &= bits - 1)
            spill(wheel, level, word * 64 + (unsigned)__builtin_ctzll(bits), due, owner);
    }
}

/* Levels come one after the other in time, and so do the slots of a level. */
int64_t wheel_next(const Wheel *wheel)
{
    for (int level = 0; level < WHEEL_LEVELS && wheel->count; level++)
        for (unsigned word = 0; word < WHEEL_SLOTS / 64; word++) {
            if (!wheel->occupied[level][word])
                continue;
            int64_t next = INT64_MAX;
            Handle handle = wheel->slots[level][word * 64 + (unsigned)__builtin_ctzll(wheel->occupied[level][word])];
            for (const Timer *timer; handle; handle = timer->next) {
                timer = pool_at(wheel->pool, handle);
                next = timer->deadline < next ? timer->deadline : next;
            }
            return next;
        }
    return INT64_MAX;
}

/* At each level the slots between the old tick and the new one hold what has become due or has come near.
 * Where a higher byte changed, everything that is left at the lower levels is due, too. */
void wheel_advance(Wheel *wheel, int64_t to, bool through, void (*due)(void *owner, Handle timer), void *owner)
{
    if (to < wheel->now)
        return;
    wheel->through = through || (to == wheel->now && wheel->through);
    if (!wheel->count) {
        wheel->now = to;
        return;
    }
    uint64_t old = tick_of(wheel->now), new = tick_of(to);
    uint64_t differs = old ^ new;
    int top = differs ? (63 - __builtin_clzll(differs)) / 8 : 0;
    wheel->now = to;
    for (int level = 0; level < top; level++)
        spill_range(wheel, level, 0, WHEEL_SLOTS - 1, due, owner);
    spill_range(wheel, top, (old >> (8 * top)) & 255, (new >> (8 * top)) & 255, due, owner);
}
