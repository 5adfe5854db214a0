/* SPDX-License-Identifier: Apache-2.0 */
/* Streams are kept in a tree by (cell, link): few, and dropped by cell. A
 * message that comes in one piece is never copied. */
#include "sim/frames.h"

#include <glib.h>

typedef struct Key {
    uint32_t cell;
    LinkId link;
} Key;

typedef struct Buffer {
    Key key;
    bool given_up;
    GByteArray *bytes;
} Buffer;

struct Frames {
    GTree *buffers; /* Key -> Buffer */
};

static Buffer *buffer_get(Frames *frames, uint32_t cell, LinkId link);
static size_t take(const uint8_t *bytes, size_t size, FramesFunction function,
                   void *data, bool *given_up);
static gint compare(gconstpointer left, gconstpointer right, gpointer data);
static void buffer_free(gpointer buffer);

long
frames_push(Frames *frames, uint32_t cell, LinkId link, const uint8_t *bytes,
            size_t size, FramesFunction function, void *data)
{
    Buffer *buffer = buffer_get(frames, cell, link);

    g_assert(size <= G_MAXUINT / 2);
    if (buffer->given_up) {
        return -1;
    }
    if (buffer->bytes->len == 0) {
        size_t taken = take(bytes, size, function, data, &buffer->given_up);

        g_byte_array_append(buffer->bytes, bytes + taken,
                            (guint)(size - taken));
    } else {
        g_byte_array_append(buffer->bytes, bytes, (guint)size);
        size_t taken = take(buffer->bytes->data, buffer->bytes->len, function,
                            data, &buffer->given_up);

        if (taken > 0) {
            g_byte_array_remove_range(buffer->bytes, 0, (guint)taken);
        }
    }
    if (buffer->given_up) {
        g_byte_array_set_size(buffer->bytes, 0);
        return -1;
    }
    return (long)buffer->bytes->len;
}

bool
frames_whole(const uint8_t *bytes, size_t size, FramesFunction function,
             void *data)
{
    bool given_up = false;

    if (size == 0 || take(bytes, size, NULL, NULL, &given_up) != size) {
        return false;
    }
    take(bytes, size, function, data, &given_up);
    return true;
}

/* Returns the bytes of the whole messages at the front. */
static size_t
take(const uint8_t *bytes, size_t size, FramesFunction function, void *data,
     bool *given_up)
{
    size_t at = 0;

    while (size - at >= 4) {
        uint32_t length = (uint32_t)bytes[at] << 24 |
                          (uint32_t)bytes[at + 1] << 16 |
                          (uint32_t)bytes[at + 2] << 8 | bytes[at + 3];

        if (length > FRAMES_MESSAGE_MAX) {
            *given_up = true;
            break;
        }
        if (size - at - 4 < length) {
            break;
        }
        if (function != NULL) {
            function(data, bytes + at + 4, length);
        }
        at += 4 + (size_t)length;
    }
    return at;
}

static Buffer *
buffer_get(Frames *frames, uint32_t cell, LinkId link)
{
    Key key = {cell, link};
    Buffer *buffer = g_tree_lookup(frames->buffers, &key);

    if (buffer == NULL) {
        buffer = g_new0(Buffer, 1);
        buffer->key = key;
        buffer->bytes = g_byte_array_new();
        g_tree_insert(frames->buffers, &buffer->key, buffer);
    }
    return buffer;
}

void
frames_drop(Frames *frames, uint32_t cell, LinkId link)
{
    Key key = {cell, link};

    g_tree_remove(frames->buffers, &key);
}

void
frames_drop_cell(Frames *frames, uint32_t cell)
{
    for (;;) {
        Key first = {cell, 0};
        GTreeNode *node = g_tree_lower_bound(frames->buffers, &first);

        if (node == NULL) {
            return;
        }

        const Key *key = g_tree_node_key(node);

        if (key->cell != cell) {
            return;
        }
        g_tree_remove(frames->buffers, key);
    }
}

static gint
compare(gconstpointer left, gconstpointer right, gpointer data)
{
    const Key *a = left, *b = right;

    (void)data;
    if (a->cell != b->cell) {
        return a->cell < b->cell ? -1 : 1;
    }
    return a->link < b->link ? -1 : a->link > b->link;
}

static void
buffer_free(gpointer data)
{
    Buffer *buffer = data;

    g_byte_array_unref(buffer->bytes);
    g_free(buffer);
}

Frames *
frames_new(void)
{
    Frames *frames = g_new0(Frames, 1);

    frames->buffers = g_tree_new_full(compare, NULL, NULL, buffer_free);
    return frames;
}

void
frames_free(Frames *frames)
{
    if (frames != NULL) {
        g_tree_destroy(frames->buffers);
        g_free(frames);
    }
}
