/* SPDX-License-Identifier: Apache-2.0 */
/* Effects that wait for a SYNC, by token. */
#include "nodes/host/live_wait.h"

#include <string.h>

#define TOKEN_CLASS_SHIFT 48

struct LiveWait {
    GHashTable *waiting; /* pending token -> GPtrArray of Effect */
    GHashTable *failed;  /* set of tokens */
    GHashTable *issued;  /* upper 16 bits -> highest token issued */
};

static Effect *effect_keep(const Effect *effect);
static void effect_drop(gpointer data);

/* The pending entry of @token, made when absent. */
static GPtrArray *
entry(LiveWait *wait, Token token)
{
    GPtrArray *effects = g_hash_table_lookup(wait->waiting, &token);

    if (effects == NULL) {
        effects = g_ptr_array_new_with_free_func(effect_drop);
        g_hash_table_insert(wait->waiting, g_memdup2(&token, sizeof token),
                            effects);
    }
    return effects;
}

void
live_wait_announce(LiveWait *wait, const Effects *fx)
{
    for (unsigned i = 0; i < fx->count; i++) {
        Token token = fx->items[i].sync.token;
        Token class = token >> TOKEN_CLASS_SHIFT;

        if (fx->items[i].kind != EFFECT_SYNC) {
            continue;
        }
        g_assert(token != 0);
        entry(wait, token);
        g_hash_table_insert(wait->issued, g_memdup2(&class, sizeof class),
                            g_memdup2(&token, sizeof token));
    }
}

LiveWaitState
live_wait_state(const LiveWait *wait, Token token)
{
    Token class = token >> TOKEN_CLASS_SHIFT;
    const Token *highest = g_hash_table_lookup(wait->issued, &class);

    if (token == 0) {
        return LIVE_WAIT_DURABLE;
    }
    if (g_hash_table_contains(wait->failed, &token)) {
        return LIVE_WAIT_FAILED;
    }
    if (g_hash_table_contains(wait->waiting, &token) || highest == NULL ||
        token > *highest) {
        return LIVE_WAIT_PENDING;
    }
    return LIVE_WAIT_DURABLE;
}

void
live_wait_hold(LiveWait *wait, const Effect *effect)
{
    g_assert(live_wait_state(wait, effect->after) == LIVE_WAIT_PENDING);
    g_ptr_array_add(entry(wait, effect->after), effect_keep(effect));
}

GPtrArray *
live_wait_settle(LiveWait *wait, Token token, int error)
{
    gpointer key = NULL;
    gpointer value = NULL;
    GPtrArray *effects;

    if (!g_hash_table_steal_extended(wait->waiting, &token, &key, &value)) {
        return NULL;
    }
    effects = value;
    if (error == 0) {
        g_free(key);
        if (effects->len == 0) {
            g_ptr_array_unref(effects);
            return NULL;
        }
        return effects;
    }
    g_hash_table_add(wait->failed, key);
    for (unsigned i = 0; i < effects->len; i++) {
        const Effect *effect = effects->pdata[i];

        if (effect->kind == EFFECT_SYNC) {
            live_wait_settle(wait, effect->sync.token, error);
        }
    }
    g_ptr_array_unref(effects);
    return NULL;
}

/* A copy that outlives the step. */
static Effect *
effect_keep(const Effect *effect)
{
    Effect *kept = g_memdup2(effect, sizeof *effect);

    kept->after = 0;
    kept->parts = g_new(Slice, effect->part_count);
    for (unsigned i = 0; i < effect->part_count; i++) {
        kept->parts[i] = slice_keep(effect->parts[i]);
    }
    if (effect->kind >= EFFECT_WRITE && effect->kind <= EFFECT_READ &&
        effect->kind != EFFECT_SYNC) {
        kept->disk.file = g_strdup(effect->disk.file);
        kept->disk.to =
            effect->kind == EFFECT_RENAME ? g_strdup(effect->disk.to) : NULL;
    }
    return kept;
}

static void
effect_drop(gpointer data)
{
    Effect *effect = data;

    for (unsigned i = 0; i < effect->part_count; i++) {
        slice_drop(&effect->parts[i]);
    }
    if (effect->kind >= EFFECT_WRITE && effect->kind <= EFFECT_READ &&
        effect->kind != EFFECT_SYNC) {
        g_free((void *)(uintptr_t)effect->disk.file);
        g_free((void *)(uintptr_t)effect->disk.to);
    }
    g_free(effect->parts);
    g_free(effect);
}

LiveWait *
live_wait_new(void)
{
    LiveWait *wait = g_new0(LiveWait, 1);

    wait->waiting = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                          (GDestroyNotify)g_ptr_array_unref);
    wait->failed =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    wait->issued =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return wait;
}

void
live_wait_free(LiveWait *wait)
{
    if (wait == NULL) {
        return;
    }
    g_hash_table_unref(wait->waiting);
    g_hash_table_unref(wait->failed);
    g_hash_table_unref(wait->issued);
    g_free(wait);
}
