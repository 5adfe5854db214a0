/* SPDX-License-Identifier: Apache-2.0 */
/* The `after` rule of effects.h for a live node: who waits for which SYNC.
 *
 * A token is pending from the step that issued its SYNC until the disk
 * answers. An effect with `after` waits for that token alone and holds back
 * nothing behind it. When the SYNC failed, its waiters are dropped; a SYNC
 * dropped so takes those that wait for it along. */
#ifndef SEEDBED_LIVE_WAIT_H
#define SEEDBED_LIVE_WAIT_H

#include <glib.h>

#include "nodes/effects.h"

typedef struct LiveWait LiveWait;

typedef enum LiveWaitState {
    LIVE_WAIT_DURABLE = 1,
    LIVE_WAIT_PENDING, /* or not issued yet */
    LIVE_WAIT_FAILED,
} LiveWaitState;

/* The caller owns it. */
LiveWait *live_wait_new(void);
void live_wait_free(LiveWait *wait);

/* All SYNCs among @fx are pending from now on: call it before the effects of
 * a step are carried out, since one may wait for a SYNC behind it. */
void live_wait_announce(LiveWait *wait, const Effects *fx);
/* Token 0 is durable. Tokens are issued in increasing order for each value of
 * their upper 16 bits, which a member may use to tell protocols apart. */
LiveWaitState live_wait_state(const LiveWait *wait, Token token);
/* Keep a copy of @effect until the token that it waits for is settled. */
void live_wait_hold(LiveWait *wait, const Effect *effect);
/* The SYNC of @token is durable (@error 0) or has failed. Returns the effects
 * that are free to go, Effect * in list order; the caller owns array and
 * effects (g_ptr_array_unref). NULL when there is none. */
GPtrArray *live_wait_settle(LiveWait *wait, Token token, int error);

#endif
