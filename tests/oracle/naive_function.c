/* The operators and functions of expressions, each computed in the plainest way. The switch has no default: a new row
 * of ops.def does not compile before it stands here, computed, or among those at the end, which the generator does not
 * write. Texts are ASCII here, all letters are below 128. */
#include "tests/oracle/naive_parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS INT64_C(1000000000)

static const NaiveValue error_value = {.state = STATE_ERROR};

static NaiveValue ok(Cell cell)
{
    return (NaiveValue){STATE_OK, cell};
}

static NaiveValue truth(bool b)
{
    return ok((Cell){.b = b});
}

static NaiveValue integer(int64_t i)
{
    return ok((Cell){.i = i});
}

static NaiveValue real(double f)
{
    return isfinite(f) ? ok((Cell){.f = f}) : error_value;
}

static NaiveValue text(Text s)
{
    return ok((Cell){.s = s});
}

/* Of a float that becomes an int, or a duration. */
static NaiveValue whole(double f)
{
    return f >= -9223372036854775808.0 && f < 9223372036854775808.0 ? integer((int64_t)f) : error_value;
}

/* ── Texts ── */

static Text folded(Naive *naive, Text s, int (*fold)(int))
{
    char *copy = arena_raw(naive->arena, s.len + 1);
    for (uint32_t i = 0; i < s.len; i++)
        copy[i] = (char)fold((unsigned char)s.p[i]);
    return (Text){copy, s.len};
}

static bool stands_at(Text s, uint32_t at, Text part)
{
    return at + part.len <= s.len && memcmp(s.p + at, part.p, part.len) == 0;
}

static bool contains(Text s, Text part)
{
    for (uint32_t i = 0; i <= s.len; i++)
        if (stands_at(s, i, part))
            return true;
    return false;
}

static bool like(const char *s, const char *end, const char *pattern, const char *last)
{
    if (pattern == last)
        return s == end;
    if (*pattern == '*')
        return like(s, end, pattern + 1, last) || (s < end && like(s + 1, end, pattern, last));
    return s < end && (*pattern == '?' || *pattern == *s) && like(s + 1, end, pattern + 1, last);
}

static Text trimmed(Text s)
{
    while (s.len && strchr(" \t\r\n", s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len && strchr(" \t\r\n", s.p[s.len - 1]))
        s.len--;
    return s;
}

static Text part_of(Text s, int64_t from, int64_t n)
{
    int64_t first = from < 0 ? (int64_t)s.len + from : from;
    Text part = {"", 0};
    for (int64_t i = 0; i < (int64_t)s.len; i++)
        if (i >= first && i - first < n) {
            if (!part.len)
                part.p = s.p + i;
            part.len++;
        }
    return part;
}

static Text replaced(Naive *naive, Text s, Text from, Text to)
{
    Text out = {"", 0};
    for (uint32_t i = 0; i < s.len;) {
        bool hit = from.len && stands_at(s, i, from);
        Text piece = hit ? to : (Text){s.p + i, 1};
        out = arena_printf(naive->arena, "%.*s%.*s", TEXT_ARGS(out), TEXT_ARGS(piece));
        i += hit ? from.len : 1;
    }
    return out;
}

static NaiveValue read_int(Naive *naive, Text s, int64_t base)
{
    const char *digits = arena_printf(naive->arena, "%.*s", TEXT_ARGS(s)).p;
    char *end;
    if (!s.len || isspace((unsigned char)s.p[0]))
        return error_value;
    long long value = strtoll(digits, &end, (int)base);
    return *end ? error_value : integer(value);
}

static NaiveValue read_float(Naive *naive, Text s)
{
    const char *digits = arena_printf(naive->arena, "%.*s", TEXT_ARGS(s)).p;
    char *end;
    if (!s.len || isspace((unsigned char)s.p[0]))
        return error_value;
    double value = strtod(digits, &end);
    return *end ? error_value : real(value);
}

/* The fewest digits that read back as the same number. */
static Text float_text(Naive *naive, double f)
{
    for (int digits = 1;; digits++) {
        Text s = arena_printf(naive->arena, "%.*g", digits, f);
        if (strtod(s.p, NULL) == f)
            return s;
    }
}

/* ── Time, in UTC ── */

static struct tm civil(int64_t time)
{
    int64_t seconds = time / NS - (time % NS < 0);
    time_t t = (time_t)seconds;
    struct tm tm;
    gmtime_r(&t, &tm);
    return tm;
}

static NaiveValue truncated(int64_t time, int64_t by)
{
    if (by <= 0)
        return error_value;
    int64_t rest = time % by;
    return integer(time - (rest < 0 ? rest + by : rest));
}

/* ── The switch ── */

#define A regs[step->a]
#define B regs[step->b]
#define C regs[step->c]

#define COMPARE(type, member) \
    case OP_EQ_##type: return truth(A.cell.member == B.cell.member); \
    case OP_NE_##type: return truth(A.cell.member != B.cell.member); \
    case OP_LT_##type: return truth(A.cell.member < B.cell.member); \
    case OP_LE_##type: return truth(A.cell.member <= B.cell.member); \
    case OP_GT_##type: return truth(A.cell.member > B.cell.member); \
    case OP_GE_##type: return truth(A.cell.member >= B.cell.member);

#define CHECKED(builtin) (builtin(A.cell.i, B.cell.i, &r) ? error_value : integer(r))
#define FOLD(s) folded(naive, s, tolower)

NaiveValue naive_operate(Naive *naive, const Instruction *step, const NaiveValue *regs)
{
    int64_t r;
    switch ((Op)step->op) {
    COMPARE(INT, i)
    COMPARE(FLOAT, f)
    COMPARE(TIME, i)
    COMPARE(DURATION, i)
    case OP_EQ_BOOL: return truth(A.cell.b == B.cell.b);
    case OP_NE_BOOL: return truth(A.cell.b != B.cell.b);
    case OP_EQ_POINT: return truth(A.cell.p.x == B.cell.p.x && A.cell.p.y == B.cell.p.y);
    case OP_NE_POINT: return truth(A.cell.p.x != B.cell.p.x || A.cell.p.y != B.cell.p.y);
    case OP_EQ_STRING: return truth(text_is(A.cell.s, B.cell.s));
    case OP_NE_STRING: return truth(!text_is(A.cell.s, B.cell.s));
    case OP_LT_STRING: return truth(text_compare(A.cell.s, B.cell.s) < 0);
    case OP_LE_STRING: return truth(text_compare(A.cell.s, B.cell.s) <= 0);
    case OP_GT_STRING: return truth(text_compare(A.cell.s, B.cell.s) > 0);
    case OP_GE_STRING: return truth(text_compare(A.cell.s, B.cell.s) >= 0);

    case OP_ADD_INT: case OP_ADD_DURATION: case OP_ADD_TIME_DURATION: case OP_ADD_DURATION_TIME:
        return CHECKED(__builtin_add_overflow);
    case OP_SUB_INT: case OP_SUB_DURATION: case OP_SUB_TIME_DURATION: case OP_SUB_TIME:
        return CHECKED(__builtin_sub_overflow);
    case OP_MUL_INT: case OP_MUL_DURATION_INT: case OP_MUL_INT_DURATION: return CHECKED(__builtin_mul_overflow);
    case OP_DIV_INT: case OP_DIV_DURATION_INT: return B.cell.i == 0 ? error_value : integer(A.cell.i / B.cell.i);
    case OP_MOD_INT: case OP_MOD_DURATION: return B.cell.i == 0 ? error_value : integer(A.cell.i % B.cell.i);
    case OP_NEG_INT: case OP_NEG_DURATION: return A.cell.i == INT64_MIN ? error_value : integer(-A.cell.i);
    case OP_ADD_FLOAT: return real(A.cell.f + B.cell.f);
    case OP_SUB_FLOAT: return real(A.cell.f - B.cell.f);
    case OP_MUL_FLOAT: return real(A.cell.f * B.cell.f);
    case OP_DIV_FLOAT: return B.cell.f == 0 ? error_value : real(A.cell.f / B.cell.f);
    case OP_MOD_FLOAT: return real(fmod(A.cell.f, B.cell.f));
    case OP_NEG_FLOAT: return real(-A.cell.f);
    case OP_MUL_DURATION_FLOAT: return whole(nearbyint((double)A.cell.i * B.cell.f));
    case OP_MUL_FLOAT_DURATION: return whole(nearbyint(A.cell.f * (double)B.cell.i));
    case OP_DIV_DURATION_FLOAT: return B.cell.f == 0 ? error_value : whole(nearbyint((double)A.cell.i / B.cell.f));
    case OP_DIV_DURATION: return B.cell.i == 0 ? error_value : real((double)A.cell.i / (double)B.cell.i);

    case OP_FLOAT_OF_INT: return real((double)A.cell.i);
    case OP_INT_OF_FLOAT: return whole(trunc(A.cell.f));
    case OP_INT_OF_BOOL: return integer(A.cell.b);
    case OP_INT_OF_STRING: return read_int(naive, A.cell.s, A.cell.s.len > 2 && A.cell.s.p[1] == 'x' ? 16 : 10);
    case OP_INT_OF_STRING_BASE: return B.cell.i < 2 || B.cell.i > 36 ? error_value : read_int(naive, A.cell.s, B.cell.i);
    case OP_FLOAT_OF_STRING: return read_float(naive, A.cell.s);
    case OP_TEXT_OF_BOOL: return text(A.cell.b ? TEXT("true") : TEXT("false"));
    case OP_TEXT_OF_INT: return text(arena_printf(naive->arena, "%" PRId64, A.cell.i));
    case OP_TEXT_OF_FLOAT: return text(float_text(naive, A.cell.f));
    case OP_FIXED: return text(arena_printf(naive->arena, "%.*f", (int)B.cell.i, A.cell.f));
    case OP_SAME_BOOL: case OP_SAME_INT: case OP_SAME_FLOAT: case OP_SAME_STRING: return A;

    case OP_CONCAT: return text(arena_printf(naive->arena, "%.*s%.*s", TEXT_ARGS(A.cell.s), TEXT_ARGS(B.cell.s)));
    case OP_LEN: return integer(A.cell.s.len);
    case OP_LOWER: return text(FOLD(A.cell.s));
    case OP_UPPER: return text(folded(naive, A.cell.s, toupper));
    case OP_TRIM: return text(trimmed(A.cell.s));
    case OP_SUBSTR_FROM: return text(part_of(A.cell.s, B.cell.i, INT64_MAX));
    case OP_SUBSTR: return text(part_of(A.cell.s, B.cell.i, C.cell.i));
    case OP_REPLACE: return text(replaced(naive, A.cell.s, B.cell.s, C.cell.s));
    case OP_CONTAINS: return truth(contains(A.cell.s, B.cell.s));
    case OP_CONTAINS_FOLD: return truth(contains(FOLD(A.cell.s), FOLD(B.cell.s)));
    case OP_STARTS: return truth(stands_at(A.cell.s, 0, B.cell.s));
    case OP_STARTS_FOLD: return truth(stands_at(FOLD(A.cell.s), 0, FOLD(B.cell.s)));
    case OP_ENDS: return truth(B.cell.s.len <= A.cell.s.len && stands_at(A.cell.s, A.cell.s.len - B.cell.s.len, B.cell.s));
    case OP_ENDS_FOLD:
        return truth(B.cell.s.len <= A.cell.s.len && stands_at(FOLD(A.cell.s), A.cell.s.len - B.cell.s.len, FOLD(B.cell.s)));
    case OP_LIKE: return truth(like(A.cell.s.p, A.cell.s.p + A.cell.s.len, B.cell.s.p, B.cell.s.p + B.cell.s.len));
    case OP_LIKE_FOLD: {
        Text s = FOLD(A.cell.s), pattern = FOLD(B.cell.s);
        return truth(like(s.p, s.p + s.len, pattern.p, pattern.p + pattern.len));
    }
    case OP_EQ_STRING_FOLD: return truth(text_is(FOLD(A.cell.s), FOLD(B.cell.s)));
    case OP_NE_STRING_FOLD: return truth(!text_is(FOLD(A.cell.s), FOLD(B.cell.s)));

    case OP_ABS_INT: case OP_ABS_DURATION: return A.cell.i == INT64_MIN ? error_value : integer(A.cell.i < 0 ? -A.cell.i : A.cell.i);
    case OP_ABS_FLOAT: return real(fabs(A.cell.f));
    case OP_CEIL: return real(ceil(A.cell.f));
    case OP_FLOOR: return real(floor(A.cell.f));
    case OP_ROUND: return real(A.cell.f < 0 ? -floor(-A.cell.f + 0.5) : floor(A.cell.f + 0.5));
    case OP_SQRT: return real(sqrt(A.cell.f));
    case OP_EXP: return real(exp(A.cell.f));
    case OP_LN: return real(log(A.cell.f));
    case OP_LOG10: return real(log10(A.cell.f));
    case OP_POW: return real(pow(A.cell.f, B.cell.f));
    case OP_MIN_INT: case OP_MIN_TIME: case OP_MIN_DURATION: return integer(A.cell.i < B.cell.i ? A.cell.i : B.cell.i);
    case OP_MAX_INT: case OP_MAX_TIME: case OP_MAX_DURATION: return integer(A.cell.i > B.cell.i ? A.cell.i : B.cell.i);
    case OP_MIN_FLOAT: return real(A.cell.f < B.cell.f ? A.cell.f : B.cell.f);
    case OP_MAX_FLOAT: return real(A.cell.f > B.cell.f ? A.cell.f : B.cell.f);
    case OP_SIGN_INT: case OP_SIGN_DURATION: return integer(A.cell.i > 0 ? 1 : A.cell.i < 0 ? -1 : 0);
    case OP_SIGN_FLOAT: return integer(A.cell.f > 0 ? 1 : A.cell.f < 0 ? -1 : 0);
    case OP_BAND: return integer(A.cell.i & B.cell.i);
    case OP_BOR: return integer(A.cell.i | B.cell.i);
    case OP_BXOR: return integer(A.cell.i ^ B.cell.i);
    case OP_SHIFT: return integer(B.cell.i < 0 ? A.cell.i >> -B.cell.i : A.cell.i << B.cell.i);

    case OP_YEAR: return integer(civil(A.cell.i).tm_year + 1900);
    case OP_MONTH: return integer(civil(A.cell.i).tm_mon + 1);
    case OP_DAY: return integer(civil(A.cell.i).tm_mday);
    case OP_WEEKDAY: return integer((civil(A.cell.i).tm_wday + 6) % 7 + 1);
    case OP_HOUR: return integer(civil(A.cell.i).tm_hour);
    case OP_MINUTE: return integer(civil(A.cell.i).tm_min);
    case OP_TRUNCATE: return truncated(A.cell.i, B.cell.i);
    case OP_POINT: return ok((Cell){.p = {A.cell.f, B.cell.f}});

    /* what naive_value.c does itself */
    case OP_CONSTANT: case OP_LOAD: case OP_HEADER: case OP_AGGREGATE: case OP_CONTEXT: case OP_NOW: case OP_FIND: case OP_CELL:
    case OP_AND: case OP_OR: case OP_NOT: case OP_IS_NULL: case OP_IS_NOT_NULL: case OP_COALESCE: case OP_SELECT: case OP_IN_SET:
        break;

    /* what the generator does not write: tests/unit/test_program*.c, test_composite.c, test_regex.c and
     * tests/model/values.cep hold their worked examples */
    case OP_MATCHES: case OP_CAPTURE: case OP_IN_CIDR: case OP_HASH_STRING: case OP_HASH_INT: case OP_DISTANCE: case OP_BEARING:
    case OP_TEXT_OF_TIME: case OP_TEXT_OF_DURATION: case OP_ROUND_TO: case OP_IDENTITY: case OP_UUID:
    case OP_EQ_DECIMAL: case OP_NE_DECIMAL: case OP_LT_DECIMAL: case OP_LE_DECIMAL: case OP_GT_DECIMAL: case OP_GE_DECIMAL:
    case OP_ADD_DECIMAL: case OP_SUB_DECIMAL: case OP_MUL_DECIMAL: case OP_DIV_DECIMAL: case OP_MOD_DECIMAL: case OP_NEG_DECIMAL:
    case OP_ABS_DECIMAL: case OP_MIN_DECIMAL: case OP_MAX_DECIMAL: case OP_DECIMAL_OF_INT: case OP_DECIMAL_OF_FLOAT:
    case OP_INT_OF_DECIMAL: case OP_FLOAT_OF_DECIMAL: case OP_TEXT_OF_DECIMAL:
    case OP_EQ_BYTES: case OP_NE_BYTES: case OP_LEN_BYTES:
    case OP_EQ_BOXED: case OP_NE_BOXED: case OP_LT_BOXED: case OP_LE_BOXED: case OP_GT_BOXED: case OP_GE_BOXED: case OP_BOX:
    case OP_ITEM: case OP_UNBOX: case OP_LIST_ADD: case OP_RECORD_PUT: case OP_LIST_AT: case OP_RECORD_GET: case OP_LIST_HAS:
    case OP_LIST_HAS_FOLD: case OP_MAP_HAS: case OP_LEN_BOXED: case OP_SPLIT: case OP_HASH_BOXED: case OP_ID_BOXED:
    case OP_TEXT_OF_BOXED: case OP_INT_OF_BOXED: case OP_FLOAT_OF_BOXED:
    case OPS:
        break;
    }
    fprintf(stderr, "naive: the instruction %s is not computed here\n", op_name((Op)step->op));
    abort();
}
