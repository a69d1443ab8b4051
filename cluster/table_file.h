/* Table files: the rows of a table from CSV, TSV or JSON lines.
 *
 *   csv     a header line with column names, RFC 4180 quotes; an empty field is a missing value
 *   tsv     key, then field and value in turn:  acct:root  uid  0  class  system
 *   ndjson  one object a line
 *
 * A TSV file is a dump of hashes whose keys may carry a name space: where all keys of a file begin with the same
 * word and a colon, `acct:`, that is not part of the key. A key of two columns is cut at the colon between.
 *
 * Fields that no column is called after are passed over and counted. A row that cannot be used is rejected with
 * its line; the others are loaded. Of two rows with one key the later counts. */
#ifndef CLUSTER_TABLE_FILE_H
#define CLUSTER_TABLE_FILE_H

#include "cep/plan.h"
#include "cep/table.h"

/* What a loader does with rows. Everything is borrowed for the call. */
typedef struct TableSink {
    void *owner;
    /* Cells and states by column; keys are present. Returns false to stop. */
    bool (*row)(void *owner, const Cell *cells, const uint8_t *states);
    void (*rejected)(void *owner, uint64_t line, Text detail, Text original);
} TableSink;

typedef struct TableFileStats {
    uint64_t rows, rejected, unknown_fields;
} TableFileStats;

/* Reads a file ("-" = standard input) in a format. Returns false with a sentence in error if it cannot be read
 * or is no such file at all; rejected rows are no error. */
bool table_file_load(const TablePlan *plan, const char *path, Text format, Memory *memory, TableSink sink,
                     TableFileStats *stats, char *error, size_t error_size);

/* The format that a file's name ends with; empty = none that is known. */
Text table_file_format(const char *path);

#endif
