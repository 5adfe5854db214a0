/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual disk case by case: time, errors, faults, what they count. What
 * a power loss may leave is tested against a model in test_disk_crash.c. */
#include "sim/disk.h"

#include <check.h>
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

static const DiskConfig plain = {
    .write = 0, .sync = 100, .read = 50, .size = 1 << 20};

static void
write_text(Disk *disk, const char *file, uint64_t offset, const char *text)
{
    Slice part = slice_text(text);

    disk_write(disk, file, offset, &part, 1);
}

/* SYNC of one file (or, NULL, the directory), issued and done. */
static int
sync_now(Disk *disk, const char *file, bool *durable)
{
    Slice name = file != NULL ? slice_text(file) : slice_of(NULL, 0);
    bool ignored;

    disk_sync(disk, 0, 77, &name, file != NULL);
    return disk_sync_done(disk, 77, durable != NULL ? durable : &ignored);
}

/* The whole file as text, or "error N"; the caller frees. */
static char *
read_text(Disk *disk, const char *file)
{
    Bytes *bytes;
    char *text;
    int error;

    disk_read(disk, 0, 78, file, 0, UINT64_MAX);
    error = disk_read_done(disk, 78, &bytes);
    if (error != 0) {
        ck_assert_ptr_null(bytes);
        return g_strdup_printf("error %d", error);
    }
    text = g_strndup((const char *)bytes->data, bytes->size);
    bytes_unref(bytes);
    return text;
}

static void
want_text(Disk *disk, const char *file, const char *want)
{
    char *text = read_text(disk, file);

    ck_assert_str_eq(text, want);
    g_free(text);
}

static void
want_files(Disk *disk, const char *want)
{
    FileInfo files[8];
    unsigned count = disk_files(disk, files, 8);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(text, "%s:%" G_GUINT64_FORMAT " ", files[i].name,
                               files[i].size);
    }
    ck_assert_str_eq(text->str, want);
    g_string_free(text, TRUE);
}

/* A SYNC or READ at @now of what was written before, and when it is done. */
static const struct {
    const char *name;
    DiskConfig config;
    SimTime slow;
    struct {
        char kind; /* 'w': write so many bytes; 's', 'r': at that time */
        uint64_t value;
        SimTime want;
    } steps[6];
} times[] = {
    {"a sync costs its base",
     {.sync = 100, .size = 9999},
     0,
     {{'s', 1000, 1100}}},
    {"nothing takes no time at all",
     {.size = 9999},
     0,
     {{'s', 1000, 1001}, {'s', 1000, 1002}, {'r', 1000, 1003}}},
    {"one after the other",
     {.sync = 100, .read = 30, .size = 9999},
     0,
     {{'s', 1000, 1100}, {'r', 1050, 1130}, {'s', 5000, 5100}}},
    /* 3: the file's creation is a change too */
    {"changes and bytes are paid by the next sync, once",
     {.write = 7, .sync = 100, .rate = 500000000, .size = 9999},
     0,
     {{'w', 10, 0},
      {'w', 11, 0},
      {'s', 1000, 1000 + 100 + 21 + 42},
      {'s', 2000, 2100}}},
    {"bytes are rounded up",
     {.rate = 3000000000u, .size = 9999},
     0,
     {{'w', 4, 0}, {'s', 1000, 1002}}},
    {"a read pays its bytes, as many as there are",
     {.read = 10, .rate = 1000000000, .size = 9999},
     0,
     {{'w', 100, 0}, {'s', 0, 100}, {'r', 1000, 1110}}},
    {"slow",
     {.sync = 100, .read = 30, .size = 9999},
     5000,
     {{'s', 1000, 6100}, {'r', 1000, 11130}}},
};

START_TEST(time_of_operations)
{
    Disk *disk = disk_new(&times[_i].config, 1);
    Slice name = slice_text("log");
    uint8_t bytes[256] = {0};
    unsigned operations = 0;

    disk_set_slow(disk, times[_i].slow);
    for (unsigned i = 0; i < 6 && times[_i].steps[i].kind != 0; i++) {
        uint64_t value = times[_i].steps[i].value;
        SimTime done = 0;

        if (times[_i].steps[i].kind == 'w') {
            Slice part = slice_of(bytes, value);

            disk_write(disk, "log", 0, &part, 1);
            continue;
        }
        operations++;
        if (times[_i].steps[i].kind == 's') {
            done = disk_sync(disk, value, i, &name, 1);
        } else {
            done = disk_read(disk, value, i, "log", 0, 1000);
        }
        ck_assert_msg(done == times[_i].steps[i].want,
                      "%s: step %u done at %" G_GUINT64_FORMAT, times[_i].name,
                      i, done);
    }
    ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_SLOW),
                      times[_i].slow > 0 ? operations : 0);
    disk_free(disk);
}
END_TEST

START_TEST(jitter_is_uniform_and_keyed)
{
    DiskConfig config = {.sync = 100, .jitter = 9, .size = 1};
    unsigned seen[10] = {0};
    Disk *disks[3] = {disk_new(&config, 5), disk_new(&config, 5),
                      disk_new(&config, 6)};
    unsigned differ = 0;

    for (unsigned i = 0; i < 10000; i++) {
        SimTime now = (SimTime)i * 1000;
        SimTime done[3];

        for (unsigned k = 0; k < 3; k++) {
            bool durable;

            done[k] = disk_sync(disks[k], now, i, NULL, 0) - now;
            disk_sync_done(disks[k], i, &durable);
            ck_assert(durable);
        }
        ck_assert_uint_ge(done[0], 100);
        ck_assert_uint_le(done[0], 109);
        ck_assert_uint_eq(done[0], done[1]);
        differ += done[0] != done[2];
        seen[done[0] - 100]++;
    }
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_uint_gt(seen[i], 850); /* five sigma */
        ck_assert_uint_lt(seen[i], 1150);
    }
    ck_assert_uint_gt(differ, 8500);
    for (unsigned k = 0; k < 3; k++) {
        disk_free(disks[k]);
    }
}
END_TEST

START_TEST(content_and_directory)
{
    Disk *disk = disk_new(&plain, 1);
    Slice parts[3] = {slice_text("ab"), slice_text(""), slice_text("cde")};

    want_text(disk, "log", "error 2");
    disk_write(disk, "log", 0, parts, 3);
    want_text(disk, "log", "abcde");
    write_text(disk, "log", 3, "XYZ");
    want_text(disk, "log", "abcXYZ");
    disk_truncate(disk, "log", 2);
    want_text(disk, "log", "ab");
    write_text(disk, "vote", 0, "1");
    disk_allocate(disk, "meta", 100000);
    want_files(disk, "log:2 meta:100000 vote:1 ");
    disk_allocate(disk, "meta", 10);
    want_files(disk, "log:2 meta:100000 vote:1 ");
    ck_assert(!disk_rename(disk, "none", "log"));
    ck_assert(!disk_remove(disk, "none"));
    ck_assert(disk_rename(disk, "vote", "vote"));
    ck_assert(disk_rename(disk, "vote", "log"));
    want_files(disk, "log:1 meta:100000 ");
    want_text(disk, "log", "1");
    ck_assert(disk_remove(disk, "log"));
    want_text(disk, "log", "error 2");
    want_files(disk, "meta:100000 ");
    disk_free(disk);
}
END_TEST

START_TEST(read_sees_what_was_there_when_issued)
{
    Disk *disk = disk_new(&plain, 1);
    Bytes *bytes;

    write_text(disk, "log", 0, "before");
    disk_read(disk, 0, 1, "log", 2, 3);
    write_text(disk, "log", 0, "AFTER!");
    ck_assert_int_eq(disk_read_done(disk, 1, &bytes), 0);
    ck_assert_uint_eq(bytes->size, 3);
    ck_assert_mem_eq(bytes->data, "for", 3);
    bytes_unref(bytes);
    disk_free(disk);
}
END_TEST

/* What is durable by which SYNC, read from the platter. */
START_TEST(sync_covers_earlier_changes)
{
    Disk *disk = disk_new(&plain, 1);
    Slice a = slice_text("a");
    uint8_t out[8];
    uint64_t size;
    bool durable;

    write_text(disk, "a", 0, "1111");
    write_text(disk, "b", 0, "2222");
    ck_assert(!disk_durable_size(disk, "a", &size));
    disk_sync(disk, 0, 1, &a, 1);
    write_text(disk, "a", 2, "3333");
    disk_rename(disk, "b", "c");
    ck_assert(!disk_durable_size(disk, "a", &size));
    ck_assert_int_eq(disk_sync_done(disk, 1, &durable), 0);
    ck_assert(durable);
    ck_assert(disk_durable_size(disk, "a", &size));
    ck_assert_uint_eq(size, 4);
    ck_assert(disk_durable_read(disk, "a", 0, 4, out));
    ck_assert_mem_eq(out, "1111", 4);
    ck_assert(!disk_durable_read(disk, "a", 2, 3, out));
    ck_assert(disk_durable_size(disk, "b", &size)); /* the name alone */
    ck_assert_uint_eq(size, 0);
    ck_assert(!disk_durable_size(disk, "c", &size));
    sync_now(disk, NULL, NULL);
    ck_assert(!disk_durable_size(disk, "b", &size));
    ck_assert(disk_durable_size(disk, "c", &size));
    ck_assert_uint_eq(size, 0);
    sync_now(disk, "c", NULL);
    ck_assert(disk_durable_read(disk, "c", 0, 4, out));
    ck_assert_mem_eq(out, "2222", 4);
    disk_free(disk);
}
END_TEST

START_TEST(kill_keeps_the_cache)
{
    Disk *disk = disk_new(&plain, 1);
    Slice name = slice_text("log");

    write_text(disk, "log", 0, "abc");
    disk_sync(disk, 0, 1, &name, 1);
    disk_read(disk, 0, 1, "log", 0, 3);
    disk_kill(disk);
    want_text(disk, "log", "abc");
    ck_assert(!disk_durable_size(disk, "log", &(uint64_t){0}));
    disk_free(disk);
}
END_TEST

/* What START shows after a kill is durable, but for a disk that lies. */
START_TEST(reopening_makes_durable)
{
    for (uint64_t seed = 0; seed < 64; seed++) {
        Disk *disk = disk_new(&plain, seed);
        DiskLoss loss;

        write_text(disk, "log", 0, "abc");
        disk_rename(disk, "log", "log-1");
        disk_kill(disk);
        disk_reopen(disk);
        disk_crash(disk, &loss);
        want_text(disk, "log-1", "abc");
        ck_assert_uint_eq(loss.bytes + loss.directory, 0);
        disk_set_lost_sync(disk, true);
        write_text(disk, "log-1", 3, "def");
        disk_kill(disk);
        disk_reopen(disk);
        disk_crash(disk, &loss);
        ck_assert(loss.lied == (loss.bytes == 3));
        disk_free(disk);
    }
}
END_TEST

/* A failed SYNC and a kill: reads see the platter, which has it or not. */
START_TEST(reopening_shows_the_platter)
{
    unsigned kept = 0;

    for (uint64_t seed = 0; seed < 64; seed++) {
        Disk *disk = disk_new(&plain, seed);
        char *text;

        write_text(disk, "log", 0, "abc");
        sync_now(disk, "log", NULL);
        write_text(disk, "log", 3, "def");
        disk_set_eio(disk, "");
        ck_assert_int_eq(sync_now(disk, "log", NULL), EIO);
        disk_set_eio(disk, NULL);
        disk_kill(disk);
        disk_reopen(disk);
        text = read_text(disk, "log");
        ck_assert(strcmp(text, "abc") == 0 || strcmp(text, "abcdef") == 0);
        kept += strcmp(text, "abcdef") == 0;
        ck_assert_int_eq(sync_now(disk, "log", NULL), 0);
        disk_crash(disk, NULL);
        want_text(disk, "log", text);
        g_free(text);
        disk_free(disk);
    }
    ck_assert_uint_gt(kept, 8);
    ck_assert_uint_lt(kept, 56);
}
END_TEST

START_TEST(full_disk_fails_the_next_sync)
{
    DiskConfig config = {.size = 10};
    Disk *disk = disk_new(&config, 1);
    Slice name = slice_text("a");
    bool durable;

    write_text(disk, "a", 0, "123456");
    disk_sync(disk, 0, 1, &name, 1);
    write_text(disk, "a", 6, "7890X");
    want_text(disk, "a", "123456");
    /* The earlier SYNC does not cover the failed write. */
    ck_assert_int_eq(disk_sync_done(disk, 1, &durable), 0);
    ck_assert(durable);
    ck_assert_int_eq(sync_now(disk, "a", &durable), ENOSPC);
    ck_assert(!durable);
    ck_assert_int_eq(sync_now(disk, "b", NULL), 0);
    write_text(disk, "a", 0, "abc"); /* does not grow: but never durable */
    want_text(disk, "a", "abc456");
    ck_assert_int_eq(sync_now(disk, "a", NULL), ENOSPC);
    ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_FULL), 0);
    write_text(disk, "c", UINT64_MAX - 1, "abc");
    disk_allocate(disk, "c", UINT64_MAX);
    disk_truncate(disk, "c", 5);
    want_files(disk, "a:6 c:0 ");
    disk_remove(disk, "c");
    disk_truncate(disk, "d", 4);
    ck_assert_int_eq(sync_now(disk, "d", NULL), 0);
    disk_crash(disk, NULL);
    ck_assert_int_eq(sync_now(disk, "a", NULL), 0);
    disk_set_full(disk, true);
    disk_remove(disk, "d");
    write_text(disk, "a", 6, "7");
    ck_assert_int_eq(sync_now(disk, "a", NULL), ENOSPC);
    ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_FULL), 1);
    disk_free(disk);
}
END_TEST

START_TEST(eio_is_for_good)
{
    Disk *disk = disk_new(&plain, 1);
    Slice names[2] = {slice_text("log-1"), slice_text("vote")};
    bool durable = true;

    write_text(disk, "log-1", 0, "abc");
    write_text(disk, "vote", 0, "7");
    disk_set_eio(disk, "log-");
    disk_sync(disk, 0, 1, names, 2);
    ck_assert_int_eq(disk_sync_done(disk, 1, &durable), EIO);
    ck_assert(!durable);
    want_text(disk, "log-1", "error 5");
    want_text(disk, "vote", "7");
    disk_set_eio(disk, NULL);
    want_text(disk, "log-1", "abc");
    /* fsync again "succeeds" on some kernels: not here. */
    ck_assert_int_eq(sync_now(disk, "log-1", NULL), EIO);
    disk_kill(disk);
    ck_assert_int_eq(sync_now(disk, "log-1", NULL), EIO);
    ck_assert_int_eq(sync_now(disk, "vote", &durable), 0);
    ck_assert(durable);
    disk_rename(disk, "log-1", "vote");
    ck_assert_int_eq(sync_now(disk, "vote", NULL), EIO);
    disk_crash(disk, NULL);
    ck_assert_int_eq(sync_now(disk, "vote", NULL), 0);
    ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_EIO), 2);
    disk_set_eio(disk, "");
    ck_assert_int_eq(sync_now(disk, NULL, NULL), EIO);
    disk_free(disk);
}
END_TEST

/* A disk that lies: over many seeds something acknowledged is lost, and a
 * later true SYNC saves it. */
START_TEST(lost_sync_loses)
{
    unsigned lost = 0;

    for (uint64_t seed = 0; seed < 200; seed++) {
        Disk *disk = disk_new(&plain, seed);
        DiskLoss loss;
        bool durable;

        write_text(disk, "log", 0, "abc");
        sync_now(disk, "log", NULL);
        disk_set_lost_sync(disk, true);
        write_text(disk, "log", 3, "def");
        ck_assert_int_eq(sync_now(disk, "log", &durable), 0);
        ck_assert(!durable);
        disk_set_lost_sync(disk, false);
        if (seed % 2 == 0) {
            sync_now(disk, "log", &durable);
            ck_assert(durable);
        }
        disk_crash(disk, &loss);
        ck_assert(!loss.lied || seed % 2 == 1);
        ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_LOST_SYNC), loss.lied);
        ck_assert_uint_eq(loss.bytes, loss.lied ? 3 : 0);
        want_text(disk, "log", loss.lied ? "abc" : "abcdef");
        lost += loss.lied;
        disk_free(disk);
    }
    ck_assert_uint_gt(lost, 20);
    ck_assert_uint_lt(lost, 80);
}
END_TEST

START_TEST(bit_flip_flips_one_bit_of_the_platter)
{
    unsigned hits = 0;

    for (uint64_t salt = 0; salt < 300; salt++) {
        Disk *disk = disk_new(&plain, 1);
        uint8_t before[64], after[64];
        unsigned bits = 0;
        bool same = true;

        ck_assert(!disk_bit_flip(disk, "", salt));
        disk_allocate(disk, "log", 64);
        write_text(disk, "log", 0, "0123456789abcdef0123456789abcdef");
        write_text(disk, "vote", 0, "v");
        sync_now(disk, "log", NULL);
        ck_assert(!disk_bit_flip(disk, "vote", salt)); /* not durable */
        sync_now(disk, "vote", NULL);
        write_text(disk, "log", 8, "new-----");
        disk_truncate(disk, "log", 20);
        ck_assert(disk_durable_read(disk, "log", 0, 64, before));
        if (disk_bit_flip(disk, "lo", salt)) {
            hits++;
            ck_assert(disk_durable_read(disk, "log", 0, 64, after));
            for (unsigned i = 0; i < 64; i++) {
                bits += (unsigned)__builtin_popcount(before[i] ^ after[i]);
                if (before[i] != after[i] && i < 20 && (i < 8 || i >= 16)) {
                    same = false; /* not under a new write: seen at once */
                }
            }
            ck_assert_uint_eq(bits, 1);
            if (same) {
                want_text(disk, "log", "01234567new-----0123");
            }
            g_free(read_text(disk, "log"));
            g_free(read_text(disk, "log"));
        }
        ck_assert_uint_le(disk_mattered(disk, FAULT_DISK_BIT_FLIP), 1);
        ck_assert(same || disk_mattered(disk, FAULT_DISK_BIT_FLIP) == 1);
        disk_free(disk);
    }
    ck_assert_uint_gt(hits, 100); /* half of the file is a hole */
    ck_assert_uint_lt(hits, 200);
}
END_TEST

START_TEST(misdirected_write_misses_and_spoils)
{
    unsigned spoilt = 0;

    for (uint64_t salt = 0; salt < 100; salt++) {
        Disk *disk = disk_new(&plain, 1);
        uint8_t fill[2048], out[2048 + 4];
        Slice part = slice_of(fill, sizeof(fill));
        uint64_t size;

        memset(fill, '.', sizeof(fill));
        disk_write(disk, "log", 0, &part, 1);
        disk_write(disk, "vote", 0, &part, 1);
        sync_now(disk, "log", NULL);
        sync_now(disk, "vote", NULL);
        disk_misdirect_next(disk, "log", salt);
        write_text(disk, "vote", 0, "vvvv");
        write_text(disk, "log", 2048, "XXXX");
        write_text(disk, "log", 2048 - 4, "YYYY");
        sync_now(disk, "log", NULL);
        ck_assert(disk_durable_size(disk, "log", &size));
        ck_assert_uint_eq(size, 2052);
        ck_assert(disk_durable_read(disk, "log", 0, 2052, out));
        ck_assert_mem_eq(out + 2044, "YYYY\0\0\0\0", 8);
        for (unsigned i = 0; i < 2044; i++) {
            spoilt += out[i] == 'X';
        }
        ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_MISDIRECT), 0);
        g_free(read_text(disk, "log"));
        g_free(read_text(disk, "vote"));
        ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_MISDIRECT), 1);
        disk_free(disk);
    }
    ck_assert_uint_gt(spoilt, 4 * 25);
    ck_assert_uint_lt(spoilt, 4 * 75);
}
END_TEST

START_TEST(wipe_is_durable)
{
    Disk *disk = disk_new(&plain, 1);
    uint64_t empty = disk_digest(disk);

    ck_assert(!disk_wipe(disk));
    write_text(disk, "log", 0, "abc");
    ck_assert(disk_digest(disk) == empty);
    sync_now(disk, "log", NULL);
    ck_assert(disk_digest(disk) != empty);
    write_text(disk, "vote", 0, "abc");
    ck_assert(disk_wipe(disk));
    want_files(disk, "");
    ck_assert(disk_digest(disk) == empty);
    disk_crash(disk, NULL);
    want_files(disk, "");
    ck_assert_uint_eq(disk_mattered(disk, FAULT_DISK_WIPE), 1);
    disk_free(disk);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("disk");
    TCase *tcase = tcase_create("disk");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, time_of_operations, 0, (int)G_N_ELEMENTS(times));
    tcase_add_test(tcase, jitter_is_uniform_and_keyed);
    tcase_add_test(tcase, content_and_directory);
    tcase_add_test(tcase, read_sees_what_was_there_when_issued);
    tcase_add_test(tcase, sync_covers_earlier_changes);
    tcase_add_test(tcase, kill_keeps_the_cache);
    tcase_add_test(tcase, reopening_makes_durable);
    tcase_add_test(tcase, reopening_shows_the_platter);
    tcase_add_test(tcase, full_disk_fails_the_next_sync);
    tcase_add_test(tcase, eio_is_for_good);
    tcase_add_test(tcase, lost_sync_loses);
    tcase_add_test(tcase, bit_flip_flips_one_bit_of_the_platter);
    tcase_add_test(tcase, misdirected_write_misses_and_spoils);
    tcase_add_test(tcase, wipe_is_durable);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
