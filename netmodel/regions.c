/* SPDX-License-Identifier: Apache-2.0 */
/* Round-trip times between fourteen AWS regions.
 *
 * Source: M. Adorjan, cloudping.co (github.com/mda590/cloudping.co), median
 * (p_50) round-trip times over a window of one year, as published in 2025;
 * milliseconds, rounded to a tenth. Representative, not exact: the value is the
 * one seen from the region that comes first here, and the way back differs by
 * up to 3 % (9 % between the three nearest pairs).
 *
 * Within a region: 1 ms between zones and 0.1 ms within one, which lies in what
 * clouds publish (IBM Cloud, "Network latency" of the VPC documentation, 2024:
 * 0.08 to 0.10 ms within a zone, 0.6 to 2.9 ms between zones). */
#include "netmodel/regions.h"

#include <glib.h>
#include <string.h>

#define REGION_COUNT 14u
#define TENTH_MS     (SIM_MS / 10)
#define ZONE_RTT     (SIM_MS / 10)
#define REGION_RTT   SIM_MS

static const struct {
    const char *name;
    const char *place;
} regions[REGION_COUNT] = {
    {"us-east-1", "Northern Virginia"},
    {"us-east-2", "Ohio"},
    {"us-west-2", "Oregon"},
    {"ca-central-1", "Montreal"},
    {"sa-east-1", "Sao Paulo"},
    {"eu-west-1", "Dublin"},
    {"eu-west-2", "London"},
    {"eu-central-1", "Frankfurt"},
    {"eu-north-1", "Stockholm"},
    {"af-south-1", "Cape Town"},
    {"ap-south-1", "Mumbai"},
    {"ap-southeast-1", "Singapore"},
    {"ap-southeast-2", "Sydney"},
    {"ap-northeast-1", "Tokyo"},
};

/* Row a, column b - a - 1: from region a to region b > a, 0.1 ms. */
/* clang-format off */
static const uint16_t tenths[REGION_COUNT - 1][REGION_COUNT - 1] = {
    {151, 644, 167, 1153, 696, 780, 932, 1128, 2280, 1925, 2196, 1998, 1497},
    {512, 283, 1260, 807, 889, 1042, 1239, 2394, 2047, 2045, 1886, 1365},
    {606, 1746, 1183, 1289, 1428, 1555, 2748, 2222, 1602, 1410, 982},
    {1254, 692, 796, 933, 1064, 2251, 1929, 2146, 1983, 1475},
    {1786, 1873, 2050, 2233, 3389, 3018, 3277, 3124, 2589},
    {141, 275, 409, 1603, 1259, 1785, 2557, 2023},
    {178, 316, 1505, 1176, 1695, 2661, 2129},
    {229, 1559, 1293, 1604, 2513, 2270},
    {1741, 1489, 1805, 2712, 2467},
    {2716, 3139, 4088, 3565},
    {638, 1547, 1333},
    {948, 709},
    {1058},
};
/* clang-format on */

unsigned
regions_count(void)
{
    return REGION_COUNT;
}

RegionId
regions_find(const char *name)
{
    for (RegionId region = 0; region < REGION_COUNT; region++) {
        if (g_ascii_strcasecmp(name, regions[region].name) == 0 ||
            g_ascii_strcasecmp(name, regions[region].place) == 0) {
            return region;
        }
    }
    return REGIONS_NONE;
}

const char *
regions_name(RegionId region)
{
    g_assert(region < REGION_COUNT);
    return regions[region].name;
}

const char *
regions_place(RegionId region)
{
    g_assert(region < REGION_COUNT);
    return regions[region].place;
}

SimTime
regions_rtt(RegionId a, RegionId b)
{
    g_assert(a < REGION_COUNT && b < REGION_COUNT);
    if (a == b) {
        return REGION_RTT;
    }
    return TENTH_MS * (a < b ? tenths[a][b - a - 1] : tenths[b][a - b - 1]);
}

SimTime
regions_rtt_zone(void)
{
    return ZONE_RTT;
}
