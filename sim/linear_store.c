/* SPDX-License-Identifier: Apache-2.0 */
/* An open hash table of numbers over an array of items. A word is the item's
 * number under a tag that plain integers do not have, so that a mark may look
 * at any word. */
#include "sim/linear_store.h"

#include <glib.h>
#include <string.h>

#include "nodes/hash.h"

#define WORD_TAG    (UINT64_C(0x5eedbed5) << 32)
#define BUCKETS_MIN 256u
#define CHUNK_SIZE  ((size_t)1 << 16)

typedef enum ItemKind {
    ITEM_NUMBER = 1,
    ITEM_TEXT,  /* bytes of a value */
    ITEM_MODEL, /* bytes of the model's */
} ItemKind;

typedef struct Item {
    uint8_t *data;
    uint32_t size;
    uint32_t hash;
    uint8_t kind;
    bool marked;
    bool own; /* data is an allocation of its own, not in a chunk */
} Item;

struct LinearStore {
    LinearTools tools; /* first: a model's pointer is the store's */
    Item *items;       /* 1.. */
    uint32_t count, capacity;
    uint32_t *free_items; /* numbers that a sweep let go */
    uint32_t free_count;
    uint32_t *buckets; /* item numbers, 0: empty */
    uint32_t bucket_count;
    GPtrArray *chunks;
    size_t chunk_used, chunk_room;
    size_t size;
};

static uint64_t intern(LinearStore *store, ItemKind kind, const void *data,
                       size_t size);
static uint8_t *allocate(LinearStore *store, size_t size, bool *own);
static void rehash(LinearStore *store, uint32_t bucket_count);
static const Item *find(const LinearStore *store, uint64_t word);

static uint64_t
tool_value(LinearTools *tools, const LinearValue *value)
{
    LinearStore *store = (LinearStore *)tools;

    switch (value->kind) {
    case LINEAR_NUMBER:
        return intern(store, ITEM_NUMBER, &value->number,
                      sizeof(value->number));
    case LINEAR_BYTES:
        return intern(store, ITEM_TEXT, value->data, value->size);
    case LINEAR_NULL:
    default:
        return LINEAR_ABSENT;
    }
}

static LinearValue
tool_value_of(LinearTools *tools, uint64_t word)
{
    const Item *item = find((LinearStore *)tools, word);
    LinearValue value = {.kind = LINEAR_NULL};

    if (item != NULL && item->kind == ITEM_NUMBER) {
        value.kind = LINEAR_NUMBER;
        memcpy(&value.number, item->data, sizeof(value.number));
    } else if (item != NULL) {
        value.kind = LINEAR_BYTES;
        value.data = item->data;
        value.size = item->size;
    }
    return value;
}

static uint64_t
tool_bytes(LinearTools *tools, const void *data, size_t size)
{
    return intern((LinearStore *)tools, ITEM_MODEL, data, size);
}

static const void *
tool_bytes_of(LinearTools *tools, uint64_t word, size_t *size)
{
    const Item *item = find((LinearStore *)tools, word);

    *size = item != NULL ? item->size : 0;
    return item != NULL ? item->data : NULL;
}

static uint64_t
intern(LinearStore *store, ItemKind kind, const void *data, size_t size)
{
    uint64_t hash64 = hash_bytes(data, size, kind);
    uint32_t hash = (uint32_t)(hash64 ^ hash64 >> 32);
    uint32_t mask = store->bucket_count - 1;
    uint32_t at = hash & mask;
    uint32_t number;
    Item *item;

    while ((number = store->buckets[at]) != 0) {
        item = &store->items[number];
        if (item->hash == hash && item->size == size && item->kind == kind &&
            (size == 0 || memcmp(item->data, data, size) == 0)) {
            return WORD_TAG | number;
        }
        at = (at + 1) & mask;
    }
    g_assert(size <= UINT32_MAX);
    if (store->free_count > 0) {
        number = store->free_items[--store->free_count];
    } else {
        number = ++store->count;
        g_assert(number < UINT32_MAX);
        if (number >= store->capacity) {
            store->capacity *= 2;
            store->items = g_renew(Item, store->items, store->capacity);
        }
    }
    item = &store->items[number];
    *item = (Item){.size = (uint32_t)size, .hash = hash, .kind = (uint8_t)kind};
    item->data = allocate(store, size, &item->own);
    if (size > 0) {
        memcpy(item->data, data, size);
    }
    store->buckets[at] = number;
    if ((store->count - store->free_count) * 2 > store->bucket_count) {
        rehash(store, store->bucket_count * 2);
    }
    return WORD_TAG | number;
}

/* Small ones in chunks, aligned to 8, for words that are in them. */
static uint8_t *
allocate(LinearStore *store, size_t size, bool *own)
{
    size_t room = MAX((size + 7) & ~(size_t)7, 8);
    uint8_t *data;

    store->size += room;
    *own = room > CHUNK_SIZE / 8;
    if (*own) {
        return g_malloc(room);
    }
    if (store->chunk_used + room > store->chunk_room) {
        g_ptr_array_add(store->chunks, g_malloc(CHUNK_SIZE));
        store->chunk_used = 0;
        store->chunk_room = CHUNK_SIZE;
    }
    data = (uint8_t *)store->chunks->pdata[store->chunks->len - 1] +
           store->chunk_used;
    store->chunk_used += room;
    return data;
}

static void
rehash(LinearStore *store, uint32_t bucket_count)
{
    g_free(store->buckets);
    store->buckets = g_new0(uint32_t, bucket_count);
    store->bucket_count = bucket_count;
    for (uint32_t i = 1; i <= store->count; i++) {
        uint32_t at = store->items[i].hash & (bucket_count - 1);

        if (store->items[i].kind == 0) {
            continue; /* let go */
        }
        while (store->buckets[at] != 0) {
            at = (at + 1) & (bucket_count - 1);
        }
        store->buckets[at] = i;
    }
}

static const Item *
find(const LinearStore *store, uint64_t word)
{
    uint64_t number = word ^ WORD_TAG;

    if (number == 0 || number > store->count ||
        store->items[number].kind == 0) {
        return NULL;
    }
    return &store->items[number];
}

void
linear_store_mark(LinearStore *store, uint64_t word)
{
    GArray *stack;

    if (find(store, word) == NULL) {
        return;
    }
    stack = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_array_append_val(stack, word);
    while (stack->len > 0) {
        uint64_t top = g_array_index(stack, uint64_t, stack->len - 1);
        Item *item = &store->items[top ^ WORD_TAG];

        g_array_set_size(stack, stack->len - 1);
        if (item->marked) {
            continue;
        }
        item->marked = true;
        for (uint32_t i = 0; item->kind == ITEM_MODEL && i + 8 <= item->size;
             i += 8) {
            uint64_t inner;

            memcpy(&inner, item->data + i, sizeof(inner));
            if (find(store, inner) != NULL) {
                g_array_append_val(stack, inner);
            }
        }
    }
    g_array_free(stack, TRUE);
}

void
linear_store_sweep(LinearStore *store)
{
    GPtrArray *old = store->chunks;
    uint32_t live = 0, buckets = BUCKETS_MIN;

    store->chunks = g_ptr_array_new_with_free_func(g_free);
    store->chunk_used = store->chunk_room = 0;
    store->size = 0;
    store->free_items = g_renew(uint32_t, store->free_items, store->count + 1);
    store->free_count = 0;
    for (uint32_t i = store->count; i >= 1; i--) {
        Item *item = &store->items[i];
        const uint8_t *data = item->data;

        if (item->kind != 0 && !item->marked) {
            if (item->own) {
                g_free(item->data);
            }
            *item = (Item){0};
        }
        if (item->kind == 0) {
            store->free_items[store->free_count++] = i;
            continue;
        }
        live++;
        item->marked = false;
        if (item->own) {
            store->size += item->size;
            continue;
        }
        item->data = allocate(store, item->size, &item->own);
        if (item->size > 0) {
            memcpy(item->data, data, item->size);
        }
    }
    g_ptr_array_free(old, TRUE);
    while (buckets < live * 2) {
        buckets *= 2;
    }
    rehash(store, buckets);
}

LinearTools *
linear_store_tools(LinearStore *store)
{
    return &store->tools;
}

size_t
linear_store_size(const LinearStore *store)
{
    return store->size + (size_t)store->capacity * sizeof(Item) +
           (size_t)store->bucket_count * sizeof(uint32_t);
}

LinearStore *
linear_store_new(void)
{
    LinearStore *store = g_new0(LinearStore, 1);

    store->tools =
        (LinearTools){tool_value, tool_value_of, tool_bytes, tool_bytes_of};
    store->capacity = 128;
    store->items = g_new0(Item, store->capacity);
    store->chunks = g_ptr_array_new_with_free_func(g_free);
    rehash(store, BUCKETS_MIN);
    return store;
}

void
linear_store_free(LinearStore *store)
{
    for (uint32_t i = 1; i <= store->count; i++) {
        if (store->items[i].own) {
            g_free(store->items[i].data);
        }
    }
    g_ptr_array_free(store->chunks, TRUE);
    g_free(store->items);
    g_free(store->free_items);
    g_free(store->buckets);
    g_free(store);
}
