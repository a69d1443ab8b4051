/* Pool: size classes over blocks that never move.
 *
 * A class is counted in units of 16 bytes: 1, 2, 3, 4, 6, 8, 12, 16, … up to a whole block. A freed cell's first
 * four bytes hold the handle of the next free cell of its class. What is left of a block when the next cell does
 * not fit is cut into the largest classes that do, so nothing is lost. Built for millions of cells of 64 to 512
 * bytes, taken and given back a few times an event. */
#include "cep/pool.h"

#include <assert.h>
#include <string.h>

static uint32_t units_of(uint32_t size)
{
    assert(size <= POOL_BLOCK);
    return size ? (size + POOL_UNIT - 1) / POOL_UNIT : 1;
}

/* Units of a class: 1, then 2^k and 3·2^(k−1) in turn. */
static uint32_t class_units(uint32_t class)
{
    if (class == 0)
        return 1;
    uint32_t k = (class + 1) / 2;
    return class % 2 ? UINT32_C(1) << k : UINT32_C(3) << (k - 1);
}

/* The smallest class with that many units. */
static uint32_t class_for(uint32_t units)
{
    if (units == 1)
        return 0;
    uint32_t k = 31 - (uint32_t)__builtin_clz(units);
    if (units == UINT32_C(1) << k)
        return 2 * k - 1;
    return units <= UINT32_C(3) << (k - 1) ? 2 * k : 2 * k + 1;
}

void pool_init(Pool *pool, Memory *memory)
{
    *pool = (Pool){.memory = memory, .used = POOL_BLOCK};
}

void pool_fini(Pool *pool)
{
    for (uint32_t i = 0; i < pool->nblocks; i++)
        memory_free(pool->memory, pool->blocks[i], POOL_BLOCK);
    memory_free(pool->memory, pool->blocks, pool->room * sizeof *pool->blocks);
    *pool = (Pool){.memory = pool->memory, .used = POOL_BLOCK};
}

static void class_push(Pool *pool, uint32_t class, Handle cell)
{
    memcpy(pool_at(pool, cell), &pool->free[class], sizeof(Handle));
    pool->free[class] = cell;
}

static Handle block_cut(Pool *pool, uint32_t units)
{
    Handle cell = (pool->nblocks - 1) * (uint32_t)POOL_UNITS + pool->used / POOL_UNIT;
    pool->used += units * POOL_UNIT;
    return cell;
}

/* Hands the rest of the last block to the free lists and opens another. */
static void block_add(Pool *pool)
{
    for (uint32_t left; (left = (POOL_BLOCK - pool->used) / POOL_UNIT) > 0;) {
        uint32_t class = class_for(left);
        if (class_units(class) > left)
            class--;
        class_push(pool, class, block_cut(pool, class_units(class)));
    }
    assert(pool->nblocks < UINT32_MAX / POOL_UNITS); /* 64 GiB */
    if (pool->nblocks == pool->room) {
        uint32_t room = pool->room ? pool->room * 2 : 16;
        pool->blocks = memory_resize(pool->memory, pool->blocks, pool->room * sizeof *pool->blocks,
                                     room * sizeof *pool->blocks);
        pool->room = room;
    }
    pool->blocks[pool->nblocks++] = memory_large(pool->memory, POOL_BLOCK);
    pool->used = pool->nblocks == 1 ? POOL_UNIT : 0; /* handle 0 is nobody's */
}

Handle pool_alloc(Pool *pool, uint32_t size)
{
    uint32_t class = class_for(units_of(size));
    uint32_t units = class_units(class);
    pool->bytes += (uint64_t)units * POOL_UNIT;
    Handle cell = pool->free[class];
    if (cell) {
        memcpy(&pool->free[class], pool_at(pool, cell), sizeof(Handle));
        return cell;
    }
    while (POOL_BLOCK - pool->used < units * POOL_UNIT)
        block_add(pool);
    return block_cut(pool, units);
}

void pool_free(Pool *pool, Handle cell, uint32_t size)
{
    assert(cell != HANDLE_NONE);
    uint32_t class = class_for(units_of(size));
    pool->bytes -= (uint64_t)class_units(class) * POOL_UNIT;
    class_push(pool, class, cell);
}

uint32_t pool_room(uint32_t size)
{
    return class_units(class_for(units_of(size))) * POOL_UNIT;
}
