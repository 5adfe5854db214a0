/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a live node: datagram links and streams to its peers, and
 * streams from clients, on TCP and Unix sockets.
 *
 * - Datagrams to a peer go through one connection that this node dials, and
 *   come through one that the peer dials, so that two who dial at once need
 *   no rule. Without a connection, or above `datagram_buffer` unsent bytes,
 *   they are dropped, as datagrams may be. A lost connection is dialled
 *   again after 10 ms, doubling up to 1 s, plus up to a quarter of it.
 * - A stream is a connection of its own; the opener's hello names it. A
 *   connection that ends without the farewell of live_frame.h is a reset,
 *   so a peer that was killed never looks as if it had closed. It is up
 *   for the opener when the connection is, for the accepter with the hello.
 *   Above `send_buffer` unsent bytes it is reset; INPUT_ROOM comes
 *   when they fall below half of it after having been above.
 * - What connects to an address of listen.clients is a stream of
 *   CHANNEL_CLIENT, accepted from a peer id above node_count that the host
 *   gives and that no living client shares.
 * - Peers are believed to be who they say they are: the addresses belong on a
 *   network that is trusted, or in a directory that is protected.
 * - Strange bytes close the connection and leave one line in the log. */
#ifndef SEEDBED_LIVE_NET_H
#define SEEDBED_LIVE_NET_H

#include <glib.h>
#include <uv.h>

#include "nodes/effects.h"
#include "nodes/host/live_config.h"

typedef struct LiveNet LiveNet;

/* Called on the loop with a MESSAGE, LINK or ROOM; the callee fills in the
 * clocks and the dice. LINK may come from within a call of live_net_open()
 * or _send() below; MESSAGE and ROOM never do. */
typedef void (*LiveDeliver)(void *user, Input *input);

/* @config must outlive the network. The caller owns it. */
LiveNet *live_net_new(uv_loop_t *loop, const LiveConfig *config,
                      LiveDeliver deliver, void *user);
/* Listen on all addresses. False: @error says which one failed and why. */
bool live_net_listen(LiveNet *net, GError **error);
/* Begin to dial the peers. Inputs may come from now on. */
void live_net_start(LiveNet *net);
/* Close everything; run the loop until it is empty, then free. Bytes that the
 * kernel has not taken are lost. */
void live_net_stop(LiveNet *net);
void live_net_free(LiveNet *net);

/* Carry out a SEND. A stream that is not there swallows it. */
void live_net_send(LiveNet *net, const Effect *effect);
void live_net_open(LiveNet *net, LinkId link);
void live_net_close(LiveNet *net, LinkId link);
void live_net_pause(LiveNet *net, LinkId link, bool paused);
/* Hand all unsent bytes to the kernel: once before the loop waits. */
void live_net_flush(LiveNet *net);

#endif
