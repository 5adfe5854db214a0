/* SPDX-License-Identifier: Apache-2.0 */
/* The words for what a link does to packets, which are tc-netem(8)'s:
 * "delay 100ms 10ms 25% distribution normal loss gemodel 1% 10%".
 *
 * A text becomes a plain NetemConfig of integers and prints back in one
 * canonical form; a fault's words can be laid over a link's. */
#ifndef SEEDBED_NETEM_H
#define SEEDBED_NETEM_H

#include <glib.h>

#include "netmodel/chance.h"
#include "netmodel/distribution.h"
#include "netmodel/loss.h"
#include "nodes/node.h"

/* Which words were said (NetemConfig.words) and which of them changed a
 * packet's fate (Fate.mattered). */
typedef enum NetemWord {
    NETEM_DELAY = 1 << 0,
    NETEM_LOSS = 1 << 1,
    NETEM_DUPLICATE = 1 << 2,
    NETEM_CORRUPT = 1 << 3,
    NETEM_REORDER = 1 << 4,
    NETEM_RATE = 1 << 5,
    NETEM_LIMIT = 1 << 6,
    NETEM_LIMIT_BYTES = 1 << 7,
    NETEM_MTU = 1 << 8,
} NetemWord;
#define NETEM_WORDS 9u

/* netem's limit when none is said. */
#define NETEM_LIMIT_DEFAULT 1000u
/* The largest `limit`, and the smallest `mtu` (RFC 791). */
#define NETEM_LIMIT_MAX 1000000u
#define NETEM_MTU_MIN   68u

/* Start from netem_none(), not from zeroes. Plain data: copy at will;
 * @distribution is borrowed and never NULL. */
typedef struct NetemConfig {
    uint32_t words;   /* NetemWord bits */
    bool delay_added; /* `delay +50ms`: on top of what it is laid over */
    bool mtu_drop;    /* `mtu 1500 drop`: lose what does not fit */
    SimTime delay;
    SimTime jitter;
    Chance delay_correlation;
    const Distribution *distribution; /* default uniform */
    LossConfig loss;
    Chance duplicate;
    Chance duplicate_correlation;
    Chance corrupt;
    Chance corrupt_correlation;
    Chance reorder;
    Chance reorder_correlation;
    uint32_t gap;         /* reorder at most every gap-th packet; >= 1 */
    uint32_t limit;       /* packets that may wait for the rate */
    uint64_t limit_bytes; /* bytes that may wait; 0 = no limit */
    uint64_t rate;        /* bits a second; 0 = infinite */
    uint32_t mtu;         /* bytes of a fragment; 0 = never fragmented */
} NetemConfig;

/* The words, in any order, each at most once:
 *
 *   delay [+]TIME [JITTER [CORRELATION]] [distribution NAME|FILE.dist]
 *   loss [random] PERCENT [CORRELATION]
 *   loss state P13 [P31 [P32 [P23 [P14]]]]
 *   loss gemodel P [R [1-H [1-K]]]
 *   duplicate PERCENT [CORRELATION]
 *   corrupt PERCENT [CORRELATION]
 *   reorder PERCENT [CORRELATION] [gap N]
 *   rate RATE        limit PACKETS        limit-bytes SIZE
 *   mtu BYTES [drop]
 *
 * TIME: a number with ns us ms s m (or min); bare "0". PERCENT: 0%..100%, up
 * to seven decimals. RATE: at least 1kbit; bit kbit mbit gbit tbit are bits a
 * second in powers of 1000 (kibit mibit gibit: of 1024), bps kbps mbps gbps
 * bytes a second, as tc says. SIZE: b kb mb gb, powers of 1024, as tc says.
 * Decimals must come out whole. Units in any case, after an optional blank.
 * Left-out values are netem's: p31 = 1 - p13, p32 = 0, p23 = 100%,
 * p14 = 0; r = 1 - p, 1-h = 100%, 1-k = 0; gap 1; limit 1000.
 * "" is a perfect link.
 *
 * @files serves `.dist` names and is asked for no others; NULL: they are
 * refused. False and one line that says what was found and what was expected
 * in @error; then *@config is not touched. */
bool netem_parse(const char *text, DistributionFiles *files,
                 NetemConfig *config, GError **error);

/* The canonical form: netem_parse(netem_text(x)) equals x. Owned. */
char *netem_text(const NetemConfig *config);

/* A link that does nothing to a packet. */
NetemConfig netem_none(void);
bool netem_equal(const NetemConfig *a, const NetemConfig *b);

/* Lay @over on *@config: each word said in @over replaces that word
 * (`delay +TIME` adds its time and jitter instead, and brings a correlation
 * other than 0 and a distribution other than uniform), the others stay. */
void netem_merge(NetemConfig *config, const NetemConfig *over);

/* Take what @word said from *@config; as if it had never been said. */
void netem_remove(NetemConfig *config, NetemWord word);

/* "delay", "loss", ... for one NetemWord bit. */
const char *netem_word_text(NetemWord word);

#define NETEM_ERROR (netem_error_quark())
GQuark netem_error_quark(void);

#endif
