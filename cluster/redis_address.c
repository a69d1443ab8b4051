#include "cluster/redis_address.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PORT_DEFAULT = 6379, DB_MAX = 1 << 20, PASSWORD_MAX = 4096 };

typedef struct Reader {
    RedisAddress *to;
    char *error;
    size_t error_size;
} Reader;

static bool fail(Reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(Reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->error, r->error_size, format, args);
    va_end(args);
    return false;
}

/* Copies a part, with the environment's values in place of ${NAME}. *named: it holds such a name. NULL on failure. */
static const char *expand(Reader *r, Text part, bool *named)
{
    Text all = {0};
    *named = false;
    while (part.len) {
        const char *sign = memmem(part.p, part.len, "${", 2);
        uint32_t plain = sign ? (uint32_t)(sign - part.p) : part.len;
        all = arena_printf(&r->to->arena, "%.*s%.*s", TEXT_ARGS(all), (int)plain, part.p);
        part = (Text){part.p + plain, part.len - plain};
        if (!part.len)
            break;
        const char *end = memchr(part.p, '}', part.len);
        if (!end) {
            fail(r, "`${` without `}` in the address of the store");
            return NULL;
        }
        const char *name = arena_copy(&r->to->arena, part.p + 2, (size_t)(end - part.p) - 2), *value = getenv(name);
        if (!value) {
            fail(r, "the environment has no `%s`, which the address of the store names", name);
            return NULL;
        }
        all = arena_printf(&r->to->arena, "%.*s%s", TEXT_ARGS(all), value);
        *named = true;
        part = (Text){end + 1, part.len - (uint32_t)(end + 1 - part.p)};
    }
    return arena_copy(&r->to->arena, all.p, all.len);
}

static bool take_text(Reader *r, Text part, const char **to)
{
    bool named;
    *to = expand(r, part, &named);
    return *to != NULL;
}

static bool take_password(Reader *r, Text part)
{
    bool named;
    r->to->password = expand(r, part, &named);
    if (r->to->password && !named)
        return fail(r, "a password does not stand in an address, where everybody sees it: write ${NAME} for the "
                       "environment's, in single quotes, or ?password-file=PATH");
    return r->to->password != NULL;
}

static bool take_password_file(Reader *r, Text part)
{
    const char *path;
    if (!take_text(r, part, &path))
        return false;
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(r, "cannot read the password file %s: %s", path, strerror(errno));
    char line[PASSWORD_MAX];
    bool any = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    if (!any)
        return fail(r, "the password file %s is empty", path);
    line[strcspn(line, "\r\n")] = 0;
    r->to->password = arena_copy(&r->to->arena, line, strlen(line));
    explicit_bzero(line, sizeof line);
    return true;
}

static bool take_number(Reader *r, Text part, const char *what, int most, int *to)
{
    const char *text;
    char *end;
    if (!take_text(r, part, &text))
        return false;
    long value = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value > most)
        return fail(r, "%s in the address of the store is a number from 0 to %d, not `%s`", what, most, text);
    *to = (int)value;
    return true;
}

static Text cut(Text *rest, char at)
{
    const char *sign = rest->len ? memchr(rest->p, at, rest->len) : NULL;
    Text head = {rest->p, sign ? (uint32_t)(sign - rest->p) : rest->len};
    uint32_t gone = sign ? head.len + 1 : head.len;
    *rest = (Text){rest->p + gone, rest->len - gone};
    return head;
}

static bool take_options(Reader *r, Text options)
{
    while (options.len) {
        Text value = cut(&options, '&'), name = cut(&value, '=');
        bool good = text_is_c(name, "db")              ? take_number(r, value, "the database", DB_MAX, &r->to->db)
                    : text_is_c(name, "user")          ? take_text(r, value, &r->to->user)
                    : text_is_c(name, "password")      ? take_password(r, value)
                    : text_is_c(name, "password-file") ? take_password_file(r, value)
                                                       : fail(r, "the address of the store has an unknown option `%.*s`; there are db, "
                                                                 "user, password and password-file", TEXT_ARGS(name));
        if (!good)
            return false;
    }
    return true;
}

/* [USER[:PASSWORD]@]HOST[:PORT][/DB]; an IPv6 address stands in brackets. */
static bool take_host(Reader *r, Text rest)
{
    const char *at = memrchr(rest.p, '@', rest.len);
    if (at) {
        Text who = {rest.p, (uint32_t)(at - rest.p)};
        Text user = cut(&who, ':');
        if ((user.len && !take_text(r, user, &r->to->user)) || (who.len && !take_password(r, who)))
            return false;
        rest = (Text){at + 1, rest.len - (uint32_t)(at + 1 - rest.p)};
    }
    Text host = cut(&rest, '/'), db = rest;
    Text port = host, name;
    if (host.len && host.p[0] == '[') {
        port = (Text){host.p + 1, host.len - 1};
        name = cut(&port, ']');
        cut(&port, ':');
    } else {
        name = cut(&port, ':');
    }
    r->to->port = PORT_DEFAULT;
    if (name.len == 0)
        return fail(r, "the address of the store names no host");
    if (!take_text(r, name, &r->to->host) || (port.len && !take_number(r, port, "the port", 65535, &r->to->port)) ||
        (db.len && !take_number(r, db, "the database", DB_MAX, &r->to->db)))
        return false;
    r->to->shown = arena_printf(&r->to->arena, "redis://%s:%d/%d", r->to->host, r->to->port, r->to->db).p;
    return true;
}

static bool take_socket(Reader *r, Text path)
{
    if (path.len >= 2 && path.p[0] == '/' && path.p[1] == '/')
        path = (Text){path.p + 2, path.len - 2};
    if (path.len == 0)
        return fail(r, "the address of the store names no socket");
    if (!take_text(r, path, &r->to->socket))
        return false;
    r->to->shown = arena_printf(&r->to->arena, "redis+unix:%s", r->to->socket).p;
    return true;
}

static bool take_prefix(Text *text, const char *prefix)
{
    Text head = text_of(prefix);
    if (text->len < head.len || memcmp(text->p, head.p, head.len) != 0)
        return false;
    *text = (Text){text->p + head.len, text->len - head.len};
    return true;
}

bool redis_address_read(RedisAddress *address, Memory *memory, const char *text, char *error, size_t error_size)
{
    Reader r = {address, error, error_size};
    *address = (RedisAddress){0};
    arena_init(&address->arena, memory);
    Text options = text_of(text), rest = cut(&options, '?');
    bool good = take_prefix(&rest, "redis://") ? take_host(&r, rest)
                : take_prefix(&rest, "redis+unix:") || take_prefix(&rest, "unix:")
                    ? take_socket(&r, rest)
                    : fail(&r, "an address of Redis is redis://HOST[:PORT][/DB] or redis+unix:SOCKET");
    return good && take_options(&r, options);
}

void redis_address_free(RedisAddress *address)
{
    if (address->password)
        explicit_bzero((char *)address->password, strlen(address->password));
    arena_fini(&address->arena);
}
