/* Rows and keys of the embedded store as bytes; see lmdb.h. */
#include "cluster/lmdb.h"

#include <assert.h>

#include "cep/key.h"

enum { ROW_VERSION = 1 };

static void put_bytes(LmdbStore *store, size_t *n, const void *bytes, size_t size)
{
    if (*n + size > store->room) {
        size_t room = store->room ? store->room : 256;
        while (room < *n + size)
            room *= 2;
        store->row = memory_resize(store->base.memory, store->row, store->room, room);
        store->room = room;
    }
    memcpy(store->row + *n, bytes, size);
    *n += size;
}

static void put_column(LmdbStore *store, size_t *n, const Attribute *column, Cell value)
{
    uint8_t head[2] = {(uint8_t)column->type, (uint8_t)column->name.len};
    assert(column->name.len <= NAME_BYTES_MAX);
    put_bytes(store, n, head, sizeof head);
    put_bytes(store, n, column->name.p, column->name.len);
    if (type_has_bytes(column->type)) {
        put_bytes(store, n, &value.s.len, sizeof value.s.len);
        put_bytes(store, n, value.s.p, value.s.len);
    } else {
        put_bytes(store, n, &value, type_size(column->type));
    }
}

/* Reads a part; false beyond the end. */
static bool take_bytes(Text *rest, void *to, size_t size)
{
    if (rest->len < size)
        return false;
    memcpy(to, rest->p, size);
    *rest = (Text){rest->p + size, rest->len - (uint32_t)size};
    return true;
}

static bool take_text(Text *rest, uint32_t len, Text *text)
{
    if (rest->len < len)
        return false;
    *text = (Text){rest->p, len};
    *rest = (Text){rest->p + len, rest->len - len};
    return true;
}

/* Returns the number of cells, or STORE_COLUMNS_MAX + 1 if the bytes are no row. */
static uint32_t decode_row(Text rest, StoredCell *cells)
{
    uint8_t version, head[2];
    uint32_t n = 0, len;
    if (!take_bytes(&rest, &version, 1) || version != ROW_VERSION)
        return STORE_COLUMNS_MAX + 1;
    for (; rest.len; n++) {
        StoredCell *cell = &cells[n];
        if (n == STORE_COLUMNS_MAX || !take_bytes(&rest, head, 2) || head[0] >= TYPE_KINDS || !type_runs(head[0]) ||
            !take_text(&rest, head[1], &cell->name))
            return STORE_COLUMNS_MAX + 1;
        cell->type = head[0];
        bool good = type_has_bytes(cell->type)
                        ? take_bytes(&rest, &len, sizeof len) && take_text(&rest, len, &cell->value.s)
                        : take_bytes(&rest, &cell->value, type_size(cell->type));
        if (!good)
            return STORE_COLUMNS_MAX + 1;
    }
    return n;
}

size_t lmdb_row_write(LmdbStore *store, const TablePlan *plan, const Cell *cells, const uint8_t *states)
{
    size_t n = 0;
    put_bytes(store, &n, &(uint8_t){ROW_VERSION}, 1);
    for (uint32_t i = 0; i < plan->ncolumns; i++)
        if (states[i] == STATE_OK)
            put_column(store, &n, &plan->columns[i], cells[i]);
    return n;
}

/* The bytes of a key, given by part; 0 if they are too many. */
size_t lmdb_key_write(const TablePlan *plan, const Cell *key, uint8_t bytes[KEY_BYTES_MAX])
{
    size_t size = 0;
    for (uint32_t k = 0; k < plan->nkeys; k++)
        size += key_size(plan->columns[plan->keys[k]].type, key[k]);
    if (size > KEY_BYTES_MAX)
        return 0;
    for (uint32_t k = 0; k < plan->nkeys; k++)
        bytes = key_put(bytes, plan->columns[plan->keys[k]].type, key[k]);
    return size;
}

/* ── Rows as the plan wants them ── */

static const StoredCell *stored_named(const StoredCell *cells, uint32_t n, Text name)
{
    for (uint32_t i = 0; i < n; i++)
        if (text_is(cells[i].name, name))
            return &cells[i];
    return NULL;
}

bool lmdb_row_read(LmdbRow *row, const TablePlan *plan, Text bytes)
{
    uint32_t n = decode_row(bytes, row->stored);
    row->fit = ROW_DAMAGED;
    if (n > STORE_COLUMNS_MAX)
        return false;
    for (uint32_t i = 0; i < plan->ncolumns; i++) {
        const Attribute *column = row->column = &plan->columns[i];
        const StoredCell *cell = stored_named(row->stored, n, column->name);
        row->states[i] = cell ? STATE_OK : STATE_NULL;
        row->fit = ROW_LACKS_COLUMN;
        if (!cell && !column->optional)
            return false;
        row->fit = ROW_OTHER_TYPE;
        if (!cell)
            continue;
        if (cell->type == TYPE_INT && column->type == TYPE_FLOAT)
            row->cells[i].f = (double)cell->value.i;
        else if (cell->type == column->type)
            row->cells[i] = cell->value;
        else
            return false;
    }
    row->fit = ROW_FITS;
    return true;
}
