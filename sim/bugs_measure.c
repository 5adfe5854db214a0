/* SPDX-License-Identifier: Apache-2.0 */
/* Tries as jobs of a pool, and the file that remembers them. */
#include "sim/bugs_measure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "nodes/bugs.h"
#include "nodes/hash.h"
#include "sim/build_id.h"
#include "sim/catalogue.h"
#include "sim/pool.h"
#include "sim/run.h"
#include "sim/scratch.h"
#include "sim/shrink.h"

#define MEASURE_ERROR   (g_quark_from_static_string("seedbed-bugs-measure"))
#define SHRINK_LIMIT_NS (UINT64_C(60) * 1000000000)

/* What a job is told, and what the answer begins with. */
typedef struct Job {
    const BugsMeasureOptions *options;
    const char *scenario; /* path */
    BugsTry try;
} Job;

typedef struct Answer {
    BugsTry try;
    char error[512]; /* "": it went well */
} Answer;

/* The measurement in hand. */
typedef struct Measure {
    const BugsMeasureOptions *options;
    char **paths;     /* of the scenarios, by place in options->bugs */
    uint64_t *hashes; /* of their texts */
    GArray *tries;    /* BugsTry that ended */
    bool *have;       /* by place and number - 1 */
    unsigned done, there;
    int file; /* tries.jsonl */
} Measure;

static bool find_scenarios(Measure *measure, GError **error);
static bool open_file(Measure *measure, GError **error);
static bool take_file(int file);
static void read_lines(Measure *measure, char *text);
static void read_line(Measure *measure, JsonObject *line);
static bool run_tries(Measure *measure, GError **error);
static bool take(Measure *measure, const Answer *answer, GError **error);
static bool append_line(const Measure *measure, const BugsTry *try,
                        GError **error);
static void tell(const Measure *measure, const BugsTry *last);
static void work(void *data, GByteArray *reply);
static void search(const Job *job, Answer *answer);
static void shrink(const Job *job, Answer *answer);
static uint64_t cpu_now(void);
static unsigned place_of(const Measure *measure, int bug);
static int try_cmp(gconstpointer a, gconstpointer b);

GArray *
bugs_measure(const BugsMeasureOptions *options, GError **error)
{
    Measure measure = {.options = options, .file = -1};
    GArray *tries = NULL;

    g_assert(options->seeds_most <= BUGS_MEASURE_SEEDS);
    measure.paths = g_new0(char *, options->bug_count + 1);
    measure.hashes = g_new0(uint64_t, options->bug_count);
    measure.tries = g_array_new(FALSE, TRUE, sizeof(BugsTry));
    measure.have = g_new0(bool, (size_t)options->bug_count * options->tries);
    if (find_scenarios(&measure, error) && open_file(&measure, error) &&
        run_tries(&measure, error)) {
        g_array_sort(measure.tries, try_cmp);
        tries = g_steal_pointer(&measure.tries);
    }
    if (measure.file >= 0) {
        (void)close(measure.file);
    }
    if (measure.tries != NULL) {
        g_array_unref(measure.tries);
    }
    g_strfreev(measure.paths);
    g_free(measure.hashes);
    g_free(measure.have);
    return tries;
}

static bool
find_scenarios(Measure *measure, GError **error)
{
    for (unsigned i = 0; i < measure->options->bug_count; i++) {
        const char *name = bugs_row(measure->options->bugs[i])->scenario;
        g_autofree char *text = NULL;
        gsize size;

        measure->paths[i] = catalogue_find(name);
        if (!g_file_get_contents(measure->paths[i], &text, &size, error)) {
            g_prefix_error(error, "the scenario of a bug: ");
            return false;
        }
        measure->hashes[i] = hash_bytes(text, size, 0);
    }
    return true;
}

/* What earlier measurements left, and room for more behind it; for us alone, or
 * tries would be run twice. The jobs have it open too, so that the folder stays
 * taken until the last of them is gone. A line that was
 * cut short by a crash is closed, and never counts. */
static bool
open_file(Measure *measure, GError **error)
{
    g_autofree char *path =
        g_build_filename(measure->options->out, "tries.jsonl", NULL);
    g_autofree char *text = NULL;
    gsize size = 0;

    if (g_mkdir_with_parents(measure->options->out, 0777) != 0) {
        g_set_error(error, MEASURE_ERROR, 0, "%s: %s", measure->options->out,
                    g_strerror(errno));
        return false;
    }
    measure->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (measure->file < 0) {
        g_set_error(error, MEASURE_ERROR, 0, "%s: %s", path, g_strerror(errno));
        return false;
    }
    if (!take_file(measure->file)) {
        g_set_error(error, MEASURE_ERROR, 0,
                    "%s: another measurement works on it", path);
        return false;
    }
    if (!g_file_get_contents(path, &text, &size, error)) {
        return false;
    }
    if (size > 0 && text[size - 1] != '\n' &&
        write(measure->file, "\n", 1) != 1) {
        g_set_error(error, MEASURE_ERROR, 0, "%s: %s", path, g_strerror(errno));
        return false;
    }
    read_lines(measure, text);
    measure->there = measure->tries->len;
    return true;
}

/* The jobs of one that was killed hold it for a moment yet. */
static bool
take_file(int file)
{
    for (unsigned i = 0; i < 20; i++) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0) {
            return true;
        }
        g_usleep(G_USEC_PER_SEC / 10);
    }
    return false;
}

static void
read_lines(Measure *measure, char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

    for (unsigned i = 0; lines[i] != NULL; i++) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonNode *root;

        if (lines[i][0] != '{' ||
            !json_parser_load_from_data(parser, lines[i], -1, NULL)) {
            continue;
        }
        root = json_parser_get_root(parser);
        if (root != NULL && JSON_NODE_HOLDS_OBJECT(root)) {
            read_line(measure, json_node_get_object(root));
        }
    }
}

static uint64_t
number_of(JsonObject *line, const char *name)
{
    return (uint64_t)json_object_get_int_member_with_default(line, name, 0);
}

/* Counts if it was measured as we would measure it. */
static void
read_line(Measure *measure, JsonObject *line)
{
    const BugsMeasureOptions *options = measure->options;
    const char *name =
        json_object_get_string_member_with_default(line, "bug", "");
    const char *build =
        json_object_get_string_member_with_default(line, "build", "");
    BugsTry try = {.bug = bugs_find(name),
                   .number = (unsigned)number_of(line, "try"),
                   .found = json_object_get_boolean_member_with_default(
                       line, "found", FALSE),
                   .seeds = number_of(line, "seeds"),
                   .seed = number_of(line, "seed"),
                   .cpu_ns = number_of(line, "cpu_ns"),
                   .shrunk = json_object_has_member(line, "faults"),
                   .faults_before = (unsigned)number_of(line, "faults_before"),
                   .faults = (unsigned)number_of(line, "faults"),
                   .nodes = (unsigned)number_of(line, "nodes"),
                   .shrink_ns = number_of(line, "shrink_ns")};
    unsigned place = place_of(measure, try.bug);
    size_t at;

    if (place == options->bug_count || try.number < 1 ||
        try.number > options->tries || strcmp(build, build_id_text()) != 0 ||
        number_of(line, "scenario") != measure->hashes[place] >> 1 ||
        number_of(line, "cap_ns") != options->cap_ns ||
        number_of(line, "seeds_most") != options->seeds_most) {
        return;
    }
    at = (size_t)place * options->tries + try.number - 1;
    if (!measure->have[at]) {
        g_strlcpy(try.check,
                  json_object_get_string_member_with_default(line, "check", ""),
                  sizeof(try.check));
        g_array_append_val(measure->tries, try);
        measure->have[at] = true;
    }
}

/* First one try of every bug, then another: what there is after a while says
 * something about all. */
static bool
run_tries(Measure *measure, GError **error)
{
    const BugsMeasureOptions *options = measure->options;
    size_t total = (size_t)options->bug_count * options->tries, next = 0;
    Pool *pool = pool_new(options->jobs);
    bool good = true;

    tell(measure, NULL);
    while (good && (options->stop == NULL || *options->stop == 0)) {
        PoolAnswer answer;

        while (next < total && pool_running(pool) < pool_jobs(pool)) {
            unsigned place = (unsigned)(next % options->bug_count);
            unsigned number = (unsigned)(next / options->bug_count) + 1;
            Job job = {options,
                       measure->paths[place],
                       {.bug = options->bugs[place], .number = number}};

            next++;
            if (!measure->have[(size_t)place * options->tries + number - 1]) {
                pool_start(pool, next, work, &job);
            }
        }
        if (pool_running(pool) == 0) {
            break;
        }
        if (!pool_wait(pool, -1, &answer)) {
            continue; /* a signal */
        }
        if (answer.good && answer.reply->len == sizeof(Answer)) {
            Answer found;

            memcpy(&found, answer.reply->data, sizeof(found));
            good = take(measure, &found, error);
        } else {
            g_set_error(error, MEASURE_ERROR, 0, "a try died, wait status %d",
                        answer.status);
            good = false;
        }
        g_byte_array_unref(answer.reply);
    }
    pool_free(pool);
    return good;
}

static bool
take(Measure *measure, const Answer *answer, GError **error)
{
    if (answer->error[0] != '\0') {
        g_set_error(error, MEASURE_ERROR, 0, "%s: %s",
                    bugs_row(answer->try.bug)->name, answer->error);
        return false;
    }
    if (!append_line(measure, &answer->try, error)) {
        return false;
    }
    g_array_append_val(measure->tries, answer->try);
    measure->done++;
    tell(measure, &answer->try);
    return true;
}

/* One write(2), so that a line is there or not; hashes lose a bit, as numbers
 * of JSON have a sign. */
static bool
append_line(const Measure *measure, const BugsTry *try, GError **error)
{
    const BugsMeasureOptions *options = measure->options;
    unsigned place = place_of(measure, try->bug);
    g_autofree char *build = g_strescape(build_id_text(), NULL);
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_append_printf(
        line,
        "{\"bug\":\"%s\",\"try\":%u,\"found\":%s,\"seeds\":%" PRIu64
        ",\"seed\":%" PRIu64 ",\"cpu_ns\":%" PRIu64 ",\"check\":\"%s\"",
        bugs_row(try->bug)->name, try->number, try->found ? "true" : "false",
        try->seeds, try->seed, try->cpu_ns, try->check);
    if (try->shrunk) {
        g_string_append_printf(line,
                               ",\"faults_before\":%u,\"faults\":%u,"
                               "\"nodes\":%u,\"shrink_ns\":%" PRIu64,
                               try->faults_before, try->faults, try->nodes,
                               try->shrink_ns);
    }
    g_string_append_printf(line,
                           ",\"scenario\":%" PRIu64 ",\"cap_ns\":%" PRIu64
                           ",\"seeds_most\":%" PRIu64 ",\"build\":\"%s\"}\n",
                           measure->hashes[place] >> 1, options->cap_ns,
                           options->seeds_most, build);
    if (write(measure->file, line->str, line->len) != (gssize)line->len) {
        g_set_error(error, MEASURE_ERROR, 0, "%s/tries.jsonl: %s", options->out,
                    g_strerror(errno));
        return false;
    }
    return true;
}

static void
tell(const Measure *measure, const BugsTry *last)
{
    const BugsMeasureOptions *options = measure->options;
    BugsMeasureProgress progress = {measure->done, measure->there,
                                    options->bug_count * options->tries, last};

    if (options->progress != NULL) {
        options->progress(options->user, &progress);
    }
}

/* In a process of its own. */
static void
work(void *data, GByteArray *reply)
{
    const Job *job = data;
    Answer answer;

    memset(&answer, 0, sizeof(answer));
    answer.try = job->try;
    search(job, &answer);
    if (answer.try.found && answer.error[0] == '\0' &&
        answer.try.number <= job->options->shrink) {
        shrink(job, &answer);
    }
    g_byte_array_append(reply, (const guint8 *)&answer, sizeof(answer));
}

static void
run_options(const Job *job, RunOptions *options, char *bugs[2])
{
    run_options_init(options);
    options->scenario = job->scenario;
    options->bugs = bugs;
    bugs[0] = (char *)(uintptr_t)bugs_row(job->try.bug)->name;
    bugs[1] = NULL;
}

static void
search(const Job *job, Answer *answer)
{
    const BugsMeasureOptions *limits = job->options;
    static RunResult result;
    BugsTry *try = &answer->try;
    uint64_t before = cpu_now();
    RunOptions options;
    GError *error = NULL;
    char *bugs[2];

    run_options(job, &options, bugs);
    options.no_folder = true;
    do {
        int status;

        options.seed = try->number * BUGS_MEASURE_SEEDS + try->seeds++;
        status = run_scenario(&options, &result, &error);
        if (status >= RUN_BAD_ARGUMENTS) {
            g_strlcpy(answer->error, error->message, sizeof(answer->error));
            g_clear_error(&error);
            return;
        }
        try->found = status == RUN_VIOLATED;
        try->cpu_ns = cpu_now() - before;
    } while (!try->found && try->cpu_ns < limits->cap_ns &&
             try->seeds < limits->seeds_most);
    if (try->found) {
        try->seed = options.seed;
        g_strlcpy(try->check, result.violations[0].check, sizeof(try->check));
    }
}

/* The run again, with a folder, and that made smaller. */
static void
shrink(const Job *job, Answer *answer)
{
    static RunResult again;
    static ShrinkResult result;
    BugsTry *try = &answer->try;
    GError *error = NULL;
    g_autofree char *folder = NULL;
    char *scratch = scratch_new(&error), *bugs[2];
    ShrinkOptions how = {
        .no_folder = true, .jobs = 1, .limit_ns = SHRINK_LIMIT_NS};
    RunOptions options;

    run_options(job, &options, bugs);
    options.seed = try->seed;
    if (scratch != NULL) {
        folder = g_build_filename(scratch, "run", NULL);
        options.out = how.folder = folder;
        if (run_scenario(&options, &again, &error) == RUN_VIOLATED &&
            shrink_run(&how, &result, &error) == SHRINK_DONE) {
            try->shrunk = true;
            try->faults_before = result.before.faults;
            try->faults = result.after.faults;
            try->nodes = result.after.nodes;
            try->shrink_ns = result.wall_ns;
            shrink_result_clear(&result);
        }
    }
    g_clear_error(&error); /* its size is not known, then */
    scratch_free(scratch);
}

static uint64_t
cpu_now(void)
{
    const int who[2] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    uint64_t micros = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct rusage usage;

        (void)getrusage(who[i], &usage);
        micros += (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
                      1000000 +
                  (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }
    return micros * 1000;
}

static unsigned
place_of(const Measure *measure, int bug)
{
    unsigned place = 0;

    while (place < measure->options->bug_count &&
           measure->options->bugs[place] != bug) {
        place++;
    }
    return place;
}

static int
try_cmp(gconstpointer a, gconstpointer b)
{
    const BugsTry *x = a, *y = b;

    if (x->bug != y->bug) {
        return x->bug < y->bug ? -1 : 1;
    }
    return x->number < y->number ? -1 : x->number > y->number;
}
