/* SPDX-License-Identifier: Apache-2.0 */
/* Trees with places, what they refuse, and --set laid over them. */
#include <check.h>
#include <string.h>

#include "sim/yaml_tree.h"

static YamlTree *parse(const char *text);
static void dump(GString *out, const YamlNode *node);

START_TEST(everything_has_its_place)
{
    YamlTree *tree = parse("a: 1\n"
                           "b:\n"
                           "  - x\n"
                           "  - {c: 'two', d: }\n");
    const YamlNode *root = yaml_tree_root(tree);
    const YamlNode *b = yaml_tree_get(root, "b");
    const YamlNode *c = NULL;
    g_autofree char *place = NULL, *of_key = NULL, *found = NULL;

    ck_assert_int_eq(root->kind, YAML_KIND_MAP);
    ck_assert_uint_eq(root->count, 2);
    ck_assert_str_eq(root->items[0]->key, "a");
    ck_assert_str_eq(root->items[0]->text, "1");
    ck_assert(!root->items[0]->quoted);
    ck_assert_ptr_null(yaml_tree_get(root, "c"));
    ck_assert_int_eq(b->kind, YAML_KIND_LIST);
    ck_assert_uint_eq(b->key_line, 2);
    ck_assert_uint_eq(b->key_column, 1);
    ck_assert_uint_eq(b->items[0]->line, 3);
    ck_assert_uint_eq(b->items[0]->column, 5);
    c = yaml_tree_get(b->items[1], "c");
    ck_assert(c->quoted);
    place = yaml_tree_place(c, false);
    of_key = yaml_tree_place(c, true);
    found = yaml_tree_found(c);
    ck_assert_str_eq(place, "t.yaml:4:9: ");
    ck_assert_str_eq(of_key, "t.yaml:4:6: ");
    ck_assert_str_eq(found, "\"two\"");
    ck_assert(yaml_tree_is_null(yaml_tree_get(b->items[1], "d")));
    ck_assert(!yaml_tree_is_null(c));
    yaml_tree_free(tree);
}
END_TEST

static const struct {
    const char *text, *want;
} refused[] = {
    {"a: 1\na: 2\n", "t.yaml:2:1: found the key \"a\" again, expected it once "
                     "(first in line 1)"},
    {"a: {b: 1,\n  'b': 2}\n", "t.yaml:2:3: found the key \"b\" again, "
                               "expected it once (first in line 1)"},
    {"a: &x 1\n",
     "t.yaml:1:4: found an anchor (&name), expected a plain value"},
    {"&x a: 1\n",
     "t.yaml:1:1: found an anchor (&name), expected a plain value"},
    {"a: &x [1]\n",
     "t.yaml:1:4: found an anchor (&name), expected a plain value"},
    {"a: *x\n",
     "t.yaml:1:4: found an alias (*name), expected the value itself"},
    {"<<: *x\n",
     "t.yaml:1:5: found an alias (*name), expected the value itself"},
    {"a: !!int 5\n", "t.yaml:1:4: found a tag (!name), expected a plain value"},
    {"{a: 1}: 2\n", "t.yaml:1:1: found a map as a key, expected a word"},
    {"? [a]\n: 2\n", "t.yaml:1:3: found a list as a key, expected a word"},
    {"--- a\n--- b\n", "t.yaml:2:1: found a second document, expected one"},
    {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
     "t.yaml:1:17: found more than 16 maps and lists in one another, expected "
     "fewer"},
    {"a: \"x\\0y\"\n", "t.yaml:1:4: found a NUL character, expected text"},
    {"a: \xff\n", "t.yaml:1:1: found a character that is not YAML (invalid "
                  "leading UTF-8 octet), expected UTF-8 text"},
    {"a: [1, 2\n", "t.yaml:2:1: not YAML: did not find expected ',' or ']' "
                   "while parsing a flow sequence"},
    {"a: 'b\n", "t.yaml:2:1: not YAML: found unexpected end of stream while "
                "scanning a quoted scalar"},
};

START_TEST(what_a_tree_cannot_hold_is_refused)
{
    GError *error = NULL;
    const char *text = refused[_i].text;

    ck_assert_ptr_null(yaml_tree_parse(text, strlen(text), "t.yaml", &error));
    ck_assert_str_eq(error->message, refused[_i].want);
    g_error_free(error);
}
END_TEST

START_TEST(size_and_keys_are_bounded)
{
    GString *text = g_string_new(NULL);
    GError *error = NULL;

    for (unsigned i = 0; i <= YAML_TREE_KEYS_MAX; i++) {
        g_string_append_printf(text, "k%u: 1\n", i);
    }
    ck_assert_ptr_null(yaml_tree_parse(text->str, text->len, "t", &error));
    ck_assert_str_eq(error->message, "t:257:1: found more than 256 keys in "
                                     "one map, expected fewer");
    g_clear_error(&error);
    ck_assert_ptr_null(
        yaml_tree_parse("", YAML_TREE_SIZE_MAX + 1, "t", &error));
    ck_assert_str_eq(error->message,
                     "t: found 16777217 bytes, expected at most 16777216");
    g_clear_error(&error);
    g_string_free(text, TRUE);
}
END_TEST

static const struct {
    const char *option, *want; /* tree, or error */
} sets[] = {
    {"a=2", "{a:2,b:[x,{c:1}]}"},
    {"a=", "{a:,b:[x,{c:1}]}"},
    {"a={p: [1, 2]}", "{a:{p:[1,2]},b:[x,{c:1}]}"},
    {"a=x=y", "{a:x=y,b:[x,{c:1}]}"},
    {"b.0=y", "{a:1,b:[y,{c:1}]}"},
    {"b.1.c=9", "{a:1,b:[x,{c:9}]}"},
    {"b.1.d=9", "{a:1,b:[x,{c:1,d:9}]}"},
    {"b[0]=y", "{a:1,b:[y,{c:1}]}"},
    {"b[1].c=9", "{a:1,b:[x,{c:9}]}"},
    {"n[0][0].w=1", "{a:1,b:[x,{c:1}],n:[[{w:1}]]}"},
    {"b[9].c=1", "--set b[9].c=1: found \"9\" in a list, expected an index "
                 "0..2"},
    {"b[x]=z", "{a:1,b:[x,{c:1}],b[x]:z}"},
    {"b[0]c=z", "{a:1,b:[x,{c:1}],b[0]c:z}"},
    {"b.2=z", "{a:1,b:[x,{c:1},z]}"},
    {"n.e.w=1", "{a:1,b:[x,{c:1}],n:{e:{w:1}}}"},
    {"n.0.w=1", "{a:1,b:[x,{c:1}],n:[{w:1}]}"},
    {"b=null", "{a:1,b:null}"},
    {"b.3=z", "--set b.3=z: found \"3\" in a list, expected an index 0..2"},
    {"b.x=z", "--set b.x=z: found \"x\" in a list, expected an index 0..2"},
    {"a.x=z", "--set a.x=z: found \"1\" before \"x\", expected a map or a "
              "list"},
    {"a", "--set a: found no \"=\", expected path.to.key=value"},
    {"=1", "--set =1: found no \"path\", expected path.to.key=value"},
    {"b.9.c=1", "--set b.9.c=1: found \"9\" in a list, expected an index 0..2"},
    {"n..b=1", "--set n..b=1: found an empty word in the path \"n..b\", "
               "expected path.to.key=value"},
    {"a=[", "--set a=[: not YAML: did not find expected node content while "
            "parsing a flow node"},
    {"a=&x 1", "--set a=&x 1: found an anchor (&name), expected a plain "
               "value"},
    {"a\nb.c=1=", "{a:1,b:[x,{c:1}],a?b:{c:1=}}"},
};

START_TEST(options_lie_over_the_tree)
{
    YamlTree *tree = parse("{a: 1, b: [x, {c: 1}]}");
    GError *error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);

    if (yaml_tree_set(tree, sets[_i].option, &error)) {
        dump(out, yaml_tree_root(tree));
    } else {
        g_string_assign(out, error->message);
        g_error_free(error);
    }
    ck_assert_str_eq(out->str, sets[_i].want);
    yaml_tree_free(tree);
}
END_TEST

/* A quoted text reads back as itself, whatever is in it. */
START_TEST(quoting_round_trips)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "\"",
                                        "\\",
                                        "a: b # c",
                                        "\t\n\r",
                                        "\001\037\177",
                                        "\302\205",
                                        "\342\200\250",
                                        "\357\273\277",
                                        "\303\244\342\202\254\360\237\214\261",
                                        "null",
                                        " pad ",
                                        "[x]"};

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        YamlTree *tree = NULL;

        yaml_tree_quote(out, texts[i]);
        ck_assert_ptr_null(strchr(out->str, '\n'));
        tree = parse(out->str);
        ck_assert_str_eq(yaml_tree_root(tree)->text, texts[i]);
        yaml_tree_free(tree);
    }
}
END_TEST

static YamlTree *
parse(const char *text)
{
    GError *error = NULL;
    YamlTree *tree = yaml_tree_parse(text, strlen(text), "t.yaml", &error);

    ck_assert_msg(tree != NULL, "%s", error != NULL ? error->message : "");
    return tree;
}

static void
dump(GString *out, const YamlNode *node)
{
    bool map = node->kind == YAML_KIND_MAP;

    if (node->kind == YAML_KIND_SCALAR) {
        g_string_append(out, node->text);
        return;
    }
    g_string_append_c(out, map ? '{' : '[');
    for (unsigned i = 0; i < node->count; i++) {
        g_string_append(out, i > 0 ? "," : "");
        if (map) {
            g_string_append_printf(out, "%s:", node->items[i]->key);
        }
        dump(out, node->items[i]);
    }
    g_string_append_c(out, map ? '}' : ']');
}

int
main(void)
{
    Suite *suite = suite_create("yaml_tree");
    TCase *tcase = tcase_create("trees");
    SRunner *runner = srunner_create(suite);
    int failed = 0;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, everything_has_its_place);
    tcase_add_loop_test(tcase, what_a_tree_cannot_hold_is_refused, 0,
                        G_N_ELEMENTS(refused));
    tcase_add_test(tcase, size_and_keys_are_bounded);
    tcase_add_loop_test(tcase, options_lie_over_the_tree, 0,
                        G_N_ELEMENTS(sets));
    tcase_add_test(tcase, quoting_round_trips);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
