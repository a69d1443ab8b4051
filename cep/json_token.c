/* Tokens one by one: what ends them, strings and their copies, and values that nobody asked for. */
#include "cep/json_line.h"

#include <stdarg.h>
#include <stdio.h>

#include "cep/json_number.h"

enum { STRING_ROOM = 64 << 10 }; /* bytes of the arena asked for at a time */

JsonStep json_reject(JsonReader *j, const char *reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(j->detail, sizeof j->detail, format, args);
    va_end(args);
    size_t kept = len < 0 ? 0 : (size_t)len < sizeof j->detail ? (size_t)len : sizeof j->detail - 1;
    j->row->reason = reason;
    j->row->detail = (Text){j->detail, (uint32_t)kept};
    return STEP_REJECTED;
}

JsonStep json_malformed(JsonReader *j, const char *what)
{
    return json_reject(j, "malformed", "not a JSON object: %s", what);
}

const char *json_kind_word(char c)
{
    switch (c) {
    case '"':
        return "a string";
    case '{':
        return "an object";
    case '[':
        return "a list";
    case 't':
    case 'f':
        return "a boolean";
    default:
        return json_begins_number(c) ? "a number" : "something that is not JSON";
    }
}

const bool json_endings[256] = {
    [','] = true, ['}'] = true, [']'] = true, [' '] = true,  ['\t'] = true, ['\r'] = true,
    ['\n'] = true, [':'] = true, ['{'] = true, ['['] = true, ['"'] = true,
};

bool json_is_literal(const JsonReader *j, const char *token, const char *literal)
{
    size_t n = strlen(literal);
    return (size_t)(j->end - token) >= n && memcmp(token, literal, n) == 0 && json_ends_token(j, token + n);
}

Text json_token_text(const JsonReader *j, const char *token)
{
    const char *p = token;
    while (!json_ends_token(j, p))
        p++;
    return (Text){token, (uint32_t)(p - token)};
}

/* ── Strings ── */

/* A bit at the top of each byte that is a quote or a backslash; exact for the lowest such byte. */
static uint64_t find_special(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
    return (((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;
}

/* The length of a string up to its quote, or to its first backslash. */
size_t json_plain_length(const char *string)
{
    for (size_t n = 0;; n += 8) {
        uint64_t special = find_special(json_load(string + n));
        if (special)
            return n + ((size_t)__builtin_ctzll(special) >> 3);
    }
}

/* Copies the string that begins behind a quote into the room, without taking it yet. */
bool json_copy_string(JsonReader *j, const char *string, Text *text)
{
    char *to = j->room;
    for (size_t n = 0;; n += 8) {
        uint64_t word = json_load(string + n);
        memcpy(to + n, &word, sizeof word);
        uint64_t special = find_special(word);
        if (!special)
            continue;
        n += (size_t)__builtin_ctzll(special) >> 3;
        if (string[n] == '\\' && !json_tokens_unescape(j->tokens, string, to, &n))
            return false;
        *text = (Text){to, (uint32_t)n};
        return true;
    }
}

void json_take_string(JsonReader *j, Text text)
{
    j->room += text.len;
    j->row->text_bytes += text.len;
}

/* Makes sure that every string of a line, and what copying writes beyond them, fits. */
void json_room_for(JsonReader *j, size_t line)
{
    size_t need = line + 2 * JSON_PADDING;
    if ((size_t)(j->room_end - j->room) >= need)
        return;
    size_t size = need > STRING_ROOM ? need : STRING_ROOM;
    j->room = arena_raw(j->strings, size);
    j->room_end = j->room + size;
}

/* ── Values that nobody asked for ── */

/* Whether a number or literal that nobody reads is one; strings were checked with the whole line. */
static bool is_scalar(const JsonReader *j, const char *token)
{
    if (*token == '"')
        return true;
    if (!json_begins_number(*token))
        return json_is_literal(j, token, "true") || json_is_literal(j, token, "false") ||
               json_is_literal(j, token, "null");
    for (const char *p = token + 1; !json_ends_token(j, p); p++)
        if (!json_begins_number(*p) && *p != '.' && *p != 'e' && *p != 'E' && *p != '+')
            return false;
    return true;
}

/* Passes the value at hand: scalars are scalars, brackets match and are not nested too deeply. */
JsonStep json_pass_over(JsonReader *j)
{
    char open[JSON_NESTING_LIMIT];
    uint32_t depth = 0;
    do {
        const char *token = json_token(j);
        switch (*token) {
        case '{':
        case '[':
            if (depth == j->nesting_max)
                return json_reject(j, "malformed", "objects and lists nested more than %u deep", j->nesting_max);
            open[depth++] = *token == '{' ? '}' : ']';
            break;
        case '}':
        case ']':
            if (depth == 0 || open[--depth] != *token)
                return json_malformed(j, "a bracket closes nothing");
            break;
        case ',':
        case ':':
            if (depth == 0)
                return json_malformed(j, "a value is missing");
            break;
        default:
            if (j->at == j->stop)
                return json_malformed(j, "the line ends before it does");
            if (!is_scalar(j, token))
                return json_malformed(j, "something in it is no value");
        }
        j->at++;
    } while (depth);
    return STEP_GO;
}
