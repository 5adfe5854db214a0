/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in, answers out, by count for each stream of a client. Answers may
 * come in another order than requests; the one that waits longest has waited at
 * least as long as the count says. Time counts while no fault is in force but
 * partitions, for a leader without a quorum steps down and says so (thesis
 * section 6.2); of the nodes of a healed core, since then. */
#include "sim/checks_answers.h"

#include "nodes/frame.h"
#include "nodes/probes.h"
#include "sim/plan.h"

/* One direction of a stream: where the next frame begins. */
typedef struct Cursor {
    size_t skip; /* bytes of a frame that are still to come */
    uint8_t header[FRAME_HEADER];
    unsigned held; /* of the header */
} Cursor;

typedef struct Way {
    NodeId node;
    LinkId link;
    Cursor in, out;
    GQueue waiting; /* SimTime *, oldest first */
} Way;

typedef struct ChecksAnswers {
    Checks *checks;
    unsigned node_count;
    SimTime within;
    GPtrArray *ways; /* Way, in the order in which they came */
    unsigned in_force;
    SimTime calm_since;
    uint8_t *core; /* by host, or NULL */
    bool told;
} ChecksAnswers;

static void on_link(ChecksAnswers *answers, NodeId id, const Input *input);
static void on_request(ChecksAnswers *answers, NodeId id, const Input *input);
static void on_effects(ChecksAnswers *answers, NodeId id, const Effects *fx);
static Way *find(ChecksAnswers *answers, NodeId id, LinkId link);
static void drop(ChecksAnswers *answers, NodeId id, LinkId link);
static unsigned count_frames(Cursor *cursor, Slice bytes);
static bool excuses(const Fact *fact);
static void judge(ChecksAnswers *answers);
static void way_free(void *data);

static void
observe(void *family, const Record *record)
{
    ChecksAnswers *answers = family;
    const Input *input = record->input;
    NodeId id = event_cell(record->event);

    if (input == NULL || id == 0 || id > answers->node_count) {
        return;
    }
    if (input->kind == INPUT_LINK &&
        link_channel(input->link.link) == CHANNEL_CLIENT) {
        on_link(answers, id, input);
    } else if (input->kind == INPUT_MESSAGE &&
               input->message.channel == CHANNEL_CLIENT &&
               link_is_stream(input->message.link)) {
        on_request(answers, id, input);
    }
    if (answers->ways->len > 0) {
        on_effects(answers, id, record->fx);
    }
}

static void
on_link(ChecksAnswers *answers, NodeId id, const Input *input)
{
    Way *way;

    drop(answers, id, input->link.link);
    if (input->link.state == LINK_UP) {
        way = g_new0(Way, 1);
        way->node = id;
        way->link = input->link.link;
        g_queue_init(&way->waiting);
        g_ptr_array_add(answers->ways, way);
    }
}

static void
on_request(ChecksAnswers *answers, NodeId id, const Input *input)
{
    Way *way = find(answers, id, input->message.link);
    unsigned count =
        way != NULL ? count_frames(&way->in, input->message.bytes) : 0;

    for (unsigned i = 0; i < count; i++) {
        SimTime at = checks_now(answers->checks);

        g_queue_push_tail(&way->waiting, g_memdup2(&at, sizeof(at)));
    }
}

static void
on_effects(ChecksAnswers *answers, NodeId id, const Effects *fx)
{
    for (unsigned i = 0; fx != NULL && i < fx->count; i++) {
        const Effect *effect = &fx->items[i];
        unsigned count = 0;
        Way *way;

        if (effect->kind == EFFECT_CLOSE) {
            drop(answers, id, effect->stream.link);
        }
        if (effect->kind != EFFECT_SEND ||
            effect->send.channel != CHANNEL_CLIENT) {
            continue;
        }
        way = find(answers, id, effect->send.link);
        for (unsigned j = 0; way != NULL && j < effect->part_count; j++) {
            count += count_frames(&way->out, effect->parts[j]);
        }
        for (; count > 0; count--) {
            g_free(g_queue_pop_head(&way->waiting));
        }
    }
}

/* How many frames begin in @bytes, with their headers whole. */
static unsigned
count_frames(Cursor *cursor, Slice bytes)
{
    unsigned count = 0;
    size_t at = 0;

    while (at < bytes.size) {
        size_t step = MIN(cursor->skip, bytes.size - at);

        cursor->skip -= step;
        at += step;
        while (at < bytes.size && cursor->skip == 0 &&
               cursor->held < FRAME_HEADER) {
            cursor->header[cursor->held++] = bytes.data[at++];
        }
        if (cursor->held == FRAME_HEADER) {
            cursor->skip = (size_t)cursor->header[0] << 24 |
                           (size_t)cursor->header[1] << 16 |
                           (size_t)cursor->header[2] << 8 | cursor->header[3];
            cursor->held = 0;
            count++;
        }
    }
    return count;
}

static void
on_fact(void *family, const Fact *fact)
{
    ChecksAnswers *answers = family;

    switch (fact->kind) {
    case FACT_FAULT:
        if (fact->fault_kind == FAULT_HEAL_CORE && fact->hosts != NULL &&
            answers->core == NULL) {
            answers->core = g_memdup2(fact->hosts, answers->node_count + 1);
        }
        if (excuses(fact)) {
            answers->in_force +=
                (fault_kind_needs((FaultKind)fact->fault_kind) & FAULT_FOR) !=
                0;
            answers->calm_since = checks_now(answers->checks);
        }
        return;
    case FACT_HEAL:
        if (excuses(fact)) {
            answers->in_force -= answers->in_force > 0;
            answers->calm_since = checks_now(answers->checks);
        }
        return;
    default: /* it is down */
        for (unsigned i = answers->ways->len; i > 0; i--) {
            const Way *way = answers->ways->pdata[i - 1];

            if (way->node == fact->node) {
                g_ptr_array_remove_index(answers->ways, i - 1);
            }
        }
    }
}

static bool
excuses(const Fact *fact)
{
    switch (fact->fault_kind) {
    case FAULT_NONE:
    case FAULT_PARTITION:
    case FAULT_PARTITION_ONE_WAY:
    case FAULT_PARTITION_BRIDGE:
    case FAULT_PARTITION_RING:
        return false;
    default:
        return true;
    }
}

static Way *
find(ChecksAnswers *answers, NodeId id, LinkId link)
{
    for (unsigned i = 0; i < answers->ways->len; i++) {
        Way *way = answers->ways->pdata[i];

        if (way->node == id && way->link == link) {
            return way;
        }
    }
    return NULL;
}

static void
drop(ChecksAnswers *answers, NodeId id, LinkId link)
{
    Way *way = find(answers, id, link);

    if (way != NULL) {
        g_ptr_array_remove(answers->ways, way);
    }
}

static void
alarm_rings(void *family)
{
    ChecksAnswers *answers = family;

    judge(answers);
    checks_alarm(answers->checks,
                 checks_now(answers->checks) + answers->within / 4 + 1);
}

static void
judge(ChecksAnswers *answers)
{
    SimTime now = checks_now(answers->checks);

    for (unsigned i = 0; i < answers->ways->len && !answers->told; i++) {
        Way *way = answers->ways->pdata[i];
        const SimTime *oldest = g_queue_peek_head(&way->waiting);
        bool calm = answers->core != NULL ? answers->core[way->node] != 0
                                          : answers->in_force == 0;
        SimTime since;

        if (oldest == NULL || !calm) {
            continue;
        }
        since = MAX(*oldest, answers->calm_since);
        if (now - since > answers->within) {
            answers->told = true;
            checks_violate(answers->checks, "unanswered", way->node,
                           "a request of client %u is not answered, nor is "
                           "its stream closed, %.3f s after it came at %.3f s",
                           link_peer(way->link), (double)(now - *oldest) / 1e9,
                           (double)*oldest / 1e9);
        }
    }
}

static void
finish(void *family, SimTime at)
{
    ChecksAnswers *answers = family;

    (void)at;
    judge(answers);
}

static bool
asked(const Expect *expect)
{
    return expect->answer_within > 0;
}

static void *
make(Checks *checks)
{
    ChecksAnswers *answers = g_new0(ChecksAnswers, 1);

    answers->checks = checks;
    answers->node_count = checks_node_count(checks);
    answers->within = checks_expect(checks)->answer_within;
    answers->ways = g_ptr_array_new_with_free_func(way_free);
    if (answers->within > 0) {
        checks_alarm(checks, answers->within);
    }
    return answers;
}

static void
destroy(void *family)
{
    ChecksAnswers *answers = family;

    g_ptr_array_free(answers->ways, TRUE);
    g_free(answers->core);
    g_free(answers);
}

static void
way_free(void *data)
{
    Way *way = data;

    g_queue_clear_full(&way->waiting, g_free);
    g_free(way);
}

const CheckFamily checks_answers_family = {
    .name = "answers",
    .asked = asked,
    .make = make,
    .observe = observe,
    .facts = CHECK_BIT(FACT_FAULT) | CHECK_BIT(FACT_HEAL) |
             CHECK_BIT(FACT_CRASH) | CHECK_BIT(FACT_HALT) |
             CHECK_BIT(FACT_RESTART),
    .fact = on_fact,
    .alarm = alarm_rings,
    .finish = finish,
    .free = destroy,
};
