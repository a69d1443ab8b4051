/* Strings. Tests run over short texts (names, paths, addresses), so the searches that ignore case are plain
 * loops with a fast path for ASCII; the others are memcmp and memmem. */
#include "cep/string.h"

#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cep/batch.h"
#include "cep/composite.h"
#include "cep/letter.h"
#include "cep/zone.h"

static bool continues(char byte)
{
    return ((uint8_t)byte & 0xC0) == 0x80;
}

int64_t string_len(Text text)
{
    int64_t len = 0;
    for (uint32_t i = 0; i < text.len; i++)
        len += !continues(text.p[i]);
    return len;
}

static Text recased(Text text, Arena *arena, uint32_t (*recase)(uint32_t))
{
    char *copy = arena_raw(arena, (size_t)text.len * 2 + LETTER_BYTES_MAX); /* at worst two bytes become three */
    char *to = copy;
    for (const char *p = text.p, *end = text.p + text.len; p < end;) {
        uint32_t letter;
        p += letter_read(p, end, &letter);
        to += letter_write(to, recase(letter));
    }
    return (Text){copy, (uint32_t)(to - copy)};
}

Text string_lower(Text text, Arena *arena)
{
    return recased(text, arena, letter_lower);
}

Text string_upper(Text text, Arena *arena)
{
    return recased(text, arena, letter_upper);
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

Text string_trim(Text text)
{
    while (text.len > 0 && blank(text.p[0]))
        text = (Text){text.p + 1, text.len - 1};
    while (text.len > 0 && blank(text.p[text.len - 1]))
        text.len--;
    return text;
}

Text string_concat(Text a, Text b, Arena *arena, uint8_t *state)
{
    size_t len = (size_t)a.len + b.len;
    if (len > STRING_LEN_MAX) {
        *state = STATE_ERROR;
        return (Text){0};
    }
    char *joined = arena_raw(arena, len + 1);
    if (a.len)
        memcpy(joined, a.p, a.len);
    if (b.len)
        memcpy(joined + a.len, b.p, b.len);
    return (Text){joined, (uint32_t)len};
}

/* Skips n characters from byte i on. */
static uint32_t skip(Text text, uint32_t i, int64_t n)
{
    while (n > 0 && i < text.len) {
        i++;
        while (i < text.len && continues(text.p[i]))
            i++;
        n--;
    }
    return i;
}

Text string_substr(Text text, int64_t start, int64_t len)
{
    if (start < 0) {
        start += string_len(text);
        if (start < 0) { /* begins before the text: that part of len is lost */
            if (len < INT64_MAX)
                len = len > 0 && start > -len ? len + start : 0;
            start = 0;
        }
    }
    uint32_t from = skip(text, 0, start), to = skip(text, from, len);
    return (Text){text.p + from, to - from};
}

Text string_replace(Text text, Text from, Text to, Arena *arena, uint8_t *state)
{
    if (from.len == 0 || text.len < from.len)
        return text;
    size_t found = 0;
    const char *end = text.p + text.len;
    for (const char *p = text.p; (p = memmem(p, (size_t)(end - p), from.p, from.len)); p += from.len)
        found++;
    if (!found)
        return text;
    size_t len = text.len - found * from.len + found * to.len;
    if (len > STRING_LEN_MAX) {
        *state = STATE_ERROR;
        return (Text){0};
    }
    char *copy = arena_raw(arena, len + 1), *at = copy;
    const char *p = text.p;
    for (const char *next; (next = memmem(p, (size_t)(end - p), from.p, from.len)); p = next + from.len) {
        memcpy(at, p, (size_t)(next - p));
        at += next - p;
        if (to.len)
            memcpy(at, to.p, to.len);
        at += to.len;
    }
    memcpy(at, p, (size_t)(end - p));
    return (Text){copy, (uint32_t)len};
}

bool string_contains(Text text, Text part)
{
    return part.len == 0 || (part.len <= text.len && memmem(text.p, text.len, part.p, part.len));
}

bool string_starts(Text text, Text part)
{
    return part.len <= text.len && text_is((Text){text.p, part.len}, part);
}

bool string_ends(Text text, Text part)
{
    return part.len <= text.len && text_is((Text){text.p + (text.len - part.len), part.len}, part);
}

static uint32_t folded(const char **p, const char *end)
{
    uint32_t letter = (uint8_t)**p;
    if (letter < 0x80)
        (*p)++;
    else
        *p += letter_read(*p, end, &letter);
    return letter_lower(letter);
}

/* Compares part with the beginning of text; *used is what of text it took. */
static bool starts_fold(Text text, Text part, uint32_t *used)
{
    const char *p = text.p, *end = text.p + text.len;
    const char *q = part.p, *part_end = part.p + part.len;
    while (q < part_end) {
        if (p == end || folded(&p, end) != folded(&q, part_end))
            return false;
    }
    *used = (uint32_t)(p - text.p);
    return true;
}

bool string_equal_fold(Text a, Text b)
{
    uint32_t used;
    return starts_fold(a, b, &used) && used == a.len;
}

bool string_starts_fold(Text text, Text part)
{
    uint32_t used;
    return starts_fold(text, part, &used);
}

bool string_contains_fold(Text text, Text part)
{
    uint32_t used;
    for (uint32_t i = 0; i <= text.len; i++)
        if (starts_fold((Text){text.p + i, text.len - i}, part, &used))
            return true;
    return false;
}

/* The end that may equal part has as many characters, not as many bytes. */
bool string_ends_fold(Text text, Text part)
{
    int64_t extra = string_len(text) - string_len(part);
    uint32_t from = extra > 0 ? skip(text, 0, extra) : 0;
    return extra >= 0 && string_equal_fold((Text){text.p + from, text.len - from}, part);
}

/* The usual two pointers: after a failure, the last `*` takes one character more. */
static bool like(Text text, Text pattern, bool fold)
{
    const char *p = text.p, *end = text.p + text.len;
    const char *q = pattern.p, *pattern_end = pattern.p + pattern.len;
    const char *star = NULL, *star_p = NULL;
    while (p < end) {
        if (q < pattern_end && *q == '*') {
            star = ++q;
            star_p = p;
            continue;
        }
        if (q < pattern_end) {
            uint32_t a, b;
            const char *p_next = p + letter_read(p, end, &a), *q_next = q + letter_read(q, pattern_end, &b);
            if (b == '?' || a == b || (fold && letter_lower(a) == letter_lower(b))) {
                p = p_next;
                q = q_next;
                continue;
            }
        }
        if (!star)
            return false;
        uint32_t letter;
        star_p += letter_read(star_p, end, &letter);
        p = star_p;
        q = star;
    }
    while (q < pattern_end && *q == '*')
        q++;
    return q == pattern_end;
}

bool string_like(Text text, Text pattern)
{
    return like(text, pattern, false);
}

bool string_like_fold(Text text, Text pattern)
{
    return like(text, pattern, true);
}

Text string_split(Text text, Text separator, Arena *arena, uint8_t *state)
{
    CompositeWriter writer;
    composite_open(&writer, TYPE_LIST, arena);
    const char *p = text.p, *end = p + text.len;
    for (const char *next; separator.len && (next = memmem(p, (size_t)(end - p), separator.p, separator.len)); p = next + separator.len)
        composite_write(&writer, (Text){0}, composite_box(TYPE_STRING, STATE_OK, (Cell){.s = {p, (uint32_t)(next - p)}}, arena));
    composite_write(&writer, (Text){0}, composite_box(TYPE_STRING, STATE_OK, (Cell){.s = {p, (uint32_t)(end - p)}}, arena));
    return composite_close(&writer, state);
}

bool string_in_fold(Text list, Text text)
{
    CompositeCursor cursor = composite_begin(list);
    Text name, item;
    Cell value;
    while (composite_next(&cursor, &name, &item))
        if (composite_type(item) == TYPE_STRING && composite_unbox(item, TYPE_STRING, &value) == STATE_OK &&
            string_equal_fold(value.s, text))
            return true;
    return false;
}

Text string_id(Text bytes, Arena *arena)
{
    char text[33];
    XXH128_hash_t hash = XXH3_128bits(bytes.p, bytes.len);
    event_id_text((EventId){hash.high64 & ~EVENT_ID_INPUT, hash.low64}, (Text){0}, text);
    return (Text){arena_copy(arena, text, 32), 32};
}

Text string_uuid(Text id, Arena *arena)
{
    char text[37];
    if (id.len != 32)
        return id;
    snprintf(text, sizeof text, "%.8s-%.4s-8%.3s-%c%.3s-%.12s", id.p, id.p + 8, id.p + 13, "89ab"[id.p[16] & 3], id.p + 17,
             id.p + 20);
    return (Text){arena_copy(arena, text, 36), 36};
}

Text string_of_time(int64_t time, Arena *arena)
{
    char text[TIME_TEXT_MAX];
    size_t len = time_text(time, text);
    return (Text){arena_copy(arena, text, len), (uint32_t)len};
}

Text string_of_duration(int64_t duration, Arena *arena)
{
    char text[TIME_TEXT_MAX];
    size_t len = duration_text(duration, text);
    return (Text){arena_copy(arena, text, len), (uint32_t)len};
}
