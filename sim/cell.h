/* SPDX-License-Identifier: Apache-2.0 */
/* A cell: all state that belongs to one owner, so that cells run a window of
 * time independently. A cell is a host of the virtual world: a node or a
 * client with its program, clock, timers, disk, CPU, streams and outgoing
 * links. The world (cell 0) is faults.h.
 *
 * A cell touches nobody else's state. What it does to others are events it
 * emits, at least network.floor later; what it does to itself is at least
 * 1 ns later. What happened is left in cell->out for the observers. */
#ifndef SEEDBED_CELL_H
#define SEEDBED_CELL_H

#include "netmodel/link.h"
#include "netmodel/partition.h"
#include "sim/carrier.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/queue.h"
#include "sim/record.h"
#include "sim/scenario.h"

/* event.flags is the cell that emitted the event. */
typedef enum EventKind {
    /* the world's */
    EVENT_FAULT = 1,  /* a = plan index */
    EVENT_HEAL,       /* a = plan index */
    EVENT_FAULT_STEP, /* a = plan index, b = step: flapping, swizzling */
    EVENT_END,
    /* a cell's */
    EVENT_START,         /* a = incarnation */
    EVENT_SYNCED,        /* a = disk operation, b = token, c = incarnation */
    EVENT_READ,          /* likewise */
    EVENT_DATAGRAM,      /* a = message id, b = channel; data = Bytes */
    EVENT_CHUNK,         /* of a stream, see tcp.h; data = Chunk */
    EVENT_STREAM_RETRY,  /* a = link, b = instance */
    EVENT_STREAM_RESET,  /* a = link at the receiver, b = instance */
    EVENT_STREAM_DEAD,   /* a = link, b = instance, c = tries, data = peer */
    EVENT_STREAM_ROOM,   /* a = link, b = instance */
    EVENT_TIMER,         /* a = slot, c = incarnation */
    EVENT_MEMORY,        /* a = budget */
    EVENT_CPU,           /* the CPU is free: next of the inbox */
    EVENT_STREAM_WINDOW, /* a = link, b = instance, c = count << 1 | closed */
} EventKind;

/* One timer of the program. The queue holds at most the events that were
 * pushed when a deadline moved earlier; a deadline that moves later is
 * re-armed when the old event fires, so that a program which pushes its
 * election timer back on every message costs no queue operation. */
typedef struct CellTimer {
    TimerId id;
    SimTime mono_at;   /* as the program asked; SIM_NEVER: cancelled */
    SimTime at;        /* true time */
    SimTime queued_at; /* of the earliest event in the queue, or SIM_NEVER */
    uint64_t seq;
    bool retimed; /* a fault of the clock moved it */
} CellTimer;

/* An effect that waits for a token, with copies of all it borrows. */
typedef struct CellWaiting {
    Token after;
    uint64_t seq;
    Effect effect;
    Bytes *bytes;
    char *names[2];
    Slice *files; /* SYNC: their names */
} CellWaiting;

/* A datagram held by a clog. */
typedef struct CellHeld {
    NodeId peer;
    Channel channel;
    uint64_t seq;
    Bytes *bytes;
} CellHeld;

/* A link to one peer, made when it is first used. */
typedef struct CellLink {
    Link *link;
    LinkStreams streams;
} CellLink;

/* A disk operation under way. */
typedef struct CellDiskOperation {
    uint64_t id;
    Token token;
} CellDiskOperation;

/* What all cells share; constant while cells run a window. */
typedef struct CellWorld {
    const Scenario *scenario;
    Partition *partition;
    uint64_t seed;
    uint64_t salt; /* redraw: xor-ed into keys of streams made from then on */
    uint64_t explore;    /* --explore-order key; 0: off */
    unsigned host_count; /* nodes and clients: cells 1..host_count */
    struct Cell **cells; /* for the world and the engine: no cell looks */
    /* One output for all cells where one event is handled at a time: it stays
     * in the first-level cache. NULL: each cell has its own. */
    struct CellOutput *output;
    /* A node that is known to die, for a second look at a run that took the
     * process with it: this input of this node is not handed over. */
    NodeId fatal_node;
    uint64_t fatal_input;
    const CarrierDeath *fatal_death;
} CellWorld;

/* Facts of one event; not a GArray, for there are two an event. All behind
 * the last one are zero: clearing what was used with one memset() costs a
 * quarter of clearing each fact as it is made. */
typedef struct FactList {
    Fact *items;
    unsigned count, capacity;
} FactList;

/* What handling one event gave, and what it borrows: kept until everybody
 * has seen it. */
typedef struct CellOutput {
    Event event;
    Input input;
    bool has_input;
    FileInfo *files; /* of INPUT_START */
    Effects fx;
    FactList facts;
    Bytes **scraps; /* released when the record has been seen */
    unsigned scrap_count, scrap_capacity;
    GArray *released; /* CellWaiting that left in this event */
    Record record;
} CellOutput;

typedef struct Cell {
    NodeId id;
    bool is_client;
    bool up;      /* a program runs */
    bool powered; /* the machine runs: false after a crash */
    bool paused;
    bool failed;    /* the program died by its own fault: see death */
    bool wipe;      /* the disk is empty after the next crash */
    bool held_down; /* a crash or kill is in force: no start */
    bool condemned; /* its disk lied and nobody can notice: no start, ever */
    uint64_t memory_budget; /* told after each start; 0: none */
    CellWorld *world;
    Carrier *carrier;
    CarrierDeath death;
    char *config; /* for NodeSetup */
    unsigned node_count;

    /* Where events go: to the run's one queue, or in a windowed run to
     * this cell's own, and to the outbox for everybody else. */
    Queue *queue;
    GArray *outbox; /* Event; NULL: into queue as well */
    SimTime now;
    uint64_t next_seq; /* of the next emission; never reset */

    Clock clock;
    Disk *disk; /* NULL for clients */
    uint64_t incarnation;
    uint64_t dice_key;
    uint64_t input_count;
    Stream explore_stream;

    GArray *timers;        /* CellTimer */
    GArray *waiting;       /* CellWaiting, in order */
    GArray *syncs;         /* CellDiskOperation: tokens not answered yet */
    GArray *failed_tokens; /* Token */
    uint64_t next_disk_operation;
    CellLink *links;    /* by peer, 0..host_count */
    GArray *held;       /* CellHeld, in order */
    GPtrArray *streams; /* StreamEnd (tcp.h), by link id */

    /* Steps since burst_at, to find a program that never lets time go on. */
    SimTime burst_at;
    uint64_t burst_count;

    /* What faults have cost so far: for their accounting. */
    uint64_t paused_count;  /* inputs that came while it stood still */
    uint64_t slowed_count;  /* that waited for one that took longer */
    uint64_t retimed_count; /* timers that fired at another true time */
    uint64_t told_count;    /* memory budgets that the program was told */
    uint64_t undone_count;  /* messages that arrived, and died unread */
    SimTime slow_time;      /* of service_time: what faults add */
    int64_t fault_drift;    /* of the clock's drift, ppb: likewise */
    bool busy_slowly;       /* the input in hand takes longer */

    SimTime service_time; /* CPU time of an input */
    SimTime busy_until;
    bool cpu_queued;
    GQueue *inbox; /* Event, waiting for the CPU */

    NetemConfig *configs; /* by peer: what is in force; links borrow it */
    CellOutput *out;      /* of the event being handled */
    GPtrArray *spare;     /* CellOutput to reuse */
} Cell;

/* A host. @carrier is taken. @disk_config may be NULL: no disk. */
Cell *cell_new(CellWorld *world, NodeId id, Carrier *carrier,
               const char *config, bool is_client);
void cell_free(Cell *cell);
/* Handle one event of this cell at its time. Returns true when
 * cell->out->record has something to observe; then either call cell_forget(),
 * or take it with cell_output() and give it back. */
bool cell_handle(Cell *cell, const Event *event);
/* Release what the output of the last event borrowed. */
void cell_forget(Cell *cell);
/* The output of the last event, to keep; cell_output_return() it. */
CellOutput *cell_output(Cell *cell);
void cell_output_return(Cell *cell, CellOutput *out);
CellOutput *cell_output_new(void);
void cell_output_free(CellOutput *out);
/* Free what @event owns: for events that are discarded unhandled. */
void cell_event_drop(const Event *event);

/* Emission: the key's from and from_seq are this cell's. */
uint64_t cell_seq(Cell *cell);
void cell_emit(Cell *cell, NodeId to, EventClass class, SimTime at,
               uint64_t seq, unsigned copy, Event *event);
/* Release @bytes (taken) when the record of this event has been seen. */
void cell_scrap(Cell *cell, Bytes *bytes);
/* Add an empty fact of @kind; valid until the next one. */
Fact *cell_fact(Cell *cell, FactKind kind);
void cell_facts_clear(FactList *facts);
/* The network between here and @peer is now @config (copied); NULL: there is
 * no link. */
void cell_configure_link(Cell *cell, NodeId peer, const NetemConfig *config);
/* Hand cell->input to the program and carry out what it answers. */
void cell_step(Cell *cell);
/* Tell the program that @link changed. */
void cell_input_link(Cell *cell, LinkId link, LinkState state);

/* Faults, called by the world between windows. */
void cell_crash(Cell *cell); /* power loss */
void cell_kill(Cell *cell);  /* SIGKILL: machine and page cache live */
/* Tell that what the disk had acknowledged is gone, by a fault of @kind. */
void cell_damaged(Cell *cell, FaultKind kind);
void cell_restart(Cell *cell, SimTime at);
void cell_pause(Cell *cell, bool paused, SimTime at);
void cell_memory(Cell *cell, uint64_t budget, SimTime at);
/* The clock changed: timers fire at other true times. */
void cell_clock_changed(Cell *cell, SimTime at);
/* The network changed: what was clogged may go, streams try again. */
void cell_network_changed(Cell *cell, SimTime at);
/* New keys for everything this cell draws from: `redraw`. */
void cell_redraw(Cell *cell);

#endif
