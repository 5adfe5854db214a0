/* SPDX-License-Identifier: Apache-2.0 */
/* Who a selector means at this moment. selector.h reads the words; here they
 * become hosts, when a fault happens. */
#ifndef SEEDBED_RESOLVE_H
#define SEEDBED_RESOLVE_H

#include "nodes/dice.h"
#include "sim/selector.h"

/* What is known when a selector is resolved; borrowed. */
typedef struct ResolveView {
    unsigned node_count;  /* nodes are 1..node_count */
    unsigned host_count;  /* clients are the hosts behind them */
    NodeId leader;        /* 0: none is known */
    char **regions;       /* of the nodes, by index from 0, or NULL */
    const uint8_t *unfit; /* by id: whom no draw may choose; or NULL */
} ResolveView;

/* Set @set[id] to 1 for each chosen host. @set has host_count + 1 entries and
 * is not cleared; `rest` is every node not set yet. `one`, `minority` and
 * `majority` draw from @stream. A leader that is not known is nobody. @text
 * is a selector that has been judged when it was loaded. */
void resolve_selector(const char *text, const ResolveView *view, Stream *stream,
                      uint8_t *set);
/* The same for "[[n1, n2], rest]": sets @set[id] to 1, 2, ... by group. */
void resolve_groups(const char *text, const ResolveView *view, Stream *stream,
                    uint8_t *set);

#endif
