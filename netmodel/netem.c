/* SPDX-License-Identifier: Apache-2.0 */
/* From netem's words to numbers and back. Numbers with units are read by
 * netem_units.c; here is the grammar, one function a word. */
#include "netmodel/netem.h"

#include <string.h>

#include "netmodel/netem_units.h"

static bool parse_delay(NetemReader *reader, NetemConfig *config);
static bool parse_distribution(NetemReader *reader, NetemConfig *config);
static bool parse_loss(NetemReader *reader, NetemConfig *config);
static bool parse_loss_random(NetemReader *reader, LossConfig *loss);
static bool parse_loss_state(NetemReader *reader, LossConfig *loss);
static bool parse_loss_gemodel(NetemReader *reader, LossConfig *loss);
static bool fail_sum(NetemReader *reader, const char *a_name, Chance a,
                     const char *b_name, Chance b);
static bool parse_duplicate(NetemReader *reader, NetemConfig *config);
static bool parse_corrupt(NetemReader *reader, NetemConfig *config);
static bool parse_reorder(NetemReader *reader, NetemConfig *config);
static bool parse_rate(NetemReader *reader, NetemConfig *config);
static bool parse_limit(NetemReader *reader, NetemConfig *config);
static bool parse_limit_bytes(NetemReader *reader, NetemConfig *config);
static bool parse_mtu(NetemReader *reader, NetemConfig *config);
static bool parse_pair(NetemReader *reader, Chance *chance,
                       Chance *correlation);
static void text_loss(GString *text, const LossConfig *loss);
static void text_chances(GString *text, const Chance *chances,
                         const Chance *defaults, unsigned count);
static void text_pair(GString *text, const char *word, Chance chance,
                      Chance correlation);

/* In the order in which a packet meets them, which is that of the text. */
static const struct {
    NetemWord word;
    const char *text;
    bool (*parse)(NetemReader *reader, NetemConfig *config);
} words[NETEM_WORDS] = {
    {NETEM_DELAY, "delay", parse_delay},
    {NETEM_LOSS, "loss", parse_loss},
    {NETEM_DUPLICATE, "duplicate", parse_duplicate},
    {NETEM_CORRUPT, "corrupt", parse_corrupt},
    {NETEM_REORDER, "reorder", parse_reorder},
    {NETEM_RATE, "rate", parse_rate},
    {NETEM_LIMIT, "limit", parse_limit},
    {NETEM_LIMIT_BYTES, "limit-bytes", parse_limit_bytes},
    {NETEM_MTU, "mtu", parse_mtu},
};

GQuark
netem_error_quark(void)
{
    return g_quark_from_static_string("netem");
}

bool
netem_parse(const char *text, DistributionFiles *files, NetemConfig *config,
            GError **error)
{
    NetemReader reader = {.at = text, .files = files, .error = error};
    NetemConfig made = netem_none();

    while (!netem_read_end(&reader)) {
        unsigned i = 0;

        while (i < NETEM_WORDS && !netem_read_word(&reader, words[i].text)) {
            i++;
        }
        if (i == NETEM_WORDS) {
            return netem_read_fail(&reader,
                                   "one of delay, loss, duplicate, corrupt, "
                                   "reorder, rate, limit, limit-bytes, mtu");
        }
        if (made.words & words[i].word) {
            netem_read_back(&reader, words[i].text);
            return netem_read_fail(&reader, "each word only once");
        }
        reader.word = words[i].text;
        made.words |= words[i].word;
        if (!words[i].parse(&reader, &made)) {
            return false;
        }
        reader.word = NULL;
    }
    *config = made;
    return true;
}

NetemConfig
netem_none(void)
{
    return (NetemConfig){
        .distribution = distribution_find("uniform"),
        .gap = 1,
        .limit = NETEM_LIMIT_DEFAULT,
    };
}

static bool
parse_delay(NetemReader *reader, NetemConfig *config)
{
    config->delay_added = netem_read_plus(reader);
    if (!netem_read_time(reader, &config->delay)) {
        return false;
    }
    if (netem_read_digit(reader)) {
        if (!netem_read_time(reader, &config->jitter)) {
            return false;
        }
        if (netem_read_digit(reader) &&
            !netem_read_percent(reader, &config->delay_correlation)) {
            return false;
        }
    }
    if (netem_read_word(reader, "distribution")) {
        return parse_distribution(reader, config);
    }
    return true;
}

static bool
parse_distribution(NetemReader *reader, NetemConfig *config)
{
    g_autofree char *name = netem_read_name(reader);
    const Distribution *found = NULL;

    if (name != NULL) {
        found = distribution_find(name);
    }
    if (found == NULL && name != NULL && g_str_has_suffix(name, ".dist") &&
        reader->files != NULL) {
        found = distribution_files_load(reader->files, name, reader->error);
        if (found == NULL) {
            return false;
        }
    }
    if (found == NULL) {
        netem_read_back(reader, name);
        return netem_read_fail(
            reader, reader->files != NULL
                        ? "a distribution: uniform, constant, normal, pareto, "
                          "paretonormal, exponential, lognormal, FILE.dist"
                        : "a distribution: uniform, constant, normal, pareto, "
                          "paretonormal, exponential, lognormal");
    }
    config->distribution = found;
    return true;
}

static bool
parse_loss(NetemReader *reader, NetemConfig *config)
{
    if (netem_read_word(reader, "state")) {
        return parse_loss_state(reader, &config->loss);
    }
    if (netem_read_word(reader, "gemodel")) {
        return parse_loss_gemodel(reader, &config->loss);
    }
    if (!netem_read_word(reader, "random") && !netem_read_digit(reader)) {
        return netem_read_fail(reader,
                               "a percentage, random, state or gemodel");
    }
    return parse_loss_random(reader, &config->loss);
}

static bool
parse_loss_random(NetemReader *reader, LossConfig *loss)
{
    loss->model = LOSS_MODEL_RANDOM;
    return parse_pair(reader, &loss->chance, &loss->correlation);
}

static bool
parse_loss_state(NetemReader *reader, LossConfig *loss)
{
    Chance *chances[] = {&loss->p31, &loss->p32, &loss->p23, &loss->p14};

    loss->model = LOSS_MODEL_STATE;
    if (!netem_read_percent(reader, &loss->p13)) {
        return false;
    }
    loss->p31 = CHANCE_ONE - loss->p13;
    loss->p23 = CHANCE_ONE;
    for (unsigned i = 0; i < G_N_ELEMENTS(chances); i++) {
        if (netem_read_digit(reader) &&
            !netem_read_percent(reader, chances[i])) {
            return false;
        }
    }
    if (loss->p13 + loss->p14 > CHANCE_ONE) {
        return fail_sum(reader, "p13", loss->p13, "p14", loss->p14);
    }
    if (loss->p31 + loss->p32 > CHANCE_ONE) {
        return fail_sum(reader, "p31", loss->p31, "p32", loss->p32);
    }
    return true;
}

static bool
parse_loss_gemodel(NetemReader *reader, LossConfig *loss)
{
    Chance *chances[] = {&loss->r, &loss->bad_loss, &loss->good_loss};

    loss->model = LOSS_MODEL_GEMODEL;
    if (!netem_read_percent(reader, &loss->p)) {
        return false;
    }
    loss->r = CHANCE_ONE - loss->p;
    loss->bad_loss = CHANCE_ONE;
    for (unsigned i = 0; i < G_N_ELEMENTS(chances); i++) {
        if (netem_read_digit(reader) &&
            !netem_read_percent(reader, chances[i])) {
            return false;
        }
    }
    return true;
}

/* Two ways out of one state cannot be taken more often than always. */
static bool
fail_sum(NetemReader *reader, const char *a_name, Chance a, const char *b_name,
         Chance b)
{
    g_autoptr(GString) found = g_string_new(NULL);

    g_string_append_printf(found, "%s ", a_name);
    netem_write_percent(found, a);
    g_string_append_printf(found, " and %s ", b_name);
    netem_write_percent(found, b);
    g_set_error(reader->error, NETEM_ERROR, 0,
                "%s: found %s, expected at most 100%% together", reader->word,
                found->str);
    return false;
}

static bool
parse_duplicate(NetemReader *reader, NetemConfig *config)
{
    return parse_pair(reader, &config->duplicate,
                      &config->duplicate_correlation);
}

static bool
parse_corrupt(NetemReader *reader, NetemConfig *config)
{
    return parse_pair(reader, &config->corrupt, &config->corrupt_correlation);
}

static bool
parse_reorder(NetemReader *reader, NetemConfig *config)
{
    uint64_t gap = 1;

    if (!parse_pair(reader, &config->reorder, &config->reorder_correlation)) {
        return false;
    }
    if (netem_read_word(reader, "gap") &&
        !netem_read_count(reader, 1, NETEM_LIMIT_MAX, &gap)) {
        return false;
    }
    config->gap = (uint32_t)gap;
    return true;
}

static bool
parse_rate(NetemReader *reader, NetemConfig *config)
{
    return netem_read_rate(reader, &config->rate);
}

static bool
parse_limit(NetemReader *reader, NetemConfig *config)
{
    uint64_t limit;

    if (!netem_read_count(reader, 1, NETEM_LIMIT_MAX, &limit)) {
        return false;
    }
    config->limit = (uint32_t)limit;
    return true;
}

static bool
parse_limit_bytes(NetemReader *reader, NetemConfig *config)
{
    return netem_read_size(reader, &config->limit_bytes);
}

static bool
parse_mtu(NetemReader *reader, NetemConfig *config)
{
    uint64_t mtu;

    if (!netem_read_count(reader, NETEM_MTU_MIN, 1u << 20, &mtu)) {
        return false;
    }
    config->mtu = (uint32_t)mtu;
    config->mtu_drop = netem_read_word(reader, "drop");
    return true;
}

/* PERCENT [CORRELATION] */
static bool
parse_pair(NetemReader *reader, Chance *chance, Chance *correlation)
{
    return netem_read_percent(reader, chance) &&
           (!netem_read_digit(reader) ||
            netem_read_percent(reader, correlation));
}

char *
netem_text(const NetemConfig *config)
{
    GString *text = g_string_new(NULL);

    if (config->words & NETEM_DELAY) {
        g_string_append(text, config->delay_added ? " delay +" : " delay ");
        netem_write_time(text, config->delay);
        if (config->jitter != 0 || config->delay_correlation != 0) {
            g_string_append_c(text, ' ');
            netem_write_time(text, config->jitter);
        }
        if (config->delay_correlation != 0) {
            g_string_append_c(text, ' ');
            netem_write_percent(text, config->delay_correlation);
        }
        if (config->distribution != distribution_find("uniform")) {
            g_string_append_printf(text, " distribution %s",
                                   config->distribution->name);
        }
    }
    if (config->words & NETEM_LOSS) {
        text_loss(text, &config->loss);
    }
    if (config->words & NETEM_DUPLICATE) {
        text_pair(text, " duplicate ", config->duplicate,
                  config->duplicate_correlation);
    }
    if (config->words & NETEM_CORRUPT) {
        text_pair(text, " corrupt ", config->corrupt,
                  config->corrupt_correlation);
    }
    if (config->words & NETEM_REORDER) {
        text_pair(text, " reorder ", config->reorder,
                  config->reorder_correlation);
        if (config->gap != 1) {
            g_string_append_printf(text, " gap %u", config->gap);
        }
    }
    if (config->words & NETEM_RATE) {
        g_string_append(text, " rate ");
        netem_write_rate(text, config->rate);
    }
    if (config->words & NETEM_LIMIT) {
        g_string_append_printf(text, " limit %u", config->limit);
    }
    if (config->words & NETEM_LIMIT_BYTES) {
        g_string_append(text, " limit-bytes ");
        netem_write_size(text, config->limit_bytes);
    }
    if (config->words & NETEM_MTU) {
        g_string_append_printf(text, " mtu %u%s", config->mtu,
                               config->mtu_drop ? " drop" : "");
    }
    if (text->len > 0) {
        g_string_erase(text, 0, 1);
    }
    return g_string_free(text, FALSE);
}

static void
text_loss(GString *text, const LossConfig *loss)
{
    switch (loss->model) {
    case LOSS_MODEL_NONE:
        g_assert_not_reached();
    case LOSS_MODEL_RANDOM:
        text_pair(text, " loss ", loss->chance, loss->correlation);
        break;
    case LOSS_MODEL_STATE: {
        Chance chances[] = {loss->p13, loss->p31, loss->p32, loss->p23,
                            loss->p14};
        Chance defaults[] = {0, CHANCE_ONE - loss->p13, 0, CHANCE_ONE, 0};

        g_string_append(text, " loss state");
        text_chances(text, chances, defaults, 5);
        break;
    }
    case LOSS_MODEL_GEMODEL: {
        Chance chances[] = {loss->p, loss->r, loss->bad_loss, loss->good_loss};
        Chance defaults[] = {0, CHANCE_ONE - loss->p, CHANCE_ONE, 0};

        g_string_append(text, " loss gemodel");
        text_chances(text, chances, defaults, 4);
        break;
    }
    }
}

/* The first of @chances, and the others up to the last that is not what it
 * would be if it were left out. */
static void
text_chances(GString *text, const Chance *chances, const Chance *defaults,
             unsigned count)
{
    while (count > 1 && chances[count - 1] == defaults[count - 1]) {
        count--;
    }
    for (unsigned i = 0; i < count; i++) {
        g_string_append_c(text, ' ');
        netem_write_percent(text, chances[i]);
    }
}

static void
text_pair(GString *text, const char *word, Chance chance, Chance correlation)
{
    g_string_append(text, word);
    netem_write_percent(text, chance);
    if (correlation != 0) {
        g_string_append_c(text, ' ');
        netem_write_percent(text, correlation);
    }
}

bool
netem_equal(const NetemConfig *a, const NetemConfig *b)
{
    /* A LossConfig has no padding: an enum and numbers of its size. */
    G_STATIC_ASSERT(sizeof(LossConfig) == 12 * sizeof(uint32_t));

    return a->words == b->words && a->delay_added == b->delay_added &&
           a->mtu_drop == b->mtu_drop && a->delay == b->delay &&
           a->jitter == b->jitter &&
           a->delay_correlation == b->delay_correlation &&
           a->distribution == b->distribution &&
           memcmp(&a->loss, &b->loss, sizeof a->loss) == 0 &&
           a->duplicate == b->duplicate &&
           a->duplicate_correlation == b->duplicate_correlation &&
           a->corrupt == b->corrupt &&
           a->corrupt_correlation == b->corrupt_correlation &&
           a->reorder == b->reorder &&
           a->reorder_correlation == b->reorder_correlation &&
           a->gap == b->gap && a->limit == b->limit &&
           a->limit_bytes == b->limit_bytes && a->rate == b->rate &&
           a->mtu == b->mtu;
}

void
netem_merge(NetemConfig *config, const NetemConfig *over)
{
    if (over->words & NETEM_DELAY) {
        const Distribution *distribution = over->distribution;

        if (!over->delay_added) {
            config->delay_added = false;
            config->delay = over->delay;
            config->jitter = over->jitter;
            config->delay_correlation = over->delay_correlation;
            config->distribution = distribution;
        } else {
            config->delay_added |= !(config->words & NETEM_DELAY);
            config->delay =
                MIN(config->delay + over->delay, DISTRIBUTION_TIME_MAX);
            config->jitter =
                MIN(config->jitter + over->jitter, DISTRIBUTION_TIME_MAX);
            if (over->delay_correlation != 0) {
                config->delay_correlation = over->delay_correlation;
            }
            if (distribution != distribution_find("uniform")) {
                config->distribution = distribution;
            }
        }
    }
    if (over->words & NETEM_LOSS) {
        config->loss = over->loss;
    }
    if (over->words & NETEM_DUPLICATE) {
        config->duplicate = over->duplicate;
        config->duplicate_correlation = over->duplicate_correlation;
    }
    if (over->words & NETEM_CORRUPT) {
        config->corrupt = over->corrupt;
        config->corrupt_correlation = over->corrupt_correlation;
    }
    if (over->words & NETEM_REORDER) {
        config->reorder = over->reorder;
        config->reorder_correlation = over->reorder_correlation;
        config->gap = over->gap;
    }
    if (over->words & NETEM_RATE) {
        config->rate = over->rate;
    }
    if (over->words & NETEM_LIMIT) {
        config->limit = over->limit;
    }
    if (over->words & NETEM_LIMIT_BYTES) {
        config->limit_bytes = over->limit_bytes;
    }
    if (over->words & NETEM_MTU) {
        config->mtu = over->mtu;
        config->mtu_drop = over->mtu_drop;
    }
    config->words |= over->words;
}

void
netem_remove(NetemConfig *config, NetemWord word)
{
    NetemConfig rest = *config;

    rest.words &= ~(uint32_t)word;
    *config = netem_none();
    netem_merge(config, &rest);
}

const char *
netem_word_text(NetemWord word)
{
    for (unsigned i = 0; i < NETEM_WORDS; i++) {
        if (words[i].word == word) {
            return words[i].text;
        }
    }
    g_assert_not_reached();
}
