/* SPDX-License-Identifier: Apache-2.0 */
/* seedbed-kv: the command-line client of the key-value service of live
 * nodes. */
#include "config.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/host/kv_bench.h"
#include "nodes/host/kv_client.h"

enum {
    EXIT_OK = 0,
    EXIT_ABSENT = 1,      /* no such key, or CAS found something else */
    EXIT_UNKNOWN = 2,     /* may or may not have happened */
    EXIT_UNAVAILABLE = 3, /* certainly did not happen: no leader in time */
    EXIT_USAGE = 254,
};

static const char help[] =
    "Example:\n"
    "  seedbed-kv --connect unix:/run/seedbed/1.client,"
    "unix:/run/seedbed/2.client put colour green\n"
    "  seedbed-kv --connect tcp:127.0.0.1:8001 get colour\n"
    "\n"
    "Usage: seedbed-kv [OPTIONS] put KEY VALUE\n"
    "       seedbed-kv [OPTIONS] get KEY\n"
    "       seedbed-kv [OPTIONS] cas KEY OLD NEW\n"
    "       seedbed-kv [OPTIONS] --absent cas KEY NEW\n"
    "       seedbed-kv [OPTIONS] append KEY VALUE\n"
    "       seedbed-kv [OPTIONS] delete KEY\n"
    "       seedbed-kv [OPTIONS] bench [--clients N] [--ops N] "
    "[--value-size B]\n"
    "\n"
    "  --connect ADDR[,ADDR...]  where node 1, 2, ... listen for clients,\n"
    "                            tcp:HOST:PORT or unix:PATH; else from the\n"
    "                            variable SEEDBED_KV\n"
    "  --timeout MS              for one question, all attempts (5000)\n"
    "  --absent                  cas: only if there is no such key\n"
    "  --json                    one JSON object on stdout\n"
    "  --clients N               bench: questions under way at once (1)\n"
    "  --ops N                   bench: PUTs in all (1000)\n"
    "  --value-size B            bench: bytes of a value (64)\n"
    "  --help, --version\n"
    "\n"
    "A VALUE, OLD or NEW of - is read from stdin. `get` prints the value and\n"
    "a newline.\n"
    "\n"
    "Exit: 0 done; 1 no such key, or cas found something else; 2 unknown, it\n"
    "may or may not have happened; 3 certainly not done, no leader answered\n"
    "in time; 254 wrong usage.\n";

typedef struct Options {
    char *connect;
    int timeout_ms;
    gboolean absent;
    gboolean json;
    gboolean help;
    gboolean version;
    int clients;
    int operations;
    int value_size;
} Options;

static int run_question(const Options *options, char **words);
static int run_bench(const Options *options);
static int usage_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

int
main(int argc, char **argv)
{
    Options options = {NULL, 5000, FALSE, FALSE, FALSE, FALSE, 1, 1000, 64};
    const GOptionEntry entries[] = {
        {"connect", 0, 0, G_OPTION_ARG_STRING, &options.connect, NULL, NULL},
        {"timeout", 0, 0, G_OPTION_ARG_INT, &options.timeout_ms, NULL, NULL},
        {"absent", 0, 0, G_OPTION_ARG_NONE, &options.absent, NULL, NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, NULL, NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &options.help, NULL, NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options.version, NULL, NULL},
        {"clients", 0, 0, G_OPTION_ARG_INT, &options.clients, NULL, NULL},
        {"ops", 0, 0, G_OPTION_ARG_INT, &options.operations, NULL, NULL},
        {"value-size", 0, 0, G_OPTION_ARG_INT, &options.value_size, NULL, NULL},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        return usage_error("%s", error->message);
    }
    if (options.help) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    if (options.version) {
        printf("seedbed-kv %s\n", PACKAGE_VERSION);
        return EXIT_OK;
    }
    /* An argument "--" separates; GLib leaves it in place. */
    if (argc > 1 && strcmp(argv[1], "--") == 0) {
        argv++;
        argc--;
    }
    if (argc < 2) {
        return usage_error("expected put, get, cas, append, delete or bench");
    }
    if (options.connect == NULL) {
        options.connect = g_strdup(g_getenv("SEEDBED_KV"));
    }
    if (options.connect == NULL) {
        return usage_error("expected --connect ADDR[,ADDR...] or the "
                           "variable SEEDBED_KV");
    }
    if (options.timeout_ms < 1) {
        return usage_error("--timeout: expected milliseconds, at least 1");
    }

    int code = strcmp(argv[1], "bench") == 0 ? run_bench(&options)
                                             : run_question(&options, argv + 1);

    g_free(options.connect);
    return code;
}

static int
usage_error(const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "seedbed-kv: %s; see seedbed-kv --help\n", text);
    return EXIT_USAGE;
}

/* ---- one question ---- */

/* An argument, or all of stdin for "-". */
static GByteArray *
take_value(const char *word)
{
    GByteArray *value = g_byte_array_new();
    uint8_t bytes[65536];
    size_t count;

    if (strcmp(word, "-") != 0) {
        g_byte_array_append(value, (const guint8 *)word, (guint)strlen(word));
        return value;
    }
    while ((count = fread(bytes, 1, sizeof bytes, stdin)) > 0 &&
           value->len <= 1u << 20) {
        g_byte_array_append(value, bytes, (guint)count);
    }
    return value;
}

/* UTF-8 as a JSON string; other bytes, and what would be taken for such, as
 * "base64:" and their base64, as in histories. */
static void
print_json_bytes(const uint8_t *data, size_t size)
{
    static const char prefix[] = "base64:";
    size_t length = strlen(prefix);

    if (size > 0 && (!g_utf8_validate_len((const char *)data, size, NULL) ||
                     (size >= length && memcmp(data, prefix, length) == 0))) {
        g_autofree char *base64 = g_base64_encode(data, size);

        printf("\"%s%s\"", prefix, base64);
        return;
    }
    putchar('"');
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '"' || data[i] == '\\') {
            printf("\\%c", data[i]);
        } else if (data[i] < 0x20 || data[i] == 0x7f) {
            printf("\\u%04x", data[i]);
        } else {
            putchar(data[i]);
        }
    }
    putchar('"');
}

static void
print_answer(const Options *options, const KvAnswer *answer)
{
    gsize size = 0;
    const uint8_t *data =
        answer->value == NULL ? NULL : g_bytes_get_data(answer->value, &size);

    if (options->json) {
        printf("{\"outcome\":\"%s\"", kv_outcome_text(answer->outcome));
        if (data != NULL || answer->value != NULL) {
            printf(",\"value\":");
            print_json_bytes(data, size);
        } else if (answer->outcome == KV_ABSENT ||
                   answer->outcome == KV_MISMATCH) {
            printf(",\"value\":null");
        }
        printf(",\"index\":%llu,\"node\":%u}\n",
               (unsigned long long)answer->index, answer->node);
        return;
    }
    if (answer->outcome == KV_OK && answer->value != NULL) {
        fwrite(data, 1, size, stdout);
        putchar('\n');
    } else if (answer->outcome == KV_MISMATCH && answer->value != NULL) {
        fprintf(stderr, "seedbed-kv: mismatch, found '%.*s'\n", (int)size,
                (const char *)data);
    } else if (answer->outcome != KV_OK) {
        fprintf(stderr, "seedbed-kv: %s\n", kv_outcome_text(answer->outcome));
    }
}

static int
exit_code(KvOutcome outcome)
{
    switch (outcome) {
    case KV_OK:
        return EXIT_OK;
    case KV_ABSENT:
    case KV_MISMATCH:
        return EXIT_ABSENT;
    case KV_UNAVAILABLE:
        return EXIT_UNAVAILABLE;
    case KV_INVALID:
        return EXIT_USAGE;
    case KV_UNKNOWN:
    case KV_WAITING:
        break;
    }
    return EXIT_UNKNOWN;
}

static int
ask(const Options *options, const KvQuestion *question)
{
    g_autoptr(GError) error = NULL;
    KvAnswer answer;
    KvClient *client =
        kv_client_new(options->connect, (unsigned)options->timeout_ms, &error);

    if (client == NULL) {
        return usage_error("--connect: %s", error->message);
    }
    kv_client_ask(client, question, &answer);
    print_answer(options, &answer);
    kv_client_free(client);
    return exit_code(answer.outcome);
}

static int
run_question(const Options *options, char **words)
{
    static const struct {
        const char *name;
        KvOperation operation;
        unsigned values;
    } verbs[] = {
        {"put", KV_PUT, 1},       {"get", KV_GET, 0},       {"cas", KV_CAS, 2},
        {"append", KV_APPEND, 1}, {"delete", KV_DELETE, 0},
    };
    KvQuestion question = {0};
    unsigned want = 0;
    unsigned count = g_strv_length(words);

    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) == 0) {
            question.operation = verbs[i].operation;
            want = verbs[i].values;
        }
    }
    if (question.operation == 0) {
        return usage_error("found '%s', expected put, get, cas, append, "
                           "delete or bench",
                           words[0]);
    }
    if (question.operation == KV_CAS && options->absent) {
        question.expect_absent = true;
        want = 1;
    }
    if (count != 2 + want) {
        return usage_error("%s: found %u arguments, expected %u", words[0],
                           count - 1, 1 + want);
    }
    question.key = words[1];
    question.key_size = strlen(words[1]);
    if (question.key_size < 1 || question.key_size > 1024) {
        return usage_error("%s: expected a key of 1..1024 bytes", words[0]);
    }

    g_autoptr(GByteArray) last =
        want >= 1 ? take_value(words[1 + want]) : g_byte_array_new();
    g_autoptr(GByteArray) first =
        want == 2 ? take_value(words[2]) : g_byte_array_new();

    question.value = last->data;
    question.value_size = last->len;
    question.expected = first->data;
    question.expected_size = first->len;
    if (last->len > 1u << 20 || first->len > 1u << 20) {
        return usage_error("%s: expected a value of at most 1 MiB", words[0]);
    }
    return ask(options, &question);
}

/* ---- many ---- */

static int
run_bench(const Options *options)
{
    g_autoptr(GError) error = NULL;
    KvBench bench = {
        .addresses = options->connect,
        .client_count = (unsigned)options->clients,
        .operations = (unsigned)options->operations,
        .value_size = (unsigned)options->value_size,
        .timeout_ms = (unsigned)options->timeout_ms,
    };
    KvBenchResult result;
    unsigned bad;

    if (options->clients < 1 || options->clients > 4096 ||
        options->operations < 1 || options->value_size < 0 ||
        options->value_size > 1 << 20) {
        return usage_error("bench: expected --clients 1..4096, --ops at "
                           "least 1, --value-size 0..1048576");
    }
    if (!kv_bench_run(&bench, &result, &error)) {
        return usage_error("--connect: %s", error->message);
    }

    double seconds = (double)result.elapsed_us / 1e6;
    double rate = result.done[KV_OK] / (seconds > 0 ? seconds : 1);

    if (options->json) {
        printf("{\"clients\":%d,\"operations\":%d,\"value_bytes\":%d,"
               "\"ok\":%u,\"unknown\":%u,\"unavailable\":%u,"
               "\"seconds\":%.6f,\"puts_per_s\":%.1f,\"p50_us\":%lld,"
               "\"p99_us\":%lld,\"max_us\":%lld}\n",
               options->clients, options->operations, options->value_size,
               result.done[KV_OK], result.done[KV_UNKNOWN],
               result.done[KV_UNAVAILABLE], seconds, rate,
               (long long)result.p50_us, (long long)result.p99_us,
               (long long)result.max_us);
    } else {
        printf("%u puts of %d bytes by %d clients in %.3f s: %.0f puts/s; "
               "latency p50 %lld us, p99 %lld us, max %lld us; "
               "%u unknown, %u unavailable\n",
               result.done[KV_OK], options->value_size, options->clients,
               seconds, rate, (long long)result.p50_us,
               (long long)result.p99_us, (long long)result.max_us,
               result.done[KV_UNKNOWN], result.done[KV_UNAVAILABLE]);
    }
    bad = result.done[KV_UNKNOWN];
    if (bad > 0) {
        return EXIT_UNKNOWN;
    }
    return result.done[KV_UNAVAILABLE] > 0 ? EXIT_UNAVAILABLE : EXIT_OK;
}
