/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the disk share, and nobody else includes. */
#ifndef SEEDBED_DISK_PRIVATE_H
#define SEEDBED_DISK_PRIVATE_H

#include "nodes/effects.h"
#include "sim/disk.h"

typedef enum DiskEntryKind {
    DISK_ENTRY_CREATE,
    DISK_ENTRY_RENAME,
    DISK_ENTRY_REMOVE,
} DiskEntryKind;

/* A change of the directory that is not durable yet. */
typedef struct DiskEntry {
    DiskEntryKind kind;
    uint64_t seq;
    char from[FILE_NAME_MAX + 1], to[FILE_NAME_MAX + 1]; /* or the same */
    DiskFile *file; /* RENAME: what moved */
    DiskFile *gone; /* what lost its name; NULL: nothing */
} DiskEntry;

typedef struct DiskSync {
    uint64_t id;
    uint64_t seq; /* covers changes up to here */
    unsigned file_count;
    DiskFile *files[SYNC_FILES_MAX];
} DiskSync;

typedef struct DiskRead {
    uint64_t id;
    Bytes *bytes; /* NULL: no such file */
    char name[FILE_NAME_MAX + 1];
} DiskRead;

/* A range that a fault spoilt and nobody has read yet. */
typedef struct DiskScar {
    DiskFile *file;
    uint64_t offset, size;
    FaultKind kind;
    uint64_t event; /* ranges of one fault count once */
} DiskScar;

struct Disk {
    DiskConfig config;
    Stream latency, crash;
    DiskFile **files; /* by name */
    unsigned file_count, file_capacity;
    DiskFile *last;       /* found last; NULL or one of files */
    uint64_t used;        /* bytes of all files */
    uint64_t seq;         /* of the last change */
    uint64_t claimed_seq; /* directory changes up to here: a sync lied */
    DiskEntry *entries;
    unsigned entry_count, entry_capacity;
    DiskSync *syncs; /* outstanding, as issued */
    unsigned sync_count, sync_capacity;
    DiskRead *reads;
    unsigned read_count, read_capacity;
    SimTime busy_until;
    uint64_t debt_changes, debt_bytes; /* that no SYNC has paid for */
    /* faults */
    SimTime slow;
    bool full, lost_sync;
    GPtrArray *eio_prefixes; /* char *; NULL: none yet */
    char *misdirect_prefix;
    uint64_t misdirect_salt;
    uint64_t misdirect_event;
    DiskScar *scars;
    unsigned scar_count, scar_capacity;
    uint64_t scar_event; /* the last number given */
    GArray *felt;        /* uint64_t: numbers of those that mattered */
    uint64_t mattered[FAULT_KIND_COUNT];
};

/* A WRITE while there are scars or one is to go astray: true if it did. */
bool disk_fault_write(Disk *disk, DiskFile *file, uint64_t offset,
                      const Slice *parts, unsigned part_count, uint64_t size);
/* A READ while there are scars. */
void disk_fault_read(Disk *disk, DiskFile *file, uint64_t offset,
                     uint64_t size);
/* Drop scars of files that have no name any more. */
void disk_fault_forget(Disk *disk);
void disk_fault_clear(Disk *disk);

/* The file @name of @size bytes, or NULL. */
DiskFile *disk_directory_find(Disk *disk, const char *name, size_t size);
/* The file @name, made if it is not there. */
DiskFile *disk_directory_open(Disk *disk, const char *name);
/* Changes of the directory up to @seq are durable. */
void disk_directory_settle(Disk *disk, uint64_t seq);
/* Power loss: the oldest @keep changes survive. Adds to @loss. */
void disk_directory_crash(Disk *disk, uint64_t keep, DiskLoss *loss);
/* Drop every file and every change, durably. */
void disk_directory_clear(Disk *disk);

/* Is @name one of those that fail with EIO? */
bool disk_fault_eio(const Disk *disk, const char *name);

#endif
