/* Zones: the system's database, and the civil calendar by Howard Hinnant's days_from_civil.
 *
 * A zone is 1 to some 300 transitions, found by bisection; outside 1970 to 2100 the nearest offset holds. What
 * touches files is under "Loading" and nowhere else in the kernel; what is in them is tzfile.c's business. */
#include "cep/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cep/arithmetic.h"
#include "cep/tzfile.h"

#define DATABASE "/usr/share/zoneinfo"
#define SECONDS_PER_DAY INT64_C(86400)

/* ── Days ── */

static int64_t days_of_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_of_days(int64_t days, Civil *civil)
{
    days += 719468;
    int64_t era = floor_div(days, 146097), day = days - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    civil->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int)(month < 10 ? month + 3 : month - 9);
    civil->year = year + era * 400 + (civil->month <= 2);
}

int civil_month_days(int64_t year, int month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* ── Loading ── */

enum { NAME_LEN_MAX = 64, PATH_SIZE_MAX = 4096, FILE_SIZE_MAX = 256 << 10 };

/* Keeps the path inside the database: a name has no dot, and does not begin at the root. */
static bool name_is_valid(Text name)
{
    if (name.len == 0 || name.len > NAME_LEN_MAX || *name.p == '/')
        return false;
    for (uint32_t i = 0; i < name.len; i++) {
        char c = name.p[i], lower = (char)(c | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && (c == 0 || !strchr("_+-/", c)))
            return false;
    }
    return true;
}

/* Opens a regular file of the database; -1 if there is none. */
static int database_open(Text name, size_t *size)
{
    char path[PATH_SIZE_MAX];
    const char *directory = getenv("TZDIR");
    int len = snprintf(path, sizeof path, "%s/%.*s", directory && *directory ? directory : DATABASE, TEXT_ARGS(name));
    if (len >= PATH_SIZE_MAX)
        return -1;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        *size = (size_t)status.st_size;
        return file;
    }
    if (file >= 0)
        close(file);
    return -1;
}

const Zone *zone_load(Arena *arena, Text name)
{
    size_t size;
    int file = name_is_valid(name) ? database_open(name, &size) : -1;
    if (file < 0)
        return NULL;
    Zone *zone = NULL;
    if (size > 0 && size <= FILE_SIZE_MAX) {
        char *bytes = memory_new(arena->memory, size);
        zone = ARENA_NEW(arena, Zone);
        if (read(file, bytes, size) != (ssize_t)size || !tzfile_read(arena, (Text){bytes, (uint32_t)size}, zone))
            zone = NULL;
        else
            zone->name = arena_text(arena, name);
        memory_free(arena->memory, bytes, size);
    }
    close(file);
    return zone;
}

/* The file begins with "# version 2026a". */
bool zone_database_version(char version[ZONE_VERSION_MAX])
{
    size_t size;
    int file = database_open(TEXT("tzdata.zi"), &size);
    if (file < 0)
        return false;
    char line[64];
    ssize_t len = read(file, line, sizeof line - 1);
    close(file);
    line[len > 0 ? len : 0] = 0;
    _Static_assert(ZONE_VERSION_MAX == 16, "the width below");
    return sscanf(line, "# version %15[0-9a-z.-]", version) == 1;
}

/* ── Instants and civil time ── */

static int64_t offset_at(const Zone *zone, int64_t second)
{
    if (!zone)
        return 0;
    uint32_t low = 0, high = zone->n; /* from[low] ≤ second < from[high], but for the ends */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (zone->from[middle] <= second)
            low = middle;
        else
            high = middle;
    }
    return zone->offset[low];
}

int64_t zone_offset(const Zone *zone, int64_t time_ns)
{
    return offset_at(zone, floor_div(time_ns, NS_PER_SECOND)) * NS_PER_SECOND;
}

Civil civil_of(const Zone *zone, int64_t time_ns)
{
    Civil civil = {0};
    int64_t second = floor_div(time_ns, NS_PER_SECOND);
    civil.ns = time_ns % NS_PER_SECOND;
    civil.ns += civil.ns < 0 ? NS_PER_SECOND : 0;
    second += offset_at(zone, second);
    int64_t days = floor_div(second, SECONDS_PER_DAY);
    int of_day = (int)(second - days * SECONDS_PER_DAY);
    civil_of_days(days, &civil);
    civil.hour = of_day / 3600;
    civil.minute = of_day / 60 % 60;
    civil.second = of_day % 60;
    return civil;
}

/* Seconds since 1970 of a local time, by the rule of civil_time. */
static int64_t second_of(const Zone *zone, const Civil *civil)
{
    int64_t local = days_of_civil(civil->year, civil->month, civil->day) * SECONDS_PER_DAY + civil->hour * 3600 +
                    civil->minute * 60 + civil->second;
    if (!zone)
        return local;
    int64_t offset_before = offset_at(zone, local - SECONDS_PER_DAY);
    int64_t offset_after = offset_at(zone, local + SECONDS_PER_DAY);
    int64_t before = local - offset_before, after = local - offset_after;
    if (offset_at(zone, before) == offset_before || offset_at(zone, after) != offset_after)
        return before;
    return after;
}

/* Nanoseconds of seconds, held at the ends of the range; false if they are outside. */
static bool ns_of(int64_t second, int64_t ns, int64_t *time_ns)
{
    __int128 wide = (__int128)second * NS_PER_SECOND + ns;
    *time_ns = wide < INT64_MIN ? INT64_MIN : wide > INT64_MAX ? INT64_MAX : (int64_t)wide;
    return wide == *time_ns;
}

int64_t civil_time(const Zone *zone, Civil civil)
{
    int64_t time_ns;
    (void)ns_of(second_of(zone, &civil), civil.ns, &time_ns);
    return time_ns;
}

int civil_weekday(Civil civil)
{
    int64_t days = days_of_civil(civil.year, civil.month, civil.day) + 3; /* 1970-01-01 was a Thursday */
    return (int)(days - floor_div(days, 7) * 7) + 1;
}

/* ── Text ── */

/* Reads exactly n digits of at most `most`. */
static bool digits_read(const char **p, const char *end, int n, int least, int most, int *value)
{
    *value = 0;
    if (end - *p < n)
        return false;
    for (int i = 0; i < n; i++) {
        char c = *(*p)++;
        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    return *value >= least && *value <= most;
}

static bool char_read(const char **p, const char *end, char c)
{
    if (*p == end || **p != c)
        return false;
    (*p)++;
    return true;
}

static bool date_read(const char **p, const char *end, Civil *civil)
{
    int year;
    if (!digits_read(p, end, 4, 0, 9999, &year) || !char_read(p, end, '-') ||
        !digits_read(p, end, 2, 1, 12, &civil->month) || !char_read(p, end, '-') ||
        !digits_read(p, end, 2, 1, civil_month_days(year, civil->month), &civil->day))
        return false;
    civil->year = year;
    return true;
}

/* hh:mm[:ss[.digits]]; a leap second is the first second of the next minute. */
static bool clock_read(const char **p, const char *end, Civil *civil)
{
    if (!digits_read(p, end, 2, 0, 23, &civil->hour) || !char_read(p, end, ':') ||
        !digits_read(p, end, 2, 0, 59, &civil->minute))
        return false;
    if (!char_read(p, end, ':'))
        return true;
    if (!digits_read(p, end, 2, 0, civil->minute == 59 ? 60 : 59, &civil->second))
        return false;
    if (!char_read(p, end, '.'))
        return true;
    int64_t unit = NS_PER_SECOND;
    const char *first = *p;
    for (int digit; *p < end && **p >= '0' && **p <= '9'; civil->ns += digit * unit) {
        digit = *(*p)++ - '0';
        unit /= 10;
        if (unit == 0)
            return false;
    }
    return *p > first;
}

/* Z or ±hh:mm, in seconds east of UTC. */
static bool offset_read(const char **p, const char *end, int64_t *offset)
{
    if (char_read(p, end, 'Z') || char_read(p, end, 'z')) {
        *offset = 0;
        return true;
    }
    bool west = char_read(p, end, '-');
    int hours, minutes;
    if ((!west && !char_read(p, end, '+')) || !digits_read(p, end, 2, 0, 23, &hours) || !char_read(p, end, ':') ||
        !digits_read(p, end, 2, 0, 59, &minutes))
        return false;
    *offset = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool time_parse(Text text, const Zone *zone, bool allow_local, int64_t *time_ns)
{
    const char *p = text.p, *end = text.p + text.len;
    Civil civil = {0};
    if (!date_read(&p, end, &civil))
        return false;
    if (p < end) {
        if (!char_read(&p, end, 'T') && !char_read(&p, end, 't'))
            return false;
        if (!clock_read(&p, end, &civil))
            return false;
        if (p < end) {
            int64_t offset;
            return offset_read(&p, end, &offset) && p == end &&
                   ns_of(second_of(NULL, &civil) - offset, civil.ns, time_ns);
        }
    }
    return allow_local && ns_of(second_of(zone, &civil), civil.ns, time_ns);
}

size_t time_text(int64_t time_ns, char text[TIME_TEXT_MAX])
{
    Civil c = civil_of(NULL, time_ns);
    int len = snprintf(text, TIME_TEXT_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)c.year, c.month, c.day,
                       c.hour, c.minute, c.second);
    if (c.ns) {
        len += snprintf(text + len, TIME_TEXT_MAX - (size_t)len, ".%09lld", (long long)c.ns);
        while (text[len - 1] == '0')
            len--;
    }
    text[len++] = 'Z';
    text[len] = 0;
    return (size_t)len;
}

size_t duration_text(int64_t ns, char text[TIME_TEXT_MAX])
{
    static const struct {
        const char *word;
        uint64_t ns;
    } units[] = {
        {"day", UINT64_C(86400000000000)}, {"h", UINT64_C(3600000000000)}, {"min", UINT64_C(60000000000)},
        {"s", UINT64_C(1000000000)}, {"ms", 1000000}, {"us", 1000}, {"ns", 1},
    };
    uint64_t left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    int len = snprintf(text, TIME_TEXT_MAX, "%s", ns < 0 ? "-" : ns == 0 ? "0 s" : "");
    const char *blank = "";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint64_t n = left / units[i].ns;
        left %= units[i].ns;
        if (!n)
            continue;
        len += snprintf(text + len, TIME_TEXT_MAX - (size_t)len, "%s%llu %s%s", blank, (unsigned long long)n,
                        units[i].word, i == 0 && n > 1 ? "s" : "");
        blank = " ";
    }
    return (size_t)len;
}
