/* SPDX-License-Identifier: Apache-2.0 */
/* The names of trace_words.h, without what the messages say. */
#include "sim/trace_label.h"

#include "sim/frames.h"
#include "sim/trace_words.h"

struct TraceLabel {
    GString *name, *says;
    Channel channel;
    bool to_opener;
    unsigned count; /* messages in the bytes at hand */
};

static void on_message(void *data, const uint8_t *bytes, size_t size);

const char *
trace_label_text(TraceLabel *label, LinkId link, Channel channel, bool arrives,
                 Slice bytes)
{
    bool accepted = (link & LINK_ACCEPTED) != 0;

    label->channel = channel;
    label->to_opener = accepted != arrives;
    label->count = 0;
    g_string_truncate(label->name, 0);
    if (!link_is_stream(link)) {
        on_message(label, bytes.data, bytes.size);
    } else if (trace_words_framing(channel) == TRACE_FRAMING_LENGTH) {
        (void)frames_whole(bytes.data, bytes.size, on_message, label);
    }
    if (label->count == 0) {
        g_string_printf(label->name, "%zu bytes", bytes.size);
    } else if (label->count > 1) {
        g_string_append_printf(label->name, " +%u", label->count - 1);
    }
    return label->name->str;
}

static void
on_message(void *data, const uint8_t *bytes, size_t size)
{
    TraceLabel *label = data;

    if (label->count++ == 0) {
        g_string_truncate(label->says, 0);
        trace_words_message(label->name, label->says, label->channel,
                            label->to_opener, bytes, size);
    }
}

TraceLabel *
trace_label_new(void)
{
    TraceLabel *label = g_new0(TraceLabel, 1);

    label->name = g_string_new(NULL);
    label->says = g_string_new(NULL);
    return label;
}

void
trace_label_free(TraceLabel *label)
{
    if (label != NULL) {
        g_string_free(label->name, TRUE);
        g_string_free(label->says, TRUE);
        g_free(label);
    }
}
