/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, killing and asking the nodes of a live test cluster. */
#include "live_cluster.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nodes/host/kv_client.h"

char *
live_cluster_path(const LiveCluster *cluster, unsigned node, const char *kind)
{
    return g_strdup_printf("%s/%u.%s", cluster->directory, node, kind);
}

/* Ports that nobody has now: all are held until the last is chosen. */
static void
free_ports(uint16_t *ports, unsigned count)
{
    int fds[2 * LIVE_CLUSTER_MAX];

    for (unsigned i = 0; i < count; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t size = sizeof address;

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(fds[i], (struct sockaddr *)&address, size), 0);
        getsockname(fds[i], (struct sockaddr *)&address, &size);
        ports[i] = ntohs(address.sin_port);
    }
    for (unsigned i = 0; i < count; i++) {
        close(fds[i]);
    }
}

static char *
address(const LiveCluster *cluster, const uint16_t *ports, bool tcp,
        unsigned node, const char *kind)
{
    g_autofree char *path = live_cluster_path(cluster, node, kind);

    if (!tcp) {
        return g_strdup_printf("unix:%s", path);
    }
    return g_strdup_printf("tcp:127.0.0.1:%u",
                           ports[2 * (node - 1) + (kind[0] == 'c')]);
}

static void
write_config(LiveCluster *cluster, unsigned node, const uint16_t *ports,
             bool tcp, const char *extra)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = live_cluster_path(cluster, node, "conf");
    g_autofree char *data = live_cluster_path(cluster, node, "data");
    g_autofree char *clients = address(cluster, ports, tcp, node, "client");

    g_string_printf(text,
                    "self = %u\nprogram = raft-kv\ndata = %s\n"
                    "listen.clients = %s\n%s",
                    node, data, clients, extra);
    for (unsigned peer = 1; peer <= cluster->count; peer++) {
        g_autofree char *at = address(cluster, ports, tcp, peer, "peer");

        g_string_append_printf(text, "peer.%u = %s\n", peer, at);
    }
    ck_assert(g_file_set_contents(path, text->str, -1, NULL));
}

void
live_cluster_init(LiveCluster *cluster, unsigned count, bool tcp,
                  const char *extra)
{
    uint16_t ports[2 * LIVE_CLUSTER_MAX] = {0};
    GString *addresses = g_string_new(NULL);
    const char *programs = g_getenv("SEEDBED_PROGRAMS");

    memset(cluster, 0, sizeof *cluster);
    cluster->count = count;
    cluster->directory = g_dir_make_tmp("seedbed-live-XXXXXX", NULL);
    ck_assert_ptr_nonnull(cluster->directory);
    cluster->programs = g_strdup(programs == NULL ? "." : programs);
    if (tcp) {
        free_ports(ports, 2 * count);
    }
    for (unsigned node = 1; node <= count; node++) {
        g_autofree char *clients = address(cluster, ports, tcp, node, "client");

        write_config(cluster, node, ports, tcp, extra);
        g_string_append_printf(addresses, "%s%s", node > 1 ? "," : "", clients);
    }
    cluster->addresses = g_string_free(addresses, FALSE);
}

/* Wait until the node accepts clients: from then on it minds its signals. */
static void
await_listening(LiveCluster *cluster, unsigned node)
{
    g_auto(GStrv) addresses = g_strsplit(cluster->addresses, ",", -1);
    gint64 until = g_get_monotonic_time() + 15 * G_USEC_PER_SEC;
    LiveAddress where;
    bool connected = false;

    ck_assert(live_address_parse(&where, addresses[node - 1], NULL));
    while (!connected) {
        int fd = socket(where.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        connected = connect(fd, (const struct sockaddr *)&where.socket,
                            where.size) == 0;
        close(fd);
        if (!connected && waitpid(cluster->pids[node], NULL, WNOHANG) > 0) {
            cluster->pids[node] = 0;
            live_cluster_fail(cluster, "node %u does not live", node);
        }
        if (!connected && g_get_monotonic_time() > until) {
            live_cluster_fail(cluster, "node %u does not listen", node);
        }
        if (!connected) {
            g_usleep(2000);
        }
    }
}

void
live_cluster_start(LiveCluster *cluster, unsigned node)
{
    g_autofree char *config = live_cluster_path(cluster, node, "conf");
    g_autofree char *log = live_cluster_path(cluster, node, "log");
    g_autofree char *program =
        g_build_filename(cluster->programs, "seedbed-node", NULL);
    pid_t parent = getpid();
    pid_t pid;

    ck_assert_int_eq(cluster->pids[node], 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

        /* Whatever becomes of the test, the node does not outlive it. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || fd < 0) {
            _exit(1);
        }
        dup2(fd, STDERR_FILENO);
        execl(program, program, "--config", config, (char *)NULL);
        _exit(127);
    }
    cluster->pids[node] = pid;
    await_listening(cluster, node);
}

void
live_cluster_start_all(LiveCluster *cluster)
{
    for (unsigned node = 1; node <= cluster->count; node++) {
        live_cluster_start(cluster, node);
    }
}

int
live_cluster_kill(LiveCluster *cluster, unsigned node, int number)
{
    int status = 0;

    ck_assert_int_gt(cluster->pids[node], 0);
    ck_assert_int_eq(kill(cluster->pids[node], number), 0);
    while (waitpid(cluster->pids[node], &status, 0) < 0) {
        ck_assert_int_eq(errno, EINTR);
    }
    cluster->pids[node] = 0;
    return status;
}

unsigned
live_cluster_leader(LiveCluster *cluster)
{
    KvClient *client = kv_client_new(cluster->addresses, 15000, NULL);
    KvQuestion question = {.operation = KV_GET, .key = "x", .key_size = 1};
    KvAnswer answer;

    kv_client_ask(client, &question, &answer);
    if (answer.outcome != KV_OK && answer.outcome != KV_ABSENT) {
        live_cluster_fail(cluster, "no leader: %s",
                          kv_outcome_text(answer.outcome));
    }
    kv_client_free(client);
    return answer.node;
}

void
live_cluster_fail(LiveCluster *cluster, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    for (unsigned node = 1; node <= cluster->count; node++) {
        g_autofree char *path = live_cluster_path(cluster, node, "log");
        g_autofree char *log = NULL;
        gsize size = 0;

        if (g_file_get_contents(path, &log, &size, NULL)) {
            fprintf(stderr, "%s\n", log + (size > 3000 ? size - 3000 : 0));
        }
    }
    live_cluster_clear(cluster, true);
    ck_abort_msg("%s (see %s)", text, cluster->directory);
}

static void
remove_all(const char *path)
{
    GDir *entries = g_dir_open(path, 0, NULL);
    const char *name;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        if (g_unlink(below) != 0) {
            remove_all(below);
        }
    }
    if (entries != NULL) {
        g_dir_close(entries);
    }
    g_rmdir(path);
}

void
live_cluster_clear(LiveCluster *cluster, bool keep)
{
    for (unsigned node = 1; node <= cluster->count; node++) {
        if (cluster->pids[node] != 0) {
            live_cluster_kill(cluster, node, SIGKILL);
        }
    }
    if (!keep) {
        remove_all(cluster->directory);
        g_free(cluster->directory);
        g_free(cluster->addresses);
        g_free(cluster->programs);
    }
}
