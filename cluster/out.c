#include "cluster/out.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cep/base64.h"
#include "cep/composite.h"
#include "cep/decimal.h"
#include "cep/zone.h"

void out_init(Out *out, Memory *memory, int fd)
{
    *out = (Out){.memory = memory, .fd = fd, .room = OUT_ROOM};
    out->bytes = memory_new(memory, out->room);
}

void out_fini(Out *out)
{
    memory_free(out->memory, out->bytes, out->room);
    *out = (Out){.fd = -1};
}

/* A descriptor that does not block is waited for. */
static int write_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t written = write(fd, bytes, n);
        if (written >= 0) {
            bytes += written;
            n -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd waiting = {.fd = fd, .events = POLLOUT};
            poll(&waiting, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int out_flush(Out *out)
{
    if (out->fd >= 0 && out->n) {
        if (!out->error)
            out->error = write_all(out->fd, out->bytes, out->n);
        out->n = 0;
    }
    return out->error;
}

void out_clear(Out *out)
{
    out->n = 0;
}

static void make_room(Out *out, size_t n)
{
    if (out->fd >= 0 && out->n + n > OUT_ROOM)
        out_flush(out);
    if (out->n + n <= out->room)
        return;
    size_t room = out->room * 2;
    while (room < out->n + n)
        room *= 2;
    out->bytes = memory_resize(out->memory, out->bytes, out->room, room);
    out->room = room;
}

void out_bytes(Out *out, const char *bytes, size_t n)
{
    if (n == 0)
        return;
    make_room(out, n);
    memcpy(out->bytes + out->n, bytes, n);
    out->n += n;
}

void out_char(Out *out, char c)
{
    out_bytes(out, &c, 1);
}

void out_text(Out *out, const char *c_string)
{
    out_bytes(out, c_string, strlen(c_string));
}

void out_int(Out *out, int64_t value)
{
    char digits[24];
    out_bytes(out, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)value));
}

/* The bytes of the well-formed UTF-8 sequence at p (Unicode, table 3-7); 0 if there is none. */
static size_t utf8_length(const unsigned char *p, const unsigned char *end)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (n == 0 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

static void json_escape(Out *out, unsigned char c)
{
    static const char letters[] = "\b\f\n\r\t\"\\", escapes[] = "bfnrt\"\\";
    const char *found = c ? strchr(letters, c) : NULL;
    if (found) {
        out_char(out, '\\');
        out_char(out, escapes[found - letters]);
    } else {
        char code[8];
        out_bytes(out, code, (size_t)snprintf(code, sizeof code, "\\u%04x", c));
    }
}

void out_json_string(Out *out, Text text)
{
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.len, *plain = p;
    out_char(out, '"');
    while (p < end) {
        if (*p >= ' ' && *p < 0x7F && *p != '"' && *p != '\\') {
            p++;
            continue;
        }
        size_t n = utf8_length(p, end);
        if (n > 1) {
            p += n;
            continue;
        }
        out_bytes(out, (const char *)plain, (size_t)(p - plain));
        if (n == 0)
            out_text(out, "\xEF\xBF\xBD");
        else
            json_escape(out, *p);
        plain = ++p;
    }
    out_bytes(out, (const char *)plain, (size_t)(p - plain));
    out_char(out, '"');
}

void out_json_float(Out *out, double value)
{
    char digits[40];
    if (!isfinite(value)) {
        out_text(out, "null");
        return;
    }
    if (value == trunc(value) && fabs(value) < 1e15) {
        out_bytes(out, digits, (size_t)snprintf(digits, sizeof digits, "%.0f", value));
        return;
    }
    int n = 0;
    for (int precision = 15; precision <= 17; precision++) {
        n = snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    out_bytes(out, digits, (size_t)n);
}

void out_json_time(Out *out, int64_t time_ns)
{
    char text[TIME_TEXT_MAX];
    size_t n = time_text(time_ns, text);
    out_char(out, '"');
    out_bytes(out, text, n);
    out_char(out, '"');
}

static void out_json_point(Out *out, Point point)
{
    out_char(out, '[');
    out_json_float(out, point.x);
    out_char(out, ',');
    out_json_float(out, point.y);
    out_char(out, ']');
}

static void out_json_bytes(Out *out, Text bytes)
{
    Arena arena;
    arena_init(&arena, out->memory);
    out_json_string(out, base64_text(bytes, &arena));
    arena_fini(&arena);
}

/* A list, a record, a map, a value of type any. */
static void out_json_any(Out *out, Text any)
{
    TypeKind type = composite_type(any);
    CompositeCursor cursor = composite_begin(any);
    Text name, item;
    Cell value;
    if (type != TYPE_LIST && type != TYPE_RECORD && type != TYPE_MAP) {
        if (type != TYPE_KINDS && composite_unbox(any, type, &value) == STATE_OK)
            out_json_cell(out, type, value);
        else
            out_text(out, "null");
        return;
    }
    out_char(out, cursor.named ? '{' : '[');
    for (bool first = true; composite_next(&cursor, &name, &item); first = false) {
        if (!first)
            out_char(out, ',');
        if (cursor.named) {
            out_json_string(out, name);
            out_char(out, ':');
        }
        out_json_any(out, item);
    }
    out_char(out, type == TYPE_LIST ? ']' : '}');
}

void out_json_cell(Out *out, TypeKind type, Cell value)
{
    char text[TIME_TEXT_MAX];
    switch (type) {
    case TYPE_BOOL:
        out_text(out, value.b ? "true" : "false");
        break;
    case TYPE_INT:
        out_int(out, value.i);
        break;
    case TYPE_FLOAT:
        out_json_float(out, value.f);
        break;
    case TYPE_TIME:
        out_json_time(out, value.i);
        break;
    case TYPE_DURATION:
        out_json_string(out, (Text){text, (uint32_t)duration_text(value.i, text)});
        break;
    case TYPE_STRING:
        out_json_string(out, value.s);
        break;
    case TYPE_POINT:
        out_json_point(out, value.p);
        break;
    case TYPE_DECIMAL:
        out_bytes(out, text, decimal_write(value.d, text));
        break;
    case TYPE_BYTES:
        out_json_bytes(out, value.s);
        break;
    default:
        out_json_any(out, value.s);
    }
}
