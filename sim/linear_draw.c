/* SPDX-License-Identifier: Apache-2.0 */
/* The timeline of an explanation. Every begin and end gets a place of its own
 * on the axis, at least LEAST apart, so that what is before what can be seen
 * whatever the times are. */
#include "sim/linear_draw.h"

#include <inttypes.h>
#include <string.h>

#define WIDTH  900
#define LEFT   104
#define RIGHT  24
#define TOP    96
#define ROW    38
#define BAR    12
#define LEAST  4u /* weight of any gap, to that of the longest: */
#define MOST   20u
#define LETTER 6 /* width of one in a label */
#define BOLD   7

typedef struct Draw {
    const LinearFailure *failure;
    GString *out;
    GArray *times;     /* SimTime, ascending, each once */
    GArray *xs;        /* int, of each */
    GArray *processes; /* uint64_t, ascending */
} Draw;

static void find_rows_and_times(Draw *draw);
static bool has_odd(const Draw *draw, uint64_t process);
static void place_times(Draw *draw);
static int x_of(const Draw *draw, SimTime time);
static int row_of(const Draw *draw, uint64_t process);
static void draw_head(Draw *draw, int height);
static void draw_axis(Draw *draw, int bottom);
static void draw_row(Draw *draw, unsigned row);
static int draw_label(Draw *draw, const LinearBar *bar, int y, int left,
                      int right);
static int draw_bar(Draw *draw, const LinearBar *bar, int y, int left,
                    int right);
static void draw_foot(Draw *draw, int y);
static void add_text(Draw *draw, int x, int y, const char *class,
                     const char *text, int letters);
static int by_number(gconstpointer a, gconstpointer b);
static void add_once(GArray *array, uint64_t number);

char *
linear_draw(const LinearFailure *failure)
{
    Draw draw = {.failure = failure, .out = g_string_new(NULL)};
    int bottom;

    draw.times = g_array_new(FALSE, FALSE, sizeof(SimTime));
    draw.xs = g_array_new(FALSE, FALSE, sizeof(int));
    draw.processes = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    find_rows_and_times(&draw);
    place_times(&draw);
    bottom = TOP + (int)draw.processes->len * ROW;
    draw_head(&draw, bottom + 76);
    draw_axis(&draw, bottom);
    for (unsigned i = 0; i < draw.processes->len; i++) {
        draw_row(&draw, i);
    }
    draw_foot(&draw, bottom);
    g_string_append(draw.out, "</svg>\n");
    g_array_free(draw.times, TRUE);
    g_array_free(draw.xs, TRUE);
    g_array_free(draw.processes, TRUE);
    return g_string_free(draw.out, FALSE);
}

static void
find_rows_and_times(Draw *draw)
{
    const GArray *bars = draw->failure->bars;
    unsigned odd_rows = 0;

    for (unsigned i = 0; i < bars->len; i++) {
        const LinearBar *bar = &g_array_index(bars, LinearBar, i);

        add_once(draw->times, bar->from);
        add_once(draw->times, bar->to);
        add_once(draw->processes, bar->process);
    }
    add_once(draw->times, draw->failure->at);
    g_array_sort(draw->times, by_number);
    g_array_sort(draw->processes, by_number);
    /* Rows with what cannot be ordered come first. */
    for (unsigned i = 0; i < draw->processes->len; i++) {
        uint64_t process = g_array_index(draw->processes, uint64_t, i);

        if (has_odd(draw, process)) {
            g_array_remove_index(draw->processes, i);
            g_array_insert_val(draw->processes, odd_rows, process);
            odd_rows++;
        }
    }
}

static bool
has_odd(const Draw *draw, uint64_t process)
{
    const GArray *bars = draw->failure->bars;
    bool odd = false;

    for (unsigned i = 0; i < bars->len; i++) {
        const LinearBar *bar = &g_array_index(bars, LinearBar, i);

        odd = odd || (bar->odd && bar->process == process);
    }
    return odd;
}

static void
place_times(Draw *draw)
{
    uint64_t longest = 1, sum = 0, upto = 0;
    const SimTime *times = (const SimTime *)(const void *)draw->times->data;

    for (unsigned i = 1; i < draw->times->len; i++) {
        longest = MAX(longest, times[i] - times[i - 1]);
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        upto = 0;
        for (unsigned i = 0; i < draw->times->len; i++) {
            int x;

            if (i > 0) {
                upto += LEAST + (uint64_t)((double)(times[i] - times[i - 1]) /
                                           (double)longest * (MOST - LEAST));
            }
            if (pass == 1) {
                x = LEFT + (int)(upto * (WIDTH - LEFT - RIGHT) / MAX(sum, 1));
                g_array_append_val(draw->xs, x);
            }
        }
        sum = upto;
    }
}

static int
x_of(const Draw *draw, SimTime time)
{
    for (unsigned i = 0; i < draw->times->len; i++) {
        if (g_array_index(draw->times, SimTime, i) == time) {
            return g_array_index(draw->xs, int, i);
        }
    }
    g_assert_not_reached();
}

static int
row_of(const Draw *draw, uint64_t process)
{
    int row = 0;

    while (g_array_index(draw->processes, uint64_t, row) != process) {
        row++;
    }
    return row;
}

static void
draw_head(Draw *draw, int height)
{
    const LinearFailure *failure = draw->failure;
    char text[256];

    g_string_append_printf(
        draw->out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
        "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
        "font-size=\"11\">\n<style>\n"
        "text{fill:#333}.h{font-size:15px;font-weight:bold}.s{fill:#666}"
        ".o{fill:#b3261e;font-weight:bold}.n{font-size:9px;fill:#fff}\n"
        "</style>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
        WIDTH, height, WIDTH, height, WIDTH, height);
    g_snprintf(text, sizeof(text), "%s%s is not linearizable",
               failure->key != NULL ? "key " : "The history",
               failure->key != NULL ? failure->key : "");
    add_text(draw, 12, 24, "h", text, 90);
    g_snprintf(text, sizeof(text),
               "%u operation%s cannot be ordered (red). Line %" PRIu64
               " of the history is the first that shows it; %u operations "
               "came before what is drawn.",
               failure->odd_count, failure->odd_count == 1 ? "" : "s",
               failure->line, failure->left_out);
    add_text(draw, 12, 44, "s", text, 140);
}

/* Times where there is room for them, and the return that nothing explains. */
static void
draw_axis(Draw *draw, int bottom)
{
    int free_from = 0, x;
    char text[48];

    for (unsigned i = 0; i < draw->times->len; i++) {
        x = g_array_index(draw->xs, int, i);
        g_string_append_printf(
            draw->out,
            "<path d=\"M%d %dV%d\" stroke=\"#e4e4e4\" fill=\"none\"/>\n", x,
            TOP - 18, bottom);
        g_snprintf(text, sizeof(text), "%.6f s",
                   (double)g_array_index(draw->times, SimTime, i) / 1e9);
        if (x >= free_from && x < WIDTH - RIGHT - 30) {
            add_text(draw, x, TOP - 22, "s", text, 20);
            free_from = x + (int)strlen(text) * LETTER + 12;
        }
    }
    x = x_of(draw, draw->failure->at);
    g_string_append_printf(draw->out,
                           "<path d=\"M%d %dV%d\" stroke=\"#b3261e\" "
                           "stroke-dasharray=\"4 3\" fill=\"none\"/>\n",
                           x, TOP - 18, bottom + 4);
}

static void
draw_row(Draw *draw, unsigned row)
{
    const GArray *bars = draw->failure->bars;
    int y = TOP + (int)row * ROW, left = LEFT;
    char text[48];

    g_snprintf(text, sizeof(text), "process %" PRIu64,
               g_array_index(draw->processes, uint64_t, row));
    add_text(draw, 12, y + 26, "s", text, 14);
    g_string_append_printf(draw->out,
                           "<path d=\"M12 %dH%d\" stroke=\"#f0f0f0\"/>\n",
                           y + ROW, WIDTH - 12);
    for (unsigned i = 0; i < bars->len; i++) {
        const LinearBar *bar = &g_array_index(bars, LinearBar, i);
        int right = WIDTH - 6;

        if (row_of(draw, bar->process) != (int)row) {
            continue;
        }
        for (unsigned k = i + 1; k < bars->len && right == WIDTH - 6; k++) {
            const LinearBar *after = &g_array_index(bars, LinearBar, k);

            if (after->process == bar->process) {
                right = x_of(draw, after->from) - 4;
            }
        }
        left = draw_bar(draw, bar, y, left, right);
    }
}

/* Its label begins where it does, or further left if there is no room up to
 * @right; not left of @left. Returns where the next one may begin. */
static int
draw_label(Draw *draw, const LinearBar *bar, int y, int left, int right)
{
    int x = x_of(draw, bar->from);
    int width = (int)strlen(bar->text) * (bar->odd ? BOLD : LETTER);

    if (x + width > right) {
        x = MIN(x, MAX(left, right - width));
    }
    add_text(draw, x, y + 14, bar->odd ? "o" : "b", bar->text,
             MAX((right - x) / (bar->odd ? BOLD : LETTER), 3));
    return MIN(x + width, right) + 8;
}

static int
draw_bar(Draw *draw, const LinearBar *bar, int y, int left, int right)
{
    int x = x_of(draw, bar->from), width = MAX(x_of(draw, bar->to) - x, 3);
    const char *fill = bar->odd ? "#c8463c" : bar->ended ? "#5b86b5" : "#fff";
    const char *edge = bar->odd ? "#8c1d18" : bar->ended ? "#3d648f" : "#999";
    g_autofree char *valid = g_utf8_make_valid(bar->text, -1);
    g_autofree char *escaped = g_markup_escape_text(valid, -1);
    char place[16];

    g_string_append_printf(
        draw->out,
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" "
        "fill=\"%s\" stroke=\"%s\"%s><title>",
        x, y + 18, width, BAR, fill, edge,
        bar->ended ? "" : " stroke-dasharray=\"3 2\"");
    for (const char *at = escaped; *at != '\0'; at++) {
        g_string_append_c(draw->out, (unsigned char)*at < 0x20 ? '?' : *at);
    }
    g_string_append_printf(
        draw->out, ", process %" PRIu64 ", line %" PRIu64 "</title></rect>\n",
        bar->process, bar->line);
    if (!bar->ended) {
        /* Open to the right: it may yet happen. */
        g_string_append_printf(draw->out,
                               "<path d=\"M%d %dl6 %dl-6 %d\" fill=\"none\" "
                               "stroke=\"#999\"/>\n",
                               x + width + 2, y + 18, BAR / 2, BAR / 2);
    }
    g_snprintf(place, sizeof(place), "%u", bar->place);
    if (bar->place > 0 && bar->ended &&
        width >= 6 + (int)strlen(place) * LETTER) {
        add_text(draw, x + 3, y + 27, "n", place, 12);
    }
    return draw_label(draw, bar, y, left, right);
}

static void
draw_foot(Draw *draw, int y)
{
    const GPtrArray *states = draw->failure->states;
    GString *text = g_string_new("before the dashed line the state could be ");
    int x = MIN(x_of(draw, draw->failure->at), WIDTH - 260);

    add_text(draw, x, y + 16, "o", "what is told here, no order explains", 60);
    for (unsigned i = 0; i < states->len; i++) {
        g_string_append_printf(text, "%s%s", i > 0 ? " or " : "",
                               (const char *)states->pdata[i]);
    }
    if (states->len > 0) {
        add_text(draw, 12, y + 40, "b", text->str, 140);
    }
    add_text(draw, 12, y + 60, "s",
             "Numbers in bars: the order that comes furthest. Dashed bars: may "
             "or may not have happened. Gaps in time are shortened.",
             160);
    g_string_free(text, TRUE);
}

/* At most @letters of @text, whatever is in it. */
static void
add_text(Draw *draw, int x, int y, const char *class, const char *text,
         int letters)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *escaped = NULL;
    char *shown = valid;
    glong length = g_utf8_strlen(valid, -1);

    for (char *at = valid; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20) {
            *at = '?';
        }
    }
    if (length > letters) {
        shown = g_utf8_substring(valid, 0, MAX(letters - 1, 1));
    }
    escaped = g_markup_escape_text(shown, -1);
    g_string_append_printf(draw->out,
                           "<text x=\"%d\" y=\"%d\" class=\"%s\">%s%s</text>\n",
                           x, y, class, escaped, shown != valid ? "…" : "");
    if (shown != valid) {
        g_free(shown);
    }
}

static int
by_number(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void
add_once(GArray *array, uint64_t number)
{
    for (unsigned i = 0; i < array->len; i++) {
        if (g_array_index(array, uint64_t, i) == number) {
            return;
        }
    }
    g_array_append_val(array, number);
}
