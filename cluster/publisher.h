/* Publisher: a producer's lines on their way to a node, each acknowledged.
 *
 *   lines ─► frame 12 │ frame 11  frame 10 ─► asked, at most `window` of them ─► answered: counts
 *                                   └─ busy: asked again a little later
 *
 * Frames are numbered, so the node puts what overtook back in order, and what it has twice it takes once. */
#ifndef CLUSTER_PUBLISHER_H
#define CLUSTER_PUBLISHER_H

#include <jansson.h>

#include "cluster/frame_writer.h"
#include "cluster/net.h"

typedef struct Publisher Publisher;

typedef struct PublisherOptions {
    const char *url;      /* control socket of a node */
    const char *network;
    const char *producer; /* "" = unnamed */
    uint32_t batch;       /* lines of a frame; 0 = 256 */
    uint32_t window;      /* frames without an answer; 0 = 16 */
    const Plan *plan;     /* of rows; NULL where only lines are sent */
} PublisherOptions;

typedef struct PublisherSink {
    void *owner;
    /* The first few rejections of a frame. */
    void (*rejected)(void *owner, uint64_t number, const char *reason, const char *detail);
} PublisherSink;

typedef struct PublisherStats {
    uint64_t rows, duplicates, rejected, busy, frames;
    json_t *reasons; /* borrowed: rejections by reason */
} PublisherStats;

typedef enum PublisherState {
    PUBLISHER_OPENING,
    PUBLISHER_OPEN,
    PUBLISHER_REFUSED, /* publisher_error says why */
    PUBLISHER_GONE,    /* no answer in time */
} PublisherState;

/* Returns NULL when the address is unusable, and says why. The options' texts are borrowed. */
Publisher *publisher_new(Memory *memory, PublisherOptions options, PublisherSink sink, char error[NET_ERROR_ROOM]);

/* Takes answers, waiting at most so long for one, and asks again where a node was busy. */
PublisherState publisher_turn(Publisher *publisher, uint32_t wait_ms);

/* The number of the last event that the node has had from this producer before. */
uint64_t publisher_last(const Publisher *publisher);

/* Whether a line can be taken now: the window has room, or the frame at hand has. */
bool publisher_has_room(const Publisher *publisher);

/* Takes a line with its number. Returns false when it is larger than a frame may be. */
bool publisher_line(Publisher *publisher, Text line, uint64_t number);

/* Takes a row of the options' plan with its number, in place of a line. Between two of them there must be room. */
bool publisher_row(Publisher *publisher, const Rows *rows, uint32_t row, uint64_t number);

/* Sends what was gathered, if there is room in the window. */
void publisher_flush(Publisher *publisher);

/* Says that no more will come. Everything was flushed. */
void publisher_end(Publisher *publisher);

/* Frames that are not answered, and lines that are not sent. */
uint32_t publisher_open(const Publisher *publisher);

int publisher_descriptor(const Publisher *publisher);
PublisherStats publisher_stats(const Publisher *publisher);
const char *publisher_error(const Publisher *publisher);

/* Returns whether the network's library stopped; if not, the process ends by _exit. */
bool publisher_free(Publisher *publisher);

#endif
