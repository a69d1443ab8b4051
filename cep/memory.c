/* The counted allocator. Sizes are told by the caller on release, so a block carries no header. */
#include "cep/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static void memory_refused(size_t size)
{
    fprintf(stderr, "cep: out of memory: the system refused %zu bytes\n", size);
    abort();
}

static void memory_count(Memory *memory, size_t given, size_t taken)
{
    memory->calls++;
    memory->bytes += taken;
    memory->bytes -= given;
    if (memory->bytes > memory->bytes_max)
        memory->bytes_max = memory->bytes;
}

void *memory_large(Memory *memory, size_t size)
{
    size_t whole = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    memory_count(memory, 0, size);
    void *block = memory->fail_at == memory->calls ? NULL : aligned_alloc(HUGE_PAGE, whole);
    if (!block)
        memory_refused(size);
    madvise(block, whole, MADV_HUGEPAGE); /* advice: that it is not taken does no harm */
    return block;
}

void *memory_new(Memory *memory, size_t size)
{
    if (size >= HUGE_PAGE)
        return memset(memory_large(memory, size), 0, size);
    memory_count(memory, 0, size);
    void *block = memory->fail_at == memory->calls ? NULL : calloc(1, size ? size : 1);
    if (!block)
        memory_refused(size);
    return block;
}

void *memory_resize(Memory *memory, void *block, size_t size_old, size_t size_new)
{
    memory_count(memory, size_old, size_new);
    void *grown = memory->fail_at == memory->calls ? NULL : realloc(block, size_new ? size_new : 1);
    if (!grown)
        memory_refused(size_new);
    return grown;
}

void memory_free(Memory *memory, void *block, size_t size)
{
    if (!block)
        return;
    memory_count(memory, size, 0);
    free(block);
}
