/* SPDX-License-Identifier: Apache-2.0 */
/* The words of selectors, read with the shapes of YAML's flow lists. */
#include "sim/selector.h"

#include <string.h>

#include "netmodel/regions.h"

#define EXPECTED                                                               \
    "all, one, minority, majority, leader, followers, clients, rest, n1, "     \
    "region:NAME or a list such as [n1, n2]"

static const struct {
    const char *word;
    SelectorKind kind;
} words[] = {
    {"all", SELECTOR_ALL},           {"one", SELECTOR_ONE},
    {"minority", SELECTOR_MINORITY}, {"majority", SELECTOR_MAJORITY},
    {"leader", SELECTOR_LEADER},     {"followers", SELECTOR_FOLLOWERS},
    {"clients", SELECTOR_CLIENTS},   {"rest", SELECTOR_REST},
};

static bool add_term(Selector *selector, const char *word, unsigned node_count,
                     GError **error);
static bool parse_node(const char *word, NodeId *node);
static bool region_name(const char *name);

bool
selector_parse(const char *text, unsigned node_count, Selector *selector,
               GError **error)
{
    g_autofree char *whole = g_strstrip(g_strdup(text));
    size_t length = strlen(whole);
    g_auto(GStrv) parts = NULL;
    bool good = true;

    *selector = (Selector){NULL, 0};
    if (length < 2 || whole[0] != '[' || whole[length - 1] != ']') {
        good = add_term(selector, whole, node_count, error);
        if (!good) {
            selector_clear(selector);
        }
        return good;
    }
    whole[length - 1] = '\0';
    parts = g_strsplit(whole + 1, ",", -1);
    for (unsigned i = 0; good && parts[i] != NULL; i++) {
        good = add_term(selector, g_strstrip(parts[i]), node_count, error);
    }
    if (good && selector->count == 0) {
        g_set_error_literal(error, SELECTOR_ERROR, 0,
                            "found an empty list, expected " EXPECTED);
        good = false;
    }
    if (!good) {
        selector_clear(selector);
    }
    return good;
}

char *
selector_text(const Selector *selector)
{
    GString *out = g_string_new(selector->count == 1 ? "" : "[");

    for (unsigned i = 0; i < selector->count; i++) {
        const SelectorTerm *term = &selector->terms[i];

        g_string_append(out, i == 0 ? "" : ", ");
        if (term->kind == SELECTOR_NODE) {
            g_string_append_printf(out, "n%u", term->node);
        } else if (term->kind == SELECTOR_REGION) {
            g_string_append_printf(out, "region:%s", term->region);
        }
        for (unsigned w = 0; w < G_N_ELEMENTS(words); w++) {
            if (words[w].kind == term->kind) {
                g_string_append(out, words[w].word);
            }
        }
    }
    g_string_append(out, selector->count == 1 ? "" : "]");
    return g_string_free(out, FALSE);
}

bool
selector_has(const Selector *selector, SelectorKind kind)
{
    for (unsigned i = 0; i < selector->count; i++) {
        if (selector->terms[i].kind == kind) {
            return true;
        }
    }
    return false;
}

void
selector_clear(Selector *selector)
{
    for (unsigned i = 0; i < selector->count; i++) {
        g_free(selector->terms[i].region);
    }
    g_free(selector->terms);
    *selector = (Selector){NULL, 0};
}

static bool
add_term(Selector *selector, const char *word, unsigned node_count,
         GError **error)
{
    SelectorTerm term = {0};

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            term.kind = words[i].kind;
        }
    }
    if (parse_node(word, &term.node)) {
        term.kind = SELECTOR_NODE;
        if (node_count != 0 && term.node > node_count) {
            g_set_error(error, SELECTOR_ERROR, 0,
                        "found \"%s\", expected a node n1..n%u", word,
                        node_count);
            return false;
        }
    } else if (g_str_has_prefix(word, "region:") && region_name(word + 7)) {
        if (regions_find(word + 7) == REGIONS_NONE) {
            g_set_error(error, SELECTOR_ERROR, 0,
                        "found \"%s\", expected a region of `seedbed list "
                        "regions`",
                        word);
            return false;
        }
        term.kind = SELECTOR_REGION;
        term.region = g_strdup(word + 7);
    }
    if (term.kind == 0) {
        g_autofree char *shown = g_strescape(word, NULL);

        g_set_error(error, SELECTOR_ERROR, 0,
                    "found \"%.60s\", expected " EXPECTED, shown);
        return false;
    }
    selector->terms =
        g_renew(SelectorTerm, selector->terms, selector->count + 1);
    selector->terms[selector->count++] = term;
    return true;
}

static bool
parse_node(const char *word, NodeId *node)
{
    guint64 value = 0;

    if (word[0] != 'n' || word[1] == '0' || strlen(word) > 5 ||
        !g_ascii_string_to_unsigned(word + 1, 10, 1, NODE_ID_MAX, &value,
                                    NULL)) {
        return false;
    }
    *node = (NodeId)value;
    return true;
}

static bool
region_name(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length <= 40 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-_") == length;
}

GQuark
selector_error_quark(void)
{
    return g_quark_from_static_string("selector-error");
}
