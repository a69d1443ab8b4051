/* Partition keys as bytes: what instances are found by, timers of one instant are ordered by, and alert ids
 * are hashed from. Each part is one type byte and the value: 8 bytes big-endian with the sign flipped for
 * int, time, duration and (order-preserving) float, 1 for bool, 16 for point, a 4-byte big-endian length
 * and the bytes for string; so equal keys have equal bytes, and memcmp orders numbers by value. */
#ifndef CEP_KEY_H
#define CEP_KEY_H

#include "cep/arena.h"
#include "cep/value.h"

enum { KEY_FIXED_MAX = 17, KEY_STRING_MAX = 64 << 10 };

/* Bytes that key_put will write. */
size_t key_size(TypeKind type, Cell value);

/* Appends a present value; returns the end. */
uint8_t *key_put(uint8_t *to, TypeKind type, Cell value);

/* Reads the part at the position and moves it behind; strings point into the key. False at the end. */
bool key_next(Text key, uint32_t *position, TypeKind *type, Cell *value);

/* A key as a person reads it: its parts, separated by commas. */
Text key_text(Text key, Arena *arena);

#endif
