/* Pool: cells of many sizes addressed by 32-bit handles.
 *
 * Sizes are rounded up to a class (16, 32, 48, 64, 96, 128, 192, … bytes: two classes a power of two);
 * each class has a free list; blocks of 4 MiB are cut from the front. A handle counts 16-byte units, so a
 * pool reaches 64 GiB. Blocks never move and are never given back before pool_fini: in steady state cells
 * come from the free lists and the system is not asked. */
#ifndef CEP_POOL_H
#define CEP_POOL_H

#include "cep/memory.h"

typedef uint32_t Handle;
#define HANDLE_NONE 0u

enum { POOL_CLASSES = 40, POOL_BLOCK = 4 << 20, POOL_UNIT = 16, POOL_UNITS = POOL_BLOCK / POOL_UNIT };

typedef struct Pool {
    Memory *memory;
    char **blocks;
    uint32_t nblocks, room;
    uint32_t used; /* bytes of the last block */
    Handle free[POOL_CLASSES];
    uint64_t bytes; /* in cells that are handed out */
} Pool;

void pool_init(Pool *pool, Memory *memory);
void pool_fini(Pool *pool);

/* Returns a cell of at least size bytes, content arbitrary. size ≤ POOL_BLOCK. */
Handle pool_alloc(Pool *pool, uint32_t size);

/* Gives a cell back; size as it was asked for. */
void pool_free(Pool *pool, Handle cell, uint32_t size);

/* The bytes that a cell of this size really has. */
uint32_t pool_room(uint32_t size);

static inline void *pool_at(const Pool *pool, Handle cell)
{
    return pool->blocks[cell / POOL_UNITS] + (size_t)(cell % POOL_UNITS) * POOL_UNIT;
}

#endif
