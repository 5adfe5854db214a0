/* SPDX-License-Identifier: Apache-2.0 */
/* Who carries a node program in a simulation: a call in this process
 * (cluster_inline.c) or a process of its own (cluster_process.c). The engine
 * keeps all of the world; a carrier only answers step(). */
#ifndef SEEDBED_CARRIER_H
#define SEEDBED_CARRIER_H

#include <glib.h>

#include "nodes/effects.h"

typedef struct Carrier Carrier;

/* How a node failed as a program: the check `crash` of a run. */
typedef struct CarrierDeath {
    bool died;
    int signal;           /* that killed it, or 0 */
    int status;           /* exit status when signal is 0 */
    bool hang;            /* used up its time */
    bool nonsense;        /* answered what no node may answer */
    char text[512];       /* assertion, what was nonsense, ... one line */
    char backtrace[4096]; /* may be empty */
} CarrierDeath;

typedef struct CarrierOps {
    const char *name;
    /* Start a fresh incarnation of node @setup->self. False: @error. Processes
     * die with the thread that called this: let it be the main one. */
    bool (*start)(Carrier *carrier, const NodeSetup *setup, GError **error);
    /* Hand over @count >= 1 consecutive inputs; @fx[i] receives the effects
     * of @inputs[i]. Returns how many were taken, at least 1: a carrier may
     * stop early, and must stop after the first input whose effects could
     * cause an own event of the node (timer, disk, stream) before the next
     * input's time. 0: the node died of inputs[*done], see @death; the
     * effects of the inputs before it are whole, its own are none. What
     * effects point to is borrowed until the next call for this carrier. */
    unsigned (*step)(Carrier *carrier, const Input *inputs, unsigned count,
                     Effects *fx, unsigned *done, CarrierDeath *death);
    /* End the incarnation at once, as by SIGKILL. Idempotent. */
    void (*kill)(Carrier *carrier);
    void (*free)(Carrier *carrier);
} CarrierOps;

/* Embedded first in every carrier. */
struct Carrier {
    const CarrierOps *ops;
    NodeId node;
};

/* What both kinds need to know. @program: a built-in name or a path with a
 * '/' in it: to a shared object (it ends in ".so"), or, for processes alone,
 * to a program that speaks the control protocol itself. @time_limit_scale: 1,
 * or 10 under sanitizers; 0 switches the limits off. Strings are borrowed as
 * long as the carrier lives. */
typedef struct CarrierConfig {
    const char *program;
    const char *node_binary; /* seedbed-node, for processes */
    unsigned time_limit_scale;
    int cpu;            /* pin worker and child here; -1: do not */
    uint64_t bugs;      /* mask of nodes/bugs.h */
    SimTime cpu_limit;  /* of its CPU for one step; 0: 10 s */
    SimTime wait_limit; /* asleep in one step; 0: 60 s */
    bool socket_only;   /* do not offer the rings */
    bool gdb;           /* a process: start it under gdb, on our terminal */
} CarrierConfig;

#define CARRIER_ERROR      (g_quark_from_static_string("carrier"))
#define CARRIER_CPU_LIMIT  (10 * SIM_S)
#define CARRIER_WAIT_LIMIT (60 * SIM_S)

Carrier *cluster_inline_new(const CarrierConfig *config, NodeId node,
                            GError **error);
/* The same for a program that has no name, such as the clients'. */
Carrier *cluster_inline_program(const NodeProgram *program, NodeId node);
Carrier *cluster_process_new(const CarrierConfig *config, NodeId node,
                             GError **error);
/* Give @death a text, if it has none yet: the signal, the status, the hang. */
void carrier_death_text(CarrierDeath *death);

#endif
