/* SPDX-License-Identifier: Apache-2.0 */
/* What a link does to a packet, feature by feature, in netem's order. */
#include "netmodel/link.h"

#include <string.h>

/* Draws of one packet in each of its streams. */
#define DRAWS_SHIFT 16
/* One packet; keeps every product within 64 bits. */
#define PACKET_MAX ((size_t)1 << 30)

/* Packets that the rate has not sent yet, in order of departure: a ring. */
typedef struct LinkQueue {
    uint32_t capacity; /* a power of two */
    uint32_t head;
    uint32_t count;
    uint64_t bytes;
    struct {
        SimTime gone; /* when its last bit is on its way */
        uint64_t bytes;
    } items[];
} LinkQueue;

/* Since the configuration in force was: what was drawn and what hit. */
typedef struct LinkAccount {
    NetemConfig counted;
    SimTime median;
    uint8_t began[RATES_COUNT]; /* state of each chain then */
    uint64_t trials[RATES_COUNT], hits[RATES_COUNT];
    Rates rates; /* of the configurations before */
} LinkAccount;

static void settle(const Link *link, Rates *rates);
static void begin_account(Link *link);
static uint8_t chain_state(const Link *link, const NetemConfig *config,
                           RatesKind kind);
static inline void count(Link *link, RatesKind kind, bool hit);
static uint64_t draw(const Stream *stream, uint64_t index);
static bool event(Chance chance, Chance correlation, bool *last, uint64_t word);
static bool duplicate(Link *link, const LinkStreams *streams, uint64_t first);
static bool lose(Link *link, const LinkStreams *streams, uint64_t first,
                 Fate *fate);
static void corrupt(FateCopy *copy, size_t bytes, uint64_t word, Fate *fate);
static bool overtakes(Link *link, const LinkStreams *streams, uint64_t first);
static bool queue_admits(Link *link, SimTime now, size_t bytes, Fate *fate);
static void queue_drain(LinkQueue *queue, SimTime now);
static void queue_push(Link *link, SimTime gone, size_t bytes);
static SimTime transmit(Link *link, SimTime now, size_t bytes, bool first_out,
                        Fate *fate);
static SimTime delay_of(const NetemConfig *config, const Stream *stream,
                        uint64_t index, uint32_t *last);
static void send_copy(Link *link, SimTime now, size_t bytes, SimTime delay,
                      bool overtaking, Fate *fate);
static void send_second(Link *link, SimTime now, size_t bytes,
                        const LinkStreams *streams, uint64_t first, Fate *fate);

void
link_send(Link *link, SimTime now, size_t bytes, const LinkStreams *streams,
          Fate *fate)
{
    const NetemConfig *config = link->config;
    uint64_t first = link->packet_count++ << DRAWS_SHIFT;
    unsigned copies = 1;

    g_assert(bytes <= PACKET_MAX);
    memset(fate, 0, sizeof *fate);
    fate->fragments = 1;
    if (G_UNLIKELY(link->account == NULL)) {
        link->account = g_new0(LinkAccount, 1);
        begin_account(link);
    }
    if (config->mtu != 0 && bytes > config->mtu) {
        fate->fragments = (unsigned)((bytes + config->mtu - 1) / config->mtu);
        g_assert(fate->fragments < 1u << DRAWS_SHIFT);
        if (config->mtu_drop) {
            fate->drop = FATE_MTU;
            fate->mattered = NETEM_MTU;
            return;
        }
    }
    /* All is drawn before any of it decides, also for a packet that will be
     * lost: what is correlated with the packet before stays as it was when
     * that one's fate changes. */
    SimTime delay = delay_of(config, &streams->delay, first, &link->delay_last);
    uint64_t damage = 0;
    bool damaged = false;

    if (link->account->median != 0) {
        count(link, RATES_DELAY, delay > link->account->median);
    }
    if (config->words & NETEM_CORRUPT) {
        damage = draw(&streams->corrupt, first);
        damaged = event(config->corrupt, config->corrupt_correlation,
                        &link->corrupt_last, damage);
        count(link, RATES_CORRUPT, damaged);
        damaged = damaged && bytes > 0;
    }
    if ((config->words & NETEM_DUPLICATE) && duplicate(link, streams, first)) {
        fate->mattered |= NETEM_DUPLICATE;
        copies++;
    }
    if ((config->words & NETEM_LOSS) && lose(link, streams, first, fate)) {
        fate->mattered |= NETEM_LOSS;
        copies--;
        if (copies == 0) {
            fate->drop = FATE_LOSS;
            return;
        }
    }
    if (config->rate != 0 && !queue_admits(link, now, bytes, fate)) {
        fate->drop = FATE_QUEUE_FULL;
        return;
    }
    bool overtaking =
        (config->words & NETEM_REORDER) && overtakes(link, streams, first);

    send_copy(link, now, bytes, delay, overtaking, fate);
    if (damaged) {
        corrupt(&fate->copies[0], bytes, damage, fate);
    }
    if (copies == 2) {
        send_second(link, now, bytes, streams, first, fate);
    }
}

void
link_refuse(Link *link, FateDrop drop, Fate *fate)
{
    g_assert(drop == FATE_PARTITION || drop == FATE_NO_LINK ||
             drop == FATE_NODE_DOWN);

    link->packet_count++;
    memset(fate, 0, sizeof *fate);
    fate->drop = drop;
    fate->fragments = 1;
}

void
link_configure(Link *link, const NetemConfig *config)
{
    if (link->account != NULL) {
        settle(link, &link->account->rates);
    }
    link->config = config;
    if (link->account != NULL) {
        begin_account(link);
    }
}

void
link_rates(const Link *link, Rates *rates)
{
    if (link->account != NULL) {
        rates_sum(rates, &link->account->rates);
        settle(link, rates);
    }
}

/* Judge what was counted under the configuration so far. */
static void
settle(const Link *link, Rates *rates)
{
    const LinkAccount *account = link->account;

    for (unsigned i = 0; i < RATES_COUNT; i++) {
        if (account->trials[i] > 0) {
            RatesLaw law = rates_law(&account->counted, (RatesKind)i);

            rates_add(&rates->of[i], &law, account->trials[i], account->hits[i],
                      account->began[i],
                      chain_state(link, &account->counted, (RatesKind)i));
        }
    }
}

static void
begin_account(Link *link)
{
    LinkAccount *account = link->account;

    account->counted = *link->config;
    account->median = rates_median(link->config);
    for (unsigned i = 0; i < RATES_COUNT; i++) {
        account->trials[i] = account->hits[i] = 0;
        account->began[i] = chain_state(link, link->config, (RatesKind)i);
    }
}

/* Where the chain of @kind stands under @config: another loss model than the
 * last one begins anew. */
static uint8_t
chain_state(const Link *link, const NetemConfig *config, RatesKind kind)
{
    switch (kind) {
    case RATES_LOSS:
        return link->loss.model == config->loss.model
                   ? (uint8_t)link->loss.state
                   : 0;
    case RATES_DUPLICATE:
        return link->duplicate_last;
    case RATES_CORRUPT:
        return link->corrupt_last;
    case RATES_REORDER:
        return link->reorder_last;
    default:
        return 0;
    }
}

static inline void
count(Link *link, RatesKind kind, bool hit)
{
    link->account->trials[kind]++;
    link->account->hits[kind] += hit;
}

unsigned
link_queue_count(const Link *link, SimTime now)
{
    unsigned count = 0;

    for (uint32_t i = 0; link->queue != NULL && i < link->queue->count; i++) {
        const LinkQueue *queue = link->queue;
        uint32_t slot = (queue->head + i) & (queue->capacity - 1);

        count += queue->items[slot].gone > now;
    }
    return count;
}

uint64_t
link_queue_bytes(const Link *link, SimTime now)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; link->queue != NULL && i < link->queue->count; i++) {
        const LinkQueue *queue = link->queue;
        uint32_t slot = (queue->head + i) & (queue->capacity - 1);

        if (queue->items[slot].gone > now) {
            bytes += queue->items[slot].bytes;
        }
    }
    return bytes;
}

static uint64_t
draw(const Stream *stream, uint64_t index)
{
    Stream at = {stream->key, index};

    return stream_u64(&at);
}

/* One correlated yes or no by the high half of @word. */
static bool
event(Chance chance, Chance correlation, bool *last, uint64_t word)
{
    if (correlation != 0) {
        chance = chance_after(chance, correlation, *last);
    }
    *last = chance_hit(chance, (uint32_t)(word >> 32));
    return *last;
}

static bool
duplicate(Link *link, const LinkStreams *streams, uint64_t first)
{
    bool hit =
        event(link->config->duplicate, link->config->duplicate_correlation,
              &link->duplicate_last, draw(&streams->duplicate, first));

    count(link, RATES_DUPLICATE, hit);
    return hit;
}

/* Every fragment is judged, also behind a lost one: the channel does not
 * know which datagram they belong to. */
static bool
lose(Link *link, const LinkStreams *streams, uint64_t first, Fate *fate)
{
    bool first_lost = false, any_lost = false;

    for (unsigned i = 0; i < fate->fragments; i++) {
        bool lost = loss_draw(&link->config->loss, &link->loss,
                              draw(&streams->loss, first + i)) != LOSS_KEPT;

        count(link, RATES_LOSS, lost);
        first_lost |= i == 0 && lost;
        any_lost |= lost;
    }
    if (any_lost && !first_lost) {
        fate->mattered |= NETEM_MTU; /* one packet would have arrived */
    }
    return any_lost;
}

/* The low half of @word, whose high half said yes, chooses the bit. */
static void
corrupt(FateCopy *copy, size_t bytes, uint64_t word, Fate *fate)
{
    copy->corrupt = true;
    copy->bit = dice_below(word << 32, (uint64_t)bytes * 8);
    fate->mattered |= NETEM_CORRUPT;
}

/* netem's gap: a packet may overtake when at least gap - 1 have not since
 * the last that did. */
static bool
overtakes(Link *link, const LinkStreams *streams, uint64_t first)
{
    const NetemConfig *config = link->config;

    if (link->reorder_count + 1 >= config->gap) {
        bool hit = event(config->reorder, config->reorder_correlation,
                         &link->reorder_last, draw(&streams->reorder, first));

        count(link, RATES_REORDER, hit);
        if (hit) {
            link->reorder_count = 0;
            return true;
        }
    }
    if (link->reorder_count < NETEM_LIMIT_MAX) {
        link->reorder_count++;
    }
    return false;
}

/* A packet that finds the queue empty always has room, however large. */
static bool
queue_admits(Link *link, SimTime now, size_t bytes, Fate *fate)
{
    const NetemConfig *config = link->config;
    LinkQueue *queue = link->queue;

    if (queue == NULL) {
        return true;
    }
    queue_drain(queue, now);
    if (queue->count >= config->limit) {
        fate->mattered |= NETEM_LIMIT;
        return false;
    }
    if (config->limit_bytes != 0 && queue->count > 0 &&
        queue->bytes + bytes > config->limit_bytes) {
        fate->mattered |= NETEM_LIMIT_BYTES;
        return false;
    }
    return true;
}

static void
queue_drain(LinkQueue *queue, SimTime now)
{
    while (queue->count > 0 && queue->items[queue->head].gone <= now) {
        queue->bytes -= queue->items[queue->head].bytes;
        queue->head = (queue->head + 1) & (queue->capacity - 1);
        queue->count--;
    }
}

static void
queue_push(Link *link, SimTime gone, size_t bytes)
{
    LinkQueue *queue = link->queue;

    if (queue == NULL || queue->count == queue->capacity) {
        uint32_t capacity = queue == NULL ? 16 : 2 * queue->capacity;
        LinkQueue *larger =
            g_malloc0(sizeof *larger + capacity * sizeof larger->items[0]);

        larger->capacity = capacity;
        for (uint32_t i = 0; queue != NULL && i < queue->count; i++) {
            larger->items[i] =
                queue->items[(queue->head + i) & (queue->capacity - 1)];
        }
        if (queue != NULL) {
            larger->count = queue->count;
            larger->bytes = queue->bytes;
        }
        g_free(queue);
        link->queue = queue = larger;
    }
    uint32_t slot = (queue->head + queue->count) & (queue->capacity - 1);

    queue->items[slot].gone = gone;
    queue->items[slot].bytes = bytes;
    queue->count++;
    queue->bytes += bytes;
}

/* When the last bit is on its way: behind the queue, or in front of it when
 * @first_out; then the queue leaves that much later. */
static SimTime
transmit(Link *link, SimTime now, size_t bytes, bool first_out, Fate *fate)
{
    uint64_t rate = link->config->rate;

    if (rate == 0) {
        /* The rest of a queue from when there was a rate does not delay. */
        return now;
    }
    SimTime time = ((uint64_t)bytes * 8 * SIM_S + rate - 1) / rate;
    SimTime start = MAX(now, link->busy_until);

    link->busy_until = start + time;
    queue_push(link, link->busy_until, bytes);
    if (time > 0 || start > now) {
        fate->mattered |= NETEM_RATE;
    }
    return first_out ? now + time : start + time;
}

static SimTime
delay_of(const NetemConfig *config, const Stream *stream, uint64_t index,
         uint32_t *last)
{
    Stream at = {stream->key, index};

    return config->words & NETEM_DELAY
               ? distribution_draw(config->distribution, &at, config->delay,
                                   config->jitter, config->delay_correlation,
                                   last)
               : 0;
}

static void
send_copy(Link *link, SimTime now, size_t bytes, SimTime delay, bool overtaking,
          Fate *fate)
{
    FateCopy *copy = &fate->copies[fate->copy_count++];
    bool waits = link->config->rate != 0 && link->busy_until > now;

    copy->at = transmit(link, now, bytes, overtaking, fate);
    if (overtaking) {
        fate->reordered = true;
        if (waits || delay != 0) {
            fate->mattered |= NETEM_REORDER;
        }
        return;
    }
    copy->at += delay;
    if (delay != 0) {
        fate->mattered |= NETEM_DELAY;
    }
}

/* The second copy draws from the duplicate's stream only and leaves no trace
 * in what is correlated, so that the others go on as if it did not exist. */
static void
send_second(Link *link, SimTime now, size_t bytes, const LinkStreams *streams,
            uint64_t first, Fate *fate)
{
    const NetemConfig *config = link->config;
    uint32_t last = link->delay_last;
    SimTime delay = delay_of(config, &streams->duplicate, first + 1, &last);
    uint64_t damage = draw(&streams->duplicate, first + 2);

    if (config->rate != 0 && !queue_admits(link, now, bytes, fate)) {
        return;
    }
    send_copy(link, now, bytes, delay, false, fate);
    if ((config->words & NETEM_CORRUPT) && bytes > 0 &&
        chance_hit(config->corrupt, (uint32_t)(damage >> 32))) {
        corrupt(&fate->copies[1], bytes, damage, fate);
    }
}

void
link_init(Link *link, const NetemConfig *config)
{
    memset(link, 0, sizeof *link);
    link->config = config;
    link->delay_last = DISTRIBUTION_MEDIAN;
}

void
link_clear(Link *link)
{
    g_free(link->queue);
    link->queue = NULL;
    g_clear_pointer(&link->account, g_free);
}
