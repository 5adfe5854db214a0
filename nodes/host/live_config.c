/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the live host's configuration. Every mistake is one line with file,
 * line, key, what was found and what was expected. */
#include "nodes/host/live_config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#define KIB 1024u
#define MIB (1024u * 1024u)

typedef struct Parser {
    const char *path;
    unsigned line;
    LiveConfig *config;
    GHashTable *seen;   /* keys, for look-up only */
    LiveAddress *peers; /* [0..NODE_ID_MAX] */
} Parser;

typedef struct Key {
    const char *name;
    bool (*parse)(Parser *parser, const char *value, GError **error);
    bool repeats;
} Key;

static bool parse_line(Parser *parser, char *line, GError **error);
static bool parse_peer(Parser *parser, const char *key, const char *value,
                       GError **error);
static bool parse_config(Parser *parser, const char *key, const char *value,
                         GError **error);
static bool finish(Parser *parser, GError **error);
static bool check_peers(Parser *parser, GError **error);

static void fail(GError **error, const Parser *parser, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

LiveConfig *
live_config_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    if (strlen(text) != size) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: found a zero byte, expected text", path);
        return NULL;
    }
    return live_config_parse(path, text, error);
}

LiveConfig *
live_config_parse(const char *path, const char *text, GError **error)
{
    Parser parser = {.path = path};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool good = true;

    parser.config = g_new0(LiveConfig, 1);
    parser.config->program_config = g_string_new(NULL);
    parser.config->io_threads = 1;
    parser.config->send_buffer = 8 * MIB;
    parser.config->datagram_buffer = 1 * MIB;
    parser.config->stop_timeout = 5;
    parser.peers = g_new0(LiveAddress, NODE_ID_MAX + 1);
    parser.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; good && lines[i] != NULL; i++) {
        parser.line = i + 1;
        good = parse_line(&parser, lines[i], error);
    }
    good = good && finish(&parser, error);
    g_hash_table_unref(parser.seen);
    g_free(parser.peers);
    if (!good) {
        live_config_free(parser.config);
        return NULL;
    }
    return parser.config;
}

/* ---- one key each ---- */

static bool
parse_number(const Parser *parser, const char *key, const char *value,
             uint64_t low, uint64_t high, uint64_t *number, GError **error)
{
    if (!g_ascii_string_to_unsigned(value, 10, low, high, number, NULL)) {
        fail(error, parser, "%s: found '%s', expected a number %llu..%llu", key,
             value, (unsigned long long)low, (unsigned long long)high);
        return false;
    }
    return true;
}

/* Bytes, with an optional KiB or MiB behind the number. */
static bool
parse_size(const Parser *parser, const char *key, const char *value,
           size_t *size, GError **error)
{
    g_autofree char *digits = g_strdup(value);
    uint64_t unit = 1;
    uint64_t number;

    if (g_str_has_suffix(digits, "KiB") || g_str_has_suffix(digits, "MiB")) {
        char *suffix = digits + strlen(digits) - 3;

        unit = *suffix == 'K' ? KIB : MIB;
        *suffix = '\0';
        g_strchomp(digits);
    }
    if (!g_ascii_string_to_unsigned(digits, 10, 0, 1u << 30, &number, NULL) ||
        number * unit < 64 * KIB || number * unit > 1u << 30) {
        fail(error, parser,
             "%s: found '%s', expected a size such as '1 MiB', "
             "64 KiB..1024 MiB",
             key, value);
        return false;
    }
    *size = (size_t)(number * unit);
    return true;
}

static bool
parse_self(Parser *parser, const char *value, GError **error)
{
    uint64_t number;

    if (!parse_number(parser, "self", value, 1, NODE_ID_MAX, &number, error)) {
        return false;
    }
    parser->config->self = (NodeId)number;
    return true;
}

static bool
parse_program(Parser *parser, const char *value, GError **error)
{
    (void)error;
    parser->config->program = g_strdup(value);
    return true;
}

static bool
parse_data(Parser *parser, const char *value, GError **error)
{
    (void)error;
    parser->config->data = g_strdup(value);
    return true;
}

static bool
parse_listen(Parser *parser, const char *key, const char *value,
             LiveAddress *addresses, unsigned *count, GError **error)
{
    GError *why = NULL;

    if (*count == LIVE_LISTEN_MAX) {
        fail(error, parser, "%s: found more than %u, expected fewer", key,
             LIVE_LISTEN_MAX);
        return false;
    }
    if (!live_address_parse(&addresses[*count], value, &why)) {
        fail(error, parser, "%s: %s", key, why->message);
        g_error_free(why);
        return false;
    }
    (*count)++;
    return true;
}

static bool
parse_listen_peers(Parser *parser, const char *value, GError **error)
{
    return parse_listen(parser, "listen.peers", value,
                        parser->config->listen_peers,
                        &parser->config->listen_peer_count, error);
}

static bool
parse_listen_clients(Parser *parser, const char *value, GError **error)
{
    return parse_listen(parser, "listen.clients", value,
                        parser->config->listen_clients,
                        &parser->config->listen_client_count, error);
}

static bool
parse_io_threads(Parser *parser, const char *value, GError **error)
{
    uint64_t number;

    if (!parse_number(parser, "io_threads", value, 1, 2, &number, error)) {
        return false;
    }
    parser->config->io_threads = (unsigned)number;
    return true;
}

static bool
parse_send_buffer(Parser *parser, const char *value, GError **error)
{
    return parse_size(parser, "send_buffer", value,
                      &parser->config->send_buffer, error);
}

static bool
parse_datagram_buffer(Parser *parser, const char *value, GError **error)
{
    return parse_size(parser, "datagram_buffer", value,
                      &parser->config->datagram_buffer, error);
}

static bool
parse_stop_timeout(Parser *parser, const char *value, GError **error)
{
    uint64_t number;

    if (!parse_number(parser, "stop_timeout", value, 1, 600, &number, error)) {
        return false;
    }
    parser->config->stop_timeout = (unsigned)number;
    return true;
}

static bool
parse_log_probes(Parser *parser, const char *value, GError **error)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
        fail(error, parser, "log_probes: found '%s', expected yes or no",
             value);
        return false;
    }
    parser->config->log_probes = value[0] == 'y';
    return true;
}

static const Key keys[] = {
    {"self", parse_self, false},
    {"program", parse_program, false},
    {"data", parse_data, false},
    {"listen.peers", parse_listen_peers, true},
    {"listen.clients", parse_listen_clients, true},
    {"io_threads", parse_io_threads, false},
    {"send_buffer", parse_send_buffer, false},
    {"datagram_buffer", parse_datagram_buffer, false},
    {"stop_timeout", parse_stop_timeout, false},
    {"log_probes", parse_log_probes, false},
};

/* ---- lines ---- */

static bool
parse_line(Parser *parser, char *line, GError **error)
{
    char *key = g_strstrip(line);
    char *equals = strchr(key, '=');
    const char *value;

    if (key[0] == '\0' || key[0] == '#') {
        return true;
    }
    if (equals == NULL) {
        fail(error, parser, "found '%s', expected 'key = value'", key);
        return false;
    }
    *equals = '\0';
    g_strchomp(key);
    value = g_strchug(equals + 1);
    if (value[0] == '\0') {
        fail(error, parser, "%s: found nothing, expected a value", key);
        return false;
    }

    const Key *known = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(key, keys[i].name) == 0) {
            known = &keys[i];
        }
    }
    if ((known == NULL || !known->repeats) &&
        !g_hash_table_add(parser->seen, g_strdup(key))) {
        fail(error, parser, "%s: found it again, expected it once", key);
        return false;
    }
    if (known != NULL) {
        return known->parse(parser, value, error);
    }
    if (g_str_has_prefix(key, "peer.")) {
        return parse_peer(parser, key, value, error);
    }
    if (g_str_has_prefix(key, "config.")) {
        return parse_config(parser, key, value, error);
    }
    fail(error, parser,
         "%s: no such key, expected self, program, data, peer.N, "
         "listen.peers, listen.clients, config.KEY, io_threads, "
         "send_buffer, datagram_buffer, stop_timeout or log_probes",
         key);
    return false;
}

static bool
parse_peer(Parser *parser, const char *key, const char *value, GError **error)
{
    uint64_t id;
    GError *why = NULL;

    if (!g_ascii_string_to_unsigned(key + strlen("peer."), 10, 1, NODE_ID_MAX,
                                    &id, NULL)) {
        fail(error, parser, "%s: expected peer.1 to peer.%u", key, NODE_ID_MAX);
        return false;
    }
    if (!live_address_parse(&parser->peers[id], value, &why)) {
        fail(error, parser, "%s: %s", key, why->message);
        g_error_free(why);
        return false;
    }
    return true;
}

static bool
parse_config(Parser *parser, const char *key, const char *value, GError **error)
{
    const char *name = key + strlen("config.");

    if (name[0] == '\0') {
        fail(error, parser, "%s: expected a name behind the dot", key);
        return false;
    }
    g_string_append_printf(parser->config->program_config, "%s=%s\n", name,
                           value);
    return true;
}

/* What is required, and what follows from the rest. */
static bool
finish(Parser *parser, GError **error)
{
    LiveConfig *config = parser->config;
    const char *missing = NULL;

    if (config->self == 0) {
        missing = "self";
    } else if (config->program == NULL) {
        missing = "program";
    } else if (config->data == NULL) {
        missing = "data";
    } else if (parser->peers[config->self].text[0] == '\0') {
        fail(error, parser, "peer.%u: missing, it is this node's own address",
             config->self);
        return false;
    }
    if (missing != NULL) {
        fail(error, parser, "%s: missing, expected '%s = ...'", missing,
             missing);
        return false;
    }
    if (!check_peers(parser, error)) {
        return false;
    }
    if (config->listen_peer_count == 0) {
        config->listen_peers[0] = config->peers[config->self];
        config->listen_peer_count = 1;
    }
    return true;
}

static bool
check_peers(Parser *parser, GError **error)
{
    LiveConfig *config = parser->config;

    for (unsigned id = 1; id <= NODE_ID_MAX; id++) {
        if (parser->peers[id].text[0] == '\0') {
            continue;
        }
        if (id != config->node_count + 1) {
            fail(error, parser,
                 "peer.%u: found it, but no peer.%u; expected 1..N without "
                 "a gap",
                 id, config->node_count + 1);
            return false;
        }
        config->node_count = id;
    }
    config->peers = g_new0(LiveAddress, config->node_count + 1);
    memcpy(config->peers, parser->peers,
           (config->node_count + 1) * sizeof *config->peers);
    return true;
}

static void
fail(GError **error, const Parser *parser, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%u: %s",
                parser->path, MAX(parser->line, 1), text);
}

/* ---- addresses ---- */

static bool
parse_unix(LiveAddress *address, const char *path)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->socket;
    size_t size = strlen(path);

    if (size == 0 || size >= sizeof un->sun_path) {
        return false;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, size + 1);
    address->size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
    return true;
}

static bool
parse_tcp(LiveAddress *address, const char *text)
{
    g_autofree char *host = g_strdup(text);
    char *colon = strrchr(host, ':');
    struct sockaddr_in *ip4 = (struct sockaddr_in *)&address->socket;
    struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)&address->socket;
    uint64_t port;

    if (colon == NULL ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL)) {
        return false;
    }
    *colon = '\0';
    if (inet_pton(AF_INET, host, &ip4->sin_addr) == 1) {
        ip4->sin_family = AF_INET;
        ip4->sin_port = htons((uint16_t)port);
        address->size = sizeof *ip4;
        return true;
    }

    size_t size = strlen(host);

    if (size < 2 || host[0] != '[' || host[size - 1] != ']') {
        return false;
    }
    host[size - 1] = '\0';
    if (inet_pton(AF_INET6, host + 1, &ip6->sin6_addr) != 1) {
        return false;
    }
    ip6->sin6_family = AF_INET6;
    ip6->sin6_port = htons((uint16_t)port);
    address->size = sizeof *ip6;
    return true;
}

bool
live_address_parse(LiveAddress *address, const char *text, GError **error)
{
    bool good = false;

    memset(address, 0, sizeof *address);
    if (strlen(text) < sizeof address->text) {
        if (g_str_has_prefix(text, "unix:")) {
            good = parse_unix(address, text + strlen("unix:"));
        } else if (g_str_has_prefix(text, "tcp:")) {
            good = parse_tcp(address, text + strlen("tcp:"));
        }
    }
    if (!good) {
        memset(address, 0, sizeof *address);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "found '%s', expected tcp:HOST:PORT (numeric host) or "
                    "unix:PATH (at most 107 bytes)",
                    text);
        return false;
    }
    g_strlcpy(address->text, text, sizeof address->text);
    return true;
}

void
live_config_free(LiveConfig *config)
{
    if (config == NULL) {
        return;
    }
    g_free(config->program);
    g_free(config->data);
    g_free(config->peers);
    g_string_free(config->program_config, TRUE);
    g_free(config);
}
