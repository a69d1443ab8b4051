/* Frames: the golden ones of every released version, what is refused, and what of a frame reaches a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cep/codec.h"
#include "cluster/crc32c.h"
#include "cluster/foreign.h"
#include "cluster/frame_layout.h"
#include "cluster/limits.h"
#include "tests/unit/frame_sample.h"

typedef struct Bench {
    Memory memory;
    Sample sample;
    Batch batch, source;
    FrameReader *reader;
    Foreign *foreign;
    FrameRow rows[BATCH_ROWS];
    uint32_t n;
    Out out;
} Bench;

static int set_up(void **state)
{
    Bench *b = calloc(1, sizeof *b);
    sample_make(&b->sample);
    batch_init(&b->batch, &b->memory, &b->sample.plan);
    batch_init(&b->source, &b->memory, &b->sample.plan);
    b->reader = frame_reader_new(&b->memory, &b->sample.plan, NULL);
    b->foreign = foreign_new(&b->memory);
    out_init(&b->out, &b->memory, -1);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    Bench *b = *state;
    out_fini(&b->out);
    foreign_free(b->foreign);
    frame_reader_free(b->reader);
    batch_fini(&b->source);
    batch_fini(&b->batch);
    int leaked = b->memory.bytes != 0;
    free(b);
    return leaked;
}

static Text copy_of(Text message)
{
    char *copy = malloc(message.len);
    memcpy(copy, message.p, message.len);
    return (Text){copy, message.len};
}

/* ── The frames of the sample ── */

typedef Text (*Make)(Bench *b, FrameWriter *w);

static FrameOptions options_of(const char *channel)
{
    return (FrameOptions){.channel = frame_channel(text_of(channel)), .producer = 7, .epoch = UINT64_C(1767225600000000000)};
}

static Text make_events(Bench *b)
{
    FrameWriter *w = frame_writer_new(&b->memory, &b->sample.plan, options_of("atm.in"));
    batch_clear(&b->source);
    sample_withdrawals(&b->source.rows[WITHDRAWAL], &b->memory);
    for (uint32_t i = 0; i < 2; i++)
        assert_true(frame_writer_row(w, &b->source.rows[WITHDRAWAL], i, NULL));
    FrameStamp stamp = {.sequence = 1, .first = 41};
    Text message = copy_of(frame_writer_take(w, stamp));
    frame_writer_free(w);
    return message;
}

static Text make_ordered(Bench *b)
{
    FrameOptions options = options_of("atm.Many");
    options.ordered = options.final_ids = true;
    FrameWriter *w = frame_writer_new(&b->memory, &b->sample.plan, options);
    batch_clear(&b->source);
    sample_alert(&b->sample, &b->source.rows[MANY], &b->memory);
    assert_true(frame_writer_row(w, &b->source.rows[MANY], 0, NULL));
    FrameStamp stamp = {.sequence = 5, .first = 9, .frontier = FRONTIER_KEY};
    stamp.below = (OrderKey){.time = 2000000000, .kind = ORDER_EVENT, .origin = 7, .sequence = 43};
    Text message = copy_of(frame_writer_take(w, stamp));
    frame_writer_free(w);
    return message;
}

/* Between nodes: raw ids, a key hash of each row. */
static Text make_keyed(Bench *b)
{
    FrameOptions options = options_of("atm/0");
    options.ordered = true;
    options.nhashes = 1;
    FrameWriter *w = frame_writer_new(&b->memory, &b->sample.plan, options);
    batch_clear(&b->source);
    sample_withdrawals(&b->source.rows[WITHDRAWAL], &b->memory);
    for (uint32_t i = 0; i < 2; i++)
        assert_true(frame_writer_row(w, &b->source.rows[WITHDRAWAL], i, (uint32_t[]){0x11223344u + i}));
    Text message = copy_of(frame_writer_take(w, (FrameStamp){.sequence = 2, .first = 1, .frontier = FRONTIER_IDLE}));
    frame_writer_free(w);
    return message;
}

static Text make_lines(Bench *b)
{
    FrameWriter *w = frame_writer_new(&b->memory, NULL, options_of("atm.in"));
    assert_true(frame_writer_line(w, TEXT("{\"type\":\"wd\",\"account\":\"a1\",\"at\":1000}")));
    assert_true(frame_writer_line(w, TEXT("")));
    Text message = copy_of(frame_writer_take(w, (FrameStamp){.sequence = 2, .first = 43}));
    frame_writer_free(w);
    return message;
}

static Text make_heartbeat(Bench *b)
{
    FrameWriter *w = frame_writer_new(&b->memory, NULL, options_of("atm.in"));
    Text message = copy_of(frame_writer_take(w, (FrameStamp){.sequence = 2, .first = 45, .frontier = FRONTIER_END}));
    frame_writer_free(w);
    return message;
}

static const struct {
    const char *name;
    Text (*make)(Bench *b);
} samples[] = {
    {"events", make_events}, {"ordered", make_ordered}, {"keyed", make_keyed},
    {"lines", make_lines},   {"heartbeat", make_heartbeat},
};

enum { SAMPLES = sizeof samples / sizeof *samples };

/* ── Reading ── */

/* What a message says, as text: its header, and its rows as a plan and as a subscriber see them; or why not. */
static const char *read_as_text(Bench *b, Text message)
{
    Frame frame;
    FrameError error = frame_open(&frame, message);
    out_clear(&b->out);
    batch_clear(&b->batch);
    b->n = 0;
    if (!error && frame.kind == FRAME_EVENTS)
        error = frame_read(b->reader, &frame, &b->batch, NULL, NULL, b->rows, &b->n);
    if (!error && (frame.flags & FRAME_FINAL_IDS))
        error = foreign_read(b->foreign, &frame);
    if (error) {
        out_text(&b->out, "refused: ");
        out_text(&b->out, frame_error_word(error));
    } else {
        char header[300];
        snprintf(header, sizeof header, "%d %u producer %u epoch %llu sequence %llu first %llu count %u frontier %d %lld %u\n",
                 frame.kind, frame.flags, frame.producer, (unsigned long long)frame.epoch,
                 (unsigned long long)frame.sequence, (unsigned long long)frame.first, frame.count, frame.frontier,
                 (long long)frame.below.time, frame.nhashes);
        out_text(&b->out, header);
    }
    for (uint32_t i = 0; !error && i < b->n; i++) {
        if (b->rows[i].reason)
            out_bytes(&b->out, b->rows[i].detail.p, b->rows[i].detail.len);
        else
            event_json(&b->out, &b->sample.types[b->rows[i].type], &b->batch.rows[b->rows[i].type], b->rows[i].row);
        out_char(&b->out, '\n');
    }
    if (!error && (frame.flags & FRAME_FINAL_IDS))
        for (uint32_t i = 0; i < foreign_count(b->foreign); i++)
            foreign_json(b->foreign, i, &b->out);
    if (!error && frame.kind == FRAME_LINES)
        out_bytes(&b->out, frame.body.p, frame.body.len);
    out_char(&b->out, 0);
    return b->out.bytes;
}

static void assert_error(Bench *b, Text message, const char *word)
{
    char expected[64];
    snprintf(expected, sizeof expected, "refused: %s", word);
    assert_string_equal(read_as_text(b, message), expected);
}

/* Makes the checksum right again after bytes were changed. */
static void checksum(Text message)
{
    char *header = (char *)message.p + FRAME_TOPIC;
    uint32_t crc = crc32c(0, header + HEADER_CHECKED, message.len - FRAME_TOPIC - HEADER_CHECKED);
    memcpy(header + HEADER_CHECKSUM, &crc, sizeof crc);
}

/* ── Golden frames: bytes that were released are read for ever, and version 1 is written so ── */

static Text golden_read(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "tests/golden/frames/v1_%s.hex", name);
    return hex_read(path);
}

static void test_golden_frames_are_written(void **state)
{
    Bench *b = *state;
    for (size_t i = 0; i < SAMPLES; i++) {
        Text golden = golden_read(samples[i].name), made = samples[i].make(b);
        assert_int_equal(golden.len, made.len);
        assert_memory_equal(golden.p, made.p, made.len);
        free((char *)golden.p);
        free((char *)made.p);
    }
}

static const char *const golden_texts[SAMPLES] = {
    "1 0 producer 7 epoch 1767225600000000000 sequence 1 first 41 count 2 frontier 0 0 0\n"
    "{\"type\":\"wd\",\"account\":\"a1\",\"amount\":20.5,\"at\":\"1970-01-01T00:00:01Z\"}\n"
    "{\"type\":\"wd\",\"account\":\"a1\",\"at\":\"1970-01-01T00:00:02Z\"}\n",
    "1 6 producer 7 epoch 1767225600000000000 sequence 5 first 9 count 1 frontier 1 2000000000 0\n"
    "{\"type\":\"Many\",\"account\":\"a1\",\"count\":3}\n"
    "{\"alert\":\"Many\",\"id\":\"0123456789abcdeffedcba9876543210\",\"network\":\"atm\",\"agent\":\"many\","
    "\"version\":\"3b1d00ff01020304\",\"time\":\"1970-01-01T00:00:02Z\",\"severity\":\"high\",\"tags\":[\"cash\"],"
    "\"key\":{\"account\":\"a1\"},\"window\":{\"start\":\"1970-01-01T00:00:00Z\",\"end\":\"1970-01-02T00:00:00Z\"},"
    "\"data\":{\"account\":\"a1\",\"count\":3},\"causes\":[\"4e95b84c9822a00e8e162ef6e8d49711\",\"621c926dbc438affaa806a16feb79a65\"],\"cause_count\":3,\"suppressed\":0,"
    "\"revision\":0}\n",
    "1 3 producer 7 epoch 1767225600000000000 sequence 2 first 1 count 2 frontier 2 0 1\n"
    "{\"type\":\"wd\",\"account\":\"a1\",\"amount\":20.5,\"at\":\"1970-01-01T00:00:01Z\"}\n"
    "{\"type\":\"wd\",\"account\":\"a1\",\"at\":\"1970-01-01T00:00:02Z\"}\n",
    "2 0 producer 7 epoch 1767225600000000000 sequence 2 first 43 count 2 frontier 0 0 0\n"
    "{\"type\":\"wd\",\"account\":\"a1\",\"at\":1000}\n\n",
    "3 0 producer 7 epoch 1767225600000000000 sequence 2 first 45 count 0 frontier 3 0 0\n",
};

static void test_golden_frames_are_read(void **state)
{
    Bench *b = *state;
    for (size_t i = 0; i < SAMPLES; i++) {
        Text golden = golden_read(samples[i].name);
        assert_string_equal(read_as_text(b, golden), golden_texts[i]);
        free((char *)golden.p);
    }
}

/* ── Damage ── */

static void test_a_frame_cut_short_is_refused(void **state)
{
    Bench *b = *state;
    for (size_t i = 0; i < SAMPLES; i++) {
        Text whole = samples[i].make(b);
        for (uint32_t n = 0; n < whole.len; n++) {
            Text cut = copy_of((Text){whole.p, n});
            assert_memory_equal(read_as_text(b, cut), "refused: ", 9);
            free((char *)cut.p);
        }
        free((char *)whole.p);
    }
}

/* The topic is outside of the checksum: another digit is another channel's, and the rows are the same. */
static void test_a_flipped_byte_is_refused(void **state)
{
    Bench *b = *state;
    for (size_t i = 0; i < SAMPLES; i++) {
        Text message = samples[i].make(b);
        for (uint32_t k = 0; k < message.len; k++)
            for (int bit = 0; bit < 8; bit++) {
                ((char *)message.p)[k] ^= (char)(1 << bit);
                const char *read = read_as_text(b, message);
                if (k < FRAME_TOPIC - 1 && *read != 'r')
                    assert_string_equal(read, golden_texts[i]);
                else
                    assert_memory_equal(read, "refused: ", 9);
                ((char *)message.p)[k] ^= (char)(1 << bit);
            }
        assert_string_equal(read_as_text(b, message), golden_texts[i]);
        free((char *)message.p);
    }
}

/* What follows a frame, or is missing in it, with a checksum that is right. */
static void test_bytes_too_many_are_refused(void **state)
{
    Bench *b = *state;
    for (size_t i = 0; i < SAMPLES; i++) {
        Text message = samples[i].make(b);
        Text longer = {calloc(1, message.len + 1), message.len + 1};
        memcpy((char *)longer.p, message.p, message.len);
        checksum(longer);
        assert_error(b, longer, "length");
        uint32_t body = read_u32(longer.p + FRAME_TOPIC + HEADER_BODY) + 1;
        memcpy((char *)longer.p + FRAME_TOPIC + HEADER_BODY, &body, 4);
        checksum(longer);
        assert_memory_equal(read_as_text(b, longer), "refused: ", 9);
        free((char *)longer.p);
        free((char *)message.p);
    }
}

static void test_forged_headers_are_told_apart(void **state)
{
    static const struct {
        size_t sample;
        uint32_t at, size;
        uint64_t value;
        const char *word;
    } cases[] = {
        {0, 0, 1, 'X', "magic"},
        {0, HEADER_VERSION, 1, 2, "version"},
        {0, HEADER_KIND, 1, 0, "kind"},
        {0, HEADER_KIND, 1, 4, "kind"},
        {0, HEADER_FLAGS, 2, 8, "flags"},
        {0, HEADER_FLAGS, 2, FRAME_KEYS, "flags"},
        {0, HEADER_FLAGS, 2, FRAME_FINAL_IDS, "flags"},
        {0, HEADER_FLAGS, 2, FRAME_ORDERED, "row"},
        {0, HEADER_HASHES, 2, 1, "flags"},
        {2, HEADER_HASHES, 2, 65, "flags"},
        {2, HEADER_HASHES, 2, 2, "length"},
        {0, HEADER_LATER, 8, 1, "flags"},
        {0, HEADER_COUNT, 4, 3, "row"},
        {0, HEADER_COUNT, 4, 1, "row"},
        {0, HEADER_COUNT, 4, 33, "count"},
        {0, HEADER_COUNT, 4, UINT32_MAX, "count"},
        {0, HEADER_DICTIONARY, 4, UINT32_MAX, "length"},
        {0, HEADER_BODY, 4, UINT32_MAX, "length"},
        {0, HEADER_KEYS, 4, UINT32_MAX, "length"},
        {0, HEADER_FRONTIER, 1, 4, "frontier"},
        {0, HEADER_FRONTIER_KIND, 1, 1, "frontier"},
        {1, HEADER_FRONTIER_KIND, 1, 3, "frontier"},
        {1, HEADER_FRONTIER_KIND, 1, ORDER_TIMER, "frontier"}, /* a sequence would be taken for a pointer */
        {1, HEADER_FRONTIER, 1, FRONTIER_END, "frontier"},
        {3, HEADER_COUNT, 4, 1, "count"},
        {3, FRAME_HEADER + 39, 1, ' ', "count"}, /* the last line does not end */
        {3, HEADER_FLAGS, 2, FRAME_ORDERED, "flags"},
        {3, HEADER_KIND, 1, FRAME_HEARTBEAT, "count"},
        {3, HEADER_KIND, 1, FRAME_EVENTS, "dictionary"},
        {4, HEADER_COUNT, 4, 1, "count"},
    };
    Bench *b = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Text message = samples[cases[i].sample].make(b);
        memcpy((char *)message.p + FRAME_TOPIC + cases[i].at, &cases[i].value, cases[i].size);
        checksum(message);
        assert_error(b, message, cases[i].word);
        free((char *)message.p);
    }
    Text message = samples[0].make(b);
    ((char *)message.p)[3] = 'G';
    assert_error(b, message, "topic");
    free((char *)message.p);
}

/* Any bytes in any place behind the header, under a checksum that is right: refused, or rows; and after a refusal the
 * batch is as it was before. */
static void test_random_bytes_do_no_harm(void **state)
{
    Bench *b = *state;
    uint64_t random = 7;
    uint32_t refused = 0;
    for (int round = 0; round < 30000; round++) {
        Text message = samples[round % 3].make(b);
        uint32_t header = FRAME_TOPIC + FRAME_HEADER;
        for (int k = round % 4; k >= 0; k--) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            uint8_t byte = (uint8_t)(random >> 40);
            ((char *)message.p)[header + (uint32_t)(random >> 50) % (message.len - header)] = (char)(byte & 3 ? byte : 0x80 | byte);
        }
        checksum(message);
        if (*read_as_text(b, message) == 'r') {
            refused++;
            if (b->n == 0) /* else the plan's reader took it, and only the subscriber's refused it */
                assert_int_equal(b->batch.rows[WITHDRAWAL].n + b->batch.rows[MANY].n, 0);
        }
        free((char *)message.p);
    }
    assert_true(refused > 1000);
}

/* ── Rows that do not fit, rows that are not wanted ── */

/* A frame of one type, made by hand: the dictionary and the body as they are given. */
static Text frame_of(const uint8_t *dictionary, size_t ndictionary, const uint8_t *body, size_t nbody, uint32_t count)
{
    Text message = {calloc(1, FRAME_TOPIC + FRAME_HEADER + ndictionary + nbody),
                    (uint32_t)(FRAME_TOPIC + FRAME_HEADER + ndictionary + nbody)};
    char *header = (char *)message.p + FRAME_TOPIC;
    uint32_t lengths[2] = {(uint32_t)ndictionary, (uint32_t)nbody};
    frame_topic(1, (char *)message.p);
    memcpy(header, HEADER_MAGIC, 4);
    header[HEADER_VERSION] = FRAME_VERSION_NOW;
    header[HEADER_KIND] = FRAME_EVENTS;
    memcpy(header + HEADER_COUNT, &count, 4);
    memcpy(header + HEADER_DICTIONARY, &lengths[0], 4);
    memcpy(header + HEADER_BODY, &lengths[1], 4);
    if (ndictionary)
        memcpy(header + FRAME_HEADER, dictionary, ndictionary);
    if (nbody)
        memcpy(header + FRAME_HEADER + ndictionary, body, nbody);
    checksum(message);
    return message;
}

#define FRAME_OF(dictionary, body, count) \
    frame_of((const uint8_t *)(dictionary), sizeof(dictionary) - 1, (const uint8_t *)(body), sizeof(body) - 1, count)

static void test_a_row_that_does_not_fit_is_rejected_alone(void **state)
{
    Bench *b = *state;
    Text message = FRAME_OF("\x92\xA0\x92\x92\xA2" "wd" "\x94\xA2" "at" "\xA7" "account" "\xA6" "amount" "\xA3" "foo"
                            "\x92\xA3" "odd" "\x91\xA1" "x",
                            "\x96\x00\xC0\x01\xA1" "a" "\x02\xC0"         /* good */
                            "\x96\x00\xC0\xA1" "x" "\xA1" "b" "\x02\xC0"   /* no time */
                            "\x96\x00\xC0\x01\xC0\x02\xC0"               /* no account */
                            "\x96\x00\xC0\x01\xA1" "c" "\xA1" "x" "\xC0"   /* no number */
                            "\x95\x00\xC0\x01\xA1" "d" "\x02"             /* a value is missing */
                            "\x93\x01\xC0\x05"                             /* of a type nobody knows */
                            "\x96\x00\x92\x05\xA2" "id" "\x01\xA1" "e" "\xC0\x81\x01\x02", /* good, with a header */
                            7);
    assert_string_equal(read_as_text(b, message),
                        "1 0 producer 0 epoch 0 sequence 0 first 0 count 7 frontier 0 0 0\n"
                        "{\"type\":\"wd\",\"account\":\"a\",\"amount\":2,\"at\":\"1970-01-01T00:00:00.000000001Z\"}\n"
                        "attribute `at` of `Withdrawal`: expected a time: whole ns since 1970, RFC 3339, or a timestamp, "
                        "got a string that is none\n"
                        "attribute `account` of `Withdrawal` is missing\n"
                        "attribute `amount` of `Withdrawal`: expected a number, got a string\n"
                        "a row of `wd` has 3 values, but its dictionary names 4 attributes\n"
                        "no event is called `odd` here\n"
                        "{\"type\":\"wd\",\"account\":\"e\",\"at\":\"1970-01-01T00:00:00.000000001Z\"}\n");
    assert_int_equal(b->batch.rows[WITHDRAWAL].n, 2);
    assert_true(b->rows[6].has_time && b->rows[6].time == 5 && b->rows[6].has_id);
    assert_int_equal(b->rows[6].unknown, 1);
    out_clear(&b->out);
    for (uint32_t i = 1; i < 7; i += 2)
        frame_row_json(b->reader, &b->rows[i], &b->out);
    frame_row_json(b->reader, &b->rows[6], &b->out);
    out_char(&b->out, 0);
    assert_string_equal(b->out.bytes, "{\"type\":\"wd\",\"at\":\"x\",\"account\":\"b\",\"amount\":2}"
                                      "{\"type\":\"wd\",\"at\":1,\"account\":\"c\",\"amount\":\"x\"}"
                                      "{\"type\":\"odd\",\"x\":5}"
                                      "{\"type\":\"wd\",\"at\":1,\"account\":\"e\",\"foo\":{\"?\":2}}");
    free((char *)message.p);
}

static void assert_dictionary_refused(Bench *b, const char *bytes, size_t n)
{
    Text message = frame_of((const uint8_t *)bytes, n, (const uint8_t *)"\x92\x00\xC0", 3, 1);
    assert_error(b, message, "dictionary");
    free((char *)message.p);
}

#define BAD_DICTIONARY(b, literal) assert_dictionary_refused(b, literal, sizeof(literal) - 1)

static void test_dictionaries_that_are_none_are_refused(void **state)
{
    Bench *b = *state;
    BAD_DICTIONARY(b, "");
    BAD_DICTIONARY(b, "\x80");
    BAD_DICTIONARY(b, "\x92\xA0\xDD\xFF\xFF\xFF\xFF");                     /* four thousand million types */
    BAD_DICTIONARY(b, "\x92\xA0\x91\x92\xA1" "x" "\xDD\xFF\xFF\xFF\xFF"); /* attributes */
    BAD_DICTIONARY(b, "\x92\xA0\x91\x92\xDB\xFF\xFF\xFF\xFF" "x");         /* a name */
    BAD_DICTIONARY(b, "\x92\xA0\x91\x92\xA1\xFF\x90");                     /* not UTF-8 */
    BAD_DICTIONARY(b, "\x92\xA0\x91\x92\xA2" "wd" "\x92\xA2" "at" "\xA2" "at"); /* twice the same */
    BAD_DICTIONARY(b, "\x92\xA0\x91\x93\xA2" "wd" "\x90\x91\xA3" "int");   /* a type word too many */
    BAD_DICTIONARY(b, "\x92\xA0\x91\x93\xA2" "wd" "\x91\xA1" "x" "\x91\xA4" "area");
    BAD_DICTIONARY(b, "\x92\xA0\x91\x94\xA2" "wd" "\x90\xC0\x93\xA5" "worse" "\x90\xA0"); /* no severity */
    BAD_DICTIONARY(b, "\x93\xA0\x90\x91\x93\xA1" "a" "\xC4\x01" "v" "\x90");           /* a version too short */
    BAD_DICTIONARY(b, "\x92\xA0\x90\xC0");                                 /* something follows */
    static uint8_t nested[100];
    memset(nested, 0x91, sizeof nested);
    assert_dictionary_refused(b, (const char *)nested, sizeof nested);
    static uint8_t types[8 + 1100 * 3] = {0x92, 0xA0, 0xDC, 1100 >> 8, 1100 & 255};
    for (int i = 0; i < 1100; i++)
        memcpy(types + 5 + 3 * i, "\x92\xA0\x90", 3);
    assert_dictionary_refused(b, (const char *)types, 5 + 1100 * 3);
}

/* A broken row takes the whole frame with it, and nothing that stood in the batch before. */
static void test_a_broken_row_undoes_the_frame(void **state)
{
    Bench *b = *state;
    sample_withdrawals(&b->batch.rows[WITHDRAWAL], &b->memory);
    Text message = FRAME_OF("\x92\xA0\x91\x92\xA2" "wd" "\x92\xA2" "at" "\xA7" "account",
                            "\x94\x00\xC0\x01\xA1" "a" "\x94\x00\xC0\x01\xA5" "a", 2);
    Frame frame;
    assert_int_equal(frame_open(&frame, message), FRAME_OK);
    assert_int_equal(frame_read(b->reader, &frame, &b->batch, NULL, NULL, b->rows, &b->n), FRAME_BAD_ROW);
    assert_int_equal(b->batch.rows[WITHDRAWAL].n, 2);
    assert_int_equal(b->n, 0);
    free((char *)message.p);
}

typedef struct Asked {
    uint32_t n, wanted;
    uint32_t hashes[8];
    uint64_t sequences[8];
} Asked;

static bool wants(void *owner, uint32_t index, uint32_t type, const OrderKey *key, const uint32_t *hashes)
{
    Asked *asked = owner;
    assert_int_equal(type, WITHDRAWAL);
    asked->hashes[asked->n] = hashes ? hashes[0] : 0;
    asked->sequences[asked->n++] = key ? key->sequence : 0;
    return index == asked->wanted;
}

static void test_rows_that_nobody_wants_are_passed_over(void **state)
{
    Bench *b = *state;
    for (int i = 0; i < 2; i++) {
        Text message = i ? make_keyed(b) : make_events(b);
        Frame frame;
        Asked asked = {.wanted = 1};
        batch_clear(&b->batch);
        assert_int_equal(frame_open(&frame, message), FRAME_OK);
        assert_int_equal(frame_read(b->reader, &frame, &b->batch, wants, &asked, b->rows, &b->n), FRAME_OK);
        assert_int_equal(asked.n, 2);
        assert_int_equal(b->n, 1);
        assert_int_equal(b->rows[0].index, 1);
        assert_int_equal(b->batch.rows[WITHDRAWAL].n, 1);
        if (i) {
            assert_int_equal(asked.hashes[1], 0x11223345);
            assert_int_equal(asked.sequences[0], 41);
            assert_int_equal(b->batch.rows[WITHDRAWAL].key[0].sequence, 42);
            assert_true(b->batch.rows[WITHDRAWAL].id[0].high == (EVENT_ID_INPUT | 7));
        }
        free((char *)message.p);
    }
}

/* ── The writer's bounds, and what it costs ── */

static void test_a_frame_is_full_by_rows_and_by_bytes(void **state)
{
    Bench *b = *state;
    FrameOptions options = options_of("atm.in");
    options.rows_max = 3;
    FrameWriter *w = frame_writer_new(&b->memory, &b->sample.plan, options);
    Rows *rows = &b->source.rows[WITHDRAWAL];
    sample_withdrawals(rows, &b->memory);
    for (uint32_t i = 0; i < 3; i++) {
        assert_false(frame_writer_full(w));
        assert_true(frame_writer_row(w, rows, 0, NULL));
    }
    assert_true(frame_writer_full(w));
    frame_writer_take(w, (FrameStamp){.sequence = 1, .first = 1});
    assert_int_equal(frame_writer_count(w), 0);
    uint32_t n = 600 << 10;
    char *text = calloc(1, 5 << 20);
    rows_set(rows, 0, ACCOUNT, (Cell){.s = {text, n}});
    assert_true(frame_writer_row(w, rows, 0, NULL));
    assert_true(frame_writer_full(w));
    frame_writer_take(w, (FrameStamp){.sequence = 2, .first = 4});
    rows_set(rows, 0, ACCOUNT, (Cell){.s = {text, 5 << 20}});
    assert_false(frame_writer_row(w, rows, 0, NULL));
    assert_int_equal(frame_writer_count(w), 0);
    assert_false(frame_writer_line(w, (Text){text, 5 << 20}));
    free(text);
    frame_writer_free(w);
}

static void test_steady_state_does_not_allocate(void **state)
{
    Bench *b = *state;
    FrameOptions options = options_of("atm.Many");
    options.ordered = true;
    FrameWriter *w = frame_writer_new(&b->memory, &b->sample.plan, options);
    sample_alert(&b->sample, &b->source.rows[MANY], &b->memory);
    uint64_t calls = 0;
    for (uint64_t i = 0; i < 100; i++) {
        Frame frame;
        while (!frame_writer_full(w))
            assert_true(frame_writer_row(w, &b->source.rows[MANY], 0, NULL));
        Text message = frame_writer_take(w, (FrameStamp){.sequence = i + 1});
        assert_int_equal(frame_open(&frame, message), FRAME_OK);
        batch_clear(&b->batch);
        assert_int_equal(frame_read(b->reader, &frame, &b->batch, NULL, NULL, b->rows, &b->n), FRAME_OK);
        assert_int_equal(foreign_read(b->foreign, &frame), FRAME_OK);
        assert_int_equal(foreign_count(b->foreign), frame.count);
        if (i == 10)
            calls = b->memory.calls;
    }
    assert_int_equal(b->memory.calls, calls);
    frame_writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden_frames_are_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_golden_frames_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_frame_cut_short_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flipped_byte_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_too_many_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forged_headers_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_bytes_do_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_row_that_does_not_fit_is_rejected_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dictionaries_that_are_none_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_broken_row_undoes_the_frame, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_that_nobody_wants_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_frame_is_full_by_rows_and_by_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_steady_state_does_not_allocate, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
