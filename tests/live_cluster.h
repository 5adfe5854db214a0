/* SPDX-License-Identifier: Apache-2.0 */
/* A live cluster for tests: seedbed-node processes of raft-kv in a directory
 * of their own, which die with the test. */
#ifndef SEEDBED_LIVE_CLUSTER_H
#define SEEDBED_LIVE_CLUSTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LIVE_CLUSTER_MAX 5u

typedef struct LiveCluster {
    char *directory;
    unsigned count;
    pid_t pids[LIVE_CLUSTER_MAX + 1]; /* 0: not running */
    char *addresses;                  /* for kv_client_new() */
    char *programs;                   /* directory of the programs */
} LiveCluster;

/* @count nodes, none running, on Unix sockets or on free ports of 127.0.0.1.
 * @extra: more lines for every configuration file. Programs are found in the
 * directory of the variable SEEDBED_PROGRAMS, else in the current one. */
void live_cluster_init(LiveCluster *cluster, unsigned count, bool tcp,
                       const char *extra);
/* Kill what runs; remove the directory, unless @keep. */
void live_cluster_clear(LiveCluster *cluster, bool keep);

/* Start a node and wait until it listens. */
void live_cluster_start(LiveCluster *cluster, unsigned node);
void live_cluster_start_all(LiveCluster *cluster);
/* Send @signal and wait for the end. Returns the wait status. */
int live_cluster_kill(LiveCluster *cluster, unsigned node, int signal);
/* Wait until someone leads and answers; returns that node. Fails the test
 * after 15 s. */
unsigned live_cluster_leader(LiveCluster *cluster);
/* Fails the test with the last lines of every node's log. */
void live_cluster_fail(LiveCluster *cluster, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
/* The path of node @node's file @kind: "conf", "log", "data". g_free(). */
char *live_cluster_path(const LiveCluster *cluster, unsigned node,
                        const char *kind);

#endif
