/* SPDX-License-Identifier: Apache-2.0 */
/* Directory, operations and time of a virtual disk; files are disk_file.c,
 * faults that damage it are disk_fault.c. Files are few, so the directory is
 * a sorted array and the last file used is looked at first. */
#include "sim/disk_private.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

static DiskFile *lookup(Disk *disk, const char *name, size_t size);
static unsigned position(const Disk *disk, const char *name, bool *found);
static DiskFile *find_or_create(Disk *disk, const char *name);
static void insert(Disk *disk, DiskFile *file);
static void take_out(Disk *disk, DiskFile *file);
static void note(Disk *disk, DiskEntryKind kind, const char *from,
                 const char *to, DiskFile *file, DiskFile *gone);
static void forget_entries(Disk *disk, uint64_t seq);
static void undo_entry(Disk *disk, DiskEntry *entry, DiskLoss *loss);
static bool fits(Disk *disk, DiskFile *file, uint64_t end);
static SimTime complete(Disk *disk, SimTime now, SimTime service);
static SimTime bytes_time(const Disk *disk, uint64_t bytes);
static void end_sync(Disk *disk, unsigned index);
static int sync_error(Disk *disk, const DiskSync *sync);
static DiskFile *durable_find(const Disk *disk, const char *name);
static int name_cmp(const void *a, const void *b);

void
disk_write(Disk *disk, const char *name, uint64_t offset, const Slice *parts,
           unsigned part_count)
{
    DiskFile *file = find_or_create(disk, name);
    uint64_t size = 0;
    uint64_t before = file->size;

    for (unsigned i = 0; i < part_count; i++) {
        size += parts[i].size;
    }
    if (size == 0) {
        return;
    }
    if (offset > UINT64_MAX - size || !fits(disk, file, offset + size)) {
        return;
    }
    disk->debt_changes++;
    disk->debt_bytes += size;
    if (G_UNLIKELY(disk->misdirect_prefix != NULL || disk->scar_count > 0) &&
        disk_fault_write(disk, file, offset, parts, part_count, size)) {
        /* It went astray. */
    } else {
        disk_file_write(file, ++disk->seq, offset, parts, part_count, size);
    }
    disk->used += file->size - before;
}

void
disk_truncate(Disk *disk, const char *name, uint64_t size)
{
    DiskFile *file = find_or_create(disk, name);

    if (size == file->size || !fits(disk, file, size)) {
        return;
    }
    disk->debt_changes++;
    disk->used += size - file->size; /* wraps when it shrinks: that is well */
    disk_file_resize(file, ++disk->seq, size, false);
}

void
disk_allocate(Disk *disk, const char *name, uint64_t size)
{
    DiskFile *file = find_or_create(disk, name);

    if (size <= file->size || !fits(disk, file, size)) {
        return;
    }
    disk->debt_changes++;
    disk->used += size - file->size;
    disk_file_resize(file, ++disk->seq, size, true);
}

bool
disk_rename(Disk *disk, const char *from, const char *to)
{
    DiskFile *file = lookup(disk, from, strlen(from));
    DiskFile *gone;

    if (file == NULL) {
        return false;
    }
    if (strcmp(from, to) == 0) {
        return true;
    }
    gone = lookup(disk, to, strlen(to));
    note(disk, DISK_ENTRY_RENAME, from, to, file, gone);
    if (gone != NULL) {
        take_out(disk, gone);
        disk->used -= gone->size;
        disk_file_unref(gone);
    }
    take_out(disk, file);
    g_strlcpy(file->name, to, sizeof(file->name));
    insert(disk, file);
    return true;
}

bool
disk_remove(Disk *disk, const char *name)
{
    DiskFile *file = lookup(disk, name, strlen(name));

    if (file == NULL) {
        return false;
    }
    note(disk, DISK_ENTRY_REMOVE, name, name, NULL, file);
    take_out(disk, file);
    disk->used -= file->size;
    disk_file_unref(file);
    return true;
}

SimTime
disk_sync(Disk *disk, SimTime now, uint64_t id, const Slice *names,
          unsigned name_count)
{
    DiskSync *sync;
    SimTime service = disk->config.sync;

    g_assert(name_count <= SYNC_FILES_MAX);
    if (disk->sync_count == disk->sync_capacity) {
        disk->sync_capacity = MAX(8, disk->sync_capacity * 2);
        disk->syncs = g_renew(DiskSync, disk->syncs, disk->sync_capacity);
    }
    sync = &disk->syncs[disk->sync_count++];
    sync->id = id;
    sync->seq = disk->seq;
    sync->file_count = 0;
    for (unsigned i = 0; i < name_count; i++) {
        DiskFile *file =
            lookup(disk, (const char *)names[i].data, names[i].size);

        if (file != NULL) {
            sync->files[sync->file_count++] = disk_file_ref(file);
        }
    }
    service += disk->config.write * disk->debt_changes +
               bytes_time(disk, disk->debt_bytes);
    disk->debt_changes = 0;
    disk->debt_bytes = 0;
    return complete(disk, now, service);
}

int
disk_sync_done(Disk *disk, uint64_t id, bool *durable)
{
    unsigned index = 0;
    DiskSync *sync;
    int error;

    while (index < disk->sync_count && disk->syncs[index].id != id) {
        index++;
    }
    g_assert(index < disk->sync_count);
    sync = &disk->syncs[index];
    error = sync_error(disk, sync);
    *durable = error == 0 && !disk->lost_sync;
    if (*durable) {
        for (unsigned i = 0; i < sync->file_count; i++) {
            disk_file_settle(sync->files[i], sync->seq);
        }
        forget_entries(disk, sync->seq);
    } else if (error == 0) {
        for (unsigned i = 0; i < sync->file_count; i++) {
            DiskFile *file = sync->files[i];

            file->claimed_seq = MAX(file->claimed_seq, sync->seq);
        }
        disk->claimed_seq = MAX(disk->claimed_seq, sync->seq);
    }
    end_sync(disk, index);
    return error;
}

SimTime
disk_read(Disk *disk, SimTime now, uint64_t id, const char *name,
          uint64_t offset, uint64_t size)
{
    DiskFile *file = lookup(disk, name, strlen(name));
    DiskRead *read;
    uint64_t count = 0;

    if (disk->read_count == disk->read_capacity) {
        disk->read_capacity = MAX(8, disk->read_capacity * 2);
        disk->reads = g_renew(DiskRead, disk->reads, disk->read_capacity);
    }
    read = &disk->reads[disk->read_count++];
    *read = (DiskRead){.id = id};
    g_strlcpy(read->name, name, sizeof(read->name));
    if (file != NULL) {
        offset = MIN(offset, file->size);
        count = MIN(size, file->size - offset);
        read->bytes = bytes_new(count);
        disk_file_read(file, offset, count, read->bytes->data);
        if (disk->scar_count > 0) {
            disk_fault_read(disk, file, offset, count);
        }
    }
    return complete(disk, now, disk->config.read + bytes_time(disk, count));
}

int
disk_read_done(Disk *disk, uint64_t id, Bytes **out)
{
    unsigned index = 0;
    DiskRead read;

    while (index < disk->read_count && disk->reads[index].id != id) {
        index++;
    }
    g_assert(index < disk->read_count);
    read = disk->reads[index];
    disk->read_count--;
    memmove(&disk->reads[index], &disk->reads[index + 1],
            (disk->read_count - index) * sizeof(DiskRead));
    *out = NULL;
    if (disk->eio_prefix != NULL &&
        g_str_has_prefix(read.name, disk->eio_prefix)) {
        bytes_unref(read.bytes);
        disk->mattered[FAULT_DISK_EIO]++;
        return EIO;
    }
    if (read.bytes == NULL) {
        return ENOENT;
    }
    *out = read.bytes;
    return 0;
}

/* The directory goes back to one of the states it was in since it was last
 * durable; then every file that is still named loses what it loses. The draws
 * go by name, so they depend on what is on the disk and on nothing else. */
void
disk_crash(Disk *disk, DiskLoss *loss)
{
    static const DiskMood moods[8] = {
        DISK_MOOD_NOTHING, DISK_MOOD_ALL,    DISK_MOOD_PREFIX, DISK_MOOD_PREFIX,
        DISK_MOOD_SUBSET,  DISK_MOOD_SUBSET, DISK_MOOD_SUBSET, DISK_MOOD_SUBSET,
    };
    DiskLoss lost = {0};
    DiskMood mood = moods[stream_below(&disk->crash, 8)];
    uint64_t keep = stream_below(&disk->crash, disk->entry_count + 1);

    disk_kill(disk);
    while (disk->entry_count > keep) {
        undo_entry(disk, &disk->entries[disk->entry_count - 1], &lost);
    }
    forget_entries(disk, disk->seq);
    disk->claimed_seq = 0;
    disk->busy_until = 0;
    disk->debt_changes = 0;
    disk->debt_bytes = 0;
    disk->used = 0;
    for (unsigned i = 0; i < disk->file_count; i++) {
        disk_file_crash(disk->files[i], mood, &disk->crash, &lost);
        disk->used += disk->files[i]->size;
    }
    disk->mattered[FAULT_DISK_LOST_SYNC] += lost.lied;
    disk_fault_forget(disk);
    if (loss != NULL) {
        *loss = lost;
    }
}

void
disk_kill(Disk *disk)
{
    while (disk->sync_count > 0) {
        end_sync(disk, disk->sync_count - 1);
    }
    for (unsigned i = 0; i < disk->read_count; i++) {
        bytes_unref(disk->reads[i].bytes);
    }
    disk->read_count = 0;
}

unsigned
disk_files(const Disk *disk, FileInfo *out, unsigned max)
{
    for (unsigned i = 0; i < MIN(max, disk->file_count); i++) {
        memset(&out[i], 0, sizeof(out[i]));
        g_strlcpy(out[i].name, disk->files[i]->name, sizeof(out[i].name));
        out[i].size = disk->files[i]->size;
    }
    return disk->file_count;
}

uint64_t
disk_digest(const Disk *disk)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    XXH3_state_t *state = XXH3_createState();
    uint64_t digest;

    for (unsigned i = 0; i < disk->file_count; i++) {
        g_ptr_array_add(names, disk->files[i]->name);
    }
    for (unsigned i = 0; i < disk->entry_count; i++) {
        g_ptr_array_add(names, disk->entries[i].from);
    }
    g_ptr_array_sort(names, name_cmp); /* equal names are equal */
    XXH3_64bits_reset(state);
    for (unsigned i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        DiskFile *file = durable_find(disk, name);

        if (file != NULL &&
            (i == 0 || strcmp(name, names->pdata[i - 1]) != 0)) {
            uint64_t size = disk_file_durable_size(file);
            g_autofree uint8_t *bytes = g_malloc(size + 1);

            disk_file_durable_read(file, 0, size, bytes);
            XXH3_64bits_update(state, name, strlen(name) + 1);
            XXH3_64bits_update(state, &size, sizeof(size));
            XXH3_64bits_update(state, bytes, size);
        }
    }
    digest = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return digest;
}

bool
disk_durable_size(const Disk *disk, const char *name, uint64_t *size)
{
    DiskFile *file = durable_find(disk, name);

    if (file != NULL) {
        *size = disk_file_durable_size(file);
    }
    return file != NULL;
}

bool
disk_durable_read(const Disk *disk, const char *name, uint64_t offset,
                  uint64_t size, uint8_t *out)
{
    DiskFile *file = durable_find(disk, name);
    uint64_t there = file != NULL ? disk_file_durable_size(file) : 0;

    if (file == NULL || offset > there || size > there - offset) {
        return false;
    }
    disk_file_durable_read(file, offset, size, out);
    return true;
}

/* Who bears @name on the platter: the changes since then, undone. */
static DiskFile *
durable_find(const Disk *disk, const char *name)
{
    bool found;
    unsigned index = position(disk, name, &found);
    DiskFile *file = found ? disk->files[index] : NULL;

    for (unsigned i = disk->entry_count; i > 0; i--) {
        const DiskEntry *entry = &disk->entries[i - 1];

        if (strcmp(entry->to, name) == 0) {
            file = entry->gone; /* NULL for a file that was created */
        } else if (strcmp(entry->from, name) == 0) {
            file = entry->file;
        }
    }
    return file;
}

/* Why @sync fails, or 0. A file whose write-back fails is marked: its pages
 * will never be clean again. */
static int
sync_error(Disk *disk, const DiskSync *sync)
{
    bool hit = disk->eio_prefix != NULL && disk->eio_prefix[0] == '\0';
    int error = hit ? EIO : 0; /* the directory too */

    for (unsigned i = 0; i < sync->file_count; i++) {
        DiskFile *file = sync->files[i];

        if (disk->eio_prefix != NULL &&
            g_str_has_prefix(file->name, disk->eio_prefix)) {
            hit = true;
            if (file->error == 0) {
                file->error = EIO;
                file->error_seq = sync->seq;
            }
        }
        if (file->error != 0 && sync->seq >= file->error_seq && error == 0) {
            error = file->error;
        }
    }
    disk->mattered[FAULT_DISK_EIO] += hit;
    return error;
}

static void
end_sync(Disk *disk, unsigned index)
{
    DiskSync *sync = &disk->syncs[index];

    for (unsigned i = 0; i < sync->file_count; i++) {
        disk_file_unref(sync->files[i]);
    }
    disk->sync_count--;
    if (index < disk->sync_count) {
        memmove(sync, sync + 1, (disk->sync_count - index) * sizeof(DiskSync));
    }
}

/* When an operation of @service nanoseconds, issued at @now, is done. */
static SimTime
complete(Disk *disk, SimTime now, SimTime service)
{
    SimTime start = MAX(now, disk->busy_until);

    if (disk->config.jitter > 0) {
        service += stream_below(&disk->latency, disk->config.jitter + 1);
    }
    if (disk->slow > 0) {
        service += disk->slow;
        disk->mattered[FAULT_DISK_SLOW]++;
    }
    disk->busy_until = start + MAX(service, 1);
    return disk->busy_until;
}

/* @bytes at the disk's rate, rounded up. */
static SimTime
bytes_time(const Disk *disk, uint64_t bytes)
{
    uint64_t rate = disk->config.rate;

    if (rate == 0 || bytes == 0) {
        return 0;
    }
    if (bytes < UINT64_C(1) << 33) {
        return (bytes * SIM_S + rate - 1) / rate;
    }
    return (SimTime)(((unsigned __int128)bytes * SIM_S + rate - 1) / rate);
}

/* Whether @file may reach to @end; if not, its next SYNC will say so. */
static bool
fits(Disk *disk, DiskFile *file, uint64_t end)
{
    if (end <= file->size) {
        return true;
    }

    bool room = disk->used <= disk->config.size &&
                end - file->size <= disk->config.size - disk->used;

    if (room && !disk->full) {
        return true;
    }
    disk->mattered[FAULT_DISK_FULL] += room;
    disk->seq++;
    if (file->error == 0) {
        file->error = ENOSPC;
        file->error_seq = disk->seq;
    }
    return false;
}

static DiskFile *
find_or_create(Disk *disk, const char *name)
{
    size_t size = strlen(name);
    DiskFile *file = lookup(disk, name, size);

    if (file == NULL) {
        file = disk_file_new(name, size);
        note(disk, DISK_ENTRY_CREATE, name, name, NULL, NULL);
        insert(disk, file);
    }
    return file;
}

static DiskFile *
lookup(Disk *disk, const char *name, size_t size)
{
    char text[FILE_NAME_MAX + 1];
    DiskFile *last = disk->last;
    unsigned index;
    bool found;

    g_assert(size >= 1 && size <= FILE_NAME_MAX);
    if (last != NULL && memcmp(last->name, name, size) == 0 &&
        last->name[size] == '\0') {
        return last;
    }
    memcpy(text, name, size);
    text[size] = '\0';
    index = position(disk, text, &found);
    if (!found) {
        return NULL;
    }
    disk->last = disk->files[index];
    return disk->last;
}

/* Where @name is in the directory, or would be. */
static unsigned
position(const Disk *disk, const char *name, bool *found)
{
    unsigned low = 0;
    unsigned high = disk->file_count;

    *found = false;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        int order = strcmp(disk->files[middle]->name, name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The directory takes the caller's reference. */
static void
insert(Disk *disk, DiskFile *file)
{
    bool found;
    unsigned index = position(disk, file->name, &found);

    g_assert(!found);
    if (disk->file_count == disk->file_capacity) {
        disk->file_capacity = MAX(8, disk->file_capacity * 2);
        disk->files = g_renew(DiskFile *, disk->files, disk->file_capacity);
    }
    memmove(&disk->files[index + 1], &disk->files[index],
            (disk->file_count - index) * sizeof(DiskFile *));
    disk->files[index] = file;
    disk->file_count++;
}

/* The caller takes the directory's reference. */
static void
take_out(Disk *disk, DiskFile *file)
{
    bool found;
    unsigned index = position(disk, file->name, &found);

    g_assert(found && disk->files[index] == file);
    disk->file_count--;
    memmove(&disk->files[index], &disk->files[index + 1],
            (disk->file_count - index) * sizeof(DiskFile *));
    disk->last = NULL;
}

static void
note(Disk *disk, DiskEntryKind kind, const char *from, const char *to,
     DiskFile *file, DiskFile *gone)
{
    DiskEntry *entry;

    if (disk->entry_count == disk->entry_capacity) {
        disk->entry_capacity = MAX(8, disk->entry_capacity * 2);
        disk->entries = g_renew(DiskEntry, disk->entries, disk->entry_capacity);
    }
    entry = &disk->entries[disk->entry_count++];
    entry->kind = kind;
    entry->seq = ++disk->seq;
    entry->file = file != NULL ? disk_file_ref(file) : NULL;
    entry->gone = gone != NULL ? disk_file_ref(gone) : NULL;
    g_strlcpy(entry->from, from, sizeof(entry->from));
    g_strlcpy(entry->to, to, sizeof(entry->to));
    disk->debt_changes++;
}

/* Directory changes up to @seq are durable. */
static void
forget_entries(Disk *disk, uint64_t seq)
{
    unsigned done = 0;

    while (done < disk->entry_count && disk->entries[done].seq <= seq) {
        disk_file_unref(disk->entries[done].file);
        disk_file_unref(disk->entries[done].gone);
        done++;
    }
    if (done > 0) {
        disk->entry_count -= done;
        memmove(disk->entries, disk->entries + done,
                disk->entry_count * sizeof(DiskEntry));
    }
}

/* Undo the newest directory change. */
static void
undo_entry(Disk *disk, DiskEntry *entry, DiskLoss *loss)
{
    if (entry->kind != DISK_ENTRY_REMOVE) {
        DiskFile *file = lookup(disk, entry->to, strlen(entry->to));

        g_assert(file != NULL);
        take_out(disk, file);
        if (entry->kind == DISK_ENTRY_CREATE) {
            for (unsigned i = file->head; i < file->count; i++) {
                loss->bytes += file->changes[i].size;
                loss->changes++;
            }
            loss->files++;
            disk_file_unref(file);
        } else {
            g_strlcpy(file->name, entry->from, sizeof(file->name));
            insert(disk, file);
        }
    }
    if (entry->gone != NULL) {
        g_strlcpy(entry->gone->name, entry->to, sizeof(entry->gone->name));
        insert(disk, disk_file_ref(entry->gone));
    }
    loss->directory++;
    loss->lied |= entry->seq <= disk->claimed_seq;
    disk_file_unref(entry->file);
    disk_file_unref(entry->gone);
    disk->entry_count--;
}

void
disk_empty(Disk *disk)
{
    forget_entries(disk, UINT64_MAX);
    for (unsigned i = 0; i < disk->file_count; i++) {
        disk_file_unref(disk->files[i]);
    }
    disk->file_count = 0;
    disk->last = NULL;
    disk->used = 0;
    disk->claimed_seq = 0;
}

static int
name_cmp(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

Disk *
disk_new(const DiskConfig *config, uint64_t stream_key)
{
    Disk *disk = g_new0(Disk, 1);

    g_assert(config->size >= 1 && config->jitter < SIM_NEVER);
    disk->config = *config;
    disk_redraw(disk, stream_key);
    return disk;
}

void
disk_redraw(Disk *disk, uint64_t stream_key)
{
    uint64_t keys[2];

    dice_block(stream_key, 0, 0, keys);
    disk->latency = (Stream){keys[0], 0};
    disk->crash = (Stream){keys[1], 0};
}

void
disk_free(Disk *disk)
{
    if (disk == NULL) {
        return;
    }
    disk_kill(disk);
    disk_empty(disk);
    disk_fault_clear(disk);
    g_free(disk->files);
    g_free(disk->entries);
    g_free(disk->syncs);
    g_free(disk->reads);
    g_free(disk);
}
