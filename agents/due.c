/* The heap of due timers. */
#include "agents/due.h"

#include <assert.h>

static bool before(const DueEntry *a, const DueEntry *b)
{
    if (a->deadline != b->deadline)
        return a->deadline < b->deadline;
    if (a->inclusive != b->inclusive)
        return b->inclusive;
    int order = text_compare(a->key, b->key);
    return order ? order < 0 : a->serial < b->serial;
}

void due_push(Due *due, Memory *memory, DueEntry entry)
{
    if (due->n == due->room) {
        uint32_t room = due->room ? due->room * 2 : 8;
        due->heap = memory_resize(memory, due->heap, due->room * sizeof *due->heap, room * sizeof *due->heap);
        due->room = room;
    }
    uint32_t i = due->n++;
    for (uint32_t parent; i && before(&entry, &due->heap[parent = (i - 1) / 2]); i = parent)
        due->heap[i] = due->heap[parent];
    due->heap[i] = entry;
}

DueEntry due_pop(Due *due)
{
    assert(due->n);
    DueEntry top = due->heap[0], last = due->heap[--due->n];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= due->n)
            break;
        if (child + 1 < due->n && before(&due->heap[child + 1], &due->heap[child]))
            child++;
        if (!before(&due->heap[child], &last))
            break;
        due->heap[i] = due->heap[child];
        i = child;
    }
    if (due->n)
        due->heap[i] = last;
    return top;
}

void due_fini(Due *due, Memory *memory)
{
    memory_free(memory, due->heap, due->room * sizeof *due->heap);
    *due = (Due){0};
}
