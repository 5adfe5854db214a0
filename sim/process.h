/* SPDX-License-Identifier: Apache-2.0 */
/* A node process as its parent sees it: how it is watched while it works, and
 * what is told about it when it fails. Only cluster_process.c needs it. */
#ifndef SEEDBED_PROCESS_H
#define SEEDBED_PROCESS_H

#include <sys/types.h>

#include "nodes/host/transport.h"
#include "sim/carrier.h"

typedef struct Process {
    Carrier carrier;
    CarrierConfig config;
    const char *binary;
    pid_t pid; /* 0: not running */
    Transport transport;
    Wire out;
    Wire *replies; /* to the last request */
    /* The end of what it wrote to stderr. */
    int stderr_fd;
    char stderr_tail[8192];
    size_t stderr_size;
    /* Of the step in hand, filled in when it takes long. */
    bool timed;
    bool hang;
    SimTime cpu_before, last_cpu, last_look, asleep;
    bool ended; /* seen to have exited; not yet waited for */
} Process;

/* A step begins. */
void process_watch(Process *process);
/* Transport.patience: false when the child has ended or hangs. */
bool process_patience(void *data);
/* The conversation broke off with @result: end the child, say why. */
void process_bury(Process *process, TransportResult result,
                  CarrierDeath *death);
/* Tell the child that all is over and give it a moment to end by itself, so
 * that leak checkers and profilers of it have their say: what it writes while
 * it fails goes to our stderr. */
void process_goodbye(Process *process);
/* Kill the child, wait for it, close everything. Returns the wait status. */
int process_end(Process *process);

#endif
