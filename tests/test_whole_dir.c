/* SPDX-License-Identifier: Apache-2.0 */
/* Folders and files are whole or absent, whenever the process dies: children
 * that replace one over and over are killed at some moment, many times. */
#include "config.h"

#include "sim/whole_dir.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nodes/dice.h"
#include "sim/whole_file.h"

#define PARTS 5u

static char *base; /* a folder of this test's own */

static void
set_up(void)
{
    g_autofree char *here = g_get_current_dir();

    base = g_strdup_printf("%s/test_whole_dir.XXXXXX", here);
    ck_assert_ptr_nonnull(g_mkdtemp(base));
}

static void
tear_down(void)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", base);

    ck_assert_int_eq(system(command), 0);
    g_free(base);
}

static char *
under(const char *name)
{
    return g_build_filename(base, name, NULL);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in the test's folder, sorted, each with a space behind it. */
static char *
listing(void)
{
    GDir *dir = g_dir_open(base, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GString *text = g_string_new(NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_dir_close(dir);
    g_ptr_array_sort(names, by_name);
    for (unsigned i = 0; i < names->len; i++) {
        g_string_append_printf(text, "%s ", (char *)names->pdata[i]);
    }
    g_ptr_array_free(names, TRUE);
    return g_string_free(text, FALSE);
}

static void
want_listing(const char *want)
{
    g_autofree char *got = listing();

    ck_assert_str_eq(got, want);
}

static void
put(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    ck_assert(g_file_set_contents(path, text, -1, NULL));
}

static void
want_content(const char *folder, const char *name, const char *want)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;

    ck_assert_msg(g_file_get_contents(path, &text, NULL, NULL), "%s", path);
    ck_assert_str_eq(text, want);
}

static WholeDir *
begin(const char *path)
{
    GError *error = NULL;
    WholeDir *dir = whole_dir_new(path, "run.json", &error);

    ck_assert_msg(dir != NULL, "%s", error != NULL ? error->message : "?");
    return dir;
}

START_TEST(made_and_replaced)
{
    g_autofree char *path = under("deep/er/run");
    g_autofree char *slashes = g_strconcat(path, "//", NULL);
    g_autofree char *inner = NULL;
    GError *error = NULL;
    WholeDir *dir = begin(slashes);

    put(whole_dir_path(dir), "run.json", "1");
    inner = g_build_filename(whole_dir_path(dir), "inner", NULL);
    ck_assert_int_eq(g_mkdir(inner, 0777), 0);
    put(inner, "a", "a");
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
    ck_assert(whole_dir_finish(dir, &error));
    want_content(path, "run.json", "1");
    want_content(path, "inner/a", "a");

    dir = begin(path);
    put(whole_dir_path(dir), "run.json", "2");
    want_content(path, "run.json", "1");
    ck_assert(whole_dir_finish(dir, &error));
    want_content(path, "run.json", "2");
    g_free(inner);
    inner = g_build_filename(path, "inner", NULL);
    ck_assert(!g_file_test(inner, G_FILE_TEST_EXISTS));

    dir = begin(path);
    put(whole_dir_path(dir), "run.json", "3");
    whole_dir_free(dir);
    want_content(path, "run.json", "2");
    want_listing("deep ");
}
END_TEST

/* What is there and must not go. */
START_TEST(strangers_are_left_alone)
{
    g_autofree char *path = under("home");
    g_autofree char *file = under("file");
    g_autofree char *below_file = under("file/run");
    GError *error = NULL;
    WholeDir *dir;

    ck_assert_int_eq(g_mkdir(path, 0777), 0);
    dir = begin(path); /* empty: may be replaced */
    put(whole_dir_path(dir), "thesis", "years of work");
    ck_assert(whole_dir_finish(dir, &error));
    ck_assert_ptr_null(whole_dir_new(path, "run.json", &error));
    ck_assert_msg(strstr(error->message, "home: is not replaced") != NULL, "%s",
                  error->message);
    g_clear_error(&error);
    want_content(path, "thesis", "years of work");
    put(base, "file", "text");
    ck_assert_ptr_null(whole_dir_new(file, "run.json", &error));
    g_clear_error(&error);
    ck_assert_ptr_null(whole_dir_new(below_file, "run.json", &error));
    g_clear_error(&error);
    want_content(base, "file", "text");
    want_listing("file home ");
}
END_TEST

START_TEST(leftovers_go_and_work_stays)
{
    g_autofree char *path = under("run");
    g_autofree char *dead = under("run.99-0.partial");
    g_autofree char *alive = under("run.99-1.partial");
    GError *error = NULL;
    WholeDir *dir;
    int lock;

    /* Others' names that look a little alike. */
    ck_assert_int_eq(g_mkdir(dead, 0777), 0);
    put(dead, "half", "h");
    ck_assert_int_eq(g_mkdir(alive, 0777), 0);
    lock = open(alive, O_RDONLY);
    ck_assert_int_eq(flock(lock, LOCK_EX), 0);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const names[] = {"run.9.partial", "run2.9-0.partial",
                                            "run.x-0.partial", "run.9-0.parts"};
        g_autofree char *other = under(names[i]);

        ck_assert_int_eq(g_mkdir(other, 0777), 0);
    }
    dir = begin(path);
    put(whole_dir_path(dir), "run.json", "1");
    ck_assert(whole_dir_finish(dir, &error));
    want_listing("run run.9-0.parts run.9.partial run.99-1.partial "
                 "run.x-0.partial run2.9-0.partial ");
    close(lock);
    whole_dir_free(begin(path));
    want_listing("run run.9-0.parts run.9.partial run.x-0.partial "
                 "run2.9-0.partial ");
}
END_TEST

/* A file system without an atomic swap: death between its two steps. */
START_TEST(stepped_aside_comes_back)
{
    g_autofree char *path = under("run");
    g_autofree char *old = under("run.5-0.old");

    ck_assert_int_eq(g_mkdir(old, 0777), 0);
    put(old, "run.json", "1");
    whole_dir_free(begin(path));
    want_listing("run ");
    want_content(path, "run.json", "1");
    ck_assert_int_eq(g_mkdir(old, 0777), 0);
    put(old, "run.json", "0");
    whole_dir_free(begin(path));
    want_listing("run ");
    want_content(path, "run.json", "1");
}
END_TEST

/* Replace @path for ever: PARTS files that must agree. */
static void
replace_for_ever(const char *path)
{
    for (unsigned version = 1;; version++) {
        WholeDir *dir = whole_dir_new(path, "run.json", NULL);
        g_autofree char *file = under("whole-file");
        char text[32];

        if (dir == NULL) {
            _exit(1);
        }
        g_snprintf(text, sizeof(text), "%u", version);
        for (unsigned i = 0; i < PARTS; i++) {
            char name[16];
            g_autofree char *part = NULL;
            FILE *stream;

            g_snprintf(name, sizeof(name), i == 0 ? "run.json" : "part%u", i);
            part = g_build_filename(whole_dir_path(dir), name, NULL);
            stream = fopen(part, "w");
            if (stream == NULL || fputs(text, stream) < 0 ||
                fclose(stream) != 0) {
                _exit(2);
            }
        }
        if (!whole_dir_finish(dir, NULL) ||
            (version % 8 == 0 && !whole_file_write(file, text, 32, NULL))) {
            _exit(3);
        }
    }
}

static bool
is_whole(const char *path)
{
    g_autofree char *first = NULL;

    for (unsigned i = 0; i < PARTS; i++) {
        char name[16];
        g_autofree char *part = NULL;
        g_autofree char *text = NULL;

        g_snprintf(name, sizeof(name), i == 0 ? "run.json" : "part%u", i);
        part = g_build_filename(path, name, NULL);
        if (!g_file_get_contents(part, &text, NULL, NULL)) {
            return false;
        }
        if (i > 0 && strcmp(first, text) != 0) {
            return false;
        }
        if (i == 0) {
            first = g_steal_pointer(&text);
        }
    }
    return true;
}

START_TEST(killed_at_any_moment)
{
    g_autofree char *path = under("run");
    g_autofree char *file = under("whole-file");
    Stream stream = {7, 0};
    unsigned leftovers = 0;
    unsigned there = 0;

    for (unsigned i = 0; i < 150; i++) {
        pid_t child = fork();
        int status;
        g_autofree char *names = NULL;
        struct stat info;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            replace_for_ever(path);
        }
        g_usleep((gulong)stream_below(&stream, 8000));
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFSIGNALED(status), "child: %d", status);
        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            there++;
            ck_assert(is_whole(path));
        } else {
            ck_assert_uint_eq(there, 0); /* once there, always there */
        }
        if (stat(file, &info) == 0) {
            ck_assert_int_eq(info.st_size, 32);
        }
        names = listing();
        leftovers += strstr(names, "-0.partial") != NULL;
        ck_assert_ptr_null(strstr(names, "-1.partial"));
    }
    whole_dir_free(begin(path));
    {
        g_autofree char *names = listing();

        ck_assert_ptr_null(strstr(names, "-0.partial"));
    }
    /* Some died in the middle; how many is up to the machine. */
    ck_assert_uint_gt(leftovers, 0);
    ck_assert_uint_gt(there, 0);
}
END_TEST

START_TEST(file_written_whole)
{
    g_autofree char *path = under("a");
    g_autofree char *none = under("no/a");
    GError *error = NULL;

    ck_assert(whole_file_write(path, "one", 3, &error));
    want_content(base, "a", "one");
    ck_assert(whole_file_write(path, "", 0, &error));
    want_content(base, "a", "");
    ck_assert(!whole_file_write(none, "one", 3, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "No such file"));
    g_clear_error(&error);
    want_listing("a ");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("whole_dir");
    TCase *tcase = tcase_create("whole_dir");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, made_and_replaced);
    tcase_add_test(tcase, strangers_are_left_alone);
    tcase_add_test(tcase, leftovers_go_and_work_stays);
    tcase_add_test(tcase, stepped_aside_comes_back);
    tcase_add_test(tcase, killed_at_any_moment);
    tcase_add_test(tcase, file_written_whole);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
