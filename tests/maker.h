/* SPDX-License-Identifier: Apache-2.0 */
/* Records for the tests of observers, made by hand: maker_begin(), then what
 * was told, asked and done, then maker_end() hands the record on. */
#ifndef SEEDBED_TESTS_MAKER_H
#define SEEDBED_TESTS_MAKER_H

#include <glib.h>

#include "nodes/probes.h"
#include "sim/record.h"

typedef void (*MakerObserver)(void *data, const Record *record);

typedef struct Maker {
    MakerObserver observer;
    void *data;
    uint64_t number;
    Event event;
    Input input;
    bool has_input;
    NodeId peer;
    uint64_t message;
    Effects fx;
    GArray *facts;
} Maker;

void maker_init(Maker *maker, MakerObserver observer, void *data);
void maker_clear(Maker *maker);

/* A record of @cell at @at; what follows goes into it. */
void maker_begin(Maker *maker, SimTime at, NodeId cell);
void maker_end(Maker *maker);

/* What the cell is told: at most one of these a record. */
void maker_start(Maker *maker, uint64_t incarnation, const FileInfo *files,
                 unsigned file_count);
void maker_timer(Maker *maker, TimerId id);
void maker_message(Maker *maker, NodeId from, LinkId link, Channel channel,
                   Slice bytes);
void maker_synced(Maker *maker, Token token, int error);
void maker_link(Maker *maker, LinkId link, LinkState state);
/* A fact of @kind about the record's cell; fill in the rest. */
Fact *maker_fact(Maker *maker, FactKind kind);
/* A datagram that arrives once, @delay later. */
Fact *maker_send(Maker *maker, NodeId to, Channel channel, Slice bytes,
                 SimTime delay);
void maker_probe(Maker *maker, uint32_t id, uint64_t a, uint64_t b, uint64_t c);

/* A packed raft.proto message, and one of kv.proto behind its length. All
 * are leaked to the end of the test by g_bytes in a list of @maker's. */
Slice maker_vote_request(uint64_t term, uint64_t last_index, bool pre_vote);
Slice maker_vote_reply(uint64_t term, bool granted);
Slice maker_append_request(uint64_t term, uint64_t previous,
                           unsigned entry_count, size_t entry_size);
Slice maker_kv_request(uint64_t id, int operation, const char *key,
                       const char *value);
Slice maker_kv_reply(uint64_t id, int status, const char *value,
                     size_t value_size);
/* A copy with bit @bit of it flipped. */
Slice maker_flip(Slice bytes, size_t bit);
/* Free what the functions above made. */
void maker_forget(void);

#endif
