/* SPDX-License-Identifier: Apache-2.0 */
/* The one-screen summary. */
#include "sim/summary.h"

#include <inttypes.h>

#include "sim/report.h"

static void print_violations(FILE *stream, const RunResult *result);
static void print_faults(FILE *stream, const RunResult *result);
static void print_criteria(FILE *stream, const RunResult *result);

void
summary_print(FILE *stream, const RunOptions *options, const RunResult *result)
{
    static const char *const words[] = {"PASS", "VIOLATED", "UNKNOWN"};
    char digest[DIGEST_TEXT_SIZE];

    digest_text(result->digest, digest);
    fprintf(stream, "%s  %s, seed %" PRIu64 "\n\n", words[result->verdict],
            result->name, options->seed);
    print_violations(stream, result);
    if (result->unknown[0] != '\0') {
        fprintf(stream, "  %s\n\n", result->unknown);
    }
    fputs(result->story, stream);
    fprintf(stream,
            "\n  time        %.3f s virtual in %.3f s; %" PRIu64 " events\n",
            (double)result->virtual_ns / 1e9, (double)result->wall_ns / 1e9,
            result->events);
    fprintf(stream,
            "  messages    %" PRIu64 " sent, %" PRIu64 " delivered, %" PRIu64
            " dropped\n",
            result->sent, result->delivered, result->dropped);
    fprintf(stream,
            "  raft        %" PRIu64 " elections, highest term %" PRIu64
            ", %" PRIu64 " entries committed\n",
            run_metric(result, "elections"), run_metric(result, "highest_term"),
            run_metric(result, "commits"));
    fprintf(stream,
            "  clients     %" PRIu64 " ok, %" PRIu64 " failed, %" PRIu64
            " unknown; latency p50 %.3f ms, p99 %.3f ms\n",
            run_metric(result, "operations_ok"),
            run_metric(result, "operations_fail"),
            run_metric(result, "operations_info"),
            (double)run_metric(result, "latency_p50_ns") / 1e6,
            (double)run_metric(result, "latency_p99_ns") / 1e6);
    print_faults(stream, result);
    print_criteria(stream, result);
    fprintf(stream, "  digest      %s\n", digest);
    if (result->out[0] != '\0') {
        fprintf(stream, "  run folder  %s\n", result->out);
        fprintf(stream, "  replay      seedbed replay %s\n", result->out);
        if (result->verdict == RUN_VIOLATED) {
            fprintf(stream, "  one page    %s/%s\n", result->out, REPORT_FILE);
        }
    }
}

static void
print_violations(FILE *stream, const RunResult *result)
{
    for (unsigned i = 0; i < MIN(result->violation_count, RUN_VIOLATIONS_MAX);
         i++) {
        const RunViolation *violation = &result->violations[i];

        fprintf(stream, "  %s at %.9f s", violation->check,
                (double)violation->at / 1e9);
        if (violation->node != 0) {
            fprintf(stream, ", node %u", violation->node);
        }
        fprintf(stream, ": %s\n", violation->message);
    }
    if (result->violation_count > RUN_VIOLATIONS_MAX) {
        fprintf(stream, "  ... and %u more\n",
                result->violation_count - RUN_VIOLATIONS_MAX);
    }
    if (result->violation_count > 0) {
        fputc('\n', stream);
    }
}

static void
print_criteria(FILE *stream, const RunResult *result)
{
    for (unsigned i = 0; i < result->criterion_count; i++) {
        const CriterionResult *one = &result->criteria[i];
        g_autofree char *value = NULL;

        if (!one->judged) {
            value = g_strdup("not judged");
        } else if (one->measured == UINT64_MAX) {
            value = g_strdup("never");
        } else {
            value = criterion_value_text(one->unit, one->measured);
        }
        fprintf(stream, "  %-11s %s %s: %s\n", i == 0 ? "criteria" : "",
                !one->judged ? "--"
                : one->holds ? "ok"
                             : "NO",
                one->text, value);
    }
}

static void
print_faults(FILE *stream, const RunResult *result)
{
    bool any = false;

    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        const WorldCount *count = &result->faults[kind];

        if (count->drawn == 0) {
            continue;
        }
        fprintf(stream, "%s %s %u/%u", any ? "," : "  faults     ",
                fault_kind_name((FaultKind)kind), count->applied, count->drawn);
        any = true;
    }
    if (any) {
        fprintf(stream, " (applied/drawn)\n");
    }
}
