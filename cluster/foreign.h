/* Foreign: what a subscriber reads who has no plan. A frame's dictionary says what its rows are, and the alert's
 * JSON line comes out as `cep run` prints it, byte for byte. */
#ifndef CLUSTER_FOREIGN_H
#define CLUSTER_FOREIGN_H

#include "cluster/alert_json.h"
#include "cluster/frame.h"

typedef struct Foreign Foreign;

Foreign *foreign_new(Memory *memory);
void foreign_free(Foreign *foreign);

/* Reads the rows of an ordered events frame; those of the frame before are gone. */
FrameError foreign_read(Foreign *foreign, const Frame *frame);

/* The rows at hand, in the order of the frame. The key is borrowed until the next frame. */
uint32_t foreign_count(const Foreign *foreign);
const OrderKey *foreign_key(const Foreign *foreign, uint32_t i);
EventId foreign_id(const Foreign *foreign, uint32_t i);

/* Writes a row as alert_json does, with its newline. */
void foreign_json(const Foreign *foreign, uint32_t i, Out *out);

#endif
