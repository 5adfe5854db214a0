/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a history, checked by a model of the first byte.
 * The verdict must not depend on the pieces in which it is checked, nor, for
 * keys and values of a store, on whether its keys are checked apart. */
#include <stdio.h>
#include <string.h>

#include "sim/history.h"
#include "sim/linear.h"
#include "sim/linear_draw.h"
#include "sim/linear_models.h"
#include "sim/linear_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* -1: it is no history. */
static int
judge(const LinearModel *model, unsigned piece, const uint8_t *data,
      size_t size)
{
    LinearOptions options = {
        .model = model,
        .limits = {.steps = 20000, .memory = (size_t)64 << 20},
        .piece = piece};
    Linear *linear = linear_new(&options);
    FILE *file = fmemopen((void *)(uintptr_t)data, size, "r");
    HistoryReader *reader = history_reader_new_file(file, "fuzz");
    GError *error = NULL;
    HistoryEvent event;
    int verdict = -1;

    while (history_reader_next(reader, &event, &error) > 0 &&
           linear_add(linear, &event, history_reader_line(reader), &error)) {
    }
    if (error == NULL) {
        verdict = (int)linear_finish(linear);
        for (unsigned i = 0; i < linear_failures(linear)->len; i++) {
            const LinearFailure *failure = linear_failures(linear)->pdata[i];
            g_autofree char *picture = linear_draw(failure);
            GString *words = g_string_new(NULL);

            linear_text_print(words, failure, "fuzz");
            g_assert(failure->odd_count >= 1 && failure->line >= 2);
            g_assert(g_utf8_validate(picture, -1, NULL));
            g_string_free(words, TRUE);
        }
    } else {
        g_assert(strchr(error->message, '\n') == NULL);
        g_error_free(error);
    }
    history_reader_free(reader);
    fclose(file);
    linear_free(linear);
    return verdict;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const LinearModel *model, *whole = linear_models_find("kv-whole", NULL);
    int first, second, third;

    if (size < 2) {
        return 0;
    }
    model = linear_models_get(data[0] % 7);
    first = judge(model, 0, data + 1, size - 1);
    second = judge(model, 1, data + 1, size - 1);
    g_assert(first == second || first == LINEAR_UNKNOWN ||
             second == LINEAR_UNKNOWN);
    if (model == linear_models_find("kv", NULL) && first >= 0) {
        third = judge(whole, 0, data + 1, size - 1);
        g_assert(first == third || first == LINEAR_UNKNOWN ||
                 third == LINEAR_UNKNOWN || third == -1);
    }
    return 0;
}
