/* Tables: the tables of a plan, filled before the first event: from the files that the rules name, then, over
 * those rows, from the store of a data directory. */
#ifndef CLUSTER_TABLES_H
#define CLUSTER_TABLES_H

#include <stdio.h>

#include "cep/plan.h"
#include "cep/table.h"
#include "cluster/rejections.h"
#include "cluster/table_store.h"

/* Makes and fills all tables of the plan, by its index; store NULL = none. Rows that cannot be used are
 * rejections. Returns NULL when a file or the store cannot be read, which is said on `messages`. */
Table **tables_load(const Plan *plan, Memory *memory, TableStore *store, Rejections *rejections, FILE *messages);
void tables_free(Table **tables, const Plan *plan, Memory *memory);

#endif
