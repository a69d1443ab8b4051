/* Consumers: where derived events go besides standard output, one file each, a JSON line an event. */
#ifndef CLUSTER_CONSUMERS_H
#define CLUSTER_CONSUMERS_H

#include <stdio.h>

#include "cep/plan.h"

typedef struct Consumers Consumers;

/* Opens the outputs of a plan's consumers; what a file holds already stays. NULL after an error, which is told to
 * messages. tables are read by their conditions. */
Consumers *consumers_open(const Plan *plan, Memory *memory, struct Table *const *tables, FILE *messages);
void consumers_close(Consumers *consumers);

/* Whether some consumer wants events that are not alerts. */
bool consumers_want_all(const Consumers *consumers);

/* Hands a derived event to those that want it. */
void consumers_take(Consumers *consumers, const EventType *type, const Rows *rows, uint32_t row);

/* Writes what is gathered. Returns 0, or the errno value of the first failure of any. */
int consumers_flush(Consumers *consumers);

#endif
