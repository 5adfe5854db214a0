/* SPDX-License-Identifier: Apache-2.0 */
/* Single-producer rings over a memory file, after Lamport, "Specifying
 * concurrent program modules" (TOPLAS 1983): the producer alone writes one
 * index, the consumer alone the other. The sleeping flags follow Dekker: each
 * side stores its own word, fences, then looks at the other's. */
#include "nodes/host/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HEADER_SIZE 4096u
/* How often to give way on a shared core, or to look on a second one, before
 * sleeping; only where that helped the last time, or now and then, to find
 * out: of five nodes on one core those that are not asked had better sleep at
 * once. Measured by tests/bench/handoff.c: one node on the core 1.3 us a
 * hand-off, five 2.7 us, where yielding always takes 4.0 us for five and
 * sleeping always 3.0 us for one. */
#define YIELDS    2u
#define SPINS     400u
#define TRY_AGAIN 64u

static uint32_t *sleep_word(const Ring *ring, unsigned side);
static uint32_t *written_word(const Ring *ring, unsigned side);
static uint32_t *read_word(const Ring *ring, unsigned side);
static uint8_t *data_of(const Ring *ring, unsigned side);
static bool ready(const Ring *ring, bool for_room);
static bool pinned(void);

int64_t
ring_write(Ring *ring, const void *data, size_t size)
{
    int64_t room = ring_room(ring);
    uint32_t count, offset, first;

    if (room <= 0) {
        return room;
    }
    count = size < (size_t)room ? (uint32_t)size : (uint32_t)room;
    offset = ring->written & (ring->size - 1);
    first = count < ring->size - offset ? count : ring->size - offset;
    memcpy(data_of(ring, ring->side) + offset, data, first);
    memcpy(data_of(ring, ring->side), (const uint8_t *)data + first,
           count - first);
    ring->written += count;
    __atomic_store_n(written_word(ring, ring->side), ring->written,
                     __ATOMIC_RELEASE);
    return count;
}

int64_t
ring_read(Ring *ring, void *data, size_t size)
{
    int64_t available = ring_available(ring);
    unsigned from = 1 - ring->side;
    uint32_t count, offset, first;

    if (available <= 0) {
        return available;
    }
    count = size < (size_t)available ? (uint32_t)size : (uint32_t)available;
    offset = ring->consumed & (ring->size - 1);
    first = count < ring->size - offset ? count : ring->size - offset;
    memcpy(data, data_of(ring, from) + offset, first);
    memcpy((uint8_t *)data + first, data_of(ring, from), count - first);
    ring->consumed += count;
    __atomic_store_n(read_word(ring, from), ring->consumed, __ATOMIC_RELEASE);
    return count;
}

int64_t
ring_available(const Ring *ring)
{
    uint32_t written =
        __atomic_load_n(written_word(ring, 1 - ring->side), __ATOMIC_ACQUIRE);
    uint32_t available = written - ring->consumed;

    return available <= ring->size ? (int64_t)available : -1;
}

int64_t
ring_room(const Ring *ring)
{
    uint32_t consumed =
        __atomic_load_n(read_word(ring, ring->side), __ATOMIC_ACQUIRE);
    uint32_t used = ring->written - consumed;

    return used <= ring->size ? (int64_t)(ring->size - used) : -1;
}

void
ring_wake(Ring *ring)
{
    uint32_t *word = sleep_word(ring, 1 - ring->side);

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(word, __ATOMIC_RELAXED) != 0) {
        __atomic_store_n(word, 0, __ATOMIC_RELAXED);
        syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

void
ring_wait(Ring *ring, bool for_room, uint64_t timeout_ns)
{
    uint32_t *word = sleep_word(ring, ring->side);
    struct timespec timeout = {(time_t)(timeout_ns / 1000000000u),
                               (long)(timeout_ns % 1000000000u)};
    unsigned tries = ring->same_core ? YIELDS : SPINS;

    if (!ring->lucky && ring->waits++ % TRY_AGAIN != 0) {
        tries = 0;
    }
    for (unsigned i = 0; i < tries; i++) {
        if (ready(ring, for_room)) {
            ring->lucky = true;
            return;
        }
        if (ring->same_core) {
            sched_yield();
        } else {
            __builtin_ia32_pause();
        }
    }
    __atomic_store_n(word, 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ring->lucky = ready(ring, for_room);
    if (!ring->lucky) {
        syscall(SYS_futex, word, FUTEX_WAIT, 1, &timeout, NULL, 0);
    }
    __atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

/* A nonsense index counts as ready: the next read or write reports it. */
static bool
ready(const Ring *ring, bool for_room)
{
    return (for_room ? ring_room(ring) : ring_available(ring)) != 0;
}

static uint32_t *
sleep_word(const Ring *ring, unsigned side)
{
    return (uint32_t *)(void *)(ring->memory + 64 * side);
}

static uint32_t *
written_word(const Ring *ring, unsigned side)
{
    return (uint32_t *)(void *)(ring->memory + 128 + 128 * side);
}

static uint32_t *
read_word(const Ring *ring, unsigned side)
{
    return (uint32_t *)(void *)(ring->memory + 192 + 128 * side);
}

static uint8_t *
data_of(const Ring *ring, unsigned side)
{
    return ring->memory + HEADER_SIZE + (size_t)side * ring->size;
}

int
ring_file(uint32_t size)
{
    int fd = memfd_create("seedbed-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    /* Sealed, so that no child can shrink it under our feet. */
    if (fd >= 0 &&
        (ftruncate(fd, (off_t)(HEADER_SIZE + 2 * (size_t)size)) != 0 ||
         fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
             0)) {
        int reason = errno;

        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

bool
ring_map(Ring *ring, int fd, uint32_t size, unsigned side)
{
    void *memory;

    if (size < 4096 || size > RING_SIZE_MAX || (size & (size - 1)) != 0) {
        errno = EINVAL;
        return false;
    }
    memory = mmap(NULL, HEADER_SIZE + 2 * (size_t)size, PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    *ring = (Ring){.memory = memory,
                   .size = size,
                   .side = side,
                   .same_core = pinned(),
                   .lucky = true};
    return true;
}

/* Who may run on one core alone shares it: the parent starts its children
 * where it runs itself. */
static bool
pinned(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
}

void
ring_unmap(Ring *ring)
{
    if (ring->memory != NULL) {
        munmap(ring->memory, HEADER_SIZE + 2 * (size_t)ring->size);
    }
    *ring = (Ring){0};
}
