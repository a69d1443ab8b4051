/* Literals: decimal and hexadecimal numbers, C escapes, the civil calendar, units. */
#include "rules/literal.h"

#include <math.h>
#include <stdlib.h>

#define NS_PER_SECOND 1000000000LL

static const struct {
    const char *one, *many;
    Dimension dimension;
    int64_t factor; /* ns, metres, bytes, or 0 for what has no fixed length */
} units[] = {
    [UNIT_NS] = {"ns", "ns", DIMENSION_DURATION, 1},
    [UNIT_US] = {"us", "us", DIMENSION_DURATION, 1000},
    [UNIT_MS] = {"ms", "ms", DIMENSION_DURATION, 1000000},
    [UNIT_S] = {"s", "s", DIMENSION_DURATION, NS_PER_SECOND},
    [UNIT_MIN] = {"min", "min", DIMENSION_DURATION, 60 * NS_PER_SECOND},
    [UNIT_H] = {"h", "h", DIMENSION_DURATION, 3600 * NS_PER_SECOND},
    [UNIT_DAY] = {"day", "days", DIMENSION_DURATION, 86400 * NS_PER_SECOND},
    [UNIT_WEEK] = {"week", "weeks", DIMENSION_DURATION, 7 * 86400 * NS_PER_SECOND},
    [UNIT_MONTH] = {"month", "months", DIMENSION_CALENDAR, 0},
    [UNIT_YEAR] = {"year", "years", DIMENSION_CALENDAR, 0},
    [UNIT_M] = {"m", "m", DIMENSION_DISTANCE, 1},
    [UNIT_KM] = {"km", "km", DIMENSION_DISTANCE, 1000},
    [UNIT_KB] = {"KB", "KB", DIMENSION_SIZE, 1000},
    [UNIT_MB] = {"MB", "MB", DIMENSION_SIZE, 1000000},
    [UNIT_GB] = {"GB", "GB", DIMENSION_SIZE, 1000000000},
    [UNIT_TB] = {"TB", "TB", DIMENSION_SIZE, 1000000000000},
};

Unit unit_of(Text word)
{
    for (Unit unit = UNIT_NS; unit <= UNIT_TB; unit++)
        if (text_is_c(word, units[unit].one) || text_is_c(word, units[unit].many))
            return unit;
    return UNIT_NONE;
}

const char *unit_text(Unit unit, bool one)
{
    return one ? units[unit].one : units[unit].many;
}

Dimension unit_dimension(Unit unit)
{
    return units[unit].dimension;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

LiteralProblem literal_int(Text text, int64_t *value)
{
    bool hex = text.len > 2 && text.p[1] == 'x';
    *value = 0;
    for (uint32_t i = hex ? 2 : 0; i < text.len; i++)
        if (__builtin_mul_overflow(*value, hex ? 16 : 10, value) ||
            __builtin_add_overflow(*value, (int64_t)digit_of(text.p[i]), value))
            return LITERAL_RANGE;
    return LITERAL_OK;
}

LiteralProblem literal_float(Text text, double *value)
{
    char small[64];
    if (text.len < sizeof small) {
        memcpy(small, text.p, text.len);
        small[text.len] = 0;
        *value = strtod(small, NULL);
        return isfinite(*value) ? LITERAL_OK : LITERAL_RANGE;
    }
    return LITERAL_RANGE; /* no double needs that many digits */
}

static size_t utf8_put(char *to, uint32_t code)
{
    if (code < 0x80)
        return to[0] = (char)code, 1;
    if (code < 0x800)
        return to[0] = (char)(0xC0 | code >> 6), to[1] = (char)(0x80 | (code & 63)), 2;
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12), to[1] = (char)(0x80 | (code >> 6 & 63)), to[2] = (char)(0x80 | (code & 63));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18), to[1] = (char)(0x80 | (code >> 12 & 63));
    to[2] = (char)(0x80 | (code >> 6 & 63)), to[3] = (char)(0x80 | (code & 63));
    return 4;
}

/* Reads between least and most hexadecimal digits. Returns how many there were, 0 if too few. */
static uint32_t hex_digits(Text text, uint32_t at, uint32_t least, uint32_t most, uint32_t *code)
{
    uint32_t n = 0;
    for (*code = 0; n < most && at + n < text.len && digit_of(text.p[at + n]) < 16; n++)
        *code = *code << 4 | (uint32_t)digit_of(text.p[at + n]);
    return n < least ? 0 : n;
}

/* Decodes the escape at the `\` at text.p[at]. Returns its length, or 0; *size bytes are put to *to. */
static uint32_t escape(Text text, uint32_t at, char *to, size_t *size)
{
    static const char letters[] = "abfnrtv0\\\"'?", values[] = "\a\b\f\n\r\t\v\0\\\"'?";
    char c = at + 1 < text.len ? text.p[at + 1] : 0;
    const char *letter = c ? strchr(letters, c) : NULL;
    *size = 1;
    if (letter) {
        *to = values[letter - letters];
        return 2;
    }
    uint32_t code = 0, n = 0, length = 0;
    if (c == 'x' && (n = hex_digits(text, at + 2, 2, 2, &code)))
        length = 4;
    else if (c == 'u' && at + 2 < text.len && text.p[at + 2] == '{') {
        n = hex_digits(text, at + 3, 1, 6, &code);
        length = n && at + 3 + n < text.len && text.p[at + 3 + n] == '}' ? n + 4 : 0;
    } else if (c == 'u' && (n = hex_digits(text, at + 2, 4, 4, &code)))
        length = 6;
    if (!length || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return 0;
    *size = utf8_put(to, code);
    return length;
}

LiteralProblem literal_string(Arena *arena, Text text, Text *value, Text *bad)
{
    Text inner = {text.p + 1, text.len - 2};
    if (text.p[0] == '\'' || !memchr(inner.p, '\\', inner.len)) {
        *value = inner;
        return LITERAL_OK;
    }
    char *to = arena_raw(arena, inner.len); /* an escape is never shorter than what it stands for */
    size_t length = 0;
    for (uint32_t i = 0; i < inner.len;) {
        if (inner.p[i] != '\\') {
            to[length++] = inner.p[i++];
            continue;
        }
        size_t size;
        uint32_t skip = escape(inner, i, to + length, &size);
        if (!skip) {
            *bad = (Text){inner.p + i, i + 1 < inner.len ? 2 : 1};
            return LITERAL_ESCAPE;
        }
        length += size;
        i += skip;
    }
    *value = (Text){to, (uint32_t)length};
    return LITERAL_OK;
}

void literal_regex(Arena *arena, Text text, Text *pattern, Text *options)
{
    uint32_t close = text.len - 1;
    while (text.p[close] != '/')
        close--;
    *options = (Text){text.p + close + 1, text.len - close - 1};
    char *to = arena_raw(arena, close);
    uint32_t length = 0;
    for (uint32_t i = 1; i < close; i++) {
        if (text.p[i] == '\\' && text.p[i + 1] != '/')
            to[length++] = text.p[i++];
        else if (text.p[i] == '\\')
            i++;
        to[length++] = text.p[i];
    }
    *pattern = (Text){to, length};
}

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int number_of(const char *p, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++)
        value = value * 10 + (p[i] - '0');
    return value;
}

static bool day_exists(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= lengths[month - 1] + (month == 2 && leap);
}

/* Reads `.123456789`; digits behind the ninth are dropped. */
static const char *fraction(const char *p, const char *end, uint32_t *nanosecond)
{
    uint32_t weight = 100000000;
    for (p++; p < end && *p >= '0' && *p <= '9'; p++, weight /= 10)
        *nanosecond += (uint32_t)(*p - '0') * weight;
    return p;
}

LiteralProblem literal_time(Text text, TimeLiteral *time)
{
    const char *p = text.p + (text.p[0] == '@'), *end = text.p + text.len;
    *time = (TimeLiteral){.year = number_of(p, 4), .local = true, .date = true};
    int month = number_of(p + 5, 2), day = number_of(p + 8, 2), hour = 0, minute = 0, second = 0;
    p += 10;
    if (p < end) {
        time->date = false;
        hour = number_of(p + 1, 2);
        minute = number_of(p + 4, 2);
        p += 6;
        if (p < end && *p == ':') {
            second = number_of(p + 1, 2);
            p += 3;
            if (p < end && *p == '.')
                p = fraction(p, end, &time->nanosecond);
        }
        if (p < end) {
            time->local = false;
            if (*p != 'Z') {
                int hours = number_of(p + 1, 2), minutes = number_of(p + 4, 2);
                if (hours > 23 || minutes > 59)
                    return LITERAL_DATE;
                time->offset_minutes = (*p == '-' ? -1 : 1) * (hours * 60 + minutes);
            }
        }
    }
    if (!day_exists(time->year, month, day) || hour > 23 || minute > 59 || second > 59)
        return LITERAL_DATE;
    if (time->year < 1678 || time->year > 2261)
        return LITERAL_RANGE;
    time->month = (uint8_t)month, time->day = (uint8_t)day;
    time->hour = (uint8_t)hour, time->minute = (uint8_t)minute, time->second = (uint8_t)second;
    int64_t seconds = days_of(time->year, month, day) * 86400 + hour * 3600 + (minute - time->offset_minutes) * 60 + second;
    time->time_ns = seconds * NS_PER_SECOND + time->nanosecond;
    return LITERAL_OK;
}

static bool is_whole(Text number)
{
    return number.len > 1 && number.p[1] == 'x' ? true : !memchr(number.p, '.', number.len) &&
           !memchr(number.p, 'e', number.len) && !memchr(number.p, 'E', number.len);
}

/* number × factor, exact for whole numbers, else to the nearest. */
static LiteralProblem scaled(Text number, int64_t factor, int64_t *value)
{
    if (is_whole(number))
        return literal_int(number, value) != LITERAL_OK || __builtin_mul_overflow(*value, factor, value) ? LITERAL_RANGE
                                                                                                        : LITERAL_OK;
    double real;
    if (literal_float(number, &real) != LITERAL_OK || real * (double)factor >= 9.2e18)
        return LITERAL_RANGE;
    *value = llround(real * (double)factor);
    return LITERAL_OK;
}

LiteralProblem quantity_add(Quantity *quantity, Text number, Unit unit)
{
    int64_t whole = 0, count;
    bool first = quantity->n == 0;
    quantity->dimension = units[unit].dimension;
    bool calendar = unit >= UNIT_DAY && unit <= UNIT_YEAR;
    bool counted = calendar && first && is_whole(number) && literal_int(number, &count) == LITERAL_OK;
    quantity->calendar = counted ? unit : UNIT_NONE;
    quantity->calendar_count = counted ? count : 0;
    LiteralProblem problem = scaled(number, units[unit].factor, &whole);
    double real = (double)whole;
    switch (quantity->dimension) {
    case DIMENSION_DURATION:
        return problem ? problem : __builtin_add_overflow(quantity->total_ns, whole, &quantity->total_ns) ? LITERAL_RANGE : LITERAL_OK;
    case DIMENSION_DISTANCE:
        problem = is_whole(number) ? problem : literal_float(number, &real);
        quantity->metres = is_whole(number) ? real : real * (double)units[unit].factor;
        return problem;
    case DIMENSION_SIZE:
        quantity->bytes = whole;
        return problem;
    case DIMENSION_CALENDAR:
        return problem;
    }
    return LITERAL_OK;
}
