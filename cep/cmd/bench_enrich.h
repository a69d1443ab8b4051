/* `cep bench enrich`: what a table in Redis costs. One rule with a look-up for every event and the same rule without it
 * read the same lines of JSON and write their alerts to nowhere, pass by pass in turn; all 100,000 rows are hot. The
 * server is one of our own, on a socket in a folder of its own. */
#ifndef CEP_CMD_BENCH_ENRICH_H
#define CEP_CMD_BENCH_ENRICH_H

#include "cep/cmd/json.h"

/* Measures the median of so many passes and prints a line; to json, unless it is NULL. False when a result is not
 * right. Where redis-server is not installed that is said, and nothing is measured. */
bool bench_enrich(unsigned passes, Json *json);

#endif
