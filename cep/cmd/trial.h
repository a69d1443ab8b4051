/* Trial: one `test` block, run on an engine of its own.
 *
 * The statements run in order. `at` and `advance` move the clock and feed the engine; what comes out is kept.
 * A run of `expect` lines is a block: when it ends, its lines claim what came out since the block before.
 *
 *   each line wants N events (1 unless `times` is written) that have its type and attributes; a claimed event
 *   satisfies one line; an event that fits a line but is one too many is a failure
 *   `expect exactly` and `expect nothing` leave no event unclaimed, but those built in, such as cep.Suppressed
 *   a rejection that no `expect error` claims is a failure, unless `late drop` asked for it */
#ifndef CEP_CMD_TRIAL_H
#define CEP_CMD_TRIAL_H

#include "cep/cmd/coverage.h"
#include "cep/cmd/network.h"

/* Runs the test that is a declaration of a network, which was made from its first nfiles files with params; one with
 * params of its own runs on a plan of its own. What fails is explained in report, a line a finding, each beginning
 * with "# "; what it reached is added to coverage, unless that is NULL. Returns true when everything that was expected
 * came. */
bool trial_test(Network *network, uint32_t nfiles, const Params *params, uint32_t index, Coverage *coverage, FILE *report);

#endif
