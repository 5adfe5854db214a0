/* SPDX-License-Identifier: Apache-2.0 */
/* A row is what happened at one host at one instant: mostly one step. Rows are
 * as far apart as they are many, not as time is long: what matters is who knew
 * what before whom (Lamport, "Time, clocks, and the ordering of events",
 * 1978). Clients share one lifeline without rows. */
#include "sim/report_diagram.h"

#include <inttypes.h>
#include <string.h>

#include "sim/html.h"
#include "sim/report_words.h"

#define WIDTH      900u
#define ROWS_MAX   72u
#define ROW_HEIGHT 19u
#define TOP        38u
#define LANES_LEFT 104u
#define LANES_ROOM 330.0
#define LANE_MAX   58.0
#define HEAD_WIDTH 30.0
#define LETTER     6.1 /* the width of one, more or less */

typedef struct Row {
    SimTime at;
    NodeId cell;
    unsigned first, count; /* lines */
    bool major;            /* not only clients' talk */
    bool shown;
    unsigned place;
} Row;

typedef struct Diagram {
    GString *out;
    const ReportData *data;
    GArray *lines; /* ReportLine */
    GArray *rows;  /* Row, all of them */
    GArray *shown; /* unsigned: numbers of rows */
    double lane_width;
    unsigned left_out;
    bool clients; /* some row shown is about them */
} Diagram;

static void read_lines(Diagram *diagram);
static void group_rows(Diagram *diagram);
static bool is_major(const Diagram *diagram, const Row *row);
static void choose_rows(Diagram *diagram);
static bool talks_to_clients(const Diagram *diagram, const Row *row);
static void draw_heads(const Diagram *diagram);
static void draw_lifelines(const Diagram *diagram);
static void draw_lifeline(const Diagram *diagram, NodeId node);
static void draw_syncs(const Diagram *diagram);
static void draw_sync(const Diagram *diagram, const Row *row,
                      const ReportEvent *sync);
static void draw_messages(const Diagram *diagram, const Row *row);
static void draw_send(const Diagram *diagram, const Row *row,
                      const ReportLine *line);
static bool is_said_before(const Diagram *diagram, const Row *row,
                           const ReportLine *line);
static void draw_stub(const Diagram *diagram, const Row *row,
                      const ReportLine *line);
static bool is_drawn_from(const Diagram *diagram, const Row *row,
                          const ReportEvent *event);
static bool same_message(const ReportEvent *left, const ReportEvent *right);
static void open_arrow(const Diagram *diagram, const char *class,
                       const ReportLine *line, const ReportLine *other);
static void draw_row(const Diagram *diagram, const Row *row);
static void clip(GString *words, glong letters);
static void draw_dot(const Diagram *diagram, const Row *row);
static const char *violated(const Diagram *diagram, const Row *row);
static void draw_verdict(const Diagram *diagram);
static const ReportLine *line_of(const Diagram *diagram, const Row *row,
                                 unsigned i);
static const Row *row_shown(const Diagram *diagram, unsigned place);
static double lane_x(const Diagram *diagram, NodeId host);
static double words_x(const Diagram *diagram);
static double row_y(const Row *row);
static double bottom(const Diagram *diagram);

bool
report_diagram(GString *out, const ReportData *data)
{
    Diagram diagram = {.out = out, .data = data};
    bool any;

    diagram.lines = g_array_new(FALSE, TRUE, sizeof(ReportLine));
    diagram.rows = g_array_new(FALSE, TRUE, sizeof(Row));
    diagram.shown = g_array_new(FALSE, TRUE, sizeof(unsigned));
    diagram.lane_width = MIN(LANES_ROOM / (data->node_count + 1), LANE_MAX);
    read_lines(&diagram);
    group_rows(&diagram);
    choose_rows(&diagram);
    any = diagram.shown->len > 0;
    if (any) {
        g_string_append_printf(
            out,
            "<div class=\"scroll\"><svg id=\"diagram\" class=\"wide\" "
            "viewBox=\"0 0 %u %.0f\" style=\"--life:%.1f\" role=\"img\" "
            "aria-label=\"Messages "
            "between nodes, time downwards\">\n",
            WIDTH, bottom(&diagram) + 26, MIN(5, diagram.lane_width * 0.7));
        for (unsigned i = 0; i < diagram.shown->len; i++) {
            draw_row(&diagram, row_shown(&diagram, i));
        }
        draw_heads(&diagram);
        draw_lifelines(&diagram);
        draw_syncs(&diagram);
        for (unsigned i = 0; i < diagram.shown->len; i++) {
            draw_messages(&diagram, row_shown(&diagram, i));
        }
        for (unsigned i = 0; i < diagram.shown->len; i++) {
            draw_dot(&diagram, row_shown(&diagram, i));
        }
        draw_verdict(&diagram);
        g_string_append(out, "</svg></div>\n<p class=\"note\">");
        g_string_append(out, "Rows are happenings, one below the other; time "
                             "does not run evenly.");
        if (diagram.left_out > 0) {
            g_string_append_printf(out,
                                   " %u of client traffic and timers are left "
                                   "out.",
                                   diagram.left_out);
        }
        g_string_append(out, "</p>\n");
    }
    g_array_unref(diagram.lines);
    g_array_unref(diagram.rows);
    g_array_unref(diagram.shown);
    return any;
}

static void
read_lines(Diagram *diagram)
{
    const char *at = diagram->data->events;

    while (at != NULL && *at != '\0') {
        size_t size = strcspn(at, "\n");
        ReportLine line = {.text = at, .size = size};

        if (report_event_parse(at, size, &line.event)) {
            g_array_append_val(diagram->lines, line);
        }
        at += size + (at[size] == '\n');
    }
}

static void
group_rows(Diagram *diagram)
{
    Row row = {0};

    for (unsigned i = 0; i < diagram->lines->len; i++) {
        const ReportEvent *event =
            &g_array_index(diagram->lines, ReportLine, i).event;

        if (row.count == 0 || event->at != row.at || event->cell != row.cell) {
            if (row.count > 0) {
                g_array_append_val(diagram->rows, row);
            }
            row = (Row){.at = event->at, .cell = event->cell, .first = i};
        }
        row.count++;
    }
    if (row.count > 0) {
        g_array_append_val(diagram->rows, row);
    }
}

static bool
is_major(const Diagram *diagram, const Row *row)
{
    for (unsigned i = 0; i < row->count; i++) {
        const ReportEvent *event = &line_of(diagram, row, i)->event;

        switch (event->kind) {
        case REPORT_OTHER:
        case REPORT_TIMER:
            break;
        case REPORT_RECEIVE:
        case REPORT_SEND:
        case REPORT_WAIT:
        case REPORT_DROP:
            if (event->peer <= diagram->data->node_count &&
                event->cell <= diagram->data->node_count) {
                return true;
            }
            break;
        default:
            return event->cell <= diagram->data->node_count;
        }
    }
    return false;
}

/* The last that matter, and the very last of all nodes' rows. */
static void
choose_rows(Diagram *diagram)
{
    unsigned count = 0, from = diagram->rows->len;
    bool last = true;

    while (from > 0 && count < ROWS_MAX) {
        Row *row = &g_array_index(diagram->rows, Row, from - 1);

        row->major = is_major(diagram, row) ||
                     (last && row->cell <= diagram->data->node_count);
        last = last && !row->major;
        count += row->major;
        diagram->left_out += !row->major;
        from--;
    }
    for (unsigned i = from; i < diagram->rows->len; i++) {
        Row *row = &g_array_index(diagram->rows, Row, i);

        if (row->major) {
            row->shown = true;
            diagram->clients =
                diagram->clients || talks_to_clients(diagram, row);
            row->place = diagram->shown->len;
            g_array_append_val(diagram->shown, i);
        }
    }
}

static bool
talks_to_clients(const Diagram *diagram, const Row *row)
{
    for (unsigned i = 0; i < row->count; i++) {
        if (line_of(diagram, row, i)->event.peer > diagram->data->node_count) {
            return true;
        }
    }
    return false;
}

static void
draw_heads(const Diagram *diagram)
{
    unsigned count = diagram->data->node_count;
    unsigned step = 1 + (unsigned)(HEAD_WIDTH / diagram->lane_width);

    for (NodeId node = 1; node <= count; node++) {
        if (node % step == 1 % step &&
            (node + step <= count + 1 || step == 1 || !diagram->clients)) {
            g_string_append_printf(
                diagram->out,
                "<text class=\"head\" x=\"%.1f\" y=\"16\">n%u</text>\n",
                lane_x(diagram, node), node);
        }
    }
    if (!diagram->clients) {
        return;
    }
    g_string_append_printf(
        diagram->out,
        "<text class=\"head faint\" x=\"%.1f\" y=\"16\">clients</text>\n"
        "<line class=\"life clients\" x1=\"%.1f\" x2=\"%.1f\" y1=\"24\" "
        "y2=\"%.0f\"/>\n",
        lane_x(diagram, count + 1), lane_x(diagram, count + 1),
        lane_x(diagram, count + 1), bottom(diagram));
}

static void
draw_lifelines(const Diagram *diagram)
{
    for (NodeId node = 1; node <= diagram->data->node_count; node++) {
        draw_lifeline(diagram, node);
    }
}

/* A piece for each role, between the rows at which it changes. */
static void
draw_lifeline(const Diagram *diagram, NodeId node)
{
    const Row *first = row_shown(diagram, 0);
    const ReportRole *role =
        report_role_at(diagram->data, node, first->at > 0 ? first->at - 1 : 0);
    double from = 24;

    for (unsigned i = 0; i <= diagram->shown->len; i++) {
        bool end = i == diagram->shown->len;
        const Row *row = end ? NULL : row_shown(diagram, i);
        const ReportRole *now =
            end ? NULL : report_role_at(diagram->data, node, row->at);
        double to = end ? bottom(diagram) : row_y(row);
        unsigned was = role != NULL ? role->role : REPORT_ROLE_DOWN;

        if (!end && (now != NULL ? now->role : REPORT_ROLE_DOWN) == was) {
            continue;
        }
        g_string_append_printf(
            diagram->out,
            "<line class=\"life l%u\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
            "y2=\"%.1f\"><title>n%u: ",
            was, lane_x(diagram, node), lane_x(diagram, node), from, to, node);
        html_text(diagram->out, report_role_name(was));
        if (role != NULL && was < REPORT_ROLE_DOWN) {
            html_printf(diagram->out, " of term %" PRIu64, role->term);
        }
        g_string_append(diagram->out, "</title></line>\n");
        from = to;
        role = now;
    }
}

static void
draw_syncs(const Diagram *diagram)
{
    for (unsigned i = 0; i < diagram->shown->len; i++) {
        const Row *row = row_shown(diagram, i);

        for (unsigned j = 0; j < row->count; j++) {
            const ReportLine *line = line_of(diagram, row, j);

            if (line->event.kind == REPORT_SYNC) {
                draw_sync(diagram, row, &line->event);
            }
        }
    }
}

/* A bracket beside the lifeline for as long as it is not durable. */
static void
draw_sync(const Diagram *diagram, const Row *row, const ReportEvent *sync)
{
    double x = lane_x(diagram, row->cell) - 8;
    double to = bottom(diagram);
    const char *class = "sync open";

    for (unsigned i = row->place + 1; i < diagram->shown->len; i++) {
        const Row *later = row_shown(diagram, i);

        for (unsigned j = 0; later->cell == row->cell && j < later->count;
             j++) {
            const ReportEvent *event = &line_of(diagram, later, j)->event;

            if (event->kind == REPORT_CRASH ||
                (event->kind == REPORT_DURABLE &&
                 event->number == sync->number)) {
                to = row_y(later);
                class = event->kind == REPORT_CRASH ? "sync gone" : "sync";
                i = diagram->shown->len;
                break;
            }
        }
    }
    g_string_append_printf(
        diagram->out,
        "<path class=\"%s\" d=\"M%.1f %.1fh-3V%.1fh3\"><title>n%u: sync "
        "#%" PRIu64 "%s</title></path>\n",
        class, x + 3, row_y(row), to, row->cell, sync->number,
        class[4] == '\0' ? "" : ", never durable");
}

static void
draw_messages(const Diagram *diagram, const Row *row)
{
    for (unsigned i = 0; i < row->count; i++) {
        const ReportLine *line = line_of(diagram, row, i);

        if (line->event.kind == REPORT_SEND && line->event.peer != 0) {
            draw_send(diagram, row, line);
        } else if ((line->event.kind == REPORT_RECEIVE ||
                    line->event.kind == REPORT_DROP) &&
                   !is_drawn_from(diagram, row, &line->event)) {
            draw_stub(diagram, row, line);
        }
    }
}

static void
draw_send(const Diagram *diagram, const Row *row, const ReportLine *line)
{
    double x = lane_x(diagram, row->cell), y = row_y(row);
    double far = lane_x(diagram, line->event.peer);
    unsigned arrivals = 0;

    if (line->event.peer > diagram->data->node_count) {
        open_arrow(diagram, "client", line, NULL);
        g_string_append_printf(diagram->out,
                               "<path d=\"M%.1f %.1fL%.1f %.1f\"/></g>\n", x, y,
                               far - 3, y);
        return;
    }
    if (line->event.lost_size > 0) {
        double end_x = x + (far - x) * 0.62;
        double end_y = y + ROW_HEIGHT * 0.62;

        open_arrow(diagram, "lost", line, NULL);
        g_string_append_printf(
            diagram->out,
            "<path d=\"M%.1f %.1fL%.1f %.1f\"/><path class=\"cross\" "
            "d=\"M%.1f %.1fl8 8m0 -8l-8 8\"/></g>\n",
            x, y, end_x, end_y, end_x - 4, end_y - 4);
        return;
    }
    for (unsigned i = row->place + 1; i < diagram->shown->len; i++) {
        const Row *later = row_shown(diagram, i);

        for (unsigned j = 0;
             later->cell == line->event.peer && j < later->count; j++) {
            const ReportLine *other = line_of(diagram, later, j);
            bool dropped = other->event.kind == REPORT_DROP;

            if ((dropped || other->event.kind == REPORT_RECEIVE) &&
                same_message(&line->event, &other->event)) {
                open_arrow(diagram, dropped ? "lost" : "arrived", line, other);
                g_string_append_printf(
                    diagram->out, "<path d=\"M%.1f %.1fL%.1f %.1f\"/>", x, y,
                    far + (far > x ? -5 : 5), row_y(later));
                if (dropped) {
                    g_string_append_printf(diagram->out,
                                           "<path class=\"cross\" d=\"M%.1f "
                                           "%.1fl8 8m0 -8l-8 8\"/>",
                                           far - 4 + (far > x ? -5 : 5),
                                           row_y(later) - 4);
                }
                g_string_append(diagram->out, "</g>\n");
                arrivals++;
            }
        }
    }
    if (arrivals == 0 && !is_said_before(diagram, row, line)) {
        open_arrow(diagram, "flying", line, NULL);
        g_string_append_printf(diagram->out,
                               "<path d=\"M%.1f %.1fL%.1f %.1f\"/></g>\n", x, y,
                               far, bottom(diagram) + 14);
    }
}

/* One of many to the same node at once: one line stands for them. */
static bool
is_said_before(const Diagram *diagram, const Row *row, const ReportLine *line)
{
    const ReportLine *first = line_of(diagram, row, 0);

    return line > first && report_words_again(&line[-1].event, &line->event);
}

/* Its sending is not in the picture. */
static void
draw_stub(const Diagram *diagram, const Row *row, const ReportLine *line)
{
    double x = lane_x(diagram, row->cell), y = row_y(row);
    double far = lane_x(diagram, line->event.peer);
    double side = far > x ? 1 : -1;
    bool client = line->event.peer > diagram->data->node_count;

    open_arrow(diagram, client ? "client" : "arrived", line, NULL);
    if (client) {
        g_string_append_printf(diagram->out,
                               "<path d=\"M%.1f %.1fL%.1f %.1f\"/></g>\n", far,
                               y, x + 5, y);
    } else {
        g_string_append_printf(diagram->out,
                               "<path d=\"M%.1f %.1fL%.1f %.1f\"/></g>\n",
                               x + side * 24, y - 12, x + side * 5, y);
    }
}

static bool
is_drawn_from(const Diagram *diagram, const Row *row, const ReportEvent *event)
{
    for (unsigned i = 0; i < row->place; i++) {
        const Row *earlier = row_shown(diagram, i);

        for (unsigned j = 0; earlier->cell == event->peer && j < earlier->count;
             j++) {
            const ReportEvent *other = &line_of(diagram, earlier, j)->event;

            if (other->kind == REPORT_SEND && other->lost_size == 0 &&
                same_message(event, other)) {
                return true;
            }
        }
    }
    return false;
}

static bool
same_message(const ReportEvent *left, const ReportEvent *right)
{
    return left->message_number == right->message_number &&
           left->message_cell == right->message_cell;
}

/* A group whose title is the lines of the trace. */
static void
open_arrow(const Diagram *diagram, const char *class, const ReportLine *line,
           const ReportLine *other)
{
    g_string_append_printf(diagram->out, "<g class=\"m %s\"><title>", class);
    html_text_size(diagram->out, line->text, line->size);
    if (other != NULL) {
        g_string_append_c(diagram->out, '\n');
        html_text_size(diagram->out, other->text, other->size);
    }
    g_string_append(diagram->out, "</title>");
}

/* The instant, the dot on its lifeline, and the words. */
static void
draw_row(const Diagram *diagram, const Row *row)
{
    GString *out = diagram->out;
    GString *words = g_string_new(NULL);
    double y = row_y(row);
    bool world = row->cell == 0;
    bool bad = violated(diagram, row) != NULL;
    const Row *before =
        row->place > 0 ? row_shown(diagram, row->place - 1) : NULL;

    report_words(words, line_of(diagram, row, 0), row->count,
                 diagram->data->node_count);
    clip(words, (glong)((WIDTH - words_x(diagram)) / LETTER) - 3);
    g_string_append_printf(out, "<g class=\"row%s%s\"><title>",
                           world ? " world" : "", bad ? " bad" : "");
    for (unsigned i = 0; i < row->count; i++) {
        const ReportLine *line = line_of(diagram, row, i);

        html_text_size(out, line->text, line->size);
        g_string_append_c(out, '\n');
    }
    g_string_append_printf(
        out, "</title><rect x=\"0\" y=\"%.1f\" width=\"%u\" height=\"%u\"/>",
        y - ROW_HEIGHT / 2.0, WIDTH, ROW_HEIGHT);
    if (before == NULL || before->at != row->at) {
        g_string_append_printf(out,
                               "<text class=\"at\" x=\"78\" y=\"%.1f\">%" PRIu64
                               ".%06" PRIu64 "</text>",
                               y + 4, row->at / SIM_S, row->at % SIM_S / 1000);
    }
    g_string_append_printf(out, "<text class=\"say\" x=\"%.1f\" y=\"%.1f\">",
                           words_x(diagram), y + 4);
    if (!world) {
        g_string_append_printf(out, "<tspan class=\"who\">n%u</tspan> ",
                               row->cell);
    }
    html_text(out, words->str);
    g_string_append(out, "</text></g>\n");
    g_string_free(words, TRUE);
}

static void
clip(GString *words, glong letters)
{
    if (g_utf8_strlen(words->str, -1) > letters) {
        const char *end = g_utf8_offset_to_pointer(words->str, letters - 1);

        g_string_truncate(words, (gsize)(end - words->str));
        g_string_append(words, "…");
    }
}

/* On top of lifelines and arrows; a crash is a cross. */
static void
draw_dot(const Diagram *diagram, const Row *row)
{
    double x = lane_x(diagram, row->cell), y = row_y(row);
    bool crash = false;

    for (unsigned i = 0; i < row->count; i++) {
        ReportEventKind kind = line_of(diagram, row, i)->event.kind;

        crash = crash || kind == REPORT_CRASH || kind == REPORT_HALT;
    }
    if (row->cell == 0) {
        return;
    }
    if (crash) {
        g_string_append_printf(diagram->out,
                               "<path class=\"crash\" d=\"M%.1f %.1fl10 10m0 "
                               "-10l-10 10\"/>\n",
                               x - 5, y - 5);
    } else if (violated(diagram, row) != NULL) {
        g_string_append_printf(
            diagram->out,
            "<circle class=\"culprit\" cx=\"%.1f\" cy=\"%.1f\" r=\"7\"/>\n", x,
            y);
    } else {
        g_string_append_printf(
            diagram->out,
            "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", x, y);
    }
}

/* The check that this row violated; NULL: none. */
static const char *
violated(const Diagram *diagram, const Row *row)
{
    JsonArray *array = report_json_array(diagram->data->run, "violations");

    for (unsigned i = 0; array != NULL && i < json_array_get_length(array);
         i++) {
        JsonObject *violation = report_json_item(array, i);

        if (violation != NULL && row->cell != 0 &&
            report_json_count(violation, "at_ns") == row->at &&
            report_json_count(violation, "node") == row->cell) {
            return report_json_text(violation, "check", "?");
        }
    }
    return NULL;
}

/* Below the last row, if that is where the run stopped. */
static void
draw_verdict(const Diagram *diagram)
{
    const Row *last = row_shown(diagram, diagram->shown->len - 1);
    const char *check = violated(diagram, last);

    if (check != NULL) {
        g_string_append_printf(
            diagram->out, "<text class=\"broken\" x=\"%.1f\" y=\"%.1f\">✗ ",
            words_x(diagram), row_y(last) + ROW_HEIGHT + 4);
        html_text(diagram->out, check);
        g_string_append(diagram->out, "</text>\n");
    }
}

static const ReportLine *
line_of(const Diagram *diagram, const Row *row, unsigned i)
{
    return &g_array_index(diagram->lines, ReportLine, row->first + i);
}

static const Row *
row_shown(const Diagram *diagram, unsigned place)
{
    return &g_array_index(diagram->rows, Row,
                          g_array_index(diagram->shown, unsigned, place));
}

static double
lane_x(const Diagram *diagram, NodeId host)
{
    NodeId lane = MIN(host, diagram->data->node_count + 1);

    return LANES_LEFT + (double)(lane - 1) * diagram->lane_width + 8;
}

/* Beside the last lifeline. */
static double
words_x(const Diagram *diagram)
{
    return lane_x(diagram, diagram->data->node_count + diagram->clients) + 34;
}

static double
row_y(const Row *row)
{
    return TOP + (double)row->place * ROW_HEIGHT;
}

static double
bottom(const Diagram *diagram)
{
    return TOP + (double)diagram->shown->len * ROW_HEIGHT;
}
