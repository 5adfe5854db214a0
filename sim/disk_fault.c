/* SPDX-License-Identifier: Apache-2.0 */
/* How a virtual disk goes bad, and whether anybody noticed. Damage is done to
 * the platter; a scar remembers where, until it is read or written over. */
#include "sim/disk_private.h"

#include <glib.h>
#include <string.h>

/* A misdirected write spoils this much at most: one device block. */
#define MISDIRECT_MAX 4096u

static DiskFile *draw_file(const Disk *disk, const char *prefix, uint64_t word);
static void scar(Disk *disk, DiskFile *file, uint64_t offset, uint64_t size,
                 FaultKind kind, uint64_t event);
static void feel(Disk *disk, const DiskScar *scar);
static void heal(Disk *disk, unsigned index);
static void go_astray(Disk *disk, DiskFile *file, uint64_t offset,
                      const uint8_t *bytes, uint64_t size);

void
disk_set_slow(Disk *disk, SimTime extra)
{
    g_assert(extra < SIM_NEVER / 4);
    disk->slow = extra;
}

void
disk_set_full(Disk *disk, bool full)
{
    disk->full = full;
}

void
disk_set_eio(Disk *disk, const char *prefix)
{
    if (disk->eio_prefixes != NULL) {
        g_ptr_array_set_size(disk->eio_prefixes, 0);
    }
    if (prefix != NULL) {
        disk_add_eio(disk, prefix);
    }
}

void
disk_add_eio(Disk *disk, const char *prefix)
{
    if (disk->eio_prefixes == NULL) {
        disk->eio_prefixes = g_ptr_array_new_with_free_func(g_free);
    }
    g_ptr_array_add(disk->eio_prefixes, g_strdup(prefix));
}

bool
disk_fault_eio(const Disk *disk, const char *name)
{
    for (unsigned i = 0;
         disk->eio_prefixes != NULL && i < disk->eio_prefixes->len; i++) {
        if (g_str_has_prefix(name, disk->eio_prefixes->pdata[i])) {
            return true;
        }
    }
    return false;
}

void
disk_set_lost_sync(Disk *disk, bool lost)
{
    disk->lost_sync = lost;
}

bool
disk_bit_flip(Disk *disk, const char *prefix, uint64_t salt)
{
    uint64_t words[2];
    DiskFile *file;
    uint64_t place;
    uint8_t bit;

    dice_block(salt, 0, 0, words);
    file = draw_file(disk, prefix, words[0]);
    if (file == NULL) {
        return false;
    }
    place = dice_below(words[1], disk_file_durable_size(file));
    dice_block(salt, 0, 1, words);
    bit = (uint8_t)(1u << dice_below(words[0], 8));
    if (disk_file_damage(file, place, &bit, 1, false) == 0) {
        return false;
    }
    disk->scar_event++;
    scar(disk, file, place, 1, FAULT_DISK_BIT_FLIP, disk->scar_event);
    return true;
}

void
disk_misdirect_next(Disk *disk, const char *prefix, uint64_t salt)
{
    g_free(disk->misdirect_prefix);
    disk->misdirect_prefix = g_strdup(prefix);
    disk->misdirect_salt = salt;
    disk->misdirect_event = ++disk->scar_event;
}

bool
disk_wipe(Disk *disk)
{
    bool any = disk->file_count > 0;

    disk_kill(disk);
    disk_directory_clear(disk);
    disk_fault_forget(disk);
    disk->mattered[FAULT_DISK_WIPE] += any;
    return any;
}

uint64_t
disk_last_damage(const Disk *disk)
{
    return disk->scar_event;
}

bool
disk_damage_felt(const Disk *disk, uint64_t damage)
{
    for (unsigned i = 0; disk->felt != NULL && i < disk->felt->len; i++) {
        if (g_array_index(disk->felt, uint64_t, i) == damage) {
            return true;
        }
    }
    return false;
}

void
disk_give_up(Disk *disk)
{
    for (unsigned i = 0; i < disk->scar_count; i++) {
        bool twin = false;

        for (unsigned k = 0; k < i; k++) {
            twin |= disk->scars[k].event == disk->scars[i].event;
        }
        if (!twin) {
            feel(disk, &disk->scars[i]);
        }
    }
    while (disk->scar_count > 0) {
        heal(disk, disk->scar_count - 1);
    }
}

uint64_t
disk_mattered(const Disk *disk, FaultKind kind)
{
    g_assert(kind < FAULT_KIND_COUNT);
    return disk->mattered[kind];
}

bool
disk_fault_write(Disk *disk, DiskFile *file, uint64_t offset,
                 const Slice *parts, unsigned part_count, uint64_t size)
{
    if (disk->misdirect_prefix != NULL &&
        g_str_has_prefix(file->name, disk->misdirect_prefix)) {
        g_autofree uint8_t *bytes = g_malloc(size);
        uint64_t at = 0;

        for (unsigned i = 0; i < part_count; i++) {
            if (parts[i].size > 0) {
                memcpy(bytes + at, parts[i].data, parts[i].size);
                at += parts[i].size;
            }
        }
        go_astray(disk, file, offset, bytes, size);
        g_clear_pointer(&disk->misdirect_prefix, g_free);
        return true;
    }
    for (unsigned i = disk->scar_count; i > 0; i--) {
        const DiskScar *old = &disk->scars[i - 1];

        if (old->file == file && old->offset >= offset &&
            old->offset + old->size <= offset + size) {
            heal(disk, i - 1);
        }
    }
    return false;
}

void
disk_fault_read(Disk *disk, DiskFile *file, uint64_t offset, uint64_t size)
{
    for (unsigned i = 0; i < disk->scar_count;) {
        DiskScar seen = disk->scars[i];

        if (seen.file != file || seen.offset >= offset + size ||
            seen.offset + seen.size <= offset) {
            i++;
            continue;
        }
        feel(disk, &seen);
        for (unsigned k = disk->scar_count; k > 0; k--) {
            if (disk->scars[k - 1].event == seen.event) {
                heal(disk, k - 1);
            }
        }
        i = 0;
    }
}

void
disk_fault_forget(Disk *disk)
{
    for (unsigned i = disk->scar_count; i > 0; i--) {
        bool named = false;

        for (unsigned k = 0; k < disk->file_count; k++) {
            named |= disk->files[k] == disk->scars[i - 1].file;
        }
        if (!named) {
            heal(disk, i - 1);
        }
    }
}

void
disk_fault_clear(Disk *disk)
{
    while (disk->scar_count > 0) {
        heal(disk, disk->scar_count - 1);
    }
    g_free(disk->scars);
    g_clear_pointer(&disk->eio_prefixes, g_ptr_array_unref);
    g_free(disk->misdirect_prefix);
    g_clear_pointer(&disk->felt, g_array_unref);
}

/* The target gets what it had, so its file is as long as it should be and the
 * bytes are not there; a drawn place elsewhere gets them. */
static void
go_astray(Disk *disk, DiskFile *file, uint64_t offset, const uint8_t *bytes,
          uint64_t size)
{
    g_autofree uint8_t *stale = g_malloc0(size);
    Slice part = slice_of(stale, size);
    DiskFile *victim;
    uint64_t words[2];

    dice_block(disk->misdirect_salt, 0, 0, words);
    victim = draw_file(disk, "", words[0]);
    if (victim != NULL) {
        uint64_t durable = disk_file_durable_size(victim);
        uint64_t sectors = (durable + DISK_SECTOR - 1) / DISK_SECTOR;
        uint64_t sector = dice_below(words[1], sectors);
        uint64_t place;

        if (victim == file && sector == offset / DISK_SECTOR) {
            sector = (sector + 1) % sectors;
        }
        place = sector * DISK_SECTOR + offset % DISK_SECTOR;
        if (victim != file || place != offset) {
            uint64_t hit = disk_file_damage(victim, place, bytes,
                                            MIN(size, MISDIRECT_MAX), true);

            if (hit > 0) {
                scar(disk, victim, place, hit, FAULT_DISK_MISDIRECT,
                     disk->misdirect_event);
            }
        }
    }
    if (offset < file->size) {
        disk_file_read(file, offset, MIN(size, file->size - offset), stale);
    }
    disk_file_write(file, ++disk->seq, offset, &part, 1, size);
    scar(disk, file, offset, size, FAULT_DISK_MISDIRECT, disk->misdirect_event);
}

/* One of the files with something durable in it, each as likely. */
static DiskFile *
draw_file(const Disk *disk, const char *prefix, uint64_t word)
{
    unsigned candidates = 0;
    uint64_t chosen;

    for (unsigned i = 0; i < disk->file_count; i++) {
        candidates += g_str_has_prefix(disk->files[i]->name, prefix) &&
                      disk_file_durable_size(disk->files[i]) > 0;
    }
    if (candidates == 0) {
        return NULL;
    }
    chosen = dice_below(word, candidates);
    for (unsigned i = 0; i < disk->file_count; i++) {
        if (g_str_has_prefix(disk->files[i]->name, prefix) &&
            disk_file_durable_size(disk->files[i]) > 0 && chosen-- == 0) {
            return disk->files[i];
        }
    }
    g_assert_not_reached();
}

static void
scar(Disk *disk, DiskFile *file, uint64_t offset, uint64_t size, FaultKind kind,
     uint64_t event)
{
    if (disk->scar_count == disk->scar_capacity) {
        disk->scar_capacity = MAX(8, disk->scar_capacity * 2);
        disk->scars = g_renew(DiskScar, disk->scars, disk->scar_capacity);
    }
    disk->scars[disk->scar_count++] = (DiskScar){
        .file = disk_file_ref(file),
        .offset = offset,
        .size = size,
        .kind = kind,
        .event = event,
    };
}

static void
feel(Disk *disk, const DiskScar *scar)
{
    if (disk->felt == NULL) {
        disk->felt = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    }
    g_array_append_val(disk->felt, scar->event);
    disk->mattered[scar->kind]++;
}

static void
heal(Disk *disk, unsigned index)
{
    disk_file_unref(disk->scars[index].file);
    disk->scars[index] = disk->scars[--disk->scar_count];
}
