/* What the verbs that run a network share. */
#ifndef CEP_CMD_RUN_H
#define CEP_CMD_RUN_H

#include "cluster/solo.h"

/* The exit code of a run that ended so. */
int run_code(SoloEnd end);

#endif
