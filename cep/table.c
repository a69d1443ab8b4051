/* Tables: a Rows, and an open-addressing index from key to row.
 *
 *   slots ─► [hash 4 B][row + 1 4 B] …        a power of two, at most half full; row + 1 = 0: free
 *   marks ─► [1 B] …                          a byte a row, once there is a source or a row was removed
 *
 * Removing moves the slots behind the gap up, so there are no tombstones; a row that was removed is used again.
 * Strings are copied into the table's arena; replaced ones are left behind, and the arena is written anew when more
 * than half of it is left behind. So a string read from a table is good until the next table_put of a row that is
 * there already, or table_forget. Built for up to a few million rows of reference data. */
#include "cep/table.h"

#include "cep/plan.h"

#include <assert.h>

enum { SLOTS_MIN = 64, WASTE_MIN = 1 << 20, SLOTS_SMALL = 4096 };

/* Of a row, in a table with a source. */
enum {
    MARK_ABSENT = 1, /* the key has no row */
    MARK_READ = 2,   /* since the clock hand came by */
    MARK_FREE = 4,   /* in no slot */
};

typedef struct Slot32 {
    uint32_t hash;
    uint32_t row; /* + 1 */
} Slot32;

struct Table {
    Memory *memory;
    const TablePlan *plan;
    Arena strings;
    uint64_t live, waste; /* bytes of strings that rows point to, that no row points to any more */
    Rows rows;
    Slot32 *slots;
    uint32_t nslots;
    uint32_t count; /* rows that are in a slot */
    bool follows;
    TableSource source;
    uint8_t *marks;
    uint32_t marks_room;
    uint32_t *free; /* rows to be used again */
    uint32_t nfree, free_room;
    uint32_t hand;
};

Table *table_new(Memory *memory, const TablePlan *plan)
{
    assert(plan->nkeys >= 1 && plan->nkeys <= TABLE_KEYS_MAX);
    Table *table = memory_new(memory, sizeof *table);
    table->memory = memory;
    table->plan = plan;
    arena_init(&table->strings, memory);
    TypeKind *types = ARENA_ARRAY(&table->strings, TypeKind, plan->ncolumns);
    for (uint32_t i = 0; i < plan->ncolumns; i++)
        types[i] = plan->columns[i].type;
    rows_init(&table->rows, memory, 0, types, plan->ncolumns);
    arena_reset(&table->strings);
    table->nslots = SLOTS_MIN;
    table->slots = memory_new(memory, table->nslots * sizeof *table->slots);
    return table;
}

void table_free(Table *table)
{
    if (!table)
        return;
    Memory *memory = table->memory;
    memory_free(memory, table->free, table->free_room * sizeof *table->free);
    memory_free(memory, table->marks, table->marks_room);
    memory_free(memory, table->slots, table->nslots * sizeof *table->slots);
    rows_fini(&table->rows, memory);
    arena_fini(&table->strings);
    memory_free(memory, table, sizeof *table);
}

const Rows *table_rows(const Table *table)
{
    return &table->rows;
}

static TypeKind key_type(const Table *table, uint32_t i)
{
    return table->plan->columns[table->plan->keys[i]].type;
}

static uint32_t key_hash(const Table *table, const Cell *key)
{
    uint64_t hash = cell_hash(key_type(table, 0), key[0]);
    if (table->plan->nkeys == 2)
        hash = (hash ^ hash >> 29) * UINT64_C(0x9E3779B97F4A7C15) + cell_hash(key_type(table, 1), key[1]);
    return (uint32_t)(hash ^ hash >> 32);
}

static bool key_is(const Table *table, uint32_t row, const Cell *key)
{
    for (uint32_t i = 0; i < table->plan->nkeys; i++) {
        const Column *column = &table->rows.columns[table->plan->keys[i]];
        if (!cell_equal(column->type, cell_get(column->type, column->cells, row), key[i]))
            return false;
    }
    return true;
}

/* The slot of the key, or the free one where it belongs. */
static Slot32 *slot_of(const Table *table, uint32_t hash, const Cell *key)
{
    uint32_t mask = table->nslots - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        Slot32 *slot = &table->slots[i];
        if (!slot->row || (slot->hash == hash && key_is(table, slot->row - 1, key)))
            return slot;
    }
}

static void slots_grow(Table *table)
{
    uint32_t nslots = table->nslots * 2, mask = nslots - 1;
    assert(nslots > table->nslots);
    Slot32 *slots = memory_new(table->memory, nslots * sizeof *slots);
    for (uint32_t i = 0; i < table->nslots; i++) {
        if (!table->slots[i].row)
            continue;
        uint32_t to = table->slots[i].hash & mask;
        while (slots[to].row)
            to = (to + 1) & mask;
        slots[to] = table->slots[i];
    }
    memory_free(table->memory, table->slots, table->nslots * sizeof *table->slots);
    table->slots = slots;
    table->nslots = nslots;
}

/* Copies every string that a row points to into a new arena. */
static void strings_compact(Table *table)
{
    Arena strings;
    arena_init(&strings, table->memory);
    for (uint32_t c = 0; c < table->rows.ncolumns; c++) {
        Column *column = &table->rows.columns[c];
        Text *texts = column->cells;
        for (uint32_t row = 0; type_has_bytes(column->type) && row < table->rows.n; row++)
            if (column->states[row] == STATE_OK)
                texts[row] = arena_text(&strings, texts[row]);
    }
    arena_fini(&table->strings);
    table->strings = strings;
    table->waste = 0;
}

/* Makes a string of a row the text, unless it is that already. */
static void string_put(Table *table, uint32_t row, uint32_t column, Text text)
{
    const Column *c = &table->rows.columns[column];
    if (c->states[row] == STATE_OK) {
        Text old = ((const Text *)c->cells)[row];
        if (text_is(old, text))
            return;
        table->live -= old.len;
        table->waste += old.len;
    }
    table->live += text.len;
    rows_set(&table->rows, row, column, (Cell){.s = arena_text(&table->strings, text)});
}

static void *array_grow(Memory *memory, void *array, uint32_t *room, uint32_t wanted, size_t size)
{
    uint32_t old = *room, new = old ? old : 64;
    while (new < wanted)
        new *= 2;
    *room = new;
    return new == old ? array : memory_resize(memory, array, old * size, new * size);
}

/* A row for a key that has none, in its slot. */
static uint32_t row_new(Table *table, Slot32 *slot, uint32_t hash)
{
    uint32_t row = table->nfree ? table->free[--table->nfree] : rows_add(&table->rows, table->memory);
    *slot = (Slot32){hash, row + 1};
    table->count++;
    if (table->follows || table->marks) {
        table->marks = array_grow(table->memory, table->marks, &table->marks_room, table->rows.n, 1);
        table->marks[row] = MARK_READ;
    }
    return row;
}

static void column_set(Table *table, uint32_t row, uint32_t column, Cell cell, uint8_t state)
{
    const Column *c = &table->rows.columns[column];
    if (state == STATE_OK && type_has_bytes(c->type)) {
        string_put(table, row, column, cell.s);
        return;
    }
    if (state == STATE_OK) {
        rows_set(&table->rows, row, column, cell);
        return;
    }
    if (type_has_bytes(c->type) && c->states[row] == STATE_OK) {
        table->live -= ((const Text *)c->cells)[row].len;
        table->waste += ((const Text *)c->cells)[row].len;
    }
    rows_set_state(&table->rows, row, column, (State)state);
}

uint32_t table_put(Table *table, const Cell *cells, const uint8_t *states)
{
    Cell key[TABLE_KEYS_MAX];
    for (uint32_t i = 0; i < table->plan->nkeys; i++) {
        assert(states[table->plan->keys[i]] == STATE_OK);
        key[i] = cells[table->plan->keys[i]];
    }
    uint32_t hash = key_hash(table, key);
    Slot32 *slot = slot_of(table, hash, key);
    uint32_t row = slot->row ? slot->row - 1 : row_new(table, slot, hash);
    if (table->follows)
        table->marks[row] &= (uint8_t)~MARK_ABSENT;
    for (uint32_t i = 0; i < table->rows.ncolumns; i++)
        column_set(table, row, i, cells[i], states[i]);
    if (table->count * 2 > table->nslots)
        slots_grow(table);
    if (table->waste > WASTE_MIN && table->waste > table->live)
        strings_compact(table);
    return row;
}

/* ── Finding ── */

/* A row for a key that nothing is known about: absent until the source puts it. */
static uint32_t row_expect(Table *table, Slot32 *slot, uint32_t hash, const Cell *key)
{
    uint32_t row = row_new(table, slot, hash);
    table->marks[row] |= MARK_ABSENT;
    for (uint32_t i = 0; i < table->plan->nkeys; i++)
        column_set(table, row, table->plan->keys[i], key[i], STATE_OK);
    if (table->count * 2 > table->nslots)
        slots_grow(table);
    return row;
}

static uint32_t row_seen(Table *table, uint32_t row)
{
    table->marks[row] |= MARK_READ;
    return table->marks[row] & MARK_ABSENT ? ROW_NONE : row;
}

uint32_t table_find(Table *table, const Cell *key)
{
    uint32_t hash = key_hash(table, key);
    Slot32 *slot = slot_of(table, hash, key);
    if (!table->follows)
        return slot->row ? slot->row - 1 : ROW_NONE;
    if (slot->row)
        return row_seen(table, slot->row - 1);
    uint32_t row = row_expect(table, slot, hash, key);
    table->source.fetch(table->source.owner, &row, 1);
    return row_seen(table, row);
}

/* Asks for what finding n keys will touch: the slots, then the rows that they name, then the bytes of those rows' keys.
 * A loop each, so that many are under way at once. */
static void find_prefetch(const Table *table, const uint32_t *hashes, uint32_t n)
{
    const Column *key = &table->rows.columns[table->plan->keys[0]];
    size_t size = type_size(key->type);
    uint32_t mask = table->nslots - 1;
    for (uint32_t i = 0; i < n; i++)
        __builtin_prefetch(&table->slots[hashes[i] & mask]);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = table->slots[hashes[i] & mask].row;
        if (!row)
            continue;
        __builtin_prefetch((const char *)key->cells + (row - 1) * size);
        if (table->follows)
            __builtin_prefetch(&table->marks[row - 1]);
    }
    for (uint32_t i = 0; type_has_bytes(key->type) && i < n; i++) {
        uint32_t row = table->slots[hashes[i] & mask].row;
        if (row)
            __builtin_prefetch(((const Text *)key->cells)[row - 1].p);
    }
}

void table_find_all(Table *table, const TableKey *keys, const uint8_t *missing, uint32_t n, uint32_t *rows)
{
    assert(n <= BATCH_ROWS);
    uint32_t hashes[BATCH_ROWS], wanted[BATCH_ROWS], nwanted = 0;
    for (uint32_t i = 0; i < n; i++)
        hashes[i] = missing[i] ? 0 : key_hash(table, keys[i].cells);
    if (table->nslots > SLOTS_SMALL)
        find_prefetch(table, hashes, n);
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = ROW_NONE;
        if (missing[i])
            continue;
        Slot32 *slot = slot_of(table, hashes[i], keys[i].cells);
        if (slot->row)
            rows[i] = slot->row - 1;
        else if (table->follows)
            rows[i] = wanted[nwanted++] = row_expect(table, slot, hashes[i], keys[i].cells);
    }
    if (!table->follows)
        return;
    if (nwanted)
        table->source.fetch(table->source.owner, wanted, nwanted);
    for (uint32_t i = 0; i < n; i++)
        if (rows[i] != ROW_NONE)
            rows[i] = row_seen(table, rows[i]);
}

/* ── Tables that are a cache ── */

void table_follow(Table *table, TableSource source)
{
    assert(table->rows.n == 0);
    table->follows = true;
    table->source = source;
}

uint32_t table_count(const Table *table)
{
    return table->count;
}

/* Closes the gap in the probe sequences that run over it. */
static void slot_free(Table *table, uint32_t gap)
{
    uint32_t mask = table->nslots - 1;
    for (uint32_t i = (gap + 1) & mask; table->slots[i].row; i = (i + 1) & mask) {
        uint32_t home = table->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            table->slots[gap] = table->slots[i];
            gap = i;
        }
    }
    table->slots[gap] = (Slot32){0, 0};
}

static void slot_remove(Table *table, Slot32 *slot)
{
    uint32_t row = slot->row - 1;
    slot_free(table, (uint32_t)(slot - table->slots));
    for (uint32_t i = 0; i < table->rows.ncolumns; i++)
        column_set(table, row, i, (Cell){0}, STATE_NULL);
    table->marks[row] = MARK_FREE;
    table->free = array_grow(table->memory, table->free, &table->free_room, table->nfree + 1, sizeof *table->free);
    table->free[table->nfree++] = row;
    table->count--;
}

bool table_delete(Table *table, const Cell *key)
{
    assert(!table->follows);
    Slot32 *slot = slot_of(table, key_hash(table, key), key);
    if (!slot->row)
        return false;
    if (!table->marks) {
        table->marks = array_grow(table->memory, NULL, &table->marks_room, table->rows.n, 1);
        memset(table->marks, 0, table->marks_room);
    }
    slot_remove(table, slot);
    return true;
}

bool table_has(const Table *table, uint32_t row)
{
    return !table->marks || !(table->marks[row] & (MARK_FREE | MARK_ABSENT));
}

bool table_forget(Table *table, const Cell *key)
{
    assert(table->follows);
    Slot32 *slot = slot_of(table, key_hash(table, key), key);
    if (!slot->row)
        return false;
    slot_remove(table, slot);
    return true;
}

void table_row_key(const Table *table, uint32_t row, Cell *key)
{
    for (uint32_t i = 0; i < table->plan->nkeys; i++) {
        const Column *column = &table->rows.columns[table->plan->keys[i]];
        key[i] = cell_get(column->type, column->cells, row);
    }
}

uint32_t table_evict(Table *table, uint32_t most)
{
    uint32_t evicted = 0;
    while (table->count > most) {
        uint32_t row = table->hand++ % table->rows.n;
        bool read = table->marks[row] & MARK_READ;
        table->marks[row] &= (uint8_t)~MARK_READ;
        if (read || table->marks[row] & MARK_FREE)
            continue;
        Cell key[TABLE_KEYS_MAX];
        table_row_key(table, row, key);
        evicted += table_forget(table, key);
    }
    return evicted;
}

void table_empty(Table *table)
{
    assert(table->follows);
    memset(table->slots, 0, table->nslots * sizeof *table->slots);
    rows_clear(&table->rows);
    arena_reset(&table->strings);
    table->live = table->waste = 0;
    table->count = table->nfree = table->hand = 0;
}
