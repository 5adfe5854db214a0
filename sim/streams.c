/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of random streams: XXH3-64 of purpose, owner and seed. */
#include "sim/streams.h"

#include <glib.h>
#include <string.h>
#include <xxhash.h>

uint64_t
streams_key(uint64_t seed, const char *purpose, uint64_t a, uint64_t b)
{
    uint8_t bytes[16 + 48];
    size_t length = strlen(purpose);

    g_assert(length <= sizeof(bytes) - 16);
    memcpy(bytes, &a, 8);
    memcpy(bytes + 8, &b, 8);
    memcpy(bytes + 16, purpose, length);
    return XXH3_64bits_withSeed(bytes, 16 + length, seed);
}
