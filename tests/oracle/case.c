/* Cases as lines of JSON, and as files. */
#include "tests/oracle/case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cep/zone.h"

const char *const case_types[CASE_TYPES] = {"A", "B", "C", "N"};
const char *const case_texts[CASE_TEXTS] = {"x", "y"};

static const char *const flaws[] = {"", " syntax", " type", " no_s"};
static const char mark[] = "--- stream\n";

void case_free(Case *c)
{
    free(c->rules);
    c->rules = NULL;
}

int64_t case_origin(void)
{
    return INT64_C(1767225600) * NS_PER_SECOND; /* 2026-01-01T00:00:00Z */
}

uint64_t case_number(const Case *c, uint32_t event)
{
    return c->events[event].number ? c->events[event].number : event + 1;
}

uint32_t case_producers(const Case *c)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < c->nevents; i++)
        n = c->events[i].producer >= n ? c->events[i].producer + 1 : n;
    return n;
}

bool case_is_sound(const Case *c)
{
    int64_t promised = INT64_MIN;
    for (uint32_t i = 0; i < c->nevents; i++) {
        const CaseEvent *event = &c->events[i];
        if (event->step == STEP_ADVANCE && i == 0)
            return false; /* time begins with an event */
        bool unseen = event->clock == CLOCK_NONE && promised != INT64_MIN;
        if (event->step == STEP_LINE && (event->time <= promised || unseen))
            return false;
        if (event->step == STEP_ADVANCE)
            promised = event->time;
    }
    return c->nevents > 0;
}

/* ── On the wire ── */

void case_line(const CaseEvent *event, char text[CASE_LINE_MAX])
{
    char at[TIME_TEXT_MAX], k[32] = "", s[32] = "", w[32] = "", clock[96] = "";
    at[time_text(event->time, at)] = 0;
    if (event->k >= 0)
        snprintf(k, sizeof k, ",\"k\":%lld", (long long)event->k);
    if (event->flaw != FLAW_NO_S)
        snprintf(s, sizeof s, ",\"s\":\"%s\"", event->s);
    if (event->w >= 0)
        snprintf(w, sizeof w, ",\"w\":%g", event->w);
    if (event->clock != CLOCK_NONE)
        snprintf(clock, sizeof clock, ",\"%s\":\"%s\"", event->clock == CLOCK_AT ? "at" : "$time", at);
    snprintf(text, CASE_LINE_MAX, "{\"type\":\"%s\"%s%s,\"v\":%lld%s%s%s", event->flaw == FLAW_TYPE ? "Nobody" : case_types[event->type],
             k, s, (long long)event->v, w, clock, event->flaw == FLAW_SYNTAX ? ",}" : "}");
}

/* ── As a file ── */

static long long seconds(int64_t time)
{
    return (long long)((time - case_origin()) / NS_PER_SECOND);
}

static void line_write(const Case *c, uint32_t i, FILE *to)
{
    const CaseEvent *e = &c->events[i];
    static const char *const clocks[] = {"at", "$time", "unseen"};
    fprintf(to, "line %u %llu %s %s=%lld", e->producer, (unsigned long long)case_number(c, i), case_types[e->type], clocks[e->clock],
            seconds(e->time));
    if (e->k >= 0)
        fprintf(to, " k=%lld", (long long)e->k);
    fprintf(to, " s=%s v=%lld", e->s, (long long)e->v);
    if (e->w >= 0)
        fprintf(to, " w=%g", e->w);
    fprintf(to, "%s\n", flaws[e->flaw]);
}

void case_write(const Case *c, FILE *to)
{
    fprintf(to, "%s%s", c->rules, mark);
    for (uint32_t i = 0; i < c->nevents; i++)
        if (c->events[i].step == STEP_LINE)
            line_write(c, i, to);
        else if (c->events[i].step == STEP_IDLE)
            fprintf(to, "idle %u\n", c->events[i].producer);
        else
            fprintf(to, "advance %lld\n", seconds(c->events[i].time));
    fprintf(to, "end %lld%s\n", seconds(c->end), c->close ? " close" : "");
}

static int64_t instant(const char *text)
{
    return case_origin() + strtoll(text, NULL, 10) * NS_PER_SECOND;
}

/* The place of a word in a list, or -1. */
static int place(const char *word, const char *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(word, list[i]) == 0)
            return i;
    return -1;
}

static bool field_read(CaseEvent *e, const char *word)
{
    static const char *const clocks[] = {"at=", "$time=", "unseen="};
    for (int i = 0; i < 3; i++)
        if (strncmp(word, clocks[i], strlen(clocks[i])) == 0) {
            e->clock = (CaseClock)i;
            e->time = instant(strchr(word, '=') + 1);
            return true;
        }
    for (int i = FLAW_SYNTAX; i <= FLAW_NO_S; i++)
        if (strcmp(word, flaws[i] + 1) == 0) {
            e->flaw = (CaseFlaw)i;
            return true;
        }
    int text = strncmp(word, "s=", 2) == 0 ? place(word + 2, case_texts, CASE_TEXTS) : -1;
    if (text >= 0)
        e->s = case_texts[text];
    else if (strncmp(word, "k=", 2) == 0)
        e->k = strtoll(word + 2, NULL, 10);
    else if (strncmp(word, "v=", 2) == 0)
        e->v = strtoll(word + 2, NULL, 10);
    else if (strncmp(word, "w=", 2) == 0)
        e->w = strtod(word + 2, NULL);
    else
        return false;
    return true;
}

static bool line_read(Case *c, char *line)
{
    char *save, *word = strtok_r(line, " ", &save), *value = strtok_r(NULL, " ", &save);
    if (!word || !value)
        return false;
    if (strcmp(word, "end") == 0) {
        char *close = strtok_r(NULL, " ", &save);
        c->end = instant(value);
        c->close = close && strcmp(close, "close") == 0;
        return !close || c->close;
    }
    if (c->nevents == CASE_EVENTS_MAX)
        return false;
    CaseEvent *e = &c->events[c->nevents++];
    *e = (CaseEvent){.k = -1, .w = -1, .s = case_texts[0]};
    if (strcmp(word, "advance") == 0) {
        e->step = STEP_ADVANCE;
        e->time = instant(value);
        return true;
    }
    e->producer = (uint32_t)strtoul(value, NULL, 10);
    if (strcmp(word, "idle") == 0) {
        e->step = STEP_IDLE;
        return true;
    }
    char *number = strtok_r(NULL, " ", &save), *type = strtok_r(NULL, " ", &save);
    int known = type ? place(type, case_types, CASE_TYPES) : -1;
    if (strcmp(word, "line") != 0 || known < 0 || e->producer >= CASE_PRODUCERS_MAX)
        return false;
    e->number = strtoull(number, NULL, 10);
    e->type = (uint32_t)known;
    while ((word = strtok_r(NULL, " ", &save)))
        if (!field_read(e, word))
            return false;
    return true;
}

static char *file_read(const char *path)
{
    FILE *from = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    if (!from) {
        fprintf(stderr, "differential: cannot read %s: %s\n", path, strerror(errno));
        return NULL;
    }
    if (getdelim(&text, &room, 0, from) < 0)
        fprintf(stderr, "differential: %s is empty\n", path);
    fclose(from);
    return text;
}

bool case_read(Case *c, const char *path)
{
    char *text = file_read(path), *save;
    *c = (Case){0};
    if (!text)
        return false;
    char *stream = strstr(text, mark);
    bool good = stream != NULL;
    if (good) {
        c->rules = strndup(text, (size_t)(stream - text));
        for (char *line = strtok_r(stream + strlen(mark), "\n", &save); line && good; line = strtok_r(NULL, "\n", &save)) {
            char copy[CASE_LINE_MAX];
            snprintf(copy, sizeof copy, "%s", line);
            good = line_read(c, copy);
            if (!good)
                fprintf(stderr, "differential: %s: cannot read the line: %s\n", path, line);
        }
    } else {
        fprintf(stderr, "differential: %s has no line %s", path, mark);
    }
    free(text);
    if (!good)
        case_free(c);
    return good;
}
