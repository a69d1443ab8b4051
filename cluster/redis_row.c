#include "cluster/redis_row.h"

#include <stdio.h>

#include "cep/cell_text.h"
#include "cluster/limits.h"

/* ── Values ── */

bool redis_keeps(TypeKind type)
{
    return type < TYPE_LINE;
}

Text redis_text_of(TypeKind type, Cell value, char *room)
{
    return type == TYPE_BYTES ? value.s : cell_text(type, value, room);
}

static bool parse(TypeKind type, int64_t unit, Text text, Cell *value)
{
    if (type != TYPE_BYTES)
        return cell_parse(type, unit, text, value);
    value->s = text;
    return true;
}

/* ── Keys ── */

static uint32_t key_named(const TablePlan *plan, Text name)
{
    for (uint32_t k = 0; k < plan->nkeys; k++)
        if (text_is(plan->columns[plan->keys[k]].name, name))
            return k;
    return 0;
}

static void mapped_keys(RedisKeys *keys, Text form, Arena *arena)
{
    for (uint32_t n = 0; n <= keys->plan->nkeys; n++) {
        const char *brace = form.len ? memchr(form.p, '{', form.len) : NULL;
        uint32_t plain = brace ? (uint32_t)(brace - form.p) : form.len;
        keys->text[n] = arena_text(arena, (Text){form.p, plain});
        form = (Text){form.p + plain, form.len - plain};
        const char *end = form.len ? memchr(form.p, '}', form.len) : NULL;
        if (!end || n == keys->plan->nkeys)
            return;
        keys->part[n] = key_named(keys->plan, (Text){form.p + 1, (uint32_t)(end - form.p) - 1});
        form = (Text){end + 1, form.len - (uint32_t)(end + 1 - form.p)};
    }
}

RedisKeys redis_keys_of(const TablePlan *plan, Arena *arena)
{
    RedisKeys keys = {.plan = plan, .mapped = text_is_c(plan->source_format, "redis")};
    if (keys.mapped) {
        mapped_keys(&keys, plan->source_path, arena);
    } else {
        keys.text[0] = arena_printf(arena, "cep:%.*s:", TEXT_ARGS(plan->name));
        keys.text[1] = plan->nkeys > 1 ? TEXT(":") : TEXT("");
        keys.part[1] = 1;
    }
    return keys;
}

Text redis_keys_pattern(const RedisKeys *keys, Arena *arena)
{
    Text pattern = {0};
    for (uint32_t n = 0; n <= keys->plan->nkeys; n++) {
        for (uint32_t i = 0; i < keys->text[n].len; i++) {
            char c = keys->text[n].p[i];
            pattern = arena_printf(arena, "%.*s%s%c", TEXT_ARGS(pattern), strchr("*?[]\\", c) ? "\\" : "", c);
        }
        if (n < keys->plan->nkeys)
            pattern = arena_printf(arena, "%.*s*", TEXT_ARGS(pattern));
    }
    return pattern;
}

/* Whether a part must not hold the separator plainly. */
static bool is_escaped(const RedisKeys *keys, uint32_t n)
{
    return !keys->mapped && n + 1 < keys->plan->nkeys;
}

static Text escape(Text part, Arena *arena)
{
    char *to = arena_raw(arena, (size_t)part.len * 3 + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < part.len; i++) {
        const char *code = part.p[i] == '%' ? "%25" : part.p[i] == ':' ? "%3A" : NULL;
        if (code)
            memcpy(to + n, code, 3);
        else
            to[n] = part.p[i];
        n += code ? 3 : 1;
    }
    return (Text){to, n};
}

static Text unescape(Text part, Arena *arena)
{
    char *to = arena_raw(arena, part.len + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < part.len; i++) {
        bool code = i + 2 < part.len && part.p[i] == '%';
        bool percent = code && part.p[i + 1] == '2' && part.p[i + 2] == '5';
        bool colon = code && part.p[i + 1] == '3' && part.p[i + 2] == 'A';
        to[n++] = percent ? '%' : colon ? ':' : part.p[i];
        i += percent || colon ? 2 : 0;
    }
    return (Text){to, n};
}

static TypeKind part_type(const RedisKeys *keys, uint32_t n)
{
    return keys->plan->columns[keys->plan->keys[keys->part[n]]].type;
}

static void append(char *to, uint32_t *n, Text text)
{
    if (text.len)
        memcpy(to + *n, text.p, text.len);
    *n += text.len;
}

static Text write_key(const RedisKeys *keys, const Cell *key, Arena *arena)
{
    char room[TABLE_KEYS_MAX][CELL_TEXT_MAX];
    Text parts[TABLE_KEYS_MAX];
    uint64_t size = keys->text[0].len;
    for (uint32_t n = 0; n < keys->plan->nkeys; n++) {
        parts[n] = redis_text_of(part_type(keys, n), key[keys->part[n]], room[n]);
        if (parts[n].len > REDIS_KEY_MAX)
            return (Text){0};
        if (is_escaped(keys, n))
            parts[n] = escape(parts[n], arena);
        size += (uint64_t)parts[n].len + keys->text[n + 1].len;
    }
    if (size > REDIS_KEY_MAX)
        return (Text){0};
    char *name = arena_raw(arena, size + 1);
    Text made = {name, 0};
    for (uint32_t n = 0; n <= keys->plan->nkeys; n++) {
        append(name, &made.len, keys->text[n]);
        if (n < keys->plan->nkeys)
            append(name, &made.len, parts[n]);
    }
    return made;
}

bool redis_key_read(const RedisKeys *keys, Text name, Arena *arena, Cell *key)
{
    Text head = keys->text[0], tail = keys->text[keys->plan->nkeys];
    if (name.len < head.len + tail.len || !text_is((Text){name.p, head.len}, head) ||
        !text_is((Text){name.p + name.len - tail.len, tail.len}, tail))
        return false;
    Text rest = {name.p + head.len, name.len - head.len - tail.len};
    for (uint32_t n = 0; n < keys->plan->nkeys; n++) {
        Text part = rest, between = n + 1 < keys->plan->nkeys ? keys->text[n + 1] : (Text){0};
        if (between.len) {
            const char *at = rest.len ? memmem(rest.p, rest.len, between.p, between.len) : NULL;
            if (!at)
                return false;
            part.len = (uint32_t)(at - rest.p);
            rest = (Text){at + between.len, rest.len - part.len - between.len};
        }
        if (is_escaped(keys, n))
            part = unescape(part, arena);
        if (!parse(part_type(keys, n), 0, part, &key[keys->part[n]]))
            return false;
    }
    return true;
}

Text redis_key_write(const RedisKeys *keys, const Cell *key, Arena *arena)
{
    Text name = write_key(keys, key, arena);
    Cell back[TABLE_KEYS_MAX];
    bool good = name.len && redis_key_read(keys, name, arena, back);
    for (uint32_t k = 0; k < keys->plan->nkeys && good && keys->mapped && keys->plan->nkeys > 1; k++)
        good = cell_equal(keys->plan->columns[keys->plan->keys[k]].type, back[k], key[k]);
    return good ? name : (Text){0};
}

/* ── Rows ── */

Text redis_field(const Attribute *column)
{
    return column->npath ? column->path[column->npath - 1] : column->name;
}

static bool is_asked(const RedisKeys *keys, uint32_t column)
{
    return !keys->mapped || !store_is_key(keys->plan, column);
}

void redis_row_ask(RedisLink *link, const RedisKeys *keys, Text name)
{
    Text words[2 + STORE_COLUMNS_MAX + 1] = {TEXT("HMGET"), name};
    uint32_t n = 2;
    for (uint32_t i = 0; i < keys->plan->ncolumns; i++)
        if (is_asked(keys, i))
            words[n++] = keys->mapped ? redis_field(&keys->plan->columns[i]) : keys->plan->columns[i].name;
    if (n == 2)
        words[0] = TEXT("EXISTS"); /* a mapped table of keys only */
    redis_link_send(link, words, n);
}

/* Reads a field; if it does not fit, says so. */
static bool read_field(const Attribute *column, const redisReply *field, Cell *cell, uint8_t *state, char *detail,
                       size_t detail_size)
{
    Text text = field->type == REDIS_REPLY_STRING ? redis_text(field) : (Text){0};
    bool none = field->type != REDIS_REPLY_STRING || (text.len == 0 && !type_has_bytes(column->type));
    *state = STATE_NULL;
    if (none && column->optional)
        return true;
    if (none)
        snprintf(detail, detail_size, "column `%.*s` is missing", TEXT_ARGS(column->name));
    else if (field->len > (size_t)limit_default(LIMIT_STATE_VALUE_BYTES))
        snprintf(detail, detail_size, "column `%.*s`: %s", TEXT_ARGS(column->name), limit_message(LIMIT_STATE_VALUE_BYTES));
    else if (column->type == TYPE_STRING && !text_is_utf8(text))
        snprintf(detail, detail_size, "column `%.*s`: not UTF-8", TEXT_ARGS(column->name));
    else if (!parse(column->type, column->unit, text, cell))
        snprintf(detail, detail_size, "column `%.*s`: expected %s, got %.*s", TEXT_ARGS(column->name),
                 cell_expected(column->type, column->unit), text.len > 64 ? 64 : (int)text.len, text.p);
    else
        *state = STATE_OK;
    return *state == STATE_OK;
}

/* Whether there is a row: a field of it, or, of a table of keys only, the key. */
static bool any_field(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_INTEGER)
        return reply->integer > 0;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            return true;
    return false;
}

RedisRow redis_row_read(const RedisKeys *keys, const Cell *key, const redisReply *reply, Cell *cells, uint8_t *states,
                        char *detail, size_t detail_size)
{
    const TablePlan *plan = keys->plan;
    if (redis_is_error(reply, "WRONGTYPE")) {
        snprintf(detail, detail_size, "it is no hash");
        return REDIS_ROW_BAD;
    }
    if (reply->type != REDIS_REPLY_ARRAY && reply->type != REDIS_REPLY_INTEGER) {
        snprintf(detail, detail_size, "%s", reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer of another kind");
        return REDIS_ROW_TROUBLE;
    }
    if (!any_field(reply))
        return REDIS_ROW_NONE;
    size_t at = 0;
    for (uint32_t i = 0; i < plan->ncolumns; i++) {
        if (!is_asked(keys, i) || at == reply->elements)
            continue;
        const redisReply *field = reply->element[at++];
        if (!store_is_key(plan, i) && !read_field(&plan->columns[i], field, &cells[i], &states[i], detail, detail_size))
            return REDIS_ROW_BAD;
    }
    for (uint32_t k = 0; k < plan->nkeys; k++) {
        cells[plan->keys[k]] = key[k];
        states[plan->keys[k]] = STATE_OK;
    }
    return REDIS_ROW_FOUND;
}
