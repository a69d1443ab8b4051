#include "cluster/frontier_json.h"

json_t *frontier_json(const OrderKey *key)
{
    json_t *json = json_pack("{s:I,s:i,s:I}", "time", (json_int_t)key->time, "kind", (int)key->kind, "origin",
                             (json_int_t)key->origin);
    if (key->kind == ORDER_EVENT)
        json_object_set_new(json, "sequence", json_integer((json_int_t)key->sequence));
    return json;
}

bool frontier_read(const json_t *json, OrderKey *key)
{
    const json_t *time = json_object_get(json, "time"), *kind = json_object_get(json, "kind");
    if (!json_is_integer(time) || !json_is_integer(kind))
        return false;
    *key = (OrderKey){
        .time = json_integer_value(time),
        .kind = (uint32_t)json_integer_value(kind),
        .origin = (uint32_t)json_integer_value(json_object_get(json, "origin")),
    };
    if (key->kind == ORDER_EVENT)
        key->sequence = (uint64_t)json_integer_value(json_object_get(json, "sequence"));
    return key->kind <= ORDER_TIMER_INCLUSIVE;
}
