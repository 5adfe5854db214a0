/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target for the texts that users write for the network: netem
 * words (and a link that lives by them), `.dist` tables, topologies. The first
 * byte chooses. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "netmodel/link.h"
#include "netmodel/topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fuzzing builds must not depend on how g_assert() is set up. */
#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            abort();                                                           \
        }                                                                      \
    } while (0)

static void
check_error(GError *error)
{
    CHECK(error != NULL && strchr(error->message, '\n') == NULL);
    CHECK(g_utf8_validate(error->message, -1, NULL));
    g_error_free(error);
}

static void
run_link(const NetemConfig *config)
{
    LinkStreams streams = {{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}};
    Link link;

    link_init(&link, config);
    for (unsigned i = 0; i < 20; i++) {
        Fate fate;
        SimTime now = i / 4 * SIM_MS;

        link_send(&link, now, i * 997 % DATAGRAM_MAX, &streams, &fate);
        CHECK((fate.copy_count == 0) == (fate.drop != FATE_NOT_DROPPED));
        CHECK((fate.mattered & ~config->words) == 0 ||
              (fate.mattered & ~config->words) == NETEM_LIMIT);
        for (unsigned k = 0; k < fate.copy_count; k++) {
            CHECK(fate.copies[k].at >= now);
        }
        CHECK(link_queue_count(&link, now) <= config->limit);
    }
    link_clear(&link);
}

static void
try_words(const char *text)
{
    NetemConfig config, again, base;
    GError *error = NULL;

    if (!netem_parse(text, NULL, &config, &error)) {
        check_error(error);
        return;
    }
    char *canonical = netem_text(&config);

    CHECK(netem_parse(canonical, NULL, &again, NULL));
    CHECK(netem_equal(&config, &again));

    char *twice = netem_text(&again);

    CHECK(strcmp(canonical, twice) == 0);
    g_free(canonical);
    g_free(twice);
    CHECK(loss_rate(&config.loss) <= CHANCE_ONE);
    run_link(&config);
    CHECK(netem_parse("delay 1ms 1ms loss 1% rate 1mbit", NULL, &base, NULL));
    netem_merge(&base, &config);
    CHECK((base.words & config.words) == config.words);
    run_link(&base);
}

static void
try_table(const char *text, size_t size)
{
    GError *error = NULL;
    Distribution *made = distribution_parse("t", text, size, &error);

    if (made == NULL) {
        check_error(error);
        return;
    }
    CHECK(distribution_quantile(made, 0) == made->values[0]);
    CHECK(distribution_quantile(made, UINT64_MAX) <=
          made->values[made->count - 1]);
    distribution_free(made);
}

static void
try_topology(const char *text)
{
    GError *error = NULL;
    Topology *topology = topology_parse(text, 9, &error);

    if (topology == NULL) {
        check_error(error);
        return;
    }
    char *canonical = topology_text(topology);
    Topology *again = topology_parse(canonical, 9, NULL);

    CHECK(again != NULL);
    for (NodeId from = 1; from <= 9; from++) {
        for (NodeId to = 1; to <= 9; to++) {
            CHECK(topology_hops(topology, from, to) ==
                  topology_hops(again, from, to));
            CHECK((topology_next(topology, from, to) == 0) ==
                  (topology_hops(topology, from, to) == TOPOLOGY_FAR));
        }
    }
    topology_free(again);
    topology_free(topology);
    g_free(canonical);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    char *text = g_strndup((const char *)data + 1, size - 1);

    if (data[0] == '#') {
        try_table((const char *)data + 1, size - 1);
    } else if (data[0] == '-') {
        try_topology(text);
    } else {
        try_words(text);
    }
    g_free(text);
    return 0;
}
