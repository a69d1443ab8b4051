/* What all kinds of stores share: which one an address means, keys from texts, the columns as a text. */
#include "cluster/store.h"

#include <stdarg.h>
#include <stdio.h>

#include "cep/cell_text.h"

#define X(name, ops, schemes, form, what) extern const StoreOps ops;
#include "cluster/stores.def"

static const struct StoreKind {
    const StoreOps *ops;
    const char *schemes, *form;
} kinds[] = {
#define X(name, ops, schemes, form, what) {&ops, schemes, form},
#include "cluster/stores.def"
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* The length of the scheme with its colon; 0 = none. A path may hold a colon behind a slash or a dot. */
static size_t scheme_length(const char *address)
{
    size_t n = 0;
    while ((address[n] >= 'a' && address[n] <= 'z') || address[n] == '+')
        n++;
    return n && address[n] == ':' ? n + 1 : 0;
}

static bool is_among(const char *schemes, const char *scheme, size_t n)
{
    for (const char *at = schemes; *at;) {
        size_t len = strcspn(at, " ");
        if (len == n && memcmp(at, scheme, n) == 0)
            return true;
        at += len;
        at += strspn(at, " ");
    }
    return false;
}

static const struct StoreKind *kind_of(const char *address)
{
    size_t n = scheme_length(address);
    for (size_t i = 0; i < KINDS; i++)
        if (n == 0 || is_among(kinds[i].schemes, address, n))
            return &kinds[i];
    return NULL;
}

const StoreOps *store_kind(const char *address, char *error, size_t error_size)
{
    const struct StoreKind *kind = kind_of(address);
    if (kind)
        return kind->ops->check(address, error, error_size) ? kind->ops : NULL;
    size_t n = (size_t)snprintf(error, error_size, "there is no store `%.*s`; an address is",
                                (int)scheme_length(address), address);
    for (size_t i = 0; i < KINDS && n < error_size; i++)
        n += (size_t)snprintf(error + n, error_size - n, "%s %s", i ? ", or" : "", kinds[i].form);
    return NULL;
}

Store *store_open(Memory *memory, const char *address, bool create, char *error, size_t error_size)
{
    const StoreOps *ops = store_kind(address, error, error_size);
    return ops ? ops->open(memory, address, create, error, error_size) : NULL;
}

void store_close(Store *store)
{
    if (store)
        store->ops->close(store);
}

bool store_fail(Store *store, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(store->error, sizeof store->error, format, args);
    va_end(args);
    return false;
}

bool store_is_key(const TablePlan *plan, uint32_t column)
{
    for (uint32_t k = 0; k < plan->nkeys; k++)
        if (plan->keys[k] == column)
            return true;
    return false;
}

bool store_key(const TablePlan *plan, const Text *texts, uint32_t n, Cell *key, char *error, size_t error_size)
{
    if (n != plan->nkeys) {
        snprintf(error, error_size, "a key of `%.*s` has %u value%s", TEXT_ARGS(plan->name), plan->nkeys,
                 plan->nkeys == 1 ? "" : "s");
        return false;
    }
    for (uint32_t k = 0; k < n; k++) {
        const Attribute *column = &plan->columns[plan->keys[k]];
        if (cell_parse(column->type, column->unit, texts[k], &key[k]))
            continue;
        snprintf(error, error_size, "key `%.*s`: expected %s", TEXT_ARGS(texts[k]),
                 cell_expected(column->type, column->unit));
        return false;
    }
    return true;
}

/* ── Columns as a text ── */

Text store_schema_write(const TablePlan *plan, Arena *arena)
{
    Text schema = {0};
    for (uint32_t i = 0; i < plan->ncolumns; i++) {
        const Attribute *column = &plan->columns[i];
        const char *key = plan->keys[0] == i ? "key1 " : plan->nkeys > 1 && plan->keys[1] == i ? "key2 " : "";
        schema = arena_printf(arena, "%.*s%s%s%s %.*s\n", TEXT_ARGS(schema), key, type_word(column->type),
                              column->optional ? "?" : "", TEXT_ARGS(column->name));
    }
    return schema;
}

static Text take_until(Text *rest, char end)
{
    const char *at = rest->len ? memchr(rest->p, end, rest->len) : NULL;
    Text taken = {rest->p, at ? (uint32_t)(at - rest->p) : rest->len};
    uint32_t gone = at ? taken.len + 1 : taken.len;
    *rest = (Text){rest->p + gone, rest->len - gone};
    return taken;
}

static bool schema_column(Text line, Arena *arena, TablePlan *plan)
{
    Text word = take_until(&line, ' ');
    if (text_is_c(word, "key1") || text_is_c(word, "key2")) {
        plan->keys[word.p[3] - '1'] = plan->ncolumns;
        plan->nkeys++;
        word = take_until(&line, ' ');
    }
    Attribute column = {.name = arena_text(arena, line), .type = TYPE_KINDS};
    if (word.len && word.p[word.len - 1] == '?') {
        column.optional = true;
        word.len--;
    }
    for (TypeKind type = 0; type < TYPE_KINDS; type++)
        if (type_runs(type) && text_is_c(word, type_word(type)))
            column.type = type;
    if (column.type == TYPE_KINDS || line.len == 0 || plan->ncolumns == STORE_COLUMNS_MAX || plan->nkeys > TABLE_KEYS_MAX)
        return false;
    plan->columns = arena_grow(arena, plan->columns, plan->ncolumns, sizeof *plan->columns);
    plan->columns[plan->ncolumns++] = column;
    return true;
}

bool store_schema_read(Text schema, Text name, Arena *arena, TablePlan *plan)
{
    *plan = (TablePlan){.name = arena_text(arena, name), .keys = ARENA_ARRAY(arena, uint32_t, TABLE_KEYS_MAX)};
    while (schema.len)
        if (!schema_column(take_until(&schema, '\n'), arena, plan))
            return false;
    return plan->nkeys > 0;
}
