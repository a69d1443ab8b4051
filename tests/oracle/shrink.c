/* Greedy: every smaller case that still fails is kept. Rules are shrunk as text; what the checker refuses does
 * not fail. Unused declarations go last. */
#include "tests/oracle/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Shrinker {
    Case *c;
    Verdict verdict;
    CaseJudge judge;
    bool better;
    uint32_t tries;
    time_t end;
} Shrinker;

enum { SHRINK_TRIES_MAX = 6000, SHRINK_SECONDS_MAX = 30 };
#define SECOND INT64_C(1000000000)

static bool still_fails(Shrinker *s, const Case *smaller)
{
    return case_is_sound(smaller) && s->tries++ < SHRINK_TRIES_MAX && time(NULL) < s->end && s->judge(smaller) == s->verdict;
}

/* Leaves out n events from i on. */
static bool drop_events(Shrinker *s, uint32_t i, uint32_t n)
{
    Case smaller = *s->c;
    memmove(&smaller.events[i], &smaller.events[i + n], (smaller.nevents - i - n) * sizeof *smaller.events);
    smaller.nevents -= n;
    if (!still_fails(s, &smaller))
        return false;
    *s->c = smaller;
    return s->better = true;
}

static void shrink_events(Shrinker *s)
{
    for (uint32_t n = s->c->nevents / 2; n > 0; n /= 2)
        for (uint32_t i = 0; i + n <= s->c->nevents;)
            if (!drop_events(s, i, n))
                i += n;
}

/* Leaves out a part of the text. */
static bool drop_text(Shrinker *s, size_t from, size_t to)
{
    Case smaller = *s->c;
    size_t size = strlen(s->c->rules);
    smaller.rules = malloc(size + 1);
    if (!smaller.rules)
        abort();
    memcpy(smaller.rules, s->c->rules, from);
    memcpy(smaller.rules + from, s->c->rules + to, size - to + 1);
    if (!still_fails(s, &smaller)) {
        free(smaller.rules);
        return false;
    }
    free(s->c->rules);
    s->c->rules = smaller.rules;
    return s->better = true;
}

static size_t line_end(const char *text, size_t at)
{
    const char *end = strchr(text + at, '\n');
    return end ? (size_t)(end - text) + 1 : strlen(text);
}

static void shrink_agents(Shrinker *s)
{
    for (size_t at = 0; s->c->rules[at];) {
        size_t end = line_end(s->c->rules, at);
        if (strncmp(s->c->rules + at, "agent ", 6) == 0) {
            const char *close = strstr(s->c->rules + at, "\n}\n");
            if (close)
                end = (size_t)(close - s->c->rules) + 3;
            if (drop_text(s, at, end))
                continue;
            end = line_end(s->c->rules, at);
        }
        at = end;
    }
}

static void shrink_lines(Shrinker *s)
{
    for (size_t at = 0; s->c->rules[at];) {
        size_t end = line_end(s->c->rules, at);
        if (!drop_text(s, at, end))
            at = end;
    }
}

/* Runs of words of the agents' lines, the longest first. */
static void shrink_words(Shrinker *s)
{
    for (size_t at = 0; s->c->rules[at]; at = line_end(s->c->rules, at)) {
        const char *text = s->c->rules;
        if (strncmp(text + at, "agent ", 6) != 0 && strncmp(text + at, "  ", 2) != 0)
            continue;
        for (size_t words = 24; words > 0; words--)
            for (size_t from = at; from + 1 < line_end(s->c->rules, at);) {
                const char *rules = s->c->rules;
                size_t end = line_end(rules, at) - 1, to = from;
                for (size_t w = 0; w < words && to < end; w++) {
                    to += strspn(rules + to, " ");
                    to += strcspn(rules + to, " \n");
                }
                if (to <= end && to > from && drop_text(s, from, to))
                    continue;
                from += strspn(rules + from, " ");
                from += strcspn(rules + from, " \n");
            }
    }
}

static void shrink_ends(Shrinker *s)
{
    Case smaller = *s->c;
    smaller.close = false;
    if (s->c->close && still_fails(s, &smaller))
        s->c->close = false;
    smaller = *s->c;
    int64_t last = 0;
    for (uint32_t i = 0; i < smaller.nevents; i++)
        last = smaller.events[i].time > last ? smaller.events[i].time : last;
    for (int64_t step = (smaller.end - last) / SECOND; step > 0; step /= 2)
        for (smaller = *s->c; smaller.end - step * SECOND >= last; smaller = *s->c) {
            smaller.end -= step * SECOND;
            if (!still_fails(s, &smaller))
                break;
            s->c->end = smaller.end;
        }
    for (uint32_t i = 0; i < s->c->nevents; i++) {
        smaller = *s->c;
        CaseEvent *event = &smaller.events[i];
        event->w = -1;
        if (s->c->events[i].w >= 0 && still_fails(s, &smaller))
            *s->c = smaller;
        smaller = *s->c;
        event->v = 0;
        if (s->c->events[i].v && still_fails(s, &smaller))
            *s->c = smaller;
    }
}

void case_shrink(Case *c, Verdict verdict, CaseJudge judge)
{
    Shrinker s = {.c = c, .verdict = verdict, .judge = judge, .end = time(NULL) + SHRINK_SECONDS_MAX};
    do {
        s.better = false;
        shrink_events(&s);
        shrink_agents(&s);
        shrink_lines(&s);
        shrink_words(&s);
    } while (s.better && s.tries < SHRINK_TRIES_MAX && time(NULL) < s.end);
    shrink_ends(&s);
}
