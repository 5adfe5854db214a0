/* SPDX-License-Identifier: Apache-2.0 */
/* First the curve: points at equal distances and where faults begin, then more
 * where it is steepest. Then, for each fault, futures from its beginning with
 * and without it: that the past is the same in both is what makes the
 * difference the fault's own. (A fault taken away earlier sends the rest of
 * the run another way, and any failure that is rare would seem to need it.) */
#include "sim/why.h"

#include <string.h>

#include "sim/plan_words.h"
#include "sim/shrink_edit.h"
#include "sim/why_private.h"

#define WHY_ERROR (g_quark_from_static_string("seedbed-why"))

#define POINTS   16u
#define FUTURES  100u
#define COARSE   8u   /* equal parts of the time before the failure */
#define TOGETHER 2u   /* points of a round */
#define FINE     256u /* finer than this part of the run, no more points */
/* A change of less is not looked into. */
#define STEEP 0.1
/* One future in so many is run from zero too. */
#define CHECK_EVERY 100u
/* Fewer failing futures say nothing about a fault. */
#define FAILING_MIN 5u

typedef struct Why {
    const WhyOptions *options;
    WhyResult *result;
    RunFolder *folder;
    TrialsConfig config;
    GPtrArray *bases; /* of Trial: the run, then those without a fault */
    Futures futures;
    unsigned future_count;
    WhyProgress progress;
} Why;

static bool load(Why *why, GError **error);
static int reproduce(Why *why, GError **error);
static bool find_curve(Why *why, GError **error);
static bool find_faults(Why *why, GError **error);
static bool measure(Why *why, unsigned base, const SimTime *at, unsigned count,
                    WhyPoint *points, GError **error);
static bool check(Why *why, const Future *list, unsigned count, GError **error);
static void count_point(const Future *list, unsigned count, WhyPoint *point);
static bool add_points(Why *why, const SimTime *at, unsigned count,
                       GError **error);
static unsigned steepest(const Why *why, SimTime *at, unsigned most);
static const WhyPoint *point_at(const Why *why, SimTime at);
static void judge_fault(WhyFault *fault);
static void find_jump(WhyResult *result);
static gint compare_points(gconstpointer a, gconstpointer b);
static void tell(void *user, uint64_t runs);
static void clear_fault(gpointer fault);

int
why_run(const WhyOptions *options, WhyResult *result, GError **error)
{
    Why *why = g_new0(Why, 1);
    int status = RUN_BAD_ARGUMENTS;

    memset(result, 0, sizeof(*result));
    why->options = options;
    why->result = result;
    why->bases =
        g_ptr_array_new_with_free_func((GDestroyNotify)trials_one_free);
    why->future_count = options->futures > 0 ? options->futures : FUTURES;
    result->points = g_array_new(FALSE, TRUE, sizeof(WhyPoint));
    result->faults = g_array_new(FALSE, TRUE, sizeof(WhyFault));
    g_array_set_clear_func(result->faults, clear_fault);
    if (load(why, error)) {
        why->futures.pool = pool_new(options->jobs);
        status = reproduce(why, error);
        if (status == 0) {
            g_autofree char *out =
                options->out != NULL
                    ? g_strdup(options->out)
                    : g_build_filename(options->folder, "why", NULL);

            status = find_curve(why, error) && find_faults(why, error)
                         ? 0
                         : RUN_INTERNAL;
            find_jump(result);
            result->runs = why->futures.runs;
            result->cpu_ns = why->futures.cpu_ns;
            result->wall_ns = pool_age_ns(why->futures.pool);
            if (status == 0 && !why_folder_write(options, out, &why->futures,
                                                 why->folder, result, error)) {
                status = RUN_INTERNAL;
            }
        }
        pool_free(why->futures.pool);
    }
    if (status != 0) {
        why_result_clear(result);
    }
    g_ptr_array_unref(why->bases);
    run_folder_free(why->folder);
    g_free(why);
    return status;
}

static bool
load(Why *why, GError **error)
{
    TrialsConfig *config = &why->config;
    Trial *base;

    why->folder = trials_folder(why->options->folder, config, error);
    if (why->folder == NULL) {
        return false;
    }
    base = trials_one_load(why->folder, error);
    if (base == NULL) {
        return false;
    }
    trials_inline(config, base, why->folder);
    g_ptr_array_add(why->bases, base);
    config->loosely = why->options->loosely;
    config->stop = why->options->stop;
    config->progress = why->options->progress != NULL ? tell : NULL;
    config->progress_user = why;
    why->futures = (Futures){.config = config,
                             .number = base->scenario->timed->number_max + 1,
                             .from_zero = !config->run.no_fork};
    why->result->from_zero = why->futures.from_zero;
    why->result->seed = base->seed;
    g_strlcpy(why->result->name, base->scenario->name,
              sizeof(why->result->name));
    g_strlcpy(why->result->signature, why->folder->signature, SIGNATURE_SIZE);
    return true;
}

/* The run as it is must fail as it did. */
static int
reproduce(Why *why, GError **error)
{
    Future own = {.at = SIM_NEVER};

    why->futures.bases = (Trial *const *)why->bases->pdata;
    if (!futures_run(&why->futures, &own, 1) || !own.answer.alike) {
        g_set_error(
            error, WHY_ERROR, 0,
            "%s: does not fail as it did%s, so there is no reason to "
            "look for: `seedbed replay %s` says what differs",
            why->options->folder,
            run_folder_own_build(why->folder) ? "" : " (another build made it)",
            why->options->folder);
        return 1;
    }
    why->result->failed_at = own.answer.failed_at;
    why->config.event_limit = 8 * own.answer.events + 100000;
    why->config.cpu_limit_s = 10 + 20 * why->futures.cpu_ns / SIM_S;
    return 0;
}

static bool
find_curve(Why *why, GError **error)
{
    const Trial *base = why->bases->pdata[0];
    const Plan *plan = base->scenario->timed;
    unsigned most = why->options->points > 0 ? why->options->points : POINTS;
    unsigned coarse = MIN(COARSE, most);
    SimTime end = why->result->failed_at;
    g_autofree SimTime *at = g_new0(SimTime, plan->count + most + 2);
    unsigned count = 0;

    why->progress.step = "the curve";
    for (unsigned i = 0; i <= coarse; i++) {
        SimTime point = end / coarse * i;

        /* Whole milliseconds are easier to read. */
        point = i == coarse   ? end
                : end > SIM_S ? point / SIM_MS * SIM_MS
                              : point;
        at[count++] = MAX(point, 1);
    }
    for (unsigned i = 0; i < plan->count; i++) {
        if (plan->faults[i].at < end) {
            at[count++] = MAX(plan->faults[i].at, 1);
        }
    }
    if (!add_points(why, at, count, error)) {
        return false;
    }
    for (unsigned more = most - coarse; more > 0;) {
        count = steepest(why, at, MIN(more, TOGETHER));
        if (count == 0) {
            break;
        }
        if (!add_points(why, at, count, error)) {
            return false;
        }
        more -= count;
    }
    return true;
}

/* Measure the points @at, but for those that are measured. */
static bool
add_points(Why *why, const SimTime *at, unsigned count, GError **error)
{
    g_autofree SimTime *fresh = g_new0(SimTime, count + 1);
    g_autofree WhyPoint *points = g_new0(WhyPoint, count + 1);
    unsigned fresh_count = 0;

    for (unsigned i = 0; i < count; i++) {
        bool known = point_at(why, at[i]) != NULL;

        for (unsigned j = 0; j < fresh_count; j++) {
            known = known || fresh[j] == at[i];
        }
        if (!known) {
            fresh[fresh_count++] = at[i];
        }
    }
    if (!measure(why, 0, fresh, fresh_count, points, error)) {
        return false;
    }
    g_array_append_vals(why->result->points, points, fresh_count);
    g_array_sort(why->result->points, compare_points);
    why->progress.points = why->result->points->len;
    return true;
}

/* Futures of past @base from each of the points @at. */
static bool
measure(Why *why, unsigned base, const SimTime *at, unsigned count,
        WhyPoint *points, GError **error)
{
    unsigned each = why->future_count;
    g_autofree Future *list = g_new0(Future, (size_t)count * each + 1);

    for (unsigned i = 0; i < count * each; i++) {
        list[i] =
            (Future){.base = base, .at = at[i / each], .salt = i % each + 1};
    }
    why->futures.bases = (Trial *const *)why->bases->pdata;
    if (!futures_run(&why->futures, list, count * each)) {
        g_set_error(error, WHY_ERROR, 0, "interrupted: nothing is left");
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        points[i].at = at[i];
        count_point(list + (size_t)i * each, each, &points[i]);
    }
    return why->futures.from_zero || check(why, list, count * each, error);
}

static void
count_point(const Future *list, unsigned count, WhyPoint *point)
{
    WhyShare *share = &point->share;

    for (unsigned i = 0; i < count; i++) {
        const TrialAnswer *answer = &list[i].answer;

        if (!answer->complete) {
            continue;
        }
        share->futures++;
        share->alike += answer->alike;
        share->other += !answer->alike && answer->signature[0] != '\0';
        if (answer->alike && point->failing == 0) {
            point->failing = list[i].salt;
        } else if (!answer->alike && point->passing == 0) {
            point->passing = list[i].salt;
        }
    }
    share->interval =
        statistics_share(share->alike, share->futures, STATISTICS_Z95);
}

/* One in a hundred, and the first, from zero, with the plan that a person
 * would be given: it must be the same run. */
static bool
check(Why *why, const Future *list, unsigned count, GError **error)
{
    Futures zero = why->futures;
    g_autofree Future *again = g_new0(Future, count / CHECK_EVERY + 1);
    unsigned checked = 0;
    bool good = true;

    for (unsigned i = 0; i < count; i += CHECK_EVERY) {
        /* Not the same salt each time. */
        again[checked++] =
            list[MIN(i + i / CHECK_EVERY % CHECK_EVERY, count - 1)];
    }
    zero.from_zero = true;
    if (!futures_run(&zero, again, checked)) {
        g_set_error(error, WHY_ERROR, 0, "interrupted: nothing is left");
        return false;
    }
    for (unsigned i = 0; good && i < checked; i++) {
        const Future *forked =
            &list[MIN(i * CHECK_EVERY + i % CHECK_EVERY, count - 1)];

        good = forked->answer.complete == again[i].answer.complete &&
               digest_equal(forked->answer.digest, again[i].answer.digest);
        if (!good) {
            g_set_error(error, WHY_ERROR, 0,
                        "the future from %.9f s with salt %" G_GUINT64_FORMAT
                        " is another one when it is run from zero: a node "
                        "keeps something outside its state",
                        (double)forked->at / 1e9, forked->salt);
        }
    }
    why->futures.runs = zero.runs;
    why->futures.cpu_ns = zero.cpu_ns;
    why->result->checked += checked;
    return good;
}

/* The middles of the steepest gaps; returns how many. */
static unsigned
steepest(const Why *why, SimTime *at, unsigned most)
{
    const GArray *points = why->result->points;
    SimTime finest = MAX(why->result->failed_at / FINE, 2);
    unsigned count = 0;
    double least = 2;
    unsigned last = points->len;

    while (count < most) {
        unsigned best = 0;
        double change = STEEP;

        /* The next one in the order of (change, place). */
        for (unsigned i = 1; i < points->len; i++) {
            const WhyPoint *left = &g_array_index(points, WhyPoint, i - 1);
            const WhyPoint *right = &g_array_index(points, WhyPoint, i);
            double step = why_share(&right->share) - why_share(&left->share);

            step = step < 0 ? -step : step;
            if (right->at - left->at >= finest && step > change &&
                (step < least || (step <= least && i > last))) {
                best = i;
                change = step;
            }
        }
        if (best == 0) {
            break;
        }
        least = change;
        last = best;
        {
            SimTime left = g_array_index(points, WhyPoint, best - 1).at;
            SimTime right = g_array_index(points, WhyPoint, best).at;
            SimTime middle = left + (right - left) / 2;
            SimTime whole = middle / SIM_MS * SIM_MS;

            at[count++] = whole > left ? whole : middle;
        }
    }
    return count;
}

static const WhyPoint *
point_at(const Why *why, SimTime at)
{
    const GArray *points = why->result->points;

    for (unsigned i = 0; i < points->len; i++) {
        if (g_array_index(points, WhyPoint, i).at == at) {
            return &g_array_index(points, WhyPoint, i);
        }
    }
    return NULL;
}

/* Each fault's futures from its beginning: with it they are on the curve. */
static bool
find_faults(Why *why, GError **error)
{
    const Trial *base = why->bases->pdata[0];
    unsigned count = base->scenario->timed->count;
    bool good = true;

    why->progress.step = "the faults";
    why->progress.fault_count = count;
    for (unsigned i = 0; good && i < count; i++) {
        const Fault *line = &base->scenario->timed->faults[i];
        SimTime at = MAX(line->at, 1);
        const WhyPoint *with = point_at(why, at);
        WhyFault fault = {.number = line->number,
                          .words = plan_words(line),
                          .at = line->at,
                          .need = WHY_LATER};

        if (with != NULL && line->at < why->result->failed_at) {
            fault.with = with->share;
            fault.need = WHY_RARE;
        }
        if (fault.with.alike >= FAILING_MIN) {
            Trial *without = trials_one_copy(base);
            g_autofree uint8_t *keep = g_malloc(count);
            WhyPoint point = {0};

            memset(keep, 1, count);
            keep[i] = 0;
            shrink_edit_plan(without->scenario, keep);
            g_ptr_array_add(why->bases, without);
            good = measure(why, why->bases->len - 1, &at, 1, &point, error);
            fault.without = point.share;
            judge_fault(&fault);
        }
        g_array_append_val(why->result->faults, fault);
        why->progress.faults = i + 1;
    }
    return good;
}

/* The attributable fraction: how many of the failures would not be there. */
static void
judge_fault(WhyFault *fault)
{
    double with = why_share(&fault->with);
    double without = why_share(&fault->without);

    fault->vanished = without < with ? 1 - without / with : 0;
    fault->need = fault->without.interval.high < fault->with.interval.low
                      ? WHY_NEEDED
                      : WHY_UNCLEAR;
}

/* The largest step up between neighbours that are apart for certain; of a
 * gentle slope, from where it certainly was unlikely to where it certainly is
 * likely. */
static void
find_jump(WhyResult *result)
{
    double most = 0;

    result->before = result->after = 0;
    for (unsigned i = 1; i < result->points->len; i++) {
        const WhyPoint *left = &g_array_index(result->points, WhyPoint, i - 1);
        const WhyPoint *right = &g_array_index(result->points, WhyPoint, i);
        double step = why_share(&right->share) - why_share(&left->share);

        if (left->share.interval.high < right->share.interval.low &&
            step > most) {
            most = step;
            result->before = i - 1;
            result->after = i;
        }
    }
    for (unsigned i = 0; most <= 0 && i < result->points->len; i++) {
        const WhyPoint *point = &g_array_index(result->points, WhyPoint, i);

        if (point->share.interval.high < 0.5) {
            result->before = i;
            result->after = i;
        } else if (point->share.interval.low > 0.5 &&
                   result->before == result->after) {
            result->after = result->before < i ? i : result->after;
        }
    }
    if (most <= 0 && result->points->len > 0 &&
        g_array_index(result->points, WhyPoint, result->before)
                .share.interval.high >= 0.5) {
        result->after = result->before; /* it never was unlikely */
    }
}

double
why_share(const WhyShare *share)
{
    return share->futures > 0 ? (double)share->alike / share->futures : 0;
}

static gint
compare_points(gconstpointer a, gconstpointer b)
{
    const WhyPoint *left = a, *right = b;

    return left->at < right->at ? -1 : left->at > right->at;
}

static void
tell(void *user, uint64_t runs)
{
    Why *why = user;

    why->progress.runs = runs;
    why->progress.wall_ns = pool_age_ns(why->futures.pool);
    why->options->progress(why->options->user, &why->progress);
}

static void
clear_fault(gpointer fault)
{
    g_free(((WhyFault *)fault)->words);
}

void
why_result_clear(WhyResult *result)
{
    g_clear_pointer(&result->points, g_array_unref);
    g_clear_pointer(&result->faults, g_array_unref);
    g_clear_pointer(&result->picture_error, g_free);
    g_clear_pointer(&result->command, g_free);
}
