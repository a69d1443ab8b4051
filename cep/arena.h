/* Arena: memory that is given back all at once.
 *
 *   first ─► [block 64 KiB] ─► [block 128 KiB] ─► …        used ▲ marks the free byte of the last
 *
 * A plan, a parsed file and a batch each own one. Nothing inside is freed singly. arena_reset keeps the
 * blocks, so that a batch's arena stops asking the system once it has seen its largest batch. */
#ifndef CEP_ARENA_H
#define CEP_ARENA_H

#include "cep/memory.h"
#include "cep/text.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
    Memory *memory;
    ArenaBlock *first, *current;
} Arena;

void arena_init(Arena *arena, Memory *memory);
void arena_fini(Arena *arena);

/* Forgets what was allocated and keeps the blocks. */
void arena_reset(Arena *arena);

/* Returns size zeroed bytes, aligned to 16. */
void *arena_alloc(Arena *arena, size_t size);

/* Returns size bytes with arbitrary content, aligned to 16. */
void *arena_raw(Arena *arena, size_t size);

/* Copies bytes; a NUL follows them, so the result is also a C string. */
char *arena_copy(Arena *arena, const void *bytes, size_t size);

/* Copies a text into the arena. */
Text arena_text(Arena *arena, Text text);

/* Formats into the arena like printf. */
Text arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns room for one more element behind n elements of an array that lives in the arena: the array is
 * copied to twice its room whenever n is 0, 4, 8, 16, … Use: list = arena_grow(a, list, n, sizeof *list). */
void *arena_grow(Arena *arena, void *array, size_t n, size_t element_size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, n) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(n)))

#endif
