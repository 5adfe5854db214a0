/* SPDX-License-Identifier: Apache-2.0 */
/* Everything with a place in time says it as shares of the run (data-a,
 * data-b), so that the page's script can zoom; where it stands first is
 * written out, so that no script is needed. */
#include "sim/report_timeline.h"

#include <inttypes.h>
#include <string.h>

#include "sim/html.h"
#include "sim/nemesis.h"

#define WIDTH        900u
#define LEFT         58u
#define RIGHT        12u
#define PLOT_WIDTH   (WIDTH - LEFT - RIGHT)
#define FAULT_HEIGHT 17u
#define AXIS_HEIGHT  34u
#define LANES_MAX    12u
#define LETTER       6.1 /* the width of one, more or less */
#define TICKS_MAX    9u
#define CROWD        4000u /* bands beyond which the shortest are left out */

typedef struct Timeline {
    GString *out;
    const ReportData *data;
    double span;          /* nanoseconds */
    unsigned fault_lanes; /* lines of faults that do not overlap */
    unsigned *lane_of;    /* by fault */
    unsigned node_height, nodes_top, axis_top;
} Timeline;

static void pack_faults(Timeline *timeline);
static void draw_faults(const Timeline *timeline);
static void draw_nodes(const Timeline *timeline);
static void draw_axis(const Timeline *timeline);
static void draw_violations(const Timeline *timeline);
static void put_bar(const Timeline *timeline, const char *class, SimTime start,
                    SimTime end, double y, double height);
static void put_label(const Timeline *timeline, const char *class,
                      SimTime start, SimTime end, double y, const char *text,
                      double unless);
static double room_of(const char *text);
static double share(const Timeline *timeline, SimTime at);
static double place(const Timeline *timeline, SimTime at);

void
report_timeline(GString *out, const ReportData *data)
{
    Timeline timeline = {.out = out,
                         .data = data,
                         .span = data->end > 0 ? (double)data->end : 1};
    unsigned height;

    timeline.lane_of = g_new0(unsigned, data->faults->len + 1);
    pack_faults(&timeline);
    timeline.nodes_top = 22 + timeline.fault_lanes * FAULT_HEIGHT +
                         (timeline.fault_lanes > 0 ? 8 : 0);
    timeline.node_height = data->node_count > 30   ? 11
                           : data->node_count > 12 ? 17
                                                   : 26;
    timeline.axis_top =
        timeline.nodes_top + data->node_count * timeline.node_height + 4;
    height = timeline.axis_top + AXIS_HEIGHT;
    g_string_append_printf(
        out,
        "<div class=\"scroll\"><svg id=\"timeline\" class=\"wide\" viewBox=\"0 "
        "0 %u %u\" data-left=\"%u\" data-width=\"%u\" data-span=\"%.9f\" "
        "data-axis=\"%u\" role=\"img\" aria-label=\"Roles of each node and "
        "faults over virtual time\">\n",
        WIDTH, height, LEFT, PLOT_WIDTH, timeline.span / 1e9,
        timeline.axis_top);
    draw_faults(&timeline);
    draw_nodes(&timeline);
    draw_axis(&timeline);
    draw_violations(&timeline);
    g_string_append(out, "</svg></div>\n");
    g_free(timeline.lane_of);
}

/* Each into the first line where it overlaps nothing. */
static void
pack_faults(Timeline *timeline)
{
    SimTime free_from[LANES_MAX] = {0};
    const GArray *faults = timeline->data->faults;
    double gap = timeline->span / 300;

    for (unsigned i = 0; i < faults->len; i++) {
        const ReportFault *fault = &g_array_index(faults, ReportFault, i);
        unsigned lane = 0;

        while (lane < LANES_MAX - 1 && free_from[lane] > fault->start) {
            lane++;
        }
        free_from[lane] = fault->end + (SimTime)gap;
        timeline->lane_of[i] = lane;
        timeline->fault_lanes = MAX(timeline->fault_lanes, lane + 1);
    }
}

static void
draw_faults(const Timeline *timeline)
{
    const GArray *faults = timeline->data->faults;
    GString *out = timeline->out;

    if (faults->len > 0) {
        g_string_append_printf(out,
                               "<text class=\"who\" x=\"%u\" y=\"34\">faults"
                               "</text>\n",
                               LEFT - 8);
    }
    for (unsigned i = 0; i < faults->len; i++) {
        const ReportFault *fault = &g_array_index(faults, ReportFault, i);
        double y = 22 + (double)timeline->lane_of[i] * FAULT_HEIGHT;

        if (i >= CROWD) {
            break;
        }

        char number[24];
        const char *package = nemesis_of(fault_kind_find(fault->kind));
        g_autofree char *class = g_strdup_printf("fault f-%s", package);
        g_autofree char *on = g_strdup_printf("faultname on-f-%s", package);
        g_autofree char *label = g_strdup_printf(
            "#%" PRIu64 " %s %s", fault->line, fault->kind, fault->whom);

        g_string_append(out, "<g><title>");
        html_printf(out, "fault %" PRIu64 " of the plan: %s %s, ", fault->line,
                    fault->kind, fault->whom);
        html_time(out, fault->start, false);
        if (fault->end > fault->start) {
            g_string_append(out, " to ");
            html_time(out, fault->end, false);
        }
        g_string_append(out, "</title>");
        put_bar(timeline, class, fault->start, fault->end, y, FAULT_HEIGHT - 3);
        put_label(timeline, on, fault->start, fault->end, y + 11, label, 0);
        g_snprintf(number, sizeof(number), "#%" PRIu64, fault->line);
        put_label(timeline, on, fault->start, fault->end, y + 11, number,
                  room_of(label));
        g_string_append(out, "</g>\n");
    }
}

static void
draw_nodes(const Timeline *timeline)
{
    const ReportData *data = timeline->data;
    bool tall = timeline->node_height > 15;
    GString *out = timeline->out;

    for (NodeId node = 1; node <= data->node_count; node++) {
        double y =
            timeline->nodes_top + (double)(node - 1) * timeline->node_height;

        g_string_append_printf(out,
                               "<text class=\"who\" x=\"%u\" y=\"%.0f\">n%u"
                               "</text>\n",
                               LEFT - 8,
                               y + (double)timeline->node_height / 2 + 2, node);
    }
    for (unsigned i = 0; i < data->roles->len; i++) {
        const ReportRole *role = &g_array_index(data->roles, ReportRole, i);
        double y = timeline->nodes_top +
                   (double)(role->node - 1) * timeline->node_height;
        char class[16], label[40] = "";

        if ((role->end == role->start && role->start == 0) ||
            (data->roles->len > CROWD &&
             share(timeline, role->end) - share(timeline, role->start) <
                 1.0 / CROWD)) {
            continue; /* before the first start; not to be seen */
        }
        g_snprintf(class, sizeof(class), "r%u", role->role);
        if (role->role < REPORT_ROLE_DOWN && tall) {
            g_snprintf(label, sizeof(label), "%s%" PRIu64,
                       role->role == 3 ? "term " : "t", role->term);
        }
        g_string_append(out, "<g><title>");
        html_printf(out, "n%u %s", role->node, report_role_name(role->role));
        if (role->role < REPORT_ROLE_DOWN) {
            html_printf(out, ", term %" PRIu64, role->term);
        }
        g_string_append(out, ", ");
        html_time(out, role->start, false);
        g_string_append(out, " to ");
        html_time(out, role->end, false);
        g_string_append(out, "</title>");
        put_bar(timeline, class, role->start, role->end, y,
                (double)timeline->node_height - (tall ? 4 : 2));
        g_snprintf(class, sizeof(class), "on%u", role->role);
        put_label(timeline, class, role->start, role->end,
                  y + (double)timeline->node_height / 2 + 2, label, 0);
        g_string_append(out, "</g>\n");
    }
}

/* Steps of 1, 2 or 5 times a power of ten. */
static void
draw_axis(const Timeline *timeline)
{
    GString *out = timeline->out;
    uint64_t step = 1;
    unsigned turn = 0;

    while (timeline->span / (double)step > TICKS_MAX) {
        step = turn % 3 == 1 ? step / 2 * 5 : step * 2;
        turn++;
    }
    g_string_append_printf(out,
                           "<line class=\"axis\" x1=\"%u\" x2=\"%u\" y1=\"%u\" "
                           "y2=\"%u\"/>\n<g id=\"ticks\">",
                           LEFT, LEFT + PLOT_WIDTH, timeline->axis_top,
                           timeline->axis_top);
    for (uint64_t at = 0; (double)at <= timeline->span; at += step) {
        double x = place(timeline, at);

        g_string_append_printf(
            out,
            "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%u\" y2=\"%u\"/>"
            "<text class=\"tick\" x=\"%.1f\" y=\"%u\">%g</text>",
            x, x, timeline->axis_top, timeline->axis_top + 5, x,
            timeline->axis_top + 18, (double)at / 1e9);
    }
    g_string_append_printf(out,
                           "</g>\n<text class=\"tick\" x=\"%u\" y=\"%u\">"
                           "virtual time (s)</text>\n",
                           LEFT + PLOT_WIDTH / 2, timeline->axis_top + 31);
}

static void
draw_violations(const Timeline *timeline)
{
    JsonArray *array = report_json_array(timeline->data->run, "violations");
    GString *out = timeline->out;
    SimTime drawn = SIM_NEVER;

    for (unsigned i = 0; array != NULL && i < json_array_get_length(array);
         i++) {
        JsonObject *violation = report_json_item(array, i);
        SimTime at;
        NodeId node;

        if (violation == NULL) {
            continue;
        }
        at = report_json_count(violation, "at_ns");
        node = (NodeId)MIN(report_json_count(violation, "node"),
                           timeline->data->node_count);
        if (at != drawn) {
            g_string_append_printf(out,
                                   "<g class=\"z violation\" data-a=\"%.9f\" "
                                   "transform=\"translate(%.1f 0)\"><title>",
                                   share(timeline, at), place(timeline, at));
            html_text(out, report_json_text(violation, "check", ""));
            g_string_append(out, " at ");
            html_time(out, at, true);
            g_string_append_printf(
                out,
                "</title><path d=\"M0 18V%u\"/><path class=\"head\" d=\"M-6 "
                "6L6 18M6 6L-6 18\"/></g>\n",
                timeline->axis_top);
            drawn = at;
        }
        if (node > 0) {
            g_string_append_printf(
                out,
                "<g class=\"z violation\" data-a=\"%.9f\" "
                "transform=\"translate(%.1f 0)\"><circle cy=\"%u\" r=\"7\"/>"
                "</g>\n",
                share(timeline, at), place(timeline, at),
                timeline->nodes_top + (node - 1) * timeline->node_height +
                    timeline->node_height / 2 - 2);
        }
    }
}

static void
put_bar(const Timeline *timeline, const char *class, SimTime start, SimTime end,
        double y, double height)
{
    double x = place(timeline, start);

    g_string_append_printf(
        timeline->out,
        "<rect class=\"z %s\" data-a=\"%.9f\" data-b=\"%.9f\" x=\"%.1f\" "
        "y=\"%.0f\" width=\"%.1f\" height=\"%.0f\"/>",
        class, share(timeline, start), share(timeline, end), x, y,
        MAX(place(timeline, end) - x, 1.5), height);
}

/* Shown where there is room for it, unless there is as much as @unless, which
 * a longer one needs. */
static void
put_label(const Timeline *timeline, const char *class, SimTime start,
          SimTime end, double y, const char *text, double unless)
{
    double x = place(timeline, start);
    double room = place(timeline, end) - x;

    if (text[0] == '\0') {
        return;
    }
    g_string_append_printf(
        timeline->out,
        "<text class=\"z %s\" data-a=\"%.9f\" data-b=\"%.9f\" x=\"%.1f\" "
        "y=\"%.0f\"",
        class, share(timeline, start), share(timeline, end), x + 4, y);
    if (unless > 0) {
        g_string_append_printf(timeline->out, " data-unless=\"%.1f\"", unless);
    }
    if (room < room_of(text) || (unless > 0 && room >= unless)) {
        g_string_append(timeline->out, " display=\"none\"");
    }
    g_string_append_c(timeline->out, '>');
    html_text(timeline->out, text);
    g_string_append(timeline->out, "</text>");
}

static double
room_of(const char *text)
{
    return (double)strlen(text) * LETTER + 6;
}

static double
share(const Timeline *timeline, SimTime at)
{
    return MIN((double)at / timeline->span, 1);
}

static double
place(const Timeline *timeline, SimTime at)
{
    return LEFT + share(timeline, at) * PLOT_WIDTH;
}
