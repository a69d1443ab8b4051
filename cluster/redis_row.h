/* Redis row: how a table lies in Redis. A row is a hash; a column is a field, written as cell_text does, bytes as they
 * are; a null column has no field. Lists, records, maps and values of any type are not kept in Redis.
 *
 *   table Account key id { … }                        cep:Account:a1        the key columns are fields, too
 *   table Stock key shop, item { … }                  cep:Stock:s1:i7       in the first part % and : are %25 and %3A
 *   table Account key id from redis "acct:{id}"       acct:a1               hashes of somebody else: read as they are
 *
 * The hash cep.tables holds the columns of each table that was written with `cep state`: see store.h. */
#ifndef CLUSTER_REDIS_ROW_H
#define CLUSTER_REDIS_ROW_H

#include "cluster/redis_link.h"
#include "cluster/store.h"

#define REDIS_TABLES "cep.tables"

enum { REDIS_KEY_MAX = 64 << 10 };

/* The names of a table's keys: text between the parts. */
typedef struct RedisKeys {
    const TablePlan *plan;
    Text text[TABLE_KEYS_MAX + 1]; /* before the first part, between them, behind the last */
    uint32_t part[TABLE_KEYS_MAX]; /* which key column stands there */
    bool mapped;                   /* `from redis` */
} RedisKeys;

/* Whether columns of a type are kept in Redis; and what a value is there. */
bool redis_keeps(TypeKind type);
Text redis_text_of(TypeKind type, Cell value, char *room);

/* Compiles the form of a table's keys into the arena. The form of `from redis` was checked with the rules. */
RedisKeys redis_keys_of(const TablePlan *plan, Arena *arena);

/* The pattern that finds all keys of the table, for SCAN MATCH. */
Text redis_keys_pattern(const RedisKeys *keys, Arena *arena);

/* The name of a row's key. Empty if no key of the table can be called so: it is longer than REDIS_KEY_MAX, or where
 * its parts end could not be told. */
Text redis_key_write(const RedisKeys *keys, const Cell *key, Arena *arena);

/* Reads a name; strings point into it or into the arena. False if it is no key of the table. */
bool redis_key_read(const RedisKeys *keys, Text name, Arena *arena, Cell *key);

/* Asks for a row: HMGET of its columns, in their order without the key columns of a mapped table. */
void redis_row_ask(RedisLink *link, const RedisKeys *keys, Text name);

typedef enum RedisRow { REDIS_ROW_FOUND, REDIS_ROW_NONE, REDIS_ROW_BAD, REDIS_ROW_TROUBLE } RedisRow;

/* Reads the answer into cells and states; strings point into it. NONE: there is no such key, or a hash without any of
 * the columns. BAD: a sentence is in detail. TROUBLE: Redis does not give rows now. */
RedisRow redis_row_read(const RedisKeys *keys, const Cell *key, const redisReply *reply, Cell *cells, uint8_t *states,
                        char *detail, size_t detail_size);

/* The field that a column stands in: the last part of its `from`, or its name. */
Text redis_field(const Attribute *column);

#endif
