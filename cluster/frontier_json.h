/* Frontiers in requests and answers: {"time":1772442000000000000,"kind":1,"origin":0,"sequence":17}. */
#ifndef CLUSTER_FRONTIER_JSON_H
#define CLUSTER_FRONTIER_JSON_H

#include <jansson.h>

#include "cep/order.h"

/* A key without a path, owned. */
json_t *frontier_json(const OrderKey *key);

/* Reads one; false: it is none. */
bool frontier_read(const json_t *json, OrderKey *key);

#endif
