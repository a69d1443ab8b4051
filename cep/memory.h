/* Memory: the one door through which the engine takes memory from the system.
 *
 * Everything below cluster/ is handed a Memory and never calls malloc itself, so that a test can
 * count the calls ("steady state does not allocate"), and can make the n-th one fail.
 * A Memory is owned by whoever runs a plan; it is not shared between threads. */
#ifndef CEP_MEMORY_H
#define CEP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Memory {
    uint64_t calls;      /* requests to the system so far: allocations, growths and releases */
    uint64_t bytes;      /* bytes held now */
    uint64_t bytes_max;  /* the most bytes ever held */
    uint64_t fail_at;    /* the call number that is refused; 0 = none */
} Memory;

/* Returns size zeroed bytes aligned for any type. Ends the process with a message when the system
 * refuses: every caller is bounded by a limit, so running out is an operator's mistake. */
void *memory_new(Memory *memory, size_t size);

/* Returns a large block with arbitrary content, on huge pages where the system offers them: memory that is read
 * here and there misses fewer translations. Give it back with memory_free. */
void *memory_large(Memory *memory, size_t size);

/* Grows or shrinks a block from memory_new; new bytes are not cleared. block may be NULL. */
void *memory_resize(Memory *memory, void *block, size_t size_old, size_t size_new);

/* Gives a block back. block may be NULL. */
void memory_free(Memory *memory, void *block, size_t size);

#endif
