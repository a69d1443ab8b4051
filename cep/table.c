/* Tables: a Rows, and an open-addressing index from key to row.
 *
 *   slots ─► [hash 4 B][row + 1 4 B] …        a power of two, at most half full; row + 1 = 0: free
 *
 * Rows are never removed, so there are no tombstones. Strings are copied into the table's arena; replaced ones are
 * left behind, and the arena is written anew when more than half of it is left behind. So a string read from a
 * table is good until the next table_put. Built for up to a few million rows of reference data. */
#include "cep/table.h"

#include "cep/plan.h"

#include <assert.h>

enum { SLOTS_MIN = 64, KEYS_MAX = 2, WASTE_MIN = 1 << 20 };

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
};

Table *table_new(Memory *memory, const TablePlan *plan)
{
    assert(plan->nkeys >= 1 && plan->nkeys <= KEYS_MAX);
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

uint32_t table_find(const Table *table, const Cell *key)
{
    uint32_t row = slot_of(table, key_hash(table, key), key)->row;
    return row ? row - 1 : ROW_NONE;
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

uint32_t table_put(Table *table, const Cell *cells, const uint8_t *states)
{
    Cell key[KEYS_MAX];
    for (uint32_t i = 0; i < table->plan->nkeys; i++) {
        assert(states[table->plan->keys[i]] == STATE_OK);
        key[i] = cells[table->plan->keys[i]];
    }
    uint32_t hash = key_hash(table, key);
    Slot32 *slot = slot_of(table, hash, key);
    if (!slot->row)
        *slot = (Slot32){hash, rows_add(&table->rows, table->memory) + 1};
    uint32_t row = slot->row - 1;
    for (uint32_t i = 0; i < table->rows.ncolumns; i++) {
        const Column *column = &table->rows.columns[i];
        if (states[i] == STATE_OK && type_has_bytes(column->type)) {
            string_put(table, row, i, cells[i].s);
        } else if (states[i] == STATE_OK) {
            rows_set(&table->rows, row, i, cells[i]);
        } else {
            if (type_has_bytes(column->type) && column->states[row] == STATE_OK) {
                table->live -= ((const Text *)column->cells)[row].len;
                table->waste += ((const Text *)column->cells)[row].len;
            }
            rows_set_state(&table->rows, row, i, (State)states[i]);
        }
    }
    if (table->rows.n * 2 > table->nslots)
        slots_grow(table);
    if (table->waste > WASTE_MIN && table->waste > table->live)
        strings_compact(table);
    return row;
}
