/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of node.h and effects.h that every effect obeys, whichever side
 * of a process border it comes from. */
#include "nodes/host/control.h"

#include <stdio.h>

static const char *check_link(LinkId link);
static const char *check_send(const Effect *effect);
static bool name_ok(const char *name, size_t size);
static const char *check_disk(const Effect *effect);
static const char *check_sync(const Effect *effect);

const char *
control_effect_wrong(const Effect *effect)
{
    switch (effect->kind) {
    case EFFECT_SEND:
        return check_send(effect);
    case EFFECT_TIMER:
        return effect->timer.id >> 56 != 0 ? "a timer id above 2^56" : NULL;
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
    case EFFECT_RENAME:
    case EFFECT_REMOVE:
    case EFFECT_READ:
        return check_disk(effect);
    case EFFECT_SYNC:
        return check_sync(effect);
    case EFFECT_OPEN:
        if ((effect->stream.link & LINK_ACCEPTED) != 0) {
            return "a link that the other end opens";
        }
        /* fall through */
    case EFFECT_CLOSE:
    case EFFECT_PAUSE:
        if (!link_is_stream(effect->stream.link)) {
            return "a link that is no stream";
        }
        return check_link(effect->stream.link);
    case EFFECT_SPAWN:
        if (effect->part_count == 0) {
            return "no arguments";
        }
        return effect->child.token == 0 ? "no token" : NULL;
    case EFFECT_SIGNAL:
        if (effect->child.number < 1 || effect->child.number > 64) {
            return "not a signal";
        }
        return effect->child.token == 0 ? "no token" : NULL;
    case EFFECT_LOCAL:
        if (effect->local.to < 1 || effect->local.to > CHANNEL_MAX) {
            return "a channel out of range";
        }
        return effect->part_count != 1 ? "not one part" : NULL;
    case EFFECT_PROBE:
        if (effect->probe.id < 1 || effect->probe.id > CONTROL_PROBE_MAX) {
            return "a probe out of range";
        }
        return effect->part_count > 1 ? "more than one part" : NULL;
    case EFFECT_HALT:
        if (effect->part_count != 1) {
            return "not one part";
        }
        return effect->parts[0].size > CONTROL_HALT_MAX
                   ? "a reason that is too long"
                   : NULL;
    }
    return "an unknown kind";
}

static const char *
check_link(LinkId link)
{
    NodeId peer = link_peer(link);

    if (peer < 1 || peer > NODE_ID_MAX) {
        return "a peer out of range";
    }
    if (!link_is_stream(link)) {
        return link != link_datagram(peer) ? "not a link" : NULL;
    }
    if (link_channel(link) == 0 || (link >> 54 & 0xff) != 0) {
        return "not a link";
    }
    return NULL;
}

static const char *
check_send(const Effect *effect)
{
    if (effect->send.channel < 1 || effect->send.channel > CHANNEL_MAX) {
        return "a channel out of range";
    }
    if (!link_is_stream(effect->send.link) &&
        effects_parts_size(effect) > DATAGRAM_MAX) {
        return "a datagram that is too large";
    }
    return check_link(effect->send.link);
}

static const char *
check_disk(const Effect *effect)
{
    const char *file = effect->disk.file;

    if (!name_ok(file, strlen(file))) {
        return "not the name of a file";
    }
    switch (effect->kind) {
    case EFFECT_WRITE:
        return effect->disk.offset >
                       CONTROL_SIZE_MAX - effects_parts_size(effect)
                   ? "an offset that is too large"
                   : NULL;
    case EFFECT_READ:
        if (effect->disk.token == 0) {
            return "no token";
        }
        if (effect->disk.offset > CONTROL_SIZE_MAX) {
            return "an offset that is too large";
        }
        /* fall through */
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
        return effect->disk.size > CONTROL_SIZE_MAX ? "a size that is too large"
                                                    : NULL;
    case EFFECT_RENAME:
        file = effect->disk.to;
        return name_ok(file, strlen(file)) ? NULL : "not the name of a file";
    default:
        return NULL;
    }
}

/* A node that logs writes and syncs one file again and again: comparing with
 * the name that was good the last time is cheaper than judging it. */
static bool
name_ok(const char *name, size_t size)
{
    static _Thread_local char good[FILE_NAME_MAX];
    static _Thread_local size_t good_size;

    if (size == good_size && memcmp(name, good, size) == 0 && size > 0) {
        return true;
    }
    if (!control_file_name_ok((const uint8_t *)name, size)) {
        return false;
    }
    memcpy(good, name, size);
    good_size = size;
    return true;
}

static const char *
check_sync(const Effect *effect)
{
    if (effect->sync.token == 0) {
        return "no token";
    }
    if (effect->part_count > SYNC_FILES_MAX) {
        return "too many files";
    }
    for (unsigned i = 0; i < effect->part_count; i++) {
        if (!name_ok((const char *)effect->parts[i].data,
                     effect->parts[i].size)) {
            return "not the name of a file";
        }
    }
    return NULL;
}

bool
control_effects_ok(const Effects *fx, ControlError *error)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const Effect *effect = &fx->items[i];
        const char *wrong = NULL;

        /* Half of all effects: nothing but a number can be wrong. */
        if (effect->kind != EFFECT_PROBE || effect->probe.id < 1 ||
            effect->probe.id > CONTROL_PROBE_MAX || effect->part_count > 1) {
            wrong = control_effect_wrong(effect);
        }
        if (effect->part_count > CONTROL_PARTS_MAX) {
            wrong = "too many parts";
        } else if (i == CONTROL_EFFECTS_MAX) {
            wrong = "too many effects";
        }
        if (wrong != NULL) {
            snprintf(error->text, sizeof error->text, "effect %u (%s): %s",
                     i + 1, control_effect_name(effect->kind), wrong);
            return false;
        }
    }
    return true;
}
