/* SPDX-License-Identifier: Apache-2.0 */
/* Links as a bit matrix; ways over several links by a breadth-first search
 * from every node, once, when the scenario is read. */
#include "netmodel/topology.h"

#include <string.h>

typedef enum Shape {
    SHAPE_MESH,
    SHAPE_RING,
    SHAPE_LINE,
    SHAPE_STAR,
    SHAPE_EDGES,
} Shape;

struct Topology {
    Shape shape;
    bool multi_hop;
    unsigned node_count;
    unsigned center;     /* star */
    unsigned link_count; /* directed */
    uint8_t *links;      /* bits, row from, column to; NULL: a mesh */
    uint16_t *hops;      /* row from, column to; NULL: one hop or none */
};

static bool parse_words(Topology *topology, char **words, GError **error);
static bool parse_edge(Topology *topology, const char *word, GError **error);
static bool parse_id(const char **at, unsigned node_count, NodeId *id);
static void link_all(Topology *topology);
static void link_both(Topology *topology, NodeId a, NodeId b);
static void link_one(Topology *topology, NodeId from, NodeId to);
static bool has_link(const Topology *topology, NodeId from, NodeId to);
static void find_ways(Topology *topology);
static void find_ways_from(Topology *topology, NodeId from,
                           const GArray *neighbours, const guint *starts,
                           NodeId *queue);

GQuark
topology_error_quark(void)
{
    return g_quark_from_static_string("topology");
}

bool
topology_linked(const Topology *topology, NodeId from, NodeId to)
{
    return from == to || from > topology->node_count ||
           to > topology->node_count || has_link(topology, from, to);
}

unsigned
topology_hops(const Topology *topology, NodeId from, NodeId to)
{
    if (from == to) {
        return 0;
    }
    if (topology_linked(topology, from, to)) {
        return 1;
    }
    return topology->hops == NULL
               ? TOPOLOGY_FAR
               : topology->hops[(size_t)from * (topology->node_count + 1) + to];
}

NodeId
topology_next(const Topology *topology, NodeId from, NodeId to)
{
    unsigned hops = topology_hops(topology, from, to);

    if (hops <= 1 || hops == TOPOLOGY_FAR) {
        return hops <= 1 ? to : 0;
    }
    for (NodeId via = 1; via <= topology->node_count; via++) {
        if (has_link(topology, from, via) &&
            topology_hops(topology, via, to) == hops - 1) {
            return via;
        }
    }
    g_assert_not_reached();
}

bool
topology_multi_hop(const Topology *topology)
{
    return topology->multi_hop;
}

unsigned
topology_link_count(const Topology *topology)
{
    return topology->link_count;
}

Topology *
topology_parse(const char *text, unsigned node_count, GError **error)
{
    g_assert(node_count >= 1 && node_count <= NODE_ID_MAX);

    g_autoptr(Topology) topology = g_new0(Topology, 1);
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n,", -1);

    topology->node_count = node_count;
    if (!parse_words(topology, words, error)) {
        return NULL;
    }
    link_all(topology);
    if (topology->multi_hop && topology->links != NULL) {
        find_ways(topology);
    }
    return g_steal_pointer(&topology);
}

char *
topology_text(const Topology *topology)
{
    static const char *const names[] = {"mesh", "ring", "line", "star", ""};
    GString *text = g_string_new(topology->multi_hop ? "multi-hop " : "");

    g_string_append(text, names[topology->shape]);
    if (topology->shape == SHAPE_STAR) {
        g_string_append_printf(text, " %u", topology->center);
    }
    if (topology->shape != SHAPE_EDGES) {
        return g_string_free(text, FALSE);
    }
    for (NodeId a = 1; a <= topology->node_count; a++) {
        for (NodeId b = 1; b <= topology->node_count; b++) {
            bool back = has_link(topology, b, a);

            if (has_link(topology, a, b) && (a < b || !back)) {
                g_string_append_printf(text, "%u%c%u ", a, back ? '-' : '>', b);
            }
        }
    }
    g_string_truncate(text, text->len - 1);
    return g_string_free(text, FALSE);
}

/* [multi-hop] [mesh | ring | line | star [N] | EDGE...] */
static bool
parse_words(Topology *topology, char **words, GError **error)
{
    static const struct {
        const char *name;
        Shape shape;
    } shapes[] = {{"mesh", SHAPE_MESH},
                  {"ring", SHAPE_RING},
                  {"line", SHAPE_LINE},
                  {"star", SHAPE_STAR}};
    const char *shape = NULL;

    for (unsigned i = 0; words[i] != NULL; i++) {
        const char *word = words[i], *end = word;
        unsigned known = 0;

        if (*word == '\0') {
            continue;
        }
        if (shape == NULL && !topology->multi_hop &&
            strcmp(word, "multi-hop") == 0) {
            topology->multi_hop = true;
            continue;
        }
        while (known < G_N_ELEMENTS(shapes) &&
               strcmp(word, shapes[known].name) != 0) {
            known++;
        }
        if (shape == NULL && known < G_N_ELEMENTS(shapes)) {
            topology->shape = shapes[known].shape;
            topology->center = topology->shape == SHAPE_STAR ? 1 : 0;
            shape = word;
            continue;
        }
        if (shape != NULL && strcmp(shape, "star") == 0 &&
            parse_id(&end, topology->node_count, &topology->center) &&
            *end == '\0') {
            shape = "star with its center";
            continue;
        }
        if (shape != NULL && topology->shape != SHAPE_EDGES) {
            g_autofree char *found = g_utf8_make_valid(word, -1);

            g_set_error(error, TOPOLOGY_ERROR, 0,
                        "found '%s' after %s, expected %s", found, shape,
                        strcmp(shape, "star") == 0 ? "a node as its center"
                                                   : "nothing");
            return false;
        }
        if (!parse_edge(topology, word, error)) {
            return false;
        }
        shape = "edges";
    }
    return true;
}

/* "1-2" or "1>2" */
static bool
parse_edge(Topology *topology, const char *word, GError **error)
{
    const char *at = word;
    NodeId a, b;

    if (parse_id(&at, topology->node_count, &a) && (*at == '-' || *at == '>')) {
        bool both = *at == '-';

        at++;
        if (parse_id(&at, topology->node_count, &b) && *at == '\0' && a != b) {
            topology->shape = SHAPE_EDGES;
            link_one(topology, a, b);
            if (both) {
                link_one(topology, b, a);
            }
            return true;
        }
    }
    g_autofree char *found = g_utf8_make_valid(word, -1);

    g_set_error(error, TOPOLOGY_ERROR, 0,
                "found '%s', expected mesh, ring, line, star or an edge such "
                "as 1-2 or 1>2 between two of the nodes 1..%u",
                found, topology->node_count);
    return false;
}

static bool
parse_id(const char **at, unsigned node_count, NodeId *id)
{
    unsigned number = 0;

    while (g_ascii_isdigit(**at) && number <= node_count) {
        number = number * 10 + (unsigned)(**at - '0');
        (*at)++;
    }
    *id = number;
    return number >= 1 && number <= node_count;
}

/* The links of the named shapes; those of edges are there already. */
static void
link_all(Topology *topology)
{
    unsigned count = topology->node_count;

    switch (topology->shape) {
    case SHAPE_MESH:
        topology->link_count = count * (count - 1);
        break;
    case SHAPE_RING:
    case SHAPE_LINE:
        for (NodeId id = 1; id < count; id++) {
            link_both(topology, id, id + 1);
        }
        if (topology->shape == SHAPE_RING && count > 1) {
            link_both(topology, count, 1);
        }
        break;
    case SHAPE_STAR:
        for (NodeId id = 1; id <= count; id++) {
            if (id != topology->center) {
                link_both(topology, topology->center, id);
            }
        }
        break;
    case SHAPE_EDGES:
        break;
    }
}

static void
link_both(Topology *topology, NodeId a, NodeId b)
{
    link_one(topology, a, b);
    link_one(topology, b, a);
}

static void
link_one(Topology *topology, NodeId from, NodeId to)
{
    size_t width = topology->node_count + 1;
    size_t bit = from * width + to;

    if (topology->links == NULL) {
        topology->links = g_malloc0((width * width + 7) / 8);
    }
    if (!has_link(topology, from, to)) {
        topology->links[bit / 8] |= (uint8_t)(1u << bit % 8);
        topology->link_count++;
    }
}

static bool
has_link(const Topology *topology, NodeId from, NodeId to)
{
    size_t bit = (size_t)from * (topology->node_count + 1) + to;

    if (topology->links == NULL) {
        return topology->shape == SHAPE_MESH && from != to;
    }
    return topology->links[bit / 8] >> bit % 8 & 1;
}

static void
find_ways(Topology *topology)
{
    size_t width = topology->node_count + 1;
    g_autoptr(GArray) neighbours = g_array_new(FALSE, FALSE, sizeof(NodeId));
    g_autofree guint *starts = g_new0(guint, width + 1);
    g_autofree NodeId *queue = g_new0(NodeId, width);

    for (NodeId from = 1; from <= topology->node_count; from++) {
        starts[from] = neighbours->len;
        for (NodeId to = 1; to <= topology->node_count; to++) {
            if (has_link(topology, from, to)) {
                g_array_append_val(neighbours, to);
            }
        }
    }
    starts[width] = neighbours->len;
    topology->hops = g_new(uint16_t, width * width);
    memset(topology->hops, 0xff, width * width * sizeof(uint16_t));
    for (NodeId from = 1; from <= topology->node_count; from++) {
        find_ways_from(topology, from, neighbours, starts, queue);
    }
}

static void
find_ways_from(Topology *topology, NodeId from, const GArray *neighbours,
               const guint *starts, NodeId *queue)
{
    uint16_t *hops = topology->hops + (size_t)from * (topology->node_count + 1);
    unsigned first = 0, last = 0;

    hops[from] = 0;
    queue[last++] = from;
    while (first < last) {
        NodeId at = queue[first++];

        for (guint i = starts[at]; i < starts[at + 1]; i++) {
            NodeId next = g_array_index(neighbours, NodeId, i);

            if (hops[next] == TOPOLOGY_FAR) {
                hops[next] = (uint16_t)(hops[at] + 1);
                queue[last++] = next;
            }
        }
    }
}

void
topology_free(Topology *topology)
{
    if (topology != NULL) {
        g_free(topology->links);
        g_free(topology->hops);
        g_free(topology);
    }
}
