/* Channel: one stream of frames that this node publishes: rows are added, frames leave with a sequence number, the last
 * ones stay in a ring for who missed them.
 *
 *   channel_row(channel, rows, row); …  channel_publish(channel, FRONTIER_KEY, &below);
 *
 * A frame that is full leaves when the next row comes, without a frontier. In silence channel_heartbeat says again how
 * far the channel is: position, frontier. A frontier never goes back. */
#ifndef CLUSTER_CHANNEL_H
#define CLUSTER_CHANNEL_H

#include "cluster/frame_writer.h"
#include "cluster/net.h"
#include "cluster/ring.h"

typedef struct Channel {
    uint64_t id;
    char *name;             /* "atm.ManyWithdrawals" */
    Net *net;
    Memory *memory;
    FrameWriter *writer;
    FrameOptions options;
    Ring *ring;
    uint64_t sequence;      /* of the last frame; 0 = none */
    uint64_t rows;          /* in all frames so far */
    FrontierKind frontier;  /* as it was said last */
    OrderKey below;
    bool news;              /* the frontier has moved since it was said last */
    int64_t said;           /* monotonic ns of the last frame or heartbeat */
} Channel;

typedef struct ChannelOptions {
    FrameOptions frame;     /* without the channel's id */
    uint32_t ring_frames;
    size_t ring_bytes;
} ChannelOptions;

/* The name is copied. */
Channel *channel_new(Memory *memory, Net *net, const Plan *plan, const char *name, ChannelOptions options);
void channel_free(Channel *channel);

/* From now on frames carry this producer. Nothing is gathered. */
void channel_rephase(Channel *channel, const Plan *plan, uint32_t producer);

/* Adds a row; hashes as in frame_writer_row. False: it is larger than a frame may be. */
bool channel_row(Channel *channel, const Rows *rows, uint32_t row, const uint32_t *hashes);

/* Adds a line of text. */
bool channel_line(Channel *channel, Text line);

/* How far the channel is, to be said with what leaves next. */
void channel_reach(Channel *channel, FrontierKind kind, const OrderKey *below);

/* Sends what was gathered, with the frontier. */
void channel_publish(Channel *channel, int64_t now);

/* Sends what was gathered, or position and frontier alone. */
void channel_heartbeat(Channel *channel, int64_t now);

#endif
