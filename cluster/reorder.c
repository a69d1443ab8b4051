#include "cluster/reorder.h"

#include <assert.h>

typedef struct Wave {
    Batch batch;      /* order is sorted by key from `next` on */
    uint32_t next;    /* first of order that waits */
    uint32_t place;   /* in the heap; INDEX_NONE = nothing waits */
    struct Wave *link;
} Wave;

struct Reorder {
    Memory *owner;    /* counts the struct itself */
    Memory memory;    /* counts what waits */
    const Plan *plan;
    Wave *current;    /* being filled */
    bool fresh;
    Wave *sealed;     /* others that hold rows */
    Wave *unused;
    Wave **heap;
    uint32_t n, room;
    uint64_t waiting;
};

Reorder *reorder_new(Memory *memory, const Plan *plan)
{
    Reorder *reorder = memory_new(memory, sizeof *reorder);
    *reorder = (Reorder){.owner = memory, .plan = plan};
    return reorder;
}

static void waves_free(Reorder *reorder, Wave *wave)
{
    for (Wave *next; wave; wave = next) {
        next = wave->link;
        batch_fini(&wave->batch);
        memory_free(&reorder->memory, wave, sizeof *wave);
    }
}

void reorder_free(Reorder *reorder)
{
    if (!reorder)
        return;
    waves_free(reorder, reorder->current);
    waves_free(reorder, reorder->sealed);
    waves_free(reorder, reorder->unused);
    memory_free(&reorder->memory, reorder->heap, reorder->room * sizeof *reorder->heap);
    memory_free(reorder->owner, reorder, sizeof *reorder);
}

static Wave *wave_new(Reorder *reorder)
{
    Wave *wave = reorder->unused;
    if (wave) {
        reorder->unused = wave->link;
    } else {
        wave = memory_new(&reorder->memory, sizeof *wave);
        batch_init(&wave->batch, &reorder->memory, reorder->plan);
    }
    wave->next = 0;
    wave->place = INDEX_NONE;
    wave->link = NULL;
    return wave;
}

void reorder_seal(Reorder *reorder)
{
    if (!reorder->current)
        return;
    reorder->current->link = reorder->sealed;
    reorder->sealed = reorder->current;
    reorder->current = NULL;
}

Batch *reorder_batch(Reorder *reorder, bool *fresh)
{
    if (reorder->current && reorder->current->batch.n >= BATCH_ROWS)
        reorder_seal(reorder);
    if (!reorder->current) {
        reorder->current = wave_new(reorder);
        reorder->fresh = true;
    }
    *fresh = reorder->fresh;
    reorder->fresh = false;
    return &reorder->current->batch;
}

/* ── The heap of waves ── */

static const OrderKey *key_of(const Wave *wave, uint32_t i)
{
    RowRef ref = wave->batch.order[i];
    return &wave->batch.rows[ref.type].key[ref.row];
}

static bool before(const Wave *a, const Wave *b)
{
    return order_compare(key_of(a, a->next), key_of(b, b->next)) < 0;
}

static void heap_put(Reorder *reorder, uint32_t place, Wave *wave)
{
    reorder->heap[place] = wave;
    wave->place = place;
}

static void heap_up(Reorder *reorder, Wave *wave)
{
    uint32_t place = wave->place;
    for (; place && before(wave, reorder->heap[(place - 1) / 2]); place = (place - 1) / 2)
        heap_put(reorder, place, reorder->heap[(place - 1) / 2]);
    heap_put(reorder, place, wave);
}

static void heap_down(Reorder *reorder, Wave *wave)
{
    uint32_t place = wave->place;
    for (uint32_t child; (child = 2 * place + 1) < reorder->n; place = child) {
        if (child + 1 < reorder->n && before(reorder->heap[child + 1], reorder->heap[child]))
            child++;
        if (!before(reorder->heap[child], wave))
            break;
        heap_put(reorder, place, reorder->heap[child]);
    }
    heap_put(reorder, place, wave);
}

static void heap_add(Reorder *reorder, Wave *wave)
{
    if (reorder->n == reorder->room) {
        uint32_t room = reorder->room ? reorder->room * 2 : 64;
        reorder->heap = memory_resize(&reorder->memory, reorder->heap, reorder->room * sizeof *reorder->heap,
                                      room * sizeof *reorder->heap);
        reorder->room = room;
    }
    heap_put(reorder, reorder->n++, wave);
    heap_up(reorder, wave);
}

static void heap_pop(Reorder *reorder)
{
    reorder->heap[0]->place = INDEX_NONE;
    Wave *last = reorder->heap[--reorder->n];
    if (reorder->n) {
        heap_put(reorder, 0, last);
        heap_down(reorder, last);
    }
}

/* ── In and out ── */

/* Moves the last of the order to its place among those that wait. */
static void sort_last(Wave *wave)
{
    Batch *batch = &wave->batch;
    uint32_t low = wave->next, high = batch->n - 1;
    const OrderKey *key = key_of(wave, batch->n - 1);
    if (high == low || order_compare(key_of(wave, high - 1), key) <= 0)
        return;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (order_compare(key_of(wave, middle), key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    RowRef last = batch->order[batch->n - 1];
    memmove(&batch->order[low + 1], &batch->order[low], (batch->n - 1 - low) * sizeof *batch->order);
    batch->order[low] = last;
}

void reorder_add(Reorder *reorder, uint32_t type, uint32_t row)
{
    Wave *wave = reorder->current;
    batch_append(&wave->batch, type, row);
    sort_last(wave);
    reorder->waiting++;
    if (wave->place == INDEX_NONE)
        heap_add(reorder, wave);
    else
        heap_up(reorder, wave);
}

static void copy_row(Batch *to, const Rows *from, uint32_t row)
{
    Rows *rows = &to->rows[from->type];
    uint32_t copy = rows_add(rows, to->memory);
    for (uint32_t i = 0; i < from->ncolumns; i++) {
        const Column *source = &from->columns[i];
        State state = source->states[row];
        if (state == STATE_OK)
            rows_set(rows, copy, i, cell_get(source->type, source->cells, row));
        else
            rows_set_state(rows, copy, i, state);
    }
    rows->time[copy] = from->time[row];
    rows->detected[copy] = from->detected[row];
    rows->key[copy] = from->key[row];
    rows->id[copy] = from->id[row];
    rows->lineage[copy] = from->lineage[row];
    batch_append(to, from->type, copy);
}

/* Whether agents must see two events in one batch: what one engine derives from the first may stand between them. */
static bool go_together(const OrderKey *a, const OrderKey *b)
{
    if (a->kind == ORDER_EVENT)
        return order_same_root(a, b);
    return a->time == b->time && a->kind == b->kind;
}

/* Whether a batch that is full ends before an event. */
static bool may_end(const Batch *batch, const OrderKey *next)
{
    RowRef last = batch->order[batch->n - 1];
    return !go_together(&batch->rows[last.type].key[last.row], next);
}

uint32_t reorder_release(Reorder *reorder, const OrderKey *below, Batch *to, uint32_t max)
{
    uint32_t n = 0;
    while (reorder->n) {
        Wave *wave = reorder->heap[0];
        const OrderKey *key = key_of(wave, wave->next);
        if (order_compare(key, below) >= 0 || (to->n >= max && may_end(to, key)))
            break;
        RowRef ref = wave->batch.order[wave->next++];
        copy_row(to, &wave->batch.rows[ref.type], ref.row);
        n++;
        if (wave->next == wave->batch.n)
            heap_pop(reorder);
        else
            heap_down(reorder, wave);
    }
    reorder->waiting -= n;
    return n;
}

void reorder_reclaim(Reorder *reorder)
{
    for (Wave **link = &reorder->sealed, *wave; (wave = *link);) {
        if (wave->place != INDEX_NONE) {
            link = &wave->link;
            continue;
        }
        *link = wave->link;
        batch_clear(&wave->batch);
        wave->link = reorder->unused;
        reorder->unused = wave;
    }
    Wave *current = reorder->current;
    if (current && current->place == INDEX_NONE && current->batch.n) {
        batch_clear(&current->batch);
        current->next = 0;
        reorder->fresh = true;
    }
}

const OrderKey *reorder_next(const Reorder *reorder)
{
    return reorder->n ? key_of(reorder->heap[0], reorder->heap[0]->next) : NULL;
}

uint64_t reorder_rows(const Reorder *reorder)
{
    return reorder->waiting;
}

uint64_t reorder_bytes(const Reorder *reorder)
{
    return reorder->memory.bytes;
}
