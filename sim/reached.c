/* SPDX-License-Identifier: Apache-2.0 */
/* Counting facts: O(1) a probe and a fact. */
#include "sim/reached.h"

#define PROBES_COUNTED (PROBE_BIT(SOMETIMES) | PROBE_BIT(BUGGIFY))

static const ReachedRow sometimes[] = {
#define SOMETIMES_ROW(name, text, manual) {text, manual},
#include "nodes/sometimes.def"
#undef SOMETIMES_ROW
};

static const ReachedRow buggify[] = {
#define BUGGIFY_SITE(name, text, manual) {text, manual},
#include "nodes/buggify.def"
#undef BUGGIFY_SITE
};

static void on_fact(Reached *reached, const Fact *fact);
static void on_input(Reached *reached, const Input *input);

void
reached_observe(Reached *reached, const Record *record)
{
    const Effect *probe;
    unsigned at = 0;

    for (unsigned i = 0; i < record->fact_count; i++) {
        on_fact(reached, &record->facts[i]);
    }
    if (record->input == NULL) {
        return;
    }
    on_input(reached, record->input);
    while ((probe = record_next_probe(record, PROBES_COUNTED, &at)) != NULL) {
        uint64_t number = probe->probe.values[0];

        if (probe->probe.id == PROBE_SOMETIMES && number < SOMETIMES_COUNT) {
            reached->sometimes[number]++;
        } else if (probe->probe.id == PROBE_BUGGIFY && number < BUGGIFY_COUNT) {
            reached->buggify[number]++;
        }
    }
}

static void
on_fact(Reached *reached, const Fact *fact)
{
    uint64_t *counts = reached->sometimes;

    switch (fact->kind) {
    case FACT_SEND:
        counts[SOMETIMES_HOST_MESSAGE_TWICE] += fact->fate.copy_count > 1;
        for (unsigned i = 0; i < fact->fate.copy_count; i++) {
            counts[SOMETIMES_HOST_MESSAGE_DAMAGED] +=
                fact->fate.copies[i].corrupt;
        }
        break;
    case FACT_HELD:
        counts[SOMETIMES_HOST_MESSAGE_HELD]++;
        break;
    case FACT_LOST:
        counts[SOMETIMES_HOST_LOST_BYTES] += fact->size > 0;
        counts[SOMETIMES_HOST_LOST_NAME] += fact->value > 0;
        break;
    case FACT_DROP:
        counts[SOMETIMES_HOST_MESSAGE_TO_NOBODY]++;
        break;
    case FACT_DAMAGE:
        counts[SOMETIMES_HOST_DISK_LIED]++;
        break;
    default:
        break;
    }
}

static void
on_input(Reached *reached, const Input *input)
{
    uint64_t *counts = reached->sometimes;

    switch (input->kind) {
    case INPUT_SYNCED:
        counts[SOMETIMES_HOST_SYNC_FAILED] += input->synced.error != 0;
        break;
    case INPUT_READ:
        counts[SOMETIMES_HOST_READ_FAILED] += input->read.error != 0;
        break;
    case INPUT_LINK:
        counts[SOMETIMES_HOST_STREAM_RESET] += input->link.state == LINK_RESET;
        break;
    default:
        break;
    }
}

const ReachedRow *
reached_sometimes(unsigned number)
{
    return number < SOMETIMES_COUNT ? &sometimes[number] : NULL;
}

const ReachedRow *
reached_buggify(unsigned number)
{
    return number < BUGGIFY_COUNT ? &buggify[number] : NULL;
}
