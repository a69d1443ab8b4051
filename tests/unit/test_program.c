/* Programs: every op of ops.def by example, in both interpreters, over every mix of columns and constants; then
 * missing values, Kleene's tables, constant folding, shared instructions and the disassembly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "cep/machine.h"
#include "cep/plan.h"
#include "cep/table.h"

/* ── Values as a test writes them ── */

typedef struct Value {
    int type; /* TypeKind; −1 = no operand */
    State state;
    Cell cell;
} Value;

#define I(v) {TYPE_INT, STATE_OK, {.i = (v)}}
#define F(v) {TYPE_FLOAT, STATE_OK, {.f = (v)}}
#define S(v) {TYPE_STRING, STATE_OK, {.s = {(v), sizeof(v) - 1}}}
#define B(v) {TYPE_BOOL, STATE_OK, {.b = (v)}}
#define T(v) {TYPE_TIME, STATE_OK, {.i = (v)}}
#define D(v) {TYPE_DURATION, STATE_OK, {.i = (v)}}
#define P(lon, lat) {TYPE_POINT, STATE_OK, {.p = {(lon), (lat)}}}
#define DEC(v) {TYPE_DECIMAL, STATE_OK, {.d = {(uint64_t)(v), (v) < 0 ? -1 : 0}}} /* billionths */
#define RAW(v) {TYPE_BYTES, STATE_OK, {.s = {(v), sizeof(v) - 1}}}
#define BOXED(kind, v) {TYPE_##kind, STATE_OK, {.s = {(v), sizeof(v) - 1}}}
#define ABSENT {-1, STATE_OK, {0}}
#define FAILS(type) {TYPE_##type, STATE_ERROR, {0}}
#define IS_MISSING(type) {TYPE_##type, STATE_NULL, {0}}

#define MIN INT64_MIN
#define MAX INT64_MAX
#define SECOND NS_PER_SECOND

/* 2026-01-31T09:05:07Z, a Saturday. */
#define WHEN (INT64_C(1769850307) * NS_PER_SECOND)

/* Composite values as bytes: composite.h. */
#define INT_5 "\x01\x05\0\0\0\0\0\0\0"
#define INT_6 "\x01\x06\0\0\0\0\0\0\0"
#define TEXT_A "\x03\1\0\0\0" "a"
#define TEXT_42 "\x03\2\0\0\0" "42"
#define NOTHING "\xff"
#define LIST_5_A "\x0b\x15\0\0\0\2\0\0\0\1\0" INT_5 TEXT_A
#define LIST_AB "\x0b\x13\0\0\0\2\0\0\0\1\0" TEXT_A "\x03\2\0\0\0" "bc"
#define MAP_A_5 "\x0d\x14\0\0\0\1\0\0\0\1\0" "\1\0\0\0" "a" INT_5

typedef struct Case {
    Op op;
    Value a, b, c, expected;
    const char *resource; /* regex, network or zone */
} Case;

static const Case cases[] = {
#define COMPARED(type, less, more) \
    {OP_EQ_##type, less, less, ABSENT, B(1), NULL}, {OP_EQ_##type, less, more, ABSENT, B(0), NULL}, \
    {OP_NE_##type, less, less, ABSENT, B(0), NULL}, {OP_NE_##type, less, more, ABSENT, B(1), NULL}, \
    {OP_LT_##type, less, more, ABSENT, B(1), NULL}, {OP_LT_##type, less, less, ABSENT, B(0), NULL}, \
    {OP_LT_##type, more, less, ABSENT, B(0), NULL}, \
    {OP_LE_##type, less, less, ABSENT, B(1), NULL}, {OP_LE_##type, more, less, ABSENT, B(0), NULL}, \
    {OP_GT_##type, more, less, ABSENT, B(1), NULL}, {OP_GT_##type, less, less, ABSENT, B(0), NULL}, \
    {OP_GE_##type, less, less, ABSENT, B(1), NULL}, {OP_GE_##type, less, more, ABSENT, B(0), NULL},
    COMPARED(INT, I(-3), I(4))
    COMPARED(INT, I(MIN), I(MAX))
    COMPARED(FLOAT, F(-0.5), F(1e300))
    COMPARED(TIME, T(-1), T(WHEN))
    COMPARED(DURATION, D(1), D(2))
    COMPARED(DECIMAL, DEC(-1), DEC(1))
    COMPARED(BOXED, BOXED(ANY, INT_5), BOXED(ANY, INT_6))
    COMPARED(BOXED, BOXED(LIST, LIST_5_A), BOXED(LIST, LIST_AB))
    COMPARED(STRING, S("a"), S("ab"))
    COMPARED(STRING, S(""), S("x"))
    COMPARED(STRING, S("abcdefgh1"), S("abcdefgh2"))
    COMPARED(STRING, S("a text of more than sixteen bytes"), S("another text of more than sixteen bytes"))
#undef COMPARED
    {OP_EQ_FLOAT, F(0.0), F(-0.0), ABSENT, B(1), NULL},
    {OP_EQ_BOOL, B(1), B(1), ABSENT, B(1), NULL}, {OP_EQ_BOOL, B(1), B(0), ABSENT, B(0), NULL},
    {OP_NE_BOOL, B(1), B(1), ABSENT, B(0), NULL}, {OP_NE_BOOL, B(0), B(1), ABSENT, B(1), NULL},
    {OP_EQ_POINT, P(1, 2), P(1, 2), ABSENT, B(1), NULL}, {OP_EQ_POINT, P(1, 2), P(1, 3), ABSENT, B(0), NULL},
    {OP_NE_POINT, P(1, 2), P(1, 2), ABSENT, B(0), NULL}, {OP_NE_POINT, P(1, 2), P(0, 2), ABSENT, B(1), NULL},

    {OP_EQ_BYTES, RAW("a"), RAW("a"), ABSENT, B(1), NULL}, {OP_NE_BYTES, RAW("a"), RAW("b"), ABSENT, B(1), NULL},
    {OP_ADD_DECIMAL, DEC(1500000000), DEC(-1), ABSENT, DEC(1499999999), NULL},
    {OP_SUB_DECIMAL, DEC(1), DEC(2), ABSENT, DEC(-1), NULL},
    {OP_MUL_DECIMAL, DEC(1500000000), DEC(-2000000000), ABSENT, DEC(-3000000000), NULL},
    {OP_DIV_DECIMAL, DEC(2000000000), DEC(3000000000), ABSENT, DEC(666666667), NULL},
    {OP_DIV_DECIMAL, DEC(1), DEC(0), ABSENT, FAILS(DECIMAL), NULL},
    {OP_MOD_DECIMAL, DEC(-7500000000), DEC(2000000000), ABSENT, DEC(-1500000000), NULL},
    {OP_NEG_DECIMAL, DEC(5), ABSENT, ABSENT, DEC(-5), NULL}, {OP_ABS_DECIMAL, DEC(-5), ABSENT, ABSENT, DEC(5), NULL},
    {OP_MIN_DECIMAL, DEC(-5), DEC(3), ABSENT, DEC(-5), NULL}, {OP_MAX_DECIMAL, DEC(-5), DEC(3), ABSENT, DEC(3), NULL},
    {OP_DECIMAL_OF_INT, I(-2), ABSENT, ABSENT, DEC(-2000000000), NULL},
    {OP_DECIMAL_OF_FLOAT, F(0.1), ABSENT, ABSENT, DEC(100000000), NULL},
    {OP_DECIMAL_OF_FLOAT, F(1e300), ABSENT, ABSENT, FAILS(DECIMAL), NULL},
    {OP_INT_OF_DECIMAL, DEC(-2900000000), ABSENT, ABSENT, I(-2), NULL},
    {OP_FLOAT_OF_DECIMAL, DEC(250000000), ABSENT, ABSENT, F(0.25), NULL},
    {OP_TEXT_OF_DECIMAL, DEC(-10500000000), ABSENT, ABSENT, S("-10.5"), NULL},

    {OP_LIST_AT, BOXED(LIST, LIST_5_A), I(1), ABSENT, BOXED(ANY, INT_5), NULL},
    {OP_LIST_AT, BOXED(LIST, LIST_5_A), I(-1), ABSENT, BOXED(ANY, TEXT_A), NULL},
    {OP_LIST_AT, BOXED(LIST, LIST_5_A), I(0), ABSENT, BOXED(ANY, NOTHING), NULL},
    {OP_RECORD_GET, BOXED(MAP, MAP_A_5), S("a"), ABSENT, BOXED(ANY, INT_5), NULL},
    {OP_RECORD_GET, BOXED(MAP, MAP_A_5), S("b"), ABSENT, BOXED(ANY, NOTHING), NULL},
    {OP_LIST_HAS, BOXED(LIST, LIST_5_A), BOXED(ANY, TEXT_A), ABSENT, B(1), NULL},
    {OP_LIST_HAS, BOXED(LIST, LIST_5_A), BOXED(ANY, INT_6), ABSENT, B(0), NULL},
    {OP_LIST_HAS_FOLD, BOXED(LIST, LIST_5_A), S("A"), ABSENT, B(1), NULL},
    {OP_MAP_HAS, BOXED(MAP, MAP_A_5), S("a"), ABSENT, B(1), NULL},
    {OP_LEN_BOXED, BOXED(LIST, LIST_5_A), ABSENT, ABSENT, I(2), NULL}, {OP_LEN_BYTES, RAW("abc"), ABSENT, ABSENT, I(3), NULL},
    {OP_SPLIT, S("a,bc"), S(","), ABSENT, BOXED(LIST, LIST_AB), NULL},
    {OP_HASH_BOXED, BOXED(ANY, NOTHING), ABSENT, ABSENT, I(-2973241909731272914), NULL},
    {OP_ID_BOXED, BOXED(LIST, LIST_AB), ABSENT, ABSENT, S("324103a2a80beaf13581870a85d10174"), NULL},
    {OP_UUID, S("0123456789abcdef0123456789abcdef"), ABSENT, ABSENT, S("01234567-89ab-8def-8123-456789abcdef"), NULL},
    {OP_TEXT_OF_BOXED, BOXED(LIST, LIST_5_A), ABSENT, ABSENT, S("[5,\"a\"]"), NULL},
    {OP_INT_OF_BOXED, BOXED(ANY, TEXT_42), ABSENT, ABSENT, I(42), NULL},
    {OP_INT_OF_BOXED, BOXED(LIST, LIST_AB), ABSENT, ABSENT, FAILS(INT), NULL},
    {OP_FLOAT_OF_BOXED, BOXED(ANY, INT_5), ABSENT, ABSENT, F(5), NULL},
    {OP_ROUND_TO, F(2.345), I(1), ABSENT, F(2.3), NULL}, {OP_ROUND_TO, F(1234.5), I(-2), ABSENT, F(1200), NULL},

    {OP_ADD_INT, I(2), I(3), ABSENT, I(5), NULL}, {OP_ADD_INT, I(MAX), I(1), ABSENT, FAILS(INT), NULL},
    {OP_ADD_INT, I(MIN), I(-1), ABSENT, FAILS(INT), NULL}, {OP_ADD_INT, I(MIN), I(MAX), ABSENT, I(-1), NULL},
    {OP_SUB_INT, I(2), I(3), ABSENT, I(-1), NULL}, {OP_SUB_INT, I(MIN), I(1), ABSENT, FAILS(INT), NULL},
    {OP_SUB_INT, I(0), I(MIN), ABSENT, FAILS(INT), NULL}, {OP_SUB_INT, I(-1), I(MIN), ABSENT, I(MAX), NULL},
    {OP_MUL_INT, I(-4), I(5), ABSENT, I(-20), NULL}, {OP_MUL_INT, I(MIN), I(-1), ABSENT, FAILS(INT), NULL},
    {OP_MUL_INT, I(INT64_C(1) << 32), I(INT64_C(1) << 31), ABSENT, FAILS(INT), NULL},
    {OP_DIV_INT, I(-7), I(2), ABSENT, I(-3), NULL}, {OP_DIV_INT, I(1), I(0), ABSENT, FAILS(INT), NULL},
    {OP_DIV_INT, I(MIN), I(-1), ABSENT, FAILS(INT), NULL},
    {OP_MOD_INT, I(-7), I(2), ABSENT, I(-1), NULL}, {OP_MOD_INT, I(7), I(0), ABSENT, FAILS(INT), NULL},
    {OP_NEG_INT, I(7), ABSENT, ABSENT, I(-7), NULL}, {OP_NEG_INT, I(MIN), ABSENT, ABSENT, FAILS(INT), NULL},
    {OP_ADD_FLOAT, F(0.5), F(0.25), ABSENT, F(0.75), NULL}, {OP_ADD_FLOAT, F(1e308), F(1e308), ABSENT, FAILS(FLOAT), NULL},
    {OP_SUB_FLOAT, F(0.5), F(0.25), ABSENT, F(0.25), NULL}, {OP_SUB_FLOAT, F(-1e308), F(1e308), ABSENT, FAILS(FLOAT), NULL},
    {OP_MUL_FLOAT, F(0.5), F(-4), ABSENT, F(-2), NULL}, {OP_MUL_FLOAT, F(1e200), F(1e200), ABSENT, FAILS(FLOAT), NULL},
    {OP_DIV_FLOAT, F(1), F(4), ABSENT, F(0.25), NULL}, {OP_DIV_FLOAT, F(1), F(0), ABSENT, FAILS(FLOAT), NULL},
    {OP_MOD_FLOAT, F(-7.5), F(2), ABSENT, F(-1.5), NULL}, {OP_MOD_FLOAT, F(1), F(0), ABSENT, FAILS(FLOAT), NULL},
    {OP_NEG_FLOAT, F(1.5), ABSENT, ABSENT, F(-1.5), NULL},
    {OP_ADD_DURATION, D(1), D(2), ABSENT, D(3), NULL}, {OP_ADD_DURATION, D(MAX), D(1), ABSENT, FAILS(DURATION), NULL},
    {OP_SUB_DURATION, D(1), D(2), ABSENT, D(-1), NULL}, {OP_SUB_DURATION, D(MIN), D(1), ABSENT, FAILS(DURATION), NULL},
    {OP_NEG_DURATION, D(5), ABSENT, ABSENT, D(-5), NULL}, {OP_NEG_DURATION, D(MIN), ABSENT, ABSENT, FAILS(DURATION), NULL},
    {OP_ADD_TIME_DURATION, T(10), D(5), ABSENT, T(15), NULL}, {OP_ADD_TIME_DURATION, T(MAX), D(5), ABSENT, FAILS(TIME), NULL},
    {OP_ADD_DURATION_TIME, D(5), T(10), ABSENT, T(15), NULL}, {OP_ADD_DURATION_TIME, D(5), T(MAX), ABSENT, FAILS(TIME), NULL},
    {OP_SUB_TIME_DURATION, T(10), D(15), ABSENT, T(-5), NULL},
    {OP_SUB_TIME_DURATION, T(MIN), D(15), ABSENT, FAILS(TIME), NULL},
    {OP_SUB_TIME, T(10), T(3), ABSENT, D(7), NULL}, {OP_SUB_TIME, T(MIN), T(1), ABSENT, FAILS(DURATION), NULL},
    {OP_MUL_DURATION_INT, D(SECOND), I(3), ABSENT, D(3 * SECOND), NULL},
    {OP_MUL_DURATION_INT, D(MAX), I(2), ABSENT, FAILS(DURATION), NULL},
    {OP_MUL_INT_DURATION, I(3), D(SECOND), ABSENT, D(3 * SECOND), NULL},
    {OP_MUL_INT_DURATION, I(MAX), D(SECOND), ABSENT, FAILS(DURATION), NULL},
    {OP_MUL_DURATION_FLOAT, D(SECOND), F(1.5), ABSENT, D(1500000000), NULL},
    {OP_MUL_DURATION_FLOAT, D(SECOND), F(1e30), ABSENT, FAILS(DURATION), NULL},
    {OP_MUL_FLOAT_DURATION, F(0.5), D(SECOND), ABSENT, D(500000000), NULL},
    {OP_MUL_FLOAT_DURATION, F(1e30), D(SECOND), ABSENT, FAILS(DURATION), NULL},
    {OP_DIV_DURATION_INT, D(SECOND), I(4), ABSENT, D(250000000), NULL},
    {OP_DIV_DURATION_INT, D(SECOND), I(0), ABSENT, FAILS(DURATION), NULL},
    {OP_DIV_DURATION_FLOAT, D(SECOND), F(0.5), ABSENT, D(2 * SECOND), NULL},
    {OP_DIV_DURATION_FLOAT, D(SECOND), F(0), ABSENT, FAILS(DURATION), NULL},
    {OP_DIV_DURATION, D(3 * SECOND), D(2 * SECOND), ABSENT, F(1.5), NULL},
    {OP_DIV_DURATION, D(3), D(0), ABSENT, FAILS(FLOAT), NULL},
    {OP_MOD_DURATION, D(7), D(4), ABSENT, D(3), NULL}, {OP_MOD_DURATION, D(7), D(0), ABSENT, FAILS(DURATION), NULL},

    {OP_FLOAT_OF_INT, I(-3), ABSENT, ABSENT, F(-3), NULL},
    {OP_INT_OF_BOOL, B(1), ABSENT, ABSENT, I(1), NULL},
    {OP_INT_OF_FLOAT, F(-3.9), ABSENT, ABSENT, I(-3), NULL}, {OP_INT_OF_FLOAT, F(0x1p63), ABSENT, ABSENT, FAILS(INT), NULL},
    {OP_INT_OF_FLOAT, F(-0x1p63), ABSENT, ABSENT, I(MIN), NULL}, {OP_INT_OF_FLOAT, F(1e300), ABSENT, ABSENT, FAILS(INT), NULL},
    {OP_INT_OF_STRING, S("-42"), ABSENT, ABSENT, I(-42), NULL}, {OP_INT_OF_STRING, S("0x1410"), ABSENT, ABSENT, I(5136), NULL},
    {OP_INT_OF_STRING, S("-9223372036854775808"), ABSENT, ABSENT, I(MIN), NULL},
    {OP_INT_OF_STRING, S("9223372036854775808"), ABSENT, ABSENT, FAILS(INT), NULL},
    {OP_INT_OF_STRING, S("1 2"), ABSENT, ABSENT, FAILS(INT), NULL}, {OP_INT_OF_STRING, S(""), ABSENT, ABSENT, FAILS(INT), NULL},
    {OP_INT_OF_STRING_BASE, S("ff"), I(16), ABSENT, I(255), NULL}, {OP_INT_OF_STRING_BASE, S("12"), I(2), ABSENT, FAILS(INT), NULL},
    {OP_INT_OF_STRING_BASE, S("z"), I(36), ABSENT, I(35), NULL}, {OP_INT_OF_STRING_BASE, S("1"), I(37), ABSENT, FAILS(INT), NULL},
    {OP_FLOAT_OF_STRING, S("-1.5e2"), ABSENT, ABSENT, F(-150), NULL}, {OP_FLOAT_OF_STRING, S("nan"), ABSENT, ABSENT, FAILS(FLOAT), NULL},
    {OP_FLOAT_OF_STRING, S("1e999"), ABSENT, ABSENT, FAILS(FLOAT), NULL}, {OP_FLOAT_OF_STRING, S("."), ABSENT, ABSENT, FAILS(FLOAT), NULL},
    {OP_TEXT_OF_BOOL, B(0), ABSENT, ABSENT, S("false"), NULL}, {OP_TEXT_OF_BOOL, B(1), ABSENT, ABSENT, S("true"), NULL},
    {OP_TEXT_OF_INT, I(MIN), ABSENT, ABSENT, S("-9223372036854775808"), NULL},
    {OP_TEXT_OF_FLOAT, F(0.1), ABSENT, ABSENT, S("0.1"), NULL}, {OP_TEXT_OF_FLOAT, F(5), ABSENT, ABSENT, S("5"), NULL},
    {OP_TEXT_OF_FLOAT, F(1.0 / 3), ABSENT, ABSENT, S("0.3333333333333333"), NULL},
    {OP_TEXT_OF_TIME, T(WHEN + 250000000), ABSENT, ABSENT, S("2026-01-31T09:05:07.25Z"), NULL},
    {OP_TEXT_OF_DURATION, D(5400 * SECOND), ABSENT, ABSENT, S("1 h 30 min"), NULL},
    {OP_FIXED, F(3.14159), I(2), ABSENT, S("3.14"), NULL},

    {OP_CONCAT, S("ab"), S("cd"), ABSENT, S("abcd"), NULL}, {OP_CONCAT, S(""), S(""), ABSENT, S(""), NULL},
    {OP_LEN, S("a\xC3\xA9z"), ABSENT, ABSENT, I(3), NULL},
    {OP_LOWER, S("ABC \xC3\x89 \xCE\xA9 \xD0\x96"), ABSENT, ABSENT, S("abc \xC3\xA9 \xCF\x89 \xD0\xB6"), NULL},
    {OP_UPPER, S("abc \xC3\xA9 \xCF\x89 \xD0\xB6"), ABSENT, ABSENT, S("ABC \xC3\x89 \xCE\xA9 \xD0\x96"), NULL},
    {OP_TRIM, S(" \t a b \n"), ABSENT, ABSENT, S("a b"), NULL}, {OP_TRIM, S("  "), ABSENT, ABSENT, S(""), NULL},
    {OP_SUBSTR_FROM, S("h\xC3\xA9llo"), I(2), ABSENT, S("llo"), NULL}, {OP_SUBSTR_FROM, S("hello"), I(-2), ABSENT, S("lo"), NULL},
    {OP_SUBSTR, S("h\xC3\xA9llo"), I(1), I(2), S("\xC3\xA9l"), NULL}, {OP_SUBSTR, S("hello"), I(9), I(2), S(""), NULL},
    {OP_SUBSTR, S("hello"), I(-7), I(4), S("he"), NULL}, {OP_SUBSTR, S("hello"), I(MIN), I(MIN), S(""), NULL},
    {OP_SUBSTR, S("hello"), I(MIN), I(MAX), S("hello"), NULL},
    {OP_REPLACE, S("aXbXc"), S("X"), S("--"), S("a--b--c"), NULL}, {OP_REPLACE, S("aaa"), S("aa"), S("b"), S("ba"), NULL},
    {OP_REPLACE, S("abc"), S(""), S("x"), S("abc"), NULL}, {OP_REPLACE, S("abc"), S("abc"), S(""), S(""), NULL},
    {OP_CONTAINS, S("hello"), S("ell"), ABSENT, B(1), NULL}, {OP_CONTAINS, S("hello"), S("elo"), ABSENT, B(0), NULL},
    {OP_CONTAINS, S(""), S(""), ABSENT, B(1), NULL},
    {OP_STARTS, S("hello"), S("he"), ABSENT, B(1), NULL}, {OP_STARTS, S("he"), S("hello"), ABSENT, B(0), NULL},
    {OP_ENDS, S("hello"), S("lo"), ABSENT, B(1), NULL}, {OP_ENDS, S("hello"), S("l"), ABSENT, B(0), NULL},
    {OP_LIKE, S("C:\\Windows\\cmd.exe"), S("*\\cmd.???"), ABSENT, B(1), NULL}, {OP_LIKE, S("aXbXc"), S("a*b?c"), ABSENT, B(1), NULL},
    {OP_LIKE, S("abc"), S("ab"), ABSENT, B(0), NULL}, {OP_LIKE, S("\xC3\xA9"), S("?"), ABSENT, B(1), NULL},
    {OP_LIKE, S(""), S("*"), ABSENT, B(1), NULL}, {OP_LIKE, S("mississippi"), S("*iss*ppi"), ABSENT, B(1), NULL},
    {OP_EQ_STRING_FOLD, S("Stra\xC3\x89"), S("sTRA\xC3\xA9"), ABSENT, B(1), NULL}, {OP_EQ_STRING_FOLD, S("ab"), S("abc"), ABSENT, B(0), NULL},
    {OP_NE_STRING_FOLD, S("ab"), S("AB"), ABSENT, B(0), NULL}, {OP_NE_STRING_FOLD, S("ab"), S("AC"), ABSENT, B(1), NULL},
    {OP_CONTAINS_FOLD, S("PowerShell"), S("SHELL"), ABSENT, B(1), NULL}, {OP_CONTAINS_FOLD, S("Power"), S("shell"), ABSENT, B(0), NULL},
    {OP_STARTS_FOLD, S("PowerShell"), S("power"), ABSENT, B(1), NULL}, {OP_STARTS_FOLD, S("P"), S("power"), ABSENT, B(0), NULL},
    {OP_ENDS_FOLD, S("CMD.EXE"), S(".exe"), ABSENT, B(1), NULL}, {OP_ENDS_FOLD, S("exe"), S(".exe"), ABSENT, B(0), NULL},
    {OP_LIKE_FOLD, S("CMD.EXE"), S("cmd.*"), ABSENT, B(1), NULL}, {OP_LIKE_FOLD, S("CMD.EXE"), S("cmd.?"), ABSENT, B(0), NULL},
    {OP_MATCHES, S("S7-12"), ABSENT, ABSENT, B(1), "^S7-\\d+$"}, {OP_MATCHES, S("S8-12"), ABSENT, ABSENT, B(0), "^S7-\\d+$"},
    {OP_CAPTURE, S("user=ann id=7"), I(1), ABSENT, S("ann"), "user=(\\w+)"},
    {OP_CAPTURE, S("user=ann id=7"), I(0), ABSENT, S("user=ann"), "user=(\\w+)"},
    {OP_CAPTURE, S("nobody"), I(1), ABSENT, IS_MISSING(STRING), "user=(\\w+)"},
    {OP_CAPTURE, S("user=ann"), I(5), ABSENT, IS_MISSING(STRING), "user=(\\w+)"},
    {OP_CAPTURE, S("user=ann"), I(2), ABSENT, IS_MISSING(STRING), "user=(\\w+)(x)?"},
    {OP_IN_CIDR, S("10.1.2.3"), ABSENT, ABSENT, B(1), "10.0.0.0/8"}, {OP_IN_CIDR, S("11.1.2.3"), ABSENT, ABSENT, B(0), "10.0.0.0/8"},
    {OP_IN_CIDR, S("::ffff:10.1.2.3"), ABSENT, ABSENT, B(1), "10.0.0.0/8"},
    {OP_IN_CIDR, S("192.168.15.255"), ABSENT, ABSENT, B(1), "192.168.0.0/20"},
    {OP_IN_CIDR, S("192.168.16.0"), ABSENT, ABSENT, B(0), "192.168.0.0/20"},
    {OP_IN_CIDR, S("2001:db8:1::9"), ABSENT, ABSENT, B(1), "2001:db8::/32"}, {OP_IN_CIDR, S("10.0.0.1"), ABSENT, ABSENT, B(0), "::/0"},
    {OP_IN_CIDR, S("fe80::1%eth0"), ABSENT, ABSENT, B(1), "fe80::/10"},
    {OP_IN_CIDR, S("localhost"), ABSENT, ABSENT, IS_MISSING(BOOL), "10.0.0.0/8"},

    {OP_HASH_STRING, S("abc"), ABSENT, ABSENT, I(INT64_C(8696274497037089104)), NULL}, /* XXH3 */
    {OP_HASH_INT, I(1), ABSENT, ABSENT, I(INT64_C(3439722301264460078)), NULL},
    {OP_ABS_INT, I(-5), ABSENT, ABSENT, I(5), NULL}, {OP_ABS_INT, I(MIN), ABSENT, ABSENT, FAILS(INT), NULL},
    {OP_ABS_DURATION, D(-5), ABSENT, ABSENT, D(5), NULL}, {OP_ABS_DURATION, D(MIN), ABSENT, ABSENT, FAILS(DURATION), NULL},
    {OP_ABS_FLOAT, F(-2.5), ABSENT, ABSENT, F(2.5), NULL},
    {OP_CEIL, F(1.2), ABSENT, ABSENT, F(2), NULL}, {OP_FLOOR, F(-1.2), ABSENT, ABSENT, F(-2), NULL},
    {OP_ROUND, F(2.5), ABSENT, ABSENT, F(3), NULL}, {OP_ROUND, F(-2.5), ABSENT, ABSENT, F(-3), NULL},
    {OP_SQRT, F(9), ABSENT, ABSENT, F(3), NULL}, {OP_SQRT, F(-1), ABSENT, ABSENT, FAILS(FLOAT), NULL},
    {OP_EXP, F(0), ABSENT, ABSENT, F(1), NULL}, {OP_EXP, F(1e6), ABSENT, ABSENT, FAILS(FLOAT), NULL},
    {OP_LN, F(1), ABSENT, ABSENT, F(0), NULL}, {OP_LN, F(0), ABSENT, ABSENT, FAILS(FLOAT), NULL}, {OP_LN, F(-1), ABSENT, ABSENT, FAILS(FLOAT), NULL},
    {OP_LOG10, F(1000), ABSENT, ABSENT, F(3), NULL}, {OP_LOG10, F(0), ABSENT, ABSENT, FAILS(FLOAT), NULL},
    {OP_POW, F(2), F(10), ABSENT, F(1024), NULL}, {OP_POW, F(-1), F(0.5), ABSENT, FAILS(FLOAT), NULL},
    {OP_MIN_INT, I(2), I(3), ABSENT, I(2), NULL}, {OP_MAX_INT, I(2), I(3), ABSENT, I(3), NULL},
    {OP_MIN_FLOAT, F(2), F(-3), ABSENT, F(-3), NULL}, {OP_MAX_FLOAT, F(2), F(-3), ABSENT, F(2), NULL},
    {OP_MIN_TIME, T(2), T(3), ABSENT, T(2), NULL}, {OP_MAX_TIME, T(2), T(3), ABSENT, T(3), NULL},
    {OP_MIN_DURATION, D(2), D(3), ABSENT, D(2), NULL}, {OP_MAX_DURATION, D(2), D(3), ABSENT, D(3), NULL},
    {OP_SIGN_INT, I(MIN), ABSENT, ABSENT, I(-1), NULL}, {OP_SIGN_INT, I(0), ABSENT, ABSENT, I(0), NULL},
    {OP_SIGN_FLOAT, F(0.1), ABSENT, ABSENT, I(1), NULL}, {OP_SIGN_FLOAT, F(-0.0), ABSENT, ABSENT, I(0), NULL},
    {OP_SIGN_DURATION, D(-9), ABSENT, ABSENT, I(-1), NULL},
    {OP_BAND, I(12), I(10), ABSENT, I(8), NULL}, {OP_BOR, I(12), I(10), ABSENT, I(14), NULL}, {OP_BXOR, I(12), I(10), ABSENT, I(6), NULL},
    {OP_SHIFT, I(1), I(4), ABSENT, I(16), NULL}, {OP_SHIFT, I(-16), I(-2), ABSENT, I(-4), NULL}, {OP_SHIFT, I(1), I(64), ABSENT, I(0), NULL},
    {OP_SHIFT, I(-1), I(MIN), ABSENT, I(-1), NULL}, {OP_SHIFT, I(1), I(63), ABSENT, I(MIN), NULL},

    {OP_YEAR, T(WHEN), ABSENT, ABSENT, I(2026), NULL}, {OP_MONTH, T(WHEN), ABSENT, ABSENT, I(1), NULL},
    {OP_DAY, T(WHEN), ABSENT, ABSENT, I(31), NULL}, {OP_WEEKDAY, T(WHEN), ABSENT, ABSENT, I(6), NULL},
    {OP_HOUR, T(WHEN), ABSENT, ABSENT, I(9), NULL}, {OP_MINUTE, T(WHEN), ABSENT, ABSENT, I(5), NULL},
    {OP_HOUR, T(WHEN), ABSENT, ABSENT, I(18), "Asia/Tokyo"}, {OP_MINUTE, T(WHEN), ABSENT, ABSENT, I(35), "Asia/Kolkata"},
    {OP_DAY, T(WHEN), ABSENT, ABSENT, I(31), "America/New_York"}, {OP_YEAR, T(-1), ABSENT, ABSENT, I(1969), NULL},
    {OP_TRUNCATE, T(WHEN), D(3600 * SECOND), ABSENT, T(WHEN - 307 * SECOND), NULL},
    {OP_TRUNCATE, T(WHEN), D(86400 * SECOND), ABSENT, T(WHEN - (18 * 3600 + 307) * SECOND), "Asia/Tokyo"},
    {OP_TRUNCATE, T(-1), D(SECOND), ABSENT, T(-SECOND), NULL}, {OP_TRUNCATE, T(1), D(0), ABSENT, FAILS(TIME), NULL},

    {OP_POINT, F(1.5), F(-2), ABSENT, P(1.5, -2), NULL},
    {OP_DISTANCE, P(0, 0), P(0, 0), ABSENT, F(0), NULL},
    {OP_BEARING, P(0, 0), P(0, 1), ABSENT, F(0), NULL},
};

enum { CASES = sizeof cases / sizeof *cases };

/* ── Running a program in every way ── */

typedef struct Bench {
    Memory memory;
    Arena arena, scratch;
    Machine *machine;
    Surroundings around;
    Rows rows;
    uint16_t column[3];
    Plan plan; /* only its regexes */
} Bench;

static int bench_init(void **state)
{
    Bench *bench = calloc(1, sizeof *bench);
    arena_init(&bench->arena, &bench->memory);
    arena_init(&bench->scratch, &bench->memory);
    arena_init(&bench->plan.arena, &bench->memory);
    bench->machine = machine_new(&bench->memory);
    bench->around = (Surroundings){.scratch = &bench->scratch, .machine = bench->machine, .now = WHEN};
    for (uint16_t i = 0; i < 3; i++)
        bench->column[i] = i;
    *state = bench;
    return 0;
}

static int bench_fini(void **state)
{
    Bench *bench = *state;
    machine_free(bench->machine);
    arena_fini(&bench->scratch);
    arena_fini(&bench->arena);
    plan_free(&bench->plan);
    assert_int_equal(bench->memory.bytes, 0);
    free(bench);
    return 0;
}

static void assert_value(TypeKind type, State state, Cell cell, Value expected, const char *what)
{
    bool right = state == expected.state && (int)type == expected.type;
    if (right && state == STATE_OK)
        right = cell_equal(type, cell, expected.cell);
    if (!right)
        print_error("%s: state %d, %lld, \"%.*s\"\n", what, state, type == TYPE_INT ? (long long)cell.i : 0,
                    type == TYPE_STRING && state == STATE_OK ? (int)cell.s.len : 0, type == TYPE_STRING ? cell.s.p : "");
    assert_true(right);
}

static Reg emit(Bench *bench, ProgramBuilder *b, const Case *c, Reg x, Reg y, Reg z)
{
    Text resource = c->resource ? text_of(c->resource) : (Text){0};
    char error[200];
    uint32_t offset;
    if (c->op == OP_MATCHES || c->op == OP_CAPTURE) {
        struct Regex *regex = plan_regex(&bench->plan, resource, (Text){0}, error, sizeof error, &offset);
        assert_non_null(regex);
        return c->op == OP_MATCHES ? program_matches(b, x, regex) : program_capture(b, x, regex, y);
    }
    if (c->op == OP_IN_CIDR)
        return program_in_cidr(b, x, resource);
    if (c->resource) {
        const Zone *zone = zone_load(&bench->arena, resource);
        assert_non_null(zone);
        return program_zoned(b, c->op, x, y, zone);
    }
    return program_emit(b, c->op, x, y, z);
}

/* Bit n of constants: operand n is a constant, not a column. Rows 1 and 3 of the columns are missing. */
static Program *case_program(Bench *bench, const Case *c, unsigned constants)
{
    ProgramBuilder *b = program_begin(&bench->arena);
    const Value *operands[3] = {&c->a, &c->b, &c->c};
    Reg regs[3] = {REG_NONE, REG_NONE, REG_NONE};
    for (unsigned n = 0; n < 3; n++) {
        TypeKind type = (TypeKind)operands[n]->type;
        if (operands[n]->type < 0)
            continue;
        if (constants >> n & 1)
            regs[n] = operands[n]->state == STATE_NULL    ? program_null(b, type)
                      : operands[n]->state == STATE_ERROR ? program_error(b, type)
                                                          : program_constant(b, type, operands[n]->cell);
        else
            regs[n] = program_load(b, 0, n, type);
    }
    return program_end(b, emit(bench, b, c, regs[0], regs[1], regs[2]));
}

enum { ROWS = 5 };

static void case_rows(Bench *bench, const Case *c)
{
    const Value *operands[3] = {&c->a, &c->b, &c->c};
    TypeKind types[3];
    for (unsigned n = 0; n < 3; n++)
        types[n] = operands[n]->type < 0 ? TYPE_BOOL : (TypeKind)operands[n]->type;
    rows_init(&bench->rows, &bench->memory, 0, types, 3);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t row = rows_add(&bench->rows, &bench->memory);
        for (uint32_t n = 0; n < 3; n++) {
            if (operands[n]->state != STATE_OK)
                rows_set_state(&bench->rows, row, n, operands[n]->state);
            else
                rows_set(&bench->rows, row, n, operands[n]->cell);
            if (i == 1 || i == 3)
                rows_set_state(&bench->rows, row, n, i == 1 ? STATE_NULL : STATE_ERROR);
        }
    }
}

static void run_case(Bench *bench, const Case *c)
{
    case_rows(bench, c);
    for (unsigned constants = 0; constants < 8; constants++) {
        Program *program = case_program(bench, c, constants);
        const char *what = op_name(c->op);
        Cell value = {0};
        View view = {.rows = &bench->rows, .column = bench->column, .row = 2};
        State state = program_value(program, &view, &bench->around, &value);
        assert_value(program->type, state, value, c->expected, what);
        VectorView columns = {.rows = &bench->rows, .column = bench->column};
        static const uint32_t clean[] = {4, 0, 2};
        for (int with_index = 0; with_index < 2; with_index++) {
            columns.index = with_index ? clean : NULL;
            uint32_t n = with_index ? 3 : ROWS;
            Vector vector = program_rows(program, &columns, n, &bench->around);
            for (uint32_t i = 0; i < n; i++) {
                if (!with_index && i % 2 == 1 && constants != 7 && program->views)
                    continue; /* rows with missing operands: test_missing_operands */
                state = vector_get(&vector, i, &value);
                assert_value(vector.type, state, value, c->expected, what);
            }
        }
        arena_reset(&bench->scratch);
    }
    rows_fini(&bench->rows, &bench->memory);
    arena_reset(&bench->arena);
}

static void test_every_op_by_example(void **state)
{
    bool covered[OPS] = {false};
    for (uint32_t i = 0; i < CASES; i++) {
        covered[cases[i].op] = true;
        run_case(*state, &cases[i]);
    }
#define OP(name, result, a, b, c, expression) \
    if (!covered[OP_##name] && strncmp(#name, "SAME_", 5) != 0) \
        fail_msg("no example of %s", #name);
#include "cep/ops.def"
}

/* In every op that is not a special one a missing operand makes the result missing, and an error beats a null. */
static void test_missing_operands(void **state)
{
    for (uint32_t i = 0; i < CASES; i++)
        for (unsigned null = 0; null < 8; null++)
            for (unsigned error = 0; error < 8; error++) {
                Case c = cases[i];
                Value *operands[3] = {&c.a, &c.b, &c.c};
                bool any_null = false, any_error = false;
                for (unsigned n = 0; n < 3; n++) {
                    if (operands[n]->type < 0)
                        continue;
                    if (null >> n & 1) {
                        operands[n]->state = STATE_NULL;
                        any_null = true;
                    }
                    if (error >> n & 1) {
                        operands[n]->state = STATE_ERROR;
                        any_error = true;
                        any_null |= null >> n & 1;
                    }
                }
                if (!any_null && !any_error)
                    continue;
                if (i > 0 && cases[i - 1].op == c.op)
                    continue; /* once an op */
                c.expected.state = any_error ? STATE_ERROR : STATE_NULL;
                run_case(*state, &c);
            }
}

static void test_distance_and_bearing_in_metres_and_degrees(void **state)
{
    (void)state;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    ProgramBuilder *b = program_begin(&arena);
    Reg lisbon = program_constant(b, TYPE_POINT, (Cell){.p = {-9.1393, 38.7223}});
    Reg porto = program_constant(b, TYPE_POINT, (Cell){.p = {-8.6291, 41.1579}});
    Cell value;
    State s;
    assert_true(program_reg_constant(b, program_emit(b, OP_DISTANCE, lisbon, porto, REG_NONE), &value, &s));
    assert_true(fabs(value.f - 274265) < 300);
    assert_true(program_reg_constant(b, program_emit(b, OP_BEARING, lisbon, porto, REG_NONE), &value, &s));
    assert_true(fabs(value.f - 8.96) < 0.2);
    arena_fini(&arena);
}

/* ── Logic ── */

static const Value truths[] = {B(1), B(0), IS_MISSING(BOOL), FAILS(BOOL)};

static void test_kleene_tables(void **state)
{
    /* rows and columns: true, false, null, error */
    static const char and[4][4] = {"tfne", "ffff", "nfne", "efee"};
    static const char or[4][4] = {"tttt", "tfne", "tnne", "teee"};
    for (unsigned x = 0; x < 4; x++)
        for (unsigned y = 0; y < 4; y++)
            for (unsigned is_or = 0; is_or < 2; is_or++) {
                char is = is_or ? or[x][y] : and[x][y];
                Value expected = truths[is == 't' ? 0 : is == 'f' ? 1 : is == 'n' ? 2 : 3];
                run_case(*state, &(Case){is_or ? OP_OR : OP_AND, truths[x], truths[y], ABSENT, expected, NULL});
            }
    run_case(*state, &(Case){OP_NOT, B(1), ABSENT, ABSENT, B(0), NULL});
    run_case(*state, &(Case){OP_NOT, B(0), ABSENT, ABSENT, B(1), NULL});
    run_case(*state, &(Case){OP_NOT, IS_MISSING(BOOL), ABSENT, ABSENT, IS_MISSING(BOOL), NULL});
    run_case(*state, &(Case){OP_NOT, FAILS(BOOL), ABSENT, ABSENT, FAILS(BOOL), NULL});
}

static void test_null_tests_and_choices(void **state)
{
    const Case all[] = {
        {OP_IS_NULL, I(1), ABSENT, ABSENT, B(0), NULL},
        {OP_IS_NULL, IS_MISSING(INT), ABSENT, ABSENT, B(1), NULL},
        {OP_IS_NULL, FAILS(STRING), ABSENT, ABSENT, FAILS(BOOL), NULL},
        {OP_IS_NOT_NULL, S("x"), ABSENT, ABSENT, B(1), NULL},
        {OP_IS_NOT_NULL, IS_MISSING(STRING), ABSENT, ABSENT, B(0), NULL},
        {OP_IS_NOT_NULL, FAILS(POINT), ABSENT, ABSENT, FAILS(BOOL), NULL},
        {OP_COALESCE, I(1), I(2), ABSENT, I(1), NULL},
        {OP_COALESCE, IS_MISSING(STRING), S("b"), ABSENT, S("b"), NULL},
        {OP_COALESCE, IS_MISSING(POINT), IS_MISSING(POINT), ABSENT, IS_MISSING(POINT), NULL},
        {OP_COALESCE, FAILS(INT), I(2), ABSENT, FAILS(INT), NULL},
        {OP_COALESCE, I(1), FAILS(INT), ABSENT, I(1), NULL},
        {OP_SELECT, B(1), S("x"), S("y"), S("x"), NULL},
        {OP_SELECT, B(0), P(1, 1), P(2, 2), P(2, 2), NULL},
        {OP_SELECT, IS_MISSING(BOOL), I(1), I(2), I(2), NULL},
        {OP_SELECT, FAILS(BOOL), I(1), I(2), FAILS(INT), NULL},
        {OP_SELECT, B(1), I(1), FAILS(INT), I(1), NULL},
        {OP_SELECT, B(1), IS_MISSING(BOOL), B(1), IS_MISSING(BOOL), NULL},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        run_case(*state, &all[i]);
}

/* ── Building ── */

static void test_constants_fold(void **state)
{
    Bench *bench = *state;
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg two = program_constant(b, TYPE_INT, (Cell){.i = 2}), three = program_constant(b, TYPE_INT, (Cell){.i = 3});
    Reg sum = program_emit(b, OP_ADD_INT, two, three, REG_NONE);
    Program *program = program_end(b, program_emit(b, OP_MUL_INT, sum, sum, REG_NONE));
    Cell value;
    State s;
    assert_true(program_is_constant(program, &value, &s));
    assert_int_equal(s, STATE_OK);
    assert_int_equal(value.i, 25);
}

static void test_errors_and_nulls_fold_and_stay(void **state)
{
    Bench *bench = *state;
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg one = program_constant(b, TYPE_INT, (Cell){.i = 1}), zero = program_constant(b, TYPE_INT, (Cell){.i = 0});
    Reg failed = program_emit(b, OP_DIV_INT, one, zero, REG_NONE);
    Cell value;
    State s;
    assert_true(program_reg_constant(b, failed, &value, &s));
    assert_int_equal(s, STATE_ERROR);
    Reg null = program_emit(b, OP_ADD_INT, one, program_null(b, TYPE_INT), REG_NONE);
    assert_true(program_reg_constant(b, null, &value, &s));
    assert_int_equal(s, STATE_NULL);
    Program *program = program_end(b, program_emit(b, OP_ADD_INT, null, failed, REG_NONE));
    assert_true(program_is_constant(program, &value, &s));
    assert_int_equal(s, STATE_ERROR);
}

static void test_logic_with_one_constant_folds(void **state)
{
    Bench *bench = *state;
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg x = program_load(b, 0, 0, TYPE_BOOL);
    Reg yes = program_constant(b, TYPE_BOOL, (Cell){.b = 1}), no = program_constant(b, TYPE_BOOL, (Cell){.b = 0});
    assert_int_equal(program_emit(b, OP_AND, x, yes, REG_NONE), x);
    assert_int_equal(program_emit(b, OP_AND, no, x, REG_NONE), no);
    assert_int_equal(program_emit(b, OP_OR, yes, x, REG_NONE), yes);
    assert_int_equal(program_emit(b, OP_OR, x, no, REG_NONE), x);
    assert_int_equal(program_emit(b, OP_SELECT, yes, x, no), x);
    assert_int_equal(program_emit(b, OP_COALESCE, program_null(b, TYPE_BOOL), x, REG_NONE), x);
}

static void test_equal_instructions_share_a_register(void **state)
{
    Bench *bench = *state;
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg x = program_load(b, 0, 1, TYPE_FLOAT);
    assert_int_equal(program_load(b, 0, 1, TYPE_FLOAT), x);
    assert_int_not_equal(program_load(b, 1, 1, TYPE_FLOAT), x);
    Reg k = program_constant(b, TYPE_FLOAT, (Cell){.f = 0.0});
    assert_int_equal(program_constant(b, TYPE_FLOAT, (Cell){.f = 0.0}), k);
    assert_int_not_equal(program_constant(b, TYPE_FLOAT, (Cell){.f = -0.0}), k);
    Reg s = program_constant(b, TYPE_STRING, (Cell){.s = TEXT("abc")});
    char other[] = "abc";
    assert_int_equal(program_constant(b, TYPE_STRING, (Cell){.s = text_of(other)}), s);
    Reg gt = program_emit(b, OP_GT_FLOAT, x, k, REG_NONE);
    assert_int_equal(program_emit(b, OP_GT_FLOAT, x, k, REG_NONE), gt);
    for (int64_t i = 0; i < 500; i++) /* the hash table grows */
        program_constant(b, TYPE_INT, (Cell){.i = i});
    assert_int_equal(program_emit(b, OP_GT_FLOAT, x, k, REG_NONE), gt);
}

static void test_text_of_a_program(void **state)
{
    Bench *bench = *state;
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg unused = program_load(b, 5, 5, TYPE_INT);
    (void)unused;
    Reg price = program_load(b, 0, 1, TYPE_FLOAT), symbol = program_load(b, 0, 2, TYPE_STRING);
    Reg dear = program_emit(b, OP_GT_FLOAT, price, program_constant(b, TYPE_FLOAT, (Cell){.f = 90}), REG_NONE);
    Reg ours = program_emit(b, OP_EQ_STRING, symbol, program_constant(b, TYPE_STRING, (Cell){.s = TEXT("S7")}), REG_NONE);
    Program *program = program_end(b, program_emit(b, OP_AND, dear, ours, REG_NONE));
    Text text = program_text(program, &bench->arena);
    const char *expected = "r0 float    = CONSTANT 90\n"
                           "r1 string   = CONSTANT \"S7\"\n"
                           "r2 float    = LOAD view 0 slot 1\n"
                           "r3 string   = LOAD view 0 slot 2\n"
                           "r4 bool     = GT_FLOAT r2 r0\n"
                           "r5 bool     = EQ_STRING r3 r1\n"
                           "r6 bool     = AND r4 r5\n"
                           "result r6\n";
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.p, expected, text.len);
    assert_true(program->views == 1);
    assert_false(program->reads_time);
}

/* A long chain needs few registers. */
static void test_registers_are_reused(void **state)
{
    Bench *bench = *state;
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg x = program_load(b, 0, 0, TYPE_INT), y = x;
    for (int i = 0; i < 100; i++)
        y = program_emit(b, OP_ADD_INT, y, x, REG_NONE);
    Program *program = program_end(b, y);
    assert_int_equal(program->n, 101);
    assert_in_range(program->nregs, 2, 3);
    TypeKind type = TYPE_INT;
    rows_init(&bench->rows, &bench->memory, 0, &type, 1);
    rows_set(&bench->rows, rows_add(&bench->rows, &bench->memory), 0, (Cell){.i = 3});
    View view = {.rows = &bench->rows, .column = bench->column};
    Cell value;
    assert_int_equal(program_value(program, &view, &bench->around, &value), STATE_OK);
    assert_int_equal(value.i, 303);
    rows_fini(&bench->rows, &bench->memory);
}

/* ── Sources ── */

static void test_view_without_event_reads_null(void **state)
{
    Bench *bench = *state;
    ProgramBuilder *b = program_begin(&bench->arena);
    Program *program = program_end(b, program_load(b, 0, 0, TYPE_INT));
    View view = {0};
    VectorView columns = {0};
    Cell value;
    assert_int_equal(program_value(program, &view, &bench->around, &value), STATE_NULL);
    Vector vector = program_rows(program, &columns, 3, &bench->around);
    assert_int_equal(vector_get(&vector, 2, &value), STATE_NULL);
}

static void test_load_without_index_points_into_the_batch(void **state)
{
    Bench *bench = *state;
    TypeKind type = TYPE_INT;
    rows_init(&bench->rows, &bench->memory, 0, &type, 1);
    for (int64_t i = 0; i < 10; i++)
        rows_set(&bench->rows, rows_add(&bench->rows, &bench->memory), 0, (Cell){.i = i});
    ProgramBuilder *b = program_begin(&bench->arena);
    Program *program = program_end(b, program_load(b, 0, 0, TYPE_INT));
    VectorView columns = {.rows = &bench->rows, .column = bench->column, .first = 4};
    Vector vector = program_rows(program, &columns, 6, &bench->around);
    assert_ptr_equal(vector.cells, (int64_t *)bench->rows.columns[0].cells + 4);
    assert_null(vector.states);
    static const uint32_t index[] = {7, ROW_NONE, 1};
    columns.index = index;
    vector = program_rows(program, &columns, 3, &bench->around);
    Cell value;
    assert_int_equal(vector_get(&vector, 0, &value), STATE_OK);
    assert_int_equal(value.i, 7);
    assert_int_equal(vector_get(&vector, 1, &value), STATE_NULL);
    assert_int_equal(vector_get(&vector, 2, &value), STATE_OK);
    assert_int_equal(value.i, 1);
    rows_fini(&bench->rows, &bench->memory);
}

static void test_header_attributes(void **state)
{
    Bench *bench = *state;
    EventType type = {.name = TEXT("Tick")};
    ProducerPlan producers[] = {{.name = TEXT("floor")}, {.name = TEXT("web")}};
    Plan plan = {.network = TEXT("n"), .types = &type, .ntypes = 1, .producers = producers, .nproducers = 2};
    Surroundings around = bench->around;
    around.plan = &plan;
    rows_init(&bench->rows, &bench->memory, 0, NULL, 0);
    uint32_t row = rows_add(&bench->rows, &bench->memory);
    bench->rows.time[row] = 5;
    bench->rows.detected[row] = 6;
    bench->rows.id[row] = (EventId){EVENT_ID_INPUT | 1, 42};
    char id[33];
    event_id_text(bench->rows.id[row], plan.network, id);
    const Value expected[] = {T(5), T(6), {TYPE_STRING, STATE_OK, {.s = {id, 32}}}, S("Tick"), S("web")};
    View view = {.rows = &bench->rows, .column = bench->column};
    VectorView columns = {.rows = &bench->rows, .column = bench->column};
    for (HeaderField field = HEADER_TIME; field <= HEADER_SOURCE; field++) {
        ProgramBuilder *b = program_begin(&bench->arena);
        Program *program = program_end(b, program_header(b, 0, field));
        Cell value;
        assert_value(program->type, program_value(program, &view, &around, &value), value, expected[field], "header");
        Vector vector = program_rows(program, &columns, 1, &around);
        assert_value(program->type, vector_get(&vector, 0, &value), value, expected[field], "header");
    }
    rows_fini(&bench->rows, &bench->memory);
}

static void test_aggregates_context_and_now(void **state)
{
    Bench *bench = *state;
    const Cell values[] = {{.i = 7}, {.i = 0}, {.f = 2.5}}, context[] = {{.i = 10}, {.i = 20}, {.s = TEXT("key")}};
    const uint8_t states[] = {STATE_OK, STATE_NULL, STATE_OK};
    Surroundings around = bench->around;
    around.aggregates = values;
    around.aggregate_states = states;
    around.context = context;
    around.context_states = (const uint8_t[]){STATE_OK, STATE_OK, STATE_OK};
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg regs[] = {program_aggregate(b, 0, TYPE_INT), program_aggregate(b, 1, TYPE_INT),
                  program_context(b, CONTEXT_END, TYPE_TIME), program_context(b, CONTEXT_KEY, TYPE_STRING),
                  program_now(b)};
    const Value expected[] = {I(7), IS_MISSING(INT), T(20), S("key"), T(WHEN)};
    for (size_t i = 0; i < sizeof regs / sizeof *regs; i++) {
        Program *program = program_end(b, regs[i]);
        Cell value = {0};
        assert_value(program->type, program_value(program, NULL, &around, &value), value, expected[i], "source");
        Vector vector = program_rows(program, NULL, 9, &around);
        assert_true(vector.constant);
        assert_value(program->type, vector_get(&vector, 8, &value), value, expected[i], "source");
        assert_int_equal(program->reads_time, i == 4);
    }
}

static void test_table_look_up(void **state)
{
    Bench *bench = *state;
    Attribute columns[] = {{.name = TEXT("id"), .type = TYPE_STRING}, {.name = TEXT("n"), .type = TYPE_INT},
                           {.name = TEXT("owner"), .type = TYPE_STRING, .optional = true}};
    uint32_t keys[] = {0, 1};
    TablePlan plan = {.name = TEXT("t"), .columns = columns, .ncolumns = 3, .keys = keys, .nkeys = 2};
    Table *table = table_new(&bench->memory, &plan);
    const uint8_t present[3] = {0};
    table_put(table, (Cell[]){{.s = TEXT("a")}, {.i = 1}, {.s = TEXT("Ann")}}, present);
    table_put(table, (Cell[]){{.s = TEXT("a")}, {.i = 2}, {.i = 0}}, (const uint8_t[]){0, 0, STATE_NULL});
    Surroundings around = bench->around;
    around.tables = &table;
    const TypeKind types[] = {TYPE_STRING, TYPE_INT};
    rows_init(&bench->rows, &bench->memory, 0, types, 2);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t row = rows_add(&bench->rows, &bench->memory);
        rows_set(&bench->rows, row, 0, (Cell){.s = TEXT("a")});
        if (i < 3)
            rows_set(&bench->rows, row, 1, (Cell){.i = i + 1});
        else
            rows_set_state(&bench->rows, row, 1, STATE_ERROR);
    }
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg row = program_find(b, 0, program_load(b, 0, 0, TYPE_STRING), program_load(b, 0, 1, TYPE_INT));
    Program *program = program_end(b, program_cell(b, 0, 2, row, TYPE_STRING));
    const Value expected[] = {S("Ann"), IS_MISSING(STRING), IS_MISSING(STRING), FAILS(STRING)};
    VectorView vectors = {.rows = &bench->rows, .column = bench->column};
    Vector vector = program_rows(program, &vectors, 4, &around);
    for (uint32_t i = 0; i < 4; i++) {
        Cell value;
        View view = {.rows = &bench->rows, .column = bench->column, .row = i};
        assert_value(TYPE_STRING, program_value(program, &view, &around, &value), value, expected[i], "cell");
        assert_value(TYPE_STRING, vector_get(&vector, i, &value), value, expected[i], "cell");
    }
    rows_fini(&bench->rows, &bench->memory);
    table_free(table);
}

static void test_in_set(void **state)
{
    Bench *bench = *state;
    const TypeKind types[] = {TYPE_STRING, TYPE_FLOAT};
    rows_init(&bench->rows, &bench->memory, 0, types, 2);
    static const char *const texts[] = {"red", "blue", "", "orange"};
    static const double floats[] = {-0.0, 1, 2.5, 3};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t row = rows_add(&bench->rows, &bench->memory);
        rows_set(&bench->rows, row, 0, (Cell){.s = text_of(texts[i])});
        rows_set(&bench->rows, row, 1, (Cell){.f = floats[i]});
    }
    rows_add(&bench->rows, &bench->memory);
    const Cell colours[] = {{.s = TEXT("red")}, {.s = TEXT("orange")}, {.s = TEXT("red")}};
    const Cell numbers[] = {{.f = 0}, {.f = 2.5}};
    const bool expected[2][4] = {{true, false, false, true}, {true, false, true, false}};
    for (uint32_t c = 0; c < 2; c++) {
        ProgramBuilder *b = program_begin(&bench->arena);
        Reg x = program_load(b, 0, c, types[c]);
        Program *program = program_end(b, program_in_set(b, x, c ? numbers : colours, c ? 2 : 3));
        VectorView columns = {.rows = &bench->rows, .column = bench->column};
        Vector vector = program_rows(program, &columns, 5, &bench->around);
        Cell value;
        for (uint32_t i = 0; i < 4; i++) {
            View view = {.rows = &bench->rows, .column = bench->column, .row = i};
            assert_int_equal(program_value(program, &view, &bench->around, &value), STATE_OK);
            assert_int_equal(value.b, expected[c][i]);
            assert_int_equal(vector_get(&vector, i, &value), STATE_OK);
            assert_int_equal(value.b, expected[c][i]);
        }
        assert_int_equal(vector_get(&vector, 4, &value), STATE_NULL);
    }
    rows_fini(&bench->rows, &bench->memory);
}

/* Every byte of a constant of every length counts, and a byte more or less does too. */
static void test_equality_with_a_constant_of_any_length(void **state)
{
    Bench *bench = *state;
    TypeKind type = TYPE_STRING;
    for (uint32_t len = 0; len <= 20; len++) {
        rows_init(&bench->rows, &bench->memory, 0, &type, 1);
        Text text = {"abcdefghijklmnopqrstuvwxyz", len};
        for (uint32_t i = 0; i < len + 3; i++) { /* a byte wrong, equal, longer, shorter or equal */
            Text row = {arena_copy(&bench->arena, text.p, len + 1), i == len + 1 ? len + 1 : i == len + 2 && len ? len - 1 : len};
            if (i < len)
                ((char *)row.p)[i] ^= 1;
            rows_set(&bench->rows, rows_add(&bench->rows, &bench->memory), 0, (Cell){.s = row});
        }
        for (unsigned swapped = 0; swapped < 2; swapped++) {
            ProgramBuilder *b = program_begin(&bench->arena);
            Reg x = program_load(b, 0, 0, TYPE_STRING), k = program_constant(b, TYPE_STRING, (Cell){.s = text});
            Program *program = program_end(b, program_emit(b, swapped ? OP_NE_STRING : OP_EQ_STRING, swapped ? k : x,
                                                           swapped ? x : k, REG_NONE));
            VectorView columns = {.rows = &bench->rows, .column = bench->column};
            Vector vector = program_rows(program, &columns, bench->rows.n, &bench->around);
            for (uint32_t i = 0; i < bench->rows.n; i++) {
                Cell value;
                assert_int_equal(vector_get(&vector, i, &value), STATE_OK);
                assert_int_equal(value.b ^ swapped, text_is(((Text *)bench->rows.columns[0].cells)[i], text));
            }
        }
        rows_fini(&bench->rows, &bench->memory);
    }
}

/* ── Choosing ── */

static void test_choose_tells_true_from_failed(void **state)
{
    Bench *bench = *state;
    TypeKind type = TYPE_INT;
    rows_init(&bench->rows, &bench->memory, 0, &type, 1);
    for (int64_t i = 0; i < 6; i++)
        rows_set(&bench->rows, rows_add(&bench->rows, &bench->memory), 0, (Cell){.i = i - 2});
    rows_add(&bench->rows, &bench->memory); /* null */
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg x = program_load(b, 0, 0, TYPE_INT), ten = program_constant(b, TYPE_INT, (Cell){.i = 10});
    Reg quotient = program_emit(b, OP_DIV_INT, ten, x, REG_NONE);
    Program *program = program_end(b, program_emit(b, OP_GT_INT, quotient, program_constant(b, TYPE_INT, (Cell){.i = 3}), REG_NONE));
    VectorView columns = {.rows = &bench->rows, .column = bench->column};
    uint32_t chosen[7], failed[7], nfailed;
    assert_int_equal(program_choose(program, &columns, 7, &bench->around, chosen, failed, &nfailed), 2);
    assert_int_equal(chosen[0], 3); /* 10 / 1 */
    assert_int_equal(chosen[1], 4); /* 10 / 2 */
    assert_int_equal(nfailed, 1);
    assert_int_equal(failed[0], 2); /* 10 / 0 */
    assert_int_equal(program_choose(program, &columns, 0, &bench->around, chosen, failed, &nfailed), 0);
    rows_fini(&bench->rows, &bench->memory);
}

static void test_choose_by_a_constant(void **state)
{
    Bench *bench = *state;
    uint32_t chosen[9], failed[9], nfailed;
    ProgramBuilder *b = program_begin(&bench->arena);
    Program *yes = program_end(b, program_constant(b, TYPE_BOOL, (Cell){.b = 1}));
    assert_int_equal(program_choose(yes, NULL, 9, &bench->around, chosen, failed, &nfailed), 9);
    assert_int_equal(chosen[8], 8);
    Program *error = program_end(b, program_error(b, TYPE_BOOL));
    assert_int_equal(program_choose(error, NULL, 9, &bench->around, chosen, failed, &nfailed), 0);
    assert_int_equal(nfailed, 9);
}

static void test_steady_state_does_not_allocate(void **state)
{
    Bench *bench = *state;
    const TypeKind types[] = {TYPE_STRING, TYPE_FLOAT};
    rows_init(&bench->rows, &bench->memory, 0, types, 2);
    ProgramBuilder *b = program_begin(&bench->arena);
    Reg s = program_load(b, 0, 0, TYPE_STRING);
    Reg joined = program_emit(b, OP_CONCAT, s, program_emit(b, OP_UPPER, s, REG_NONE, REG_NONE), REG_NONE);
    Program *program = program_end(b, joined);
    uint64_t calls = 0;
    for (int round = 0; round < 4; round++) {
        for (uint32_t i = 0; i < BATCH_ROWS; i++)
            rows_set(&bench->rows, rows_add(&bench->rows, &bench->memory), 0, (Cell){.s = TEXT("some text")});
        VectorView columns = {.rows = &bench->rows, .column = bench->column};
        program_rows(program, &columns, BATCH_ROWS, &bench->around);
        if (round >= 2)
            assert_int_equal(bench->memory.calls, calls);
        calls = bench->memory.calls;
        rows_clear(&bench->rows);
        arena_reset(&bench->scratch);
    }
    rows_fini(&bench->rows, &bench->memory);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, bench_init, bench_fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_every_op_by_example),
        UNIT(test_missing_operands),
        cmocka_unit_test(test_distance_and_bearing_in_metres_and_degrees),
        UNIT(test_kleene_tables),
        UNIT(test_null_tests_and_choices),
        UNIT(test_constants_fold),
        UNIT(test_errors_and_nulls_fold_and_stay),
        UNIT(test_logic_with_one_constant_folds),
        UNIT(test_equal_instructions_share_a_register),
        UNIT(test_text_of_a_program),
        UNIT(test_registers_are_reused),
        UNIT(test_view_without_event_reads_null),
        UNIT(test_load_without_index_points_into_the_batch),
        UNIT(test_header_attributes),
        UNIT(test_aggregates_context_and_now),
        UNIT(test_table_look_up),
        UNIT(test_in_set),
        UNIT(test_equality_with_a_constant_of_any_length),
        UNIT(test_choose_tells_true_from_failed),
        UNIT(test_choose_by_a_constant),
        UNIT(test_steady_state_does_not_allocate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
