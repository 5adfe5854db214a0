/* SPDX-License-Identifier: Apache-2.0 */
/* Every input says by itself what it answers: a message its id, a timer its
 * name, a completion its token. */
#include "sim/cause.h"

static Cause of_link(const Record *record);
static Cause of_facts(const Record *record);
static bool has_effect(const Record *record, const Cause *cause);
static bool has_fact(const Record *record, const Cause *cause);

Cause
cause_of(const Record *record)
{
    NodeId self = event_cell(record->event);
    const Input *input = record->input;

    if (input == NULL) {
        return of_facts(record);
    }
    switch (input->kind) {
    case INPUT_MESSAGE:
        return (Cause){CAUSE_SEND, record->peer, record->message};
    case INPUT_TIMER:
        return (Cause){CAUSE_TIMER, self, input->timer.id};
    case INPUT_SYNCED:
        return (Cause){CAUSE_SYNC, self, input->synced.token};
    case INPUT_READ:
        return (Cause){CAUSE_READ, self, input->read.token};
    case INPUT_LINK:
        return of_link(record);
    case INPUT_START:
        return input->start.incarnation > 1 ? (Cause){CAUSE_CRASH, self, 0}
                                            : (Cause){CAUSE_NONE, 0, 0};
    default:
        return of_facts(record);
    }
}

static Cause
of_link(const Record *record)
{
    NodeId self = event_cell(record->event);
    LinkId link = record->input->link.link;

    return (Cause){CAUSE_STREAM, link_peer(link), link_far_end(link, self)};
}

/* What only moves the world: a drop, a completed sync, the end of a fault, a
 * stream that tries again. */
static Cause
of_facts(const Record *record)
{
    for (unsigned i = 0; i < record->fact_count; i++) {
        const Fact *fact = &record->facts[i];

        switch (fact->kind) {
        case FACT_DROP:
            return (Cause){CAUSE_SEND, link_peer(fact->link), fact->message};
        case FACT_DURABLE:
            return (Cause){CAUSE_SYNC, fact->node, fact->token};
        case FACT_HEAL:
            return (Cause){CAUSE_FAULT, 0, fact->value};
        case FACT_SEND:
            return (Cause){CAUSE_RETRY, fact->node, fact->link};
        default:
            break;
        }
    }
    return (Cause){CAUSE_NONE, 0, 0};
}

bool
cause_match(const Cause *cause, const Record *record)
{
    return cause->kind != CAUSE_NONE &&
           (has_fact(record, cause) ||
            (record->input != NULL &&
             event_cell(record->event) == cause->node &&
             has_effect(record, cause)));
}

static bool
has_effect(const Record *record, const Cause *cause)
{
    for (unsigned i = 0; i < record->fx->count; i++) {
        const Effect *effect = &record->fx->items[i];

        switch (effect->kind) {
        case EFFECT_TIMER:
            if (cause->kind == CAUSE_TIMER && effect->timer.id == cause->id &&
                effect->timer.at != SIM_NEVER) {
                return true;
            }
            break;
        case EFFECT_SYNC:
            if (cause->kind == CAUSE_SYNC && effect->sync.token == cause->id) {
                return true;
            }
            break;
        case EFFECT_READ:
            if (cause->kind == CAUSE_READ && effect->disk.token == cause->id) {
                return true;
            }
            break;
        case EFFECT_OPEN:
        case EFFECT_CLOSE:
            if (cause->kind == CAUSE_STREAM &&
                effect->stream.link == cause->id) {
                return true;
            }
            break;
        default:
            break;
        }
    }
    return false;
}

static bool
has_fact(const Record *record, const Cause *cause)
{
    for (unsigned i = 0; i < record->fact_count; i++) {
        const Fact *fact = &record->facts[i];

        switch (fact->kind) {
        case FACT_SEND:
            if ((cause->kind == CAUSE_SEND && fact->message == cause->id) ||
                (cause->kind == CAUSE_RETRY && fact->node == cause->node &&
                 fact->link == cause->id)) {
                return true;
            }
            break;
        case FACT_CRASH:
            if ((cause->kind == CAUSE_CRASH || cause->kind == CAUSE_STREAM) &&
                fact->node == cause->node) {
                return true;
            }
            break;
        case FACT_FAULT:
            if (cause->kind == CAUSE_FAULT && fact->value == cause->id) {
                return true;
            }
            break;
        default:
            break;
        }
    }
    return false;
}

const char *
cause_words(CauseKind kind)
{
    static const char *const words[] = {[CAUSE_NONE] = "caused by",
                                        [CAUSE_SEND] = "sent by",
                                        [CAUSE_TIMER] = "timer set by",
                                        [CAUSE_SYNC] = "sync issued by",
                                        [CAUSE_READ] = "read issued by",
                                        [CAUSE_STREAM] = "stream touched by",
                                        [CAUSE_RETRY] = "sent again after",
                                        [CAUSE_CRASH] = "crashed in",
                                        [CAUSE_FAULT] = "fault of"};

    return words[kind];
}
