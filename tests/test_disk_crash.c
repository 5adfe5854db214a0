/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual disk against a naive model: a list of all changes with what was
 * synced. Seeded sequences are cut by a power loss after every operation, and
 * what is left must be what was durable, plus some subset of the rest. */
#include "sim/disk.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u /* what a disk writes whole */
#define NAMES  4u
#define LIMIT  4096u /* bytes of a file */
#define PIECES 6u    /* changes of a file that are not durable */
#define INODES 64u
#define STATES 64u /* of the directory */
#define SYNCS  8u
#define STEPS  32u
#define NOBODY UINT8_MAX

typedef struct Piece {
    enum { PIECE_WRITE, PIECE_TRUNCATE, PIECE_ALLOCATE } kind;
    uint64_t seq;
    uint64_t offset; /* or the new size */
    uint64_t size;
    uint8_t bytes[LIMIT];
} Piece;

/* Content beyond the size is zero. */
typedef struct Inode {
    uint8_t base[LIMIT], current[LIMIT];
    uint64_t base_size, current_size;
    Piece pieces[PIECES];
    unsigned count;
} Inode;

typedef struct State {
    uint64_t seq;
    uint8_t inode[NAMES];
} State;

typedef struct Sync {
    uint64_t id, seq;
    uint8_t inode[NAMES];
    unsigned count;
} Sync;

typedef struct Model {
    Disk *disk;
    Stream stream;
    uint64_t seq, next_id;
    Inode inodes[INODES];
    unsigned inode_count;
    State states[STATES]; /* the first is durable, the last is now */
    unsigned state_count;
    Sync syncs[SYNCS];
    unsigned sync_count;
} Model;

/* What the sequences met, so that a test that meets nothing fails. */
static struct {
    unsigned crashes, unsynced, nothing, all, torn, directory, part;
} met;

static uint64_t
below(Model *model, uint64_t bound)
{
    return stream_below(&model->stream, bound);
}

static const char *
name_of(unsigned index)
{
    static const char *const names[NAMES] = {"a", "b", "c", "d"};

    return names[index];
}

static State *
now(Model *model)
{
    return &model->states[model->state_count - 1];
}

static State *
change_directory(Model *model)
{
    ck_assert_uint_lt(model->state_count, STATES);
    model->states[model->state_count] = *now(model);
    model->state_count++;
    now(model)->seq = ++model->seq;
    return now(model);
}

static Inode *
open_file(Model *model, unsigned name)
{
    if (now(model)->inode[name] == NOBODY) {
        ck_assert_uint_lt(model->inode_count, INODES);
        memset(&model->inodes[model->inode_count], 0, sizeof(Inode));
        change_directory(model)->inode[name] = (uint8_t)model->inode_count++;
    }
    return &model->inodes[now(model)->inode[name]];
}

static void
play(const Piece *piece, uint8_t *bytes, uint64_t *size)
{
    if (piece->kind == PIECE_WRITE) {
        memcpy(bytes + piece->offset, piece->bytes, piece->size);
        *size = MAX(*size, piece->offset + piece->size);
    } else if (piece->kind == PIECE_TRUNCATE) {
        memset(bytes + piece->offset, 0, LIMIT - piece->offset);
        *size = piece->offset;
    } else {
        *size = MAX(*size, piece->offset);
    }
}

/* One random change of the content of a file. */
static void
change_content(Model *model, unsigned name, uint64_t choice)
{
    Inode *inode = open_file(model, name);
    Piece *piece = &inode->pieces[inode->count];

    if (inode->count == PIECES) {
        /* Create it on the disk too, change nothing. */
        disk_write(model->disk, name_of(name), 0, NULL, 0);
        return;
    }
    memset(piece, 0, sizeof(*piece));
    if (choice < 12) {
        Slice parts[2];
        uint64_t cut;

        piece->kind = PIECE_WRITE;
        /* Half of them append. */
        piece->offset = below(model, 2) == 0 && inode->current_size < 2500
                            ? inode->current_size
                            : below(model, 2500);
        piece->size = below(model, 3) == 0 ? 1 + below(model, 1500)
                                           : 1 + below(model, 100);
        for (uint64_t i = 0; i < piece->size; i++) {
            piece->bytes[i] = (uint8_t)(1 + below(model, 255));
        }
        cut = below(model, piece->size + 1);
        parts[0] = slice_of(piece->bytes, cut);
        parts[1] = slice_of(piece->bytes + cut, piece->size - cut);
        disk_write(model->disk, name_of(name), piece->offset, parts, 2);
    } else if (choice < 14) {
        piece->kind = PIECE_TRUNCATE;
        piece->offset = below(model, inode->current_size * 5 / 4 + 2);
        piece->offset = MIN(piece->offset, LIMIT - 1);
        disk_truncate(model->disk, name_of(name), piece->offset);
    } else {
        piece->kind = PIECE_ALLOCATE;
        piece->offset = below(model, LIMIT);
        disk_allocate(model->disk, name_of(name), piece->offset);
    }
    piece->seq = ++model->seq;
    play(piece, inode->current, &inode->current_size);
    inode->count++;
}

static void
settle(Inode *inode, uint64_t seq)
{
    unsigned done = 0;

    while (done < inode->count && inode->pieces[done].seq <= seq) {
        play(&inode->pieces[done], inode->base, &inode->base_size);
        done++;
    }
    inode->count -= done;
    memmove(inode->pieces, inode->pieces + done, inode->count * sizeof(Piece));
}

static void
start_sync(Model *model)
{
    Sync *sync = &model->syncs[model->sync_count];
    Slice names[NAMES];
    unsigned count = 0;
    uint64_t mask = below(model, 1u << NAMES);

    if (model->sync_count == SYNCS) {
        return;
    }
    model->sync_count++;
    sync->id = ++model->next_id;
    sync->seq = model->seq;
    sync->count = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        if (mask >> i & 1) {
            names[count++] = slice_text(name_of(i));
            if (now(model)->inode[i] != NOBODY) {
                sync->inode[sync->count++] = now(model)->inode[i];
            }
        }
    }
    disk_sync(model->disk, 0, sync->id, names, count);
}

/* Any of those outstanding completes: the engine may reorder them. */
static void
finish_sync(Model *model)
{
    unsigned index;
    Sync sync;
    unsigned done = 0;
    bool durable;

    if (model->sync_count == 0) {
        return;
    }
    index = (unsigned)below(model, model->sync_count);
    sync = model->syncs[index];
    ck_assert_int_eq(disk_sync_done(model->disk, sync.id, &durable), 0);
    ck_assert(durable);
    model->syncs[index] = model->syncs[--model->sync_count];
    for (unsigned i = 0; i < sync.count; i++) {
        settle(&model->inodes[sync.inode[i]], sync.seq);
    }
    while (done + 1 < model->state_count &&
           model->states[done + 1].seq <= sync.seq) {
        done++;
    }
    model->state_count -= done;
    memmove(model->states, model->states + done,
            model->state_count * sizeof(State));
}

static void
step(Model *model)
{
    uint64_t choice = below(model, 28);
    unsigned name = (unsigned)below(model, NAMES);
    unsigned other = (unsigned)below(model, NAMES);
    uint8_t inode = now(model)->inode[name];

    if (choice < 15) {
        change_content(model, name, choice);
    } else if (choice < 17) {
        ck_assert(disk_rename(model->disk, name_of(name), name_of(other)) ==
                  (inode != NOBODY));
        if (inode != NOBODY && name != other) {
            State *state = change_directory(model);

            state->inode[name] = NOBODY;
            state->inode[other] = inode;
        }
    } else if (choice < 18) {
        ck_assert(disk_remove(model->disk, name_of(name)) == (inode != NOBODY));
        if (inode != NOBODY) {
            change_directory(model)->inode[name] = NOBODY;
        }
    } else if (choice < 23) {
        start_sync(model);
    } else if (choice < 27) {
        finish_sync(model);
    } else if (below(model, 4) == 0) {
        disk_kill(model->disk);
        model->sync_count = 0;
    }
}

/* What the node sees and what is on the platter are what the model says. */
static void
compare(Model *model)
{
    uint8_t *out = g_malloc(LIMIT);

    for (unsigned i = 0; i < NAMES; i++) {
        uint8_t inode = now(model)->inode[i];
        uint8_t durable = model->states[0].inode[i];
        Bytes *bytes = NULL;
        uint64_t size;

        disk_read(model->disk, 0, ++model->next_id, name_of(i), 0, LIMIT);
        disk_read_done(model->disk, model->next_id, &bytes);
        ck_assert((bytes != NULL) == (inode != NOBODY));
        if (bytes != NULL) {
            ck_assert_uint_eq(bytes->size, model->inodes[inode].current_size);
            ck_assert(memcmp(bytes->data, model->inodes[inode].current,
                             bytes->size) == 0);
        }
        bytes_unref(bytes);
        ck_assert(disk_durable_size(model->disk, name_of(i), &size) ==
                  (durable != NOBODY));
        if (durable != NOBODY) {
            ck_assert_uint_eq(size, model->inodes[durable].base_size);
            ck_assert(disk_durable_read(model->disk, name_of(i), 0, size, out));
            ck_assert(memcmp(out, model->inodes[durable].base, size) == 0);
        }
    }
    g_free(out);
}

/* One sector of a crashed file under a choice of pieces. */
static bool
sector_is(const Inode *inode, unsigned sector, unsigned alive,
          const uint8_t *content)
{
    uint8_t bytes[SECTOR];
    uint64_t from = (uint64_t)sector * SECTOR;
    uint64_t to = from + SECTOR;

    memcpy(bytes, inode->base + from, SECTOR);
    for (unsigned i = 0; i < inode->count; i++) {
        const Piece *piece = &inode->pieces[i];
        uint64_t start = MAX(from, piece->offset);
        uint64_t end = MIN(to, piece->offset + piece->size);

        if (!(alive >> i & 1)) {
            continue;
        }
        if (piece->kind == PIECE_WRITE && start < end) {
            memcpy(bytes + (start - from),
                   piece->bytes + (start - piece->offset), end - start);
        } else if (piece->kind == PIECE_TRUNCATE && start < to) {
            memset(bytes + (start - from), 0, to - start);
        }
    }
    return memcmp(bytes, content + from, SECTOR) == 0;
}

/* Whether @size can come of it when the resizes in @alive survived. */
static bool
size_is(const Inode *inode, unsigned alive, uint64_t size)
{
    uint64_t least = inode->base_size;
    uint64_t most = least;
    bool hit;

    for (unsigned i = 0; i < inode->count; i++) {
        const Piece *piece = &inode->pieces[i];

        if (piece->kind == PIECE_WRITE) {
            most = MAX(most, piece->offset + piece->size);
        } else if (piece->kind == PIECE_TRUNCATE && (alive >> i & 1)) {
            least = most = piece->offset;
        } else if (alive >> i & 1) {
            least = MAX(least, piece->offset);
            most = MAX(most, piece->offset);
        }
    }
    hit = size == least || size % SECTOR == 0;
    for (unsigned i = 0; i < inode->count; i++) {
        hit |= size == inode->pieces[i].offset + inode->pieces[i].size;
    }
    return hit && size >= least && size <= most;
}

/* Is there a subset of the pieces, by sector, that makes @content? Resizes
 * are in it or not; each write may be in it in some sectors only. */
static bool
explains(const Inode *inode, const uint8_t *content, uint64_t size)
{
    unsigned resizes = 0;

    for (unsigned i = 0; i < inode->count; i++) {
        resizes |= (unsigned)(inode->pieces[i].kind != PIECE_WRITE) << i;
    }
    for (unsigned chosen = 0; chosen < 1u << inode->count; chosen++) {
        bool good = (chosen & ~resizes) == 0 && size_is(inode, chosen, size);

        for (unsigned sector = 0; good && sector < LIMIT / SECTOR; sector++) {
            good = false;
            for (unsigned alive = 0; !good && alive < 1u << inode->count;
                 alive++) {
                good = (alive & resizes) == chosen &&
                       sector_is(inode, sector, alive, content);
            }
        }
        if (good) {
            return true;
        }
    }
    return false;
}

/* After a crash: the directory is one of its states, each file explained. The
 * model goes on from what is there. */
static void
verify(Model *model, const DiskLoss *loss)
{
    static uint8_t content[NAMES][LIMIT];
    uint64_t size[NAMES];
    bool there[NAMES];
    unsigned matched = STATES;

    memset(content, 0, sizeof(content));
    for (unsigned i = 0; i < NAMES; i++) {
        there[i] = disk_durable_size(model->disk, name_of(i), &size[i]);
        if (there[i]) {
            ck_assert_uint_le(size[i], LIMIT);
            ck_assert(disk_durable_read(model->disk, name_of(i), 0, size[i],
                                        content[i]));
        }
    }
    for (unsigned k = 0; k < model->state_count && matched == STATES; k++) {
        bool good = true;

        for (unsigned i = 0; good && i < NAMES; i++) {
            uint8_t inode = model->states[k].inode[i];

            good = there[i] == (inode != NOBODY) &&
                   (!there[i] ||
                    explains(&model->inodes[inode], content[i], size[i]));
        }
        matched = good ? k : matched;
    }
    ck_assert_msg(matched != STATES, "no subset explains what is left");
    if (loss->changes == 0 && loss->directory == 0) {
        for (unsigned i = 0; i < NAMES; i++) {
            uint8_t index = now(model)->inode[i];
            const Inode *inode = index != NOBODY ? &model->inodes[index] : NULL;

            ck_assert(there[i] == (index != NOBODY));
            ck_assert(!there[i] ||
                      (size[i] == inode->current_size &&
                       memcmp(content[i], inode->current, LIMIT) == 0));
        }
    }
    met.part += matched > 0 && matched + 1 < model->state_count;
    model->inode_count = 0;
    model->state_count = 1;
    model->sync_count = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        model->states[0].inode[i] = NOBODY;
        if (there[i]) {
            Inode *inode = &model->inodes[model->inode_count];

            model->states[0].inode[i] = (uint8_t)model->inode_count++;
            memcpy(inode->base, content[i], LIMIT);
            memcpy(inode->current, content[i], LIMIT);
            inode->base_size = inode->current_size = size[i];
            inode->count = 0;
        }
    }
}

static void
crash(Model *model)
{
    DiskLoss loss;
    unsigned unsynced = 0;

    for (unsigned i = 0; i < NAMES; i++) {
        if (now(model)->inode[i] != NOBODY) {
            unsynced += model->inodes[now(model)->inode[i]].count;
        }
    }
    disk_crash(model->disk, &loss);
    ck_assert(!loss.lied);
    met.crashes++;
    met.unsynced += unsynced > 0;
    met.all += unsynced > 0 && loss.changes == 0;
    met.nothing += unsynced > 1 && loss.changes >= unsynced;
    met.torn += loss.torn > 0;
    met.directory += loss.directory > 0;
    verify(model, &loss);
    compare(model);
}

/* Steps of @seed up to the @count-th, then the lights go out, twice. */
static uint64_t
run(Model *model, uint64_t seed, unsigned count)
{
    DiskConfig config = {.size = 1 << 20, .sync = 10, .jitter = 5};
    uint64_t digest;

    model->disk = disk_new(&config, seed ^ (uint64_t)count << 32);
    model->stream = (Stream){seed, 0};
    model->seq = model->next_id = 0;
    model->inode_count = model->sync_count = 0;
    model->state_count = 1;
    memset(&model->states[0], NOBODY, sizeof(State));
    model->states[0].seq = 0;
    for (unsigned i = 0; i < count; i++) {
        step(model);
    }
    compare(model);
    crash(model);
    for (unsigned i = 0; i < 8; i++) {
        step(model);
    }
    compare(model);
    crash(model);
    digest = disk_digest(model->disk);
    disk_free(model->disk);
    return digest;
}

START_TEST(crash_at_every_point)
{
    Model *model = g_new0(Model, 1);

    for (uint64_t seed = 1; seed <= 300; seed++) {
        for (unsigned count = 0; count <= STEPS; count++) {
            uint64_t digest = run(model, seed, count);

            if (count == STEPS) {
                ck_assert(digest == run(model, seed, count));
            }
        }
    }
    g_free(model);
    ck_assert_uint_gt(met.unsynced, met.crashes / 2);
    ck_assert_uint_gt(met.all, met.unsynced / 20);
    ck_assert_uint_gt(met.nothing, met.unsynced / 20);
    ck_assert_uint_gt(met.torn, met.crashes / 20);
    ck_assert_uint_gt(met.directory, met.crashes / 20);
    ck_assert_uint_gt(met.part, met.crashes / 100);
}
END_TEST

/* Many writes in flight: records are used again and packed, and the durable
 * content stays right. */
START_TEST(long_log)
{
    DiskConfig config = {.size = 1 << 24};
    Disk *disk = disk_new(&config, 9);
    Slice name = slice_text("log");
    uint8_t bytes[100];
    uint8_t out[100];
    Slice part = slice_of(bytes, sizeof(bytes));

    for (unsigned i = 0; i < 100000; i++) {
        bool durable;

        memset(bytes, (int)(i % 251 + 1), sizeof(bytes));
        disk_write(disk, "log", (uint64_t)i * 100, &part, 1);
        if (i % 7 == 0) { /* a record in place, so there is undo to keep */
            disk_write(disk, "log", 0, &part, 1);
        }
        disk_sync(disk, 0, i, &name, 1);
        if (i >= 300) { /* 300 outstanding */
            uint64_t size;

            disk_sync_done(disk, i - 300, &durable);
            ck_assert(disk_durable_size(disk, "log", &size));
            ck_assert_uint_eq(size, (uint64_t)(i - 299) * 100);
            if (i % 100 == 0) {
                unsigned last = i - 300;

                ck_assert(disk_durable_read(disk, "log", size - 100, 100, out));
                ck_assert_uint_eq(out[99], last % 251 + 1);
                ck_assert(disk_durable_read(disk, "log", 0, 100, out));
                ck_assert_uint_eq(out[50], last / 7 * 7 % 251 + 1);
            }
        }
    }
    disk_crash(disk, NULL);
    ck_assert(
        disk_durable_read(disk, "log", (100000 - 300 - 1) * 100, 100, out));
    ck_assert_uint_eq(out[0], (100000 - 300 - 1) % 251 + 1);
    disk_free(disk);
}
END_TEST

/* A file that is never synced is written back in time: what is kept about it
 * stays bounded, and what is durable of it is a prefix. */
START_TEST(never_synced)
{
    DiskConfig config = {.size = 1 << 24};
    Disk *disk = disk_new(&config, 9);
    uint64_t size = 0;
    bool durable;

    for (unsigned i = 0; i < 200000; i++) {
        Slice part = slice_of(&i, sizeof(i));

        disk_write(disk, "log", (uint64_t)i * sizeof(i), &part, 1);
    }
    disk_sync(disk, 0, 1, NULL, 0); /* the name alone */
    disk_sync_done(disk, 1, &durable);
    ck_assert(disk_durable_size(disk, "log", &size));
    ck_assert_uint_ge(size, (200000 - 65536) * sizeof(unsigned));
    for (unsigned i = 0; i < size / sizeof(i); i += 97) {
        unsigned got;

        ck_assert(disk_durable_read(disk, "log", (uint64_t)i * sizeof(i),
                                    sizeof(i), (uint8_t *)&got));
        ck_assert_uint_eq(got, i);
    }
    disk_crash(disk, NULL);
    disk_free(disk);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("disk_crash");
    TCase *tcase = tcase_create("disk_crash");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, crash_at_every_point);
    tcase_add_test(tcase, long_log);
    tcase_add_test(tcase, never_synced);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
