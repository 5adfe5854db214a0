/* SPDX-License-Identifier: Apache-2.0 */
/* Routing of inputs to protocols, and of their effects to the carrier. */
#include "nodes/member.h"

#include <glib.h>
#include <string.h>

#define TIMER_SHIFT      48
#define TOKEN_SHIFT      56
#define NAME_MASK(shift) (((uint64_t)1 << (shift)) - 1)

struct Member {
    MemberProtocol protocols[MEMBER_PROTOCOLS_MAX];
    bool halted[MEMBER_PROTOCOLS_MAX];
    unsigned count;
    bool stopping;
    uint8_t by_channel[CHANNEL_MAX + 1]; /* 1 + its place, 0: nobody */
    unsigned steps;                      /* of protocols, in the current step */
};

static void to_all(Member *member, const Input *input, Effects *fx);
static void to_one(Member *member, unsigned number, const Input *input,
                   Effects *fx);
static void start_one(Member *member, unsigned number, const Input *input,
                      Effects *fx);
static void name_effects(Member *member, unsigned number, unsigned from,
                         Effects *fx);
static void check_file(const MemberProtocol *protocol, const char *file);
static void deliver_locals(Member *member, const Input *input, unsigned from,
                           Effects *fx);
static unsigned route(const Member *member, const Input *input, Input *renamed);

void
member_step(Member *member, const Input *input, Effects *fx)
{
    unsigned before = fx->count;
    Input renamed;
    unsigned place;

    member->steps = 0;
    switch (input->kind) {
    case INPUT_MESSAGE:
    case INPUT_LINK:
    case INPUT_ROOM:
        place = route(member, input, NULL);
        if (place > 0) {
            to_one(member, place - 1, input, fx);
        }
        break;
    case INPUT_START:
    case INPUT_CONFIG:
    case INPUT_MEMORY:
        to_all(member, input, fx);
        break;
    case INPUT_STOP:
        member->stopping = true;
        to_all(member, input, fx);
        break;
    default:
        renamed = *input;
        place = route(member, input, &renamed);
        if (place > 0) {
            to_one(member, place - 1, &renamed, fx);
        }
    }
    if (member->count > 1) {
        for (unsigned i = before; i < fx->count; i++) {
            if (fx->items[i].kind == EFFECT_LOCAL) {
                deliver_locals(member, input, i, fx);
                break;
            }
        }
    }
}

static void
to_all(Member *member, const Input *input, Effects *fx)
{
    for (unsigned i = 0; i < member->count; i++) {
        if (input->kind == INPUT_START) {
            start_one(member, i, input, fx);
        } else {
            to_one(member, i, input, fx);
        }
    }
}

/* Whose is it? In @renamed, a copy, timers and tokens get the protocol's
 * names; inputs without them need none. */
static unsigned
route(const Member *member, const Input *input, Input *renamed)
{
    uint64_t channel = 0;

    switch (input->kind) {
    case INPUT_MESSAGE:
        channel = input->message.channel;
        break;
    case INPUT_LINK:
        channel = link_channel(input->link.link);
        break;
    case INPUT_ROOM:
        channel = link_channel(input->room.link);
        break;
    case INPUT_TIMER:
        channel = input->timer.id >> TIMER_SHIFT;
        renamed->timer.id &= NAME_MASK(TIMER_SHIFT);
        break;
    case INPUT_SYNCED:
        channel = input->synced.token >> TOKEN_SHIFT;
        renamed->synced.token &= NAME_MASK(TOKEN_SHIFT);
        break;
    case INPUT_READ:
        channel = input->read.token >> TOKEN_SHIFT;
        renamed->read.token &= NAME_MASK(TOKEN_SHIFT);
        break;
    case INPUT_CHILD:
        channel = input->child.token >> TOKEN_SHIFT;
        renamed->child.token &= NAME_MASK(TOKEN_SHIFT);
        break;
    default:
        break;
    }
    return channel <= CHANNEL_MAX ? member->by_channel[channel] : 0;
}

static void
to_one(Member *member, unsigned number, const Input *input, Effects *fx)
{
    MemberProtocol *protocol = &member->protocols[number];
    unsigned from = fx->count;
    Input own;

    if (member->halted[number]) {
        return;
    }
    if (member->steps++ > 0) {
        /* Two protocols shall not throw the same dice. */
        own = *input;
        own.dice.key = dice_u64(&input->dice, UINT64_MAX - member->steps);
        input = &own;
    }
    protocol->step(protocol->self, input, fx);
    name_effects(member, number, from, fx);
}

static void
start_one(Member *member, unsigned number, const Input *input, Effects *fx)
{
    const char *name = member->protocols[number].name;
    size_t length = strlen(name);
    FileInfo *files =
        effects_alloc(fx, (input->start.file_count + 1) * sizeof(FileInfo));
    Input own = *input;

    own.start.file_count = 0;
    own.start.files = files;
    for (unsigned i = 0; i < input->start.file_count; i++) {
        const FileInfo *file = &input->start.files[i];

        if (strncmp(file->name, name, length) == 0 &&
            file->name[length] == '-') {
            files[own.start.file_count++] = *file;
        }
    }
    to_one(member, number, &own, fx);
}

/* Give the effects behind @from the member's names. */
static void
name_effects(Member *member, unsigned number, unsigned from, Effects *fx)
{
    const MemberProtocol *protocol = &member->protocols[number];
    uint64_t timer = (uint64_t)protocol->channel << TIMER_SHIFT;
    uint64_t token = (uint64_t)protocol->channel << TOKEN_SHIFT;

    for (unsigned i = from; i < fx->count; i++) {
        Effect *effect = &fx->items[i];

        if (effect->after != 0) {
            effect->after |= token;
        }
        switch (effect->kind) {
        case EFFECT_TIMER:
            g_assert(effect->timer.id <= NAME_MASK(TIMER_SHIFT));
            effect->timer.id |= timer;
            break;
        case EFFECT_SYNC:
            effect->sync.token |= token;
            break;
        case EFFECT_READ:
            effect->disk.token |= token;
            check_file(protocol, effect->disk.file);
            break;
        case EFFECT_SPAWN:
        case EFFECT_SIGNAL:
            effect->child.token |= token;
            break;
        case EFFECT_LOCAL:
            effect->local.from = protocol->channel;
            break;
        case EFFECT_WRITE:
        case EFFECT_TRUNCATE:
        case EFFECT_ALLOCATE:
        case EFFECT_RENAME:
        case EFFECT_REMOVE:
            check_file(protocol, effect->disk.file);
            break;
        case EFFECT_HALT:
            member->halted[number] = true;
            if (member->stopping) {
                /* Leave when all have. */
                for (unsigned j = 0; j < member->count; j++) {
                    if (!member->halted[j]) {
                        memmove(effect, effect + 1,
                                (fx->count - i - 1) * sizeof(Effect));
                        fx->count--;
                        i--;
                        break;
                    }
                }
            }
            break;
        default:
            break;
        }
    }
}

static void
check_file(const MemberProtocol *protocol, const char *file)
{
    const char *name = protocol->name;

    /* A loop, for names are short and this is asked of every write. */
    while (*name != '\0') {
        g_assert(*file++ == *name++);
    }
    g_assert(*file == '-');
}

/* Each LOCAL effect once, in list order; what they cause comes behind. */
static void
deliver_locals(Member *member, const Input *input, unsigned from, Effects *fx)
{
    unsigned delivered = 0;

    for (unsigned i = from; i < fx->count; i++) {
        unsigned place;
        Input local;

        if (fx->items[i].kind != EFFECT_LOCAL) {
            continue;
        }
        g_assert(++delivered <= MEMBER_LOCAL_MAX);
        g_assert(fx->items[i].local.to <= CHANNEL_MAX);
        place = member->by_channel[fx->items[i].local.to];
        if (place == 0) {
            continue;
        }
        local = *input;
        local.kind = INPUT_LOCAL;
        local.local.from = fx->items[i].local.from;
        local.local.bytes = fx->items[i].parts[0];
        to_one(member, place - 1, &local, fx);
    }
}

Member *
member_new(const MemberProtocol *protocols, unsigned count)
{
    Member *member = g_new0(Member, 1);

    g_assert(count >= 1 && count <= MEMBER_PROTOCOLS_MAX);
    member->count = count;
    for (unsigned i = 0; i < count; i++) {
        const MemberProtocol *protocol = &protocols[i];
        uint64_t channels = protocol->also | (uint64_t)1 << protocol->channel;

        g_assert(protocol->channel >= 1 && protocol->channel <= CHANNEL_MAX);
        member->protocols[i] = *protocol;
        for (unsigned c = 1; c <= CHANNEL_MAX; c++) {
            if ((channels >> c & 1) != 0) {
                g_assert(member->by_channel[c] == 0);
                member->by_channel[c] = (uint8_t)(i + 1);
            }
        }
    }
    return member;
}

void
member_free(Member *member)
{
    for (unsigned i = 0; i < member->count; i++) {
        member->protocols[i].free(member->protocols[i].self);
    }
    g_free(member);
}
