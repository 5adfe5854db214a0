/* SPDX-License-Identifier: Apache-2.0 */
/* The key-value machine: its verbs, its pictures, its digest. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/dice.h"
#include "nodes/raft/kv.h"

static KvReply
apply(Kv *kv, KvVerb verb, const char *key, const char *value,
      const char *expected)
{
    KvRequest request = {.verb = verb,
                         .key = slice_text(key),
                         .value = slice_text(value),
                         .expected = slice_text(expected ? expected : ""),
                         .expect_absent = expected == NULL};

    return kv_apply(kv, &request);
}

static const struct {
    KvVerb verb;
    const char *key, *value, *expected; /* NULL: expect absent */
    KvStatus status;
    bool absent;
    const char *reply;
} steps[] = {
    {KV_VERB_READ, "a", "", NULL, KV_STATUS_OK, true, ""},
    {KV_VERB_WRITE, "a", "1", NULL, KV_STATUS_OK, false, ""},
    {KV_VERB_READ, "a", "", NULL, KV_STATUS_OK, false, "1"},
    {KV_VERB_CAS, "a", "2", NULL, KV_STATUS_MISMATCH, false, "1"},
    {KV_VERB_CAS, "a", "2", "0", KV_STATUS_MISMATCH, false, "1"},
    {KV_VERB_CAS, "a", "2", "1", KV_STATUS_OK, false, ""},
    {KV_VERB_READ, "a", "", NULL, KV_STATUS_OK, false, "2"},
    {KV_VERB_CAS, "b", "x", "1", KV_STATUS_MISMATCH, true, ""},
    {KV_VERB_CAS, "b", "", NULL, KV_STATUS_OK, false, ""},
    {KV_VERB_CAS, "b", "y", "", KV_STATUS_OK, false, ""},
    {KV_VERB_APPEND, "b", "z", NULL, KV_STATUS_OK, false, ""},
    {KV_VERB_APPEND, "c", "new", NULL, KV_STATUS_OK, false, ""},
    {KV_VERB_READ, "b", "", NULL, KV_STATUS_OK, false, "yz"},
    {KV_VERB_READ, "c", "", NULL, KV_STATUS_OK, false, "new"},
    {KV_VERB_DELETE, "b", "", NULL, KV_STATUS_OK, false, ""},
    {KV_VERB_DELETE, "b", "", NULL, KV_STATUS_OK, true, ""},
    {KV_VERB_READ, "b", "", NULL, KV_STATUS_OK, true, ""},
    {KV_VERB_READ, "c", "", NULL, KV_STATUS_OK, false, "new"},
};

START_TEST(verbs)
{
    Kv *kv = kv_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        KvReply reply = apply(kv, steps[i].verb, steps[i].key, steps[i].value,
                              steps[i].expected);

        ck_assert_msg(reply.status == steps[i].status, "step %u", i);
        ck_assert_msg(reply.absent == steps[i].absent, "step %u", i);
        ck_assert_msg(reply.value.size == strlen(steps[i].reply), "step %u", i);
        if (reply.value.size > 0) {
            ck_assert_mem_eq(reply.value.data, steps[i].reply,
                             reply.value.size);
        }
        slice_drop(&reply.value);
    }
    kv_free(kv);
}
END_TEST

/* A value that was read stays what it was, whatever comes after. */
START_TEST(values_do_not_change_under_a_reader)
{
    Kv *kv = kv_new();
    KvReply held, reply;

    apply(kv, KV_VERB_WRITE, "a", "first", NULL);
    held = apply(kv, KV_VERB_READ, "a", "", NULL);
    apply(kv, KV_VERB_APPEND, "a", " and more", NULL);
    ck_assert_mem_eq(held.value.data, "first", 5);
    apply(kv, KV_VERB_WRITE, "a", "FIRST", NULL);
    ck_assert_uint_eq(held.value.size, 5);
    ck_assert_mem_eq(held.value.data, "first", 5);
    reply = apply(kv, KV_VERB_READ, "a", "", NULL);
    ck_assert_mem_eq(reply.value.data, "FIRST", 5);
    slice_drop(&held.value);
    slice_drop(&reply.value);
    kv_free(kv);
}
END_TEST

static Bytes *
picture(KvFrozen *frozen, size_t piece)
{
    GByteArray *all = g_byte_array_new();
    g_autofree uint8_t *buffer = g_malloc(piece);
    Bytes *bytes;
    size_t got;

    do {
        got = kv_frozen_read(frozen, buffer, piece);
        g_byte_array_append(all, buffer, (guint)got);
    } while (got == piece);
    bytes = bytes_copy(all->data, all->len);
    g_byte_array_unref(all);
    kv_frozen_free(frozen);
    return bytes;
}

static void
random_steps(Kv *kv, Stream *dice, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        KvVerb verb = (KvVerb)stream_below(dice, 5);
        char key[8], value[400];
        size_t size = (size_t)stream_below(dice, sizeof(value) - 1);
        KvReply reply;

        g_snprintf(key, sizeof(key), "k%u", (unsigned)stream_below(dice, 200));
        memset(value, 'a' + (int)stream_below(dice, 26), size);
        value[size] = '\0';
        reply = apply(kv, verb, key, value, NULL);
        slice_drop(&reply.value);
    }
}

START_TEST(pictures_restore)
{
    Stream dice = {7, 0};
    Kv *kv = kv_new(), *other = kv_new();

    for (unsigned round = 0; round < 30; round++) {
        uint64_t digest;
        KvFrozen *frozen;
        Bytes *bytes;

        random_steps(kv, &dice, 200);
        digest = kv_digest(kv);
        frozen = kv_freeze(kv);
        /* What happens now is not in the picture. */
        random_steps(kv, &dice, 50);
        bytes = picture(frozen, 8 + round * 13);
        ck_assert(kv_restore(other, slice_bytes(bytes)));
        ck_assert_uint_eq(kv_digest(other), digest);
        ck_assert_uint_ne(kv_digest(kv), digest);
        /* Damaged pictures are refused or make another digest. */
        bytes->data[stream_below(&dice, bytes->size)] ^= 1;
        ck_assert(!kv_restore(other, slice_bytes(bytes)) ||
                  kv_digest(other) != digest);
        ck_assert(!kv_restore(
            other, slice_sub(slice_bytes(bytes), 0, bytes->size - 1)));
        ck_assert_uint_eq(kv_count(other), 0);
        bytes_unref(bytes);
    }
    kv_free(kv);
    kv_free(other);
}
END_TEST

START_TEST(append_is_bounded)
{
    static uint8_t half[KV_VALUE_MAX / 2 + 1];
    Kv *kv = kv_new();
    KvRequest request = {.verb = KV_VERB_APPEND,
                         .key = slice_text("k"),
                         .value = slice_of(half, sizeof(half))};
    uint64_t digest;

    ck_assert_uint_eq(kv_apply(kv, &request).status, KV_STATUS_OK);
    digest = kv_digest(kv);
    ck_assert_uint_eq(kv_apply(kv, &request).status, KV_STATUS_INVALID);
    ck_assert_uint_eq(kv_digest(kv), digest);
    request.value.size = KV_VALUE_MAX - sizeof(half);
    ck_assert_uint_eq(kv_apply(kv, &request).status, KV_STATUS_OK);
    kv_free(kv);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("kv");
    TCase *t = tcase_create("kv");

    tcase_add_test(t, verbs);
    tcase_add_test(t, values_do_not_change_under_a_reader);
    tcase_add_test(t, pictures_restore);
    tcase_add_test(t, append_is_bounded);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
