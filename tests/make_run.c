/* SPDX-License-Identifier: Apache-2.0 */
/* make_run DIR [NODES CLIENTS SECONDS FAULTS PLOT]: what every observer writes
 * of a run made by hand, for the tests of captures and pictures. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/capture.h"
#include "sim/metrics.h"
#include "sim/plot.h"
#include "sim/trace.h"
#include "tests/maker_run.h"

typedef struct Observers {
    Trace *text, *binary;
    Capture *capture;
    Metrics *metrics;
} Observers;

static void
observe(void *data, const Record *record)
{
    Observers *observers = data;

    trace_observe(observers->text, record);
    trace_observe(observers->binary, record);
    capture_observe(observers->capture, record);
    metrics_observe(observers->metrics, record);
}

static void
print_total(void *data, const char *name, uint64_t value)
{
    (void)data;
    printf("%s %" PRIu64 "\n", name, value);
}

static unsigned
number(int count, char **arguments, int at, unsigned fallback)
{
    return at < count ? (unsigned)strtoul(arguments[at], NULL, 10) : fallback;
}

/* With the little of run.json that pictures need. */
static bool
plot_made_up(const char *folder, unsigned seconds, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "run.json", NULL);
    g_autofree char *run =
        g_strdup_printf("{\"scenario\": \"made-up_run\", \"seed\": \"7\", "
                        "\"virtual_ns\": %u000000000}\n",
                        seconds);

    return g_file_set_contents(path, run, -1, error) && plot_run(folder, error);
}

int
main(int count, char **arguments)
{
    const char *folder = count > 1 ? arguments[1] : ".";
    TraceAbout about = {"made-up", 7, number(count, arguments, 2, 5),
                        number(count, arguments, 3, 2)};
    uint8_t regions[NODE_ID_MAX + 1] = {0, 1, 1, 2};
    unsigned seconds = number(count, arguments, 4, 6);
    MetricsAbout metrics = {about.node_count, 0};
    CaptureAbout capture = {.node_count = about.node_count,
                            .client_count = about.client_count,
                            .regions = regions};
    g_autofree char *text = g_build_filename(folder, "trace.txt", NULL);
    g_autofree char *binary = g_build_filename(folder, "trace.sbt.zst", NULL);
    g_autofree char *pcap = g_build_filename(folder, "capture.pcap", NULL);
    g_autoptr(GError) error = NULL;
    Observers observers = {
        trace_new_text(text, &about, &error),
        trace_new_binary(binary, &about, &error),
        capture_new(pcap, &capture, &error),
        metrics_new(folder, &metrics, &error),
    };
    Maker maker;

    if (error != NULL) {
        fprintf(stderr, "make_run: %s\n", error->message);
        return 1;
    }
    maker_init(&maker, observe, &observers);
    maker_run(&maker, about.node_count, about.client_count, seconds,
              number(count, arguments, 5, 1) != 0);
    maker_clear(&maker);
    maker_forget();
    if (!trace_finish(observers.text, &error) ||
        !trace_finish(observers.binary, &error) ||
        !capture_finish(observers.capture, &error) ||
        !metrics_close(observers.metrics, seconds * SIM_S, &error)) {
        fprintf(stderr, "make_run: %s\n", error->message);
        return 1;
    }
    metrics_each(observers.metrics, print_total, NULL);
    metrics_free(observers.metrics);
    if (number(count, arguments, 6, 0) != 0 &&
        !plot_made_up(folder, seconds, &error)) {
        fprintf(stderr, "make_run: %s\n", error->message);
        return 1;
    }
    return 0;
}
