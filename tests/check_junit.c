/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JUnit's XML from stdin, complains if it is not well-formed or if what
 * <testsuite> says of tests, failures, errors and skipped is not what is in
 * it, and prints those four numbers. */
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS, FAILURES, ERRORS, SKIPPED, KINDS };

static const char *const attributes[KINDS] = {"tests", "failures", "errors",
                                              "skipped"};
static const char *const elements[KINDS] = {"testcase", "failure", "error",
                                            "skipped"};

typedef struct Counts {
    long said[KINDS], found[KINDS];
} Counts;

static void
on_start(GMarkupParseContext *context, const gchar *name, const gchar **keys,
         const gchar **values, gpointer user, GError **error)
{
    Counts *counts = user;

    (void)context;
    (void)error;
    for (unsigned i = 0; i < KINDS; i++) {
        counts->found[i] += strcmp(name, elements[i]) == 0;
        for (unsigned j = 0; keys[j] != NULL; j++) {
            if (strcmp(name, "testsuite") == 0 &&
                strcmp(keys[j], attributes[i]) == 0) {
                counts->said[i] = strtol(values[j], NULL, 10);
            }
        }
    }
}

int
main(void)
{
    const GMarkupParser parser = {.start_element = on_start};
    Counts counts = {0};
    GMarkupParseContext *context = g_markup_parse_context_new(
        &parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &counts, NULL);
    char bytes[65536];
    size_t size;
    GError *error = NULL;
    bool good = true;

    while (good && (size = fread(bytes, 1, sizeof(bytes), stdin)) > 0) {
        good =
            g_markup_parse_context_parse(context, bytes, (gssize)size, &error);
    }
    good = good && g_markup_parse_context_end_parse(context, &error);
    g_markup_parse_context_free(context);
    if (!good) {
        fprintf(stderr, "check_junit: %s\n", error->message);
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < KINDS; i++) {
        if (counts.said[i] != counts.found[i]) {
            fprintf(stderr, "check_junit: %s: said %ld, found %ld\n",
                    attributes[i], counts.said[i], counts.found[i]);
            return EXIT_FAILURE;
        }
        printf("%ld%c", counts.found[i], i + 1 < KINDS ? ' ' : '\n');
    }
    return EXIT_SUCCESS;
}
