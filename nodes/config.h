/* SPDX-License-Identifier: Apache-2.0 */
/* A node's configuration: "key=value" lines, read against a table of the
 * keys that the program knows. Empty lines and lines that begin with '#' are
 * passed over. Build-time settings are elsewhere: include those as
 * <config.h>. */
#ifndef SEEDBED_NODES_CONFIG_H
#define SEEDBED_NODES_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ConfigKind {
    CONFIG_COUNT,    /* uint64_t */
    CONFIG_SWITCH,   /* bool: on off true false yes no */
    CONFIG_DURATION, /* uint64_t, nanoseconds */
    CONFIG_RANGE,    /* QuantityRange, nanoseconds */
    CONFIG_SIZE,     /* uint64_t, bytes */
} ConfigKind;

typedef struct ConfigKey {
    const char *name;
    ConfigKind kind;
    void *target;      /* of the kind's type; holds the default before */
    uint64_t min, max; /* of the number, or of both ends of a range */
    const char *about; /* one line for manuals */
} ConfigKey;

/* Read @text into the targets of @keys. A key that is unknown or given twice
 * or whose value is bad: returns false with one line in @error; targets are
 * then undefined. */
bool config_parse(const char *text, const ConfigKey *keys, unsigned key_count,
                  char *error, size_t error_size);

#endif
