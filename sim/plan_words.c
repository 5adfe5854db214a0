/* SPDX-License-Identifier: Apache-2.0 */
/* One format a kind of fault: %n is whom it strikes, %t the other side, %a
 * how much, %e the period, %w the netem words, %i the files. */
#include "sim/plan_words.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/quantity.h"
#include "sim/scenario_read.h"
#include "sim/scenario_value.h"

static const char *const formats[FAULT_KIND_COUNT] = {
    [FAULT_CRASH] = "power loss of %n",
    [FAULT_KILL] = "kill of %n",
    [FAULT_PAUSE] = "standstill of %n",
    [FAULT_SLOW] = "%n: every input takes %a of CPU",
    [FAULT_MEMORY] = "%n: told to use %a of memory",
    [FAULT_PARTITION] = "the network is cut: %n from %t",
    [FAULT_PARTITION_ONE_WAY] = "messages of %n to %t are lost",
    [FAULT_PARTITION_BRIDGE] = "two halves, joined by %n only",
    [FAULT_PARTITION_RING] = "a ring: every node sees a majority, no two the "
                             "same",
    [FAULT_FLAP] = "the network is cut and joined every %e: %n from %t",
    [FAULT_CLOG] = "messages of %n to %t are held back",
    [FAULT_CLOG_SWIZZLE] = "some nodes' messages are held back, one node after "
                           "the other",
    [FAULT_LINK] = "links of %n with %t: %w",
    [FAULT_CLOCK_STEP] = "%n: the wall clock jumps by %a",
    [FAULT_CLOCK_DRIFT] = "%n: clocks run fast by %a",
    [FAULT_DISK_SLOW] = "%n: every disk operation takes %a longer",
    [FAULT_DISK_FULL] = "%n: the disk is full",
    [FAULT_DISK_EIO] = "%n: reads and syncs of %i fail",
    [FAULT_DISK_LOST_SYNC] = "%n: the disk acknowledges syncs and does nothing",
    [FAULT_DISK_BIT_FLIP] = "%n: a bit of %i flips on the disk",
    [FAULT_DISK_MISDIRECT] = "%n: a write of %i lands at a wrong place",
    [FAULT_DISK_WIPE] = "%n: the disk is empty after the next power loss",
    [FAULT_HEAL_CORE] = "%n: healed for good, as the others never will be",
    [FAULT_REDRAW] = "another future: all later draws are others",
};

static char *time_text(SimTime time);
static void append_format(GString *out, const Fault *fault, const char *format);
static void append_selector(GString *out, const char *text);
static void append_side(GString *out, const Fault *fault);
static void append_term(GString *out, const char *term);
static void append_amount(GString *out, const Fault *fault);

char *
plan_words(const Fault *fault)
{
    g_autofree char *at = time_text(fault->at);
    GString *out = g_string_new(NULL);
    const char *format = formats[fault->kind];

    g_string_printf(out, "at %s ", at);
    append_format(out, fault,
                  format != NULL ? format : fault_kind_name(fault->kind));
    if ((fault_kind_needs(fault->kind) & FAULT_FOR) != 0) {
        g_autofree char *length = time_text(fault->duration);

        g_string_append_printf(
            out, fault->duration > 0 ? " for %s" : " for good", length);
    }
    return g_string_free(out, FALSE);
}

/* To the millisecond, from ten of them on: the plan has all digits. */
static char *
time_text(SimTime time)
{
    return quantity_text_duration(
        time < 10 * SIM_MS ? time : (time + SIM_MS / 2) / SIM_MS * SIM_MS);
}

static void
append_format(GString *out, const Fault *fault, const char *format)
{
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            g_string_append_c(out, *at);
            continue;
        }
        switch (*++at) {
        case 'n':
            if (fault->groups != NULL) {
                g_string_append(out, fault->groups);
            } else {
                append_selector(out, fault->nodes);
            }
            break;
        case 't':
            append_side(out, fault);
            break;
        case 'a':
            append_amount(out, fault);
            break;
        case 'e': {
            g_autofree char *period = quantity_text_duration(fault->period);

            g_string_append(out, period);
            break;
        }
        case 'w':
            g_string_append(out, fault->netem);
            break;
        default:
            g_string_append(out,
                            fault->file != NULL ? fault->file : "any file");
            if (fault->file != NULL) {
                g_string_append_c(out, '*');
            }
            break;
        }
    }
}

static void
append_side(GString *out, const Fault *fault)
{
    if (fault->groups != NULL) {
        g_string_append(out, "each other");
    } else if (fault->peers == NULL) {
        g_string_append(out, "all other nodes");
    } else {
        append_selector(out, fault->peers);
    }
}

/* "[n1, leader]" is "n1 and the leader". */
static void
append_selector(GString *out, const char *text)
{
    g_autofree char *bare = g_strdup(text != NULL ? text : "all");
    g_auto(GStrv) terms = NULL;
    unsigned count;

    g_strdelimit(bare, "[]", ' ');
    terms = g_strsplit(bare, ",", -1);
    count = g_strv_length(terms);
    for (unsigned i = 0; i < count; i++) {
        g_string_append(out, i == 0 ? "" : i + 1 < count ? ", " : " and ");
        append_term(out, g_strstrip(terms[i]));
    }
}

static void
append_term(GString *out, const char *term)
{
    static const char *const words[][2] = {
        {"all", "all nodes"},       {"one", "one node"},
        {"minority", "a minority"}, {"majority", "a majority"},
        {"leader", "the leader"},   {"followers", "the followers"},
        {"clients", "the clients"}, {"rest", "the rest"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(term, words[i][0]) == 0) {
            g_string_append(out, words[i][1]);
            return;
        }
    }
    g_string_append(out, term);
}

static void
append_amount(GString *out, const Fault *fault)
{
    g_autofree char *text = scenario_value_text(
        scenario_read_amount_type(fault->kind), fault->amount);

    g_string_append(out, text);
}
