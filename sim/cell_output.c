/* SPDX-License-Identifier: Apache-2.0 */
/* What an event gave, kept until every observer has seen it. */
#include "sim/cell_private.h"

#include <string.h>

static void reset(CellOutput *out);
static void output_own(CellOutput *out);
static Slice own_slice(CellOutput *out, Slice slice);
static const char *own_text(CellOutput *out, const char *text);

void
cell_forget(Cell *cell)
{
    reset(cell->out);
}

CellOutput *
cell_output(Cell *cell)
{
    CellOutput *out = cell->out;

    output_own(out);
    cell->out =
        cell->spare->len > 0
            ? g_ptr_array_steal_index_fast(cell->spare, cell->spare->len - 1)
            : cell_output_new();
    return out;
}

void
cell_output_return(Cell *cell, CellOutput *out)
{
    reset(out);
    g_ptr_array_add(cell->spare, out);
}

/* Copy what the output borrows from the node, which goes on and changes it. */
static void
output_own(CellOutput *out)
{
    unsigned count = out->fx.count;

    for (unsigned i = 0; i < count; i++) {
        Effect *effect = &out->fx.items[i];

        for (unsigned k = 0; k < effect->part_count; k++) {
            effect->parts[k] = own_slice(out, effect->parts[k]);
        }
        switch (effect->kind) {
        case EFFECT_RENAME:
            effect->disk.to = own_text(out, effect->disk.to);
            /* fall through */
        case EFFECT_WRITE:
        case EFFECT_TRUNCATE:
        case EFFECT_ALLOCATE:
        case EFFECT_REMOVE:
        case EFFECT_READ:
            effect->disk.file = own_text(out, effect->disk.file);
            break;
        default:
            break;
        }
    }
    for (unsigned i = 0; i < out->facts.count; i++) {
        Fact *fact = &out->facts.items[i];

        fact->file = fact->file != NULL ? own_text(out, fact->file) : NULL;
        fact->to = fact->to != NULL ? own_text(out, fact->to) : NULL;
        if (fact->kind == FACT_WRITE) {
            fact->bytes = own_slice(out, fact->bytes);
        }
    }
}

static Slice
own_slice(CellOutput *out, Slice slice)
{
    uint8_t *copy = effects_alloc(&out->fx, slice.size);

    if (slice.size > 0) {
        memcpy(copy, slice.data, slice.size);
    }
    return slice_of(copy, slice.size);
}

static const char *
own_text(CellOutput *out, const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(effects_alloc(&out->fx, size), text, size);
}

static void
reset(CellOutput *out)
{
    for (unsigned i = 0; i < out->scrap_count; i++) {
        bytes_unref(out->scraps[i]);
    }
    out->scrap_count = 0;
    for (unsigned i = 0; i < out->released->len; i++) {
        cell_effects_waiting_clear(
            &g_array_index(out->released, CellWaiting, i));
    }
    if (out->released->len > 0) {
        g_array_set_size(out->released, 0);
    }
    cell_facts_clear(&out->facts);
    effects_reset(&out->fx);
}

CellOutput *
cell_output_new(void)
{
    CellOutput *out = g_new0(CellOutput, 1);

    effects_init(&out->fx);
    out->released = g_array_new(FALSE, FALSE, sizeof(CellWaiting));
    return out;
}

void
cell_output_free(CellOutput *out)
{
    reset(out);
    effects_clear(&out->fx);
    g_free(out->files);
    g_free(out->facts.items);
    g_free(out->scraps);
    g_array_free(out->released, TRUE);
    g_free(out);
}
