/* SPDX-License-Identifier: Apache-2.0 */
/* Which directed links there are between the nodes of a cluster, and how far
 * it is along them.
 *
 * By default a link that is not there is not there: nodes that are not
 * adjacent cannot talk, for a node program is not a router. With the word
 * `multi-hop` the hosts forward: the engine gives such a pair one link with
 * the delay of every hop of a shortest path and the loss of all of them
 * (partitions and faults cut pairs, not paths).
 */
#ifndef SEEDBED_TOPOLOGY_H
#define SEEDBED_TOPOLOGY_H

#include <glib.h>

#include "nodes/node.h"

typedef struct Topology Topology;

/* "mesh", "ring", "line", "star" (center 1) or "star N", or a list of edges
 * "1-2 2-3 3>1" (`-` both ways, `>` one way), each with an optional
 * `multi-hop` in front. Blanks or commas between words. "" is "mesh".
 *
 * Owned. NULL and one line with what was found and what was expected in
 * @error. */
Topology *topology_parse(const char *text, unsigned node_count, GError **error);
void topology_free(Topology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Topology, topology_free)

/* The canonical text; topology_parse() of it gives the same links. Owned. */
char *topology_text(const Topology *topology);

/* Whether there is a link @from -> @to. Ids above node_count are clients,
 * which reach every node and are reached by it. A node always reaches
 * itself. O(1). */
bool topology_linked(const Topology *topology, NodeId from, NodeId to);
/* Links on the way: 0 to oneself, 1 when linked, TOPOLOGY_FAR when there is no
 * way (or, without multi-hop, no link). O(1). */
unsigned topology_hops(const Topology *topology, NodeId from, NodeId to);
/* The next host on the way, @to itself when linked, 0 when there is none.
 * O(nodes). */
NodeId topology_next(const Topology *topology, NodeId from, NodeId to);
#define TOPOLOGY_FAR 0xffffu

bool topology_multi_hop(const Topology *topology);
unsigned topology_link_count(const Topology *topology);

#define TOPOLOGY_ERROR (topology_error_quark())
GQuark topology_error_quark(void);

#endif
