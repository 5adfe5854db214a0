/* SPDX-License-Identifier: Apache-2.0 */
/* The real disk of a live node: order, errors, group commit, incarnations.
 * fdatasync() and fsync() go through wrappers here (the linker's --wrap), so
 * that they can fail, be counted and be held up. Every test runs with one and
 * with two threads. */
#include "nodes/host/live_disk.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static gint sync_error; /* errno of the next fdatasync or fsync, once */
static gint sync_count;
static gint sync_held; /* fdatasync waits while this is set */

static char *directory;

static int
wrapped(int fd, int (*real)(int))
{
    int error = g_atomic_int_get(&sync_error);

    g_atomic_int_inc(&sync_count);
    while (g_atomic_int_get(&sync_held)) {
        g_usleep(500);
    }
    if (error != 0) {
        g_atomic_int_set(&sync_error, 0);
        errno = error;
        return -1;
    }
    return real(fd);
}

int
__wrap_fdatasync(int fd)
{
    return wrapped(fd, __real_fdatasync);
}

int
__wrap_fsync(int fd)
{
    return wrapped(fd, __real_fsync);
}

static void
set_up(void)
{
    directory = g_dir_make_tmp("seedbed-disk-XXXXXX", NULL);
    ck_assert_ptr_nonnull(directory);
}

static void
tear_down(void)
{
    GDir *entries = g_dir_open(directory, 0, NULL);

    for (const char *name; (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        g_unlink(path);
    }
    g_dir_close(entries);
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(directory);
}

static void
notify(void *user)
{
    (void)user;
}

static LiveDisk *
open_disk(int variant)
{
    GError *error = NULL;
    LiveDisk *disk =
        live_disk_open(directory, (unsigned)variant, notify, NULL, &error);

    ck_assert_msg(disk != NULL, "%s", error == NULL ? "" : error->message);
    return disk;
}

static void
submit(LiveDisk *disk, Effects *fx)
{
    for (unsigned i = 0; i < fx->count; i++) {
        live_disk_submit(disk, &fx->items[i]);
    }
    effects_reset(fx);
}

/* The next @count answers. */
static GArray *
await(LiveDisk *disk, unsigned count)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(LiveDiskDone));

    for (unsigned tries = 0; all->len < count && tries < 20000; tries++) {
        g_autoptr(GArray) some = live_disk_take(disk);

        if (some == NULL) {
            g_usleep(500);
        } else {
            g_array_append_vals(all, some->data, some->len);
        }
    }
    ck_assert_uint_eq(all->len, count);
    return all;
}

static void
write_text(Effects *fx, const char *file, uint64_t offset, const char *text)
{
    Slice part = slice_of(text, strlen(text));

    effects_write(fx, file, offset, &part, 1);
}

/* The answer to a READ of everything, as text. */
static char *
content(LiveDisk *disk, const char *file)
{
    Effects fx;
    char *text;

    effects_init(&fx);
    effects_read(&fx, 99, file, 0, 1u << 30);
    submit(disk, &fx);
    effects_clear(&fx);

    g_autoptr(GArray) answers = await(disk, 1);
    const LiveDiskDone *done = &g_array_index(answers, LiveDiskDone, 0);

    ck_assert_int_eq(done->kind, EFFECT_READ);
    ck_assert_uint_eq(done->token, 99);
    if (done->error != 0) {
        ck_assert_ptr_null(done->bytes);
        return g_strdup_printf("error %d", done->error);
    }
    text = g_strndup((const char *)done->bytes->data, done->bytes->size);
    bytes_unref(done->bytes);
    return text;
}

static void
assert_content(LiveDisk *disk, const char *file, const char *want)
{
    g_autofree char *text = content(disk, file);

    ck_assert_str_eq(text, want);
}

/* SYNC @token of @file, and its outcome. */
static int
sync_one(LiveDisk *disk, Token token, const char *file)
{
    Effects fx;

    effects_init(&fx);
    effects_sync(&fx, token, &file, file == NULL ? 0 : 1);
    submit(disk, &fx);
    effects_clear(&fx);

    g_autoptr(GArray) answers = await(disk, 1);
    const LiveDiskDone *done = &g_array_index(answers, LiveDiskDone, 0);

    ck_assert_int_eq(done->kind, EFFECT_SYNC);
    ck_assert_uint_eq(done->token, token);
    return done->error;
}

START_TEST(test_order)
{
    LiveDisk *disk = open_disk(_i);
    Effects fx;

    effects_init(&fx);
    write_text(&fx, "a", 0, "hello");
    write_text(&fx, "a", 3, "p me");
    effects_truncate(&fx, "a", 6);
    effects_rename(&fx, "a", "b");
    write_text(&fx, "a", 2, "new");
    effects_remove(&fx, "nothing");
    effects_rename(&fx, "nothing", "b");
    submit(disk, &fx);
    assert_content(disk, "b", "help m");
    assert_content(disk, "nothing", "error 2");

    effects_read(&fx, 5, "a", 0, 100);
    write_text(&fx, "a", 0, "later");
    effects_read(&fx, 6, "a", 1, 2);
    effects_read(&fx, 7, "a", 77, 2);
    submit(disk, &fx);

    g_autoptr(GArray) answers = await(disk, 3);
    const LiveDiskDone *done = &g_array_index(answers, LiveDiskDone, 0);

    ck_assert_uint_eq(done[0].bytes->size, 5);
    ck_assert_mem_eq(done[0].bytes->data, "\0\0new", 5);
    ck_assert_uint_eq(done[1].bytes->size, 2);
    ck_assert_mem_eq(done[1].bytes->data, "at", 2);
    ck_assert_uint_eq(done[2].bytes->size, 0);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(done[i].token, 5 + i);
        bytes_unref(done[i].bytes);
    }
    effects_allocate(&fx, "c", 5);
    effects_remove(&fx, "b");
    submit(disk, &fx);
    assert_content(disk, "b", "error 2");
    ck_assert_int_eq(sync_one(disk, 1, "c"), 0);
    effects_clear(&fx);
    live_disk_close(disk);
}
END_TEST

/* Many parts, more than one system call takes. */
START_TEST(test_parts)
{
    LiveDisk *disk = open_disk(_i);
    Slice parts[300];
    char want[901];
    Effects fx;

    for (unsigned i = 0; i < 300; i++) {
        memcpy(want + 3 * (size_t)i, i % 2 == 0 ? "abc" : "xyz", 3);
        parts[i] = slice_of(want + 3 * (size_t)i, i == 7 ? 0 : 3);
    }
    memmove(want + 21, want + 24, 900 - 24);
    want[897] = '\0';
    for (unsigned i = 8; i < 300; i++) {
        parts[i].data -= 3;
    }
    effects_init(&fx);
    effects_write(&fx, "parts", 0, parts, 300);
    submit(disk, &fx);
    assert_content(disk, "parts", want);
    effects_clear(&fx);
    live_disk_close(disk);
}
END_TEST

START_TEST(test_survives)
{
    LiveDisk *disk = open_disk(_i);
    const FileInfo *files;
    unsigned count;
    Effects fx;

    ck_assert_uint_eq(live_disk_incarnation(disk), 1);
    live_disk_files(disk, &count);
    ck_assert_uint_eq(count, 0);
    effects_init(&fx);
    write_text(&fx, "z-log", 0, "12345");
    write_text(&fx, "a.meta", 0, "1");
    submit(disk, &fx);
    ck_assert_int_eq(sync_one(disk, 1, "z-log"), 0);
    effects_clear(&fx);
    live_disk_close(disk);

    disk = open_disk(_i);
    ck_assert_uint_eq(live_disk_incarnation(disk), 2);
    files = live_disk_files(disk, &count);
    ck_assert_uint_eq(count, 2); /* not LOCK, not INCARNATION */
    ck_assert_str_eq(files[0].name, "a.meta");
    ck_assert_uint_eq(files[0].size, 1);
    ck_assert_str_eq(files[1].name, "z-log");
    ck_assert_uint_eq(files[1].size, 5);
    assert_content(disk, "z-log", "12345");
    live_disk_close(disk);
}
END_TEST

START_TEST(test_second_opening)
{
    LiveDisk *disk = open_disk(_i);
    GError *error = NULL;

    ck_assert_ptr_null(
        live_disk_open(directory, (unsigned)_i, notify, NULL, &error));
    ck_assert(g_str_has_suffix(error->message, "in use by another process"));
    g_error_free(error);
    live_disk_close(disk);
    live_disk_close(open_disk(_i));
}
END_TEST

/* After a failed sync no later one of the file succeeds, even when the kernel
 * would say so; other files live on. */
START_TEST(test_failed_sync)
{
    LiveDisk *disk = open_disk(_i);
    Effects fx;

    effects_init(&fx);
    write_text(&fx, "bad", 0, "1");
    write_text(&fx, "good", 0, "1");
    submit(disk, &fx);
    ck_assert_int_eq(sync_one(disk, 1, NULL), 0); /* the directory */
    g_atomic_int_set(&sync_error, EIO);
    ck_assert_int_eq(sync_one(disk, 2, "bad"), EIO);

    int before = g_atomic_int_get(&sync_count);

    ck_assert_int_eq(sync_one(disk, 3, "bad"), EIO);
    ck_assert_int_eq(g_atomic_int_get(&sync_count), before); /* no retry */
    write_text(&fx, "bad", 0, "2");
    submit(disk, &fx);
    ck_assert_int_eq(sync_one(disk, 4, "bad"), EIO);
    ck_assert_int_eq(sync_one(disk, 5, "good"), 0);
    effects_rename(&fx, "bad", "worse");
    submit(disk, &fx);
    ck_assert_int_eq(sync_one(disk, 6, "worse"), EIO);
    effects_remove(&fx, "worse");
    write_text(&fx, "worse", 0, "3");
    submit(disk, &fx);
    ck_assert_int_eq(sync_one(disk, 7, "worse"), 0); /* another file */
    effects_clear(&fx);
    live_disk_close(disk);
}
END_TEST

START_TEST(test_failed_directory)
{
    LiveDisk *disk = open_disk(_i);
    Effects fx;

    effects_init(&fx);
    write_text(&fx, "a", 0, "1");
    submit(disk, &fx);
    g_atomic_int_set(&sync_error, EIO);
    ck_assert_int_eq(sync_one(disk, 1, NULL), EIO);
    ck_assert_int_eq(sync_one(disk, 2, "a"), EIO);
    effects_clear(&fx);
    live_disk_close(disk);
}
END_TEST

/* A write that finds no room fails the sync that covers it and those behind,
 * not the one before. */
START_TEST(test_failed_write)
{
    LiveDisk *disk = open_disk(_i);
    struct rlimit limit = {1000, 1000};
    Effects fx;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    effects_init(&fx);
    write_text(&fx, "a", 0, "1");
    effects_sync(&fx, 1, (const char *[]){"a"}, 1);
    write_text(&fx, "a", 998, "12345"); /* 2 bytes fit */
    effects_sync(&fx, 2, (const char *[]){"a"}, 1);
    effects_sync(&fx, 3, (const char *[]){"a"}, 1);
    write_text(&fx, "b", 0, "1");
    effects_sync(&fx, 4, (const char *[]){"b"}, 1);
    submit(disk, &fx);

    g_autoptr(GArray) answers = await(disk, 4);
    const LiveDiskDone *done = &g_array_index(answers, LiveDiskDone, 0);

    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(done[i].token, i + 1);
    }
    ck_assert_int_eq(done[0].error, 0);
    ck_assert_int_eq(done[1].error, EFBIG);
    ck_assert_int_eq(done[2].error, EFBIG);
    ck_assert_int_eq(done[3].error, 0);
    effects_clear(&fx);
    live_disk_close(disk);
}
END_TEST

/* SYNCs that queue up while one is under way share a fdatasync; a submitting
 * loop never waits. */
START_TEST(test_group_commit)
{
    LiveDisk *disk = open_disk(_i);
    Effects fx;

    effects_init(&fx);
    write_text(&fx, "a", 0, "x");
    submit(disk, &fx);
    ck_assert_int_eq(sync_one(disk, 1, "a"), 0);
    g_atomic_int_set(&sync_held, 1);
    write_text(&fx, "a", 0, "y");
    effects_sync(&fx, 2, (const char *[]){"a"}, 1);
    submit(disk, &fx);

    int before = g_atomic_int_get(&sync_count);

    while (g_atomic_int_get(&sync_count) == before && before < 4) {
        g_usleep(500);
    }
    before = g_atomic_int_get(&sync_count);
    for (unsigned i = 0; i < 100; i++) {
        write_text(&fx, "a", i, "z");
        effects_sync(&fx, 3 + i, (const char *[]){"a"}, 1);
    }
    submit(disk, &fx); /* returns although the device is stuck */
    ck_assert_ptr_null(live_disk_take(disk));
    if (_i == 2) {
        /* Reads go on beside a sync. */
        assert_content(disk, "a",
                       "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
                       "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
                       "zzzzzzzzzzzzzzzzzz");
    }
    g_atomic_int_set(&sync_held, 0);

    g_autoptr(GArray) answers = await(disk, 101);

    for (unsigned i = 0; i < 101; i++) {
        const LiveDiskDone *done = &g_array_index(answers, LiveDiskDone, i);

        ck_assert_uint_eq(done->token, 2 + i);
        ck_assert_int_eq(done->error, 0);
    }
    ck_assert_int_le(g_atomic_int_get(&sync_count) - before, 3);
    effects_clear(&fx);
    live_disk_close(disk);
}
END_TEST

START_TEST(test_names)
{
    static const struct {
        const char *name;
        bool good;
    } names[] = {
        {"log-000001", true},
        {"a.b_c-d9", true},
        {"1234567890123456789012345678901", true},
        {"12345678901234567890123456789012", false},
        {"", false},
        {".", false},
        {"..", false},
        {"...", true},
        {"LOCK", false},
        {"a/b", false},
        {"a b", false},
        {"\xc3\xa4", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        ck_assert_msg(live_disk_name_check(names[i].name) == names[i].good,
                      "'%s'", names[i].name);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live_disk");
    TCase *cases = tcase_create("live_disk");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, test_order, 1, 3);
    tcase_add_loop_test(cases, test_parts, 1, 3);
    tcase_add_loop_test(cases, test_survives, 1, 3);
    tcase_add_loop_test(cases, test_second_opening, 1, 3);
    tcase_add_loop_test(cases, test_failed_sync, 1, 3);
    tcase_add_loop_test(cases, test_failed_directory, 1, 3);
    tcase_add_loop_test(cases, test_failed_write, 1, 3);
    tcase_add_loop_test(cases, test_group_commit, 1, 3);
    tcase_add_test(cases, test_names);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
