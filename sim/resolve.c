/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors to hosts. */
#include "sim/resolve.h"

#include <string.h>

#include "netmodel/regions.h"

static void resolve_term(const SelectorTerm *term, const ResolveView *view,
                         Stream *stream, uint8_t *set);
static void choose(const ResolveView *view, Stream *stream, unsigned count,
                   uint8_t *set);

void
resolve_selector(const char *text, const ResolveView *view, Stream *stream,
                 uint8_t *set)
{
    Selector selector;

    if (!selector_parse(text, 0, &selector, NULL)) {
        return;
    }
    for (unsigned i = 0; i < selector.count; i++) {
        resolve_term(&selector.terms[i], view, stream, set);
    }
    selector_clear(&selector);
}

/* Groups are selectors between the outer brackets, at depth one. */
void
resolve_groups(const char *text, const ResolveView *view, Stream *stream,
               uint8_t *set)
{
    g_autofree uint8_t *one = g_new0(uint8_t, view->host_count + 1);
    const char *open = strchr(text, '[');
    const char *start = open != NULL ? open + 1 : text + strlen(text);
    unsigned depth = 0;
    uint8_t group = 1;

    for (const char *c = start; *c != '\0'; c++) {
        bool end = *c == ']' && depth == 0;

        if (*c == '[') {
            depth++;
        } else if (*c == ']' && depth > 0) {
            depth--;
        }
        if (!end && !(*c == ',' && depth == 0)) {
            continue;
        }
        {
            g_autofree char *word = g_strndup(start, (size_t)(c - start));

            /* `rest` is who is in no group yet. */
            memcpy(one, set, view->host_count + 1);
            resolve_selector(g_strstrip(word), view, stream, one);
            for (unsigned id = 1; id <= view->host_count; id++) {
                if (one[id] && set[id] == 0) {
                    set[id] = group;
                }
            }
        }
        group++;
        start = c + 1;
        if (end) {
            break;
        }
    }
}

static void
resolve_term(const SelectorTerm *term, const ResolveView *view, Stream *stream,
             uint8_t *set)
{
    RegionId region;

    switch (term->kind) {
    case SELECTOR_ALL:
        memset(set + 1, 1, view->node_count);
        break;
    case SELECTOR_REST:
        for (unsigned id = 1; id <= view->node_count; id++) {
            set[id] = set[id] != 0 ? set[id] : 1;
        }
        break;
    case SELECTOR_CLIENTS:
        for (unsigned id = view->node_count + 1; id <= view->host_count; id++) {
            set[id] = 1;
        }
        break;
    case SELECTOR_ONE:
        choose(view, stream, 1, set);
        break;
    case SELECTOR_MINORITY:
        choose(view, stream, MAX((view->node_count - 1) / 2, 1), set);
        break;
    case SELECTOR_MAJORITY:
        choose(view, stream, view->node_count / 2 + 1, set);
        break;
    case SELECTOR_LEADER:
        set[view->leader] = view->leader != 0;
        break;
    case SELECTOR_FOLLOWERS:
        for (unsigned id = 1; id <= view->node_count; id++) {
            if (id != view->leader) {
                set[id] = 1;
            }
        }
        break;
    case SELECTOR_NODE:
        if (term->node <= view->host_count) {
            set[term->node] = 1;
        }
        break;
    case SELECTOR_REGION:
        region = regions_find(term->region);
        for (unsigned id = 1; view->regions != NULL && id <= view->node_count;
             id++) {
            if (regions_find(view->regions[id - 1]) == region) {
                set[id] = 1;
            }
        }
        break;
    }
}

/* @count nodes that are not set yet: a partial Fisher-Yates shuffle. */
static void
choose(const ResolveView *view, Stream *stream, unsigned count, uint8_t *set)
{
    g_autofree NodeId *left = g_new(NodeId, view->node_count + 1);
    unsigned left_count = 0;

    for (unsigned id = 1; id <= view->node_count; id++) {
        if (set[id] == 0 && (view->unfit == NULL || !view->unfit[id])) {
            left[left_count++] = id;
        }
    }
    for (unsigned i = 0; i < count && left_count > 0; i++) {
        uint64_t pick = stream_below(stream, left_count);

        set[left[pick]] = 1;
        left[pick] = left[--left_count];
    }
}
