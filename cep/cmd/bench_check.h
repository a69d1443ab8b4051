/* The texts of `cep bench check`: how long it takes to read, check and plan many rules, and to refuse garbage. */
#ifndef CEP_CMD_BENCH_CHECK_H
#define CEP_CMD_BENCH_CHECK_H

#include "cep/cmd/json.h"

/* Measures all of them, the median of so many passes each, and prints a line a text; to json, unless it is NULL.
 * False when a text was not judged as it should be: rules as rules, garbage as garbage. */
bool bench_check(unsigned passes, Json *json);

#endif
