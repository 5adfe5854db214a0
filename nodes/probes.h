/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of probes.def. */
#ifndef SEEDBED_PROBES_H
#define SEEDBED_PROBES_H

enum {
    PROBE_NONE = 0,
#define PROBE(name, text, values) PROBE_##name,
#include "nodes/probes.def"
#undef PROBE
    PROBE_COUNT
};

#endif
