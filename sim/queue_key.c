/* SPDX-License-Identifier: Apache-2.0 */
/* Where keys tie, and where they lie. */
#include "sim/queue_key.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool
queue_key_before_tied(const Event *events, Key left, Key right)
{
    return event_before(&events[queue_key_slot(left)],
                        &events[queue_key_slot(right)]);
}

void *
queue_keys_grow(void *old, size_t old_size, size_t new_size)
{
    const size_t huge = (size_t)2 << 20;
    size_t alignment = new_size >= 2 * huge ? huge : 64;
    size_t size = (new_size + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment, size);

    g_assert(memory != NULL);
    if (alignment == huge) {
        /* A wish: without it all is the same but slower. */
        (void)madvise(memory, size, MADV_HUGEPAGE);
    }
    if (old_size > 0) {
        memcpy(memory, old, old_size);
    }
    free(old);
    return memory;
}
