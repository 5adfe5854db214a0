/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing what the verbs share. */
#include "sim/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "config.h"
#include "sim/run_files.h"

#define COMMIT_DIGITS 40u
#define WORKERS_MOST  64u

static void add_set(CommandOptions *options, const char *set);
static void split_numbers(int *argc, char ***argv);
static bool parse_isolation(const char *verb, const char *text,
                            RunOptions *run);

bool
command_parse(int *argc, char ***argv, const char *synopsis,
              const char *example, const GOptionEntry *entries,
              CommandOptions *options, unsigned operand_min,
              unsigned operand_max, char **operands, int *status)
{
    CommandOptions unused = {0};
    CommandOptions *o = options != NULL ? options : &unused;
    const GOptionEntry shared[] = {
        {"seed", 's', 0, G_OPTION_ARG_STRING, &o->seed,
         "decimal, 0x..., or a commit hash (default 1)", "N"},
        {"isolation", 'i', 0, G_OPTION_ARG_STRING, &o->isolation,
         "where nodes run (default inline)", "inline|process"},
        {"workers", 'w', 0, G_OPTION_ARG_STRING, &o->workers,
         "threads that carry cells (default 1)", "N"},
        {"plan", 'p', 0, G_OPTION_ARG_FILENAME, &o->plan,
         "the faults, instead of drawing them", "FILE"},
        {"beyond-budget", 0, 0, G_OPTION_ARG_NONE, &o->beyond_budget,
         "allow faults that no correct system survives", NULL},
        {"explore-order", 0, 0, G_OPTION_ARG_STRING, &o->explore,
         "another legal order of events", "K"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->sets,
         "any key of the scenario; may be given more than once",
         "path.to.key=VALUE"},
        {"bug", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->bugs,
         "switch a planted bug on (needs --enable-bugs)", "NAME"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &o->out,
         "the run folder (default out/<scenario>/<seed>); replaced if there",
         "DIR"},
        {"no-out", 0, 0, G_OPTION_ARG_NONE, &o->no_out, "leave no run folder",
         NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &o->json,
         "print one JSON object and nothing else", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet,
         "print nothing but errors", NULL},
        {"trace", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->traces,
         "leave the trace in that form; may be given more than once",
         "text|binary|perfetto|shiviz"},
        {"capture", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->captures,
         "leave what the network carried; pcapng: also what it lost",
         "pcap|pcapng"},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    const char *verb = (*argv)[0];
    g_autoptr(GOptionContext) context = g_option_context_new(synopsis);
    g_autofree char *summary = g_strdup_printf("Example:\n  %s", example);
    g_autofree char *program = g_strdup_printf("seedbed %s", verb);
    GError *error = NULL;

    g_option_context_set_summary(context, summary);
    if (options != NULL) {
        g_option_context_add_main_entries(context, shared, NULL);
    }
    if (entries != NULL) {
        g_option_context_add_main_entries(context, entries, NULL);
    }
    g_option_context_set_help_enabled(context, FALSE);
    g_set_prgname(program);
    for (int i = 1; i < *argc; i++) {
        if (strcmp((*argv)[i], "--") == 0) {
            break;
        }
        if (strcmp((*argv)[i], "--help") == 0 ||
            strcmp((*argv)[i], "-h") == 0) {
            g_autofree char *help =
                g_option_context_get_help(context, TRUE, NULL);

            fputs(help, stdout);
            *status = 0;
            return false;
        }
    }
    *status = RUN_BAD_ARGUMENTS;
    split_numbers(argc, argv);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        command_complain(verb, "%s", error->message);
        g_error_free(error);
        return false;
    }
    if (*argc >= 2 && strcmp((*argv)[1], "--") == 0) {
        (*argc)--;
        memmove(&(*argv)[1], &(*argv)[2], (size_t)(*argc) * sizeof(char *));
    }
    if (*argc - 1 < (int)operand_min || *argc - 1 > (int)operand_max) {
        command_complain(verb, "found %d operand%s, expected: seedbed %s%s%s",
                         *argc - 1, *argc == 2 ? "" : "s", verb,
                         synopsis[0] != '\0' ? " " : "", synopsis);
        return false;
    }
    for (unsigned i = 0; i < operand_max; i++) {
        operands[i] = (int)i + 1 < *argc ? (*argv)[i + 1] : NULL;
    }
    o->verb = verb;
    if (o->beyond_budget) {
        add_set(o, "faults.beyond_budget=true");
    }
    return true;
}

/* One more --set, behind those given. */
static void
add_set(CommandOptions *options, const char *set)
{
    unsigned count = options->sets != NULL ? g_strv_length(options->sets) : 0;

    options->sets = g_renew(char *, options->sets, count + 2);
    options->sets[count] = g_strdup(set);
    options->sets[count + 1] = NULL;
}

/* "-j2" is "-j 2", as of make. The words live as long as the program. */
static void
split_numbers(int *argc, char ***argv)
{
    static char **kept;
    GPtrArray *words = g_ptr_array_new();
    bool options = true;

    for (int i = 0; i < *argc; i++) {
        char *word = (*argv)[i];

        options = options && strcmp(word, "--") != 0;
        if (options && word[0] == '-' && g_ascii_isalpha(word[1]) &&
            g_ascii_isdigit(word[2])) {
            const char option[] = {'-', word[1], '\0'};

            g_ptr_array_add(words, (gpointer)g_intern_string(option));
            word += 2;
        }
        g_ptr_array_add(words, word);
    }
    *argc = (int)words->len;
    g_ptr_array_add(words, NULL);
    g_free(kept);
    *argv = kept = (char **)g_ptr_array_free(words, FALSE);
}

bool
command_run_options(const CommandOptions *options, RunOptions *run)
{
    const char *verb = options->verb;
    uint64_t workers = 1;

    run_options_init(run);
    run->seed = 1;
    if (options->seed != NULL && !command_seed(options->seed, &run->seed)) {
        command_complain(verb,
                         "--seed: found '%s', expected a decimal number, "
                         "0x... or a 40-digit commit hash",
                         options->seed);
        return false;
    }
    if (!parse_isolation(verb, options->isolation, run)) {
        return false;
    }
    if (options->workers != NULL &&
        !command_number(options->workers, 1, WORKERS_MOST, &workers)) {
        command_complain(verb, "--workers: found '%s', expected 1 to %u",
                         options->workers, WORKERS_MOST);
        return false;
    }
    run->workers = (unsigned)workers;
    if (options->explore != NULL &&
        (!command_seed(options->explore, &run->explore) || run->explore == 0)) {
        command_complain(verb,
                         "--explore-order: found '%s', expected a number "
                         "that is not 0",
                         options->explore);
        return false;
    }
    if (!command_viewers(verb, options->traces, options->captures, run)) {
        return false;
    }
    if (options->out != NULL && options->out[0] == '\0') {
        command_complain(verb, "--out: found '', expected a folder");
        return false;
    }
    run->plan = options->plan;
    run->sets = options->sets;
    run->bugs = options->bugs;
    run->out = options->out;
    run->no_folder = options->no_out;
    if (options->no_out && (options->out != NULL || run_files_asked(run))) {
        command_complain(verb, "--no-out: leaves nothing, so it does not go "
                               "with --out, --trace or --capture");
        return false;
    }
    return true;
}

static bool
parse_isolation(const char *verb, const char *text, RunOptions *run)
{
    if (text == NULL || strcmp(text, "inline") == 0) {
        run->isolation = ENGINE_INLINE;
    } else if (strcmp(text, "process") == 0) {
        run->isolation = ENGINE_PROCESS;
    } else {
        command_complain(
            verb, "--isolation: found '%s', expected inline or process", text);
        return false;
    }
    return true;
}

bool
command_viewers(const char *verb, char **traces, char **captures,
                RunOptions *run)
{
    const struct {
        const char *name;
        bool *wanted;
    } forms[] = {
        {"text", &run->trace_text},         {"binary", &run->trace_binary},
        {"perfetto", &run->trace_perfetto}, {"shiviz", &run->trace_shiviz},
        {"pcap", &run->capture_pcap},       {"pcapng", &run->capture_pcapng},
    };
    const unsigned first_capture = 4;

    for (unsigned kind = 0; kind < 2; kind++) {
        char **names = kind == 0 ? traces : captures;
        unsigned low = kind == 0 ? 0 : first_capture;
        unsigned high = kind == 0 ? first_capture : G_N_ELEMENTS(forms);

        for (unsigned i = 0; names != NULL && names[i] != NULL; i++) {
            unsigned at = low;

            while (at < high && strcmp(names[i], forms[at].name) != 0) {
                at++;
            }
            if (at == high) {
                command_complain(verb, "--%s: found '%s', expected %s",
                                 kind == 0 ? "trace" : "capture", names[i],
                                 kind == 0 ? "text, binary, perfetto or shiviz"
                                           : "pcap or pcapng");
                return false;
            }
            *forms[at].wanted = true;
        }
    }
    return true;
}

bool
command_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
    return g_ascii_string_to_unsigned(text, 10, low, high, number, NULL);
}

bool
command_seed(const char *text, uint64_t *seed)
{
    size_t length = strlen(text);
    char *end = NULL;

    if (length == COMMIT_DIGITS &&
        strspn(text, "0123456789abcdefABCDEF") == length) {
        g_autofree char *lower = g_ascii_strdown(text, -1);

        *seed = XXH3_64bits(lower, length);
        return true;
    }
    if (length == 0 || !g_ascii_isdigit(text[0])) {
        return false;
    }
    errno = 0;
    *seed = strtoull(
        text, &end,
        g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X") ? 16 : 10);
    return errno == 0 && *end == '\0';
}

void
command_complain(const char *verb, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "seedbed %s: ", verb);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void
command_options_clear(CommandOptions *options)
{
    g_free(options->seed);
    g_free(options->isolation);
    g_free(options->workers);
    g_free(options->plan);
    g_free(options->explore);
    g_strfreev(options->sets);
    g_strfreev(options->bugs);
    g_free(options->out);
    g_strfreev(options->traces);
    g_strfreev(options->captures);
}
