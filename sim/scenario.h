/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario: what a run is made of, read from a YAML file with --set on top,
 * and resolved (every range drawn from the seed) to plain values. */
#ifndef SEEDBED_SCENARIO_H
#define SEEDBED_SCENARIO_H

#include <glib.h>

#include "netmodel/netem.h"
#include "nodes/node.h"
#include "sim/plan.h"

/* A group of equal clients. */
typedef struct ClientGroup {
    unsigned count;
    bool open_loop;       /* rate given: operations start by themselves */
    uint64_t rate_milli;  /* open loop: operations a 1,000 s, per client */
    SimTime think;        /* closed loop: pause between operations */
    SimTime timeout;      /* then the outcome is `info` */
    unsigned outstanding; /* closed loop: operations at a time, 1.. */
    unsigned keys;        /* "k0".."k<keys-1>", uniform or zipf */
    unsigned zipf_milli;  /* exponent x 1000; 0: uniform */
    unsigned weight[5];   /* read, write, cas, append, delete */
    uint64_t value_size;  /* bytes of a written value, 8.. */
    SimTime start, stop;  /* SIM_NEVER: to the end */
    char *region;         /* or NULL */
} ClientGroup;

/* Random faults: `faults.random`, one entry a kind. */
typedef struct FaultRate {
    FaultKind kind;
    SimTime mean_between; /* exponential inter-arrival */
    SimTime duration_min, duration_max;
    int64_t amount_min, amount_max;
    char *nodes; /* selector; NULL: the kind's default */
    char *peers;
    char *netem;
    char *file;
    SimTime period;
    const char *package; /* of faults.nemesis; NULL: an entry of its own */
} FaultRate;

/* Words laid over those of the links from @from to @to, one direction. */
typedef struct LinkRule {
    char *from, *to; /* selectors */
    NetemConfig netem;
} LinkRule;

/* What must hold: `expect`. A bound that is not given is UINT64_MAX or 0. */
typedef struct Expect {
    bool safety;                           /* the invariants; default true */
    bool linearizable;                     /* the clients' history is */
    uint64_t elections_min, elections_max; /* leaders elected */
    uint64_t operations_min;               /* client operations that ended ok */
    uint64_t availability_ppb_min;         /* ok / attempted */
    SimTime leader_within;                 /* of the start; 0: not asked */
    SimTime recovery_within;  /* after the last fault: an operation ends ok */
    SimTime caught_up_within; /* nodes that are up have applied what was
                               * committed so long before the end */
    char **criteria;          /* lines of criterion.h, ended by NULL; or NULL */
    SimTime answer_within;    /* of requests at a node; 0: not asked */
    SimTime liveness_within;  /* after heal-core; 0: not asked */
    char *liveness_core;      /* selector */
} Expect;

typedef struct Scenario {
    char *path, *name, *title;
    SimTime duration;
    /* nodes */
    unsigned node_count;
    char *program;       /* "raft-kv", "echo", or a path to a shared object */
    char *node_config;   /* "key=value\n" lines for NodeSetup.config */
    char **node_regions; /* node_count names and a NULL; or NULL */
    char *region_preset; /* that they came from, or NULL */
    SimTime clock_offset_max;    /* each node draws 0..max at its start */
    int64_t clock_drift_ppb_max; /* each node draws -max..max */
    SimTime service_time;        /* CPU time of each input; 0: none */
    unsigned inbox_max;          /* datagrams that may wait for the CPU */
    uint64_t memory_budget;      /* 0: none told */
    /* network */
    SimTime floor;            /* network.floor */
    char *topology;           /* "mesh", "ring", "star", or an edge list */
    NetemConfig links;        /* every link */
    DistributionFiles *files; /* what links and rules borrow from */
    LinkRule *rules;          /* network.rules: in order, later wins */
    unsigned rule_count;
    SimTime stream_retry;   /* first retransmission */
    SimTime stream_reset;   /* unacknowledged for so long: reset */
    uint64_t stream_buffer; /* bytes, per direction */
    /* disk */
    SimTime disk_write, disk_sync, disk_read; /* base latency */
    SimTime disk_jitter; /* uniform 0..jitter on top of sync and read */
    uint64_t disk_rate;  /* bytes/s, 0: unlimited */
    uint64_t disk_size;  /* bytes; then ENOSPC */
    /* clients */
    ClientGroup *clients;
    unsigned client_group_count;
    /* faults */
    Plan *timed;      /* faults.timed */
    FaultRate *rates; /* faults.random */
    unsigned rate_count;
    char *nemesis; /* of the key alone; its entries are among the rates */
    /* faults.swarm while it is being resolved, then 0 and 1000. */
    uint64_t swarm_on_ppb;
    uint64_t swarm_strength_min, swarm_strength_max; /* thousandths */
    SimTime fault_start, fault_stop; /* random ones begin in between */
    unsigned fault_overlap_max;      /* at a time; 0: any number */
    bool quorum_budget; /* never more than a minority down at a time */
    bool beyond_budget; /* what no system survives is allowed */
    Expect expect;
    bool buggify; /* nodes/buggify.h */
    /* explore */
    SimTime explore_spread;
} Scenario;

/* Read @path, lay @sets ("path.to.key=value", in order) over it, draw what is
 * a range or a choice from @seed, fill in defaults. A mistake is one line:
 * file:line: key: found ..., expected ...  The caller owns the result. */
Scenario *scenario_load(const char *path, const char *const *sets,
                        unsigned set_count, uint64_t seed, GError **error);
Scenario *scenario_parse(const char *text, size_t size, const char *name,
                         const char *const *sets, unsigned set_count,
                         uint64_t seed, GError **error);
void scenario_free(Scenario *scenario);
/* The scenario as resolved, as YAML with every key: scenario_parse() of it,
 * with any seed, gives the same scenario. The caller owns it. */
char *scenario_text(const Scenario *scenario);
/* Draw the plan of a run: timed faults, and random ones at their rates. Pure
 * in (scenario, seed). The caller owns it. */
Plan *scenario_plan(const Scenario *scenario, uint64_t seed);
/* False when @plan, drawn or written by hand, destroys what a majority of the
 * nodes have stored, and faults.beyond_budget does not say so: one line. */
bool scenario_plan_judge(const Scenario *scenario, const Plan *plan,
                         GError **error);
/* Every key with unit, default and example, for the manual and
 * `seedbed list keys`; static. */
typedef struct ScenarioKey {
    const char *path, *type, *fallback, *example, *manual;
} ScenarioKey;
const ScenarioKey *scenario_keys(unsigned *count);
/* The manual page seedbed-scenario(5) as roff: every key, selector and fault
 * kind with an example. The caller owns it. */
char *scenario_manual(void);

#endif
