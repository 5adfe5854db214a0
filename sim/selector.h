/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a fault or a rule is about: `leader`, `minority`, `n3`, `[n1, n2]`,
 * `region:eu-central-1`. Here the words are read; who they are at the moment
 * the engine alone can say. */
#ifndef SEEDBED_SELECTOR_H
#define SEEDBED_SELECTOR_H

#include <glib.h>

#include "nodes/node.h"

typedef enum SelectorKind {
    SELECTOR_ALL = 1,   /* every node */
    SELECTOR_ONE,       /* a drawn one */
    SELECTOR_MINORITY,  /* a drawn (n - 1) / 2 */
    SELECTOR_MAJORITY,  /* a drawn n / 2 + 1 */
    SELECTOR_LEADER,    /* who leads, as nodes believe, now */
    SELECTOR_FOLLOWERS, /* the nodes that do not */
    SELECTOR_CLIENTS,   /* every client */
    SELECTOR_REST,      /* who is not named on the other side */
    SELECTOR_NODE,      /* nN */
    SELECTOR_REGION,    /* region:NAME: its nodes */
} SelectorKind;

typedef struct SelectorTerm {
    SelectorKind kind;
    NodeId node;  /* SELECTOR_NODE */
    char *region; /* SELECTOR_REGION */
} SelectorTerm;

/* One term, or those of a list: their union, in order; a drawn term draws
 * from those that earlier terms have left. */
typedef struct Selector {
    SelectorTerm *terms;
    unsigned count; /* at least 1 */
} Selector;

/* Read @text. @node_count: the nodes there are, or 0 when that is not known.
 * False and "found ..., expected ..." in @error; then *@selector is empty. */
bool selector_parse(const char *text, unsigned node_count, Selector *selector,
                    GError **error);
void selector_clear(Selector *selector);
/* The canonical text; owned by the caller. */
char *selector_text(const Selector *selector);
/* True when a term of @kind is in it. */
bool selector_has(const Selector *selector, SelectorKind kind);

#define SELECTOR_ERROR (selector_error_quark())
GQuark selector_error_quark(void);

#endif
