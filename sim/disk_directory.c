/* SPDX-License-Identifier: Apache-2.0 */
/* Names on a virtual disk: the directory as the node sees it, and the changes
 * that are not durable yet, to be undone by a power loss. Files are few, so
 * it is a sorted array, and the last file used is looked at first. */
#include "sim/disk_private.h"

#include <string.h>
#include <xxhash.h>

static unsigned position(const Disk *disk, const char *name, bool *found);
static void insert(Disk *disk, DiskFile *file);
static void take_out(Disk *disk, DiskFile *file);
static void note(Disk *disk, DiskEntryKind kind, const char *from,
                 const char *to, DiskFile *file, DiskFile *gone);
static void undo_last(Disk *disk, DiskLoss *loss);
static DiskFile *durable_find(const Disk *disk, const char *name);
static int name_cmp(const void *a, const void *b);

DiskFile *
disk_directory_find(Disk *disk, const char *name, size_t size)
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

DiskFile *
disk_directory_open(Disk *disk, const char *name)
{
    size_t size = strlen(name);
    DiskFile *file = disk_directory_find(disk, name, size);

    if (file == NULL) {
        file = disk_file_new(name, size);
        note(disk, DISK_ENTRY_CREATE, name, name, NULL, NULL);
        insert(disk, file);
    }
    return file;
}

bool
disk_rename(Disk *disk, const char *from, const char *to)
{
    DiskFile *file = disk_directory_find(disk, from, strlen(from));
    DiskFile *gone;

    if (file == NULL) {
        return false;
    }
    if (strcmp(from, to) == 0) {
        return true;
    }
    gone = disk_directory_find(disk, to, strlen(to));
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
    DiskFile *file = disk_directory_find(disk, name, strlen(name));

    if (file == NULL) {
        return false;
    }
    note(disk, DISK_ENTRY_REMOVE, name, name, NULL, file);
    take_out(disk, file);
    disk->used -= file->size;
    disk_file_unref(file);
    return true;
}

void
disk_directory_settle(Disk *disk, uint64_t seq)
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

void
disk_directory_crash(Disk *disk, uint64_t keep, DiskLoss *loss)
{
    while (disk->entry_count > keep) {
        undo_last(disk, loss);
    }
    disk_directory_settle(disk, disk->seq);
    disk->claimed_seq = 0;
}

void
disk_directory_clear(Disk *disk)
{
    disk_directory_settle(disk, UINT64_MAX);
    for (unsigned i = 0; i < disk->file_count; i++) {
        disk_file_unref(disk->files[i]);
    }
    disk->file_count = 0;
    disk->last = NULL;
    disk->used = 0;
    disk->claimed_seq = 0;
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

static int
name_cmp(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
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

/* Undo the newest directory change. */
static void
undo_last(Disk *disk, DiskLoss *loss)
{
    DiskEntry *entry = &disk->entries[disk->entry_count - 1];

    if (entry->kind != DISK_ENTRY_REMOVE) {
        DiskFile *file =
            disk_directory_find(disk, entry->to, strlen(entry->to));

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
