/* Bump allocation in a chain of blocks, each at least twice the one before until 4 MiB. */
#include "cep/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct ArenaBlock {
    ArenaBlock *next;
    size_t size, used; /* bytes of payload */
    char payload[] __attribute__((aligned(16)));
};

enum { BLOCK_SIZE_MIN = 16 << 10, BLOCK_SIZE_MAX = 4 << 20 };

void arena_init(Arena *arena, Memory *memory)
{
    *arena = (Arena){.memory = memory};
}

void arena_fini(Arena *arena)
{
    for (ArenaBlock *block = arena->first, *next; block; block = next) {
        next = block->next;
        memory_free(arena->memory, block, sizeof *block + block->size);
    }
    *arena = (Arena){.memory = arena->memory};
}

void arena_reset(Arena *arena)
{
    arena->current = arena->first;
    if (arena->first)
        arena->first->used = 0;
}

static ArenaBlock *block_for(Arena *arena, size_t size)
{
    ArenaBlock *last = arena->current;
    while (last && last->next) { /* blocks kept by a reset */
        last = last->next;
        last->used = 0;
        arena->current = last;
        if (last->size >= size)
            return last;
    }
    size_t room = last ? last->size * 2 : BLOCK_SIZE_MIN;
    if (room > BLOCK_SIZE_MAX)
        room = BLOCK_SIZE_MAX;
    if (room < size)
        room = size;
    ArenaBlock *block = memory_resize(arena->memory, NULL, 0, sizeof *block + room);
    block->next = NULL;
    block->size = room;
    block->used = 0;
    if (last)
        last->next = block;
    else
        arena->first = block;
    arena->current = block;
    return block;
}

void *arena_raw(Arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    ArenaBlock *block = arena->current;
    if (!block || block->size - block->used < size)
        block = block_for(arena, size);
    void *p = block->payload + block->used;
    block->used += size;
    return p;
}

void *arena_alloc(Arena *arena, size_t size)
{
    return memset(arena_raw(arena, size), 0, size);
}

char *arena_copy(Arena *arena, const void *bytes, size_t size)
{
    char *copy = arena_raw(arena, size + 1);
    if (size)
        memcpy(copy, bytes, size);
    copy[size] = 0;
    return copy;
}

Text arena_text(Arena *arena, Text text)
{
    return (Text){arena_copy(arena, text.p, text.len), text.len};
}

Text arena_printf(Arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *p = arena_raw(arena, (size_t)len + 1);
    vsnprintf(p, (size_t)len + 1, format, again);
    va_end(again);
    return (Text){p, (uint32_t)len};
}

void *arena_grow(Arena *arena, void *array, size_t n, size_t element_size)
{
    if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
        return array;
    size_t room = n ? n * 2 : 4;
    void *grown = arena_alloc(arena, room * element_size);
    if (n)
        memcpy(grown, array, n * element_size);
    return grown;
}
