/* TZif files, of some 1 to 4 KB, read once for each zone of a plan:
 *
 *   ┌──────────────────┬───────────────────────┬──────────────────┬───────────────────────┬──────────────┐
 *   │ header 44 B      │ block with times of   │ header 44 B      │ block with times of   │ \n rule \n   │
 *   │ "TZif", 6 counts │ 32 bits, left out     │ "TZif", 6 counts │ 64 bits               │              │
 *   └──────────────────┴───────────────────────┴──────────────────┴───────────────────────┴──────────────┘
 *   a block: times │ a type for each, 1 B │ types: offset 4 B, is summer 1 B, name 1 B │ names │ leap seconds │ …
 *
 * The rule, as in the environment variable TZ of POSIX, holds from the last time on: "WET0WEST,M3.5.0/1,M10.5.0".
 * It is written out here year by year, so that a Zone is a table and nothing else. Transitions that change only
 * the name or the summer flag are left out. */
#include "cep/tzfile.h"

#define RANGE_END INT64_C(4133980800) /* 2101-01-01 */
#define SECONDS_PER_DAY INT64_C(86400)

enum {
    HEADER_SIZE = 44, HEADER_COUNTS = 20, TIME_SIZE = 8, TYPE_SIZE = 6,
    YEAR_LAST = 2101,                       /* whose first transition can be in 2100 */
    OFFSET_MIN = -89999, OFFSET_MAX = 93599 /* as the RFC has it: between -25 h and 26 h */
};

/* ── The table ── */

/* Appends a transition. One before 1970 counts as at 1970; what begins at the same time or later gives way. */
static void table_add(Arena *arena, Zone *zone, int64_t from, int32_t offset)
{
    if (from >= RANGE_END)
        return;
    from = from < 0 ? 0 : from;
    while (zone->n && zone->from[zone->n - 1] >= from)
        zone->n--;
    if (zone->n && zone->offset[zone->n - 1] == offset)
        return;
    zone->from = arena_grow(arena, zone->from, zone->n, sizeof *zone->from);
    zone->offset = arena_grow(arena, zone->offset, zone->n, sizeof *zone->offset);
    zone->from[zone->n] = from;
    zone->offset[zone->n++] = offset;
}

/* ── The block ── */

typedef struct Block {
    uint32_t nutc, nstandard, nleaps, ntimes, ntypes, nchars; /* in the order of the header */
    const char *times, *types_of_times, *types;
} Block;

static uint32_t big_endian_32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t big_endian_64(const char *p)
{
    return (int64_t)((uint64_t)big_endian_32(p) << 32 | big_endian_32(p + 4));
}

/* Reads a header and the block behind it, whose times have time_size bytes. */
static bool block_read(Text *rest, uint32_t time_size, Block *block)
{
    if (rest->len < HEADER_SIZE || memcmp(rest->p, "TZif", 4) != 0 || rest->p[4] < '2')
        return false;
    const char *counts = rest->p + HEADER_COUNTS;
    *block = (Block){
        big_endian_32(counts), big_endian_32(counts + 4), big_endian_32(counts + 8),
        big_endian_32(counts + 12), big_endian_32(counts + 16), big_endian_32(counts + 20), NULL, NULL, NULL,
    };
    uint64_t size = (uint64_t)block->ntimes * (time_size + 1) + (uint64_t)block->ntypes * TYPE_SIZE + block->nchars +
                    (uint64_t)block->nleaps * (time_size + 4) + block->nstandard + block->nutc;
    if (size > rest->len - HEADER_SIZE)
        return false;
    block->times = rest->p + HEADER_SIZE;
    block->types_of_times = block->times + (size_t)block->ntimes * time_size;
    block->types = block->types_of_times + block->ntimes;
    *rest = (Text){rest->p + HEADER_SIZE + size, (uint32_t)(rest->len - HEADER_SIZE - size)};
    return true;
}

static int64_t block_time(const Block *block, uint32_t i)
{
    return big_endian_64(block->times + (size_t)i * TIME_SIZE);
}

static int32_t type_offset(const Block *block, uint32_t type)
{
    return (int32_t)big_endian_32(block->types + (size_t)type * TYPE_SIZE);
}

static bool types_are_valid(const Block *block)
{
    for (uint32_t i = 0; i < block->ntypes; i++) {
        const uint8_t *type = (const uint8_t *)block->types + (size_t)i * TYPE_SIZE;
        int32_t offset = type_offset(block, i);
        if (offset < OFFSET_MIN || offset > OFFSET_MAX || type[4] > 1 || type[5] >= block->nchars)
            return false;
    }
    return block->ntypes > 0;
}

static bool times_are_valid(const Block *block)
{
    for (uint32_t i = 0; i < block->ntimes; i++)
        if ((uint8_t)block->types_of_times[i] >= block->ntypes ||
            (i > 0 && block_time(block, i) <= block_time(block, i - 1)))
            return false;
    return true;
}

static bool block_is_valid(const Block *block)
{
    return block->nleaps == 0 && (block->nstandard == 0 || block->nstandard == block->ntypes) &&
           (block->nutc == 0 || block->nutc == block->ntypes) && types_are_valid(block) && times_are_valid(block);
}

/* Type 0 is that of before the first time. */
static void block_expand(Arena *arena, const Block *block, Zone *zone)
{
    table_add(arena, zone, 0, type_offset(block, 0));
    for (uint32_t i = 0; i < block->ntimes; i++)
        table_add(arena, zone, block_time(block, i), type_offset(block, (uint8_t)block->types_of_times[i]));
}

/* ── The rule ── */

typedef struct RuleDate {
    char form;            /* M: a weekday of a month; J: a day, 29 February left out; 0: a day from 0 */
    int month, week, day; /* week 5 = the last; Sunday = 0 */
    int32_t time;         /* s after midnight, -167 h to 167 h */
} RuleDate;

typedef struct Rule {
    bool has_summer;
    int32_t standard, summer; /* s east of UTC */
    RuleDate begin, end;      /* of summer: begin in standard time, end in summer time */
} Rule;

static bool char_read(Text *rest, char c)
{
    if (!rest->len || *rest->p != c)
        return false;
    *rest = (Text){rest->p + 1, rest->len - 1};
    return true;
}

static bool number_read(Text *rest, int least, int most, int *value)
{
    uint32_t n = 0;
    *value = 0;
    for (; n < rest->len && n < 3 && rest->p[n] >= '0' && rest->p[n] <= '9'; n++)
        *value = *value * 10 + (rest->p[n] - '0');
    *rest = (Text){rest->p + n, rest->len - n};
    return n > 0 && *value >= least && *value <= most;
}

/* WEST or <-03>. */
static bool name_read(Text *rest)
{
    bool quoted = char_read(rest, '<');
    uint32_t n = 0;
    for (; n < rest->len; n++) {
        char c = rest->p[n], lower = (char)(c | 0x20);
        bool letter = lower >= 'a' && lower <= 'z';
        if (!letter && !(quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-')))
            break;
    }
    *rest = (Text){rest->p + n, rest->len - n};
    return n >= 3 && (!quoted || char_read(rest, '>'));
}

/* [+-]h[:mm[:ss]] */
static bool clock_read(Text *rest, int hours_max, int32_t *seconds)
{
    bool minus = char_read(rest, '-');
    int hours, minute = 0, second = 0;
    if (!minus)
        (void)char_read(rest, '+');
    if (!number_read(rest, 0, hours_max, &hours))
        return false;
    if (char_read(rest, ':') && (!number_read(rest, 0, 59, &minute) ||
                                 (char_read(rest, ':') && !number_read(rest, 0, 59, &second))))
        return false;
    *seconds = (minus ? -1 : 1) * (hours * 3600 + minute * 60 + second);
    return true;
}

/* POSIX counts west of Greenwich. */
static bool offset_read(Text *rest, int32_t *offset)
{
    if (!clock_read(rest, 24, offset))
        return false;
    *offset = -*offset;
    return true;
}

/* ,Mm.w.d or ,Jn or ,n with [/time] */
static bool date_read(Text *rest, RuleDate *date)
{
    if (!char_read(rest, ','))
        return false;
    bool ok;
    *date = (RuleDate){.time = 2 * 3600};
    if (char_read(rest, 'M')) {
        date->form = 'M';
        ok = number_read(rest, 1, 12, &date->month) && char_read(rest, '.') &&
             number_read(rest, 1, 5, &date->week) && char_read(rest, '.') && number_read(rest, 0, 6, &date->day);
    } else if (char_read(rest, 'J')) {
        date->form = 'J';
        ok = number_read(rest, 1, 365, &date->day);
    } else {
        ok = number_read(rest, 0, 365, &date->day);
    }
    return ok && (!char_read(rest, '/') || clock_read(rest, 167, &date->time));
}

static bool rule_read(Text text, Rule *rule)
{
    *rule = (Rule){0};
    if (!name_read(&text) || !offset_read(&text, &rule->standard))
        return false;
    if (!text.len)
        return true;
    rule->has_summer = true;
    rule->summer = rule->standard + 3600;
    if (!name_read(&text) || (text.len && *text.p != ',' && !offset_read(&text, &rule->summer)))
        return false;
    return date_read(&text, &rule->begin) && date_read(&text, &rule->end) && !text.len;
}

/* Midnight of a date, in seconds since 1970. */
static int64_t date_midnight(int64_t year, int month, int day)
{
    return civil_time(NULL, (Civil){.year = year, .month = month, .day = day}) / NS_PER_SECOND;
}

/* When the date's time comes in a year, on a clock that shows offset. */
static int64_t date_time(const RuleDate *date, int64_t year, int32_t offset)
{
    int days;
    if (date->form == 'M') {
        int first = civil_weekday((Civil){.year = year, .month = date->month, .day = 1});
        days = (date->day + 7 - first % 7) % 7 + 7 * (date->week - 1);
        days -= days >= civil_month_days(year, date->month) ? 7 : 0;
    } else if (date->form == 'J') {
        days = date->day - 1 + (date->day >= 60 && civil_month_days(year, 2) == 29);
    } else {
        days = date->day;
    }
    int month = date->form == 'M' ? date->month : 1;
    return date_midnight(year, month, 1) + days * SECONDS_PER_DAY + date->time - offset;
}

/* Adds what the rule says from start on. It begins two years before, to know what holds at start. A summer that
 * ends when the next one begins, or later, never ends: table_add drops the end. */
static void rule_expand(Arena *arena, const Rule *rule, int64_t start, Zone *zone)
{
    table_add(arena, zone, start, rule->standard);
    if (!rule->has_summer)
        return;
    for (int64_t year = civil_of(NULL, start * NS_PER_SECOND).year - 2; year <= YEAR_LAST; year++) {
        int64_t begin = date_time(&rule->begin, year, rule->standard);
        int64_t end = date_time(&rule->end, year, rule->summer);
        bool northern = begin < end;
        int64_t first = northern ? begin : end, second = northern ? end : begin;
        table_add(arena, zone, first > start ? first : start, northern ? rule->summer : rule->standard);
        table_add(arena, zone, second > start ? second : start, northern ? rule->standard : rule->summer);
    }
}

/* ── The file ── */

/* The text between the newlines of the footer. */
static bool footer_read(Text rest, Text *text)
{
    if (!char_read(&rest, '\n'))
        return false;
    const char *end = rest.len ? memchr(rest.p, '\n', rest.len) : NULL;
    if (!end)
        return false;
    *text = (Text){rest.p, (uint32_t)(end - rest.p)};
    return true;
}

bool tzfile_read(Arena *arena, Text bytes, Zone *zone)
{
    Block block;
    Text footer;
    Rule rule;
    if (!block_read(&bytes, TIME_SIZE / 2, &block) || !block_read(&bytes, TIME_SIZE, &block) ||
        !block_is_valid(&block) || !footer_read(bytes, &footer) || (footer.len && !rule_read(footer, &rule)))
        return false;
    block_expand(arena, &block, zone);
    int64_t last = block.ntimes ? block_time(&block, block.ntimes - 1) : 0;
    if (footer.len && last < RANGE_END)
        rule_expand(arena, &rule, last < 0 ? 0 : last, zone);
    return true;
}
