/* Alerts as JSON lines, as `cep run` and subscribers print them; derived events that are no alerts alike, with
 * "event" in place of "alert" and without severity and tags.
 *
 *   {"alert":"ManyWithdrawals","id":"9f0c…","network":"atm","agent":"many_withdrawals","version":"3b1d…",
 *    "time":"…","severity":"high","tags":[],"key":{"account":"a1"},"window":{"start":"…","end":"…"},
 *    "data":{"account":"a1","count":4},"causes":["…"],"cause_count":1,"suppressed":0,"revision":0}
 *
 * "version" is the first 8 bytes of the agent's definition hash. "key" and "window" are there where the
 * context has them. */
#ifndef CLUSTER_ALERT_JSON_H
#define CLUSTER_ALERT_JSON_H

#include "cep/plan.h"
#include "cluster/out.h"

/* Writes a derived event, whose lineage is set, and a newline. */
void alert_json(Out *out, const Plan *plan, const EventType *type, const Rows *rows, uint32_t row);

/* Writes of a derived event what stays the same when the rules are edited around it: {"alert":…,"time":…,"key":…,
 * "data":…}, without a newline. */
void alert_content_json(Out *out, const EventType *type, const Rows *rows, uint32_t row);

/* Writes the attributes of any row as an object: {"account":"a1","count":4}; null where there is no value. */
void attributes_json(Out *out, const Attribute *attributes, uint32_t n, const Rows *rows, uint32_t row);

/* Writes an event as it would come in: its type and its attributes, without those that have no value. */
void event_json(Out *out, const EventType *type, const Rows *rows, uint32_t row);

/* The same event as CloudEvents 1.0, structured: a line. */
void cloudevent_json(Out *out, const Plan *plan, const EventType *type, const Rows *rows, uint32_t row);

#endif
