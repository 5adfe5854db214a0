/* SPDX-License-Identifier: Apache-2.0 */
/* Words to criteria and back. */
#include "sim/criterion.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/quantity.h"
#include "sim/metrics.h"
#include "sim/scenario_value.h"

#define CRITERION_ERROR g_quark_from_static_string("seedbed-criterion")

/* Subjects in order; what they are measured in; where they may stand. */
static const struct {
    const char *name;
    CriterionSubject subject;
    CriterionUnit unit;
    bool whole, within; /* allowed of the whole run, within a time */
} subjects[] = {
    {"leader", CRITERION_LEADER, CRITERION_COUNT, false, true},
    {"progress", CRITERION_PROGRESS, CRITERION_COUNT, false, true},
    {"stable", CRITERION_STABLE, CRITERION_COUNT, false, true},
    {"consistent", CRITERION_CONSISTENT, CRITERION_COUNT, true, false},
    {"converged", CRITERION_CONVERGED, CRITERION_COUNT, true, true},
    {"availability", CRITERION_AVAILABILITY, CRITERION_FRACTION, true, true},
    {"error-rate", CRITERION_ERROR_RATE, CRITERION_FRACTION, true, true},
    {"throughput", CRITERION_THROUGHPUT, CRITERION_RATE, true, true},
    {"latency", CRITERION_LATENCY, CRITERION_DURATION, true, true},
    {"messages-per-operation", CRITERION_MESSAGES, CRITERION_DECIMAL, true,
     false},
};

/* Other names of metrics. */
static const struct {
    const char *name, *metric;
} nicknames[] = {
    {"leaders-per-term", "leaders_per_term_max"},
    {"operations", "operations_ok"},
    {"memory", "uncommitted_max_bytes"},
    {"log-size", "log_max_bytes"},
};

static const char *const events[] = {
    [CRITERION_START] = "start",
    [CRITERION_FAULT] = "fault",
    [CRITERION_HEAL] = "heal",
    [CRITERION_LAST_CHANGE] = "last-change",
    [CRITERION_LEADER_LOSS] = "leader-loss",
};

static const char *event_text(const Criterion *criterion);
static bool read_subject(const char *word, Criterion *criterion,
                         GError **error);
static bool read_quantile(const char *word, Criterion *criterion);
static bool read_metric(const char *word, Criterion *criterion);
static void match_metric(void *data, const char *name, uint64_t value);
static bool read_bound(char **words, unsigned count, Criterion *criterion,
                       GError **error);
static bool read_within(char **words, unsigned count, Criterion *criterion,
                        GError **error);
static bool read_event(const char *word, Criterion *criterion, GError **error);
static ScenarioType type_of(CriterionUnit unit);
static bool fail(GError **error, const char *found, const char *expected);

bool
criterion_parse(const char *text, Criterion *criterion, GError **error)
{
    g_auto(GStrv) all = g_strsplit_set(text, " \t", -1);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    unsigned at = 1, end;
    bool eventually = false;

    *criterion = (Criterion){0};
    for (char **word = all; *word != NULL; word++) {
        if ((*word)[0] != '\0') {
            g_ptr_array_add(words, *word);
        }
    }
    if (words->len == 0) {
        return fail(error, "nothing",
                    "a criterion such as availability >= "
                    "99%");
    }
    if (!read_subject(words->pdata[0], criterion, error)) {
        return false;
    }
    for (end = at;
         end < words->len && strcmp(words->pdata[end], "eventually") != 0 &&
         strcmp(words->pdata[end], "within") != 0;
         end++) {
    }
    if (!read_bound((char **)words->pdata + at, end - at, criterion, error)) {
        return false;
    }
    at = end;
    if (at < words->len && strcmp(words->pdata[at], "eventually") == 0) {
        eventually = true;
        at++;
    }
    if (at == words->len && eventually) {
        return fail(error, "eventually", "eventually within D of an event");
    }
    return read_within((char **)words->pdata + at, words->len - at, criterion,
                       error);
}

static bool
read_subject(const char *word, Criterion *criterion, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (strcmp(subjects[i].name, word) == 0 &&
            subjects[i].subject != CRITERION_LATENCY) {
            criterion->subject = subjects[i].subject;
            criterion->unit = subjects[i].unit;
            return true;
        }
    }
    if (g_str_has_prefix(word, "latency.") &&
        read_quantile(word + strlen("latency."), criterion)) {
        criterion->subject = CRITERION_LATENCY;
        criterion->unit = CRITERION_DURATION;
        return true;
    }
    if (read_metric(word, criterion)) {
        return true;
    }
    return fail(
        error, word,
        "leader, progress, stable, consistent, converged, availability, "
        "error-rate, throughput, latency.pN, latency.mean, "
        "latency.max, messages-per-operation, leaders-per-term, "
        "memory, log-size or a metric of run.json");
}

/* "p99.9", "mean", "max". */
static bool
read_quantile(const char *word, Criterion *criterion)
{
    int64_t thousandths;

    if (strcmp(word, "mean") == 0) {
        criterion->ppm = CRITERION_MEAN;
        return true;
    }
    if (strcmp(word, "max") == 0) {
        criterion->ppm = 1000000;
        return true;
    }
    if (word[0] != 'p' ||
        !scenario_value_parse(SCENARIO_TYPE_DECIMAL, word + 1, &thousandths) ||
        thousandths <= 0 || thousandths > 100000) {
        return false;
    }
    criterion->ppm = (unsigned)thousandths * 10;
    return true;
}

typedef struct Search {
    const char *name;
    bool found;
} Search;

static bool
read_metric(const char *word, Criterion *criterion)
{
    MetricsAbout about = {.node_count = 1};
    Search search = {word, false};
    Metrics *metrics;

    for (unsigned i = 0; i < G_N_ELEMENTS(nicknames); i++) {
        if (strcmp(nicknames[i].name, word) == 0) {
            search = (Search){nicknames[i].metric, true};
        }
    }
    if (!search.found) {
        metrics = metrics_new(NULL, &about, NULL);
        metrics_each(metrics, match_metric, &search);
        metrics_free(metrics);
    }
    if (!search.found || strlen(search.name) >= sizeof(criterion->metric)) {
        return false;
    }
    criterion->subject = CRITERION_METRIC;
    criterion->unit = g_str_has_suffix(search.name, "_ns") ? CRITERION_DURATION
                      : g_str_has_suffix(search.name, "_bytes")
                          ? CRITERION_SIZE
                          : CRITERION_COUNT;
    g_strlcpy(criterion->metric, search.name, sizeof(criterion->metric));
    return true;
}

static void
match_metric(void *data, const char *name, uint64_t value)
{
    Search *search = data;

    (void)value;
    search->found = search->found || strcmp(search->name, name) == 0;
}

static bool
read_bound(char **words, unsigned count, Criterion *criterion, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    ScenarioType type = type_of(criterion->unit);
    int64_t value;

    if (criterion->subject < CRITERION_AVAILABILITY) {
        return count == 0 ||
               fail(error, words[0], "nothing, or within D of an event");
    }
    if (count == 0 ||
        (strcmp(words[0], ">=") != 0 && strcmp(words[0], "<=") != 0 &&
         strcmp(words[0], "\342\211\245") != 0 &&
         strcmp(words[0], "\342\211\244") != 0)) {
        return fail(error, count == 0 ? "no bound" : words[0],
                    ">= or <= and a value");
    }
    criterion->at_least =
        words[0][0] == '>' || strcmp(words[0], "\342\211\245") == 0;
    for (unsigned i = 1; i < count; i++) {
        g_string_append_printf(text, "%s%s", i > 1 ? " " : "", words[i]);
    }
    if (!scenario_value_parse(type, text->str, &value) || value < 0) {
        return fail(error, text->len > 0 ? text->str : "no value",
                    scenario_value_expected(type));
    }
    criterion->bound = (uint64_t)value;
    return true;
}

static bool
read_within(char **words, unsigned count, Criterion *criterion, GError **error)
{
    bool whole = true, within = false;
    const char *name = "it";
    g_autoptr(GString) time = g_string_new(NULL);
    unsigned of = 1;

    for (unsigned i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (subjects[i].subject == criterion->subject) {
            whole = subjects[i].whole;
            within = subjects[i].within;
            name = subjects[i].name;
        }
    }
    if (count == 0) {
        return whole || fail(error, name, "within D of an event behind it");
    }
    if (!within) {
        return fail(error, words[0], "nothing behind what is of the whole run");
    }
    while (of < count && strcmp(words[of], "of") != 0) {
        g_string_append_printf(time, "%s%s", of > 1 ? " " : "", words[of]);
        of++;
    }
    if (!quantity_duration(time->str, &criterion->within, NULL) ||
        criterion->within == 0) {
        return fail(error, time->len > 0 ? time->str : "no time",
                    "a duration such as \"2 s\" behind within");
    }
    if ((criterion->subject >= CRITERION_AVAILABILITY ||
         criterion->subject == CRITERION_STABLE) &&
        criterion->within < CRITERION_WINDOW) {
        return fail(error, time->str,
                    "at least \"1 s\": it is measured over a second");
    }
    if (of + 2 != count) {
        return fail(error, of < count ? "no event" : "no `of`",
                    "of and one event, at the end");
    }
    return read_event(words[of + 1], criterion, error);
}

static bool
read_event(const char *word, Criterion *criterion, GError **error)
{
    for (unsigned i = CRITERION_START; i < G_N_ELEMENTS(events); i++) {
        if (strcmp(events[i], word) == 0) {
            criterion->event = (CriterionEvent)i;
            return true;
        }
    }
    criterion->kind = fault_kind_find(word);
    criterion->event = CRITERION_KIND;
    return criterion->kind != FAULT_NONE ||
           fail(error, word,
                "start, fault, heal, last-change, leader-loss or a fault kind");
}

static ScenarioType
type_of(CriterionUnit unit)
{
    static const ScenarioType types[] = {
        [CRITERION_COUNT] = SCENARIO_TYPE_COUNT64,
        [CRITERION_FRACTION] = SCENARIO_TYPE_FRACTION,
        [CRITERION_DURATION] = SCENARIO_TYPE_DURATION,
        [CRITERION_RATE] = SCENARIO_TYPE_OPERATIONS,
        [CRITERION_DECIMAL] = SCENARIO_TYPE_DECIMAL,
        [CRITERION_SIZE] = SCENARIO_TYPE_SIZE,
    };

    return types[unit];
}

char *
criterion_text(const Criterion *criterion)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (subjects[i].subject == criterion->subject) {
            g_string_append(text, subjects[i].name);
        }
    }
    if (criterion->subject == CRITERION_METRIC) {
        const char *name = criterion->metric;

        for (unsigned i = 0; i < G_N_ELEMENTS(nicknames); i++) {
            name = strcmp(nicknames[i].metric, criterion->metric) == 0
                       ? nicknames[i].name
                       : name;
        }
        g_string_append(text, name);
    } else if (criterion->subject == CRITERION_LATENCY) {
        if (criterion->ppm == CRITERION_MEAN) {
            g_string_append(text, ".mean");
        } else if (criterion->ppm == 1000000) {
            g_string_append(text, ".max");
        } else {
            g_autofree char *quantile =
                scenario_value_text(SCENARIO_TYPE_DECIMAL, criterion->ppm / 10);

            g_string_append_printf(text, ".p%s", quantile);
        }
    }
    if (criterion->subject >= CRITERION_AVAILABILITY) {
        g_autofree char *bound =
            criterion_value_text(criterion->unit, criterion->bound);

        g_string_append_printf(text, " %s %s",
                               criterion->at_least ? ">=" : "<=", bound);
    }
    if (criterion->event != CRITERION_WHOLE_RUN) {
        g_autofree char *within = quantity_text_duration(criterion->within);

        g_string_append_printf(
            text, "%s within %s of %s",
            criterion->subject >= CRITERION_AVAILABILITY ? " eventually" : "",
            within, event_text(criterion));
    }
    return g_string_free(text, FALSE);
}

/* The word of @event for `within`; of a kind, its name. */
static const char *
event_text(const Criterion *criterion)
{
    return criterion->event == CRITERION_KIND ? fault_kind_name(criterion->kind)
           : criterion->event == CRITERION_WHOLE_RUN ? "the run"
                                                     : events[criterion->event];
}

char *
criterion_value_text(CriterionUnit unit, uint64_t value)
{
    return scenario_value_text(type_of(unit), (int64_t)value);
}

static bool
fail(GError **error, const char *found, const char *expected)
{
    g_set_error(error, CRITERION_ERROR, 0, "found \"%s\", expected %s", found,
                expected);
    return false;
}
