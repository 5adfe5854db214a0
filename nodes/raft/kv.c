/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with chains over a dense array of items. */
#include "nodes/raft/kv.h"

#include <glib.h>
#include <string.h>

#include "nodes/bugs.h"
#include "nodes/hash.h"

#define NONE        UINT32_MAX
#define BUCKETS_MIN 64u
#define SMALL_MAX   256u
#define ITEM_HEAD   8u /* bytes before key and value in a picture */

typedef struct Item {
    Slice key, value;
    uint64_t hash;   /* of the key */
    uint64_t digest; /* of key and value, when it is not dirty */
    uint32_t next;   /* in the chain */
    bool dirty;
    bool growing; /* value.owner is ours alone and has room behind it */
} Item;

struct Kv {
    Item *items;
    uint32_t *buckets;
    uint32_t count, capacity, bucket_count;
    uint64_t digest_sum; /* of all items that are not dirty */
    GArray *dirty;       /* item numbers, at least the dirty ones */
};

struct KvFrozen {
    Slice *slices; /* key and value in turn */
    uint32_t count, cursor;
    size_t offset;   /* within the current item */
    bool count_done; /* the item count has been read */
};

static uint32_t find(const Kv *kv, Slice key, uint64_t hash);
static uint32_t insert(Kv *kv, Slice key, uint64_t hash);
static void set_value(Kv *kv, uint32_t number, Slice value);
static bool append(Kv *kv, uint32_t number, Slice more);
static void erase(Kv *kv, uint32_t number);
static void touch(Kv *kv, uint32_t number);
static void rehash(Kv *kv, uint32_t bucket_count);
static Slice keep_close(Slice slice);
static void clear(Kv *kv);

KvReply
kv_apply(Kv *kv, const KvRequest *request)
{
    uint64_t hash = hash_bytes(request->key.data, request->key.size, 0);
    uint32_t number = find(kv, request->key, hash);
    bool exists = number != NONE;
    KvReply reply = {.status = KV_STATUS_OK};

    g_assert(kv_wire_valid(request));
    switch (request->verb) {
    case KV_VERB_READ:
        reply.absent = !exists;
        if (exists) {
            reply.value = slice_keep(kv->items[number].value);
        }
        break;
    case KV_VERB_WRITE:
        if (!exists) {
            number = insert(kv, request->key, hash);
        }
        set_value(kv, number, request->value);
        break;
    case KV_VERB_CAS:
        if (exists != !request->expect_absent ||
            (exists &&
             (kv->items[number].value.size != request->expected.size ||
              (request->expected.size > 0 &&
               memcmp(kv->items[number].value.data, request->expected.data,
                      request->expected.size) != 0)))) {
            reply.status = KV_STATUS_MISMATCH;
            reply.absent = !exists;
            if (exists) {
                reply.value = slice_keep(kv->items[number].value);
            }
            break;
        }
        if (!exists) {
            number = insert(kv, request->key, hash);
        }
        set_value(kv, number, request->value);
        break;
    case KV_VERB_APPEND:
        if (!exists) {
            set_value(kv, insert(kv, request->key, hash), request->value);
        } else if (!append(kv, number, request->value)) {
            reply.status = KV_STATUS_INVALID;
        }
        break;
    case KV_VERB_DELETE:
        reply.absent = !exists;
        if (exists) {
            erase(kv, number);
        }
        break;
    }
    return reply;
}

KvFrozen *
kv_freeze(Kv *kv)
{
    KvFrozen *frozen = g_new0(KvFrozen, 1);

    frozen->count = kv->count;
    frozen->slices = g_new(Slice, (size_t)kv->count * 2);
    for (uint32_t i = 0; i < kv->count; i++) {
        frozen->slices[2 * i] = slice_keep(kv->items[i].key);
        frozen->slices[2 * i + 1] = slice_keep(kv->items[i].value);
    }
    return frozen;
}

size_t
kv_frozen_read(KvFrozen *frozen, uint8_t *out, size_t size)
{
    size_t done = 0;

    if (!frozen->count_done) {
        uint64_t count = GUINT64_TO_LE((uint64_t)frozen->count);

        g_assert(size >= 8);
        memcpy(out, &count, 8);
        done = 8;
        frozen->count_done = true;
    }
    while (done < size && frozen->cursor < frozen->count) {
        Slice *key = &frozen->slices[2 * (size_t)frozen->cursor];
        Slice *value = key + 1;
        uint32_t head[2] = {GUINT32_TO_LE((uint32_t)key->size),
                            GUINT32_TO_LE((uint32_t)value->size)};
        Slice parts[3] = {slice_of(head, ITEM_HEAD), *key, *value};
        size_t skip = frozen->offset;

        for (unsigned i = 0; i < 3; i++) {
            Slice part = slice_sub(parts[i], skip, size - done);

            skip -= MIN(skip, parts[i].size);
            if (part.size > 0) {
                memcpy(out + done, part.data, part.size);
            }
            done += part.size;
            frozen->offset += part.size;
        }
        if (frozen->offset == ITEM_HEAD + key->size + value->size) {
            slice_drop(key);
            slice_drop(value);
            frozen->cursor++;
            frozen->offset = 0;
        }
    }
    return done;
}

void
kv_frozen_free(KvFrozen *frozen)
{
    for (uint32_t i = frozen->cursor; i < frozen->count; i++) {
        slice_drop(&frozen->slices[2 * i]);
        slice_drop(&frozen->slices[2 * i + 1]);
    }
    g_free(frozen->slices);
    g_free(frozen);
}

bool
kv_restore(Kv *kv, Slice bytes)
{
    uint64_t count;

    if (!BUG(KV_RESTORE_MERGES)) {
        clear(kv);
    }
    if (bytes.size < 8) {
        return false;
    }
    memcpy(&count, bytes.data, 8);
    count = GUINT64_FROM_LE(count);
    bytes = slice_sub(bytes, 8, SIZE_MAX);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t head[2];
        Slice key, value;
        uint64_t hash;

        if (bytes.size < ITEM_HEAD) {
            break;
        }
        memcpy(head, bytes.data, ITEM_HEAD);
        head[0] = GUINT32_FROM_LE(head[0]);
        head[1] = GUINT32_FROM_LE(head[1]);
        key = slice_sub(bytes, ITEM_HEAD, head[0]);
        value = slice_sub(bytes, ITEM_HEAD + (size_t)head[0], head[1]);
        if (head[0] == 0 || head[0] > KV_KEY_MAX || head[1] > KV_VALUE_MAX ||
            bytes.size - ITEM_HEAD < (size_t)head[0] + head[1]) {
            clear(kv);
            return false;
        }
        /* Copies of their own: the picture is one large buffer. */
        key.owner = value.owner = NULL;
        hash = hash_bytes(key.data, key.size, 0);
        if (BUG(KV_RESTORE_MERGES) && find(kv, key, hash) != NONE) {
            erase(kv, find(kv, key, hash));
        }
        if (find(kv, key, hash) != NONE) {
            clear(kv);
            return false;
        }
        set_value(kv, insert(kv, key, hash), value);
        bytes =
            slice_sub(bytes, ITEM_HEAD + (size_t)head[0] + head[1], SIZE_MAX);
    }
    if ((kv->count != count && !BUG(KV_RESTORE_MERGES)) || bytes.size != 0) {
        clear(kv);
        return false;
    }
    return true;
}

uint64_t
kv_digest(Kv *kv)
{
    uint64_t words[2];

    for (guint i = 0; i < kv->dirty->len; i++) {
        uint32_t number = g_array_index(kv->dirty, uint32_t, i);
        Item *item;

        if (number >= kv->count || !kv->items[number].dirty) {
            continue; /* erased, or moved and seen already */
        }
        item = &kv->items[number];
        item->digest =
            hash_bytes(item->value.data, item->value.size, item->hash);
        kv->digest_sum += item->digest;
        item->dirty = false;
    }
    g_array_set_size(kv->dirty, 0);
    words[0] = kv->count;
    words[1] = kv->digest_sum;
    return hash_words(words, 2, 0);
}

uint64_t
kv_count(const Kv *kv)
{
    return kv->count;
}

static uint32_t
find(const Kv *kv, Slice key, uint64_t hash)
{
    uint32_t number = kv->buckets[hash & (kv->bucket_count - 1)];

    while (number != NONE) {
        const Item *item = &kv->items[number];

        if (item->hash == hash && item->key.size == key.size &&
            memcmp(item->key.data, key.data, key.size) == 0) {
            return number;
        }
        number = item->next;
    }
    return NONE;
}

static uint32_t
insert(Kv *kv, Slice key, uint64_t hash)
{
    uint32_t number = kv->count++, *bucket;

    g_assert(kv->count < NONE);
    if (number == kv->capacity) {
        kv->capacity = MAX(BUCKETS_MIN, kv->capacity * 2);
        kv->items = g_renew(Item, kv->items, kv->capacity);
    }
    kv->items[number] = (Item){
        .key = keep_close(key), .hash = hash, .next = NONE, .dirty = true};
    g_array_append_val(kv->dirty, number);
    if (kv->count > kv->bucket_count) {
        rehash(kv, kv->bucket_count * 2);
    } else {
        bucket = &kv->buckets[hash & (kv->bucket_count - 1)];
        kv->items[number].next = *bucket;
        *bucket = number;
    }
    return number;
}

static void
set_value(Kv *kv, uint32_t number, Slice value)
{
    Item *item = &kv->items[number];

    touch(kv, number);
    if (value.size > SMALL_MAX) {
        slice_drop(&item->value);
        item->value = keep_close(value);
        item->growing = false;
        return;
    }
    /* A small value is copied, over the old one when nobody else sees it. */
    if (!item->growing || item->value.owner->size < value.size ||
        (item->value.owner->ref_count > 1 && !BUG(KV_SNAPSHOT_NOT_FROZEN))) {
        Bytes *own = bytes_new(MAX(64, value.size));

        slice_drop(&item->value);
        item->value = slice_bytes(own);
        item->growing = true;
    }
    item->value.owner->hashed = 0;
    if (value.size > 0) {
        memcpy(item->value.owner->data, value.data, value.size);
    }
    item->value.size = value.size;
}

/* Grow the value where it stands: readers hold its older, shorter size. */
static bool
append(Kv *kv, uint32_t number, Slice more)
{
    Item *item = &kv->items[number];
    size_t size = item->value.size + more.size;

    if (size > KV_VALUE_MAX) {
        return false;
    }
    touch(kv, number);
    if (!item->growing || item->value.owner->size < size) {
        Bytes *grown = bytes_new(MIN(KV_VALUE_MAX, MAX(64, 2 * size)));

        if (item->value.size > 0) {
            memcpy(grown->data, item->value.data, item->value.size);
        }
        slice_drop(&item->value);
        item->value = slice_sub(slice_bytes(grown), 0, size - more.size);
        item->growing = true;
    }
    item->value.owner->hashed = 0;
    if (more.size > 0) {
        memcpy(item->value.owner->data + item->value.size, more.data,
               more.size);
    }
    item->value.size = size;
    return true;
}

static void
erase(Kv *kv, uint32_t number)
{
    Item *item = &kv->items[number];
    uint32_t last = kv->count - 1;
    uint32_t *link = &kv->buckets[item->hash & (kv->bucket_count - 1)];

    touch(kv, number);
    while (*link != number) {
        link = &kv->items[*link].next;
    }
    *link = item->next;
    slice_drop(&item->key);
    slice_drop(&item->value);
    if (number != last) {
        /* The last item takes its place. */
        link = &kv->buckets[kv->items[last].hash & (kv->bucket_count - 1)];
        while (*link != last) {
            link = &kv->items[*link].next;
        }
        *link = number;
        *item = kv->items[last];
        if (item->dirty) {
            g_array_append_val(kv->dirty, number);
        }
    }
    kv->count--;
}

/* The item's value changes: its part of the digest is void. */
static void
touch(Kv *kv, uint32_t number)
{
    Item *item = &kv->items[number];

    if (!item->dirty) {
        item->dirty = true;
        kv->digest_sum -= item->digest;
        g_array_append_val(kv->dirty, number);
    }
}

static void
rehash(Kv *kv, uint32_t bucket_count)
{
    g_free(kv->buckets);
    kv->bucket_count = bucket_count;
    kv->buckets = g_new(uint32_t, bucket_count);
    memset(kv->buckets, 0xff, bucket_count * sizeof(uint32_t));
    for (uint32_t i = 0; i < kv->count; i++) {
        uint32_t *bucket = &kv->buckets[kv->items[i].hash & (bucket_count - 1)];

        kv->items[i].next = *bucket;
        *bucket = i;
    }
}

/* Keep by reference when the owner is not much larger than the slice: a
 * small value shall not hold a large message in memory. */
static Slice
keep_close(Slice slice)
{
    if (slice.owner != NULL && slice.owner->size > 2 * slice.size + 256) {
        slice.owner = NULL;
    }
    return slice_keep(slice);
}

static void
clear(Kv *kv)
{
    for (uint32_t i = 0; i < kv->count; i++) {
        slice_drop(&kv->items[i].key);
        slice_drop(&kv->items[i].value);
    }
    kv->count = 0;
    kv->digest_sum = 0;
    g_array_set_size(kv->dirty, 0);
    rehash(kv, BUCKETS_MIN);
}

Kv *
kv_new(void)
{
    Kv *kv = g_new0(Kv, 1);

    kv->dirty = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    rehash(kv, BUCKETS_MIN);
    return kv;
}

void
kv_free(Kv *kv)
{
    clear(kv);
    g_array_unref(kv->dirty);
    g_free(kv->buckets);
    g_free(kv->items);
    g_free(kv);
}
