/* Time zones, and the calendar in them. A Zone is a table of transitions made once, when a plan is made, so
 * that computing with it is pure. */
#ifndef CEP_ZONE_H
#define CEP_ZONE_H

#include "cep/arena.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_DAY (INT64_C(86400) * NS_PER_SECOND)

/* A date and a time of day without a zone. month and day from 1. */
typedef struct Civil {
    int64_t year;
    int month, day, hour, minute, second;
    int64_t ns; /* of the second */
} Civil;

typedef struct Zone {
    Text name;            /* "Europe/Lisbon" */
    uint32_t n;
    int64_t *from;        /* s since 1970 UTC; offset[i] holds from from[i] until from[i + 1] */
    int32_t *offset;      /* s east of UTC */
} Zone;

/* Loads a zone of the system's database, 1970 to 2100, from the folder that the environment names in TZDIR, or
 * from /usr/share/zoneinfo. The zone lives in arena. NULL if there is no zone of that name, or its file is damaged.
 * This and zone_database_version are the kernel's only way to the file system. */
const Zone *zone_load(Arena *arena, Text name);

enum { ZONE_VERSION_MAX = 16 };
/* Writes the release of that database, "2026a". False if it does not say. */
bool zone_database_version(char version[ZONE_VERSION_MAX]);

/* zone NULL = UTC in all of these. */
int64_t zone_offset(const Zone *zone, int64_t time_ns);          /* ns east of UTC at an instant */
Civil civil_of(const Zone *zone, int64_t time_ns);
/* The instant of a local time. In a gap: the instant of the same offset before it; twice: the first. */
int64_t civil_time(const Zone *zone, Civil civil);
int civil_month_days(int64_t year, int month);                   /* 28 to 31 */
int civil_weekday(Civil civil);                                  /* Monday = 1 … Sunday = 7 */

/* RFC 3339 and ISO dates. Parses "2026-01-31T09:00:00.25Z" or with an offset; returns false if the text is
 * anything else. Without Z and offset: local time in zone if allow_local. */
bool time_parse(Text text, const Zone *zone, bool allow_local, int64_t *time_ns);

enum { TIME_TEXT_MAX = 64 };
/* Writes RFC 3339 in UTC with as many fractional digits as needed; returns the length. */
size_t time_text(int64_t time_ns, char text[TIME_TEXT_MAX]);
/* Writes a duration as the rule language does: "1 h 30 min", "250 ms", "0 s". */
size_t duration_text(int64_t ns, char text[TIME_TEXT_MAX]);

#endif
