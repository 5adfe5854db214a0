/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of a scenario's keys, as the parser, the printer and the
 * manual see it. What people see of it is scenario_keys() in scenario.h. */
#ifndef SEEDBED_SCENARIO_KEYS_H
#define SEEDBED_SCENARIO_KEYS_H

#include "sim/scenario.h"

typedef enum ScenarioType {
    /* One number. */
    SCENARIO_TYPE_BOOL,       /* bool */
    SCENARIO_TYPE_COUNT,      /* unsigned */
    SCENARIO_TYPE_COUNT64,    /* uint64_t */
    SCENARIO_TYPE_DURATION,   /* SimTime */
    SCENARIO_TYPE_SHIFT,      /* int64_t: a duration that may be negative */
    SCENARIO_TYPE_SIZE,       /* uint64_t: bytes */
    SCENARIO_TYPE_BYTE_RATE,  /* uint64_t: bytes a second */
    SCENARIO_TYPE_OPERATIONS, /* uint64_t: operations a 1,000 s */
    SCENARIO_TYPE_FRACTION,   /* uint64_t: parts per billion, from percent */
    SCENARIO_TYPE_PPM,        /* int64_t: parts per billion, from ppm */
    SCENARIO_TYPE_DECIMAL,    /* unsigned: thousandths */
    SCENARIO_TYPE_SALT,       /* uint64_t */
    SCENARIO_TYPE_BUDGET,     /* bool: quorum or none */
    SCENARIO_TYPE_KIND,       /* FaultKind */
    SCENARIO_TYPE_AMOUNT,     /* int64_t, in the unit of the kind before it */
    /* Two numbers that stand together, low and high. */
    SCENARIO_TYPE_BOUNDS,         /* uint64_t */
    SCENARIO_TYPE_DURATION_RANGE, /* SimTime */
    SCENARIO_TYPE_AMOUNT_RANGE,   /* int64_t */
    SCENARIO_TYPE_DECIMAL_RANGE,  /* uint64_t: thousandths */
    /* Text: char *, owned. */
    SCENARIO_TYPE_TEXT,
    SCENARIO_TYPE_NAME,
    SCENARIO_TYPE_SELECTOR,
    SCENARIO_TYPE_GROUPS,
    SCENARIO_TYPE_TOPOLOGY,
    SCENARIO_TYPE_REGION,
    SCENARIO_TYPE_PRESET,
    SCENARIO_TYPE_NETEM_TEXT,
    SCENARIO_TYPE_CONFIG,
    /* The rest. */
    SCENARIO_TYPE_NETEM,    /* NetemConfig */
    SCENARIO_TYPE_REGIONS,  /* char **, owned, ended by NULL */
    SCENARIO_TYPE_MIX,      /* unsigned[5] */
    SCENARIO_TYPE_CRITERIA, /* likewise: lines of criterion.h */
    SCENARIO_TYPE_RULES,    /* lists: read by scenario.c */
    SCENARIO_TYPE_CLIENTS,
    SCENARIO_TYPE_TIMED,
    SCENARIO_TYPE_RANDOM,
    SCENARIO_TYPE_NEMESIS,
} ScenarioType;

/* Words that may stand for a number, and how an absent key is taken. */
typedef enum ScenarioWords {
    SCENARIO_NO_WORDS,
    SCENARIO_NONE,  /* none: 0 */
    SCENARIO_NEVER, /* never: SIM_NEVER */
    SCENARIO_EMPTY, /* may be absent without a default: zero */
} ScenarioWords;

typedef struct ScenarioField {
    const char *path;
    size_t offset; /* of the member in its struct */
    ScenarioType type;
    ScenarioWords words;
    int64_t least, most;
    const char *fallback;
} ScenarioField;

#define SCENARIO_CLIENTS "clients[]."
#define SCENARIO_RULES   "network.rules[]."
#define SCENARIO_RANDOM  "faults.random[]."
#define SCENARIO_TIMED   "faults.timed[]."

/* The fields of one struct, in the table's order: those whose path is
 * @section ("" for the scenario itself) and more words without "[]". Start
 * with @at = 0; NULL after the last. Borrowed, static. */
const ScenarioField *scenario_keys_next(const char *section, unsigned *at);
/* The part of a field's path that follows @section. */
const char *scenario_keys_tail(const ScenarioField *field, const char *section);
/* Whether @path, "section" and words, is a key (2), the beginning of one (1),
 * or neither (0). */
int scenario_keys_match(const char *section, const char *path);
/* What an unknown @word below @parent ("" or "nodes.") might have meant:
 * "did you mean ...?" or "expected one of ...". The caller owns it. */
char *scenario_keys_advice(const char *section, const char *parent,
                           const char *word);
/* The names of the @count @names in one line, sorted as they stand. */
char *scenario_keys_join(const char *const *names, unsigned count);
/* The one of @names that is nearest to @word and near; or NULL. */
const char *scenario_keys_nearest(const char *word, const char *const *names,
                                  unsigned count);

/* Region presets: network.regions. NULL past the last; *@regions is ended by
 * NULL. */
const char *scenario_keys_preset(unsigned index, const char *const **regions);

#endif
