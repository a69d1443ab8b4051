#include "cluster/table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cep/cell_text.h"
#include "cep/json_reader.h"
#include "cluster/limits.h"

enum { CSV_FIELDS_MAX = 4096 };

typedef struct Loader {
    const TablePlan *plan;
    Memory *memory;
    TableSink sink;
    TableFileStats *stats;
    Arena arena;        /* of a row: unquoted fields */
    Arena lasting;      /* of the file: the header */
    Machine *machine;
    Cell *cells;
    uint8_t *states;
    bool bad;           /* the row at hand was rejected */
    bool stopped;
    Text line;          /* the row at hand */
    uint64_t number;
    uint32_t *header;   /* csv: field → column, INDEX_NONE = none */
    uint32_t nheader;
    Text prefix;        /* tsv */
    char *error;
    size_t error_size;
} Loader;

/* ── The file ── */

static bool fail(Loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(Loader *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(l->error, l->error_size, format, args);
    va_end(args);
    return false;
}

typedef struct Bytes {
    char *p;
    size_t n, room;
} Bytes;

static bool read_all(Loader *l, int fd, const char *path, Bytes *bytes)
{
    size_t most = (size_t)limit_default(LIMIT_TABLE_BYTES);
    *bytes = (Bytes){.room = 64 << 10};
    bytes->p = memory_new(l->memory, bytes->room);
    for (;;) {
        if (bytes->room - bytes->n <= JSON_PADDING) {
            bytes->p = memory_resize(l->memory, bytes->p, bytes->room, bytes->room * 2);
            bytes->room *= 2;
        }
        ssize_t got = read(fd, bytes->p + bytes->n, bytes->room - bytes->n - JSON_PADDING);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(l, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        bytes->n += (size_t)got;
        if (bytes->n > most)
            return fail(l, "%s: %s", path, limit_message(LIMIT_TABLE_BYTES));
    }
    memset(bytes->p + bytes->n, 0, JSON_PADDING);
    return true;
}

/* Takes a line off the front; a quoted newline does not end it if quotes count. */
static bool next_line(Text *rest, bool quotes, Text *line, uint64_t *newlines)
{
    if (rest->len == 0)
        return false;
    uint32_t n = 0;
    bool inside = false;
    *newlines = 1;
    for (; n < rest->len && (rest->p[n] != '\n' || inside); n++) {
        inside ^= quotes && rest->p[n] == '"';
        *newlines += rest->p[n] == '\n';
    }
    *line = (Text){rest->p, n};
    uint32_t taken = n < rest->len ? n + 1 : n;
    *rest = (Text){rest->p + taken, rest->len - taken};
    if (line->len && line->p[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* ── A row ── */

static void reject(Loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void reject(Loader *l, const char *format, ...)
{
    char detail[512];
    if (l->bad)
        return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    l->bad = true;
    l->stats->rejected++;
    uint32_t kept = n < 0 ? 0 : (size_t)n < sizeof detail ? (uint32_t)n : sizeof detail - 1;
    l->sink.rejected(l->sink.owner, l->number, (Text){detail, kept}, l->line);
}

static void begin_row(Loader *l)
{
    l->bad = false;
    memset(l->states, STATE_NULL, l->plan->ncolumns);
    arena_reset(&l->arena);
}

static void set_text(Loader *l, uint32_t column, Text text)
{
    const Attribute *a = &l->plan->columns[column];
    if (text.len == 0 && (a->type != TYPE_STRING || a->optional))
        return;
    if (!text_is_utf8(text)) {
        reject(l, "column `%.*s`: not UTF-8", TEXT_ARGS(a->name));
        return;
    }
    if (cell_parse(a->type, a->unit, text, &l->cells[column])) {
        l->states[column] = STATE_OK;
        return;
    }
    reject(l, "column `%.*s`: expected %s, got %.*s", TEXT_ARGS(a->name), cell_expected(a->type, a->unit),
           text.len > 64 ? 64 : (int)text.len, text.p);
}

static void complete(Loader *l, uint32_t column)
{
    const Attribute *a = &l->plan->columns[column];
    if (l->states[column] == STATE_OK)
        return;
    Surroundings around = {.scratch = &l->arena, .machine = l->machine};
    if (a->fill && program_value(a->fill, NULL, &around, &l->cells[column]) == STATE_OK)
        l->states[column] = STATE_OK;
    bool key = false;
    for (uint32_t k = 0; k < l->plan->nkeys; k++)
        key |= l->plan->keys[k] == column;
    if (l->states[column] != STATE_OK && (key || !a->optional))
        reject(l, "column `%.*s` is missing", TEXT_ARGS(a->name));
}

static void end_row(Loader *l)
{
    for (uint32_t i = 0; i < l->plan->ncolumns && !l->bad; i++)
        complete(l, i);
    if (l->bad)
        return;
    l->stats->rows++;
    l->stopped = !l->sink.row(l->sink.owner, l->cells, l->states);
}

/* The column that a field of the file is called after: the last part of its `from`, or its name. */
static uint32_t column_named(const TablePlan *plan, Text name)
{
    for (uint32_t i = 0; i < plan->ncolumns; i++) {
        const Attribute *a = &plan->columns[i];
        if (text_is(a->npath ? a->path[a->npath - 1] : a->name, name))
            return i;
    }
    return INDEX_NONE;
}

/* ── CSV ── */

/* Takes a field off the front of a record. Returns false behind the last. *bad: the quotes are wrong. */
static bool csv_field(Loader *l, Text *rest, bool *more, Text *field, bool *bad)
{
    if (!*more)
        return false;
    const char *p = rest->p, *end = p + rest->len;
    *bad = false;
    if (p < end && *p == '"') {
        char *copy = arena_raw(&l->arena, rest->len);
        uint32_t n = 0;
        for (p++; p < end && (*p != '"' || (p + 1 < end && p[1] == '"')); p++) {
            p += *p == '"';
            copy[n++] = *p;
        }
        *bad = p == end;
        p += p < end;
        *field = (Text){copy, n};
    } else {
        const char *start = p;
        while (p < end && *p != ',')
            p++;
        *field = (Text){start, (uint32_t)(p - start)};
    }
    *bad |= p < end && *p != ',';
    *more = p < end;
    p += p < end;
    *rest = (Text){p, (uint32_t)(end - p)};
    return true;
}

static bool csv_header(Loader *l, Text record)
{
    bool more = true, bad;
    Text field;
    l->header = ARENA_ARRAY(&l->lasting, uint32_t, CSV_FIELDS_MAX);
    while (l->nheader < CSV_FIELDS_MAX && csv_field(l, &record, &more, &field, &bad))
        l->header[l->nheader++] = column_named(l->plan, field);
    for (uint32_t k = 0; k < l->plan->nkeys; k++) {
        bool found = false;
        for (uint32_t i = 0; i < l->nheader; i++)
            found |= l->header[i] == l->plan->keys[k];
        if (!found)
            return fail(l, "the header line has no column `%.*s`, the key",
                        TEXT_ARGS(l->plan->columns[l->plan->keys[k]].name));
    }
    return true;
}

static void csv_row(Loader *l, Text record)
{
    bool more = true, bad = false;
    Text field;
    uint32_t i = 0;
    begin_row(l);
    for (; csv_field(l, &record, &more, &field, &bad) && !bad; i++) {
        if (i < l->nheader && l->header[i] != INDEX_NONE)
            set_text(l, l->header[i], field);
        else
            l->stats->unknown_fields++;
    }
    if (bad)
        reject(l, "a quoted field does not end where the field does");
    else if (i != l->nheader)
        reject(l, "%u fields, where the header line has %u", i, l->nheader);
    end_row(l);
}

/* ── TSV ── */

static Text tab_field(Text *rest)
{
    const char *tab = rest->len ? memchr(rest->p, '\t', rest->len) : NULL;
    uint32_t n = tab ? (uint32_t)(tab - rest->p) : rest->len;
    Text field = {rest->p, n};
    uint32_t taken = tab ? n + 1 : n;
    *rest = (Text){rest->p + taken, rest->len - taken};
    return field;
}

/* "acct:" if every key of the file begins with it and it is a word. */
static Text common_prefix(Text file)
{
    Text prefix = {0}, line;
    uint64_t newlines;
    for (bool first = true; next_line(&file, false, &line, &newlines);) {
        if (line.len == 0)
            continue;
        Text key = tab_field(&line);
        if (first) {
            const char *colon = memchr(key.p, ':', key.len);
            prefix = (Text){key.p, colon ? (uint32_t)(colon - key.p) + 1 : 0};
        }
        first = false;
        if (prefix.len < 2 || key.len < prefix.len || memcmp(key.p, prefix.p, prefix.len) != 0)
            return (Text){0};
    }
    for (uint32_t i = 0; i + 1 < prefix.len; i++) {
        char c = prefix.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-' || c == '.')))
            return (Text){0};
    }
    return prefix;
}

static void tsv_key(Loader *l, Text key)
{
    key = (Text){key.p + l->prefix.len, key.len - l->prefix.len};
    if (l->plan->nkeys == 2) {
        const char *colon = key.len ? memchr(key.p, ':', key.len) : NULL;
        if (!colon) {
            reject(l, "the key `%.*s` is not two values with a colon between", TEXT_ARGS(key));
            return;
        }
        uint32_t n = (uint32_t)(colon - key.p);
        set_text(l, l->plan->keys[1], (Text){colon + 1, key.len - n - 1});
        key.len = n;
    }
    set_text(l, l->plan->keys[0], key);
}

static void tsv_row(Loader *l, Text line)
{
    begin_row(l);
    tsv_key(l, tab_field(&line));
    while (line.len) {
        Text name = tab_field(&line);
        bool value = line.len || line.p[-1] == '\t';
        if (!value) {
            reject(l, "the field `%.*s` has no value", TEXT_ARGS(name));
            break;
        }
        Text text = tab_field(&line);
        uint32_t column = column_named(l->plan, name);
        if (column == INDEX_NONE)
            l->stats->unknown_fields++;
        else
            set_text(l, column, text);
    }
    end_row(l);
}

/* ── JSON lines ── */

static void json_row(Loader *l, JsonReader *json, Rows *rows, Text line)
{
    JsonRow row;
    begin_row(l);
    json_reader_into(json, rows, l->memory, &l->arena);
    if (json_reader_decode(json, line.p, line.len, &row)) {
        for (uint32_t i = 0; i < l->plan->ncolumns; i++) {
            l->states[i] = rows->columns[i].states[row.row];
            if (l->states[i] == STATE_OK)
                l->cells[i] = cell_get(rows->columns[i].type, rows->columns[i].cells, row.row);
        }
        rows_clear(rows);
    } else {
        reject(l, "%.*s", TEXT_ARGS(row.detail));
    }
    l->stats->unknown_fields += row.unknown;
    end_row(l);
}

/* ── Loading ── */

static bool load_lines(Loader *l, Text file, Text format, JsonReader *json, Rows *rows)
{
    bool csv = text_is_c(format, "csv"), tsv = text_is_c(format, "tsv");
    uint64_t newlines = 1;
    if (tsv)
        l->prefix = common_prefix(file);
    for (l->number = 1; !l->stopped && next_line(&file, csv, &l->line, &newlines); l->number += newlines) {
        if (l->line.len == 0)
            continue;
        if (csv && !l->header) {
            if (!csv_header(l, l->line))
                return false;
        } else if (csv) {
            csv_row(l, l->line);
        } else if (tsv) {
            tsv_row(l, l->line);
        } else {
            json_row(l, json, rows, l->line);
        }
    }
    return !csv || l->header || fail(l, "the file has no header line");
}

static bool load_bytes(Loader *l, Bytes bytes, Text format)
{
    Text file = {bytes.p, (uint32_t)bytes.n};
    if (file.len >= 3 && memcmp(file.p, "\xEF\xBB\xBF", 3) == 0)
        file = (Text){file.p + 3, file.len - 3};
    if (!text_is_c(format, "ndjson") && !text_is_c(format, "json"))
        return load_lines(l, file, format, NULL, NULL);

    TypeKind *types = ARENA_ARRAY(&l->lasting, TypeKind, l->plan->ncolumns);
    for (uint32_t i = 0; i < l->plan->ncolumns; i++)
        types[i] = l->plan->columns[i].type;
    Rows rows;
    rows_init(&rows, l->memory, 0, types, l->plan->ncolumns);
    JsonReader *json = json_reader_of(l->memory, "table", l->plan->name, l->plan->columns, l->plan->ncolumns,
                                  (uint32_t)limit_default(LIMIT_NESTING));
    bool good = load_lines(l, file, format, json, &rows);
    json_reader_free(json);
    rows_fini(&rows, l->memory);
    return good;
}

static bool is_format(Text format)
{
    return text_is_c(format, "csv") || text_is_c(format, "tsv") || text_is_c(format, "ndjson") ||
           text_is_c(format, "json");
}

static int open_file(Loader *l, const char *path)
{
    if (strcmp(path, "-") == 0)
        return STDIN_FILENO;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        close(fd);
        fd = -1;
        errno = EISDIR;
    }
    if (fd < 0)
        fail(l, "cannot read %s: %s", path, strerror(errno));
    return fd;
}

bool table_file_load(const TablePlan *plan, const char *path, Text format, Memory *memory, TableSink sink,
                     TableFileStats *stats, char *error, size_t error_size)
{
    Loader l = {.plan = plan, .memory = memory, .sink = sink, .stats = stats, .error = error, .error_size = error_size};
    *stats = (TableFileStats){0};
    if (!is_format(format))
        return fail(&l, "%s: a table is read from csv, tsv or ndjson, not `%.*s`", path, TEXT_ARGS(format));
    int fd = open_file(&l, path);
    if (fd < 0)
        return false;
    arena_init(&l.arena, memory);
    arena_init(&l.lasting, memory);
    l.machine = machine_new(memory);
    l.cells = ARENA_ARRAY(&l.lasting, Cell, plan->ncolumns);
    l.states = ARENA_ARRAY(&l.lasting, uint8_t, plan->ncolumns);
    Bytes bytes;
    bool good = read_all(&l, fd, path, &bytes) && load_bytes(&l, bytes, format);
    memory_free(memory, bytes.p, bytes.room);
    machine_free(l.machine);
    arena_fini(&l.lasting);
    arena_fini(&l.arena);
    if (fd != STDIN_FILENO)
        close(fd);
    return good;
}

Text table_file_format(const char *path)
{
    static const struct {
        const char *end, *format;
    } ends[] = {{".csv", "csv"}, {".tsv", "tsv"}, {".ndjson", "ndjson"}, {".jsonl", "ndjson"}, {".json", "ndjson"}};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t e = strlen(ends[i].end);
        if (n >= e && strcmp(path + n - e, ends[i].end) == 0)
            return text_of(ends[i].format);
    }
    return (Text){0};
}
