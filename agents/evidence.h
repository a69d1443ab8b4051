/* Evidence: how many ids of a match's events an alert keeps, by the policy `evidence`. */
#ifndef AGENTS_EVIDENCE_H
#define AGENTS_EVIDENCE_H

#include "cep/plan.h"

enum { EVIDENCE_ENDS_EACH = 50 }; /* the default keeps so many from either end */

typedef struct Evidence {
    uint32_t first, last; /* from the beginning and from the end; of fewer, all */
} Evidence;

static inline Evidence evidence_of(const Policies *policies)
{
    if (policies->evidence == EVIDENCE_ENDS)
        return (Evidence){EVIDENCE_ENDS_EACH, EVIDENCE_ENDS_EACH};
    return (Evidence){0, policies->evidence == EVIDENCE_LAST ? policies->evidence_last : 0};
}

#endif
