/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a scenario that shrinking turns. */
#include <stdlib.h>
#include <string.h>

#include "sim/shrink_edit.h"

typedef enum KnobKind {
    KNOB_NODES,
    KNOB_CLIENTS, /* of group index */
    KNOB_RATE,
    KNOB_OUTSTANDING,
    KNOB_THINK, /* up */
    KNOB_KEYS,
    KNOB_START, /* up */
    KNOB_STOP,
    KNOB_FOR, /* of line index */
    KNOB_AMOUNT,
    KNOB_WORD, /* take word part from a line */
    KNOB_LINE_CHANCE,
    KNOB_LINE_DELAY,
    KNOB_DELAY, /* of the links */
    KNOB_JITTER,
    KNOB_LOSS,
    KNOB_GAP, /* before line index */
    KNOB_ROUND_AT,
    KNOB_ROUND_FOR,
    KNOB_ROUND_AMOUNT,
} KnobKind;

static const SimTime grains[] = {SIM_S, 100 * SIM_MS, 10 * SIM_MS, SIM_MS};

static void add(GArray *knobs, KnobKind kind, unsigned index, unsigned part);
static void add_lines(const Scenario *scenario, GArray *knobs);
static unsigned down(uint64_t from, uint64_t least, int64_t *values);
static unsigned later(SimTime from, SimTime end, int64_t *values);
static unsigned slower(SimTime from, int64_t *values);
static unsigned rounded(int64_t from, int64_t *values);
static int64_t round_to(int64_t from, int64_t grain);
static SimTime gap_before(const Scenario *scenario, unsigned index);
static void set_gap(Scenario *scenario, unsigned index, SimTime gap);
static void set_nodes(Scenario *scenario, unsigned count);
static char *rename_nodes(const char *text, unsigned count);
static bool words_of(const Fault *fault, NetemConfig *config);
static void set_words(Fault *fault, const NetemConfig *config);
static Chance *chance_of(NetemConfig *config);

GArray *
shrink_edit_knobs(const Scenario *scenario, ShrinkKnobs knobs)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(ShrinkKnob));
    unsigned lines = scenario->timed->count;

    switch (knobs) {
    case SHRINK_KNOBS_NODES:
        add(list, KNOB_NODES, 0, 0);
        break;
    case SHRINK_KNOBS_CLIENTS:
        for (unsigned i = 0; i < scenario->client_group_count; i++) {
            add(list, KNOB_CLIENTS, i, 0);
            add(list, KNOB_KEYS, i, 0);
            add(list, KNOB_STOP, i, 0);
            add(list, KNOB_START, i, 0);
            if (scenario->clients[i].open_loop) {
                add(list, KNOB_RATE, i, 0);
            } else {
                add(list, KNOB_OUTSTANDING, i, 0);
                add(list, KNOB_THINK, i, 0);
            }
        }
        break;
    case SHRINK_KNOBS_FAULTS:
        add_lines(scenario, list);
        break;
    case SHRINK_KNOBS_LINKS:
        add(list, KNOB_LOSS, 0, 0);
        add(list, KNOB_JITTER, 0, 0);
        add(list, KNOB_DELAY, 0, 0);
        break;
    case SHRINK_KNOBS_TIMES:
        for (unsigned i = 0; i < lines; i++) {
            add(list, KNOB_GAP, i, 0);
        }
        break;
    case SHRINK_KNOBS_ROUND:
        for (unsigned i = 0; i < lines; i++) {
            add(list, KNOB_ROUND_AT, i, 0);
            add(list, KNOB_ROUND_FOR, i, 0);
            add(list, KNOB_ROUND_AMOUNT, i, 0);
        }
        break;
    }
    return list;
}

static void
add_lines(const Scenario *scenario, GArray *knobs)
{
    for (unsigned i = 0; i < scenario->timed->count; i++) {
        const Fault *fault = &scenario->timed->faults[i];
        NetemConfig config;

        if (words_of(fault, &config)) {
            for (unsigned word = 1; word < 1u << NETEM_WORDS; word <<= 1) {
                if (config.words != word && (config.words & word) != 0) {
                    add(knobs, KNOB_WORD, i, word);
                }
            }
            add(knobs, KNOB_LINE_CHANCE, i, 0);
            add(knobs, KNOB_LINE_DELAY, i, 0);
        }
        add(knobs, KNOB_FOR, i, 0);
        if ((fault_kind_needs(fault->kind) & FAULT_AMOUNT) != 0 &&
            fault->kind != FAULT_MEMORY) {
            add(knobs, KNOB_AMOUNT, i, 0);
        }
    }
}

static void
add(GArray *knobs, KnobKind kind, unsigned index, unsigned part)
{
    ShrinkKnob knob = {kind, index, part};

    g_array_append_val(knobs, knob);
}

unsigned
shrink_edit_values(const Scenario *scenario, const ShrinkKnob *knob,
                   SimTime failed_at, int64_t values[SHRINK_KNOB_VALUES])
{
    KnobKind kind = (KnobKind)knob->kind;
    const ClientGroup *group = kind >= KNOB_CLIENTS && kind <= KNOB_STOP
                                   ? &scenario->clients[knob->index]
                                   : NULL;
    const Fault *fault = kind >= KNOB_FOR && scenario->timed->count > 0
                             ? &scenario->timed->faults[knob->index]
                             : NULL;
    NetemConfig words = scenario->links;
    unsigned count;

    if (fault != NULL && (kind == KNOB_LINE_CHANCE || kind == KNOB_LINE_DELAY ||
                          kind == KNOB_WORD)) {
        (void)words_of(fault, &words);
    }
    switch (kind) {
    case KNOB_NODES:
        return down(scenario->node_count, 1, values);
    case KNOB_CLIENTS:
        return down(group->count, 1, values);
    case KNOB_RATE:
        return down(group->rate_milli, MIN(group->rate_milli, 1000), values);
    case KNOB_OUTSTANDING:
        return down(group->outstanding, 1, values);
    case KNOB_THINK:
        return slower(group->think, values);
    case KNOB_KEYS:
        return down(group->keys, 1, values);
    case KNOB_START:
        return later(group->start, MIN(failed_at, group->stop), values);
    case KNOB_STOP:
        return down(MIN(group->stop, failed_at), group->start + SIM_MS, values);
    case KNOB_FOR:
        return fault->duration > SIM_MS ? down(fault->duration, SIM_MS, values)
                                        : 0;
    case KNOB_AMOUNT:
        count = down((uint64_t)llabs(fault->amount), 1, values);
        for (unsigned i = 0; fault->amount < 0 && i < count; i++) {
            values[i] = -values[i];
        }
        return count;
    case KNOB_WORD:
        values[0] = 0;
        return (words.words & knob->part) != 0 && words.words != knob->part;
    case KNOB_LINE_CHANCE:
        return chance_of(&words) != NULL ? down((uint64_t)*chance_of(&words),
                                                CHANCE_ONE / 100, values)
                                         : 0;
    case KNOB_DELAY:
    case KNOB_LINE_DELAY:
        return down(words.delay, MIN(words.delay, SIM_MS), values);
    case KNOB_JITTER:
        return down(words.jitter, MIN(words.jitter, SIM_MS), values);
    case KNOB_LOSS:
        return chance_of(&words) != NULL ? down((uint64_t)*chance_of(&words),
                                                CHANCE_ONE / 1000, values)
                                         : 0;
    case KNOB_GAP:
        return down(gap_before(scenario, knob->index),
                    MIN(gap_before(scenario, knob->index), SIM_MS), values);
    case KNOB_ROUND_AT:
        return rounded((int64_t)fault->at, values);
    case KNOB_ROUND_FOR:
        return rounded((int64_t)fault->duration, values);
    case KNOB_ROUND_AMOUNT:
        return fault->kind == FAULT_CLOCK_STEP || fault->kind == FAULT_SLOW ||
                       fault->kind == FAULT_DISK_SLOW
                   ? rounded(fault->amount, values)
                   : 0;
    }
    return 0;
}

/* Less than @from, not less than @least, the least first. */
static unsigned
down(uint64_t from, uint64_t least, int64_t *values)
{
    const uint64_t tries[] = {
        least,        from / 16,
        from / 8,     from / 4,
        from / 8 * 3, from / 2,
        from * 3 / 4, from > 32 ? from / 8 * 7 : from - 1};
    unsigned count = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(tries); i++) {
        if (tries[i] >= least && tries[i] < from &&
            (count == 0 || (int64_t)tries[i] > values[count - 1])) {
            values[count++] = (int64_t)tries[i];
        }
    }
    return count;
}

/* After @from, the latest first. */
static unsigned
later(SimTime from, SimTime end, int64_t *values)
{
    SimTime room = end > from ? end - from : 0;
    unsigned count = 0;

    for (unsigned part = 1; part <= 15 && room > 16 * SIM_MS; part += 2) {
        values[count++] = (int64_t)((end - room / 16 * part) / SIM_MS * SIM_MS);
    }
    return count;
}

static unsigned
slower(SimTime from, int64_t *values)
{
    SimTime base = MAX(from, SIM_MS);
    unsigned count = 0;

    for (unsigned factor = 64; factor >= 2 && base < SIM_S; factor /= 2) {
        values[count++] = (int64_t)MIN(base * factor, SIM_S);
    }
    return count;
}

/* The roundest first; not what it is already. */
static unsigned
rounded(int64_t from, int64_t *values)
{
    unsigned count = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(grains); i++) {
        int64_t value = round_to(from, (int64_t)grains[i]);

        if (from % (int64_t)grains[i] == 0) {
            break;
        }
        if (value != 0 && value != from) {
            values[count++] = value;
        }
    }
    return count;
}

static int64_t
round_to(int64_t from, int64_t grain)
{
    int64_t half = from < 0 ? -grain / 2 : grain / 2;

    return (from + half) / grain * grain;
}

void
shrink_edit_set(Scenario *scenario, const ShrinkKnob *knob, int64_t value)
{
    KnobKind kind = (KnobKind)knob->kind;
    ClientGroup *group = kind >= KNOB_CLIENTS && kind <= KNOB_STOP
                             ? &scenario->clients[knob->index]
                             : NULL;
    Fault *fault = kind >= KNOB_FOR && scenario->timed->count > 0
                       ? &scenario->timed->faults[knob->index]
                       : NULL;
    NetemConfig *links = &scenario->links;
    NetemConfig words = scenario->links;
    uint64_t amount = (uint64_t)value;

    switch (kind) {
    case KNOB_NODES:
        set_nodes(scenario, (unsigned)value);
        break;
    case KNOB_CLIENTS:
        group->count = (unsigned)value;
        break;
    case KNOB_RATE:
        group->rate_milli = amount;
        break;
    case KNOB_OUTSTANDING:
        group->outstanding = (unsigned)value;
        break;
    case KNOB_THINK:
        group->think = amount;
        break;
    case KNOB_KEYS:
        group->keys = (unsigned)value;
        break;
    case KNOB_START:
        group->start = amount;
        break;
    case KNOB_STOP:
        group->stop = amount;
        break;
    case KNOB_ROUND_FOR:
    case KNOB_FOR:
        fault->duration = amount;
        break;
    case KNOB_ROUND_AMOUNT:
    case KNOB_AMOUNT:
        fault->amount = value;
        break;
    case KNOB_WORD:
        (void)words_of(fault, &words);
        netem_remove(&words, (NetemWord)knob->part);
        set_words(fault, &words);
        break;
    case KNOB_LINE_CHANCE:
        (void)words_of(fault, &words);
        *chance_of(&words) = (Chance)value;
        set_words(fault, &words);
        break;
    case KNOB_LINE_DELAY:
        (void)words_of(fault, &words);
        words.delay = amount;
        words.jitter = MIN(words.jitter, amount);
        set_words(fault, &words);
        break;
    case KNOB_DELAY:
        links->delay = amount;
        links->jitter = MIN(links->jitter, amount);
        break;
    case KNOB_JITTER:
        links->jitter = amount;
        break;
    case KNOB_LOSS:
        *chance_of(links) = (Chance)value;
        break;
    case KNOB_GAP:
        set_gap(scenario, knob->index, amount);
        break;
    case KNOB_ROUND_AT:
        fault->at = amount;
        plan_sort(scenario->timed);
        break;
    }
}

static SimTime
gap_before(const Scenario *scenario, unsigned index)
{
    const Fault *faults = scenario->timed->faults;

    return faults[index].at - (index > 0 ? faults[index - 1].at : 0);
}

/* That line and all behind it come sooner. */
static void
set_gap(Scenario *scenario, unsigned index, SimTime gap)
{
    SimTime sooner = gap_before(scenario, index) - gap;

    for (unsigned i = index; i < scenario->timed->count; i++) {
        scenario->timed->faults[i].at -= sooner;
    }
}

/* Lines that name a node which is gone name one that is there. */
static void
set_nodes(Scenario *scenario, unsigned count)
{
    for (unsigned i = 0; i < scenario->timed->count; i++) {
        Fault *fault = &scenario->timed->faults[i];
        char **texts[] = {&fault->nodes, &fault->peers, &fault->groups};

        for (unsigned k = 0; k < G_N_ELEMENTS(texts); k++) {
            char *text = rename_nodes(*texts[k], count);

            g_free(*texts[k]);
            *texts[k] = text;
        }
    }
    for (unsigned i = 0; i < scenario->rule_count; i++) {
        char *from = rename_nodes(scenario->rules[i].from, count);
        char *to = rename_nodes(scenario->rules[i].to, count);

        g_free(scenario->rules[i].from);
        g_free(scenario->rules[i].to);
        scenario->rules[i].from = from;
        scenario->rules[i].to = to;
    }
    if (scenario->node_regions != NULL) {
        for (unsigned i = count; i < scenario->node_count; i++) {
            g_clear_pointer(&scenario->node_regions[i], g_free);
        }
    }
    scenario->node_count = count;
}

/* n5 of three nodes becomes n2. */
static char *
rename_nodes(const char *text, unsigned count)
{
    GString *out;
    const char *at = text;

    if (text == NULL) {
        return NULL;
    }
    out = g_string_new(NULL);
    while (*at != '\0') {
        bool word = at > text &&
                    (g_ascii_isalnum(at[-1]) || at[-1] == '-' || at[-1] == ':');

        if (!word && *at == 'n' && g_ascii_isdigit(at[1])) {
            char *end;
            guint64 node = g_ascii_strtoull(at + 1, &end, 10);

            node = node > count ? (node - 1) % count + 1 : node;
            g_string_append_printf(out, "n%" G_GUINT64_FORMAT, node);
            at = end;
        } else {
            g_string_append_c(out, *at++);
        }
    }
    return g_string_free(out, FALSE);
}

static bool
words_of(const Fault *fault, NetemConfig *config)
{
    return fault->netem != NULL &&
           netem_parse(fault->netem, NULL, config, NULL);
}

static void
set_words(Fault *fault, const NetemConfig *config)
{
    g_free(fault->netem);
    fault->netem = netem_text(config);
}

/* The one that says how much is lost, else doubled, else corrupted, else
 * reordered; NULL: none is. */
static Chance *
chance_of(NetemConfig *config)
{
    Chance *chances[] = {&config->loss.chance, &config->duplicate,
                         &config->corrupt, &config->reorder};

    for (unsigned i = 0; i < G_N_ELEMENTS(chances); i++) {
        if (*chances[i] > 0) {
            return chances[i];
        }
    }
    return NULL;
}
