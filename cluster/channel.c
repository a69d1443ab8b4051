#include "cluster/channel.h"

#include <stdlib.h>
#include <string.h>

Channel *channel_new(Memory *memory, Net *net, const Plan *plan, const char *name, ChannelOptions options)
{
    Channel *channel = memory_new(memory, sizeof *channel);
    channel->memory = memory;
    channel->net = net;
    channel->id = frame_channel(text_of(name));
    channel->name = strdup(name);
    if (!channel->name)
        abort();
    options.frame.channel = channel->id;
    channel->options = options.frame;
    channel->writer = frame_writer_new(memory, plan, options.frame);
    channel->ring = ring_new(memory, options.ring_frames, options.ring_bytes);
    return channel;
}

void channel_free(Channel *channel)
{
    if (!channel)
        return;
    ring_free(channel->ring);
    frame_writer_free(channel->writer);
    free(channel->name);
    memory_free(channel->memory, channel, sizeof *channel);
}

void channel_rephase(Channel *channel, const Plan *plan, uint32_t producer)
{
    frame_writer_free(channel->writer);
    channel->options.producer = producer;
    channel->writer = frame_writer_new(channel->memory, plan, channel->options);
    channel->frontier = FRONTIER_NONE;
}

static void send(Channel *channel, FrontierKind frontier)
{
    FrameStamp stamp = {.frontier = frontier, .below = channel->below, .first = channel->rows + 1};
    uint32_t count = frame_writer_count(channel->writer);
    if (count)
        channel->sequence++;
    stamp.sequence = channel->sequence;
    channel->rows += count;
    Text message = frame_writer_take(channel->writer, stamp);
    if (count)
        ring_put(channel->ring, channel->sequence, message.p, message.len);
    net_publish(channel->net, message.p, message.len);
}

bool channel_row(Channel *channel, const Rows *rows, uint32_t row, const uint32_t *hashes)
{
    if (frame_writer_full(channel->writer))
        send(channel, FRONTIER_NONE);
    return frame_writer_row(channel->writer, rows, row, hashes);
}

bool channel_line(Channel *channel, Text line)
{
    if (frame_writer_full(channel->writer))
        send(channel, FRONTIER_NONE);
    return frame_writer_line(channel->writer, line);
}

void channel_reach(Channel *channel, FrontierKind kind, const OrderKey *below)
{
    if (kind == channel->frontier && (kind != FRONTIER_KEY || order_compare(below, &channel->below) <= 0))
        return;
    channel->frontier = kind;
    if (kind == FRONTIER_KEY)
        channel->below = *below;
    channel->news = true;
}

void channel_publish(Channel *channel, int64_t now)
{
    if (frame_writer_count(channel->writer))
        channel_heartbeat(channel, now);
}

void channel_heartbeat(Channel *channel, int64_t now)
{
    send(channel, channel->frontier);
    channel->news = false;
    channel->said = now;
}
