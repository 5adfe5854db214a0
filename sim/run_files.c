/* SPDX-License-Identifier: Apache-2.0 */
/* One table says which option makes which file; all of them see the same
 * records. */
#include "sim/run_files.h"

#include <string.h>

#include "netmodel/regions.h"
#include "sim/capture.h"
#include "sim/trace.h"
#include "sim/trace_perfetto.h"
#include "sim/trace_shiviz.h"

struct RunFiles {
    const RunOptions *options;
    Trace *text, *binary, *tail;
    TracePerfetto *perfetto;
    TraceShiviz *shiviz;
    Capture *pcap, *pcapng;
};

static bool open_traces(RunFiles *files, const TraceAbout *about,
                        const char *folder, GError **error);
static bool open_captures(RunFiles *files, const Scenario *scenario,
                          const TraceAbout *about, const char *folder,
                          GError **error);
static uint8_t *host_regions(const Scenario *scenario);
static uint8_t region_number(const char *name);

bool
run_files_asked(const RunOptions *options)
{
    return options->trace_text || options->trace_binary ||
           options->trace_perfetto || options->trace_shiviz ||
           options->capture_pcap || options->capture_pcapng;
}

void
run_files_print(FILE *stream, const RunOptions *options, const char *folder)
{
    const struct {
        bool asked;
        const char *name;
    } files[] = {
        {options->trace_text, "trace.txt"},
        {options->trace_binary, "trace.sbt.zst"},
        {options->trace_perfetto, "trace.perfetto-trace"},
        {options->trace_shiviz, "trace.shiviz"},
        {options->capture_pcap, "capture.pcap"},
        {options->capture_pcapng, "capture.pcapng"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i].asked) {
            fprintf(stream, "%s/%s\n", folder, files[i].name);
        }
    }
}

void
run_files_see(RunFiles *files, const Record *record)
{
    if (files->text != NULL) {
        trace_observe(files->text, record);
    }
    if (files->binary != NULL) {
        trace_observe(files->binary, record);
    }
    if (files->tail != NULL && record->number >= files->options->tail_from) {
        trace_observe(files->tail, record);
    }
    if (files->perfetto != NULL) {
        trace_perfetto_observe(files->perfetto, record);
    }
    if (files->shiviz != NULL) {
        trace_shiviz_observe(files->shiviz, record);
    }
    if (files->pcap != NULL) {
        capture_observe(files->pcap, record);
    }
    if (files->pcapng != NULL) {
        capture_observe(files->pcapng, record);
    }
}

bool
run_files_finish(RunFiles *files, const RunResult *result, GError **error)
{
    bool good = true;

    if (files->text != NULL) {
        good = trace_finish(files->text, error);
    }
    if (files->binary != NULL) {
        good = trace_finish(files->binary, good ? error : NULL) && good;
    }
    if (files->tail != NULL) {
        good = trace_finish(files->tail, good ? error : NULL) && good;
    }
    if (files->perfetto != NULL) {
        for (unsigned i = 0;
             i < MIN(result->violation_count, RUN_VIOLATIONS_MAX); i++) {
            const RunViolation *violation = &result->violations[i];

            trace_perfetto_violation(files->perfetto, violation->at,
                                     violation->node, violation->check,
                                     violation->message);
        }
        good =
            trace_perfetto_finish(files->perfetto, good ? error : NULL) && good;
    }
    if (files->shiviz != NULL) {
        good = trace_shiviz_finish(files->shiviz, good ? error : NULL) && good;
    }
    if (files->pcap != NULL) {
        good = capture_finish(files->pcap, good ? error : NULL) && good;
    }
    if (files->pcapng != NULL) {
        good = capture_finish(files->pcapng, good ? error : NULL) && good;
    }
    g_free(files);
    return good;
}

RunFiles *
run_files_new(const RunOptions *options, const Scenario *scenario,
              const TraceAbout *about, const char *folder, GError **error)
{
    RunFiles *files = g_new0(RunFiles, 1);

    files->options = options;
    if (folder != NULL &&
        (!open_traces(files, about, folder, error) ||
         !open_captures(files, scenario, about, folder, error))) {
        trace_free(files->text);
        trace_free(files->binary);
        trace_free(files->tail);
        trace_perfetto_free(files->perfetto);
        trace_shiviz_free(files->shiviz);
        capture_free(files->pcap);
        capture_free(files->pcapng);
        g_free(files);
        return NULL;
    }
    return files;
}

static bool
open_traces(RunFiles *files, const TraceAbout *about, const char *folder,
            GError **error)
{
    const RunOptions *options = files->options;
    g_autofree char *text = g_build_filename(folder, "trace.txt", NULL);
    g_autofree char *binary = g_build_filename(folder, "trace.sbt.zst", NULL);
    g_autofree char *tail = g_build_filename(folder, "last_events.txt", NULL);
    g_autofree char *perfetto =
        g_build_filename(folder, "trace.perfetto-trace", NULL);
    g_autofree char *shiviz = g_build_filename(folder, "trace.shiviz", NULL);

    return (!options->trace_text ||
            (files->text = trace_new_text(text, about, error)) != NULL) &&
           (!options->trace_binary ||
            (files->binary = trace_new_binary(binary, about, error)) != NULL) &&
           (options->tail_from == 0 ||
            (files->tail = trace_new_text(tail, about, error)) != NULL) &&
           (!options->trace_perfetto ||
            (files->perfetto = trace_perfetto_new(perfetto, about, error)) !=
                NULL) &&
           (!options->trace_shiviz ||
            (files->shiviz = trace_shiviz_new(shiviz, about, error)) != NULL);
}

static bool
open_captures(RunFiles *files, const Scenario *scenario,
              const TraceAbout *about, const char *folder, GError **error)
{
    const RunOptions *options = files->options;
    g_autofree char *pcap = g_build_filename(folder, "capture.pcap", NULL);
    g_autofree char *pcapng = g_build_filename(folder, "capture.pcapng", NULL);
    g_autofree uint8_t *regions = host_regions(scenario);
    CaptureAbout capture = {.node_count = about->node_count,
                            .client_count = about->client_count,
                            .regions = regions,
                            .mtu = scenario->links.mtu,
                            .scenario = about->scenario,
                            .seed = about->seed};

    if (options->capture_pcap &&
        (files->pcap = capture_new(pcap, &capture, error)) == NULL) {
        return false;
    }
    capture.form = CAPTURE_PCAPNG;
    return !options->capture_pcapng ||
           (files->pcapng = capture_new(pcapng, &capture, error)) != NULL;
}

/* By host, 0: none; else one more than the region's number. */
static uint8_t *
host_regions(const Scenario *scenario)
{
    uint8_t *regions = g_new0(uint8_t, NODE_ID_MAX + 1);
    unsigned host = 1;

    for (unsigned i = 0; i < scenario->node_count; i++, host++) {
        regions[host] = region_number(
            scenario->node_regions != NULL ? scenario->node_regions[i] : NULL);
    }
    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        const ClientGroup *group = &scenario->clients[i];

        for (unsigned j = 0; j < group->count && host <= NODE_ID_MAX;
             j++, host++) {
            regions[host] = region_number(group->region);
        }
    }
    return regions;
}

static uint8_t
region_number(const char *name)
{
    RegionId region = name != NULL ? regions_find(name) : REGIONS_NONE;

    return region < CAPTURE_REGION_MAX ? (uint8_t)(region + 1) : 0;
}
