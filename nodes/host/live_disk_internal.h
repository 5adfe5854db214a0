/* SPDX-License-Identifier: Apache-2.0 */
/* What live_disk.c (the threads) and live_disk_open.c (opening and closing)
 * share. Nobody else includes it. */
#ifndef SEEDBED_LIVE_DISK_INTERNAL_H
#define SEEDBED_LIVE_DISK_INTERNAL_H

#include <uv.h>

#include "nodes/host/live_disk.h"

/* An open file. Kept by its name in the table and by SYNCs under way, so that
 * a rename or removal pulls nothing from under a fdatasync. */
typedef struct LiveFile {
    gint ref_count;   /* atomic */
    int fd;           /* -1: it could not be made */
    bool dirty;       /* changed since the last fdatasync */
    int change_error; /* first failed change, sticky */
    int sync_error;   /* first failed fdatasync, sticky */
} LiveFile;

typedef struct Job {
    EffectKind kind;
    Token token;
    uint64_t offset;
    uint64_t size;
    unsigned name_count;
    char names[SYNC_FILES_MAX][FILE_NAME_MAX + 1];
    unsigned part_count;
    Slice *parts; /* kept */
} Job;

typedef struct PendingSync {
    Token token;
    int error; /* of the changes that it covers */
    unsigned file_count;
    LiveFile *files[SYNC_FILES_MAX];
} PendingSync;

struct LiveDisk {
    /* Set at opening, constant afterwards. */
    int directory; /* descriptor */
    int lock;      /* descriptor */
    uint64_t incarnation;
    GArray *files; /* FileInfo */
    void (*notify)(void *user);
    void *user;
    bool sync_apart;
    unsigned thread_count; /* running */
    uv_thread_t ordered;
    uv_thread_t syncer;
    /* The ordered thread's alone: name -> LiveFile. */
    GHashTable *open;
    /* Under the mutex, as are the flags of a LiveFile. */
    uv_mutex_t mutex;
    uv_cond_t work;       /* jobs, or closing */
    uv_cond_t sync_work;  /* syncs, or closing */
    GQueue jobs;          /* Job */
    GQueue syncs;         /* PendingSync */
    uint64_t group_bytes; /* written since the first of syncs */
    bool idle;            /* the ordered thread waits for work */
    bool closing;
    bool directory_dirty;
    int directory_error;      /* first failed rename or removal, sticky */
    int directory_sync_error; /* first failed fsync, sticky */
    uint64_t sync_calls;
    GArray *done; /* LiveDiskDone */
};

void live_disk_start(LiveDisk *disk, unsigned thread_count);
void live_disk_stop(LiveDisk *disk);
void live_file_unref(LiveFile *file);

#endif
