/* Interest: which agents want which rows of a batch, decided a column at a time.
 *
 * For every event type, the filters of all `on` lines over it. Where several rules ask one attribute to equal a
 * constant (`symbol == "S7"`), a hash index on that attribute finds the rules by the row's value, and what is left
 * of their filters is tested for those rows alone: the cost of a row does not grow with the rules that it does
 * not concern. The other filters run as column kernels over the whole batch. */
#ifndef AGENTS_INTEREST_H
#define AGENTS_INTEREST_H

#include "agents/engine.h"

typedef struct Interest Interest;

Interest *interest_new(Engine *engine);
void interest_free(Interest *interest);

/* Puts the rows of a type into the mail of the agents that want them; posting as in Engine.postings. */
void interest_post(Interest *interest, uint32_t posting);

/* How a role is found, for `cep explain`. */
typedef enum Access { ACCESS_ALL, ACCESS_INDEX, ACCESS_KERNEL } Access;
Access interest_access(const Plan *plan, uint32_t agent, uint32_t input, uint32_t role);

#endif
