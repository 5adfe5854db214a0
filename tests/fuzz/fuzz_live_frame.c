/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target for what strangers send to a live node: hello, frames
 * and chunks; and its configuration file. The first byte chooses. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/host/live_config.h"
#include "nodes/host/live_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* A verdict on a prefix stays: BAD stays BAD, GOOD stays GOOD. */
static void
try_hello(const uint8_t *data, size_t size)
{
    LiveParse last = LIVE_PARSE_MORE;

    for (size_t have = 1; have <= MIN(size, LIVE_HELLO_SIZE + 4); have++) {
        g_autofree uint8_t *exact = g_memdup2(data, have);
        LiveHello hello;
        const char *why;
        LiveParse parse = live_hello_parse(exact, have, &hello, &why);

        CHECK(last == LIVE_PARSE_MORE || parse == last);
        CHECK((parse == LIVE_PARSE_BAD) == (why != NULL));
        CHECK(parse != LIVE_PARSE_MORE || have < LIVE_HELLO_SIZE);
        if (parse == LIVE_PARSE_GOOD) {
            uint8_t again[LIVE_HELLO_SIZE];

            CHECK(hello.from != hello.to && hello.from >= 1 &&
                  hello.from <= hello.node_count);
            live_hello_put(&hello, again);
            CHECK(memcmp(again, exact, sizeof again) == 0);
        }
        last = parse;
    }
}

static void
try_frames(const uint8_t *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        g_autofree uint8_t *exact = g_memdup2(data + done, size - done);
        LiveFrame frame;
        size_t used = 0;
        const char *why;
        LiveParse parse =
            live_frame_parse(exact, size - done, &frame, &used, &why);

        CHECK((parse == LIVE_PARSE_BAD) == (why != NULL));
        if (parse != LIVE_PARSE_GOOD) {
            CHECK(parse == LIVE_PARSE_BAD || size - done < LIVE_FRAME_MAX);
            return;
        }
        CHECK(used >= LIVE_FRAME_HEADER && used <= size - done);
        CHECK(frame.bytes.size == used - LIVE_FRAME_HEADER);
        CHECK(frame.bytes.size == 0 ||
              frame.bytes.data + frame.bytes.size == exact + used);
        done += used;
    }
}

/* The bytes of a stream do not depend on how the socket cut it. */
static void
try_chunks(const uint8_t *data, size_t size)
{
    GByteArray *out[2] = {g_byte_array_new(), g_byte_array_new()};
    bool bad[2] = {false, false};

    for (unsigned pass = 0; pass < 2; pass++) {
        LiveChunks chunks = {0};

        for (size_t at = 0; at < size && !bad[pass];) {
            size_t count = pass == 0 ? size - at : 1;
            g_autofree uint8_t *exact = g_memdup2(data + at, count);
            Slice bytes = {NULL, 0, NULL};
            size_t used = count;
            LiveParse parse =
                live_chunks_parse(&chunks, exact, count, &bytes, &used);

            CHECK(used >= 1 && used <= count);
            if (parse == LIVE_PARSE_GOOD) {
                g_byte_array_append(out[pass], bytes.data, (guint)bytes.size);
            }
            bad[pass] = parse == LIVE_PARSE_BAD;
            at += used;
        }
    }
    CHECK(bad[0] == bad[1] && out[0]->len == out[1]->len);
    CHECK(out[0]->len == 0 ||
          memcmp(out[0]->data, out[1]->data, out[0]->len) == 0);
    g_byte_array_unref(out[0]);
    g_byte_array_unref(out[1]);
}

static void
try_config(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    GError *error = NULL;
    LiveConfig *config = live_config_parse("f", text, &error);

    CHECK((config == NULL) == (error != NULL));
    if (config == NULL) {
        CHECK(strchr(error->message, '\n') == NULL);
        g_error_free(error);
        return;
    }
    CHECK(config->self >= 1 && config->self <= config->node_count);
    live_config_free(config);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    if (data[0] % 4 == 0) {
        try_hello(data + 1, size - 1);
    } else if (data[0] % 4 == 1) {
        try_frames(data + 1, size - 1);
    } else if (data[0] % 4 == 2) {
        try_chunks(data + 1, size - 1);
    } else {
        try_config(data + 1, size - 1);
    }
    return 0;
}
