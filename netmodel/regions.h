/* SPDX-License-Identifier: Apache-2.0 */
/* Cloud regions and the round-trip times between them, from a public
 * measurement (source and date: regions.c). */
#ifndef SEEDBED_REGIONS_H
#define SEEDBED_REGIONS_H

#include "nodes/node.h"

/* 0..regions_count() - 1. */
typedef unsigned RegionId;
#define REGIONS_NONE UINT32_MAX

unsigned regions_count(void);
/* "eu-central-1" or "Frankfurt", in any case; REGIONS_NONE when unknown. */
RegionId regions_find(const char *name);
const char *regions_name(RegionId region);
/* Where it is: "Frankfurt". */
const char *regions_place(RegionId region);

/* Round-trip time in nanoseconds between hosts of two regions; between two
 * zones of it when @a = @b. Symmetric. Halve it for one way. */
SimTime regions_rtt(RegionId a, RegionId b);
/* Between two hosts of one zone. */
SimTime regions_rtt_zone(void);

#endif
